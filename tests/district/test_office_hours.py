import datetime as dt

import numpy as np
from setups.district import office, pilot

from sim.district import office_hours as office_module
from sim.district.office_hours import OfficeTime
from sim.draws.clock import DAY, HOUR, MINUTE, WEEK

CALENDAR = pilot().district.calendar
STRUCTURE = pilot().structure
YEAR = OfficeTime.from_calendar(CALENDAR, 52)


def day_number(year, month, day):
    return (dt.date(year, month, day) - dt.date(2011, 1, 3)).days


def at(year, month, day, hour=0, minute=0):
    """Return the tick of a moment, with Monday 3 January 2011, 0:00, as tick 0."""
    return day_number(year, month, day) * DAY + hour * HOUR + minute * MINUTE


def test_a_year_has_249_working_days():
    # 52 x 5 weekdays, less 16 of the public holidays, and 5 weekends worked in exchange.
    assert len(YEAR.working_days) == 260 - 16 + 5 == 249
    assert YEAR.hours.total == 249 * 7.5 * HOUR
    assert YEAR.day_ticks == 7.5 * HOUR
    assert office_module.office_hours_a_day(CALENDAR) == 7.5


def test_the_office_is_shut_on_holidays_and_open_on_the_weekends_worked_for_them():
    working = set(YEAR.working_days.tolist())
    assert day_number(2011, 1, 3) not in working  # the day after New Year, on which the year of the model begins
    assert day_number(2011, 1, 4) in working
    assert day_number(2011, 10, 3) not in working
    assert day_number(2011, 10, 8) in working  # a Saturday
    assert day_number(2011, 1, 30) in working  # a Sunday
    assert day_number(2011, 1, 29) not in working


def test_hours_of_an_ordinary_day_with_the_break_at_noon():
    tuesday = YEAR.hours.clipped(at(2011, 1, 4), at(2011, 1, 5))
    assert tuesday.open.tolist() == [at(2011, 1, 4, 8, 30), at(2011, 1, 4, 14)]
    assert tuesday.close.tolist() == [at(2011, 1, 4, 12), at(2011, 1, 4, 18)]


def test_closings_are_the_instants_of_closing_before_noon_and_in_the_evening():
    assert np.array_equal(YEAR.closings.open, YEAR.hours.close)
    assert YEAR.closings.total == 2 * 249


def test_the_first_opening_and_the_last_closing_of_each_working_day():
    assert YEAR.day_opens()[0] == at(2011, 1, 4, 8, 30)
    assert YEAR.day_closes()[0] == at(2011, 1, 4, 18)
    assert np.array_equal(YEAR.day_closes() - YEAR.day_opens(), np.full(249, 9.5 * HOUR))


def test_three_quarters_of_a_working_day_from_four_in_the_afternoon_is_the_next_morning():
    # 0.75 x 7.5 h = 5 h 37.5 min: 2 h until closing, then 3 h 30 min until noon, then 7.5 min after 14:00.
    after = YEAR.hours.after(at(2011, 1, 4, 16), round(0.75 * YEAR.day_ticks))
    assert after == at(2011, 1, 5, 14, 7) + MINUTE // 2


def test_the_weekly_gate_is_tuesday_at_nine_or_the_next_working_day():
    gate = YEAR.weekly_gate(STRUCTURE)
    assert gate.total == len(gate.open) == 52
    ordinary = at(2011, 3, 8, 9)
    assert ordinary in gate.open
    # Tuesday 8 February is a holiday: the batch goes on Wednesday.
    assert at(2011, 2, 8, 9) not in gate.open
    assert at(2011, 2, 9, 9) in gate.open


def test_a_week_of_holidays_hands_its_batch_to_the_next_working_day():
    # From 3 to 7 October the office is shut; it is open on Saturday the 8th in exchange.
    gate = YEAR.weekly_gate(STRUCTURE)
    assert at(2011, 10, 8, 9) in gate.open
    assert gate.contains(np.arange(at(2011, 10, 3), at(2011, 10, 8), HOUR)).sum() == 0


def test_the_monthly_gate_is_the_fifth_or_the_next_working_day():
    gate = YEAR.monthly_gate(STRUCTURE)
    assert len(gate.open) == 12
    assert gate.open[0] == at(2011, 1, 5, 9)  # a Wednesday
    assert at(2011, 3, 7, 9) in gate.open  # the 5th is a Saturday
    assert at(2011, 2, 9, 9) in gate.open  # the 5th is a Saturday, and Monday and Tuesday are holidays
    assert at(2011, 10, 8, 9) in gate.open


def test_months_start_on_their_first_working_day():
    starts = [YEAR.date(YEAR.day_opens()[i]) for i in YEAR.month_starts()]
    assert starts[0] == dt.date(2011, 2, 1)  # no January: the model's year begins on the 3rd
    assert dt.date(2011, 5, 3) in starts  # 1 May is a Sunday, and Monday a holiday
    assert dt.date(2011, 10, 8) in starts
    assert len(starts) == 11


def test_a_second_year_repeats_the_first_with_twelve_months():
    two = OfficeTime.from_calendar(CALENDAR, 104)
    assert np.array_equal(two.working_days, np.concatenate([YEAR.working_days, YEAR.working_days + 364]))
    later = two.working_days[two.month_starts()] >= 364
    assert later.sum() == 12
    gate = two.monthly_gate(STRUCTURE)
    assert (gate.open >= 52 * WEEK).sum() == 12


def test_a_short_horizon_is_the_beginning_of_a_long_one():
    three = OfficeTime.from_calendar(CALENDAR, 3)
    assert three.weeks == 3
    assert three.hours.total == 14 * 7.5 * HOUR  # 15 weekdays less one holiday
    part = YEAR.hours.clipped(0, 3 * WEEK)
    assert np.array_equal(three.hours.open, part.open)
    assert np.array_equal(three.hours.close, part.close)


def test_another_district_may_open_once_a_day():
    mornings = office(
        pilot("four_level", 'district.calendar.hours=[{open: "09:00", close: "12:00"}]', "run.measured_weeks=1")
    )
    assert mornings.day_ticks == 3 * HOUR
    assert mornings.day_closes()[0] - mornings.day_opens()[0] == 3 * HOUR


def test_dates_of_ticks():
    assert YEAR.date(0) == dt.date(2011, 1, 3)
    assert YEAR.date(at(2011, 10, 8, 23, 59)) == dt.date(2011, 10, 8)
