"""The first screen of a command: what was done, the answer, a small table, what it hangs on, and where to look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.report.tables import Table, literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEIGHT, WIDTH = 24, 80
"""Of a terminal as it opens: a first screen is no larger, whatever is shown."""

NARROWEST_KEY = 20
"""Of the first column of a table, as long as there is another column to leave out."""

LEAST_COLUMNS = 7
"""Columns for which the gap between two is a space instead of two, before any is left out."""


@dataclass(frozen=True)
class Screen:
    """A first screen.

    Attributes
    ----------
    what
        What was done, in a sentence or two.
    answer
        The sentences of the answer; where there is no room for all, the last ones go first.
    table
        A few figures: the first column says what a row is about, the notes stand below in a line or two.
    hangs
        Sentences on what the answer hangs on; the last ones go first.
    where
        Lines on where there is more.
    """

    what: str
    answer: tuple[str, ...] = ()
    table: Table | None = None
    hangs: tuple[str, ...] = ()
    where: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the screen as text of at most `HEIGHT` lines and `WIDTH` columns."""
        return "\n".join(lines(self))


def lines(screen: Screen) -> list[str]:
    """Return the lines of a screen, never too many: with empty ones between its parts where there is room for them."""
    parts = next((parts for parts in map(_parts, _ever_less(screen)) if sum(map(len, parts)) <= HEIGHT), [])
    empty = sum(map(len, parts)) + len(parts) - 1 <= HEIGHT
    return [line for i, part in enumerate(parts) for line in ([""] if i and empty else []) + part]


def _ever_less(screen: Screen) -> Iterator[Screen]:
    """Yield a screen with ever less on it: sentences, rows of the table, and at last the ends of long paragraphs."""
    yield screen
    for part in ("hangs", "answer"):
        while len(kept := getattr(screen, part)) > 1:
            screen = replace(screen, **{part: kept[:-1]})
            yield screen
    for most in (3, 2, 1):
        what, answer, hangs = (
            _cut(text, most) for text in (screen.what, *map(" ".join, (screen.answer, screen.hangs)))
        )
        less = Screen(what, (answer,), screen.table, (hangs,), tuple(_cut(one, 1) for one in screen.where[:2]))
        yield less
        n_rows = len(screen.table.rows) if screen.table else 0
        for n in range(n_rows - 1, n_rows // 2 if most > 1 else 0, -1):
            yield replace(less, table=_first_rows(screen.table, n))


def _first_rows(table: Table | None, n: int) -> Table | None:
    """Return the first rows of a table, which says how many there are more."""
    if table is None:
        return None
    notes = (f"and {len(table.rows) - n} more", *table.notes[:1])
    return replace(table, rows=table.rows[:n], notes=notes)


def _cut(text: str, most: int) -> str:
    """Return a text that takes so many lines at most, with a sign where it would go on."""
    from rich.cells import set_cell_size

    there = wrapped(text)
    if len(there) <= most:
        return text
    last = set_cell_size(there[most - 1], WIDTH - 4).rstrip()
    return " ".join([*there[: most - 1], f"{last} ..."])


def _parts(screen: Screen) -> list[list[str]]:
    """Return the lines of each part of a screen that has any."""
    table = [] if screen.table is None else compact(screen.table)
    where = [line for sentence in screen.where for line in wrapped(sentence)]
    texts = (wrapped(screen.what), wrapped(" ".join(screen.answer)), table, wrapped(" ".join(screen.hangs)), where)
    return [part for part in texts if part]


def compact(table: Table, width: int = WIDTH) -> list[str]:
    """Return the lines of a table without its title: its first column, and as many of the others as there is room for.

    Headings are wrapped at spaces, as what has no room in the first column; a word that is longer than the column has a
    line of its own.
    """
    n = len(table.columns)
    widths = [_least_width(table, i) for i in range(n)]
    key = widths[0]
    shown = list(range(1, n))
    gap = 2 if key + sum(widths[1:]) + 2 * len(shown) <= width else 1

    def taken() -> int:
        return sum(widths[i] + gap for i in shown)

    while len(shown) > 1 and taken() + min(key, NARROWEST_KEY) > width:
        shown.pop()
        gap = 2 if key + sum(widths[i] + 2 for i in shown) <= width or len(shown) < LEAST_COLUMNS else 1
    key = max(min(key, width - taken()), 1)
    columns = [(key, "left"), *((widths[i], table.columns[i].align) for i in shown)]

    def line(cells: Sequence[str]) -> str:
        placed = (_placed(cell, *column) for cell, column in zip(cells, columns, strict=True))
        return (" " * gap).join(placed).rstrip()

    heads = [wrapped(table.columns[i].heading, columns[j][0]) for j, i in enumerate((0, *shown))]
    deepest = max(map(len, heads))
    made = [line(cells) for cells in zip(*([""] * (deepest - len(head)) + head for head in heads), strict=True)]
    made.append("─" * (key + taken()))
    for row in table.rows:
        names = wrapped(literal(row[0]), key) or [""]
        if _cells(names[-1]) > key:
            names.append("")
        made += names[:-1]
        made.append(line([names[-1], *(literal(row[i]) for i in shown)]))
    return [*made, *(one for note in table.notes for one in wrapped(note, width))]


def _least_width(table: Table, i: int) -> int:
    """Return the width of a column whose cells stay whole and whose heading is wrapped at spaces."""
    cells = (_cells(literal(row[i])) for row in table.rows)
    words = map(_cells, literal(table.columns[i].heading).split())
    return max((*cells, *words, 1))


def _placed(text: str, width: int, side: str) -> str:
    """Return a text at a side of its column."""
    space = " " * max(width - _cells(text), 0)
    return space + text if side == "right" else text + space


def wrapped(text: str, width: int = WIDTH) -> list[str]:
    """Return a text in lines that are broken at spaces; a word that is longer than a line of its own is whole there.

    One that is longer than a screen is wide is folded.
    """
    from rich.cells import chop_cells

    words = [part for word in literal(text).split() for part in chop_cells(word, WIDTH)]
    made: list[str] = []
    for word in words:
        if made and _cells(made[-1]) + 1 + _cells(word) <= width:
            made[-1] += f" {word}"
        else:
            made.append(word)
    return made


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: a Chinese letter has two."""
    from rich.cells import cell_len

    return cell_len(text)
