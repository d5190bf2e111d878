"""The findings of a study in sentences: plain words for its tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.language import N_, either, gettext, listed, ngettext, phrase, run_together, separated
from sim.statistics.intervals import Interval
from sim.statistics.verdicts import Ranked
from sim.study.budget.promises import bounds
from sim.study.findings import leading
from sim.study.findings.naming import of_difference, unit_of
from sim.study.headlines.definitions import value_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sim.config.report import Response
    from sim.study.findings.naming import Words
    from sim.study.points.composer import Point
    from sim.study.points.plan import Plan

STRONGEST = 3
SAMPLED = ("lhs", "sobol")
"""Designs whose main effects are means over the settings of a part of a factor's range."""

LOST = 8
"""Factors without a value, or at which a sign changes, that a sentence names one by one."""

_ALONE, _AGAINST = N_("{response}: {what}."), N_("{response} against {baseline}: {what}.")

_ENDS = {
    "judged": N_("{response}: the best mean is {low} with {best}, the worst {high} with {worst}."),
    "promised": N_(
        "{response}: the best mean of those that keep the promise is {low} with {best}, the worst of all {high} with "
        "{worst}."
    ),
    "seen": N_(
        "{response}: the best mean of those that kept the promise as far as is seen is {low} with {best}, the worst of "
        "all {high} with {worst}."
    ),
    "none": N_(
        "{response}: no point is known to keep the promise, so none is called best; least {low} with {best}, most "
        "{high} with {worst}."
    ),
    "": N_("{response}: least {low} with {best}, most {high} with {worst}."),
}
"""On the best and the worst point: where less or more is better, of those that keep promises, or neither."""

JUDGED = ("judged", "promised", "seen")
"""Of these the two ends are the best and the worst."""


def sentences(
    plan: Plan, tables: Mapping[str, pl.DataFrame], units: Mapping[Response, str], words: Words
) -> list[str]:  # fmt: skip
    """Return a sentence or two on each table of a study; `units` are those of the responses that it names."""
    all_sentences = [*_promises(plan, tables["summary"], units)]
    if len(plan.study.pilots) == 1 and not {"tornado", "indices"} & set(tables):
        all_sentences += _range(plan, tables["summary"], units, words, tables.get("ranking"))
    if "effects" in tables and not {"tornado", "indices"} & set(tables):
        all_sentences += _verdicts(plan, tables["effects"], words)
    for part in _parts(tables, "main_effects"):
        sampled = plan.settings.blocks[int(part["design"][0])].kind in SAMPLED
        all_sentences += _strongest_factor(part, words, sampled=sampled)
    for part in _parts(tables, "tornado"):
        all_sentences += _swings(part, words)
    for part in _parts(tables, "indices"):
        all_sentences += _carriers(part, words)
    return [*all_sentences, _families(plan, tables)]


_TOGETHER = {
    "effects": N_("all differences"),
    "ranking": N_("what is said of the best point, and of the worst, against all others"),
    "main_effects": N_("what is said to move it, over all levels of all factors"),
    "tornado": N_("what is said to move it, over all levels of all factors"),
}
"""What holds together for one response, by the tables that say it."""


def _families(plan: Plan, tables: Mapping[str, pl.DataFrame]) -> str:
    """Return which intervals hold together, and that the others hold each on its own."""
    together = dict.fromkeys(phrase(words) for name, words in _TOGETHER.items() if name in tables)
    if not together:
        return gettext("Intervals of {confidence:.0%} hold each on its own.", confidence=plan.confidence)
    return gettext(
        "With {confidence:.0%} confidence hold together, for one response: {together}. Intervals of means hold each on "
        "its own.",
        confidence=plan.confidence, together=separated(together),
    )  # fmt: skip


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


def _interval(row: Mapping[str, Any], names: tuple[str, str, str]) -> Interval:
    """Return the interval of a row."""
    estimate, low, high = (math.nan if row[name] is None else float(row[name]) for name in names)
    return Interval(estimate, low, high, 2)


