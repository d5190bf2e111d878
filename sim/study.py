"""What to run and how it is kept: pilots times replications, each kept as it finishes."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sim import MODEL_VERSION, config, engines, executor, files
from sim.replication import simulate
from sim.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.config import Pilot

ANALYSIS_ONLY = ("replications", "confidence", "withhold_share", "overload")


@dataclass(frozen=True)
class Task:
    """One replication of one pilot, to be kept in a folder."""

    folder: Path
    pilot: Pilot
    replication: int
    engine: engines.Settings

    def __str__(self) -> str:
        """Return what to call the task in a message."""
        return f"replication {self.replication} of {self.pilot.name}"


@dataclass(frozen=True)
class Found:
    """What one replication found; it travels between processes as Parquet, which is small."""

    tables: Mapping[str, pl.DataFrame]
    facts: Mapping[str, Any]

    def __getstate__(self) -> dict[str, Any]:
        """Return the tables as bytes, and the facts."""
        return {"tables": {name: files.parquet(table) for name, table in self.tables.items()}, "facts": self.facts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read the tables."""
        tables = {name: pl.read_parquet(io.BytesIO(data)) for name, data in state["tables"].items()}
        object.__setattr__(self, "tables", tables)
        object.__setattr__(self, "facts", state["facts"])


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


def identity(pilots: Sequence[Pilot]) -> dict[str, Any]:
    """Return all that a replication's numbers depend on, as plain data.

    The number of replications, the confidence and the like only say how results are read.
    """
    plain = [pilot.model_dump(mode="json") for pilot in pilots]
    return {"model_version": MODEL_VERSION, "pilots": [matters(one) for one in plain]}


def matters(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a whole design, as plain data, what its numbers depend on."""
    run = {k: v for k, v in plain["run"].items() if k not in ANALYSIS_ONLY}
    return {k: v for k, v in plain.items() if k not in ("mid", "title")} | {"run": run}


def perform(task: Task) -> Found:
    """Simulate one replication; it needs no folder, so that it may be done on any machine."""
    return Found(*simulate(task.pilot, task.replication, task.engine))


def keep(task: Task, found: Found) -> Mapping[str, Any]:
    """Keep what a replication found, and return its facts."""
    Store.attach(task.folder).keep(task.pilot.name, task.replication, found.tables, found.facts)
    return found.facts


def run(
    store: Store,
    pilots: Sequence[Pilot],
    *,
    engine: engines.Settings,
    on: executor.Settings,
    on_done: Callable[[Task, Mapping[str, Any]], None],
) -> Speed:
    """Run what is missing in a store, by an engine and on an executor, replication after replication over all pilots.

    So that whatever stops the run, the pilots have been paired as far as they came.
    """
    tasks = [
        Task(store.folder, pilot, replication, engine)
        for replication in range(max(p.run.replications for p in pilots))
        for pilot in pilots
        if replication < pilot.run.replications and not store.finished(pilot.name, replication)
    ]
    steps, memory = [0], [0]

    def count(task: Task, facts: Mapping[str, Any]) -> None:
        steps.append(int(facts["steps"]))
        memory.append(int(facts["peak_memory_mb"]))
        on_done(task, facts)

    began = time.perf_counter()
    executor.run_tasks(perform, tasks, on, keep=keep, on_done=count)
    return Speed(sum(steps), time.perf_counter() - began if tasks else 0.0, max(memory))


def checked_overload(pilots: Sequence[Pilot], overloaded: Mapping[str, Sequence[str]]) -> None:
    """Raise `ConfigError` where a pilot cannot keep up and its config says that such a run is refused."""
    for pilot in pilots:
        if pilot.run.overload == "refuse" and overloaded[pilot.name]:
            names = ", ".join(overloaded[pilot.name][:5])
            raise config.ConfigError(
                f"run.overload is refuse and every post must be able to keep up with its work, got "
                f"{len(overloaded[pilot.name])} that cannot under {pilot.name}: {names}"
            )
