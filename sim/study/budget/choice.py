"""Searches for the best point and the cheapest one, spending replications only where they are needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError
from sim.report.tables import scale_of
from sim.statistics.best import select_best
from sim.statistics.cheapest import Judgement, select_cheapest
from sim.statistics.cheapest import Promise as Limit
from sim.study.budget.runs import Runs
from sim.study.budget.withholding import verdict_withheld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.arrays import Floats, Ints
    from sim.config.report import Report, Response
    from sim.config.study_schema import Best, Choose, Promise
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened


BLOCK = 5
"""Replications of a design drawn at once in a search, so that a pool of processes has work.

It changes no answer, unless a response is withheld in one that is drawn and would not have been looked at: its point
cannot be chosen then.
"""


ABREAST = 4
"""Designs on trial at once in the search for the cheapest, for the same reason."""


TOLERANCE_SHARE = 0.05
"""Tolerance of a promise that names none, as a share of its bound."""


class Fate(StrEnum):
    """What a search found out about a point."""

    CHOSEN = "chosen"
    ONLY = "the only one"
    BEATEN = "beaten"
    NOT_TOLD_APART = "not told apart"
    KEEPS = "keeps every promise"
    BREAKS = "breaks"
    NOT_NEEDED = "dearer, not needed"
    UNDECIDED = "undecided"
    WITHHELD = "withheld"


FATES = {
    Judgement.KEEPS: Fate.KEEPS,
    Judgement.BREAKS: Fate.BREAKS,
    Judgement.NOT_NEEDED: Fate.NOT_NEEDED,
    Judgement.UNDECIDED: Fate.UNDECIDED,
}


@dataclass(frozen=True)
class Candidate:
    """What a search found out about one point.

    Attributes
    ----------
    name
        Of the point.
    fate
        What became of it.
    spent
        The replications of it that the search looked at.
    by
        The point that beat it, or the response whose promise it breaks.
    after
        The replications after which it was beaten.
    """

    name: str
    fate: Fate
    spent: int
    by: str = ""
    after: int = 0

    @property
    def verdict(self) -> str:
        """Return what became of the point, in words."""
        if self.fate is Fate.BEATEN:
            return f"beaten by {self.by} after {self.after}"
        return f"breaks {self.by}" if self.fate is Fate.BREAKS else str(self.fate)


@dataclass(frozen=True)
class Choice:
    """What a search chose.

    Attributes
    ----------
    asked
        What was asked, in words.
    chosen
        The name of the point, or None where no point keeps every promise.
    guaranteed
        Whether the search ended with its guarantee, or with the most replications.
    confidence
        Of the guarantee.
    candidates
        Every point that can be.
    """

    asked: str
    chosen: str | None
    guaranteed: bool
    confidence: float
    candidates: tuple[Candidate, ...]


class _WithheldError(Exception):
    """A response of some points is withheld, so that they cannot be chosen."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def choose(plan: Plan, runs: Runs, screened: Mapping[str, Screened]) -> list[Choice]:
    """Return what the study chooses, spending replications only where they are needed."""
    wanted = plan.study.choose
    if wanted is None:
        return []
    found = []
    if (best := wanted.best) is not None:
        names, out = _judged(plan, runs, screened, [best.response])
        found.append(_without_withheld(names, out, lambda left: _best(plan, wanted, best, runs, left)))
    if wanted.cheapest:
        names, out = _judged(plan, runs, screened, list(plan.study.promises))
        found.append(_without_withheld(names, out, lambda left: _cheapest(plan, wanted, runs, screened, left)))
    return found


def _judged(
    plan: Plan, runs: Runs, screened: Mapping[str, Screened], responses: Sequence[Response]
) -> tuple[list[str], list[Candidate]]:
    """Return the points that may be chosen, and those of which a verdict is withheld.

    Who cannot keep up may keep a promise in a short run, and break it in a longer one.
    """
    names, out = [], []
    for name in runs.keys:
        known = name not in runs.failures
        if known and not any(verdict_withheld(plan, runs, screened, response, name, name) for response in responses):
            names.append(name)
        else:
            out.append(Candidate(name, Fate.WITHHELD, 0))
    return names, out


