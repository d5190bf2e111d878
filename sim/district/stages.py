"""The steps of an itinerary: where each is served, what kind of work it is, and what comes before and after it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sim.config import Group, Level


class Desk(IntEnum):
    """Where at a unit a step is served."""

    NOWHERE = 0
    FRONT = 1
    FILES = 2
    FIELD = 3
    PATROL = 4
    HOME = 5
    TASKS = 6


class Kind(IntEnum):
    """Kinds of work, as the staff's time is told."""

    FRONT = 0
    FILES = 1
    FIELD = 2
    RELAY = 3
    PATROL = 4
    HOME = 5
    TASKS = 6
    OWN = 7
    OUTSIDE = 8
    DOOR = 9


KIND_NAMES = {
    Kind.FRONT: "front desk",
    Kind.FILES: "files",
    Kind.FIELD: "field checks",
    Kind.RELAY: "relaying files",
    Kind.PATROL: "patrols",
    Kind.HOME: "home visits",
    Kind.TASKS: "work from above",
    Kind.OWN: "own work",
    Kind.OUTSIDE: "outside",
    Kind.DOOR: "residents' homes",
}


class Presence(IntEnum):
    """Whether the resident is there while a step waits."""

    ABSENT = 0
    IN_PERSON = 1
    ON_THE_PHONE = 2
    AT_HOME = 3  # staff come; nobody waits in a queue


WAITS = (Presence.IN_PERSON, Presence.ON_THE_PHONE)


class Way(IntEnum):
    """How a resident's counter matter is brought to the community."""

    OFFICE = 0
    PHONE = 1  # the signboard names the grid manager, and the matter needs no papers
    DOOR = 2  # staff do at home what is else done at the counter
    AGENCY = 3  # the grid manager fetches the papers and carries the file


class Lag(IntEnum):
    """How a lag is made: office time of a given length, or drawn for the request."""

    NONE = 0
    WORKING_DAYS = 1
    NEXT_DAY = 2  # uniform over one working day of office time: the resident comes when it suits
    PAPERS = 3  # until the resident is back with the missing papers


class Stage(NamedTuple):
    """One step of an itinerary.

    Attributes
    ----------
    activity, attempt : str, int
        Name the uniform that its work is drawn with.
    again : int
        Which try of the resident it is: 0 for the first.
    minutes, cv, parts : float, float, int
        Law of the whole activity's touch time and the number of equal legs that it comes in.
    wrong : bool
        Whether it is looked at by a desk that it does not belong to.
    lag, lag_days, gate : Lag, float, str
        What passes before it arrives.
    trip, hand_over : bool
        Whether a new trip of the resident, or a change of unit, ends with its arrival.
    stops_clock : bool
        Whether the lag before it is the resident's own (missing papers).
    next, leave : int or None
        How many stages on the request goes when it was served, or when it left; None: nowhere.
    """

    activity: str
    kind: Kind
    level: Level = "community"
    section: Group = "public_service"
    desk: Desk = Desk.NOWHERE
    attempt: int = 0
    again: int = 0
    minutes: float = 0.0
    cv: float = 0.0
    parts: int = 1
    wrong: bool = False
    presence: Presence = Presence.ABSENT
    lag: Lag = Lag.NONE
    lag_days: float = 0.0
    gate: str = "none"
    trip: bool = False
    hand_over: bool = False
    stops_clock: bool = False
    signal: bool = False
    next: int | None = 1
    leave: int | None = None


@dataclass(frozen=True)
class Luck:
    """What was drawn for a request before any design: its itinerary depends on nothing else.

    Attributes
    ----------
    active : tuple of bool
        For each activity of the procedure, whether this request needs it.
    incomplete : tuple of str
        For each time that papers were missing, where it was found: `desk` or `review`.
    rework : frozenset of (activity, attempt)
        Reviews that have to be done again.
    returns : bool
        Whether the resident comes again after giving up or being sent away.
    settled : bool
        Whether a patrol that sees the issue settles it on the spot.
    way : Way
        How a counter matter is brought to the community.
    named_contact : bool
        Whether its file travels by named contact.
    delegated : frozenset of str
        Reviews that are delegated to the community.
    """

    active: tuple[bool, ...]
    misrouted: bool = False
    incomplete: tuple[str, ...] = ()
    rework: frozenset[tuple[str, int]] = frozenset()
    returns: bool = True
    settled: bool = False
    way: Way = Way.OFFICE
    named_contact: bool = False
    delegated: frozenset[str] = frozenset()


MAX_INCOMPLETE = 2  # papers may be missing twice; a third time would change no mean by 1 %
