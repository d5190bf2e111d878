"""Which of several designs is best: simultaneous intervals against the best, and sequential selection.

Everything works on paired replications: replication r of every design met the same demand (common random numbers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class AgainstBest:
    """Designs against the best of the others (arrays of shape (designs,), unit of the measure).

    `estimate` is the design's mean less the best other mean: where smaller is better, a value below 0 belongs to
    the best design, and any other is how much worse a design is. `low` and `high` hold all at once.
    """

    estimate: Floats
    low: Floats
    high: Floats


def best_intervals(means: ArrayLike, half_widths: ArrayLike, *, smaller_is_better: bool = True) -> AgainstBest:
    """Return intervals of every design's mean less the best of the others, from those of pairwise differences.

    An interval that ends at 0 tells a design that is best, or one that is not: where smaller is better, a `low` of 0
    is a design that is surely no better than the best, and a `high` of 0 is the best.

    Parameters
    ----------
    means : array_like, shape (k,)
        Sample means; at least two designs.
    half_widths : array_like, shape (k, k) or a number
        Half-width of the interval of each pairwise difference, all of which hold at once; or one for all.
    smaller_is_better : bool
        What best means.

    Returns
    -------
    AgainstBest
        Simultaneous intervals.

    Raises
    ------
    ValueError
        There must be at least two designs and no half-width below 0.

    References
    ----------
    Hsu (1984), Constrained simultaneous confidence intervals for multiple comparisons with the best, Annals of
    Statistics 12, 1136-1144; Nelson and Matejcik (1995), Management Science 41, 1935-1945.
    """
    x = np.asarray(means, dtype=np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"means must be of at least two designs, got shape {x.shape}")
    width = np.broadcast_to(np.asarray(half_widths, dtype=np.float64), (len(x), len(x)))
    if np.any(width < 0):
        raise ValueError(f"half_widths must be at least 0, got {width.min():g}")
    sign = 1.0 if smaller_is_better else -1.0
    gaps = sign * (x[:, None] - x[None, :])
    others = ~np.eye(len(x), dtype=bool)
    worst = np.max(gaps, axis=1, where=others, initial=-np.inf)
    high = np.maximum(np.max(gaps + width, axis=1, where=others, initial=-np.inf), 0.0)
    low = np.minimum(np.max(gaps - width, axis=1, where=others, initial=-np.inf), 0.0)
    return AgainstBest(*(worst, low, high) if smaller_is_better else (-worst, -high, -low))


def against_best(samples: ArrayLike, confidence: float = 0.95, *, smaller_is_better: bool = True) -> AgainstBest:
    """Return simultaneous intervals of every design's mean less the best of the others, from paired replications.

    The half-widths of all pairwise differences are paired t, by Bonferroni over the k (k - 1) / 2 pairs: right
    whatever the dependence between designs.

    Parameters
    ----------
    samples : array_like, shape (n, k)
        One row a replication, one column a design; at least two of each, all finite.
    confidence : float
        Between 0 and 1, of all intervals together.
    smaller_is_better : bool
        What best means.

    Raises
    ------
    ValueError
        The samples must be at least two by two and finite.
    """
    from scipy.stats import t

    x = _samples(samples)
    n, k = x.shape
    quantile = float(t.ppf(1 - (1 - confidence) / (k * (k - 1)), n - 1))
    deviations = np.sqrt(variances_of_differences(x))
    return best_intervals(x.mean(axis=0), quantile * deviations / np.sqrt(n), smaller_is_better=smaller_is_better)


def variances_of_differences(samples: ArrayLike) -> Floats:
    """Return the sample variance of every pairwise difference (shape (k, k)) of samples (shape (n, k))."""
    covariance = np.cov(_samples(samples), rowvar=False)
    own = np.diag(covariance)
    return np.maximum(own[:, None] + own[None, :] - 2 * covariance, 0.0)


def _samples(samples: ArrayLike) -> Floats:
    """Return checked samples."""
    x = np.asarray(samples, dtype=np.float64)
    if x.ndim != 2 or min(x.shape) < 2:
        raise ValueError(f"samples must be of at least two replications of two designs, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"samples must be finite, got {x[~np.isfinite(x)][0]}")
    return x


@dataclass(frozen=True)
class Selected:
    """The design chosen, and how many replications of each were spent (shape (designs,))."""

    best: int
    spent: Ints


def kim_nelson_eta(k: int, first: int, error: float) -> float:
    """Return the constant of the continuation region of `select_best` (c = 1).

    References
    ----------
    Kim and Nelson (2001), equation for c = 1 solved for eta.
    """
    power: float = (2 * error / (k - 1)) ** (-2 / (first - 1))
    return 0.5 * (power - 1)


def select_best(
    draw: Callable[[Ints, int], Floats],
    k: int,
    *,
    zone: float,
    confidence: float = 0.95,
    first: int = 10,
    most: int | None = None,
    smaller_is_better: bool = True,
) -> Selected:
    """Return the best of k designs by a fully sequential procedure that drops designs as soon as they are beaten.

    With at least the given confidence it chooses the best, if it is better than all others by at least the
    indifference zone; otherwise, a design within the zone of the best. Replications must be normal (means of many
    requests nearly are); designs may be dependent, and common random numbers save replications.

    Parameters
    ----------
    draw : callable
        Given designs still in play and a number, returns so many further paired replications (shape (number, designs)).
    k : int
        Number of designs, at least 2.
    zone : float
        Smallest difference that matters, above 0.
    confidence : float
        Least probability of a correct selection, between 1 / k and 1.
    first : int
        Replications of the first stage, at least 2.
    most : int, optional
        Replications of a design after which the best mean is chosen, without the guarantee.
    smaller_is_better : bool
        What best means.

    Raises
    ------
    ValueError
        Where an argument is out of its range.

    References
    ----------
    Kim and Nelson (2001), A fully sequential procedure for indifference-zone selection in simulation, ACM Trans.
    Modeling and Computer Simulation 11, 251-273 (procedure KN, c = 1).
    """
    if k < 2:
        raise ValueError(f"k must be at least 2, got {k}")
    if zone <= 0:
        raise ValueError(f"zone must be above 0, got {zone:g}")
    if not 1 / k < confidence < 1:
        raise ValueError(f"confidence must be between 1/{k} and 1, got {confidence:g}")
    if first < 2:
        raise ValueError(f"first must be at least 2, got {first}")
    sign = -1.0 if smaller_is_better else 1.0
    start = sign * draw(np.arange(k), first)
    variance = variances_of_differences(start)
    reach = 2 * kim_nelson_eta(k, first, 1 - confidence) * (first - 1) * variance
    total, alive, spent, r = start.sum(axis=0), np.arange(k), np.full(k, first), first
    while True:
        slack = np.maximum(0.0, zone / 2 * (reach[np.ix_(alive, alive)] / zone**2 - r))
        mean = total[alive] / r
        beaten = np.any(mean[:, None] < mean[None, :] - slack / r, axis=1)
        alive = alive[~beaten]
        if len(alive) == 1 or (most is not None and r >= most):
            return Selected(int(alive[np.argmax(total[alive])]), spent)
        total[alive] += sign * draw(alive, 1)[0]
        spent[alive] += 1
        r += 1
