"""The chart of cost against effect: each design where it lies from the baseline, in money and in one measure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.charts.page import EDGE, Page, pilot_key, short_name
from sim.charts.style import COLOURS, GREY, PALE, pilot_style, styled
from sim.language import N_, gettext, listed, ngettext, phrase
from sim.report import counts
from sim.report.tables import number, scale_of, with_its_unit, with_unit
from sim.statistics.verdicts import NO_VERDICT, Verdict

_WIDTH, _HEIGHT, _SCALE = 9.5, 4.2, 0.85
"""Sizes of the page, of its chart, and of the room for its scale (inches)."""
_QUARTERS = {
    (True, False): N_("better and cheaper"), (True, True): N_("better and dearer"),
    (False, False): N_("worse and cheaper"), (False, True): N_("worse and dearer"),
}  # fmt: skip
"""By whether a place is better and dearer than the baseline."""
_SIDES = {
    Verdict.BETTER: N_("better"), Verdict.WORSE: N_("worse"),
    Verdict.NO_MATERIAL_DIFFERENCE: N_("no material difference"), Verdict.UNDECIDED: N_("undecided"),
}  # fmt: skip


@styled
def plane(effect: pl.DataFrame, cost: pl.DataFrame, footer: str = "", confidence: float = 0.95) -> Figure:
    """Return the chart of what each design costs more than the baseline, against what it does better.

    Parameters
    ----------
    effect
        One measure's rows of a comparison, as for `forest`, one a design.
    cost
        pilot, difference, low, high (million yuan a year): of each design, less the baseline.
    footer
        Where the numbers come from.
    confidence
        Of the intervals.

    Returns
    -------
    Figure
        To the right is better, whichever way the measure counts; up is dearer. A design without a verdict on the
        measure is not drawn, and a note says which.

    Raises
    ------
    ValueError
        The effect must have a row.
    """
    rows = effect.to_dicts()
    if not rows:
        raise ValueError("effect must have at least 1 row, got 0")
    money = {row["pilot"]: row for row in cost.to_dicts()}
    drawn = [row for row in rows if str(row["verdict"]) not in NO_VERDICT and _known(row["difference"])]
    factor, unit, _ = scale_of(rows[0]["unit"])
    left = [short_name(row["pilot"]) for row in rows if row not in drawn]
    told = gettext("Without a verdict on the measure, and not drawn: {designs}.", designs=listed(left))
    baseline, named = short_name(rows[0]["baseline"]), [row["pilot"] for row in drawn]
    page = Page.around(
        _WIDTH,
        _HEIGHT + 0.55,
        title=list(_titles(drawn, money, baseline)),
        subtitle=gettext(
            "Differences from {baseline} with {confidence:.0%} intervals: of the measure all hold together, of cost "
            "each by itself. Prices are assumptions.", baseline=baseline, confidence=confidence,
        ),
        legend=[pilot_key(i, name, ls="none") for i, name in enumerate([rows[0]["baseline"], *named])],
        footer=footer,
        notes=[told] if left else [],
    )  # fmt: skip
    axes = page.axes(EDGE + _SCALE, 0.05, _WIDTH - 2 * EDGE - _SCALE, _HEIGHT)
    points = [(row, money[row["pilot"]]) for row in drawn]
    _scales(axes, points, factor, inverted=not rows[0]["higher_is_better"])
    label = with_unit(phrase(rows[0]["label"]), unit)
    axes.set_xlabel(gettext("{measure}: difference, better to the right", measure=label))
    axes.set_ylabel(gettext("Cost: difference, dearer upwards (million yuan a year)"))
    _quarters(axes, inverted=not rows[0]["higher_is_better"])
    _points(axes, points, factor)
    return page.figure


def _titles(
    drawn: Sequence[Mapping[str, Any]], money: Mapping[str, Mapping[str, Any]], baseline: str
) -> Iterator[str]:  # fmt: skip
    """Yield what is seen of the designs, ever shorter."""
    if not drawn:
        yield gettext("No design has a verdict on the measure, so none can be weighed against what it costs")
        return
    sure = [_quarter(row, money[row["pilot"]]) for row in drawn]
    if len(drawn) == 1:
        row, its = drawn[0], money[drawn[0]["pilot"]]
        factor, unit, _ = scale_of(row["unit"])
        yield gettext(
            "{design} against {baseline}: {effect} ({side}) and {cost} million yuan a year",
            design=short_name(row["pilot"]), baseline=baseline, side=gettext(_SIDES[Verdict(row["verdict"])]),
            effect=with_its_unit(number(factor * row["difference"], 2, signed=True), unit),
            cost=number(its["difference"], 2, signed=True),
        )  # fmt: skip
        return
    said = [
        ngettext("{n} is {quarter}", "{n} are {quarter}", sure.count(one), quarter=gettext(words))
        for one, words in _QUARTERS.items() if one in sure
    ]  # fmt: skip
    if rest := sure.count(None):
        said.append(ngettext("{n} is undecided", "{n} are undecided", rest))
    words = {"designs": counts.designs(len(drawn)), "baseline": baseline, "said": listed(said)}
    label = phrase(drawn[0]["label"])
    yield gettext("{measure}, and cost: of {designs} against {baseline}, {said}",
                  measure=short_name(f"{label[:1].upper()}{label[1:]}", 60), **words)  # fmt: skip
    yield gettext("Of {designs} against {baseline}, {said}", **words)


def _quarter(row: Mapping[str, Any], its: Mapping[str, Any]) -> tuple[bool, bool] | None:
    """Return whether a design is better and dearer, where both are sure."""
    verdict = str(row["verdict"])
    if verdict not in (Verdict.BETTER, Verdict.WORSE) or not _known(its["low"]) or its["low"] <= 0 <= its["high"]:
        return None
    return verdict == Verdict.BETTER, its["low"] > 0


def _scales(axes: Axes, points: Sequence[tuple[Any, Any]], factor: float, *, inverted: bool) -> None:
    """Set scales that hold every interval and the baseline, with room for labels."""
    xs, ys = [0.0], [0.0]
    for row, its in points:
        xs += [factor * row[name] for name in ("difference", "low", "high") if _known(row[name])]
        ys += [its[name] for name in ("difference", "low", "high") if _known(its[name])]
    for low, high, put, least in ((min(xs), max(xs), axes.set_xlim, 1e-6), (min(ys), max(ys), axes.set_ylim, 0.1)):
        room = max(0.3 * (high - low), least)
        put(low - room, high + room)
    if inverted:
        axes.invert_xaxis()


def _quarters(axes: Axes, *, inverted: bool) -> None:
    """Draw the axes through the baseline, and say in each corner what lies there."""
    axes.axhline(0, color=GREY, lw=0.8, zorder=1)
    axes.axvline(0, color=GREY, lw=0.8, zorder=1)
    right, (low, high) = axes.get_xlim()[1], axes.get_ylim()
    good = (right, 0.0) if inverted else (0.0, right)
    axes.axvspan(*good, ymax=(0 - low) / (high - low), color=PALE, lw=0, zorder=0)
    for (better, dearer), words in _QUARTERS.items():
        axes.text(
            0.99 if better else 0.01, 0.985 if dearer else 0.015, gettext(words), transform=axes.transAxes, fontsize=9,
            color=GREY, ha="right" if better else "left", va="top" if dearer else "bottom", style="italic",
        )  # fmt: skip
    axes.plot([0], [0], marker=pilot_style(0)[1], color=COLOURS[0], ms=7, zorder=4)


def _points(axes: Axes, points: Sequence[tuple[Any, Any]], factor: float) -> None:
    """Draw each design with both of its intervals."""
    for i, (row, its) in enumerate(points, start=1):
        x, y = factor * row["difference"], its["difference"]
        colour, marker, _ = pilot_style(i)
        look: dict[str, Any] = {"color": colour, "lw": 1.2, "zorder": 3}
        if _known(row["low"]) and _known(row["high"]):
            axes.plot([factor * row["low"], factor * row["high"]], [y, y], **look)
        if _known(its["low"]) and _known(its["high"]):
            axes.plot([x, x], [its["low"], its["high"]], **look)
        axes.plot([x], [y], marker=marker, color=colour, ms=8, mec="white", zorder=4)


def _known(value: object) -> bool:
    """Return whether a value is a number."""
    return isinstance(value, float) and math.isfinite(value)
