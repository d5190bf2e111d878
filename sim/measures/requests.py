"""What became of residents' requests: from a record, of a whole replication or of a part, to one row a request."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.clock import DAY, HOUR
from sim.demand import Channel
from sim.itineraries import Presence
from sim.network import owners
from sim.visits import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sim.assemble import Case
    from sim.demand import Demand
    from sim.visits import Visits

    Ints = NDArray[np.signedinteger[Any]]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Requests:
    """Residents' requests under one design, one row each (shape (n,)); counts and ticks are stored narrow.

    Attributes
    ----------
    ids : ndarray of int
        Positions in the demand, rising.
    contact, result : ndarray of int64
        Ticks of the first contact and of the result, -1 where they did not happen before the horizon. A latent
        issue's first contact is the moment at which a patrol sees it or a resident reports it.
    dispatched : ndarray of int64
        The tick at which it arrived at the last unit that it was handed to, -1: it never left the first.
    left : ndarray of bool
        Whether the resident gave up and did not come again.
    late : ndarray of bool
        Whether the limit of its archetype passed before the result, on that limit's own clock.
    trips, own_time, hand_overs : ndarray of int
        Ways to an office, ticks of walking, waiting and being served, and changes of the unit that has the file.
    touched, touched_in_person : ndarray of bool
        Whether it, or the resident in person, came to a station whose staff cannot keep up.
    n_waits : ndarray of int
        How often the resident waited in person.
    waits : ndarray of int, shape (sum of n_waits,)
        Office ticks of each of these waits until service or giving up, request after request; -1: still waiting.
    """

    ids: Ints
    contact: Ints
    result: Ints
    dispatched: Ints
    left: Bools
    late: Bools
    trips: Ints
    own_time: Ints
    hand_overs: Ints
    touched: Bools
    touched_in_person: Bools
    n_waits: Ints
    waits: Ints

    @property
    def finished(self) -> Bools:
        """Return which have their result."""
        return self.result >= 0

    def of(self, rows: Ints) -> Requests:
        """Return some of the requests, in the order of these rows."""
        ends = np.cumsum(self.n_waits, dtype=np.int64)
        n = self.n_waits[rows].astype(np.int64)
        begins = ends[rows] - n
        nth = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "waits"}
        return Requests(**columns, waits=self.waits[np.repeat(begins, n) + nth])


def joined(parts: Sequence[Requests]) -> Requests:
    """Return the requests of all parts in the order of their ids."""
    columns = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Requests)}
    together = Requests(**columns)
    return together.of(np.argsort(together.ids, kind="stable"))


def requests(case: Case, visits: Visits, demand: Demand, overloaded: Bools) -> Requests:
    """Return what became of each resident's request of a case.

    Parameters
    ----------
    case, visits
        A replication, or a part of one, and its record.
    demand : Demand
        The requests of the whole replication, in which `case.ids` number residents' requests.
    overloaded : ndarray of bool, shape (stations,)
        Stations whose staff cannot keep up; requests that came to one are marked as touched.
    """
    n = case.n_residents
    first = case.network.requests.first[: n + 1]
    start = first[:-1]
    steps, labels, ids = case.network.steps, case.labels, case.ids[:n]
    came = np.flatnonzero(visits.arrival[: first[-1]] >= 0)
    owner = owners(first)[came]
    arrival, end, outcome = visits.arrival[came], visits.end[came], visits.outcome[came]

    contact = np.where(demand.channel[ids] == Channel.LATENT, visits.end[start], visits.arrival[start])
    again = (steps.awaits[came] >= 0) & (came != start[owner])
    contact[owner[again]] = end[again]  # its report did not get through: known when a patrol sees it
    result = _latest(n, owner, end, (outcome == Outcome.SERVED) & (labels.result[came] == 1))
    gone = (outcome == Outcome.ABANDONED) | (outcome == Outcome.REFUSED)
    gone &= steps.leave[came] < 0
    trip, handed = labels.trip[came] == 1, labels.hand_over[came] == 1
    present = labels.presence[came] == Presence.IN_PERSON
    station = steps.station[came]
    at_overloaded = (station >= 0) & overloaded[station]
    own_time = np.zeros(n, dtype=np.int64)
    np.add.at(own_time, owner[present], np.where(end >= 0, end, case.horizon)[present] - arrival[present])
    np.add.at(own_time, owner[trip], labels.walk[came[trip]])
    return Requests(
        ids=_narrow(ids),
        contact=contact,
        result=result,
        dispatched=_latest(n, owner, arrival, handed),
        left=_any(n, owner, gone),
        late=_late(case, visits, demand.archetype[ids], contact, result),
        trips=_narrow(np.bincount(owner[trip], minlength=n)),
        own_time=_narrow(own_time),
        hand_overs=_narrow(np.bincount(owner[handed], minlength=n)),
        touched=_any(n, owner, at_overloaded),
        touched_in_person=_any(n, owner, at_overloaded & present),
        n_waits=_narrow(np.bincount(owner[present], minlength=n)),
        waits=_narrow(_waits(case, visits, came[present])),
    )


def _latest(n: int, owner: Ints, instants: Ints, rows: Bools) -> Ints:
    """Return the latest instant of each owner's rows among these, -1 without one."""
    found = np.full(n, -1, dtype=np.int64)
    np.maximum.at(found, owner[rows], instants[rows])
    return found


