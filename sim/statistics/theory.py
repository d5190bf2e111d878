"""Closed forms of queueing theory, used as checks. Imports nothing of the simulator.

λ is an arrival rate, μ the service rate of one server, c the number of servers, θ the rate at which
one waiting customer gives up, a = λ/μ the offered load, ρ the traffic intensity. Any unit of time will
do, as long as it is one. `scv` is a squared coefficient of variation: 0 deterministic, 1 exponential.
"""
# ruff: noqa: PLC2401 - the formulas keep the letters of the literature

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from sim.arrays import Floats


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


def erlang_b(c: int, a: float) -> float:
    """Return the share of arrivals lost by c servers without waiting room, at offered load a.

    References
    ----------
    Erlang (1917). By the recursion in Gross et al. (2008), Fundamentals of Queueing Theory, 4th ed.,
    chapter 2.
    """
    _check_servers(c)
    _check_positive("offered load", a)
    blocked = 1.0
    for k in range(1, c + 1):
        blocked = a * blocked / (k + a * blocked)
    return blocked


def erlang_c(c: int, a: float) -> float:
    """Return the probability of having to wait for one of c servers, at offered load a.

    Raises
    ------
    ValueError
        The traffic intensity a/c must be below 1.

    References
    ----------
    Erlang (1917); from the loss formula as in Gross et al. (2008), chapter 2.
    """
    blocked = erlang_b(c, a)
    ρ = _intensity(a / c)
    return blocked / (1 - ρ * (1 - blocked))


def mmc(λ: float, μ: float, c: int = 1) -> Queue:
    """Return the steady state of an M/M/c station.

    Raises
    ------
    ValueError
        Rates must be above 0, the servers at least 1, the traffic intensity below 1.

    References
    ----------
    Gross et al. (2008), chapter 2.
    """
    a = _load(λ, μ)
    p_wait = erlang_c(c, a)
    return _queue(λ, 1 / μ, c, p_wait, p_wait / (c * μ - λ))


def mmc_waiting_survival(λ: float, μ: float, c: int, t: float) -> float:
    """Return the probability of waiting longer than t (at least 0) at an M/M/c station served in turn.

    References
    ----------
    Gross et al. (2008), chapter 2.
    """
    _check_not_negative("t", t)
    return erlang_c(c, _load(λ, μ)) * math.exp(-(c * μ - λ) * t)


def mmc_waiting_quantile(λ: float, μ: float, c: int, p: float) -> float:
    """Return the p-quantile of the waiting time at an M/M/c station served in turn, 0 if so many do not wait.

    References
    ----------
    Gross et al. (2008), chapter 2: the inverse of the law of the waiting time.
    """
    _check_share("p", p)
    return max(0.0, math.log(erlang_c(c, _load(λ, μ)) / (1 - p)) / (c * μ - λ))


def mmc_sojourn_survival(λ: float, μ: float, c: int, t: float) -> float:
    """Return the probability of a sojourn longer than t (at least 0) at an M/M/c station served in turn.

    References
    ----------
    Gross et al. (2008), chapter 2: the sum of the waiting time and an exponential service time.
    """
    _check_not_negative("t", t)
    p_wait = erlang_c(c, _load(λ, μ))
    slower, gap = min(μ, c * μ - λ), abs(c * μ - λ - μ)
    both = μ * math.exp(-slower * t) * (t if gap == 0 else -math.expm1(-gap * t) / gap)
    return math.exp(-μ * t) + p_wait * both


def mmc_transient_waits(λ: float, μ: float, c: int, n: int) -> Floats:
    """Return the mean waiting time of the 1st to n-th customer of an M/M/c station that starts empty.

    The chain of the numbers found by successive arrivals is followed exactly; there need be no
    steady state.

    Returns
    -------
    ndarray, shape (n,)
        In the unit of time.

    References
    ----------
    Kelton and Law (1985), The transient behavior of the M/M/s queue, with implications for
    steady-state simulation, Operations Research 33, 378-396.
    """
    _load(λ, μ)
    _check_servers(c)
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    numbers = np.arange(n + 1)
    arrival_first = λ / (λ + μ * np.minimum(numbers, c))
    waits = np.maximum(numbers - c + 1, 0) / (c * μ)
    found = np.zeros(n + 1)
    found[0] = 1.0
    means = np.empty(n)
    for i in range(n):
        means[i] = found @ waits
        reached = 0.0  # probability of falling to this number before the next arrival
        following = np.zeros(n + 1)
        for k in range(min(i + 1, n), -1, -1):
            reached += found[k - 1] if k else 0.0
            following[k] = reached * arrival_first[k]
            reached *= 1 - arrival_first[k]
        found = following
    return means


