"""Work from above that is done away from the desk: legs on the roster, drawn by identity.

The last one in stays: a leg moves to the nearest hours in which a colleague is in. What finds no such hours within a
week is not placed, and becomes paper at the desk when it would have begun. So nothing here depends on what comes more
than a week later: a longer horizon begins as a shorter one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.district import workload
from sim.draws.clock import HOUR, ticks
from sim.draws.streams import stream

if TYPE_CHECKING:
    from sim.arrays import Bools, Ints
    from sim.config import Pilot
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation

LEG_HOURS = 1.5
NEAREST_DAYS = 5


def share_away(pilot: Pilot, office: OfficeTime) -> float:
    """Return the share of the hours from above that is cut into legs: none where no opening is as long as one."""
    return pilot.burden.away_share if _slots(office)[1] else 0.0


def away_legs(
    organisation: Organisation, office: OfficeTime, replication: int, there: Bools, meetings: Ints
) -> tuple[Ints, Ints]:
    """Return person, start and end of all legs (shape (n, 3), sorted by person and start), and of those not placed.

    Of a leg that is not placed, person, start and end (shape (n, 3)) say when it would have been.

    Parameters
    ----------
    organisation, office, replication
        Of the design, its horizon and its draws.
    there : ndarray of bool, shape (people, working days)
        Who is present on which days.
    meetings : ndarray of int, shape (n, 3)
        Person, start and end of the meetings.
    """
    pilot, place = organisation.pilot, organisation.place
    share = share_away(pilot, office)
    if not share:
        return np.zeros((0, 3), dtype=np.int64), np.zeros((0, 3), dtype=np.int64)
    starts, per_day = _slots(office)
    length = ticks(LEG_HOURS, HOUR)
    hours = workload.task_hours(pilot, place) * share
    days = workload.working_days_a_year(pilot)
    rows, is_placed = [], []
    for unit, yearly in enumerate(hours.tolist()):
        members = [m for m in organisation.members("community", unit) if organisation.people[m].specialism >= 0]
        free = np.repeat(there[members], per_day, axis=1)
        for i, m in enumerate(members):
            free[i] &= ~_overlaps(starts, length, meetings[meetings[:, 0] == m])
        a_day = yearly / LEG_HOURS / days / len(members)
        wanted = []
        for m in members:
            rng = stream(pilot.run.seed, replication, f"staff/{organisation.people[m].identity}/away", place.district)
            upto = np.floor(np.arange(len(office.working_days) + 1) * a_day + rng.random()).astype(np.int64)
            n = np.diff(upto)
            day = np.repeat(np.arange(len(n)), n)
            wanted.append(day * per_day + (rng.random(len(day)) * per_day).astype(np.int64))
        member, slot, placed = _placed(wanted, free, NEAREST_DAYS * per_day)
        rows.append(np.stack([np.array(members)[member], starts[slot], starts[slot] + length], axis=1))
        is_placed.append(placed)
    legs, placed = np.concatenate(rows), np.concatenate(is_placed)
    order = np.lexsort(legs.T[1::-1])
    legs, placed = legs[order], placed[order]
    return legs[placed], legs[~placed]


def _slots(office: OfficeTime) -> tuple[Ints, int]:
    """Return the starts of all legs that fit into the openings of the office, and how many fit into a day."""
    length = ticks(LEG_HOURS, HOUR)
    openings = zip(office.hours.open.tolist(), office.hours.close.tolist(), strict=True)
    starts = np.concatenate([np.arange(a, b - length + 1, length) for a, b in openings])
    return starts, len(starts) // len(office.working_days)


def _overlaps(starts: Ints, length: int, meetings: Ints) -> Bools:
    """Return which legs overlap one of a person's meetings, which are sorted."""
    i = np.searchsorted(meetings[:, 2], starts, side="right").clip(max=max(0, len(meetings) - 1))
    if not len(meetings):
        return np.zeros(len(starts), dtype=bool)
    return np.asarray((meetings[i, 1] < starts + length) & (meetings[i, 2] > starts))


def _placed(wanted: list[Ints], free: Bools, furthest: int) -> tuple[Ints, Ints, Bools]:
    """Return member and slot of each leg, and whether it finds hours in which its member and a colleague are in.

    `wanted` holds the slots of each member's legs, which are placed in the order of time; `free` (members, slots) is
    used up. A leg that finds none has the slot that was wanted.
    """
    from sim.district.rosters import kernels  # late: Numba takes a third of a second to load

    member = np.repeat(np.arange(len(wanted)), [len(slots) for slots in wanted])
    slot = np.concatenate(wanted)
    order = np.argsort(slot, kind="stable")
    member, asked = member[order], slot[order]
    slot = asked.copy()
    kernels.place_legs(member, slot, free, free.sum(axis=0), furthest)
    return member, np.where(slot >= 0, slot, asked), slot >= 0
