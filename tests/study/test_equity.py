import math

import numpy as np
import polars as pl
import pytest
from scipy import stats
from setups.district import pilot as shipped
from setups.laws_of_luck import LAWS, SPREAD

from sim.measures.dictionary import CONTROL
from sim.statistics.descriptive import gini
from sim.statistics.intervals import mean_interval
from sim.statistics.verdicts import Cause
from sim.study.comparison import equity, equity_controls
from sim.study.comparison.equity_tables import full_tables, short_table

COMMUNITIES = tuple(f"community:{k:02d}" for k in (1, 2, 3))

ASKED, RUN = shipped("four_level").report.equity, shipped("four_level").run


def reason(statistic):
    """Return in words why there is no statistic, or why it allows no conclusion."""
    return statistic.why.words() if statistic.why else ""


def cells(pilot, measure, values, unit="minutes"):
    """Return rows of the long table from groups' values (a list a group, one value a replication)."""
    return [
        {"pilot": pilot, "replication": r, "measure": measure, "group": g, "unit": unit, "value": float(v), "n": 9}
        for g, column in values.items()
        for r, v in enumerate(column)
    ]


def found(rows, pilots=("a",), share=0.05):
    return equity.statistics(pl.DataFrame(rows), pilots, RUN.model_copy(update={"withhold_share": share}), ASKED)


def three(*columns):
    return dict(zip(COMMUNITIES, columns, strict=True))


def of(values, name):
    """Return the numbers of a statistic of values (replications, communities)."""
    measuring, order = equity.ranked(np.asarray(values, dtype=float))
    return equity.measured(measuring[:, order], name)


# --------------------------------------------------------------------------------------------- statistics by hand


def test_on_one_row_the_statistics_are_those_of_the_values():
    row = np.array([[1.0, 2.0, 4.0, 9.0, 10.0]])
    assert equity.measured(row, "worst_minus_best") == [9]
    assert equity.measured(row, "worst_over_best") == [10]
    assert equity.measured(row, "gini") == pytest.approx([gini(row[0])])
    assert equity.measured(row, "p90_gap") == pytest.approx([np.quantile(row, 0.9) - 4])


def test_the_ninth_decile_of_31_communities_is_the_28th():
    above, below = equity.weights("p90_gap", 31)
    assert np.flatnonzero(above).tolist() == [15, 27]
    assert above[[15, 27]].tolist() == [-1, 1]
    assert below is None


def test_a_ratio_is_of_the_means_and_its_numbers_are_the_jackknifes():
    numbers = equity.measured(np.array([[1.0, 2.0], [3.0, 10.0]]), "worst_over_best")
    whole, without = 12 / 4, (10 / 3, 2 / 1)  # without the first, without the second
    assert numbers == pytest.approx([2 * whole - w for w in without])


def test_the_second_of_three_replications_ranks_and_the_others_measure():
    # In replications 1 and 4 the third community is worst and the first best; the others say it is the second.
    values = three([5, 1, 5, 5, 1, 5], [9, 2, 9, 9, 2, 9], [6, 3, 7, 8, 3, 7])
    s = found(cells("a", "resident_time", values))["a", "resident_time", "community", "worst_minus_best"]
    assert (s.group, s.other) == ("community:03", "community:01")
    assert s.values.tolist() == [1, 2, 3, 2]
    assert s.means() == (7, 5)


def test_of_a_share_of_which_more_is_good_what_is_missing_is_compared():
    s = found(cells("a", "on_time", three([0.9] * 3, [0.6] * 3, [0.8] * 3), "share"))
    worst = s["a", "on_time", "community", "worst_over_best"]
    assert (worst.group, worst.other) == ("community:02", "community:01")
    assert worst.values.mean() == pytest.approx(4)


def test_two_groups_given_beforehand_are_compared_in_all_replications():
    rows = cells("a", "resident_time", {"special_care:yes": [4, 5, 6], "special_care:no": [2, 2, 2]})
    rows += cells("a", "resident_time", {"distance:near": [4, 4, 4], "distance:far": [6, 6, 9], "distance:middle": [1]})
    s = found(rows)
    assert s["a", "resident_time", "special_care", "gap"].values.tolist() == [2, 3, 4]
    assert s["a", "resident_time", "special_care", "gap_ratio"].values.mean() == pytest.approx(2.5)
    assert s["a", "resident_time", "distance", "gap"].values.tolist() == [2, 2, 5]
    assert ("a", "resident_time", "community", "gini") not in s