def _best(plan: Plan, wanted: Choose, best: Best, runs: Runs, names: Sequence[str]) -> Choice:
    """Return the best point by a response."""
    smaller = smaller_is_better(best, plan.report)
    word = "least" if smaller else "greatest"
    factor, _, unit = scale_of(runs.unit(best.response))
    asked = f"the {word} {plan.report.words(best.response)}, or one within {factor * best.zone:g} {unit}".rstrip()
    if len(names) < 2:
        only = tuple(Candidate(name, Fate.ONLY, runs.count(name)) for name in names)
        return Choice(asked, names[0] if names else None, True, wanted.confidence, only)
    selected = select_best(
        _drawing(runs, names, (best.response,)), len(names), zone=best.zone, confidence=wanted.confidence,
        first=wanted.first, most=wanted.most, block=BLOCK, smaller_is_better=smaller,
    )  # fmt: skip
    dropped = {one.design: one for one in selected.dropped}
    candidates = []
    for i, name in enumerate(names):
        spent, out = int(selected.used[i]), dropped.get(i)
        if i == selected.best or out is None:
            candidates.append(Candidate(name, Fate.CHOSEN if i == selected.best else Fate.NOT_TOLD_APART, spent))
        else:
            candidates.append(Candidate(name, Fate.BEATEN, spent, names[out.by], out.after))
    return Choice(asked, names[selected.best], selected.guaranteed, wanted.confidence, tuple(candidates))


def _cheapest(plan: Plan, wanted: Choose, runs: Runs, screened: Mapping[str, Screened], names: Sequence[str]) -> Choice:
    """Return the point with the fewest heads that keeps every promise."""
    promises = plan.study.promises
    within = " and ".join(
        f"{plan.report.words(response)}: {scale_of(runs.unit(response))[0] * tolerance(one):g} "
        f"{scale_of(runs.unit(response))[2]} around its bound"
        for response, one in promises.items()
    )
    asked = f"the fewest heads that keep every promise ({within} may be judged either way)"
    if not names:
        return Choice(asked, None, True, wanted.confidence, ())
    limits = [Limit(one.bound, tolerance(one), one.at_most is None) for response, one in promises.items()]
    draw = _drawing(runs, names, tuple(promises))
    told = select_cheapest(
        (lambda designs, number: draw(designs, number).reshape(number, len(designs), len(limits))),
        [screened[name].heads for name in names], limits, confidence=wanted.confidence,
        first=wanted.first, most=wanted.most, block=BLOCK, abreast=ABREAST,
    )  # fmt: skip
    candidates = []
    for name, one in zip(names, told.designs, strict=True):
        broken = str(list(promises)[one.broken]) if one.broken is not None else ""
        candidates.append(Candidate(name, FATES[one.judgement], one.used, broken))
    return Choice(
        asked, None if told.best is None else names[told.best], told.guaranteed, wanted.confidence, tuple(candidates)
    )


def smaller_is_better(best: Best, report: Report) -> bool:
    """Return which way a response is better: as the study says, or as the measure is judged everywhere.

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
            "study.choose.best.smaller_is_better must be true or false, as nothing says which of "
            f"{best.response} is better, got nothing"
        )
    return not judged.higher_is_better


def tolerance(promise: Promise) -> float:
    """Return within what of its bound a promise may be judged either way."""
    return promise.tolerance or TOLERANCE_SHARE * abs(promise.bound) or TOLERANCE_SHARE


def _drawing(runs: Runs, names: Sequence[str], responses: Sequence[Response]) -> Callable[[Ints, int], Floats]:
    """Return a function that gives the next replications of designs: kept ones are read, the others are run."""
    taken = dict.fromkeys(names, 0)

    def draw(designs: Ints, number: int) -> Floats:
        mine = [names[i] for i in designs]
        runs.have({name: taken[name] + number for name in mine}, "choice")
        columns, withheld = [], []
        for name in mine:
            start, taken[name] = taken[name], taken[name] + number
            known = name not in runs.failures
            values = [runs.values(name, response, taken[name])[start:] for response in responses] if known else []
            if not known or not np.isfinite(values).all():
                withheld.append(name)
            columns.append(np.array(values).T)
        if withheld:
            raise _WithheldError(withheld)
        whole = np.stack(columns, axis=1)  # number, designs, responses
        return whole if len(responses) > 1 else whole[:, :, 0]

    return draw


def _without_withheld(
    names: Sequence[str], out: Sequence[Candidate], search: Callable[[Sequence[str]], Choice]
) -> Choice:
    """Return what a search finds among the points of which every response has a value.

    What was drawn before is read again, so that beginning anew costs nothing.
    """
    left, out = list(names), list(out)
    while True:
        try:
            found = search(left)
        except _WithheldError as withheld:
            left = [name for name in left if name not in withheld.names]
            out += [Candidate(name, Fate.WITHHELD, 0) for name in withheld.names]
        else:
            return replace(found, candidates=(*found.candidates, *out))
