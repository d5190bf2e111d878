"""What the statistics of evenness are adjusted for: draws of known mean in the replications that measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.config.report import Response
from sim.measures.dictionary import CONTROL
from sim.study.comparison.differences import values_by_pilot
from sim.study.comparison.equity import STATISTICS
from sim.study.controls import controls_among, where_they_pay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import polars as pl

    from sim.arrays import Floats, Ints
    from sim.config.report import JudgedMeasure
    from sim.study.comparison.equity import Key, Statistic
    from sim.study.controls import Controls


def adjustments(
    known: Mapping[Key, Statistic],
    measures: pl.DataFrame,
    pilots: Sequence[str],
    confidence: float,
    asked: Sequence[JudgedMeasure],
) -> dict[tuple[str, str], Controls]:
    """Return what the statistics of a measure within a family are adjusted for, under all pilots, where that pays.

    That it pays is judged on all of these statistics and on their differences from the first pilot, each kind alike.
    """
    values, _, _ = values_by_pilot(measures, pilots)
    made = {}
    for s in asked:
        for family, names in STATISTICS.items():
            keys = [(s.measure, family, name) for name in names]
            of = {pilot: [known[pilot, *key] for key in keys if (pilot, *key) in known] for pilot in pilots}
            every = [one for each in of.values() for one in each]
            rows = next((one.rows for one in every if one.rows is not None), None)
            if rows is None:
                continue
            pairs = [pair for pilot in pilots[1:] for pair in zip(of[pilots[0]], of[pilot], strict=False)]
            gaps = [b.values - a.values for a, b in pairs if len(a.values) == len(b.values)]
            controls = controls_among(_drawn(values, pilots, rows), s.response, len(rows))
            if used := where_they_pay(controls, confidence, [one.values for one in every], gaps):
                made[s.measure, family] = used
    return made


def _drawn(
    values: Callable[[str, Response], Floats], pilots: Sequence[str], rows: Ints
) -> Callable[[str], Iterator[Floats]]:
    """Return a function that gives the draws of a name under each pilot, of these replications."""

    def draws(name: str) -> Iterator[Floats]:
        each = (values(pilot, Response(CONTROL, name)) for pilot in pilots)
        return (one[rows] for one in each if len(one) > rows.max())

    return draws
