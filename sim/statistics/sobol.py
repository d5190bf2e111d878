"""Sobol indices: the factors' shares of the variance of a response, from a sampled design with paired replications.

Each base point of the sample is a row of two matrices A and B; the settings are A, then B, then for each factor A with
that factor's column taken from B. What the replications of a point scatter is noise and no factor's doing: it is
estimated from the replications and taken out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from sim.language import N_
from sim.statistics.skewness import FEWEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from sim.arrays import Floats

MOST_LEFT_OUT = 0.2
"""Share of the base points that may be without a value."""

NOISE_ALONE = N_("its variance between settings is not told from the noise of the replications")

CAUTIONS = {
    1: N_(
        "of one replication the noise cannot be told from what the factors do: it is in the indices, and total ones "
        "are too large"
    ),
    2: N_("of two replications the noise that settings share is not known: intervals leave it out, and are too narrow"),
    **dict.fromkeys(
        range(3, FEWEST),
        N_("of so few replications the noise that settings share is hardly known: intervals may be too narrow"),
    ),
}
"""What is not known of an index, by the number of replications."""

ROUNDING = 1e-9
"""A range of values no larger than this share of them is one of rounding errors."""


class Indices(NamedTuple):
    """Sobol indices of the factors, and the base points that they were estimated from.

    Attributes
    ----------
    table : polars.DataFrame
        factor, first, first_low, first_high, total, total_low, total_high: shares of the variance, in the order of
        the factors. NaN where `why` says why there are none.
    n : int
        Base points used.
    left_out : int
        Base points left out in A, in B and for every factor, as one of their settings had no value.
    noise_share : float
        Of the variance between settings of the mean over replications: what the scatter of replications makes. It is
        taken out of the indices. Above 1 where replications scatter more than settings differ. NaN where there is no
        variance, and with one replication: then the noise is in the indices.
    why : str
        Why there are no indices, or an empty text.
    caution : str
        What the indices or their intervals leave out, as the replications are too few to know it; or an empty text.
    """

    table: pl.DataFrame
    n: int
    left_out: int
    noise_share: float
    why: str
    caution: str


def sobol_settings(n: int, d: int, seed: int) -> Floats:
    """Return the sample at which `indices` needs values, as uniforms in [0, 1) (shape ((d + 2) n, d)).

    The first n rows are A, the next n are B, and then follow n rows for each factor: A with that factor's column from
    B. The caller maps the numbers to levels, by the inverse of a law or, for k discrete levels, by floor(k u).

    Parameters
    ----------
    n : int
        Base points, a power of 2.
    d : int
        Factors, at least 1.
    seed : int
        Of the scrambling; the same seed gives the same sample.

    Raises
    ------
    ValueError
        n must be a power of 2; d at least 1.

    References
    ----------
    Saltelli et al. (2010), Variance based sensitivity analysis of model output, Computer Physics Communications 181,
    259-270, section 5; Owen (1998), Scrambling Sobol' and Niederreiter-Xing points, J. Complexity 14, 466-489.
    """
    from scipy.stats import qmc

    if n < 1 or n & (n - 1):
        raise ValueError(f"n must be a power of 2, got {n}")
    if d < 1:
        raise ValueError(f"d must be at least 1, got {d}")
    both = qmc.Sobol(d=2 * d, scramble=True, rng=np.random.default_rng(seed), bits=64).random(n)
    both = np.minimum(both, np.nextafter(1.0, 0.0))  # 64 bits may round to 1, and floor(k u) must stay below k
    a, b = both[:, :d], both[:, d:]
    mixed = [np.where(np.arange(d) == i, b, a) for i in range(d)]
    return np.concatenate([a, b, *mixed])


def indices(
    values: ArrayLike, factors: Sequence[str], confidence: float = 0.95, *, seed: int = 0, resamples: int = 999
) -> Indices:
    """Return first-order and total Sobol indices with intervals, the noise of replications taken out.

    Moments of the mean over replications are too large by what the scatter of replications adds to them; the
    replications' own covariances, over their number, are subtracted, which leaves the products of different
    replications alone. This holds whether replications share random numbers between settings
    or not; what a replication adds to all settings alike drops out. Indices are not clipped: one near 0 may come out
    slightly below it.

    Intervals are percentiles over base points drawn anew, a base point always with all its settings, widened by what
    leaving out one replication at a time moves the index (jackknife): random numbers in common make a noise that is
    alike at neighbouring points, which no drawing of points shows. That takes three replications; with two, intervals
    speak of the two at hand alone; with one, its noise cannot be taken out either, and total indices are too large.

    Parameters
    ----------
    values : array_like, shape ((d + 2) n, m)
        One row a setting in the order of `sobol_settings`, one column a replication. A row with NaN was withheld or
        cannot be: its base point is left out everywhere.
    factors : sequence of str
        Names of the d factors.
    confidence : float
        Between 0 and 1, both excluded.
    seed : int
        Of the drawing.
    resamples : int
        How often base points are drawn anew.

    Returns
    -------
    Indices
        All NaN if the variance of the response is 0 or cannot be distinguished from the noise.

    Raises
    ------
    ValueError
        Confidence must be between 0 and 1; values must have (d + 2) n rows; at most a fifth of the base points may be
        without a value, and two must have one.

    References
    ----------
    Saltelli et al. (2010), table 2 (b) and (f); Archer, Saltelli and Sobol (1997), Sensitivity measures, ANOVA-like
    techniques and the use of bootstrap, J. Statistical Computation and Simulation 58, 99-120; Efron and Stein (1981),
    The jackknife estimate of variance, Annals of Statistics 9, 586-596.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    d = len(factors)
    y, left_out = _base_points(values, d)
    n, m = y.shape[1:]
    estimates, scatter = _estimates(_moments(y), np.full((1, n), 1 / n))
    noise_share = scatter if m > 1 else math.nan
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples) / n
    drawn, _ = _estimates(_moments(y), weights)
    wider = _widening(y, drawn.var(axis=0, ddof=1))
    if np.isnan(estimates).any() or np.isnan(drawn).any() or np.isnan(wider).any():
        none = np.full((2, d), math.nan)
        level_means = y.mean(axis=2)
        varies = float(np.ptp(level_means)) > ROUNDING * float(np.abs(level_means).max())
        why = NOISE_ALONE if varies else N_("it does not vary between settings")
        return Indices(_table(factors, none, none, none), n, left_out, noise_share if varies else math.nan, why, "")
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    point = estimates[0]
    low, high = point - wider * (point - low), point + wider * (high - point)
    return Indices(_table(factors, point, low, high), n, left_out, noise_share, "", CAUTIONS.get(m, ""))


