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

from sim.draws.clock import Calendar
from sim.engine.network import NONE, owners
from sim.engine.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sim.arrays import Bools, Floats, Ints
    from sim.study.network_run import Run

MEASURES = (
    "throughput", "waiting_time", "waiting_time_served", "waiting_time_p50", "waiting_time_p90", "sojourn_time",
    "service_time", "waiting_share", "abandoned_share", "refused_share", "number_waiting", "number_present",
    "utilisation", "changeover_share", "overtime",
)  # fmt: skip


@dataclass(frozen=True)
class Stays:
    """Stays of measured requests at a station, or their passages through the network: waits and sojourns.

    In the time unit, one row a stay, in the order of the requests; infinity in both if it lasts at the horizon.
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
        `all` or `class:NAME`: a request's passage, from its beginning (before any gate) to its departure;
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


def measured(run: Run) -> Bools:
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


def _ways(run: Run, mine: Bools) -> Stays:
    """Return the measured passages of some requests through the network."""
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


def sojourn_time_variance(run: Run, *, group: str = "all") -> float:
    """Return the variance of the sojourn time of all who were not refused."""
    return float(stays(run, group).sojourn.var())


def waiting_time_of(run: Run, *, request: int, group: str = "all") -> float:
    """Return the waiting time of the request that came so-and-so-manieth to its group in the window (first: 1)."""
    return float(stays(run, group).waiting[request - 1])


def sojourn_time_of(run: Run, *, request: int, group: str = "all") -> float:
    """Return the sojourn time of one request, nights and all."""
    return float(stays(run, group).sojourn[request - 1])


def sojourn_time_on_duty(run: Run, *, request: int, pool: str, group: str = "all") -> float:
    """Return how much of the sojourn of one request falls into the hours of the first server of a pool."""
    network, servers = run.network, run.network.servers
    server = int(np.flatnonzero(run.labels.server_pool == run.labels.pool_names.index(pool))[0])
    rows = slice(servers.first[server], servers.first[server + 1])
    steps = _steps_of(run, group, request)
    begin = int(network.requests.begin[_request(run, group, request)])
    end = int(run.visits.end[steps].max())
    return int(Calendar(servers.open[rows], servers.close[rows]).between(begin, end)) / run.labels.unit


def start_of(run: Run, *, request: int, step: int = 1, group: str = "all") -> float:
    """Return when the service of a step of one request begins (both counted from 1)."""
    return int(run.visits.start[_steps_of(run, group, request)][step - 1]) / run.labels.unit


def end_of(run: Run, *, request: int, step: int = 1, group: str = "all") -> float:
    """Return when a step of one request ends (both counted from 1)."""
    return int(run.visits.end[_steps_of(run, group, request)][step - 1]) / run.labels.unit


def _request(run: Run, group: str, request: int) -> int:
    """Return the index of a request of a class, or of all."""
    kind, _, name = group.partition(":")
    mine = run.labels.request_class == _index(run.labels.class_names, name, group) if kind == "class" else slice(None)
    return int(np.arange(len(run.network.requests.begin))[mine][request - 1])


def _steps_of(run: Run, group: str, request: int) -> slice:
    """Return the rows of a request's steps."""
    first, which = run.network.requests.first, _request(run, group, request)
    return slice(int(first[which]), int(first[which + 1]))


def overtime_total(run: Run) -> float:
    """Return the overtime of all servers in the window."""
    return float(sum(run.measures["overtime", f"pool:{pool}"] for pool in run.labels.pool_names))


def overtime_a_server(run: Run, *, pools: Sequence[str]) -> float:
    """Return the mean overtime of the servers of some pools in the window."""
    numbers = [int((run.labels.server_pool == run.labels.pool_names.index(pool)).sum()) for pool in pools]
    return float(sum(run.measures["overtime", f"pool:{pool}"] for pool in pools)) / sum(numbers)


def number_left_behind(run: Run, *, every: float) -> float:
    """Return how many wait on average just after the first moment of each period in the window."""
    visits, unit = run.visits, run.labels.unit
    period = round(every * unit)
    instants = np.arange(-(-run.start // period) * period, run.end, period)
    waited = (run.network.steps.station != NONE) & (visits.arrival != NONE)
    until = np.where(visits.start == NONE, np.where(visits.end == NONE, run.horizon, visits.end), visits.start)
    came = np.searchsorted(np.sort(visits.arrival[waited]), instants, side="right")
    went = np.searchsorted(np.sort(until[waited]), instants, side="right")
    return float((came - went).mean())


QUANTITIES: dict[str, Callable[..., float]] = {
    **{name: partial(measure, name=name) for name in MEASURES},
    **{
        function.__name__: function
        for function in (
            waiting_time_quantile, sojourn_time_quantile, sojourn_share_at_least, sojourn_time_variance,
            waiting_time_of, sojourn_time_of, sojourn_time_on_duty, start_of, end_of,
            overtime_total, overtime_a_server, number_left_behind,
        )
    },
}  # fmt: skip
