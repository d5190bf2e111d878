"""The place: households on a map, the communities, streets and grids they belong to, and their distances to offices.

Households lie on a square in the order of a Hilbert curve, so that any run of consecutive households is
compact; every unit is a run of that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.draws.streams import stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sim.arrays import Floats, Ints
    from sim.config import District, Pilot


@dataclass(frozen=True)
class Place:
    """Where each household lives, and which units it belongs to under one design.

    Attributes
    ----------
    xy : ndarray of float, shape (households, 2)
        Position in kilometres.
    special : ndarray of bool, shape (households,)
        Whether a household needs special care.
    room_scores : ndarray of float, shape (communities of today,)
        Standard normal draws of the area of each of today's offices.
    community, street, grid, today : ndarray of int, shape (households,)
        The unit of each household; `today` is its present community, under every design.
    point : ndarray of int, shape (households,)
        The service point of each household: every community has the same number of them, one beside the other.
    grid_community : ndarray of int, shape (grids,)
        The community of each grid.
    community_street : ndarray of int, shape (communities,)
        The street of each community (all 0 where the design has no streets).
    district : int
        Which of a province's districts it is: each has random draws of its own.
    drawn : bool
        Whether it is a replication's own: its communities have numbers, but no names that another replication knows.
    """

    xy: Floats
    special: NDArray[np.bool_]
    room_scores: Floats
    today: Ints
    community: Ints
    point: Ints
    street: Ints
    grid: Ints
    grid_community: Ints
    community_street: Ints
    detour: float
    district: int = 0
    drawn: bool = False

    @property
    def n_households(self) -> int:
        """Return the number of households."""
        return len(self.xy)

    @cached_property
    def community_households(self) -> Ints:
        """Return the households of each community."""
        return np.bincount(self.community)

    @cached_property
    def grid_households(self) -> Ints:
        """Return the households of each grid."""
        return np.bincount(self.grid)

    def distance(self, unit: Ints) -> Floats:
        """Return the distance from each household to the office at its unit's centroid (km, with the detour)."""
        centre = np.stack([np.bincount(unit, self.xy[:, i]) for i in (0, 1)], axis=1) / np.bincount(unit)[:, None]
        away: Floats = np.hypot(*(self.xy - centre[unit]).T)
        return away * self.detour

    @cached_property
    def distance_class(self) -> NDArray[np.int8]:
        """Return how far each household lives from its office of today: 0 near, 1 middle, 2 far (a third each).

        Today's map is the same under every design, so the classes hold the same households even where a design moves
        their office: differences are paired. They are thirds of all households of the district, not of each community,
        since a long way is long wherever one lives.
        """
        return thirds(self.distance(self.today))

    def grid_distance(self) -> Floats:
        """Return the distance from each grid to its community's office (km, shape (grids,))."""
        mean = np.bincount(self.grid, self.distance(self.community)) / self.grid_households
        return np.asarray(mean)


class Borders(NamedTuple):
    """All of a design that its place depends on, beside the district: designs that have it alike have one place."""

    communities: int | None
    merge_rule: str
    has_streets: bool
    points: int
    grid_households: float


def borders_of(pilot: Pilot) -> Borders:
    """Return what a pilot's place depends on, beside its district."""
    structure = pilot.structure
    has_streets = "street" in structure.levels
    return Borders(
        structure.communities, structure.merge_rule, has_streets, pilot.service.points, pilot.grid.households
    )


def build_place(pilot: Pilot, number: int = 0, replication: int | None = None) -> Place:
    """Return the place of a district under a design: the same under every design.

    The sizes of today's communities, the areas of their offices and the special-care households are chance. Without a
    replication they come from the place's own seed: that is the base place, from which everything is known before a
    simulation. With `district.place: fixed` every replication has it; else each draws its own. Districts of a province
    that share a config differ by their number: each has sizes, households and streams of its own.
    """
    district = pilot.district

    def rng(purpose: str) -> np.random.Generator:
        if replication is None or district.place == "fixed":
            return stream(district.place_seed, 0, purpose, number)
        return stream(pilot.run.seed, replication, f"place/{purpose}", number)

    drawn = replication is not None and district.place == "drawn"
    return _within(borders_of(pilot), district, number, rng, drawn=drawn)


