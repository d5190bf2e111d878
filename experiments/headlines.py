"""`wangge headlines`: each headline of the evidence as a small study, with its chart and two sentences."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sim import config
from sim.config import Name, Section
from sim.config.compose import BACKEND_KEYS, Line, parse, values
from sim.errors import ConfigError, near
from sim.study.backend import backend_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.report.pages import Printed
    from sim.study.headlines.definitions import Headline
    from sim.study.headlines.run import Outcome, Point

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
    name: Annotated[str, Field(min_length=1, max_length=40)] = "headlines"
    details: bool = False


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    from experiments.compare import show
    from sim.report.console import terminal
    from sim.report.pages import print_all
    from sim.report.tables import escape_markdown
    from sim.store.files import plain_name
    from sim.store.store import Store
    from sim.study.folder.printed import keep
    from sim.study.headlines.run import point_of, points_of, shipped, study
    from sim.version import MODEL_VERSION

    line = parse(arguments)
    where, other = line.take(*BACKEND_KEYS)
    mine, rest = other.take("only", "name", "details")
    settings, known, backend = config.checked(Settings, values(mine)), shipped(), backend_of(where)
    for name in settings.only or ():
        if name not in known:
            raise ConfigError(f"only must name headlines of {', '.join(known)}{near(name, known)}, got {name}")
    chosen = {name: known[name] for name in settings.only or known}
    if any(o.startswith("pilot=") for o in rest.overrides):
        raise ConfigError("pilot must be left out: every point of a headline has its own")
    plain_name("name", settings.name)
    if line.show:
        label, knobs = next(iter(next(iter(chosen.values())).points.items()))
        point_of(label, knobs, rest)  # all points are made of the line's knobs
        plain = {name: headline.model_dump(mode="json") for name, headline in chosen.items()}
        show({"name": settings.name, "headlines": plain, "knobs": list(rest.overrides), **backend.shown()})
        return
    points = {name: points_of(headline, rest) for name, headline in chosen.items()}
    console, command = terminal(), ("wangge", "headlines", *arguments)
    told = {}
    identity = {"model_version": MODEL_VERSION, "headlines": list(chosen), "knobs": list(rest.overrides)}
    store = Store.open(Path("results") / settings.name, identity, {"command": list(command)})
    for number, (name, headline) in enumerate(chosen.items(), 1):
        console.print(f"{number}. {headline.title}", markup=False)
        folder = Path("results") / f"{settings.name}-{name}"
        told[name] = study(console, folder, headline, points[name], backend, command)
        for kind, image in told[name].images.items():
            store.write_bytes(f"charts/{name}.{kind}", image)
    sections = [
        f"## {number}. {chosen[name].title}\n\n{escape_markdown(one.text)}\n\n"
        f"![{chosen[name].title}](charts/{name}.svg)"
        for number, (name, one) in enumerate(told.items(), 1)
    ]
    store.write_text("headlines.md", "\n\n".join([_opening(rest, _confidence(points)), *sections]) + "\n")
    printed = _printed(settings.name, chosen, told, next(iter(points.values())))
    keep(store, printed)
    store.finish({})
    console.print()
    print_all(console, printed, details=settings.details)


def _printed(
    name: str, chosen: Mapping[str, Headline], told: Mapping[str, Outcome], points: Sequence[Point]
) -> Printed:
    """Return what the headlines have to say: the verdict on each, and a page of two sentences for each."""
    from sim.config.compose import assumptions
    from sim.report.pages import Page, Printed
    from sim.report.screen import Screen, where
    from sim.report.tables import Column, Table, counted

    pilot = next(point.design.pilot for point in points if point.design is not None)
    run = pilot.run
    what = (
        f"{counted(len(told), 'headline')} of the evidence for {pilot.district.name}: "
        f"{counted(run.replications, 'replication')} of {counted(run.measured_weeks, 'week')} at each point."
    )
    held = [one.verdict for one in told.values()]
    counts = ", ".join(f"{held.count(verdict)} {verdict}" for verdict in dict.fromkeys(held))
    rows = tuple((chosen[key].title, one.verdict) for key, one in told.items())
    table = Table("At a glance", (Column("headline"), Column("verdict")), rows)
    hangs = (
        "A headline holds where the whole interval lies beyond its bound; wangge show says of each how far it moves "
        "with what is assumed.",
        assumptions(pilot.district.name),
    )
    pages = tuple(Page(key, chosen[key].title, paragraphs=(chosen[key].title, one.text)) for key, one in told.items())
    screen = Screen(what, (f"Of the headlines: {counts}.",), table, hangs, where(name, "headlines.md", len(told)))
    return Printed(screen, pages)


def _confidence(points: Mapping[str, Sequence[Point]]) -> float:
    """Return the confidence of the intervals, which is the same at all points."""
    return next(
        point.design.pilot.run.confidence for some in points.values() for point in some if point.design is not None
    )


def _opening(line: Line, confidence: float) -> str:
    """Return the first lines of the document."""
    knobs = f" with {' '.join(f'`{o}`' for o in line.overrides)}" if line.overrides else ""
    return (
        "# The headlines of the case\n\n"
        f"Made by `wangge headlines`{knobs}: each headline that the evidence expects, as a small study on the same "
        "residents, however it comes out. A measured year and ten replications unless said otherwise; "
        f"{100 * confidence:g} % intervals, each on its own. A headline *holds* where the whole interval lies beyond "
        "its bound. Most inputs are assumptions (`configs/evidence.yaml`); the last sentence of each says how the "
        "result moves over the range of those that matter for it. A caution is added where many requests go to staff "
        "who cannot keep up: `compare` would withhold its verdict there."
    )


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("headlines", sys.argv[1:]))
