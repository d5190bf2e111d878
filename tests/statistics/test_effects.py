"""Main effects, curves, grids, swings and summaries of designs whose answer is worked out by hand."""

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats

from sim.statistics import effects
from sim.statistics.effects import omissions
from sim.statistics.intervals import mean_interval
from sim.statistics.reasons import Text, in_words
from sim.statistics.responses import Level, Response, levels
from sim.statistics.swings import Alone, one_at_a_time
from sim.statistics.swings import tornado as words_and_base

FALSE_ALARM = 1e-4
HALF = stats.t.ppf(0.975, 1)  # half-width of two values that differ by 2 units is t x sqrt(2) / sqrt(2)


def spoken(make):
    """Return what makes the table that a function returns, with its words."""
    return lambda *given: make(*given).spoken()


main_effects, sampled_effects = spoken(effects.main_effects), spoken(effects.sampled_effects)
curve, heat, summary = spoken(effects.curve), spoken(effects.heat), spoken(effects.summary)
panels = spoken(effects.panels)


def tornado(*given):
    """Return the table of swings with its words, and the effect at the base."""
    table, base = words_and_base(*given)
    return table.spoken(), base


def factorial():
    """Return 8 settings in no order, two levels a factor; the mean is 10 heads, and 2 more where windows is b."""
    rows = [(heads, windows, grid) for grid in (500, 100) for windows in ("b", "a") for heads in (3, 1)]
    settings = pl.DataFrame(
        [(i + 100, *row) for i, row in enumerate(rows)],
        schema=["setting", "heads", "windows", "grid"],
        orient="row",
    )
    values = {i + 100: 10.0 * h + 2 * (w == "b") + np.array([-1.0, 1.0]) for i, (h, w, _) in enumerate(rows)}
    return settings, values


def test_levels_ascend_as_numbers_and_stand_as_they_come_as_texts():
    settings = pl.DataFrame(
        {"setting": [0, 1, 2], "a": ["100", "20", "3"], "b": ["ab", "9", "ab"], "c": [0.1, 2.0, 0.1]}
    )
    assert levels(settings, "a")[0] == [Level("3", 3.0), Level("20", 20.0), Level("100", 100.0)]
    assert levels(settings, "a")[1].tolist() == [2, 1, 0]
    assert levels(settings, "b")[0] == [Level("ab", None), Level("9", None)]
    assert levels(settings, "c")[0] == [Level("0.1", 0.1), Level("2", 2.0)]
    flags = pl.DataFrame({"setting": [0, 1], "on": [True, False]})
    assert levels(flags, "on")[0] == [Level("true", None), Level("false", None)]
    with pytest.raises(ValueError, match="settings must have a level of d each, got columns setting, a, b, c"):
        levels(settings, "d")


def test_a_main_effect_is_the_mean_over_the_settings_of_all_others():
    settings, values = factorial()
    table = main_effects(settings, Response("wait", "minutes", values), ["heads", "windows"])
    assert table.select("factor", "level", "order", "x", "mean", "n", "rows", "left_out").rows() == [
        ("heads", "1", 0, 1.0, 11.0, 2, 4, 0),
        ("heads", "3", 1, 3.0, 31.0, 2, 4, 0),
        ("windows", "b", 0, None, 22.0, 2, 4, 0),
        ("windows", "a", 1, None, 20.0, 2, 4, 0),
    ]
    assert table["low"].to_list() == pytest.approx([11 - HALF, 31 - HALF, 22 - HALF, 20 - HALF])
    assert table["change"].to_list() == [0, 20, 0, -2]
    assert table["change_low"].is_nan().all()  # the noise is the same everywhere, so that no change varies


def test_a_combination_without_a_value_is_left_out_at_all_levels_alike():
    settings, values = factorial()
    values[100] = np.array([np.nan, 1e6])  # heads 3, windows b, grid 500
    table = main_effects(settings, Response("wait", "minutes", values), ["heads"])
    # Of the four combinations, (b, 500) goes; with it, heads 1 would have 11 and heads 3 30.67.
    assert table["mean"].to_list() == pytest.approx([10 + 2 / 3, 30 + 2 / 3])
    assert table["left_out"].to_list() == [1, 1]
    assert omissions(table) == [
        "Means at the levels of heads are over 3 of 4 combinations of the other factors: the rest has no value at one "
        "level or more, and is left out at all."
    ]
    settings, values = factorial()
    assert omissions(main_effects(settings, Response("wait", "minutes", values), ["heads"])) == []
    assert table["change"].to_list() == pytest.approx([0, 20])


