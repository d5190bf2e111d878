"""The responses of a study over its settings: those of one pilot, or differences of another from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.measures.dictionary import DUTIES
from sim.statistics import responses

if TYPE_CHECKING:
    from sim.arrays import Floats
    from sim.config.report import Response
    from sim.study.budget.runs import Runs
    from sim.study.points.composer import Point
    from sim.study.points.plan import Plan


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


def responses_by_setting(plan: Plan, runs: Runs) -> list[ResponseBySetting]:
    """Return every response under the only pilot, or the difference of each other pilot from the first."""
    first, *others = plan.study.pilots
    made = []
    for response in plan.study.responses:
        if not others:
            made.append(ResponseBySetting(response, first, "", _measured(plan, runs, response), plan.confidence))
        for number, other in enumerate(others, 1):
            values = _difference(plan, runs, response, number)
            made.append(ResponseBySetting(response, other, first, values, plan.confidence))
    return made


def _measured(plan: Plan, runs: Runs, response: Response) -> responses.Response:
    """Return a response at every setting, under the only pilot."""
    points = {number: plan.at(number)[0] for number in range(len(plan.settings.all))}
    values = {number: runs.values(p.name, response) for number, p in points.items() if _is_run(runs, p)}
    why = {number: reason(runs, p, response) for number, p in points.items()}
    return responses.Response(str(response), runs.unit(response), values, {n: text for n, text in why.items() if text})


def _difference(plan: Plan, runs: Runs, response: Response, which: int) -> responses.Response:
    """Return the paired difference of a response at every setting, of a pilot less the first."""
    values: dict[int, Floats] = {}
    why: dict[int, str] = {}
    for number in range(len(plan.settings.all)):
        points = plan.at(number)
        pair = points[0], points[which]
        if text := next(filter(None, (reason(runs, p, response) for p in pair)), ""):
            why[number] = text
        if all(_is_run(runs, p) for p in pair):
            n = min(runs.count(p.name) for p in pair)
            values[number] = runs.values(pair[1].name, response, n) - runs.values(pair[0].name, response, n)
    return responses.Response(str(response), runs.unit(response), values, why)


def _is_run(runs: Runs, point: Point) -> bool:
    """Return whether there are replications of a point."""
    return point.name in runs.keys and point.name not in runs.failures and runs.count(point.name) > 0


def reason(runs: Runs, point: Point, response: Response) -> str:
    """Return why a point has no value of a response, as far as that is known; else an empty text."""
    why = point.why or runs.failures.get(point.name, "")
    if why or response.measure not in DUTIES or not _is_run(runs, point):
        return why
    return "not owed" if np.isnan(runs.values(point.name, response)).all() else ""
