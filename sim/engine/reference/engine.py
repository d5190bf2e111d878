"""The reference engine: staff and requests are SimPy processes, written to be read beside the contract.

A spell is paused at a close and resumed at the next opening, so no end is computed from a roster. Events of one instant
are handled by (kind, id), never in the order of their insertion.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy
from simpy.events import EventPriority

from sim.engine.events import Kind
from sim.engine.network import LIMIT, NONE, checked_horizon, needed_ticks, owners
from sim.engine.record import Outcome, Spells, Visits
from sim.engine.reference.ledger import Ledger
from sim.engine.reference.staff import Duty, Server, Spell
from sim.engine.reference.waiting import OpenTime, Queues, Signals

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from sim.engine.network import Network

    Process = Generator[simpy.Event, Any, None]
    Column = memoryview[int]

# SimPy's own wake-ups have the priorities 0 and 1: they come before the contract's events of an instant.
_FIRST_PRIORITY = 2
_ID_BITS = 40

# Plain integers: an enum's member costs more to look up and compare than the rest of a comparison.
_OPEN, _SERVED = int(Outcome.OPEN), int(Outcome.SERVED)
_ABANDONED, _REFUSED = int(Outcome.ABANDONED), int(Outcome.REFUSED)
_END, _CLOSING, _OPENING, _LEAVING, _ARRIVAL = (int(kind) for kind in Kind)


def run(network: Network, horizon: int) -> tuple[Visits, Spells]:
    """Return the record of a network from tick 0 up to a horizon that does not happen.

    Parameters
    ----------
    network : Network
        A checked network; it is not changed.
    horizon : int
        The end of time in ticks, at least 0.

    Returns
    -------
    Visits, Spells
        One row a step and one row a spell.

    Raises
    ------
    ValueError
        If the horizon is no whole number from 0 to below 2^62.
    """
    engine = _Engine(network, checked_horizon(horizon))
    engine.env.process(engine.begin_requests())
    for server in engine.servers:
        engine.env.process(engine.keep_roster(server))
    if engine.horizon > 0:
        engine.env.run(until=engine.horizon)
    return engine.close_ledger()


class _Moment(simpy.Event):
    """An event of the contract, now or later: (instant, kind, id) alone decide its turn."""

    def __init__(
        self, env: simpy.Environment, instant: int, kind: int, id_: int, *, then: Callable[[Any], None] | None
    ) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        if then is not None:
            self.callbacks.append(then)
        env.schedule(self, EventPriority(_FIRST_PRIORITY + (kind << _ID_BITS) + id_), instant - env.now)


class _Engine:
    """The state of one run, its processes, and what each event does."""

    def __init__(self, network: Network, horizon: int) -> None:
        self.network = network
        self.horizon = horizon
        self.env = simpy.Environment(initial_time=0)
        steps = network.steps  # read where they lie: lists of a million integers would take four times the memory
        self.station: Column = steps.station.data
        self.priority: Column = steps.priority.data
        self.yields_to: Column = steps.yields_to.data
        self.past_closing: Column = steps.past_closing.data
        self.lag: Column = steps.lag.data
        self.lag_clock: Column = steps.lag_clock.data
        self.gate: Column = steps.gate.data
        self.patience: Column = steps.patience.data
        self.patience_clock: Column = steps.patience_clock.data
        self.shuts: Column = steps.shuts.data
        self.emits: Column = steps.emits.data
        self.awaits: Column = steps.awaits.data
        self.count: Column = steps.count.data
        self.next: Column = steps.next.data
        self.leave: Column = steps.leave.data
        self.first: list[int] = network.requests.first.tolist()
        self.request_of: Column = owners(network.requests.first).data
        self.site: list[int] = network.stations.site.tolist()
        self.room: list[int] = network.halls.room.tolist()
        self.duties = _duties(network)
        changeover = network.servers.changeover.tolist()
        self.servers = [Server(i, changeover[i]) for i in range(len(changeover))]
        self.time = OpenTime(network.calendars)
        self.queues = Queues(network.stations, len(self.room))
        self.signals = Signals()
        self.ledger = Ledger(steps.work)
        self.step_finished: dict[int, simpy.Event] = {}  # by request: its present step is served or left
        # Servers on duty by id: with the station in their duty, with no spell, with one that yields.
        self.able: list[set[int]] = [set() for _ in self.site]
        self.idle: set[int] = set()
        self.yielding: set[int] = set()

    @property
    def now(self) -> int:
        """Return the present instant; only integers are ever added to time."""
        return self.env.now  # type: ignore[return-value]

    # Processes

    def begin_requests(self) -> Process:
        """Start each request's process at its begin."""
        begin = self.network.requests.begin
        for request in np.argsort(begin, kind="stable").tolist():
            instant = int(begin[request])
            if instant >= self.horizon:
                return
            if instant > self.now:
                yield self.env.timeout(instant - self.now)
            self.env.process(self.pass_through(request))

    def pass_through(self, request: int) -> Process:
        """Take a request through its steps, one after the other."""
        step = self.first[request]
        outcome = self.ledger.outcome
        while step != NONE:
            instant = self.time.after(self.now, self.lag[step], self.lag_clock[step])
            if self.gate[step] != NONE:
                instant = self.time.after(instant, 0, self.gate[step])
            if instant >= self.horizon:
                return
            yield _Moment(self.env, instant, _ARRIVAL, request, then=None)
            self.arrive(step)
            if outcome[step] == _OPEN:
                self.step_finished[request] = self.env.event()
                yield self.step_finished[request]
            step = self.next[step] if outcome[step] == _SERVED else self.leave[step]

    def keep_roster(self, server: Server) -> Process:
        """Bring a server on and off duty, interval after interval."""
        servers, last_close = self.network.servers, NONE
        for i in range(servers.first[server.id], servers.first[server.id + 1]):
            opening, close = int(servers.open[i]), int(servers.close[i])
            if opening >= self.horizon:
                return
            yield _Moment(self.env, opening, _OPENING, server.id, then=None)
            duty = self.duties[servers.duty[i]]
            self.come_on_duty(server, duty, close, after_gap=opening != last_close)
            if close >= self.horizon:
                return
            yield _Moment(self.env, close, _CLOSING, server.id, then=None)
            self.go_off_duty(server, hand_back=bool(servers.hand_back[i]))
            last_close = close

    # Events

    def finish(self, server: Server, spell: Spell, _: simpy.Event) -> None:
        """End a service: the step is served and the server, if on duty, takes another."""
        if server.spell is not spell:
            return  # it was interrupted, and this end with it
        self.ledger.left[spell.step] = 0
        self.end_spell(server, spell)
        self.conclude(spell.step, _SERVED)
        if server.duty is not None and self.now < server.close:
            self.take(server)

    def go_off_duty(self, server: Server, *, hand_back: bool) -> None:
        """Close an interval: a spell is suspended, or goes on, or is interrupted and its step placed."""
        if server.duty is not None:
            for station in server.duty.stations:
                self.able[station].discard(server.id)
        server.duty = None
        self.idle.discard(server.id)
        self.yielding.discard(server.id)
        spell = server.spell
        if spell is None or self.past_closing[spell.step]:
            return
        if hand_back:
            self.place(self.interrupt(server), arriving=False)
        else:
            spell.pause(self.now)

    def come_on_duty(self, server: Server, duty: Duty, close: int, *, after_gap: bool) -> None:
        """Open an interval: the server takes; a spell in hand goes on unless that would interrupt it."""
        server.duty, server.close = duty, close
        for station in duty.stations:
            self.able[station].add(server.id)
        spell = server.spell
        if spell is None:
            if after_gap:
                server.site = 0
            self.take(server)
            return
        step = self.choice(duty)
        if step != NONE and self.priority[step] < self.yields_to[spell.step]:
            returned = self.interrupt(server)
            self.queues.remove(self.station[step], step)
            self.start(server, step)
            self.place(returned, arriving=False)
        else:
            self.go_on(server, spell)

    def depart(self, step: int, _: simpy.Event) -> None:
        """Abandon a step if it still waits and was never started."""
        if self.ledger.outcome[step] != _OPEN or self.ledger.start[step] != NONE:
            return
        if self.awaits[step] == NONE:
            self.queues.remove(self.station[step], step)
        self.conclude(step, _ABANDONED)

    def arrive(self, step: int) -> None:
        """Handle the arrival of a step: it is placed, begins to wait for a signal, or is served at once."""
        self.ledger.arrival[step] = self.now
        self.ledger.outcome[step] = _OPEN
        if self.awaits[step] != NONE:
            self.signals.add(self.awaits[step], self.count[step], step)
            self.plan_leaving(step)
        elif self.station[step] == NONE:
            self.conclude(step, _SERVED)
        else:
            self.place(step, arriving=True)
            if step in self.queues:
                self.plan_leaving(step)

    # Taking and placing

    def take(self, server: Server) -> None:
        """Give a server on duty its next step, or leave it idle."""
        assert server.duty is not None
        step = self.choice(server.duty)
        if step == NONE:
            self.idle.add(server.id)
        else:
            self.queues.remove(self.station[step], step)
            self.start(server, step)

    def choice(self, duty: Duty) -> int:
        """Return the step that a server with this duty would take, or none."""
        queues, rank, longest = self.queues, duty.rank, duty.longest
        best: tuple[int, ...] = ()
        for station in queues.occupied & duty.stations:
            priority, arrival, request, step = queues.head(station)
            length = queues.length[station] if longest else 0
            key = (priority, -length, rank[station], arrival, request, step)
            if not best or key < best:
                best = key
        return best[-1] if best else NONE

    def place(self, step: int, *, arriving: bool) -> None:
        """Give a step to an idle server, or to one that it interrupts, or refuse it, or let it wait.

        A step that was interrupted is placed in its turn; each has a larger priority number than the
        one that interrupted it, so this comes to an end.
        """
        while True:
            server = self.idle_server(self.station[step])
            if server is not None:
                self.start(server, step)
                return
            server = self.victim(self.station[step], self.priority[step])
            if server is None:
                break
            returned = self.interrupt(server)
            self.start(server, step)
            step, arriving = returned, False
        if arriving and self.queues.is_full(self.station[step], self.room):
            self.conclude(step, _REFUSED)
        else:
            entry = (self.priority[step], self.ledger.arrival[step], self.request_of[step], step)
            self.queues.add(self.station[step], entry)

    def idle_server(self, station: int) -> Server | None:
        """Return the idle server for a step at the station: fewest stations, longest idle, least id."""
        servers, now = self.servers, self.now
        keys = []
        for i in self.able[station] & self.idle:
            server = servers[i]
            if now < server.close and server.duty is not None:
                keys.append((len(server.duty.stations), server.last_end, i))
        return servers[min(keys)[2]] if keys else None

    def victim(self, station: int, priority: int) -> Server | None:
        """Return the server whose spell a step interrupts: least urgent, most work left, least id."""
        servers, now = self.servers, self.now
        keys = []
        for i in self.able[station] & self.yielding:
            server, spell = servers[i], servers[i].spell
            if spell is not None and priority < self.yields_to[spell.step] and now < server.close:
                left = self.ledger.left[spell.step] - spell.work_done(now)
                keys.append((-self.priority[spell.step], -left, i))
        return servers[min(keys)[2]] if keys else None

    # Spells

    def start(self, server: Server, step: int) -> None:
        """Begin a spell of a server on duty, with a changeover if the station is at another site."""
        assert server.duty is not None
        station, changeover = self.station[step], 0
        if self.site[station] not in (NONE, server.site):
            changeover = server.changeover
            server.site = self.site[station]
        pace = server.duty.pace[station]
        row = self.ledger.begin(step, server.id, self.now)
        needed = changeover + needed_ticks(self.ledger.left[step], pace)
        server.spell = Spell(step, row, pace, changeover, needed)
        self.idle.discard(server.id)
        self.go_on(server, server.spell)

    def go_on(self, server: Server, spell: Spell) -> None:
        """Count the ticks of a spell from now on, and plan its end."""
        now, past_closing = self.now, self.past_closing[spell.step]
        if self.yields_to[spell.step]:
            self.yielding.add(server.id)
        if spell.is_running:
            return  # past closing: it never stopped
        spell.since = now
        end = now + spell.needed - spell.spent_before
        if end < self.horizon and (past_closing or end <= server.close):
            _Moment(self.env, end, _END, server.id, then=partial(self.finish, server, spell))

    def interrupt(self, server: Server) -> int:
        """End a server's spell before its time and return the step, less the work done."""
        spell = server.spell
        assert spell is not None
        self.ledger.left[spell.step] -= spell.work_done(self.now)
        self.ledger.interruptions[spell.step] += 1
        self.end_spell(server, spell)
        return spell.step

    def end_spell(self, server: Server, spell: Spell) -> None:
        """Write down the end of a spell."""
        self.ledger.stop(spell, spell.ticks_spent(self.now), self.now)
        server.spell = None
        server.last_end = self.now
        self.yielding.discard(server.id)

    # Outcomes of steps

    def plan_leaving(self, step: int) -> None:
        """Plan that a step that begins to wait leaves when its patience ends or its office shuts."""
        leaving = LIMIT
        if self.patience[step] != NONE:
            leaving = self.time.after(self.now, self.patience[step], self.patience_clock[step])
        if self.shuts[step] != NONE:
            leaving = min(leaving, self.time.after(self.now, 0, self.shuts[step]))
        if leaving < self.horizon:
            _Moment(self.env, leaving, _LEAVING, self.request_of[step], then=partial(self.depart, step))

    def conclude(self, step: int, outcome: int) -> None:
        """Write down the outcome of a step, emit its signal if it is served, and let its request go on."""
        self.ledger.outcome[step] = outcome
        self.ledger.end[step] = self.now
        finished = self.step_finished.pop(self.request_of[step], None)
        if finished is not None:
            finished.succeed()
        if outcome == _SERVED and self.emits[step] != NONE:
            for awaiting in self.signals.emit(self.emits[step]):
                if self.ledger.outcome[awaiting] == _OPEN:
                    self.conclude(awaiting, _SERVED)

    def close_ledger(self) -> tuple[Visits, Spells]:
        """Return the record at the horizon, spells in progress included."""
        for server in self.servers:
            spell = server.spell
            if spell is not None:
                left = self.ledger.left[spell.step]
                self.ledger.left[spell.step] = left - min(left, spell.work_done(self.horizon))
                self.ledger.stop(spell, spell.ticks_spent(self.horizon), NONE)
        return self.ledger.arrays(self.network.steps)


def _duties(network: Network) -> list[Duty]:
    """Return the duties as they are looked up during a run."""
    duties = network.duties
    lines = [column.tolist() for column in (duties.station, duties.rank, duties.pace)]
    longest = duties.longest.tolist()
    return [
        Duty(*(column[a:b] for column in lines), longest=bool(longest[d]))
        for d, (a, b) in enumerate(zip(duties.first[:-1], duties.first[1:], strict=True))
    ]
