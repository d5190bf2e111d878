"""What a request goes through under a structure: the steps of one kind of request with one kind of luck.

An itinerary knows levels and sections but no unit and no person; requests that share one are laid out
together (`assemble`), and the expected hours of work are summed over all of them (`workload`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from sim.demand import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.config import Activity, Archetype, Group, Level, Pilot


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


@dataclass
class _Writer:
    """An itinerary being written: the stages so far and where the file is."""

    pilot: Pilot
    archetype: Archetype
    luck: Luck
    presence: Presence
    stages: list[Stage] = field(default_factory=list)
    level: Level = "community"
    misrouting_due: bool = False
    file_moved: bool = False

    # -- elements

    def add(self, stage: Stage) -> None:
        """Append a stage that goes on to the one after it."""
        self.stages.append(stage)

    def front(self, stage: Stage) -> None:
        """Append a stage with the resident present, with as many tries as the resident makes."""
        self.stages += _tries(stage, self.pilot.demand.tries if self.luck.returns and stage.presence in WAITS else 1)

    def travel(self, target: Level) -> Stage:
        """Append the relays between here and a level; return the lag and hand-over of the arrival there."""
        levels = self.pilot.structure.levels
        here, there = levels.index(self.level), levels.index(target)
        arrival = self._hop(target)
        if here == there:
            return arrival._replace(lag=Lag.NONE, lag_days=0.0, hand_over=False)
        step = 1 if there > here else -1
        if self.misrouting_due and step > 0:
            self.misrouting_due = False
            procedures = self.pilot.procedures
            self.add(self._relay(levels[here + step])._replace(
                activity="wrong desk", attempt=0, wrong=True, minutes=procedures.wrong_desk_minutes,
                cv=procedures.desk_cv,
            ))  # fmt: skip
        for position in range(here + step, there, step):
            self.add(self._relay(levels[position]))
        self.level = target
        self.file_moved = True
        return arrival

    def _hop(self, level: Level) -> Stage:
        """Return the beginnings of a stage that a file reaches by a transfer."""
        structure = self.pilot.structure
        contact = self.luck.named_contact
        days = structure.named_contact_working_days if contact else structure.transfer_working_days
        return Stage("", Kind.FILES, level=level, desk=Desk.FILES, lag=Lag.WORKING_DAYS, lag_days=days, hand_over=True)

    def _relay(self, level: Level) -> Stage:
        """Return the relaying of a file by a clerk of a level between."""
        minutes = self.pilot.structure.relay_minutes
        return self._hop(level)._replace(
            activity=f"relay {level}", kind=Kind.RELAY, section="party", minutes=minutes,
            cv=self.pilot.procedures.back_cv, attempt=sum(s.activity.startswith("relay") for s in self.stages),
        )  # fmt: skip

    # -- activities

    def contact(self, activity: Activity, attempt: int, lag: Lag) -> None:
        """Append the first contact, or a return with papers."""
        if self.luck.way in (Way.DOOR, Way.AGENCY):
            self._at_home(activity, attempt, lag)
            return
        front = Stage(
            activity.name, Kind.FRONT, desk=Desk.FRONT, attempt=attempt, minutes=activity.minutes,
            cv=self.pilot.procedures.desk_cv, presence=self.presence, lag=lag, stops_clock=lag is Lag.PAPERS,
            trip=self.presence is Presence.IN_PERSON,
        )  # fmt: skip
        if self.misrouting_due and not self._leaves_the_unit():
            self.misrouting_due = False
            minutes = self.pilot.procedures.wrong_desk_minutes
            self.front(front._replace(activity="wrong desk", minutes=minutes, wrong=True))
            front = front._replace(lag=Lag.NONE, trip=False)
        self.front(front)

    def _at_home(self, activity: Activity, attempt: int, lag: Lag) -> None:
        """Append a contact for which staff come to the resident: all of it, or the fetching of the papers."""
        procedures, service = self.pilot.procedures, self.pilot.service
        door = self.luck.way is Way.DOOR
        # at home nobody works in the own line
        minutes = activity.minutes * self.pilot.roles.outside_pace if door else service.agency_minutes
        there = self._to_home(activity.name if door else "fetch papers", minutes)._replace(attempt=attempt)
        file = Stage(
            activity.name, Kind.FILES, desk=Desk.FILES, attempt=attempt, minutes=activity.minutes, cv=procedures.desk_cv
        )
        stages = [there] if door else [there, file]
        if self.misrouting_due and not self._leaves_the_unit():
            self.misrouting_due = False
            wrong = file._replace(activity="wrong desk", attempt=0, minutes=procedures.wrong_desk_minutes, wrong=True)
            stages.insert(len(stages) - 1, wrong)  # before it comes to whom it belongs
        stages[0] = stages[0]._replace(lag=lag, stops_clock=lag is Lag.PAPERS)
        self.stages += stages

    def _to_home(self, activity: str, minutes: float) -> Stage:
        """Return something done at the resident's home, with the walk there from the home before."""
        minutes += self.pilot.grid.visits.walk_minutes
        cv = self.pilot.procedures.desk_cv
        return Stage(activity, Kind.DOOR, desk=Desk.FIELD, minutes=minutes, cv=cv, presence=Presence.AT_HOME)

    def report(self, activity: Activity) -> None:
        """Append a resident's report by phone; an issue whose report does not get through awaits a patrol again."""
        begin = len(self.stages)
        self.contact(activity, 0, Lag.NEXT_DAY)
        again = len(self.stages)
        for i, stage in enumerate(self.stages[begin:], begin):
            past_await = (stage.next or 0) + (stage.next == again - i)
            self.stages[i] = stage._replace(next=past_await, leave=again - i if stage.leave is None else stage.leave)
        self.stages.append(Stage("await", Kind.OUTSIDE, signal=True, attempt=1, next=None))

    def _leaves_the_unit(self) -> bool:
        """Return whether a later activity is done at another level."""
        later = zip(self.archetype.activities[1:], self.luck.active[1:], strict=True)
        return any(on and a.where != "outside" and self.target(a) != "community" for a, on in later)

    def target(self, activity: Activity) -> Level:
        """Return the level that performs an activity under the structure, unless its decision is delegated."""
        if activity.name in self.luck.delegated:
            return "community"
        return self.pilot.structure.level_of(activity.level, activity.group)

    def perform(self, activity: Activity, attempt: int) -> None:
        """Append one activity after the first contact."""
        target = self.target(activity)
        if activity.where == "outside":
            days = activity.working_days
            self.add(Stage(activity.name, Kind.OUTSIDE, level=target, lag=Lag.WORKING_DAYS, lag_days=days))
        elif activity.where == "counter" and target != "community" and self.luck.way is Way.OFFICE:
            self._elsewhere(activity, target, attempt)
        else:
            self._behind(activity, target, attempt)

    def _spread(self, activity: Activity) -> float:
        """Return the CV of an activity's touch time: the procedure's own, wherever a structure has it done."""
        procedures = self.pilot.procedures
        return procedures.desk_cv if activity.where == "counter" else procedures.back_cv

    def _elsewhere(self, activity: Activity, target: Level, attempt: int) -> None:
        """Append an activity for which the resident goes to another office and carries the papers."""
        front = Stage(
            activity.name, Kind.FRONT, level=target, section=activity.group, desk=Desk.FRONT, attempt=attempt,
            minutes=activity.minutes, cv=self.pilot.procedures.desk_cv, presence=Presence.IN_PERSON,
            lag=Lag.NEXT_DAY, trip=True, hand_over=target != self.level,
        )  # fmt: skip
        if self.misrouting_due:
            self.misrouting_due = False
            minutes = self.pilot.procedures.wrong_desk_minutes
            self.front(front._replace(activity="wrong desk", section="party", minutes=minutes, wrong=True))
            front = front._replace(lag=Lag.NONE, trip=False, hand_over=False)
        self.front(front)
        if (activity.name, attempt) in self.luck.rework:
            self.add(front._replace(kind=Kind.FILES, desk=Desk.FILES, attempt=attempt + 10,
                             presence=Presence.ABSENT, lag=Lag.NONE, trip=False, hand_over=False))  # fmt: skip
        self.level = target
        self.file_moved = True

    def _behind(self, activity: Activity, target: Level, attempt: int) -> None:
        """Append an activity behind the desk or in the field."""
        in_field = activity.where == "field"
        arrival = self.travel(target)
        work = arrival._replace(
            activity=activity.name, kind=Kind.FIELD if in_field else Kind.FILES, section=activity.group,
            desk=Desk.FIELD if in_field else Desk.FILES, attempt=attempt, minutes=activity.minutes,
            cv=self._spread(activity), gate=activity.batch if arrival.hand_over else "none",
        )  # fmt: skip
        if in_field:
            parts = max(1, round(activity.minutes / self.pilot.grid.leg_minutes))
            work = work._replace(parts=parts)
            for _ in range(parts):
                self.add(work)
                work = work._replace(lag=Lag.NONE, lag_days=0.0, hand_over=False)
            return
        self.add(work)
        if (activity.name, attempt) in self.luck.rework:
            self.add(work._replace(attempt=attempt + 10, lag=Lag.NONE, lag_days=0.0, gate="none", hand_over=False))
        self.file_moved = True

    def result(self) -> None:
        """Append how the resident hears of the result."""
        if not self.file_moved or self.archetype.result in ("at_once", "on_site"):
            return
        arrival = self.travel("community")
        if self.archetype.result == "told":
            minutes = self.pilot.structure.relay_minutes
            cv = self.pilot.procedures.back_cv
            self.add(arrival._replace(activity="tell", minutes=minutes, cv=cv))
            return
        if arrival.hand_over:
            self.add(arrival._replace(activity="post in", kind=Kind.OUTSIDE, desk=Desk.NOWHERE))
        if self.luck.way in (Way.DOOR, Way.AGENCY):
            self.add(self._to_home("deliver", self.pilot.procedures.collect_minutes))
            return
        self.front(Stage(
            "collect", Kind.FRONT, desk=Desk.FRONT, minutes=self.pilot.procedures.collect_minutes,
            cv=self.pilot.procedures.desk_cv, presence=Presence.IN_PERSON, lag=Lag.NEXT_DAY, trip=True,
        ))  # fmt: skip


