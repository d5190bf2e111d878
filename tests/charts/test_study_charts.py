import itertools
import math
import xml.etree.ElementTree as ET

import numpy as np
import polars as pl
import pytest
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from setups import figures
from setups.figures import NASTY, assert_legible

from sim import charts
from sim.charts.study import response

FOOTER = "Study heads, seed 0, 10 replications of 52 weeks after 12 weeks of warm-up. Many inputs are assumptions."
LONG = "procedures.archetypes.T2.activities.front.minutes"
WHY = "the office is overloaded, so that the mean depends on the length of the run"
PROMISE = ("promise: at most 30 minutes", 30.0, "at_most")
NAN = math.nan


def words(figure):
    return " ".join(figures.words(figure).split())


def factor_rows(factor, levels, base=25.0, step=2.0, half=1.0, xs=None, response="counter_wait_p90", unit="minutes"):
    return [
        {
            "response": response,
            "unit": unit,
            "factor": factor,
            "level": str(level),
            "order": i,
            "x": None if xs is None else float(xs[i]),
            "mean": base + step * i,
            "low": base + step * i - half,
            "high": base + step * i + half,
            "n": 10,
        }
        for i, level in enumerate(levels)
    ]


def frame(rows):
    return pl.DataFrame(rows, infer_schema_length=None)


def without(table, *places, columns=("mean", "low", "high")):
    at = pl.int_range(pl.len()).is_in(places)
    gone = [pl.when(at).then(pl.lit(NAN)).otherwise(pl.col(c)).alias(c) for c in columns]
    return table.with_columns(*gone, why=pl.when(at).then(pl.lit(WHY)).otherwise(pl.lit("")))


def effects_table(names=("staffing.community.heads", LONG, "scenario"), many=False):
    rows = factor_rows(names[0], [2, 3, 4, 6], xs=[2, 3, 4, 6], step=-2.0)
    rows += factor_rows(names[1], [0.5, 1, 2], xs=[0.5, 1, 2])
    rows += factor_rows(names[2], ["calm", "a wave of influenza in the winter", "storm"], base=22)
    if many:
        rows += factor_rows("demand.growth", range(1, 13), xs=range(1, 13), step=-0.5)
        rows += factor_rows("policies.kind_of_routing_that_is_used", [f"rule number {i}" for i in range(12)], step=-1.0)
        rows += factor_rows("single", ["yes", "no"], base=-3.0)
    return frame(rows)


def curve_table(series=("four_level", "three_level"), levels=(2, 3, 4, 6), numeric=True, **look):
    rows = []
    for k, name in enumerate(series):
        for row in factor_rows("f", levels, base=24 + 3 * k, step=3 - k, xs=levels if numeric else None, **look):
            rows.append({"series": name, **{key: value for key, value in row.items() if key != "factor"}})
    return frame(rows)


def panels_table(panels=("first", "second", "third"), **look):
    return pl.concat([
        curve_table(**look).with_columns(panel=pl.lit(name), panel_order=i, mean=pl.col("mean") + 2 * i,
                                         low=pl.col("low") + 2 * i, high=pl.col("high") + 2 * i)
        for i, name in enumerate(panels)
    ])  # fmt: skip


def heat_table(xs=(1, 2, 3, 4), ys=(10, 20, 30), names=("staffing.community.heads", LONG), scale=1.0, base=18.0):
    return frame(
        [
            {
                "response": "counter_wait_p90",
                "unit": "minutes",
                "x_factor": names[0],
                "x_level": str(x),
                "x_order": i,
                "y_factor": names[1],
                "y_level": str(y),
                "y_order": j,
                "mean": scale * (base + 6.0 * j - 3.0 * i),
                "low": scale * (base + 6.0 * j - 3.0 * i - 1.2),
                "high": scale * (base + 6.0 * j - 3.0 * i + 1.2),
                "n": 10,
                "why": "",
            }
            for j, y in enumerate(ys)
            for i, x in enumerate(xs)
        ]
    )


