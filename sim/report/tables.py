"""Tables for a terminal and for Markdown, and numbers as text."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import polars as pl

from sim.language import gettext, listed, phrase
from sim.report.lines import cells, folded, headed, is_chinese, literal, pieces, rich_text
from sim.statistics.verdicts import NO_INTERVAL, Verdict

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table as RichTable


Align = Literal["left", "right"]


MARKS: Mapping[str, str] = {
    Verdict.BETTER: "▲",
    Verdict.WORSE: "▼",
    Verdict.NO_MATERIAL_DIFFERENCE: "=",
    Verdict.UNDECIDED: "?",
    Verdict.WITHHELD: "–",
    Verdict.NOT_OWED: "○",
    Verdict.NOT_JUDGED: "·",
}
"""The verdicts in the order in which they are shown, each with its mark."""


SPOKEN = tuple(MARKS)[:5]
"""The verdicts on what is owed and can be judged: those that are counted."""


FLAG = "*"
"""Beside a value from which nothing follows."""


_NARROWEST_HEADING = 12


_NARROWEST_WORDS = 14

_LONGEST_WHOLE = 32
"""A longer word is broken where a table has no room for it, after an underscore if it has one."""


_GAP = 3
"""Between two columns; the outer edges of a table take two of it together."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and the side to which its cells are aligned."""

    heading: str
    align: Align = "left"


