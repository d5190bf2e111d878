"""`wangge sweep`: a study of many points from a file of `configs/study/`."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from sim import MODEL_VERSION, config
from sim.config import Section, study_schema
from sim.config.compose import CONFIGS, HOW, Line, compose, options, parse
from sim.errors import ConfigError
from sim.study.backend import how

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.config.study_schema import Study
    from sim.study.backend import How
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Look

HELP = """\
wangge sweep study=NAME [--dry-run] [name=FOLDER] [retry=true] [executor=serial|local|dask] [workers=N] [key=value ...]

Runs a study: a file of configs/study/ with factors, a design of experiments and a precision. Every finished
replication is kept for all studies (results/.replications), so that nothing is run twice; a stopped study goes on
with the same command. Tables (Parquet and CSV), charts and summary.md are kept in results/FOLDER.

  study=grid_size                   which study; those that ship: {studies}
  --dry-run                         its points, replications, time and overloaded posts; runs two of them to time it
  name=mine                         results/mine; by default the study's name, with a hash where knobs were set
  study.precision.replications=20   any key of the study file
  run=year  grid.households=300     any knob of configs/, for all points alike
  retry=true                        try the replications again that failed
  workers=1                         processes; executor=serial, local or dask as for compare
  --cfg job                         print the resolved study and stop
  --config-dir DIR                  find studies and configs of your own in DIR (DIR/study/mine.yaml)
