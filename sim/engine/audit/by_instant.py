"""Invariants that hold instant by instant: each function returns the first violation as a sentence, or None.

A record does not show the order of events within an instant. So a stretch surely goes on at an instant only if it
began before and ends after it, and what depends on the order is not checked.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.audit.by_row import first_failure
from sim.engine.audit.derived import union
from sim.engine.network import NONE, owners, work_done
from sim.engine.record import Outcome

if TYPE_CHECKING:
    from sim.arrays import AnyInts, Bools
    from sim.engine.audit.derived import AuditRecord, Pieces


def spanning(start: AnyInts, end: AnyInts, rank: AnyInts, at: AnyInts) -> AnyInts:
    """Return, for each instant, the row of the least rank among stretches with start < instant < end (-1: none)."""
    rows = np.argsort(start, kind="stable").tolist()
    starts, ends, ranks = start.tolist(), end.tolist(), rank.tolist()
    heap: list[tuple[int, int]] = []
    row_of, i = np.full(len(at), NONE), 0
    for query in np.argsort(at, kind="stable").tolist():
        instant = at[query]
        while i < len(rows) and starts[rows[i]] < instant:
            heappush(heap, (ranks[rows[i]], rows[i]))
            i += 1
        while heap and ends[heap[0][1]] <= instant:
            heappop(heap)
        if heap:
            row_of[query] = heap[0][1]
    return row_of


def _ranks(*keys: AnyInts) -> AnyInts:
    """Return the rank of each row by these keys, the first deciding first."""
    order = np.lexsort(keys[::-1])
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _with(record: AuditRecord, pieces: Pieces, station: int) -> AnyInts:
    """Return the rows of the pieces whose duty has a station."""
    flags = record.has_station.get(station)
    return np.flatnonzero(flags[pieces.duty]) if flags is not None else np.zeros(0, dtype=np.int64)


def no_idling(record: AuditRecord) -> str | None:
    """Check that no server on duty is idle at the end of an instant while a step waits for it."""
    waits, idle = record.waits, record.idle
    for station in np.unique(waits.station).tolist():
        here = waits.station == station
        waiting = union(waits.start[here], waits.end[here])
        rows = _with(record, idle, station)
        bad = waiting.between(idle.start[rows], idle.end[rows]) > 0
        if bad.any():
            row = rows[np.argmax(bad)]
            at = int(waiting.after(idle.start[row]))
            return f"server {idle.server[row]} is idle while a step waits at station {station} at {at}"
    return None


def no_waiting_that_could_interrupt(record: AuditRecord) -> str | None:
    """Check that no step waits at the end of an instant that could interrupt a server with its station."""
    waits, busy, steps = record.waits, record.busy, record.network.steps
    yields = steps.yields_to[record.spells.step[busy.spell]]
    for station in np.unique(waits.station).tolist():
        here = np.flatnonzero(waits.station == station)
        rows = _with(record, busy, station)
        for limit in np.unique(yields[rows][yields[rows] > 0]).tolist():
            urgent = here[steps.priority[waits.step[here]] < limit]
            waiting = union(waits.start[urgent], waits.end[urgent])
            among = rows[yields[rows] == limit]
            bad = waiting.between(busy.start[among], busy.end[among]) > 0
            if bad.any():
                row = among[np.argmax(bad)]
                at = int(waiting.after(busy.start[row]))
                return f"server {busy.server[row]} is not interrupted by a step at station {station} at {at}"
    return None


def no_overtaking(record: AuditRecord) -> str | None:
    """Check that a step that starts at a station is the first of those that wait there."""
    spells, waits = record.spells, record.waits
    queue_rank = _queue_ranks(record)
    for station in np.unique(waits.station).tolist():
        here = np.flatnonzero(waits.station == station)
        rows = np.flatnonzero(record.network.steps.station[spells.step] == station)
        ahead_row = spanning(waits.start[here], waits.end[here], queue_rank[waits.step[here]], spells.start[rows])
        ahead = waits.step[here][ahead_row]
        bad = (ahead_row != NONE) & (queue_rank[ahead] < queue_rank[spells.step[rows]])
        if bad.any():
            i = np.argmax(bad)
            return f"step {spells.step[rows[i]]} starts before step {ahead[i]} at {spells.start[rows[i]]}"
    return None


def _queue_ranks(record: AuditRecord) -> AnyInts:
    """Return each step's rank by (priority, arrival, request)."""
    return _ranks(record.network.steps.priority, record.visits.arrival, record.request)


