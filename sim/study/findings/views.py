"""The responses of a study over its settings: those of one pilot, or the difference that another makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.statistics import responses

if TYPE_CHECKING:
    from sim.arrays import Floats
    from sim.config.report import Response
    from sim.study.budget.runs import Runs
    from sim.study.points.composer import Point
    from sim.study.points.plan import Plan


@dataclass(frozen=True)
class View:
    """A response over the settings of a study.

    Attributes
    ----------
    response
        Which.
    pilot
        The pilot of which it is, or which differs.
    against
        The pilot that it differs from; empty for the response itself.
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


def views(plan: Plan, runs: Runs) -> list[View]:
    """Return every response under the only pilot, or the difference of each other pilot from the first."""
    first, *others = plan.study.pilots
    made = []
    for response in plan.study.responses:
        if not others:
            made.append(View(response, first, "", _measured(plan, runs, response), plan.confidence))
        for number, other in enumerate(others, 1):
            values = _difference(plan, runs, response, number)
            made.append(View(response, other, first, values, plan.confidence))
    return made


def _measured(plan: Plan, runs: Runs, response: Response) -> responses.Response:
    """Return a response at every setting, under the only pilot."""
    points = {number: plan.at(number)[0] for number in range(len(plan.settings.all))}
    values = {number: runs.values(p.name, response) for number, p in points.items() if _is_run(runs, p)}
    return responses.Response(str(response), runs.unit(response), values, _reasons(runs, points))


def _difference(plan: Plan, runs: Runs, response: Response, which: int) -> responses.Response:
    """Return the paired difference of a response at every setting, of a pilot less the first."""
    values: dict[int, Floats] = {}
    why: dict[int, str] = {}
    for number in range(len(plan.settings.all)):
        points = plan.at(number)
        pair = points[0], points[which]
        why |= _reasons(runs, {number: next((p for p in pair if not _is_run(runs, p)), pair[1])})
        if all(_is_run(runs, p) for p in pair):
            n = min(runs.count(p.name) for p in pair)
            values[number] = runs.values(pair[1].name, response, n) - runs.values(pair[0].name, response, n)
    return responses.Response(str(response), runs.unit(response), values, why)


def _is_run(runs: Runs, point: Point) -> bool:
    """Return whether there are replications of a point."""
    return point.name in runs.keys and point.name not in runs.failures and runs.count(point.name) > 0


def _reasons(runs: Runs, points: dict[int, Point]) -> dict[int, str]:
    """Return why points have no values, where they have none."""
    reasons = {number: point.why or runs.failures.get(point.name, "") for number, point in points.items()}
    return {number: why for number, why in reasons.items() if why}
