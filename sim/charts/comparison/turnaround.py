"""The chart of turnaround: the share of requests finished by number of working days."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.arrays import Floats
from sim.charts.page import EDGE, Page, distinct, over_replications, pilot_key, short_name
from sim.charts.style import band_opacity, pilot_style, styled
from sim.language import N_, both, gettext, listed, run_together, separated
from sim.report.tables import number

_WIDTH, _HEIGHT, _BEYOND = 10.0, 4.0, 1.25
"""Of the page, of the chart, and of the words at its right (inches)."""
_ROUND = (0.5, 1, 2, 3, 5, 8, 10, 15, 20, 30, 40, 60, 80, 100, 120, 160, 200, 250)
"""Where a scale of working days may end."""
_ENDS = {
    (False, False): N_("Half of all requests are finished {best}, the quickest, and {worst}, the slowest"),
    (False, True): N_(
        "Half of all requests are finished {best}, the quickest, and {worst}, the slowest of those that finish half"
    ),
    (True, False): N_(
        "Half of all requests are finished {best}, the quickest of those with a verdict, and {worst}, the slowest of "
        "them"
    ),
    (True, True): N_(
        "Half of all requests are finished {best}, the quickest of those with a verdict, and {worst}, the slowest of "
        "them that finish half"
    ),
}
"""Titles of many pilots, by whether some are without a verdict, and whether some of the others do not finish half."""


@styled
def turnaround_distribution(table: pl.DataFrame, footer: str = "", unjudged: Collection[str] = ()) -> Figure:
    """Return the chart of the share of requests finished by number of working days, one curve for each pilot.

    Parameters
    ----------
    table
        pilot, replication, days (working days, the same grid in every replication), share (finished within so
        many, of all requests; those still open keep it below 1).
    footer
        Where the numbers come from.
    unjudged
        The pilots of whose turnaround nothing follows: the title gives no number of theirs, and the legend says so.

    Returns
    -------
    Figure
        Curves are means over the replications, bands reach from the lowest to the highest replication. The scale of
        days is even and ends where little more is finished; what is finished by the last day stands at its right.
    """
    pilots = distinct(table, "pilot")
    curves = {p: over_replications(table.filter(pl.col("pilot") == p), "days", "share") for p in pilots}
    within = {p: [_first_reach(days, mean, q) for q in (0.5, 0.9)] for p, (days, mean, _, _) in curves.items()}
    last = max(float(days[-1]) for days, *_ in curves.values())
    legend = []
    for i, pilot in enumerate(pilots):
        legend.append(pilot_key(i, _key(pilot, within[pilot], last, judged=pilot not in unjudged)))
    n = table["replication"].n_unique()
    title = _turnaround_title(within, last, unjudged)
    seen = [
        gettext("Lines: mean of {n} replications; bands: lowest to highest of them.", n=n)
        if n > 1
        else gettext("One replication, no band."),
        gettext("Requests that left unserved or are still open count as not finished."),
    ]
    page = Page.around(_WIDTH, _HEIGHT + 0.7, title=title, subtitle=run_together(seen), legend=legend, footer=footer)
    axes = page.axes(EDGE + 0.65, 0.1, _WIDTH - 2 * EDGE - 0.65 - _BEYOND, _HEIGHT)
    shown = min(max(_settled(days, mean) for days, mean, _, _ in curves.values()), last)
    _axes(axes, shown)
    for i, pilot in enumerate(pilots):
        days, mean, low, high = curves[pilot]
        colour, marker, line = pilot_style(i)
        axes.plot(days, 100 * mean, color=colour, ls=line, lw=1.9, zorder=3)
        if n > 1:
            axes.fill_between(days, 100 * low, 100 * high, color=colour, alpha=band_opacity(pilots), lw=0, zorder=1)
        for q, day in zip((50, 90), within[pilot], strict=True):
            if math.isfinite(day) and day <= shown:
                axes.plot(day, q, marker, ms=8, color=colour, mec="white", mew=0.8, zorder=4)
    if shown < last:
        _beyond(axes, {p: float(100 * mean[-1]) for p, (_, mean, _, _) in curves.items()}, last)
    return page.figure


def _settled(days: Floats, mean: Floats) -> float:
    """Return the round number of days by which a curve has come all but 5 % of its way, and has passed nine in ten."""
    done = _first_reach(days, mean, max(0.95 * float(mean[-1]), min(0.9, float(mean[-1]))))
    return next((float(day) for day in _ROUND if day >= done), float(days[-1]))


def _axes(axes: Axes, shown: float) -> None:
    """Set scales, ticks and labels, and rule the lines of half and of nine in ten."""
    axes.set_xlim(0, shown)
    axes.set_ylim(0, 100)
    for q, words in ((50, gettext("half")), (90, gettext("nine in ten"))):
        axes.axhline(q, color="#999999", lw=0.8, ls=(0, (2, 2)), zorder=0)
        axes.text(1.015, q, words, transform=axes.get_yaxis_transform(), va="center", color="#222222")
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=shown >= 10))
    axes.set_yticks(range(0, 101, 20), [str(t) for t in range(0, 101, 20)])
    axes.set_xlabel(gettext("Working days from first contact to result"))
    axes.set_ylabel(gettext("Share of requests finished (%)"))


def _beyond(axes: Axes, at_last: Mapping[str, float], last: float) -> None:
    """Write at the foot of the right side what each pilot has finished by the last day."""
    lines = gettext("finished in {days:g}\nworking days:", days=last).split("\n")
    look: dict[str, Any] = {"transform": axes.transAxes, "fontsize": 8.5, "va": "center", "color": "#222222"}
    pitch = min(0.06, 0.36 / (len(at_last) + len(lines)))
    for i, words in enumerate(lines):
        axes.text(1.015, (len(at_last) + len(lines) - i - 0.5) * pitch, words, **look)
    for i, (pilot, value) in enumerate(at_last.items()):
        colour, marker, _ = pilot_style(list(at_last).index(pilot))
        y = (len(at_last) - i - 0.5) * pitch
        look_of_mark: dict[str, Any] = {"ms": 6, "color": colour, "mec": "white", "mew": 0.6, "clip_on": False}
        axes.plot([1.03], [y], marker, transform=axes.transAxes, **look_of_mark)
        axes.text(1.055, y, gettext("{share:.1f} %", share=value), **look)


def _turnaround_title(within: Mapping[str, Sequence[float]], last: float, unjudged: Collection[str]) -> str:
    """Return the title: within how many days half of all requests are finished, and where that is no verdict."""
    without = [p for p in within if p in unjudged]
    title = _finished({p: half for p, (half, _) in within.items()}, last, without)
    if not without:
        return title
    names = both(map(short_name, without))
    if len(without) > 2:
        names = gettext("{n} of {all} designs", n=len(without), all=len(within))
    return separated([title, gettext("the verdict on {designs} is withheld", designs=names)])


def _finished(half_of: Mapping[str, float], last: float, without: Sequence[str]) -> str:
    """Return within how many days half of all requests are finished under each pilot that is not without a verdict."""
    judged = {p: half for p, half in half_of.items() if p not in without}
    halves = {p: half for p, half in judged.items() if math.isfinite(half)}
    ordered = sorted(halves, key=halves.__getitem__)
    many = len(half_of) > 3
    if not judged or (many and len(ordered) == 1):
        return gettext("Share of requests finished by number of working days")
    if not halves and without:
        return gettext(
            "Fewer than half of all requests are finished within {days:g} working days under {pilots}",
            days=last, pilots=both(map(short_name, judged)),
        )  # fmt: skip
    if not halves:
        return gettext("Fewer than half of all requests are finished within {days:g} working days", days=last)
    words = {
        p: gettext("within {days} working days under {pilot}", days=number(half, 1), pilot=short_name(p))
        for p, half in halves.items()
    }
    if many:
        ends = {"best": words[ordered[0]], "worst": words[ordered[-1]]}
        return gettext(_ENDS[bool(without), len(halves) < len(judged)], **ends)
    title = gettext("Half of all requests are finished {each}", each=listed(words.values()))
    fewer = (
        gettext("fewer than half within {days:g} working days under {pilot}", days=last, pilot=short_name(p))
        for p in judged
        if p not in halves
    )
    return separated([title, *fewer])


def _key(pilot: str, within: Sequence[float], last: float, *, judged: bool) -> str:
    """Return the words of a pilot's key: within how many days half and nine in ten of all requests are finished."""
    words: dict[str, Any] = {"pilot": short_name(pilot), "last": last}
    half, most = within
    words |= {"half": number(half, 1), "most": number(most, 1)}
    key = gettext("{pilot}: half within {half}, nine in ten within {most} working days", **words)
    if not math.isfinite(half):
        key = gettext("{pilot}: fewer than half within {last:g} working days", **words)
    elif not math.isfinite(most):
        key = gettext("{pilot}: half within {half}, fewer than nine in ten within {last:g} working days", **words)
    return key if judged else gettext("{key} in this run, no verdict", key=key)


def _first_reach(x: Floats, y: Floats, level: float) -> float:
    """Return where the curve first reaches the level, interpolated; NaN if it never does."""
    reached = np.flatnonzero(y >= level)
    if len(reached) == 0:
        return math.nan
    i = int(reached[0])
    if i == 0:
        return float(x[0])
    return float(x[i - 1] + (x[i] - x[i - 1]) * (level - y[i - 1]) / (y[i] - y[i - 1]))
