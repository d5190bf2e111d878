"""Intervals against the best and selection of the best, tested as statistics."""

import numpy as np
import pytest
from scipy import stats

from sim.selection import against_best, best_intervals, kim_nelson_eta, select_best, variances_of_differences

FALSE_ALARM = 1e-6


def test_intervals_without_error_are_the_gaps():
    found = best_intervals([50.036, 49.236, 44.35, 48.778], 0.0)
    assert found.estimate == pytest.approx([5.686, 4.886, -4.428, 4.428])
    assert found.high == pytest.approx([5.686, 4.886, 0, 4.428])
    assert found.low == pytest.approx([0, 0, -4.428, 0])


def test_where_larger_is_better_the_signs_turn():
    small = best_intervals([1.0, 2.0, 4.0], 0.5)
    large = best_intervals([-1.0, -2.0, -4.0], 0.5, smaller_is_better=False)
    assert large.estimate == pytest.approx(-small.estimate)
    assert large.low == pytest.approx(-small.high)
    assert large.high == pytest.approx(-small.low)


def test_variances_of_differences_are_those_of_the_differences():
    x = np.random.default_rng(0).normal(size=(30, 4)) @ np.array(
        [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 2], [0, 0, 0, 1]]
    )
    found = variances_of_differences(x)
    for i in range(4):
        for j in range(4):
            assert found[i, j] == pytest.approx(np.var(x[:, i] - x[:, j], ddof=1), abs=1e-12)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
@pytest.mark.parametrize("means", [(0, 0, 0, 0), (0, 0.3, 0.3, 2.0)])
def test_intervals_against_the_best_hold_together_as_often_as_they_say(means, correlation):
    rng, trials, n, confidence = np.random.default_rng(7), 4000, 8, 0.9
    means = np.array(means, dtype=float)
    truth = np.array([means[i] - np.delete(means, i).min() for i in range(len(means))])
    hits = 0
    for _ in range(trials):
        common = rng.normal(size=(n, 1)) * np.sqrt(correlation)
        found = against_best(means + common + rng.normal(size=(n, len(means))) * np.sqrt(1 - correlation), confidence)
        hits += bool(np.all((found.low <= truth + 1e-12) & (truth - 1e-12 <= found.high)))
    assert stats.binom.cdf(hits, trials, confidence) > FALSE_ALARM


def test_the_constant_is_that_of_kim_and_nelson():
    assert kim_nelson_eta(5, 10, 0.05) == pytest.approx(0.63496727, abs=1e-8)


def chosen_rate(draw, k, right, trials, **arguments):
    found = [select_best(draw, k, **arguments) for _ in range(trials)]
    return sum(one.best in right for one in found), np.mean([one.spent.sum() for one in found])


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_the_best_is_chosen_as_often_as_promised_in_the_slippage_configuration(correlation):
    rng, trials, zone = np.random.default_rng(3), 400, 10**-0.5

    def draw(designs, n):
        common = rng.normal(size=(n, 1)) * np.sqrt(correlation)
        return common + rng.normal(size=(n, len(designs))) * np.sqrt(1 - correlation) - zone * (designs == 2)

    hits, spent = chosen_rate(draw, 5, {2}, trials, zone=zone, confidence=0.95)
    assert stats.binom.cdf(hits, trials, 0.95) > FALSE_ALARM
    if correlation:
        assert spent < 150  # common random numbers save replications: independent ones need about 400


def test_a_design_within_the_zone_of_the_best_is_a_good_choice():
    rng, trials = np.random.default_rng(4), 300

    def draw(designs, n):
        return rng.normal(size=(n, len(designs))) + np.array([0.0, 0.1, 1.2, 1.2])[designs]

    hits, _ = chosen_rate(draw, 4, {0, 1}, trials, zone=0.5, confidence=0.9)
    assert stats.binom.cdf(hits, trials, 0.9) > FALSE_ALARM


def test_designs_that_are_clearly_beaten_are_dropped_after_the_first_stage():
    rng = np.random.default_rng(5)

    def draw(designs, n):
        return rng.normal(size=(n, len(designs))) * 0.1 + 100.0 * designs

    found = select_best(draw, 4, zone=1.0, first=5)
    assert found.best == 0
    assert found.spent.tolist() == [5, 5, 5, 5]


def test_a_budget_ends_the_search():
    rng = np.random.default_rng(6)
    found = select_best(lambda designs, n: rng.normal(size=(n, len(designs))), 3, zone=0.001, first=5, most=20)
    assert found.spent.max() == 20


def test_best_without_spread_is_told():
    found = select_best(lambda designs, n: np.tile(designs.astype(float), (n, 1)), 3, zone=0.5)
    assert found.best == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 1, "zone": 1}, "k must be at least 2, got 1"),
        ({"k": 3, "zone": 0}, "zone must be above 0, got 0"),
        ({"k": 3, "zone": 1, "confidence": 0.3}, "confidence must be between 1/3 and 1, got 0.3"),
        ({"k": 3, "zone": 1, "first": 1}, "first must be at least 2, got 1"),
    ],
)
def test_arguments_are_checked(arguments, message):
    k = arguments.pop("k")
    with pytest.raises(ValueError, match=message):
        select_best(lambda designs, n: np.zeros((n, len(designs))), k, **arguments)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([[1.0, 2.0]], r"samples must be of at least two replications of two designs, got shape \(1, 2\)"),
        ([[1.0, 2.0], [1.0, np.nan]], "samples must be finite, got nan"),
    ],
)
def test_samples_are_checked(samples, message):
    with pytest.raises(ValueError, match=message):
        against_best(samples)


def test_means_and_widths_are_checked():
    with pytest.raises(ValueError, match="means must be of at least two designs"):
        best_intervals([1.0], 0.0)
    with pytest.raises(ValueError, match="half_widths must be at least 0, got -1"):
        best_intervals([1.0, 2.0], -1.0)


def test_half_widths_are_those_of_paired_t_over_all_pairs():
    x = np.random.default_rng(9).normal(size=(12, 3)) + np.array([0.0, 5.0, 9.0])
    found = against_best(x, 0.95)
    quantile = stats.t.ppf(1 - 0.05 / (3 * 2), 11)
    for i, best in ((1, 0), (2, 0)):
        width = quantile * np.std(x[:, i] - x[:, best], ddof=1) / np.sqrt(12)
        assert found.high[i] - found.estimate[i] == pytest.approx(width)
