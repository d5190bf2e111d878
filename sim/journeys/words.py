"""The words for steps, places, people and stretches of time in the description of a journey."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sim.config import GROUPS
from sim.district import stages
from sim.district.demand import Channel
from sim.district.stages import Desk, Kind, Lag, Presence
from sim.draws.clock import DAY, MINUTE, SECOND
from sim.engine.record import Outcome
from sim.language import N_, both, gettext, listed, ngettext, phrase, separated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sim.district.organisation import Organisation, Station
    from sim.district.stages import Stage
    from sim.journeys.steps import Journey, Step
    from sim.journeys.waits import Wait

NEGLIGIBLE = MINUTE // 2
"""A stretch of time that is too short to be mentioned (ticks)."""

_ADDED = {
    stages.WRONG_DESK: N_("looked at by a desk that it does not belong to, which sends it on"),
    stages.ASK_FOR_PAPERS: N_("papers are missing: the resident is asked for them"),
    stages.TELL: N_("the resident is told the result"),
    stages.POST_IN: N_("the result arrives at the community"),
    stages.COLLECT: N_("the resident comes for the result"),
    stages.FETCH_PAPERS: N_("the papers are fetched at the resident's home"),
    stages.DELIVER: N_("the result is brought to the resident's home"),
}
"""What the activities are that the model adds to those of a procedure."""
_BEGINS = {
    Channel.COUNTER: N_("the resident comes and states the case"),
    Channel.PHONE: N_("the resident phones and states the case"),
    Channel.LATENT: N_("a resident reports it by phone"),
}
_DESKS = {
    Desk.FRONT: N_("{where}, counter"), Desk.FILES: N_("{where}, files"), Desk.FIELD: N_("{where}, in the field"),
    Desk.PATROL: N_("{where}, patrol"), Desk.HOME: N_("{where}, visits"), Desk.TASKS: N_("{where}, tasks"),
    Desk.PHONE: N_("{where}, telephone"),
}  # fmt: skip
_POSTS = (N_("secretary"), N_("worker"), N_("officer"))
"""Posts without their level; those that are of one level only have no other name."""
_GATES = (N_("weekly"), N_("monthly"))
_DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_MONTHS = (
    N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"), N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"),
    N_("Nov"), N_("Dec"),
)  # fmt: skip


def moment(journey: Journey, tick: int) -> str:
    """Return weekday, date and clock time of a tick."""
    at = instant(journey, tick)
    day, date, time = gettext(_DAYS[at.weekday()]), f"{at:%Y-%m-%d}", f"{at:%H:%M}"
    return gettext("{weekday} {date} {time}", weekday=day, date=date, time=time)


def day_of_month(at: dt.datetime) -> str:
    """Return a date without its year, in a few letters."""
    return gettext("{day} {month}", day=at.day, month=gettext(_MONTHS[at.month - 1]))


def instant(journey: Journey, tick: int) -> dt.datetime:
    """Return date and clock time of a tick, to the second; dates go on after a simulated year of 52 weeks."""
    first = journey.organisation.pilot.district.calendar.first_monday
    return dt.datetime.combine(first, dt.time()) + dt.timedelta(days=tick // DAY, seconds=tick % DAY // SECOND)


def office_time(journey: Journey, ticks: int) -> str:
    """Return a stretch of office time in words: in minutes or hours, and from one working day on in days."""
    if ticks >= journey.day_ticks:
        return working_days(f"{ticks / journey.day_ticks:.1f}")
    return clock_time(ticks)


def working_days(days: str) -> str:
    """Return a number of working days in words."""
    if float(days) == 1:
        return gettext("{days} working day", days=days)
    return gettext("{days} working days", days=days)


def clock_time(ticks: int) -> str:
    """Return a stretch of time in words: in seconds, minutes, hours or days."""
    if ticks < MINUTE:
        return gettext("{n} s", n=round(ticks / SECOND))
    minutes = round(ticks / MINUTE)
    if minutes < 60:
        return gettext("{n} min", n=minutes)
    if ticks < 2 * DAY:
        return gettext("{hours} h {minutes:02d} min", hours=minutes // 60, minutes=minutes % 60)
    return gettext("{days:.1f} days", days=ticks / DAY)


def what(journey: Journey, step: Step) -> str:
    """Return what a step is, with the number of a leg or of a try."""
    name, stage = _named(journey, step.stage), step.stage
    if stage.legs > 1:
        name = gettext("{name}, leg {n} of {legs}", name=name, n=step.leg, legs=stage.legs)
    return _tried(name, stage)


def activity(journey: Journey, step: Step) -> str:
    """Return what a step is, with the number of a try: all its legs are alike."""
    return _tried(_named(journey, step.stage), step.stage)


def _tried(name: str, stage: Stage) -> str:
    """Return the name of a step with the number of a try but the first."""
    return gettext("{name} (try {n})", name=name, n=stage.retry + 1) if stage.retry else name


def _named(journey: Journey, stage: Stage) -> str:
    """Return what a stage is."""
    first = next(iter(journey.organisation.pilot.procedures.archetypes[journey.archetype].activities)).name
    name = phrase(stage.activity.replace("_", " "))
    if stage.awaits_patrol:
        still = gettext("the report did not get through: it still lies there")
        name = still if stage.attempt else gettext("the issue lies there")
    elif stage.kind is Kind.RELAY:
        name = gettext("a clerk relays the file")
    elif stage.activity in _ADDED:
        name = gettext(_ADDED[stage.activity])
    elif stage.activity == first and stage.kind in (Kind.FRONT, Kind.DOOR):
        name = _contact(journey, stage)
    elif stage.rework:
        name = gettext("{name}, done again", name=name)
    elif stage.presence is Presence.IN_PERSON:
        name = gettext("{name}: the resident brings the papers", name=name)
    return name


def _contact(journey: Journey, stage: Stage) -> str:
    """Return what a contact is: the first one, or a return with papers."""
    if stage.kind is Kind.DOOR:
        again = gettext("staff come to the resident's home and take the case again")
        return again if stage.attempt else gettext("staff come to the resident's home and take the case")
    if stage.lag is Lag.PAPERS or stage.attempt:
        return gettext("the resident comes with the missing papers")
    phoned = journey.channel is Channel.COUNTER and stage.presence is Presence.ON_THE_PHONE
    return gettext(_BEGINS[Channel.PHONE if phoned else journey.channel])


def lane(step: Step) -> str:
    """Return where a step happens: a level, with the resident, or outside the administration."""
    if step.station is not None:
        return step.station.level
    if step.stage.awaits_patrol:
        return "resident"
    return step.stage.level if step.stage.hand_over else "outside"


def place(journey: Journey, station: Station | None) -> str:
    """Return the unit and the queue of a station."""
    if station is None:
        return ""
    where, points = _unit(journey.organisation, station), journey.organisation.pilot.service.points
    if station.level != "community" and station.specialism >= 0:
        where = listed(filter(None, (where, _sections(journey.organisation, station))))
    told = gettext(_DESKS[station.desk], where=where)
    if station.point >= 0 and points > 1:
        told = gettext("{place} of service point {n}", place=told, n=station.point % points + 1)
    return gettext("{place} (grid {n})", place=told, n=station.grid + 1) if station.grid >= 0 else told


def _unit(organisation: Organisation, station: Station) -> str:
    """Return the name of a station's unit; a single district has no number."""
    if organisation.n_units(station.level) == 1 and station.level == "district":
        return gettext("district")
    return gettext("{level} {n}", level=phrase(station.level), n=station.unit + 1)


