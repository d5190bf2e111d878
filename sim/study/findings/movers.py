"""Which factor moves a response most over its levels, as far as the intervals of all swings together tell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

if TYPE_CHECKING:
    Row = dict[str, Any]

ROUNDING = 1e-9
"""A swing of no more than this share of the largest mean is none."""


class Movers(NamedTuple):
    """The factor whose means lie farthest apart, and how surely that is so.

    Attributes
    ----------
    low, high
        The rows of its least and of its greatest mean.
    equal
        All means of all factors are equal.
    sure
        Some factor moves the response, beyond the noise.
    most
        The factors that may move it most, this one first: it alone where that is known.
    """

    low: Row
    high: Row
    equal: bool
    sure: bool
    most: tuple[str, ...]


def movers(part: pl.DataFrame) -> Movers | None:
    """Return which factors of the main effects of one response may move it most; None where none has two means."""
    factors = part.partition_by("factor", maintain_order=True)
    known = [one for one in factors if one["mean"].is_finite().sum() > 1]
    if not known:
        return None
    widest = max(known, key=lambda one: float(one["swing"][0]))
    means = widest.filter(pl.col("mean").is_finite()).sort("mean", maintain_order=True)
    low, high = means.row(0, named=True), means.row(-1, named=True)
    equal = low["swing"] <= ROUNDING * max(abs(low["mean"]), abs(high["mean"]))
    least = max((_number(one["swing_from"][0], 0.0) for one in factors), default=0.0)
    may = [str(one["factor"][0]) for one in factors if _number(one["swing_to"][0], math.inf) >= least]
    name = str(low["factor"])
    return Movers(low, high, equal, not equal and least > 0, (name, *(other for other in may if other != name)))


def _number(value: float | None, unknown: float) -> float:
    """Return a bound, or what stands for one that is not known."""
    return unknown if value is None or math.isnan(value) else value
