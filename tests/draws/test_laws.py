import math

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import integrate, stats

from sim.draws.laws import (
    Deterministic,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Geometric,
    Hyperexponential,
    Law,
    Lognormal,
    Triangular,
    Uniform,
    Weibull,
    exponential_inverse,
    gamma_inverse,
    lognormal_inverse,
)
from sim.draws.streams import uniforms

U = np.concatenate([[0.0, 1e-12, 1e-6], np.linspace(0.001, 0.999, 997), [1 - 1e-9, 1 - 2**-53]])
SIGMA = np.sqrt(np.log1p(0.5**2))

CONTINUOUS = {
    "exponential": (Exponential(mean=3), stats.expon(scale=3)),
    "uniform": (Uniform(low=2, high=5), stats.uniform(2, 3)),
    "triangular": (Triangular(low=5, mode=7, high=10), stats.triang(0.4, 5, 5)),
    "triangular at an end": (Triangular(low=0, mode=0, high=4), stats.triang(0, 0, 4)),
    "lognormal": (Lognormal(mean=2, cv=0.5), stats.lognorm(SIGMA, scale=2 * np.exp(-(SIGMA**2) / 2))),
    "gamma": (Gamma(mean=4, cv=0.5), stats.gamma(4, scale=1)),
    "gamma with a high cv": (Gamma(mean=1, cv=2), stats.gamma(0.25, scale=4)),
    "erlang": (Erlang(mean=6, shape=3), stats.erlang(3, scale=2)),
    "weibull": (Weibull(mean=2, shape=1.5), stats.weibull_min(1.5, scale=2 / math.gamma(5 / 3))),
    "weibull with a falling rate": (
        Weibull(mean=1, shape=0.6),
        stats.weibull_min(0.6, scale=1 / math.gamma(8 / 3)),
    ),
    "lognormal with a high cv": (
        Lognormal(mean=5, cv=3),
        stats.lognorm(np.sqrt(np.log(10)), scale=5 / np.sqrt(10)),
    ),
    "gamma with a low cv": (Gamma(mean=5, cv=0.05), stats.gamma(400, scale=1 / 80)),
    "erlang of one": (Erlang(mean=2, shape=1), stats.expon(scale=2)),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_inverse_is_the_quantile_function(name):
    law, reference = CONTINUOUS[name]
    u = U[1:]  # the quantile of 0 is a bound
    assert law.inverse(u) == pytest.approx(reference.ppf(u), rel=2e-6, abs=1e-12)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_mean_and_cv_are_those_of_the_law(name):
    law, reference = CONTINUOUS[name]
    assert law.mean == pytest.approx(reference.mean(), rel=1e-6)
    assert law.cv == pytest.approx(reference.std() / reference.mean(), rel=1e-6)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_draws_follow_the_law(name):
    law, reference = CONTINUOUS[name]
    draws = law.inverse(np.random.default_rng(5).random(20_000))
    assert stats.kstest(draws, reference.cdf).pvalue > 1e-4


H2 = Hyperexponential(means=(10, 0.5), probabilities=(0.1, 0.9))


def test_hyperexponential_inverse_undoes_its_distribution_function():
    u = U[U < 1 - 1e-10]
    x = H2.inverse(u)
    assert 1 - (0.1 * np.exp(-x / 10) + 0.9 * np.exp(-x / 0.5)) == pytest.approx(u, abs=1e-12)
    tail = H2.inverse(1 - 2.0**-53)
    assert 0.1 * np.exp(-tail / 10) == pytest.approx(2.0**-53, rel=1e-9)
    assert np.all(np.diff(H2.inverse(U)) > 0)


def test_hyperexponential_moments_are_the_integrals_of_its_inverse():
    moments = [integrate.quad(lambda u, k=k: H2.inverse(u) ** k, 0, 1, limit=400)[0] for k in (1, 2)]
    assert H2.mean == pytest.approx(moments[0], rel=1e-6)
    assert H2.cv == pytest.approx(np.sqrt(moments[1] / moments[0] ** 2 - 1), rel=1e-4)


def test_hyperexponential_of_extreme_parts_converges():
    law = Hyperexponential(means=(1e6, 1e-3), probabilities=(1e-6, 1 - 1e-6))
    x = law.inverse(U[:-1])
    assert 1 - (1e-6 * np.exp(-x / 1e6) + (1 - 1e-6) * np.exp(-x / 1e-3)) == pytest.approx(U[:-1], abs=1e-12)


def test_deterministic_is_its_value():
    law = Deterministic(value=2.5)
    assert np.array_equal(law.inverse(U), np.full(len(U), 2.5))
    assert (law.mean, law.cv) == (2.5, 0.0)


def test_empirical_draws_values_by_weight():
    law = Empirical(values=(5, 1, 9), weights=(1, 3, 0))
    assert law.inverse([0, 0.7499, 0.75, 1 - 2**-53]).tolist() == [1, 1, 5, 5]
    assert law.mean == 2
    assert law.cv == pytest.approx(np.sqrt(3) / 2)


def test_empirical_without_weights_is_even():
    law = Empirical(values=(1, 2, 4, 5))
    assert law.inverse([0, 0.25, 0.5, 0.75]).tolist() == [1, 2, 4, 5]
    assert law.mean == 3


def test_geometric_counts_trials_up_to_the_first_success():
    law, reference = Geometric(mean=3), stats.geom(1 / 3)
    u = np.random.default_rng(1).random(5000)
    assert np.array_equal(law.inverse(u), reference.ppf(u))
    assert law.inverse(0.0) == 1
    assert law.cv == pytest.approx(reference.std() / reference.mean())
    assert np.all(Geometric(mean=1).inverse(U) == 1)


@pytest.mark.parametrize("law", [*(law for law, _ in CONTINUOUS.values()), H2, Geometric(mean=3)])
def test_every_law_rises_with_the_uniform_and_stays_finite(law):
    x = law.inverse(U)
    assert np.all(np.isfinite(x))
    assert np.all(x >= 0)
    assert np.all(np.diff(x) >= 0)
    assert law.inverse(U.reshape(2, -1)).shape == (2, len(U) // 2)


def test_the_plain_inverses_broadcast_over_parameters():
    u = np.array([[0.2], [0.8]])
    means = np.array([1.0, 2.0, 3.0])
    assert lognormal_inverse(u, means, 0.5).shape == (2, 3)
    assert lognormal_inverse(u, means, 0.5)[1, 2] == Lognormal(mean=3, cv=0.5).inverse(0.8)
    assert gamma_inverse(u, means, 0.5)[1, 2] == Gamma(mean=3, cv=0.5).inverse(0.8)
    assert exponential_inverse(u, means)[0, 1] == Exponential(mean=2).inverse(0.2)


def test_lognormal_without_spread_is_its_mean():
    assert np.array_equal(lognormal_inverse(U, 4.0, 0.0), np.full(len(U), 4.0))


@pytest.mark.parametrize(
    "law",
    [
        *(kind(mean=mean, cv=cv) for kind in (Lognormal, Gamma) for mean in (1e-9, 1e9) for cv in (0.001, 100)),
        *(Weibull(mean=mean, shape=shape) for mean in (1e-9, 1e9) for shape in (0.05, 100)),
        *(Erlang(mean=1e9, shape=shape) for shape in (1, 1_000_000)),
        Hyperexponential(means=(1e-9, 1e9), probabilities=(1 - 1e-14, 1e-14)),
        Geometric(mean=1e9),
    ],
    ids=str,
)
def test_every_law_at_its_bounds_has_finite_quantiles_that_rise_and_a_finite_spread(law):
    u = np.array([0, 1e-300, 2.0**-54, 1e-9, 0.5, 1 - 1e-9, 1 - 2.0**-53])
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        x = law.inverse(u)
    assert np.isfinite(x).all()
    assert (np.diff(x) >= 0).all()
    assert x[-1] > x[0] >= 0
    assert math.isfinite(law.cv)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"law": "exponential", "mean": -3}, "greater than or equal to 0.000000001"),
        ({"law": "exponential", "mean": 1e10}, "less than or equal to 1000000000"),
        (
            {"law": "hyperexponential", "means": (1e-9, 1e9), "probabilities": (0.5, 0.5)},
            r"means must have a mean of at most 1,000,000 times the least \(1e-09\), got 5e\+08",
        ),
        ({"law": "exponential", "mean": "3"}, "valid number"),
        ({"law": "exponential", "mean": float("inf")}, "finite"),
        ({"law": "exponential", "mean": 3, "cv": 1}, "not permitted"),
        ({"law": "exponentail", "mean": 3}, "exponentail"),
        ({"law": "uniform", "low": 3, "high": 2}, r"high must be at least low \(3\), got 2"),
        (
            {"law": "triangular", "low": 3, "mode": 2, "high": 5},
            r"mode must be from low \(3\) to high \(5\), got 2",
        ),
        ({"law": "triangular", "low": 3, "mode": 3, "high": 3}, r"high must be above low \(3\), got 3"),
        (
            {"law": "hyperexponential", "means": (1, 2), "probabilities": (0.5, 0.4)},
            "probabilities must sum to 1, got 0.9",
        ),
        (
            {"law": "hyperexponential", "means": (1, 2), "probabilities": (1.0,)},
            r"probabilities must be as many as means \(2\), got 1",
        ),
        (
            {"law": "empirical", "values": (1, 2), "weights": (1,)},
            r"weights must be as many as values \(2\), got 1",
        ),
        ({"law": "empirical", "values": (1, 2), "weights": (0, 0)}, "weights must sum to more than 0, got 0"),
        ({"law": "geometric", "mean": 0.5}, "greater than or equal to 1"),
    ],
)
def test_a_law_that_cannot_be_is_refused(parameters, message):
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(Law).validate_python(parameters)


