"""The public door: designs, comparisons, studies, journeys and networks from Python, in a few calls.

Nothing is printed but progress, and that only where somebody watches: in a terminal or a notebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl

from sim import arguments, config
from sim.arguments import Engine, Executor, Folder
from sim.config import Pilot
from sim.config.acting import check_acting
from sim.config.compose import Line, compose
from sim.config.composition import Composition
from sim.config.differing import called_by_what_differs
from sim.config.grammar import overrides_of
from sim.config.reading import read_yaml
from sim.district import engines
from sim.engine.network import LIMIT, Network
from sim.engine.network_building import checked_again
from sim.engine.record import Spells, Visits
from sim.errors import ConfigError, shown
from sim.journeys.follow import Journeys, Selection, follow
from sim.language import speaking
from sim.queueing import sample
from sim.queueing.schema import QueueNetwork
from sim.report.formats import USUAL
from sim.study import network_run
from sim.study.comparison.comparison import Comparison
from sim.study.comparison.comparison import compare as run_comparison
from sim.study.design import prepared_all
from sim.study.network_run import NetworkRun
from sim.study.own_measures import OwnMeasure, packed, shown_with
from sim.study.replication import simulate as run_replication
from sim.study.sweep import Preview, Sweep, foreseen
from sim.study.sweep import sweep as run_sweep


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
        Of the file, without its ending.
    knobs : mapping of str to value, optional
        By their paths, as `{"grid.households": 300}`; a group takes the name of a file (`{"roles": "lines"}`).
    run : str
        The file of `configs/run/` that says how long is simulated and how often: `year` or `quick`.
    config_dir : path, optional
        A folder of configs of one's own.
    called, title : str, optional
        Another name (letters, digits, underscores) and other words for the design: of two designs of one file, one
        needs them. Without them, a design with other parts than its file names is called by what differs.

    Returns
    -------
    Pilot
        Every group and knob as an attribute; frozen.

    Raises
    ------
    ConfigError
        In one paragraph with path, rule and value: an unknown file or knob, a value that a knob does not take, a knob
        that cannot act under the design.
    """
    given = overrides_of(knobs)
    for key in ("pilot", "run"):
        if key in (knobs or {}):
            raise ConfigError(f"knobs must leave out {key}, which sim.pilot takes beside them, got {shown(knobs)}")
    if called is not None:
        arguments.name("called", called)
    if title is not None and not arguments.text("title", title).strip():
        raise ConfigError(f"title must not be empty, got {title!r}")
    folder = arguments.config_folder(config_dir)
    line = Line((f"run={arguments.file_of('run', run, folder)}", *given), folder)
    chosen = f"pilot={arguments.file_of('pilot', name, folder)}"
    plain = called_by_what_differs(compose("main", line, chosen), name, line)
    composed = Composition(line, (chosen,))
    named = title if title is not None or called is None else f"{plain['title']} ({called})"
    mine = {key: value for key, value in {"name": called, "title": named}.items() if value is not None}
    design = config.load(plain | mine, composed.file_unless(mine))
    check_acting({design.name: (design, composed)})
    return design


