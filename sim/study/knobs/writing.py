"""What turning the knobs found, to be read, and to be written into the rows of the evidence."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim.config.compose import EVIDENCE
from sim.config.reading import read_text
from sim.errors import ConfigError
from sim.language import N_, gettext, pgettext
from sim.measures.dictionary import DEFINITIONS
from sim.report.tables import Column, Table, decimals, escape_markdown, number, scale_of, with_its_unit
from sim.statistics.reasons import in_words
from sim.store import files
from sim.study.knobs.rows import direction_words
from sim.study.points.factors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sim.statistics.intervals import Difference
    from sim.study.knobs.outcomes import Change, Outcome
    from sim.study.knobs.trials import Settings

MOST_SHOWN = 3
"""Measures of a knob in the page, and in what is proposed for its row: those that moved most for their intervals."""

OPENING = N_("""\
# What each knob moves

Made by `wangge knobs`: every row of the evidence, both ends of its range (half and double where it has none), one at a
time, in a design in which the knob can act, on the same draws as the base. A measure is moved where the paired 95 %
interval leaves out 0. A knob whose row says what it moves is tried on those measures alone, another on all; the
intervals of a knob, over its measures and ends, hold together, and not those of different knobs: of knobs that move
nothing, up to one in twenty is said to move something. Part of what rows say was found by an earlier run on these very
replications; `run.seed=2` tries it on others. The direction is that of the measure when the knob goes from low to high.
A measure from which nothing follows at an end, as too many of its requests go to staff who cannot keep up, or too many
are left or open, is not compared there. At most {shown} measures of a knob are shown; `knobs.csv` has all.
Replications of each design: {replications}.
""")

KEYS = (N_("row"), N_("design"), N_("tried"))
CHANGES = (N_("measure"), N_("low to high"), N_("base"), N_("change at the low end"))


def page(outcomes: Sequence[Outcome], settings: Settings) -> str:
    """Return the page of all knobs in Markdown."""
    named = {f"- `{one.trial.row.spoken_name}`": escape_markdown(one.failure) for one in outcomes}
    failures = [gettext("{level}: {reason}", level=name, reason=failure) for name, failure in named.items() if failure]
    heading = gettext("Failures")
    parts = [
        gettext(OPENING, shown=MOST_SHOWN, replications=settings.replications),
        *([f"## {heading}\n\n" + "\n".join(failures)] if failures else []),
        *(f"## {one.title}\n\n{replace(one, title='').to_markdown()}" for one in tables(outcomes).values()),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def tables(outcomes: Sequence[Outcome]) -> dict[str, Table]:
    """Return the tables of the page: what moves a measure, and what moves none, where there is such a knob."""
    moving = [cells for one in outcomes for cells in lines(one)]
    keys = tuple(map(gettext, KEYS))
    heads = (*keys, *map(gettext, CHANGES), pgettext("change of a measure", "at the high end"))
    made = {"moving": _table(gettext("Knobs that move a measure"), heads, moving)}
    still = [(*_keys(one), _why(one)) for one in outcomes if not one.moved]
    if still:
        made["still"] = _table(gettext("Knobs that move none, or were not tried"), (*keys, gettext("why")), still)
    return made


def _table(title: str, heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    """Return a table of words."""
    return Table(title, tuple(map(Column, heads)), tuple(rows))


def lines(one: Outcome) -> list[tuple[str, ...]]:
    """Return the lines of a knob in the table: one a measure that moved, the strongest first."""
    return [(*_keys(one), *_cells(change)) for change in one.moved[:MOST_SHOWN]]


def _keys(one: Outcome) -> tuple[str, ...]:
    """Return the row of a knob, its design and the values that were tried."""
    return one.trial.row.spoken_name, one.trial.where, _tried(one)


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
        direction_words(change.direction),
        with_its_unit(base, unit),
        *(_change(d, factor, points) for d in (low, high)),
    )


def _change(difference: Difference | None, factor: float, unit: str) -> str:
    """Return a difference with its interval in words; a dash where there is none."""
    if difference is None:
        return "–"
    estimate, low, high = (factor * one for one in (difference.estimate, difference.low, difference.high))
    places = decimals((high - low) / 2, max(abs(estimate), abs(low), abs(high)))
    words = [number(one, places, signed=True) for one in (estimate, low, high)]
    ends = gettext("{low} to {high}", low=words[1], high=words[2])
    return with_its_unit(gettext("{value} ({ends})", value=words[0], ends=ends), unit)


def _tried(one: Outcome) -> str:
    """Return the values that were tried, and the base between them."""
    row = one.trial.row
    low = [shown(value) for end, value in row.ends.items() if end in ("low", "half")]
    high = [shown(value) for end, value in row.ends.items() if end not in ("low", "half")]
    return " / ".join([*low, shown(row.base), *high])


def _why(one: Outcome) -> str:
    """Return why a knob moves none, or why it was not tried."""
    return one.trial.row.reason or in_words(one.why) or gettext("not said")


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
        files.replace(file, fresh.encode(), file.parent)
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
