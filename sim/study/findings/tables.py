"""The findings of a study as tables, made of the replications of its points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.language import N_, gettext, phrase
from sim.language.worded import Worded, stacked
from sim.statistics import effects, intervals, sobol, swings
from sim.statistics import responses as cells
from sim.statistics.reasons import OfError, Text, in_words
from sim.study.budget.adjusting import UNADJUSTED, matrix
from sim.study.budget.promises import confidence_of_each, side
from sim.study.comparison.differences import settling, verdict_on, with_open
from sim.study.findings import choices
from sim.study.findings.naming import words_of
from sim.study.findings.responses import ResponseBySetting, responses_by_setting
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.config import Mid, Run
    from sim.config.report import Response
    from sim.config.study_schema import Promise
    from sim.language.worded import Words
    from sim.statistics.designs import Block
    from sim.statistics.reasons import Reason
    from sim.study.budget.adjusting import Adjusted
    from sim.study.budget.outcome import Outcome
    from sim.study.budget.promises import Promised
    from sim.study.budget.runs import Runs
    from sim.study.points.composer import Point
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened
    from sim.study.withholding import Rule, Withheld

LEFT_OUT = 0.05
"""Of more settings of a sample than this share without a value, the others are no sample of the factors' ranges."""

MEASURES = {"measure": pl.String, "group": pl.String, "unit": pl.String, "value": pl.Float64, "n": pl.Int64}


Remark = Callable[[], str]
"""Says a sentence in the language that is spoken."""


@dataclass
class Findings:
    """The tables of a study by name, and what says sentences on them in the language that is spoken."""

    tables: dict[str, Worded] = field(default_factory=dict)
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
) -> Worded:
    """Return one row a point: its factors' levels, mean, low and high of every response, and what it promises.

    A mean from which nothing follows says why, in `RESPONSE_why`, and what would help. `adjusted` says what means are
    adjusted for. `kept_as_seen`: the others are kept, and of some promise it is only known that one value, the same in
    every replication, kept it. `kept_in` has in how many replications every promise is kept.
    """
    settings = pl.DataFrame(
        [
            {"setting": i, "point": point.name, "pilot": point.base, "label": ""}
            | {name: level_of(plan, point.setting, name) for name in plan.factors}
            for i, point in enumerate(plan.points)
        ]
    )
    numbers = {point.name: i for i, point in enumerate(plan.points)}
    failed = {numbers[p.name]: p.why or runs.failures.get(p.name, "") for p in plan.points}
    why = {number: OfError(text) for number, text in failed.items() if text}
    responses = []
    for response in plan.study.responses:
        values = {name: rule.known(judged_as(plan.report, response), name)[0] for name in runs.complete}
        some = frozenset(numbers[name] for name, one in values.items() if len(one) < runs.count(name))
        by_number = {numbers[name]: one for name, one in values.items()}
        controls = matrix(adjusted, response)
        exact = rule.is_exact(judged_as(plan.report, response))
        responses.append(cells.Response(str(response), runs.unit(response), by_number, why, controls, some, exact))
    made = effects.summary(settings, responses, confidence)
    summary, words = made.table.drop("setting"), {"label": [point.spoken for point in plan.points], **made.words}
    for response in plan.study.responses:
        withheld = [withheld_at(plan, runs, rule, point, response) for point in plan.points]
        words[f"{response}_why"] = [partial(in_words, one) for one in withheld]
        words[f"{response}_help"] = [partial(_help, one) for one in withheld]
        summary = summary.with_columns(pl.lit("").alias(f"{response}{end}") for end in ("_why", "_help"))
    if plan.study.promises:
        kept = [known[point.name].keeps if point.name in known else None for point in plan.points]
        there = {name: bool(one.as_seen) and one.is_choice for name, one in known.items()}
        as_seen = [there.get(point.name, False) for point in plan.points]
        kept_in = [known[point.name].kept_in if point.name in known else None for point in plan.points]
        summary = summary.with_columns(
            pl.Series("keeps_promises", kept, dtype=pl.Boolean),
            pl.Series("kept_as_seen", as_seen, dtype=pl.Boolean),
            pl.Series("kept_in", kept_in, dtype=pl.Int64),
        )
    return Worded(summary, words)


def _help(withheld: Withheld | None) -> str:
    """Return what would let something be said; empty where nothing is withheld."""
    return withheld.help if withheld else ""


