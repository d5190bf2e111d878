"""Open networks of stations."""
# ruff: noqa: PLC2401 - the formulas keep the letters of the literature

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.statistics.theory.many_servers import mmc

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sim.arrays import Floats


@dataclass(frozen=True)
class Network:
    """Steady state of an open Jackson network of J stations.

    Attributes
    ----------
    arrival_rates : ndarray, shape (J,)
        With returns and transfers.
    waiting_times : ndarray, shape (J,)
        Mean of one visit to each station.
    visits : ndarray, shape (J,)
        Mean number of visits to each station of one customer from outside.
    sojourn_time : float
        Mean from entering the network to leaving it.
    n_present : float
        Time average of the number in the network.
    """

    arrival_rates: Floats
    waiting_times: Floats
    visits: Floats
    sojourn_time: float
    n_present: float


def rates_with_returns(external_rates: ArrayLike, routing: ArrayLike) -> Floats:
    """Return the arrival rate at each of J places, with what comes from other places and comes back.

    Parameters
    ----------
    external_rates : array_like, shape (J,)
        Arrival rates from outside, some above 0.
    routing : array_like, shape (J, J)
        Probability of going from one place (row) to another (column); what a row lacks leaves.

    Returns
    -------
    ndarray, shape (J,)

    Raises
    ------
    ValueError
        Everybody must leave in the end.

    References
    ----------
    Jackson (1957), Networks of waiting lines, Operations Research 5, 518-521.
    """
    γ, p = np.asarray(external_rates, dtype=np.float64), np.asarray(routing, dtype=np.float64)
    if γ.ndim != 1 or (γ < 0).any() or not γ.any():
        raise ValueError(f"external_rates must be at least 0 and some above it, got {γ.tolist()}")
    if p.shape != (len(γ), len(γ)) or (p < 0).any() or (p.sum(axis=1) > 1 + 1e-12).any():
        raise ValueError(f"routing must be square with rows of shares of at most 1 in all, got {p.tolist()}")
    if np.abs(np.linalg.eigvals(p)).max() >= 1 - 1e-12:
        raise ValueError(f"routing must let everybody leave in the end, got {p.tolist()}")
    λ: Floats = np.linalg.solve(np.eye(len(γ)) - p.T, γ).astype(np.float64)
    return λ


def jackson(external_rates: ArrayLike, routing: ArrayLike, service_rates: ArrayLike, servers: ArrayLike) -> Network:
    """Return the steady state of an open Jackson network; a tandem is one whose routing is a chain.

    Parameters
    ----------
    external_rates, routing : array_like, shapes (J,) and (J, J)
        As in `rates_with_returns`.
    service_rates, servers : array_like, shape (J,)
        Service rate of one server, and number of servers.

    Raises
    ------
    ValueError
        Everybody must leave in the end; every station must be stable.

    References
    ----------
    Jackson (1957), Networks of waiting lines, Operations Research 5, 518-521.
    """
    λ = rates_with_returns(external_rates, routing)
    μ, c = np.asarray(service_rates, dtype=np.float64), np.asarray(servers)
    if not λ.shape == μ.shape == c.shape:
        shapes = f"{λ.shape}, {μ.shape}, {c.shape}"
        raise ValueError(f"external_rates, service_rates and servers must be of one shape, got {shapes}")
    queues = [mmc(*station) for station in zip(λ.tolist(), μ.tolist(), c.tolist(), strict=True)]
    present = sum(queue.n_present for queue in queues)
    total = float(np.sum(external_rates))
    return Network(λ, np.array([queue.waiting_time for queue in queues]), λ / total, present / total, present)