def pareto_table(names, n_front=None, scale=1.0):
    n_front = n_front or max(len(names) // 2, 2)
    rows = []
    for i, name in enumerate(names):
        front = i < n_front
        cost = 20.0 + 4 * (i if front else i - n_front + 0.7)
        mean = 40.0 * math.exp(-(cost - 20) / 12) + (0 if front else 6 + (i * 7) % 5)
        rows.append(
            {
                "label": name,
                "cost": cost,
                "mean": scale * mean,
                "low": scale * (mean - 1.5),
                "high": scale * (mean + 1.5),
                "front": front,
                "keeps": mean <= 30,
            }
        )
    return frame(rows)


def tornado_table(names, base=-4.0, width=3.0):
    rows = []
    for i, name in enumerate(names):
        move = width / (1 + i)
        low, high = (base - move, base + 0.7 * move) if i % 3 else (base + move, base + 0.4 * move)
        rows.append(
            {
                "factor": name,
                "base_level": "10",
                "low_level": "5",
                "high_level": "20 minutes a day",
                "low": low,
                "low_from": low - 0.4,
                "low_to": low + 0.4,
                "high": high,
                "high_from": high - 0.4,
                "high_to": high + 0.4,
                "swing": abs(high - low),
                "why": "",
            }
        )
    return frame(rows)


def ranking_table(names):
    rows = []
    for i, name in enumerate(names):
        verdict = "best" if i == 0 else "may be best" if i == 1 else "not best"
        low, high = (-4.0, 0.0) if i == 0 else (-0.5, 2.0) if i == 1 else (0.0, 2.0 + i)
        rows.append(
            {
                "label": name,
                "mean": 20.0 + i,
                "best_low": low,
                "best_high": high,
                "verdict": verdict,
                "n": 10 * (len(names) - i) ** 3,
            }
        )
    return frame(rows)


def indices_table(names):
    rows = []
    for i, name in enumerate(names):
        first, total = 0.5 / (1 + i), 0.6 / (1 + i) + 0.05
        rows.append(
            {
                "factor": name,
                "first": first - 0.05,
                "first_low": first - 0.25,
                "first_high": first + 0.1,
                "total": total,
                "total_low": total - 0.1,
                "total_high": total + 0.5,
            }
        )
    return frame(rows)


def warm_up_table(series=("four_level", "three_level"), factor=1.2, weeks=52):
    return frame(
        [
            {"series": name, "week": week, "mean": 20.0 * factor**k * (1 - math.exp(-week / 4)) + (week * 7 % 5) / 5}
            for k, name in enumerate(series)
            for week in range(weeks)
        ]
    )


def chosen(table, start=9):
    return {name: start + 3 * k for k, name in enumerate(table["series"].unique(maintain_order=True))}


TITLE = "Waiting falls by a third between two and six heads, whatever the scenario"
SAID = "Means of 10 replications; the same residents meet every setting."
LOOK = {"title": TITLE, "subtitle": SAID, "footer": FOOTER}


def main_effects(table):
    return charts.main_effects(table, **LOOK)


def contributions(table):
    return charts.contributions(table, **LOOK)


def curve(table, promise=PROMISE, factor="staffing.community.heads (persons)"):
    return charts.curve(table, **LOOK, factor=factor, promise=promise)


def panels(table, promise=PROMISE, factor="staffing.community.heads (persons)"):
    return charts.panels(table, **LOOK, factor=factor, promise=promise)


def beside(table, promise):
    """Return the cells of a heat map with what is known of them and a promise: their whole interval is on one side."""
    ends = [pl.col(end) <= promise[1] if promise[2] == "at_most" else pl.col(end) >= promise[1]
            for end in ("low", "high")]  # fmt: skip
    known = pl.col("low").is_finite() & (ends[0] == ends[1])
    return table.with_columns(keeps=pl.when(known).then(ends[0]), kept_in=pl.lit(5))


def heat_map(table, promise=None, around_zero=False):
    if promise and "keeps" not in table.columns:
        table = beside(table, promise)
    return charts.heat_map(table, **LOOK, promise=promise, around_zero=around_zero, more_is_better=False)


def pareto(table, promise=PROMISE):
    return charts.pareto(
        table, **LOOK, cost_label="Heads in all", response_label="counter_wait_p90", unit="minutes", promise=promise
    )


def tornado(table, base=(-4.0, -5.0, -3.0), mid=1.0, most=40, unit="minutes"):
    return charts.tornado(table, base, **LOOK, effect_label="Effect on turnaround_p90", unit=unit, mid=mid, most=most)


def ranking(table):
    return charts.ranking(table, **LOOK, response_label="counter_wait_p90", unit="minutes", more_is_better=False)


def indices(table):
    return charts.indices(table, **LOOK, response_label="counter_wait_p90")


def warm_up(table, weeks=None):
    weeks = chosen(table) if weeks is None else weeks
    return charts.warm_up(table, weeks, **LOOK, response_label="utilisation", unit="hours")


DESIGNS = tuple(f"design {i}: heads {i}, front {i * 5} minutes" for i in range(1, 13))
FACTORS = tuple(f"procedures.archetypes.T{i}.activities.front.minutes" for i in range(1, 124))
CROWD = ("four_level", "three_level", "three_level_all_down_with_a_long_name_that_goes_on", "flatten_only")
KINDS = tuple(f"a kind of rule {i}" for i in range(12))


def contributions_table(
    causes=("residents first", "one room, cover, phone", LONG), responses=("wait", "lost", "late"), longer=False
):
    rows = [
        {"response": response, "unit": unit, "label": cause, "estimate": size, "low": size - 1.5, "high": size + 1.5,
         "confirmed": abs(size) > 1.5, "longer": 1.2 * size if longer else None}
        for k, (response, unit) in enumerate(zip(responses, ("minutes", "share", "share"), strict=False))
        for i, cause in enumerate(causes)
        for size in [(-1) ** i * (4.0 * i - k)]
    ]  # fmt: skip
    return frame(rows).cast({"longer": pl.Float64})


CHARTS = {
    "contributions": lambda: contributions(contributions_table()),
    "contributions over more weeks": lambda: contributions(contributions_table(longer=True)),
    "contributions crowded": lambda: contributions(contributions_table(FACTORS[:9])),
    "contributions one": lambda: contributions(contributions_table((LONG,), ("turnaround, today's street matters",))),
    "contributions withheld": lambda: contributions(
        without(contributions_table(), 1, columns=("estimate", "low", "high"))
    ),
    "main_effects": lambda: main_effects(effects_table()),
    "main_effects crowded": lambda: main_effects(effects_table(many=True)),
    "main_effects withheld": lambda: main_effects(without(effects_table(), 1, 5, 8)),
    "main_effects one": lambda: main_effects(frame(factor_rows(LONG, [1, 2]))),
    "curve": lambda: curve(curve_table()),
    "curve crowded": lambda: curve(curve_table(CROWD, tuple(range(1, 13)))),
    "curve kinds": lambda: curve(curve_table(CROWD, KINDS, numeric=False), ("at least 24", 24.0, "at_least"), LONG),
    "curve withheld": lambda: curve(without(curve_table(), 1, 5, 6)),
    "curve one": lambda: curve(curve_table(("",), (1, 2)), None),
    "curve huge": lambda: curve(huge(1e9), None),
    "curve tiny": lambda: curve(huge(-1e-7), None),
    "panels": lambda: panels(panels_table()),
    "panels crowded": lambda: panels(panels_table(KINDS[:9], series=CROWD, levels=tuple(range(1, 13)))),
    "panels kinds": lambda: panels(
        panels_table((LONG, *KINDS[:3]), levels=KINDS[:4], numeric=False), ("at least 24", 24.0, "at_least"), LONG
    ),
    "panels withheld": lambda: panels(without(panels_table(), 1, 5, 12), None),
    "panels one": lambda: panels(panels_table(("",), series=("",), levels=(1, 2)), None),
    "heat_map": lambda: heat_map(heat_table(), PROMISE),
    "heat_map crowded": lambda: heat_map(heat_table(range(100, 112), range(12), base=-20.0), ("p", 0.0, "at_most")),
    "heat_map signs": lambda: heat_map(heat_table(base=-3.0), around_zero=True),
    "heat_map kinds": lambda: heat_map(without(heat_table(KINDS[:6], KINDS[:4]), 3, 8), PROMISE),
    "heat_map withheld": lambda: heat_map(without(heat_table(), 0, 6, 7).slice(0, 11), PROMISE),
    "heat_map small": lambda: heat_map(heat_table((1, 2), (1, 2), scale=1e8), ("never", 1.0, "at_most")),
    "pareto": lambda: pareto(pareto_table(DESIGNS[:8])),
    "pareto crowded": lambda: pareto(pareto_table([f"{d} {k}" for d in DESIGNS for k in (1, 2)], 12)),
    "pareto withheld": lambda: pareto(without(pareto_table(DESIGNS[:8]), 1, 6)),
    "tornado": lambda: tornado(tornado_table(FACTORS[:8])),
    "tornado crowded": lambda: tornado(tornado_table(FACTORS[:113])),
    "tornado withheld": lambda: tornado(tornado_without(tornado_table(FACTORS[:8]))),
    "tornado huge": lambda: tornado(tornado_table(FACTORS[:4], base=4e8, width=9e9), (4e8, NAN, NAN), None),
    "ranking": lambda: ranking(ranking_table(DESIGNS[:5])),
    "ranking crowded": lambda: ranking(ranking_table([*DESIGNS, LONG * 3])),
    "ranking withheld": lambda: ranking(without(ranking_table(DESIGNS[:5]), 3, columns=("mean", "best_low"))),
    "indices": lambda: indices(indices_table(FACTORS[:6])),
    "indices crowded": lambda: indices(indices_table(FACTORS[:20])),
    "indices withheld": lambda: indices(
        without(indices_table(FACTORS[:6]), 2, columns=("first", "first_low", "total", "total_low"))
    ),
    "warm_up": lambda: warm_up(warm_up_table()),
    "warm_up scales": lambda: warm_up(warm_up_table(CROWD, 6.0)),
    "warm_up crowded": lambda: warm_up(warm_up_table(CROWD, 1.1)),
    "warm_up withheld": lambda: warm_up(
        without(warm_up_table(), 5, 6, columns=("mean",)), {"four_level": None, "three_level": 0}
    ),
}


def huge(size):
    table = curve_table(levels=(1, 10, 100, 1000, 100000))
    return table.with_columns(pl.col("mean", "low", "high") * size)


def tornado_without(table):
    table = without(table, 2, columns=("low", "low_from", "low_to"))
    gone = pl.int_range(pl.len()) == 4
    return table.with_columns(
        *(pl.when(gone).then(pl.lit(NAN)).otherwise(pl.col(c)).alias(c) for c in ("low", "high", "swing")),
        why=pl.when(gone).then(pl.lit("staff must be at least 1")).otherwise(pl.col("why")),
    )


@pytest.mark.parametrize("chart", CHARTS)
def test_no_text_overlaps_or_leaves_the_page(chart):
    assert_legible(CHARTS[chart]())


def nothing(table, *columns):
    return table.with_columns(*(pl.lit(None, dtype=pl.Float64).alias(c) for c in columns), why=pl.lit("overloaded"))


NUMBERS = ("mean", "low", "high")
ENDS = ("low", "low_from", "low_to", "high", "high_from", "high_to", "swing")
EMPTY = {
    "contributions": lambda: contributions(nothing(contributions_table(), "estimate", "low", "high")),
    "main_effects": lambda: main_effects(nothing(effects_table(), *NUMBERS)),
    "curve": lambda: curve(nothing(curve_table(), *NUMBERS)),
    "panels": lambda: panels(nothing(panels_table(), *NUMBERS)),
    "heat_map": lambda: heat_map(nothing(heat_table(), *NUMBERS), PROMISE),
    "pareto": lambda: pareto(nothing(pareto_table(DESIGNS[:4]), *NUMBERS)),
    "tornado": lambda: tornado(nothing(tornado_table(FACTORS[:3]), *ENDS), (NAN, NAN, NAN)),
    "ranking": lambda: ranking(nothing(ranking_table(DESIGNS[:3]), "mean", "best_low", "best_high")),
    "indices": lambda: indices(
        nothing(indices_table(FACTORS[:3]), "first", "first_low", "first_high", "total", "total_low", "total_high")
    ),
    "warm_up": lambda: warm_up(nothing(warm_up_table(), "mean"), {}),
}


@pytest.mark.parametrize("chart", EMPTY)
def test_a_study_without_any_value_says_so(chart):
    figure = EMPTY[chart]()
    assert_legible(figure)
    shown = words(figure)
    assert "withheld" in shown or "No value (overloaded)" in shown or "overloaded" in shown
    charts.render(figure)


@pytest.mark.parametrize("chart", EMPTY)
@pytest.mark.parametrize("form", ["png", "svg"])
def test_bytes_are_the_same_each_time(chart, form):
    first, second = (charts.render(CHARTS[chart](), form) for _ in range(2))
    assert first == second


def nasty_charts():
    levels = effects_table((NASTY[0], NASTY[1], NASTY[2])).with_columns(level=pl.lit(NASTY[1]) + pl.col("level"))
    heat = without(heat_table(NASTY, NASTY, NASTY[:2]), 4).with_columns(
        response=pl.lit(NASTY[1]), why=pl.when(pl.col("why") != "").then(pl.lit(NASTY[1])).otherwise(pl.lit(""))
    )
    nasty = {"title": NASTY[2], "subtitle": NASTY[2], "footer": NASTY[0]}
    promise = (NASTY[1], 30.0, "at_most")
    tornado_rows = tornado_table(NASTY).with_columns(
        low_level=pl.lit(NASTY[1]), base_level=pl.lit(NASTY[2]), high_level=pl.lit(NASTY[0])
    )
    lines = warm_up_table(NASTY)
    return {
        "main_effects": lambda: charts.main_effects(levels, **nasty),
        "curve": lambda: charts.curve(
            curve_table(NASTY, NASTY, numeric=False), **nasty, factor=NASTY[1], promise=promise
        ),
        "panels": lambda: charts.panels(
            panels_table(NASTY, series=NASTY, levels=NASTY, numeric=False), **nasty, factor=NASTY[1], promise=promise
        ),
        "contributions": lambda: charts.contributions(contributions_table(NASTY, NASTY[:3]), **nasty),
        "heat_map": lambda: charts.heat_map(beside(heat, promise), **nasty, promise=promise),
        "pareto": lambda: charts.pareto(
            pareto_table(NASTY, 3), **nasty, cost_label=NASTY[0], response_label=NASTY[2], promise=promise
        ),
        "tornado": lambda: charts.tornado(tornado_rows, (-4.0, -5.0, -3.0), **nasty, effect_label=NASTY[0]),
        "ranking": lambda: charts.ranking(ranking_table(NASTY), **nasty, response_label=NASTY[1]),
        "indices": lambda: charts.indices(indices_table(NASTY), **nasty, response_label=NASTY[0]),
        "warm_up": lambda: charts.warm_up(lines, chosen(lines), **nasty, response_label=NASTY[0]),
    }


@pytest.mark.parametrize("chart", EMPTY)
def test_markup_in_names_stays_text(chart):
    figure = nasty_charts()[chart]()
    assert_legible(figure)
    assert not any(t.get_parse_math() for t in figure.findobj(Text) if set("$_<[") & set(t.get_text()))
    svg = charts.render(figure, "svg").decode()
    root = ET.fromstring(svg)
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    shown = "".join("".join(e.itertext()) for e in root.iter() if e.tag.endswith("text"))
    assert "[red]x[/red]" in shown
    assert "\x1b" not in svg
    assert "\n" not in "".join(t.get_text() for t in figure.texts if t.get_fontsize() == 13.0)
    charts.render(figure)


@pytest.mark.parametrize("chart", EMPTY)
def test_every_chart_tells_what_is_seen_and_where_it_comes_from(chart):
    shown = words(CHARTS[chart]())
    for text in (TITLE, SAID, FOOTER):
        assert text in shown


def test_panels_of_a_third_factor_share_a_scale_and_have_its_levels_in_their_order():
    figure = panels(panels_table().sort("panel_order", descending=True, maintain_order=True))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["first", "second", "third"]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert [axes.lines[0].get_ydata().tolist() for axes in figure.axes] == [
        [24 + 2 * i, 27 + 2 * i, 30 + 2 * i, 33 + 2 * i] for i in range(3)
    ]  # fmt: skip
    rows = [round(float(axes.get_position().y0), 3) for axes in panels(panels_table(tuple("abcde"))).axes]
    assert [rows.count(y) for y in dict.fromkeys(rows)] == [3, 2]
    missing = words(panels(without(panels_table(), 1)))
    assert "Withheld at 3 (first, four_level)" in missing


def test_main_effects_share_a_scale_and_put_numbers_in_their_true_places():
    figure = main_effects(effects_table())
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    line = figure.axes[0].lines[0]
    assert line.get_xdata().tolist() == [2, 3, 4, 6]
    assert line.get_ydata().tolist() == [25, 23, 21, 19]
    assert figure.axes[2].lines[0].get_xdata().tolist() == [0, 1, 2]
    assert "".join(figure.axes[1].get_title(loc="left").split("\n")) == LONG
    assert figure.axes[0].get_ylabel() == "counter_wait_p90 (minutes)"
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["2", "3", "4", "6"]


def test_main_effects_say_where_and_why_a_mean_is_withheld():
    figure = CHARTS["main_effects withheld"]()
    assert [t.get_text() for axes in figure.axes for t in axes.texts] == ["withheld"] * 3
    for axes in figure.axes:  # the mark stands under the scale, which is the same in all panels
        assert axes.get_ylim() == figure.axes[0].get_ylim()
        foot, (low, _) = axes.get_ylim()[0], axes.spines["left"].get_bounds()
        assert foot < low <= min(axes.get_yticks())
    assert f"Withheld at staffing.community.heads = 3; {LONG} = 1; scenario = a wave of" in words(figure)
    assert WHY in words(figure)


def test_a_table_of_two_responses_is_refused():
    table = pl.concat([curve_table(), curve_table(response="other")])
    for chart in (lambda: curve(table), lambda: main_effects(table.with_columns(factor=pl.lit("f")))):
        with pytest.raises(ValueError, match="table must be of 1 response, got 2: counter_wait_p90, other"):
            chart()
    with pytest.raises(ValueError, match="table must be of 1 response, got 0: no rows"):
        curve(table.clear())


def test_a_promise_has_a_line_its_words_and_a_shaded_side():
    for side, below in (("at_most", False), ("at_least", True)):
        figure = curve(curve_table(), ("within 30", 30.0, side))
        axes = figure.axes[0]
        dashed = next(line for line in axes.lines if np.ptp(line.get_ydata()) == 0 and len(line.get_ydata()) == 2)
        assert dashed.get_ydata()[0] == 30
        (shade,) = [p for p in axes.patches if isinstance(p, Rectangle)]
        low, high = shade.get_y(), shade.get_y() + shade.get_height()
        assert (high == pytest.approx(30)) if below else (low == pytest.approx(30))
        assert "within 30" in words(figure)
    with pytest.raises(ValueError, match="promise must be at_most or at_least a value, got below"):
        curve(curve_table(), ("within 30", 30.0, "below"))


def test_the_words_of_a_promise_keep_clear_of_the_data():
    # At the right end, where they stand otherwise, are the marks of the storm.
    figure = curve(without(curve_table(CROWD[:3], ("calm", "a wave of influenza", "storm"), numeric=False), 4))
    figure.canvas.draw()
    axes = figure.axes[0]
    (words_of_it,) = [t for t in axes.texts if t.get_text() == PROMISE[0]]
    box = words_of_it.get_window_extent()
    lines = [line for line in axes.lines if line.get_transform() == axes.transData]
    assert len(lines) == 12
    for line in lines:
        for start, end in itertools.pairwise(zip(*line.get_data(), strict=True)):
            assert not any(box.contains(*at) for at in axes.transData.transform(np.linspace(start, end, 50)))


def test_a_curve_of_shares_is_in_per_cent_with_its_promise():
    table = curve_table(unit="share").with_columns(pl.col("mean", "low", "high") / 100)
    figure = curve(table, ("nine in ten", 0.3, "at_least"))
    axes = figure.axes[0]
    assert axes.get_ylabel() == "counter_wait_p90 (%)"
    assert next(line for line in axes.lines if line.get_label() == "series 0").get_ydata()[0] == pytest.approx(24)
    assert any(len(line.get_ydata()) == 2 and line.get_ydata()[0] == pytest.approx(30) for line in axes.lines)


def test_a_curve_breaks_where_a_value_is_withheld():
    figure = CHARTS["curve withheld"]()
    line = next(line for line in figure.axes[0].lines if line.get_label() == "series 0")
    assert np.isnan(line.get_ydata()).tolist() == [False, True, False, False]
    assert "Withheld at 3 (four_level); 3 (three_level); 4 (three_level): " + WHY in words(figure)


@pytest.mark.parametrize("kind", ["curve", "panels"])
def test_the_scale_of_shares_ends_above_the_strip_in_which_it_is_marked_what_has_no_value(kind):
    draw, table = {"curve": (curve, curve_table()), "panels": (panels, panels_table())}[kind]
    most = table["mean"].max()
    shares = table.with_columns(pl.col("mean", "low", "high") / most, unit=pl.lit("share"))
    axes = draw(without(shares, 1), None).axes[0]
    low, high = axes.spines["left"].get_bounds()
    assert axes.get_ylim()[0] < low
    assert all(max(low, 0) <= tick <= high for tick in axes.get_yticks())
    assert draw(shares, None).axes[0].spines["left"].get_bounds() is None


def test_a_heat_map_has_each_number_and_its_colour():
    figure = heat_map(heat_table())
    axes = figure.axes[0]
    told = {t.get_position(): t.get_text() for t in axes.texts if "±" not in t.get_text()}
    assert [text for text in told.values() if text[0].isdigit()] == [
        f"{18.0 + 6 * j - 3 * i:.1f}" for j in range(3) for i in range(4)
    ]
    dark = [sum(p.get_facecolor()[:3]) for p in axes.patches]
    # The largest number, 30, is darkest; the least, 9, is palest.
    assert min(range(12), key=dark.__getitem__) == 8
    assert max(range(12), key=dark.__getitem__) == 3
    assert figure.axes[1].get_ylabel().replace("\n", " ") == "counter_wait_p90 (minutes); dark is worse"


@pytest.mark.parametrize("around_zero", [False, True])
def test_dark_is_worse_whichever_side_that_is_and_nothing_is_said_where_there_is_none(around_zero):
    dark = {}
    for more in (True, False, None):
        figure = charts.heat_map(heat_table(base=-3.0), **LOOK, around_zero=around_zero, more_is_better=more)
        shades = [sum(p.get_facecolor()[:3]) for p in figure.axes[0].patches]
        dark[more] = min(range(12), key=shades.__getitem__)
        assert ("dark is worse" in figure.axes[1].get_ylabel().replace("\n", " ")) == (more is not None)
    assert (dark[True], dark[False], dark[None]) == (3, 8, 8)  # the least, and the most


def test_colours_of_effects_part_at_zero():
    figure = heat_map(heat_table(base=-3.0), around_zero=True)
    zero = [p for p in figure.axes[0].patches if min(p.get_facecolor()[:3]) > 0.93]
    assert len(zero) == 2
    assert "+9.0" in words(figure)
    assert "−12.0" in words(figure)


def test_effects_of_shares_are_in_points():
    shares = heat_table(base=-3.0, scale=0.01).with_columns(unit=pl.lit("share"))
    figure = heat_map(shares, around_zero=True)
    assert figure.axes[1].get_ylabel().replace("\n", " ") == "counter_wait_p90 (points); dark is worse"
    assert "+9.0" in words(figure)
    assert heat_map(shares).axes[1].get_ylabel().replace("\n", " ") == "counter_wait_p90 (%); dark is worse"


def test_a_border_runs_around_the_cells_that_surely_keep_a_promise_and_the_others_are_marked():
    figure = heat_map(heat_table(), ("within 20", 20.0, "at_most"))
    axes = figure.axes[0]
    means = {(i, j): 18 + 6 * j - 3 * i for j in range(3) for i in range(4)}
    ends = {cell: (mean - 1.2, mean + 1.2) for cell, mean in means.items()}
    marked = {mark: [(round(line.get_xdata()[0] - 0.42), round(line.get_ydata()[0] - 0.36)) for line in axes.lines
                     if line.get_marker() == mark] for mark in ("x", "o")}  # fmt: skip
    assert sorted(marked["x"]) == sorted(cell for cell, (low, _) in ends.items() if low > 20)
    assert sorted(marked["o"]) == sorted(cell for cell, (low, high) in ends.items() if low <= 20 < high)
    assert marked["o"]
    kept = {cell for cell, (_, high) in ends.items() if high <= 20}
    edges = {tuple(map(tuple, edge.tolist())) for edge in axes.collections[-1].get_segments()}
    around = {((i + 0.5, j - 0.5), (i + 0.5, j + 0.5)) for i in range(3) for j in range(3)
              if ((i, j) in kept) != ((i + 1, j) in kept)}  # fmt: skip
    around |= {((i - 0.5, j + 0.5), (i + 0.5, j + 0.5)) for i in range(4) for j in range(2)
               if ((i, j) in kept) != ((i, j + 1) in kept)}  # fmt: skip
    assert edges == around
    told = words(figure)
    assert all(one in told for one in ("within 20: border of what surely keeps it", "breaks it", "may do either"))


def test_of_a_cell_not_known_to_keep_a_promise_it_is_said_what_every_replication_does():
    table = heat_table().with_columns(
        low=pl.lit(math.nan), high=pl.lit(math.nan), keeps=pl.lit(None, pl.Boolean),
        kept_in=pl.Series([10, 0, 9, *[10] * 9]),
    )  # fmt: skip
    figure = heat_map(table, ("within 99", 99.0, "at_most"))
    marks = {(line.get_xdata()[0], line.get_ydata()[0]): line.get_marker() for line in figure.axes[0].lines}
    assert [marks[i + 0.42, 0.36] for i in range(4)] == ["^", "v", "o", "^"]
    told = words(figure)
    assert "every replication keeps it, too few to be sure" in told
    assert "every replication breaks it, too few to be sure" in told
    assert "border" not in told


def test_the_border_of_a_promise_runs_between_kinds():
    table = heat_table(("red", "green"), ("old", "new"))
    figure = heat_map(table, ("within 20", 20.0, "at_most"))
    edges = figure.axes[0].collections[-1].get_segments()
    # old: 18, 15; new: 24, 21 (surely broken, or not). Only the border between the rows parts kept from others.
    assert sorted(edge.tolist() for edge in edges) == [[[-0.5, 0.5], [0.5, 0.5]], [[0.5, 0.5], [1.5, 0.5]]]


def test_a_promise_without_a_border_is_told():
    assert "within 99: kept in all 12 cells with a value." in words(
        heat_map(heat_table(), ("within 99", 99.0, "at_most"))
    )
    assert "within 1: broken in all 12 cells" in words(heat_map(heat_table(), ("within 1", 1.0, "at_most")))


def test_cells_without_a_number_are_hatched_and_say_why():
    figure = CHARTS["heat_map withheld"]()
    hatches = [p.get_hatch() for p in figure.axes[0].patches if p.get_hatch()]
    assert sorted(hatches) == ["....", "////", "////", "////"]
    assert WHY in words(figure)
    assert "not run" in words(figure)


def test_the_front_is_joined_by_steps_and_broken_promises_are_hollow():
    table = pareto_table(DESIGNS[:8])
    figure = pareto(table)
    axes = figure.axes[0]
    front = next(line for line in axes.lines if line.get_label() == "front")
    assert front.get_drawstyle() == "steps-post"
    assert front.get_xdata() == pytest.approx(table.filter("front")["cost"].sort().to_list())
    hollow = [line for line in axes.lines if line.get_marker() == "X"]
    assert {line.get_markerfacecolor() for line in hollow} == {"white"}
    assert len(hollow) == (~table["keeps"]).sum()
    for label in table.filter("front")["label"]:
        assert label in words(figure)


def test_many_designs_on_the_front_have_numbers_and_a_list():
    figure = CHARTS["pareto crowded"]()
    numbers = {t.get_text() for t in figure.axes[0].texts}
    assert {str(i) for i in range(1, 13)} <= numbers
    assert "12: design 6: heads 6, front 30 minutes 2" in words(figure)


def test_designs_at_one_place_share_a_label():
    alike = {"cost": 20.0, "mean": 0.0, "low": 0.0, "high": 0.0, "front": True, "keeps": True}
    table = frame([{"label": f"design {i}"} | alike for i in range(3)])
    figure = pareto(pl.concat([table, pareto_table(DESIGNS[:4], 1).with_columns(cost=pl.col("cost") + 5, front=False)]))
    (label,) = [t for t in figure.axes[0].texts if "design" in t.get_text()]
    assert label.get_text().split("\n") == ["design 0", "design 1", "design 2"]


def test_a_label_of_a_front_is_nearer_to_its_point_than_to_any_other():
    rows = [{"label": f"staffing.street_heads={90 + 10 * i}, sent down=0.75", "cost": 268.0 + 10 * i,
             "mean": 79.0 + 0.1 * i, "low": 78.9, "high": 79.6, "front": True, "keeps": True}
            for i in range(6)]  # fmt: skip
    figure = pareto(frame(rows), None)
    figure.canvas.draw()
    axes = figure.axes[0]
    at = axes.transData.transform([(row["cost"], row["mean"]) for row in rows])
    assert len(axes.texts) == 6
    for label in axes.texts:
        box = label.get_window_extent()
        apart = [math.dist((x, y), (np.clip(x, box.x0, box.x1), np.clip(y, box.y0, box.y1))) for x, y in at]
        nearest = int(np.argmin(apart))
        told = f"{nearest + 1}: {rows[nearest]['label']}"
        assert label.get_text() == str(nearest + 1)
        assert told in words(figure)


def test_designs_without_a_mean_are_named():
    figure = CHARTS["pareto withheld"]()
    assert "Not drawn, for its mean is withheld" in words(figure)
    assert DESIGNS[1] in words(figure)


def test_a_front_tells_designs_that_break_a_promise_from_those_that_may():
    table = pareto_table(DESIGNS[:4]).with_columns(front=pl.Series([True, True, False, False]))
    table = table.with_columns(keeps=pl.Series([True, True, None, None]), why=pl.Series(["", "", "may", ""]))
    assert "not known to keep a promise" in words(pareto(table))
    assert "beaten by another" in words(pareto(table))
    broken = table.with_columns(keeps=pl.Series([True, True, None, False]))
    assert "breaks a promise, or is not known to keep it" in words(pareto(broken))
    assert "beaten by another" not in words(pareto(broken))


def test_a_ranking_says_why_a_design_is_no_choice():
    table = ranking_table(DESIGNS[:3]).with_columns(
        verdict=pl.Series(["no choice", "best", "not best"]), best_low=pl.Series([math.nan, -4.0, 0.0]),
        why=pl.Series(["breaks its promise: patrols", "", ""]),
    )  # fmt: skip
    figure = ranking(table)
    figure.canvas.draw()
    axes = figure.axes[0]
    (why,) = axes.texts
    zero = axes.transData.transform((0, 0))[0]
    box = why.get_window_extent()
    assert box.x1 < zero or box.x0 > zero
    assert "breaks its promise: patrols" in words(figure)
    assert "withheld" not in words(figure)


def test_a_tornado_is_sorted_and_its_bars_start_at_the_base():
    table = tornado_table(FACTORS[:6])
    figure = tornado(table.reverse())
    low = [p for c in figure.axes[0].containers for p in c if c.get_label() == "low"]
    high = [p for c in figure.axes[0].containers for p in c if c.get_label() == "high"]
    swings = [abs((b.get_x() + b.get_width()) - (a.get_x() + a.get_width())) for a, b in zip(low, high, strict=True)]
    assert swings == pytest.approx(sorted(table["swing"], reverse=True))
    assert {p.get_x() for p in (*low, *high)} == {-4.0}
    tops = [p.get_y() for p in low]
    assert tops == sorted(tops)
    # One factor at whose both ends the effect rises: neither bar hides the other.
    assert all(a.get_y() + a.get_height() <= b.get_y() + 1e-9 or a.get_y() < b.get_y() - 0.3
               for a, b in zip(low, high, strict=True))  # fmt: skip
    upright = {line.get_xdata()[0] for line in figure.axes[0].lines if line.get_xdata()[0] == line.get_xdata()[-1]}
    assert {0, -4.0} <= upright
    band = next(p for p in figure.axes[0].patches if p.get_x() == -1.0 and p.get_width() == 2.0)
    assert band.get_facecolor()[0] > 0.8


def test_a_tornado_tells_what_it_leaves_out():
    figure = CHARTS["tornado crowded"]()
    assert sum(c.get_label() == "low" for c in figure.axes[0].containers) == 40
    swing = tornado_table(FACTORS[:113])["swing"].sort(descending=True)[40]
    assert f"and 73 more that move it by at most {swing:.4f} minutes between levels." in words(figure)


def test_impossible_ends_of_a_tornado_are_told_in_words():
    shown = words(CHARTS["tornado withheld"]())
    assert "5: no value" in shown
    assert f"No value ({WHY}): {FACTORS[2]} at 5." in shown
    assert f"No value (staff must be at least 1): {FACTORS[4]} at 5 and at 20 minutes a day." in shown


def test_a_tornado_of_shares_is_in_points():
    figure = tornado(tornado_table(FACTORS[:3], base=-0.04, width=0.03), (-0.04, -0.05, -0.03), 0.01, unit="share")
    assert figure.axes[0].get_xlabel() == "Effect on turnaround_p90 (points)"
    assert "at the base: −4.0 [−5.0, −3.0] points" in words(figure)


def test_huge_and_tiny_numbers_have_a_power_of_ten():
    assert response.short_number(5e-324) == "4.94×10⁻³²⁴"
    assert response.short_number(-2.5e12, signed=True) == "−2.5×10¹²"
    assert response.short_number(1e9, signed=True) == "+1×10⁹"
    assert response.short_number(0.0) == "0.00"
    assert response.short_number(NAN) == "–"
    assert response.tick_words(-1250.0) == "−1,250"
    assert response.tick_words(1e-7) == "1×10⁻⁷"


def test_a_tornado_needs_a_row_and_a_bar():
    with pytest.raises(ValueError, match="a tornado must have at least 1 row and 1 bar, got 0 and 40"):
        tornado(tornado_table(FACTORS[:1]).clear())
    with pytest.raises(ValueError, match="a tornado must have at least 1 row and 1 bar, got 1 and 0"):
        tornado(tornado_table(FACTORS[:1]), most=0)


def test_a_ranking_tells_verdicts_by_word_and_mark():
    figure = ranking(ranking_table(DESIGNS[:5]))
    shown = words(figure)
    for text in ("may be best", "not best", "1,250", "20.0", *DESIGNS[:5]):
        assert text in shown
    axes = figure.axes[0]
    bars = [(line.get_label(), list(line.get_xdata())) for line in axes.lines if line.get_label() in shown]
    assert bars[0] == ("best", [-4.0, 0.0])
    assert bars[1] == ("may be best", [-0.5, 2.0])
    assert [line.get_marker() for line in axes.lines if line.get_marker() in "*o"] == [*"**", *"oo" * 4]
    points = [line.get_xdata()[0] for line in axes.lines if line.get_label().endswith("difference")]
    assert points == pytest.approx([-1.0, 1.0, 2.0, 3.0, 4.0])
    assert "further left is better" in shown
    plain = charts.ranking(ranking_table(DESIGNS[:5]), **LOOK, response_label="wait")
    assert not [line for line in plain.axes[0].lines if line.get_label().endswith("difference")]


def test_a_ranking_refuses_other_verdicts_and_no_rows():
    with pytest.raises(ValueError, match="ranking must have at least 1 row, got 0"):
        ranking(ranking_table(DESIGNS[:1]).clear())
    with pytest.raises(
        ValueError, match=r"ranking\.verdict must be one of best, may be best, not best, no choice, got good"
    ):
        ranking(ranking_table(DESIGNS[:1]).with_columns(verdict=pl.lit("good")))


def test_indices_are_sorted_by_total_and_may_leave_the_unit_interval():
    table = indices_table(FACTORS[:5])
    figure = indices(table.reverse())
    axes = figure.axes[0]
    totals = [line.get_xdata()[0] for line in axes.lines if line.get_label() == "total"]
    assert totals == pytest.approx(sorted(table["total"], reverse=True))
    low, high = axes.get_xlim()
    assert low < table["first_low"].min() < 0
    assert high > table["total_high"].max() > 1
    total = table["first"].sum()
    assert f"First-order indices sum to {total:.2f}; the other {1 - total:.2f} is due to" in words(figure)


def test_first_order_indices_above_one_are_told():
    table = indices_table(FACTORS[:2]).with_columns(first=pl.lit(0.7))
    assert "sum to 1.40, more than 1" in words(indices(table))
    with pytest.raises(ValueError, match="indices must have at least 1 row, got 0"):
        indices(table.clear())


def test_warm_up_shades_and_names_what_is_deleted():
    figure = warm_up(warm_up_table(("one",)), {"one": 9})
    axes = figure.axes[0]
    (shade,) = [p for p in axes.patches if isinstance(p, Rectangle)]
    assert shade.get_x() == axes.get_xlim()[0]
    # The border lies between the last week that is deleted and the first that is kept.
    assert shade.get_x() + shade.get_width() == pytest.approx(8.5)
    assert "9 weeks deleted" in words(figure)
    assert axes.get_ylabel() == "utilisation (hours)"
    assert axes.get_xlabel() == "Week since the empty start"


def test_series_on_other_scales_have_panels_of_their_own():
    assert len(CHARTS["warm_up"]().axes) == 1
    figure = CHARTS["warm_up scales"]()
    assert len(figure.axes) == 4
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(CROWD)


def test_warm_up_says_where_nothing_is_deleted_and_where_weeks_are_missing():
    shown = words(CHARTS["warm_up withheld"]())
    assert "four_level: no number of weeks was found" in shown
    assert "three_level: nothing deleted" in shown
    assert "four_level: withheld in 2 of 52 weeks" in shown
    with pytest.raises(ValueError, match="warm_up must have at least 1 row, got 0"):
        warm_up(warm_up_table().clear(), {})
