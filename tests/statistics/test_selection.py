"""Intervals against the best and selection of the best, tested as statistics."""

import numpy as np
import pytest
from scipy import stats
from setups.stations import mean_waits, true_waits

from sim.statistics.best import (
    Caveat,
    Dropped,
    against_best,
    best_intervals,
    kim_nelson_eta,
    select_best,
    variances_of_differences,
)
from sim.statistics.cheapest import Promise, select_cheapest

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
    rng, trials, n, confidence = np.random.default_rng(7), 2000, 8, 0.9
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


def searched(draw, k, trials, **arguments):
    return [select_best(draw, k, **arguments) for _ in range(trials)]


def normal_draw(rng, means, correlation=0.0, sd=1.0):
    """Paired replications of designs of these means, of one variance and correlation."""
    means = np.asarray(means, dtype=float)

    def draw(designs, n):
        common = rng.normal(size=(n, 1)) * np.sqrt(correlation)
        return means[designs] + sd * (common + rng.normal(size=(n, len(designs))) * np.sqrt(1 - correlation))

    return draw


def assert_as_often(hits, trials, confidence):
    """Fail only where there are significantly fewer than promised."""
    assert stats.binom.cdf(hits, trials, confidence) > FALSE_ALARM, f"{hits} of {trials}"


SLIPPAGE = [(k, correlation) for k in (2, 5, 10) for correlation in (0.0, 0.8)]


def slippage(k, correlation, trials, seed):
    """Search k designs of which one is better than all others by just the zone."""
    zone, best = 10**-0.5, k - 1
    means = np.where(np.arange(k) == best, -zone, 0.0)
    found = searched(
        normal_draw(np.random.default_rng(seed), means, correlation), k, trials, zone=zone, confidence=0.95, block=20
    )
    assert all(not one.caveat for one in found)
    assert_as_often(sum(one.best == best for one in found), trials, 0.95)
    return found


@pytest.mark.parametrize(("k", "correlation"), SLIPPAGE)
def test_the_best_is_chosen_as_often_as_promised_in_the_slippage_configuration(k, correlation):
    found = slippage(k, correlation, 120, 3)
    spent = np.mean([one.used.sum() for one in found]) / k
    # common random numbers save replications: independent ones need about 80 of each of five designs
    assert spent < 40 if correlation else spent > 40


@pytest.mark.long
@pytest.mark.parametrize(("k", "correlation"), SLIPPAGE)
def test_the_best_is_chosen_as_often_as_promised_in_many_searches(k, correlation):
    slippage(k, correlation, 5000, 30)


EQUAL = [
    ((0, 0, 0, 0), 0.0),
    ((0, 0.1, 0.2, 0.9, 0.9), 0.0),
    ((0, 0.1, 1.2, 1.2), 0.8),
    ((0, 0.3, 0.55, 0.55), 0.5),
    ((0, 0.4) + (0.5,) * 8, 0.5),
]


def good_choices(means, correlation, trials, seed):
    """Search designs of which several are within the zone of the best; any of these is a good choice."""
    zone = 0.5
    draw = normal_draw(np.random.default_rng(seed), means, correlation)
    found = searched(draw, len(means), trials, zone=zone, confidence=0.9, block=20)
    assert_as_often(sum(means[one.best] - min(means) < zone for one in found), trials, 0.9)


@pytest.mark.parametrize(("means", "correlation"), EQUAL)
def test_a_design_within_the_zone_of_the_best_is_a_good_choice(means, correlation):
    good_choices(means, correlation, 120, 4)


@pytest.mark.long
@pytest.mark.parametrize(("means", "correlation"), EQUAL)
def test_a_design_within_the_zone_is_chosen_in_many_searches(means, correlation):
    good_choices(means, correlation, 5000, 40)


def served(pool, trial, per_trial):
    """Serve a search from a slice of replications of its own, each design from where it stands."""
    values = pool[trial * per_trial : (trial + 1) * per_trial]
    seen = np.zeros(values.shape[1], dtype=int)

    def draw(designs, n):
        assert seen[designs].max() + n <= per_trial
        found = np.stack([values[seen[i] : seen[i] + n, i] for i in designs], axis=1)
        seen[designs] += n
        return found

    return draw


LAYOUTS = {"rates": (1.0, 2.07, 0.665, 0.93), "servers": (2, 1, 3, 2)}  # at an arrival rate of 1.8


@pytest.fixture(scope="module")
def layouts():
    """Mean waits of the first 100 customers of four stations, and their true means."""
    given = (1.8, LAYOUTS["rates"], LAYOUTS["servers"])
    return mean_waits(np.random.default_rng(11), 40_000, *given, 100), true_waits(*given, 100)