def test_a_level_that_cannot_be_is_withheld_alone_and_says_why():
    settings, values = factorial()
    gone = settings.filter(pl.col("heads") == 1)["setting"].to_list()
    values = {i: v for i, v in values.items() if i not in gone}
    table = main_effects(
        settings, Response("wait", "minutes", values, dict.fromkeys(gone, Text("no heads"))), ["heads"]
    )
    assert table["why"].to_list() == ["no heads", ""]
    assert math.isnan(table["mean"][0])
    assert table["mean"][1] == 31
    assert table["n"].to_list() == [0, 2]
    assert table["change"][1] == 0


def test_nothing_is_said_where_no_combination_is_whole():
    settings = pl.DataFrame({"setting": [0, 1, 2, 3], "a": [1, 1, 2, 2], "b": [1, 2, 1, 2]})
    response = Response("wait", "minutes", {0: np.ones(3), 3: np.ones(3)}, dict.fromkeys((1, 2), Text("no room")))
    table = main_effects(settings, response, ["a"])
    assert table["mean"].is_nan().all()
    assert set(table["why"]) == {"no combination of the other factors has a value at every level"}
    assert table["left_out"].to_list() == [2, 2]


def test_replications_in_common_are_used_where_settings_have_different_numbers():
    settings = pl.DataFrame({"setting": [0, 1], "a": [1, 2]})
    response = Response("wait", "minutes", {0: np.array([1.0, 3.0]), 1: np.array([2.0, 4.0, 9.0])})
    assert main_effects(settings, response, ["a"]).select("mean", "n").rows() == [(2.0, 2), (3.0, 2)]
    assert curve(settings, response, "a").select("mean", "n").rows() == [(2.0, 2), (5.0, 3)]


def test_a_response_is_a_matrix_over_the_replications_in_common():
    response = Response("w", "", {0: np.array([1.0, 2.0, 3.0]), 1: np.array([4.0, np.nan]), 7: np.array([5.0, 6.0])})
    nan = np.nan
    assert np.array_equal(response.matrix([7, 1, 0, 9]), [[5, 6], [nan, nan], [1, 2], [nan, nan]], equal_nan=True)


def test_intervals_of_main_effects_and_changes_cover_as_stated():
    settings = pl.DataFrame({"setting": range(6), "a": [0, 0, 1, 1, 2, 2], "b": [0, 1] * 3})
    rng, trials, misses = np.random.default_rng(1), 600, np.zeros((2, 3))
    for _ in range(trials):
        shared = rng.normal(0, 3, 24)  # common random numbers
        values = {i: i + shared + rng.normal(0, 1, 24) for i in range(6)}
        table = main_effects(settings, Response("x", "", values), ["a"], 0.9)
        for k, (name, truth) in enumerate((("", [0.5, 2.5, 4.5]), ("change_", [0, 2, 4]))):
            low, high = table[f"{name}low"].to_numpy(), table[f"{name}high"].to_numpy()
            misses[k] += (low > truth) | (high < truth)
    most = stats.binom(trials, 0.1).ppf(1 - FALSE_ALARM / 2)
    assert np.all(misses <= most), misses
    assert np.all(misses[0] > 0), misses


def test_curves_by_series_are_the_cells():
    settings, values = factorial()
    table = curve(
        settings.filter(pl.col("grid") == 100).drop("grid"), Response("wait", "min", values), "heads", "windows"
    )
    assert table.select("series", "x", "level", "order", "mean").rows() == [
        ("b", 1.0, "1", 0, 12.0), ("b", 3.0, "3", 1, 32.0), ("a", 1.0, "1", 0, 10.0), ("a", 3.0, "3", 1, 30.0),
    ]  # fmt: skip
    assert table["high"].to_list() == pytest.approx([12 + HALF, 32 + HALF, 10 + HALF, 30 + HALF])
    alone = curve(settings, Response("wait", "min", values), "heads")
    assert alone.select("series", "mean", "rows").rows() == [("", 11.0, 4), ("", 31.0, 4)]


def test_panels_of_a_third_factor_are_the_curves_at_each_of_its_levels():
    settings, values = factorial()
    response = Response("wait", "min", values)
    table = panels(settings, response, ("heads", "windows", "grid"))
    for level, part in table.partition_by("panel", maintain_order=True, as_dict=True).items():
        alone = curve(settings.filter(pl.col("grid") == int(level[0])).drop("grid"), response, "heads", "windows")
        columns = ["series", "x", "level", "order", "mean", "low", "high", "n", "rows"]
        assert part.select(columns).rows() == alone.select(columns).rows()
    assert table["panel_order"].is_sorted()
    assert table["panel"].n_unique() == settings["grid"].n_unique() > 1


