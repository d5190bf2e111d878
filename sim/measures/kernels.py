"""Passes over a record that are compiled, since they look at every step.

The kernels check no index. Arrays are int64, and read-only but for those that are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from numba import njit

# As in the record and the itineraries: Numba's cache would not notice a change there.
SERVED, ABANDONED = 2, 3
IN_PERSON, AT_HOME = 1, 3

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.arrays import Ints

    def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
        """Compile a function."""
        return function

    inlined = kernel
else:
    kernel = njit(cache=True, nogil=True, _nrt=False)
    inlined = njit(cache=True, nogil=True, _nrt=False, forceinline=True)


class Path(NamedTuple):
    """The steps of some successive requests, with their visits and labels."""

    station: Ints
    work: Ints
    awaits: Ints
    leave: Ints
    arrival: Ints
    start: Ints
    end: Ints
    outcome: Ints
    presence: Ints
    trip: Ints
    hand_over: Ints
    walk: Ints
    result: Ints


class Told(NamedTuple):
    """What is written of each request, as `requests.Requests` says; instants and flags too."""

    contact: Ints
    result: Ints
    dispatched: Ints
    left: Ints
    trips: Ints
    own_time: Ints
    hand_overs: Ints
    touched: Ints
    touched_in_person: Ints
    n_waits: Ints


@inlined
def follow_step(path: Path, i: int, overloaded: Ints, horizon: int, told: Told, r: int) -> None:
    """Write what a step that has come says of request r."""
    arrival, end, outcome = path.arrival[i], path.end[i], path.outcome[i]
    if outcome == SERVED and path.result[i]:
        told.result[r] = max(told.result[r], end)
    if outcome >= ABANDONED and path.leave[i] < 0:
        told.left[r] = 1
    if path.trip[i]:
        told.trips[r] += 1
        told.own_time[r] += path.walk[i]
    if path.hand_over[i]:
        told.hand_overs[r] += 1
        told.dispatched[r] = max(told.dispatched[r], arrival)
    touched = path.station[i] >= 0 and overloaded[path.station[i]] == 1
    told.touched[r] |= touched
    if path.presence[i] == IN_PERSON:
        told.n_waits[r] += 1
        told.own_time[r] += (end if end >= 0 else horizon) - arrival
        told.touched_in_person[r] |= touched
    elif path.presence[i] == AT_HOME and path.start[i] >= 0:
        told.own_time[r] += path.work[i] - path.walk[i]


@kernel
def follow(first: Ints, latent: Ints, path: Path, overloaded: Ints, horizon: int, told: Told) -> None:
    """Write what became of each request; `first` are the offsets of their steps."""
    for r in range(len(latent)):
        begin = first[r] - first[0]
        told.contact[r] = path.end[begin] if latent[r] else path.arrival[begin]
        told.result[r] = told.dispatched[r] = -1
        for i in range(begin, first[r + 1] - first[0]):
            if path.arrival[i] >= 0:
                if path.awaits[i] >= 0 and i > begin:
                    told.contact[r] = path.end[i]  # its report did not get through: known when a patrol sees it
                follow_step(path, i, overloaded, horizon, told, r)


class Stays(NamedTuple):
    """Some steps with their visits; `level` is that of a step's station, -1 where it never piles up."""

    level: Ints
    work: Ints
    arrival: Ints
    start: Ints
    end: Ints


@inlined
def position(instants: Ints, at: int) -> int:
    """Return the position of the first of rising instants that is after a tick."""
    a, b = 0, len(instants)
    while a < b:
        middle = (a + b) // 2
        if instants[middle] <= at:
            a = middle + 1
        else:
            b = middle
    return a


