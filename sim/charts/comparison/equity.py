"""The chart of equity: special-care households, households far away and communities, under each pilot."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import blended_transform_factory

from sim.charts.page import EDGE, Key, Page, distinct, pilot_key, short_name
from sim.charts.style import GREY, pilot_style, styled
from sim.language import N_, either, gettext, listed, ngettext, run_together, separated
from sim.report import counts
from sim.report.tables import decimals, number, scale_of
from sim.statistics.intervals import longer_side
from sim.statistics.verdicts import NO_INTERVAL, Cause

_MOST_NAMED = 6
"""Designs that a title names."""
_MEASURES = {
    "turnaround_p50": N_("Turnaround, half within"),
    "counter_wait_mean": N_("Wait at a counter, mean"),
    "resident_time": N_("A resident's own time for a request"),
    "left_unserved": N_("Requests left unserved"),
}
"""Of each of these more is worse."""

_LANES = (
    ("community", "worst_minus_best", N_("today's\ncommunities")),
    ("special_care", "gap", N_("full: special care\nhollow: others")),
    ("distance", "gap", N_("full: far from\ntoday's office\nhollow: near it")),
    ("heads", "gap", N_("full: many house-\nholds a head\nhollow: few")),
)
_PAIRS = {
    "special_care": ("special_care:yes", "special_care:no"),
    "distance": ("distance:far", "distance:near"),
    "heads": ("heads:few", "heads:many"),
}
_NO_INTERVAL: dict[str, str] = {
    Cause.TOO_SKEWED: N_("too skewed a number to tell"),
    Cause.NO_SPREAD: N_("the same in all replications"),
}

_PITCH, _APART = 0.22, 0.045
"""Height of a pilot's lane, and how far its two groups stand from its middle (inches)."""
_LABELS, _NUMBERS, _BETWEEN = 1.15, 1.15, 0.2
"""Room left and right of a panel, and between panels (inches)."""


@styled
def equity(measures: pl.DataFrame, statistics: pl.DataFrame, footer: str = "") -> Figure:
    """Return the chart of how evenly residents fare on four measures, one panel for each.

    Parameters
    ----------
    measures
        pilot, replication, measure, group, unit, value: the long table; groups of communities (of a fixed place),
        special care, distance and heads.
    statistics
        pilot, measure, family, statistic, unit, estimate, low, high, cause: the table `equity`.
    footer
        Where the numbers come from.

    Returns
    -------
    Figure
        Dots are means of communities over the replications, whose noise spreads them; the gap at the right of each
        lane is free of it, and so is often smaller than the reach of the dots. A group without a mean has no mark.
        Every panel has a scale of its own.

    Raises
    ------
    ValueError
        If the measures have none of the four, for such groups.
    """
    pilots = distinct(measures, "pilot")
    group_means = _group_means(measures)
    wanted = [m for m in _MEASURES if any((p, m) in group_means for p in pilots)]
    if not wanted:
        raise ValueError(f"measures must have groups of one of {', '.join(_MEASURES)}, got none")
    by_key = {(r["pilot"], r["measure"], r["statistic"], r["family"]): r for r in statistics.iter_rows(named=True)}
    panels = [_Panel.from_tables(m, measures, group_means, by_key, pilots) for m in wanted]
    lanes = [lane for lane in _LANES if any(panel.has(lane[0]) for panel in panels)]
    legend = [pilot_key(i, short_name(p), ls="none") for i, p in enumerate(pilots)]
    n = measures["replication"].n_unique()
    if lanes[0][0] == "community":
        seen = [
            gettext("Each dot is one of today's communities (mean of {n} replications); upright: their median.", n=n),
            gettext(
                "Gap: worst less best or full less hollow, with its interval; who is worst is named by other "
                "replications than those that measure it."
            ),
        ]
        median = {"color": GREY, "marker": "|", "ls": "none", "ms": 11, "mew": 2}
        legend.append(Key(gettext("median community"), median, line=True))
    else:
        seen = [
            gettext("Means of {replications}.", replications=counts.replications(n)),
            gettext("Gap: full less hollow, with its interval."),
        ]
    seen.append(gettext("Scales differ; further left is better."))
    if any(panel.starred for panel in panels):
        seen.append(gettext("* meets an overloaded post, so that it depends on the length of the run."))
    n_columns = min(2, len(panels))
    body = len(lanes) * (len(pilots) * _PITCH + 0.14)
    height = body + 1.0
    n_rows = math.ceil(len(panels) / n_columns)
    title = _title(by_key, pilots)
    page = Page.around(11.0, n_rows * height, title=title, subtitle=run_together(seen), legend=legend, footer=footer)
    panel_width = (11.0 - 2 * EDGE - (n_columns - 1) * _BETWEEN) / n_columns
    for i, panel in enumerate(panels):
        row, column = divmod(i, n_columns)
        left = EDGE + column * (panel_width + _BETWEEN)
        axes = page.axes(left + _LABELS, row * height + 0.35, panel_width - _LABELS - _NUMBERS, body)
        _draw(axes, panel, pilots, lanes)
    return page.figure


