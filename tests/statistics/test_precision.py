"""Running until half-widths are met, tested as a statistic and as a rule."""

import numpy as np
import pytest
from scipy import stats

from sim.statistics.intervals import mean_interval
from sim.statistics.precision import STOPPED, Kind, Rule, Target, Why, next_round, run_until
from sim.statistics.skewness import skewness

FALSE_ALARM = 1e-6


def rounds_of(values, baselines, targets, rule):
    """Run to the end with replications that are fixed (one mapping a point), and keep what every round asked for."""
    asked = []

    def draw(numbers):
        asked.append(numbers.tolist())
        return [{name: x[:number] for name, x in point.items()} for point, number in zip(values, numbers, strict=True)]

    return run_until(draw, baselines, targets, rule), asked


def normal(seed, n=2000, mean=0.0, sd=1.0):
    return np.random.default_rng(seed).normal(mean, sd, n)


def test_coverage_after_stopping_is_little_below_the_confidence():
    trials, rule = 1000, Rule(first=10, most=2000)
    hits = 0
    for seed in range(trials):
        found, _ = rounds_of([{"wait": normal(seed)}], [None], {"wait": Target(0.3)}, rule)
        (row,) = found.reached
        assert row.met
        assert row.half_width <= 0.3
        hits += abs(row.mean) <= row.half_width
    assert stats.binom.cdf(hits, trials, 0.925) > FALSE_ALARM
    assert stats.binom.sf(hits - 1, trials, 0.95) > FALSE_ALARM


def test_it_stops_at_the_target_and_grows_at_most_twofold():
    found, asked = rounds_of([{"wait": normal(1)}], [None], {"wait": Target(0.1)}, Rule(most=2000))
    (row,) = found.reached
    assert (row.met, row.why, row.n) == (True, Why.MET, asked[-1][0])
    assert found.met.tolist() == [True]
    numbers = [one[0] for one in asked]
    assert numbers[0] == 10
    assert all(1.1 * a <= b <= 2 * a for a, b in zip(numbers, numbers[1:], strict=False))
    x = normal(1)[: row.n]
    assert row.half_width == pytest.approx(mean_interval(x).half_width * (1 + STOPPED * abs(skewness(x))))
    assert row.mean == pytest.approx(normal(1)[: row.n].mean())
    assert mean_interval(normal(1)[: numbers[-2]]).half_width > 0.1


def test_points_stop_one_by_one_and_each_is_run_for_its_slowest_response():
    values = [
        {"wait": normal(1), "trips": normal(2, sd=0.1)},
        {"wait": normal(3, sd=0.05), "trips": normal(4, sd=0.05)},
    ]
    found, _ = rounds_of(values, [None, None], {"wait": Target(0.2), "trips": Target(0.2)}, Rule())
    assert found.met.tolist() == [True, True]
    assert [(row.point, row.response) for row in found.reached] == [
        (0, "wait"),
        (0, "trips"),
        (1, "wait"),
        (1, "trips"),
    ]
    assert found.replications[1] < found.replications[0] == found.reached[1].n


def test_a_relative_target_is_a_share_of_the_mean_of_either_sign():
    found, _ = rounds_of([{"wait": normal(5, mean=-20.0)}], [None], {"wait": Target(0.01, Kind.SHARE)}, Rule(most=2000))
    (row,) = found.reached
    assert row.met
    assert row.target == pytest.approx(-0.01 * row.mean)
    assert row.half_width <= row.target < 0.21


def test_a_relative_target_near_a_mean_of_zero_ends_at_the_most_and_says_so():
    x = normal(6)
    found, asked = rounds_of([{"wait": x - x[:90].mean()}], [None], {"wait": Target(0.05, Kind.SHARE)}, Rule(most=90))
    (row,) = found.reached
    assert (row.met, row.why, row.n) == (False, Why.MOST, 90)
    assert [one[0] for one in asked] == [10, 20, 40, 80, 90]
    assert found.met.tolist() == [False]


def test_paired_differences_need_fewer_replications_than_means_on_common_random_numbers():
    common = normal(7, sd=2.0)
    values = [{"wait": common + normal(8, sd=0.2)}, {"wait": common + 1 + normal(9, sd=0.2)}]
    rule = Rule(most=2000)
    means, _ = rounds_of(values, [None, 0], {"wait": Target(0.1)}, rule)
    pairs, _ = rounds_of(values, [None, 0], {"wait": Target(0.1, Kind.DIFFERENCE)}, rule)
    assert means.met.all()
    assert pairs.met.all()
    assert pairs.replications.sum() < means.replications.sum() / 10
    (row,) = pairs.reached
    assert row.point == 1
    assert row.mean == pytest.approx(1, abs=0.2)


def test_a_pair_is_run_as_far_at_both_ends():
    values = [{"wait": normal(10)}, {"wait": normal(11)}, {"wait": normal(10) + 1e-9 * normal(12)}]
    found, asked = rounds_of(values, [None, 0, 0], {"wait": Target(0.3, Kind.DIFFERENCE)}, Rule())
    assert found.met.all()
    assert all(one[0] == one[1] for one in asked)
    assert found.replications[2] == 10  # its difference to the baseline hardly varies
    assert [row.n for row in found.reached] == [found.replications[1], 10]


