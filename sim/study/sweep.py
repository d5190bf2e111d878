"""A study, from its file to its findings: planned, screened, run, and kept in a folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sim.config.compose import Line
from sim.config.report import Response
from sim.errors import RESULTS_STAY, ConfigError, StoreError, one_of, sealed
from sim.language import Language, gettext, speaking, spoken
from sim.report.console import at_work, quiet
from sim.report.notebook import as_html
from sim.report.tables import counted
from sim.store import manifest
from sim.store.archive import Archive
from sim.store.layout import ARCHIVE
from sim.store.store import Store
from sim.study import freshness, replications
from sim.study.budget import confirmation, outcome, pilot_run
from sim.study.budget.runs import Runs
from sim.study.findings import asked, charting, preview
from sim.study.findings.naming import words_of
from sim.study.findings.write import CONTROLS, after_a_search, cost, responses, write
from sim.study.folder.drawing import ALL, chosen, speaking_on_charts
from sim.study.own_measures import packed
from sim.study.points.plan import none_feasible, planned
from sim.study.points.screening import screen_all
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import polars as pl
    from matplotlib.figure import Figure
    from rich.console import Console

    from sim.config.study_schema import Study
    from sim.report.tables import Table
    from sim.statistics.warm_up import WarmUp
    from sim.study.backend import Backend
    from sim.study.folder.drawing import Wanted
    from sim.study.own_measures import OwnMeasure
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened

POINTS = ("pilots", "base", "factors", "evidence", "design", "baseline", "warm_up")
"""Keys of a study that make its points; the others may change while its folder stays the same."""


@dataclass(frozen=True)
class Prepared:
    """A study whose points are planned and screened, before they are run.

    Attributes
    ----------
    plan
        Its points; infeasible ones say why.
    screened
        The screening of every design, by the name of its point.
    runs
        The replications that are kept, and those to come.
    warm_up
        The choice of a pilot run, where the study asks for one.
    pilot_keys
        The keys of the designs of that pilot run, by name.
    """

    plan: Plan
    screened: Mapping[str, Screened]
    runs: Runs
    warm_up: WarmUp | None
    pilot_keys: Mapping[str, str]


@sealed(RESULTS_STAY)
@dataclass(frozen=True, repr=False)
class Sweep:
    """A finished study.

    Attributes
    ----------
    plan
        Its points.
    store
        The results folder.
    sentences
        What it found.
    cost
        The cost of the run, in a sentence.
    language
        In which it speaks.
    notes
        Sentences on kept replications that were damaged or lacked a measure, and on files that were made again.
    """

    plan: Plan
    store: Store
    sentences: tuple[str, ...]
    cost: str
    language: Language
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """Return every response at every point, to be read."""
        measures = self.read("measures").select("measure", "group", "unit").unique()
        known = {Response(measure, group): unit for measure, group, unit in measures.iter_rows()}
        units = {response: known.get(response, "") for response in self.plan.study.responses}
        with speaking(self.language):
            notes = charting.notes_of(self.store)
            shown = {name: charting.table_of(self.store, name, notes)
                     for name in charting.SHOWN if name in self.store.final_tables}  # fmt: skip
            return responses(
                units, shown["summary"], words_of(self.plan),
                searched=after_a_search(self.plan, self.read("design")), controls=shown.get(CONTROLS),
            )  # fmt: skip

    @property
    def folder(self) -> Path:
        """Return the results folder."""
        return self.store.folder

    def read(self, name: str) -> pl.DataFrame:
        """Return a table of the folder: `summary`, `effects`, `measures`, `design` and those of its kind of design.

        Raises
        ------
        ConfigError
            The folder must have it.
        StoreError
            It must be undamaged.
        """
        return self.store.final_table(one_of("table", name, self.store.final_tables))

    @property
    def charts(self) -> tuple[str, ...]:
        """Return the names of its charts; those that were drawn lie in the folder as `charts/NAME.svg`."""
        return tuple(charting.drawings(self.store))

    def chart(self, name: str) -> Figure:
        """Return a chart by its name (`charts` has them all), in English where this machine has no font for another.

        Raises
        ------
        ConfigError
            The name must be one of `charts`.
        """
        with speaking_on_charts(self.language):
            return chosen(charting.drawings(self.store), name)

    def __str__(self) -> str:
        """Return what it found, as plain text."""
        return "\n".join(f"- {sentence}" for sentence in self.sentences)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return what it found and, of each kind, the chart of its first response, for a notebook."""
        from sim.charts import render

        with speaking_on_charts(self.language):
            asked = [str(one) for one in self.plan.study.responses]
            pictures = [render(one.draw(), "svg") for one in charting.in_brief(charting.charts_of(self.store), asked)]
        return as_html([self.table], self.sentences, pictures)


