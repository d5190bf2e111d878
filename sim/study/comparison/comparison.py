"""Pilot designs compared with the first of them on the same residents: run, judged, and kept in a folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.config.report import Response
from sim.errors import ConfigError, near
from sim.measures.dictionary import DEFINITIONS, DUTIES
from sim.report.comparison import comparison_tables, summary_table
from sim.report.console import Progress, quiet
from sim.report.notebook import as_html
from sim.report.pages import Page, Printed, page
from sim.report.screen import where
from sim.report.sentences import conclusion
from sim.report.tables import escape_markdown, rows_table
from sim.store.store import Store
from sim.study import load_tables, replications, scope
from sim.study.comparison import equity, equity_tables, face_validity, first_screen, notes, redraw
from sim.study.comparison.crossed import crossed_effects, crossed_table
from sim.study.comparison.differences import compare as compared
from sim.study.comparison.differences import overloaded_in, rule_of
from sim.study.comparison.pairs import every_pair, pairs_table
from sim.study.design import SAME_READING, SAME_RESIDENTS, check_overload, check_paired
from sim.study.folder.drawing import ALL, Drawings, Wanted
from sim.study.folder.printed import keep as keep_printed
from sim.study.own_measures import NOTHING, OwnMeasure, Packed, packed
from sim.study.points.evidence_factors import not_held_by
from sim.study.sharing import ELSEWHERE
from sim.study.withholding import STAFF, horizon_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure
    from rich.console import Console

    from sim.config import Pilot
    from sim.config.report import Report
    from sim.report.tables import Table
    from sim.study.backend import Backend
    from sim.study.comparison.face_validity import Target
    from sim.study.design import Design
    from sim.study.replications import Speed, Task

KEPT = ("measures", "turnaround", "workload", "backlog", "waiting", "persons", "flows", "queues")
"""The tables of every replication."""


MEANS = "means"
"""The page of the means of every measure."""

IN_BRIEF = ("turnaround", "differences", "equity")
"""The charts that answer first: how soon, what differs by how much, and for whom."""


@dataclass(frozen=True)
class Opening:
    """What is known of designs before a simulation: where work goes, heads, loads and warnings."""

    tables: tuple[Table, ...]
    notes: tuple[str, ...]

    @property
    def pages(self) -> tuple[Page, ...]:
        """Return its tables by their names."""
        return tuple(page(name, one) for name, one in zip(("work", "heads", "load"), self.tables, strict=True))


@dataclass(frozen=True, repr=False)
class Comparison:
    """A finished comparison.

    Attributes
    ----------
    designs
        By name, the baseline first.
    store
        The results folder.
    opening
        What was known before the simulation.
    tables
        The tables of all replications and those made of them, by name, as they are kept in the folder.
    printed
        The first screen, and the pages behind it: the tables to be read, the conclusion and all notes.
    conclusion
        The verdicts in words, a paragraph a pilot.
    speed
        What the replications cost that were run now.
    notes
        Sentences on kept replications that were damaged or lacked a measure, and were run again.
    """

    designs: Mapping[str, Design]
    store: Store
    opening: Opening
    tables: Mapping[str, pl.DataFrame]
    printed: Printed
    conclusion: str
    speed: Speed
    notes: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Return the results folder."""
        return self.store.folder

    @property
    def verdicts(self) -> pl.DataFrame:
        """Return one row a measure and pilot: means, the difference with its interval, and the verdict."""
        return self.tables["comparison"]

    @property
    def measures(self) -> pl.DataFrame:
        """Return every measure of every replication: pilot, replication, measure, group, unit, value, n."""
        return self.tables["measures"]

    @property
    def means(self) -> Table:
        """Return the means of every measure, with verdicts."""
        return next(one.tables[0] for one in self.printed.pages if one.name == MEANS)

    @property
    def charts(self) -> tuple[str, ...]:
        """Return the names of its charts."""
        return tuple(self._drawings())

    def chart(self, name: str) -> Figure:
        """Return a chart by its name (`charts` has them all).

        Raises
        ------
        ConfigError
            The name must be one of `charts`.
        """
        return redraw.chosen(self._drawings(), name)

    def _drawings(self) -> Drawings:
        """Return its charts by name, each to be drawn when it is called."""
        return redraw.drawings(self.designs, self.tables)

    def __str__(self) -> str:
        """Return its means with verdicts and what they say, as plain text."""
        return f"{self.means.to_text()}\n\n{self.conclusion}\n"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return its means with verdicts, what they say, and the charts that answer first, for a notebook."""
        from sim.charts import render

        drawings = self._drawings()
        shown = (render(drawings[name](), "svg") for name in IN_BRIEF if name in drawings)
        return as_html([self.means], self.conclusion, shown)


def opening(designs: Mapping[str, Design]) -> Opening:
    """Return what is known of designs before a simulation."""
    tables = (load_tables.work_table(designs), load_tables.heads_table(designs), load_tables.load_table(designs))
    remarks = [*load_tables.advice([d.pilot for d in designs.values()]), *notes.who_cannot_keep_up(designs.values())]
    district = next(iter(designs.values())).pilot.district
    if district.place == "drawn":
        remarks.append(
            "Heads, loads and posts above are those of the base place (district.place_seed). Each replication draws a "
            "place of its own, where other posts may fall behind. So no measure is kept by community or grid and no "
            "map is drawn of any: district.place=fixed does both."
        )
    copies = district.copies
    if copies > 1:
        remarks.append(
            f"{copies} districts like this one are simulated: the tables above describe one of them, measures are "
            "means over all."
        )
    return Opening(tables, tuple(remarks))


def compare(
    designs: Mapping[str, Design],
    folder: Path,
    backend: Backend,
    *,
    console: Console | None = None,
    command: Sequence[str] = (),
    measures: Sequence[OwnMeasure] = (),
    config_dir: Path | None = None,
    wanted: Wanted = ALL,
) -> Comparison:
    """Run what is missing of a comparison, judge it, and keep tables, charts and summary in its folder.

    Parameters
    ----------
    designs
        By name, the baseline first.
    folder
        The results folder; the archive of replications lies beside it. A stopped comparison continues.
    backend
        The engine and the executor.
    console
        Where progress is printed; without one nothing is printed.
    command
        As it is noted in the manifest.
    measures
        Measures of one's own, which are archived like all others; they are shown and judged where the designs were
        prepared from pilots whose report has them (`own_measures.shown_with`).
    config_dir
        A folder of one's own whose `face.yaml` may hold figures of its district, and whose evidence is held to its
        configs.
    wanted
        Which charts are.

    Raises
    ------
    ConfigError
        The designs must be run alike; one whose config refuses overload must keep up.
    StoreError
        The folder must be empty or hold this very comparison, and be writable.
    """
    own = packed(measures)
    check(designs, wanted, own.digests)
    console, before = console or quiet(), opening(designs)
    if config_dir is not None:
        before = replace(before, notes=(*before.notes, *not_held_by(config_dir, designs)))
    first = next(iter(designs.values())).pilot
    targets = face_validity.targets_of(first.district.name, config_dir)  # before anything is run: it may be refused
    store, kept_notes = opened(console, folder, [design.pilot for design in designs.values()], command, own=own)
    speed = run_missing(console, store, designs, backend, own)
    console.print("Judging the differences ..." if len(designs) > 1 else "Computing means ...")
    comparison = replace(judged(designs, store, before, speed, targets, wanted, console), notes=kept_notes)
    store.finish(
        {
            "steps": speed.steps,
            "steps_a_second": round(speed.steps_a_second),
            "peak_memory_mb": speed.peak_memory_mb,
        }
    )
    return comparison


def opened(
    console: Console,
    folder: Path,
    pilots: Sequence[Pilot],
    command: Sequence[str],
    tables: Sequence[str] = KEPT,
    own: Packed = NOTHING,
) -> tuple[Store, tuple[str, ...]]:
    """Return the results folder of pilots, and notes on damaged and incomplete replications, which are set aside."""
    run, keys = pilots[0].run, replications.keys(pilots, own)
    facts = {"command": list(command), "seed": run.seed, "replications": run.replications}
    store = Store.open(folder, replications.identity(pilots, own), facts, keys=keys)
    notes_ = store.repair(run.replications)
    notes_ += replications.set_aside_incomplete(store.archive, keys, run.replications, tables)
    for note in notes_:
        console.print(f"- {note}", markup=False)
    return store, tuple(notes_)


def run_missing(
    console: Console, store: Store, designs: Mapping[str, Design], backend: Backend, own: Packed = NOTHING
) -> Speed:
    """Run the replications that are missing in a store, and print progress."""
    pilots = [design.pilot for design in designs.values()]
    wanted = {(store.key(p.name), r) for p in pilots for r in range(p.run.replications)}
    total, kept = len(wanted), sum(store.archive.finished(*which) for which in wanted)
    if kept:
        console.print(f"{kept} of {total} replications were kept already.")
    if kept < total:
        backend.announce_compiling(console)
    with Progress.start(console, "replications", total, kept) as bar:

        def on_done(task: Task, facts: Mapping[str, Any]) -> None:
            elsewhere = ELSEWHERE in facts
            cost = "" if elsewhere else f", {facts['steps']:,} steps in {facts['seconds']:.0f} s"
            bar.advance(f"{task}{cost}", elsewhere=elsewhere)

        return replications.run(
            store, pilots, engine=backend.engine, on=backend.executor, on_done=on_done, own=own, announce=bar.announce
        )


def check(designs: Mapping[str, Design], wanted: Wanted = ALL, own: Collection[str] = ()) -> None:
    """Raise `ConfigError` where designs cannot be compared, or a measure or chart does not exist."""
    check_paired([design.pilot for design in designs.values()], (*SAME_RESIDENTS, *SAME_READING))
    check_overload(designs.values())
    check_report(next(iter(designs.values())).pilot.report, own)
    wanted.check(redraw.names_of(designs))


def check_report(report: Report, own: Collection[str]) -> None:
    """Raise `ConfigError` where a config shows or judges by a measure that there is none of."""
    known = {*DEFINITIONS, *own}
    for field in ("measures", "equity"):
        for i, one in enumerate(getattr(report, field)):
            for key in ("measure", "touched"):
                name = getattr(one, key)
                if name is not None and name not in known and (key, name) != ("touched", STAFF):
                    hint = near(name, known)
                    raise ConfigError(f"report.{field}.{i}.{key} must be a measure{hint}, got {name}")


def judged(
    designs: Mapping[str, Design],
    store: Store,
    before: Opening,
    speed: Speed,
    targets: Sequence[Target] = (),
    wanted: Wanted = ALL,
    console: Console | None = None,
) -> Comparison:
    """Return a comparison whose replications are all kept, and write its tables, charts and summary."""
    names = list(designs)
    pilots = [design.pilot for design in designs.values()]
    run, report = pilots[0].run, pilots[0].report
    tables = {name: store.table(name, names, run.replications) for name in KEPT}
    staff = {name: design.overloaded_share for name, design in designs.items()}
    mid, ends = pilots[0].mid, horizon_of(pilots[0])
    table = compared(tables["measures"], names, mid, run, staff, report.compared, ends, controls=report.controls)
    tables |= {**fairness(tables["measures"], designs), "comparison": table}
    crossed = report.crossed if report.crossed and set(report.crossed.pilots) <= set(names) else None
    if crossed:
        tables["effects"] = crossed_effects(
            tables["measures"], crossed, run, staff, report.compared, mid, ends, controls=report.controls
        )
    if len(names) > 2:
        tables["pairs"] = every_pair(designs, tables["measures"])
    for name, frame in tables.items():
        store.write_table(name, frame)
    overloaded = {name: designs[name].overloaded for name in names if name in overloaded_in(table)}
    shares = (tables["equity"], tables["equity_differences"], names)
    means = summary_table(
        tables["measures"], table, names, run.confidence, DUTIES, lambda measure: report.words(Response(measure))
    )
    pages = [page(MEANS, means)]
    each = comparison_tables(table, names[1:], run.confidence)
    pages += [page(f"against_{name}", one) for name, one in zip(names[1:], each, strict=True)]
    if crossed:
        pages.append(page("changes", crossed_table(tables["effects"], crossed, run.confidence)))
    if len(names) > 2:
        pages.append(page("pairs", pairs_table(tables["pairs"], run.confidence)))
    if len(names) > 1:
        pages.append(page("pairing", pairing_table(table)))
        if targets:
            pages.append(page("face", _face_table(tables["measures"], designs, targets)))
    checks = [
        scope.intervals_are_about(pilots[0]),
        *notes.horizon(tables["waiting"], pilots),
        *notes.growth(tables["backlog"], [p for p in pilots if p.name in overloaded]),
        notes.kept_cost(store.facts(_run_once(store, names), run.replications)),
    ]
    warnings = [
        *notes.capacity(tables["measures"], tables["backlog"], designs), *notes.notices(tables["measures"], pilots),
    ]  # fmt: skip
    conclusions = "\n\n".join([*warnings, *([conclusion(table, overloaded, names[0])] if len(names) > 1 else [])])
    results = [one for shown in pages for one in shown.tables]
    full = [*before.tables, *results, *equity_tables.full_tables(*shares, run.confidence)]
    remarks = (*before.notes, *checks)
    in_brief = equity_tables.short_table(*shares, report.equity_in_brief)
    redraw.keep_pilots(store, pilots)
    drawn = redraw.keep(store, redraw.drawings(designs, tables), len(names), wanted, console)
    printed = Printed(
        first_screen.screen(
            designs, tables["measures"], table, warnings, where(store.folder.name, n_charts=len(drawn))
        ),
        (*before.pages, *pages, page("evenness", in_brief), *_texts(conclusions, remarks)),
    )
    keep_printed(store, printed)
    store.write_text("summary.md", _markdown(pilots, conclusions, full, remarks))
    return Comparison(designs, store, before, tables, printed, conclusions, speed)


def _texts(conclusions: str, remarks: Sequence[str]) -> list[Page]:
    """Return the pages of sentences."""
    pages = [
        Page("conclusion", "the verdicts in words", paragraphs=tuple(conclusions.split("\n\n"))),
        Page("notes", "overload, warm-up, backlogs and cost", paragraphs=tuple(f"- {one}" for one in remarks)),
    ]
    return [one for one in pages if any(one.paragraphs)]


def _run_once(store: Store, names: Sequence[str]) -> list[str]:
    """Return the pilots without those that have the replications of another: equal designs are run once."""
    return list({store.key(name): name for name in reversed(names)}.values())


def fairness(measures: pl.DataFrame, designs: Mapping[str, Design]) -> dict[str, pl.DataFrame]:
    """Return the tables of how evenly residents fare, and of the differences from the first pilot."""
    first, names = next(iter(designs.values())).pilot, list(designs)
    asked = first.report.equity
    statistics = equity.statistics(measures, names, first.run, asked, first.mid, horizon_of(first))
    return {
        "equity": equity.table(statistics, measures, first.run.confidence, asked),
        "equity_differences": equity.differences(statistics, measures, names, first.mid, first.run, asked),
    }


def pairing_table(comparison: pl.DataFrame) -> Table:
    """Return the table of what common random numbers and controls gained."""
    shown = [row for row in comparison.iter_rows(named=True) if not row["why"] and row["mid"] is not None]
    adjusted = any(row["controls"] for row in shown)
    rows = [
        {
            "measure": row["label"],
            "pilot": row["pilot"],
            "corr.": row["correlation"],
            "variance ratio": row["variance_ratio"],
        }
        | ({"with controls": row["controlled_ratio"], "controls": row["controls"] or "–"} if adjusted else {})
        for row in shown
    ]  # fmt: skip
    notes = [
        "Variance of the paired difference over that of independent runs: below 1, common random numbers helped; above "
        "1 they did not, because the designs' queues do not rise and fall together."
    ]
    if adjusted:
        notes.append(
            "With controls: the same once what chance drew before the simulation is taken off, by how far it was from "
            "its known mean; of staff, under each design where they differ. Measures whose intervals it does not make "
            "clearly shorter are left as they are; report.controls=false leaves all."
        )
    return rows_table("Pairing on common random numbers", rows, notes=notes, n_keys=2)


def _face_table(measures: pl.DataFrame, designs: Mapping[str, Design], targets: Sequence[Target]) -> Table:
    """Return the targets of the evidence beside the model's values; none is an input."""
    values = face_validity.judged(measures, designs.values(), targets, rule=rule_of(designs, measures))
    return face_validity.compared_table(values, list(designs))


def _markdown(pilots: Sequence[Pilot], conclusions: str, tables: Sequence[Table], remarks: Sequence[str]) -> str:
    """Return the summary as Markdown."""
    title = escape_markdown(" against ".join(p.title for p in pilots[:2]))
    parts = [
        f"# {escape_markdown(pilots[0].district.name)}: {title}",
        *(escape_markdown(paragraph) for paragraph in conclusions.split("\n\n")),
        *(table.to_markdown() for table in tables),
        "\n".join(f"- {escape_markdown(note)}" for note in remarks),
        escape_markdown(redraw.footer(pilots)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