@cache
def _tries(stage: Stage, n: int) -> tuple[Stage, ...]:
    """Return a stage with the resident present, n times: all go on to what follows, and who leaves tries again."""
    again = stage._replace(
        lag=Lag.NEXT_DAY, trip=stage.presence is Presence.IN_PERSON, hand_over=False, stops_clock=False
    )
    stages = [stage, *(again._replace(again=i) for i in range(1, n))]
    return tuple(s._replace(next=n - i, leave=1 if i + 1 < n else None) for i, s in enumerate(stages))


def itinerary(pilot: Pilot, archetype: Archetype, channel: Channel, luck: Luck) -> tuple[Stage, ...]:
    """Return the stages of a request, in order.

    Parameters
    ----------
    pilot : Pilot
        The design: its structure says which level performs what.
    archetype : Archetype
        The procedure, written once for every design.
    channel : Channel
        Counter, phone, or a latent issue that first awaits a patrol or a resident's report.
    luck : Luck
        What was drawn for the request.
    """
    latent = channel is Channel.LATENT
    in_person = channel is Channel.COUNTER and luck.way is Way.OFFICE
    presence = Presence.IN_PERSON if in_person else Presence.ON_THE_PHONE
    writer = _Writer(pilot, archetype, luck, presence, misrouting_due=luck.misrouted)
    if latent:
        writer.stages.append(Stage("await", Kind.OUTSIDE, signal=True, next=None, leave=1))
    activities = [(a, on) for a, on in zip(archetype.activities, luck.active, strict=True)]
    contact = activities[0][0]
    passes = 0
    missing = list(luck.incomplete)
    if latent:
        writer.report(contact)
    else:
        writer.contact(contact, passes, Lag.NONE)
    while missing and missing[0] == "desk":
        missing.pop(0)
        passes += 1
        writer.contact(contact, passes, Lag.PAPERS)
    position = 1
    while position < len(activities):
        activity, on = activities[position]
        position += 1
        if not on:
            continue
        writer.perform(activity, passes)
        if missing and activity.review:
            passes = _return_with_papers(writer, contact, missing, passes)
            position -= 1  # the same review again, with the papers
    writer.result()
    return _closed(writer.stages, latent and not luck.settled, contact, activities)


