"""`wangge trace`: the journey of one request, step by step, through one pilot or through two side by side."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sim import config
from sim.config import Name, Section
from sim.config.compose import HOW, compose, parse
from sim.errors import ConfigError, near
from sim.study.backend import how

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sim.config import Pilot
    from sim.district import engines
    from sim.district.blocks import Record
    from sim.journey import Journey
    from sim.measures.requests import Requests

KEYS = ("pilots", "request", "archetype", "channel", "replication", "name")
SHIPPED = ("four_level", "three_level")

HELP = """\
wangge trace [request=NUMBER | request=slowest] [archetype=T8] [channel=counter|phone|latent] [key=value ...]

Follows one request through one pilot, or through two: the same resident with the same case and luck (common random
numbers). Prints every step with its date, the office and the person, how long it took and why, then the totals, which
are those that the measures of the replication count. Everything is kept in results/FOLDER: journey.md, journey.csv,
journey.parquet and a chart.

  request=4711                      its number in the demand, from 0
  request=slowest                   the slowest that is measured and finished under the first pilot; this is what is
                                    followed where nothing is chosen
  archetype=T8 channel=latent       the first measured request of an archetype, or of a channel, or of both; with
                                    request=slowest the slowest of them
  pilots=[four_level,three_level]   one or two designs (configs/pilot/)
  replication=0                     which replication: another one has other residents
  name=mine                         results/mine; by default trace-<request>, with a hash where knobs were set
  run=year | quick                  a number is of one horizon: the same run.* keys give the same requests
  grid.households=300               any knob of configs/, for both pilots alike
  engine=reference                  the engine that is written to be read: the same journey, far slower
  --cfg job                         print the resolved config and stop
  --config-dir DIR                  find configs of your own in DIR (a folder like configs/)
"""


class Trace(Section):
    """The settings of the command itself."""

    pilots: Annotated[tuple[Name, ...], Field(min_length=1)]
    request: int | str | None
    archetype: Name | None
    channel: Literal["counter", "phone", "latent"] | None
    replication: Annotated[int, Field(ge=0)]
    name: Annotated[str, Field(min_length=1, max_length=60)] | None


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    line = parse(arguments)
    where, other = line.take(*HOW)
    mine, rest = other.take(*KEYS)
    settings = config.checked(Trace, compose("trace", mine))
    means = how(where)
    if len(set(settings.pilots)) < len(settings.pilots):
        raise ConfigError(f"pilots must be different ones, got {', '.join(settings.pilots)}")
    if len(settings.pilots) > 2:
        raise ConfigError(f"pilots must be at most 2, got {len(settings.pilots)}")
    plain = {name: compose("main", rest, f"pilot={name}") for name in settings.pilots}
    pilots = [config.load(plain[name]) for name in settings.pilots]
    _check_choice(settings, pilots[0])
    if line.show:
        from experiments.compare import show

        show({**settings.model_dump(mode="json"), **means.shown(), "pilots": plain})
        return
    _trace(settings, pilots, means.engine, rest.overrides)


def _check_choice(settings: Trace, pilot: Pilot) -> None:
    """Raise where no request can be meant."""
    request, known = settings.request, pilot.procedures.archetypes
    if isinstance(request, str) and request != "slowest":
        raise ConfigError(f"request must be a number or slowest, got {request}")
    if settings.archetype is not None and settings.archetype not in known:
        hint = near(settings.archetype, known)
        raise ConfigError(f"archetype must be one of {', '.join(known)}{hint}, got {settings.archetype}")
    if isinstance(request, int) and (settings.archetype or settings.channel):
        raise ConfigError(f"archetype and channel must be left out where request is a number, got request={request}")


def _trace(settings: Trace, pilots: list[Pilot], engine: engines.Settings, overrides: Sequence[str]) -> None:
    """Follow the request, print the journeys and keep them."""
    from sim.report.console import terminal
    from sim.store.files import plain_name
    from sim.store.store import Store
    from sim.study import replications

    if settings.name is not None:
        plain_name("name", settings.name)
    journeys, told = follow(settings, pilots, engine)
    request = journeys[0].request
    identity = {**replications.identity(pilots), "trace": {"request": request, "replication": settings.replication}}
    name = settings.name or _name(identity, settings, overrides)
    store = Store.open(
        Path("results") / name, identity, {"command": ["wangge", "trace", f"request={request}", *overrides]}
    )
    console = terminal()
    for note in told:
        console.print(f"- {note}", markup=False)
    keep(store, journeys, settings, console)
    store.finish({})
    console.print(f"\nKept in results/{name}/ (journey.md, journey.csv, charts/)", markup=False)


def _name(identity: dict[str, object], settings: Trace, overrides: Sequence[str]) -> str:
    """Return the folder of a trace without a name of its own."""
    request = identity["trace"]["request"]  # type: ignore[index]
    if not overrides and settings.pilots == SHIPPED and not settings.replication:
        return f"trace-{request}"
    return f"trace-{request}-{hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]}"


def follow(settings: Trace, pilots: Sequence[Pilot], engine: engines.Settings) -> tuple[list[Journey], list[str]]:
    """Return the journey of the chosen request under each pilot, and what is to be said of the choice.

    Raises
    ------
    ConfigError
        The request must exist, and where it is to be found, one such must be measured.
    """
    from sim import journey
    from sim.district import overload
    from sim.study import replication

    journeys: list[Journey] = []
    told: list[str] = []
    request = settings.request if isinstance(settings.request, int) else None
    for pilot in pilots:
        plan = replication.prepare(pilot, settings.replication)
        n = len(plan.demand)
        if request is not None and not 0 <= request < n:
            raise ConfigError(
                f"request must be from 0 to {n - 1:,}, the requests of replication {settings.replication} over "
                f"{pilot.run.weeks} weeks, got {request}"
            )
        record = whole(plan, engine)
        overloaded = overload.overloaded_stations(plan.organisation, overload.pools(plan.organisation))
        if request is None:
            request, said = chosen(settings, pilot, record, overloaded)
            told.append(said)
        journeys.append(journey.read(plan, record.case, record.visits, record.spells, request, overloaded))
    if pilots[0].district.copies > 1:
        told.append(f"Of {pilots[0].district.copies} districts the first is followed.")
    return journeys, told


def whole(plan: object, engine: engines.Settings) -> Record:
    """Return the record of all requests of a replication, in one piece, held to the books."""
    from sim.district import engines
    from sim.district.assemble import Plan
    from sim.engine.audit.quick import balance

    assert isinstance(plan, Plan)
    one = engine if isinstance(engine, engines.Reference) else engine.model_copy(
        update={"block_weeks": plan.office.weeks}
    )  # fmt: skip
    (record,) = engines.records(plan, one)
    balance(record.case.network, record.visits, record.spells, plan.horizon)
    return record


def chosen(settings: Trace, pilot: Pilot, record: Record, overloaded: NDArray[np.bool_]) -> tuple[int, str]:
    """Return the request that a user described, and a sentence on which one it is."""
    import numpy as np

    from sim.district.demand import Channel
    from sim.measures.requests import requests
    from sim.measures.residents import measured_rows
    from sim.measures.tally import window

    found = requests(record.case, record.visits, overloaded)
    rows = measured_rows(found, *window(pilot))
    demand, what = record.case.demand, "request"
    if settings.archetype is not None:
        names = list(pilot.procedures.archetypes)
        rows = rows[demand.archetype[found.ids[rows]] == names.index(settings.archetype)]
        what += f" of archetype {settings.archetype}"
    if settings.channel is not None:
        rows = rows[demand.channel[found.ids[rows]] == Channel[settings.channel.upper()]]
        what += f" through channel {settings.channel}"
    first = settings.request is None and (settings.archetype or settings.channel)
    if not first:
        rows = rows[found.result[rows] >= 0]
        what += " that is finished"
    if not len(rows):
        raise ConfigError(f"request must be given: no {what} is measured under {pilot.name}")
    if first:
        return int(found.ids[rows[0]]), f"The first measured {what} under {pilot.name} is request {found.ids[rows[0]]}."
    row = rows[np.argmax(_turnaround(record, found, rows))]
    return int(found.ids[row]), f"The slowest measured {what} under {pilot.name} is request {found.ids[row]}."


def _turnaround(record: Record, found: Requests, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the office ticks from the first contact to the result."""
    return record.case.office.hours.between(found.contact[rows], found.result[rows])


