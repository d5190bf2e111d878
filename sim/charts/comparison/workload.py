"""The chart of workload: the hours a week and head, by kind of work and post."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from sim.charts.page import EDGE, Key, Page, distinct, or_zero, short_name, width_of
from sim.charts.style import kind_style, styled
from sim.language import N_, gettext
from sim.report.tables import number

_FAMILIES = {
    N_("residents' requests"): ("front desk", "files", "field checks", "relaying files", "residents' homes"),
    N_("patrols and home visits"): ("patrols", "home visits"),
    N_("self-government"): ("self-government",),
    N_("work from above"): ("work from above", "work from above, away"),
    N_("own work"): ("own work",),
    N_("travel"): ("travel",),
    N_("meetings"): ("meetings",),
}
"""Kinds of work that share a fill, in the order in which they are stacked; a kind that is in none has its own."""
_FREE = N_("on duty and free")


@styled
def workload(table: pl.DataFrame, footer: str = "") -> Figure:
    """Return the chart of the hours a week and head by kind of work, for each post and pilot.

    Parameters
    ----------
    table
        pilot, replication, post, kind, hours (h a head and week). The kind "on_duty" is the contracted time; the
        kind "idle" is not drawn, as it goes past the contracted hours of who works overtime; all others are work.
    footer
        Where the numbers come from.

    Returns
    -------
    Figure
        Bars are means over the replications, white up to the contracted hours; the whisker on the end of the work
        spans all replications. Alike kinds of work share a fill.
    """
    pilots, posts = distinct(table, "pilot"), distinct(table, "post")
    table = _in_families(table.with_columns(pl.col("kind").str.replace_all("_", " ")))
    kinds = [k for k in distinct(table, "kind") if k not in ("on duty", "idle")]
    bars = _workload_bars(table, posts, pilots)
    styles = {kind: kind_style(i) for i, kind in enumerate(kinds)}
    styles[_FREE] = {"facecolor": "white", "edgecolor": "#999999", "hatch": ""}
    legend = [Key(short_name(kind), look) for kind, look in styles.items()]
    legend.append(Key(gettext("on duty (contracted)"), {"color": "black", "lw": 2.2}, line=True))
    n = table["replication"].n_unique()
    seen = gettext("Means of {n} replications; whiskers: lowest to highest total of work.", n=n)
    seen = seen if n > 1 else gettext("One replication.")
    widths = [width_of(short_name(p), 9) + 0.12 for p in pilots] + [
        width_of(short_name(p), 9, bold=True) for p in posts
    ]
    label_width = max(widths) + 0.2
    body = sum(0.32 if bar is None else 0.27 for bar in bars) + 0.1
    page = Page.around(11.0, body + 0.6, title=_workload_title(bars), subtitle=seen, legend=legend, footer=footer)
    left, right = EDGE + label_width, 1.75
    axes = page.axes(left, 0, 11.0 - left - right - EDGE, body)
    _workload_plot(page, axes, bars, styles, posts)
    return page.figure


def _in_families(table: pl.DataFrame) -> pl.DataFrame:
    """Return the hours by families of kinds, in the order in which they are stacked."""
    family = {kind: name for name, kinds in _FAMILIES.items() for kind in kinds}
    order = {name: i for i, name in enumerate(_FAMILIES)}
    table = table.with_columns(pl.col("kind").replace(family))
    keys = ["pilot", "replication", "post", "kind"]
    rank = pl.col("kind").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    hours = table.group_by(keys, maintain_order=True).agg(pl.col("hours").sum())
    kinds = hours.select("kind").unique(maintain_order=True).sort(rank, maintain_order=True)
    return pl.concat([hours.filter(pl.col("kind") == kind) for kind in kinds["kind"]])


@dataclass(frozen=True)
class _Bar:
    """One bar of the chart: mean hours by kind, contracted hours, and the range of all work in n replications."""

    post: str
    pilot: str
    hours: dict[str, float]
    on_duty: float
    work: float
    low: float
    high: float
    n: int


def _workload_bars(table: pl.DataFrame, posts: Sequence[str], pilots: Sequence[str]) -> list[_Bar | None]:
    """Return the bars from the top down; None stands for the heading of the next post."""
    by: dict[tuple[str, str], list[tuple[int, str, float]]] = {}
    for row in table.select("post", "pilot", "replication", "kind", "hours").iter_rows():
        by.setdefault((row[0], row[1]), []).append((row[2], row[3], or_zero(row[4])))
    bars: list[_Bar | None] = []
    for post in posts:
        bars.append(None)
        for pilot in pilots:
            rows = by.get((post, pilot))
            if rows:
                bars.append(_bar(post, pilot, rows))
    return bars


def _bar(post: str, pilot: str, rows: Sequence[tuple[int, str, float]]) -> _Bar:
    """Return one bar from the hours by replication and kind."""
    n = len({replication for replication, _, _ in rows})
    hours: dict[str, float] = {}
    totals: dict[int, float] = {}
    for replication, kind, value in rows:
        hours[kind] = hours.get(kind, 0.0) + value / n
        if kind not in ("on duty", "idle"):
            totals[replication] = totals.get(replication, 0.0) + value
    on_duty = hours.pop("on duty", math.nan)
    hours.pop("idle", None)
    work = sum(hours.values())
    hours[_FREE] = max(or_zero(on_duty) - work, 0.0)
    low, high = min(totals.values(), default=work), max(totals.values(), default=work)
    return _Bar(post, pilot, hours, on_duty, work, low, high, n)


def _workload_title(bars: Iterable[_Bar | None]) -> str:
    """Return the title: the post with the most work for its hours, if that is so in every replication, or the range."""
    loaded = [bar for bar in bars if bar is not None and bar.on_duty > 0]
    if not loaded:
        return gettext("Hours a week by post and kind of work")
    most = max(loaded, key=lambda bar: bar.work / bar.on_duty)
    others = [bar for bar in loaded if bar is not most]
    words = {
        "post": short_name(most.post), "pilot": short_name(most.pilot), "work": number(most.work, 1),
        "on_duty": number(most.on_duty, 1), "load": most.work / most.on_duty,
    }  # fmt: skip
    if most.n > 1 and others and most.low / most.on_duty > max(bar.high / bar.on_duty for bar in others):
        return gettext(
            "The busiest post is {post} under {pilot}, in every replication: {work} hours of work a week for {on_duty} "
            "on duty ({load:.0%})",
            **words,
        )
    least = min(bar.work / bar.on_duty for bar in loaded)
    return gettext(
        "Work takes {least:.0%} to {load:.0%} of the hours on duty, by post and design", least=least, **words
    )


def _workload_plot(
    page: Page,
    axes: Axes,
    bars: Sequence[_Bar | None],
    styles: Mapping[str, Mapping[str, Any]],
    posts: Sequence[str],
) -> None:
    """Draw the stacked bars with names at the left and totals at the right."""
    reach = max((max(sum(b.hours.values()), b.high, or_zero(b.on_duty)) for b in bars if b), default=1.0)
    axes.set_xlim(0, 1.03 * reach)
    at = blended_transform_factory(page.figure.transFigure, axes.transData)
    right = blended_transform_factory(axes.transAxes, axes.transData)
    y, headings = 0.0, iter(posts)
    for bar in bars:
        if bar is None:
            heading = short_name(next(headings))
            page.figure.text(EDGE / page.width, y + 0.19, heading, transform=at, weight="bold", va="center")
            y += 0.32
            continue
        middle, start = y + 0.135, 0.0
        for kind, look in styles.items():
            hours = or_zero(bar.hours.get(kind, 0.0))
            if hours > 0:
                axes.barh(middle, hours, left=start, height=0.2, lw=0.5, **look)
            start += hours
        if bar.high > bar.low:
            axes.plot([bar.low, bar.high], [middle] * 2, color="white", lw=3, zorder=4)
            axes.plot([bar.low, bar.high], [middle] * 2, "|-", color="black", lw=1, ms=5, zorder=4)
        if math.isfinite(bar.on_duty):
            axes.plot([bar.on_duty] * 2, [middle - 0.13, middle + 0.13], color="black", lw=2.2, zorder=5)
        page.figure.text((EDGE + 0.12) / page.width, middle, short_name(bar.pilot), transform=at, va="center")
        words = gettext("{work:,.1f} h of work", work=bar.work)
        if bar.on_duty > 0:
            load = bar.work / bar.on_duty
            words = gettext(
                "{work:,.1f} h of {on_duty:,.1f} ({load:.0%})", work=bar.work, on_duty=bar.on_duty, load=load
            )
        axes.text(1.02, middle, words, transform=right, va="center", ha="left")
        y += 0.27
    axes.set_ylim(y + 0.1, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(gettext("Hours a week and head"))
