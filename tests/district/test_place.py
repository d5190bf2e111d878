import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from setups.district import ALL_PILOTS, PILOTS, pilot, place_of, tiny

from sim.district import place


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_a_hilbert_curve_visits_every_cell_once_and_steps_to_a_neighbour(order):
    points = place.hilbert_points(4**order)
    cells = np.rint(points * 2**order - 0.5).astype(int)
    assert len({tuple(cell) for cell in cells.tolist()}) == 4**order
    assert cells.min() == 0
    assert cells.max() == 2**order - 1
    assert np.abs(np.diff(cells, axis=0)).sum(axis=1).tolist() == [1] * (4**order - 1)


def test_four_points_go_round_the_square():
    corners = place.hilbert_points(4)
    assert {tuple(p) for p in corners.tolist()} == {(0.25, 0.25), (0.25, 0.75), (0.75, 0.75), (0.75, 0.25)}
    assert np.hypot(*(corners[3] - corners[0])) == 0.5  # the curve ends beside where it began


def test_any_number_of_households_fills_the_square_evenly_and_none_share_a_cell():
    points = place.hilbert_points(46_429)
    assert len(np.unique(points, axis=0)) == 46_429
    quarters = np.bincount((points[:, 0] > 0.5) * 2 + (points[:, 1] > 0.5))
    assert quarters.max() - quarters.min() <= 1


def test_a_run_of_households_is_compact():
    # A sixteenth of the square, cut anywhere, fits in a box that is at most half as wide as the square.
    points = place.hilbert_points(4**6)
    n = 4**6 // 16
    for start in range(0, 4**6 - n, 37):
        assert np.ptp(points[start : start + n], axis=0).max() <= 0.5


@pytest.mark.parametrize("name", PILOTS)
def test_communities_streets_and_grids_are_runs_of_households_that_add_up(name):
    where = place_of(name)
    for unit in (where.community, where.street, where.grid, where.today):
        assert np.all(np.diff(unit) >= 0)
        assert np.unique(unit).tolist() == list(range(unit[-1] + 1))
    assert where.n_households == 46_429
    assert where.community_households.sum() == where.grid_households.sum() == 46_429


@pytest.mark.parametrize("name", PILOTS)
def test_grids_never_cross_a_communitys_border_nor_communities_a_streets(name):
    where = place_of(name)
    assert np.array_equal(where.grid_community[where.grid], where.community)
    assert np.array_equal(where.community_street[where.community], where.street)


def test_grids_hold_about_250_households_and_within_a_community_differ_by_at_most_one():
    for name in ("four_level", "three_level"):
        where = place_of(name)
        sizes, community = where.grid_households, where.grid_community
        assert abs(sizes.mean() - 250) < 7
        for unit in range(community[-1] + 1):
            assert np.ptp(sizes[community == unit]) <= 1


@pytest.mark.parametrize("name", PILOTS)
def test_a_community_has_the_grids_that_its_households_ask_for(name):
    where = place_of(name)
    exact = where.community_households * 186 / 46_429
    assert np.all(np.abs(np.bincount(where.grid_community) - exact) < 1)


@pytest.mark.parametrize("name", PILOTS)
def test_the_same_186_beats_are_walked_under_every_design(name):
    assert len(place_of(name).grid_community) == round(46_429 / 250) == 186


def test_the_map_the_special_households_and_todays_communities_are_the_same_under_every_design():
    four = place_of("four_level")
    assert np.array_equal(four.today, four.community)
    for name in PILOTS[1:]:
        other = place_of(name)
        assert np.array_equal(other.xy, four.xy)
        assert np.array_equal(other.special, four.special)
        assert np.array_equal(other.today, four.today)


def test_the_base_place_does_not_hang_on_the_seed_of_the_run():
    again = place.build_place(pilot("four_level", "run.seed=99"))
    assert np.array_equal(again.community, place_of("four_level").community)
    assert np.array_equal(again.special, place_of("four_level").special)
    other = place.build_place(pilot("four_level", "district.place_seed=99"))
    assert not np.array_equal(other.community, place_of("four_level").community)


def drawn(replication, name="four_level", *overrides):
    return place.build_place(pilot(name, "district.place=drawn", *overrides), replication=replication)


def test_each_replication_has_a_place_of_its_own_with_the_same_totals():
    places = [drawn(replication) for replication in range(4)]
    sizes = [np.bincount(where.today) for where in (place_of(), *places)]
    assert len({of.tobytes() for of in sizes}) == 5
    assert {(len(of), of.sum()) for of in sizes} == {(31, 46_429)}
    assert len({where.special.tobytes() for where in places}) == 4
    assert {len(where.grid_community) for where in places} == {186}
    assert all(where.drawn for where in places)
    assert not place_of().drawn


@pytest.mark.parametrize("name", ALL_PILOTS)
def test_a_replication_has_the_same_place_under_every_design(name):
    here, there = drawn(3), drawn(3, name)
    assert np.array_equal(here.today, there.today)
    assert np.array_equal(here.special, there.special)


def test_a_drawn_place_hangs_on_the_seed_of_the_run_and_not_on_that_of_the_base_place():
    assert np.array_equal(drawn(1).today, drawn(1, "four_level", "district.place_seed=99").today)
    assert not np.array_equal(drawn(1).today, drawn(1, "four_level", "run.seed=99").today)


def test_on_a_fixed_place_all_replications_have_the_base_place():
    fixed = pilot("four_level", "district.place=fixed")
    for replication in (0, 7):
        where = place.build_place(fixed, replication=replication)
        assert np.array_equal(where.today, place_of().today)
        assert np.array_equal(where.special, place_of().special)
        assert not where.drawn


