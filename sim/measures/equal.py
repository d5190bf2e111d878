"""Designs rescaled to the heads or to the money of another, so that it is seen what each does with the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sim.config import load
from sim.district import workload
from sim.errors import ConfigError
from sim.language import gettext, phrase
from sim.measures import cost

if TYPE_CHECKING:
    from sim.config import Pilot

By = Literal["heads", "money"]

LEAST_PAY = 1.0
"""Of a head that money buys, yuan a year: whoever costs nothing can be had without end."""


def at_equal(pilot: Pilot, other: Pilot, by: By) -> Pilot:
    """Return a design with so many heads of today's communities that it has the heads, or costs the money, of another.

    Of money, pay and the offices of the communities count, which are known before a run; heads are whole, so that a
    part of one's pay may be left over. Its other staff is as it was.

    Raises
    ------
    ConfigError
        The heads must be what the design's communities can have, and cost something.
    """
    now = pilot.staffing.community_heads
    if by == "heads":
        heads = now + sum(workload.heads(other).values()) - sum(workload.heads(pilot).values())
    else:
        of_one = pilot.cost.community_pay * (1 + pilot.cost.add_on_share)
        if of_one < LEAST_PAY:
            raise ConfigError(
                f"cost.community_pay must be at least {LEAST_PAY:g} with its add-on where designs are compared at "
                f"equal money, got {pilot.cost.community_pay:g}"
            )
        heads = now + int((_known(other) - _known(pilot)) // of_one)
    if heads == now:
        return pilot
    low, high = (pilot.district.communities * most for most in (
        pilot.staffing.community_heads_min, pilot.staffing.community_heads_max
    ))  # fmt: skip
    if not low <= heads <= high:
        raise ConfigError(
            f"equal={by} must be possible with {low} to {high} heads of today's communities "
            f"(staffing.community_heads_min, staffing.community_heads_max), got {heads} for {pilot.name} at the {by} "
            f"of {other.name}"
        )
    plain = pilot.model_dump(mode="json")
    plain["staffing"]["community_heads"] = heads
    said = {"heads": gettext("{design}, as many heads", design=phrase(pilot.title)),
            "money": gettext("{design}, for as much money", design=phrase(pilot.title))}  # fmt: skip
    return load({**plain, "name": f"{pilot.name}_equal_{by}", "title": said[by]})


def _known(pilot: Pilot) -> float:
    """Return what a design costs a year as far as it is known before a run (yuan)."""
    return sum(cost.pay(pilot).values()) + cost.offices(pilot) + cost.rooms(pilot)
