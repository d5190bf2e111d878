"""What an interval is about: what differs between replications, and what is the same in all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.language import gettext

if TYPE_CHECKING:
    from sim.config import Pilot


def places(pilot: Pilot) -> str:
    """Return whether each replication has a place of its own."""
    if pilot.district.place == "drawn":
        return gettext("each on a place of its own")
    return gettext("all on one place")


def intervals_are_about(pilot: Pilot) -> str:
    """Return a sentence on what the intervals of a run allow for, and what they do not."""
    run = pilot.run
    first, last = run.warm_up_weeks + 1, run.warm_up_weeks + run.measured_weeks
    weeks = (
        gettext("weeks {first} to {last}", first=first, last=last)
        if last > first
        else gettext("week {first}", first=first)
    )
    if pilot.district.place == "drawn":
        return gettext(
            "Intervals are about what differs between replications: who comes with what, and who is absent, how large "
            "each community is and which households need special care. The same in all are the district's totals, "
            "{weeks} of the calendar, and every assumption.",
            weeks=weeks,
        )
    return gettext(
        "Intervals are about what differs between replications: who comes with what, and who is absent. The same in "
        "all are one place (district.place=drawn gives each its own), the district's totals, {weeks} of the calendar, "
        "and every assumption.",
        weeks=weeks,
    )
