"""What a benchmark has to say: its first screen, its tables with their notes, and its chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.bench import speeds
from sim.bench.chart import headline, speed_chart
from sim.bench.words import SCALE, name_of, title_of
from sim.language import both, gettext, listed, ngettext, run_together
from sim.report import screen as more
from sim.report.tables import Column, Table, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from matplotlib.figure import Figure

    from sim.bench.measurement import Workload
    from sim.bench.plan import Plan


def chart(plan: Plan, medians: pl.DataFrame, machine: Mapping[str, Any]) -> Figure:
    """Return the chart of all workloads in which tools are compared."""
    titles = {w.name: w.title() for w in plan.workloads if w.kind != "scale"}
    requests = gettext("{n:,} requests in P1 and P2.", n=plan.settings.requests)
    return speed_chart(medians, titles, footer=run_together([where(machine), requests]))


def tables(plan: Plan, timings: pl.DataFrame, medians: pl.DataFrame, figures: pl.DataFrame | None) -> dict[str, Table]:
    """Return the tables to be read, by the names of their pages."""
    made = {}
    for w in plan.workloads:
        if w.kind == "queue" and figures is not None:
            first = figures.filter((figures["pilot"] == w.name) & (figures["replication"] == 0))
            made[f"{w.name}_means"] = speeds.means_table(first, w.title())
    for w in plan.workloads:
        if w.kind != "scale":
            mine = medians.filter(medians["workload"] == w.name)
            made[w.name] = speeds.speed_table(mine, w.title(), notes(plan, timings, w))
    scale = {w.name: w.label() for w in plan.workloads if w.kind == "scale"}
    if scale:
        made[SCALE] = speeds.scale_table(medians, scale)
    return made


def screen(plan: Plan, medians: pl.DataFrame, machine: Mapping[str, Any], name: str) -> more.Screen:
    """Return the first screen: how fast our engine is beside SimPy, and the steps a second of every tool."""
    compared = {w.name: w.label() for w in plan.workloads if w.kind != "scale"}
    hangs = (where(machine), *left_out(plan))
    what = gettext(
        "The same workloads, timed in fresh processes on this machine: {workloads}.",
        workloads=listed(w.label() for w in plan.workloads),
    )
    if not compared:
        return more.Screen(what, hangs=hangs, where=more.where(name))
    heads = (
        gettext("workload"),
        gettext("tool"),
        gettext("steps a second, end to end"),
        gettext("steps a second, kernel alone"),
    )
    rows = medians.filter(medians["workload"].is_in(list(compared))).pivot(
        "phase", index=["workload", "tool"], values="steps_a_second"
    )
    cells = tuple(
        (compared[one["workload"]], title_of(one["tool"]), number(one["end_to_end"], 0), number(one["kernel"], 0))
        for one in rows.to_dicts()
    )
    columns = tuple(Column(head, "left" if i < 2 else "right") for i, head in enumerate(heads))
    answer = gettext("{sentence}.", sentence=headline(medians, compared))
    return more.Screen(
        what, (answer,), Table(gettext("At a glance"), columns, cells), hangs, more.where(name, n_charts=1)
    )


def left_out(plan: Plan) -> list[str]:
    """Return a sentence for each tool that is left out."""
    return [
        ngettext(
            "{tool} is left out: {modules} is not installed.",
            "{tool} is left out: {modules} are not installed.",
            len(modules), tool=title_of(name), modules=both(modules),
        )
        for name, modules in plan.left_out.items()
    ]  # fmt: skip


def notes(plan: Plan, timings: pl.DataFrame, workload: Workload) -> list[str]:
    """Return the notes below the speeds of a workload."""
    part = timings.filter(timings["pilot"] == workload.name)
    rounds = part["replication"].n_unique()
    said = [
        ngettext(
            "Median of {n} round; {events:,} events (arrivals and ends) in every tool.",
            "Median of {n} rounds; {events:,} events (arrivals and ends) in every tool.",
            rounds, events=part["events"][0],
        )
    ]  # fmt: skip
    few = part.group_by("tool", maintain_order=True).len()
    few = few.filter(few["len"] < rounds)
    if len(few):
        names = listed(map(name_of, few["tool"]))
        said.append(gettext("{tools}: fewer rounds, because one takes minutes.", tools=names))
    ratios = gettext(
        "× SimPy: its CPU seconds over the tool's in the same round, median [range]; × reference likewise."
    )
    return [*said, ratios, *left_out(plan)]


def where(machine: Mapping[str, Any]) -> str:
    """Return a sentence on the machine and the versions."""
    versions = listed(f"{k} {v}" for k, v in machine.items() if k in ("simpy", "ciw", "salabim", "numba"))
    return gettext(
        "{cpu}, {cores} cores, {system}, {python}; {versions}.",
        cpu=machine["cpu"], cores=machine["cores"], system=machine["system"], python=machine["python"],
        versions=versions,
    )  # fmt: skip
