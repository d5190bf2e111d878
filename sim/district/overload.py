"""Which staff cannot keep up with the work that is theirs: named before the run, never an error by itself.

Only work that piles up counts. Residents at a counter lose patience and patrols lapse, so they bound their
own queues; files, work from above and the offices' own work do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.config import GROUPS
from sim.district import workload
from sim.district.stages import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.arrays import Floats
    from sim.config import Level
    from sim.district.organisation import Organisation, Station


MANAGERS, EVERYBODY = -2, -1  # instead of a bundle: a unit's full-time grid managers, and all of its generalists


@dataclass(frozen=True)
class Pool:
    """The staff of one bundle of one unit, and the hours a year that pile up if they are not done.

    `bundle` is `MANAGERS` or `EVERYBODY` where these serve together.
    """

    level: Level
    unit: int
    bundle: int
    name: str
    heads: int
    hours: float
    present: float

    @property
    def load(self) -> float:
        """Return the traffic intensity: hours due over hours present."""
        return self.hours / self.present

    @property
    def overloaded(self) -> bool:
        """Return whether the pool cannot keep up."""
        return self.load >= 1


def pools(organisation: Organisation) -> list[Pool]:
    """Return the offered load of every bundle of every unit, in the order of levels and units."""
    pilot = organisation.pilot
    present = workload.present_hours(pilot)
    meetings = pilot.burden.meetings
    found = []
    for level in pilot.structure.levels:
        for unit in range(organisation.n_units(level)):
            members = [organisation.people[i] for i in organisation.members(level, unit)]
            n = int(organisation.bundles[level][unit].max()) + 1
            bundle_of = np.array([p.bundle if p.bundle >= 0 else n for p in members])  # the last: grid managers
            heads = np.bincount(bundle_of, minlength=n + 1)
            in_grids = heads if heads[n] == 0 else np.arange(n + 1) == n
            hours = _piling(organisation, level, unit, in_grids / in_grids.sum())
            time = heads * present
            if level == "community":
                weekly = np.full(len(members), meetings.others_per_week)
                weekly[0] = meetings.secretary_per_week
                lost = weekly * meetings.hours * 52 * (1 - pilot.staffing.absence.share)
                time = time - np.bincount(bundle_of, lost, minlength=n + 1)
            ids = [*range(n), *([MANAGERS] if heads[n] else [])]
            if level == "community" and pilot.roles.scheme == "generalist":
                # of so many specialisms, one is their own
                slower = 1 + (pilot.roles.outside_pace - 1) * (1 - 1 / n)
                ids, heads, hours, time = [EVERYBODY], *(c.sum(keepdims=True) for c in (heads, hours * slower, time))
            for bundle, n_heads, due, there in zip(ids, heads.tolist(), hours.tolist(), time.tolist(), strict=False):
                name = _name(organisation, level, unit, bundle)
                found.append(Pool(level, unit, bundle, name, n_heads, due, there))
    return found


def _piling(organisation: Organisation, level: Level, unit: int, in_grids: Floats) -> Floats:
    """Return the hours a year of each bundle of a unit, and of its grid managers, that pile up if they are not done.

    `in_grids` is the share of each in the work that residents bring to the grids.
    """
    pilot, place = organisation.pilot, organisation.place
    plan = organisation.bundles[level][unit]
    hours = np.zeros(len(in_grids))
    n = len(hours) - 1
    names: list[str] = list(pilot.procedures.lines) if level == "community" else list(GROUPS)
    items = np.bincount(plan, list(pilot.procedures.lines.values()) if level == "community" else None)
    asked = np.bincount(plan, workload.line_shares(pilot)) if level == "community" else items
    for work in organisation.works:
        if work.level != level or work.lapses or work.kind is Kind.FRONT or work.what == workload.MEETINGS:
            continue
        here = work.hours / organisation.n_units(level)
        if level == "community":
            here = work.hours * float(place.community_households[unit] / place.n_households)
        if work.what == workload.ABOVE:
            here = float(workload.task_hours(pilot, place)[unit])
        if work.kind in (Kind.FIELD, Kind.DOOR) and level == "community":
            hours += here * in_grids
        elif work.line == workload.ALL:
            weights = items if work.kind in (Kind.TASKS, Kind.OWN) else asked
            hours[:n] += here * weights / weights.sum()
        else:
            hours[plan[names.index(work.line)]] += here
    return hours


def _name(organisation: Organisation, level: Level, unit: int, bundle: int) -> str:
    """Return how a pool is called in messages."""
    if bundle == MANAGERS:
        return f"{level} {unit + 1}, grid managers"
    if bundle == EVERYBODY:
        return f"{level} {unit + 1}, all staff"
    if level == "community":
        lines = np.array(list(organisation.pilot.procedures.lines))[organisation.bundles[level][unit] == bundle]
        return f"community {unit + 1}, post {bundle + 1} ({len(lines)} lines)"
    sections = np.array(GROUPS)[organisation.bundles[level][unit] == bundle]
    which = f" {unit + 1}" if organisation.n_units(level) > 1 else ""
    return f"{level}{which}: {' and '.join(s.replace('_', ' ') for s in sections)}"


def overloaded_stations(organisation: Organisation, loads: list[Pool]) -> NDArray[np.bool_]:
    """Return which stations are served by a pool that cannot keep up (shape (stations,))."""
    bad = {(p.level, p.unit, p.bundle) for p in loads if p.overloaded}

    owner = {grid: person.bundle for person in organisation.people for grid in person.grids}

    def served_by(s: Station) -> int:
        if s.level == "community" and organisation.pilot.roles.scheme == "generalist":
            return EVERYBODY
        if s.grid < 0:
            return s.bundle
        return owner[s.grid] if owner[s.grid] >= 0 else MANAGERS

    # whoever queues at a window for all loses patience: it never piles up, and is no pool's own
    return np.array([(s.level, s.unit, served_by(s)) in bad for s in organisation.stations])
