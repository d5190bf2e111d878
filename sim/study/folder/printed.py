"""The first screen of a results folder and the pages behind it: kept with its tables, and read back from them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter, ValidationError

from sim.errors import ConfigError, StoreError, near
from sim.language import LANGUAGES, chosen, gettext, speaking, spoken
from sim.report import counts
from sim.report.pages import Page, Printed
from sim.report.tables import rows_table
from sim.store import files
from sim.store.store import AGAIN, PRINTED, printed_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.report.tables import Table
    from sim.store.store import Store

Made = TypeVar("Made")

MOST_ROWS = 200
"""Of a table of numbers: all of them are in its CSV."""


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
    return (store.folder / printed_in(spoken().name)).is_file()


def read(store: Store) -> Printed:
    """Return what the command of a results folder had to say: in the language that is spoken, or else in English.

    Raises
    ------
    StoreError
        The folder must hold it, undamaged, as its last run wrote it that finished.
    """
    name = printed_in(spoken().name) if is_kept(store) else PRINTED
    if not (store.folder / name).is_file():
        raise StoreError(
            f"{store.folder} must hold {PRINTED}, which a run writes when it has finished: its run did not, or an "
            f"earlier version made it. {AGAIN}"
        )
    store.check_written([name])
    try:
        return TypeAdapter(Printed).validate_python(files.read_json(store.folder / name))
    except (OSError, ValueError, ValidationError, RecursionError):
        raise StoreError(
            f"{name} in {store.folder} must be what a run wrote there, and is damaged or was edited. {AGAIN}"
        ) from None


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
    if name not in numbers:
        known = list(dict.fromkeys([*pages, *numbers]))
        has = f"one of {', '.join(known)}" if known else "one that there is, but there is none"
        raise ConfigError(f"table must be {has}{near(name, known)}, got {name}")
    store.check_written([name])
    return Page(name, name, (_numbers(store, name),))


def _numbers(store: Store, name: str) -> Table:
    """Return a table of numbers to be read: its first rows."""
    table = store.final_table(name)
    rows = counts.rows(table.height)
    note = (
        gettext("{rows}; the first {n:,} are shown. All are in {name}.csv.", rows=rows, n=MOST_ROWS, name=name)
        if table.height > MOST_ROWS
        else gettext("{rows}. All are in {name}.csv.", rows=rows, name=name)
    )
    return rows_table(name, table.head(MOST_ROWS), notes=[note], n_keys=2)
