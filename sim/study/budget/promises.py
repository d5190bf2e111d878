"""Whether the points of a study keep what it promises: known to, known not to, or not known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.report.tables import scale_of
from sim.study.budget.adjusting import adjustments, mean_of
from sim.study.budget.withholding import rule_of
from sim.study.headlines.definitions import value_text
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config.report import Response
    from sim.config.study_schema import Promise
    from sim.statistics.intervals import Interval
    from sim.study.budget.adjusting import Adjusted
    from sim.study.budget.runs import Runs
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened
    from sim.study.withholding import Rule


@dataclass(frozen=True)
class Promised:
    """What is known of a point and its promises.

    Attributes
    ----------
    keeps
        True: known to keep all of them. False: known to break one. None: it may do either, or nothing is promised.
    why
        What it breaks, may break, or is not known of; empty where it keeps all, or where nothing is promised.
    open
        The responses whose promises are not known to be kept.
    """

    keeps: bool | None
    why: str = ""
    open: tuple[Response, ...] = ()

    @property
    def is_choice(self) -> bool:
        """Return whether the point may be called best, starred or chosen: it breaks no promise, and may break none."""
        return not self.why


def promised(
    plan: Plan, runs: Runs, screened: Mapping[str, Screened], names: Sequence[str] | None = None
) -> dict[str, Promised]:
    """Return what is known of every point that was run, or of some, and its promises.

    A promise is known to be kept or broken where the whole interval of the mean lies on that side of its bound; the
    intervals of all promises of all points hold together (Bonferroni), and are adjusted as all means of the study are.
    """
    if not plan.study.promises:
        return {name: Promised(None) for name in names or runs.complete}
    rule = rule_of(plan, runs, screened)
    adjusted = adjustments(plan, runs, rule)
    return {name: _promised(plan, runs, rule, adjusted, name) for name in names or runs.complete}


def _promised(plan: Plan, runs: Runs, rule: Rule, adjusted: Mapping[Response, Adjusted], name: str) -> Promised:
    """Return what is known of one point and its promises, among all points of the study."""
    broken, unknown = list[str](), list[str]()
    open_: list[Response] = []
    family = len(runs.keys) * len(plan.study.promises)
    for response, promise in plan.study.promises.items():
        words = plan.report.words(response)
        if why := rule.why(judged_as(plan.report, response), name):
            unknown.append(f"{words} is withheld: {why}")
            open_.append(response)
            continue
        interval = mean_of(plan, runs, rule, adjusted, name, response, 1 - (1 - plan.confidence) / family)
        kept = side(interval, promise)
        if kept is not True:
            (unknown if kept is None else broken).append(f"{words} {against(interval, promise, runs.unit(response))}")
            open_.append(response)
    if broken:
        return Promised(False, f"breaks its promise: {' and '.join(broken)}", tuple(open_))
    if unknown:
        return Promised(None, f"may break its promise: {' and '.join(unknown)}", tuple(open_))
    return Promised(True)


def side(interval: Interval, promise: Promise) -> bool | None:
    """Return whether an interval lies on the side of a bound that keeps a promise; None where it is on both."""
    ends = {promise.kept(end) for end in (interval.low, interval.high)}
    known = np.isfinite([interval.low, interval.high]).all()
    return ends.pop() if known and len(ends) == 1 else None


def against(interval: Interval, promise: Promise, unit: str) -> str:
    """Return a mean beside the bound of its promise in words."""
    value = value_text(interval, unit, interval_too=math.isfinite(interval.low))
    return f"{value}, where {bound(promise, unit)} is promised"


def bound(promise: Promise, unit: str) -> str:
    """Return the bound of a promise in words."""
    factor, name, _ = scale_of(unit)
    return f"{'at least' if promise.at_most is None else 'at most'} {factor * promise.bound:g} {name}".strip()


def bounds(plan: Plan, units: Mapping[Response, str]) -> str:
    """Return all promises of a study in words."""
    return " and ".join(
        f"{plan.report.words(response)} {bound(one, units.get(response, ''))}"
        for response, one in plan.study.promises.items()
    )
