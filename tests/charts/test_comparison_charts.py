import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import polars as pl
import pytest
from matplotlib import rcParams
from matplotlib.colors import to_rgb
from setups.district import pilot as shipped
from setups.figures import NASTY, assert_legible, words

from sim import charts
from sim.charts import fonts
from sim.charts.comparison.backlog import _backlog_title
from sim.charts.comparison.workload import _FAMILIES
from sim.charts.page import width_of
from sim.charts.style import kind_style
from sim.district.stages import KIND_NAMES
from sim.language import speaking
from sim.report.sentences import conclusions
from sim.report.tables import SPOKEN
from sim.statistics.verdicts import Verdict
from sim.study.comparison import equity, first_screen

PILOTS = (
    "four_level",
    "three_level",
    "three_level_all_down",
    "three_level_expected",
    "flatten_only",
    "sink_only",
    "three_level_dedicated",
)
ASKED = shipped("four_level").report.equity
RUN = shipped("four_level").run
FOOTER = "Seed 0, 30 replications, 52 weeks after 12 weeks of warm-up."
MEASURES = (
    ("turnaround_restricted_mean", "turnaround, mean", "working days", 8.0, 0.5, False),
    ("turnaround_p90", "turnaround, 90th percentile", "working days", 21.0, 0.5, False),
    (
        "counter_wait_p90",
        "counter wait in person, 90th percentile of all visits",
        "minutes",
        31.0,
        2.0,
        False,
    ),
    ("on_time", "on time", "share", 0.86, 0.02, True),
    ("hand_overs", "hand-overs", "", 2.1, 0.1, False),
)
VERDICTS = {
    "better": (2.0, 0.5),
    "worse": (-30.0, 0.5),
    "no material difference": (0.1, 0.3),
    "undecided": (1.0, 0.8),
    "withheld": (math.nan, math.nan),
}


def comparison(pilots=PILOTS[:2], n=30):
    rows = []
    for k, pilot in enumerate(pilots[1:]):
        for i, (measure, label, unit, value, mid, higher) in enumerate(MEASURES):
            verdict, (mids, half) = list(VERDICTS.items())[(i + k) % len(VERDICTS)]
            gap = mids * mid * (1 if higher else -1)
            low, high = gap - half * mid, gap + half * mid
            if n == 1:
                low, high, verdict = math.nan, math.nan, "withheld"
            rows.append(
                {
                    "measure": measure,
                    "group": "all",
                    "label": label,
                    "unit": unit,
                    "baseline": pilots[0],
                    "pilot": pilot,
                    "baseline_mean": value,
                    "pilot_mean": value + gap,
                    "difference": gap,
                    "low": low,
                    "high": high,
                    "mid": mid,
                    "higher_is_better": higher,
                    "verdict": verdict,
                    "why": "",
                    "cause": None,
                    "needed_least": 120 if verdict == "undecided" else None,
                    "needed_most": None,
                    "open_bound": 0.0,
                    "n": n,
                }
            )
    return pl.DataFrame(rows)


def turnaround(pilots=PILOTS[:2], n=5):
    days = np.concatenate([[0.0, 0.1, 0.5], np.arange(1.0, 61.0)])
    parts = []
    for k, pilot in enumerate(pilots):
        for r in range(n):
            share = 0.98 * (1 - np.exp(-days / (4 + k + 0.1 * r)))
            parts.append(pl.DataFrame({"pilot": pilot, "replication": r, "days": days, "share": share}))
    return pl.concat(parts)


def workload(pilots=PILOTS[:2], n=5):
    kinds = ("front desk", "files", "home visits", "patrols", "tasks from above", "own work", "meetings")
    rows = [
        (pilot, r, post, kind, hours)
        for k, pilot in enumerate(pilots)
        for r in range(n)
        for post in ("community line worker", "district desk officer")
        for kind, hours in [
            *((name, 4.0 + 0.4 * k + 0.05 * r) for name in kinds),
            ("idle", 1.0),
            ("on_duty", 31.5),
        ]
    ]
    return pl.DataFrame(rows, schema=["pilot", "replication", "post", "kind", "hours"], orient="row")


def backlog(pilots=PILOTS[:2], n=5, growth=0.0):
    rows = [
        (pilot, r, week, post, 50.0 + 5 * r + (week % 3) + (growth * (1 + r / 50) * week if k else 0.0))
        for k, pilot in enumerate(pilots)
        for r in range(n)
        for week in range(40)
        for post in ("community", "street", "district desk")
    ]
    return pl.DataFrame(rows, schema=["pilot", "replication", "week", "post", "hours"], orient="row")


def persons(pilots=PILOTS[:2], n=5):
    rows = [
        (pilot, r, post, min(1.0, 0.3 + 0.05 * k + 0.02 * i + 0.01 * r))
        for k, pilot in enumerate(pilots)
        for r in range(n)
        for post, heads in (("community secretary", 3), ("community worker", 20), ("street officer", 9 * (k == 0)))
        for i in range(heads)
    ]
    return pl.DataFrame(rows, schema=["pilot", "replication", "post", "utilisation"], orient="row")


def flows(pilots=PILOTS[:2], n=5, archetypes=13):
    rows = [
        (pilot, r, f"procedure {a}", origin, to, (20 - a) * count + r)
        for k, pilot in enumerate(pilots)
        for r in range(n)
        for a in range(archetypes)
        for origin, to, count in [
            ("resident", "community", 2 + k),
            ("community", "resident", 1 + k),
            ("community", "street", 1),
            ("street", "district", 1),
            ("district", "outside", 1),
            ("outside", "finished", 1),
        ]
    ]
    return pl.DataFrame(rows, schema=["pilot", "replication", "archetype", "origin", "to", "n"], orient="row")


