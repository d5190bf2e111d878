"""By which engine and where replications are run: what changes no number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.config.compose import Line, compose
from sim.errors import ConfigError

if TYPE_CHECKING:
    from sim import executor
    from sim.district import engines


@dataclass(frozen=True)
class Backend:
    """By which engine and where replications are run: what changes no number."""

    engine: engines.Settings
    executor: executor.Settings

    def shown(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {"engine": self.engine.model_dump(), "executor": self.executor.model_dump()}


def backend_of(line: Line) -> Backend:
    """Return by which engine and where to run, of a line that sets keys of `BACKEND_KEYS`.

    Raises
    ------
    ConfigError
        The keys must be those of the chosen engine and executor, with values that they take.
    ExecutorError
        What the executor needs must be installed.
    """
    from sim import executor as executors
    from sim.district import engines

    kind = next((o.partition("=")[2] for o in line.overrides if o.startswith("executor=")), "local")
    short = [o for o in line.overrides if o.startswith("workers=")]
    if short and kind == "serial":
        raise ConfigError(f"workers must be left out where executor=serial, got {short[-1].partition('=')[2]}")
    full = tuple(f"executor.{o}" if o in short else o for o in line.overrides)
    plain = compose("backend", Line(full, line.config_dir))
    chosen = Backend(engines.chosen(plain["engine"]), executors.chosen(plain["executor"]))
    if isinstance(chosen.executor, executors.Dask):
        from sim.executor.cluster import check_installed

        check_installed()
    return chosen
