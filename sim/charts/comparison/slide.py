"""The plain chart for a slide: a few measures, and of each today's mean and every design's, as bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.charts.comparison.bars import without_scale
from sim.charts.page import EDGE, Page, distinct, short_name, that_fits, wrapped
from sim.charts.style import COLOURS, GREY, styled
from sim.language import N_, gettext, ngettext, phrase, separated
from sim.report import counts
from sim.report.tables import MARKS, marks_shown, number, scale_of, with_its_unit, with_unit
from sim.statistics.verdicts import NO_VERDICT, Verdict

_WIDTH = 10.0
"""Of the page (inches)."""
_COLUMN = 4.4
"""Width of the page where the panels stand one below the other (inches)."""
_BAR, _HEAD, _GAP = 0.27, 0.62, 0.22
"""Height of a bar, of the words above a panel, and gap between panels (inches)."""
_MOST = 6
_WORDS = {True: N_("more is better"), False: N_("less is better")}
_VERDICTS: dict[str, str] = {
    Verdict.BETTER: N_("better with {number} under {pilot}"),
    Verdict.WORSE: N_("worse with {number} under {pilot}"),
    Verdict.NO_MATERIAL_DIFFERENCE: N_("no material difference with {number} under {pilot}"),
    Verdict.UNDECIDED: N_("undecided with {number} under {pilot}"),
}
_ALL = {
    True: N_("{means} under {designs}, all of them better"),
    False: N_("{means} under {designs}, all of them worse"),
}
_SOME = N_("{means} under {designs}, {better} of them better and {worse} worse")
_NONE = N_("{means} under {designs}, none of them shown to be better or worse")
_CUTS = ((60, 36), (40, 24), (24, 16))
"""Longest words of a measure and of a name in a title (letters): as long as there is room for."""
_LINES_OF_COLUMN = 6
"""Of a title in a journal's column."""
_BASELINE, _DESIGN = {"color": COLOURS[0]}, {"color": COLOURS[1]}


@styled
def slide(
    comparison: pl.DataFrame, shown: Sequence[tuple[str, str]], footer: str = "", *, narrow: bool = False
) -> Figure:  # fmt: skip
    """Return the chart of a few measures with the mean of every design, the baseline first.

    Parameters
    ----------
    comparison
        As for `forest`.
    shown
        The measures that have a panel, by measure and group, in this order; others are left out. Where none of them is
        judged, the first six that are.
    footer
        Where the numbers come from.
    narrow
        Whether the panels stand one below the other, for a journal's column.

    Returns
    -------
    Figure
        A bar is a mean, with its number and the mark of its verdict; where there is no verdict the bar is grey, and
        a word says so. Every panel has its own scale, from 0. The title says what the first panel with a verdict shows.

    Raises
    ------
    ValueError
        The comparison must have rows with a mid.
    """
    records = comparison.filter(pl.col("mid").is_not_null()).to_dicts()
    if not records:
        raise ValueError("comparison must have at least 1 row, got 0")
    of: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in records:
        of.setdefault((record["measure"], record["group"]), []).append(record)
    panels = [of[key] for key in shown if key in of] or list(of.values())[:_MOST]
    pilots, baseline = distinct(comparison, "pilot"), str(records[0]["baseline"])
    n_columns = 1 if narrow else min(3, len(panels))
    width = _COLUMN if narrow else _WIDTH
    rows = [panels[i : i + n_columns] for i in range(0, len(panels), n_columns)]
    names = [baseline, *pilots]
    label = 1.5
    panel = (width - 2 * EDGE - label - (n_columns - 1) * _GAP) / n_columns
    height = len(names) * _BAR
    lines = {name: wrapped(short_name(name), label - 0.1, 8.5)[:2] for name in names}
    page = Page.around(
        width,
        len(rows) * (height + _HEAD) + 0.1,
        title=that_fits(_titles(panels, pilots, baseline), width, _LINES_OF_COLUMN if narrow else 2),
        subtitle=gettext("Means; {marks}.", marks=marks_shown(r["verdict"] for one in panels for r in one)),
        legend=[],
        footer=footer,
    )
    for i, some in enumerate(rows):
        top = i * (height + _HEAD) + _HEAD - 0.12
        for k, name in enumerate(names):
            page.write(EDGE, top + (k + 0.5) * _BAR, "\n".join(lines[name]), size=8.5, va="center", linespacing=0.95)
        for j, one in enumerate(some):
            axes = page.axes(EDGE + label + j * (panel + _GAP), top, panel, height)
            _panel(axes, one, pilots)
            _heading(axes, one[0], (panel, height))
    return page.figure