"""

RESULTS = Path("results")

POINTS = ("pilots", "base", "factors", "evidence", "design", "baseline", "warm_up")  # what the points are made of

SPENDING = ("study.precision", "study.choose")  # how many replications; the study stays the same


class Settings(Section):
    """The settings of the command itself."""

    study: dict[str, Any]
    name: Annotated[str, Field(min_length=1, max_length=60)] | None
    retry: bool


@dataclass(frozen=True)
class Order:
    """What is asked of a sweep.

    Attributes
    ----------
    name
        Of the results folder.
    study
        As it was read.
    line
        Knobs of all points alike.
    means
        By which engine and where to run.
    retry
        Whether failed replications are tried again.
    command
        As it was given.
    """

    name: str
    study: Study
    line: Line
    means: How
    retry: bool
    command: tuple[str, ...]


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP.format(studies=", ".join(options("study", CONFIGS))))  # noqa: T201
        return
    dry = "--dry-run" in arguments
    line = parse([word for word in arguments if word != "--dry-run"])
    order = ordered(line)
    if line.show:
        show(order)
        return
    sweep(order, dry=dry)


def show(order: Order) -> None:
    """Print what is asked of a sweep as YAML."""
    from experiments import compare

    study = order.study.model_dump(mode="json", exclude_none=True)
    compare.show({"name": order.name, "study": study, **order.means.shown()})


def ordered(line: Line) -> Order:
    """Return what a command line asks for.

    Raises
    ------
    ConfigError
        It must name a study; keys must be known.
    """
    plain = tuple(o.lstrip("+") if o.lstrip("+").startswith("study.") else o for o in line.overrides)
    where, other = replace(line, overrides=plain).take(*HOW)
    mine, rest = other.take("study", "name", "retry")
    known = options("study", CONFIGS, line.config_dir)
    named = [o.partition("=")[2] for o in mine.overrides if o.startswith("study=")]
    if not named:
        raise ConfigError(f"study must be given, one of {', '.join(known)} (wangge sweep study={known[0]})")
    for knob in rest.overrides:
        if knob.partition("=")[0] in ("pilot", "pilots"):
            raise ConfigError(
                f"{knob.partition('=')[0]} must be left out, as the study names its pilots: study.pilots=[...]"
            )
        if knob.startswith("run.replications="):
            raise ConfigError(
                "run.replications must be left out, as the study says how many: "
                f"study.precision.replications={knob.partition('=')[2]}"
            )
    # a study file need not write every key that a study has
    added = tuple(o.replace("study.", "++study.", 1) if o.startswith("study.") else o for o in mine.overrides)
    settings = config.checked(Settings, compose("sweep", Line(added, mine.config_dir)))
    study = study_schema.load(settings.study)
    if study.warm_up is not None and any(o.startswith("run.warm_up_weeks=") for o in rest.overrides):
        raise ConfigError("run.warm_up_weeks must be left out, as study.warm_up chooses it (study.warm_up=null)")
    changed = [*rest.overrides, *(o for o in mine.overrides if o.startswith("study.") and not o.startswith(SPENDING))]
    digest = hashlib.sha256(json.dumps(sorted(changed)).encode()).hexdigest()[:8]
    name = settings.name or (f"{named[-1]}-{digest}" if changed else named[-1])
    return Order(name, study, rest, how(where), settings.retry, ("sweep", *line.overrides))


def sweep(order: Order, *, dry: bool = False) -> None:
    """Plan a study, run what is missing and tell what came out; or only tell what would be run."""
    from sim.errors import StoreError
    from sim.report.console import terminal
    from sim.store.archive import ARCHIVE, Archive
    from sim.store.files import plain_name
    from sim.store.store import Store
    from sim.study import freshness
    from sim.study import replications as studies
    from sim.study.budget import pilot_run, spending
    from sim.study.budget.runs import Runs
    from sim.study.findings import preview, write
    from sim.study.points.plan import planned
    from sim.study.points.screening import look_at_all

    plain_name("name", order.name)
    console = terminal()
    preview.title(console, order.study)
    plan = planned(order.study, order.line)
    archive = Archive.open(RESULTS / ARCHIVE)
    warm_up, pilot_runs = None, dict[str, str]()
    if order.study.warm_up is not None and not dry:
        warm_up, pilot_runs = pilot_run.warm_up(
            order.study, order.line, order.means, archive, console, retry=order.retry
        )
        longer = (*order.line.overrides, f"run.warm_up_weeks={warm_up.weeks}")
        plan = planned(order.study, Line(longer, order.line.config_dir))
    keys = studies.keys(list(plan.pilots.values()))
    looks = look_at_all(archive, plan.pilots, keys, order.means)
    plan = plan.without(refused(plan, looks))
    if not plan.pilots:
        from sim.report.tables import counted

        without = f"{counted(len(plan.points), 'point')} without a design: {plan.points[0].why}"
        raise ConfigError(f"study must have a point that can be, got {without}")
    keys = {name: keys[name] for name in plan.pilots}
    runs = Runs(archive, plan.pilots, keys, order.means, order.study.all_groups, console, retry=order.retry)
    preview.points(console, plan, looks)
    if dry:
        preview.estimate(console, plan, runs)
        return
    identity = _identity(order, plan, keys)
    wanted = order.study.precision.replications
    facts = {"command": ["wangge", *order.command], "seed": plan.first.run.seed, "replications": wanted}
    preview.check(plan, runs)  # a folder that is begun holds its study for good
    store = Store.open(RESULTS / order.name, identity, facts, keys=keys | pilot_runs)
    request = freshness.asked(plan, identity)
    told = freshness.told(store.folder, request, runs)
    for name in freshness.changed(store.folder):
        console.print(
            f"- {name} is not as it was left: it was damaged, edited or removed, and is made again.", markup=False
        )
    if told is None:
        spent = spending.spend(plan, runs, looks)
        told, written = write.write(console, store, plan, runs, looks, spent, warm_up)
        freshness.keep(store, request, runs, told, written)
    write.tell(console, store, told, runs)
    if set(runs.failures) == set(runs.keys):
        raise StoreError(
            f"Every point of the study failed, as {plan.at(0)[0].name}, of which {next(iter(runs.failures.values()))}. "
            "Mend what is wrong and give the same command with retry=true."
        )


def refused(plan: Plan, looks: Mapping[str, Look]) -> dict[str, str]:
    """Return the points that are not run, and why: they cannot be staffed, or their config refuses overload.

    Raises
    ------
    ConfigError
        The baseline must be among those that are run.
    """
    from sim.report.tables import counted

    found = {name: look.why for name, look in looks.items() if look.why}
    for name, pilot in plan.pilots.items():
        if pilot.run.overload == "refuse" and looks[name].overloaded:
            posts = looks[name].overloaded
            found[name] = f"run.overload is refuse, and {counted(len(posts), 'post')} cannot keep up, as {posts[0]}"
    if plan.baseline is not None and (why := found.get(plan.at(plan.baseline)[0].name)):
        raise ConfigError(f"study.baseline must be a design that can be, got one that cannot: {why}")
    return found


def _identity(order: Order, plan: Plan, keys: Mapping[str, str]) -> dict[str, Any]:
    """Return all that the points of a study depend on; how precise they are, and what is asked of them, is no part."""
    study = order.study.model_dump(mode="json", include=set(POINTS))
    digest = hashlib.sha256(json.dumps([[p.name, keys.get(p.name)] for p in plan.points]).encode()).hexdigest()
    return {
        "model_version": MODEL_VERSION,
        "study": study,
        "knobs": sorted(order.line.overrides),
        "study_points": digest,
    }


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("sweep", sys.argv[1:]))
