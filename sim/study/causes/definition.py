"""The causes of an effect, from their file: the knobs of each when it is at work and when it is not."""

from __future__ import annotations

import os
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from sim import config
from sim.config import Name, Section, study_schema
from sim.config.compose import CONFIGS, options
from sim.config.reading import read_yaml
from sim.config.report import ResponseName
from sim.config.study_schema import Least, Text
from sim.errors import ConfigError, RuleError, choices, near
from sim.statistics.designs import Knob
from sim.study.points.composer import Composer

if TYPE_CHECKING:
    from sim.config import Pilot
    from sim.config.compose import Line

MOST_CAUSES = 9
"""Every set of causes is a design: two times as many for each cause."""

FOLDER = "explain"

Sets = dict[frozenset[int], "Pilot"]
"""The design of every set of causes that are at work, by their numbers."""


class Cause(Section):
    """A cause: the knobs that are set when it is at work, and those when it is not; others are the pilot's own."""

    label: Text
    at_work: dict[Text, Any] = Field(default_factory=dict)
    without: dict[Text, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _sets_something(self) -> Self:
        if not self.at_work and not self.without:
            raise RuleError("have knobs in at_work or in without", "none")
        return self

    @property
    def keys(self) -> frozenset[str]:
        """Return the knobs that it sets."""
        return frozenset((*self.at_work, *self.without))


class Longer(Section):
    """The run over which contributions are looked at again: so many times the measured weeks, and its replications."""

    times: Annotated[int, Field(ge=2, le=20)]
    replications: Least


class Causes(Section):
    """What is to be explained, of which pilot, by which causes."""

    title: Text
    pilot: Name
    base: dict[Text, Any] = Field(default_factory=dict)
    replications: Least
    longer: Longer | None = None
    responses: Annotated[tuple[ResponseName, ...], Field(min_length=1)]
    causes: Annotated[dict[Name, Cause], Field(min_length=1, max_length=MOST_CAUSES)]

    @model_validator(mode="after")
    def _each_key_once(self) -> Self:
        for (one, first), (other, second) in combinations(self.causes.items(), 2):
            for key in sorted(first.keys):
                if any(_overlap(key, its) for its in second.keys):
                    raise RuleError("set each knob once", f"{key} in {one} and {other}", at="causes")
        return self


def _overlap(key: str, other: str) -> bool:
    """Return whether two keys set the same knob, or one lies inside the other."""
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")


def load(name: str, line: Line) -> Causes:
    """Return the causes of a file of `configs/explain/`, or of that folder of the user's own.

    Raises
    ------
    ConfigError
        The file must exist and be complete.
    """
    known = options(FOLDER, CONFIGS, line.config_dir)
    if name not in known:
        raise ConfigError(f"causes must be one of {choices(known, name)}{near(name, known)}, got {name}")
    files = [folder / FOLDER / f"{name}.yaml" for folder in (CONFIGS, line.config_dir) if folder is not None]
    file = next(file for file in files if os.path.lexists(file))
    plain = read_yaml(file, f"{FOLDER}/{file.name}", within=file.parents[1])
    return config.checked(Causes, plain, FOLDER)


def designs(causes: Causes, line: Line) -> Sets:
    """Return the design of every set of causes.

    Parameters
    ----------
    causes
        As they were read.
    line
        Knobs of all designs alike, and where to find configs.

    Raises
    ------
    ConfigError
        Every set must be a design, and every cause must change it.
    """
    study = {"title": causes.title, "pilots": [causes.pilot], "base": causes.base, "design": "grid"}
    responses = [str(one) for one in causes.responses]
    composer = Composer(study_schema.load({**study, "responses": responses}), line)
    numbers = range(len(causes.causes))
    sets = [frozenset(one) for size in (*numbers, len(numbers)) for one in combinations(numbers, size)]
    made = {at_work: _design(causes, at_work, composer) for at_work in sets}
    everything = frozenset(numbers)
    for number, name in enumerate(causes.causes):
        with_, without = (made[one].model_dump(exclude={"title"}) for one in (everything, everything - {number}))
        if with_ == without:
            raise ConfigError(
                f"{FOLDER}.causes.{name} must change the design, but it is the same with the cause and without"
            )
    return made


def lengthened(pilot: Pilot, times: int) -> Pilot:
    """Return a design with so many times the measured weeks; its residents begin as those of the shorter run.

    Raises
    ------
    ConfigError
        The weeks must not be too many.
    """
    run = pilot.run.model_dump(mode="json")
    weeks = times * pilot.run.measured_weeks
    return config.load({**pilot.model_dump(mode="json"), "run": {**run, "measured_weeks": weeks}})


def _design(causes: Causes, at_work: frozenset[int], composer: Composer) -> Pilot:
    """Return the design of a set of causes."""
    knobs = [
        Knob(key, value)
        for number, cause in enumerate(causes.causes.values())
        for key, value in (cause.at_work if number in at_work else cause.without).items()
    ]
    return composer.load(causes.pilot, knobs, {"title": name_of(causes, at_work)[:200]})


def name_of(causes: Causes, at_work: frozenset[int]) -> str:
    """Return the name of a set of causes."""
    names = [name for number, name in enumerate(causes.causes) if number in at_work]
    return "+".join(names) or "none"