def _any(n: int, owner: Ints, rows: Bools) -> Bools:
    """Return whether each owner has one of these rows."""
    found = np.zeros(n, dtype=bool)
    found[owner[rows]] = True
    return found


def _narrow(values: Ints) -> Ints:
    """Return whole numbers in the narrowest type that holds them."""
    low, high = values.min(initial=0), values.max(initial=0)
    for kind in (np.int8, np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values


def _waits(case: Case, visits: Visits, rows: Ints) -> Ints:
    """Return the office ticks until service or giving up at these steps, -1 where neither has come."""
    stop = np.where(visits.start[rows] >= 0, visits.start[rows], visits.end[rows])
    ticks = case.office.hours.between(visits.arrival[rows], stop)
    return np.where(stop < 0, -1, ticks)


def _late(case: Case, visits: Visits, archetype: Ints, contact: Ints, result: Ints) -> Bools:
    """Return which requests passed the limit of their archetype, less the time they waited for papers."""
    limits = [a.limit for a in case.organisation.pilot.procedures.archetypes.values()]
    unit = {"working_days": case.office.day_ticks, "calendar_days": DAY, "hours": HOUR}
    most = np.array([np.inf if limit is None else limit.amount * unit[limit.clock] for limit in limits])
    in_office_time = np.array([limit is not None and limit.clock == "working_days" for limit in limits])
    office = in_office_time[archetype]

    def passed(a: Ints, b: Ints, office: Bools) -> Ints:
        ticks = b - a
        ticks[office] = case.office.hours.between(a[office], b[office])
        return ticks

    spent = passed(contact, np.where(result >= 0, result, case.horizon), office)
    before, after = _pauses(case, visits)
    owner = np.searchsorted(case.network.requests.first, after, side="right") - 1
    resumed = np.where(visits.arrival[after] >= 0, visits.arrival[after], case.horizon)
    np.subtract.at(spent, owner, passed(visits.end[before], resumed, office[owner]))
    return (contact >= 0) & (spent > most[archetype])


def _pauses(case: Case, visits: Visits) -> tuple[Ints, Ints]:
    """Return the steps before and after the pauses in which residents look for missing papers."""
    n, steps = case.network.requests.first[case.n_residents], case.network.steps
    before = np.flatnonzero((visits.outcome[:n] == Outcome.SERVED) & (steps.next[:n] >= 0))
    after = steps.next[before]
    paused = case.labels.stops_clock[after] == 1
    return before[paused], after[paused]
