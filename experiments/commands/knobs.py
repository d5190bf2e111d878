"""`wangge knobs`: every knob of the evidence is turned, and what it moves is compared with what its row says."""

from __future__ import annotations

import sys
from typing import Annotated

from pydantic import Field

from sim import config
from sim.config import Name, Section
from sim.config.compose import BACKEND_KEYS, CONFIGS, EVIDENCE, parse, values
from sim.language import gettext
from sim.store.names import RESULTS, FolderName
from sim.study.backend import backend_of

HELP = """\
wangge knobs [only=[PATH,...]] [replications=N] [pilot=NAME] [name=FOLDER] [--write] [key=value ...]

Turns every knob of configs/evidence.yaml (and of your own, with --config-dir): both ends of its range, one at a time,
on the same draws as the base, in a design in which it can act. A measure is moved where the paired interval leaves out
0; the intervals of a knob hold together. What a row says that it moves (its keys moves and why) is compared with that:
a knob that moves nothing though it says that it does, or the other way, is named, and the exit status is 1.
Kept in results/FOLDER (knobs.md, knobs.csv, moves.yaml); a stopped run continues with the same command.

  only=[grid.households]   some rows, by their paths
  replications=4           of each design; 8 by default, as configs/knobs.yaml says
  pilot=today              the design of rows that name none
  name=mine                results/mine; by default knobs
  --write                  add what was found to the rows that say nothing yet: of your own evidence with --config-dir,
                           else of configs/evidence.yaml
  run.seed=2               any knob of configs/, for all designs alike
  workers=1, executor=...  as for compare
"""

KEYS = ("only", "name", "replications", "pilot")


class Order(Section):
    """The settings of the command itself."""

    only: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    name: FolderName = "knobs"
    replications: Annotated[int, Field(ge=2, le=100_000)] | None = None
    pilot: Name | None = None


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    from experiments.commands.compare import show
    from sim.report import counts
    from sim.report.console import terminal
    from sim.study.knobs import writing
    from sim.study.knobs.rows import read
    from sim.study.knobs.run import shipped_settings, turn
    from sim.study.knobs.trials import trials

    line = parse([word for word in arguments if word != "--write"])
    where, other = line.take(*BACKEND_KEYS)
    mine, rest = other.take(*KEYS)
    order, backend = config.checked(Order, values(mine)), backend_of(where)
    given = {"replications": order.replications, "pilot": order.pilot}
    settings = shipped_settings().model_copy(update={key: value for key, value in given.items() if value is not None})
    chosen = read(line.config_dir, order.only)
    if line.show:
        trials(chosen[:1], settings, rest)  # its designs are made of the line's knobs
        plain = settings.model_dump(mode="json") | {"also": [str(one) for one in settings.also]}
        show({"name": order.name, "only": order.only and list(order.only), **plain, "knobs": list(rest.overrides),
              **backend.shown()})  # fmt: skip
        return
    tried = trials(chosen, settings, rest)
    console, folder = terminal(), RESULTS / order.name
    done = turn(tried, settings, folder, backend, console, rest.overrides, ("wangge", "knobs", *arguments))
    console.print(done.sentence, markup=False)
    for name, failure in done.failures.items():
        told = gettext("{level}: {reason}", level=name, reason=failure)
        console.print(f"- {told}", markup=False)
    kept = gettext("Kept in results/{name}/ ({files})", name=order.name, files="knobs.md, knobs.csv, moves.yaml")
    console.print(f"\n{kept}", markup=False)
    if "--write" in arguments:
        file = (line.config_dir or CONFIGS) / EVIDENCE
        n = writing.write(file, done.outcomes) if file.is_file() else 0
        console.print(gettext("{rows} of {file} written", rows=counts.rows(n), file=file.name), markup=False)
    if done.failures:
        sys.exit(1)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("knobs", sys.argv[1:]))