def _sections(organisation: Organisation, station: Station) -> str:
    """Return the sections that a specialism of a street or of the district consists of."""
    specialism_of = organisation.specialisms[station.level][station.unit].tolist()
    own = [group for group, specialism in zip(GROUPS, specialism_of, strict=False) if specialism == station.specialism]
    names = both(phrase(group.replace("_", " ")) for group in own)
    if len(own) == 1:
        return gettext("{names} section", names=names)
    return gettext("{names} sections", names=names) if names else ""


def person(journey: Journey, server: int) -> str:
    """Return a member of staff by role and number within the unit."""
    organisation = journey.organisation
    someone = organisation.people[server]
    role = phrase(someone.role)
    if someone.secretary:
        return role
    number = organisation.members(someone.level, someone.unit).index(server) + 1
    return gettext("{post} {n}", post=role, n=number)


def people(journey: Journey, step: Step) -> str:
    """Return who worked on a step, one after the other."""
    names = [person(journey, spell.server) for spell in step.spells]
    return gettext(", then ").join(name for i, name in enumerate(names) if not i or name != names[i - 1])


def why(journey: Journey, step: Step) -> list[str]:
    """Return what took the time from the end of the step before to the end of a step, in short sentences."""
    sentences = [came_after(journey, step), *waited(journey, step), *worked(journey, step)]
    return [sentence for sentence in sentences if sentence]


