"""What the parameters of configs are, in words: `configs/meaning.yaml`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sim.config.compose import CONFIGS
from sim.config.words import words_of, words_of_choice
from sim.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sim.config.schema import Pilot

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
    titles = {name: phrase(archetype["title"]) for name, archetype in procedures["archetypes"].items()}
    return phrase(entries[entry]).format(*(titles.get(key) or words_of(key) for key in match.groups()))


def words_of_knobs(names: Iterable[str], pilot: Pilot) -> dict[str, str]:
    """Return the knobs that have words, by their names; two knobs never have the same ones."""
    entries = meanings()
    archetypes = {name: {"title": one.title} for name, one in pilot.procedures.archetypes.items()}
    named: dict[str, str] = {}
    for name in names:
        try:
            named[name] = meaning_of(name, entries, {"archetypes": archetypes})
        except ValueError:  # a group of configs, several keys together, or a knob without a description
            if (words := words_of_choice(name)) != name:
                named[name] = words
    counts = list(named.values())
    return {name: text for name, text in named.items() if counts.count(text) == 1}


def _pattern(entry: str) -> re.Pattern[str]:
    """Return the pattern of the paths that an entry is about."""
    return re.compile(re.escape(entry).replace(r"\*", r"(\w+)"))