def queues(pilots=PILOTS[:2], n=5):
    rows = [
        (pilot, r, level, desk, day, slot, (k + 1) * (17 <= slot < 24) * (day <= 5) * (slot - 16) + 0.1 * r)
        for k, pilot in enumerate(pilots)
        for r in range(n)
        for level, desk in (("community", "residents in person"), ("community", "files"), ("street", "own work"))
        for day in range(1, 8)
        for slot in range(48)
    ]
    columns = ["pilot", "replication", "level", "desk", "weekday", "half_hour", "number"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def measures(pilots=PILOTS[:2], n=5, communities=31):
    groups = [f"community:{c:02d}" for c in range(1, communities + 1)]
    groups += ["special_care:yes", "special_care:no", "distance:near", "distance:middle", "distance:far"]
    names = {"turnaround_p50": "working days", "counter_wait_mean": "minutes", "resident_time": "minutes"}
    rows = [
        (pilot, r, measure, group, unit, 20.0 + 3 * k + 0.4 * c + 0.1 * ((r * 7 + c * 3) % 5))
        for k, pilot in enumerate(pilots)
        for r in range(n)
        for measure, unit in (*names.items(), ("left_unserved", "share"))
        for c, group in enumerate(groups)
    ]
    frame = pl.DataFrame(rows, schema=["pilot", "replication", "measure", "group", "unit", "value"], orient="row")
    share = pl.col("unit") == "share"
    return frame.with_columns(value=pl.when(share).then(pl.col("value") / 100).otherwise(pl.col("value")), n=10)


def equity_chart(table, footer=FOOTER):
    pilots = table["pilot"].unique(maintain_order=True).to_list()
    found = equity.table(equity.statistics(table, pilots, RUN, ASKED), table, 0.95, ASKED).spoken()
    return charts.equity(table, found, footer)


def pairs(pilots, n=30):
    parts = [comparison(pilots[i:], n) for i in range(len(pilots) - 1)]
    return pl.concat(parts)


def loads(pilots=PILOTS[:2], due=900.0):
    rows = [(p, level, 10 * (k + 1), due - 40 * i - 10 * k, 120.0 * (i == 0), 1000.0)
            for k, p in enumerate(pilots) for i, level in enumerate(("community", "street", "district"))]  # fmt: skip
    return pl.DataFrame(rows, schema=["pilot", "level", "heads", "due", "duties", "present"], orient="row")


def waits(pilots=PILOTS[:2], n=5):
    rows = [
        (pilot, r, f"counter_wait_{name}", "all", value)
        for k, pilot in enumerate(pilots)
        for r in range(n)
        for name, value in {"0_10": 0.9 - 0.02 * k, "10_30": 0.08 + 0.01 * k, "30_60": 0.02, "60_up": 0.01 * k,
                            "p50": 0.0, "p90": 4.0 * (k > 0)}.items()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=["pilot", "replication", "measure", "group", "value"], orient="row")


def effect(pilots, n=30, verdict=None):
    table = comparison(pilots, n).filter(pl.col("measure") == MEASURES[0][0])
    return table if verdict is None else table.with_columns(verdict=pl.lit(str(verdict)))


def money(pilots, difference=-0.5, half=0.1):
    rows = [(p, difference - 0.1 * i, difference - 0.1 * i - half, difference - 0.1 * i + half)
            for i, p in enumerate(pilots[1:])]  # fmt: skip
    return pl.DataFrame(rows, schema=["pilot", "difference", "low", "high"], orient="row")


SHOWN = [(measure, "all") for measure, *_ in MEASURES]
CHARTS = {
    "equity": lambda pilots, n: equity_chart(measures(pilots, n)),
    "forest": lambda pilots, n: charts.forest(comparison(pilots, n), FOOTER),
    "slide": lambda pilots, n: charts.slide(comparison(pilots, n), SHOWN, FOOTER),
    "slide narrow": lambda pilots, n: charts.slide(comparison(pilots, n), SHOWN, FOOTER, narrow=True),
    "plane": lambda pilots, n: charts.plane(effect(pilots, n), money(pilots), FOOTER),
    "pairs": lambda pilots, n: charts.pairs(pairs(pilots, n), FOOTER),
    "load": lambda pilots, n: charts.load(loads(pilots), FOOTER),
    "turnaround": lambda pilots, n: charts.turnaround_distribution(turnaround(pilots, n), FOOTER),
    "waits": lambda pilots, n: charts.waits(waits(pilots, n), FOOTER, set(pilots[2:4])),
    "workload": lambda pilots, n: charts.workload(workload(pilots, n), FOOTER),
    "backlog": lambda pilots, n: charts.backlog(backlog(pilots, n), FOOTER, (10, 36)),
    "persons": lambda pilots, n: charts.persons(persons(pilots, n), FOOTER),
    "flows": lambda pilots, n: charts.flows(flows(pilots, n), FOOTER),
    "queues": lambda pilots, n: charts.queues(queues(pilots, n), FOOTER),
}


def title(figure):
    size = max(t.get_fontsize() for t in figure.texts)
    return " ".join(t.get_text() for t in figure.texts if t.get_fontsize() == size)


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize(("n_pilots", "n"), [(2, 1), (2, 5), (3, 30), (7, 5)])
def test_no_text_overlaps_or_leaves_the_page(chart, n_pilots, n):
    assert_legible(CHARTS[chart](PILOTS[:n_pilots], n))


@pytest.mark.parametrize("chart", CHARTS)
def test_names_are_shown_as_they_are(chart):
    figure = CHARTS[chart](NASTY, 3)
    assert_legible(figure)
    assert not any(t.get_parse_math() for t in figure.texts)
    svg = charts.render(figure, "svg").decode()
    root = ET.fromstring(svg)
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    shown = "\n".join("".join(e.itertext()) for e in root.iter() if e.tag.endswith("text"))
    assert "[red]x[/red] a$b$<b>" in shown
    assert "\x1b" not in svg


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("form", ["png", "svg"])
def test_bytes_are_the_same_each_time(chart, form):
    first, second = (charts.render(CHARTS[chart](PILOTS[:3], 3), form) for _ in range(2))
    assert first == second
    assert b"<dc:date>" not in first


@pytest.mark.parametrize("chart", CHARTS)
def test_the_users_own_matplotlib_settings_change_nothing_and_stay(chart):
    plain = charts.render(CHARTS[chart](PILOTS[:2], 2), "svg")
    before = rcParams["font.size"]
    rcParams["font.size"] = 20.0
    try:
        assert charts.render(CHARTS[chart](PILOTS[:2], 2), "svg") == plain
        assert rcParams["font.size"] == 20.0
    finally:
        rcParams["font.size"] = before


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_tells_its_source_and_every_pilot(chart):
    figure = CHARTS[chart](PILOTS, 2)
    shown = words(figure)
    assert FOOTER in shown
    for pilot in PILOTS[1:]:
        assert pilot in shown


def test_svg_text_is_text_and_png_is_sharp_enough():
    figure = charts.forest(comparison())
    assert b"no material difference" in charts.render(figure, "svg")
    assert charts.render(figure, "png").startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="dpi must be at least 150, got 72"):
        charts.render(figure, "png", dpi=72)
    with pytest.raises(ValueError, match="format must be png, svg or pdf, got gif"):
        charts.render(figure, "gif")


