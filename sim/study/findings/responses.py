"""The responses of a study over its settings: those of one pilot, or differences of another from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.language import N_
from sim.statistics import responses
from sim.statistics.reasons import NOT_RUN, OfError, Text
from sim.study.budget.adjusting import UNADJUSTED, matrix
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.arrays import Floats
    from sim.config.report import Response
    from sim.statistics.reasons import Reason
    from sim.study.budget.adjusting import Adjusted
    from sim.study.budget.runs import Runs
    from sim.study.points.composer import Point
    from sim.study.points.plan import Plan
    from sim.study.withholding import Rule, Withheld

SOMEWHERE_NOTHING = Text(N_("nothing to count in some replication"))


@dataclass(frozen=True)
class ResponseBySetting:
    """A response of a pilot over the settings of a study, or its difference from another pilot's.

    Attributes
    ----------
    response
        Its measure and group.
    pilot
        The pilot that has it, or that differs.
    against
        The pilot from which it differs; empty for the response itself.
    values
        By setting.
    confidence
        Of its intervals, each on its own.
    """

    response: Response
    pilot: str
    against: str
    values: responses.Response
    confidence: float


def responses_by_setting(
    plan: Plan, runs: Runs, rule: Rule, adjusted: Mapping[Response, Adjusted] = UNADJUSTED
) -> list[ResponseBySetting]:
    """Return every response under the only pilot, or the difference of each other pilot from the first.

    A setting of which nothing follows has no value, and says why: no effect, index or curve is made of it. `adjusted`
    says what the means of responses are adjusted for.
    """
    first, *others = plan.study.pilots
    made = []
    for response in plan.study.responses:
        if not others:
            values = replace(_measured(plan, runs, rule, response), controls=matrix(adjusted, response))
            made.append(ResponseBySetting(response, first, "", values, plan.confidence))
        for number, other in enumerate(others, 1):
            values = replace(_difference(plan, runs, rule, response, number), controls=matrix(adjusted, response))
            made.append(ResponseBySetting(response, other, first, values, plan.confidence))
    return made


def _measured(plan: Plan, runs: Runs, rule: Rule, response: Response) -> responses.Response:
    """Return a response at every setting, under the only pilot."""
    points = {number: (plan.at(number)[0],) for number in range(len(plan.settings.all))}
    found = {number: reason(plan, runs, rule, response, *mine) for number, mine in points.items()}
    why = {number: one for number, one in found.items() if one is not None}
    judged = judged_as(plan.report, response)
    values = {number: rule.counted(judged, points[number][0].name) for number in points if number not in why}
    return responses.Response(str(response), runs.unit(response), values, why, exact=rule.is_exact(judged))


def _difference(plan: Plan, runs: Runs, rule: Rule, response: Response, which: int) -> responses.Response:
    """Return the paired difference of a response at every setting, of a pilot less the first."""
    values: dict[int, Floats] = {}
    why: dict[int, Reason] = {}
    for number in range(len(plan.settings.all)):
        points = plan.at(number)
        pair = points[0], points[which]
        if known := reason(plan, runs, rule, response, *pair):
            why[number] = known
        else:
            n = min(runs.count(p.name) for p in pair)
            first, other = (rule.counted(judged_as(plan.report, response), p.name)[:n] for p in pair)
            values[number] = other - first
    exact = rule.is_exact(judged_as(plan.report, response))
    return responses.Response(str(response), runs.unit(response), values, why, exact=exact)


def reason(plan: Plan, runs: Runs, rule: Rule, response: Response, *points: Point) -> Reason | None:
    """Return why nothing follows from a response at points (infeasible, failed, withheld), or None."""
    for point in points:
        if why := point.why or runs.failures.get(point.name, ""):
            return OfError(why)
        if not runs.count(point.name):
            return NOT_RUN
    judged = judged_as(plan.report, response)
    withheld = rule.why(judged, *(point.name for point in points))
    if withheld is not None:
        return AtSetting(withheld.calling({point.name: point.base for point in points}), alone=len(points) == 1)
    whole = all(np.isfinite(rule.counted(judged, point.name)).all() for point in points)
    return None if whole else SOMEWHERE_NOTHING


@dataclass(frozen=True)
class AtSetting:
    """Why nothing follows from a response at a setting, which says which points they are: of two it names the pilots.

    `alone`: the setting has a single point.
    """

    withheld: Withheld
    alone: bool

    def words(self) -> str:
        """Return the reason in the language that is spoken."""
        words = self.withheld.words(lambda _: "") if self.alone else self.withheld.words()
        return " ".join(words.split()).replace(" ,", ",")
