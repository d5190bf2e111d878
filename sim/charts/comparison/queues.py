"""The chart of queues: the number that wait through the day and through the week."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from sim.arrays import Bools, Floats
from sim.charts.page import EDGE, Page, distinct, over_replications, pilot_key, short_name
from sim.charts.style import PALE, band_opacity, pilot_style, styled
from sim.language import N_, gettext, listed, run_together, separated
from sim.report.tables import number

_DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_HEIGHT = 1.8
IN_PERSON = "residents in person"
DESKS = {
    IN_PERSON: N_("{level}, residents in person"),
    "files": N_("{level}, files"),
    "work from above": N_("{level}, work from above"),
}
"""What is drawn, in this order, as it is called; the table has more."""
_LEAST = 0.5
"""A queue that is shorter than this at all hours of the week, on the average, has no row."""
_EVEN = 0.25
"""Nor has one that moves by no more than this share of its row under any pilot: nothing would be seen of it."""


@styled
def queues(table: pl.DataFrame, footer: str = "") -> Figure:
    """Return the chart of the number that wait through a working day and the week, one row for each level and desk.

    Parameters
    ----------
    table
        pilot, replication, level, desk, weekday (1: Monday), half_hour (0 to 47), number (time average of those who
        wait).
    footer
        Where the numbers come from.

    Returns
    -------
    Figure
        Left, the mean of Monday to Friday; right, the whole week. Lines are means over the replications, the day's
        bands reach from the lowest to the highest. Every row has its own scale, from 0; drawn are `DESKS`, and a queue
        that never forms, or is as long at all hours, is named under the chart.
    """
    pilots, n = distinct(table, "pilot"), table["replication"].n_unique()
    shown, notes = _shown(table)
    wanted = pl.DataFrame(shown, schema={"level": pl.String, "desk": pl.String}, orient="row")
    table = table.join(wanted, on=["level", "desk"], how="semi", maintain_order="left")
    seen = [
        gettext("Lines: mean of {n} replications; bands of the day: lowest to highest of them.", n=n)
        if n > 1
        else gettext("One replication."),
        gettext("Averages over the measured weeks, holidays included, of all offices of a level together."),
        gettext("Every row has its own scale."),
    ]
    width = 12.0
    page = Page.around(
        width,
        max(len(shown), 1) * _HEIGHT + 0.15,
        title=_title(table, pilots),
        subtitle=run_together(seen),
        legend=[pilot_key(i, pilot, marker="none") for i, pilot in enumerate(pilots)],
        footer=footer,
        notes=notes,
    )
    for row, (level, desk) in enumerate(shown):
        part = table.filter((pl.col("level") == level) & (pl.col("desk") == desk))
        top = row * _HEIGHT + 0.35
        day = page.axes(EDGE + 0.75, top, 3.7, _HEIGHT - 0.8)
        week = page.axes(EDGE + 0.75 + 3.7 + 0.75, top, width - 2 * EDGE - 5.4, _HEIGHT - 0.8)
        _draw(day, part.filter(pl.col("weekday") <= 5), pilots, band=True)
        hour = (pl.col("weekday").cast(pl.Int64) - 1) * 48 + pl.col("half_hour")
        _draw(week, part.with_columns(half_hour=hour), pilots, band=False)
        highest = max(day.get_ylim()[1], week.get_ylim()[1])
        _day_axis(day, highest)
        _week_axis(week, highest)
        heading = gettext("{queue}: a working day", queue=_heading(level, desk))
        day.set_title(heading, loc="left", fontsize=9.5, weight="bold")
        week.set_title(gettext("and the week"), loc="left", fontsize=9.5)
    return page.figure


def _heading(level: str, desk: str) -> str:
    """Return the name of a queue."""
    name = short_name(level)
    name = f"{name[:1].upper()}{name[1:]}"
    return gettext(DESKS[desk], level=name)


def _shown(table: pl.DataFrame) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the level and desk of the queues to be drawn, desk by desk, and notes on the others."""
    hours = ["pilot", "level", "desk", "weekday", "half_hour"]
    each = table.filter(pl.col("desk").is_in(list(DESKS))).group_by(hours, maintain_order=True)
    ends = (
        each.agg(pl.col("number").cast(pl.Float64).mean())
        .group_by("level", "desk", "pilot", maintain_order=True)
        .agg(low=pl.col("number").min(), high=pl.col("number").max(), mean=pl.col("number").mean())
    )
    shown, even, short = [], [], []
    for (level, desk), rows in ends.group_by("level", "desk", maintain_order=True):
        name = str(level), str(desk)
        formed = rows.filter(pl.col("high") >= _LEAST)
        if formed.is_empty():
            short.append(_heading(*name))
        elif formed.select(pl.col("high") - pl.col("low") <= _EVEN * pl.col("high").max()).to_series().all():
            means = listed(
                gettext("{n} under {pilot}", n=number(row["mean"], 0), pilot=short_name(row["pilot"]))
                for row in formed.to_dicts()
            )
            even.append(gettext("{queue} ({means})", queue=_heading(*name), means=means))
        else:
            shown.append(name)
    notes = []
    if even:
        notes.append(gettext("Much the same at all hours, and not drawn: {queues}.", queues=separated(even)))
    if short:
        which = separated(short)
        notes.append(gettext("Never half a request long on the average, and not drawn: {queues}.", queues=which))
    return sorted(shown, key=lambda row: list(DESKS).index(row[1])), notes


