"""The kinds of arrays that the program passes on."""

from __future__ import annotations

import copy
from dataclasses import is_dataclass
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


def read_only(value: Any) -> Any:
    """Return the same, whose arrays are read-only views: also those in dataclasses, tuples and mappings within it."""
    return _read_only(value, {})


def _read_only(value: Any, seen: dict[int, Any]) -> Any:
    """Return a value as `read_only` does; what is met twice stays one."""
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, np.ndarray):
        seen[id(value)] = frozen(value.view())
    elif type(value) is tuple:
        seen[id(value)] = tuple(_read_only(one, seen) for one in value)
    elif type(value) is dict:
        seen[id(value)] = {key: _read_only(one, seen) for key, one in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        copied = seen[id(value)] = copy.copy(value)
        for name, one in vars(value).items():
            object.__setattr__(copied, name, _read_only(one, seen))
    else:
        return value
    return seen[id(value)]
