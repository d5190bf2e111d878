"""Units, posts, staff and stations of a design: who may serve what, and where.

At every unit the lines of work (17 at a community, five sections above) are shared out among specialisms. A specialism
has stations of its own and one head or more. With the `lines` scheme each community worker has a specialism; otherwise
the specialisms of a community are its A posts. Everybody also has grids of their own (B posts), but not with
`dedicated`, where full-time grid managers have the grids and nothing else. With `generalist` everybody serves the whole
community.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.config import GROUPS, LEVELS
from sim.district import premises, workload
from sim.district.place import clipped_remainder, equal_sizes, largest_remainder, thirds
from sim.district.stages import Desk
from sim.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sim.arrays import Floats, Ints
    from sim.config import Level, Pilot
    from sim.district.place import Place
    from sim.district.premises import Rooms
    from sim.district.workload import Work

DESK_SITE = 0


@dataclass(frozen=True)
class Station:
    """One queue: the desk of a specialism, or of a grid, at a unit."""

    desk: Desk
    level: Level
    unit: int
    specialism: int  # -1: of the whole unit
    grid: int  # -1: of no grid
    site: int
    point: int = -1  # service point of a pooled front queue, counted over all communities; -1: none


Role = Literal["secretary", "worker", "specialist", "grid manager", "officer"]


@dataclass(frozen=True)
class Person:
    """One member of staff: an identity that is the same under every design, and a post in this one."""

    identity: int
    level: Level
    unit: int
    specialism: int  # -1: none, a full-time grid manager
    grids: tuple[int, ...]
    role: Role

    @property
    def secretary(self) -> bool:
        """Return whether this is the secretary of a community."""
        return self.role == "secretary"

    @property
    def post(self) -> str:
        """Return the name of the post, by which measures are grouped: a role that one level has needs no level."""
        return self.role if self.role in ("grid manager", "specialist") else f"{self.level} {self.role}"


@dataclass(frozen=True)
class Organisation:
    """The units, stations and staff of a design on its place.

    Attributes
    ----------
    specialisms : dict of level -> ndarray of int, shape (units, lines)
        The specialism of each line of work at each unit.
    stations : tuple of Station
        All queues; their positions are the engine's ids.
    at : dict of (level, desk) -> ndarray of int, shape (units, specialisms)
        Station of each specialism of each unit; -1 where there is none.
    at_phone : ndarray of int, shape (communities,), or None
        Where calls come in at each community, if anyone answers them.
    at_point : ndarray of int, shape (service points,), or None
        Front queue of each service point, where the communities have one window.
    at_grid : dict of desk -> ndarray of int, shape (grids,)
        Station of each grid.
    at_assembly : ndarray of int, shape (communities,), or None
        Where each community sits down with its residents, if self-government is due.
    people : tuple of Person
        All staff; their positions are the engine's server ids.
    changeover_km : ndarray of float, shape (people,)
        The distance between desk and field of each person.
    rooms : Rooms, or None
        The rooms of the communities' offices, if they are looked at.
    """

    pilot: Pilot
    place: Place
    works: tuple[Work, ...]
    specialisms: dict[Level, Ints]
    stations: tuple[Station, ...]
    at: dict[tuple[Level, Desk], Ints]
    at_phone: Ints | None
    at_point: Ints | None
    at_grid: dict[Desk, Ints]
    at_assembly: Ints | None
    people: tuple[Person, ...]
    changeover_km: Floats
    rooms: Rooms | None

    def heads(self, level: Level) -> int:
        """Return the heads of a level: none where a design has no such level."""
        return sum(person.level == level for person in self.people)

    def n_units(self, level: Level) -> int:
        """Return the number of units of a level."""
        return len(self.specialisms[level])

    def members(self, level: Level, unit: int) -> list[int]:
        """Return the server ids of a unit's staff."""
        return [i for i, p in enumerate(self.people) if (p.level, p.unit) == (level, unit)]

    def seats(self, unit: int) -> int:
        """Return the seats of the rota desk at each service point of a community: never more than counters at one."""
        counters = self.few_counters[unit]
        wanted = self.pilot.service.seats
        return wanted if counters is None else min(wanted, int(counters.min()))

    @cached_property
    def few_counters(self) -> tuple[Ints | None, ...]:
        """Return the counters of each service point of each community that has fewer than heads at one of them."""
        n, points = self.n_units("community"), self.pilot.service.points
        if self.rooms is None or self.rooms.counters is None:
            return (None,) * n
        few: list[Ints | None] = []
        for unit, counters in enumerate(self.rooms.counters.reshape(n, points)):
            at_desk = np.array([self.people[m].specialism >= 0 for m in self.members("community", unit)])
            enough = all(at_desk[point::points].sum() <= counters[point] for point in range(points))
            few.append(None if enough else counters)
        return tuple(few)


