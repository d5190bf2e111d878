"""The lines of a duty: which stations a member of staff serves, in what order and at what pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.district.stages import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sim.config import Pilot
    from sim.district.organisation import Organisation, Person

Line = tuple[int, int, int]  # station, rank, pace per mille

OWN_PACE = 1000
ROOM_RANK = 10  # of a colleague's line at the counter
COVER_RANK = 20

PAPER_DESKS = (Desk.TASKS, Desk.DUE)
A_DESKS = (Desk.FRONT, Desk.PHONE, Desk.FILES, *PAPER_DESKS, Desk.ASSEMBLY)
B_DESKS = (Desk.FIELD, Desk.PATROL, Desk.HOME)
COVERED_DESKS = (Desk.FRONT, Desk.FILES)
"""What colleagues do for who is absent: residents' matters at the desk, never ledgers, patrols or visits."""


def served(
    organisation: Organisation,
    m: int,
    colleagues: Callable[[int], list[int]],
    serving: int,
    desks: tuple[Desk, ...],
    away: Sequence[frozenset[int]],
    lines_of: Callable[[int, tuple[Desk, ...], bool], list[Line]],
) -> list[Line]:
    """Return the lines of a person: at the rota desk, or at these desks with those of colleagues whom they cover."""
    points = organisation.pilot.service.points if organisation.people[m].level == "community" else 1
    if serving < points:
        return _desk_duty(organisation, m, serving)
    covers, elsewhere = divmod(serving - points, 2)  # others serve who comes: at the rota desk, or at the counters
    run, kind_of_day = divmod(covers, len(away))
    own = organisation.pilot.service.desk == "own"
    if own and elsewhere:
        desks = tuple(desk for desk in desks if desk is not Desk.FRONT)
    lines = lines_of(m, desks, own or not elsewhere)
    covered, front = tuple(desk for desk in desks if desk in COVERED_DESKS), own
    for absent in sorted(colleagues(run)):
        if organisation.people[absent].specialism in away[kind_of_day]:
            lines = _with_cover(organisation, lines, lines_of(absent, covered, front))
    return lines


def own_lines(organisation: Organisation, m: int, desks: tuple[Desk, ...], front: bool) -> list[Line]:
    """Return what a person serves: the desks of their own specialism and grids, in the order of the roles.

    A generalist serves all desks of the community, those of others at the pace of an outsider.
    """
    pilot, person = organisation.pilot, organisation.people[m]
    outside = round(OWN_PACE * pilot.roles.outside_pace)
    everything = person.level == "community" and pilot.roles.scheme == "generalist"
    few_counters = person.level == "community" and organisation.few_counters[person.unit] is not None
    lines: list[Line] = []
    for desk in desks:
        if desk in (Desk.FRONT, Desk.PHONE) and not front:
            continue
        rank = _rank(pilot, person, desk)
        pace = _front_pace(pilot, person) if desk is Desk.FRONT else OWN_PACE
        if person.level == "community" and desk in B_DESKS:
            grids = np.flatnonzero(organisation.place.grid_community == person.unit) if everything else person.grids
            lines += [(int(organisation.at_grid[desk][g]), rank, pace if g in person.grids else outside) for g in grids]
        elif desk is Desk.FRONT and person.level == "community" and organisation.at_point is not None:
            if person.specialism >= 0:
                lines.append((_own_point(organisation, m), rank, pace))
        elif desk in (Desk.PHONE, Desk.ASSEMBLY):
            lines += _in_common(organisation, person, desk, rank)
        elif (person.level, desk) in organisation.at and person.specialism >= 0:
            room = everything or (desk is Desk.FRONT and (pilot.roles.one_room or few_counters))
            lines += at_desk(organisation, person, desk, rank, pace, everything=room)
    return lines


def _in_common(organisation: Organisation, person: Person, desk: Desk, rank: int) -> list[Line]:
    """Return the line of a queue of a whole community: its phone, where everybody is an outsider, or its assembly."""
    phone = desk is Desk.PHONE
    at = organisation.at_phone if phone else organisation.at_assembly
    if at is None or person.level != "community" or (phone and person.specialism < 0):
        return []
    return [
        (int(at[person.unit]), rank, round(OWN_PACE * organisation.pilot.roles.outside_pace) if phone else OWN_PACE)
    ]


def at_desk(
    organisation: Organisation, person: Person, desk: Desk, rank: int, pace: int, *, everything: bool
) -> list[Line]:
    """Return the lines of a desk: of the own specialism and, with `everything`, of the unit's others, more slowly."""
    at = organisation.at[person.level, desk][person.unit]
    own = int(at[person.specialism])
    outside = round(OWN_PACE * organisation.pilot.roles.outside_pace)
    others = sorted({int(s) for s in at if s >= 0} - {own}) if everything else []
    later = rank if organisation.pilot.roles.scheme == "generalist" else rank + ROOM_RANK
    return [(own, rank, pace), *((s, later, outside) for s in others)]


def _own_point(organisation: Organisation, m: int) -> int:
    """Return the front queue of the service point at which a person has a desk: points are dealt in turn."""
    assert organisation.at_point is not None
    person, points = organisation.people[m], organisation.pilot.service.points
    first = organisation.members(person.level, person.unit)[0]
    return int(organisation.at_point[person.unit * points + (m - first) % points])


def _front_pace(pilot: Pilot, person: Person) -> int:
    """Return a person's pace at their own front desk: at one window for all, everybody works outside their own line."""
    outside = person.level == "community" and pilot.service.windows == "one_window"
    return round(OWN_PACE * pilot.roles.outside_pace) if outside else OWN_PACE


def _rank(pilot: Pilot, person: Person, desk: Desk) -> int:
    """Return the rank of a desk within one priority under the order of the roles."""
    order = pilot.roles.order if person.level == "community" else "a_first"
    if order in ("oldest", "longest") or desk in (*PAPER_DESKS, Desk.ASSEMBLY):
        return 0
    position = {Desk.FRONT: 0, Desk.PHONE: 0, Desk.FILES: 1, Desk.FIELD: 2, Desk.PATROL: 3, Desk.HOME: 4}[desk]
    return (position + 3) % 5 if order == "b_first" else position


def _desk_duty(organisation: Organisation, m: int, point: int) -> list[Line]:
    """Return the duty of the rota desk: the point's front queue, or all front queues of the unit; then own files."""
    pilot, person = organisation.pilot, organisation.people[m]
    outside = round(OWN_PACE * pilot.roles.outside_pace)
    everything = pilot.roles.scheme == "generalist"
    files = at_desk(organisation, person, Desk.FILES, 1, OWN_PACE, everything=everything)
    if organisation.at_phone is not None:
        files.append((int(organisation.at_phone[person.unit]), 0, outside))
    if organisation.at_point is not None:
        return [(int(organisation.at_point[person.unit * pilot.service.points + point]), 0, outside), *files]
    own = int(organisation.at[person.level, Desk.FRONT][person.unit, person.specialism])
    fronts = sorted({int(s) for s in organisation.at[person.level, Desk.FRONT][person.unit] if s >= 0})
    return [*((s, 0, OWN_PACE if s == own else outside) for s in fronts), *files]


def _with_cover(organisation: Organisation, lines: list[Line], of_absent: list[Line]) -> list[Line]:
    """Return a duty with lines of an absent colleague added, in last place and at an outsider's pace."""
    own = {station for station, _, _ in lines}
    pace = round(OWN_PACE * organisation.pilot.roles.outside_pace)
    return [*lines, *((station, rank + COVER_RANK, pace) for station, rank, _ in of_absent if station not in own)]
