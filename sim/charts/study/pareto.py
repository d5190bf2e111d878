"""The chart of cost against response: the Pareto front, and the designs that break a promise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.charts.frame import Box, Frame, hits
from sim.charts.page import EDGE, Key, Page, Title, short_name, width_of, wrapped
from sim.charts.study.response import Promise, Response, checked_promise, draw_promise, interval, limits, scale
from sim.charts.style import COLOURS, PALE, styled
from sim.language import first_of, gettext, listed, separated
from sim.report.lines import literal

_WIDTH, _HEIGHT, _SCALE = 9.5, 4.4, 0.9
_LINE = 0.13
_LABELS = (1.5, 1.1)
"""Sizes of the page, of its chart, of the room for its scale, of a line of a label, and widths of labels (inches)."""
_MOST_NAMED = 8
"""Of more designs on the front than these, numbers stand in the chart and the names in a list below."""
_MOST_LISTED = 20
"""Of more names than these the list runs on in lines."""
_PALE = "#a8a8a8"


@styled
def pareto(
    table: pl.DataFrame,
    title: Title,
    subtitle: str = "",
    footer: str = "",
    *,
    cost_label: str,
    response_label: str,
    unit: str = "",
    promise: Promise | None = None,
) -> Figure:
    """Return the chart of cost against response: the front as steps, beaten designs pale, broken promises crossed.

    Parameters
    ----------
    table
        label, cost, mean, low, high, front, keeps (null: no promise, or not known), and why, if a point is no choice
        or has no value. NaN: withheld, not drawn but named in a note.
    title, subtitle, footer
        What is seen, how it was found, and where it comes from.
    cost_label
        The words of the horizontal axis, with the unit.
    response_label, unit
        The response; `share` is shown in per cent.
    promise
        (words, value, `at_most` or `at_least`): a dashed line, if the promise is on this response.

    Raises
    ------
    ValueError
        The side of a promise must be one of the two.
    """
    checked_promise(promise)
    response = Response.from_label(response_label, unit)
    rows = [row | {"cost": _known(row["cost"]), "mean": response.one(row["mean"])} for row in table.to_dicts()]
    drawn = [row for row in rows if math.isfinite(row["cost"]) and math.isfinite(row["mean"])]
    for row in drawn:
        row["ends"] = interval(response.one(row["low"]), response.one(row["high"]), row["mean"])
    bound = (short_name(promise[0], 90), response.one(promise[1])) if promise else None
    ends = _limits(drawn, bound)
    plot_width = _WIDTH - 2 * EDGE - _SCALE
    frame = Frame(*ends, plot_width, _HEIGHT)
    front = sorted((row for row in drawn if row["front"]), key=lambda row: (row["cost"], row["mean"]))
    seen = np.array(
        [(row["cost"], at) for row in drawn for at in np.linspace(row["ends"][0], row["ends"][1], 9)]
    ).reshape(-1, 2)
    over = frame.beside(bound[0], bound[1], seen) if bound else None
    labels, named = _labels(front, drawn, frame, over, bound[1] if bound else 0.0)
    page = Page.around(
        _WIDTH,
        _HEIGHT + 0.55,
        title=title,
        subtitle=literal(subtitle),
        legend=_legend(drawn),
        footer=footer,
        notes=[*named, *_withheld(rows)],
    )
    axes = page.axes(EDGE + _SCALE, 0.05, plot_width, _HEIGHT)
    axes.set_xlim(*ends[0])
    axes.set_ylim(*ends[1])
    _draw(axes, drawn, front)
    if bound and over:
        draw_promise(axes, *bound, (frame, over))
    for label in labels:
        label.draw(axes, frame)
    axes.set_xlabel(short_name(cost_label, 110))
    axes.set_ylabel("\n".join(wrapped(response.words, _HEIGHT, 9)))
    axes.grid(color=PALE, lw=0.7)
    axes.set_axisbelow(True)
    scale(axes.xaxis, 7)
    scale(axes.yaxis)
    return page.figure


@dataclass(frozen=True)
class _Label:
    """A label: its lines, the box that it takes and the point that it names (inches)."""

    text: str
    box: Box
    point: tuple[float, float]

    def draw(self, axes: Axes, frame: Frame) -> None:
        """Write the label, with a thin line to its point where it stands apart."""
        left, low, right, high = self.box
        at = ((left + right) / 2 / frame.width, (low + high) / 2 / frame.height)
        nearest = min(max(self.point[0], left), right), min(max(self.point[1], low), high)
        if math.dist(nearest, self.point) > 0.2:
            xs = [self.point[0] / frame.width, nearest[0] / frame.width]
            ys = [self.point[1] / frame.height, nearest[1] / frame.height]
            axes.plot(xs, ys, color="#888888", lw=0.6, transform=axes.transAxes, zorder=2)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.3, "alpha": 0.8}
        axes.text(
            *at, self.text, transform=axes.transAxes, size=8, ha="center", va="center", linespacing=1.1, zorder=6,
            bbox=box,
        )  # fmt: skip


def _known(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _limits(
    drawn: Sequence[Mapping[str, Any]], bound: tuple[str, float] | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ends of both scales, with room for labels."""
    values = [v for row in drawn for v in (*row["ends"], row["mean"])] + ([bound[1]] if bound else [])
    return limits((row["cost"] for row in drawn), 0.1), limits(values, 0.12)


