"""The queueing workloads: what every tool is given, and what every tool must give back.

All times are ticks (milliseconds). Arrivals and service times are drawn once, so that tools that obey the same
rules return the same instants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.arrays import Floats
from sim.draws.streams import stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.arrays import Ints

TICKS_A_MINUTE = 60_000
BATCHES = 20

TANDEM = (4, 8, 2)
"""P1: servers of the three stations that every request visits in turn."""

SPECIALISMS, GRIDS, STAFF = 6, 18, 24
"""P2: A queues (stations 0 to 5), B queues (stations 6 to 23), members of staff."""

UTILISATION = 0.8
A_SHARE = 0.55
SERVICE_MINUTES = 10.0


@dataclass(frozen=True)
class Inputs:
    """The requests of a workload, in the order of their arrival.

    Attributes
    ----------
    workload : str
        `p1` or `p2`.
    arrival : ndarray of int, shape (requests,)
        Instants, rising (ticks).
    station : ndarray of int, shape (requests, steps)
        The station of each step.
    work : ndarray of int, shape (requests, steps)
        Service times, at least 1 tick.
    """

    workload: str
    arrival: Ints
    station: Ints
    work: Ints


@dataclass(frozen=True)
class Record:
    """What became of the steps: arrays of shape (requests, steps), instants in ticks, -1 where it did not happen."""

    arrival: Ints
    start: Ints
    end: Ints

    @property
    def events(self) -> int:
        """Return the number of events: arrivals of requests and ends of steps."""
        return int((self.arrival[:, 0] >= 0).sum() + (self.end >= 0).sum())

    @property
    def wait(self) -> Ints:
        """Return the waiting times (ticks)."""
        return self.start - self.arrival


@dataclass(frozen=True)
class Program:
    """A workload written in a tool: `run` is the part that is timed, `record` reads what it left.

    `nbytes` tells, after the run, the bytes of all arrays that went in and came out, where there are arrays.
    """

    run: Callable[[], None]
    record: Callable[[], Record]
    nbytes: Callable[[], int] | None = None


@dataclass(frozen=True)
class Figure:
    """The mean of a measure (minutes), with its standard error from batch means and the expected value."""

    name: str
    mean: float
    standard_error: float
    expected: float


EXPECTED = {
    "p1": {
        "wait at station 1": 2.386,
        "wait at station 2": 1.831,
        "wait at station 3": 2.844,
        "sojourn": 18.26,
    },
    "p2": {"wait of A": 2.05, "wait of B": 38.6},
}
"""Steady-state means in minutes. P1 is exact: Erlang C at every station, Poisson departures between them
(Burke 1956). P2 has no closed form; its values come from long runs of several programs."""


def draw(workload: str, requests: int, seed: int) -> Inputs:
    """Return the requests of a workload.

    Parameters
    ----------
    workload : str
        `p1`: Poisson arrivals, one a minute, through stations of 4, 8 and 2 servers, exponential service of
        0.8 minutes a server in the mean. `p2`: Poisson arrivals at 24 members of staff, lognormal service of
        10 minutes (CV 1); 55 % go to one of the 6 A queues at random, the rest to one of the 18 B queues.
    requests, seed : int
        How many requests, and the seed of their streams.
    """
    return {"p1": _tandem, "p2": _grid}[workload](requests, seed)


def _tandem(requests: int, seed: int) -> Inputs:
    """Return the requests of P1."""
    means = UTILISATION * np.array(TANDEM)
    work = stream(seed, 0, "bench/p1/service").standard_exponential((requests, len(TANDEM))) * means
    station = np.broadcast_to(np.arange(len(TANDEM)), work.shape)
    return Inputs("p1", _arrivals(requests, seed, "p1", 1.0), station, _ticks(work))


def _grid(requests: int, seed: int) -> Inputs:
    """Return the requests of P2."""
    mean, variance = SERVICE_MINUTES, math.log(2.0)  # a CV of 1
    normal = stream(seed, 0, "bench/p2/service").standard_normal((requests, 1))
    work = np.exp(math.log(mean) - variance / 2 + math.sqrt(variance) * normal)
    rate = UTILISATION * STAFF / mean
    choice = stream(seed, 0, "bench/p2/queue").random((requests, 2))
    a_queue = (choice[:, 1] * SPECIALISMS).astype(np.int64)
    b_queue = SPECIALISMS + (choice[:, 1] * GRIDS).astype(np.int64)
    station = np.where(choice[:, 0] < A_SHARE, a_queue, b_queue)[:, None]
    return Inputs("p2", _arrivals(requests, seed, "p2", rate), station, _ticks(work))


def _arrivals(requests: int, seed: int, name: str, rate: float) -> Ints:
    """Return the instants of a Poisson process of so many a minute."""
    gaps = stream(seed, 0, f"bench/{name}/arrivals").standard_exponential(requests) / rate
    return np.rint(np.cumsum(gaps) * TICKS_A_MINUTE).astype(np.int64)


def _ticks(minutes: Floats) -> Ints:
    """Return service times in ticks, at least 1."""
    return np.maximum(np.rint(minutes * TICKS_A_MINUTE).astype(np.int64), 1)


def figures(inputs: Inputs, record: Record) -> list[Figure]:
    """Return the means that show that two tools did the same, with their standard errors.

    Batches of consecutive requests are all but independent; their means give the standard error.

    References
    ----------
    Law (2015), Simulation Modeling and Analysis, section 9.5.3: batch means.
    """
    wait = record.wait
    if inputs.workload == "p1":
        samples = [*wait.T, record.end[:, -1] - record.arrival[:, 0]]
    else:
        a = inputs.station[:, 0] < SPECIALISMS
        samples = [wait[a, 0], wait[~a, 0]]
    named = zip(EXPECTED[inputs.workload].items(), samples, strict=True)
    return [Figure(name, *_batch_means(ticks / TICKS_A_MINUTE), expected) for (name, expected), ticks in named]


def _batch_means(values: Floats) -> tuple[float, float]:
    """Return the mean and its standard error from the means of batches."""
    means = np.array([batch.mean() for batch in np.array_split(values, BATCHES)])
    return float(values.mean()), float(means.std(ddof=1) / math.sqrt(BATCHES))
