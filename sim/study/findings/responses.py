"""The responses of a study over its settings: those of one pilot, or differences of another from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sim.language import N_, gettext
from sim.statistics import responses
from sim.study.budget.adjusting import UNADJUSTED, matrix
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.arrays import Floats
    from sim.config.report import Response
    from sim.study.budget.adjusting import Adjusted
    from sim.study.budget.runs import Runs
    from sim.study.points.composer import Point
    from sim.study.points.plan import Plan
    from sim.study.withholding import Rule, Withheld


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
    why = {number: reason(plan, runs, rule, response, *mine) for number, mine in points.items()}
    judged = judged_as(plan.report, response)
    values = {n: rule.counted(judged, points[n][0].name) for n, text in why.items() if not text}
    return responses.Response(str(response), runs.unit(response), values, {n: text for n, text in why.items() if text})


def _difference(plan: Plan, runs: Runs, rule: Rule, response: Response, which: int) -> responses.Response:
    """Return the paired difference of a response at every setting, of a pilot less the first."""
    values: dict[int, Floats] = {}
    why: dict[int, str] = {}
    for number in range(len(plan.settings.all)):
        points = plan.at(number)
        pair = points[0], points[which]
        if text := reason(plan, runs, rule, response, *pair):
            why[number] = text
        else:
            n = min(runs.count(p.name) for p in pair)
            first, other = (rule.counted(judged_as(plan.report, response), p.name)[:n] for p in pair)
            values[number] = other - first
    return responses.Response(str(response), runs.unit(response), values, why)


def reason(plan: Plan, runs: Runs, rule: Rule, response: Response, *points: Point) -> str:
    """Return why nothing follows from a response at points (infeasible, failed, withheld), or an empty text."""
    for point in points:
        if why := point.why or runs.failures.get(point.name, ""):
            return why
        if not runs.count(point.name):
            return rule.noted(partial(gettext, N_("not run")))
    withheld = rule.why(judged_as(plan.report, response), *(point.name for point in points))
    if withheld is None:
        judged = judged_as(plan.report, response)
        whole = all(np.isfinite(rule.counted(judged, point.name)).all() for point in points)
        return "" if whole else rule.noted(partial(gettext, N_("nothing to count in some replication")))
    return rule.noted(partial(_of_setting, withheld, {point.name: point.base for point in points}))


def _of_setting(withheld: Withheld, bases: Mapping[str, str]) -> str:
    """Return a reason at a setting, which says which points they are: of two it names the pilots."""
    by_pilot = replace(withheld, shares={bases.get(name, name): share for name, share in withheld.shares.items()})
    words = str(by_pilot) if len(bases) > 1 else withheld.words(lambda _: "")
    return " ".join(words.split()).replace(" ,", ",")
