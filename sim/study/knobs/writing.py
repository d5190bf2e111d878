"""What turning the knobs found, to be read, and to be written into the rows of the evidence."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from sim.config.compose import EVIDENCE
from sim.config.reading import read_text
from sim.errors import ConfigError
from sim.measures.dictionary import DEFINITIONS
from sim.report.tables import Column, Table, decimals, escape_markdown, number, scale_of
from sim.study.points.factors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sim.statistics.intervals import Difference
    from sim.study.knobs.outcomes import Change, Outcome
    from sim.study.knobs.trials import Settings

MOST_SHOWN = 3
"""Measures of a knob in the page, and in what is proposed for its row: those that moved most for their intervals."""

OPENING = """\
# What each knob moves

Made by `wangge knobs`: every row of the evidence, both ends of its range (half and double where it has none), one at a
time, in a design in which the knob can act, on the same draws as the base. A measure is moved where the paired 95 %
interval leaves out 0. A knob whose row says what it moves is tried on those measures alone, another on all; the
intervals of a knob, over its measures and ends, hold together. Part of what rows say was found by an earlier run on
these very replications; `run.seed=2` tries it on others. The direction is that of the measure when the knob goes from
low to high. A measure from which nothing follows at an end, as too many of its requests go to staff who cannot keep up,
or too many are left or open, is not compared there. At most {shown} measures of a knob are shown; `knobs.csv` has all.
Replications of each design: {replications}.
"""

HEADS = ("row", "design", "tried", "measure", "low to high", "base", "change at the low end", "at the high end")


def page(outcomes: Sequence[Outcome], settings: Settings) -> str:
    """Return the page of all knobs in Markdown."""
    failures = [f"- `{one.trial.row.name}`: {escape_markdown(one.failure)}" for one in outcomes if one.failure]
    parts = [
        OPENING.format(shown=MOST_SHOWN, replications=settings.replications),
        *(["## Failures\n\n" + "\n".join(failures)] if failures else []),
        "## Knobs that move a measure\n\n" + _table(HEADS, [cells for one in outcomes for cells in lines(one)]),
    ]
    still = [(one.trial.row.name, one.trial.where, _tried(one), _why(one)) for one in outcomes if not one.moved]
    if still:
        parts.append(
            "## Knobs that move none, or were not tried\n\n" + _table(("row", "design", "tried", "why"), still)
        )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def lines(one: Outcome) -> list[tuple[str, ...]]:
    """Return the lines of a knob in the table: one a measure that moved, the strongest first."""
    return [(one.trial.row.name, one.trial.where, _tried(one), *_cells(change)) for change in one.moved[:MOST_SHOWN]]


def unit_of(change: Change) -> str:
    """Return the unit of a measure, empty for one that the dictionary does not know."""
    return DEFINITIONS.get(change.response.measure, ("", ""))[0]


def _cells(change: Change) -> tuple[str, ...]:
    """Return measure, direction, base and both changes of a measure in words."""
    factor, unit, points = scale_of(unit_of(change))
    ends = list(change.ends.items())
    low = next((one for end, one in ends if end in ("low", "half")), None)
    high = next((one for end, one in ends if end not in ("low", "half")), None)
    half = min((one.half_width for _, one in ends if one.half_width > 0), default=math.nan) * factor
    base = number(change.base * factor, decimals(half, change.base * factor))
    return (
        str(change.response),
        change.direction,
        f"{base} {unit}".strip(),
        *(_change(d, factor, points) for d in (low, high)),
    )


def _change(difference: Difference | None, factor: float, unit: str) -> str:
    """Return a difference with its interval in words; a dash where there is none."""
    if difference is None:
        return "–"
    estimate, low, high = (factor * one for one in (difference.estimate, difference.low, difference.high))
    places = decimals((high - low) / 2, max(abs(estimate), abs(low), abs(high)))
    words = [number(one, places, signed=True) for one in (estimate, low, high)]
    return f"{words[0]} ({words[1]} to {words[2]}) {unit}".strip()


def _tried(one: Outcome) -> str:
    """Return the values that were tried, and the base between them."""
    row = one.trial.row
    low = [shown(value) for end, value in row.ends.items() if end in ("low", "half")]
    high = [shown(value) for end, value in row.ends.items() if end not in ("low", "half")]
    return " / ".join([*low, shown(row.base), *high])


def _why(one: Outcome) -> str:
    """Return why a knob moves none, or why it was not tried."""
    return one.trial.row.why or one.why or "not said"


def _table(heads: Sequence[str], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown, without a title."""
    return Table("", tuple(Column(head) for head in heads), tuple(rows)).to_markdown()


