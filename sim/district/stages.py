"""What an itinerary is made of: its stages, where each is served, and what was drawn for the case."""

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
    DUE = 7  # where a piece of work goes when it falls due
    PHONE = 8
    ASSEMBLY = 9  # where a community sits down with its residents


class Kind(IntEnum):
    """Kinds of work, as the measures of staff time distinguish them."""

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
    SELF_GOVERNMENT = 10


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
    Kind.SELF_GOVERNMENT: "self-government",
}


class Presence(IntEnum):
    """Whether the resident is there while a step waits."""

    ABSENT = 0
    IN_PERSON = 1
    ON_THE_PHONE = 2
    AT_HOME = 3  # staff come; the resident waits in no queue


WAITS = (Presence.IN_PERSON, Presence.ON_THE_PHONE)


class Access(IntEnum):
    """How a resident's counter matter is brought to the community."""

    OFFICE = 0  # the resident comes to the counter
    PHONE = 1  # the signboard names the grid manager, and the matter needs no papers
    DOOR = 2  # staff come to the resident's home and do there what is otherwise done at the counter
    AGENCY = 3  # the grid manager fetches the papers and carries the file


class Lag(IntEnum):
    """What passes before a step arrives: nothing, office time of a given length, or a time drawn for the request."""

    NONE = 0
    WORKING_DAYS = 1
    NEXT_DAY = 2  # uniform over one working day of office time: the resident comes when it suits
    PAPERS = 3  # until the resident is back with the missing papers


# Activities that the model adds to those of a procedure. Their names are part of the keys of random draws: another name
# would draw other numbers.
AWAIT = "await"
WRONG_DESK = "wrong desk"
ASK_FOR_PAPERS = "ask for papers"
TELL = "tell"
POST_IN = "post in"
COLLECT = "collect"
FETCH_PAPERS = "fetch papers"
DELIVER = "deliver"


def relay_at(level: Level) -> str:
    """Return the activity of relaying a file at a level that it passes through."""
    return f"relay {level}"


_REWORK_DRAW = 10  # a rework draws as this much later an attempt would; no attempt goes so far


class Stage(NamedTuple):
    """One step of an itinerary.

    Attributes
    ----------
    activity : str
        Its name: the procedure's own, or one of those that the model adds.
    attempt : int
        How often papers had been missing before it, or its number among several of one name: each has draws of its own.
    rework : int
        0: none; 1: a review done again, or a relay on the way; 2: what is put right for it, at the step before.
    retry : int
        How often the resident has tried before: 0 for the first try.
    minutes, cv : float
        Mean and coefficient of variation of the touch time of the whole activity.
    legs : int
        Equal parts that the activity is cut into, each a stage like this one.
    at_wrong_desk : bool
        Whether a desk looks at it that it does not belong to.
    lag, lag_days, lag_cv, gate : Lag, float, float, str
        What passes before it arrives: a lag, of a mean and a coefficient of variation, then the wait for a gate.
    trip, hand_over : bool
        Whether a new trip of the resident, or a change of unit, ends with its arrival.
    stops_clock : bool
        Whether the limit does not count the lag before it (the resident looks for papers, a card is printed).
    awaits_patrol : bool
        Whether a latent issue lies there until a patrol sees it or a resident reports it.
    next, leave : int or None
        How many stages further the request goes after service, or after leaving; None: it ends here.
    """

    activity: str
    kind: Kind
    level: Level = "community"
    section: Group = "public_service"
    desk: Desk = Desk.NOWHERE
    attempt: int = 0
    rework: int = 0
    retry: int = 0
    minutes: float = 0.0
    cv: float = 0.0
    legs: int = 1
    at_wrong_desk: bool = False
    presence: Presence = Presence.ABSENT
    lag: Lag = Lag.NONE
    lag_days: float = 0.0
    lag_cv: float = 0.0
    gate: str = "none"
    trip: bool = False
    hand_over: bool = False
    stops_clock: bool = False
    awaits_patrol: bool = False
    next: int | None = 1
    leave: int | None = None

    def continued(self) -> Stage:
        """Return the stage as one that begins where and when the stage before it ends: no lag, trip or hand-over."""
        return self._replace(
            lag=Lag.NONE, lag_days=0.0, lag_cv=0.0, gate="none", trip=False, hand_over=False, stops_clock=False
        )  # fmt: skip

    @property
    def work_purpose(self) -> str:
        """Return the purpose of the draw of its work: the same however often the resident tries."""
        return f"{self.activity}/{self.attempt + _REWORK_DRAW * self.rework}"

    @property
    def try_purpose(self) -> str:
        """Return the beginning of the purposes of its other draws: one for each try."""
        return f"{self.activity}/{self.attempt + _REWORK_DRAW * self.rework}/{self.retry}"


@dataclass(frozen=True)
class CaseDraw:
    """What was drawn for a request before any design: its itinerary under a design depends on nothing else.

    Attributes
    ----------
    active : tuple of bool
        For each activity of the procedure, whether this request needs it.
    misrouted : bool
        Whether it first comes to a desk that it does not belong to.
    incomplete : tuple of str
        For each time that papers were missing, where it was found: `desk` or `review`.
    rework : frozenset of (activity, attempt)
        Reviews that have to be done again.
    returns : bool
        Whether the resident comes again after giving up or being sent away.
    settled : bool
        Whether a patrol that sees the issue settles it on the spot.
    access : Access
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
    access: Access = Access.OFFICE
    named_contact: bool = False
    delegated: frozenset[str] = frozenset()


MAX_INCOMPLETE = 2  # papers may be missing twice; a third time would change no mean by 1 %
