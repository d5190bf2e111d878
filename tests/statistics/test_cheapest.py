"""The cheapest design that keeps every promise, tested as statistics."""

import numpy as np
import pytest
from scipy import stats

from sim.statistics.best import Caveat
from sim.statistics.cheapest import Judgement, Promise, select_cheapest

FALSE_ALARM = 1e-6
KEEPS, BREAKS, NOT_NEEDED, UNDECIDED = Judgement


def fixed(means, sd, seed, most=400):
    """Replications that are the same whenever they are drawn, on common random numbers; shape of means (k, q)."""
    means = np.asarray(means, dtype=float)
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(most, *means.shape)) + rng.normal(size=(most, 1, means.shape[1]))
    values = means + sd * noise / 2**0.5
    seen = np.zeros(len(means), dtype=int)

    def draw(designs, number):
        found = np.stack([values[seen[i] : seen[i] + number, i] for i in designs], axis=1)
        seen[designs] += number
        return found

    return draw, seen


def without_drawn(found):
    return [(one.judgement, one.broken, one.kept, one.means, one.used) for one in found.designs]


def judged_right(q, trials, confidence, seed):
    """Judge designs that break a promise by just the tolerance, and a dearer one that keeps all by just that."""
    tolerance = 0.5
    means = np.full((4, q), -tolerance)
    means[:3, -1] = tolerance
    promises, right = [Promise(0, tolerance)] * q, 0
    for trial in range(trials):
        draw, _ = fixed(means, 1.0, seed + trial, most=600)
        found = select_cheapest(draw, [1, 2, 3, 4], promises, confidence=confidence, first=10)
        right += [one.judgement for one in found.designs] == [BREAKS, BREAKS, BREAKS, KEEPS]
    assert stats.binom.cdf(right, trials, confidence) > FALSE_ALARM
    assert right < trials  # it is not that the case is too easy to tell


@pytest.mark.parametrize("q", [1, 3])
def test_all_judgements_are_right_together_as_often_as_promised_in_the_worst_configuration(q):
    judged_right(q, 250, 0.9, 0)


@pytest.mark.long
@pytest.mark.parametrize("q", [1, 2, 5])
def test_all_judgements_are_right_together_in_many_searches(q):
    judged_right(q, 5000, 0.95, 10_000)


def test_the_cheapest_that_keeps_every_promise_is_chosen_and_nothing_is_spent_on_dearer_ones():
    draw, seen = fixed([[9, 3], [1, 9], [1, 3], [1, 3], [9, 9]], 0.5, 1)
    found = select_cheapest(draw, [5, 6, 8, 9, 7], [Promise(5, 0.5), Promise(5, 0.5)])
    assert found.best == 2
    assert not found.caveat
    assert [one.judgement for one in found.designs] == [BREAKS, BREAKS, KEEPS, NOT_NEEDED, BREAKS]
    assert [one.broken for one in found.designs] == [0, 1, None, None, 0]
    assert [one.kept for one in found.designs] == [
        (False, True),
        (True, False),
        (True, True),
        (False, False),
        (False, False),
    ]
    assert [one.used for one in found.designs] == [20, 20, 20, 0, 20] == seen.tolist()
    assert found.designs[2].inside == (False, False)
    assert found.designs[2].means == pytest.approx((1, 3), abs=1)
    assert np.isnan(found.designs[3].means).all()


def test_at_least_turns_the_sign():
    values = [[2.0, -2.0], [-2.0, 2.0]]
    below = select_cheapest(fixed(values, 0.5, 2)[0], [1, 2], [Promise(0, 0.5)] * 2)
    above = select_cheapest(fixed(values, 0.5, 2)[0], [1, 2], [Promise(0, 0.5, at_least=True)] * 2)
    mixed = select_cheapest(fixed(values, 0.5, 2)[0], [1, 2], [Promise(0, 0.5, at_least=True), Promise(0, 0.5)])
    assert below.best is None
    assert above.best is None
    assert [one.broken for one in below.designs] == [0, 1]
    assert [one.broken for one in above.designs] == [1, 0]
    assert mixed.best == 0
    assert mixed.designs[0].means[0] > 0


def test_of_designs_that_cost_the_same_the_earlier_is_chosen():
    draw, _ = fixed([[0], [0], [0]], 0.1, 3)
    assert select_cheapest(draw, [7, 5, 5], [Promise(1, 0.5)]).best == 1


