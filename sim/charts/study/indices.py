"""The chart of Sobol indices: the share of a response's variance that each factor explains, alone and in total."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.charts.page import EDGE, Key, Page, Title, short_name, width_of
from sim.charts.study.levels import path_lines
from sim.charts.study.response import interval, scale
from sim.charts.style import COLOURS, GREY, PALE, styled
from sim.language import N_, gettext
from sim.report.lines import literal
from sim.report.tables import number

_WIDTH, _NAMES, _ROW = 11.0, 2.9, 0.42
"""Of the page, of the names, and height of a row (inches)."""
_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "first": (
        N_("alone (first-order index)"),
        {"color": COLOURS[1], "marker": "o", "ms": 7, "mec": "white", "mew": 0.6},
    ),
    "total": (
        N_("with its interactions (total index)"),
        {"color": "#141414", "marker": "s", "ms": 6.5, "mfc": "white", "mew": 1.3},
    ),
}


@styled
def indices(table: pl.DataFrame, title: Title, subtitle: str = "", footer: str = "", *, response_label: str) -> Figure:
    """Return the chart of first-order and total indices with their intervals, the largest total on top.

    Parameters
    ----------
    table
        factor, first, first_low, first_high, total, total_low, total_high. Estimates and their intervals may lie
        below 0 or above 1 and are drawn as they are; NaN: withheld.
    title, subtitle, footer
        What is seen, how it was found, and where it comes from.
    response_label
        The response whose variance is shared out.

    Raises
    ------
    ValueError
        The table must have rows.
    """
    if table.is_empty():
        raise ValueError("indices must have at least 1 row, got 0")
    rows = sorted((_floats(row) for row in table.to_dicts()), key=_rank)
    words = {kind: [_index_words(row, kind) for row in rows] for kind in _KINDS}
    columns = {
        kind: max(width_of(w, 8.5) for w in [*texts, gettext("First-order")]) + 0.25 for kind, texts in words.items()
    }
    plot_width = _WIDTH - 2 * EDGE - _NAMES - sum(columns.values()) - 0.1
    height = len(rows) * _ROW
    page = Page.around(
        _WIDTH,
        height + 0.85,
        title=title,
        subtitle=literal(subtitle),
        legend=[Key(gettext(label), look | {"lw": 1.8}, line=True) for label, look in _KINDS.values()],
        footer=footer,
        notes=_notes([row["first"] for row in rows]),
    )
    axes = page.axes(EDGE + _NAMES, 0.25, plot_width, height)
    for i, row in enumerate(rows):
        down = 0.25 + (i + 0.5) * _ROW
        name = "\n".join(path_lines(row["factor"], _NAMES - 0.15, 8.5, most=2))
        page.write(EDGE, down, name, size=8.5, va="center", linespacing=1.05)
        x = EDGE + _NAMES + plot_width + 0.25
        for kind, head in (("first", gettext("First-order")), ("total", gettext("Total"))):
            page.write(x, down, words[kind][i], size=8.5, va="center")
            if i == 0:
                page.write(x, 0.17, head, size=8.5, weight="bold", va="bottom")
            x += columns[kind]
    _draw(axes, rows)
    axes.set_xlabel(gettext("Share of the variance of {response}", response=short_name(response_label, 80)))
    scale(axes.xaxis, 6)
    return page.figure


def _floats(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with NaN for missing values."""
    return {name: math.nan if value is None else value for name, value in row.items()} | {"factor": str(row["factor"])}


def _rank(row: Mapping[str, Any]) -> tuple[bool, float]:
    """Return the sort key of a factor: the largest total first, those without one last."""
    known = math.isfinite(row["total"])
    return not known, -row["total"] if known else 0.0


def _index_words(row: Mapping[str, Any], kind: str) -> str:
    """Return an index with its interval in words."""
    value, low, high = (row[name] for name in (kind, f"{kind}_low", f"{kind}_high"))
    if not math.isfinite(value):
        return gettext("withheld")
    ends = f" [{number(low, 2)}, {number(high, 2)}]" if math.isfinite(low) and math.isfinite(high) else ""
    return f"{number(value, 2)}{ends}".replace("-", "−")


def _draw(axes: Axes, rows: list[dict[str, Any]]) -> None:
    """Draw both indices of each factor, one above the other, and the lines at 0 and 1."""
    ends = [0.0, 1.0]
    for i, row in enumerate(rows):
        axes.axhline(i + 0.5, color=PALE, lw=0.8, zorder=0)
        for kind, up in (("first", -0.18), ("total", 0.18)):
            value = row[kind]
            if not math.isfinite(value):
                continue
            low, high = interval(row[f"{kind}_low"], row[f"{kind}_high"], value)
            ends += [low, high, value]
            look = _KINDS[kind][1]
            axes.plot([low, high], [i + up] * 2, color=look["color"], lw=1.8, solid_capstyle="butt", zorder=2)
            axes.plot([value], [i + up], ls="none", zorder=3, label=kind, **look)
    for bound in (0.0, 1.0):
        axes.axvline(bound, color=GREY, lw=1.0, ls=":", zorder=1)
    margin = 0.03 * (max(ends) - min(ends))
    axes.set_xlim(min(ends) - margin, max(ends) + margin)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _notes(firsts: list[float]) -> list[str]:
    """Return a note on the sum of the first-order indices, and what it means."""
    known = [value for value in firsts if math.isfinite(value)]
    if not known:
        return [gettext("No index is shown: all are withheld.")]
    total = math.fsum(known)
    words = {"n": len(known), "sum": number(total, 2).replace("-", "−"), "rest": number(1 - total, 2)}
    message = {
        (True, True): N_("First-order indices sum to {sum}; the other {rest} is due to interactions or to chance."),
        (True, False): N_("First-order indices sum to {sum}, more than 1: estimates from a sample may."),
        (False, True): N_(
            "First-order indices of the {n} factors that have one sum to {sum}; the other {rest} is due to "
            "interactions, to factors without an index or to chance."
        ),
        (False, False): N_(
            "First-order indices of the {n} factors that have one sum to {sum}, more than 1: estimates from a sample "
            "may."
        ),
    }[len(known) == len(firsts), total <= 1]
    return [gettext(message, **words)]
