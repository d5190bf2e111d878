"""Statistics tested as statistics: by coverage, error rate, and cases worked by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from sim.statistics.descriptive import (
    gini,
    mean_with_open,
    quantile_interval_ranks,
    quantile_with_open,
    restricted_mean,
)
from sim.statistics.intervals import (
    Difference,
    exactly,
    half_width,
    mean_interval,
    paired_difference,
    simultaneous,
    without_interval,
)
from sim.statistics.mser5 import mser5, warm_up
from sim.statistics.verdicts import Verdict, replications_needed, verdict

NAN = math.nan


def missed(interval, truth):
    """Return whether an interval is given and does not hold the truth."""
    return interval.low > truth or interval.high < truth


def at_most(n_hits, n_trials, p):
    """Return whether a count agrees with a probability of at most p."""
    return n_hits - n_trials * p <= 4 * math.sqrt(n_trials * p * (1 - p))


def within_four_errors(n_hits, n_trials, p):
    """Return whether a count agrees with a binomial law."""
    return abs(n_hits - n_trials * p) <= 4 * math.sqrt(n_trials * p * (1 - p))


def student(d):
    """Return the p-value of the t test that a difference is 0."""
    return 2 * stats.t.sf(abs(d.estimate) * math.sqrt(d.n) / d.sd, d.freedom)


# mean_interval


def test_interval_of_five_values_by_hand():
    interval = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.7764451051977987 * math.sqrt(2.5 / 5)  # Student's t with 4 degrees of freedom, 0.975
    assert interval.estimate == 3.0
    assert (interval.low, interval.high) == pytest.approx((3 - half, 3 + half))
    assert interval.half_width == pytest.approx(half)
    assert interval.n == 5


def test_the_interval_of_even_values_agrees_with_scipy_at_any_confidence():
    half = np.random.default_rng(1).gamma(2.0, size=10)
    values = np.concatenate([half, -half])  # without skewness, and not so few that they might hide some
    for confidence in (0.5, 0.9, 0.999, 0.999999):
        interval = mean_interval(values, confidence)
        expected = stats.ttest_1samp(values, 0.0).confidence_interval(confidence)
        assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_one_replication_has_an_estimate_but_no_interval():
    interval = mean_interval([7.0])
    assert (interval.estimate, interval.n) == (7.0, 1)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert math.isnan(interval.half_width)


@pytest.mark.parametrize("values", [[0.1] * 10, [0.1] * 9 + [0.1 + 1e-17]])  # whose mean in floats is not 0.1
def test_equal_values_have_no_interval_and_say_why(values):
    interval = mean_interval(values)
    assert interval.estimate == pytest.approx(0.1)
    assert math.isnan(interval.low)
    assert interval.same
    assert without_interval(interval) == "the same in all 10 replications, which does not show how it varies"
    exact = exactly(interval)
    assert (exact.low, exact.high) == (exact.estimate, exact.estimate)
    assert not exact.why_none


@pytest.mark.parametrize("values", [[1.0, NAN, 2.0], [1.0, math.inf], [math.inf, -math.inf], []])
def test_one_withheld_replication_withholds_the_mean(values):
    interval = mean_interval(values)
    assert math.isnan(interval.estimate)
    assert math.isnan(interval.low)
    assert interval.n == len(values)


@pytest.mark.parametrize("n", [2, 20])
def test_coverage_of_the_t_interval(n):
    rng = np.random.default_rng(2024)
    trials = 2000
    intervals = [mean_interval(rng.normal(3.0, 2.0, n), 0.9) for _ in range(trials)]
    misses = sum(missed(i, 3.0) for i in intervals)
    assert at_most(misses, trials, 0.1)
    assert misses > 0.4 * 0.1 * trials  # no interval is so wide that it says nothing


# paired_difference


def test_paired_difference_by_hand():
    d = paired_difference([1.0, 2.0, 3.0, 4.0], [3.0, 3.0, 5.0, 5.0])
    assert d.estimate == 1.5  # differences 2, 1, 2, 1: variance 1/3
    half = 3.182446305284263 * math.sqrt(1 / 12)
    assert (d.low, d.high) == pytest.approx((1.5 - half, 1.5 + half))
    assert d.half_width == pytest.approx(half)
    assert d.sd == pytest.approx(math.sqrt(1 / 3))
    assert d.variance_ratio == pytest.approx((1 / 3) / (5 / 3 + 4 / 3))
    assert d.correlation == pytest.approx(np.corrcoef([1, 2, 3, 4], [3, 3, 5, 5])[0, 1])
    assert student(d) == pytest.approx(stats.ttest_rel([3, 3, 5, 5], [1, 2, 3, 4]).pvalue)
    assert (d.family_size, d.n) == (1, 4)


def test_a_difference_is_other_minus_baseline():
    assert paired_difference([10.0, 11.0], [1.0, 3.0]).estimate == -8.5


def test_equal_vectors_differ_by_exactly_nothing():
    values = np.random.default_rng(3).exponential(size=8)
    d = paired_difference(values, values.copy())
    assert (d.estimate, d.sd, d.same) == (0, 0, True)
    assert math.isnan(d.low)
    assert (d.correlation, d.variance_ratio) == (1, 0)


def test_constant_vectors_have_no_correlation():
    same = paired_difference([2.0, 2.0, 2.0], [2.0, 2.0, 2.0])
    assert (same.estimate, same.same, math.isnan(same.low)) == (0, True, True)
    assert math.isnan(same.correlation)
    assert math.isnan(same.variance_ratio)
    apart = paired_difference([2.0, 2.0, 2.0], [3.0, 3.0, 3.0])
    assert (apart.estimate, apart.same, math.isnan(apart.high)) == (1, True, True)
    half = paired_difference([2.0, 2.0, 2.0], [1.0, 2.0, 4.0])
    assert math.isnan(half.correlation)
    assert half.variance_ratio == pytest.approx(1.0)


def test_a_withheld_value_on_either_side_withholds_the_difference():
    for d in (paired_difference([1.0, NAN], [1.0, 2.0]), paired_difference([1.0, 2.0], [math.inf, 2.0])):
        assert all(math.isnan(x) for x in (d.estimate, d.low, d.high, d.sd, d.correlation))
        assert (d.n, d.family_size) == (2, 1)


def test_one_pair_has_an_estimate_but_no_interval():
    d = paired_difference([1.0], [4.0])
    assert d.estimate == 3.0
    assert all(math.isnan(x) for x in (d.low, d.high, d.sd, d.correlation, d.variance_ratio))


def test_variance_ratio_measures_what_common_random_numbers_save():
    rng = np.random.default_rng(4)
    common = rng.normal(size=4000)
    baseline, other = common + 0.5 * rng.normal(size=4000), common + 0.5 * rng.normal(size=4000)
    crn = paired_difference(baseline, other)
    assert crn.variance_ratio == pytest.approx(1 - crn.correlation, rel=0.02)  # equal variances
    independent = paired_difference(baseline, rng.permutation(other))
    assert independent.variance_ratio == pytest.approx(1.0, abs=4 / math.sqrt(4000))


def test_coverage_of_the_paired_interval():
    rng = np.random.default_rng(5)
    trials, misses, rejected = 3000, 0, 0
    for _ in range(trials):
        common = rng.normal(size=8)
        d = paired_difference(common + 0.3 * rng.normal(size=8), common + 1.0 + 0.3 * rng.normal(size=8))
        misses += missed(d, 1.0)
        null = paired_difference(common, common + 0.3 * rng.normal(size=8))
        rejected += student(null) <= 0.05
    assert at_most(misses, trials, 0.05)
    assert within_four_errors(rejected, trials, 0.05)


# simultaneous


def null_family(rng, k, n):
    """Return k pairs of one baseline with independent differences, none of them true."""
    baseline = rng.normal(size=n)
    return [(baseline, baseline + rng.normal(size=n)) for _ in range(k)]


def test_joint_coverage_of_a_family():
    rng = np.random.default_rng(6)
    trials, k, joint, single = 1500, 6, 0, 0
    for _ in range(trials):
        pairs = null_family(rng, k, 10)
        family = simultaneous(pairs)
        joint += any(missed(d, 0) for d in family)
        single += any(missed(paired_difference(*pair), 0) for pair in pairs)
    assert at_most(joint, trials, 0.05)
    assert single > 2 * joint


def test_joint_coverage_of_a_strongly_null_family():
    rng = np.random.default_rng(7)
    trials, k, n = 1000, 8, 6
    misses = 0
    for _ in range(trials):
        baseline, shared = rng.normal(size=n), rng.normal(size=n)
        family = simultaneous([(baseline, baseline + shared + 0.3 * rng.normal(size=n)) for _ in range(k)])
        misses += any(missed(d, 0) for d in family)
    assert at_most(misses, trials, 0.05)


def test_a_family_counts_only_what_it_shows():
    rng = np.random.default_rng(8)
    pairs = null_family(rng, 3, 9)
    withheld = (np.full(9, NAN), np.ones(9))
    family = simultaneous([pairs[0], withheld, pairs[1], ([1.0], [2.0]), pairs[2]], 0.9)
    assert [d.family_size for d in family[::2]] == [3, 3, 3]
    assert math.isnan(family[1].estimate)
    assert family[3].estimate == 1.0
    for d, pair in zip(family[::2], pairs, strict=True):
        alone = paired_difference(*pair, confidence=1 - 0.1 / 3)
        student = stats.t.ppf(1 - 0.05 / 3, 8) * d.sd / 3
        assert d.half_width >= student == pytest.approx(half_width(d.sd, 9, 1 - 0.1 / 3))
        assert (d.estimate, d.sd) == (alone.estimate, alone.sd)


def test_what_was_said_beforehand_holds_together_alone_and_others_show_how_skewed_the_family_is():
    rng = np.random.default_rng(9)
    pairs = null_family(rng, 40, 9)
    claimed, family = simultaneous(pairs, claimed=2), simultaneous(pairs)
    assert [d.family_size for d in claimed] == [2, 2]
    narrower = half_width(1, 9, 0.95, 2) / half_width(1, 9, 0.95, 40)
    for one, among in zip(claimed, family, strict=False):
        assert (one.estimate, one.sd) == (among.estimate, among.sd)
        assert one.half_width / among.half_width == pytest.approx(narrower)


@pytest.mark.long
@pytest.mark.parametrize("law", ["normal", "exponential", "lognormal"])
def test_what_was_said_beforehand_is_covered_among_others_of_another_law(law):
    rng = np.random.default_rng(10)
    trials, misses = 1000, 0
    for _ in range(trials):
        claims = {
            "normal": lambda: rng.normal(size=(2, 6)),
            "exponential": lambda: rng.exponential(size=(2, 6)) - 1,
            "lognormal": lambda: np.exp(0.5 * rng.normal(size=(2, 6))) - np.exp(0.125),
        }[law]()
        pairs = [(np.zeros(6), values) for values in (*claims, *rng.normal(size=(20, 6)))]
        misses += any(missed(d, 0) for d in simultaneous(pairs, claimed=2))
    assert at_most(misses, trials, 0.05)


def test_values_without_spread_have_no_interval_and_are_not_counted():
    varies = ([1.0, 2.0, 4.0], [2.0, 2.5, 4.75])
    still, found = simultaneous([([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]), varies])
    assert (still.estimate, still.same, math.isnan(still.low)) == (1, True, True)
    assert found == paired_difference(*varies)


def test_a_family_of_one_or_none():
    pair = ([1.0, 2.0, 4.0], [2.0, 2.5, 4.75])
    assert simultaneous([pair]) == [paired_difference(*pair)]
    assert simultaneous([]) == []
    assert math.isnan(simultaneous([([1.0], [2.0])])[0].low)


# verdict


@pytest.mark.parametrize(
    ("low", "high", "higher", "expected"),
    [
        (2.1, 3.0, True, "better"),
        (2.1, 3.0, False, "worse"),
        (-3.0, -2.1, False, "better"),
        (-3.0, -2.1, True, "worse"),
        (2.0, 3.0, True, "better"),
        (2.0, 2.0, False, "worse"),
        (-2.0, -2.0, False, "better"),
        (-2.0, 2.0, True, "no material difference"),
        (0.5, 1.5, False, "no material difference"),  # surely not zero, surely too little to matter
        (0.0, 0.0, True, "no material difference"),
        (1.0, 3.0, True, "undecided"),
        (-3.0, 3.0, False, "undecided"),
        (-2.5, 1.0, True, "undecided"),
        (NAN, NAN, True, "withheld"),
    ],
)
def test_verdicts_of_intervals(low, high, higher, expected):
    assert verdict(low, high, 2.0, higher) == expected


def test_a_verdict_reads_as_its_words():
    assert str(Verdict.NO_MATERIAL_DIFFERENCE) == "no material difference"
    assert [v.value for v in Verdict] == [
        "better",
        "worse",
        "no material difference",
        "undecided",
        "withheld",
        "not owed",
        "not judged",
    ]


@pytest.mark.parametrize("true_difference", [0.0, 0.5])
def test_false_verdicts_are_as_rare_as_the_confidence_promises(true_difference):
    # equal designs, and a difference of exactly the MID: the worst case of every verdict
    rng = np.random.default_rng(9)
    trials, mid = 2000, 0.5
    counts = dict.fromkeys(Verdict, 0)
    for _ in range(trials):
        common = rng.normal(size=20)
        d = paired_difference(common, common + true_difference + 0.6 * rng.normal(size=20))
        counts[verdict(d.low, d.high, mid, True)] += 1
    most = 0.025 * trials + 4 * math.sqrt(trials * 0.025 * 0.975)
    if true_difference:
        assert 0.01 * trials < counts[Verdict.BETTER] <= most
        assert counts[Verdict.NO_MATERIAL_DIFFERENCE] <= most
        assert counts[Verdict.WORSE] <= most
    else:
        assert counts[Verdict.BETTER] + counts[Verdict.WORSE] <= most
    assert sum(counts.values()) == trials


def test_enough_replications_find_equal_designs_equal_and_unequal_ones_unequal():
    rng = np.random.default_rng(10)
    common = rng.normal(size=400)
    same = paired_difference(common, common + 0.6 * rng.normal(size=400))
    assert verdict(same.low, same.high, 0.5, True) == "no material difference"
    faster = paired_difference(common, common - 1.0 + 0.6 * rng.normal(size=400))
    assert verdict(faster.low, faster.high, 0.5, False) == "better"


# replications_needed


def difference(estimate, sd, n, *, confidence=0.95, family_size=1, widening=1.0):
    """Return a difference with its interval."""
    half = widening * half_width(sd, n, confidence, family_size)
    low, high = estimate - half, estimate + half
    return Difference(estimate, low, high, n, sd, NAN, NAN, family_size)


@pytest.mark.parametrize("estimate", [0.0, 0.3, -0.3, 4.0, -4.0])
@pytest.mark.parametrize("family_size", [1, 9])
def test_the_range_of_replications_needed_holds_what_the_estimate_asks_for(estimate, family_size):
    d, distance = difference(estimate, 2.0, 24, family_size=family_size), abs(abs(estimate) - 1.0)
    needed = replications_needed(d, 1.0, 0.95)
    enough = next(n for n in range(24, 10**4) if half_width(2.0, n, 0.95, family_size) <= distance)
    if needed is None:
        assert distance > half_width(2.0, 72, 0.95, family_size)  # one more might do, which is no answer
        return
    assert 24 <= needed.least <= enough
    assert needed.most is None or enough <= needed.most <= 10 * needed.least


def test_what_is_settled_needs_no_more_replications_than_there_are():
    assert replications_needed(difference(0.0, 1.0, 50), 1.0, 0.95) == (50, 50)
    assert replications_needed(difference(5.0, 0.0, 3), 1.0, 0.95) == (3, 3)


def test_the_least_number_needed_grows_with_the_family_and_the_confidence():
    numbers = [replications_needed(difference(0.9, 2.0, 5, family_size=k), 1.0, 0.95).least for k in (1, 2, 5, 20, 100)]
    assert all(less <= more for less, more in pairwise(numbers))
    assert numbers[0] < numbers[-1]
    numbers = [
        replications_needed(difference(0.9, 2.0, 5, confidence=c), 1.0, c).least for c in (0.9, 0.95, 0.99, 0.999)
    ]
    assert all(less <= more for less, more in pairwise(numbers))
    assert numbers[0] < numbers[-1]


@pytest.mark.parametrize("estimate", [1.0, -1.0, 1.0 + 1e-9, 0.9])
def test_a_difference_too_close_to_the_smallest_that_matters_has_no_most(estimate):
    needed = replications_needed(difference(estimate, 0.5, 10), 1.0, 0.95)
    assert needed is None or needed.most is None


def test_of_a_difference_without_an_interval_nothing_can_be_said():
    near = difference(0.9, 0.9, 10)
    assert verdict(near.low, near.high, 1.0, True) is Verdict.UNDECIDED
    assert replications_needed(near, 1.0, 0.95).least > 10  # ten have not settled it
    assert replications_needed(Difference.withheld(10), 1.0, 0.95) is None
    assert replications_needed(paired_difference([1.0], [2.0]), 1.0, 0.95) is None


# mser5, warm_up


def test_mser5_of_a_decaying_series():
    # brute force from the definition of White (1997) and White, Cobb and Spratt (2000)
    i = np.arange(400)
    series = 10 + 5.0 * np.exp(-i / 30.0) + np.sin(1.7 * i) + 0.5 * np.cos(0.31 * i)
    truncation, statistic = mser5(series)
    assert truncation == 65
    assert statistic == pytest.approx(0.0020551908, rel=1e-7)


def test_mser5_uses_complete_batches_only_and_takes_the_earliest_of_equals():
    series = [9.0] * 5 + [1.0] * 35
    assert mser5(series) == (5, 0.0)
    assert mser5([*series, 99.0, 99.0]) == (5, 0.0)
    assert mser5([1.0] * 40) == (0, 0.0)


def test_mser5_does_not_look_beyond_half_of_the_batches():
    falling = np.repeat([9.0, 8.0, 7.0, 6.0, 1.0, 1.0, 1.0, 1.0], 5)
    assert mser5(falling)[0] == 15  # d < 4 batches: d = 4 would be without any variance
    assert mser5(np.repeat([9.0, 9.0, 1.0, 1.0, 1.0], 5))[0] == 10  # d < 2.5
    assert mser5([3.0, 4.0, 5.0, 6.0, 7.0]) == (0, 0.0)


def test_warm_up_is_judged_on_the_mean_across_replications():
    rng = np.random.default_rng(12)
    periods = np.arange(200)
    means = 10 - 8 * np.exp(-periods / 8) + rng.normal(size=(40, 200))
    chosen = warm_up(means)
    assert chosen == mser5(means.mean(axis=0))[0]
    assert 10 <= chosen <= 60
    assert warm_up(means, chosen + 7) == chosen + 7
    assert warm_up(np.full((3, 30), 2.0)) == 0


def test_warm_up_skips_periods_in_which_nothing_happens():
    full = np.concatenate([np.full(5, 9.0), np.full(35, 1.0)])
    with_sundays = np.full(48, NAN)
    with_sundays[np.arange(48) % 6 != 5] = full
    assert warm_up(np.array([with_sundays, with_sundays])) == 6  # five observed periods and a Sunday
    gap = np.array([full, full])
    gap[0, 20] = NAN
    assert warm_up(gap) == 5


def test_too_few_periods_leave_the_minimum():
    assert warm_up(np.ones((4, 3)), 2) == 2
    assert warm_up(np.full((4, 30), NAN), 1) == 1
    assert warm_up(np.ones((0, 30)), 1) == 1


# quantile_interval_ranks


def test_ranks_around_the_ninth_decile_of_a_hundred():
    # binomial order-statistic interval, each tail at most 2.5 %
    low, high, coverage = quantile_interval_ranks(100, 0.9)
    assert (low, high) == (84, 96)
    assert coverage == pytest.approx(0.95569011, rel=1e-7)


def test_too_few_values_give_no_bound():
    assert quantile_interval_ranks(20, 0.9)[:2] == (15, None)
    assert quantile_interval_ranks(1, 0.5) == (None, None, 1.0)
    assert quantile_interval_ranks(6, 0.5)[:2] == (1, 6)
    assert quantile_interval_ranks(5, 0.5)[:2] == (None, None)


@pytest.mark.parametrize(("n", "p", "confidence"), [(30, 0.5, 0.95), (60, 0.9, 0.9)])
def test_coverage_of_the_ranks(n, p, confidence):
    low, high, coverage = quantile_interval_ranks(n, p, confidence)
    assert coverage >= confidence
    trials = 4000
    values = np.sort(np.random.default_rng(13).random((trials, n)), axis=1)
    hits = np.count_nonzero((values[:, low - 1] <= p) & (p <= values[:, high - 1]))
    assert within_four_errors(hits, trials, coverage)


# gini


def test_gini_by_hand():
    assert gini([1.0, 1.0, 1.0]) == 0
    assert gini([0.0, 0.0, 0.0, 8.0]) == pytest.approx(0.75)
    assert gini([4.0, 1.0, 3.0, 2.0]) == pytest.approx(0.25)
    assert gini([0.0, 0.0]) == 0
    assert gini([5.0]) == 0
    assert math.isnan(gini([]))
    assert math.isnan(gini([1.0, NAN]))


def test_gini_is_half_the_relative_mean_difference():
    values = np.random.default_rng(14).gamma(0.7, size=50)
    mean_difference = np.abs(values[:, None] - values).mean()
    assert gini(values) == pytest.approx(mean_difference / (2 * values.mean()))
    assert gini(values * 7) == pytest.approx(gini(values))


# quantile_with_open, mean_with_open


def test_open_ones_count_as_longest():
    values = [5.0, 1.0, 3.0, 2.0, 4.0]
    assert quantile_with_open(values, 0, 0.5) == 3.0
    assert quantile_with_open(values, 5, 0.5) == 5.0
    assert quantile_with_open(values, 4, 0.5) == 5.0
    assert math.isnan(quantile_with_open(values, 6, 0.5))
    assert math.isnan(quantile_with_open(values, 1, 1.0))
    assert quantile_with_open(values, 0, 1.0) == 5.0


def test_quantiles_are_those_of_the_step_function():
    values = np.random.default_rng(15).permutation(np.arange(1.0, 101.0))
    for percent in range(1, 101):
        assert quantile_with_open(values, 0, percent / 100) == percent  # 0.07 x 100 > 7 in binary
    some = np.random.default_rng(16).random(37)
    for p in (0.001, 0.31, 0.5, 0.9, 0.999):
        assert quantile_with_open(some, 0, p) == np.quantile(some, p, method="inverted_cdf")
        far = np.concatenate([some, np.full(4, 99.0)])
        expected = np.quantile(far, p, method="inverted_cdf")
        assert quantile_with_open(some, 4, p) == pytest.approx(expected if expected < 99 else NAN, nan_ok=True)


def test_quantiles_of_nothing_or_of_nan_are_nan():
    assert math.isnan(quantile_with_open([], 0, 0.5))
    assert math.isnan(quantile_with_open([], 3, 0.5))
    assert math.isnan(quantile_with_open([1.0, NAN, 2.0], 0, 0.1))


def test_a_mean_is_withheld_when_more_than_one_in_a_hundred_is_open():
    values = np.arange(99.0)
    assert mean_with_open(values, 0) == 49.0
    assert mean_with_open(values, 1) == 49.0
    assert math.isnan(mean_with_open(values, 2))
    assert mean_with_open(values, 99, share=0.5) == 49.0
    assert math.isnan(mean_with_open([], 0))
    assert math.isnan(mean_with_open([], 3))
    assert math.isnan(mean_with_open([1.0, NAN], 0))


def test_a_restricted_mean_counts_the_cap_for_the_long_and_the_open():
    assert restricted_mean([1.0, 2.0, 30.0], 0, 10) == 13 / 3
    assert restricted_mean([1.0, 2.0, 30.0], 1, 10) == 23 / 4
    assert restricted_mean([], 3, 10) == 10
    assert math.isnan(restricted_mean([], 0, 10))
    assert math.isnan(restricted_mean([1.0, NAN], 0, 10))


# errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([1.0], 1.0), "confidence must be between 0 and 1, got 1.0"),
        (lambda: mean_interval([[1.0]]), r"values must be one-dimensional, got shape \(1, 1\)"),
        (lambda: paired_difference([1.0, 2.0], [1.0]), "other must be of the length of baseline, 2, got 1"),
        (lambda: simultaneous([([1.0, 2.0], [1.0])]), "other must be of the length of baseline"),
        (lambda: verdict(0.0, 1.0, 0.0, True), "mid must be above 0, got 0.0"),
        (lambda: verdict(0.0, 1.0, NAN, True), "mid must be above 0, got nan"),
        (lambda: verdict(1.0, 0.0, 1.0, True), "low must be at most high, 0.0, got 1.0"),
        (lambda: replications_needed(difference(0, 1, 5), -1, 0.95), "mid must be above 0, got -1"),
        (lambda: replications_needed(difference(0, 1, 5), 1, 95), "confidence must be between 0 and 1, got 95"),
        (lambda: mser5([1.0] * 4), "series must have at least 5 observations, got 4"),
        (lambda: mser5([1.0] * 9 + [NAN]), "series must be finite, got nan"),
        (lambda: warm_up(np.ones(9)), r"period_means must be two-dimensional, got shape \(9,\)"),
        (lambda: warm_up(np.ones((2, 9)), 10), "minimum_periods must be from 0 to 9, got 10"),
        (lambda: quantile_interval_ranks(0, 0.5), "n must be at least 1, got 0"),
        (lambda: quantile_interval_ranks(9, 1.0), "p must be between 0 and 1, got 1.0"),
        (lambda: gini([1.0, -2.0]), "values must be at least 0, got -2.0"),
        (lambda: quantile_with_open([1.0], 0, 0.0), "p must be above 0 and at most 1, got 0.0"),
        (lambda: quantile_with_open([1.0], -1, 0.5), "n_open must be at least 0, got -1"),
        (lambda: mean_with_open([1.0], -1), "n_open must be at least 0, got -1"),
        (lambda: mean_with_open([1.0], 0, share=1.5), "share must be from 0 to 1, got 1.5"),
        (lambda: restricted_mean([1.0], 0, 0), "cap must be above 0 and finite, got 0"),
        (lambda: restricted_mean([1.0], -1, 5), "n_open must be at least 0, got -1"),
    ],
)
def test_errors_name_field_rule_and_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()
