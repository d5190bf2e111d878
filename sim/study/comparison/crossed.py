"""Effects of two changes, of each alone and of both together, from four designs that cross them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.language import gettext, phrase
from sim.language.worded import Worded
from sim.report.sentences import withheld_notes
from sim.report.tables import decimals, number, percent, rows_table, scale_of
from sim.statistics import intervals
from sim.study.comparison.differences import adjustments, help_of, values_by_pilot
from sim.study.withholding import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.arrays import Floats
    from sim.config import Mid, Run
    from sim.config.report import Crossed, JudgedMeasure
    from sim.language.worded import Words
    from sim.measures.openness import Horizon
    from sim.report.tables import Table

EFFECTS = ("first", "second", "interaction")


def crossed_effects(
    measures: pl.DataFrame,
    crossed: Crossed,
    run: Run,
    overloaded_share: Mapping[str, Mapping[str, float]],
    judged: Sequence[JudgedMeasure],
    mid: Mid | None = None,
    horizon: Horizon | None = None,
    *,
    one_place: bool = False,
    controls: bool = True,
) -> Worded:
    """Return the effects of two changes and their interaction, on the same residents.

    The interaction is the effect of both together less the sum of their effects alone.

    Parameters
    ----------
    measures : polars.DataFrame
        The long table over all replications of the four designs.
    crossed : Crossed
        Which designs they are.
    run
        Confidence, and the share of requests to overloaded posts that withholds.
    overloaded_share : mapping of pilot -> level -> share
        The share of a level's heads that cannot keep up.
    judged : sequence of JudgedMeasure
        Those of them with a smallest difference that matters are shown.
    mid, horizon : optional
        Smallest differences that matter and how the replications end, so that what is still open can be weighed.
    one_place : bool
        Whether all replications are on one place, so that what follows from that alone is exact.
    controls : bool
        Whether effects are adjusted for draws of known mean where that pays.

    Returns
    -------
    Worded
        measure, group, label, unit, effect (first, second, interaction), estimate, low, high, why, help, n. Intervals
        are simultaneous over all rows that have one.
    """
    cell, counts, units = values_by_pilot(measures, crossed.pilots)
    rows = [one for one in judged if one.mid is not None and (one.measure, one.group) in units]
    rule = Rule(cell, run, overloaded_share, counts, mid, horizon, one_place)
    pairs: list[tuple[Floats, Floats]] = []
    reasons = []
    for one in rows:
        base, first, second, both = rule.known(one, *crossed.pilots)
        why = rule.why(one, *crossed.pilots)
        reasons.append(why)
        nothing = (np.full(2, np.nan),) * 2
        pairs += [nothing] * 3 if why else [(base, first), (base, second), (first + second - base, both)]
    of = [(one, effect) for one in rows for effect in EFFECTS]
    adjusted = adjustments(cell, crossed.pilots, of, pairs, run.confidence) if controls else [None] * len(pairs)
    values = [by.values if by else None for by in adjusted]
    table = []
    words: dict[str, list[Words]] = {name: [] for name in ("label", "why", "help")}
    for i, d in enumerate(intervals.simultaneous(pairs, run.confidence, values)):
        one = rows[i // 3]
        d = rule.exactly(one, d)  # noqa: PLW2901
        why = reasons[i // 3] or rule.why_no_interval(one, d, *crossed.pilots)
        words["label"].append(partial(phrase, one.label))
        words["why"].append(partial(str, why or ""))
        words["help"].append(partial(help_of, why))
        table.append(
            {
                "measure": one.measure, "group": one.group, "label": "", "unit": units[one.measure, one.group],
                "effect": EFFECTS[i % 3], "estimate": d.estimate, "low": d.low, "high": d.high,
                "why": "", "help": "", "n": d.n,
            }
        )  # fmt: skip
    return Worded(pl.DataFrame(table, infer_schema_length=None), words)


def crossed_table(effects: pl.DataFrame, crossed: Crossed, confidence: float) -> Table:
    """Return the effects to be read, one row a measure."""
    first, second = phrase(crossed.first_change), phrase(crossed.second_change)
    headings = dict(zip(EFFECTS, (first, second, gettext("beyond their sum")), strict=True))
    rows = []
    for _, part in effects.group_by(["measure", "group"], maintain_order=True):
        label, unit = part.select("label", "unit").row(0)
        factor, _, word = scale_of(unit)
        row: dict[str, object] = {gettext("measure"): gettext("{label} ({unit})", label=label, unit=word)}
        for effect, why, *values in part.select("effect", "why", "estimate", "low", "high").iter_rows():
            row[headings[effect]] = "–" if why else _shown(*(value * factor for value in values))
        rows.append(row)
    joint = effects.filter(pl.col("high") > pl.col("low")).height
    note = gettext(
        "Differences from {base} on the same residents: {first_change} alone ({first}), {second_change} alone "
        "({second}), and what both together ({both}) give beyond the sum of the two; all {n} intervals of this table "
        "hold together with {confidence}.",
        base=crossed.base, first_change=first, first=crossed.first, second_change=second, second=crossed.second,
        both=crossed.both, n=joint, confidence=percent(confidence),
    )  # fmt: skip
    without = withheld_notes(effects.select("label", "why", "help").iter_rows())
    table = rows_table(gettext("What each change does alone, and both together"), rows, notes=(note, *without))
    # effects with their intervals are numbers, which never wrap
    return replace(
        table, columns=tuple(replace(c, align="right" if i else "left") for i, c in enumerate(table.columns))
    )


def _shown(estimate: float, low: float, high: float) -> str:
    """Return an effect with its interval."""
    places = decimals((high - low) / 2, max(abs(low), abs(high)))
    estimate_text, *ends = (number(value, places, signed=True) for value in (estimate, low, high))
    return f"{estimate_text} [{', '.join(ends)}]"
