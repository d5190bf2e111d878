"""The choice of the best of several designs: simultaneous intervals against the best, and sequential selection.

Everything works on paired replications: replication r of every design met the same demand (common random numbers).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from sim.language import N_
from sim.statistics import skewness
from sim.statistics.controls import error_scale, fit
from sim.statistics.intervals import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from sim.arrays import Floats, Ints


@dataclass(frozen=True)
class AgainstBest:
    """Comparison of each design with the best of the others (arrays of shape (designs,), unit of the measure).

    `estimate` is the design's mean less the best other mean: where smaller is better, a value below 0 belongs to
    the best design, and any other is how much worse a design is. `low` and `high` hold all at once.
    """

    estimate: Floats
    low: Floats
    high: Floats


def best_intervals(means: ArrayLike, half_widths: ArrayLike, *, smaller_is_better: bool = True) -> AgainstBest:
    """Return intervals of every design's mean less the best of the others, from those of pairwise differences.

    An interval that ends at 0 identifies a design that is the best, or one that is not: where smaller is better, a
    design with a `low` of 0 is surely not better than the best other, and one with a `high` of 0 is the best.

    Parameters
    ----------
    means : array_like, shape (k,)
        Sample means; at least two designs.
    half_widths : array_like, shape (k, k) or a number
        Half-width of the interval of each pairwise difference, all of which hold at once; or one for all.
    smaller_is_better : bool
        Whether small values are good.

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


def against_best(
    samples: ArrayLike, confidence: float = 0.95, *, smaller_is_better: bool = True, controls: Floats | None = None
) -> AgainstBest:
    """Return simultaneous intervals of every design's mean less the best of the others, from paired replications.

    The half-widths of all pairwise differences are paired t, by Bonferroni over the k (k - 1) / 2 pairs: right
    for any dependence between designs. They are widened for skewness as all intervals are; a pair whose difference is
    too skewed, or the same in all replications, tells nothing of either, whose intervals end at 0 or nowhere.

    Parameters
    ----------
    samples : array_like, shape (n, k)
        One row a replication, one column a design; at least two of each, all finite.
    confidence : float
        Between 0 and 1, of all intervals together.
    smaller_is_better : bool
        Whether small values are good.
    controls : ndarray of float, shape (n, q), optional
        Draws of known mean that all means and differences are adjusted for.

    Raises
    ------
    ValueError
        The samples must be at least two by two and finite.
    """
    from scipy.special import stdtrit  # scipy.stats takes longer to import, and to call

    x = _samples(samples)
    n, k = x.shape
    means, left, (factors, too_wide), freedom, scale = x.mean(axis=0), x, _widened(x), n - 1, 1.0
    if controls is not None:
        fits = [fit(column, controls) for column in x.T]
        means, left = np.array([one.estimate for one in fits]), np.stack([one.residuals for one in fits], axis=1)
        widened, wider = _widened(left)
        factors, too_wide = np.maximum(factors, widened), too_wide | wider
        freedom, scale = n - controls.shape[1] - 1, error_scale(controls)
    quantile = -float(stdtrit(freedom, (1 - confidence) / (k * (k - 1))))
    deviations = scale * np.sqrt(variances_of_differences(left))
    widths = quantile * deviations / np.sqrt(n) * np.where(too_wide, np.inf, factors)
    widths[_never_vary(x)] = np.inf  # what never varies does not show how it varies
    return best_intervals(means, widths, smaller_is_better=smaller_is_better)


def variances_of_differences(samples: ArrayLike) -> Floats:
    """Return the sample variance of every pairwise difference (shape (k, k)) of samples (shape (n, k))."""
    covariance = np.cov(_samples(samples), rowvar=False)
    own = np.diag(covariance)
    return np.maximum(own[:, None] + own[None, :] - 2 * covariance, 0.0)


def widenings_of_differences(samples: ArrayLike) -> Floats:
    """Return the factor by which each pairwise difference (shape (k, k)) must be wider than Student's; 1 on itself."""
    return _widened(_samples(samples))[0]


