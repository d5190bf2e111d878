"""Which staff are overloaded, that is have more work than time: known before the run, and no error by itself.

Only work that piles up counts. Residents at a counter lose patience and patrols lapse, so they bound their
own queues; files, work from above and the offices' own work do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from sim.config import GROUPS
from sim.district import workload
from sim.district.stages import Kind

if TYPE_CHECKING:
    from sim.arrays import Bools, Floats
    from sim.config import Level
    from sim.district.organisation import Organisation, Station


class Team(Enum):
    """Staff of a unit who serve together, across specialisms."""

    MANAGERS = "grid managers"  # full-time ones, in the grids of their community
    EVERYBODY = "all staff"  # generalists, who serve everything of their community


@dataclass(frozen=True)
class Pool:
    """Staff of one unit who share their work, and the hours a year of it that pile up if they are not done.

    Attributes
    ----------
    level, unit : str, int
        Where they work.
    team : Team or int
        Who they are: a team, or the staff of the specialism of this number.
    name : str
        As messages call them.
    heads : int
        Their number.
    hours, present : float
        Hours a year of work that piles up, and hours a year that they are present for it.
    """

    level: Level
    unit: int
    team: Team | int
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
        """Return whether the pool has more work than time."""
        return self.load >= 1


def pools(organisation: Organisation) -> list[Pool]:
    """Return the pools of every unit with their offered load, in the order of levels and units."""
    pilot = organisation.pilot
    present = workload.present_hours(pilot)
    meetings = pilot.burden.meetings
    result = []
    for level in pilot.structure.levels:
        for unit in range(organisation.n_units(level)):
            members = [organisation.people[i] for i in organisation.members(level, unit)]
            n = int(organisation.specialisms[level][unit].max()) + 1
            team_of = np.array([p.specialism if p.specialism >= 0 else n for p in members])  # the last: grid managers
            heads = np.bincount(team_of, minlength=n + 1)
            in_grids = heads if heads[n] == 0 else np.arange(n + 1) == n
            hours = _piling(organisation, level, unit, in_grids / in_grids.sum())
            time = heads * present
            if level == "community":
                weekly = np.full(len(members), meetings.others_per_week)
                weekly[0] = meetings.secretary_per_week
                lost = weekly * meetings.hours * 52 * (1 - pilot.staffing.absence.share)
                time = time - np.bincount(team_of, lost, minlength=n + 1)
            teams: list[Team | int] = [*range(n), *([Team.MANAGERS] if heads[n] else [])]
            if level == "community" and pilot.roles.scheme == "generalist":
                # one of the n specialisms is their own
                slower = 1 + (pilot.roles.outside_pace - 1) * (1 - 1 / n)
                teams = [Team.EVERYBODY]
                heads, hours, time = (c.sum(keepdims=True) for c in (heads, hours * slower, time))
            for team, n_heads, due, there in zip(teams, heads.tolist(), hours.tolist(), time.tolist(), strict=False):
                name = _name(organisation, level, unit, team)
                result.append(Pool(level, unit, team, name, n_heads, due, there))
    return result


def _piling(organisation: Organisation, level: Level, unit: int, in_grids: Floats) -> Floats:
    """Return the hours a year of each specialism of a unit, and last of its grid managers, that pile up if not done.

    `in_grids` is the share of each in the work that residents bring to the grids.
    """
    pilot, place = organisation.pilot, organisation.place
    plan = organisation.specialisms[level][unit]
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


def _name(organisation: Organisation, level: Level, unit: int, team: Team | int) -> str:
    """Return the name of a pool in messages."""
    if isinstance(team, Team):
        return f"{level} {unit + 1}, {team.value}"
    own = organisation.specialisms[level][unit] == team
    if level == "community":
        lines = np.array(list(organisation.pilot.procedures.lines))[own]
        return f"community {unit + 1}, post {team + 1} ({len(lines)} lines)"
    sections = np.array(GROUPS)[own]
    number = f" {unit + 1}" if organisation.n_units(level) > 1 else ""
    return f"{level}{number}: {' and '.join(s.replace('_', ' ') for s in sections)}"


def overloaded_stations(organisation: Organisation, loads: list[Pool]) -> Bools:
    """Return which stations are served by an overloaded pool (shape (stations,))."""
    overloaded = {(pool.level, pool.unit, pool.team) for pool in loads if pool.overloaded}
    owner = {grid: person.specialism for person in organisation.people for grid in person.grids}

    def team_of(s: Station) -> Team | int:
        if s.level == "community" and organisation.pilot.roles.scheme == "generalist":
            return Team.EVERYBODY
        if s.grid < 0:
            return s.specialism
        return owner[s.grid] if owner[s.grid] >= 0 else Team.MANAGERS

    # a window for all lines belongs to no pool: residents who queue there lose patience, and never pile up
    return np.array([(s.level, s.unit, team_of(s)) in overloaded for s in organisation.stations])
