"""A chart's frame in inches: from values to positions, and where words find a free place beside a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.arrays import Floats
from sim.charts.page import width_of

Box = tuple[float, float, float, float]
"""Left, foot, right and top (inches from the lower left corner of the chart)."""


@dataclass(frozen=True)
class Frame:
    """The limits and the size of a chart, to convert values to inches."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: float
    height: float

    def inches(self, x: float, y: float) -> tuple[float, float]:
        """Return the position of a value in inches from the lower left corner."""
        return (
            (x - self.x[0]) / (self.x[1] - self.x[0]) * self.width,
            (y - self.y[0]) / (self.y[1] - self.y[0]) * self.height,
        )

    def holds(self, box: Box) -> bool:
        """Return whether a box lies within the chart."""
        return box[0] >= 0 and box[1] >= 0 and box[2] <= self.width and box[3] <= self.height

    def beside(self, words: str, y: float, points: Floats, size: float = 8.5) -> Box:
        """Return the box of words that stand above or below a level line where the fewest points lie.

        Parameters
        ----------
        words, size
            One line, and its size in points.
        y
            Where the line is.
        points : ndarray of float, shape (n, 2)
            What is drawn; NaN is nowhere.
        """
        across, line = width_of(words, size) + 0.06, self.inches(0.0, y)[1]
        in_inches = np.array([self.inches(px, py) for px, py in points.tolist()]).reshape(-1, 2)
        in_inches = in_inches[np.isfinite(in_inches).all(axis=1)]
        boxes = [
            (left, foot, left + across, foot + 0.17)
            for foot in (line + 0.03, line - 0.2)
            for left in np.linspace(self.width - across - 0.03, 0.03, 9).tolist()
        ]
        inside = [box for box in boxes if self.holds(box)] or boxes[:1]
        return min(inside, key=lambda box: _within(in_inches, box))


def _within(points: Floats, box: Box) -> int:
    """Return how many points lie in a box, or touch it."""
    x, y = points[:, 0], points[:, 1]
    return int(((x > box[0] - 0.06) & (x < box[2] + 0.06) & (y > box[1] - 0.06) & (y < box[3] + 0.06)).sum())


def hits(box: Box, others: Sequence[Box]) -> bool:
    """Return whether a box overlaps another."""
    return any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others)
