"""Which knobs a study sets, and whether each can act at one of its points: one that can act at none is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.config.acting import CONDITIONS, acted, idle, set_by, value_at
from sim.config.compose import Line, compose
from sim.config.schema import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sim.config import Pilot
    from sim.statistics.designs import Factor, Knob, Level
    from sim.study.points.composer import Composer, Point


class Set(NamedTuple):
    """A knob that a study sets, where, and under which of its pilots."""

    knob: str
    where: str
    pilots: tuple[str, ...]


@dataclass
class Idle:
    """The knobs that have acted at no point so far."""

    composer: Composer
    left: set[Set]
    _moved: set[Set] = field(default_factory=set)
    _base: list[Pilot] = field(default_factory=list)

    def see(self, point: Point) -> None:
        """Note which knobs can act at a point, and which of the others have another value there than by default."""
        for one in [one for one in self.left if point.pilot is not None and point.base in one.pilots]:
            assert point.pilot is not None
            if CONDITIONS[one.knob][1](point.pilot):
                self.left.discard(one)
            elif value_at(point.pilot, one.knob) != value_at(self._by_default(), one.knob):
                self._moved.add(one)

    def check(self) -> None:
        """Raise `ConfigError` for a knob that was set and can act at none of the points that were seen."""
        for one in sorted(self.left & self._moved):
            compositions = {name: self.composer.composition(name) for name in one.pilots}
            loaded = ((self.composer.load(name), composition) for name, composition in compositions.items())
            if not (one.where.endswith(".yaml") and any(acted(one.where, one.knob, *both) for both in loaded)):
                raise idle(one.knob, one.where, one.pilots)

    def _by_default(self) -> Pilot:
        """Return the design of no pilot's, composed when it is needed."""
        if not self._base:
            self._base.append(load(compose("main", Line(()))))
        return self._base[0]


def knobs_set(composer: Composer, factors: Mapping[str, Factor], levels: Iterable[Level]) -> Idle:
    """Return the knobs of a study that can act under some designs only: of its base, its factors and its points.

    Ranges of the evidence are no choice of the study's, and not among them.
    """
    pilots = composer.study.pilots
    compositions = {name: composer.composition(name) for name in pilots}
    moved = [(f"study.factors.{name}", knob) for name, factor in factors.items() for knob in factor.knobs]
    moved += [("study.design.points", knob) for level in levels for knob in level.knobs]
    found = set()
    for path in CONDITIONS:
        for file, having in set_by(path, compositions).items():
            in_study = not file and any(_covers(key, value, path) for key, value in composer.study.base.items())
            found.add(Set(path, "study.base" if in_study else file, tuple(having)))
        found |= {Set(path, where, knob.pilots or pilots) for where, knob in moved if _moves(knob, path)}
    return Idle(composer, found)


def _moves(knob: Knob, path: str) -> bool:
    """Return whether a knob of a factor is that at a path, or holds it."""
    return _covers(knob.key, knob.value, path)


def _covers(key: str, value: Any, path: str) -> bool:
    """Return whether a value at a key sets that at a path, which may lie within it."""
    key = key.lstrip("+")
    if key == path:
        return True
    if not path.startswith(f"{key}."):
        return False
    for part in path.removeprefix(f"{key}.").split("."):
        if not isinstance(value, dict):
            return True
        if part not in value:
            return False
        value = value[part]
    return True
