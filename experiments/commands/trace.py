"""`wangge trace`: the journey of one request, step by step, through one pilot or through two side by side."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from experiments.commands.compare import named_pilots, show
from sim import config
from sim.config import Name, Section
from sim.config.bounds import Replication, Request
from sim.config.compose import BACKEND_KEYS, Line, compose, parse
from sim.errors import ConfigError
from sim.language import gettext, listed
from sim.store.names import RESULTS, FolderName
from sim.study.backend import backend_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.config import Pilot
    from sim.district import engines
    from sim.journeys.follow import Journeys, Selection

KEYS = ("pilots", "request", "archetype", "channel", "replication", "name", "details")

HELP = """\
wangge trace [request=NUMBER | request=slowest] [archetype=T8] [channel=counter|phone|latent] [key=value ...]

Follows one request through one pilot or two: the same resident with the same case, and the same chances (common random
numbers). Prints how each ended and the totals, which are those that the measures of the replication count;
details=true prints every step with its date, the office and the person, how long it took and why. Everything is kept
in results/FOLDER: journey.md, journey.csv, journey.parquet and a chart.

  request=4711                      its number in the demand, from 0
  request=slowest                   the slowest one measured and finished under the first pilot; the default
  archetype=T8 channel=latent       the first measured request of an archetype, or of a channel, or of both; with
                                    request=slowest the slowest of them
  pilots=[four_level,three_level]   one or two designs (configs/pilot/)
  replication=0                     which replication; each has other residents
  name=mine                         results/mine; by default trace-<request>, with a hash where knobs were set
  run=year | quick                  request numbers depend on the horizon: only the same run.* keys give the same
                                    requests
  grid.households=300               any knob of configs/, for both pilots alike
  engine=reference                  the engine written for reading: the same journey, far slower
  --cfg job                         print the resolved config and stop
  --config-dir DIR                  find configs of your own in DIR (a folder like configs/)
"""


class Trace(Section):
    """The settings of the command itself."""

    pilots: Annotated[tuple[Name, ...], Field(min_length=1)]
    request: Request | str | None
    archetype: Name | None
    channel: Literal["counter", "phone", "latent"] | None
    replication: Replication
    name: FolderName | None
    details: bool


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    line = parse(arguments)
    where, other = line.take(*BACKEND_KEYS)
    mine, rest = other.take(*KEYS)
    settings = config.checked(Trace, compose("trace", mine))
    backend = backend_of(where)
    if len(settings.pilots) > 2:
        raise ConfigError(f"pilots must be at most 2, got {len(settings.pilots)}")
    plain, pilots = named_pilots(settings.pilots, rest)
    selection = _selection(settings, pilots)
    if line.show:
        show({**settings.model_dump(mode="json"), **backend.shown(), "pilots": plain})
        return
    _trace(settings, selection, pilots, backend.engine, rest.overrides, ("wangge", "trace", *arguments))


def _selection(settings: Trace, pilots: list[Pilot]) -> Selection:
    """Return which request is followed, checked together with the other settings."""
    from sim.journeys.follow import Selection
    from sim.study.design import check_paired

    check_paired(pilots)
    selection = Selection(settings.request, settings.archetype, settings.channel)
    selection.check(pilots[0])
    return selection


def _trace(
    settings: Trace,
    selection: Selection,
    pilots: list[Pilot],
    engine: engines.Settings,
    overrides: Sequence[str],
    command: Sequence[str],
) -> None:
    """Follow the request, print the journeys and keep them."""
    from sim.journeys.follow import Journeys, follow, keep
    from sim.journeys.sentences import journey_text
    from sim.report.console import at_work, terminal
    from sim.report.pages import print_all
    from sim.store.store import Store
    from sim.study.design import titles_of
    from sim.study.folder.drawing import announce
    from sim.study.folder.printed import keep as keep_printed

    console = terminal()
    names = listed(titles_of(pilots).values())
    simulating = gettext("Simulating replication {n} under {pilots} ...", n=settings.replication, pilots=names)
    with at_work(console, simulating):
        each, remarks = follow(pilots, selection, settings.replication, engine)
    journeys = Journeys(tuple(each), settings.replication, tuple(remarks))
    name = settings.name or _name(journeys, settings, overrides)
    store = Store.open(RESULTS / name, journeys.identity, {"command": list(command)})
    announce(console)
    keep(store, journeys)
    printed = keep_printed(store, partial(journeys.printed, name))
    store.finish({})
    for journey in journeys.each if settings.details else ():
        console.print(journey_text(journey))
        console.print()
    console.print()
    print_all(console, printed, details=False)


def _name(journeys: Journeys, settings: Trace, overrides: Sequence[str]) -> str:
    """Return the folder of a trace without a name of its own."""
    from sim.store.files import named_after

    request = journeys.each[0].request
    shipped = tuple(compose("trace", Line(()))["pilots"])
    if not overrides and settings.pilots == shipped and not settings.replication:
        return f"trace-{request}"
    return named_after(f"trace-{request}", journeys.identity)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("trace", sys.argv[1:]))
