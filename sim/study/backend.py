"""The engine and the executor: they change no number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.config.compose import Line, compose
from sim.errors import ConfigError
from sim.language import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from sim import executor
    from sim.district import engines

SERIAL = "serial"
OF_THE_USER = ("address", "scheduler_file")


@dataclass(frozen=True)
class Backend:
    """The engine and the executor that run replications: they change no number."""

    engine: engines.Settings
    executor: executor.Settings

    def shown(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {"engine": self.engine.model_dump(), "executor": self.executor.model_dump()}

    def announce_compiling(self, console: Console) -> None:
        """Print why nothing seems to happen at first, where the engine is not compiled yet on this machine."""
        from sim.engine.kept_kernels import are_kept

        if self.engine.kind == "compiled" and self.executor.kind != "dask" and not are_kept():
            console.print(
                gettext("The engine is compiled first, once on this machine: in some twenty seconds to a minute.")
            )


def backend_of(line: Line) -> Backend:
    """Return the backend that a command line asks for by keys of `BACKEND_KEYS`; it raises as `backend` does."""
    kind = next((o.partition("=")[2] for o in line.overrides if o.startswith("executor=")), "local")
    short = [o for o in line.overrides if o.startswith("workers=")]
    if short and kind == SERIAL:
        raise _alone(short[-1].partition("=")[2])
    full = tuple(f"executor.{o}" if o in short else o for o in line.overrides)
    plain = compose("backend", Line(full, line.config_dir))
    if line.config_dir:
        _check_typed(plain["executor"], full)
    return backend(plain["engine"], plain["executor"])


def _check_typed(executor: Any, overrides: tuple[str, ...]) -> None:
    """Raise where a file, which may be a stranger's, says whose answers are unpickled here, or which file is read."""
    typed = {o.lstrip("+").partition("=")[0] for o in overrides}
    for key in OF_THE_USER:
        got = executor.get(key) if isinstance(executor, dict) else None
        if got is not None and f"executor.{key}" not in typed:
            raise ConfigError(
                f"executor.{key} must be typed on the command line, as no file of --config-dir may say who is sent the "
                f"program and whose results are run, got {got} from a file"
            )


def backend(engine: Mapping[str, Any], executor: Mapping[str, Any], workers: int | None = None) -> Backend:
    """Return an engine and an executor from their settings.

    Parameters
    ----------
    engine, executor
        Their `kind`, and any other key of `configs/engine/` and `configs/executor/`.
    workers
        Short for that key of the executor.

    Raises
    ------
    ConfigError
        The keys must be those of the chosen engine and executor, with values that they take.
    ExecutorError
        What the executor needs must be installed.
    """
    from sim import executor as executors
    from sim.district import engines

    if workers is not None:
        if executor.get("kind") == SERIAL:
            raise _alone(workers)
        executor = {**executor, "workers": workers}
    chosen = Backend(engines.chosen(engine), executors.chosen(executor))
    if isinstance(chosen.executor, executors.Dask):
        from sim.executor.cluster import check_installed

        check_installed()
    return chosen


def _alone(workers: object) -> ConfigError:
    """Return the error where workers are set for the serial executor."""
    return ConfigError(f"workers must be left out where executor=serial, got {workers}")
