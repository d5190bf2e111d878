"""What became of residents' requests: one row a request, from the record of a replication or of a part of one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from sim.district.stages import WRONG_DESK, Presence
from sim.draws.clock import DAY, HOUR
from sim.engine.audit.attendance import fixed
from sim.engine.record import Outcome
from sim.measures import unfinished

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.arrays import AnyInts, Bools
    from sim.district.assemble import Case
    from sim.engine.record import Visits
    from sim.measures.kernels import RequestOutcomes

BLOCK = 1 << 14  # requests that are read at once


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
        The tick at which it arrived at the last unit that it was handed to; -1: it never left the first.
    seen : ndarray of bool
        Of a latent issue: whether a patrol, home visit or field check saw it before a report of it got through.
    left : ndarray of bool
        Whether the resident gave up and did not come again.
    late : ndarray of bool
        Whether the limit of its archetype passed before the result, on that limit's own clock.
    trips, own_time, hand_overs, wrong_desks : ndarray of int
        Trips to an office, ticks of walking, waiting and being served, changes of the unit that has the file, and desks
        that looked at it although it did not belong to them.
    touched, touched_in_person : ndarray of bool
        Whether it, or the resident in person, came to a station whose staff are overloaded.
    n_waits : ndarray of int
        How often the resident waited in person.
    turned_away : ndarray of int
        How often a full waiting room turned the resident away.
    more_trips, more_own_time, more_hand_overs, more_wrong_desks, more_waits, more_waited : ndarray of int
        What a request without a result may still add to these at most, had the replication gone on (`unfinished.most`);
        `more_waited` are the ticks that its further waits in person may last together.
    waits : ndarray of int, shape (sum of n_waits,)
        Office ticks of each of these waits until service or giving up, request after request; -1: still waiting.
    """

    ids: AnyInts
    contact: AnyInts
    result: AnyInts
    dispatched: AnyInts
    seen: Bools
    left: Bools
    late: Bools
    trips: AnyInts
    own_time: AnyInts
    hand_overs: AnyInts
    wrong_desks: AnyInts
    touched: Bools
    touched_in_person: Bools
    n_waits: AnyInts
    turned_away: AnyInts
    more_trips: AnyInts
    more_own_time: AnyInts
    more_hand_overs: AnyInts
    more_wrong_desks: AnyInts
    more_waits: AnyInts
    more_waited: AnyInts
    waits: AnyInts

    @property
    def finished(self) -> Bools:
        """Return which requests have their result."""
        return self.result >= 0

    def take(self, rows: AnyInts) -> Requests:
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
    return together.take(np.argsort(together.ids, kind="stable"))


def requests(case: Case, visits: Visits, overloaded: Bools) -> Requests:
    """Return what became of each resident's request of a case.

    Parameters
    ----------
    case, visits
        A replication, or a part of one, and its record.
    overloaded : ndarray of bool, shape (stations,)
        Stations whose staff are overloaded; requests that came to one are marked as touched.
    """
    ids = case.ids[: case.n_residents]
    outcomes = _outcomes(case, visits, overloaded)
    open_ = np.flatnonzero((outcomes.contact >= 0) & (outcomes.result < 0) & (outcomes.left == 0))
    more = {f"more_{name}": _narrow(column) for name, column in unfinished.most(case, visits, open_).items()}
    return Requests(
        ids=_narrow(ids),
        contact=outcomes.contact,
        result=outcomes.result,
        dispatched=outcomes.dispatched,
        seen=outcomes.seen == 1,
        left=outcomes.left == 1,
        late=_late(case, visits, ids, outcomes.contact, outcomes.result),
        trips=_narrow(outcomes.trips),
        own_time=_narrow(outcomes.own_time),
        hand_overs=_narrow(outcomes.hand_overs),
        wrong_desks=_narrow(outcomes.wrong_desks),
        touched=outcomes.touched == 1,
        touched_in_person=outcomes.touched_in_person == 1,
        n_waits=_narrow(outcomes.n_waits),
        turned_away=_narrow(outcomes.turned_away),
        **more,
        waits=_narrow(_waits(case, visits)),
    )


