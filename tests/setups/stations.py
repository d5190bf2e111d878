"""A family of M/M/c stations on common random numbers, whose true means are known: a test bed of selection."""

import numpy as np

from sim.statistics import theory


def mean_waits(rng, n, arrival_rate, service_rates, servers, customers):
    """Return mean waits (shape (n, designs)) of the first customers of stations that start empty.

    Kiefer and Wolfowitz (1955): all designs meet the same gaps between arrivals and the same work; a design is a
    service rate and a number of servers.
    """
    gaps = rng.exponential(1 / arrival_rate, (customers, n))
    work = rng.exponential(1.0, (customers, n))
    found = np.empty((n, len(servers)))
    for design, (rate, c) in enumerate(zip(service_rates, servers, strict=True)):
        load = np.zeros((n, c))  # hours until each server is free, least first
        total = np.zeros(n)
        for gap, one in zip(gaps, work, strict=True):
            total += load[:, 0]
            load[:, 0] += one / rate
            load = np.maximum(np.sort(load, axis=1) - gap[:, None], 0.0)
        found[:, design] = total / customers
    return found


def true_waits(arrival_rate, service_rates, servers, customers):
    """Return the means of these by the exact chain of Kelton and Law (1985)."""
    return np.array(
        [
            theory.mmc_transient_waits(arrival_rate, rate, c, customers).mean()
            for rate, c in zip(service_rates, servers, strict=True)
        ]
    )
