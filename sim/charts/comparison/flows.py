"""The chart of flows: how often requests move from one place to another, a row a move and a panel for each pilot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.charts.page import EDGE, Key, Page, distinct, short_name, wrapped
from sim.charts.style import COLOURS, KIND_COLOURS, PALE, styled
from sim.language import N_, gettext, run_together, separated
from sim.report import counts
from sim.report.tables import number

ORIGINS = ("resident", "community", "street", "district", "outside")
ENDS = ("finished", "left unserved", "still open")
_WORDS = {
    "resident": (N_("Resident"), N_("→ resident")),
    "community": (N_("Community"), N_("→ community")),
    "street": (N_("Street"), N_("→ street")),
    "district": (N_("District"), N_("→ district")),
    "outside": (N_("Outside"), N_("→ outside")),
    "finished": ("", N_("→ finished")),
    "left unserved": ("", N_("→ left unserved")),
    "still open": ("", N_("→ still open")),
}
"""Places as a move's origin and as where it goes."""
_MOST = 7
"""Number of archetypes with a colour of their own; the others share one."""
_WIDTH, _NAMES, _ROW, _ABOVE, _BELOW = 12.0, 2.0, 0.3, 0.5, 0.6
"""Of the page, of the names, height of a row, and of what stands above and below the panels (inches)."""
_ABREAST = 4
_LEAST = 1.0
"""Moves per 100 requests: a move that is rarer under every pilot has no row."""
OTHERS = N_("all other requests")
_FIRST = {"color": COLOURS[0], "marker": "|", "ls": "none", "ms": 11, "mew": 1.6}


@dataclass(frozen=True)
class _Flow:
    """Moves per 100 requests of one pilot: by (origin, to, group)."""

    moves: Mapping[tuple[str, str, str], float]

    def through(self, side: int, place: str) -> float:
        """Return all moves out of (side 0) or into (side 1) a place."""
        return sum(value for key, value in self.moves.items() if key[side] == place)

    def between(self, origin: str, to: str) -> float:
        """Return the moves from a place to another."""
        return sum(value for (start, end, _), value in self.moves.items() if (start, end) == (origin, to))

    @property
    def total(self) -> float:
        """Return all moves per 100 requests."""
        return sum(self.moves.values())


@styled
def flows(table: pl.DataFrame, footer: str = "") -> Figure:
    """Return the bars of the moves of requests between residents, levels and outside, a panel for each pilot.

    Parameters
    ----------
    table
        pilot, replication, archetype, origin, to, n (moves of measured requests).
    footer
        Where the numbers come from.

    Returns
    -------
    Figure
        A bar is as long as the number of moves per 100 requests, on one scale for all pilots; the most frequent
        archetypes have a fill each. An upright mark in the panels of the others is the first pilot's.
    """
    pilots, n = distinct(table, "pilot"), table["replication"].n_unique()
    groups = _groups(table)
    flow_of = {pilot: _flow(table.filter(pl.col("pilot") == pilot), groups) for pilot in pilots}
    shown = list(dict.fromkeys(groups.values()))
    fills = {group: KIND_COLOURS[i % len(KIND_COLOURS)] for i, group in enumerate(shown)}
    moves = [(origin, to) for origin in ORIGINS for to in (*ORIGINS, *ENDS)
             if any(flow.between(origin, to) >= _LEAST for flow in flow_of.values())]  # fmt: skip
    rows = [pilots[i : i + _ABREAST] for i in range(0, len(pilots), _ABREAST)]
    height = len(moves) * _ROW
    legend = [Key(short_name(group), {"facecolor": fill, "edgecolor": "none"}) for group, fill in fills.items()]
    if len(pilots) > 1:
        legend.append(Key(gettext("all under {pilot}", pilot=short_name(pilots[0])), _FIRST, line=True))
    page = Page.around(
        _WIDTH,
        len(rows) * (height + _ABOVE + _BELOW),
        title=_title(flow_of),
        subtitle=_subtitle(n),
        legend=legend,
        footer=footer,
    )
    most = max(flow.between(*move) for flow in flow_of.values() for move in moves)
    width = (_WIDTH - 2 * EDGE - _NAMES) / min(len(pilots), _ABREAST)
    for i, row in enumerate(rows):
        down = i * (height + _ABOVE + _BELOW) + _ABOVE
        for k, (origin, to) in enumerate(moves):
            words = f"{gettext(_WORDS[origin][0])} {gettext(_WORDS[to][1])}"
            page.write(EDGE, down + (k + 0.5) * _ROW, words, size=9, va="center")
        for j, pilot in enumerate(row):
            axes = page.axes(EDGE + _NAMES + j * width, down, width - 0.25, height)
            _bars(axes, flow_of[pilot], moves, fills, most)
            words = gettext("{pilot}: {n}", pilot=short_name(pilot), n=number(flow_of[pilot].total, 0))
            heading = wrapped(words, width - 0.25, 9.5, bold=True)
            axes.set_title("\n".join(heading), loc="left", fontsize=9.5, weight="bold")
            if pilot != pilots[0]:
                _marks(axes, flow_of[pilots[0]], moves)
    return page.figure


