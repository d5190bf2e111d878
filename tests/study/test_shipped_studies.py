import pytest
from setups.district import CONFIGS

from experiments.commands.sweep import ordered
from sim import config
from sim.config.compose import Line, options
from sim.study.design import prepared_all
from sim.study.points.plan import planned

# Every file of configs/study with the numbers of its settings and points; what the evidence makes is counted.
SHIPPED = {
    "ab_order": (25, 25),
    "burden": (25, 50),
    "cheapest": (18, 18),
    "global": (370, 740),
    "grid_size": (21, 21),
    "screening": None,
    "staffing": (30, 30),
}


def test_every_study_that_ships_is_tested_here():
    assert sorted(SHIPPED) == options("study", CONFIGS)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_study_has_points_whose_first_and_last_can_be_laid_out(name):
    plan = planned(ordered(Line((f"study={name}",))).study, Line(()))
    n = 1 + sum(level.label != factor.base for factor in plan.factors.values() for level in factor.levels)
    assert (len(plan.settings.all), len(plan.points)) == (SHIPPED[name] or (n, 2 * n))
    assert [point.why for point in plan.points if not point.pilot] == []
    ends = [plan.points[0].pilot, plan.points[-1].pilot]
    laid_out = prepared_all(ends)
    assert [laid_out[pilot.name].pilot for pilot in ends] == ends
    assert len({point.name for point in plan.points}) == len(plan.points)
    assert all(config.load(point.pilot.model_dump(mode="json")) == point.pilot for point in plan.points[:2])
