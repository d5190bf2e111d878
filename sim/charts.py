"""Charts of a study, made to be shown: the title says what is seen, the footer where it comes from.

Importing this module loads Matplotlib; programs that must start quickly import it late. Names come from
configs, so they are data: no character of theirs is read as a formula. Pilots differ by luminance, marker
and line style, kinds of work by luminance and hatch, so that a grey copy can be read.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, Literal, ParamSpec

import numpy as np
import polars as pl
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font_names
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from sim.report import MARKS, Difference, difference, literal, number, scale_of

Format = Literal["png", "svg"]
P = ParamSpec("P")
Floats = NDArray[np.float64]

COLOURS = ("#141414", "#1f78b4", "#e89a20", "#7a1a4b", "#3c9e6a", "#4d4db0", "#9ccbe8")
_MARKERS = "osD^vPX"
_LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (2, 1)))
_KIND_COLOURS = (
    "#16324f",
    "#7fb0d6",
    "#3f6f8f",
    "#f3d27a",
    "#8c4a1f",
    "#d8d8d8",
    "#5b5b5b",
    "#c9e3c1",
    "#2f6b45",
)
_HATCHES = ("", "", "", "", "////", "....", "xxxx", "\\\\\\\\", "++++", "oo")
_GREY = "#555555"
_PALE = "#e9e9e9"
_FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "SimHei")
_EDGE = 0.3
"""Margin of every chart (inches)."""
_KEY = 0.72
"""Room of a key in a legend beside its word, with the gap to the next (inches)."""


def _rc() -> dict[str, Any]:
    """Return the look of all charts; it stands above whatever the user's own matplotlibrc says."""
    installed = set(get_font_names())
    return {
        "font.family": [name for name in _FONTS if name in installed] or ["sans-serif"],
        "font.size": 9,
        "text.parse_math": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": _GREY,
        "axes.labelcolor": "#222222",
        "axes.labelsize": 9,
        "xtick.color": _GREY,
        "ytick.color": _GREY,
        "xtick.labelcolor": "#222222",
        "ytick.labelcolor": "#222222",
        "hatch.linewidth": 0.7,
        "svg.fonttype": "none",
        "svg.hashsalt": "wangge",
        "svg.id": "wangge",
    }


def _styled(chart: Callable[P, Any]) -> Callable[P, Any]:
    """Return the function with Matplotlib's settings as ours while it runs, and as they were afterwards."""

    @wraps(chart)
    def within(*args: P.args, **kwargs: P.kwargs) -> Any:
        with style.context(["default", _rc()]):
            return chart(*args, **kwargs)

    return within


@_styled
def render(figure: Figure, format: Format = "png", dpi: int = 160) -> bytes:  # noqa: A002
    """Return the chart as a file's bytes: the same figure gives the same bytes.

    Parameters
    ----------
    figure
        From a function of this module.
    format
        "png" or "svg" (its text stays text).
    dpi
        Of a PNG, at least 150.

    Raises
    ------
    ValueError
        The format must be one of the two; dpi must be at least 150.

    Warns
    -----
    UserWarning
        If the fonts of this machine lack characters of the chart; an SVG may still show them elsewhere.
    """
    if format not in ("png", "svg"):
        raise ValueError(f"format must be png or svg, got {format}")
    if dpi < 150:
        raise ValueError(f"dpi must be at least 150, got {dpi}")
    metadata = {"Software": None} if format == "png" else {"Date": None, "Creator": None}
    file = io.BytesIO()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.savefig(file, format=format, dpi=dpi, metadata=metadata)
    missing = [w for w in caught if "missing from font" in str(w.message)]
    for other in caught:
        if other not in missing:
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    if missing:
        warnings.warn("the fonts of this machine lack characters of this chart's names", stacklevel=3)
    return file.getvalue()


