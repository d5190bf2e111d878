"""The chart of differences from the baseline: a row a measure, each design by its mark, with its verdict in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from sim.charts.page import EDGE, Key, Page, distinct, pilot_key, short_name, that_fits, width_of, wrapped
from sim.charts.style import GREY, PALE, pilot_style, styled
from sim.language import N_, either, gettext, listed, ngettext, phrase, run_together, separated
from sim.report.sentences import by_verdict
from sim.report.tables import MARKS, Difference, difference, marks_shown, scale_of, with_unit
from sim.statistics.verdicts import NO_VERDICT, Verdict

_WIDTH, _LABEL, _HEADING, _SCALE = 11.0, 2.9, 0.34, 0.72
"""Of the page, of the labels, and height of the headings above and of the scale below (inches)."""
_PITCH, _LEAST = 0.11, 0.36
"""Between the marks of a row, and height of a row at least (inches)."""
_TICKS = (1, 3, 10, 30, 100, 1_000, 10_000)
_TELLING = (Verdict.BETTER, Verdict.WORSE, Verdict.UNDECIDED)
"""A measure has a row if a design has one of these verdicts; the others are named under the chart."""
_THAN = (
    N_("{pilot} is better than {baseline} on {better} of {n} measures and worse on {worse}"),
    N_("{pilot} is shown neither better nor worse than {baseline} on any of {n} measures"),
)
_COUNTS = (
    N_("{pilot} better on {better} of {n} measures, worse on {worse}"),
    N_("{pilot} {better} of {n} better, {worse} worse"),
    N_("{pilot} {better} better, {worse} worse"),
)
"""The counts of a pilot beside others, ever shorter."""
_FEW = 3
"""Pilots of which a title names each; of more it counts those that are better or worse more often."""
_NAMES = (36, 26, 18, 12)
"""Longest names in a title (letters): as long as there is room for."""


@styled
def forest(comparison: pl.DataFrame, footer: str = "", confidence: float = 0.95) -> Figure:
    """Return the chart of the differences of every pilot from the baseline, in multiples of the MID.

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
        The better side is always the right one, so a fall of a waiting time points to the right. The scale is
        even within one MID and logarithmic beyond (asinh), so that nothing lies off it. Measures on which nothing is
        better, worse or undecided are named under the chart.

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
    pilots, baseline = distinct(comparison, "pilot"), str(records[0]["baseline"])
    rows, notes = _rows(records, pilots)
    columns = _columns(rows, pilots)
    text_width = sum(columns)
    width = max(_WIDTH, 2 * EDGE + _LABEL + 3.0 + text_width)
    body = sum(row.height for row in rows)
    band = Key(gettext("too small to matter"), {"facecolor": PALE, "edgecolor": "#999999"})
    page = Page.around(
        width,
        _HEADING + body + _SCALE,
        title=_finding(records, pilots, baseline, width),
        subtitle=_subtitle(records, confidence),
        legend=[*(pilot_key(i, p, ls="none") for i, p in enumerate([baseline, *pilots])), band],
        footer=footer,
        notes=notes,
    )
    plot_width = width - 2 * EDGE - _LABEL - text_width - 0.15
    axes = page.axes(EDGE + _LABEL, _HEADING, plot_width, body)
    _plot(axes, rows, baseline)
    _text(page, axes, rows, columns)
    return page.figure


@dataclass(frozen=True)
class _Mark:
    """One difference: position (inches from the top), value in MIDs (better: positive) and words."""

    y: float
    pilot: int
    value: float
    low: float
    high: float
    words: Difference


@dataclass(frozen=True)
class _Row:
    """One measure: the lines of its label, its extent (inches) and its marks."""

    lines: list[str]
    top: float
    height: float
    marks: list[_Mark]

    @property
    def middle(self) -> float:
        """Where its words stand."""
        return self.top + self.height / 2


def _rows(records: Sequence[Mapping[str, Any]], pilots: Sequence[str]) -> tuple[list[_Row], list[str]]:
    """Return the measures that tell something from the top down, and notes that name the others."""
    blocks: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        blocks.setdefault((record["measure"], record["group"]), []).append(record)
    telling = [block for block in blocks.values() if any(record["verdict"] in _TELLING for record in block)]
    shown = telling or list(blocks.values())
    rows, top = [], 0.0
    for block in shown:
        unit = scale_of(block[0]["unit"])[1]
        lines = wrapped(with_unit(phrase(block[0]["label"]), unit), _LABEL - 0.15, 8.5)
        height = max(len(pilots) * _PITCH + 0.1, len(lines) * 0.15 + 0.1, _LEAST)
        first = top + height / 2 - (len(pilots) - 1) * _PITCH / 2
        marks = [_mark(record, first + pilots.index(record["pilot"]) * _PITCH, pilots) for record in block]
        rows.append(_Row(lines, top, height, marks))
        top += height
    return rows, list(_notes(block for block in blocks.values() if block not in shown))


