"""Summaries of many values: quantiles, with what brackets them, means where some values are open, and inequality."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.statistics.intervals import check_confidence, vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Ranks(NamedTuple):
    """Ranks (1 is the least) of the two order statistics that bracket a quantile.

    None where too few values give no bound on that side; `coverage` is exact for continuous laws.
    """

    low: int | None
    high: int | None
    coverage: float


def gini(values: ArrayLike) -> float:
    """Return the Gini coefficient: 0 if all have the same, near 1 if one has all.

    Parameters
    ----------
    values : array_like, shape (n,)
        At least 0 each.

    Returns
    -------
    float
        From 0 to 1 - 1/n; 0 if all have nothing. NaN without values, or if one of them is not finite.

    Raises
    ------
    ValueError
        Values must be at least 0.

    References
    ----------
    Sen (1973), On Economic Inequality, chapter 2: half the relative mean difference.
    """
    x = np.sort(vector("values", values))
    n = len(x)
    if n and x[0] < 0:
        raise ValueError(f"values must be at least 0, got {x[0]}")
    if not n or not np.isfinite(x[-1]):  # NaN sorts last
        return math.nan
    total = float(x.sum())
    if total == 0 or x[0] == x[-1]:
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ x) / (n * total)


def quantile_with_open(values: ArrayLike, n_open: int, p: float) -> float:
    """Return the p-quantile of finished and open values; open ones count as longest.

    It is the least value that at least a share p of all, finished and open, does not exceed (the
    inverse of the step function: no interpolation, so it is always a value that occurred).

    Parameters
    ----------
    values : array_like, shape (n,)
        Of those that finished.
    n_open : int
        How many have not finished, at least 0.
    p : float
        Above 0, at most 1.

    Returns
    -------
    float
        Unit of the values. NaN where the quantile falls among the open ones (not reached: it is
        longer than could be observed), where there are none at all, or if a value is NaN.

    Raises
    ------
    ValueError
        p must be above 0 and at most 1; the number open at least 0.
    """
    x = vector("values", values)
    _check_open(n_open)
    if not 0 < p <= 1:
        raise ValueError(f"p must be above 0 and at most 1, got {p}")
    n = len(x) + n_open
    if not n or np.isnan(x).any():
        return math.nan
    rank = max(1, math.ceil(p * n * (1 - 1e-12)))  # 0.07 x 100 is a little more than 7 in binary
    return float(np.partition(x, rank - 1)[rank - 1]) if rank <= len(x) else math.nan


def quantile_interval_ranks(n: int, p: float, confidence: float = 0.95) -> Ranks:
    """Return the ranks of the values that bracket the p-quantile of n independent values of any law.

    Each tail is at most half of 1 - confidence, and the ranks are the closest that achieve this.

    Parameters
    ----------
    n : int
        Number of values, at least 1; independent, so usually one a replication.
    p : float
        Of the quantile, between 0 and 1, both excluded.
    confidence : float
        Between 0 and 1, both excluded.

    Returns
    -------
    Ranks
        Ranks from 1 to n, None where n is too small for a bound on that side; exact coverage.

    Raises
    ------
    ValueError
        n must be at least 1; p and confidence between 0 and 1.

    References
    ----------
    David and Nagaraja (2003), Order Statistics, 3rd ed., section 7.1.
    """
    from scipy.special import bdtr

    check_confidence(confidence)
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    if not 0 < p < 1:
        raise ValueError(f"p must be between 0 and 1, got {p}")
    tail = (1 - confidence) / 2
    below = np.asarray(bdtr(np.arange(n, dtype=np.float64), n, p))  # P(B <= k), k = 0 .. n - 1
    above = 1 - below  # P(B >= k + 1)
    n_low = int(np.count_nonzero(below <= tail))
    n_high = int(np.count_nonzero(above <= tail))
    low = n_low or None
    high = n - n_high + 1 if n_high else None
    missed_below = float(below[low - 1]) if low else 0.0
    missed_above = float(above[high - 1]) if high else 0.0
    return Ranks(low, high, 1 - missed_below - missed_above)


def mean_with_open(values: ArrayLike, n_open: int, share: float = 0.01) -> float:
    """Return the mean of the finished values, withheld (NaN) if too many are open.

    The longest are missing from such a mean: it is shown only where few are missing.

    Parameters
    ----------
    values : array_like, shape (n,)
        Of those that finished.
    n_open : int
        How many have not finished, at least 0.
    share : float
        Of open ones among all that is still accepted, from 0 to 1.

    Returns
    -------
    float
        Unit of the values. NaN where more than the share is open, where none has finished, or if a
        value is NaN.

    Raises
    ------
    ValueError
        The number open must be at least 0; the share from 0 to 1.
    """
    x = vector("values", values)
    _check_open(n_open)
    if not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, got {share}")
    if not len(x) or n_open / (len(x) + n_open) > share:
        return math.nan
    return float(x.mean())


def restricted_mean(values: ArrayLike, n_open: int, cap: float) -> float:
    """Return the mean of min(value, cap), where open ones count the cap.

    All count, so it is known where the plain mean is not: the mean time spent within the cap.

    Parameters
    ----------
    values : array_like, shape (n,)
        Of those that finished.
    n_open : int
        How many have not finished, at least 0.
    cap : float
        Above 0, in the unit of the values.

    Returns
    -------
    float
        Unit of the values. NaN where there are none at all, or if a value is NaN.

    Raises
    ------
    ValueError
        The number open must be at least 0; the cap above 0 and finite.

    References
    ----------
    Royston and Parmar (2013), Restricted mean survival time, BMC Medical Research Methodology 13, 152.
    """
    x = vector("values", values)
    _check_open(n_open)
    if not 0 < cap < math.inf:
        raise ValueError(f"cap must be above 0 and finite, got {cap}")
    n = len(x) + n_open
    return float(np.minimum(x, cap).sum() + n_open * cap) / n if n else math.nan


def _check_open(n_open: int) -> None:
    """Raise if the number of open values is negative."""
    if n_open < 0:
        raise ValueError(f"n_open must be at least 0, got {n_open}")