# ------------------------------------------------------------------------------------- laws as laws


def scipy_law(law):
    """Return the same law by SciPy, from the law's own parameters."""
    if isinstance(law, Hyperexponential):
        part = stats.make_distribution(stats.expon)
        return stats.Mixture([mean * part() for mean in law.means], weights=law.probabilities)
    return next(reference for mine, reference in CONTINUOUS.values() if mine is law)


H3 = Hyperexponential(means=(30, 3, 0.2), probabilities=(0.05, 0.35, 0.6))
ALL = {name: law for name, (law, _) in CONTINUOUS.items()} | {
    "hyperexponential": H2,
    "hyperexponential of three": H3,
}


@pytest.mark.parametrize("name", ALL)
def test_moments_are_those_of_scipy_up_to_the_third(name):
    law = ALL[name]
    reference = scipy_law(law)
    assert law.mean == pytest.approx(float(reference.mean()), rel=1e-6)
    deviation = reference.standard_deviation() if isinstance(law, Hyperexponential) else reference.std()
    assert law.cv * law.mean == pytest.approx(float(deviation), rel=1e-6)
    # The third moment of what is drawn, by the substitution u = 1 - exp(-s), which reaches far into the tail.
    s = np.linspace(0, 36, 100_001)
    third = integrate.trapezoid(law.inverse(-np.expm1(-s)) ** 3 * np.exp(-s), s)
    assert third == pytest.approx(float(reference.moment(3)), rel=4e-3)


