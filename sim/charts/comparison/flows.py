"""The chart of flows: how requests move between residents and offices, as one Sankey diagram for each pilot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from sim.charts.page import EDGE, Key, Page, distinct, short_name
from sim.charts.style import GREY, KIND_COLOURS, styled
from sim.report.tables import number

ORIGINS = ("resident", "community", "street", "district", "outside")
ENDS = ("finished", "left unserved", "still open")
_WORDS = {
    "resident": "Resident",
    "community": "Community",
    "street": "Street",
    "district": "District",
    "outside": "Outside",
    "finished": "Finished",
    "left unserved": "Left unserved",
    "still open": "Still open",
}
_MOST = 7
"""Number of archetypes with a colour of their own; the others share one."""
_GAP = 0.046
"""Between two nodes, so that their words do not touch (of all moves of the pilot with most)."""
_TALLEST, _ABOVE = 5.4, 0.85
"""Height of the tallest Sankey, and of what stands above each (inches)."""
_THICK = 0.035
OTHERS = "all other requests"


@dataclass(frozen=True)
class _Flow:
    """Moves per 100 requests of one pilot: by (origin, to, group)."""

    moves: Mapping[tuple[str, str, str], float]

    def through(self, side: int, place: str) -> float:
        """Return all moves out of (side 0) or into (side 1) a place."""
        return sum(value for key, value in self.moves.items() if key[side] == place)

    @property
    def total(self) -> float:
        """Return all moves per 100 requests."""
        return sum(self.moves.values())


@styled
def flows(table: pl.DataFrame, footer: str = "") -> Figure:
    """Return the Sankey diagrams of the moves of requests between residents, levels and outside, one for each pilot.

    Parameters
    ----------
    table
        pilot, replication, archetype, origin, to, n (moves of measured requests).
    footer
        Where the numbers come from.

    Returns
    -------
    Figure
        Left, from where; right, to where. A ribbon is as wide as the number of moves per 100 requests, on one scale
        for all pilots; the most frequent archetypes have a colour each.
    """
    pilots, n = distinct(table, "pilot"), table["replication"].n_unique()
    groups = _groups(table)
    flow_of = {pilot: _flow(table.filter(pl.col("pilot") == pilot), groups) for pilot in pilots}
    shown = list(dict.fromkeys(groups.values()))
    colours = {group: KIND_COLOURS[i % len(KIND_COLOURS)] for i, group in enumerate(shown)}
    n_columns = min(len(pilots), 2)
    width = 13.0 if n_columns > 1 else 8.5
    panel = (width - 2 * EDGE) / n_columns
    gap = _GAP * max(flow.total for flow in flow_of.values())
    extents = {pilot: flow.total + gap * (len(ORIGINS) + len(ENDS) - 1) for pilot, flow in flow_of.items()}
    rows = [pilots[a : a + n_columns] for a in range(0, len(pilots), n_columns)]
    heights = [max(extents[pilot] for pilot in row) * _TALLEST / max(extents.values()) for row in rows]
    page = Page.around(
        width,
        sum(heights) + _ABOVE * len(rows),
        title=_title(flow_of),
        subtitle=f"Moves per 100 requests whose first contact was in the measured weeks, mean of {n} "
        f"replication{'s' * (n > 1)}. A request moves whenever somebody else has it: back to the resident who has to "
        "come again, up or down a level, outside the offices, and to its end.",
        legend=[
            Key(short_name(group), {"facecolor": colour, "edgecolor": "none"}) for group, colour in colours.items()
        ],
        footer=footer,
    )
    down = 0.0
    for row, height in zip(rows, heights, strict=True):
        for column, pilot in enumerate(row):
            left = EDGE + column * panel
            words = f"{short_name(pilot)}: {number(flow_of[pilot].total, 0)} moves per 100 requests"
            page.write(left, down + 0.05, words, size=10.5, weight="bold", va="top")
            axes = page.axes(left + 1.35, down + 0.62, panel - 2.95, height)
            axes.set_ylim(height * max(extents.values()) / _TALLEST, 0)
            _sankey(axes, flow_of[pilot], colours, gap)
        down += height + _ABOVE
    return page.figure


def _groups(table: pl.DataFrame) -> dict[str, str]:
    """Return the group of each archetype, most frequent first: itself if frequent, else one for all others."""
    ends = table.filter(pl.col("to").is_in(ENDS))
    ranked = ends.group_by("archetype", maintain_order=True).agg(pl.col("n").sum())
    names = [str(name) for name in ranked.sort("n", "archetype", descending=[True, False])["archetype"]]
    others = len(names) > _MOST + 1
    return {name: OTHERS if others and i >= _MOST else name for i, name in enumerate(names)}


def _flow(table: pl.DataFrame, groups: Mapping[str, str]) -> _Flow:
    """Return a pilot's moves per 100 requests."""
    requests = table.filter(pl.col("to").is_in(ENDS))["n"].sum()
    moves: dict[tuple[str, str, str], float] = {}
    for archetype, origin, to, n in table.select("archetype", "origin", "to", "n").iter_rows():
        key = str(origin), str(to), groups[str(archetype)]
        moves[key] = moves.get(key, 0.0) + 100 * n / requests
    return _Flow(moves)


