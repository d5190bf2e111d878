"""The wait of a step in a queue, and what the staff of the queue did meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.district.stages import Kind
from sim.draws.clock import DAY
from sim.language import N_

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.arrays import AnyInts
    from sim.district.assemble import Case
    from sim.district.organisation import Organisation
    from sim.engine.record import Spells, Visits

DOINGS = (
    N_("with other residents"),
    N_("on other residents' files"),
    N_("on field checks"),
    N_("relaying files"),
    N_("on patrols"),
    N_("on home visits"),
    N_("on work from above"),
    N_("on the office's own work"),
    N_("at residents' homes"),
    N_("sitting with residents"),
    N_("not on turn here"),
    N_("free"),
    N_("in meetings"),
    N_("absent"),
    N_("off duty"),
)
_NOT_ON_TURN, _FREE, _MEETING, _ABSENT, _OFF = range(10, 15)
_OF_KIND = {
    Kind.FRONT: 0, Kind.FILES: 1, Kind.FIELD: 2, Kind.RELAY: 3, Kind.PATROL: 4, Kind.HOME: 5, Kind.TASKS: 6,
    Kind.OWN: 7, Kind.DOOR: 8, Kind.SELF_GOVERNMENT: 9,
}  # fmt: skip


@dataclass(frozen=True)
class Wait:
    """A stretch in which a step waited at a station.

    Attributes
    ----------
    ticks, office : int
        Its length by the clock, and in office time.
    persons : int
        The number of those who may serve the queue: its own staff, and others while they covered it.
    doing : dict of str -> int
        Person-ticks of office time, by what these persons did.
    ahead : int
        Other steps that were begun at the station during the wait.
    """

    ticks: int
    office: int
    persons: int
    doing: dict[str, int]
    ahead: int

    def mean(self, doing: str) -> float:
        """Return how many persons did something, on average over the wait's office time (0: none, or no such time)."""
        return self.doing.get(doing, 0) / self.office if self.office else 0.0


def wait(case: Case, visits: Visits, spells: Spells, step: int, end: int) -> Wait:
    """Return the wait of a step at its station from its arrival on.

    Parameters
    ----------
    case, visits, spells
        A whole replication and its record.
    step : int
        A step that arrived at a station.
    end : int
        When it was begun or left, or the horizon (ticks).
    """
    start, station = int(visits.arrival[step]), int(case.network.steps.station[step])
    office = case.office.hours.clipped(start, end)
    edges = np.concatenate([office.open, office.close])
    serving = _serving(case, station)
    rosters = {p: spans(case, p, start, end) for p in range(len(case.organisation.people))}
    mine = [p for p, (_, _, duty) in rosters.items() if belongs(case.organisation, p, station) or serving[duty].any()]
    doing = np.zeros(len(DOINGS), dtype=np.int64)
    for person in mine if office.total else []:
        opened, closed, duty = rosters[person]
        own = belongs(case.organisation, person, station)
        busy = _busy(case, spells, person, start, end)
        meetings = case.meetings[case.meetings[:, 0] == person][:, 1:].T
        cuts = np.unique(np.concatenate([edges, opened, closed, *busy[:2], *meetings]).clip(start, end))
        at, length = cuts[:-1], np.diff(cuts)
        on, busy_with = _covering(opened, closed, at), _covering(*busy[:2], at)
        what = np.full(len(at), _OFF)
        what[~np.isin(at // DAY, _days_on_duty(case, person))] = _ABSENT
        what[_covering(meetings[0], meetings[1], at) >= 0] = _MEETING
        what[on >= 0] = np.where(serving[duty[on[on >= 0]]], _FREE, _NOT_ON_TURN)
        here = busy_with >= 0
        here[here] = (on[here] >= 0) | (busy[3][busy_with[here]] == 1)
        what[here] = busy[2][busy_with[here]]
        counted = case.office.hours.contains(at)
        if not own:  # staff who only cover it count while they do
            counted &= (on >= 0) & serving[duty[on.clip(min=0)]] if len(duty) else False
        np.add.at(doing, what[counted], length[counted])
    begun = (case.network.steps.station == station) & (visits.start >= start) & (visits.start < end)
    begun[step] = False
    return Wait(
        ticks=end - start,
        office=office.total,
        persons=len(mine),
        doing={name: n for name, n in zip(DOINGS, doing.tolist(), strict=True) if n},
        ahead=int(np.count_nonzero(begun)),
    )


def belongs(organisation: Organisation, server: int, station: int) -> bool:
    """Return whether a queue is a person's own: of their grids or specialism; a generalist's, of their community."""
    person, queue = organisation.people[server], organisation.stations[station]
    if (person.level, person.unit) != (queue.level, queue.unit):
        return False
    if person.level == "community" and organisation.pilot.roles.scheme == "generalist":
        return True
    if queue.grid >= 0:
        return queue.grid in person.grids
    return person.specialism >= 0 and queue.specialism in (-1, person.specialism)


def _serving(case: Case, station: int) -> NDArray[np.bool_]:
    """Return which duties serve a station (shape (duties,))."""
    duties = case.network.duties
    serves = np.zeros(len(duties.longest), dtype=bool)
    lines = np.flatnonzero(duties.station == station)
    serves[np.searchsorted(duties.first, lines, side="right") - 1] = True
    return serves


def spans(case: Case, person: int, start: int, end: int) -> tuple[AnyInts, AnyInts, AnyInts]:
    """Return opening, close and duty of a person's intervals that overlap a stretch of time."""
    servers = case.network.servers
    rows = slice(servers.first[person], servers.first[person + 1])
    meets = (servers.open[rows] < end) & (servers.close[rows] > start)
    return servers.open[rows][meets], servers.close[rows][meets], servers.duty[rows][meets]


def _busy(case: Case, spells: Spells, person: int, start: int, end: int) -> tuple[AnyInts, AnyInts, AnyInts, AnyInts]:
    """Return start, end, kind of work and past-closing flag of a person's spells that overlap a stretch of time."""
    ends = np.where(spells.end < 0, case.horizon, spells.end)
    rows = np.flatnonzero((spells.server == person) & (spells.start < end) & (ends > start))
    rows = rows[np.argsort(spells.start[rows], kind="stable")]
    step = spells.step[rows]
    what = np.array([_OF_KIND[Kind(kind)] for kind in case.labels.kind[step].tolist()], dtype=np.int64)
    return spells.start[rows], ends[rows], what, case.network.steps.past_closing[step]


def _days_on_duty(case: Case, person: int) -> AnyInts:
    """Return the days on which a person is on duty at all."""
    servers = case.network.servers
    return np.unique(servers.open[servers.first[person] : servers.first[person + 1]] // DAY)


def _covering(opened: AnyInts, closed: AnyInts, at: AnyInts) -> AnyInts:
    """Return the interval in which each instant lies, -1 for none; the intervals are sorted and disjoint."""
    if not len(opened):
        return np.full(len(at), -1)
    i = np.searchsorted(opened, at, side="right") - 1
    return np.where((i >= 0) & (at < closed[i]), i, -1)
