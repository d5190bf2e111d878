"""An itinerary written step by step: contacts, transfers between levels, and what is done where."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from sim.district import stages
from sim.district.demand import Channel
from sim.district.stages import WAITS, Access, CaseDraw, Desk, Kind, Lag, Presence, Stage

if TYPE_CHECKING:
    from sim.config import Activity, Archetype, Level, Pilot


def itinerary(pilot: Pilot, archetype: Archetype, channel: Channel, draw: CaseDraw) -> tuple[Stage, ...]:
    """Return the stages of a request, in order.

    Parameters
    ----------
    pilot : Pilot
        The design: its structure says which level performs what.
    archetype : Archetype
        The procedure, written once for every design.
    channel : Channel
        Counter, phone, or a latent issue that first awaits a patrol or a resident's report.
    draw : CaseDraw
        What was drawn for the request.
    """
    writer = _Writer(pilot, archetype, channel, draw, list(draw.incomplete), misrouting_due=draw.misrouted)
    if channel is Channel.LATENT:
        writer.add(Stage(stages.AWAIT, Kind.OUTSIDE, awaits_patrol=True, next=None, leave=1))
        writer.report()
    else:
        writer.contact(Lag.NONE)
    writer.bring_papers()
    for activity, needed in zip(archetype.activities[1:], draw.active[1:], strict=True):
        if not needed:
            continue
        writer.perform(activity)
        while writer.missing and activity.review:
            writer.ask_for_papers()
            writer.perform(activity)
    writer.result()
    joins = channel is Channel.LATENT and not draw.settled
    return _closed(writer.stages, _after_check(writer.stages, archetype) if joins else None)


@dataclass
class _Writer:
    """An itinerary being written: the stages so far, where the file is, and what is yet to go wrong."""

    pilot: Pilot
    archetype: Archetype
    channel: Channel
    draw: CaseDraw
    missing: list[str]  # where missing papers will yet be found: `desk` or `review`
    misrouting_due: bool
    attempt: int = 0  # how often papers had been missing so far
    n_relays: int = 0
    level: Level = "community"
    file_moved: bool = False
    before: Stage | None = None  # what staff did last on the matter itself
    stages: list[Stage] = field(default_factory=list)

    def add(self, stage: Stage) -> None:
        """Append a stage that goes on to the one after it."""
        self.stages.append(stage)

    def add_tries(self, stage: Stage) -> None:
        """Append a stage at which the resident waits, once for each try that the resident makes."""
        self.stages += _tries(stage, self.pilot.demand.tries if self.draw.returns and stage.presence in WAITS else 1)

    # -- contacts

    def contact(self, lag: Lag) -> None:
        """Append the first contact, or a return with papers."""
        activity, cv = self.archetype.activities[0], self.pilot.procedures.desk_cv
        if self.draw.access in (Access.DOOR, Access.AGENCY):
            self._contact_at_home(lag)
            return
        comes = self.channel is Channel.COUNTER and self.draw.access is Access.OFFICE
        front = Stage(
            activity.name, Kind.FRONT, desk=Desk.FRONT, attempt=self.attempt, minutes=activity.minutes, cv=cv,
            presence=Presence.IN_PERSON if comes else Presence.ON_THE_PHONE, lag=lag, trip=comes,
            stops_clock=lag is Lag.PAPERS,
        )  # fmt: skip
        if not self._leaves_the_unit() and self._is_misrouted():
            self.add_tries(self._at_wrong_desk(front))
            front = front.continued()
        self.add_tries(front)
        self.before = front

    def _contact_at_home(self, lag: Lag) -> None:
        """Append a contact for which staff come to the resident: all of it, or the fetching of the papers."""
        activity, cv = self.archetype.activities[0], self.pilot.procedures.desk_cv
        file = Stage(
            activity.name, Kind.FILES, desk=Desk.FILES, attempt=self.attempt, minutes=activity.minutes, cv=cv
        )  # fmt: skip
        if self.draw.access is Access.DOOR:
            # at home staff work outside their own line
            visit = self._at_home(activity.name, activity.minutes * self.pilot.roles.outside_pace)
        else:
            visit = self._at_home(stages.FETCH_PAPERS, self.pilot.service.agency_minutes)
        contact = [visit._replace(attempt=self.attempt)] + ([file] if self.draw.access is Access.AGENCY else [])
        if not self._leaves_the_unit() and self._is_misrouted():
            # before it comes to whom it belongs
            contact.insert(len(contact) - 1, self._at_wrong_desk(file)._replace(attempt=0))
        contact[0] = contact[0]._replace(lag=lag, stops_clock=lag is Lag.PAPERS)
        self.stages += contact
        self.before = contact[-1]

    def _at_home(self, activity: str, minutes: float) -> Stage:
        """Return something done at the resident's home, with the walk there from the home before."""
        minutes += self.pilot.grid.visits.walk_minutes
        cv = self.pilot.procedures.desk_cv
        return Stage(activity, Kind.DOOR, desk=Desk.FIELD, minutes=minutes, cv=cv, presence=Presence.AT_HOME)

    def report(self) -> None:
        """Append a resident's report by phone; an issue whose report does not get through awaits a patrol again."""
        begin = len(self.stages)
        self.contact(Lag.NEXT_DAY)
        again = len(self.stages)
        for i, stage in enumerate(self.stages[begin:], begin):
            past_await = (stage.next or 0) + (stage.next == again - i)
            self.stages[i] = stage._replace(next=past_await, leave=again - i if stage.leave is None else stage.leave)
        self.add(Stage(stages.AWAIT, Kind.OUTSIDE, awaits_patrol=True, attempt=1, next=None))

    def bring_papers(self) -> None:
        """Append a return with papers for each time in a row that the desk finds some missing."""
        while self.missing[:1] == ["desk"]:
            self._bring_papers()

    def ask_for_papers(self) -> None:
        """Append the file's way back to the resident from a review that finds papers missing, and the return."""
        minutes, cv = self.pilot.structure.relay_minutes, self.pilot.procedures.back_cv
        arrival = self._travel("community")
        self.add(arrival._replace(activity=stages.ASK_FOR_PAPERS, attempt=self.attempt, minutes=minutes, cv=cv))
        self._bring_papers()
        self.bring_papers()

    def _bring_papers(self) -> None:
        """Append a return with the papers that were found missing next."""
        self.missing.pop(0)
        self.attempt += 1
        self.contact(Lag.PAPERS)

    # -- misrouting

    def _is_misrouted(self) -> bool:
        """Return whether the case comes to a wrong desk now: a misrouted one does so once."""
        due, self.misrouting_due = self.misrouting_due, False
        return due

    def _at_wrong_desk(self, stage: Stage) -> Stage:
        """Return the look of a desk that a stage does not belong to, in place of the stage."""
        procedures = self.pilot.procedures
        return stage._replace(
            activity=stages.WRONG_DESK, at_wrong_desk=True, minutes=procedures.wrong_desk_minutes, cv=procedures.desk_cv
        )  # fmt: skip

    def _leaves_the_unit(self) -> bool:
        """Return whether a later activity is done at another level."""
        later = zip(self.archetype.activities[1:], self.draw.active[1:], strict=True)
        return any(needed and a.where != "outside" and self._performer(a) != "community" for a, needed in later)

    # -- transfers

    def _travel(self, target: Level) -> Stage:
        """Append the relays between here and a level; return the beginnings of the stage that arrives there."""
        levels = self.pilot.structure.levels
        here, there = levels.index(self.level), levels.index(target)
        if here == there:
            return self._arrival(target, target).continued()
        step = 1 if there > here else -1
        if step > 0 and self._is_misrouted():
            self.add(self._at_wrong_desk(self._relay(self.level, levels[here + step], 0)))
        for position in range(here + step, there, step):
            self.add(self._relay(levels[position - step], levels[position], self.n_relays))
            self.n_relays += 1
        arrival = self._arrival(levels[there - step], target)
        self.level = target
        self.file_moved = True
        return arrival

    def _arrival(self, origin: Level, level: Level) -> Stage:
        """Return the beginnings of a stage that a file reaches by a transfer from another level."""
        structure = self.pilot.structure
        reached = structure.named_contact_between == "all" or "district" in (origin, level)
        contact = self.draw.named_contact and reached
        days = structure.named_contact_working_days if contact else structure.transfer_working_days
        return Stage(
            "", Kind.FILES, level=level, desk=Desk.FILES, lag=Lag.WORKING_DAYS, lag_days=days,
            lag_cv=structure.transfer_cv, hand_over=True,
        )  # fmt: skip

    def _relay(self, origin: Level, level: Level, number: int) -> Stage:
        """Return the relaying of a file by a clerk of a level between; `number` counts those of the itinerary."""
        return self._arrival(origin, level)._replace(
            activity=stages.relay_at(level), kind=Kind.RELAY, section="party", attempt=number,
            minutes=self.pilot.structure.relay_minutes, cv=self.pilot.procedures.back_cv,
        )  # fmt: skip

    # -- activities after the first contact

    def _performer(self, activity: Activity) -> Level:
        """Return the level that performs an activity under the structure, unless its decision is delegated."""
        if activity.name in self.draw.delegated:
            return "community"
        return self.pilot.structure.level_of(activity.level, activity.group)

    def perform(self, activity: Activity) -> None:
        """Append one activity after the first contact."""
        target = self._performer(activity)
        if activity.where == "outside":
            cv = self.pilot.procedures.outside_cv if activity.cv is None else activity.cv
            self.add(Stage(
                activity.name, Kind.OUTSIDE, level=target, lag=Lag.WORKING_DAYS, lag_days=activity.working_days,
                lag_cv=cv, stops_clock=activity.stops_clock,
            ))  # fmt: skip
        elif activity.where == "counter" and target != "community" and self.draw.access is Access.OFFICE:
            self._elsewhere(activity, target)
        elif activity.where == "field":
            self._in_the_field(activity, target)
        else:
            self._behind_the_desk(activity, target)

    def _elsewhere(self, activity: Activity, target: Level) -> None:
        """Append an activity for which the resident goes to another office and carries the papers."""
        front = Stage(
            activity.name, Kind.FRONT, level=target, section=activity.group, desk=Desk.FRONT, attempt=self.attempt,
            minutes=activity.minutes, cv=self.pilot.procedures.desk_cv, presence=Presence.IN_PERSON,
            lag=Lag.NEXT_DAY, trip=True, hand_over=target != self.level,
        )  # fmt: skip
        if self._is_misrouted():
            self.add_tries(self._at_wrong_desk(front)._replace(section="party"))
            front = front.continued()
        self.add_tries(front)
        self.level = target
        self.file_moved = True
        self._review_again(activity, front._replace(kind=Kind.FILES, desk=Desk.FILES, presence=Presence.ABSENT))

    def _in_the_field(self, activity: Activity, target: Level) -> None:
        """Append an activity in the field, leg by leg."""
        legs = max(1, round(activity.minutes / self.pilot.grid.leg_minutes))
        work = self._work(activity, target)._replace(kind=Kind.FIELD, desk=Desk.FIELD, legs=legs)
        # every leg of work in batches waits for the gate: changing that would need a new version of the model
        self.stages += [work, *[work.continued()._replace(gate=work.gate)] * (legs - 1)]
        self.before = work

    def _behind_the_desk(self, activity: Activity, target: Level) -> None:
        """Append an activity behind the desk."""
        work = self._work(activity, target)
        self.add(work)
        self.file_moved = True
        self._review_again(activity, work)

    def _work(self, activity: Activity, target: Level) -> Stage:
        """Append the way of the file to a level; return the work on it there."""
        arrival, procedures = self._travel(target), self.pilot.procedures
        return arrival._replace(
            activity=activity.name, section=activity.group, attempt=self.attempt,
            minutes=activity.minutes * self._moved_share(activity),
            # the procedure's own spread, wherever a structure has it done
            cv=procedures.desk_cv if activity.where == "counter" else procedures.back_cv,
            gate=activity.batch if arrival.hand_over else "none",
        )  # fmt: skip

    def _moved_share(self, activity: Activity) -> float:
        """Return the share of an activity's minutes that it takes: a delegated review may take less."""
        return self.pilot.structure.delegated_minutes_share if activity.name in self.draw.delegated else 1.0

    def _review_again(self, activity: Activity, review: Stage) -> None:
        """Append the rework of a review, where one was drawn: the file goes back one step, and comes again."""
        before, self.before = self.before, review
        if not activity.review or before is None or (activity.name, self.attempt) not in self.draw.rework:
            return
        first, target = len(self.stages), self.level
        put_right = before._replace(kind=Kind.FILES, desk=Desk.FILES, presence=Presence.ABSENT, legs=1)
        for stage, level, rework in ((put_right, before.level, 2), (review, target, 1)):
            arrival = self._travel(level)
            self.add(arrival._replace(
                activity=stage.activity, section=stage.section, attempt=stage.attempt, minutes=stage.minutes,
                cv=self.pilot.procedures.back_cv, rework=rework,
            ))  # fmt: skip
        self.stages[first:] = [s._replace(rework=max(s.rework, 1)) for s in self.stages[first:]]

    # -- the result

    def result(self) -> None:
        """Append how the resident hears of the result."""
        if not self.file_moved or self.archetype.result in ("at_once", "on_site"):
            return
        procedures = self.pilot.procedures
        arrival = self._travel("community")
        if self.archetype.result == "told":
            minutes = self.pilot.structure.relay_minutes
            self.add(arrival._replace(activity=stages.TELL, minutes=minutes, cv=procedures.back_cv))
            return
        if arrival.hand_over:
            self.add(arrival._replace(activity=stages.POST_IN, kind=Kind.OUTSIDE, desk=Desk.NOWHERE))
        if self.draw.access in (Access.DOOR, Access.AGENCY):
            self.add(self._at_home(stages.DELIVER, procedures.collect_minutes))
            return
        self.add_tries(Stage(
            stages.COLLECT, Kind.FRONT, desk=Desk.FRONT, minutes=procedures.collect_minutes, cv=procedures.desk_cv,
            presence=Presence.IN_PERSON, lag=Lag.NEXT_DAY, trip=True,
        ))  # fmt: skip


