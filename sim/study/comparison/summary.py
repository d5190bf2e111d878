"""What a comparison has to say, in the language that is spoken: its first screen, its pages, and its summary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.config.report import Response
from sim.language import gettext, phrase
from sim.measures.dictionary import DUTIES
from sim.report.comparison import comparison_tables, summary_table
from sim.report.pages import Page, Printed, page
from sim.report.screen import where
from sim.report.sentences import conclusions
from sim.report.tables import escape_markdown, rows_table
from sim.study import scope
from sim.study.comparison import cost, equity_tables, face_tables, first_screen, notes, redraw
from sim.study.comparison.crossed import crossed_table
from sim.study.comparison.differences import overloaded_in
from sim.study.comparison.pairs import pairs_table
from sim.study.design import titles_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from sim.config import Pilot
    from sim.config.report import Crossed
    from sim.language.worded import Worded
    from sim.report.comparison import Mean
    from sim.report.tables import Table
    from sim.study.comparison.opening import Opening
    from sim.study.design import Design

MEANS = "means"
"""The page of the means of every measure."""


@dataclass(frozen=True)
class Results:
    """What a comparison has found.

    Attributes
    ----------
    designs
        By name, the baseline first.
    before
        What was known before the simulation.
    tables
        The tables of all replications and those made of them, by name.
    differences
        Of every pilot from the first one, with verdicts.
    evenness, evenness_differences
        How evenly residents fare, and how that differs.
    crossed, effects
        Four designs that cross two changes, and their effects, where all are compared.
    face
        Figures measured elsewhere beside the model's.
    facts
        Of the replications: what they cost.
    alone
        The means of a design that is compared with none, by measure and group.
    """

    designs: Mapping[str, Design]
    before: Opening
    tables: Mapping[str, pl.DataFrame]
    differences: Worded
    evenness: tuple[Worded, Worded]
    crossed: Crossed | None
    effects: Worded | None
    face: Worded | None
    facts: Sequence[Mapping[str, Any]]
    alone: Mapping[tuple[str, str], Mean]

    @cached_property
    def pilots(self) -> list[Pilot]:
        """Return the pilots, the baseline first."""
        return [design.pilot for design in self.designs.values()]

    @property
    def names(self) -> list[str]:
        """Return the names of the designs, the baseline first."""
        return list(self.designs)


def printed(results: Results, name: str, n_charts: int) -> Printed:
    """Return the first screen of a comparison, and the pages behind it.

    Parameters
    ----------
    results
        What it has found.
    name
        Of its results folder.
    n_charts
        How many charts lie there.
    """
    evenness = equity_tables.short_table(*_evenness(results), results.pilots[0].report.equity_in_brief)
    screen = first_screen.screen(
        results.designs, results.alone, results.differences.spoken(), _warnings(results, titles_of(results.pilots)),
        where(name, n_charts=n_charts),
    )  # fmt: skip
    return Printed(screen, (*results.before.pages, *_pages(results), page("evenness", evenness), *_texts(results)))


def paragraphs(results: Results) -> tuple[str, ...]:
    """Return warnings and verdicts in words, a paragraph each."""
    comparison, names = results.differences.spoken(), results.names
    overloaded = {name: results.designs[name].overloaded for name in names if name in overloaded_in(comparison)}
    verdicts = conclusions(comparison, overloaded, names[0]) if len(names) > 1 else ()
    return (*_warnings(results, {name: name for name in names}), *verdicts)


def markdown(results: Results) -> str:
    """Return the summary as Markdown."""
    pilots = results.pilots
    title = gettext(" against ").join(phrase(pilot.title) for pilot in pilots[:2])
    shown = [one for each in _pages(results) for one in each.tables]
    full = equity_tables.full_tables(*_evenness(results), pilots[0].run.confidence)
    heading = gettext("{district}: {title}", district=phrase(pilots[0].district.name), title=title)
    parts = [
        f"# {escape_markdown(heading)}",
        *map(escape_markdown, paragraphs(results)),
        *(table.to_markdown() for table in (*results.before.tables, *shown, *full)),
        "\n".join(f"- {escape_markdown(note)}" for note in _remarks(results)),
        escape_markdown(redraw.footer(pilots)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _pages(results: Results) -> list[Page]:
    """Return the pages of what was found: means, each design against the first, pairs, and what stands beside them."""
    first, names, confidence = results.pilots[0], results.names, results.pilots[0].run.confidence
    comparison = results.differences.spoken()
    means = summary_table(
        results.tables["measures"], comparison, names, confidence, DUTIES,
        lambda measure: first.report.words(Response(measure)), results.alone,
    )  # fmt: skip
    pages = [page(MEANS, means)]
    each = comparison_tables(comparison, names[1:], confidence)
    pages += [page(f"against_{name}", one) for name, one in zip(names[1:], each, strict=True)]
    if results.crossed is not None and results.effects is not None:
        pages.append(page("changes", crossed_table(results.effects.spoken(), results.crossed, confidence)))
    if len(names) > 2:
        pages.append(page("pairs", pairs_table(results.tables["pairs"], confidence)))
    if len(names) > 1:
        pages.append(page("pairing", pairing_table(comparison)))
    pages.append(page("cost", cost.table(results.designs, results.tables["measures"], confidence)))
    if results.face is not None:
        pages.append(page("face", face_tables.compared_table(results.face.spoken(), names)))
    return pages


def _texts(results: Results) -> list[Page]:
    """Return the pages of sentences."""
    remarks = tuple(f"- {one}" for one in _remarks(results))
    pages = [
        Page("conclusion", gettext("the verdicts in words"), paragraphs=paragraphs(results)),
        Page("notes", gettext("overload, warm-up, backlogs and cost"), paragraphs=remarks),
    ]
    return [one for one in pages if any(one.paragraphs)]


def _warnings(results: Results, called: Mapping[str, str]) -> list[str]:
    """Return sentences on hours of another district, on levels that lack staff, and notices of configs."""
    measures, backlog = results.tables["measures"], results.tables["backlog"]
    return [
        *notes.borrowed_work(results.pilots),
        *notes.capacity(measures, backlog, results.designs, called),
        *notes.notices(measures, results.pilots, called),
    ]


def _remarks(results: Results) -> list[str]:
    """Return what is said of the designs, of intervals, warm-up, backlogs and cost."""
    overloaded = overloaded_in(results.differences.table)
    warned = notes.borrowed_work(results.pilots)
    return [
        *(note for note in results.before.notes if note not in warned),
        scope.intervals_are_about(results.pilots[0]),
        *notes.horizon(results.tables["waiting"], results.pilots),
        *notes.growth(results.tables["backlog"], [pilot for pilot in results.pilots if pilot.name in overloaded]),
        notes.kept_cost(results.facts),
    ]


def _evenness(results: Results) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Return the tables of how evenly residents fare and of how that differs, and the names of the designs."""
    evenness, differences = results.evenness
    return evenness.spoken(), differences.spoken(), results.names