def _widened(x: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the factor of each pairwise difference, and whether it is too skewed for an interval."""
    n, k = x.shape
    one, other = np.triu_indices(k, 1)
    skews = skewness.skewness((x[:, one] - x[:, other]).T)
    factors = np.ones((k, k))
    factors[one, other] = factors[other, one] = skewness.widenings(skews, n).max(axis=-1)
    too_wide = np.zeros((k, k), dtype=bool)
    too_wide[one, other] = too_wide[other, one] = skewness.too_wide(skews, n)
    return factors, too_wide


def _never_vary(x: Floats) -> NDArray[np.bool_]:
    """Return of each pair of designs (shape (k, k)) whether their difference is the same in all replications."""
    gaps = x[:, :, None] - x[:, None, :]
    return np.asarray((np.ptp(gaps, axis=0) <= ROUNDING * np.abs(x).max()) & ~np.eye(x.shape[1], dtype=bool))


def _samples(samples: ArrayLike) -> Floats:
    """Return checked samples."""
    x = np.asarray(samples, dtype=np.float64)
    if x.ndim != 2 or min(x.shape) < 2:
        raise ValueError(f"samples must be of at least two replications of two designs, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"samples must be finite, got {x[~np.isfinite(x)][0]}")
    return x


@dataclass(frozen=True)
class Dropped:
    """A design dropped from a search, after how many of its replications, and the better design that beat it."""

    design: int
    after: int
    by: int


class Caveat(StrEnum):
    """The reason why a search gives no guarantee; empty if it gives one."""

    NONE = ""
    MOST = N_("the search ended at the maximum number of replications")
    TOO_SKEWED = N_("the values are too skewed even for the maximum number of replications")
    NO_SPREAD = N_("some values are the same in every replication, which does not show how they vary")


LEAST_FIRST, MOST_WIDENING = 20, 2.0
"""A first stage goes on, each time twice as long, until it has this many replications and no variance is of values
so skewed that an interval of their mean would be more than this many times Student's."""


@dataclass(frozen=True)
class Selected:
    """The design that a search chose, and the replications that it took.

    Attributes
    ----------
    best : int
        The design chosen.
    used : ndarray, shape (designs,)
        Replications used; they do not depend on the block.
    drawn : ndarray, shape (designs,)
        Replications drawn: with blocks, up to a block less one more than were used.
    dropped : tuple of Dropped
        In the order in which they were dropped.
    caveat : Caveat
        Why the choice has no guarantee; empty if it has.
    """

    best: int
    used: Ints
    drawn: Ints
    dropped: tuple[Dropped, ...]
    caveat: Caveat


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
    block: int = 1,
    smaller_is_better: bool = True,
    as_published: bool = False,
) -> Selected:
    """Return the best of k designs by a fully sequential procedure that drops designs as soon as they are beaten.

    If the best is better than all others by at least the indifference zone, it is chosen with at least the given
    confidence (probability of correct selection). Where others are within the zone of the best, one of these is
    chosen about as often or more often (the tests measure it), but that is not proven for this procedure. Replications
    must be independent, with any variances; designs may be dependent, and common random numbers save replications.
    The procedure is one for normal replications: for skewed ones the first stage is longer and the variances of the
    differences are taken larger, by the square of what widens an interval (tests measure the error). Two designs with
    the same values in every replication (a knob that does nothing) cannot be distinguished: the earlier stays, without
    the guarantee, as with any two whose difference never varies.

    Parameters
    ----------
    draw : callable
        Given designs still in play and a number, returns that many further paired replications of each (shape
        (number, designs)). All designs in play have had the same replications, so replications made earlier may be
        returned.
    k : int
        Number of designs, at least 2.
    zone : float
        Smallest difference that matters, above 0.
    confidence : float
        Least probability of a correct selection, between 1 / k and 1.
    first : int
        Replications of the first stage, at least 2; it goes on to `LEAST_FIRST`, and further where values are skewed.
    most : int, optional
        Replications of a design after which the best mean is chosen, without the guarantee; at least `first`.
    block : int
        Replications drawn at once after the first stage, at least 1. They are used one by one: with every block the
        same designs are dropped after the same replications, provided that a replication is the same whenever drawn.
    smaller_is_better : bool
        Whether small values are good.
    as_published : bool
        Whether to take replications for normal, as the literature does with which the procedure is compared.

    Raises
    ------
    ValueError
        If an argument is out of its range, or a replication that is used is not finite (it was withheld).

    References
    ----------
    Kim and Nelson (2001), A fully sequential procedure for indifference-zone selection in simulation, ACM Trans.
    Modeling and Computer Simulation 11, 251-273 (procedure KN, c = 1). Eckman and Henderson (2021), Fixed-confidence,
    fixed-tolerance guarantees for ranking-and-selection procedures, ACM Trans. Modeling and Computer Simulation 31
    (what is known of the choice of good designs).
    """
    if k < 2:
        raise ValueError(f"k must be at least 2, got {k}")
    if not 0 < zone < np.inf:
        raise ValueError(f"zone must be above 0, got {zone:g}")
    if not 1 / k < confidence < 1:
        raise ValueError(f"confidence must be between 1/{k} and 1, got {confidence:g}")
    check_stages(first, most, block)
    sign = -1.0 if smaller_is_better else 1.0
    every = np.arange(k)
    start = finite(sign * draw_checked(draw, every, first), every, 0)
    widenings = np.ones((k, k)) if as_published else widenings_of_differences(start)
    while not as_published and (longer := longer_first(len(start), float(widenings.max()), most)):
        more = sign * draw_checked(draw, every, longer - len(start))
        start = np.concatenate([start, finite(more, every, len(start))])
        widenings = widenings_of_differences(start)
    first, variances = len(start), variances_of_differences(start)
    reach = 2 * kim_nelson_eta(k, first, 1 - confidence) * (first - 1) * variances * widenings**2 / zone
    still = bool(_never_vary(start).any())
    caveat = Caveat.NONE if as_published else stage_caveat(first, float(widenings.max()), no_spread=still)
    total, alive, r = start.sum(axis=0), every, first
    used, asked = np.full(k, first), np.full(k, first)
    stock, taken = np.empty((0, k)), 0  # replications drawn ahead, and how many of them have been used
    dropped: list[Dropped] = []
    while True:
        slack = np.maximum(0.0, (reach[np.ix_(alive, alive)] - zone * r) / 2)
        beaten = _beaten_by(total[alive], slack)
        dropped += [Dropped(int(alive[i]), r, int(alive[by])) for i, by in enumerate(beaten) if by >= 0]
        alive = alive[beaten < 0]
        if len(alive) == 1 or r == most:
            chosen = int(alive[np.argmax(total[alive])])
            return Selected(chosen, used, asked, tuple(dropped), caveat if len(alive) == 1 else Caveat.MOST)
        if taken == len(stock):
            number = block if most is None else min(block, most - r)
            stock, taken = np.full((number, k), np.nan), 0
            stock[:, alive] = sign * draw_checked(draw, alive, number)
            asked[alive] += number
        total[alive] += finite(stock[taken : taken + 1, alive], alive, r)[0]
        used[alive] += 1
        taken, r = taken + 1, r + 1


