"""The chart of a choice among designs: each against the best of the others, and whether it may be the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.charts.page import EDGE, Key, Page, Title
from sim.charts.study.levels import path_lines, widest
from sim.charts.study.response import Response, limits, scale, short_number
from sim.charts.style import COLOURS, GREY, PALE, styled
from sim.language import gettext, separated
from sim.report.lines import literal
from sim.report.tables import with_unit
from sim.statistics.verdicts import Ranked, Verdict

_WIDTH, _NAMES, _ROW = 11.0, 3.2, 0.34
"""Of the page, of the names, and height of a row (inches)."""
_SMALL = 7.5
"""Size of the reason why there is no interval (points)."""
_LOOKS: dict[str, dict[str, Any]] = {
    Ranked.BEST: {"color": "#141414", "marker": "*", "ms": 11, "lw": 4.0},
    Ranked.MAY_BE_BEST: {"color": COLOURS[1], "marker": "o", "ms": 7, "lw": 2.4},
    Ranked.NOT_BEST: {"color": "#8c8c8c", "marker": "o", "ms": 6, "mfc": "white", "lw": 1.2},
    Ranked.NO_CHOICE: {"color": "#777777", "marker": "X", "ms": 7, "mfc": "white", "lw": 1.2},
}


@styled
def ranking(
    table: pl.DataFrame,
    title: Title,
    subtitle: str = "",
    footer: str = "",
    *,
    response_label: str,
    unit: str = "",
    more_is_better: bool | None = None,
) -> Figure:
    """Return the chart of a choice, one row a design: mean, interval against the best other, verdict and replications.

    Parameters
    ----------
    table
        label, mean, best_low, best_high (interval of its mean less the best of the others'), verdict (best, may be
        best, not best, no choice), n, and why if there is no interval: in the order in which they are shown. NaN:
        withheld.
    title, subtitle, footer
        What is seen, how it was found, and where it comes from.
    response_label, unit
        The response; `share` is shown in per cent, differences in points.
    more_is_better
        The direction of the response, from which the best of the others follows: then a mark on each interval shows
        the difference of the means, and the scale says which side is better.

    Raises
    ------
    ValueError
        The table must have rows; a verdict must be one of the four.
    """
    if table.is_empty():
        raise ValueError("ranking must have at least 1 row, got 0")
    unknown = [str(verdict) for verdict in table["verdict"] if verdict is not None and verdict not in _LOOKS]
    if unknown:
        raise ValueError(f"ranking.verdict must be one of {', '.join(_LOOKS)}, got {unknown[0]}")
    response = Response.from_label(response_label, unit)
    rows = table.to_dicts()
    ends = [(response.one(row["best_low"]), response.one(row["best_high"])) for row in rows]
    points = _differences([response.one(row["mean"]) for row in rows], ends, more_is_better)
    finite = [(high - low) / 2 for low, high in ends if math.isfinite(high - low)]
    mean_texts = [short_number(response.one(row["mean"]), min(finite, default=math.nan)) for row in rows]
    means_width = max(widest(mean_texts, 8.5), 0.5) + 0.25
    words = [row["verdict"] or Verdict.WITHHELD for row in rows]
    plot_width = _WIDTH - 2 * EDGE - _NAMES - means_width - 1.35 - 0.95
    left = EDGE + _NAMES + means_width
    height = len(rows) * _ROW
    page = Page.around(
        _WIDTH, height + 0.85, title=title, subtitle=literal(subtitle), legend=_legend(words), footer=footer
    )  # fmt: skip
    axes = page.axes(left, 0.25, plot_width, height)
    for i, (row, verdict) in enumerate(zip(rows, words, strict=True)):
        down = 0.25 + (i + 0.5) * _ROW
        bold = "bold" if verdict == Ranked.BEST else "normal"
        name = path_lines(str(row["label"]), _NAMES - 0.1, 8.5, bold=verdict == Ranked.BEST, most=2)
        page.write(EDGE, down, "\n".join(name), size=8.5, va="center", linespacing=1.05, weight=bold)
        page.write(left - 0.2, down, mean_texts[i], size=8.5, va="center", ha="right")
        page.write(left + plot_width + 0.45, down, gettext(verdict), size=8.5, va="center", weight=bold)
        n_replications = "–" if row["n"] is None else f"{row['n']:,}"
        page.write(_WIDTH - EDGE, down, n_replications, size=8.5, va="center", ha="right")
    _heads(page, left, plot_width, response)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(*limits([v for pair in ends for v in pair] + [0.0], 0.05))
    _draw(axes, ends, points, words)
    _say_why(axes, [(i, _gone(rows[i])) for i, pair in enumerate(ends) if not math.isfinite(sum(pair))], plot_width)
    less = gettext("{response}, mean less that of the best of the others", response=response.label)
    words = [Response(less, response.difference.unit, 1).words]
    if more_is_better is not None:
        words.append(gettext("further right is better") if more_is_better else gettext("further left is better"))
    axes.set_xlabel("\n".join(path_lines(separated(words), plot_width + 1.5, 9, most=3)))
    scale(axes.xaxis)
    return page.figure


def _differences(
    means: Sequence[float], ends: Sequence[tuple[float, float]], more_is_better: bool | None
) -> list[float]:
    """Return each mean less the best of the others, among those that are compared; NaN where there is none."""
    compared = [i for i, pair in enumerate(ends) if math.isfinite(sum(pair)) and math.isfinite(means[i])]
    best = max if more_is_better else min
    points = [math.nan] * len(means)
    for i in compared if len(compared) > 1 and more_is_better is not None else []:
        points[i] = means[i] - best(means[k] for k in compared if k != i)
    return points


def _legend(words: Sequence[str]) -> list[Key]:
    """Return the keys of the verdicts that occur."""
    return [Key(gettext(verdict), look, line=True) for verdict, look in _LOOKS.items() if verdict in words]


def _heads(page: Page, left: float, plot_width: float, response: Response) -> None:
    """Write the heads of the columns."""
    mean = with_unit(gettext("Mean"), response.unit if response.unit == "%" else "")
    for x, text, side in (
        (EDGE, gettext("Design"), "left"),
        (left - 0.2, mean, "right"),
        (left + plot_width + 0.45, gettext("Verdict"), "left"),
        (page.width - EDGE, gettext("Replications"), "right"),
    ):
        page.write(x, 0.17, text, size=8.5, weight="bold", va="bottom", ha=side)


def _gone(row: Mapping[str, Any]) -> str:
    """Return the words in place of an interval that is withheld."""
    why = str(row.get("why") or "")
    if row["verdict"] == Ranked.NO_CHOICE:
        return why
    return gettext("withheld: {why}", why=why) if why else gettext("nothing to compare it with")


def _draw(
    axes: Axes, ends: Sequence[tuple[float, float]], points: Sequence[float], words: Sequence[str]
) -> None:  # fmt: skip
    """Draw the intervals with their differences, the mark of each verdict beside its word, and the line at 0."""
    axes.axvline(0, color=GREY, lw=1.2, ls=":", zorder=1)
    side = axes.get_yaxis_transform()
    for i, ((low, high), verdict) in enumerate(zip(ends, words, strict=True)):
        axes.axhline(i, color=PALE, lw=0.8, zorder=0)
        look = _LOOKS.get(verdict, {"color": GREY, "marker": "x", "ms": 6, "lw": 1.0})
        width, mark = look["lw"], {name: value for name, value in look.items() if name != "lw"}
        at = 1 + 0.25 / (axes.get_position().width * _WIDTH)
        axes.plot([at], [i], ls="none", transform=side, clip_on=False, zorder=4, **mark)
        if not (math.isfinite(low) and math.isfinite(high)):
            continue
        axes.plot([low, high], [i, i], color=look["color"], lw=width, solid_capstyle="butt", zorder=3, label=verdict)
        if math.isfinite(points[i]):
            axes.plot([points[i]], [i], zorder=4, label=f"{verdict}: difference", **mark)
        for end in (low, high):
            axes.plot([end], [i], marker="|", ms=9, mew=1.4, color=look["color"], zorder=3)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _say_why(axes: Axes, reasons: Sequence[tuple[int, str]], plot_width: float) -> None:
    """Write in rows without an interval why there is none, on that side of the line at 0 which has more room."""
    low, high = axes.get_xlim()
    left = -low >= high
    room = max(-low, high) / (high - low) * plot_width - 0.16
    for i, why in reasons:
        lines = path_lines(why, room, _SMALL, most=2)
        axes.annotate("\n".join(lines), (low if left else 0.0, i), (5, 0), textcoords="offset points", size=_SMALL,
                      color=GREY, va="center", linespacing=1.05,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})  # fmt: skip