def test_one_factor_at_a_time_has_curves_at_the_base_of_the_others():
    settings = pl.DataFrame({"setting": [0, 1, 2, 3], "a": [1, 0, 2, 1], "b": ["x", "x", "x", "y"]})
    values = {i: np.array([float(i), float(i) + 2]) for i in range(4)}
    assert curve(settings, Response("w", "", values), "a")["mean"].to_list() == [2.0, 1.0, 3.0]
    assert curve(settings, Response("w", "", values), "b")["mean"].to_list() == [1.0, 4.0]


def test_a_design_that_samples_intervals_has_no_curves():
    settings = pl.DataFrame({"setting": [0, 1, 2], "a": [0.1, 0.5, 0.8], "b": [0.2, 0.9, 0.4]})
    values = {i: np.ones(2) for i in range(3)}
    with pytest.raises(ValueError, match="a must be crossed with the other factors"):
        curve(settings, Response("w", "", values), "a")
    with pytest.raises(ValueError, match="settings must differ in their factors, got 1 twice"):
        curve(settings.with_columns(a=pl.lit(1), b=pl.Series([1, 1, 2])), Response("w", "", values), "a", "b")
    with pytest.raises(ValueError, match="factors must be at least one, got none"):
        main_effects(settings, Response("w", "", values), [])
    with pytest.raises(ValueError, match="settings must be at least one, got none"):
        heat(settings.clear(), Response("w", "", values), "a", "b")


def test_every_cell_of_two_factors_has_a_row_and_the_empty_ones_say_why():
    settings = pl.DataFrame({"setting": [5, 6, 7], "a": [1, 2, 1], "b": ["x", "x", "y"]})
    values = {5: np.array([1.0, 3.0]), 6: np.array([np.nan, 1.0])}
    table = heat(settings, Response("w", "", values, {7: Text("no staff")}), "a", "b")
    assert table.select("x_level", "x_order", "y_level", "y_order", "n", "why").rows() == [
        ("1", 0, "x", 0, 2, ""), ("1", 0, "y", 1, 0, "no staff"),
        ("2", 1, "x", 0, 0, "withheld"), ("2", 1, "y", 1, 0, "not run"),
    ]  # fmt: skip
    assert table["mean"][0] == 2
    assert table["mean"][1:].is_nan().all()
    assert table["low"][0] == pytest.approx(2 - HALF)


def test_the_summary_has_a_row_a_setting_and_says_what_is_missing():
    settings = pl.DataFrame({"setting": [0, 1], "pilot": ["old", "new"], "a": [1, 2]})
    wait = Response("wait", "min", {0: np.array([1.0, 3.0]), 1: np.array([1.0, 3.0, 8.0])})
    cost = Response("cost|all", "yuan", {0: np.array([5.0, 5.0]), 1: np.array([np.nan, 5.0, 5.0])})
    table = summary(settings, [wait, cost])
    assert table.columns == [
        "setting", "pilot", "a", "n",
        "wait", "wait_low", "wait_high", "cost|all", "cost|all_low", "cost|all_high", "why",
    ]  # fmt: skip
    assert table["n"].to_list() == [2, 3]
    assert table["wait"].to_list() == [2, 4]
    assert table["wait_low"][0] == pytest.approx(2 - HALF)
    assert math.isnan(table["cost|all_high"][0])
    assert math.isnan(table["cost|all"][1])
    same = "cost|all: the same in all 2 replications, which does not show how it varies"
    assert table["why"].to_list() == [same, "cost|all: withheld"]
    (low, high), known = exact_bounds(settings, cost)
    assert (low, high) == (5, 5)  # known without simulation
    assert known == ["", "cost|all: withheld"]
    with pytest.raises(ValueError, match="columns must have names of their own, got a twice"):
        summary(settings, [Response("a", "", {})])


def alone(factor, base, *others, why=None):
    """Return an effect at the base, level 1, and at others from level 2 on."""
    return Alone(factor, 0, tuple(str(i + 1) for i in range(len(others) + 1)), (base, *others), why)


def exact_bounds(settings, cost):
    """Return the bounds and the reasons of a response that is known without simulation."""
    table = summary(settings, [replace(cost, exact=True)])
    return table.select("cost|all_low", "cost|all_high").row(0), table["why"].to_list()


