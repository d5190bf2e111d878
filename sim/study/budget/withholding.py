"""When no verdict on a response is given: the rule of comparisons, for the points of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.config.report import JudgedMeasure
from sim.study.comparison.differences import Withheld, withheld

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.arrays import Floats
    from sim.config.report import Response
    from sim.study.budget.runs import Runs
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened


def verdict_withheld(
    plan: Plan, runs: Runs, screened: Mapping[str, Screened], response: Response, one: str, other: str
) -> Withheld | None:
    """Return why no verdict is given on a response between two points (or of one), or None.

    The rule is that of comparisons: what goes to staff who cannot keep up depends on the length of the run.
    """
    judged = plan.report.judged(response) or JudgedMeasure(
        measure=response.measure, group=response.group, label=str(response), mid=1.0
    )
    staff = {name: design.overloaded_share for name, design in screened.items()}

    def cell(point: str, response: Response) -> Floats:
        return runs.values(point, response)

    return withheld(cell, judged, one, other, plan.first.run, staff)
