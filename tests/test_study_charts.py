import itertools
import math

import polars as pl
import pytest
from matplotlib.text import Text

from sim import charts

FOOTER = "Study heads, seed 0, 10 replications of 52 weeks after 12 weeks of warm-up. Many inputs are assumptions."
LONG = "procedures.archetypes.T2.activities.front.minutes"
NASTY = ("_four$x^2$ & <script>alert(1)</script>", "[red]x[/red] a$b$<b>", "three\nlevel\x1b[31m" + "_long" * 20)
WHY = "the office is overloaded, so that the mean depends on the length of the run"
PROMISE = ("promise: at most 30 minutes", 30.0, "at_most")
NAN = math.nan


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


def curve(table, promise=PROMISE, factor="staffing.community.heads (persons)"):
    return charts.curve(table, **LOOK, factor=factor, promise=promise)


def heat_map(table, promise=None, around_zero=False):
    return charts.heat_map(table, **LOOK, promise=promise, around_zero=around_zero)


def pareto(table, promise=PROMISE):
    return charts.pareto(
        table, **LOOK, cost_label="Heads in all", response_label="counter_wait_p90", unit="minutes", promise=promise
    )


def tornado(table, base=(-4.0, -5.0, -3.0), mid=1.0, most=40, unit="minutes"):
    return charts.tornado(table, base, **LOOK, effect_label="Effect on turnaround_mean", unit=unit, mid=mid, most=most)


def ranking(table):
    return charts.ranking(table, **LOOK, response_label="counter_wait_p90", unit="minutes")


def indices(table):
    return charts.indices(table, **LOOK, response_label="counter_wait_p90")


def warm_up(table, weeks=None):
    weeks = chosen(table) if weeks is None else weeks
    return charts.warm_up(table, weeks, **LOOK, response_label="utilisation", unit="hours")


DESIGNS = tuple(f"design {i}: heads {i}, front {i * 5} minutes" for i in range(1, 13))
FACTORS = tuple(f"procedures.archetypes.T{i}.activities.front.minutes" for i in range(1, 124))
CROWD = ("four_level", "three_level", "three_level_balanced_with_a_long_name_that_goes_on", "flatten_only")
KINDS = tuple(f"a kind of rule {i}" for i in range(12))

CHARTS = {
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


def shown_texts(figure):
    unseen = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            unseen |= {t.label1 for t in axis.get_major_ticks() if not low <= t.get_loc() <= high}
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in unseen]


def words(figure):
    return " ".join("\n".join(t.get_text() for t in shown_texts(figure)).split())


def assert_legible(figure):
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in shown_texts(figure)]
    width, height = figure.canvas.get_width_height()
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    for (text, a), (other, b) in itertools.combinations(boxes, 2):
        # A pixel is allowed for: boxes of text include empty space above and below the letters.
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 1 or down <= 1, f"{text!r} overlaps {other!r}"


@pytest.mark.parametrize("chart", CHARTS)
def test_no_text_overlaps_or_leaves_the_page(chart):
    assert_legible(CHARTS[chart]())