def test_swings_are_paired_and_the_widest_comes_first():
    base = np.array([0.0, 2.0])
    found = [
        alone("narrow", base, base - 1, base + 1),
        alone("wide", base, base + 9.95 + np.array([-0.05, 0.05])),
        alone("loose", base, np.array([2.0, 1.0])),
        alone("idle", base, base),
    ]
    table, at_base = tornado(found)
    assert (at_base.estimate, at_base.low, at_base.high) == pytest.approx((1, 1 - HALF, 1 + HALF))
    assert table["factor"].to_list() == ["wide", "narrow", "loose", "idle"]
    assert table["swing"].to_list() == pytest.approx([9.95, 2, 0.5, 0])
    together = stats.t.ppf(1 - 0.05 / 4, 1)  # of what never varies there is no interval, and two are left
    ends = [9.95 - 0.05 * together, np.nan, 0, np.nan]
    assert table["swing_from"].to_list() == pytest.approx(ends, nan_ok=True)  # the loose levels are not told apart
    ends = [9.95 + 0.05 * together, np.nan, 0.5 + 1.5 * together, np.nan]
    assert table["swing_to"].to_list() == pytest.approx(ends, nan_ok=True)
    assert table["sure"].to_list() == [True, False, False, False]
    assert table["low"].to_list() == pytest.approx([1, 0, 1, 1])


def test_a_level_between_the_ends_that_moves_an_effect_further_is_found_named_and_shown():
    base = np.array([0.2, 0.3, 0.25, 0.25])
    luck = np.array([0.0, 0.01, -0.01, 0.0])
    found = [
        Alone("hump", 1, ("low", "base", "middle", "high"), (base + luck, base, base + 0.2 + luck, base - luck)),
        Alone("roles", 0, ("lines", "generalist", "ab"), (base, base + 0.4 + luck, base + 0.1 - luck)),
        Alone("valley", 1, ("1", "2", "3"), (base + 0.3 + luck, base, base + 0.3 - luck)),  # the base is an extreme
        Alone("nothing", 1, ("1", "2", "3"), (base + luck, base, base - luck)),
    ]
    rows = tornado(found)[0].rows_by_key("factor", named=True, unique=True)
    assert {name: row["sure"] for name, row in rows.items()} == {
        "hump": True, "roles": True, "valley": True, "nothing": False,
    }  # fmt: skip
    extremes = {name: (row["least_level"], row["most_level"]) for name, row in rows.items() if row["sure"]}
    assert extremes["roles"] == ("lines", "generalist")
    assert extremes["hump"][1] == "middle"
    assert extremes["valley"][0] == "2"
    assert rows["roles"]["most"] - rows["roles"]["least"] == pytest.approx(rows["roles"]["swing"]) == 0.4
    assert rows["roles"]["swing_from"] < 0.4 < rows["roles"]["swing_to"]
    shown = {name: (row["low_level"], row["high_level"]) for name, row in rows.items()}
    assert shown == {
        "hump": ("low", "middle"), "roles": ("generalist", "ab"), "valley": ("1", "3"), "nothing": ("1", "3"),
    }  # fmt: skip


def test_the_levels_at_which_an_effect_turns_its_sign_beyond_the_noise_are_named():
    base = np.array([9.0, 10.0, 11.0, 10.0])
    found = [
        alone("both", base, -base, -2 * base),
        alone("middle", base, 2 * base, -base, base),
        alone("noisy", base, base, np.array([-30.0, 20.0, -30.0, 20.0])),
        alone("gone", base, -base, None, why=Text("3: no room")),
    ]
    rows = tornado(found)[0].rows_by_key("factor", named=True, unique=True)
    turned = {name: row["turned"] for name, row in rows.items()}
    assert turned == {"both": "2 / 3", "middle": "3", "noisy": "", "gone": "2"}


def test_a_level_that_cannot_be_leaves_no_swing_and_its_row_stands_by_what_is_known():
    base, luck = np.array([0.0, 2.0, 1.0, 1.5, 0.5]), np.array([0.0, 0.02, -0.02, 0.01, -0.01])
    found = [
        alone("none", base, None, None, why=Text("2: no heads; 3: no room")),
        alone("small", base, base - 1 + luck, base + 1 - luck),
        alone("half", base, base + 5 + luck, None, why=Text("3: no room")),
        alone("withheld", base, base * np.nan, (base + 0.5 + luck)[:3]),
    ]
    table, _ = tornado(found)
    assert table["factor"].to_list() == ["half", "small", "withheld", "none"]
    assert table["why"].to_list() == ["3: no room", "", "withheld", "2: no heads; 3: no room"]
    assert table["swing"].is_nan().to_list() == [True, False, True, True]
    assert table["sure"].to_list() == [True, True, True, False]  # what is known of a factor is told all the same
    assert table["high"][2] == pytest.approx(1.5)


