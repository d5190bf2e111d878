"""The tables of a replication, made from its tally."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.config import LEVELS
from sim.district.demand import Channel
from sim.draws.clock import HOUR, WEEK
from sim.measures import residents, staff
from sim.measures.flows import flows
from sim.measures.persons import persons
from sim.measures.queues import queues
from sim.measures.tally import window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.district.demand import Demand
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation
    from sim.district.overload import Pool
    from sim.district.rosters.careers import Careers
    from sim.measures.long_table import Rows
    from sim.measures.staff import Time
    from sim.measures.tally import Tally


LEAST_M2 = 1e-6  # of an office: less is the rounding of a sum
NEARLY_FULL = 0.9  # the load above which `posts_above_90` counts a post


def tables(
    organisation: Organisation,
    office: OfficeTime,
    demand: Demand,
    tally: Tally,
    pools: Sequence[Pool],
    in_post: Careers | None = None,
) -> dict[str, pl.DataFrame]:
    """Return the tables of a replication.

    Parameters
    ----------
    organisation, office, demand
        The replication that was run.
    tally : Tally
        Of the whole replication.
    pools : sequence of Pool
        Of the organisation.
    in_post : Careers, optional
        Which posts are filled, if anybody leaves.

    Returns
    -------
    dict of str -> polars.DataFrame
        `measures` (long), `turnaround` (distribution), `workload` (hours a week and head), `backlog` (hours
        that wait at the end of each week), `waiting` (the same at the end of each working day, in all), `persons`
        (the staff one by one), `flows` (moves of requests between levels) and `queues` (the number that waits in each
        half hour of the week).
    """
    start, end = window(organisation.pilot)
    rows = residents.resident_rows(organisation, office, demand, tally.requests, start, end)
    rows.extend(staff.staff_rows(organisation, tally.time, tally.duties, start, end))
    rows.extend(staff.paper_rows(tally.paper))
    rows.extend(staff.self_government_rows(tally.self_government))
    rows.extend(staff.in_post_rows(office, in_post, start, end))
    measured = residents.measured_rows(tally.requests, start, end)
    came = int(np.count_nonzero(demand.channel[tally.requests.ids[measured]] != Channel.LATENT))
    days = tally.time.on_duty[staff.by_level(organisation)["community"]].sum() / office.day_ticks
    rows.add("requests_per_official_day", "level:community", "requests", came / days if days else float("nan"), came)
    n_finished = int(np.count_nonzero(tally.requests.finished[measured]))
    hours = tally.time.kinds[:, list(staff.REQUESTS)].sum() / HOUR
    rows.add("hours_per_finished", "all", "hours", hours / n_finished if n_finished else float("nan"), n_finished)
    _add_design_rows(rows, organisation, pools)
    return {
        "measures": rows.frame(),
        "turnaround": pl.DataFrame(residents.turnaround_distribution(office, tally.requests, start, end)),
        "workload": _workload(organisation, tally.time, (end - start) / WEEK),
        "backlog": _backlog(organisation, tally),
        "waiting": pl.DataFrame({"day": office.working_days, "hours": (tally.daily / HOUR).sum(axis=0)}),
        "persons": persons(organisation, tally.time, (end - start) / WEEK),
        "flows": flows(list(organisation.pilot.procedures.archetypes), tally.moves),
        "queues": queues(tally.queues, {level for level, _ in organisation.at}, (end - start) // WEEK),
    }


def _add_design_rows(rows: Rows, organisation: Organisation, pools: Sequence[Pool]) -> None:
    """Add what is known without simulation: walks to the office, its rooms, grid managers, and posts nearly full."""
    place, district = organisation.place, organisation.pilot.district
    minutes = place.distance(place.point) / district.walking_kmh * 60
    rows.add("walk", "all", "minutes", float(minutes.mean()), len(minutes))
    if (rooms := organisation.rooms) is not None:
        premises, n = organisation.pilot.mechanisms.premises, len(rooms.area)
        meets = rooms.area > premises.standard_m2 - LEAST_M2
        rows.add("meets_standard", "all", "share", float(meets.mean()), n)
        of_residents = (1 - premises.office_share) * float(rooms.area.sum())
        rows.add("residents_m2", "all", "m2", of_residents / district.population * 1_000, n)
    staff_there = [p for p in organisation.people if p.level == "community"]
    n_managers = sum(p.specialism < 0 for p in staff_there)
    rows.add("managers_share", "all", "share", n_managers / len(staff_there), len(staff_there))
    for group, mine in {
        "all": pools,
        **{f"level:{level}": [p for p in pools if p.level == level] for level, _ in organisation.at},
    }.items():
        n_full = sum(pool.load > NEARLY_FULL for pool in mine)
        rows.add("posts_above_90", group, "share", n_full / len(mine), len(mine))


def _workload(organisation: Organisation, time: Time, weeks: float) -> pl.DataFrame:
    """Return the hours a week and head by post and kind of work."""
    rows = [
        (post, kind, hours)
        for post, who in staff.by_post(organisation).items()
        for kind, hours in staff.hours_by_kind(organisation, time, who, weeks).items()
    ]
    return pl.DataFrame(rows, schema=["post", "kind", "hours"], orient="row")


def _backlog(organisation: Organisation, tally: Tally) -> pl.DataFrame:
    """Return the hours that wait at the end of each week, by level."""
    levels = {level for level, _ in organisation.at}
    weeks = np.arange(1, tally.weekly.shape[1] + 1)
    return pl.concat(
        [
            pl.DataFrame({"week": weeks, "post": level, "hours": ticks / HOUR})
            for level, ticks in zip(LEVELS, tally.weekly, strict=True)
            if level in levels
        ]
    )
