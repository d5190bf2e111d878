"""Knobs and their values in the grammar of Hydra's overrides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.config.checking import readable
from sim.config.digits import is_number, no_decimal
from sim.errors import ConfigError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

KNOB = re.compile(r"\w+(\.\w+)*")

SYNTAX = re.compile(r"[\[\]{}(),:='\"$]")
"""What means something in a value of Hydra's grammar."""


PIECES = re.compile(
    r"""'(?:\\.|[^'\\])*+\\?(?:'|\Z)|"(?:\\.|[^"\\])*+\\?(?:"|\Z)|(?:[^\s\[\]{}(),:='"$]|[^\x00-\x7f])++""", re.DOTALL
)
"""In such a value, what stands between quotes, or else a word: each is read once, however long it is."""

THERE = re.compile(
    r"Could not append to config\. An item is already at '([^']+)'|(\S+) appears more than once|"
    r"Multiple values for (\S+)\. |force-add of config groups is not supported: '\+\+([^=]+)="
)
"""How Hydra says that what + would add is there, or may not be added."""


def in_grammar(override: str) -> str:
    """Return an override as Hydra's grammar takes it: texts with letters beyond ASCII between quotes."""
    key, sign, value = override.partition("=")
    if value.isascii():
        return override
    if not SYNTAX.search(value):
        return f"{key}{sign}{quoted(value)}"
    return key + sign + PIECES.sub(lambda text: quoted(text[0]) if _needs_quotes(text[0]) else text[0], value)


def _needs_quotes(piece: str) -> bool:
    """Return whether a piece is a word with letters that Hydra takes between quotes only."""
    return piece[0] not in "'\"" and not piece.isascii()


def _blanked(piece: re.Match[str]) -> str:
    """Return a piece, and empty quotes for one that stands between quotes or has to."""
    return "''" if piece[0][0] in "'\"" or _needs_quotes(piece[0]) else piece[0]


def quoted(text: str) -> str:
    """Return a text as Hydra's grammar takes it, whatever characters are in it."""
    # Between quotes, backslashes count before a quote only.
    inside = re.sub(r"(\\+)(?=$|')", r"\1\1", text).replace("'", "\\'")
    return f"'{inside}'"


def as_override(value: Any) -> str:
    """Return a value in Hydra's grammar, texts between quotes, as they could be numbers or sweeps otherwise."""
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    if isinstance(value, list):
        return f"[{','.join(as_override(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{as_override(one)}' for key, one in value.items())}}}"
    return quoted(value) if isinstance(value, str) else str(value)


def overrides_of(knobs: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return knobs by their paths as overrides in Hydra's grammar.

    Raises
    ------
    ConfigError
        Keys must be paths, and values plain.
    """
    if knobs is not None and not isinstance(knobs, Mapping):
        raise ConfigError(f"knobs must be a mapping of paths to values, got {shown(knobs)}")
    overrides = []
    for key, value in (knobs or {}).items():
        if not isinstance(key, str) or not KNOB.fullmatch(key):
            raise ConfigError(f"knobs must be named by their paths, as grid.households, got {shown(key)}")
        overrides.append(f"{key}={as_override(_plain(key, value))}")
    return tuple(overrides)


def _plain(key: str, value: Any) -> Any:
    """Return the value of a knob as YAML would give it: a number, a text, a list or a mapping of these."""
    if isinstance(value, Mapping):
        return {name: _plain(key, one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(key, one) for one in value]
    if hasattr(value, "tolist"):  # of NumPy: a number, or an array
        return value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return readable(value, key) if isinstance(value, int) else value
    raise ConfigError(f"{key} must be a number, a text, or a list or mapping of these, got {shown(value)}")


def is_plain(value: Any) -> bool:
    """Return whether a value as Hydra reads it is a number, a text, or a list or mapping of these: no sweep inside."""
    from hydra.core.override_parser.types import QuotedString

    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float | str | QuotedString)


def check_plain(overrides: Iterable[Any]) -> None:
    """Raise `ConfigError` where one of Hydra's overrides gives one value, and a sweep is inside it."""
    for one in overrides:
        if not (one.is_sweep_override() or is_plain(one._value)):
            got = str(one.input_line).partition("=")[2]
            raise ConfigError(f"{one.key_or_group} must have no sweep inside a list or a mapping, got {got}")


def check_decimals(overrides: Iterable[str]) -> None:
    """Raise `ConfigError` where one gives a number that Hydra reads but nobody writes so, as 1_0 for 10."""
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        for word in re.split(r"[\[\]{}(),:]", PIECES.sub(_blanked, value)):
            if "_" in word and is_number(word):
                raise no_decimal(key, word.strip())


def several(override: str) -> ConfigError:
    """Return the error for an override that gives several values."""
    key, _, value = override.partition("=")
    return ConfigError(
        f"{key} must be given one value (a list stands between brackets: {key}=[1,2]; wangge run -m runs several "
        f"values in turn), got {value}"
    )


def added_again(override: str, error: str) -> str | None:
    """Return what is wrong with an override that adds what is there, if that is what Hydra's error says."""
    key = override.lstrip("+").partition("=")[0]
    if not override.startswith("+") or not (there := THERE.match(error)) or key not in there.groups():
        return None
    return f"{key} must be set without + (which only adds what is not there), got {override}"


def taken_away(override: str) -> ConfigError:
    """Return the error for an override that would take something away: what a design lacks is a matter of files."""
    key = override.lstrip("~+").partition("=")[0] or "a knob"
    return ConfigError(
        f"{key} must be set, and not taken away with ~ (a file of your own, as wangge new writes them, leaves out what "
        f"a design is without), got {override}"
    )
