"""The outlines of units on the map: a fine mesh of cells, each of which belongs to a household.

Households lie along a Hilbert curve; a cell belongs to the household that the curve met last. So the cells of a unit,
which is a run of households, cover a compact piece, and all units together cover the square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.district.place import hilbert_points

if TYPE_CHECKING:
    from sim.arrays import Floats, Ints
    from sim.district.place import Place

FINEST = 9
"""The mesh has at most 4 ** 9 cells: a map of the place shows no more."""


def cells(n_households: int) -> Ints:
    """Return the household of each cell of the square (shape (side, side): row north of row, column east of column).

    Where the mesh has fewer cells than there are households, a cell belongs to one of those that live in it.
    """
    order = 1
    while 4**order < n_households and order < FINEST:
        order += 1
    along = np.arange(4**order, dtype=np.int64)
    column, row = np.rint(hilbert_points(4**order) * 2**order - 0.5).astype(np.int64).T
    household = np.empty((2**order, 2**order), dtype=np.int64)
    household[row, column] = ((along + 1) * n_households - 1) // 4**order
    return household


def outlines(unit: Ints) -> list[list[Floats]]:
    """Return the outline of each unit as closed loops of corners in cells (shape (corners, 2), the first not repeated).

    Parameters
    ----------
    unit : ndarray of int, shape (side, side)
        The unit of each cell. A unit without cells has no loop.

    Returns
    -------
    list of list of ndarray
        Loops have the unit on their left: outer ones run anticlockwise, holes clockwise.
    """
    edges: list[dict[tuple[int, int], list[tuple[int, int]]]] = [{} for _ in range(int(unit.max()) + 1)]
    around = np.pad(unit, 1, constant_values=-1)
    # of a cell: the neighbour across an edge, and where that edge starts and ends
    sides = (((0, 1), (0, 0), (1, 0)), ((1, 2), (1, 0), (1, 1)), ((2, 1), (1, 1), (0, 1)), ((1, 0), (0, 1), (0, 0)))
    side = len(unit)
    for (down, right), begin, end in sides:
        neighbour = around[down : down + side, right : right + side]
        rows, columns = np.nonzero(neighbour != unit)
        for row, column, mine in zip(rows.tolist(), columns.tolist(), unit[rows, columns].tolist(), strict=True):
            start = (column + begin[0], row + begin[1])
            edges[mine].setdefault(start, []).append((column + end[0], row + end[1]))
    return [_loops(mine) for mine in edges]


def _loops(edges: dict[tuple[int, int], list[tuple[int, int]]]) -> list[Floats]:
    """Return the loops that directed edges form; the edges are removed from the mapping."""
    loops = []
    while edges:
        start = at = next(iter(edges))
        corners = []
        while True:
            onward = edges[at]
            ahead = onward.pop()
            if not onward:
                del edges[at]
            corners.append(at)
            at = ahead
            if at == start and start not in edges:
                break
        loops.append(_corners(np.array(corners, dtype=np.float64)))
    return loops


def _corners(loop: Floats) -> Floats:
    """Return the corners of a loop: without the points at which it goes straight on."""
    before, after = loop - np.roll(loop, 1, axis=0), np.roll(loop, -1, axis=0) - loop
    return np.asarray(loop[np.any(before != after, axis=1)])


def centroids(place: Place, unit: Ints) -> Floats:
    """Return the office of each unit: the centroid of its households (km, shape (units, 2))."""
    sums = np.stack([np.bincount(unit, place.xy[:, i]) for i in (0, 1)], axis=1)
    return np.asarray(sums / np.bincount(unit)[:, None])
