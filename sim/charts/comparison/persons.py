"""The chart of persons: how unevenly the staff of a post are loaded, person by person."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.arrays import Floats
from sim.charts.page import EDGE, Page, distinct, pilot_key, short_name
from sim.charts.style import GREY, band_opacity, pilot_style, styled
from sim.language import gettext, ngettext, run_together
from sim.report.tables import percent
from sim.statistics.descriptive import gini

_LINE = 0.19
"""Height of a line of words under a panel (inches)."""


@dataclass(frozen=True)
class _Spread:
    """The utilisation of the persons of one post under one pilot, sorted from the busiest down."""

    mean: Floats
    low: Floats
    high: Floats
    ginis: Floats

    @property
    def gini(self) -> float:
        """The mean over the replications, of which each has a Gini index."""
        return float(self.ginis.mean())


@styled
def persons(table: pl.DataFrame, footer: str = "") -> Figure:
    """Return the chart of how busy each member of staff is under each pilot, one panel for each post.

    Parameters
    ----------
    table
        pilot, replication, post, utilisation (share of the time on duty), one row a member of staff.
    footer
        Where the numbers come from.

    Returns
    -------
    Figure
        Persons are sorted anew in every replication, the busiest first. Lines are means over the replications of the
        first, second, ... and last of them, bands reach from the lowest to the highest replication.
    """
    pilots, posts = distinct(table, "pilot"), distinct(table, "post")
    spreads_by_post = {
        post: {pilot: spread for pilot in pilots if (spread := _spread(table, post, pilot)) is not None}
        for post in posts
    }
    n = table["replication"].n_unique()
    n_columns = min(len(posts), 2)
    n_rows = math.ceil(len(posts) / n_columns)
    words = len(pilots) * _LINE
    width, height = 12.0, 2.95 + words
    panel = (width - 2 * EDGE) / n_columns
    seen = [
        gettext("Lines: mean of {n} replications; bands: lowest to highest of them.", n=n)
        if n > 1
        else gettext("One replication."),
        gettext("Everybody of a post from the busiest to the least busy."),
        gettext("Gini index: 0 if all are equally busy, near 1 if one does everything."),
    ]
    page = Page.around(
        width,
        n_rows * height,
        title=_title(spreads_by_post),
        subtitle=run_together(seen),
        legend=[pilot_key(i, pilot, marker="none") for i, pilot in enumerate(pilots)],
        footer=footer,
    )
    top = max((float(s.high.max()) for spreads in spreads_by_post.values() for s in spreads.values()), default=1.0)
    for j, post in enumerate(posts):
        row, column = divmod(j, n_columns)
        left = EDGE + column * panel + 0.65
        axes = page.axes(left, row * height + 0.35, panel - 0.95, height - 1.0 - words)
        _panel(axes, spreads_by_post[post], pilots, 100 * max(1.0, top))
        axes.set_title(short_name(post), loc="left", fontsize=9.5, weight="bold")
        _say(page, spreads_by_post[post], pilots, (left - 0.1, row * height + height - words - 0.17))
    return page.figure


def _spread(table: pl.DataFrame, post: str, pilot: str) -> _Spread | None:
    """Return the sorted utilisation of a post's staff, or None if a pilot has no such post."""
    rows = table.filter((pl.col("post") == post) & (pl.col("pilot") == pilot))
    if rows.is_empty():
        return None
    each = [
        np.sort(one["utilisation"].to_numpy().astype(np.float64))[::-1]
        for _, one in rows.group_by("replication", maintain_order=True)
    ]
    n = min(len(one) for one in each)
    sorted_ = np.stack([one[:n] for one in each])
    ginis = np.array([gini(one) for one in each])
    return _Spread(sorted_.mean(axis=0), sorted_.min(axis=0), sorted_.max(axis=0), ginis)


def _panel(axes: Axes, spreads: dict[str, _Spread], pilots: Sequence[str], top: float) -> None:
    """Draw the persons of a post under each pilot."""
    for i, pilot in enumerate(pilots):
        if pilot not in spreads:
            continue
        spread, (colour, marker, line) = spreads[pilot], pilot_style(i)
        x = 100 * (np.arange(len(spread.mean)) + 0.5) / len(spread.mean)
        few = len(x) < 2
        axes.plot(x, 100 * spread.mean, color=colour, ls=line, lw=1.7, marker=marker if few else "", zorder=3)
        axes.fill_between(x, 100 * spread.low, 100 * spread.high, color=colour, alpha=band_opacity(pilots), lw=0)
    axes.axhline(100, color=GREY, lw=0.8, ls=(0, (2, 2)), zorder=0)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, top * 1.04)
    axes.set_xticks(
        [0, 25, 50, 75, 100], [gettext("busiest"), percent(0.25), gettext("half"), percent(0.75), gettext("least busy")]
    )
    axes.set_yticks(range(0, int(top) + 1, 25), [str(t) for t in range(0, int(top) + 1, 25)])
    axes.set_ylabel(gettext("Busy, of the time on duty (%)"))
    axes.set_xlabel(gettext("Persons of the post, sorted"))


def _say(page: Page, spreads: dict[str, _Spread], pilots: Sequence[str], at: tuple[float, float]) -> None:
    """Write the number of persons, their range and the Gini index of each pilot under a panel."""
    for i, pilot in enumerate(pilots):
        spread = spreads.get(pilot)
        text = gettext("{pilot}: nobody at this post", pilot=short_name(pilot))
        if spread is not None:
            text = ngettext(
                "{pilot}: {n} person, busy from {least:.0%} to {most:.0%}, Gini {gini:.2f}",
                "{pilot}: {n} persons, busy from {least:.0%} to {most:.0%}, Gini {gini:.2f}",
                len(spread.mean), pilot=short_name(pilot), least=spread.mean[-1], most=spread.mean[0],
                gini=spread.gini,
            )  # fmt: skip
        page.write(at[0], at[1] + i * _LINE, text, size=8.5, va="top", color="#222222")


def _title(spreads_by_post: dict[str, dict[str, _Spread]]) -> str:
    """Return the title: where work is spread least evenly, if that is so in every replication, or else how evenly."""
    several = [
        (spread, post, pilot)
        for post, spreads in spreads_by_post.items()
        for pilot, spread in spreads.items()
        if len(spread.mean) > 1
    ]
    if not several:
        return gettext("How busy each member of staff is")
    most, post, pilot = max(several, key=lambda one: one[0].gini)
    others = [spread for spread, *_ in several if spread is not most]
    ginis = [spread.gini for spread in others]
    if len(most.ginis) > 1 and others and most.ginis.min() > max(spread.ginis.max() for spread in others):
        return gettext(
            "Work is spread most unevenly at the post of {post} under {pilot}, in every replication: Gini {most:.2f}, "
            "elsewhere {least:.2f} to {next:.2f}",
            post=short_name(post), pilot=short_name(pilot), most=most.gini, least=min(ginis), next=max(ginis),
        )  # fmt: skip
    return gettext(
        "How evenly work is spread over the persons of a post: Gini {least:.2f} to {most:.2f}",
        least=min([most.gini, *ginis]), most=most.gini,
    )  # fmt: skip
