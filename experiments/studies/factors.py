"""The factors of a study file: Hydra's grammar of sweeps, keys that move together, labelled levels, evidence."""

from __future__ import annotations

import fnmatch
import json
from typing import TYPE_CHECKING, Any

from experiments.composition import CONFIGS, options
from sim import config
from sim.config import ConfigError, near
from sim.design import Factor, Knob, Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


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
        return Factor(name, tuple(labelled(str(label), knobs) for label, knobs in given.items()))
    return _together(name, given, config_dir)


def labelled(label: str, knobs: Mapping[str, Any]) -> Level:
    """Return a level that sets several keys under one name."""
    return Level(label, None, tuple(Knob(str(key), value) for key, value in knobs.items()))


def _together(name: str, given: Mapping[str, Any], config_dir: Path | None) -> Factor:
    """Return a factor of one or several keys, which take their first values together, then their second ones."""
    read = {str(key): _values(name, str(key), value, config_dir) for key, value in given.items()}
    if all(isinstance(values, tuple) for values in read.values()):
        ends = [(Knob(key, low), high, whole) for key, (low, high, whole) in read.items()]
        return Factor(name, intervals=tuple(ends))
    lengths = {key: 0 if isinstance(values, tuple) else len(values) for key, values in read.items()}
    if len(set(lengths.values())) != 1:
        told = ", ".join(f"{key} has {n or 'an interval'}" for key, n in lengths.items())
        raise ConfigError(f"study.factors.{name} must have equally many values for each of its keys, got {told}")
    levels = []
    for row in zip(*read.values(), strict=True):
        knobs = tuple(Knob(key, value) for key, value in zip(read, row, strict=True))
        levels.append(Level(shown(row[0]), number(row[0]), knobs))
    names = [level.label for level in levels]
    if len(set(names)) < len(names):
        raise ConfigError(f"study.factors.{name} must have different levels, got {', '.join(names)}")
    return Factor(name, tuple(levels))


def _values(name: str, key: str, given: Any, config_dir: Path | None) -> list[Any] | tuple[float, float, bool]:
    """Return the values of a key, or both ends of its interval and whether it is of whole numbers."""
    where = f"study.factors.{name}" + (f".{key}" if key != name else "")
    if isinstance(given, list):
        values = given
    elif isinstance(given, str):
        swept = _swept(where, key, given, config_dir)
        if isinstance(swept, tuple):
            return swept
        values = swept
    else:
        raise ConfigError(
            f"{where} must be a list, or a sweep as range(100,501,100), interval(0,1) or glob(*), got {shown(given)}"
        )
    if not values:
        raise ConfigError(f"{where} must have at least one level, got an empty list")
    return values


def _swept(where: str, key: str, text: str, config_dir: Path | None) -> list[Any] | tuple[float, float, bool]:
    """Return what a sweep of Hydra's grammar goes through."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Glob, IntervalSweep, QuotedString
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_overrides([f"{key}={text}"])[0]
        swept: Any = override._value
        if isinstance(swept, IntervalSweep):
            return float(swept.start or 0), float(swept.end or 0), config.is_whole(key)
        if isinstance(swept, Glob):
            return _globbed(where, key, swept, config_dir)
        if not override.is_sweep_override():
            raise ConfigError(
                f"{where} must be a list, or a sweep as range(100,501,100), interval(0,1) or glob(*), got {text}"
            )
        found = [v.text if isinstance(v, QuotedString) else v for v in override.sweep_iterator()]
    except (HydraException, ValueError, AttributeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{where} must be a sweep in Hydra's grammar, got {text}") from error
    return found


def _globbed(where: str, key: str, glob: Any, config_dir: Path | None) -> list[Any]:
    """Return the files of a group that match."""
    known = options(key, CONFIGS, config_dir)
    if not known:
        raise ConfigError(f"{where} must be a group of configs where glob is asked for, got {key}")
    matching = [one for one in known if any(fnmatch.fnmatchcase(one, pattern) for pattern in glob.include)]
    return [one for one in matching if not any(fnmatch.fnmatchcase(one, pattern) for pattern in glob.exclude)]


def number(value: Any) -> float | None:
    """Return a value as a number, if it is one."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def shown(value: Any) -> str:
    """Return a value as a level is called."""
    if isinstance(value, float):
        return f"{value:g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def chosen(names: Sequence[str] | None, factors: Mapping[str, Factor]) -> list[Factor]:
    """Return the factors of a design, all of them where it names none."""
    for name in names or ():
        if name not in factors:
            raise ConfigError(f"study.design.factors must name factors of the study{near(name, factors)}, got {name}")
    return [factors[name] for name in names or factors]
