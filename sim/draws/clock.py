"""Ticks and calendars: the only place where time is converted and working time is measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from sim.arrays import Ints

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

NEVER = np.iinfo(np.int64).max


def ticks(amount: float, unit: int) -> int:
    """Return an amount of a unit (such as `MINUTE`) as whole ticks, rounded half to even."""
    return round(amount * unit)


@dataclass(frozen=True)
class Calendar:
    """Sorted, disjoint intervals [open, close) in ticks; touching intervals are allowed.

    A single moment is an interval of one tick.
    """

    open: Ints
    close: Ints

    @classmethod
    def from_intervals(cls, intervals: Iterable[tuple[int, int]]) -> Calendar:
        """Return the calendar of these intervals, which must be sorted and disjoint."""
        table = np.array(list(intervals), dtype=np.int64).reshape(-1, 2)
        return cls(np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1]))

    @cached_property
    def _before(self) -> Ints:
        """Return the open ticks before each interval, with the total last."""
        return np.concatenate([[0], np.cumsum(self.close - self.open)]).astype(np.int64)

    @property
    def total(self) -> int:
        """Return the open ticks of the whole calendar."""
        return int(self._before[-1])

    def elapsed(self, instants: ArrayLike) -> Ints:
        """Return the open ticks before each instant (shape of `instants`, ticks)."""
        at = np.asarray(instants, dtype=np.int64)
        if not len(self.open):
            return np.zeros(at.shape, dtype=np.int64)
        i = np.searchsorted(self.open, at, side="right") - 1
        inside = np.minimum(at, self.close[i]) - self.open[i]
        return np.where(i < 0, 0, self._before[i] + np.maximum(inside, 0))

    def between(self, start: ArrayLike, end: ArrayLike) -> Ints:
        """Return the open ticks in [start, end) (shape of the arguments, ticks)."""
        return self.elapsed(end) - self.elapsed(start)

    def contains(self, instants: ArrayLike) -> NDArray[np.bool_]:
        """Return whether each instant lies in the calendar."""
        at = np.asarray(instants, dtype=np.int64)
        if not len(self.open):
            return np.zeros(at.shape, dtype=bool)
        i = np.searchsorted(self.open, at, side="right") - 1
        return (i >= 0) & (at < self.close[i])

    def after(self, instants: ArrayLike, amount: ArrayLike = 0) -> Ints:
        """Return the first open instant that has `amount` open ticks between each instant and itself.

        It is After(t, n, calendar) of the engine contract: the instant itself where it is open and the amount is 0;
        `NEVER` where the calendar ends before.
        """
        position = self.elapsed(instants) + np.asarray(amount, dtype=np.int64)
        i = np.searchsorted(self._before, position, side="right") - 1
        is_open = i < len(self.open)
        j = np.minimum(i, len(self.open) - 1)
        return (
            np.where(is_open, self.open[j] + position - self._before[j], NEVER)
            if len(self.open)
            else np.full(position.shape, NEVER, dtype=np.int64)
        )

    def at(self, positions: ArrayLike) -> Ints:
        """Return the instant at which each number of open ticks has passed since tick 0 (`NEVER` past the end)."""
        return self.after(np.zeros_like(np.asarray(positions, dtype=np.int64)), positions)

    def clipped(self, start: int, end: int) -> Calendar:
        """Return the part of the calendar in [start, end)."""
        opens = np.maximum(self.open, start)
        closes = np.minimum(self.close, end)
        keep = opens < closes
        return Calendar(opens[keep], closes[keep])
