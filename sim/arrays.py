"""The kinds of arrays that the program passes on."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
AnyInts = NDArray[np.signedinteger[Any]]
"""Whole numbers of any width, as a network stores them."""

Array = TypeVar("Array", bound=NDArray[Any])


def frozen(array: Array) -> Array:
    """Return the array itself, from now on read-only."""
    array.flags.writeable = False
    return array
