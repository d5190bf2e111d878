"""Factors from the evidence: each row's low, base and high become the levels of a factor."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from sim import config
from sim.config.compose import CONFIGS, EVIDENCE, Line, compose, options
from sim.config.reading import read_plain
from sim.errors import ConfigError, near
from sim.language import listed, ngettext
from sim.statistics.designs import Factor, Knob, Level
from sim.study.points.composer import value_at
from sim.study.points.factors import number, shown
from sim.study.points.shares import is_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

ALL = "all"

# Groups that say how results are read, not how the district works.
READING = ("mid.", "report.", "run.")
PRICES = "cost."


def rows(config_dir: Path | None, *, shipped: bool = True) -> list[dict[str, Any]]:
    """Return the rows of the evidence: those of the user's own district come before the shipped ones, if these too.

    Raises
    ------
    ConfigError
        The file must be YAML, a list of rows.
    """
    own = config_dir / EVIDENCE if config_dir else None
    all_rows: list[dict[str, Any]] = []
    for file in (own, CONFIGS / EVIDENCE if shipped else None):
        if file is None or not os.path.lexists(file):
            continue
        read = read_plain(file, within=file.parent)
        read = [] if read is None else read
        wrong = next((row for row in read if not _row(row)), None) if isinstance(read, list) else read
        if wrong is not None:
            raise ConfigError(
                f"{EVIDENCE} must be a list of rows, each with a path, and pilots as a list where it names some, "
                f"got {shown(wrong)}"
            )
        known = {row["path"] for row in all_rows}
        all_rows += [{"pilots": None, **row} for row in read if row["path"] not in known]
    return all_rows


def factors(
    names: Sequence[str], plain: Mapping[str, Mapping[str, Any]], config_dir: Path | None, *, priced: bool = False
) -> tuple[list[Factor], list[str]]:
    """Return a factor for each row of the evidence that is named, and a note on rows that were left out.

    Parameters
    ----------
    names : sequence of str
        Paths, or `all`.
    plain : mapping of pilot -> config
        The pilots of the study as they are at the base.
    priced : bool
        Whether the study asks what designs cost: else prices move nothing, and are not among all.

    Raises
    ------
    ConfigError
        A path must be one of the evidence that has a range, and that is of one of these pilots.
    """
    ranged = [row for row in rows(config_dir) if _ranged(row) and set(row["pilots"] or plain) & set(plain)]
    known = {row["path"] for row in ranged}
    for name in names:
        if name != ALL and name not in known:
            raise ConfigError(
                f"study.evidence must name paths of {EVIDENCE} that have a range{near(name, known)}, got {name}"
            )
    every = [row["path"] for row in ranged if priced or not row["path"].startswith(PRICES)]
    order = [*every, *(name for name in names if name != ALL)] if ALL in names else names
    wanted = [row for path in dict.fromkeys(order) for row in ranged if row["path"] == path]
    made, left = [], []
    for row in wanted:
        of = tuple(pilot for pilot in plain if pilot in (row["pilots"] or plain))
        held = [number(value_at(plain[pilot], row["path"])) for pilot in of]
        if any(value is None or not math.isclose(value, row["base"]) for value in held):
            left.append(row["path"])
        else:
            alone = sum(other["path"] == row["path"] for other in wanted) == 1
            made.append(_factor(row, None if len(of) == len(plain) else of, alone=alone))
    notes = []
    if left:
        notes.append(
            ngettext(
                "{n} row of the evidence is of other values than these pilots have: {paths}.",
                "{n} rows of the evidence are of other values than these pilots have: {paths}.",
                len(left), paths=listed(left),
            )
        )  # fmt: skip
    return made, notes


def not_held(config_dir: Path, plain: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each row of a user's own evidence whose base is not what the user's configs set.

    Parameters
    ----------
    config_dir : path
        The user's folder.
    plain : mapping of pilot -> config
        As the files set them, without what a command line changes.
    """
    if not (config_dir / EVIDENCE).is_file():
        return []
    sentences = []
    for row in rows(config_dir, shipped=False):
        of = [pilot for pilot in plain if pilot in (row["pilots"] or plain)]
        wrong = {pilot: held for pilot in of if not _same(held := value_at(plain[pilot], row["path"]), row.get("base"))}
        if wrong:
            pilot, held = next(iter(wrong.items()))
            sentences.append(
                f"{EVIDENCE} must have the values of the configs beside it: its base of {row['path']} is "
                f"{shown(row.get('base'))}, but {pilot} has {shown(held)}. Change both together."
            )
    return sentences


def not_held_by(config_dir: Path, names: Iterable[str]) -> list[str]:
    """Return the sentences of `not_held` on the pilots of these names that have a file, by their files alone."""
    known = options("pilot", CONFIGS, config_dir)
    files = [name for name in names if name in known]
    return not_held(config_dir, {name: compose("main", Line((), config_dir), f"pilot={name}") for name in files})


def _same(held: Any, base: Any) -> bool:
    """Return whether a config has the value that a row calls its base."""
    one, other = number(held), number(base)
    return bool(held == base) if one is None or other is None else math.isclose(one, other)


def _row(row: Any) -> bool:
    """Return whether this is a row of evidence: a text as its path, and names of pilots if any."""
    if not isinstance(row, dict) or not isinstance(row.get("path"), str):
        return False
    pilots = row.get("pilots")
    return pilots is None or (isinstance(pilots, list) and all(isinstance(name, str) for name in pilots))


def _ranged(row: Mapping[str, Any]) -> bool:
    """Return whether a row has a range of numbers that can change a result."""
    ends = [number(row.get(end)) for end in ("low", "base", "high")]
    numbers = all(end is not None and math.isfinite(end) for end in ends)
    return numbers and ends[0] != ends[2] and not row["path"].startswith(READING)


def _factor(row: Mapping[str, Any], only: tuple[str, ...] | None, *, alone: bool) -> Factor:
    """Return the factor of a row; a share rescales the others of its group."""
    path = row["path"]
    name = path if alone or only is None else f"{path} ({', '.join(only)})"
    low, base, high = row["low"], row["base"], row["high"]
    moved = {end: Knob(path, end, only, is_share(path)) for end in (low, base, high)}
    levels = tuple(Level(shown(end), float(end), (knob,)) for end, knob in moved.items())
    return Factor(name, levels, ((moved[low], float(high), config.takes_integers(path)),), shown(moved[base].value))
