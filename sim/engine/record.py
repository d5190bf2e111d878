"""The record that an engine returns: one row a step (`Visits`) and one row a spell (`Spells`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from sim.arrays import AnyInts
from sim.errors import sealed

INSTEAD = "a record stays as an engine returned it; an array of it can be copied"


class Outcome(IntEnum):
    """The state of a step at the horizon."""

    ABSENT = 0
    OPEN = 1
    SERVED = 2
    ABANDONED = 3
    REFUSED = 4


@sealed(INSTEAD)
@dataclass(frozen=True)
class Visits:
    """The steps, one row a step in the order of the network; instants in ticks, -1 for what did not happen.

    Instants are int64; the rest is as narrow as the network's columns of the same kind.

    `start` is that of the first spell, `server` that of the last; `done` is work done (a spell in
    progress at the horizon counts, up to what was left); `outcome` holds codes of `Outcome`.
    """

    arrival: AnyInts
    start: AnyInts
    end: AnyInts
    server: AnyInts
    done: AnyInts
    interruptions: AnyInts
    outcome: AnyInts


@sealed(INSTEAD)
@dataclass(frozen=True)
class Spells:
    """The spells, by step and then in the order in which they began; instants and ticks.

    `end` is -1 for a spell in progress at the horizon; `ticks` are those spent before the horizon,
    and `changeover` says how many of them were changeover and not work.
    """

    step: AnyInts
    server: AnyInts
    start: AnyInts
    end: AnyInts
    ticks: AnyInts
    changeover: AnyInts


class InvariantError(AssertionError):
    """A record that no run of the network can have made; the message names the invariant and the row."""