def _draw(axes: Axes, rows: pl.DataFrame, pilots: Sequence[str], *, band: bool) -> None:
    """Draw a step line of half hours for each pilot; a whole week has no bands, which would hide its lines."""
    each = rows.group_by("pilot", "replication", "half_hour").agg(pl.col("number").cast(pl.Float64).mean())
    for i, pilot in enumerate(pilots):
        mine = each.filter(pl.col("pilot") == pilot)
        if mine.is_empty():
            continue
        at, *values = over_replications(mine, "half_hour", "number")
        colour, _, style = pilot_style(i)
        x = np.append(at, at[-1] + 1) / 2
        mean, low, high = (np.append(y, y[-1]) for y in values)
        steps = _steps(mean)
        axes.plot(x[steps], mean[steps], color=colour, ls=style, lw=1.5, drawstyle="steps-post", zorder=3)
        if band:
            steps, opacity = _steps(low, high), band_opacity(pilots)
            area = x[steps], low[steps], high[steps]
            axes.fill_between(*area, color=colour, alpha=opacity, lw=0, step="post", zorder=2)


def _steps(*lines: Floats) -> Bools:
    """Return which points lines of steps need: the first, the last, and those where one of them changes."""
    needed = np.ones(len(lines[0]), dtype=np.bool_)
    needed[1:-1] = np.any([line[1:-1] != line[:-2] for line in lines], axis=0)
    return needed


def _scale(axes: Axes, highest: float) -> None:
    """Set the scale of the numbers, which a row's two panels share."""
    axes.set_ylim(0, highest)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=highest >= 4))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}" if highest >= 4 else "{x:,.2g}"))


def _day_axis(axes: Axes, highest: float) -> None:
    """Set the scales of a day from before opening to after closing."""
    _scale(axes, highest)
    axes.set_xlim(7, 20)
    axes.set_xticks(range(8, 21, 2), [f"{hour}:00" for hour in range(8, 21, 2)])
    axes.set_ylabel(gettext("Number waiting"))


def _week_axis(axes: Axes, highest: float) -> None:
    """Set the scales of a week, its weekend shaded."""
    _scale(axes, highest)
    axes.set_xlim(0, 168)
    axes.axvspan(120, 168, color=PALE, lw=0, zorder=0)
    axes.set_xticks([24 * day for day in range(8)], [""] * 8)
    axes.set_xticks([24 * day + 12 for day in range(7)], list(map(gettext, _DAYS)), minor=True)
    axes.tick_params(axis="x", which="minor", length=0)


def _title(table: pl.DataFrame, pilots: Sequence[str]) -> str:
    """Return the title: when most residents wait under each pilot; of many pilots, the most and the fewest."""
    rows = table.filter((pl.col("desk") == IN_PERSON) & (pl.col("weekday") <= 5))
    keys = ["pilot", "replication", "weekday", "half_hour"]
    mean_numbers = (
        rows.group_by(keys)
        .agg(pl.col("number").cast(pl.Float64).sum())
        .group_by("pilot", "half_hour")
        .agg(pl.col("number").mean())
        .sort("number", "half_hour")
    )
    peaks = []
    for pilot in pilots:
        mine = mean_numbers.filter(pl.col("pilot") == pilot)
        if len(mine):
            slot, most = mine["half_hour"][-1], mine["number"][-1]
            n = number(most, 0 if most >= 9.5 else 1)
            words = gettext("{n} at {time} under {pilot}", n=n, time=_time(slot), pilot=short_name(pilot))
            peaks.append((float(most), words))
    if not peaks:
        return gettext("How many wait through the day and the week")
    if len(peaks) > 3:
        peaks = sorted(peaks)[:: 1 - len(peaks)]
    return gettext(
        "Residents who queue in person in the busiest half hour of a working day: {peaks}",
        peaks=listed(peak for _, peak in peaks),
    )  # fmt: skip


def _time(slot: int) -> str:
    """Return the clock time at which a half hour begins."""
    return f"{slot // 2}:{30 * (slot % 2):02d}"