@pytest.mark.parametrize("size", ["slide", "page", "column"])
@pytest.mark.parametrize("chart", ["forest", "slide narrow", "turnaround"])
def test_a_chart_of_a_size_fits_it_and_can_be_read(chart, size):
    figure = charts.sized(CHARTS[chart](PILOTS[:3], 5), size)
    room = {"slide": (13.34, 7.51), "page": (9.71, 9.71), "column": (3.51, 9.71)}[size]
    width, height = figure.get_size_inches()
    if size != "column" or chart == "slide narrow":
        assert width <= room[0]
        assert height <= room[1]
        assert width / room[0] > 0.99 or height / room[1] > 0.7
    assert min(t.get_fontsize() for t in figure.texts) > (5.2 if chart == "forest" else 5.5)
    figure.set_dpi(300)
    assert_legible(figure)


def test_a_size_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="size must be slide, page or column, got poster"):
        charts.sized(charts.forest(comparison()), "poster")


def test_the_fonts_of_a_pdf_are_embedded_and_it_is_the_same_each_time():
    first, second = (charts.render(charts.forest(comparison()), "pdf") for _ in range(2))
    assert first.startswith(b"%PDF")
    assert b"/FontFile2" in first
    assert b"/Type3" not in first
    assert b"/CreationDate" not in first
    assert first == second


def test_the_width_of_a_line_is_what_is_drawn():
    figure = charts.forest(comparison())
    figure.set_dpi(400)  # a glyph stands on a whole pixel
    figure.canvas.draw()
    for text in figure.texts:
        drawn = text.get_window_extent().width / figure.dpi
        bold = text.get_weight() == "bold"
        assert width_of(text.get_text(), text.get_fontsize(), bold=bold) == pytest.approx(drawn, abs=0.04, rel=0.04)


def test_characters_without_a_font_are_told_once():
    figure = charts.forest(comparison(("four_level", "three_level \U00013000\U00013001")))
    with pytest.warns(UserWarning, match="fonts of this machine lack characters") as told:
        charts.render(figure)
    assert len(told) == 1


def test_a_slide_has_a_panel_a_measure_with_its_direction_and_no_number_that_is_withheld():
    table = comparison(PILOTS[:3])
    figure = charts.slide(table, [("on_time", "all"), ("hand_overs", "all"), ("turnaround_p90", "all")])
    texts = [[t.get_text() for t in axes.texts] for axes in figure.axes]
    assert texts[0] == ["86.0", "88.0 ?", "withheld", "on time (%)", "more is better"]
    assert texts[1] == ["2.10", "withheld", "1.90 ▲", "hand-overs", "less is better"]
    assert texts[2][3:] == ["turnaround, 90th percentile\n(working days)", "less is better"]
    assert [len(axes.patches) for axes in figure.axes] == [2, 2, 3]
    assert len(charts.slide(table, [("other", "all")]).axes) == 5  # none of what is asked for is there
    with pytest.raises(ValueError, match="comparison must have at least 1 row, got 0"):
        charts.slide(table.clear(), SHOWN)


def test_pairs_have_a_column_each_and_a_title_that_counts_every_pair():
    figure = charts.pairs(pairs(PILOTS[:3]))
    assert title(figure) == (
        "Against each other design, four_level is better on at least 1 of 5 measures and worse on at most 1"
    )
    shown = [t.get_text() for t in figure.axes[0].texts]
    assert shown == [
        "−1.00 ▲",
        "+15.00 ▼",
        "−1.00 ▲",
        "+15.00 ▼",
        "−0.05 =",
        "+15.00 ▼",
        "withheld",
        "−0.200 ▲",
        "withheld",
    ]
    fills = {tuple(p.get_facecolor()) for p in figure.axes[0].patches}
    assert len(fills) == 3
    assert "counter wait in person" not in words(figure)
    none = pairs(PILOTS[:3]).with_columns(verdict=pl.lit("withheld"))
    assert title(charts.pairs(none)) == "No design is shown to be better than another on any measure"
    with pytest.raises(ValueError, match="pairs must have at least 1 row, got 0"):
        charts.pairs(none.clear())


def test_loads_say_where_more_is_due_than_there_is_time_for():
    calm = charts.load(loads())
    assert title(calm) == "No level has more work due than time; the fullest is the community under four_level: 90 %"
    assert "90 %, 102 % with duties" in words(calm)
    assert [bar.get_width() for bar in calm.axes[0].patches] == pytest.approx([90, 12, 89, 12, 86, 85, 82, 81])
    full = title(charts.load(loads(due=1040.0)))
    assert full == (
        "More is due than there is time for at the community under four_level: 104 %, and 2 more levels beyond 100 %"
    )
    with pytest.raises(ValueError, match="loads must have at least 1 row, got 0"):
        charts.load(loads().clear())


def test_a_forest_shows_every_verdict_and_turns_better_to_the_right():
    figure = charts.forest(comparison())
    shown = words(figure)
    for verdict in VERDICTS:
        assert verdict in shown
    axes = figure.axes[0]
    assert "a multiple of the least that matters" in axes.get_xlabel()
    marks = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "s"]
    # A turnaround that falls by two MIDs and a share on time are both drawn towards better; nothing lies off the scale.
    assert marks == pytest.approx([-30.0, 2.0, 1.0])  # what is worse comes first
    assert axes.get_xlim()[0] < -30.5
    assert axes.get_xlim()[1] > 2.5


def test_a_forest_has_no_row_for_what_tells_nothing_and_names_it():
    shown = words(charts.forest(comparison()))
    assert "No material difference under every design: counter wait in person, 90th percentile of all visits." in shown
    assert "Withheld under every design: hand-overs." in shown
    same = comparison().filter(pl.col("verdict") == "no material difference")
    assert "under every design" not in words(charts.forest(same))


@pytest.mark.parametrize("n_pilots", [2, 4, 7])
def test_a_forest_of_many_measures_lies_on_its_side_has_the_worse_first_and_names_what_has_no_row(n_pilots):
    one = comparison(PILOTS[:n_pilots]).filter(pl.col("measure") == "on_time")
    sizes = [2.0 + (7 * i) % 30 for i in range(30)]
    many = pl.concat([
        one.with_columns(
            measure=pl.lit(f"m{i}"), label=pl.lit(f"measure number {i}"), mid=pl.lit(1.0),
            verdict=pl.lit("worse" if i == 29 else "better"), difference=pl.lit(size),
            low=pl.lit(size - 0.1), high=pl.lit(size + 0.1),
        )
        for i, size in enumerate(sizes)
    ])  # fmt: skip
    figure = charts.forest(many, FOOTER)
    assert_legible(figure)
    width, height = figure.get_size_inches()
    assert width > 1.3 * height
    at = {t.get_text(): t.get_window_extent().y0 for t in figure.texts}
    rows = {text: y for text, y in at.items() if re.fullmatch(r"measure number \d+ \(%\)", text)}
    assert 6 <= len(rows) <= 12
    assert max(rows, key=rows.get) == "measure number 29 (%)"
    assert at["Worse under a design"] > rows["measure number 29 (%)"] > at["Better under a design, worse under none"]
    named = " ".join(t.get_text() for t in figure.texts)
    assert all(f"measure number {i}" in named for i in range(30))
    assert "Better under a design, worse under none, in the table of differences only: measure number" in named
    largest = sorted(range(29), key=lambda i: -sizes[i])[: len(rows) - 1]
    assert {f"measure number {i} (%)" for i in largest} < set(rows)


