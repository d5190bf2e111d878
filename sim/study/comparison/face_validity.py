"""Face validity: figures measured elsewhere beside the model's own, each with the range it should lie in.

None of these figures is an input and nothing is tuned to meet them. A target belongs to the pilot whose state of
things it was measured in; where the model is outside, the target's own words say why.
"""

from __future__ import annotations

import os
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.config import Name, Section, checked
from sim.config.compose import CONFIGS, FACE, options, shipped_districts
from sim.config.reading import check_together, read_yaml
from sim.config.report import Response
from sim.district import engines
from sim.district.demand import Channel, yearly
from sim.district.office_hours import office_hours_a_day
from sim.engine.record import Outcome
from sim.errors import ConfigError, RuleError, near
from sim.language import N_, gettext, phrase
from sim.language.worded import Worded
from sim.measures.dictionary import DEFINITIONS
from sim.measures.long_table import Rows
from sim.measures.tally import window
from sim.statistics.intervals import mean_interval
from sim.study import replication
from sim.study.design import prepared_all
from sim.study.withholding import OVERLOAD, judged_as

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sim.arrays import Ints
    from sim.config import Archetype, Pilot
    from sim.district.assemble import Plan
    from sim.district.blocks import Record
    from sim.language.worded import Words
    from sim.study.design import Design
    from sim.study.withholding import Rule, Withheld

ADDED = (
    "walk", "touch", "finished_at", "last_level", "turnaround_spread", "seen_by_staff", "hours_a_day", "patrol_yield",
)  # fmt: skip
"""Measures by arithmetic, and from others, that are made here."""

P90 = 1.2815515655446004  # the standard normal quantile of 0.9


class Fit(StrEnum):
    """How a value lies to the range of its target; a dash where it is not judged."""

    WITHIN = N_("within")
    OUTSIDE = N_("outside")
    NOT_JUDGED = "–"


class Target(Section):
    """A figure that was measured elsewhere, and the range in which the model's should lie.

    `less` names a group of the same measure that is taken off: a target on the order of two groups. Without
    `low` and `high` there is no range to judge by. `why` is shown where the model is outside.
    """

    label: Annotated[str, Field(min_length=1)]
    measure: Name
    group: str
    less: str | None = None
    unit: Annotated[str, Field(min_length=1)]
    low: float | None
    high: float | None
    seen: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    pilot: Name
    why: str

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.low is not None and self.high is not None and self.high <= self.low:
            raise RuleError(f"be above low ({self.low:g})", f"{self.high:g}", at="high")
        return self

    @property
    def range(self) -> str:
        """Return the range as text."""
        if self.low is None and self.high is None:
            return gettext("none")
        if self.high is None:
            return gettext("at least {bound:g}", bound=self.low)
        if self.low is None:
            return gettext("at most {bound:g}", bound=self.high)
        return gettext("{low:g} to {high:g}", low=self.low, high=self.high)

    def verdict(self, value: float) -> Fit:
        """Return how a value lies to the range; it is not judged where there is no value or no range."""
        if np.isnan(value) or (self.low is None and self.high is None):
            return Fit.NOT_JUDGED
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        return Fit.WITHIN if low <= value <= high else Fit.OUTSIDE


