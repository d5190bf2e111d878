"""The public door: designs, comparisons, studies, journeys and networks from Python, in a few calls.

Nothing is printed but progress, and that only where somebody watches: in a terminal or a notebook.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim import arguments, config
from sim.config import Pilot, study_schema
from sim.config.compose import CONFIGS, Line, compose, options, overrides_of, own_folder
from sim.config.composition import Composition
from sim.config.reading import read_yaml
from sim.district import engines
from sim.engine.network import LIMIT, Network
from sim.errors import ConfigError, one_of, shown
from sim.journeys.follow import Journeys, Selection, follow
from sim.language import ENGLISH, speaking
from sim.queueing import sample
from sim.queueing.schema import Plan
from sim.report.console import for_a_caller, quiet
from sim.study import network_run
from sim.study.backend import backend
from sim.study.comparison.comparison import compare as run_comparison
from sim.study.design import prepared_all
from sim.study.own_measures import OwnMeasure, packed, shown_with
from sim.study.replication import simulate as run_replication
from sim.study.sweep import sweep as run_sweep

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from sim.engine.record import Spells, Visits
    from sim.study.backend import Backend
    from sim.study.comparison.comparison import Comparison
    from sim.study.network_run import NetworkRun
    from sim.study.sweep import Sweep

    Folder = str | os.PathLike[str]
    Engine = Literal["compiled", "reference"] | Mapping[str, Any]
    Executor = Literal["local", "serial", "dask"] | Mapping[str, Any]


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

    Returns
    -------
    Pilot
        Every group and knob as an attribute; frozen.

    Raises
    ------
    ConfigError
        In one paragraph with path, rule and value: an unknown file or knob, a value that a knob does not take.
    """
    given = overrides_of(knobs)
    for key in ("pilot", "run"):
        if key in (knobs or {}):
            raise ConfigError(f"knobs must leave out {key}, which sim.pilot takes beside them, got {shown(knobs)}")
    for key, text in (("called", called), ("title", title)):
        if text is not None and not arguments.text(key, text).strip():
            raise ConfigError(f"{key} must not be empty, got {text!r}")
    folder = _own_folder(config_dir)
    line = Line((f"run={_file('run', run, folder)}", *given), folder)
    chosen = f"pilot={_file('pilot', name, folder)}"
    plain = compose("main", line, chosen)
    named = title if title is not None or called is None else f"{plain['title']} ({called})"
    mine = {key: value for key, value in {"name": called, "title": named}.items() if value is not None}
    return config.load(plain | mine, Composition(line, (chosen,)).file_unless(mine))


def compare(
    pilots: Pilot | Sequence[Pilot],
    *,
    folder: Folder,
    replications: int | None = None,
    measures: Iterable[OwnMeasure] = (),
    engine: Engine = "compiled",
    executor: Executor = "local",
    workers: int | None = None,
    progress: bool = True,
    lang: str | None = None,
) -> Comparison:
    """Compare pilot designs with the first of them, on the same residents with the same cases.

    What is kept already in the folder, or in the archive of replications beside it, is not run again: a stopped
    comparison goes on with the same call.

    Parameters
    ----------
    pilots : Pilot or sequence of Pilot
        The baseline first; each with a name of its own, all over the same weeks.
    folder : path
        Where tables, charts and summary are kept.
    replications : int, optional
        Of each design; by default as their configs say.
    measures : iterable of OwnMeasure
        Measures of one's own beside the built-in ones.
    engine : str or mapping
        `compiled` or `reference`, or any settings of `configs/engine/` with their `kind`; no number depends on it.
    executor : str or mapping
        `local` (processes on this machine), `serial` (this process alone) or `dask`, or any settings of
        `configs/executor/` with their `kind`; no number depends on it.
    workers : int, optional
        How many processes; by default as many as cores.
    progress : bool
        Whether a terminal or a notebook is shown how far it is.
    lang : str, optional
        The language of its sentences, tables and summary, `en` or `zh`; by default that of the locale. The tables of
        numbers (`verdicts`, `measures`) are the same in all.

    Returns
    -------
    Comparison
        `verdicts` (polars.DataFrame, one row a measure and pilot: means, difference, simultaneous interval, verdict),
        `measures` (one row a replication, measure and group), `conclusion`, `charts`, `chart(name)`.

    Raises
    ------
    ConfigError
        Pilots must have names of their own, the same run and heads enough for their posts; the language must be there.
    StoreError
        The folder must be empty or hold this very comparison, and be writable.
    """
    designs, where, own = _designs(pilots), _folder("folder", folder), _measures(measures)
    on, console = _backend(engine, executor, workers), _console(progress)
    if replications is not None:
        number = {"replications": arguments.bounded("replications", replications)}
        designs = [one.model_copy(update={"run": one.run.model_copy(update=number)}) for one in designs]
    with speaking(lang):
        return run_comparison(
            prepared_all(shown_with(one, own) for one in designs), where, on,
            console=console, command=("sim.compare",), measures=own,
        )  # fmt: skip


