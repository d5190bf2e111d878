"""The workloads as networks of this program, for either of its engines."""

from __future__ import annotations

import importlib
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from sim.bench.staff import staff
from sim.bench.workloads import TANDEM, Inputs, Program, Record
from sim.engine.network import NONE
from sim.engine.network_building import make_network

if TYPE_CHECKING:
    from sim.engine.network import Network
    from sim.engine.record import Spells, Visits

ENGINES = {"reference": "sim.engine.reference.engine", "compiled": "sim.engine.compiled"}


class Run(Protocol):
    """An engine."""

    def __call__(self, network: Network, horizon: int) -> tuple[Visits, Spells]:
        """Return the record of a network up to a horizon."""


def engine(name: str) -> Run:
    """Return an engine by its name; it is imported only now."""
    return cast("Run", importlib.import_module(ENGINES[name]).run)


def network_of(inputs: Inputs) -> tuple[Network, int]:
    """Return a workload as a network, and a horizon by which everything is served."""
    n, k = inputs.work.shape
    step = np.arange(n * k)
    # Somebody works as long as anybody waits, so all is done after the last arrival and all work, one by one.
    horizon = int(inputs.arrival[-1] + inputs.work.sum()) + 1
    serves = [[i] for i, servers in enumerate(TANDEM) for _ in range(servers)]
    if inputs.workload == "p2":
        serves = [list(member.stations) for member in staff()]
    lengths = [len(stations) for stations in serves]
    network = make_network(
        stations={"hall": np.full(max(map(max, serves)) + 1, NONE)},
        duties={
            "first": np.cumsum([0, *lengths]),
            "station": np.concatenate(serves),
            "rank": np.concatenate([np.arange(length) for length in lengths]),
        },
        servers={
            "first": np.arange(len(serves) + 1),
            "open": np.zeros(len(serves), dtype=np.int64),
            "close": np.full(len(serves), horizon),
            "duty": np.arange(len(serves)),
        },
        requests={"first": np.arange(n + 1) * k, "begin": inputs.arrival},
        steps={
            "station": inputs.station.ravel(),
            "work": inputs.work.ravel(),
            "next": np.where(step % k == k - 1, NONE, step + 1),
        },
    )
    return network, horizon


def program(inputs: Inputs, run: Run) -> Program:
    """Return a workload on an engine, ready to run."""
    network, horizon = network_of(inputs)
    done: list[tuple[Visits, Spells]] = []

    def record() -> Record:
        visits = done[-1][0]
        columns = (visits.arrival, visits.start, visits.end)
        return Record(*(column.astype(np.int64).reshape(inputs.work.shape) for column in columns))

    def keep() -> None:
        done[:] = [run(network, horizon)]

    return Program(keep, record, lambda: nbytes(network, *done[-1]))


def nbytes(*tables: object) -> int:
    """Return the bytes of all arrays in some dataclasses of arrays."""
    total = 0
    for table in tables:
        if is_dataclass(table):
            total += nbytes(*(getattr(table, field.name) for field in fields(table)))
        elif isinstance(table, np.ndarray):
            total += table.nbytes
    return total
