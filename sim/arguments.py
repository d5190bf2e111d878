"""The arguments of the door's calls, checked to be of their type and within the bounds of the configs."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from numbers import Real
from typing import Any

from sim.config import Section, checked
from sim.config.bounds import Confidence, Replication, Replications, Request, Seed
from sim.errors import ConfigError, shown


class Numbers(Section):
    """The numbers that calls take beside designs and networks."""

    replications: Replications | None = None
    replication: Replication = 0
    seed: Seed = 1
    confidence: Confidence = 0.95
    request: Request | None = None


def whole_number(name: str, value: Any, least: int | None = None) -> int:
    """Return an argument as a whole number, checked to be one, and to be at least so much."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):  # True would be 1
        raise ConfigError(f"{name} must be a whole number, got {shown(value)}")
    if least is not None and number < least:
        raise ConfigError(f"{name} must be at least {least}, got {shown(number)}")
    return number


def flag(name: str, value: Any) -> bool:
    """Return an argument, checked to be true or false."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be true or false, got {shown(value)}")
    return value


def text(name: str, value: Any) -> str:
    """Return an argument, checked to be a text."""
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be a text, got {shown(value)}")
    return value


def bounded(name: str, value: Any) -> Any:
    """Return a number of `Numbers`, checked by its bounds."""
    if Numbers.model_fields[name].annotation is not float:
        return getattr(checked(Numbers, {name: whole_number(name, value)}), name)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ConfigError(f"{name} must be a number, got {shown(value)}")
    return getattr(checked(Numbers, {name: value if isinstance(value, int) else float(value)}), name)


def settings(name: str, given: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return settings of which only the kind may be given."""
    if not isinstance(given, (str, Mapping)):
        raise ConfigError(f"{name} must be a text or a mapping, got {shown(given)}")
    return given if isinstance(given, Mapping) else {"kind": given}
