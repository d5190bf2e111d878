"""What is told of a study before it is run: its points, what cannot keep up, how long it will take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.config.report import Response
from sim.errors import ConfigError, near
from sim.report.tables import counted
from sim.study.budget import choice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from sim.config.study_schema import Study
    from sim.executor import Settings
    from sim.study.budget.runs import Runs
    from sim.study.points.composer import Point
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened

SHOWN = 40
"""Points that a terminal is shown; all are in design.csv."""

START_SECONDS = 2.0
"""To start a pool of processes."""


def title(console: Console, study: Study) -> None:
    """Print what the study asks."""
    console.print(study.title, style="bold", markup=False)
    if study.question:
        console.print(study.question, markup=False)


def points(console: Console, plan: Plan, screened: Mapping[str, Screened]) -> None:
    """Print the points of a study with the guard's verdict on each."""
    from sim.report.tables import rows_table

    n_pilots, n_settings = len(plan.study.pilots), len(plan.settings.all)
    kinds = " and ".join(dict.fromkeys(block.kind.replace("_", " ") for block in plan.settings.blocks))
    under = f" under {n_pilots} pilots ({', '.join(plan.study.pilots)})" if n_pilots > 1 else ""
    each = counted(plan.study.precision.replications, "replication")
    console.print(
        f"\n{counted(n_settings, 'setting')} ({kinds}){under}: {counted(len(plan.points), 'point')}, "
        f"{each} each at first.",
        markup=False,
    )
    rows = [
        {
            "point": point.name,
            "what it is": point.label,
            "heads": None if point.why else screened[point.name].heads,
            "cannot keep up": verdict(point, screened),
        }
        for point in plan.points[:SHOWN]
    ]
    more = len(plan.points) - SHOWN
    notes = [f"and {more} more: design.csv has them all"] if more > 0 else []
    console.print(rows_table("Points", rows, notes=notes))
    impossible = [p for p in plan.points if p.why]
    overloaded = [p for p in plan.points if p.name in screened and screened[p.name].overloaded]
    for note in plan.notes:
        console.print(f"- {note}", markup=False)
    of = f"of {counted(len(plan.points), 'point')}"
    if impossible:
        console.print(f"- No such design, and left out: {len(impossible)} {of}. design.csv says why.", markup=False)
    if overloaded:
        console.print(
            f"- At {len(overloaded)} {of} some posts cannot keep up with work that piles up: overload is a result, not "
            "an error.",
            markup=False,
        )


def verdict(point: Point, screened: Mapping[str, Screened]) -> str:
    """Return in a few words what the guard says of a point."""
    if point.why:
        return f"no such design: {point.why}"
    overloaded = screened[point.name].overloaded
    if not overloaded:
        return "nobody"
    return overloaded[0] if len(overloaded) == 1 else f"{overloaded[0]} and {len(overloaded) - 1} more"


def estimate(console: Console, plan: Plan, runs: Runs) -> None:
    """Print how long the study will take, from two replications that are timed (and kept).

    The first of a machine may compile the engine, so that the quicker one of a point counts.
    """
    from sim.executor import default_workers

    due = plan.study.precision.replications
    names = list(runs.keys)
    first = names[: len(plan.study.pilots)]
    runs.read_kept(due)
    runs.have(dict.fromkeys(first, 1), "timing")
    runs.have(dict.fromkeys(first, min(2, due)), "timing")
    timed = [
        min(float(runs.archive.facts(runs.keys[name], number)["seconds"]) for number in range(runs.count(name)))
        for name in first
        if name not in runs.failures
    ]
    missing = {
        (runs.keys[name], number)
        for name in names
        for number in range(due)
        if not runs.archive.finished(runs.keys[name], number)
    }
    workers = _workers(runs.backend.executor) or default_workers()
    seconds = len(missing) * sum(timed) / max(len(timed), 1) / workers + START_SECONDS * bool(missing)
    kept = len({(runs.keys[name], number) for name in names for number in range(due)}) - len(missing)
    took = (
        f": about {_duration(seconds)} with {workers} process{'es' * (workers > 1)}, as one took "
        f"{sum(timed) / max(len(timed), 1):.2f} s here"
    )
    console.print(
        f"\n{counted(len(missing), 'replication')} would be run, {kept} kept already{took if missing else ''}.",
        markup=False,
    )
    study = plan.study
    if study.precision.until:
        console.print(
            f"Then as many more as the precision takes, at most {study.precision.most} a point"
            + (f" and {study.precision.budget} in all." if study.precision.budget else "."),
            markup=False,
        )
    if study.choose:
        console.print(f"Then the choice: at most {study.choose.most} replications a point.", markup=False)
    if study.warm_up:
        console.print(
            f"Before all that, {counted(study.warm_up.replications, 'replication')} of {study.warm_up.weeks} weeks of "
            "each pilot choose the warm-up; the points above have that of their config instead.",
            markup=False,
        )
    console.print("Nothing else was run and no results folder was written.", markup=False)


def check(plan: Plan, runs: Runs) -> None:
    """Raise where a study cannot end as it is asked to, by the first replication of the first point that can be run.

    Raises
    ------
    ConfigError
        Responses, promises and what is wanted precise must be measures of the points; a budget must do for the first
        replications of every point.
    """
    precision = plan.study.precision
    least = precision.replications * len(runs.keys)
    if precision.until and precision.budget is not None and precision.budget < least:
        raise ConfigError(
            f"study.precision.budget must be at least {least}, for {precision.replications} replications of each of "
            f"{counted(len(runs.keys), 'point')}, got {precision.budget}"
        )
    best = plan.study.choose.best if plan.study.choose else None
    asked = {
        "responses": plan.study.responses,
        "promises": plan.study.promises,
        "precision.until": plan.study.precision.until,
        "choose.best.response": [best.response] if best else [],
    }
    if best:
        choice.smaller_is_better(best, plan.report)
    for name in runs.keys:
        runs.have({name: 1}, "first replication")
        if name not in runs.failures:
            known = [str(Response(*row)) for row in runs.table(name, 0).select("measure", "group").iter_rows()]
            for where, response in ((key, str(one)) for key, named in asked.items() for one in named):
                if response not in known:
                    raise ConfigError(
                        f"study.{where} must name measures, or measure|group{near(response, known)}, got {response}"
                    )
            return


def _workers(on: Settings) -> int | None:
    """Return how many processes an executor was told to use, if it was."""
    from sim.executor import Serial

    return 1 if isinstance(on, Serial) else on.workers


def _duration(seconds: float) -> str:
    """Return a time in words."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
