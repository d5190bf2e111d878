"""Probability laws as inverse transforms: one uniform in, one duration (or count) out.

The laws know no unit of time: a configuration that names one says the unit of its numbers. All are laws of
durations, so nothing below 0 is ever drawn. The transforms are the quantile functions themselves: they rise with the
uniform, so that common random numbers stay in step between laws.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.arrays import Floats, Ints
from sim.errors import RuleError, sealed

# Bounds in any unit: the least is less than a tick of the largest, the most is longer than any horizon.
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1e-9, le=1e9)]
NonNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e9)]
Share = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1)]

# Variation and shapes, so that every quantile of a double in [0, 1) and both moments are finite.
Spread = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0.001, le=100)]
WeibullShape = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0.05, le=100)]
ErlangShape = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]

MOST_UNLIKE = 1_000_000
"""Times the least mean of a mixture: its own mean must not hide, where iteration ends, what the least one draws."""


@sealed("another one is made from a changed config, as by sim.network")
class Frozen(BaseModel):
    """A part of a network or of a case of validation: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


LEAST = 2.0**-54  # half the grain of a double in [0, 1): keeps the normal quantile of u = 0 finite


def exponential_inverse(u: ArrayLike, mean: ArrayLike) -> Floats:
    """Return the u-quantile of the exponential law (arguments broadcast; unit of the mean)."""
    return np.asarray(-np.log1p(-np.asarray(u, dtype=np.float64)) * mean)


def lognormal_inverse(u: ArrayLike, mean: ArrayLike, cv: ArrayLike) -> Floats:
    """Return the u-quantile of the lognormal law of this mean and coefficient of variation.

    Parameters
    ----------
    u : array-like
        In [0, 1).
    mean, cv : array-like
        Broadcast with `u`. A cv of 0 gives the mean itself.

    Returns
    -------
    numpy.ndarray
        In the unit of the mean.

    References
    ----------
    With Z normal, exp(m + s Z) has s^2 = log(1 + cv^2) and m = log(mean) - s^2 / 2; Johnson, Kotz and
    Balakrishnan (1994), Continuous univariate distributions 1, chapter 14.
    """
    from scipy.special import ndtri  # late, here and below: it takes a third of a second to load

    variance = np.log1p(np.square(np.asarray(cv, dtype=np.float64)))
    z = ndtri(np.maximum(np.asarray(u, dtype=np.float64), LEAST))
    return np.asarray(np.asarray(mean) * np.exp(np.sqrt(variance) * z - variance / 2))


def gamma_inverse(u: ArrayLike, mean: ArrayLike, cv: ArrayLike) -> Floats:
    """Return the u-quantile of the gamma law of this mean and coefficient of variation (above 0)."""
    from scipy.special import gammaincinv

    scale = np.square(np.asarray(cv, dtype=np.float64))
    return np.asarray(gammaincinv(1 / scale, np.asarray(u, dtype=np.float64)) * scale * np.asarray(mean))


def poisson_inverse(u: ArrayLike, mean: ArrayLike) -> Ints:
    """Return the u-quantile of the Poisson law of this mean (at least 0), for u in [0, 1): it rises with the mean.

    References
    ----------
    Cornish and Fisher (1937), Moments and cumulants in the specification of distributions: where the search begins.
    """
    from scipy.special import ndtri, pdtr

    p, means = np.broadcast_arrays(np.maximum(u, LEAST), np.asarray(mean, dtype=np.float64))
    z = ndtri(p)
    k = np.ceil(means + np.sqrt(means) * z + (z * z - 1) / 6 - 0.5).clip(min=0)
    short = pdtr(k, means) < p
    while np.any(short):
        k[short] += 1
        short[short] = pdtr(k[short], means[short]) < p[short]
    beyond = pdtr(k - 1, means) >= p  # of -1 it is NaN, so that 0 is the least
    while np.any(beyond):
        k[beyond] -= 1
        beyond[beyond] = pdtr(k[beyond] - 1, means[beyond]) >= p[beyond]
    return np.asarray(k, dtype=np.int64)


