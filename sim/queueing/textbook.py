"""Textbook networks: what theory says of a queueing network in steady state, where it has a closed form.

A network is cut into queues, each the stations that the same servers serve alike. Requests that are at one station
only leave every queue to itself. Those that go on to others keep the queues apart only where all of them are M/M/c
(Jackson 1957; Kelly 1975).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.draws.laws import Exponential
from sim.language import both, gettext, phrase, separated
from sim.queueing.checks import duty_of, exits, step_names
from sim.queueing.closed_forms import Flow, Queue, Steady, steady_state
from sim.queueing.schema import END, InTurn
from sim.statistics import theory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic import BaseModel

    from sim.arrays import Floats
    from sim.queueing.schema import Arrivals, QueueNetwork, RequestClass

PLAIN_STEP = ("name", "station", "service", "priority", "yields_to", "patience", "next", "leave")


@dataclass(frozen=True)
class Textbook:
    """What theory says of a network in steady state.

    Attributes
    ----------
    name, source : str
        What it is called, such as M/M/c; author and year of the formula.
    values : mapping
        By measure and group, both as in `sim.measures.queueing`.
    """

    name: str
    source: str
    values: Mapping[tuple[str, str], float]


def textbook(plan: QueueNetwork) -> Textbook | None:
    """Return what theory says of a network, or None if it has no closed form or no steady state.

    Parameters
    ----------
    plan : QueueNetwork
        Checked. Its horizon, warm-up and drain do not matter.
    """
    try:
        queues = _queues(plan, [flow for name, kind in plan.classes.items() for flow in _flows(plan, name, kind)])
        states = [(queue, steady_state(queue)) for queue in queues]
    except ValueError:
        return None
    if not any(_goes_on(plan, name) for name in plan.classes):
        names, sources = (dict.fromkeys(getattr(steady, key) for _, steady in states) for key in ("name", "source"))
        return Textbook(both(map(phrase, names)), separated(sources), _values(plan, states))
    if any(steady.name != "M/M/c" for _, steady in states):
        return None
    if len(plan.classes) == 1 and all(len(queue.flows) == 1 for queue in queues):
        return Textbook(gettext("an open Jackson network"), "Jackson 1957", _values(plan, states))
    return Textbook(gettext("an open Kelly network"), "Kelly 1975", _values(plan, states))


def _goes_on(plan: QueueNetwork, name: str) -> bool:
    """Return whether requests of a class go on from their first station, to another or to the same again."""
    return exits(plan, plan.classes[name].route, 0)[0].targets != (END,)


def _flows(plan: QueueNetwork, name: str, kind: RequestClass) -> Iterator[Flow]:
    """Yield the flows of a class."""
    if not _has_only(kind, "arrivals", "route", "priority", "yields_to"):
        raise ValueError("rounds must be without bound")
    for step, rate in zip(kind.route, _step_rates(plan, kind), strict=True):
        if rate == 0:
            continue  # no way leads there
        service, patience = step.service, step.patience
        if not _has_only(step, *PLAIN_STEP) or step.station is None or service is None:
            raise ValueError("steps must have a station and a service, and nothing that theory does not know")
        if isinstance(service, InTurn) or isinstance(patience, InTurn):
            raise ValueError("service and patience must be random")
        priority = kind.priority if step.priority is None else step.priority
        yields_to = kind.yields_to if step.yields_to is None else step.yields_to
        yield Flow(name, step.station, float(rate), service, patience, priority, yields_to)


def _has_only(part: BaseModel, *names: str) -> bool:
    """Return whether a part of a plan says nothing but these fields."""
    fields = type(part).model_fields
    return all(getattr(part, name) == fields[name].default for name in fields if name not in names)


def _step_rates(plan: QueueNetwork, kind: RequestClass) -> Floats:
    """Return the rates at which requests of a class come to the steps of its route."""
    names = step_names(kind.route)
    external, routing = np.zeros(len(names)), np.zeros((len(names), len(names)))
    external[0] = _poisson_rate(kind.arrivals)
    for i in range(len(names)):
        onward, *leaving = exits(plan, kind.route, i)
        if onward.in_turn or any(fork.targets != (END,) for fork in leaving):
            raise ValueError("requests must go on by lot, and end where they leave")
        for target in onward.targets:
            if target != END:
                routing[i, names.index(target)] = onward.shares[target] / sum(onward.shares.values())
    return theory.rates_with_returns(external, routing)


def _poisson_rate(arrivals: Arrivals) -> float:
    """Return the rate of Poisson arrivals that come one by one, at all times alike and without end."""
    if not _has_only(arrivals, "renewal", "rate"):
        raise ValueError("arrivals must be one by one, and at all times alike")
    if arrivals.rate is not None:
        return arrivals.rate
    if not isinstance(arrivals.renewal, Exponential):
        raise ValueError("arrivals must be Poisson")
    return 1 / arrivals.renewal.mean


def _queues(plan: QueueNetwork, flows: Sequence[Flow]) -> list[Queue]:
    """Return the queues that somebody comes to."""
    ranks: dict[str, dict[str, int]] = {}  # of the stations of each pool
    for name, pool in plan.servers.items():
        if not _has_only(pool, "number", "serves", "longest") or pool.serves is None:
            raise ValueError("servers must be there all the time, and change over at once")
        duty = duty_of(plan, pool.serves, longest=pool.longest)
        if any(line.pace != 1 for line in duty.lines.values()) or (duty.longest and len(duty.lines) > 1):
            raise ValueError("servers must take who came first, at the pace of the work")
        if pool.number:
            ranks[name] = {station: line.rank for station, line in duty.lines.items()}
    queues = []
    for lines in {frozenset(lines.items()): lines for lines in ranks.values()}.values():
        pools = tuple(name for name, theirs in ranks.items() if lines.keys() & theirs.keys())
        if any(ranks[name] != lines for name in pools):
            raise ValueError("servers must share all of their stations or none")
        here = tuple(flow for flow in flows if flow.station in lines)
        if here:
            servers = sum(plan.servers[name].number for name in pools)
            queues.append(Queue(pools, servers, lines, _room(plan, set(lines)), here))
    return queues


def _room(plan: QueueNetwork, names: set[str]) -> int | None:
    """Return how many may wait at some stations together, None for any number."""
    rooms = {plan.stations[name].room for name in names}
    halls = {plan.stations[name].hall for name in names}
    if rooms == {None} and halls == {None}:
        return None
    room, hall = rooms.pop(), halls.pop()
    if hall is not None and not halls and names == {name for name, s in plan.stations.items() if s.hall == hall}:
        return plan.halls[hall].room
    if room is None or len(names) > 1:
        raise ValueError("a room must be that of all stations of a queue, and of no others")
    return room


@dataclass(frozen=True)
class _Stay:
    """A flow at its queue, in steady state."""

    flow: Flow
    waiting: float
    steady: Steady

    @property
    def entered(self) -> float:
        """Return the rate of those who are not refused."""
        return self.flow.rate * (1 - (self.steady.p_lost or 0))

    @property
    def served(self) -> float:
        """Return the rate of those who are served."""
        return self.entered * (1 - (self.steady.p_abandon or 0))


def _values(plan: QueueNetwork, states: Sequence[tuple[Queue, Steady]]) -> dict[tuple[str, str], float]:
    """Return all values, by measure and group."""
    stays = [
        _Stay(flow, wait, steady)
        for queue, steady in states
        for flow, wait in zip(queue.flows, steady.waits, strict=True)
    ]
    groups = {"all": (stays, list(plan.classes))}
    groups |= {f"class:{name}": ([s for s in stays if s.flow.kind == name], [name]) for name in plan.classes}
    groups |= {f"station:{s.flow.station}": ([t for t in stays if t.flow.station == s.flow.station], []) for s in stays}
    values = {("utilisation", f"pool:{pool}"): steady.utilisation for queue, steady in states for pool in queue.pools}
    for group, (theirs, classes) in groups.items():
        if any(_goes_on(plan, name) for name in classes):  # a request is at several stations, and counts once
            means = _of_requests(theirs, sum(_poisson_rate(plan.classes[name].arrivals) for name in classes))
        else:
            means = _of_visits(theirs)
        values |= {(measure, group): value for measure, value in means.items()}
    return values


def _of_requests(stays: Sequence[_Stay], rate: float) -> dict[str, float]:
    """Return the measures of requests that come at this rate and make all of these stays."""
    waiting = sum(stay.entered * stay.waiting for stay in stays)
    in_service = sum(stay.served * stay.flow.service.mean for stay in stays)
    return {
        "waiting_time": waiting / rate,
        "sojourn_time": (waiting + in_service) / rate,
        "service_time": in_service / rate,
        "number_waiting": waiting,
        "number_present": waiting + in_service,
    }


def _of_visits(stays: Sequence[_Stay]) -> dict[str, float]:
    """Return the measures of requests each of which makes one of these stays."""
    arrived = sum(stay.flow.rate for stay in stays)
    entered, served = sum(stay.entered for stay in stays), sum(stay.served for stay in stays)
    means = _of_requests(stays, entered)
    means["service_time"] *= entered / served
    if all(stay.steady.p_wait is not None for stay in stays):
        means["waiting_share"] = sum(stay.entered * (stay.steady.p_wait or 0) for stay in stays) / entered
    if any(stay.steady.p_lost is not None for stay in stays):
        means["refused_share"] = 1 - entered / arrived
    if any(stay.steady.p_abandon is not None for stay in stays):
        means["abandoned_share"] = (entered - served) / arrived
        waits = [s.waiting if s.steady.waiting_time_served is None else s.steady.waiting_time_served for s in stays]
        means["waiting_time_served"] = sum(s.served * wait for s, wait in zip(stays, waits, strict=True)) / served
    return means
