"""The chart of contributions: a bar for each cause with its interval, a panel for each response."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.charts.page import EDGE, Key, Page, distinct
from sim.charts.study.levels import path_lines
from sim.charts.study.response import Response, interval, limits, scale
from sim.charts.style import COLOURS, GREY, PALE, styled
from sim.language import gettext
from sim.report.lines import literal

_WIDTH, _NAMES, _ROW, _BETWEEN = 11.0, 2.6, 0.38, 0.25
"""Of the page, of the names, height of a row, and room between panels (inches)."""

_LOOKS: dict[bool, dict[str, Any]] = {
    True: {"facecolor": COLOURS[1], "edgecolor": COLOURS[1]},
    False: {"facecolor": PALE, "edgecolor": GREY},
}

_LONGER: dict[str, Any] = {"marker": "D", "ms": 4.5, "mfc": "white", "mec": COLOURS[0], "mew": 1.0}
"""What a contribution over a longer run looks like."""


@styled
def contributions(table: pl.DataFrame, title: str, subtitle: str = "", footer: str = "") -> Figure:
    """Return the chart of what each cause contributes to each response.

    Parameters
    ----------
    table
        response, unit, label (of the cause), estimate, low, high, confirmed, longer (over more weeks; null: not asked
        for): the causes in the order in which they are shown. NaN: withheld. Shares are shown in points.
    title, subtitle, footer
        What is seen, how it was found, and where it comes from.

    Raises
    ------
    ValueError
        The table must have rows.
    """
    if table.is_empty():
        raise ValueError("contributions must have at least 1 row, got 0")
    responses, causes = distinct(table, "response"), distinct(table, "label")
    height = len(causes) * _ROW
    page = Page.around(
        _WIDTH, height + 0.95, title=title, subtitle=literal(subtitle), legend=_legend(table), footer=footer
    )  # fmt: skip
    width = (_WIDTH - 2 * EDGE - _NAMES - (len(responses) - 1) * _BETWEEN) / len(responses)
    for i, cause in enumerate(causes):
        lines = path_lines(cause, _NAMES - 0.15, 8.5, most=2)
        page.write(EDGE, 0.35 + (i + 0.5) * _ROW, "\n".join(lines), size=8.5, va="center", linespacing=1.05)
    for i, name in enumerate(responses):
        left = EDGE + _NAMES + i * (width + _BETWEEN)
        part = table.filter(pl.col("response") == name)
        response = Response.from_label(name, str(part["unit"][0] or "")).difference
        axes = page.axes(left, 0.35, width, height)
        _bars(axes, part, response)
        axes.set_xlabel(response.unit)
        heading = path_lines(response.label, width, 9.5, bold=True, most=2)
        axes.set_title("\n".join(heading), loc="left", fontsize=9.5, weight="bold", pad=4)
    return page.figure


def _legend(table: pl.DataFrame) -> list[Key]:
    """Return the keys of the looks that occur."""
    words = {True: gettext("confirmed"), False: gettext("not confirmed")}
    there = set(table["confirmed"])
    keys = [Key(words[known], _LOOKS[known]) for known in (True, False) if known in there]
    if table["longer"].is_finite().any():
        keys.append(Key(gettext("over more weeks"), {**_LONGER, "ls": "none"}, line=True))
    return keys


def _bars(axes: Axes, part: pl.DataFrame, response: Response) -> None:
    """Draw the bars of a response with their intervals, and the line at 0."""
    axes.axvline(0, color=GREY, lw=1.0, zorder=1)
    ends = [0.0]
    for i, row in enumerate(part.to_dicts()):
        value = response.one(row["estimate"])
        axes.axhline(i, color=PALE, lw=0.8, zorder=0)
        if not math.isfinite(value):
            axes.text(0.03, i, gettext("withheld"), transform=axes.get_yaxis_transform(), size=8, color=GREY,
                      va="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
            continue
        low, high = interval(response.one(row["low"]), response.one(row["high"]), value)
        axes.barh([i], [value], height=0.55, lw=0.8, zorder=2, **_LOOKS[bool(row["confirmed"])])
        axes.plot([low, high], [i, i], color=COLOURS[0], lw=1.6, solid_capstyle="butt", zorder=3)
        axes.plot([low, high], [i, i], color=COLOURS[0], marker="|", ms=6, mew=1.2, ls="none", zorder=3)
        ends += [low, high, value]
        if row["longer"] is not None:
            ends.append(longer := response.one(row["longer"]))
            axes.plot([longer], [i], zorder=4, **_LONGER)
    axes.set_xlim(*limits(ends, 0.08))
    axes.set_ylim(len(part) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    scale(axes.xaxis, 4)
