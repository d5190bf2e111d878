"""`wangge headlines`: each headline of the evidence as a small study, with its chart and two sentences."""

from __future__ import annotations

import sys
from typing import Annotated

from pydantic import Field

from sim import config
from sim.config import Name, Section
from sim.config.compose import BACKEND_KEYS, parse, values
from sim.store.names import RESULTS, FolderName
from sim.study.backend import backend_of

HELP = """\
wangge headlines [only=[NAME,...]] [name=FOLDER] [run.replications=N] [key=value ...]

Runs every headline of configs/headlines.yaml as a small study (a measured year, ten replications), and says how
it came out: a chart and two sentences each, the second on how far the result depends on assumptions.
Kept in results/FOLDER (headlines.md, charts/), the replications in results/FOLDER-NAME; a stopped run continues.

  only=[walk,district]     some of them
  name=mine                results/mine; by default headlines
  details=true             print both sentences of each above the first screen
  run.replications=40      any knob of configs/, for every point alike
  workers=1, executor=...  as for compare
"""


class Settings(Section):
    """The settings of the command itself."""

    only: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    name: Annotated[FolderName, Field(max_length=40)] = "headlines"
    details: bool = False


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    from experiments.commands.compare import show
    from sim.report.console import terminal
    from sim.report.pages import print_all
    from sim.study.headlines.run import point_of, shipped
    from sim.study.headlines.together import check_line, run_all

    line = parse(arguments)
    where, other = line.take(*BACKEND_KEYS)
    mine, rest = other.take("only", "name", "details")
    settings, backend = config.checked(Settings, values(mine)), backend_of(where)
    chosen = shipped(settings.only)
    check_line(rest)
    if line.show:
        label, knobs = next(iter(next(iter(chosen.values())).points.items()))
        point_of(label, knobs, rest)  # all points are made of the line's knobs
        plain = {name: headline.model_dump(mode="json") for name, headline in chosen.items()}
        show({"name": settings.name, "headlines": plain, "knobs": list(rest.overrides), **backend.shown()})
        return
    console, folder = terminal(), RESULTS / settings.name
    done = run_all(chosen, rest, folder, backend, console=console, command=("wangge", "headlines", *arguments))
    console.print()
    print_all(console, done.printed, details=settings.details)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("headlines", sys.argv[1:]))
