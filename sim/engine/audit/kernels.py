"""The books of a record, read in one compiled pass: whole numbers in, the first place where each breaks out.

The kernels check no index: their caller has. Arrays are int64, and read-only but for those in `Books`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.arrays import Ints

# As in the network and the record: Numba's cache would not notice a change there.
NONE = -1
OPEN, SERVED, REFUSED = 1, 2, 4

OFF_DUTY, AT_ONCE, TICKS, SPELLS, WORK, SERVICE = range(6)  # the books whose first error is kept
N_BOOKS = 6
ARRIVED, ENDED, STILL, OUT = range(4)  # what is counted of the steps at each station
PRESENT, APART = range(2)  # what is summed over all of them

# No arrays are made or kept alive in the kernels, so they need not be counted; and what is called for every spell
# is put in place, since handing over so many arrays would take longer than the work.
if TYPE_CHECKING:

    def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
        """Compile a function."""
        return function

    inlined = kernel
else:
    kernel = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
    inlined = njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)


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
    """Rosters, with the ticks on duty `before` each interval, and duties, their lines sorted by station."""

    first: Ints
    open: Ints
    close: Ints
    duty: Ints
    before: Ints
    duty_first: Ints
    station: Ints
    pace: Ints


class Books(NamedTuple):
    """What is written.

    `errors`: the first step, spell or server that breaks each book, -1 if none does; `counts`: of steps, by what and
    station, the last column for none; `sums`: ticks from arrival to end, and the same in waits and spells;
    `latest`: the interval of each server that was looked at last; `interval`: that in which each spell starts,
    and `n_spells` how many do.
    """

    errors: Ints
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
    i: int = latest[server]  # a server is asked for nearly in the order of time
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
def tell(errors: Ints, book: int, place: int) -> None:
    """Keep the first place at which a book is broken."""
    if errors[book] == NONE:
        errors[book] = place


@inlined
def pace_by_roster(
    staff: Staff, books: Books, spells: Stretches, k: int, number: int, station: int, until: int, late: bool
) -> int:
    """Return the pace of a spell, having held its start and its ticks to its server's roster."""
    server, start = spells.server[k], spells.start[k]
    i = latest_opening(staff, books.latest, server, start)
    on = i >= staff.first[server] and start < staff.close[i]
    pace = pace_of(staff, staff.duty[i], station) if on else NONE
    if pace == NONE:
        tell(books.errors, OFF_DUTY, number)
        return 1000
    books.interval[number] = i
    books.n_spells[i] += 1
    passed = until - start
    if not late:
        last = latest_opening(staff, books.latest, server, until)
        passed = elapsed(staff, server, last, until) - elapsed(staff, server, i, start)
    if spells.ticks[k] != passed:
        tell(books.errors, TICKS, number)
    return pace


@inlined
def read_spells(
    staff: Staff,
    books: Books,
    steps: Steps,
    i: int,
    step: int,
    spells: Stretches,
    a: int,
    b: int,
    base: int,
    horizon: int,
) -> None:
    """Hold the spells [a, b) of row i to rosters, and its step to them; `step` and `base` number both."""
    served = steps.outcome[i] == SERVED
    left, total, n_ended = steps.work[i], 0, 0
    for k in range(a, b):
        end = spells.end[k]
        until = horizon if end == NONE else end
        late = steps.past_closing[i] == 1
        pace = pace_by_roster(staff, books, spells, k, base + k, steps.station[i], until, late)
        books.sums[APART] += until - spells.start[k]
        n_ended += end != NONE
        ticks = spells.ticks[k] - spells.changeover[k]
        worked = max(ticks, 0) if pace == 1000 else max(ticks, 0) * 1000 // pace
        if end != NONE and served and k + 1 == b:
            if ticks != (left if pace == 1000 else (left * pace + 500) // 1000):
                tell(books.errors, SERVICE, base + k)
            total += left
        else:
            total += min(worked, left)
            if end != NONE:  # interrupted: it waits again
                books.sums[APART] += (horizon if k + 1 == b else spells.start[k + 1]) - end
        left -= worked
    if n_ended != steps.interruptions[i] + (served and steps.station[i] != NONE) or (b > a) != (steps.start[i] != NONE):
        tell(books.errors, SPELLS, step)
    if total != steps.done[i] or (served and total != steps.work[i]):
        tell(books.errors, WORK, step)


@kernel
def read(staff: Staff, books: Books, steps: Steps, step: int, spells: Stretches, base: int, horizon: int) -> None:
    """Read some successive steps and all their spells; `step` and `base` are the numbers of the first of each."""
    k, none = 0, books.counts.shape[1] - 1
    for i in range(len(steps.work)):
        station, arrival, outcome = steps.station[i], steps.arrival[i], steps.outcome[i]
        begin = k
        while k < len(spells.step) and spells.step[k] == step + i:
            k += 1
        place = none if station == NONE else station
        books.counts[ARRIVED, place] += arrival != NONE
        books.counts[ENDED, place] += steps.end[i] != NONE
        books.counts[STILL, place] += outcome == OPEN
        books.counts[OUT, place] += outcome >= SERVED
        if place != none and arrival != NONE:
            until = horizon if steps.end[i] == NONE else steps.end[i]
            books.sums[PRESENT] += until - arrival
            if outcome != REFUSED:
                books.sums[APART] += (spells.start[begin] if k > begin else until) - arrival
        read_spells(staff, books, steps, i, step + i, spells, begin, k, base, horizon)


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
def find_at_once(staff: Staff, books: Books, start: Ints, end: Ints, horizon: int, when: Ints) -> None:
    """Find the first server that has two spells at once; `when` is room for (start, end) of every spell."""
    ends = books.n_spells
    total = 0
    for i in range(len(ends)):
        n, ends[i] = ends[i], total
        total += n
    for k in range(len(start)):  # in the order of intervals, which are few spells long
        i = books.interval[k]
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
                    tell(books.errors, AT_ONCE, server)
                last = when[k, 1]
            row = ends[i]


@kernel
def attend(staff: Staff, latest: Ints, server: Ints, start: Ints, end: Ints, found: Ints) -> None:
    """Write the ticks on duty of each server's stretch [start, end)."""
    for k in range(len(found)):
        before = elapsed(staff, server[k], latest_opening(staff, latest, server[k], start[k]), start[k])
        found[k] = elapsed(staff, server[k], latest_opening(staff, latest, server[k], end[k]), end[k]) - before
