"""Waits of one customer after another: a station that starts empty, and how much successive waits are alike."""
# ruff: noqa: PLC2401 - the formulas keep the letters of the literature

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.statistics.theory import arguments

if TYPE_CHECKING:
    from sim.arrays import Floats


def mmc_transient_waits(arrival_rate: float, service_rate: float, servers: int, n: int) -> Floats:
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
    arguments.load(arrival_rate, service_rate)
    λ, μ = arrival_rate, service_rate
    c, n = arguments.count("servers", servers), arguments.count("n", n)
    numbers = np.arange(n + 1)
    arrival_first = λ / (λ + μ * np.minimum(numbers, c))
    waits = np.maximum(numbers - c + 1, 0) / (c * μ)
    p_numbers = np.zeros(n + 1)
    p_numbers[0] = 1.0
    means = np.empty(n)
    for i in range(n):
        means[i] = p_numbers @ waits
        reached = 0.0  # probability of falling to this number before the next arrival
        following = np.zeros(n + 1)
        for k in range(min(i + 1, n), -1, -1):
            reached += p_numbers[k - 1] if k else 0.0
            following[k] = reached * arrival_first[k]
            reached *= 1 - arrival_first[k]
        p_numbers = following
    return means


def mm1_waiting_variance(arrival_rate: float, service_rate: float) -> tuple[float, float]:
    """Return the variance of one waiting time at an M/M/1 station, and n times that of the mean of n.

    The second, for large n, tells how many more observations the correlation of successive
    waiting times asks for.

    References
    ----------
    Daley (1968), The serial correlation coefficients of waiting times in a stationary single server
    queue, Journal of the Australian Mathematical Society 8, 683-699.
    """
    ρ, μ = arguments.intensity(arguments.load(arrival_rate, service_rate)), service_rate
    one = ρ * (2 - ρ) / (μ * (1 - ρ)) ** 2
    asymptotic = ρ * (2 + 5 * ρ - 4 * ρ**2 + ρ**3) / (μ**2 * (1 - ρ) ** 4)
    return one, asymptotic
