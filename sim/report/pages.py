"""What a command has to say, in named pages: the first screen is printed, the others when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.language import gettext
from sim.report.screen import Screen
from sim.report.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console


@dataclass(frozen=True)
class Page:
    """A table or some paragraphs, under a name by which they can be asked for.

    Attributes
    ----------
    name
        A plain word: no two pages of a command have the same.
    title
        What is on it, in a few words.
    tables, paragraphs
        Of which it has one or the other, or both.
    """

    name: str
    title: str
    tables: tuple[Table, ...] = ()
    paragraphs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Printed:
    """What a command has to say: its first screen, and the pages behind it in the order in which they are read."""

    screen: Screen
    pages: tuple[Page, ...] = ()


def page(name: str, table: Table) -> Page:
    """Return a page of one table."""
    return Page(name, table.title, (table,))


def print_page(console: Console, one: Page) -> None:
    """Print a page: its tables, then its paragraphs, each a line of its own."""
    for table in one.tables:
        console.print(table)
    for paragraph in one.paragraphs:
        console.print(paragraph, markup=False)


def print_all(console: Console, printed: Printed, *, details: bool) -> None:
    """Print the first screen, below all other pages where details are asked for."""
    for one in printed.pages if details else ():
        print_page(console, one)
        console.print()
    console.print(str(printed.screen), markup=False, soft_wrap=True)


def listed(pages: Iterable[Page]) -> Table:
    """Return the names of pages and what is on each."""
    from sim.report.tables import Column

    rows = tuple((one.name, one.title) for one in pages)
    columns = (Column(gettext("name")), Column(gettext("what it is")))
    return Table(gettext("What there is to show"), columns, rows)
