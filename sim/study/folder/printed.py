"""The first screen of a results folder and the pages behind it: kept with its tables, and read back from them."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl
from pydantic import TypeAdapter, ValidationError

from sim.errors import ConfigError, StoreError, choices, near
from sim.language import LANGUAGES, chosen, gettext, separated, speaking, spoken
from sim.report import counts
from sim.report.pages import Page, Printed
from sim.report.tables import rows_table
from sim.store import files
from sim.store.store import AGAIN, PRINTED, TABLE, printed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sim.report.tables import Table
    from sim.store.store import Store

Made = TypeVar("Made")

MOST_BYTES = 5_000_000
"""Of a file of what was printed: many times one of a comparison of all shipped pilots."""

MOST_LETTERS = 20_000
"""Of a text in it: many times the longest paragraph."""

MOST_TEXTS = 100_000
"""In it: cells of tables and sentences."""

MOST_AT_ONCE = 400_000
"""Letters of a table of numbers that are shown, but for one row: whoever wants more opens its CSV."""

MOST_CELL_LETTERS = 1000
"""Of one of its cells."""

NUMBER_LETTERS = 10
"""Of a number, or about so many."""

MOST_ROWS = 200
"""Of a table of numbers: all of them are in its CSV."""

ROWS_A_PART = 4
"""At least, on average, where a table of numbers is shown in parts."""


def keep(store: Store, made: Callable[[], Printed]) -> Printed:
    """Keep what a command has to say in its results folder, in every language; return it in the one that is spoken.

    Parameters
    ----------
    store
        The folder.
    made
        Returns it in the language that is spoken then.
    """
    each = in_each_language(made)
    for language, printed in each.items():
        store.write_bytes(printed_in(language), files.readable(asdict(printed)))
    return each[spoken().name]


def in_each_language(made: Callable[[], Made]) -> dict[str, Made]:
    """Return what a function returns in every language, by its name; in the one that is spoken here too."""
    each = {}
    for language in dict.fromkeys((*map(chosen, LANGUAGES), spoken())):
        with speaking(language):
            each[language.name] = made()
    return each


def is_kept(store: Store) -> bool:
    """Return whether a results folder has what a command had to say in the language that is spoken."""
    return files.is_taken(store.folder / printed_in(spoken().name))


def read(store: Store) -> Printed:
    """Return what the command of a results folder had to say: in the language that is spoken, or else in English.

    Raises
    ------
    StoreError
        The folder must hold it, undamaged, as its last run wrote it that finished.
    """
    name = printed_in(spoken().name) if is_kept(store) else PRINTED
    if not files.is_taken(store.folder / name):
        raise StoreError(
            f"{store.folder} must hold {PRINTED}, which a run writes when it has finished: its run did not, or an "
            f"earlier version made it. {AGAIN}"
        )
    store.check_written([name])
    why = ""
    with files.as_store_error(store.folder):
        files.check_regular(store.folder / name)
    try:
        data = files.read_bytes(store.folder / name, MOST_BYTES)
        read = TypeAdapter(Printed).validate_python(files.as_json(data, name))
        why = _too_much(asdict(read))
    except (OSError, ValueError, ValidationError, RecursionError):
        why = "it is damaged or was edited"
    if why:
        raise StoreError(f"{name} in {store.folder} must be what a run wrote there, but {why}. {AGAIN}")
    return read


def _too_much(plain: Any) -> str:
    """Return where something is longer than any run writes it, or an empty text: it would take long to be shown."""
    texts = list(_texts(plain, ""))
    longest = max(texts, key=lambda one: len(one[1]), default=("", ""))
    if len(longest[1]) > MOST_LETTERS:
        return f"{longest[0]} must have at most {MOST_LETTERS:,} letters, got {len(longest[1]):,}"
    if len(texts) > MOST_TEXTS:
        return f"it must have at most {MOST_TEXTS:,} texts, got {len(texts):,}"
    return ""


def _texts(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield every text with its path."""
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, (dict, list, tuple)):
        for key, one in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _texts(one, f"{path}.{key}".lstrip("."))