def test_a_forest_shows_the_means_and_no_mean_where_there_is_no_verdict():
    table = comparison(PILOTS[:3])
    shown = [t.get_text() for t in charts.forest(table).texts]
    assert {"8.00", "7.00 ▲", "36.00 ▼", "withheld"} <= set(shown)


def test_a_forest_draws_nothing_for_a_withheld_row():
    table = comparison().filter(pl.col("verdict") == "withheld")
    figure = charts.forest(table)
    assert [line for line in figure.axes[0].lines if line.get_marker() == "s"] == []
    assert title(figure) == "Nothing can be concluded against four_level: no measure can be judged"


def test_a_forest_says_what_is_not_owed_and_leaves_out_what_is_not_judged():
    none = pl.lit(math.nan)
    better = comparison().filter(pl.col("verdict") == "better")
    owed = better.with_columns(
        group=pl.lit("grid:001"), verdict=pl.lit("not owed"), baseline_mean=none, difference=none, low=none, high=none
    )
    unjudged = better.with_columns(group=pl.lit("grid:002"), verdict=pl.lit("not judged"), mid=pl.lit(None, pl.Float64))
    figure = charts.forest(pl.concat([better, owed, unjudged.with_columns(label=pl.lit("never judged"))]))
    assert title(figure) == "three_level is better than four_level on 1 of 1 measures and worse on 0"
    assert "not owed" in words(figure)
    assert "never judged" not in words(figure)
    assert [line for line in figure.axes[0].lines if line.get_marker() == "s"]


def test_the_title_of_a_forest_says_what_the_verdicts_say():
    one = charts.forest(comparison())
    assert title(one) == "three_level is better than four_level on 1 of 5 measures and worse on 1 (1 cannot be judged)"
    same = comparison().filter(pl.col("verdict") == "no material difference")
    assert title(charts.forest(same)).startswith("three_level is shown neither better nor worse than four_level")
    few = charts.forest(comparison(PILOTS[:3], 5))
    assert title(few) == (
        "Against four_level: three_level better on 1 of 5 measures, worse on 1; "
        "three_level_all_down better on 1 of 5 measures, worse on 1"
    )
    many = charts.forest(comparison(PILOTS, 5))
    assert title(many) == (
        "Better than four_level on more measures than worse: 0 of 6 designs; worse on more than better: 0"
    )
    undecided = comparison(PILOTS[:3]).filter(pl.col("verdict").is_in(["undecided", "withheld"]))
    assert title(charts.forest(undecided)) == "No design is shown to be better or worse than four_level on any measure"
    rare = comparison().with_columns(verdict=pl.lit("withheld"))
    rare = pl.concat([rare[1:], comparison()[:1]])
    assert title(charts.forest(rare)).startswith("Most differences cannot be judged; where they can: three_level is ")


def test_the_title_of_a_forest_and_the_conclusion_count_alike():
    table = comparison().with_columns(cause=pl.lit("still open"))
    said = re.search(r"better than four_level on (\d+ of \d+ measures)", "".join(conclusions(table, {}, "four_level")))
    assert said[1] == "1 of 5 measures"
    assert said[1] in title(charts.forest(table))


@pytest.mark.parametrize("n_pilots", [2, 3, 4, 6])
def test_the_title_of_a_forest_and_the_first_screen_count_alike(n_pilots):
    names = ["a", "b", "c", "d", "e", "f"][:n_pilots]
    table = comparison(names)
    if n_pilots > 4:  # one leads, one trails
        table = table.with_columns(verdict=pl.when(pl.col("pilot") == "b", pl.col("verdict") == "worse")
                                   .then(pl.lit("undecided")).otherwise("verdict"))  # fmt: skip
        table = table.with_columns(verdict=pl.when(pl.col("pilot") == "c", pl.col("verdict") == "better")
                                   .then(pl.lit("undecided")).otherwise("verdict"))  # fmt: skip
    said = " ".join(first_screen.verdicts(table, names))
    shown = title(charts.forest(table))
    if n_pilots > 4:
        lead, trail = (len(re.findall(r"\w \(\d to \d\)", part)) for part in said.split("Worse on more"))
        assert (lead, trail) == (1, 1)
        assert shown.endswith(f"worse: {lead} of 5 designs; worse on more than better: {trail}")
    else:
        counts = re.findall(r"(\w) is better than a on (\d) of (\d) measures and worse on (\d)", said)
        assert len(counts) == n_pilots - 1
        each = (" is better than a on {} of {} measures and worse on {}" if n_pilots == 2 else
                " better on {} of {} measures, worse on {}")  # fmt: skip
        assert all(f"{name}{each.format(*those)}" in shown for name, *those in counts)


def n_lines_of_title(figure):
    size = max(t.get_fontsize() for t in figure.texts)
    return sum(t.get_fontsize() == size for t in figure.texts)


LONG = tuple(f"{'a design of a very long name indeed, '[: 34 - i]}{i}" * 3 for i in range(7))
HAN = tuple(f"{'按居民意见调整职责的四级管理方案'}{i}" * 3 for i in range(7))


@pytest.mark.parametrize("names", [PILOTS, NASTY, LONG, HAN], ids=["short", "nasty", "long", "han"])
@pytest.mark.parametrize("n_pilots", [2, 3, 4, 7])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_titles_of_a_slide_and_of_a_forest_have_at_most_two_lines(names, n_pilots, language):
    if language == "zh" and fonts.chinese() is None:
        pytest.skip("no font with Chinese letters")
    table = comparison(names[:n_pilots])
    some = table.with_columns(
        label=pl.col("label") + " of every resident who came at all" * 3,
        verdict=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("withheld")).otherwise("verdict"),
    )
    with speaking(language):
        for one in (table, some, table.with_columns(verdict=pl.lit("withheld"))):
            assert n_lines_of_title(charts.forest(one)) <= 2
            assert n_lines_of_title(charts.slide(one, SHOWN)) <= 2
            assert n_lines_of_title(charts.slide(one, SHOWN, narrow=True)) <= 6


