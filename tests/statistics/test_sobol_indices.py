"""Sobol indices of sampled designs against closed forms, with noise and without."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from sim.statistics import sensitivity, theory
from sim.statistics.sobol import indices, sobol_settings

FACTORS = ["x1", "x2", "x3"]
known = np.array(sensitivity.sobol_indices(theory.ishigami_components(7, 0.1), 3))
FALSE_ALARM = 1e-4


def ishigami(u):
    x = np.pi * (2 * u - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def shares(found):
    """Return estimates, lower and upper bounds, of shape (2, d) each."""
    table = found.table
    return [np.array([table[f"{kind}{end}"] for kind in ("first", "total")]) for end in ("", "_low", "_high")]


def noisy(kind, u, m, rng):
    """Return the function at settings with noise of three kinds, one column a replication."""
    y = np.repeat(ishigami(u)[:, None], m, axis=1)
    if kind == "own":
        return y + rng.normal(0, 4, y.shape)
    if kind == "common":
        return y + rng.normal(0, 4, m)
    return y + (2 * u - 1) @ rng.normal(0, 4, (3, m))  # random numbers in common, whose effect varies with the setting


def test_the_shares_of_a_known_function_are_found():
    u = sobol_settings(2**12, 3, 1)
    point, low, high = shares(indices(ishigami(u)[:, None], FACTORS))
    assert known == pytest.approx(np.array([[0.3139, 0.4424, 0], [0.5576, 0.4424, 0.2437]]), abs=1e-4)
    assert point == pytest.approx(known, abs=0.01)
    assert np.all((low <= known) & (known <= high))
    assert np.all(high - low < 0.12)


def test_the_shares_are_those_of_scipy_for_its_own_sample():
    d, n = 3, 256
    u = sobol_settings(n, d, 5)
    f = ishigami(u).reshape(d + 2, 1, n)
    theirs = stats.sobol_indices(func={"f_A": f[0], "f_B": f[1], "f_AB": f[2:]}, n=n)
    point, _, _ = shares(indices(f.reshape(-1, 1), FACTORS))
    assert point[0] == pytest.approx(theirs.first_order)
    assert point[1] == pytest.approx(theirs.total_order)

    def function(x):
        return ishigami(x.T)

    uniform = [stats.uniform()] * d
    asked = stats.sobol_indices(func=function, n=n, dists=uniform, rng=np.random.default_rng(5))
    assert point[1] == pytest.approx(asked.total_order)


def test_settings_stand_in_the_order_in_which_values_are_wanted():
    n, d = 8, 4
    u = sobol_settings(n, d, 3)
    assert u.shape == (n * (d + 2), d)
    assert np.all((u >= 0) & (u < 1))
    a, b, *mixed = u.reshape(d + 2, n, d)
    for i, one in enumerate(mixed):
        assert one[:, i] == pytest.approx(b[:, i])
        assert np.delete(one, i, axis=1) == pytest.approx(np.delete(a, i, axis=1))
    assert np.array_equal(u, sobol_settings(n, d, 3))
    assert not np.array_equal(u, sobol_settings(n, d, 4))
    levels = np.floor(u * 4).astype(int)  # a discrete factor of four levels, twice at each in every eight
    assert np.all(np.apply_along_axis(np.bincount, 0, levels[:n], minlength=4) == 2)


def test_a_sum_has_no_interactions_and_its_first_order_shares_sum_to_one():
    u = sobol_settings(2**11, 3, 7)
    point, _, _ = shares(indices((u @ [1.0, 2.0, 0.0])[:, None], FACTORS))
    assert point[0] == pytest.approx([0.2, 0.8, 0], abs=0.01)
    assert point[1] == pytest.approx([0.2, 0.8, 0], abs=0.01)
    assert point[0].sum() == pytest.approx(1, abs=0.01)
    assert point[1, 2] == 0


def test_total_shares_sum_to_more_than_one_where_factors_interact():
    a = np.array([0.0, 1.0, 4.5])
    u = sobol_settings(2**12, 3, 2)
    found, _, _ = shares(indices(np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1)[:, None], FACTORS))
    alone = 1 / (3 * (1 + a) ** 2)  # Sobol's g-function
    whole = np.prod(1 + alone) - 1
    assert found[0] == pytest.approx(alone / whole, abs=0.015)
    assert found[1] == pytest.approx(alone * np.prod(1 + alone) / (1 + alone) / whole, abs=0.015)
    assert found[1].sum() > 1 > found[0].sum()


@pytest.mark.parametrize("kind", ["own", "common", "alike nearby"])
def test_intervals_cover_the_truth_though_replications_scatter(kind):
    trials, n, m = 80, 128, 5
    hits, points = np.zeros((2, 3)), []
    for k in range(trials):
        u = sobol_settings(n, 3, k)
        found = indices(noisy(kind, u, m, np.random.default_rng(1000 + k)), FACTORS, 0.95, seed=k, resamples=199)
        point, low, high = shares(found)
        hits += np.isnan(point) | ((low <= known) & (known <= high))
        points.append(point)
    assert hits.min() >= stats.binom(trials, 0.9).ppf(FALSE_ALARM), hits / trials
    if kind != "alike nearby":  # there the truth is a ratio of few replications, and withheld at times
        error = np.std(points, axis=0, ddof=1) / np.sqrt(trials)
        assert np.all(np.abs(np.mean(points, axis=0) - known) < 4 * error + 0.01)


def test_the_noise_of_replications_is_no_factors_doing():
    u = sobol_settings(1024, 3, 11)
    y = noisy("own", u, 4, np.random.default_rng(2))
    taken_out, left_in = indices(y, FACTORS), indices(y.mean(axis=1, keepdims=True), FACTORS)
    noise = 16 / 4 / (16 / 4 + 13.845)
    assert taken_out.noise_share == pytest.approx(noise, abs=0.03)
    assert np.isnan(left_in.noise_share)
    assert taken_out.table["total"][2] == pytest.approx(known[1, 2], abs=0.05)
    assert left_in.table["total"][2] == pytest.approx(known[1, 2] * (1 - noise) + noise, abs=0.05)


def test_a_factor_that_changes_nothing_has_no_share_at_all_on_common_random_numbers():
    u = sobol_settings(64, 2, 5)
    gaps, works = np.random.default_rng(6).exponential(size=(2, 3, 200))  # three replications of a queue
    waits = np.zeros((len(u), 3))
    total = np.zeros_like(waits)
    for gap, work in zip(gaps.T, works.T, strict=True):
        waits = np.maximum(waits + (0.6 + 0.2 * u[:, :1]) * work - gap, 0)
        total += waits
    table = indices(total, ["work", "none"]).table
    assert table.row(1)[1:] == (0, 0, 0, 0, 0, 0)
    assert table["first"][0] == pytest.approx(1, abs=0.2)
    assert table["total"][0] == pytest.approx(1, abs=0.2)


def test_two_replications_are_enough_to_take_the_noise_out_and_one_is_not():
    u = sobol_settings(1024, 3, 8)
    y = noisy("own", u, 2, np.random.default_rng(3))
    assert indices(y, FACTORS).table["total"][2] == pytest.approx(known[1, 2], abs=0.08)
    one = indices(y[:, :1], FACTORS)
    assert one.table["total"][2] > known[1, 2] + 0.2
    assert np.isnan(one.noise_share)


def test_what_so_few_replications_do_not_tell_is_said():
    u = sobol_settings(64, 3, 8)
    said = [indices(noisy("own", u, m, np.random.default_rng(3)), FACTORS).caution for m in (1, 2, 3, 5, 6)]
    assert [bool(one) for one in said] == [True, True, True, True, False]
    assert said[2] == said[3] != said[1]


def test_a_base_point_without_a_value_is_left_out_everywhere():
    n = 64
    u = sobol_settings(n, 3, 0)
    y = ishigami(u)[:, None]
    withheld = y.copy()
    withheld[[3, 2 * n + 3, 3 * n + 10]] = np.nan
    found = indices(withheld, FACTORS)
    kept = np.delete(y.reshape(5, n), [3, 10], axis=1).reshape(-1, 1)
    assert (found.n, found.left_out) == (62, 2)
    assert found.table.equals(indices(kept, FACTORS).table)


def test_too_many_points_without_a_value_are_refused():
    y = ishigami(sobol_settings(16, 3, 0))[:, None]
    y[:4] = np.nan
    with pytest.raises(
        ValueError, match=r"at most 20% of the base points may be without a value .* got 4 of 16 without"
    ):
        indices(y, FACTORS)


def test_a_response_that_does_not_vary_or_only_scatters_has_no_shares():
    u = sobol_settings(32, 2, 0)
    constant = indices(np.full((len(u), 3), 0.1), ["a", "b"])
    assert constant.why == "it does not vary between settings"
    assert np.isnan(constant.table["total"].to_numpy()).all()
    y = u[:, :1] + np.random.default_rng(1).normal(0, 2, (len(u), 4))
    noise = indices(y, ["a", "b"])
    assert noise.why == "its variance between settings is not told from the noise of the replications"
    assert noise.table.drop("factor").select(pl.all().is_nan().all()).row(0) == (True,) * 6
    assert noise.noise_share > 0.5
    assert noise.table.columns == ["factor", "first", "first_low", "first_high", "total", "total_low", "total_high"]


def test_what_is_no_sample_is_refused():
    with pytest.raises(ValueError, match="n must be a power of 2, got 12"):
        sobol_settings(12, 2, 0)
    with pytest.raises(ValueError, match="d must be at least 1, got 0"):
        sobol_settings(8, 0, 0)
    with pytest.raises(ValueError, match=r"values must have \(d \+ 2\) n rows for d = 3 factors, got shape \(11, 1\)"):
        indices(np.zeros((11, 1)), FACTORS)
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 1"):
        indices(np.zeros((10, 1)), FACTORS, 1)
