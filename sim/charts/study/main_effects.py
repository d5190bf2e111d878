"""The chart of main effects: the mean of a response at each level of each factor, all on one scale."""

from __future__ import annotations

import math

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.charts.page import EDGE, Key, Page, Title, distinct, short_name, wrapped
from sim.charts.study.levels import Levels, path_lines
from sim.charts.study.response import Response, interval, limits, say_withheld, scale_above_strip, withheld_notes
from sim.charts.style import COLOURS, PALE, styled
from sim.language import N_, gettext
from sim.report.lines import literal

_HEIGHT = 1.9
_SCALE, _BETWEEN = 0.85, 0.3
"""Height of a panel, room for the scale at the left, and room between panels (inches)."""


@styled
def main_effects(table: pl.DataFrame, title: Title, subtitle: str = "", footer: str = "") -> Figure:
    """Return the chart of main effects, one panel for each factor, all on one scale of the response.

    Parameters
    ----------
    table
        response, unit, factor, level, order, x (null: not a number), mean, low, high, n, and why if it is known:
        means over the other factors. NaN: withheld. Of one response.
    title, subtitle, footer
        What is seen, how it was found, and where it comes from.

    Raises
    ------
    ValueError
        The table must be of one response.
    """
    response = Response.from_table(table)
    factors = distinct(table, "factor")
    n_columns = {1: 1, 2: 2, 4: 2}.get(len(factors), 3)
    width = {1: 7.5, 2: 9.5}.get(n_columns, 11.0)
    panel_width = (width - 2 * EDGE - _SCALE - (n_columns - 1) * _BETWEEN) / n_columns
    parts = [table.filter(pl.col("factor") == factor) for factor in factors]
    rows = [parts[i : i + n_columns] for i in range(0, len(parts), n_columns)]
    headings = [path_lines(factor, panel_width, 9.5, bold=True) for factor in factors]
    levels = [Levels.from_table(part) for part in parts]
    tops, down = [], 0.0
    for i in range(len(rows)):
        span = slice(i * n_columns, (i + 1) * n_columns)
        tops.append(down + 0.17 * max(map(len, headings[span])) + 0.08)
        down = tops[-1] + _HEIGHT + max(one.depth(panel_width) for one in levels[span]) + 0.22
    down -= 0.1
    page = Page.around(
        width, down, title=title, subtitle=literal(subtitle), legend=[_key(table)], footer=footer, notes=_notes(table)
    )  # fmt: skip
    ends = limits(response.scaled([*table["mean"], *table["low"], *table["high"]]), 0.1)
    strip = 0.0 if table["mean"].is_finite().fill_null(value=False).all() else 0.3
    for i, part in enumerate(parts):
        row, column = divmod(i, n_columns)
        axes = page.axes(EDGE + _SCALE + column * (panel_width + _BETWEEN), tops[row], panel_width, _HEIGHT)
        axes.set_title("\n".join(headings[i]), loc="left", fontsize=9.5, weight="bold", pad=5)
        _panel(axes, part, levels[i], response)
        levels[i].draw(axes, panel_width)
        scale_above_strip(axes, ends, strip=strip)
        if column:
            axes.tick_params(axis="y", labelleft=False)
        else:
            axes.set_ylabel("\n".join(wrapped(response.words, _HEIGHT, 9)))
    return page.figure


def _key(table: pl.DataFrame) -> Key:
    """Return the key of the means, with their intervals where there are any."""
    look = {"color": COLOURS[1], "marker": "o", "ms": 6, "lw": 1.6, "mec": "white", "mew": 0.6}
    known = (table["low"].is_finite() & table["high"].is_finite()).any()
    words = N_("mean over the other factors, with its interval") if known else N_("mean over the other factors")
    return Key(gettext(words), look, line=True)


def _panel(axes: Axes, part: pl.DataFrame, levels: Levels, response: Response) -> None:
    """Draw the mean and the interval at each level of a factor."""
    rows = part.sort("order").to_dicts()
    means = response.scaled(row["mean"] for row in rows)
    positions = [levels.position(row["order"]) for row in rows]
    axes.grid(axis="y", color=PALE, lw=0.8)
    axes.set_axisbelow(True)
    axes.plot(positions, means, color=COLOURS[1], lw=1.2, ls="-" if levels.numeric else (0, (1, 2)), zorder=2)
    for row, x, mean in zip(rows, positions, means, strict=True):
        if not math.isfinite(mean):
            say_withheld(axes, x)
            continue
        low, high = interval(response.one(row["low"]), response.one(row["high"]), float(mean))
        axes.plot([x, x], [low, high], color=COLOURS[1], lw=2, solid_capstyle="butt", zorder=3)
        axes.plot([x, x], [low, high], color=COLOURS[1], marker="_", ms=7, ls="none", zorder=3)
        axes.plot([x], [mean], color=COLOURS[1], marker="o", ms=5, mec="white", mew=0.5, zorder=4)


def _notes(table: pl.DataFrame) -> list[str]:
    """Return notes on where means are withheld, with the reason if known."""
    without = [row for row in table.to_dicts() if row["mean"] is None or not math.isfinite(row["mean"])]
    return withheld_notes(
        (f"{short_name(row['factor'], 50)} = {short_name(row['level'], 24)}", str(row.get("why") or ""))
        for row in without
    )
