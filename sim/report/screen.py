"""The first screen of a command: what was done, the answer, a small table, what it depends on, and where to look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.language import gettext, ngettext, run_together
from sim.report import counts
from sim.report.lines import WIDTH, cells, headed, literal, pieces, wrapped
from sim.report.tables import Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

HEIGHT = 24
"""Lines of a terminal as it opens: a first screen is no larger, whatever is shown."""

FEWEST_ROWS = 3
"""Of a table that is only a sample, as long as there are sentences to leave out."""

LEAST_COLUMNS = 6
"""Beside the first column of a table: for so many it gives way, and its words are wrapped."""

ROOM = HEIGHT * (WIDTH + 1)
"""Letters of a text that may fit on a screen, with the blanks at which its lines are broken: a longer one cannot."""

NARROWEST_HEAD = 12
"""Of a Chinese word in the heading of a column: a longer one is broken, a shorter one stays whole."""

NARROWEST_KEY = 20
"""Of that first column, as long as there is another column to leave out."""


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
        Sentences on what the answer depends on; the last ones go first.
    where
        Lines on where there is more.
    sample
        Where the table is no answer, but shows a few rows of many: the notes that say so of one row, of two, and so on.
        Its rows go before sentences do.
    caption
        What the numbers of the table are, where its headings do not say it: a sentence above it.
    """

    what: str
    answer: tuple[str, ...] = ()
    table: Table | None = None
    hangs: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    sample: tuple[str, ...] = ()
    caption: str = ""

    def __str__(self) -> str:
        """Return the screen as text of at most `HEIGHT` lines and `WIDTH` columns."""
        return "\n".join(lines(self))


def where(name: str, file: str = "summary.md", n_charts: int = 0) -> tuple[str, ...]:
    """Return where there is more of a results folder: its pages, the file that holds all, and its charts."""
    if not n_charts:
        return (gettext("More: wangge show {name}; results/{name}/{file}.", name=name, file=file),)
    charts = counts.charts(n_charts)
    return (
        gettext(
            "More: wangge show {name}; results/{name}/{file} and {charts} beside it.",
            name=name, file=file, charts=charts,
        ),
    )  # fmt: skip


def typed_as(names: Collection[str]) -> str:
    """Return the names of the designs of a screen, in its order, by which a command line knows them."""
    return ngettext("Name to type: {names}.", "Names to type: {names}.", len(names), names=", ".join(names))


def lines(screen: Screen) -> list[str]:
    """Return the lines of a screen, never too many: with empty ones between its parts where there is room for them."""
    tried = map(_parts, filter(_may_fit, _ever_less(_bounded(screen))))
    parts = next((parts for parts in tried if sum(map(len, parts)) <= HEIGHT), [])
    empty = sum(map(len, parts)) + len(parts) - 1 <= HEIGHT
    return [line for i, part in enumerate(parts) for line in ([""] if i and empty else []) + part]


def _bounded(screen: Screen) -> Screen:
    """Return a screen without what is beyond the first thing that makes it too long: it takes no time to fold."""
    answer, hangs, where = map(_first_sentences, (screen.answer, screen.hangs, screen.where))
    what, caption = screen.what[: ROOM + 1], screen.caption[: ROOM + 1]
    return replace(screen, what=what, answer=answer, hangs=hangs, where=where, caption=caption)


def _first_sentences(sentences: Sequence[str]) -> tuple[str, ...]:
    """Return the first sentences, up to the one with which there is no room for them."""
    kept, left = [], ROOM
    for sentence in sentences:
        if left < 0:
            break
        kept.append(sentence[: ROOM + 1])
        left -= len(sentence) + 1
    return tuple(kept)


def _may_fit(screen: Screen) -> bool:
    """Return whether a screen can be small enough, by how many letters and rows it has."""
    texts = (screen.what, *screen.answer, screen.caption, *screen.hangs, *screen.where)
    return sum(map(len, texts)) <= ROOM and (screen.table is None or len(screen.table.rows) < HEIGHT)


def _ever_less(screen: Screen) -> Iterator[Screen]:
    """Yield a screen with ever less on it: sentences, rows of the table, and at last the ends of long paragraphs."""
    yield screen
    while len(screen.hangs) > 1:
        screen = replace(screen, hangs=screen.hangs[:-1])
        yield screen
    if len(screen.where) > 1:
        screen = replace(screen, where=screen.where[:1])
        yield screen
    n_rows = min(len(screen.table.rows), HEIGHT) if screen.table else 0
    fewer = [_with_rows(screen, n) for n in range(n_rows - 1, FEWEST_ROWS - 1, -1)] if screen.sample else []
    yield from fewer
    for said in range(len(screen.answer) - 1, 0, -1):
        for one in (screen, *fewer):
            yield replace(one, answer=screen.answer[:said])
    screen = replace(screen, answer=screen.answer[:1])
    for most in ((3, 3), (2, 2), (2, 1), (1, 1)):
        yield _shortened(screen, *most)
    for n in range(n_rows - 1, 0, -1):
        yield _with_rows(_shortened(screen, 2, 2), n)
    yield replace(_shortened(screen, 2, 2), table=None)