@cache
def _tries(stage: Stage, n: int) -> tuple[Stage, ...]:
    """Return a stage with the resident present, n times: all go on to what follows, and who leaves tries again."""
    again = stage.continued()._replace(lag=Lag.NEXT_DAY, trip=stage.presence is Presence.IN_PERSON)
    tries = [stage, *(again._replace(retry=i) for i in range(1, n))]
    return tuple(s._replace(next=n - i, leave=1 if i + 1 < n else None) for i, s in enumerate(tries))


def _after_check(written: list[Stage], archetype: Archetype) -> int | None:
    """Return where an issue that a patrol sees joins: at the first stage after the call and the check of a report."""
    reported = [activity.name for activity in archetype.activities[:2]]
    return next(
        (
            i
            for i, stage in enumerate(written)
            if not (stage.awaits_patrol or stage.kind is Kind.FRONT or stage.activity in reported)
        ),
        None,
    )


def _closed(written: list[Stage], join: int | None) -> tuple[Stage, ...]:
    """Return the stages with the last one going nowhere, and what a patrol sees going on at `join`, or nowhere."""
    last = len(written)
    closed = [s._replace(next=None) if s.next == last - i else s for i, s in enumerate(written)]
    if join is not None:
        closed = [s._replace(next=join - i) if s.awaits_patrol else s for i, s in enumerate(closed)]
    return tuple(closed)
