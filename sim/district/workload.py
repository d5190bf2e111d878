"""The hours of work that a design has to do, computed before anything is simulated.

Nothing here is drawn: the procedures, rates and shares of the simulation are multiplied out, so that a reader can check
every row by hand and see that no design wins by losing work.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.district.demand import Channel, line_weights, yearly
from sim.district.itineraries import possible_draws
from sim.district.office_hours import WEEKS_A_YEAR, office_hours_a_day, year_of_working_days
from sim.district.routing import itinerary
from sim.district.stages import Desk, Kind, Stage
from sim.draws.laws import lognormal_inverse
from sim.language import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sim.config import Archetype, Level, Pilot
    from sim.district.place import Place

ALL = "*"  # spread over the lines of an office

RESIDENTS = {
    Kind.FRONT: N_("residents' requests, at the desk and behind it"),
    Kind.FILES: N_("residents' requests, at the desk and behind it"),
    Kind.FIELD: N_("residents' requests, in the field"),
    Kind.DOOR: N_("residents' requests, at their homes"),
    Kind.RELAY: N_("relaying of single files, and wrong desks"),
}
ABOVE = N_("work from above")
MEETINGS = N_("meetings")
PATROLS = N_("patrols")
HOME_VISITS = N_("home visits")
SELF_GOVERNMENT = N_("self-government")
STREET_WORK = {
    "economic": N_("street: economy and tax"),
    "enforcement": N_("street: enforcement"),
    "justice": N_("street: justice and petitions"),
    "party": N_("street: party, mass organisations, militia"),
    "relay": N_("street: relay between district and communities"),
}
DISTRICT_WORK = N_("district desks: own work")
LAPSES = frozenset({PATROLS, HOME_VISITS, SELF_GOVERNMENT})

WORK_LEVERS: dict[str, tuple[str, str]] = {
    "burden.abolished_share": (N_("{hours} abolished"), ""),
}
"""Shares that change how much work there is, 0 today, with the words for hours that each saves and adds (or never)."""


@dataclass(frozen=True)
class Work:
    """Hours of one kind of work in a year at one level of a design.

    `line` is a line of the community, a section of a higher level, or `*` for all of them.
    """

    what: str
    kind: Kind
    level: Level
    line: str
    hours: float

    @property
    def lapses(self) -> bool:
        """Return whether the work lapses if there is no time for it, so that it never piles up."""
        return self.what in LAPSES


def working_days_a_year(pilot: Pilot) -> int:
    """Return the working days of the simulated year."""
    return int(year_of_working_days(pilot.district.calendar).sum())


def present_hours(pilot: Pilot) -> float:
    """Return the hours a year that one head is present, absence subtracted."""
    days = working_days_a_year(pilot)
    return days * office_hours_a_day(pilot.district.calendar) * (1 - pilot.staffing.absence.share)


def heads(pilot: Pilot) -> dict[Level, int]:
    """Return the heads in post at each level; all who leave the street or the district go to another level."""
    staffing = pilot.staffing
    down = round(staffing.street_heads * staffing.street_sent_down_share)
    up = round(staffing.street_heads * staffing.street_sent_up_share)
    from_district = round(staffing.district_heads * staffing.district_sent_down_share)
    if "street" not in pilot.structure.levels:
        up = staffing.street_heads - down  # no head is lost to rounding
    return {
        "community": staffing.community_heads + down + from_district,
        "street": staffing.street_heads - down - up,
        "district": staffing.district_heads + up - from_district,
    }


def community_posts(pilot: Pilot) -> int:
    """Return the posts of community workers: so many that today as many as the config says are in post on average.

    They are as many where a design has fewer exits, which then has more people in post.
    """
    return round(pilot.staffing.community_heads / (1 - _vacant(pilot, pilot.mechanisms.turnover.exits_per_year)))


def posts(pilot: Pilot) -> dict[Level, int]:
    """Return the posts of each level, vacant ones too."""
    in_post = heads(pilot)
    return {**in_post, "community": in_post["community"] + community_posts(pilot) - pilot.staffing.community_heads}


def vacant_share(pilot: Pilot) -> float:
    """Return the share of time that a community worker's post is vacant: 0 where nobody leaves."""
    return _vacant(pilot, exits_per_year(pilot))


