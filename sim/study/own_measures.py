"""Measures of one's own: functions from a replication's record to values, given from Python and never from a file.

What such a measure gave is archived under a digest of its name and source, so that a changed function is run again.
"""

from __future__ import annotations

import inspect
import math
import re
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import FrozenInstanceError, dataclass
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.arrays import read_only
from sim.config.case import LEVELS
from sim.config.checking import is_plain
from sim.config.report import ALL, JudgedMeasure
from sim.district.blocks import Record
from sim.errors import ConfigError, FrozenError, near, sealed, shown
from sim.measures.dictionary import DEFINITIONS
from sim.measures.long_table import Rows
from sim.store import files
from sim.study.function_source import sources
from sim.study.withholding import STAFF

if TYPE_CHECKING:
    import polars as pl

    from sim.config import Pilot

Values = float | Mapping[str, float]
Function = Callable[[Record], Values]

NAME = re.compile(r"[^\W\d_]\w{0,39}")
GROUP = re.compile(r"[^\W\d_]\w*:\w[\w .,'+-]*(\|[^\W\d_]\w*:\w[\w .,'+-]*)*")


@sealed("another one is made by sim.OwnMeasure")
@dataclass(frozen=True)
class OwnMeasure:
    """A measure of one's own.

    Parameters
    ----------
    name
        By which tables call it: a letter, then letters, digits and underscores, 40 in all; no measure of ours has it.
    function
        Called with the whole record of a replication; it returns a number (NaN where there is nothing to measure), or a
        mapping of groups (as `all` or `level:district`) to numbers.
    unit
        Of the values, on one line.
    label
        Its words where it is judged, on one line; by default the name.
    mid
        The smallest difference that matters, in that unit. With one, comparisons show and judge the measure.
    higher_is_better
        Which way is good.
    touched
        The measure that says which share of the requests behind it meets staff who cannot keep up, `staff` for a
        measure of staff, or None where overload does not reach it: verdicts are withheld by it as for others.

    Raises
    ------
    ConfigError
        The name must be free and the smallest difference above 0. The function must have a source that can be read,
        and depend on its argument, plain constants, other such functions and installed packages only, as far as the
        source shows it. What is named as `touched` must be a measure of ours, or `staff`.
    """

    name: str
    function: Function
    unit: str = ""
    label: str = ""
    mid: float | None = None
    higher_is_better: bool = False
    touched: str | None = "touched"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise ConfigError(
                "name must be a letter and then letters, digits and underscores, at most 40 in all, got "
                f"{shown(self.name)}"
            )
        if self.name in DEFINITIONS:
            raise ConfigError(f"name must be none that a measure of wangge has, got {self.name}")
        for key in ("unit", "label", *(() if self.touched is None else ("touched",))):
            if not isinstance(getattr(self, key), str):
                raise ConfigError(f"{key} of measure {self.name} must be a text, got {shown(getattr(self, key))}")
            if not is_plain(getattr(self, key)):
                raise ConfigError(
                    f"{key} of measure {self.name} must be one line with no control characters, no marks of direction "
                    f"and no halves of characters, got {shown(getattr(self, key))}"
                )
        if self.touched is not None and self.touched not in (STAFF, *DEFINITIONS):
            raise ConfigError(
                f"touched of measure {self.name} must be {STAFF} or a measure of wangge"
                f"{near(self.touched, (STAFF, *DEFINITIONS))}, got {shown(self.touched)}"
            )
        if not isinstance(self.higher_is_better, bool):
            raise ConfigError(
                f"higher_is_better of measure {self.name} must be true or false, got {shown(self.higher_is_better)}"
            )
        if self.mid is not None and (isinstance(self.mid, bool) or not _is_number(self.mid) or not self.mid > 0):
            raise ConfigError(f"mid of measure {self.name} must be a number above 0, got {shown(self.mid)}")
        self.digest()

    def digest(self) -> str:
        """Return the digest of the name and of all source that the function depends on."""
        return self._digest(self.sources())

    def _digest(self, texts: Mapping[types.FunctionType, Sequence[str]]) -> str:
        """Return the digest of the name, the unit and the texts of all functions."""
        listed = [text for some in texts.values() for text in some]
        return files.digest("\n".join([self.name, self.unit, *listed]).encode())

    def sources(self) -> dict[types.FunctionType, list[str]]:
        """Return the function and those of one's own that it calls, each with the texts that say what it does."""
        return sources(self.function, f"measure {self.name}")

    def values(self, record: Record) -> dict[str, float]:
        """Return the values of a replication's record by group.

        Raises
        ------
        ConfigError
            The function must not fail, and return a number, or a mapping of groups to numbers, with one for `all` if it
            is judged. Groups must be named as those of other measures are.
        """
        try:
            given = self.function(record)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:  # who calls us does not end because a measure would
            raise ConfigError(self._failed(error)) from error
        values = dict(given) if isinstance(given, Mapping) else {ALL: given}
        for group, value in values.items():
            if not isinstance(group, str) or not group or not _is_number(value):
                raise ConfigError(
                    f"measure {self.name} must return a number (no infinite one), or a mapping of groups to numbers, "
                    f"got {shown(value)} for {shown(group)}"
                )
            if group != ALL and not GROUP.fullmatch(group):
                raise ConfigError(
                    f"groups of measure {self.name} must be {ALL}, or a kind and a name as level:district"
                    f"{near(group, (ALL, *(f'level:{one}' for one in LEVELS)))}, got {shown(group)}"
                )
        if self.mid is not None and ALL not in values:
            raise ConfigError(f"measure {self.name} must return a number for {ALL}, as it has a mid, got none")
        return {group: float(value) for group, value in values.items()}

    def _failed(self, error: BaseException) -> str:
        """Return what is said where the function fails, with the last line of its own file that was reached."""
        file = self.function.__code__.co_filename
        lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == file]
        where = f"line {lines[-1]} of {Path(file).name}: " if lines else ""
        rule = "must return a value"
        if "read-only" in str(error) or isinstance(error, (FrozenError, FrozenInstanceError)):
            rule = "must leave the record as it is, which others are given too (change a copy of an array)"
        return f"measure {self.name} {rule}, got {where}{type(error).__name__}: {error}"

    def judged(self) -> JudgedMeasure | None:
        """Return how the measure is judged, or None without a smallest difference that matters."""
        if self.mid is None:
            return None
        return JudgedMeasure(
            measure=self.name, label=self.label or self.name.replace("_", " "), mid=float(self.mid),
            higher_is_better=self.higher_is_better, touched=self.touched,
        )  # fmt: skip


