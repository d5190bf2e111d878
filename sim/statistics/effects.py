"""The effects of the factors of a study on a response, as tables: main effects, curves, cells and a summary.

Every mean over settings is taken within a replication first, and its interval is over replications, adjusted for the
controls of the response where it has some. Intervals hold one by one, but those of swings. Missing values are treated
as described in `sim.statistics.responses`.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.language import gettext
from sim.language.worded import Worded
from sim.statistics.controls import among_first
from sim.statistics.intervals import Interval, mean_interval, paired_difference
from sim.statistics.reasons import Named, NoInterval, Several, in_words
from sim.statistics.responses import cells, levels
from sim.statistics.swings import over_pairs, swings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sim.arrays import Floats
    from sim.language.worded import Words
    from sim.statistics.reasons import Reason
    from sim.statistics.responses import Cell, Response
    from sim.statistics.swings import Swing

NONE = Interval(math.nan, math.nan, math.nan, 0)
"""Where there is no value."""

_BOUNDS = ("", "_low", "_high")


def main_effects(
    settings: pl.DataFrame, response: Response, factors: Sequence[str], confidence: float = 0.95
) -> Worded:
    """Return the mean response at each level of each factor, over the settings of all others.

    Parameters
    ----------
    settings : polars.DataFrame
        A full design, or nearly: all columns but `setting` are factors.
    response : Response
        The measure or effect.
    factors : sequence of str
        Whose main effects are wanted; at least one.
    confidence : float
        Of each interval, between 0 and 1, both excluded.

    Returns
    -------
    Worded
        response, unit, factor, level, order, x, mean, low, high, n; then change, change_low, change_high: the paired
        difference from the first level of the factor that has a value (its interval tells levels apart, those of the
        means do not); swing, swing_from, swing_to: the distance between the extreme levels of the factor, the same in
        all its rows, with intervals that hold for all factors together; rows and left_out: combinations of the other
        factors averaged over, and those left out at all levels; why: why there is no value, or an empty text. n counts
        replications, those that all settings used for this factor have.

    Raises
    ------
    ValueError
        There must be a factor, crossed with the others.
    """
    if not factors:
        raise ValueError("factors must be at least one, got none")
    table: list[dict[str, object]] = []
    reasons: list[Reason | None] = []
    by_level: list[list[Floats | None]] = []
    for factor in factors:
        crossed = cells(settings, response, (factor,))
        n = min((len(v) for c in crossed for v in c.values), default=0)
        mean_of_cell = [np.mean([v[:n] for v in c.values], axis=0) if c.values else None for c in crossed]
        by_level.append(mean_of_cell)
        first = next((m for m in mean_of_cell if m is not None), None)
        for cell, mean in zip(crossed, mean_of_cell, strict=True):
            interval = NONE if mean is None else response.mean(mean, confidence)
            (level,), (order,) = cell.levels, cell.orders
            change = NONE if mean is None or first is None else _change(response, first, mean, confidence)
            table.append(
                _named(response)
                | {"factor": factor, "level": level.text, "order": order, "x": level.x}
                | _shown(interval)
                | _changed(change)
                | {"rows": len(cell.values), "left_out": cell.left_out}
            )
            reasons.append(cell.why)
    _add_swings(table, factors, swings(by_level, confidence, response.controls))
    return _table(table, reasons, ("response", "unit", "factor", "level"))


def _add_swings(table: Sequence[dict[str, object]], factors: Sequence[str], found: Sequence[Swing]) -> None:
    """Give every row the swing of its factor."""
    by_factor = dict(zip(factors, found, strict=True))
    for row in table:
        swing = by_factor[str(row["factor"])]
        row |= {"swing": swing.size, "swing_from": swing.low, "swing_to": swing.high}


def sampled_effects(
    settings: pl.DataFrame, response: Response, factors: Sequence[str], confidence: float = 0.95
) -> Worded:
    """Return the mean response in each part of each factor's range in a sample, over all values of the others.

    For designs that sample their factors (Latin hypercube, Sobol sequence). A factor of few levels keeps them.

    Parameters
    ----------
    settings, response, factors, confidence
        As for `main_effects`; the settings need not be crossed.

    Returns
    -------
    Worded
        response, unit, factor, level, order, x, mean, low, high, n, rows, left_out, swing, swing_from, swing_to, why as
        in `main_effects`; here a value is a setting's mean over its replications, and n and rows count the settings of
        a part. The interval is over these and over replications, whose draws all settings share: none with a single
        replication. Settings without a value are left out of their part and counted.
    """
    table: list[dict[str, object]] = []
    reasons: list[Reason | None] = []
    by_level: list[list[list[Floats]]] = []
    for factor in factors:
        by_level.append([])
        ordered, group = levels(settings, factor)
        names = [level.text for level in ordered]
        x = np.array([math.nan if level.x is None else level.x for level in ordered])
        if len(ordered) > MOST_PARTS + 2 and np.isfinite(x).all():
            n_parts = min(max(len(ordered) // LEAST_IN_A_PART, 2), MOST_PARTS)
            parts = np.array_split(np.arange(len(ordered)), n_parts)
            which = np.concatenate([np.full(len(part), i) for i, part in enumerate(parts)])
            names = [f"{x[part[0]]:.3g} to {x[part[-1]]:.3g}" for part in parts]
            x, group = np.array([x[part].mean() for part in parts]), which[group]
        for order, name in enumerate(names):
            ids = settings["setting"].to_numpy()[group == order].tolist()
            known = [v for v in map(response.at, ids) if v is not None]
            by_level[-1] += [known] if known else []
            lacking = tuple(filter(None, map(response.reason, ids)))
            table.append(
                _named(response)
                | {"factor": factor, "level": name, "order": order}
                | {"x": float(x[order]) if np.isfinite(x[order]) else None}
                | _shown(_over_sample(response, known, confidence) if known else NONE)
                | {"rows": len(known), "left_out": len(ids) - len(known)}
            )
            reasons.append(None if known else Several(lacking))
    _add_swings(table, factors, _sampled_swings(response, by_level, confidence))
    return _table(table, reasons, ("response", "unit", "factor", "level"))


def _sampled_swings(
    response: Response, factors: Sequence[Sequence[Sequence[Floats]]], confidence: float
) -> list[Swing]:  # fmt: skip
    """Return the swing of each factor over the parts of its range, by intervals that hold for all together.

    Parts are of different settings, so that their errors add as squares; the draws that they share make the intervals
    too long, which is the safe side.

    References
    ----------
    Donner and Zou (2012), Closed-form confidence intervals for functions of the normal mean and standard deviation.
    """
    n_pairs = sum(len(parts) * (len(parts) - 1) // 2 for parts in factors)
    together = 1 - (1 - confidence) / max(n_pairs, 1)
    found = []
    for parts in factors:
        means = [_over_sample(response, known, together) for known in parts]
        found.append(over_pairs([_between(one, other) for one, other in combinations(means, 2)]))
    return found


def _between(one: Interval, other: Interval) -> Interval:
    """Return the difference of two means, of which the intervals are known, that are independent or go together."""
    d = other.estimate - one.estimate
    below = math.hypot(other.estimate - other.low, one.high - one.estimate)
    above = math.hypot(other.high - other.estimate, one.estimate - one.low)
    return Interval(d, d - below, d + above, min(one.n, other.n))


def _over_sample(response: Response, values: Sequence[Floats], confidence: float) -> Interval:
    """Return the mean over sampled settings, its interval with what settings scatter and what replications scatter.

    A replication's draws are the same at all settings, so that their scatter does not show it. Settings' own noise is
    in both parts; the interval errs to the safe side.
    """
    over_settings = mean_interval([response.mean(v, confidence).estimate for v in values], confidence)
    n = min(map(len, values))
    over_luck = response.mean(np.mean([v[:n] for v in values], axis=0), confidence)
    mean = over_settings.estimate
    below = math.hypot(mean - over_settings.low, over_luck.estimate - over_luck.low)
    above = math.hypot(over_settings.high - mean, over_luck.high - over_luck.estimate)
    return Interval(mean, mean - below, mean + above, len(values), over_settings.enough)


MOST_PARTS, LEAST_IN_A_PART = 4, 5
"""A sampled factor is cut into quarters, or into fewer parts that hold so many levels: the mean of two settings has an
interval beside which no effect is seen."""


def omissions(table: pl.DataFrame) -> list[str]:
    """Return a sentence for each factor whose main effects leave out combinations of the other factors."""
    shown = table.filter(pl.col("why") == "").unique("factor", maintain_order=True)
    return [
        gettext(
            "Means at the levels of {factor} are over {n} of {all} combinations of the other factors: the rest has no "
            "value at one level or more, and is left out at all.",
            factor=factor,
            n=rows,
            all=rows + left_out,
        )
        for factor, rows, left_out in shown.select("factor", "rows", "left_out").iter_rows()
        if left_out
    ]


def curve(
    settings: pl.DataFrame, response: Response, factor: str, series: str | None = None, confidence: float = 0.95
) -> Worded:
    """Return the response along a factor, as one curve or as one for each level of another factor.

    Other factors of the settings, if there are any, are averaged over as in `main_effects`. Each point uses all the
    replications that it has.

    Returns
    -------
    Worded
        response, unit, series, x, level, order, mean, low, high, n, then change, change_low and change_high (the paired
        difference from the first level of the series that has a value), rows, left_out and why as in `main_effects`.
        Series are texts (empty where there is one), in the order of their levels.

    Raises
    ------
    ValueError
        The factors must be crossed with the others: a design that samples intervals has no curves.
    """
    crossed = cells(settings, response, (factor,) if series is None else (series, factor))
    table = [
        _named(response)
        | {"series": "" if series is None else cell.levels[0].text}
        | {"x": cell.levels[-1].x, "level": cell.levels[-1].text, "order": cell.orders[-1]}
        | _shown(_mean(response, cell, confidence))
        | change
        | {"rows": len(cell.values), "left_out": cell.left_out}
        for cell, change in zip(crossed, _changes(response, crossed, confidence), strict=True)
    ]
    return _table(table, [cell.why for cell in crossed], ("response", "unit", "series", "level"))


def panels(settings: pl.DataFrame, response: Response, shown: tuple[str, str, str], confidence: float = 0.95) -> Worded:
    """Return the curves of a response along the first of three factors, by the second, at each level of the third.

    Returns
    -------
    Worded
        panel and panel_order, the level of the third factor and its place; else as `curve`. Further factors are
        averaged over as there.

    Raises
    ------
    ValueError
        The factors must be crossed with the others.
    """
    crossed = cells(settings, response, shown[::-1])
    table = [
        _named(response)
        | {"panel": cell.levels[0].text, "panel_order": cell.orders[0], "series": cell.levels[1].text}
        | {"x": cell.levels[2].x, "level": cell.levels[2].text, "order": cell.orders[2]}
        | _shown(_mean(response, cell, confidence))
        | change
        | {"rows": len(cell.values), "left_out": cell.left_out}
        for cell, change in zip(crossed, _changes(response, crossed, confidence), strict=True)
    ]
    return _table(table, [cell.why for cell in crossed], ("response", "unit", "panel", "series", "level"))


def heat(settings: pl.DataFrame, response: Response, x: str, y: str, confidence: float = 0.95) -> Worded:
    """Return the response at every cell of two factors.

    Returns
    -------
    Worded
        response, unit, x_factor, x_level, x_order, y_factor, y_level, y_order, mean, low, high, n, why, then rows and
        left_out as in `main_effects`. A cell that was not run has a row too.

    Raises
    ------
    ValueError
        The two factors must be crossed with the others.
    """
    crossed = cells(settings, response, (x, y))
    table = [
        _named(response)
        | {"x_factor": x, "x_level": cell.levels[0].text, "x_order": cell.orders[0]}
        | {"y_factor": y, "y_level": cell.levels[1].text, "y_order": cell.orders[1]}
        | _shown(_mean(response, cell, confidence))
        | {"why": "", "rows": len(cell.values), "left_out": cell.left_out}
        for cell in crossed
    ]
    texts = ("response", "unit", "x_factor", "x_level", "y_factor", "y_level", "why")
    return _table(table, [cell.why for cell in crossed], texts)


def summary(settings: pl.DataFrame, responses: Sequence[Response], confidence: float = 0.95) -> Worded:
    """Return one row a setting: its levels, its replications, and mean, low and high of every response.

    Returns
    -------
    Worded
        The columns of the settings; n; for each response NAME, NAME_low, NAME_high (NaN: withheld or impossible); why:
        "NAME: reason" of those without a value or an interval, or an empty text.

    Raises
    ------
    ValueError
        Responses must not be named as a factor or twice.
    """
    columns: dict[str, list[object]] = {"n": [], **{f"{r.name}{end}": [] for r in responses for end in _BOUNDS}}
    words: list[Words] = []
    taken = [*settings.columns, "n", "why", *(f"{r.name}{end}" for r in responses for end in _BOUNDS)]
    twice = sorted({name for name in taken if taken.count(name) > 1})
    if twice:
        raise ValueError(f"columns must have names of their own, got {', '.join(twice)} twice")
    for setting in settings["setting"].to_list():
        columns["n"].append(max((len(r.values.get(setting, ())) for r in responses), default=0))
        reasons: list[Reason] = []
        for r in responses:
            values = r.at(setting)
            interval = NONE if values is None else r.mean(values, confidence, adjusted=setting not in r.some)
            for end, value in zip(_BOUNDS, (interval.estimate, interval.low, interval.high), strict=True):
                columns[f"{r.name}{end}"].append(value)
            if reason := r.reason(setting) or (NoInterval(interval) if interval.why_none else None):
                reasons.append(Named(r.name, reason))
        words.append(partial(in_words, Several(tuple(reasons))))
    floats = {name: pl.Float64 for name in columns if name != "n"}
    table = settings.hstack(pl.DataFrame(columns, schema={"n": pl.Int64, **floats}))
    return Worded(table.with_columns(why=pl.lit("")), {"why": words})


def _mean(response: Response, cell: Cell, confidence: float) -> Interval:
    """Return the mean over the settings of a cell; it is taken within replications first."""
    values = cell.by_replication
    return response.mean(values, confidence) if len(values) else NONE


def _changes(response: Response, crossed: Sequence[Cell], confidence: float) -> Iterator[dict[str, object]]:
    """Yield of each cell the difference from the first that has a value, of those that differ in the last factor."""
    firsts: dict[tuple[int, ...], Floats] = {}
    for cell in crossed:
        values = cell.by_replication
        first = firsts.setdefault(cell.orders[:-1], values) if len(values) else values
        yield _changed(_change(response, first, values, confidence) if len(values) else NONE)


def _change(response: Response, first: Floats, other: Floats, confidence: float) -> Interval:
    """Return the paired difference from a first mean over replications."""
    n = min(len(first), len(other))
    d = paired_difference(first[:n], other[:n], confidence, among_first(response.controls, n))
    return Interval(d.estimate, d.low, d.high, d.n)


def _changed(change: Interval) -> dict[str, object]:
    """Return the columns of a difference."""
    return {"change": change.estimate, "change_low": change.low, "change_high": change.high}


def _named(response: Response) -> dict[str, object]:
    """Return the columns of the name and unit of a response."""
    return {"response": response.name, "unit": response.unit}


def _shown(interval: Interval) -> dict[str, object]:
    """Return the columns of an interval."""
    return {"mean": interval.estimate, "low": interval.low, "high": interval.high, "n": interval.n}


def _table(rows: list[dict[str, object]], reasons: Sequence[Reason | None], texts: Sequence[str]) -> Worded:
    """Return the rows, each with the reason why it has no value, as a table whose types do not depend on its values."""
    whole = ("order", "x_order", "y_order", "panel_order", "n", "rows", "left_out")
    schema = {
        name: pl.String if name in texts or name.endswith("_level") else pl.Int64 if name in whole else pl.Float64
        for name in rows[0]
    }
    table = pl.DataFrame(rows, schema=schema).with_columns(why=pl.lit(""))
    return Worded(table, {"why": [partial(in_words, reason) for reason in reasons]})
