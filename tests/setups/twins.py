"""What must be the same in the records of two engines."""

from dataclasses import fields

import numpy as np

from sim.engine import compiled
from sim.engine.reference import engine


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        for field in fields(a):
            left, right = getattr(a, field.name), getattr(b, field.name)
            np.testing.assert_array_equal(left, right, err_msg=field.name)
            assert left.dtype == right.dtype, field.name


def assert_twins(network, horizon):
    """Return the record of a network, which both engines give."""
    record = compiled.run(network, horizon)
    assert_same(record, engine.run(network, horizon))
    return record