@_styled
def forest(comparison: pl.DataFrame, footer: str = "", confidence: float = 0.95) -> Figure:
    """Return the differences of every pilot from the baseline, in smallest differences that matter.

    Parameters
    ----------
    comparison
        One row a measure, group and pilot: label, unit, baseline, pilot, baseline_mean, pilot_mean,
        difference, low, high, mid, higher_is_better, verdict, n. NaN or null: no such number; a withheld
        row has no mark.
    footer
        Where the numbers come from: seed, replications, simulated period.
    confidence
        Of the intervals, jointly.

    Returns
    -------
    Figure
        The better side is always the right one, so a fall of a waiting time points to the right. What lies
        far beyond the rest stands at the edge as an arrow; its number is in the text.

    Raises
    ------
    ValueError
        The comparison must have rows; mid must be above 0.
    """
    if comparison.is_empty():
        raise ValueError("comparison must have at least 1 row, got 0")
    records = comparison.to_dicts()
    for record in records:
        if not record["mid"] > 0:
            raise ValueError(f"comparison.mid must be above 0, got {record['mid']}")
    pilots = _names(comparison, "pilot")
    baseline = str(records[0]["baseline"])
    rows = _forest_rows(records, pilots)
    title, subtitle = _forest_words(records, pilots, baseline)
    columns = _forest_columns(rows, len(pilots), confidence)
    label_width = min(max(_width(line, 9) for row in rows for line in row.lines) + 0.15, 2.6)
    text_width = sum(column.width for column in columns)
    width = max(12.0, label_width + text_width + 3.6 + 2 * _EDGE)
    body = sum(row.height for row in rows) + 0.05
    band = _Key("differences too small to matter (within one MID)", {"facecolor": _PALE, "edgecolor": "#999999"})
    legend = [*(_pilot_key(i + 1, p, ls="none") for i, p in enumerate(pilots)), band]
    page = _Page.of(width, 0.3 + body + 0.75, title=title, subtitle=subtitle, legend=legend, footer=footer)
    left = _EDGE + label_width
    plot_width = width - left - text_width - _EDGE - 0.2
    axes = page.axes(left, 0.3, plot_width, body)
    _forest_plot(axes, rows, baseline)
    _forest_text(page, axes, rows, columns, left + plot_width + 0.2)
    return page.figure


@dataclass(frozen=True)
class _Mark:
    """One difference of a forest: its place (inches from the top), in MIDs towards better, and in words."""

    y: float
    pilot: int
    name: str
    value: float
    low: float
    high: float
    told: Difference


@dataclass(frozen=True)
class _Row:
    """One measure of a forest: the lines of its label, its extent (inches) and its marks."""

    lines: list[str]
    top: float
    height: float
    marks: list[_Mark]


@dataclass(frozen=True)
class _TextColumn:
    """A column of words right of a forest."""

    heading: str
    words: Callable[[_Mark], str]
    width: float


def _forest_rows(records: Sequence[Mapping[str, Any]], pilots: Sequence[str]) -> list[_Row]:
    """Return the measures from the top down, each with a line a pilot."""
    blocks: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        blocks.setdefault((record["measure"], record["group"]), []).append(record)
    rows, top, pitch = [], 0.0, 0.225
    for block in blocks.values():
        unit = scale_of(block[0]["unit"])[1]
        lines = _wrapped(literal(block[0]["label"]), 2.4, 9) + ([f"({literal(unit)})"] if unit else [])
        height = max(len(block) * pitch, len(lines) * 0.165) + 0.16
        first = top + height / 2 - (len(block) - 1) * pitch / 2
        marks = [_mark(record, first + i * pitch, pilots) for i, record in enumerate(block)]
        rows.append(_Row(lines, top, height, marks))
        top += height
    return rows


def _mark(record: Mapping[str, Any], y: float, pilots: Sequence[str]) -> _Mark:
    """Return one difference, scaled by its MID and turned so that better is positive."""
    told = difference(record)
    sign = (1 if record["higher_is_better"] else -1) / record["mid"]
    raw = [math.nan if record[k] is None else float(record[k]) * sign for k in ("difference", "low", "high")]
    if told.difference == "–":
        raw = [math.nan] * 3
    value, low, high = raw[0], min(raw[1:]), max(raw[1:])
    return _Mark(y, pilots.index(record["pilot"]), _name(record["pilot"]), value, low, high, told)


def _forest_words(records: Sequence[Mapping[str, Any]], pilots: Sequence[str], baseline: str) -> tuple[str, str]:
    """Return title and subtitle of a forest, from the verdicts only."""
    counts = {p: dict.fromkeys(MARKS, 0) for p in pilots}
    for record in records:
        counts[record["pilot"]][record["verdict"]] += 1
    base = _name(baseline)
    total = {verdict: sum(c[verdict] for c in counts.values()) for verdict in MARKS}
    spoken = ["no material difference", "undecided", "withheld"]
    if total["withheld"] == len(records):
        title = f"Nothing can be concluded against {base}: every verdict is withheld"
    elif len(pilots) <= 3:
        title = "; ".join(f"{_name(p)} is {_score(c, base)}" for p, c in counts.items())
        if 2 * total["withheld"] > len(records):
            title = f"Most differences cannot be judged; where they can, {title}"
    else:
        clean = sum(c["better"] > 0 and c["worse"] == 0 for c in counts.values())
        n = "None" if clean == 0 else str(clean)
        verb = "is" if clean < 2 else "are"
        title = f"{n} of {len(pilots)} pilots {verb} better than {base} on some measure and worse on none"
        spoken = list(MARKS)
    parts = [f"{total[v]} {v}" for v in spoken if total[v]]
    of_all = f"Of {len(records)} differences: " + ", ".join(parts) + "." if parts else ""
    return title, of_all


