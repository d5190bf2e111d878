"""The table of work says why hours are saved or added, by taking each design apart."""

import re

import numpy as np
import pytest
from setups.district import pilot, tiny

from sim.district import place, workload
from sim.district.stages import Kind
from sim.study import saved_hours
from sim.study.comparison.face_validity import computed
from sim.study.comparison.opening import opening
from sim.study.design import base_places, prepared, prepared_all
from sim.study.load_tables import work_table, works_of

LESS = "burden.abolished_share=0.3"


def goes(*pilots):
    """Return the last column of the table by kind of work."""
    table = work_table(works_of(prepared_all(pilots)))
    return {row[0]: row[-1] for row in table.rows}


def named(name, called, *overrides):
    return pilot(name, *overrides).model_copy(update={"name": called})


def test_what_is_abolished_is_not_said_to_be_saved_by_merging():
    where = goes(pilot("four_level"), named("four_level", "lever", LESS))
    assert where[workload.ABOVE] == "31.7 abolished"


def test_abolishing_and_merging_are_told_apart_and_add_up():
    today, both = pilot("four_level"), pilot("three_level", LESS)
    where = goes(today, both)
    assert where[workload.ABOVE] == "31.7 abolished, 18.6 saved by merging"
    before, after = (saved_hours.hours(prepared(one).works)[workload.ABOVE] for one in (today, both))
    assert sum(before.values()) - sum(after.values()) == pytest.approx(31.7 + 18.6, abs=0.1)


def test_merging_alone_is_told_of_every_kind_that_it_saves():
    where = goes(pilot("four_level"), pilot("merge_only"))
    assert where[workload.ABOVE] == "26.5 saved by merging"
    assert where[workload.MEETINGS] == "3.5 saved by merging"


def test_more_people_hold_more_meetings_and_merging_saves_some_of_them():
    where = goes(pilot("four_level"), pilot("three_level"))
    assert where[workload.MEETINGS] == "2.1 added by more people, 3.5 saved by merging"


def test_patrols_are_new_and_other_work_is_saved_with_them():
    where = goes(pilot("four_level"), pilot("three_level"))
    assert where[workload.PATROLS] == "46.3 new"
    assert where[workload.RESIDENTS[Kind.FIELD]].endswith("saved with other duties")
    assert not any("asked for no more" in words for words in where.values())


def test_work_that_leaves_the_street_both_ways_is_said_to_go_down_and_up():
    where = goes(pilot("four_level"), pilot("three_level"))
    assert where[workload.STREET_WORK["relay"]] == "down, up"
    assert where[workload.STREET_WORK["party"]] == "down"
    assert where[workload.STREET_WORK["justice"]] == "up"


@pytest.mark.parametrize(
    ("before", "after", "down", "up"),
    [
        ({"district": 5.0}, {"street": 5.0}, True, False),
        ({"street": 5.0}, {"district": 5.0}, False, True),
        ({"community": 5.0}, {"street": 5.0}, False, True),
        ({"street": 5.0}, {"community": 2.0, "district": 3.0}, True, True),
        ({"street": 5.0}, {"street": 3.0}, False, False),
    ],
)
def test_work_goes_down_or_up_between_any_two_levels(before, after, down, up):
    moved = saved_hours._moves("work", {"work": before}, {"work": after}, {}, places=1)
    assert (moved.down, moved.up) == (down, up)


def test_a_design_that_is_today_s_organisation_is_compared_with_nothing():
    table = work_table(works_of(prepared_all([workload.today(pilot("four_level"))])))
    assert [column.heading for column in table.columns] == ["kind of work", "four_level"]
    assert {len(row) for row in table.rows} == {2}
    assert "last column" not in " ".join(table.notes)


def test_in_a_small_district_the_same_is_said_with_more_decimals():
    where = goes(tiny("four_level"), tiny("three_level", LESS))
    assert where[workload.STREET_WORK["justice"]] == "up, 0.35 abolished"
    assert re.fullmatch(r"\d\.\d\d abolished, \d\.\d\d saved by merging", where[workload.ABOVE])


def test_designs_that_agree_are_named_together():
    where = goes(pilot("four_level"), pilot("three_level"), named("four_level", "same"), pilot("three_level_dedicated"))
    assert where[workload.STREET_WORK["justice"]] == "three_level, three_level_dedicated: up; same: stays"


def test_designs_with_the_same_place_share_it_and_it_is_the_one_each_would_have_alone():
    names = ("four_level", "four_level_better", "sink_only", "merge_only", "three_level", "three_level_dedicated")
    pilots = [*map(pilot, names), pilot("three_level", "district.place_seed=9")]
    shared = base_places()
    for one in pilots:
        alone, mine = place.build_place(one), shared(one)
        assert vars(alone).keys() >= set(place.Place.__dataclass_fields__)
        for field in place.Place.__dataclass_fields__:
            assert np.array_equal(getattr(alone, field), getattr(mine, field)), (one.name, field)
    assert shared(pilots[0]) is shared(pilots[1])
    assert shared(pilots[-1]) is not shared(pilots[-3])


def test_before_a_simulation_each_place_is_built_once(monkeypatch):
    built, within = [], place._within

    def counted(borders, *rest, **options):
        built.append(borders)
        return within(borders, *rest, **options)

    monkeypatch.setattr(place, "_within", counted)
    designs = prepared_all([tiny("four_level"), tiny("three_level"), tiny("three_level_dedicated")])
    assert len(built) == 2
    opening(designs)
    for design in designs.values():
        computed(design)
    assert len(built) == len(set(built))
    assert {place.borders_of(design.pilot) for design in designs.values()} < set(built)  # and those between


def test_the_changes_of_every_shipped_design_add_up_to_all_that_is_saved_or_added():
    today = pilot("four_level")
    place_of, before = base_places(), prepared(today)
    hours = saved_hours.hours(before.works)
    for name in ("three_level", "three_level_expected", "merge_only", "flatten_only", "sink_only"):
        one = pilot(name, LESS)
        design = prepared(one)
        after = saved_hours.hours(design.works)
        for kind, moved in saved_hours.moves(before, design, place_of, places=6).items():
            change = sum(after.get(kind, {}).values()) - sum(hours.get(kind, {}).values())
            assert sum(moved.changes.values()) == pytest.approx(change, abs=0.01 * sum(hours.get(kind, {}).values()))
