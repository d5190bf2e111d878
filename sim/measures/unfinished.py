"""What requests that are still open at the end may yet add to what is counted of them, at most.

Every step that a request may come to was drawn before the simulation. So the most that an open one may still add is
known: all trips, changes of unit and looks of wrong desks at which it has not arrived, also those of tries that it may
not need; at each step in person a wait that its patience or the day ends, and the service. Which requests are measured
is taken as settled: a latent issue whose report does not get through is not, but only in the days after its report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.district.stages import WRONG_DESK, Presence

if TYPE_CHECKING:
    from sim.arrays import AnyInts, Bools, Ints
    from sim.district.assemble import Case
    from sim.engine.record import Visits

ADDED = ("trips", "own_time", "hand_overs", "wrong_desks", "waits", "waited")
"""What may be added: counts, and ticks of own time and of waits in person."""


def most(case: Case, visits: Visits, requests: AnyInts) -> dict[str, Ints]:
    """Return what some open requests of a case may still add, at most (shape (residents' requests,), 0 for others).

    Parameters
    ----------
    case, visits
        A replication, or a part of one, and its record.
    requests : ndarray of int
        Rows of requests without a result that did not leave.
    """
    added = {name: np.zeros(case.n_residents, dtype=np.int64) for name in ADDED}
    if not len(requests):
        return added
    first = case.network.requests.first.astype(np.int64)
    n = first[requests + 1] - first[requests]
    rows = np.repeat(first[requests] - np.cumsum(n) + n, n) + np.arange(n.sum())
    owner = np.repeat(requests, n)
    steps, labels = case.network.steps, case.labels
    coming: Bools = visits.arrival[rows] < 0
    unserved: Bools = coming | (visits.end[rows] < 0)
    walk, work = labels.walk[rows].astype(np.int64), steps.work[rows].astype(np.int64)
    in_person = labels.presence[rows] == Presence.IN_PERSON
    at_home = (labels.presence[rows] == Presence.AT_HOME) & (coming | (visits.start[rows] < 0))
    patience, day = steps.patience[rows].astype(np.int64), case.office.longest_day
    wait = np.where(patience >= 0, np.minimum(patience, day), day)
    slowest = case.organisation.pilot.roles.outside_pace
    stay = wait + np.ceil(work * slowest).astype(np.int64)
    wrong = np.isin(labels.activity[rows], [i for i, name in enumerate(labels.activities) if name == WRONG_DESK])
    trip = coming & (labels.trip[rows] == 1)
    amounts = {
        "trips": trip,
        "own_time": trip * walk + (unserved & in_person) * stay + at_home * (work - walk),
        "hand_overs": coming & (labels.hand_over[rows] == 1),
        "wrong_desks": unserved & wrong,
        "waits": coming & in_person,
        "waited": (coming & in_person) * wait,
    }
    for name, amount in amounts.items():
        np.add.at(added[name], owner, amount.astype(np.int64))
    return added