def compare(
    pilots: Pilot | Sequence[Pilot],
    *,
    folder: Folder,
    replications: int | None = None,
    config_dir: Folder | None = None,
    measures: Iterable[OwnMeasure] = (),
    charts: bool = True,
    only: Iterable[str] = (),
    formats: Iterable[str] = USUAL,
    size: str | None = None,
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
    config_dir : path, optional
        A folder of configs of one's own, whose `face.yaml` may hold figures of its district.
    measures : iterable of OwnMeasure
        Measures of one's own beside the built-in ones.
    charts : bool
        Whether any is drawn.
    only : iterable of str
        The names of the charts that are, or the first words of their names; by default all.
    formats : iterable of str
        Of `svg`, `png` and `pdf`.
    size : str, optional
        `slide`, `page` or `column`; by default that of a screen.
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
    designs, where, own = (
        arguments.designs(pilots),
        arguments.folder_of("folder", folder),
        arguments.own_measures(measures),
    )
    on, console = arguments.backend_of(engine, executor, workers), arguments.console_of(progress)
    wanted, mine = arguments.wanted_charts(charts, only, formats, size), arguments.config_folder(config_dir)
    if replications is not None:
        number = {"replications": arguments.bounded("replications", replications)}
        designs = [one.model_copy(update={"run": one.run.model_copy(update=number)}) for one in designs]
    with speaking(lang):
        return run_comparison(
            prepared_all(shown_with(one, own) for one in designs), where, on,
            console=console, command=("sim.compare",), measures=own, config_dir=mine, wanted=wanted,
        )  # fmt: skip


def sweep(
    study: str | Mapping[str, Any],
    *,
    folder: Folder,
    knobs: Mapping[str, Any] | None = None,
    config_dir: Folder | None = None,
    measures: Iterable[OwnMeasure] = (),
    retry: bool = False,
    charts: bool = True,
    only: Iterable[str] = (),
    formats: Iterable[str] = USUAL,
    size: str | None = None,
    engine: Engine = "compiled",
    executor: Executor = "local",
    workers: int | None = None,
    progress: bool = True,
    lang: str | None = None,
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
    charts, only, formats, size, engine, executor, workers, progress, lang
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
    where, own, again = (
        arguments.folder_of("folder", folder),
        arguments.own_measures(measures),
        arguments.flag("retry", retry),
    )
    on, console, given = (
        arguments.backend_of(engine, executor, workers),
        arguments.console_of(progress),
        overrides_of(knobs),
    )
    wanted, mine = arguments.wanted_charts(charts, only, formats, size), arguments.config_folder(config_dir)
    with speaking(lang):
        return run_sweep(
            arguments.study_of(study, mine), Line(given, mine), where, on,
            console=console, retry=again, command=("sim.sweep",), measures=own, wanted=wanted,
        )  # fmt: skip


def preview(
    study: str | Mapping[str, Any],
    *,
    folder: Folder,
    knobs: Mapping[str, Any] | None = None,
    config_dir: Folder | None = None,
    measures: Iterable[OwnMeasure] = (),
    engine: Engine = "compiled",
    executor: Executor = "local",
    workers: int | None = None,
    progress: bool = True,
    lang: str | None = None,
) -> Preview:
    """Return what a study would run and how long that takes here; two replications a pilot are timed, and kept.

    Parameters
    ----------
    study, folder, knobs, config_dir, measures, engine, executor, workers, progress, lang
        As for `sweep`; the folder is not made, and the archive beside it says what is kept already.

    Returns
    -------
    Preview
        `points` (polars.DataFrame), `table`, `sentences`.

    Raises
    ------
    ConfigError
        In one paragraph with path, rule and value.
    """
    where, own = arguments.folder_of("folder", folder), arguments.own_measures(measures)
    on, console, given = (
        arguments.backend_of(engine, executor, workers),
        arguments.console_of(progress),
        overrides_of(knobs),
    )
    mine = arguments.config_folder(config_dir)
    with speaking(lang):
        return foreseen(arguments.study_of(study, mine), Line(given, mine), where, on, console=console, measures=own)


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
    design = arguments.design("pilot", pilot)
    number, own = arguments.bounded("replication", replication), arguments.own_measures(measures)
    return run_replication(design, number, arguments.engine_of(engine), packed(own))


def journey(
    pilots: Pilot | Sequence[Pilot],
    request: int | Literal["slowest"] | None = None,
    *,
    archetype: str | None = None,
    channel: Literal["counter", "phone", "latent"] | None = None,
    replication: int = 0,
    engine: Engine = "compiled",
    lang: str | None = None,
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
    engine, lang
        As for `compare`.

    Returns
    -------
    Journeys
        It prints as tables; `rows` (polars.DataFrame, one row a step), `chart()`.

    Raises
    ------
    ConfigError
        The request must exist; at most two designs can be followed, which must have the same run; the language must be
        there.
    """
    designs = arguments.designs(pilots)
    if len(designs) > 2:
        raise ConfigError(f"pilots must be one or two, got {len(designs)}")
    for name, text in (("archetype", archetype), ("channel", channel)):
        if text is not None:
            arguments.text(name, text)
    which = request if request is None or isinstance(request, str) else arguments.bounded("request", request)
    number = arguments.bounded("replication", replication)
    with speaking(lang) as language:
        journeys, remarks = follow(designs, Selection(which, archetype, channel), number, arguments.engine_of(engine))
        return Journeys(tuple(journeys), number, tuple(remarks), language)


def network(source: Folder | Mapping[str, Any]) -> QueueNetwork:
    """Return a queueing network: a file of `configs/network/` by its name, a YAML file by its path, or plain data.

    Parameters
    ----------
    source : str, path or mapping
        `mmc`, `folder/mine.yaml`, or what such a file says (docs/networks.md).

    Returns
    -------
    QueueNetwork
        The checked network, for `measure`; frozen.

    Raises
    ------
    ConfigError
        In one paragraph with path, rule and value.
    """
    if isinstance(source, Mapping):
        return sample.load(dict(source))
    found = arguments.network_of(source)
    if isinstance(found, Path):
        return sample.load(read_yaml(found))
    return sample.load(compose("queue", Line((f"network={found}",)))["network"])


def measure(
    network: QueueNetwork,
    *,
    replications: int | None = None,
    seed: int = 1,
    confidence: float = 0.95,
    engine: Engine = "compiled",
    executor: Executor = "serial",
    workers: int | None = None,
    progress: bool = True,
    lang: str | None = None,
) -> NetworkRun:
    """Run a queueing network and return its measures, beside theory where it is a textbook queue; nothing is kept.

    Parameters
    ----------
    network : QueueNetwork
        As `network` returns it.
    replications : int, optional
        By default as the network says.
    seed : int
        Of the random numbers.
    confidence : float
        Of the intervals, each on its own.
    engine, executor, workers, progress, lang
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
    if not isinstance(network, QueueNetwork):
        raise ConfigError(f"network must be what sim.network returns, got {shown(network)}")
    network = sample.checked_again(network)
    if replications is not None:
        network = network.model_copy(update={"replications": arguments.bounded("replications", replications)})
    on, console = arguments.backend_of(engine, executor, workers), arguments.console_of(progress)
    numbers = {"seed": arguments.bounded("seed", seed), "confidence": arguments.bounded("confidence", confidence)}
    network_run.check_memory(network, "the network", on.engine)
    with speaking(lang):
        return network_run.run(network, "network", on, console=console, **numbers)


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
    NetworkError
        A copy of a network with other tables must keep the rules of `make_network`.
    """
    if not isinstance(network, Network):
        other = " (sim.measure runs what sim.network returns)" if isinstance(network, QueueNetwork) else ""
        raise ConfigError(f"network must be what sim.make_network returns{other}, got {shown(network)}")
    until = arguments.whole_number("horizon", horizon, 0)
    if until >= LIMIT:
        raise ConfigError(f"horizon must be below 2^62, got {shown(until)}")
    return engines.run(checked_again(network), until, arguments.engine_of(engine))
