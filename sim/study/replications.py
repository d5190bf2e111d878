"""Which replications are run and how they are kept: pilots times replications, each kept as it finishes."""

from __future__ import annotations

import io
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.config.mechanisms import Levers, Mechanisms
from sim.district import engines
from sim.district.size import LEAST_BLOCK, check_size, needed_bytes
from sim.errors import ConfigError, StoreError, interruption
from sim.executor.fitting import fitting
from sim.executor.settings import Dask
from sim.language import ENGLISH, gettext, ngettext, speaking
from sim.measures.dictionary import lacking
from sim.store import files, manifest
from sim.store.archive import Archive
from sim.store.store import KEY_LETTERS
from sim.study.own_measures import NOTHING, Packed
from sim.study.replication import block_weeks, simulate
from sim.study.sharing import done_elsewhere, run_shared
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim import executor
    from sim.config import Pilot
    from sim.store.store import Store

PRICES = "cost"
READING = (PRICES, "mid", "report")
"""Groups of configs that only say what results cost, and how they are judged and shown."""

MEASURES = "measures"
"""The table of measures that every replication has."""

ANALYSIS_ONLY = ("replications", "confidence", "withhold_share", "overload")


@dataclass(frozen=True)
class Task:
    """One replication of one pilot, to be kept in an archive under the pilot's key."""

    archive: Archive
    key: str
    pilot: Pilot
    replication: int
    engine: engines.Settings
    own: Packed = NOTHING

    def __str__(self) -> str:
        """Return the name of the task in messages."""
        with speaking(ENGLISH):
            return self.words

    @property
    def words(self) -> str:
        """Return the name of the task in the language that is spoken."""
        return gettext("replication {n} of {pilot}", n=self.replication, pilot=self.pilot.name)