@dataclass(frozen=True, repr=False)
class Preview:
    """What a study would run.

    Attributes
    ----------
    points
        One row a point: point, pilot, label, heads, cannot_keep_up, why.
    table
        The first of them, to be read.
    sentences
        How many points and replications there are, what is kept already, and how long the rest takes.
    """

    points: pl.DataFrame
    table: Table
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        """Return the points and the sentences as plain text."""
        return "\n".join([self.table.to_text(), *self.sentences])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the points and the sentences, for a notebook."""
        return as_html([self.table], self.sentences)


def check_knobs(study: Study, line: Line) -> None:
    """Raise `ConfigError` where knobs of all points set what the study itself says."""
    for key, _, value in (override.partition("=") for override in line.overrides):
        if key in ("pilot", "pilots"):
            raise ConfigError(f"{key} must be left out, as the study names its pilots: study.pilots=[...]")
        if key == "run.replications":
            raise ConfigError(
                f"run.replications must be left out, as the study says how many: study.precision.replications={value}"
            )
        if key == "run.warm_up_weeks" and study.warm_up is not None:
            raise ConfigError("run.warm_up_weeks must be left out, as study.warm_up chooses it (study.warm_up=null)")


def prepare(
    study: Study,
    line: Line,
    backend: Backend,
    results: Path,
    *,
    console: Console | None = None,
    retry: bool = False,
    choose_warm_up: bool = True,
    measures: Sequence[OwnMeasure] = (),
) -> Prepared:
    """Return a study with its points planned and screened; a warm-up is chosen by a pilot run, where it asks for one.

    The archive of replications, in the folder of results, is made only once the points are known.

    Raises
    ------
    ConfigError
        The study must have a feasible point, and name measures and groups that there are.
    """
    console = console or quiet()
    with at_work(console, gettext("Composing the points ...")):
        plan = planned(study, line)
    asked.check(study, plan.pilots.values(), [one.name for one in measures])
    archive = Archive.open(results / ARCHIVE)
    warm_up, pilot_keys = None, dict[str, str]()
    if study.warm_up is not None and choose_warm_up:
        warm_up, pilot_keys = pilot_run.warm_up(study, line, backend, archive, console, retry=retry)
        plan = planned(study, replace(line, overrides=(*line.overrides, f"run.warm_up_weeks={warm_up.weeks}")))
    own = packed(measures)
    plan = plan.showing(measures)
    keys = replications.keys(list(plan.pilots.values()), own)
    with at_work(console, gettext("Looking for posts that cannot keep up ...")):
        screened = screen_all(archive, plan.pilots, keys, backend, own)
    plan = plan.without(_refused(plan, screened))
    if not plan.pilots:
        raise ConfigError(none_feasible(plan.points))
    keys = {name: keys[name] for name in plan.pilots}
    runs = Runs(archive, plan.pilots, keys, backend, study.all_groups, console, retry=retry, own=own)
    return Prepared(plan, screened, runs, warm_up, pilot_keys)


def sweep(
    study: Study,
    line: Line,
    folder: Path,
    backend: Backend,
    *,
    console: Console | None = None,
    retry: bool = False,
    command: Sequence[str] = (),
    measures: Sequence[OwnMeasure] = (),
    wanted: Wanted = ALL,
) -> Sweep:
    """Run what is missing of a study and keep its tables, charts and summary in its folder.

    Parameters
    ----------
    study
        As it was read.
    line
        Knobs of all points alike.
    folder
        The results folder; the archive of replications lies beside it. A stopped study continues.
    backend
        The engine and the executor.
    console
        Where progress is printed; without one nothing is printed.
    retry
        Whether replications that failed before are retried.
    command
        As it is noted in the manifest.
    measures
        Measures of one's own, which the study may ask for like any other.
    wanted
        Which charts are.

    Raises
    ------
    ConfigError
        The study must have a feasible point, and responses that its points have.
    StoreError
        The folder must be empty or hold this very study; some point must not fail.
    """
    check_knobs(study, line)
    charting.check(wanted, study)
    results = folder.absolute().parent
    prepared = prepare(study, line, backend, results, console=console, retry=retry, measures=measures)
    return finish(prepared, study, line, folder, console=console, command=command, wanted=wanted)


def foreseen(
    study: Study,
    line: Line,
    folder: Path,
    backend: Backend,
    *,
    console: Console | None = None,
    measures: Sequence[OwnMeasure] = (),
) -> Preview:
    """Return what a study would run in a folder that it does not make; the arguments are those of `sweep`."""
    import polars as pl

    check_knobs(study, line)
    prepared = prepare(
        study, line, backend, folder.absolute().parent, console=console, choose_warm_up=False, measures=measures
    )
    plan, runs = prepared.plan, replace(prepared.runs, console=quiet())
    ahead = preview.cost_ahead(plan, runs)
    sentences = preview.size(plan), *preview.remarks(plan, prepared.screened), *runs.notes, *ahead
    points = [
        {
            "point": point.name, "pilot": point.base, "label": point.label,
            "heads": prepared.screened[point.name].heads if point.pilot else None,
            "cannot_keep_up": list(prepared.screened[point.name].overloaded) if point.pilot else [],
            "why": point.why or None,
        }
        for point in plan.points
    ]  # fmt: skip
    schema: dict[str, Any] = {"heads": pl.Float64, "cannot_keep_up": pl.List(pl.String), "why": pl.String}
    table = preview.points_table(plan, prepared.screened)
    return Preview(pl.DataFrame(points, schema_overrides=schema), table, sentences)


def finish(
    prepared: Prepared,
    study: Study,
    line: Line,
    folder: Path,
    *,
    console: Console | None = None,
    command: Sequence[str] = (),
    wanted: Wanted = ALL,
) -> Sweep:
    """Run a prepared study, as `sweep` does."""
    console, plan, runs = console or quiet(), prepared.plan, prepared.runs
    identity = _identity(study, line, plan, runs)
    others = {**prepared.pilot_keys, **(confirmation.keys(runs) if study.choose else {})}
    facts = {
        "command": list(command),
        "seed": plan.first.run.seed,
        "replications": study.precision.replications,
        manifest.PILOT_RUNS: list(others),
    }
    request = freshness.request(plan, identity, wanted)
    sentences = freshness.kept_sentences(folder, request, runs)
    if sentences is None:
        runs.read_kept(study.precision.replications)
        preview.check(plan, runs)  # before the folder exists: it holds its study for good
    store = Store.open(folder, identity, facts, keys={**runs.keys, **others})
    changed = [
        gettext("{file} has changed since it was written (damaged, edited or removed), and is made again.", file=name)
        for name in freshness.changed(store.folder)
    ]
    for note in changed:
        console.print(f"- {note}", markup=False)
    if sentences is None:
        results = outcome.run(plan, runs, prepared.screened)
        written = write(store, plan, runs, prepared.screened, results, prepared.warm_up, wanted)
        freshness.keep(store, request, runs, written.sentences, written.files)
        sentences = list(written.sentences[spoken().name])
    store.finish({"simulated": runs.simulated, "steps": runs.steps})
    result = Sweep(plan, store, tuple(sentences), cost(runs), spoken(), (*runs.notes, *changed))
    if set(runs.failures) == set(runs.keys):
        console.print(result, markup=False)
        raise StoreError(
            f"Every point of the study failed, as {plan.at(0)[0].name}, whose {next(iter(runs.failures.values()))}. "
            "Correct the cause and run the same command with retry=true."
        )
    return result


def _refused(plan: Plan, screened: Mapping[str, Screened]) -> dict[str, str]:
    """Return the points that are not run, and why: infeasible with their heads, or overload is refused.

    Raises
    ------
    ConfigError
        The baseline must be among those that are run.
    """
    reasons = {name: design.why for name, design in screened.items() if design.why}
    for name, pilot in plan.pilots.items():
        if pilot.run.overload == "refuse" and screened[name].overloaded:
            posts = screened[name].overloaded
            reasons[name] = f"run.overload is refuse, and {counted(len(posts), 'post')} cannot keep up, as {posts[0]}"
    if plan.baseline is not None and (why := reasons.get(plan.at(plan.baseline)[0].name)):
        raise ConfigError(f"study.baseline must be a feasible design: {why}")
    return reasons


def _identity(study: Study, line: Line, plan: Plan, runs: Runs) -> dict[str, Any]:
    """Return everything that the points of a study depend on, without precision and choices."""
    digest = hashlib.sha256(json.dumps([[p.name, runs.keys.get(p.name)] for p in plan.points]).encode()).hexdigest()
    return {
        "model_version": MODEL_VERSION,
        "study": study.model_dump(mode="json", include=set(POINTS)),
        "knobs": sorted(line.overrides),
        manifest.STUDY_POINTS: digest,
        **replications.noted(runs.own),
    }
