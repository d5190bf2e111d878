"""The factors of a study file: Hydra's grammar of sweeps, keys that move together, labelled levels, evidence."""

from __future__ import annotations

import fnmatch
import json
import math
from typing import TYPE_CHECKING, Any

from sim import config
from sim.config.compose import CONFIGS, options
from sim.config.grammar import in_grammar
from sim.config.swept import MOST_LEVELS, levels
from sim.errors import ConfigError, near
from sim.statistics.designs import Factor, Knob, Level, identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Ends = tuple[float, float, bool]
"""Of an interval, and whether it is of whole numbers."""

SWEEP = "a list, or a sweep as range(100,501,100), interval(0,1) or glob(*)"

MOST_SHOWN = 10
"""Values of a factor in a message."""


def parsed(name: str, given: Any, config_dir: Path | None) -> Factor:
    """Return the factor that a study file describes.

    Parameters
    ----------
    name : str
        A knob or a group of configs; any name where the factor moves several keys.
    given : list, str or mapping
        A list of values; a sweep in Hydra's grammar (`range(100,501,100)`, `interval(0,1)`, `a,b`, `glob(*)`); keys
        that move together, each with its list or sweep; or labels, each with the keys that it sets.

    Raises
    ------
    ConfigError
        It must have levels, and as many for each key that moves together.
    """
    if not isinstance(given, dict):
        return _together(name, {name: given}, config_dir)
    if not given:
        raise ConfigError(f"study.factors.{name} must have at least one level, got an empty mapping")
    if all(isinstance(one, dict) for one in given.values()):
        levels = tuple(labelled(str(label), knobs) for label, knobs in given.items())
        each_once(f"study.factors.{name}", levels)
        return Factor(name, levels)
    return _together(name, given, config_dir)


def labelled(label: str, knobs: Mapping[str, Any]) -> Level:
    """Return a level that sets several keys under one name."""
    return Level(label, None, tuple(Knob(str(key), value) for key, value in knobs.items()))


def each_once(where: str, levels: Sequence[Level]) -> None:
    """Raise if two labels stand for the same values.

    Raises
    ------
    ConfigError
        Levels must differ in more than their labels.
    """
    first: dict[Any, str] = {}
    for level in levels:
        before = first.setdefault(identity(level.knobs), level.label)
        if before != level.label:
            raise ConfigError(
                f"{where} must have levels that differ, but these are the same: {before} and {level.label}"
            )


def _together(name: str, given: Mapping[str, Any], config_dir: Path | None) -> Factor:
    """Return a factor of one or several keys, which take their first values together, then their second ones."""
    read = {str(key): _values(name, str(key), value, config_dir) for key, value in given.items()}
    if all(isinstance(values, tuple) for values in read.values()):
        ends = [(Knob(key, low), high, integers) for key, (low, high, integers) in read.items()]
        return Factor(name, intervals=tuple(ends))
    lengths = {key: 0 if isinstance(values, tuple) else len(values) for key, values in read.items()}
    if len(set(lengths.values())) != 1:
        numbers = ", ".join(f"{key} has {n or 'an interval'}" for key, n in lengths.items())
        raise ConfigError(
            f"study.factors.{name} must have the same number of values for each of its keys, got {numbers}"
        )
    rows = list(zip(*read.values(), strict=True))
    knobs = [tuple(Knob(key, value) for key, value in zip(read, row, strict=True)) for row in rows]
    if len({identity(one) for one in knobs}) < len(rows):
        raise ConfigError(f"study.factors.{name} must have different levels, got {_shown_values(rows)}")
    labels = _labels(rows)
    levels = (Level(label, number(row[0]), one) for label, row, one in zip(labels, rows, knobs, strict=True))
    return Factor(name, tuple(levels))


