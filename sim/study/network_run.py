"""A queueing network, run: its replications, their measures with intervals, and theory beside them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.config.report import ALL
from sim.district import engines
from sim.engine.audit.quick import balance
from sim.errors import RESULTS_STAY, ConfigError, sealed
from sim.executor import run_tasks
from sim.executor.fitting import fitting
from sim.language import ENGLISH, Language, gettext, phrase, speaking, spoken
from sim.measures.queueing import queueing_measures
from sim.memory import peak_memory_mb
from sim.queueing import sample
from sim.queueing.size import needed_bytes
from sim.queueing.summary import summary, warnings_of_load
from sim.report.console import Progress, quiet
from sim.report.notebook import as_html
from sim.report.pages import Page, Printed, page
from sim.report.screen import Screen, where
from sim.store.archive import Archive
from sim.store.store import Store
from sim.study.folder.printed import keep as keep_printed
from sim.study.replications import ReplicationResult, Speed
from sim.study.sharing import ELSEWHERE, run_shared
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from sim.engine.network import Network
    from sim.engine.record import Spells, Visits
    from sim.queueing.labels import Labels
    from sim.queueing.schema import QueueNetwork
    from sim.report.tables import Table
    from sim.study.backend import Backend


@dataclass(frozen=True)
class Task:
    """One replication of a queueing network, to be kept in a folder, or nowhere."""

    folder: Path | None
    plan: QueueNetwork
    name: str
    seed: int
    replication: int
    engine: engines.Settings

    def __str__(self) -> str:
        """Return the name of the task in messages."""
        with speaking(ENGLISH):
            return self.words

    @property
    def words(self) -> str:
        """Return the name of the task in the language that is spoken."""
        return gettext("replication {n} of {pilot}", n=self.replication, pilot=self.name)


@sealed(RESULTS_STAY)
@dataclass(frozen=True, repr=False)
class NetworkRun:
    """A queueing network with the measures of its replications.

    Attributes
    ----------
    plan
        The network.
    measures
        One row a measure, group and replication: pilot (the network's name), replication, measure, group, unit, value
        and n.
    name
        What it is called, where it is kept.
    seed, confidence
        Of the random numbers; of the intervals.
    speed
        What the replications cost that were run now.
    language
        In which it speaks.
    """

    plan: QueueNetwork
    measures: pl.DataFrame
    name: str
    seed: int
    confidence: float
    speed: Speed
    language: Language

    @property
    def table(self) -> Table:
        """Return means with intervals, and theory where the network is a textbook queue."""
        with speaking(self.language):
            return summary(self.measures, self.plan, self.name, seed=self.seed, confidence=self.confidence)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what must be known to read them."""
        with speaking(self.language):
            return tuple(warnings_of_load(self.measures))

    def __str__(self) -> str:
        """Return the table as plain text."""
        return "\n".join([self.table.to_text(), *(f"- {note}" for note in self.notes)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the table and its notes, for a notebook."""
        return as_html([self.table], self.notes)


def identity(mapping: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return all that the replications of a network depend on."""
    network = {key: value for key, value in mapping.items() if key != "replications"}
    return {"model_version": MODEL_VERSION, "seed": seed, "network": network}


def check_memory(plan: QueueNetwork, name: str, engine: engines.Settings) -> None:
    """Raise if a replication of a network, which is run in one piece, does not fit into what the engine may take.

    Raises
    ------
    ConfigError
        `engine.memory_mb` must be enough.
    """
    needed = math.ceil(needed_bytes(plan) / 1e6)
    if isinstance(engine, engines.Compiled) and engine.memory_mb is not None and engine.memory_mb < needed:
        raise ConfigError(
            f"engine.memory_mb must be at least {needed:,}, for a replication of {name}, which is run in one piece, "
            f"got {engine.memory_mb}"
        )


def run(
    plan: QueueNetwork,
    name: str,
    backend: Backend,
    *,
    seed: int = 1,
    confidence: float = 0.95,
    store: Store | None = None,
    console: Console | None = None,
) -> NetworkRun:
    """Run the replications of a network that are missing, and return their measures.

    Parameters
    ----------
    plan
        The network; it says how many replications.
    name
        Its name.
    backend
        The engine and the executor.
    seed
        Of the random numbers.
    confidence
        Of the intervals, each on its own.
    store
        The results folder, where they are kept; without one nothing is.
    console
        Where progress is printed; without one nothing is printed.
    """
    folder = None if store is None else store.folder
    numbers = [r for r in range(plan.replications) if store is None or not store.finished(name, r)]
    tasks = [Task(folder, plan, name, seed, r, backend.engine) for r in numbers]
    run_now, speed = _simulate(tasks, backend, console or quiet(), store)
    measures = run_now if store is None else store.table("measures", [name], plan.replications)
    return NetworkRun(plan, measures, "" if store is None else name, seed, confidence, speed, spoken())


def write(result: NetworkRun, store: Store) -> Printed:
    """Keep the measures of a finished run in its folder, and return what it has to say."""
    store.write_table("measures", result.measures)
    store.write_text("summary.md", result.table.to_markdown() + "\n")
    shown = keep_printed(store, partial(printed, result, store.folder.name))
    store.finish({"steps": result.speed.steps})
    return shown


def printed(result: NetworkRun, name: str) -> Printed:
    """Return what a run has to say that is kept in a folder of this name."""
    result = replace(result, language=spoken())
    note, *source = result.table.notes
    rows = tuple(
        (measure if group == phrase(ALL) else f"{measure} {group}", *row) for measure, group, *row in result.table.rows
    )
    measure_column, _, *others = result.table.columns
    glance = replace(result.table, columns=(measure_column, *others), rows=rows, notes=tuple(source))
    what = gettext("{network}: {note}", network=result.table.title, note=note)
    screen = Screen(what, result.notes, glance, (), where(name))
    title = gettext("what must be known to read them")
    notes = [Page("notes", title, paragraphs=result.notes)] if result.notes else []
    return Printed(screen, (page("means", result.table), *notes))


@dataclass(frozen=True)
class Run:
    """The record of one replication, whose measured window is [start, end) (ticks)."""

    network: Network
    labels: Labels
    visits: Visits
    spells: Spells
    start: int
    end: int
    horizon: int

    @cached_property
    def table(self) -> pl.DataFrame:
        """Return its measures, one row a measure and group."""
        return queueing_measures(
            self.network, self.labels, self.visits, self.spells, start=self.start, end=self.end, horizon=self.horizon
        )

    @cached_property
    def measures(self) -> dict[tuple[str, str], float]:
        """Return its measures by measure and group."""
        return {(measure, group): value for measure, group, _, value, _ in self.table.iter_rows()}


def simulate(plan: QueueNetwork, seed: int, replication: int, engine: engines.Settings) -> Run:
    """Return one replication of a plan, its record checked."""
    network, labels, horizon = sample.sample(plan, seed, replication)
    visits, spells = engines.run(network, horizon, engine)
    balance(network, visits, spells, horizon)
    return Run(network, labels, visits, spells, *plan.window, horizon)


def perform(task: Task) -> ReplicationResult:
    """Sample, run, audit and measure one replication."""
    record = simulate(task.plan, task.seed, task.replication, task.engine)
    facts = {
        "steps": int((record.visits.arrival >= 0).sum()),
        "requests": len(record.network.requests.begin),
        "peak_memory_mb": round(peak_memory_mb()),
    }
    return ReplicationResult({"measures": record.table}, facts)


def keep(task: Task, result: ReplicationResult) -> tuple[Mapping[str, Any], pl.DataFrame | None]:
    """Keep the result of a replication, and return its facts; or return its measures too where nothing is kept."""
    if task.folder is None:
        return result.facts, result.tables["measures"]
    Store.open_existing(task.folder).keep(task.name, task.replication, result.tables, result.facts)
    return result.facts, None


def _simulate(
    tasks: Sequence[Task], backend: Backend, console: Console, store: Store | None
) -> tuple[pl.DataFrame, Speed]:
    """Run tasks and print progress; return the measures of those that are kept nowhere, and the cost."""
    costs: list[Mapping[str, Any]] = []
    parts: dict[int, pl.DataFrame] = {}
    began = time.perf_counter()
    if tasks:
        backend.announce_compiling(console)
        verb = "ran" if store is None else "kept"
        with Progress.start(console, gettext("replications"), len(tasks), verb=verb) as bar:

            def on_done(task: Task, result: tuple[Mapping[str, Any], pl.DataFrame | None]) -> None:
                facts, measures = result
                costs.append(facts)
                if measures is not None:
                    which = pl.lit(task.name).alias("pilot"), pl.lit(task.replication, pl.Int64).alias("replication")
                    parts[task.replication] = measures.select(*which, pl.all())
                bar.advance(task.words, elsewhere=ELSEWHERE in facts)

            on = fitting(backend.executor, len(tasks), needed_bytes(tasks[0].plan), bar.announce)
            if store is None:
                run_tasks(perform, tasks, on, keep=keep, on_done=on_done)
            else:
                run_shared(
                    perform, tasks, on,
                    archive=Archive.open(store.archive.folder), keep=keep, on_done=on_done,
                    address=lambda task: (store.key(task.name), task.replication),
                    on_elsewhere=lambda task, facts: on_done(task, (facts, None)),
                    announce=bar.announce, words=lambda task: task.words,
                )  # fmt: skip
    memory = max((facts["peak_memory_mb"] for facts in costs), default=0)
    speed = Speed(sum(facts["steps"] for facts in costs), time.perf_counter() - began, memory)
    return pl.concat([parts[number] for number in sorted(parts)]) if parts else pl.DataFrame(), speed