def named(store: Store, printed: Printed, name: str) -> Page:
    """Return a page by its name, or a table of numbers of the folder.

    Raises
    ------
    ConfigError
        There must be one of this name.
    StoreError
        A table of numbers must be undamaged, as the last run wrote it that finished.
    """
    pages = {one.name: one for one in printed.pages}
    numbers = store.final_tables
    if name in pages:
        return pages[name]
    if name.isprintable() and "/" not in name and files.is_taken(store.folder / f"{name}{TABLE}"):
        with files.as_store_error(store.folder):
            files.check_regular(store.folder / f"{name}{TABLE}")
    if name not in numbers:
        known = list(dict.fromkeys([*pages, *numbers]))
        has = f"one of {choices(known, name)}" if known else "one that there is, but there is none"
        raise ConfigError(f"table must be {has}{near(name, known)}, got {name}")
    store.check_written([name])
    return Page(name, name, _numbers(store, name))


def _numbers(store: Store, name: str) -> tuple[Table, ...]:
    """Return a table of numbers to be read: its first rows, in a piece for each value of a first column that repeats.

    What is the same in all rows of a piece is said once, below its name.
    """
    table = store.final_table(name)
    texts = [column for column, kind in table.schema.items() if kind == pl.String]
    first = table.head(MOST_ROWS).with_columns(map(_cut, texts))
    letters = accumulate(
        sum(len(x) if isinstance(x, str) else NUMBER_LETTERS for x in row) for row in first.iter_rows()
    )
    first = first.head(max(sum(n <= MOST_AT_ONCE for n in letters), 1))
    rows = counts.rows(table.height)
    note = (
        gettext("{rows}; the first {n:,} are shown. All are in {name}.csv.", rows=rows, n=first.height, name=name)
        if table.height > first.height
        else gettext("{rows}. All are in {name}.csv.", rows=rows, name=name)
    )
    pieces = [_piece(title, one) for title, one in _by_first_column(name, first)]
    return (*pieces[:-1], replace(pieces[-1], notes=(*pieces[-1].notes, note)))


def _by_first_column(name: str, rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Return rows with a title, a part for each value of the first column that differs if its values repeat often."""
    differs = next((column for column in rows.columns if rows[column].n_unique() > 1), "")
    if not differs or rows[differs].dtype != pl.String or rows[differs].n_unique() * ROWS_A_PART > rows.height:
        return [(name, rows)]
    parts = rows.partition_by(differs, maintain_order=True)
    return [(f"{name}: {part[differs][0] or '–'}", part) for part in parts]


def _piece(title: str, rows: pl.DataFrame) -> Table:
    """Return rows as a table: below it what is the same in all of them, without columns that have nothing."""
    known = [column for column in rows.columns if not _is_empty(rows[column])]
    same = [column for column in known if rows.height > 1 and rows[column].n_unique() == 1]
    table = rows_table(title, rows.select([column for column in known if column not in same] or known), n_keys=2)
    if not same or len(same) == len(known):
        return table
    values = rows_table(title, rows.select(same).head(1))
    all_rows = separated(
        f"{column.heading} {value}" for column, value in zip(values.columns, values.rows[0], strict=True)
    )
    return replace(table, notes=(gettext("In all rows: {values}.", values=all_rows),))


def _is_empty(column: pl.Series) -> bool:
    """Return whether a column has no value in any row: null, not a number, or an empty text."""
    known = column.drop_nulls()
    if column.dtype == pl.String:
        return bool((known == "").all())
    return bool(known.is_nan().all()) if column.dtype.is_float() else known.is_empty()


def _cut(column: str) -> pl.Expr:
    """Return the texts of a column with a sign where they would go on."""
    text = pl.col(column)
    short = pl.concat_str(text.str.head(MOST_CELL_LETTERS), pl.lit("..."))
    return pl.when(text.str.len_chars() > MOST_CELL_LETTERS).then(short).otherwise(text).alias(column)
