import pytest
from setups.district import pilot, tiny

from sim.study.comparison.notes import borrowed_work
from sim.study.comparison.opening import opening
from sim.study.design import prepared_all
from sim.study.load_tables import load_table

SMALL = (
    "district.population=20000", "district.communities=6", "district.streets=2", "staffing.community_heads=18",
    "staffing.street_heads=18", "staffing.district_heads=12",
)  # fmt: skip


def headings(*pilots):
    return [column.heading for column in load_table(prepared_all(pilots)).columns]


def test_a_district_with_the_hours_of_a_shipped_one_and_other_residents_is_told_once():
    (said,) = borrowed_work([pilot("four_level", *SMALL), pilot("three_level", *SMALL, "structure.communities=2")])
    assert said == (
        "district.work.from_above_hours, district.work.street_hours, district.work.district_hours must be set for "
        "20,000 residents: these hours are those of Yuehu, which has 130,000, and they do not follow the population."
    )


def test_only_the_hours_that_were_left_are_named():
    (said,) = borrowed_work([pilot("four_level", *SMALL, "district.work.from_above_hours=15100")])
    assert said.startswith("district.work.street_hours, district.work.district_hours must be set for 20,000 residents")


@pytest.mark.parametrize("population", [100_000, 130_000, 175_000])
def test_a_shipped_district_with_somewhat_more_or_fewer_residents_is_told_nothing(population):
    assert borrowed_work([pilot("four_level", f"district.population={population}")]) == []


def test_a_district_with_hours_of_its_own_is_told_nothing():
    assert borrowed_work([tiny("four_level")]) == []


def test_it_is_told_with_the_load_table_before_anything_is_simulated():
    notes = opening(prepared_all([pilot("four_level", *SMALL)])).notes
    assert notes[0].startswith("district.work.from_above_hours, ")


def test_loads_that_were_worked_out_by_hand_stand_beside_those_of_the_shipped_district():
    assert "evidence" in headings(pilot("four_level"))
    assert "evidence" in headings(pilot("four_level", "service.desk=rota"))


@pytest.mark.parametrize(
    "other",
    ["district.population=6000", "district.name=Elsewhere", "staffing.street_heads=110",
     "district.work.from_above_hours=50000"],
)  # fmt: skip
def test_they_stand_beside_no_other(other):
    assert "evidence" not in headings(pilot("four_level", other))
    notes = load_table(prepared_all([pilot("four_level", other)])).notes
    assert not any("evidence's arithmetic" in note for note in notes)
