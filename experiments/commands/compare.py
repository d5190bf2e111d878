"""`wangge compare`: pilot designs against the first of them, on the same residents."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from sim import config
from sim.config import Name, Section
from sim.config.acting import check_acting
from sim.config.compose import BACKEND_KEYS, Line, compose, default_option, parse, shipped_pilots
from sim.config.composition import Composition
from sim.config.differing import called_by_what_differs
from sim.errors import ConfigError
from sim.report.console import say
from sim.report.formats import USUAL, Format, Size
from sim.store.names import RESULTS, FolderName
from sim.study.backend import backend_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config import Pilot
    from sim.study.backend import Backend
    from sim.study.design import Design
    from sim.study.folder.drawing import Wanted

SHOWN_KEYS = ("details", "charts", "only", "formats", "size")
KEYS = ("pilots", "name", "equal", *SHOWN_KEYS)

HELP = """\
wangge compare [pilots=[A,B,...]] [name=FOLDER] [executor=serial|local|dask] [workers=N] [key=value ...]

Compares pilot designs with the first of the list, on the same residents with the same cases (common random
numbers), and ends with one screen: the answer, a few measures with verdicts, and what it depends on. Everything is
kept in results/FOLDER: tables (Parquet and CSV), charts (SVG), summary.md, manifest.json; every finished
replication in results/.replications. The same command continues after a kill.

  pilots=[four_level,three_level]   which designs (configs/pilot/), the baseline first; by default those of
                                    configs/compare.yaml
  pilots=all                        every design that ships, with today's as the baseline
  name=mine                         results/mine; by default compare, or compare-<hash> where knobs were set
  equal=money | heads               give every other design so many community heads that it costs what the baseline
                                    does, or has its heads in all
  details=true                      print every table above the first screen: work, heads, load, measures, differences;
                                    wangge show FOLDER TABLE prints any of them later
  charts=false | only=[turnaround]  draw no chart, or only some
  formats=[svg,png]                 as what charts are kept (svg by default; pdf); size=slide, page or column
  workers=1                         processes; all cores by default; the numbers do not depend on it
  executor=dask executor.address=tcp://HOST:8786
                                    on a Dask cluster (docs/clusters.md); serial: in this process alone
  engine=reference                  the engine written for reading: the same numbers, far slower
  run=year | quick                  horizon and replications (configs/run/); run.replications=20 sets one
  grid.households=300               any knob of configs/, for all pilots alike
  --cfg job                         print the resolved config and stop
  --config-dir DIR                  find configs of your own in DIR (a folder like configs/)
"""


class Shown(Section):
    """What a command prints and draws; it changes no number."""

    details: bool = False
    charts: bool = True
    only: tuple[str, ...] = ()
    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = USUAL
    size: Size | None = None

    @property
    def wanted(self) -> Wanted:
        """Return which charts are wanted."""
        from sim.study.folder.drawing import Wanted
        from sim.study.folder.look import Look

        return Wanted(self.charts, self.only, look=Look(self.formats, self.size or ""))


class Comparison(Shown):
    """The settings of the command itself."""

    pilots: Annotated[tuple[Name, ...], Field(min_length=1)]
    name: FolderName | None
    equal: Literal["heads", "money"] | None = None


def main(arguments: list[str], command: Sequence[str] = (), keys: Sequence[str] = KEYS) -> None:
    """Run the command; `command` is what was typed, where these arguments are not, and `keys` those that it knows."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    line = parse(arguments)
    where, other = line.take(*BACKEND_KEYS)
    mine, rest = other.take(*KEYS)
    rest = replace(rest, own=(*BACKEND_KEYS, *keys))
    composed = compose("compare", mine)
    if composed["pilots"] == "all":
        composed["pilots"] = shipped_pilots()
    settings = config.checked(Comparison, composed)
    backend = backend_of(where)
    plain, pilots = named_pilots(settings.pilots, rest)
    if settings.equal is not None:
        from sim.measures.equal import at_equal

        pilots = [pilots[0], *(at_equal(pilot, pilots[0], settings.equal) for pilot in pilots[1:])]
        plain = {pilot.name: pilot.model_dump(mode="json") for pilot in pilots}
    name = settings.name or _name(settings, pilots, rest.overrides, command[1] if command else "compare")
    designs = _designs(pilots, settings.wanted)
    if line.show:
        show({**settings.model_dump(mode="json"), **backend.shown(), "pilots": plain})
        return
    _compare(
        designs,
        name,
        backend,
        command or ("wangge", "compare", *arguments),
        line.config_dir,
        details=settings.details,
        wanted=settings.wanted,
    )