@pytest.mark.parametrize("name", ALL)
def test_the_distribution_function_undoes_the_inverse(name):
    # The distance of Kolmogorov on an even grid of uniforms, with nothing random in it.
    law = ALL[name]
    u = (np.arange(2000) + 0.5) / 2000
    assert scipy_law(law).cdf(law.inverse(u)) == pytest.approx(u, abs=1e-7)


@pytest.mark.parametrize("name", ALL)
def test_draws_of_two_hundred_streams_follow_the_law(name):
    # One Kolmogorov-Smirnov test a replication's stream; its p-values are uniform, which a second one tests. A false
    # alarm in 10,000 for each law, were the seed free.
    law, reference = ALL[name], scipy_law(ALL[name])
    p = [stats.kstest(law.inverse(uniforms(7, r, "laws", 300)), reference.cdf).pvalue for r in range(200)]
    assert stats.kstest(p, "uniform").pvalue > 1e-4


DISCRETE = {
    "empirical": (Empirical(values=(4, 1, 9, 1), weights=(2, 1, 0, 5)), {1: 0.75, 4: 0.25}),
    "geometric": (Geometric(mean=2.5), {k: 0.4 * 0.6 ** (k - 1) for k in range(1, 40)}),
    "geometric of ones": (Geometric(mean=1), {1: 1.0}),
    "deterministic": (Deterministic(value=3), {3: 1.0}),
}


