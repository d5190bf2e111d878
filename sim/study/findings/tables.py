"""The findings of a study as tables, made of the replications of its points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.language import N_, gettext
from sim.statistics import best as selection
from sim.statistics import effects, intervals, pareto, sobol, swings
from sim.statistics import responses as cells
from sim.statistics.controls import among_first
from sim.statistics.verdicts import Ranked
from sim.study.budget.adjusting import UNADJUSTED, matrix
from sim.study.comparison.differences import settling, verdict_on
from sim.study.findings.naming import words_of
from sim.study.findings.responses import ResponseBySetting, responses_by_setting
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.arrays import Floats
    from sim.config import Mid, Run
    from sim.config.report import Response
    from sim.statistics.designs import Block
    from sim.study.budget.adjusting import Adjusted
    from sim.study.budget.outcome import Outcome
    from sim.study.budget.promises import Promised
    from sim.study.budget.runs import Runs
    from sim.study.points.composer import Point
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened
    from sim.study.withholding import Rule, Withheld

MOST_RANKED = 40
"""Points that are ranked at once: the intervals hold for all pairs together, and grow with their number."""

MOST_ON_A_FRONT = 200
"""Points whose heads and service are compared, pair by pair."""

LEFT_OUT = 0.05
"""Of more settings of a sample than this share without a value, the others are no sample of the factors' ranges."""

ABOUT_FACTORS = {"one_at_a_time", "indices"}
"""Designs whose points are not alternatives: they show what the factors do."""

MEASURES = {"measure": pl.String, "group": pl.String, "unit": pl.String, "value": pl.Float64, "n": pl.Int64}


Remark = Callable[[], str]
"""Says a sentence in the language that is spoken."""


@dataclass
class Findings:
    """The tables of a study by name, and what says sentences on them in the language that is spoken."""

    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


def design_table(plan: Plan, runs: Runs, screened: Mapping[str, Screened]) -> pl.DataFrame:
    """Return one row a point: its factors' levels, whether it was run, and its overloaded posts."""
    rows = []
    for point in plan.points:
        design = screened.get(point.name)
        why = point.why or runs.failures.get(point.name, "")
        impossible = point.pilot is None
        status = "impossible" if impossible else "failed" if point.name in runs.failures else "run"
        rows.append(
            {"point": point.name, "setting": point.setting, "pilot": point.base, "label": point.label}
            | {name: level_of(plan, point.setting, name) for name in plan.factors}
            | {
                "replications": 0 if impossible else runs.count(point.name),
                "status": status,
                "heads": None if impossible or not design else design.heads,
                "cannot_keep_up": ", ".join(design.overloaded) if design else "",
                "why": why,
                "key": runs.keys.get(point.name, ""),
            }
        )
    schema = dict.fromkeys(rows[0], pl.String)
    schema |= {"setting": pl.Int64, "replications": pl.Int64, "heads": pl.Int64}  # type: ignore[dict-item]
    return pl.DataFrame(rows, schema=schema)


def fresh_table(outcome: Outcome) -> pl.DataFrame:
    """Return what fresh replications say of each choice: one row a reason."""
    rows = [
        {
            "asked": choice.asked(), "point": choice.chosen, "seed": one.seed, "n": one.n, "reason": str(seen.reason),
            "response": str(seen.response), "rival": seen.rival, "estimate": seen.interval.estimate,
            "low": seen.interval.low, "high": seen.interval.high, "holds": seen.holds,
        }
        for choice, one in zip(outcome.choices, outcome.fresh, strict=True)
        if one is not None
        for seen in one.seen
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=FRESH)


FRESH = dict.fromkeys(("asked", "point", "reason", "response", "rival"), pl.String) | dict.fromkeys(
    ("estimate", "low", "high"), pl.Float64
) | {"seed": pl.Int64, "n": pl.Int64, "holds": pl.Boolean}  # fmt: skip


def level_of(plan: Plan, setting: int, factor: str) -> str:
    """Return the level of a factor in a setting; a factor that it does not move is at its base."""
    level = plan.settings.all[setting].levels.get(factor)
    return level.label if level else plan.factors[factor].base or "base"


