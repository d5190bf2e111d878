"""The arguments of the door's calls, checked to be of their type and within the bounds of the configs."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim.config import Name, Pilot, Section, checked, load, study_schema
from sim.config.bounds import Confidence, Replication, Replications, Request, Seed
from sim.config.compose import CONFIGS, Line, compose, options, own_folder
from sim.district import engines
from sim.errors import ConfigError, one_of, shown
from sim.report.console import for_a_caller, quiet
from sim.study.backend import backend
from sim.study.folder.drawing import Wanted
from sim.study.folder.look import Look
from sim.study.own_measures import OwnMeasure

if TYPE_CHECKING:
    from rich.console import Console

    from sim.config.study_schema import Study
    from sim.study.backend import Backend

Folder = str | os.PathLike[str]
Engine = Literal["compiled", "reference"] | Mapping[str, Any]
Executor = Literal["local", "serial", "dask"] | Mapping[str, Any]


class Names(Section):
    """What calls let one name."""

    called: Name


class Numbers(Section):
    """The numbers that calls take beside designs and networks."""

    replications: Replications | None = None
    replication: Replication = 0
    seed: Seed = 1
    confidence: Confidence = 0.95
    request: Request | None = None


def whole_number(name: str, value: Any, least: int | None = None) -> int:
    """Return an argument as a whole number, checked to be one, and to be at least so much."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):  # True would be 1
        raise ConfigError(f"{name} must be a whole number, got {shown(value)}")
    if least is not None and number < least:
        raise ConfigError(f"{name} must be at least {least}, got {shown(number)}")
    return number


def flag(name: str, value: Any) -> bool:
    """Return an argument, checked to be true or false."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be true or false, got {shown(value)}")
    return value


def text(name: str, value: Any) -> str:
    """Return an argument, checked to be a text."""
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be a text, got {shown(value)}")
    return value


def name(key: str, value: Any) -> str:
    """Return an argument that names a design, checked as the name of one is."""
    return checked(Names, {key: text(key, value)}).called


def texts(name: str, value: Any) -> tuple[str, ...]:
    """Return an argument, checked to be a list of texts."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise ConfigError(f"{name} must be a list of texts, got {shown(value)}")
    each = tuple(value)
    for one in each:
        if not isinstance(one, str):
            raise ConfigError(f"{name} must be a list of texts, got {shown(one)} in it")
    return each


def bounded(name: str, value: Any) -> Any:
    """Return a number of `Numbers`, checked by its bounds."""
    if Numbers.model_fields[name].annotation is not float:
        return getattr(checked(Numbers, {name: whole_number(name, value)}), name)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ConfigError(f"{name} must be a number, got {shown(value)}")
    return getattr(checked(Numbers, {name: value if isinstance(value, int) else float(value)}), name)


def settings(name: str, given: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return settings of which only the kind may be given."""
    if not isinstance(given, (str, Mapping)):
        raise ConfigError(f"{name} must be a text or a mapping, got {shown(given)}")
    return given if isinstance(given, Mapping) else {"kind": given}


def design(name: str, given: Any) -> Pilot:
    """Return an argument as a design, checked again: pydantic makes copies with values that it does not check."""
    if not isinstance(given, Pilot):
        raise ConfigError(
            f"{name} must be {'designs' if name == 'pilots' else 'a design'} that sim.pilot returns, got {shown(given)}"
        )
    return load(given.model_dump(mode="json", warnings=False, fallback=repr))


def designs(pilots: Pilot | Sequence[Pilot]) -> list[Pilot]:
    """Return pilots as a list, checked to be some and to have names of their own."""
    if not isinstance(pilots, (Pilot, Iterable)) or isinstance(pilots, (str, bytes)):
        raise ConfigError(f"pilots must be designs that sim.pilot returns, got {shown(pilots)}")
    designs = [design("pilots", one) for one in ([pilots] if isinstance(pilots, Pilot) else pilots)]
    if not designs:
        raise ConfigError("pilots must be at least one, got none")
    names = [one.name for one in designs]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"pilots must have names of their own (sim.pilot(..., called=...)), got {name} twice")
    return designs


def study_of(study: str | Mapping[str, Any], folder: Path | None) -> Study:
    """Return a study: a file of `configs/study/` by its name, or plain data."""
    if isinstance(study, Mapping):
        return study_schema.load(dict(study))
    return study_schema.load(compose("sweep", Line((f"study={file_of('study', study, folder)}",), folder))["study"])


def wanted_charts(charts: bool, only: Iterable[str], formats: Iterable[str], size: str | None) -> Wanted:
    """Return which charts are wanted, and as what they are kept."""
    asked = "" if size is None else text("size", size) or "''"
    named = texts("only", only)
    return Wanted(flag("charts", charts), named, look=Look(texts("formats", formats), asked))


def file_of(group: str, name: str, folder: Path | None = None) -> str:
    """Return the name of a file of a group of configs, checked to be there."""
    return one_of(group, name, options(group, CONFIGS, folder))


def config_folder(config_dir: Folder | None) -> Path | None:
    """Return the folder of one's own configs, if there is one."""
    return None if config_dir is None else own_folder(os.fspath(folder_of("config_dir", config_dir)), "config_dir")


def folder_of(name: str, given: Folder) -> Path:
    """Return an argument as a path, checked to be one."""
    if isinstance(given, (str, os.PathLike)) and isinstance(os.fspath(given), str):
        if not os.fspath(given):
            raise ConfigError(f"{name} must not be empty (the current directory is '.'), got ''")
        if "\0" in os.fspath(given):
            raise ConfigError(f"{name} must be a path without a null character, got {shown(given)}")
        return Path(given)
    raise ConfigError(f"{name} must be a text or a path, got {shown(given)}")


def network_of(given: Folder) -> Path | str:
    """Return where a network is: the path of a file, or the name of one of `configs/network/`, checked to be one."""
    if not isinstance(given, (str, os.PathLike)):
        raise ConfigError(f"network must be a text, a path or a mapping, got {shown(given)}")
    path = folder_of("network", given)
    if path.suffix in (".yaml", ".yml"):
        return path
    if path.name != str(path):
        raise ConfigError(
            f"network must be the name of a file of configs/network/, as mmc, or a path that ends in .yaml or .yml, "
            f"got {shown(str(path))}"
        )
    return file_of("network", str(path))


def own_measures(measures: Iterable[OwnMeasure]) -> tuple[OwnMeasure, ...]:
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


def backend_of(engine: Engine, executor: Executor, workers: int | None) -> Backend:
    """Return by which engine and where to run."""
    if workers is not None:
        whole_number("workers", workers, 1)
    return backend(settings("engine", engine), settings("executor", executor), workers)


def engine_of(engine: Engine) -> engines.Settings:
    """Return the settings of an engine."""
    return engines.chosen(settings("engine", engine))


def console_of(progress: bool) -> Console:
    """Return where to tell how far it is."""
    return for_a_caller() if flag("progress", progress) else quiet()
