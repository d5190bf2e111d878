"""Running until wanted half-widths are reached: which targets are met, and how many replications to run next."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from sim.language import N_
from sim.statistics.controls import among_first
from sim.statistics.intervals import mean_interval, paired_difference
from sim.statistics.skewness import skewness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from sim.arrays import Floats, Ints
    from sim.statistics.intervals import Difference, Interval

GROWTH_MOST = 2.0
"""In one round replications are at most multiplied by this: a forecast from few is a bad one."""

GROWTH_LEAST = 1.1
"""And at least by this: rounds of one replication each would be many, and each look at the data costs coverage."""


STOPPED = 0.05
"""A half-width that may stop a run is longer by this share for each unit of skewness: the values that stop one have
missed their long tail more often than others."""


class Kind(StrEnum):
    """The quantity that a half-width belongs to."""

    MEAN = "mean"
    SHARE = "share of the mean"
    DIFFERENCE = "difference to the baseline"


@dataclass(frozen=True)
class Target:
    """The half-width wanted of a response: of its mean or paired difference (its unit), or as a share of |mean|."""

    half_width: float
    kind: Kind = Kind.MEAN


@dataclass(frozen=True)
class Rule:
    """The rule by which a study stops.

    Attributes
    ----------
    confidence : float
        Of each single interval, between 0 and 1.
    first : int
        Replications of a point before anything is judged, at least 2; ten or more are better.
    most : int
        Replications of a point, at least `first`.
    budget : int or None
        Replications of all points together; None is no limit but `most`.
    """

    confidence: float = 0.95
    first: int = 10
    most: int = 200
    budget: int | None = None


class Why(StrEnum):
    """The reason why a target is not met; empty if it is, but for values without spread, which show no precision."""

    MET = ""
    SAME = N_("the same in every replication")
    NOT_YET = N_("more replications are to be run")
    MOST = N_("the most replications of a point are run")
    BUDGET = N_("the budget is spent")
    TOO_SKEWED = N_("the values are too skewed for their number")
    WITHHELD = N_("the measure is withheld")


@dataclass(frozen=True)
class Reached:
    """The precision of a response of a point over its first `n` replications.

    `mean` and `half_width` are of the response, or of its paired difference to the baseline; NaN where withheld.
    `target` is the half-width aimed at in the unit of the response (a share is multiplied by |mean|).
    """

    point: int
    response: str
    n: int
    mean: float
    half_width: float
    target: float
    met: bool
    why: Why


@dataclass(frozen=True)
class Round:
    """The precision reached, and how many replications each point should have in all before the next check.

    `met` (shape (points,)) tells where every target of a point is met; a point without a target is. `replications`
    (shape (points,)) is never below what was run; `finished` where nothing is left to run.
    """

    reached: tuple[Reached, ...]
    met: NDArray[np.bool_]
    replications: Ints
    finished: bool


def next_round(
    samples: Sequence[Mapping[str, ArrayLike]],
    baselines: Sequence[int | None],
    targets: Mapping[str, Target],
    rule: Rule,
    controls: Mapping[str, Floats] = MappingProxyType({}),
) -> Round:
    """Return which targets are met, and how many replications of every point to run next.

    For each target not yet met, the number at which the t half-width would be met if the standard deviation (and mean)
    stay as they are: at most twice as many as now and at least a tenth more, never more than the most. A difference
    needs both its points to be run as far. Where the budget does not do for all, the points with the fewest
    replications come first, evenly. The answer depends on the values and their number alone.

    A response that is not finite in any replication is withheld: its target cannot be met and asks for no
    more. A constant response is met at once.

    A response too skewed for an interval asks for twice as many.

    Stopping by the half-width costs coverage, as it stops sooner where the variance is underestimated: one that may
    stop is taken longer, by `STOPPED`. Measured on 300 to 1,000 sequences each, at 95 % and with 10 replications at
    first, for half-widths of 0.5 and 0.3 standard deviations: the interval that stopped held the mean in 96 and 97 %
    where values are normal, in 97 and 96 % where exponential, in 95 and 93 % where lognormal with CV 2. Intervals are
    single ones: they do not hold together. Draws of known mean that explain half of the variance save a quarter of
    the replications of normal values, and hold as often.

    Parameters
    ----------
    samples : sequence of mapping from response to array_like of shape (n,)
        One a point: the replications so far, all responses of a point equally many; replication r of all points is
        on the same random numbers.
    baselines : sequence of int or None
        The point that is the baseline of each, for targets of differences; None where it has none.
    targets : mapping from response to Target
        At least one.
    rule : Rule
        Confidence and limits.
    controls : mapping from response to ndarray of shape (n, q), optional
        Draws of known mean that the means of a response are adjusted for, at all points.

    Returns
    -------
    Round
        Rows of `reached` by point, then in the order of the targets; a difference has none at a point without baseline.

    Raises
    ------
    ValueError
        A target or a limit is out of its range, a response of a target is missing, or a baseline is no other point.

    References
    ----------
    Law (2015), Simulation Modeling and Analysis, 5th ed., section 9.4.1 (half-width procedures, absolute and relative)
    and eq. 10.1 (paired t). Chow and Robbins (1965), On the asymptotic theory of fixed-width sequential confidence
    intervals for the mean, Annals of Mathematical Statistics 36, 457-462.
    """
    points = _checked(samples, baselines, targets, rule)
    runs = np.array([min(len(values) for values in point.values()) for point in points], dtype=np.int64)
    wanted = np.maximum(runs, rule.first)
    rows: list[Reached] = []
    for i, baseline in enumerate(baselines):
        for response, target in targets.items():
            if target.kind is Kind.DIFFERENCE and baseline is None:
                continue
            ends = [i] if baseline is None or target.kind is not Kind.DIFFERENCE else [i, baseline]
            row, wants = _reached(points, ends, response, target, rule, controls.get(response))
            wanted[ends] = np.maximum(wanted[ends], wants)
            rows.append(row)
    replications = _within_budget(runs, wanted, rule)
    finished = bool((replications == runs).all())
    unmet = Why.BUDGET if finished else Why.NOT_YET
    reached = tuple(replace(row, why=unmet) if row.why is Why.NOT_YET else row for row in rows)
    met = np.ones(len(points), dtype=bool)
    for row in reached:
        met[row.point] &= row.met
    return Round(reached, met, replications, finished)


def run_until(
    draw: Callable[[Ints], Sequence[Mapping[str, ArrayLike]]],
    baselines: Sequence[int | None],
    targets: Mapping[str, Target],
    rule: Rule,
    controls: Callable[[], Mapping[str, Floats]] = dict,
) -> Round:
    """Run all points until every target is met or cannot be met; return the last round.

    Parameters
    ----------
    draw : callable
        Given how many replications each point (shape (points,)) should have in all, returns the first replications of
        each, in that number, as `next_round` takes them. It may keep replications and make only those that are missing.
    baselines, targets, rule
        As for `next_round`.
    controls : callable, optional
        Called after each draw: returns those for `next_round`.

    Raises
    ------
    ValueError
        As for `next_round`; or a draw does not return the numbers asked for.
    """
    nothing: dict[str, ArrayLike] = {response: np.empty(0) for response in targets}
    last_round = next_round([nothing] * len(baselines), baselines, targets, rule)
    while not last_round.finished:
        samples = draw(last_round.replications)
        for i, (point, number) in enumerate(zip(samples, last_round.replications, strict=True)):
            for response in targets:
                if len(np.asarray(point[response])) != number:
                    got = len(np.asarray(point[response]))
                    raise ValueError(f"draw must return {number} replications of {response} of point {i}, got {got}")
        last_round = next_round(samples, baselines, targets, rule, controls())
    return last_round


def _reached(
    points: Sequence[Mapping[str, Floats]],
    ends: list[int],
    response: str,
    target: Target,
    rule: Rule,
    controls: Floats | None,
) -> tuple[Reached, int]:
    """Return the precision of a point (with its baseline, the second end), and the replications wanted in all."""
    values = [points[i][response] for i in ends]
    n = min(len(one) for one in values)
    withheld = not all(np.isfinite(one).all() for one in values)
    by = among_first(controls, n)
    interval: Interval | Difference = mean_interval(values[0][:n], rule.confidence, by)
    if len(values) > 1:
        interval = paired_difference(values[1][:n], values[0][:n], rule.confidence, by)
    mean, half = (math.nan, math.nan) if withheld else (interval.estimate, interval.half_width)
    half = 0.0 if interval.same else half * _longer([one[:n] for one in values])
    aim = target.half_width * (abs(mean) if target.kind is Kind.SHARE else 1.0)
    met = n >= rule.first and half <= aim
    why, wants = Why.MET, n
    if withheld:
        why = Why.WITHHELD
    elif not met:
        why, wants = Why.NOT_YET, _wanted(half, n, aim, rule)
        if n >= rule.most:
            why = Why.TOO_SKEWED if math.isnan(half) else Why.MOST
    elif half == 0:
        why = Why.SAME
    return Reached(ends[0], response, n, mean, half, aim, met, why), wants


def _longer(values: list[Floats]) -> float:
    """Return how many times as long a half-width that may stop a run is as one of a fixed number of replications."""
    gaps = values[0] - values[1] if len(values) > 1 else values[0]
    return 1 + STOPPED * abs(float(skewness(gaps))) if len(gaps) else 1.0


def _wanted(half: float, n: int, aim: float, rule: Rule) -> int:
    """Return the replications in all that a target not yet met wants before the next check."""
    if n < rule.first:
        return rule.first
    least, most = math.ceil(GROWTH_LEAST * n), int(GROWTH_MOST * n)
    needed = n * (half / aim) ** 2 if aim > 0 and math.isfinite(half) else math.inf
    return min(math.ceil(max(min(needed, most), least)), rule.most)


def _within_budget(runs: Ints, wanted: Ints, rule: Rule) -> Ints:
    """Return the replications that the budget allows: points with the fewest are raised first, evenly."""
    if rule.budget is None or wanted.sum() <= rule.budget:
        return wanted
    level, above = 0, int(wanted.max())
    while above - level > 1:  # the budget allows this level, and not the one above
        middle = (level + above) // 2
        allowed = np.maximum(runs, np.minimum(wanted, middle)).sum() <= rule.budget
        level, above = (middle, above) if allowed else (level, middle)
    return np.maximum(runs, np.minimum(wanted, level))


def _checked(
    samples: Sequence[Mapping[str, ArrayLike]],
    baselines: Sequence[int | None],
    targets: Mapping[str, Target],
    rule: Rule,
) -> list[dict[str, Floats]]:
    """Return the values of the targets' responses by point, or raise if an argument is out of range."""
    _check_rule(rule, len(baselines))
    if not targets:
        raise ValueError("targets must be at least one, got none")
    for response, target in targets.items():
        if not 0 < target.half_width < math.inf:
            raise ValueError(f"half_width of {response} must be above 0, got {target.half_width:g}")
    if len(samples) != len(baselines):
        raise ValueError(f"baselines must be one a point, {len(samples)}, got {len(baselines)}")
    for i, baseline in enumerate(baselines):
        if baseline is not None and (baseline == i or not 0 <= baseline < len(samples)):
            raise ValueError(f"baseline of point {i} must be another point, got {baseline}")
    return [_responses(i, point, targets) for i, point in enumerate(samples)]