@dataclass(frozen=True)
class Packed:
    """Measures of one's own on their way to a worker: with their functions as bytes, and their digests by name."""

    data: bytes
    digests: Mapping[str, str]

    def rows(self, record: Record) -> pl.DataFrame:
        """Return the values of a replication's record as rows of the long table; it raises as `OwnMeasure.values`."""
        import pickle

        rows = Rows()
        for measure in pickle.loads(self.data):  # our own bytes: they never come from a file
            for group, value in measure.values(read_only(record)).items():  # each its own: no array is handed on
                rows.add(measure.name, group, measure.unit, value, 1)
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
    # Anew, not as they were when a measure was made: a constant may have changed since.
    texts = {measure.name: measure.sources() for measure in measures}
    modules = {inspect.getmodule(function) for functions in texts.values() for function in functions}
    by_value = [module for module in modules if module is not None and module.__name__ != "__main__"]
    for module in by_value:  # a worker may not be able to import it
        cloudpickle.register_pickle_by_value(module)
    try:
        data = cloudpickle.dumps(tuple(measures))
    finally:
        for module in by_value:
            cloudpickle.unregister_pickle_by_value(module)
    return Packed(data, {measure.name: measure._digest(texts[measure.name]) for measure in measures})


def shown_with(pilot: Pilot, measures: Sequence[OwnMeasure]) -> Pilot:
    """Return a pilot whose comparisons show and judge these measures too; its numbers are the same."""
    judged = tuple(one for one in (measure.judged() for measure in measures) if one is not None)
    if not judged:
        return pilot
    report = pilot.report.model_copy(update={"measures": (*pilot.report.measures, *judged)})
    return pilot.model_copy(update={"report": report})


def _is_number(value: Any) -> bool:
    """Return whether a value is a number, NaN among them, and not infinite."""
    if not isinstance(value, (Real, np.bool_)):
        return False
    try:
        return not math.isinf(value)
    except OverflowError:  # a whole number beyond all floats
        return False
