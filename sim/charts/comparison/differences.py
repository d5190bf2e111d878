"""The chart of differences from the baseline: a forest plot of intervals with their verdicts in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from sim.charts.page import EDGE, Key, Page, distinct, pilot_key, short_name, width_of, wrapped
from sim.charts.style import GREY, PALE, pilot_style, styled
from sim.report.sentences import by_verdict, of_all
from sim.report.tables import MARKS, Difference, difference, literal, scale_of


@styled
def forest(comparison: pl.DataFrame, footer: str = "", confidence: float = 0.95) -> Figure:
    """Return the forest plot of the differences of every pilot from the baseline, in units of the MID.

    Parameters
    ----------
    comparison
        One row a measure, group and pilot: label, unit, baseline, pilot, baseline_mean, pilot_mean,
        difference, low, high, mid, higher_is_better, verdict, n. NaN or null: no such number; a withheld
        row has no mark, nor has one of which a pilot owes nothing. Rows without a MID are never judged: they are left
        out.
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
        The comparison must have rows with a mid; mid must be above 0.
    """
    comparison = comparison.filter(pl.col("mid").is_not_null())
    if comparison.is_empty():
        raise ValueError("comparison must have at least 1 row, got 0")
    records = comparison.to_dicts()
    for record in records:
        if not record["mid"] > 0:
            raise ValueError(f"comparison.mid must be above 0, got {record['mid']}")
    pilots = distinct(comparison, "pilot")
    baseline = str(records[0]["baseline"])
    rows = _forest_rows(records, pilots)
    title, subtitle = _forest_words(records, pilots, baseline)
    columns = _forest_columns(rows, len(pilots), confidence)
    label_width = min(max(width_of(line, 9) for row in rows for line in row.lines) + 0.15, 2.6)
    text_width = sum(column.width for column in columns)
    width = max(12.0, label_width + text_width + 3.6 + 2 * EDGE)
    body = sum(row.height for row in rows) + 0.05
    band = Key("differences too small to matter (within one MID)", {"facecolor": PALE, "edgecolor": "#999999"})
    legend = [*(pilot_key(i + 1, p, ls="none") for i, p in enumerate(pilots)), band]
    page = Page.around(width, 0.3 + body + 0.75, title=title, subtitle=subtitle, legend=legend, footer=footer)
    left = EDGE + label_width
    plot_width = width - left - text_width - EDGE - 0.2
    axes = page.axes(left, 0.3, plot_width, body)
    _forest_plot(axes, rows, baseline)
    _forest_text(page, axes, rows, columns, left + plot_width + 0.2)
    return page.figure


@dataclass(frozen=True)
class _Mark:
    """One difference of a forest plot: position (inches from the top), value in MIDs (better: positive) and words."""

    y: float
    pilot: int
    name: str
    value: float
    low: float
    high: float
    words: Difference


@dataclass(frozen=True)
class _Row:
    """One measure of a forest plot: the lines of its label, its extent (inches) and its marks."""

    lines: list[str]
    top: float
    height: float
    marks: list[_Mark]


@dataclass(frozen=True)
class _TextColumn:
    """A column of words to the right of a forest plot."""

    heading: str
    words: Callable[[_Mark], str]
    width: float


def _forest_rows(records: Sequence[Mapping[str, Any]], pilots: Sequence[str]) -> list[_Row]:
    """Return the measures from the top down, each with a line for each pilot."""
    blocks: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        blocks.setdefault((record["measure"], record["group"]), []).append(record)
    rows, top, pitch = [], 0.0, 0.225
    for block in blocks.values():
        unit = scale_of(block[0]["unit"])[1]
        lines = wrapped(literal(block[0]["label"]), 2.4, 9) + ([f"({literal(unit)})"] if unit else [])
        height = max(len(block) * pitch, len(lines) * 0.165) + 0.16
        first = top + height / 2 - (len(block) - 1) * pitch / 2
        marks = [_mark(record, first + i * pitch, pilots) for i, record in enumerate(block)]
        rows.append(_Row(lines, top, height, marks))
        top += height
    return rows


def _mark(record: Mapping[str, Any], y: float, pilots: Sequence[str]) -> _Mark:
    """Return one difference, divided by its MID and with the sign at which better is positive."""
    difference_words = difference(record)
    sign = (1 if record["higher_is_better"] else -1) / record["mid"]
    raw = [math.nan if record[k] is None else float(record[k]) * sign for k in ("difference", "low", "high")]
    if difference_words.difference == "–":
        raw = [math.nan] * 3
    value, low, high = raw[0], min(raw[1:]), max(raw[1:])
    return _Mark(y, pilots.index(record["pilot"]), short_name(record["pilot"]), value, low, high, difference_words)


def _forest_words(records: Sequence[Mapping[str, Any]], pilots: Sequence[str], baseline: str) -> tuple[str, str]:
    """Return title and subtitle of a forest plot, from the verdicts only."""
    labels = {p: by_verdict(record for record in records if record["pilot"] == p) for p in pilots}
    counts = {p: {verdict: len(some) for verdict, some in of.items()} for p, of in labels.items()}
    base = short_name(baseline)
    total = Counter(str(record["verdict"]) for record in records)
    spoken = ["no material difference", "undecided", "withheld", "not owed"]
    if total["withheld"] + total["not owed"] == len(records):
        title = f"Nothing can be concluded against {base}: every verdict is withheld"
    elif len(pilots) <= 3:
        title = "; ".join(f"{short_name(p)} is {_score(of, base)}" for p, of in labels.items())
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


def _score(labels: Mapping[str, Sequence[str]], baseline: str) -> str:
    """Return in words on how many measures a pilot is better and worse."""
    better, worse, withheld = (len(labels[verdict]) for verdict in ("better", "worse", "withheld"))
    unknown = f" ({withheld} cannot be judged)" if withheld else ""
    if not better and not worse:
        return f"shown neither better nor worse than {baseline} on any {of_all(labels)}{unknown}"
    return f"better than {baseline} on {better} {of_all(labels)} and worse on {worse}{unknown}"


def _forest_columns(rows: Sequence[_Row], n_pilots: int, confidence: float) -> list[_TextColumn]:
    """Return the columns of words right of the plot, as wide as their widest word."""
    interval = f"Difference [joint {100 * confidence:g} % interval]"
    wanted: list[tuple[str, Callable[[_Mark], str]]] = [
        ("Verdict", lambda mark: f"{MARKS[mark.words.verdict]} {mark.words.verdict}"),
        ("Baseline → pilot", lambda mark: f"{mark.words.baseline} → {mark.words.pilot}".replace("-", "−")),
        (interval, lambda mark: f"{mark.words.difference} {mark.words.interval}".strip().replace("-", "−")),
    ]
    if n_pilots > 1:
        wanted.insert(0, ("Pilot", lambda mark: mark.name))
    marks = [mark for row in rows for mark in row.marks]
    return [
        _TextColumn(heading, words, max(width_of(w, 9, bold=True) for w in [heading, *map(words, marks)]) + 0.22)
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
    axes.axvspan(-1, 1, facecolor=PALE, edgecolor="#999999", lw=0.5, zorder=0)
    axes.axvline(0, color=GREY, lw=0.9, zorder=1)
    for mark in (m for row in rows for m in row.marks if math.isfinite(m.value)):
        colour, marker, _ = pilot_style(mark.pilot + 1)
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
    axes.set_xlabel(f"Difference from {short_name(baseline)},\n{unit}")
    axes.text(low, -0.07, "◀ worse", fontsize=9, weight="bold", ha="left", va="bottom")
    axes.text(high, -0.07, "better ▶", fontsize=9, weight="bold", ha="right", va="bottom")


def _forest_text(page: Page, axes: Axes, rows: Sequence[_Row], columns: Sequence[_TextColumn], left: float) -> None:
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
        page.figure.text(EDGE, middle, "\n".join(row.lines), transform=at, fontsize=9, va="center", linespacing=1.15)
        rule = Line2D([EDGE, page.width - EDGE], [row.top] * 2, transform=at, color="#cccccc", lw=0.5, zorder=-1)
        page.figure.add_artist(rule)
        for mark in row.marks:
            decided = mark.words.verdict in ("better", "worse")
            for column, start in zip(columns, starts, strict=True):
                bold = "bold" if decided and column.heading == "Verdict" else "normal"
                words = column.words(mark)
                page.figure.text(start, mark.y, words, transform=at, fontsize=9, weight=bold, va="center")
