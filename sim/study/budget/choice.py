"""Searches for the best point and the cheapest one, with replications only where they are needed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError
from sim.language import N_, both, gettext
from sim.report.tables import scale_of, with_its_unit
from sim.statistics.best import Caveat, select_best
from sim.statistics.cheapest import Judged, Judgement, select_cheapest
from sim.statistics.cheapest import Promise as Limit
from sim.study.budget.adjusting import adjustments, mean_of
from sim.study.budget.promises import promised
from sim.study.budget.runs import Runs
from sim.study.budget.withholding import rule_of, verdict_withheld
from sim.study.headlines.definitions import value_text
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.arrays import Floats, Ints
    from sim.config.report import Report, Response
    from sim.config.study_schema import Best, Choose, Promise
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened
    from sim.study.withholding import Rule


BLOCK = 5
"""Replications of a design drawn at once in a search, so that a pool of processes has work.

It changes no answer, except that a point may be ruled out by a response withheld in a replication drawn ahead.
"""


ABREAST = 4
"""Designs on trial at once in the search for the cheapest, for the same reason."""


TOLERANCE_SHARE = 0.05
"""Tolerance of a promise that names none, as a share of its bound."""


class Fate(StrEnum):
    """What became of a point in a search."""

    CHOSEN = "chosen"
    ONLY = "the only one"
    BEATEN = "beaten"
    NOT_DISTINGUISHED = "not told apart"
    KEEPS = "keeps every promise"
    BREAKS = "breaks"
    INSIDE = "inside the tolerance"
    NOT_NEEDED = "dearer, not needed"
    UNDECIDED = "undecided"
    MAY_BREAK = "may break"
    WITHHELD = "withheld"


ALONE = N_("no other point could be judged")
"""Why a choice of one has no guarantee."""


MAY_BREAK = N_("some points may keep their promises, which the replications do not tell")
"""Why a choice has no guarantee where others may be choices too."""


FATES = {
    Judgement.KEEPS: Fate.KEEPS,
    Judgement.BREAKS: Fate.BREAKS,
    Judgement.NOT_NEEDED: Fate.NOT_NEEDED,
    Judgement.UNDECIDED: Fate.UNDECIDED,
}


@dataclass(frozen=True)
class Candidate:
    """One point in a search.

    Attributes
    ----------
    name
        Of the point.
    fate
        What became of it.
    used
        How many of its replications the search used.
    by
        The point that beat it, or what it breaks or may break; where it keeps every promise, the responses whose means
        are inside the tolerance, so that they may be judged either way.
    after
        The replications after which it was beaten.
    """

    name: str
    fate: Fate
    used: int
    by: str = ""
    after: int = 0

    @property
    def verdict(self) -> str:
        """Return what became of the point, in words."""
        if self.fate is Fate.BEATEN:
            return f"beaten by {self.by} after {self.after}"
        if self.fate is Fate.INSIDE:
            return f"inside the tolerance of {self.by}, counted as broken"
        if self.fate is Fate.KEEPS and self.by:
            return f"{self.fate}, inside the tolerance of {self.by}"
        return f"{self.fate} {self.by}".strip() if self.fate in (Fate.BREAKS, Fate.MAY_BREAK) else str(self.fate)


@dataclass(frozen=True)
class Choice:
    """What a search chose.

    Attributes
    ----------
    asked
        Returns what is searched for, in words.
    chosen
        The name of the point, or None where no point keeps every promise.
    caveat
        Why there is no guarantee; empty if there is one.
    confidence
        Of the guarantee.
    candidates
        Every feasible point.
    promised
        Returns what the point has of what is promised, in words; empty where nothing is promised, or none is chosen.
    response
        What the best is searched by; None for the cheapest.
    within
        Returns in words by how much the best may be better; empty for the cheapest.
    heads
        Of the chosen point, all levels together.
    edge
        Whether no point that can be has fewer heads than the chosen one.
    overloaded
        The posts of the chosen point that cannot keep up, with their loads.
    """

    asked: Callable[[], str]
    chosen: str | None
    caveat: str
    confidence: float
    candidates: tuple[Candidate, ...]
    promised: Callable[[], str] = str
    response: Response | None = None
    within: Callable[[], str] = str
    heads: int = 0
    edge: bool = False
    overloaded: tuple[str, ...] = ()


class _NoChoiceError(Exception):
    """Points turn out, in the middle of a search, to be no choice."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        super().__init__(", ".join(one.name for one in candidates))
        self.candidates = tuple(candidates)


