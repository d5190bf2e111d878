"""Promises bind choices: of points whose truth is known, none that breaks or may break a promise is named."""

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from setups.known_truth import MOST, drawn, normal, screened
from setups.studies import plan as planned

from sim.config.report import Response
from sim.config.study_schema import Promise
from sim.statistics.intervals import Interval, mean_interval
from sim.study.budget.choice import Choice, Fate, choose
from sim.study.budget.confirmation import Confirmation, Reason, Seen
from sim.study.budget.outcome import Outcome
from sim.study.budget.promises import bounds, promised, side
from sim.study.budget.withholding import rule_of
from sim.study.findings import choices, choosing, sentences, tables
from sim.study.findings.naming import words_of
from sim.study.findings.write import after_a_search

PATROLS = {"patrols_done": {"at_least": 0.6, "tolerance": 0.04}}
BEST = {"best": {"response": "counter_wait_p90", "zone": 2.0}, "first": 10, "most": 60}


WAIT, PATROLS_DONE = Response("counter_wait_p90"), Response("patrols_done")
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


def told(choice, plan=None):
    plan = plan or four_points()
    return " ".join(choosing.choices(plan, {Response("patrols_done"): "share"}, [choice], LABELS))


def fates(choice):
    return {one.name: one.fate for one in choice.candidates}


def test_the_best_by_a_response_is_not_chosen_where_it_breaks_a_promise():
    choice = chosen(laws([5, 20, 30, 40], [0.39, 0.7, 0.8, 0.9]))
    assert choice.chosen == "p0001"
    assert not choice.caveat
    assert fates(choice)["p0000"] is Fate.BREAKS
    said = told(choice)
    assert said.startswith(
        "The search for the least wait at a counter, 9 in 10 within, of the points that keep every promise, chose "
        "point 1 (p0001). Of what is promised it has: patrols done 7"
    )
    assert (
        "Promised: patrols done at least 60 % (or within 4 points of it, where a search may judge either way)." in said
    )
    assert said.count("at least 60 %") == 1
    assert "With at least 95% confidence it is the best, or within 2 minutes of it." in said
    assert "No choice, as they break a promise: p0000." in said


def test_the_best_is_not_chosen_where_the_replications_do_not_tell_whether_it_keeps_its_promise():
    choice = chosen(laws([5, 20, 30, 40], [0.6, 0.9, 0.9, 0.9], sd=0.2))
    assert choice.chosen == "p0001"
    assert fates(choice)["p0000"] is Fate.MAY_BREAK
    assert choice.caveat  # it might be the better one
    said = told(choice)
    assert "There is no guarantee: some points may keep their promises" in said
    assert "may break a promise: the replications do not tell: p0000." in said


def test_where_no_point_keeps_its_promise_none_is_chosen_and_that_is_said():
    choice = chosen(laws([5, 20, 30, 40], [0.3, 0.4, 0.39, 0.2]))
    assert choice.chosen is None
    assert "chose none: no point keeps every promise." in told(choice)


def test_of_the_fewest_heads_it_is_said_whether_fewer_were_tried_and_which_posts_cannot_keep_up():
    plan = four_points("cheapest")
    fewest = choose(plan, drawn(plan, laws([5] * 4, [0.8] * 4), n=10), screened(plan))[0]
    assert "It has 100 heads in all. No point that was tried has fewer; fewer may do." in told(fewest)
    assert "cannot keep up" not in told(fewest)
    assert "That is right with at least 95% confidence." in told(fewest)
    busy = {
        name: replace(one, overloaded=("district desk (1.18)", "section (1.27)"))
        for name, one in screened(plan).items()
    }
    second = choose(plan, drawn(plan, laws([5] * 4, [0.4, 0.8, 0.8, 0.8]), n=10), busy)[0]
    assert "(p0001). It has 101 heads in all. Of what" in told(second)
    assert "2 posts there cannot keep up with their work: district desk (1.18), section (1.27)." in told(second)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((-1.5, -0.2, 1.0), "no more than 2 minutes from the next best, point 3 (p0003), which counts as alike: -0.20"),
        (
            (-5.0, -4.0, -3.0),
            "the choice: -4.00 minutes (-5.00 to -3.00) against the next best, point 3 (p0003).",
        ),
    ],
)
def test_what_is_inside_the_zone_is_called_alike(ends, said):
    plan = four_points()
    low, mean, high = ends
    rival = Seen(Reason.RIVAL, Response("counter_wait_p90"), "p0003", Interval(mean, low, high, 20), holds=True)
    choice = Choice(str, "p0001", "", 0.95, ())
    assert said in choosing.fresh(plan, drawn(plan, {}, n=2), LABELS, choice, Confirmation(2, 20, (rival,)))


