"""What makes a case reproducible and its record trustworthy: a seed of its own, both engines and all invariants."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.district import engines
from sim.engine.audit.invariants import check
from sim.engine.record import InvariantError

if TYPE_CHECKING:
    from sim.engine.network import Network

TWIN_REQUESTS = 1500


def seed_of(seed: int, case: str) -> int:
    """Return the seed of a case: no two share their draws, so that what they find is independent."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{case}".encode()).digest()[:8], "big")


def record_fault(network: Network, horizon: int, most_requests: int = TWIN_REQUESTS) -> str | None:
    """Return what is wrong with the record up to the arrival of a number of requests, or None.

    Parameters
    ----------
    network : Network
        As it was sampled.
    horizon : int
        Of the run (ticks); a shorter one is taken where there are more requests.
    most_requests : int
        At least 1.

    Returns
    -------
    str or None
        The first column in which the two engines differ, or the first invariant of the contract that does not hold.
    """
    begin = network.requests.begin
    if len(begin) > most_requests:
        horizon = min(horizon, max(int(np.partition(begin, most_requests)[most_requests]), 1))
    pair = [engines.run(network, horizon, which) for which in (engines.Compiled(), engines.Reference())]
    for name, ours, theirs in zip(("visits", "spells"), *pair, strict=True):
        column = _first_difference(ours, theirs)
        if column is not None:
            return f"other {name}.{column} under the other engine"
    try:
        check(network, *pair[0], horizon)
    except InvariantError as error:
        return str(error)
    return None


def _first_difference(ours: Any, theirs: Any) -> str | None:
    """Return the first column in which two tables differ."""
    for column in fields(ours):
        if not np.array_equal(getattr(ours, column.name), getattr(theirs, column.name)):
            return column.name
    return None