@dataclass(frozen=True)
class ReplicationResult:
    """The result of one replication; sent between processes as Parquet, which is small.

    Attributes
    ----------
    tables, facts
        Those of `sim.study.replication.simulate`.
    error
        Why it failed, where the study continues without it; else empty.
    """

    tables: Mapping[str, pl.DataFrame]
    facts: Mapping[str, Any]
    error: str = ""

    def __getstate__(self) -> dict[str, Any]:
        """Return the tables as bytes, and the rest as it is."""
        return {**vars(self), "tables": {name: files.parquet(table) for name, table in self.tables.items()}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read the tables."""
        tables = {name: pl.read_parquet(io.BytesIO(data)) for name, data in state["tables"].items()}
        for name, value in {**state, "tables": tables}.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Speed:
    """What a run cost: steps simulated now, seconds by the clock and the greatest memory of a process."""

    steps: int
    seconds: float
    peak_memory_mb: int

    @property
    def steps_a_second(self) -> float:
        """Return the steps a second by the clock, all cores together (0 if nothing was run)."""
        return self.steps / self.seconds if self.seconds > 0 else 0.0


def identity(pilots: Sequence[Pilot], own: Packed = NOTHING) -> dict[str, Any]:
    """Return all that a replication's numbers depend on, as plain data.

    The number of replications, the confidence and the like only say how results are read.
    """
    plain = [pilot.model_dump(mode="json") for pilot in pilots]
    return {"model_version": MODEL_VERSION, "pilots": [matters(one) for one in plain], **noted(own)}


def matters(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a design, as plain data, that its numbers depend on: not on what is left off."""
    run = {k: v for k, v in plain["run"].items() if k not in ANALYSIS_ONLY}
    kept = {k: v for k, v in plain.items() if k not in ("title", *SWITCHED, *READING)} | {"run": run}
    for group, kind in SWITCHED.items():
        of_group = plain.get(group, {})  # a folder that an earlier program wrote has none
        if on := {name: values for name, values in of_group.items() if kind.is_on(name, values)}:
            kept[group] = on
    return kept


SWITCHED: Mapping[str, type[Mechanisms | Levers]] = {"mechanisms": Mechanisms, "levers": Levers}
"""Groups of what can be left off."""


def key(pilot: Pilot, own: Packed = NOTHING) -> str:
    """Return the key under which the replications of a design are archived: equal for designs of equal numbers.

    Name and title of the design do not count, nor what only says how results are read. Measures of one's own do, and so
    do words within the config on which no number depends: the name of the district, the titles of archetypes.
    """
    return files.digest(manifest.canonical(_keyed(pilot) | noted(own)).encode())[:KEY_LETTERS]


def keys(pilots: Sequence[Pilot], own: Packed = NOTHING) -> dict[str, str]:
    """Return the keys of designs by their names."""
    return {pilot.name: key(pilot, own) for pilot in pilots}


def noted(own: Packed) -> dict[str, Any]:
    """Return what an identity or a key notes of measures of one's own: nothing where there are none."""
    return {manifest.OWN_MEASURES: dict(own.digests)} if own.digests else {}


def describe(archive: Archive, pilot: Pilot, own: Packed = NOTHING) -> None:
    """Keep in an archive what the key of a design stands for."""
    its_key = key(pilot, own)
    if not archive.described(its_key):
        stands_for = {"name": pilot.name, "title": pilot.title, **_keyed(pilot), **noted(own)}
        archive.describe(its_key, stands_for)


def _keyed(pilot: Pilot) -> dict[str, Any]:
    """Return what the key of a design is made of, as plain data."""
    plain = matters(pilot.model_dump(mode="json", exclude={"name", "title", *READING}))
    return {"model_version": MODEL_VERSION, **plain}


def perform(task: Task) -> ReplicationResult:
    """Simulate one replication, or return it where another process has kept it in the meantime.

    It needs no folder, so that it may be done on any machine.
    """
    with suppress(StoreError):
        if task.archive.finished(task.key, task.replication):
            tables, facts = task.archive.read_all(task.key, task.replication)
            return ReplicationResult(tables, done_elsewhere(facts))
    return ReplicationResult(*simulate(task.pilot, task.replication, task.engine, task.own))


def attempt(task: Task) -> ReplicationResult:
    """Do as `perform` does, but return why a replication fails instead of raising it."""
    try:
        return perform(task)
    except Exception as error:  # it is noted beside the replications, and shown with the results
        if interruption(error) is not None:
            raise
        text = " ".join(str(error).split())
        why = text if isinstance(error, ConfigError) else f"{type(error).__name__}: {text}".rstrip(": ")
        return _failed(why)


def _failed(why: str) -> ReplicationResult:
    """Return the result of a replication that fails."""
    return ReplicationResult({}, {"steps": 0, "seconds": 0.0, "peak_memory_mb": 0, "error": why}, why)


def keep(task: Task, result: ReplicationResult) -> Mapping[str, Any]:
    """Keep the result of a replication, or why it failed, and return its facts."""
    if result.error:
        task.archive.fail(task.key, task.replication, result.error)
    elif not task.archive.finished(task.key, task.replication):
        task.archive.keep(task.key, task.replication, result.tables, result.facts)
    return result.facts


def missing(store: Store, pilots: Sequence[Pilot], engine: engines.Settings, own: Packed = NOTHING) -> list[Task]:
    """Return the missing replications: the r-th of all pilots before the next of any.

    So the pilots are paired as far as they came, whenever the run stops. Pilots of the same numbers are simulated once.
    """
    tasks: dict[tuple[str, int], Task] = {}
    for replication in range(max(p.run.replications for p in pilots)):
        for pilot in pilots:
            which = store.key(pilot.name), replication
            if replication < pilot.run.replications and which not in tasks and not store.archive.finished(*which):
                tasks[which] = Task(store.archive, which[0], pilot, replication, engine, own)
    return list(tasks.values())


def set_aside_incomplete(
    archive: Archive, designs: Mapping[str, str], replications: int, tables: Sequence[str]
) -> list[str]:
    """Set aside kept replications that lack a table, measure or group which this program makes: they are run again.

    Parameters
    ----------
    archive
        Where they are kept.
    designs
        Keys by the names of designs.
    replications
        Only those with a number below this.
    tables
        The names of the tables that each must have; `measures` must be among them.

    Returns
    -------
    list of str
        What was lacking and in how many, a sentence each.
    """
    counts: dict[str, int] = {}
    for its_key in dict.fromkeys(designs.values()):
        for number in archive.replications(its_key):
            if number < replications and (names := _lacking(archive, its_key, number, tables)):
                archive.set_aside_earlier(its_key, number)
                what = ", ".join(names)
                counts[what] = counts.get(what, 0) + 1
    return [lacked(n, what) for what, n in counts.items()]


def lacked(n: int, what: str) -> str:
    """Return the sentence on kept replications that lack something, which are run again."""
    return ngettext(
        "{n:,} kept replication lacks what this version measures ({what}): it is run again.",
        "{n:,} kept replications lack what this version measures ({what}): they are run again.",
        n, what=what,
    )  # fmt: skip


def _lacking(archive: Archive, key: str, number: int, tables: Sequence[str]) -> list[str]:
    """Return the tables, or else the measures and their groups, that a kept replication lacks."""
    held, measures = archive.contents(key, number, MEASURES)
    names = [f"table {name}" for name in tables if name not in held]
    return names or lacking(() if measures is None else measures.select("measure", "group").iter_rows())


def check_fits(pilot: Pilot, engine: engines.Settings, on: executor.Settings, own: Packed = NOTHING) -> None:
    """Raise if a replication does not fit into the memory, run by an engine; of a cluster the memory is not known.

    Raises
    ------
    ConfigError
        By the name of the knob that takes most of it.
    """
    check_size(pilot, LEAST_BLOCK if isinstance(on, Dask) and on.joins else block_weeks(engine, own))


def run(
    store: Store,
    pilots: Sequence[Pilot],
    *,
    engine: engines.Settings,
    on: executor.Settings,
    on_done: Callable[[Task, Mapping[str, Any]], None],
    own: Packed = NOTHING,
    announce: Callable[[str], object] | None = None,
) -> Speed:
    """Run what is missing in a store, by an engine and on an executor.

    Raises
    ------
    StoreError
        What was kept must still be there at the end.
    """
    for pilot in pilots:
        describe(store.archive, pilot, own)
    tasks = missing(store, pilots, engine, own)
    speed = run_tasks(tasks, on=on, on_done=on_done, announce=announce)
    if removed := missing(store, pilots, engine, own):
        raise StoreError(
            f"Replications of the study in {store.folder} must stay where they are while it runs, but {removed[0]} was "
            "removed. Run the same command again."
        )
    return speed


def run_tasks(
    tasks: Sequence[Task],
    *,
    on: executor.Settings,
    on_done: Callable[[Task, Mapping[str, Any]], None],
    go_on: bool = False,
    announce: Callable[[str], object] | None = None,
) -> Speed:
    """Simulate and keep replications on an executor, and return what that cost.

    Parameters
    ----------
    tasks
        In the order in which they are handed out.
    on
        Where they are run.
    on_done
        Called with each and its facts.
    go_on
        Whether a replication that fails is only noted in the archive, with `error` among its facts, and the others
        are run all the same; otherwise its exception is raised. One whose workers die is noted and the others are run
        in any case.
    announce
        Called with a sentence where fewer workers fit than were asked for, or another process is waited for.
    """
    steps, memory = [0], [0]

    def count(task: Task, facts: Mapping[str, Any]) -> None:
        steps.append(int(facts["steps"]))
        memory.append(int(facts["peak_memory_mb"]))
        on_done(task, facts)

    def lose(task: Task, why: str) -> bool:
        task.archive.fail(task.key, task.replication, why)
        if go_on:
            count(task, _failed(why).facts)
        return go_on

    if not tasks:
        return Speed(0, 0.0, 0)
    began, each = time.perf_counter(), 0.0
    for task in {task.key: task for task in tasks}.values():
        check_fits(task.pilot, task.engine, on, task.own)
        each = max(each, needed_bytes(task.pilot, block_weeks(task.engine, task.own)))
    run_shared(
        attempt if go_on else perform, tasks, fitting(on, len(tasks), each, announce or (lambda _: None)),
        archive=tasks[0].archive, address=lambda task: (task.key, task.replication), keep=keep, on_done=count,
        on_elsewhere=count, on_lost=lose, announce=announce, words=lambda task: task.words,
    )  # fmt: skip
    return Speed(sum(steps), time.perf_counter() - began, max(memory))
