"""The chart of three factors: for each level of the third a panel with a response's lines, all on one scale."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from sim.charts.page import EDGE, Key, Page, Title, distinct, pilot_key, short_name, wrapped
from sim.charts.study.curve import BREAKS, draw_series, mark_withheld, shade_broken, without
from sim.charts.study.levels import Levels, path_lines
from sim.charts.study.response import (
    Promise,
    Response,
    checked_promise,
    limits,
    scale_above_strip,
    withheld_notes,
)
from sim.charts.style import PALE, styled
from sim.language import gettext, listed
from sim.report.lines import literal

_WIDTH, _HEIGHT, _SCALE, _BETWEEN = 11.0, 2.3, 0.85, 0.3
"""Of the page and of a panel, room for the scale at the left, and room between panels (inches)."""
_ACROSS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 3, 6: 3}
_MOST_ACROSS = 4
_BOUND: dict[str, Any] = {"color": "#222222", "lw": 1.2, "ls": (0, (5, 3))}


@styled
def panels(
    table: pl.DataFrame,
    title: Title,
    subtitle: str = "",
    footer: str = "",
    *,
    factor: str,
    promise: Promise | None = None,
) -> Figure:
    """Return the chart of a response along one factor, a line for each series, in a panel for each level of a third.

    Parameters
    ----------
    table
        As for `curve`, with panel and panel_order: the level of the third factor, and its place.
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
    table = table.sort("panel_order", maintain_order=True)
    response, levels, series = Response.from_table(table), Levels.from_table(table), distinct(table, "series")
    parts = table.partition_by("panel_order", maintain_order=True)
    n_columns = _ACROSS.get(len(parts), _MOST_ACROSS)
    width = (_WIDTH - 2 * EDGE - _SCALE - (n_columns - 1) * _BETWEEN) / n_columns
    headings = [path_lines(str(part["panel"][0]), width, 9.5, bold=True) for part in parts]
    head = 0.17 * max(map(len, headings)) + 0.1
    pitch = head + _HEIGHT + levels.depth(width) + 0.12
    n_rows = math.ceil(len(parts) / n_columns)
    words = path_lines(factor, _WIDTH - 2 * EDGE - _SCALE, 9)
    page = Page.around(
        _WIDTH,
        n_rows * pitch + 0.16 * len(words) + 0.1,
        title=title,
        subtitle=literal(subtitle),
        legend=[*(pilot_key(i, name) for i, name in enumerate(series)), *_promise_keys(promise)],
        footer=footer,
        notes=withheld_notes(_places(table)),
    )
    ends, strip = _ends(table, response, promise), 0.3 if len(without(table)) else 0.0
    for i, part in enumerate(parts):
        row, column = divmod(i, n_columns)
        axes = page.axes(EDGE + _SCALE + column * (width + _BETWEEN), row * pitch + head, width, _HEIGHT)
        axes.set_title("\n".join(headings[i]), loc="left", fontsize=9.5, weight="bold", pad=5)
        for k, name in enumerate(series):
            mine = part.filter(pl.col("series") == name).sort("order")
            draw_series(axes, mine, levels, response, (k, series))
        levels.draw(axes, width)
        scale_above_strip(axes, ends, strip=strip)
        mark_withheld(axes, part, levels, series)
        if promise:
            bound = response.one(promise[1])
            shade_broken(axes, promise, bound, ends)
            axes.axhline(bound, zorder=3, **_BOUND)
        axes.grid(axis="y", color=PALE, lw=0.8)
        axes.set_axisbelow(True)
        if column:
            axes.tick_params(axis="y", labelleft=False)
        else:
            axes.set_ylabel("\n".join(wrapped(response.words, _HEIGHT, 9)))
    for i, line in enumerate(words):
        page.write(EDGE + _SCALE, n_rows * pitch + 0.16 * i, line, size=9, va="top")
    return page.figure


def _promise_keys(promise: Promise | None) -> list[Key]:
    """Return the keys of the bound of a promise, and of the side that breaks it."""
    if promise is None:
        return []
    return [Key(short_name(promise[0], 70), _BOUND, line=True), Key(gettext("breaks the promise"), BREAKS)]


def _ends(table: pl.DataFrame, response: Response, promise: Promise | None) -> tuple[float, float]:
    """Return the ends of the scale that all panels share."""
    bound = response.one(promise[1]) if promise else math.nan
    return limits([*response.scaled([*table["mean"], *table["low"], *table["high"]]).tolist(), bound], 0.1)


def _places(table: pl.DataFrame) -> list[tuple[str, str]]:
    """Return where values are withheld, each with the reason if it is known."""
    places = []
    for row in without(table).to_dicts():
        level, *which = (short_name(str(row[name]), 24) for name in ("level", "panel", "series"))
        where = gettext("{level} ({series})", level=level, series=listed(filter(None, which)))
        places.append((where, str(row.get("why") or "")))
    return places