def _labels(
    front: Sequence[Mapping[str, Any]],
    drawn: Sequence[Mapping[str, Any]],
    frame: Frame,
    over: Box | None,
    bound: float,
) -> tuple[list[_Label], list[str]]:
    """Return the labels of the front, placed so that they do not overlap, and a list of names if there are many.

    Designs at the same place share a label.
    """
    points = [frame.inches(row["cost"], row["mean"]) for row in front]
    taken = [_around(frame.inches(row["cost"], row["mean"]), 0.06) for row in drawn]
    for row in drawn:
        low, high = (frame.inches(row["cost"], end) for end in row["ends"])
        taken.append((low[0] - 0.02, low[1], high[0] + 0.02, high[1]))
    if over:
        y = frame.inches(0.0, bound)[1]
        taken += [over, (0.0, y - 0.01, frame.width, y + 0.01)]
    for (x, y), (to, down) in pairwise(points):
        taken += [(x, y - 0.02, to, y + 0.02), (to - 0.02, min(y, down), to + 0.02, max(y, down))]
    names = [short_name(row["label"], 60) for row in front]
    alike: dict[tuple[float, float], list[int]] = {}
    for i, point in enumerate(points):
        alike.setdefault(point, []).append(i)
    for across in _LABELS if len(names) <= _MOST_NAMED else ():
        texts = [
            "\n".join(_lines(names[here[0]], across) if len(here) == 1 else (names[i] for i in here))
            for here in alike.values()
        ]
        if placed := _placed(texts, list(alike), taken, frame):
            return placed, []
    numbers = [str(i + 1) for i in range(len(front))]
    texts = [listed(numbers[i] for i in here) for here in alike.values()]
    placed = _placed(texts, list(alike), taken, frame) or _placed(texts, list(alike), taken, frame, near=False)
    named = [f"{i}: {name}" for i, name in zip(numbers, names, strict=True)]
    if len(named) > _MOST_LISTED:
        return placed, [gettext("On the front: {designs}", designs=separated(named))]
    return placed, [gettext("On the front"), *named]


def _lines(name: str, across: float) -> list[str]:
    """Return a name in lines of about this width (inches): what comes before a comma is broken only if it must be."""
    widest = max(width_of(f"{part},", 8) for part in name.split(", "))
    return wrapped(name, max(across, min(widest + 0.01, 2 * across)), 8)


def _placed(
    texts: Sequence[str],
    points: Sequence[tuple[float, float]],
    taken: Sequence[Box],
    frame: Frame,
    *,
    near: bool = True,
) -> list[_Label]:
    """Return each label at the first free place near its point, or none if there is not one for all.

    `near`: where it is clearly nearer to its own point than to any other.
    """
    full, labels = list(taken), []
    for i, (text, point) in enumerate(zip(texts, points, strict=True)):
        lines = text.split("\n")
        size = max(width_of(line, 8) for line in lines) + 0.05, len(lines) * _LINE + 0.03
        others = [other for k, other in enumerate(points) if k != i] if near else []
        places = (box for box in _near(point, size) if frame.holds(box) and not hits(box, full))
        free = next((box for box in places if _is_nearest(box, point, others)), None)
        if free is None:
            return []
        full.append(free)
        labels.append(_Label(text, free, point))
    return labels


