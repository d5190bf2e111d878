"""The findings of a study in sentences: plain words for its tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.report.tables import counted
from sim.statistics.intervals import Interval
from sim.statistics.verdicts import Ranked
from sim.study.budget.choice import Fate
from sim.study.budget.confirmation import Reason
from sim.study.budget.promises import against, bounds
from sim.study.headlines.definitions import value_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sim.study.budget.choice import Choice
    from sim.study.budget.confirmation import Confirmation
    from sim.study.budget.runs import Runs
    from sim.study.findings.naming import Words
    from sim.study.points.composer import Point
    from sim.study.points.plan import Plan

STRONGEST = 3

MOST_NAMED = 12
"""Points that a sentence names one by one."""
SAMPLED = ("lhs", "sobol")
"""Designs whose main effects are means over the settings of a part of a factor's range."""

REASONS = "because too many requests go to staff who cannot keep up, or there is no value"


def sentences(plan: Plan, tables: Mapping[str, pl.DataFrame], words: Words) -> list[str]:
    """Return a sentence or two on each table of a study."""
    all_sentences = [*_promises(plan, tables["summary"], tables["units"])]
    if len(plan.study.pilots) == 1 and not {"tornado", "indices"} & set(tables):
        all_sentences += _range(plan, tables["summary"], tables["units"], words, tables.get("ranking"))
    if "effects" in tables and not {"tornado", "indices"} & set(tables):
        all_sentences += _verdicts(plan, tables["effects"], words)
    for part in _parts(tables, "main_effects"):
        sampled = plan.settings.blocks[int(part["design"][0])].kind in SAMPLED
        all_sentences += _strongest_factor(part, words, sampled=sampled)
    for part in _parts(tables, "tornado"):
        all_sentences += _swings(part, words)
    for part in _parts(tables, "indices"):
        all_sentences += _carriers(part, words)
    return all_sentences


def _parts(tables: Mapping[str, pl.DataFrame], name: str) -> Sequence[pl.DataFrame]:
    """Return the parts of a table by design, pilots and response."""
    return (
        tables[name].partition_by("design", "pilot", "against", "response", maintain_order=True)
        if name in tables
        else []
    )


def _named(part: pl.DataFrame, words: Words) -> str:
    """Return the response of a part in words."""
    return words.response(str(part["response"][0]), str(part["pilot"][0]), str(part["against"][0]))


def _unit(part: pl.DataFrame) -> str:
    """Return the unit of a part, of a measure or of a difference."""
    unit = str(part["unit"][0])
    return _of_difference(unit) if part["against"][0] else unit


def _interval(row: Mapping[str, Any], names: tuple[str, str, str]) -> Interval:
    """Return the interval of a row."""
    estimate, low, high = (math.nan if row[name] is None else float(row[name]) for name in names)
    return Interval(estimate, low, high, 2)


def _promises(plan: Plan, summary: pl.DataFrame, units: pl.DataFrame) -> Iterator[str]:
    """Yield how many points are known to keep every promise, how many to break one, and of how many it is not known."""
    if not plan.study.promises:
        return
    keeps = summary["keeps_promises"]
    kept, broken, unknown = (int(n) for n in (keeps.sum(), (~keeps).sum(), keeps.null_count()))
    unit = dict(units.iter_rows())
    goals = bounds(plan, {response: unit.get(str(response), "") for response in plan.study.promises})
    yield (
        f"{kept} of {len(summary)} points keep the promise ({goals}), {broken} break it, and {unknown} may do "
        f"either or cannot be judged, by {plan.confidence:.0%} intervals that hold together."
    )