def proposed(one: Outcome) -> dict[str, Any]:
    """Return the keys that a row lacks, as the run found them; empty where the row says something already.

    Why a knob moves nothing, or cannot be tried, is for somebody to find out and to write.
    """
    row = one.trial.row
    if row.moves is not None or row.why or not one.moved:
        return {}
    return {"moves": {str(change.response): change.direction for change in one.moved[:MOST_SHOWN]}}


def patch(outcomes: Iterable[Outcome]) -> str:
    """Return what `--write` would add to the rows of the evidence, in YAML: keys by the names of rows."""
    import yaml

    proposals = {one.trial.row.name: keys for one in outcomes if (keys := proposed(one))}
    return str(yaml.safe_dump(proposals, sort_keys=False, allow_unicode=True, width=118))


def write(file: Path, outcomes: Iterable[Outcome]) -> int:
    """Add what rows of a file of evidence lack, as a run found it, and return how many rows that were.

    What somebody has written of a row stays; comments, order and line breaks of the file stay too.

    Raises
    ------
    ConfigError
        Every row must be written in one piece, as the shipped ones are.
    """
    proposals = {(one.trial.row.path, one.trial.row.pilots): keys for one in outcomes if (keys := proposed(one))}
    text = read_text(file)
    fresh, n = with_keys(text, proposals)
    if n:
        file.write_text(fresh, encoding="utf-8")
    return n


def with_keys(text: str, proposals: Mapping[tuple[str, tuple[str, ...]], Mapping[str, Any]]) -> tuple[str, int]:
    """Return a file of evidence with keys added to rows, by path and pilots, and how many rows got some.

    Raises
    ------
    ConfigError
        The file must read as before but for what was added.
    """
    import yaml

    pieces = re.split(r"(?m)^(?=- |#|$)", text)
    wanted = yaml.safe_load(text) or []
    n = 0
    for i, piece in enumerate(pieces):
        if not piece.startswith("- "):
            continue
        (row,) = yaml.safe_load(piece)
        keys = proposals.get((row["path"], tuple(row.get("pilots") or ())), {})
        new = {key: value for key, value in keys.items() if key not in row}
        if new:
            pieces[i] = _added(piece, new)
            next(one for one in wanted if one == row).update(new)
            n += 1
    fresh = "".join(pieces)
    if (yaml.safe_load(fresh) or []) != wanted:
        raise ConfigError(f"{EVIDENCE} must have each row in one piece, as the shipped one, to be written by --write")
    return fresh, n


def _added(piece: str, keys: Mapping[str, Any]) -> str:
    """Return the text of a row with keys added at its end, in the row's own style."""
    import yaml

    whole = piece.rstrip()
    texts = [
        yaml.safe_dump({key: value}, default_flow_style=True, sort_keys=False, width=10_000)
        for key, value in keys.items()
    ]
    inside = [text.strip().removeprefix("{").removesuffix("}") for text in texts]
    if whole.endswith("}"):
        return whole[:-1] + "".join(f",\n   {one}" for one in inside) + "}" + piece[len(whole) :]
    return whole + "".join(f"\n  {one}" for one in inside) + piece[len(whole) :]
