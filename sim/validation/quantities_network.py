"""Estimators of networks, of shared staff, of rates that change through the day, and of published models.

Times in parameters are in the time unit of the network; hours are pairs of opening and closing in a period.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.draws.clock import Calendar
from sim.engine.network import NONE, owners
from sim.engine.record import Outcome
from sim.validation.quantities import measured, stays

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.arrays import Bools
    from sim.study.network_run import Run

    Pair = tuple[float, float]


def arrivals(run: Run, *, group: str = "all") -> float:
    """Return how many arrived in the window."""
    return run.measures["arrivals", group]


def waiting_time_if_delayed(run: Run, *, group: str = "all") -> float:
    """Return the mean waiting time of those who had to wait."""
    waits = stays(run, group).waiting
    return float(waits[waits > 0].mean())


def visits_per_request(run: Run, *, station: str) -> float:
    """Return how often a measured request came to a station."""
    mine = measured(run)
    here = _steps_at(run, station) & mine[owners(run.network.requests.first)] & (run.visits.arrival != NONE)
    return int(here.sum()) / int(mine.sum())


def share_by_pool(run: Run, *, station: str, pool: str) -> float:
    """Return the share of the steps served at a station in the window that a pool served."""
    visits = run.visits
    done = _served_in_window(run, station)
    pools = run.labels.server_pool[visits.server[done]]
    return float((pools == run.labels.pool_names.index(pool)).mean())


def number_present_at(run: Run, *, instant: float, every: float, station: str | None = None) -> float:
    """Return the mean number at stations, or at one, at an instant of each period of the window."""
    visits, unit = run.visits, run.labels.unit
    at, period = round(instant * unit), round(every * unit)
    instants = np.arange(at + -(-(run.start - at) // period) * period, run.end, period)
    rows = (run.network.steps.station != NONE) if station is None else _steps_at(run, station)
    rows = rows & (visits.arrival != NONE)
    came = np.sort(visits.arrival[rows])
    went = np.sort(visits.end[rows & (visits.end != NONE)])
    numbers = np.searchsorted(came, instants, side="right") - np.searchsorted(went, instants, side="right")
    return float(numbers.mean())


def utilisation_of_all(run: Run) -> float:
    """Return the time that all servers were busy while on duty over the time that they were on duty."""
    servers, labels = run.network.servers, run.labels
    length = np.maximum(np.minimum(servers.close, run.end) - np.maximum(servers.open, run.start), 0)
    pool = labels.server_pool[owners(servers.first)]
    on_duty = np.bincount(pool, length, len(labels.pool_names))
    shares = np.array([run.measures["utilisation", f"pool:{name}"] for name in labels.pool_names])
    return float(on_duty @ shares / on_duty.sum())


def finished_work_percent(run: Run, *, station: str) -> float:
    """Return the work of the steps served at a station in the window, in percent of its servers' time.

    A service in progress counts for nothing, as in models that add a service up when it ends. All servers of the
    station must be on duty throughout and serve nothing else.
    """
    visits, window = run.visits, run.end - run.start
    done = _served_in_window(run, station)
    servers = np.unique(visits.server[done])
    return 100 * float(visits.done[done].sum()) / (window * len(servers))


def overtime_per_period(run: Run, *, group: str, every: float) -> float:
    """Return the time that a pool works off duty in a period."""
    return run.measures["overtime", group] * every * run.labels.unit / (run.end - run.start)


def served_per_period(run: Run, *, station: str, every: float) -> float:
    """Return how many are served at a station in a period."""
    return int(_served_in_window(run, station).sum()) * every * run.labels.unit / (run.end - run.start)


def waiting_per_period(run: Run, *, station: str, every: float) -> float:
    """Return the waiting times of those served at a station in a period, added up."""
    done = _served_in_window(run, station)
    total = int((run.visits.start - run.visits.arrival)[done].sum())
    return total * every / (run.end - run.start)


def time_waiting_in_hours(run: Run, *, stations: Mapping[str, Pair], every: float) -> float:
    """Return the time that steps wait at stations, each in its own hours, added up, in a period.

    Steps that come back from an interruption wait too.
    """
    total = 0
    for station, hours in stations.items():
        opening = _repeated(run, [hours], every).clipped(run.start, run.end)
        here = np.flatnonzero(_steps_at(run, station) & (run.visits.arrival != NONE))
        until = np.where(run.visits.end[here] == NONE, run.horizon, run.visits.end[here])
        total += int(opening.between(run.visits.arrival[here], until).sum())
        spells = np.flatnonzero(np.isin(run.spells.step, here))
        until = np.where(run.spells.end[spells] == NONE, run.horizon, run.spells.end[spells])
        total -= int(opening.between(run.spells.start[spells], until).sum())
    return total * every / (run.end - run.start)


def sojourn_time_in_hours(run: Run, *, station: str, hours: Sequence[Pair], every: float) -> float:
    """Return the mean sojourn time of the measured stays at a station, in opening time."""
    rows = _steps_at(run, station) & measured(run)[owners(run.network.requests.first)]
    rows &= run.visits.outcome == Outcome.SERVED
    opening = _repeated(run, hours, every)
    return float(opening.between(run.visits.arrival[rows], run.visits.end[rows]).mean()) / run.labels.unit


def sojourn_time_of_batches(run: Run, *, size: int, group: str = "all") -> float:
    """Return the mean time until the last of each batch of requests that came together has left.

    A batch is this many requests in succession, so the only class must come in batches of this size.

    Raises
    ------
    ValueError
        If the requests of a batch did not come together.
    """
    sojourn = stays(run, group).sojourn
    begin = run.network.requests.begin[measured(run)]
    if len(begin) % size or np.any(np.ptp(begin.reshape(-1, size), axis=1)):
        raise ValueError(f"size must be that of the batches, got {size}")
    return float(sojourn.reshape(-1, size).max(axis=1).mean())


def waiting_time_of_started(run: Run, *, station: str | None = None, group: str = "all", times: int = 1) -> float:
    """Return the mean time from arrival to start of the steps that were started before the horizon.

    Parameters
    ----------
    run : Run
        One replication.
    station : str, optional
        At which; every station otherwise.
    group : str
        `all` or `class:NAME`: whose.
    times : int
        The mean is multiplied by it: the number of steps of a request, for its whole waiting time.
    """
    rows = (run.visits.start != NONE) & measured(run)[owners(run.network.requests.first)]
    if station is not None:
        rows &= _steps_at(run, station)
    rows &= _requests_of(run, [group])[owners(run.network.requests.first)]
    return times * float((run.visits.start - run.visits.arrival)[rows].mean()) / run.labels.unit


def sojourn_time_of_finished(run: Run, *, classes: Sequence[str] = ()) -> float:
    """Return the mean time from beginning to departure of the requests that were through before the horizon.

    Parameters
    ----------
    run : Run
        One replication.
    classes : sequence of str
        Whose; all, if there are none.
    """
    visits, first = run.visits, run.network.requests.first
    owner = owners(first)
    last = (visits.outcome == Outcome.SERVED) & (run.network.steps.next == NONE)
    mine = measured(run) & _requests_of(run, [f"class:{name}" for name in classes] or ["all"])
    last &= mine[owner]
    return float((visits.end[last] - run.network.requests.begin[owner[last]]).mean()) / run.labels.unit


def _steps_at(run: Run, station: str) -> Bools:
    """Return which steps are at a station."""
    return np.asarray(run.network.steps.station == run.labels.station_names.index(station))


def _served_in_window(run: Run, station: str) -> Bools:
    """Return which steps were served at a station in the window."""
    visits = run.visits
    done = _steps_at(run, station) & (visits.outcome == Outcome.SERVED)
    return np.asarray(done & (visits.end >= run.start) & (visits.end < run.end))


def _requests_of(run: Run, groups: Sequence[str]) -> Bools:
    """Return which requests are of some classes (`all` or `class:NAME`)."""
    if "all" in groups:
        return np.ones(len(run.labels.request_class), dtype=bool)
    wanted = [run.labels.class_names.index(group.removeprefix("class:")) for group in groups]
    return np.isin(run.labels.request_class, wanted)


def _repeated(run: Run, hours: Sequence[Pair], every: float) -> Calendar:
    """Return hours of each period up to the horizon as a calendar."""
    unit = run.labels.unit
    pairs = np.rint(np.asarray(hours, dtype=np.float64) * unit).astype(np.int64)
    starts = np.arange(0, run.horizon, round(every * unit))[:, None]
    return Calendar((starts + pairs[:, 0]).ravel(), (starts + pairs[:, 1]).ravel())


QUANTITIES: dict[str, Callable[..., float]] = {
    quantity.__name__: quantity
    for quantity in (
        arrivals,
        waiting_time_if_delayed,
        visits_per_request,
        share_by_pool,
        number_present_at,
        utilisation_of_all,
        finished_work_percent,
        served_per_period,
        waiting_per_period,
        overtime_per_period,
        time_waiting_in_hours,
        sojourn_time_in_hours,
        sojourn_time_of_batches,
        waiting_time_of_started,
        sojourn_time_of_finished,
    )
}