def choose(plan: Plan, runs: Runs, screened: Mapping[str, Screened]) -> list[Choice]:
    """Return the choices of a study, running replications only where they are needed.

    Promises bind both: a point that breaks one, or may break one, is never chosen.
    """
    wanted = plan.study.choose
    if wanted is None:
        return []
    rule = rule_of(plan, runs, screened)
    searches: list[tuple[list[Response], Callable[[Sequence[str]], Choice]]] = []
    if (best := wanted.best) is not None:
        searches.append(([best.response], lambda left: _best(plan, wanted, best, runs, rule, left)))
    if wanted.cheapest:
        searches.append(([], lambda left: _cheapest(plan, wanted, runs, rule, screened, left)))
    choices = []
    for responses, search in searches:
        names, out = _judged(plan, runs, screened, [*responses, *plan.study.promises])
        choices.append(_among(names, out, lambda left, one=search: _held(plan, runs, screened, one(left))))  # type: ignore[misc]
    return [_screened(choice, screened, runs) for choice in choices]


def _screened(choice: Choice, screened: Mapping[str, Screened], runs: Runs) -> Choice:
    """Return a choice with the heads and the overloaded posts of its point."""
    if choice.chosen is None:
        return choice
    mine, fewest = screened[choice.chosen], min(screened[name].heads for name in runs.keys)
    return replace(choice, heads=mine.heads, edge=mine.heads <= fewest, overloaded=mine.overloaded)


def _held(plan: Plan, runs: Runs, screened: Mapping[str, Screened], choice: Choice) -> Choice:
    """Return a choice, held to its promises, with what the point has of them.

    Within the tolerance of a bound a search may judge either way, so the point that it would name is held to the bound
    itself, by the rule of tables and charts; where its replications do not tell, it gets the most that there may be.

    Raises
    ------
    _NoChoiceError
        The point must be known to keep every promise, or keep it as far as values that never vary show.
    """
    name, promises = choice.chosen, plan.study.promises
    if name is None or not promises:
        return choice
    known = promised(plan, runs, screened, [name])[name]
    if plan.study.choose and known.keeps is None and not known.is_choice:
        runs.ensure({name: plan.study.choose.most}, N_("choice"))
        known = promised(plan, runs, screened, [name])[name]
    if not known.is_choice:
        fate = Fate.MAY_BREAK if known.keeps is None else Fate.BREAKS
        raise _NoChoiceError([Candidate(name, fate, runs.count(name), " and ".join(map(str, known.open)))])
    rule = rule_of(plan, runs, screened)
    adjusted = adjustments(plan, runs, rule)
    has = {response: mean_of(plan, runs, rule, adjusted, name, response, plan.confidence) for response in promises}
    units = {response: runs.unit(response) for response in promises}

    def say() -> str:
        return both(
            gettext(
                "{response} {value}",
                response=plan.report.words(one),
                value=value_text(interval, units[one], interval_too=math.isfinite(interval.low) or interval.same),
            )
            for one, interval in has.items()
        )  # fmt: skip

    caveat = choice.caveat or (Caveat.NO_SPREAD if known.as_seen else "")
    return replace(choice, promised=say, caveat=caveat)


def _judged(
    plan: Plan, runs: Runs, screened: Mapping[str, Screened], responses: Sequence[Response]
) -> tuple[list[str], list[Candidate]]:
    """Return the points that may be chosen, and those of which a verdict is withheld.

    An overloaded design may keep a promise in a short run and break it in a longer one.
    """
    names, out = [], []
    for name in runs.keys:
        known = name not in runs.failures
        if known and not any(verdict_withheld(plan, runs, screened, response, name, name) for response in responses):
            names.append(name)
        else:
            out.append(Candidate(name, Fate.WITHHELD, 0))
    return names, out