def measures_table(runs: Runs, study: str) -> pl.DataFrame:
    """Return the long table: every measure of the study's groups, of every replication of every point."""
    parts = []
    for name in runs.keys:
        for number in range(runs.count(name)):
            keys = (
                pl.lit(study).alias("study"),
                pl.lit(name).alias("point"),
                pl.lit(number, pl.Int64).alias("replication"),
            )
            parts.append(runs.table(name, number).select(*keys, *MEASURES))
    empty = pl.DataFrame(schema={"study": pl.String, "point": pl.String, "replication": pl.Int64} | MEASURES)
    return pl.concat(parts) if parts else empty


def summary_table(
    plan: Plan,
    runs: Runs,
    rule: Rule,
    known: Mapping[str, Promised],
    confidence: float,
    adjusted: Mapping[Response, Adjusted] = UNADJUSTED,
) -> pl.DataFrame:
    """Return one row a point: its factors' levels, mean, low and high of every response, and what it promises.

    A mean from which nothing follows says why, in `RESPONSE_why`, and what would help. `adjusted` says what means are
    adjusted for.
    """
    settings = pl.DataFrame(
        [
            {"setting": i, "point": point.name, "pilot": point.base, "label": point.label}
            | {name: level_of(plan, point.setting, name) for name in plan.factors}
            for i, point in enumerate(plan.points)
        ]
    )
    numbers = {point.name: i for i, point in enumerate(plan.points)}
    why = {numbers[p.name]: p.why or runs.failures.get(p.name, "") for p in plan.points}
    responses = []
    for response in plan.study.responses:
        values = {name: rule.known(judged_as(plan.report, response), name)[0] for name in runs.complete}
        some = frozenset(numbers[name] for name, one in values.items() if len(one) < runs.count(name))
        by_number = {numbers[name]: one for name, one in values.items()}
        controls = matrix(adjusted, response)
        responses.append(cells.Response(str(response), runs.unit(response), by_number, why, controls, some))
    summary = effects.summary(settings, responses, confidence).drop("setting")
    for response in plan.study.responses:
        withheld = [withheld_at(plan, runs, rule, point, response) for point in plan.points]
        summary = summary.with_columns(
            pl.Series(f"{response}_why", [str(one or "") for one in withheld], dtype=pl.String),
            pl.Series(f"{response}_help", [one.help if one else "" for one in withheld], dtype=pl.String),
        )
    if not plan.study.promises:
        return summary
    kept = [known[point.name].keeps if point.name in known else None for point in plan.points]
    return summary.with_columns(pl.Series("keeps_promises", kept, dtype=pl.Boolean))


def withheld_at(plan: Plan, runs: Runs, rule: Rule, point: Point, response: Response) -> Withheld | None:
    """Return why nothing follows from a response at a point that was run, or None."""
    was_run = point.name in runs.keys and runs.count(point.name) and point.name not in runs.failures
    return rule.why(judged_as(plan.report, response), point.name) if was_run else None


def effects_table(
    plan: Plan, runs: Runs, rule: Rule, mid: Mid, run: Run, adjusted: Mapping[Response, Adjusted] = UNADJUSTED
) -> pl.DataFrame:
    """Return every paired difference of every response with a verdict; intervals of one response hold at once.

    `adjusted` says what differences and the means beside them are adjusted for; `controls` has it in words.
    """
    complete = set(runs.complete)
    pairs = [(a, b) for a, b in plan.pairs() if {a.name, b.name} <= complete]
    rows = []
    for response in plan.study.responses:
        unit, judged = runs.unit(response), plan.report.judged(response)
        measured = [rule.known(judged_as(plan.report, response), a.name, b.name) for a, b in pairs]
        whys = [rule.why(judged_as(plan.report, response), a.name, b.name) for a, b in pairs]
        known = [(m[0], m[1]) if not why else (np.full(2, np.nan),) * 2 for m, why in zip(measured, whys, strict=True)]
        least = mid.least(judged) if judged else None
        by = adjusted.get(response)
        each = [
            by.fitting(m[0], min(runs.count(a.name), runs.count(b.name))) if by else None
            for (a, b), m in zip(pairs, measured, strict=True)
        ]
        differences = intervals.simultaneous(known, run.confidence, each)
        for (a, b), d, (x, y), known_why, x_by in zip(pairs, differences, measured, whys, each, strict=True):
            means = [intervals.mean_interval(one, run.confidence, x_by).estimate for one in (x, y)]
            why = known_why or rule.why_no_interval(judged_as(plan.report, response), d, a.name, b.name)
            verdict = str(verdict_on(d, judged, least, why)) if judged else str(why.verdict) if why else ""
            rows.append(
                {
                    "response": str(response), "unit": unit, "baseline": a.name, "point": b.name,
                    "baseline_label": a.label, "label": b.label, "baseline_mean": means[0],
                    "mean": means[1], "difference": d.estimate, "low": d.low, "high": d.high, "n": len(x),
                    "mid": least, "verdict": verdict,
                    "why": str(why or ""), "help": why.help if why else "", "cause": why and str(why.cause),
                    **settling(d, least, run.confidence, verdict),
                    "open_bound": rule.open_bound(judged_as(plan.report, response), a.name, b.name),
                    "controls": str(by.controls) if by and d.n_controls else "",
                }
            )  # fmt: skip
    texts = ["response", "unit", "baseline", "point", "baseline_label", "label", "verdict", "why", "help", "cause"]
    floats = ("baseline_mean", "mean", "difference", "low", "high", "mid", "open_bound")
    schema = dict.fromkeys([*texts, "controls"], pl.String) | dict.fromkeys(floats, pl.Float64)
    order = ["response", "unit", "baseline", "point", "baseline_label", "label", "baseline_mean", "mean", "difference"]
    order += ["low", "high", "n", "mid", "verdict", "why", "help", "cause", "needed_least", "needed_most", "open_bound"]
    order += ["controls"]
    return pl.DataFrame(rows, schema={name: schema.get(name, pl.Int64) for name in order})