# --------------------------------------------------------------------------------------------- what is withheld


def test_a_ratio_to_a_community_that_has_none_is_withheld_and_the_gini_index_of_nothing_is_zero():
    s = found(cells("a", "left_unserved", three([0, 0, 0], [0.1, 0.2, 0.1], [0.1, 0.1, 0.1]), "share"))
    ratio = s["a", "left_unserved", "community", "worst_over_best"]
    assert (len(ratio.values), reason(ratio)) == (0, "community:01 has 0 under a, of which nothing is a multiple")
    assert ratio.why.cause is Cause.NOTHING_TO_DIVIDE_BY
    assert s["a", "left_unserved", "community", "worst_minus_best"].why is None
    nothing = found(cells("a", "left_unserved", three([0] * 3, [0] * 3, [0] * 3), "share"))
    assert nothing["a", "left_unserved", "community", "gini"].values.tolist() == [0, 0]


def test_a_community_where_nothing_was_counted_withholds_with_the_reason():
    rows = cells(
        "a", "turnaround_restricted_mean", three([1, 2, 3], [math.nan, math.nan, 3], [math.nan, 2, 2]), "working days"
    )
    rows = [r | {"n": 0} if math.isnan(r["value"]) else r for r in rows]
    s = found(rows)["a", "turnaround_restricted_mean", "community", "gini"]
    assert len(s.values) == 0
    assert reason(s) == "nothing to count in 2 of 3 replications in community:02 and 1 more under a"
    assert s.why.cause is Cause.NO_OBSERVATION


def test_a_replication_in_which_a_community_had_nothing_to_count_is_left_out_for_all():
    nan = math.nan
    values = {
        "a": three([1, 2, 3, 4], [5, nan, 6, 7], [8, 9, 9, 9]),
        "b": three([1, 2, 3, 4], [5, 5, 6, 7], [8, 9, nan, 9]),
    }
    rows = [row for pilot in "ab" for row in cells(pilot, "trips", values[pilot], "per request")]
    rows = [r | {"n": 0} if math.isnan(r["value"]) else r for r in rows]
    statistics = found(rows, ("a", "b"))
    gaps = [statistics[pilot, "trips", "community", "worst_minus_best"] for pilot in "ab"]
    assert [reason(one) for one in gaps] == ["", ""]
    assert [one.values.tolist() for one in gaps] == [[7], [7]]  # the first measures, the last ranks


def test_a_community_with_too_many_open_requests_withholds_with_the_share_where_they_were_too_many():
    rows = cells("a", "turnaround_restricted_mean", three([1, 2, 3], [1, math.nan, 3], [2, 2, 2]), "working days")
    rows += cells("a", "still_open", three([0] * 3, [0.0, 0.03, 0.0], [0.009] * 3), "share")
    s = found(rows)["a", "turnaround_restricted_mean", "community", "gini"]
    assert (len(s.values), reason(s)) == (0, "3.0% left unserved or still open in community:02 under a")
    assert s.why.cause is Cause.UNFINISHED


def test_an_overloaded_post_withholds_only_what_weighs_its_community():
    waits = {f"community:{k:02d}": [10.0 + k] * 3 for k in range(1, 32)}
    touched = {group: [0.4 if group == "community:31" else 0.0] * 3 for group in waits}
    rows = cells("a", "counter_wait_mean", waits) + cells("a", "touched_in_person", touched, "share")
    s = {name: x for (_, _, _, name), x in found(rows).items()}
    why = "40% of the requests of community:31 under a go to an overloaded post"
    assert {name: reason(x) for name, x in s.items()} == {
        "worst_minus_best": why, "worst_over_best": why, "gini": why, "p90_gap": "",
    }  # fmt: skip
    assert s["gini"].why.cause is Cause.OVERLOADED_REQUESTS
    assert s["worst_minus_best"].values.tolist() == [30, 30]


