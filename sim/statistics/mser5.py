"""MSER-5: where to truncate a series for its warm-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.statistics.intervals import vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


BATCH = 5
"""Observations in one batch of MSER-5."""


def mser5(series: ArrayLike) -> tuple[int, float]:
    """Return the number of observations that MSER-5 deletes from the start of a series, and its statistic there.

    Means z of the complete batches of five are formed; the truncation after d < (number of batches)/2
    of them with the least sum (z - mean z)^2 / m^2 over the m that remain is chosen, the earliest
    of equals. A choice at the very end of the search says that the series is too short to judge.

    Parameters
    ----------
    series : array_like, shape (n,)
        At least five observations, all finite; those after the last complete batch are not used.

    Returns
    -------
    tuple of (int, float)
        Observations to delete, a multiple of five, and the statistic (unit squared).

    Raises
    ------
    ValueError
        The series must have at least five observations, all finite.

    References
    ----------
    White (1997), An effective truncation heuristic for bias reduction in simulation output,
    Simulation 69, 323-334; White, Cobb and Spratt (2000), Proc. Winter Simulation Conf., 755-760.
    """
    x = vector("series", series)
    n_batches = len(x) // BATCH
    if not n_batches:
        raise ValueError(f"series must have at least {BATCH} observations, got {len(x)}")
    if not np.isfinite(x).all():
        raise ValueError(f"series must be finite, got {x[~np.isfinite(x)][0]}")
    batches = x[: n_batches * BATCH].reshape(n_batches, BATCH).mean(axis=1)
    statistics = [float(batches[d:].var()) / (n_batches - d) for d in range(latest(len(x)) // BATCH + 1)]
    best = int(np.argmin(statistics))
    return best * BATCH, statistics[best]


def latest(n: int) -> int:
    """Return the most observations of n that MSER-5 may delete: where it does, the series is too short to judge."""
    return max(0, (n // BATCH + 1) // 2 - 1) * BATCH


def warm_up(period_means: ArrayLike, minimum_periods: int = 0) -> int:
    """Return how many periods to delete as warm-up: by MSER-5 on the mean over replications, at least the minimum.

    Parameters
    ----------
    period_means : array_like, shape (replications, periods)
        Means of the measure, by period. NaN: nothing was observed in that period. A period without
        any observation (an office is shut on Sundays) is skipped, not filled.
    minimum_periods : int
        The least number of periods to delete; from 0 to the number of periods.

    Returns
    -------
    int
        Number of periods. Fewer than five observed periods cannot be judged: the minimum.

    Raises
    ------
    ValueError
        Period means must be two-dimensional; the minimum must be from 0 to the number of periods.

    References
    ----------
    As for `mser5`; on the mean across replications, Hoad, Robinson and Davies (2010), Automating
    warm-up length estimation, Journal of the Operational Research Society 61, 1389-1403.
    """
    by_period = np.asarray(period_means, dtype=np.float64)
    if by_period.ndim != 2:
        raise ValueError(f"period_means must be two-dimensional, got shape {by_period.shape}")
    n_periods = by_period.shape[1]
    if not 0 <= minimum_periods <= n_periods:
        raise ValueError(f"minimum_periods must be from 0 to {n_periods}, got {minimum_periods}")
    observed = np.isfinite(by_period)
    n_observed = observed.sum(axis=0)
    periods = np.flatnonzero(n_observed)
    if len(periods) < BATCH:
        return minimum_periods
    totals = np.where(observed, by_period, 0.0).sum(axis=0)
    truncation, _ = mser5(totals[periods] / n_observed[periods])
    chosen = int(periods[truncation]) if truncation else 0
    return max(chosen, minimum_periods)
