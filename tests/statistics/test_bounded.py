"""Bounds on the mean of shares, tested as statistics on laws near their ends, where intervals say nothing."""

import numpy as np
import pytest
from scipy import stats

from sim.statistics.bounded import share_bounds

FALSE_ALARM = 1e-4
LAWS = {
    "rarely not": lambda rng, shape: np.where(rng.random(shape) < 0.02, 0.0, 1.0),
    "often not": lambda rng, shape: (rng.random(shape) < 0.3).astype(float),
    "skewed": lambda rng, shape: rng.beta(5, 0.1, shape),
    "even": lambda rng, shape: rng.random(shape),
}
MEANS = {"rarely not": 0.98, "often not": 0.3, "skewed": 5 / 5.1, "even": 0.5}


@pytest.mark.parametrize("law", LAWS)
def test_bounds_of_a_share_hold_on_any_law_and_for_any_number(law):
    rng, trials, confidence = np.random.default_rng(1), 2000, 0.9
    for n in (2, 6, 20):
        found = np.array([share_bounds(x, confidence) for x in LAWS[law](rng, (trials, n))])
        failures = int(((found[:, 0] > MEANS[law]) | (found[:, 1] < MEANS[law])).sum())
        assert failures <= stats.binom(trials, 1 - confidence).ppf(1 - FALSE_ALARM)


def test_of_ones_alone_it_is_the_rule_of_three():
    low, high = share_bounds(np.ones(100), 0.9)
    assert low == pytest.approx(1 - 3 / 100, abs=1e-3)
    assert high == 1
    assert share_bounds(np.zeros(100), 0.9) == pytest.approx((0, 1 - low))


def test_what_is_no_share_has_no_bounds():
    for values in ([1.0], [0.5, 1.2], [-0.1, 0.4], [0.5, np.nan]):
        assert np.isnan(share_bounds(values)).all()