def keep(store: object, journeys: list[Journey], settings: Trace, console: object) -> None:
    """Print the journeys, and write them as a text, a table and a chart."""
    from rich.console import Console

    from sim import charts
    from sim.journey import journey_table, journey_text, rows, totals_table
    from sim.journey.chart import journey_figure
    from sim.report.tables import escape_markdown
    from sim.store.store import Store

    assert isinstance(store, Store)
    assert isinstance(console, Console)
    pilot = journeys[0].organisation.pilot
    tables = [*map(journey_table, journeys), totals_table(journeys)]
    for journey in journeys:
        console.print()
        console.print(journey_text(journey))
    console.print()
    console.print(tables[-1])
    monday = pilot.district.calendar.first_monday
    notes = [
        f"Replication {settings.replication}, seed {pilot.run.seed}, {pilot.run.weeks} weeks. Dates are counted on "
        f"from {monday:%A %Y-%m-%d}; the simulated year of 52 weeks repeats.",
        "Activities have the procedure's own names, whichever level performs them. Waiting, and what staff did "
        "meanwhile, is told in office time.",
        "One request is an example and proves nothing about a design: wangge compare does.",
    ]
    for note in notes:
        console.print(f"- {note}", markup=False)
    heading = f"# The journey of request {journeys[0].request}"
    text = [
        heading,
        *(table.to_markdown() for table in tables),
        *map(escape_markdown, notes),
        "![](charts/journey.png)",
    ]
    store.write_text("journey.md", "\n\n".join(text) + "\n")
    store.write_table("journey", rows(journeys))
    footer = (
        f"{pilot.district.name}; replication {settings.replication}, seed {pilot.run.seed}. One request is an example. "
        "Many inputs are assumptions: configs/evidence.yaml."
    )
    figure = journey_figure(journeys, footer)
    for format_ in ("png", "svg"):
        store.write_bytes(f"charts/journey.{format_}", charts.render(figure, format_))


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("trace", sys.argv[1:]))
