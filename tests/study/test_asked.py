"""What a study asks for is known to be there before anything is run, a pilot run for its warm-up too."""

import pytest
from setups.district import tiny
from setups.studies import study

from sim.errors import ConfigError
from sim.study.findings import asked


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"responses": ["trips|heads:fewer"]},
            r"^study.responses must name a group of trips, .*\(did you mean heads:few",
        ),
        (
            {"promises": {"walk|level:street": {"at_most": 3}}},
            r"^study.promises must name a group of walk, of all, got",
        ),
        (
            {"precision": {"until": {"trip": {"share": 0.1}}}},
            r"^study.precision.until must name measures.*mean trips\?",
        ),
        (
            {"choose": {"best": {"response": "hours|level:community|kind:file", "zone": 1}}},
            r"^study.choose.best.response must name a group of hours, .*kind:files",
        ),
        ({"responses": ["paper_on_time|level:city"]}, "of all, level:community, level:street, level:district .*got pa"),
    ],
)
def test_a_measure_or_group_that_there_is_none_of_is_told_by_where_it_stands(changes, told):
    with pytest.raises(ConfigError, match=told):
        asked.check(study(**changes), [tiny("four_level")])


def test_groups_are_those_of_the_first_design_that_can_be_run():
    street = study(responses=["utilisation|level:street"])
    too_few = tiny("four_level", "staffing.street_heads=1")
    refused = tiny("three_level", "run.overload=refuse", "demand.counter_per_resident_year=90")
    asked.check(street, [too_few, refused, tiny("four_level"), tiny("three_level")])
    with pytest.raises(ConfigError, match=r"a group of utilisation, .*got utilisation\|level:street"):
        asked.check(street, [too_few, tiny("three_level"), tiny("four_level")])
    asked.check(street, [too_few])  # which the study itself refuses


def test_measures_of_ones_own_may_have_any_group():
    mine = study(responses=["late|level:moon"])
    asked.check(mine, [tiny("four_level")], ["late"])
    with pytest.raises(ConfigError, match="must name measures"):
        asked.check(mine, [tiny("four_level")])


def test_a_replication_that_lacks_a_group_is_told_as_before_it_was_run():
    rows = [("late", "all"), ("late", "level:street")]
    asked.check_kept(study(responses=["late|level:street"]), rows)
    with pytest.raises(ConfigError, match=r"a group of late, of all, level:street \(did you mean level:street"):
        asked.check_kept(study(responses=["late|level:moon"]), rows)