def _promises(plan: Plan, summary: pl.DataFrame, units: Mapping[Response, str]) -> Iterator[str]:
    """Yield how many points are known to keep every promise, how many to break one, and of how many it is not known."""
    if not plan.study.promises:
        return
    keeps = summary["keeps_promises"]
    kept, broken, unknown = (int(n) for n in (keeps.sum(), (~keeps).sum(), keeps.null_count()))
    about = {"kept": kept, "broken": broken, "unknown": unknown, "confidence": plan.confidence}
    counted = (  # of a choice, which comes first, it has been said what is promised
        gettext(
            "{kept} of {all} points keep the promise, {broken} break it, and {unknown} may do either or cannot be "
            "judged, by {confidence:.0%} intervals that hold together.",
            all=len(summary), **about,
        )
        if plan.study.choose
        else gettext(
            "{kept} of {all} points keep the promise ({goals}), {broken} break it, and {unknown} may do either or "
            "cannot be judged, by {confidence:.0%} intervals that hold together.",
            goals=bounds(plan, units), all=len(summary), **about,
        )
    )  # fmt: skip
    unsure = summary.filter(keeps.is_null(), (pl.col("kept_in") == pl.col("n")) | pl.col("kept_as_seen")).height
    if not unsure:
        yield counted
        return
    always = summary.filter(pl.col("kept_in") == pl.col("n")).height
    first = gettext("In every replication it was kept at {n} of {all} points.", n=always, all=len(summary))
    if not plan.study.choose:
        first = gettext(
            "In every replication the promise ({goals}) was kept at {n} of {all} points.",
            goals=bounds(plan, units), n=always, all=len(summary),
        )  # fmt: skip
    yield run_together(
        [
            first,
            gettext(
                "By {confidence:.0%} intervals that hold together {kept} keep it, {broken} break it, and {unknown} may "
                "do either or cannot be judged: values that are the same in all replications, or too skewed for so "
                "few, guarantee nothing.",
                **about,
            ),
        ]
    )


def _range(
    plan: Plan, summary: pl.DataFrame, units: Mapping[Response, str], words: Words, ranking: pl.DataFrame | None = None
) -> Iterator[str]:
    """Yield the best and the worst point of every response, and how many others may be as good as the best."""
    for asked in plan.study.responses:
        response = str(asked)
        known = summary.filter(pl.col(response).is_finite(), pl.col(f"{response}_why") == "")
        judged, names = plan.report.judged(asked), (response, f"{response}_low", f"{response}_high")
        if len(known) < 2:
            yield _alone(words.response(response), known, len(summary), names, units[asked])
            continue
        ordered = known.sort(response, descending=bool(judged and judged.higher_is_better), maintain_order=True)
        ends, choices = "judged" if judged else "", ordered
        if judged and plan.study.promises and ordered[response].n_unique() > 1:
            choices, ends = ordered.filter("keeps_promises"), "promised"
            if (seen := ordered.filter(pl.col("keeps_promises") | pl.col("kept_as_seen"))).height > choices.height:
                choices, ends = seen, "seen"
            if choices.is_empty():
                ends = "none"
                choices = ordered = known.sort(response, maintain_order=True)
        best, worst = choices.row(0, named=True), ordered.row(-1, named=True)
        if ordered[response].n_unique() == 1:
            value = _interval_text(best, names, units[asked])
            words_of = {"response": words.response(response), "value": value, "n": len(known)}
            yield gettext("{response}: {value} at all {n} points.", **words_of)
            continue
        low, high = (_interval_text(row, names, units[asked]) for row in (best, worst))
        mine = None if ranking is None or ends not in JUDGED else ranking.filter(pl.col("response") == response)
        yield gettext(
            _ENDS[ends],
            response=words.response(response), low=low, best=_how_surely(mine, best, "verdict", plan.confidence),
            high=high, worst=_how_surely(mine, worst, "worst", plan.confidence),
        )  # fmt: skip


_SURELY = {
    Ranked.BEST: N_("{point} (the best with {confidence:.0%} confidence)"),
    Ranked.MAY_BE_BEST: N_("{point} (one of {n} that may be best)"),
    Ranked.WORST: N_("{point} (the worst with {confidence:.0%} confidence)"),
    Ranked.MAY_BE_WORST: N_("{point} (one of {n} that may be worst)"),
}
"""How surely the point with the best mean, or the worst, is that, by its verdict."""


def _how_surely(ranking: pl.DataFrame | None, row: Mapping[str, Any], column: str, confidence: float) -> str:
    """Return a point at an end, and whether it is known to be the best or the worst, or of how many it is one."""
    label = str(row["label"])
    if ranking is None:
        return label
    verdict = dict(ranking.select("point", column).iter_rows()).get(row["point"])
    n = int(ranking[column].is_in(list(_SURELY)).sum())
    if verdict not in _SURELY or (n == 1 and verdict in (Ranked.MAY_BE_BEST, Ranked.MAY_BE_WORST)):
        return label  # it is not compared with any other
    return gettext(_SURELY[Ranked(verdict)], point=label, n=n, confidence=confidence)


