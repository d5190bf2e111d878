"""The compiled part of the quick audit: one pass over a record that returns the first row at which each check fails.

The kernels check no index: their caller has checked them. Arrays are int64, and read-only except those in `Findings`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sim.engine.compiling import inlined, kernel

if TYPE_CHECKING:
    from sim.arrays import Ints

# As in the network and the record: Numba's cache would not notice a change there.
NONE = -1
OPEN, SERVED, REFUSED = 1, 2, 4

OFF_DUTY, AT_ONCE, TICKS, SPELLS, WORK, SERVICE = range(6)  # the checks whose first failure is kept
N_CHECKS = 6
ARRIVED, ENDED, STILL_OPEN, LEFT = range(4)  # what is counted of the steps at each station
BY_NUMBER, BY_TIMES = range(2)  # ticks at stations, summed in two ways that must agree

# Functions that are called for every spell are inlined: passing so many arrays would take longer than their work.


class Steps(NamedTuple):
    """Some successive steps of the network with their visits."""

    station: Ints
    work: Ints
    past_closing: Ints
    arrival: Ints
    start: Ints
    end: Ints
    done: Ints
    interruptions: Ints
    outcome: Ints


class Stretches(NamedTuple):
    """The spells of those steps, in the order of the steps."""

    step: Ints
    server: Ints
    start: Ints
    end: Ints
    ticks: Ints
    changeover: Ints


class Staff(NamedTuple):
    """Rosters, with the ticks on duty `before` each interval, and duties, with their lines sorted by station."""

    first: Ints
    open: Ints
    close: Ints
    duty: Ints
    before: Ints
    duty_first: Ints
    station: Ints
    pace: Ints


class Findings(NamedTuple):
    """What the kernels write.

    Attributes
    ----------
    failures : ndarray of int, shape (checks,)
        The first step, spell or server at which each check fails, -1 if there is none.
    counts : ndarray of int, shape (4, stations + 1)
        Steps that arrived, ended, are open and are gone, by station; the last column is for steps without a station.
    sums : ndarray of int, shape (2,)
        Ticks at stations: from arrival to end, and in waits and spells.
    latest : ndarray of int, shape (servers,)
        The interval of each server's roster that was looked up last.
    interval : ndarray of int, shape (spells,)
        The interval of a roster in which each spell starts.
    n_spells : ndarray of int, shape (intervals,)
        The spells that start in each interval.
    """

    failures: Ints
    counts: Ints
    sums: Ints
    latest: Ints
    interval: Ints
    n_spells: Ints


@inlined
def last_at_most(values: Ints, a: int, b: int, x: int) -> int:
    """Return the last position in [a, b) at which sorted values are at most x, a - 1 if there is none."""
    while a < b:
        middle = (a + b) // 2
        if values[middle] <= x:
            a = middle + 1
        else:
            b = middle
    return a - 1


@inlined
def latest_opening(staff: Staff, latest: Ints, server: int, at: int) -> int:
    """Return the last interval of a server's roster that opens by an instant, one before its first if none does."""
    a, b = staff.first[server], staff.first[server + 1]
    i: int = latest[server]  # the instants of a server come nearly in the order of time
    if i < a or i >= b or staff.open[i] > at or (i + 1 < b and staff.open[i + 1] <= at):
        i = last_at_most(staff.open, a, b, at)
        latest[server] = i
    return i


@inlined
def elapsed(staff: Staff, server: int, i: int, at: int) -> int:
    """Return the ticks on duty before an instant, where interval i is the last to open by then."""
    a = staff.first[server]
    if i < a:
        return 0
    ticks: int = staff.before[i] - staff.before[a] + min(at, staff.close[i]) - staff.open[i]
    return ticks


@inlined
def pace_of(staff: Staff, duty: int, station: int) -> int:
    """Return the pace of a duty's line for a station, -1 if it has none."""
    a = staff.duty_first[duty]
    i = last_at_most(staff.station, a, staff.duty_first[duty + 1], station)
    return staff.pace[i] if i >= a and staff.station[i] == station else NONE


@inlined
def fail(failures: Ints, check: int, row: int) -> None:
    """Keep the first row at which a check fails."""
    if failures[check] == NONE:
        failures[check] = row


@inlined
def checked_pace(
    staff: Staff, findings: Findings, spells: Stretches, k: int, number: int, station: int, until: int, late: bool
) -> int:
    """Check the start and the ticks of a spell against its server's roster; return its pace."""
    server, start = spells.server[k], spells.start[k]
    i = latest_opening(staff, findings.latest, server, start)
    on = i >= staff.first[server] and start < staff.close[i]
    pace = pace_of(staff, staff.duty[i], station) if on else NONE
    if pace == NONE:
        fail(findings.failures, OFF_DUTY, number)
        return 1000
    findings.interval[number] = i
    findings.n_spells[i] += 1
    passed = until - start
    if not late:
        last = latest_opening(staff, findings.latest, server, until)
        passed = elapsed(staff, server, last, until) - elapsed(staff, server, i, start)
    if spells.ticks[k] != passed:
        fail(findings.failures, TICKS, number)
    return pace


