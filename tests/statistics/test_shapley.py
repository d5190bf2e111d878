"""Attribution and sensitivity against closed forms."""

import numpy as np
import pytest
from scipy.stats import sobol_indices as estimated
from scipy.stats import uniform

from sim.statistics import theory
from sim.statistics.sensitivity import (
    interaction,
    shapley_by_replication,
    shapley_effects,
    shapley_values,
    sobol_indices,
)


def test_contributions_sum_to_the_effect_and_treat_equals_alike():
    def value(s):
        return len(s) ** 2 + (3.0 if 2 in s else 0.0)

    phi = shapley_values(value, 3)
    assert phi.sum() == pytest.approx(value({0, 1, 2}) - value(frozenset()))
    assert phi[0] == pytest.approx(phi[1])
    assert phi[2] == pytest.approx(phi[0] + 3)
    assert interaction(value, 0, 1) == pytest.approx(2)
    assert interaction(value, 0, 2) == pytest.approx(2)


def test_a_cause_without_effect_contributes_nothing():
    assert shapley_values(lambda s: 5.0 * (0 in s), 2) == pytest.approx([5, 0])
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        shapley_values(lambda s: 0.0, 0)


def test_contributions_of_replications_have_those_of_the_mean_as_their_mean_and_sum_to_the_effect_in_each():
    luck = np.array([1.0, 2.0, 4.0])

    def values(s):
        return luck * len(s) ** 2 + 3.0 * (2 in s)

    each = shapley_by_replication(values, 3)
    assert each.shape == (3, 3)
    assert each.mean(axis=1) == pytest.approx(shapley_values(lambda s: values(s).mean(), 3))
    assert each.sum(axis=0) == pytest.approx(values({0, 1, 2}) - values(frozenset()))
    withheld = shapley_by_replication(lambda s: np.where((len(s) == 1) & (luck > 3), np.nan, luck), 3)
    assert np.isnan(withheld).tolist() == [[False, False, True]] * 3


def test_indices_of_the_ishigami_function_are_those_that_are_estimated():
    components = theory.ishigami_components(7, 0.1)
    first, total = sobol_indices(components, 3)
    assert shapley_effects(components, 3).sum() == pytest.approx(1)

    def ishigami(x):
        return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])

    found = estimated(func=ishigami, n=2**12, dists=[uniform(-np.pi, 2 * np.pi)] * 3, rng=np.random.default_rng(1))
    assert found.first_order == pytest.approx(first, abs=0.02)
    assert found.total_order == pytest.approx(total, abs=0.02)
