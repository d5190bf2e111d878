"""`wangge compare`: pilot designs against the first of them, on the same residents."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from sim import config
from sim.config import Name, Section
from sim.config.compose import HOW, compose, parse
from sim.errors import ConfigError
from sim.study.backend import how

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from sim.config import Pilot
    from sim.store.store import Store
    from sim.study.backend import How
    from sim.study.replications import Speed

KEYS = ("pilots", "name")

HELP = """\
wangge compare [pilots=[A,B,...]] [name=FOLDER] [executor=serial|local|dask] [workers=N] [key=value ...]

Compares pilot designs with the first of the list, on the same residents with the same cases (common random
numbers). Prints the work, heads and load of every design before anything is simulated, then the measures, the
differences with simultaneous intervals and verdicts, and a conclusion. Everything is kept in results/FOLDER:
tables (Parquet and CSV), charts (PNG and SVG), summary.md, manifest.json, and every finished replication; the
same command goes on after a kill.

  pilots=[four_level,three_level]   which designs (configs/pilot/), the baseline first
  name=mine                         results/mine; by default compare, or compare-<hash> where knobs were set
  workers=1                         processes; by default all cores; the numbers do not depend on it
  executor=dask executor.address=tcp://HOST:8786
                                    on a Dask cluster (docs/clusters.md); serial: in this process alone
  engine=reference                  the engine that is written to be read: the same numbers, far slower
  run=year | quick                  horizon and replications (configs/run/); run.replications=20 sets one
  grid.households=300               any knob of configs/, for all pilots alike
  --cfg job                         print the resolved config and stop
  --config-dir DIR                  find configs of your own in DIR (a folder like configs/)
"""


class Comparison(Section):
    """The settings of the command itself."""

    pilots: Annotated[tuple[Name, ...], Field(min_length=1)]
    name: Annotated[str, Field(min_length=1, max_length=60)] | None


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    line = parse(arguments)
    where, other = line.take(*HOW)
    mine, rest = other.take(*KEYS)
    settings = config.checked(Comparison, compose("compare", mine))
    means = how(where)
    if len(set(settings.pilots)) < len(settings.pilots):
        raise ConfigError(f"pilots must be different ones, got {', '.join(settings.pilots)}")
    plain = {name: compose("main", rest, f"pilot={name}") for name in settings.pilots}
    pilots = [config.load(plain[name]) for name in settings.pilots]
    for name, pilot in zip(settings.pilots, pilots, strict=True):
        if pilot.name != name:
            raise ConfigError(f"pilot/{name}.yaml: name must be {name}, as the file is called, got {pilot.name}")
    if line.show:
        show({**settings.model_dump(mode="json"), **means.shown(), "pilots": plain})
        return
    _compare(pilots, settings.name or _name(pilots, rest.overrides), means, other.overrides)


def show(plain: Mapping[str, Any]) -> None:
    """Print a resolved config."""
    from omegaconf import OmegaConf

    print(OmegaConf.to_yaml(OmegaConf.create(dict(plain))))  # noqa: T201


def _name(pilots: list[Pilot], set_: Sequence[str]) -> str:
    """Return the folder of a comparison without a name of its own, in which anything may be set."""
    if not set_ and [p.name for p in pilots] == ["four_level", "three_level", "three_level_balanced"]:
        return "compare"
    from sim.study.replications import identity

    digest = hashlib.sha256(json.dumps(identity(pilots), sort_keys=True).encode()).hexdigest()
    return f"{'compare' if len(pilots) > 1 else 'run'}-{digest[:8]}"


def _compare(pilots: list[Pilot], name: str, means: How, overrides: tuple[str, ...]) -> None:
    """Print what is due, run what is missing, and tell what came out."""
    from sim.report.console import terminal
    from sim.store.files import plain_name
    from sim.store.store import Store
    from sim.study import load_tables, replications
    from sim.study.comparison.write import KEPT, tell

    plain_name("name", name)
    organisations = load_tables.organisations(pilots)
    overloaded = load_tables.overloaded(organisations)
    replications.checked_overload(pilots, overloaded)
    console = terminal()
    before = [
        load_tables.work_table(organisations),
        load_tables.heads_table(pilots),
        load_tables.load_table(organisations),
    ]
    for table in before:
        console.print(table)
    notes = [*load_tables.advice(pilots), *_named(overloaded)]
    copies = pilots[0].district.copies
    if copies > 1:
        notes.append(
            f"{copies} districts like this one are run: the tables above are of one, measures are means of all."
        )
    for note in notes:
        console.print(f"- {note}", markup=False)
    run = pilots[0].run
    facts = {"command": ["wangge", "compare", *overrides], "seed": run.seed, "replications": run.replications}
    store = Store.open(Path("results") / name, replications.identity(pilots), facts, keys=replications.keys(pilots))
    for note in (*store.repair(run.replications), *store.renew(KEPT, run.replications)):
        console.print(f"- {note}", markup=False)
    speed = progress(console, store, pilots, means)
    tell(console, store, pilots, organisations, before, notes, speed)


def _named(overloaded: Mapping[str, list[str]]) -> list[str]:
    """Return a sentence a pilot on the posts that cannot keep up."""
    return [
        f"{pilot}: {len(names)} post{'s' * (len(names) > 1)} cannot keep up with work that piles up: "
        f"{', '.join(names[:6])}{', ...' if len(names) > 6 else ''}."
        for pilot, names in overloaded.items()
        if names
    ]


def progress(console: Console, store: Store, pilots: list[Pilot], means: How) -> Speed:
    """Run what is missing behind a progress bar."""
    from sim.report.console import Progress
    from sim.study import replications

    wanted = {(store.key(p.name), r) for p in pilots for r in range(p.run.replications)}
    total, kept = len(wanted), sum(store.archive.finished(*which) for which in wanted)
    if kept:
        console.print(f"{kept} of {total} replications were kept already.")
    with Progress.of(console, "replications", total, kept) as bar:

        def on_done(task: replications.Task, facts: Mapping[str, Any]) -> None:
            bar.advance(f"{task}, {facts['steps']:,} steps in {facts['seconds']:.0f} s")

        return replications.run(store, pilots, engine=means.engine, on=means.executor, on_done=on_done)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("compare", sys.argv[1:]))
