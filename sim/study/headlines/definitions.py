"""The headlines of a case: what each compares, and what the measures say of it, however it comes out."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from sim.config import Name, Section
from sim.config.bounds import Bound
from sim.config.report import ALL, Response
from sim.errors import RuleError
from sim.language import N_, both, gettext, phrase, separated
from sim.report.tables import number, with_its_unit
from sim.statistics import intervals
from sim.statistics.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.arrays import Floats

UNDECIDED = N_("The replications do not decide: $first and $second, $effect.")
HOLDS, FAILS = N_("holds"), N_("does not hold")

Kind = Literal["difference", "ratio", "value"]


class Holds(Section):
    """On which side of a bound the whole interval must lie."""

    side: Literal["above", "below"]
    bound: Bound


class Headline(Section):
    """One headline as a small study (`configs/headlines.yaml` says what each key is)."""

    title: str
    points: Annotated[dict[str, tuple[str, ...]], Field(min_length=2)]
    panels: Annotated[tuple[Name, ...], Field(min_length=1, max_length=3)]
    groups: dict[Name, str] = Field(default_factory=dict)
    measure: Name
    compared: tuple[str, str]
    kind: Kind
    holds: Holds
    assumptions: tuple[str, ...]
    arithmetic: bool = False
    when_it_holds: str
    when_it_fails: str

    @model_validator(mode="after")
    def _compares_its_points(self) -> Self:
        for point in self.compared:
            if point not in self.points:
                raise RuleError(f"be two of the points {', '.join(self.points)}", f"{point}", at="compared")
        if self.measure not in self.panels:
            raise RuleError(f"show the measure {self.measure}", ", ".join(self.panels), at="panels")
        for measure in self.groups:
            if measure not in self.panels:
                raise RuleError("be of measures that panels show", measure, at="groups")
        return self

    def response(self, measure: str) -> Response:
        """Return a measure of a panel with its group."""
        return Response(measure, self.groups.get(measure, ALL))


class Headlines(Section):
    """All headlines of a case, by name."""

    headlines: Annotated[dict[Name, Headline], Field(min_length=1)]


@dataclass(frozen=True)
class Effect:
    """What a headline depends on, under one state of the assumptions.

    Attributes
    ----------
    path, value : str, float or None
        The assumption and its value; empty and None at the base.
    first, second : intervals.Interval or None
        The two points' own values; None: the design is infeasible.
    effect : intervals.Interval or None
        The difference, ratio or value.
    why : str
        Why there is no effect, or an empty text; in the language in which it was read.
    """

    path: str
    value: float | None
    first: intervals.Interval | None
    second: intervals.Interval | None
    effect: intervals.Interval | None
    why: str = ""


NUMBERS = ("estimate", "low", "high", "n", "enough", "same")
"""What is kept of an interval in a table, after the name of what it is of."""

COLUMNS = {"headline": pl.String, "path": pl.String, "value": pl.Float64, "verdict": pl.String, "why": pl.String} | {
    f"{name}_{number}": {"n": pl.Int64, "enough": pl.Int64, "same": pl.Boolean}.get(number, pl.Float64)
    for name in ("first", "second", "effect")
    for number in NUMBERS
}


def effects_table(effects: Mapping[str, Sequence[Effect]], headlines: Mapping[str, Headline]) -> pl.DataFrame:
    """Return the effects of headlines, by their names: a row each, at the base and at the ends of the assumptions."""
    rows = []
    for name, some in effects.items():
        for one in some:
            cells: dict[str, object] = {"headline": name, "path": one.path, "value": one.value, "why": one.why}
            for which, interval in (("first", one.first), ("second", one.second), ("effect", one.effect)):
                cells |= {f"{which}_{number}": interval and getattr(interval, number) for number in NUMBERS}
            rows.append({**cells, "verdict": str(verdict(headlines[name], one.effect))})
    return pl.DataFrame(rows, schema=COLUMNS)


def read_effects(table: pl.DataFrame) -> dict[str, list[Effect]]:
    """Return the effects of a table that `effects_table` made, by the names of their headlines."""
    effects: dict[str, list[Effect]] = {}
    for row in table.with_columns(pl.col("path", "why").fill_null("")).iter_rows(named=True):
        first, second, effect = (
            None if row[f"{which}_n"] is None else intervals.Interval(*(row[f"{which}_{number}"] for number in NUMBERS))
            for which in ("first", "second", "effect")
        )
        one = Effect(row["path"], row["value"], first, second, effect, row["why"])
        effects.setdefault(row["headline"], []).append(one)
    return effects


def by_replication(headline: Headline, first: Floats, second: Floats) -> Floats:
    """Return the difference, ratio or value in each replication.

    Parameters
    ----------
    first, second : ndarray of float, shape (replications,)
        The measure under the two points, paired by replication; NaN: withheld.
    """
    if headline.kind == "value":
        return second
    if headline.kind == "difference":
        return second - first
    return np.asarray(np.divide(second, first, out=np.full(len(first), np.nan), where=first != 0))


def verdict(headline: Headline, interval: intervals.Interval | None) -> str:
    """Return `holds`, `does not hold`, `undecided` or `withheld`."""
    if interval is None or np.isnan(interval.estimate):
        return Verdict.WITHHELD
    above, bound = headline.holds.side == "above", headline.holds.bound
    low, high = (interval.low, interval.high) if above else (-interval.high, -interval.low)
    bound = bound if above else -bound
    return HOLDS if low > bound else FAILS if high <= bound else Verdict.UNDECIDED


def sentences(
    headline: Headline,
    base: Effect,
    others: Sequence[Effect],
    units: Mapping[str, str],
    known: Mapping[str, str],
) -> tuple[str, str]:
    """Return the two sentences of a headline: the result, and how it moves over its assumptions.

    `known` are further values that the words may name.
    """
    unit = units[headline.measure]
    decided = verdict(headline, base.effect)
    if base.first is None or base.second is None or base.effect is None or decided == Verdict.WITHHELD:
        why = base.why or gettext("too many requests left or were still open at the end")
        return gettext("Nothing can be said: {why}.", why=why), _moves(headline, others, unit)
    words = phrase({HOLDS: headline.when_it_holds, FAILS: headline.when_it_fails}.get(decided, UNDECIDED))
    values = {
        **known,
        "first": value_text(base.first, unit), "second": value_text(base.second, unit),
        "effect": value_text(base.effect, _unit(headline, unit), signed=headline.kind == "difference"),
    }  # fmt: skip
    return Template(words).safe_substitute(values).strip(), _moves(headline, others, unit)


def known_values(means: Mapping[str, Sequence[intervals.Interval]], units: Mapping[str, str]) -> dict[str, str]:
    """Return the values that a headline's words may name: each measure at every point that is shown."""
    return {
        f"{measure}_{i}": value_text(mean, units[measure], interval_too=False)
        if np.isfinite(mean.estimate)
        else gettext("– (withheld)")
        for measure, some in means.items()
        for i, mean in enumerate(some, 1)
    }