def taken_in_order(record: AuditRecord) -> str | None:
    """Check that a server starts the step that its duty puts first among the stations it has."""
    spells, waits, steps = record.spells, record.waits, record.network.steps
    duties = record.network.duties
    queue_rank, seniority = _queue_ranks(record), _ranks(record.visits.arrival, record.request)
    duty = record.network.servers.duty[record.interval]
    own_rank = duties.rank[record.line]
    line_duty = owners(duties.first)
    for station in np.unique(waits.station).tolist():
        here = np.flatnonzero(waits.station == station)
        lines = np.flatnonzero(duties.station == station)
        rank = np.full(len(duties.longest), NONE)
        rank[line_duty[lines]] = duties.rank[lines]
        elsewhere = steps.station[spells.step] != station
        rows = np.flatnonzero((rank[duty] != NONE) & elsewhere)
        ahead_row = spanning(waits.start[here], waits.end[here], queue_rank[waits.step[here]], spells.start[rows])
        rows, ahead = rows[ahead_row != NONE], waits.step[here][ahead_row[ahead_row != NONE]]
        own_step, their_priority = spells.step[rows], steps.priority[ahead]
        n_mine, n_theirs, known = _lengths(record, station, rows)
        longest = duties.longest[duty[rows]] == 1
        n_mine, n_theirs = np.where(longest, -n_mine, 0), np.where(longest, -n_theirs, 0)
        bad = (their_priority < steps.priority[own_step]) | (
            (their_priority == steps.priority[own_step])
            & (known | ~longest)
            & _less((n_theirs, rank[duty[rows]], seniority[ahead]), (n_mine, own_rank[rows], seniority[own_step]))
        )
        if bad.any():
            i = np.argmax(bad)
            where = f"at {spells.start[rows[i]]}"
            return f"server {spells.server[rows[i]]} starts step {own_step[i]} before step {ahead[i]} {where}"
    return None


def _less(a: tuple[AnyInts, ...], b: tuple[AnyInts, ...]) -> Bools:
    """Return whether each row of a is less than that of b, the first column deciding first."""
    less, equal = np.zeros(len(a[0]), dtype=bool), np.ones(len(a[0]), dtype=bool)
    for x, y in zip(a, b, strict=True):
        less |= equal & (x < y)
        equal &= x == y
    return less


def _lengths(record: AuditRecord, station: int, rows: AnyInts) -> tuple[AnyInts, AnyInts, Bools]:
    """Return the numbers waiting at each spell's own station (its step too) and at another as it starts.

    The third array tells where they are certain: where no other step begins or ends to wait there at that instant.
    """
    at = record.spells.start[rows]
    own = record.network.steps.station[record.spells.step[rows]]
    n_other, changes = _number(record, station, at)
    known = changes == 0
    n_own = np.ones(len(rows), dtype=np.int64)
    for k in np.unique(own).tolist():
        here = own == k
        sure, changes = _number(record, k, at[here])
        n_own[here] += sure
        known[here] &= changes == 1
    return n_own, n_other, known


def _number(record: AuditRecord, station: int, at: AnyInts) -> tuple[AnyInts, AnyInts]:
    """Return how many steps surely wait at a station, and how many begin or end to wait, at each instant."""
    waits = record.waits
    here = waits.station == station
    start, end = waits.start[here], waits.end[here]
    empty = np.sort(start[start == end])
    starts, ends = np.sort(start[start != end]), np.sort(end[start != end])
    sure = np.searchsorted(starts, at, "left") - np.searchsorted(ends, at, "right")
    changes = np.zeros(len(at), dtype=np.int64)
    for column in (empty, starts, ends):
        changes += np.searchsorted(column, at, "right") - np.searchsorted(column, at, "left")
    return sure, changes