@inlined
def check_spells(
    staff: Staff,
    findings: Findings,
    steps: Steps,
    i: int,
    step: int,
    spells: Stretches,
    a: int,
    b: int,
    base: int,
    horizon: int,
) -> None:
    """Check the spells [a, b) of row i against rosters, and the step against its spells.

    `step` is the number of the step, and `base` that of the first of the spells.
    """
    served = steps.outcome[i] == SERVED
    left, total, n_ended = steps.work[i], 0, 0
    for k in range(a, b):
        end = spells.end[k]
        until = horizon if end == NONE else end
        late = steps.past_closing[i] == 1
        pace = checked_pace(staff, findings, spells, k, base + k, steps.station[i], until, late)
        findings.sums[BY_TIMES] += until - spells.start[k]
        n_ended += end != NONE
        ticks = spells.ticks[k] - spells.changeover[k]
        worked = max(ticks, 0) if pace == 1000 else max(ticks, 0) * 1000 // pace
        if end != NONE and served and k + 1 == b:
            if ticks != (left if pace == 1000 else (left * pace + 500) // 1000):
                fail(findings.failures, SERVICE, base + k)
            total += left
        else:
            total += min(worked, left)
            if end != NONE:  # interrupted: it waits again
                findings.sums[BY_TIMES] += (horizon if k + 1 == b else spells.start[k + 1]) - end
        left -= worked
    if n_ended != steps.interruptions[i] + (served and steps.station[i] != NONE) or (b > a) != (steps.start[i] != NONE):
        fail(findings.failures, SPELLS, step)
    if total != steps.done[i] or (served and total != steps.work[i]):
        fail(findings.failures, WORK, step)


@kernel
def check_steps(
    staff: Staff, findings: Findings, steps: Steps, step: int, spells: Stretches, base: int, horizon: int
) -> None:
    """Read some successive steps and all their spells; `step` and `base` are the numbers of the first of each."""
    k, none = 0, findings.counts.shape[1] - 1
    for i in range(len(steps.work)):
        station, arrival, outcome = steps.station[i], steps.arrival[i], steps.outcome[i]
        begin = k
        while k < len(spells.step) and spells.step[k] == step + i:
            k += 1
        column = none if station == NONE else station
        findings.counts[ARRIVED, column] += arrival != NONE
        findings.counts[ENDED, column] += steps.end[i] != NONE
        findings.counts[STILL_OPEN, column] += outcome == OPEN
        findings.counts[LEFT, column] += outcome >= SERVED
        if column != none and arrival != NONE:
            until = horizon if steps.end[i] == NONE else steps.end[i]
            findings.sums[BY_NUMBER] += until - arrival
            if outcome != REFUSED:
                findings.sums[BY_TIMES] += (spells.start[begin] if k > begin else until) - arrival
        check_spells(staff, findings, steps, i, step + i, spells, begin, k, base, horizon)


@kernel
def sort(when: Ints, a: int, b: int) -> None:
    """Sort the rows [a, b) by start and end, by Shell's method: they are few or nearly in order."""
    gap = 1
    while gap < (b - a) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for row in range(a + gap, b):
            start, end, j = when[row, 0], when[row, 1], row
            while j - gap >= a and (when[j - gap, 0] > start or (when[j - gap, 0] == start and when[j - gap, 1] > end)):
                when[j, 0], when[j, 1] = when[j - gap, 0], when[j - gap, 1]
                j -= gap
            when[j, 0], when[j, 1] = start, end
        gap //= 3


@kernel
def find_overlaps(staff: Staff, findings: Findings, start: Ints, end: Ints, horizon: int, when: Ints) -> None:
    """Find the first server that has two spells at once; `when` is a buffer for (start, end) of every spell."""
    ends = findings.n_spells
    total = 0
    for i in range(len(ends)):
        n, ends[i] = ends[i], total
        total += n
    for k in range(len(start)):  # in the order of intervals, which are few spells long
        i = findings.interval[k]
        when[ends[i], 0] = start[k]
        when[ends[i], 1] = horizon if end[k] == NONE else end[k]
        ends[i] += 1
    row = 0
    for server in range(len(staff.first) - 1):
        last = NONE
        for i in range(staff.first[server], staff.first[server + 1]):
            sort(when, row, ends[i])
            for k in range(row, ends[i]):
                if when[k, 0] < last:
                    fail(findings.failures, AT_ONCE, server)
                last = when[k, 1]
            row = ends[i]


@kernel
def attend(staff: Staff, latest: Ints, server: Ints, start: Ints, end: Ints, ticks: Ints) -> None:
    """Write the ticks on duty of each server's stretch [start, end)."""
    for k in range(len(ticks)):
        before = elapsed(staff, server[k], latest_opening(staff, latest, server[k], start[k]), start[k])
        ticks[k] = elapsed(staff, server[k], latest_opening(staff, latest, server[k], end[k]), end[k]) - before