def withheld_at(plan: Plan, runs: Runs, rule: Rule, point: Point, response: Response) -> Withheld | None:
    """Return why nothing follows from a response at a point that was run, or None."""
    was_run = point.name in runs.keys and runs.count(point.name) and point.name not in runs.failures
    return rule.why(judged_as(plan.report, response), point.name) if was_run else None


def effects_table(
    plan: Plan, runs: Runs, rule: Rule, mid: Mid, run: Run, adjusted: Mapping[Response, Adjusted] = UNADJUSTED
) -> Worded:
    """Return every paired difference of every response with a verdict; intervals of one response hold at once.

    `adjusted` says what differences and the means beside them are adjusted for; `controls` has it in words.
    """
    complete = set(runs.complete)
    pairs = [(a, b) for a, b in plan.pairs() if {a.name, b.name} <= complete]
    rows = []
    words: dict[str, list[Words]] = {name: [] for name in ("baseline_label", "label", "why", "help", "controls")}
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
            d = rule.exactly(judged_as(plan.report, response), d)  # noqa: PLW2901
            why = known_why or rule.why_no_interval(judged_as(plan.report, response), d, a.name, b.name)
            far = with_open(d, rule.open_bound(judged_as(plan.report, response), a.name, b.name))
            verdict = str(verdict_on(far, judged, least, why)) if judged else str(why.verdict) if why else ""
            words["baseline_label"].append(a.spoken)
            words["label"].append(b.spoken)
            words["why"].append(partial(in_words, why))
            words["help"].append(partial(_help, why))
            words["controls"].append(partial(str, by.controls if by and d.n_controls else ""))
            rows.append(
                {
                    "response": str(response), "unit": unit, "baseline": a.name, "point": b.name,
                    "baseline_label": "", "label": "", "baseline_mean": means[0],
                    "mean": means[1], "difference": d.estimate, "low": d.low, "high": d.high, "n": len(x),
                    "mid": least, "verdict": verdict,
                    "why": "", "help": "", "cause": why and str(why.cause),
                    **settling(d, least, run.confidence, verdict),
                    "open_bound": rule.open_bound(judged_as(plan.report, response), a.name, b.name),
                    "controls": "",
                }
            )  # fmt: skip
    texts = ["response", "unit", "baseline", "point", "baseline_label", "label", "verdict", "why", "help", "cause"]
    floats = ("baseline_mean", "mean", "difference", "low", "high", "mid", "open_bound")
    schema = dict.fromkeys([*texts, "controls"], pl.String) | dict.fromkeys(floats, pl.Float64)
    order = ["response", "unit", "baseline", "point", "baseline_label", "label", "baseline_mean", "mean", "difference"]
    order += ["low", "high", "n", "mid", "verdict", "why", "help", "cause", "needed_least", "needed_most", "open_bound"]
    order += ["controls"]
    return Worded(pl.DataFrame(rows, schema={name: schema.get(name, pl.Int64) for name in order}), words)


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
    made: dict[str, list[Worded]] = {}
    remarks: list[Remark] = list(outcome.notes)
    for number, block in enumerate(plan.settings.blocks):
        settings = block_settings(plan, block)
        for studied in responses_by_setting(plan, runs, rule, adjusted):
            shape = _shape(plan, block, settings, studied, remarks)
            promise = None if studied.against else plan.study.promises.get(studied.response)
            if "heat" in shape and promise is not None:
                confidence = confidence_of_each(plan, runs)
                shape["heat"] = _beside_promise(shape["heat"], settings, studied, promise, confidence)
            for name, table in shape.items():
                numbered = table.after(design=number, pilot=studied.pilot, against=studied.against)
                made.setdefault(name, []).append(numbered)
    tables = {name: stacked(parts) for name, parts in made.items()}
    for name, choice in (
        ("ranking", choices.ranking(plan, runs, rule, known, adjusted)),
        ("pareto", choices.front(plan, runs, rule, known, screened, adjusted)),
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
    plan: Plan, block: Block, settings: pl.DataFrame, studied: ResponseBySetting, remarks: list[Remark]
) -> dict[str, Worded]:
    """Return the tables that the kind of a design and the number of its factors ask for."""
    if block.kind == "one_at_a_time":
        return _swings(plan, block, settings, studied, remarks)
    if block.kind == "indices":
        return _indices(plan, block, studied, remarks)
    if block.kind == "points":
        return {}
    return _levels(block, settings, studied)


