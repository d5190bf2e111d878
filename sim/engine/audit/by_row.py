"""Invariants that hold row by row: each function returns the first violation as a sentence, or None."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.network import NONE, needed_ticks
from sim.engine.record import Outcome

if TYPE_CHECKING:
    from sim.arrays import AnyInts, Bools
    from sim.engine.audit.derived import AuditRecord
    from sim.engine.record import Spells, Visits


def first_failure(bad: Bools, noun: str, why: str, rows: AnyInts | None = None) -> str | None:
    """Return a sentence on the first bad row (`rows` are their numbers, if given), or None."""
    if not bad.any():
        return None
    i = int(np.argmax(bad))
    return f"{noun} {i if rows is None else int(rows[i])} {why}"


def shapes(record: AuditRecord) -> str | None:
    """Check that all columns are of whole numbers in their range, with one row a step or a spell, in order."""
    network, spells = record.network, record.spells
    for table, n in ((record.visits, len(network.steps.work)), (spells, len(spells.step))):
        failure = _wrong_column(table, n)
        if failure:
            return failure
    in_range = (spells.step >= 0) & (spells.step < len(network.steps.work))
    in_range &= (spells.server >= 0) & (spells.server < len(network.servers.changeover))
    in_range &= (spells.start >= 0) & (spells.start < record.horizon)
    in_range &= (spells.end >= NONE) & (spells.end < record.horizon)
    in_range &= (spells.changeover >= 0) & (spells.changeover <= spells.ticks)
    return first_failure(~in_range, "spell", "is out of range") or first_failure(
        np.diff(spells.step, prepend=0) < 0, "spell", "is not in the order of steps"
    )


def _wrong_column(table: Visits | Spells, n: int) -> str | None:
    """Return the first column that is not of whole numbers or not n long."""
    for field in fields(table):
        column = getattr(table, field.name)
        if column.dtype.kind != "i" or column.shape != (n,):
            return f"{field.name} is not whole numbers of length {n}"
    return None


def started_steps_stay(record: AuditRecord) -> str | None:
    """Check that a step with a spell is open or served."""
    outcome = record.visits.outcome[record.spells.step]
    left = (outcome != Outcome.OPEN) & (outcome != Outcome.SERVED)
    return first_failure(left, "step", "was started and then left", record.spells.step)


def outcome_codes(record: AuditRecord) -> str | None:
    """Check that the instants, server and work of each step go with its outcome."""
    visits, steps, horizon = record.visits, record.network.steps, record.horizon
    outcome, absent = visits.outcome, visits.outcome == Outcome.ABSENT
    started = visits.start != NONE
    ended = visits.end != NONE
    is_open = outcome == Outcome.OPEN
    served = outcome == Outcome.SERVED
    stationed = steps.station != NONE
    instants = (visits.arrival, visits.start, visits.end)
    bad = (outcome < Outcome.ABSENT) | (outcome > Outcome.REFUSED)
    for instant in instants:
        bad |= (instant < NONE) | (instant >= horizon) | (absent & (instant != NONE))
    bad |= ~absent & (visits.arrival == NONE)
    bad |= started != (visits.server != NONE)
    bad |= started & ((visits.start < visits.arrival) | ~stationed)
    bad |= ended == (absent | is_open)
    bad |= ended & (visits.end < np.maximum(visits.arrival, visits.start))
    bad |= served & (started != stationed)
    bad |= ~started & ((visits.done != 0) | (visits.interruptions != 0))
    bad |= (outcome == Outcome.REFUSED) & ((visits.end != visits.arrival) | ~stationed)
    delay = ~stationed & (steps.awaits == NONE) & ~absent
    bad |= delay & ~(served & (visits.end == visits.arrival))
    return first_failure(bad, "step", "has instants that do not go with its outcome")


def one_place(record: AuditRecord) -> str | None:
    """Check that a request's stays do not overlap."""
    here = np.flatnonzero(record.visits.arrival != NONE)
    arrival, end, request = record.visits.arrival[here], record.visit_end[here], record.request[here]
    order = np.lexsort((end, arrival, request))
    same = request[order[1:]] == request[order[:-1]]
    bad = same & (arrival[order[1:]] < end[order[:-1]])
    return first_failure(bad, "step", "begins before its request's step before it ends", here[order[1:]])


