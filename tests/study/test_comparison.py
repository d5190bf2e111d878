import re

import numpy as np
import polars as pl
import pytest
from setups.district import pilot as shipped

import sim
from sim.config.report import JudgedMeasure
from sim.measures.openness import Horizon
from sim.report.tables import difference
from sim.statistics import intervals
from sim.statistics.verdicts import Cause, Verdict
from sim.study.comparison.differences import compare, overloaded_in
from sim.study.replication import simulate
from sim.study.withholding import HELP

WAIT = JudgedMeasure(measure="counter_wait_mean", label="wait", mid="counter_wait", touched="touched_in_person")
BUSY = JudgedMeasure(measure="utilisation", group="level:district", label="busy", mid="utilisation", touched="staff")


def table(pilot, measure, values, group="all", unit="minutes"):
    n = len(values)
    return pl.DataFrame(
        {
            "pilot": [pilot] * n,
            "replication": list(range(n)),
            "measure": [measure] * n,
            "group": [group] * n,
            "unit": [unit] * n,
            "value": [float(v) for v in values],
            "n": [10] * n,
        }
    )


TEN = np.array([10, 10.1, 9.9, 10])


def rows(base, other, touched=0.0, busy=None):
    frames = [table("a", "counter_wait_mean", base), table("b", "counter_wait_mean", other)]
    for pilot in "ab":
        share = touched if pilot == "b" else 0.0
        frames.append(table(pilot, "touched_in_person", [share] * len(base), unit="share"))
        frames.append(table(pilot, "still_open", [0.0] * len(base), unit="share"))
        if busy:
            by = 1e-3 * (pilot == "b") * np.array([1, -1, -1, 1])
            frames.append(table(pilot, "utilisation", busy + by, "level:district", "share"))
    return pl.concat(frames)


def compared(measures, shown=(WAIT,), district_overloaded=0.0, horizon=None):
    pilot = shipped("four_level")
    overloaded = {"a": {"district": 0.0}, "b": {"district": district_overloaded}}
    return compare(measures, ["a", "b"], pilot.mid, pilot.run, overloaded, shown, horizon).spoken()


def test_a_difference_beyond_the_mid_in_every_replication_is_better():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    row = compared(rows(base, base - np.array([10, 10.1, 9.9, 10]))).row(0, named=True)
    assert row["verdict"] == Verdict.BETTER
    assert row["difference"] == pytest.approx(-10)
    assert row["high"] < -row["mid"]
    assert row["correlation"] > 0.99
    assert row["variance_ratio"] < 0.01


def test_a_worse_pilot_is_called_worse():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    assert compared(rows(base, base + np.array([10, 10.1, 9.9, 10])))["verdict"][0] == Verdict.WORSE


def test_every_pair_is_the_later_less_the_earlier_with_intervals_that_hold_for_all_pairs():
    rng = np.random.default_rng(3)
    values = {name: 10.0 + i + rng.normal(0, 0.2, 24) for i, name in enumerate("abc")}
    measures = pl.concat([table(name, WAIT.measure, own) for name, own in values.items()])
    pilot, names = shipped("four_level"), ["a", "b", "c"]
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    each = compare(measures, names, pilot.mid, pilot.run, {}, (WAIT,), pairs=pairs, controls=False).spoken()
    assert list(each.select("baseline", "pilot").iter_rows()) == pairs
    gaps = [np.mean(values[b] - values[a]) for a, b in pairs]
    assert each["difference"].to_list() == pytest.approx(gaps)
    first = compare(measures, names, pilot.mid, pilot.run, {}, (WAIT,), controls=False).spoken()
    wide, narrow = (t["high"].to_numpy() - t["low"].to_numpy() for t in (each, first))
    assert (wide[:2] > narrow).all()  # three intervals at once, and not two
    shared = intervals.simultaneous([(values[a], values[b]) for a, b in pairs], pilot.run.confidence)
    assert each["low"].to_list() == pytest.approx([d.low for d in shared])


def test_nearly_equal_pilots_have_no_material_difference():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    row = compared(rows(base, base + 10 - TEN)).row(0, named=True)
    assert row["verdict"] == Verdict.NO_MATERIAL_DIFFERENCE
    assert row["difference"] == pytest.approx(0)