def test_the_stations_have_the_means_of_theory(layouts):
    waits, truth = layouts
    assert np.abs(waits.mean(axis=0) - truth).max() < 4 * (waits.std(axis=0) / len(waits) ** 0.5).max()


def test_the_best_station_is_found_as_often_as_promised(layouts):
    waits, truth = layouts
    gap, trials = np.sort(truth)[1] - truth.min(), 200
    found = [
        select_best(served(waits, trial, 200), 4, zone=gap, confidence=0.9, block=5, most=200)
        for trial in range(trials)
    ]
    assert_as_often(sum(one.best == truth.argmin() and not one.caveat for one in found), trials, 0.9)
    spent = np.mean([one.used for one in found], axis=0)
    assert spent[[0, 3]].max() < 0.7 * spent[[1, 2]].min()  # of the two that are close, most replications


def test_the_cheapest_station_that_keeps_a_promise_on_the_wait_is_found_as_often_as_promised():
    given, trials = (1.8, (1.0, 1.0, 1.0, 1.0), (5, 4, 3, 2)), 100
    waits = mean_waits(np.random.default_rng(12), 40_000, *given, 60)[:, :, None]
    truth = true_waits(*given, 60)
    promise = Promise(limit=truth[2] + 0.15, tolerance=0.15)  # three servers keep it by just the tolerance
    assert truth[3] > promise.limit + promise.tolerance
    found = [
        select_cheapest(served(waits, trial, 400), [5, 4, 3, 2], [promise], confidence=0.9) for trial in range(trials)
    ]
    assert_as_often(sum(one.best == 2 for one in found), trials, 0.9)
    assert all(one.designs[0].used == 0 for one in found if one.best == 2)


MORE = ((1.0, 2.0, 0.7, 0.5, 1.1, 2.2, 0.75, 0.55, 1.05, 0.4), (2, 1, 3, 4, 2, 1, 3, 4, 2, 5))


def all_at_once(samples, truth, confidence):
    """Return whether the intervals against the best all hold."""
    gaps = np.array([truth[i] - np.delete(truth, i).min() for i in range(len(truth))])
    found = against_best(samples, confidence)
    return bool(np.all((found.low <= gaps + 1e-12) & (gaps - 1e-12 <= found.high)))


@pytest.mark.parametrize("k", [4, 10])
def test_intervals_against_the_best_station_hold_together(k):
    trials, n = 1000, 15
    given = (1.8, MORE[0][:k], MORE[1][:k])
    waits = mean_waits(np.random.default_rng(13), trials * n, *given, 60)
    truth = true_waits(*given, 60)
    assert_as_often(sum(all_at_once(waits[n * i : n * i + n], truth, 0.95) for i in range(trials)), trials, 0.95)


@pytest.mark.parametrize("correlation", [0.5, 0.95])
@pytest.mark.parametrize("k", [4, 10])
def test_intervals_against_the_best_hold_together_for_correlated_normals(k, correlation):
    trials, n = 1500, 10
    for means in (np.linspace(0, 1, k), np.where(np.arange(k) == 1, -3.0, 0.0)):
        draw = normal_draw(np.random.default_rng(14), means, correlation)
        hits = sum(all_at_once(draw(np.arange(k), n), means, 0.95) for _ in range(trials))
        assert_as_often(hits, trials, 0.95)


def fixed_draw(values):
    """Replications that are the same whenever they are drawn, and how many of each design were asked for."""
    return served(values, 0, len(values))


@pytest.mark.parametrize("block", [3, 16, 500])
def test_blocks_change_no_decision(block):
    values = np.random.default_rng(8).normal(size=(600, 5)) + np.array([0, 0.1, 0.3, 0.6, 2.0])
    alone = select_best(fixed_draw(values), 5, zone=0.4, most=600)
    found = select_best(fixed_draw(values), 5, zone=0.4, most=600, block=block)
    assert (found.best, found.dropped, not found.caveat) == (alone.best, alone.dropped, not alone.caveat)
    assert found.used.tolist() == alone.used.tolist() == alone.drawn.tolist()
    assert np.all((found.used <= found.drawn) & (found.drawn < found.used + block))
    assert len(alone.dropped) == 4
    assert [one.after for one in alone.dropped] == sorted(alone.used[[one.design for one in alone.dropped]])


def test_it_is_told_when_each_design_was_dropped_and_by_which():
    values = 0.1 * np.random.default_rng(5).normal(size=(300, 3)) + np.array([0.0, 0.03, 100.0])
    found = select_best(fixed_draw(values), 3, zone=0.03, first=5)
    assert found.dropped[0] == Dropped(design=2, after=20, by=int(values[:20, :2].mean(axis=0).argmin()))
    assert (found.dropped[1].design, found.dropped[1].by) == (1, 0)
    assert found.dropped[1].after == found.used[1] == found.used[0] > 20


