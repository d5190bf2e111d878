"""`wangge run`: one pilot design, or one queueing network beside its theory."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from sim import MODEL_VERSION, config
from sim.config import Section
from sim.config.compose import HOW, Line, compose, parse
from sim.errors import ConfigError
from sim.study.backend import how

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from sim.district import engines
    from sim.executor import Settings
    from sim.queueing.schema import Plan
    from sim.study.replications import Found, Speed

HELP = """\
wangge run [-m] [pilot=NAME | network=NAME] [name=FOLDER] [executor=serial|local|dask] [workers=N] [key=value ...]

Runs one design, without a comparison, or any queueing network of configs/network/: the same engine, checks and
analysis. A textbook queue is shown beside its theoretical values: M/M/c, M/M/c/K, M/G/1, M/D/c, impatient customers
(Erlang A), priorities, Jackson networks.

  pilot=three_level                       a pilot design (configs/pilot/); four_level by default
  network=mmc                             a queueing network (configs/network/)
  network.servers.clerk.number=4          any of its numbers; replications=50 and seed=2 beside it
  roles.order=b_first                     any knob of configs/ for a pilot
  -m pilot=four_level,three_level grid.households=200,300
                                          every combination, as a study (wangge sweep): tables, charts, what is kept
  workers=1                               processes; executor=serial, local or dask as for compare
  --cfg job                               print the resolved config and stop
  --config-dir DIR                        find configs of your own in DIR (a folder like configs/)
"""


class QueueRun(Section):
    """The settings beside a queueing network."""

    seed: Annotated[int, Field(ge=0)]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    replications: Annotated[int, Field(ge=1)] | None


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    if any(flag in arguments for flag in ("-m", "--multirun")):
        from experiments.multirun import multirun

        multirun(arguments, main)
        return
    line = parse(arguments)
    if any(o.startswith("network=") for o in line.overrides):
        _network(line)
    elif any(o.startswith("network.") for o in line.overrides):
        raise ConfigError("network must be given (network=mmc) where one of its keys is set")
    else:
        _pilot(line)


def _pilot(line: Line) -> None:
    """Run one pilot: a comparison of one."""
    from experiments import compare

    pilot = next((o.partition("=")[2] for o in line.overrides if o.startswith("pilot=")), "four_level")
    rest = tuple(o for o in line.overrides if not o.startswith("pilot="))
    named = any(o.startswith("name=") for o in rest)
    knobs = any(not o.startswith(("workers=", "executor=", "executor.", "engine=", "engine.")) for o in rest)
    name = () if named or knobs else (f"name=run-{pilot}",)
    flags = [
        *(["--cfg", "job"] if line.show else []),
        *([f"--config-dir={line.config_dir}"] if line.config_dir else []),
    ]
    compare.main([f"pilots=[{pilot}]", *name, *rest, *flags])


@dataclass(frozen=True)
class QueueTask:
    """One replication of a queueing network, to be kept in a folder."""

    folder: Path
    plan: Plan
    name: str
    seed: int
    replication: int
    engine: engines.Settings

    def __str__(self) -> str:
        """Return what to call the task in a message."""
        return f"replication {self.replication} of {self.name}"


def perform(task: QueueTask) -> Found:
    """Sample, run, check and measure one replication."""
    from sim.study.replication import peak_memory_mb
    from sim.study.replications import Found
    from sim.validation.run import simulate

    run = simulate(task.plan, task.seed, task.replication, task.engine)
    facts = {
        "steps": int((run.visits.arrival >= 0).sum()),
        "requests": len(run.network.requests.begin),
        "peak_memory_mb": round(peak_memory_mb()),
    }
    return Found({"measures": run.table}, facts)


def keep(task: QueueTask, found: Found) -> Mapping[str, Any]:
    """Keep what a replication found, and return its facts."""
    from sim.store.store import Store

    Store.attach(task.folder).keep(task.name, task.replication, found.tables, found.facts)
    return found.facts


def _network(line: Line) -> None:
    """Run a queueing network and print its measures beside theory."""
    import hashlib
    import json

    from sim.queueing import sample, summary
    from sim.report.console import terminal
    from sim.store.files import plain_name
    from sim.store.store import Store
    from sim.study.comparison.write import cost

    if any(o.startswith("pilot=") for o in line.overrides):
        raise ConfigError("pilot must be left out where a network is run, got both")
    from experiments import compare

    where, other = line.take(*HOW)
    mine, rest = other.take("name")
    settings = config.checked(compare.Comparison, {**compose("compare", mine), "pilots": ["network"]})
    means = how(where)
    plain = compose("queue", rest)
    which = next(o.partition("=")[2] for o in rest.overrides if o.startswith("network="))
    mapping = plain.pop("network")
    run = config.checked(QueueRun, plain)
    if line.show:
        compare.show({**means.shown(), "network": mapping, **plain})
        return
    plan = sample.load(mapping if run.replications is None else {**mapping, "replications": run.replications})
    matters = {
        "model_version": MODEL_VERSION,
        "seed": run.seed,
        "network": {k: v for k, v in mapping.items() if k != "replications"},
    }
    digest = hashlib.sha256(json.dumps(matters, sort_keys=True).encode()).hexdigest()
    knobs = [o for o in rest.overrides if not o.startswith(("network=", "replications="))]
    pilot = plain_name("network", which.replace("/", "-"))
    name = settings.name or (f"run-{which}-{digest[:8]}" if knobs else f"run-{which}")
    store = Store.open(
        Path("results") / plain_name("name", name), matters, {"command": ["wangge", "run", *rest.overrides]}
    )
    tasks = [
        QueueTask(store.folder, plan, pilot, run.seed, r, means.engine)
        for r in range(plan.replications)
        if not store.finished(pilot, r)
    ]
    console = terminal()
    speed = _simulate(tasks, means.executor, console)
    measures = store.table("measures", [pilot], plan.replications)
    store.write_table("measures", measures)
    table = summary.summary(measures, plan, which, seed=run.seed, confidence=run.confidence)
    store.write_text("summary.md", table.to_markdown() + "\n")
    console.print(table)
    for note in summary.warnings_of_load(measures):
        console.print(f"- {note}", markup=False)
    console.print(f"- {cost(speed)}", markup=False)
    store.finish({"steps": speed.steps})
    console.print(f"Kept in results/{name}/", markup=False)


def _simulate(tasks: list[QueueTask], on: Settings, console: Console) -> Speed:
    """Run and keep the tasks behind a progress bar, and return what they cost."""
    from rich.progress import Progress

    from sim.executor import run_tasks
    from sim.study.replications import Speed

    done: list[Mapping[str, Any]] = []
    began = time.perf_counter()
    if tasks:
        with Progress(console=console, disable=not console.is_terminal) as bar:
            job = bar.add_task("replications", total=len(tasks))

            def on_done(_: QueueTask, facts: Mapping[str, Any]) -> None:
                bar.advance(job)
                done.append(facts)

            run_tasks(perform, tasks, on, keep=keep, on_done=on_done)
    memory = max((f["peak_memory_mb"] for f in done), default=0)
    return Speed(sum(f["steps"] for f in done), time.perf_counter() - began, memory)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("run", sys.argv[1:]))
