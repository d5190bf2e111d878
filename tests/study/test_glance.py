"""The small table on the first screen of a study."""

import polars as pl
import pytest
from setups.studies import plan

from sim.report.tables import Column, Table
from sim.study.findings.glance import CHOSEN, glance
from sim.study.findings.naming import words_of

SHOWN = Table("", (Column("Point"), Column("What it is"), Column("wait", "right")), (("p0000", "a", "1.0"),) * 20)
TWO = {"factors": {"grid.households": [200, 300], "staffing.absence.share": [0.1, 0.2]}, "responses": ["patrols_done"]}


def summary(planned, values, whys=(), half=0.01):
    """Return a table of means, one a point."""
    (response,) = map(str, planned.study.responses)
    rows = [
        {"point": point.name, response: value, f"{response}_low": value - half, f"{response}_high": value + half,
         f"{response}_why": "overloaded" if i in whys else ""}
        for i, (point, value) in enumerate(zip(planned.points, values, strict=True))
    ]  # fmt: skip
    return pl.DataFrame(rows)


def seen(planned, tables, chosen=()):
    units = dict.fromkeys(planned.study.responses, "share")
    return glance(planned, tables, units, words_of(planned), SHOWN, chosen)


def test_two_factors_of_one_design_are_crossed_with_what_is_chosen_and_what_proves_nothing():
    planned = plan(**TWO)
    found = seen(planned, {"summary": summary(planned, [0.5, 0.6, 0.7, 0.8], whys=[1])}, [planned.points[2].name])
    assert [column.heading for column in found.table.columns] == ["", "0.1", "0.2"]
    assert found.table.rows == (("200", "50.0", "60.0*"), ("300", f"70.0{CHOSEN}", "80.0"))
    assert found.caption.startswith("Patrols done (%); down: ")
    assert "Intervals: ±1.0 points or less. *: nothing follows from it" in found.table.notes[0]
    assert f"{CHOSEN} chosen." in found.table.notes[0]
    assert not found.sample


def test_two_factors_under_two_designs_show_how_these_differ_with_verdicts():
    planned = plan(**TWO, pilots=["four_level", "three_level"])
    others, said = planned.points[1::2], ["undecided", "better", "better", "withheld"]
    effects = pl.DataFrame(
        [
            {"response": "patrols_done", "point": point.name, "difference": 0.1 * i, "low": 0.1 * i - 0.02,
             "high": 0.1 * i + 0.02, "verdict": verdict}
            for i, (point, verdict) in enumerate(zip(others, said, strict=True))
        ]
    )  # fmt: skip
    found = seen(planned, {"summary": summary(planned, range(8)), "effects": effects})
    assert found.table.rows == (("200", "0.0 ?", "+10.0 ▲"), ("300", "+20.0 ▲", "+30.0 –"))
    assert "three levels (reform) minus four levels (today) (points)" in found.caption


def test_one_factor_under_several_designs_has_a_column_for_each():
    planned = plan(factors={"grid.households": [200, 300]}, responses=["patrols_done"],
                   pilots=["four_level", "three_level"])  # fmt: skip
    found = seen(planned, {"summary": summary(planned, [0.1, 0.2, 0.3, 0.4])})
    assert found.table.rows == (("200", "10.0", "20.0"), ("300", "30.0", "40.0"))


@pytest.mark.parametrize(
    ("promises", "shown"),
    [({}, "Home visits done"), ({"patrols_done": {"at_least": 0.6}}, "Home visits done"),
     ({"patrols_done": {"at_least": 0.8}}, "Patrols done")],
)  # fmt: skip
def test_the_promise_that_binds_is_shown_or_else_what_is_not_the_same_everywhere(promises, shown):
    planned = plan(**TWO | {"responses": ["patrols_done", "visits_done"]}, promises=promises)
    table = pl.DataFrame(
        [
            {"point": point.name, "patrols_done_why": "", "visits_done_why": ""}
            | {f"patrols_done{end}": 0.7 for end in ("", "_low", "_high")}
            | {f"visits_done{end}": 0.1 * i for end in ("", "_low", "_high")}
            for i, point in enumerate(planned.points)
        ]
    )
    assert seen(planned, {"summary": table}).caption.startswith(f"{shown} (%)")


def test_many_assumptions_show_those_that_move_the_first_response_most_and_which_may_be_luck():
    rows = [
        {"design": 0, "pilot": "three_level", "against": "", "response": "patrols_done", "unit": "share",
         "factor": f"f{i}", "least": 0.5 - i / 100, "least_level": "low", "most": 0.5, "most_level": "high",
         "swing": i / 100, "sure": i == 2}
        for i in range(12)
    ]  # fmt: skip
    planned = plan(**TWO)
    found = seen(planned, {"summary": summary(planned, [0.5] * 4), "tornado": pl.DataFrame(rows)})
    assert [row[0] for row in found.table.rows] == ["f2", *(f"f{i} ~" for i in range(11, 4, -1))]
    assert found.table.rows[0][1:] == ("48.0 at low", "50.0 at high")
    assert found.table.notes == ("The widest of 12 assumptions. ~ may be chance.",)


def test_of_other_studies_the_first_points_are_shown_with_a_note_for_each_number_of_them():
    planned = plan(factors={"grid.households": [200 + i for i in range(20)]}, responses=["patrols_done"])
    found = seen(planned, {"summary": summary(planned, [0.5] * 20)})
    assert len(found.table.rows) == 8
    assert [column.heading for column in found.table.columns] == ["What it is", "wait"]
    assert found.sample[0] == "The first 1 of 20 points."
