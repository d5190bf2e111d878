"""The chart of a response along one factor: a line with its band for each series, and the bound of a promise."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.arrays import Floats
from sim.charts.frame import Frame
from sim.charts.page import EDGE, Key, Page, Title, distinct, pilot_key, short_name, wrapped
from sim.charts.study.levels import Levels, path_lines
from sim.charts.study.response import (
    Promise,
    Response,
    checked_promise,
    draw_promise,
    interval,
    limits,
    say_withheld,
    scale_above_strip,
    withheld_notes,
)
from sim.charts.style import PALE, band_opacity, pilot_style, styled
from sim.language import gettext
from sim.report.lines import literal

_WIDTH, _HEIGHT, _SCALE = 9.5, 3.9, 0.85
"""Of the page, of its chart, and of the room for the scale (inches)."""
BREAKS = {"facecolor": "#f3e3d3", "edgecolor": "none"}
"""The look of the side of a promise that breaks it."""


@styled
def curve(
    table: pl.DataFrame,
    title: Title,
    subtitle: str = "",
    footer: str = "",
    *,
    factor: str,
    promise: Promise | None = None,
) -> Figure:
    """Return the chart of a response along the levels of one factor, one line for each series.

    Parameters
    ----------
    table
        response, unit, series, level, order, x (null: not a number), mean, low, high, n, and why if it is known.
        NaN: withheld. Of one response.
    title, subtitle, footer
        What is seen, how it was found, and where it comes from.
    factor
        The words of the horizontal axis.
    promise
        (words, value, `at_most` or `at_least`): a dashed line, the side that breaks it shaded.

    Raises
    ------
    ValueError
        The table must be of one response; the side of a promise must be one of the two.
    """
    checked_promise(promise)
    response, levels, series = Response.from_table(table), Levels.from_table(table), distinct(table, "series")
    plot_width = _WIDTH - 2 * EDGE - _SCALE
    legend = [pilot_key(i, name) for i, name in enumerate(series)] if len(series) > 1 or series[0] else []
    legend += [Key(gettext("breaks the promise"), BREAKS)] if promise else []
    words = path_lines(factor, plot_width, 9)
    depth = levels.depth(plot_width) + 0.16 * len(words) + 0.2
    page = Page.around(
        _WIDTH,
        _HEIGHT + depth,
        title=title,
        subtitle=literal(subtitle),
        legend=legend,
        footer=footer,
        notes=_notes(table, series),
    )
    axes = page.axes(EDGE + _SCALE, 0.05, plot_width, _HEIGHT)
    for i, name in enumerate(series):
        part = table.filter(pl.col("series") == name).sort("order")
        draw_series(axes, part, levels, response, (i, series))
    levels.draw(axes, plot_width)
    mark_withheld(axes, table, levels, series)
    withheld = len(without(table)) > 0
    _limits(axes, table, response, promise, withheld=withheld)
    axes.set_xlabel("\n".join(words))
    axes.set_ylabel("\n".join(wrapped(response.words, _HEIGHT, 9)))
    axes.grid(axis="y", color=PALE, lw=0.8)
    axes.set_axisbelow(True)
    return page.figure


def draw_series(
    axes: Axes, part: pl.DataFrame, levels: Levels, response: Response, which: tuple[int, Sequence[str]]
) -> None:
    """Draw a series: with a band on a scale, or with whiskers side by side at categories."""
    i, series = which
    colour, marker, style = pilot_style(i)
    beside = 0.0 if levels.numeric else (i - (len(series) - 1) / 2) * min(0.12, 0.6 / len(series))
    x = np.array([levels.position(order) for order in part["order"]]) + beside
    mean, low, high = (response.scaled(part[name]) for name in ("mean", "low", "high"))
    if levels.numeric:
        axes.fill_between(x, low, high, color=colour, alpha=band_opacity(series), lw=0, zorder=2)
    # A value between two that are withheld has no band.
    known = np.r_[False, np.isfinite(mean), False]
    alone = ~(known[:-2] | known[2:]) | (not levels.numeric)
    for at, middle, *ends in zip(x[alone], mean[alone], low[alone], high[alone], strict=True):
        axes.plot([at, at], interval(ends[0], ends[1], middle), color=colour, lw=1.6, solid_capstyle="butt", zorder=3)
    axes.plot(
        x, mean, color=colour, marker=marker, ls=style, lw=1.7 if levels.numeric else 0.8, ms=6, mec="white", mew=0.6,
        zorder=4, label=f"series {i}",
    )  # fmt: skip


def mark_withheld(axes: Axes, table: pl.DataFrame, levels: Levels, series: Sequence[str]) -> None:
    """Mark at each level the series that have no value there."""
    for (order,), rows in without(table).group_by("order", maintain_order=True):
        colours = [pilot_style(series.index(str(name)))[0] for name in rows["series"]]
        say_withheld(axes, levels.position(int(str(order))), colours)


def _limits(axes: Axes, table: pl.DataFrame, response: Response, promise: Promise | None, *, withheld: bool) -> None:
    """Set the scale of the response so that the promise and its words fit, and draw them."""
    values = response.scaled([*table["mean"], *table["low"], *table["high"]]).tolist()
    bound = response.one(promise[1]) if promise else math.nan
    low, high = limits([*values, bound])
    if promise:
        high = max(high, bound + 0.12 * (high - low))
        low = min(low, bound - 0.08 * (high - low))
    # The words "withheld" stand at the foot, under everything else.
    scale_above_strip(axes, (low, high), strip=0.25 if withheld else 0.0)
    if promise is None:
        return
    shade_broken(axes, promise, bound, (low, high))
    frame = Frame(axes.get_xlim(), axes.get_ylim(), _WIDTH - 2 * EDGE - _SCALE, _HEIGHT)
    words = short_name(promise[0], 90)
    draw_promise(axes, words, bound, (frame, frame.beside(words, bound, _drawn(axes))))


def shade_broken(axes: Axes, promise: Promise, bound: float, ends: tuple[float, float]) -> None:
    """Shade the side of a bound, in the shown unit, that breaks a promise, as far as the ends of the scale."""
    side = (bound, ends[1]) if promise[2] == "at_most" else (ends[0], bound)
    axes.axhspan(*side, facecolor=BREAKS["facecolor"], lw=0, zorder=0)


def _drawn(axes: Axes) -> Floats:
    """Return points along all lines of a chart that are drawn on its scales (shape (n, 2))."""
    points = [np.zeros((0, 2))]
    for line in axes.lines:
        x, y = (np.asarray(values, dtype=np.float64) for values in line.get_data())
        if line.get_transform() == axes.transData:
            steps = np.linspace(0, len(x) - 1, 1 + 40 * (len(x) - 1))
            points.append(np.column_stack([np.interp(steps, np.arange(len(x)), part) for part in (x, y)]))
    return np.concatenate(points)


def without(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that have no mean."""
    return table.filter(pl.col("mean").is_null() | ~pl.col("mean").is_finite())


def _notes(table: pl.DataFrame, series: Sequence[str]) -> list[str]:
    """Return notes on where values are withheld, with the reason if known."""
    withheld = []
    for row in without(table).to_dicts():
        where = short_name(str(row["level"]), 24)
        if len(series) > 1:
            where = gettext("{level} ({series})", level=where, series=short_name(str(row["series"]), 30))
        withheld.append((where, str(row.get("why") or "")))
    return withheld_notes(withheld)
