"""What each design costs a year, and what a finished request costs: prices of configs times what a run finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.config import LEVELS
from sim.config.words import words_of
from sim.district import workload
from sim.district.office_hours import office_hours_a_day
from sim.language import gettext
from sim.report.tables import Column, Table, number, percent, with_unit
from sim.statistics.intervals import mean_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.arrays import Floats
    from sim.config import Level, Pilot
    from sim.study.design import Design

WEEKS_A_YEAR = 52
MILLION = 1e6
MINUTES_AN_HOUR = 60


@dataclass(frozen=True)
class Account:
    """What a design costs a year (yuan), all of its district: what is known from its config, and what a run adds.

    Attributes
    ----------
    pay
        Of those who work at each level, with what the employer adds; everybody keeps the pay of today's post.
    offices
        The running of the communities' offices.
    past_closing
        Pay of the hours past closing; one value a replication.
    own_time
        What residents' own time counts; one value a replication, 0 where it is not counted.
    finished
        Requests that are finished a year; one value a replication.
    """

    pay: Mapping[Level, float]
    offices: float
    past_closing: Floats
    own_time: Floats
    finished: Floats

    @property
    def total(self) -> Floats:
        """Return the cost a year, without residents' own time (shape (replications,))."""
        return sum(self.pay.values()) + self.offices + self.past_closing

    @property
    def below(self) -> Floats:
        """Return the share of it that is spent in the communities: their pay and offices (shape (replications,))."""
        return (self.pay.get("community", 0.0) + self.offices) / self.total


def account(design: Design, measures: pl.DataFrame) -> Account:
    """Return what a design costs, from its measures: pilot, replication, measure, group, value, n."""
    pilot = design.pilot
    mine, pay = measures.filter(pl.col("pilot") == design.name), _pay(pilot)
    weeks, copies = pilot.run.measured_weeks / WEEKS_A_YEAR, pilot.district.copies
    hours_a_year = workload.working_days_a_year(pilot) * office_hours_a_day(pilot.district.calendar)
    finished = _values(mine, "hours_per_finished", "all", "n") / copies / weeks
    asked = _values(mine, "resident_time", "all", "n") / copies / weeks
    past_closing = sum(
        (
            _values(mine, "overtime", f"level:{level}") * WEEKS_A_YEAR * paid / hours_a_year
            for level, paid in pay.items()
        ),
        start=np.zeros(len(finished)),
    )
    own_time = np.zeros(len(finished))
    if pilot.cost.resident_hour > 0:
        own_time = _values(mine, "resident_time", "all") / MINUTES_AN_HOUR * asked * pilot.cost.resident_hour
    return Account(pay, _offices(pilot), past_closing, own_time, finished)


def _pay(pilot: Pilot) -> dict[Level, float]:
    """Return the pay of those who work at each level that has staff, with what the employer adds (yuan a year)."""
    staffing, cost = pilot.staffing, pilot.cost
    heads = workload.heads(pilot)
    from_district = round(staffing.district_heads * staffing.district_sent_down_share)
    down = heads["community"] - staffing.community_heads - from_district
    up = heads["district"] - staffing.district_heads + from_district
    pay: dict[Level, float] = {
        "community": staffing.community_heads * cost.community_pay + down * cost.street_pay
        + from_district * cost.district_pay,
        "street": heads["street"] * cost.street_pay,
        "district": (staffing.district_heads - from_district) * cost.district_pay + up * cost.street_pay,
    }  # fmt: skip
    return {level: paid * (1 + cost.add_on_share) for level, paid in pay.items() if heads[level]}


def _offices(pilot: Pilot) -> float:
    """Return the running of the communities' offices (yuan a year): a part an office, the rest by residents."""
    today, cost = pilot.district.communities, pilot.cost
    offices = (pilot.structure.communities or today) * pilot.service.points
    return cost.office_running * (cost.office_fixed_share * offices + (1 - cost.office_fixed_share) * today)


def _values(measures: pl.DataFrame, measure: str, group: str, column: str = "value") -> Floats:
    """Return a measure of one design, one value a replication."""
    mine = measures.filter((pl.col("measure") == measure) & (pl.col("group") == group)).sort("replication")
    return mine[column].cast(pl.Float64).fill_null(np.nan).to_numpy()


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
    interval = mean_interval(
        np.divide(one.total, one.finished, where=one.finished > 0, out=np.full(len(one.total), np.nan)), confidence
    )
    within = f" ± {number(interval.half_width, 1)}" if interval.half_width > 0 else ""
    return number(interval.estimate, 1) + within


def _mean(values: Floats) -> float:
    """Return the mean over replications; NaN where one has no value or there is none."""
    return float(values.mean()) if len(values) else float("nan")
