"""Intervals, paired differences, verdicts, warm-up and number of replications.

Pure functions on arrays; the replication is the unit, one value of a measure a replication. A
measure that was withheld in a replication (NaN, or not finite) is withheld in all that is made of
it: leaving out the replications that went badly would flatter the design.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from sim.arrays import Floats

BATCH = 5
"""Observations in one batch of MSER-5."""

MOST_REPLICATIONS = 1_000_000
"""More replications than this cannot be foreseen."""


@dataclass(frozen=True)
class Interval:
    """A mean over `n` replications and its confidence interval; NaN where there is none."""

    estimate: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        """Return half the length of the interval (unit of the measure)."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Difference:
    """A paired difference, other minus baseline, over `n` replications.

    Attributes
    ----------
    estimate, low, high : float
        Mean difference and its interval (unit of the measure); NaN where withheld, the bounds also
        where n < 2.
    n : int
        Replications, that is pairs.
    sd : float
        Standard deviation of the differences of single replications; NaN where n < 2.
    correlation : float
        Of the pair over the replications: what common random numbers achieve. Exactly 1 for equal
        vectors; NaN where either vector is constant (even where both are equal).
    variance_ratio : float
        Variance of the difference over the sum of the two variances: what it would be with
        independent streams. Below 1, common random numbers helped; NaN where both are constant.
    p_value : float
        Two-sided t test of no difference; 1 for equal vectors, 0 for any other constant difference.
    p_holm : float
        The same, adjusted for its family after Holm; in a family of one the same number.
    family_size : int
        Differences that share the joint confidence of the interval.
    """

    estimate: float
    low: float
    high: float
    n: int
    sd: float
    correlation: float
    variance_ratio: float
    p_value: float
    p_holm: float
    family_size: int = 1

    @property
    def half_width(self) -> float:
        """Return half the length of the interval (unit of the measure)."""
        return (self.high - self.low) / 2


class Verdict(StrEnum):
    """What an interval says about a difference, given the smallest difference that matters."""

    BETTER = "better"
    WORSE = "worse"
    NO_MATERIAL_DIFFERENCE = "no material difference"
    UNDECIDED = "undecided"
    WITHHELD = "withheld"


class Ranks(NamedTuple):
    """Ranks (1 is the least) of the two order statistics that bracket a quantile.

    None where too few values give no bound on that side; `coverage` is exact for continuous laws.
    """

    low: int | None
    high: int | None
    coverage: float


