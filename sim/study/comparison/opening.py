"""What is known of designs before a simulation: where work goes, heads, loads and warnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.language import gettext
from sim.report.notebook import as_html
from sim.report.pages import page
from sim.study import load_tables
from sim.study.comparison import notes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.report.pages import Page
    from sim.report.tables import Table
    from sim.study.design import Design
    from sim.study.load_tables import Works


@dataclass(frozen=True, repr=False)
class Opening:
    """What is known of designs before a simulation.

    Attributes
    ----------
    designs
        By name, the baseline first.
    works
        Where each kind of work is done.
    remarks
        Sentences on the configs that they were made from.
    """

    designs: Mapping[str, Design]
    works: Works
    remarks: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Return where work goes, heads and loads, as tables in the language that is spoken."""
        work = load_tables.work_table(self.works)
        return work, load_tables.heads_table(self.designs), load_tables.load_table(self.designs)

    @property
    def pages(self) -> tuple[Page, ...]:
        """Return these tables by their names."""
        return tuple(page(name, one) for name, one in zip(("work", "heads", "load"), self.tables, strict=True))

    @property
    def notes(self) -> tuple[str, ...]:
        """Return warnings, and what the tables are of, in the language that is spoken."""
        pilots = [design.pilot for design in self.designs.values()]
        said = [*notes.borrowed_work(pilots), *load_tables.advice(pilots)]
        said += notes.who_cannot_keep_up(self.designs.values())
        district = pilots[0].district
        if district.place == "drawn":
            said.append(
                gettext(
                    "Heads, loads and posts above are those of the base place (district.place_seed). Each replication "
                    "draws a place of its own, where other posts may fall behind. So no measure is kept by community "
                    "or grid and no map is drawn of any: district.place=fixed does both."
                )
            )
        if district.copies > 1:
            said.append(
                gettext(
                    "{n} districts like this one are simulated: the tables above describe one of them, measures are "
                    "means over all.",
                    n=district.copies,
                )
            )
        return (*said, *self.remarks)

    def __str__(self) -> str:
        """Return the tables and the notes, as plain text."""
        return "\n".join([*(one.to_text() for one in self.tables), *(f"- {note}" for note in self.notes)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        return as_html(self.tables, self.notes)


def opening(designs: Mapping[str, Design]) -> Opening:
    """Return what is known of designs before a simulation."""
    return Opening(designs, load_tables.works_of(designs))
