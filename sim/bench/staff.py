"""The members of staff of P2, for tools that have no stations with shared servers of their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sim.bench.workloads import GRIDS, SPECIALISMS, STAFF

if TYPE_CHECKING:
    from collections.abc import Container, Sequence


@dataclass
class Member:
    """A member of staff: the stations served, first choice first, and when the last service ended."""

    number: int
    stations: tuple[int, ...]
    last_end: float = 0


def staff() -> list[Member]:
    """Return the staff: member i serves A queue i mod 6, and those with a grid (0 to 17) its B queue after it."""
    grids = [(SPECIALISMS + i,) if i < GRIDS else () for i in range(STAFF)]
    return [Member(i, (i % SPECIALISMS, *grid)) for i, grid in enumerate(grids)]


@cache
def able(station: int) -> tuple[int, ...]:
    """Return the numbers of the members of staff who serve a station."""
    return tuple(member.number for member in staff() if station in member.stations)


def free_member(crew: Sequence[Member], station: int, idle: Container[int]) -> Member | None:
    """Return who takes a request: fewest stations, then longest without work, then the first; or None."""
    free = [crew[i] for i in able(station) if i in idle]
    return min(free, key=lambda m: (len(m.stations), m.last_end, m.number), default=None)