def _within(
    borders: Borders, district: District, number: int, rng: Callable[[str], np.random.Generator], *, drawn: bool
) -> Place:
    """Return the place of a district within borders; it is not given the design, so that it depends on nothing else."""
    today = np.repeat(np.arange(district.communities), todays_sizes(district, rng("community sizes")))
    n = borders.communities or district.communities
    if borders.communities is None:
        sizes = np.bincount(today)
    elif borders.merge_rule == "equal_population":
        sizes = equal_sizes(district.households, n)
    else:
        sizes = np.bincount(blocks(np.bincount(today), n)[today])
    community = np.repeat(np.arange(n), sizes)
    streets = min(district.streets if borders.has_streets else 1, n)
    community_street = blocks(sizes, streets)
    # every design has the same number of grids, so that the same patrols are due; only their borders follow communities
    n_grids = max(n, round(district.households / borders.grid_households))
    per_community = clipped_remainder(sizes, n_grids, 1, n_grids)
    grid_sizes = np.concatenate([equal_sizes(int(s), int(g)) for s, g in zip(sizes, per_community, strict=True)])
    care = rng("special care").random(district.households)
    return Place(
        xy=hilbert_points(district.households) * district.built_up_km2**0.5,
        special=care < district.special_care_share,
        room_scores=rng("rooms").standard_normal(district.communities),
        today=today,
        community=community,
        point=np.repeat(
            np.arange(n * borders.points), np.concatenate([equal_sizes(int(s), borders.points) for s in sizes])
        ),
        street=community_street[community],
        grid=np.repeat(np.arange(len(grid_sizes)), grid_sizes),
        grid_community=np.repeat(np.arange(n), per_community),
        community_street=community_street,
        detour=district.detour_factor,
        district=number,
        drawn=drawn,
    )


def todays_sizes(district: District, rng: np.random.Generator) -> Ints:
    """Return the households of each of today's communities (lognormal sizes, rescaled to the total)."""
    cv = district.community_size_cv
    spread = np.sqrt(np.log1p(cv * cv))
    weights = np.exp(spread * rng.standard_normal(district.communities))
    return largest_remainder(weights, district.households - district.communities) + 1


def thirds(values: Floats) -> NDArray[np.int8]:
    """Return the third of each value: 0 low, 1 middle, 2 high; equal values are in the same one."""
    return np.searchsorted(np.quantile(values, [1 / 3, 2 / 3]), values, side="left").astype(np.int8)


def largest_remainder(weights: Floats | Ints, total: int) -> Ints:
    """Return whole numbers that add up to `total` in proportion to the weights (Hamilton's rule).

    Ties go to the lower index.
    """
    exact = np.asarray(weights, dtype=np.float64) * (total / np.sum(weights))
    whole = np.floor(exact).astype(np.int64)
    first = np.argsort(-(exact - whole), kind="stable")[: total - int(whole.sum())]
    whole[first] += 1
    return np.asarray(whole)


def clipped_remainder(weights: Floats | Ints, total: int, low: int, high: int | Ints) -> Ints:
    """Return whole numbers by largest remainder, none below `low` or above `high` (a bound each, or one for all).

    What clipping adds or takes away is made up one by one where the distance from the exact share is greatest.
    """
    exact = np.asarray(weights, dtype=np.float64) * (total / np.sum(weights))
    result = np.clip(largest_remainder(weights, total), low, high)
    while (missing := total - int(result.sum())) != 0:
        step = 1 if missing > 0 else -1
        free = result < high if step > 0 else result > low
        gap = np.where(free, step * (exact - result), -np.inf)
        result[int(np.argmax(gap))] += step
    return result


def equal_sizes(total: int, n: int) -> Ints:
    """Return n sizes that differ by at most one and add up to `total`."""
    return np.asarray(np.diff(np.arange(n + 1) * total // n))


def blocks(sizes: Ints, n: int) -> Ints:
    """Return the block of each unit: n runs of whole units with shares as equal as can be, none empty."""
    ends = np.cumsum(sizes)
    cuts: list[int] = []
    for k in range(1, n):
        low, high = (cuts[-1] if cuts else 0) + 1, len(sizes) - (n - k)
        nearest = int(np.argmin(np.abs(ends[low - 1 : high] - ends[-1] * k / n)))
        cuts.append(low + nearest)
    return np.asarray(np.searchsorted(np.array(cuts, dtype=np.int64), np.arange(len(sizes)), side="right"))


def hilbert_points(n: int) -> Floats:
    """Return n points on the unit square in the order of a Hilbert curve (shape (n, 2)).

    The points are evenly spaced along a curve fine enough that no two share a cell.

    References
    ----------
    Hilbert (1891), Math. Ann. 38; the index-to-cell recursion by quadrants, vectorised over points.
    """
    order = 1
    while 4**order < n:
        order += 1
    index = np.arange(n, dtype=np.int64) * 4**order // n
    x = np.zeros(n, dtype=np.int64)
    y = np.zeros(n, dtype=np.int64)
    for level in range(order):
        side = 2**level
        right = (index // 2) & 1
        up = (index ^ right) & 1
        turn = up == 0
        flip = turn & (right == 1)
        x, y = np.where(flip, side - 1 - x, x), np.where(flip, side - 1 - y, y)
        x, y = np.where(turn, y, x), np.where(turn, x, y)
        x += side * right
        y += side * up
        index //= 4
    return np.asarray((np.stack([x, y], axis=1) + 0.5) / 2**order)
