"""The organisation chart of a pilot on one page of A4: its units as a tree, and what each level does in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.charts.comparison import duties
from sim.charts.page import EDGE, Key, Page, short_name, wrapped
from sim.charts.style import styled
from sim.language import N_, enumerated, gettext, ngettext, run_together

if TYPE_CHECKING:
    from sim.arrays import Ints
    from sim.config import Level
    from sim.district.organisation import Organisation

A4 = (11.69, 8.27)
"""Width and height of the page (inches)."""

_FILLS = {"district": "#16324f", "street": "#3f6f8f", "community": "#7fb0d6", "grid": "#e5eff7"}
_INKS = {"district": "white", "street": "white", "community": "#141414", "grid": "#141414"}
_TITLES = {"district": N_("District"), "street": N_("Street offices"), "community": N_("Communities")}
_MERGED = {"street": N_("{n} street offices"), "community": N_("{n} communities"), "grid": N_("{n} grids")}
"""The words of a box that stands for all units of a level."""
_DASHED: dict[str, Any] = {"facecolor": "white", "edgecolor": "#777777", "ls": (0, (4, 3))}
_LINE: dict[str, Any] = {"color": "#777777", "lw": 0.8, "zorder": 1}
_SIDE = 1.35
"""Room of the names of the levels left of the tree and of the words (inches)."""
_ROW, _GAP = 0.34, 0.2
_SIZE = 8.5
_LEADING = 0.152
_MOST_BOXES = 48
"""More units than these are drawn as one box that says how many they are."""


@dataclass(frozen=True)
class _Band:
    """One level in words: its name, what it performs, and its staff; each a list of sentences."""

    level: str
    name: str
    left: list[str]
    right: list[str]


@styled
def organisation_figure(organisation: Organisation, footer: str = "") -> Figure:
    """Return the organisation chart of a pilot.

    Parameters
    ----------
    organisation
        The design on its place.
    footer
        Where it comes from.

    Returns
    -------
    Figure
        A page of A4, lying; longer only where the words need it.
    """
    pilot = organisation.pilot
    bands = _bands(organisation)
    rows = _tree_rows(organisation)
    tree = len(rows) * (_ROW + _GAP)
    columns = _columns(A4[0])
    words = sum(_height(band, columns) for band in bands) + 0.3
    key = [
        Key(gettext("a unit: its number and its heads"), {"facecolor": _FILLS["community"], "edgecolor": "#141414"}),
        Key(gettext("how many grids a community has"), {"facecolor": _FILLS["grid"], "edgecolor": "#141414"}),
        Key(gettext("outside the model, or abolished"), _DASHED),
    ]
    title, subtitle = _title(organisation), _subtitle(organisation)

    def around(body: float) -> Page:
        return Page.around(A4[0], body, title=title, subtitle=subtitle, legend=key, footer=footer)

    bare = around(0.0)
    page = around(max(tree + words + 0.1, A4[1] - bare.height))
    body = page.height - page.top
    axes = page.axes(0, 0, A4[0], body)
    axes.set_axis_off()
    axes.set_xlim(0, A4[0])
    axes.set_ylim(body, 0)
    _draw_tree(axes, rows)
    spare = max(0.0, A4[1] - bare.height - tree - words - 0.1) / (len(bands) + 1)
    _draw_words(axes, bands, tree + spare / 2, spare)
    axes.figure.set_label(short_name(pilot.name))
    return page.figure


def _title(organisation: Organisation) -> str:
    """Return the title: the pilot's staff by level and unit."""
    parts = []
    for level in ("district", "street", "community"):
        if level in organisation.specialisms:
            parts.append(_heads_of(level, organisation.n_units(level), organisation.heads(level)))
    return gettext(
        "{pilot}: {n:,} staff, {where}",
        pilot=short_name(organisation.pilot.title, 60), n=len(organisation.people), where=enumerated(parts),
    )  # fmt: skip