def _best(plan: Plan, wanted: Choose, best: Best, runs: Runs, rule: Rule, names: Sequence[str]) -> Choice:
    """Return the best point by a response, of those that keep every promise.

    With promises the error is shared equally between two searches: for the points that keep them, and for the best.
    """
    smaller = smaller_is_better(best, plan.report)
    asked = partial(_asked_best, plan, best, smaller=smaller)
    within = partial(difference_in_words, best.zone, runs.unit(best.response))
    confidence, out, caveat = wanted.confidence, tuple[Candidate, ...](), ""
    if plan.study.promises:
        confidence = 1 - (1 - wanted.confidence) / 2
        names, out, caveat = _that_keep(plan, wanted, runs, rule, names, confidence)
    if len(names) < 2:
        only = tuple(Candidate(name, Fate.ONLY, runs.count(name)) for name in names)
        alone = "" if out else ALONE  # that others break a promise was found with the confidence asked for
        chosen = names[0] if names else None
        return Choice(asked, chosen, caveat or alone, wanted.confidence, (*only, *out), response=best.response)
    selected = select_best(
        _drawing(plan, runs, rule, names, (best.response,)), len(names), zone=best.zone, confidence=confidence,
        first=wanted.first, most=wanted.most, block=BLOCK, smaller_is_better=smaller,
    )  # fmt: skip
    dropped = {one.design: one for one in selected.dropped}
    candidates = []
    for i, name in enumerate(names):
        n, lost = int(selected.used[i]), dropped.get(i)
        if i == selected.best or lost is None:
            candidates.append(Candidate(name, Fate.CHOSEN if i == selected.best else Fate.NOT_DISTINGUISHED, n))
        else:
            candidates.append(Candidate(name, Fate.BEATEN, n, names[lost.by], lost.after))
    caveat = selected.caveat or caveat
    chosen = names[selected.best]
    return Choice(asked, chosen, caveat, wanted.confidence, (*candidates, *out), response=best.response, within=within)


def _that_keep(
    plan: Plan, wanted: Choose, runs: Runs, rule: Rule, names: Sequence[str], confidence: float
) -> tuple[list[str], tuple[Candidate, ...], str]:
    """Return the points that are known to keep every promise, those that break one or may, and why that is not sure.

    Each is judged by itself, with its share of the error, so that none is left out for being dear.
    """
    promises, limits = list(plan.study.promises), _limits(plan)
    runs.ensure(dict.fromkeys(names, wanted.first), N_("choice"))  # all at once, so that a pool of processes has work
    keep, out, caveat = [], [], ""
    for name in names:
        selected = select_cheapest(
            _shaped(_drawing(plan, runs, rule, [name], promises), len(limits)), [0.0], limits,
            confidence=1 - (1 - confidence) / len(names), first=wanted.first, most=wanted.most, block=BLOCK,
        )  # fmt: skip
        (one,) = selected.designs
        caveat = caveat or selected.caveat
        candidate = _judgement(name, one, promises)
        if candidate.fate is Fate.KEEPS:
            keep.append(name)
        elif candidate.fate is Fate.UNDECIDED:
            open_ = [str(response) for response, kept in zip(promises, one.kept, strict=True) if not kept]
            out.append(replace(candidate, fate=Fate.MAY_BREAK, by=" and ".join(open_)))
        else:
            out.append(candidate)
    return keep, tuple(out), caveat


def _cheapest(
    plan: Plan, wanted: Choose, runs: Runs, rule: Rule, screened: Mapping[str, Screened], names: Sequence[str]
) -> Choice:
    """Return the point with the fewest heads that keeps every promise."""
    promises, limits = list(plan.study.promises), _limits(plan)
    asked = partial(gettext, N_("the fewest heads that keep every promise"))
    if not names:
        return Choice(asked, None, ALONE, wanted.confidence, ())
    draw = _shaped(_drawing(plan, runs, rule, names, promises), len(limits))
    selected = select_cheapest(
        draw, [screened[name].heads for name in names], limits,
        confidence=wanted.confidence, first=wanted.first, most=wanted.most, block=BLOCK, abreast=ABREAST,
    )  # fmt: skip
    candidates = [_judgement(name, one, promises) for name, one in zip(names, selected.designs, strict=True)]
    chosen = None if selected.best is None else names[selected.best]
    return Choice(asked, chosen, selected.caveat, wanted.confidence, tuple(candidates))