@pytest.mark.parametrize(("block", "abreast"), [(1, 1), (7, 1), (1, 3), (16, 5)])
def test_neither_blocks_nor_designs_abreast_change_a_judgement(block, abreast):
    means = [[0.6, -1], [0.3, -0.4], [-1, 0.4], [-0.5, -0.5], [-1, -1]]
    promises = [Promise(0, 0.3)] * 2
    alone = select_cheapest(fixed(means, 1.0, 4)[0], [1, 2, 3, 4, 5], promises, most=150)
    draw, seen = fixed(means, 1.0, 4)
    found = select_cheapest(draw, [1, 2, 3, 4, 5], promises, most=150, block=block, abreast=abreast)
    at = alone.best + 1
    assert found.best == alone.best
    assert without_drawn(found)[:at] == without_drawn(alone)[:at]
    assert [one.drawn for one in found.designs] == seen.tolist()
    assert all(one.used <= one.drawn < one.used + block for one in found.designs if one.used)
    assert (sum(one.used for one in found.designs[at:]) > 0) == (abreast > 1)


def test_a_design_undecided_at_the_most_replications_takes_the_guarantee_of_the_next():
    draw, _ = fixed([[0.0], [-30.0]], 1.0, 5)
    found = select_cheapest(draw, [1, 2], [Promise(0, 0.1)], most=20)
    assert [one.judgement for one in found.designs] == [UNDECIDED, KEEPS]
    assert found.designs[0].used == 20
    assert (found.best, not found.caveat) == (1, False)
    alone = select_cheapest(fixed([[0.0]], 1.0, 5)[0], [1], [Promise(0, 0.1)], most=20, block=8)
    assert (alone.best, not alone.caveat, alone.designs[0].drawn) == (None, False, 20)


def test_no_design_is_chosen_where_all_break_a_promise():
    found = select_cheapest(fixed([[5], [6]], 1.0, 6)[0], [1, 2], [Promise(0, 0.5)])
    assert (found.best, not found.caveat) == (None, True)


def test_a_constant_response_is_judged_at_once_and_kept_at_its_limit():
    found = select_cheapest(lambda designs, n: np.full((n, len(designs), 1), 3.0), [1], [Promise(3, 0.1)], first=4)
    assert (found.best, found.designs[0].used) == (0, 20)
    assert found.caveat is Caveat.NO_SPREAD
    assert found.designs[0].inside == (True,)


def test_more_replications_are_spent_where_a_mean_is_near_its_limit():
    spent = {}
    for mean in (0.5, 1.0, 3.0):
        found = [select_cheapest(fixed([[mean]], 1.0, seed)[0], [1], [Promise(0, 0.5)]) for seed in range(40)]
        spent[mean] = np.mean([one.designs[0].used for one in found])
    assert spent[0.5] > spent[1.0] >= spent[3.0] >= 20


def test_a_withheld_replication_is_named():
    def draw(designs, n):
        values = np.zeros((n, len(designs), 2))
        values[3, :, 1] = np.nan
        return values

    message = "draw must return finite values, got nan for design 0 in replication 3, response 1"
    with pytest.raises(ValueError, match=message):
        select_cheapest(draw, [1, 2], [Promise(0, 1)] * 2, abreast=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"costs": []}, r"costs must be of at least one design, got shape \(0,\)"),
        ({"costs": [1, np.inf]}, "costs must be finite, got inf"),
        ({"promises": []}, "promises must be at least one, got none"),
        ({"promises": [Promise(np.nan, 1)]}, "limit must be finite, got nan"),
        ({"promises": [Promise(1, 0)]}, "tolerance must be above 0, got 0"),
        ({"confidence": 0.5}, "confidence must be between 0.5 and 1, got 0.5"),
        ({"first": 1}, "first must be at least 2, got 1"),
        ({"most": 5}, "most must be at least first, 10, got 5"),
        ({"block": 0}, "block must be at least 1, got 0"),
        ({"abreast": 0}, "abreast must be at least 1, got 0"),
        ({"promises": [Promise(0, 1)] * 2}, r"draw must return an array of shape \(10, 1, 2\), got \(10, 1, 1\)"),
    ],
)
def test_arguments_are_checked(arguments, message):
    asked = {"costs": [1.0, 2.0], "promises": [Promise(0, 1)]} | arguments
    with pytest.raises(ValueError, match=message):
        select_cheapest(lambda designs, n: np.zeros((n, len(designs), 1)), **asked)
