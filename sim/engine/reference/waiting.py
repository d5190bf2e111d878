"""What waits in the reference engine: steps at stations and in halls, and steps that await a signal."""

from __future__ import annotations

from bisect import bisect_right
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from sim.draws.clock import NEVER
from sim.engine.network import NONE

if TYPE_CHECKING:
    from sim.engine.network import Calendars, Stations

Entry = tuple[int, int, int, int]  # of a step that waits: priority, arrival, request, step


class Queues:
    """The steps that wait at each station, in the order (priority, arrival, request)."""

    __slots__ = ("_hall", "_heaps", "_steps", "in_hall", "length", "occupied")

    def __init__(self, stations: Stations, n_halls: int) -> None:
        self._hall: list[int] = stations.hall.tolist()
        self._heaps: list[list[Entry]] = [[] for _ in self._hall]
        self._steps: set[int] = set()
        self.length = [0] * len(self._hall)
        self.in_hall = [0] * n_halls
        self.occupied: set[int] = set()

    def __contains__(self, step: int) -> bool:
        return step in self._steps

    def add(self, station: int, entry: Entry) -> None:
        """Add the entry of a step to those that wait at its station."""
        heappush(self._heaps[station], entry)
        self._steps.add(entry[3])
        self.length[station] += 1
        self.occupied.add(station)
        if self._hall[station] != NONE:
            self.in_hall[self._hall[station]] += 1

    def remove(self, station: int, step: int) -> None:
        """Remove a step from those that wait at its station; its entry stays in the heap until it comes to the top."""
        self._steps.remove(step)
        self.length[station] -= 1
        if not self.length[station]:
            self.occupied.remove(station)
        if self._hall[station] != NONE:
            self.in_hall[self._hall[station]] -= 1

    def head(self, station: int) -> Entry:
        """Return the entry of the first step of an occupied station."""
        heap = self._heaps[station]
        while heap[0][3] not in self._steps:
            heappop(heap)
        return heap[0]

    def is_full(self, station: int, room: list[int]) -> bool:
        """Return whether the station is in a hall, and as many steps wait there as it has room for (`room` by hall)."""
        hall = self._hall[station]
        return hall != NONE and self.in_hall[hall] >= room[hall]


class Signals:
    """Emissions counted by signal, and the steps that await one of them."""

    __slots__ = ("_awaiting", "_emitted")

    def __init__(self) -> None:
        self._emitted: dict[int, int] = {}
        self._awaiting: dict[int, list[tuple[int, int]]] = {}

    def add(self, signal: int, count: int, step: int) -> None:
        """Add a step that awaits the `count`-th emission from now on."""
        due = self._emitted.get(signal, 0) + count
        heappush(self._awaiting.setdefault(signal, []), (due, step))

    def emit(self, signal: int) -> list[int]:
        """Count an emission and return the steps that awaited it (those that left in between too)."""
        emitted = self._emitted[signal] = self._emitted.get(signal, 0) + 1
        awaiting = self._awaiting.get(signal, [])
        due = []
        while awaiting and awaiting[0][0] == emitted:
            due.append(heappop(awaiting)[1])
        return due


class OpenTime:
    """The calendars of a network, for one instant at a time."""

    __slots__ = ("_calendars",)

    def __init__(self, calendars: Calendars) -> None:
        self._calendars = []
        for a, b in zip(calendars.first[:-1], calendars.first[1:], strict=True):
            opens, closes = calendars.open[a:b].tolist(), calendars.close[a:b].tolist()
            before = [0]
            for start, end in zip(opens, closes, strict=True):
                before.append(before[-1] + end - start)
            self._calendars.append((opens, closes, before))

    def after(self, instant: int, amount: int, calendar: int) -> int:
        """Return After(instant, amount, calendar) of the engine contract."""
        if calendar == NONE or instant == NEVER:
            return instant if instant == NEVER else instant + amount
        opens, closes, before = self._calendars[calendar]
        i = bisect_right(opens, instant) - 1
        if i >= 0:
            amount += before[i] + min(instant, closes[i]) - opens[i]
        j = bisect_right(before, amount) - 1
        return int(opens[j] + amount - before[j]) if j < len(opens) else NEVER
