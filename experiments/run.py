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
from sim.config.compose import BACKEND_KEYS, Line, compose, parse
from sim.errors import ConfigError
from sim.study.backend import backend_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from rich.console import Console

    from sim.district import engines
    from sim.executor import Settings
    from sim.queueing.schema import Plan
    from sim.report.tables import Table
    from sim.study.replications import Found, Speed

ALWAYS_BUSY = 0.995

HELP = """\
wangge run [-m] [pilot=NAME | network=NAME] [name=FOLDER] [executor=serial|local|dask] [workers=N] [key=value ...]

Runs one design, without a comparison, or any queueing network of configs/network/: the same engine, checks and
analysis. A network that is a textbook queue (M/M/c) is shown beside its theoretical values.

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
    from sim.district import engines
    from sim.engine.audit.quick import balance
    from sim.measures.queueing import queueing_measures
    from sim.queueing import sample
    from sim.study.replication import peak_memory_mb
    from sim.study.replications import Found

    network, labels, end = sample.sample(task.plan, task.seed, task.replication)
    visits, spells = engines.run(network, end, task.engine)
    balance(network, visits, spells, end)
    start, until = task.plan.window
    measures = queueing_measures(network, labels, visits, spells, start=start, end=until, horizon=end)
    facts = {
        "steps": int((visits.arrival >= 0).sum()),
        "requests": len(network.requests.begin),
        "peak_memory_mb": round(peak_memory_mb()),
    }
    return Found({"measures": measures}, facts)


def keep(task: QueueTask, found: Found) -> Mapping[str, Any]:
    """Keep what a replication found, and return its facts."""
    from sim.store.store import Store

    Store.attach(task.folder).keep(task.name, task.replication, found.tables, found.facts)
    return found.facts


def _network(line: Line) -> None:
    """Run a queueing network and print its measures beside theory."""
    import hashlib
    import json

    from sim.queueing import sample
    from sim.report.console import terminal
    from sim.store.files import plain_name
    from sim.store.store import Store
    from sim.study.comparison.notes import cost

    if any(o.startswith("pilot=") for o in line.overrides):
        raise ConfigError("pilot must be left out where a network is run, got both")
    from experiments import compare

    where, other = line.take(*BACKEND_KEYS)
    mine, rest = other.take("name")
    settings = config.checked(compare.Comparison, {**compose("compare", mine), "pilots": ["network"]})
    backend = backend_of(where)
    plain = compose("queue", rest)
    which = next(o.partition("=")[2] for o in rest.overrides if o.startswith("network="))
    mapping = plain.pop("network")
    run = config.checked(QueueRun, plain)
    if line.show:
        compare.show({**backend.shown(), "network": mapping, **plain})
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
        QueueTask(store.folder, plan, pilot, run.seed, r, backend.engine)
        for r in range(plan.replications)
        if not store.finished(pilot, r)
    ]
    console = terminal()
    speed = _simulate(tasks, backend.executor, console)
    measures = store.table("measures", [pilot], plan.replications)
    store.write_table("measures", measures)
    table = _table(measures, plan, which, run)
    store.write_text("summary.md", table.to_markdown() + "\n")
    console.print(table)
    for note in full(measures):
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


def _table(measures: pl.DataFrame, plan: Plan, name: str, run: QueueRun) -> Table:
    """Return the mean of every measure with its interval, beside theory where there is one."""
    from sim.report.tables import rows_table
    from sim.statistics.intervals import mean_interval

    known = textbook(plan)
    rows = []
    single = len(plan.stations) == 1 and len(plan.classes) == 1  # then every group says the same
    for (measure, group, unit), part in measures.group_by(["measure", "group", "unit"], maintain_order=True):
        if single and str(group).startswith(("station:", "class:")):
            continue
        values = part.sort("replication")["value"].to_numpy()
        interval = mean_interval(values, run.confidence)
        row = {"measure": measure, "group": group, "unit": unit, "mean": interval.estimate}
        row |= {"low": interval.low, "high": interval.high}
        if known:
            row["theory"] = known.get(str(measure)) if group in ("all", f"pool:{next(iter(plan.servers))}") else None
        rows.append(row)
    notes = [f"{plan.replications} replications, seed {run.seed}; {run.confidence:.0%} intervals, each on its own."]
    if known:
        notes.append("Theory: the steady state of M/M/c (Erlang 1917).")
    return rows_table(f"Queueing network {name}", rows, notes=notes, places=4)


def full(measures: pl.DataFrame) -> list[str]:
    """Return a warning for every pool that was busy all the time: its queue may have no steady state."""
    notes = []
    for (group,), part in measures.filter(measures["measure"] == "utilisation").group_by(
        ["group"], maintain_order=True
    ):
        if part["value"].to_numpy().mean() > ALWAYS_BUSY:
            notes.append(
                f"{group} was busy all the time: its offered load is at least its staff, no steady state exists unless "
                "who waits gives up, and the means depend on the length of the run."
            )
    return notes


def textbook(plan: Plan) -> Mapping[str, float]:
    """Return the theoretical values of a plan that is an M/M/c queue in steady state, else nothing."""
    from sim.draws.laws import Exponential
    from sim.statistics.theory import mmc

    kinds, pools = list(plan.classes.values()), list(plan.servers.values())
    if len(kinds) != 1 or len(pools) != 1 or len(plan.stations) != 1 or plan.halls:
        return {}
    arrivals, route = kinds[0].arrivals, kinds[0].route
    plain_step = {"name", "station", "service", "priority", "yields_to"}
    if (
        len(route) != 1
        or set(route[0].model_fields_set) - plain_step
        or set(pools[0].model_fields_set) - {"number", "serves"}
    ):
        return {}
    gaps, service = arrivals.renewal, route[0].service
    if not isinstance(gaps, Exponential) or not isinstance(service, Exponential):
        return {}
    if (
        arrivals.hours is not None
        or arrivals.batch is not None
        or any(s.room is not None for s in plan.stations.values())
    ):
        return {}
    try:
        queue = mmc(1 / gaps.mean, 1 / service.mean, pools[0].number)
    except ValueError:
        return {}  # no steady state
    return {
        "waiting_time": queue.waiting_time,
        "sojourn_time": queue.sojourn_time,
        "service_time": service.mean,
        "waiting_share": queue.p_wait,
        "number_waiting": queue.n_waiting,
        "number_present": queue.n_present,
        "utilisation": queue.utilisation,
    }


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("run", sys.argv[1:]))
