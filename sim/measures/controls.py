"""What chance drew before the simulation, against its known mean: the control variates of a replication.

A replication in which more residents came, more staff were absent, or longer work was drawn than is to be expected has
longer waits for that reason alone. The means of these draws are known without a simulation, so that what they explain
of chance in the replications at hand can be taken off (`sim.statistics.controls`). Each is a deviation of mean 0, of
what originates in the measured weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.config import LEVELS
from sim.district.demand import Channel, hourly_profile, yearly
from sim.district.office_hours import DAYS_A_YEAR
from sim.district.rosters.absence import absent_chance
from sim.district.stages import Desk, Presence
from sim.draws.clock import DAY, MINUTE
from sim.measures.dictionary import CONTROL
from sim.measures.long_table import Rows
from sim.measures.tally import window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.arrays import AnyInts, Bools, Floats
    from sim.config import Pilot
    from sim.district.assemble import Case, Plan
    from sim.district.stages import Stage

PATIENCE = {Presence.IN_PERSON: "in_person", Presence.ON_THE_PHONE: "phone"}
KINDS = (*(f"work:{level}" for level in LEVELS), *(f"patience:{name}" for name in PATIENCE.values()))
"""What is drawn for the steps of residents' requests."""


@dataclass(frozen=True)
class Drawn:
    """What was drawn for the steps of requests, by `KINDS`: ticks, their expectation, and of how many steps."""

    ticks: Floats
    expected: Floats
    n: AnyInts


def drawn(plan: Plan, case: Case) -> Drawn:
    """Return what was drawn for those requests of a case that originate in the measured window.

    What is expected is so given which steps there are: they are drawn apart from how long each takes.
    """
    pilot, routes = plan.organisation.pilot, plan.residents.routes
    start, end = window(pilot)
    ids = case.ids[: case.n_residents]
    instant = plan.demand.instant[ids]
    position, request = routes.positions(ids)
    here = np.flatnonzero(((instant >= start) & (instant < end))[request])
    stage, steps = routes.stage[position[here]], case.network.steps
    kinds, means = _laws(pilot, routes.stages)
    sums = []
    for column, kind, mean in zip((steps.work, steps.patience), kinds, means, strict=True):
        counted = kind[stage] >= 0
        of = kind[stage[counted]]
        values = column[here[counted]].astype(np.float64)
        sums.append([np.bincount(of, w, len(KINDS)) for w in (values, mean[stage[counted]], np.ones(len(of)))])
    ticks, expected, n = np.sum(sums, axis=0)
    return Drawn(ticks, expected, n.astype(np.int64))


def _laws(pilot: Pilot, stages: Sequence[Stage]) -> tuple[tuple[AnyInts, AnyInts], tuple[Floats, Floats]]:
    """Return the position in `KINDS` of each stage's work and patience (-1: none is drawn), and their means in ticks.

    A resident who tries again brings the same work, and new patience.
    """
    demand = pilot.demand
    minutes = {
        Presence.IN_PERSON: demand.patience_walk_in_minutes_mean,
        Presence.ON_THE_PHONE: demand.patience_phone_minutes_mean,
    }
    has_work = [s.desk is not Desk.NOWHERE and not s.retry for s in stages]
    work = [KINDS.index(f"work:{s.level}") if has else -1 for s, has in zip(stages, has_work, strict=True)]
    patience = [KINDS.index(f"patience:{PATIENCE[s.presence]}") if s.presence in PATIENCE else -1 for s in stages]
    means = [s.minutes / s.legs for s in stages], [minutes.get(s.presence, 0.0) for s in stages]
    work_mean, patience_mean = (np.array(one, dtype=np.float64) * MINUTE for one in means)
    return (np.array(work, dtype=np.int64), np.array(patience, dtype=np.int64)), (work_mean, patience_mean)


def rows(plan: Plan, parts: Sequence[Drawn]) -> Rows:
    """Return the controls of a replication, from those of its parts: rows of the measure `control`."""
    collected = Rows()
    for channel in Channel:
        _add_arrivals(collected, plan, channel)
    _add_absence(collected, plan)
    ticks, expected, n = (np.sum([getattr(p, name) for p in parts], axis=0) for name in ("ticks", "expected", "n"))
    for kind, one, mean, count in zip(KINDS, ticks, expected, n, strict=True):
        if mean > 0:
            collected.add(CONTROL, kind, "share", one / mean - 1, int(count))
    return collected


def _add_arrivals(collected: Rows, plan: Plan, channel: Channel) -> None:
    """Add by how much more requests of a channel began in the measured window than are expected."""
    pilot, demand = plan.organisation.pilot, plan.demand.in_channel(channel)
    start, end = window(pilot)
    days = np.arange(start // DAY, end // DAY) % DAYS_A_YEAR
    expected = yearly(pilot, channel) * float(hourly_profile(pilot, channel)[days].sum())
    n = int(np.count_nonzero((demand.instant >= start) & (demand.instant < end)))
    if expected > 0:
        collected.add(CONTROL, f"arrivals:{channel.name.lower()}", "share", n / expected - 1, n)


def _add_absence(collected: Rows, plan: Plan) -> None:
    """Add by how much the share of the staff's working days that they are away exceeds its expectation, by level."""
    pilot, people, days = plan.organisation.pilot, plan.organisation.people, plan.office.working_days
    start, end = window(pilot)
    measured: Bools = (days * DAY >= start) & (days * DAY < end)
    chances = absent_chance(len(days), pilot.staffing.absence)[measured]
    for level in pilot.structure.levels:
        here = plan.there[[person.level == level for person in people]][:, measured]
        if len(here):
            more = 1 - float(here.mean()) - float(chances.mean()) if here.size else float("nan")  # offices were closed
            collected.add(CONTROL, f"absence:{level}", "share", more, here.size)
