import numpy as np
import pytest
from scipy import stats

from sim.draws.arrivals import arrival_times, day_factors, numbered_arrivals, renewal_times
from sim.draws.clock import DAY, HOUR, MINUTE
from sim.draws.laws import Deterministic, Erlang, Exponential, Uniform, Weibull

EDGES = np.array([0, 9, 12, 14, 24]) * HOUR
EXPECTED = np.array([0.0, 60.0, 5.0, 20.0])


def count(times):
    return np.histogram(times, EDGES)[0]


def test_counts_have_the_mean_and_the_variance_of_the_poisson_law():
    rng = np.random.default_rng(3)
    counts = np.array([count(arrival_times(rng, EDGES, EXPECTED)) for _ in range(2000)])
    errors = np.sqrt(EXPECTED / 2000)
    assert np.all(np.abs(counts.mean(axis=0) - EXPECTED) <= 4 * errors)
    ratio = counts[:, 1:].var(axis=0, ddof=1) / EXPECTED[1:]
    assert np.all(np.abs(ratio - 1) < 4 * np.sqrt((2 + 1 / EXPECTED[1:]) / 2000))
    assert np.all(counts[:, 0] == 0)


def test_times_are_sorted_and_uniform_inside_their_interval():
    times = arrival_times(np.random.default_rng(4), EDGES, 200 * EXPECTED)
    assert np.all(np.diff(times) >= 0)
    for i in (1, 2, 3):
        inside = times[(times >= EDGES[i]) & (times < EDGES[i + 1])]
        u = (inside - EDGES[i]) / (EDGES[i + 1] - EDGES[i])
        assert stats.kstest(u, "uniform").pvalue > 1e-4


def test_the_rate_changes_exactly_at_the_edge():
    times = arrival_times(np.random.default_rng(5), [0, 100, 200], [0, 50_000])
    assert times.min() == 100
    assert times.max() == 199


def test_gaps_of_a_constant_rate_are_exponential():
    times = arrival_times(np.random.default_rng(6), [0, 10 * DAY], [20_000])
    assert stats.kstest(np.diff(times), stats.expon(scale=10 * DAY / 20_000).cdf).pvalue > 1e-4


def test_day_factors_have_mean_one_and_their_cv():
    factors = day_factors(np.random.default_rng(7), 40_000, 0.25)
    assert abs(factors.mean() - 1) < 4 * 0.25 / 200
    assert factors.std() == pytest.approx(0.25, rel=0.03)
    assert np.array_equal(day_factors(np.random.default_rng(7), 3, 0), np.ones(3))


