import numpy as np
import pytest
from setups.district import PILOTS, place_of, tiny

from sim.district import outlines, place


def area(loop):
    x, y = loop.T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


def meshed(where):
    return outlines.cells(where.n_households)


@pytest.mark.parametrize("n", [3, 4, 5, 64, 2143, 46_429])
def test_every_household_has_land_and_all_of_the_square_is_somebodys(n):
    household = outlines.cells(n)
    assert np.unique(household).tolist() == list(range(n))
    assert household.shape[0] == household.shape[1]


def test_a_household_has_the_cell_that_it_lives_in():
    n = 2143
    household = outlines.cells(n)
    column, row = np.floor(place.hilbert_points(n) * len(household)).astype(int).T
    assert household[row, column].tolist() == list(range(n))


def test_a_great_city_is_drawn_on_the_finest_mesh():
    household = outlines.cells(3_000_000)
    assert household.shape == (512, 512)
    assert np.ptp(np.diff(np.sort(household.ravel()))) <= 1  # every cell stands for as many, but for one


@pytest.mark.parametrize("name", PILOTS)
def test_outlines_of_units_cover_the_square_and_as_much_of_it_as_their_households(name):
    where = place_of(name)
    household = meshed(where)
    for unit in (where.today, where.community, where.street, where.grid):
        areas = np.array([sum(map(area, loops)) for loops in outlines.outlines(unit[household])])
        assert areas.sum() == household.size
        share = np.bincount(unit) / where.n_households
        assert np.abs(areas - share * household.size).max() < 2  # cells; a border is at most a cell off at each end


@pytest.mark.parametrize("name", PILOTS)
def test_the_cells_of_a_grid_belong_to_one_community(name):
    where = place_of(name)
    household = meshed(where)
    pairs = np.unique(np.stack([where.grid[household].ravel(), where.community[household].ravel()]), axis=1)
    assert pairs[0].tolist() == list(range(len(where.grid_community)))
    assert pairs[1].tolist() == where.grid_community.tolist()


def test_an_outline_worked_by_hand():
    # 1 1
    # 0 1   seen from the south, as rows are numbered: unit 1 is an L, unit 0 the cell in the south-west.
    small, ell = outlines.outlines(np.array([[0, 1], [1, 1]]))
    assert sorted(map(tuple, small[0].tolist())) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert area(small[0]) == 1
    assert sorted(map(tuple, ell[0].tolist())) == [(0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 2)]
    assert area(ell[0]) == 3


def test_a_hole_goes_round_the_other_way_and_a_unit_without_a_cell_has_no_outline():
    unit = np.zeros((3, 3), dtype=int)
    unit[1, 1] = 2
    ring, none, middle = outlines.outlines(unit)
    assert sorted(map(area, ring)) == [-1, 9]
    assert none == []
    assert list(map(area, middle)) == [1]


def test_cells_that_touch_at_a_corner_only_are_outlined_whole():
    loops = outlines.outlines(np.array([[0, 1], [1, 0]]))
    assert [sum(map(area, each)) for each in loops] == [2, 2]


def test_an_office_stands_at_the_centroid_from_which_ways_are_measured():
    where = place.build_place(tiny())
    centre = outlines.centroids(where, where.community)
    assert centre.shape == (4, 2)
    away = np.hypot(*(where.xy - centre[where.community]).T) * where.detour
    assert np.allclose(away, where.distance(where.community), rtol=1e-12)
    inside = where.xy[where.community == 2]
    assert centre[2] == pytest.approx(inside.mean(axis=0))