@dataclass(frozen=True)
class _Panel:
    """One measure: its words, the values of each lane and pilot as they are shown, and the gap in words."""

    title: str
    unit: str
    communities: Mapping[str, Sequence[float]]
    pairs: Mapping[tuple[str, str], tuple[float, float]]
    numbers: Mapping[tuple[str, str], str]
    starred: bool

    def has(self, family: str) -> bool:
        """Return whether a kind of group has values under any pilot."""
        if family == "community":
            return any(self.communities.values())
        return any(not all(map(math.isnan, pair)) for (of, _), pair in self.pairs.items() if of == family)

    @classmethod
    def from_tables(
        cls,
        measure: str,
        measures: pl.DataFrame,
        group_means: Mapping[tuple[str, str], Mapping[str, float]],
        by_key: Mapping[tuple[str, str, str, str], Mapping[str, object]],
        pilots: Sequence[str],
    ) -> _Panel:
        """Return the panel of a measure."""
        unit = str(measures.filter(pl.col("measure") == measure)["unit"][0])
        factor, word, _ = scale_of(unit)
        means_of = {p: group_means.get((p, measure), {}) for p in pilots}
        communities = {
            p: sorted(factor * v for g, v in groups.items() if g.startswith("community:") and math.isfinite(v))
            for p, groups in means_of.items()
        }
        pairs = {
            (family, p): (factor * groups.get(one, math.nan), factor * groups.get(other, math.nan))
            for family, (one, other) in _PAIRS.items()
            for p, groups in means_of.items()
        }
        gaps = {(f, p): by_key.get((p, measure, s, f)) for f, s, _ in _LANES for p in pilots}
        known = [pair for pair in (_estimate(row, factor) for row in gaps.values()) if math.isfinite(pair[0])]
        # As many decimals for all: a gap near 0 has more of its own than anybody reads.
        digits = min((decimals(half, gap) for gap, half in known), default=0)
        numbers = {lane: _gap(row, factor, digits) for lane, row in gaps.items()}
        return cls(gettext(_MEASURES[measure]), word, communities, pairs, numbers, any(map(_starred, gaps.values())))


def _group_means(measures: pl.DataFrame) -> dict[tuple[str, str], dict[str, float]]:
    """Return the mean over replications of each group by pilot and measure; NaN if a replication has none."""
    groups = [group for pair in _PAIRS.values() for group in pair]
    mine = measures.filter(
        pl.col("measure").is_in(list(_MEASURES)),
        pl.col("group").str.starts_with("community:") | pl.col("group").is_in(groups),
    )
    group_means: dict[tuple[str, str], dict[str, float]] = {}
    value = pl.col("value").fill_null(math.nan)
    for pilot, measure, group, mean in (
        mine.group_by("pilot", "measure", "group", maintain_order=True).agg(value.mean()).iter_rows()
    ):
        group_means.setdefault((pilot, measure), {})[group] = mean
    return group_means