def build_organisation(pilot: Pilot, place: Place) -> Organisation:
    """Return the organisation of a design.

    Raises
    ------
    ConfigError
        If a unit would have no staff, or a community only grid managers, or too few heads for its service points.
    """
    works = workload.expected(pilot, place)
    heads = {level: heads_by_unit(pilot, place, level) for level in pilot.structure.levels}
    managers = managers_by_unit(pilot, place, heads["community"])
    _check_points(pilot, heads["community"] - managers)
    specialisms: dict[Level, Ints] = {}
    sizes: dict[Level, list[Ints]] = {}
    for level in pilot.structure.levels:
        hours = np.array(list(workload.line_hours(pilot, works, level).values())) / len(heads[level])
        at_desks = heads[level] - managers if level == "community" else heads[level]
        plans = [_plan(pilot, level, hours, int(n)) for n in at_desks]
        specialisms[level] = np.stack([plan for plan, _ in plans])
        sizes[level] = [size for _, size in plans]
    stations = _stations(pilot, place, specialisms)
    people = _people(pilot, place, heads, sizes)
    return Organisation(
        pilot=pilot,
        place=place,
        works=tuple(works),
        specialisms=specialisms,
        stations=tuple(stations),
        at=_by_specialism(stations, specialisms),
        at_phone=np.array([i for i, s in enumerate(stations) if s.desk is Desk.PHONE])
        if pilot.service.phone == "anyone"
        else None,
        at_point=np.array([i for i, s in enumerate(stations) if s.point >= 0])
        if pilot.service.windows == "one_window"
        else None,
        at_grid={
            desk: np.array(
                [i for i, s in enumerate(stations) if s.desk is desk and s.grid >= 0],
                dtype=np.min_scalar_type(-len(stations)),
            )
            for desk in (Desk.FIELD, Desk.PATROL, Desk.HOME)
        },
        at_assembly=np.array([i for i, s in enumerate(stations) if s.desk is Desk.ASSEMBLY])
        if pilot.mechanisms.self_government.on
        else None,
        people=tuple(people),
        changeover_km=_changeovers(place, people),
        rooms=premises.rooms(pilot, place),
    )


def heads_by_unit(pilot: Pilot, place: Place, level: Level) -> Ints:
    """Return the heads of each unit of a level (shape (units,)), at least one each.

    Raises
    ------
    ConfigError
        If a unit would have no head.
    """
    total = workload.posts(pilot)[level]
    if level == "district":
        result = np.array([total])
    elif level == "street":
        result = equal_sizes(total, int(place.community_street.max()) + 1)
    else:
        wanted = _wanted(pilot, place.community_households)
        if pilot.structure.communities is None:
            sent = total - workload.community_posts(pilot)
            result = todays_heads(pilot, place) + largest_remainder(wanted, sent)
        else:
            result = largest_remainder(wanted, total)
        result = _at_least(result, wanted * total, _least_at_desks(pilot) + (pilot.roles.scheme == "dedicated"))
    if result.min() < 1:
        unit = int(np.argmin(result))
        raise ConfigError(
            f"staffing must give every {level} at least 1 head, got 0 for {level} {unit + 1} of {len(result)} "
            f"({total} heads in all)"
        )
    return result


