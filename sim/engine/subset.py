"""Takes requests out of a network and merges the requests of two, each with all of its steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.network import LEADS, Requests, Steps, absolute
from sim.engine.network_building import NARROW

if TYPE_CHECKING:
    from sim.arrays import AnyInts
    from sim.engine.network import Network


def rows_of(first: AnyInts, requests: AnyInts) -> AnyInts:
    """Return the steps of some requests, request after request, from the offsets of all."""
    n = np.diff(first)[requests]
    ends = np.cumsum(n)
    rows: AnyInts = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first[requests] - (ends - n), n)
    return rows


def in_one_piece(rows: AnyInts) -> AnyInts | slice:
    """Return rising rows as a slice if there is no gap between them, so that columns need not be copied."""
    whole = len(rows) > 0 and rows[-1] - rows[0] == len(rows) - 1
    return slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows


def chosen(network: Network, requests: AnyInts, rows: AnyInts | slice) -> Network:
    """Return the network with some of its requests, in their order (`rows`: their steps)."""
    old = network.requests
    sizes = np.diff(old.first)[requests]
    first = np.concatenate([[0], np.cumsum(sizes)])
    columns = {name: column[rows] for name, column in vars(network.steps).items()}
    moved = np.repeat(first[:-1] - old.first[requests], sizes)
    for name in LEADS:
        columns[name] = absolute(columns[name], moved).astype(columns[name].dtype)
    return _with(network, first, old.begin[requests], columns)


def merged(one: Network, other: Network, numbers: tuple[AnyInts, AnyInts]) -> tuple[Network, AnyInts, AnyInts]:
    """Return the network of the requests of two, with the new row of every step of the one and of the other.

    Parameters
    ----------
    one, other : Network
        With the same stations, staff and calendars.
    numbers : two ndarrays of int
        The new number of each request of the one and of the other: both rise, and together they are 0, 1, 2, ...
    """
    networks = (one, other)
    n = sum(map(len, numbers))
    size, begin = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for network, number in zip(networks, numbers, strict=True):
        size[number], begin[number] = np.diff(network.requests.first), network.requests.begin
    first = np.concatenate([[0], np.cumsum(size)])
    rows = [rows_of(first, number) for number in numbers]
    columns = {}
    for name in vars(one.steps):
        given = [getattr(network.steps, name) for network in networks]
        column = np.empty(int(first[-1]), dtype=np.result_type(*given))
        for network, number, row, values in zip(networks, numbers, rows, given, strict=True):
            old = network.requests.first
            moved = np.repeat(first[number] - old[:-1], np.diff(old)) if name in LEADS else None
            column[row] = values if moved is None else absolute(values, moved)
        columns[name] = column
    if any(column.dtype != NARROW[name] for name, column in columns.items()):
        columns = {name: column.astype(np.int64) for name, column in columns.items()}
    return _with(one, first, begin, columns), rows[0], rows[1]


def _with(network: Network, first: AnyInts, begin: AnyInts, columns: dict[str, AnyInts]) -> Network:
    """Return the network with other requests."""
    for column in (first, begin, *columns.values()):
        column.flags.writeable = False
    return replace(network, requests=Requests(first, begin), steps=Steps(**columns))
