"""One rule of withholding: what depends on the length of the run is judged, ranked, fitted and chosen nowhere."""

import re
from functools import cache

import numpy as np
import polars as pl
import pytest
from setups.district import tiny
from setups.known_truth import MOST, drawn, normal, screened
from setups.studies import plan as planned

from sim.config.report import JudgedMeasure, Response
from sim.statistics.reasons import in_words
from sim.statistics.verdicts import Cause, Verdict
from sim.study.budget.choice import Fate, choose
from sim.study.budget.outcome import Outcome
from sim.study.budget.promises import promised
from sim.study.budget.withholding import rule_of
from sim.study.comparison import maps, redraw
from sim.study.comparison.differences import rule_of as rule_of_designs
from sim.study.design import prepared_all
from sim.study.findings import sentences, tables
from sim.study.findings.naming import words_of
from sim.study.findings.responses import responses_by_setting
from sim.study.findings.write import responses as shown
from sim.study.withholding import HELP, Rule, Withheld

WAIT = Response("counter_wait_p90")
OVERLOADED = "20% of its requests go to an overloaded post"


@cache
def four_points():
    """Return the plan of four points, the first of which has the least wait, and an overloaded post."""
    return planned(
        factors={"grid.households": [200, 250, 300, 350]}, responses=["counter_wait_p90"],
        baseline={"grid.households": 350},
        choose={"best": {"response": "counter_wait_p90", "zone": 2.0}, "first": 10, "most": 60},
    )  # fmt: skip


def runs_of(plan, touched="p0000", n=10):
    truth = {(f"p{i:04d}", str(WAIT)): normal(wait, 1.0) for i, wait in enumerate([5, 20, 30, 40])}
    truth[touched, "touched_in_person"] = lambda generator: np.full(MOST, 0.2)
    return drawn(plan, truth, n=n)


def all_of(plan, runs):
    """Return the tables of a study, with its remarks."""
    staff = screened(plan)
    rule, known = rule_of(plan, runs, staff), promised(plan, runs, staff)
    made = tables.findings(plan, runs, rule, known, staff, Outcome(pl.DataFrame(), (), ()))
    first = plan.first
    all_tables = made.tables | {
        "summary": tables.summary_table(plan, runs, rule, known, 0.95),
        "effects": tables.effects_table(plan, runs, rule, first.mid, first.run),
    }
    return {name: table.spoken() for name, table in all_tables.items()}, [say() for say in made.remarks]


def all_sentences(plan, found):
    """Return the sentences on the tables of a study."""
    return sentences.sentences(plan, found, {WAIT: "minutes"}, words_of(plan))


def test_every_table_of_a_study_asks_the_one_rule():
    plan = four_points()
    runs = runs_of(plan)
    found, _ = all_of(plan, runs)
    rows = {name: table.rows_by_key("point", named=True, unique=True) for name, table in found.items()
            if name in ("summary", "effects", "ranking", "pareto")}  # fmt: skip
    why = "20% of its requests under p0000 go to an overloaded post"
    assert rows["summary"]["p0000"]["counter_wait_p90_why"] == why
    assert rows["summary"]["p0000"]["counter_wait_p90_help"] == HELP[Cause.OVERLOADED_REQUESTS]
    assert rows["summary"]["p0001"]["counter_wait_p90_why"] == ""
    assert rows["effects"]["p0000"]["verdict"] == Verdict.WITHHELD
    assert rows["effects"]["p0000"]["help"] == HELP[Cause.OVERLOADED_REQUESTS]
    assert rows["ranking"]["p0000"]["verdict"] is None
    assert rows["ranking"]["p0000"]["why"] == why
    assert rows["ranking"]["p0001"]["verdict"] == "best"
    assert not rows["pareto"]["p0000"]["front"]
    assert np.isnan(rows["pareto"]["p0000"]["mean"])
    assert rows["pareto"]["p0000"]["why"] == why
    assert rows["pareto"]["p0001"]["front"]
    curve = found["curve"].rows_by_key("level", named=True, unique=True)
    assert np.isnan(curve["200"]["mean"])
    assert curve["200"]["why"] == OVERLOADED
    assert curve["250"]["mean"] == pytest.approx(20, abs=1)