def _score(count: Mapping[str, int], baseline: str) -> str:
    """Return on how many measures a pilot is better and worse."""
    n = sum(count.values())
    if not count["better"] and not count["worse"]:
        return f"shown neither better nor worse than {baseline} on any of {n} measures"
    judged = n - count["withheld"]
    unknown = f" ({count['withheld']} more cannot be judged)" if count["withheld"] else ""
    return f"better than {baseline} on {count['better']} of {judged} measures and worse on {count['worse']}{unknown}"


def _forest_columns(rows: Sequence[_Row], n_pilots: int, confidence: float) -> list[_TextColumn]:
    """Return the columns of words right of the plot, as wide as their widest word."""
    interval = f"Difference [joint {100 * confidence:g} % interval]"
    wanted: list[tuple[str, Callable[[_Mark], str]]] = [
        ("Verdict", lambda mark: f"{MARKS[mark.told.verdict]} {mark.told.verdict}"),
        ("Baseline → pilot", lambda mark: f"{mark.told.baseline} → {mark.told.pilot}".replace("-", "−")),
        (interval, lambda mark: f"{mark.told.difference} {mark.told.interval}".strip().replace("-", "−")),
    ]
    if n_pilots > 1:
        wanted.insert(0, ("Pilot", lambda mark: mark.name))
    marks = [mark for row in rows for mark in row.marks]
    return [
        _TextColumn(heading, words, max(_width(w, 9, bold=True) for w in [heading, *map(words, marks)]) + 0.22)
        for heading, words in wanted
    ]


def _forest_limits(rows: Sequence[_Row]) -> tuple[float, float]:
    """Return the ends of the axis in MIDs: all intervals, unless a few lie far beyond the rest."""
    marks = [mark for row in rows for mark in row.marks if math.isfinite(mark.value)]
    values = np.array([[m.low if math.isfinite(m.low) else m.value, m.high] for m in marks]).reshape(-1, 2)
    ends = np.where(np.isfinite(values), values, 0.0)
    size = np.abs(ends).max(axis=1) if len(ends) else np.zeros(1)
    far = max(4.0, 4 * float(np.median(size)))
    low = max(min(float(ends.min(initial=0.0)) * 1.06, -2.0), -far)
    high = min(max(float(ends.max(initial=0.0)) * 1.06, 2.0), far)
    return low, high


def _forest_plot(axes: Axes, rows: Sequence[_Row], baseline: str) -> None:
    """Draw the band, the intervals and the marks."""
    bottom = rows[-1].top + rows[-1].height
    low, high = _forest_limits(rows)
    axes.set_facecolor("none")
    axes.set_xlim(low, high)
    axes.set_ylim(bottom, 0)
    axes.axvspan(-1, 1, facecolor=_PALE, edgecolor="#999999", lw=0.5, zorder=0)
    axes.axvline(0, color=_GREY, lw=0.9, zorder=1)
    for mark in (m for row in rows for m in row.marks if math.isfinite(m.value)):
        colour, marker, _ = _pilot_style(mark.pilot + 1)
        ends = np.clip([mark.low, mark.high], low, high)
        axes.plot(ends, [mark.y] * 2, color=colour, lw=1.8, zorder=2, solid_capstyle="butt")
        for end, beyond, arrow in ((low, mark.low < low, "<"), (high, mark.high > high, ">")):
            if beyond or (arrow == "<" and mark.value < low) or (arrow == ">" and mark.value > high):
                axes.plot(end, mark.y, arrow, ms=8, color=colour, mec="white", mew=0.6, clip_on=False, zorder=4)
        if low <= mark.value <= high:
            axes.plot(mark.value, mark.y, marker, ms=7, color=colour, mec="white", mew=0.6, zorder=3)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    unit = "in smallest differences that matter (MID)"
    axes.set_xlabel(f"Difference from {_name(baseline)},\n{unit}")
    axes.text(low, -0.07, "◀ worse", fontsize=9, weight="bold", ha="left", va="bottom")
    axes.text(high, -0.07, "better ▶", fontsize=9, weight="bold", ha="right", va="bottom")


