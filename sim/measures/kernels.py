"""The compiled part of the measures: loops over every step of a record.

The kernels check no index. Arrays are int64, and read-only except those that are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sim.engine.compiling import inlined, kernel

if TYPE_CHECKING:
    from sim.arrays import Ints

# As in the record and in the stages: Numba's cache would not notice a change there.
SERVED, ABANDONED, REFUSED = 2, 3, 4
IN_PERSON, AT_HOME = 1, 3


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
    activity: Ints


class RequestOutcomes(NamedTuple):
    """What became of each request: columns of `requests.Requests`, flags as 0 or 1."""

    contact: Ints
    result: Ints
    dispatched: Ints
    seen: Ints
    left: Ints
    trips: Ints
    own_time: Ints
    hand_overs: Ints
    wrong_desks: Ints
    touched: Ints
    touched_in_person: Ints
    n_waits: Ints
    turned_away: Ints


@inlined
def update_request(
    path: Path, i: int, overloaded: Ints, wrong_desk: int, horizon: int, outcomes: RequestOutcomes, r: int
) -> None:
    """Update request r with one arrived step."""
    arrival, end, outcome = path.arrival[i], path.end[i], path.outcome[i]
    if outcome == SERVED and path.result[i]:
        outcomes.result[r] = max(outcomes.result[r], end)
    if outcome >= ABANDONED and path.leave[i] < 0:
        outcomes.left[r] = 1
    if path.trip[i]:
        outcomes.trips[r] += 1
        outcomes.own_time[r] += path.walk[i]
    if path.hand_over[i]:
        outcomes.hand_overs[r] += 1
        outcomes.dispatched[r] = max(outcomes.dispatched[r], arrival)
    if path.activity[i] == wrong_desk and outcome == SERVED:
        outcomes.wrong_desks[r] += 1
    touched = path.station[i] >= 0 and overloaded[path.station[i]] == 1
    outcomes.touched[r] |= touched
    if path.presence[i] == IN_PERSON:
        if outcome == REFUSED:
            outcomes.turned_away[r] += 1
        else:
            outcomes.n_waits[r] += 1
        outcomes.own_time[r] += (end if end >= 0 else horizon) - arrival
        outcomes.touched_in_person[r] |= touched
    elif path.presence[i] == AT_HOME and path.start[i] >= 0:
        outcomes.own_time[r] += path.work[i] - path.walk[i]


@kernel
def follow_requests(
    first: Ints, path: Path, overloaded: Ints, wrong_desk: int, horizon: int, outcomes: RequestOutcomes
) -> None:
    """Write what became of each request; `first` are the offsets of their steps.

    `wrong_desk` is the activity of a desk's look at what it does not belong to.
    """
    for r in range(len(first) - 1):
        begin = first[r] - first[0]
        outcomes.contact[r] = path.arrival[begin]
        outcomes.result[r] = outcomes.dispatched[r] = -1
        for i in range(begin, first[r + 1] - first[0]):
            if path.arrival[i] >= 0:
                if path.awaits[i] >= 0:
                    outcomes.contact[r] = path.end[i]  # a latent issue: known when it is seen, or a report gets through
                    outcomes.seen[r] = path.outcome[i] == SERVED
                update_request(path, i, overloaded, wrong_desk, horizon, outcomes, r)


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
    """Add the work of each step to the work that waits at the instants after its arrival and not after its start.

    `change` (shape (levels, instants + 1)) is the increase of the work that waits from each instant to the next; the
    last of the instants is after the horizon.
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


class Whereabouts(NamedTuple):
    """The columns that tell where some successive requests are, step by step."""

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
def place_at(steps: Whereabouts, i: int, before: int) -> int:
    """Return where a request is at a step, having been elsewhere `before`."""
    if steps.awaits[i] >= 0:
        return COMMUNITY if steps.outcome[i] == SERVED else before  # a patrol has seen it, or it is not known yet
    if steps.level[i] < 0:
        return COMMUNITY if steps.hand_over[i] else OUTSIDE  # what is posted goes to the community's desk
    return int(steps.level[i])


@kernel
def add_moves(first: Ints, archetype: Ints, ends: Ints, steps: Whereabouts, moves: Ints) -> None:
    """Add the moves of each request to `moves` (archetypes, from, to); `first` are the offsets of their steps.

    A request of archetype -1 is left out; `ends` is the place where each request ends.
    """
    for r in range(len(archetype)):
        a = archetype[r]
        if a < 0:
            continue
        here, left = RESIDENT, False
        for i in range(first[r] - first[0], first[r + 1] - first[0]):
            if steps.arrival[i] < 0:
                continue
            comes_again = steps.presence[i] != 0 and (steps.trip[i] == 1 or left)
            if comes_again and here != RESIDENT:
                moves[a, here, RESIDENT] += 1
                here = RESIDENT
            there = place_at(steps, i, here)
            if there != here:
                moves[a, here, there] += 1
                here = there
            left = steps.outcome[i] >= ABANDONED
        moves[a, here, ends[r]] += 1


class Intervals(NamedTuple):
    """Intervals from a begin to an end, each of a group (-1: of none)."""

    group: Ints
    begin: Ints
    end: Ints


@inlined
def add_instant(group: int, at: int, sign: int, week: int, slot: int, counts: Ints, rests: Ints) -> None:
    """Add one end of an interval: the ticks of each slot of the week that pass until then, counted from tick 0.

    They are a whole slot for each whole week and for each slot that is over, and the rest in the slot of the instant.
    """
    weeks = at // week
    into = at - weeks * week
    k = into // slot
    counts[group, 0] += sign * weeks
    counts[group, 1 + k] += sign
    rests[group, k] += sign * (into - k * slot)


@kernel
def add_intervals(
    intervals: Intervals, start: int, end: int, horizon: int, sign: int, week: int, slot: int, counts: Ints, rests: Ints
) -> None:
    """Add (sign 1) or subtract (-1) intervals as far as they lie in [start, end); an end of -1 is the horizon.

    `counts` (shape (groups, 1 + slots of a week)) holds whole weeks, then instants by slot; `rests` (groups, slots)
    holds ticks.
    """
    for i in range(len(intervals.group)):
        if intervals.group[i] < 0 or intervals.begin[i] < 0:
            continue
        until = intervals.end[i] if intervals.end[i] >= 0 else horizon
        a, b = max(intervals.begin[i], start), min(until, end)
        if a < b:
            add_instant(intervals.group[i], a - start, -sign, week, slot, counts, rests)
            add_instant(intervals.group[i], b - start, sign, week, slot, counts, rests)
