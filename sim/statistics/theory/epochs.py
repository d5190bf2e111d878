"""Waits for the next of equally spaced instants."""

from __future__ import annotations

from dataclasses import dataclass

from sim.statistics.theory import arguments


@dataclass(frozen=True)
class EpochWait:
    """Mean and variance of the wait for the next epoch."""

    mean: float
    variance: float


def epoch_wait(period: float) -> EpochWait:
    """Return mean and variance of the wait of a Poisson arrival for the next of equally spaced epochs.

    It is uniform on (0, period), whatever the arrival rate, so its p-quantile is p times the period.

    References
    ----------
    Gross et al. (2008), section 1.7: a Poisson process has uniform arrivals within an interval.
    """
    arguments.positive("period", period)
    return EpochWait(period / 2, period**2 / 12)
