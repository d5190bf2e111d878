"""Which staff are overloaded, that is have more work than time: known before the run, and no error by itself.

Only staff whose work piles up are overloaded: files, work from above and the offices' own work do. Patrols and home
visits lapse, and take no time from the rest. Residents at a counter lose patience, but their time comes first.

Where residents' files go before paper, it is paper that piles up at an overloaded post, and their requests take no
longer the longer one looks. They do only where what goes before paper, or with it, is more than there is time for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.config import GROUPS
from sim.config.words import words_of
from sim.district import workload
from sim.district.office_hours import WEEKS_A_YEAR
from sim.district.stages import Kind
from sim.errors import ConfigError
from sim.language import N_, both, gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.arrays import Bools, Floats, Ints
    from sim.config import Level, Pilot
    from sim.district.organisation import Organisation, Person, Station


class Team(Enum):
    """Staff of a unit who serve together, across specialisms."""

    MANAGERS = N_("grid managers")  # full-time ones, in the grids of their community
    EVERYBODY = N_("all staff")  # generalists, who serve everything of their community


@dataclass(frozen=True)
class Post:
    """Where some staff work and what they have to do, as tables and sentences call them.

    Attributes
    ----------
    level
        Where they work.
    unit
        The number of their unit at the level, from 1; 0: it has one only.
    team
        Who they are: a team, or the number of a post of a community, from 1.
    n_lines
        How many lines that post has.
    sections
        Of a higher level.
    """

    level: Level
    unit: int
    team: Team | int = 0
    n_lines: int = 0
    sections: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the post in words."""
        level = words_of(self.level)
        if isinstance(self.team, Team):
            return gettext("{level} {unit}, {team}", level=level, unit=self.unit, team=gettext(self.team.value))
        if self.team:
            return ngettext(
                "{level} {unit}, post {post} ({lines} line)", "{level} {unit}, post {post} ({lines} lines)",
                self.n_lines, level=level, unit=self.unit, post=self.team, lines=self.n_lines,
            )  # fmt: skip
        sections = both(map(words_of, self.sections))
        if self.unit:
            return gettext("{level} {unit}: {sections}", level=level, unit=self.unit, sections=sections)
        return gettext("{level}: {sections}", level=level, sections=sections)


@dataclass(frozen=True)
class Pool:
    """Staff of one unit who share their work, and the hours a year of it that pile up if they are not done.

    Attributes
    ----------
    level, unit : str, int
        Where they work.
    team : Team or int
        Who they are: a team, or the staff of the specialism of this number.
    post : Post
        As messages call them.
    heads : int
        Their number.
    hours, present : float
        Hours a year of work that piles up, and hours a year that they are present for it.
    before_paper : float
        The load of what piles up before the staff come to their paper, or with it where paper does not go last.
    """

    level: Level
    unit: int
    team: Team | int
    post: Post
    heads: int
    hours: float
    present: float
    before_paper: float

    @property
    def load(self) -> float:
        """Return the traffic intensity: hours due over hours present."""
        return self.hours / self.present

    @property
    def overloaded(self) -> bool:
        """Return whether the pool has more work than time."""
        return self.load >= 1

    @property
    def holds_up_residents(self) -> bool:
        """Return whether residents' requests pile up here, and not paper alone."""
        return self.before_paper >= 1


class _Due(NamedTuple):
    """Hours a year that fall to the teams of a unit: of each team (shape (teams,)), and of residents at the counter."""

    paper: Floats
    files: Floats
    field: Floats
    residents: float