def _subtitle(n: int) -> str:
    """Return which requests are counted, and what a move is."""
    return run_together([
        gettext(
            "Requests whose first contact was in the measured weeks, mean of {replications}.",
            replications=counts.replications(n),
        ),
        gettext(
            "A request moves whenever somebody else has it: back to the resident who has to come again, up or down a "
            "level, outside the offices, and to its end."
        ),
    ])  # fmt: skip


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


def _bars(
    axes: Axes, flow: _Flow, moves: Sequence[tuple[str, str]], fills: Mapping[str, str], most: float
) -> None:  # fmt: skip
    """Draw a bar for each move, filled by archetypes, with its number."""
    starts = np.zeros(len(moves))
    for group, fill in fills.items():
        values = np.array([flow.moves.get((*move, group), 0.0) for move in moves])
        corners = [[(x, i - 0.31), (x + v, i - 0.31), (x + v, i + 0.31), (x, i + 0.31)]
                   for i, (x, v) in enumerate(zip(starts, values, strict=True)) if v > 0]  # fmt: skip
        # One collection for many bars: a patch each takes most of the time that the chart does.
        bars = PolyCollection(corners, facecolors=fill, edgecolors="white", linewidths=0.4, zorder=2, label=group)
        axes.add_collection(bars, autolim=False)
        starts += values
    for i, start in enumerate(starts.tolist()):
        words = number(start, 0 if start >= 9.5 else 1) if start >= 0.05 else "–"
        axes.text(1.3 * most, i, words, ha="right", va="center", fontsize=8.5)
    axes.set_xlim(0, 1.3 * most)
    axes.set_ylim(len(moves) - 0.5, -0.5)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.grid(axis="x", color=PALE, lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(gettext("Moves per 100 requests"))


def _marks(axes: Axes, first: _Flow, moves: Sequence[tuple[str, str]]) -> None:
    """Mark in another pilot's panel how often each move is made under the first."""
    at = [first.between(*move) for move in moves]
    rows = np.arange(len(moves))
    axes.vlines(at, rows - 0.42, rows + 0.42, color=COLOURS[0], lw=1.6, zorder=3, label="first")


def _title(flow_of: Mapping[str, _Flow]) -> str:
    """Return the title: how often requests go up and back to the resident; of many pilots, the most and the fewest."""
    moves = []
    for pilot, flow in flow_of.items():
        up = sum(v for (_, to, _), v in flow.moves.items() if to in ("street", "district"))
        moves.append((up, flow.through(1, "resident"), short_name(pilot)))
    if len(moves) > 3:
        moves = sorted(moves)
        moves = [moves[-1], moves[0]]
    first, *rest = [{"up": number(up, 0), "back": number(back, 0), "pilot": pilot} for up, back, pilot in moves]
    words = gettext(
        "Per 100 requests, {up} moves to street or district and {back} back to the resident under {pilot}", **first
    )
    return separated([words, *(gettext("{up} and {back} under {pilot}", **one) for one in rest)])