def _forest_text(page: _Page, axes: Axes, rows: Sequence[_Row], columns: Sequence[_TextColumn], left: float) -> None:
    """Write the labels left of the plot and the columns right of it, with a thin rule between measures."""
    at = blended_transform_factory(page.figure.dpi_scale_trans, axes.transData)
    x = left
    starts = []
    for column in columns:
        starts.append(x)
        page.figure.text(x, -0.07, column.heading, transform=at, fontsize=9, weight="bold", va="bottom")
        x += column.width
    for row in rows:
        middle = row.top + row.height / 2
        page.figure.text(_EDGE, middle, "\n".join(row.lines), transform=at, fontsize=9, va="center", linespacing=1.15)
        rule = Line2D([_EDGE, page.width - _EDGE], [row.top] * 2, transform=at, color="#cccccc", lw=0.5, zorder=-1)
        page.figure.add_artist(rule)
        for mark in row.marks:
            decided = mark.told.verdict in ("better", "worse")
            for column, start in zip(columns, starts, strict=True):
                bold = "bold" if decided and column.heading == "Verdict" else "normal"
                words = column.words(mark)
                page.figure.text(start, mark.y, words, transform=at, fontsize=9, weight=bold, va="center")


@_styled
def turnaround_distribution(table: pl.DataFrame, footer: str = "") -> Figure:
    """Return the share of requests finished within so many working days, for each pilot.

    Parameters
    ----------
    table
        pilot, replication, days (working days, the same grid in every replication), share (finished within so
        many, of all requests; those still open keep it below 1).
    footer
        Where the numbers come from.

    Returns
    -------
    Figure
        Curves are means over the replications, bands reach from the lowest to the highest replication. The
        axis of days is stretched near 0 (square root).
    """
    pilots = _names(table, "pilot")
    curves = {p: _over_replications(table.filter(pl.col("pilot") == p), "days", "share") for p in pilots}
    within = {p: [_first_reach(days, mean, q) for q in (0.5, 0.9)] for p, (days, mean, _, _) in curves.items()}
    last = max(float(days[-1]) for days, *_ in curves.values())
    legend = []
    for i, pilot in enumerate(pilots):
        half, most = (_within(day, last) for day in within[pilot])
        legend.append(_pilot_key(i, f"{_name(pilot)}: half {half}, nine in ten {most} working days"))
    n = table["replication"].n_unique()
    seen = (
        f"Lines: mean of {n} replications; bands: lowest to highest of them." if n > 1 else "One replication, no band."
    )
    title = _turnaround_title(within, last)
    seen += " Requests that left unserved or are still open count as not finished."
    page = _Page.of(11.0, 4.9, title=title, subtitle=seen, legend=legend, footer=footer)
    axes = page.axes(_EDGE + 0.65, 0.1, 11.0 - 2 * _EDGE - 1.6, 4.2)
    _turnaround_axes(axes, last)
    for i, pilot in enumerate(pilots):
        days, mean, low, high = curves[pilot]
        colour, marker, line = _pilot_style(i)
        axes.plot(days, 100 * mean, color=colour, ls=line, lw=1.9, zorder=3)
        if n > 1:
            axes.fill_between(days, 100 * low, 100 * high, color=colour, alpha=_band(pilots), lw=0, zorder=1)
        for q, day in zip((50, 90), within[pilot], strict=True):
            if math.isfinite(day):
                axes.plot(day, q, marker, ms=8, color=colour, mec="white", mew=0.8, zorder=4)
    return page.figure


def _turnaround_axes(axes: Axes, last: float) -> None:
    """Set scales, ticks and labels, and rule the lines of half and of nine in ten."""
    axes.set_xscale("function", functions=(_signed_root, _signed_square))
    axes.set_xlim(0, last)
    axes.set_ylim(0, 100)
    for q, words in ((50, "half"), (90, "nine in ten")):
        axes.axhline(q, color="#999999", lw=0.8, ls=(0, (2, 2)), zorder=0)
        axes.text(1.015, q, words, transform=axes.get_yaxis_transform(), va="center", color="#222222")
    ticks = [0.0]
    for tick in (0.5, 1, 2, 5, 10, 20, 30, 40, 60, 90, 120, 180, 250):
        if tick <= last and math.sqrt(tick) - math.sqrt(ticks[-1]) > 0.035 * math.sqrt(last):
            ticks.append(tick)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_yticks(range(0, 101, 20), [str(t) for t in range(0, 101, 20)])
    axes.set_xlabel("Working days from first contact to result (square-root scale)")
    axes.set_ylabel("Share of requests finished (%)")


def _turnaround_title(within: Mapping[str, Sequence[float]], last: float) -> str:
    """Return what the curves show, in one sentence."""
    said = {p: f"{_within(half, last)} working days under {_name(p)}" for p, (half, _) in within.items()}
    if len(said) > 3:
        ranked = sorted(within, key=lambda p: within[p][0] if math.isfinite(within[p][0]) else math.inf)
        best, worst = said[ranked[0]], said[ranked[-1]]
        return f"Half of all requests are finished {best}, the quickest, and {worst}, the slowest"
    return "Half of all requests are finished " + ", ".join(said.values())