def test_means_are_said_to_be_of_fewer_replications_only_where_a_search_gave_some_points_more():
    alike = pl.DataFrame({"status": ["run", "run", "impossible"], "replications": [20, 20, 0]})
    more = alike.with_columns(replications=pl.Series([20, 40, 0]))
    assert after_a_search(four_points(), alike) == "The mean of what a search chose is likely to be too good."
    assert after_a_search(four_points(), more).startswith("A search chose by the values how many replications")
    assert not after_a_search(planned(factors={"grid.households": [200, 250]}), more)


@pytest.mark.parametrize("kind", ["best", "cheapest"])
@pytest.mark.parametrize("trials", [30, 1000])
def test_a_point_that_misses_its_promise_by_little_or_much_is_hardly_ever_named(kind, trials):
    plan = four_points(kind)
    truth = laws([5, 12, 30, 40], [0.59, 0.56, 0.64, 0.8])  # the first two are the best, and the cheapest
    wrong = [
        chosen(truth, seed, plan).chosen not in ("p0002", None) for seed in range(trials)
    ]  # a dearer or slower one than the third is wrong too
    assert np.mean(wrong) <= 0.05


def side_of(interval, promise, values=(), response=PATROLS_DONE):
    return side(interval, promise, np.array(values), response, 0.95)


def test_a_mean_is_on_a_side_of_a_bound_only_with_its_whole_interval():
    least, most = Promise(at_least=0.6), Promise(at_most=30.0)
    assert side_of(Interval(0.7, 0.6, 0.8, 5), least) is True
    assert side_of(Interval(0.7, 0.59, 0.81, 5), least) is None
    assert side_of(Interval(0.5, 0.41, 0.59, 5), least) is False
    assert side_of(Interval(20.0, 10.0, 30.0, 5), most) is True
    assert side_of(Interval(40.0, 30.1, 50.0, 5), most) is False
    assert side_of(Interval(0.7, np.nan, np.nan, 1), least) is None


def test_values_that_never_vary_keep_no_promise_for_sure_but_a_share_may_by_its_range():
    least, most = Promise(at_least=0.6), Promise(at_most=30.0)
    assert side_of(mean_interval(np.zeros(20)), most, np.zeros(20), WAIT) is None
    assert side_of(mean_interval(np.full(20, 50.0)), most, np.full(20, 50.0), WAIT) is None
    for n, kept in ((6, None), (20, True)):  # the rule of three: at least 54 % by six, 83 % by twenty
        assert side_of(mean_interval(np.ones(n)), least, np.ones(n)) is kept
    skewed = np.array([1.0] * 19 + [0.998])
    assert mean_interval(skewed).enough
    assert side_of(mean_interval(skewed), least, skewed) is True