def _vacant(pilot: Pilot, exits: float) -> float:
    """Return the share of time that a post is vacant which somebody leaves so often a year."""
    vacancies = exits * pilot.mechanisms.turnover.vacancy_working_days / working_days_a_year(pilot)
    return vacancies / (1 + vacancies)


def exits_per_year(pilot: Pilot) -> float:
    """Return how often a year a community worker leaves: less where pay is lifted."""
    turnover = pilot.mechanisms.turnover
    return turnover.exits_per_year * (1 - turnover.exits_by_pay_share * pilot.levers.pay.gap_closed_share)


def workers_in_post(pilot: Pilot) -> float:
    """Return how many community workers are in post on average: as many as the config says, more with fewer exits."""
    today = _vacant(pilot, pilot.mechanisms.turnover.exits_per_year)
    return pilot.staffing.community_heads * (1 - vacant_share(pilot)) / (1 - today)


def slowed_by_newcomers(pilot: Pilot) -> float:
    """Return how many times as long community workers take, on average over those in post: 1 where nobody leaves."""
    turnover = pilot.mechanisms.turnover
    left = exits_per_year(pilot) * turnover.newcomer_months / 12  # of a time in post, before one is used to the work
    return 1 + (turnover.newcomer_pace - 1) * left / (1 + left)


def today(pilot: Pilot) -> Pilot:
    """Return today's organisation of the same district: four levels, all staff where they are."""
    structure = pilot.structure.model_copy(
        update={
            "levels": ("community", "street", "district"),
            "communities": None,
            "performs": {},  # every activity stays where the law puts it
            "named_contact_share": 0.0,
            "delegated_share": 0.0,
        }
    )
    staffing = pilot.staffing.model_copy(
        update={"street_sent_down_share": 0.0, "street_sent_up_share": 0.0, "district_sent_down_share": 0.0}
    )
    # no managers apart and no service points: today's communities may not have the heads for them
    roles = pilot.roles.model_copy(update={"scheme": "lines"})
    service = pilot.service.model_copy(update={"points": 1})
    grid = pilot.grid.model_copy(update={"patrol_duty_share": 0.0})
    sections = {"structure": structure, "staffing": staffing, "roles": roles, "service": service}
    rooms = {"gap_closed_share": 0.0, "street_rooms_share": 0.0}
    off = {"pay": {"gap_closed_share": 0.0}, "premises": rooms}
    levers = pilot.levers.model_copy(
        update={name: getattr(pilot.levers, name).model_copy(update=values) for name, values in off.items()}
    )
    return without(WORK_LEVERS, pilot).model_copy(update={**sections, "grid": grid, "levers": levers})


def without(levers: Iterable[str], pilot: Pilot) -> Pilot:
    """Return a design with these levers off."""
    for path in levers:
        section, key = path.split(".")
        pilot = pilot.model_copy(update={section: getattr(pilot, section).model_copy(update={key: 0.0})})
    return pilot


def expected(pilot: Pilot, place: Place) -> list[Work]:
    """Return all work that a design has to do in a year, by kind, level and line."""
    hours: dict[tuple[str, Kind, Level, str], float] = defaultdict(float)
    for work in (*_residents(pilot, place), *_burden(pilot, place), *_duties(pilot, place)):
        hours[work.what, work.kind, work.level, work.line] += work.hours
    return [Work(*key, hours=value) for key, value in hours.items() if value > 0]


def _residents(pilot: Pilot, place: Place) -> Iterator[Work]:
    """Yield the hours of residents' requests, with repeats, rework and misrouting."""
    for channel in Channel:
        archetypes = pilot.procedures.archetypes
        share = channel.name.lower() + "_share"
        total = sum(getattr(a, share) for a in archetypes.values())
        for archetype in archetypes.values():
            n = yearly(pilot, channel) * getattr(archetype, share) / total
            if n > 0:
                yield from _requests(pilot, place, archetype, channel, n)


