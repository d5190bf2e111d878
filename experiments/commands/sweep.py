"""`wangge sweep`: a study of many points from a file of `configs/study/`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from experiments.commands.compare import SHOWN_KEYS, Shown
from sim import config
from sim.config import study_schema
from sim.config.compose import BACKEND_KEYS, CONFIGS, Line, compose, options, parse
from sim.errors import ConfigError, choices
from sim.store.names import RESULTS, FolderName
from sim.study.backend import backend_of

if TYPE_CHECKING:
    from sim.config.study_schema import Study
    from sim.study.backend import Backend

HELP = """\
wangge sweep study=NAME [--dry-run] [name=FOLDER] [retry=true] [executor=serial|local|dask] [workers=N] [key=value ...]

Runs a study: a file of configs/study/ with factors, a design of experiments and a precision. Every finished
replication is kept for all studies (results/.replications), so nothing is run twice; a stopped study continues
with the same command. Tables (Parquet and CSV), charts and summary.md are kept in results/FOLDER.

  study=grid_size                   which study; those that ship: {studies}
  --dry-run                         show its points, replications, time and overloaded posts; runs two replications
                                    to time them
  name=mine                         results/mine; by default the study's name, with a hash where knobs were set
  study.precision.replications=20   any key of the study file
  run=year  service.desk=rota       any knob of configs/, for all points alike
  details=true                      print every table above the first screen; wangge show FOLDER prints them later
  charts=false | only=[heat]        draw no chart, or only some (only=[heat_patrols_done])
  formats=[svg,png]                 as what charts are kept (svg by default; pdf); size=slide, page or column
  retry=true                        retry the replications that failed
  workers=1                         processes; executor=serial, local or dask as for compare
  --cfg job                         print the resolved study and stop
  --config-dir DIR                  find studies and configs of your own in DIR (DIR/study/mine.yaml)
"""


BUDGET_KEYS = ("study.precision", "study.choose")  # how many replications; the study stays the same


class Settings(Shown):
    """The settings of the command itself."""

    study: dict[str, Any]
    name: FolderName | None
    retry: bool


@dataclass(frozen=True)
class Order:
    """What the command line asks for.

    Attributes
    ----------
    name
        Of the results folder.
    study
        From its file.
    line
        Knobs of all points alike.
    backend
        The engine and the executor.
    retry
        Whether failed replications are retried.
    command
        As it was typed.
    shown
        What is printed and drawn.
    """

    name: str
    study: Study
    line: Line
    backend: Backend
    retry: bool
    command: tuple[str, ...]
    shown: Shown


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
    """Print what the command line asks for as YAML, once it is known that it can be run."""
    from experiments.commands import compare
    from sim.store.names import plain_name
    from sim.study.findings import asked
    from sim.study.points.plan import check

    plain_name("name", order.name)
    asked.check(order.study, [check(order.study, order.line)])
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
    mine, rest = other.take("study", "name", "retry", *SHOWN_KEYS)
    known = options("study", CONFIGS, line.config_dir)
    named = [o.partition("=")[2] for o in mine.overrides if o.startswith("study=")]
    if not named:
        raise ConfigError(f"study must be given, one of {choices(known)} (wangge sweep study={known[0]})")
    # a study file need not write every key that a study has
    added = tuple(o.replace("study.", "++study.", 1) if o.startswith("study.") else o for o in mine.overrides)
    settings = config.checked(Settings, compose("sweep", Line(added, mine.config_dir)))
    study = study_schema.load(settings.study)
    from sim.store.files import named_after
    from sim.study.findings.charting import check
    from sim.study.sweep import check_knobs

    check_knobs(study, rest)
    changed = [
        *rest.overrides,
        *(o for o in mine.overrides if o.startswith("study.") and not o.startswith(BUDGET_KEYS)),
    ]
    name = settings.name or (named_after(named[-1], sorted(changed)) if changed else named[-1])
    check(settings.wanted, study)
    return Order(name, study, rest, backend_of(where), settings.retry, command, settings)


def sweep(order: Order, *, dry: bool = False) -> None:
    """Plan a study, run what is missing and print its findings; or only print what would be run."""
    from sim.report.console import terminal
    from sim.report.pages import print_all
    from sim.store.names import plain_name
    from sim.study.findings import preview
    from sim.study.folder import printed
    from sim.study.sweep import finish, prepare

    plain_name("name", order.name)
    console = terminal()
    preview.title(console, order.study)
    prepared = prepare(
        order.study, order.line, order.backend, RESULTS,
        console=console, retry=order.retry, choose_warm_up=not dry,
    )  # fmt: skip
    preview.points(console, prepared.plan, prepared.screened, details=dry or order.shown.details)
    if dry:
        preview.estimate(console, prepared.plan, prepared.runs)
        return
    result = finish(
        prepared, order.study, order.line, RESULTS / order.name,
        console=console, command=order.command, wanted=order.shown.wanted,
    )  # fmt: skip
    console.print(f"{result.cost}\n", markup=False)
    print_all(console, printed.read(result.store), details=order.shown.details)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("sweep", sys.argv[1:]))
