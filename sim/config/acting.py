"""Which knobs can act under a design: one that can act under none of those compared is refused, not ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.config.case import LEVELS
from sim.config.compose import Line, compose
from sim.config.schema import load
from sim.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sim.config.composition import Composition, Part
    from sim.config.schema import Pilot

    Condition = tuple[str, Callable[[Pilot], bool]]

FACTS = ("district", "demand", "procedures", "mechanisms")
"""Groups whose files describe a place, its people and its law, whatever the designs that are tried there."""

ONCE_A_CENTURY = 0.01


def _has_street(p: Pilot) -> bool:
    return "street" in p.structure.levels


def _has_above(p: Pilot) -> bool:
    return p.burden.abolished_share < 1 and p.district.work.from_above_hours > 0


def _has_own(p: Pilot) -> bool:
    return p.burden.abolished_share < 1 and any(
        hours > 0 for part in (p.district.work.street_hours, p.district.work.district_hours) for _, hours in part
    )


def _some_paper_waits(p: Pilot) -> bool:
    return (p.burden.first_after_share > 0 and _has_above(p)) or (p.burden.own_first_after_share > 0 and _has_own(p))


def _finds(p: Pilot) -> bool:
    return p.demand.latent_per_resident_year > 0 and (p.grid.patrol_duty_share > 0 or p.grid.visit_see_share > 0)


def _serves_outside(p: Pilot) -> bool:
    roles, service = p.roles, p.service
    return (
        roles.one_room
        or roles.scheme == "generalist"
        or (roles.cover == "colleague" and p.staffing.absence.share > 0)
        or service.phone == "anyone"
        or service.windows == "one_window"
        or service.desk == "rota"
        or service.door_to_door_share > 0
        or p.mechanisms.premises.m2_per_counter > 0
    )


def _some_without_contact(p: Pilot) -> bool:
    every_hop = p.structure.named_contact_between == "all" or not _has_street(p)
    return p.structure.named_contact_share < 1 or not every_hop


def _performers(p: Pilot, where: str) -> set[str]:
    """Return the levels that perform what a procedure does at a counter, after the first contact, or in the field."""
    return {
        p.structure.level_of(activity.level, activity.group)
        for archetype in p.procedures.archetypes.values()
        for activity in archetype.activities[1:]
        if activity.where == where
    }


def _goes_above(p: Pilot) -> bool:
    return bool(_performers(p, "counter") - {"community"})


def _gated(batch: str) -> Callable[[Pilot], bool]:
    """Return the test whether a file can come from another level to what is done in batches."""

    def gated(p: Pilot) -> bool:
        for archetype in p.procedures.archetypes.values():
            seen = {"community"}
            for activity in archetype.activities[1:]:
                level = p.structure.level_of(activity.level, activity.group)
                if activity.batch == batch and seen != {level}:
                    return True
                seen |= {level} if activity.where != "outside" else set()
        return False

    return gated


def _some_queue_unattended(p: Pilot) -> bool:
    """Return whether it happens, once a century at least, that nobody is in for a queue all day.

    Where colleagues serve each other's queues, all of an office must be away at once.
    """
    share = p.staffing.absence.share
    if share == 0 or (p.roles.cover == "none" and not p.roles.one_room):
        return share > 0
    staffing, points = p.staffing, p.service.points
    down = staffing.street_heads * staffing.street_sent_down_share
    heads = {
        "community": staffing.community_heads + down + staffing.district_heads * staffing.district_sent_down_share,
        "street": staffing.street_heads * p.street_stays_share,
        "district": float(staffing.district_heads),
    }
    if p.roles.scheme == "dedicated":
        heads["community"] -= p.roles.managers_per_grid * p.district.households / p.grid.households
    offices = {"community": p.n_communities * points, "street": p.district.streets, "district": 1}
    days = sum(
        365 * offices[level] * share ** max(1.0, heads[level] / offices[level])
        for level in LEVELS
        if level in p.structure.levels
    )
    return bool(days >= ONCE_A_CENTURY)


def _of(path: str) -> Condition:
    """Return the condition that a number of the design is above 0."""
    return f"{path} is above 0", lambda p: bool(value_at(p, path) > 0)


_TWO_POSTS: Condition = ("roles.scheme is ab or generalist", lambda p: p.roles.scheme in ("ab", "generalist"))
_ABOVE: Condition = ("there is work from above (district.work.from_above_hours, burden.abolished_share)", _has_above)
_OWN: Condition = (
    "there is own work (district.work.street_hours and district_hours, burden.abolished_share)",
    _has_own,
)
_WORK: Condition = (
    "there is work from above or own work (district.work, burden.abolished_share)",
    lambda p: _has_above(p) or _has_own(p),
)
_WAITING_PAPER: Condition = (
    "there is work that gives way until it is due (burden.first_after_share or own_first_after_share above 0)",
    _some_paper_waits,
)
_KEPT: Condition = ("burden.abolished_share is below 1", lambda p: p.burden.abolished_share < 1)
_VISITS = _of("grid.visits.duty_share")
_PHONED: Condition = (
    "somebody phones (demand.phone_per_resident_year, service.signboard_phone_share, or issues that are reported)",
    lambda p: (
        p.demand.phone_per_resident_year > 0
        or p.service.signboard_phone_share > 0
        or (p.demand.latent_per_resident_year > 0 and p.demand.reported_share > 0)
    ),
)
_FINDS: Condition = (
    "there are issues to be found, and patrols or visits that may find them (demand.latent_per_resident_year, "
    "grid.patrol_duty_share, grid.visit_see_share)",
    _finds,
)
_REPORTED: Condition = (
    "issues are reported (demand.latent_per_resident_year and demand.reported_share above 0)",
    lambda p: p.demand.latent_per_resident_year > 0 and p.demand.reported_share > 0,
)
_PAPERS = _of("demand.incomplete_share")
_FESTIVAL: Condition = (
    "district.calendar.festival_weeks is above 0 and demand.festival_factor not 1",
    lambda p: p.district.calendar.festival_weeks > 0 and p.demand.festival_factor != 1,
)
_BUS: Condition = (
    "residents take the bus to an office above the community (district.bus_share above 0, district.bus_kmh above "
    "walking_kmh, and some counter above the community)",
    lambda p: p.district.bus_share > 0 and p.district.bus_kmh > p.district.walking_kmh and _goes_above(p),
)
_BLOCKS: Condition = (
    "staff are away for days on end (staffing.absence.share above 0 and single_days_share below 1)",
    lambda p: p.staffing.absence.share > 0 and p.staffing.absence.single_days_share < 1,
)
_ROOMS: Condition = (
    "counters or chairs need room (mechanisms.premises.m2_per_counter, m2_per_chair)",
    lambda p: p.mechanisms.premises.on,
)
_STREET_ROOMS: Condition = (
    "counters or chairs need room (mechanisms.premises.m2_per_counter, m2_per_chair), and structure.levels has no "
    "street",
    lambda p: p.mechanisms.premises.on and not _has_street(p),
)


def _due(kind: str) -> Condition:
    """Return the condition that there is work from above of a kind: it has a date, and is done by it or not."""
    return (
        f"there is such work (burden.kinds.{kind}.share above 0)",
        lambda p: getattr(p.burden.kinds, kind).share > 0 and _has_above(p),
    )


CONDITIONS: dict[str, Condition] = {
    "district.bus_share": _BUS,
    "district.bus_kmh": _BUS,
    "district.staff_vehicle_kmh": (
        "staff above the community work in the field (structure.performs)",
        lambda p: bool(_performers(p, "field") - {"community"}),
    ),
    "district.work.from_above_hours": _KEPT,
    "district.work.street_hours": _KEPT,
    "district.work.district_hours": _KEPT,
    "district.place_seed": ("district.place is fixed", lambda p: p.district.place == "fixed"),
    "district.calendar.festival_start": _FESTIVAL,
    "district.calendar.festival_weeks": ("demand.festival_factor is not 1", lambda p: p.demand.festival_factor != 1),
    "demand.festival_factor": _of("district.calendar.festival_weeks"),
    "demand.phone_weekday": _of("demand.phone_per_resident_year"),
    "demand.phone_hour": _of("demand.phone_per_resident_year"),
    "demand.special_care_factor": _of("district.special_care_share"),
    "demand.incomplete_at_desk_share": _PAPERS,
    "demand.incomplete_days_mean": _PAPERS,
    "demand.incomplete_days_cv": _PAPERS,
    "demand.patience_phone_minutes_mean": _PHONED,
    "demand.tries": _of("demand.return_share"),
    "demand.return_share": ("demand.tries is above 1", lambda p: p.demand.tries > 1),
    "demand.reported_share": _of("demand.latent_per_resident_year"),
    "demand.report_days_mean": _REPORTED,
    "demand.report_days_cv": _REPORTED,
    "demand.settled_on_the_spot_share": _FINDS,
    "procedures.wrong_desk_minutes": _of("demand.misrouted_share"),
    "structure.merge_rule": ("structure.communities is given", lambda p: p.structure.communities is not None),
    "structure.transfer_working_days": (
        "some files travel without a named contact (structure.named_contact_share, structure.named_contact_between)",
        _some_without_contact,
    ),
    "structure.named_contact_between": (
        "structure.named_contact_share is above 0 and structure.levels has a street",
        lambda p: p.structure.named_contact_share > 0 and _has_street(p),
    ),
    "structure.named_contact_working_days": _of("structure.named_contact_share"),
    "structure.delegated_minutes_share": _of("structure.delegated_share"),
    "structure.weekly_gate_weekday": ("some file comes to a weekly gate from another level", _gated("weekly")),
    "structure.weekly_gate_time": ("some file comes to a weekly gate from another level", _gated("weekly")),
    "structure.monthly_gate_day": ("some file comes to a monthly gate from another level", _gated("monthly")),
    "staffing.absence.single_days_share": _of("staffing.absence.share"),
    "staffing.absence.block_days_min": _BLOCKS,
    "staffing.absence.block_days_max": _BLOCKS,
    "roles.b_share": _TWO_POSTS,
    "roles.specialisms": ("roles.scheme is not lines", lambda p: p.roles.scheme != "lines"),
    "roles.managers_per_grid": ("roles.scheme is dedicated", lambda p: p.roles.scheme == "dedicated"),
    "roles.cover": _of("staffing.absence.share"),
    "roles.outside_pace": (
        "somebody serves what is not their own (roles.one_room, roles.cover, roles.scheme=generalist, service.windows, "
        "service.phone, service.desk, service.door_to_door_share, mechanisms.premises.m2_per_counter)",
        _serves_outside,
    ),
    "service.seats": ("service.desk is rota", lambda p: p.service.desk == "rota"),
    "service.phone": _PHONED,
    "service.told_when_back": (
        "nobody covers (roles.cover, roles.one_room), or offices are so small that all of one may be away on a day",
        _some_queue_unattended,
    ),
    "service.agency_minutes": _of("service.agency_share"),
    # Patrols of another length are other draws for what visits find, and no other law of it.
    "grid.patrol_hours": _of("grid.patrol_duty_share"),
    "grid.see_share": _FINDS,
    "grid.visit_see_share": _of("demand.latent_per_resident_year"),
    "grid.visits.ordinary_per_year": _VISITS,
    "grid.visits.special_per_year": _VISITS,
    "grid.visits.minutes": _VISITS,
    "grid.visits.walk_minutes": (
        "staff come to homes (grid.visits.duty_share, service.door_to_door_share, service.agency_share)",
        lambda p: p.grid.visits.duty_share > 0 or p.service.door_to_door_share > 0 or p.service.agency_share > 0,
    ),
    "burden.fixed_share": _ABOVE,
    "burden.kinds.long_term.share": _ABOVE,
    "burden.kinds.periodic.share": _ABOVE,
    "burden.kinds.ad_hoc.share": _ABOVE,
    "burden.kinds.long_term.due_working_days": _due("long_term"),
    "burden.kinds.periodic.due_working_days": _due("periodic"),
    "burden.kinds.ad_hoc.due_working_days": _due("ad_hoc"),
    "burden.release": _WORK,
    "burden.piece_minutes": _WORK,
    "burden.first_after_share": _ABOVE,
    "burden.own_first_after_share": _OWN,
    "burden.own_due_working_days": _OWN,
    "burden.away_share": _ABOVE,
    "burden.relay_down_share": (
        "structure.levels has no street, and there is relay work (district.work.street_hours.relay)",
        lambda p: not _has_street(p) and p.burden.abolished_share < 1 and p.district.work.street_hours.relay > 0,
    ),
    "burden.meetings.hours": (
        "there are meetings (burden.meetings.secretary_per_week, others_per_week)",
        lambda p: p.burden.meetings.secretary_per_week + p.burden.meetings.others_per_week > 0,
    ),
    "conduct.priorities.due": _WORK,
    "conduct.priorities.not_yet_due": _WAITING_PAPER,
    "conduct.priorities.duties": (
        "patrols or home visits are owed (grid.patrol_duty_share, grid.visits.duty_share)",
        lambda p: p.grid.patrol_duty_share > 0 or p.grid.visits.duty_share > 0,
    ),
    "conduct.step_minutes": _WAITING_PAPER,
    "mechanisms.turnover.exits_by_pay_share": (
        "community workers leave, and their pay is lifted (mechanisms.turnover.exits_per_year, levers.pay)",
        lambda p: p.mechanisms.turnover.on and p.levers.pay.on,
    ),
    "levers.pay.gap_closed_share": (
        "the street's pay is above that of community workers (cost.street_pay, cost.community_pay)",
        lambda p: p.cost.street_pay > p.cost.community_pay,
    ),
    **dict.fromkeys(
        (
            *(f"mechanisms.premises.{key}" for key in ("mean_m2", "m2_cv", "standard_m2", "office_share")),
            "levers.premises.gap_closed_share",
        ),
        _ROOMS,
    ),
    "levers.premises.street_rooms_share": _STREET_ROOMS,
    "mechanisms.premises.street_m2": (
        "communities take over rooms of the streets (levers.premises.street_rooms_share, mechanisms.premises, and no "
        "street in structure.levels)",
        lambda p: _STREET_ROOMS[1](p) and p.levers.premises.street_rooms_share > 0,
    ),
    "mechanisms.turnover.vacancy_working_days": _of("mechanisms.turnover.exits_per_year"),
    "mechanisms.turnover.newcomer_pace": _of("mechanisms.turnover.exits_per_year"),
    "mechanisms.turnover.newcomer_months": (
        "mechanisms.turnover.exits_per_year is above 0 and newcomer_pace above 1",
        lambda p: p.mechanisms.turnover.on and p.mechanisms.turnover.newcomer_pace > 1,
    ),
    "mechanisms.self_government.evening_hours_per_week": (
        "hours of self-government are due (mechanisms.self_government.community_hours_per_week, "
        "thousand_households_hours_per_week)",
        lambda p: p.mechanisms.self_government.on,
    ),
}
"""By knob: in words, and as a test, under which designs it can act. A knob that is not here is taken to.

