"""Arguments of closed forms, checked; messages are field, rule, value."""
# ruff: noqa: PLC2401 - the formulas keep the letters of the literature

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sim.arrays import Floats


def load(arrival_rate: float, service_rate: float) -> float:
    """Return the offered load of checked rates."""
    return positive("arrival_rate", arrival_rate) / positive("service_rate", service_rate)


def intensity(ρ: float) -> float:
    """Return a traffic intensity that allows a steady state."""
    if not 0 <= ρ < 1:
        raise ValueError(f"traffic intensity must be below 1, got {ρ}")
    return ρ


def spare(loads: Floats) -> Floats:
    """Return the share of time that is left after none, the first, the first two classes, ..."""
    intensity(float(loads.sum()))
    shares: Floats = 1 - np.concatenate([[0.0], np.cumsum(loads)])
    return shares


def rates_of_classes(arrival_rates: ArrayLike) -> Floats:
    """Return the arrival rates of classes, all above 0."""
    λ = np.atleast_1d(np.asarray(arrival_rates, dtype=np.float64))
    for rate in λ.ravel():
        positive("arrival_rates", float(rate))
    return λ


def moments_of_classes(arrival_rates: ArrayLike, means: ArrayLike, scvs: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return checked arrival rates and moments of the service times of classes."""
    λ = rates_of_classes(arrival_rates)
    mean, scv = np.asarray(means, dtype=np.float64), np.asarray(scvs, dtype=np.float64)
    if not λ.shape == mean.shape == scv.shape:
        shapes = f"{λ.shape}, {mean.shape}, {scv.shape}"
        raise ValueError(f"arrival_rates, means and scvs must be of one shape, got {shapes}")
    for x in mean:
        positive("means", float(x))
    for x in scv:
        not_negative("scvs", float(x))
    return λ, mean, scv


def count(name: str, value: float) -> int:
    """Return a number of something, at least 1."""
    if not 1 <= value < math.inf:
        raise ValueError(f"{name} must be at least 1, got {value}")
    if value != int(value):
        raise ValueError(f"{name} must be a whole number, got {value}")
    return int(value)


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
