"""A replication run block by block: no more than a block of its steps is in memory at once.

The blocks give what one run of the whole gives, request by request and tick by tick; only when a request's record
is handed out differs. A record that never fits into memory is never made.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sim import parts
from sim.clock import WEEK
from sim.config import ConfigError
from sim.engine import carry, compiled
from sim.layout import StepLabels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sim.assemble import Case, Plan
    from sim.network import Ints
    from sim.visits import Spells, Visits

STEP_BYTES = 250
"""What a step takes at most while its block is run: columns, labels, marks, visits, spells and events."""


@dataclass(frozen=True)
class Record:
    """Requests with all that became of them, and the seconds that an engine ran for it (by the clock, of a core)."""

    case: Case
    visits: Visits
    spells: Spells
    seconds: tuple[float, float]


def records(plan: Plan, edges: Sequence[int], memory_mb: int | None = None) -> Iterator[Record]:
    """Yield every request of a replication with its whole record, in parts.

    Parameters
    ----------
    plan : Plan
        The replication.
    edges : sequence of int
        Rising ticks from 0 to the horizon: the blocks. Two edges make one block, and one part.
    memory_mb : int, optional
        What the steps of a block, with all that is written about them, may take.

    Raises
    ------
    ConfigError
        The steps of every block must fit into that memory.

    Yields
    ------
    Record
        The requests that were over at the end of a block, after the last block all that are left.
    """
    run, case, done = None, None, np.zeros(0, dtype=bool)
    for start, end in pairwise(edges):
        part = plan.part(start, end)
        if run is None or case is None:
            case, run = part, compiled.Run.of(part.network, plan.horizon)
        else:
            case, moved = _merged(case, np.flatnonzero(~done), part)
            run = carry.resumed(run, case.network, moved)
        del part
        _check_memory(len(case.labels.kind), start, end, memory_mb)
        began = clocks()
        run.advance(end)
        if end == edges[-1]:
            visits, spells = run.record()
            yield Record(case, visits, spells, since(began))
            return
        seconds = since(began)
        done = carry.over(run)
        gone = np.flatnonzero(done)
        rows = parts.rows_of(case.network.requests.first, gone)
        finished = _taken(case, gone, rows)
        yield Record(finished, *carry.record(run, finished.network.steps, rows), seconds)


def clocks() -> tuple[float, float]:
    """Return the seconds by the clock and those that this process had a core."""
    return time.perf_counter(), time.process_time()


def since(began: tuple[float, float]) -> tuple[float, float]:
    """Return the seconds since then."""
    wall, cpu = clocks()
    return wall - began[0], cpu - began[1]


def _check_memory(n_steps: int, start: int, end: int, memory_mb: int | None) -> None:
    """Raise where the steps of a block do not fit."""
    needed = math.ceil(n_steps * STEP_BYTES / 1e6)
    if memory_mb is not None and needed > memory_mb:
        weeks = (end - start) // WEEK
        advice = f"engine.block_weeks below {weeks} makes smaller blocks" if weeks > 1 else "a week is the least block"
        raise ConfigError(
            f"engine.memory_mb must be at least {needed}, for the {n_steps:,} steps in the block of weeks "
            f"{start // WEEK + 1} to {end // WEEK}, got {memory_mb}; {advice}"
        )


def _taken(case: Case, requests: Ints, rows: Ints) -> Case:
    """Return the case of some of its requests (`rows`: their steps)."""
    ids = case.ids[requests]
    return replace(
        case,
        network=parts.chosen(case.network, requests, rows),
        labels=_labels(rows, case.labels),
        ids=ids,
        n_residents=int(np.count_nonzero(ids < len(case.demand))),
    )


def _merged(case: Case, kept: Ints, part: Case) -> tuple[Case, Ints]:
    """Return the requests that are kept and those of a part in the order of their ids, and where steps went to."""
    n_old = len(case.ids)
    both = replace(
        case,
        network=parts.joined(case.network, part.network),
        labels=_labels(None, case.labels, part.labels),
        ids=np.concatenate([case.ids, part.ids]),
    )
    requests = np.concatenate([kept, np.arange(n_old, len(both.ids))])
    requests = requests[np.argsort(both.ids[requests], kind="stable")]
    rows = parts.rows_of(both.network.requests.first, requests)
    moved = np.full(len(case.network.steps.work), -1)
    old = rows < len(moved)
    moved[rows[old]] = np.flatnonzero(old)
    return _taken(both, requests, rows), moved


def _labels(rows: Ints | None, *labels: StepLabels) -> StepLabels:
    """Return the labels of these rows of several, one after the other (all rows where none are given)."""
    columns = {}
    for field in fields(StepLabels):
        if field.name != "activities":
            column = np.concatenate([getattr(one, field.name) for one in labels])
            columns[field.name] = column if rows is None else column[rows]
    return StepLabels(**columns, activities=labels[0].activities)
