"""Which way the measures go when demand and heads do: the whole shipped district, on the same draws."""

from functools import cache

import polars as pl
import pytest

import sim
from sim.study.design import prepared

DEMAND = (0.2, 0.4, 0.8)
HEADS = {"community": (90, 118, 148), "street": (90, 120, 150), "district": (45, 60, 100)}
N = 3


@cache
def means(**knobs):
    """Return the mean of each measure, by measure and group, over a few short replications."""
    pilot = sim.pilot("four_level", {name.replace("__", "."): value for name, value in knobs.items()}, run="quick")
    tables = pl.concat([sim.simulate(pilot, i)[0]["measures"] for i in range(N)])
    return {(row["measure"], row["group"]): row["value"] for row in tables.group_by("measure", "group").agg(
        pl.col("value").mean()
    ).to_dicts()}  # fmt: skip


def by_demand(measure, group="all"):
    """Return a measure from half to double demand."""
    return [means(demand__counter_per_resident_year=visits)[measure, group] for visits in DEMAND]


def by_heads(level, measure, group="all"):
    """Return a measure from few heads to many."""
    return [means(**{f"staffing__{level}_heads": heads})[measure, group] for heads in HEADS[level]]


def rises(values):
    """Return whether values rise from each to the next."""
    return all(b > a for a, b in zip(values, values[1:], strict=False))


def test_more_demand_is_more_time_with_residents_and_fewer_duties():
    assert rises(by_demand("utilisation", "level:community"))
    assert rises(by_demand("with_residents"))
    assert rises([-done for done in by_demand("visits_done")])


def test_more_demand_is_more_losses_and_a_heavier_load():
    assert rises(by_demand("left_unserved", "channel:counter"))
    designs = [prepared(sim.pilot("four_level", {"demand.counter_per_resident_year": visits})) for visits in DEMAND]
    loads = [design.load("community") for design in designs]
    assert rises(loads)


@pytest.mark.parametrize("level", HEADS)
def test_more_heads_are_less_busy_and_keep_no_resident_longer(level):
    # Residents' files go before the offices' own paper, so that above the communities more heads are felt in the paper.
    assert rises([-busy for busy in by_heads(level, "utilisation", f"level:{level}")])
    few, _, many = by_heads(level, "turnaround_restricted_mean", "channel:counter")
    assert many < few + 0.05


def test_more_heads_of_communities_lose_fewer_residents_and_let_them_wait_less():
    assert rises([-lost for lost in by_heads("community", "left_unserved", "channel:counter")])
    assert rises([-wait for wait in by_heads("community", "counter_wait_mean")])
    assert rises(by_heads("community", "visits_done"))


def test_where_paper_goes_last_residents_take_no_longer_the_longer_one_looks_at_overloaded_posts():
    few = {"staffing.community_heads": 90, "district.place": "fixed"}
    restricted = {}
    for conduct in ("base", "due_first"):
        for run in ("quick", "year"):
            table, _ = sim.simulate(sim.pilot("four_level", {**few, "conduct": conduct}, run=run))
            counter = pl.col("group") == "channel:counter"
            (restricted[conduct, run],) = table["measures"].filter(
                counter & (pl.col("measure") == "turnaround_restricted_mean")
            )["value"]
    assert restricted["base", "year"] == pytest.approx(restricted["base", "quick"], abs=0.1)
    assert restricted["due_first", "year"] > restricted["due_first", "quick"] + 1


def test_one_seat_an_office_turns_the_reform_round_and_three_seats_do_not(tmp_path):
    def compared(seats):  # as docs/findings.md says of one seat, by its very command
        knobs = {"run.replications": 12, "service.desk": "rota", "service.seats": seats}
        pilots = [sim.pilot(name, knobs, run="quick") for name in ("four_level", "three_level")]
        table = sim.compare(pilots, folder=tmp_path / f"seats{seats}", charts=False).tables["comparison"]
        verdicts = table.filter(pl.col("mid").is_not_null())["verdict"].to_list()
        rows = {(row["measure"], row["group"]): row for row in table.to_dicts()}
        return verdicts.count("better"), verdicts.count("worse"), rows

    better, worse, rows = compared(1)
    assert (better, worse) == (10, 9)
    days = rows["turnaround_restricted_mean", "channel:counter"]
    assert (round(days["baseline_mean"], 1), round(days["pilot_mean"], 1), days["verdict"]) == (8.7, 10.5, "worse")
    left = rows["left_unserved", "channel:counter"]
    assert (round(left["baseline_mean"], 2), round(left["pilot_mean"], 2), left["verdict"]) == (0.08, 0.13, "worse")
    better, worse, rows = compared(3)
    assert better > 10 * worse
