"""When each member of staff is on duty and what they serve then: absence, meetings, rota desk, cover, split days.

All are rosters of intervals with different duties; the engine knows no special case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sim.clock import HOUR, Calendar, ticks
from sim.itineraries import Desk
from sim.streams import stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from sim.config import Absence, Pilot
    from sim.office import OfficeTime
    from sim.organisation import Organisation, Person

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

Line = tuple[int, int, int]  # station, rank, pace per mille
Span = tuple[int, int, int, int]  # open, close, duty, hand_back

OWN_PACE = 1000
COVER_RANK = 20

A_DESKS = (Desk.FRONT, Desk.FILES, Desk.TASKS)
B_DESKS = (Desk.FIELD, Desk.PATROL, Desk.HOME)


@dataclass(frozen=True)
class Rosters:
    """Rosters of all staff in the form of the engine's columns, and what the gaps in them are.

    Attributes
    ----------
    duties, servers : dict of str -> list of int
        Columns of `network.make_network`; `changeover` is not among them.
    meetings : ndarray of int, shape (n, 3)
        Person, start and end (ticks) of every meeting attended.
    """

    duties: dict[str, list[int]]
    servers: dict[str, list[int]]
    meetings: Ints


@dataclass
class _Duties:
    """The duties in use, each once."""

    ids: dict[tuple[tuple[Line, ...], int], int] = field(default_factory=dict)

    def id(self, lines: Iterable[Line], longest: bool) -> int:
        """Return the id of a duty, a new one for new lines."""
        key = (tuple(sorted(lines)), int(longest))
        return self.ids.setdefault(key, len(self.ids))

    def columns(self) -> dict[str, list[int]]:
        """Return the engine's columns."""
        columns: dict[str, list[int]] = {"first": [0], "longest": [], "station": [], "rank": [], "pace": []}
        for lines, longest in self.ids:
            for station, rank, pace in lines:
                columns["station"].append(station)
                columns["rank"].append(rank)
                columns["pace"].append(pace)
            columns["first"].append(len(columns["station"]))
            columns["longest"].append(longest)
        return columns


def of(organisation: Organisation, office: OfficeTime, replication: int) -> Rosters:
    """Return everybody's roster in one replication.

    A person's absence and meetings are drawn by identity: the same under every design.
    """
    pilot, people = organisation.pilot, organisation.people
    absent = np.stack([_absences(pilot, office, p.identity, replication) for p in people])
    meetings = [_meetings(pilot, office, p, replication) for p in people]
    duties = _Duties()
    spans: list[list[Span]] = [[] for _ in people]
    for level in pilot.structure.levels:
        for unit in range(organisation.n_units(level)):
            _unit_rosters(organisation, office, level, unit, absent, duties, spans)
    servers: dict[str, list[int]] = {"first": [0], "open": [], "close": [], "duty": [], "hand_back": []}
    attended: list[tuple[int, int, int]] = []
    for i, calendar in enumerate(meetings):
        for opened, closed, duty, hand_back in _without(spans[i], calendar):
            servers["open"].append(opened)
            servers["close"].append(closed)
            servers["duty"].append(duty)
            servers["hand_back"].append(hand_back)
        servers["first"].append(len(servers["open"]))
        present = {office_day(opened) for opened, *_ in spans[i]}
        for a, b in zip(calendar.open.tolist(), calendar.close.tolist(), strict=True):
            if office_day(a) in present:
                attended.append((i, a, b))
    return Rosters(duties.columns(), servers, np.array(attended, dtype=np.int64).reshape(-1, 3))


def office_day(tick: int) -> int:
    """Return the day number of a tick."""
    return tick // (24 * HOUR)


# ---------------------------------------------------------------------------------- absence and meetings