def _is_nearest(box: Box, point: tuple[float, float], others: Sequence[tuple[float, float]]) -> bool:
    """Return whether a point is clearly nearer to a box than others are."""
    return all(_apart(box, point) + 0.1 < _apart(box, other) for other in others)


def _apart(box: Box, point: tuple[float, float]) -> float:
    """Return how far a point is from a box (inches)."""
    return math.dist(point, (min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])))


def _near(point: tuple[float, float], size: tuple[float, float]) -> Iterator[Box]:
    """Yield boxes around a point, the nearest first, those above and below it before those beside it."""
    for apart in (0.09, 0.18, 0.3, 0.45, 0.65, 0.9, 1.2):
        for dx, dy in ((0, 1), (0, -1), (1, 1), (1, -1), (-1, -1), (-1, 1), (1, 0), (-1, 0)):
            x = point[0] + dx * (apart + size[0] / 2)
            y = point[1] + dy * (apart + size[1] / 2)
            yield (x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2)


def _around(point: tuple[float, float], reach: float) -> Box:
    return (point[0] - reach, point[1] - reach, point[0] + reach, point[1] + reach)


def _legend(drawn: Sequence[Mapping[str, Any]]) -> list[Key]:
    """Return the keys of what is drawn."""
    keys = [
        Key(
            gettext("on the front: none is both cheaper and better"),
            _look(front=True, no_choice=False) | {"ls": "-", "lw": 1.4},
            line=True,
        )
    ]
    if any(not row["front"] and not _no_choice(row) for row in drawn):
        keys.append(Key(gettext("beaten by another"), _look(front=False, no_choice=False) | {"ls": "none"}, line=True))
    known = {row["keeps"] for row in drawn if _no_choice(row)}
    words = {
        (True, True): gettext("breaks a promise, or is not known to keep it"),
        (True, False): gettext("breaks a promise"),
        (False, True): gettext("not known to keep a promise"),
    }.get((False in known, None in known))
    if words:
        look = _look(front=False, no_choice=True) | {"ls": "none"}
        keys.append(Key(words, look, line=True))
    return keys


def _no_choice(row: Mapping[str, Any]) -> bool:
    """Return whether a design breaks a promise, or may."""
    return row["keeps"] is False or bool(row.get("why"))


def _look(*, front: bool, no_choice: bool) -> dict[str, Any]:
    """Return the look of a design's mark."""
    colour = COLOURS[1] if front else _PALE
    if no_choice:
        return {"color": colour if front else "#777777", "marker": "X", "ms": 8, "mfc": "white", "mew": 1.3}
    return {"color": colour, "marker": "o", "ms": 7 if front else 5.5, "mec": "white", "mew": 0.6}


def _draw(axes: Axes, drawn: Sequence[Mapping[str, Any]], front: Sequence[Mapping[str, Any]]) -> None:
    """Draw intervals, marks and the front."""
    for row in drawn:
        z = 4 if row["front"] else 3
        look = _look(front=bool(row["front"]), no_choice=_no_choice(row))
        axes.plot([row["cost"]] * 2, row["ends"], color=look["color"], lw=1.2, solid_capstyle="butt", zorder=z)
        axes.plot([row["cost"]], [row["mean"]], ls="none", zorder=z + 1, **look)
    axes.plot(
        [row["cost"] for row in front], [row["mean"] for row in front], color=COLOURS[1], lw=1.4,
        drawstyle="steps-post", zorder=2, label="front",
    )  # fmt: skip


def _withheld(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a note on the designs that are not drawn."""
    names = [short_name(r["label"]) for r in rows if not (math.isfinite(r["cost"]) and math.isfinite(r["mean"]))]
    if not names:
        return []
    which = first_of(names, 8)
    why = sorted({str(row["why"]) for row in rows if row.get("why")})
    if not why:
        return [gettext("Not drawn, for its mean is withheld: {designs}.", designs=which)]
    reasons = separated(short_name(one, 90) for one in why)
    return [gettext("Not drawn, for its mean is withheld ({why}): {designs}.", why=reasons, designs=which)]
