"""Resumes a run of the compiled engine on the network of the next block of time.

A request is over when none of its steps is present and no event is pending for it. Requests that are over leave a block
with their whole record; the others go on in the next block's network under new numbers, in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.engine.compiled import (
    ARRIVAL,
    AWAITING,
    DAY,
    END,
    ID_BITS,
    ID_MASK,
    LATER,
    LEAVING,
    NEXT_CHANGE,
    NEXT_FIRST,
    OPEN,
    PENDING,
    WRITTEN,
    Agenda,
    Coming,
    Run,
    await_again,
    empty_log,
    move_marks,
    pending_events,
    plan_all,
    queue_again,
    sorted_order,
    visits_of,
)
from sim.engine.network import NONE, Steps
from sim.engine.record import Spells
from sim.engine.subset import rows_of

if TYPE_CHECKING:
    from sim.arrays import AnyInts, Bools
    from sim.engine.compiled import Column
    from sim.engine.network import Network
    from sim.engine.record import Visits


def over(run: Run) -> Bools:
    """Return which requests of a run are over (shape (requests,))."""
    first = run.network.requests.first
    alive = run.marks["outcome"] == OPEN
    _, tag = _events(run)
    alive[(tag & ID_MASK)[tag >> ID_BITS == ARRIVAL]] = True
    alive[run.coming.first_step[int(run.agenda.scalars[NEXT_FIRST]) :]] = True
    return ~np.logical_or.reduceat(alive, first[:-1]) if len(first) > 1 else np.zeros(0, dtype=bool)


def record(run: Run, steps: Steps, rows: AnyInts, by_step: tuple[AnyInts, AnyInts]) -> tuple[Visits, Spells]:
    """Return the record of steps of requests that are over.

    Parameters
    ----------
    run : Run
        The run.
    steps : Steps
        These steps in a network of their own.
    rows : ndarray of int
        Their rows in the run, rising.
    by_step : two ndarrays of int
        From `run.spells_by_step`, which serves all requests that are over.
    """
    first, order = by_step
    spells = order[rows_of(first, rows)]
    step = np.repeat(np.arange(len(rows), dtype=run.log.step.dtype), first[rows + 1] - first[rows])
    return visits_of(steps, run.marks, rows), Spells(step, *(column[spells] for column in run.log[1:]))


def resumed(run: Run, network: Network, moved: AnyInts) -> Run:
    """Return the run resumed on another network, which may have new requests.

    Parameters
    ----------
    run : Run
        Advanced to the end of its block.
    network : Network
        The same stations, duties, servers and calendars; of the requests, those that are not over and new ones.
    moved : ndarray of int, shape (steps of the run,)
        The number in the new network of each step, rising; -1 for those left behind.
    """
    new = Run.from_network(network, run.horizon, like=run)
    move_marks(run.marks, moved, new.marks)
    rows = np.flatnonzero(moved[run.log.step[: run.written]] >= 0)
    row = np.full(run.written + 1, NONE, dtype=np.int64)
    row[rows] = np.arange(len(rows))
    new.log = empty_log(network, len(new.log.step) + len(rows))
    for old, column in zip(run.log, new.log, strict=True):
        column[: len(rows)] = old[rows]
    new.log.step[: len(rows)] = moved[run.log.step[rows]]
    new.staff = run.staff._replace(step=_renamed(run.staff.step, moved), row=row[run.staff.row])
    new.clocks.cursor[:] = run.clocks.cursor
    _requeue(run, new, moved)
    _reschedule(run, new, moved)
    new.agenda.scalars[[WRITTEN, AWAITING]] = len(rows), run.agenda.scalars[AWAITING]
    return new


def _renamed(steps: Column, moved: AnyInts) -> AnyInts:
    """Return the new numbers of steps; -1 stays."""
    return np.append(moved, NONE)[steps]


def _requeue(run: Run, new: Run, moved: AnyInts) -> None:
    """Copy the lists of waiting steps; emissions are counted anew, so that no run of blocks counts too far."""
    old, waiting = run.waiting, new.waiting
    queues = np.flatnonzero(old.head[: old.of_signal[0]] >= 0)
    queue_again(new.routes, waiting, moved[old.head[queues]], moved[old.tail[queues]])
    waiting.length[:], waiting.in_hall[:] = old.length, old.in_hall
    await_again(new.routes, waiting, new.marks, old.emitted)


def _events(run: Run) -> tuple[AnyInts, AnyInts]:
    """Return the instants and tags of the pending events, except those that are known from the start."""
    most = int(run.agenda.scalars[PENDING] + run.agenda.scalars[LATER])
    when, tag = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    n = pending_events(run.agenda, when, tag)
    return when[:n], tag[:n]


def _reschedule(run: Run, new: Run, moved: AnyInts) -> None:
    """Copy the pending events, and the first arrivals and changes of rosters that are still to come."""
    when, tag = _events(run)
    kind, step = tag >> ID_BITS, tag & ID_MASK
    of_step = kind >= LEAVING
    step[of_step] = moved[step[of_step]]
    keep = step >= 0
    ends = kind == END
    keep[ends] = run.staff.ends[step[ends]] == when[ends]
    agenda = new.agenda
    if np.count_nonzero(keep) > len(agenda.when) - 1024:
        spare = np.zeros(len(when), dtype=np.int64)
        longer = {name: np.concatenate([getattr(agenda, name), spare]) for name in Agenda._fields[:5]}
        new.agenda = agenda = agenda._replace(**longer)
    agenda.scalars[[DAY, NEXT_CHANGE]] = run.agenda.scalars[[DAY, NEXT_CHANGE]]
    plan_all(agenda, new.shift, when[keep], (kind << ID_BITS | step)[keep])
    carried = np.zeros(len(new.marks), dtype=bool)
    carried[moved[moved >= 0]] = True
    fresh = ~carried[new.coming.first_step]
    rest = int(run.agenda.scalars[NEXT_FIRST])
    at = np.concatenate([run.coming.first_when[rest:], new.coming.first_when[fresh]])
    first_step = np.concatenate([moved[run.coming.first_step[rest:]], new.coming.first_step[fresh]])
    order = np.argsort(first_step)
    order = order[sorted_order(at[order])]
    changes = run.coming._replace(first_when=at[order], first_step=first_step[order])
    new.coming = Coming(*changes)