def _tops(flow: _Flow, side: int, places: Sequence[str], gap: float) -> dict[str, float]:
    """Return the top of each node that has any moves."""
    tops, y = {}, 0.0
    for place in places:
        height = flow.through(side, place)
        if height > 0:
            tops[place] = y
            y += height + gap
    return tops


def _sankey(axes: Axes, flow: _Flow, colours: Mapping[str, str], gap: float) -> None:
    """Draw nodes at both sides and ribbons between them."""
    axes.set_axis_off()
    axes.set_xlim(-_THICK, 1 + _THICK)
    for x, align, text in ((-_THICK, "right", "from"), (1 + _THICK, "left", "to")):
        axes.text(x, -0.4 * gap, text, ha=align, va="bottom", fontsize=9, style="italic", color=GREY)
    sides = (ORIGINS, (*ORIGINS, *ENDS))
    tops = [_tops(flow, side, sides[side], gap) for side in (0, 1)]
    at = [dict(side) for side in tops]
    for origin in ORIGINS:
        for to in (*ORIGINS, *ENDS):
            for group in colours:
                value = flow.moves.get((origin, to, group), 0.0)
                if value > 0:
                    axes.add_patch(_ribbon(at[0][origin], at[1][to], value, {"facecolor": colours[group]}))
                    at[0][origin] += value
                    at[1][to] += value
    for side, x in ((0, -_THICK), (1, 1.0)):
        for place, top in tops[side].items():
            value = flow.through(side, place)
            ended = place in ENDS
            axes.add_patch(Rectangle((x, top), _THICK, value, facecolor="#888888" if ended else "#222222", lw=0))
            words = f"{_WORDS[place]} {number(value, 0 if value >= 9.5 else 1)}"
            edge, align = (-1.6 * _THICK, "right") if side == 0 else (1 + 1.6 * _THICK, "left")
            axes.text(edge, top + value / 2, words, ha=align, va="center", fontsize=9)


def _ribbon(left: float, right: float, width: float, look: Mapping[str, Any]) -> PathPatch:
    """Return a ribbon of this width between two heights."""
    upper = [(0, left), (0.5, left), (0.5, right), (1, right)]
    lower = [(1, right + width), (0.5, right + width), (0.5, left + width), (0, left + width)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return PathPatch(Path(np.array([*upper, *lower, (0, left)]), codes), lw=0, alpha=0.75, **look)


def _title(flow_of: Mapping[str, _Flow]) -> str:
    """Return the title: how often requests go up and back to the resident; of many pilots, the most and the fewest."""
    moves = []
    for pilot, flow in flow_of.items():
        up = sum(v for (_, to, _), v in flow.moves.items() if to in ("street", "district"))
        moves.append((up, flow.through(1, "resident"), short_name(pilot)))
    if len(moves) > 3:
        moves = sorted(moves)
        moves = [moves[-1], moves[0]]
    first, *rest = [(f"{number(up, 0)}", f"{number(back, 0)}", pilot) for up, back, pilot in moves]
    words = f"{first[0]} moves to street or district and {first[1]} back to the resident under {first[2]}"
    return "Per 100 requests, " + "; ".join([words, *(f"{up} and {back} under {pilot}" for up, back, pilot in rest)])