def test_one_replication_ranks_nobody():
    s = found(cells("a", "trips", three([1], [2], [3]), "per request"))["a", "trips", "community", "gini"]
    assert (len(s.values), reason(s)) == (0, "one replication cannot both rank the communities and measure them")
    assert s.why.cause is Cause.ONE_REPLICATION


# --------------------------------------------------------------------------------------------- between pilots


def two_pilots():
    """Return two pilots: under b the worst community waits 10 minutes less, and special care fares the same."""
    noise = np.array([0.0, 1.0, 0.5, 1.5, 0.2, 0.9])
    base = three(20 + noise, 30 + noise, 45 + noise)
    rows = cells("a", "counter_wait_mean", base)
    rows += cells("b", "counter_wait_mean", {**base, "community:03": 35 + 1.01 * noise})
    for pilot in "ab":
        pair = {"special_care:yes": 30 + (1 + 0.001 * (pilot == "b")) * noise, "special_care:no": 25 + noise}
        rows += cells(pilot, "counter_wait_mean", pair)
    return pl.DataFrame(rows)


def compared(measures, pilots=("a", "b")):
    a_pilot = shipped("four_level")
    s = equity.statistics(measures, pilots, a_pilot.run, ASKED)
    told = equity.table(s, measures, 0.95, ASKED).spoken()
    return told, equity.differences(s, measures, pilots, a_pilot.mid, a_pilot.run, ASKED).spoken()


def row(table, **where):
    return table.filter(*(pl.col(k) == v for k, v in where.items())).row(0, named=True)


def test_pilots_are_compared_replication_by_replication():
    _, differences = compared(two_pilots())
    worst = row(differences, statistic="worst_minus_best")
    assert worst["difference"] == pytest.approx(-10 + 0.01 * np.mean([0.0, 0.5, 1.5, 0.9]))
    assert worst["high"] < -worst["mid"]
    assert worst["verdict"] == "better"
    same = row(differences, family="special_care", statistic="gap")
    assert (same["verdict"], same["n"]) == ("no material difference", 6)
    assert same["difference"] == pytest.approx(0, abs=0.01)


def test_without_a_smallest_difference_that_matters_there_is_an_interval_and_no_verdict():
    _, differences = compared(two_pilots())
    for name in ("worst_over_best", "gini", "gap_ratio"):
        told = row(differences, statistic=name)
        assert (told["mid"], told["verdict"]) == (None, None)
        assert math.isfinite(told["low"])


def test_intervals_hold_jointly_over_the_rows_of_a_family():
    measures = two_pilots()
    s = equity.statistics(measures, ("a", "b"), RUN, ASKED)
    key = ("counter_wait_mean", "community", "worst_minus_best")
    alone = mean_interval(s["b", *key].values - s["a", *key].values, 1 - 0.05 / 4)  # four statistics
    told = row(compared(measures)[1], statistic="worst_minus_best")
    assert (told["low"], told["high"]) == pytest.approx((alone.low, alone.high))


def test_the_difference_from_a_withheld_statistic_is_withheld_with_its_reason():
    measures = pl.concat(
        [two_pilots(), pl.DataFrame(cells("b", "touched_in_person", three([0] * 6, [0] * 6, [0.3] * 6), "share"))]
    )
    told, differences = compared(measures)
    worst = row(differences, statistic="worst_minus_best")
    assert (math.isnan(worst["difference"]), worst["verdict"]) == (True, "withheld")
    assert worst["why"] == "30% of the requests of community:03 under b go to an overloaded post"
    assert worst["cause"] == Cause.OVERLOADED_REQUESTS
    for table in (told, differences):
        assert table["cause"].is_not_null().to_list() == (table["why"] != "").to_list()
    assert math.isfinite(row(told, pilot="b", statistic="worst_minus_best")["estimate"])


def test_one_pilot_has_statistics_and_no_difference():
    measures = two_pilots().filter(pl.col("pilot") == "a")
    told, differences = compared(measures, ("a",))
    assert told.height == 6
    assert differences.is_empty()
    assert set(equity.DIFFERENCES) == set(differences.columns)


# --------------------------------------------------------------------------------------------- known truth


TRIALS, REPLICATIONS = 400, 16
COVERED = stats.binom(TRIALS, 0.95).ppf([5e-5, 1 - 5e-5])  # but for one in ten thousand


