"""Effects of two changes, of each alone and of both together, from four designs that cross them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.statistics import intervals
from sim.study.comparison.differences import values_by_pilot, withheld

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config import Run
    from sim.config.report import Crossed, JudgedMeasure

EFFECTS = ("first", "second", "interaction")


def crossed_effects(
    measures: pl.DataFrame,
    crossed: Crossed,
    run: Run,
    staff_overloaded: Mapping[str, Mapping[str, float]],
    judged: Sequence[JudgedMeasure],
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
    staff_overloaded : mapping of pilot -> level -> share
        The share of a level's heads that cannot keep up.
    judged : sequence of JudgedMeasure
        Those of them with a smallest difference that matters are shown.

    Returns
    -------
    polars.DataFrame
        measure, group, label, unit, effect (first, second, interaction), estimate, low, high, why, n. Intervals are
        simultaneous over all rows that have one.
    """
    cell, units = values_by_pilot(measures, crossed.pilots)
    rows = [one for one in judged if one.mid is not None and one.response in units]
    pairs, reasons = [], []
    for one in rows:
        base, first, second, both = (cell(pilot, one.response) for pilot in crossed.pilots)
        whys = (withheld(cell, one, crossed.base, p, run, staff_overloaded) for p in crossed.pilots[1:])
        why = next((str(why) for why in whys if why), "")
        reasons.append(why)
        nothing = (np.full(2, np.nan),) * 2
        pairs += [nothing] * 3 if why else [(base, first), (base, second), (first + second - base, both)]
    table = []
    for i, d in enumerate(intervals.simultaneous(pairs, run.confidence)):
        one = rows[i // 3]
        table.append(
            {
                "measure": one.measure, "group": one.group, "label": one.label, "unit": units[one.response],
                "effect": EFFECTS[i % 3], "estimate": d.estimate, "low": d.low, "high": d.high,
                "why": reasons[i // 3], "n": d.n,
            }
        )  # fmt: skip
    return pl.DataFrame(table, infer_schema_length=None)
