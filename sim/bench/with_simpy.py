"""The workloads as a good user of SimPy would write them.

P1: a process a request, which asks for a place at each resource in turn. P2: staff who look into several queues
are beyond SimPy's resources, so each member of staff is a process that takes from plain queues.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from sim.bench.staff import Member, free_member, staff
from sim.bench.workloads import SPECIALISMS, TANDEM, Inputs, Program, Record

if TYPE_CHECKING:
    from collections.abc import Generator

    Process = Generator[simpy.Event, Any, None]


def program(inputs: Inputs) -> Program:
    """Return a workload, ready to run."""
    return (_tandem if inputs.workload == "p1" else _grid)(inputs)


def _tandem(inputs: Inputs) -> Program:
    """Return P1."""
    env = simpy.Environment()
    stations = [simpy.Resource(env, capacity=servers) for servers in TANDEM]
    log: list[tuple[int, int, float, float, float]] = []

    def customer(number: int, work: list[int]) -> Process:
        for place, (station, ticks) in enumerate(zip(stations, work, strict=True)):
            arrival = env.now
            with station.request() as turn:
                yield turn
                start = env.now
                yield env.timeout(ticks)
            log.append((number, place, arrival, start, env.now))

    def source() -> Process:
        gaps = np.diff(inputs.arrival, prepend=0).tolist()
        for number, (gap, work) in enumerate(zip(gaps, inputs.work.tolist(), strict=True)):
            yield env.timeout(gap)
            env.process(customer(number, work))

    env.process(source())
    return Program(env.run, lambda: logged(inputs, log))


def _grid(inputs: Inputs) -> Program:
    """Return P2."""
    env = simpy.Environment()
    crew = staff()
    queues: list[deque[tuple[int, float, int]]] = [deque() for _ in range(SPECIALISMS + len(crew))]
    idle: dict[int, simpy.Event] = {}
    log: list[tuple[int, int, float, float, float]] = []

    def serve(member: Member) -> Process:
        mine = [queues[station] for station in member.stations]
        while True:
            queue = next((queue for queue in mine if queue), None)
            if queue is None:
                idle[member.number] = env.event()
                yield idle[member.number]
                continue
            number, arrival, ticks = queue.popleft()
            start = env.now
            yield env.timeout(ticks)
            member.last_end = env.now
            log.append((number, 0, arrival, start, env.now))

    def source() -> Process:
        gaps = np.diff(inputs.arrival, prepend=0).tolist()
        stations, work = inputs.station[:, 0].tolist(), inputs.work[:, 0].tolist()
        for number, (gap, station, ticks) in enumerate(zip(gaps, stations, work, strict=True)):
            yield env.timeout(gap)
            queues[station].append((number, env.now, ticks))
            member = free_member(crew, station, idle)
            if member is not None:
                idle.pop(member.number).succeed()

    for member in crew:
        env.process(serve(member))
    env.process(source())
    return Program(env.run, lambda: logged(inputs, log))


def logged(inputs: Inputs, log: list[tuple[int, int, float, float, float]]) -> Record:
    """Return a log of (request, place on its way, arrival, start, end) as arrays."""
    columns = np.full((3, *inputs.work.shape), -1, dtype=np.int64)
    number, place, *instants = np.array(log, dtype=np.int64).reshape(-1, 5).T
    for column, instant in zip(columns, instants, strict=True):
        column[number, place] = instant
    return Record(*columns)
