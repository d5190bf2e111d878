from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from setups.district import PILOTS, organised, pilot, place_of, tiny

from sim.config import GROUPS
from sim.district import organisation, place, workload
from sim.district.stages import Desk
from sim.errors import ConfigError

LINES = list(pilot().procedures.lines)


def heads(name, level, *overrides):
    return organisation.heads_by_unit(pilot(name, *overrides), place_of(name, *overrides), level)


# ------------------------------------------------------------------------------------------------- heads


def test_old_communities_have_two_to_five_heads_and_118_in_all():
    old = heads("four_level", "community")
    assert old.sum() == 118
    assert (old.min(), old.max()) == (2, 5)
    sizes = place_of("four_level").community_households
    smaller = sizes[:, None] < sizes[None, :]
    assert not np.any(smaller & (old[:, None] > old[None, :]))  # staff follow population


def test_heads_of_offices_above():
    assert heads("four_level", "street").tolist() == [24] * 5
    assert heads("four_level", "district").tolist() == [60]
    assert heads("three_level", "district").tolist() == [60 + 69]
    assert sorted(heads("three_level", "community").tolist()) == [16] + [17] * 9  # 16.9 on average
    assert heads("three_level_all_down", "district").tolist() == [60]
    assert sorted(heads("three_level_all_down", "community").tolist()) == [23, 23] + [24] * 8  # 23.8 on average


def test_staff_need_not_follow_population():
    even = heads("four_level", "community", "staffing.follow_population=0")
    assert sorted(even.tolist()) == [3] * 6 + [4] * 25  # 118 / 31 = 3.8


def test_an_office_without_anybody_is_refused():
    with pytest.raises(ConfigError, match=r"every street at least 1 head, got 0 for street 1 of 2 \(1 heads in all\)"):
        organised(tiny("four_level", "staffing.street_heads=1"))


# Communities so unequal that by population alone some would have nobody, or nobody at their desks.
UNEQUAL = ("district.place=drawn", "district.community_size_cv=1.5")


@pytest.mark.parametrize(
    ("name", "least", "overrides"),
    [
        ("merge_only", 1, ("structure.communities=16", "structure.merge_rule=whole_communities")),
        ("three_level", 6, ("structure.merge_rule=whole_communities", "service.points=3", "service.desk=rota")),
        ("three_level_dedicated", 2, ("structure.merge_rule=whole_communities",)),
    ],
)
def test_on_no_drawn_place_has_a_community_fewer_heads_than_its_desks_need(name, least, overrides):
    a_pilot = pilot(name, *UNEQUAL, *overrides)
    floor_met = False
    for replication in range(12):
        there = place.build_place(a_pilot, replication=replication)
        made = organisation.heads_by_unit(a_pilot, there, "community")
        assert made.sum() == workload.heads(a_pilot)["community"]
        assert made.min() >= least
        exact = there.community_households / there.n_households * made.sum()
        floor_met |= bool(np.any(exact < least - 0.5))
        at_desks = made - organisation.managers_by_unit(a_pilot, there, made)
        assert at_desks.min() >= (least if "dedicated" not in name else 1)
    assert floor_met  # the places were unequal enough to ask for it


def test_whoever_is_missing_comes_from_where_most_are_above_their_share():
    # Exact shares of 10: 8.6, 0.9, 0.5; by largest remainder 9, 1 and 0.
    heads = organisation._at_least(np.array([9, 1, 0]), np.array([8.6, 0.9, 0.5]), 1)
    assert heads.tolist() == [8, 1, 1]
    assert organisation._at_least(np.array([1, 1, 0]), np.array([1.0, 0.7, 0.3]), 1).tolist() == [1, 1, 0]  # too few


def test_a_third_of_the_households_each_have_few_and_many_heads_in_their_community_of_today():
    for name in ("four_level", "three_level"):  # the same under every design
        where = place_of(name)
        few_to_many = organisation.heads_class(pilot(name), where)
        assert np.array_equal(few_to_many, organisation.heads_class(pilot("four_level"), place_of("four_level")))
        heads_a_household = organisation.todays_heads(pilot(name), where) / np.bincount(where.today)
        of = [heads_a_household[where.today[few_to_many == third]] for third in (0, 1, 2)]
        assert of[0].max() < of[1].min()
        assert of[1].max() < of[2].min()
        assert min(map(len, of)) > 0.28 * where.n_households


def test_a_clipped_remainder_by_hand():
    # Shares of 12: 8, 2, 1 and 1; clipped to 2..5 they are 5, 2, 2, 2, and the one left goes where most is missing.
    assert organisation.clipped_remainder(np.array([8.0, 2, 1, 1]), 12, 2, 5).tolist() == [5, 3, 2, 2]


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=12), st.data())
def test_a_clipped_remainder_adds_up_within_its_bounds(weights, data):
    n = len(weights)
    total = data.draw(st.integers(2 * n, 5 * n))
    found = organisation.clipped_remainder(np.array(weights), total, 2, 5)
    assert found.sum() == total
    assert found.min() >= 2
    assert found.max() <= 5


