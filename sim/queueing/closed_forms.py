"""The closed form of one queue: which of theory's holds for the requests that come to the same servers.

Whatever is not known for certain is not known: `ValueError` says why, as theory does where there is no steady state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.draws.laws import Deterministic, Erlang, Exponential, Gamma
from sim.language import N_
from sim.statistics import theory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.draws.laws import AnyLaw


@dataclass(frozen=True)
class Flow:
    """The requests of a class at one step of its route: a Poisson stream, or one that counts like it."""

    kind: str
    station: str
    rate: float
    service: AnyLaw
    patience: AnyLaw | None
    priority: int
    yields_to: int

    def interrupts(self, other: Flow) -> bool:
        """Return whether these requests interrupt those."""
        return self.priority < other.yields_to


@dataclass(frozen=True)
class Queue:
    """Stations that the same servers serve alike, by rank, and all who come to them; no `room` is room without end."""

    pools: tuple[str, ...]
    servers: int
    ranks: Mapping[str, int]
    room: int | None
    flows: tuple[Flow, ...]

    @property
    def rate(self) -> float:
        """Return the arrival rate."""
        return sum(flow.rate for flow in self.flows)

    @cached_property
    def turns(self) -> tuple[int, ...]:
        """Return whose turn it is, by flow: 0 goes first; those of one turn are served as they come."""
        keys = [(flow.priority, self.ranks[flow.station]) for flow in self.flows]
        order = sorted(set(keys))
        return tuple(order.index(key) for key in keys)

    @cached_property
    def by_turn(self) -> list[list[Flow]]:
        """Return the flows of each turn."""
        return [
            [flow for flow, turn in zip(self.flows, self.turns, strict=True) if turn == k]
            for k in range(max(self.turns) + 1)
        ]


@dataclass(frozen=True)
class Steady:
    """Steady state of a queue: mean waiting time of each of its flows, and what is the same for all of them.

    What has no formula, or no sense in this queue, is None.
    """

    name: str
    source: str
    utilisation: float
    waits: Sequence[float]
    p_wait: float | None = None
    p_lost: float | None = None
    p_abandon: float | None = None
    waiting_time_served: float | None = None


def steady_state(queue: Queue) -> Steady:
    """Return the steady state of a queue.

    Raises
    ------
    ValueError
        There must be a formula for it, and a steady state.
    """
    if queue.room is not None:
        return _with_little_room(queue, queue.room)
    if any(flow.patience is not None for flow in queue.flows):
        return _impatient(queue)
    if len(queue.by_turn) == 1:
        return _as_they_come(queue)
    if not any(one.interrupts(other) for one in queue.flows for other in queue.flows):
        return _head_of_line(queue)
    return _preemptive(queue)


def _as_they_come(queue: Queue) -> Steady:
    """Return M/M/c, M/D/c, M/D/1 or M/G/1, served in the order in which they come."""
    laws = {flow.service for flow in queue.flows}
    law = next(iter(laws))
    if len(laws) == 1 and isinstance(law, Exponential):
        name, source, state = "M/M/c", "Erlang 1917", theory.mmc(queue.rate, 1 / law.mean, queue.servers)
    elif queue.servers == 1:
        name = "M/D/1" if len(laws) == 1 and isinstance(law, Deterministic) else "M/G/1"
        source, state = "Pollaczek 1930, Khinchine 1932", theory.mg1(*_together(queue.flows))
    elif len(laws) == 1 and isinstance(law, Deterministic):
        name, source, state = "M/D/c", "Crommelin 1932", theory.mdc(queue.rate, law.mean, queue.servers)
    else:
        raise ValueError("service by several servers must be exponential or constant, and alike")
    return Steady(name, source, state.utilisation, [state.waiting_time] * len(queue.flows), state.p_wait)


def _with_little_room(queue: Queue, room: int) -> Steady:
    """Return M/M/c/K, or M/G/c/c: where nobody can wait, only the mean of the service matters."""
    if len(queue.by_turn) > 1 or any(flow.patience is not None for flow in queue.flows):
        raise ValueError("who comes to a queue with little room must be patient and served in turn")
    if room == 0:
        name, service_rate = "M/G/c/c", 1 / _together(queue.flows)[1]
    else:
        name, service_rate = "M/M/c/K", _exponential_rate(queue)
    state = theory.mmck(queue.rate, service_rate, queue.servers, queue.servers + room)
    waits = [state.waiting_time] * len(queue.flows)
    return Steady(name, "Erlang 1917", state.utilisation, waits, state.p_wait, p_lost=state.p_lost)


def _impatient(queue: Queue) -> Steady:
    """Return M/M/c+M (Erlang-A), or M/M/c+G where patience is constant, Erlang or gamma."""
    service_rate, laws = _exponential_rate(queue), {flow.patience for flow in queue.flows}
    law = laws.pop()
    if laws or len(queue.by_turn) > 1:
        raise ValueError("the impatient must be alike, and served as they come")
    if isinstance(law, Exponential):
        name, source = "Erlang-A, M/M/c+M", "Palm 1957"
        state = theory.erlang_a(queue.rate, service_rate, queue.servers, 1 / law.mean)
    elif isinstance(law, Deterministic | Erlang | Gamma):
        name, source = "M/M/c+G", "Baccelli and Hebuterne 1981"
        state = theory.mmc_patience(queue.rate, service_rate, queue.servers, law.mean, law.cv**2)
    else:
        raise ValueError("patience must be exponential, constant, Erlang or gamma")
    waits = [state.waiting_time] * len(queue.flows)
    return Steady(
        name, source, state.utilisation, waits, state.p_wait,
        p_abandon=state.p_abandon, waiting_time_served=state.waiting_time_served,
    )  # fmt: skip


def _head_of_line(queue: Queue) -> Steady:
    """Return M/G/1 or M/M/c with non-preemptive priorities."""
    rates, means, scvs = zip(*map(_together, queue.by_turn), strict=True)
    if queue.servers == 1:
        name, waits = N_("M/G/1 with non-preemptive priorities"), theory.mg1_priority_waits(rates, means, scvs)
        utilisation = p_wait = float(np.dot(rates, means))
    else:
        service_rate = _exponential_rate(queue)
        name = N_("M/M/c with non-preemptive priorities")
        waits = theory.mmc_priority_waits(rates, service_rate, queue.servers)
        all_of_them = theory.mmc(queue.rate, service_rate, queue.servers)
        utilisation, p_wait = all_of_them.utilisation, all_of_them.p_wait
    mine = [float(waits[turn]) for turn in queue.turns]
    return Steady(name, "Cobham 1954", utilisation, mine, p_wait)


def _preemptive(queue: Queue) -> Steady:
    """Return M/G/1 with preemptive-resume priorities.

    Of several servers the engine interrupts the one with the most work left, for which there is no formula.
    """
    numbered = list(zip(queue.flows, queue.turns, strict=True))
    if not all(one.interrupts(other) for one, i in numbered for other, j in numbered if i < j):
        raise ValueError("who goes first must interrupt all others")
    if queue.servers > 1 or any(len({flow.service for flow in flows}) > 1 for flows in queue.by_turn):
        raise ValueError("who may be interrupted must have one server, and work alike within a priority")
    rates, means, scvs = zip(*map(_together, queue.by_turn), strict=True)
    waits = theory.mg1_preemptive_sojourns(rates, means, scvs) - means
    mine = [float(waits[turn]) for turn in queue.turns]
    name = N_("M/G/1 with preemptive-resume priorities")
    return Steady(name, "White and Christie 1958", float(np.dot(rates, means)), mine)


def _together(flows: Sequence[Flow]) -> tuple[float, float, float]:
    """Return arrival rate, mean service and its squared coefficient of variation of some flows together."""
    rate = sum(flow.rate for flow in flows)
    mean = sum(flow.rate * flow.service.mean for flow in flows) / rate
    square = sum(flow.rate * flow.service.mean**2 * (1 + flow.service.cv**2) for flow in flows) / rate
    return rate, mean, max(square / mean**2 - 1, 0.0)


def _exponential_rate(queue: Queue) -> float:
    """Return the rate of a service that is exponential, and alike for all."""
    laws = {flow.service for flow in queue.flows}
    law = laws.pop()
    if laws or not isinstance(law, Exponential):
        raise ValueError("service must be exponential, and alike for all")
    return 1 / law.mean
