"""The calendars of a district's network: office hours, gates, due days, and when stations are attended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.district.stages import Desk
from sim.draws.clock import DAY, WEEK, Calendar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.arrays import Bools, Ints
    from sim.config import Structure
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation

OFFICE, CLOSINGS, WEEKLY, MONTHLY, FIRST_DUE = range(5)
"""Calendar ids; from `FIRST_DUE` on, one a working day: all time from its end on."""


@dataclass(frozen=True)
class Attended:
    """When somebody attends each station, as calendars of the network.

    Attributes
    ----------
    hours, shuts : ndarray of int, shape (stations,)
        Calendar ids: the opening hours of the days on which somebody attends it, and the closings with the days on
        which nobody does. `OFFICE` and `CLOSINGS` where somebody always does.
    patterns : ndarray of bool, shape (patterns, working days)
        The different sets of days that occur, but for all days.
    """

    hours: Ints
    shuts: Ints
    patterns: Bools

    @property
    def some_absent(self) -> bool:
        """Return whether any station is unattended on any day."""
        return len(self.patterns) > 0

    @classmethod
    def from_days(cls, attended: Bools) -> Attended:
        """Return it from the days on which each station is attended (shape (stations, working days))."""
        # packed, eight days to a byte, the rows are in the same order and sorted sooner
        packed = np.packbits(attended, axis=1)
        _, example, pattern = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        patterns = attended[example]
        full = patterns.all(axis=1)
        number = np.cumsum(~full) - 1
        first = FIRST_DUE + attended.shape[1]
        hours = np.where(full, OFFICE, first + 2 * number)
        shuts = np.where(full, CLOSINGS, first + 2 * number + 1)
        pattern = pattern.ravel()
        return cls(hours[pattern], shuts[pattern], patterns[~full])


def due(office: OfficeTime, released: Ints, days: int) -> Ints:
    """Return the calendar of the end of the working day on which work falls due; -1: after the horizon."""
    day = np.searchsorted(office.working_days, released // DAY) + days
    return np.where(day < len(office.working_days), FIRST_DUE + day, -1)


def calendars(office: OfficeTime, structure: Structure, attended: Attended) -> list[Calendar]:
    """Return all calendars, in the order of their ids."""
    horizon = office.weeks * WEEK
    result = [office.hours, office.closings, office.weekly_gate(structure), office.monthly_gate(structure)]
    result += [
        Calendar(np.array([close]), np.array([max(horizon, close + 1)])) for close in office.day_closes().tolist()
    ]
    opens, closes = office.hours.open, office.hours.close
    next_open = np.append(opens[1:], closes[-1:] + 1)
    for days in attended.patterns:
        there = np.repeat(days, office.sessions_a_day)
        result.append(Calendar(opens[there], closes[there]))
        # a day on which nobody comes is shut from its opening to its close, at noon too; else only the closings are
        until = np.where(
            np.arange(len(opens)) % office.sessions_a_day < office.sessions_a_day - 1, next_open, closes + 1
        )
        result.append(Calendar(np.where(there, closes, opens), np.where(there, closes + 1, until)))
    return result


def attended_days(
    organisation: Organisation, office: OfficeTime, duty: Ints, opened: Ints, duties: Mapping[str, Ints]
) -> Bools:
    """Return whether somebody is on duty for each station, day by day (shape (stations, working days)).

    Only queues of residents who wait are looked at: nobody waits for anything else in person or on the phone.

    Parameters
    ----------
    organisation, office
        Of the design and its horizon.
    duty, opened : ndarray of int, shape (intervals,)
        The duty of each interval of the rosters, and when it opens (ticks).
    duties : dict of str -> ndarray of int
        The columns of the duties.
    """
    n_days = len(office.working_days)
    pairs = np.unique(duty * n_days + np.searchsorted(office.working_days, opened // DAY))
    size = np.diff(duties["first"])
    of_duty, on = pairs // n_days, pairs % n_days
    ends = np.cumsum(size[of_duty])
    within = np.arange(size[of_duty].sum()) - np.repeat(ends - size[of_duty], size[of_duty])
    line = np.repeat(duties["first"][of_duty], size[of_duty]) + within
    attended = np.zeros((len(organisation.stations), n_days), dtype=bool)
    attended[duties["station"][line], np.repeat(on, size[of_duty])] = True
    attended[[station.desk not in (Desk.FRONT, Desk.PHONE) for station in organisation.stations]] = True
    return attended
