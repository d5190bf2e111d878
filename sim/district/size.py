"""How large a replication is, from the knobs alone: one that does not fit into the memory is refused unmade."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sim.district.office_hours import DAYS_A_YEAR
from sim.errors import ConfigError
from sim.memory import memory_there_is_mb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.config import Pilot

STEP_BYTES = 400
"""Of all tables of a replication, for each step: measured, and rounded up."""

HEAD_WEEK_BYTES = 4_000
"""Of the duties of one head in a week."""

WEEKS_A_YEAR = 52

LEAST_BLOCK = 1
"""Weeks of the smallest block: what does not fit even so cannot be run."""

LATER_SHARE = 0.1
"""Of the memory of all weeks but those of one block, what is held of them at once (measured: 0.05)."""


class Part(NamedTuple):
    """What a replication is made of: its number, the memory of each (bytes), and the knob that makes it many."""

    what: str
    number: float
    each: int
    knob: str
    value: float


def parts(pilot: Pilot) -> Iterator[Part]:
    """Yield what a replication of a design is made of: rough numbers, from above."""
    district, demand, grid, burden = pilot.district, pilot.demand, pilot.grid, pilot.burden
    years = pilot.run.weeks / WEEKS_A_YEAR
    # Households in special care have a larger share of the requests and make them no more.
    residents = district.population * _years_of_requests(pilot)
    longest = max(len(archetype.activities) for archetype in pilot.procedures.archetypes.values())
    field = [
        activity.minutes
        for archetype in pilot.procedures.archetypes.values()
        for activity in archetype.activities
        if activity.where == "field"
    ]
    legs = max(field, default=0.0) / grid.leg_minutes
    for channel in ("counter", "phone", "latent"):
        rate = getattr(demand, f"{channel}_per_resident_year")
        yield Part(
            "steps of requests", residents * rate * longest, STEP_BYTES, f"demand.{channel}_per_resident_year", rate
        )
        yield Part("legs of field checks", residents * rate * legs, STEP_BYTES, "grid.leg_minutes", grid.leg_minutes)
    patrols = district.households / grid.households * 365 * years * min(1, grid.patrol_duty_share)
    yield Part("legs of patrols", patrols * max(1, grid.patrol_hours * 60 / grid.leg_minutes), STEP_BYTES,
               "grid.leg_minutes", grid.leg_minutes)  # fmt: skip
    visits = grid.visits
    for key, rate in (("ordinary_per_year", visits.ordinary_per_year), ("special_per_year", visits.special_per_year)):
        share = district.special_care_share if key == "special_per_year" else 1.0
        yield Part("home visits", district.households * share * rate * years * visits.duty_share, STEP_BYTES,
                   f"grid.visits.{key}", rate)  # fmt: skip
    government = pilot.mechanisms.self_government
    by_office, by_household = government.community_hours_per_week, government.thousand_households_hours_per_week
    yield Part("sittings with residents", district.communities * by_office * pilot.run.weeks, STEP_BYTES,
               "mechanisms.self_government.community_hours_per_week", by_office)  # fmt: skip
    yield Part("sittings with residents", district.households / 1000 * by_household * pilot.run.weeks, STEP_BYTES,
               "mechanisms.self_government.thousand_households_hours_per_week", by_household)  # fmt: skip
    work = district.work
    own = (*work.street_hours.model_dump().values(), *work.district_hours.model_dump().values())
    hours = (work.from_above_hours + sum(own)) * years
    pieces = hours * 60 / burden.piece_minutes
    yield Part("pieces of work", pieces, STEP_BYTES, "burden.piece_minutes", burden.piece_minutes)
    relays = work.street_hours.relay * years * 60 / pilot.structure.relay_minutes
    yield Part("relays", relays, STEP_BYTES, "structure.relay_minutes", pilot.structure.relay_minutes)
    staffing = pilot.staffing
    for level in ("community", "street", "district"):
        heads = getattr(staffing, f"{level}_heads")
        yield Part("weeks of heads", heads * pilot.run.weeks, HEAD_WEEK_BYTES, f"staffing.{level}_heads", heads)
    heads = staffing.community_heads + staffing.street_heads + staffing.district_heads
    often = max(burden.meetings.others_per_week, burden.meetings.secretary_per_week)
    yield Part("meetings", heads * often * pilot.run.weeks, STEP_BYTES, "burden.meetings.others_per_week", often)


def _years_of_requests(pilot: Pilot) -> float:
    """Return how many years' requests come in a run, with the busiest days of a year first."""
    factor, days = pilot.demand.festival_factor, 7 * pilot.run.weeks
    festival = min(DAYS_A_YEAR, 7 * pilot.district.calendar.festival_weeks)
    n_busy, busy, calm = (festival, factor, 1.0) if factor > 1 else (DAYS_A_YEAR - festival, 1.0, factor)
    a_year = n_busy * busy + (DAYS_A_YEAR - n_busy) * calm
    years, rest = divmod(days, DAYS_A_YEAR)
    first = min(rest, n_busy)
    return years + (first * busy + (rest - first) * calm) / (a_year or 1.0)


def needed_bytes(pilot: Pilot, block_weeks: int | None = None) -> float:
    """Return what a replication of a design takes, from above; with `block_weeks`, if it is run block by block."""
    needed = sum(part.number * part.each for part in parts(pilot))
    at_once = 1.0 if block_weeks is None else min(1.0, block_weeks / pilot.run.weeks)
    return needed * (at_once + LATER_SHARE * (1 - at_once))


def check_size(pilot: Pilot, block_weeks: int | None = None) -> None:
    """Raise if a replication of a design cannot fit into the memory of this machine, as it is run.

    Parameters
    ----------
    pilot
        The design.
    block_weeks
        The length of the blocks in which it is run; without it, all of it is at once in memory.

    Raises
    ------
    ConfigError
        By the name of the knob that takes most of it.
    """
    there_is = memory_there_is_mb() * 1e6
    needed = needed_bytes(pilot, block_weeks)
    if needed <= there_is:
        return
    most = max(parts(pilot), key=lambda part: part.number * part.each)
    weeks = pilot.run.weeks
    blocks = "in one piece" if block_weeks is None or block_weeks >= weeks else f"in blocks of {block_weeks}"
    raise ConfigError(
        f"{most.knob} must be such that a replication of {weeks} weeks, run {blocks}, fits into the memory "
        f"({there_is / 1e9:,.0f} GB): it would have about {most.number:,.0f} {most.what} and take "
        f"{needed / 1e9:,.0f} GB, got {most.value:g} under {pilot.name}"
    )
