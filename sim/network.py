"""The frozen arrays that an engine runs on, and the checks that make them valid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NONE = -1

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Stations:
    """Where steps wait: the hall they wait in and the site they are served at (-1: none, anywhere)."""

    hall: Ints
    site: Ints


@dataclass(frozen=True)
class Halls:
    """Waiting rooms shared by stations: the number of waiting steps at which arrivals are refused."""

    room: Ints


@dataclass(frozen=True)
class Duties:
    """What a server serves while on a duty: lines `first[d]:first[d + 1]` of station, rank and pace."""

    first: Ints
    longest: Ints
    station: Ints
    rank: Ints
    pace: Ints


@dataclass(frozen=True)
class Servers:
    """Members of staff: roster intervals `first[s]:first[s + 1]`, each with a duty, and the changeover."""

    first: Ints
    changeover: Ints
    open: Ints
    close: Ints
    duty: Ints
    hand_back: Ints


@dataclass(frozen=True)
class Calendars:
    """Sorted, disjoint intervals `first[c]:first[c + 1]` of [open, close), in ticks."""

    first: Ints
    open: Ints
    close: Ints


@dataclass(frozen=True)
class Requests:
    """Requests: steps `first[r]:first[r + 1]`, and the tick at which each begins."""

    first: Ints
    begin: Ints


@dataclass(frozen=True)
class Steps:
    """The steps of all requests, request after request; one row a step."""

    station: Ints
    work: Ints
    priority: Ints
    yields_to: Ints
    past_closing: Ints
    lag: Ints
    lag_clock: Ints
    gate: Ints
    patience: Ints
    patience_clock: Ints
    shuts: Ints
    emits: Ints
    awaits: Ints
    count: Ints
    next: Ints
    leave: Ints


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
