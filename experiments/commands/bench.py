"""`wangge bench`: the same workloads in several tools and in both engines, timed in fresh processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sim import config
from sim.config.compose import compose, parse
from sim.language import gettext
from sim.store.names import RESULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.bench.plan import Plan

HELP = """\
wangge bench [workloads=[p1,p2,yuehu,scale]] [tools=[simpy,...]] [key=value ...]

Times the same workloads in SimPy, Ciw, salabim and both engines of wangge, every run in a fresh process, and checks
that they all do the same: the same number of events, the same waiting times. Tools that are not installed are
left out; `pip install .[bench]` has them all. Tables, chart and manifest are kept in results/FOLDER; the same
command continues after a stop, with more rounds if repeats is larger.

  workloads=[p1,p2]            p1: three stations in a row; p2: staff with two queues each; yuehu: a district's year
                               in our engines; scale: the cases of configs/bench.yaml
  tools=[simpy,compiled]       of simpy, ciw, salabim, reference, compiled
  requests=200000              of p1 and p2, at least 1,000
  repeats=5  long_repeats=1    rounds; the second for the reference engine on a district's year and for scale cases
  name=mine                    results/mine; by default bench-<hash of machine and settings>
  --cfg job                    print the resolved config and stop

Wall time is by the clock, CPU time that of the process. Ratios are of CPU time, taken in pairs within a round.
Leave the machine alone while it runs: five rounds of everything take about half an hour.
"""


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    from sim.bench.plan import Bench, planned

    line = parse(arguments)
    settings = config.checked(Bench, compose("bench", line))
    plan = planned(settings, line.config_dir)
    if line.show:
        from experiments.commands.compare import show

        show(settings.model_dump(mode="json"))
        return
    _bench(plan, arguments)


def _bench(plan: Plan, arguments: Sequence[str]) -> None:
    """Measure what is missing, and print the results."""
    from sim.bench.run import identity, measure
    from sim.report.console import terminal
    from sim.store.files import named_after

    name = plan.settings.name or named_after("bench", identity(plan))
    console, folder = terminal(), RESULTS / name
    for table in measure(plan, folder, console, ("wangge", "bench", *arguments)):
        console.print(table)
    kept = ["summary.md", "speeds.csv", *(["charts/speeds.svg"] if (folder / "charts").exists() else [])]
    files = ", ".join(kept)
    console.print(gettext("Kept in results/{name}/ ({files})", name=name, files=files), markup=False)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("bench", sys.argv[1:]))
