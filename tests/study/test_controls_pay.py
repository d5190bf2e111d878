"""What a comparison is adjusted for, and that its means, differences and tables agree."""

import numpy as np
import polars as pl
import pytest
from setups.district import pilot as shipped

from sim.config.report import JudgedMeasure, Response
from sim.measures.dictionary import CONTROL
from sim.report.comparison import comparison_tables, summary_table
from sim.study.comparison.crossed import crossed_effects
from sim.study.comparison.differences import compare
from sim.study.comparison.summary import pairing_table
from sim.study.controls import controls_of

N = 40
WAIT = JudgedMeasure(measure="counter_wait_mean", label="wait", mid="counter_wait", touched=None)
TRIPS = JudgedMeasure(measure="trips", label="trips", mid="trips", touched=None)


def rows(pilot, values, measure=CONTROL, group="all", unit="share"):
    return pl.DataFrame(
        {"pilot": pilot, "replication": range(len(values)), "measure": measure, "group": group, "unit": unit}
        | {"value": values, "n": [10] * len(values)}
    )


@pytest.fixture(scope="module")
def measures():
    """Two designs and a third that has the staff of the second; waits hang on absence, trips on nothing kept."""
    rng = np.random.default_rng(8)
    away, other, came = rng.normal(0.004, 0.01, (3, N))
    staff = {"a": away, "b": other, "c": other}
    tables = []
    for name, level in (("a", 30.0), ("b", 20.0), ("c", 19.0)):
        wait = level + 300 * away + 100 * staff[name] + 0.5 * rng.normal(size=N)
        tables += [
            rows(name, wait, "counter_wait_mean", unit="minutes"),
            rows(name, rng.normal(1, 0.1, N), "trips", unit="per request"),
            rows(name, staff[name], group="absence:community"),
            rows(name, came, group="arrivals:counter"),
        ]
    return pl.concat(tables)


def compared(measures, pilots=("a", "b", "c"), **reading):
    design = shipped("four_level")
    return compare(measures, list(pilots), design.mid, design.run, {}, (WAIT, TRIPS), **reading).spoken()


def test_a_difference_is_adjusted_for_what_explains_it_and_no_other_is(measures):
    waits, trips = compared(measures).partition_by("measure", maintain_order=True)
    assert set(waits["controls"]) == {"absence of community staff"}
    assert set(trips["controls"]) == {""}
    assert trips["controlled_ratio"].is_nan().all()
    assert (waits["controlled_ratio"] < 0.7 * waits["variance_ratio"]).all()
    plain = compared(measures, controls=False)
    assert set(plain["controls"]) == {""}
    as_simulated = plain.filter(measure=WAIT.measure)
    for one, other in zip(waits.to_dicts(), as_simulated.to_dicts(), strict=True):
        assert one["high"] - one["low"] < 0.8 * (other["high"] - other["low"])
        assert abs(one["difference"] - other["difference"]) < other["high"] - other["low"]
        assert one["variance_ratio"] == other["variance_ratio"]


def test_means_add_up_and_the_baseline_has_one_mean_in_all_tables(measures):
    found = compared(measures)
    for row in found.to_dicts():
        assert row["pilot_mean"] - row["baseline_mean"] == pytest.approx(row["difference"])
    assert found.filter(measure="counter_wait_mean")["baseline_mean"].n_unique() == 1
    baseline = found["baseline_mean"][0]
    assert baseline == pytest.approx(30, abs=4 / N**0.5)
    simulated = measures.filter(pilot="a", measure="counter_wait_mean")["value"].mean()
    assert abs(baseline - simulated) > 0.5
    summary = summary_table(measures, found, "abc")
    assert summary.rows[0][1].split()[0] == f"{baseline:.1f}"
    assert any("2 differences and the means of both designs are adjusted" in note for note in summary.notes)
    last = comparison_tables(found, ["b", "c"])[-1]
    assert any("the table of pairing says for which" in note for note in last.notes)


def test_the_table_of_pairing_says_for_what_and_what_it_gains(measures):
    table = pairing_table(compared(measures))
    assert [column.heading for column in table.columns][-2:] == ["with controls", "controls"]
    assert table.rows[0][-1] == "absence of community staff"
    assert float(table.rows[0][-2]) < float(table.rows[0][-3])
    assert table.rows[-1][-2:] == ("–", "–")
    assert [column.heading for column in pairing_table(compared(measures, controls=False)).columns][
        -1
    ] == "variance ratio"


@pytest.mark.parametrize(
    "lost",
    [
        pl.col("measure") == CONTROL,
        (pl.col("measure") == CONTROL) & (pl.col("replication") == 3),
        pl.col("replication") >= 19,
    ],
    ids=["a table of an earlier program", "one replication without them", "too few replications"],
)
def test_without_controls_nothing_is_adjusted(measures, lost):
    kept = measures.filter(~lost)
    assert compared(kept).equals(compared(kept, controls=False))


def test_controls_are_chosen_by_what_is_measured_and_by_the_number_of_replications():
    rng, draws = np.random.default_rng(9), {}
    names = [f"absence:{level}" for level in ("community", "street", "district")]
    names += [f"arrivals:{channel}" for channel in ("counter", "phone", "latent")]
    for design in "ab":
        draws |= {(design, name): rng.normal(size=100) for name in names if (design, name) != ("b", "absence:street")}
    for name in names[3:]:
        draws["b", name] = draws["a", name]  # the same residents

    def chosen(group, n):
        def values(design, response):
            x = draws.get((design, response.group)) if response.measure == CONTROL else np.zeros(100)
            return np.full(1, np.nan) if x is None else x[:n]

        found = controls_of(values, ["a", "b"], Response("x", group))
        return found and found.names

    assert chosen("all", 19) is None
    assert chosen("all", 29) == ("absence:community",) * 2  # of both designs
    assert chosen("level:district", 39) == (*("absence:district",) * 2, "arrivals:counter")
    assert chosen("channel:phone", 39) == (*("absence:community",) * 2, "arrivals:phone")
    order = (*names[:1] * 2, names[3], names[1], *names[2:3] * 2, *names[4:])
    assert chosen("all", 100) == order


def test_crossed_effects_are_adjusted_too(measures):
    design = shipped("four_level")
    crossed = design.report.crossed.model_copy(update={"base": "a", "first": "b", "second": "c", "both": "b"})
    adjusted, plain = (
        crossed_effects(measures, crossed, design.run, {}, (WAIT,), controls=controls).spoken()
        for controls in (True, False)
    )
    width = [(table["high"] - table["low"]).to_numpy() for table in (adjusted, plain)]
    assert (width[0][:2] < 0.9 * width[1][:2]).all()
