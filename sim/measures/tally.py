"""The tally of a record: all that the measures need of it, so that parts of a replication can be measured singly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.draws.clock import WEEK
from sim.measures import flows, queues, requests, staff
from sim.measures.residents import arisen_rows, measured_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.arrays import AnyInts, Bools
    from sim.config import Pilot
    from sim.district.assemble import Case
    from sim.engine.record import Spells, Visits
    from sim.measures.requests import Requests
    from sim.measures.staff import Time


@dataclass(frozen=True)
class Tally:
    """What became of the requests of a replication, or of a part of them.

    Attributes
    ----------
    requests : Requests
        Residents' requests that are measured, and latent issues that arose in the measured window.
    time : Time
        How the staff spent the measured window on these requests and on the other work of the part.
    duties : ndarray of int, shape (2, 2, grids)
        Patrols and home visits of each grid: the numbers done and due.
    paper : ndarray of int, shape (levels, 2)
        Pieces of paper whose date lies in the measured window: the numbers done by it, and in all.
    self_government : ndarray of int, shape (2,)
        Sittings with residents that were due in the measured window: the numbers held, and in all.
    weekly, daily : ndarray of int, shape (levels, weeks) and (levels, working days)
        Ticks of work that waits at the end of each week, and at the last closing of each working day.
    moves : ndarray of int, shape (archetypes, 5, 8)
        How often the measured requests moved between places, from `flows.moves`.
    queues : ndarray of int, shape (levels, desks, 336)
        Ticks waited in each half hour of the week, from `queues.waiting`.
    """

    requests: Requests
    time: Time
    duties: AnyInts
    paper: AnyInts
    self_government: AnyInts
    weekly: AnyInts
    daily: AnyInts
    moves: AnyInts
    queues: AnyInts


def window(pilot: Pilot) -> tuple[int, int]:
    """Return the measured window [start, end) in ticks."""
    start = pilot.run.warm_up_weeks * WEEK
    return start, start + pilot.run.measured_weeks * WEEK


def tally(case: Case, visits: Visits, spells: Spells, *, overloaded: Bools) -> Tally:
    """Return what became of the requests of a case.

    Parameters
    ----------
    case : Case
        A whole replication, or a part: some of its requests, all of them with their whole record.
    visits, spells : Visits, Spells
        The record of its run.
    overloaded : ndarray of bool, shape (stations,)
        Stations whose staff are overloaded (`overload.overloaded_stations`).
    """
    start, end = window(case.organisation.pilot)
    rows = requests.requests(case, visits, overloaded)
    needed = np.zeros(len(rows.ids), dtype=bool)
    measured = measured_rows(rows, start, end)
    needed[measured] = True
    needed[arisen_rows(rows, case.demand, start, end)] = True
    weeks = np.arange(1, case.office.weeks + 1) * WEEK
    waiting = staff.backlog(case, visits, np.concatenate([weeks, case.office.day_closes()]))
    return Tally(
        requests=rows.take(np.flatnonzero(needed)),
        time=staff.time_spent(case, spells, start, end),
        duties=staff.duties(case, visits, start, end),
        paper=staff.paper(case, visits, start, end),
        self_government=staff.self_government(case, visits, start, end),
        weekly=waiting[:, : len(weeks)],
        daily=waiting[:, len(weeks) :],
        moves=flows.moves(case, visits, rows, measured),
        queues=queues.waiting(case, visits, spells, start, end),
    )


def merged(tallies: Sequence[Tally]) -> Tally:
    """Return the tally of a whole replication from those of its parts, in any order.

    Parameters
    ----------
    tallies : sequence of Tally
        Those of all parts, at least one. Parts have the same staff and no request in common.

    Raises
    ------
    ValueError
        If there are no tallies, or if two of them have a request in common.
    """
    if not tallies:
        raise ValueError("tallies must be at least one, got none")
    together = requests.joined([part.requests for part in tallies])
    twice = np.flatnonzero(together.ids[1:] == together.ids[:-1])
    if len(twice):
        raise ValueError(f"tallies must have no request in common, got request {together.ids[twice[0]]} twice")
    sums = {name: _summed([getattr(part, name) for part in tallies]) for name in _SUMMED}
    return Tally(requests=together, time=staff.summed([part.time for part in tallies]), **sums)


_SUMMED = ("duties", "paper", "self_government", "weekly", "daily", "moves", "queues")


def _summed(parts: Sequence[AnyInts]) -> AnyInts:
    """Return the sum of arrays of one shape and type, in that type."""
    return np.asarray(np.sum(parts, axis=0, dtype=parts[0].dtype))
