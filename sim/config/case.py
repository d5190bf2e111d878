"""The case: the place and its calendar, what residents bring, and the procedures."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.config.bounds import (
    Count,
    Factor,
    HoursAYear,
    Kmh,
    Minutes,
    NoMinutes,
    NoSpread,
    NoWorkingDays,
    Patience,
    PerYear,
    Seed,
    Share,
    Spread,
    Units,
    Weight,
    WorkingDays,
)
from sim.config.checking import ClockTime, Name, Section
from sim.errors import RuleError, near

Level = Literal["community", "street", "district"]


Group = Literal["public_service", "enforcement", "economic", "justice", "party"]


LEVELS: tuple[Level, ...] = ("community", "street", "district")


GROUPS: tuple[Group, ...] = ("public_service", "enforcement", "economic", "justice", "party")


class Hours(Section):
    """One opening of the office on a working day, as clock times HH:MM."""

    open: ClockTime
    close: ClockTime

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
            raise RuleError("be later than open", f"{self.open} to {self.close}", at="close")
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
            raise RuleError("be a Monday", f"{self.first_monday} ({self.first_monday:%A})", at="first_monday")
        for a, b in zip(self.hours, self.hours[1:], strict=False):
            if b.minutes[0] <= a.minutes[1]:
                raise RuleError("be in order and apart", f"{a.close} before {b.open}", at="hours")
        return self


class StreetHours(Section):
    """Hours a year that today's street staff spend on their functions, other than residents' files."""

    economic: HoursAYear
    enforcement: HoursAYear
    justice: HoursAYear
    party: HoursAYear
    relay: HoursAYear


class DistrictHours(Section):
    """Hours a year of the district desks' own work, by function."""

    public_service: HoursAYear
    economic: HoursAYear
    enforcement: HoursAYear
    justice: HoursAYear
    party: HoursAYear


class TodaysWork(Section):
    """Work of today's organisation that residents do not bring, in hours a year: the same whatever the staff."""

    from_above_hours: HoursAYear
    street_hours: StreetHours
    district_hours: DistrictHours


class District(Section):
    """The place: people, area, today's offices, and how people and staff move."""

    name: str
    population: Annotated[int, Field(ge=100, le=20_000_000)]
    household_size: Annotated[float, Field(ge=0.1, le=100)]
    built_up_km2: Annotated[float, Field(ge=0.01, le=1_000_000)]
    detour_factor: Annotated[float, Field(ge=1, le=100)]
    walking_kmh: Kmh
    bus_kmh: Kmh
    bus_share: Share
    staff_vehicle_kmh: Kmh
    communities: Units
    streets: Units
    community_size_cv: NoSpread
    special_care_share: Share
    place: Literal["drawn", "fixed"]
    place_seed: Seed
    copies: Annotated[int, Field(ge=1, le=1000)]
    work: TodaysWork
    calendar: OfficeCalendar

    @property
    def households(self) -> int:
        """Return the number of households."""
        return round(self.population / self.household_size)

    @model_validator(mode="after")
    def _enough_households(self) -> Self:
        if self.communities > self.households:
            raise RuleError(
                f"be at most the number of households ({self.households})", f"{self.communities}", at="communities"
            )
        if self.streets > self.communities:
            raise RuleError(f"be at most communities ({self.communities})", f"{self.streets}", at="streets")
        return self


Week = Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7)]


Day = Annotated[tuple[Weight, ...], Field(min_length=24, max_length=24)]


class Demand(Section):
    """What residents bring, independent of any design."""

    counter_per_resident_year: PerYear
    phone_per_resident_year: PerYear
    latent_per_resident_year: PerYear
    counter_weekday: Week
    counter_hour: Day
    phone_weekday: Week
    phone_hour: Day
    day_factor_cv: NoSpread
    festival_factor: Factor
    special_care_factor: Factor
    misrouted_share: Share
    incomplete_share: Share
    incomplete_at_desk_share: Share
    incomplete_days_mean: WorkingDays
    incomplete_days_cv: Spread
    rework_share: Share
    patience_walk_in_minutes_mean: Patience
    patience_phone_minutes_mean: Patience
    tries: Annotated[int, Field(ge=1, le=10)]
    return_share: Share
    reported_share: Share
    report_days_mean: WorkingDays
    report_days_cv: Spread
    settled_on_the_spot_share: Share

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        for field in ("counter_weekday", "counter_hour", "phone_weekday", "phone_hour"):
            if sum(getattr(self, field)) <= 0:
                raise RuleError("have a weight above 0", "only zeros", at=field)
        return self