def test_the_title_of_a_slide_says_what_the_first_judged_panel_shows():
    def said(table, shown=SHOWN):
        return title(charts.slide(table, shown))

    one = comparison()
    assert said(one) == "Turnaround, mean: 8.00 working days under four_level; better with 7.00 under three_level"
    assert said(one, [("on_time", "all")]) == "On time: 86.0 % under four_level; undecided with 88.0 under three_level"
    assert said(one, [("turnaround_p90", "all")]) == (
        "Turnaround, 90th percentile: 21.0 working days under four_level; worse with 36.0 under three_level"
    )
    # What is withheld is passed over: hand-overs are.
    assert said(one, [("hand_overs", "all"), ("counter_wait_p90", "all")]).endswith(
        "31.0 minutes under four_level; no material difference with 30.8 under three_level"
    )
    assert said(one, [("hand_overs", "all")]) == "Nothing can be concluded against four_level: no measure can be judged"
    two = comparison(PILOTS[:3])
    assert said(two, [("on_time", "all")]) == (
        "On time: 86.0 % under four_level; undecided with 88.0 under three_level; 1 design cannot be judged"
    )
    many = comparison(PILOTS)
    assert said(many) == (
        "Turnaround, mean: 8.00 working days under four_level; "
        "7.00 to 23.0 under 5 of 6 designs, 2 of them better and 1 worse"
    )
    alike = many.with_columns(verdict=pl.lit("better"))
    assert said(alike).endswith("under 5 of 6 designs, all of them better")
    assert said(alike.with_columns(verdict=pl.lit("worse"))).endswith("under 5 of 6 designs, all of them worse")
    neither = said(alike.with_columns(verdict=pl.lit("undecided")))
    assert neither.endswith("under 5 of 6 designs, none of them shown to be better or worse")


def test_a_forest_refuses_an_empty_table_and_a_mid_of_nothing():
    with pytest.raises(ValueError, match="comparison must have at least 1 row, got 0"):
        charts.forest(comparison().clear())
    with pytest.raises(ValueError, match=r"comparison\.mid must be above 0, got 0"):
        charts.forest(comparison().with_columns(mid=pl.lit(0.0)))