def named_pilots(names: Sequence[str], line: Line) -> tuple[dict[str, dict[str, Any]], list[Pilot]]:
    """Return the designs of these names, with the knobs of a command line: as plain data, and checked.

    One that is another organisation than the pilot of its name is called by what makes it another.

    Raises
    ------
    ConfigError
        The names must be different ones, and each that of the file that it stands in.
    """
    one = next((override for override in line.overrides if override.startswith("pilot=")), None)
    if one is not None:
        advised = ",".join(dict.fromkeys((default_option("pilot"), one.partition("=")[2])))
        raise ConfigError(
            f"pilots must be given as a list here, the baseline first (pilots=[{advised}]); only wangge run "
            f"takes one pilot=, got {one}"
        )
    if len(set(names)) < len(names):
        raise ConfigError(f"pilots must be different ones, got {', '.join(names)}")
    composed = {name: compose("main", line, f"pilot={name}") for name in names}
    given = {name: Composition(line, (f"pilot={name}",)) for name in names}
    for name, its in composed.items():
        if its.get("name") != name:
            pilot = config.load(its, given[name].file_of)  # what else is wrong is said first
            raise ConfigError(f"pilot/{name}.yaml: name must be {name}, the name of the file, got {pilot.name}")
    plain = {name: called_by_what_differs(its, name, line) for name, its in composed.items()}
    pilots = {name: config.load(plain[name], given[name].file_of) for name in names}
    called = [pilot.name for pilot in pilots.values()]
    if len(set(called)) < len(called):
        raise ConfigError(f"pilots must be different ones, got {', '.join(called)}")
    warn_of_idle({pilots[name].name: (pilots[name], given[name]) for name in names})
    return plain, list(pilots.values())


def warn_of_idle(pilots: Mapping[str, tuple[Pilot, Composition]]) -> None:
    """Tell which knobs act under some pilots only; one that acts under none is a `ConfigError`."""
    for note in check_acting(pilots):
        say(f"Note: {note}", error=True)


def show(plain: Mapping[str, Any]) -> None:
    """Print a resolved config."""
    from omegaconf import OmegaConf

    say(OmegaConf.to_yaml(OmegaConf.create(dict(plain))))


def _name(settings: Comparison, pilots: list[Pilot], overrides: Sequence[str], word: str) -> str:
    """Return the folder of a comparison that was not given a name; it begins with the command's word."""
    if not overrides and settings.pilots == tuple(compose("compare", Line(()))["pilots"]):
        return "compare"
    from sim.store.files import named_after
    from sim.study.replications import identity

    return named_after(word, identity(pilots))


def _designs(pilots: Sequence[Pilot], wanted: Wanted) -> dict[str, Design]:
    """Return the designs of a comparison, prepared; all that can be refused before a run is refused here."""
    from sim.study.comparison.comparison import check
    from sim.study.design import prepared_all

    designs = prepared_all(pilots)
    check(designs, wanted)
    return designs


def _compare(
    designs: Mapping[str, Design],
    name: str,
    backend: Backend,
    command: Sequence[str],
    config_dir: Path | None,
    *,
    details: bool,
    wanted: Wanted,
) -> None:
    """Run what is missing, and print the first screen, or all."""
    from sim.report.console import terminal
    from sim.report.pages import print_all
    from sim.study.comparison.comparison import compare
    from sim.study.comparison.notes import cost

    console = terminal()
    comparison = compare(
        designs, RESULTS / name, backend,
        console=console, command=command, config_dir=config_dir, wanted=wanted,
    )  # fmt: skip
    console.print(f"{cost(comparison.speed)}\n", markup=False)
    print_all(console, comparison.printed, details=details)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("compare", sys.argv[1:]))
