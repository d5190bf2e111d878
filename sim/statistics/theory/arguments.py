"""Arguments of closed forms, checked; messages are field, rule, value."""
# ruff: noqa: PLC2401 - the formulas keep the letters of the literature

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sim.arrays import Floats


def load(λ: float, μ: float) -> float:
    """Return the offered load of checked rates."""
    positive("arrival rate", λ)
    positive("service rate", μ)
    return λ / μ


def intensity(ρ: float) -> float:
    """Return a traffic intensity that allows a steady state."""
    if not 0 <= ρ < 1:
        raise ValueError(f"traffic intensity must be below 1, got {ρ}")
    return ρ


def spare(loads: Floats) -> Floats:
    """Return the share of time that is left after none, the first, the first two classes, ..."""
    intensity(float(loads.sum()))
    spare: Floats = 1 - np.concatenate([[0.0], np.cumsum(loads)])
    return spare


def arrival_rates(rates: ArrayLike) -> Floats:
    """Return the arrival rates of classes, all above 0."""
    λ = np.atleast_1d(np.asarray(rates, dtype=np.float64))
    for rate in λ.ravel():
        positive("arrival rate", float(rate))
    return λ


def moments(rates: ArrayLike, means: ArrayLike, scvs: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return checked arrival rates and moments of the service times of classes."""
    λ, mean, scv = arrival_rates(rates), np.asarray(means, dtype=np.float64), np.asarray(scvs, dtype=np.float64)
    if not λ.shape == mean.shape == scv.shape:
        raise ValueError(f"rates, means and scvs must be of one shape, got {λ.shape}, {mean.shape}, {scv.shape}")
    for x in mean:
        positive("mean", float(x))
    for x in scv:
        not_negative("scv", float(x))
    return λ, mean, scv


def servers(c: int) -> None:
    """Refuse a station without servers."""
    if c < 1:
        raise ValueError(f"servers must be at least 1, got {c}")


def positive(name: str, value: float) -> float:
    """Return a value that is above 0 and finite."""
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be above 0, got {value}")
    return value


def not_negative(name: str, value: float) -> None:
    """Refuse a value below 0 or NaN."""
    if not value >= 0:
        raise ValueError(f"{name} must be at least 0, got {value}")


def share(name: str, value: float) -> None:
    """Refuse what is no probability below 1."""
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value}")