class _Targets(BaseModel):
    """All targets, in the order in which they are shown, and the district that they are of."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    district: str = ""
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        labels = [target.label for target in self.targets]
        if twice := [label for label in labels if labels.count(label) > 1]:
            raise RuleError("have labels of their own", f"{twice[0]} twice", at="targets")
        return self


def targets(plain: Mapping[str, Any]) -> tuple[Target, ...]:
    """Return the checked targets of a mapping (`configs/face.yaml`).

    Raises
    ------
    ConfigError
        Every target must have its keys, a range that rises and a label of its own.
    """
    return checked(_Targets, plain, "face").targets


def shipped_targets() -> tuple[Target, ...]:
    """Return the figures measured elsewhere that the shipped district is compared with (`configs/face.yaml`)."""
    return targets(read_yaml(CONFIGS / FACE))


def targets_of(district: str, folder: Path | None = None) -> tuple[Target, ...]:
    """Return the figures of a district: from `face.yaml` of a folder of one's own, or else of ours.

    A file is of one district: none is returned for another.

    Raises
    ------
    ConfigError
        As `targets` does; a file of one's own must name a district, measures and pilots that there are.
    """
    files = [place_ / FACE for place_ in (folder, CONFIGS) if place_ is not None and os.path.lexists(place_ / FACE)]
    read = [checked(_Targets, read_yaml(file, within=file.parent), "face") for file in files]
    if folder is not None and len(files) > 1:
        _check_names(read[0], {district, *_districts(folder)}, options("pilot", CONFIGS, folder))
    return next((one.targets for one in read if one.district == district), ())


def _check_names(read: _Targets, districts: Iterable[str], pilots: Sequence[str]) -> None:
    """Raise `ConfigError` where a file names a district, a measure or a pilot that there is none of."""
    known: dict[str, Sequence[str]] = {"measure": sorted({*DEFINITIONS, *ADDED}), "pilot": pilots}
    named: list[tuple[str, str, Sequence[str]]] = [("district", read.district, sorted(districts))]
    named += [
        (f"targets.{i}.{key}", getattr(target, key), known[key])
        for i, target in enumerate(read.targets)
        for key in ("measure", "pilot")
    ]
    for path, name, names in named:
        if name not in names:
            few = f"one of {', '.join(names)}" if len(names) <= 20 else "a measure"
            raise ConfigError(f"face.{path} must be {few}{near(name, names)}, got {name or 'nothing'}")


def _districts(folder: Path) -> Iterator[str]:
    """Yield the names of the shipped district and of those of a folder of one's own."""
    yield from (str(one["name"]) for one in shipped_districts())
    files = [*folder.glob("district/*.yaml"), *folder.glob("pilot/*.yaml")]
    check_together(files, folder)
    for file in files:
        try:
            plain: Any = read_yaml(file, within=folder)
        except ConfigError:  # another pilot's: it is told when that is chosen
            continue
        part = plain.get("district") if file.parent.name == "pilot" else plain
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            yield part["name"]


def judged(
    measures: pl.DataFrame,
    designs: Iterable[Design],
    chosen: Sequence[Target],
    *,
    own: bool = False,
    rule: Rule | None = None,
) -> Worded:
    """Return the model's value of each target under each pilot, judged under the pilot that it belongs to.

    Parameters
    ----------
    measures : polars.DataFrame
        The long table over all replications (pilot, replication, measure, group, value): that of a study, or that
        of `simulated`. Values by arithmetic are added.
    designs : iterable of Design
        Those of the table, on their base places.
    chosen : sequence of Target
        A target whose measure is not in the table is left out.
    own : bool
        Only under the pilot that a target belongs to.
    rule : Rule, optional
        Where it finds overload behind a value, the value is not judged.

    Returns
    -------
    Worded
        label, unit, seen, low, high, range, source, pilot, value, half_width (NaN for arithmetic and for one
        replication), verdict (`within`, `outside`; a dash without a range or a value), own (whether the target is of
        this pilot; the verdict is a dash where not), overloaded (whether it is not judged for that), why (what must be
        known to read it).
    """
    designs = list(designs)
    pilots = [design.pilot for design in designs]
    known = pl.concat([measures.select(_CELL), *(computed(design).select(_CELL) for design in designs)])
    derived = pl.concat([known, *(_derived(known, pilot).select(_CELL) for pilot in pilots)])
    cells = {
        (p, m, g): part["value"].to_numpy()
        for (p, m, g), part in derived.sort("replication").group_by(["pilot", "measure", "group"], maintain_order=True)
    }
    stored = {(m, g) for _, m, g in cells}
    rows = []
    words: dict[str, list[Words]] = {name: [] for name in ("label", "unit", "seen", "range", "why")}
    for target in chosen:
        if (target.measure, target.group) not in stored:
            continue
        for pilot in pilots:
            mine = pilot.name == target.pilot
            if own and not mine:
                continue
            values = cells.get((pilot.name, target.measure, target.group), np.array([np.nan]))
            if target.less is not None:
                values = values - cells.get((pilot.name, target.measure, target.less), np.array([np.nan]))
            interval = mean_interval(values, pilot.run.confidence)
            overload = _overload(rule, target, pilot) if mine else None
            verdict = target.verdict(interval.estimate) if mine and overload is None else Fit.NOT_JUDGED
            for name in ("label", "unit", "seen"):
                words[name].append(partial(phrase, getattr(target, name)))
            words["range"].append(partial(getattr, target, "range"))
            words["why"].append(partial(_why, target, overload) if mine else str)
            rows.append(
                {
                    "low": target.low, "high": target.high, "source": target.source, "pilot": pilot.name,
                    "value": interval.estimate, "half_width": interval.half_width, "verdict": str(verdict),
                    "own": mine, "overloaded": overload is not None,
                }
            )  # fmt: skip
    return Worded(pl.DataFrame(rows, schema=_JUDGED), words)