@pytest.mark.parametrize("by", [0.0, -10.0])
def test_a_difference_that_never_varies_is_shown_without_a_verdict_and_says_what_would_help(by):
    base = np.array([30.0, 32.0, 28.0, 31.0])
    row = compared(rows(base, base + by)).row(0, named=True)
    assert (row["verdict"], row["cause"], row["difference"]) == (Verdict.WITHHELD, Cause.NO_SPREAD, by)
    assert row["why"] == "the same in all 4 replications"
    assert "more replications" in row["help"]
    assert np.isnan(row["low"])
    words = difference(row)
    assert words.is_shown
    assert not words.interval


@pytest.mark.parametrize(("one_place", "verdict"), [(False, Verdict.WITHHELD), (True, Verdict.BETTER)])
def test_what_follows_from_the_place_alone_is_exact_where_all_replications_are_on_one(one_place, verdict):
    posts = JudgedMeasure(measure="posts_above_90", label="posts full", mid="share", touched=None)
    share = [table(pilot, "posts_above_90", [of] * 4, unit="share") for pilot, of in (("a", 0.3), ("b", 0.1))]
    pilot = shipped("four_level")
    overloaded = {"a": {}, "b": {}}
    found = compare(
        pl.concat(share), ["a", "b"], pilot.mid, pilot.run, overloaded, (posts,), one_place=one_place
    ).spoken()  # fmt: skip
    assert found["verdict"][0] == verdict


def test_too_few_replications_are_said():
    row = compared(rows(np.array([30.0, 35.0, 25.0]), np.array([20.0, 30.0, 25.0]))).row(0, named=True)
    assert row["verdict"] == Verdict.UNDECIDED
    assert row["needed_least"] is None  # so few do not tell how many would do


def test_a_difference_too_skewed_for_its_replications_is_shown_without_an_interval_and_says_what_would_help():
    base = np.array([30.0, 32.0, 28.0, 31.0, 30.0, 29.0, 31.0, 30.0])
    row = compared(rows(base, base + np.array([0.0, 0.1, 0.0, 0.2, 0.1, 0.0, 0.1, 40.0]))).row(0, named=True)
    assert (row["verdict"], row["cause"], row["by_pilot"]) == (Verdict.WITHHELD, "too skewed", False)
    assert row["difference"] == pytest.approx(40.5 / 8)
    assert np.isnan(row["low"])
    assert row["why"] == "too skewed for 8 replications"
    assert re.fullmatch(r"about \d+ replications", row["help"])


def test_a_measure_is_withheld_where_its_requests_meet_an_overloaded_post_and_only_there():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    table_ = compared(rows(base, base - TEN, touched=0.2, busy=[0.5, 0.6, 0.5, 0.6]), (WAIT, BUSY))
    assert table_["verdict"].to_list() == [Verdict.WITHHELD, Verdict.NO_MATERIAL_DIFFERENCE]
    assert "20% of its requests under b go to an overloaded post" in table_["why"][0]
    assert table_["pilot_mean"][0] == pytest.approx(base.mean() - 10)
    assert table_["cause"].to_list() == [Cause.OVERLOADED_REQUESTS, None]
    assert table_["help"].to_list() == [HELP[Cause.OVERLOADED_REQUESTS], ""]
    assert overloaded_in(table_) == {"b"}


def test_what_grows_worse_under_the_one_design_that_cannot_keep_up_is_worse_already():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    worse = compared(rows(base, base + np.array([10, 10.1, 9.9, 10]), touched=0.2)).row(0, named=True)
    assert (worse["verdict"], worse["cause"]) == (Verdict.WORSE, Cause.OVERLOADED_REQUESTS)
    assert worse["low"] > worse["mid"]
    turned = compared(rows(base, base + np.array([10, 10.1, 9.9, 10])).with_columns(
        value=pl.when((pl.col("pilot") == "a") & (pl.col("measure") == "touched_in_person"))
        .then(0.2)
        .otherwise(pl.col("value"))
    )).row(0, named=True)  # fmt: skip
    assert (turned["verdict"], turned["cause"]) == (Verdict.WITHHELD, Cause.OVERLOADED_REQUESTS)
    assert np.isnan(turned["low"])
    within = compared(rows(base, base + 0.1, touched=0.2)).row(0, named=True)
    assert (within["verdict"], np.isnan(within["low"])) == (Verdict.WITHHELD, True)


