"""Stations that customers leave when their patience ends before their service begins."""
# ruff: noqa: PLC2401 - the formulas keep the letters of the literature

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.statistics.theory import arguments
from sim.statistics.theory.many_servers import erlang_b

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sim.arrays import Floats


@dataclass(frozen=True)
class PatienceQueue:
    """Steady state of a station that customers leave when their patience ends before service.

    Attributes
    ----------
    p_abandon, p_wait : float
        Probabilities that an arrival leaves unserved, and that it has to wait at all.
    waiting_time, waiting_time_served : float
        Means over everybody, and over those who are served.
    utilisation : float
        Of one server.
    """

    p_abandon: float
    p_wait: float
    waiting_time: float
    waiting_time_served: float
    utilisation: float


def erlang_a(arrival_rate: float, service_rate: float, servers: int, patience_rate: float) -> PatienceQueue:
    """Return the steady state of an M/M/c+M station (Erlang-A); any traffic intensity will do.

    References
    ----------
    Palm (1957); as in Mandelbaum and Zeltyn (2007), Service engineering in action: the Palm/Erlang-A
    queue, in: Advances in Services Innovations, 17-45.
    """
    λ, μ, c, θ = arrival_rate, service_rate, servers, arguments.positive("patience_rate", patience_rate)
    ρ = arguments.load(λ, μ) / c
    blocked = erlang_b(c, λ / μ)
    weights, term, served, delay, k = 1.0, 1.0, 0.0, 0.0, 0
    first = 1.0  # weight of all servers busy and nobody waiting; term: of k waiting
    while term > 1e-17 * weights or λ > c * μ + k * θ:
        k += 1
        delay += 1 / (c * μ + k * θ)
        served += term * delay * c * μ / (c * μ + k * θ)
        term *= λ / (c * μ + k * θ)
        weights += term
        if weights > 1e200:  # a long queue of the very patient: only ratios matter
            first, term, served, weights = first / 1e200, term / 1e200, served / 1e200, weights / 1e200
    p_first = first / weights
    p_wait = blocked / (p_first + (1 - p_first) * blocked)
    p_abandon = p_wait * (p_first / ρ + 1 - 1 / ρ)
    return PatienceQueue(
        p_abandon,
        p_wait,
        p_abandon / θ,
        p_wait * served / weights / (1 - p_abandon),
        ρ * (1 - p_abandon),
    )


def mmc_patience(arrival_rate: float, service_rate: float, servers: int, mean: float, scv: float) -> PatienceQueue:
    """Return the steady state of an M/M/c+G station; any traffic intensity will do.

    Parameters
    ----------
    arrival_rate, service_rate : float
        Of customers, and of one server.
    servers : int
        At least 1.
    mean, scv : float
        Of patience, whose law is gamma: constant with an scv of 0, exponential with 1, Erlang of k phases with 1/k.

    Raises
    ------
    ValueError
        Rates and the mean must be above 0, the servers at least 1; the queue must not grow too long to be followed.

    References
    ----------
    Baccelli and Hebuterne (1981), On queues with impatient customers, Performance '81, 159-179; Zeltyn
    and Mandelbaum (2005), Call centers with impatient customers: many-server asymptotics of the
    M/M/n+G queue, Queueing Systems 51, 361-402.
    """
    λ, μ, c = arrival_rate, service_rate, servers
    a = arguments.load(λ, μ)
    idle = 1 / erlang_b(c - 1, a) if c > 1 else 1.0
    survival, integral, kinks = _gamma(arguments.positive("mean", mean), scv)
    nodes, steps = _nodes_until_gone(λ, μ, arguments.count("servers", c), integral, kinks)
    exponents = λ * integral(nodes) - c * μ * nodes
    top = float(exponents.max())  # large under overload; only ratios matter
    offered = λ * steps * np.exp(exponents - top)
    offered /= idle * math.exp(-top) + offered.sum()
    p_wait = float(offered.sum())
    lasting = survival(nodes)
    p_abandon = float(offered @ (1 - lasting))
    waiting = float(offered @ integral(nodes))
    waiting_served = float(offered @ (nodes * lasting)) / (1 - p_abandon)
    return PatienceQueue(p_abandon, p_wait, waiting, waiting_served, a * (1 - p_abandon) / c)


def _gamma(mean: float, scv: float) -> tuple[Callable[[Floats], Floats], Callable[[Floats], Floats], Sequence[float]]:
    """Return the survival of a gamma law, its integral from 0, and where it falls fast."""
    from scipy.special import gammainc, gammaincc

    arguments.not_negative("scv", scv)
    if scv == 0:
        return lambda x: (x < mean).astype(np.float64), lambda x: np.minimum(x, mean), (mean,)
    shape = 1 / scv

    def survival(x: Floats) -> Floats:
        return np.asarray(gammaincc(shape, shape * x / mean))

    def integral(x: Floats) -> Floats:
        return np.asarray(mean * gammainc(shape + 1, shape * x / mean) + x * survival(x))

    spread = math.sqrt(scv)
    return survival, integral, [mean * (1 + k * spread) for k in (-8, -4, -2, -1, 0, 1, 2, 4, 8) if 1 + k * spread > 0]


def _nodes_until_gone(
    λ: float, μ: float, c: int, integral: Callable[[Floats], Floats], kinks: Sequence[float]
) -> tuple[Floats, Floats]:
    """Return nodes and weights of a quadrature from 0 to where no offered wait is left."""
    end = 1 / (λ + c * μ)
    peak = 0.0
    while True:
        exponent = float(λ * integral(np.array([end]))[0] - c * μ * end)
        peak = max(peak, exponent)
        if exponent < peak - 45:
            break
        if end * (λ + c * μ) > 1e15:
            raise ValueError("mean must be shorter, or the traffic intensity below 1: the queue grows without end")
        end *= 2
    halvings = end / 2.0 ** np.arange(60)
    bounds = np.unique(np.concatenate([[0.0], halvings[halvings > 1e-3 / (λ + c * μ)], list(kinks)]))
    x, w = np.polynomial.legendre.leggauss(60)
    lengths = np.diff(bounds)[:, None]
    nodes = bounds[:-1, None] + lengths * (x + 1) / 2
    return nodes.ravel(), (lengths * w / 2).ravel()
