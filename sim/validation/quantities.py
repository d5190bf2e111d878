"""Estimators of single stations: pure functions of one replication, each one number in its time unit.

A `group` is `all`, `class:NAME`, `station:NAME` or `pool:NAME`. Measured are requests whose first arrival lies
in the window, and time averages within it. Beside these, every measure of `sim.measures.queueing` is an
estimator under its own name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sim.network import NONE, owners
from sim.visits import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sim.validation.run import Run

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

MEASURES = (
    "throughput", "waiting_time", "waiting_time_served", "waiting_time_p50", "waiting_time_p90", "sojourn_time",
    "service_time", "waiting_share", "abandoned_share", "refused_share", "number_waiting", "number_present",
    "utilisation", "changeover_share", "overtime",
)  # fmt: skip


@dataclass(frozen=True)
class Stays:
    """Stays of measured requests at a station, or their whole ways: waits and sojourns in the time unit.

    One row a stay, in the order of the requests; whoever is still there at the horizon has infinity in both.
    """

    waiting: Floats
    sojourn: Floats
    outcome: Ints


def measure(run: Run, *, name: str, group: str = "all") -> float:
    """Return a measure of `wangge run`."""
    return run.measures[name, group]


def stays(run: Run, group: str) -> Stays:
    """Return the measured stays of a group; those who were refused are left out.

    Parameters
    ----------
    run : Run
        One replication.
    group : str
        `all` or `class:NAME`: a request's whole way, from its beginning (before any gate) to its departure;
        its waiting time is the sum over its stations. `station:NAME`: the stays there.

    Raises
    ------
    KeyError
        If there is no such group.
    """
    kind, _, name = group.partition(":")
    if kind == "station":
        return _at_station(run, _index(run.labels.station_names, name, group))
    mine = np.ones(len(run.network.requests.begin), dtype=bool)
    if kind == "class":
        mine = run.labels.request_class == _index(run.labels.class_names, name, group)
    elif group != "all":
        raise KeyError(f"group must be all, class:NAME or station:NAME, got {group}")
    return _ways(run, mine)


def _index(names: tuple[str, ...], name: str, group: str) -> int:
    """Return the place of a name."""
    if name not in names:
        raise KeyError(f"group must be all or one of {', '.join(names)}, got {group}")
    return names.index(name)


def measured(run: Run) -> Flags:
    """Return which requests arrived first in the measured window."""
    first = run.visits.arrival[run.network.requests.first[:-1]]
    return np.asarray((first >= run.start) & (first < run.end))


def step_waits(run: Run) -> Ints:
    """Return the waiting time of each step in ticks: its sojourn, up to now if it is open, less its service."""
    visits, spells = run.visits, run.spells
    service = np.bincount(spells.step, spells.ticks - spells.changeover, len(visits.arrival)).astype(np.int64)
    until = np.where(visits.end == NONE, run.horizon, visits.end)
    return np.where(visits.arrival == NONE, 0, until - visits.arrival - service)


def _at_station(run: Run, station: int) -> Stays:
    """Return the measured stays at a station."""
    visits, unit = run.visits, run.labels.unit
    rows = run.network.steps.station == station
    rows &= measured(run)[owners(run.network.requests.first)]
    rows &= (visits.outcome != Outcome.ABSENT) & (visits.outcome != Outcome.REFUSED)
    still = visits.outcome[rows] == Outcome.OPEN
    waits = np.where(still, np.inf, step_waits(run)[rows] / unit)
    sojourns = np.where(still, np.inf, (visits.end - visits.arrival)[rows] / unit)
    return Stays(waits, sojourns, visits.outcome[rows].astype(np.int64))


def _ways(run: Run, mine: Flags) -> Stays:
    """Return the measured ways of some requests through the network."""
    network, visits, unit = run.network, run.visits, run.labels.unit
    first = network.requests.first
    owner = owners(first)
    n = len(first) - 1
    waits = np.bincount(owner, np.where(network.steps.station == NONE, 0, step_waits(run)), n)
    departure = np.zeros(n, dtype=np.int64)
    np.maximum.at(departure, owner, visits.end)
    left = (visits.outcome == Outcome.ABANDONED) | (visits.outcome == Outcome.REFUSED)
    served = visits.outcome == Outcome.SERVED
    last = (served & (network.steps.next == NONE)) | (left & (network.steps.leave == NONE))
    outcome = np.full(n, int(Outcome.OPEN))
    outcome[owner[last]] = visits.outcome[last]
    rows = mine & measured(run) & (outcome != Outcome.REFUSED)
    still = outcome[rows] == Outcome.OPEN
    sojourns = (departure - network.requests.begin)[rows] / unit
    return Stays(
        np.where(still, np.inf, waits[rows] / unit), np.where(still, np.inf, sojourns), outcome[rows].astype(np.int64)
    )


def waiting_time_quantile(run: Run, *, p: float, group: str = "all") -> float:
    """Return the p-quantile of the waiting time of all who were not refused."""
    return _quantile(stays(run, group).waiting, p)


def sojourn_time_quantile(run: Run, *, p: float, group: str = "all") -> float:
    """Return the p-quantile of the sojourn time of all who were not refused."""
    return _quantile(stays(run, group).sojourn, p)


def _quantile(values: Floats, p: float) -> float:
    """Return the least value that a share p does not exceed."""
    return float(np.quantile(values, p, method="inverted_cdf"))


def sojourn_share_at_least(run: Run, *, t: float, group: str = "all") -> float:
    """Return the share of those not refused whose sojourn takes at least t."""
    return float((stays(run, group).sojourn >= t).mean())


QUANTITIES: dict[str, Callable[..., float]] = {
    **{name: partial(measure, name=name) for name in MEASURES},
    "waiting_time_quantile": waiting_time_quantile,
    "sojourn_time_quantile": sojourn_time_quantile,
    "sojourn_share_at_least": sojourn_share_at_least,
}