def _labels(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the labels of levels: the first value of each, all of them where that is not enough, or numbered."""
    firsts = [shown(row[0]) for row in rows]
    full = [" / ".join(shown(value) for value in row) for row in rows]
    for labels in (firsts, full):
        if len(set(labels)) == len(labels):
            return labels
    return [f"{number}: {label}" for number, label in enumerate(full, start=1)]


def _shown_values(rows: Sequence[Sequence[Any]]) -> str:
    """Return the values of a factor, cut short."""
    first = [" / ".join(shown(value) for value in row) for row in rows[:MOST_SHOWN]]
    return ", ".join(first) + (f" and {len(rows) - MOST_SHOWN} more" if len(rows) > MOST_SHOWN else "")


def _values(name: str, key: str, given: Any, config_dir: Path | None) -> list[Any] | Ends:
    """Return the values of a key, or both ends of its interval and whether it is of whole numbers."""
    where = f"study.factors.{name}" + (f".{key}" if key != name else "")
    if not isinstance(given, list | str):
        raise ConfigError(f"{where} must be {SWEEP}, got {shown(given)}")
    values = given if isinstance(given, list) else _swept(where, key, given, config_dir)
    if isinstance(values, list) and not values:
        raise ConfigError(f"{where} must have at least one level, got {'an empty list' if given == [] else given}")
    if isinstance(values, list) and len(values) > MOST_LEVELS:
        raise ConfigError(f"{where} must have at most {MOST_LEVELS:,} levels, got more: {shown(given)}")
    return values


def _swept(where: str, key: str, text: str, config_dir: Path | None) -> list[Any] | Ends:
    """Return what a sweep of Hydra's grammar goes through, one level more than allowed at most."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Glob, IntervalSweep, Override
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_overrides([in_grammar(f"{key}={text}")])[0]
        if not override.is_sweep_override():
            raise ConfigError(f"{where} must be {SWEEP}, got {shown(text)}")
        swept: Any = override._value
        if getattr(swept, "tags", None):
            raise ConfigError(f"{where} must have no tag (designs ignore tags), got {shown(text)}")
        if isinstance(swept, IntervalSweep):
            return _ends(where, key, swept, text)
        if isinstance(swept, Glob):
            return _globbed(where, key, swept, config_dir)
        return [Override._convert_value(one) for one in levels(where, override, text, override.sweep_iterator)]
    except RecursionError as error:
        raise ConfigError(f"{where} must be less deeply nested, got {shown(text)}") from error
    except (HydraException, OverflowError) as error:
        raise ConfigError(f"{where} must be a sweep in Hydra's grammar, got {shown(text)}") from error


def _ends(where: str, key: str, swept: Any, text: str) -> Ends:
    """Return both ends of an interval, and whether its knob takes whole numbers only."""
    low, high, integers = float(swept.start), float(swept.end), config.takes_integers(key.lstrip("+"))
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        raise ConfigError(f"{where} must go from one number to another, got {shown(text)}")
    if integers and not (low.is_integer() and high.is_integer()):
        raise ConfigError(f"{where} must go from one whole number to another, because {key} takes no other, got {text}")
    return low, high, integers


def _globbed(where: str, key: str, glob: Any, config_dir: Path | None) -> list[Any]:
    """Return the files of a group that match."""
    known = options(key, CONFIGS, config_dir)
    if not known:
        raise ConfigError(f"{where} must be a group of configs where glob is asked for, got {key}")
    matching = [one for one in known if any(fnmatch.fnmatchcase(one, pattern) for pattern in glob.include)]
    return [one for one in matching if not any(fnmatch.fnmatchcase(one, pattern) for pattern in glob.exclude)]


def number(value: Any) -> float | None:
    """Return a value as a number, if it is one."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def shown(value: Any) -> str:
    """Return a value as the label of a level."""
    if isinstance(value, float):
        return f"{value:.10g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def chosen(names: Sequence[str] | None, factors: Mapping[str, Factor]) -> list[Factor]:
    """Return the factors of a design, all of them where it names none."""
    for name in names or ():
        if name not in factors:
            raise ConfigError(f"study.design.factors must name factors of the study{near(name, factors)}, got {name}")
    return [factors[name] for name in names or factors]
