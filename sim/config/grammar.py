"""Values in the grammar of Hydra's overrides."""

from __future__ import annotations

import re
from typing import Any

SYNTAX = re.compile(r"[\[\]{}(),:='\"$]")
"""What means something in a value of Hydra's grammar."""


UNQUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^\s\[\]{}(),:='"$]*[^\x00-\x7f][^\s\[\]{}(),:='"$]*""")
"""In such a value, what stands between quotes, or else a text with letters that Hydra takes between quotes only."""


def in_grammar(override: str) -> str:
    """Return an override as Hydra's grammar takes it: texts with letters beyond ASCII between quotes."""
    key, sign, value = override.partition("=")
    if value.isascii():
        return override
    if not SYNTAX.search(value):
        return f"{key}{sign}{quoted(value)}"
    return key + sign + UNQUOTED.sub(lambda text: text[0] if text[0][0] in "'\"" else quoted(text[0]), value)


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


def is_plain(value: Any) -> bool:
    """Return whether a value as Hydra reads it is a number, a text, or a list or mapping of these: no sweep inside."""
    from hydra.core.override_parser.types import QuotedString

    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float | str | QuotedString)
