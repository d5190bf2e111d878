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

if TYPE_CHECKING:
    from sim.district.organisation import Organisation, Station
    from sim.district.stages import Stage
    from sim.journeys.steps import Journey, Step
    from sim.journeys.waits import Wait

NEGLIGIBLE = MINUTE // 2
"""A stretch of time that is too short to be mentioned (ticks)."""

_ADDED = {
    stages.WRONG_DESK: "looked at by a desk that it does not belong to, which sends it on",
    stages.ASK_FOR_PAPERS: "papers are missing: the resident is asked for them",
    stages.TELL: "the resident is told the result",
    stages.POST_IN: "the result arrives at the community",
    stages.COLLECT: "the resident comes for the result",
    stages.FETCH_PAPERS: "the papers are fetched at the resident's home",
    stages.DELIVER: "the result is brought to the resident's home",
}
"""What the activities are that the model adds to those of a procedure."""
_BEGINS = {
    Channel.COUNTER: "the resident comes and states the case",
    Channel.PHONE: "the resident phones and states the case",
    Channel.LATENT: "a resident reports it by phone",
}
_DESKS = {
    Desk.FRONT: "counter", Desk.FILES: "files", Desk.FIELD: "in the field", Desk.PATROL: "patrol", Desk.HOME: "visits",
    Desk.TASKS: "tasks",
}  # fmt: skip


def moment(journey: Journey, tick: int) -> str:
    """Return weekday, date and clock time of a tick."""
    at = instant(journey, tick)
    return f"{at:%a} {at:%Y-%m-%d} {at:%H:%M}"


