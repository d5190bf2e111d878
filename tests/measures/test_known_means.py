"""The means of the controls are known: a wrong one would bias every number that is adjusted by it."""

import numpy as np
import polars as pl
import pytest
from setups.district import office, tiny

from sim.config import Absence
from sim.district import assemble, demand
from sim.district.engines import Compiled
from sim.district.rosters.absence import absent_chance, absent_days
from sim.measures import controls
from sim.measures.dictionary import CONTROL
from sim.study.design import prepared
from sim.study.replication import simulate

FREQUENT = ("demand.incomplete_share=0.4", "demand.rework_share=0.3", "demand.misrouted_share=0.3")


def of_draws(a_pilot, replications):
    """Return the controls of replications of a pilot by group, without a simulation (each shape (replications,))."""
    design, hours, tables = prepared(a_pilot), office(a_pilot), []
    for r in range(replications):
        plan = assemble.plan(design.organisation, hours, demand.draw(a_pilot, design.place, r), r)
        tables.append(controls.rows(plan, [controls.drawn(plan, plan.complete())]).frame())
    together = pl.concat(tables)
    assert set(together["measure"]) == {CONTROL}
    return {group: part["value"].to_numpy() for (group,), part in together.group_by("group")}


def has_mean_nought(values):
    """Assert that the mean of values is 0, within 4 standard errors."""
    assert abs(values.mean()) <= 4 * values.std(ddof=1) / len(values) ** 0.5


def hold(a_pilot, replications):
    """Hold the controls of a pilot to a mean of 0 over replications, and return their groups."""
    found = of_draws(a_pilot, replications)
    for values in found.values():
        assert len(values) == replications
        assert values.std() > 0
        has_mean_nought(values)
    return set(found)


def test_every_control_has_the_mean_that_is_stated():
    groups = hold(tiny(), 20)
    assert groups == {
        "arrivals:counter", "arrivals:phone", "arrivals:latent", "absence:community", "absence:street",
        "absence:district", "work:community", "work:street", "work:district", "patience:in_person", "patience:phone",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "knobs"),
    [
        ("four_level", ()),
        ("three_level", ()),
        ("four_level_better", FREQUENT),
        ("four_level", ("demand.day_factor_cv=0", "run.measured_weeks=3", "run.warm_up_weeks=5")),
        ("three_level_expected", ("service.door_to_door_share=0.3", "service.agency_share=0.3", *FREQUENT)),
        ("four_level", ("staffing.absence.share=0.6", "staffing.absence.single_days_share=0")),
        ("four_level", ("demand.patience_walk_in_minutes_mean=0.01", "run.warm_up_weeks=4")),  # the festival's weeks
    ],
)
def test_every_control_has_the_mean_that_is_stated_under_any_design(name, knobs):
    hold(tiny(name, *knobs), 80)


@pytest.mark.parametrize(
    ("share", "single", "shortest", "longest"),
    [(0.2, 0.5, 5, 10), (0.8, 0.0, 1, 1), (0.85, 0.0, 7, 7), (0.5, 0.2, 1, 30), (0.0, 0.5, 5, 10), (0.3, 1.0, 2, 3)],
)
def test_the_chance_of_absence_is_that_of_its_draws(share, single, shortest, longest):
    absence = Absence(share=share, single_days_share=single, block_days_min=shortest, block_days_max=longest)
    rng, trials, days = np.random.default_rng(1), 1000, 12
    away = np.mean([absent_days(rng, days, absence) for _ in range(trials)], axis=0)
    chance = absent_chance(days, absence)
    assert np.all(np.abs(away - chance) <= 4.5 * np.sqrt(chance * (1 - chance) / trials))


def test_controls_are_kept_with_the_measures_and_are_those_of_the_draws_whatever_the_blocks():
    a_pilot = tiny("four_level")
    found = of_draws(a_pilot, 1)
    for weeks in (2, 40):
        measures = simulate(a_pilot, 0, Compiled(block_weeks=weeks))[0]["measures"].filter(pl.col("measure") == CONTROL)
        kept = dict(measures.select("group", "value").iter_rows())
        assert kept == pytest.approx({group: float(values[0]) for group, values in found.items()}, abs=1e-12)


def test_the_same_residents_have_the_same_controls_under_every_design():
    one, other = of_draws(tiny("four_level"), 1), of_draws(tiny("three_level"), 1)
    for group in ("arrivals:counter", "arrivals:phone", "arrivals:latent"):
        assert one[group] == other[group]
    assert one["absence:community"] != other["absence:community"]
