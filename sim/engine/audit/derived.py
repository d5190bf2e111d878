"""Columns derived from a record and its network, computed once for all invariants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.draws.clock import Calendar
from sim.engine.network import NONE, owners, work_done
from sim.engine.record import Outcome

if TYPE_CHECKING:
    from sim.arrays import AnyInts, Bools
    from sim.engine.network import Network
    from sim.engine.record import Spells, Visits


@dataclass(frozen=True)
class Waits:
    """Stretches of waiting at a station, one row each: step, station, from and to (the horizon if still).

    `returned` says that the step came back from an interruption.
    """

    step: AnyInts
    station: AnyInts
    start: AnyInts
    end: AnyInts
    returned: Bools


@dataclass(frozen=True)
class Pieces:
    """Stretches of a server's time on duty within one roster interval, with its duty; `spell` is -1 if idle."""

    server: AnyInts
    interval: AnyInts
    duty: AnyInts
    start: AnyInts
    end: AnyInts
    spell: AnyInts


@dataclass(frozen=True)
class AuditRecord:
    """A record with its network and horizon, and the columns derived from them."""

    network: Network
    visits: Visits
    spells: Spells
    horizon: int

    @cached_property
    def request(self) -> AnyInts:
        """Return the request of each step."""
        return owners(self.network.requests.first)

    @cached_property
    def visit_end(self) -> AnyInts:
        """Return the end of each stay, the horizon where it goes on."""
        return np.where(self.visits.end == NONE, self.horizon, self.visits.end)

    @cached_property
    def spell_end(self) -> AnyInts:
        """Return the end of each spell, the horizon where it goes on."""
        return np.where(self.spells.end == NONE, self.horizon, self.spells.end)

    @cached_property
    def first_spell(self) -> AnyInts:
        """Return the offsets of each step's spells (one longer than the steps)."""
        return np.searchsorted(self.spells.step, np.arange(len(self.request) + 1))

    @cached_property
    def is_last(self) -> Bools:
        """Return whether each spell is its step's last."""
        step = self.spells.step
        last = np.ones(len(step), dtype=bool)
        last[:-1] = step[1:] != step[:-1]
        return last

    @cached_property
    def interrupted(self) -> Bools:
        """Return whether each spell ended before its step was served."""
        served = np.equal(self.visits.outcome[self.spells.step], Outcome.SERVED)
        ended_early: Bools = (self.spells.end != NONE) & ~(self.is_last & served)
        return ended_early

    @cached_property
    def rosters(self) -> list[Calendar]:
        """Return the roster of each server."""
        rows = self.network.servers
        bounds = zip(rows.first[:-1], rows.first[1:], strict=True)
        return [Calendar(rows.open[a:b], rows.close[a:b]) for a, b in bounds]

    @cached_property
    def clocks(self) -> list[Calendar]:
        """Return the calendars of the network."""
        rows = self.network.calendars
        bounds = zip(rows.first[:-1], rows.first[1:], strict=True)
        return [Calendar(rows.open[a:b], rows.close[a:b]) for a, b in bounds]

    def after(self, instants: AnyInts, amounts: AnyInts, calendars: AnyInts) -> AnyInts:
        """Return After(t, n, calendar) of the engine contract for each row."""
        plain = calendars == NONE
        instants_after = np.where(plain, instants + np.where(plain, amounts, 0), instants)
        for i in np.unique(calendars[~plain]):
            rows = calendars == i
            instants_after[rows] = self.clocks[i].after(instants[rows], amounts[rows])
        return instants_after

    @cached_property
    def leaving(self) -> AnyInts:
        """Return the instant at which each step would leave if it waited from its arrival (NEVER: none)."""
        steps = self.network.steps
        never = np.iinfo(np.int64).max
        leaving = np.full(len(self.request), never)
        rows = (steps.patience != NONE) & (self.visits.arrival != NONE)
        clocks = steps.patience_clock[rows]
        leaving[rows] = self.after(self.visits.arrival[rows], steps.patience[rows], clocks)
        rows = (steps.shuts != NONE) & (self.visits.arrival != NONE)
        at = self.visits.arrival[rows]
        leaving[rows] = np.minimum(leaving[rows], self.after(at, np.zeros_like(at), steps.shuts[rows]))
        return leaving

    @cached_property
    def by_server(self) -> AnyInts:
        """Return the order of the spells by server and time; those of no length come first at an instant."""
        return np.lexsort((self.spell_end, self.spells.start, self.spells.server))

    @cached_property
    def elapsed(self) -> AnyInts:
        """Return the ticks that count in each spell: on duty, or all of them past closing."""
        elapsed = self.spell_end - self.spells.start
        late = self.network.steps.past_closing[self.spells.step] == 1
        order = self.by_server
        bounds = np.searchsorted(self.spells.server[order], np.arange(len(self.rosters) + 1))
        for roster, a, b in zip(self.rosters, bounds[:-1], bounds[1:], strict=True):
            rows = order[a:b]
            rows = rows[~late[rows]]
            elapsed[rows] = roster.between(self.spells.start[rows], self.spell_end[rows])
        return elapsed

    @cached_property
    def interval(self) -> AnyInts:
        """Return the roster interval in which each spell starts, -1 if its server is off duty then."""
        rows, interval = self.network.servers, np.full(len(self.spells.step), NONE)
        order = self.by_server
        bounds = np.searchsorted(self.spells.server[order], np.arange(len(self.rosters) + 1))
        for s in range(len(self.rosters)):
            a, b = bounds[s], bounds[s + 1]
            at = self.spells.start[order[a:b]]
            first, last = rows.first[s], rows.first[s + 1]
            i = first + np.searchsorted(rows.open[first:last], at, side="right") - 1
            on = (i >= first) & (at < rows.close[np.maximum(i, first)]) if last > first else at < 0
            interval[order[a:b]] = np.where(on, i, NONE)
        return interval

    @cached_property
    def line(self) -> AnyInts:
        """Return the duty's line under which each spell starts, -1 if there is none."""
        duties = self.network.duties
        n_stations = len(self.network.stations.hall)
        keys = owners(duties.first) * n_stations + duties.station
        order = np.argsort(keys)
        on = self.interval != NONE
        line = np.full(len(self.spells.step), NONE)
        duty = self.network.servers.duty[self.interval[on]]
        wanted = duty * n_stations + self.network.steps.station[self.spells.step[on]]
        if len(keys):
            i = order[np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)]
            line[on] = np.where(keys[i] == wanted, i, NONE)
        return line

    @cached_property
    def pace(self) -> AnyInts:
        """Return the pace of each spell (its line must exist)."""
        return self.network.duties.pace[self.line]

    @cached_property
    def worked(self) -> AnyInts:
        """Return the work that each spell's ticks do, were there enough left."""
        return work_done(np.maximum(self.spells.ticks - self.spells.changeover, 0), self.pace)

    @cached_property
    def left(self) -> AnyInts:
        """Return the work left of its step when each spell starts."""
        before = np.cumsum(self.worked) - self.worked
        base = before[self.first_spell[self.spells.step]]
        return self.network.steps.work[self.spells.step] - (before - base)

    @cached_property
    def waits(self) -> Waits:
        """Return all stretches of waiting at stations, empty ones too."""
        steps, visits, spells = self.network.steps, self.visits, self.spells
        arrived = (steps.station != NONE) & (visits.arrival != NONE) & (visits.outcome != Outcome.REFUSED)
        step = np.flatnonzero(arrived)
        n_spells = np.diff(self.first_spell)
        start = np.append(spells.start, 0)
        until = np.where(n_spells[step] > 0, start[self.first_spell[step]], self.visit_end[step])
        back = np.flatnonzero(self.interrupted)
        again = np.where(self.is_last[back], self.horizon, start[back + 1])
        all_steps = np.concatenate([step, spells.step[back]])
        return Waits(
            all_steps,
            steps.station[all_steps],
            np.concatenate([visits.arrival[step], spells.end[back]]),
            np.concatenate([until, again]),
            np.repeat([False, True], [len(step), len(back)]),
        )

    @cached_property
    def busy(self) -> Pieces:
        """Return the stretches in which a server on duty has a spell, interval by interval.

        A spell of no length counts too: the server is not idle across it.
        """
        rows = self.network.servers
        last = np.empty(len(self.spells.step), dtype=np.int64)
        for s in range(len(self.rosters)):
            rows_of = self.spells.server == s
            a, b = rows.first[s], rows.first[s + 1]
            last[rows_of] = a + np.searchsorted(rows.open[a:b], self.spell_end[rows_of], side="left")
        count = np.maximum(last - self.interval, 1)
        spell = np.repeat(np.arange(len(count)), count)
        nth = np.arange(len(spell)) - np.repeat(np.cumsum(count) - count, count)
        i = self.interval[spell] + nth
        start = np.maximum(self.spells.start[spell], rows.open[i])
        end = np.minimum(self.spell_end[spell], rows.close[i])
        return self._pieces(i, start, end, spell)

    @cached_property
    def idle(self) -> Pieces:
        """Return the stretches in which a server on duty has no spell."""
        rows, busy = self.network.servers, self.busy
        on = np.flatnonzero(rows.open < self.horizon)
        # Starts are openings and ends of spells, ends are starts of spells and closings: in each
        # interval they pair in order.
        interval = np.concatenate([on, busy.interval])
        start = np.concatenate([rows.open[on], busy.end])
        end = np.concatenate([np.minimum(rows.close[on], self.horizon), busy.start])
        start = start[np.lexsort((start, interval))]
        end = end[np.lexsort((end, interval))]
        keep = end > start
        none = np.full(np.count_nonzero(keep), NONE)
        return self._pieces(np.sort(interval)[keep], start[keep], end[keep], none)

    def _pieces(self, interval: AnyInts, start: AnyInts, end: AnyInts, spell: AnyInts) -> Pieces:
        """Return pieces with the server and the duty of their intervals."""
        rows = self.network.servers
        return Pieces(owners(rows.first)[interval], interval, rows.duty[interval], start, end, spell)

    @cached_property
    def has_station(self) -> dict[int, Bools]:
        """Return, by station, whether each duty has it."""
        duties = self.network.duties
        duty, n_duties = owners(duties.first), len(duties.longest)
        duties_with = {}
        for station in np.unique(duties.station):
            flags = np.zeros(n_duties, dtype=bool)
            flags[duty[duties.station == station]] = True
            duties_with[int(station)] = flags
        return duties_with


def union(start: AnyInts, end: AnyInts) -> Calendar:
    """Return the calendar of the instants that any of these stretches [start, end) covers."""
    keep = end > start
    start, end = start[keep], end[keep]
    order = np.argsort(start)
    start, end = start[order], end[order]
    if not len(start):
        return Calendar(start, end)
    reach = np.maximum.accumulate(end)
    new = np.append(True, start[1:] > reach[:-1])
    return Calendar(start[new], reach[np.append(new[1:], True)])
