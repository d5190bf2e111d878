"""Measures of a queueing network in textbook terms, from the record of one replication.

Measured are the requests whose first arrival lies in the window [start, end), with all their steps; time
averages and staff are measured in the window itself. The measures, by group:

=====================  ==================================================================================
measure                meaning
=====================  ==================================================================================
arrivals               steps that arrived (station) or requests (class, all)
throughput             steps served (station) or requests that went through (class, all), per time unit,
                       in the window
waiting_time           mean of sojourn - service, of all who were not refused (who abandons has waited too)
waiting_time_served    the same, of those served
waiting_time_p50, p90  its quantiles, of all who were not refused
sojourn_time           mean from arrival to departure, of all who were not refused
service_time           mean time in service, without changeovers, of those served
waiting_share          share of those not refused who waited
abandoned_share        share that left unserved after waiting
refused_share          share that was refused because the hall was full
open                   those still there at the horizon
number_waiting         time average of the number waiting at stations
number_present         time average of the number at stations, waiting or in service
utilisation            time busy while on duty over time on duty (changeovers are busy time)
changeover_share       the part of it that is changeovers
overtime               server time worked off duty (past closing), in the window
=====================  ==================================================================================

A request's waiting time is the sum over its stations; its sojourn goes from its first arrival to its last
departure, lags and gates included; it counts as abandoned or refused if that was its last step's outcome.
Those still open count as the longest in quantiles; a mean is withheld (NaN) where more
than 1 % are open, and so is a quantile that falls among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.draws.clock import Calendar
from sim.engine.audit import attendance
from sim.engine.network import NONE, owners
from sim.engine.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.arrays import Bools, Floats, Ints
    from sim.engine.network import Network
    from sim.engine.record import Spells, Visits
    from sim.queueing.labels import Labels

MOST_OPEN = 0.01  # a mean over more open ones than this would say more about the horizon than the queue

Row = tuple[str, str, str, float, int]


@dataclass(frozen=True)
class _Stays:
    """Stays at stations, or whole passages through the network: one row each; ticks."""

    waiting: Ints
    service: Ints
    sojourn: Ints
    outcome: Ints

    def take(self, rows: Bools) -> _Stays:
        """Return some of the rows."""
        return _Stays(self.waiting[rows], self.service[rows], self.sojourn[rows], self.outcome[rows])


def queueing_measures(
    network: Network, labels: Labels, visits: Visits, spells: Spells, *, start: int, end: int, horizon: int
) -> pl.DataFrame:
    """Return the measures of one replication, in the time unit of the labels.

    Parameters
    ----------
    network : Network
        As it was run.
    labels : Labels
        The names of its parts.
    visits, spells
        The record of the run.
    start, end : int
        The measured window [start, end) in ticks.
    horizon : int
        The end of the run in ticks, at least `end`.

    Returns
    -------
    polars.DataFrame
        One row a measure and group: `measure`, `group` (`all`, `station:...`, `class:...`, `pool:...`),
        `unit`, `value` (NaN where there is nothing to measure or too much is open) and `n`, the number of
        observations behind it.

    Raises
    ------
    ValueError
        If the window is empty or ends after the horizon.
    """
    if not 0 <= start < end <= horizon:
        raise ValueError(f"window must be in [0, {horizon}) and not empty, got {start} to {end}")
    owner = owners(network.requests.first)
    first_arrival = visits.arrival[network.requests.first[:-1]]
    measured = (first_arrival >= start) & (first_arrival < end)
    steps = _steps(visits, spells, horizon)
    requests = _requests(network, visits, steps, horizon)
    at_station = network.steps.station != NONE
    arrived = visits.arrival != NONE
    served = np.bincount(spells.step, _work_in(network, spells, start, end, horizon), len(owner))
    present = np.where(at_station & arrived, _overlap(visits.arrival, visits.end, start, end, horizon), 0)
    leaving = _last_served(network, visits)

    groups: list[tuple[str, _Stays, Bools, Bools]] = [
        ("all", requests.take(measured), at_station, leaving),
    ]
    for i, name in enumerate(labels.station_names):
        here = network.steps.station == i
        through = here & (visits.outcome == Outcome.SERVED)
        groups.append((f"station:{name}", steps.take(here & arrived & measured[owner]), here, through))
    for i, name in enumerate(labels.class_names):
        of_class = labels.request_class == i
        steps_of_class = of_class[owner] & at_station
        groups.append((f"class:{name}", requests.take(measured & of_class), steps_of_class, leaving & of_class[owner]))

    rows: list[Row] = []
    for name, stays, here, through in groups:
        done = through & (visits.end >= start) & (visits.end < end)
        rows += _of_stays(name, stays, labels)
        rate = int(done.sum()) / ((end - start) / labels.unit)
        rows.append(("throughput", name, f"per {labels.time_unit}", rate, int(done.sum())))
        n = int(here.sum())
        inside, working = int(present[here].sum()), float(served[here].sum())
        rows.append(("number_waiting", name, "requests", (inside - working) / (end - start), n))
        rows.append(("number_present", name, "requests", inside / (end - start), n))
    rows += _of_pools(network, labels, spells, (start, end, horizon))
    return pl.DataFrame(
        rows,
        schema={
            "measure": pl.String, "group": pl.String, "unit": pl.String, "value": pl.Float64, "n": pl.Int64,
        },
        orient="row",
    )  # fmt: skip


def _steps(visits: Visits, spells: Spells, horizon: int) -> _Stays:
    """Return every step as a stay."""
    n = len(visits.arrival)
    service = np.bincount(spells.step, spells.ticks - spells.changeover, n).astype(np.int64)
    until = np.where(visits.end == NONE, horizon, visits.end)
    sojourn = np.where(visits.arrival == NONE, 0, until - visits.arrival)
    return _Stays(sojourn - service, service, sojourn, visits.outcome)


def _requests(network: Network, visits: Visits, steps: _Stays, horizon: int) -> _Stays:
    """Return every request as one stay: its outcome is that of its last step, or open."""
    first = network.requests.first
    if len(first) == 1:
        nothing = np.zeros(0, dtype=np.int64)
        return _Stays(nothing, nothing, nothing, nothing)
    at_station = network.steps.station != NONE
    waiting = np.add.reduceat(np.where(at_station, steps.waiting, 0), first[:-1])
    service = np.add.reduceat(steps.service, first[:-1])
    departure = np.maximum.reduceat(visits.end, first[:-1])
    last = _last(network, visits)
    outcome = np.full(len(first) - 1, int(Outcome.OPEN))
    outcome[owners(first)[last]] = visits.outcome[last]
    arrival = visits.arrival[first[:-1]]
    outcome[arrival == NONE] = Outcome.ABSENT
    departure = np.where(outcome == Outcome.OPEN, horizon, departure)
    return _Stays(waiting, service, np.where(arrival == NONE, 0, departure - arrival), outcome)


def _last(network: Network, visits: Visits) -> Bools:
    """Return the steps at which requests ended: no step follows what became of them."""
    left = (visits.outcome == Outcome.ABANDONED) | (visits.outcome == Outcome.REFUSED)
    served = visits.outcome == Outcome.SERVED
    return np.asarray((served & (network.steps.next == NONE)) | (left & (network.steps.leave == NONE)))


def _last_served(network: Network, visits: Visits) -> Bools:
    """Return the steps at which requests ended served."""
    return np.asarray((visits.outcome == Outcome.SERVED) & (network.steps.next == NONE))


def _overlap(start: Ints, end: Ints, a: int, b: int, horizon: int) -> Ints:
    """Return the ticks of [start, end) in [a, b), where an end of -1 is the horizon."""
    until = np.where(end == NONE, horizon, end)
    return np.asarray(np.maximum(np.minimum(until, b) - np.maximum(start, a), 0))


def _of_stays(group: str, stays: _Stays, labels: Labels) -> Iterator[Row]:
    """Yield the measures of stays."""
    unit, n = labels.time_unit, len(stays.outcome)
    entered = stays.outcome != Outcome.REFUSED
    served = stays.outcome == Outcome.SERVED
    still = stays.outcome == Outcome.OPEN
    n_entered, n_open = int(entered.sum()), int(still.sum())
    closed = entered & ~still
    known = n_open <= MOST_OPEN * n_entered
    waited = entered & (stays.waiting > 0)

    def mean(ticks: Ints, rows: Bools) -> float:
        return float(ticks[rows].mean()) / labels.unit if known and rows.any() else np.nan

    def share(part: Bools, n_all: int) -> float:
        return int(part.sum()) / n_all if n_all else np.nan

    yield "arrivals", group, "requests", float(n), n
    yield "waiting_time", group, unit, mean(stays.waiting, closed), int(closed.sum())
    yield "waiting_time_served", group, unit, mean(stays.waiting, served), int(served.sum())
    waits = np.where(still, np.inf, stays.waiting / labels.unit)[entered]
    for name, p in (("waiting_time_p50", 0.5), ("waiting_time_p90", 0.9)):
        yield name, group, unit, _quantile(waits, p), n_entered
    yield "sojourn_time", group, unit, mean(stays.sojourn, closed), int(closed.sum())
    yield "service_time", group, unit, mean(stays.service, served), int(served.sum())
    yield "waiting_share", group, "share", share(waited, n_entered), n_entered
    yield "abandoned_share", group, "share", share(stays.outcome == Outcome.ABANDONED, n), n
    yield "refused_share", group, "share", share(~entered, n), n
    yield "open", group, "requests", float(n_open), n


def _quantile(values: Floats, p: float) -> float:
    """Return the least value that a share p does not exceed; NaN if it is infinite or there are none."""
    if not len(values):
        return np.nan
    value = float(np.quantile(values, p, method="inverted_cdf"))
    return value if np.isfinite(value) else np.nan


def _of_pools(network: Network, labels: Labels, spells: Spells, window: tuple[int, int, int]) -> Iterator[Row]:
    """Yield the measures of pools."""
    start, end, horizon = window
    servers = network.servers
    n_servers = len(servers.changeover)
    on_duty = np.array([int(_roster(network, s).between(start, end)) for s in range(n_servers)], dtype=np.int64)
    total = _ticks_in(network, spells, start, end, horizon)
    busy = np.bincount(spells.server, _on_duty_in(network, spells, start, end, horizon), n_servers)
    worked = np.bincount(spells.server, total, n_servers)
    changing = np.bincount(spells.server, _changeover_in(network, spells, start, end, horizon), n_servers)
    n_spells = np.bincount(spells.server[total > 0], minlength=n_servers)
    for i, name in enumerate(labels.pool_names):
        mine = labels.server_pool == i
        duty, n = int(on_duty[mine].sum()), int(n_spells[mine].sum())
        group = f"pool:{name}"
        yield "utilisation", group, "share", float(busy[mine].sum()) / duty if duty else np.nan, n
        yield "changeover_share", group, "share", float(changing[mine].sum()) / duty if duty else np.nan, n
        overtime = float((worked - busy)[mine].sum()) / labels.unit
        yield "overtime", group, labels.time_unit, overtime, n


def _roster(network: Network, server: int) -> Calendar:
    """Return when a server is on duty."""
    rows = slice(network.servers.first[server], network.servers.first[server + 1])
    return Calendar(network.servers.open[rows], network.servers.close[rows])


def _on_duty_in(network: Network, spells: Spells, a: int, b: int, horizon: int) -> Ints:
    """Return the ticks of each spell in [a, b) at which its server was on duty."""
    until = np.where(spells.end == NONE, horizon, spells.end)
    lower = np.maximum(spells.start, a)
    upper = np.maximum(np.minimum(until, b), lower)
    return attendance.on_duty(attendance.staff_of(network), spells.server, lower, upper)


def _ticks_in(network: Network, spells: Spells, a: int, b: int, horizon: int) -> Ints:
    """Return the ticks that each spell took in [a, b): on duty, or all of them past closing."""
    past_closing = network.steps.past_closing[spells.step] == 1
    all_ticks = _overlap(spells.start, spells.end, a, b, horizon)
    return np.where(past_closing, all_ticks, _on_duty_in(network, spells, a, b, horizon))


def _changeover_in(network: Network, spells: Spells, a: int, b: int, horizon: int) -> Ints:
    """Return the ticks of each spell's changeover in [a, b): it comes before the work."""
    before = _ticks_in(network, spells, 0, a, horizon) if a > 0 else np.zeros_like(spells.start)
    until = before + _ticks_in(network, spells, a, b, horizon)
    return np.asarray(np.minimum(until, spells.changeover) - np.minimum(before, spells.changeover))


def _work_in(network: Network, spells: Spells, a: int, b: int, horizon: int) -> Ints:
    """Return the ticks of service of each spell in [a, b), without changeovers."""
    return _ticks_in(network, spells, a, b, horizon) - _changeover_in(network, spells, a, b, horizon)