def test_designs_with_the_same_values_are_not_run_for_ever():
    values = np.repeat(np.random.default_rng(15).normal(size=(100, 1)), 3, axis=1)
    found = select_best(fixed_draw(values), 3, zone=0.1)
    assert found.best == 0
    assert [one.design for one in found.dropped] == [1, 2]
    assert found.used.tolist() == [20, 20, 20]
    assert found.caveat is Caveat.NO_SPREAD  # the three may differ in what was not seen


@pytest.mark.parametrize("ahead", [0.5, 10.0])
def test_a_design_that_is_ahead_by_the_same_in_every_replication_is_not_surely_the_best(ahead):
    one = np.random.default_rng(16).normal(40, 3, size=100)
    values = np.stack([one, one - ahead, one + 20 + 0.1 * np.random.default_rng(17).normal(size=100)], axis=1)
    found = against_best(values[:20])
    assert found.high[1] == np.inf
    assert found.low[2] == 0  # surely not the best: its differences vary, and show it
    assert select_best(fixed_draw(values), 3, zone=0.1).caveat is Caveat.NO_SPREAD
    still = against_best(np.array([[0.0, 0.5]] * 20))  # two points of which nothing was seen
    assert np.isinf(still.high).all() or np.isinf(still.low).all()


def test_a_withheld_replication_is_named_if_it_is_looked_at():
    values = 0.1 * np.random.default_rng(16).normal(size=(40, 3)) + np.array([0.0, 0.01, 9.0])
    values[12, 1:] = np.nan
    message = "draw must return finite values, got nan for design 1 in replication 12"
    with pytest.raises(ValueError, match=message):
        select_best(fixed_draw(values), 3, zone=0.02, block=8)  # design 2 is out before
    values[3, 0] = np.inf
    with pytest.raises(ValueError, match="got -inf for design 0 in replication 3"):
        select_best(fixed_draw(values), 3, zone=0.02)


def test_designs_that_are_clearly_beaten_are_dropped_after_the_first_stage():
    rng = np.random.default_rng(5)

    def draw(designs, n):
        return rng.normal(size=(n, len(designs))) * 0.1 + 100.0 * designs

    found = select_best(draw, 4, zone=1.0, first=5)
    assert found.best == 0
    assert found.used.tolist() == [20, 20, 20, 20]


def test_a_budget_ends_the_search():
    rng = np.random.default_rng(6)
    found = select_best(lambda designs, n: rng.normal(size=(n, len(designs))), 3, zone=0.001, first=5, most=20)
    assert found.used.tolist() == [20, 20, 20]
    assert found.caveat is Caveat.MOST


def test_the_first_stage_of_skewed_values_goes_on_and_gives_no_guarantee_where_they_are_too_skewed():
    rng = np.random.default_rng(17)
    values = np.stack([rng.lognormal(0, 1, size=2000), rng.normal(30, 0.1, size=2000)], axis=1)
    found = select_best(fixed_draw(values), 2, zone=1.0)
    assert not found.caveat
    assert found.used[0] in (40, 80, 160, 320)
    short = select_best(fixed_draw(values), 2, zone=1.0, most=20)
    assert (short.best, short.caveat) == (0, Caveat.TOO_SKEWED)
    few = select_best(
        fixed_draw(values[:, :1] + np.array([0.0, 1.0]) + rng.normal(size=(2000, 2))), 2, zone=9.0, most=12
    )
    assert few.caveat is Caveat.MOST


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
        ({"k": 3, "zone": 1, "most": 9}, "most must be at least first, 10, got 9"),
        ({"k": 3, "zone": 1, "block": 0}, "block must be at least 1, got 0"),
    ],
)
def test_arguments_are_checked(arguments, message):
    k = arguments.pop("k")
    with pytest.raises(ValueError, match=message):
        select_best(lambda designs, n: np.zeros((n, len(designs))), k, **arguments)


def test_a_draw_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"draw must return an array of shape \(10, 3\), got \(3, 10\)"):
        select_best(lambda designs, n: np.zeros((len(designs), n)), 3, zone=1)


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


def test_half_widths_of_even_differences_are_those_of_paired_t_over_all_pairs():
    half = np.random.default_rng(9).normal(size=(10, 3))
    x = np.concatenate([half, -half]) + np.array([0.0, 5.0, 9.0])
    found = against_best(x, 0.95)
    quantile = stats.t.ppf(1 - 0.05 / (3 * 2), 19)
    for i, best in ((1, 0), (2, 0)):
        width = quantile * np.std(x[:, i] - x[:, best], ddof=1) / np.sqrt(20)
        assert found.high[i] - found.estimate[i] == pytest.approx(width)