def _why(target: Target, overload: Withheld | None) -> str:
    """Return what must be known to read the value of a target under the pilot that it belongs to."""
    return phrase(target.why) if overload is None else gettext("not judged: {why}", why=overload)


def _overload(rule: Rule | None, target: Target, pilot: Pilot) -> Withheld | None:
    """Return why a value is not judged, where staff who cannot keep up are behind it."""
    if rule is None:
        return None
    why = rule.why(judged_as(pilot.report, Response(target.measure, target.group)), pilot.name)
    return why if why is not None and why.cause in OVERLOAD else None


_CELL = ("pilot", "replication", "measure", "group", "value")
_JUDGED = {
    "label": pl.String, "unit": pl.String, "seen": pl.String, "low": pl.Float64, "high": pl.Float64,
    "range": pl.String, "source": pl.String, "pilot": pl.String, "value": pl.Float64, "half_width": pl.Float64,
    "verdict": pl.String, "own": pl.Boolean, "overloaded": pl.Boolean, "why": pl.String,
}  # fmt: skip


def simulated(
    pilots: Sequence[Pilot],
    n: int,
    engine: engines.Settings | None = None,
    on_done: Callable[[Pilot, int], None] | None = None,
) -> pl.DataFrame:
    """Return the long table of measures of n replications of each pilot, with what patrols find.

    A study keeps only what comparisons need; how many issues are seen in an hour of patrol is read from the record.

    Parameters
    ----------
    pilots : sequence of Pilot
        Districts of one copy.
    n : int
        Replications, from number 0 on.
    engine : Compiled or Reference, optional
        By default the compiled engine.
    on_done : callable, optional
        Called with the pilot and the number of each replication as it is done.

    Returns
    -------
    polars.DataFrame
        pilot, replication, measure, group, unit, value, n.
    """
    settings = engine or engines.Compiled()
    parts = []
    for number_ in range(n):
        for pilot in pilots:
            plan = replication.prepare(pilot, number_, blocks=replication.block_weeks(settings))
            rows = replication.measure(plan, settings, replication.Cost())["measures"]
            rows = pl.concat([rows, _patrols(plan, settings, rows)])
            parts.append(rows.with_columns(pilot=pl.lit(pilot.name), replication=pl.lit(number_, dtype=pl.Int64)))
            if on_done is not None:
                on_done(pilot, number_)
    return pl.concat(parts)


def validity(
    pilots: Sequence[Pilot],
    chosen: Sequence[Target],
    n: int,
    engine: engines.Settings | None = None,
    on_done: Callable[[Pilot, int], None] | None = None,
) -> Worded:
    """Return every target beside the model's value, from n replications of the pilots that targets belong to.

    Parameters and columns are those of `simulated` and `judged`; pilots to which no target belongs are not run.
    """
    of = {target.pilot for target in chosen}
    mine = [pilot for pilot in pilots if pilot.name in of]
    return judged(simulated(mine, n, engine, on_done), prepared_all(mine).values(), chosen, own=True)


def computed(design: Design) -> pl.DataFrame:
    """Return the values of a design that follow by arithmetic: walks, touch times, routes.

    Measures: `walk` (minutes on foot, one way, mean over households, by level), `touch` (minutes, mean: `front` at a
    first contact in person, `review` at a review), `finished_at` (share of first contacts in person that need no
    other level than the community), `last_level` (share of issues and of phone requests with a file, by the level or
    utility that ends them). Columns as those of the long table, with replication 0.
    """
    rows = Rows()
    pilot, where = design.pilot, design.place
    units: dict[str, Ints] = {
        "community": where.community,
        "street": where.street,
        "district": np.zeros_like(where.community),
    }
    for level in pilot.structure.levels:
        minutes = float(where.distance(units[level]).mean()) / pilot.district.walking_kmh * 60
        rows.add("walk", f"level:{level}", "minutes", minutes, where.n_households)
    archetypes = list(pilot.procedures.archetypes.values())
    counter = np.array([a.counter_share for a in archetypes])
    front = np.array([a.activities[0].minutes for a in archetypes])
    rows.add("touch", "front", "minutes", float(counter @ front / counter.sum()), len(archetypes))
    reviews = [(a.counter_share * r.share, r.minutes) for a in archetypes for r in a.activities if r.review]
    if weight := sum(w for w, _ in reviews):
        rows.add("touch", "review", "minutes", sum(w * minutes for w, minutes in reviews) / weight, len(reviews))
    stays = np.array([_stays(pilot, a) for a in archetypes])
    rows.add("finished_at", "level:community", "share", float(counter @ stays / counter.sum()), len(archetypes))
    for last, share in _last_levels(pilot).items():
        rows.add("last_level", f"level:{last}", "share", share, len(archetypes))
    return rows.frame().with_columns(pilot=pl.lit(pilot.name), replication=pl.lit(0, dtype=pl.Int64))


