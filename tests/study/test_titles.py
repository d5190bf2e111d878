"""Titles of charts claim what the intervals of their tables bear, and nothing else."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from setups.figures import words
from setups.pseudo import pseudo, uncatalogued

from sim import charts
from sim.charts.page import wrapped
from sim.language import speaking
from sim.study.findings.titles import About, titles

NAN = math.nan
WAIT = About("wait at a counter", ("heads", "roles", "cover"))
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def found(kind, rows, about=WAIT, **same):
    """Return the titles of a chart of rows, each of which has the same further columns."""
    table = pl.DataFrame(
        [{"unit": "minutes", "against": ""} | same | row for row in rows], infer_schema_length=None, strict=False
    )
    return titles(kind, table, about)


def line(means, changes=None, half=1.0, series="", xs=None):
    """Return a curve at 90, 100, ...; by default differences from the first have intervals of the same width."""
    xs = [90.0 + 10 * i for i in range(len(means))] if xs is None else xs
    rows = []
    for i, (mean, x) in enumerate(zip(means, xs, strict=True)):
        change = mean - means[0]
        low, high = (change - half, change + half) if changes is None else changes[i]
        low, high = (NAN, NAN) if i == 0 else (low, high)  # a difference that never varies has no interval
        rows.append(
            {"series": series, "x": x, "level": f"{90 + 10 * i}", "order": i, "mean": mean, "low": mean - half,
             "high": mean + half, "change": change, "change_low": low, "change_high": high}
        )  # fmt: skip
    return rows


# ------------------------------------------------------------------------------------------ curves


def test_a_curve_says_how_far_it_goes_where_the_interval_of_the_difference_leaves_out_zero():
    assert found("curve", line([9.1, 5.0, 3.2])) == [
        "Wait at a counter: down from 9.10 minutes at heads=90 to 3.20 minutes at 110"
    ]
    assert found("curve", line([3.2, 9.1])) == [
        "Wait at a counter: up from 3.20 minutes at heads=90 to 9.10 minutes at 100"
    ]
    # the two intervals overlap, and the paired difference is sure all the same
    paired = line([9.0, 8.0], [(0, 0), (-1.2, -0.8)], half=2.0)
    assert found("curve", paired) == ["Wait at a counter: down from 9.00 minutes at heads=90 to 8.00 minutes at 100"]


@pytest.mark.parametrize(
    "rows",
    [
        line([9.0, 8.5], half=1.0),  # 0 is in the interval
        line([9.0, 8.0], [(0, 0), (NAN, NAN)], half=NAN),  # no interval
        line([9.001, 9.002], half=1e-4),  # two that look alike
        line([NAN, 3.0]),
        line([NAN, NAN]),
        line([9.0]),
    ],
)
def test_a_curve_of_which_nothing_is_sure_says_nothing(rows):
    assert found("curve", rows) == []


def test_a_curve_that_leaves_on_its_way_what_it_goes_from_and_to_has_a_lowest_and_a_highest_point():
    assert found("curve", line([9.0, 20.0, 3.0]))[0] == (
        "Wait at a counter: from 3.00 minutes with heads=110 to 20.00 minutes with heads=100"
    )


@given(st.floats(-5, 5), st.floats(0, 4), st.floats(0, 6))
@settings(max_examples=60, deadline=None)
def test_no_curve_goes_up_or_down_whose_difference_may_be_zero(change, half, wide):
    rows = line([10.0, 10.0 + change], [(0, 0), (change - half, change + half)], half=wide)
    told = " ".join(found("curve", rows))
    assert ("up from" in told) <= (change - half > 0 or change > 2 * wide)
    assert ("down from" in told) <= (change + half < 0 or change < -2 * wide)


def test_lines_are_told_one_by_one_and_many_are_counted():
    rows = [*line([9.1, 3.2], series="ab"), *line([5.0, 5.1], series="lines")]
    assert found("curve", rows) == [
        "Wait at a counter, heads 90 to 100: from 9.10 minutes to 3.20 minutes with roles=ab; no sure "
        "change with lines",
        "Wait at a counter, heads 100 against 90: surely lower in 1 of 2 lines",
    ]
    five = [row for i, end in enumerate((3, 3, 20, 9, NAN)) for row in line([9.1, end], series=f"s{i}")]
    assert found("curve", five) == [
        "Wait at a counter, heads 100 against 90: surely higher in 1 of 5 lines and surely lower in 2 of 5 lines"
    ]


@LANGUAGES
def test_a_line_that_passes_a_peak_is_counted_by_its_ends(language):
    peaks = [*line([16.7, 65.0, 45.4], series="lines"), *line([8.5, 79.7, 72.9], series="ab")]
    rows = [*peaks, *line([NAN, 74.3, 58.3], series="dedicated"), *line([0.0, 47.3, 77.4], series="generalist")]
    rows[-3] |= {"low": NAN, "high": NAN}  # the same in every replication
    said = {
        "en": "Wait at a counter, heads 110 against 90: surely higher in 3 of 4 lines",
        "zh": "Wait at a counter：heads为110时与为90时相比，4条线中3条确定较高",
    }
    with speaking(language):
        assert found("curve", rows) == [said[language]]
    # two lines might be told one by one, which would not tell of the peaks
    assert found("curve", peaks) == ["Wait at a counter, heads 110 against 90: surely higher in 2 of 2 lines"]


def test_where_no_line_goes_anywhere_lines_may_differ_from_one_another():
    rows = [*line([9.1, 9.0], series="ab"), *line([5.0, 5.1], series="lines")]
    assert found("curve", rows)[0] == (
        "Wait at a counter: from 5.00 minutes with heads=90, roles=lines to 9.10 minutes with heads=90, roles=ab"
    )


def test_levels_that_are_no_numbers_have_a_lowest_and_a_highest():
    rows = line([9.1, 3.2, 5.0], xs=[None] * 3)
    assert found("curve", rows)[0] == (
        "Wait at a counter: from 3.20 minutes with heads=100 to 9.10 minutes with heads=90"
    )
    assert found("curve", line([9.1, 8.9], xs=[None] * 2)) == []


@LANGUAGES
@pytest.mark.parametrize("kind", ["curve", "heat", "panels"])
def test_where_all_is_alike_that_is_said(kind, language):
    rows = [row | {"x_level": row["level"], "y_level": "a", "panel": "b"} for row in line([0.0, 0.0], half=0.0)]
    said = {
        "en": "Wait at a counter: 0.00 minutes in all 2 settings",
        "zh": "Wait at a counter：全部2种设置均为0.00分钟",
    }
    with speaking(language):
        assert found(kind, rows) == [said[language]]
    gone = [*rows, rows[0] | {"mean": NAN}]
    assert found(kind, gone) == ["Wait at a counter: 0.00 minutes in all 2 settings with a value"]


# ------------------------------------------------------------------------------------------ heat maps and panels

PATROLS = About("patrols done", ("heads", "roles"), "at least 60 %")


def cell(x, y, keeps, mean=0.7, half=0.01):
    return {"x_level": x, "y_level": y, "keeps": keeps, "mean": mean, "low": mean - half, "high": mean + half}


@pytest.mark.parametrize(
    ("keeps", "said"),
    [
        ([True] * 4, ["Patrols done: at least 60 % in all 4 settings, as promised"]),
        ([False, None, False, False], ["Patrols done: no setting is known to keep what is promised, at least 60 %"]),
        (
            [True, None, True, False],
            [
                "Patrols done: surely at least 60 %, as promised, in 2 of 4 settings, always with roles=ab",
                "Patrols done: surely at least 60 %, as promised, in 2 of 4 settings",
            ],
        ),
        ([True, None, False, True], ["Patrols done: surely at least 60 %, as promised, in 2 of 4 settings"]),
    ],
)
def test_a_heat_map_says_which_settings_are_known_to_keep_the_promise(keeps, said):
    places = [("90", "ab"), ("90", "lines"), ("100", "ab"), ("100", "lines")]
    rows = [cell(*place, one) for place, one in zip(places, keeps, strict=True)]
    assert found("heat", rows, PATROLS, unit="share") == said


def test_a_level_with_a_cell_without_a_value_does_not_always_keep_a_promise():
    rows = [cell("90", "ab", True), cell("100", "ab", None, NAN), cell("90", "lines", True), cell("100", "lines", True)]
    assert found("heat", rows, PATROLS, unit="share") == [
        "Patrols done: at least 60 % in all 3 settings with a value, as promised"
    ]
    rows[3]["keeps"] = False
    assert found("heat", rows, PATROLS, unit="share")[0].endswith("in 2 of 3 settings, always with heads=90")


def test_without_a_promise_a_heat_map_has_a_lowest_and_a_highest_setting_that_surely_differ():
    rows = [cell("90", "ab", None, 0.5), cell("100", "ab", None, 0.9), cell("90", "lines", None, 0.7)]
    about = About("patrols done", ("heads", "roles"))
    assert found("heat", rows, about, unit="share")[0] == (
        "Patrols done: from 50.0 % with heads=90, roles=ab to 90.0 % with heads=100, roles=ab"
    )
    assert found("heat", [row | {"low": 0.4, "high": 0.95} for row in rows], about, unit="share") == []
    signed = found("heat", rows, about, unit="share", against="today")
    assert signed[1] == "Patrols done: from +50.0 percentage points to +90.0 percentage points"


def test_panels_of_which_each_line_has_differences_of_its_own_are_compared_by_their_intervals():
    # each panel's difference is sure, but not that between the panels
    rows = [row | {"panel": name} for name, ends in (("a", (5.0, 7.0)), ("b", (4.0, 6.0)))
            for row in line(ends, [(0, 0), (1.9, 2.1)], half=3.0, series="s")]  # fmt: skip
    assert found("panels", rows) == []
    sure = [row | {"low": row["mean"] - 0.1, "high": row["mean"] + 0.1} for row in rows]
    assert found("panels", sure)[0] == (
        "Wait at a counter: from 4.00 minutes with heads=90, roles=s, cover=b to 7.00 minutes with heads=100, roles=s, "
        "cover=a"
    )


# ------------------------------------------------------------------------------------------ factors


def effects(**means):
    rows = []
    for factor, (each, half) in means.items():
        size = max(each) - min(each) if np.isfinite(each).all() else NAN
        swing = {"swing": size, "swing_from": max(size - half, 0.0), "swing_to": size + half}
        rows += [row | {"factor": factor} | swing for row in line(each, half=half)]
    return rows


def test_a_factor_moves_a_response_most_where_no_other_can_move_it_more():
    assert found("main_effects", effects(heads=([9.0, 3.0], 0.5), roles=([6.0, 5.0], 0.5))) == [
        "Wait at a counter: moved most by heads, from 3.00 minutes at 100 to 9.00 minutes at 90"
    ]
    assert found("main_effects", effects(heads=([9.0, 6.0], 0.8), roles=([8.0, 6.0], 0.8))) == [
        "Wait at a counter: moved by heads, from 6.00 minutes at 100 to 9.00 minutes at 90"
    ]
    assert found("main_effects", effects(heads=([9.0, 3.0], 0.5), roles=([6.0, 5.0], NAN)))[0].startswith(
        "Wait at a counter: moved by heads, from"
    )
    assert found("main_effects", effects(heads=([9.0, 3.0], 0.5))) == [
        "Wait at a counter: moved most by heads, from 3.00 minutes at 100 to 9.00 minutes at 90"
    ]
    assert found("main_effects", effects(heads=([9.0, 8.5], 0.5), roles=([8.0, 8.2], 0.5))) == []
    assert found("main_effects", effects(heads=([0.0, 0.0], 0.0))) == ["Wait at a counter: moved by no factor"]
    assert found("main_effects", effects(heads=([NAN, 1.0], 0.5))) == []


def swing(factor, low, high, half, *, sure):
    size = abs(high - low)
    return {"factor": factor, "least": low, "most": high, "least_level": "1", "most_level": "2", "swing": size,
            "swing_from": max(size - half, 0.0), "swing_to": size + half, "sure": sure}  # fmt: skip


def test_a_tornado_names_the_assumption_that_surely_moves_it_most():
    two = [swing("minutes", 5.0, 9.0, 1.0, sure=True), swing("trips", 6.0, 8.0, 0.5, sure=True)]
    assert found("tornado", two)[0] == (
        "Wait at a counter: moved most by minutes, from 5.00 minutes at 1 to 9.00 minutes at 2"
    )
    near = [two[0], swing("trips", 6.0, 9.5, 1.0, sure=True)]
    assert found("tornado", near) == [
        "Wait at a counter: moved beyond the noise by 2 of 2 assumptions, as by minutes from 5.00 minutes to 9.00 "
        "minutes",
        "Wait at a counter: moved beyond the noise by 2 of 2 assumptions",
    ]
    alone = [two[0], swing("trips", 5.0, 8.5, 4.0, sure=False)]
    assert found("tornado", alone)[0] == (
        "Wait at a counter: moved beyond the noise by minutes alone of 2 assumptions, from 5.00 minutes to 9.00 minutes"
    )
    # what has no value at an end might move it more
    gone = [*two, swing("cover", NAN, 8.0, NAN, sure=False)]
    assert found("tornado", gone)[0].startswith(
        "Wait at a counter: moved beyond the noise by 2 of 2 assumptions, as by"
    )
    none = [swing("minutes", 5.0, 5.1, 1.0, sure=False)]
    assert found("tornado", none) == ["Wait at a counter: moved beyond the noise by none of 1 assumptions"]
    assert found("tornado", gone[2:]) == []


def share(factor, total, half):
    return {"factor": factor, "total": total, "total_low": total - half, "total_high": total + half, "first": total}


def test_an_index_is_the_largest_only_where_the_intervals_bear_it():
    assert found("indices", [share("heads", 0.6, 0.1), share("roles", 0.3, 0.1)])[0] == (
        "Wait at a counter: most of all due to heads, with 60% of the variance, interactions included"
    )
    assert found("indices", [share("heads", 0.5, 0.2), share("roles", 0.3, 0.1), share("cover", 0.1, 0.2)]) == [
        "Wait at a counter: due to 2 factors, and to which of them most is not sure"
    ]
    assert found("indices", [share("heads", 0.6, 0.1), share("roles", NAN, NAN)]) == []
    assert found("indices", [share("heads", 0.1, 0.2), share("roles", 0.1, 0.2)]) == []


# ------------------------------------------------------------------------------------------ choices


def ranked(*verdicts):
    return [{"label": f"d{i}", "mean": 3.0 + i, "verdict": one} for i, one in enumerate(verdicts)]


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (("best", "not best"), "d0 is the best of all 2 designs, with 3.00 minutes"),
        (("no choice", "best", "not best"), "d1 is the best of the 2 designs that may be chosen, with 4.00 minutes"),
        (("may be best", "may be best", "not best", "no choice"), "no single best design, any of 2 of 3 may be"),
        (("may be best", "not best"), "only d0 may be the best of 2 designs"),
        (("no choice", "no choice"), "no design is the best, as none is known to keep what is promised"),
        (("may be best", "no choice"), None),
        (("no choice", None), None),
    ],
)
def test_a_ranking_names_a_design_where_it_is_known_to_be_the_best(verdicts, said):
    assert found("ranking", ranked(*verdicts))[:1] == ([f"Wait at a counter: {said}"] if said else [])


def design(cost, keeps, mean=3.0):
    return {"label": f"d{cost}", "cost": cost, "keeps": keeps, "mean": mean}


def test_a_front_names_the_fewest_heads_known_to_keep_what_is_promised():
    rows = [design(100.0, False), design(110.0, None), design(120.0, True), design(130.0, True)]
    assert found("pareto", rows)[0] == (
        "Wait at a counter: 3.00 minutes with 120 heads, the fewest known to keep what is promised: d120.0"
    )
    assert found("pareto", [*rows, design(120.0, True, 5.0)])[0] == (
        "Wait at a counter: 3.00 minutes to 5.00 minutes with 120 heads, the fewest known to keep what is promised (2 "
        "designs)"
    )
    withheld = [design(120.0, True, NAN)]
    assert found("pareto", withheld) == ["120 heads are the fewest known to keep what is promised"]
    assert found("pareto", rows[:2]) == ["Wait at a counter: no design is known to keep what is promised"]
    unknown = pl.Series([None, None], dtype=pl.Boolean)
    table = pl.DataFrame({"cost": [1.0, 2.0], "mean": [1.0, 2.0], "keeps": unknown, "unit": "minutes"})
    assert titles("pareto", table, WAIT) == []  # nothing is promised


def test_a_warm_up_says_how_many_weeks_are_left_out_where_each_series_has_a_number():
    rows = [{"series": "a", "chosen": 9}, {"series": "b", "chosen": 25}]
    assert found("warm_up", rows, About("", weeks=25)) == ["The first 25 weeks of every run are left out as warm-up"]
    assert found("warm_up", [*rows, {"series": "c", "chosen": None}], About("", weeks=25)) == []
    assert found("warm_up", rows, About("")) == []


# ------------------------------------------------------------------------------------------ on the page


@LANGUAGES
def test_of_several_titles_the_first_that_takes_two_lines_is_written_and_the_last_is_cut(language):
    rows = pl.DataFrame([row | {"response": "wait", "unit": "minutes"} for row in line([9.1, 3.2])])
    long = "名字很长的措施" * 40 if language == "zh" else "a long name of a measure " * 20
    with speaking(language):
        assert "short enough" in words(charts.curve(rows, [long, "short enough", "neutral"], factor="heads"))
        figure = charts.curve(rows, [long, long], factor="heads")
    told = [text.get_text() for text in figure.texts if text.get_fontsize() == 13.0]
    assert len(told) == 2
    assert "…" in "".join(told)
    assert len(wrapped(long, 8.9, 13.0, bold=True)) > 2


def test_no_word_of_a_title_is_uncatalogued():
    said = []
    with speaking(pseudo()):
        about = About("wait", ("heads", "roles", "cover"), "60")
        said += found("curve", line([9.1, 3.2]), about) + found("curve", line([3.2, 9.1]), about)
        lines = [*line([9.1, 3.2], series="ab"), *line([5.0, 5.1], series="cd"), *line([3.2, 9.1], series="ef")]
        said += found("curve", lines, about)
        said += found("panels", [row | {"panel": "ab"} for row in line([9.1, 3.2])], about)
        for keeps in ([True, True], [True, False], [False, None]):
            cells = [cell(x, "ab", one) for x, one in zip(("90", "100"), keeps, strict=True)]
            said += found("heat", cells, about, unit="share")
            said += found("heat", [*cells, cell("90", "cd", None, NAN)], about, unit="share")
        said += found("heat", line([0.0, 0.0]), About("wait", ("heads", "roles")))
        for factors in ({"heads": ([9.0, 3.0], 0.5)}, {"heads": ([9.0, 6.0], 0.5), "roles": ([8.0, 6.0], 0.5)}):
            said += found("main_effects", effects(**factors), about)
        said += found("main_effects", effects(heads=([0.0, 0.0], 0.0)), about)
        moving = [swing("cover", 5.0, 9.0, 1.0, sure=True), swing("heads", 5.0, 8.8, 4.0, sure=False)]
        for rows in (moving[:1], moving[1:], moving, [*moving, moving[0] | {"factor": "roles"}]):
            said += found("tornado", rows, about)
        for half in (0.1, 0.2):
            said += found("indices", [share("heads", 0.6, half), share("roles", 0.3, half)], about)
        for verdicts in (["best", "not best"], ["best", "not best", "no choice"], ["may be best"] * 2,
                         ["may be best", "not best"], ["no choice"] * 2):  # fmt: skip
            said += found("ranking", ranked(*verdicts), about)
        fronts = ([design(1.0, True)], [design(1.0, True), design(1.0, True, 5.0)], [design(1.0, False)])
        said += [title for rows in fronts for title in found("pareto", rows, about)]
        said += found("warm_up", [{"series": "a", "chosen": 9}], About("", weeks=9))
    names = ("heads", "roles", "cover", "ab", "cd", "ef", "d0", "d1", "d1.0")
    assert len(said) > 30
    assert uncatalogued(" ".join(said), "Wait", *names) == []
