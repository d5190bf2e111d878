"""The workloads as a good user of salabim would write them.

The manual's advice for speed is taken: processes without `yield` (they need greenlet), no tracing, no animation,
monitors off where nobody reads them. P2 is as in SimPy: a component a member of staff, plain queues.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import salabim

from sim.bench.staff import Member, free_member, staff
from sim.bench.with_simpy import logged
from sim.bench.workloads import SPECIALISMS, TANDEM, Inputs, Program


def program(inputs: Inputs) -> Program:
    """Return a workload, ready to run."""
    return (_tandem if inputs.workload == "p1" else _grid)(inputs)


def _environment() -> salabim.Environment:
    """Return an environment that neither traces nor animates, and leaves random streams alone."""
    return salabim.Environment(trace=False, yieldless=True, random_seed="", set_numpy_random_seed=False)


def _tandem(inputs: Inputs) -> Program:
    """Return P1."""
    env = _environment()
    stations = [salabim.Resource(f"station{i}", capacity=n, monitor=False, env=env) for i, n in enumerate(TANDEM)]
    log: list[tuple[int, int, float, float, float]] = []

    class Customer(salabim.Component):  # type: ignore[misc]  # salabim ships no types
        def process(self, number: int, work: list[int]) -> None:
            for place, (station, ticks) in enumerate(zip(stations, work, strict=True)):
                arrival = env.now()
                self.request(station)
                start = env.now()
                self.hold(ticks)
                self.release(station)
                log.append((number, place, arrival, start, env.now()))

    class Source(salabim.Component):  # type: ignore[misc]  # salabim ships no types
        def process(self) -> None:
            gaps = np.diff(inputs.arrival, prepend=0).tolist()
            for number, (gap, work) in enumerate(zip(gaps, inputs.work.tolist(), strict=True)):
                self.hold(gap)
                Customer(number=number, work=work, env=env)

    Source(env=env)
    return Program(env.run, lambda: logged(inputs, log))


def _grid(inputs: Inputs) -> Program:
    """Return P2."""
    env = _environment()
    queues: list[deque[tuple[int, float, int]]] = [deque() for _ in range(SPECIALISMS + len(staff()))]
    idle: set[int] = set()
    log: list[tuple[int, int, float, float, float]] = []

    class Clerk(salabim.Component):  # type: ignore[misc]  # salabim ships no types
        def process(self, member: Member) -> None:
            mine = [queues[station] for station in member.stations]
            while True:
                queue = next((queue for queue in mine if queue), None)
                if queue is None:
                    idle.add(member.number)
                    self.passivate()
                    continue
                number, arrival, ticks = queue.popleft()
                start = env.now()
                self.hold(ticks)
                member.last_end = env.now()
                log.append((number, 0, arrival, start, env.now()))

    class Source(salabim.Component):  # type: ignore[misc]  # salabim ships no types
        def process(self) -> None:
            gaps = np.diff(inputs.arrival, prepend=0).tolist()
            stations, work = inputs.station[:, 0].tolist(), inputs.work[:, 0].tolist()
            for number, (gap, station, ticks) in enumerate(zip(gaps, stations, work, strict=True)):
                self.hold(gap)
                queues[station].append((number, env.now(), ticks))
                member = free_member(crew, station, idle)
                if member is not None:
                    idle.remove(member.number)
                    clerks[member.number].activate()

    crew = staff()
    clerks = [Clerk(member=member, env=env) for member in crew]
    Source(env=env)
    return Program(env.run, lambda: logged(inputs, log))
