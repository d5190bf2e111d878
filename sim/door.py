"""The public door: designs, comparisons, studies, journeys and networks from Python, in a few calls.

Nothing is printed but progress, and that only where somebody watches: in a terminal or a notebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim import config
from sim.config import study_schema
from sim.config.compose import Line, as_override, compose, own_folder, read_yaml
from sim.district import engines
from sim.errors import ConfigError
from sim.journeys.follow import Journeys, Selection, follow
from sim.queueing import sample
from sim.report.console import for_a_caller, quiet
from sim.study import network_run
from sim.study.backend import backend_of
from sim.study.comparison.comparison import compare as run_comparison
from sim.study.design import prepared_all
from sim.study.own_measures import OwnMeasure, packed
from sim.study.replication import simulate as run_replication
from sim.study.sweep import sweep as run_sweep

if TYPE_CHECKING:
    import os

    import polars as pl
    from rich.console import Console

    from sim.config import Pilot
    from sim.engine.network import Network
    from sim.engine.record import Spells, Visits
    from sim.queueing.schema import Plan
    from sim.study.backend import Backend
    from sim.study.comparison.comparison import Comparison
    from sim.study.network_run import NetworkRun
    from sim.study.sweep import Sweep

    Folder = str | os.PathLike[str]
    Engine = Literal["compiled", "reference"]
    Executor = Literal["local", "serial", "dask"]


def pilot(
    name: str,
    knobs: Mapping[str, Any] | None = None,
    *,
    run: str = "year",
    config_dir: Folder | None = None,
    called: str | None = None,
    title: str | None = None,
) -> Pilot:
    """Return a pilot design: a file of `configs/pilot/`, with knobs set.

    Parameters
    ----------
    name : str
        Of the file, as `four_level`.
    knobs : mapping of str to value, optional
        By their paths, as `{"grid.households": 300}`; a group takes the name of a file (`{"roles": "lines"}`).
    run : str
        The file of `configs/run/` that says how long is simulated and how often: `year` or `quick`.
    config_dir : path, optional
        A folder of configs of one's own.
    called, title : str, optional
        Another name (letters, digits, underscores) and other words for the design: of two designs of one file, one
        needs them.

    Raises
    ------
    ConfigError
        In one paragraph with path, rule and value: an unknown file or knob, a value that a knob does not take.
    """
    folder = None if config_dir is None else own_folder(str(config_dir))
    overrides = tuple(f"{key}={as_override(value)}" for key, value in (knobs or {}).items())
    plain = compose("main", Line((f"run={run}", *overrides), folder), f"pilot={name}")
    words = {"name": called, "title": title or (called and f"{plain['title']} ({called})")}
    return config.load(plain | {key: value for key, value in words.items() if value is not None})


def compare(
    pilots: Sequence[Pilot],
    *,
    folder: Folder,
    replications: int | None = None,
    measures: Sequence[OwnMeasure] = (),
    engine: Engine = "compiled",
    executor: Executor = "local",
    workers: int | None = None,
    progress: bool = True,
) -> Comparison:
    """Compare pilot designs with the first of them, on the same residents with the same cases.

    What is kept already in the folder, or in the archive of replications beside it, is not run again: a stopped
    comparison goes on with the same call.

    Parameters
    ----------
    pilots : sequence of Pilot
        The baseline first; each with a name of its own.
    folder : path
        Where tables, charts and summary are kept.
    replications : int, optional
        Of each design; by default as their configs say.
    measures : sequence of OwnMeasure
        Measures of one's own beside the built-in ones.
    engine, executor, workers
        By which engine and where to run; no number depends on it.
    progress : bool
        Whether a terminal or a notebook is shown how far it is.

    Returns
    -------
    Comparison
        `verdicts` (polars.DataFrame, one row a measure and pilot: means, difference, simultaneous interval, verdict),
        `measures` (one row a replication, measure and group), `conclusion`, `charts`, `chart(name)`.

    Raises
    ------
    ConfigError
        Pilots must have names of their own and heads enough for their posts.
    StoreError
        The folder must be empty or hold this very comparison, and be writable.
    """
    designs = [_with_replications(one, replications) for one in pilots]
    names = [one.name for one in designs]
    if not names:
        raise ConfigError("pilots must be at least one, got none")
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"pilots must have names of their own (sim.pilot(..., called=...)), got {name} twice")
    return run_comparison(
        prepared_all(designs), Path(folder), _backend(engine, executor, workers),
        console=_console(progress), command=("sim.compare",), measures=measures,
    )  # fmt: skip


def sweep(
    study: str | Mapping[str, Any],
    *,
    folder: Folder,
    knobs: Mapping[str, Any] | None = None,
    config_dir: Folder | None = None,
    measures: Sequence[OwnMeasure] = (),
    retry: bool = False,
    engine: Engine = "compiled",
    executor: Executor = "local",
    workers: int | None = None,
    progress: bool = True,
) -> Sweep:
    """Run a study of many points: grids, samples, precision, choices.

    Parameters
    ----------
    study : str or mapping
        The name of a file of `configs/study/`, or what such a file says, as plain data (docs/studies.md).
    folder : path
        Where tables, charts and summary are kept; a stopped study goes on with the same call.
    knobs : mapping of str to value, optional
        Set for all points alike.
    config_dir : path, optional
        A folder of configs of one's own.
    measures : sequence of OwnMeasure
        Measures of one's own, which the study may name among its responses.
    retry : bool
        Whether replications that failed before are tried again.
    engine, executor, workers, progress
        As for `compare`.

    Returns
    -------
    Sweep
        `sentences`, `table`, `read(name)` (polars.DataFrame: summary, effects, measures, design, ...), `charts`.

    Raises
    ------
    ConfigError
        In one paragraph with path, rule and value.
    StoreError
        The folder must be empty or hold this very study, and be writable.
    """
    mine = None if config_dir is None else own_folder(str(config_dir))
    plain = dict(study) if isinstance(study, Mapping) else compose("sweep", Line((f"study={study}",), mine))["study"]
    overrides = tuple(f"{key}={as_override(value)}" for key, value in (knobs or {}).items())
    return run_sweep(
        study_schema.load(plain), Line(overrides, mine), Path(folder), _backend(engine, executor, workers),
        console=_console(progress), retry=retry, command=("sim.sweep",), measures=measures,
    )  # fmt: skip


def simulate(
    pilot: Pilot, replication: int = 0, *, measures: Sequence[OwnMeasure] = (), engine: Engine = "compiled"
) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Simulate one replication of a design; nothing is kept.

    Parameters
    ----------
    pilot : Pilot
        The design.
    replication : int
        Its number, at least 0: the same number brings the same residents with the same cases under every design.
    measures : sequence of OwnMeasure
        Measures of one's own.
    engine : str
        `compiled` or `reference`; no number depends on it.

    Returns
    -------
    tables : dict of str to polars.DataFrame
        `measures` (measure, group, unit, value, n) and those that charts are drawn from.
    facts : dict
        Steps, seconds, peak memory (MB) and the digest of the demand.

    Raises
    ------
    ConfigError
        The number must be at least 0; the posts must be possible with the heads.
    """
    if replication < 0:
        raise ConfigError(f"replication must be at least 0, got {replication}")
    return run_replication(pilot, replication, _engine(engine), packed(measures))