def longer_first(n: int, widening: float, most: int | None) -> int | None:
    """Return how long the first stage must be where n replications are too few for the widening that they show."""
    wanted = LEAST_FIRST if n < LEAST_FIRST else 2 * n if widening > MOST_WIDENING else n
    allowed = wanted if most is None else min(wanted, most)
    return allowed if allowed > n else None


def stage_caveat(n: int, widening: float, *, no_spread: bool) -> Caveat:
    """Return why a first stage of n replications, as long as it may be, gives no guarantee."""
    if widening > MOST_WIDENING:
        return Caveat.TOO_SKEWED
    if no_spread:
        return Caveat.NO_SPREAD
    return Caveat.MOST if n < LEAST_FIRST else Caveat.NONE


def _beaten_by(total: Floats, slack: Floats) -> Ints:
    """Return the design that beats each design (of several, the one with the largest sum), or -1."""
    gap = total[:, None] - total[None, :]
    order = np.arange(len(total))
    beats = (gap < -slack) | ((slack == 0) & (gap == 0) & (order[:, None] > order[None, :]))
    best = np.argmax(np.where(beats, total[None, :], -np.inf), axis=1)
    return np.where(beats.any(axis=1), best, -1)


def check_stages(first: int, most: int | None, block: int) -> None:
    """Raise if the numbers of replications of a sequential search are out of range."""
    if first < 2:
        raise ValueError(f"first must be at least 2, got {first}")
    if most is not None and most < first:
        raise ValueError(f"most must be at least first, {first}, got {most}")
    if block < 1:
        raise ValueError(f"block must be at least 1, got {block}")


def draw_checked(draw: Callable[[Ints, int], Floats], designs: Ints, number: int, *responses: int) -> Floats:
    """Return the next `number` replications of the designs, or raise if they are not of the right shape."""
    values = np.asarray(draw(designs, number), dtype=np.float64)
    shape = (number, len(designs), *responses)
    if values.shape != shape:
        raise ValueError(f"draw must return an array of shape {shape}, got {values.shape}")
    return values


def finite(values: Floats, designs: Ints, seen: int) -> Floats:
    """Return replications (shape (number, designs, ...)), or raise if one is not finite; `seen` came before them."""
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column, *rest = bad[0]
        where = f"design {designs[column]} in replication {seen + row}" + "".join(f", response {i}" for i in rest)
        raise ValueError(f"draw must return finite values, got {values[tuple(bad[0])]:g} for {where}")
    return values
