"""What an interval is about: what differs between replications, and what is the same in all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.config import Pilot


def places(pilot: Pilot) -> str:
    """Return whether each replication has a place of its own."""
    return "each on a place of its own" if pilot.district.place == "drawn" else "all on one place"


def intervals_are_about(pilot: Pilot) -> str:
    """Return a sentence on what the intervals of a run allow for, and what they do not."""
    run = pilot.run
    first, last = run.warm_up_weeks + 1, run.warm_up_weeks + run.measured_weeks
    weeks = f"weeks {first} to {last}" if last > first else f"week {first}"
    chance = "who comes with what, and who is absent"
    same = f"the district's totals, {weeks} of the calendar, and every assumption"
    if pilot.district.place == "drawn":
        chance += ", how large each community is and which households need special care"
    else:
        same = f"one place (district.place=drawn gives each its own), {same}"
    return f"Intervals are about what differs between replications: {chance}. The same in all are {same}."