class Exponential(Frozen):
    """Exponential."""

    law: Literal["exponential"] = "exponential"
    mean: Positive

    @property
    def cv(self) -> float:
        """Return the coefficient of variation."""
        return 1.0

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`)."""
        return exponential_inverse(u, self.mean)


class Deterministic(Frozen):
    """One value, always."""

    law: Literal["deterministic"] = "deterministic"
    value: NonNegative

    @property
    def mean(self) -> float:
        """Return the mean."""
        return self.value

    @property
    def cv(self) -> float:
        """Return the coefficient of variation."""
        return 0.0

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`)."""
        return np.full(np.shape(u), self.value)


class Uniform(Frozen):
    """Uniform between two values."""

    law: Literal["uniform"] = "uniform"
    low: NonNegative
    high: NonNegative

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high < self.low:
            raise RuleError(f"be at least low ({self.low:g})", f"{self.high:g}", at="high")
        return self

    @property
    def mean(self) -> float:
        """Return the mean."""
        return (self.low + self.high) / 2

    @property
    def cv(self) -> float:
        """Return the coefficient of variation (0 if the mean is 0)."""
        return (self.high - self.low) / 12**0.5 / self.mean if self.mean else 0.0

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`)."""
        return np.asarray(self.low + (self.high - self.low) * np.asarray(u))


class Triangular(Frozen):
    """Triangular: the usual guess of least, likeliest and most."""

    law: Literal["triangular"] = "triangular"
    low: NonNegative
    mode: NonNegative
    high: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.mode <= self.high:
            raise RuleError(f"be from low ({self.low:g}) to high ({self.high:g})", f"{self.mode:g}", at="mode")
        if self.low == self.high:
            raise RuleError(f"be above low ({self.low:g})", f"{self.high:g}", at="high")
        return self

    @property
    def mean(self) -> float:
        """Return the mean."""
        return (self.low + self.mode + self.high) / 3

    @property
    def cv(self) -> float:
        """Return the coefficient of variation."""
        a, c, b = self.low, self.mode, self.high
        return float(((a * a + b * b + c * c - a * b - a * c - b * c) / 18) ** 0.5 / self.mean)

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`)."""
        v = np.asarray(u, dtype=np.float64)
        width = self.high - self.low
        rising = self.low + np.sqrt(v * width * (self.mode - self.low))
        falling = self.high - np.sqrt((1 - v) * width * (self.high - self.mode))
        return np.where(v * width < self.mode - self.low, rising, falling)


class Lognormal(Frozen):
    """Lognormal, given by its own mean and coefficient of variation (not those of its logarithm)."""

    law: Literal["lognormal"] = "lognormal"
    mean: Positive
    cv: Spread

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`)."""
        return lognormal_inverse(u, self.mean, self.cv)


class Gamma(Frozen):
    """Gamma."""

    law: Literal["gamma"] = "gamma"
    mean: Positive
    cv: Spread

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`)."""
        return gamma_inverse(u, self.mean, self.cv)


