"""Words and sentences one after another, as the language that is spoken separates them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.language.messages import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FULL_WIDTH = "。！？；：，、）》」』】”"
"""Punctuation after which no space stands."""


def listed(words: Iterable[str]) -> str:
    """Return words with commas between them."""
    return gettext(", ").join(words)


def separated(words: Iterable[str]) -> str:
    """Return words, which may have commas, with semicolons between them."""
    return gettext("; ").join(words)


def both(words: Iterable[str]) -> str:
    """Return words with an "and" between every two."""
    return gettext(" and ").join(words)


def either(words: Iterable[str]) -> str:
    """Return words with an "or" between every two."""
    return gettext(" or ").join(words)


def enumerated(words: Sequence[str]) -> str:
    """Return words as a list that ends with "and"."""
    return both([listed(words[:-1]), *words[-1:]]) if len(words) > 1 else "".join(words)


def first_of(words: Sequence[str], most: int) -> str:
    """Return the first of some words, with semicolons between them, and how many more there are."""
    more = len(words) - most
    if more <= 0:
        return separated(words)
    return ngettext("{words} and {n} more", "{words} and {n} more", more, words=separated(words[:most]))


def begun(text: str) -> str:
    """Return a text as a sentence begins."""
    return f"{text[:1].upper()}{text[1:]}"


def run_together(sentences: Iterable[str]) -> str:
    """Return sentences as a paragraph: a space between two, but none after full-width punctuation."""
    paragraph = ""
    for sentence in filter(None, sentences):
        gap = " " if paragraph and paragraph[-1] not in FULL_WIDTH else ""
        paragraph += f"{gap}{sentence}"
    return paragraph
