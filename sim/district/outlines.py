"""The outlines of units on the map: cells with straight borders, around the households that have all units alike.

Households lie along a Hilbert curve, and so a border between two of them winds as it does. On a map each point of the
square belongs to the group of households, alike in grid, community and today's community, whose middle is nearest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sim.arrays import Floats, Ints
    from sim.district.place import Place


@dataclass(frozen=True)
class Cells:
    """The cells of a square, one for each group of households, and the borders between them.

    Attributes
    ----------
    household : ndarray of int, shape (cells,)
        One household of each cell: all of them have its units.
    corners : list of ndarray of float, shape (corners, 2)
        Of each cell (km), anticlockwise, the first not repeated.
    between : ndarray of int, shape (borders, 2)
        A household of the cell on either side of a border.
    borders : ndarray of float, shape (borders, 2, 2)
        The two ends of each border (km).
    """

    household: Ints
    corners: list[Floats]
    between: Ints
    borders: Floats


def cells(place: Place, side: float) -> Cells:
    """Return the cells of the square of a place, of this side (km)."""
    from scipy.spatial import Voronoi  # late: only maps need it

    groups = np.stack([place.grid, place.community, place.today], axis=1)
    _, first, group = np.unique(groups, axis=0, return_index=True, return_inverse=True)
    # The household nearest to the middle, as the middles of two groups might be the same point.
    middles = centroids(place, group.reshape(-1))
    away = np.sum((place.xy - middles[group.reshape(-1)]) ** 2, axis=1)
    order = np.lexsort((away, group.reshape(-1)))
    household = order[np.searchsorted(group.reshape(-1)[order], np.arange(len(first)))]
    points = place.xy[household]
    # Mirrored at its four sides, the points have cells that end there.
    mirrored = [points]
    for axis, edge in ((0, 0.0), (0, side), (1, 0.0), (1, side)):
        image = points.copy()
        image[:, axis] = 2 * edge - image[:, axis]
        mirrored.append(image)
    found = Voronoi(np.concatenate(mirrored))
    corners = []
    for i, at in enumerate(points):
        own = found.vertices[found.regions[found.point_region[i]]]
        around = np.argsort(np.arctan2(*(own - at).T[::-1]), kind="stable")
        corners.append(np.clip(own[around], 0.0, side))
    inside = np.all(found.ridge_points < len(points), axis=1)
    ends = np.array([ridge for ridge, kept in zip(found.ridge_vertices, inside, strict=True) if kept], dtype=np.int64)
    ends = ends.reshape(-1, 2)
    return Cells(household, corners, household[found.ridge_points[inside]], np.clip(found.vertices[ends], 0.0, side))


def centroids(place: Place, unit: Ints) -> Floats:
    """Return the office of each unit: the centroid of its households (km, shape (units, 2))."""
    sums = np.stack([np.bincount(unit, place.xy[:, i]) for i in (0, 1)], axis=1)
    return np.asarray(sums / np.bincount(unit)[:, None])
