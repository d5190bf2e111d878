"""Whole numbers of so many digits that neither a schema nor Python takes them: how they are told."""

from __future__ import annotations

import math

from sim.errors import ConfigError

MOST_DIGITS = 308
"""Of a whole number: with more no float is as large."""

TOO_LARGE = 10**MOST_DIGITS
"""Stands for every whole number that is larger: no schema takes it."""

MOST_SHOWN = 60
"""Letters of a key or a value in a message."""


class NumberError(ConfigError):
    """A whole number of too many digits."""


def too_many_digits(path: str, got: str) -> NumberError:
    """Return the error for a whole number that is too large; whoever wrote it may have meant a text."""
    return NumberError(f"{path} must be a number of at most {MOST_DIGITS} digits, or a text between quotes, got {got}")


def n_digits(number: int) -> int:
    """Return how many digits a large number has; Python writes only some thousand."""
    return int(math.log10(abs(number))) + 1