def _verdicts(plan: Plan, effects: pl.DataFrame, words: Words) -> Iterator[str]:
    """Yield of every response at how many settings another pilot, or another setting, does better or worse."""
    points = {point.name: point for point in plan.points}
    several, base = len(plan.study.pilots) > 1, plan.study.pilots[0]
    other = pl.col("point").replace_strict({name: point.base for name, point in points.items()})
    for part in effects.with_columns(other=other).partition_by("response", "other", maintain_order=True):
        n_each = part.filter(pl.col("verdict") != "")["verdict"].value_counts(sort=True, name="n")
        verdicts = listed(
            gettext("{verdict} at {n} of {all}", verdict=gettext(verdict), n=n, all=len(part))
            for verdict, n in n_each.sort("n", "verdict", descending=[True, False]).iter_rows()
        )
        known = part.filter(pl.col("difference").is_finite()).sort("difference", maintain_order=True)
        unit, names = of_difference(str(part["unit"][0])), ("difference", "low", "high")
        ends = [_interval_text(row, names, unit, signed=True) for row in _ends(known)]
        if len(part) > 1:
            settings = (_setting(plan, points[row["point"]]) for row in _ends(known))
            ends = [
                gettext("{value} with {setting}", value=value, setting=setting)
                for value, setting in zip(ends, settings, strict=True)
            ]
        judged = phrase(str(part["verdict"][0]))
        parts = [
            gettext("{verdicts} settings", verdicts=verdicts) if verdicts and len(part) > 1 else judged,
            gettext("from {low} to {high}", low=ends[0], high=ends[1]) if len(ends) == 2 else "".join(ends),
        ]
        pilots = (str(part["other"][0]), base) if several else ()
        about = {
            "response": words.response(str(part["response"][0]), *pilots),
            "what": separated(filter(None, parts)) or gettext("no value"),
            "baseline": part["baseline_label"][0],
        }
        yield gettext(_ALONE if several else _AGAINST, **about)