def test_sentences_and_choices_name_only_points_from_which_something_follows():
    plan = four_points()
    runs = runs_of(plan)
    found, _ = all_of(plan, runs)
    text = " ".join(all_sentences(plan, found))
    assert re.search(r"the best mean is (19|20)\.", text)
    assert "grid.households=200" not in text
    (choice,) = choose(plan, runs, screened(plan))
    assert choice.chosen == "p0001"
    assert {one.name: one.fate for one in choice.candidates}["p0000"] is Fate.WITHHELD


def test_the_table_that_lacks_a_value_says_why_and_what_would_help():
    plan = four_points()
    found, _ = all_of(plan, runs_of(plan))
    table = shown({WAIT: "minutes"}, found["summary"], words_of(plan))
    assert [row[2].endswith("*") for row in table.rows] == [True, False, False, False]
    notes = " ".join(table.notes)
    assert "at p0000 (20% of its requests under p0000 go to an overloaded post)" in notes
    assert f"What would help: {HELP[Cause.OVERLOADED_REQUESTS]}." in notes


def test_where_nothing_is_withheld_nothing_is_said_of_it():
    plan = four_points()
    found, _ = all_of(plan, runs_of(plan, touched="nobody", n=20))
    table = shown({WAIT: "minutes"}, found["summary"], words_of(plan))
    assert not any(cell.endswith("*") for row in table.rows for cell in row)
    assert not any("What would help" in note for note in table.notes)
    assert found["ranking"].row(0, named=True)["point"] == "p0000"
    assert found["ranking"]["verdict"][0] == "best"


def test_sobol_indices_are_not_made_of_what_is_left_of_a_sample():
    plan = planned(
        factors={"grid.households": "interval(200,300)", "demand.rework_share": [0.1, 0.2]},
        design={"kind": "indices", "n": 8}, responses=["counter_wait_p90"],
    )  # fmt: skip
    law = {(name, str(WAIT)): normal(10 + i % 7, 1.0) for i, name in enumerate(plan.pilots)}
    runs = drawn(plan, law, n=3)
    found, _ = all_of(plan, runs)
    assert "indices" in found
    law |= {(name, "touched_in_person"): lambda generator: np.full(MOST, 0.2) for name in list(plan.pilots)[::4]}
    found, remarks = all_of(plan, drawn(plan, law, n=3))
    assert "indices" not in found
    assert any("no Sobol indices: " in remark and OVERLOADED in remark for remark in remarks)


def test_a_difference_between_pilots_says_under_which_of_them_it_is_withheld():
    plan = planned(
        pilots=["four_level", "three_level"], factors={"grid.households": [200, 300]}, responses=["counter_wait_p90"]
    )
    law = {("p0001", "touched_in_person"): lambda generator: np.full(MOST, 0.2)}
    runs = drawn(plan, law, n=4)
    (studied,) = responses_by_setting(plan, runs, rule_of(plan, runs, screened(plan)))
    assert studied.values.at(0) is None
    assert in_words(studied.values.reason(0)) == "20% of its requests under three_level go to an overloaded post"
    assert studied.values.at(1) is not None


def test_a_measure_of_a_communitys_staff_is_withheld_with_the_level_of_its_staff():
    values = {}
    run = tiny().run
    rule = Rule(lambda one, response: values.get(response, np.ones(3)), run, {"a": {"community": 0.5}})
    busy = JudgedMeasure(measure="utilisation", group="unit:02", label="busy", mid=1.0, touched="staff")
    assert rule.why(busy, "a") == Withheld(Cause.OVERLOADED_STAFF, {"a": 0.5})
    assert rule.why(busy.model_copy(update={"group": "level:district"}), "a") is None
    assert rule.why(busy, "b") is None


