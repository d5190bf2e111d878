"""Numbers that no config may have, of too many digits or not in decimals: how they are told."""

from __future__ import annotations

import math
import re

from sim.errors import ConfigError

MOST_DIGITS = 308
"""Of a whole number: with more no float is as large."""

TOO_LARGE = 10**MOST_DIGITS
"""Stands for every whole number that is larger: no schema takes it."""

MOST_SHOWN = 60
"""Letters of a key or a value in a message."""


DECIMAL = re.compile(r"[-+]?(?:(?:0|[1-9]\d*)|\d*\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.(?:inf|Inf|INF|nan|NaN|NAN))")
"""A number as it is written everywhere: YAML reads others too, with _ or in twos, eights, sixteens and sixties."""


class NumberError(ConfigError):
    """A whole number of too many digits."""


def too_many_digits(path: str, got: str) -> NumberError:
    """Return the error for a whole number that is too large; whoever wrote it may have meant a text."""
    return NumberError(f"{path} must be a number of at most {MOST_DIGITS} digits, or a text between quotes, got {got}")


def n_digits(number: int) -> int:
    """Return how many digits a large number has; Python writes only some thousand."""
    return int(math.log10(abs(number))) + 1


def no_decimal(path: str, got: str) -> ConfigError:
    """Return the error for a number that would be read as another one than it looks; it may be meant as a text."""
    return ConfigError(f"{path} must be a number in plain decimals, or a text between quotes, got {got}")


def is_number(text: str) -> bool:
    """Return whether Python, and so Hydra, reads a text as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
