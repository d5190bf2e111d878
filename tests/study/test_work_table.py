"""The table of work says why hours are saved or added, by taking each design apart."""

import re

import pytest
from setups.district import pilot, tiny

from sim.district import workload
from sim.district.stages import Kind
from sim.study import saved_hours
from sim.study.design import prepared_all
from sim.study.load_tables import hours_by_level, work_table

LESS = "burden.abolished_share=0.3"


def goes(*pilots):
    """Return the last column of the table by kind of work."""
    table = work_table(prepared_all(pilots))
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
    before, after = saved_hours.hours(today)[workload.ABOVE], saved_hours.hours(both)[workload.ABOVE]
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
    table = work_table(prepared_all([workload.today(pilot("four_level"))]))
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


@pytest.mark.parametrize("name", ["four_level", "three_level_expected", "sink_only"])
def test_the_hours_are_those_of_the_prepared_design(name):
    one = pilot(name, LESS)
    kept = hours_by_level(prepared_all([one])[name])
    for kind, by_level in saved_hours.hours(one).items():
        assert dict(kept[kind]) == pytest.approx(dict(by_level))


def test_the_changes_of_every_shipped_design_add_up_to_all_that_is_saved_or_added():
    today = pilot("four_level")
    before = saved_hours.hours(today)
    for name in ("three_level", "three_level_expected", "merge_only", "flatten_only", "sink_only"):
        one = pilot(name, LESS)
        after = saved_hours.hours(one)
        for kind, moved in saved_hours.moves(today, one, places=6).items():
            change = sum(after.get(kind, {}).values()) - sum(before.get(kind, {}).values())
            assert sum(moved.changes.values()) == pytest.approx(change, abs=0.01 * sum(before.get(kind, {}).values()))
