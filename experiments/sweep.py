"""`wangge sweep`: a study of many points from a file of `configs/study/`."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from sim import config
from sim.config import Section, study_schema
from sim.config.compose import BACKEND_KEYS, CONFIGS, Line, compose, options, parse
from sim.errors import ConfigError
from sim.study.backend import backend_of

if TYPE_CHECKING:
    from sim.config.study_schema import Study
    from sim.study.backend import Backend

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
    backend
        By which engine and where to run.
    retry
        Whether failed replications are tried again.
    command
        As it was typed.
    """

    name: str
    study: Study
    line: Line
    backend: Backend
    retry: bool
    command: tuple[str, ...]


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP.format(studies=", ".join(options("study", CONFIGS))))  # noqa: T201
        return
    dry = "--dry-run" in arguments
    line = parse([word for word in arguments if word != "--dry-run"])
    order = ordered(line, ("wangge", "sweep", *arguments))
    if line.show:
        show(order)
        return
    sweep(order, dry=dry)


def show(order: Order) -> None:
    """Print what is asked of a sweep as YAML."""
    from experiments import compare

    study = order.study.model_dump(mode="json", exclude_none=True)
    compare.show({"name": order.name, "study": study, **order.backend.shown()})


def ordered(line: Line, command: tuple[str, ...] = ()) -> Order:
    """Return what a command line asks for; `command` is the line as it was typed.

    Raises
    ------
    ConfigError
        It must name a study; keys must be known.
    """
    plain = tuple(o.lstrip("+") if o.lstrip("+").startswith("study.") else o for o in line.overrides)
    where, other = replace(line, overrides=plain).take(*BACKEND_KEYS)
    mine, rest = other.take("study", "name", "retry")
    known = options("study", CONFIGS, line.config_dir)
    named = [o.partition("=")[2] for o in mine.overrides if o.startswith("study=")]
    if not named:
        raise ConfigError(f"study must be given, one of {', '.join(known)} (wangge sweep study={known[0]})")
    # a study file need not write every key that a study has
    added = tuple(o.replace("study.", "++study.", 1) if o.startswith("study.") else o for o in mine.overrides)
    settings = config.checked(Settings, compose("sweep", Line(added, mine.config_dir)))
    study = study_schema.load(settings.study)
    from sim.study.sweep import check_knobs

    check_knobs(study, rest)
    changed = [*rest.overrides, *(o for o in mine.overrides if o.startswith("study.") and not o.startswith(SPENDING))]
    digest = hashlib.sha256(json.dumps(sorted(changed)).encode()).hexdigest()[:8]
    name = settings.name or (f"{named[-1]}-{digest}" if changed else named[-1])
    return Order(name, study, rest, backend_of(where), settings.retry, command)


def sweep(order: Order, *, dry: bool = False) -> None:
    """Plan a study, run what is missing and print what it found; or only print what would be run."""
    from sim.report.console import terminal
    from sim.report.tables import counted
    from sim.store.files import plain_name
    from sim.study.findings import preview
    from sim.study.sweep import finish, prepare

    plain_name("name", order.name)
    console = terminal()
    preview.title(console, order.study)
    prepared = prepare(
        order.study, order.line, order.backend, RESULTS,
        console=console, retry=order.retry, choose_warm_up=not dry,
    )  # fmt: skip
    preview.points(console, prepared.plan, prepared.screened)
    if dry:
        preview.estimate(console, prepared.plan, prepared.runs)
        return
    result = finish(prepared, order.study, order.line, RESULTS / order.name, console=console, command=order.command)
    if not result.up_to_date:
        console.print(result.table)
    console.print(str(result), markup=False)
    console.print(f"- {result.cost}", markup=False)
    n_charts = len(result.charts)
    charts = f"{counted(n_charts, 'chart')} in charts/, " if n_charts else ""
    console.print(
        f"\nKept in results/{order.name}/ (summary.md, {charts}design.csv, summary.csv, measures.csv)", markup=False
    )


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("sweep", sys.argv[1:]))