def came_after(journey: Journey, step: Step) -> str:
    """Return what took the time before a step arrived."""
    stage, length = step.stage, office_time(journey, step.lag_ticks)
    if step.number == 1:
        return _set_out(journey)
    if stage.lag is Lag.PAPERS:
        return gettext("the resident finds the missing papers in {length}", length=length)
    if stage.lag is Lag.NEXT_DAY:
        return gettext(_next_day(journey, stage), length=length)
    if stage.lag is Lag.WORKING_DAYS and stage.hand_over:
        return _on_its_way(journey, step)
    return gettext("takes {length}", length=length) if step.lag_ticks > NEGLIGIBLE else ""


def _next_day(journey: Journey, stage: Stage) -> str:
    """Return the message on why a resident's next step waited for another day."""
    if stage.retry:
        return N_("the resident comes again when it suits, {length} later")
    if journey.channel is Channel.LATENT and stage.presence is Presence.ON_THE_PHONE:
        return N_("the resident phones when it suits, {length} later")
    return N_("the resident comes when it suits, {length} later")


def _on_its_way(journey: Journey, step: Step) -> str:
    """Return how long a file was on its way, and waited for a batch."""
    travel, wait = step.lag_ticks - step.gate_ticks, office_time(journey, step.gate_ticks)
    gate = phrase(str(step.stage.gate))
    days = working_days(f"{travel / journey.day_ticks:.2g}")
    way = gettext("the file is on its way for {days}", days=days) if travel > NEGLIGIBLE else ""
    if step.gate_ticks <= NEGLIGIBLE:
        return way
    if way:
        return gettext("{way}, then waits {length} for the {gate} batch", way=way, length=wait, gate=gate)
    return gettext("the file waits {length} for the {gate} batch", length=wait, gate=gate)


def _set_out(journey: Journey) -> str:
    """Return why a resident came later than wanted, if so."""
    if journey.begin - journey.wanted <= NEGLIGIBLE:
        return ""
    when = moment(journey, journey.wanted)
    if journey.channel is Channel.PHONE:
        return gettext("wanted to phone on {moment}, when the office was shut", moment=when)
    return gettext("wanted to come on {moment}, when the office was shut", moment=when)


def waited(journey: Journey, step: Step) -> list[str]:
    """Return how long a step waited and why, and how it was left."""
    if step.stage.awaits_patrol:
        return [_lay(step)]
    sentences = []
    if step.wait is not None and step.wait.ticks > NEGLIGIBLE:
        sentences.append(_waited(journey, step, step.wait))
    if step.outcome is Outcome.ABANDONED:
        sentences.append(_left(step))
    elif step.outcome is Outcome.REFUSED:
        sentences.append(gettext("was turned away: no room to wait"))
    elif step.outcome is Outcome.OPEN and step.start < 0:
        sentences.append(gettext("still waiting when the simulated time ended"))
    return sentences


def _left(step: Step) -> str:
    """Return why a resident left a queue."""
    if step.at_closing and step.for_good:
        return gettext("the resident had to leave when the office closed, and did not come again")
    if step.at_closing:
        return gettext("the resident had to leave when the office closed")
    if step.for_good:
        return gettext("the resident lost patience and left, and did not come again")
    return gettext("the resident lost patience and left")


def _lay(step: Step) -> str:
    """Return how a latent issue was discovered."""
    length = clock_time(step.end - step.arrival) if step.end >= 0 else ""
    if step.outcome is Outcome.SERVED:
        nth = _nth(step.patrols)
        return gettext("seen by a patrol after {length} ({nth} patrol of the grid since)", length=length, nth=nth)
    if step.outcome is Outcome.ABANDONED:
        return gettext("no patrol saw it for {length}; then a resident reported it", length=length)
    return gettext("neither seen by a patrol nor reported when the simulated time ended")