def _levels(block: Block, settings: pl.DataFrame, studied: ResponseBySetting) -> dict[str, Worded]:
    """Return the effects of the factors' levels: alone, by two and by three, averaged over the others."""
    response, confidence, factors = studied.values, studied.confidence, list(block.factors)
    if block.kind in ("lhs", "sobol"):
        return {"main_effects": effects.sampled_effects(settings, response, factors, confidence)}
    first, *others = factors
    if block.kind == "zip" or not others:
        return {"curve": effects.curve(settings.select("setting", first), response, first, None, confidence)}
    made = {
        "main_effects": effects.main_effects(settings, response, factors, confidence),
        "heat": effects.heat(settings, response, first, others[0], confidence),
        "curve": effects.curve(settings, response, first, others[0], confidence),
    }
    if len(others) > 1:
        made["panels"] = effects.panels(settings, response, (first, others[0], others[1]), confidence)
    return made


def _beside_promise(
    heat: Worded, settings: pl.DataFrame, studied: ResponseBySetting, promise: Promise, confidence: float
) -> Worded:
    """Return the cells of two factors, of each whether it is known to keep a promise, and in how many replications."""
    x, y = str(heat.table["x_factor"][0]), str(heat.table["y_factor"][0])
    values = [cell.by_replication for cell in cells.cells(settings, studied.values, (x, y))]
    keeps = [
        side(studied.values.mean(one, confidence), promise, one, studied.response, confidence) if len(one) else None
        for one in values
    ]
    kept_in = [sum(map(promise.kept, one.tolist())) if len(one) else None for one in values]
    columns = pl.Series("keeps", keeps, dtype=pl.Boolean), pl.Series("kept_in", kept_in, dtype=pl.Int64)
    return replace(heat, table=heat.table.with_columns(*columns))


def _swings(
    plan: Plan, block: Block, settings: pl.DataFrame, studied: ResponseBySetting, remarks: list[Remark]
) -> dict[str, Worded]:
    """Return how far each factor moves a response from its base."""
    base = studied.values.at(block.rows[0])
    if base is None:
        message = N_("{response}: no tornado, because there is no value at the base ({why}).")
        remarks.append(partial(_remark, plan, studied, message, why=studied.values.reason(block.rows[0])))
        return {}
    alone = {factor: _alone(plan, settings, factor) for factor in block.factors}
    found = [
        one
        for factor, mine in alone.items()
        for one in swings.one_at_a_time(mine, studied.values, block.rows[0], [factor])
    ]
    known = swings.tornado(found, studied.confidence, studied.values.controls)
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


def _remark(
    plan: Plan, studied: ResponseBySetting, message: str, why: Reason | None = None, what: str = "", **numbers: int
) -> str:
    """Return a sentence on a response, of a pilot or of a difference, with a reason and a text of the catalogue."""
    response = words_of(plan).response(studied.response, studied.pilot, studied.against)
    return gettext(message, response=response, why=in_words(why), what=phrase(what), **numbers)


def _indices(
    plan: Plan, block: Block, studied: ResponseBySetting, remarks: list[Remark]
) -> dict[str, Worded]:  # fmt: skip
    """Return the Sobol indices of a response."""
    factors, remark = list(block.factors), partial(partial, _remark, plan, studied)
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
        remarks.append(remark(N_("{response}: no Sobol indices: {why}."), why=Text(str(error))))
        return {}
    if known.why:
        remarks.append(remark(N_("{response}: no Sobol indices: {why}."), why=Text(known.why)))
    if known.caution:
        remarks.append(remark(N_("{response}: {what}."), what=known.caution))
    if known.left_out:
        message = N_(
            "{response}: {n} of {all} base points were left out of the Sobol indices, because one of their settings "
            "has no value."
        )
        remarks.append(remark(message, n=known.left_out, all=known.n + known.left_out))
    return {
        "indices": _with(
            studied, Worded(known.table, {}), {"n": known.n, "left_out": known.left_out, "noise": known.noise_share}
        )
    }


def _with(studied: ResponseBySetting, table: Worded, more: Mapping[str, float]) -> Worded:
    """Return a table with its response and further numbers that are the same in every row."""
    return table.after(response=str(studied.response), unit=studied.values.unit, **more)
