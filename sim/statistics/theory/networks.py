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
    """

    arrival_rates: Floats
    waiting_times: Floats
    visits: Floats
    sojourn_time: float


def jackson(external_rates: ArrayLike, routing: ArrayLike, μ: ArrayLike, c: ArrayLike) -> Network:
    """Return the steady state of an open Jackson network; a tandem is one whose routing is a chain.

    Parameters
    ----------
    external_rates : array_like, shape (J,)
        Arrival rates from outside, some above 0.
    routing : array_like, shape (J, J)
        Probability of going from one station (row) to another (column); what a row lacks leaves.
    μ, c : array_like, shape (J,)
        Service rate of one server, servers.

    Raises
    ------
    ValueError
        Everybody must leave in the end; every station must be stable.

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
    stations = zip(λ, np.asarray(μ, dtype=np.float64), np.asarray(c), strict=True)
    queues = [mmc(float(rate), float(service), int(servers)) for rate, service, servers in stations]
    waits = np.array([queue.waiting_time for queue in queues])
    present = sum(queue.n_present for queue in queues)
    total = float(γ.sum())
    return Network(λ, waits, λ / total, present / total)
