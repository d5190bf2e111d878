"""Absence and meetings: when a member of staff is not at the desk, drawn by identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.draws.clock import HOUR, WEEK, ticks
from sim.draws.streams import stream

if TYPE_CHECKING:
    from sim.arrays import Bools, Floats, Ints
    from sim.config import Absence
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation


def absent_days(rng: np.random.Generator, n: int, absence: Absence) -> Bools:
    """Return which of n working days a person is away (shape (n,)).

    Single days are drawn day by day; blocks of working days start so that in the long run they take their
    share, also on the first day. A block of mean length L that starts on a free day with chance b is on
    during L b / (1 + L b) of all days.
    """
    start, single, before = _chances(absence)
    draws = rng.random((before + n, 3)).T  # day by day, so that a longer horizon begins as a shorter one
    away = draws[0] < single
    day, last = 0, before + n
    for begin in np.flatnonzero(draws[1] < start).tolist():
        if begin >= day:
            span = absence.block_days_max - absence.block_days_min + 1
            day = begin + absence.block_days_min + int(draws[2, begin] * span)
            away[begin : min(day, last)] = True
    return np.asarray(away[before:])


def absent_chance(n: int, absence: Absence) -> Floats:
    """Return the chance that a person is away on each of n working days, as `absent_days` draws them (shape (n,)).

    A day on which no block is on is free to begin one; such a day follows another on which none began, or the last day
    of a block of any length. So its chance follows from those of the days before.
    """
    start, single, before = _chances(absence)
    lengths = np.arange(absence.block_days_min, absence.block_days_max + 1)
    free = np.zeros(before + n + 1)
    free[0] = 1.0
    for day in range(1, before + n + 1):
        ended = lengths[lengths <= day]
        free[day] = (1 - start) * free[day - 1] + start * free[day - ended].sum() / len(lengths)
    return np.asarray(1 - (1 - start) * (1 - single) * free[before : before + n])


def _chances(absence: Absence) -> tuple[float, float, int]:
    """Return the chances that a block starts on a free day and that a day is away alone, and the days drawn before."""
    in_blocks = absence.share * (1 - absence.single_days_share)
    length = (absence.block_days_min + absence.block_days_max) / 2
    start = min(1.0, in_blocks / (length * (1 - in_blocks)))
    single = (absence.share - in_blocks) / (1 - in_blocks)
    return start, single, 10 * absence.block_days_max  # so that a block may be on at day 0


def absences(organisation: Organisation, office: OfficeTime, identity: int, replication: int) -> Bools:
    """Return the working days on which a person is away."""
    pilot, district = organisation.pilot, organisation.place.district
    rng = stream(pilot.run.seed, replication, f"staff/{identity}/absence", district)
    return absent_days(rng, len(office.working_days), pilot.staffing.absence)


def meetings(organisation: Organisation, office: OfficeTime, replication: int) -> Ints:
    """Return person, start and end of all meetings that people are asked to (shape (n, 3), sorted).

    Each person has a fixed number of them a week, in different slots of office time.
    """
    pilot, district = organisation.pilot, organisation.place.district
    config = pilot.burden.meetings
    length = ticks(config.hours, HOUR)
    slots = np.concatenate(
        [
            np.arange(a, b - length + 1, length)
            for a, b in zip(office.hours.open.tolist(), office.hours.close.tolist(), strict=True)
        ]
    )
    week = slots // WEEK
    size = np.bincount(week, minlength=office.weeks)
    first = np.cumsum(size) - size
    draws = np.full((office.weeks, size.max(initial=0)), np.inf)
    weeks, nth = np.arange(office.weeks), np.arange(draws.shape[1])
    rows = []
    for i, person in enumerate(organisation.people):
        if person.level != "community":
            continue
        per_week = config.secretary_per_week if person.secretary else config.others_per_week
        n_meetings = np.minimum(np.floor((weeks + 1) * per_week) - np.floor(weeks * per_week), size)
        rng = stream(pilot.run.seed, replication, f"staff/{person.identity}/meetings", district)
        draws[week, np.arange(len(slots)) - first[week]] = rng.random(len(slots))
        in_order = first[:, None] + np.argsort(draws, axis=1, kind="stable")
        start = np.sort(slots[in_order[nth < n_meetings[:, None]]])
        rows.append(np.stack([np.full_like(start, i), start, start + length], axis=1))
    return np.concatenate(rows)