class Activity(Section):
    """One activity of a procedure, at the level that the old law assigns.

    `where` is desk (a file), field (legs in the grid or on the street), counter (the resident is
    present) or outside (a pure delay beyond the model, with a `cv` of its own where it has one). The limit of a
    request does not count the delay of an activity that `stops_clock`.
    """

    name: Name
    where: Literal["counter", "desk", "field", "outside"]
    level: Level = "community"
    group: Group = "public_service"
    minutes: NoMinutes = 0.0
    share: Share = 1.0
    review: bool = False
    batch: Literal["none", "weekly", "monthly"] = "none"
    working_days: NoWorkingDays = 0.0
    cv: NoSpread | None = None
    stops_clock: bool = False

    @model_validator(mode="after")
    def _one_kind_of_time(self) -> Self:
        if self.where == "outside" and self.minutes:
            raise RuleError("be 0 for an activity outside the model", f"{self.minutes:g}", at="minutes")
        if self.where != "outside" and not self.minutes:
            raise RuleError("be above 0 for an activity of the staff", "0", at="minutes")
        if self.where != "outside" and self.working_days:
            raise RuleError("be 0 unless where is outside", f"{self.working_days:g}", at="working_days")
        if self.where != "outside" and self.cv is not None:
            raise RuleError("be null unless where is outside", f"{self.cv:g}", at="cv")
        if self.where != "outside" and self.stops_clock:
            raise RuleError("be false unless where is outside", "true", at="stops_clock")
        return self


class Limit(Section):
    """A legal or promised limit on its own clock."""

    amount: Annotated[float, Field(ge=0.001, le=10_000)]
    clock: Literal["working_days", "calendar_days", "hours"]


class Archetype(Section):
    """A kind of request: its line, its shares of demand, its limit and its activities in order.

    `limit_above`, where there is one, is the limit of the requests that the law of today does not let the community
    decide alone. A request has the same limit under every design.
    """

    title: str
    line: Name | None
    counter_share: Weight = 0.0
    phone_share: Weight = 0.0
    latent_share: Weight = 0.0
    papers: bool = False
    result: Literal["at_once", "told", "collected", "on_site"] = "at_once"
    limit: Limit | None = None
    limit_above: Limit | None = None
    activities: Annotated[tuple[Activity, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _starts_at_a_counter(self) -> Self:
        first = self.activities[0]
        if (first.where, first.level, first.share) != ("counter", "community", 1.0):
            raise RuleError("be a counter of the community with share 1", first.name, at="activities[0]")
        names = [activity.name for activity in self.activities]
        if len(set(names)) < len(names):
            raise RuleError("have names of their own", ", ".join(names), at="activities")
        return self


class Procedures(Section):
    """All archetypes, the 17 lines with their number of items, and the spread of touch times."""

    desk_cv: Spread
    back_cv: Spread
    outside_cv: NoSpread
    wrong_desk_minutes: Minutes
    collect_minutes: Minutes
    lines: dict[Name, Count]
    archetypes: Annotated[dict[Name, Archetype], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, archetype in self.archetypes.items():
            if archetype.line is not None and archetype.line not in self.lines:
                hint = near(archetype.line, self.lines)
                raise RuleError(f"be one of the lines{hint}", archetype.line, at=f"archetypes.{name}.line")
        for channel in ("counter_share", "phone_share", "latent_share"):
            if sum(getattr(a, channel) for a in self.archetypes.values()) <= 0:
                raise RuleError(f"give some {channel} above 0", "only zeros", at="archetypes")
        return self
