"""Measures of one's own: functions from a replication's record to values, given from Python and never from a file.

What such a measure gave is archived under a digest of its name and source, so that a changed function is run again.
"""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.config.report import ALL, JudgedMeasure
from sim.errors import ConfigError
from sim.measures.dictionary import DEFINITIONS
from sim.measures.long_table import Rows
from sim.store import files

if TYPE_CHECKING:
    import polars as pl

    from sim.config import Pilot
    from sim.district.blocks import Record

    Values = float | Mapping[str, float]
    Function = Callable[[Record], Values]

PLAIN = (int, float, str, bytes, bool, type(None))


@dataclass(frozen=True)
class OwnMeasure:
    """A measure of one's own.

    Parameters
    ----------
    name
        By which tables call it: letters, digits and underscores, and no name that a measure of ours has.
    function
        Called with the whole record of a replication; it returns a number (NaN where there is nothing to measure), or a
        mapping of groups (as `all` or `level:district`) to numbers.
    unit
        Of the values.
    label
        Its words; by default the name.
    mid
        The smallest difference that matters, in that unit. With one, comparisons show and judge the measure.
    higher_is_better
        Which way is good.

    Raises
    ------
    ConfigError
        The name must be free. The function must have a source that can be read, and hang on nothing but its arguments,
        plain constants, modules and functions of its own module: what else it used could change unseen.
    """

    name: str
    function: Function
    unit: str = ""
    label: str = ""
    mid: float | None = None
    higher_is_better: bool = False

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or not self.name.isascii():
            raise ConfigError(f"name must be of letters, digits and underscores, got {self.name!r}")
        if self.name in DEFINITIONS:
            raise ConfigError(f"name must be none that a measure of wangge has, got {self.name}")
        if self.mid is not None and not self.mid > 0:
            raise ConfigError(f"mid must be above 0, got {self.mid:g}")
        self.digest()

    def digest(self) -> str:
        """Return the digest of the name and of all source that the function depends on."""
        return files.digest("\n".join([self.name, self.unit, *_sources(self.function, self.name, [])]).encode())

    def judged(self) -> JudgedMeasure | None:
        """Return how the measure is judged, or None without a smallest difference that matters."""
        if self.mid is None:
            return None
        return JudgedMeasure(
            measure=self.name, label=self.label or self.name.replace("_", " "), mid=float(self.mid),
            higher_is_better=self.higher_is_better, touched=None,
        )  # fmt: skip


@dataclass(frozen=True)
class Packed:
    """Measures of one's own on their way to a worker: with their functions as bytes, and their digests by name."""

    data: bytes
    digests: Mapping[str, str]

    def rows(self, record: Record) -> pl.DataFrame:
        """Return the values of a replication's record as rows of the long table.

        Raises
        ------
        ConfigError
            A function must return a number, or a mapping of groups to numbers.
        """
        import pickle

        rows = Rows()
        for measure in pickle.loads(self.data):  # our own bytes: they never come from a file
            values = measure.function(record)
            for group, value in (values if isinstance(values, Mapping) else {ALL: values}).items():
                if not isinstance(group, str) or isinstance(value, str) or not _is_number(value):
                    raise ConfigError(
                        f"measure {measure.name} must return a number, or a mapping of groups to numbers, got "
                        f"{value!r:.60}"
                    )
                rows.add(measure.name, group, measure.unit, float(value), 1)
        return rows.frame()


NOTHING = Packed(b"", {})


def packed(measures: Sequence[OwnMeasure]) -> Packed:
    """Return measures, ready to travel to workers on this machine or another.

    Raises
    ------
    ConfigError
        Each must have a name of its own.
    """
    if not measures:
        return NOTHING
    import cloudpickle

    names = [measure.name for measure in measures]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"measures must have names of their own, got {name} twice")
    modules = {inspect.getmodule(measure.function) for measure in measures}
    by_value = [m for m in modules if m is not None and m.__name__ != "__main__" and not m.__name__.startswith("sim.")]
    for module in by_value:  # a worker may not be able to import it
        cloudpickle.register_pickle_by_value(module)
    try:
        data = cloudpickle.dumps(tuple(measures))
    finally:
        for module in by_value:
            cloudpickle.unregister_pickle_by_value(module)
    return Packed(data, {measure.name: measure.digest() for measure in measures})


def shown_with(pilot: Pilot, measures: Sequence[OwnMeasure]) -> Pilot:
    """Return a pilot whose comparisons show and judge these measures too; its numbers are the same."""
    judged = tuple(one for one in (measure.judged() for measure in measures) if one is not None)
    if not judged:
        return pilot
    report = pilot.report.model_copy(update={"measures": (*pilot.report.measures, *judged)})
    return pilot.model_copy(update={"report": report})


def _is_number(value: Any) -> bool:
    """Return whether a value is a number, NaN among them."""
    try:
        return not math.isinf(float(value))
    except (TypeError, ValueError):
        return False


def _sources(function: Any, name: str, known: list[Any]) -> list[str]:
    """Return the sources of a function and of those of its module that it calls, and the constants that it uses."""
    if function in known:
        return []
    known.append(function)
    try:
        source = inspect.getsource(function)
        used = inspect.getclosurevars(function)
    except (OSError, TypeError) as error:
        raise ConfigError(f"measure {name} must be a Python function whose source can be read: {error}") from error
    if used.nonlocals:
        raise ConfigError(
            f"measure {name} must use no variable of a function around it (give it as a default), got "
            f"{', '.join(used.nonlocals)}"
        )
    sources = [source, repr(function.__defaults__), repr(function.__kwdefaults__)]
    for key, value in sorted(used.globals.items()):
        if isinstance(value, types.ModuleType):
            sources.append(f"{key}: {value.__name__}")
        elif isinstance(value, PLAIN):
            sources.append(f"{key} = {value!r}")
        elif inspect.isfunction(value) and value.__module__ == function.__module__:
            sources += _sources(value, name, known)
        elif hasattr(value, "__module__") and value.__module__ != function.__module__:
            sources.append(f"{key}: {value.__module__}.{getattr(value, '__qualname__', key)}")
        else:
            raise ConfigError(
                f"measure {name} must use plain constants, modules and functions of its own module only, got {key}"
            )
    return sources