def _return_with_papers(writer: _Writer, contact: Activity, missing: list[str], passes: int) -> int:
    """Append the way back to the resident and the return with papers; return the number of passes."""
    missing.pop(0)
    arrival = writer.travel("community")
    minutes, cv = writer.pilot.structure.relay_minutes, writer.pilot.procedures.back_cv
    writer.add(arrival._replace(activity="ask for papers", attempt=passes, minutes=minutes, cv=cv))
    passes += 1
    writer.contact(contact, passes, Lag.PAPERS)
    while missing and missing[0] == "desk":
        missing.pop(0)
        passes += 1
        writer.contact(contact, passes, Lag.PAPERS)
    return passes


def _closed(
    stages: list[Stage], seen_by_patrol_goes_on: bool, contact: Activity, activities: list[tuple[Activity, bool]]
) -> tuple[Stage, ...]:
    """Return the stages with the last one going nowhere, and a patrol's find joining after the check."""
    last = len(stages)
    closed = [s._replace(next=None) if s.next == last - i else s for i, s in enumerate(stages)]
    if seen_by_patrol_goes_on:
        check = activities[1][0].name if len(activities) > 1 else ""
        join = next((i for i, s in enumerate(closed) if not _before_dispatch(s, contact.name, check)), None)
        if join is not None:
            closed = [s._replace(next=join - i) if s.signal else s for i, s in enumerate(closed)]
    return tuple(closed)


