"""Which knobs can act under a design: one that can act under none of those compared is refused, not ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sim.config.schema import Pilot

    Condition = tuple[str, Callable[[Pilot], bool]]

_TWO_POSTS: Condition = ("roles.scheme is ab or generalist", lambda p: p.roles.scheme in ("ab", "generalist"))
_CONTACTS: Condition = ("structure.named_contact_share is above 0", lambda p: p.structure.named_contact_share > 0)

CONDITIONS: dict[str, Condition] = {
    "roles.b_share": _TWO_POSTS,
    "roles.specialisms": ("roles.scheme is not lines", lambda p: p.roles.scheme != "lines"),
    "roles.managers_per_grid": ("roles.scheme is dedicated", lambda p: p.roles.scheme == "dedicated"),
    "service.seats": ("service.desk is rota", lambda p: p.service.desk == "rota"),
    "service.agency_minutes": ("service.agency_share is above 0", lambda p: p.service.agency_share > 0),
    "structure.merge_rule": ("structure.communities is given", lambda p: p.structure.communities is not None),
    "structure.named_contact_between": _CONTACTS,
    "structure.named_contact_working_days": _CONTACTS,
    "structure.delegated_minutes_share": (
        "structure.delegated_share is above 0",
        lambda p: p.structure.delegated_share > 0,
    ),
    "grid.patrol_hours": ("grid.patrol_duty_share is above 0", lambda p: p.grid.patrol_duty_share > 0),
    "burden.relay_down_share": ("structure.levels has no street", lambda p: "street" not in p.structure.levels),
}
"""By knob: in words, and as a test, under which designs it can act. A knob that is not here is taken to."""


def check_acting(knobs: Iterable[str], pilots: Sequence[Pilot]) -> list[str]:
    """Return a sentence for each knob that can act under some pilots only.

    Parameters
    ----------
    knobs : iterable of str
        Paths that a user set.
    pilots : sequence of Pilot
        With these knobs.

    Raises
    ------
    ConfigError
        Where a knob can act under none of them.
    """
    notes = []
    for knob in knobs:
        if knob not in CONDITIONS:
            continue
        words, acts = CONDITIONS[knob]
        idle = [pilot.name for pilot in pilots if not acts(pilot)]
        if len(idle) == len(pilots):
            raise ConfigError(
                f"{knob} must be set where it can act, which is where {words}, got it under {', '.join(idle)}"
            )
        if idle:
            notes.append(f"{knob} does not act under {', '.join(idle)}: it does where {words}.")
    return notes