def test_a_promise_kept_by_the_same_value_in_every_replication_lets_choose_and_guarantees_nothing():
    truth = laws([5, 20, 30, 40], [0.7, 0.75, 0.8, 0.9]) | {
        (f"p{i:04d}", "counter_wait_p90"): lambda generator: np.zeros(MOST) for i in range(4)
    }
    plan = planned(
        factors={"grid.households": [200, 250, 300, 350]}, responses=["patrols_done", "counter_wait_p90"],
        promises={"counter_wait_p90": {"at_most": 30.0}},
        choose={"best": {"response": "patrols_done", "zone": 0.01}, "cheapest": True, "first": 10, "most": 60},
    )  # fmt: skip
    runs, staff = drawn(plan, truth, n=20), screened(plan)
    known = promised(plan, runs, staff)
    assert {one.keeps for one in known.values()} == {None}
    assert all(one.is_choice and one.as_seen for one in known.values())
    summary = tables.summary_table(plan, runs, rule_of(plan, runs, staff), known, 0.95).spoken()
    assert summary["keeps_promises"].null_count() == 4
    assert summary["kept_as_seen"].all()
    found = {"summary": summary}
    said = " ".join(sentences.sentences(plan, found, {WAIT: "minutes", PATROLS_DONE: "share"}, words_of(plan)))
    assert "In every replication" in said
    assert "was kept at 4 of 4 points. By 95% intervals that hold together 0 keep it, 0 break it, and 4 may" in said
    assert "the best mean of those that kept the promise as far as is seen" in said
    for choice in choose(plan, runs, staff):
        assert choice.chosen
        assert "same in every replication" in choice.caveat
        told, *_ = choosing.choices(plan, {WAIT: "minutes"}, [choice], dict.fromkeys(LABELS, "a point"))
        assert "There is no guarantee" in told
        assert "0.00 minutes (the same in all" in told


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
    kept_in = [(runs.values(f"p{i:04d}", Response("patrols_done")) >= 0.6).sum() for i in range(4)]
    assert summary["kept_in"].to_list() == kept_in
    assert kept_in[0] == 0 < kept_in[2] < kept_in[3] == 10
    units = {response: runs.unit(response) for response in plan.study.asked}
    said = list(sentences.sentences(plan, {"summary": summary}, units, words_of(plan)))
    assert said[0] == (
        "2 of 4 points keep the promise, 1 break it, and 1 may do either or cannot be judged, by 95% intervals that "
        "hold together."
    )
    assert "Of the latter" not in said[0]
    assert "the best mean of those that keep the promise" in said[1]
    assert "grid.households=250" in said[1].partition("the worst of all")[0]
    assert bounds(plan, {}) == "patrols done at least 0.6"


def almost_all(generator):
    """Return shares that are 1 but for one, so that they are too skewed for an interval of 10 replications."""
    return np.where(np.arange(200) == generator.integers(10), 0.999, 1.0)


def test_of_a_point_too_skewed_for_an_interval_it_is_said_that_every_replication_keeps_its_promise():
    plan = planned(
        factors={"grid.households": [200, 250], "burden.away_share": [0.3, 0.5]},
        responses=["patrols_done"], promises=PATROLS,
    )  # fmt: skip
    truth = laws([5] * 4, [0.9, 0.8, 0.6, 0.3]) | {("p0000", "patrols_done"): almost_all}
    runs = drawn(plan, truth, n=9)
    known = promised(plan, runs, screened(plan))
    assert [(one.keeps, one.is_choice, one.kept_in) for one in known.values()][:2] == [
        (None, False, 9),
        (True, True, 9),
    ]
    assert promised(plan, drawn(plan, truth, n=20), screened(plan))["p0000"].keeps  # of 20 a share's range tells
    assert known["p0000"].why.words() == (
        "every replication keeps its promise, too few to be sure: patrols done 100.0 %, where at least 60 % is promised"
    )
    rule = rule_of(plan, runs, screened(plan))
    summary = tables.summary_table(plan, runs, rule, known, 0.95).spoken()
    units = {response: runs.unit(response) for response in plan.study.asked}
    said = next(iter(sentences.sentences(plan, {"summary": summary}, units, words_of(plan))))
    assert said.startswith("In every replication the promise (patrols done at least 60 %) was kept at ")
    assert "1 keep it, 1 break it, and 2 may do either or cannot be judged: values that are the same" in said
    heat = (
        tables.findings(plan, runs, rule, known, screened(plan), Outcome(pl.DataFrame(), (), ())).tables["heat"].table
    )
    cells = {(x, y): (keeps, kept_in) for x, y, keeps, kept_in in
             heat.select("x_level", "y_level", "keeps", "kept_in").iter_rows()}  # fmt: skip
    assert list(cells.values()) == [(one.keeps, one.kept_in) for one in known.values()]


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
