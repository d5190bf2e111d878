"""Arrival times: Poisson with a rate that changes by the interval, and renewal processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.draws.clock import DAY
from sim.draws.laws import gamma_inverse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sim.arrays import Floats, Ints
    from sim.draws.laws import AnyLaw


def arrival_times(
    rng: np.random.Generator, edges: ArrayLike, expected: ArrayLike, day_factors: ArrayLike | None = None
) -> Ints:
    """Return the arrival times of a Poisson process whose rate is constant in each interval.

    The number in an interval is Poisson with the interval's expected number (times the factor of its day);
    given the number, the times are uniform in the interval. So the mean profile is exact: no arrival is thinned, and no
    rate is taken from another time than the arrival's.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws first all the numbers, then all the times.
    edges : array-like of int, shape (n + 1,)
        Rising ticks; interval i is [edges[i], edges[i + 1]).
    expected : array-like of float, shape (n,)
        Expected number of arrivals in each interval, at least 0.
    day_factors : array-like of float, optional
        One factor a day, from day 0 on; the intervals may then not cross midnight.

    Returns
    -------
    numpy.ndarray of int64
        Sorted ticks; two arrivals may share one.

    Raises
    ------
    ValueError
        If the edges do not rise, a number is negative or missing, or an interval crosses midnight
        though days have factors.
    """
    bounds = np.asarray(edges, dtype=np.int64)
    mean_counts = np.asarray(expected, dtype=np.float64)
    if len(bounds) != len(mean_counts) + 1:
        raise ValueError(f"edges must be {len(mean_counts) + 1} for {len(mean_counts)} numbers, got {len(bounds)}")
    if np.any(np.diff(bounds) <= 0):
        raise ValueError(f"edges must rise, got {_first_fall(bounds)}")
    if np.any(mean_counts < 0):
        raise ValueError(f"expected must be at least 0, got {mean_counts.min():g}")
    if day_factors is not None:
        mean_counts = mean_counts * _factors(bounds, np.asarray(day_factors, dtype=np.float64))
    counts = rng.poisson(mean_counts)
    interval = np.repeat(np.arange(len(mean_counts)), counts)
    width = (bounds[1:] - bounds[:-1])[interval]
    # floor(u * width) < width also after rounding, as u <= 1 - 2**-53 and widths stay below 2**52
    times: Ints = bounds[:-1][interval] + np.floor(rng.random(len(interval)) * width).astype(np.int64)
    times.sort()
    return times


def _first_fall(bounds: Ints) -> str:
    """Return the first pair of edges that does not rise, as text."""
    i = int(np.argmax(np.diff(bounds) <= 0))
    return f"{bounds[i]} before {bounds[i + 1]}"


def _factors(bounds: Ints, day_factors: Floats) -> Floats:
    """Return the factor of each interval's day."""
    day = bounds[:-1] // DAY
    if np.any((bounds[1:] - 1) // DAY != day):
        raise ValueError("edges must include every midnight where days have factors")
    if day[-1] >= len(day_factors):
        raise ValueError(f"day_factors must cover {day[-1] + 1} days, got {len(day_factors)}")
    return day_factors[day]


def day_factors(rng: np.random.Generator, n_days: int, cv: float) -> Floats:
    """Return one gamma factor of mean 1 a day (shape (n_days,)): counts of a day become over-dispersed.

    A day's count of mean m then has variance m + (cv m)^2. A cv of 0 gives ones.

    References
    ----------
    Avramidis, Deslauriers and L'Ecuyer (2004), Modeling daily arrivals to a telephone call center,
    Management Science 50(7), the model of a gamma busyness factor.
    """
    if cv < 0:
        raise ValueError(f"cv must be at least 0, got {cv:g}")
    u = rng.random(n_days)
    return gamma_inverse(u, 1.0, cv) if cv > 0 else np.ones(n_days)


def renewal_times(rng: np.random.Generator, law: AnyLaw, unit: int, end: int) -> Ints:
    """Return the renewal times before `end` of a process whose gaps follow a law.

    Parameters
    ----------
    rng : numpy.random.Generator
        One uniform a gap.
    law : Law
        The gaps; its mean must be above 0.
    unit : int
        Ticks in the law's unit of time.
    end : int
        In ticks; the first gap begins at 0.

    Returns
    -------
    numpy.ndarray of int64
        Ticks; each time is rounded once, so that rounding does not add up.
    """
    if law.mean <= 0:
        raise ValueError(f"mean of the gaps must be above 0, got {law.mean:g}")
    last, blocks = 0.0, []
    while last * unit < end:
        # blocks of one size, so that the sums are rounded alike for every `end`
        times = last + np.cumsum(law.inverse(rng.random(4096)))
        last = float(times[-1])
        blocks.append(times)
    all_times = np.concatenate(blocks) if blocks else np.zeros(0)
    rounded = np.rint(all_times * unit)
    return rounded[rounded < end].astype(np.int64)  # beyond the end there may be what no whole number holds