def todays_heads(pilot: Pilot, place: Place) -> Ints:
    """Return the heads of each of today's communities, before anybody is sent down (shape (communities,))."""
    staffing = pilot.staffing
    wanted = _wanted(pilot, np.bincount(place.today))
    return clipped_remainder(
        wanted, workload.community_posts(pilot), staffing.community_heads_min, staffing.community_heads_max
    )


def heads_class(pilot: Pilot, place: Place) -> NDArray[np.int8]:
    """Return how many heads a household has in its community of today: 0 few, 1 middle, 2 many (a third each)."""
    return thirds((todays_heads(pilot, place) / np.bincount(place.today))[place.today])


def _wanted(pilot: Pilot, households: Ints) -> Floats:
    """Return the share of the heads that communities of these sizes are to have."""
    follow = pilot.staffing.follow_population
    wanted: Floats = follow * households / households.sum() + (1 - follow) / len(households)
    return wanted


def _at_least(heads: Ints, exact: Floats, least: int) -> Ints:
    """Return the heads with none below `least`, if they are enough: taken where most are above the exact share."""
    heads = heads.copy()
    while heads.min() < least <= heads.sum() / len(heads):
        heads[np.argmax(np.where(heads > least, heads - exact, -np.inf))] -= 1
        heads[np.argmin(heads)] += 1
    return heads


def _least_at_desks(pilot: Pilot) -> int:
    """Return the heads that the desks of a community need: one, or those for its points; a rota seats half at most."""
    points = pilot.service.points
    return points * (2 if pilot.service.desk == "rota" else 1) if points > 1 else 1


def managers_by_unit(pilot: Pilot, place: Place, heads: Ints) -> Ints:
    """Return the number of full-time grid managers of each community (shape (communities,)): 0 unless `dedicated`.

    Raises
    ------
    ConfigError
        If the communities would have only grid managers: each has one at least, and other heads for its desks.
    """
    if pilot.roles.scheme != "dedicated":
        return np.zeros_like(heads)
    grids = np.bincount(place.grid_community)
    total = round(pilot.roles.managers_per_grid * len(place.grid_community))
    most = heads - _least_at_desks(pilot)
    if most.min() < 1 or max(total, len(heads)) > most.sum():
        managers = np.maximum(1, largest_remainder(grids, total))
        unit = int(np.argmax(managers - heads))
        raise ConfigError(
            f"roles.managers_per_grid must leave every community a head for its desks, got "
            f"{pilot.roles.managers_per_grid:g}: {managers[unit]} grid managers for the {grids[unit]} grids of "
            f"community {unit + 1}, which has {heads[unit]} heads ({managers.sum()} of {heads.sum()} in all)"
        )
    return clipped_remainder(grids, max(total, len(heads)), 1, most)


def _check_points(pilot: Pilot, at_desks: Ints) -> None:
    """Raise `ConfigError` if a community has too few heads at its desks to keep its service points open."""
    points = pilot.service.points
    if points > 1 and at_desks.min() < _least_at_desks(pilot):
        raise ConfigError(
            f"service.points must leave {'two heads' if pilot.service.desk == 'rota' else 'a head'} at the desks of "
            f"every community for each point, got {points} points for community {int(np.argmin(at_desks)) + 1} with "
            f"{at_desks.min()}"
        )


def balanced(hours: Floats, n: int, first_load: float = 0.0) -> Ints:
    """Return the specialism of each line: n of about equal hours, the lines of most hours dealt first.

    `first_load` is the hours that specialism 0 carries already (the secretary's meetings).

    References
    ----------
    Graham (1969), Bounds on multiprocessing timing anomalies: the longest-processing-time rule.
    """
    load = np.zeros(n)
    load[0] = first_load
    specialism = np.zeros(len(hours), dtype=np.int64)
    for line in np.argsort(-hours, kind="stable"):
        specialism[line] = int(np.argmin(load))
        load[specialism[line]] += hours[line]
    return specialism


