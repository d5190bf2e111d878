"""How much wider than Student's an interval of a mean must be for the skewness that its values show.

Few skewed values often miss the long tail: then their mean is too low, their standard deviation too small and their
skewness too little, all at once, and Student's interval of 95 % holds 75 to 90 %. The side of the long tail is
therefore widened by the skewness at hand, and both sides by what the other members of the family show: a value that
stands among skewed ones is probably skewed, whatever its own few values look like. Fewer than twenty do not show enough
of it, least of all where they are a family of their own: both sides are widened by what they cannot rule out. Neither
side is ever narrower than Student's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from sim.arrays import Floats, Ints

FIRST_ORDER, BY_FEWNESS = 1.0, 13.0
"""Skewness over the root of n is weighed by the first of these, and by the second over n more.

Theory gives about the first (Johnson 1978); the second stands for a skewness that few values know badly, and too low.
It is about the least with which families of 1, 2, 5, 20 and 87 intervals held on the laws of the tests of coverage."""

FEWEST = 6
"""Fewer replications count as many as this in `BY_FEWNESS`: so few know no skewness, and t is wide already."""

MANY, HIDDEN = 20, 2.0
"""Of a family of fewer replications than the first of these, one more member is taken to have the second as its squared
skewness, less of it from ten on: about the least with which what is printed of 6 to 16 values held on those laws."""

WIDEST = 5.0
"""A side that must be more than this many times Student's for the skewness that is seen is none: the values are too
skewed for their number."""

COMFORTABLE = 2.5
"""Widening at which replications are called enough: one that chance does not carry back beyond `WIDEST`."""


def skewness(values: Floats) -> Floats:
    """Return the third central moment of values over the cube of their standard deviation; 0 without spread.

    Parameters
    ----------
    values : ndarray of float, shape (..., n)
        The last axis is that of the replications.
    """
    x = values - values.mean(axis=-1, keepdims=True)
    variance = np.mean(x**2, axis=-1)
    return np.asarray(np.divide(np.mean(x**3, axis=-1), variance**1.5, out=np.zeros_like(variance), where=variance > 0))


def widenings(skews: Floats, numbers: ArrayLike) -> Floats:
    """Return by how much the lower and the upper side of each interval of a family exceed Student's.

    Parameters
    ----------
    skews : ndarray of float, shape (..., members)
        Of the values of each member; the last axis is one family.
    numbers : array_like, shape (members,) or a number
        How many values each has, at least 2.

    Returns
    -------
    ndarray, shape (..., members, 2)
        Factors of at least 1.

    References
    ----------
    Johnson (1978), Modified t tests and confidence intervals for asymmetrical populations, J. American Statistical
    Association 73, 536-544; Hall (1992), On the removal of skewness by transformation, J. Royal Statistical Society B
    54, 221-228.
    """
    n = np.asarray(numbers, dtype=np.float64)
    hidden = np.where(n < FEWEST, 0.0, np.minimum(HIDDEN, np.maximum(MANY - n, 0.0) / 5)).max(axis=-1, initial=0.0)
    return _factors(skews, n, shared(skews, n, hidden))


def too_wide(skews: Floats, numbers: ArrayLike) -> NDArray[np.bool_]:
    """Return of each interval of a family (shape (..., members)) whether the skewness that is seen lets it be none."""
    n = np.asarray(numbers, dtype=np.float64)
    return np.asarray(_factors(skews, n, shared(skews, n)).max(axis=-1) > WIDEST)


def _factors(skews: Floats, n: Floats, family: Floats) -> Floats:
    """Return the factor of each side, for the skewness of each member and of its family."""
    own = np.stack([np.maximum(-skews, 0.0), np.maximum(skews, 0.0)], axis=-1)
    u = _weight(n)[..., None] * (own + family[..., None, None])
    return np.asarray(1 + u + u**2)


def shared(skews: Floats, numbers: ArrayLike, hidden: ArrayLike = 0.0) -> Floats:
    """Return the skewness that each family shows beyond what normal values would, as if it had one more member.

    That is normal, or has the squared skewness `hidden` more.
    """
    n = np.asarray(numbers, dtype=np.float64)
    normal = 6 * (n - 2) / ((n + 1) * (n + 3))  # variance of the skewness of normal values
    beyond = (skews**2 - normal).sum(axis=-1) + hidden
    return np.asarray(np.sqrt(np.maximum(beyond / (skews.shape[-1] + 1), 0.0)))


def enough(skew: float, family: float, n: int) -> int:
    """Return about how many replications would give an interval, were its skewness and its family's as they are now."""
    most = (math.sqrt(4 * COMFORTABLE - 3) - 1) / 2
    more = n
    while float(_weight(np.array(more))) * (abs(skew) + family) > most:
        more += max(1, more // 10)
    return more


def _weight(n: Floats | Ints) -> Floats:
    """Return the weight of skewness for each number of values."""
    return np.asarray((FIRST_ORDER + BY_FEWNESS / np.maximum(n, FEWEST)) / np.sqrt(n))
