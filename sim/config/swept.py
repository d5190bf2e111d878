"""Hydra's sweeps on a command line, as a study: a grid over them, under every pilot that is named."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sim.config import study_schema
from sim.config.compose import Line, check_option, default_option, parsed
from sim.config.digits import MOST_SHOWN
from sim.config.grammar import is_plain
from sim.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sim.config.study_schema import Study

MOST_LEVELS = 10_000
"""Of one factor."""

MOST_POINTS = 100_000
"""Of one study."""

Value = TypeVar("Value")

RESPONSES = ("turnaround_restricted_mean", "counter_wait_mean", "resident_time", "left_unserved", "patrols_done")


def split(line: Line) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the values of each key that is swept over, as texts, and the other overrides by their keys.

    Raises
    ------
    ConfigError
        Overrides must be in Hydra's grammar, and sweep over lists or ranges.
    """
    swept: dict[str, list[str]] = {}
    fixed: dict[str, str] = {}
    for text in line.overrides:
        override = parsed([text])[0]
        key = str(override.key_or_group)
        if not override.is_sweep_override():
            fixed[key] = text
        elif override.is_discrete_sweep() and "glob(" not in text:
            swept[key] = levels(key, override, text.partition("=")[2], override.sweep_string_iterator)
        else:
            raise ConfigError(f"{key} must be swept over by a list or a range with -m, got {text.partition('=')[2]}")
    n = math.prod(map(len, swept.values()))
    if n > MOST_POINTS:
        raise ConfigError(f"{' by '.join(swept)} must be at most {MOST_POINTS:,} combinations, got {n:,}")
    return swept, fixed


def levels(where: str, override: Any, text: str, iterator: Callable[[], Iterator[Value]]) -> list[Value]:
    """Return the levels of a sweep in Hydra's grammar, which is not expanded further than it may go.

    Parameters
    ----------
    where
        Its path in messages.
    override
        Hydra's, of a list or a range.
    text
        As it was typed.
    iterator
        Of the override, which yields its values in the form that is wanted.

    Raises
    ------
    ConfigError
        Levels must be plain, in a fixed order, and not too many.
    """
    swept, given = override._value, text[:MOST_SHOWN]
    if not is_plain(getattr(swept, "list", None)):
        raise ConfigError(
            f"{where} must have no sweep inside a list of levels (which are numbers, texts, or lists or mappings of "
            f"these), got {given}"
        )
    if getattr(swept, "step", None) == 0:
        raise ConfigError(f"{where} must have a step other than 0, got {given}")
    if getattr(swept, "shuffle", False):  # Hydra would expand all of it first
        raise ConfigError(f"{where} must have a fixed order (no shuffle), got {given}")
    try:
        first = list(islice(iterator(), MOST_LEVELS + 1))
    except ArithmeticError as error:  # of what is no number
        raise ConfigError(f"{where} must go from one number to another, got {given}") from error
    if not first:
        raise ConfigError(f"{where} must have at least one level, got {given}")
    if len(first) > MOST_LEVELS:
        raise ConfigError(f"{where} must have at most {MOST_LEVELS:,} levels, got more: {given}")
    return first


def study_of(line: Line, swept: Mapping[str, Sequence[str]], fixed: Mapping[str, str]) -> tuple[Study, Line, list[str]]:
    """Return a study of all combinations, the knobs of all its points alike, and what tells it from others.

    Parameters
    ----------
    line
        As it was typed: the values of a sweep are taken over as they stand there.
    swept, fixed
        Its two parts, without what is no knob of a pilot.

    Raises
    ------
    ConfigError
        The combinations must be a study.
    """
    given = dict(o.split("=", 1) for o in line.overrides)
    pilots = swept.get("pilot") or [fixed.get("pilot", "").partition("=")[2] or default_option("pilot")]
    for pilot in pilots:
        check_option("pilot", pilot, line.config_dir)
    factors = {key: values for key, values in given.items() if key.lstrip("+") in swept and key != "pilot"}
    replications = fixed.get("run.replications", "").partition("=")[2]
    names = [key for key in swept if key != "pilot"]
    plain = {
        "title": f"{' by '.join([*(['pilot'] if len(pilots) > 1 else []), *names]) or 'one point'}",
        "pilots": list(pilots),
        "factors": factors,
        "design": "grid" if names else {"kind": "points", "points": {"as it is": {}}},
        "responses": list(RESPONSES),
    }
    if replications:
        short = replications.isdecimal() and len(replications) < 20
        plain["precision"] = {"replications": int(replications) if short else replications}
    knobs = tuple(text for key, text in fixed.items() if key not in ("pilot", "run.replications"))
    swept_over = (f"{key}={values}" for key, values in factors.items())
    return (
        study_schema.load(plain),
        replace(line, overrides=knobs),
        sorted([*knobs, *swept_over, f"pilot={','.join(pilots)}"]),
    )