def _before_dispatch(stage: Stage, contact: str, check: str) -> bool:
    """Return whether a stage is only for what residents report: the call and the check of what they say."""
    return stage.signal or stage.kind is Kind.FRONT or stage.activity in (contact, check)


def lucks(pilot: Pilot, archetype: Archetype, channel: Channel) -> Iterator[tuple[float, Luck]]:
    """Yield every luck of an archetype with its probability (rework, returning and named contacts left out).

    Rework multiplies the work of a review by one plus its share, and returns and contacts cost no more work, so
    that expected hours need none of them.
    """
    demand = pilot.demand
    optional = [(1.0,) if a.share == 1 else (a.share, 1 - a.share) for a in archetype.activities]
    for choice in product(*(range(len(options)) for options in optional)):
        active = tuple(pick == 0 for pick in choice)
        p_active = 1.0
        for options, pick in zip(optional, choice, strict=True):
            p_active *= options[pick]
        for misrouted, p_route in ((False, 1 - demand.misrouted_share), (True, demand.misrouted_share)):
            for incomplete, p_papers in _papers(pilot, archetype, channel, active):
                for (way, p_way), (delegated, p_decision) in product(
                    _ways(pilot, archetype, channel), _delegations(pilot, archetype)
                ):
                    probability = p_active * p_route * p_papers * p_way * p_decision
                    if probability > 0:
                        yield probability, Luck(active, misrouted, incomplete, way=way, delegated=delegated)


def by_phone(archetype: Archetype) -> bool:
    """Return whether a counter matter can as well be dealt with on the phone: it needs no papers, and some phone."""
    return archetype.phone_share > 0 and not archetype.papers


def delegable(pilot: Pilot, activity: Activity) -> bool:
    """Return whether the decision of an activity can be delegated: a review of public service above the community."""
    above = pilot.structure.level_of(activity.level, activity.group) != "community"
    return activity.review and activity.group == "public_service" and above


def _ways(pilot: Pilot, archetype: Archetype, channel: Channel) -> list[tuple[Way, float]]:
    """Return how a matter is brought to the community, with the probability over all households."""
    if channel is not Channel.COUNTER:
        return [(Way.OFFICE, 1.0)]
    service = pilot.service
    door = service.door_to_door_share
    agency = service.agency_share if archetype.papers else 0.0
    phone = service.signboard_phone_share if by_phone(archetype) else 0.0
    rest = 1 - door
    return [
        (Way.OFFICE, rest * (1 - agency - phone)), (Way.PHONE, rest * phone),
        (Way.DOOR, door), (Way.AGENCY, rest * agency),
    ]  # fmt: skip


def _delegations(pilot: Pilot, archetype: Archetype) -> list[tuple[frozenset[str], float]]:
    """Return which reviews are delegated, with the probability."""
    share, found = pilot.structure.delegated_share, [(frozenset[str](), 1.0)]
    for activity in archetype.activities:
        if delegable(pilot, activity) and share > 0:
            found = [
                (names | extra, p * q)
                for names, p in found
                for extra, q in ((frozenset({activity.name}), share), (frozenset[str](), 1 - share))
                if q > 0
            ]
    return found


def reviewed(archetype: Archetype, active: tuple[bool, ...]) -> bool:
    """Return whether a request with these activities is reviewed at all."""
    return any(on and a.review for a, on in zip(archetype.activities, active, strict=True))


def _papers(
    pilot: Pilot, archetype: Archetype, channel: Channel, active: tuple[bool, ...]
) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield where missing papers are found, with the probability."""
    p = pilot.demand.incomplete_share if archetype.papers and channel is Channel.COUNTER else 0.0
    at_desk = pilot.demand.incomplete_at_desk_share if reviewed(archetype, active) else 1.0
    places = {"desk": at_desk, "review": 1 - at_desk}
    for times in range(MAX_INCOMPLETE + 1):
        p_times = p**times * (1 - p if times < MAX_INCOMPLETE else 1.0)
        for found in product(places, repeat=times):
            probability = p_times
            for where in found:
                probability *= places[where]
            yield found, probability