def _within(days: float, last: float) -> str:
    """Return a number of days in words; NaN is beyond the last."""
    return f"within {number(days, 1)}" if math.isfinite(days) else f"not within {last:g}"


def _first_reach(x: Floats, y: Floats, level: float) -> float:
    """Return where the curve first reaches the level, interpolated; NaN if it never does."""
    reached = np.flatnonzero(y >= level)
    if len(reached) == 0:
        return math.nan
    i = int(reached[0])
    if i == 0:
        return float(x[0])
    return float(x[i - 1] + (x[i] - x[i - 1]) * (level - y[i - 1]) / (y[i] - y[i - 1]))


def _signed_root(x: Floats) -> Floats:
    """Return the square root, continued below 0, where a margin may reach."""
    return np.sign(x) * np.sqrt(np.abs(x))


def _signed_square(x: Floats) -> Floats:
    """Return the inverse of the signed root."""
    return np.sign(x) * np.square(x)


@_styled
def workload(table: pl.DataFrame, footer: str = "") -> Figure:
    """Return how the hours of a week are spent, a head and post, under each pilot.

    Parameters
    ----------
    table
        pilot, replication, post, kind, hours (h a head and week). The kind "on_duty" is the contracted time;
        the kind "idle" is drawn last; all others are work.
    footer
        Where the numbers come from.

    Returns
    -------
    Figure
        Bars are means over the replications; the whisker on the end of the work spans all replications.
    """
    table = table.with_columns(pl.col("kind").str.replace_all("_", " "))
    pilots, posts = _names(table, "pilot"), _names(table, "post")
    kinds = [k for k in _names(table, "kind") if k not in ("on duty", "idle")]
    bars = _workload_bars(table, posts, pilots)
    styles = {kind: _kind_style(i) for i, kind in enumerate(kinds)}
    styles["idle"] = {"facecolor": "white", "edgecolor": "#999999", "hatch": ""}
    legend = [_Key(_name(kind), look) for kind, look in styles.items()]
    legend.append(_Key("on duty (contracted)", {"color": "black", "lw": 2.2}, line=True))
    n = table["replication"].n_unique()
    seen = f"Means of {n} replications; whiskers: lowest to highest total of work." if n > 1 else "One replication."
    widths = [_width(_name(p), 9) + 0.12 for p in pilots] + [_width(_name(p), 9, bold=True) for p in posts]
    label_width = max(widths) + 0.2
    body = sum(0.32 if bar is None else 0.27 for bar in bars) + 0.1
    page = _Page.of(11.0, body + 0.6, title=_workload_title(bars), subtitle=seen, legend=legend, footer=footer)
    left, right = _EDGE + label_width, 1.75
    axes = page.axes(left, 0, 11.0 - left - right - _EDGE, body)
    _workload_plot(page, axes, bars, styles, posts)
    return page.figure


@dataclass(frozen=True)
class _Bar:
    """One bar of the workload: mean hours by kind, contracted hours, and the range of the total of work."""

    post: str
    pilot: str
    hours: dict[str, float]
    on_duty: float
    work: float
    low: float
    high: float


def _workload_bars(table: pl.DataFrame, posts: Sequence[str], pilots: Sequence[str]) -> list[_Bar | None]:
    """Return the bars from the top down; None stands for the heading of the next post."""
    by: dict[tuple[str, str], list[tuple[int, str, float]]] = {}
    for row in table.select("post", "pilot", "replication", "kind", "hours").iter_rows():
        by.setdefault((row[0], row[1]), []).append((row[2], row[3], _or_zero(row[4])))
    bars: list[_Bar | None] = []
    for post in posts:
        bars.append(None)
        for pilot in pilots:
            rows = by.get((post, pilot))
            if rows:
                bars.append(_bar(post, pilot, rows))
    return bars


def _bar(post: str, pilot: str, rows: Sequence[tuple[int, str, float]]) -> _Bar:
    """Return one bar from the hours by replication and kind."""
    n = len({replication for replication, _, _ in rows})
    hours: dict[str, float] = {}
    totals: dict[int, float] = {}
    for replication, kind, value in rows:
        hours[kind] = hours.get(kind, 0.0) + value / n
        if kind not in ("on duty", "idle"):
            totals[replication] = totals.get(replication, 0.0) + value
    on_duty = hours.pop("on duty", math.nan)
    work = sum(v for k, v in hours.items() if k != "idle")
    low, high = min(totals.values(), default=work), max(totals.values(), default=work)
    return _Bar(post, pilot, hours, on_duty, work, low, high)


