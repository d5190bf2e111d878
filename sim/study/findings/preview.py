"""What is printed of a study before it is run: its points, overloaded posts, and how long it will take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ConfigError
from sim.language import N_, both, first_of, gettext, listed, ngettext, pgettext, phrase
from sim.report import counts
from sim.report.tables import counted
from sim.study.budget import choice
from sim.study.design import called
from sim.study.findings import asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from sim.config.study_schema import Study
    from sim.executor import Settings
    from sim.report.tables import Table
    from sim.study.budget.runs import Runs
    from sim.study.points.composer import Point
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened

SHOWN = 40
"""Points that a terminal shows; all are in design.csv."""

START_SECONDS = 2.0
"""To start a pool of processes."""


def title(console: Console, study: Study) -> None:
    """Print the title and the question of a study."""
    console.print(phrase(study.title), style="bold", markup=False)
    if study.question:
        console.print(phrase(study.question), markup=False)


def points(console: Console, plan: Plan, screened: Mapping[str, Screened], *, details: bool = True) -> None:
    """Print how many points a study has, and with details each with the posts that cannot keep up."""
    console.print(f"\n{size(plan)}", markup=False)
    if details:
        console.print(points_table(plan, screened))
    for remark in remarks(plan, screened):
        console.print(f"- {remark}", markup=False)


def size(plan: Plan) -> str:
    """Return how many settings, points and replications a study has to begin with, in a sentence."""
    pilots = plan.study.pilots
    kinds = both(dict.fromkeys(words_of_kind(block.kind) for block in plan.settings.blocks))
    n = len(plan.settings.all)
    settings = ngettext("{n} setting ({kinds})", "{n} settings ({kinds})", n, kinds=kinds)
    if len(pilots) > 1:
        settings = gettext(
            "{settings} under {n} pilots ({pilots})",
            settings=settings,
            n=len(pilots),
            pilots=listed(called(plan.titles).values()),
        )
    return gettext(
        "{settings}: {points}, {replications} each to begin with.",
        settings=settings, points=counts.points(len(plan.points)),
        replications=counts.replications(plan.study.precision.replications),
    )  # fmt: skip


def words_of_kind(kind: str) -> str:
    """Return the kind of a design of a study in words."""
    known = {
        "grid": pgettext("design", "grid"), "zip": pgettext("design", "zip"), "lhs": pgettext("design", "lhs"),
        "sobol": pgettext("design", "sobol"), "indices": pgettext("design", "indices"),
        "one_at_a_time": pgettext("design", "one at a time"), "points": pgettext("design", "points"),
    }  # fmt: skip
    return known[kind]


def remarks(plan: Plan, screened: Mapping[str, Screened]) -> list[str]:
    """Return the notes of a plan, and how many of its points are infeasible or have posts that cannot keep up."""
    infeasible = [p for p in plan.points if p.why]
    overloaded = [p for p in plan.points if p.name in screened and screened[p.name].overloaded]
    sentences, of = list(plan.notes), counts.points(len(plan.points))
    if infeasible:
        message = N_("Infeasible, and left out: {n} of {points} (a run says why in design.csv).")
        sentences.append(gettext(message, n=len(infeasible), points=of))
    if overloaded:
        message = N_("At {n} of {points} some posts cannot keep up with their work: overload is a result, no error.")
        sentences.append(gettext(message, n=len(overloaded), points=of))
    return sentences


def points_table(plan: Plan, screened: Mapping[str, Screened]) -> Table:
    """Return the points of a study with the posts of each that cannot keep up."""
    from sim.report.tables import rows_table

    rows = [
        {
            gettext("point"): point.name,
            gettext("what it is"): point.spoken(),
            gettext("heads"): None if point.why else screened[point.name].heads,
            gettext("cannot keep up"): verdict(point, screened),
        }
        for point in plan.points[:SHOWN]
    ]
    more = len(plan.points) - SHOWN
    notes = [gettext("and {n} more: design.csv of a run has them all", n=more)] if more > 0 else []
    return rows_table(gettext("Points"), rows, notes=notes)


def verdict(point: Point, screened: Mapping[str, Screened]) -> str:
    """Return which posts of a point cannot keep up, or that it is infeasible, in a few words."""
    if point.why:
        return gettext("infeasible: {why}", why=point.why)
    overloaded = screened[point.name].overloaded
    if not overloaded:
        return gettext("none")
    return first_of(overloaded, 1)


def estimate(console: Console, plan: Plan, runs: Runs) -> None:
    """Print what `cost_ahead` says."""
    sentences = cost_ahead(plan, runs)
    console.print("\n" + "\n".join(sentences), markup=False)


def cost_ahead(plan: Plan, runs: Runs) -> list[str]:
    """Return how long the study will take, from two replications that are timed (and kept), if it can be analysed.

    The first of a machine may compile the engine, so that the quicker one of a point counts. What is kept already is
    counted, and left as it is; where one that would be timed cannot be used, its point is not timed.
    """
    from sim.executor import default_workers

    due = plan.study.precision.replications
    names = list(runs.keys)
    first = names[: len(plan.study.pilots)]
    unusable = runs.unusable(due)
    first = [name for name in first if not {(runs.keys[name], 0), (runs.keys[name], 1)} & unusable]
    runs.ensure(dict.fromkeys(first, 1), N_("timing"))
    if names[0] in first:
        check(plan, runs)
    runs.ensure(dict.fromkeys(first, min(2, due)), N_("timing"))
    timed = [
        min(float(runs.archive.facts(runs.keys[name], number)["seconds"]) for number in range(runs.count(name)))
        for name in first
        if name not in runs.failures
    ]
    wanted = {(runs.keys[name], number) for name in names for number in range(due)}
    missing = {which for which in wanted if which in unusable or not runs.archive.finished(*which)}
    workers = _workers(runs.backend.executor) or default_workers()
    seconds = len(missing) * sum(timed) / max(len(timed), 1) / workers + START_SECONDS * bool(missing)
    kept = len(wanted) - len(missing)
    wanted_ = {"replications": counts.replications(len(missing)), "kept": kept}
    due_now = gettext("{replications} would be run, {kept} kept already.", **wanted_)
    if missing and timed:
        due_now = ngettext(
            "{replications} would be run, {kept} kept already: about {time} with {n} process, because one took "
            "{seconds:.2f} s here.",
            "{replications} would be run, {kept} kept already: about {time} with {n} processes, because one took "
            "{seconds:.2f} s here.",
            workers, **wanted_, time=_duration(seconds), seconds=sum(timed) / len(timed),
        )  # fmt: skip
    return [due_now, *_more(plan.study), gettext("Nothing else was run and no results folder was written.")]


def _more(study: Study) -> Iterator[str]:
    """Yield what a study runs beside its first replications."""
    precision = study.precision
    if precision.until and precision.budget:
        yield gettext(
            "Then as many more as the precision takes, at most {most} a point and {budget} in all.",
            most=precision.most, budget=precision.budget,
        )  # fmt: skip
    elif precision.until:
        yield gettext("Then as many more as the precision takes, at most {most} a point.", most=precision.most)
    if study.choose:
        yield gettext("Then the choice: at most {n} replications a point.", n=study.choose.most)
    if study.warm_up:
        yield gettext(
            "Before all that, {replications} of {n} weeks of each pilot choose the warm-up; the points above have that "
            "of their config instead.",
            replications=counts.replications(study.warm_up.replications), n=study.warm_up.weeks,
        )  # fmt: skip


def check(plan: Plan, runs: Runs) -> None:
    """Raise if a study cannot be analysed as it asks, by the first replication of the first feasible point.

    Raises
    ------
    ConfigError
        Responses, promises and the targets of precision must be measures of the points; a budget must be enough for the
        first replications of every point.
    """
    precision = plan.study.precision
    least = precision.replications * len(runs.keys)
    if precision.until and precision.budget is not None and precision.budget < least:
        raise ConfigError(
            f"study.precision.budget must be at least {least}, for {precision.replications} replications of each of "
            f"{counted(len(runs.keys), 'point')}, got {precision.budget}"
        )
    if plan.study.choose and plan.study.choose.best:
        choice.smaller_is_better(plan.study.choose.best, plan.report)
    for name in runs.keys:
        runs.ensure({name: 1}, N_("first replication"))
        if name not in runs.failures:
            asked.check_kept(plan.study, runs.table(name, 0).select("measure", "group").iter_rows())
            return


def _workers(on: Settings) -> int | None:
    """Return how many processes an executor is set to use, or None."""
    from sim.executor import Serial

    return 1 if isinstance(on, Serial) else on.workers


def _duration(seconds: float) -> str:
    """Return a time in words."""
    if seconds < 90:
        return gettext("{n:.0f} seconds", n=max(seconds, 1))
    if seconds < 5400:
        return gettext("{n:.0f} minutes", n=seconds / 60)
    return gettext("{n:.1f} hours", n=seconds / 3600)
