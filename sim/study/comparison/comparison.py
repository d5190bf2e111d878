"""Pilot designs compared with the first of them on the same residents: run, judged, and kept in a folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.errors import RESULTS_STAY, ConfigError, near, sealed
from sim.language import Language, gettext, spoken
from sim.measures.dictionary import DEFINITIONS
from sim.report import counts
from sim.report.console import Progress, at_work, quiet
from sim.report.notebook import as_html
from sim.store.store import Store
from sim.study import replications
from sim.study.comparison import alone, equity, equity_controls, face_validity, notes, redraw, summary
from sim.study.comparison.crossed import crossed_effects
from sim.study.comparison.differences import compare as compared
from sim.study.comparison.differences import rule_of
from sim.study.comparison.opening import Opening, opening
from sim.study.comparison.pairs import every_pair
from sim.study.comparison.summary import MEANS, Results
from sim.study.design import SAME_READING, SAME_RESIDENTS, check_overload, check_paired
from sim.study.folder.drawing import ALL, Drawings, Wanted, chosen, speaking_on_charts
from sim.study.folder.printed import keep as keep_printed
from sim.study.own_measures import NOTHING, OwnMeasure, Packed, packed
from sim.study.points.evidence_factors import not_held_by
from sim.study.sharing import ELSEWHERE
from sim.study.withholding import STAFF, horizon_of, on_one_place

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure
    from rich.console import Console

    from sim.config import Pilot
    from sim.config.report import Report
    from sim.language.worded import Worded
    from sim.report.pages import Printed
    from sim.report.tables import Table
    from sim.study.backend import Backend
    from sim.study.comparison.face_validity import Target
    from sim.study.controls import Controls
    from sim.study.design import Design
    from sim.study.replications import Speed, Task

KEPT = ("measures", "turnaround", "workload", "backlog", "waiting", "persons", "flows", "queues")
"""The tables of every replication."""

IN_BRIEF = ("turnaround", "differences", "equity")
"""The charts that answer first: how soon, what differs by how much, and for whom."""


@sealed(RESULTS_STAY)
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
    paragraphs
        Warnings, and the verdicts in words, a paragraph a pilot.
    speed
        What the replications cost that were run now.
    language
        In which it speaks.
    notes
        Sentences on kept replications that were damaged or lacked a measure, and were run again.
    """

    designs: Mapping[str, Design]
    store: Store
    opening: Opening
    tables: Mapping[str, pl.DataFrame]
    printed: Printed
    paragraphs: tuple[str, ...]
    speed: Speed
    language: Language
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
    def conclusion(self) -> str:
        """Return the verdicts in words, an empty line between two paragraphs."""
        return "\n\n".join(self.paragraphs)

    @property
    def means(self) -> Table:
        """Return the means of every measure, with verdicts."""
        return next(one.tables[0] for one in self.printed.pages if one.name == MEANS)

    @property
    def charts(self) -> tuple[str, ...]:
        """Return the names of its charts."""
        return tuple(self._drawings())

    def chart(self, name: str) -> Figure:
        """Return a chart by its name (`charts` has them all), in English where this machine has no font for another.

        Raises
        ------
        ConfigError
            The name must be one of `charts`.
        """
        with speaking_on_charts(self.language):
            return chosen(self._drawings(), name)

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

        with speaking_on_charts(self.language):
            drawings = self._drawings()
            shown = [render(drawings[name](), "svg") for name in IN_BRIEF if name in drawings]
        return as_html([self.means], self.paragraphs, shown)


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
        The designs must be run alike and fit into the memory; one whose config refuses overload must keep up.
    StoreError
        The folder must be empty or hold this very comparison, and be writable.
    """
    own = packed(measures)
    check(designs, wanted, own.digests)
    console, n = console or quiet(), counts.designs(len(designs))
    with at_work(console, gettext("Preparing {designs}: who serves what, and with how much work ...", designs=n)):
        for design in designs.values():
            replications.check_fits(design.pilot, backend.engine, backend.executor, own)
        before = opening(designs)
    if config_dir is not None:
        before = replace(before, remarks=tuple(not_held_by(config_dir, designs)))
    first = next(iter(designs.values())).pilot
    targets = face_validity.targets_of(first.district.name, config_dir)  # before anything is run: it may be refused
    store, kept_notes = opened(console, folder, [design.pilot for design in designs.values()], command, own=own)
    for sentence in notes.who_cannot_keep_up(designs.values()):  # by arithmetic, before anything is simulated
        console.print(sentence, markup=False)
    speed = run_missing(console, store, designs, backend, own)
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
        console.print(gettext("{kept} of {total} replications were kept already.", kept=kept, total=total))
    if kept < total:
        backend.announce_compiling(console)
    with Progress.start(console, gettext("replications"), total, kept) as bar:

        def on_done(task: Task, facts: Mapping[str, Any]) -> None:
            if ELSEWHERE in facts:
                bar.advance(task.words, elsewhere=True)
                return
            cost = {"steps": facts["steps"], "seconds": facts["seconds"]}
            bar.advance(gettext("{task}, {steps:,} steps in {seconds:.0f} s", task=task.words, **cost))

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
    judging = gettext("Judging the differences ...") if len(designs) > 1 else gettext("Computing means ...")
    with at_work(console or quiet(), judging):
        results = results_of(designs, store, before, targets)
        for name, frame in results.tables.items():
            store.write_table(name, frame)
        redraw.keep_pilots(store, results.pilots)
    drawn = redraw.keep(store, redraw.drawings(designs, results.tables), len(designs), wanted, console)
    printed = keep_printed(store, partial(summary.printed, results, store.folder.name, len(drawn)))
    store.write_text("summary.md", summary.markdown(results))
    return Comparison(designs, store, before, results.tables, printed, summary.paragraphs(results), speed, spoken())


def results_of(designs: Mapping[str, Design], store: Store, before: Opening, targets: Sequence[Target]) -> Results:
    """Return what is found in the replications of designs, which are all kept."""
    names = list(designs)
    pilots = [design.pilot for design in designs.values()]
    run, report, mid, ends = pilots[0].run, pilots[0].report, pilots[0].mid, horizon_of(pilots[0])
    tables = {name: store.table(name, names, run.replications) for name in KEPT}
    measures = tables["measures"]
    staff = {name: design.overloaded_share for name, design in designs.items()}
    place, adjusts = on_one_place(pilots[0]), report.controls
    differences = compared(
        measures, names, mid, run, staff, report.compared, ends, one_place=place, controls=adjusts
    )  # fmt: skip
    evenness = fairness(measures, designs)
    tables |= {
        "equity": evenness[0].in_english(),
        "equity_differences": evenness[1].in_english(),
        "comparison": differences.in_english(),
    }
    crossed = report.crossed if report.crossed and set(report.crossed.pilots) <= set(names) else None
    effects = None
    if crossed is not None:
        effects = crossed_effects(
            measures, crossed, run, staff, report.compared, mid, ends, one_place=place, controls=adjusts
        )
        tables["effects"] = effects.in_english()
    if len(names) > 2:
        tables["pairs"] = every_pair(designs, measures)
    face = None
    if len(names) > 1 and targets:
        face = face_validity.judged(measures, designs.values(), targets, rule=rule_of(designs, measures))
    facts = store.facts(_run_once(store, names), run.replications)
    means = alone.means(designs[names[0]], measures) if len(names) == 1 else {}
    return Results(designs, before, tables, differences, evenness, crossed, effects, face, facts, means)


def _run_once(store: Store, names: Sequence[str]) -> list[str]:
    """Return the pilots without those that have the replications of another: equal designs are run once."""
    return list({store.key(name): name for name in reversed(names)}.values())


def fairness(measures: pl.DataFrame, designs: Mapping[str, Design]) -> tuple[Worded, Worded]:
    """Return the tables of how evenly residents fare, and of the differences from the first pilot."""
    first, names = next(iter(designs.values())).pilot, list(designs)
    asked = first.report.equity
    statistics = equity.statistics(measures, names, first.run, asked, first.mid, horizon_of(first))
    made: Mapping[tuple[str, str], Controls] = equity.UNADJUSTED
    if first.report.controls:
        made = equity_controls.adjustments(statistics, measures, names, first.run.confidence, asked)
    return (
        equity.table(statistics, measures, first.run.confidence, asked, made),
        equity.differences(statistics, measures, names, first.mid, first.run, asked, made),
    )
