"""What a benchmark measures: its settings, checked, and the workloads and tools that they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sim import config
from sim.bench import tools
from sim.bench.measurement import Workload
from sim.bench.words import SCALE, WORKLOADS, label_of
from sim.config import Name, Section
from sim.config.bounds import Replications, Seed
from sim.config.compose import Line, compose
from sim.config.composition import Composition
from sim.errors import ConfigError, choices, near
from sim.language import gettext, phrase
from sim.store.names import FolderName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEAST_REQUESTS = 1_000


class Bench(Section):
    """The settings of the command."""

    workloads: Annotated[tuple[Name, ...], Field(min_length=1)]
    tools: tuple[Name, ...]
    requests: Annotated[int, Field(ge=1, le=100_000_000)]
    repeats: Replications
    long_repeats: Replications
    seed: Seed
    name: FolderName | None
    districts: dict[Name, tuple[str, ...]]
    scale: dict[Name, tuple[str, ...]]


@dataclass(frozen=True)
class Plan:
    """The workloads and tools of a benchmark, and the tools that are left out, with the modules that they lack."""

    settings: Bench
    tools: tuple[str, ...]
    left_out: Mapping[str, Sequence[str]]
    workloads: tuple[Workload, ...]


def planned(settings: Bench, config_dir: Path | None = None) -> Plan:
    """Return what the settings ask for, checked.

    Raises
    ------
    ConfigError
        For an unknown workload or tool, fewer than 1,000 requests, or if no tool is installed.
    """
    districts = (*settings.districts, SCALE)
    known = (*WORKLOADS, *districts)
    for name in settings.workloads:
        if name not in known:
            raise ConfigError(f"workloads must be of {choices(known, name)}{near(name, known)}, got {name}")
    if settings.requests < LEAST_REQUESTS:
        raise ConfigError(
            f"requests must be at least {LEAST_REQUESTS:,}, got {settings.requests}: on short inputs start-up is all "
            "that is timed, and a processor that learns them by heart reads up to four times too fast"
        )
    lacking = {name: tools.missing(name) for name in tools.TOOLS}
    installed = tools.chosen(settings.tools, lacking)
    left_out = {name: lacking[name] for name in settings.tools if lacking[name]}
    engines = [name for name in installed if name in tools.ENGINES]
    for name in districts:
        if name in settings.workloads and not engines:
            raise ConfigError(
                f"workloads {name} must have reference or compiled among the tools, got {', '.join(installed)}"
            )
    return Plan(settings, tuple(installed), left_out, _workloads(settings, config_dir))


def _workloads(settings: Bench, config_dir: Path | None) -> tuple[Workload, ...]:
    """Return the workloads with their jobs."""
    made = []
    for name in dict.fromkeys(settings.workloads):
        if name == SCALE:
            made += [
                _district(f"scale-{case}", "scale", case, given, config_dir) for case, given in settings.scale.items()
            ]
        elif name in settings.districts:
            made.append(_district(name, "district", name, settings.districts[name], config_dir))
        else:
            job = {"kind": "queue", "workload": name, "requests": settings.requests, "seed": settings.seed}
            title = partial(gettext, WORKLOADS[name])
            made.append(Workload(name, "queue", partial(label_of, name), title, job))
    return tuple(made)


def _district(
    name: str, kind: Literal["district", "scale"], called: str, overrides: Sequence[str], config_dir: Path | None
) -> Workload:
    """Return a replication of a district as a workload, from Hydra overrides of the shipped configs."""
    line = Line(tuple(overrides), config_dir)
    plain = compose("main", line)
    pilot = config.load(plain, Composition(line).file_of)
    weeks, measured = pilot.run.weeks, pilot.run.measured_weeks

    def title() -> str:
        return gettext(
            "{district}: {pilot}, {weeks} weeks of which {measured} are measured",
            district=label_of(called), pilot=phrase(pilot.title), weeks=weeks, measured=measured,
        )  # fmt: skip

    return Workload(name, kind, partial(label_of, called), title, {"kind": "district", "config": plain})