def findings(
    plan: Plan,
    runs: Runs,
    rule: Rule,
    known: Mapping[str, Promised],
    screened: Mapping[str, Screened],
    outcome: Outcome,
    adjusted: Mapping[Response, Adjusted] = UNADJUSTED,
) -> Findings:
    """Return the findings of the designs of a study, each by its kind; `adjusted` says what means are adjusted for."""
    made: dict[str, list[pl.DataFrame]] = {}
    remarks: list[Remark] = list(outcome.notes)
    for number, block in enumerate(plan.settings.blocks):
        settings = block_settings(plan, block)
        for studied in responses_by_setting(plan, runs, rule, adjusted):
            for name, table in _shape(plan, rule, block, settings, studied, remarks).items():
                keys = {"design": number, "pilot": studied.pilot, "against": studied.against}
                columns = [pl.lit(value).alias(key) for key, value in keys.items()]
                made.setdefault(name, []).append(table.select(*columns, pl.all()))
    tables = {name: pl.concat(parts, how="diagonal_relaxed") for name, parts in made.items()}
    for name, choice in (
        ("ranking", _ranking(plan, runs, rule, known, adjusted)),
        ("pareto", _pareto(plan, runs, rule, known, screened, adjusted)),
    ):
        if choice is not None:
            tables[name] = choice
    return Findings(tables, remarks)


def block_settings(plan: Plan, block: Block) -> pl.DataFrame:
    """Return the settings of a design: their numbers and the levels of its factors."""
    rows = [
        {"setting": number} | {name: level_of(plan, number, name) for name in block.factors}
        for number in dict.fromkeys(block.rows)
    ]
    return pl.DataFrame(rows, schema={"setting": pl.Int64, **dict.fromkeys(block.factors, pl.String)})


def _shape(
    plan: Plan, rule: Rule, block: Block, settings: pl.DataFrame, studied: ResponseBySetting, remarks: list[Remark]
) -> dict[str, pl.DataFrame]:
    """Return the tables that the kind of a design and the number of its factors ask for."""
    if block.kind == "one_at_a_time":
        return _swings(plan, rule, block, settings, studied, remarks)
    if block.kind == "indices":
        return _indices(plan, rule, block, studied, remarks)
    if block.kind == "points":
        return {}
    return _levels(block, settings, studied)


def _levels(block: Block, settings: pl.DataFrame, studied: ResponseBySetting) -> dict[str, pl.DataFrame]:
    """Return the effects of the factors' levels: alone, two by two and averaged over the others."""
    response, confidence, factors = studied.values, studied.confidence, list(block.factors)
    if block.kind in ("lhs", "sobol"):
        return {"main_effects": effects.sampled_effects(settings, response, factors, confidence)}
    first, *others = factors
    if block.kind == "zip" or not others:
        return {"curve": effects.curve(settings.select("setting", first), response, first, None, confidence)}
    return {
        "main_effects": effects.main_effects(settings, response, factors, confidence),
        "heat": effects.heat(settings, response, first, others[0], confidence),
        "curve": effects.curve(settings, response, first, others[0], confidence),
    }


