"""Classes of customers by urgency: head of the line, and preemptive-resume.

The most urgent class comes first in every list.
"""
# ruff: noqa: PLC2401 - the formulas keep the letters of the literature

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.statistics.theory import arguments
from sim.statistics.theory.many_servers import erlang_c, mmc

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sim.arrays import Floats


def mmc_priority_waits(arrival_rates: ArrayLike, service_rate: float, servers: int) -> Floats:
    """Return the mean waiting time of each class at an M/M/c station with non-preemptive priorities.

    Parameters
    ----------
    arrival_rates : array_like, shape (K,)
        By class.
    service_rate : float
        One for all.
    servers : int
        At least 1.

    Returns
    -------
    ndarray, shape (K,)

    References
    ----------
    Cobham (1954), Priority assignment in waiting line problems, Operations Research 2, 70-76.
    """
    λ = arguments.rates_of_classes(arrival_rates)
    p_wait = erlang_c(servers, arguments.load(float(λ.sum()), service_rate))
    spare = 1 - np.concatenate([[0.0], np.cumsum(λ)]) / (servers * service_rate)
    waits: Floats = p_wait / (servers * service_rate) / (spare[:-1] * spare[1:])
    return waits


def mg1_priority_waits(arrival_rates: ArrayLike, means: ArrayLike, scvs: ArrayLike) -> Floats:
    """Return the mean waiting time of each class at an M/G/1 station with non-preemptive priorities.

    Parameters
    ----------
    arrival_rates, means, scvs : array_like, shape (K,)
        Of arrivals and service times, by class.

    Returns
    -------
    ndarray, shape (K,)

    References
    ----------
    Cobham (1954), Operations Research 2, 70-76.
    """
    λ, mean, scv = arguments.moments_of_classes(arrival_rates, means, scvs)
    spare = arguments.spare(λ * mean)
    residual = float(λ @ (mean**2 * (1 + scv))) / 2
    waits: Floats = residual / (spare[:-1] * spare[1:])
    return waits


def mg1_preemptive_sojourns(arrival_rates: ArrayLike, means: ArrayLike, scvs: ArrayLike) -> Floats:
    """Return the mean sojourn time of each class at an M/G/1 station with preemptive-resume priorities.

    Parameters
    ----------
    arrival_rates, means, scvs : array_like, shape (K,)
        Of arrivals and service times, by class; an scv of 1 is M/M/1.

    Returns
    -------
    ndarray, shape (K,)

    References
    ----------
    Gross et al. (2008), section 3.4; White and Christie (1958), Operations Research 6, 79-95.
    """
    λ, mean, scv = arguments.moments_of_classes(arrival_rates, means, scvs)
    spare = arguments.spare(λ * mean)
    residual = np.cumsum(λ * mean**2 * (1 + scv)) / 2
    sojourns: Floats = (mean + residual / spare[1:]) / spare[:-1]
    return sojourns


def mmc_preemptive_sojourns(arrival_rates: ArrayLike, service_rate: float, servers: int) -> Floats:
    """Return the mean sojourn time of each class at an M/M/c station with preemptive-resume priorities.

    The classes 1 to k together are an M/M/c station that does not see the others, as long as who is
    interrupted does not hang on the work left.

    Parameters
    ----------
    arrival_rates : array_like, shape (K,)
        By class.
    service_rate : float
        One for all.
    servers : int
        At least 1.

    Returns
    -------
    ndarray, shape (K,)

    References
    ----------
    Buzen and Bondi (1983), The response times of priority classes under preemptive resume in M/M/m
    queues, Operations Research 31, 456-465.
    """
    λ = arguments.rates_of_classes(arrival_rates)
    present = [mmc(float(together), service_rate, servers).n_present for together in np.cumsum(λ)]
    sojourns: Floats = np.diff(present, prepend=0.0) / λ
    return sojourns
