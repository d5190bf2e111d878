"""`wangge validate`: the engines and measures compared with queueing theory and published models, on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sim import config
from sim.config import Section
from sim.config.bounds import Seed
from sim.config.compose import BACKEND_KEYS, compose, parse
from sim.report.console import say
from sim.store.names import RESULTS, FolderName
from sim.study.backend import backend_of
from sim.validation.cases import Form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.executor import Settings
    from sim.validation.validation import Chosen

SHIPPED_SEED = 1

HELP = """\
wangge validate [form=quick|full] [cases=[NAME,...]] [name=FOLDER] [executor=serial|local|dask] [workers=N] [seed=N]

Compares the program with what is known: closed forms of queueing theory, published simulation models, and traces worked
by hand. Every case is a queueing network in configs/validation/ with the values that it must give and their sources.
Estimates must lie within 4 standard errors (a few more in the quick form, which has few replications), traces must be
the same, and both engines must give the same record, which must keep every rule of the engine contract.
If anything differs, a paragraph says so and the exit status is 1. Figures measured elsewhere are listed below,
beside those of the shipped district, each within or outside its range.

  form=full                     enough replications for standard errors below 1 % of each value: takes long
  cases=[mm1_ciw,N_slowA]       some cases only
  name=mine                     results/mine; by default results/validate-quick or validate-full (a part: and a hash)
  seed=2                        other random numbers
  details=true                  print every value above the first screen
  --config-dir DIR              also cases of your own, in DIR/validation/
  --cfg job                     print the resolved config and stop

The same command continues where it was stopped.
"""


class Validate(Section):
    """The settings of the command."""

    form: Form
    cases: tuple[str, ...]
    seed: Seed
    name: FolderName | None
    details: bool


def main(arguments: list[str]) -> None:
    """Run the command.

    Raises
    ------
    SystemExit
        With status 1 if anything differs.
    """
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    line = parse(arguments)
    where, rest = line.take(*BACKEND_KEYS)
    settings = config.checked(Validate, compose("validate", rest))
    from sim.validation.validation import chosen

    backend, what = backend_of(where), chosen(settings.cases, line.config_dir)
    if line.show:
        from experiments.commands.compare import show

        shown = {**settings.model_dump(mode="json"), "executor": backend.executor.model_dump()}
        show(shown)
        return
    failures = _validate(settings, what, backend.executor, arguments)
    if failures:
        say(f"wangge: {failures}", error=True)
        sys.exit(1)


def _validate(settings: Validate, what: Chosen, on: Settings, arguments: Sequence[str]) -> str:
    """Run what is missing, print the results, and return what differs in a paragraph (empty: nothing)."""
    from sim.report.console import terminal
    from sim.report.pages import print_all
    from sim.store.files import named_after
    from sim.study.comparison.notes import cost
    from sim.validation.validation import identity, validate

    plain, usual = not settings.cases and settings.seed == SHIPPED_SEED, f"validate-{settings.form}"
    if not plain:
        usual = named_after(usual, identity(what, settings.form, settings.seed))
    name = settings.name or usual
    console = terminal()
    validation = validate(
        what, RESULTS / name, on, form=settings.form, seed=settings.seed, with_face=not settings.cases,
        console=console, command=("wangge", "validate", *arguments),
    )  # fmt: skip
    console.print(f"{cost(validation.speed)}\n", markup=False)
    print_all(console, validation.printed, details=settings.details)
    return validation.failures


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("validate", sys.argv[1:]))
