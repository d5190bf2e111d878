"""The differences that a comparison shows, and the verdict on each."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.language import phrase
from sim.language.worded import Worded
from sim.statistics import intervals, verdicts
from sim.statistics.verdicts import Verdict
from sim.study.controls import controls_of, where_they_pay
from sim.study.withholding import BY_OVERLOAD, Rule, horizon_of, on_one_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.arrays import Floats
    from sim.config import Mid, Run
    from sim.config.report import JudgedMeasure, Response
    from sim.language.worded import Words
    from sim.measures.openness import Horizon
    from sim.statistics.intervals import Difference
    from sim.study.controls import Controls
    from sim.study.design import Design
    from sim.study.withholding import Withheld

UNKNOWN = (np.full(2, np.nan), np.full(2, np.nan))
"""A pair of which nothing is said."""

TABLE = (
    dict.fromkeys(("measure", "group", "label", "unit", "baseline", "pilot"), pl.String)
    | dict.fromkeys(("baseline_mean", "pilot_mean", "difference", "low", "high", "mid"), pl.Float64)
    | {"higher_is_better": pl.Boolean}
    | dict.fromkeys(("verdict", "why", "help", "cause"), pl.String)
    | dict.fromkeys(("by_baseline", "by_pilot"), pl.Boolean)
    | dict.fromkeys(("needed_least", "needed_most"), pl.Int64)
    | dict.fromkeys(("correlation", "variance_ratio"), pl.Float64)
    | {"n": pl.Int64, "open_bound": pl.Float64, "controls": pl.String, "controlled_ratio": pl.Float64}
)
"""The columns of differences: a design alone has them too, and no row."""


def compare(
    measures: pl.DataFrame,
    pilots: Sequence[str],
    mid: Mid,
    run: Run,
    overloaded_share: Mapping[str, Mapping[str, float]],
    judged: Sequence[JudgedMeasure],
    horizon: Horizon | None = None,
    *,
    one_place: bool = False,
    controls: bool = True,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> Worded:
    """Return every shown difference of every pilot from the first one, or of other pairs, with its verdict.

    Parameters
    ----------
    measures : polars.DataFrame
        The long table over all replications: pilot, replication, measure, group, unit, value, n.
    pilots : sequence of str
        The baseline first.
    mid, run
        Smallest differences that matter; confidence, and the share of requests to overloaded posts that withholds.
    overloaded_share : mapping of pilot -> level -> share
        The share of a level's heads that cannot keep up.
    judged : sequence of JudgedMeasure
        The measures that are shown, in their order. One without a smallest difference that matters is not judged: its
        difference has no interval.
    horizon : Horizon, optional
        How the replications end, so that what is still open can be weighed.
    one_place : bool
        Whether all replications are on one place, so that what follows from that alone is exact.
    controls : bool
        Whether differences, and the means beside them, are adjusted for draws of known mean where that pays.
    pairs : sequence of (pilot, pilot), optional
        Those whose differences are shown, second minus first; else every pilot against the first one.

    Returns
    -------
    Worded
        measure, group, label, unit, baseline, pilot, baseline_mean, pilot_mean, difference, low, high, mid,
        higher_is_better, verdict, why, help (what would), cause (null: none), by_baseline and by_pilot (whether the
        cause lies there), needed_least, needed_most (replications in all that would settle an undecided verdict;
        null: cannot be said; nor where what is still open is what leaves it undecided), correlation, variance_ratio,
        n, open_bound (by how much what is still open can move a mean), controls (what the row is adjusted for, in
        words; empty for nothing), controlled_ratio (the variance ratio then). Intervals are simultaneous over all
        rows that have one. A row that is better or worse and has a cause is of staff who cannot keep up, so that its
        difference can only grow with the run.
    """
    cell, counts, units = values_by_pilot(measures, pilots)
    both = [(pilots[0], p) for p in pilots[1:]] if pairs is None else pairs
    rows = [(one, *pair) for pair in both for one in judged if (one.measure, one.group) in units]
    rule = Rule(cell, run, overloaded_share, counts, mid, horizon, one_place)
    reasons = [rule.why(*row) for row in rows]
    values = [rule.known(*row) for row in rows]
    bound = [rule.bound_to_be(one, why, *pair) for (one, *pair), why in zip(rows, reasons, strict=True)]
    samples = [
        (known[0], known[1]) if one.mid is not None and (why is None or surer) else UNKNOWN
        for (one, *_), why, surer, known in zip(rows, reasons, bound, values, strict=True)
    ]
    judged_rows = [(one, p) for one, _, p in rows]
    adjusted = adjustments(cell, pilots, judged_rows, samples, run.confidence) if controls else [None] * len(rows)
    differences = intervals.simultaneous(samples, run.confidence, [one.values if one else None for one in adjusted])
    differences = [rule.exactly(one, d) for (one, *_), d in zip(rows, differences, strict=True)]
    (unknown,) = intervals.simultaneous([UNKNOWN], run.confidence)
    for i, ((one, *pair), surer, d) in enumerate(zip(rows, bound, differences, strict=True)):
        far = with_open(d, rule.open_bound(one, *pair))
        if surer is not None and verdict_on(far, one, mid.least(one), None) is not surer:
            bound[i], differences[i] = None, unknown
    table = []
    words: dict[str, list[Words]] = {name: [] for name in ("label", "why", "help", "controls")}
    each = zip(rows, reasons, bound, values, differences, adjusted, strict=True)
    for (one, baseline, p), reason, surer, known, d, by in each:
        least, why = mid.least(one), reason or rule.why_no_interval(one, d, baseline, p)
        means = [by.mean(one_design) if by else float(np.mean(one_design)) for one_design in known]
        far = with_open(d, rule.open_bound(one, baseline, p))
        verdict = verdict_on(far, one, least, why) if surer is None else surer
        needed = settling(d, least, run.confidence, verdict)
        words["label"].append(partial(phrase, one.label))
        words["why"].append(partial(str, why or ""))
        words["help"].append(partial(help_of, why))
        words["controls"].append(partial(str, by or ""))
        table.append(
            {
                "measure": one.measure, "group": one.group, "label": "", "unit": units[one.measure, one.group],
                "baseline": baseline, "pilot": p, "baseline_mean": means[0], "pilot_mean": means[1],
                "difference": means[1] - means[0] if verdict is Verdict.NOT_JUDGED else d.estimate,
                "low": d.low, "high": d.high, "mid": least,
                "higher_is_better": one.higher_is_better, "verdict": str(verdict), "why": "", "help": "",
                "cause": why and str(why.cause),
                "by_baseline": bool(why and baseline in why.shares), "by_pilot": bool(why and p in why.shares),
                **needed, "correlation": d.correlation,
                "variance_ratio": d.variance_ratio, "n": len(known[0]), "open_bound": rule.open_bound(one, baseline, p),
                "controls": "", "controlled_ratio": d.controlled_ratio,
            }
        )  # fmt: skip
    return Worded(pl.DataFrame(table, schema=TABLE), words)


def with_open(d: Difference, bound: float) -> Difference:
    """Return a difference whose interval allows for what is still open, which moves each of the two means by a bound.

    A verdict that more weeks could turn is none; the interval that is shown is that of chance alone.
    """
    moved = 2 * bound if math.isfinite(bound) else 0.0
    return replace(d, low=d.low - moved, high=d.high + moved)


def help_of(why: Withheld | None) -> str:
    """Return what would let something be said."""
    return why.help if why else ""


def adjustments(
    cell: Callable[[str, Response], Floats],
    pilots: Sequence[str],
    rows: Sequence[tuple[JudgedMeasure, str]],
    pairs: Sequence[tuple[Floats, Floats]],
    confidence: float,
) -> list[Controls | None]:
    """Return the controls of each row, None where they do not pay: all rows of a measure alike, so that means agree.

    Parameters
    ----------
    cell
        A response of a pilot over the replications.
    pilots
        The baseline first.
    rows, pairs
        Measure and pilot of each row, and the values of its pair, of which one of another length or with a NaN is left
        as it is.
    confidence
        Of the intervals.
    """
    gaps: dict[Response, list[Floats]] = {}
    for (one, _), (x, y) in zip(rows, pairs, strict=True):
        gaps.setdefault(one.response, []).append(y - x)
    where = {
        response: where_they_pay(controls_of(cell, pilots, response), confidence, samples)
        for response, samples in gaps.items()
    }
    chosen = []
    for (one, _), (x, y) in zip(rows, pairs, strict=True):
        controls = where[one.response]
        fits = controls is not None and len(x) == len(controls.values) and np.isfinite(y - x).all()
        chosen.append(controls if fits else None)
    return chosen


def settling(d: Difference, least: float | None, confidence: float, verdict: Verdict | str) -> dict[str, int | None]:
    """Return the columns of how many replications would settle a verdict that is undecided."""
    needed = None
    if least is not None and verdict == Verdict.UNDECIDED and verdicts.is_undecided(d, least):
        needed = verdicts.replications_needed(d, least, confidence)
    return {"needed_least": needed and needed.least, "needed_most": needed and needed.most}


def values_by_pilot(
    measures: pl.DataFrame, pilots: Sequence[str]
) -> tuple[Callable[[str, Response], Floats], Callable[[str, Response], Floats], dict[tuple[str, str], str]]:
    """Return functions that give a pilot's values of a response and their counts, by replication, and the units.

    The values (shape (replications,)) are those of the replications that all pilots have; a response that a pilot has
    nowhere is one NaN.
    """
    finished = [set(measures.filter(pl.col("pilot") == p)["replication"]) for p in pilots]
    both = np.array(sorted(set.intersection(*finished)))
    kept = measures.filter(pl.col("replication").is_in(both.tolist()))
    cells, counted = {}, {}
    for key, part in kept.group_by(["pilot", "measure", "group"], maintain_order=True):
        cells[key] = np.full(len(both), np.nan)
        at = np.searchsorted(both, part["replication"].to_numpy())
        cells[key][at] = part["value"].to_numpy()
        counted[key] = np.zeros(len(both))
        counted[key][at] = part["n"].to_numpy()
    units = {(m, g): u for m, g, u in measures.select("measure", "group", "unit").unique().iter_rows()}

    def values(pilot: str, response: Response) -> Floats:
        return cells.get((pilot, *response), np.array([np.nan]))

    def counts(pilot: str, response: Response) -> Floats:
        return counted.get((pilot, *response), np.zeros(0))

    return values, counts, units


def rule_of(designs: Mapping[str, Design], measures: pl.DataFrame) -> Rule:
    """Return the rule of withholding for designs whose replications are kept, the baseline first."""
    values, counts, _ = values_by_pilot(measures, list(designs))
    first = next(iter(designs.values())).pilot
    staff = {name: design.overloaded_share for name, design in designs.items()}
    return Rule(values, first.run, staff, counts, first.mid, horizon_of(first), on_one_place(first))


def verdict_on(d: Difference, judged: JudgedMeasure, least: float | None, why: Withheld | None) -> Verdict:
    """Return the verdict on a difference, or the word in its place; without a least one that matters, none is given."""
    if why:
        return why.verdict
    if least is None:
        return Verdict.NOT_JUDGED
    return verdicts.verdict(d.low, d.high, least, judged.higher_is_better)


def overloaded_in(comparison: pl.DataFrame) -> set[str]:
    """Return the pilots whose overload withholds a verdict of a comparison."""
    if comparison.is_empty():
        return set()
    rows = comparison.filter(BY_OVERLOAD)
    return {*rows.filter("by_baseline")["baseline"], *rows.filter("by_pilot")["pilot"]}
