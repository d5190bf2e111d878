"""The small table on the first screen of a study: what was asked, as far as it can be seen in a few rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.language import begun, gettext, ngettext, phrase, run_together
from sim.report import counts
from sim.report.tables import (
    FLAG,
    MARKS,
    Column,
    Table,
    as_float,
    decimals,
    marks_shown,
    number,
    scale_of,
    with_its_unit,
    with_unit,
)
from sim.statistics.intervals import longer_side
from sim.study.design import called
from sim.study.findings.leading import carriers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sim.config.report import Response
    from sim.study.findings.naming import Words
    from sim.study.points.plan import Plan

MOST_ROWS, MOST_COLUMNS = 8, 8
"""Of the table."""

CHOSEN = "★"
"""Of the cell of a point that a search chose."""

UNSURE = "~"
"""Of a factor whose effect may be chance."""

_ALL = ("design", "pilot", "against", "response")
"""By these columns a table of factors has its parts."""


@dataclass(frozen=True)
class Glance:
    """The table, and what is said of it.

    Attributes
    ----------
    sample
        What is said of its first row, its first two and so on, where it shows a few rows of many.
    caption
        What its numbers are, where its headings do not say it.
    """

    table: Table
    sample: tuple[str, ...] = ()
    caption: str = ""


def glance(
    plan: Plan, tables: Mapping[str, pl.DataFrame], units: Mapping[Response, str], words: Words, shown: Table,
    chosen: Iterable[str | None] = (),
) -> Glance:  # fmt: skip
    """Return the table, and what is said of it.

    Of many assumptions it has those that move the first response most; of settings of two factors, or of one under
    several designs, the response whose promise binds, or else the first one that is not the same everywhere; of any
    other study all responses, as `shown` has them, of the first points.

    Parameters
    ----------
    plan, tables, units, words
        The study, its tables in the language that is spoken, the units of its responses, and their words.
    shown
        All responses of all points.
    chosen
        The points that were chosen.
    """
    if "tornado" in tables:
        return Glance(_movers(tables["tornado"], words))
    if "indices" in tables:
        return Glance(_carriers(tables["indices"], words))
    return _crossed(plan, tables, units, words, set(chosen)) or _first_points(plan, shown)


def _first_points(plan: Plan, shown: Table) -> Glance:
    """Return the responses of the first points, without their names, which say little."""
    n, others = counts.points(len(plan.points)), range(1, len(shown.columns))
    sample = tuple(gettext("The first {n} of {points}.", n=k, points=n) for k in range(1, MOST_ROWS + 1))
    table = Table(
        gettext("At a glance"),
        tuple(shown.columns[i] for i in others),
        tuple(tuple(row[i] for i in others) for row in shown.rows[:MOST_ROWS]),
        sample[-1:] if len(plan.points) > MOST_ROWS else (),
    )
    return Glance(table, sample)


def _first_part(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the first response of a table of factors."""
    return table.partition_by(*_ALL, maintain_order=True)[0]


def _movers(tornado: pl.DataFrame, words: Words) -> Table:
    """Return the assumptions over whose levels the first response lies furthest apart, those beyond the noise first."""
    part = _first_part(tornado).filter(pl.col("swing").is_finite())
    first = part.sort(pl.col("sure").fill_null(value=False), "swing", descending=True, maintain_order=True)
    factor, unit, _ = scale_of(str(tornado["unit"][0]))
    rows = []
    for row in first.head(MOST_ROWS).iter_rows(named=True):
        ends = [factor * row[end] for end in ("least", "most")]
        places = decimals(factor * row["swing"], max(map(abs, ends)))
        values = [
            gettext("{value} at {level}", value=number(end, places), level=phrase(row[f"{name}_level"]))
            for end, name in zip(ends, ("least", "most"), strict=True)
        ]
        rows.append((_named(words, row["factor"]) + ("" if row["sure"] else f" {UNSURE}"), *values))
    n = len(part)
    notes = [ngettext("The widest of {n} assumption.", "The widest of {n} assumptions.", n)]
    if not first.head(MOST_ROWS)["sure"].all():
        notes.append(gettext("{mark} may be chance.", mark=UNSURE))
    columns = (
        Column(gettext("What is varied, by itself")),
        Column(with_unit(gettext("least"), unit), "right"),
        Column(with_unit(gettext("most"), unit), "right"),
    )
    return Table(gettext("At a glance"), columns, tuple(rows), (run_together(notes),))


def _carriers(indices: pl.DataFrame, words: Words) -> Table:
    """Return the assumptions that the variance of the first response comes from, the largest share first."""
    known, _ = carriers(_first_part(indices))
    rows = tuple(
        (_named(words, row["factor"]), *(_share(row, name) for name in ("total", "first")))
        for row in known[:MOST_ROWS]
    )  # fmt: skip
    columns = (
        Column(gettext("Where the variance comes from")),
        Column(gettext("with others (%)"), "right"),
        Column(gettext("alone (%)"), "right"),
    )
    return Table(gettext("At a glance"), columns, rows)


