"""The tornado chart: how far an effect moves when one assumption at a time goes to other levels than its base."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.charts.page import EDGE, Key, Page, Title, short_name, width_of
from sim.charts.study.levels import path_lines, widest
from sim.charts.study.response import Response, interval, limits, scale, short_number
from sim.charts.style import COLOURS, GREY, PALE, styled
from sim.language import gettext, separated
from sim.report.lines import literal
from sim.report.tables import with_its_unit

_WIDTH, _NAMES, _ROW = 11.0, 3.1, 0.36
"""Of the page, of the names, and height of a row (inches)."""
_ENDS: dict[str, dict[str, Any]] = {
    "low": {"facecolor": "#9ccbe8", "edgecolor": "#141414"},
    "high": {"facecolor": "#16324f", "edgecolor": "#141414"},
}
_SIZE = 7.5


@styled
def tornado(
    table: pl.DataFrame,
    base: tuple[float, float, float],
    title: Title,
    subtitle: str = "",
    footer: str = "",
    *,
    effect_label: str,
    unit: str = "",
    mid: float | None = None,
    most: int = 40,
    difference: bool = True,
) -> Figure:
    """Return the tornado chart: bars from the base effect to that at two levels of each factor, the widest on top.

    Parameters
    ----------
    table
        factor, base_level, low_level, high_level, low, low_from, low_to, high, high_from, high_to (the effect at
        each of the two levels with its interval), swing, why. NaN: impossible or withheld, for the reason of `why`.
    base
        The effect at the base, and its interval (NaN: none).
    title, subtitle, footer
        What is seen, how it was found, and where it comes from.
    effect_label, unit
        The effect; of `share` the effect is shown in points.
    mid
        The smallest effect that matters, in the unit: a band on both sides of 0.
    most
        Bars that are drawn; a note describes the rest.
    difference
        Whether the effect is one, so that 0 means none; otherwise it is a measure, without a line at 0.

    Raises
    ------
    ValueError
        The table must have rows; most must be at least 1.
    """
    if table.is_empty() or most < 1:
        raise ValueError(f"a tornado must have at least 1 row and 1 bar, got {len(table)} and {most}")
    response = Response.from_label(effect_label, unit)
    response = response.difference if difference else response
    factor = Response.from_label("", unit).factor
    mid = mid if difference else None
    effects = [factor * (math.nan if v is None else v) for v in base]
    rows = sorted((_row(row, factor) for row in table.to_dicts()), key=lambda row: -row.swing)
    shown, rest = rows[:most], rows[most:]
    bases = [short_name(row.base_level, 18) for row in shown]
    left = _NAMES + max(min(widest(bases, 8), 1.5), 0.4) + 0.2
    body = len(shown) * _ROW + 0.75
    page = Page.around(
        _WIDTH,
        body,
        title=title,
        subtitle=literal(subtitle),
        legend=_legend(effects, response.unit, with_mid=mid is not None, difference=difference),
        footer=footer,
        notes=[*_rest(rest, response.unit), *_reasons(shown)],
    )
    plot_width = _WIDTH - 2 * EDGE - left
    axes = page.axes(EDGE + left, 0.2, plot_width, len(shown) * _ROW)
    axes.set_xlim(*_ends(shown, effects, None if mid is None else mid * factor, plot_width, difference=difference))
    axes.set_ylim(len(shown) - 0.5, -0.5)
    _ground(axes, effects, None if mid is None else mid * factor, difference=difference)
    for i, row in enumerate(shown):
        lines = path_lines(row.factor, _NAMES - 0.2, 8, most=2)
        page.write(EDGE, 0.2 + (i + 0.5) * _ROW, "\n".join(lines), size=8, va="center", linespacing=1.1)
        page.write(EDGE + _NAMES, 0.2 + (i + 0.5) * _ROW, bases[i], size=8, va="center", color=GREY)
        _bars(axes, i, row, effects[0])
    page.write(EDGE, 0.1, gettext("Assumption"), size=8.5, weight="bold", va="bottom")
    page.write(EDGE + _NAMES, 0.1, gettext("Base"), size=8.5, weight="bold", va="bottom")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(response.words)
    scale(axes.xaxis, 7)
    return page.figure


@dataclass(frozen=True)
class _End:
    """The effect at one end of a factor, with its interval; NaN: none."""

    level: str
    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        return math.isfinite(self.value)


@dataclass(frozen=True)
class _Row:
    """One factor: its names, its two ends, how far they move the effect, and why an end has none."""

    factor: str
    base_level: str
    low: _End
    high: _End
    swing: float
    why: str


def _row(row: Mapping[str, Any], factor: float) -> _Row:
    """Return a row of the table in the shown unit; one without a swing comes last."""
    ends = []
    for end in ("low", "high"):
        numbers = [row[name] for name in (end, f"{end}_from", f"{end}_to")]
        value, low, high = (math.nan if v is None else factor * float(v) for v in numbers)
        ends.append(_End(str(row[f"{end}_level"] or end), value, *interval(low, high, value)))
    swing = row["swing"]
    known = swing is not None and math.isfinite(swing)
    size = factor * abs(float(swing)) if known else -1.0
    return _Row(str(row["factor"]), str(row["base_level"] or ""), ends[0], ends[1], size, str(row["why"] or ""))


def _legend(effects: Sequence[float], unit: str, *, with_mid: bool, difference: bool) -> list[Key]:
    """Return the keys of the bars, of the base and of the band that is too small to matter."""
    keys = [
        Key(gettext("at the lower level"), _ENDS["low"]),
        Key(gettext("at the higher level"), _ENDS["high"]),
        Key(gettext("interval"), {"color": COLOURS[2], "lw": 1.6}, line=True),
    ]
    if math.isfinite(effects[0]):
        words = _base_words(effects, unit, signed=difference)
        keys.append(Key(words, {"color": "#000000", "lw": 1.4}, line=True))
    if difference:
        keys.append(Key(gettext("no effect"), {"color": GREY, "lw": 1.2, "ls": ":"}, line=True))
    if with_mid:
        keys.append(Key(gettext("too small to matter (MID)"), {"facecolor": PALE, "edgecolor": "#999999"}))
    return keys


def _base_words(effects: Sequence[float], unit: str, *, signed: bool) -> str:
    """Return the effect at the base in words."""
    half = (effects[2] - effects[1]) / 2
    value, low, high = (short_number(effect, half, signed=signed) for effect in effects)
    value = f"{value} [{low}, {high}]" if math.isfinite(half) else value
    return gettext("at the base: {value}", value=with_its_unit(value, unit))


def _ends(
    rows: Sequence[_Row], effects: Sequence[float], mid: float | None, plot_width: float, *, difference: bool
) -> tuple[float, float]:
    """Return the ends of the scale: all bars and whiskers, with space for the words at their ends."""
    values = [*([0.0] if difference else []), effects[0], *([mid, -mid] if mid else [])]
    values += [v for row in rows for end in (row.low, row.high) for v in (end.low, end.high)]
    known = [v for v in values if math.isfinite(v)] or [0.0]
    low, high = min(known), max(known)
    low, high = (low, high) if high > low else limits([low])
    start = effects[0] if math.isfinite(effects[0]) else 0.0
    reach = [(_reach(end, start), width_of(_level(end), _SIZE) + 0.2) for row in rows for end in (row.low, row.high)]
    ends = low, high
    # The words need inches and the scale is what inches are worth: a few rounds settle both.
    for _ in range(12):
        inch = (ends[1] - ends[0]) / plot_width
        ends = (
            min([low - 0.1 * inch, *(at - width * inch for (at, right), width in reach if not right)]),
            max([high + 0.1 * inch, *(at + width * inch for (at, right), width in reach if right)]),
        )
    return ends


def _reach(end: _End, start: float) -> tuple[float, bool]:
    """Return where the words at an end begin, and whether they run to the right."""
    if not end.known:
        return start, True
    right = end.value >= start
    return (max(end.value, end.high, start) if right else min(end.value, end.low, start)), right


def _ground(axes: Axes, effects: Sequence[float], mid: float | None, *, difference: bool) -> None:
    """Draw the lines at the base effect and at 0, the interval of the base, and the band that does not matter."""
    if mid is not None:
        axes.axvspan(-mid, mid, facecolor=PALE, edgecolor="#999999", lw=0.5, zorder=0)
    if difference:
        axes.axvline(0, color=GREY, lw=1.2, ls=":", zorder=1)
    if math.isfinite(effects[0]):
        axes.axvline(effects[0], color="#000000", lw=1.4, zorder=5)
    if all(map(math.isfinite, effects)):
        axes.plot(effects[1:], [-0.5, -0.5], color="#000000", lw=3, solid_capstyle="butt", clip_on=False, zorder=5)


def _level(end: _End) -> str:
    """Return the words at an end of a bar."""
    level = short_name(end.level, 18)
    return level if end.known else gettext("{level}: no value", level=level)


def _bars(axes: Axes, i: int, row: _Row, base: float) -> None:
    """Draw the low end above the high end, so that both are visible when they lie on one side of the base."""
    low_end, high_end = axes.get_xlim()
    apart = 0.006 * (high_end - low_end)
    start = base if math.isfinite(base) else 0.0
    for name, end, y in (("low", row.low, i - 0.2), ("high", row.high, i + 0.2)):
        if not end.known:
            axes.text(start + apart, y, _level(end), size=_SIZE, color=GREY, style="italic", va="center_baseline")
            continue
        axes.barh(y, end.value - start, left=start, height=0.34, lw=0.5, zorder=2, label=name, **_ENDS[name])
        axes.plot([end.low, end.high], [y, y], color=COLOURS[2], lw=1.6, solid_capstyle="butt", zorder=3)
        at, right = _reach(end, start)
        at += apart if right else -apart
        axes.text(at, y, _level(end), size=_SIZE, ha="left" if right else "right", va="center_baseline", zorder=4)


def _rest(rest: Sequence[_Row], unit: str) -> list[str]:
    """Return a note on the factors that are not drawn, and how little they move the effect."""
    if not rest:
        return []
    known = [row for row in rest if row.swing >= 0]
    unknown = len(rest) - len(known)
    if not known:
        return [gettext("… and {n} without a value.", n=unknown)]
    words = {"n": len(known), "most": with_its_unit(short_number(known[0].swing), unit), "unknown": unknown}
    if unknown:
        return [
            gettext(
                "… and {n} more that move it by at most {most} between levels, and {unknown} without a value.", **words
            )
        ]
    return [gettext("… and {n} more that move it by at most {most} between levels.", **words)]


def _reasons(rows: Sequence[_Row]) -> list[str]:
    """Return notes on the ends without a value, by reason."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        withheld = [short_name(end.level, 18) for end in (row.low, row.high) if not end.known]
        if withheld:
            words = {"factor": short_name(row.factor, 60), "level": withheld[0], "other": withheld[-1]}
            where = gettext("{factor} at {level}", **words)
            if len(withheld) > 1:
                where = gettext("{factor} at {level} and at {other}", **words)
            by_reason.setdefault(row.why or gettext("withheld"), []).append(where)
    return [
        gettext("No value ({why}): {where}.", why=short_name(why, 160), where=separated(where))
        for why, where in by_reason.items()
    ]
