"""The groups of each measure are known before a replication is run: they are those that it has."""

import pytest
from setups.district import tiny

from sim.measures.dictionary import CONTROL, ONLY_WHERE_OBSERVED, OPEN_BOUND, PRICED
from sim.measures.groups import groups_of
from sim.study.design import prepared
from sim.study.replication import simulate


@pytest.mark.parametrize(
    ("pilot", "knobs"),
    [
        ("four_level", ("district.place=fixed",)),
        ("four_level", ("district.place=drawn",)),
        ("three_level", ("district.place=fixed",)),
        ("three_level", ("district.place=drawn", "roles.order=b_first")),
        ("four_level", ("district.place=fixed", "district.copies=2")),
        ("three_level", ("staffing=all_down", "service.desk=rota")),
        ("four_level", ("mechanisms=base",)),
    ],
)
def test_a_replication_has_the_groups_that_are_known_before_it(pilot, knobs):
    design = tiny(pilot, *knobs)
    known = {(measure, group) for measure, groups in groups_of(prepared(design, replication=0).organisation).items()
             for group in groups}  # fmt: skip
    tables, _ = simulate(design, 0)
    found = set(tables["measures"].select("measure", "group").iter_rows())
    assert found - known == set()
    assert {measure for measure, _ in known - found} <= {OPEN_BOUND, CONTROL, *ONLY_WHERE_OBSERVED, *PRICED}
    assert len(found) > 500