def _heads_of(level: str, n_units: int, heads: int) -> str:
    """Return the heads of a level, and of how many units it has."""
    return {
        "district": gettext("{heads:,} in the district", heads=heads),
        "street": ngettext("{heads:,} in {n} street office", "{heads:,} in {n} street offices", n_units, heads=heads),
        "community": ngettext("{heads:,} in {n} community", "{heads:,} in {n} communities", n_units, heads=heads),
    }[level]


def _subtitle(organisation: Organisation) -> str:
    """Return the subtitle: how files travel, and what the city is."""
    structure, copies = organisation.pilot.structure, organisation.pilot.district.copies
    days = {"days": structure.transfer_working_days, "by_contact": structure.named_contact_working_days}
    message = (
        N_(
            "A file that changes unit takes {days:g} working days, or {by_contact:g} by named contact, on its way, "
            "through every level between."
        )
        if structure.named_contact_share
        else N_("A file that changes unit takes {days:g} working days on its way, through every level between.")
    )
    return run_together([
        gettext("One of {n:,} districts like it.", n=copies) if copies > 1 else "",
        gettext(message, **days),
        gettext("The city's part is a delay outside the model."),
    ])  # fmt: skip


def _bands(organisation: Organisation) -> list[_Band]:
    """Return the words of each level, the highest first."""
    pilot = organisation.pilot
    bands = []
    for level in ("district", "street", "community"):
        if level in duties.abolished(pilot):
            went = duties.went_to(organisation, level)
            bands.append(_Band("none", gettext(_TITLES[level]), duties.performs(pilot, level), went))
            continue
        staff = duties.posts(organisation, level)
        if level == "community":
            staff += [*duties.grids(organisation), *duties.rules(pilot)]
        bands.append(_Band(level, gettext(_TITLES[level]), duties.performs(pilot, level), staff))
    return bands


@dataclass(frozen=True)
class _Row:
    """One row of boxes: level, words of each box, and parents in the row above (a single box may have many)."""

    level: str
    name: str
    boxes: list[str]
    parents: list[int]


def _tree_rows(organisation: Organisation) -> list[_Row]:
    """Return the rows of the tree: the city, the levels of the design with those abolished, and the grids."""
    pilot, place = organisation.pilot, organisation.place
    rows = [_Row("none", gettext("City"), [gettext("city")], [])]
    parents: dict[str, list[int]] = {
        "district": [0],
        "street": [0] * organisation.n_units("street") if "street" in organisation.specialisms else [0],
        "community": place.community_street.tolist(),
    }
    for level in ("district", "street", "community"):
        if level in duties.abolished(pilot):
            rows.append(_Row("none", gettext(_TITLES[level]), [gettext("abolished")], [0]))
            continue
        heads = _heads(organisation, level)
        rows.append(_Row(level, gettext(_TITLES[level]), _boxes(level, heads.tolist()), parents[level]))
    n_grids = np.bincount(place.grid_community)
    rows.append(_Row("grid", gettext("Grids"), [str(n) for n in n_grids], list(range(len(n_grids)))))
    return [_merged(row) for row in rows]


def _heads(organisation: Organisation, level: Level) -> Ints:
    """Return the heads of each unit of a level."""
    counts = Counter(person.unit for person in organisation.people if person.level == level)
    return np.array([counts[unit] for unit in range(organisation.n_units(level))], dtype=np.int64)


def _boxes(level: str, heads: Sequence[int]) -> list[str]:
    """Return the words of each unit's box."""
    if level == "district":
        return [gettext("district desks: {n} heads", n=heads[0])]
    if level == "street":
        return [gettext("street {i}: {n} heads", i=i, n=n) for i, n in enumerate(heads, start=1)]
    words = [str(n) if len(heads) > 16 else gettext("{n} heads", n=n) for n in heads]
    return [f"{i}\n{n}" for i, n in enumerate(words, start=1)]