def pools(organisation: Organisation) -> list[Pool]:
    """Return the pools of every unit with their offered load, in the order of levels and units.

    Where people are counts. Residents who are there come first, and whoever has most time to spare serves them. Time in
    meetings is not there, time at a desk kept by rota is not there for paper, and where days are split neither post has
    the other's time. Hours after closing are there.
    """
    pilot = organisation.pilot
    result = []
    for level in pilot.structure.levels:
        for unit in range(organisation.n_units(level)):
            members = [organisation.people[i] for i in organisation.members(level, unit)]
            n = int(organisation.specialisms[level][unit].max()) + 1
            team_of = np.array([p.specialism if p.specialism >= 0 else n for p in members])  # the last: grid managers
            heads = np.bincount(team_of, minlength=n + 1)
            in_grids = heads if heads[n] == 0 else np.arange(n + 1) == n
            due = _due(organisation, level, unit, in_grids / in_grids.sum())
            fit = _fit(pilot, members, team_of, heads)
            evenings, seated = _evenings(pilot, heads) * fit, _seated(organisation, level, unit, heads)
            time = _time(pilot, level, team_of, heads) * fit + evenings
            teams: list[Team | int] = [*range(n), *([Team.MANAGERS] if heads[n] else [])]
            if level == "community" and pilot.roles.scheme == "generalist":
                # one of the n specialisms is their own
                slower = 1 + (pilot.roles.outside_pace - 1) * (1 - 1 / n)
                paper, files, field = (part.sum(keepdims=True) * slower for part in (due.paper, due.files, due.field))
                due = _Due(paper, files, field, due.residents)
                teams = [Team.EVERYBODY]
                heads, time, evenings, seated = (c.sum(keepdims=True) for c in (heads, time, evenings, seated))
            every = _scarcest(pilot, level, due, time, seated)
            first = every
            if _paper_goes_last(pilot):
                first = _scarcest(pilot, level, due._replace(paper=0 * due.paper), time - evenings, seated)
            for team, n_heads, (hours, there), (before, by_day) in zip(
                teams, heads.tolist(), every, first, strict=False
            ):
                post = _post(organisation, level, unit, team)
                result.append(Pool(level, unit, team, post, n_heads, hours, there, before / by_day))
    return result


def _fit(pilot: Pilot, members: Sequence[Person], team_of: Ints, heads: Ints) -> Floats:
    """Return the work that each team does in a time, over that of as many people used to it: posts may be vacant."""
    posts = workload.community_posts(pilot)
    of_worker = (1 - workload.vacant_share(pilot)) / workload.slowed_by_newcomers(pilot)
    each = [of_worker if person.identity < posts else 1.0 for person in members]
    return np.asarray(np.bincount(team_of, each, minlength=len(heads)) / np.maximum(heads, 1))


def _paper_goes_last(pilot: Pilot) -> bool:
    """Return whether residents' files go before all paper, due or not."""
    priorities = pilot.conduct.priorities
    return priorities.files < min(priorities.due, priorities.not_yet_due)


def _evenings(pilot: Pilot, heads: Ints) -> Floats:
    """Return the hours a year after closing in which each team of a unit catches up on its paper."""
    here = 1 - pilot.staffing.absence.share
    at_desks = np.arange(len(heads)) < len(heads) - 1  # full-time grid managers have no evenings
    hours = pilot.staffing.catch_up_hours_per_week * workload.working_days_a_year(pilot) / 5 * here
    return np.asarray(heads * hours * at_desks)


def _time(pilot: Pilot, level: Level, team_of: Ints, heads: Ints) -> Floats:
    """Return the hours a year that each team of a unit is there to work by day: present, less meetings."""
    here = 1 - pilot.staffing.absence.share
    time = heads * workload.present_hours(pilot)
    if level == "community":
        meetings = pilot.burden.meetings
        weekly = np.full(len(team_of), meetings.others_per_week)
        weekly[0] = meetings.secretary_per_week
        time = time - np.bincount(team_of, weekly * meetings.hours * WEEKS_A_YEAR * here, minlength=len(heads))
        if ((heads > 0) & (time <= 0)).any():
            raise ConfigError(
                "burden.meetings must leave all staff of a community time for other work, got meetings of "
                f"{meetings.hours:g} hours, {meetings.secretary_per_week:g} a week for the secretary and "
                f"{meetings.others_per_week:g} for others"
            )
    return np.asarray(time)