def absent_days(rng: np.random.Generator, n: int, absence: Absence) -> Bools:
    """Return which of n working days a person is away (shape (n,)).

    Single days are drawn day by day; blocks of working days start so that in the long run they take their
    share, also on the first day. A block of mean length L that starts on a free day with chance b is on
    during L b / (1 + L b) of all days.
    """
    in_blocks = absence.share * (1 - absence.single_days_share)
    length = (absence.block_days_min + absence.block_days_max) / 2
    start = in_blocks / (length * (1 - in_blocks))
    single = (absence.share - in_blocks) / (1 - in_blocks)
    before = 10 * absence.block_days_max  # so that a block may be on at day 0
    draws = rng.random((3, before + n))
    away = draws[0] < single
    day, last = 0, before + n
    for begin in np.flatnonzero(draws[1] < start).tolist():
        if begin >= day:
            span = absence.block_days_max - absence.block_days_min + 1
            day = begin + absence.block_days_min + int(draws[2, begin] * span)
            away[begin : min(day, last)] = True
    return np.asarray(away[before:])


def _absences(pilot: Pilot, office: OfficeTime, identity: int, replication: int) -> Bools:
    """Return the working days on which a person is away."""
    rng = stream(pilot.run.seed, replication, f"staff/{identity}/absence")
    return absent_days(rng, len(office.working_days), pilot.staffing.absence)


def _meetings(pilot: Pilot, office: OfficeTime, person: Person, replication: int) -> Calendar:
    """Return the meetings that a person is asked to: so many a week, in different slots of office time."""
    config = pilot.burden.meetings
    if person.level != "community":
        return Calendar.of([])
    per_week = config.secretary_per_week if person.secretary else config.others_per_week
    length = ticks(config.hours, HOUR)
    slots = np.concatenate(
        [np.arange(a, b - length + 1, length) for a, b in zip(office.hours.open, office.hours.close, strict=True)]
    )
    week = slots // (7 * 24 * HOUR)
    draw = stream(pilot.run.seed, replication, f"staff/{person.identity}/meetings").random(len(slots))
    chosen: list[int] = []
    for w in range(office.weeks):
        n = int(np.floor((w + 1) * per_week) - np.floor(w * per_week))
        here = np.flatnonzero(week == w)
        chosen += slots[here[np.argsort(draw[here], kind="stable")[:n]]].tolist()
    return Calendar.of((a, a + length) for a in sorted(chosen))


# -------------------------------------------------------------------------------------------- one unit