def mm1_waiting_variance(λ: float, μ: float) -> tuple[float, float]:
    """Return the variance of one waiting time at an M/M/1 station, and n times that of the mean of n.

    The second, for large n, tells how many more observations the correlation of successive
    waiting times asks for.

    References
    ----------
    Daley (1968), The serial correlation coefficients of waiting times in a stationary single server
    queue, Journal of the Australian Mathematical Society 8, 683-699.
    """
    ρ = _intensity(_load(λ, μ))
    one = ρ * (2 - ρ) / (μ * (1 - ρ)) ** 2
    asymptotic = ρ * (2 + 5 * ρ - 4 * ρ**2 + ρ**3) / (μ**2 * (1 - ρ) ** 4)
    return one, asymptotic


def ishigami_components(a: float, b: float) -> dict[tuple[int, ...], float]:
    """Return the components of the variance of sin(x1) + a sin(x2)^2 + b x3^4 sin(x1), inputs uniform on (-pi, pi).

    Keys are the inputs, from 0, that make a component together; those left out are 0.

    References
    ----------
    Ishigami and Homma (1990), Proc. First International Symposium on Uncertainty Modeling and Analysis, 398-403.
    """
    alone = 0.5 * (1 + b * math.pi**4 / 5) ** 2
    return {(0,): alone, (1,): a**2 / 8, (0, 2): 8 * b**2 * math.pi**8 / 225}


def mmck(λ: float, μ: float, c: int, capacity: int) -> LossQueue:
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
    a = _load(λ, μ)
    _check_servers(c)
    if capacity < c:
        raise ValueError(f"capacity must be at least the {c} servers, got {capacity}")
    numbers = np.arange(capacity + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(a / np.minimum(numbers[1:], c)))])
    shares = np.exp(logs - logs.max())
    shares /= shares.sum()
    p_lost = float(shares[-1])
    n_waiting = float(np.maximum(numbers - c, 0) @ shares)
    waiting = n_waiting / (λ * (1 - p_lost))
    p_wait = float(shares[c:-1].sum()) / (1 - p_lost)
    if_delayed = waiting / p_wait if capacity > c else math.nan
    return LossQueue(p_lost, p_wait, waiting, if_delayed, a * (1 - p_lost) / c)


def mg1(λ: float, mean: float, scv: float) -> Queue:
    """Return the steady state of an M/G/1 station, from mean and scv of its service time.

    References
    ----------
    Pollaczek (1930), Khinchine (1932); Gross et al. (2008), section 5.1.
    """
    ρ = _intensity(_load(λ, 1 / _check_positive("mean", mean)))
    _check_not_negative("scv", scv)
    return _queue(λ, mean, 1, ρ, ρ * mean * (1 + scv) / (2 * (1 - ρ)))


def md1(λ: float, duration: float) -> Queue:
    """Return the steady state of an M/D/1 station.

    References
    ----------
    Erlang (1909); `mg1` without variance.
    """
    return mg1(λ, duration, 0.0)


def mdc(λ: float, duration: float, c: int) -> Queue:
    """Return the steady state of an M/D/c station, up to a traffic intensity of about 0.99.

    References
    ----------
    Crommelin (1932), Delay probability formulae when the holding times are constant, Post Office
    Electrical Engineers' Journal 25, 41-50: the numbers present one service time apart.
    """
    shares = _mdc_numbers(λ, duration, c)
    p_wait = 1 - float(shares[:c].sum())
    n_waiting = float(np.maximum(np.arange(len(shares)) - c, 0) @ shares)
    return _queue(λ, duration, c, p_wait, n_waiting / λ)


def mdc_waiting_quantile(λ: float, duration: float, c: int, p: float) -> float:
    """Return the p-quantile of the waiting time at an M/D/c station served in turn.

    References
    ----------
    Franx (2001), A simple solution for the M/D/c waiting time distribution, Operations Research
    Letters 29, 221-229: a sum of positive terms, unlike Erlang's.
    """
    from scipy.optimize import brentq
    from scipy.stats import poisson

    _check_share("p", p)
    at_most = np.cumsum(_mdc_numbers(λ, duration, c))[c:]  # at most j waiting

    def excess(t: float) -> float:
        k = math.floor(t / duration) + 1
        j = np.arange(k * c)
        waiting = at_most[np.minimum(k * c - 1 - j, len(at_most) - 1)]
        return float(waiting @ poisson.pmf(j, λ * (k * duration - t))) - p

    if excess(0.0) >= 0:
        return 0.0
    high = duration
    while excess(high) < 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-12 * high))


