"""What a design costs: prices of configs times what a run finds, known without another run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sim.district import premises, workload
from sim.district.office_hours import WEEKS_A_YEAR, office_hours_a_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sim.arrays import Floats
    from sim.config import Level, Pilot

MILLION = 1e6
MINUTES_AN_HOUR = 60

GROUP = "all"

READ = ("hours_per_finished", "resident_time", "overtime")
"""The measures of a replication that an account is reckoned from."""


@dataclass(frozen=True)
class Use:
    """What the account reads of a replication: counts in its measured weeks, minutes a request, hours a head and week.

    NaN where the replication has no such measure.
    """

    finished: float = np.nan
    asked: float = np.nan
    own_minutes: float = np.nan
    overtime: Mapping[str, float] = field(default_factory=dict)


def use_of(rows: Iterable[tuple[str, str, float | None, int]]) -> Use:
    """Return what the account reads of a replication: rows of measure, group, value and number of observations."""
    overtime, of_all = {}, {}
    for measure, group, value, n in rows:
        if measure == "overtime" and group.startswith("level:"):
            overtime[group.partition(":")[2]] = np.nan if value is None else value
        elif group == "all":
            of_all[measure] = (np.nan if value is None else value, n)
    (_, finished), (minutes, asked) = (of_all.get(name, (np.nan, np.nan)) for name in READ[:2])
    return Use(finished, asked, minutes, overtime)


@dataclass(frozen=True)
class Account:
    """What a design costs a year (yuan), all of its district: what is known from its config, and what a run adds.

    Attributes
    ----------
    pay
        Of those who are in post at each level, with what the employer adds; everybody keeps the pay of today's post,
        but for community workers whose pay is lifted.
    offices
        The running of the communities' offices.
    rooms
        Those that a lever adds to them.
    past_closing
        Pay of the hours past closing; one value a replication.
    own_time
        What residents' own time counts; one value a replication, 0 where it is not counted.
    finished
        Requests that are finished a year; one value a replication.
    """

    pay: Mapping[Level, float]
    offices: float
    rooms: float
    past_closing: Floats
    own_time: Floats
    finished: Floats

    @property
    def total(self) -> Floats:
        """Return the cost a year, without residents' own time (shape (replications,))."""
        return sum(self.pay.values()) + self.offices + self.rooms + self.past_closing

    @property
    def per_finished(self) -> Floats:
        """Return the cost of a finished request (shape (replications,)); NaN where none is finished."""
        each: Floats = np.full(len(self.total), np.nan)
        np.divide(self.total, self.finished, where=self.finished > 0, out=each)
        return each

    @property
    def below(self) -> Floats:
        """Return the share of it that is spent in the communities: their pay and offices (shape (replications,))."""
        return (self.pay.get("community", 0.0) + self.offices + self.rooms) / self.total


def account(pilot: Pilot, replications: Sequence[Use]) -> Account:
    """Return what a design costs, from what was found in its replications."""
    weeks, copies, paid = pilot.run.measured_weeks / WEEKS_A_YEAR, pilot.district.copies, pay(pilot)
    hours_a_year = workload.working_days_a_year(pilot) * office_hours_a_day(pilot.district.calendar)
    heads, posts = workload.heads(pilot), workload.posts(pilot)
    # hours past closing are measured a post, and who is in a post is paid
    a_post = {level: yuan * posts[level] / heads[level] for level, yuan in paid.items()}
    past_closing = [
        sum(one.overtime.get(level, np.nan) * WEEKS_A_YEAR * yuan / hours_a_year for level, yuan in a_post.items())
        for one in replications
    ]
    own_hours = [one.own_minutes / MINUTES_AN_HOUR * one.asked / copies / weeks for one in replications]
    counted = pilot.cost.resident_hour
    return Account(
        pay=paid,
        offices=offices(pilot),
        rooms=rooms(pilot),
        past_closing=np.array(past_closing, dtype=np.float64),
        own_time=np.array(own_hours, dtype=np.float64) * counted if counted > 0 else np.zeros(len(replications)),
        finished=np.array([one.finished for one in replications], dtype=np.float64) / copies / weeks,
    )


def measured(pilot: Pilot, replication: Use) -> dict[str, tuple[float, int]]:
    """Return the measures of cost of a replication, each with the number of finished requests behind it."""
    one = account(pilot, [replication])
    n = 0 if np.isnan(replication.finished) else int(replication.finished)
    values = {"cost": one.total / MILLION, "cost_per_finished": one.per_finished, "spent_below": one.below}
    return {name: (float(value[0]), n) for name, value in values.items()}


def pay(pilot: Pilot) -> dict[Level, float]:
    """Return the pay of those who work at each level that has staff, with what the employer adds (yuan a year)."""
    staffing, cost = pilot.staffing, pilot.cost
    heads = workload.heads(pilot)
    from_district = round(staffing.district_heads * staffing.district_sent_down_share)
    down = heads["community"] - staffing.community_heads - from_district
    up = heads["district"] - staffing.district_heads + from_district
    lifted = cost.community_pay + pilot.levers.pay.gap_closed_share * (cost.street_pay - cost.community_pay)
    paid: dict[Level, float] = {
        "community": workload.workers_in_post(pilot) * lifted + down * cost.street_pay
        + from_district * cost.district_pay,
        "street": heads["street"] * cost.street_pay,
        "district": (staffing.district_heads - from_district) * cost.district_pay + up * cost.street_pay,
    }  # fmt: skip
    return {level: yuan * (1 + cost.add_on_share) for level, yuan in paid.items() if heads[level]}


def offices(pilot: Pilot) -> float:
    """Return the running of the communities' offices (yuan a year): a part an office, the rest by residents."""
    today, cost = pilot.district.communities, pilot.cost
    n = (pilot.structure.communities or today) * pilot.service.points
    return cost.office_running * (cost.office_fixed_share * n + (1 - cost.office_fixed_share) * today)


def rooms(pilot: Pilot) -> float:
    """Return what the rooms cost that a lever adds to the communities' offices (yuan a year), on the base place."""
    return pilot.cost.room_m2 * premises.added_m2(pilot)