def journey(
    pilots: Pilot | Sequence[Pilot],
    request: int | Literal["slowest"] | None = None,
    *,
    archetype: str | None = None,
    channel: Literal["counter", "phone", "latent"] | None = None,
    replication: int = 0,
    engine: Engine = "compiled",
) -> Journeys:
    """Follow one request step by step through one design or two.

    Parameters
    ----------
    pilots : Pilot or sequence of Pilot
        One design, or two.
    request : int or "slowest", optional
        Its number in the demand, from 0, or the slowest that is measured and finished under the first design, which is
        followed where nothing is chosen.
    archetype, channel : str, optional
        The first measured request of an archetype (as T8), of a channel, or of both; with `request="slowest"` the
        slowest of them.
    replication : int
        Which replication: another one has other residents.
    engine : str
        As for `simulate`.

    Returns
    -------
    Journeys
        It prints as tables; `rows` (polars.DataFrame, one row a step), `chart()`.

    Raises
    ------
    ConfigError
        The request must exist; at most two designs can be followed.
    """
    designs = list(pilots) if isinstance(pilots, Sequence) else [pilots]
    if not 1 <= len(designs) <= 2:
        raise ConfigError(f"pilots must be one or two, got {len(designs)}")
    journeys, remarks = follow(designs, Selection(request, archetype, channel), replication, _engine(engine))
    return Journeys(tuple(journeys), replication, tuple(remarks))


