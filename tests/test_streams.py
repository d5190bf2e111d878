import numpy as np
import pytest

from sim.streams import purpose_key, stream, uniforms


def test_the_same_arguments_give_the_same_draws():
    assert np.array_equal(stream(7, 3, "service").random(10), stream(7, 3, "service").random(10))


@pytest.mark.parametrize("other", [(8, 3, "service"), (7, 4, "service"), (7, 3, "patience"), (0, 3, "service")])
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


def test_a_longer_call_begins_with_a_shorter_one():
    assert np.array_equal(uniforms(1, 2, "x", 5), uniforms(1, 2, "x", 9)[:5])


def test_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        stream(-1, 0, "x")


def test_negative_replication_is_refused():
    with pytest.raises(ValueError, match="replication must be at least 0, got -2"):
        stream(0, -2, "x")