def intervals(means, name):
    """Return the intervals of a statistic in so many studies of noisy communities of these means."""
    noisy = means + np.random.default_rng(3).standard_normal((TRIALS, REPLICATIONS, len(means)))
    return [mean_interval(of(study, name)) for study in noisy], noisy


@pytest.mark.parametrize("name", ["worst_minus_best", "p90_gap", "gini", "worst_over_best"])
@pytest.mark.parametrize("spread", [0.0, 4.0])
def test_intervals_cover_the_truth_of_equal_communities_and_of_clearly_different_ones(spread, name):
    means = 100 + spread * np.arange(11)
    truth = float(equity.measured(means[None], name)[0])
    told, _ = intervals(means, name)
    assert COVERED[0] <= sum(i.low <= truth <= i.high for i in told)  # so few ask for more than Student's


def test_where_communities_are_hard_to_tell_apart_the_gap_is_rarely_overstated():
    means = 100 + 0.3 * np.arange(11)
    told, _ = intervals(means, "worst_minus_best")
    assert sum(i.low > 3 for i in told) <= stats.binom(TRIALS, 0.025).ppf(1 - 1e-4)
    assert 2.4 < np.mean([i.estimate for i in told]) <= 3


def test_the_worst_named_by_its_own_numbers_would_never_be_equal_to_the_best():
    told, noisy = intervals(np.full(11, 100.0), "worst_minus_best")
    naive = [mean_interval(np.ptp(study, axis=1)) for study in noisy]
    assert not any(i.low <= 0 for i in naive)
    assert abs(np.mean([i.estimate for i in told])) < 4 * np.std([i.estimate for i in told]) / math.sqrt(TRIALS)


def test_paired_differences_of_two_designs_with_the_same_inequality_cover_nought():
    rng = np.random.default_rng(5)
    means, hits = 100 + 4.0 * np.arange(5), 0
    for _ in range(TRIALS):
        common = rng.standard_normal((REPLICATIONS, 1))
        # under the other design other communities are worst
        one, other = (order + common + rng.standard_normal((REPLICATIONS, 5)) for order in (means, means[::-1]))
        i = mean_interval(of(other, "worst_minus_best") - of(one, "worst_minus_best"))
        hits += i.low <= 0 <= i.high
    assert COVERED[0] <= hits <= COVERED[1]


# --------------------------------------------------------------------------------------------- draws of known mean


def with_draws(rng, law="normal", n=36):
    """Return two pilots whose communities fare by chance that is known: the worst more so, under b yet more."""
    came, away = rng.normal(size=(2, n))
    rows = []
    for pilot, steep in (("a", 1.0), ("b", 2.0)):
        noise = LAWS[law](rng, (3, n)) - 1
        columns = [40 + 10 * k + noise[k] + SPREAD[law] * (1 + steep * k) * (came + 0.5 * away) for k in range(3)]
        rows += cells(pilot, "resident_time", three(*columns))
        rows += cells(pilot, CONTROL, {"arrivals:counter": 0.01 * came, "absence:community": 0.01 * away}, "share")
    return pl.DataFrame(rows)


def adjusted(measures):
    """Return the tables of statistics and differences, adjusted, and what for."""
    a_pilot, pilots = shipped("four_level"), ("a", "b")
    s = equity.statistics(measures, pilots, a_pilot.run, ASKED)
    made = equity_controls.adjustments(s, measures, pilots, 0.95, ASKED)
    told = equity.table(s, measures, 0.95, ASKED, made)
    between = equity.differences(s, measures, pilots, a_pilot.mid, a_pilot.run, ASKED, made)
    return told.spoken(), between.spoken(), made