@speaking(ENGLISH)  # as long as not all words of studies are in the catalogue
def sweep(
    study: str | Mapping[str, Any],
    *,
    folder: Folder,
    knobs: Mapping[str, Any] | None = None,
    config_dir: Folder | None = None,
    measures: Iterable[OwnMeasure] = (),
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
    measures : iterable of OwnMeasure
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
    where, own, again = _folder("folder", folder), _measures(measures), arguments.flag("retry", retry)
    on, console, given = _backend(engine, executor, workers), _console(progress), overrides_of(knobs)
    mine = _own_folder(config_dir)
    if isinstance(study, Mapping):
        plain = dict(study)
    else:
        plain = compose("sweep", Line((f"study={_file('study', study, mine)}",), mine))["study"]
    return run_sweep(
        study_schema.load(plain), Line(given, mine), where, on,
        console=console, retry=again, command=("sim.sweep",), measures=own,
    )  # fmt: skip


def simulate(
    pilot: Pilot, replication: int = 0, *, measures: Iterable[OwnMeasure] = (), engine: Engine = "compiled"
) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """Simulate one replication of a design; nothing is kept.

    Parameters
    ----------
    pilot : Pilot
        The design.
    replication : int
        Its number, at least 0: the same number brings the same residents with the same cases under every design.
    measures : iterable of OwnMeasure
        Measures of one's own.
    engine : str or mapping
        As for `compare`.

    Returns
    -------
    tables : dict of str to polars.DataFrame
        `measures` (measure, group, unit, value, n) and those that charts are drawn from.
    facts : dict
        Steps, seconds, peak memory (MB) and the digest of the demand.

    Raises
    ------
    ConfigError
        The number must be from 0 to 99,999; the posts must be possible with the heads.
    """
    if not isinstance(pilot, Pilot):
        raise ConfigError(f"pilot must be a design that sim.pilot returns, got {shown(pilot)}")
    number, own = arguments.bounded("replication", replication), _measures(measures)
    return run_replication(pilot, number, _engine(engine), packed(own))


@speaking(ENGLISH)  # as long as not all words of journeys are in the catalogue
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
        One design, or two over the same weeks.
    request : int or "slowest", optional
        Its number in the demand, from 0, or the slowest that is measured and finished under the first design, which is
        followed where nothing is chosen.
    archetype, channel : str, optional
        The first measured request of an archetype (as T8), of a channel, or of both; with `request="slowest"` the
        slowest of them.
    replication : int
        Which replication: another one has other residents.
    engine : str or mapping
        As for `compare`.

    Returns
    -------
    Journeys
        It prints as tables; `rows` (polars.DataFrame, one row a step), `chart()`.

    Raises
    ------
    ConfigError
        The request must exist; at most two designs can be followed, which must have the same run.
    """
    designs = _designs(pilots)
    if len(designs) > 2:
        raise ConfigError(f"pilots must be one or two, got {len(designs)}")
    for name, text in (("archetype", archetype), ("channel", channel)):
        if text is not None:
            arguments.text(name, text)
    which = request if request is None or isinstance(request, str) else arguments.bounded("request", request)
    number = arguments.bounded("replication", replication)
    journeys, remarks = follow(designs, Selection(which, archetype, channel), number, _engine(engine))
    return Journeys(tuple(journeys), number, tuple(remarks))


def network(source: Folder | Mapping[str, Any]) -> Plan:
    """Return a queueing network: a file of `configs/network/` by its name, a YAML file by its path, or plain data.

    Parameters
    ----------
    source : str, path or mapping
        `mmc`, `folder/mine.yaml`, or what such a file says (docs/networks.md).

    Returns
    -------
    Plan
        The checked network, for `measure`; frozen.

    Raises
    ------
    ConfigError
        In one paragraph with path, rule and value.
    """
    if isinstance(source, Mapping):
        return sample.load(dict(source))
    name = str(_folder("network", source))
    if name.endswith((".yaml", ".yml")):
        return sample.load(read_yaml(Path(name)))
    return sample.load(compose("queue", Line((f"network={_file('network', name)}",)))["network"])


@speaking(ENGLISH)  # as long as not all words of networks are in the catalogue
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
        The replications, the seed and the confidence must lie within the bounds of the configs.
    """
    if not isinstance(network, Plan):
        raise ConfigError(f"network must be what sim.network returns, got {shown(network)}")
    if replications is not None:
        network = network.model_copy(update={"replications": arguments.bounded("replications", replications)})
    on = _backend(engine, executor, workers)
    network_run.check_memory(network, "the network", on.engine)
    return network_run.run(
        network, "network", on,
        seed=arguments.bounded("seed", seed), confidence=arguments.bounded("confidence", confidence),
        console=_console(progress),
    )  # fmt: skip


def run(network: Network, horizon: int, *, engine: Engine = "compiled") -> tuple[Visits, Spells]:
    """Run the engine contract itself: a network of whole numbers, until a horizon.

    Parameters
    ----------
    network : Network
        As `make_network` returns it; times in ticks (milliseconds).
    horizon : int
        Events at this tick and later do not happen (ticks).
    engine : str or mapping
        As for `compare`; both engines give the same, tick by tick.

    Returns
    -------
    visits : Visits
        One row a step, in the order of the network; -1 where something did not happen.
    spells : Spells
        One row a stretch of one server's work on one step.

    Raises
    ------
    ConfigError
        The horizon must be at least 0 and below 2^62.
    """
    if not isinstance(network, Network):
        raise ConfigError(f"network must be what sim.make_network returns, got {shown(network)}")
    until = arguments.whole_number("horizon", horizon, 0)
    if until >= LIMIT:
        raise ConfigError(f"horizon must be below 2^62, got {shown(until)}")
    return engines.run(network, until, _engine(engine))


def _designs(pilots: Pilot | Sequence[Pilot]) -> list[Pilot]:
    """Return pilots as a list, checked to be some and to have names of their own."""
    if not isinstance(pilots, (Pilot, Iterable)) or isinstance(pilots, (str, bytes)):
        raise ConfigError(f"pilots must be designs that sim.pilot returns, got {shown(pilots)}")
    designs = [pilots] if isinstance(pilots, Pilot) else list(pilots)
    if not designs:
        raise ConfigError("pilots must be at least one, got none")
    for one in designs:
        if not isinstance(one, Pilot):
            raise ConfigError(f"pilots must be designs that sim.pilot returns, got {shown(one)}")
    names = [one.name for one in designs]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"pilots must have names of their own (sim.pilot(..., called=...)), got {name} twice")
    return designs