def mean_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the mean over replications and its t interval.

    Parameters
    ----------
    values : array_like, shape (n,)
        One value a replication. A value that is NaN or infinite was withheld, and withholds all.
    confidence : float
        Between 0 and 1, both excluded.

    Returns
    -------
    Interval
        In the unit of the values. All NaN where a value is withheld or there is none; bounds NaN
        where n < 2; equal values have an interval of no length.

    Raises
    ------
    ValueError
        Confidence must be between 0 and 1; values must be one-dimensional.

    References
    ----------
    Law (2015), Simulation Modeling and Analysis, 5th ed., eq. 4.12.
    """
    _check_confidence(confidence)
    x = _vector("values", values)
    n = len(x)
    mean, sd = _moments(x)
    half = _half_width(sd, n, confidence)
    return Interval(mean, mean - half, mean + half, n)


def paired_difference(baseline: ArrayLike, other: ArrayLike, confidence: float = 0.95) -> Difference:
    """Return the mean of other minus baseline, replication by replication, and its t interval.

    Parameters
    ----------
    baseline, other : array_like, shape (n,)
        One value a replication; equal places are the same replication, on the same random numbers.
    confidence : float
        Between 0 and 1, both excluded.

    Returns
    -------
    Difference
        In the unit of the values. All NaN where any value is NaN or infinite. Equal vectors give
        estimate 0 and the interval [0, 0].

    Raises
    ------
    ValueError
        Confidence must be between 0 and 1; the two must be one-dimensional and of one length.

    References
    ----------
    Law (2015), Simulation Modeling and Analysis, 5th ed., sections 10.2.1 (paired t) and 11.2
    (common random numbers).
    """
    _check_confidence(confidence)
    x, y = _vector("baseline", baseline), _vector("other", other)
    if len(x) != len(y):
        raise ValueError(f"other must be of the length of baseline, {len(x)}, got {len(y)}")
    n = len(x)
    if not np.isfinite(x).all() or not np.isfinite(y).all():
        nan = math.nan
        return Difference(nan, nan, nan, n, nan, nan, nan, nan, nan)
    mean, sd = _moments(y - x)
    half = _half_width(sd, n, confidence)
    correlation, ratio = _pairing(x, y, sd)
    p_value = _p_value(mean, sd, n)
    return Difference(mean, mean - half, mean + half, n, sd, correlation, ratio, p_value, p_value)


def simultaneous(pairs: Iterable[tuple[ArrayLike, ArrayLike]], confidence: float = 0.95) -> list[Difference]:
    """Return the paired differences that one table shows, with intervals that hold together.

    With at least the stated confidence *all* intervals hold at once, whatever the dependence
    between them (Bonferroni). `p_holm` is adjusted after Holm, which rejects at least as often.

    Parameters
    ----------
    pairs : iterable of (baseline, other)
        As for `paired_difference`.
    confidence : float
        Joint confidence, between 0 and 1, both excluded.

    Returns
    -------
    list of Difference
        In the order of the pairs. Those without an interval (withheld, n < 2) stay NaN and are not
        counted in the family size, as they claim nothing.

    Raises
    ------
    ValueError
        As for `paired_difference`.

    References
    ----------
    Law (2015), section 9.7 (Bonferroni). Holm (1979), A simple sequentially rejective multiple test
    procedure, Scandinavian Journal of Statistics 6, 65-70.
    """
    singles = [paired_difference(baseline, other, confidence) for baseline, other in pairs]
    k = sum(not math.isnan(d.low) for d in singles)
    if not k:
        return singles
    adjusted = holm([d.p_value for d in singles])
    family = []
    for d, p_holm in zip(singles, adjusted, strict=True):
        half = _half_width(d.sd, d.n, confidence, k)
        low, high = d.estimate - half, d.estimate + half
        family.append(replace(d, low=low, high=high, p_holm=float(p_holm), family_size=k))
    return family


def holm(p_values: ArrayLike) -> Floats:
    """Return p-values adjusted for their number after Holm.

    Parameters
    ----------
    p_values : array_like, shape (k,)
        NaN ones are not counted.

    Returns
    -------
    ndarray, shape (k,)
        At most 1; NaN where the p-value was.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    p = _vector("p_values", p_values)
    adjusted = np.full(len(p), math.nan)
    order = np.argsort(p, kind="stable")  # NaN last
    order = order[: np.count_nonzero(~np.isnan(p))]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def verdict(low: float, high: float, mid: float, higher_is_better: bool) -> Verdict:
    """Return what the interval of a difference (other minus baseline) says about the other design.

    *Better* and *worse* need the whole interval at or beyond the MID (a test of minimal effect):
    they say that the difference is at least the smallest one that matters, not merely that it is
    not zero. *No material difference* needs the whole interval within [-MID, MID] (a test of
    equivalence). All else is *undecided*: absence of evidence is not evidence of absence. With a
    two-sided interval of confidence 1 - a, each of the three is given wrongly with probability at
    most a/2, whatever the true difference.

    Parameters
    ----------
    low, high : float
        The interval (unit of the measure). NaN: no interval, because the measure was withheld or
        there is only one replication.
    mid : float
        The smallest difference that matters (same unit), above 0.
    higher_is_better : bool
        Whether more of the measure is good.

    Returns
    -------
    Verdict
        *Withheld* where there is no interval. An interval that is just the point MID is *better* or
        *worse*, as the smallest difference that matters does matter.

    Raises
    ------
    ValueError
        The MID must be above 0; low must be at most high.

    References
    ----------
    Wellek (2010), Testing Statistical Hypotheses of Equivalence and Noninferiority, 2nd ed.;
    Murphy and Myors (1999), Testing the hypothesis that treatments have negligible effects, Journal
    of Applied Psychology 84, 234-248.
    """
    _check_mid(mid)
    if math.isnan(low) or math.isnan(high):
        return Verdict.WITHHELD
    if low > high:
        raise ValueError(f"low must be at most high, {high}, got {low}")
    if low >= mid:
        return Verdict.BETTER if higher_is_better else Verdict.WORSE
    if high <= -mid:
        return Verdict.WORSE if higher_is_better else Verdict.BETTER
    if -mid <= low and high <= mid:
        return Verdict.NO_MATERIAL_DIFFERENCE
    return Verdict.UNDECIDED