@pytest.mark.parametrize(("bound", "verdict"), [(3.0, Verdict.WORSE), (5.0, Verdict.WITHHELD)])
def test_a_difference_that_grows_is_worse_only_where_what_is_still_open_cannot_undo_it(bound, verdict):
    base = np.array([30.0, 32.0, 28.0, 31.0])
    measures = rows(base, base + np.array([10, 10.1, 9.9, 10]), touched=0.2)
    still = table("b", "open_bound", [bound] * 4, "counter_wait_mean|all", "its own")
    row = compared(pl.concat([measures, still]), horizon=Horizon(50.0, 60.0)).row(0, named=True)
    assert row["verdict"] == verdict  # the least that matters is 2 minutes
    assert row["open_bound"] == bound


@pytest.mark.parametrize(("bound", "verdict"), [(0.4, Verdict.WORSE), (0.6, Verdict.WITHHELD)])
def test_a_verdict_is_given_where_what_is_still_open_can_move_a_mean_by_a_quarter_of_what_matters(bound, verdict):
    base = np.array([30.0, 32.0, 28.0, 31.0])
    measures = rows(base, base + np.array([10, 10.1, 9.9, 10]))
    still = table("b", "open_bound", [bound] * 4, "counter_wait_mean|all", "its own")
    row = compared(pl.concat([measures, still]), horizon=Horizon(50.0, 60.0)).row(0, named=True)
    assert (row["verdict"], row["open_bound"]) == (verdict, bound)
    assert (row["cause"] == Cause.STILL_OPEN) == (verdict is Verdict.WITHHELD)


def test_a_large_bound_is_told_in_figures():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    still = table("b", "open_bound", [243.0] * 4, "counter_wait_mean|all", "its own")
    row = compared(pl.concat([rows(base, base + 1), still]), horizon=Horizon(50.0, 60.0)).row(0, named=True)
    assert row["why"] == "what is still open can move it by 240 under b, by more than a quarter of the MID"


def test_a_difference_that_can_only_grow_is_larger_in_a_longer_run():
    done = {}
    for weeks in (5, 15):
        for hours in (88146, 123404):  # of work from above: today's, and more than the communities have time for
            knobs = {"run.measured_weeks": weeks, "district.work.from_above_hours": hours}
            tables, _ = simulate(sim.pilot("four_level", knobs, run="quick"), 0)
            paper = tables["measures"].filter(measure="paper_on_time", group="level:community")
            done[weeks, hours] = paper["value"][0]
    gaps = [done[weeks, 123404] - done[weeks, 88146] for weeks in (5, 15)]
    assert gaps[1] < gaps[0] - 0.01 < -0.02


def test_where_both_pilots_are_overloaded_both_are_named():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    measures = rows(base, base - TEN, touched=0.5).with_columns(
        value=pl.when((pl.col("pilot") == "a") & (pl.col("measure") == "touched_in_person"))
        .then(0.2)
        .otherwise(pl.col("value"))
    )
    table_ = compared(measures)
    assert table_["why"][0] == "20% of its requests under a and 50% of its requests under b go to an overloaded post"
    assert overloaded_in(table_) == {"a", "b"}
    assert overloaded_in(compared(rows(base, base - TEN, touched=0.5))) == {"b"}


def test_staff_measures_are_withheld_by_the_staff_that_cannot_keep_up():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    table_ = compared(rows(base, base - TEN, busy=[0.5, 0.6, 0.5, 0.6]), (WAIT, BUSY), district_overloaded=1.0)
    assert table_["verdict"].to_list() == [Verdict.BETTER, Verdict.WITHHELD]
    assert table_["cause"].to_list() == [None, Cause.OVERLOADED_STAFF]


PATROLS = JudgedMeasure(measure="patrols_done", label="patrols", mid="share", higher_is_better=True, touched=None)