def _shortened(screen: Screen, answer: int, hangs: int) -> Screen:
    """Return a screen whose answer, and what it depends on, take so many lines at most."""
    return replace(
        screen,
        what=_cut(screen.what, answer),
        answer=(_cut(run_together(screen.answer), answer),),
        hangs=(_cut(run_together(screen.hangs), hangs),),
        where=tuple(_cut(one, 2) for one in screen.where[:1]),
        caption=_cut(screen.caption, 2),
    )


def _with_rows(screen: Screen, n: int) -> Screen:
    """Return a screen with the first rows of its table, which says how many there are more."""
    if screen.table is None:
        return screen
    more = len(screen.table.rows) - n
    notes = (ngettext("and {n} more", "and {n} more", more), *screen.table.notes[:1])
    if screen.sample:
        notes = (screen.sample[n - 1],)
    return replace(screen, table=replace(screen.table, rows=screen.table.rows[:n], notes=notes))


def _cut(text: str, most: int) -> str:
    """Return a text that takes so many lines at most, with a sign where it would go on."""
    from rich.cells import set_cell_size

    there = wrapped(text)
    if len(there) <= most:
        return text
    last = there[most - 1]
    if cells(last) > WIDTH - 4:  # between words, where there are some
        last = set_cell_size(last, WIDTH - 4)
        last = last.rpartition(" ")[0] or last
    return " ".join([*there[: most - 1], f"{last.rstrip()} ..."])


def _parts(screen: Screen) -> list[list[str]]:
    """Return the lines of each part of a screen that has any."""
    table = (
        [] if screen.table is None else [*(wrapped(screen.caption) if screen.caption else []), *compact(screen.table)]
    )
    where = [line for sentence in screen.where for line in wrapped(sentence)]
    answer, hangs = (wrapped(run_together(sentences)) for sentences in (screen.answer, screen.hangs))
    return [part for part in (wrapped(screen.what), answer, table, hangs, where) if part]


def compact(table: Table, width: int = WIDTH) -> list[str]:
    """Return the lines of a table without its title: its first column, and as many of the others as there is room for.

    Headings are wrapped at spaces, as what has no room in the first column; a word that is longer than the column has a
    line of its own.
    """
    widths = [_least_width(table, i) for i in range(len(table.columns))]
    n, gap = _fitting(widths, width)
    shown, taken = range(1, n + 1), sum(widths[1 : n + 1]) + n * gap
    key = max(min(widths[0], width - taken), 1)
    columns = [(key, "left"), *((widths[i], table.columns[i].align) for i in shown)]

    def line(cells: Sequence[str]) -> str:
        placed = (_placed(cell, *column) for cell, column in zip(cells, columns, strict=True))
        return (" " * gap).join(placed).rstrip()

    heads = [headed(table.columns[i].heading, columns[j][0]) for j, i in enumerate((0, *shown))]
    deepest = max(map(len, heads))
    made = [line(cells) for cells in zip(*([""] * (deepest - len(head)) + head for head in heads), strict=True)]
    made.append("─" * (key + taken))
    for row in table.rows:
        names = headed(row[0], key) or [""]
        if cells(names[-1]) > key:
            names.append("")
        made += names[:-1]
        made.append(line([names[-1], *(literal(row[i]) for i in shown)]))
    return [*made, *(one for note in table.notes for one in wrapped(note, width))]


def _fitting(widths: Sequence[int], width: int) -> tuple[int, int]:
    """Return how many columns beside the first one are shown, and the gap before each."""
    key, most = widths[0], len(widths) - 1
    for n in range(most, min(most, LEAST_COLUMNS) - 1, -1):
        for gap in (2, 1):
            if key + sum(widths[1 : n + 1]) + n * gap <= width:
                return n, gap
    narrowest = min(key, NARROWEST_KEY)
    fitting = (n for n in range(most, 0, -1) if narrowest + sum(widths[1 : n + 1]) + n <= width)
    return next(fitting, min(most, 1)), 1


def _least_width(table: Table, i: int) -> int:
    """Return the width of a column whose cells stay whole and whose heading is wrapped at spaces."""
    in_rows = (cells(literal(row[i])) for row in table.rows)
    headed = map(_least_head, literal(table.columns[i].heading).split())
    return max((*in_rows, *headed, 1))


def _least_head(word: str) -> int:
    """Return the least width of a word of a heading: a Chinese one is not read downwards, letter by letter."""
    return max(min(cells(word), NARROWEST_HEAD), *map(cells, pieces(word)))


def _placed(text: str, width: int, side: str) -> str:
    """Return a text at a side of its column."""
    space = " " * max(width - cells(text), 0)
    return space + text if side == "right" else text + space
