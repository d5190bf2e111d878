"""What is still open at the end moves no mean by more than is said: against replications that are run to their end."""

import numpy as np
import pytest

from sim.measures.openness import Horizon, counted
from sim.statistics.descriptive import mean_with_open, quantile_with_open, restricted_mean

CAP, LEAST_AGE = 60.0, 50.0
HORIZON = Horizon(LEAST_AGE, CAP)
N = 400


def nothing_kept(measure):
    """Return the bounds of a measure of which a replication keeps none."""
    return np.full(1, np.nan)


def replication(generator, p_left=0.02, scale=12.0):
    """Return turnarounds to their very end, which of them left, and which are open when the run ends."""
    end = generator.exponential(scale, N)
    age = LEAST_AGE + generator.uniform(0, 25, N)  # since its first contact, when the run ends
    left = generator.random(N) < p_left
    return end, left, ~left & (end > age)


def values_of(measure, end, left, open_):
    """Return a measure of a replication: of what was seen, or with nothing open of all."""
    done = end[~left & ~open_]
    n_open, n_left = int(open_.sum()), int(left.sum())
    return {
        "turnaround_restricted_mean": lambda: restricted_mean(done, n_open + n_left, CAP),
        "turnaround_mean_served": lambda: mean_with_open(done, n_open),
        "turnaround_p50": lambda: quantile_with_open(done, n_open + n_left, 0.5),
        "turnaround_p90": lambda: quantile_with_open(done, n_open + n_left, 0.9),
        "turnaround_p90_served": lambda: quantile_with_open(done, n_open, 0.9),
        "left_unserved": lambda: n_left / N,
        "still_open": lambda: n_open / N,
        "on_time": lambda: np.count_nonzero(done <= 30) / N,
    }[measure]()


def in_all(measure, luck, **how):
    """Return what is counted of a measure over replications, and the truth of each."""
    seen, truths = {}, []
    names = ("still_open", "left_unserved", "turnaround_restricted_mean", measure)
    for r in range(20):
        end, left, open_ = replication(np.random.default_rng([luck, r]), **how)
        for name in set(names):
            seen.setdefault(name, []).append(values_of(name, end, left, open_))
        nothing = np.zeros(N, dtype=bool)
        capped = np.minimum(end, CAP) if measure == "turnaround_mean_served" else end
        truths.append(values_of(measure, capped, left, nothing))
    known = {name: np.array(values) for name, values in seen.items()}
    found = counted(
        measure, known[measure], known.__getitem__, lambda name: np.full(20, float(N)), HORIZON, nothing_kept
    )
    return known[measure], found, np.array(truths)


@pytest.mark.parametrize("scale", [6.0, 12.0, 20.0, 30.0])
@pytest.mark.parametrize(
    "measure",
    ["turnaround_restricted_mean", "turnaround_mean_served", "turnaround_p50", "turnaround_p90",
     "turnaround_p90_served", "left_unserved", "on_time"],
)  # fmt: skip
def test_no_replication_run_to_its_end_is_further_from_what_is_counted_than_is_said(measure, scale):
    _, found, truth = in_all(measure, 1, scale=scale)
    truth = np.where(np.isnan(truth), CAP, truth)
    if measure.startswith("turnaround_p"):
        truth = np.minimum(truth, np.maximum(CAP, found.values))
    assert np.isfinite(found.values).all()
    late = 1.0 if measure == "turnaround_mean_served" else 0.0  # those served after the cap count whole in the mean
    assert (np.abs(truth - found.values) <= found.slack + 1e-9 + late).all()


def test_a_quantile_that_is_not_reached_counts_as_the_cap_and_is_certain_where_too_many_left():
    raw, found, _ = in_all("turnaround_p90", 2, p_left=0.1)
    missing = np.isnan(raw)
    assert 0 < missing.sum() < 20
    assert (found.values[missing] == CAP).all()
    shares = np.isin(found.slack[missing], [0.0, CAP - LEAST_AGE])
    assert shares.all()
    assert 0.0 in found.slack[missing]


def test_nothing_is_counted_where_there_was_nothing():
    nan = np.array([np.nan, 5.0])
    found = counted(
        "turnaround_p90", nan, lambda name: np.zeros(2), lambda name: np.array([0.0, 9.0]), HORIZON, nothing_kept
    )
    assert np.isnan(found.values[0])
    assert found.values[1] == 5.0
    assert found.slack.tolist() == [0.0, 0.0]


def test_a_longer_drain_than_the_cap_leaves_nothing_open_in_a_mean():
    still = {"still_open": np.array([0.3, 0.2])}
    args = ("turnaround_restricted_mean", np.array([20.0, 21.0]), still.__getitem__, lambda name: np.full(2, 9.0))
    assert counted(*args, Horizon(60.0, 60.0), nothing_kept).slack.tolist() == [0.0, 0.0]
    assert counted(*args, Horizon(50.0, 60.0), nothing_kept).slack.tolist() == pytest.approx([3.0, 2.0])