def test_replications_of_all_points_stay_within_the_budget():
    values = [{"wait": normal(i)} for i in range(3)]
    rule = Rule(budget=100, most=1000)
    found, asked = rounds_of(values, [None] * 3, {"wait": Target(0.01)}, rule)
    assert [sum(one) for one in asked] == [30, 60, 99]
    assert asked[-1] == [33, 33, 33]
    assert {row.why for row in found.reached} == {Why.BUDGET}
    assert not found.met.any()


def test_a_budget_goes_first_to_the_points_with_the_fewest_replications():
    values = [{"wait": normal(0, n=30)}, {"wait": normal(1, n=10)}, {"wait": normal(2, n=10, sd=0.001)}]
    found = next_round(values, [None] * 3, {"wait": Target(0.01)}, Rule(budget=57))
    assert found.replications.tolist() == [30, 17, 10]
    assert [row.why for row in found.reached] == [Why.NOT_YET, Why.NOT_YET, Why.MET]


def test_a_withheld_response_is_told_and_not_run_to_the_budget():
    gap = normal(13)
    gap[4] = np.nan
    targets = {"wait": Target(0.5)}
    found, asked = rounds_of([{"wait": gap}, {"wait": np.full(500, np.nan)}], [None, None], targets, Rule())
    assert asked == [[10, 10]]
    assert {row.why for row in found.reached} == {Why.WITHHELD}
    assert np.isnan([row.half_width for row in found.reached]).all()
    assert not found.met.any()
    pair, asked = rounds_of(
        [{"wait": gap}, {"wait": normal(14)}], [None, 0], {"wait": Target(0.5, Kind.DIFFERENCE)}, Rule()
    )
    assert asked == [[10, 10]]
    assert pair.reached[0].why is Why.WITHHELD
    assert pair.met.tolist() == [True, False]


@pytest.mark.parametrize("kind", [Kind.MEAN, Kind.SHARE])
@pytest.mark.parametrize("value", [0.0, 3.7])
def test_a_constant_response_is_met_at_once(kind, value):
    found, asked = rounds_of([{"wait": np.full(99, value)}], [None], {"wait": Target(1e-9, kind)}, Rule(first=5))
    assert asked == [[5]]
    assert found.reached[0].met
    assert (found.reached[0].half_width, found.reached[0].why) == (0, Why.SAME)


def test_the_same_values_give_the_same_rounds_and_what_was_kept_changes_nothing():
    values = [{"wait": normal(i, mean=5)} for i in range(3)]
    targets, rule = {"wait": Target(0.05, Kind.SHARE)}, Rule(budget=300)
    one, asked = rounds_of(values, [None] * 3, targets, rule)
    other, asked_again = rounds_of([{"wait": point["wait"][:400]} for point in values], [None] * 3, targets, rule)
    assert asked == asked_again
    assert one.reached == other.reached


def test_a_draw_of_other_numbers_is_refused():
    with pytest.raises(ValueError, match="draw must return 10 replications of wait of point 0, got 12"):
        run_until(lambda numbers: [{"wait": np.zeros(12)}], [None], {"wait": Target(1)}, Rule())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"targets": {}}, "targets must be at least one, got none"),
        ({"targets": {"wait": Target(0)}}, "half_width of wait must be above 0, got 0"),
        ({"targets": {"wait": Target(-1, Kind.SHARE)}}, "half_width of wait must be above 0, got -1"),
        ({"targets": {"trips": Target(1)}}, "samples of point 0 must have trips, got wait"),
        ({"baselines": [None]}, "baselines must be one a point, 2, got 1"),
        ({"baselines": [None, 1]}, "baseline of point 1 must be another point, got 1"),
        ({"baselines": [None, 7]}, "baseline of point 1 must be another point, got 7"),
        ({"baselines": []}, "points must be at least one, got none"),
        ({"rule": Rule(confidence=1)}, "confidence must be between 0 and 1, got 1"),
        ({"rule": Rule(first=1)}, "first must be at least 2, got 1"),
        ({"rule": Rule(first=10, most=9)}, "most must be at least first, 10, got 9"),
        ({"rule": Rule(budget=19)}, "budget must be at least first of every point, 20, got 19"),
        ({"samples": [{"wait": [1.0]}, {"wait": [[1.0]]}]}, r"wait of point 1 must be of shape \(n,\), got \(1, 1\)"),
        (
            {"samples": [{"wait": [1], "x": []}] * 2, "targets": {"wait": Target(1), "x": Target(1)}},
            r"responses of point 0 must be equally many, got \[0, 1\]",
        ),
    ],
)
def test_what_is_out_of_range_is_refused(changed, message):
    given = {
        "samples": [{"wait": [1.0, 2.0]}] * 2,
        "baselines": [None, 0],
        "targets": {"wait": Target(1.0)},
        "rule": Rule(),
    }
    with pytest.raises(ValueError, match=message):
        next_round(**(given | changed))