def test_turnaround_marks_the_median_and_nine_in_ten():
    days = [0.0, 2.0, 4.0, 10.0]
    table = pl.DataFrame({"pilot": "old", "replication": 0, "days": days, "share": [0.0, 0.4, 0.6, 1.0]})
    figure = charts.turnaround_distribution(table)
    assert title(figure) == "Half of all requests are finished within 3.0 working days under old"
    assert "nine in ten within 8.5 working days" in words(figure)
    marked = [(line.get_xdata()[0], line.get_ydata()[0]) for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert marked == [pytest.approx((3.0, 50)), pytest.approx((8.5, 90))]
    assert "Working days" in figure.axes[0].get_xlabel()
    assert "%" in figure.axes[0].get_ylabel()


def test_turnaround_says_so_when_nine_in_ten_never_finish():
    table = pl.DataFrame({"pilot": "old", "replication": 0, "days": [0.0, 60.0], "share": [0.0, 0.6]})
    assert "half within 50.0, fewer than nine in ten within 60 working days" in words(
        charts.turnaround_distribution(table)
    )


def test_turnaround_says_so_when_half_never_finish_and_praises_no_pilot_without_a_verdict():
    rows = [("old", 0, 0.0, 0.0), ("old", 0, 60.0, 1.0), ("new", 0, 0.0, 0.0), ("new", 0, 60.0, 0.4)]
    table = pl.DataFrame(rows, schema=["pilot", "replication", "days", "share"], orient="row")
    assert title(charts.turnaround_distribution(table, unjudged={"new"})) == (
        "Half of all requests are finished within 30.0 working days under old; the verdict on new is withheld"
    )
    assert "new: fewer than half within 60 working days in this run, no verdict" in words(
        charts.turnaround_distribution(table, unjudged={"new"})
    )
    assert title(charts.turnaround_distribution(table)) == (
        "Half of all requests are finished within 30.0 working days under old; "
        "fewer than half within 60 working days under new"
    )
    both = title(charts.turnaround_distribution(table, unjudged={"old", "new"}))
    assert both == "Share of requests finished by number of working days; the verdict on old and new is withheld"
    many = turnaround(PILOTS, 2)
    quickest = title(charts.turnaround_distribution(many))
    assert quickest.startswith("Half of all requests are finished within 2.9 working days under four_level, the quick")
    assert title(charts.turnaround_distribution(many, unjudged={PILOTS[0]})) == (
        "Half of all requests are finished within 3.6 working days under three_level, the quickest of those with a "
        "verdict, and within 7.2 working days under three_level_dedicated, the slowest of them; the verdict on "
        "four_level is withheld"
    )
    without = title(charts.turnaround_distribution(many, unjudged=set(PILOTS[1:])))
    assert without.startswith("Share of requests finished by number of working days; the verdict on")


def test_waits_have_a_panel_a_class_and_a_title_with_the_long_ones_of_judged_designs():
    figure = charts.waits(waits())
    assert title(figure) == (
        "Visits with a wait of 10 minutes or more: 10.0 % under four_level; 12.0 % under three_level"
    )
    texts = [[t.get_text() for t in axes.texts] for axes in figure.axes]
    assert texts == [
        ["90.0 %", "88.0 %", "under 10 minutes"], ["8.0 %", "9.0 %", "10 to 30 minutes"],
        ["2.0 %", "2.0 %", "30 to 60 minutes"], ["0 %", "1.0 %", "an hour and more"],
    ]  # fmt: skip
    most = [max(x for line in axes.lines for x in line.get_xdata()) for axes in figure.axes]  # the highest replication
    assert [axes.get_xlim() for axes in figure.axes] == [pytest.approx((0, 1.75 * one)) for one in most]
    assert "At least nine in ten do not wait at all under four_level." in words(figure)
    assert "At least half do not wait at all under three_level." in words(figure)
    one = charts.waits(waits(), unjudged={"three_level"})
    assert title(one) == (
        "Visits with a wait of 10 minutes or more: 10.0 % under four_level; 1 design cannot be judged"
    )
    assert "(in this run, no verdict)" in words(one)
    assert "three_level." not in words(one)
    assert title(charts.waits(waits(), unjudged=set(PILOTS))) == "How long residents wait at a counter"
    assert title(charts.waits(waits(PILOTS), unjudged={PILOTS[0]})) == (
        "Visits with a wait of 10 minutes or more: from 12.0 % under three_level to 22.0 % under "
        "three_level_dedicated; 1 design cannot be judged"
    )


def test_waits_call_nearly_none_not_none_and_nobody_a_dash():
    def shown(**shares):
        table = waits(("a", "b"), 2)
        for name, share in shares.items():
            of_it = pl.col("measure") == f"counter_wait_{name}"
            table = table.with_columns(value=pl.when(of_it).then(pl.lit(share)).otherwise("value"))
        return [axes.texts[0].get_text() for axes in charts.waits(table).axes]

    assert shown(**{"0_10": 0.99998, "10_30": 0.00002, "30_60": 0.0}) == [">99.9 %", "<0.01 %", "0 %", "0 %"]
    nobody = dict.fromkeys(("0_10", "10_30", "30_60", "60_up", "p50", "p90"), math.nan)
    assert shown(**nobody) == ["–"] * 4
    with pytest.raises(ValueError, match="measures must have shares of waits, got 0 rows of them"):
        charts.waits(measures())


def test_no_bar_of_workload_goes_past_the_duty_but_for_work():
    table = workload(PILOTS[:2], 1)
    idle = table.with_columns(hours=pl.when(pl.col("kind") == "idle").then(20.0).otherwise(pl.col("hours")))
    bars = charts.workload(idle).axes[0].patches
    assert max(p.get_x() + p.get_width() for p in bars) == pytest.approx(31.5)
    kinds = ["front desk", "files", "work from above", "work from above, away", "patrols"]
    few = pl.DataFrame({"pilot": "a", "replication": 0, "post": "clerk", "kind": kinds, "hours": 2.0})
    widths = [p.get_width() for p in charts.workload(few).axes[0].patches]
    assert widths == pytest.approx([4.0, 2.0, 4.0])  # requests, patrols, work from above


def test_workload_names_the_most_loaded_post_only_where_it_is_that_in_every_replication():
    alike = workload(PILOTS[:2])
    figure = charts.workload(alike)
    assert title(figure) == "Work takes 91% to 100% of the hours on duty, by post and design"
    ends = [p.get_x() + p.get_width() for p in figure.axes[0].patches]
    assert max(ends) == pytest.approx(31.5, abs=0.1)
    assert "Hours" in figure.axes[0].get_xlabel()
    busier = (
        (pl.col("post") == "district desk officer") & (pl.col("pilot") == "three_level") & (pl.col("kind") == "patrols")
    )
    most = alike.with_columns(hours=pl.col("hours") + pl.when(busier).then(9.0).otherwise(0.0))
    assert title(charts.workload(most)).startswith(
        "The busiest post is district desk officer under three_level, in every replication: "
    )
    assert "busiest" not in title(charts.workload(most.filter(replication=0)))  # one replication shows no noise


def test_backlog_names_what_keeps_growing_and_only_that():
    level = backlog().with_columns(hours=pl.lit(50.0))
    assert title(charts.backlog(level, measured=(10, 36))) == (
        "Work that waits at the end of each week rises nowhere in weeks 25 to 39"
    )
    # An office that fills up in two years, and one that empties: on average they rise, and none is known to grow.
    slopes = pl.when(pl.col("replication") == 0).then(30.0).otherwise(-1.0)
    unsure = level.with_columns(hours=600 + slopes * pl.col("week")).filter(pl.col("post") == "street")
    assert title(charts.backlog(unsure.filter(pilot=PILOTS[0]), measured=(10, 36))) == (
        "Work that waits rises most at street under four_level, by 78 hours on average in weeks 25 to 39; "
        "whether it keeps growing is not judged, as replications differ too much"
    )
    weeks = np.arange(1, 73)
    filling = pl.DataFrame({"pilot": "a", "replication": 0, "week": weeks, "post": "clerk", "hours": 350.0})
    filling = pl.concat([filling, filling.with_columns(replication=1, hours=pl.lit(360.0))])
    filling = filling.with_columns(hours=pl.col("hours") * (1 - (-pl.col("week") / 15).exp()))
    said = title(charts.backlog(filling, measured=(10, 62)))  # an office fills, and stays so
    assert re.fullmatch(
        r"Work that waits rises most at clerk under a, by \d+ hours in weeks 42 to 72: less than a fifth of what waits "
        r"there, which is not called growth", said,
    )  # fmt: skip
    some = filling.with_columns(hours=pl.col("hours") + 4.0 * pl.col("week"))  # two offices of many cannot keep up
    assert "clerk under a (+5 hours a week, in 2 of 2 replications)" in title(charts.backlog(some, measured=(10, 62)))
    growing = backlog(growth=7.0).filter(pl.col("post") == "district desk")
    figure = charts.backlog(growing, measured=(10, 36))
    assert "district desk under three_level (+7 hours a week, in " in title(figure)
    assert "four_level" not in title(figure)
    assert figure.axes[0].get_ylabel() == "Work waiting (hours)"
    assert figure.axes[0].get_xlabel() == "Week"


def test_backlogs_of_luck_alone_are_not_said_to_keep_growing():
    rng, weeks, said = np.random.default_rng(4), np.arange(26, 52), 0
    for _ in range(60):  # six replications of twelve posts whose work waits now more, now less, for weeks on end
        rows = []
        for post in range(12):
            for replication in range(6):
                noise = rng.normal(size=weeks.size).cumsum()
                hours = 100 + 12 * (noise - noise.mean())
                rows.append(
                    pl.DataFrame({"post": str(post), "replication": replication, "week": weeks, "hours": hours})
                )
        table = pl.concat(rows).with_columns(pilot=pl.lit("a"))
        said += _backlog_title(table, None).startswith("Backlog keeps growing")
    assert said <= 9  # of 60, where at most 5 % are to be: 9 or more come in one of a thousand


def test_persons_are_sorted_from_the_busiest_and_their_gini_is_told():
    table = pl.DataFrame({"pilot": "old", "replication": 0, "post": "clerk", "utilisation": [0.25, 0.75, 0.5, 0.5]})
    even = table.with_columns(post=pl.lit("chief"), utilisation=pl.lit(0.5))
    figure = charts.persons(pl.concat([table, even]))
    assert title(figure) == "How evenly work is spread over the persons of a post: Gini 0.00 to 0.19"
    twice = pl.concat([table, even, table.with_columns(replication=1), even.with_columns(replication=1)])
    assert title(charts.persons(twice)) == (
        "Work is spread most unevenly at the post of clerk under old, in every replication: Gini 0.19, elsewhere 0.00 "
        "to 0.00"
    )
    once = pl.concat([table, even, table.with_columns(post=pl.lit("chief")), even.with_columns(post=pl.lit("clerk"))])
    turned = pl.concat([table, even, once.tail(8).with_columns(replication=1)])  # each is the least even once
    assert title(charts.persons(turned)).startswith("How evenly work is spread")
    assert "old: 4 persons, busy from 25% to 75%, Gini 0.19" in words(figure)
    curve = next(line for line in figure.axes[0].lines if len(line.get_xdata()) == 4)
    assert curve.get_ydata().tolist() == [75, 50, 50, 25]
    assert curve.get_xdata().tolist() == [12.5, 37.5, 62.5, 87.5]
    assert "%" in figure.axes[0].get_ylabel()


def test_a_post_that_a_pilot_has_not_says_so():
    shown = words(charts.persons(persons()))
    assert "three_level: nobody at this post" in shown
    assert "four_level: nobody at this post" not in shown


def test_flows_are_drawn_on_one_scale_per_hundred_requests():
    figure = charts.flows(flows(n=1))
    assert title(figure).startswith("Per 100 requests, 200 moves to street or district and 100 back to the resident")
    assert "under four_level; 200 and 200 under three_level" in title(figure)
    assert "four_level: 700" in words(figure)
    first, second = figure.axes
    for axes, moves in ((first, 700), (second, 900)):
        bars = [
            np.ptp(path.vertices[:, 0]) for c in axes.collections if c.get_label() != "first" for path in c.get_paths()
        ]
        assert sum(bars) == pytest.approx(moves)
        assert axes.get_xlabel() == "Moves per 100 requests"
    assert first.get_xlim() == second.get_xlim()
    rows = [t.get_text() for t in figure.texts if "→" in t.get_text()]
    assert [t.get_text() for t in first.texts] == ["200", "100", "100", "100", "100", "100"]
    assert rows[:2] == ["Resident → community", "Community → resident"]
    # The other's panel has the first one's numbers as upright marks.
    (marks,) = [c for c in second.collections if c.get_label() == "first"]
    assert [ends[0][0] for ends in marks.get_segments()] == pytest.approx([200, 100, 100, 100, 100, 100])


def test_flows_colour_the_most_frequent_procedures_and_put_the_others_together():
    few, many = (words(charts.flows(flows(n=1, archetypes=n))) for n in (8, 13))
    assert "procedure 7" in few
    assert "all other requests" not in few
    assert "procedure 6" in many
    assert "procedure 7" not in many
    assert "all other requests" in many


def test_queues_show_the_day_and_the_week_of_queues_that_form():
    figure = charts.queues(queues(n=1))
    assert title(figure).endswith("of a working day: 7.0 at 11:30 under four_level, 14 at 11:30 under three_level")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Community, residents in person: a working day", "and the week", "Community, files: a working day",
        "and the week",
    ]  # fmt: skip
    day, week = figure.axes[:2]
    assert step_at(day.lines[0], 11.5) == 7
    assert step_at(week.lines[1], 24 + 11.5) == 14  # Tuesday
    assert step_at(week.lines[1], 5 * 24 + 11.5) == 0  # Saturday
    assert day.get_ylim() == week.get_ylim()


