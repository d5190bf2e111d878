"""The rosters: when each member of staff is on duty, and what they serve then.

Absence, meetings, rota desk, cover and split days are all rosters of intervals with different duties; the engine knows
no special case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.district.calendars import attended_days
from sim.district.rosters import absence
from sim.district.rosters.away import away_legs
from sim.district.rosters.careers import Careers, careers
from sim.district.rosters.lines import A_DESKS, B_DESKS, OWN_PACE, at_desk, own_lines, served
from sim.district.stages import Desk
from sim.draws.clock import DAY, HOUR, NEVER, WEEK, ticks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.arrays import Bools, Ints
    from sim.config import Level, Pilot
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation
    from sim.district.rosters.lines import Line

EVENINGS = (1, 3, 0, 2, 4)  # weekdays on which staff stay longer, in this order
EVENING_HOURS = 2.0  # most on one of them
RESIDENTS_EVENING = 2  # the weekday on whose evening a secretary sits with residents


@dataclass(frozen=True)
class Rosters:
    """Rosters of all staff as the engine's columns, and the meetings that are gaps in them.

    Attributes
    ----------
    duties, servers : dict of str -> ndarray of int
        Columns of `make_network`, without `changeover`.
    meetings, away, unplaced : ndarray of int, shape (n, 3)
        Person, start and end (ticks) of every meeting attended, of all work from above away from the desk, and of what
        of it would have been then but found no hours.
    attended : ndarray of bool, shape (stations, working days)
        Whether somebody is on duty for each station.
    there : ndarray of bool, shape (people, working days)
        Who is not away, were all posts filled.
    in_post : Careers, or None
        Which posts are filled, and since when, if anybody leaves.
    """

    duties: dict[str, Ints]
    servers: dict[str, Ints]
    meetings: Ints
    away: Ints
    unplaced: Ints
    attended: Bools
    there: Bools
    in_post: Careers | None


class _Spans(NamedTuple):
    """Intervals on duty, one row each, sorted by person and time."""

    person: Ints
    open: Ints
    close: Ints
    duty: Ints
    hand_back: Ints


@dataclass
class _Duties:
    """The duties in use, each once."""

    ids: dict[tuple[tuple[Line, ...], int], int] = field(default_factory=dict)

    def id(self, lines: Iterable[Line], longest: bool) -> int:
        """Return the id of a duty, a new one for new lines."""
        key = (tuple(sorted(lines)), int(longest))
        return self.ids.setdefault(key, len(self.ids))

    def columns(self) -> dict[str, Ints]:
        """Return the engine's columns."""
        station, rank, pace = (
            np.array([line for lines, _ in self.ids for line in lines], dtype=np.int64).reshape(-1, 3).T
        )
        return {
            "first": np.cumsum([0, *(len(lines) for lines, _ in self.ids)]),
            "longest": np.array([longest for _, longest in self.ids], dtype=np.int64),
            "station": station,
            "rank": rank,
            "pace": pace,
        }


