"""Promises bind choices: of points whose truth is known, none that breaks or may break a promise is named."""

from functools import cache

import numpy as np
import pytest
from setups.known_truth import drawn, normal, screened
from setups.studies import plan as planned

from sim.config.study_schema import Promise
from sim.statistics.intervals import Interval
from sim.study.budget.choice import Fate, choose
from sim.study.budget.promises import bounds, promised, side
from sim.study.budget.withholding import rule_of
from sim.study.findings import choices, sentences, tables
from sim.study.findings.naming import words_of

PATROLS = {"patrols_done": {"at_least": 0.6, "tolerance": 0.04}}
BEST = {"best": {"response": "counter_wait_p90", "zone": 2.0}, "first": 10, "most": 60}


LABELS = {f"p{i:04d}": f"point {i}" for i in range(4)}


@cache
def four_points(choose="best"):
    """Return the plan of four points that promise patrols, and among which one is asked for."""
    wanted = BEST if choose == "best" else {"cheapest": True, "first": 10, "most": 60}
    return planned(
        factors={"grid.households": [200, 250, 300, 350]}, responses=["counter_wait_p90", "patrols_done"],
        promises=PATROLS, choose=wanted,
    )  # fmt: skip


def laws(waits, patrols, sd=0.03):
    """Return the laws of waits and of patrols of the points, in their order."""
    return {
        (f"p{i:04d}", response): law
        for i, (wait, done) in enumerate(zip(waits, patrols, strict=True))
        for response, law in (("counter_wait_p90", normal(wait, 1.0)), ("patrols_done", normal(done, sd)))
    }


def chosen(truth, seed=0, plan=None):
    plan = plan or four_points()
    (choice,) = choose(plan, drawn(plan, truth, seed, n=10), screened(plan))
    return choice


def fates(choice):
    return {one.name: one.fate for one in choice.candidates}


def test_the_best_by_a_response_is_not_chosen_where_it_breaks_a_promise():
    choice = chosen(laws([5, 20, 30, 40], [0.39, 0.7, 0.8, 0.9]))
    assert choice.chosen == "p0001"
    assert not choice.caveat
    assert fates(choice)["p0000"] is Fate.BREAKS
    said = " ".join(sentences.choices([choice], LABELS))
    assert "of those that keep every promise" in said
    assert "(p0001), right with at least 95% confidence" in said
    assert "patrols done 7" in said
    assert "where at least 60 % is promised" in said
    assert "No choice, as they break a promise: p0000." in said


def test_the_best_is_not_chosen_where_the_replications_do_not_tell_whether_it_keeps_its_promise():
    choice = chosen(laws([5, 20, 30, 40], [0.6, 0.9, 0.9, 0.9], sd=0.2))
    assert choice.chosen == "p0001"
    assert fates(choice)["p0000"] is Fate.MAY_BREAK
    assert choice.caveat  # it might be the better one
    said = " ".join(sentences.choices([choice], LABELS))
    assert "without a guarantee" in said
    assert "may break a promise: the replications do not tell: p0000." in said


def test_where_no_point_keeps_its_promise_none_is_chosen_and_that_is_said():
    choice = chosen(laws([5, 20, 30, 40], [0.3, 0.4, 0.39, 0.2]))
    assert choice.chosen is None
    assert "none does, so none is chosen" in " ".join(sentences.choices([choice], LABELS))


@pytest.mark.parametrize("kind", ["best", "cheapest"])
@pytest.mark.parametrize("trials", [30, 1000])
def test_a_point_that_misses_its_promise_by_little_or_much_is_hardly_ever_named(kind, trials):
    plan = four_points(kind)
    truth = laws([5, 12, 30, 40], [0.59, 0.56, 0.64, 0.8])  # the first two are the best, and the cheapest
    wrong = [
        chosen(truth, seed, plan).chosen not in ("p0002", None) for seed in range(trials)
    ]  # a dearer or slower one than the third is wrong too
    assert np.mean(wrong) <= 0.05


def test_a_mean_is_on_a_side_of_a_bound_only_with_its_whole_interval():
    least, most = Promise(at_least=0.6), Promise(at_most=30.0)
    assert side(Interval(0.7, 0.6, 0.8, 5), least) is True
    assert side(Interval(0.7, 0.59, 0.81, 5), least) is None
    assert side(Interval(0.5, 0.41, 0.59, 5), least) is False
    assert side(Interval(20.0, 10.0, 30.0, 5), most) is True
    assert side(Interval(40.0, 30.1, 50.0, 5), most) is False
    assert side(Interval(0.7, np.nan, np.nan, 1), least) is None


def test_points_keep_break_or_may_break_a_promise_and_all_of_that_is_counted():
    plan = four_points()
    runs = drawn(plan, laws([5, 20, 30, 40], [0.39, 0.8, 0.6, 0.9]), n=10)
    known = promised(plan, runs, screened(plan))
    assert [one.keeps for one in known.values()] == [False, True, None, True]
    assert [one.is_choice for one in known.values()] == [False, True, False, True]
    assert known["p0000"].why.words().startswith("breaks its promise: patrols done ")
    assert known["p0002"].why.words().startswith("may break its promise: patrols done ")
    summary = tables.summary_table(plan, runs, rule_of(plan, runs, screened(plan)), known, 0.95).spoken()
    assert summary["keeps_promises"].to_list() == [False, True, None, True]
    units = {response: runs.unit(response) for response in plan.study.asked}
    said = list(sentences.sentences(plan, {"summary": summary}, units, words_of(plan)))
    assert said[0] == (
        "2 of 4 points keep the promise (patrols done at least 60 %), 1 break it, and 1 may do either or cannot be "
        "judged, by 95% intervals that hold together."
    )
    assert "the best mean of those that keep the promise" in said[1]
    assert "grid.households=250" in said[1].partition("the worst of all")[0]
    assert bounds(plan, {}) == "patrols done at least 0.6"


def test_a_ranking_and_a_front_call_no_point_best_that_breaks_or_may_break_its_promise():
    plan = four_points()
    runs = drawn(plan, laws([5, 20, 30, 40], [0.39, 0.8, 0.6, 0.9]), n=10)
    known = promised(plan, runs, screened(plan))
    ranking = choices.ranking(plan, runs, rule_of(plan, runs, screened(plan)), known).spoken()
    assert set(ranking["response"]) == {"counter_wait_p90", "patrols_done"}
    ranking = ranking.filter(response="counter_wait_p90")
    verdicts = dict(ranking.select("point", "verdict").iter_rows())
    assert verdicts == {"p0000": "no choice", "p0001": "best", "p0002": "no choice", "p0003": "not best"}
    assert [bool(why) for why in ranking["why"]] == [True, False, True, False]
    front = choices.front(plan, runs, rule_of(plan, runs, screened(plan)), known, screened(plan)).table.filter(
        response="counter_wait_p90"
    )
    assert dict(front.select("point", "front").iter_rows()) == {
        "p0000": False, "p0001": True, "p0002": False, "p0003": False,
    }  # fmt: skip


def test_where_none_is_known_to_keep_its_promise_none_is_called_best():
    plan = four_points()
    runs = drawn(plan, laws([5, 20, 30, 40], [0.6, 0.6, 0.6, 0.6]), n=10)
    known = promised(plan, runs, screened(plan))
    assert {one.keeps for one in known.values()} == {None}
    rule = rule_of(plan, runs, screened(plan))
    assert "best" not in choices.ranking(plan, runs, rule, known).table["verdict"].to_list()
    assert not choices.front(plan, runs, rule, known, screened(plan)).table["front"].any()