def allen_cunneen(λ: float, mean: float, c: int, scv_arrivals: float, scv_service: float) -> float:
    """Return the approximate mean waiting time of a GI/G/c station; exact for M/M/c and M/G/1.

    References
    ----------
    Allen (1990), Probability, Statistics, and Queueing Theory, 2nd ed., with the exact
    probability of waiting of M/M/c.
    """
    _check_not_negative("scv_arrivals", scv_arrivals)
    _check_not_negative("scv_service", scv_service)
    exponential = mmc(λ, 1 / _check_positive("mean", mean), c).waiting_time
    return exponential * (scv_arrivals + scv_service) / 2


def mmc_priority_waits(rates: ArrayLike, μ: float, c: int) -> Floats:
    """Return the mean waiting time of each class at an M/M/c station with non-preemptive priorities.

    Parameters
    ----------
    rates : array_like, shape (K,)
        Arrival rates, the most urgent class first; one service rate for all.

    Returns
    -------
    ndarray, shape (K,)

    References
    ----------
    Cobham (1954), Priority assignment in waiting line problems, Operations Research 2, 70-76.
    """
    λ = _rates(rates)
    p_wait = erlang_c(c, _load(float(λ.sum()), μ))
    spare = 1 - np.concatenate([[0.0], np.cumsum(λ)]) / (c * μ)
    waits: Floats = p_wait / (c * μ) / (spare[:-1] * spare[1:])
    return waits


def mg1_priority_waits(rates: ArrayLike, means: ArrayLike, scvs: ArrayLike) -> Floats:
    """Return the mean waiting time of each class at an M/G/1 station with non-preemptive priorities.

    Parameters
    ----------
    rates, means, scvs : array_like, shape (K,)
        Of arrivals and service times, the most urgent class first.

    Returns
    -------
    ndarray, shape (K,)

    References
    ----------
    Cobham (1954), Operations Research 2, 70-76.
    """
    λ, mean, scv = _classes(rates, means, scvs)
    spare = _spare(λ * mean)
    residual = float(λ @ (mean**2 * (1 + scv))) / 2
    waits: Floats = residual / (spare[:-1] * spare[1:])
    return waits


def mg1_preemptive_sojourns(rates: ArrayLike, means: ArrayLike, scvs: ArrayLike) -> Floats:
    """Return the mean sojourn time of each class at an M/G/1 station with preemptive-resume priorities.

    Parameters
    ----------
    rates, means, scvs : array_like, shape (K,)
        Of arrivals and service times, the most urgent class first; an scv of 1 is M/M/1.

    Returns
    -------
    ndarray, shape (K,)

    References
    ----------
    Gross et al. (2008), section 3.4; White and Christie (1958), Operations Research 6, 79-95.
    """
    λ, mean, scv = _classes(rates, means, scvs)
    spare = _spare(λ * mean)
    residual = np.cumsum(λ * mean**2 * (1 + scv)) / 2
    sojourns: Floats = (mean + residual / spare[1:]) / spare[:-1]
    return sojourns


def mmc_preemptive_sojourns(rates: ArrayLike, μ: float, c: int) -> Floats:
    """Return the mean sojourn time of each class at an M/M/c station with preemptive-resume priorities.

    The classes 1 to k together are an M/M/c station that does not see the others.

    Parameters
    ----------
    rates : array_like, shape (K,)
        Arrival rates, the most urgent class first; one service rate for all.

    Returns
    -------
    ndarray, shape (K,)

    References
    ----------
    Buzen and Bondi (1983), The response times of priority classes under preemptive resume in M/M/m
    queues, Operations Research 31, 456-465.
    """
    λ = _rates(rates)
    present = [mmc(float(together), μ, c).n_present for together in np.cumsum(λ)]
    sojourns: Floats = np.diff(present, prepend=0.0) / λ
    return sojourns


def erlang_a(λ: float, μ: float, c: int, θ: float) -> PatienceQueue:
    """Return the steady state of an M/M/c+M station (Erlang-A); any traffic intensity will do.

    References
    ----------
    Palm (1957); as in Mandelbaum and Zeltyn (2007), Service engineering in action: the Palm/Erlang-A
    queue, in: Advances in Services Innovations, 17-45.
    """
    ρ = _load(λ, μ) / c
    _check_positive("θ", θ)
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


