"""Factors from the evidence: each row's low, base and high become the levels of a factor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from experiments.composition import CONFIGS, EVIDENCE
from experiments.studies.factors import shown
from experiments.studies.points import value_at
from sim import config
from sim.config import ConfigError, near
from sim.design import Factor, Knob, Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ALL = "all"

# What says how results are read, not how the district works.
READING = ("mid.", "run.")

# Shares of one whole: where one moves, the others make room.
WHOLES = (
    ("staffing.street_sent_down_share", "staffing.street_sent_up_share"),
    *(
        tuple(f"burden.{work}.{part}" for part in parts)
        for work, parts in (
            ("district_own_work", ("public_service", "economic", "enforcement", "justice", "party")),
            ("street_own_work", ("economic", "enforcement", "justice", "party", "relay")),
        )
    ),
)


def rows(config_dir: Path | None) -> list[dict[str, Any]]:
    """Return the rows of the evidence: those of the user's own district stand before the shipped ones.

    Raises
    ------
    ConfigError
        The file must be YAML, a list of rows.
    """
    import yaml

    own = config_dir / EVIDENCE if config_dir else None
    found: list[dict[str, Any]] = []
    for file in (own, CONFIGS / EVIDENCE):
        if file is None or not file.is_file():
            continue
        try:
            read = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"{EVIDENCE} must be YAML in UTF-8: {' '.join(str(error).split())}") from error
        if not isinstance(read, list) or not all(isinstance(row, dict) and "path" in row for row in read):
            raise ConfigError(f"{EVIDENCE} must be a list of rows, each with a path, got {shown(read)}")
        known = {row["path"] for row in found}
        found += [row for row in read if row["path"] not in known]
    return found


def factors(
    names: Sequence[str], plain: Mapping[str, Mapping[str, Any]], config_dir: Path | None
) -> tuple[list[Factor], list[str]]:
    """Return a factor for each row of the evidence that is named, and what is said of rows that were left out.

    Parameters
    ----------
    names : sequence of str
        Paths, or `all`.
    plain : mapping of pilot -> config
        The pilots of the study as they are at the base.

    Raises
    ------
    ConfigError
        A path must be one of the evidence that has a range, and that is of one of these pilots.
    """
    ranged = [row for row in rows(config_dir) if _ranged(row) and set(row.get("pilots", plain)) & set(plain)]
    known = {row["path"] for row in ranged}
    for name in names:
        if name != ALL and name not in known:
            raise ConfigError(
                f"study.evidence must name paths of {EVIDENCE} that have a range{near(name, known)}, got {name}"
            )
    wanted = [row for row in ranged if ALL in names or row["path"] in names]
    made, left = [], []
    for row in wanted:
        of = [pilot for pilot in plain if pilot in row.get("pilots", plain)]
        held = {pilot: value_at(plain[pilot], row["path"]) for pilot in of}
        if any(value is None or not math.isclose(value, row["base"]) for value in held.values()):
            left.append(row["path"])
        else:
            alone = sum(other["path"] == row["path"] for other in wanted) == 1
            made.append(_factor(row, of, plain, only=None if len(of) == len(plain) else tuple(of), alone=alone))
    said = []
    if left:
        said.append(f"{len(left)} rows of the evidence are of other values than these pilots have: {', '.join(left)}.")
    return made, said


def _ranged(row: Mapping[str, Any]) -> bool:
    """Return whether a row has a range of numbers that moves a result."""
    ends = [row.get("low"), row.get("base"), row.get("high")]
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
    return numbers and ends[0] != ends[2] and not row["path"].startswith(READING)


def _factor(
    row: Mapping[str, Any],
    of: Sequence[str],
    plain: Mapping[str, Mapping[str, Any]],
    only: tuple[str, ...] | None,
    *,
    alone: bool,
) -> Factor:
    """Return the factor of a row; where pilots differ in a share of a whole, each makes room in its own way."""
    path = row["path"]
    name = path if alone or only is None else f"{path} ({', '.join(only)})"
    low, base, high = row["low"], row["base"], row["high"]
    moved = {end: _knobs(path, end, of, plain, only) for end in (low, base, high)}
    levels = tuple(Level(f"{end:g}", float(end), moved[end]) for end in dict.fromkeys((low, base, high)))
    ends = tuple(
        (one, float(other.value), config.is_whole(one.key)) for one, other in zip(moved[low], moved[high], strict=True)
    )
    return Factor(name, levels, ends, f"{base:g}")


def _knobs(
    path: str, value: float, of: Sequence[str], plain: Mapping[str, Mapping[str, Any]], only: tuple[str, ...] | None
) -> tuple[Knob, ...]:
    """Return the knob at a value, and the others of its whole, which share what is left as before."""
    found = [Knob(path, value, only)]
    for whole in WHOLES:
        if path not in whole:
            continue
        for pilot in of:
            held = {other: float(value_at(plain[pilot], other)) for other in whole}
            if not math.isclose(sum(held.values()), 1):
                continue
            rest = 1 - held.pop(path)
            for other, share in held.items():
                part = share / rest if rest > 0 else 1 / len(held)
                found.append(Knob(other, (1 - value) * part, (pilot,)))
    return tuple(found)