def _base_points(values: ArrayLike, d: int) -> tuple[Floats, int]:
    """Return the values of complete base points (shape (d + 2, points, replications)), and how many were left out."""
    y = np.asarray(values, dtype=np.float64)
    if y.ndim != 2 or not d or not len(y) or len(y) % (d + 2) or not y.shape[1]:
        raise ValueError(f"values must have (d + 2) n rows for d = {d} factors, got shape {y.shape}")
    y = y.reshape(d + 2, -1, y.shape[1])
    whole = np.asarray(np.isfinite(y).all(axis=(0, 2)))
    left_out, n = int(np.count_nonzero(~whole)), y.shape[1]
    if left_out > MOST_LEFT_OUT * n or n - left_out < 2:
        raise ValueError(
            f"at most {MOST_LEFT_OUT:.0%} of the base points may be without a value at one of their settings, "
            f"and two must have one, got {left_out} of {n} without"
        )
    return y[:, whole], left_out


def _moments(y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return for each base point the level, the noise and the products whose means give the indices, noise removed.

    The columns of the products: A squared and B squared halved; per factor B (AB - A); per factor (A - AB) squared
    halved; per factor AB - A.
    """
    m = y.shape[2]
    y = y - y[:2].mean(axis=(0, 1))  # what a replication adds to all settings alike
    a, b, mixed = y[0], y[1], y[2:]
    change = mixed - a

    def product(one: Floats, other: Floats) -> tuple[Floats, Floats]:
        """Return the product of the means and the part of it that noise makes, each of shape (..., n)."""
        whole = one.mean(axis=-1) * other.mean(axis=-1)
        if m < 2:
            return whole, np.zeros_like(whole)
        centred = one - one.mean(axis=-1, keepdims=True), other - other.mean(axis=-1, keepdims=True)
        return whole, np.asarray((centred[0] * centred[1]).sum(axis=-1) / (m * (m - 1)))

    squares, noise = (x.mean(axis=0) for x in product(y[:2], y[:2]))
    first = np.subtract(*product(np.broadcast_to(b, change.shape), change))
    total = np.subtract(*product(change, change)) / 2
    level = y[:2].mean(axis=(0, 2))
    return level, noise, np.vstack([squares - noise, first, total, change.mean(axis=-1)])


def _estimates(moments: tuple[Floats, Floats, Floats], weights: Floats) -> tuple[Floats, float]:
    """Return the indices for each row of weights (shape (rows, 2, d)), and the share of noise for the first row."""
    level, noise, products = moments
    d = (len(products) - 1) // 3
    sums = weights @ products.T
    centre = weights @ level
    variance = sums[:, 0] - centre**2
    first = sums[:, 1 : d + 1] - centre[:, None] * sums[:, 2 * d + 1 :]
    total = sums[:, d + 1 : 2 * d + 1]
    scatter = float(weights[0] @ noise)
    # Equal values may leave a variance of rounding errors.
    some = variance > 1e-12 * (variance + scatter + np.abs(sums[:, 0]).max())
    shares = np.stack([first, total], axis=1) / np.where(some, variance, math.nan)[:, None, None]
    raw = float(variance[0]) + scatter
    return shares, scatter / raw if raw > 0 else math.nan


def _widening(y: Floats, variances: Floats) -> Floats:
    """Return the factor by which each interval is widened for the noise that points share (shape (2, d))."""
    m, n = y.shape[2], y.shape[1]
    if m < 3:  # leaving one of two out leaves no scatter to estimate
        return np.ones_like(variances)
    even = np.full((1, n), 1 / n)
    without = np.concatenate([_estimates(_moments(np.delete(y, r, axis=2)), even)[0] for r in range(m)])
    jackknife = (m - 1) * without.var(axis=0)
    ratio = np.divide(jackknife, variances, out=np.zeros_like(variances), where=variances != 0)  # NaN stays NaN
    return np.asarray(np.sqrt(1 + ratio))


def _table(factors: Sequence[str], point: Floats, low: Floats, high: Floats) -> pl.DataFrame:
    """Return the table of the indices."""
    columns: dict[str, object] = {"factor": list(factors)}
    for i, kind in enumerate(("first", "total")):
        columns |= {kind: point[i], f"{kind}_low": low[i], f"{kind}_high": high[i]}
    return pl.DataFrame(columns, schema_overrides={"factor": pl.String})