def _workload_title(bars: Iterable[_Bar | None]) -> str:
    """Return who is loaded most against the contracted hours, in one sentence."""
    loads = [(b.work / b.on_duty, b) for b in bars if b is not None and b.on_duty > 0]
    if not loads:
        return "Hours a week by post and kind of work"
    load, most = max(loads, key=lambda pair: pair[0])
    return (
        f"The busiest post is {_name(most.post)} under {_name(most.pilot)}: "
        f"{number(most.work, 1)} hours of work a week for {number(most.on_duty, 1)} on duty ({load:.0%})"
    )


def _workload_plot(
    page: _Page,
    axes: Axes,
    bars: Sequence[_Bar | None],
    styles: Mapping[str, Mapping[str, Any]],
    posts: Sequence[str],
) -> None:
    """Draw the stacked bars with names at the left and totals at the right."""
    reach = max((max(sum(b.hours.values()), b.high, _or_zero(b.on_duty)) for b in bars if b), default=1.0)
    axes.set_xlim(0, 1.03 * reach)
    at = blended_transform_factory(page.figure.dpi_scale_trans, axes.transData)
    right = blended_transform_factory(axes.transAxes, axes.transData)
    y, headings = 0.0, iter(posts)
    for bar in bars:
        if bar is None:
            page.figure.text(_EDGE, y + 0.19, _name(next(headings)), transform=at, weight="bold", va="center")
            y += 0.32
            continue
        middle, start = y + 0.135, 0.0
        for kind, look in styles.items():
            hours = _or_zero(bar.hours.get(kind, 0.0))
            if hours > 0:
                axes.barh(middle, hours, left=start, height=0.2, lw=0.5, **look)
            start += hours
        if bar.high > bar.low:
            axes.plot([bar.low, bar.high], [middle] * 2, color="white", lw=3, zorder=4)
            axes.plot([bar.low, bar.high], [middle] * 2, "|-", color="black", lw=1, ms=5, zorder=4)
        if math.isfinite(bar.on_duty):
            axes.plot([bar.on_duty] * 2, [middle - 0.13, middle + 0.13], color="black", lw=2.2, zorder=5)
        page.figure.text(_EDGE + 0.12, middle, _name(bar.pilot), transform=at, va="center")
        words = f"{number(bar.work, 1)} h of work"
        if bar.on_duty > 0:
            words += f" ({bar.work / bar.on_duty:.0%})"
        axes.text(1.02, middle, words, transform=right, va="center", ha="left")
        y += 0.27
    axes.set_ylim(y + 0.1, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("Hours a week and head")


@_styled
def backlog(table: pl.DataFrame, footer: str = "", measured: tuple[float, float] | None = None) -> Figure:
    """Return the work that waits at the end of each week, a panel a post.

    Parameters
    ----------
    table
        pilot, replication, week, post, hours (work waiting).
    footer
        Where the numbers come from.
    measured
        First week and end of the measured period; its band is shaded, and the title speaks of it.

    Returns
    -------
    Figure
        Lines are means over the replications, bands reach from the lowest to the highest replication. Every
        panel has its own scale of hours, from 0.
    """
    pilots, posts = _names(table, "pilot"), _names(table, "post")
    n = table["replication"].n_unique()
    legend = [_pilot_key(i, _name(pilot), marker="none") for i, pilot in enumerate(pilots)]
    if measured is not None:
        legend.append(_Key("measured period", {"facecolor": _PALE, "edgecolor": "#999999"}))
    n_columns = min(len(posts), 2 if len(posts) <= 4 else 3)
    n_rows = math.ceil(len(posts) / n_columns)
    seen = f"Lines: mean of {n} replications; bands: lowest to highest of them. " if n > 1 else "One replication. "
    seen += "Every panel has its own scale."
    width, height = 11.0, 2.75
    panel = (width - 2 * _EDGE) / n_columns
    page = _Page.of(
        width,
        n_rows * height,
        title=_backlog_title(table, measured),
        subtitle=seen,
        legend=legend,
        footer=footer,
    )
    for j, post in enumerate(posts):
        row, column = divmod(j, n_columns)
        axes = page.axes(_EDGE + column * panel + 0.75, row * height + 0.35, panel - 0.95, height - 0.95)
        for i, pilot in enumerate(pilots):
            part = table.filter((pl.col("post") == post) & (pl.col("pilot") == pilot))
            if not part.is_empty():
                _backlog_line(axes, i, part, _band(pilots))
        if measured is not None:
            axes.axvspan(*measured, color=_PALE, lw=0, zorder=0)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.01)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_title("\n".join(_wrapped(_name(post), panel - 0.95, 9.5)[:1]), loc="left", fontsize=9.5, weight="bold")
        axes.set_xlabel("Week")
        axes.set_ylabel("Work waiting (hours)")
    return page.figure


