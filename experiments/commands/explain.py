"""`wangge explain`: what the measures of a design come from, cause by cause, on the same draws."""

from __future__ import annotations

import sys
from typing import Annotated

from pydantic import Field

from sim import config
from sim.config import Name, Section
from sim.config.compose import BACKEND_KEYS, CONFIGS, options, parse, values
from sim.language import gettext
from sim.store.names import RESULTS, FolderName
from sim.study.backend import backend_of

HELP = """\
wangge explain [causes=NAME] [replications=N] [name=FOLDER] [key=value ...]

Runs every mixture of the causes in a file of configs/explain/ on the same draws, and says what each contributes to each
measure: its effect averaged over all orders in which the causes can be added (Shapley), with an interval. Only causes
whose interval leaves out 0 are named as such. Kept in results/FOLDER (explained.md, charts/, contributions.csv,
mixtures.csv); a stopped run continues with the same command.

  causes=four_level        which file; those that ship: {files}
  replications=8           of every mixture
  name=mine                results/mine; by default explain-NAME
  run.seed=2               any knob of configs/, for all mixtures alike
  workers=1, executor=...  as for compare
  --config-dir DIR         find files and configs of your own in DIR (DIR/explain/mine.yaml)
"""


class Order(Section):
    """The settings of the command itself."""

    causes: Name = "four_level"
    name: FolderName | None = None
    replications: Annotated[int, Field(ge=2, le=100_000)] | None = None


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP.format(files=", ".join(options("explain", CONFIGS))))  # noqa: T201
        return
    from experiments.commands.compare import show
    from sim.report.console import terminal
    from sim.study.causes import definition
    from sim.study.causes.run import explain

    line = parse(arguments)
    where, other = line.take(*BACKEND_KEYS)
    mine, rest = other.take("causes", "name", "replications")
    order, backend = config.checked(Order, values(mine)), backend_of(where)
    name = order.name or f"explain-{order.causes}"
    causes = definition.load(order.causes, line)
    if order.replications is not None:
        causes = causes.model_copy(update={"replications": order.replications})
    if line.show:
        definition.designs(causes, rest)
        plain = causes.model_dump(mode="json") | {"responses": [str(one) for one in causes.responses]}
        show({"name": name, **plain, "knobs": list(rest.overrides), **backend.shown()})
        return
    console = terminal()
    done = explain(causes, rest, RESULTS / name, backend, console, ("wangge", "explain", *arguments))
    for sentence in done.sentences:
        console.print(f"- {sentence}", markup=False)
    files = "explained.md, charts/, contributions.csv, mixtures.csv"
    kept = gettext("Kept in results/{name}/ ({files})", name=name, files=files)
    console.print(f"\n{kept}", markup=False)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("explain", sys.argv[1:]))
