"""M/M/c and M/M/c/K: Poisson arrivals, exponential service, one queue for all servers."""
# ruff: noqa: PLC2401 - the formulas keep the letters of the literature

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.statistics.theory import arguments


@dataclass(frozen=True)
class Queue:
    """Steady state of a station where everybody waits until served.

    Attributes
    ----------
    p_wait : float
        Probability that an arrival has to wait.
    waiting_time, sojourn_time : float
        Means, in the unit of time.
    n_waiting, n_present : float
        Time averages of the number waiting, and of the number waiting or in service.
    utilisation : float
        Of one server; the traffic intensity.
    """

    p_wait: float
    waiting_time: float
    sojourn_time: float
    n_waiting: float
    n_present: float
    utilisation: float


@dataclass(frozen=True)
class LossQueue:
    """Steady state of a station with limited room.

    Attributes
    ----------
    p_lost : float
        Probability that an arrival is refused.
    p_wait : float
        Probability that an accepted one has to wait.
    waiting_time, waiting_time_if_delayed : float
        Means over the accepted, and over those of them who wait; NaN where nobody can wait.
    utilisation : float
        Of one server.
    """

    p_lost: float
    p_wait: float
    waiting_time: float
    waiting_time_if_delayed: float
    utilisation: float


def erlang_b(servers: int, offered_load: float) -> float:
    """Return the share of arrivals lost by servers without waiting room.

    References
    ----------
    Erlang (1917). By the recursion in Gross et al. (2008), Fundamentals of Queueing Theory, 4th ed.,
    chapter 2.
    """
    c, a = arguments.count("servers", servers), arguments.positive("offered_load", offered_load)
    blocked = 1.0
    for k in range(1, c + 1):
        blocked = a * blocked / (k + a * blocked)
    return blocked


def erlang_c(servers: int, offered_load: float) -> float:
    """Return the probability of having to wait for one of the servers.

    Raises
    ------
    ValueError
        The traffic intensity must be below 1.

    References
    ----------
    Erlang (1917); from the loss formula as in Gross et al. (2008), chapter 2.
    """
    blocked = erlang_b(servers, offered_load)
    ρ = arguments.intensity(offered_load / servers)
    return blocked / (1 - ρ * (1 - blocked))


def mmc(arrival_rate: float, service_rate: float, servers: int = 1) -> Queue:
    """Return the steady state of an M/M/c station.

    Raises
    ------
    ValueError
        Rates must be above 0, the servers at least 1, the traffic intensity below 1.

    References
    ----------
    Gross et al. (2008), chapter 2.
    """
    p_wait = erlang_c(servers, arguments.load(arrival_rate, service_rate))
    waiting = p_wait / (servers * service_rate - arrival_rate)
    return by_little(arrival_rate, 1 / service_rate, servers, p_wait, waiting)


def mmc_waiting_quantile(arrival_rate: float, service_rate: float, servers: int, p: float) -> float:
    """Return the p-quantile of the waiting time at an M/M/c station served in turn, 0 if so many do not wait.

    References
    ----------
    Gross et al. (2008), chapter 2: the inverse of the law of the waiting time.
    """
    arguments.share("p", p)
    p_wait = erlang_c(servers, arguments.load(arrival_rate, service_rate))
    return max(0.0, math.log(p_wait / (1 - p)) / (servers * service_rate - arrival_rate))


def mmc_sojourn_survival(arrival_rate: float, service_rate: float, servers: int, t: float) -> float:
    """Return the probability of a sojourn longer than t (at least 0) at an M/M/c station served in turn.

    References
    ----------
    Gross et al. (2008), chapter 2: the sum of the waiting time and an exponential service time.
    """
    arguments.not_negative("t", t)
    λ, μ, c = arrival_rate, service_rate, servers
    p_wait = erlang_c(c, arguments.load(λ, μ))
    slower, gap = min(μ, c * μ - λ), abs(c * μ - λ - μ)
    both = μ * math.exp(-slower * t) * (t if gap == 0 else -math.expm1(-gap * t) / gap)
    return math.exp(-μ * t) + p_wait * both


def mmck(arrival_rate: float, service_rate: float, servers: int, capacity: int) -> LossQueue:
    """Return the steady state of an M/M/c/K station; capacity counts those in service too.

    Any traffic intensity will do.

    Raises
    ------
    ValueError
        Rates must be above 0, the capacity at least the servers, the servers at least 1.

    References
    ----------
    Gross et al. (2008), chapter 2.
    """
    a = arguments.load(arrival_rate, service_rate)
    c, most = arguments.count("servers", servers), arguments.count("capacity", capacity)
    if most < c:
        raise ValueError(f"capacity must be at least the {c} servers, got {capacity}")
    numbers = np.arange(most + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(a / np.minimum(numbers[1:], c)))])
    shares = np.exp(logs - logs.max())
    shares /= shares.sum()
    p_lost = float(shares[-1])
    n_waiting = float(np.maximum(numbers - c, 0) @ shares)
    waiting = n_waiting / (arrival_rate * (1 - p_lost))
    p_wait = float(shares[c:-1].sum()) / (1 - p_lost)
    if_delayed = waiting / p_wait if most > c else math.nan
    return LossQueue(p_lost, p_wait, waiting, if_delayed, a * (1 - p_lost) / c)


def by_little(arrival_rate: float, mean: float, servers: int, p_wait: float, waiting: float) -> Queue:
    """Return the steady state of a station from the mean of its waiting times, by Little's law."""
    λ, sojourn = arrival_rate, waiting + mean
    return Queue(p_wait, waiting, sojourn, λ * waiting, λ * sojourn, λ * mean / servers)
