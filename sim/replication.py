"""One replication of a design: from its config to its measures. What a worker process does."""

from __future__ import annotations

import gc
import resource
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim import assemble, demand, guard, organisation, place
from sim.engine import reference
from sim.measures.results import tables
from sim.measures.tally import tally
from sim.office import OfficeTime
from sim.visits import balance

if TYPE_CHECKING:
    import polars as pl

    from sim.assemble import Case
    from sim.config import Pilot
    from sim.visits import Spells, Visits


@dataclass(frozen=True)
class Record:
    """One replication, run: its case and what the engine left."""

    case: Case
    visits: Visits
    spells: Spells


def prepare(pilot: Pilot, replication: int) -> Case:
    """Return the network of one replication of a design, ready to run."""
    where = place.of(pilot)
    return assemble.case(
        organisation.of(pilot, where),
        OfficeTime.of(pilot.district.calendar, pilot.run.weeks),
        demand.draw(pilot, where, replication),
        replication,
    )


def simulate(pilot: Pilot, replication: int) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Return the tables and the facts of one replication.

    Returns
    -------
    tables : dict of str -> polars.DataFrame
        `measures` (long), `turnaround` (distribution), `workload` (hours a week and head), `backlog` (hours
        that wait at the end of each week) and `waiting` (the same at the end of each working day, in all).
    facts : dict
        Steps, seconds, peak memory and the hash of the demand.

    Raises
    ------
    sim.visits.InvariantError
        If the record does not balance: an error of the program, never of a config.
    """
    began = time.perf_counter()
    case = prepare(pilot, replication)
    ready = time.perf_counter()
    visits, spells = reference.run(case.network, case.horizon)
    ran = time.perf_counter()
    gc.collect()  # what still waited at the horizon hangs together in circles; a worker's memory would grow
    balance(case.network, visits, spells, case.horizon)
    tables = measure(Record(case, visits, spells))
    done = time.perf_counter()
    facts = {
        "requests": len(case.network.requests.begin),
        "steps": int((visits.arrival >= 0).sum()),
        "seconds": round(done - began, 3),
        "seconds_engine": round(ran - ready, 3),
        "peak_memory_mb": round(peak_memory_mb()),
        "demand": case.demand.digest(),
    }
    return tables, facts


def measure(record: Record) -> dict[str, pl.DataFrame]:
    """Return the tables of one replication."""
    case = record.case
    overloaded = guard.overloaded_stations(case.organisation, guard.pools(case.organisation))
    told = tally(case, record.visits, record.spells, demand=case.demand, overloaded=overloaded)
    return tables(case.organisation, case.office, case.demand, told)


def peak_memory_mb() -> float:
    """Return the peak resident memory of this process so far (MB)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
