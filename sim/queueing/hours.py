"""Hours in a YAML network: their schema, and the calendar that they stand for up to a horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sim.draws.clock import DAY, MINUTE, WEEK, Calendar
from sim.draws.laws import Frozen, Law, NonNegative, Positive
from sim.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.arrays import Ints

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LONGEST = 2**45
"""Of a time, in ticks: a thousand years; at the slowest pace it is below what an engine adds up."""

Name = Annotated[str, Field(strict=True, max_length=100)]


def _minutes(clock: str) -> int:
    """Return a clock time HH:MM as minutes after midnight, up to 24:00."""
    hours, colon, minutes = clock.strip().partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit() and len(minutes) == 2):
        raise RuleError("be HH:MM or HH:MM-HH:MM", clock)
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > 24 * 60:
        raise RuleError("be a time from 00:00 to 24:00", clock)
    return total


def _clock_hours(given: Any) -> Any:
    """Turn HH:MM-HH:MM into two ticks after midnight, and HH:MM into the one tick of that moment."""
    if isinstance(given, int):
        raise RuleError("be HH:MM in quotes (YAML reads 17:00 as a number)", f"{given}")
    if not isinstance(given, str):
        raise RuleError("be HH:MM or HH:MM-HH:MM", f"{given}")
    opens, dash, closes = given.partition("-")
    start = _minutes(opens) * MINUTE
    if not dash:
        return (start, start + 1)
    end = _minutes(closes) * MINUTE
    if end <= start:
        raise RuleError("close after it opens", f"{given}")
    return (start, end)


def _weekdays(key: str) -> str:
    """Raise unless a key is a weekday, a span or a list of weekdays."""
    days_of(key)
    return key


def days_of(key: str) -> list[int]:
    """Return the days that a key names: `mon`, `mon-fri` or `mon,wed` (0: Monday)."""
    days: list[int] = []
    for part in key.split(","):
        first, _, last = part.strip().partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            raise RuleError("be days such as mon, mon-fri or mon,wed", key)
        span = range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)
        if not span:
            raise RuleError("be days from Monday to Sunday in order", key)
        days.extend(span)
    return days


OfADay = Annotated[int, Field(ge=0, le=DAY + 1)]
ClockHours = Annotated[tuple[OfADay, OfADay], BeforeValidator(_clock_hours)]
Days = Annotated[Name, AfterValidator(_weekdays)]


class Interval(Frozen):
    """An interval [open, close) in the time unit; YAML writes it as a pair."""

    open: NonNegative
    close: Positive

    @model_validator(mode="before")
    @classmethod
    def _pair(cls, given: Any) -> Any:
        if isinstance(given, list | tuple):
            if len(given) != 2:
                raise RuleError("be a pair of opening and closing", f"{len(given)} entries")
            return {"open": given[0], "close": given[1]}
        return given

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.close <= self.open:
            raise RuleError("close after it opens", f"{self.open:g} to {self.close:g}")
        return self


class Alternating(Frozen):
    """Random open and shut periods in turn, open at first."""

    open: Law
    shut: Law

    @model_validator(mode="after")
    def _time_passes(self) -> Self:
        if self.open.mean <= 0:
            raise RuleError("have a mean above 0", f"{self.open.mean:g}", at="open")
        return self


class Hours(Frozen):
    """When something is open: a calendar's name, hours of the week, intervals, instants or random periods."""

    calendar: Name | None = None
    weekly: dict[Days, tuple[ClockHours, ...]] | None = None
    intervals: tuple[Interval, ...] | None = None
    instants: tuple[NonNegative, ...] | None = None
    alternating: Alternating | None = None
    every: Positive | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = ("calendar", "weekly", "intervals", "instants", "alternating")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            raise RuleError(f"have exactly one of {', '.join(kinds)}", f"{' and '.join(given) or 'none'}")
        if self.every is not None:
            if given[0] not in ("intervals", "instants"):
                raise RuleError(f"be left out of {given[0]} hours", f"{self.every:g}", at="every")
            last = max([0.0, *(i.close for i in self.intervals or ()), *(self.instants or ())])
            if last > self.every or (self.instants and last == self.every):
                raise RuleError(f"be at least the last time in the period ({last:g})", f"{self.every:g}", at="every")
        return self


def _hours(given: Any) -> Any:
    """Spell out a calendar's name."""
    return {"calendar": given} if isinstance(given, str) else given


HoursOf = Annotated[Hours, BeforeValidator(_hours)]


def calendar_of(hours: Hours, unit: int, end: int, draw: Callable[[str], np.random.Generator]) -> Calendar:
    """Return the calendar of hours that are not just a name, with every interval that opens before `end`.

    Parameters
    ----------
    hours : Hours
        Weekly, explicit or random hours; explicit ones repeat if they have a period.
    unit : int
        Ticks in the time unit.
    end : int
        In ticks.
    draw : callable
        The generator of a purpose, for random hours.

    Returns
    -------
    Calendar
        Sorted by opening.

    Raises
    ------
    ValueError
        If intervals overlap.
    """
    if hours.alternating is not None:
        return _alternating(hours.alternating, unit, end, draw)
    if hours.weekly is not None:
        pairs = [
            (day * DAY + start, day * DAY + close)
            for key, spans in hours.weekly.items()
            for day in days_of(key)
            for start, close in spans
        ]
        period = WEEK
    else:
        pairs = [(round(i.open * unit), round(i.close * unit)) for i in hours.intervals or ()]
        pairs += [(round(at * unit), round(at * unit) + 1) for at in hours.instants or ()]
        period = round(hours.every * unit) if hours.every is not None else 0
        if hours.every is not None and not period:
            raise RuleError("be at least a tick (a millisecond)", f"{hours.every:g}", at="every")
    table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    repeats = -(-end // period) if period else 1
    shift = period * np.arange(repeats, dtype=np.int64)[:, None]
    opens, closes = (shift + table[:, 0]).ravel(), (shift + table[:, 1]).ravel()
    check_apart(opens, closes, unit)
    soon = opens < end
    return Calendar(opens[soon], closes[soon])


def check_apart(opens: Ints, closes: Ints, unit: int) -> None:
    """Raise if two of some sorted intervals overlap."""
    overlap = opens[1:] < closes[:-1]
    if overlap.any():
        i = int(np.argmax(overlap))
        first, second = (f"{opens[j] / unit:g} to {closes[j] / unit:g}" for j in (i, i + 1))
        raise RuleError("not overlap", f"{first} and {second}")


def _alternating(periods: Alternating, unit: int, end: int, draw: Callable[[str], np.random.Generator]) -> Calendar:
    """Return random open and shut periods in turn, up to the first that begins after `end`."""
    rng_open, rng_shut = draw("open"), draw("shut")
    last, opens, closes = 0, [], []
    while last < end:
        lengths = [
            np.minimum(np.rint(law.inverse(rng.random(1024)) * unit), LONGEST).astype(np.int64)
            for law, rng in ((periods.open, rng_open), (periods.shut, rng_shut))
        ]
        turns = last + np.cumsum(np.stack(lengths, axis=1).ravel())
        opens.append(np.concatenate([[last], turns[1:-1:2]]))
        closes.append(turns[::2])
        last = int(turns[-1])
    starts, ends = np.concatenate(opens), np.concatenate(closes)
    keep = (starts < end) & (starts < ends)
    return Calendar(starts[keep], ends[keep])
