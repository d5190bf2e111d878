"""A benchmark, from its settings to its tables: rounds of measurements, which are kept, and their results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from sim import config
from sim.bench import chart, machine, measurement, speeds, tools
from sim.bench.measurement import Workload
from sim.config import Name, Section
from sim.config.bounds import Replications, Seed
from sim.config.compose import Line, compose
from sim.config.composition import Composition
from sim.errors import ConfigError, choices, near
from sim.report.tables import escape_markdown
from sim.store.names import FolderName
from sim.store.store import Store
from sim.study.folder import drawing
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from rich.console import Console

    from sim.report.tables import Table

TITLES = {
    "p1": "P1: three stations in a row (4, 8 and 2 servers)",
    "p2": "P2: 24 staff, each with a queue of a specialism and 18 with one of a grid",
}
SCALE = "scale"
"""The workload of all scale cases."""

LEAST_REQUESTS = 1_000


class Bench(Section):
    """The settings of the command."""

    workloads: Annotated[tuple[Name, ...], Field(min_length=1)]
    tools: tuple[Name, ...]
    requests: Annotated[int, Field(ge=1, le=100_000_000)]
    repeats: Replications
    long_repeats: Replications
    seed: Seed
    name: FolderName | None
    districts: dict[Name, tuple[str, ...]]
    scale: dict[Name, tuple[str, ...]]


@dataclass(frozen=True)
class Plan:
    """The workloads and tools of a benchmark, and what is left out and why."""

    settings: Bench
    tools: tuple[str, ...]
    left_out: tuple[str, ...]
    workloads: tuple[Workload, ...]


def planned(settings: Bench, config_dir: Path | None = None) -> Plan:
    """Return what the settings ask for, checked.

    Raises
    ------
    ConfigError
        For an unknown workload or tool, fewer than 1,000 requests, or if no tool is installed.
    """
    districts = (*settings.districts, SCALE)
    known = (*TITLES, *districts)
    for name in settings.workloads:
        if name not in known:
            raise ConfigError(f"workloads must be of {choices(known, name)}{near(name, known)}, got {name}")
    if settings.requests < LEAST_REQUESTS:
        raise ConfigError(
            f"requests must be at least {LEAST_REQUESTS:,}, got {settings.requests}: on short inputs start-up is all "
            "that is timed, and a processor that learns them by heart reads up to four times too fast"
        )
    lacking = {name: tools.missing(name) for name in tools.TOOLS}
    installed = tools.chosen(settings.tools, lacking)
    left_out = tuple(
        f"{tools.TOOLS[name].title} is left out: {' and '.join(lacking[name])} "
        f"{'is' if len(lacking[name]) == 1 else 'are'} not installed."
        for name in dict.fromkeys(settings.tools)
        if lacking[name]
    )
    engines = [name for name in installed if name in tools.ENGINES]
    for name in districts:
        if name in settings.workloads and not engines:
            raise ConfigError(
                f"workloads {name} must have reference or compiled among the tools, got {', '.join(installed)}"
            )
    return Plan(settings, tuple(installed), left_out, _workloads(settings, config_dir))


def _workloads(settings: Bench, config_dir: Path | None) -> tuple[Workload, ...]:
    """Return the workloads with their jobs."""
    made = []
    for name in dict.fromkeys(settings.workloads):
        if name == SCALE:
            made += [
                _district(f"scale-{case}", "scale", _label(case), given, config_dir)
                for case, given in settings.scale.items()
            ]
        elif name in settings.districts:
            made.append(_district(name, "district", _label(name), settings.districts[name], config_dir))
        else:
            job = {"kind": "queue", "workload": name, "requests": settings.requests, "seed": settings.seed}
            made.append(Workload(name, "queue", _label(name), TITLES[name], job))
    return tuple(made)


def _label(name: str) -> str:
    """Return the name of a workload in words."""
    return name.replace("_", " ").capitalize()


def _district(
    name: str, kind: Literal["district", "scale"], label: str, overrides: Sequence[str], config_dir: Path | None
) -> Workload:
    """Return a replication of a district as a workload, from Hydra overrides of the shipped configs."""
    line = Line(tuple(overrides), config_dir)
    plain = compose("main", line)
    pilot = config.load(plain, Composition(line).file_of)
    title = f"{label}: {pilot.title}, {pilot.run.weeks} weeks of which {pilot.run.measured_weeks} are measured"
    return Workload(name, kind, label, title, {"kind": "district", "config": plain})


def identity(plan: Plan) -> dict[str, Any]:
    """Return what rounds in one table must share: machine, versions, tools and inputs."""
    settings = plan.settings.model_dump(mode="json", include={"requests", "seed", "districts", "scale"})
    return {"model_version": MODEL_VERSION, "tools": list(plan.tools), "machine": machine.facts(), **settings}


def measure(plan: Plan, folder: Path, console: Console, command: Sequence[str]) -> list[Table]:
    """Measure what is missing, keep tables, chart and summary in a folder, and return the tables to be read."""
    facts = identity(plan)
    store = Store.open(folder, facts, {"command": list(command)})
    for damage in store.repair():
        console.print(f"- {damage}", markup=False)
    with measurement.temporary_folder() as scratch:
        for workload in plan.workloads:
            _measure(plan, workload, store, Path(scratch), console)
    tables = _tables(plan, store, facts["machine"])
    store.finish({})
    return tables


def _measure(plan: Plan, workload: Workload, store: Store, scratch: Path, console: Console) -> None:
    """Measure the rounds of a workload that are not kept yet."""
    settings = plan.settings
    names = list(plan.tools)
    if workload.kind != "queue":
        names = [name for name in names if name in tools.ENGINES]
    if workload.kind == "scale":
        names = names[-1:]

    def say(text: str) -> None:
        console.print(f"  {text}", markup=False)

    for number in range(settings.repeats):
        part = [
            t for t in names if number < measurement.rounds_due(workload, t, settings.repeats, settings.long_repeats)
        ]
        if store.finished(workload.name, number) or not part:
            continue
        facts: dict[str, Any] = {}
        for tool in part:
            if tools.TOOLS[tool].compiles and not (scratch / "kernels").exists():
                facts["cold_start"] = measurement.cold_start(workload, tool, scratch)
                say(
                    f"{workload.name}, {tools.TOOLS[tool].title}: {facts['cold_start']:.2f} s the first time, compiling"
                )
        store.keep(workload.name, number, measurement.round_of(workload, part, number, scratch, say), facts)


def _tables(plan: Plan, store: Store, machine: Mapping[str, Any]) -> list[Table]:
    """Write tables, chart and summary, and return the tables to be printed."""
    names = [workload.name for workload in plan.workloads]
    timings = store.table("timings", names)
    medians = speeds.speeds(timings)
    store.write_table("timings", timings)
    store.write_table("speeds", medians)
    tables = []
    queueing = [w for w in plan.workloads if w.kind == "queue"]
    compared = [w for w in plan.workloads if w.kind != "scale"]
    if queueing:
        figures = store.table("figures", [w.name for w in queueing])
        store.write_table("figures", figures)
        tables += [
            speeds.means_table(figures.filter((figures["pilot"] == w.name) & (figures["replication"] == 0)), w.title)
            for w in queueing
        ]
    for workload in compared:
        tables.append(
            speeds.speed_table(
                medians.filter(medians["workload"] == workload.name), workload.title, _notes(plan, timings, workload)
            )
        )
    scale = {w.name: w.label for w in plan.workloads if w.kind == "scale"}
    if scale:
        tables.append(speeds.scale_table(medians, scale))
    where = _where(machine)
    titles = {w.name: w.title for w in compared}
    if titles:
        below = f"{where} {plan.settings.requests:,} requests in P1 and P2."
        drawing.keep(store, "speeds", lambda: chart.speed_chart(medians, titles, footer=below))
    cold = [f["cold_start"] for f in store.facts(names) if "cold_start" in f]
    notes = [where, *plan.left_out]
    if cold:
        notes.append(f"The very first run after installing compiles the kernel: {max(cold):.1f} s end to end.")
    text = "\n\n".join([table.to_markdown() for table in tables] + [escape_markdown(note) for note in notes])
    store.write_text("summary.md", f"{text}\n")
    return tables


def _notes(plan: Plan, timings: pl.DataFrame, workload: Workload) -> list[str]:
    """Return the notes below the speeds of a workload."""
    part = timings.filter(timings["pilot"] == workload.name)
    rounds, events = part["replication"].n_unique(), part["events"][0]
    notes = [f"Median of {rounds} round{'s' * (rounds > 1)}; {events:,} events (arrivals and ends) in every tool."]
    few = part.group_by("tool", maintain_order=True).len()
    few = few.filter(few["len"] < rounds)
    if len(few):
        notes.append(f"{', '.join(few['tool'])}: fewer rounds, because one takes minutes.")
    notes.append("× SimPy: its CPU seconds over the tool's in the same round, median [range]; × reference likewise.")
    return [*notes, *plan.left_out]


def _where(machine: Mapping[str, Any]) -> str:
    """Return a sentence on the machine and the versions."""
    versions = ", ".join(f"{k} {v}" for k, v in machine.items() if k in ("simpy", "ciw", "salabim", "numba"))
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, {machine['python']}; {versions}."
