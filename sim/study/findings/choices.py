"""Which points of a study may be chosen: ranked against the best of the others, and heads against service."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.language.worded import Worded, stacked
from sim.statistics import best as selection
from sim.statistics import intervals, pareto
from sim.statistics.controls import among_first
from sim.statistics.reasons import in_words
from sim.statistics.verdicts import Ranked
from sim.study.budget.adjusting import UNADJUSTED, matrix
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.arrays import Floats
    from sim.config.report import Response
    from sim.language.worded import Words
    from sim.study.budget.adjusting import Adjusted
    from sim.study.budget.promises import Promised
    from sim.study.budget.runs import Runs
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened
    from sim.study.withholding import Rule

MOST_RANKED = 40
"""Points that are ranked at once: the intervals hold for all pairs together, and grow with their number."""

MOST_ON_A_FRONT = 200
"""Points whose heads and service are compared, pair by pair."""

NOT_COMPARED = (np.nan, np.nan)
"""The interval of a point against the others where it is not compared with them."""

BEST = (Ranked.BEST, Ranked.MAY_BE_BEST, Ranked.NOT_BEST)
WORST = (Ranked.WORST, Ranked.MAY_BE_WORST, Ranked.NOT_WORST)

ABOUT_FACTORS = {"one_at_a_time", "indices"}
"""Designs whose points are not alternatives: they show what the factors do."""


def ranking(
    plan: Plan,
    runs: Runs,
    rule: Rule,
    known: Mapping[str, Promised],
    adjusted: Mapping[Response, Adjusted] = UNADJUSTED,
) -> Worded | None:
    """Return the points against the best of the others, by every response of which less or more is better."""
    if len(plan.study.pilots) > 1 or about_factors(plan):
        return None
    best = plan.study.choose.best if plan.study.choose else None
    asked = dict.fromkeys([*([best.response] if best else []), *plan.study.responses])
    parts = (_ranked(plan, runs, rule, known, response, matrix(adjusted, response)) for response in asked)
    there = [one for one in parts if one is not None]
    return stacked(there) if there else None


def _ranked(
    plan: Plan, runs: Runs, rule: Rule, known: Mapping[str, Promised], response: Response, controls: Floats | None
) -> Worded | None:
    """Return the points against the best of the others by one response, on the replications that all of them have.

    A point from whose mean nothing follows, and one that breaks a promise or may, is shown and not ranked; the worst is
    one of all from whose means something follows.
    """
    best = plan.study.choose.best if plan.study.choose else None
    judged, as_judged = plan.report.judged(response), judged_as(plan.report, response)
    smaller = not (judged and judged.higher_is_better)
    if best is not None and best.response == response and best.smaller_is_better is not None:
        smaller = best.smaller_is_better
    elif judged is None:  # without a direction nothing is best
        return None
    values = {name: rule.counted(as_judged, name) for name in runs.complete if runs.count(name) > 1}
    shown = [name for name, one in values.items() if np.isfinite(one).all()]
    if not 2 <= len(shown) <= MOST_RANKED:
        return None
    withheld = {name: rule.why(as_judged, name) for name in shown}
    compared = [name for name in shown if not withheld[name]]
    names = [name for name in compared if known[name].is_choice]
    n = min(runs.count(name) for name in shown)
    by = among_first(controls, n)

    def ends(of: list[str], *, smaller: bool) -> dict[str, tuple[float, float]] | None:
        found = _against_best(np.array([values[name][:n] for name in of]), plan.confidence, by, smaller=smaller)
        return None if found is None else dict(zip(of, found, strict=True))

    best_ends, worst_ends = ends(names, smaller=smaller), ends(compared, smaller=not smaller)
    if best_ends is None:
        return None
    means = {name: intervals.mean_interval(values[name][:n], plan.confidence, by).estimate for name in shown}
    ordered = sorted(shown, key=lambda name: means[name], reverse=not smaller)
    rows = []
    for name in ordered:
        low, high = best_ends.get(name, NOT_COMPARED)
        verdict = _verdict(low, high, BEST, smaller=smaller) or (Ranked.NO_CHOICE if known[name].why else None)
        worst = _verdict(*(worst_ends or {}).get(name, NOT_COMPARED), WORST, smaller=not smaller)
        words_of = [one and str(one) for one in (verdict, worst)]
        rows.append((str(response), runs.unit(response), name, "", means[name], low, high, *words_of, n, ""))
    schema = dict.fromkeys(("response", "unit", "point", "label", "verdict", "worst", "why"), pl.String)
    columns = ["response", "unit", "point", "label", "mean", "best_low", "best_high", "verdict", "worst", "n", "why"]
    words: dict[str, list[Words]] = {
        "label": [plan.point(name).spoken for name in ordered],
        "why": [partial(in_words, known[name].why or withheld[name]) for name in ordered],
    }
    return Worded(pl.DataFrame(rows, schema=columns, orient="row", schema_overrides=schema), words)


def _verdict(low: float, high: float, words: tuple[Ranked, Ranked, Ranked], *, smaller: bool) -> Ranked | None:
    """Return whether a point is, may be or is not at the end of which these are the words; None: it is not compared."""
    if np.isnan(low):
        return None
    surely, never = (high <= 0, low >= 0) if smaller else (low >= 0, high <= 0)
    return words[0] if surely else words[2] if never else words[1]


def _against_best(
    samples: Floats, confidence: float, controls: Floats | None, *, smaller: bool
) -> list[tuple[float, float]] | None:
    """Return the interval of each point (samples of shape (points, n)) against the best of the others.

    None where all are alike; a point that has no other to be compared with may be best. Points with the same values
    share a rank, and none of them is known to be better than the others.
    """
    if len(samples) < 2:
        return [(-np.inf, np.inf)] * len(samples)
    # a knob without effect makes equal points, which share a rank and are not compared
    distinct, which, n_alike = np.unique(samples.T, axis=1, return_inverse=True, return_counts=True)
    if distinct.shape[1] < 2:
        return None
    against = selection.against_best(distinct, confidence, smaller_is_better=smaller, controls=controls)
    low = np.where((n_alike > 1) & (not smaller), -np.inf, against.low)
    high = np.where((n_alike > 1) & smaller, np.inf, against.high)
    return [(float(low[i]), float(high[i])) for i in which]


def front(
    plan: Plan,
    runs: Runs,
    rule: Rule,
    known: Mapping[str, Promised],
    screened: Mapping[str, Screened],
    adjusted: Mapping[Response, Adjusted] = UNADJUSTED,
) -> Worded | None:
    """Return heads against every response, where heads differ between the points."""
    names = runs.complete
    if len({screened[name].heads for name in names}) < 2 or len(names) > MOST_ON_A_FRONT or about_factors(plan):
        return None
    keeps = [known[name].keeps for name in names] if plan.study.promises else None
    parts = []
    for response in plan.study.responses:
        judged = plan.report.judged(response)
        if judged is None:
            continue
        withheld = [rule.why(judged, name) for name in names]
        values = [np.zeros(0) if why else rule.counted(judged, name) for name, why in zip(names, withheld, strict=True)]
        table = pareto.pareto(
            [plan.point(name).label for name in names], [screened[name].heads for name in names], values, keeps,
            plan.confidence, may_be=[known[name].is_choice for name in names] if keeps else None,
            smaller_is_better=not judged.higher_is_better, controls=matrix(adjusted, response),
        )  # fmt: skip
        named = pl.lit(str(response)).alias("response"), pl.lit(runs.unit(response)).alias("unit")
        words: dict[str, list[Words]] = {
            "label": [plan.point(name).spoken for name in names],
            "why": [partial(in_words, why or known[name].why) for name, why in zip(names, withheld, strict=True)],
        }
        ours = table.select(*named, pl.Series("point", names), pl.all(), pl.lit("").alias("why"))
        parts.append(Worded(ours, words))
    return stacked(parts) if parts else None


def about_factors(plan: Plan) -> bool:
    """Return whether the points of a study are not alternatives: its designs only show what the factors do."""
    return {block.kind for block in plan.settings.blocks} <= ABOUT_FACTORS