def network(source: str | Mapping[str, Any]) -> Plan:
    """Return a queueing network: a file of `configs/network/` by its name, a YAML file by its path, or plain data.

    Parameters
    ----------
    source : str or mapping
        `mmc`, `folder/mine.yaml`, or what such a file says (docs/networks.md).

    Raises
    ------
    ConfigError
        In one paragraph with path, rule and value.
    """
    if isinstance(source, Mapping):
        return sample.load(dict(source))
    if source.endswith((".yaml", ".yml")):
        return sample.load(read_yaml(Path(source)))
    return sample.load(compose("queue", Line((f"network={source}",)))["network"])


def measure(
    network: Plan,
    *,
    replications: int | None = None,
    seed: int = 1,
    confidence: float = 0.95,
    engine: Engine = "compiled",
    executor: Executor = "serial",
    workers: int | None = None,
    progress: bool = True,
) -> NetworkRun:
    """Run a queueing network and return its measures, beside theory where it is a textbook queue; nothing is kept.

    Parameters
    ----------
    network : Plan
        As `network` returns it.
    replications : int, optional
        By default as the network says.
    seed : int
        Of the random numbers.
    confidence : float
        Of the intervals, each on its own.
    engine, executor, workers, progress
        As for `compare`; small networks are quickest in this process alone.

    Returns
    -------
    NetworkRun
        It prints as a table; `measures` (polars.DataFrame: replication, measure, group, unit, value).

    Raises
    ------
    ConfigError
        There must be at least one replication, and a confidence between 0.5 and 1.
    """
    if replications is not None and replications < 1:
        raise ConfigError(f"replications must be at least 1, got {replications}")
    if not 0.5 < confidence < 1:
        raise ConfigError(f"confidence must be above 0.5 and below 1, got {confidence:g}")
    plan = network if replications is None else network.model_copy(update={"replications": replications})
    backend = _backend(engine, executor, workers)
    return network_run.run(plan, "network", backend, seed=seed, confidence=confidence, console=_console(progress))


def run(network: Network, horizon: int, *, engine: Engine = "compiled") -> tuple[Visits, Spells]:
    """Run the engine contract itself: a network of whole numbers, until a horizon.

    Parameters
    ----------
    network : Network
        As `make_network` returns it; times in ticks (milliseconds).
    horizon : int
        Events at this tick and later do not happen (ticks).
    engine : str
        Both give the same, tick by tick.

    Returns
    -------
    visits : Visits
        One row a step, in the order of the network; -1 where something did not happen.
    spells : Spells
        One row a stretch of one server's work on one step.
    """
    return engines.run(network, horizon, _engine(engine))


def _with_replications(one: Pilot, n: int | None) -> Pilot:
    """Return a pilot with so many replications."""
    if n is None:
        return one
    if n < 1:
        raise ConfigError(f"replications must be at least 1, got {n}")
    return one.model_copy(update={"run": one.run.model_copy(update={"replications": n})})


def _backend(engine: str, executor: str, workers: int | None) -> Backend:
    """Return by which engine and where to run."""
    overrides = [f"engine={engine}", f"executor={executor}", *([f"workers={workers}"] if workers is not None else [])]
    return backend_of(Line(tuple(overrides)))


def _engine(name: str) -> engines.Settings:
    """Return the settings of an engine by its name."""
    return engines.chosen({"kind": name})


def _console(progress: bool) -> Console:
    """Return where to tell how far it is."""
    return for_a_caller() if progress else quiet()
