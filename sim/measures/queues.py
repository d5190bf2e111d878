"""The number of residents, files and tasks that wait at each time of the week: time averages, exact to the tick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.config import LEVELS
from sim.district.stages import Kind, Presence
from sim.draws.clock import DAY, MINUTE, WEEK
from sim.engine.audit.attendance import fixed

if TYPE_CHECKING:
    from sim.arrays import AnyInts
    from sim.district.assemble import Case
    from sim.engine.record import Spells, Visits

SLOT = 30 * MINUTE
N_SLOTS = WEEK // SLOT
DESKS = (
    "residents in person",
    "residents on the phone",
    "files",
    "field checks",
    "work from above",
    "own work",
    "residents' homes",
)
_OF_KIND = {
    Kind.FRONT: 2,
    Kind.FILES: 2,
    Kind.RELAY: 2,
    Kind.FIELD: 3,
    Kind.TASKS: 4,
    Kind.OWN: 5,
    Kind.DOOR: 6,
}
_OF_PRESENCE = {Presence.IN_PERSON: 0, Presence.ON_THE_PHONE: 1}

BLOCK = 1 << 16  # steps or spells that are read at once


def waiting(case: Case, visits: Visits, spells: Spells, start: int, end: int) -> AnyInts:
    """Return the ticks waited in each half hour of the week, within [start, end), summed over all steps that wait.

    A step waits while it is at a station and not in service; one that is begun and lies overnight does not wait.
    Patrols and home visits are left out: one that is not begun in its window lapses.

    Parameters
    ----------
    case, visits, spells
        A replication, or a part of one, and its record.
    start, end : int
        Whole weeks, in ticks; the half hours are counted from `start`, a Monday at midnight.

    Returns
    -------
    ndarray of int, shape (levels, desks, 336)
        In the order of `LEVELS` and `DESKS`.
    """
    from sim.measures import kernels  # late: Numba takes a third of a second to load

    n_groups = len(LEVELS) * len(DESKS)
    counts = np.zeros((n_groups, 1 + N_SLOTS), dtype=np.int64)
    rests = np.zeros((n_groups, N_SLOTS), dtype=np.int64)
    group = groups(case)

    def add(sign: int, which: AnyInts, begin: AnyInts, until: AnyInts) -> None:
        intervals = kernels.Intervals(*map(fixed, (which, begin, until)))
        kernels.add_intervals(intervals, start, end, case.horizon, sign, WEEK, SLOT, counts, rests)

    for a in range(0, len(group), BLOCK):
        rows = slice(a, a + BLOCK)
        add(1, group[rows], visits.arrival[rows], visits.end[rows])
    for a in range(0, len(spells.step), BLOCK):
        rows = slice(a, a + BLOCK)
        add(-1, group[spells.step[rows]], spells.start[rows], spells.end[rows])
    over = np.cumsum(counts[:, :0:-1], axis=1)[:, ::-1] - counts[:, 1:]  # instants in a later slot
    ticks = SLOT * (counts[:, :1] + over) + rests
    return ticks.reshape(len(LEVELS), len(DESKS), N_SLOTS)


def groups(case: Case) -> AnyInts:
    """Return the level and desk at which each step waits, as one number; -1 where it is left out."""
    labels, none = case.labels, len(LEVELS) * len(DESKS)
    desk_of = np.full(len(Kind), none, dtype=np.int16)
    for kind, desk in _OF_KIND.items():
        desk_of[kind] = desk
    desks: AnyInts = desk_of[labels.kind]
    for presence, mine in _OF_PRESENCE.items():
        desks[labels.presence == presence] = mine
    level_of = np.array([*(LEVELS.index(s.level) for s in case.organisation.stations), -1])  # the last is for none
    level = level_of.astype(np.int16)[case.network.steps.station]
    return np.where((level < 0) | (desks == none), np.int16(-1), level * np.int16(len(DESKS)) + desks)


def queues(ticks: AnyInts, levels: set[str], weeks: int) -> pl.DataFrame:
    """Return the average number that wait in each half hour of the week.

    Parameters
    ----------
    ticks : ndarray of int, shape (levels, desks, 336)
        From `waiting`.
    levels : set of str
        The levels of the design; others have no rows.
    weeks : int
        The number of weeks that the ticks are summed over.

    Returns
    -------
    polars.DataFrame
        `level`, `desk`, `weekday` (1: Monday), `half_hour` of the day (0 to 47) and `number`: of residents, files or
        pieces of work, a time average over the measured weeks, holidays included.
    """
    slot = np.arange(N_SLOTS)
    a_day = DAY // SLOT
    return pl.concat(
        [
            pl.DataFrame(
                {
                    "weekday": (slot // a_day + 1).astype(np.uint8),
                    "half_hour": (slot % a_day).astype(np.uint8),
                    "number": (ticks[i, j] / (SLOT * weeks)).astype(np.float32),
                }
            ).select(pl.lit(level).alias("level"), pl.lit(desk).alias("desk"), pl.all())
            for i, level in enumerate(LEVELS)
            if level in levels
            for j, desk in enumerate(DESKS)
        ]
    )
