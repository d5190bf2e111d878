"""Effects of two changes, of each alone and of both together, from four designs that cross them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.report.sentences import withheld_notes
from sim.report.tables import decimals, number, rows_table, scale_of
from sim.statistics import intervals
from sim.study.comparison.differences import adjustments, values_by_pilot
from sim.study.withholding import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.arrays import Floats
    from sim.config import Mid, Run
    from sim.config.report import Crossed, JudgedMeasure
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
    controls: bool = True,
) -> pl.DataFrame:
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
    controls : bool
        Whether effects are adjusted for draws of known mean where that pays.

    Returns
    -------
    polars.DataFrame
        measure, group, label, unit, effect (first, second, interaction), estimate, low, high, why, help, n. Intervals
        are simultaneous over all rows that have one.
    """
    cell, counts, units = values_by_pilot(measures, crossed.pilots)
    rows = [one for one in judged if one.mid is not None and (one.measure, one.group) in units]
    rule = Rule(cell, run, overloaded_share, counts, mid, horizon)
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
    for i, d in enumerate(intervals.simultaneous(pairs, run.confidence, values)):
        one = rows[i // 3]
        why = reasons[i // 3] or rule.why_no_interval(one, d, *crossed.pilots)
        table.append(
            {
                "measure": one.measure, "group": one.group, "label": one.label, "unit": units[one.measure, one.group],
                "effect": EFFECTS[i % 3], "estimate": d.estimate, "low": d.low, "high": d.high,
                "why": str(why or ""), "help": why.help if why else "", "n": d.n,
            }
        )  # fmt: skip
    return pl.DataFrame(table, infer_schema_length=None)


def crossed_table(effects: pl.DataFrame, crossed: Crossed, confidence: float) -> Table:
    """Return the effects to be read, one row a measure."""
    headings = dict(zip(EFFECTS, (crossed.first_change, crossed.second_change, "beyond their sum"), strict=True))
    rows = []
    for _, part in effects.group_by(["measure", "group"], maintain_order=True):
        label, unit = part.select("label", "unit").row(0)
        factor, _, word = scale_of(unit)
        row: dict[str, object] = {"measure": f"{label} ({word})"}
        for effect, why, *values in part.select("effect", "why", "estimate", "low", "high").iter_rows():
            row[headings[effect]] = "–" if why else _shown(*(value * factor for value in values))
        rows.append(row)
    joint = effects.filter(pl.col("high") > pl.col("low")).height
    note = (
        f"Differences from {crossed.base} on the same residents: {crossed.first_change} alone ({crossed.first}), "
        f"{crossed.second_change} alone ({crossed.second}), and what both together ({crossed.both}) give beyond the "
        f"sum of the two; all {joint} intervals of this table hold together with {100 * confidence:g} %."
    )
    without = withheld_notes(effects.select("label", "why", "help").iter_rows())
    table = rows_table("What each change does alone, and both together", rows, notes=(note, *without))
    # effects with their intervals are numbers, which never wrap
    return replace(
        table, columns=tuple(replace(c, align="right" if i else "left") for i, c in enumerate(table.columns))
    )


def _shown(estimate: float, low: float, high: float) -> str:
    """Return an effect with its interval."""
    places = decimals((high - low) / 2, max(abs(low), abs(high)))
    estimate_text, *ends = (number(value, places, signed=True) for value in (estimate, low, high))
    return f"{estimate_text} [{', '.join(ends)}]"