def _plan(pilot: Pilot, level: Level, hours: Floats, heads: int) -> tuple[Ints, Ints]:
    """Return the specialism of each line at one unit and the heads of each specialism."""
    busy = max(1, int((hours > 0).sum()))
    if level == "community" and pilot.roles.scheme == "lines":
        n = min(heads, busy)
        meetings = pilot.burden.meetings
        extra = (meetings.secretary_per_week - meetings.others_per_week) * meetings.hours * 52
        plan = balanced(hours, n, max(0.0, extra))
        return plan, 1 + equal_sizes(heads - n, n)
    n = min(heads, busy, pilot.roles.specialisms if level == "community" else len(GROUPS))
    plan = balanced(hours, n)
    load = np.maximum(np.bincount(plan, hours, minlength=n), 1e-9)
    return plan, clipped_remainder(load, heads, 1, heads)


def _people(pilot: Pilot, place: Place, heads: dict[Level, Ints], sizes: dict[Level, list[Ints]]) -> list[Person]:
    """Return all staff at their posts: neighbours stay neighbours, and all who leave the street go somewhere."""
    identities = _identities(pilot)
    people: list[Person] = []
    for level in pilot.structure.levels:
        pool = iter(identities[level])
        for unit, n in enumerate(heads[level].tolist()):
            specialism = _dealt(sizes[level][unit])
            apart = level == "community" and pilot.roles.scheme == "dedicated"
            specialism = np.concatenate([specialism, np.full(n - len(specialism), -1)])
            have_grids = np.flatnonzero(specialism < 0) if apart else np.arange(n)
            grids: list[tuple[int, ...]] = [()] * n
            if level == "community":
                for i, own in zip(have_grids.tolist(), _own_grids(place, unit, len(have_grids)), strict=True):
                    grids[i] = own
            for i in range(n):
                role = _role(level, i == 0, apart, int(specialism[i]))
                people.append(Person(next(pool), level, unit, int(specialism[i]), grids[i], role))
    return people


def _role(level: Level, first: bool, apart: bool, specialism: int) -> Role:
    """Return the role of a head of a unit; the first of a community is its secretary."""
    if level != "community":
        return "officer"
    if first:
        return "secretary"
    if not apart:
        return "worker"
    return "grid manager" if specialism < 0 else "specialist"


def _dealt(sizes: Ints) -> Ints:
    """Return the specialism of each head, dealt in turn so that neighbours differ (shape (heads,))."""
    left, dealt = sizes.copy(), []
    while left.sum():
        for b in np.flatnonzero(left):
            dealt.append(int(b))
            left[b] -= 1
    return np.array(dealt, dtype=np.int64)


def _own_grids(place: Place, unit: int, heads: int) -> list[tuple[int, ...]]:
    """Return the grids of each head of a community; the secretary comes last."""
    grids = np.flatnonzero(place.grid_community == unit)
    owned: dict[int, list[int]] = defaultdict(list)
    for i, grid in enumerate(grids.tolist()):
        owned[(i + 1) % heads].append(grid)
    return [tuple(owned[i]) for i in range(heads)]


def _identities(pilot: Pilot) -> dict[Level, list[int]]:
    """Return the identities of the staff of each level, in the order of where they work today.

    Identities: today's community staff, then the street's, then the district's, each in the map's order.
    """
    staffing = pilot.staffing
    n, m = workload.community_posts(pilot), staffing.street_heads
    leave = round(staffing.district_heads * staffing.district_sent_down_share)
    down = workload.posts(pilot)["community"] - n - leave
    up = workload.posts(pilot)["district"] - staffing.district_heads + leave
    district = np.arange(staffing.district_heads)
    leaves = district[_spread(len(district), leave)]
    where = (np.arange(m) + 0.5) / m if m else np.zeros(0)
    order = np.arange(m)
    goes_up = order[_spread(m, up)]
    rest = np.setdiff1d(order, goes_up)
    goes_down = rest[_spread(len(rest), down)]
    stays = np.setdiff1d(rest, goes_down)
    front = [((i + 0.5) / n, i) for i in range(n)] + [(float(where[i]), n + int(i)) for i in goes_down]
    front += [((int(i) + 0.5) / len(district), n + m + int(i)) for i in leaves]
    return {
        "community": [identity for _, identity in sorted(front)],
        "street": [n + int(i) for i in stays],
        "district": [n + m + int(i) for i in np.setdiff1d(district, leaves)] + [n + int(i) for i in goes_up],
    }


