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

_WIDTH, _LABEL, _HEADING, _SCALE = 12.5, 4.3, 0.34, 0.72
"""Of the page, of the labels, and height of the headings above and of the scale below (inches)."""
_LETTERS = 9.5
"""Size of the labels and numbers (points)."""
_PITCH, _LEAST, _GROUP = 0.11, 0.33, 0.3
"""Between the marks of a row, height of a row at least, and of the name of a group (inches)."""
_MOST, _FEWEST = 3.9, 6
"""Height of all rows (inches), so that the page lies on its side; but so many rows stand whatever their height."""
_TICKS = (1, 3, 10, 30, 100, 1_000, 10_000)
_TELLING = {
    Verdict.WORSE: N_("Worse under a design"),
    Verdict.BETTER: N_("Better under a design, worse under none"),
    Verdict.UNDECIDED: N_("Undecided under a design, better or worse under none"),
}
"""A measure belongs to the first of these that a design has, and the first have rows; others are named below."""
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
        even within one MID and logarithmic beyond (asinh), so that nothing lies off it. Rows stand in groups: what is
        worse under a design, then what is better, then what is undecided; where there are too many for a page on its
        side, those with the largest differences. Measures without a row are named under the chart.

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
    groups, notes = _shown(records, len(pilots))
    rows, names, body = _rows(groups, pilots)
    columns = _columns(rows, pilots)
    text_width = sum(columns)
    width = max(_WIDTH, 2 * EDGE + _LABEL + 3.0 + text_width)
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
    axes.set_ylim(body, 0)
    _plot(axes, rows, baseline)
    _text(page, axes, rows, columns)
    for top, name in names:
        page.write(EDGE, _HEADING + top + _GROUP - 0.08, name, size=_LETTERS, weight="bold", va="baseline")
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


_Block = list[Mapping[str, Any]]
"""What is known of one measure: one record a pilot."""


def _shown(records: Sequence[Mapping[str, Any]], n_pilots: int) -> tuple[dict[Verdict | None, list[_Block]], list[str]]:
    """Return the measures that have a row, in their groups, and notes that name the others."""
    blocks: dict[tuple[str, str], _Block] = {}
    for record in records:
        blocks.setdefault((record["measure"], record["group"]), []).append(record)
    groups: dict[Verdict | None, list[_Block]] = {verdict: [] for verdict in (*_TELLING, None)}
    for block in blocks.values():
        groups[_group(block)].append(block)
    silent = groups.pop(None)
    if not any(groups.values()):
        groups, silent = {None: silent}, []
    ranked = [block for those in groups.values() for block in sorted(those, key=_size, reverse=True)]
    heights = np.cumsum([_height(block, n_pilots) for block in ranked])
    kept = ranked[: max(int(np.sum(heights <= _MOST)), _FEWEST)]
    notes = []
    for verdict, those in groups.items():
        labels = [phrase(block[0]["label"]) for block in those if block not in kept]
        if labels:
            words = gettext(_TELLING[verdict]) if verdict else gettext("Of the others")
            notes.append(
                gettext(
                    "{group}, in the table of differences only: {measures}.", group=words, measures=separated(labels)
                )
            )
    shown = {verdict: [block for block in those if block in kept] for verdict, those in groups.items()}
    return {verdict: those for verdict, those in shown.items() if those}, [*notes, *_notes(silent)]


def _group(block: _Block) -> Verdict | None:
    """Return the first verdict that tells something of a measure under any pilot."""
    return next((verdict for verdict in _TELLING if any(record["verdict"] == verdict for record in block)), None)


def _size(block: _Block) -> float:
    """Return the largest difference of a measure in MIDs."""
    sizes = [abs(record["difference"] / record["mid"]) for record in block if record["difference"] is not None]
    return max((one for one in sizes if math.isfinite(one)), default=0.0)


def _label(block: _Block) -> list[str]:
    """Return the lines of the label of a measure."""
    unit = scale_of(block[0]["unit"])[1]
    return wrapped(with_unit(phrase(block[0]["label"]), unit), _LABEL - 0.15, _LETTERS)


def _height(block: _Block, n_pilots: int) -> float:
    """Return the height of the row of a measure (inches)."""
    return max(n_pilots * _PITCH + 0.05, len(_label(block)) * 0.16 + 0.07, _LEAST)


def _rows(
    groups: Mapping[Verdict | None, Sequence[_Block]], pilots: Sequence[str]
) -> tuple[list[_Row], list[tuple[float, str]], float]:
    """Return the rows from the top down, the names of the groups and where they begin, and the height of all."""
    rows, names, top = [], [], 0.0
    for verdict, blocks in groups.items():
        if verdict:
            names.append((top, gettext(_TELLING[verdict])))
            top += _GROUP
        for block in blocks:
            height = _height(block, len(pilots))
            first = top + height / 2 - (len(pilots) - 1) * _PITCH / 2
            marks = [_mark(record, first + pilots.index(record["pilot"]) * _PITCH, pilots) for record in block]
            rows.append(_Row(_label(block), top, height, marks))
            top += height
    return rows, names, top


def _notes(blocks: Sequence[_Block]) -> Iterator[str]:
    """Yield a note for each kind of measure that tells nothing: its verdicts, and the names."""
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
    return [max(width_of(cell, _LETTERS, bold=True) for cell in column) + 0.18 if column else 0.4 for column in cells]


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
        page.figure.text(x / page.width, y, text, transform=at, fontsize=_LETTERS, va="center", **look)

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