def step_at(line, x):
    """Return the height of a line of steps at a time."""
    return line.get_ydata()[np.searchsorted(line.get_xdata(), x, side="right") - 1]


def test_the_lines_of_queues_have_a_point_only_where_they_change():
    day, week = charts.queues(queues(n=1)).axes[:2]
    assert day.lines[0].get_xdata().tolist() == [0, 8.5, 9, 9.5, 10, 10.5, 11, 11.5, 12, 24]
    assert day.lines[0].get_ydata().tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 0, 0]
    assert len(week.lines[0].get_xdata()) == 1 + 5 * 8 + 1


def test_the_bands_of_queues_are_those_of_all_their_half_hours():
    apart = queues(n=2).with_columns(number=pl.when(pl.col("replication") == 1).then(pl.lit(3.0)).otherwise("number"))
    day = charts.queues(apart).axes[0]
    band = day.collections[0].get_paths()[0]
    assert band.contains_point((10.25, 3.5))
    assert band.contains_point((12.25, 2.9))
    assert not band.contains_point((12.25, 3.1))


def test_queues_that_never_form_have_no_row():
    none = queues(n=1).with_columns(number=pl.lit(0.0))
    figure = charts.queues(none)
    assert figure.axes == []
    assert "Never half a request long on the average, and not drawn: Community, residents in person" in words(figure)
    assert "own work" not in words(charts.queues(queues(n=1)))
    even = queues(n=1).with_columns(number=30.0 + pl.col("half_hour") / 10)
    shown = words(charts.queues(even))
    assert "Much the same at all hours, and not drawn" in shown
    assert "Community, files (32 under four_level, 32 under three_level)" in " ".join(shown.split())


def test_equity_shows_every_community_both_groups_of_a_pair_and_their_gap():
    figure = equity_chart(measures(PILOTS[:2], 9, communities=4))
    assert title(figure) == (
        "Between the worst and the best community lie minutes of waiting at a counter: 1.3 under four_level, "
        "three_level"
    )
    panel = figure.axes[1]
    assert panel.get_xlabel() == "Minutes"
    assert "Wait at a counter, mean" in words(figure)
    dots = [line for line in panel.lines if len(line.get_xdata()) == 4]
    assert [len(line.get_xdata()) for line in dots] == [4, 4]
    assert min(dots[0].get_xdata()) == pytest.approx(20.2, abs=0.03)
    assert min(dots[1].get_xdata()) == pytest.approx(23.2, abs=0.03)
    hollow = [line.get_xdata()[0] for line in panel.lines if line.get_markerfacecolor() == "white"]
    assert hollow == pytest.approx([22.2, 25.2, 22.6, 25.6], abs=0.03)  # others, then those near the office
    gaps = [t.get_text() for t in panel.texts if t.get_text()[:1] in ("+", "−")]
    assert len(gaps) == 6
    assert gaps[2].startswith("−0.4 ± 0.")
    assert sum("±" in gap for gap in gaps) == 4  # those near and far are too skewed for an interval


def test_equity_stars_what_meets_an_overloaded_post_and_shows_a_dash_for_what_is_withheld():
    table = measures(PILOTS[:2], 9, communities=4)
    wait = table.filter(pl.col("measure") == "counter_wait_mean")
    touched = wait.with_columns(measure=pl.lit("touched_in_person"), unit=pl.lit("share"), value=pl.lit(0.3))
    starred = equity_chart(pl.concat([table, touched]))
    assert "minutes of a resident's time: 1.3 under four_level" in title(starred)
    assert "* meets an overloaded post" in words(starred)
    unknown = (pl.col("group") == "community:02") & (pl.col("measure") == "counter_wait_mean")
    withheld = equity_chart(table.with_columns(value=pl.when(unknown).then(math.nan).otherwise(pl.col("value"))))
    assert "minutes of a resident's time" in title(withheld)
    assert "–" in [t.get_text() for t in withheld.axes[1].texts]
    assert "overloaded" not in words(withheld)