Not here is what the other numbers of a district must agree with, whatever the design: `district.streets`,
`staffing.community_heads_min` and `_max`, `mechanisms.premises.smallest_m2`.
"""


def check_acting(pilots: Mapping[str, tuple[Pilot, Composition]]) -> list[str]:
    """Return a sentence for each knob that was set and can act under some of its pilots only.

    Looked at are the command line, the pilots' own files, and the files of the user's own folder that these name, but
    for those that describe the place. What has the value of the base says nothing.

    Parameters
    ----------
    pilots : mapping of name to Pilot and Composition
        Those that are compared, and what gave their values.

    Raises
    ------
    ConfigError
        Where a knob can act under none of those that have it.
    """
    notes = []
    base: Pilot | None = None  # composed when it is needed
    for knob, (words, acts) in CONDITIONS.items():
        for file, having in set_by(knob, {name: composition for name, (_, composition) in pilots.items()}).items():
            still = [name for name in having if not acts(pilots[name][0])]
            if not still:
                continue
            base = base or load(compose("main", Line(())))
            if all(value_at(pilots[name][0], knob) == value_at(base, knob) for name in still):
                continue
            if len(still) == len(having) and not any(file and acted(file, knob, *pilots[name]) for name in still):
                raise idle(knob, file, still)
            notes.append(f"{_place(knob, file)} does not act under {', '.join(still)}: it does where {words}.")
    return notes


def idle(knob: str, where: str, designs: Iterable[str]) -> ConfigError:
    """Return the error for a knob that can act under none of these designs; `where` says what set it, if a file did."""
    return ConfigError(
        f"{_place(knob, where)} must be set where it can act, which is where {CONDITIONS[knob][0]}, got it under "
        f"{', '.join(designs)}"
    )


def _place(knob: str, where: str) -> str:
    """Return a knob behind the file or the part of a study that sets it."""
    return f"{where}: {knob}" if where else knob


def value_at(design: Pilot, path: str) -> Any:
    """Return the value of a knob, or the section, at a path of a design."""
    at: Any = design
    for key in path.split("."):
        at = getattr(at, key)
    return at


def set_by(knob: str, pilots: Mapping[str, Composition]) -> dict[str, list[str]]:
    """Return who set a knob, by file (empty: the command line), with the pilots that have it from there."""
    having: dict[str, list[str]] = {}
    for name, composition in pilots.items():
        giver = composition.giver(knob)
        if giver is not None and _counts(composition.parts[giver]):
            having.setdefault(composition.parts[giver].file, []).append(name)
    return having


def _counts(part: Part) -> bool:
    """Return whether a part is the command line, a pilot's own file, or one of the user's that a pilot names."""
    mine = part.group == "pilot" or (part.own and part.group not in FACTS)
    return not part.file or (part.chosen and mine)


def acted(file: str, knob: str, pilot: Pilot, composition: Composition) -> bool:
    """Return whether a file's knob acts before later files of pilots and the command line set theirs."""
    from omegaconf import OmegaConf

    parts = composition.parts
    at = next(i for i, part in enumerate(parts) if part.file == file)
    before = [part.content for i, part in enumerate(parts) if i <= at or part.group not in ("pilot", "")]
    plain: Any = OmegaConf.to_container(OmegaConf.merge(*(OmegaConf.create(dict(one)) for one in before)), resolve=True)
    try:
        return CONDITIONS[knob][1](load({**plain, "name": pilot.name, "title": pilot.title}))
    except ConfigError:  # alone they make no design: what comes later belongs to them
        return False