@dataclass(frozen=True, repr=False)
class Table:
    """A table to be read: the same cells in a terminal and in Markdown.

    Parameters
    ----------
    title
        One line above the table.
    columns
        Headings, left to right. Cells of a right-aligned column are numbers and never wrap.
    rows
        Cells as text, one a column.
    notes
        Sentences below the table.
    n_keys
        How many leading columns say what a row is about: each piece of a table that is too wide repeats them.

    Raises
    ------
    ValueError
        If a row has not one cell a column.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    n_keys: int = 1

    def __post_init__(self) -> None:
        n_columns = len(self.columns)
        for i, row in enumerate(self.rows):
            if len(row) != n_columns:
                raise ValueError(f"rows[{i}] must have {n_columns} cells, one a column, got {len(row)}")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table in as many pieces as the width needs; each repeats the columns of its key."""
        pieces = self._pieces(options.max_width)
        for i, piece in enumerate(pieces):
            last = i == len(pieces) - 1
            yield (piece if last else replace(piece, notes=())).to_rich(options.max_width)

    def to_rich(self, width: int | None = None) -> RichTable:
        """Return the table for a Rich console in one piece; it wraps words, never numbers.

        A name is broken only where a table has no room for it, after an underscore.
        """
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        rich_table = RichTable(
            title=rich_text(literal(self.title), style="bold"),
            title_justify="left",
            caption=rich_text("\n".join(map(literal, self.notes)), style="dim") if self.notes else None,
            caption_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        widths = self._widths(width)
        for i, column in enumerate(self.columns):
            numeric = column.align == "right"
            heading = "\n".join(self._heading(i)) if numeric else _broken(column.heading, widths.get(i))
            rich_table.add_column(
                Text(heading), justify=column.align, no_wrap=numeric, overflow="fold", width=widths.get(i)
            )
        for row in self.rows:
            rich_table.add_row(*(Text(_broken(cell, widths.get(i))) for i, cell in enumerate(row)))
        return rich_table

    def _heading(self, i: int) -> list[str]:
        """Return the lines of the heading of a column of numbers, about as wide as its cells and no name in two."""
        width = max((cells(row[i]) for row in self.rows), default=0)
        heading = literal(self.columns[i].heading)
        longest = min(_longest_piece(heading), _LONGEST_WHOLE)
        room = max(width, longest, _NARROWEST_HEADING)
        return headed(heading, room) if is_chinese(heading) else _wrapped_name(heading, room)

    def _widths(self, width: int | None) -> dict[int, int]:
        """Return the widths of the columns of words, where the table in one piece is too wide as it is."""
        words = [i for i, column in enumerate(self.columns) if column.align != "right"]
        wanted = {i: max(cells(literal(text)) for text in self._texts(i)) for i in words}
        if width is None or not words:
            return {}
        numbers = sum(self._needed(i) for i in range(len(self.columns)) if i not in wanted)
        room = width + 1 - numbers - _GAP * len(words)
        if sum(wanted.values()) <= room:
            return {}
        tried = (
            {i: self._narrowest(i, longest) for i in words} for longest in (width, _LONGEST_WHOLE, _NARROWEST_WORDS)
        )
        widths = next((one for one in tried if sum(one.values()) <= room), {})
        if not widths:
            return {}
        for _ in range(room - sum(widths.values())):
            poorest = max(words, key=lambda i: wanted[i] - widths[i])
            widths[poorest] += 1
        return widths

    def _texts(self, i: int) -> list[str]:
        """Return the heading and the cells of a column."""
        return [self.columns[i].heading, *(row[i] for row in self.rows)]

    def _narrowest(self, i: int, longest: int = _LONGEST_WHOLE) -> int:
        """Return the width at which no word of a column of words is broken, or `longest` if that is less."""
        words = (word for text in self._texts(i) for word in literal(text).split())
        widths = (min(cells(word), _NARROWEST_WORDS) if is_chinese(word) else cells(word) for word in words)
        return min(max(widths, default=1), longest)

    def _needed(self, i: int) -> int:
        """Return the least width of a column, with the gap to the next."""
        if self.columns[i].align == "right":
            return max([*(cells(row[i]) for row in self.rows), *map(cells, self._heading(i))]) + _GAP
        return self._narrowest(i) + _GAP

    def _pieces(self, width: int) -> list[Table]:
        """Return the table, cut into tables that fit the width if it is too wide for one."""
        keys = list(range(min(self.n_keys, len(self.columns))))
        room = width + 1 - sum(map(self._needed, keys))
        groups: list[list[int]] = [[]]
        left = room
        for i in range(len(keys), len(self.columns)):
            needed = self._needed(i)
            left -= needed
            if left < 0 and groups[-1]:
                groups.append([])
                left = room - needed
            groups[-1].append(i)
        pieces = []
        for group in groups:
            kept = [*keys, *group]
            columns = tuple(self.columns[i] for i in kept)
            rows = tuple(tuple(row[i] for i in kept) for row in self.rows)
            pieces.append(replace(self, columns=columns, rows=rows))
        return pieces

    def to_text(self, width: int = 120) -> str:
        """Return the table as plain text, at most `width` characters wide, without a final newline."""
        from rich.console import Console

        console = Console(width=width, color_system=None, force_terminal=False, force_jupyter=False)
        with console.capture() as capture:
            console.print(self)
        return capture.get().rstrip("\n")

    def __str__(self) -> str:
        """Return the table as plain text."""
        return self.to_text()

    __repr__ = __str__

    def to_html(self) -> str:
        """Return the table as HTML, its notes below it; whatever is in its cells stays text."""
        align = [f' style="text-align: {column.align}"' for column in self.columns]
        head = "".join(f"<th{a}>{_html(c.heading)}</th>" for a, c in zip(align, self.columns, strict=True))
        body = "".join(
            "<tr>" + "".join(f"<td{a}>{_html(cell)}</td>" for a, cell in zip(align, row, strict=True)) + "</tr>"
            for row in self.rows
        )
        notes = "".join(f"<p><small>{_html(note)}</small></p>" for note in self.notes)
        caption = f"<caption>{_html(self.title)}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        return self.to_html()

    def to_markdown(self) -> str:
        """Return the table in Markdown (GitHub's dialect), its notes below it, without a final newline.

        A table with an empty title is written without one.
        """
        rule = ["---:" if column.align == "right" else "---" for column in self.columns]
        headings = [escape_markdown(column.heading) for column in self.columns]
        body = [[escape_markdown(cell) for cell in row] for row in self.rows]
        lines = [f"**{escape_markdown(self.title)}**", ""] if self.title else []
        lines += ["| " + " | ".join(cells) + " |" for cells in [headings, rule, *body]]
        for note in self.notes:
            lines += ["", escape_markdown(note)]
        return "\n".join(lines)


def _broken(text: str, width: int | None) -> str:
    """Return a text on one line, its words of more than the width in lines, broken after underscores if possible."""
    if width is None:
        return literal(text)
    if is_chinese(text):
        return folded(literal(text), width)
    return re.sub(r"\S+", lambda word: "\n".join(_wrapped_name(word[0], width)), literal(text))


def _html(text: str) -> str:
    """Return HTML that shows a text as it is, on one line."""
    return html.escape(literal(text))


def escape_markdown(text: str) -> str:
    """Return Markdown that shows the text as it is, on one line, also within a cell of a table."""
    text = re.sub(r"([\\`*\[\]|~$#!])", r"\\\1", literal(text))
    # An underscore within a word is no emphasis, and names are full of them.
    text = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def decimals(scale: float, size: float = 0.0) -> int:
    """Return the decimals that show two significant digits of a half-width, but at most four of the number.

    Parameters
    ----------
    scale
        The half-width, in the unit of the number. 0 and NaN say nothing: three digits of the number.
    size
        The largest number to be shown with these decimals; NaN and 0 set no limit.
    """
    has_size = math.isfinite(size) and size != 0
    most = 3 - math.floor(math.log10(abs(size))) if has_size else 4
    if not math.isfinite(scale) or scale == 0:
        wanted = most - 1 if has_size else 2
    else:
        wanted = 1 - math.floor(math.log10(abs(scale)))
    return min(max(min(wanted, most), 0), 4)


def number(value: float | None, places: int, *, signed: bool = False) -> str:
    """Return a number as text with `places` decimals; a dash for None and NaN; never a negative zero."""
    if value is None or not math.isfinite(value):
        return "–"
    rounded = round(value, places) or 0.0
    return f"{rounded:+,.{places}f}" if signed and rounded else f"{rounded:,.{places}f}"


@dataclass(frozen=True)
class Difference:
    """One row of a comparison as words: the two means, the difference with its interval, if it is shown, and units."""

    label: str
    unit: str
    baseline: str
    pilot: str
    difference: str
    interval: str
    verdict: str
    is_shown: bool


def difference(row: Mapping[str, object]) -> Difference:
    """Return one row of the comparison as words; shares are in per cent and their differences in points.

    A withheld row keeps its means but shows no difference, which would depend on the length of the run, unless a single
    replication, skewness or a want of spread is the reason: then it is shown without an interval. Where nothing is owed
    the words stand in place of the mean.
    """
    factor, unit, _ = scale_of(str(row["unit"]))
    before, after, gap, low, high = (
        as_float(row[name]) * factor for name in ("baseline_mean", "pilot_mean", "difference", "low", "high")
    )
    half_width = (high - low) / 2
    # Without an interval (one replication), digits follow the smallest difference that matters.
    numbers = [abs(x) for x in (before, after, gap) if math.isfinite(x)]
    scale = half_width if half_width > 0 else as_float(row["mid"]) * factor
    places = decimals(scale, max(numbers, default=math.nan))
    verdict = str(row["verdict"])
    is_shown = verdict != Verdict.WITHHELD or as_float(row["n"]) < 2 or row["cause"] in NO_INTERVAL
    has_interval = is_shown and low < high
    return Difference(
        label=str(row["label"]),
        unit=unit,
        baseline=mean_text(before, places, owed=verdict != Verdict.NOT_OWED),
        pilot=mean_text(after, places, owed=verdict != Verdict.NOT_OWED),
        difference=number(gap, places, signed=True) if is_shown else "–",
        interval=f"[{number(low, places, signed=True)}, {number(high, places, signed=True)}]" if has_interval else "",
        verdict=verdict,
        is_shown=is_shown,
    )


def at_most(bound: float) -> str:
    """Return a bound with one digit, rounded up."""
    step = 10.0 ** math.floor(math.log10(bound))
    return f"{float(f'{math.ceil(bound / step) * step:.1g}'):,g}"


def is_growing(row: Mapping[str, object]) -> bool:
    """Return whether a difference has a sure sign, and grows with the run because staff cannot keep up."""
    return row["verdict"] in (Verdict.BETTER, Verdict.WORSE) and row["cause"] is not None


def mean_text(value: float, places: int, *, owed: bool) -> str:
    """Return a mean as text; one that is not known is not owed, or else a dash."""
    return number(value, places) if owed or math.isfinite(value) else gettext(Verdict.NOT_OWED)


def marks_shown(verdicts: Iterable[object]) -> str:
    """Return the marks of some verdicts with their words, in the order of `MARKS`."""
    there = set(map(str, verdicts))
    return listed(f"{mark} {gettext(word)}" for word, mark in MARKS.items() if word in there)


def counted(n: int, noun: str) -> str:
    """Return a count with its noun, as in '3 points'."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def with_unit(label: str, unit: str) -> str:
    """Return the label with its unit, if it has one."""
    return gettext("{label} ({unit})", label=label, unit=unit) if unit else label


def with_its_unit(number_text: str, unit: str) -> str:
    """Return a number with its unit, if it has one."""
    return gettext("{number} {unit}", number=number_text, unit=unit) if unit else number_text


def percent(share: float) -> str:
    """Return a share in per cent, without needless decimals."""
    return gettext("{share:g} %", share=100 * share)


def scale_of(unit: str) -> tuple[float, str, str]:
    """Return the factor for showing a unit, its word, and the word for differences in it."""
    return (100.0, "%", gettext("points")) if unit == "share" else (1.0, phrase(unit), phrase(unit))


def rows_table(
    title: str,
    rows: pl.DataFrame | Sequence[Mapping[str, object]],
    notes: Iterable[str] = (),
    places: int = 2,
    n_keys: int = 1,
) -> Table:
    """Return a table of a frame or of rows by name: numbers to the right, with `places` decimals.

    Parameters
    ----------
    title, notes, n_keys
        As in `Table`.
    rows
        Columns keep the order of the frame, or of the first row. None and NaN become a dash.
    places
        Decimals of floats; whole numbers have none.
    """
    records = rows.to_dicts() if isinstance(rows, pl.DataFrame) else list(rows)
    names = rows.columns if isinstance(rows, pl.DataFrame) else list(records[0]) if records else []
    columns = tuple(Column(name, _side(record[name] for record in records)) for name in names)
    cells = tuple(tuple(_cell(record[name], places) for name in names) for record in records)
    return Table(title, columns, cells, tuple(notes), n_keys)


def _side(values: Iterable[object]) -> Align:
    """Return the side of a column: right if all its values, of which there must be one, are numbers."""
    there = [v for v in values if v is not None]
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in there)
    return "right" if there and numeric else "left"


def _cell(value: object, places: int) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int):
        return f"{value:,}"
    return number(value, places) if isinstance(value, float) else str(value)


def _wrapped_name(name: str, width: int) -> list[str]:
    """Return the name in lines of at most the width: broken at spaces, and in a longer word after underscores."""
    lines = [""]
    for word in name.split():
        glue = " "
        for piece in [word] if cells(word) <= width else _pieces_of(word, width):
            if lines[-1] and cells(lines[-1]) + len(glue) + cells(piece) > width:
                lines.append("")
            lines[-1] += (glue if lines[-1] else "") + piece
            glue = ""
    return lines


def _pieces_of(word: str, width: int) -> list[str]:
    """Return a word in pieces of at most the width, each with the underscore or hyphen that ends it."""
    from rich.cells import chop_cells

    parts = pieces(word) if is_chinese(word) else re.findall(r"[^_-]*[_-]|[^_-]+", word)
    return [chopped for part in parts for chopped in chop_cells(part, width)]


def _longest_piece(text: str) -> int:
    """Return how wide a text is at least in lines that are broken at blanks and between Chinese letters."""
    return max((cells(piece) for word in text.split() for piece in pieces(word)), default=0)


def as_float(value: object) -> float:
    """Return a cell as a float: NaN for a null."""
    return math.nan if value is None else float(value)  # type: ignore[arg-type]
