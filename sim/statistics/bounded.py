"""Bounds on the mean of values that have a least and a greatest one, as shares do: they hold whatever their law.

Of few values that are all alike, or nearly, no spread can be estimated; but a mean far from them would need values far
from them too often for none to have come.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.statistics.intervals import check_confidence, vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sim.arrays import Floats


def share_bounds(values: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Return bounds on the mean share, from independent shares.

    The product of n independent shares x has the mean m^n, m that of one. By Markov's inequality it exceeds m^n / a
    with a probability of at most a, so that m is at least the n-th root of a times the product, but for that
    probability; and so for 1 - x from the other side. Of n ones it says that m is at least the n-th root of a, which is
    the rule of three.

    Parameters
    ----------
    values : array_like, shape (n,)
        From 0 to 1, one a replication.
    confidence : float
        Of both bounds together, between 0 and 1, both excluded.

    Returns
    -------
    tuple of float
        NaN where n < 2 or a value is no share.

    Raises
    ------
    ValueError
        Confidence must be between 0 and 1; values must be one-dimensional.

    References
    ----------
    Hanley and Lippman-Hand (1983), If nothing goes wrong, is everything all right?, J. American Medical Association
    249, 1743-1745; Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by betting, J. Royal
    Statistical Society B 86, 1-27 (of which this is the product with the largest stake).
    """
    check_confidence(confidence)
    x = vector("values", values)
    if len(x) < 2 or not ((x >= 0) & (x <= 1)).all():
        return math.nan, math.nan
    root = ((1 - confidence) / 2) ** (1 / len(x))
    return root * _geometric_mean(x), 1 - root * _geometric_mean(1 - x)


def _geometric_mean(x: Floats) -> float:
    """Return the geometric mean, 0 where a value is 0."""
    return float(np.exp(np.log(x).mean())) if (x > 0).all() else 0.0
