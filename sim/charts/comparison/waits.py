"""The chart of waits at a counter: the share of visits in each class of minutes, a bar for each design."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.charts.comparison.bars import without_scale
from sim.charts.page import EDGE, Page, distinct, short_name, that_fits, wrapped
from sim.charts.style import COLOURS, GREY, styled
from sim.language import N_, gettext, listed, ngettext, run_together, separated
from sim.report.tables import number, with_its_unit

_CLASSES: dict[str, str] = {
    "counter_wait_0_10": N_("under 10 minutes"),
    "counter_wait_10_30": N_("10 to 30 minutes"),
    "counter_wait_30_60": N_("30 to 60 minutes"),
    "counter_wait_60_up": N_("an hour and more"),
}
_LONG = tuple(_CLASSES)[1:]
_QUANTILES: dict[str, str] = {
    "counter_wait_p90": N_("At least nine in ten do not wait at all under {pilots}."),
    "counter_wait_p50": N_("At least half do not wait at all under {pilots}."),
}
"""What is known of those who do not wait at all, where a quantile is 0 in every replication."""
_WIDTH, _LABEL, _BAR, _GAP = 10.0, 2.05, 0.36, 0.2
"""Of the page and of the names, height of a bar, and gap between panels (inches)."""
_ROOM = 1.75
"""Of a panel's scale, as a multiple of its longest bar: the rest is for the number."""
_NAMES = (36, 24, 16)
"""Longest names in a title (letters): as long as there is room for."""


@dataclass(frozen=True)
class _Share:
    """The share of visits in a class under a design (%): mean, lowest and highest replication; NaN for no visit."""

    mean: float
    low: float
    high: float


@styled
def waits(measures: pl.DataFrame, footer: str = "", unjudged: Collection[str] = ()) -> Figure:
    """Return the chart of how long residents wait at a counter, each time that they come.

    Parameters
    ----------
    measures
        pilot, replication, measure, group, value: the long table. Its shares of waits (`counter_wait_0_10` and so on)
        are all that is kept of their distribution: how many do not wait at all is known only as far as its median and
        its nine in ten tell.
    footer
        Where the numbers come from.
    unjudged
        The pilots of whose waits nothing follows: the title gives no number of theirs, and their names say so.

    Returns
    -------
    Figure
        A bar is a mean over replications, the line through its end reaches from the lowest to the highest. Each
        class has a scale of its own.

    Raises
    ------
    ValueError
        The table must have shares of waits.
    """
    mine = measures.filter(pl.col("group") == "all", pl.col("measure").is_in([*_CLASSES, *_QUANTILES]))
    if mine.filter(pl.col("measure").is_in([*_CLASSES])).is_empty():
        raise ValueError("measures must have shares of waits, got 0 rows of them")
    pilots = distinct(mine, "pilot")
    values = {(str(pilot), str(name)): part["value"] for (pilot, name), part in mine.group_by("pilot", "measure")}
    shares = {key: _share(column) for key, column in values.items() if key[1] in _CLASSES}
    names = {pilot: _name(pilot, judged=pilot not in unjudged) for pilot in pilots}
    pitch = max(_BAR, *(0.14 * len(lines) + 0.08 for lines in names.values()))
    height = len(pilots) * pitch
    long = {pilot: sum(shares[pilot, name].mean for name in _LONG) for pilot in pilots if pilot not in unjudged}
    panel = (_WIDTH - 2 * EDGE - _LABEL - (len(_CLASSES) - 1) * _GAP) / len(_CLASSES)
    headings = {name: wrapped(gettext(words), panel, 9, bold=True) for name, words in _CLASSES.items()}
    head = 0.16 * max(map(len, headings.values())) + 0.08
    page = Page.around(
        _WIDTH,
        head + height + 0.1,
        title=that_fits(_titles(long, len(pilots)), _WIDTH),
        subtitle=_subtitle(mine["replication"].n_unique()),
        legend=[],
        footer=footer,
        notes=list(_notes(values, pilots, unjudged)),
    )
    for k, lines in enumerate(names.values()):
        page.write(EDGE, head + (k + 0.5) * pitch, "\n".join(lines), size=8.5, va="center", linespacing=0.95)
    for j, (name, heading) in enumerate(headings.items()):
        axes = page.axes(EDGE + _LABEL + j * (panel + _GAP), head, panel, height)
        most = max((one.high for (_, other), one in shares.items() if other == name and one.high > 0), default=1.0)
        _panel(axes, [shares[pilot, name] for pilot in pilots], most)
        axes.text(
            0, 1 + 0.06 / height, "\n".join(heading), transform=axes.transAxes, va="bottom", size=9, weight="bold"
        )
    return page.figure


