"""The pilot run of a study's base, by which its warm-up is chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.config.study_schema import WarmUp as WarmUpWanted
from sim.errors import ConfigError
from sim.language import listed, phrase
from sim.statistics import warm_up as truncation
from sim.statistics.designs import Setting
from sim.store import manifest
from sim.study import replications as studies
from sim.study.budget.runs import Runs
from sim.study.points.composer import Composer

if TYPE_CHECKING:
    from rich.console import Console

    from sim.arrays import Floats
    from sim.config.compose import Line
    from sim.config.study_schema import Study
    from sim.statistics.warm_up import WarmUp
    from sim.store.archive import Archive
    from sim.study.backend import Backend


def warm_up(
    study: Study, line: Line, backend: Backend, archive: Archive, console: Console, *, retry: bool
) -> tuple[WarmUp, dict[str, str]]:
    """Return the warm-up that MSER-5 chooses for all points, on a pilot run of the base under every pilot.

    The series are the hours of work that wait at each level at the end of each week. With it come the keys of the
    designs of the pilot run, by name.

    Raises
    ------
    ConfigError
        The base must be a design that can be run.
    """
    wanted = study.warm_up or WarmUpWanted()
    run = ("run.warm_up_weeks=1", f"run.measured_weeks={wanted.weeks - 1}", "run.drain_weeks=0")
    composer = Composer(study, replace(line, overrides=(*line.overrides, *run)))
    points = [composer.point(i, 0, Setting({}), name) for i, name in enumerate(study.pilots)]
    pilots = {point.base: point.pilot for point in points if point.pilot is not None}
    keys = {base: studies.key(pilot) for base, pilot in pilots.items()}
    for pilot in pilots.values():
        studies.describe(archive, pilot)
    runs = Runs(archive, pilots, keys, backend, study.all_groups, console, retry=retry)
    runs.ensure(dict.fromkeys(pilots, wanted.replications), "pilot run for the warm-up")
    for base, why in runs.failures.items():
        raise ConfigError(f"study.warm_up must have a base that runs, got {base}, whose {why}")
    series: dict[str, Floats] = {}
    parts: dict[str, tuple[str, ...]] = {}  # the pilot, where there are several, and the post
    for base in pilots:
        tables = [archive.read(keys[base], r, "backlog") for r in range(runs.count(base))]
        for post in tables[0]["post"].unique(maintain_order=True):
            hours = [table.filter(pl.col("post") == post).sort("week")["hours"].to_numpy() for table in tables]
            mine = (base, str(post)) if len(pilots) > 1 else (str(post),)
            name = ", ".join(mine)
            parts[name] = mine
            series[name] = np.array(hours, dtype=np.float64).T
    found = truncation.warm_up(series, wanted.least, words=lambda name: listed(map(phrase, parts[name])))
    return found, {f"{manifest.PILOT_RUN_OF}{base}": key for base, key in keys.items()}