def _nth(n: int) -> str:
    """Return an ordinal number."""
    endings = {1: N_("the {n}st"), 2: N_("the {n}nd"), 3: N_("the {n}rd")}
    usual = N_("the {n}th")
    return gettext(usual if n % 100 in (11, 12, 13) else endings.get(n % 10, usual), n=n)


def _waited(journey: Journey, step: Step, wait: Wait) -> str:
    """Return how long a step waited and what the staff of its queue did meanwhile."""
    shut = wait.ticks - wait.office
    if wait.office <= NEGLIGIBLE:
        return gettext("waited {length} for the office to open again", length=clock_time(wait.ticks))
    length, staff = office_time(journey, wait.office), _staff(wait)
    if shut > NEGLIGIBLE and wait.office < journey.day_ticks:
        by_clock = clock_time(wait.ticks)
        parts = [
            gettext("waited {length} of office time ({clock} by the clock): {staff}",
                    length=length, clock=by_clock, staff=staff)
        ]  # fmt: skip
    else:
        parts = [gettext("waited {length}: {staff}", length=length, staff=staff)]
    if wait.ahead:
        parts.append(ngettext("{n} other taken first", "{n} others taken first", wait.ahead))
    if step.overloaded:
        parts.append(gettext("more comes to this post, before its paper, than there is time for"))
    return separated(parts)


def _staff(wait: Wait) -> str:
    """Return what the staff of a queue did while a step waited, in persons on average, largest first."""
    names = sorted(wait.doing, key=lambda name: -wait.doing[name])
    if not wait.persons:
        return gettext("nobody may serve this queue")
    if wait.persons == 1:
        return gettext("the one person who may serve it was {doing}", doing=_by_one(wait, names))
    if len(names) == 1:
        doing = gettext(names[0])
        return gettext("all {n} who may serve it were {doing}", n=wait.persons, doing=doing)
    if all(abs(wait.mean(name) - round(wait.mean(name))) < 0.05 for name in names):
        doing = _by_persons((round(wait.mean(name)), name) for name in names if wait.mean(name) >= 0.5)
        return gettext("of {n} who may serve it, {doing}", n=wait.persons, doing=doing)
    doing = _by_persons((f"{wait.mean(name):.1f}", name) for name in names if wait.mean(name) >= 0.05)
    return gettext("of {n} who may serve it, on average {doing}", n=wait.persons, doing=doing)


def _by_one(wait: Wait, names: Sequence[str]) -> str:
    """Return what one person did, with shares of the time where it was more than one thing."""
    if len(names) == 1:
        return gettext(names[0])
    shares = [(f"{wait.mean(name):.0%}", gettext(name)) for name in names if wait.mean(name) >= 0.005]
    (most, what_most), *rest = shares
    first = gettext("{share} of this time {doing}", share=most, doing=what_most)
    return listed([first, *(gettext("{share} {doing}", share=share, doing=doing) for share, doing in rest)])


def _by_persons(parts: Iterable[tuple[object, str]]) -> str:
    """Return how many persons did what."""
    return listed(gettext("{n} {doing}", n=n, doing=gettext(name)) for n, name in parts)


def worked(journey: Journey, step: Step) -> list[str]:
    """Return the work of a step and what interrupted it."""
    if not step.spells:
        return []
    told = gettext("worked on for {length}", length=clock_time(step.work))
    travel = sum(spell.changeover for spell in step.spells)
    if travel > NEGLIGIBLE:
        told = gettext("{work} after a way of {length}", work=told, length=clock_time(travel))
    if step.interruptions:
        n = step.interruptions
        told = ngettext("{work}, interrupted {n} time", "{work}, interrupted {n} times", n, work=told)
    end = step.end if step.end >= 0 else journey.horizon
    idle = end - step.start - sum(spell.ticks for spell in step.spells)
    if idle > NEGLIGIBLE:
        told = gettext("{work}, laid aside for {length} by the clock", work=told, length=clock_time(idle))
    if step.end < 0:
        told = gettext("{work}, not finished when the simulated time ended", work=told)
    return [told]