def pairing_table(comparison: pl.DataFrame) -> Table:
    """Return the table of what common random numbers and controls gained."""
    shown = [row for row in comparison.iter_rows(named=True) if not row["why"] and row["mid"] is not None]
    adjusted = any(row["controls"] for row in shown)
    rows = [
        {
            gettext("measure"): row["label"], gettext("pilot"): row["pilot"], gettext("corr."): row["correlation"],
            gettext("variance ratio"): row["variance_ratio"],
        }
        | (
            {
                gettext("with controls"): row["controlled_ratio"],
                gettext("controls"): row["controls"] or "–",
            }
            if adjusted
            else {}
        )
        for row in shown
    ]  # fmt: skip
    remarks = [
        gettext(
            "Variance of the paired difference over that of independent runs: below 1, common random numbers helped; "
            "above 1 they did not, because the designs' queues do not rise and fall together."
        )
    ]
    if adjusted:
        remarks.append(
            gettext(
                "With controls: the same once what chance drew before the simulation is taken off, by how far it was "
                "from its known mean; of staff, under each design where they differ. Measures whose intervals it does "
                "not make clearly shorter are left as they are; report.controls=false leaves all."
            )
        )
    return rows_table(gettext("Pairing on common random numbers"), rows, notes=remarks, n_keys=2)