def _requests(pilot: Pilot, place: Place, archetype: Archetype, channel: Channel, n: float) -> Iterator[Work]:
    """Yield the hours of `n` requests of one archetype and channel."""
    line = archetype.line or ALL
    reported, seen = (1.0, 0.0) if channel is not Channel.LATENT else _discovered(pilot, place)
    for probability, draw in possible_draws(pilot, archetype, channel):
        stages = itinerary(pilot, archetype, channel, draw)
        join = stages[0].next if channel is Channel.LATENT else 0
        for i, stage in enumerate(stages):
            if stage.desk is Desk.NOWHERE or stage.retry:
                continue
            follows_a_patrol = channel is Channel.LATENT and join is not None and i >= join
            not_settled = 1 - pilot.demand.settled_on_the_spot_share
            weight = reported + (seen * not_settled if follows_a_patrol else 0.0)
            again = pilot.demand.rework_share if stage.rework else 1.0
            hours = n * probability * weight * again * stage.minutes / stage.legs / 60
            yield Work(RESIDENTS[stage.kind], stage.kind, stage.level, _line(stage, line), hours)


def _line(stage: Stage, line: str) -> str:
    """Return the line or section that serves a stage."""
    if stage.level == "community":
        return ALL if stage.at_wrong_desk else line
    return stage.section


def _discovered(pilot: Pilot, place: Place) -> tuple[float, float]:
    """Return the share of latent issues that a resident reports first, and the share that a patrol sees first.

    Every patrol that is due is taken as done, one a working day, and so is every home visit: some of them see what a
    patrol would.
    """
    households = float(place.grid_households.mean())
    p, days_a_year = see_chance(pilot, households), working_days_a_year(pilot)
    signals = visits_due(pilot, place) / len(place.grid_community) * visit_signal(pilot, households) / days_a_year
    a_day = pilot.grid.patrol_duty_share + signals
    u = (np.arange(200) + 0.5) / 200
    days = lognormal_inverse(u, pilot.demand.report_days_mean, pilot.demand.report_days_cv)
    patrols = days * days_a_year / (7 * WEEKS_A_YEAR) * a_day
    reported = pilot.demand.reported_share * float(np.mean((1 - p) ** patrols))
    return reported, (1 - reported) if a_day > 0 else 0.0


def see_chance(pilot: Pilot, households: float) -> float:
    """Return the chance that one patrol sees a given issue in a grid of this number of households.

    The configured chance holds for one hour in 250 households; a larger grid needs more time for the same chance.
    """
    effort = pilot.grid.patrol_hours * 250 / households
    return float(1 - (1 - pilot.grid.see_share) ** effort)


def visit_signal(pilot: Pilot, households: float) -> float:
    """Return the chance that a home visit or field check counts as a patrol of a grid of this number of households.

    It sees an issue with a share of the chance of an hour's patrol.
    """
    hour = 1 - (1 - pilot.grid.see_share) ** (250 / households)
    return float(min(1.0, pilot.grid.visit_see_share * hour / see_chance(pilot, households)))


def put_down_for_residents(pilot: Pilot, priority: int) -> int:
    """Return the engine's `yields_to` of paper of this priority: it gives way to residents who are there, or never."""
    return min(priority, pilot.conduct.priorities.residents + 1) if pilot.conduct.put_down else 0


def task_hours(pilot: Pilot, place: Place) -> np.ndarray:
    """Return the hours a year of work from above of each community (shape (communities,)).

    They are a fixed part for each reporting unit and a part for each resident, so that merging saves the fixed part of
    the units that go.
    """
    burden = pilot.burden
    total = pilot.district.work.from_above_hours * (1 - burden.abolished_share)
    sizes = place.community_households
    fixed = burden.fixed_share * total / pilot.district.communities
    return np.asarray(fixed + (1 - burden.fixed_share) * total * sizes / sizes.sum())