def mmc_patience(
    λ: float,
    μ: float,
    c: int,
    survival: Callable[[Floats], Floats],
    integral: Callable[[Floats], Floats],
    *,
    kinks: Sequence[float] = (),
) -> PatienceQueue:
    """Return the steady state of an M/M/c+G station; any traffic intensity will do.

    Parameters
    ----------
    λ, μ, c
        Arrival rate, service rate of a server, servers.
    survival : callable
        Probability that patience exceeds x, elementwise.
    integral : callable
        The integral of survival from 0 to x, elementwise; it must stay finite.
    kinks : sequence of float
        Where survival jumps: for patience of exactly τ, [τ].

    Raises
    ------
    ValueError
        Rates must be above 0, the servers at least 1; the queue must not grow for ever.

    References
    ----------
    Baccelli and Hebuterne (1981), On queues with impatient customers, Performance '81, 159-179; Zeltyn
    and Mandelbaum (2005), Call centers with impatient customers: many-server asymptotics of the
    M/M/n+G queue, Queueing Systems 51, 361-402.
    """
    a = _load(λ, μ)
    idle = 1 / erlang_b(c - 1, a) if c > 1 else 1.0
    nodes, steps = _nodes_until_gone(λ, μ, c, integral, kinks)
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


def epoch_wait(period: float) -> tuple[float, float]:
    """Return mean and variance of the wait of a Poisson arrival for the next of equally spaced epochs.

    It is uniform on (0, period), whatever the arrival rate, so its p-quantile is p times the period.

    References
    ----------
    Gross et al. (2008), section 1.7: a Poisson process has uniform arrivals within an interval.
    """
    _check_positive("period", period)
    return period / 2, period**2 / 12


def _queue(λ: float, mean: float, c: int, p_wait: float, waiting: float) -> Queue:
    """Return the steady state by Little's law."""
    return Queue(p_wait, waiting, waiting + mean, λ * waiting, λ * (waiting + mean), λ * mean / c)


def _mdc_numbers(λ: float, duration: float, c: int) -> Floats:
    """Return the law of the number present at an M/D/c station, cut where it is negligible.

    Whoever is in service now has left one service time later, and nobody else: the number present
    then is the number waiting now plus the arrivals between.
    """
    from scipy.optimize import brentq
    from scipy.stats import poisson

    a = _load(λ, 1 / _check_positive("duration", duration))
    _check_servers(c)
    ρ = _intensity(a / c)
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
            raise ValueError("patience must end, or the traffic intensity be below 1: the queue grows for ever")
        end *= 2
    halvings = end / 2.0 ** np.arange(60)
    bounds = np.unique(np.concatenate([[0.0], halvings[halvings > 1e-3 / (λ + c * μ)], list(kinks)]))
    x, w = np.polynomial.legendre.leggauss(60)
    lengths = np.diff(bounds)[:, None]
    nodes = bounds[:-1, None] + lengths * (x + 1) / 2
    return nodes.ravel(), (lengths * w / 2).ravel()


def _load(λ: float, μ: float) -> float:
    """Return the offered load of checked rates."""
    _check_positive("arrival rate", λ)
    _check_positive("service rate", μ)
    return λ / μ


def _intensity(ρ: float) -> float:
    """Return a traffic intensity that allows a steady state."""
    if not 0 <= ρ < 1:
        raise ValueError(f"traffic intensity must be below 1, got {ρ}")
    return ρ


def _spare(loads: Floats) -> Floats:
    """Return the share of time that is left after none, the first, the first two classes, ..."""
    _intensity(float(loads.sum()))
    spare: Floats = 1 - np.concatenate([[0.0], np.cumsum(loads)])
    return spare


def _rates(rates: ArrayLike) -> Floats:
    """Return the arrival rates of classes, all above 0."""
    λ = np.atleast_1d(np.asarray(rates, dtype=np.float64))
    for rate in λ.ravel():
        _check_positive("arrival rate", float(rate))
    return λ


def _classes(rates: ArrayLike, means: ArrayLike, scvs: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return checked arrival rates and moments of the service times of classes."""
    λ, mean, scv = _rates(rates), np.asarray(means, dtype=np.float64), np.asarray(scvs, dtype=np.float64)
    if not λ.shape == mean.shape == scv.shape:
        raise ValueError(f"rates, means and scvs must be of one shape, got {λ.shape}, {mean.shape}, {scv.shape}")
    for x in mean:
        _check_positive("mean", float(x))
    for x in scv:
        _check_not_negative("scv", float(x))
    return λ, mean, scv


def _check_servers(c: int) -> None:
    """Refuse a station without servers."""
    if c < 1:
        raise ValueError(f"servers must be at least 1, got {c}")


def _check_positive(name: str, value: float) -> float:
    """Return a value that is above 0 and finite."""
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be above 0, got {value}")
    return value


def _check_not_negative(name: str, value: float) -> None:
    """Refuse a value below 0 or NaN."""
    if not value >= 0:
        raise ValueError(f"{name} must be at least 0, got {value}")


def _check_share(name: str, value: float) -> None:
    """Refuse what is no probability below 1."""
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value}")
