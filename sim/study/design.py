"""A pilot design, prepared: what follows from its config before a simulation, computed once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from sim.config import LEVELS
from sim.district import organisation, overload, workload
from sim.district.place import borders_of, build_place
from sim.district.size import LEAST_BLOCK, check_size
from sim.errors import ConfigError, shortened
from sim.language import ENGLISH, gettext, phrase, speaking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sim.arrays import Bools
    from sim.config import Level, Pilot
    from sim.district.organisation import Organisation
    from sim.district.overload import Pool
    from sim.district.place import Place
    from sim.district.workload import Work

SAME_RESIDENTS = ("seed", "warm_up_weeks", "measured_weeks", "drain_weeks")
"""Keys of `run` that pilots on the same residents must share."""

SAME_READING = ("replications", "confidence", "withhold_share", "turnaround_cap_working_days")
"""What they must have alike to be compared."""


ALIKE = {"district": "meet the same residents", "mechanisms": "have the same facts of today"}
READ_ALIKE = {"mid": "are judged alike", "report": "are shown alike"}
"""Groups that they must have alike, and what for; the second where they are compared."""


@dataclass(frozen=True)
class Design:
    """A pilot on its place, with its organisation; make one with `prepared`.

    Attributes
    ----------
    pilot
        As it was configured.
    organisation
        Its units, people, stations and works.
    """

    pilot: Pilot
    organisation: Organisation

    @property
    def name(self) -> str:
        """Return the name of the pilot."""
        return self.pilot.name

    @property
    def place(self) -> Place:
        """Return where its households and offices are."""
        return self.organisation.place

    @property
    def works(self) -> Sequence[Work]:
        """Return the kinds of work that are due, with their hours a year."""
        return self.organisation.works

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        """Return the pools of staff who serve together, with the hours of work that piles up if it is not done."""
        return tuple(overload.pools(self.organisation))

    @cached_property
    def heads(self) -> Mapping[Level, int]:
        """Return the heads of each level."""
        return workload.heads(self.pilot)

    @cached_property
    def present_hours(self) -> float:
        """Return the hours a year that a head is present."""
        return workload.present_hours(self.pilot)

    @property
    def overloaded(self) -> tuple[str, ...]:
        """Return the posts that cannot keep up, with their loads, in the language that is spoken."""
        return tuple(
            gettext("{post} ({load:.2f})", post=pool.post, load=pool.load) for pool in self.pools if pool.overloaded
        )

    @cached_property
    def overloaded_share(self) -> Mapping[str, float]:
        """Return the share of each level's heads that cannot keep up."""
        shares = {}
        for level in LEVELS:
            mine = [pool for pool in self.pools if pool.level == level]
            shares[str(level)] = sum(p.heads for p in mine if p.overloaded) / max(1, sum(p.heads for p in mine))
        return shares

    @cached_property
    def overloaded_stations(self) -> Bools:
        """Return at which stations residents' requests pile up (shape (stations,))."""
        return overload.overloaded_stations(self.organisation, list(self.pools))

    def hours(self, level: Level, *, lapses: bool = False) -> float:
        """Return the hours a year of a level's work that piles up, or of its duties that lapse if they are not done."""
        return sum(work.hours for work in self.works if work.level == level and work.lapses is lapses)

    def load(self, level: Level) -> float:
        """Return the hours of work that piles up at a level over the hours that its heads are present (0: no heads)."""
        heads = self.heads.get(level, 0)
        return self.hours(level) / (heads * self.present_hours) if heads else 0.0


def prepared(pilot: Pilot, district: int = 0, replication: int | None = None) -> Design:
    """Return a pilot, prepared on the place of one of its districts: the base place, or that of a replication.

    Raises
    ------
    ConfigError
        Its heads must be enough for its posts, and a replication must fit into the memory, at least in the smallest
        blocks: how it will be run is not known here.
    """
    return prepared_on(partial(build_place, number=district, replication=replication), pilot)