def _judgement(name: str, one: Judged, promises: Sequence[Response]) -> Candidate:
    """Return what became of a point in the search for the cheapest, by the judgement on it."""
    fate, by = FATES[one.judgement], ""
    if one.broken is not None:
        by = str(promises[one.broken])
        fate = Fate.INSIDE if one.inside[one.broken] else fate
    elif fate is Fate.KEEPS:
        by = " and ".join(str(promise) for promise, inside in zip(promises, one.inside, strict=True) if inside)
    return Candidate(name, fate, one.used, by)


def _limits(plan: Plan) -> list[Limit]:
    """Return the promises of a study as searches read them."""
    return [Limit(one.bound, tolerance(one), one.at_most is None) for one in plan.study.promises.values()]


def _asked_best(plan: Plan, best: Best, *, smaller: bool) -> str:
    """Return which best point is searched for, in words."""
    response = plan.report.words(best.response)
    words = gettext("the least {response}", response=response)
    if not smaller:
        words = gettext("the greatest {response}", response=response)
    if not plan.study.promises:
        return words
    return gettext("{asked}, of the points that keep every promise,", asked=words)


def difference_in_words(size: float, unit: str) -> str:
    """Return a difference with its unit."""
    factor, _, words = scale_of(unit)
    return with_its_unit(f"{factor * size:g}", words)


def smaller_is_better(best: Best, report: Report) -> bool:
    """Return whether less of a response is better: as the study says, or as the measure is judged everywhere.

    Raises
    ------
    ConfigError
        One of the two must say so.
    """
    if best.smaller_is_better is not None:
        return best.smaller_is_better
    judged = report.judged(best.response)
    if judged is None:
        raise ConfigError(
            f"study.choose.best.smaller_is_better must be given (true or false), because {best.response} has no known "
            "direction, got nothing"
        )
    return not judged.higher_is_better


def tolerance(promise: Promise) -> float:
    """Return how far from its bound a promise counts as either kept or broken."""
    return promise.tolerance or TOLERANCE_SHARE * abs(promise.bound) or TOLERANCE_SHARE


def _drawing(
    plan: Plan, runs: Runs, rule: Rule, names: Sequence[str], responses: Sequence[Response]
) -> Callable[[Ints, int], Floats]:
    """Return a function that gives the next replications of designs: kept ones are read, the others are run.

    What is still open is counted as everywhere, so that a quantile that one of many replications does not reach rules
    no design out.
    """
    taken, judged = dict.fromkeys(names, 0), [judged_as(plan.report, response) for response in responses]

    def draw(designs: Ints, number: int) -> Floats:
        mine = [names[i] for i in designs]
        runs.ensure({name: taken[name] + number for name in mine}, N_("choice"))
        columns, withheld = [], []
        for name in mine:
            start, taken[name] = taken[name], taken[name] + number
            known = name not in runs.failures
            values = [rule.counted(one, name)[start : taken[name]] for one in judged] if known else []
            if not known or not np.isfinite(values).all():
                withheld.append(name)
            columns.append(np.array(values).T)
        if withheld:
            raise _NoChoiceError([Candidate(name, Fate.WITHHELD, 0) for name in withheld])
        drawn = np.stack(columns, axis=1)  # number, designs, responses
        return drawn if len(responses) > 1 else drawn[:, :, 0]

    return draw


def _shaped(draw: Callable[[Ints, int], Floats], n_responses: int) -> Callable[[Ints, int], Floats]:
    """Return a function whose replications have an axis of responses, of one response too."""
    return lambda designs, number: draw(designs, number).reshape(number, len(designs), n_responses)


def _among(names: Sequence[str], out: Sequence[Candidate], search: Callable[[Sequence[str]], Choice]) -> Choice:
    """Return the choice of a search among the points that are one.

    What was drawn before is read again, so that starting over costs nothing.
    """
    left, out = list(names), list(out)
    while True:
        try:
            choice = search(left)
        except _NoChoiceError as error:
            ruled_out = {one.name for one in error.candidates}
            left = [name for name in left if name not in ruled_out]
            out += error.candidates
        else:
            # what may keep its promises, and is left out, may be what is asked for
            may_break = any(one.fate is Fate.MAY_BREAK for one in out)
            caveat = choice.caveat or (MAY_BREAK if may_break else "")
            return replace(choice, candidates=(*choice.candidates, *out), caveat=caveat)
