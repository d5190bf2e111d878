"""What stands out in a table of a study, and how surely by its intervals: what sentences and titles name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from sim.statistics.verdicts import Ranked

if TYPE_CHECKING:
    Row = dict[str, Any]

NONE_MOVES = 1e-9
"""Means that differ by no more than this share of the largest are equal."""


class Pair(NamedTuple):
    """Two rows of a table, and whether their means surely differ."""

    one: Row
    other: Row
    sure: bool


class Moved(NamedTuple):
    """The factor over whose levels the means differ most, of those that surely move a response, or else of all.

    The rows of its lowest and its highest mean. `equal`: there is no difference. `sure`: it moves the response beyond
    the noise. `may_be`: the factors that may move it most, this one first, by intervals that hold for all together: it
    alone where that is known.
    """

    low: Row
    high: Row
    equal: bool
    sure: bool
    may_be: tuple[str, ...]

    @property
    def most(self) -> bool:
        """Return whether this factor is known to move the response most."""
        return self.sure and len(self.may_be) == 1


def known(part: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that have a mean."""
    return part.filter(pl.col("mean").is_finite())


def all_equal(part: pl.DataFrame) -> bool:
    """Return whether two means or more are there, and all are the same."""
    means = known(part)["mean"]
    return len(means) > 1 and means.n_unique() == 1


def extremes(part: pl.DataFrame) -> Pair | None:
    """Return the rows of the lowest and the highest mean, or None of fewer than two."""
    ordered = known(part).sort("mean", maintain_order=True)
    if len(ordered) < 2:
        return None
    low, high = ordered.row(0, named=True), ordered.row(-1, named=True)
    return Pair(low, high, _apart(low, high))


def ends(part: pl.DataFrame) -> Pair | None:
    """Return the first and the last row of a curve whose levels are numbers, or None where one of them has no mean."""
    ordered = part.sort("order")
    if len(ordered) < 2 or ordered["x"].null_count():
        return None
    first, last = ordered.row(0, named=True), ordered.row(-1, named=True)
    if not (math.isfinite(first["mean"]) and math.isfinite(last["mean"])):
        return None
    return Pair(first, last, _apart(first, last) or _changed(first, last))


def goes_straight(part: pl.DataFrame) -> bool:
    """Return whether a curve has a value at every level, and does not surely leave the span of its ends on its way."""
    rows = part.sort("order").to_dicts()
    first, last = rows[0], rows[-1]
    above, below = max(first["high"], last["high"]), min(first["low"], last["low"])
    leaves = any(row["low"] > above or row["high"] < below for row in rows)
    return bool(part["mean"].is_finite().all()) and not leaves


def strongest(part: pl.DataFrame) -> Moved | None:
    """Return the factor that moves a response most by the means, or None where none has two."""
    factors = part.partition_by("factor", maintain_order=True)
    pairs = [pair for one in factors if (pair := extremes(one))]
    if not pairs:
        return None
    sure = [pair for pair in pairs if _number(pair.one["swing_from"], 0.0) > 0]
    low, high, _ = max(sure or pairs, key=lambda pair: float(pair.other["mean"] - pair.one["mean"]))
    equal = high["mean"] - low["mean"] <= NONE_MOVES * max(abs(low["mean"]), abs(high["mean"]))
    least = max(_number(one["swing_from"][0], 0.0) for one in factors)
    name = str(low["factor"])
    may_be = [str(one["factor"][0]) for one in factors if not _is_less(_most(one.row(0, named=True)), least)]
    return Moved(low, high, equal, bool(sure) and not equal, (name, *(one for one in may_be if one != name)))


def swinging(part: pl.DataFrame) -> tuple[list[Row], bool]:
    """Return the factors of a tornado that move an effect beyond the noise, the widest first.

    Second: whether the first of them surely moves it more than any other factor.
    """
    sure = [row for row in part.iter_rows(named=True) if row["sure"]]
    if not sure:
        return [], False
    others = [_most(row) for row in part.iter_rows(named=True) if row["factor"] != sure[0]["factor"]]
    return sure, all(_is_less(other, sure[0]["swing_from"]) for other in others)


def carriers(part: pl.DataFrame) -> tuple[list[Row], bool]:
    """Return the factors that have a total index, the largest first, and whether the first is surely the largest."""
    ordered = part.filter(pl.col("total").is_finite()).sort("total", descending=True, maintain_order=True).to_dicts()
    sure = len(ordered) == len(part) > 1
    return ordered, sure and all(_is_less(row["total_high"], ordered[0]["total_low"]) for row in ordered[1:])


def best(ranked: pl.DataFrame) -> tuple[list[Row], int]:
    """Return the points of a ranking that are known to be the best, and how many may be, they among them."""
    verdicts = ranked["verdict"].is_in([Ranked.BEST, Ranked.MAY_BE_BEST])
    return ranked.filter(pl.col("verdict") == Ranked.BEST).to_dicts(), int(verdicts.sum())


def _apart(one: Row, other: Row) -> bool:
    """Return whether the intervals of two means do not meet, and so that of their difference leaves out 0."""
    return bool(one["high"] < other["low"] or other["high"] < one["low"])


def _changed(one: Row, other: Row) -> bool:
    """Return whether one of two rows is that from which differences are, and the other's leaves out 0."""
    ends = ("change", "change_low", "change_high")
    pairs = ((one, other), (other, one)) if set(ends) <= set(one) else ()
    return any(first["change"] == 0 and bool(row["change_low"] > 0 or row["change_high"] < 0) for row, first in pairs)


def _most(row: Row) -> float:
    """Return how far a factor may move a response: not at all where it did nothing in any replication."""
    return 0.0 if row["swing"] == 0 else _number(row["swing_to"], math.inf)


def _number(value: float | None, unknown: float) -> float:
    """Return a bound, or what stands for one that is not known."""
    return unknown if value is None or math.isnan(value) else value


def _is_less(one: float | None, other: float | None) -> bool:
    """Return whether both are numbers, and one is less."""
    return one is not None and other is not None and one < other