def test_the_title_of_equity_tells_no_gap_whose_interval_holds_zero():
    table = measures(PILOTS[:2], 9, communities=4)
    tossed = (pl.col("pilot") == PILOTS[1]) & (pl.col("group") == "community:04") & (pl.col("replication") % 2 == 1)
    told = title(equity_chart(table.with_columns(pl.col("value") + 9.0 * tossed)))
    assert told.endswith("1.3 under four_level, no more than chance under three_level")
    skewed = title(equity_chart(measures(PILOTS[:2], 5, communities=4)))
    assert skewed.endswith("too skewed a number to tell under four_level, three_level")


def test_the_title_of_equity_names_each_design_and_those_alike_together():
    four = title(equity_chart(measures(PILOTS[:4])))
    assert all(pilot in four for pilot in PILOTS[:4])
    assert "more design" not in four
    assert title(equity_chart(measures(PILOTS))).endswith("1 more design below")


def test_gaps_in_the_title_of_equity_have_the_decimals_of_the_largest():
    table = measures(PILOTS[:2], 9, communities=4)
    small = (pl.col("pilot") == PILOTS[1]) & (pl.col("measure") == "counter_wait_mean")
    told = title(equity_chart(table.with_columns(pl.when(small).then(pl.col("value") / 50).otherwise(pl.col("value")))))
    assert told.endswith("1.3 under four_level, 0.0 under three_level")


def test_equity_of_places_drawn_anew_has_communities_of_few_and_of_many_heads_and_no_worst_one():
    drawn = measures(PILOTS[:2], 5).filter(~pl.col("group").str.starts_with("community:"))
    near = drawn.filter(pl.col("group") == "distance:near")
    few, many = (
        near.with_columns(
            group=pl.lit(f"heads:{how_many}"), value=pl.col("value") + more * (pl.col("replication") + 8) / 10
        )
        for how_many, more in (("few", 2.0), ("many", 0.0))
    )
    figure = equity_chart(pl.concat([drawn, few, many]))
    assert title(figure) == (
        "Between communities with few and with many heads a household lie minutes of waiting at a counter: "
        "2.00 under four_level, three_level"
    )
    assert "worst" not in words(figure)
    assert "median community" not in words(figure)
    assert_legible(figure)
    panel = figure.axes[1]
    assert [t.get_text() for t in panel.texts if t.get_text().startswith("+2")] == ["+2.00 ± 0.39"] * 2
    assert any("full: many house-" in t.get_text() for t in panel.texts)
    assert not any("communities" in t.get_text() for t in panel.texts)


def test_equity_refuses_measures_without_groups():
    table = measures()
    found = equity.table(equity.statistics(table, PILOTS[:2], RUN, ASKED), table, 0.95, ASKED).spoken()
    with pytest.raises(ValueError, match=r"measures must have groups of one of turnaround_p50, .*, got none"):
        charts.equity(table.filter(pl.col("group") == "all"), found)


def lightness(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 116 * float(np.dot([0.2126, 0.7152, 0.0722], linear)) ** (1 / 3) - 16


def test_pilots_differ_in_a_grey_copy():
    shades = sorted(map(lightness, charts.COLOURS))
    assert min(np.diff(shades)) > 8


def test_no_two_kinds_of_work_of_a_chart_share_a_colour():
    filled = {kind for family in _FAMILIES.values() for kind in family}
    outside = "outside"  # of the model: nobody spends time on it
    assert filled == {*KIND_NAMES.values(), "travel", "meetings", "work from above, away"} - {outside}
    kinds = [*_FAMILIES, "free"]
    colours = [kind_style(i)["facecolor"] for i in range(len(kinds))]
    assert len(set(colours)) == len(kinds)
    looks = [(kind_style(i)["facecolor"], kind_style(i)["hatch"]) for i in range(20)]
    assert len(set(looks)) == 20


def test_the_conclusion_and_the_chart_count_the_same_measures_whatever_is_withheld_and_never_judged():
    table = comparison().with_columns(cause=pl.lit(None, pl.String))
    extra = table.head(1).with_columns(
        group=pl.lit("never judged"), label=pl.lit("never judged"), mid=pl.lit(None, pl.Float64),
        verdict=pl.lit("withheld"),
    )  # fmt: skip
    pilot = str(table["pilot"][0])
    with_extra = pl.concat([table, extra])
    assert conclusions(with_extra, {}, "today") == conclusions(table, {}, "today")
    assert title(charts.forest(with_extra)) == title(charts.forest(table))
    (n,) = set(re.findall(r"of (\d+) measures", *conclusions(table.filter(pl.col("pilot") == pilot), {}, "today")))
    assert int(n) == len(table.filter(pl.col("pilot") == pilot, pl.col("verdict").is_in(SPOKEN)))


@pytest.mark.parametrize(
    ("verdict", "difference", "said"),
    [
        (Verdict.BETTER, -0.5, "are better and cheaper"),
        (Verdict.BETTER, 0.5, "are better and dearer"),
        (Verdict.WORSE, -0.5, "are worse and cheaper"),
        (Verdict.BETTER, 0.05, "are undecided"),
        (Verdict.UNDECIDED, -0.5, "are undecided"),
    ],
)
def test_the_title_of_a_plane_says_a_quarter_only_where_effect_and_cost_are_sure(verdict, difference, said):
    costs = money(PILOTS[:3], difference, 0.11).with_columns(difference=pl.lit(difference))
    costs = costs.with_columns(low=pl.col("difference") - 0.1, high=pl.col("difference") + 0.1)
    assert title(charts.plane(effect(PILOTS[:3], verdict=verdict), costs)).endswith(said)


@pytest.mark.parametrize("higher", [True, False])
def test_better_lies_to_the_right_on_a_plane_whichever_way_the_measure_counts(higher):
    table = effect(PILOTS[:2], verdict=Verdict.BETTER).with_columns(higher_is_better=pl.lit(higher))
    left, right = charts.plane(table, money(PILOTS[:2])).axes[0].get_xlim()
    assert (left < right) == higher


def test_a_plane_names_the_designs_without_a_verdict_and_draws_none_of_them():
    figure = charts.plane(effect(PILOTS[:3], verdict=Verdict.WITHHELD), money(PILOTS[:3]))
    assert "none can be weighed" in title(figure)
    assert all(pilot in words(figure) for pilot in PILOTS[1:3])
    with pytest.raises(ValueError, match="effect must have at least 1 row, got 0"):
        charts.plane(effect(PILOTS[:2]).clear(), money(PILOTS[:2]))