def _titles(panels: Sequence[Sequence[Mapping[str, Any]]], pilots: Sequence[str], baseline: str) -> Iterator[str]:
    """Yield what the first panel with a verdict shows, ever shorter: each design's mean, then their range."""
    rows = next((one for one in panels if math.isfinite(_base(one)) and any(map(_judged, one))), None)
    if rows is None:
        name = short_name(baseline)
        yield gettext("Nothing can be concluded against {baseline}: no measure can be judged", baseline=name)
        return
    judged = {row["pilot"]: row for row in rows if _judged(row)}
    factor, unit, _ = scale_of(rows[0]["unit"])
    label, base = phrase(rows[0]["label"]), with_its_unit(_plain(factor * _base(rows)), unit)
    without = len(pilots) - len(judged)
    openings = [
        gettext(
            "{measure}: {number} under {baseline}",
            measure=short_name(f"{label[:1].upper()}{label[1:]}", of_label), number=base,
            baseline=short_name(baseline, of_name),
        )
        for of_label, of_name in _CUTS
    ]  # fmt: skip
    for opening, (_, longest) in list(zip(openings, _CUTS, strict=True))[: 1 if len(pilots) > 1 else None]:
        each = [
            gettext(_VERDICTS[row["verdict"]], number=_plain(factor * row["pilot_mean"]), pilot=short_name(p, longest))
            for p, row in judged.items()
        ]
        if without:
            each.append(ngettext("{n} design cannot be judged", "{n} designs cannot be judged", without))
        yield separated([opening, *each])
    if len(pilots) > 1:
        brief = _in_brief(list(judged.values()), len(pilots), factor)
        yield from (separated([opening, brief]) for opening in openings)


def _in_brief(judged: Sequence[Mapping[str, Any]], n_designs: int, factor: float) -> str:
    """Return the range of the means of all designs that are judged, and how many of them are better and worse."""
    means = sorted(factor * float(row["pilot_mean"]) for row in judged)
    least, most = _plain(means[0]), _plain(means[-1])
    verdicts, n = [row["verdict"] for row in judged], len(judged)
    better, worse = verdicts.count(Verdict.BETTER), verdicts.count(Verdict.WORSE)
    words = {
        "means": least if least == most else gettext("{least} to {most}", least=least, most=most),
        "designs": counts.designs(n) if n == n_designs else gettext("{n} of {all} designs", n=n, all=n_designs),
        "better": better, "worse": worse,
    }  # fmt: skip
    if n > 1 and n in (better, worse):
        return gettext(_ALL[better == n], **words)
    return gettext(_SOME if better or worse else _NONE, **words)


def _base(rows: Sequence[Mapping[str, Any]]) -> float:
    """Return the baseline's mean of one measure; NaN where it is not known."""
    return next((r["baseline_mean"] for r in rows if _known(r["baseline_mean"])), math.nan)


def _judged(row: Mapping[str, Any]) -> bool:
    """Return whether a row has a verdict, and the mean of its design."""
    return str(row["verdict"]) not in NO_VERDICT and _known(row["pilot_mean"])


def _heading(axes: Axes, row: Mapping[str, Any], size: tuple[float, float]) -> None:
    """Write what a panel shows, with its unit, and which way is better."""
    unit = scale_of(row["unit"])[1]
    words = wrapped(with_unit(phrase(row["label"]), unit), size[0], 9, bold=True)
    look: dict[str, Any] = {"transform": axes.transAxes, "va": "bottom"}
    axes.text(0, 1 + 0.18 / size[1], "\n".join(words[:2]), fontsize=9, weight="bold", **look)
    axes.text(0, 1 + 0.02 / size[1], gettext(_WORDS[bool(row["higher_is_better"])]), fontsize=8, color=GREY, **look)


def _panel(axes: Axes, rows: Sequence[Mapping[str, Any]], pilots: Sequence[str]) -> None:
    """Draw the bars of one measure: the baseline's, and each design's."""
    factor = scale_of(rows[0]["unit"])[0]
    base = _base(rows)
    words = _plain(factor * base) if math.isfinite(base) else gettext(Verdict.NOT_OWED)
    bars: list[tuple[float, str, dict[str, Any]]] = [(factor * base, words, _BASELINE)]
    by_pilot = {r["pilot"]: r for r in rows}
    for pilot in pilots:
        row = by_pilot.get(pilot)
        if row is None:
            bars.append((math.nan, gettext("not compared"), {}))
            continue
        verdict = str(row["verdict"])
        judged = verdict not in NO_VERDICT
        value = factor * row["pilot_mean"] if _known(row["pilot_mean"]) and judged else math.nan
        bars.append((value, f"{_plain(value)} {MARKS[verdict]}" if judged else gettext(verdict), _DESIGN))
    most = max((value for value, *_ in bars if math.isfinite(value)), default=1.0) or 1.0
    for i, (value, text, look) in enumerate(bars):
        if math.isfinite(value):
            axes.barh(i, value, height=0.7, lw=0, **look)
        at = value if math.isfinite(value) else 0.0
        axes.text(at + 0.03 * most, i, text.replace("-", "−"), va="center", fontsize=9, color="#000000")
    without_scale(axes, len(bars), 1.55 * most)


def _plain(value: float) -> str:
    """Return a number to about three digits: a slide is read from afar."""
    return number(value, 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2)


def _known(value: object) -> bool:
    """Return whether a value is a number."""
    return isinstance(value, float) and math.isfinite(value)