def littles_law(record: AuditRecord) -> str | None:
    """Check that the steps at each station wait or are in service at each instant, and Little's law.

    The integral of the number of steps at a station is the sum of their times there, to the tick.
    """
    visits, spells, waits = record.visits, record.spells, record.waits
    station = record.network.steps.station
    here = np.flatnonzero((station != NONE) & (visits.arrival != NONE))
    parts = (
        (station[here], visits.arrival[here], record.visit_end[here], 1),
        (waits.station, waits.start, waits.end, -1),
        (station[spells.step], spells.start, record.spell_end, -1),
    )
    where = np.concatenate([np.tile(station_of, 2) for station_of, *_ in parts])
    when = np.concatenate([np.concatenate(part[1:3]) for part in parts])
    change = np.concatenate([np.repeat([sign, -sign], len(station_of)) for station_of, _, _, sign in parts])
    order = np.lexsort((when, where))
    where, when, surplus = where[order], when[order], np.cumsum(change[order])
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (where[1:] != where[:-1]) | (when[1:] != when[:-1])
    unequal = first_failure(last & (surplus != 0), "station", "has steps that neither wait nor are served", where)
    if unequal:
        return f"{unequal} at {when[np.argmax(last & (surplus != 0))]}"
    bad = (waits.end < waits.start) | (waits.start < 0)
    return first_failure(bad, "step", "waits less than no time", waits.step) or _integral(record, here)


def _integral(record: AuditRecord, here: AnyInts) -> str | None:
    """Check that the integral of the number of steps at each station is the sum of their times there."""
    arrival, end = record.visits.arrival[here], record.visit_end[here]
    station = record.network.steps.station[here]
    for k in np.unique(station):
        rows = station == k
        when = np.concatenate([arrival[rows], end[rows]])
        change = np.repeat([1, -1], rows.sum())
        order = np.argsort(when)
        number = np.cumsum(change[order])[:-1]
        integral, total = int(np.dot(number, np.diff(when[order]))), int((end - arrival)[rows].sum())
        if integral != total:
            return f"station {k} has steps for {integral} ticks by their number, for {total} by their times"
    return None


def spells_match_visits(record: AuditRecord) -> str | None:
    """Check that start, end, server and interruptions of each step are those of its spells."""
    visits, spells, step = record.visits, record.spells, record.spells.step
    n_spells = np.diff(record.first_spell)
    bad = (n_spells > 0) != (visits.start != NONE)
    begins = record.first_spell[:-1][n_spells > 0]
    lasts = record.first_spell[1:][n_spells > 0] - 1
    some = np.flatnonzero(n_spells > 0)
    bad[some] |= spells.start[begins] != visits.start[some]
    bad[some] |= spells.server[lasts] != visits.server[some]
    served = visits.outcome[some] == Outcome.SERVED
    bad[some] |= served & (spells.end[lasts] != visits.end[some])
    bad |= np.bincount(step[record.interrupted], minlength=len(bad)) != visits.interruptions
    failure = first_failure(bad, "step", "has a start, end, server or interruptions that are not its spells'")
    again = ~record.is_last[:-1] & ((spells.end[:-1] == NONE) | (spells.start[1:] < spells.end[:-1]))
    return failure or first_failure(again, "step", "has a spell before the one before it ends", step[:-1])


def one_spell(record: AuditRecord) -> str | None:
    """Check that a server's spells do not overlap."""
    order = record.by_server
    server, start, end = record.spells.server[order], record.spells.start[order], record.spell_end[order]
    bad = (server[1:] == server[:-1]) & (start[1:] < end[:-1])
    return first_failure(bad, "server", f"has two spells at once at {_at(start[1:], bad)}", server[1:])


def _at(instants: AnyInts, bad: Bools) -> int:
    """Return the instant of the first bad row, -1 without one."""
    return int(instants[np.argmax(bad)]) if bad.any() else NONE


def starts_on_duty(record: AuditRecord) -> str | None:
    """Check that a spell starts on duty, under a duty that has its station."""
    bad = record.line == NONE
    why = f"starts a spell off duty or without its station at {_at(record.spells.start, bad)}"
    return first_failure(bad, "server", why, record.spells.server)


