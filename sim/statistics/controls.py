"""Control variates: what draws of known mean explain of the chance in replications, taken off their mean.

Values are regressed on the deviations of the draws from their known means; the regression's value where all deviations
are 0 is an estimate of the same mean, with less of it left. Regressors cost degrees of freedom, so few are taken, in an
order that does not depend on the values: as many of the first as give the shortest intervals, and none where these are
not clearly shorter. Tests measure the coverage of the whole procedure, on laws and relations from normal to far out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sim.arrays import Floats

FEWEST = 20
"""Replications below which there are no controls."""

REPLICATIONS_EACH = 10
"""Replications that a control needs: useless ones then widen an interval by some 6 % at most."""

PAYS = 0.95
"""A regression is used where the interval becomes at most this times as long: chance alone seldom does that."""

COLLINEAR = 1e-6
"""A control of which earlier ones leave no more than this share of its spread tells nothing new."""


class Fit(NamedTuple):
    """A mean by regression, its standard error, and what of the values the controls leave (shape (n,))."""

    estimate: float
    error: float
    residuals: Floats


def most(n: int) -> int:
    """Return how many controls n replications can bear."""
    return n // REPLICATIONS_EACH if n >= FEWEST else 0


def independent(candidates: Iterable[Floats], n: int) -> list[int]:
    """Return the places of the first candidates that n replications can bear, without those that tell nothing new.

    Parameters
    ----------
    candidates : iterable of ndarray, shape (n,)
        In the order of preference, which must not depend on the values that are to be explained. One of another length
        or with a NaN was not kept with all replications and is left out.
    """
    taken: list[int] = []
    basis = np.ones((n, 1)) / math.sqrt(max(n, 1))
    for i, x in enumerate(candidates):
        if len(taken) == most(n):
            break
        if len(x) != n or not np.isfinite(x).all():
            continue
        left = x - basis @ (basis.T @ x)
        left -= basis @ (basis.T @ left)  # once more, for what rounding left
        size = float(np.linalg.norm(left))
        if size > COLLINEAR * float(np.linalg.norm(x)):
            taken.append(i)
            basis = np.column_stack([basis, left / size])
    return taken


def among_first(controls: Floats | None, n: int) -> Floats | None:
    """Return those of some controls (shape (replications, q)) that the first n replications can bear; None for none."""
    if controls is None or len(controls) < n:
        return None
    here = controls[:n]
    taken = independent(here.T, n)
    return here[:, taken] if taken else None


def fit(values: Floats, controls: Floats) -> Fit:
    """Return the mean of values, adjusted for controls.

    Parameters
    ----------
    values : ndarray, shape (n,)
        One a replication, all finite.
    controls : ndarray, shape (n, q)
        Deviations from known means, q at most n - 3, none a combination of the others and a constant.

    Returns
    -------
    Fit
        `error` is the exact one given the controls where values are linear in them with normal errors; Student's with
        n - q - 1 degrees of freedom. The estimate is linear in the values: that of a difference is the difference of
        the estimates.

    References
    ----------
    Lavenberg and Welch (1981), A perspective on the use of control variables to increase the efficiency of Monte Carlo
    simulations, Management Science 27, 322-335; Nelson (1990), Control variate remedies, Operations Research 38,
    974-992, eq. 4; Law (2015), Simulation Modeling and Analysis, 5th ed., section 11.4.
    """
    n, q = controls.shape
    orthogonal, shift = _directions(controls)
    centred = values - values.mean()
    explained = orthogonal.T @ centred
    residuals = centred - orthogonal @ explained
    variance = float(residuals @ residuals) / (n - q - 1) * (1 / n + float(shift @ shift))
    return Fit(float(values.mean() - shift @ explained), math.sqrt(variance), residuals)


def error_scale(controls: Floats) -> float:
    """Return by what to multiply the standard error that the scatter of residuals would be of, were they values."""
    n, q = controls.shape
    _, shift = _directions(controls)
    return math.sqrt((n - 1) / (n - q - 1) * (1 + n * float(shift @ shift)))


def _directions(controls: Floats) -> tuple[Floats, Floats]:
    """Return orthogonal directions of controls (shape (n, q)), and how far 0 is from their means along each."""
    means = controls.mean(axis=0)
    orthogonal, triangle = np.linalg.qr(controls - means)
    return orthogonal, np.linalg.solve(triangle.T, means)


def paying(controls: Floats, confidence: float, *kinds: Sequence[Floats]) -> int:
    """Return how many of the first controls make the intervals of some samples' means shortest, on average over them.

    None (0) where the intervals are not clearly shorter then.

    Parameters
    ----------
    controls : ndarray, shape (n, q)
        As for `fit`, in the order of preference.
    confidence : float
        Of each interval.
    kinds : sequences of ndarray, shape (n,)
        The samples of one table row or of several that are to be read together; of several kinds, as means and
        differences, each counts alike. Those without spread do not count, and none may be explained wholly, as nothing
        would then be left to judge its chance by.
    """
    best, shortest = 0, PAYS
    for q in range(1, controls.shape[1] + 1):
        known = [one for samples in kinds if len(one := lengths(samples, controls[:, :q], confidence))]
        if not known:
            return 0
        length = float(np.mean([one.mean() for one in known]))
        if length <= shortest and min(one.min() for one in known) > COLLINEAR:
            best, shortest = q, length
    return best


def lengths(samples: Sequence[Floats], controls: Floats, confidence: float) -> Floats:
    """Return how many times as long the interval of each sample's mean is with controls; of those that vary alone."""
    from scipy.special import stdtrit

    n, q = controls.shape
    tail = (1 - confidence) / 2
    longer = float(stdtrit(n - q - 1, tail) / stdtrit(n - 1, tail)) * math.sqrt(n)
    varied = [x for x in samples if len(x) == n and np.isfinite(x).all() and np.ptp(x) > 0]
    return np.array([fit(x, controls).error / float(x.std(ddof=1)) * longer for x in varied])