def test_statistics_and_differences_are_adjusted_alike_in_the_replications_that_measure():
    measures = with_draws(np.random.default_rng(6))
    told, differences, made = adjusted(measures)
    assert set(made) == {("resident_time", "community")}
    plain, _ = compared(measures)
    for statistic in ("worst_minus_best", "p90_gap"):
        rows = [row(told, pilot=p, statistic=statistic) for p in "ab"]
        assert rows[0]["n"] == 24
        assert rows[0]["controls"] == "absence of community staff, arrivals (counter)"
        gap = row(differences, statistic=statistic)
        assert gap["difference"] == pytest.approx(rows[1]["estimate"] - rows[0]["estimate"])
        assert (gap["baseline_value"], gap["pilot_value"]) == pytest.approx([one["estimate"] for one in rows])
        before = row(plain, pilot="b", statistic=statistic)
        assert rows[1]["high"] - rows[1]["low"] < 0.6 * (before["high"] - before["low"])
    worst = row(told, pilot="b", statistic="worst_minus_best")
    assert worst["estimate"] == pytest.approx(worst["group_mean"] - worst["other_mean"])
    assert worst["estimate"] == pytest.approx(20, abs=2)
    assert abs(row(plain, pilot="b", statistic="worst_minus_best")["estimate"] - worst["estimate"]) > 0.1
    notes = " ".join(full_tables(told, differences, ("a", "b"), 0.95)[0].notes)
    assert "for absence of community staff, arrivals (counter)." in notes


def test_with_too_few_replications_that_measure_nothing_is_adjusted():
    measures = with_draws(np.random.default_rng(7), n=28)  # 19 measure
    _, _, made = adjusted(measures)
    assert made == {}
    assert set(compared(measures)[0]["controls"]) == {""}


def held_with_draws(law, trials):
    """Hold gaps, ratios and their differences between pilots to their confidence; return how often adjusted."""
    rng, alone, between, n_adjusted = np.random.default_rng(8), {}, 0, 0
    truth = {"worst_minus_best": 20.0, "worst_over_best": 1.5, "p90_gap": 8.0, "gini": 40 / 3 / 150}
    for _ in range(trials):
        told, differences, made = adjusted(with_draws(rng, law))
        n_adjusted += bool(made)
        for statistic, true in truth.items():
            one = row(told, pilot="b", statistic=statistic)
            alone[statistic] = alone.get(statistic, 0) + (one["low"] > true or one["high"] < true)
        between += differences.select((pl.col("low") > 1e-9) | (pl.col("high") < -1e-9)).to_series().any()
    most = stats.binom(trials, 0.07).ppf(1 - 1e-4)
    assert all(failed <= most for failed in alone.values()), alone
    assert between <= most
    return n_adjusted


def test_adjusted_gaps_and_ratios_cover_the_truth():
    assert held_with_draws("normal", 25) > 15


@pytest.mark.long
@pytest.mark.parametrize("law", [law for law in LAWS if law != "two points"])
def test_adjusted_gaps_and_ratios_cover_the_truth_on_every_law(law):
    held_with_draws(law, 150)


# --------------------------------------------------------------------------------------------- tables to be read


def test_the_short_table_has_the_gaps_and_marks_and_the_whole_ones_have_all_rows():
    told, differences = compared(two_pilots())
    short = short_table(told, differences, ("a", "b"), shipped("four_level").report.equity_in_brief)
    assert [r[0] for r in short.rows] == [
        "wait at a counter, mean (minutes)", "  worst, best community", "  special care, others",
    ]  # fmt: skip
    assert short.rows[1][1].startswith("25.0")
    assert short.rows[1][2].endswith("▲")
    assert short.rows[2][2].endswith("=")
    community, special = full_tables(told, differences, ("a", "b"), 0.95)
    assert [r[1] for r in community.rows] == [
        "worst, best community", "worst, best community: ratio", "9th decile, median community",
        "communities: Gini index",
    ]  # fmt: skip
    assert community.rows[0][2].endswith("; 03 against 01")
    assert community.rows[0][4].endswith("better")
    assert len(special.rows) == 2


def test_what_meets_an_overloaded_post_is_starred_and_its_reason_told():
    touched = cells("b", "touched_in_person", three([0] * 6, [0] * 6, [0.3] * 6), "share")
    told, differences = compared(pl.concat([two_pilots(), pl.DataFrame(touched)]))
    short = short_table(told, differences, ("a", "b"), shipped("four_level").report.equity_in_brief)
    assert "*" in short.rows[1][2]
    assert any("Allows no conclusion, or has no interval" in note for note in short.notes)
    community = full_tables(told, differences, ("a", "b"), 0.95)[0]
    assert community.rows[0][4] == "–"
    assert any("30% of the requests of community:03 under b go to an overloaded post" in n for n in community.notes)
