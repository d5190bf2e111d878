"""Reads the steps of one request under one design from the record of a whole replication."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.district.demand import Channel
from sim.district.stages import Presence, Stage
from sim.engine.record import Outcome
from sim.journeys.waits import Wait, spans, wait

if TYPE_CHECKING:
    from sim.district.assemble import Case, Plan
    from sim.district.organisation import Organisation, Station
    from sim.draws.clock import Calendar
    from sim.engine.record import Spells, Visits


@dataclass(frozen=True)
class Spell:
    """One spell of one person at a step: start, end, the ticks spent and the part of them that was travel.

    `stretches` are the times within it at which the person worked; the rest are nights, breaks, meetings and absence.
    """

    server: int
    start: int
    end: int
    ticks: int
    changeover: int
    stretches: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Step:
    """One step that arrived; instants in ticks, -1 where they did not happen before the horizon.

    Attributes
    ----------
    stage : Stage
        What kind of step it is.
    station : Station or None
        The queue in which it waited.
    since : int
        When the step before ended, or when the resident set out.
    leg : int
        Which of the stage's equal legs it is, from 1.
    gate_ticks : int
        Office ticks for which a file that had been transferred waited for its gate.
    touch, walk : int
        The work that it needs; the walk of a trip, or at a resident's home the part of the work that is staff's walk.
    wait : Wait or None
        Its wait at its station, if it came to one.
    at_closing, for_good : bool
        Whether the resident left because the office closed, and whether they did not come again.
    patrols : int
        Which patrol sees a latent issue, counted from its arrival; 0 for other steps.
    overloaded : bool
        Whether its station's staff are overloaded.
    """

    number: int
    stage: Stage
    station: Station | None
    since: int
    arrival: int
    start: int
    end: int
    outcome: Outcome
    leg: int
    lag_ticks: int
    gate_ticks: int
    touch: int
    walk: int
    result: bool
    spells: tuple[Spell, ...]
    interruptions: int
    wait: Wait | None
    at_closing: bool
    for_good: bool
    patrols: int
    overloaded: bool

    @property
    def work(self) -> int:
        """Return the ticks of work, without the travel of staff."""
        return sum(spell.ticks - spell.changeover for spell in self.spells)


@dataclass(frozen=True)
class Totals:
    """What the measures count of the request; ticks, `turnaround` and `so_far` in office time.

    `turnaround` is None without a result; `so_far` is the office time from the first contact to the result or the
    horizon, None without a first contact.
    """

    contact: int
    result: int
    left: bool
    turnaround: int | None
    so_far: int | None
    trips: int
    own_time: int
    hand_overs: int


@dataclass(frozen=True)
class Journey:
    """One request under one design.

    Attributes
    ----------
    request : int
        Its number in the demand: the same request under every design of the district.
    wanted, begin : int
        When the resident wanted to come or the issue arose, and when the office was open for it.
    steps : tuple of Step
        In the order in which they came.
    pending : Stage or None
        The stage that was on its way at the horizon.
    """

    organisation: Organisation
    request: int
    archetype: str
    channel: Channel
    wanted: int
    begin: int
    steps: tuple[Step, ...]
    pending: Stage | None
    totals: Totals
    hours: Calendar
    day_ticks: int
    horizon: int


def read(plan: Plan, case: Case, visits: Visits, spells: Spells, request: int, overloaded: np.ndarray) -> Journey:
    """Return the journey of one of the residents' requests.

    Parameters
    ----------
    plan : Plan
        The replication.
    case, visits, spells
        All of it, and its record.
    request : int
        A number in the demand.
    overloaded : ndarray of bool, shape (stations,)
        Stations whose staff are overloaded.
    """
    row = int(np.searchsorted(case.ids[: case.n_residents], request))
    rows = range(int(case.network.requests.first[row]), int(case.network.requests.first[row + 1]))
    routes, demand = plan.residents.routes, plan.demand
    at = int(routes.first[routes.itinerary[request]])
    stages = [routes.stages[routes.stage[at + i]] for i in range(len(rows))]
    steps: list[Step] = []
    since = begin = int(case.network.requests.begin[row])
    leg = 0
    for i, stage in zip(rows, stages, strict=True):
        if visits.arrival[i] < 0:
            continue
        leg = leg + 1 if steps and _is_next_leg(stage, steps[-1].stage) else 1
        steps.append(_step(case, visits, spells, i, stage, (len(steps) + 1, since, leg), overloaded))
        since = int(visits.end[i])
    names = list(case.organisation.pilot.procedures.archetypes)
    return Journey(
        organisation=case.organisation,
        request=request,
        archetype=names[demand.archetype[request]],
        channel=Channel(demand.channel[request]),
        wanted=int(demand.instant[request]),
        begin=begin,
        steps=tuple(steps),
        pending=_pending(case, visits, rows, stages),
        totals=_totals(case, steps),
        hours=case.office.hours,
        day_ticks=case.office.day_ticks,
        horizon=case.horizon,
    )


def _is_next_leg(stage: Stage, before: Stage) -> bool:
    """Return whether a stage is a further leg of the activity of the stage before it."""
    same = (stage.activity, stage.level, stage.attempt) == (before.activity, before.level, before.attempt)
    return same and stage.legs > 1


def _step(
    case: Case,
    visits: Visits,
    spells: Spells,
    i: int,
    stage: Stage,
    position: tuple[int, int, int],
    overloaded: np.ndarray,
) -> Step:
    """Return a step that arrived; `position` is its number, the end of the step before and its leg."""
    columns, office = case.network.steps, case.office
    number, since, leg = position
    arrival, start, end = (int(column[i]) for column in (visits.arrival, visits.start, visits.end))
    station = int(columns.station[i])
    until = start if start >= 0 else end if end >= 0 else case.horizon
    sent = int(office.hours.after(since, int(columns.lag[i]))) if columns.lag_clock[i] >= 0 else since
    outcome = Outcome(int(visits.outcome[i]))
    a, b = np.searchsorted(spells.step, [i, i + 1])
    return Step(
        number=number,
        stage=stage,
        station=case.organisation.stations[station] if station >= 0 else None,
        since=since,
        arrival=arrival,
        start=start,
        end=end,
        outcome=outcome,
        leg=leg,
        lag_ticks=int(office.hours.between(since, arrival)),
        gate_ticks=int(office.hours.between(sent, arrival)) if columns.gate[i] >= 0 else 0,
        touch=int(case.network.steps.work[i]),
        walk=int(case.labels.walk[i]),
        result=bool(case.labels.result[i]) and outcome is Outcome.SERVED,
        spells=tuple(_spell(case, spells, k) for k in range(a, b)),
        interruptions=int(visits.interruptions[i]),
        wait=wait(case, visits, spells, i, until) if station >= 0 else None,
        at_closing=outcome is Outcome.ABANDONED and columns.shuts[i] >= 0 and bool(office.closings.contains(end)),
        for_good=outcome >= Outcome.ABANDONED and columns.leave[i] < 0,
        patrols=int(columns.count[i]) if columns.awaits[i] >= 0 else 0,
        overloaded=station >= 0 and bool(overloaded[station]),
    )


def _spell(case: Case, spells: Spells, k: int) -> Spell:
    """Return a row of the spells."""
    server, start, end, ticks, changeover = (
        int(column[k]) for column in (spells.server, spells.start, spells.end, spells.ticks, spells.changeover)
    )
    until = end if end >= 0 else case.horizon
    if case.network.steps.past_closing[spells.step[k]]:
        return Spell(server, start, end, ticks, changeover, ((start, until),))
    opened, closed, _ = spans(case, server, start, until)
    stretches = zip(opened.clip(start).tolist(), closed.clip(max=until).tolist(), strict=True)
    return Spell(server, start, end, ticks, changeover, tuple(stretches))


def _pending(case: Case, visits: Visits, rows: range, stages: list[Stage]) -> Stage | None:
    """Return the stage that was on its way at the horizon, if one was."""
    come = [i for i in rows if visits.arrival[i] >= 0]
    if not come:
        return stages[0]
    last, outcome = come[-1], visits.outcome[come[-1]]
    if outcome == Outcome.OPEN:
        return None
    to = int((case.network.steps.next if outcome == Outcome.SERVED else case.network.steps.leave)[last])
    return stages[to - rows.start] if to >= 0 else None


def _own_time(step: Step, horizon: int) -> int:
    """Return the ticks for which the resident waits and is served in person; at home only is served."""
    end = step.end if step.end >= 0 else horizon
    if step.stage.presence is Presence.AT_HOME:
        return step.touch - step.walk if step.start >= 0 else 0
    return end - step.arrival if step.stage.presence is Presence.IN_PERSON else 0


def _totals(case: Case, steps: list[Step]) -> Totals:
    """Return the totals of a journey, as the measures count them."""
    if not steps:
        return Totals(-1, -1, False, None, None, 0, 0, 0)
    hours, first = case.office.hours, steps[0]
    awaited = [step for step in steps if step.stage.awaits_patrol]
    contact = awaited[-1].end if awaited else first.arrival
    result = max((step.end for step in steps if step.result), default=-1)
    stays = sum(_own_time(step, case.horizon) for step in steps)
    known = contact >= 0
    until = result if result >= 0 else case.horizon
    return Totals(
        contact=contact,
        result=result,
        left=any(step.for_good for step in steps),
        turnaround=int(hours.between(contact, result)) if known and result >= 0 else None,
        so_far=int(hours.between(contact, until)) if known else None,
        trips=sum(step.stage.trip for step in steps),
        own_time=stays + sum(step.walk for step in steps if step.stage.trip),
        hand_overs=sum(step.stage.hand_over for step in steps),
    )
