"""The chart of a pilot run: weekly means from an empty start, and the weeks that are deleted before measuring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.arrays import Floats
from sim.charts.page import EDGE, Key, Page, Title, distinct, pilot_key, short_name, wrapped
from sim.charts.study.response import Response, limits, scale
from sim.charts.style import PALE, pilot_style, styled
from sim.language import gettext, ngettext
from sim.report.lines import literal

_WIDTH, _SCALE = 9.5, 0.9
"""Of the page and of the room for a scale (inches)."""
_FAR = 2.5
"""Series whose middles differ by more than this factor have panels of their own."""
_MOST_TOGETHER = 4
_DELETED = {"facecolor": "#e3e3e3", "edgecolor": "none"}


@styled
def warm_up(
    table: pl.DataFrame,
    chosen: Mapping[str, int | None],
    title: Title,
    subtitle: str = "",
    footer: str = "",
    *,
    response_label: str,
    unit: str = "",
) -> Figure:
    """Return the chart of weekly means of each series over the replications, and of the weeks to be deleted.

    Parameters
    ----------
    table
        series, week, mean. NaN: withheld, a gap in the line.
    chosen
        Weeks to be deleted of each series, the first ones of the table; None or no entry: no number was found.
    title, subtitle, footer
        What is seen, how it was found, and where it comes from.
    response_label, unit
        The response; `share` is shown in per cent.

    Raises
    ------
    ValueError
        The table must have rows.
    """
    if table.is_empty():
        raise ValueError("warm_up must have at least 1 row, got 0")
    response, names = Response.from_label(response_label, unit), distinct(table, "series")
    lines = {name: _line(table, name, response) for name in names}
    panels = [names] if _alike(lines) else [[name] for name in names]
    height = 3.6 if len(panels) == 1 else 1.9
    heading = 0.3 if len(panels) > 1 else 0.05
    legend = (
        [pilot_key(i, name, marker="none") for i, name in enumerate(names)]
        if len(panels) == 1 and len(names) > 1
        else []
    )
    legend.append(Key(gettext("deleted before measuring"), _DELETED))
    page = Page.around(
        _WIDTH,
        len(panels) * (height + heading + 0.3) + 0.3,
        title=title,
        subtitle=literal(subtitle),
        legend=legend,
        footer=footer,
        notes=_notes(lines),
    )
    weeks = limits(table["week"].cast(pl.Float64).to_list(), 0.02)
    for k, panel in enumerate(panels):
        down = k * (height + heading + 0.3) + heading
        axes = page.axes(EDGE + _SCALE, down, _WIDTH - 2 * EDGE - _SCALE, height)
        if len(panels) > 1:
            axes.set_title(short_name(panel[0], 80), loc="left", fontsize=9.5, weight="bold")
        axes.set_xlim(*weeks)
        _draw(axes, panel, names, (lines, chosen))
        axes.set_ylabel("\n".join(wrapped(response.words, height, 9)))
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
        scale(axes.yaxis)
    axes.set_xlabel(gettext("Week since the empty start"))
    return page.figure


def _line(table: pl.DataFrame, name: str, response: Response) -> tuple[Floats, Floats]:
    """Return weeks and means of a series."""
    mine = table.filter(pl.col("series") == name).sort("week")
    return mine["week"].to_numpy().astype(np.float64), response.scaled(mine["mean"])


def _alike(lines: Mapping[str, tuple[Floats, Floats]]) -> bool:
    """Return whether series may share a scale: they are few, and their middles are close enough."""
    middles = [float(np.median(np.abs(y[np.isfinite(y)]))) for _, y in lines.values() if np.isfinite(y).any()]
    return len(lines) <= _MOST_TOGETHER and (len(middles) < 2 or max(middles) <= _FAR * min(middles))


def _draw(
    axes: Axes,
    panel: Sequence[str],
    names: Sequence[str],
    what: tuple[Mapping[str, tuple[Floats, Floats]], Mapping[str, int | None]],
) -> None:
    """Draw the lines of a panel, the ends of the deleted weeks, and their labels in rows above the lines."""
    lines, chosen = what
    values = np.concatenate([lines[name][1] for name in panel])
    low, high = limits(values.tolist())
    row = 0.19 / (axes.get_position().height * float(axes.figure.get_figheight()))  # type: ignore[union-attr]
    share = min(row * len(panel) + 0.02, 0.6)
    axes.set_ylim(low, low + (high - low) / (1 - share))
    start, first = axes.get_xlim()[0], min(float(lines[name][0].min()) for name in panel)
    deleted = [chosen.get(name) for name in panel]
    known = [weeks for weeks in deleted if weeks]
    for end in known:
        axes.axvspan(
            start, first + end - 0.5, facecolor=_DELETED["facecolor"], alpha=0.9 if len(set(known)) == 1 else 0.5, lw=0
        )
    for k, (name, weeks) in enumerate(zip(panel, deleted, strict=True)):
        colour, _, style = pilot_style(names.index(name))
        x, y = lines[name]
        axes.plot(x, y, color=colour, ls=style, lw=1.6, zorder=3, label=f"series {names.index(name)}")
        level = 1 - row * (k + 0.6)
        _say(axes, (name if len(panel) > 1 else "", weeks, first), level, (colour, style))
    axes.grid(axis="y", color=PALE, lw=0.7)
    axes.set_axisbelow(True)


def _say(axes: Axes, what: tuple[str, int | None, float], level: float, look: tuple[str, object]) -> None:
    """Draw and label the end of the deleted weeks of a series."""
    name, weeks, first = what
    low, high = axes.get_xlim()
    if weeks is None:
        at, words = low, gettext("no number of weeks was found")
    elif weeks == 0:
        at, words = low, gettext("nothing deleted")
    else:
        at, words = first + weeks - 0.5, ngettext("{n} week deleted", "{n} weeks deleted", weeks)
        axes.axvline(at, ymax=level, color=look[0], ls=look[1], lw=1.2, zorder=2)
    words = gettext("{series}: {what}", series=short_name(name, 40), what=words) if name else words
    left = at > low + 0.55 * (high - low)
    apart = 0.008 * (high - low)
    axes.text(
        at - apart if left else at + apart, level, words, transform=axes.get_xaxis_transform(), size=8.5,
        ha="right" if left else "left", va="center", color="#222222",
    )  # fmt: skip


def _notes(lines: Mapping[str, tuple[Floats, Floats]]) -> list[str]:
    """Return notes on withheld weeks."""
    notes = []
    for name, (_, y) in lines.items():
        n_withheld = int((~np.isfinite(y)).sum())
        if n_withheld == len(y):
            notes.append(gettext("{series}: withheld in every week.", series=short_name(name)))
        elif n_withheld:
            words = {"series": short_name(name), "n": n_withheld, "all": len(y)}
            notes.append(gettext("{series}: withheld in {n} of {all} weeks, a gap in the line.", **words))
    return notes