def _responses(i: int, point: Mapping[str, ArrayLike], targets: Mapping[str, Target]) -> dict[str, Floats]:
    """Return the values of the targets' responses at a point."""
    values = {}
    for response in targets:
        if response not in point:
            raise ValueError(f"samples of point {i} must have {response}, got {', '.join(point) or 'none'}")
        values[response] = np.asarray(point[response], dtype=np.float64)
        if values[response].ndim != 1:
            raise ValueError(f"{response} of point {i} must be of shape (n,), got {values[response].shape}")
    numbers = {len(one) for one in values.values()}
    if len(numbers) > 1:
        raise ValueError(f"responses of point {i} must be equally many, got {sorted(numbers)}")
    return values


def _check_rule(rule: Rule, points: int) -> None:
    """Raise if a limit is out of range."""
    if not points:
        raise ValueError("points must be at least one, got none")
    if not 0 < rule.confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {rule.confidence:g}")
    if rule.first < 2:
        raise ValueError(f"first must be at least 2, got {rule.first}")
    if rule.most < rule.first:
        raise ValueError(f"most must be at least first, {rule.first}, got {rule.most}")
    if rule.budget is not None and rule.budget < rule.first * points:
        raise ValueError(f"budget must be at least first of every point, {rule.first * points}, got {rule.budget}")