def _swings(
    plan: Plan, rule: Rule, block: Block, settings: pl.DataFrame, studied: ResponseBySetting, remarks: list[Remark]
) -> dict[str, pl.DataFrame]:
    """Return how far each factor moves a response from its base."""
    base = studied.values.at(block.rows[0])
    if base is None:
        message = N_("{response}: no tornado, because there is no value at the base ({why}).")
        remarks.append(partial(_remark, plan, rule, studied, message, why=studied.values.reason(block.rows[0])))
        return {}
    alone = {factor: _alone(plan, settings, factor) for factor in block.factors}
    ends = [one for factor in alone for one in swings.ends(alone[factor], studied.values, block.rows[0], [factor])]
    known = swings.tornado(base, ends, studied.confidence, studied.values.controls)
    at_base = {"base": known.base.estimate, "base_from": known.base.low, "base_to": known.base.high}
    return {"tornado": _with(studied, known.table, at_base)}


def _alone(plan: Plan, settings: pl.DataFrame, factor: str) -> pl.DataFrame:
    """Return the base and the settings that move one factor, in the order of its levels.

    A base that is not one of them comes after the first level, so that it is not an end of the range.
    """
    base = settings[factor][0]
    order = {level.label: float(i) for i, level in enumerate(plan.factors[factor].levels)}
    places = {label: order.get(label, 0.5 if len(order) > 1 else -1.0) for label in settings[factor].unique()}
    mine = settings.filter((pl.int_range(pl.len()) == 0) | (pl.col(factor) != base)).select("setting", factor)
    return mine.sort(pl.col(factor).replace_strict(places, return_dtype=pl.Float64), maintain_order=True)


def _remark(plan: Plan, rule: Rule, studied: ResponseBySetting, message: str, **values: object) -> str:
    """Return a sentence on a response, of a pilot or of a difference; texts among its values are said too."""
    response = words_of(plan).response(studied.response, studied.pilot, studied.against)
    spoken = {name: rule.retold(value) if isinstance(value, str) else value for name, value in values.items()}
    return gettext(message, response=response, **spoken)


def _indices(
    plan: Plan, rule: Rule, block: Block, studied: ResponseBySetting, remarks: list[Remark]
) -> dict[str, pl.DataFrame]:  # fmt: skip
    """Return the Sobol indices of a response."""
    factors, remark = list(block.factors), partial(partial, _remark, plan, rule, studied)
    without = [row for row in dict.fromkeys(block.rows) if studied.values.at(row) is None]
    share = len(without) / len(dict.fromkeys(block.rows))
    if share > LEFT_OUT:
        message = N_(
            "{response}: no Sobol indices: {n} of {all} settings have no value, as {why}, and what is left is no "
            "sample of the factors' ranges."
        )
        n = {"n": len(without), "all": len(dict.fromkeys(block.rows))}
        remarks.append(remark(message, **n, why=studied.values.reason(without[0])))
        return {}
    try:
        known = sobol.indices(studied.values.matrix(block.rows), factors, studied.confidence)
    except ValueError as error:
        remarks.append(remark(N_("{response}: no Sobol indices: {why}."), why=str(error)))
        return {}
    if known.why:
        remarks.append(remark(N_("{response}: no Sobol indices: {why}."), why=known.why))
    if known.caution:
        remarks.append(remark(N_("{response}: {what}."), what=known.caution))
    if known.left_out:
        message = N_(
            "{response}: {n} of {all} base points were left out of the Sobol indices, because one of their settings "
            "has no value."
        )
        remarks.append(remark(message, n=known.left_out, all=known.n + known.left_out))
    return {
        "indices": _with(studied, known.table, {"n": known.n, "left_out": known.left_out, "noise": known.noise_share})
    }


def _with(studied: ResponseBySetting, table: pl.DataFrame, more: Mapping[str, float]) -> pl.DataFrame:
    """Return a table with its response and further numbers that are the same in every row."""
    columns = {"response": str(studied.response), "unit": studied.values.unit, **more}
    return table.select(*(pl.lit(value).alias(name) for name, value in columns.items()), pl.all())


