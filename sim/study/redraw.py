"""Redraws the charts of a results folder, of a comparison or a study."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import polars as pl

from sim.errors import ConfigError, StoreError, WanggeError
from sim.store import inventory
from sim.store.store import AGAIN
from sim.study.comparison import redraw
from sim.study.findings import charting
from sim.study.folder.drawing import Wanted
from sim.study.folder.look import USUAL, Look

if TYPE_CHECKING:
    from rich.console import Console

    from sim.store.store import Store


FROM_TABLES = (
    ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError, pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
)  # fmt: skip
"""What drawing raises on tables that are not what was written."""


def draw(store: Store, measure: str | None = None, look: Look = USUAL, console: Console | None = None) -> list[str]:
    """Draw every chart of a comparison or study, or only the map of a measure; keep them and return their names.

    Where there is a console, it says what is drawn.

    Raises
    ------
    StoreError
        The folder must hold all that its charts are drawn from, undamaged.
    ConfigError
        The measure must be kept by community or grid; studies keep none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of numbers that nothing here has written
            return _draw(store, measure, look, console)
    except WanggeError:
        raise
    except FROM_TABLES as error:
        raise StoreError(
            f"The tables and texts in {store.folder} must be what its run wrote there, and cannot be drawn: they are "
            f"damaged or were edited. No chart was changed. {AGAIN}"
        ) from error


def _draw(store: Store, measure: str | None, look: Look, console: Console | None) -> list[str]:
    """Draw the charts of a folder whose tables are taken to be as they were written."""
    if "study" not in store.identity:
        return redraw.draw(store, measure, look, console)
    if not inventory.study(store.folder).last.get("finished"):
        raise StoreError(
            f"{store.folder} must hold a finished study, but its last run did not finish, so that its tables may be of "
            f"two runs. No chart was changed. {AGAIN}"
        )
    if measure is not None:
        raise ConfigError(f"map must be left out for a study, which keeps no measures by place, got {measure}")
    store.check_written([str(name) for name in charting.notes_of(store)["tables"]])
    return charting.draw(store, Wanted(again=True, look=look), console)
