"""The designs in which knobs are turned: the base, and each end of a row, one at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from sim.config import Name, Section, study_schema
from sim.config.report import Response, ResponseName
from sim.errors import ConfigError
from sim.language import N_, gettext
from sim.statistics.designs import Knob
from sim.statistics.reasons import Filled, Several, Text
from sim.study.knobs.rows import end_words
from sim.study.points.composer import Composer, value_at
from sim.study.points.factors import number, shown
from sim.study.points.shares import is_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sim.config import Pilot
    from sim.config.compose import Line
    from sim.statistics.reasons import Reason
    from sim.study.knobs.rows import Row


Least = Annotated[int, Field(ge=2, le=100_000)]


class Settings(Section):
    """How knobs are turned: `configs/knobs.yaml`."""

    pilot: Name
    base: dict[str, Any]
    replications: Least
    also: tuple[ResponseName, ...]


@dataclass(frozen=True)
class Trial:
    """A row of the evidence and the designs in which its knob is turned.

    Attributes
    ----------
    row
        Of the evidence.
    where
        The pilot and the knobs that are set for all of its designs, in words.
    base
        The design that the others are compared with; None where nothing is tried.
    ends
        The designs that are tried, by the name of the end.
    why
        Why there is none, or why an end is left out; None where all are there.
    applies
        Whether the row is of this district: its base is the value that the design has.
    """

    row: Row
    where: str
    base: Pilot | None = None
    ends: Mapping[str, Pilot] = field(default_factory=dict)
    why: Reason | None = None
    applies: bool = True


@dataclass(frozen=True)
class Refused:
    """Why an end is left out: the config refuses it."""

    end: str
    error: str

    def words(self) -> str:
        """Return which end it is, and the error as it is."""
        return gettext("{end} is refused: {error}", end=end_words(self.end), error=self.error)


def trials(known: Iterable[Row], settings: Settings, line: Line) -> list[Trial]:
    """Return the designs of every row: those that the config refuses are left out, and it is said why.

    Raises
    ------
    ConfigError
        The design that a row names must be one.
    """
    composers: dict[str, Composer] = {}
    return [_trial(row, settings, line, composers) for row in known]


def _trial(row: Row, settings: Settings, line: Line, composers: dict[str, Composer]) -> Trial:
    """Return the designs of a row."""
    name = str(row.where.get("pilot") or (row.pilots[0] if row.pilots else settings.pilot))
    knobs = {key: value for key, value in row.where.items() if key != "pilot"}
    where = ", ".join([name, *(f"{key}={shown(value)}" for key, value in knobs.items())])
    if not row.tried:
        alone = Filled(N_("it has no other value to try than {base}"), {"base": shown(row.base)})
        return Trial(row, where, why=Text(row.why) if row.why else alone)
    composer = composers.setdefault(where, Composer(_study(name, {**settings.base, **knobs}), line))
    plain = composer.plain(name)
    held = value_at(plain, row.path)
    if not _same(held, row.base):
        values = {"base": shown(row.base), "held": shown(held)}
        other = Filled(N_("its base is {base}, but this design has {held}"), values)
        return Trial(row, where, why=other, applies=False)
    ends: dict[str, Pilot] = {}
    refused: list[Reason] = []
    for end, value in row.ends.items():
        knob = Knob(row.path, value, None, is_share(row.path))
        try:
            ends[end] = composer.load(name, [knob], {"title": f"{row.name} = {shown(value)}"[:200]})
        except ConfigError as error:
            refused.append(Refused(end, str(error)))
    base = composer.load(name) if ends else None
    return Trial(row, where, base, ends, Several(tuple(refused)) if refused else None)


def _study(pilot: str, base: Mapping[str, Any]) -> study_schema.Study:
    """Return what a composer needs to know: the pilot, and what is set for all designs alike."""
    return study_schema.load(
        {"title": pilot, "pilots": [pilot], "base": dict(base), "design": "grid", "responses": [str(Response("trips"))]}
    )


def _same(held: Any, base: Any) -> bool:
    """Return whether a design has the value that the evidence calls the base."""
    one, other = number(held), number(base)
    return held == base if one is None or other is None else math.isclose(one, other)
