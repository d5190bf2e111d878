"""One replication of a design: from its config to its measures. What a worker process does."""

from __future__ import annotations

import gc
import resource
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sim import assemble, demand, guard, organisation, place
from sim.clock import WEEK
from sim.demand import Channel
from sim.engine import reference
from sim.measures import residents, staff
from sim.office import OfficeTime
from sim.visits import balance

if TYPE_CHECKING:
    from sim.assemble import Case
    from sim.config import Pilot
    from sim.measures.staff import Time
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


def window(pilot: Pilot) -> tuple[int, int]:
    """Return the measured window [start, end) in ticks."""
    start = pilot.run.warm_up_weeks * WEEK
    return start, start + pilot.run.measured_weeks * WEEK


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
    case, visits = record.case, record.visits
    pilot = case.organisation.pilot
    start, end = window(pilot)
    overloaded = guard.overloaded_stations(case.organisation, guard.pools(case.organisation))
    requests = residents.requests(case, visits, overloaded)
    time_spent = staff.Time(case, record.spells, start, end)
    rows = residents.resident_rows(case, visits, requests, start, end)
    for extra in (staff.staff_rows(case, visits, time_spent, start, end),):
        for values in zip(extra.measure, extra.group, extra.unit, extra.value, extra.n, strict=True):
            rows.add(*values)
    came = (requests.contact >= start) & (requests.contact < end) & (case.demand.channel != Channel.LATENT)
    community = np.array([p.level == "community" for p in case.organisation.people])
    days = time_spent.on_duty[community].sum() / case.office.day_ticks
    rows.add("requests_per_official_day", "level:community", "requests", came.sum() / days, int(came.sum()))
    ends = np.arange(1, pilot.run.weeks + 1) * WEEK
    weekly = staff.backlog(case, visits, ends)
    daily = staff.backlog(case, visits, case.office.day_closes())
    return {
        "measures": rows.frame(),
        "turnaround": pl.DataFrame(residents.turnaround_distribution(case, requests, start, end)),
        "workload": _workload(case, time_spent, (end - start) / WEEK),
        "backlog": pl.concat(
            [
                pl.DataFrame({"week": np.arange(1, len(ends) + 1), "post": level, "hours": hours})
                for level, hours in weekly.items()
                if case.organisation.at.keys() & {(level, desk) for _, desk in case.organisation.at}
            ]
        ),
        "waiting": pl.DataFrame({"day": case.office.working_days, "hours": np.sum(list(daily.values()), axis=0)}),
    }


def _workload(case: Case, time_spent: Time, weeks: float) -> pl.DataFrame:
    """Return the hours a week and head by post and kind of work."""
    rows: list[tuple[str, str, float]] = []
    people = case.organisation.people
    for post in dict.fromkeys(p.post for p in people):
        who = np.array([p.post == post for p in people])
        rows += [(post, kind, hours) for kind, hours in staff.hours_by_kind(time_spent, who, weeks).items()]
    return pl.DataFrame(rows, schema=["post", "kind", "hours"], orient="row")


def peak_memory_mb() -> float:
    """Return the peak resident memory of this process so far (MB)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
