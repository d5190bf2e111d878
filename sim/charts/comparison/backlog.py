"""The chart of the backlog: the work that waits at the end of each week."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from sim.arrays import Floats
from sim.charts.page import EDGE, Key, Page, distinct, over_replications, pilot_key, short_name, wrapped
from sim.charts.style import PALE, band_opacity, pilot_style, styled
from sim.language import N_, first_of, gettext, run_together
from sim.report.tables import number
from sim.statistics.intervals import mean_interval

CONFIDENCE = 0.95
"""With which what a title says of growing backlogs holds together."""


@styled
def backlog(table: pl.DataFrame, footer: str = "", measured: tuple[float, float] | None = None) -> Figure:
    """Return the chart of the work that waits at the end of each week, one panel for each post.

    Parameters
    ----------
    table
        pilot, replication, week, post, hours (work waiting).
    footer
        Where the numbers come from.
    measured
        First week and end of the measured period; its band is shaded, and the title speaks of it.

    Returns
    -------
    Figure
        Lines are means over the replications, bands reach from the lowest to the highest replication. Every
        panel has its own scale of hours, from 0.
    """
    pilots, posts = distinct(table, "pilot"), distinct(table, "post")
    n = table["replication"].n_unique()
    legend = [pilot_key(i, short_name(pilot), marker="none") for i, pilot in enumerate(pilots)]
    if measured is not None:
        legend.append(Key(gettext("measured period"), {"facecolor": PALE, "edgecolor": "#999999"}))
    n_columns = 2 if len(posts) in (2, 4) else min(len(posts), 3)
    n_rows = math.ceil(len(posts) / n_columns)
    seen = [
        gettext("Lines: mean of {n} replications; bands: lowest to highest of them.", n=n)
        if n > 1
        else gettext("One replication."),
        gettext("Every panel has its own scale."),
    ]
    width, height = 11.0, 2.75
    panel = (width - 2 * EDGE) / n_columns
    page = Page.around(
        width,
        n_rows * height,
        title=_backlog_title(table, measured),
        subtitle=run_together(seen),
        legend=legend,
        footer=footer,
    )
    for j, post in enumerate(posts):
        row, column = divmod(j, n_columns)
        axes = page.axes(EDGE + column * panel + 0.75, row * height + 0.35, panel - 0.95, height - 0.95)
        for i, pilot in enumerate(pilots):
            part = table.filter((pl.col("post") == post) & (pl.col("pilot") == pilot))
            if not part.is_empty():
                _backlog_line(axes, i, part, band_opacity(pilots))
        if measured is not None:
            axes.axvspan(*measured, color=PALE, lw=0, zorder=0)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.01)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_title(
            "\n".join(wrapped(short_name(post), panel - 0.95, 9.5)[:1]), loc="left", fontsize=9.5, weight="bold"
        )
        axes.set_xlabel(gettext("Week"))
        axes.set_ylabel(gettext("Work waiting (hours)"))
    return page.figure


def _backlog_line(axes: Axes, i: int, part: pl.DataFrame, alpha: float) -> None:
    """Draw one pilot's backlog with its band."""
    weeks, mean, low, high = over_replications(part, "week", "hours")
    colour, _, line = pilot_style(i)
    axes.plot(weeks, mean, color=colour, ls=line, lw=1.7, zorder=3)
    axes.fill_between(weeks, low, high, color=colour, alpha=alpha, lw=0, zorder=2)


def _backlog_title(table: pl.DataFrame, measured: tuple[float, float] | None) -> str:
    """Return the title: the backlogs that grow, by more than chance and by more than a fifth of their mean.

    Where none is known to, the one that is seen to rise most, and why that is not called growth.

    More than chance: by intervals that hold for all lines together. Only the later half of the weeks after the warm-up
    counts: a full office starts empty and takes months to its usual heap.
    """
    part = table if measured is None else table.filter(pl.col("week") >= measured[0])
    part = part.filter(part["week"] > part["week"].median())
    growing, rising, joint = [], [], 1 - (1 - CONFIDENCE) / max(1, part.select("pilot", "post").n_unique())
    for (pilot, post), rows in part.group_by("pilot", "post", maintain_order=True):
        slopes, level = [], float(np.mean(rows["hours"].to_numpy()))
        for _, one in rows.group_by("replication", maintain_order=True):
            week = one["week"].to_numpy().astype(float)
            if len(week) > 1:
                slopes.append(float(np.polyfit(week, one["hours"].to_numpy(), 1)[0]))
        n_weeks, slope = float(rows["week"].n_unique()), float(np.mean(slopes)) if slopes else 0.0
        sure = mean_interval(np.array(slopes), joint).low > 0 if len(slopes) > 1 else slope > 0
        if slope * n_weeks > level / 100:
            rising.append((slope * n_weeks, short_name(str(post)), short_name(str(pilot)), sure))
        if sure and slope * n_weeks > level / 5:
            n = sum(one > 0 for one in slopes)
            growing.append((slope, short_name(str(post)), short_name(str(pilot)), n, len(slopes)))
    if not growing:
        return _seen(rising, part["week"].to_numpy())
    words = [
        gettext(
            "{post} under {pilot} (+{hours} hours a week, in {n} of {all} replications)",
            post=post, pilot=pilot, hours=number(slope, 0), n=n, all=n_all,
        )
        for slope, post, pilot, n, n_all in sorted(growing)[::-1]
    ]  # fmt: skip
    if measured is None:
        return gettext(
            "Backlog keeps growing through the later half of the weeks shown: {where}", where=first_of(words, 3)
        )
    return gettext(
        "Backlog keeps growing through the later half of the weeks after the warm-up: {where}",
        where=first_of(words, 3),
    )  # fmt: skip


def _seen(rising: Sequence[tuple[float, str, str, bool]], weeks: Floats) -> str:
    """Return the backlog that rises most where none is known to keep growing, of: hours, post, pilot, whether sure."""
    ends = {"first": int(weeks.min()), "last": int(weeks.max())}
    if not rising:
        return gettext("Work that waits at the end of each week rises nowhere in weeks {first} to {last}", **ends)
    rise, post, pilot, sure = max(rising)
    words = (
        N_(
            "Work that waits rises most at {post} under {pilot}, by {hours} hours in weeks {first} to {last}: less "
            "than a fifth of what waits there, which is not called growth"
        )
        if sure
        else N_(
            "Work that waits rises most at {post} under {pilot}, by {hours} hours on average in weeks {first} to "
            "{last}; whether it keeps growing is not judged, as replications differ too much"
        )
    )
    return gettext(words, post=post, pilot=pilot, hours=number(rise, 0 if rise >= 9.5 else 1), **ends)
