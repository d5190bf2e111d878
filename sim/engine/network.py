"""The frozen arrays that an engine runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sim.arrays import AnyInts
from sim.errors import sealed

NONE = -1

LIMIT_BITS = 62
LIMIT = 2**LIMIT_BITS  # instants, amounts and work x pace stay below it, so that no sum of two leaves int64

INSTEAD = "another network is made from other arrays, by sim.make_network"

N = TypeVar("N", int, AnyInts)


@sealed(INSTEAD)
@dataclass(frozen=True)
class Stations:
    """Where steps wait: the hall they wait in and the site they are served at (-1: none, anywhere)."""

    hall: AnyInts
    site: AnyInts


@sealed(INSTEAD)
@dataclass(frozen=True)
class Halls:
    """Waiting rooms shared by stations: the number of waiting steps at which arrivals are refused."""

    room: AnyInts


@sealed(INSTEAD)
@dataclass(frozen=True)
class Duties:
    """What a server serves while on a duty: lines `first[d]:first[d + 1]` of station, rank and pace."""

    first: AnyInts
    longest: AnyInts
    station: AnyInts
    rank: AnyInts
    pace: AnyInts


@sealed(INSTEAD)
@dataclass(frozen=True)
class Servers:
    """Members of staff: roster intervals `first[s]:first[s + 1]`, each with a duty, and the changeover."""

    first: AnyInts
    changeover: AnyInts
    open: AnyInts
    close: AnyInts
    duty: AnyInts
    hand_back: AnyInts


@sealed(INSTEAD)
@dataclass(frozen=True)
class Calendars:
    """Sorted, disjoint intervals `first[c]:first[c + 1]` of [open, close), in ticks."""

    first: AnyInts
    open: AnyInts
    close: AnyInts


@sealed(INSTEAD)
@dataclass(frozen=True)
class Requests:
    """Requests: steps `first[r]:first[r + 1]`, and the tick at which each begins."""

    first: AnyInts
    begin: AnyInts


@sealed(INSTEAD)
@dataclass(frozen=True)
class Steps:
    """The steps of all requests, request after request; one row a step.

    The columns are as narrow as `NARROW` says where all of them fit, else all are int64: an engine is
    compiled for these two kinds of networks and for no others.
    """

    station: AnyInts
    work: AnyInts
    priority: AnyInts
    yields_to: AnyInts
    past_closing: AnyInts
    lag: AnyInts
    lag_clock: AnyInts
    gate: AnyInts
    patience: AnyInts
    patience_clock: AnyInts
    shuts: AnyInts
    emits: AnyInts
    awaits: AnyInts
    count: AnyInts
    next: AnyInts
    leave: AnyInts


@sealed(INSTEAD)
@dataclass(frozen=True)
class Network:
    """Everything an engine needs: integers only, arrays read-only, -1 meaning none."""

    stations: Stations
    halls: Halls
    duties: Duties
    servers: Servers
    calendars: Calendars
    requests: Requests
    steps: Steps


def checked_horizon(horizon: object) -> int:
    """Return a horizon as it was given.

    Raises
    ------
    ValueError
        If it is no whole number from 0 to below 2^62.
    """
    if not isinstance(horizon, int | np.integer) or not 0 <= horizon < LIMIT:
        raise ValueError(f"horizon must be a whole number from 0 to 2^62, got {horizon}")
    return int(horizon)


def needed_ticks(work_left: N, pace: N) -> N:
    """Return the ticks that work left takes at a pace per mille, to the nearest tick."""
    return (work_left * pace + 500) // 1000


def work_done(ticks: N, pace: N) -> N:
    """Return the work that is done in a number of ticks at a pace per mille, rounded down.

    While fewer ticks than `needed_ticks` have passed, at least one unit of the work is left.
    """
    return ticks * 1000 // pace


def owners(first: AnyInts) -> AnyInts:
    """Return the owner of each row, from the offsets of the owners' rows."""
    return np.repeat(np.arange(len(first) - 1), np.diff(first))


LEADS = ("next", "leave")
"""The columns of `Steps` that name another step."""


def absolute(leads: AnyInts, first: AnyInts | int) -> AnyInts:
    """Return leads that are counted from `first` as row numbers; -1, nowhere, stays.

    Parameters
    ----------
    leads : ndarray of int, shape (n,)
        Rows onwards from `first`, or -1.
    first : ndarray of int, shape (n,), or int
        The row that each lead is counted from.
    """
    return np.where(leads >= 0, first + leads, NONE)
