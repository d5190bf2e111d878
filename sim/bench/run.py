"""A benchmark: rounds of measurements, which are kept, and what they have to say."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.bench import machine, measurement, speeds, summary, tools
from sim.bench.words import title_of
from sim.language import gettext
from sim.report.pages import Printed, page
from sim.report.tables import escape_markdown
from sim.store.store import Store
from sim.study.folder import drawing, printed
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from sim.bench.measurement import Workload
    from sim.bench.plan import Plan
    from sim.report.tables import Table


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
    tables = _written(plan, store, facts["machine"])
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
                said = gettext(
                    "{workload}, {tool}: {seconds:.2f} s the first time, compiling",
                    workload=workload.name, tool=title_of(tool), seconds=facts["cold_start"],
                )  # fmt: skip
                say(said)
        store.keep(workload.name, number, measurement.round_of(workload, part, number, scratch, say), facts)


def _written(plan: Plan, store: Store, machine: Mapping[str, Any]) -> list[Table]:
    """Write tables, chart, summary and what is to be said, and return the tables to be printed."""
    names = [workload.name for workload in plan.workloads]
    timings = store.table("timings", names)
    medians = speeds.speeds(timings)
    store.write_table("timings", timings)
    store.write_table("speeds", medians)
    queueing = [w.name for w in plan.workloads if w.kind == "queue"]
    figures = store.table("figures", queueing) if queueing else None
    if figures is not None:
        store.write_table("figures", figures)
    compared = [w for w in plan.workloads if w.kind != "scale"]
    if compared:
        drawing.keep(store, "speeds", lambda: summary.chart(plan, medians, machine))
    made = partial(summary.tables, plan, timings, medians, figures)
    cold = [f["cold_start"] for f in store.facts(names) if "cold_start" in f]
    notes = [summary.where(machine), *summary.left_out(plan)]
    if cold:
        first = gettext(
            "The very first run after installing compiles the kernel: {seconds:.1f} s end to end.", seconds=max(cold)
        )
        notes.append(first)
    tables = list(made().values())
    text = "\n\n".join([table.to_markdown() for table in tables] + [escape_markdown(note) for note in notes])
    store.write_text("summary.md", f"{text}\n")

    def said() -> Printed:
        pages = tuple(page(name, table) for name, table in made().items())
        return Printed(summary.screen(plan, medians, machine, store.folder.name), pages)

    printed.keep(store, said)
    return tables
