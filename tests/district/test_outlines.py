import dataclasses

import numpy as np
import pytest
from setups.district import PILOTS, place_of, tiny

from sim.district import outlines, place


def area(loop):
    x, y = loop.T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


@pytest.mark.parametrize("name", PILOTS)
def test_cells_cover_the_square_each_around_a_household_of_its_own(name):
    where = place_of(name)
    side = float(2 * where.xy.mean(axis=0)[0])
    cells = outlines.cells(where, side)
    areas = np.array([area(corners) for corners in cells.corners])
    assert areas.min() > 0
    assert areas.sum() == pytest.approx(side**2)
    assert len(set(cells.household.tolist())) == len(cells.corners)
    for household, corners in zip(cells.household, cells.corners, strict=True):
        ahead, to = np.roll(corners, -1, axis=0) - corners, where.xy[household] - corners
        assert (ahead[:, 0] * to[:, 1] - ahead[:, 1] * to[:, 0] > 0).all()  # convex, with the household within


@pytest.mark.parametrize("name", PILOTS)
def test_every_unit_has_a_cell_and_no_cell_is_of_two(name):
    where = place_of(name)
    cells = outlines.cells(where, float(2 * where.xy.mean(axis=0)[0]))
    for unit in (where.today, where.community, where.street, where.grid):
        assert np.unique(unit[cells.household]).tolist() == np.unique(unit).tolist()
    triples = np.stack([where.grid, where.community, where.today], axis=1)
    assert len(np.unique(triples, axis=0)) == len(cells.household)


def test_cells_worked_by_hand():
    # Four households of four grids, at the middles of the quarters of a square of two kilometres.
    of = np.arange(4)
    xy = np.array([[0.5, 0.5], [0.5, 1.5], [1.5, 1.5], [1.5, 0.5]])
    where = dataclasses.replace(place_of(PILOTS[0]), xy=xy, grid=of, community=of // 2, today=of // 2)
    cells = outlines.cells(where, 2.0)
    assert cells.household.tolist() == [0, 1, 2, 3]
    assert sorted(map(tuple, cells.corners[2].tolist())) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    real = np.linalg.norm(cells.borders[:, 0] - cells.borders[:, 1], axis=1) > 1e-9
    assert sorted(map(sorted, cells.between[real].tolist())) == [[0, 1], [0, 3], [1, 2], [2, 3]]
    assert np.linalg.norm(cells.borders[real][:, 0] - cells.borders[real][:, 1], axis=1) == pytest.approx(1.0)
    one = dataclasses.replace(where, grid=0 * of, community=0 * of, today=0 * of)
    assert outlines.cells(one, 2.0).borders.shape == (0, 2, 2)


def test_an_office_stands_at_the_centroid_from_which_ways_are_measured():
    where = place.build_place(tiny())
    centre = outlines.centroids(where, where.community)
    assert centre.shape == (4, 2)
    away = np.hypot(*(where.xy - centre[where.community]).T) * where.detour
    assert np.allclose(away, where.distance(where.community), rtol=1e-12)
    inside = where.xy[where.community == 2]
    assert centre[2] == pytest.approx(inside.mean(axis=0))