def _notes(blocks: Iterator[list[Mapping[str, Any]]]) -> Iterator[str]:
    """Yield a note for each kind of measure that has no row: its verdicts, and the names."""
    named: dict[str, list[str]] = {}
    for block in blocks:
        verdicts = dict.fromkeys(str(record["verdict"]) for record in block)
        named.setdefault(either(map(gettext, verdicts)), []).append(phrase(block[0]["label"]))
    for those, labels in named.items():
        words = {"verdicts": f"{those[:1].upper()}{those[1:]}", "measures": separated(labels)}
        yield gettext("{verdicts} under every design: {measures}.", **words)


def _mark(record: Mapping[str, Any], y: float, pilots: Sequence[str]) -> _Mark:
    """Return one difference, divided by its MID and with the sign at which better is positive."""
    difference_words = difference(record)
    sign = (1 if record["higher_is_better"] else -1) / record["mid"]
    raw = [math.nan if record[k] is None else float(record[k]) * sign for k in ("difference", "low", "high")]
    if not difference_words.is_shown:
        raw = [math.nan] * 3
    value, low, high = raw[0], min(raw[1:]), max(raw[1:])
    return _Mark(y, pilots.index(record["pilot"]), value, low, high, difference_words)


def _finding(records: Sequence[Mapping[str, Any]], pilots: Sequence[str], baseline: str, width: float) -> str:
    """Return on how many measures of a comparison each pilot is better and worse, in two lines of a page."""
    labels = {p: by_verdict(record for record in records if record["pilot"] == p) for p in pilots}
    if all(record["verdict"] in NO_VERDICT for record in records):
        return gettext(
            "Nothing can be concluded against {baseline}: no measure can be judged", baseline=short_name(baseline)
        )
    n_withheld = sum(len(of[Verdict.WITHHELD]) for of in labels.values())
    titles = _titles(labels, baseline)
    if 2 * n_withheld > sum(len(some) for of in labels.values() for some in of.values()):
        titles = (gettext("Most differences cannot be judged; where they can: {title}", title=one) for one in titles)
    return that_fits(titles, width)


def _titles(labels: Mapping[str, Mapping[str, Sequence[str]]], baseline: str) -> Iterator[str]:
    """Yield the counts of better and worse measures, ever shorter: each pilot's, and then how many pilots lead."""
    for longest in _NAMES:
        base = short_name(baseline, longest)
        if len(labels) == 1:
            ((pilot, of),) = labels.items()
            yield _of_one(of, short_name(pilot, longest), base)
        elif not any(of[Verdict.BETTER] or of[Verdict.WORSE] for of in labels.values()):
            yield gettext("No design is shown to be better or worse than {baseline} on any measure", baseline=base)
        elif len(labels) <= _FEW:
            for words in _COUNTS:
                each = separated(_counted(of, words, short_name(pilot, longest)) for pilot, of in labels.items())
                yield gettext("Against {baseline}: {each}", baseline=base, each=each)
    if len(labels) > 1:
        lead = [len(of[Verdict.BETTER]) - len(of[Verdict.WORSE]) for of in labels.values()]
        counts = {"better": sum(one > 0 for one in lead), "worse": sum(one < 0 for one in lead), "all": len(lead)}
        for longest in _NAMES:
            yield gettext(
                "Better than {baseline} on more measures than worse: {better} of {all} designs; worse on more than "
                "better: {worse}",
                baseline=short_name(baseline, longest), **counts,
            )  # fmt: skip


def _counted(labels: Mapping[str, Sequence[str]], words: str, pilot: str) -> str:
    """Return on how many measures a pilot is better and worse, in these words."""
    better, worse, n = len(labels[Verdict.BETTER]), len(labels[Verdict.WORSE]), sum(map(len, labels.values()))
    return gettext(words, pilot=pilot, better=better, worse=worse, n=n)


def _of_one(labels: Mapping[str, Sequence[str]], pilot: str, baseline: str) -> str:
    """Return on how many measures the only pilot is better and worse, and how many cannot be judged."""
    better, worse, withheld = (len(labels[verdict]) for verdict in (Verdict.BETTER, Verdict.WORSE, Verdict.WITHHELD))
    names = {"pilot": pilot, "baseline": baseline, "n": sum(map(len, labels.values()))}
    score = gettext(_THAN[not (better or worse)], **names, better=better, worse=worse)
    return gettext("{score} ({n} cannot be judged)", score=score, n=withheld) if withheld else score


def _subtitle(records: Sequence[Mapping[str, Any]], confidence: float) -> str:
    """Return how many differences have each verdict, and how they are drawn."""
    return run_together([
        _all_verdicts(records),
        gettext("Numbers are means: {marks}.", marks=marks_shown(record["verdict"] for record in records)),
        gettext("Lines: intervals that hold jointly at {confidence:g} %.", confidence=100 * confidence),
    ])  # fmt: skip