# ----------------------------------------------------------------------------------------------- specialisms


def test_lines_are_shared_out_by_the_longest_first():
    # 7 to the first, 5 to the second, 4 to the second (5 < 7), 3 to the first (7 < 9), 1 to the second (9 < 10).
    assert organisation.balanced(np.array([3.0, 7, 4, 5, 1]), 2).tolist() == [0, 0, 1, 1, 1]
    # With 8 on the first already: 7 and then 4 (7 < 8) go to the second; 3 goes to the first (8 < 11).
    assert organisation.balanced(np.array([3.0, 7, 4]), 2, first_load=8).tolist() == [0, 1, 1]


@pytest.mark.parametrize("name", PILOTS)
def test_every_line_has_a_post_and_every_post_a_head(name):
    organised_pilot = organised(pilot(name))
    for level, plan in organised_pilot.specialisms.items():
        assert plan.shape[1] == (17 if level == "community" else 5)
        for unit, specialisms in enumerate(plan):
            members = [organised_pilot.people[i] for i in organised_pilot.members(level, unit)]
            assert {p.specialism for p in members} == set(specialisms.tolist())


def test_posts_of_today_and_of_the_proposal():
    four, three = organised(pilot("four_level")), organised(pilot("three_level"))
    old = heads("four_level", "community")
    assert [len(set(unit)) for unit in four.specialisms["community"].tolist()] == old.tolist()  # one each
    assert [len(set(unit)) for unit in three.specialisms["community"].tolist()] == [6] * 10
    assert [len(set(unit)) for unit in four.specialisms["street"].tolist()] == [5] * 5


def test_heads_of_a_section_follow_its_hours():
    district = organised(pilot("three_level"))
    hours = workload.line_hours(district.pilot, list(district.works), "district")
    members = Counter(p.specialism for p in district.people if p.level == "district")
    found = np.array([members[int(district.specialisms["district"][0, i])] for i in range(5)])
    exact = 129 * np.array([hours[g] for g in GROUPS]) / sum(hours.values())
    assert np.all(np.abs(found - exact) < 1)


# ------------------------------------------------------------------------------------------------ people


@pytest.mark.parametrize("name", PILOTS)
def test_the_same_298_people_work_under_every_pilot(name):
    people = organised(pilot(name)).people
    assert sorted(p.identity for p in people) == list(range(298))


def test_nobody_changes_level_but_the_streets_staff():
    where = {name: {p.identity: p.level for p in organised(pilot(name)).people} for name in PILOTS}
    for identity in range(298):
        levels = [where[name][identity] for name in PILOTS]  # four_level, three_level, three_level_all_down
        if identity < 118:
            assert levels == ["community"] * 3
        elif identity < 238:
            assert (levels[0], levels[2]) == ("street", "community")
            assert levels[1] in ("community", "district")
        else:
            assert levels == ["district"] * 3
    up = [i for i in range(118, 238) if where["three_level"][i] == "district"]
    assert len(up) == 69
    of_each = [sum(118 + 24 * s <= i < 142 + 24 * s for i in up) for s in range(5)]
    assert sorted(of_each) == [13, 14, 14, 14, 14]  # 69 / 5 of each street


def test_who_is_sent_down_from_the_district_is_evenly_spread_and_works_in_the_communities():
    down = organised(pilot("four_level", "staffing.district_sent_down_share=0.25"))
    left = [p.identity for p in down.people if p.level == "community" and p.identity >= 238]
    assert left == [238 + 4 * i + 2 for i in range(15)]
    assert sorted(p.identity for p in down.people) == list(range(298))
    assert [p.level for p in down.people].count("district") == 45


def test_neighbours_stay_neighbours_when_communities_merge():
    # In the order of the map, today's staff stay in order.
    people = [p for p in organised(pilot("three_level")).people if p.level == "community" and p.identity < 118]
    assert [p.identity for p in people] == list(range(118))
    assert all(a.unit <= b.unit for a, b in zip(people, people[1:], strict=False))


def test_an_odd_head_is_not_lost_when_half_of_the_street_goes_up():
    odd = tiny("three_level", "staffing.street_heads=13")
    assert len(organised(odd).people) == 14 + 13 + 8


@pytest.mark.parametrize("name", PILOTS)
def test_each_community_has_one_secretary(name):
    people = organised(pilot(name)).people
    secretaries = Counter(p.unit for p in people if p.secretary)
    assert secretaries == Counter(range(pilot(name).n_communities))
    assert {p.post for p in people} <= {
        "community secretary", "community worker", "street officer", "district officer",
    }  # fmt: skip
    assert all(p.level == "community" for p in people if p.secretary)


@pytest.mark.parametrize("name", PILOTS)
def test_every_grid_has_one_keeper_in_its_own_community(name):
    organised_pilot = organised(pilot(name))
    owners = Counter(grid for p in organised_pilot.people for grid in p.grids)
    assert owners == Counter(range(len(organised_pilot.place.grid_community)))
    for p in organised_pilot.people:
        assert all(organised_pilot.place.grid_community[g] == p.unit for g in p.grids)