def _range(
    plan: Plan, summary: pl.DataFrame, units: pl.DataFrame, words: Words, ranking: pl.DataFrame | None = None
) -> Iterator[str]:
    """Yield the best and the worst point of every response, and how many others may be as good as the best."""
    unit = dict(units.iter_rows())
    for asked in plan.study.responses:
        response = str(asked)
        known = summary.filter(pl.col(response).is_finite(), pl.col(f"{response}_why") == "")
        judged, names = plan.report.judged(asked), (response, f"{response}_low", f"{response}_high")
        if len(known) < 2:
            yield f"{words.response(response)}: {_alone(known, len(summary), names, unit[response])}."
            continue
        ordered = known.sort(response, descending=bool(judged and judged.higher_is_better), maintain_order=True)
        ends, choices = ("best", "worst") if judged else ("least", "most"), ordered
        if judged and plan.study.promises and ordered[response].n_unique() > 1:
            choices, ends = ordered.filter("keeps_promises"), ("best of those that keep the promise", "worst of all")
            if choices.is_empty():
                ends = ("no point is known to keep the promise, so none is called best; least", "most")
                choices = ordered = known.sort(response, maintain_order=True)
        best, worst = choices.row(0, named=True), ordered.row(-1, named=True)
        if ordered[response].n_unique() == 1:
            value = _interval_text(best, names, unit[response])
            yield f"{words.response(response)}: {value} at all {len(known)} points."
            continue
        low, high = (_interval_text(row, names, unit[response]) for row in (best, worst))
        sure = _how_surely(ranking, response, best["point"], plan.confidence)
        yield (
            f"{words.response(response)}: {ends[0]} {low} with {best['label']}{sure}, {ends[1]} {high} with "
            f"{worst['label']}."
        )


def _how_surely(ranking: pl.DataFrame | None, response: str, point: str, confidence: float) -> str:
    """Return whether the point with the best mean is known to be the best, or of how many it is one; empty: unknown."""
    if ranking is None:
        return ""
    mine = ranking.filter(pl.col("response") == response)
    verdict = dict(mine.select("point", "verdict").iter_rows()).get(point)
    if verdict == Ranked.BEST:
        return f" (the best with {confidence:.0%} confidence)"
    may_be = mine["verdict"].is_in([Ranked.BEST, Ranked.MAY_BE_BEST]).sum()
    return f" (one of {may_be} that may be best)" if verdict == Ranked.MAY_BE_BEST and may_be > 1 else ""


def _verdicts(plan: Plan, effects: pl.DataFrame, words: Words) -> Iterator[str]:
    """Yield of every response at how many settings another pilot, or another setting, does better or worse."""
    points = {point.name: point for point in plan.points}
    several, base = len(plan.study.pilots) > 1, plan.study.pilots[0]
    other = pl.col("point").replace_strict({name: point.base for name, point in points.items()})
    for part in effects.with_columns(other=other).partition_by("response", "other", maintain_order=True):
        against = "" if several else f" against {part['baseline_label'][0]}"
        counts = part.filter(pl.col("verdict") != "")["verdict"].value_counts(sort=True, name="n")
        verdicts = ", ".join(
            f"{verdict} at {n} of {len(part)}"
            for verdict, n in counts.sort("n", "verdict", descending=[True, False]).iter_rows()
        )
        known = part.filter(pl.col("difference").is_finite()).sort("difference", maintain_order=True)
        unit, names = _of_difference(str(part["unit"][0])), ("difference", "low", "high")
        ends = [
            f"{_interval_text(row, names, unit, signed=True)}"
            + (f" with {_setting(plan, points[row['point']])}" if len(part) > 1 else "")
            for row in [
                *known.head(1).iter_rows(named=True),
                *(known.tail(1).iter_rows(named=True) if len(known) > 1 else ()),
            ]
        ]
        parts = [
            f"{verdicts} settings" if verdicts and len(part) > 1 else str(part["verdict"][0]),
            f"from {ends[0]} to {ends[1]}" if len(ends) == 2 else "".join(ends),
        ]
        pilots = (str(part["other"][0]), base) if several else ()
        about = words.response(str(part["response"][0]), *pilots)
        yield f"{about}{against}: {'; '.join(one for one in parts if one) or 'no value'}."


def _setting(plan: Plan, point: Point) -> str:
    """Return the label of a point's setting, without its pilot."""
    return plan.settings.all[point.setting].label or "the base"


def _of_difference(unit: str) -> str:
    """Return the unit of a difference."""
    return "percentage points" if unit == "share" else unit


