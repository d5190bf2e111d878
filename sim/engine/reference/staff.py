"""Servers, their duties and their spells while the reference engine runs."""

from __future__ import annotations

from sim.engine.network import NONE, work_done


class Spell:
    """A stretch of one server's work on one step."""

    __slots__ = ("changeover", "needed", "pace", "row", "since", "spent_before", "step")

    def __init__(self, step: int, row: int, pace: int, changeover: int, needed: int) -> None:
        self.step = step
        self.row = row
        self.pace = pace
        self.changeover = changeover
        self.needed = needed
        self.spent_before = 0
        self.since = NONE  # the instant from which ticks count, -1 while suspended

    @property
    def is_running(self) -> bool:
        """Return whether its ticks count now."""
        return self.since != NONE

    def ticks_spent(self, now: int) -> int:
        """Return the ticks spent so far."""
        return self.spent_before + (now - self.since if self.is_running else 0)

    def pause(self, now: int) -> None:
        """Count no more ticks until the spell goes on."""
        self.spent_before = self.ticks_spent(now)
        self.since = NONE

    def work_done(self, now: int) -> int:
        """Return the work that would be taken off if the spell were interrupted now."""
        return work_done(max(self.ticks_spent(now) - self.changeover, 0), self.pace)


class Duty:
    """What a server serves: rank and pace by station."""

    __slots__ = ("longest", "pace", "rank", "stations")

    def __init__(self, stations: list[int], rank: list[int], pace: list[int], *, longest: bool) -> None:
        self.stations = frozenset(stations)
        self.rank = dict(zip(stations, rank, strict=True))
        self.pace = dict(zip(stations, pace, strict=True))
        self.longest = longest


class Server:
    """A member of staff."""

    __slots__ = ("changeover", "close", "duty", "id", "last_end", "site", "spell")

    def __init__(self, id_: int, changeover: int) -> None:
        self.id = id_
        self.changeover = changeover
        self.close = NONE  # of the present interval; nothing is taken at that instant
        self.duty: Duty | None = None  # none while off duty
        self.last_end = 0
        self.site = 0
        self.spell: Spell | None = None