def replications_needed(
    difference: float, sd: float, mid: float, confidence: float, n: int, *, family_size: int = 1
) -> int | None:
    """Return how many replications in all would settle a verdict, if estimate and sd stay as they are.

    The half-width must get below the distance from the size of the estimate to the MID. It is a
    forecast, about as uncertain as the estimate.

    Parameters
    ----------
    difference, sd : float
        Estimate of a paired difference and standard deviation of its single replications.
    mid : float
        The smallest difference that matters (same unit), above 0.
    confidence : float
        Of the interval, or jointly of its family; between 0 and 1, both excluded.
    n : int
        Replications so far: the answer is at least this, and just this where the verdict is settled.
    family_size : int
        Differences that share the confidence, at least 1.

    Returns
    -------
    int or None
        At least 2. None where it cannot be foreseen: the estimate is at the MID or too close to it
        (more than a million replications), or estimate or sd is NaN (fewer than two replications).

    Raises
    ------
    ValueError
        The MID must be above 0, confidence between 0 and 1, the family size at least 1.
    """
    _check_confidence(confidence)
    _check_mid(mid)
    if family_size < 1:
        raise ValueError(f"family_size must be at least 1, got {family_size}")
    if not (math.isfinite(difference) and math.isfinite(sd)):
        return None

    def settled(n: int) -> bool:
        half = _half_width(sd, n, confidence, family_size)
        return verdict(difference - half, difference + half, mid, True) is not Verdict.UNDECIDED

    enough = max(n, 2)
    if settled(enough):
        return enough
    too_few = enough
    while not settled(enough):
        too_few, enough = enough, 2 * enough
        if too_few >= MOST_REPLICATIONS:
            return None
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if settled(middle) else (middle, enough)
    return enough if enough <= MOST_REPLICATIONS else None


