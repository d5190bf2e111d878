"""The one schema of the district model: checked, frozen objects from plain mappings.

Every message has the form *path must be rule, got value*; nothing here can run code.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.errors import ConfigError, near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Heads = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]

Model = TypeVar("Model", bound=BaseModel)

Level = Literal["community", "street", "district"]
Group = Literal["public_service", "enforcement", "economic", "justice", "party"]

LEVELS: tuple[Level, ...] = ("community", "street", "district")
GROUPS: tuple[Group, ...] = ("public_service", "enforcement", "economic", "justice", "party")


class Section(BaseModel):
    """A frozen group of knobs that refuses unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _sums_to_one(shares: Iterable[float]) -> None:
    total = sum(shares)
    if abs(total - 1) > 1e-9:
        raise ValueError(f"must sum to 1, got {total:g}")


# ---------------------------------------------------------------------------------------- place and time


class Hours(Section):
    """One opening of the office on a working day, as clock times HH:MM."""

    open: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    close: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]

    @property
    def minutes(self) -> tuple[int, int]:
        """Return opening and closing in minutes after midnight."""
        hour, minute = (int(part) for part in self.open.split(":"))
        hour_end, minute_end = (int(part) for part in self.close.split(":"))
        return hour * 60 + minute, hour_end * 60 + minute_end

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        start, end = self.minutes
        if end <= start:
            raise ValueError(f"close must be later than open, got {self.open} to {self.close}")
        return self


class OfficeCalendar(Section):
    """Working days and hours; the 52 weeks from `first_monday` repeat for ever."""

    first_monday: dt.date
    hours: Annotated[tuple[Hours, ...], Field(min_length=1)]
    holidays: tuple[dt.date, ...]
    working_weekends: tuple[dt.date, ...]
    festival_start: dt.date
    festival_weeks: Annotated[int, Field(ge=0, le=52)]

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        if self.first_monday.weekday() != 0:
            raise ValueError(f"first_monday must be a Monday, got {self.first_monday} ({self.first_monday:%A})")
        for a, b in zip(self.hours, self.hours[1:], strict=False):
            if b.minutes[0] <= a.minutes[1]:
                raise ValueError(f"hours must be in order and apart, got {a.close} before {b.open}")
        return self


class District(Section):
    """The place: people, area, today's offices, and how people and staff move."""

    name: str
    population: Annotated[int, Field(ge=100, le=20_000_000)]
    household_size: Positive
    built_up_km2: Positive
    detour_factor: Annotated[float, Field(ge=1)]
    walking_kmh: Positive
    bus_kmh: Positive
    bus_share: Share
    staff_vehicle_kmh: Positive
    communities: Count
    streets: Count
    community_size_cv: NonNegative
    special_care_share: Share
    place_seed: Annotated[int, Field(ge=0)]
    copies: Annotated[int, Field(ge=1, le=1000)]
    calendar: OfficeCalendar

    @property
    def households(self) -> int:
        """Return the number of households."""
        return round(self.population / self.household_size)

    @model_validator(mode="after")
    def _enough_households(self) -> Self:
        if self.communities > self.households:
            raise ValueError(
                f"communities must be at most the number of households ({self.households}), got {self.communities}"
            )
        if self.streets > self.communities:
            raise ValueError(f"streets must be at most communities ({self.communities}), got {self.streets}")
        return self


# ---------------------------------------------------------------------------------- demand and procedures

Week = Annotated[tuple[NonNegative, ...], Field(min_length=7, max_length=7)]
Day = Annotated[tuple[NonNegative, ...], Field(min_length=24, max_length=24)]


class Demand(Section):
    """What residents bring, independent of any design."""

    counter_per_resident_year: NonNegative
    phone_per_resident_year: NonNegative
    latent_per_resident_year: NonNegative
    counter_weekday: Week
    counter_hour: Day
    phone_weekday: Week
    phone_hour: Day
    day_factor_cv: NonNegative
    festival_factor: NonNegative
    special_care_factor: NonNegative
    misrouted_share: Share
    incomplete_share: Share
    incomplete_at_desk_share: Share
    incomplete_days_mean: Positive
    incomplete_days_cv: Positive
    rework_share: Share
    patience_walk_in_minutes_mean: Positive
    patience_phone_minutes_mean: Positive
    tries: Annotated[int, Field(ge=1, le=10)]
    return_share: Share
    reported_share: Share
    report_days_mean: Positive
    report_days_cv: Positive
    settled_on_the_spot_share: Share

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        for field in ("counter_weekday", "counter_hour", "phone_weekday", "phone_hour"):
            if sum(getattr(self, field)) <= 0:
                raise ValueError(f"{field} must have a weight above 0, got only zeros")
        return self


