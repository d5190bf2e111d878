"""Requests taken out of a network, put together and put in another order, with all of their steps."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.network import NARROW, Requests, Steps

if TYPE_CHECKING:
    from sim.network import Ints, Network


def rows_of(first: Ints, requests: Ints) -> Ints:
    """Return the steps of some requests, request after request, from the offsets of all."""
    n = np.diff(first)[requests]
    ends = np.cumsum(n)
    rows: Ints = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first[requests] - (ends - n), n)
    return rows


def chosen(network: Network, requests: Ints, rows: Ints) -> Network:
    """Return the network with some of its requests, in an order of their own (`rows`: their steps)."""
    old = network.requests
    n = np.diff(old.first)[requests]
    first = np.concatenate([[0], np.cumsum(n)])
    moved = np.repeat(first[:-1] - old.first[requests], n)
    columns = {field.name: getattr(network.steps, field.name)[rows] for field in fields(Steps)}
    for name in ("next", "leave"):
        to = columns[name]
        columns[name] = np.where(to >= 0, to + moved, to).astype(to.dtype)
    return replace(
        network, requests=Requests(*_frozen(first, old.begin[requests])), steps=Steps(*_frozen(*columns.values()))
    )


def joined(one: Network, other: Network) -> Network:
    """Return the network of the requests of two, those of the first before those of the second."""
    n = int(one.requests.first[-1])
    columns = {}
    for field in fields(Steps):
        a, b = getattr(one.steps, field.name), getattr(other.steps, field.name)
        if field.name in ("next", "leave"):
            b = np.where(b >= 0, b + n, b).astype(b.dtype)
        columns[field.name] = np.concatenate([a, b])
    wide = any(column.dtype != NARROW[name] for name, column in columns.items())
    if wide:
        columns = {name: column.astype(np.int64) for name, column in columns.items()}
    first = np.concatenate([one.requests.first, other.requests.first[1:] + n])
    begin = np.concatenate([one.requests.begin, other.requests.begin])
    return replace(one, requests=Requests(*_frozen(first, begin)), steps=Steps(*_frozen(*columns.values())))


def _frozen(*arrays: Ints) -> tuple[Ints, ...]:
    """Return the arrays, from now on read-only."""
    for array in arrays:
        array.flags.writeable = False
    return arrays
