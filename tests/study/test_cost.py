"""What a design costs: reckoned by hand from prices, heads and what a run finds."""

import numpy as np
import polars as pl
import pytest
from setups.district import pilot
from setups.studies import table, write

from sim.errors import ConfigError
from sim.measures import cost as reckoned
from sim.measures.dictionary import PRICED
from sim.study.comparison import cost
from sim.study.design import prepared_all
from sim.study.replications import key

PRICES = ("cost.community_pay=10000", "cost.street_pay=30000", "cost.district_pay=40000", "cost.add_on_share=0.5",
          "cost.office_running=20000", "cost.office_fixed_share=0.5")  # fmt: skip


def designs(*names, knobs=PRICES):
    return prepared_all([pilot(name, "run=year", *knobs) for name in names])


def found(names, finished=(104, 52), minutes=30.0, overtime=0.0):
    """Return what a run finds: finished requests by replication, own time and hours past closing a head and week."""
    rows = [
        row
        for name in names
        for i, n in enumerate(finished)
        for row in (
            (name, i, "hours_per_finished", "all", 1.0, n),
            (name, i, "resident_time", "all", minutes, 2 * n),
            (name, i, "overtime", "level:community", overtime, 1),
            (name, i, "overtime", "level:district", 0.0, 1),
            *([(name, i, "overtime", "level:street", 0.0, 1)] if name == "four_level" else []),
        )
    ]
    columns = ("pilot", "replication", "measure", "group", "value", "n")
    return pl.DataFrame(
        rows,
        schema=dict(zip(columns, (pl.String, pl.Int64, pl.String, pl.String, pl.Float64, pl.Int64), strict=True)),
        orient="row",
    )


def test_todays_account_is_heads_times_pay_and_offices():
    today = cost.account(designs("four_level")["four_level"], found(["four_level"]))
    assert today.pay == {"community": 118 * 15_000, "street": 120 * 45_000, "district": 60 * 60_000}
    assert today.offices == 31 * 20_000
    assert today.finished.tolist() == [104, 52]
    assert (today.total == sum(today.pay.values()) + 620_000).all()
    assert today.below == pytest.approx((118 * 15_000 + 620_000) / today.total)


def test_everybody_keeps_their_pay_wherever_the_reform_sends_them_and_only_offices_are_saved():
    both = designs("four_level", "three_level", "three_level_all_down")
    before, after, below = (cost.account(one, found(both)) for one in both.values())
    assert sum(after.pay.values()) == pytest.approx(sum(before.pay.values()))
    assert "street" not in after.pay
    assert below.pay["community"] == 118 * 15_000 + 120 * 45_000
    assert before.offices - after.offices == 21 * 20_000 * 0.5
    assert (after.below > before.below).all()


def test_service_points_are_offices_too():
    kept = designs("three_level", knobs=(*PRICES, "service.points=3"))["three_level"]
    assert cost.account(kept, found(["three_level"])).offices == 20_000 * (0.5 * 30 + 0.5 * 31)


def test_hours_past_closing_are_paid_by_the_hour_and_own_time_where_it_counts():
    one = designs("four_level", knobs=(*PRICES, "cost.resident_hour=12"))["four_level"]
    account = cost.account(one, found(["four_level"], overtime=1.0))
    hours = 249 * 7.5  # of the calendar of 2011
    assert account.past_closing == pytest.approx(np.full(2, 52 * 118 * 15_000 / hours), rel=0.02)
    assert account.own_time.tolist() == [104 * 2 * 0.5 * 12, 52 * 2 * 0.5 * 12]


def test_the_table_has_what_a_finished_request_costs_and_says_what_is_not_counted():
    two = designs("four_level", "three_level")
    made = cost.table(two, found(two), 0.95)
    rows = {row[0]: row[1:] for row in made.rows}
    total = cost.account(two["four_level"], found(two)).total[0]
    assert rows["a finished request (yuan)"][0].startswith(f"{(total / 104 + total / 52) / 2:,.1f}")
    assert rows["in all, against four_level (million yuan a year)"] == ("–", "-0.21")
    assert "residents' own time (million yuan a year)" not in rows
    assert any("not counted" in note for note in made.notes)


def test_nothing_finished_has_no_price():
    two = designs("four_level")
    made = cost.table(two, found(two, finished=(0, 0)), 0.95)
    assert {row[0]: row[1] for row in made.rows}["a finished request (yuan)"] == "–"


def test_prices_change_no_replication():
    assert key(pilot("four_level")) == key(pilot("four_level", *PRICES))


@pytest.mark.parametrize(
    ("knob", "rule"), [("cost.community_pay=-1", "at least 0"), ("cost.add_on_share=4", "at most 3")]
)
def test_a_price_out_of_its_bounds_is_refused(knob, rule):
    with pytest.raises(ConfigError, match=rf"^{knob.split('=')[0]} must be {rule}"):
        pilot("four_level", knob)


def test_the_measures_of_cost_are_those_of_the_account():
    one = pilot("three_level", "run=year", *PRICES)
    rows = found(["three_level"], finished=(104,), overtime=2.0).select("measure", "group", "value", "n").rows()
    account = reckoned.account(one, [reckoned.use_of(rows)])
    measured = reckoned.measured(one, reckoned.use_of(rows))
    assert measured["cost"] == (pytest.approx(account.total[0] / 1e6), 104)
    assert measured["cost_per_finished"] == (pytest.approx(account.total[0] / 104), 104)
    assert measured["spent_below"] == (pytest.approx(account.below[0]), 104)
    assert measured.keys() == PRICED
    nothing = reckoned.measured(one, reckoned.use_of([]))
    assert all(np.isnan(value) and n == 0 for value, n in nothing.values())


def test_a_study_asks_what_designs_cost_and_a_price_needs_no_new_run(sweep, tmp_path):
    prices = {"cost.community_pay": [10000, 20000]}
    write(tmp_path, factors=prices, responses=["cost", "cost_per_finished", "spent_below"])
    assert "Simulated now: 2 replications" in sweep()
    low, high = table("summary").rows(named=True)
    rise = 14 * 10_000 * 1.3 / 1e6
    assert rise <= high["cost"] - low["cost"] <= 1.1 * rise  # hours past closing cost more too
    assert high["cost_per_finished"] > low["cost_per_finished"]
    measures = table("measures").filter(pl.col("measure") == "cost", pl.col("point") == "p0001")
    assert measures["value"].mean() == pytest.approx(high["cost"])
    assert measures["unit"].to_list() == ["million yuan a year"] * 2