def _seated(organisation: Organisation, level: Level, unit: int, heads: Ints) -> Floats:
    """Return the hours a year that each team of a unit sits at a desk kept by rota; full-time managers do not."""
    pilot = organisation.pilot
    if level != "community" or pilot.service.desk != "rota":
        return np.zeros(len(heads))
    from scipy.stats import binom  # late: it takes half a second to load, and few designs have a rota

    at_desks = heads * (np.arange(len(heads)) < len(heads) - 1)
    n, seats = int(at_desks.sum()), pilot.service.points * organisation.seats(unit)
    present = np.arange(n + 1)
    manned = np.minimum(seats, present // 2) @ binom.pmf(present, n, 1 - pilot.staffing.absence.share)
    open_hours = workload.present_hours(pilot) / (1 - pilot.staffing.absence.share)
    return np.asarray(manned * open_hours * at_desks / n)


def _scarcest(pilot: Pilot, level: Level, due: _Due, time: Floats, seated: Floats) -> list[tuple[float, float]]:
    """Return, for each team, the hours due and the hours there for them where they are scarcest."""
    own = due.paper + due.files + due.field
    at_desks = due.paper + due.files > 0
    shared = _evened(own[at_desks], time[at_desks], due.residents) if at_desks.any() else 0.0
    result = []
    for i in range(len(time)):
        pairs = [(max(float(own[i]), shared * float(time[i]) if at_desks[i] else 0.0), float(time[i]))]
        if seated[i]:
            pairs.append((float(due.paper[i] + due.field[i]), float(time[i] - seated[i])))
        if level == "community" and pilot.roles.order == "split":
            b = pilot.roles.b_share
            residents = due.residents * float(time[i] / time[at_desks].sum()) if at_desks[i] else 0.0
            pairs += [
                (float(due.paper[i] + due.files[i]) + residents, float((1 - b) * time[i])),
                (float(due.field[i]), b * float(time[i])),
            ]
        result.append(max((p for p in pairs if p[1] > 0), key=lambda p: p[0] / p[1], default=(0.0, 1.0)))
    return result


def _evened(own: Floats, time: Floats, extra: float) -> float:
    """Return the load to which hours that anybody can do raise the teams with most time to spare."""
    there = time > 0
    loads = np.sort(own[there] / time[there])
    order = np.argsort(own[there] / time[there])
    hours, total = np.cumsum(own[there][order]), np.cumsum(time[there][order])
    levels = (hours + extra) / total
    fits = np.flatnonzero(levels <= np.append(loads[1:], np.inf))
    return float(levels[fits[0]])


def _due(organisation: Organisation, level: Level, unit: int, in_grids: Floats) -> _Due:
    """Return the hours a year of each specialism of a unit, and last of its grid managers, that must be done.

    `in_grids` is the share of each in the work that residents bring to the grids.
    """
    pilot, place = organisation.pilot, organisation.place
    plan = organisation.specialisms[level][unit]
    paper, files, field = (np.zeros(len(in_grids)) for _ in range(3))
    residents, n = 0.0, len(in_grids) - 1
    names: list[str] = list(pilot.procedures.lines) if level == "community" else list(GROUPS)
    items = np.bincount(plan, list(pilot.procedures.lines.values()) if level == "community" else None)
    asked = np.bincount(plan, workload.line_shares(pilot)) if level == "community" else items
    for work in organisation.works:
        if work.level != level or work.lapses or work.what == workload.MEETINGS:
            continue
        here = work.hours / organisation.n_units(level)
        if level == "community":
            here = work.hours * float(place.community_households[unit] / place.n_households)
        if work.what == workload.ABOVE:
            here = float(workload.task_hours(pilot, place)[unit])
        if work.kind is Kind.FRONT:
            residents += here
        elif work.kind in (Kind.FIELD, Kind.DOOR) and level == "community":
            field += here * in_grids
        else:
            part = paper if work.kind in (Kind.TASKS, Kind.OWN) else files
            if work.line == workload.ALL:
                weights = items if part is paper else asked
                part[:n] += here * weights / weights.sum()
            else:
                part[plan[names.index(work.line)]] += here
    return _Due(paper, files, field, residents)


def _post(organisation: Organisation, level: Level, unit: int, team: Team | int) -> Post:
    """Return which post the staff of a unit have who serve together."""
    if isinstance(team, Team):
        return Post(level, unit + 1, team)
    own = organisation.specialisms[level][unit] == team
    if level == "community":
        return Post(level, unit + 1, team + 1, n_lines=int(np.count_nonzero(own)))
    sections = tuple(str(section) for section in np.array(GROUPS)[own])
    return Post(level, unit + 1 if organisation.n_units(level) > 1 else 0, sections=sections)


def overloaded_stations(organisation: Organisation, loads: list[Pool]) -> Bools:
    """Return at which stations residents' requests pile up (shape (stations,)): where paper alone does, they do not."""
    overloaded = {(pool.level, pool.unit, pool.team) for pool in loads if pool.holds_up_residents}
    owner = {grid: person.specialism for person in organisation.people for grid in person.grids}

    def team_of(s: Station) -> Team | int:
        if s.level == "community" and organisation.pilot.roles.scheme == "generalist":
            return Team.EVERYBODY
        if s.grid < 0:
            return s.specialism
        return owner[s.grid] if owner[s.grid] >= 0 else Team.MANAGERS

    # a window for all lines belongs to no pool: residents who queue there lose patience, and never pile up
    return np.array([(s.level, s.unit, team_of(s)) in overloaded for s in organisation.stations])
