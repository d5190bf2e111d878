"""The languages that there are, and which of them is spoken: in each thread and task its own."""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import ConfigError, near, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ENGLISH = "en"
"""The language of the code itself: it needs no catalogue."""

LANGUAGES = (ENGLISH, "zh")

CATALOGUES = Path(__file__).parent / "catalogues"
DOMAIN = "wangge"

KEY = "lang="

LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""What says in which language a user reads, the first that is set before the others."""


@dataclass(frozen=True)
class Language:
    """A language and its catalogue."""

    name: str
    catalogue: NullTranslations


_SPOKEN: ContextVar[Language | None] = ContextVar("language", default=None)


@cache
def _language(name: str) -> Language:
    """Return a language that there is."""
    if name == ENGLISH:
        return Language(name, NullTranslations())
    with (CATALOGUES / name / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as compiled:
        return Language(name, GNUTranslations(compiled))


def chosen(name: object) -> Language:
    """Return the language of a name.

    Raises
    ------
    ConfigError
        It must be one that there is.
    """
    if name not in LANGUAGES:
        hint = near(name, LANGUAGES, cutoff=0.6) if isinstance(name, str) else ""
        raise ConfigError(f"lang must be one of {', '.join(LANGUAGES)}{hint}, got {_got(name)}")
    return _language(str(name))


def asked_for(arguments: Sequence[str]) -> tuple[Language | None, list[str]]:
    """Return the language that `lang=` on a command line asks for, and the other words; without it, none.

    Raises
    ------
    ConfigError
        It must be given at most once, and be one that there is.
    """
    names = [word.removeprefix(KEY) for word in arguments if word.startswith(KEY)]
    if len(names) > 1:
        raise ConfigError(f"lang must be given at most once, got {' and '.join(names)}")
    return chosen(names[0]) if names else None, [word for word in arguments if not word.startswith(KEY)]


def _got(name: object) -> str:
    """Return a name as a message shows it."""
    return name or "nothing" if isinstance(name, str) else shown(name)


def of_locale(environment: Mapping[str, str]) -> str:
    """Return the name of the language of a locale, as in `zh_CN.UTF-8`: English for one that there is not."""
    locale = next((environment[name] for name in LOCALE if environment.get(name)), "")
    name = locale.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return name if name in LANGUAGES else ENGLISH


def spoken() -> Language:
    """Return the language that is spoken here: as it was chosen, or else that of the user's locale."""
    return _SPOKEN.get() or _language(of_locale(os.environ))


@contextmanager
def speaking(language: Language | str | None) -> Iterator[Language]:
    """Speak a language in this block, and in no other thread or task; nothing changes for None.

    Raises
    ------
    ConfigError
        A name must be of a language that there is.
    """
    wanted = spoken() if language is None else language if isinstance(language, Language) else chosen(language)
    before = _SPOKEN.set(wanted)
    try:
        yield wanted
    finally:
        _SPOKEN.reset(before)
