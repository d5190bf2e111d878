from functools import cache

import numpy as np
import pytest
from setups.commands import TINY, refused, wangge
from setups.district import TINY as SMALL
from setups.district import mapping, organised, tiny

from sim import config
from sim.errors import ConfigError
from sim.study import replication, scope
from sim.study.comparison import maps
from sim.study.design import Design, prepared

DRAWN = "district.place=drawn"
DESIGNS = ("four_level", "four_level_better", "three_level", "three_level_dedicated")


@cache
def prepare(name, number):
    return replication.prepare(tiny(name, DRAWN), number)


@pytest.mark.parametrize("name", DESIGNS[1:])
def test_designs_of_a_comparison_have_the_same_place_residents_and_luck_in_a_replication(name):
    for number in (0, 1):
        one, other = prepare("four_level", number), prepare(name, number)
        assert one.demand.digest() == other.demand.digest()
        here, there = one.organisation.place, other.organisation.place
        assert np.array_equal(here.today, there.today)
        assert np.array_equal(here.special, there.special)
        assert np.array_equal(here.distance_class, there.distance_class)
    assert not np.array_equal(prepare(name, 0).organisation.place.today, prepare(name, 1).organisation.place.today)


def meetings(plan):
    """Return the working mornings and afternoons on which each person meets, by identity."""
    people = plan.organisation.people
    found = {}
    for person, start, _ in plan.meetings.tolist():
        if not people[person].secretary:
            found.setdefault(people[person].identity, []).append(start)
    return found


def test_staff_keep_their_days_wherever_a_place_puts_them():
    drawn, fixed = prepare("four_level", 0), replication.prepare(tiny("four_level"), 0)
    one, other = meetings(drawn), meetings(fixed)
    both = one.keys() & other.keys()
    assert len(both) > 4
    assert all(one[identity] == other[identity] for identity in both)


def test_replications_have_the_same_staff_by_level_and_are_reckoned_before_the_run_from_the_base_place():
    posts = {tuple(p.level for p in prepare("four_level", n).organisation.people) for n in range(3)}
    assert len(posts) == 1
    a_pilot = tiny("four_level", DRAWN)
    base = Design(a_pilot, organised(a_pilot))
    assert [(p.post, p.load) for p in prepared(a_pilot).pools] == [(p.post, p.load) for p in base.pools]
    there = {tuple(p.load for p in prepared(a_pilot, replication=n).pools) for n in range(3)}
    assert len(there) == 3


def test_nothing_is_kept_by_community_or_grid_where_each_replication_has_others():
    drawn, fixed = (
        replication.simulate(tiny("four_level", f"district.place={how}"), 0)[0] for how in ("drawn", "fixed")
    )
    groups = [set(tables["measures"]["group"]) for tables in (drawn, fixed)]
    families = [{group.partition(":")[0] for group in of} for of in groups]
    assert families[1] - families[0] == {"community", "unit", "grid"}
    assert families[0] < families[1]
    assert {"heads:few", "heads:middle", "heads:many", "distance:far"} <= groups[0]


def test_the_groups_by_heads_are_together_all_that_residents_bring():
    measures = replication.simulate(tiny("four_level", DRAWN), 0)[0]["measures"]
    n = {
        group: measures.filter(measure="left_unserved", group=group)["n"][0]
        for group in ("heads:few", "heads:middle", "heads:many", "special_care:yes", "special_care:no")
        if len(measures.filter(measure="left_unserved", group=group))
    }
    by_heads, by_care = (sum(n[g] for g in n if g.startswith(family)) for family in ("heads", "special_care"))
    assert by_heads == by_care > 0


def test_what_intervals_are_about_is_said_of_both_kinds_of_place():
    fixed, drawn = tiny("four_level"), tiny("four_level", DRAWN)
    assert scope.intervals_are_about(drawn) == (
        "Intervals are about what differs between replications: who comes with what, and who is absent, how large each "
        "community is and which households need special care. The same in all are the district's totals, week 2 of the "
        "calendar, and every assumption."
    )
    assert "The same in all are one place (district.place=drawn gives each its own)," in scope.intervals_are_about(
        fixed
    )
    assert "community" not in scope.intervals_are_about(fixed)
    assert (scope.places(fixed), scope.places(drawn)) == ("all on one place", "each on a place of its own")


def test_a_comparison_on_drawn_places_says_so_and_draws_no_map_of_measures(tmp_path):
    done = wangge(tmp_path, "run", "pilot=four_level", "name=own", *TINY, DRAWN)
    assert done.returncode == 0, done.stderr
    summary = (tmp_path / "results/own/summary.md").read_text()
    assert "2 replications, each on a place of its own, seed 1" in summary
    assert "how large each community is" in summary
    assert "those of the base place" in summary
    assert "How communities with few heads a household fare" in summary
    assert "worst" not in summary
    drawn = {path.stem for path in (tmp_path / "results/own/charts").iterdir()}
    assert {"equity", "organisation_four_level"} <= drawn
    assert not any(name.startswith("map_") for name in drawn)
    told = refused(tmp_path, "plot", "own", "map=trips")
    assert "replications have places of their own unless district.place=fixed" in told


def test_on_one_place_maps_are_drawn():
    assert "map_turnaround_p50" in maps.drawings({"a": prepared(tiny())}, None, None, "")
    assert not any(
        k.startswith("map_") for k in maps.drawings({"a": prepared(tiny("four_level", DRAWN))}, None, None, "")
    )


def test_a_trace_says_whose_communities_it_names(tmp_path):
    done = wangge(tmp_path, "trace", "pilots=[four_level]", "request=40", *TINY[:-2], DRAWN)
    assert done.returncode == 0, done.stderr
    assert "replications have places of their own (district.place)." in " ".join(done.stdout.split())


def test_a_kind_of_place_that_is_not_known_is_refused(tmp_path):
    told = refused(tmp_path, "run", "district.place=real")
    assert "district.place" in told
    assert "drawn" in told
    assert "fixed" in told
    assert 'got "real"' in told


def test_a_measure_of_one_community_is_refused_where_each_replication_has_others():
    plain = mapping("four_level", *SMALL)
    plain["report"]["measures"] += [{"measure": "trips", "group": "community:02", "label": "trips there", "mid": None}]
    plain["district"]["place"] = "fixed"
    assert config.load(plain).report.measures[-1].group == "community:02"
    plain["district"]["place"] = "drawn"
    with pytest.raises(ConfigError, match=r"group must be of no one community or grid .*, got community:02"):
        config.load(plain)


def test_the_seed_of_the_base_place_is_refused_where_it_moves_nothing(tmp_path):
    told = refused(tmp_path, "run", "district.place_seed=5")
    assert "district.place_seed must be set where it can act, which is where district.place is fixed" in told
