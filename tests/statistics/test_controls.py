"""Means adjusted for draws of known mean: right where these act linearly, held to what is printed where they do not."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr, stdtrit
from setups.laws_of_luck import LAWS, SPREAD

from sim.statistics import controls, skewness
from sim.statistics.controls import fit, independent, most, paying
from sim.statistics.intervals import simultaneous

SLACK, FALSE_ALARM, TRIALS = 0.02, 1e-4, 2000
RELATIONS = ("useless", "useless and skewed", "linear", "linear and skewed", "monotone")
SIZES = ((20, 1), (24, 20), (40, 1), (40, 20), (100, 5))


def test_one_control_is_the_line_of_least_squares_at_its_known_mean():
    rng = np.random.default_rng(1)
    x = rng.normal(0.3, 1.0, 25)
    y = 2 + 3 * x + rng.normal(size=25)
    line = stats.linregress(x, y)
    found = fit(y, x[:, None])
    assert found.estimate == pytest.approx(line.intercept)
    assert found.error == pytest.approx(line.intercept_stderr)
    assert found.residuals == pytest.approx(y - line.intercept - line.slope * x)
    (d,) = simultaneous([(np.zeros(25), y)], controls=[x[:, None]])
    student = stats.t.ppf(0.975, 23) * line.intercept_stderr
    assert (d.estimate, d.n_controls, d.freedom) == (pytest.approx(line.intercept), 1, 23)
    assert student <= d.half_width < 1.5 * student  # the values are a little skewed
    assert d.estimate * math.sqrt(d.n) / d.sd == pytest.approx(line.intercept / line.intercept_stderr)


def test_adjusted_means_of_designs_differ_by_the_adjusted_difference():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(30, 3))
    one, other = x @ (1, 2, 3) + rng.normal(size=(2, 30))
    assert fit(other, x).estimate - fit(one, x).estimate == pytest.approx(fit(other - one, x).estimate)


def test_a_control_takes_off_what_it_explains_less_the_loss_of_estimating_its_slope():
    rng, n, q, trials = np.random.default_rng(3), 30, 3, 1500
    x = rng.normal(size=(trials, n, q))
    y = x.sum(axis=2) + rng.normal(size=(trials, n))
    estimates = np.array([fit(one, by).estimate for one, by in zip(y, x, strict=True)])
    expected = (n - 2) / (n - q - 2) / n  # Lavenberg and Welch's loss factor, of a residual variance of 1
    assert estimates.var() == pytest.approx(expected, rel=4 * math.sqrt(2 / trials))
    assert abs(estimates.mean()) < 4 * math.sqrt(expected / trials)


def test_controls_are_few_and_tell_something_new():
    n, rng = 40, np.random.default_rng(4)
    a, b, c, d, e = rng.normal(size=(5, n))
    lacking = np.where(np.arange(n) == 7, np.nan, e)
    assert independent([a, 2 * a + 1, np.full(n, 0.5), lacking, e[:-1], b, a - b, c, d, e], n) == [0, 5, 7, 8]
    assert [most(n) for n in (1, 19, 20, 29, 30, 105)] == [0, 0, 2, 2, 3, 10]
    assert independent([a[:19]], 19) == []


def test_controls_are_used_where_they_explain_and_seldom_where_they_do_not():
    rng, n, trials = np.random.default_rng(5), 24, 400
    used, kept = 0, 0
    for _ in range(trials):
        x, y = rng.normal(size=(n, 2)), rng.normal(size=n)
        used += paying(x, 0.95, [y]) > 0
        kept += paying(x, 0.95, [y + x @ (1, 1)]) == 2
    assert used < 0.15 * trials
    assert kept > 0.9 * trials
    assert paying(x, 0.95, [y + 3 * x[:, 0]]) == 1
    assert paying(x, 0.95, [x[:, 0]]) == 0  # wholly explained: nothing is left to judge its luck by
    assert paying(x, 0.95, [np.ones(n), np.full(n, np.nan)]) == 0


def test_a_family_with_controls_is_read_together():
    rng, n = np.random.default_rng(6), 40
    x = rng.normal(size=(n, 2))
    useful, plain = x.sum(axis=1) + rng.normal(size=n), rng.lognormal(sigma=1.2, size=n)
    adjusted, other = simultaneous([(np.zeros(n), useful), (np.zeros(n), plain)], controls=[x, None])
    (alone,) = simultaneous([(np.zeros(n), useful)], 1 - 0.05 / 2, controls=[x])
    assert (adjusted.family_size, other.family_size, other.n_controls) == (2, 2, 0)
    assert adjusted.half_width > alone.half_width  # its neighbour is skewed
    assert (adjusted.estimate, adjusted.sd) == (alone.estimate, alone.sd)
    assert adjusted.controlled_ratio < 0.8 * adjusted.variance_ratio
    assert math.isnan(other.controlled_ratio)


# coverage


def quantiles(law, z):
    """Return values of a law that rise with normal ones."""
    x = np.sort(LAWS[law](np.random.default_rng(0), 200_000))
    return x[np.minimum((ndtr(z) * len(x)).astype(int), len(x) - 1)]


def drawn(rng, law, relation, shape):
    """Return families of values of mean 1 (trials, members, n) and their controls (trials, n, q)."""
    trials, _, n = shape
    size, q = (trials, n, most(n)), most(n)
    if relation == "monotone":
        x = rng.normal(size=size)
        return quantiles(law, (0.8 / q**0.5) * x.sum(axis=2)[:, None] + 0.6 * rng.normal(size=shape)), x
    x = LAWS[law](rng, size) - 1 if relation.endswith("skewed") else SPREAD[law] * rng.normal(size=size)
    return LAWS[law](rng, shape) + relation.startswith("linear") * x.sum(axis=2)[:, None] / q**0.5, x


def regressed(y, x):
    """Return adjusted means, their errors and what is left (trials, members[, n]) of families of values."""
    n, q = x.shape[1:]
    means, spread = x.mean(axis=1), x - x.mean(axis=1, keepdims=True)
    inverse = np.linalg.inv(np.einsum("tni,tnj->tij", spread, spread))
    slopes = np.einsum("tij,tnj,tmn->tmi", inverse, spread, y)
    left = y - y.mean(axis=2, keepdims=True) - np.einsum("tmi,tni->tmn", slopes, spread)
    factor = 1 / n + np.einsum("ti,tij,tj->t", means, inverse, means)
    error = np.sqrt((left**2).sum(axis=2) / (n - q - 1) * factor[:, None])
    return y.mean(axis=2) - np.einsum("tmi,ti->tm", slopes, means), error, left


def ends(y, x, confidence=0.95):
    """Return the ends of families of intervals with as many controls as pay; NaN: none is printed."""
    n, tail = y.shape[2], (1 - confidence) / 2
    estimate, left, plain = y.mean(axis=2), y, y.std(axis=2, ddof=1) / n**0.5
    half = -stdtrit(n - 1, tail / y.shape[1]) * plain
    shortest = -stdtrit(n - 1, tail) * plain * controls.PAYS
    for q in range(1, x.shape[2] + 1):
        adjusted, error, rest = regressed(y, x[:, :, :q])
        used = -stdtrit(n - q - 1, tail) * error <= shortest
        shortest = np.where(used, -stdtrit(n - q - 1, tail) * error, shortest)
        half = np.where(used, -stdtrit(n - q - 1, tail / y.shape[1]) * error, half)
        estimate, left = np.where(used, adjusted, estimate), np.where(used[:, :, None], rest, left)
    factors = skewness.widenings(skewness.skewness(np.stack([y, left])), n).max(axis=0)
    factors[(factors > skewness.WIDEST).any(axis=2)] = np.nan
    return estimate - half * factors[:, :, 0], estimate + half * factors[:, :, 1]


def printed_hold(law, relations, sizes):
    """Hold families of intervals with controls to their joint confidence, but for chance once in ten thousand."""
    for relation in relations:
        for n, members in sizes:
            trials = TRIALS if members == 1 else TRIALS // 4
            low, high = ends(*drawn(np.random.default_rng(n + members), law, relation, (trials, members, n)))
            failures = ((low > 1) | (high < 1)).any(axis=1).sum()
            limit = stats.binom(trials, 0.05 + SLACK).ppf(1 - FALSE_ALARM)
            assert failures <= limit, f"{relation}, {members} of {n}: {failures} of {trials}"


@pytest.mark.parametrize("law", ["normal", "lognormal 1"])
def test_intervals_with_controls_that_are_printed_hold(law):
    printed_hold(law, ("useless", "monotone"), ((20, 1), (24, 20)))


# where one value in fifty is far out, most samples of 20 show none, with controls or without
@pytest.mark.parametrize("law", [law for law in LAWS if law != "two points"])
def test_intervals_with_controls_that_are_printed_hold_on_every_law(law):
    printed_hold(law, RELATIONS, SIZES)


def test_a_family_with_controls_is_what_is_held_to_its_confidence():
    rng = np.random.default_rng(7)
    for law, relation in (("normal", "linear"), ("exponential", "monotone"), ("lognormal 1", "useless")):
        y, x = drawn(rng, law, relation, (5, 4, 24))
        low, high = ends(y, x)
        for family, by, lows, highs in zip(y, x, low, high, strict=True):
            numbers = [paying(by, 0.95, [one]) for one in family]
            used = [by[:, :q] if q else None for q in numbers]
            found = simultaneous([(np.zeros(24), one) for one in family], controls=used)
            assert [d.low for d in found] == pytest.approx(lows, nan_ok=True)
            assert [d.high for d in found] == pytest.approx(highs, nan_ok=True)
