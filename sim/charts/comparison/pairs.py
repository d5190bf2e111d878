"""The chart of all pairs of designs: a column a pair, a row a measure, in each cell the difference with its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.charts.page import EDGE, Key, Page, pilot_key, short_name, width_of, wrapped
from sim.charts.style import GREY, pilot_style, styled
from sim.language import N_, gettext, phrase, run_together
from sim.report.sentences import by_verdict
from sim.report.tables import MARKS, difference, marks_shown, scale_of, with_unit
from sim.statistics.verdicts import NO_VERDICT, Verdict

_LABEL, _ROW, _TOP = 2.9, 0.27, 0.75
"""Width of the labels, height of a row at least, and of the headings (inches)."""
_LEAST, _MOST_IN_NUMBERS = 10.0, 10
"""Of the page (inches); with more pairs than these a cell has its mark alone."""
_FILLS: dict[str, str] = {Verdict.BETTER: "#cfe3f2", Verdict.WORSE: "#e8a877"}
_KEYS: dict[str, str] = {
    Verdict.BETTER: N_("the upper one is better"),
    Verdict.WORSE: N_("the upper one is worse"),
}


@styled
def pairs(table: pl.DataFrame, footer: str = "", confidence: float = 0.95) -> Figure:
    """Return the chart of every design against every other.

    Parameters
    ----------
    table
        As for `forest`, a row a measure, group and pair of designs: `pilot` less `baseline`.
    footer
        Where the numbers come from.
    confidence
        Of the intervals, for all pairs at once.

    Raises
    ------
    ValueError
        The table must have rows with a mid.
    """
    table = table.filter(pl.col("mid").is_not_null())
    if table.is_empty():
        raise ValueError("pairs must have at least 1 row, got 0")
    records = table.to_dicts()
    both = list(dict.fromkeys((r["baseline"], r["pilot"]) for r in records))
    designs = list(dict.fromkeys(name for pair in both for name in pair))
    cells = {(r["measure"], r["group"], r["baseline"], r["pilot"]): r for r in records}
    rows = [key for key in dict.fromkeys((r["measure"], r["group"]) for r in records)
            if any(r["verdict"] in _FILLS for r in records if (r["measure"], r["group"]) == key)]  # fmt: skip
    rows = rows or list(dict.fromkeys((r["measure"], r["group"]) for r in records))
    texts = {key: _words(row, numbers=len(both) <= _MOST_IN_NUMBERS) for key, row in cells.items()}
    column = max(0.5, *(width_of(text, 8.5, bold=True) + 0.2 for text in texts.values()))
    width = max(_LEAST, 2 * EDGE + _LABEL + len(both) * column)
    column = min((width - 2 * EDGE - _LABEL) / len(both), 1.5)
    labels = [_label(next(r for r in records if (r["measure"], r["group"]) == key)) for key in rows]
    heights = [max(_ROW, 0.15 * len(lines) + 0.08) for lines in labels]
    page = Page.around(
        width,
        _TOP + sum(heights) + 0.1,
        title=_title(records, designs),
        subtitle=_subtitle(records, confidence),
        legend=[*(pilot_key(i, name, ls="none") for i, name in enumerate(designs)), *_keys()],
        footer=footer,
    )
    axes = page.axes(EDGE + _LABEL, _TOP, len(both) * column, sum(heights))
    axes.set_xlim(0, len(both))
    axes.set_ylim(sum(heights), 0)
    axes.set_axis_off()
    for j, (lower, upper) in enumerate(both):
        for name, y in ((upper, -0.48), (lower, -0.18)):
            colour, marker, _ = pilot_style(designs.index(name))
            axes.plot([j + 0.5], [y], marker, ms=8, color=colour, mec="white", mew=0.6, clip_on=False)
        axes.plot([j + 0.36, j + 0.64], [-0.33] * 2, color=GREY, lw=0.8, clip_on=False)
    top = 0.0
    for key, lines, height in zip(rows, labels, heights, strict=True):
        page.write(EDGE, _TOP + top + height / 2, "\n".join(lines), size=8.5, va="center", linespacing=1.1)
        for j, pair in enumerate(both):
            row = cells.get((*key, *pair))
            verdict = "" if row is None else str(row["verdict"])
            fill = _FILLS.get(verdict, "white")
            axes.add_patch(Rectangle((j, top), 1, height, facecolor=fill, edgecolor="#cccccc", lw=0.6))
            look: dict[str, Any] = {"weight": "bold"} if verdict in _FILLS else {"color": GREY}
            text = texts.get((*key, *pair), "")
            axes.text(j + 0.5, top + height / 2, text, size=8.5, ha="center", va="center", **look)
        top += height
    return page.figure


def _subtitle(records: Sequence[Mapping[str, Any]], confidence: float) -> str:
    """Return how the chart is read."""
    marks = marks_shown(r["verdict"] for r in records)
    return run_together([
        gettext("The upper design less the lower; the upper is {marks}.", marks=marks),
        gettext("The intervals of all pairs hold at once ({confidence:g} %).", confidence=100 * confidence),
        gettext("A measure on which no pair differs for better or worse has no row."),
    ])  # fmt: skip


def _keys() -> list[Key]:
    """Return the keys of the fills."""
    return [
        Key(gettext(_KEYS[verdict]), {"facecolor": fill, "edgecolor": "#999999"}) for verdict, fill in _FILLS.items()
    ]


def _label(row: Mapping[str, Any]) -> list[str]:
    """Return a measure with its unit, in lines; shares differ in points."""
    return wrapped(with_unit(phrase(row["label"]), scale_of(row["unit"])[2]), _LABEL - 0.15, 8.5)


def _words(row: Mapping[str, Any], *, numbers: bool) -> str:
    """Return a cell: the difference with the mark of its verdict, or a word where there is no verdict."""
    verdict = str(row["verdict"])
    if verdict in NO_VERDICT:
        return gettext(verdict) if numbers else MARKS[verdict]
    return f"{difference(row).difference.replace('-', '−')} {MARKS[verdict]}" if numbers else MARKS[verdict]


def _title(records: Sequence[Mapping[str, Any]], designs: Sequence[str]) -> str:
    """Return the title: the design that is better most often and worse least, and by how much at least."""
    scores: dict[str, list[tuple[int, int, int]]] = {name: [] for name in designs}
    for lower, upper in dict.fromkeys((r["baseline"], r["pilot"]) for r in records):
        labels = by_verdict(r for r in records if (r["baseline"], r["pilot"]) == (lower, upper))
        better, worse = len(labels[Verdict.BETTER]), len(labels[Verdict.WORSE])
        n = sum(map(len, labels.values()))
        scores[upper].append((better, worse, n))
        scores[lower].append((worse, better, n))
    if not any(better for all_of in scores.values() for better, *_ in all_of):
        return gettext("No design is shown to be better than another on any measure")
    first = max(designs, key=lambda name: sum(better - worse for better, worse, _ in scores[name]))
    least, most = min(better for better, *_ in scores[first]), max(worse for _, worse, _ in scores[first])
    n = min(n for *_, n in scores[first])
    return gettext(
        "Against each other design, {pilot} is better on at least {least} of {n} measures and worse on at most {most}",
        pilot=short_name(first), least=least, n=n, most=most,
    )  # fmt: skip