def build_rosters(organisation: Organisation, office: OfficeTime, replication: int) -> Rosters:
    """Return the rosters of all staff in one replication.

    A person's absence and meetings are drawn by identity: the same under every design.
    """
    pilot, people = organisation.pilot, organisation.people
    there = np.stack([~absence.absences(organisation, office, p.identity, replication) for p in people])
    in_post = careers(organisation, office, replication)
    here = there if in_post is None else there & in_post.filled
    meetings = absence.meetings(organisation, office, replication)
    away, unplaced = away_legs(organisation, office, replication, here, meetings)
    gaps = np.concatenate([meetings, away])
    duties = _Duties()
    units = [(level, unit) for level in pilot.structure.levels for unit in range(organisation.n_units(level))]
    written = [_unit_spans(organisation, office, level, unit, here, gaps, duties) for level, unit in units]
    by_person = np.argsort(np.concatenate([spans.person for spans in written]), kind="stable")
    spans = _Spans(*(np.concatenate(column)[by_person] for column in zip(*written, strict=True)))
    spans = _without(spans, gaps[np.lexsort((gaps[:, 1], gaps[:, 0]))], office.weeks * WEEK)
    attended = attended_days(organisation, office, spans.duty, spans.open, duties.columns())
    spans = _with_evenings(organisation, office, here, duties, spans)
    if in_post is not None:
        spans = _at_their_pace(office, in_post, duties, spans)
    person, start, _ = meetings.T
    came = here[person, np.searchsorted(office.working_days, start // DAY)]
    servers = {
        "first": np.searchsorted(spans.person, np.arange(len(people) + 1)),
        "open": spans.open,
        "close": spans.close,
        "duty": spans.duty,
        "hand_back": spans.hand_back,
    }
    for column in servers.values():
        column.flags.writeable = False  # so that the networks of all parts share them
    return Rosters(duties.columns(), servers, meetings[came], away, unplaced, attended, there, in_post)


def _unit_spans(
    organisation: Organisation, office: OfficeTime, level: Level, unit: int, there: Bools, gaps: Ints, duties: _Duties
) -> _Spans:
    """Return the spans of a unit's staff, before meetings and work away (`gaps`) are cut out.

    An opening of the office is one span; where people have an A and a B post it may be two, one of them for the grid.
    The arrays have the axes member, day, opening and part. Where there are fewer counters than heads an opening is in
    pieces, so that whoever is called away from a counter is stood in for.
    """
    pilot, members = organisation.pilot, organisation.members(level, unit)
    community = level == "community"
    here, shape = there[members], (-1, office.sessions_a_day)
    opens, closes = office.hours.open.reshape(shape), office.hours.close.reshape(shape)
    counters = organisation.few_counters[unit] if community and pilot.service.desk == "own" else None
    if counters is not None:
        opens, closes, session = _pieces(office, members, gaps)
    run, leaves = np.zeros_like(here, dtype=np.int64), np.zeros_like(here)
    away, on_day = _nobody_in(organisation, members, here)
    rings = _rings(organisation, members)
    if pilot.roles.cover == "colleague":
        for ring in rings:
            run[ring] = _absent_before(here[ring])
        leaves[:, :-1] = here[:, :-1] & ~here[:, 1:]
    if pilot.staffing.catch_up_hours_per_week or pilot.mechanisms.self_government.evening_hours:
        leaves = here  # else what is suspended would go on in the evening
    n_points = pilot.service.points if community else 1
    seat, elsewhere = np.full((*here.shape, opens.shape[1]), -1), np.zeros((1, 1, 1), dtype=bool)
    at_desks = here & _at_desks(organisation, members)[:, None]
    if community and pilot.service.desk == "rota":
        seat, manned = _rota(at_desks, opens.shape[1], n_points * organisation.seats(unit))
        elsewhere = manned[None, :, None]
    elif counters is not None:
        elsewhere = ~_at_counters(at_desks[:, :, None] & ~_called_away(members, gaps, opens), session, counters)
    parted = community & _has_both(organisation, members)
    turns = np.clip(_turns(pilot, office)[:, None], opens, closes)
    cut = np.where((seat >= 0) | ~parted[:, None, None], closes, turns)
    opened = np.stack([np.broadcast_to(opens, cut.shape), cut], axis=-1)
    closed = np.stack([cut, np.broadcast_to(closes, cut.shape)], axis=-1)
    hand_back = np.zeros(opened.shape, dtype=np.int64)
    hand_back[:, :, -1] = leaves[:, :, None] & (closed[:, :, -1] == closes[:, -1:])
    # what a member serves: the rota desk of a point; else it depends on whom they cover and on whether others serve who
    # comes. Seats go round the points day by day, so that no point is always the one with a seat less.
    point = (seat + np.arange(len(opens))[:, None]) % n_points
    covers = np.where(run > 0, run * len(away) + on_day, 0)
    serves = np.where(seat >= 0, point, n_points + 2 * covers[:, :, None] + elsewhere)
    keep = here[:, :, None, None] & (opened < closed)
    position, _, _, part = np.nonzero(keep)
    serving_of = np.broadcast_to(serves[..., None], keep.shape)[keep]
    code = (serving_of * 2 + part) * len(members) + position
    ids = np.zeros(code.max(initial=0) + 1, dtype=np.int64)
    lines_of = cache(partial(own_lines, organisation))  # who covers whom changes daily, what is covered does not
    place_in_ring = {i: (ring, nth) for ring in rings for nth, i in enumerate(ring)}

    def colleagues(i: int, run: int) -> list[int]:
        """Return so many of the colleagues whom a member may cover, the next one first."""
        ring, nth = place_in_ring[i]
        return [members[ring[nth - k]] for k in range(1, run + 1)]

    for number in np.flatnonzero(np.bincount(code)).tolist():
        i, serving, second = number % len(members), number // len(members) // 2, number // len(members) % 2
        desks = _desks_now(pilot, bool(second)) if parted[i] else A_DESKS + B_DESKS
        lines = served(organisation, members[i], partial(colleagues, i), serving, desks, away, lines_of)
        ids[number] = duties.id(lines, community and pilot.roles.order == "longest")
    return _Spans(np.array(members)[position], opened[keep], closed[keep], ids[code], hand_back[keep])


def _turns(pilot: Pilot, office: OfficeTime) -> Ints:
    """Return the instant of each working day at which staff with two posts go from one to the other."""
    share = pilot.roles.b_share if pilot.roles.order == "b_first" else 1 - pilot.roles.b_share
    return office.hours.after(
        0, np.arange(len(office.working_days)) * office.day_ticks + round(share * office.day_ticks)
    )


def _desks_now(pilot: Pilot, second: bool) -> tuple[Desk, ...]:
    """Return the desks that staff with two posts serve in the first or second part of a day.

    The part for the grid is the second, with `b_first` the first. In it paper that is not yet due is left alone; on a
    split day neither post serves the other's desks.
    """
    in_grid = second != (pilot.roles.order == "b_first")
    if pilot.roles.order == "split":
        return B_DESKS if in_grid else A_DESKS
    everything = A_DESKS + B_DESKS
    return tuple(desk for desk in everything if desk is not Desk.TASKS) if in_grid else everything


def _absent_before(here: Bools) -> Ints:
    """Return how many colleagues in a row are absent just before each member in the unit's order (shape of `here`).

    The next colleague who is present covers them all; the order goes round.
    """
    run = np.zeros(here.shape, dtype=np.int64)
    for i in [*range(len(here)), *range(len(here))]:
        run[i] = np.where(here[i - 1], 0, run[i - 1] + 1)
    return run


def _nobody_in(organisation: Organisation, members: list[int], here: Bools) -> tuple[list[frozenset[int]], Ints]:
    """Return the sets of specialisms that are wholly absent on some day, and which of them it is on each day.

    What a colleague of the same specialism serves anyway needs no cover.
    """
    specialism = np.array([organisation.people[m].specialism for m in members])
    present = np.stack([here[specialism == s].any(axis=0) for s in range(-1, specialism.max() + 1)])
    kinds, on_day = np.unique(~present[1:].T, axis=0, return_inverse=True)
    return [frozenset(np.flatnonzero(kind).tolist()) for kind in kinds], on_day.ravel()


def _has_both(organisation: Organisation, members: list[int]) -> Bools:
    """Return which members of a unit have both an A and a B post: only their days have two parts."""
    people, scheme = [organisation.people[m] for m in members], organisation.pilot.roles.scheme
    return np.array([scheme == "generalist" or (scheme == "ab" and p.grids != ()) for p in people])


def _at_desks(organisation: Organisation, members: list[int]) -> Bools:
    """Return which members of a unit have a post at its desks: all but full-time grid managers."""
    return np.array([organisation.people[m].specialism >= 0 for m in members])


def _rings(organisation: Organisation, members: list[int]) -> list[list[int]]:
    """Return the positions of the members who cover each other, in their order: grid managers apart from the others."""
    desks = _at_desks(organisation, members)
    return [ring for ring in (np.flatnonzero(desks).tolist(), np.flatnonzero(~desks).tolist()) if ring]


def _rota(here: Bools, per_day: int, counters: int) -> tuple[Ints, Bools]:
    """Return each member's seat at the rota desk (members, days, openings; -1: none), and the days it is manned.

    Those present take turns, opening after opening; at least half of them stay free, so one who is alone has no seat.
    """
    present = here.sum(axis=0)
    seats = np.minimum(counters, present // 2)
    turn = np.cumsum(np.repeat(seats, per_day)).reshape(-1, per_day) - seats[:, None]
    position = np.cumsum(here, axis=0) - 1
    seat = (position[:, :, None] - turn) % np.maximum(present, 1)[:, None]
    seated = here[:, :, None] & (seat < seats[:, None])
    return np.where(seated, seat, -1), seats > 0


def _pieces(office: OfficeTime, members: list[int], gaps: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the pieces of the openings between which somebody of a unit goes away or comes back.

    All days have the same pieces: their opens and closes (shape (days, pieces)), and the opening of each.
    """
    shape = (-1, office.sessions_a_day)
    opens, closes = office.hours.open.reshape(shape), office.hours.close.reshape(shape)
    mine = gaps[np.isin(gaps[:, 0], members)]
    opening = np.searchsorted(office.hours.close, mine[:, 1], side="right")
    begin, end = (column - office.hours.open[opening] for column in mine.T[1:])
    pieces = []
    for session, length in enumerate((closes - opens)[0].tolist()):
        of_session = opening % shape[1] == session
        cuts = np.unique(np.concatenate([[0, length], begin[of_session], end[of_session]]))
        pieces.append((opens[:, session, None] + cuts[:-1], opens[:, session, None] + cuts[1:]))
    first, last = (np.concatenate(column, axis=1) for column in zip(*pieces, strict=True))
    return first, last, np.repeat(np.arange(shape[1]), [piece.shape[1] for piece, _ in pieces])


def _called_away(members: list[int], gaps: Ints, opens: Ints) -> Bools:
    """Return who is at a meeting or works away in each piece of the openings (shape (members, days, pieces))."""
    mine = gaps[np.isin(gaps[:, 0], members)]
    member = mine[:, 0] - members[0]
    change = np.zeros((len(members), opens.size + 1), dtype=np.int64)
    np.add.at(change, (member, np.searchsorted(opens.ravel(), mine[:, 1])), 1)
    np.add.at(change, (member, np.searchsorted(opens.ravel(), mine[:, 2])), -1)
    return np.asarray((np.cumsum(change, axis=1)[:, :-1] > 0).reshape(len(members), *opens.shape))


def _at_counters(here: Bools, session: Ints, counters: Ints) -> Bools:
    """Return who is at a counter of their point in each piece of the openings (shape of `here`).

    Those who are in take turns, opening after opening; who is called away is stood in for by the next in turn.
    """
    seated = np.zeros_like(here)
    days, sessions = np.arange(here.shape[1])[:, None], int(session.max()) + 1
    for point, n in enumerate(counters.tolist()):
        there = here[point :: len(counters)]
        turn = n * (days * sessions + session)
        place = (np.arange(len(there))[:, None, None] - turn) % len(there)
        before = np.argsort(np.where(there, place, len(there)), axis=0, kind="stable")
        rank = np.argsort(before, axis=0)
        seated[point :: len(counters)] = there & (rank < n)
    return seated


def _without(spans: _Spans, meetings: Ints, horizon: int) -> _Spans:
    """Return the spans without the time of meetings."""
    # one time axis for all: each person's horizon follows that of the person before
    offset, (person, start, end) = spans.person * horizon, meetings.T
    free_from = np.concatenate([[0], end + person * horizon])
    free_until = np.concatenate([start + person * horizon, [NEVER]])
    opens, closes = spans.open + offset, spans.close + offset
    lowest = np.searchsorted(free_from[1:], opens, side="right")
    n = np.searchsorted(free_until[:-1], closes) - lowest + 1
    row = np.repeat(np.arange(len(n)), n)
    free = np.arange(len(row)) + np.repeat(lowest - (np.cumsum(n) - n), n)
    opened, closed = np.maximum(opens[row], free_from[free]), np.minimum(closes[row], free_until[free])
    left = opened < closed
    row, opened, closed = row[left], opened[left] - offset[row[left]], closed[left] - offset[row[left]]
    hand_back = np.where(closed == spans.close[row], spans.hand_back[row], 0)
    return _Spans(spans.person[row], opened, closed, spans.duty[row], hand_back)


def _with_evenings(
    organisation: Organisation, office: OfficeTime, there: Bools, duties: _Duties, spans: _Spans
) -> _Spans:
    """Return the spans with the evenings on which staff stay: for work that is due, secretaries for residents."""
    pilot, weekday = organisation.pilot, office.working_days % 7
    hours, sitting = pilot.staffing.catch_up_hours_per_week, pilot.mechanisms.self_government.evening_hours
    n_evenings = min(len(EVENINGS), int(np.ceil(hours / EVENING_HOURS)))
    late = ticks(hours / max(1, n_evenings), HOUR)
    closes = office.day_closes()
    on = np.isin(weekday, EVENINGS[:n_evenings])
    with_residents = weekday == RESIDENTS_EVENING
    begins = closes + np.where(on, late, 0)  # who stays for work that is due meets residents after that
    rows = [np.zeros((5, 0), dtype=np.int64)]

    def stay(m: int, opens: Ints, length: int, duty: int) -> None:
        column = np.ones_like(opens)
        rows.append(np.stack([column * m, opens, opens + length, column * duty, column]))

    for m, person in enumerate(organisation.people):
        if hours and person.specialism >= 0:
            everything = person.level == "community" and pilot.roles.scheme == "generalist"
            lines = at_desk(organisation, person, Desk.DUE, 0, OWN_PACE, everything=everything)
            stay(m, closes[on & there[m]], late, duties.id(lines, longest=False))
        if sitting and person.secretary and organisation.at_assembly is not None:
            lines = [(int(organisation.at_assembly[person.unit]), 0, OWN_PACE)]
            opens = begins[with_residents & there[m]]
            stay(m, opens, ticks(sitting, HOUR), duties.id(lines, longest=False))
    evenings = np.concatenate(rows, axis=1)
    together = [np.concatenate(pair) for pair in zip(spans, evenings, strict=True)]
    order = np.lexsort((together[1], together[0]))
    return _Spans(*(column[order] for column in together))


def _at_their_pace(office: OfficeTime, in_post: Careers, duties: _Duties, spans: _Spans) -> _Spans:
    """Return the spans with the duties of newcomers at their pace of the day."""
    day = np.searchsorted(office.working_days, spans.open // DAY)
    pairs, which = np.unique(np.stack([spans.duty, in_post.pace[spans.person, day]]), axis=1, return_inverse=True)
    known = list(duties.ids)
    ids = []
    for duty, pace in pairs.T.tolist():
        lines, longest = known[duty]
        slower = [(station, rank, round(its * pace / OWN_PACE)) for station, rank, its in lines]
        ids.append(duties.id(slower, longest=bool(longest)))
    return spans._replace(duty=np.array(ids, dtype=np.int64)[which.ravel()])