def _unit_rosters(
    organisation: Organisation,
    office: OfficeTime,
    level: str,
    unit: int,
    absent: Bools,
    duties: _Duties,
    spans: list[list[Span]],
) -> None:
    """Write the spans of a unit's staff, day by day."""
    pilot = organisation.pilot
    members = organisation.members(level, unit)  # type: ignore[arg-type]
    rota = level == "community" and pilot.service.desk == "rota"
    covered = level == "community" and pilot.roles.cover == "colleague"
    split = level == "community" and pilot.roles.order == "split"
    longest = level == "community" and pilot.roles.order == "longest"
    n_days, per_day = len(office.working_days), office.sessions_a_day
    b_from = office.hours.at(np.arange(n_days) * office.day_ticks + round((1 - pilot.roles.b_share) * office.day_ticks))
    turn = 0
    for day in range(n_days):
        present = [m for m in members if not absent[m, day]]
        cover = _covers(members, present) if covered else {}
        for session in range(per_day):
            i = day * per_day + session
            opened, closed = int(office.hours.open[i]), int(office.hours.close[i])
            at_desk: set[int] = set()
            if rota and len(present) > 1:
                n = min(pilot.service.counters, len(present) // 2)
                at_desk = {present[(turn + k) % len(present)] for k in range(n)}
                turn += n
            for m in present:
                leaves = covered and session == per_day - 1 and day + 1 < n_days and absent[m, day + 1]
                if m in at_desk:
                    parts: list[tuple[int, int, tuple[Desk, ...]]] = [(opened, closed, ())]  # the rota desk
                elif split:
                    cut = min(max(int(b_from[day]), opened), closed)
                    parts = [p for p in ((opened, cut, A_DESKS), (cut, closed, B_DESKS)) if p[0] < p[1]]
                else:
                    parts = [(opened, closed, A_DESKS + B_DESKS)]
                for a, b, desks in parts:
                    if desks:
                        lines = _lines(organisation, m, desks, front=not at_desk)
                        all_lines = _with_cover(organisation, lines, cover.get(m, []), desks)
                    else:
                        all_lines = _desk_duty(organisation, m)
                    spans[m].append((a, b, duties.id(all_lines, longest), int(leaves and b == closed)))


def _lines(organisation: Organisation, m: int, desks: tuple[Desk, ...], *, front: bool) -> list[Line]:
    """Return what a person serves: the desks of the own bundle and of the own grids, in the order of the roles."""
    pilot, person = organisation.pilot, organisation.people[m]
    lines: list[Line] = []
    for desk in desks:
        if desk is Desk.FRONT and not front:
            continue
        rank = _rank(pilot, person, desk)
        pace = front_pace(pilot, person) if desk is Desk.FRONT else OWN_PACE
        if person.level == "community" and desk in B_DESKS:
            lines += [(int(organisation.at_grid[desk][g]), rank, pace) for g in person.grids]
        elif (person.level, desk) in organisation.at:
            lines.append((int(organisation.at[person.level, desk][person.unit, person.bundle]), rank, pace))
    return lines


def front_pace(pilot: Pilot, person: Person) -> int:
    """Return the pace at one's own front desk: at one window everybody works outside the own line."""
    outside = person.level == "community" and pilot.service.windows == "one_window"
    return round(OWN_PACE * pilot.roles.outside_pace) if outside else OWN_PACE


def _rank(pilot: Pilot, person: Person, desk: Desk) -> int:
    """Return the rank of a desk within one priority under the order of the roles."""
    order = pilot.roles.order if person.level == "community" else "a_first"
    if order in ("oldest", "longest") or desk is Desk.TASKS:
        return 0
    position = {Desk.FRONT: 0, Desk.FILES: 1, Desk.FIELD: 2, Desk.PATROL: 3, Desk.HOME: 4}[desk]
    return (position + 3) % 5 if order == "b_first" else position


def _desk_duty(organisation: Organisation, m: int) -> list[Line]:
    """Return the duty of the rota desk: every front queue of the unit first, then the own files."""
    pilot, person = organisation.pilot, organisation.people[m]
    outside = round(OWN_PACE * pilot.roles.outside_pace)
    own = int(organisation.at[person.level, Desk.FRONT][person.unit, person.bundle])
    fronts = sorted({int(s) for s in organisation.at[person.level, Desk.FRONT][person.unit] if s >= 0})
    one_window = pilot.service.windows == "one_window"
    lines = [(s, 0, OWN_PACE if s == own and not one_window else outside) for s in fronts]
    return [*lines, (int(organisation.at[person.level, Desk.FILES][person.unit, person.bundle]), 1, OWN_PACE)]


def _covers(members: list[int], present: list[int]) -> dict[int, list[int]]:
    """Return who covers whom today: the next colleague in the unit who is present."""
    cover: dict[int, list[int]] = {}
    if present:
        for position, m in enumerate(members):
            if m not in present:
                order = members[position + 1 :] + members[:position]
                cover.setdefault(next(c for c in order if c in present), []).append(m)
    return cover


def _with_cover(
    organisation: Organisation, lines: list[Line], absentees: list[int], desks: tuple[Desk, ...]
) -> list[Line]:
    """Return a duty with the stations of absent colleagues added, last and at the pace of an outsider."""
    known = {station for station, _, _ in lines}
    pace = round(OWN_PACE * organisation.pilot.roles.outside_pace)
    front = organisation.pilot.service.desk == "own"
    for absentee in absentees:
        for station, rank, _ in _lines(organisation, absentee, desks, front=front):
            if station not in known:
                known.add(station)
                lines = [*lines, (station, rank + COVER_RANK, pace)]
    return lines


def _without(spans: list[Span], meetings: Calendar) -> list[Span]:
    """Return spans with the meetings cut out (both sorted)."""
    if not len(meetings.open):
        return spans
    free = Calendar.of((a, b) for a, b, *_ in spans).minus(meetings)
    opens = np.array([a for a, *_ in spans], dtype=np.int64)
    owner = np.searchsorted(opens, free.open, side="right") - 1
    cut: list[Span] = []
    for a, b, i in zip(free.open.tolist(), free.close.tolist(), owner.tolist(), strict=True):
        _, close, duty, hand_back = spans[i]
        cut.append((a, b, duty, hand_back if b == close else 0))
    return cut
