"""The values of a response at the settings of a design, and the cells of settings that share levels of factors.

The settings are a table: column `setting` (a number of its own in every row) and one column a factor. Equal places of
two settings' values are the same replication, on the same random numbers.

Where a value is missing, something has to give. A cell without any value is withheld alone. Otherwise a combination of
the other factors without a value in one of the cells is left out in *all* of them: a mean that one level takes over
other settings than its neighbour would compare settings, not levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.statistics.controls import among_first
from sim.statistics.intervals import exactly, mean_interval
from sim.statistics.reasons import NEVER_WHOLE, NOT_RUN, WITHHELD, Several

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from sim.arrays import Floats, Ints
    from sim.statistics.intervals import Interval
    from sim.statistics.reasons import Reason


@dataclass(frozen=True)
class Response:
    """A measure, or an effect, at the settings of a design.

    Attributes
    ----------
    values : mapping of int to ndarray of float, shape (n,)
        Of each setting, one value a replication; settings may differ in n, the first of each are the same
        replications. NaN: withheld, and then the whole setting is. A setting that is not there has no value.
    why : mapping of int to Reason
        Why a setting has none, where that is known.
    controls : ndarray of float, shape (replications, q), or None
        Draws of known mean that means over replications are adjusted for, the same at all settings, so that what is
        made of these means adds up.
    some : frozenset of int
        Settings whose values are of some of the first replications only: their means are not adjusted.
    exact : bool
        Whether values that are the same in all replications are known to be so, without simulation.
    """

    name: str
    unit: str
    values: Mapping[int, Floats]
    why: Mapping[int, Reason] = field(default_factory=dict)
    controls: Floats | None = None
    some: frozenset[int] = frozenset()
    exact: bool = False

    def at(self, setting: int) -> Floats | None:
        """Return the values of a setting, or None if there are none or they are withheld."""
        values = self.values.get(setting)
        return values if values is not None and len(values) and np.isfinite(values).all() else None

    def mean(self, values: Floats, confidence: float, *, adjusted: bool = True) -> Interval:
        """Return the mean over the first replications, adjusted where that is asked for, with its interval."""
        by = among_first(self.controls, len(values)) if adjusted else None
        known = mean_interval(values, confidence, by)
        return exactly(known) if self.exact else known

    def reason(self, setting: int) -> Reason | None:
        """Return why there is no value at a setting, or None if there is one."""
        if self.at(setting) is not None:
            return None
        return self.why.get(setting) or (WITHHELD if len(self.values.get(setting, ())) else NOT_RUN)

    def matrix(self, settings: Sequence[int]) -> Floats:
        """Return the values of settings over their common replications (shape (settings, n)), NaN if there are none."""
        rows = [self.at(setting) for setting in settings]
        n = min((len(v) for v in rows if v is not None), default=1)
        return np.array([np.full(n, math.nan) if v is None else v[:n] for v in rows])


class Level(NamedTuple):
    """A level of a factor as text and, where all levels of it are numbers, as a number."""

    text: str
    x: float | None


def levels(settings: pl.DataFrame, factor: str) -> tuple[list[Level], Ints]:
    """Return the levels of a factor in order, and the index of each setting's level (shape (settings,)).

    Numbers, and texts that all are numbers, ascend; other texts stand as they first occur.

    Raises
    ------
    ValueError
        The settings must have a level of the factor, each of them.
    """
    if factor not in settings.columns or settings[factor].null_count():
        raise ValueError(f"settings must have a level of {factor} each, got columns {', '.join(settings.columns)}")
    level_of = [_level(value) for value in settings[factor].to_list()]
    distinct = list(dict.fromkeys(level_of))
    if all(level.x is not None for level in distinct):
        distinct.sort(key=lambda level: level.x or 0.0)
    else:
        level_of = [Level(level.text, None) for level in level_of]
        distinct = list(dict.fromkeys(level_of))
    index = {level: i for i, level in enumerate(distinct)}
    return distinct, np.array([index[level] for level in level_of], dtype=np.int64)


@dataclass(frozen=True)
class Cell:
    """Levels of the factors shown, and the values of the settings to average over.

    `orders` are the places of the levels; `values` one vector a setting, none where `why` says why; `left_out` counts
    the combinations of the other factors that are left out in all cells.
    """

    levels: tuple[Level, ...]
    orders: tuple[int, ...]
    values: list[Floats]
    left_out: int
    why: Reason | None

    @property
    def by_replication(self) -> Floats:
        """Return the mean over its settings in each replication that all of them have; of no values an empty one."""
        n = min((len(v) for v in self.values), default=0)
        return np.mean([v[:n] for v in self.values], axis=0) if n else np.zeros(0)


def cells(settings: pl.DataFrame, response: Response, shown: Sequence[str]) -> list[Cell]:
    """Return the cells of the factors shown, each over the same combinations of the other factors.

    Parameters
    ----------
    settings : polars.DataFrame
        All columns but `setting` are factors.
    response : Response
        The measure or effect.
    shown : sequence of str
        Factors whose levels, each with each, make the cells.

    Returns
    -------
    list of Cell
        The last factor's levels run fastest.

    Raises
    ------
    ValueError
        There must be settings, different in their factors, and the factors shown must be crossed with the others.
    """
    if not len(settings):
        raise ValueError("settings must be at least one, got none")
    levels_of = [levels(settings, factor) for factor in shown]
    shape = tuple(len(each) for each, _ in levels_of)
    cell_of = np.ravel_multi_index(tuple(index for _, index in levels_of), shape)
    others = [c for c in settings.columns if c not in ("setting", *shown)]
    combinations = list(settings.select(others).iter_rows()) if others else [()] * len(settings)
    row_of = {row: i for i, row in enumerate(dict.fromkeys(combinations))}
    grid = np.full((math.prod(shape), len(row_of)), -1, dtype=np.int64)
    columns = np.array([row_of[c] for c in combinations], dtype=np.int64)
    ids = settings["setting"].to_numpy()
    grid[cell_of, columns] = ids
    there = grid >= 0
    if np.count_nonzero(there) < len(ids):
        raise ValueError(f"settings must differ in their factors, got {len(ids) - np.count_nonzero(there)} twice")
    if not there[there.any(axis=1)].all(axis=0).any():
        raise ValueError(
            f"{' and '.join(shown)} must be crossed with the other factors, "
            "got no combination of those with every level"
        )
    some = np.array([[i >= 0 and response.at(int(i)) is not None for i in cell] for cell in grid], dtype=bool)
    kept = some[some.any(axis=1)].all(axis=0) & some.any()
    made = []
    for c, orders in enumerate(np.ndindex(*shape)):
        values = [response.values[int(i)] for i in grid[c, kept]] if some[c].any() else []
        why = None if values else _why(response, grid[c], some[c])
        mine = tuple(each[o] for (each, _), o in zip(levels_of, orders, strict=True))
        made.append(Cell(mine, orders, values, int(np.count_nonzero(~kept)), why))
    return made


def _why(response: Response, settings: Ints, some: NDArray[np.bool_]) -> Reason:
    """Return why a cell has no value."""
    if some.any():
        return NEVER_WHOLE
    return Several(tuple((response.reason(int(i)) if i >= 0 else None) or NOT_RUN for i in settings))


def _level(value: object) -> Level:
    """Return a level as text and, if it is one, as a number."""
    if isinstance(value, bool):
        return Level(str(value).lower(), None)
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    try:
        x = float(text)
    except ValueError:
        return Level(text, None)
    return Level(text, x if math.isfinite(x) else None)
