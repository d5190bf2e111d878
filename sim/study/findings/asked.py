"""What a study asks for must be there: its measures and their groups, known before anything is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ConfigError, choices, near
from sim.measures.dictionary import DEFINITIONS
from sim.measures.groups import groups_of
from sim.study.design import prepared

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sim.config import Pilot
    from sim.config.study_schema import Study
    from sim.study.design import Design


def check(study: Study, pilots: Iterable[Pilot], own: Iterable[str] = ()) -> None:
    """Raise if a study names a measure, or a group of one, that there is none of.

    Parameters
    ----------
    study
        As it was read.
    pilots
        Its designs in their order: the first one that can be run says which groups there are.
    own
        Measures of one's own, whose groups are known only once they are computed.

    Raises
    ------
    ConfigError
        By where the study names it.
    """
    known = dict.fromkeys([*DEFINITIONS, *own])
    _check(study, known)
    design = next(filter(None, map(_that_runs, pilots)), None)
    if design is not None:
        _check(study, known | groups_of(design.organisation))


def check_kept(study: Study, rows: Iterable[tuple[str, str]]) -> None:
    """Raise as `check` does where a replication, of which these are the measures and groups, lacks one."""
    known: dict[str, list[str]] = {}
    for measure, group in rows:
        known.setdefault(measure, []).append(group)
    _check(study, known)


def _check(study: Study, known: Mapping[str, Collection[str] | None]) -> None:
    """Raise if a study names what is not known: groups by measure, None where any may be."""
    for where, response in study.named:
        measure, group = response
        if measure not in known:
            raise ConfigError(
                f"study.{where} must name measures, or measure|group{near(measure, known)}, got {response}"
            )
        groups = known[measure]
        if groups is not None and group not in groups:
            raise ConfigError(
                f"study.{where} must name a group of {measure}, of {choices(groups, group)}{near(group, groups)}, "
                f"got {response}"
            )


def _that_runs(pilot: Pilot) -> Design | None:
    """Return a design on the place of its first replication, or None where it is not run."""
    try:
        design = prepared(pilot, replication=0)
    except ConfigError:
        return None
    return None if pilot.run.overload == "refuse" and design.overloaded else design