def prepared_on(place_of: Callable[[Pilot], Place], pilot: Pilot) -> Design:
    """Return a pilot, prepared on the place that `place_of` gives it; it raises as `prepared` does."""
    check_size(pilot, LEAST_BLOCK)  # before there is a place of that size
    return Design(pilot, organisation.build_organisation(pilot, place_of(pilot)))


def prepared_all(pilots: Iterable[Pilot]) -> dict[str, Design]:
    """Return pilots, prepared, by their names."""
    place_of = base_places()
    return {pilot.name: prepared_on(place_of, pilot) for pilot in pilots}


def titles_of(pilots: Iterable[Pilot]) -> dict[str, str]:
    """Return what designs are called on a first screen, by name."""
    return called({pilot.name: pilot.title for pilot in pilots})


def called(titles: Mapping[str, str]) -> dict[str, str]:
    """Return titles by name in the language that is spoken, or the names where two titles are alike."""
    spoken = {name: phrase(title) for name, title in titles.items()}
    return spoken if len(set(spoken.values())) == len(spoken) else {name: name for name in titles}


def base_places(designs: Iterable[Design] = ()) -> Callable[[Pilot], Place]:
    """Return a function from a pilot to its base place, which is built once for all pilots that have the same one.

    Parameters
    ----------
    designs
        Prepared on their base places already: those are taken.
    """

    def key(pilot: Pilot) -> tuple[object, ...]:
        return pilot.district.model_dump_json(), borders_of(pilot)

    built = {key(design.pilot): design.place for design in designs}

    def place_of(pilot: Pilot) -> Place:
        mine = key(pilot)
        if mine not in built:
            built[mine] = build_place(pilot)
        return built[mine]

    return place_of


def check_paired(pilots: Sequence[Pilot], keys: Sequence[str] = SAME_RESIDENTS) -> None:
    """Raise `ConfigError` where pilots do not meet the same residents, or (with more keys) are not read alike."""
    first = pilots[0]
    for one in pilots[1:]:
        for group, why in (ALIKE | (READ_ALIKE if set(SAME_READING) <= set(keys) else {})).items():
            if getattr(one, group) == getattr(first, group):
                continue
            plain = [{group: getattr(pilot, group).model_dump(mode="json")} for pilot in (first, one)]
            path, *values = _first_difference(plain[0], plain[1])
            here, there = (shortened(json.dumps(value, ensure_ascii=False)) for value in values)
            raise ConfigError(
                f"{path} must be the same under all pilots, so that they {why}, got {here} under {first.name} and "
                f"{there} under {one.name}"
            )
        for key in keys:
            here, there = getattr(first.run, key), getattr(one.run, key)
            if here != there:
                raise ConfigError(
                    f"run.{key} must be the same under all pilots, so that they meet the same residents and are read "
                    f"alike, got {here} under {first.name} and {there} under {one.name}"
                )


def _first_difference(here: Any, there: Any, path: str = "") -> tuple[str, Any, Any]:
    """Return the path to the first values that differ in two trees of plain data that do, and both."""
    below = [dict(enumerate(one)) if isinstance(one, list) else one for one in (here, there)]
    if not all(isinstance(one, dict) for one in below) or below[0].keys() != below[1].keys():
        return path, here, there
    key = next(key for key in below[0] if below[0][key] != below[1][key])
    return _first_difference(below[0][key], below[1][key], f"{path}.{key}".lstrip("."))


@speaking(ENGLISH)
def check_overload(designs: Iterable[Design]) -> None:
    """Raise `ConfigError` if a design has an overloaded post and its config refuses such a run."""
    for design in designs:
        if design.pilot.run.overload == "refuse" and design.overloaded:
            raise ConfigError(
                f"run.overload is refuse and every post must be able to keep up with its work, got "
                f"{len(design.overloaded)} that cannot under {design.name}: {', '.join(design.overloaded[:5])}"
            )
