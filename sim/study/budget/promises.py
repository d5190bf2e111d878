"""Whether the points of a study keep what it promises: known to, known not to, or not known.

Values that are the same in every replication show no spread, so that nothing is known by an interval: a promise that
they keep is kept as far as is seen. Of a share, which has a least and a greatest value, they may show enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sim.language import N_, both, gettext
from sim.measures.dictionary import SHARES
from sim.report.tables import scale_of, with_its_unit
from sim.statistics.bounded import share_bounds
from sim.study.budget.adjusting import adjustments, mean_of
from sim.study.budget.withholding import rule_of
from sim.study.headlines.definitions import value_text
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.arrays import Floats
    from sim.config.report import Response
    from sim.config.study_schema import Promise
    from sim.statistics.intervals import Difference, Interval
    from sim.statistics.reasons import Reason
    from sim.study.budget.adjusting import Adjusted
    from sim.study.budget.runs import Runs
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened
    from sim.study.withholding import Rule, Withheld


@dataclass(frozen=True)
class Broken:
    """Why a point is no choice: the promises that it breaks, or may break, each with what says what the point has.

    `message` has a place for them.
    """

    each: tuple[Callable[[], str], ...]
    message: str

    def words(self) -> str:
        """Return what is broken, in the language that is spoken."""
        return gettext(self.message, which=both(say() for say in self.each))


BREAKS, MAY_BREAK = N_("breaks its promise: {which}"), N_("may break its promise: {which}")
TOO_FEW = N_("every replication keeps its promise, too few to be sure: {which}")


@dataclass(frozen=True)
class Promised:
    """What is known of a point and its promises.

    Attributes
    ----------
    keeps
        True: known to keep all of them. False: known to break one. None: it may do either, or nothing is promised.
    why
        What it breaks, may break, or is not known of; None where it keeps all, or where nothing is promised.
    open
        The responses whose promises are not known to be kept.
    as_seen
        The responses whose promises were kept by the same value in every replication, where more is not known. Where
        nothing else is open, the point may be chosen, without a guarantee.
    kept_in
        In how many replications it keeps all of them; None where nothing is promised, or too little is known.
    """

    keeps: bool | None
    why: Reason | None = None
    open: tuple[Response, ...] = ()
    as_seen: tuple[Response, ...] = ()
    kept_in: int | None = None

    @property
    def is_choice(self) -> bool:
        """Return whether the point may be called best, starred or chosen: nothing speaks for its breaking a promise."""
        return self.why is None


def promised(
    plan: Plan, runs: Runs, screened: Mapping[str, Screened], names: Sequence[str] | None = None
) -> dict[str, Promised]:
    """Return what is known of every point that was run, or of some, and its promises.

    A promise is known to be kept or broken where the whole interval of the mean lies on that side of its bound; the
    intervals of all promises of all points hold together (Bonferroni), and are adjusted as all means of the study are.
    A share without such an interval has bounds that hold for any law.
    """
    if not plan.study.promises:
        return {name: Promised(None) for name in names or runs.complete}
    rule = rule_of(plan, runs, screened)
    adjusted = adjustments(plan, runs, rule)
    return {name: _promised(plan, runs, rule, adjusted, name) for name in names or runs.complete}


def _promised(plan: Plan, runs: Runs, rule: Rule, adjusted: Mapping[Response, Adjusted], name: str) -> Promised:
    """Return what is known of one point and its promises, among all points of the study."""
    broken: list[Callable[[], str]] = []
    unknown: list[Callable[[], str]] = []
    open_: list[Response] = []
    as_seen: list[Response] = []
    confidence, kept_by = confidence_of_each(plan, runs), []
    for response, promise in plan.study.promises.items():
        if why := rule.why(judged_as(plan.report, response), name):
            unknown.append(partial(_unknown, plan, response, why))
            open_.append(response)
            continue
        interval = mean_of(plan, runs, rule, adjusted, name, response, confidence)
        values = rule.known(judged_as(plan.report, response), name)[0]
        kept = side(interval, promise, values, response, confidence)
        kept_by.append([promise.kept(value) for value in rule.counted(judged_as(plan.report, response), name).tolist()])
        if kept is None and interval.same and promise.kept(interval.estimate):
            as_seen.append(response)
        elif kept is not True:
            say = partial(_beside, plan, response, interval, runs.unit(response))
            (unknown if kept is None else broken).append(say)
            open_.append(response)
    kept_in = sum(map(all, zip(*kept_by, strict=True))) if len(kept_by) == len(plan.study.promises) else None
    if broken:
        return Promised(False, Broken(tuple(broken), BREAKS), tuple(open_), kept_in=kept_in)
    if unknown:
        message = TOO_FEW if kept_in == runs.count(name) else MAY_BREAK
        return Promised(None, Broken(tuple(unknown), message), tuple(open_), kept_in=kept_in)
    return Promised(None if as_seen else True, as_seen=tuple(as_seen), kept_in=kept_in)


def confidence_of_each(plan: Plan, runs: Runs) -> float:
    """Return the confidence of the interval of one promise of one point, with which those of all hold together."""
    return 1 - (1 - plan.confidence) / (len(runs.keys) * len(plan.study.promises))


def _unknown(plan: Plan, response: Response, why: Withheld) -> str:
    """Return why it is not known of a response whether it keeps its promise."""
    return gettext("{response} is withheld: {why}", response=plan.report.words(response), why=why)


def _beside(plan: Plan, response: Response, interval: Interval, unit: str) -> str:
    """Return a response beside its promise."""
    value = against(interval, plan.study.promises[response], unit)
    return gettext("{response} {value}", response=plan.report.words(response), value=value)


def side(
    interval: Interval | Difference, promise: Promise, values: Floats, response: Response, confidence: float
) -> bool | None:  # fmt: skip
    """Return whether a mean is known to lie on the side of a bound that keeps a promise; None: it is not known.

    By its interval; a share without one, by the bounds that its values give a share.
    """
    ends = (interval.low, interval.high)
    if interval.why_none and response.measure in SHARES:
        ends = share_bounds(values, confidence)
    sides = {promise.kept(end) for end in ends}
    return sides.pop() if np.isfinite(ends).all() and len(sides) == 1 else None


def against(interval: Interval | Difference, promise: Promise, unit: str) -> str:
    """Return a mean beside the bound of its promise in words."""
    value = value_text(interval, unit, interval_too=math.isfinite(interval.low) or interval.same)
    return gettext("{value}, where {bound} is promised", value=value, bound=bound(promise, unit))


def bound(promise: Promise, unit: str) -> str:
    """Return the bound of a promise in words."""
    factor, name, _ = scale_of(unit)
    value = with_its_unit(f"{factor * promise.bound:g}", name)
    return (
        gettext("at least {value}", value=value) if promise.at_most is None else gettext("at most {value}", value=value)
    )


def bounds(plan: Plan, units: Mapping[Response, str]) -> str:
    """Return all promises of a study in words."""
    return both(
        gettext("{response} {value}", response=plan.report.words(response), value=bound(one, units.get(response, "")))
        for response, one in plan.study.promises.items()
    )
