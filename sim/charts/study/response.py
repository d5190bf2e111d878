"""The response that a study's chart shows: the words of its axis, the scale of its unit, and its numbers in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from sim.arrays import Floats
from sim.charts.frame import Box, Frame
from sim.charts.page import distinct, short_name
from sim.charts.style import GREY
from sim.language import first_of, gettext
from sim.report.tables import decimals, number, scale_of, with_unit

Promise = tuple[str, float, str]
"""A bound on a response: its words, its value in the response's unit, and `at_most` or `at_least`."""

_STRIP = "#f4f4f4"
"""The colour under a scale where it is marked what has no value."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Response:
    """A response: its label, the unit in which it is shown, and the factor from its values to that unit."""

    label: str
    unit: str
    factor: float

    @classmethod
    def from_label(cls, label: str, unit: str = "") -> Response:
        """Return the response of this name and unit; shares are shown in per cent."""
        factor, word, _ = scale_of(unit)
        return cls(short_name(label, 80), short_name(word, 30) if word else "", factor)

    @classmethod
    def from_table(cls, table: pl.DataFrame) -> Response:
        """Return the one response of a table.

        Raises
        ------
        ValueError
            The table must be of one response.
        """
        names = distinct(table, "response")
        if len(names) != 1:
            raise ValueError(f"table must be of 1 response, got {len(names)}: {', '.join(names) or 'no rows'}")
        return cls.from_label(names[0], str(table["unit"][0] or ""))

    @property
    def words(self) -> str:
        """The words of an axis: `response (unit)`."""
        return with_unit(self.label, self.unit)

    @property
    def difference(self) -> Response:
        """The response for differences: those of shares are in points."""
        return Response(self.label, gettext("points") if self.unit == "%" else self.unit, self.factor)

    def scaled(self, values: Iterable[float | None]) -> Floats:
        """Return values in the shown unit, NaN for none."""
        return self.factor * np.array([math.nan if v is None else v for v in values], dtype=np.float64)

    def one(self, value: float | None) -> float:
        """Return one value in the shown unit, NaN for none."""
        return float(self.scaled([value])[0])


def checked_promise(promise: Promise | None) -> None:
    """Raise unless the side of a promise is one of the two.

    Raises
    ------
    ValueError
        The side must be at_most or at_least.
    """
    if promise is not None and promise[2] not in ("at_most", "at_least"):
        raise ValueError(f"promise must be at_most or at_least a value, got {promise[2]}")


def short_number(value: float, half: float = math.nan, *, signed: bool = False) -> str:
    """Return a number in words to about three digits, or to the digits of its half-width; a dash for NaN."""
    size = max(abs(value), abs(half) if math.isfinite(half) else 0.0)
    if math.isfinite(value) and size and not 1e-3 <= size < 1e7:
        return _power(value, 3, signed=signed)
    return number(value, decimals(half, size), signed=signed).replace("-", "−")


def _power(value: float, digits: int, *, signed: bool = False) -> str:
    """Return a huge or tiny number with its power of ten."""
    sign = "+" if signed else "-"
    mantissa, power = f"{value:{sign}.{digits - 1}e}".split("e")
    plain = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{plain}×10".replace("-", "−") + str(int(power)).translate(_RAISED)


def tick_words(value: float) -> str:
    """Return the words of a tick of a scale."""
    if value and not 1e-3 <= abs(value) < 1e6:
        return _power(value, 6)
    return f"{value:,.10g}".replace("-", "−")


def scale(axis: Axis, n_ticks: int = 5) -> None:
    """Give an axis round ticks with plain labels, without an offset."""
    axis.set_major_locator(_round_ticks(n_ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick_words(float(value))))


def scale_above_strip(axes: Axes, ends: tuple[float, float], *, strip: float) -> None:
    """Give a chart the scale of a response, and under it a strip without a scale, where it is marked what has no value.

    Parameters
    ----------
    ends
        Of the scale.
    strip
        Height of the strip over that of the scale; 0: none.
    """
    low, high = ends
    axes.set_ylim(low - strip * (high - low), high)
    scale(axes.yaxis)
    if not strip:
        return
    axes.axhspan(axes.get_ylim()[0], low, facecolor=_STRIP, lw=0, zorder=0.5)
    axes.spines["left"].set_bounds(low, high)
    ticks = np.asarray(_round_ticks().tick_values(low, high), dtype=np.float64).tolist()
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))


def _round_ticks(n_ticks: int = 5) -> MaxNLocator:
    return MaxNLocator(n_ticks, steps=[1, 2, 2.5, 5, 10])


def limits(values: Iterable[float], margin: float = 0.06) -> tuple[float, float]:
    """Return the ends of a scale around the finite values, of some width even if they are all equal."""
    known = [v for v in values if math.isfinite(v)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    margin_width = (high - low) * margin or abs(high) * 0.1 or 1.0
    return low - margin_width, high + margin_width


def interval(low: float, high: float, value: float) -> tuple[float, float]:
    """Return the ends of an interval; both are the value if there is no interval."""
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (value, value)


def say_withheld(axes: Axes, x: float, colours: Sequence[str] = (GREY,)) -> None:
    """Mark at the foot of a chart that there is no value at x: a cross in the colour of each series."""
    at = axes.get_xaxis_transform()
    for i, colour in enumerate(colours):
        axes.plot([x], [0.035 + 0.035 * i], marker="x", ms=5, color=colour, mew=1.4, ls="none", transform=at, zorder=4)
    axes.text(
        x, 0.04 + 0.035 * len(colours), gettext("withheld"), transform=at, size=7.5, color=GREY, rotation=90,
        ha="center", va="bottom", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
    )  # fmt: skip


def draw_promise(axes: Axes, words: str, bound: float, where: tuple[Frame, Box]) -> None:
    """Draw the bound of a promise as a dashed line across the chart, with its words in a box beside it."""
    frame, box = where
    axes.axhline(bound, color="#222222", lw=1.2, ls=(0, (5, 3)), zorder=3)
    at = (box[0] + box[2]) / 2 / frame.width, (box[1] + box[3]) / 2 / frame.height
    axes.text(
        *at, short_name(words, 90), transform=axes.transAxes, size=8.5, ha="center", va="center", zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.75},
    )  # fmt: skip


def withheld_notes(places: Iterable[tuple[str, str]]) -> list[str]:
    """Return a note for each reason, with the places that have no value for it: (place, why)."""
    by_reason: dict[str, list[str]] = {}
    for place, why in places:
        by_reason.setdefault(why or gettext("too few replications have a value"), []).append(place)
    return [
        gettext("× Withheld at {places}: {why}.", places=first_of(where, 6), why=short_name(why, 200))
        for why, where in by_reason.items()
    ]
