"""What the parameters of configs are, in words: `configs/meaning.yaml`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sim.config.compose import CONFIGS

if TYPE_CHECKING:
    from collections.abc import Mapping

MEANING = "meaning.yaml"


def meanings() -> dict[str, str]:
    """Return the words of every entry of the shipped file, by the path or pattern of paths that it is about."""
    import yaml

    return dict(yaml.safe_load((CONFIGS / MEANING).read_text(encoding="utf-8")))


def meaning_of(path: str, entries: Mapping[str, str], procedures: Mapping[str, Any]) -> str:
    """Return what a parameter is, in words.

    Raises
    ------
    ValueError
        Exactly one entry must fit the path.
    """
    fits = [(entry, match) for entry in entries if (match := _pattern(entry).fullmatch(path))]
    if len(fits) != 1:
        raise ValueError(f"{MEANING} must have one entry for {path}, got {len(fits)}")
    entry, match = fits[0]
    titles = {name: archetype["title"] for name, archetype in procedures["archetypes"].items()}
    return entries[entry].format(*(titles.get(key, key.replace("_", " ")) for key in match.groups()))


def _pattern(entry: str) -> re.Pattern[str]:
    """Return the pattern of the paths that an entry is about."""
    return re.compile(re.escape(entry).replace(r"\*", r"(\w+)"))