def test_grids_are_shared_out_evenly_and_the_secretary_comes_last():
    organised_pilot = organised(pilot("four_level"))
    for unit in range(31):
        held = [len(organised_pilot.people[i].grids) for i in organised_pilot.members("community", unit)]
        assert max(held) - min(held) <= 1
        assert held[0] == min(held)  # the secretary, who has the meetings


# ---------------------------------------------------------------------------------------------- stations


MIXTURES = [
    ("four_level", ()),
    ("four_level", ("service=one_window",)),
    ("four_level", ("roles=ab",)),
    ("three_level", ()),
    ("three_level", ("service=per_line",)),
    ("three_level", ("roles=lines",)),
    ("three_level", ("service.points=2",)),
    ("four_level", ("service.phone=line",)),
]


@pytest.mark.parametrize(("name", "overrides"), MIXTURES)
def test_every_station_is_of_a_post_or_a_keeper(name, overrides):
    organised_pilot = organised(tiny(name, *overrides))
    posts = {(p.level, p.unit, p.specialism) for p in organised_pilot.people}
    units = {(p.level, p.unit) for p in organised_pilot.people}
    kept = {grid for p in organised_pilot.people for grid in p.grids}
    for s in organised_pilot.stations:
        if s.grid >= 0:
            assert s.grid in kept
        elif s.specialism >= 0:
            assert (s.level, s.unit, s.specialism) in posts
        else:
            assert (s.level, s.unit) in units
            assert s.desk in (Desk.FRONT, Desk.PHONE)


def test_there_is_one_queue_of_calls_a_community_where_anyone_answers_them():
    organised_pilot = organised(tiny("four_level"))
    phones = [(i, s) for i, s in enumerate(organised_pilot.stations) if s.desk is Desk.PHONE]
    assert [(s.level, s.unit, s.specialism) for _, s in phones] == [("community", unit, -1) for unit in range(4)]
    assert organised_pilot.at_phone.tolist() == [i for i, _ in phones]
    assert organised(tiny("four_level", "service.phone=line")).at_phone is None


@pytest.mark.parametrize(("name", "overrides"), MIXTURES)
def test_the_tables_lead_to_the_stations_that_they_name(name, overrides):
    organised_pilot = organised(tiny(name, *overrides))
    for (level, desk), table in organised_pilot.at.items():
        for unit, row in enumerate(table):
            for specialism in set(organised_pilot.specialisms[level][unit].tolist()):
                if row[specialism] < 0:  # field work of a community lies in its grids
                    assert (level, desk) == ("community", Desk.FIELD)
                    continue
                s = organised_pilot.stations[row[specialism]]
                assert (s.desk, s.level, s.unit) == (desk, level, unit)
                assert s.specialism in (specialism, -1)
    for desk, table in organised_pilot.at_grid.items():
        assert [organised_pilot.stations[i].grid for i in table] == list(range(len(table)))
        assert {organised_pilot.stations[i].desk for i in table} == {desk}


def test_one_window_is_one_queue_a_community_and_per_line_one_a_post():
    def fronts(*overrides):
        organised_pilot = organised(tiny("three_level", *overrides))
        return Counter(s.unit for s in organised_pilot.stations if s.desk is Desk.FRONT and s.level == "community")

    assert fronts() == Counter({0: 1, 1: 1})
    assert fronts("service=per_line") == Counter({0: 6, 1: 6})


def test_desks_are_at_one_site_and_every_grid_and_field_at_its_own():
    stations = organised(tiny("four_level")).stations
    assert {s.site for s in stations if s.desk in (Desk.FRONT, Desk.PHONE, Desk.FILES, Desk.TASKS, Desk.DUE)} == {0}
    for s in stations:
        if s.grid >= 0:
            assert s.site == 1 + s.grid
    above = {(s.level, s.unit): s.site for s in stations if s.desk is Desk.FIELD and s.grid < 0}
    sites = [*above.values(), *{s.site for s in stations if s.grid >= 0}, 0]
    assert len(set(sites)) == len(sites)


def test_the_way_to_the_field_is_that_to_ones_own_grids():
    organised_pilot = organised(pilot("four_level"))
    to_grid = organised_pilot.place.grid_distance()
    for i in organised_pilot.members("community", 5):
        grids = list(organised_pilot.people[i].grids)
        if grids:
            assert organised_pilot.changeover_km[i] == pytest.approx(to_grid[grids].mean())
    district = organised_pilot.members("district", 0)
    assert 2.4 < organised_pilot.changeover_km[district[0]] < 2.6  # 2.49 km on average across the city


def test_staff_of_a_district_without_work_of_its_own_have_posts():
    # Then three of the district's five sections have nothing to do.
    nothing = tuple(f"district.work.district_hours.{group}=0" for group in GROUPS)
    idle = organised(tiny("four_level", *nothing))
    posts = set(idle.specialisms["district"][0].tolist())
    assert {p.specialism for p in idle.people if p.level == "district"} == posts