@kernel
def add_waiting(stays: Stays, instants: Ints, horizon: int, change: Ints) -> None:
    """Add the work of each step to what waits at the instants after its arrival and not after its start.

    `change` (levels, instants + 1) says by how much more waits at an instant than at that before; the last of the
    instants is behind the horizon.
    """
    first = 0
    for i in range(len(stays.level)):
        level, arrival = stays.level[i], stays.arrival[i]
        if level < 0 or arrival < 0:
            continue
        until = stays.start[i] if stays.start[i] >= 0 else stays.end[i]
        if until < 0:
            until = horizon
        if instants[first] <= arrival or (first > 0 and instants[first - 1] > arrival):
            first = position(instants, arrival)
        if instants[first] <= until:
            change[level, first] += stays.work[i]
            change[level, position(instants, until)] -= stays.work[i]


class Way(NamedTuple):
    """The steps of some successive requests, with their visits and labels, as far as they say where a request is."""

    level: Ints
    awaits: Ints
    arrival: Ints
    outcome: Ints
    presence: Ints
    trip: Ints
    hand_over: Ints


# Places of a request, as in `flows`: the levels are those of the steps' labels, 0 to 2.
RESIDENT, COMMUNITY, OUTSIDE = 3, 0, 4


@inlined
def place_of(way: Way, i: int, before: int) -> int:
    """Return where a request is at a step, having been elsewhere `before`."""
    if way.awaits[i] >= 0:
        return COMMUNITY if way.outcome[i] == SERVED else before  # a patrol has seen it, or nobody knows of it yet
    if way.level[i] < 0:
        return COMMUNITY if way.hand_over[i] else OUTSIDE  # what is posted goes to the community's desk
    return int(way.level[i])


@kernel
def count_moves(first: Ints, archetype: Ints, ends: Ints, way: Way, moves: Ints) -> None:
    """Add the moves of each request to `moves` (archetypes, from, to); `first` are the offsets of their steps.

    A request of archetype -1 is passed over; `ends` is what it comes to in the end.
    """
    for r in range(len(archetype)):
        a = archetype[r]
        if a < 0:
            continue
        here, left = RESIDENT, False
        for i in range(first[r] - first[0], first[r + 1] - first[0]):
            if way.arrival[i] < 0:
                continue
            comes_again = way.presence[i] != 0 and (way.trip[i] == 1 or left)
            if comes_again and here != RESIDENT:
                moves[a, here, RESIDENT] += 1
                here = RESIDENT
            there = place_of(way, i, here)
            if there != here:
                moves[a, here, there] += 1
                here = there
            left = way.outcome[i] >= ABANDONED
        moves[a, here, ends[r]] += 1


class Intervals(NamedTuple):
    """Times from a begin to an end, each of a group, -1: of none."""

    group: Ints
    begin: Ints
    end: Ints


@inlined
def add_instant(group: int, at: int, sign: int, week: int, slot: int, counts: Ints, rests: Ints) -> None:
    """Add one end of an interval, from the start of the week that all are counted from.

    What passes of each slot of the week until an instant is a slot for each whole week and for each slot that is
    over, and the rest in its own.
    """
    weeks = at // week
    into = at - weeks * week
    k = into // slot
    counts[group, 0] += sign * weeks
    counts[group, 1 + k] += sign
    rests[group, k] += sign * (into - k * slot)


@kernel
def add_intervals(
    some: Intervals, start: int, end: int, horizon: int, sign: int, week: int, slot: int, counts: Ints, rests: Ints
) -> None:
    """Add (sign 1) or take away (-1) intervals, as far as they lie in [start, end); an end of -1 is the horizon.

    `counts` (groups, 1 + slots of a week) are whole weeks, then instants by slot; `rests` (groups, slots) ticks.
    """
    for i in range(len(some.group)):
        if some.group[i] < 0 or some.begin[i] < 0:
            continue
        until = some.end[i] if some.end[i] >= 0 else horizon
        a, b = max(some.begin[i], start), min(until, end)
        if a < b:
            add_instant(some.group[i], a - start, -sign, week, slot, counts, rests)
            add_instant(some.group[i], b - start, sign, week, slot, counts, rests)