def placed_with_the_right_server(record: AuditRecord) -> str | None:
    """Check the choice among idle servers: fewest stations, earliest end of its last spell, lowest id."""
    spells, idle, servers = record.spells, record.idle, record.network.servers
    n_stations = np.diff(record.network.duties.first)
    last_end = np.zeros(len(spells.step), dtype=np.int64)
    order = record.by_server
    same = spells.server[order[1:]] == spells.server[order[:-1]]
    last_end[order[1:]] = np.where(same, record.spell_end[order[:-1]], 0)
    width = n_stations[servers.duty[record.interval]]
    idle_last = _last_end_before(record, idle)
    idle_key = _ranks(n_stations[idle.duty], idle_last, idle.server)
    for station in np.unique(record.network.steps.station[spells.step]).tolist():
        rows = np.flatnonzero(record.network.steps.station[spells.step] == station)
        among = _with(record, idle, station)
        if not len(among):
            continue
        piece_of = spanning(idle.start[among], idle.end[among], idle_key[among], spells.start[rows])
        other = among[piece_of]
        rival = (n_stations[idle.duty[other]], idle_last[other], idle.server[other])
        chosen = (width[rows], last_end[rows], spells.server[rows])
        bad = (piece_of != NONE) & _less(rival, chosen)
        if bad.any():
            i = np.argmax(bad)
            servers_named = f"server {spells.server[rows[i]]} and not idle server {idle.server[other[i]]}"
            return f"step {spells.step[rows[i]]} is placed with {servers_named} at {spells.start[rows[i]]}"
    return None


def _last_end_before(record: AuditRecord, pieces: Pieces) -> AnyInts:
    """Return the end of each piece's server's last spell by the start of the piece, 0 if it had none."""
    last_end = np.zeros(len(pieces.start), dtype=np.int64)
    for server in np.unique(pieces.server):
        ends = np.sort(record.spell_end[record.spells.server == server])
        rows = np.flatnonzero(pieces.server == server)
        i = np.searchsorted(ends, pieces.start[rows], side="right")
        if len(ends):
            last_end[rows] = np.where(i > 0, ends[np.maximum(i - 1, 0)], 0)
    return last_end


def interrupted_the_right_spell(record: AuditRecord) -> str | None:
    """Check the choice of a spell to interrupt: least urgent, most work left, lowest id of its server."""
    spells, steps, busy = record.spells, record.network.steps, record.busy
    waits, servers = record.waits, record.network.servers
    fresh = set(zip(waits.step[waits.start == waits.end], waits.start[waits.start == waits.end], strict=True))
    starting = {(int(spells.server[i]), int(spells.start[i])): i for i in record.by_server}
    server_of = owners(servers.first)
    opening = set(zip(server_of.tolist(), servers.open.tolist(), strict=True))
    for row in np.flatnonzero(record.interrupted).tolist():
        server, at = int(spells.server[row]), int(spells.end[row])
        by = starting.get((server, at))
        if by is None or (server, at) in opening or (spells.step[by], at) not in fresh:
            continue
        step = spells.step[by]
        spans = (busy.start < at) & (at < busy.end)
        spans &= steps.yields_to[spells.step[busy.spell]] > steps.priority[step]
        flags = record.has_station[int(steps.station[step])]
        for piece in np.flatnonzero(spans & flags[busy.duty]):
            if _victim(record, int(busy.spell[piece]), at) < _victim(record, row, at):
                return f"step {step} interrupts server {server} and not {busy.server[piece]} at {at}"
    return None


def _victim(record: AuditRecord, row: int, at: int) -> tuple[int, int, int]:
    """Return the key by which a spell is interrupted, the least first."""
    spells, step = record.spells, record.spells.step[row]
    server, start = int(spells.server[row]), int(spells.start[row])
    late = record.network.steps.past_closing[step] == 1
    ticks = at - start if late else int(record.rosters[server].between(start, at))
    done = work_done(max(ticks - int(spells.changeover[row]), 0), int(record.pace[row]))
    return -int(record.network.steps.priority[step]), done - int(record.left[row]), server


