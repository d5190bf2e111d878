"""Lines of a terminal: how wide a text is there, and where it may be broken."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.text import Text

WIDTH = 80
"""Of a terminal as it opens."""

HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
"""Chinese letters: a line may be broken before and after each."""

OPENING = "（《〈「『【〔“‘"
"""Punctuation after which no line is broken."""

CLOSING = "，。、；：？！）》〉」』】〕”’…—％"
"""Punctuation that begins no line."""

BREAKABLE = re.compile(f"[{HAN}{OPENING}{CLOSING}]")
"""What is in a word without blanks that may be broken."""

PIECE = re.compile(
    rf"[{OPENING}]*"
    rf"(?:[{HAN}][,.;:?!)\]%]*|[^{HAN}{OPENING}{CLOSING}]+(?:(?<=\d)[{HAN}])?)?"  # a number stays with what it counts
    rf"[{CLOSING}]*"
)
"""The least part of such a word that stays whole."""


CLAUSE = re.compile(rf"[{OPENING}]*[^{OPENING}{CLOSING}]*[{CLOSING}]*")
"""The part of a Chinese word that is best kept on one line: up to a comma, or a bracket with what is in it."""


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: a Chinese letter has two."""
    from rich.cells import cell_len

    return cell_len(text)


def literal(text: str) -> str:
    """Return the text on one line, with control and direction characters as spaces."""
    return "".join(c if c.isprintable() else " " for c in text)


def pieces(word: str) -> list[str]:
    """Return the parts of a word without blanks between which a line may be broken: one, unless it is Chinese."""
    return list(filter(None, PIECE.findall(word))) if is_chinese(word) else [word]


def wrapped(text: str, width: int = WIDTH) -> list[str]:
    """Return a text in lines that are broken at blanks and between Chinese letters.

    A word that is longer than a line has one of its own and is whole there; one that is longer than a screen is wide is
    folded.
    """
    from rich.cells import chop_cells

    made: list[str] = []
    taken = 0
    for gap, piece in with_gaps(text):
        for i, part in enumerate(chop_cells(piece, WIDTH)):
            space, size = "" if i else gap, cells(part)
            if made and taken + len(space) + size <= width:
                made[-1] += f"{space}{part}"
                taken += len(space) + size
            else:
                made.append(part)
                taken = size
    return made


def headed(text: str, width: int) -> list[str]:
    """Return a heading in lines: of a Chinese one whole clauses, and the parts of longer clauses about as wide."""
    made: list[str] = []
    for word in literal(text).split():
        for i, clause in enumerate(filter(None, CLAUSE.findall(word))):
            whole = f"{made[-1]}{'' if i else ' '}{clause}" if made else clause
            if made and cells(whole) <= width:
                made[-1] = whole
            else:
                made += _halved(clause, width)
    return made


def _halved(clause: str, width: int) -> list[str]:
    """Return a clause in as few lines as a width allows, of about the same width."""
    n = max(math.ceil(cells(clause) / width), 1)
    even = wrapped(clause, min(2 * math.ceil(cells(clause) / (2 * n)), width))
    return even if len(even) <= n else wrapped(clause, width)


def with_gaps(text: str) -> Iterator[tuple[str, str]]:
    """Yield the pieces of a text, each with what stands before it within a line: a blank where a word begins."""
    for word in literal(text).split():
        for i, piece in enumerate(pieces(word)):
            yield ("" if i else " "), piece


def is_chinese(text: str) -> bool:
    """Return whether a text may be broken elsewhere than at blanks."""
    return BREAKABLE.search(text) is not None


def folded(text: str, width: int) -> str:
    """Return a text whose lines are as they are, but that Chinese ones which are too wide are wrapped."""
    return "\n".join(part for line in text.split("\n") for part in _folded(line, width))


def _folded(line: str, width: int) -> list[str]:
    """Return a line as it is, or in lines where it is Chinese and too wide."""
    return wrapped(line, width) if is_chinese(line) and cells(line) > width else [line]


def rich_text(text: str, style: str) -> Text:
    """Return a text for a table on a Rich console, which wraps Chinese lines as `folded` does."""
    from rich.containers import Lines
    from rich.text import Text

    class Folded(Text):
        """A text that is as wide as a table, which it learns when it is shown."""

        def wrap(self, console: Console, width: int, **options: Any) -> Lines:
            """Return its lines."""
            lines = folded(self.plain, width).split("\n")
            return Lines(one for line in lines for one in Text(line, self.style).wrap(console, width, **options))

    return Folded(text, style)