def _share(values: pl.Series) -> _Share:
    """Return a share over the replications in which somebody came."""
    known = [100 * float(value) for value in values if value is not None and math.isfinite(value)]
    return _Share(sum(known) / len(known), min(known), max(known)) if known else _Share(math.nan, math.nan, math.nan)


def _name(pilot: str, *, judged: bool) -> list[str]:
    """Return the name of a pilot in lines, and that there is no verdict where there is none."""
    lines = wrapped(short_name(pilot), _LABEL - 0.15, 8.5)[:2]
    return lines if judged else [*lines, *wrapped(gettext("(in this run, no verdict)"), _LABEL - 0.15, 8.5)]


def _panel(axes: Axes, shares: Sequence[_Share], most: float) -> None:
    """Draw the bars of a class with their numbers, on a scale from 0."""
    for i, share in enumerate(shares):
        if math.isfinite(share.mean):
            axes.barh(i, share.mean, height=0.62, color=COLOURS[0] if i == 0 else COLOURS[1], lw=0)
            axes.plot([share.low, share.high], [i, i], color=GREY, lw=1.4, solid_capstyle="butt")
        at = share.high if math.isfinite(share.high) else 0.0
        axes.text(at + 0.04 * most, i, _percent(share.mean), va="center", size=9, color="#000000")
    without_scale(axes, len(shares), _ROOM * most)


def _percent(share: float) -> str:
    """Return a share (%) in words: what is nearly none or nearly all is not called none or all."""
    if not math.isfinite(share):
        return number(None, 0)
    if 0 < share < 0.005:
        return with_its_unit("<0.01", "%")
    if 99.9 < share < 100:
        return with_its_unit(">99.9", "%")
    return with_its_unit(number(share, 0 if share in (0, 100) else 1 if share >= 1 else 2), "%")


def _subtitle(n: int) -> str:
    """Return how the chart is read."""
    return run_together([
        gettext("Share of visits to a counter by how long the resident waits; fewer long waits are better."),
        gettext("Bars: mean of {n} replications; lines: lowest to highest of them.", n=n)
        if n > 1
        else gettext("One replication."),
        gettext("Each class has a scale of its own: bars compare designs, and not classes."),
    ])  # fmt: skip


def _notes(
    values: Mapping[tuple[str, str], pl.Series], pilots: Sequence[str], unjudged: Collection[str]
) -> Iterator[str]:
    """Yield what is known of how many do not wait at all."""
    left: list[str] = [pilot for pilot in pilots if pilot not in unjudged]
    for measure, words in _QUANTILES.items():
        none = [
            pilot for pilot in left if (values.get((pilot, measure), pl.Series([None])) == 0).all(ignore_nulls=False)
        ]
        left = [pilot for pilot in left if pilot not in none]
        if none:
            yield gettext(words, pilots=listed(map(short_name, none)))


def _titles(long: Mapping[str, float], n_pilots: int) -> Iterator[str]:
    """Yield which share of visits has a wait of ten minutes or more under the judged pilots, ever shorter."""
    known = {pilot: share for pilot, share in long.items() if math.isfinite(share)}
    if not known:
        yield gettext("How long residents wait at a counter")
        return
    without = n_pilots - len(long)
    ends = [ngettext("{n} design cannot be judged", "{n} designs cannot be judged", without)] if without else []
    each = [
        gettext("{share} under {pilot}", share=_percent(share), pilot=short_name(pilot))
        for pilot, share in known.items()
    ]
    yield gettext("Visits with a wait of 10 minutes or more: {each}", each=separated([*each, *ends]))
    best, worst = (end(known, key=known.__getitem__) for end in (min, max))
    for longest in _NAMES:
        words = {"best": short_name(best, longest), "worst": short_name(worst, longest)}
        whole = gettext(
            "Visits with a wait of 10 minutes or more: from {least} under {best} to {most} under {worst}",
            least=_percent(known[best]), most=_percent(known[worst]), **words,
        )  # fmt: skip
        yield separated([whole, *ends])