def _interval_text(row: Mapping[str, Any], names: tuple[str, str, str], unit: str, *, signed: bool = False) -> str:
    """Return a value with its interval, where there is one."""
    interval = _interval(row, names)
    return value_text(interval, unit, signed=signed, interval_too=math.isfinite(interval.low))


def _alone(known: pl.DataFrame, points: int, names: tuple[str, str, str], unit: str) -> str:
    """Return the words on a response that has a value at one point, or at none."""
    if known.is_empty():
        return "no value from which anything follows" + (" at any point" if points > 1 else "")
    row = known.row(0, named=True)
    value = _interval_text(row, names, unit)
    return f"{value} with {row['label']}" + (
        ", and none from which anything follows at any other point" if points > 1 else ""
    )


def _strongest_factor(part: pl.DataFrame, words: Words, *, sampled: bool) -> Iterator[str]:
    """Yield the factor that moves a response most, averaged over the others, or over what is known of them."""
    spans = []
    for factor in part.partition_by("factor", maintain_order=True):
        known = factor.filter(pl.col("mean").is_finite())
        if len(known) > 1:
            low, high = known.sort("mean").row(0, named=True), known.sort("mean").row(-1, named=True)
            spans.append((high["mean"] - low["mean"], low, high))
    if not spans:
        return
    span, low, high = max(spans, key=lambda span: span[0])
    if span <= 1e-9 * abs(high["mean"]):
        yield f"{_named(part, words)}: no factor moves it."
        return
    unit, names = _unit(part), ("mean", "low", "high")
    yield (
        f"{_named(part, words)}: {low['factor']} moves it most, from {_interval_text(low, names, unit)} at "
        f"{low['level']} to {_interval_text(high, names, unit)} at {high['level']}, "
        f"{_averaged(low, high, sampled=sampled)}."
    )


def _averaged(low: Mapping[str, Any], high: Mapping[str, Any], *, sampled: bool) -> str:
    """Return the words on what two means of a factor are averaged over."""
    if sampled:
        rows, out = low["rows"] + high["rows"], low["left_out"] + high["left_out"]
        return f"averaged over {rows} of the {rows + out} settings there" if out else "averaged over the settings there"
    rows, out = low["rows"], low["left_out"]
    return f"averaged over {rows} of {rows + out} combinations of the others" if out else "averaged over the others"


def _swings(part: pl.DataFrame, words: Words) -> Iterator[str]:
    """Yield an effect at the base, what moves it most, and where its sign changes: ends that are withheld have none."""
    unit = _unit(part)
    first = part.row(0, named=True)
    base = _interval(first, ("base", "base_from", "base_to"))
    widest = [row for row in part.iter_rows(named=True) if row["sure"]]
    ends = [
        f"{row['factor']} ({value_text(_point(row['low']), unit, interval_too=False)} at {row['low_level']}, "
        f"{value_text(_point(row['high']), unit, interval_too=False)} at {row['high_level']})"
        for row in widest[:STRONGEST]
    ]
    at = value_text(base, unit, interval_too=math.isfinite(base.low))
    most = f"of {counted(len(part), 'factor')}, these move it most:" if len(part) > STRONGEST else "it moves with"
    moved = f"{most} {'; '.join(ends)}" if ends else "no factor moves it beyond the noise"
    yield f"{_named(part, words)}: {at} at the base; {moved}."
    if not part["against"][0]:
        return  # a measure has no sign
    lost = [row["factor"] for row in part.iter_rows(named=True) if row["why"]]
    if lost:
        more = f" and {len(lost) - 8} more" if len(lost) > 8 else ""
        yield f"Without a value at an end: {', '.join(lost[:8])}{more}."
    turned = [
        f"{row['factor']} = {row[f'{end}_level']}"
        for row in part.iter_rows(named=True)
        for end in ("low", "high")
        if row[f"{end}_turned"]
    ]
    if turned:
        more = " and others" if len(turned) > 8 else ""
        yield f"Its sign changes, beyond the noise, at {'; '.join(turned[:8])}{more}."
    elif base.low > 0 or base.high < 0:
        yield (
            "No other factor changes its sign beyond the noise."
            if lost
            else ("No single factor changes its sign beyond the noise.")
        )


