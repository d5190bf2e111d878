"""An itinerary written step by step: contacts, transfers between levels, and what is done where."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from sim.district.demand import Channel
from sim.district.stages import WAITS, Desk, Kind, Lag, Luck, Presence, Stage, Way

if TYPE_CHECKING:
    from sim.config import Activity, Archetype, Level, Pilot


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
