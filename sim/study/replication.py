"""One replication of a design, from its config to its measures: the task of a worker process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sim.district import assemble, demand, engines
from sim.district.engines import Compiled
from sim.district.office_hours import OfficeTime
from sim.district.size import check_size
from sim.engine.audit.quick import balance
from sim.measures import controls
from sim.measures import tables as results
from sim.measures.tally import merged, tally
from sim.memory import peak_memory_mb
from sim.study import province
from sim.study.design import Design, prepared
from sim.study.own_measures import NOTHING, Packed

if TYPE_CHECKING:
    from sim.config import Pilot
    from sim.district.assemble import Plan
    from sim.district.blocks import Record


@dataclass
class Cost:
    """The cost of a replication so far: steps that arrived and ended, seconds in the engine, bytes of all arrays."""

    requests: int = 0
    steps: int = 0
    events: int = 0
    seconds_engine: float = 0.0
    cpu_engine: float = 0.0
    nbytes: int = 0

    def add(self, part: Record) -> None:
        """Add the cost of a part of the replication."""
        visits, network = part.visits, part.case.network
        arrived, ended = np.count_nonzero(visits.arrival >= 0), np.count_nonzero(visits.end >= 0)
        self.requests += len(part.case.ids)
        self.steps += int(arrived)
        self.events += int(arrived + ended)
        self.seconds_engine += part.seconds[0]
        self.cpu_engine += part.seconds[1]
        tables = (network.requests, network.steps, part.case.labels, visits, part.spells)
        self.nbytes += sum(c.nbytes for table in tables for c in vars(table).values() if isinstance(c, np.ndarray))


def block_weeks(engine: engines.Settings, own: Packed = NOTHING) -> int | None:
    """Return the longest block in which a replication is run (weeks), or None where all of it is one."""
    return engine.block_weeks if isinstance(engine, Compiled) and not own.digests else None


def prepare(pilot: Pilot, replication: int, district: int = 0, blocks: int | None = None) -> Plan:
    """Return one replication of a design in one of its districts, ready to be laid out and run.

    Raises
    ------
    ConfigError
        Its heads must be enough for its posts, and it must fit into the memory: in blocks of so many weeks, or in one
        piece.
    """
    check_size(pilot, blocks)
    design = prepared(pilot, district, replication)
    return assemble.plan(
        design.organisation,
        OfficeTime.from_calendar(pilot.district.calendar, pilot.run.weeks),
        demand.draw(pilot, design.place, replication),
        replication,
    )


def simulate(
    pilot: Pilot, replication: int, engine: engines.Settings | None = None, own: Packed = NOTHING
) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Return the tables and the facts of one replication.

    Parameters
    ----------
    pilot : Pilot
        The design, with its district and its run.
    replication : int
        At least 0.
    engine : Compiled or Reference, optional
        By default the compiled engine; the tables do not depend on it.
    own : Packed, optional
        Measures of one's own, whose values are added to the table `measures`. They are given the record of the full
        horizon, which is then not run in blocks.

    Returns
    -------
    tables : dict of str -> polars.DataFrame
        Those of `measures.tables.tables`; of several districts, those of `province.together`.
    facts : dict
        Steps, seconds, peak memory and the hash of the demand.

    Raises
    ------
    sim.engine.record.InvariantError
        If the record does not balance: an error of the program, never of a config.
    sim.errors.ConfigError
        A replication must fit into the memory, and the steps of a block into what the engine may take of it.
    """
    began, engine = time.perf_counter(), engine or Compiled()
    cost, digests, districts = Cost(), [], []
    for number in range(pilot.district.copies):
        plan = prepare(pilot, replication, number, block_weeks(engine, own))
        digests.append(plan.demand.digest())
        districts.append(measure(plan, engine, cost, own))
    facts = {
        "requests": cost.requests,
        "steps": cost.steps,
        "seconds": round(time.perf_counter() - began, 3),
        "seconds_engine": round(cost.seconds_engine, 3),
        "peak_memory_mb": round(peak_memory_mb()),
        "demand": digests[0] if len(digests) == 1 else province.digest(digests),
    }
    return districts[0] if len(districts) == 1 else province.together(districts), facts


def measure(plan: Plan, engine: engines.Settings, cost: Cost, own: Packed = NOTHING) -> dict[str, pl.DataFrame]:
    """Simulate a district, audit its record and return its tables; add up the cost."""
    design = Design(plan.organisation.pilot, plan.organisation)
    tallies, drawn, rows = [], [], []
    whole = block_weeks(engine, own) is None
    for part in engines.records(plan, engines.in_one_block(engine, plan.office.weeks) if whole else engine):
        balance(part.case.network, part.visits, part.spells, plan.horizon)
        tallies.append(tally(part.case, part.visits, part.spells, overloaded=design.overloaded_stations))
        drawn.append(controls.drawn(plan, part.case))
        cost.add(part)
        if own.digests:
            rows.append(own.rows(part))
    tables = results.tables(design.organisation, plan.office, plan.demand, merged(tallies), design.pools, plan.in_post)
    return tables | {"measures": pl.concat([tables["measures"], controls.rows(plan, drawn).frame(), *rows])}