def _outcomes(case: Case, visits: Visits, overloaded: Bools) -> RequestOutcomes:
    """Return what became of each of the residents' requests, from one pass over their steps."""
    from sim.measures import kernels  # late: Numba takes a third of a second to load

    names = kernels.RequestOutcomes._fields
    outcomes = kernels.RequestOutcomes(*(np.zeros(case.n_residents, dtype=np.int64) for _ in names))
    columns = vars(case.network.steps) | vars(case.labels) | vars(visits)
    first, bad = fixed(case.network.requests.first), fixed(overloaded)
    activities = (*case.labels.activities, WRONG_DESK)  # the last, if none occurs, is that of no step
    wrong_desk = activities.index(WRONG_DESK)
    for a in range(0, case.n_residents, BLOCK):
        b = min(a + BLOCK, case.n_residents)
        path = kernels.Path(*(fixed(columns[name][first[a] : first[b]]) for name in kernels.Path._fields))
        block = kernels.RequestOutcomes(*(column[a:b] for column in outcomes))
        kernels.follow_requests(first[a : b + 1], path, bad, wrong_desk, case.horizon, block)
    return outcomes


def _narrow(values: AnyInts) -> AnyInts:
    """Return whole numbers in the narrowest type that holds them."""
    low, high = values.min(initial=0), values.max(initial=0)
    for kind in (np.int8, np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values


def _waits(case: Case, visits: Visits) -> AnyInts:
    """Return the office ticks of each wait in person until service or giving up, -1 where neither has come."""
    n = case.network.requests.first[case.n_residents]
    waited = (visits.arrival[:n] >= 0) & (visits.outcome[:n] != Outcome.REFUSED)
    rows = np.flatnonzero(waited & (case.labels.presence[:n] == Presence.IN_PERSON))
    stop = np.where(visits.start[rows] >= 0, visits.start[rows], visits.end[rows])
    ticks = case.office.hours.between(visits.arrival[rows], stop)
    return np.where(stop < 0, -1, ticks)


def _late(case: Case, visits: Visits, ids: AnyInts, contact: AnyInts, result: AnyInts) -> Bools:
    """Return which requests took longer than the limit of their archetype, time spent waiting for papers subtracted."""
    archetypes = list(case.organisation.pilot.procedures.archetypes.values())
    # those that today's law decides above the community come after the others
    limits = [a.limit for a in archetypes] + [a.limit_above or a.limit for a in archetypes]
    archetype = case.demand.archetype[ids].astype(np.int64) + case.above[ids] * len(archetypes)
    unit = {"working_days": case.office.day_ticks, "calendar_days": DAY, "hours": HOUR}
    most = np.array([np.inf if limit is None else limit.amount * unit[limit.clock] for limit in limits])
    in_office_time = np.array([limit is not None and limit.clock == "working_days" for limit in limits])
    office = in_office_time[archetype]

    def elapsed(a: AnyInts, b: AnyInts, office: Bools) -> AnyInts:
        ticks = b - a
        ticks[office] = case.office.hours.between(a[office], b[office])
        return ticks

    taken = elapsed(contact, np.where(result >= 0, result, case.horizon), office)
    before, after = _pauses(case, visits)
    owner = np.searchsorted(case.network.requests.first, after, side="right") - 1
    resumed = np.where(visits.arrival[after] >= 0, visits.arrival[after], case.horizon)
    np.subtract.at(taken, owner, elapsed(visits.end[before], resumed, office[owner]))
    return (contact >= 0) & (taken > most[archetype])


def _pauses(case: Case, visits: Visits) -> tuple[AnyInts, AnyInts]:
    """Return the steps before and after the pauses in which residents look for missing papers."""
    n, steps = case.network.requests.first[case.n_residents], case.network.steps
    before = np.flatnonzero((visits.outcome[:n] == Outcome.SERVED) & (steps.next[:n] >= 0))
    after = steps.next[before]
    paused = case.labels.stops_clock[after] == 1
    return before[paused], after[paused]