def off_duty_only_past_closing(record: AuditRecord) -> str | None:
    """Check that off-duty ticks are spent past closing only."""
    bad = record.spells.ticks > record.elapsed
    return first_failure(bad, "spell", "has more ticks than its server was on duty")


def ticks_of_the_roster(record: AuditRecord) -> str | None:
    """Check that every tick on duty counts, and past closing every tick, and that the last one ends it."""
    spells = record.spells
    bad = spells.ticks < record.elapsed
    late = record.network.steps.past_closing[spells.step] == 1
    # The instant of the last tick: the tick before the end is on duty.
    served = ~record.interrupted & (spells.end != NONE) & ~late & (record.spell_end > spells.start)
    for server in np.unique(spells.server[served]):
        rows = np.flatnonzero(served & (spells.server == server))
        bad[rows] |= ~record.rosters[server].contains(spells.end[rows] - 1)
    return first_failure(bad, "spell", "has fewer ticks than passed, or does not end with the last")


def changeovers(record: AuditRecord) -> str | None:
    """Check that changeovers are those of the sites between which servers go."""
    spells, servers = record.spells, record.network.servers
    sites_of = record.network.stations.site[record.network.steps.station[spells.step]].tolist()
    before, sites = NONE, {0}
    for row in record.by_server.tolist():
        again = before != NONE and spells.server[before] == spells.server[row]
        if not again or _back_at_first_site(record, before, row):
            sites = {0}
        ticks, site = int(spells.ticks[row]), sites_of[row]
        full = {int(servers.changeover[spells.server[row]]) if site not in (NONE, x) else 0 for x in sites}
        empty = record.spell_end[row] == spells.start[row]
        if not empty and spells.changeover[row] not in {min(ticks, x) for x in full}:
            return f"spell {row} has the changeover of another way, {spells.changeover[row]}"
        # Spells of no length at one instant: the record does not tell their order, so either site may be last.
        tied = empty and again and spells.start[before] == record.spell_end[before] == spells.start[row]
        if site != NONE:
            sites = sites | {site} if tied else {site}
        before = row
    return None


def _back_at_first_site(record: AuditRecord, before: int, row: int) -> bool:
    """Return whether the server came on duty after a gap, with no spell, between two of its spells."""
    spells, servers = record.spells, record.network.servers
    end, start = int(record.spell_end[before]), int(spells.start[row])
    i, server = int(record.interval[row]), int(spells.server[row])
    while i >= servers.first[server] and servers.open[i] >= end:
        gap = i == servers.first[server] or servers.close[i - 1] != servers.open[i]
        at_opening = servers.open[i] == end
        if gap and servers.open[i] <= start:
            in_hand = at_opening and (record.interrupted[before] or spells.start[before] == end)
            return not in_hand
        i -= 1
    return False


def work_done_is_work(record: AuditRecord) -> str | None:
    """Check the ticks of a served step's last spell against its work, and `done` against the spells."""
    visits, spells, work = record.visits, record.spells, record.network.steps.work
    needed = needed_ticks(np.maximum(record.left, 0), record.pace)
    worked = spells.ticks - spells.changeover
    running = spells.end == NONE
    last = ~record.interrupted & ~running
    bad = (last & (worked != needed)) | (worked > needed) | (record.left < 0)
    bad |= record.interrupted & (worked == needed) & (needed > 0)
    failure = first_failure(bad, "step", "has a spell with more or fewer ticks than its work takes", spells.step)
    done = np.where(last, record.left, np.minimum(record.worked, np.maximum(record.left, 0)))
    total = np.bincount(spells.step, minlength=len(work)) * 0
    np.add.at(total, spells.step, done)
    wrong = (total != visits.done) | ((visits.outcome == Outcome.SERVED) & (visits.done != work))
    return failure or first_failure(wrong, "step", "has done more or less than its spells, or is served with work left")