def _backlog_line(axes: Axes, i: int, part: pl.DataFrame, alpha: float) -> None:
    """Draw one pilot's backlog with its band."""
    weeks, mean, low, high = _over_replications(part, "week", "hours")
    colour, _, line = _pilot_style(i)
    axes.plot(weeks, mean, color=colour, ls=line, lw=1.7, zorder=3)
    axes.fill_between(weeks, low, high, color=colour, alpha=alpha, lw=0, zorder=2)


def _backlog_title(table: pl.DataFrame, measured: tuple[float, float] | None) -> str:
    """Return which backlogs keep growing after the warm-up: in every replication, and by more than half their mean."""
    part = table
    if measured is not None:
        part = table.filter(pl.col("week") >= measured[0])
    growing = []
    for (pilot, post), rows in part.group_by("pilot", "post", maintain_order=True):
        slopes, level = [], float(np.mean(rows["hours"].to_numpy()))
        for _, one in rows.group_by("replication", maintain_order=True):
            week = one["week"].to_numpy().astype(float)
            if len(week) > 1:
                slopes.append(float(np.polyfit(week, one["hours"].to_numpy(), 1)[0]))
        weeks = float(rows["week"].n_unique())
        if slopes and min(slopes) > 0 and np.mean(slopes) * weeks > 0.5 * level:
            growing.append((float(np.mean(slopes)), _name(str(post)), _name(str(pilot))))
    period = "the weeks shown" if measured is None else "all weeks after the warm-up"
    if not growing:
        return f"No post's backlog keeps growing through {period}"
    words = [f"{post} under {pilot} (+{number(s, 0)} hours a week)" for s, post, pilot in sorted(growing)[::-1][:3]]
    more = f" and {len(growing) - 3} more" if len(growing) > 3 else ""
    return f"Backlog keeps growing through {period}: " + "; ".join(words) + more


