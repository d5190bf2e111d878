"""What the charts of a study found, as titles: some texts, the longest first, or none where nothing is sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.language import N_, both, either, gettext, listed, ngettext, phrase, separated
from sim.statistics.intervals import Interval
from sim.statistics.verdicts import Ranked
from sim.study.findings import leading
from sim.study.findings.naming import unit_of
from sim.study.headlines.definitions import value_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Part = pl.DataFrame
    Row = dict[str, Any]

MOST_LINES = 3
"""Curves that a title names one by one."""

_UP = N_("{response}: up from {first} at {factor}={start} to {last} at {end}")
_DOWN = N_("{response}: down from {first} at {factor}={start} to {last} at {end}")
_SOME_MOVE = N_("{response}: moved beyond the noise by {k} of {n} assumptions")
_LINE, _UNSURE = N_("from {first} to {last} with {series}"), N_("no sure change with {series}")
_COUNTED = {1: N_("surely higher in {n} of {all} lines"), -1: N_("surely lower in {n} of {all} lines")}


@dataclass(frozen=True)
class About:
    """What a chart is about, in words.

    Attributes
    ----------
    response
        Of which it is; empty where it is of none.
    factors
        Of its design, in their order.
    bound
        Of the promise on the response; empty where there is none.
    weeks
        Of warm-up that all points leave out, where a pilot run chose it.
    """

    response: str
    factors: Sequence[str] = ()
    bound: str = ""
    weeks: int | None = None

    @property
    def opening(self) -> str:
        """The response at the beginning of a title."""
        return f"{self.response[:1].upper()}{self.response[1:]}"


def titles(kind: str, part: Part, about: About) -> list[str]:
    """Return what a chart of a kind found, of the table of which it is drawn."""
    return list(_KINDS[kind](part, about)) if kind in _KINDS else []


def _value(part: Part, value: float) -> str:
    """Return a value with its unit."""
    signed = "against" in part.columns and bool(part["against"][0])
    return value_text(Interval(value, value, value, 2), unit_of(part), signed=signed, interval_too=False)


def _two(part: Part, one: float, other: float) -> tuple[str, str] | None:
    """Return two values in words, or None where these do not tell them apart."""
    words = _value(part, one), _value(part, other)
    return words if words[0] != words[1] else None


def _same(part: Part, about: About) -> Iterator[str]:
    """Yield that all settings with a value have the same."""
    if leading.all_equal(part):
        known = leading.known(part)
        message = (
            N_("{response}: {value} in all {n} settings")
            if len(known) == len(part)
            else N_("{response}: {value} in all {n} settings with a value")
        )
        value = _value(part, known["mean"][0])
        yield gettext(message, response=about.opening, value=value, n=len(known))


def _span(part: Part, about: About, where: Callable[[Row], str]) -> Iterator[str]:
    """Yield the settings of the lowest and of the highest mean, where these surely differ."""
    yield from (same := list(_same(part, about)))
    pair = leading.extremes(part)
    if same or pair is None or not pair.sure:
        return
    if words := _two(part, pair.one["mean"], pair.other["mean"]):
        yield gettext(
            "{response}: from {low} with {where} to {high} with {other}",
            response=about.opening, low=words[0], where=where(pair.one), high=words[1], other=where(pair.other),
        )  # fmt: skip
        yield gettext("{response}: from {low} to {high}", response=about.opening, low=words[0], high=words[1])


def _levels(names: Sequence[str], levels: Sequence[object]) -> str:
    """Return levels with the names of their factors."""
    return listed(
        f"{name}={phrase(str(level))}" for name, level in zip(names, levels, strict=False) if level not in (None, "")
    )


def _curve(part: Part, about: About) -> Iterator[str]:
    """Yield how a response goes along a factor."""
    lines = part.partition_by("series", maintain_order=True)
    pairs = [leading.ends(line) for line in lines]
    known = [pair for pair in pairs if pair]
    ways = [_way(part, pair) if pair else 0 for pair in pairs]
    ends = {(pair.one["level"], pair.other["level"]) for pair in known}
    straight = all(leading.goes_straight(line) for line in lines)
    if not any(ways) or len(ends) > 1 or (len(lines) == 1 and not straight):
        yield from _span(part, about, lambda row: _levels(about.factors, [row["level"], row["series"]]))
        return
    start, end, _ = known[0]
    words: dict[str, Any] = {
        "response": about.opening, "factor": about.factors[0], "start": start["level"], "end": end["level"],
    }  # fmt: skip
    if len(lines) == 1:
        first, last = (_value(part, row["mean"]) for row in (start, end))
        yield gettext(_UP if ways[0] > 0 else _DOWN, first=first, last=last, **words)
        return
    if straight and len(known) == len(lines) <= MOST_LINES:
        each = []
        for i, (way, pair) in enumerate(zip(ways, known, strict=True)):
            # the factor of the lines is named once
            with_it = _levels(about.factors[1:2], [pair.one["series"]]) if i == 0 else phrase(pair.one["series"])
            first, last = (_value(part, row["mean"]) for row in (pair.one, pair.other))
            each.append(gettext(_LINE if way else _UNSURE, first=first, last=last, series=with_it))
        yield gettext("{response}, {factor} {start} to {end}: {each}", each=separated(each), **words)
    counted = [gettext(message, n=ways.count(way), all=len(lines)) for way, message in _COUNTED.items() if way in ways]
    # a line may rise or fall on its way: only its ends are compared
    yield gettext("{response}, {factor} {end} against {start}: {each}", each=both(counted), **words)


def _way(part: Part, pair: leading.Pair) -> int:
    """Return whether a response goes up (1) or down (-1) along a factor, or 0 where that is not sure, or not seen."""
    if not pair.sure or not _two(part, pair.one["mean"], pair.other["mean"]):
        return 0
    return 1 if pair.other["mean"] > pair.one["mean"] else -1


def _panels(part: Part, about: About) -> Iterator[str]:
    """Yield where a response is lowest and highest over three factors."""
    names = about.factors[:3]
    return _span(part, about, lambda row: _levels(names, [row["level"], row["series"], row["panel"]]))


def _heat(part: Part, about: About) -> Iterator[str]:
    """Yield in which settings a promise is kept, or where a response is lowest and highest over two factors."""
    if not about.bound or "keeps" not in part.columns:
        yield from _span(part, about, lambda row: _levels(about.factors, [row["x_level"], row["y_level"]]))
        return
    known = leading.known(part)
    words = {"response": about.opening, "bound": about.bound, "n": len(known), "kept": int(known["keeps"].sum())}
    if not words["kept"]:
        yield gettext("{response}: no setting is known to keep what is promised, {bound}", **words)
    elif words["kept"] == len(known):
        message = (
            N_("{response}: {bound} in all {n} settings, as promised")
            if len(known) == len(part)
            else N_("{response}: {bound} in all {n} settings with a value, as promised")
        )
        yield gettext(message, **words)
    else:
        always = [
            _levels([name], [level])
            for name, axis in zip(about.factors, ("x_level", "y_level"), strict=False)
            for (level,), cells in part.group_by(axis, maintain_order=True)
            if cells["keeps"].fill_null(value=False).all()
        ]
        message = N_("{response}: surely {bound}, as promised, in {kept} of {n} settings, always with {always}")
        if always:
            yield gettext(message, always=either(always), **words)
        yield gettext("{response}: surely {bound}, as promised, in {kept} of {n} settings", **words)


def _main_effects(part: Part, about: About) -> Iterator[str]:
    """Yield the factor that moves a response most, as far as that is sure."""
    moved = leading.strongest(part)
    if moved is not None and moved.equal:
        yield gettext("{response}: moved by no factor", response=about.opening)
    if moved is None or not moved.sure:
        return
    if words := _two(part, moved.low["mean"], moved.high["mean"]):
        message = (
            N_("{response}: moved most by {factor}, from {low} at {low_level} to {high} at {high_level}")
            if moved.most
            else N_("{response}: moved by {factor}, from {low} at {low_level} to {high} at {high_level}")
        )
        yield gettext(
            message,
            response=about.opening, factor=moved.low["factor"], low=words[0], low_level=phrase(moved.low["level"]),
            high=words[1], high_level=phrase(moved.high["level"]),
        )  # fmt: skip


def _tornado(part: Part, about: About) -> Iterator[str]:
    """Yield the factor that moves a response most, and how far, or that none does."""
    sure, most = leading.swinging(part)
    n = len(part.filter(pl.col("swing").is_finite()))
    words = {"response": about.opening, "k": len(sure), "n": n}
    if not sure:
        if n:
            yield gettext("{response}: moved beyond the noise by none of {n} assumptions", **words)
        return
    row = sure[0]
    low, high = (_value(part, row[end]) for end in ("least", "most"))
    words |= {"factor": row["factor"], "low": low, "high": high}
    words |= {"low_level": phrase(row["least_level"]), "high_level": phrase(row["most_level"])}
    if low == high:
        yield gettext(_SOME_MOVE, **words)
        return
    if most:
        yield gettext(
            "{response}: moved most by {factor}, from {low} at {low_level} to {high} at {high_level}", **words
        )
        yield gettext("{response}: moved most by {factor}, from {low} to {high}", **words)
    elif len(sure) == 1:
        yield gettext(
            "{response}: moved beyond the noise by {factor} alone of {n} assumptions, from {low} to {high}", **words
        )
    else:
        yield gettext(
            "{response}: moved beyond the noise by {k} of {n} assumptions, as by {factor} from {low} to {high}", **words
        )
    yield gettext(_SOME_MOVE, **words)


def _indices(part: Part, about: About) -> Iterator[str]:
    """Yield the factor that most of the variance comes from, or that several matter."""
    known, sure = leading.carriers(part)
    words: dict[str, Any] = {"response": about.opening}
    if sure:
        words |= {"factor": known[0]["factor"], "share": known[0]["total"]}
        yield gettext(
            "{response}: most of all due to {factor}, with {share:.0%} of the variance, interactions included", **words
        )
        yield gettext("{response}: most of all due to {factor}", **words)
    elif (several := sum(row["total_low"] > 0 for row in known)) > 1:
        yield gettext("{response}: due to {n} factors, and to which of them most is not sure", n=several, **words)


def _ranking(part: Part, about: About) -> Iterator[str]:
    """Yield which design is the best, or that none can be named."""
    best, may_be = leading.best(part)
    n_ranked = int(part["verdict"].is_in([Ranked.BEST, Ranked.MAY_BE_BEST, Ranked.NOT_BEST]).sum())
    words: dict[str, Any] = {"response": about.opening, "n": may_be, "all": n_ranked}
    if len(best) == 1:
        words |= {"design": phrase(best[0]["label"]), "value": _value(part, best[0]["mean"])}
        message = (
            N_("{response}: {design} is the best of all {all} designs, with {value}")
            if n_ranked == len(part)
            else N_("{response}: {design} is the best of the {all} designs that may be chosen, with {value}")
        )
        yield gettext(message, **words)
        yield gettext("{response}: {design} is the best that may be chosen", **words)
    elif may_be > 1:
        yield gettext("{response}: no single best design, any of {n} of {all} may be", **words)
    elif may_be == 1 < n_ranked:
        design = phrase(part.filter(pl.col("verdict") == Ranked.MAY_BE_BEST)["label"][0])
        yield gettext("{response}: only {design} may be the best of {all} designs", design=design, **words)
    elif part["verdict"].eq_missing(str(Ranked.NO_CHOICE)).all():
        yield gettext("{response}: no design is the best, as none is known to keep what is promised", **words)


def _pareto(part: Part, about: About) -> Iterator[str]:
    """Yield the fewest heads that are known to keep what is promised, or that none are."""
    kept = part.filter(pl.col("keeps"), pl.col("cost").is_finite())
    if kept.is_empty():
        if part["keeps"].is_not_null().any():
            yield gettext("{response}: no design is known to keep what is promised", response=about.opening)
        return
    fewest = kept.filter(pl.col("cost") == pl.col("cost").min()).sort("mean", nulls_last=True)
    words: dict[str, Any] = {"response": about.opening, "heads": fewest["cost"][0], "n": len(fewest)}
    means = leading.known(fewest)["mean"].to_list()
    if len(fewest) == len(means) == 1:
        words |= {"design": phrase(fewest["label"][0]), "value": _value(part, means[0])}
        yield gettext(
            "{response}: {value} with {heads:,.0f} heads, the fewest known to keep what is promised: {design}", **words
        )
        yield gettext("{response}: {value} with {heads:,.0f} heads, the fewest known to keep what is promised", **words)
    elif len(fewest) == len(means) and (ends := _two(part, min(means), max(means))):
        yield gettext(
            "{response}: {low} to {high} with {heads:,.0f} heads, the fewest known to keep what is promised ({n} "
            "designs)",
            low=ends[0], high=ends[1], **words,
        )  # fmt: skip
    yield gettext("{heads:,.0f} heads are the fewest known to keep what is promised", **words)


def _warm_up(part: Part, about: About) -> Iterator[str]:
    """Yield how many weeks are left out, where a number was found for each series."""
    if about.weeks and not part["chosen"].null_count():
        yield ngettext(
            "The first week of every run is left out as warm-up",
            "The first {n} weeks of every run are left out as warm-up",
            about.weeks,
        )  # fmt: skip


_KINDS: Mapping[str, Callable[[Part, About], Iterator[str]]] = {
    "main_effects": _main_effects,
    "curve": _curve,
    "heat": _heat,
    "tornado": _tornado,
    "indices": _indices,
    "ranking": _ranking,
    "pareto": _pareto,
    "panels": _panels,
    "warm_up": _warm_up,
}