def test_counts_of_a_day_are_over_dispersed_by_the_factor():
    rng = np.random.default_rng(8)
    n_days, mean, cv = 4000, 100.0, 0.25
    edges = np.arange(n_days + 1) * DAY
    times = arrival_times(rng, edges, np.full(n_days, mean), day_factors(rng, n_days, cv))
    counts = np.bincount(times // DAY, minlength=n_days)
    variance = mean + (cv * mean) ** 2
    assert abs(counts.mean() - mean) < 4 * np.sqrt(variance / n_days)
    assert counts.var(ddof=1) == pytest.approx(variance, rel=4 * np.sqrt(2.6 / n_days))


def test_a_factor_applies_to_its_own_day():
    edges = np.array([0, 12, 24, 36, 48]) * HOUR
    times = arrival_times(np.random.default_rng(9), edges, np.full(4, 500.0), [0.0, 1.0])
    assert times.min() >= DAY
    assert len(times) == pytest.approx(1000, abs=4 * np.sqrt(1000))


def test_renewal_times_add_up_the_gaps_and_round_once():
    times = renewal_times(np.random.default_rng(1), Deterministic(value=1 / 3), MINUTE, 10 * MINUTE)
    assert times[:3].tolist() == [20_000, 40_000, 60_000]
    assert len(times) == 29
    assert times[-1] == 580_000


def test_a_longer_horizon_keeps_the_earlier_renewals():
    short = renewal_times(np.random.default_rng(1), Exponential(mean=2), MINUTE, 60 * MINUTE)
    long = renewal_times(np.random.default_rng(1), Exponential(mean=2), MINUTE, 6000 * MINUTE)
    assert np.array_equal(short, long[: len(short)])
    assert len(long) == pytest.approx(3000, abs=4 * np.sqrt(3000))


def test_nothing_arrives_before_the_horizon_zero():
    assert len(renewal_times(np.random.default_rng(1), Exponential(mean=2), MINUTE, 0)) == 0


@pytest.mark.parametrize(
    ("edges", "expected", "factors", "message"),
    [
        ([0, 10], [1, 2], None, "edges must be 3 for 2 numbers, got 2"),
        ([0, 10, 10], [1, 2], None, "edges must rise, got 10 before 10"),
        ([0, 10], [-1], None, "expected must be at least 0, got -1"),
        ([0, 2 * DAY], [1], [1, 1], "edges must include every midnight"),
        ([0, DAY, 2 * DAY], [1, 1], [1], "day_factors must cover 2 days, got 1"),
    ],
)
def test_profiles_that_cannot_be_are_refused(edges, expected, factors, message):
    with pytest.raises(ValueError, match=message):
        arrival_times(np.random.default_rng(1), edges, expected, factors)


def test_a_negative_cv_is_refused():
    with pytest.raises(ValueError, match=r"cv must be at least 0, got -0\.1"):
        day_factors(np.random.default_rng(1), 3, -0.1)


def test_gaps_of_nothing_are_refused():
    with pytest.raises(ValueError, match="mean of the gaps must be above 0, got 0"):
        renewal_times(np.random.default_rng(1), Deterministic(value=0), MINUTE, HOUR)


# --------------------------------------------------------------------------------- arrivals as processes


def poisson_law(counts, means):
    """Return the p-value of counts that are Poisson with these means, each with its own (a randomised transform)."""
    rng = np.random.default_rng(0)
    law = stats.poisson(means)
    u = law.cdf(counts - 1) + rng.random(counts.shape) * law.pmf(counts)
    return stats.kstest(u.ravel(), "uniform").pvalue


def test_counts_of_a_profile_are_poisson_in_every_period_and_independent():
    # Two weeks of hours with means from 0.01 to 40, drawn 60 times: false alarms once in 10,000 each.
    hours = np.arange(14 * 24)
    expected = 20.005 - 19.995 * np.cos(2 * np.pi * hours / 24) * (1 + hours // 168) / 2
    edges = np.append(hours, len(hours)) * HOUR
    rng = np.random.default_rng(10)
    counts = np.array([np.histogram(arrival_times(rng, edges, expected), edges)[0] for _ in range(60)])
    means = np.broadcast_to(expected, counts.shape)
    assert poisson_law(counts, means) > 1e-4
    total = counts.sum(axis=1)
    assert stats.kstest(stats.norm.cdf((total - expected.sum()) / np.sqrt(expected.sum())), "uniform").pvalue > 1e-4
    z = (counts - means) / np.sqrt(means)
    neighbours = (z[:, 1:] * z[:, :-1]).mean()
    assert abs(neighbours) < 4 / np.sqrt(z[:, 1:].size)


def test_every_tick_of_a_short_period_is_as_likely():
    times = arrival_times(np.random.default_rng(11), [50, 150, 153], [40_000, 3000])
    assert stats.chisquare(np.bincount(times - 50, minlength=103)[:100]).pvalue > 1e-4
    assert stats.chisquare(np.bincount(times - 50, minlength=103)[100:]).pvalue > 1e-4


def test_an_edge_in_the_midst_of_a_constant_rate_changes_no_law():
    whole = arrival_times(np.random.default_rng(12), [0, 100 * DAY], [5000])
    cut = arrival_times(np.random.default_rng(13), np.arange(101) * DAY, np.full(100, 50.0))
    assert stats.ks_2samp(np.diff(whole), np.diff(cut)).pvalue > 1e-4
    assert abs(len(whole) - len(cut)) < 4 * np.sqrt(10_000)


@pytest.mark.parametrize(("mean", "cv"), [(3.0, 0.25), (300.0, 0.25), (40.0, 1.0), (1000.0, 0.05)])
def test_counts_of_a_day_with_its_factor_are_negative_binomial(mean, cv):
    # A Poisson count with a gamma mean (Greenwood and Yule 1920): variance m + (cv m)^2. False alarms 1 in 10,000.
    n_days = 3000
    rng = np.random.default_rng([14, int(mean)])
    edges = np.arange(2 * n_days + 1) * DAY // 2
    factors = day_factors(rng, n_days, cv)
    times = arrival_times(rng, edges, np.tile([0.3 * mean, 0.7 * mean], n_days), factors)
    counts = np.bincount(times // DAY, minlength=n_days)
    r = 1 / cv**2
    law = stats.nbinom(r, r / (r + mean))
    assert law.var() == pytest.approx(mean + (cv * mean) ** 2)
    u = law.cdf(counts - 1) + np.random.default_rng(0).random(n_days) * law.pmf(counts)
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    spread = (counts - mean) ** 2
    assert abs(spread.mean() - law.var()) < 4 * spread.std() / np.sqrt(n_days)
    # One factor for the whole of a day and another for the next: the halves of a day vary together, days do not.
    halves = np.bincount(2 * times // DAY, minlength=2 * n_days).reshape(n_days, 2)
    products = (halves[:, 0] - 0.3 * mean) * (halves[:, 1] - 0.7 * mean)
    assert abs(products.mean() - 0.21 * (cv * mean) ** 2) < 4 * products.std() / np.sqrt(n_days)
    days = (counts[1:] - mean) * (counts[:-1] - mean)
    assert abs(days.mean()) < 4 * days.std() / np.sqrt(n_days)


def test_day_factors_are_gamma_and_independent():
    factors = day_factors(np.random.default_rng(15), 20_000, 0.25)
    assert stats.kstest(factors, stats.gamma(16, scale=1 / 16).cdf).pvalue > 1e-4
    assert abs(np.corrcoef(factors[1:], factors[:-1])[0, 1]) < 4 / np.sqrt(20_000)


@pytest.mark.parametrize(
    "law", [Exponential(mean=2), Erlang(mean=2, shape=2), Uniform(low=0, high=4), Weibull(mean=2, shape=0.7)]
)
def test_gaps_of_renewals_follow_their_law_and_do_not_depend_on_each_other(law):
    times = renewal_times(np.random.default_rng(16), law, HOUR, 20_000 * HOUR)
    gaps = np.diff(times, prepend=0) / HOUR
    u = np.linspace(0, 1, 20_001)[1:-1]
    values = law.inverse(u)
    assert stats.kstest(gaps, lambda x: np.interp(x, values, u)).pvalue > 1e-4
    assert abs(np.corrcoef(gaps[1:], gaps[:-1])[0, 1]) < 4 / np.sqrt(len(gaps))


def test_renewals_before_an_instant_are_as_many_as_renewal_theory_says():
    # Erlang-2 gaps of mean 2 (rate 1 a phase): m(t) = t / 2 - 1 / 4 + exp(-2 t) / 4 (Cox 1962, section 4.5).
    law, trials = Erlang(mean=2, shape=2), 400
    rng = np.random.default_rng(17)
    runs = [renewal_times(rng, law, HOUR, 20 * HOUR) for _ in range(trials)]
    for t in (1, 3, 20):
        counts = np.array([np.count_nonzero(times < t * HOUR) for times in runs])
        expected = t / 2 - 1 / 4 + np.exp(-2 * t) / 4
        assert abs(counts.mean() - expected) < 4 * counts.std() / np.sqrt(trials), t


def test_arrivals_by_hand_are_numbered_in_their_interval():
    # Means of 1: up to 0.368 none, up to 0.736 one, up to 0.920 two.
    interval, number = numbered_arrivals(np.array([0.3, 0.9, 0.5, 0.99]), np.array([1.0, 1.0, 1.0, 0.0]))
    assert (interval.tolist(), number.tolist()) == ([1, 1, 2], [0, 1, 0])


def test_arrivals_at_a_lower_rate_are_among_those_at_a_higher_one_interval_by_interval():
    rng = np.random.default_rng(4)
    u, some, more = rng.random(2000), rng.random(2000) * 20, rng.random(2000) * 20
    few, many, most = (set(zip(*map(list, numbered_arrivals(u, at)), strict=True)) for at in (some, more, some + more))
    assert few <= most
    assert many <= most
    assert len(few & many) == len(numbered_arrivals(u, np.minimum(some, more))[0])


def test_numbered_arrivals_have_the_counts_of_the_poisson_law():
    # 50,000 counts at each mean. A false alarm in 10,000.
    for mean in (0.4, 6.0):
        interval, _ = numbered_arrivals(np.random.default_rng(5).random(50_000), np.full(50_000, mean))
        counts = np.bincount(np.bincount(interval, minlength=50_000))
        law = stats.poisson.pmf(np.arange(len(counts)), mean)
        usual = np.flatnonzero(law * 50_000 > 10)
        seen = np.append(counts[usual], 50_000 - counts[usual].sum())
        expected = np.append(law[usual], 1 - law[usual].sum()) * 50_000
        assert stats.chisquare(seen, expected).pvalue > 1e-4