def _point(value: float | None) -> Interval:
    """Return a value as an interval of itself."""
    x = math.nan if value is None else float(value)
    return Interval(x, x, x, 2)


def _carriers(part: pl.DataFrame, words: Words) -> Iterator[str]:
    """Yield the factors that cause most of the variance of a response."""
    known = part.filter(pl.col("total").is_finite()).sort("total", descending=True, maintain_order=True)
    if known.is_empty():
        return
    shares = [
        f"{row['factor']} {row['total']:.0%} ({row['total_low']:.0%} to {row['total_high']:.0%})"
        for row in known.head(STRONGEST).iter_rows(named=True)
    ]
    yield (
        f"{_named(part, words)}: most of its variance over the factors' ranges is due to {', '.join(shares)} (total "
        f"indices); first-order indices sum to {known['first'].sum():.0%}."
    )


def fresh(plan: Plan, confirmation: Confirmation | None, runs: Runs) -> str:
    """Return what fresh replications say of a choice in a sentence; empty where nothing was chosen."""
    if confirmation is None:
        return ""
    if confirmation.failure:
        return f"It was not confirmed on fresh replications, as one failed: {confirmation.failure}."
    verdict = {True: "confirm it", False: "contradict it", None: "do not tell whether it is right"}[confirmation.holds]
    seen = []
    for one in confirmation.seen:
        words, unit = plan.report.words(one.response), runs.unit(one.response)
        known = math.isfinite(one.interval.low)
        if one.reason is Reason.RIVAL:
            value = value_text(one.interval, _of_difference(unit), signed=True, interval_too=known)
            seen.append(f"{value} against the next best, {plan.point(one.rival).label} ({one.rival})")
        elif one.reason is Reason.PROMISE:
            seen.append(f"{words} {against(one.interval, plan.study.promises[one.response], unit)}")
        else:
            seen.append(f"{words} {value_text(one.interval, unit, interval_too=known)}")
    return (
        f"{confirmation.n} fresh replications of it (seed {confirmation.seed}), which the search has not seen, "
        f"{verdict}: {'; '.join(seen)}."
    )


def choices(plan: Plan, made: Sequence[Choice], confirmed: Sequence[str] = ()) -> Iterator[str]:
    """Yield what was chosen, with which guarantee, and what fresh replications say of it."""
    for choice, seen in zip(made, confirmed or [""] * len(made), strict=True):
        used = counted(sum(one.used for one in choice.candidates), "replication")
        by_fate = {fate: [one.name for one in choice.candidates if one.fate is fate] for fate in Fate}
        open_ = by_fate[Fate.UNDECIDED] + by_fate[Fate.MAY_BREAK]
        sure = f"without a guarantee: {choice.caveat}"
        if not choice.caveat:
            sure = f"right with at least {choice.confidence:.0%} confidence"
        if choice.chosen is None:
            if len(by_fate[Fate.WITHHELD]) == len(choice.candidates):
                yield f"Asked for {choice.asked}: no point could be judged, {REASONS}."
                continue
            result = f"{counted(len(open_), 'point')} could not be judged with so few" if open_ else "none does"
            surely = "" if open_ else f", {sure}"
            yield f"Asked for {choice.asked}: {result}, so none is chosen{surely} ({used} used)."
            continue
        label = plan.point(choice.chosen).label
        has = f"; {choice.promised}" if choice.promised else ""
        yield f"Asked for {choice.asked}: {label} ({choice.chosen}), {sure}; {used} used{has}."
        if seen:
            yield seen
        for names, why in (
            (by_fate[Fate.WITHHELD], f"Left out of the choice, {REASONS}"),
            (by_fate[Fate.BREAKS], "No choice, as they break a promise"),
            (
                by_fate[Fate.INSIDE],
                "No choice, as they are inside the tolerance of a promise and were judged to break it",
            ),
            (open_, "No choice, as they may break a promise: the replications do not tell"),
        ):
            if names:
                yield f"{why}: {_some(names)}."


def _some(names: Sequence[str]) -> str:
    """Return the first names of many."""
    return ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
