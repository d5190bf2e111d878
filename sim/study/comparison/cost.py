"""The table of what each design of a comparison costs a year, and what a finished request costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sim.config import LEVELS
from sim.config.words import words_of
from sim.language import gettext
from sim.measures import cost
from sim.measures.cost import MILLION, Account
from sim.report.tables import Column, Table, number, percent, with_unit
from sim.statistics.intervals import mean_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.arrays import Floats
    from sim.config import Pilot
    from sim.study.design import Design


def account(design: Design, measures: pl.DataFrame) -> Account:
    """Return what a design costs, from its measures: pilot, replication, measure, group, value, n."""
    mine = measures.filter((pl.col("pilot") == design.name) & pl.col("measure").is_in(cost.READ)).sort("replication")
    each = mine.partition_by("replication", maintain_order=True)
    rows = (one.select("measure", "group", "value", "n").iter_rows() for one in each)
    return cost.account(design.pilot, [cost.use_of(replication) for replication in rows])


def differences(designs: Mapping[str, Design], measures: pl.DataFrame, confidence: float) -> pl.DataFrame:
    """Return what each design costs more than the first: pilot, difference, low, high (million yuan a year).

    An interval is that of the mean of paired differences, each by itself; NaN where there is none.
    """
    first, *others = (account(design, measures).total / MILLION for design in designs.values())
    intervals = [mean_interval(one - first, confidence) for one in others]
    rows = [(name, one.estimate, one.low, one.high) for name, one in zip(list(designs)[1:], intervals, strict=True)]
    schema = {"pilot": pl.String, "difference": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def table(designs: Mapping[str, Design], measures: pl.DataFrame, confidence: float) -> Table:
    """Return what designs cost, side by side.

    Parameters
    ----------
    designs
        By name, in the order of the columns; differences are against the first.
    measures
        pilot, replication, measure, group, value, n.
    confidence
        Of the interval of the cost of a request.
    """
    accounts = {name: account(design, measures) for name, design in designs.items()}
    each = list(accounts.values())
    first = next(iter(designs.values())).pilot
    rows = [
        *((_label(gettext("pay, {level}", level=words_of(level))), *(_money(one.pay.get(level)) for one in each))
          for level in LEVELS if any(level in one.pay for one in each)),
        (_label(gettext("running of the communities' offices")), *(_money(one.offices) for one in each)),
        *([(_label(gettext("rooms added to them")), *(_money(one.rooms) for one in each))]
          if any(one.rooms for one in each) else []),
        (_label(gettext("hours past closing")), *(_money(_mean(one.past_closing)) for one in each)),
        (_label(gettext("in all")), *(_money(_mean(one.total)) for one in each)),
    ]  # fmt: skip
    if len(each) > 1:
        name = next(iter(designs))
        gains = ("–", *(_money(_mean(one.total) - _mean(each[0].total), signed=True) for one in each[1:]))
        rows.append((_label(gettext("in all, against {baseline}", baseline=name)), *gains))
    if any(one.own_time.any() for one in each):
        rows.append((_label(gettext("residents' own time")), *(_money(_mean(one.own_time)) for one in each)))
        both = (_money(_mean(one.total + one.own_time)) for one in each)
        rows.append((_label(gettext("in all, with residents' own time")), *both))
    residents = first.district.population
    rows.append(
        (with_unit(gettext("a resident"), gettext("yuan a year")),
         *(number(_mean(one.total) / residents, 1) for one in each))
    )  # fmt: skip
    rows.append(
        (with_unit(gettext("a finished request"), gettext("yuan")), *(_request(one, confidence) for one in each))
    )
    rows.append(
        (with_unit(gettext("spent in the communities"), "%"), *(number(100 * _mean(one.below), 1) for one in each))
    )
    columns = (Column(gettext("cost")), *(Column(name, "right") for name in designs))
    return Table(gettext("What it costs"), columns, tuple(rows), tuple(_notes(first, confidence)))


def _notes(pilot: Pilot, confidence: float) -> list[str]:
    """Return what the account counts, and what it leaves out."""
    notes = [
        gettext(
            "By the prices of the group cost, most of them assumed: everybody keeps the pay of today's post. Offices "
            "of streets and district are not counted, nor what the change-over costs."
        ),
        gettext("±: half-width of the {confidence} interval of the mean by itself.", confidence=percent(confidence)),
    ]
    if pilot.cost.resident_hour == 0:
        notes.append(gettext("Residents' own time is not counted (cost.resident_hour=0)."))
    return notes


def _label(words: str) -> str:
    """Return the label of a row of money."""
    return with_unit(words, gettext("million yuan a year"))


def _money(yuan: float | None, *, signed: bool = False) -> str:
    """Return yuan in millions, a dash for none."""
    return number(None if yuan is None else yuan / MILLION, 2, signed=signed)


def _request(one: Account, confidence: float) -> str:
    """Return what a finished request costs, with its interval."""
    interval = mean_interval(one.per_finished, confidence)
    within = f" ± {number(interval.half_width, 1)}" if interval.half_width > 0 else ""
    return number(interval.estimate, 1) + within


def _mean(values: Floats) -> float:
    """Return the mean over replications; NaN where one has no value or there is none."""
    return float(values.mean()) if len(values) else float("nan")
