"""The swings of an effect: how far it moves over the levels of each factor with all else at the base, widest first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from sim.language.worded import Worded
from sim.statistics.controls import among_first
from sim.statistics.intervals import Interval, mean_interval, simultaneous
from sim.statistics.reasons import WITHHELD, ByLevel, Named, in_words
from sim.statistics.responses import levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sim.arrays import Floats
    from sim.language.worded import Words
    from sim.statistics.intervals import Difference
    from sim.statistics.reasons import Reason
    from sim.statistics.responses import Response

NONE = Interval(math.nan, math.nan, math.nan, 0)

NO_DIFFERENCE = 1e-12
"""A difference that is the same in every replication, and no larger, is what rounding leaves of none."""


@dataclass(frozen=True)
class Alone:
    """An effect at all levels of one factor, all else at its base.

    Attributes
    ----------
    factor : str
        The factor.
    base : int
        The place of its base among the levels.
    levels : tuple of str
        Its levels as texts, in their order.
    values : tuple of (ndarray of float, shape (n,), or None)
        The effect at each level, one value a replication, all the same replications. None: the level cannot be; NaN: it
        is withheld.
    why : Reason, optional
        Why a level has no value.
    """

    factor: str
    base: int
    levels: tuple[str, ...]
    values: tuple[Floats | None, ...]
    why: Reason | None = None


class Tornado(NamedTuple):
    """The table of the factors, widest swing first, and the effect at the base."""

    table: Worded
    base: Interval


class Swing(NamedTuple):
    """How far the means at the levels of a factor lie apart.

    `size` is the distance from the least to the greatest mean. `low` and `high` are bounds of it that hold for all
    factors together: NaN where they are not known.
    """

    size: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Return whether some levels are told apart."""
        return self.low > 0


