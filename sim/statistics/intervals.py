"""Means and paired differences over replications, with intervals that hold singly or all at once.

Intervals are Student's, widened for the skewness that the values show, or none where they are too skewed for their
number (`sim.statistics.skewness`). Values that are all alike show no spread: they have no interval and are not counted
in a family. A mean may be adjusted for draws of known mean (`sim.statistics.controls`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from sim.language import gettext
from sim.statistics import skewness
from sim.statistics.controls import fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from sim.arrays import Floats, Ints


ROUNDING = 1e-12
"""Values that spread by no more than this share of them, or of what they are differences of, are equal ones."""


@dataclass(frozen=True)
class Interval:
    """A mean over `n` replications and its confidence interval; NaN where there is none.

    `enough` is above 0 where the values are too skewed for an interval: about how many replications would give one.
    `same` tells that all values are alike, which shows no spread.
    """

    estimate: float
    low: float
    high: float
    n: int
    enough: int = 0
    same: bool = False

    @property
    def half_width(self) -> float:
        """Return the longer side of the interval (unit of the measure)."""
        return longer_side(self.estimate, self.low, self.high)

    @property
    def why_none(self) -> str:
        """Return in words why the values have no interval; empty where they have one, or are too few for any."""
        return why_none(self)

    @property
    def help(self) -> str:
        """Return what would give an interval; empty as above."""
        return what_helps(self)


@dataclass(frozen=True)
class Difference:
    """A paired difference, other minus baseline, over `n` replications.

    Attributes
    ----------
    estimate, low, high : float
        Mean difference and its interval (unit of the measure); NaN where withheld, the bounds also
        where n < 2 or all differences are alike.
    n : int
        Replications, that is pairs.
    sd : float
        Standard deviation of the differences of single replications; NaN where n < 2. With controls, the standard
        error of the adjusted mean times the root of n: what single replications would have to spread by.
    correlation : float
        Of the pair over the replications: what common random numbers achieve. Exactly 1 for equal
        vectors; NaN where either vector is constant (even where both are equal).
    variance_ratio : float
        Variance of the difference over the sum of the two variances: what it would be with
        independent streams. Below 1, common random numbers helped; NaN where both are constant.
    family_size : int
        Differences that share the joint confidence of the interval.
    enough : int
        Above 0 where the differences are too skewed for an interval: about how many replications would give one.
    n_controls : int
        Draws of known mean that the estimate is adjusted for.
    controlled_ratio : float
        The variance ratio with controls; NaN without.
    """

    estimate: float
    low: float
    high: float
    n: int
    sd: float
    correlation: float
    variance_ratio: float
    family_size: int = 1
    enough: int = 0
    n_controls: int = 0
    controlled_ratio: float = math.nan

    @classmethod
    def withheld(cls, n: int) -> Difference:
        """Return a difference over n replications of which nothing is known."""
        nan = math.nan
        return cls(nan, nan, nan, n, sd=nan, correlation=nan, variance_ratio=nan)

    @property
    def half_width(self) -> float:
        """Return the longer side of the interval (unit of the measure)."""
        return longer_side(self.estimate, self.low, self.high)

    @property
    def freedom(self) -> int:
        """Return the degrees of freedom of the standard deviation."""
        return self.n - self.n_controls - 1

    @property
    def same(self) -> bool:
        """Return whether all differences are alike, which shows no spread."""
        return self.sd == 0

    @property
    def why_none(self) -> str:
        """Return in words why the differences have no interval; empty where they have one, or are too few for any."""
        return why_none(self)

    @property
    def help(self) -> str:
        """Return what would give an interval; empty as above."""
        return what_helps(self)


Known = TypeVar("Known", Interval, Difference, Interval | Difference)


def why_none(one: Interval | Difference) -> str:
    """Return in words why values have no interval: too skewed, or all alike; empty where neither is so."""
    if one.enough:
        return gettext("too skewed for {n} replications", n=one.n)
    if one.same and math.isnan(one.low):
        return gettext("the same in all {n} replications", n=one.n)
    return ""


def what_helps(one: Interval | Difference) -> str:
    """Return what would give an interval where there is none."""
    if one.enough:
        return gettext("about {n} replications", n=one.enough)
    return gettext("more replications, if it varies at all") if why_none(one) else ""


def without_interval(one: Interval | Difference) -> str:
    """Return in words why something has no interval, and what would help; empty where it has one."""
    if one.enough:
        return gettext(
            "too skewed for {n} replications, about {enough} replications might do", n=one.n, enough=one.enough
        )
    if why_none(one):
        return gettext("the same in all {n} replications, which does not show how it varies", n=one.n)
    return ""


def exactly(one: Known) -> Known:
    """Return what is known without simulation, if all its values are alike, as an interval of no length."""
    return replace(one, low=one.estimate, high=one.estimate) if one.same else one


def mean_interval(values: ArrayLike, confidence: float = 0.95, controls: Floats | None = None) -> Interval:
    """Return the mean over replications and its interval: Student's, widened for skewness.

    Parameters
    ----------
    values : array_like, shape (n,)
        One value a replication. A value that is NaN or infinite was withheld, and withholds all.
    confidence : float
        Between 0 and 1, both excluded.
    controls : ndarray, shape (n, q), optional
        Draws of known mean that the mean is adjusted for, as for `sim.statistics.controls.fit`.

    Returns
    -------
    Interval
        In the unit of the values. All NaN where a value is withheld or there is none; bounds NaN
        where n < 2, or the values are too skewed or all alike.

    Raises
    ------
    ValueError
        Confidence must be between 0 and 1; values must be one-dimensional.

    References
    ----------
    Law (2015), Simulation Modeling and Analysis, 5th ed., eq. 4.12.
    """
    check_confidence(confidence)
    x = vector("values", values)
    n = len(x)
    mean, sd = _moments(x)
    mean, sample = _adjusted(x, mean, sd, controls)
    ((below, above, enough),) = _ends([sample], confidence)
    return Interval(mean, mean - below, mean + above, n, enough, same=sample.sd == 0)


def paired_difference(
    baseline: ArrayLike, other: ArrayLike, confidence: float = 0.95, controls: Floats | None = None
) -> Difference:
    """Return the mean of other minus baseline, replication by replication, and its interval.

    Parameters
    ----------
    baseline, other : array_like, shape (n,)
        One value a replication; equal places are the same replication, on the same random numbers.
    confidence : float
        Between 0 and 1, both excluded.
    controls : ndarray, shape (n, q), optional
        Draws of known mean that the difference is adjusted for.

    Returns
    -------
    Difference
        In the unit of the values. All NaN where any value is NaN or infinite. Equal vectors give
        estimate 0 and no interval.

    Raises
    ------
    ValueError
        Confidence must be between 0 and 1; the two must be one-dimensional and of one length.

    References
    ----------
    Law (2015), Simulation Modeling and Analysis, 5th ed., sections 10.2.1 (paired t) and 11.2
    (common random numbers).
    """
    check_confidence(confidence)
    d, sample = _paired(baseline, other, controls)
    ((below, above, enough),) = _ends([sample], confidence)
    return replace(d, low=d.estimate - below, high=d.estimate + above, enough=enough)


class _Sample(NamedTuple):
    """Values of one mean and their standard deviation; with controls, also what these leave of the values."""

    values: Floats
    sd: float
    residuals: Floats | None = None
    n_controls: int = 0


def _adjusted(x: Floats, mean: float, sd: float, controls: Floats | None) -> tuple[float, _Sample]:
    """Return the mean of values, adjusted for controls where there are any and the values vary, and their sample."""
    if controls is None or not sd > 0:
        return mean, _Sample(x, sd)
    estimate, error, residuals = fit(x, controls)
    return estimate, _Sample(x, error * math.sqrt(len(x)), residuals, controls.shape[1])


def _paired(baseline: ArrayLike, other: ArrayLike, controls: Floats | None = None) -> tuple[Difference, _Sample]:
    """Return a paired difference without its interval, and the differences of single replications."""
    x, y = vector("baseline", baseline), vector("other", other)
    if len(x) != len(y):
        raise ValueError(f"other must be of the length of baseline, {len(x)}, got {len(y)}")
    n = len(x)
    if not np.isfinite(x).all() or not np.isfinite(y).all():
        return Difference.withheld(n), _Sample(np.full(n, math.nan), math.nan)
    gaps = y - x
    mean, sd = _moments(gaps, max(np.abs(x).max(), np.abs(y).max()) if n else 0.0)
    correlation, ratio = _pairing(x, y, sd)
    d = Difference(mean, math.nan, math.nan, n, sd, correlation, ratio)
    estimate, sample = _adjusted(gaps, mean, sd, controls)
    if sample.residuals is None:
        return d, sample
    left, q = sample.sd, sample.n_controls
    d = replace(d, estimate=estimate, sd=left, n_controls=q, controlled_ratio=ratio * (left / sd) ** 2)
    return d, sample


def simultaneous(
    pairs: Iterable[tuple[ArrayLike, ArrayLike]],
    confidence: float = 0.95,
    controls: Iterable[Floats | None] | None = None,
    claimed: int | None = None,
) -> list[Difference]:
    """Return the paired differences of one table, with intervals that hold simultaneously.

    With at least the stated confidence *all* intervals hold at once, for any dependence
    between them (Bonferroni).

    Parameters
    ----------
    pairs : iterable of (baseline, other)
        As for `paired_difference`.
    confidence : float
        Joint confidence, between 0 and 1, both excluded.
    controls : iterable of (ndarray, shape (n, q), or None), optional
        For each pair, the controls that its difference is adjusted for, as for `sim.statistics.controls.fit`.
    claimed : int, optional
        How many of the pairs, from the first, something was said of beforehand: their intervals alone hold
        simultaneously and are returned. The others show how skewed the family is. By default all.

    Returns
    -------
    list of Difference
        In the order of the claimed pairs. Those without an interval (withheld, n < 2, or without spread) stay NaN and
        are not counted in the family size, as they claim nothing. Too skewed ones have no interval but are
        counted: whether they have one is not known before.

    Raises
    ------
    ValueError
        As of `paired_difference`.

    References
    ----------
    Law (2015), section 9.7 (Bonferroni).
    """
    check_confidence(confidence)
    pairs = list(pairs)
    each = [None] * len(pairs) if controls is None else controls
    singles = [_paired(baseline, other, one) for (baseline, other), one in zip(pairs, each, strict=True)]
    n_claimed = len(singles) if claimed is None else claimed
    differences = [d for d, _ in singles[:n_claimed]]
    members = [i for i, d in enumerate(differences) if d.sd > 0]
    others = [sample for d, sample in singles[n_claimed:] if d.sd > 0]
    ends = _ends([*(singles[i][1] for i in members), *others], confidence, len(members))
    for i, (below, above, enough) in zip(members, ends, strict=True):
        d = differences[i]
        low, high = d.estimate - below, d.estimate + above
        differences[i] = replace(d, low=low, high=high, enough=enough, family_size=len(members))
    return differences


def _ends(samples: Sequence[_Sample], confidence: float, family: int | None = None) -> list[tuple[float, float, int]]:
    """Return how far the intervals of a family reach below and above their means, and how many replications are enough.

    All samples show how skewed such values are; the first `family` of them, by default all, get intervals that hold
    together.

    NaN where there is none: of a single value, of values that are all alike, and of those too skewed for their number,
    of which alone it is said how many would be enough. The family counts these too. What controls leave of skewed
    values looks less skewed than the law it is of where the two are not linear, so that a side is as wide as the values
    or what is left of them ask for.
    """
    numbers = np.maximum([len(one.values) for one in samples], 2)
    left = [one._replace(values=one.values if one.residuals is None else one.residuals) for one in samples]
    both = np.stack([_skews(samples, numbers), _skews(left, numbers)])
    factors, skews = skewness.widenings(both, numbers).max(axis=0), np.abs(both).max(axis=0)
    too_wide = np.asarray(skewness.too_wide(both, numbers).any(axis=0))
    ends = []
    n_together = len(samples) if family is None else family
    sides = zip(samples, skews.tolist(), factors.tolist(), too_wide.tolist(), strict=True)
    for one, g, (below, above), is_none in list(sides)[:n_together]:
        half = half_width(one.sd, len(one.values), confidence, n_together, one.n_controls)
        if not half > 0:
            ends.append((math.nan, math.nan, 0))
        elif is_none:
            enough = skewness.enough(g, float(skewness.shared(skews, numbers)), len(one.values))
            ends.append((math.nan, math.nan, enough))
        else:
            ends.append((below * half, above * half, 0))
    return ends


def _skews(samples: Sequence[_Sample], numbers: Ints) -> Floats:
    """Return the skewness of the values of each sample, 0 without spread."""
    skews = np.zeros(len(samples))
    for n in set(numbers.tolist()):
        alike = [i for i, one in enumerate(samples) if numbers[i] == n and one.sd > 0]
        if alike:
            skews[alike] = skewness.skewness(np.array([samples[i].values for i in alike]))
    return skews


def vector(name: str, values: ArrayLike) -> Floats:
    """Return the values as a vector, or raise if they are not one-dimensional."""
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {x.shape}")
    return x


def longer_side(estimate: float, low: float, high: float) -> float:
    """Return the longer side of an interval, with which "±" does not say too little."""
    return max(high - estimate, estimate - low)


def check_confidence(confidence: float) -> None:
    """Raise unless a confidence is between 0 and 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")


def _moments(x: Floats, size: float = 0.0) -> tuple[float, float]:
    """Return mean and standard deviation, NaN if undefined; values are as exact as others of this size."""
    if not len(x) or not np.isfinite(x).all():
        return math.nan, math.nan
    if (x == x[0]).all():  # the mean of equal floats need not be that float
        return float(x[0]), 0.0 if len(x) > 1 else math.nan
    is_rounding = np.ptp(x) <= ROUNDING * max(size, np.abs(x).max())
    return float(x.mean()), 0.0 if is_rounding else float(x.std(ddof=1))


def half_width(sd: float, n: int, confidence: float, family_size: int = 1, controls: int = 0) -> float:
    """Return Student's half-width of one of `family_size` intervals of a joint confidence."""
    from scipy.special import stdtrit

    if n < 2:
        return math.nan
    tail = (1 - confidence) / (2 * family_size)
    return -float(stdtrit(n - controls - 1, tail)) * sd / math.sqrt(n)


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
