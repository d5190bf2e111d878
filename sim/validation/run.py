"""One replication of a case as its estimators see it, and the blocks of replications that are tasks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.district import engines
from sim.engine.audit.quick import balance
from sim.measures.queueing import queueing_measures
from sim.queueing import sample

if TYPE_CHECKING:
    from sim.engine.network import Network
    from sim.engine.record import Spells, Visits
    from sim.queueing.labels import Labels
    from sim.queueing.schema import Plan

TWIN_REQUESTS = 1500


@dataclass(frozen=True)
class Run:
    """The record of one replication, whose measured window is [start, end) (ticks)."""

    network: Network
    labels: Labels
    visits: Visits
    spells: Spells
    start: int
    end: int
    horizon: int

    @cached_property
    def measures(self) -> dict[tuple[str, str], float]:
        """Return what `wangge run` measures, by measure and group."""
        table = queueing_measures(
            self.network, self.labels, self.visits, self.spells, start=self.start, end=self.end, horizon=self.horizon
        )
        return {(measure, group): value for measure, group, _, value, _ in table.iter_rows()}


def seed_of(seed: int, case: str) -> int:
    """Return the seed of a case: no two share their draws, so that what they find is independent."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{case}".encode()).digest()[:8], "big")


def simulate(plan: Plan, seed: int, replication: int, engine: engines.Settings) -> Run:
    """Return one replication of a plan, its record checked."""
    network, labels, horizon = sample.sample(plan, seed, replication)
    visits, spells = engines.run(network, horizon, engine)
    balance(network, visits, spells, horizon)
    return Run(network, labels, visits, spells, *plan.window, horizon)


def engines_differ(network: Network, horizon: int, most_requests: int = TWIN_REQUESTS) -> str | None:
    """Return how the records of both engines differ up to the arrival of so many requests, or nothing.

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
        The first column that differs, with its table.
    """
    begin = network.requests.begin
    if len(begin) > most_requests:
        horizon = min(horizon, max(int(np.partition(begin, most_requests)[most_requests]), 1))
    pair = [engines.run(network, horizon, which) for which in (engines.Compiled(), engines.Reference())]
    for name, ours, theirs in zip(("visits", "spells"), *pair, strict=True):
        column = _first_difference(ours, theirs)
        if column is not None:
            return f"{name}.{column}"
    return None


def _first_difference(ours: Any, theirs: Any) -> str | None:
    """Return the first column in which two tables differ."""
    for column in fields(ours):
        if not np.array_equal(getattr(ours, column.name), getattr(theirs, column.name)):
            return column.name
    return None
