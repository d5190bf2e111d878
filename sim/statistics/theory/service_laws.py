"""Poisson arrivals and service of any law (one server) or of constant length (any number)."""
# ruff: noqa: PLC2401 - the formulas keep the letters of the literature

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.statistics.theory import arguments
from sim.statistics.theory.many_servers import Queue, by_little

if TYPE_CHECKING:
    from sim.arrays import Floats


def mg1(arrival_rate: float, mean: float, scv: float) -> Queue:
    """Return the steady state of an M/G/1 station, from mean and scv of its service time.

    References
    ----------
    Pollaczek (1930), Khinchine (1932); Gross et al. (2008), section 5.1.
    """
    ρ = arguments.intensity(arguments.load(arrival_rate, 1 / arguments.positive("mean", mean)))
    arguments.not_negative("scv", scv)
    return by_little(arrival_rate, mean, 1, ρ, ρ * mean * (1 + scv) / (2 * (1 - ρ)))


def mdc(arrival_rate: float, duration: float, servers: int) -> Queue:
    """Return the steady state of an M/D/c station, up to a traffic intensity of about 0.99.

    References
    ----------
    Crommelin (1932), Delay probability formulae when the holding times are constant, Post Office
    Electrical Engineers' Journal 25, 41-50: the numbers present one service time apart.
    """
    c = arguments.count("servers", servers)
    shares = _mdc_numbers(arrival_rate, duration, c)
    p_wait = 1 - float(shares[:c].sum())
    n_waiting = float(np.maximum(np.arange(len(shares)) - c, 0) @ shares)
    return by_little(arrival_rate, duration, c, p_wait, n_waiting / arrival_rate)


def mdc_waiting_quantile(arrival_rate: float, duration: float, servers: int, p: float) -> float:
    """Return the p-quantile of the waiting time at an M/D/c station served in turn.

    References
    ----------
    Franx (2001), A simple solution for the M/D/c waiting time distribution, Operations Research
    Letters 29, 221-229: a sum of positive terms, unlike Erlang's.
    """
    from scipy.optimize import brentq
    from scipy.stats import poisson

    arguments.share("p", p)
    c = arguments.count("servers", servers)
    at_most = np.cumsum(_mdc_numbers(arrival_rate, duration, c))[c:]  # at most j waiting

    def excess(t: float) -> float:
        k = math.floor(t / duration) + 1
        j = np.arange(k * c)
        waiting = at_most[np.minimum(k * c - 1 - j, len(at_most) - 1)]
        return float(waiting @ poisson.pmf(j, arrival_rate * (k * duration - t))) - p

    if excess(0.0) >= 0:
        return 0.0
    high = duration
    while excess(high) < 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-12 * high))


def _mdc_numbers(λ: float, duration: float, c: int) -> Floats:
    """Return the law of the number present at an M/D/c station, cut where it is negligible.

    Whoever is in service now has left one service time later, and nobody else: the number present
    then is the number waiting now plus the arrivals between.
    """
    from scipy.optimize import brentq
    from scipy.stats import poisson

    a = arguments.load(λ, 1 / arguments.positive("duration", duration))
    ρ = arguments.intensity(a / c)
    # the tail falls as τ^-n, where τ > 1 solves c ln τ = a (τ - 1)
    τ = float(brentq(lambda x: c * math.log(x) - a * (x - 1), 1 / ρ, 40 / ρ**2))
    n = c + math.ceil(36 / math.log(τ)) + 20
    if n > 5_000:
        raise ValueError(f"traffic intensity must be further below 1 for this method, got {ρ}")
    present = np.arange(n)
    waiting = np.maximum(present - c, 0)
    step = poisson.pmf(present[None, :] - waiting[:, None], a)
    system = step.T - np.eye(n)
    system[-1] = 1.0
    right = np.zeros(n)
    right[-1] = 1.0
    shares: Floats = np.linalg.solve(system, right).astype(np.float64)
    return shares