class Erlang(Frozen):
    """Erlang: the sum of `shape` equal exponentials, with this mean of the sum."""

    law: Literal["erlang"] = "erlang"
    mean: Positive
    shape: ErlangShape

    @property
    def cv(self) -> float:
        """Return the coefficient of variation."""
        return float(self.shape**-0.5)

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`)."""
        return gamma_inverse(u, self.mean, self.cv)


class Hyperexponential(Frozen):
    """Hyperexponential: an exponential whose mean is itself drawn, `means[i]` with `probabilities[i]`."""

    law: Literal["hyperexponential"] = "hyperexponential"
    means: Annotated[tuple[Positive, ...], Field(min_length=1)]
    probabilities: Annotated[tuple[Share, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _probabilities(self) -> Self:
        if len(self.probabilities) != len(self.means):
            raise RuleError(
                f"be as many as means ({len(self.means)})", f"{len(self.probabilities)}", at="probabilities"
            )
        if abs(sum(self.probabilities) - 1) > 1e-9:
            raise RuleError("sum to 1", f"{sum(self.probabilities):g}", at="probabilities")
        if self.mean > MOST_UNLIKE * min(self.means):
            raise RuleError(
                f"have a mean of at most {MOST_UNLIKE:,} times the least ({min(self.means):g})",
                f"{self.mean:g}",
                at="means",
            )
        return self

    @property
    def mean(self) -> float:
        """Return the mean."""
        return float(np.dot(self.probabilities, self.means))

    @property
    def cv(self) -> float:
        """Return the coefficient of variation."""
        second_moment = 2 * float(np.dot(self.probabilities, np.square(self.means)))
        return float((second_moment / self.mean**2 - 1) ** 0.5)

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`), by Newton's method on minus the log of the survival.

        That function rises and is concave (the failure rate of a mixture of exponentials falls), so that the
        iterates rise to the root from 0 and cannot pass it.
        """
        target = -np.log1p(-np.asarray(u, dtype=np.float64))
        rates = 1 / np.asarray(self.means)
        logs = np.log(self.probabilities)
        x = np.zeros_like(target)
        for _ in range(200):
            terms = logs - x[..., None] * rates
            top = terms.max(axis=-1, keepdims=True)
            weights = np.exp(terms - top)
            total = weights.sum(axis=-1)
            gap = target + top[..., 0] + np.log(total)
            step = gap * total / (weights @ rates)
            x = np.maximum(x + step, 0)
            if np.all(np.abs(step) <= 1e-13 * (x + self.mean)):
                break
        return x


class Weibull(Frozen):
    """Weibull, given by its mean and shape."""

    law: Literal["weibull"] = "weibull"
    mean: Positive
    shape: WeibullShape

    @property
    def cv(self) -> float:
        """Return the coefficient of variation."""
        from scipy.special import gamma

        first, second = gamma(1 + 1 / self.shape), gamma(1 + 2 / self.shape)
        return float((second / first**2 - 1) ** 0.5)

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`)."""
        from scipy.special import gamma

        scale = self.mean / gamma(1 + 1 / self.shape)
        return np.asarray(scale * exponential_inverse(u, 1.0) ** (1 / self.shape))


class Empirical(Frozen):
    """One of the given values, in proportion to its weight (equal weights if none are given)."""

    law: Literal["empirical"] = "empirical"
    values: Annotated[tuple[NonNegative, ...], Field(min_length=1)]
    weights: tuple[NonNegative, ...] | None = None

    @model_validator(mode="after")
    def _weights(self) -> Self:
        if self.weights is None:
            return self
        if len(self.weights) != len(self.values):
            raise RuleError(f"be as many as values ({len(self.values)})", f"{len(self.weights)}", at="weights")
        if sum(self.weights) <= 0:
            raise RuleError("sum to more than 0", f"{sum(self.weights):g}", at="weights")
        return self

    def _table(self) -> tuple[Floats, Floats]:
        """Return the values in order and their probabilities."""
        values = np.asarray(self.values)
        weights = np.ones(len(values)) if self.weights is None else np.asarray(self.weights)
        order = np.argsort(values, kind="stable")
        return values[order], weights[order] / weights.sum()

    @property
    def mean(self) -> float:
        """Return the mean."""
        values, p = self._table()
        return float(values @ p)

    @property
    def cv(self) -> float:
        """Return the coefficient of variation (0 if the mean is 0)."""
        values, p = self._table()
        return float(np.sqrt(np.square(values - self.mean) @ p)) / self.mean if self.mean else 0.0

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`)."""
        values, p = self._table()
        values, p = values[p > 0], p[p > 0]
        return values[np.searchsorted(np.cumsum(p)[:-1], u, side="right")]


class Geometric(Frozen):
    """Geometric on 1, 2, ...: a number of trials up to the first success, such as a batch's size."""

    law: Literal["geometric"] = "geometric"
    mean: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1, le=1e9)]

    @property
    def cv(self) -> float:
        """Return the coefficient of variation."""
        return float((1 - 1 / self.mean) ** 0.5)

    def inverse(self, u: ArrayLike) -> Floats:
        """Return the u-quantiles (shape of `u`): whole numbers from 1 on."""
        v = np.asarray(u, dtype=np.float64)
        if self.mean == 1:
            return np.ones_like(v)
        return np.asarray(np.maximum(np.ceil(np.log1p(-v) / np.log1p(-1 / self.mean)), 1))


AnyLaw = (
    Exponential
    | Deterministic
    | Uniform
    | Triangular
    | Lognormal
    | Gamma
    | Erlang
    | Hyperexponential
    | Weibull
    | Empirical
    | Geometric
)

Law = Annotated[AnyLaw, Field(discriminator="law")]
