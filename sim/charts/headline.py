"""The chart of a headline: its measures at every point of its study, and its effect under other assumptions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.charts.page import EDGE, Key, Page, distinct, wrapped
from sim.charts.study.levels import path_lines
from sim.charts.style import COLOURS, GREY, PALE, styled
from sim.language import gettext

_ROW, _NAMES = 0.36, 3.3
"""Height of a row, and width of its name (inches)."""


@styled
def headline(points: pl.DataFrame, moves: pl.DataFrame, title: str, sentence: str, footer: str = "") -> Figure:
    """Return the chart of one headline.

    Parameters
    ----------
    points
        point, measure, label (with its unit), unit, mean, low, high: a panel a measure, a row a point.
    moves
        label, unit, mean, low, high, bound, words: the effect at the base (first row) and at the ends of assumptions
        (NaN: none), the bound that it is compared with, and what it is.
    title, sentence
        What was found, and the sentence about it.
    footer
        Where the numbers come from.
    """
    names, measures = distinct(points, "point"), distinct(points, "measure")
    width, left = 11.0, _NAMES + 0.1
    upper = len(names) * _ROW + 0.3
    lower = len(moves) * _ROW + 0.3
    legend = [
        Key(gettext("mean, with its interval"), {"color": COLOURS[1], "marker": "o", "ms": 6, "lw": 2}, line=True)
    ]
    body = upper + 0.75 + 0.5 + lower + 0.6
    page = Page.around(width, body, title=title, subtitle=sentence, legend=legend, footer=footer)
    panel = (width - 2 * EDGE - left) / len(measures)
    for j, measure in enumerate(measures):
        axes = page.axes(EDGE + left + j * panel + 0.1, 0.35, panel - 0.3, upper)
        part = points.filter(pl.col("measure") == measure)
        _rows(axes, part, names if j == 0 else [""] * len(names))
        heading = "\n".join(wrapped(str(part["label"][0]), panel - 0.3, 9.5, bold=True))
        axes.set_title(heading, loc="left", fontsize=9.5, weight="bold")
        axes.set_xlim(left=0)
    axes = page.axes(EDGE + left + 0.1, upper + 1.25, width - 2 * EDGE - left - 0.3, lower)
    _rows(axes, moves, [str(label) for label in moves["label"]])
    words = wrapped(str(moves["words"][0]), width - 2 * EDGE - left, 9)
    bound = float(moves["bound"][0])
    axes.axvline(bound, color=GREY, lw=1, ls=":", zorder=1)
    axes.set_title(
        gettext("What the headline depends on, at the ends of its assumptions (dotted: the bound)"),
        loc="left", fontsize=9.5, weight="bold",
    )  # fmt: skip
    axes.set_xlabel("\n".join(words))
    return page.figure


def _rows(axes: Axes, table: pl.DataFrame, names: Sequence[str]) -> None:
    """Draw a mean with its interval for each row of the table, the first on top."""
    percent = table["unit"][0] == "share"
    for i, row in enumerate(table.iter_rows(named=True)):
        axes.axhline(-i, color=PALE, lw=0.8, zorder=0)
        if not math.isfinite(row["mean"]):
            axes.text(
                0.02, -i, gettext("withheld"), transform=axes.get_yaxis_transform(), size=8, color=GREY, va="center"
            )
            continue
        low, high = (v if math.isfinite(v) else row["mean"] for v in (row["low"], row["high"]))
        axes.plot([low, high], [-i, -i], color=COLOURS[1], lw=2.2, solid_capstyle="butt", zorder=2)
        dot: dict[str, Any] = {"marker": "o", "ms": 6, "mec": "white", "mew": 0.6}
        axes.plot([row["mean"]], [-i], color=COLOURS[1], zorder=3, clip_on=False, **dot)
    lines = ["\n".join(path_lines(name, _NAMES - 0.1, 8.5, most=2)) for name in names]
    axes.set_yticks([-i for i in range(len(table))], lines, fontsize=8.5, linespacing=1.05)
    axes.set_ylim(-len(table) + 0.4, 0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.margins(x=0.08)
    if percent:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g} %"))
