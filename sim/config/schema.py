"""A pilot design: how the offices are organised, staffed and run."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import Field, model_validator

from sim.config.bounds import (
    AddOn,
    Confidence,
    Count,
    Difference,
    EveningHours,
    Heads,
    HoursADay,
    Minutes,
    NoMinutes,
    NoSpread,
    NoWeeks,
    NoWorkingDays,
    PerWeek,
    PerYear,
    Replications,
    Seed,
    SeeShare,
    Share,
    Units,
    Weeks,
    WorkingDays,
    Yuan,
)
from sim.config.case import GROUPS, LEVELS, Demand, District, Group, Level, Procedures
from sim.config.checking import ClockTime, Name, Section, check_sum_to_one, checked, made_by
from sim.config.mechanisms import Levers, Mechanisms
from sim.config.report import JudgedMeasure, Report
from sim.errors import RuleError, near

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Structure(Section):
    """Levels, units, which level performs which activity, and transfers between levels."""

    levels: tuple[Level, ...]
    communities: Units | None
    merge_rule: Literal["equal_population", "whole_communities"]
    performs: dict[Level, dict[Group, Level]]
    transfer_working_days: NoWorkingDays
    transfer_cv: NoSpread
    named_contact_share: Share
    named_contact_between: Literal["district", "all"]
    named_contact_working_days: NoWorkingDays
    delegated_share: Share
    delegated_minutes_share: Share
    relay_minutes: Minutes
    weekly_gate_weekday: Annotated[int, Field(ge=1, le=7)]
    weekly_gate_time: ClockTime
    monthly_gate_day: Annotated[int, Field(ge=1, le=28)]

    @model_validator(mode="after")
    def _levels(self) -> Self:
        if tuple(level for level in LEVELS if level in self.levels) != self.levels:
            raise RuleError(f"be in the order {', '.join(LEVELS)}", ", ".join(self.levels), at="levels")
        if not {"community", "district"} <= set(self.levels):
            raise RuleError("include community and district", ", ".join(self.levels), at="levels")
        for level in LEVELS:
            for group in GROUPS:
                target = self.level_of(level, group)
                if target not in self.levels:
                    raise RuleError(
                        f"be one of the levels {', '.join(self.levels)}", target, at=f"performs.{level}.{group}"
                    )
        return self

    def level_of(self, level: Level, group: Group) -> Level:
        """Return the level that performs what the old law assigns to this level and function group."""
        return self.performs.get(level, {}).get(group, level)


class Absence(Section):
    """Days away, in episodes: single days and blocks of working days."""

    share: Annotated[float, Field(ge=0, lt=0.9)]
    single_days_share: Share
    block_days_min: Annotated[int, Field(ge=1, le=250)]
    block_days_max: Annotated[int, Field(ge=1, le=250)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.block_days_max < self.block_days_min:
            raise RuleError(
                f"be at least block_days_min ({self.block_days_min})", f"{self.block_days_max}", at="block_days_max"
            )
        return self


class Staffing(Section):
    """Heads of today by level, where the street's and the district's heads go, hours after closing, and absence."""

    community_heads: Heads
    street_heads: Heads
    district_heads: Count
    community_heads_min: Count
    community_heads_max: Count
    follow_population: Share
    street_sent_down_share: Share
    street_sent_up_share: Share
    district_sent_down_share: Share
    catch_up_hours_per_week: EveningHours
    absence: Absence

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if self.street_sent_down_share + self.street_sent_up_share > 1 + 1e-9:
            raise RuleError(
                "sum to at most 1",
                f"{self.street_sent_down_share + self.street_sent_up_share:g}",
                at="street_sent_down_share",
                beside="street_sent_up_share",
            )
        if self.community_heads_max < self.community_heads_min:
            raise RuleError(
                f"be at least community_heads_min ({self.community_heads_min})",
                f"{self.community_heads_max}",
                at="community_heads_max",
            )
        return self


class Roles(Section):
    """Who serves what at the community, and in which order."""

    scheme: Literal["lines", "ab", "dedicated", "generalist"]
    order: Literal["a_first", "b_first", "oldest", "longest", "split"]
    b_share: Annotated[float, Field(gt=0, lt=1)]
    specialisms: Count
    managers_per_grid: Annotated[float, Field(gt=0, le=10)]
    one_room: bool
    cover: Literal["none", "colleague"]
    outside_pace: Annotated[float, Field(ge=1, le=10)]


class Service(Section):
    """Counters: how many windows, where, and who keeps them; and services that spare residents a trip."""

    windows: Literal["per_line", "one_window"]
    desk: Literal["own", "rota"]
    seats: Count
    phone: Literal["anyone", "line"]
    told_when_back: Share
    points: Annotated[int, Field(ge=1, le=3)]
    door_to_door_share: Share
    agency_share: Share
    agency_minutes: Minutes
    signboard_phone_share: Share


class Visits(Section):
    """The standard of home visits."""

    ordinary_per_year: PerYear
    special_per_year: PerYear
    minutes: Minutes
    walk_minutes: NoMinutes
    duty_share: Share


class Grid(Section):
    """Grids and the duties that are due in them."""

    households: Annotated[int, Field(ge=10, le=10_000_000)]
    patrol_hours: HoursADay
    leg_minutes: Minutes
    see_share: SeeShare
    visit_see_share: Share
    patrol_duty_share: Share
    visits: Visits


class TaskKind(Section):
    """A kind of work from above: its share of the hours and the working days until it is due."""

    share: Share
    due_working_days: WorkingDays


class TaskKinds(Section):
    """Long-term, periodic and ad hoc work from above."""

    long_term: TaskKind
    periodic: TaskKind
    ad_hoc: TaskKind

    @model_validator(mode="after")
    def _sum(self) -> Self:
        check_sum_to_one(
            (self.long_term.share, self.periodic.share, self.ad_hoc.share),
        )
        return self


class Meetings(Section):
    """Meetings a week of a community secretary and of the other community staff, and their length."""

    secretary_per_week: PerWeek
    others_per_week: PerWeek
    hours: HoursADay


class Burden(Section):
    """Work that is not residents' requests: how the district's hours of it fall due and are done."""

    fixed_share: Share
    kinds: TaskKinds
    release: Literal["evenly", "monday"]
    first_after_share: Share
    own_first_after_share: Share
    own_due_working_days: WorkingDays
    piece_minutes: Minutes
    away_share: Share
    relay_down_share: Share
    abolished_share: Share
    meetings: Meetings


Priority = Annotated[int, Field(ge=0, le=9)]


class Priorities(Section):
    """Who goes first: 0 is the most urgent."""

    residents: Priority
    files: Priority
    due: Priority
    not_yet_due: Priority
    duties: Priority


class Conduct(Section):
    """How staff behave: who goes first, and whether paper is put down for a resident who is there."""

    priorities: Priorities
    put_down: bool
    step_minutes: Minutes


class Run(Section):
    """Horizon, replications, seed, and how verdicts are made."""

    warm_up_weeks: Weeks
    measured_weeks: Weeks
    drain_weeks: NoWeeks
    replications: Replications
    seed: Seed
    confidence: Confidence
    withhold_share: Share
    turnaround_cap_working_days: Annotated[int, Field(ge=1, le=1000)]
    overload: Literal["simulate", "refuse"]

    @property
    def weeks(self) -> int:
        """Return the horizon in weeks."""
        return self.warm_up_weeks + self.measured_weeks + self.drain_weeks


class Cost(Section):
    """What an organisation costs (yuan)."""

    community_pay: Yuan
    street_pay: Yuan
    district_pay: Yuan
    add_on_share: AddOn
    office_running: Yuan
    office_fixed_share: Share
    room_m2: Yuan
    resident_hour: Yuan


class Mid(Section):
    """The smallest differences that matter."""

    turnaround: Difference
    counter_wait: Difference
    trips: Difference
    on_time: Difference
    utilisation: Difference
    hours_a_week: Difference
    resident_time: Difference
    hand_overs: Difference
    share: Difference
    detection_lag: Difference

    def least(self, judged: JudgedMeasure) -> float | None:
        """Return the smallest difference that matters of a judged measure (in its unit); None if it is not judged."""
        return float(getattr(self, judged.mid)) if isinstance(judged.mid, str) else judged.mid


@made_by('sim.pilot, as sim.pilot(name, {"grid.households": 300})')
class Pilot(Section):
    """A complete pilot design: everything that determines the result."""

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
    conduct: Conduct
    mechanisms: Mechanisms
    levers: Levers
    run: Run
    cost: Cost
    mid: Mid
    report: Report

    def __repr__(self) -> str:
        """Return what the design is in three lines."""
        levels, heads, run = self.structure.levels, self.staffing, self.run
        total = heads.community_heads + heads.street_heads + heads.district_heads
        return (
            f"{self.name}: {self.title}\n"
            f"levels: {', '.join(levels)}; communities: {self.n_communities:,}; heads: {total:,}; run: "
            f"{run.warm_up_weeks} + {run.measured_weeks} + {run.drain_weeks} weeks, {run.replications} replications\n"
            "One knob: .grid.households; a group: .grid; all of them: .model_dump()"
        )

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        return "".join(f"<p>{html.escape(line)}</p>" for line in repr(self).splitlines())

    def has(self, knobs: Mapping[str, Any]) -> bool:
        """Return whether knobs, by their paths, have these values; one that there is none of has none."""

        def value(path: str) -> Any:
            node: Any = plain
            for part in path.split("."):
                node = node.get(part) if isinstance(node, dict) else None
            return node

        plain = self.model_dump(mode="json")
        return all(value(path) == wanted for path, wanted in knobs.items())

    @property
    def n_communities(self) -> int:
        """Return the number of communities of the design (today's number unless it merges them)."""
        return self.structure.communities or self.district.communities

    @property
    def street_stays_share(self) -> float:
        """Return the share of the street's heads that stay at the street."""
        return 1 - self.staffing.street_sent_down_share - self.staffing.street_sent_up_share

    @model_validator(mode="after")
    def _measures_of_what_is_there(self) -> Self:
        for i, one in enumerate(self.report.measures):
            if one.mechanism is not None and one.mechanism not in Mechanisms.model_fields:
                hint = near(one.mechanism, Mechanisms.model_fields)
                raise RuleError(f"be a key of mechanisms{hint}", one.mechanism, at=f"report.measures.{i}.mechanism")
        there = [one for one in self.report.measures if one.mechanism is None or self.mechanisms.on(one.mechanism)]
        if len(there) < len(self.report.measures):  # a measure more would make the intervals of all others wider
            self.__dict__["report"] = self.report.model_copy(update={"measures": tuple(there)})
        return self

    @model_validator(mode="after")
    def _judged_by_known_differences(self) -> Self:
        for field in ("measures", "equity"):
            for i, one in enumerate(getattr(self.report, field)):
                if isinstance(one.mid, str) and one.mid not in Mid.model_fields:
                    hint = near(one.mid, Mid.model_fields)
                    raise RuleError(f"be a number or a key of mid{hint}", f"{one.mid}", at=f"report.{field}.{i}.mid")
        return self

    @model_validator(mode="after")
    def _heads_add_up(self) -> Self:
        staffing, n = self.staffing, self.district.communities
        if "street" not in self.structure.levels and self.street_stays_share > 1e-9:
            moved = 1 - self.street_stays_share
            raise RuleError(
                "sum to 1 where the structure has no street level (all who leave the street must go somewhere: set "
                "both, choose a staffing that does, or let wangge staff share them out)",
                f"{moved:g} under {self.name}",
                at="staffing.street_sent_down_share",
                beside="staffing.street_sent_up_share",
            )
        if self.service.points > 1 and self.structure.communities is None:
            raise RuleError(
                "be 1 where the structure has no big communities (structure.communities)",
                f"{self.service.points}",
                at="service.points",
            )
        if self.service.points > 1 and self.service.windows != "one_window":
            raise RuleError(
                "be 1 unless service.windows is one_window, because no line has a clerk at every point",
                f"{self.service.points}",
                at="service.points",
            )
        low, high = n * staffing.community_heads_min, n * staffing.community_heads_max
        if not low <= staffing.community_heads <= high:
            raise RuleError(
                f"be between {low} and {high} for {n} communities of {staffing.community_heads_min} to "
                f"{staffing.community_heads_max} heads",
                f"{staffing.community_heads}",
                at="staffing.community_heads",
            )
        if self.n_communities > self.district.households:
            raise RuleError(
                f"be at most the number of households ({self.district.households})",
                f"{self.n_communities}",
                at="structure.communities",
            )
        opening = max(h.minutes[1] - h.minutes[0] for h in self.district.calendar.hours) / 60
        if self.burden.meetings.hours > opening:
            raise RuleError(
                f"be at most the longest opening of the office ({opening:g})",
                f"{self.burden.meetings.hours:g}",
                at="burden.meetings.hours",
            )
        if self.structure.merge_rule == "whole_communities" and self.n_communities > n:
            raise RuleError(
                f"be at most today's {n} where whole communities are merged",
                f"{self.n_communities}",
                at="structure.communities",
            )
        return self

    @model_validator(mode="after")
    def _offices_have_rooms(self) -> Self:
        if self.mechanisms.premises.on:
            self.mechanisms.premises.check_offices(self.district.communities)
        return self

    @model_validator(mode="after")
    def _measures_have_a_place(self) -> Self:
        for i, one in enumerate(self.report.measures if self.district.place == "drawn" else ()):
            if one.group.partition(":")[0] in ("community", "unit", "grid"):
                raise RuleError(
                    "be of no one community or grid where each replication has others (district.place=fixed gives all "
                    "the same)",
                    f"{one.group}",
                    at=f"report.measures.{i}.group",
                )
        return self


def load(mapping: Mapping[str, Any], file_of: Callable[[str], str] | None = None) -> Pilot:
    """Return a checked pilot design from a plain mapping.

    Parameters
    ----------
    mapping
        The complete config.
    file_of : callable, optional
        Names the file that gives the value at a path, for messages; an empty text for none.

    Raises
    ------
    ConfigError
        For the first rule that is broken, as one paragraph with path, rule and value.
    """
    return checked(Pilot, mapping, file_of=file_of)


def takes_integers(path: str) -> bool:
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
