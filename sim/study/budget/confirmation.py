"""A choice seen again on fresh chance: the replications that led to it say too much good of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from sim.language import N_
from sim.statistics.best import LEAST_FIRST
from sim.statistics.intervals import exactly, mean_interval, paired_difference
from sim.study import replications
from sim.study.budget.choice import Fate, smaller_is_better
from sim.study.budget.promises import side
from sim.study.budget.withholding import rule_of
from sim.study.controls import controls_of, where_they_pay
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config import Pilot
    from sim.config.report import Response
    from sim.statistics.intervals import Difference, Interval
    from sim.study.budget.choice import Choice
    from sim.study.budget.runs import Runs
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened
    from sim.study.withholding import Rule

NEXT_SEED = 1
"""What is added to the seed of a study for fresh chance: every seed has streams of its own."""


class Reason(StrEnum):
    """What a choice is held to on fresh chance."""

    MEAN = "what it was searched for"  # told, and held to nothing
    PROMISE = "promise"
    RIVAL = "no worse than the next best, beyond the zone"


@dataclass(frozen=True)
class Seen:
    """What fresh replications say of one reason for a choice.

    Attributes
    ----------
    reason, response
        Why, and what was measured.
    rival
        The point that the chosen one is compared with; empty where there is none.
    interval
        Of the mean, or of the chosen point less its rival; all of a choice hold together.
    holds
        Whether the reason is known to hold, or known not to (False); None: they do not tell.
    as_seen
        Whether it holds by the same value in every replication, which does not tell how it varies.
    """

    reason: Reason
    response: Response
    rival: str
    interval: Interval | Difference
    holds: bool | None
    as_seen: bool = False


@dataclass(frozen=True)
class Confirmation:
    """What fresh replications, which no search has seen, say of a choice.

    Attributes
    ----------
    seed, n
        Their seed and number.
    seen
        One a reason.
    failure
        Why there are none; empty if there are.
    """

    seed: int
    n: int
    seen: tuple[Seen, ...]
    failure: str = ""

    @property
    def holds(self) -> bool | None:
        """Return whether all reasons are known to hold, or some known not to (False); None: it is not told."""
        known = [one.holds for one in self.seen if one.reason is not Reason.MEAN]
        if False in known:
            return False
        return True if known and None not in known else None

    @property
    def as_seen(self) -> bool:
        """Return whether all reasons hold, those that are not known to by the same value in every replication."""
        held = [one.holds or one.as_seen for one in self.seen if one.reason is not Reason.MEAN]
        return self.holds is None and bool(held) and all(held)


def on_fresh_chance(pilot: Pilot) -> Pilot:
    """Return a design whose replications are other ones than those of a study: of the next seed."""
    run = pilot.run.model_copy(update={"seed": pilot.run.seed + NEXT_SEED})
    return pilot.model_copy(update={"run": run})


def keys(runs: Runs) -> dict[str, str]:
    """Return the keys of all fresh replications that a study may keep, by names of their own."""
    return {
        f"{name} on fresh chance": replications.key(on_fresh_chance(pilot), runs.own)
        for name, pilot in runs.pilots.items()
    }


def confirmed(
    plan: Plan, runs: Runs, screened: Mapping[str, Screened], choices: Sequence[Choice]
) -> list[Confirmation | None]:
    """Return what fresh replications of each chosen point, and of the one next to it, say of the choice.

    None where nothing is chosen.
    """
    return [
        None if choice.chosen is None else _confirmation(plan, runs, screened, choice, choice.chosen)
        for choice in choices
    ]


def _confirmation(
    plan: Plan, runs: Runs, screened: Mapping[str, Screened], choice: Choice, chosen: str
) -> Confirmation:
    """Run a chosen point and its rival on another seed, and return what they say."""
    wanted = plan.study.choose
    assert wanted is not None
    rival = _rival(plan, rule_of(plan, runs, screened), choice)
    names = [chosen, *([rival] if rival else [])]
    pilots = {name: on_fresh_chance(runs.pilots[name]) for name in names}
    for pilot in pilots.values():
        replications.describe(runs.archive, pilot, runs.own)
    n = min(max(wanted.first, LEAST_FIRST), wanted.most)
    fresh = runs.others(pilots)
    fresh.ensure(dict.fromkeys(names, n), N_("fresh replications of the choice"))
    runs.count_in(fresh)
    seed = pilots[chosen].run.seed
    if fresh.failures:
        return Confirmation(seed, n, (), next(iter(fresh.failures.values())))
    return Confirmation(seed, n, tuple(_seen(plan, fresh, screened, choice, chosen, rival)))


def _rival(plan: Plan, rule: Rule, choice: Choice) -> str:
    """Return the point with the best mean of those that a search for the best left behind; empty if there is none."""
    response = choice.response
    left = [one.name for one in choice.candidates if one.fate in (Fate.BEATEN, Fate.NOT_DISTINGUISHED)]
    if response is None or not left:
        return ""
    sign, judged = 1 if _smaller(plan) else -1, judged_as(plan.report, response)
    return min(left, key=lambda name: sign * float(np.mean(rule.known(judged, name)[0])))


def _smaller(plan: Plan) -> bool:
    """Return whether less is better of what the best is searched by."""
    wanted = plan.study.choose
    assert wanted is not None
    assert wanted.best is not None
    return smaller_is_better(wanted.best, plan.report)


def _seen(
    plan: Plan, fresh: Runs, screened: Mapping[str, Screened], choice: Choice, chosen: str, rival: str
) -> list[Seen]:
    """Return what fresh replications say of the mean that was searched for, of every promise, and of the rival."""
    response, promises = choice.response, plan.study.promises
    has_difference = response is not None and response not in promises
    n = has_difference + len(promises) + bool(rival)
    confidence = 1 - (1 - plan.confidence) / n
    rule = rule_of(plan, fresh, screened)

    def mean(of: Response, *less: str) -> Interval | Difference:
        """Return the mean of a response of the chosen point, or of what it has more than another."""
        judged = judged_as(plan.report, of)
        known = rule.known(judged, chosen, *less)
        values = known[0] - known[1] if less else known[0]
        controls = controls_of(fresh.values, [chosen, *less], of) if plan.report.controls else None
        by = where_they_pay(controls, confidence, [values])
        taken = by.values if by and len(values) == len(by.values) else None
        if less:
            return rule.exactly(judged, paired_difference(known[1], known[0], confidence, taken))
        return rule.exactly(judged, mean_interval(values, confidence, taken))

    seen = []
    if response is not None and has_difference:
        seen.append(Seen(Reason.MEAN, response, "", mean(response), None))
    if response is not None and rival:
        difference = mean(response, rival)
        as_seen = difference.same and _no_worse(plan, exactly(difference)) is True
        seen.append(Seen(Reason.RIVAL, response, rival, difference, _no_worse(plan, difference), as_seen))
    for promised, promise in promises.items():
        interval = mean(promised)
        values = rule.known(judged_as(plan.report, promised), chosen)[0]
        as_seen = interval.same and promise.kept(interval.estimate)
        holds = side(interval, promise, values, promised, confidence)
        seen.append(Seen(Reason.PROMISE, promised, "", interval, holds, as_seen))
    return seen


def _no_worse(plan: Plan, difference: Interval | Difference) -> bool | None:
    """Return whether a point is known to be no worse than its rival by more than the zone, or known to be worse."""
    wanted = plan.study.choose
    assert wanted is not None
    assert wanted.best is not None
    ends = (difference.low, difference.high) if _smaller(plan) else (-difference.high, -difference.low)
    if ends[1] <= wanted.best.zone:
        return True
    return False if ends[0] > wanted.best.zone else None