def _over_replications(table: pl.DataFrame, x: str, y: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the grid, and the mean, lowest and highest value over the replications at each of its points."""
    value = pl.col(y)
    grid = table.group_by(x).agg(mean=value.mean(), low=value.min(), high=value.max()).sort(x)
    columns = [grid[name].to_numpy().astype(np.float64) for name in (x, "mean", "low", "high")]
    return columns[0], columns[1], columns[2], columns[3]


@dataclass(frozen=True)
class _Key:
    """One key above the chart: a word, and the look of a line or a patch."""

    label: str
    look: Mapping[str, Any]
    line: bool = False


@dataclass(frozen=True)
class _Page:
    """A figure with title, legend and footer in place; the body starts `top` inches below its upper edge."""

    figure: Figure
    width: float
    height: float
    top: float

    @classmethod
    def of(cls, width: float, body: float, *, title: str, subtitle: str, legend: Sequence[_Key], footer: str) -> _Page:
        """Return a page around a body of this height (inches)."""
        room = width - 2 * _EDGE
        blocks = [(literal(title), 13.0, True, "#000000"), (subtitle, 9.5, False, "#333333")]
        wrapped = [(_wrapped(text, room, size, bold=bold), size, bold, colour) for text, size, bold, colour in blocks]
        n_columns, legend_rows = _legend_shape(legend, room)
        foot = _wrapped(literal(footer), room, 7.5) if footer else []
        top = _EDGE + sum(len(lines) * size * 1.35 / 72 + 0.06 for lines, size, *_ in wrapped if lines)
        legend_top = top
        top += legend_rows * 0.21 + 0.2
        height = top + body + 0.1 + len(foot) * 0.14 + _EDGE * 0.7
        figure = Figure(figsize=(width, height), facecolor="white")
        FigureCanvasAgg(figure)
        y = _EDGE
        for lines, size, bold, colour in wrapped:
            for line in lines:
                weight = "bold" if bold else "normal"
                _write(figure, _EDGE, height - y, line, size=size, weight=weight, color=colour, va="top")
                y += size * 1.35 / 72
            y += 0.06 if lines else 0
        _draw_legend(figure, legend, n_columns, legend_top, room)
        for i, line in enumerate(reversed(foot)):
            _write(figure, _EDGE, _EDGE * 0.6 + i * 0.14, line, size=7.5, color=_GREY, va="bottom")
        return cls(figure, width, height, top)

    def axes(self, left: float, down: float, width: float, height: float) -> Axes:
        """Return axes at this place of the body (inches from the left edge and from the body's top)."""
        bottom = self.height - self.top - down - height
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box)


def _write(figure: Figure, x: float, y: float, text: str, **look: Any) -> None:
    """Write a line at a place in inches."""
    figure.text(x, y, text, transform=figure.dpi_scale_trans, **look)


def _legend_shape(legend: Sequence[_Key], room: float) -> tuple[int, int]:
    """Return the columns and rows of a legend that fits the room (inches)."""
    if sum(_width(key.label, 9) + _KEY for key in legend) <= room:
        return len(legend), 1
    widest = max(_width(key.label, 9) for key in legend) + _KEY
    n_columns = max(int(room / widest), 1)
    return n_columns, math.ceil(len(legend) / n_columns)


def _draw_legend(figure: Figure, legend: Sequence[_Key], n_columns: int, top: float, room: float) -> None:
    """Draw the keys row by row, so that their order is read as it is given."""
    # Matplotlib's own legend drops labels that begin with an underscore, as a pilot's name may.
    grid = len(legend) > n_columns
    widest = max((_width(key.label, 9) for key in legend), default=0.0) + _KEY
    x = _EDGE
    for i, key in enumerate(legend):
        row, column = divmod(i, n_columns)
        x = _EDGE + column * min(widest, room / n_columns) if grid else x
        y = float(figure.get_figheight()) - top - 0.16 - row * 0.21
        at = figure.dpi_scale_trans
        if key.line:
            xs = [x, x + 0.17, x + 0.34]
            figure.add_artist(Line2D(xs, [y] * 3, markevery=[1], transform=at, **key.look))
        else:
            figure.add_artist(Rectangle((x, y - 0.06), 0.34, 0.12, transform=at, lw=0.5, **key.look))
        _write(figure, x + 0.42, y, key.label, size=9, va="center_baseline")
        x += _width(key.label, 9) + _KEY


def _pilot_key(i: int, label: str, **look: Any) -> _Key:
    """Return the key of a pilot: its line and marker, unless told otherwise."""
    colour, marker, line = _pilot_style(i)
    whole = {"color": colour, "marker": marker, "ls": line, "lw": 1.8, "ms": 7, "mec": "white", "mew": 0.6}
    return _Key(_name(label, 90), whole | look, line=True)


def _pilot_style(i: int) -> tuple[str, str, Any]:
    """Return colour, marker and line style of a pilot; the baseline is the first."""
    return COLOURS[i % len(COLOURS)], _MARKERS[i % len(_MARKERS)], _LINES[i % len(_LINES)]


def _band(pilots: Sequence[str]) -> float:
    """Return the opacity of bands: with many pilots they lie upon each other."""
    return 0.2 if len(pilots) <= 4 else 0.08


def _kind_style(i: int) -> dict[str, Any]:
    """Return colour and hatch of a kind of work; no two of the first ninety are alike in both."""
    colour = _KIND_COLOURS[i % len(_KIND_COLOURS)]
    # A pale hatch shows on dark colours only, and the other way round.
    dark = int(colour[3:5], 16) < 0x80
    return {
        "facecolor": colour,
        "edgecolor": "white",
        "hatch": _HATCHES[i % len(_HATCHES)],
        "hatchcolor": "#ffffff" if dark else "#666666",
    }


def _names(table: pl.DataFrame, column: str) -> list[str]:
    """Return the different names of a column, in their order."""
    return [str(name) for name in table[column].unique(maintain_order=True)]


def _name(text: str, longest: int = 36) -> str:
    """Return a name on one line; a long one keeps both ends."""
    plain = literal(str(text)).strip()
    if len(plain) <= longest:
        return plain
    return plain[: longest // 2] + "…" + plain[-(longest // 2 - 1) :]


def _or_zero(value: float | None) -> float:
    """Return the value, or 0 where there is none."""
    return 0.0 if value is None or not math.isfinite(value) else float(value)


def _wrapped(text: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """Return the text in lines that fit the room (inches), broken between words where that can be."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and _width(joined, size, bold=bold) <= room:
            lines[-1] = joined
            continue
        lines.append("")
        for character in word:
            if lines[-1] and _width(lines[-1] + character, size, bold=bold) > room:
                lines.append("")
            lines[-1] += character
    return lines


@cache
def _width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text (inches)."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    with warnings.catch_warnings():
        # A character that no font has is told once, when the chart is rendered.
        warnings.simplefilter("ignore", UserWarning)
        renderer: Any = RendererAgg(1, 1, 72)  # type: ignore[no-untyped-call]
        return float(renderer.get_text_width_height_descent(text, font, False)[0]) / 72
