import numpy as np
import pytest
from scipy import stats

from sim.arrivals import arrival_times, day_factors, renewal_times
from sim.clock import DAY, HOUR, MINUTE
from sim.laws import Deterministic, Exponential

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