def _ranking(
    plan: Plan,
    runs: Runs,
    rule: Rule,
    known: Mapping[str, Promised],
    adjusted: Mapping[Response, Adjusted] = UNADJUSTED,
) -> pl.DataFrame | None:
    """Return the points against the best of the others, by every response of which less or more is better."""
    if len(plan.study.pilots) > 1 or about_factors(plan):
        return None
    best = plan.study.choose.best if plan.study.choose else None
    asked = dict.fromkeys([*([best.response] if best else []), *plan.study.responses])
    parts = (_ranked(plan, runs, rule, known, response, matrix(adjusted, response)) for response in asked)
    there = [one for one in parts if one is not None]
    return pl.concat(there) if there else None


def _ranked(
    plan: Plan, runs: Runs, rule: Rule, known: Mapping[str, Promised], response: Response, controls: Floats | None
) -> pl.DataFrame | None:
    """Return the points against the best of the others by one response, on the replications that all of them have.

    A point from whose mean nothing follows, and one that breaks a promise or may, is shown and not ranked.
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
    withheld = {name: str(rule.why(as_judged, name) or "") for name in shown}
    names = [name for name in shown if known[name].is_choice and not withheld[name]]
    n = min(runs.count(name) for name in shown)
    by = among_first(controls, n)
    ends = _against_best(np.array([values[name][:n] for name in names]), plan.confidence, by, smaller=smaller)
    if ends is None:
        return None
    rows = []
    for name in shown:
        low, high = ends[names.index(name)] if name in names else (np.nan, np.nan)
        surely, never = (high <= 0, low >= 0) if smaller else (low >= 0, high <= 0)
        verdict = (
            Ranked.BEST
            if surely
            else Ranked.NOT_BEST
            if never
            else Ranked.MAY_BE_BEST
            if name in names
            else Ranked.NO_CHOICE
            if known[name].why
            else None
        )
        mean = intervals.mean_interval(values[name][:n], plan.confidence, by).estimate
        why = known[name].why or withheld[name]
        word = verdict and str(verdict)
        rows.append((str(response), runs.unit(response), name, plan.point(name).label, mean, low, high, word, n, why))
    schema = dict.fromkeys(("response", "unit", "point", "label", "verdict", "why"), pl.String)
    columns = ["response", "unit", "point", "label", "mean", "best_low", "best_high", "verdict", "n", "why"]
    table = pl.DataFrame(rows, schema=columns, orient="row", schema_overrides=schema)
    return table.sort("mean", descending=not smaller, maintain_order=True)


def _against_best(
    samples: Floats, confidence: float, controls: Floats | None, *, smaller: bool
) -> list[tuple[float, float]] | None:
    """Return the interval of each point (samples of shape (points, n)) against the best of the others.

    None where all are alike; a point that has no other to be compared with may be best.
    """
    if len(samples) < 2:
        return [(-np.inf, np.inf)] * len(samples)
    # a knob without effect makes equal points, which share a rank and are not compared
    distinct, which = np.unique(samples.T, axis=1, return_inverse=True)
    if distinct.shape[1] < 2:
        return None
    against = selection.against_best(distinct, confidence, smaller_is_better=smaller, controls=controls)
    return [(float(against.low[i]), float(against.high[i])) for i in which]


def _pareto(
    plan: Plan,
    runs: Runs,
    rule: Rule,
    known: Mapping[str, Promised],
    screened: Mapping[str, Screened],
    adjusted: Mapping[Response, Adjusted] = UNADJUSTED,
) -> pl.DataFrame | None:
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
            plan.confidence,
            smaller_is_better=not judged.higher_is_better, controls=matrix(adjusted, response),
        )  # fmt: skip
        named = pl.lit(str(response)).alias("response"), pl.lit(runs.unit(response)).alias("unit")
        reasons = [str(why or known[name].why) for name, why in zip(names, withheld, strict=True)]
        why = pl.Series("why", reasons, dtype=pl.String)
        parts.append(table.select(*named, pl.Series("point", names), pl.all(), why))
    return pl.concat(parts) if parts else None


def about_factors(plan: Plan) -> bool:
    """Return whether the points of a study are not alternatives: its designs only show what the factors do."""
    return {block.kind for block in plan.settings.blocks} <= ABOUT_FACTORS
