"""The measures of staff, from the record of a replication or of a part of one: how they spend their time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.config import LEVELS
from sim.district.office_hours import WEEKS_A_YEAR
from sim.district.stages import KIND_NAMES, Kind
from sim.draws.clock import DAY, HOUR, WEEK
from sim.engine.audit.attendance import fixed, on_duty, staff_of
from sim.engine.network import NONE
from sim.engine.record import Outcome
from sim.measures.long_table import Rows
from sim.statistics.descriptive import gini

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.arrays import AnyInts
    from sim.district.assemble import Case
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation
    from sim.district.rosters.careers import Careers
    from sim.engine.record import Spells, Visits

TRAVEL, MEETINGS, AWAY, IDLE, ON_DUTY = "travel", "meetings", "work from above, away", "idle", "on_duty"
DUTIES = {Kind.PATROL: "patrols_done", Kind.HOME: "visits_done"}
WITH_RESIDENTS = (
    Kind.FRONT,
    Kind.FIELD,
    Kind.DOOR,
    Kind.HOME,
    Kind.SELF_GOVERNMENT,
)  # calls are taken at the front desk
SERVICE = (Kind.FRONT, Kind.FILES, Kind.FIELD, Kind.DOOR, Kind.PATROL, Kind.HOME, Kind.SELF_GOVERNMENT)
REQUESTS = (Kind.FRONT, Kind.FILES, Kind.FIELD, Kind.DOOR, Kind.RELAY)
ADMINISTRATION = (Kind.RELAY, Kind.TASKS, Kind.OWN)  # with meetings and the work from above that is done away

BLOCK = 1 << 16  # steps or spells that are read at once


@dataclass(frozen=True)
class Time:
    """How each member of staff spent a window, in ticks (arrays of shape (people,)).

    `kinds` (shape (people, kinds)) holds the ticks of each kind of work, in and out of hours; `busy` those on duty;
    `overtime` those past closing, on evenings too; `travel` those between sites; `on_duty` the roster in office hours;
    `meetings` the meetings attended and `away` the work from above that is done away from the desk. The last three are
    the same for every part of a replication.
    """

    kinds: AnyInts
    busy: AnyInts
    overtime: AnyInts
    travel: AnyInts
    on_duty: AnyInts
    meetings: AnyInts
    away: AnyInts


def time_spent(case: Case, spells: Spells, start: int, end: int) -> Time:
    """Return how the staff spent the window [start, end) on the requests of a case."""
    servers = case.network.servers
    n = len(servers.changeover)
    busy, travel, meetings, away = (np.zeros(n, dtype=np.int64) for _ in range(4))
    kinds = np.zeros((n, len(Kind)), dtype=np.int64)
    by_day = case.office.hours.contains(servers.open)  # not the evenings
    staff, with_evenings = staff_of(case.network, by_day), staff_of(case.network)
    for a in range(0, len(spells.step), BLOCK):
        rows = slice(a, a + BLOCK)
        step, server, began = spells.step[rows], spells.server[rows].astype(np.int64), spells.start[rows]
        ended = np.where(spells.end[rows] >= 0, spells.end[rows], case.horizon)
        low = np.clip(began, start, end)
        high = np.clip(ended, low, end)
        on = on_duty(staff, server, low, high)
        ticks = spells.ticks[rows].astype(np.int64)
        cut = np.flatnonzero((low > began) | (high < ended))
        late = case.network.steps.past_closing[step[cut]] == 1
        within = on_duty(with_evenings, server[cut], low[cut], high[cut])
        ticks[cut] = np.where(late, high[cut] - low[cut], within)
        travelled = np.minimum(np.where(began >= start, spells.changeover[rows], 0), ticks)
        np.add.at(busy, server, on)
        moved = np.flatnonzero(travelled)
        np.add.at(travel, server[moved], travelled[moved])
        np.add.at(kinds.ravel(), server * len(Kind) + case.labels.kind[step], ticks - travelled)
    for ticks, gaps in ((meetings, case.meetings), (away, case.away)):
        person, opened, closed = gaps.T
        np.add.at(ticks, person, _inside(opened, closed, start, end))
    on_rosters = np.append(0, np.cumsum(np.where(by_day, _inside(servers.open, servers.close, start, end), 0)))
    on_rosters = np.diff(on_rosters[servers.first])
    return Time(kinds, busy, kinds.sum(axis=1) + travel - busy, travel, on_rosters, meetings, away)


def _inside(opened: AnyInts, closed: AnyInts, start: int, end: int) -> AnyInts:
    """Return the ticks of intervals in a window."""
    return np.asarray(np.maximum(np.minimum(closed, end) - np.maximum(opened, start), 0))


def summed(times: Sequence[Time]) -> Time:
    """Return how the staff spent a window on the requests of all parts."""
    sums = {name: np.sum([getattr(time, name) for time in times], axis=0) for name in _OF_WORK}
    return Time(**sums, on_duty=times[0].on_duty, meetings=times[0].meetings, away=times[0].away)


_OF_WORK = ("kinds", "busy", "overtime", "travel")


def duties(case: Case, visits: Visits, start: int, end: int) -> AnyInts:
    """Return how many patrols and home visits due in a window were done and were due (shape (2, 2, grids)).

    A patrol is done when all of its legs are. By kind, in the order of `DUTIES`: done, due, of each grid.
    """
    requests, grids = case.network.requests, len(case.organisation.place.grid_community)
    grid_of = np.array([station.grid for station in case.organisation.stations], dtype=np.int64)
    rows = np.flatnonzero((requests.begin >= start) & (requests.begin < end))
    rows = rows[rows >= case.n_residents]
    kind = case.labels.kind[requests.first[rows]]
    done = visits.outcome[requests.first[rows + 1] - 1] == Outcome.SERVED
    grid = grid_of[case.network.steps.station[requests.first[rows]]]
    counts = [
        [np.bincount(grid[which & (kind == k)], minlength=grids) for which in (done, done | True)] for k in DUTIES
    ]
    return np.array(counts, dtype=np.int32)


def self_government(case: Case, visits: Visits, start: int, end: int) -> AnyInts:
    """Return how many sittings with residents due in a window were held, and how many there were (shape (2,))."""
    steps = np.flatnonzero(case.labels.kind == Kind.SELF_GOVERNMENT)  # one a request, which arrives as it begins
    due = steps[(visits.arrival[steps] >= start) & (visits.arrival[steps] < end)]
    return np.array([np.count_nonzero(visits.outcome[due] == Outcome.SERVED), len(due)], dtype=np.int64)


def paper(case: Case, visits: Visits, start: int, end: int) -> AnyInts:
    """Return how many pieces of paper whose date lies in a window were done by it, and how many there are.

    A date is the end of a working day. Shape (levels, 2), by the level that does the paper.
    """
    requests, labels = case.network.requests, case.labels
    pieces = np.arange(case.n_residents, len(requests.begin))
    pieces = pieces[labels.due_days[requests.first[pieces]] >= 0]
    first, closes = requests.first[pieces], case.office.day_closes()
    day = np.searchsorted(case.office.working_days, requests.begin[pieces] // DAY) + labels.due_days[first]
    inside = day < len(closes)
    date = np.where(inside, closes[np.minimum(day, len(closes) - 1)], end)
    inside = (date >= start) & (date < end)
    by_date = np.zeros(len(pieces), dtype=np.bool_)
    for nth in range(int(np.diff(requests.first)[pieces].max(initial=0))):
        step = np.minimum(first + nth, requests.first[pieces + 1] - 1)
        last = (visits.outcome[step] == Outcome.SERVED) & (case.network.steps.next[step] == NONE)
        by_date |= last & (visits.end[step] <= date)
    level_of = np.array([LEVELS.index(station.level) for station in case.organisation.stations])
    level = level_of[case.network.steps.station[first]]
    counts = [np.bincount(level[which], minlength=len(LEVELS)) for which in (inside & by_date, inside)]
    return np.stack(counts, axis=1).astype(np.int64)


def backlog(case: Case, visits: Visits, instants: AnyInts) -> AnyInts:
    """Return the ticks of work that waits at each instant, by level (shape (levels, instants)).

    Patrols, home visits and self-government are left out: what is not begun in its window lapses, so it never piles up.
    """
    from sim.measures import kernels  # late: Numba takes a third of a second to load

    steps, kind = case.network.steps, case.labels.kind
    order = np.argsort(instants, kind="stable")
    at = fixed(np.append(instants[order], np.iinfo(np.int64).max))
    change = np.zeros((len(LEVELS), len(at)), dtype=np.int64)
    level_of = np.array([*(LEVELS.index(s.level) for s in case.organisation.stations), -1])  # the last is for none
    lapses = np.isin(list(Kind), [*DUTIES, Kind.SELF_GOVERNMENT])
    for a in range(0, len(kind), BLOCK):
        rows = slice(a, a + BLOCK)
        level = np.where(lapses[kind[rows]], -1, level_of[steps.station[rows]])
        columns = (level, steps.work[rows], visits.arrival[rows], visits.start[rows], visits.end[rows])
        kernels.add_waiting(kernels.Stays(*map(fixed, columns)), at, case.horizon, change)
    ticks = np.empty((len(LEVELS), len(order)), dtype=np.int64)
    ticks[:, order] = np.cumsum(change, axis=1)[:, :-1]
    return ticks


def paper_rows(done_by_date: AnyInts) -> Rows:
    """Return the share of the paper that was done by its date, in all and by level; NaN where none was due."""
    rows = Rows()
    for group, (done, due) in zip(
        ["all", *(f"level:{level}" for level in LEVELS)], [done_by_date.sum(axis=0), *done_by_date], strict=True
    ):
        rows.add("paper_on_time", group, "share", done / due if due else float("nan"), int(due))
    return rows


def self_government_rows(held: AnyInts) -> Rows:
    """Return the share of the sittings due that were held, from both numbers; no row where none was due."""
    rows, (done, due) = Rows(), held.tolist()
    if due:
        rows.add("self_government_done", "all", "share", done / due, due)
    return rows


def in_post_rows(office: OfficeTime, in_post: Careers | None, start: int, end: int) -> Rows:
    """Return how stable the staff of the communities is over a window; no row where nobody leaves.

    Of the posts of community workers: the share of working days without anybody, that of the others with somebody in
    their first year, and those who leave.
    """
    rows = Rows()
    if in_post is None:
        return rows
    of = np.ix_(in_post.community, (office.working_days >= start // DAY) & (office.working_days < end // DAY))
    filled, n = in_post.filled[of], int(in_post.community.sum())
    years = (end - start) / (WEEK * WEEKS_A_YEAR)
    rows.add("vacant", "all", "share", float(1 - filled.mean()), n)
    rows.add("newcomers", "all", "share", float(in_post.first_year[of].sum() / max(1, filled.sum())), n)
    rows.add("exits", "all", "a year", float(in_post.exits[of].sum() / n / years), n)
    return rows


def staff_rows(organisation: Organisation, time: Time, duties_done: AnyInts, start: int, end: int) -> Rows:
    """Return the measures of staff over the measured window, by post and by level.

    Groups: `post:<post>`, `level:<level>`, and for hours a week `post:<post>|kind:<kind of work>`; `grid:` for the
    duties and `unit:` (a community) for utilisation, but not on a place that is drawn for the replication. Grids and
    communities are those of the design: the same number is another place under another design.
    """
    rows = Rows()
    weeks = (end - start) / WEEK
    people = groups(organisation)
    for group, who in people.items():
        n = len(who)
        load = time.busy[who] / np.maximum(1, time.on_duty[who])
        rows.add("utilisation", group, "share", time.busy[who].sum() / max(1, time.on_duty[who].sum()), n)
        rows.add("overtime", group, "hours a week", time.overtime[who].sum() / HOUR / weeks / n, n)
        rows.add("workload_gini", group, "index", gini(load), n)
        for name, hours in hours_by_kind(organisation, time, who, weeks).items():
            rows.add("hours", f"{group}|kind:{name}", "hours a week", hours, n)
        if group == "level:community":
            above = time.away[who].sum()
            work, tasks = time.kinds[who].sum() + above, time.kinds[who, Kind.TASKS].sum() + above
            rows.add("task_share", group, "share", tasks / work if work else float("nan"), n)
    for name, (done, due) in zip(DUTIES.values(), duties_done.sum(axis=-1).tolist(), strict=True):
        rows.add(name, "all", "share", done / due if due else float("nan"), due)
    rows.add("target_visits", "all", "a month", *_target_visits(organisation, duties_done, weeks))
    for group, who in {"all": np.arange(len(time.busy)), **people}.items():
        if not group.startswith("post:"):
            rows.extend(_use_rows(time, group, who))
    if not organisation.place.drawn:
        rows.extend(_place_rows(organisation, time, duties_done))
    return rows


def groups(organisation: Organisation) -> dict[str, AnyInts]:
    """Return the positions of the people of each post and of each level that has some, by group."""
    made = {f"post:{name}": who for name, who in by_post(organisation).items()}
    return made | {f"level:{level}": who for level, who in by_level(organisation).items() if len(who)}


def units_and_grids(organisation: Organisation) -> tuple[list[str], list[str]]:
    """Return the groups of the communities and of the grids of a design: none on a place that is drawn."""
    place = organisation.place
    if place.drawn:
        return [], []
    n_grids = len(place.grid_community)
    n_units = max(person.unit for person in organisation.people if person.level == "community") + 1
    return [f"unit:{n + 1:02d}" for n in range(n_units)], [f"grid:{n + 1:03d}" for n in range(n_grids)]


def _target_visits(organisation: Organisation, duties_done: AnyInts, weeks: float) -> tuple[float, int]:
    """Return the home visits that a special-care household was paid a month, and the number of these households.

    A visit is of a grid and names no household: those done are shared out as those due are. NaN where none is due.
    """
    place, visits = organisation.place, organisation.pilot.grid.visits
    special = np.bincount(place.grid, place.special, minlength=len(place.grid_community))
    targets = special * visits.special_per_year
    due = targets + (place.grid_households - special) * visits.ordinary_per_year
    done, owed = duties_done[list(DUTIES).index(Kind.HOME)]
    n = int(special.sum())
    if not n or not owed.sum():
        return float("nan"), n
    of_targets = float((done * targets / np.where(due > 0, due, 1)).sum())
    return of_targets / n / (12 * weeks / WEEKS_A_YEAR), n


def _use_rows(time: Time, group: str, who: AnyInts) -> Rows:
    """Return what the paid hours of some people go to. Both rise if staff work slowly, so they are never judged."""
    rows = Rows()
    worked = time.kinds[who].sum(axis=0)
    apart = time.meetings[who].sum() + time.away[who].sum()
    paid = time.on_duty[who].sum() + apart
    administration = worked[list(ADMINISTRATION)].sum() + apart
    nan = float("nan")
    rows.add("with_residents", group, "share", worked[list(WITH_RESIDENTS)].sum() / paid if paid else nan, len(who))
    served = worked[list(SERVICE)].sum() / administration if administration else nan
    rows.add("service_over_administration", group, "ratio", served, len(who))
    return rows


def _place_rows(organisation: Organisation, time: Time, duties_done: AnyInts) -> Rows:
    """Return the duties done in each grid of the design, and how busy the staff of each of its communities is."""
    rows = Rows()
    units, grids = units_and_grids(organisation)
    for name, (done, due) in zip(DUTIES.values(), duties_done, strict=True):
        for grid, n_done, n_due in zip(grids, done.tolist(), due.tolist(), strict=True):
            rows.add(name, grid, "share", n_done / n_due if n_due else float("nan"), n_due)
    who = by_level(organisation)["community"]
    unit = np.array([organisation.people[person].unit for person in who.tolist()], dtype=np.int64)
    heads = np.bincount(unit).tolist()
    # whole ticks are exact as floats below 2**53: a thousand heads over three hundred years
    busy, on_duty = (np.bincount(unit, ticks[who]).tolist() for ticks in (time.busy, time.on_duty))
    for i, (name, n) in enumerate(zip(units, heads, strict=True)):
        rows.add("utilisation", name, "share", busy[i] / max(1, on_duty[i]), n)
    return rows


def by_post(organisation: Organisation) -> dict[str, AnyInts]:
    """Return the positions of the staff of each post, in the order in which posts occur."""
    return _positions([person.post for person in organisation.people])


def by_level(organisation: Organisation) -> dict[str, AnyInts]:
    """Return the positions of the staff of each level."""
    positions = _positions([person.level for person in organisation.people])
    return {level: positions.get(level, np.zeros(0, dtype=np.int64)) for level in LEVELS}


def _positions(names: Sequence[str]) -> dict[str, AnyInts]:
    """Return the positions of each name, by name in the order in which they first occur."""
    positions: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        positions.setdefault(name, []).append(i)
    return {name: np.array(where) for name, where in positions.items()}


def hours_by_kind(organisation: Organisation, time: Time, who: AnyInts, weeks: float) -> dict[str, float]:
    """Return the hours a week and head of some people, by kind of work, with idle time and the roster."""
    scale = 1 / HOUR / weeks / max(1, len(who))
    return {name: float(ticks[who].sum() * scale) for name, ticks in ticks_by_kind(organisation, time).items()}


def ticks_by_kind(organisation: Organisation, time: Time) -> dict[str, AnyInts]:
    """Return the ticks of each person (shape (people,)) by kind of work, with idle time and the roster.

    Without the kinds of mechanisms that are off.
    """
    off = {Kind.OUTSIDE} | ({Kind.SELF_GOVERNMENT} if organisation.at_assembly is None else set())
    ticks = {KIND_NAMES[k]: time.kinds[:, k] for k in Kind if k not in off}
    return ticks | {
        TRAVEL: time.travel,
        MEETINGS: time.meetings,
        AWAY: time.away,
        IDLE: time.on_duty - time.busy,
        ON_DUTY: time.on_duty + time.meetings + time.away,
    }