def _all_verdicts(records: Sequence[Mapping[str, Any]]) -> str:
    """Return how many differences have each verdict."""
    total = Counter(str(record["verdict"]) for record in records)
    verdicts = listed(
        gettext("{n} {verdict}", n=total[verdict], verdict=gettext(verdict)) for verdict in MARKS if total[verdict]
    )
    return ngettext(
        "Of {n:,} difference, {verdicts}.", "Of {n:,} differences, {verdicts}.", len(records), verdicts=verdicts
    )


def _value(mark: _Mark) -> str:
    """Return the mean of a pilot with the mark of its verdict; where there is no verdict, the word for that."""
    verdict = mark.words.verdict
    if verdict in NO_VERDICT:
        return gettext(verdict)
    return f"{mark.words.pilot.replace('-', '−')} {MARKS[verdict]}"


def _columns(rows: Sequence[_Row], pilots: Sequence[str]) -> list[float]:
    """Return the widths of the columns of numbers right of the plot: the baseline's and each pilot's."""
    cells: list[list[str]] = [[] for _ in range(len(pilots) + 1)]
    for mark in (mark for row in rows for mark in row.marks):
        cells[0].append(mark.words.baseline)
        cells[mark.pilot + 1].append(_value(mark))
    return [max(width_of(cell, 8.5, bold=True) for cell in column) + 0.18 if column else 0.4 for column in cells]


def _limits(rows: Sequence[_Row]) -> tuple[float, float]:
    """Return the ends of the scale in MIDs: all intervals, and the band of what is too small to matter."""
    marks = [mark for row in rows for mark in row.marks if math.isfinite(mark.value)]
    ends = np.array([(m.value, m.low, m.high) for m in marks]).reshape(-1)
    ends = ends[np.isfinite(ends)]
    return min(1.3 * float(ends.min(initial=0.0)), -2.0), max(1.3 * float(ends.max(initial=0.0)), 2.0)


def _plot(axes: Axes, rows: Sequence[_Row], baseline: str) -> None:
    """Draw the band, the intervals and the marks."""
    low, high = _limits(rows)
    axes.set_facecolor("none")
    axes.set_xscale("asinh", linear_width=1.0)
    axes.set_xlim(low, high)
    axes.set_ylim(rows[-1].top + rows[-1].height, 0)
    axes.axvspan(-1, 1, facecolor=PALE, edgecolor="#999999", lw=0.5, zorder=0)
    axes.axvline(0, color=GREY, lw=0.9, zorder=1)
    for mark in (m for row in rows for m in row.marks if math.isfinite(m.value)):
        colour, marker, _ = pilot_style(mark.pilot + 1)
        axes.plot([mark.low, mark.high], [mark.y] * 2, color=colour, lw=1.8, zorder=2, solid_capstyle="butt")
        axes.plot(mark.value, mark.y, marker, ms=6, color=colour, mec="white", mew=0.6, zorder=3)
    ticks = [t for t in (*(-t for t in _TICKS), 0, *_TICKS) if low <= t <= high]
    axes.set_xticks(ticks, [f"{abs(t):,}×" if t else "0" for t in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(
        gettext("Difference from {baseline},\nas a multiple of the least that matters", baseline=short_name(baseline))
    )
    axes.text(low, -0.08, gettext("◀ worse"), fontsize=9, weight="bold", ha="left", va="bottom")
    axes.text(high, -0.08, gettext("better ▶"), fontsize=9, weight="bold", ha="right", va="bottom")


def _text(page: Page, axes: Axes, rows: Sequence[_Row], columns: Sequence[float]) -> None:
    """Write the labels left of the plot and the numbers right of it, with a thin rule between measures."""
    at = blended_transform_factory(page.figure.transFigure, axes.transData)

    def write(x: float, y: float, text: str, **look: Any) -> None:
        page.figure.text(x / page.width, y, text, transform=at, fontsize=8.5, va="center", **look)

    ends = page.width - EDGE - np.array([sum(columns[i + 1 :]) for i in range(len(columns))])
    for i, end in enumerate(ends.tolist()):
        colour, marker, _ = pilot_style(i)
        look: dict[str, Any] = {"color": colour, "marker": marker, "ms": 7, "mec": "white", "mew": 0.6, "ls": "none"}
        page.figure.add_artist(Line2D([(end - 0.25) / page.width], [-0.16], transform=at, **look))
    for row in rows:
        write(EDGE, row.middle, "\n".join(row.lines), linespacing=1.15)
        write(ends[0], row.middle, row.marks[0].words.baseline, ha="right")
        for mark in row.marks:
            telling = mark.words.verdict in (Verdict.BETTER, Verdict.WORSE)
            shade: dict[str, Any] = {"weight": "bold"} if telling else {"color": GREY}
            write(ends[mark.pilot + 1], row.middle, _value(mark), ha="right", **shade)
        rule = Line2D([EDGE / page.width, 1 - EDGE / page.width], [row.top] * 2, transform=at, color="#cccccc", lw=0.5)
        rule.set_zorder(-1)
        page.figure.add_artist(rule)
