"""Designs of experiments: from factors to the settings that are run.

A factor moves one knob, or several together; a setting gives every factor of its design a level.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.arrays import Floats


class DesignError(ValueError):
    """Factors from which a design cannot be made; the message is one paragraph for the user."""


@dataclass(frozen=True)
class Knob:
    """One value of one knob: of some pilots only, if `pilots` names them; `rescales`: other shares are rescaled."""

    key: str
    value: Any
    pilots: tuple[str, ...] | None = None
    rescales: bool = False


def identity(knobs: Sequence[Knob]) -> tuple[tuple[Any, ...], ...]:
    """Return a key that is equal for knobs that do the same: in any order, and for 1 as for 1.0."""
    values = (json.dumps(_number_alike(one.value), default=str) for one in knobs)
    return tuple(sorted((k.key, value, k.pilots or (), k.rescales) for k, value in zip(knobs, values, strict=True)))


def _number_alike(value: Any) -> Any:
    """Return a value with whole numbers written alike, whether they are integers or not."""
    if isinstance(value, dict):
        return {str(key): _number_alike(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [_number_alike(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True)
class Level:
    """One level of a factor: its label, its number if it is one, and the knobs that it sets."""

    label: str
    number: float | None
    knobs: tuple[Knob, ...]


@dataclass(frozen=True)
class Factor:
    """A factor that a study moves: discrete levels, intervals of one or several knobs that move together, or both.

    A factor of both (a range of the evidence) is taken by its levels in a grid, and over its whole range in a sample.

    Attributes
    ----------
    name
        As in the study file.
    levels
        In order; empty where the factor is an interval only.
    intervals
        Knobs with their values at both ends (the knob's own value is the low end), whole numbers where `whole`.
    base
        The label of the level that the base has already, where that is known: one-at-a-time leaves it out.
    """

    name: str
    levels: tuple[Level, ...] = ()
    intervals: tuple[tuple[Knob, float, bool], ...] = ()
    base: str | None = None

    @property
    def knobs(self) -> tuple[Knob, ...]:
        """Return the knobs of all levels, and those at the low ends of intervals."""
        return (*(knob for level in self.levels for knob in level.knobs), *(low for low, *_ in self.intervals))

    @property
    def moves(self) -> set[tuple[str, tuple[str, ...] | None]]:
        """Return the keys that the factor moves, each with the pilots in which it does so (None: all)."""
        return {(knob.key, knob.pilots) for knob in self.knobs}

    @property
    def keys(self) -> set[str]:
        """Return the keys that the factor moves."""
        return {key for key, _ in self.moves}

    def at(self, u: float) -> Level:
        """Return the level at a position between 0 and 1 (exclusive); without an interval, levels have equal parts."""
        if not self.intervals:
            return self.levels[min(int(u * len(self.levels)), len(self.levels) - 1)]
        knobs = []
        for low, high, whole in self.intervals:
            if whole:
                # every whole number has an equal part
                first, last = sorted((int(low.value), int(high)))
                step = min(int(u * (last - first + 1)), last - first)
                value: float = first + step if low.value <= high else last - step
            else:
                value = float(low.value + u * (high - low.value))
            knobs.append(replace(low, value=value))
        shown = knobs[0].value
        return Level(str(shown) if isinstance(shown, int) else f"{shown:.4g}", float(shown), tuple(knobs))


@dataclass(frozen=True)
class Setting:
    """One row of a design: a level of each factor that is moved; the others stay at the base."""

    levels: Mapping[str, Level]

    @property
    def knobs(self) -> tuple[Knob, ...]:
        """Return all knobs that are set, in the order of the factors."""
        return tuple(knob for level in self.levels.values() for knob in level.knobs)

    @property
    def label(self) -> str:
        """Return the name of the setting in words."""
        return ", ".join(f"{name}={level.label}" if name else level.label for name, level in self.levels.items())


@dataclass(frozen=True)
class Block:
    """One design of a study: its kind, its factors, and its rows as numbers of settings, in the design's own order."""

    kind: str
    factors: tuple[str, ...]
    rows: tuple[int, ...]
    n: int | None = None


@dataclass
class Settings:
    """The settings of a study, each once even if several designs have it."""

    all: list[Setting] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    _known: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def add(self, setting: Setting) -> int:
        """Return the number of a setting, a new one if no setting sets the same knobs to the same values."""
        number = self._known.setdefault(identity(setting.knobs), len(self.all))
        if number == len(self.all):
            self.all.append(setting)
        else:  # each design finds the levels of its own factors
            self.all[number] = Setting({**self.all[number].levels, **setting.levels})
        return number

    def join(self, kind: str, factors: Sequence[Factor], rows: Sequence[Setting], n: int | None = None) -> None:
        """Add a design to the study."""
        names = tuple(factor.name for factor in factors)
        self.blocks.append(Block(kind, names, tuple(self.add(row) for row in rows), n))


def _discrete(factors: Sequence[Factor], kind: str) -> None:
    """Raise if a factor is an interval, which has no levels to take one by one."""
    for factor in factors:
        if not factor.levels:
            raise DesignError(
                f"factors.{factor.name} must be a list or a range in a {kind} design, got an interval "
                "(lhs, sobol and indices take intervals)"
            )


def size(kind: str, factors: Sequence[Factor], n: int | None) -> int:
    """Return the largest number of settings that a design can have."""
    levels = [len(factor.levels) for factor in factors]
    if n is not None:
        return n * (len(factors) + 2) if kind == "indices" else n
    return math.prod(levels) if kind == "grid" else 1 + sum(levels)


def grid(factors: Sequence[Factor]) -> list[Setting]:
    """Return every combination of levels; the last factor varies fastest."""
    _discrete(factors, "grid")
    names = [factor.name for factor in factors]
    return [Setting(dict(zip(names, row, strict=True))) for row in product(*(f.levels for f in factors))]


def zipped(factors: Sequence[Factor]) -> list[Setting]:
    """Return a setting of the first levels of all factors, then one of the second levels, and so on.

    Raises
    ------
    DesignError
        All factors must have equally many levels.
    """
    _discrete(factors, "zip")
    lengths = {factor.name: len(factor.levels) for factor in factors}
    if len(set(lengths.values())) != 1:
        numbers_of_levels = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise DesignError(f"factors must have equally many levels in a zip design, got {numbers_of_levels}")
    names = [factor.name for factor in factors]
    rows = zip(*(f.levels for f in factors), strict=True)
    return [Setting(dict(zip(names, row, strict=True))) for row in rows]


def one_at_a_time(factors: Sequence[Factor]) -> list[Setting]:
    """Return the base, then each level of each factor alone; levels that the base has already are left out."""
    _discrete(factors, "one_at_a_time")
    rows = [Setting({})]
    for factor in factors:
        rows += [Setting({factor.name: level}) for level in factor.levels if level.label != factor.base]
    return rows


def sampled(factors: Sequence[Factor], sample: Floats) -> list[Setting]:
    """Return a setting for each row of a sample of the unit cube (shape (n, factors))."""
    return [Setting({f.name: f.at(float(u)) for f, u in zip(factors, row, strict=True)}) for row in sample]


def latin_hypercube(dimensions: int, n: int, seed: int) -> Floats:
    """Return a Latin hypercube sample (shape (n, dimensions)).

    References
    ----------
    McKay, Beckman and Conover (1979), Technometrics 21, 239-245.
    """
    from scipy.stats import qmc

    return np.asarray(qmc.LatinHypercube(dimensions, rng=seed).random(n))


def sobol_sequence(dimensions: int, n: int, seed: int) -> Floats:
    """Return the first n points of a scrambled Sobol sequence (shape (n, dimensions)); n is a power of two.

    References
    ----------
    Owen (1998), Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity 14, 466-489.
    """
    from scipy.stats import qmc

    return np.asarray(qmc.Sobol(dimensions, rng=seed).random(n))