@pytest.mark.parametrize("name", DISCRETE)
def test_every_value_of_a_discrete_law_has_its_share_of_the_uniforms(name):
    law, shares = DISCRETE[name]
    n = 1 << 16
    x = law.inverse((np.arange(n) + 0.5) / n)
    for value, share in shares.items():
        assert abs(np.mean(x == value) - share) <= 1 / n
    assert set(x) <= set(shares)
    values, p = np.array(list(shares)), np.array(list(shares.values()))
    assert law.mean == pytest.approx(values @ p, rel=1e-6)
    assert law.cv * law.mean == pytest.approx(np.sqrt(np.square(values - law.mean) @ p), rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("name", ["empirical", "geometric"])
def test_draws_of_a_discrete_law_come_in_its_shares(name):
    law, shares = DISCRETE[name]
    n = 20_000
    x = law.inverse(uniforms(7, 0, "laws", n))
    common = {value: share for value, share in shares.items() if share * n >= 5}
    seen = np.array([np.count_nonzero(x == value) for value in common])
    expected = n * np.array(list(common.values()))
    rest = n - expected.sum()
    if rest > 5:
        seen, expected = np.append(seen, n - seen.sum()), np.append(expected, rest)
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 1e-4


@pytest.mark.parametrize(
    ("law", "u", "x"),
    [
        (Exponential(mean=3), 0.5, 3 * np.log(2)),
        (Exponential(mean=3), 1 - 2.0**-53, 3 * 53 * np.log(2)),
        (Exponential(mean=3), 0.0, 0.0),
        (Uniform(low=2, high=5), 0.25, 2.75),
        (Triangular(low=5, mode=7, high=10), 0.4, 7.0),  # the share below the mode
        (Triangular(low=0, mode=2, high=4), 0.125, 1.0),
        (Lognormal(mean=2, cv=0.5), 0.5, 2 / np.sqrt(1.25)),
        (Weibull(mean=2, shape=2), 1 - np.exp(-1), 4 / np.sqrt(np.pi)),  # the scale
        (Erlang(mean=6, shape=1), 0.5, 6 * np.log(2)),
        (Gamma(mean=1, cv=np.sqrt(2)), 0.5, 0.454936423119572),  # chi-square with one degree of freedom
        (Hyperexponential(means=(2, 1), probabilities=(0.5, 0.5)), 0.5, 2 * np.log((1 + np.sqrt(5)) / 2)),
    ],
)
def test_quantiles_known_exactly(law, u, x):
    # The last: exp(-x / 2) = r solves r + r^2 = 1, the golden section.
    assert float(law.inverse(u)) == pytest.approx(x, rel=1e-12, abs=1e-12)


def test_laws_stay_in_step_on_common_uniforms():
    # Twice the mean is twice every draw, so that a slower service is slower for everybody.
    u = uniforms(7, 0, "laws", 1000)
    for slow, fast in (
        (Exponential(mean=4), Exponential(mean=2)),
        (Gamma(mean=4, cv=0.7), Gamma(mean=2, cv=0.7)),
        (Lognormal(mean=4, cv=0.7), Lognormal(mean=2, cv=0.7)),
        (Weibull(mean=4, shape=0.7), Weibull(mean=2, shape=0.7)),
        (H2.model_copy(update={"means": (20, 1)}), H2),
    ):
        assert slow.inverse(u) == pytest.approx(2 * fast.inverse(u), rel=1e-12)
