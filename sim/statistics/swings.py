"""The swings of an effect: how far it moves over the range of each factor with all else at the base, widest first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from sim.language.worded import Worded
from sim.statistics.controls import among_first
from sim.statistics.intervals import Interval, mean_interval, paired_difference, simultaneous
from sim.statistics.reasons import WITHHELD, ByLevel, Named, in_words
from sim.statistics.responses import levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.arrays import Floats
    from sim.language.worded import Words
    from sim.statistics.reasons import Reason
    from sim.statistics.responses import Response

NONE = Interval(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Ends:
    """An effect at the two ends of a factor's range, all else at its base.

    Attributes
    ----------
    factor, base_level, low_level, high_level : str
        The factor, and its levels as texts.
    low, high : ndarray of float, shape (n,), or None
        The effect at each end, one value a replication, the same replications as at the base. None: the end cannot be;
        NaN: it is withheld.
    why : Reason, optional
        Why an end has no value.
    """

    factor: str
    base_level: str
    low_level: str
    high_level: str
    low: Floats | None
    high: Floats | None
    why: Reason | None = None


class Tornado(NamedTuple):
    """The table of the ends, widest swing first, and the effect at the base."""

    table: Worded
    base: Interval


def ends(settings: pl.DataFrame, response: Response, base: int, factors: Sequence[str]) -> list[Ends]:
    """Return the effect at the first and the last level of each factor, from the settings that differ in it alone.

    Parameters
    ----------
    settings : polars.DataFrame
        All columns but `setting` are factors.
    response : Response
        The effect, or a measure.
    base : int
        The setting that all others are compared with; where its level is an end, it is that end.
    factors : sequence of str
        Whose ends are wanted.

    Raises
    ------
    ValueError
        The base must be one of the settings.
    """
    if base not in settings["setting"]:
        raise ValueError(f"base must be one of the settings, got {base}")
    columns = {c: levels(settings, c) for c in settings.columns if c != "setting"}
    ids = settings["setting"].to_numpy()
    at = int(np.flatnonzero(ids == base)[0])
    factor_ends = []
    for factor in factors:
        others = [index == index[at] for c, (_, index) in columns.items() if c != factor]
        alone = np.flatnonzero(np.all(others, axis=0)) if others else np.arange(len(ids))
        names, index = columns[factor]
        low, high = alone[np.argmin(index[alone])], alone[np.argmax(index[alone])]
        reasons = {names[index[i]].text: response.reason(int(ids[i])) for i in (low, high)}
        lacking = tuple(Named(level, reason) for level, reason in reasons.items() if reason is not None)
        texts = [names[index[i]].text for i in (at, low, high)]
        values = [response.at(int(ids[i])) for i in (low, high)]
        why = ByLevel(lacking) if lacking else None
        factor_ends.append(Ends(factor, texts[0], texts[1], texts[2], values[0], values[1], why))
    return factor_ends


def tornado(
    base: Floats, factor_ends: Sequence[Ends], confidence: float = 0.95, controls: Floats | None = None
) -> Tornado:
    """Return the table of how far an effect moves between the ends of each factor's range, widest swing first.

    Parameters
    ----------
    base : ndarray of float, shape (n,)
        The effect at the base, one value a replication.
    factor_ends : sequence of Ends
        The factors.
    confidence : float
        Of each interval, between 0 and 1, both excluded.
    controls : ndarray of float, shape (replications, q), optional
        Draws of known mean that all means and differences are adjusted for.

    Returns
    -------
    Tornado
        factor, base_level, low_level, high_level, low, low_from, low_to, high, high_from, high_to, swing, swing_from,
        swing_to, sure, low_turned, high_turned, why. The swing is the size of the paired difference between the ends;
        its interval begins at 0 where the ends are not distinguished, and covers at least as often as stated. With one
        end alone there is no swing (NaN) and the row is sorted by its distance from the base; rows without any value
        come last.
        `sure` says whether the ends are distinguished by intervals of all swings that hold together, `low_turned` and
        `high_turned` whether the effect at that end lies on the other side of 0 than at the base, by intervals of it
        and of all ends that hold together.
    """
    table: list[dict[str, object]] = []
    reach = []
    words: list[Words] = []
    known = [[_known(v) for v in (e.low, e.high)] for e in factor_ends]
    sure, turned = _sure(known, confidence, controls), _turned(base, known, confidence, controls)
    for e, values, is_sure, (low_turned, high_turned) in zip(factor_ends, known, sure, turned, strict=True):
        low, high = (NONE if v is None else _mean(v, confidence, controls) for v in values)
        swing = NONE if values[0] is None or values[1] is None else _swing(values[0], values[1], confidence, controls)
        steps = [_swing(base, v, confidence, controls).estimate for v in values if v is not None]
        far = steps[0] if math.isnan(swing.estimate) and steps else swing.estimate
        reach.append(-math.inf if math.isnan(far) else far)
        row: dict[str, object] = {
            "factor": e.factor, "base_level": e.base_level, "low_level": e.low_level, "high_level": e.high_level,
            "low": low.estimate, "low_from": low.low, "low_to": low.high,
            "high": high.estimate, "high_from": high.low, "high_to": high.high,
            "swing": swing.estimate, "swing_from": swing.low, "swing_to": swing.high,
            "sure": is_sure, "low_turned": low_turned, "high_turned": high_turned,
            "why": "",
        }  # fmt: skip
        words.append(partial(in_words, (e.why or WITHHELD) if any(v is None for v in values) else None))
        table.append(row)
    order = sorted(range(len(table)), key=lambda i: -reach[i])  # equal ones stay as they came
    texts = ("factor", "base_level", "low_level", "high_level", "why")
    numbers = ("low", "low_from", "low_to", "high", "high_from", "high_to", "swing", "swing_from", "swing_to")
    signs = ("sure", "low_turned", "high_turned")
    kinds = dict.fromkeys(texts, pl.String) | dict.fromkeys(numbers, pl.Float64) | dict.fromkeys(signs, pl.Boolean)
    columns = (*texts[:4], *numbers, *signs, "why")
    rows = pl.DataFrame([table[i] for i in order], schema={name: kinds[name] for name in columns})
    return Tornado(Worded(rows, {"why": [words[i] for i in order]}), _mean(base, confidence, controls))


def _mean(values: Floats, confidence: float, controls: Floats | None) -> Interval:
    """Return the mean over replications, adjusted for controls."""
    return mean_interval(values, confidence, among_first(controls, len(values)))


def _known(values: Floats | None) -> Floats | None:
    """Return the values of an end, or None if some are withheld or there are none."""
    return values if values is not None and len(values) and np.isfinite(values).all() else None


def _sure(known: Sequence[Sequence[Floats | None]], confidence: float, controls: Floats | None) -> list[bool]:
    """Return of each factor whether its ends are distinguished, by intervals that hold together."""
    pairs = []
    for low, high in known:
        n = 0 if low is None or high is None else min(len(low), len(high))
        pairs.append((np.full(1, np.nan),) * 2 if low is None or high is None else (low[:n], high[:n]))
    each = [among_first(controls, len(low)) for low, _ in pairs]
    return [d.low > 0 or d.high < 0 for d in simultaneous(pairs, confidence, each)]


def _turned(
    base: Floats, known: Sequence[Sequence[Floats | None]], confidence: float, controls: Floats | None
) -> list[tuple[bool, bool]]:
    """Return of each end of each factor whether the effect has turned its sign, by intervals that hold together."""
    values = [base, *(np.full(1, np.nan) if v is None else v for ends in known for v in ends)]
    pairs, each = [(np.zeros(len(v)), v) for v in values], [among_first(controls, len(v)) for v in values]
    at_base, *ends = (int(d.low > 0) - int(d.high < 0) for d in simultaneous(pairs, confidence, each))
    sides = [at_base * end < 0 for end in ends]
    return list(zip(sides[::2], sides[1::2], strict=True))


def _swing(one: Floats, other: Floats, confidence: float, controls: Floats | None) -> Interval:
    """Return the size of the difference over the common replications."""
    n = min(len(one), len(other))
    d = paired_difference(one[:n], other[:n], confidence, among_first(controls, n))
    sizes = abs(d.low), abs(d.high)
    return Interval(abs(d.estimate), 0.0 if d.low <= 0 <= d.high else min(sizes), max(sizes), n)