def long_table(pilots, values, touched):
    """Return the long table of a measure by community and over all, with the requests that meet an overloaded post."""
    rows = [
        (p, r, measure, group, unit, float(value), 9)
        for p in pilots
        for r in range(3)
        for measure, unit, of in (("turnaround_p50", "working days", values), ("touched", "share", touched))
        for group, value in of[p].items()
    ]
    return pl.DataFrame(rows, schema=["pilot", "replication", "measure", "group", "unit", "value", "n"], orient="row")


def test_the_title_of_turnaround_and_its_map_announce_nothing_that_a_table_refuses():
    designs = prepared_all([tiny("four_level"), tiny("three_level")])
    groups = ["all", *(f"community:{i:02d}" for i in range(1, 5))]
    values = {p: {g: 2.0 + i for i, g in enumerate(groups)} for p in designs}
    touched = {"four_level": dict.fromkeys(groups, 0.0), "three_level": {"all": 0.3, **dict.fromkeys(groups[1:], 0.0)}}
    touched["three_level"]["community:03"] = 0.6
    measures = long_table(designs, values, touched)
    days = [(p, 0, d, s) for p in designs for d, s in ((0.0, 0.0), (10.0, 1.0))]
    table = pl.DataFrame(days, schema=["pilot", "replication", "days", "share"], orient="row")
    flows = pl.DataFrame({"pilot": list(designs), "archetype": ["A1"] * 2})
    drawn_ = redraw.drawings(
        designs, {"measures": measures, "turnaround": table, "flows": flows, "comparison": flows.select("pilot")}
    )
    lines = drawn_["turnaround"]().texts  # a title has as many lines as it takes
    title = " ".join(text.get_text() for text in lines if text.get_weight() == "bold")
    assert "within 5.0 working days under four levels" in title
    assert title.count("within 5.0") == 1
    assert "the verdict on" in title
    figure = maps.drawing(designs, measures, rule_of_designs(designs, measures), "turnaround_p50", "")[
        "map_turnaround_p50"
    ]()
    texts = " ".join(t.get_text() for t in figure.texts)
    assert "no colour for community 03: 60% of its requests under three_level go to an overloaded post" in texts


def test_one_replication_that_does_not_reach_a_quantile_rules_no_point_out():
    response = Response("turnaround_p90", "channel:counter")
    plan = planned(
        factors={"grid.households": [200, 250, 300]}, responses=[str(response)],
        choose={"best": {"response": str(response), "zone": 1.0}, "first": 20, "most": 60},
    )  # fmt: skip

    def but_one(law):
        return lambda generator: np.where(np.arange(MOST) == 7, np.nan, law(generator))

    names = [f"p{i:04d}" for i in range(3)]
    truth = {(name, str(response)): but_one(normal(10 + 5 * i, 0.5)) for i, name in enumerate(names)}
    # more than one in ten leave: that replication never would have reached it
    truth |= {(name, "left_unserved|channel:counter"): lambda generator: np.full(MOST, 0.11) for name in names}
    runs = drawn(plan, truth, n=20)
    (choice,) = choose(plan, runs, screened(plan))
    assert choice.chosen == "p0000"
    assert {one.fate for one in choice.candidates} == {Fate.CHOSEN, Fate.BEATEN}
    found, _ = all_of(plan, runs)
    assert set(found["ranking"]["verdict"]) == {"best", "not best"}
    assert found["pareto"]["mean"].is_finite().all()
    n = runs.count("p0000")
    assert found["pareto"]["mean"][0] == pytest.approx((10 * (n - 1) + 60) / n, abs=0.5)


def test_a_study_says_whether_the_best_mean_is_known_to_be_the_best():
    plan = four_points()
    found, _ = all_of(plan, runs_of(plan, touched="nobody", n=20))
    assert "(the best with 95% confidence), the worst" in " ".join(all_sentences(plan, found))
    alike = {(f"p{i:04d}", str(WAIT)): normal(wait, 5.0) for i, wait in enumerate([20, 20.5, 21, 60])}
    found, _ = all_of(plan, drawn(plan, alike, n=20))
    assert "(one of 3 that may be best), the worst" in " ".join(all_sentences(plan, found))