def _moves(headline: Headline, others: Sequence[Effect], unit: str) -> str:
    """Return how the effect moves over the low and high end of each assumption."""
    unit = _unit(headline, unit)
    parts = []
    for path in headline.assumptions:
        ends = both(_moved(headline, one, unit) for one in others if one.path == path)
        parts.append(gettext("{path}: {ends}", path=path, ends=ends))
    return gettext("Over the ranges of its assumptions it is: {parts}.", parts=separated(parts))


def _moved(headline: Headline, one: Effect, unit: str) -> str:
    """Return the effect at one end of an assumption, with its verdict, or why there is none."""
    level = f"{one.value:g}"
    if one.effect is None or np.isnan(one.effect.estimate):
        why = one.why or gettext("withheld: too many requests left or still open")
        return gettext("nothing at {level} ({why})", level=level, why=why)
    value = value_text(one.effect, unit, signed=headline.kind == "difference", interval_too=False)
    decided = gettext(verdict(headline, one.effect))
    return gettext("{value} at {level} ({verdict})", value=value, level=level, verdict=decided)


def _unit(headline: Headline, unit: str) -> str:
    """Return the unit of the effect, of a measure in this one."""
    if headline.kind == "ratio":
        return ""
    return "percentage points" if headline.kind == "difference" and unit == "share" else unit


MORE_PLACES = 3
"""Decimals beyond the usual ones with which the ends of a short interval are told apart."""


def value_text(
    interval: intervals.Interval | intervals.Difference, unit: str, *, signed: bool = False, interval_too: bool = True
) -> str:
    """Return a value with its unit and, unless it is exact, its interval, in as many digits as tell its ends apart."""
    percent = unit in ("share", "percentage points")
    scale, usual = (100, 1) if percent else (1, 2)

    def one(value: float, places: int) -> str:
        text = number(abs(value) * scale, places)
        sign = "-" if value < 0 else "+" if signed else ""
        return text if not text.strip("0.,") else f"{sign}{text}"

    ends = interval.low, interval.high
    apart = (n for n in range(usual, usual + MORE_PLACES + 1) if one(ends[0], n) != one(ends[1], n))
    exact = not interval_too or interval.high - interval.low < 1e-9
    places = usual if exact else next(apart, None)
    name = "%" if unit == "share" else phrase(unit)
    value = with_its_unit(one(interval.estimate, usual if places is None else places), name)
    if exact or (places is None and not interval.why_none):
        return value
    low, high = (one(end, usual if places is None else places) for end in ends)
    words = gettext("{low} to {high}", low=low, high=high)
    return gettext("{value} ({ends})", value=value, ends=interval.why_none or words)
