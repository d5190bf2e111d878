"""Every design against every other: differences with intervals that hold for all pairs at once, and their verdicts."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from sim.language import gettext
from sim.report.sentences import by_verdict
from sim.report.tables import rows_table
from sim.study.comparison.differences import compare
from sim.study.withholding import horizon_of, on_one_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.report.tables import Table
    from sim.study.design import Design


def every_pair(designs: Mapping[str, Design], measures: pl.DataFrame) -> pl.DataFrame:
    """Return the differences of every pair of designs, the later one minus the earlier, as of a comparison."""
    names, first = list(designs), next(iter(designs.values())).pilot
    staff = {name: design.overloaded_share for name, design in designs.items()}
    return compare(
        measures, names, first.mid, first.run, staff, first.report.compared, horizon_of(first),
        one_place=on_one_place(first), controls=first.report.controls, pairs=list(combinations(names, 2)),
    ).in_english()  # fmt: skip


def pairs_table(pairs: pl.DataFrame, confidence: float) -> Table:
    """Return on how many measures each design is better and worse than each other."""
    rows = []
    for (one, other), part in pairs.group_by("pilot", "baseline", maintain_order=True):
        counts = {gettext(verdict): len(labels) for verdict, labels in by_verdict(part.to_dicts()).items()}
        rows.append({gettext("design"): one, gettext("against"): other, **counts})
    note = gettext(
        "The intervals of all pairs hold at once ({confidence:.0%}), so that they are wider than those against the "
        "first design alone; each difference is in pairs.csv.",
        confidence=confidence,
    )
    title = gettext("Every design against every other: on how many measures")
    return rows_table(title, rows, notes=(note,), n_keys=2)
