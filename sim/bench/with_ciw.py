"""The workloads as a good user of Ciw would write them.

Ciw draws for itself, but its distributions may be sequences: that of gaps ends with an infinite one, so that
nobody else comes. P2 needs staff who serve some classes only, which takes a node of one's own.
"""

from __future__ import annotations

from typing import Any

import ciw
import numpy as np

from sim.arrays import Ints
from sim.bench.workloads import GRIDS, SPECIALISMS, STAFF, TANDEM, Inputs, Program, Record


def program(inputs: Inputs) -> Program:
    """Return a workload, ready to run."""
    ciw.seed(0)  # Ciw draws lots among events of one instant
    return (_tandem if inputs.workload == "p1" else _grid)(inputs)


class _OfRequest(ciw.dists.Distribution):  # type: ignore[misc]  # ciw ships no types
    """The service time of each request at one station, by the number of the request."""

    def __init__(self, ticks: Ints) -> None:
        self.ticks = ticks.tolist()

    def sample(self, t: float | None = None, ind: Any = None) -> int:  # noqa: ARG002 - Ciw's signature
        """Return the service time of an individual; Ciw numbers them from 1."""
        ticks: int = self.ticks[ind.id_number - 1]
        return ticks


def _tandem(inputs: Inputs) -> Program:
    """Return P1."""
    n, k = inputs.work.shape
    network = ciw.create_network(
        arrival_distributions=[_gaps(inputs.arrival), *[None] * (k - 1)],
        service_distributions=[_OfRequest(inputs.work[:, place]) for place in range(k)],
        routing=np.eye(k, k=1).tolist(),
        number_of_servers=list(TANDEM),
    )
    simulation = ciw.Simulation(network)

    def record() -> Record:
        rows = simulation.get_all_records()
        number = np.array([row.id_number - 1 for row in rows])
        return _table(rows, number, np.array([row.node - 1 for row in rows]), inputs)

    return Program(lambda: simulation.simulate_until_max_customers(n, method="Finish"), record)


def _gaps(arrival: Ints) -> Any:
    """Return the distribution that lets requests arrive at these instants and no more."""
    return ciw.dists.Sequential([*np.diff(arrival, prepend=0).tolist(), float("inf")])


class _Office(ciw.Node):  # type: ignore[misc]  # ciw ships no types
    """A node of the members of staff who share an A queue; some have a B queue of their own."""

    def find_free_server(self, ind: Any) -> Any:
        """Return the free server for an individual: fewest stations, longest without work, first; or none."""
        # Ciw counts a server's total time up to its last end of service.
        free = [server for server in self.servers if not server.busy and _serves(server, ind)]
        return min(free, key=lambda server: self.server_priority_function(server, ind), default=None)

    def choose_next_customer(self) -> Any:
        """Return the first individual, A before B, for whom somebody is free; or none."""
        free = [server for server in self.servers if not server.busy]
        for waiting in self.individuals if free else ():
            for ind in waiting:
                if not ind.server and any(_serves(server, ind) for server in free):
                    return ind
        return None


def _serves(server: Any, ind: Any) -> bool:
    """Return whether a server serves an individual: everybody A, and the n-th with a grid the class Bn."""
    kind: str = ind.customer_class
    return kind in ("A", f"B{server.id_number}")


def _queue(node: int, kind: str) -> int:
    """Return the station of P2 that a class at a node (from 0) stands for."""
    return node if kind == "A" else SPECIALISMS * int(kind[1:]) + node


def _grid(inputs: Inputs) -> Program:
    """Return P2: a node for each A queue, with a class A and a class for each of its B queues."""
    station = inputs.station[:, 0]
    n_with_grid = GRIDS // SPECIALISMS
    classes = ["A", *(f"B{i + 1}" for i in range(n_with_grid))]
    queue_of = {(node, kind): _queue(node, kind) for node in range(SPECIALISMS) for kind in classes}
    requests = {key: np.flatnonzero(station == queue) for key, queue in queue_of.items()}
    nodes = range(SPECIALISMS)
    network = ciw.create_network(
        arrival_distributions={c: [_gaps(inputs.arrival[requests[n, c]]) for n in nodes] for c in classes},
        service_distributions={
            # Within a class service is first come, first served, so a sequence keeps to its request.
            c: [ciw.dists.Sequential([*inputs.work[requests[n, c], 0].tolist(), 0]) for n in nodes]
            for c in classes
        },
        routing={c: np.zeros((SPECIALISMS, SPECIALISMS)).tolist() for c in classes},
        number_of_servers=[STAFF // SPECIALISMS] * SPECIALISMS,
        priority_classes={c: int(c != "A") for c in classes},
        server_priority_functions=[lambda server, _: (server.id_number <= n_with_grid, server.total_time)]
        * SPECIALISMS,
    )
    simulation = ciw.Simulation(network, node_class=_Office)

    def record() -> Record:
        rows = sorted(simulation.get_all_records(), key=lambda row: row.id_number)
        kinds = np.array([list(queue_of).index((row.node - 1, row.customer_class)) for row in rows])
        number = np.empty(len(rows), dtype=np.int64)
        for i, key in enumerate(queue_of):
            number[kinds == i] = requests[key][: (kinds == i).sum()]
        return _table(rows, number, np.zeros(len(rows), dtype=np.int64), inputs)

    run = simulation.simulate_until_max_customers
    return Program(lambda: run(len(station), method="Finish"), record)


def _table(rows: list[Any], number: Ints, place: Ints, inputs: Inputs) -> Record:
    """Return Ciw's records as arrays."""
    columns = np.full((3, *inputs.work.shape), -1, dtype=np.int64)
    for column, name in zip(columns, ("arrival_date", "service_start_date", "exit_date"), strict=True):
        column[number, place] = [getattr(row, name) for row in rows]
    return Record(*columns)
