"""The first screen of a results folder and the pages behind it: kept with its tables, and read back from them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from sim.errors import ConfigError, StoreError, near
from sim.report.pages import Page, Printed
from sim.report.tables import counted, rows_table
from sim.store import files
from sim.store.store import AGAIN, PRINTED

if TYPE_CHECKING:
    from sim.report.tables import Table
    from sim.store.store import Store

MOST_ROWS = 200
"""Of a table of numbers: all of them are in its CSV."""


def keep(store: Store, printed: Printed) -> None:
    """Keep what a command has to say in its results folder."""
    store.write_bytes(PRINTED, files.readable(asdict(printed)))


def read(store: Store) -> Printed:
    """Return what the command of a results folder had to say.

    Raises
    ------
    StoreError
        The folder must hold it, undamaged, as its last run wrote it that finished.
    """
    if not (store.folder / PRINTED).is_file():
        raise StoreError(
            f"{store.folder} must hold {PRINTED}, which a run writes when it has finished: its run did not, or an "
            f"earlier version made it. {AGAIN}"
        )
    store.check_written([PRINTED])
    try:
        return TypeAdapter(Printed).validate_python(files.read_json(store.folder / PRINTED))
    except (OSError, ValueError, ValidationError, RecursionError):
        raise StoreError(
            f"{PRINTED} in {store.folder} must be what a run wrote there, and is damaged or was edited. {AGAIN}"
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
    more = f"; the first {MOST_ROWS:,} are shown" if table.height > MOST_ROWS else ""
    note = f"{counted(table.height, 'row')}{more}. All are in {name}.csv."
    return rows_table(name, table.head(MOST_ROWS), notes=[note], n_keys=2)
