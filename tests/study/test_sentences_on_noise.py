"""Sentences on points whose truth is known: nothing is called the strongest, the best or the worst that is not so."""

from functools import cache

import pytest
from scipy import stats
from setups.known_truth import drawn, normal, screened
from setups.studies import plan as planned

from sim.study.budget.outcome import Outcome
from sim.study.budget.promises import promised
from sim.study.budget.withholding import rule_of
from sim.study.findings import sentences, tables
from sim.study.findings.naming import words_of

FALSE_ALARM = 1e-3
RESPONSE = "counter_wait_mean"
MOVES, MAY_MOVE = "moves it most", "may move it most"
BEST, WORST = "(the best with 95% confidence)", "(the worst with 95% confidence)"


@cache
def plan_of(kind="grid"):
    """Return the plan of a study of two factors, of five levels and of two, or of a sample of both."""
    factors = {"grid.households": [200, 250, 300, 350, 400], "district.built_up_km2": [2, 4]}
    if kind == "lhs":
        factors = {"grid.households": "interval(200,400)", "district.built_up_km2": "interval(2.0,4.0)"}
        kind = {"kind": "lhs", "n": 24}
    return planned(factors=factors, design=kind, responses=[RESPONSE])


def said(mean, seed=0, kind="grid", n=10):
    """Return the sentences on points with these means, by households and built-up area, with unit spread."""
    plan = plan_of(kind)
    levels = {
        point.name: [float(tables.level_of(plan, point.setting, factor)) for factor in plan.factors]
        for point in plan.points
    }
    laws = {(name, RESPONSE): normal(mean(*at), 1.0) for name, at in levels.items()}
    runs, shown = drawn(plan, laws, seed, n), screened(plan)
    rule, known = rule_of(plan, runs, shown), promised(plan, runs, shown)
    made = {"summary": tables.summary_table(plan, runs, rule, known, plan.confidence)}
    made |= tables.findings(plan, runs, rule, known, shown, Outcome(None, (), ())).tables
    units = {response: runs.unit(response) for response in plan.study.asked}
    spoken = {name: table.spoken() for name, table in made.items()}
    return " ".join(sentences.sentences(plan, spoken, units, words_of(plan)))


@pytest.mark.parametrize("kind", ["grid", "lhs"])
@pytest.mark.parametrize("trials", [20, 400])
def test_of_noise_alone_nothing_is_called_the_strongest_the_best_or_the_worst(kind, trials):
    each = [said(lambda *_: 9.0, seed, kind) for seed in range(trials)]
    most = stats.binom(trials, 0.05).ppf(1 - FALSE_ALARM)
    for false in ([MOVES, MAY_MOVE], [BEST], [WORST]):
        assert sum(any(words in one for words in false) for one in each) <= most
    assert "no factor moves it beyond the noise." in each[0]


def test_the_factor_that_moves_a_response_most_is_named_where_the_intervals_tell():
    text = said(lambda households, built_up: 9 + households / 10 + 4 * built_up)
    assert MOVES in text
    assert MAY_MOVE not in text
    assert text.index("grid.households") < text.index(MOVES)
    assert BEST in text
    assert WORST in text
    assert text.endswith(
        "With 95% confidence hold together, for one response: what is said of the best point, and of the worst, "
        "against all others; what is said to move it, over all levels of all factors. Intervals of means hold each on "
        "its own."
    )


def test_of_two_factors_that_move_a_response_alike_both_are_named():
    text = said(lambda households, built_up: 9 + households / 20 + 5 * built_up)
    assert "grid.households or district.built_up_km2 may move it most" in text or (
        "district.built_up_km2 or grid.households may move it most" in text
    )


def test_the_worst_is_one_of_several_where_they_are_not_told_apart():
    text = said(lambda households, built_up: 9 + 20 * (households > 350))
    assert "(one of 2 that may be worst)" in text
    assert "that may be best)" in text


def test_a_middle_level_that_moves_a_response_is_told_by_a_tornado():
    text = said(lambda households, built_up: 9 + 5 * (households == 300), kind="one_at_a_time")
    assert "it moves with grid.households" in text
