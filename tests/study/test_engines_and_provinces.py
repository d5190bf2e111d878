"""What changes no number: the engine, the blocks of time; and several districts as one."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from setups.district import pilot, tiny

from sim.district.engines import Compiled, Reference, chosen, edges
from sim.draws.clock import WEEK
from sim.errors import ConfigError
from sim.memory import peak_memory_mb
from sim.study import province
from sim.study.replication import Cost, measure, prepare, simulate


def assert_same_tables(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert_frame_equal(one[name], other[name], check_exact=True)


@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_tables_do_not_depend_on_the_engine_or_the_blocks(name):
    a_pilot = tiny(name, "run.drain_weeks=3")
    whole, facts = simulate(a_pilot, 1, Compiled())
    for engine in (Reference(), Compiled(block_weeks=1), Compiled(block_weeks=2)):
        tables, other = simulate(a_pilot, 1, engine)
        assert_same_tables(tables, whole)
        assert {key: other[key] for key in ("requests", "steps", "demand")} == {
            key: facts[key] for key in ("requests", "steps", "demand")
        }


def test_blocks_are_of_about_equal_length_and_end_with_the_horizon():
    assert edges(72 * WEEK, 40) == [0, 36 * WEEK, 72 * WEEK]
    assert edges(72 * WEEK, 80) == [0, 72 * WEEK]
    assert edges(3 * WEEK, 1) == [0, WEEK, 2 * WEEK, 3 * WEEK]
    lengths = [b - a for a, b in zip(edges(541 * WEEK, 40)[:-1], edges(541 * WEEK, 40)[1:], strict=True)]
    assert max(lengths) <= 40 * WEEK
    assert max(lengths) - min(lengths) <= WEEK


def test_a_block_that_does_not_fit_is_refused_with_what_would():
    yuehu = pilot("four_level", "run.warm_up_weeks=1", "run.measured_weeks=1", "run.drain_weeks=1")
    message = (
        r"engine\.memory_mb must be at least \d+, for the [\d,]+ steps in the block of weeks 1 to 3, got 1; "
        r"engine\.block_weeks below 3 makes smaller blocks"
    )
    with pytest.raises(ConfigError, match=message):
        simulate(yuehu, 0, Compiled(memory_mb=1))
    with pytest.raises(ConfigError, match="a week is the least block"):
        simulate(yuehu, 0, Compiled(block_weeks=1, memory_mb=1))
    _, facts = simulate(yuehu, 0, Compiled(memory_mb=2000))
    assert facts["peak_memory_mb"] < 2000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"kind": "compield"},
            r"engine\.kind must be one of compiled, reference.*, got compield",
        ),
        ({"kind": "compiled", "block_weeks": 0}, r"engine\.block_weeks must be"),
        ({"kind": "reference", "block_weeks": 4}, r"engine\.block_weeks is not a known key"),
    ],
)
def test_settings_are_checked(given, message):
    with pytest.raises(ConfigError, match=message):
        chosen(given)


def test_a_province_is_its_districts():
    three = tiny("four_level", "district.copies=3")
    together, facts = simulate(three, 0)
    cost = Cost()
    districts = [measure(prepare(three, 0, k), Compiled(), cost) for k in range(3)]
    assert facts["steps"] == cost.steps
    assert_same_tables(together, province.together(districts))

    def values(tables, measure="counter_wait_mean"):
        rows = tables["measures"].filter((pl.col("measure") == measure) & (pl.col("group") == "all"))
        return rows["value"][0], rows["n"][0]

    alone = [values(district) for district in districts]
    assert len({value for value, _ in alone}) == 3
    assert values(together)[0] == pytest.approx(sum(v for v, _ in alone) / 3, rel=1e-12)
    assert values(together)[1] == sum(n for _, n in alone)
    backlog = sum(d["backlog"]["hours"].to_numpy() for d in districts)
    assert together["backlog"]["hours"].to_numpy() == pytest.approx(backlog)
    for one in ("community:", "unit:", "grid:"):
        assert districts[0]["measures"]["group"].str.starts_with(one).any()
        assert not together["measures"]["group"].str.starts_with(one).any()


def test_the_first_district_of_a_province_is_the_district_alone():
    alone, _ = simulate(tiny(), 0)
    first = measure(prepare(tiny("four_level", "district.copies=2"), 0, 0), Compiled(), Cost())
    assert_same_tables(alone, first)


def test_the_demand_of_a_province_is_the_same_under_every_design():
    digests = {simulate(tiny(name, "district.copies=2"), 0)[1]["demand"] for name in ("four_level", "three_level")}
    assert len(digests) == 1
    assert digests != {simulate(tiny(), 0)[1]["demand"]}


def test_a_measure_that_a_district_lacks_counts_in_no_mean():
    def district(value):
        keys = {"measure": ["m"], "group": ["all"], "unit": ["u"]}
        return {
            "measures": pl.DataFrame(keys | {"value": [value], "n": [1]}),
            "turnaround": pl.DataFrame({"days": [1.0], "share": [0.5]}),
            "workload": pl.DataFrame({"post": ["p"], "kind": ["k"], "hours": [1.0]}),
            "backlog": pl.DataFrame({"week": [1], "post": ["p"], "hours": [1.0]}),
            "waiting": pl.DataFrame({"day": [1], "hours": [1.0]}),
            "persons": pl.DataFrame({"identity": [0]}),
            "flows": pl.DataFrame({"archetype": ["a"], "origin": ["resident"], "to": ["finished"], "n": [1]}),
            "queues": pl.DataFrame({"level": ["l"], "desk": ["d"], "weekday": [1], "half_hour": [0], "number": [1.0]}),
        }

    nan = float("nan")
    assert province.together([district(2.0), district(nan), district(4.0)])["measures"]["value"].to_list() == [3.0]
    assert province.together([district(nan), district(nan)])["measures"]["value"].is_nan().all()


def test_peak_memory_is_of_this_process():
    assert 20 < peak_memory_mb() < 20_000