def one_at_a_time(settings: pl.DataFrame, response: Response, base: int, factors: Sequence[str]) -> list[Alone]:
    """Return the effect at every level of each factor, from the settings that differ from the base in it alone.

    Parameters
    ----------
    settings : polars.DataFrame
        All columns but `setting` are factors.
    response : Response
        The effect, or a measure.
    base : int
        The setting that all others are compared with; its level is one of the levels.
    factors : sequence of str
        Whose levels are wanted.

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
    found = []
    for factor in factors:
        others = [index == index[at] for c, (_, index) in columns.items() if c != factor]
        alone = np.flatnonzero(np.all(others, axis=0)) if others else np.arange(len(ids))
        names, index = columns[factor]
        first = {int(index[i]): int(i) for i in reversed(alone)}  # a level that is there twice, once
        first[int(index[at])] = at
        places = sorted(first)
        rows = [int(ids[first[place]]) for place in places]
        texts = tuple(names[place].text for place in places)
        reasons = zip(texts, map(response.reason, rows), strict=True)
        lacking = tuple(Named(level, reason) for level, reason in reasons if reason is not None)
        values = tuple(map(response.at, rows))
        found.append(Alone(factor, places.index(int(index[at])), texts, values, ByLevel(lacking) if lacking else None))
    return found


def tornado(factors: Sequence[Alone], confidence: float = 0.95, controls: Floats | None = None) -> Tornado:
    """Return the table of how far an effect moves between the levels of each factor, widest swing first.

    Parameters
    ----------
    factors : sequence of Alone
        The factors, at least one; the effect at the base of all is the same.
    confidence : float
        Of the intervals, between 0 and 1, both excluded.
    controls : ndarray of float, shape (replications, q), optional
        Draws of known mean that all means and differences are adjusted for.

    Returns
    -------
    Tornado
        factor, base_level, low_level, high_level, low, low_from, low_to, high, high_from, high_to, least_level, least,
        most_level, most, swing, swing_from, swing_to, sure, turned, why. The least and the most are those of all
        levels, the base among them, and the swing is the distance between. Low and high are two levels other than the
        base in their order: the first and the last, unless others show more of the swing. Where some level has no
        value there is no swing (NaN), and the row is sorted by what is known of it; rows without any other value than
        the base come last.
        The intervals of all swings hold together, over all pairs of levels of all factors: one begins at 0 where no
        levels are told apart, and `sure` says that some are. `turned` names the levels at which the effect lies on the
        other side of 0 than at the base, by intervals of it and of all levels that hold together.
    """
    known = [[_known(v) for v in one.values] for one in factors]
    base = known[0][factors[0].base]
    at_base = NONE if base is None else _mean(base, confidence, controls)
    table: list[dict[str, object]] = []
    reach = []
    words: list[Words] = []
    every = zip(factors, known, swings(known, confidence, controls), _turned(factors, known, confidence, controls),
                strict=True)  # fmt: skip
    for one, values, swing, turned in every:
        means = [NONE if v is None else _mean(v, confidence, controls) for v in values]
        there = [i for i, v in enumerate(values) if v is not None]
        least, most = (pick(there, key=lambda i: means[i].estimate, default=one.base) for pick in (min, max))
        low, high = _shown([mean.estimate for mean in means], one.base)
        whole = len(there) == len(values)
        reach.append(swing.size if len(there) > 1 else -math.inf)
        table.append(
            {
                "factor": one.factor, "base_level": one.levels[one.base],
                "low_level": one.levels[low], "high_level": one.levels[high],
                "low": means[low].estimate, "low_from": means[low].low, "low_to": means[low].high,
                "high": means[high].estimate, "high_from": means[high].low, "high_to": means[high].high,
                "least_level": one.levels[least], "least": means[least].estimate,
                "most_level": one.levels[most], "most": means[most].estimate,
                "swing": swing.size if whole else math.nan, "swing_from": swing.low if whole else math.nan,
                "swing_to": swing.high if whole else math.nan, "sure": swing.sure,
                "turned": " / ".join(one.levels[i] for i in turned), "why": "",
            }
        )  # fmt: skip
        words.append(partial(in_words, None if whole else one.why or WITHHELD))
    order = sorted(range(len(table)), key=lambda i: -reach[i])  # equal ones stay as they came
    texts = ("factor", "base_level", "low_level", "high_level", "least_level", "most_level", "turned", "why")
    schema = {name: pl.String if name in texts else pl.Boolean if name == "sure" else pl.Float64 for name in table[0]}
    rows = pl.DataFrame([table[i] for i in order], schema=schema)
    return Tornado(Worded(rows, {"why": [words[i] for i in order]}), at_base)


def swings(
    factors: Sequence[Sequence[Floats | None]], confidence: float = 0.95, controls: Floats | None = None
) -> list[Swing]:
    """Return how far the means at the levels of each factor lie apart, by intervals that hold for all together.

    Every pair of levels of every factor is compared, so that the extremes may be named after looking.

    Parameters
    ----------
    factors : sequence of sequence of (ndarray of float, shape (n,), or None)
        Of each factor the values at its levels, one a replication, all the same replications. None: no value.
    confidence : float
        Of all intervals together, between 0 and 1, both excluded.
    controls : ndarray of float, shape (replications, q), optional
        Draws of known mean that all differences are adjusted for.

    Returns
    -------
    list of Swing
        Of the levels that have a value. NaN: fewer than two have, or (a bound) some pair that differs has no interval.
    """
    pairs = [list(combinations([v for v in levels if v is not None], 2)) for levels in factors]
    shortened = [(one[:n], other[:n]) for of in pairs for one, other in of if (n := min(len(one), len(other)))]
    each = [among_first(controls, len(one)) for one, _ in shortened]
    known = iter(simultaneous(shortened, confidence, each))
    return [over_pairs([next(known) for _ in of]) for of in pairs]


def over_pairs(differences: Sequence[Difference | Interval]) -> Swing:
    """Return the swing over all pairs of levels: at least every lower bound, and at most the largest upper one.

    Levels that give the same in every replication count as one: they are no ends of a swing.
    """
    if not differences:
        return Swing(math.nan, math.nan, math.nan)
    apart = [d for d in differences if not (d.same and abs(d.estimate) <= NO_DIFFERENCE)]
    lows = [max(d.low, -d.high, 0.0) for d in apart if not math.isnan(d.low)]
    highs = [max(abs(d.low), abs(d.high)) for d in apart]
    high = max(highs) if lows and len(lows) == len(apart) else math.nan
    return Swing(max(abs(d.estimate) for d in differences), max(lows, default=math.nan), high)


def _shown(means: Sequence[float], base: int) -> tuple[int, int]:
    """Return two levels other than the base: the outermost of those that with it show most of the swing."""
    others = [i for i in range(len(means)) if i != base]
    if len(others) < 2:
        return 0, len(means) - 1

    def shows(pair: tuple[int, int]) -> float:
        there = [means[i] for i in (*pair, base) if not math.isnan(means[i])]
        return max(there) - min(there) if there else -math.inf

    outermost_first = sorted(combinations(others, 2), key=lambda pair: pair[0] - pair[1])
    return max(outermost_first, key=shows)


def _mean(values: Floats, confidence: float, controls: Floats | None) -> Interval:
    """Return the mean over replications, adjusted for controls."""
    return mean_interval(values, confidence, among_first(controls, len(values)))


def _known(values: Floats | None) -> Floats | None:
    """Return the values at a level, or None if some are withheld or there are none."""
    return values if values is not None and len(values) and np.isfinite(values).all() else None


def _turned(
    factors: Sequence[Alone], known: Sequence[Sequence[Floats | None]], confidence: float, controls: Floats | None
) -> Iterable[list[int]]:
    """Yield of each factor the levels at which the effect has turned its sign, by intervals that hold together."""
    others = [
        (which, level, v)
        for which, (one, values) in enumerate(zip(factors, known, strict=True))
        for level, v in enumerate(values)
        if v is not None and level != one.base
    ]
    base = known[0][factors[0].base]
    values = [*([] if base is None else [base]), *(v for *_, v in others)]
    pairs, each = [(np.zeros(len(v)), v) for v in values], [among_first(controls, len(v)) for v in values]
    sides = [int(d.low > 0) - int(d.high < 0) for d in simultaneous(pairs, confidence, each)]
    at_base, *sides = sides if base is not None else [0, *sides]
    turned = {(which, level) for (which, level, _), side in zip(others, sides, strict=True) if at_base * side < 0}
    return ([i for i in range(len(one.levels)) if (which, i) in turned] for which, one in enumerate(factors))