def refusals(record: AuditRecord) -> str | None:
    """Check that the steps refused on arrival are those that find no server and their hall full."""
    visits, steps, stations = record.visits, record.network.steps, record.network.stations
    hall = np.append(stations.hall, NONE)[steps.station]
    refused = np.flatnonzero(visits.outcome == Outcome.REFUSED)
    bad = refused[hall[refused] == NONE]
    if len(bad):
        return f"step {bad[0]} is refused without a hall"
    waits = record.waits
    for h, room in enumerate(record.network.halls.room.tolist()):
        here = stations.hall[waits.station] == h
        start, end = np.sort(waits.start[here]), np.sort(waits.end[here])
        refused_here = refused[hall[refused] == h]
        at = visits.arrival[refused_here]
        most = np.searchsorted(start, at, "right") - np.searchsorted(end, at, "left")
        failure = first_failure(most < room, "step", "is refused with room in its hall", refused_here)
        if failure:
            return failure
        # Those that wait from their arrival on, against those that surely wait then.
        new = np.flatnonzero(here & ~waits.returned & (waits.end > waits.start))
        real = here & (waits.end > waits.start)
        start, end = np.sort(waits.start[real]), np.sort(waits.end[real])
        at = waits.start[new]
        least = np.searchsorted(start, at, "left") - np.searchsorted(end, at, "right")
        failure = first_failure(least >= room, "step", "waits in a full hall", waits.step[new])
        if failure:
            return failure
    return _refused_beside_a_server(record, refused)


def _refused_beside_a_server(record: AuditRecord, refused: AnyInts) -> str | None:
    """Check that no refused step could go to an idle server, or to one that it interrupts."""
    visits, steps, idle, busy = record.visits, record.network.steps, record.idle, record.busy
    yields = steps.yields_to[record.spells.step[busy.spell]]
    for step in refused.tolist():
        flags, at = record.has_station.get(int(steps.station[step])), visits.arrival[step]
        if flags is None:
            continue
        free = (idle.start < at) & (at < idle.end) & flags[idle.duty]
        give_way = (busy.start < at) & (at < busy.end) & flags[busy.duty] & (yields > steps.priority[step])
        if free.any() or give_way.any():
            return f"step {step} is refused beside a server for it at {at}"
    return None


def signals(record: AuditRecord) -> str | None:
    """Check that an awaiting step is served by the emission whose number it awaits."""
    visits, steps = record.visits, record.network.steps
    emitting = np.flatnonzero((steps.emits != NONE) & (visits.outcome == Outcome.SERVED))
    # At an instant, ends of spells that began before it come first, and so before any arrival.
    start = np.append(record.spells.start, 0)[np.maximum(record.first_spell[1:] - 1, 0)]
    early = (steps.station[emitting] != NONE) & (start[emitting] < visits.end[emitting])
    awaiting = np.flatnonzero((steps.awaits != NONE) & (visits.arrival != NONE))
    for signal in np.unique(steps.awaits[awaiting]):
        emits_it = steps.emits[emitting] == signal
        at = np.sort(visits.end[emitting[emits_it]])
        late = np.sort(visits.end[emitting[emits_it & ~early]])
        rows = awaiting[steps.awaits[awaiting] == signal]
        arrival, end, count = visits.arrival[rows], record.visit_end[rows], steps.count[rows]
        after = np.searchsorted(at, arrival, "right")
        by_chance = np.searchsorted(late, arrival, "right") - np.searchsorted(late, arrival, "left")
        sure = np.maximum(np.searchsorted(at, end, "left") - after, 0)
        most = np.searchsorted(at, end, "right") - after + by_chance
        served = visits.outcome[rows] == Outcome.SERVED
        bad = (sure >= count) | (served & (most < count))
        failure = first_failure(bad, "step", "is not served at the emission it awaits", rows)
        if failure:
            return failure
    return None