def _stays(pilot: Pilot, archetype: Archetype) -> float:
    """Return the chance that a request needs no other level than the community."""
    level_of = pilot.structure.level_of
    elsewhere = [a.share for a in archetype.activities if level_of(a.level, a.group) != "community"]
    return float(np.prod([1 - share for share in elsewhere]))


def _last_levels(pilot: Pilot) -> dict[str, float]:
    """Return which level ends issues and phone requests with a file, as shares; a crew from outside is `utility`."""
    archetypes = pilot.procedures.archetypes.values()
    shares: dict[str, float] = dict.fromkeys((*pilot.structure.levels, "utility"), 0.0)
    for channel, column in ((Channel.PHONE, "phone_share"), (Channel.LATENT, "latent_share")):
        total = sum(getattr(a, column) for a in archetypes)
        for archetype in archetypes:
            if archetype.result == "at_once":
                continue
            left = yearly(pilot, channel) * getattr(archetype, column) / total
            for activity in reversed(archetype.activities):
                level = pilot.structure.level_of(activity.level, activity.group)
                shares["utility" if activity.where == "outside" else level] += left * activity.share
                left *= 1 - activity.share
    total_share = sum(shares.values())
    return {level: share / total_share for level, share in shares.items()}


def _derived(known: pl.DataFrame, pilot: Pilot) -> pl.DataFrame:
    """Return values derived from others of a pilot: spread of close times, hours of a day, issues seen by staff.

    `turnaround_spread` is the sigma of the lognormal law with this median and this 90 % quantile of those served, as
    close times are known of closed cases; `hours_a_day` the office day and the overtime of a day on which one is
    present; `seen_by_staff` the share of the latent issues found that staff saw before a report.
    """
    mine = known.filter(pl.col("pilot") == pilot.name)
    keys = ["replication", "group"]

    def over(measure: str, other: str) -> pl.DataFrame:
        of = mine.filter(pl.col("measure") == other, pl.col("value") > 0)
        pairs = mine.filter(pl.col("measure") == measure).join(of, on=keys, suffix="_of")
        return pairs.select(*keys, value=pl.col("value") / pl.col("value_of"))

    spread = over("turnaround_p90_served", "turnaround_p50_served").select(
        *keys, measure=pl.lit("turnaround_spread"), value=pl.col("value").log() / P90
    )
    seen = over("found_by_staff", "found").with_columns(measure=pl.lit("seen_by_staff"))
    overtime = mine.filter(pl.col("measure") == "overtime")
    present = mine.filter(pl.col("group").str.ends_with("|kind:on_duty")).select(
        "replication", group=pl.col("group").str.strip_suffix("|kind:on_duty"), present=pl.col("value")
    )
    day = office_hours_a_day(pilot.district.calendar)
    hours = overtime.join(present, on=keys).select(
        *keys, measure=pl.lit("hours_a_day"), value=day * (1 + pl.col("value") / pl.col("present"))
    )
    together = [spread, *(one.select(spread.columns) for one in (seen, hours))]
    return pl.concat(together).with_columns(pilot=pl.lit(pilot.name))


def _patrols(plan: Plan, engine: engines.Settings, measures: pl.DataFrame) -> pl.DataFrame:
    """Return how many issues staff see for each hour of patrol."""
    start, end = window(plan.organisation.pilot)
    seen = sum(_seen(part, start, end) for part in engines.records(plan, engine))
    a_week = measures.filter(
        pl.col("measure") == "hours", pl.col("group").str.starts_with("level:"),
        pl.col("group").str.ends_with("|kind:patrols"),
    )  # fmt: skip
    hours = float((a_week["value"] * a_week["n"]).sum()) * plan.organisation.pilot.run.measured_weeks
    rows = Rows()
    rows.add("patrol_yield", "all", "issues an hour", seen / hours if hours else float("nan"), seen)
    return rows.frame()


def _seen(part: Record, start: int, end: int) -> int:
    """Return how many issues staff saw in [start, end)."""
    case, visits = part.case, part.visits
    n = int(case.network.requests.first[case.n_residents])
    awaits = case.network.steps.awaits[:n] >= 0
    inside = awaits & (visits.end[:n] >= start) & (visits.end[:n] < end)
    return int(np.count_nonzero(inside & (visits.outcome[:n] == Outcome.SERVED)))