def _gap(row: Mapping[str, object] | None, factor: float, digits: int) -> str:
    """Return a gap in words with its half-width, and with a star where nothing can be concluded from it."""
    estimate, half = _estimate(row, factor)
    if not math.isfinite(estimate):
        return "–"
    text = number(estimate, digits, signed=True).replace("-", "−")
    text += f" ± {number(half, digits)}" if math.isfinite(half) else ""
    return text + "*" * _starred(row)


def _estimate(row: Mapping[str, object] | None, factor: float = 1.0) -> tuple[float, float]:
    """Return a gap and the half-width of its interval; NaN where there is none."""
    estimate, low, high = (
        math.nan if row is None or row[k] is None else factor * float(row[k])  # type: ignore[arg-type]
        for k in ("estimate", "low", "high")
    )
    return estimate, longer_side(estimate, low, high)


def _starred(row: Mapping[str, object] | None) -> bool:
    """Return whether a gap has a value that depends on the length of the run."""
    if row is None or row["cause"] is None or _skewed(row):
        return False
    return isinstance(gap := row["estimate"], float) and math.isfinite(gap)


def _skewed(row: Mapping[str, object] | None) -> bool:
    """Return whether a gap has no interval, as its values are too skewed or all alike."""
    return row is not None and row["cause"] in NO_INTERVAL


def _draw(axes: Axes, panel: _Panel, pilots: Sequence[str], lanes: Sequence[tuple[str, str, str]]) -> None:
    """Draw a panel: a block for each kind of group, and in it a lane for each pilot."""
    right = blended_transform_factory(axes.transAxes, axes.transData)
    height = len(pilots) * _PITCH + 0.14
    axes.set_ylim(len(lanes) * height, 0)
    y = 0.07
    for b, (family, _, label) in enumerate(lanes):
        if b % 2 == 0:
            axes.axhspan(y - 0.07, y - 0.07 + height, color="#f6f6f6", lw=0, zorder=0)
        axes.text(
            -0.03, y - 0.07 + height / 2, gettext(label), transform=right, ha="right", va="center", linespacing=1.3
        )
        for i, pilot in enumerate(pilots):
            at = y + (i + 0.5) * _PITCH
            if family == "community":
                _strip(axes, panel.communities[pilot], at, i)
            else:
                _pair(axes, panel.pairs[family, pilot], at, i)
            axes.text(1.03, at, panel.numbers[family, pilot], transform=right, va="center", color="#222222")
        y += height
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.margins(x=0.04)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]) if axes.get_xlim()[0] < 0.3 * axes.get_xlim()[1] else None)
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(panel.unit[:1].upper() + panel.unit[1:])
    axes.text(-0.03, -0.1, panel.title, transform=right, weight="bold", fontsize=10, va="bottom")
    axes.text(1.03, -0.1, gettext("gap"), transform=right, weight="bold", va="bottom")


def _strip(axes: Axes, values: Sequence[float], y: float, i: int) -> None:
    """Draw the communities of a pilot: a line from best to worst, a dot each and a rule at the median."""
    if not values:
        return
    colour, marker, _ = pilot_style(i)
    axes.plot([values[0], values[-1]], [y, y], color=colour, lw=0.8, zorder=2)
    axes.plot(values, [y] * len(values), marker, ms=4.5, color=colour, alpha=0.45, mec="white", mew=0.4, zorder=3)
    axes.plot(float(np.median(values)), y, "|", ms=12, mew=2.0, color=colour, zorder=4)


def _pair(axes: Axes, values: tuple[float, float], y: float, i: int) -> None:
    """Draw two groups, one above the other lest it hides it: the first full, the second hollow."""
    if not all(map(math.isfinite, values)):
        return
    colour, marker, _ = pilot_style(i)
    heights = [y - _APART, y + _APART]
    axes.plot(values, heights, color=colour, lw=1.2, zorder=2)
    axes.plot(values[1], heights[1], marker, ms=5.5, mfc="white", mec=colour, mew=1.2, zorder=3)
    axes.plot(values[0], heights[0], marker, ms=5.5, color=colour, zorder=4)