def mser5(series: ArrayLike) -> tuple[int, float]:
    """Return where MSER-5 truncates a series, in observations, and its statistic there.

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
    x = _vector("series", series)
    n_batches = len(x) // BATCH
    if not n_batches:
        raise ValueError(f"series must have at least {BATCH} observations, got {len(x)}")
    if not np.isfinite(x).all():
        raise ValueError(f"series must be finite, got {x[~np.isfinite(x)][0]}")
    batches = x[: n_batches * BATCH].reshape(n_batches, BATCH).mean(axis=1)
    candidates = range((n_batches + 1) // 2)
    statistics = [float(batches[d:].var()) / (n_batches - d) for d in candidates]
    best = int(np.argmin(statistics))
    return best * BATCH, statistics[best]


def warm_up(period_means: ArrayLike, minimum_periods: int = 0) -> int:
    """Return how many periods to delete as warm-up: MSER-5 on the across-replication mean, or the minimum.

    Parameters
    ----------
    period_means : array_like, shape (replications, periods)
        Means of the measure, by period. NaN: nothing was observed in that period. A period without
        any observation (an office is shut on Sundays) is skipped, not filled.
    minimum_periods : int
        At least so many are deleted; from 0 to the number of periods.

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
    means = np.asarray(period_means, dtype=np.float64)
    if means.ndim != 2:
        raise ValueError(f"period_means must be two-dimensional, got shape {means.shape}")
    n_periods = means.shape[1]
    if not 0 <= minimum_periods <= n_periods:
        raise ValueError(f"minimum_periods must be from 0 to {n_periods}, got {minimum_periods}")
    observed = np.isfinite(means)
    n_observed = observed.sum(axis=0)
    periods = np.flatnonzero(n_observed)
    if len(periods) < BATCH:
        return minimum_periods
    totals = np.where(observed, means, 0.0).sum(axis=0)
    truncation, _ = mser5(totals[periods] / n_observed[periods])
    chosen = int(periods[truncation]) if truncation else 0
    return max(chosen, minimum_periods)


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

    _check_confidence(confidence)
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
    x = np.sort(_vector("values", values))
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
    """Return the p-quantile of finished values and of open ones, which count as longest.

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
    x = _vector("values", values)
    _check_open(n_open)
    if not 0 < p <= 1:
        raise ValueError(f"p must be above 0 and at most 1, got {p}")
    n = len(x) + n_open
    if not n or np.isnan(x).any():
        return math.nan
    rank = max(1, math.ceil(p * n * (1 - 1e-12)))  # 0.07 x 100 is a little more than 7 in binary
    return float(np.partition(x, rank - 1)[rank - 1]) if rank <= len(x) else math.nan


def mean_with_open(values: ArrayLike, n_open: int, share: float = 0.01) -> float:
    """Return the mean of those that finished, withheld where too many are open.

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
    x = _vector("values", values)
    _check_open(n_open)
    if not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, got {share}")
    if not len(x) or n_open / (len(x) + n_open) > share:
        return math.nan
    return float(x.mean())


def _vector(name: str, values: ArrayLike) -> Floats:
    """Return the values as a vector."""
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {x.shape}")
    return x


def _check_confidence(confidence: float) -> None:
    """Refuse a confidence that is no probability."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")


def _check_mid(mid: float) -> None:
    """Refuse a smallest difference that matters which is none."""
    if not 0 < mid < math.inf:
        raise ValueError(f"mid must be above 0, got {mid}")


def _check_open(n_open: int) -> None:
    """Refuse a negative number of open ones."""
    if n_open < 0:
        raise ValueError(f"n_open must be at least 0, got {n_open}")


def _moments(x: Floats) -> tuple[float, float]:
    """Return mean and standard deviation, NaN where there is none."""
    if not len(x) or not np.isfinite(x).all():
        return math.nan, math.nan
    if (x == x[0]).all():  # the mean of equal floats need not be that float
        return float(x[0]), 0.0 if len(x) > 1 else math.nan
    return float(x.mean()), float(x.std(ddof=1))


def _half_width(sd: float, n: int, confidence: float, family_size: int = 1) -> float:
    """Return the half-width of one of so many t intervals of a joint confidence."""
    from scipy.special import stdtrit

    if n < 2:
        return math.nan
    tail = (1 - confidence) / (2 * family_size)
    return -float(stdtrit(n - 1, tail)) * sd / math.sqrt(n)


def _p_value(mean: float, sd: float, n: int) -> float:
    """Return the two-sided p-value of the t test that the mean is 0."""
    from scipy.special import stdtr

    if n < 2:
        return math.nan
    if sd == 0:
        return 1.0 if mean == 0 else 0.0
    return 2 * float(stdtr(n - 1, -abs(mean) * math.sqrt(n) / sd))


def _pairing(x: Floats, y: Floats, sd: float) -> tuple[float, float]:
    """Return correlation and variance ratio of a finite pair."""
    sd_x, sd_y = _moments(x)[1], _moments(y)[1]
    independent = sd_x**2 + sd_y**2
    if math.isnan(independent) or independent == 0:
        return math.nan, math.nan
    ratio = sd**2 / independent
    if sd_x == 0 or sd_y == 0:
        return math.nan, ratio
    if sd == 0 and (x == y).all():
        return 1.0, ratio
    covariance = float((x - x.mean()) @ (y - y.mean())) / (len(x) - 1)
    return max(-1.0, min(1.0, covariance / (sd_x * sd_y))), ratio
