"""Requests taken out of a network, put together and put in another order, with all of their steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.network import Requests, Steps
from sim.engine.network_building import NARROW

if TYPE_CHECKING:
    from sim.arrays import AnyInts
    from sim.engine.network import Network

LEADS = ("next", "leave")


def rows_of(first: AnyInts, requests: AnyInts) -> AnyInts:
    """Return the steps of some requests, request after request, from the offsets of all."""
    n = np.diff(first)[requests]
    ends = np.cumsum(n)
    rows: AnyInts = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first[requests] - (ends - n), n)
    return rows


def chosen(network: Network, requests: AnyInts, rows: AnyInts) -> Network:
    """Return the network with some of its requests, in their order (`rows`: their steps)."""
    old = network.requests
    first = np.concatenate([[0], np.cumsum(np.diff(old.first)[requests])])
    columns = {name: column[rows] for name, column in vars(network.steps).items()}
    for name in LEADS:
        columns[name] = _led(columns[name], old.first[requests], first)
    return _with(network, first, old.begin[requests], columns)


def merged(one: Network, other: Network, places: tuple[AnyInts, AnyInts]) -> tuple[Network, AnyInts, AnyInts]:
    """Return the network of the requests of two, with the new numbers of the steps of either.

    Parameters
    ----------
    one, other : Network
        With the same stations, staff and calendars.
    places : two ndarrays of int
        The numbers that the requests of either get; rising, and together 0, 1, 2, ...
    """
    n = sum(map(len, places))
    size, begin = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for network, place in zip((one, other), places, strict=True):
        size[place], begin[place] = np.diff(network.requests.first), network.requests.begin
    first = np.concatenate([[0], np.cumsum(size)])
    rows = [rows_of(first, place) for place in places]
    columns = {}
    for name in vars(one.steps):
        given = [getattr(network.steps, name) for network in (one, other)]
        column = np.empty(int(first[-1]), dtype=np.result_type(*given))
        for network, place, row, values in zip((one, other), places, rows, given, strict=True):
            old = network.requests.first
            column[row] = _led(values, old[:-1], np.append(first[place], first[-1]), old) if name in LEADS else values
        columns[name] = column
    if any(column.dtype != NARROW[name] for name, column in columns.items()):
        columns = {name: column.astype(np.int64) for name, column in columns.items()}
    return _with(one, first, begin, columns), rows[0], rows[1]


def _led(to: AnyInts, was: AnyInts, first: AnyInts, old: AnyInts | None = None) -> AnyInts:
    """Return where steps lead under the new numbers of their requests, of which those that `was` begin at `first`."""
    n = np.diff(first if old is None else old)
    return np.where(to >= 0, to + np.repeat(first[:-1] - was, n), to).astype(to.dtype)


def _with(network: Network, first: AnyInts, begin: AnyInts, columns: dict[str, AnyInts]) -> Network:
    """Return the network with other requests."""
    for column in (first, begin, *columns.values()):
        column.flags.writeable = False
    return replace(network, requests=Requests(first, begin), steps=Steps(**columns))
