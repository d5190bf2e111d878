"""The chart of turnaround: the share of requests finished by number of working days."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.arrays import Floats
from sim.charts.page import EDGE, Page, distinct, over_replications, pilot_key, short_name
from sim.charts.style import band_opacity, pilot_style, styled
from sim.report.tables import number


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
        Curves are means over the replications, bands reach from the lowest to the highest replication. The
        axis of days is stretched near 0 (square root).
    """
    pilots = distinct(table, "pilot")
    curves = {p: over_replications(table.filter(pl.col("pilot") == p), "days", "share") for p in pilots}
    within = {p: [_first_reach(days, mean, q) for q in (0.5, 0.9)] for p, (days, mean, _, _) in curves.items()}
    last = max(float(days[-1]) for days, *_ in curves.values())
    legend = []
    for i, pilot in enumerate(pilots):
        half, most = (_within(*one, last) for one in zip(("half", "nine in ten"), within[pilot], strict=True))
        reached = f"{half}, {most}" if math.isfinite(within[pilot][0]) else half
        doubt = " in this run, no verdict" if pilot in unjudged else ""
        legend.append(pilot_key(i, f"{short_name(pilot)}: {reached} working days{doubt}"))
    n = table["replication"].n_unique()
    seen = (
        f"Lines: mean of {n} replications; bands: lowest to highest of them." if n > 1 else "One replication, no band."
    )
    title = _turnaround_title(within, last, unjudged)
    seen += " Requests that left unserved or are still open count as not finished."
    page = Page.around(11.0, 4.9, title=title, subtitle=seen, legend=legend, footer=footer)
    axes = page.axes(EDGE + 0.65, 0.1, 11.0 - 2 * EDGE - 1.6, 4.2)
    _turnaround_axes(axes, last)
    for i, pilot in enumerate(pilots):
        days, mean, low, high = curves[pilot]
        colour, marker, line = pilot_style(i)
        axes.plot(days, 100 * mean, color=colour, ls=line, lw=1.9, zorder=3)
        if n > 1:
            axes.fill_between(days, 100 * low, 100 * high, color=colour, alpha=band_opacity(pilots), lw=0, zorder=1)
        for q, day in zip((50, 90), within[pilot], strict=True):
            if math.isfinite(day):
                axes.plot(day, q, marker, ms=8, color=colour, mec="white", mew=0.8, zorder=4)
    return page.figure


def _turnaround_axes(axes: Axes, last: float) -> None:
    """Set scales, ticks and labels, and rule the lines of half and of nine in ten."""
    axes.set_xscale("function", functions=(_signed_root, _signed_square))
    axes.set_xlim(0, last)
    axes.set_ylim(0, 100)
    for q, words in ((50, "half"), (90, "nine in ten")):
        axes.axhline(q, color="#999999", lw=0.8, ls=(0, (2, 2)), zorder=0)
        axes.text(1.015, q, words, transform=axes.get_yaxis_transform(), va="center", color="#222222")
    ticks = [0.0]
    for tick in (0.5, 1, 2, 5, 10, 20, 30, 40, 60, 90, 120, 180, 250):
        if tick <= last and math.sqrt(tick) - math.sqrt(ticks[-1]) > 0.035 * math.sqrt(last):
            ticks.append(tick)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_yticks(range(0, 101, 20), [str(t) for t in range(0, 101, 20)])
    axes.set_xlabel("Working days from first contact to result (square-root scale)")
    axes.set_ylabel("Share of requests finished (%)")


def _turnaround_title(within: Mapping[str, Sequence[float]], last: float, unjudged: Collection[str]) -> str:
    """Return the title: within how many days half of all requests are finished, and where that is no verdict."""
    judged = {p: half for p, (half, _) in within.items() if p not in unjudged}
    halves = {p: half for p, half in judged.items() if math.isfinite(half)}
    phrases = {p: f"within {number(half, 1)} working days under {short_name(p)}" for p, half in halves.items()}
    without = [p for p in within if p in unjudged]
    names = " and ".join(map(short_name, without)) if len(without) < 3 else f"{len(without)} of {len(within)} designs"
    verdict = f"; the verdict on {names} is withheld" if without else ""
    if not judged:
        return f"Share of requests finished by number of working days{verdict}"
    if not halves:
        under = f" under {' and '.join(map(short_name, judged))}" if without else ""
        return f"Fewer than half of all requests are finished within {last:g} working days{under}{verdict}"
    if len(within) > 3:
        ordered = sorted(halves, key=halves.__getitem__)
        if len(ordered) < 2:
            return f"Share of requests finished by number of working days{verdict}"
        best, worst = phrases[ordered[0]], phrases[ordered[-1]]
        quickest, slowest = "the quickest", "the slowest"
        if without:
            quickest, slowest = "the quickest of those with a verdict", "the slowest of them"
        if len(halves) < len(judged):
            slowest = f"{slowest} that finish half" if without else "the slowest of those that finish half"
        return f"Half of all requests are finished {best}, {quickest}, and {worst}, {slowest}{verdict}"
    fewer = "".join(
        f"; fewer than half within {last:g} working days under {short_name(p)}" for p in judged if p not in halves
    )
    return "Half of all requests are finished " + ", ".join(phrases.values()) + fewer + verdict


def _within(quantile: str, days: float, last: float) -> str:
    """Return within how many days a part of all requests is finished; NaN means later than the last."""
    return f"{quantile} within {number(days, 1)}" if math.isfinite(days) else f"fewer than {quantile} within {last:g}"


def _first_reach(x: Floats, y: Floats, level: float) -> float:
    """Return where the curve first reaches the level, interpolated; NaN if it never does."""
    reached = np.flatnonzero(y >= level)
    if len(reached) == 0:
        return math.nan
    i = int(reached[0])
    if i == 0:
        return float(x[0])
    return float(x[i - 1] + (x[i] - x[i - 1]) * (level - y[i - 1]) / (y[i] - y[i - 1]))


def _signed_root(x: Floats) -> Floats:
    """Return the square root, continued below 0 for the margin of the axis."""
    return np.sign(x) * np.sqrt(np.abs(x))


def _signed_square(x: Floats) -> Floats:
    """Return the inverse of the signed root."""
    return np.sign(x) * np.square(x)