def test_sizes_and_special_care_are_drawn_by_the_laws_of_the_config():
    places = [drawn(replication) for replication in range(60)]
    cv = np.array([np.std(of, ddof=1) / np.mean(of) for of in (np.bincount(where.today) for where in places)])
    assert abs(np.median(cv) - 0.4) < 0.03  # a sample's is a little lower
    share = np.array([where.special.mean() for where in places])
    assert abs(share.mean() - 0.07) < 4 * share.std(ddof=1) / np.sqrt(len(share))


def test_old_communities_differ_in_size_as_told_and_merged_ones_do_not():
    old = place_of("four_level").community_households
    assert len(old) == 31
    assert abs(old.std(ddof=1) / old.mean() - 0.4) < 4 * 0.4 / np.sqrt(2 * 31) * np.sqrt(1 + 2 * 0.4**2)
    alike = place_of("four_level", "district.community_size_cv=0").community_households
    assert alike.tolist() == [1498] * 22 + [1497] * 9  # 46,429 = 31 x 1,497 + 22
    assert sorted(place_of("three_level").community_households.tolist()) == [4642] + [4643] * 9


def test_about_seven_households_in_a_hundred_need_special_care():
    special = place_of("four_level").special
    assert abs(special.mean() - 0.07) < 4 * np.sqrt(0.07 * 0.93 / len(special))


def test_the_way_to_a_merged_community_is_about_root_31_tenths_as_long():
    four, three = place_of("four_level"), place_of("three_level")
    old, new = four.distance(four.community).mean(), three.distance(three.community).mean()
    assert abs(new / old - np.sqrt(31 / 10)) < 0.06  # 1.76, were all units discs and of one size
    everywhere = four.distance(np.zeros_like(four.street)).mean()
    street = four.distance(four.street).mean()
    assert old < new < street < everywhere
    # Mean way in a square of side 5 to its centre is 5 x (sqrt 2 + log(1 + sqrt 2)) / 6; detour 1.3.
    assert abs(everywhere - 1.3 * 5 * (np.sqrt(2) + np.log(1 + np.sqrt(2))) / 6) < 0.01


def test_a_way_is_the_distance_to_the_centroid_times_the_detour():
    where = place_of("four_level")
    mine = where.community == 3
    centre = where.xy[mine].mean(axis=0)
    first = np.flatnonzero(mine)[0]
    expected = 1.3 * np.sqrt(((where.xy[first] - centre) ** 2).sum())
    assert where.distance(where.community)[first] == pytest.approx(expected, rel=1e-12)
    grid = np.flatnonzero(where.grid_community == 3)[0]
    mean = where.distance(where.community)[where.grid == grid].mean()
    assert where.grid_distance()[grid] == pytest.approx(mean, rel=1e-12)


def test_whole_communities_are_merged_without_splitting_any():
    whole = place_of("three_level", "structure.merge_rule=whole_communities")
    assert whole.community[-1] == 9
    pairs = np.unique(np.stack([whole.today, whole.community]), axis=1)
    assert pairs.shape[1] == 31  # each of today's communities lies in one new one
    assert whole.community_households.sum() == 46_429


def test_a_design_without_streets_has_one_for_all():
    assert place_of("four_level").street[-1] == 4
    assert place_of("three_level").street[-1] == 0


def test_largest_remainder_worked_by_hand():
    # 10 x (0.47, 0.38, 0.15) = 4.7, 3.8, 1.5: the 2 that are left go to 0.8 and 0.7.
    assert place.largest_remainder(np.array([0.47, 0.38, 0.15]), 10).tolist() == [5, 4, 1]
    assert place.largest_remainder(np.array([1, 1, 1]), 4).tolist() == [2, 1, 1]  # ties: the lower index
    assert place.largest_remainder(np.array([3, 1]), 0).tolist() == [0, 0]


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=12), st.integers(0, 500))
def test_largest_remainder_adds_up_and_is_never_a_whole_one_off(weights, total):
    exact = np.array(weights) * total / sum(weights)
    whole = place.largest_remainder(np.array(weights), total)
    assert whole.sum() == total
    assert np.all(np.abs(whole - exact) < 1 + 1e-9)


@given(st.integers(1, 1000), st.integers(1, 40))
def test_equal_sizes_differ_by_at_most_one_and_add_up(total, n):
    sizes = place.equal_sizes(total, n)
    assert sizes.sum() == total
    assert np.ptp(sizes) <= 1


def test_blocks_cut_nearest_to_equal_shares():
    # Shares end at 4, 5, 9, 10, 12; the cuts at 4 and 8 fall nearest to 4 and 9.
    assert place.blocks(np.array([4, 1, 4, 1, 2]), 3).tolist() == [0, 1, 1, 2, 2]
    assert place.blocks(np.array([97, 1, 1, 1]), 4).tolist() == [0, 1, 2, 3]  # none is empty


@given(st.lists(st.integers(1, 50), min_size=1, max_size=15), st.data())
def test_blocks_are_runs_and_none_is_empty(sizes, data):
    n = data.draw(st.integers(1, len(sizes)))
    block = place.blocks(np.array(sizes), n)
    assert np.unique(block).tolist() == list(range(n))
    assert np.all(np.diff(block) >= 0)


def test_the_tiny_district_has_four_communities_in_two_streets():
    where = place.build_place(tiny())
    assert where.n_households == 2143
    assert where.community_street.tolist() == [0, 0, 1, 1]
