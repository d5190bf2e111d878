"""Why nothing is said of a response: the rule of comparisons, for the points of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.study.comparison.differences import Shown, judged_as, withheld

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.arrays import Floats
    from sim.study.budget.runs import Runs
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Look


def verdict_withheld(plan: Plan, runs: Runs, looks: Mapping[str, Look], response: str, one: str, other: str) -> str:
    """Return why nothing is decided about a response between two points (or of one), or an empty text.

    The rule is that of comparisons: what meets staff who cannot keep up hangs on the length of the run.
    """
    measure, _, group = response.partition("|")
    shown = judged_as(response) or Shown(measure, group or "all", response, "")
    staff = {name: look.staff_overloaded for name, look in looks.items()}

    def cell(point: str, measure: str, group: str) -> Floats:
        return runs.values(point, f"{measure}|{group}")

    return withheld(cell, shown, one, other, plan.first.run, staff)
