"""The warm-up that a pilot run shows a study to need, and whether the run was long enough to show it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from sim.language import gettext, ngettext, phrase
from sim.statistics import intervals, mser5

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from sim.arrays import Floats


class WarmUp(NamedTuple):
    """The weeks to delete, and the evidence for them.

    Attributes
    ----------
    weeks : int
        For all series: the largest choice, of series that do not grow forever; the minimum if all do.
    chosen : polars.DataFrame
        series, weeks, judged (bool), growth, growth_low, growth_high: slope over the second half of the run (unit of
        the series a week) with its interval over replications.
    table : polars.DataFrame
        series, week (from 0), mean over replications (NaN: nothing observed).
    unsure : tuple of functions
        Which series cannot be judged and why, in words; empty if all can.
    words : function
        Returns the words for a series.
    """

    weeks: int
    chosen: pl.DataFrame
    table: pl.DataFrame
    unsure: tuple[Callable[[], str], ...]
    words: Callable[[str], str] = phrase


def warm_up(
    backlogs: Mapping[str, ArrayLike],
    minimum: int = 0,
    *,
    unit: str = "hours",
    confidence: float = 0.95,
    words: Callable[[str], str] = phrase,
) -> WarmUp:
    """Return how many weeks to delete according to a pilot run: by MSER-5 on the mean of each series.

    MSER-5 compares truncations by batches of five weeks, over the first half of the run. A choice at the very end of
    its search, or a search without a choice, judges nothing: the run was too short, or the backlog grows forever.

    Parameters
    ----------
    backlogs : mapping of str to array_like, shape (weeks, replications)
        The work waiting at the end of each week, or another measure by week, of each series (a pilot, a setting). NaN:
        nothing was observed.
    minimum : int
        The least number of weeks to delete.
    unit : str
        Of the series, for the words.
    confidence : float
        Of the growth, between 0 and 1, both excluded.
    words : function
        Returns the words for a series in the language that is spoken.

    Raises
    ------
    ValueError
        There must be a series; each must be of two dimensions and at least as long as the minimum.

    References
    ----------
    White, Cobb and Spratt (2000), A comparison of five steady-state truncation heuristics for simulation, Proc. Winter
    Simulation Conf., 755-760; Hoad, Robinson and Davies (2010), Automating warm-up length estimation, J. Operational
    Research Society 61, 1389-1403.
    """
    if not backlogs:
        raise ValueError("backlogs must be of at least one series, got none")
    chosen, tables, doubts = [], [], []
    for series, values in backlogs.items():
        y = np.asarray(values, dtype=np.float64)
        if y.ndim != 2:
            raise ValueError(f"backlogs of {series} must be two-dimensional, got shape {y.shape}")
        weeks = mser5.warm_up(y.T, minimum)
        growth = _growth(y, confidence)
        judged = _judged(y)
        if not judged:
            doubts.append(partial(_doubt, partial(words, series), len(y), growth, unit))
        chosen.append((series, weeks, judged, growth.estimate, growth.low, growth.high))
        tables.append(pl.DataFrame({"series": [series] * len(y), "week": np.arange(len(y)), "mean": _weekly_means(y)}))
    schema = {"series": pl.String, "weeks": pl.Int64, "judged": pl.Boolean}
    schema |= dict.fromkeys(("growth", "growth_low", "growth_high"), pl.Float64)
    chosen_table = pl.DataFrame(chosen, schema=schema, orient="row")
    weeks = max((weeks for _, weeks, judged, _, growth, _ in chosen if judged or not growth > 0), default=minimum)
    return WarmUp(weeks, chosen_table, pl.concat(tables), tuple(doubts), words)


def _weekly_means(y: Floats) -> Floats:
    """Return the mean of each week over the replications that observed something, NaN if none did."""
    seen = np.isfinite(y)
    n = seen.sum(axis=1)
    total = np.where(seen, y, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, n, out=np.full(len(y), math.nan), where=n > 0))


def _judged(y: Floats) -> bool:
    """Return whether MSER-5 had a choice and chose before the end of its search."""
    weekly = _weekly_means(y)
    observed = weekly[np.isfinite(weekly)]
    last = mser5.latest(len(observed))
    return last > 0 and mser5.mser5(observed)[0] < last


def _growth(y: Floats, confidence: float) -> intervals.Interval:
    """Return the slope over the second half of the weeks, with its interval over replications."""
    half = y[len(y) // 2 :]
    weeks = np.arange(len(half)) - (len(half) - 1) / 2
    if len(half) < 2:
        return intervals.Interval(math.nan, math.nan, math.nan, y.shape[1])
    return intervals.mean_interval(weeks @ half / float(weeks @ weeks), confidence)


def _doubt(series: Callable[[], str], n_weeks: int, growth: intervals.Interval, unit: str) -> str:
    """Return in words why the warm-up of a series cannot be judged."""
    if growth.low > 0:
        return gettext(
            "{series} still grows by {slope:,.1f} {unit} a week ({low:,.1f} to {high:,.1f}) in the second half of the "
            "run: if it is overloaded, no warm-up will do.",
            series=series(), slope=growth.estimate, unit=phrase(unit), low=growth.low, high=growth.high,
        )  # fmt: skip
    return ngettext(
        "A run of {n} week is too short to judge the warm-up of {series}.",
        "A run of {n} weeks is too short to judge the warm-up of {series}.",
        n_weeks, series=series(),
    )  # fmt: skip
