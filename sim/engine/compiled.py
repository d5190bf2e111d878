"""The compiled engine: the engine contract as one kernel that handles an event in a fraction of a microsecond.

It computes the same as the reference engine, in other ways. Openings and first arrivals are sorted once and merged with
a heap of the events that are set off during the run. A plain closing is no event: its time is compared with the clock.
Idle and able servers are bits. A step's number stands for its request in every tie, since requests have their steps one
after the other.

All that the kernel needs is in this file: a cached kernel does not notice that a function elsewhere has changed.
The constants that it shares with other files are copied here, and a test holds them equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.engine.compiling import inlined, kernel
from sim.engine.network import NONE, checked_horizon
from sim.engine.record import Spells, Visits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.engine.network import Network, Steps

    Column = NDArray[np.signedinteger[Any]]
    Words = NDArray[np.uint64]

NEVER = 2**63 - 1
END, CLOSING, OPENING, LEAVING, ARRIVAL = range(5)
ABSENT, OPEN, SERVED, ABANDONED, REFUSED = range(5)

# State of one step, kept as one record because its fields are read together. `left` is the work left; of a step that
# awaits a signal, it is the number of the emission that it awaits. `before` and `behind` are its neighbours in the list
# in which it waits.
MARK = ("arrival", "start", "end", "left", "interruptions", "before", "behind", "server", "outcome")

ID_BITS = 40
ID_MASK = (1 << ID_BITS) - 1

DAYS = 4096  # The agenda has at most about 4,096 days.

# Positions of the scalars of a run, which are kept between two calls of the kernel.
PENDING, LATER, FREE, DAY, WRITTEN, NEXT_CHANGE, NEXT_FIRST, AWAITING = range(8)
DONE, GROW = range(2)  # what a call returns: all events are handled, or a buffer must grow first
FROM_HEAP, FROM_ROSTER, FROM_FIRST = range(3)  # sources of the next event: set off, change of roster, first arrival


class Routes(NamedTuple):
    """The columns of steps that do not change (one entry a step)."""

    station: Column
    work: Column
    priority: Column
    queue: Column  # of its station and priority; means nothing of a step without a station
    yields_to: Column
    past_closing: Column
    lag: Column
    lag_clock: Column
    gate: Column
    patience: Column
    patience_clock: Column
    shuts: Column
    emits: Column
    awaits: Column
    emissions: Column  # `count` of the network: tuples have a method of that name
    next: Column
    leave: Column


class Lines(NamedTuple):
    """Duties and their lines, stations and rosters."""

    first: Column
    longest: Column
    station: Column
    rank: Column
    pace: Column
    site: Column
    hall: Column
    room: Column
    open: Column
    close: Column
    duty: Column
    changeover: Column
    word: Column  # by station: its first word in `able`, and which word of the servers that is
    first_word: Column


class Clocks(NamedTuple):
    """Calendars: `before` is their open ticks before each interval, `cursor` an interval of each that has begun."""

    first: Column
    open: Column
    close: Column
    before: Column
    cursor: Column


class Staff(NamedTuple):
    """The state of the servers (one entry a server): their spell, if any, their site and their duty."""

    step: Column
    row: Column
    since: Column  # instant from which ticks count
    ticks_spent: Column  # up to that instant
    needed: Column
    travel: Column  # ticks of changeover
    pace: Column
    ends: Column
    site: Column
    last_end: Column
    close: Column
    duty: Column
    able: Words  # by station: a bit for each server whose duty has it
    idle: Words
    yielding: Words  # a bit for each server whose spell can be interrupted


class Waiting(NamedTuple):
    """Lists of waiting steps, and the numbers of those that wait.

    Queues, of one station and priority each, in the order of both, come before the lists of signals; their steps
    stand in the order in which they are taken. A signal has a list for each emission that its steps can make, of those
    that await it, in no order: they are served together. The list before these is for later emissions, which no step of
    this network makes.

    The queues in which steps wait, but the most urgent of each station, are in a tree: the next is found soon however
    many are empty. The children of node i are the 64 from 64 i + 1 on; its word has a bit for each below which there is
    such a queue, and queues are the leaves.
    """

    head: Column
    tail: Column
    level: Column  # by queue: the rank of its priority
    queue: Column  # by station: the most urgent in which a step waits, or `NEVER`
    length: Column
    in_hall: Column
    emitted: Column  # by signal, as are the numbers of its lists: the first, and one more for the end
    of_signal: Column
    occupied: Words  # by node of the tree
    first_leaf: int


class Log(NamedTuple):
    """The spells in the order in which they began."""

    step: Column
    server: Column
    start: Column
    end: Column
    ticks: Column
    changeover: Column


class Agenda(NamedTuple):
    """Pending events: those of the present day in a heap, the least (when, tag) first; later ones in lists by day.

    A tag is kind and id. A day is a number of ticks, chosen so that the horizon has few days. Most events of later days
    are plans to leave that will not happen: they are dropped when their day comes, and never sorted.
    """

    when: Column
    tag: Column
    later_when: Column
    later_tag: Column
    later_next: Column
    of_day: Column
    scalars: Column


class Coming(NamedTuple):
    """Events that are known from the start, sorted: changes of rosters and first arrivals."""

    change_when: Column
    change_tag: Column
    change_interval: Column
    first_when: Column
    first_step: Column


@inlined
def _plan(agenda: Agenda, shift: int, when: int, tag: int) -> None:
    """Add a pending event."""
    scalars = agenda.scalars
    day = when >> shift
    if day > scalars[DAY]:
        slot = scalars[FREE]
        if slot >= 0:
            scalars[FREE] = agenda.later_next[slot]
        else:
            slot = scalars[LATER]
            scalars[LATER] += 1
        agenda.later_when[slot] = when
        agenda.later_tag[slot] = tag
        agenda.later_next[slot] = agenda.of_day[day]
        agenda.of_day[day] = slot
    else:
        _push(agenda, when, tag)


@inlined
def _push(agenda: Agenda, when: int, tag: int) -> None:
    """Add an event of the present day to the heap."""
    i = agenda.scalars[PENDING]
    agenda.scalars[PENDING] = i + 1
    while i > 0:
        parent = (i - 1) >> 2
        parent_when = agenda.when[parent]
        if when > parent_when or (when == parent_when and tag >= agenda.tag[parent]):
            break
        agenda.when[i] = parent_when
        agenda.tag[i] = agenda.tag[parent]
        i = parent
    agenda.when[i] = when
    agenda.tag[i] = tag


@inlined
def _pop(agenda: Agenda) -> None:
    """Remove the least event from the heap."""
    size = agenda.scalars[PENDING] - 1
    agenda.scalars[PENDING] = size
    when, tag = agenda.when[size], agenda.tag[size]
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        least, least_when, least_tag = child, agenda.when[child], agenda.tag[child]
        for other in range(child + 1, min(child + 4, size)):
            other_when = agenda.when[other]
            if other_when < least_when or (other_when == least_when and agenda.tag[other] < least_tag):
                least, least_when, least_tag = other, other_when, agenda.tag[other]
        if when < least_when or (when == least_when and tag <= least_tag):
            break
        agenda.when[i] = least_when
        agenda.tag[i] = least_tag
        i = least
    agenda.when[i] = when
    agenda.tag[i] = tag


@inlined
def _next_day(agenda: Agenda, marks: Any) -> None:
    """Move the events of the next day to the heap, except plans to leave of steps that do not wait."""
    scalars = agenda.scalars
    scalars[DAY] += 1
    slot = agenda.of_day[scalars[DAY]]
    while slot >= 0:
        tag, behind = agenda.later_tag[slot], agenda.later_next[slot]
        step = tag & ID_MASK
        if tag >> ID_BITS != LEAVING or (marks[step].outcome == OPEN and marks[step].start < 0):
            _push(agenda, agenda.later_when[slot], tag)
        agenda.later_next[slot] = scalars[FREE]
        scalars[FREE] = slot
        slot = behind


@inlined
def _last(column: Column, low: int, end: int, value: int) -> int:
    """Return the last position from `low` to `end` whose entry is at most a value (that of `low` is)."""
    step = 1
    while low + step < end and column[low + step] <= value:
        low += step
        step *= 2
    high = min(low + step, end)
    while high - low > 1:
        middle = (low + high) >> 1
        if column[middle] <= value:
            low = middle
        else:
            high = middle
    return low


@kernel
def _after(clocks: Clocks, instant: int, amount: int, calendar: int, is_now: bool) -> int:
    """Return After(instant, amount, calendar) of the engine contract: `amount` ticks of the calendar later.

    Time only goes on, so the search begins where the one before it ended.
    """
    if calendar < 0:
        return instant + amount
    i, end = clocks.cursor[calendar], clocks.first[calendar + 1]
    if i >= end:
        return NEVER
    position = np.int64(amount)
    if clocks.open[i] <= instant:
        i = _last(clocks.open, i, end, instant)
        if is_now:
            clocks.cursor[calendar] = i
        position += clocks.before[i] + min(instant, clocks.close[i]) - clocks.open[i]
    i = _last(clocks.before, i, end, position)
    if position >= clocks.before[i] + clocks.close[i] - clocks.open[i]:
        return NEVER
    return clocks.open[i] + position - clocks.before[i]


@inlined
def _coming_to(routes: Routes, clocks: Clocks, step: int, now: int, is_now: bool) -> int:
    """Return when a request that goes to a step now arrives there."""
    when = _after(clocks, now, routes.lag[step], routes.lag_clock[step], is_now)
    if routes.gate[step] >= 0 and when < NEVER:
        when = _after(clocks, when, 0, routes.gate[step], False)
    return when


@inlined
def _follow(routes: Routes, clocks: Clocks, agenda: Agenda, shift: int, step: int, now: int, horizon: int) -> None:
    """Send a request to a step, if there is one: plan its arrival."""
    if step >= 0:
        when = _coming_to(routes, clocks, step, now, True)
        if when < horizon:
            _plan(agenda, shift, when, (ARRIVAL << ID_BITS) | step)


@inlined
def _plan_leaving(
    routes: Routes, clocks: Clocks, agenda: Agenda, shift: int, step: int, now: int, horizon: int
) -> None:
    """Plan when a step that begins to wait leaves."""
    when = NEVER
    if routes.patience[step] >= 0:
        when = _after(clocks, now, routes.patience[step], routes.patience_clock[step], True)
    if routes.shuts[step] >= 0:
        when = min(when, _after(clocks, now, 0, routes.shuts[step], True))
    if when < horizon:
        _plan(agenda, shift, when, (LEAVING << ID_BITS) | step)


@inlined
def _insert(waiting: Waiting, marks: Any, row: int, step: int, from_head: bool) -> None:
    """Insert a step into a list, which is in the order of (arrival, step), searching from one of its ends."""
    arrival = marks[step].arrival
    if from_head:
        after = waiting.head[row]
        while after >= 0:
            after_arrival = marks[after].arrival
            if after_arrival > arrival or (after_arrival == arrival and after > step):
                break
            after = np.int64(marks[after].behind)
        before = np.int64(marks[after].before) if after >= 0 else waiting.tail[row]
    else:
        before = waiting.tail[row]
        while before >= 0:
            before_arrival = marks[before].arrival
            if before_arrival < arrival or (before_arrival == arrival and before < step):
                break
            before = np.int64(marks[before].before)
        after = np.int64(marks[before].behind) if before >= 0 else waiting.head[row]
    marks[step].before = before
    marks[step].behind = after
    if before >= 0:
        marks[before].behind = step
    else:
        waiting.head[row] = step
    if after >= 0:
        marks[after].before = step
    else:
        waiting.tail[row] = step


@inlined
def _list_of(routes: Routes, waiting: Waiting, marks: Any, step: int) -> int:
    """Return the list of a step that awaits a signal."""
    first, last = waiting.of_signal[routes.awaits[step]], waiting.of_signal[routes.awaits[step] + 1]
    row = first + marks[step].left
    return row if row < last else first


@inlined
def _await(routes: Routes, waiting: Waiting, marks: Any, step: int) -> None:
    """Add a step to those that await the same emission."""
    row = _list_of(routes, waiting, marks, step)
    head = waiting.head[row]
    marks[step].before, marks[step].behind = -1, head
    if head >= 0:
        marks[head].before = step
    else:
        waiting.tail[row] = step
    waiting.head[row] = step


@inlined
def _remove(waiting: Waiting, marks: Any, row: int, step: int) -> None:
    """Remove a step from its list."""
    before, after = marks[step].before, marks[step].behind
    if before >= 0:
        marks[before].behind = after
    else:
        waiting.head[row] = after
    if after >= 0:
        marks[after].before = before
    else:
        waiting.tail[row] = before


@inlined
def _occupy(routes: Routes, waiting: Waiting, step: int) -> None:
    """Note that a step is about to wait in its queue, which is empty."""
    station, queue = routes.station[step], np.int64(routes.queue[step])
    urgent = waiting.queue[station]
    if queue < urgent:
        waiting.queue[station] = queue
        if urgent == NEVER:
            return
        queue = urgent  # is the most urgent no longer
    node = waiting.first_leaf + queue
    while node > 0:
        child, node = (node - 1) & 63, (node - 1) >> 6
        bits = waiting.occupied[node]
        waiting.occupied[node] = bits | (np.uint64(1) << np.uint64(child))
        if bits:
            break


@inlined
def _vacate(routes: Routes, waiting: Waiting, step: int) -> None:
    """Note that a step was the last in its queue."""
    station, queue = routes.station[step], np.int64(routes.queue[step])
    if waiting.queue[station] == queue:
        if waiting.length[station] == 0:
            waiting.queue[station] = NEVER
            return
        queue = _next_queue(waiting, queue)
        waiting.queue[station] = queue
    node = waiting.first_leaf + queue
    while node > 0:
        child, node = (node - 1) & 63, (node - 1) >> 6
        waiting.occupied[node] &= ~(np.uint64(1) << np.uint64(child))
        if waiting.occupied[node]:
            break


@inlined
def _next_queue(waiting: Waiting, queue: int) -> int:
    """Return the next occupied queue behind the most urgent one of a station at which more steps wait."""
    node, behind = waiting.first_leaf + queue, np.uint64(0)
    while behind == 0:
        child, node = (node - 1) & 63, (node - 1) >> 6
        behind = waiting.occupied[node] & (~np.uint64(1) << np.uint64(child))
    node = 64 * node + 1 + _lowest(behind)
    while node < waiting.first_leaf:
        node = 64 * node + 1 + _lowest(waiting.occupied[node])
    return node - waiting.first_leaf


@inlined
def _join(lines: Lines, routes: Routes, waiting: Waiting, marks: Any, step: int, from_head: bool) -> None:
    """Add a step to those that wait at its station."""
    station, queue = routes.station[step], routes.queue[step]
    if waiting.head[queue] < 0:
        _occupy(routes, waiting, step)
    _insert(waiting, marks, queue, step, from_head)
    waiting.length[station] += 1
    if lines.hall[station] >= 0:
        waiting.in_hall[lines.hall[station]] += 1


@inlined
def _quit(lines: Lines, routes: Routes, waiting: Waiting, marks: Any, step: int) -> None:
    """Remove a step from those that wait at its station."""
    station, queue = routes.station[step], routes.queue[step]
    _remove(waiting, marks, queue, step)
    waiting.length[station] -= 1
    if waiting.head[queue] < 0:
        _vacate(routes, waiting, step)
    if lines.hall[station] >= 0:
        waiting.in_hall[lines.hall[station]] -= 1


@inlined
def _choice(lines: Lines, waiting: Waiting, marks: Any, duty: int) -> int:
    """Return the step that a server with this duty would take, or none."""
    best, best_level, best_length, best_rank = -1, NEVER, 0, 0
    longest = lines.longest[duty] == 1
    for line in range(lines.first[duty], lines.first[duty + 1]):
        station = lines.station[line]
        queue = waiting.queue[station]
        if queue == NEVER or waiting.level[queue] > best_level:
            continue
        level = waiting.level[queue]
        length = waiting.length[station] if longest else 0
        rank = lines.rank[line]
        step = waiting.head[queue]
        if level == best_level:
            if length != best_length:
                if length < best_length:
                    continue
            elif rank != best_rank:
                if rank > best_rank:
                    continue
            else:
                arrival, best_arrival = marks[step].arrival, marks[best].arrival
                if arrival > best_arrival or (arrival == best_arrival and step > best):
                    continue
        best, best_level, best_length, best_rank = step, level, length, rank
    return best


@inlined
def _position(word: Any) -> int:
    """Return the position of the only bit of a word (de Bruijn's multiplication; Leiserson et al. 1998)."""
    return POSITION[(word * np.uint64(DE_BRUIJN)) >> np.uint64(58)]


DE_BRUIJN = 0x03F79D71B4CB0A89
POSITION = np.zeros(64, dtype=np.int64)
POSITION[[((DE_BRUIJN << i) & (2**64 - 1)) >> 58 for i in range(64)]] = np.arange(64)


@inlined
def _lowest(word: Any) -> int:
    """Return the position of the lowest bit of a word that has one."""
    return _position(word & (~word + np.uint64(1)))


@inlined
def _idle_server(lines: Lines, staff: Staff, station: int, now: int) -> int:
    """Return the idle server for a step at a station: fewest stations, longest idle, least id; or none."""
    best, best_lines, best_end = -1, 0, 0
    offset = lines.first_word[station]
    for w in range(lines.word[station], lines.word[station + 1]):
        word = offset + w - lines.word[station]
        bits = staff.able[w] & staff.idle[word]
        while bits:
            low = bits & (~bits + np.uint64(1))
            bits ^= low
            server = 64 * word + _position(low)
            if now >= staff.close[server]:
                continue
            n_lines = lines.first[staff.duty[server] + 1] - lines.first[staff.duty[server]]
            end = staff.last_end[server]
            if best < 0 or n_lines < best_lines or (n_lines == best_lines and end < best_end):
                best, best_lines, best_end = server, n_lines, end
    return best


@inlined
def _victim(lines: Lines, routes: Routes, marks: Any, staff: Staff, station: int, priority: int, now: int) -> int:
    """Return the server whose spell a step interrupts: least urgent, most work left, least id; or none."""
    best, best_priority, best_left = -1, 0, 0
    offset = lines.first_word[station]
    for w in range(lines.word[station], lines.word[station + 1]):
        word = offset + w - lines.word[station]
        bits = staff.able[w] & staff.yielding[word]
        while bits:
            low = bits & (~bits + np.uint64(1))
            bits ^= low
            server = 64 * word + _position(low)
            step = staff.step[server]
            if now >= staff.close[server] or priority >= routes.yields_to[step]:
                continue
            own_priority = routes.priority[step]
            left = marks[step].left - _work_done(staff, server, _ticks_spent(routes, staff, server, now))
            if best < 0 or own_priority > best_priority or (own_priority == best_priority and left > best_left):
                best, best_priority, best_left = server, own_priority, left
    return best


@inlined
def _ticks_spent(routes: Routes, staff: Staff, server: int, now: int) -> int:
    """Return the ticks spent on a server's spell: those on duty, or all of them past closing."""
    until = now if routes.past_closing[staff.step[server]] else min(now, staff.close[server])
    return staff.ticks_spent[server] + until - staff.since[server]


@inlined
def _work_done(staff: Staff, server: int, ticks_spent: int) -> int:
    """Return the work done in a number of ticks of a server's spell; those of the changeover do none."""
    return max(ticks_spent - staff.travel[server], 0) * 1000 // staff.pace[server]


@inlined
def _stop(staff: Staff, log: Log, server: int, ticks_spent: int, now: int) -> None:
    """End the spell of a server."""
    row = staff.row[server]
    log.end[row] = now
    log.ticks[row] = ticks_spent
    log.changeover[row] = min(ticks_spent, staff.travel[server])
    staff.step[server] = -1
    staff.ends[server] = -1
    staff.last_end[server] = now
    staff.yielding[server >> 6] &= ~(np.uint64(1) << np.uint64(server & 63))


@inlined
def _interrupt(routes: Routes, marks: Any, staff: Staff, log: Log, server: int, now: int) -> int:
    """Interrupt the spell of a server and return its step, less the work done."""
    step = staff.step[server]
    ticks_spent = _ticks_spent(routes, staff, server, now)
    marks[step].left -= _work_done(staff, server, ticks_spent)
    marks[step].interruptions += 1
    _stop(staff, log, server, ticks_spent, now)
    return step


@inlined
def _go_on(routes: Routes, staff: Staff, agenda: Agenda, shift: int, server: int, now: int, horizon: int) -> None:
    """Count the ticks of a spell from now on, and plan its end."""
    staff.since[server] = now
    end = now + staff.needed[server] - staff.ticks_spent[server]
    if end < horizon and (routes.past_closing[staff.step[server]] or end <= staff.close[server]):
        staff.ends[server] = end
        _plan(agenda, shift, end, (END << ID_BITS) | server)


@inlined
def _start(
    lines: Lines, routes: Routes, marks: Any, staff: Staff, log: Log, row: int, server: int, step: int, now: int
) -> None:
    """Begin a spell: write it down, with the ticks that it needs."""
    duty, station = staff.duty[server], routes.station[step]
    pace = np.int64(1)
    for line in range(lines.first[duty], lines.first[duty + 1]):
        if lines.station[line] == station:
            pace = lines.pace[line]
            break
    travel = np.int64(0)
    site = lines.site[station]
    if site not in (-1, staff.site[server]):
        travel = lines.changeover[server]
        staff.site[server] = site
    if marks[step].start < 0:
        marks[step].start = now
    marks[step].server = server
    log.step[row] = step
    log.server[row] = server
    log.start[row] = now
    log.end[row] = -1
    staff.step[server] = step
    staff.row[server] = row
    staff.ticks_spent[server] = 0
    staff.travel[server] = travel
    staff.pace[server] = pace
    staff.needed[server] = travel + (np.int64(marks[step].left) * pace + 500) // 1000
    bit = np.uint64(1) << np.uint64(server & 63)
    staff.idle[server >> 6] &= ~bit
    if routes.yields_to[step] > 0:
        staff.yielding[server >> 6] |= bit


@inlined
def _come_on_duty(lines: Lines, staff: Staff, server: int, interval: int) -> None:
    """Put a server on the duty of an interval: it can serve the duty's stations and no others."""
    old, duty = staff.duty[server], lines.duty[interval]
    word, bit = server >> 6, np.uint64(1) << np.uint64(server & 63)
    if old != duty:
        if old >= 0:
            for line in range(lines.first[old], lines.first[old + 1]):
                station = lines.station[line]
                staff.able[lines.word[station] + word - lines.first_word[station]] &= ~bit
        for line in range(lines.first[duty], lines.first[duty + 1]):
            station = lines.station[line]
            staff.able[lines.word[station] + word - lines.first_word[station]] |= bit
        staff.duty[server] = duty
    staff.close[server] = lines.close[interval]


@kernel
def _advance(  # noqa: C901, PLR0912, PLR0915 - one loop: what passes between functions costs more than it does
    routes: Routes,
    lines: Lines,
    clocks: Clocks,
    coming: Coming,
    marks: Any,
    staff: Staff,
    waiting: Waiting,
    log: Log,
    agenda: Agenda,
    shift: int,
    until: int,
    horizon: int,
) -> int:
    """Handle all events before an instant, and return `DONE`; or return `GROW` if a buffer must grow first.

    Every event ends in at most one step that is concluded, one server that takes, and one step to place, in
    this order.
    """
    scalars = agenda.scalars
    written, awaiting = scalars[WRITTEN], scalars[AWAITING]
    change, first = scalars[NEXT_CHANGE], scalars[NEXT_FIRST]
    n_changes, n_first = len(coming.change_when), len(coming.first_when)
    status = DONE
    while True:
        # An event lets all go on that await its signal, and a server begins at most one spell: what interrupts is more
        # urgent than what it interrupts.
        spare = awaiting + len(staff.step) + 4
        if (
            scalars[PENDING] + spare > len(agenda.when)
            or scalars[LATER] + spare > len(agenda.later_when)
            or written + spare > len(log.step)
        ):
            status = GROW
            break

        # The least of the pending events, and its source.
        now, tag, source = NEVER, np.int64(0), FROM_HEAP
        if scalars[PENDING] > 0:
            now, tag = agenda.when[0], agenda.tag[0]
        if change < n_changes:
            when, candidate_tag = coming.change_when[change], coming.change_tag[change]
            if when < now or (when == now and candidate_tag < tag):
                now, tag, source = when, candidate_tag, FROM_ROSTER
        if first < n_first:
            when, candidate_tag = coming.first_when[first], (ARRIVAL << ID_BITS) | coming.first_step[first]
            if when < now or (when == now and candidate_tag < tag):
                now, tag, source = when, candidate_tag, FROM_FIRST
        if min(now, until) >> shift > scalars[DAY]:
            # the events of one day fit into the heap, which is as long as the lists of all later ones
            _next_day(agenda, marks)
            continue
        if now >= until:
            break
        interval = np.int64(-1)
        if source == FROM_HEAP:
            _pop(agenda)
        elif source == FROM_ROSTER:
            interval = coming.change_interval[change]
            change += 1
        else:
            first += 1
        kind, id_ = tag >> ID_BITS, tag & ID_MASK

        concluded, outcome = np.int64(-1), SERVED
        server_that_takes, has_spell = np.int64(-1), False
        server, step, returned = np.int64(-1), np.int64(-1), np.int64(-1)
        arriving = False

        if kind == END:
            if staff.ends[id_] != now:
                continue  # its spell was interrupted
            concluded = staff.step[id_]
            marks[concluded].left = 0
            _stop(staff, log, id_, staff.needed[id_], now)
            if now < staff.close[id_]:
                server_that_takes = id_
        elif kind == CLOSING:
            if staff.step[id_] >= 0 and not routes.past_closing[staff.step[id_]]:
                step = _interrupt(routes, marks, staff, log, id_, now)
        elif kind == OPENING:
            server_that_takes, has_spell = id_, staff.step[id_] >= 0
            if has_spell and not routes.past_closing[staff.step[id_]]:
                staff.ticks_spent[id_] += staff.close[id_] - staff.since[id_]
                staff.since[id_] = now
            elif not has_spell and staff.close[id_] != now:
                staff.site[id_] = 0
            _come_on_duty(lines, staff, id_, interval)
        elif kind == LEAVING:
            if marks[id_].outcome != OPEN or marks[id_].start >= 0:
                continue
            concluded, outcome = id_, ABANDONED
            if routes.awaits[id_] >= 0:
                _remove(waiting, marks, _list_of(routes, waiting, marks, id_), id_)
                marks[id_].left = 0
                awaiting -= 1
            else:
                _quit(lines, routes, waiting, marks, id_)
        else:
            marks[id_].arrival = now
            marks[id_].outcome = OPEN
            signal = routes.awaits[id_]
            if signal >= 0:
                marks[id_].left = waiting.emitted[signal] + routes.emissions[id_]
                _await(routes, waiting, marks, id_)
                awaiting += 1
                _plan_leaving(routes, clocks, agenda, shift, id_, now, horizon)
            elif routes.station[id_] < 0:
                concluded = id_
            else:
                step, arriving = id_, True

        if concluded >= 0:
            marks[concluded].outcome = outcome
            marks[concluded].end = now
            to = routes.next[concluded] if outcome == SERVED else routes.leave[concluded]
            _follow(routes, clocks, agenda, shift, to, now, horizon)
            signal = routes.emits[concluded]
            if outcome == SERVED and signal >= 0:
                waiting.emitted[signal] += 1
                row = waiting.of_signal[signal] + waiting.emitted[signal]
                while waiting.head[row] >= 0:
                    served = waiting.head[row]
                    _remove(waiting, marks, row, served)
                    awaiting -= 1
                    marks[served].left = 0
                    marks[served].outcome = SERVED
                    marks[served].end = now
                    _follow(routes, clocks, agenda, shift, routes.next[served], now, horizon)

        if server_that_takes >= 0:
            own_step = staff.step[server_that_takes]  # none unless it has a spell
            choice = _choice(lines, waiting, marks, staff.duty[server_that_takes])
            if has_spell and not (choice >= 0 and routes.priority[choice] < routes.yields_to[own_step]):
                if not routes.past_closing[own_step]:
                    _go_on(routes, staff, agenda, shift, server_that_takes, now, horizon)
            elif choice >= 0:
                if has_spell:
                    returned = _interrupt(routes, marks, staff, log, server_that_takes, now)
                _quit(lines, routes, waiting, marks, choice)
                server, step = server_that_takes, choice
            else:
                staff.idle[server_that_takes >> 6] |= np.uint64(1) << np.uint64(server_that_takes & 63)

        while step >= 0:
            if server < 0:
                server = _idle_server(lines, staff, routes.station[step], now)
                if server < 0:
                    server = _victim(lines, routes, marks, staff, routes.station[step], routes.priority[step], now)
                    if server >= 0:
                        returned = _interrupt(routes, marks, staff, log, server, now)
            if server >= 0:
                _start(lines, routes, marks, staff, log, written, server, step, now)
                written += 1
                _go_on(routes, staff, agenda, shift, server, now, horizon)
                step, returned, server, arriving = returned, np.int64(-1), np.int64(-1), False
                continue
            hall = lines.hall[routes.station[step]]
            if arriving and hall >= 0 and waiting.in_hall[hall] >= lines.room[hall]:
                marks[step].outcome = REFUSED
                marks[step].end = now
                _follow(routes, clocks, agenda, shift, routes.leave[step], now, horizon)
            else:
                # A step that returns was first in the queue once; one that arrives is last, except in ties.
                _join(lines, routes, waiting, marks, step, not arriving)
                if arriving:
                    _plan_leaving(routes, clocks, agenda, shift, step, now, horizon)
            break

    scalars[WRITTEN], scalars[AWAITING] = written, awaiting
    scalars[NEXT_CHANGE], scalars[NEXT_FIRST] = change, first
    return status


@kernel
def pending_events(agenda: Agenda, when: Column, tag: Column) -> int:
    """Write all pending events, in no order, and return their number (with plans to leave that will not happen)."""
    n = agenda.scalars[PENDING]
    for i in range(n):
        when[i], tag[i] = agenda.when[i], agenda.tag[i]
    for day in range(agenda.scalars[DAY] + 1, len(agenda.of_day)):
        slot = agenda.of_day[day]
        while slot >= 0:
            when[n], tag[n] = agenda.later_when[slot], agenda.later_tag[slot]
            n += 1
            slot = agenda.later_next[slot]
    return n


@kernel
def plan_all(agenda: Agenda, shift: int, when: Column, tag: Column) -> None:
    """Add pending events; the buffers must be long enough."""
    for i in range(len(when)):
        _plan(agenda, shift, when[i], tag[i])


@kernel
def _first_arrivals(routes: Routes, clocks: Clocks, first: Column, begin: Column, when: Column) -> None:
    """Write when each request arrives at its first step."""
    for request in range(len(begin)):
        when[request] = _coming_to(routes, clocks, first[request], begin[request], False)


@kernel
def _sort(keys: Column, order: Column, spare: Column, counts: Column) -> None:
    """Write the stable order of keys of at least 0 into `order` (radix sort, 11 bits a round)."""
    n = len(keys)
    most = np.int64(0)
    for i in range(n):
        order[i] = i
        most = max(most, keys[i])
    shift = 0
    while shift < 63 and most >> shift > 0:  # a shift by 64 or more means nothing
        counts[:] = 0
        for i in range(n):
            counts[(keys[i] >> shift) & 2047] += 1
        total = 0
        for digit in range(2048):
            n_digit = counts[digit]
            counts[digit] = total
            total += n_digit
        for i in range(n):
            digit = (keys[order[i]] >> shift) & 2047
            spare[counts[digit]] = order[i]
            counts[digit] += 1
        for i in range(n):
            order[i] = spare[i]
        shift += 11


@kernel
def _clear(marks: Any, work: Column) -> None:
    """Write the marks of steps that have not arrived."""
    for step in range(len(marks)):
        mark = marks[step]
        mark.arrival, mark.start, mark.end = -1, -1, -1
        mark.left, mark.interruptions, mark.before, mark.behind = work[step], 0, -1, -1
        mark.server, mark.outcome = -1, ABSENT


@kernel
def await_again(routes: Routes, waiting: Waiting, marks: Any, emitted: Column) -> None:
    """Add all steps that await signals to empty lists, less the emissions made so far, which count no longer."""
    for step in range(len(marks)):
        signal = routes.awaits[step]
        if signal >= 0 and marks[step].outcome == OPEN:
            marks[step].left -= emitted[signal]
            _await(routes, waiting, marks, step)


@kernel
def queue_again(routes: Routes, waiting: Waiting, heads: Column, tails: Column) -> None:
    """Take over the queues between these steps, whose neighbours are known already."""
    for i in range(len(heads)):
        _occupy(routes, waiting, heads[i])
        queue = routes.queue[heads[i]]
        waiting.head[queue], waiting.tail[queue] = heads[i], tails[i]


@kernel
def _settle(routes: Routes, marks: Any, staff: Staff, log: Log, now: int) -> None:
    """Write down the ticks and the work done so far of the spells in progress."""
    for server in range(len(staff.step)):
        step, row = staff.step[server], staff.row[server]
        if step >= 0:
            ticks_spent = _ticks_spent(routes, staff, server, now)
            marks[step].left -= min(marks[step].left, _work_done(staff, server, ticks_spent))
            log.ticks[row] = ticks_spent
            log.changeover[row] = min(ticks_spent, staff.travel[server])


@kernel
def _unpack(
    work: Column,
    awaits: Column,
    marks: Any,
    rows: Column,
    arrival: Column,
    start: Column,
    end: Column,
    server: Column,
    done: Column,
    interruptions: Column,
    outcome: Column,
) -> None:
    """Write the columns of the visits of the steps whose marks are at these rows."""
    for i in range(len(rows)):
        mark = marks[rows[i]]
        arrival[i], start[i], end[i] = mark.arrival, mark.start, mark.end
        server[i], interruptions[i], outcome[i] = mark.server, mark.interruptions, mark.outcome
        done[i] = 0 if awaits[i] >= 0 else work[i] - mark.left


@kernel
def move_marks(marks: Any, moved: Column, new: Any) -> None:
    """Write the marks of steps under their new numbers (-1: nowhere); neighbours in lists are renumbered too."""
    for step in range(len(marks)):
        if moved[step] >= 0:
            old, mark = marks[step], new[moved[step]]
            mark.arrival, mark.start, mark.end = old.arrival, old.start, old.end
            mark.left, mark.interruptions = old.left, old.interruptions
            mark.before = moved[old.before] if old.before >= 0 else -1
            mark.behind = moved[old.behind] if old.behind >= 0 else -1
            mark.server, mark.outcome = old.server, old.outcome


@kernel
def _by_step(step: Column, written: int, offset: Column, order: Column) -> None:
    """Write the order of the spells by step, then as they began.

    `offset`, zeros and one more than the steps, becomes the end of each step's spells.
    """
    for row in range(written):
        offset[step[row] + 1] += 1
    for i in range(1, len(offset)):
        offset[i] += offset[i - 1]
    for row in range(written):
        order[offset[step[row]]] = row
        offset[step[row]] += 1


@kernel
def _reach(lines: Lines, first: Column, lowest: Column, highest: Column) -> None:
    """Write the least and the greatest server that ever serves each station."""
    for server in range(len(first) - 1):
        known = -1
        for interval in range(first[server], first[server + 1]):
            duty = lines.duty[interval]
            if duty == known:
                continue
            known = duty
            for line in range(lines.first[duty], lines.first[duty + 1]):
                station = lines.station[line]
                lowest[station] = min(lowest[station], server)
                highest[station] = max(highest[station], server)


@dataclass
class Run:
    """A run of the kernel that can be advanced from instant to instant."""

    network: Network
    horizon: int
    routes: Routes
    lines: Lines
    clocks: Clocks
    coming: Coming
    marks: NDArray[np.void]
    staff: Staff
    waiting: Waiting
    log: Log
    agenda: Agenda
    shift: int

    @classmethod
    def from_network(cls, network: Network, horizon: int, like: Run | None = None) -> Run:
        """Return a run of a network at tick 0.

        Parameters
        ----------
        network, horizon
            As of `run`.
        like : Run, optional
            A run with the same rosters, whose changes are taken over; there are lists for its signals too.

        Raises
        ------
        ValueError
            If the horizon is no whole number from 0 to below 2^62.
        """
        horizon = checked_horizon(horizon)
        routes, level = _routes(network)
        lines, clocks = _lines(network), _clocks(network)
        n_stations, n_servers, n_queues = len(network.stations.hall), len(network.servers.changeover), len(level)
        of_signal = _lists_of_signals(routes, n_queues, len(like.waiting.emitted) if like else 0)
        n_lists, n_words = int(of_signal[-1]), (n_servers + 63) // 64
        first_leaf = 1
        while n_queues > 63 * first_leaf + 1:  # as many leaves as there are if the tree is one deeper
            first_leaf = 64 * first_leaf + 1
        shift = max(0, horizon.bit_length() - DAYS.bit_length() + 1)
        columns = np.zeros((12, n_servers), dtype=np.int64)
        run = cls(
            network=network,
            horizon=horizon,
            routes=routes,
            lines=lines,
            clocks=clocks,
            coming=_coming(network, routes, clocks, horizon, like),
            marks=_marks(network),
            staff=Staff(*columns, *(np.zeros(n, dtype=np.uint64) for n in (int(lines.word[-1]), n_words, n_words))),
            waiting=Waiting(
                head=np.full(n_lists, NONE, dtype=np.int64),
                tail=np.full(n_lists, NONE, dtype=np.int64),
                level=level,
                queue=np.full(n_stations, NEVER, dtype=np.int64),
                length=np.zeros(n_stations, dtype=np.int64),
                in_hall=np.zeros(len(network.halls.room), dtype=np.int64),
                emitted=np.zeros(len(of_signal) - 1, dtype=np.int64),
                of_signal=of_signal,
                occupied=np.zeros((first_leaf + n_queues + 62) >> 6, dtype=np.uint64),
                first_leaf=first_leaf,
            ),
            log=empty_log(network, len(routes.work) + 1024),
            agenda=_agenda(len(routes.work) + 1024, shift, horizon),
            shift=shift,
        )
        for column in (run.staff.step, run.staff.ends, run.staff.close, run.staff.duty):
            column[:] = NONE
        return run

    def advance(self, until: int) -> None:
        """Handle all events before an instant (the horizon at most)."""
        while (
            _advance(
                self.routes, self.lines, self.clocks, self.coming, self.marks, self.staff, self.waiting, self.log,
                self.agenda, self.shift, min(int(until), self.horizon), self.horizon,
            )
            == GROW
        ):  # fmt: skip
            self._grow()

    def _grow(self) -> None:
        """Lengthen the buffers of spells and pending events."""
        spare = int(self.agenda.scalars[AWAITING]) + len(self.staff.step) + 4
        self.log = Log(*(_longer(column, spare) for column in self.log))
        events = {name: _longer(getattr(self.agenda, name), spare) for name in Agenda._fields[:5]}
        self.agenda = self.agenda._replace(**events)

    @property
    def written(self) -> int:
        """Return the number of spells that have begun."""
        return int(self.agenda.scalars[WRITTEN])

    def settle(self) -> None:
        """Write down how far the spells in progress have come at the horizon; the run ends with it."""
        _settle(self.routes, self.marks, self.staff, self.log, self.horizon)

    def spells_by_step(self) -> tuple[Column, Column]:
        """Return the order of the spells by step, then as they began, after the offsets of the steps into it."""
        first, order = np.zeros(len(self.marks) + 2, dtype=np.int64), np.empty(self.written, dtype=np.int64)
        _by_step(self.log.step, self.written, first[1:], order)
        return first[:-1], order

    def record(self) -> tuple[Visits, Spells]:
        """Return the record at the horizon, spells in progress included; the run ends with it."""
        self.settle()
        _, order = self.spells_by_step()
        return visits_of(self.network.steps, self.marks, np.arange(len(self.marks))), Spells(
            *(column[order] for column in self.log)
        )


def visits_of(steps: Steps, marks: NDArray[np.void], rows: Column) -> Visits:
    """Return the visits of the steps whose marks are at these rows."""
    n, amount, small = len(rows), steps.work.dtype, steps.station.dtype
    kinds = (np.int64, np.int64, np.int64, small, amount, amount, np.int8)
    visits = Visits(*(np.empty(n, dtype=kind) for kind in kinds))
    _unpack(steps.work, steps.awaits, marks, rows, *vars(visits).values())
    return visits


def run(network: Network, horizon: int) -> tuple[Visits, Spells]:
    """Return the record of a network from tick 0 up to a horizon that does not happen.

    Parameters
    ----------
    network : Network
        A checked network; it is not changed.
    horizon : int
        The end of time in ticks, at least 0.

    Returns
    -------
    Visits, Spells
        One row a step and one row a spell, the same as the reference engine's.

    Raises
    ------
    ValueError
        If the horizon is no whole number from 0 to below 2^62.
    """
    whole = Run.from_network(network, horizon)
    whole.advance(horizon)
    return whole.record()


def _routes(network: Network) -> tuple[Routes, Column]:
    """Return the unchanging columns of the steps, and the level of each queue."""
    queue, level = _queues(network.steps, len(network.stations.hall))
    columns = {name: getattr(network.steps, name) for name in Routes._fields if name not in ("queue", "emissions")}
    return Routes(queue=queue, emissions=network.steps.count, **columns), level


def _queues(steps: Steps, n_stations: int) -> tuple[Column, Column]:
    """Return the queue of each step, and the level of each queue; there are at most as many queues as steps."""
    n_levels = 1 + int(steps.priority.max(initial=0))
    n_queues = n_stations * n_levels
    if n_queues <= len(steps.work):  # queues that no step ever joins cost less than a search for the others
        queue = np.multiply(steps.station, n_levels, dtype=steps.work.dtype)
        queue += steps.priority
        return queue, np.arange(n_queues) % n_levels
    priorities, rank = np.unique(steps.priority, return_inverse=True)
    pairs, queue = np.unique(steps.station.astype(np.int64) * len(priorities) + rank, return_inverse=True)
    return queue.astype(steps.work.dtype), pairs % len(priorities)


def _lists_of_signals(routes: Routes, before: int, n_signals: int) -> Column:
    """Return the number of the first list of each signal, of at least so many, and of the end; others come before."""
    n_signals = max(n_signals, 1 + int(max(routes.emits.max(initial=-1), routes.awaits.max(initial=-1))))
    n_emissions = np.bincount(routes.emits[routes.emits >= 0], minlength=n_signals) if n_signals else ()
    return before + np.concatenate([[0], np.cumsum(n_emissions, dtype=np.int64) + np.arange(1, n_signals + 1)])


def _lines(network: Network) -> Lines:
    """Return duties, stations and rosters, with the range of servers of each station."""
    duties, servers, stations = network.duties, network.servers, network.stations
    n = len(stations.hall)
    lowest, highest = np.full(n, 64 * len(servers.changeover), dtype=np.int64), np.full(n, -1, dtype=np.int64)
    lines = Lines(
        duties.first, duties.longest, duties.station, duties.rank, duties.pace, stations.site, stations.hall,
        network.halls.room, servers.open, servers.close, servers.duty, servers.changeover, lowest, highest,
    )  # fmt: skip
    _reach(lines, servers.first, lowest, highest)
    n_words = np.where(highest >= 0, (highest >> 6) - (lowest >> 6) + 1, 0)
    return lines._replace(word=np.concatenate([[0], np.cumsum(n_words)]).astype(np.int64), first_word=lowest >> 6)


def _clocks(network: Network) -> Clocks:
    """Return the calendars, each with its open ticks before every interval."""
    calendars = network.calendars
    before = np.concatenate([[0], np.cumsum(calendars.close - calendars.open)]).astype(np.int64)
    n = np.diff(calendars.first)
    before = before[:-1] - np.repeat(before[calendars.first[:-1]], n)
    return Clocks(calendars.first, calendars.open, calendars.close, before, calendars.first[:-1].copy())


def _coming(network: Network, routes: Routes, clocks: Clocks, horizon: int, like: Run | None) -> Coming:
    """Return the changes of rosters (if there is a run like this one, its changes) and the first arrivals, sorted."""
    changes = like.coming[:3] if like else _changes(network, horizon)
    arrives = np.empty(len(network.requests.begin), dtype=np.int64)
    _first_arrivals(routes, clocks, network.requests.first, network.requests.begin, arrives)
    comes = np.flatnonzero(arrives < horizon)
    first = comes[sorted_order(arrives[comes])]
    return Coming(*changes, arrives[first], network.requests.first[first])


def _changes(network: Network, horizon: int) -> tuple[Column, Column, Column]:
    """Return the changes of rosters, sorted: instant, tag and interval of each."""
    servers = network.servers
    server = np.repeat(np.arange(len(servers.changeover)), np.diff(servers.first))
    closing = np.flatnonzero((servers.hand_back == 1) & (servers.close < horizon))
    opening = np.flatnonzero(servers.open < horizon)
    interval = np.concatenate([closing, opening])
    when = np.concatenate([servers.close[closing], servers.open[opening]])
    kind = np.repeat([CLOSING, OPENING], [len(closing), len(opening)])
    order = sorted_order(when)
    return when[order], ((kind << ID_BITS) | server[interval])[order], interval[order]


def sorted_order(keys: Column) -> Column:
    """Return the stable order of keys of at least 0 (shape of `keys`)."""
    order = np.empty(len(keys), dtype=np.int64)
    _sort(keys, order, np.empty_like(order), np.empty(2048, dtype=np.int64))
    return order


def _marks(network: Network) -> NDArray[np.void]:
    """Return the marks of steps that have not arrived."""
    amount, small = network.steps.work.dtype, network.steps.station.dtype
    kinds = (np.int64,) * 3 + (amount,) * 4 + (small, np.int8)
    mark = np.dtype([*zip(MARK, kinds, strict=True)], align=True)
    marks = np.empty(len(network.steps.work), dtype=mark)
    _clear(marks, network.steps.work)
    return marks


def empty_log(network: Network, n: int) -> Log:
    """Return an empty log that can hold n spells."""
    amount, small = network.steps.work.dtype, network.steps.station.dtype
    kinds = (amount, small, np.int64, np.int64, amount, amount)
    return Log(*(np.zeros(n, dtype=kind) for kind in kinds))


def _agenda(n: int, shift: int, horizon: int) -> Agenda:
    """Return an agenda that can hold n events (memory that is never touched costs nothing)."""
    scalars = np.zeros(8, dtype=np.int64)
    scalars[FREE] = NONE
    of_day = np.full((horizon >> shift) + 1, NONE, dtype=np.int64)
    events = dict(zip(Agenda._fields, np.zeros((5, n), dtype=np.int64), strict=False))
    return Agenda(**events, of_day=of_day, scalars=scalars)


def _longer(column: Column, spare: int) -> Column:
    """Return a copy of twice the length, and some more."""
    return np.concatenate([column, np.zeros(len(column) + spare, dtype=column.dtype)])