def _merged(row: _Row) -> _Row:
    """Return a row, merged into one box if it has too many."""
    if len(row.boxes) <= _MOST_BOXES:
        return row
    n = sum(map(int, row.boxes)) if row.level == "grid" else len(row.boxes)
    return _Row(row.level, row.name, [gettext(_MERGED[row.level], n=n)], row.parents)


def _draw_tree(axes: Axes, rows: Sequence[_Row]) -> None:
    """Draw the rows of boxes, each box under its parent and joined to it."""
    left, right = EDGE + _SIDE, A4[0] - EDGE
    above: list[float] = []
    for i, row in enumerate(rows):
        y = i * (_ROW + _GAP) + 0.05
        axes.text(EDGE, y + _ROW / 2, row.name, fontsize=9.5, weight="bold", va="center")
        centres = _centres(len(row.boxes), left, right)
        width = min(0.92 * (right - left) / len(row.boxes), 2.4)
        for j, (x, words) in enumerate(zip(centres, row.boxes, strict=True)):
            fill = {"facecolor": _FILLS[row.level], "edgecolor": "#141414"} if row.level in _FILLS else _DASHED
            axes.add_patch(Rectangle((x - width / 2, y), width, _ROW, zorder=2, lw=0.8, **fill))
            ink = _INKS.get(row.level, "#555555")
            size = 8.5 if len(row.boxes) <= 16 else 7
            axes.text(
                x, y + _ROW / 2, words, fontsize=size, color=ink, ha="center", va="center", zorder=3, linespacing=1.1
            )
            for parent in sorted(set(row.parents if len(row.boxes) == 1 else [row.parents[j]])):
                up = above[min(parent, len(above) - 1)]
                middle = y - _GAP / 2
                axes.plot([up, up, x, x], [y - _GAP, middle, middle, y], **_LINE)
        above = centres


def _centres(n: int, left: float, right: float) -> list[float]:
    """Return the middles of n boxes that share the width."""
    return [left + (i + 0.5) * (right - left) / n for i in range(n)]


def _columns(width: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the left edge and the width of the two columns of words (inches)."""
    left = EDGE + _SIDE
    words_width = width - EDGE - left
    narrow = 0.33 * words_width
    return (left, narrow - 0.25), (left + narrow, words_width - narrow)


def _lines(sentences: Sequence[str], max_width: float) -> list[str]:
    """Return sentences as lines that fit, each sentence on a line of its own."""
    lines = []
    for sentence in sentences:
        first, *more = wrapped(sentence, max_width - 0.14, _SIZE)
        lines += [f"– {first}", *(f"   {line}" for line in more)]
    return lines


def _height(band: _Band, columns: Sequence[tuple[float, float]]) -> float:
    """Return the height of a band of words (inches)."""
    texts = zip((band.left, band.right), columns, strict=True)
    return max(len(_lines(text, max_width)) for text, (_, max_width) in texts) * _LEADING + 0.16


def _draw_words(axes: Axes, bands: Sequence[_Band], y: float, spare: float) -> None:
    """Write what each level performs, and who does it."""
    columns = _columns(A4[0])
    for heading, (x, _) in zip((gettext("What it performs"), gettext("Who does it, and how")), columns, strict=True):
        axes.text(x, y + 0.16, heading, fontsize=9.5, weight="bold", va="center")
    y += 0.3
    for band in bands:
        height = _height(band, columns)
        axes.plot([EDGE, A4[0] - EDGE], [y, y], color="#bbbbbb", lw=0.6)
        swatch = {"facecolor": _FILLS[band.level], "edgecolor": "#141414"} if band.level in _FILLS else _DASHED
        axes.add_patch(Rectangle((EDGE, y + 0.09), 0.16, 0.13, lw=0.8, **swatch))
        axes.text(EDGE + 0.24, y + 0.155, band.name, fontsize=9.5, weight="bold", va="center")
        for text, (x, max_width) in zip((band.left, band.right), columns, strict=True):
            for i, line in enumerate(_lines(text, max_width)):
                axes.text(x, y + 0.155 + i * _LEADING, line, fontsize=_SIZE, va="center")
        y += height + spare
