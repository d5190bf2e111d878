"""The heat map of two factors: a number in each cell, hatched where there is none, and the border of a promise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from sim.arrays import Floats
from sim.charts.page import EDGE, Key, Page, Title, short_name, width_of, wrapped
from sim.charts.study.levels import path_lines, widest
from sim.charts.study.response import Promise, Response, checked_promise, scale, short_number
from sim.charts.style import GREY, styled
from sim.language import N_, gettext, ngettext, phrase, separated
from sim.report.lines import literal
from sim.report.tables import decimals, number

_HATCHES = ("////", "....", "xxxx", "\\\\\\\\", "++++", "oo")
_PROMISE: dict[str, Any] = {"color": "#000000", "lw": 2.4}
_MARK: dict[str, Any] = {"color": "#000000", "ls": "none", "ms": 5, "mew": 1.3, "mfc": "none"}
_BREAKS, _ALL_BREAK, _MAY_BREAK, _ALL_KEEP, _KEEPS = range(5)
"""What is known of a cell and a promise: where the mean tells too little, what every replication does."""
_MARKS = {
    _BREAKS: ("x", N_("breaks it")),
    _ALL_BREAK: ("v", N_("every replication breaks it, too few to be sure")),
    _MAY_BREAK: ("o", N_("may do either")),
    _ALL_KEEP: ("^", N_("every replication keeps it, too few to be sure")),
}
_SMALL, _LINE = 6.5, 0.165
"""Size of a half-width (points), and height of a line of a reason (inches)."""


@dataclass(frozen=True)
class _Grid:
    """The cells: names of both axes, values as shown, their intervals and reasons for missing values (rows: y axis)."""

    x: list[str]
    y: list[str]
    mean: Floats
    low: Floats
    high: Floats
    why: NDArray[np.str_]

    @property
    def half(self) -> Floats:
        """The longer side of each interval."""
        return np.maximum(self.high - self.mean, self.mean - self.low)


@styled
def heat_map(
    table: pl.DataFrame,
    title: Title,
    subtitle: str = "",
    footer: str = "",
    *,
    promise: Promise | None = None,
    around_zero: bool = False,
    more_is_better: bool | None = None,
) -> Figure:
    """Return the heat map of a response by two factors: coloured cells with their numbers.

    Parameters
    ----------
    table
        response, unit, x_factor, x_level, x_order, y_factor, y_level, y_order, mean, low, high, n, why (empty, or
        why there is no value): one response, a row a cell; a cell without a row was not run. With a promise also
        keeps (whether the cell is known to keep it; null: not known) and kept_in (in how many of its n replications).
    title, subtitle, footer
        What is seen, how it was found, and where it comes from.
    promise
        (words, value, `at_most` or `at_least`). A border runs around the cells that are known to keep it; the others
        are marked by what is known of them.
    around_zero
        Whether the values are effects of both signs: the colours then part at 0.
    more_is_better
        The direction of the response: what is worse is darker, and the scale says so. None: it has none, and what is
        more is darker.

    Raises
    ------
    ValueError
        The table must be of one response; the side of a promise must be one of the two.
    """
    checked_promise(promise)
    response, grid = Response.from_table(table), _grid(table)
    response = response.difference if around_zero else response
    kept = _by_cell(table, [_known(row) for row in table.iter_rows(named=True)]) if promise else np.zeros((0, 0))
    left = min(widest([short_name(name, 24) for name in grid.y], 8.5), 2.2) + 0.2
    cell = _cell(grid, left)
    size = cell[0] * len(grid.x), cell[1] * len(grid.y)
    words = [path_lines(str(table[name][0]), left + size[0] - 0.1, 9) for name in ("x_factor", "y_factor")]
    upright = any(width_of(short_name(name, 24), 8.5) > cell[0] - 0.08 for name in grid.x)
    under = widest([short_name(name, 24) for name in grid.x], 8.5) if upright else 0.15
    width = max(left + size[0] + 1.5 + 2 * EDGE, 7.0)
    top = 0.17 * len(words[1]) + 0.12
    foot = top + max(size[1] + under, 1.3) + 0.17 * len(words[0]) + 0.25
    reasons = _wrapped_reasons(grid, width)
    page = Page.around(
        width,
        foot + sum(len(lines) * _LINE + 0.06 for lines in reasons.values()),
        title=title,
        subtitle=literal(subtitle),
        legend=_promise_keys(kept, promise) if promise else [],
        footer=footer,
        notes=[*(_promise_notes(kept, promise) if promise else []), *_notes(grid, cell)],
    )
    axes = page.axes(EDGE + left, top, *size)
    colours = _colours(grid.mean, around_zero=around_zero, reverse=bool(more_is_better))
    _cells(axes, grid, colours, (list(reasons), cell), signed=around_zero)
    _reasons(page, list(reasons.values()), foot)
    if promise:
        _border(axes, kept)
    _axes(page, axes, grid, words, upright=upright)
    if np.isfinite(grid.mean).any():
        bar = page.axes(EDGE + left + size[0] + 0.25, top, 0.16, max(size[1], 1.3))
        page.figure.colorbar(colours, cax=bar)
        scale(bar.yaxis)
        bar.spines[:].set(edgecolor=GREY, linewidth=0.5)
        dark = [] if more_is_better is None else [gettext("dark is worse")]
        bar.set_ylabel("\n".join(wrapped(separated([response.words, *dark]), max(size[1], 1.3), 9)))
    return page.figure


def _grid(table: pl.DataFrame) -> _Grid:
    """Return the cells of a table."""
    response = Response.from_table(table)
    x, y = (table.unique(f"{axis}_order").sort(f"{axis}_order")[f"{axis}_level"].to_list() for axis in "xy")
    mean, low, high = (_by_cell(table, response.scaled(table[name])) for name in ("mean", "low", "high"))
    why = np.full(mean.shape, gettext("not run"), dtype=object)
    for at, row in zip(_places(table), table.iter_rows(named=True), strict=True):
        why[at] = "" if math.isfinite(mean[at]) else phrase(str(row["why"] or N_("withheld")))
    return _Grid(x, y, mean, low, high, why.astype(str))


def _places(table: pl.DataFrame) -> list[tuple[int, int]]:
    """Return the row and the column of the cell of each row of a table."""
    orders = [table[f"{axis}_order"].unique().sort().to_list() for axis in ("y", "x")]
    rows = table.select("y_order", "x_order").iter_rows()
    return [(orders[0].index(y), orders[1].index(x)) for y, x in rows]


def _by_cell(table: pl.DataFrame, values: Iterable[float]) -> Floats:
    """Return values of the rows of a table by cell (shape (levels of y, levels of x)), NaN where there is no row."""
    cells = np.full((table["y_order"].n_unique(), table["x_order"].n_unique()), np.nan)
    for at, value in zip(_places(table), values, strict=True):
        cells[at] = value
    return cells


def _cell(grid: _Grid, left: float) -> tuple[float, float]:
    """Return width and height of a cell (inches)."""
    return min(1.15, max((11.0 - 2 * EDGE - left - 1.5) / len(grid.x), 0.55)), 0.5 if len(grid.y) <= 8 else 0.42


def _colours(values: Floats, *, around_zero: bool, reverse: bool) -> ScalarMappable:
    """Return the colours of the values, dark for the most: even steps of lightness, or two hues that meet at 0.

    Of the two hues one stays light, so that a grey copy tells them apart. `reverse`: dark is the least.
    """
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if around_zero:
        most = max(abs(low), abs(high)) or 1.0
        return ScalarMappable(Normalize(-most, most), _part("PuOr", 0.3, 0.92, middle=0.5, reverse=reverse))
    if high <= low:
        high = low + (abs(low) * 0.1 or 1.0)
    return ScalarMappable(Normalize(low, high), _part("viridis_r", 0.0, 0.92, reverse=reverse))


def _part(name: str, low: float, high: float, *, middle: float | None = None, reverse: bool = False) -> Colormap:
    """Return a part of a colour map, half of it on each side of its middle: its darkest ends would hide numbers."""
    at = np.interp(np.linspace(0, 1, 129), [0, 0.5, 1], [low, (low + high) / 2 if middle is None else middle, high])
    return LinearSegmentedColormap.from_list("wangge", colormaps[name](at[::-1] if reverse else at))


def _cells(
    axes: Axes,
    grid: _Grid,
    colours: ScalarMappable,
    how: tuple[Sequence[str], tuple[float, float]],
    *,
    signed: bool,
) -> None:
    """Draw the cells with their numbers, and their half-widths where there is room."""
    reasons, cell = how
    digits, halves = _shared_digits(grid), _halves_fit(grid, cell)
    for (j, i), value in np.ndenumerate(grid.mean):
        at = (i - 0.5, j - 0.5)
        if not math.isfinite(value):
            axes.add_patch(Rectangle(at, 1, 1, lw=0.5, **_hatched(reasons.index(str(grid.why[j, i])))))
            continue
        colour = [float(part) for part in colours.to_rgba(np.array([value]))[0]]
        axes.add_patch(Rectangle(at, 1, 1, facecolor=colour, edgecolor="white", lw=1.0))
        ink = "#ffffff" if 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2] < 0.52 else "#000000"
        # The border of a promise goes behind the numbers.
        look: dict[str, Any] = {"color": ink, "ha": "center", "va": "center", "zorder": 5}
        behind = {"facecolor": colour, "edgecolor": "none", "pad": 0.6}
        text = _number_words(float(value), digits, signed=signed)
        size = min(9.0, 9.0 * (cell[0] - 0.06) / max(width_of(text, 9.0), 0.01))
        up = 0.12 if halves and math.isfinite(grid.half[j, i]) else 0.0
        axes.text(i, j + up, text, size=size, bbox=behind, **look)
        if up:
            half = f"± {_number_words(float(grid.half[j, i]), digits)}"
            axes.text(i, j - 0.26, half, size=_SMALL, bbox=behind, **look)


def _shared_digits(grid: _Grid) -> int | None:
    """Return the decimals of all numbers, or None if they are too large, too small or too different to share them."""
    sizes = np.abs(grid.mean[np.isfinite(grid.mean)])
    halves = grid.half[np.isfinite(grid.half)]
    most = float(sizes.max(initial=0.0))
    digits = decimals(float(halves.min()) if len(halves) else math.nan, most)
    least = float(sizes[sizes > 0].min(initial=math.inf))
    return digits if 1e-3 <= most < 1e7 and least >= 10.0**-digits else None


def _number_words(value: float, digits: int | None, *, signed: bool = False) -> str:
    """Return a number in words, with the decimals shared by all or with its own."""
    return (
        short_number(value, signed=signed) if digits is None else number(value, digits, signed=signed).replace("-", "−")
    )


def _halves_fit(grid: _Grid, cell: tuple[float, float]) -> bool:
    """Return whether there is room for half-widths in the cells."""
    halves = [
        f"± {_number_words(float(half), _shared_digits(grid))}" for half in grid.half.ravel() if math.isfinite(half)
    ]
    return bool(halves) and widest(halves, _SMALL) <= cell[0] - 0.06 and cell[1] >= 0.42


def _notes(grid: _Grid, cell: tuple[float, float]) -> list[str]:
    """Return a note on the width of the intervals, if the cells have no room for it."""
    halves = grid.half[np.isfinite(grid.half)]
    if not len(halves) or _halves_fit(grid, cell):
        return []
    least, most = (short_number(float(one)) for one in (halves.min(), halves.max()))
    return [gettext("Intervals reach {least} to {most} to either side.", least=least, most=most)]


def _known(row: Mapping[str, Any]) -> float:
    """Return what is known of a cell and a promise, NaN for a cell without a value."""
    if row["mean"] is None or not math.isfinite(row["mean"]):
        return math.nan
    if row["keeps"] is not None:
        return _KEEPS if row["keeps"] else _BREAKS
    return {row["n"]: _ALL_KEEP, 0: _ALL_BREAK}.get(row["kept_in"], _MAY_BREAK)


def _promise_keys(kept: Floats, promise: Promise) -> list[Key]:
    """Return the keys of the border of a promise and of the marks of cells outside, if there are such cells."""
    keys = []
    if _parted(kept):
        words = gettext("{promise}: border of what surely keeps it", promise=short_name(promise[0], 70))
        keys.append(Key(words, _PROMISE, line=True))
    if _parted(kept) or _unsure(kept):
        keys += [Key(gettext(words), _MARK | {"marker": mark}, line=True) for value, (mark, words) in _MARKS.items()
                 if (kept == value).any()]  # fmt: skip
    return keys


def _parted(kept: Floats) -> bool:
    """Return whether some cells are known to keep a promise and others are not."""
    return bool((kept == _KEEPS).any() and (kept < _KEEPS).any())


def _unsure(kept: Floats) -> bool:
    """Return whether it is not known of some cells that they keep a promise, or break it."""
    return bool(((kept > _BREAKS) & (kept < _KEEPS)).any())


def _promise_notes(kept: Floats, promise: Promise) -> list[str]:
    """Return a note if a promise is surely kept, or surely broken, in all cells with a value: then there is no mark."""
    known = kept[np.isfinite(kept)]
    if not len(known) or len(set(known.tolist())) > 1 or _unsure(known):
        return []
    words = short_name(promise[0], 110)
    if known[0]:
        return [
            ngettext(
                "{promise}: kept in the one cell with a value.", "{promise}: kept in all {n} cells with a value.",
                len(known), promise=words,
            )
        ]  # fmt: skip
    return [
        ngettext(
            "{promise}: broken in the one cell with a value.", "{promise}: broken in all {n} cells with a value.",
            len(known), promise=words,
        )
    ]  # fmt: skip


def _wrapped_reasons(grid: _Grid, width: float) -> dict[str, list[str]]:
    """Return the reasons for cells without a number, in their order, with the lines of each."""
    reasons = [str(why) for why in dict.fromkeys(grid.why.ravel().tolist()) if why]
    return {why: wrapped(short_name(why, 300), width - 2 * EDGE - 0.42, 8.5) for why in reasons}


def _reasons(page: Page, reasons: Sequence[Sequence[str]], down: float) -> None:
    """Draw the key of hatches under the map: the reasons for cells without a number."""
    for i, lines in enumerate(reasons):
        y = page.height - page.top - down
        page.box(EDGE, y - 0.14, 0.34, 0.13, lw=0.5, **_hatched(i))
        for line in lines:
            page.write(EDGE + 0.42, down, line, size=8.5, va="top")
            down += _LINE
        down += 0.06


def _hatched(i: int) -> dict[str, Any]:
    """Return the look of cells without a number."""
    hatch = _HATCHES[i % len(_HATCHES)]
    return {"facecolor": "#fafafa", "edgecolor": "#bbbbbb", "hatch": hatch, "hatchcolor": "#999999"}


def _border(axes: Axes, kept: Floats) -> None:
    """Draw the border around the cells known to keep a promise, and mark the others."""
    if not _parted(kept) and not _unsure(kept):
        return
    _edges(axes, kept)
    for value, (mark, _) in _MARKS.items():
        for j, i in np.argwhere(kept == value).tolist():
            axes.plot(i + 0.42, j + 0.36, zorder=4, **_MARK, marker=mark,
                      path_effects=[withStroke(linewidth=2.4, foreground="white")])  # fmt: skip


def _edges(axes: Axes, kept: Floats) -> None:
    """Draw the edges between cells that surely keep a promise and others, first in white and then in black."""
    edges = []
    for (j, i), here in np.ndenumerate(kept):
        right = kept[j, i + 1] if i + 1 < kept.shape[1] else np.nan
        above = kept[j + 1, i] if j + 1 < kept.shape[0] else np.nan
        edges += [[(i + 0.5, j - 0.5), (i + 0.5, j + 0.5)]] if _parted(np.array([here, right])) else []
        edges += [[(i - 0.5, j + 0.5), (i + 0.5, j + 0.5)]] if _parted(np.array([here, above])) else []
    for colour, width in (("white", 4.6), (_PROMISE["color"], _PROMISE["lw"])):
        axes.add_collection(LineCollection(edges, colors=colour, linewidths=width, capstyle="round", zorder=3))


def _axes(page: Page, axes: Axes, grid: _Grid, words: Sequence[Sequence[str]], *, upright: bool) -> None:
    """Label levels and factors; the first level of the vertical axis is at the bottom."""
    axes.set_xlim(-0.5, len(grid.x) - 0.5)
    axes.set_ylim(-0.5, len(grid.y) - 0.5)
    axes.set_xticks(range(len(grid.x)), [short_name(name, 24) for name in grid.x], fontsize=8.5)
    axes.set_yticks(range(len(grid.y)), [short_name(name, 24) for name in grid.y], fontsize=8.5)
    axes.tick_params(length=0, labelrotation=0)
    if upright:
        axes.tick_params(axis="x", labelrotation=90)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("\n".join([*words[0][:-1], words[0][-1] + " →"]))
    at = blended_transform_factory(page.figure.transFigure, axes.transAxes)
    axes.text(EDGE / page.width, 1.0, "\n".join(["↑ " + words[1][0], *words[1][1:]]), transform=at, size=9, va="bottom")