def own_hours(pilot: Pilot) -> Iterator[tuple[str, Level, str, float]]:
    """Yield (kind of work, level, section, hours) of the street's and the district's own work."""
    burden, structure, work = pilot.burden, pilot.structure, pilot.district.work
    own = 1 - burden.abolished_share  # the share that is left of what an office does for itself
    relays = 1 - burden.abolished_share  # and of what it passes on
    for group in ("economic", "enforcement", "justice", "party"):
        level = structure.level_of("street", group)
        yield STREET_WORK[group], level, group, own * getattr(work.street_hours, group)
    relay = relays * work.street_hours.relay
    if "street" in structure.levels:
        yield STREET_WORK["relay"], "street", "party", relay
    else:
        yield STREET_WORK["relay"], "community", "party", relay * burden.relay_down_share
        yield STREET_WORK["relay"], "district", "party", relay * (1 - burden.relay_down_share)
    for group, hours in work.district_hours:
        yield DISTRICT_WORK, "district", group, own * hours


def meeting_hours(pilot: Pilot) -> float:
    """Return the hours a year that the communities' staff spend in meetings."""
    meetings, n = pilot.burden.meetings, pilot.n_communities
    others = heads(pilot)["community"] - n
    weekly = n * meetings.secretary_per_week + others * meetings.others_per_week
    return weekly * meetings.hours * WEEKS_A_YEAR * (1 - pilot.staffing.absence.share)


def _burden(pilot: Pilot, place: Place) -> Iterator[Work]:
    """Yield work from above, meetings, and the own work of street and district."""
    yield Work(ABOVE, Kind.TASKS, "community", ALL, float(task_hours(pilot, place).sum()))
    yield Work(MEETINGS, Kind.OWN, "community", ALL, meeting_hours(pilot))
    for what, level, section, hours in own_hours(pilot):
        yield Work(what, Kind.OWN, level, ALL if level == "community" else section, hours)


def _duties(pilot: Pilot, place: Place) -> Iterator[Work]:
    """Yield the patrols and home visits that are due, and the hours of self-government."""
    grid, days = pilot.grid, working_days_a_year(pilot)
    patrols = len(place.grid_community) * days * grid.patrol_hours * grid.patrol_duty_share
    yield Work(PATROLS, Kind.PATROL, "community", ALL, patrols)
    minutes = grid.visits.minutes + grid.visits.walk_minutes
    yield Work(HOME_VISITS, Kind.HOME, "community", ALL, visits_due(pilot, place) * minutes / 60)
    yield Work(SELF_GOVERNMENT, Kind.SELF_GOVERNMENT, "community", ALL, self_government_hours(pilot))


def visits_due(pilot: Pilot, place: Place) -> float:
    """Return the home visits that are due in a year."""
    visits, special = pilot.grid.visits, int(place.special.sum())
    standard = (place.n_households - special) * visits.ordinary_per_year + special * visits.special_per_year
    return standard * visits.duty_share


def self_government_hours(pilot: Pilot) -> float:
    """Return the hours of self-government that are due in a year: those of today's communities, whatever the design.

    Merging would else delete them.
    """
    district, due = pilot.district, pilot.mechanisms.self_government
    by_office = due.community_hours_per_week * district.communities
    by_household = due.thousand_households_hours_per_week * district.households / 1000
    return (by_office + by_household) * WEEKS_A_YEAR


def line_shares(pilot: Pilot) -> np.ndarray:
    """Return each line's share of the requests that belong to a line (shape (lines,))."""
    weights = line_weights(pilot)
    return np.asarray(weights / weights.sum())


def line_hours(pilot: Pilot, works: list[Work], level: Level) -> dict[str, float]:
    """Return the hours that do not lapse by line (community) or section (higher levels)."""
    if level == "community":
        names = list(pilot.procedures.lines)
        items = np.array([pilot.procedures.lines[name] for name in names], dtype=float)
        spread = {Kind.TASKS: items / items.sum(), Kind.OWN: items / items.sum()}
        asked = line_shares(pilot)
    else:
        names = ["public_service", "enforcement", "economic", "justice", "party"]
        spread, asked = {}, np.full(len(names), 1 / len(names))
    hours = np.zeros(len(names))
    for work in works:
        if work.level != level or work.lapses or work.what == MEETINGS:
            continue
        if work.line == ALL:
            hours += work.hours * spread.get(work.kind, asked)
        else:
            hours[names.index(work.line)] += work.hours
    return dict(zip(names, hours.tolist(), strict=True))
