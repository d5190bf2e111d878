"""Office time: working days, opening hours, closings and gates of a district over a horizon."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.draws.clock import DAY, MINUTE, Calendar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.arrays import Ints
    from sim.config import OfficeCalendar, Structure

WEEKS_A_YEAR = 52
DAYS_A_YEAR = 7 * WEEKS_A_YEAR


@dataclass(frozen=True)
class OfficeTime:
    """Working days and office hours from tick 0 on; a year of 52 weeks repeats.

    Attributes
    ----------
    first_monday : datetime.date
        The date of tick 0.
    working_days : ndarray of int, shape (n,)
        Day numbers on which the offices open.
    hours : Calendar
        The opening hours.
    closings : Calendar
        The instants at which the office closes, as intervals of one tick.
    day_ticks : int
        Office ticks in one working day.
    weeks : int
        Length covered, in weeks.
    sessions_a_day : int
        Openings of the office on one working day.
    """

    first_monday: dt.date
    working_days: Ints
    hours: Calendar
    closings: Calendar
    day_ticks: int
    weeks: int
    sessions_a_day: int

    @classmethod
    def from_calendar(cls, config: OfficeCalendar, weeks: int) -> OfficeTime:
        """Return the office time of a configured calendar over a number of weeks."""
        working = year_of_working_days(config)
        days = np.flatnonzero(np.tile(working, -(-weeks // WEEKS_A_YEAR))[: 7 * weeks])
        sessions = np.array([hours.minutes for hours in config.hours], dtype=np.int64) * MINUTE
        opens = (days[:, None] * DAY + sessions[None, :, 0]).ravel()
        closes = (days[:, None] * DAY + sessions[None, :, 1]).ravel()
        return cls(
            first_monday=config.first_monday,
            working_days=days,
            hours=Calendar(opens, closes),
            closings=Calendar(closes, closes + 1),
            day_ticks=int((sessions[:, 1] - sessions[:, 0]).sum()),
            weeks=weeks,
            sessions_a_day=len(sessions),
        )

    def date(self, tick: int) -> dt.date:
        """Return the date of a tick, counted from the first Monday; it goes on after the simulated year of 52 weeks."""
        return self.first_monday + dt.timedelta(days=int(tick // DAY))

    def day_opens(self) -> Ints:
        """Return the first opening of each working day (ticks, shape of `working_days`)."""
        return self.hours.open[:: self.sessions_a_day]

    def day_closes(self) -> Ints:
        """Return the last closing of each working day (ticks, shape of `working_days`)."""
        return self.hours.close[self.sessions_a_day - 1 :: self.sessions_a_day]

    @property
    def longest_day(self) -> int:
        """Return the ticks from the first opening of a working day to its last closing, where that is longest."""
        return int((self.day_closes() - self.day_opens()).max(initial=0))

    def month_starts(self) -> Ints:
        """Return the positions in `working_days` of the first working day of each month."""
        return self._first_from_day_of_month(1)

    def weekly_gate(self, structure: Structure) -> Calendar:
        """Return the instants of the weekly batch: one weekday, or the next working day, at its time."""
        wanted = np.arange(self.weeks) * 7 + structure.weekly_gate_weekday - 1
        first = np.searchsorted(self.working_days, wanted)
        return self._instants(np.unique(first[first < len(self.working_days)]), structure.weekly_gate_time)

    def monthly_gate(self, structure: Structure) -> Calendar:
        """Return the instants of the monthly batch: its day of the month, or the next working day."""
        days = self._first_from_day_of_month(structure.monthly_gate_day)
        return self._instants(days, structure.weekly_gate_time)

    def _first_from_day_of_month(self, day: int) -> Ints:
        """Return the positions of the first working day on or after a day of each month."""
        dates = np.datetime64(self.first_monday) + np.arange(7 * self.weeks) % DAYS_A_YEAR
        wanted = np.flatnonzero(dates - dates.astype("datetime64[M]") == np.timedelta64(day - 1, "D"))
        first = np.searchsorted(self.working_days, wanted)
        return np.unique(first[first < len(self.working_days)])

    def _instants(self, positions: Ints, time: str) -> Calendar:
        """Return the calendar of one moment on each of these working days."""
        hour, minute = (int(part) for part in time.split(":"))
        at = self.working_days[positions] * DAY + (hour * 60 + minute) * MINUTE
        return Calendar(at, at + 1)


def year_of_working_days(config: OfficeCalendar) -> NDArray[np.bool_]:
    """Return which of the 364 days of the simulated year are working days (shape (364,))."""
    working = np.arange(DAYS_A_YEAR) % 7 < 5
    for dates, value in ((config.holidays, False), (config.working_weekends, True)):
        for date in dates:
            working[(date - config.first_monday).days % DAYS_A_YEAR] = value
    return working


def office_hours_a_day(config: OfficeCalendar) -> float:
    """Return the office hours of a working day."""
    return sum(hours.minutes[1] - hours.minutes[0] for hours in config.hours) / 60
