"""The levels of a factor as an axis: numbers on a scale, others as categories, with names broken to fit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from sim.arrays import Floats
from sim.charts.page import cut_to, short_name, width_of, wrapped
from sim.report.lines import pieces

_SIZE = 8.0
_LINE = 0.135
"""Size of a level's name (points) and height of its lines (inches)."""
_MARGIN = 0.07
"""Empty share of a scale beyond its first and its last level."""


@dataclass(frozen=True)
class Levels:
    """The levels of one factor in their order, and their positions on its axis."""

    orders: tuple[int, ...]
    names: tuple[str, ...]
    at: Floats
    numeric: bool

    @classmethod
    def from_table(cls, table: pl.DataFrame) -> Levels:
        """Return the levels of a table with level, order and x (null: not a number)."""
        rows = table.select("order", "level", "x").unique("order", maintain_order=True).sort("order")
        xs = [math.nan if x is None else float(x) for x in rows["x"]]
        numeric = len(xs) > 1 and all(map(math.isfinite, xs)) and len(set(xs)) == len(xs)
        at = np.array(xs) if numeric else np.arange(len(xs), dtype=np.float64)
        return cls(tuple(rows["order"].to_list()), tuple(str(name) for name in rows["level"]), at, numeric)

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the axis."""
        low, high = float(self.at.min()), float(self.at.max())
        if not self.numeric:
            return low - 0.5, high + 0.5
        return low - _MARGIN * (high - low), high + _MARGIN * (high - low)

    def position(self, order: int) -> float:
        """Return the position of the level of this order."""
        return float(self.at[self.orders.index(order)])

    def labels(self, axis_width: float) -> tuple[list[str], bool]:
        """Return the labels that fit an axis of this width (inches), and whether they are turned upright."""
        if self.numeric:
            return self._thinned(axis_width), False
        pitch = axis_width / len(self.names) - 0.08
        lines = [wrapped(short_name(name, 40), pitch, _SIZE) for name in self.names]
        widest = max(width_of(word, _SIZE) for name in self.names for word in [*short_name(name, 40).split(), ""])
        if widest <= pitch and max(map(len, lines)) <= 3:
            return ["\n".join(one) for one in lines], False
        return [short_name(name, 24) for name in self.names], True

    def _thinned(self, axis_width: float) -> list[str]:
        """Return the names of the levels of a scale without those that would overlap; the ends are kept first."""
        names = [short_name(name, 12) for name in self.names]
        low, high = self.ends
        middle = (self.at - low) / (high - low) * axis_width
        ends = [2 * (min(at, axis_width - at) + 0.13) for at in middle.tolist()]  # it must not reach the next panel
        names = [cut_to(name, end, _SIZE) for name, end in zip(names, ends, strict=True)]
        kept: list[int] = []
        for i in sorted(range(len(names)), key=lambda i: (i not in {int(self.at.argmin()), int(self.at.argmax())}, i)):
            half = width_of(names[i], _SIZE) / 2
            if all(abs(middle[i] - middle[k]) > half + width_of(names[k], _SIZE) / 2 + 0.08 for k in kept):
                kept.append(i)
        return [name if i in kept else "" for i, name in enumerate(names)]

    def depth(self, axis_width: float) -> float:
        """Return the height of the labels under an axis of this width (inches)."""
        labels, upright = self.labels(axis_width)
        if upright:
            return max(width_of(label, _SIZE) for label in labels) + 0.1
        return max(label.count("\n") + 1 for label in labels) * _LINE + 0.1

    def draw(self, axes: Axes, axis_width: float) -> None:
        """Label the horizontal axis of a panel of this width (inches) with the levels."""
        labels, upright = self.labels(axis_width)
        axes.set_xlim(*self.ends)
        axes.set_xticks(self.at.tolist(), labels, fontsize=_SIZE)
        if upright:
            axes.tick_params(axis="x", labelrotation=90)


def path_lines(name: str, max_width: float, size: float, *, bold: bool = False, most: int = 3) -> list[str]:
    """Return the name of a factor in lines that fit a width (inches), broken after the dots of its path.

    Of a name that needs more lines than `most` the middle is left out.
    """
    plain = short_name(name, 400)
    for longest in (400, 120, 90, 70, 50, 36, 24, 16, 10):
        lines = _filled(_pieces(short_name(plain, longest)), max_width, size, bold=bold)
        if len(lines) <= most:
            break
    return lines[:most]


def _pieces(name: str) -> list[str]:
    """Return the pieces of a name between which it may be broken."""
    spaced = re.sub(r"\.(?=[^\d])", ".\n", name).replace(" ", " \n").replace("|", "|\n")
    return [piece for part in spaced.split("\n") if part for piece in pieces(part)]


def _filled(pieces: Sequence[str], max_width: float, size: float, *, bold: bool) -> list[str]:
    """Return the pieces filled into lines; a piece that is too long for a line is broken."""
    lines = [""]
    for piece in pieces:
        if width_of((lines[-1] + piece).rstrip(), size, bold=bold) <= max_width:
            lines[-1] += piece
            continue
        broken = _broken(piece, max_width, size, bold=bold)
        lines = [*lines, *broken] if lines[-1] else broken
    return [line.rstrip() for line in lines]


def _broken(piece: str, max_width: float, size: float, *, bold: bool) -> list[str]:
    """Return a piece in as many lines as it needs."""
    lines = [""]
    for character in piece:
        if lines[-1] and width_of(lines[-1] + character, size, bold=bold) > max_width:
            lines.append("")
        lines[-1] += character
    return lines


def widest(lines: Iterable[str], size: float, *, bold: bool = False) -> float:
    """Return the width of the widest of some lines (inches)."""
    return max((width_of(line, size, bold=bold) for line in lines), default=0.0)