TIMES = {
    "counter_wait_mean": N_("minutes of waiting at a counter"),
    "resident_time": N_("minutes of a resident's time"),
}
"""The measures of which a title may speak."""

PAIRS = [("gap", "heads"), ("gap", "distance"), ("gap", "special_care")]
"""The gaps of groups that are given beforehand."""

BETWEEN = {
    "community": N_("the worst and the best community"),
    "heads": N_("communities with few and with many heads a household"),
    "distance": N_("households far from today's office and near it"),
    "special_care": N_("special-care households and the others"),
}


def _title(by_key: Mapping[tuple[str, str, str, str], Mapping[str, object]], pilots: Sequence[str]) -> str:
    """Return the title: how far apart the worst and the best community are, or else the widest gap of two groups."""
    named = any(family == "community" for *_, family in by_key)
    asked = [(measure, lane) for lane in ([("worst_minus_best", "community")] if named else PAIRS) for measure in TIMES]
    if not named:
        asked.sort(key=lambda one: -_widest([by_key.get((p, one[0], *one[1])) for p in pilots]))
    for measure, lane in asked:
        words = {"measure": gettext(TIMES[measure]), "groups": gettext(BETWEEN[lane[1]])}
        by_pilot = {p: by_key.get((p, measure, *lane)) for p in pilots}
        rows = {p: row for p, row in by_pilot.items() if row is not None and (row["cause"] is None or _skewed(row))}
        known = {p: row for p, row in rows.items() if math.isfinite(_estimate(row)[0])}
        shown = {p: _estimate(row) for p, row in known.items() if _shown(row) and not _skewed(row)}
        # as many decimals for all: a gap near 0 has more of its own than anybody reads
        digits = min((decimals(half, gap) for gap, half in shown.values()), default=0)
        gaps = {p: number(gap, digits).replace("-", "−") for p, (gap, _) in shown.items()}
        gaps |= {p: gettext(_NO_INTERVAL[str(row["cause"])]) for p, row in known.items() if _skewed(row)}
        if known and not gaps:
            if len(known) == len(pilots):
                return gettext(
                    "No gap in {measure} between {groups} is more than chance in these replications", **words
                )
            return gettext(
                "No gap in {measure} between {groups} is more than chance under {pilots}",
                **words, pilots=either(map(short_name, known)),
            )  # fmt: skip
        if known:
            return gettext("Between {groups} lie {measure}: {each}", **words, each=_each(known, gaps))
    return gettext("How evenly residents fare between communities, households and distances")


def _each(pilots: Collection[str], gaps: Mapping[str, str]) -> str:
    """Return the gaps of the pilots in words, those alike together; of many the first, and how many more there are."""
    chance = gettext("no more than chance")
    names, alike = [short_name(p) for p in pilots], dict[str, list[str]]()
    for pilot, name in zip(pilots, names[:_MOST_NAMED], strict=False):
        alike.setdefault(gaps.get(pilot, chance), []).append(name)
    each = [gettext("{gap} under {pilot}", gap=gap, pilot=listed(those)) for gap, those in alike.items()]
    more = len(names) - _MOST_NAMED
    if more <= 0:
        return listed(each) if len(each) == len(names) <= 3 else separated(each)
    words = ngettext("{n} more design below", "{n} more designs below", more)
    return separated([*each, words])


def _widest(rows: Sequence[Mapping[str, object] | None]) -> float:
    """Return the greatest gap that is more than chance; 0 where none is."""
    shown = (row for row in rows if row is not None and row["cause"] is None and _shown(row))
    return max((abs(_estimate(row)[0]) for row in shown), default=0.0)


def _shown(row: Mapping[str, object] | None) -> bool:
    """Return whether the interval of a gap excludes 0, or there is none."""
    low, high = (None if row is None else row[k] for k in ("low", "high"))
    return not (isinstance(low, float) and isinstance(high, float) and low <= 0 <= high)