def _file(group: str, name: str, folder: Path | None = None) -> str:
    """Return the name of a file of a group of configs, checked to be there."""
    return one_of(group, name, options(group, CONFIGS, folder))


def _own_folder(config_dir: Folder | None) -> Path | None:
    """Return the folder of one's own configs, if there is one."""
    return None if config_dir is None else own_folder(os.fspath(_folder("config_dir", config_dir)), "config_dir")


def _folder(name: str, given: Folder) -> Path:
    """Return an argument as a path, checked to be one."""
    if isinstance(given, (str, os.PathLike)) and isinstance(os.fspath(given), str):
        if not os.fspath(given):
            raise ConfigError(f"{name} must not be empty (the current directory is '.'), got ''")
        if "\0" in os.fspath(given):
            raise ConfigError(f"{name} must be a path without a null character, got {shown(given)}")
        return Path(given)
    raise ConfigError(f"{name} must be a text or a path, got {shown(given)}")


def _measures(measures: Iterable[OwnMeasure]) -> tuple[OwnMeasure, ...]:
    """Return measures of one's own, checked to be some."""
    if isinstance(measures, OwnMeasure):
        raise ConfigError(f"measures must be a list of sim.OwnMeasure, got {measures.name} alone")
    if not isinstance(measures, Iterable) or isinstance(measures, (str, bytes)):
        raise ConfigError(f"measures must be a list of sim.OwnMeasure, got {shown(measures)}")
    given = tuple(measures)
    for one in given:
        if not isinstance(one, OwnMeasure):
            raise ConfigError(f"measures must be a list of sim.OwnMeasure, got {shown(one)}")
    return given


def _backend(engine: Engine, executor: Executor, workers: int | None) -> Backend:
    """Return by which engine and where to run."""
    if workers is not None:
        arguments.whole_number("workers", workers, 1)
    return backend(arguments.settings("engine", engine), arguments.settings("executor", executor), workers)


def _engine(engine: Engine) -> engines.Settings:
    """Return the settings of an engine."""
    return engines.chosen(arguments.settings("engine", engine))


def _console(progress: bool) -> Console:
    """Return where to tell how far it is."""
    return for_a_caller() if arguments.flag("progress", progress) else quiet()