def ends_in_time(record: AuditRecord) -> str | None:
    """Check that a spell in progress at the horizon has ticks to go, or its last one just passed."""
    spells = record.spells
    worked = spells.ticks - spells.changeover
    needed = needed_ticks(record.left, record.pace)
    whole = np.flatnonzero((spells.end == NONE) & (worked == needed) & (needed > 0))
    on = [record.rosters[spells.server[row]].contains(record.horizon - 1) for row in whole]
    late = record.network.steps.past_closing[spells.step[whole]] == 1
    return first_failure(~late & ~np.array(on, dtype=bool), "spell", "goes on after its last tick", whole)


def handed_back(record: AuditRecord) -> str | None:
    """Check that no spell goes on across the close of a hand-back interval, but past closing."""
    spells, servers = record.spells, record.network.servers
    late = record.network.steps.past_closing[spells.step] == 1
    bad = np.zeros(len(spells.step), dtype=bool)
    for server in range(len(servers.changeover)):
        a, b = servers.first[server], servers.first[server + 1]
        closes = servers.close[a:b][servers.hand_back[a:b] == 1]
        rows = spells.server == server
        after = np.searchsorted(closes, spells.start[rows], side="right")
        bad[rows] = np.searchsorted(closes, record.spell_end[rows], side="left") > after
    return first_failure(bad & ~late, "spell", "goes on across a close at which it is handed back")


def interruptions_have_causes(record: AuditRecord) -> str | None:
    """Check that a spell is interrupted by a step to which it yields, or handed back at a close."""
    spells, steps, servers = record.spells, record.network.steps, record.network.servers
    most_urgent: dict[tuple[int, int], int] = {}
    priority = steps.priority[spells.step].tolist()
    for server, start, p in zip(spells.server.tolist(), spells.start.tolist(), priority, strict=True):
        most_urgent[server, start] = min(p, most_urgent.get((server, start), p))
    for row in np.flatnonzero(record.interrupted).tolist():
        step, server, end = int(spells.step[row]), int(spells.server[row]), int(spells.end[row])
        urgent = most_urgent.get((server, end))
        if urgent is not None and urgent < steps.yields_to[step]:
            continue
        a, b = servers.first[server], servers.first[server + 1]
        at_close = (servers.close[a:b] == end) & (servers.hand_back[a:b] == 1)
        if not at_close.any() or steps.past_closing[step]:
            return f"spell {row} is interrupted without a cause at {end}"
    return None


def routes(record: AuditRecord) -> str | None:
    """Check that each arrival follows from `next` or `leave` of the step before, with its lag and its gate."""
    steps, visits, requests = record.network.steps, record.visits, record.network.requests
    gone = np.full(len(steps.work), NONE)
    gone[requests.first[:-1]] = requests.begin
    for to, outcomes in (
        (steps.next, [Outcome.SERVED]),
        (steps.leave, [Outcome.ABANDONED, Outcome.REFUSED]),
    ):
        rows = np.isin(visits.outcome, outcomes) & (to != NONE)
        gone[to[rows]] = visits.end[rows]
    rows = np.flatnonzero(gone != NONE)
    lagged = record.after(gone[rows], steps.lag[rows], steps.lag_clock[rows])
    arrival = record.after(lagged, np.zeros_like(lagged), steps.gate[rows])
    expected = np.full(len(gone), NONE)
    expected[rows] = np.where(arrival < record.horizon, arrival, NONE)
    bad = expected != visits.arrival
    why = f"arrives at {_at(visits.arrival, bad)}, not {_at(expected, bad)}, by route, lag and gate"
    return first_failure(bad, "step", why)


def leaving_in_time(record: AuditRecord) -> str | None:
    """Check that a step leaves just when its patience ends or its office shuts, and waits no longer."""
    visits = record.visits
    bad = (visits.outcome == Outcome.ABANDONED) & (visits.end != record.leaving)
    started = visits.start != NONE
    waits = (visits.arrival != NONE) & ~started & (visits.outcome != Outcome.REFUSED)
    bad |= started & (visits.start > record.leaving)
    bad |= waits & (record.visit_end > record.leaving)
    bad |= (visits.outcome == Outcome.OPEN) & ~started & (record.leaving < record.horizon)
    return first_failure(bad, "step", f"leaves or stays against its leaving instant, {_at(record.leaving, bad)}")
