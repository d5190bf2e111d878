"""The rule of withholding for the points of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.study.withholding import Rule, Withheld, horizon_of, judged_as, on_one_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.config.report import Response
    from sim.study.budget.runs import Runs
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened


def rule_of(plan: Plan, runs: Runs, screened: Mapping[str, Screened]) -> Rule:
    """Return the rule for the points of a study, on the replications that there are."""
    staff = {name: design.overloaded_share for name, design in screened.items()}
    first = plan.first
    return Rule(runs.values, first.run, staff, runs.observations, first.mid, horizon_of(first), on_one_place(first))


def verdict_withheld(
    plan: Plan, runs: Runs, screened: Mapping[str, Screened], response: Response, *points: str
) -> Withheld | None:
    """Return why nothing follows from a response at some points, or None."""
    return rule_of(plan, runs, screened).why(judged_as(plan.report, response), *points)
