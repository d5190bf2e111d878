import numpy as np
import pytest

from sim.draws.streams import purpose_key, stream, uniforms


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


@pytest.mark.parametrize("start", [0, 1, 7, 4095, 4999, 5000])
def test_a_stretch_is_the_same_without_what_comes_before_it(start):
    assert np.array_equal(uniforms(1, 2, "x", 5000 - start, start=start), uniforms(1, 2, "x", 5000)[start:])
    ours = uniforms(1, 2, "x", 9, start=start, district=3)
    assert np.array_equal(ours, uniforms(1, 2, "x", start + 9, district=3)[start:])


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
