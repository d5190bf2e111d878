"""The chart of loads: the hours due at each level for the hours that its staff are there, before a simulation."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.charts.page import EDGE, Key, Page, distinct, short_name, width_of
from sim.charts.style import PALE, styled
from sim.language import gettext, ngettext
from sim.report.tables import percent

_WIDTH, _BAR, _HEADING = 10.0, 0.27, 0.34
"""Of the page, height of a bar, and of a level's name above its bars (inches)."""
_DUE: dict[str, Any] = {"facecolor": "#16324f", "edgecolor": "white"}
_DUTIES: dict[str, Any] = {"facecolor": "#7fb0d6", "edgecolor": "white", "hatch": "////", "hatchcolor": "white"}
_ALL: dict[str, Any] = {"color": "#000000", "lw": 1.6}


@styled
def load(table: pl.DataFrame, footer: str = "") -> Figure:
    """Return the chart of the load of each level under each pilot, a bar each.

    Parameters
    ----------
    table
        pilot, level, heads, due (work that piles up), duties (which lapse) and present (hours a year).
    footer
        Where the numbers come from.

    Raises
    ------
    ValueError
        The table must have rows.
    """
    if table.is_empty():
        raise ValueError("loads must have at least 1 row, got 0")
    table = table.with_columns(
        load=100 * pl.col("due") / pl.col("present"), more=100 * pl.col("duties") / pl.col("present")
    )
    levels = distinct(table, "level")
    names = max(width_of(_named(row), 9) for row in table.to_dicts()) + 0.35
    body = len(levels) * _HEADING + len(table) * _BAR + 0.1
    page = Page.around(
        _WIDTH,
        body + 0.6,
        title=_title(table),
        subtitle=gettext(
            "Known before anything is simulated. Duties are patrols and home visits, which lapse where there is no "
            "time; beyond 100 % work piles up."
        ),
        legend=[
            Key(gettext("work that is due"), _DUE),
            Key(gettext("duties"), _DUTIES),
            Key(gettext("all hours that the staff are there"), _ALL, line=True),
        ],
        footer=footer,
    )
    axes = page.axes(EDGE + names, 0, _WIDTH - 2 * EDGE - names - 1.7, body)
    most = max(100.0, float((table["load"] + table["more"]).to_numpy().max()))
    axes.set_xlim(0, 1.03 * most)
    axes.set_ylim(body, 0)
    y = 0.0
    for level in levels:
        page.write(EDGE, y + 0.2, short_name(level), size=9.5, weight="bold", va="center")
        y += _HEADING
        for row in table.filter(pl.col("level") == level).to_dicts():
            page.write(EDGE + 0.12, y + _BAR / 2, _named(row), size=9, va="center")
            _bar(axes, row, y + _BAR / 2)
            y += _BAR
    axes.axvline(100, zorder=4, **_ALL)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x / 100)))
    axes.grid(axis="x", color=PALE, lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(gettext("Hours due, of the hours that the staff of a level are there"))
    return page.figure


def _named(row: dict[str, Any]) -> str:
    """Return a pilot's name with the heads of the level."""
    return gettext("{pilot}, {heads:,} heads", pilot=short_name(row["pilot"]), heads=row["heads"])


def _bar(axes: Axes, row: dict[str, Any], y: float) -> None:
    """Draw a bar with its numbers at the right."""
    axes.barh(y, row["load"], height=0.72 * _BAR, lw=0.5, **_DUE)
    if row["more"] > 0:
        axes.barh(y, row["more"], left=row["load"], height=0.72 * _BAR, lw=0.5, **_DUTIES)
    load_, with_duties = row["load"], row["load"] + row["more"]
    words = gettext("{load:.0f} %", load=load_)
    if row["more"] > 0:
        words = gettext("{load:.0f} %, {with_duties:.0f} % with duties", load=load_, with_duties=with_duties)
    look: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 9}
    axes.text(1.02, y, words, **look)


def _title(table: pl.DataFrame) -> str:
    """Return the title: where most is due, and whether that is more than there is time for."""
    top = table.sort("load", descending=True, maintain_order=True).row(0, named=True)
    words = {"level": short_name(top["level"]), "pilot": short_name(top["pilot"]), "load": top["load"]}
    if top["load"] < 100:
        return gettext(
            "No level has more work due than time; the fullest is the {level} under {pilot}: {load:.0f} %", **words
        )
    more = int((table["load"] >= 100).sum()) - 1
    if not more:
        return gettext("More is due than there is time for at the {level} under {pilot}: {load:.0f} %", **words)
    return ngettext(
        "More is due than there is time for at the {level} under {pilot}: {load:.0f} %, and {n} more level beyond "
        "100 %",
        "More is due than there is time for at the {level} under {pilot}: {load:.0f} %, and {n} more levels beyond "
        "100 %",
        more, **words,
    )  # fmt: skip
