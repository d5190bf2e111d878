"""The groups of each measure, known from the design before a replication is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.district.demand import Channel
from sim.district.stages import KIND_NAMES, Kind
from sim.measures import controls, residents, staff
from sim.measures.dictionary import CONTROL, DEFINITIONS, GROUPS, OPEN_BOUND

if TYPE_CHECKING:
    from sim.district.organisation import Organisation

APART = ("community:", "unit:", "grid:")
"""Groups of one place each, which districts that are run as one have not in common."""


def groups_of(organisation: Organisation) -> dict[str, tuple[str, ...]]:
    """Return the groups that a replication of an organisation, on its place, can have of every measure.

    A measure that is there only where something is observed may lack some of them.
    """
    of_residents = tuple(group for family in residents.families(organisation) for group in family)
    people = tuple(staff.groups(organisation))
    levels = tuple(group for group in people if group.startswith("level:"))
    kinds = [group.partition("|")[2] for group in GROUPS["hours"]]
    if organisation.at_assembly is not None:
        kinds.append(f"kind:{KIND_NAMES[Kind.SELF_GOVERNMENT]}")
    units, grids = staff.units_and_grids(organisation)
    of_some = {
        "utilisation": (*people, *units),
        "overtime": people,
        "workload_gini": people,
        "hours": tuple(f"{group}|{kind}" for group in people for kind in kinds),
        "patrols_done": ("all", *grids),
        "visits_done": ("all", *grids),
        "with_residents": ("all", *levels),
        "service_over_administration": ("all", *levels),
        "posts_above_90": ("all", *dict.fromkeys(f"level:{level}" for level, _ in organisation.at)),
        OPEN_BOUND: tuple(f"{one}|{group}" for one in DEFINITIONS if one not in GROUPS for group in of_residents),
        CONTROL: (
            *(f"arrivals:{channel.name.lower()}" for channel in Channel),
            *(f"absence:{level}" for level in organisation.pilot.structure.levels),
            *controls.KINDS,
        ),
    }
    every = {measure: of_some.get(measure) or GROUPS.get(measure, of_residents) for measure in DEFINITIONS}
    if organisation.at_assembly is None:
        del every["self_government_done"]
    if not organisation.pilot.mechanisms.turnover.on:
        for measure in ("vacant", "newcomers", "exits"):
            del every[measure]
    if organisation.rooms is None:
        del every["meets_standard"], every["residents_m2"]
    if organisation.rooms is None or organisation.rooms.chairs is None:
        del every["turned_away"]
    if organisation.pilot.district.copies == 1:
        return every
    return {measure: tuple(g for g in groups if not g.startswith(APART)) for measure, groups in every.items()}