def test_a_pilot_that_owes_no_patrols_is_not_judged_by_them_and_nothing_is_withheld():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    none = [table("a", "patrols_done", [np.nan] * 4), table("b", "patrols_done", [0.5, 0.6, 0.5, 0.6])]
    found = compared(pl.concat([rows(base, base + 10 - TEN), *none]), (WAIT, PATROLS))
    assert found["verdict"].to_list() == [Verdict.NO_MATERIAL_DIFFERENCE, Verdict.NOT_OWED]
    row = found.row(1, named=True)
    assert (row["why"], row["cause"], row["by_baseline"], row["by_pilot"]) == (
        "not owed under a",
        "not owed",
        True,
        False,
    )
    some = [table("a", "patrols_done", [np.nan, 0.5, 0.5, 0.5]), none[1]]  # none was due in one replication
    found = compared(pl.concat([rows(base, base + 10 - TEN), *some]), (WAIT, PATROLS))
    assert found["cause"].to_list() == [None, Cause.NO_OBSERVATION]


def test_a_measure_without_a_smallest_difference_is_shown_and_never_judged():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    both = compared(rows(base, base - TEN), (WAIT, WAIT.model_copy(update={"group": "all", "mid": None})))
    alone = compared(rows(base, base - TEN))
    judged, unjudged = both.to_dicts()
    assert (judged["low"], judged["high"]) == (alone["low"][0], alone["high"][0])
    assert (unjudged["verdict"], unjudged["mid"]) == (Verdict.NOT_JUDGED, None)
    assert unjudged["difference"] == pytest.approx(-10)
    assert np.isnan(unjudged["low"])


def test_a_quantile_beyond_those_who_left_or_are_open_is_withheld_for_that_reason():
    base = np.array([30.0, 32.0, 28.0, np.nan])
    left = [table(pilot, "left_unserved", [0.12] * 4, unit="share") for pilot in "ab"]
    found = compared(pl.concat([rows(base, base), *left]))
    assert found["cause"][0] == Cause.UNFINISHED
    assert found["why"][0] == "12.0% left unserved or still open under a and 12.0% left unserved or still open under b"


def test_a_measure_with_too_many_open_requests_is_withheld():
    base = np.array([30.0, 32.0, 28.0, np.nan])
    table_ = compared(rows(base, base))
    assert table_["verdict"][0] == Verdict.WITHHELD
    assert overloaded_in(table_) == set()


def test_a_measure_may_have_a_smallest_difference_of_its_own():
    base = np.array([30.0, 32.0, 28.0, 31.0])
    own = WAIT.model_copy(update={"mid": 20.0})
    row = compared(rows(base, base - np.array([10, 10.1, 9.9, 10])), (own,)).row(0, named=True)
    assert (row["mid"], row["verdict"]) == (20.0, Verdict.NO_MATERIAL_DIFFERENCE)


def test_replications_are_paired_by_their_number_and_not_by_their_place():
    rows = [
        {"pilot": pilot, "replication": r, "measure": "counter_wait_mean", "group": "all", "unit": "minutes", "n": 1,
         "value": 10.0 * r + extra}
        for pilot, extra, there in (("a", 0.0, (0, 1, 2, 3)), ("b", 5.0, (1, 3, 4)))
        for r in there
    ]  # fmt: skip
    found = compared(pl.DataFrame(rows))
    assert found["difference"].to_list() == [5.0]
    assert found["n"].to_list() == [2]


LONG = JudgedMeasure(
    measure="turnaround_p90", group="channel:phone", label="nine in ten", mid="turnaround", touched=None
)
MEAN = JudgedMeasure(
    measure="turnaround_restricted_mean", group="channel:phone", label="mean", mid="turnaround", touched=None
)


def by_phone(n, missing=0, left=0.0, still_open=0.0):
    """Return the rows of two pilots by phone: in the first replications nine in ten are not reached."""
    frames = []
    for pilot, size in (("a", 8.0), ("b", 4.0)):
        days = size + 0.1 * (np.arange(n) % 3) + 0.01 * (size - 6) * (np.arange(n) % 2)
        p90 = np.where(np.arange(n) < (missing if pilot == "a" else 0), np.nan, days)
        left_of = np.where(np.isnan(p90), left, 0.0)
        for measure, values in (
            ("turnaround_p90", p90), ("turnaround_restricted_mean", days), ("left_unserved", left_of),
            ("still_open", np.full(n, still_open)),
        ):  # fmt: skip
            frames.append(table(pilot, measure, values, "channel:phone", "working days"))
    return pl.concat(frames)