class Activity(Section):
    """One activity of a procedure, at the level that the old law assigns.

    `where` is desk (a file), field (legs in the grid or on the street), counter (the resident is
    present) or outside (a pure delay beyond the model).
    """

    name: Name
    where: Literal["counter", "desk", "field", "outside"]
    level: Level = "community"
    group: Group = "public_service"
    minutes: NonNegative = 0.0
    share: Share = 1.0
    review: bool = False
    batch: Literal["none", "weekly", "monthly"] = "none"
    working_days: NonNegative = 0.0

    @model_validator(mode="after")
    def _one_kind_of_time(self) -> Self:
        if self.where == "outside" and self.minutes:
            raise ValueError(f"minutes must be 0 for an activity outside the model, got {self.minutes:g}")
        if self.where != "outside" and not self.minutes:
            raise ValueError("minutes must be above 0 for an activity of the staff, got 0")
        if self.where != "outside" and self.working_days:
            raise ValueError(f"working_days must be 0 unless where is outside, got {self.working_days:g}")
        return self


class Limit(Section):
    """A legal or promised limit on its own clock."""

    amount: Positive
    clock: Literal["working_days", "calendar_days", "hours"]


class Archetype(Section):
    """A kind of request: its line, its shares of demand, its limit and its activities in order."""

    title: str
    line: Name | None
    counter_share: NonNegative = 0.0
    phone_share: NonNegative = 0.0
    latent_share: NonNegative = 0.0
    papers: bool = False
    result: Literal["at_once", "told", "collected", "on_site"] = "at_once"
    limit: Limit | None = None
    activities: Annotated[tuple[Activity, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _starts_at_a_counter(self) -> Self:
        first = self.activities[0]
        if (first.where, first.level, first.share) != ("counter", "community", 1.0):
            raise ValueError(f"activities[0] must be a counter of the community with share 1, got {first.name}")
        names = [activity.name for activity in self.activities]
        if len(set(names)) < len(names):
            raise ValueError(f"activities must have names of their own, got {', '.join(names)}")
        return self


class Procedures(Section):
    """All archetypes, the 17 lines with their number of items, and the spread of touch times."""

    desk_cv: Positive
    back_cv: Positive
    wrong_desk_minutes: Positive
    collect_minutes: Positive
    lines: dict[Name, Count]
    archetypes: Annotated[dict[Name, Archetype], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, archetype in self.archetypes.items():
            if archetype.line is not None and archetype.line not in self.lines:
                hint = near(archetype.line, self.lines)
                raise ValueError(f"archetypes.{name}.line must be one of the lines{hint}, got {archetype.line}")
        for channel in ("counter_share", "phone_share", "latent_share"):
            if sum(getattr(a, channel) for a in self.archetypes.values()) <= 0:
                raise ValueError(f"archetypes must give some {channel} above 0, got only zeros")
        return self


# -------------------------------------------------------------------------------------------- the design


class Structure(Section):
    """Levels, units, which level performs which activity, and transfers between levels."""

    levels: tuple[Level, ...]
    communities: Count | None
    merge_rule: Literal["equal_population", "whole_communities"]
    performs: dict[Level, dict[Group, Level]]
    transfer_working_days: NonNegative
    named_contact_share: Share
    named_contact_working_days: NonNegative
    delegated_share: Share
    relay_minutes: Positive
    weekly_gate_weekday: Annotated[int, Field(ge=1, le=7)]
    weekly_gate_time: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    monthly_gate_day: Annotated[int, Field(ge=1, le=28)]

    @model_validator(mode="after")
    def _levels(self) -> Self:
        if tuple(level for level in LEVELS if level in self.levels) != self.levels:
            raise ValueError(f"levels must be in the order {', '.join(LEVELS)}, got {', '.join(self.levels)}")
        if not {"community", "district"} <= set(self.levels):
            raise ValueError(f"levels must include community and district, got {', '.join(self.levels)}")
        for level in LEVELS:
            for group in GROUPS:
                target = self.level_of(level, group)
                if target not in self.levels:
                    raise ValueError(
                        f"performs.{level}.{group} must be one of the levels {', '.join(self.levels)}, got {target}"
                    )
        return self

    def level_of(self, level: Level, group: Group) -> Level:
        """Return the level that performs what the old law assigns to this level and function group."""
        return self.performs.get(level, {}).get(group, level)


class Absence(Section):
    """Days away, in episodes: single days and blocks of working days."""

    share: Annotated[float, Field(ge=0, lt=0.9)]
    single_days_share: Share
    block_days_min: Count
    block_days_max: Count

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.block_days_max < self.block_days_min:
            raise ValueError(
                f"block_days_max must be at least block_days_min ({self.block_days_min}), got {self.block_days_max}"
            )
        return self


class Staffing(Section):
    """Heads of today by level, where the street's heads go, and absence."""

    community_heads: Heads
    street_heads: Heads
    district_heads: Annotated[int, Field(ge=1)]
    community_heads_min: Count
    community_heads_max: Count
    follow_population: Share
    street_sent_down_share: Share
    street_sent_up_share: Share
    absence: Absence

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if self.street_sent_down_share + self.street_sent_up_share > 1 + 1e-9:
            raise ValueError(
                "street_sent_down_share and street_sent_up_share must sum to at most 1, got "
                f"{self.street_sent_down_share + self.street_sent_up_share:g}"
            )
        if self.community_heads_max < self.community_heads_min:
            raise ValueError(
                f"community_heads_max must be at least community_heads_min ({self.community_heads_min}), "
                f"got {self.community_heads_max}"
            )
        return self


class Roles(Section):
    """Who serves what at the community, and in which order."""

    scheme: Literal["lines", "ab", "dedicated", "generalist"]
    order: Literal["a_first", "b_first", "oldest", "longest", "split"]
    b_share: Annotated[float, Field(gt=0, lt=1)]
    specialisms: Count
    managers_per_grid: Annotated[float, Field(gt=0, le=10)]
    cover: Literal["none", "colleague"]
    outside_pace: Annotated[float, Field(ge=1, le=10)]


class Service(Section):
    """Counters: one window or one per line, where they are, and who sits there; and the ways that spare a trip."""

    windows: Literal["per_line", "one_window"]
    desk: Literal["own", "rota"]
    counters: Count
    points: Annotated[int, Field(ge=1, le=3)]
    door_to_door_share: Share
    agency_share: Share
    agency_minutes: Positive
    signboard_phone_share: Share


class Visits(Section):
    """The standard of home visits."""

    ordinary_per_year: NonNegative
    special_per_year: NonNegative
    minutes: Positive
    walk_minutes: NonNegative


class Grid(Section):
    """Grids and the duties that are due in them, the same in every pilot."""

    households: Annotated[int, Field(ge=10)]
    patrol_hours: Positive
    leg_minutes: Positive
    see_share: Annotated[float, Field(gt=0, lt=1)]
    duty_share: Share
    visits: Visits


class TaskKind(Section):
    """A kind of work from above: its share of the hours and the working days until it is due."""

    share: Share
    due_working_days: Positive


class TaskKinds(Section):
    """Long-term, periodic and ad hoc work from above."""

    long_term: TaskKind
    periodic: TaskKind
    ad_hoc: TaskKind

    @model_validator(mode="after")
    def _sum(self) -> Self:
        _sums_to_one(
            (self.long_term.share, self.periodic.share, self.ad_hoc.share),
        )
        return self


class StreetWork(Section):
    """How the street's own time splits over its functions today."""

    economic: Share
    enforcement: Share
    justice: Share
    party: Share
    relay: Share

    @model_validator(mode="after")
    def _sum(self) -> Self:
        _sums_to_one((self.economic, self.enforcement, self.justice, self.party, self.relay))
        return self


class DistrictWork(Section):
    """How the district desks' own time splits over their functions today."""

    public_service: Share
    economic: Share
    enforcement: Share
    justice: Share
    party: Share

    @model_validator(mode="after")
    def _sum(self) -> Self:
        _sums_to_one(
            (self.public_service, self.economic, self.enforcement, self.justice, self.party),
        )
        return self


class Meetings(Section):
    """Meetings a week of a community secretary and of the other community staff, and their length."""

    secretary_per_week: NonNegative
    others_per_week: NonNegative
    hours: Positive


class Priorities(Section):
    """Engine priorities of the model; 0 is the most urgent."""

    emergency: Heads
    due: Heads
    residents: Heads
    not_yet_due: Heads


class Burden(Section):
    """Work that is not residents' requests: from above, and the offices' own.

    Shares of time are of the time present of *today's* staff, so that every pilot carries the same hours.
    """

    task_share: Share
    fixed_share: Share
    kinds: TaskKinds
    priorities: Priorities
    release: Literal["evenly", "monday"]
    first_after_share: Share
    own_first_after_share: Share
    own_due_working_days: Positive
    piece_minutes: Positive
    relay_down_share: Share
    abolished_share: Share
    street_own_share: Share
    street_own_work: StreetWork
    district_own_share: Share
    district_own_work: DistrictWork
    meetings: Meetings


class Run(Section):
    """Horizon, replications, seed, and how verdicts are made."""

    warm_up_weeks: Count
    measured_weeks: Annotated[int, Field(ge=1, le=5200)]
    drain_weeks: Annotated[int, Field(ge=0)]
    replications: Count
    seed: Annotated[int, Field(ge=0)]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    withhold_share: Share
    overload: Literal["simulate", "refuse"]

    @property
    def weeks(self) -> int:
        """Return the whole horizon in weeks."""
        return self.warm_up_weeks + self.measured_weeks + self.drain_weeks


class Mid(Section):
    """The smallest differences that matter."""

    turnaround: Positive
    counter_wait: Positive
    trips: Positive
    on_time: Positive
    utilisation: Positive
    hours_a_week: Positive
    resident_time: Positive
    hand_overs: Positive
    share: Positive
    detection_lag: Positive


class Pilot(Section):
    """A pilot design, whole: everything that determines the answer."""

    name: Name
    title: str
    district: District
    demand: Demand
    procedures: Procedures
    structure: Structure
    staffing: Staffing
    roles: Roles
    service: Service
    grid: Grid
    burden: Burden
    run: Run
    mid: Mid

    @property
    def n_communities(self) -> int:
        """Return the number of communities of the design (today's number unless it merges them)."""
        return self.structure.communities or self.district.communities

    @property
    def street_stays_share(self) -> float:
        """Return the share of the street's heads that stay at the street."""
        return 1 - self.staffing.street_sent_down_share - self.staffing.street_sent_up_share

    @model_validator(mode="after")
    def _heads_add_up(self) -> Self:
        staffing, n = self.staffing, self.district.communities
        if "street" not in self.structure.levels and self.street_stays_share > 1e-9:
            moved = 1 - self.street_stays_share
            raise ValueError(
                "staffing.street_sent_down_share and staffing.street_sent_up_share must sum to 1 where the structure "
                f"has no street level (whoever leaves the street goes somewhere), got {moved:g}"
            )
        if self.service.points > 1 and self.structure.communities is None:
            raise ValueError(
                "service.points must be 1 where the structure has no big communities (structure.communities), "
                f"got {self.service.points}"
            )
        if self.service.points > 1 and self.service.windows != "one_window":
            raise ValueError(
                "service.points must be 1 unless service.windows is one_window, as no line has a clerk at every point, "
                f"got {self.service.points}"
            )
        low, high = n * staffing.community_heads_min, n * staffing.community_heads_max
        if not low <= staffing.community_heads <= high:
            raise ValueError(
                f"staffing.community_heads must be between {low} and {high} for {n} communities of "
                f"{staffing.community_heads_min} to {staffing.community_heads_max} heads, "
                f"got {staffing.community_heads}"
            )
        if self.n_communities > self.district.households:
            raise ValueError(
                f"structure.communities must be at most the number of households ({self.district.households}), "
                f"got {self.n_communities}"
            )
        opening = max(h.minutes[1] - h.minutes[0] for h in self.district.calendar.hours) / 60
        if self.burden.meetings.hours > opening:
            raise ValueError(
                f"burden.meetings.hours must be at most the longest opening of the office ({opening:g}), "
                f"got {self.burden.meetings.hours:g}"
            )
        if self.structure.merge_rule == "whole_communities" and self.n_communities > n:
            raise ValueError(
                f"structure.communities must be at most today's {n} where whole communities are merged, "
                f"got {self.n_communities}"
            )
        return self


# ----------------------------------------------------------------------------------------------- loading


def load(mapping: Mapping[str, Any]) -> Pilot:
    """Return a checked pilot design from a plain mapping.

    Raises
    ------
    ConfigError
        For the first rule that is broken, as one paragraph with path, rule and value.
    """
    return checked(Pilot, mapping)


def checked_kind(kinds: Mapping[str, type[Any]], mapping: Mapping[str, Any], root: str) -> Any:
    """Return the settings of the schema that `kind` names, checked; `root` comes first in messages.

    Raises
    ------
    ConfigError
        The kind must be known and so must every key; numbers must be in their range.
    """
    kind = str(mapping.get("kind"))
    if kind not in kinds:
        raise ConfigError(f"{root}.kind must be one of {', '.join(kinds)}{near(kind, kinds)}, got {kind}")
    return checked(kinds[kind], mapping, root)


def checked(schema: type[Model], mapping: Mapping[str, Any], root: str = "") -> Model:
    """Return a mapping as an object of a schema, or raise `ConfigError` in the house's form.

    The mapping goes through JSON: it is data and nothing else, and lists become tuples under strict types.
    """
    try:
        text = json.dumps(mapping)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{root or 'config'} must be plain data (numbers, texts, lists, mappings): {error}"
        ) from error
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(_paragraph(schema, error, root)) from error


def is_whole(path: str) -> bool:
    """Return whether a knob of a pilot takes whole numbers only."""
    kind: Any = Pilot
    for part in path.split("."):
        fields = getattr(kind, "model_fields", {})
        if part in fields:
            kind = _without_none(fields[part].annotation)
        else:  # a key of a mapping, or a member of a list that goes by its name
            inside = get_args(kind)
            kind = _without_none(next((one for one in reversed(inside) if one is not Ellipsis), None))
    return kind is int


def _without_none(kind: Any) -> Any:
    """Return what an annotation of a field allows beside None."""
    inside = [one for one in get_args(kind) if one is not type(None)]
    kind = inside[0] if len(inside) == 1 and type(None) in get_args(kind) else kind
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _paragraph(schema: type[BaseModel], error: ValidationError, root: str) -> str:
    """Return the first few violations as one paragraph."""
    items = [dict(item) for item in error.errors(include_url=False)]
    # A list whose members are wrong counts as empty: that is no mistake of the user's.
    told = [item for item in items if item["type"] != "too_short" or not item["input"]] or items
    found = [_sentence(schema, item, root) for item in told]
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    return "; ".join(found[:3]) + more


_RULES = {
    "missing": "must be given",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping of keys",
}


def _sentence(schema: type[BaseModel], item: dict[str, Any], root: str) -> str:
    """Return one violation as *path must be rule, got value*."""
    place = ".".join(str(part) for part in (*([root] if root else []), *item["loc"]))
    kind, context = item["type"], item.get("ctx", {})
    got = _short(item["input"])
    if kind == "extra_forbidden":
        known = _keys_at(schema, item["loc"][:-1])
        return f"{place} is not a known key{near(str(item['loc'][-1]), known)}, got {got}"
    if kind == "value_error":
        text = str(context["error"])
        return f"{place} {text}" if text.startswith("must") else f"{place}.{text}".lstrip(".")
    if kind == "missing":
        return f"{place} must be given, got nothing"
    bounds = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le"),
              "greater_than": ("above", "gt"), "less_than": ("below", "lt"),
              "too_short": ("of a length of at least", "min_length")}  # fmt: skip
    if kind in bounds:
        word, key = bounds[kind]
        return f"{place} must be {word} {context[key]:g}, got {got}"
    if kind == "literal_error":
        return f"{place} must be one of {context['expected']}, got {got}"
    rule = _RULES.get(kind) or "must satisfy: " + str(item["msg"])
    return f"{place} {rule}, got {got}"


def _short(value: object) -> str:
    """Return a value as it would be typed, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _keys_at(schema: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """Return the keys that a schema knows at a place, for suggestions."""
    model: Any = schema
    for part in place:
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return []
        model = fields[part].annotation
    return list(getattr(model, "model_fields", {}))
