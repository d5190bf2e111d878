"""Runs a replication block by block, so that only one block of its steps is in memory at once.

The blocks give the same records as one run of the whole, request by request and tick by tick; only the order in which
requests are yielded differs.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.district.step_table import StepLabels
from sim.draws.clock import WEEK
from sim.engine import subset
from sim.errors import ConfigError
from sim.memory import memory_now_mb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sim.arrays import AnyInts
    from sim.district.assemble import Case, Plan
    from sim.engine.compiled import Run
    from sim.engine.record import Spells, Visits

STEP_BYTES = 80
"""Memory that a step takes from when it is written until its block is done (measured: 60 to 70)."""

PORTIONS = 4
"""Finished requests of a block are yielded in this many portions, since each is a copy."""


@dataclass(frozen=True)
class Record:
    """Some requests with their whole record, and the seconds that the engine took (wall clock, processor)."""

    case: Case
    visits: Visits
    spells: Spells
    seconds: tuple[float, float]


def records(plan: Plan, edges: Sequence[int], memory_mb: int | None = None) -> Iterator[Record]:
    """Yield every request of a replication once, with its whole record.

    Parameters
    ----------
    plan : Plan
        The replication.
    edges : sequence of int
        Rising ticks from 0 to the horizon: the blocks. Two edges make one block, and one part.
    memory_mb : int, optional
        Memory that this process may use.

    Raises
    ------
    ConfigError
        If a block does not fit into that memory.

    Yields
    ------
    Record
        The requests that are over at the end of a block; after the last block, all that are left.
    """
    from sim.engine import resume  # late: Numba takes a third of a second to load
    from sim.engine.compiled import Run

    run, case = None, None
    for start, end in pairwise(edges):
        case, kept = _together(case, plan.part(start, end))
        run = resume.resumed(run, case.network, kept) if run else Run.from_network(case.network, plan.horizon)
        _check_memory(len(case.labels.kind), start, end, memory_mb)
        run.advance(start)  # only so that the kernel is compiled or loaded before the time is taken
        began = clocks()
        run.advance(end)
        if len(edges) == 2:
            visits, spells = run.record()
            run = None  # its memory is needed now
            yield Record(case, visits, spells, since(began))
            return
        last = end == edges[-1]
        if last:
            run.settle()
        done = np.ones(len(case.ids), dtype=bool) if last else resume.over(run)
        yield from _portions(case, run, np.flatnonzero(done), since(began))
        if not last:
            unfinished = np.flatnonzero(~done)
            rows = subset.rows_of(case.network.requests.first, unfinished)
            case = _taken(case, unfinished, rows)
            moved = np.full(len(run.marks), -1)
            moved[rows] = np.arange(len(rows))
            run = resume.resumed(run, case.network, moved)


def _portions(case: Case, run: Run, requests: AnyInts, seconds: tuple[float, float]) -> Iterator[Record]:
    """Yield the requests that are over with their record; the first portion has the seconds of all."""
    from sim.engine import resume

    by_step = run.spells_by_step()
    for some in np.array_split(requests, PORTIONS):
        rows = subset.rows_of(case.network.requests.first, some)
        finished = _taken(case, some, rows)
        yield Record(finished, *resume.record(run, finished.network.steps, rows, by_step), seconds)
        seconds = (0.0, 0.0)


def _together(case: Case | None, part: Case) -> tuple[Case, AnyInts]:
    """Return the unfinished requests together with those of the next part, and the rows of the former's steps."""
    if case is None:
        return part, np.zeros(0, dtype=np.int64)
    ids = np.concatenate([case.ids, part.ids])
    number = np.empty(len(ids), dtype=np.int64)
    number[np.argsort(ids)] = np.arange(len(ids))
    network, old, new = subset.merged(case.network, part.network, (number[: len(case.ids)], number[len(case.ids) :]))
    labels: dict[str, Any] = {"activities": part.labels.activities}
    for name, values in vars(part.labels).items():
        if name != "activities":
            column = labels[name] = np.empty(len(old) + len(new), dtype=values.dtype)
            column[old], column[new] = getattr(case.labels, name), values
    n_residents = case.n_residents + part.n_residents
    return replace(part, network=network, labels=StepLabels(**labels), ids=np.sort(ids), n_residents=n_residents), old


def clocks() -> tuple[float, float]:
    """Return the seconds by the wall clock and those of processor time."""
    return time.perf_counter(), time.process_time()


def since(began: tuple[float, float]) -> tuple[float, float]:
    """Return the seconds since then, on both clocks."""
    wall, cpu = clocks()
    return wall - began[0], cpu - began[1]


def _check_memory(n_steps: int, start: int, end: int, memory_mb: int | None) -> None:
    """Raise if the steps of a block do not fit into the memory allowed."""
    needed = math.ceil(memory_now_mb() + n_steps * STEP_BYTES / 1e6)
    if memory_mb is not None and needed > memory_mb:
        weeks = (end - start) // WEEK
        advice = f"engine.block_weeks below {weeks} makes smaller blocks" if weeks > 1 else "a week is the least block"
        raise ConfigError(
            f"engine.memory_mb must be at least {needed}, for the {n_steps:,} steps in the block of weeks "
            f"{start // WEEK + 1} to {end // WEEK}, got {memory_mb}; {advice}"
        )


def _taken(case: Case, requests: AnyInts, rows: AnyInts) -> Case:
    """Return the case of some of its requests (`rows`: their steps)."""
    at = subset.in_one_piece(rows)
    labels = {name: values[at] for name, values in vars(case.labels).items() if name != "activities"}
    return replace(
        case,
        network=subset.chosen(case.network, requests, at),
        labels=StepLabels(**labels, activities=case.labels.activities),
        ids=case.ids[requests],
        n_residents=int(np.count_nonzero(requests < case.n_residents)),
    )