def judged_with(measures, one):
    pilot = shipped("four_level")
    ends = Horizon(50.0, 60.0)
    return (
        compare(measures, ["a", "b"], pilot.mid, pilot.run, {"a": {}, "b": {}}, (one,), ends)
        .spoken()
        .row(0, named=True)
    )


def test_one_replication_of_many_that_does_not_reach_a_quantile_withholds_nothing():
    row = judged_with(by_phone(40, missing=1, left=0.12), LONG)
    assert row["cause"] == "too skewed"  # mean and difference are given; one of forty is too far out to tell more
    assert row["difference"] == pytest.approx(-4.0 - 52 / 40, abs=0.05)
    assert row["baseline_mean"] == pytest.approx((60 + sum(8 + 0.1 * (r % 3) for r in range(1, 40))) / 40, abs=0.02)
    assert row["open_bound"] == 0.0
    few = judged_with(by_phone(6, missing=1, left=0.12), LONG)  # one of six is too many to count as the cap
    assert (few["verdict"], few["cause"]) == ("withheld", "left or still open")


def test_a_mean_is_given_with_its_bound_or_withheld_by_how_much_what_is_open_can_move_it():
    little = judged_with(by_phone(6, still_open=0.01), MEAN)
    assert little["verdict"] == Verdict.BETTER
    assert little["open_bound"] == pytest.approx(0.1)  # a fifth of the smallest difference that matters
    much = judged_with(by_phone(6, still_open=0.02), MEAN)
    assert (much["verdict"], much["cause"]) == ("withheld", "still open")
    assert (
        much["why"]
        == "what is still open can move it by 0.2 under a and by 0.2 under b, by more than a quarter of the MID"
    )
    assert "run.drain_weeks" in much["help"]
    again = judged_with(by_phone(40, still_open=0.01), MEAN)
    assert again["verdict"] == Verdict.BETTER  # as many replications more, as little is withheld


@pytest.mark.parametrize(("bound", "verdict"), [(0.0, Verdict.BETTER), (0.4, Verdict.UNDECIDED)])
def test_a_verdict_that_what_is_still_open_could_turn_is_none(bound, verdict):
    base = np.array([30.0, 32.0, 28.0, 31.0])
    still = table("b", "open_bound", [bound] * 4, "counter_wait_mean|all", "its own")
    better = rows(base, base - 0.25 * TEN)  # by 2.5 minutes, where 2 matter
    row = compared(pl.concat([better, still]), horizon=Horizon(50.0, 60.0)).row(0, named=True)
    assert (row["verdict"], row["open_bound"]) == (verdict, bound)
    assert row["high"] < -2
    assert row["needed_least"] is None  # no number of replications settles what is open


def with_nothing_in(measures, *replications):
    """Return measures of which the restricted mean has nothing to count in some replications of the first design."""
    none = pl.col("replication").is_in(replications) & (pl.col("pilot") == "a")
    none &= pl.col("measure") == "turnaround_restricted_mean"
    return measures.with_columns(
        value=pl.when(none).then(np.nan).otherwise(pl.col("value")), n=pl.when(none).then(0).otherwise(pl.col("n"))
    )


def test_replications_in_which_there_was_nothing_to_count_are_left_out_of_both():
    row = judged_with(with_nothing_in(by_phone(6), 2), MEAN)
    assert (row["why"], row["n"]) == ("", 5)
    assert row["difference"] == pytest.approx(-4.0, abs=0.05)


def test_a_verdict_on_what_one_of_several_replications_observed_is_withheld_for_that_reason():
    row = judged_with(with_nothing_in(by_phone(6), 0, 1, 2, 4, 5), MEAN)
    assert (row["verdict"], row["cause"], row["n"]) == ("withheld", "observed once", 1)
    assert row["why"] == "observed in 1 of 6 replications"
    assert "more replications" in row["help"]
    assert row["difference"] == pytest.approx(-4.0, abs=0.05)
    alone = judged_with(by_phone(1), MEAN)
    assert (alone["verdict"], alone["why"]) == ("withheld", "")  # no replication of others: the run says so