def _ends(known: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the first and the last row of a table, or its only one."""
    return [*known.head(1).to_dicts(), *(known.tail(1).to_dicts() if len(known) > 1 else ())]


def _setting(plan: Plan, point: Point) -> str:
    """Return the label of a point's setting, without its pilot."""
    return phrase(plan.settings.all[point.setting].label) or gettext("the base")


def _interval_text(row: Mapping[str, Any], names: tuple[str, str, str], unit: str, *, signed: bool = False) -> str:
    """Return a value with its interval, where there is one."""
    interval = _interval(row, names)
    return value_text(interval, unit, signed=signed, interval_too=math.isfinite(interval.low))


def _alone(response: str, known: pl.DataFrame, points: int, names: tuple[str, str, str], unit: str) -> str:
    """Return a sentence on a response that has a value at one point, or at none."""
    if known.is_empty() and points > 1:
        return gettext("{response}: no value from which anything follows at any point.", response=response)
    if known.is_empty():
        return gettext("{response}: no value from which anything follows.", response=response)
    row = known.row(0, named=True)
    about = {"response": response, "value": _interval_text(row, names, unit), "point": row["label"]}
    if points > 1:
        return gettext(
            "{response}: {value} with {point}, and none from which anything follows at any other point.", **about
        )
    return gettext("{response}: {value} with {point}.", **about)


def _strongest_factor(part: pl.DataFrame, words: Words, *, sampled: bool) -> Iterator[str]:
    """Yield the factor that moves a response most, averaged over the others, or over what is known of them."""
    moved = leading.strongest(part)
    if moved is None:
        return
    unit, names, low, high = unit_of(part), ("mean", "low", "high"), moved.low, moved.high
    message = (
        N_("{response}: no factor moves it.")
        if moved.equal
        else N_("{response}: no factor moves it beyond the noise.")
        if not moved.sure
        else N_("{response}: {factor} moves it most, from {low} at {low_level} to {high} at {high_level}, {averaged}.")
        if moved.most
        else N_(
            "{response}: {factors} may move it most; with {factor} it goes from {low} at {low_level} to {high} at "
            "{high_level}, {averaged}."
        )
    )
    yield gettext(
        message,
        response=_named(part, words), factor=low["factor"], low=_interval_text(low, names, unit),
        low_level=low["level"], high=_interval_text(high, names, unit), high_level=high["level"],
        averaged=_averaged(low, high, sampled=sampled), factors=either(moved.may_be),
    )  # fmt: skip


def _averaged(low: Mapping[str, Any], high: Mapping[str, Any], *, sampled: bool) -> str:
    """Return the words on what two means of a factor are averaged over."""
    if sampled:
        rows, out = low["rows"] + high["rows"], low["left_out"] + high["left_out"]
        if out:
            return gettext("averaged over {n} of the {all} settings there", n=rows, all=rows + out)
        return gettext("averaged over the settings there")
    rows, out = low["rows"], low["left_out"]
    if out:
        return gettext("averaged over {n} of {all} combinations of the others", n=rows, all=rows + out)
    return gettext("averaged over the others")


def _swings(part: pl.DataFrame, words: Words) -> Iterator[str]:
    """Yield an effect at the base, what moves it beyond the noise, and where its sign changes."""
    unit = unit_of(part)
    first = part.row(0, named=True)
    base = _interval(first, ("base", "base_from", "base_to"))
    sure, _ = leading.swinging(part)
    ends = separated(
        gettext(
            "{factor} ({low} at {low_level}, {high} at {high_level})",
            factor=row["factor"], low=value_text(_point(row["least"]), unit, interval_too=False),
            low_level=row["least_level"], high=value_text(_point(row["most"]), unit, interval_too=False),
            high_level=row["most_level"],
        )
        for row in sure[:STRONGEST]
    )  # fmt: skip
    at = value_text(base, unit, interval_too=math.isfinite(base.low))
    about = {"response": _named(part, words), "value": at, "ends": ends, "n": len(part), "sure": len(sure)}
    if not ends:
        yield gettext("{response}: {value} at the base; no factor moves it beyond the noise.", **about)
    elif len(sure) > STRONGEST:
        yield gettext(
            "{response}: {value} at the base; {sure} of {n} factors move it beyond the noise, by their means the most: "
            "{ends}.",
            **about,
        )
    elif len(part) > STRONGEST:
        yield gettext(
            "{response}: {value} at the base; of {n} factors, beyond the noise it moves with {ends}.", **about
        )
    else:
        yield gettext("{response}: {value} at the base; it moves with {ends}.", **about)
    lost = [row["factor"] for row in part.iter_rows(named=True) if row["why"]]
    if lost:
        yield gettext("Without a value at some level: {factors}.", factors=some(lost, LOST))
    if not part["against"][0]:
        return  # a measure has no sign
    turned = [f"{row['factor']} = {row['turned']}" for row in part.iter_rows(named=True) if row["turned"]]
    if turned:
        where = separated(turned[:LOST])
        if len(turned) > LOST:
            where = gettext("{where} and others", where=where)
        yield gettext("Its sign changes, beyond the noise, at {where}.", where=where)
    elif (base.low > 0 or base.high < 0) and lost:
        yield gettext("No other factor changes its sign beyond the noise.")
    elif base.low > 0 or base.high < 0:
        yield gettext("No single factor changes its sign beyond the noise.")


def _point(value: float | None) -> Interval:
    """Return a value as an interval of itself."""
    x = math.nan if value is None else float(value)
    return Interval(x, x, x, 2)


def _carriers(part: pl.DataFrame, words: Words) -> Iterator[str]:
    """Yield the factors that cause most of the variance of a response."""
    known, _ = leading.carriers(part)
    if not known:
        return
    shares = listed(
        gettext(
            "{factor} {share:.0%} ({low:.0%} to {high:.0%})",
            factor=row["factor"], share=row["total"], low=row["total_low"], high=row["total_high"],
        )
        for row in known[:STRONGEST]
    )  # fmt: skip
    yield gettext(
        "{response}: most of its variance over the factors' ranges is due to {shares} (total indices); first-order "
        "indices sum to {sum:.0%}.",
        response=_named(part, words), shares=shares, sum=sum(row["first"] for row in known),
    )  # fmt: skip


def some(names: Sequence[str], most: int) -> str:
    """Return the first names of many."""
    if len(names) <= most:
        return listed(names)
    more = len(names) - most
    return ngettext("{names} and {n} more", "{names} and {n} more", more, names=listed(names[:most]))