def _share(row: Mapping[str, Any], name: str) -> str:
    """Return an index with its interval, in per cent."""
    value, low, high = (100 * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    shown = number(value, 0)
    return f"{shown} ({number(low, 0)} … {number(high, 0)})" if math.isfinite(low + high) else shown


def _named(words: Words, name: str) -> str:
    """Return a factor in words, where it has any."""
    return words.factors.get(name, name)


def _crossed(
    plan: Plan, tables: Mapping[str, pl.DataFrame], units: Mapping[Response, str], words: Words, chosen: set[str | None]
) -> Glance | None:
    """Return the levels of one factor against those of another, or against the designs; None where none are crossed.

    Of two factors under two designs it has the differences of the designs.
    """
    block, n_designs = plan.settings.blocks[0], len(plan.study.pilots)
    if len(plan.settings.blocks) > 1 or block.kind != "grid" or (len(block.factors), n_designs) == (1, 1):
        return None
    axes = [[level.label for level in plan.factors[name].levels] for name in block.factors]
    about = [_named(words, name) for name in block.factors]
    differ = len(axes) == 2 and n_designs == 2
    if len(axes) == 1:
        axes.append(list(plan.study.pilots))
        about.append(gettext("design"))
    elif n_designs > 2:
        return None
    if len(axes) > 2 or len(axes[0]) > MOST_ROWS or len(axes[1]) > MOST_COLUMNS:
        return None
    response = _telling(plan, tables["summary"])
    found = _differences(tables["effects"], response) if differ else _means(tables["summary"], response, chosen)
    factor, *each_unit = scale_of(units[response])
    places = _places(found, factor)
    cells = {
        _place(plan, name): f"{number(factor * one.value, places, signed=differ)}{one.mark}"
        for name, one in found.items()
    }
    titles = called(plan.titles)
    columns = [titles.get(name, phrase(name)) for name in axes[1]]
    what = words.response(response, *(plan.study.pilots[::-1] if differ else ()))
    table = Table(
        gettext("At a glance"),
        (Column(""), *(Column(name, "right") for name in columns)),
        tuple((phrase(row), *(cells.get((row, column), "–") for column in axes[1])) for row in axes[0]),
        (_on_cells(found, factor, each_unit[1]),),
    )
    caption = gettext(
        "{response}; down: {rows}; across: {columns}.",
        response=begun(with_unit(what, each_unit[differ])), rows=about[0], columns=about[1],
    )  # fmt: skip
    return Glance(table, caption=caption)


@dataclass(frozen=True)
class _Cell:
    """A number with the longer side of its interval, NaN where it has none, and what is marked of it."""

    value: float
    half: float
    mark: str = ""
    verdict: str = ""


def _place(plan: Plan, name: str) -> tuple[str, str]:
    """Return the row and the column of a point."""
    point = plan.point(name)
    levels = [level.label for level in plan.settings.all[point.setting].levels.values()]
    return (levels[0], levels[1] if len(levels) > 1 else point.base)


def _telling(plan: Plan, summary: pl.DataFrame) -> Response:
    """Return the response whose promise the fewest points keep, if one breaks it, or the first that varies."""

    def means(response: Response) -> list[float]:
        known = summary.filter(pl.col(str(response)).is_finite(), pl.col(f"{response}_why") == "")
        return [float(value) for value in known[str(response)]]

    asked, promises = plan.study.responses, plan.study.promises
    kept = {one: sum(map(promises[one].kept, means(one))) for one in asked if one in promises}
    if kept and min(kept.values()) < len(summary):
        return min(kept, key=lambda one: kept[one])
    return next((one for one in asked if len(set(means(one))) > 1), asked[0])


def _means(summary: pl.DataFrame, response: Response, chosen: set[str | None]) -> dict[str, _Cell]:
    """Return the mean of a response at every point."""
    found = {}
    for row in summary.iter_rows(named=True):
        mean, low, high = (as_float(row[f"{response}{end}"]) for end in ("", "_low", "_high"))
        mark = (FLAG if row[f"{response}_why"] and math.isfinite(mean) else "") + CHOSEN * (row["point"] in chosen)
        found[row["point"]] = _Cell(mean, longer_side(mean, low, high), mark)
    return found


def _differences(effects: pl.DataFrame, response: Response) -> dict[str, _Cell]:
    """Return the difference of the second design from the first one at every setting, with its verdict."""
    found = {}
    for row in effects.filter(pl.col("response") == str(response)).iter_rows(named=True):
        value, low, high = (as_float(row[name]) for name in ("difference", "low", "high"))
        mark = f" {MARKS[row['verdict']]}" if row["verdict"] in MARKS else ""
        found[row["point"]] = _Cell(value, longer_side(value, low, high), mark, row["verdict"])
    return found


def _places(found: Mapping[str, _Cell], factor: float) -> int:
    """Return the decimals of all cells: two digits of an interval as they mostly are."""
    halves = [factor * one.half for one in found.values() if math.isfinite(one.half) and one.half > 0]
    sizes = [abs(factor * one.value) for one in found.values() if math.isfinite(one.value)]
    return decimals(median(halves) if halves else math.nan, max(sizes, default=math.nan))


def _on_cells(found: Mapping[str, _Cell], factor: float, unit: str) -> str:
    """Return what the marks of cells mean, and how wide their intervals are."""
    said = []
    halves = [factor * one.half for one in found.values() if math.isfinite(one.half)]
    if halves:
        within = with_its_unit(number(max(halves), decimals(max(halves))), unit)
        all_have = len(halves) == sum(math.isfinite(one.value) for one in found.values())
        said.append(
            gettext("Intervals: ±{within} or less.", within=within)
            if all_have
            else gettext("Intervals, where there is one: ±{within} or less.", within=within)
        )
    if verdicts := [one.verdict for one in found.values() if one.verdict]:
        said.append(gettext("{marks}.", marks=marks_shown(verdicts)))
    if any(one.mark.startswith(FLAG) for one in found.values()):
        said.append(gettext("{flag}: nothing follows from it, as it depends on the length of the run.", flag=FLAG))
    if any(one.mark.endswith(CHOSEN) for one in found.values()):
        said.append(gettext("{mark} chosen.", mark=CHOSEN))
    if not all(math.isfinite(one.value) for one in found.values()):
        said.append(gettext("–: withheld, not owed, failed, or infeasible."))
    return run_together(said)