def test_levels_are_those_of_settings_that_differ_from_the_base_in_one_factor():
    settings = pl.DataFrame({"setting": [0, 1, 2, 3, 4], "a": [2, 1, 9, 2, 9], "b": ["x", "x", "x", "y", "y"]})
    values = {i: np.array([float(i), i + 1.0]) for i in (0, 1, 3, 4)}
    a, b = one_at_a_time(settings, Response("w", "", values, {2: Text("no room")}), 0, ["a", "b"])
    assert (a.levels, a.base, in_words(a.why)) == (("1", "2", "9"), 1, "no room")
    assert [None if v is None else v.tolist() for v in a.values] == [[1, 2], [0, 1], None]
    assert (b.levels, b.base) == (("x", "y"), 0)
    assert [v.tolist() for v in b.values] == [[0, 1], [3, 4]]
    without = Response("w", "", {0: values[0]}, {1: Text("no heads"), 2: Text("no room")})
    (a,) = one_at_a_time(settings, without, 0, ["a"])
    assert in_words(a.why) == "1: no heads; 9: no room"
    with pytest.raises(ValueError, match="base must be one of the settings, got 9"):
        one_at_a_time(settings, Response("w", "", values), 9, ["a"])


@pytest.mark.parametrize("n_levels", [2, 4])
def test_the_interval_of_a_swing_covers_at_least_as_often_as_stated(n_levels):
    rng, trials = np.random.default_rng(4), 300
    for truth in (0.0, 0.5, 3.0):
        misses = 0
        for _ in range(trials):
            shared = rng.normal(0, 5, 6)
            moved = (shared - truth * (i == 0) + rng.normal(0, 1, 6) for i in range(n_levels - 1))
            row = tornado([alone("a", shared + rng.normal(0, 1, 6), *moved)], 0.9)[0]
            misses += row["swing_from"][0] > truth or row["swing_to"][0] < truth
        assert misses <= stats.binom(trials, 0.1).ppf(1 - FALSE_ALARM), f"{misses} of {trials} at {truth}"


def test_a_sampled_factor_is_cut_into_parts_of_five_settings_or_halves_and_one_of_few_levels_keeps_them():
    settings = pl.DataFrame({"setting": range(8), "dose": [f"{i}" for i in range(8)], "who": ["a", "b"] * 4})
    response = Response("wait", "minutes", {i: np.array([i - 1.0, i + 1.0]) for i in range(7)}, {7: Text("it failed")})
    table = sampled_effects(settings, response, ["dose", "who"])
    doses, who = table.filter(factor="dose"), table.filter(factor="who")
    assert doses["level"].to_list() == ["0 to 3", "4 to 7"]
    assert doses["mean"].to_list() == [1.5, 5.0]
    assert doses["x"].to_list() == [1.5, 5.5]
    assert doses["left_out"].to_list() == [0, 1]
    assert who["level"].to_list() == ["a", "b"]
    assert who["mean"].to_list() == [3.0, 3.0]
    settings_scatter, luck = mean_interval([0.0, 1.0, 2.0, 3.0]), mean_interval([0.5, 2.5])
    half = np.hypot(settings_scatter.half_width, luck.half_width)
    assert doses.row(0, named=True)["high"] == pytest.approx(1.5 + half)
    many = pl.DataFrame({"setting": range(24), "dose": [f"{i}" for i in range(24)]})
    flat = Response("wait", "minutes", {i: np.array([1.0, 2.0]) for i in range(24)})
    assert sampled_effects(many, flat, ["dose"])["n"].to_list() == [6, 6, 6, 6]


def test_intervals_over_a_sample_carry_the_luck_that_settings_share():
    rng, trials, misses = np.random.default_rng(5), 300, 0
    settings = pl.DataFrame({"setting": range(40), "dose": [f"{i}" for i in range(40)]})
    for _ in range(trials):
        shared = rng.normal(0, 2, 10)
        values = {i: rng.normal(0, 1) + shared + rng.normal(0, 0.5, 10) for i in range(40)}
        row = sampled_effects(settings, Response("x", "", values), ["dose"]).row(0, named=True)
        misses += row["low"] > 0 or row["high"] < 0
    assert misses <= stats.binom(trials, 0.05).ppf(1 - FALSE_ALARM), misses


def test_a_sample_of_single_replications_has_no_intervals():
    settings = pl.DataFrame({"setting": range(8), "dose": [f"{i}" for i in range(8)]})
    response = Response("x", "", {i: np.array([float(i * i)]) for i in range(8)})
    assert sampled_effects(settings, response, ["dose"])["low"].is_nan().all()