def instant(journey: Journey, tick: int) -> dt.datetime:
    """Return date and clock time of a tick, to the second; dates go on after a simulated year of 52 weeks."""
    first = journey.organisation.pilot.district.calendar.first_monday
    return dt.datetime.combine(first, dt.time()) + dt.timedelta(days=tick // DAY, seconds=tick % DAY // SECOND)


def office_time(journey: Journey, ticks: int) -> str:
    """Return a stretch of office time in words: in minutes or hours, and from one working day on in days."""
    if ticks >= journey.day_ticks:
        days = ticks / journey.day_ticks
        return f"{days:.1f} working day{'s' * (f'{days:.1f}' != '1.0')}"
    return clock_time(ticks)


def clock_time(ticks: int) -> str:
    """Return a stretch of time in words: in seconds, minutes, hours or days."""
    if ticks < MINUTE:
        return f"{round(ticks / SECOND)} s"
    minutes = round(ticks / MINUTE)
    if minutes < 60:
        return f"{minutes} min"
    if ticks < 2 * DAY:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{ticks / DAY:.1f} days"


def what(journey: Journey, step: Step) -> str:
    """Return what a step is, with the number of a leg or of a try."""
    stage = step.stage
    return activity(journey, step, f", leg {step.leg} of {stage.legs}" if stage.legs > 1 else "")


def activity(journey: Journey, step: Step, leg: str = "") -> str:
    """Return what a step is, with words on its leg and the number of a try; without the former, all legs are alike."""
    stage = step.stage
    return _named(journey, stage) + leg + (f" (try {stage.retry + 1})" if stage.retry else "")


def _named(journey: Journey, stage: Stage) -> str:
    """Return what a stage is."""
    first = next(iter(journey.organisation.pilot.procedures.archetypes[journey.archetype].activities)).name
    name = stage.activity.replace("_", " ")
    if stage.awaits_patrol:
        name = "the report did not get through: it still lies there" if stage.attempt else "the issue lies there"
    elif stage.kind is Kind.RELAY:
        name = "a clerk relays the file"
    elif stage.activity in _ADDED:
        name = _ADDED[stage.activity]
    elif stage.activity == first and stage.kind in (Kind.FRONT, Kind.DOOR):
        name = _contact(journey, stage)
    elif stage.rework:
        name += ", done again"
    elif stage.presence is Presence.IN_PERSON:
        name += ": the resident brings the papers"
    return name


def _contact(journey: Journey, stage: Stage) -> str:
    """Return what a contact is: the first one, or a return with papers."""
    if stage.kind is Kind.DOOR:
        return "staff come to the resident's home and take the case" + (" again" if stage.attempt else "")
    if stage.lag is Lag.PAPERS or stage.attempt:
        return "the resident comes with the missing papers"
    phoned = journey.channel is Channel.COUNTER and stage.presence is Presence.ON_THE_PHONE
    return _BEGINS[Channel.PHONE if phoned else journey.channel]


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
    unit = _unit(journey.organisation, station)
    points = journey.organisation.pilot.service.points
    parts = [unit, _DESKS[station.desk]]
    if station.level != "community" and station.specialism >= 0:
        parts.insert(1, _sections(journey.organisation, station))
    if station.point >= 0 and points > 1:
        parts[-1] += f" of service point {station.point % points + 1}"
    if station.grid >= 0:
        parts[-1] += f" (grid {station.grid + 1})"
    return ", ".join(part for part in parts if part)


def _unit(organisation: Organisation, station: Station) -> str:
    """Return the name of a station's unit; a single district has no number."""
    if organisation.n_units(station.level) == 1 and station.level == "district":
        return "district"
    return f"{station.level} {station.unit + 1}"


def _sections(organisation: Organisation, station: Station) -> str:
    """Return the sections that a specialism of a street or of the district consists of."""
    specialism_of = organisation.specialisms[station.level][station.unit].tolist()
    own = [group for group, specialism in zip(GROUPS, specialism_of, strict=False) if specialism == station.specialism]
    names = [group.replace("_", " ") for group in own]
    return f"{' and '.join(names)} section{'s' * (len(names) > 1)}" if names else ""


def person(journey: Journey, server: int) -> str:
    """Return a member of staff by role and number within the unit."""
    organisation = journey.organisation
    someone = organisation.people[server]
    if someone.secretary:
        return someone.role
    number = organisation.members(someone.level, someone.unit).index(server) + 1
    return f"{someone.role} {number}"


def people(journey: Journey, step: Step) -> str:
    """Return who worked on a step, one after the other."""
    names = [person(journey, spell.server) for spell in step.spells]
    return ", then ".join(name for i, name in enumerate(names) if not i or name != names[i - 1])


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
        return f"the resident finds the missing papers in {length}"
    if stage.lag is Lag.NEXT_DAY:
        report = journey.channel is Channel.LATENT and stage.presence is Presence.ON_THE_PHONE and not stage.retry
        reason = "comes again" if stage.retry else "phones" if report else "comes"
        return f"the resident {reason} when it suits, {length} later"
    if stage.lag is Lag.WORKING_DAYS and stage.hand_over:
        travel = step.lag_ticks - step.gate_ticks
        days = f"{travel / journey.day_ticks:.2g}"
        words = f"the file is on its way for {days} working day{'s' * (days != '1')}" if travel > NEGLIGIBLE else ""
        if step.gate_ticks > NEGLIGIBLE:
            gate = f"waits {office_time(journey, step.gate_ticks)} for the {stage.gate} batch"
            words = f"{words}, then {gate}" if words else f"the file {gate}"
        return words
    if step.lag_ticks > NEGLIGIBLE:
        return f"takes {length}"
    return ""


def _set_out(journey: Journey) -> str:
    """Return why a resident came later than wanted, if so."""
    if journey.begin - journey.wanted <= NEGLIGIBLE:
        return ""
    verb = "phone" if journey.channel is Channel.PHONE else "come"
    return f"wanted to {verb} on {moment(journey, journey.wanted)}, when the office was shut"


def waited(journey: Journey, step: Step) -> list[str]:
    """Return how long a step waited and why, and how it was left."""
    if step.stage.awaits_patrol:
        return [_lay(step)]
    sentences = []
    if step.wait is not None and step.wait.ticks > NEGLIGIBLE:
        sentences.append(_waited(journey, step, step.wait))
    if step.outcome is Outcome.ABANDONED:
        reason = "had to leave when the office closed" if step.at_closing else "lost patience and left"
        sentences.append(f"the resident {reason}{', and did not come again' if step.for_good else ''}")
    elif step.outcome is Outcome.REFUSED:
        sentences.append("was turned away: no room to wait")
    elif step.outcome is Outcome.OPEN and step.start < 0:
        sentences.append("still waiting when the simulated time ended")
    return sentences


def _lay(step: Step) -> str:
    """Return how a latent issue was discovered."""
    length = clock_time(step.end - step.arrival) if step.end >= 0 else ""
    if step.outcome is Outcome.SERVED:
        return f"seen by a patrol after {length} ({_nth(step.patrols)} patrol of the grid since)"
    if step.outcome is Outcome.ABANDONED:
        return f"no patrol saw it for {length}; then a resident reported it"
    return "neither seen by a patrol nor reported when the simulated time ended"


def _nth(n: int) -> str:
    """Return an ordinal number."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th") if n % 100 not in (11, 12, 13) else "th"
    return f"the {n}{ending}"


def _waited(journey: Journey, step: Step, wait: Wait) -> str:
    """Return how long a step waited and what the staff of its queue did meanwhile."""
    shut = wait.ticks - wait.office
    if wait.office <= NEGLIGIBLE:
        return f"waited {clock_time(wait.ticks)} for the office to open again"
    words = f"waited {office_time(journey, wait.office)}"
    if shut > NEGLIGIBLE and wait.office < journey.day_ticks:
        words += f" of office time ({clock_time(wait.ticks)} by the clock)"
    words += f": {_staff(wait)}"
    if wait.ahead:
        words += f"; {wait.ahead} other{'s' * (wait.ahead > 1)} taken first"
    if step.overloaded:
        words += "; more comes to this post, before its paper, than there is time for"
    return words


def _staff(wait: Wait) -> str:
    """Return what the staff of a queue did while a step waited, in persons on average, largest first."""
    doing = sorted(wait.doing, key=lambda name: -wait.doing[name])
    if not wait.persons:
        return "nobody may serve this queue"
    if len(doing) == 1:
        who = "the one person who may serve it" if wait.persons == 1 else f"all {wait.persons} who may serve it"
        return f"{who} {'was' if wait.persons == 1 else 'were'} {doing[0]}"
    if wait.persons == 1:
        shares = [(f"{wait.mean(name):.0%}", name) for name in doing if wait.mean(name) >= 0.005]
        (most, what_most), *rest = shares
        listed = ", ".join([f"{most} of this time {what_most}", *(f"{share} {name}" for share, name in rest)])
        return f"the one person who may serve it was {listed}"
    parts = [f"{wait.mean(name):.1f} {name}" for name in doing if wait.mean(name) >= 0.05]
    whole = all(abs(wait.mean(name) - round(wait.mean(name))) < 0.05 for name in doing)
    if whole:
        parts = [f"{round(wait.mean(name))} {name}" for name in doing if wait.mean(name) >= 0.5]
    return f"of {wait.persons} who may serve it, {'' if whole else 'on average '}{', '.join(parts)}"


def worked(journey: Journey, step: Step) -> list[str]:
    """Return the work of a step and what interrupted it."""
    if not step.spells:
        return []
    words = f"worked on for {clock_time(step.work)}"
    travel = sum(spell.changeover for spell in step.spells)
    if travel > NEGLIGIBLE:
        words += f" after a way of {clock_time(travel)}"
    if step.interruptions:
        words += f", interrupted {step.interruptions} time{'s' * (step.interruptions > 1)}"
    end = step.end if step.end >= 0 else journey.horizon
    idle = end - step.start - sum(spell.ticks for spell in step.spells)
    if idle > NEGLIGIBLE:
        words += f", laid aside for {clock_time(idle)} by the clock"
    if step.end < 0:
        words += ", not finished when the simulated time ended"
    return [words]