def _spread(n: int, k: int) -> Ints:
    """Return k of n positions, evenly spread."""
    return (np.arange(k) * n + n // 2) // k if k else np.zeros(0, dtype=np.int64)


def _stations(pilot: Pilot, place: Place, specialisms: dict[Level, Ints]) -> list[Station]:
    """Return all queues of a design."""
    stations: list[Station] = []
    for level, plan in specialisms.items():
        for unit in range(len(plan)):
            stations += _fronts(pilot, level, unit, int(plan[unit].max()) + 1)
            stations += _backs(place, level, unit, int(plan[unit].max()) + 1)
    for grid, unit in enumerate(place.grid_community.tolist()):
        for desk in (Desk.FIELD, Desk.PATROL, Desk.HOME):
            stations.append(Station(desk, "community", unit, -1, grid, 1 + grid))
    if pilot.mechanisms.self_government.on:
        n_communities = len(specialisms["community"])
        stations += [Station(Desk.ASSEMBLY, "community", unit, -1, -1, DESK_SITE) for unit in range(n_communities)]
    return stations


def _fronts(pilot: Pilot, level: Level, unit: int, n: int) -> Iterator[Station]:
    """Yield the queues of residents at a unit of n specialisms."""
    service, community = pilot.service, level == "community"
    if community and service.phone == "anyone":
        yield Station(Desk.PHONE, level, unit, -1, -1, DESK_SITE)
    if community and service.windows == "one_window":
        for point in range(unit * service.points, (unit + 1) * service.points):
            yield Station(Desk.FRONT, level, unit, -1, -1, DESK_SITE, point)
    else:
        for specialism in range(n):
            yield Station(Desk.FRONT, level, unit, specialism, -1, DESK_SITE)


def _backs(place: Place, level: Level, unit: int, n: int) -> Iterator[Station]:
    """Yield the queues behind the desks of a unit of n specialisms."""
    for specialism in range(n):
        for desk in (Desk.FILES, Desk.TASKS, Desk.DUE):
            yield Station(desk, level, unit, specialism, -1, DESK_SITE)
        if level != "community":
            site = 1 + len(place.grid_community) + LEVELS.index(level) * 1000 + unit
            yield Station(Desk.FIELD, level, unit, specialism, -1, site)


def _by_specialism(stations: list[Station], specialisms: dict[Level, Ints]) -> dict[tuple[Level, Desk], Ints]:
    """Return the station of each specialism of each unit, by level and desk."""
    at: dict[tuple[Level, Desk], Ints] = {}
    for level, plan in specialisms.items():
        for desk in (Desk.FRONT, Desk.FILES, Desk.TASKS, Desk.DUE, Desk.FIELD):
            at[level, desk] = np.full((len(plan), int(plan.max()) + 1), -1, dtype=np.int64)
    for i, s in enumerate(stations):
        if s.grid < 0 and s.desk not in (Desk.PHONE, Desk.ASSEMBLY):
            row = at[s.level, s.desk][s.unit]
            row[:] = np.where(row < 0, i, row) if s.specialism < 0 else row
            if s.specialism >= 0:
                row[s.specialism] = i
    return at


def _changeovers(place: Place, people: list[Person]) -> Floats:
    """Return the distance between the desk and the field of each person (km)."""
    to_grid = place.grid_distance()
    of_community = np.bincount(place.grid_community, to_grid) / np.bincount(place.grid_community)
    away: dict[str, Floats] = {
        "street": np.bincount(place.street, place.distance(place.street)) / np.bincount(place.street),
        "district": np.array([place.distance(np.zeros_like(place.street)).mean()]),
    }
    km = []
    for person in people:
        if person.level != "community":
            km.append(float(away[person.level][person.unit]))
        elif person.grids:
            km.append(float(to_grid[list(person.grids)].mean()))
        else:
            km.append(float(of_community[person.unit]))
    return np.array(km)
