"""`wangge run`: one pilot design, or one queueing network beside its theory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sim import config
from sim.config import Section
from sim.config.bounds import Confidence, Replications, Seed
from sim.config.compose import BACKEND_KEYS, Line, check_option, compose, default_option, parse
from sim.errors import ConfigError
from sim.store.names import RESULTS, FolderName
from sim.study.backend import backend_of

if TYPE_CHECKING:
    from collections.abc import Sequence

HELP = """\
wangge run [-m] [pilot=NAME | network=NAME] [name=FOLDER] [executor=serial|local|dask] [workers=N] [key=value ...]

Runs one design, without a comparison, or any queueing network of configs/network/: the same engine, checks and
analysis. A textbook queue is shown beside its theoretical values: M/M/c, M/M/c/K, M/G/1, M/D/c, impatient customers
(Erlang A), priorities, Jackson networks.

  pilot=three_level                       a pilot design (configs/pilot/); four_level by default
  network=mmc                             a queueing network (configs/network/)
  network.servers.clerk.number=4          set any of its numbers; also replications=50 and seed=2
  roles.order=b_first                     any knob of configs/ for a pilot
  -m pilot=four_level,three_level grid.households=200,300
                                          every combination, as a study (wangge sweep), with tables and charts
  details=true                            print every table above the first screen
  charts=false | only=[flows]             draw no chart of a pilot, or only some
  formats=[svg,png]                       as what charts are kept (svg by default; pdf); size=slide, page or column
  workers=1                               processes; executor=serial, local or dask as for compare
  --cfg job                               print the resolved config and stop
  --config-dir DIR                        find configs of your own in DIR (a folder like configs/)
"""


class Kept(Section):
    """What is printed of a queueing network, and in which folder it is kept."""

    name: FolderName | None
    details: bool


class QueueRun(Section):
    """The settings beside a queueing network."""

    seed: Seed
    confidence: Confidence
    replications: Replications | None


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    if any(flag in arguments for flag in ("-m", "--multirun")):
        from experiments.commands.multirun import multirun

        multirun(arguments, main)
        return
    line = parse(arguments)
    command = ("wangge", "run", *arguments)
    if any(o.startswith("network=") for o in line.overrides):
        _network(line, command)
    elif any(o.startswith("network.") for o in line.overrides):
        raise ConfigError("network must be given (network=mmc) where one of its keys is set")
    else:
        _pilot(line, command)


def _pilot(line: Line, command: Sequence[str]) -> None:
    """Run one pilot: a comparison of one."""
    from experiments.commands import compare

    pilot = next((o.partition("=")[2] for o in line.overrides if o.startswith("pilot=")), None)
    pilot = default_option("pilot") if pilot is None else pilot
    check_option("pilot", pilot, line.config_dir)
    rest = tuple(o for o in line.overrides if not o.startswith("pilot="))
    named = any(o.startswith("name=") for o in rest)
    beside = (*BACKEND_KEYS, "workers", *compare.SHOWN_KEYS)  # they change no number
    knobs = any(o.partition("=")[0].partition(".")[0] not in beside for o in rest)
    name = () if named or knobs else (f"name=run-{pilot}",)
    flags = [
        *(["--cfg", "job"] if line.show else []),
        *([f"--config-dir={line.config_dir}"] if line.config_dir else []),
    ]
    keys = ("pilot", "network", "name", *compare.SHOWN_KEYS)
    compare.main([f"pilots=[{pilot}]", *name, *rest, *flags], command, keys)


def _network(line: Line, command: Sequence[str]) -> None:
    """Run a queueing network and print its measures beside theory."""
    from experiments.commands import compare
    from sim.queueing import sample
    from sim.report.console import terminal
    from sim.report.pages import print_all
    from sim.store.files import named_after
    from sim.store.names import plain_name
    from sim.store.store import Store
    from sim.study import network_run
    from sim.study.comparison.notes import cost

    if any(o.startswith("pilot=") for o in line.overrides):
        raise ConfigError("pilot must be left out where a network is run, got both")
    where, other = line.take(*BACKEND_KEYS)
    mine, rest = other.take("name", "details")
    composed = compose("compare", mine)
    settings = config.checked(Kept, {key: composed[key] for key in ("name", "details")})
    backend = backend_of(where)
    plain = compose("queue", rest)
    which = next(o.partition("=")[2] for o in rest.overrides if o.startswith("network="))
    mapping = plain.pop("network")
    run = config.checked(QueueRun, plain)
    plan = sample.load(mapping if run.replications is None else {**mapping, "replications": run.replications})
    identity = network_run.identity(mapping, run.seed)
    knobs = [o for o in rest.overrides if not o.startswith(("network=", "replications="))]
    folder = plain_name("name", settings.name or (named_after(f"run-{which}", identity) if knobs else f"run-{which}"))
    if line.show:
        compare.show({**backend.shown(), "network": mapping, **plain})
        return
    name = plain_name("network", which.replace("/", "-"))
    network_run.check_memory(plan, name, backend.engine)
    store = Store.open(RESULTS / folder, identity, {"command": list(command)})
    console = terminal()
    result = network_run.run(
        plan, name, backend, seed=run.seed, confidence=run.confidence, store=store, console=console
    )
    printed = network_run.write(result, store)
    console.print(f"{cost(result.speed)}\n", markup=False)
    print_all(console, printed, details=settings.details)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("run", sys.argv[1:]))
