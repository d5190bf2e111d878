import numpy as np
import pytest
from scipy import stats

from sim.draws.streams import keyed_uniforms, purpose_key, stream, uniforms


def test_the_same_arguments_give_the_same_draws():
    assert np.array_equal(stream(7, 3, "service").random(10), stream(7, 3, "service").random(10))


@pytest.mark.parametrize(
    "other", [(8, 3, "service"), (7, 4, "service"), (7, 3, "patience"), (0, 3, "service"), (7, 3, "service", 1)]
)
def test_each_argument_makes_another_stream(other):
    a, b = stream(7, 3, "service").random(4000), stream(*other).random(4000)
    assert not np.any(a == b)
    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(4000)


def test_seed_zero_is_a_seed_and_differs_from_no_replication():
    first = {float(stream(s, r, "x").random()) for s in (0, 1) for r in (0, 1)}
    assert len(first) == 4


def test_the_draws_are_pinned_for_ever():
    assert purpose_key("service") == 16681408824978040851
    assert stream(0, 0, "service").random(2).tolist() == [0.41169047960770244, 0.717216640475426]
    assert stream(0, 0, "service", 0).random(1).tolist() == [0.41169047960770244]  # district 0 is a district alone


def test_a_longer_call_begins_with_a_shorter_one():
    assert np.array_equal(uniforms(1, 2, "x", 5), uniforms(1, 2, "x", 9)[:5])


def test_a_key_has_its_uniform_in_any_company_and_order():
    keys = np.array([5 << 32, 3, (5 << 32) + 1, 7], dtype=np.int64)
    drawn = keyed_uniforms(1, 2, "x", keys)
    assert np.array_equal(keyed_uniforms(1, 2, "x", keys[::-1])[::-1], drawn)
    assert keyed_uniforms(1, 2, "x", keys[2:3])[0] == drawn[2]
    assert keys.tolist() == [5 << 32, 3, (5 << 32) + 1, 7]  # not scrambled in place
    assert keyed_uniforms(1, 2, "x", keys[:0]).shape == (0,)


def test_the_keyed_draws_are_pinned_for_ever():
    assert keyed_uniforms(0, 0, "service", np.array([0, 1])).tolist() == [0.7532749148037327, 0.4997529171650348]


@pytest.mark.parametrize("spacing", [1, 2, 1 << 32, (1 << 32) + 1])
def test_keyed_draws_are_uniform_and_independent_from_key_to_key(spacing):
    # Neighbours in number or in hour: a false alarm in 10,000 for each spacing and check.
    u = keyed_uniforms(3, 1, "service", np.arange(40_000) * spacing)
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    for lag in (1, 2, 24):
        pairs = np.histogram2d(u[lag:], u[:-lag], bins=8, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(pairs.ravel()).pvalue > 1e-4
    bits = (u * 2**53).astype(np.int64)
    ones = np.array([np.mean(bits >> i & 1) for i in range(53)])
    assert np.all(np.abs(ones - 0.5) < 5 * 0.5 / np.sqrt(len(u)))


@pytest.mark.parametrize(
    "other", [(8, 3, "service"), (7, 4, "service"), (7, 3, "patience"), (7, 3, "service/1"), (7, 3, "service", 1)]
)
def test_each_argument_makes_other_keyed_draws(other):
    keys = np.arange(40_000)
    seed, replication, purpose, *district = other
    a, b = keyed_uniforms(7, 3, "service", keys), keyed_uniforms(seed, replication, purpose, keys, *district)
    assert not np.any(a == b)
    assert stats.chisquare(np.histogram2d(a, b, bins=8, range=[[0, 1], [0, 1]])[0].ravel()).pvalue > 1e-4


def test_a_replication_of_one_district_is_none_of_another():
    first = {float(stream(1, r, "x", d).random()) for r in range(10) for d in range(10)}
    assert len(first) == 100


def test_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        stream(-1, 0, "x")


def test_negative_replication_is_refused():
    with pytest.raises(ValueError, match="replication must be at least 0, got -2"):
        stream(0, -2, "x")


def test_negative_district_is_refused():
    with pytest.raises(ValueError, match="district must be at least 0, got -1"):
        stream(0, 0, "x", -1)
