"""The front of cost and measure."""

import numpy as np
import pytest

from sim.statistics.pareto import pareto

NOISE = np.array([-1.0, 0.0, 1.0])


def test_the_front_is_what_nothing_beats_at_its_cost():
    table = pareto(
        ["cheap", "dear", "beaten", "best"],
        [1, 5, 4, 3],
        [9 + NOISE, 4 + 1.01 * NOISE, 6 + 0.99 * NOISE, 5 + 1.02 * NOISE],
    )
    assert table["front"].to_list() == [True, True, False, True]
    assert table["surely"].to_list() == [True, True, True, True]  # nearly the same noise everywhere
    assert table["mean"].to_list() == pytest.approx([9, 4, 6, 5])
    assert table["keeps"].to_list() == [None] * 4
    assert table.columns == ["label", "cost", "mean", "low", "high", "front", "keeps", "surely", "n"]


def test_noise_may_have_drawn_the_front():
    loose = np.array([3.0, 7.0, 4.9])  # mean just below 5, as likely above
    table = pareto(["a", "b"], [1, 2], [5 + 0 * NOISE, loose])
    assert table["front"].to_list() == [True, True]
    assert table["surely"].to_list() == [True, False]
    table = pareto(["a", "b"], [1, 2], [5 + 0 * NOISE, loose + 0.1])
    assert table["front"].to_list() == [True, False]
    assert table["surely"].to_list() == [True, False]


def test_equal_points_are_both_on_the_front_and_an_equal_one_that_costs_more_is_not():
    table = pareto(["a", "b", "c"], [1, 1, 2], [NOISE, NOISE, NOISE])
    assert table["front"].to_list() == [True, True, False]
    assert table["surely"].to_list() == [False, False, False]  # what never varies does not show how it varies


def test_more_may_be_better():
    table = pareto(["a", "b"], [1, 2], [NOISE, NOISE - 1], smaller_is_better=False)
    assert table["front"].to_list() == [True, False]


def test_a_point_that_breaks_a_promise_or_is_withheld_is_no_choice_and_beats_nobody():
    values = [NOISE, NOISE + 1, NOISE * np.nan, [], NOISE + 2]
    table = pareto(
        ["broken", "kept", "withheld", "impossible", "dear"], [1, 2, 1, 1, np.nan], values, [False] + [True] * 4
    )
    assert table["front"].to_list() == [False, True, False, False, False]
    assert table["surely"].to_list() == [None, True, None, None, None]
    assert table["n"].to_list() == [3, 3, 3, 0, 3]
    assert table["mean"].is_nan().to_list() == [False, False, True, True, False]


def test_of_points_with_promises_only_those_known_to_keep_them_are_on_the_front():
    table = pareto(["may break", "kept", "also"], [1, 2, 3], [NOISE, NOISE + 1, 2 + 1.01 * NOISE], [None, True, True])
    assert table["front"].to_list() == [False, True, False]
    assert table["surely"].to_list() == [None, True, True]
    assert table["keeps"].to_list() == [None, True, True]


def test_a_point_that_may_be_chosen_is_on_the_front_though_its_promise_is_only_kept_as_far_as_is_seen():
    values = [NOISE, NOISE + 1, NOISE - 1]
    table = pareto(["as seen", "kept", "broken"], [1, 2, 1], values, [None, True, False], may_be=[True, True, False])
    assert table["front"].to_list() == [True, False, False]
    assert table["keeps"].to_list() == [None, True, False]


def test_points_of_different_numbers_of_replications_are_paired_over_those_in_common():
    table = pareto(["a", "b"], [1, 2], [np.array([5.0, 6.0, 7.0]), np.array([4.0, 5.0, 6.0, 100.0])])
    assert table["front"].to_list() == [True, False]  # by the mean over all
    assert table["surely"].to_list() == [True, False]  # not by those in common


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="must be of each of 2 labels, got 1, 2 and 2"):
        pareto(["a", "b"], [1], [NOISE, NOISE])
