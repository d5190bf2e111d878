"""What a study was asked to choose, in sentences: what was chosen, how surely, and what to mind about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sim.language import N_, gettext, ngettext, run_together, separated
from sim.statistics.intervals import exactly
from sim.study.budget.choice import Fate, difference_in_words, tolerance
from sim.study.budget.confirmation import Reason
from sim.study.budget.promises import bound
from sim.study.findings.naming import of_difference
from sim.study.findings.sentences import some
from sim.study.headlines.definitions import value_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sim.config.report import Response
    from sim.study.budget.choice import Choice
    from sim.study.budget.confirmation import Confirmation, Seen
    from sim.study.budget.runs import Runs
    from sim.study.points.plan import Plan

MOST_NAMED = 12
"""Points that a sentence names one by one."""

MOST_POSTS = 3
"""Overloaded posts that a sentence names one by one; design.csv has all."""

_LEFT_OUT = {
    Fate.WITHHELD: N_(
        "Left out of the choice, because too many requests go to staff who cannot keep up, or there is no value: "
        "{points}."
    ),
    Fate.BREAKS: N_("No choice, as they break a promise: {points}."),
    Fate.INSIDE: N_("No choice, as they are inside the tolerance of a promise and were judged to break it: {points}."),
    Fate.MAY_BREAK: N_("No choice, as they may break a promise: the replications do not tell: {points}."),
}
"""Why points are no choice, by what became of them."""


def choices(
    plan: Plan, units: Mapping[Response, str], made: Sequence[Choice], labels: Mapping[str, str],
    confirmed: Sequence[str] = (),
) -> Iterator[str]:  # fmt: skip
    """Yield what was chosen, with which guarantee, what was promised, and what fresh replications say of the choice.

    The fewest heads come first, as whoever asks for them asks for that.

    `units`: of the responses that something is promised of. `labels`: of points, by their names.
    """
    seen = zip(made, confirmed or [""] * len(made), strict=True)
    each = sorted(seen, key=lambda one: one[0].response is not None)
    for choice, _ in each:  # all of them before what is seen of each: a screen leaves the last sentences out
        if choice.chosen is None:
            yield _none_chosen(choice)
        else:
            yield run_together(_chosen(choice, labels[choice.chosen]))
    if made and plan.study.promises:
        yield _promises(plan, units)
    for choice, again in each:
        if again:
            yield again
        left_out = _by_fate(choice) if choice.chosen is not None else {}
        for fate, message in _LEFT_OUT.items():
            if left_out.get(fate):
                yield gettext(message, points=some(left_out[fate], MOST_NAMED))


def _by_fate(choice: Choice) -> dict[Fate, list[str]]:
    """Return the points of a search by what became of them; those that are undecided may break a promise."""
    by_fate = {fate: [one.name for one in choice.candidates if one.fate is fate] for fate in Fate}
    by_fate[Fate.MAY_BREAK] = by_fate[Fate.UNDECIDED] + by_fate[Fate.MAY_BREAK]
    return by_fate


def _promises(plan: Plan, units: Mapping[Response, str]) -> str:
    """Return what is promised, and how close to its bound a search may judge a mean either way."""
    each = (
        gettext(
            "{response} {bound} (or within {tolerance} of it, where a search may judge either way)",
            response=plan.report.words(response), bound=bound(one, units.get(response, "")),
            tolerance=difference_in_words(tolerance(one), units.get(response, "")),
        )
        for response, one in plan.study.promises.items()
    )  # fmt: skip
    return gettext("Promised: {each}.", each=separated(each))


def _chosen(choice: Choice, label: str) -> Iterator[str]:
    """Yield short sentences on what was chosen: what it has, what to mind, and how sure it is."""
    yield gettext("The search for {asked} chose {label} ({point}).", asked=choice.asked(), label=label,
                  point=choice.chosen)  # fmt: skip
    if choice.response is None:
        heads = ngettext("It has {n} head in all.", "It has {n} heads in all.", choice.heads)
        yield gettext("{heads} No point that was tried has fewer; fewer may do.", heads=heads) if choice.edge else heads
    if has := choice.promised():
        yield gettext("Of what is promised it has: {has}.", has=has)
    if choice.overloaded:
        n, posts = len(choice.overloaded), some(choice.overloaded, MOST_POSTS)
        yield ngettext(
            "{n} post there cannot keep up with its work: {posts}.",
            "{n} posts there cannot keep up with their work: {posts}.",
            n, posts=posts,
        )  # fmt: skip
    yield _surely(choice)


def _surely(choice: Choice) -> str:
    """Return with which guarantee something was chosen, or why without one."""
    if choice.caveat:
        return gettext("There is no guarantee: {why}.", why=gettext(choice.caveat))
    if choice.chosen is not None and choice.within():
        return gettext(
            "With at least {confidence:.0%} confidence it is the best, or within {zone} of it.",
            confidence=choice.confidence, zone=choice.within(),
        )  # fmt: skip
    return gettext("That is right with at least {confidence:.0%} confidence.", confidence=choice.confidence)


def _none_chosen(choice: Choice) -> str:
    """Return that nothing was chosen, and why: all points are withheld, some are open, or none keeps its promises."""
    by_fate = _by_fate(choice)
    withheld, n_open = len(by_fate[Fate.WITHHELD]) == len(choice.candidates), len(by_fate[Fate.MAY_BREAK])
    about = {"asked": choice.asked()}
    if withheld:
        return gettext(
            "The search for {asked} chose none: no point could be judged, because too many requests go to staff who "
            "cannot keep up, or there is no value.",
            **about,
        )
    if n_open:
        return ngettext(
            "The search for {asked} chose none: {n} point could not be judged with so few replications.",
            "The search for {asked} chose none: {n} points could not be judged with so few replications.",
            n_open, **about,
        )  # fmt: skip
    none = gettext("The search for {asked} chose none: no point keeps every promise.", **about)
    return run_together([none, _surely(choice)])


def fresh(plan: Plan, runs: Runs, labels: Mapping[str, str], choice: Choice, confirmation: Confirmation | None) -> str:
    """Return what fresh replications say of a choice in a sentence; empty where nothing was chosen.

    `labels`: of points, by their names.
    """
    if confirmation is None:
        return ""
    if confirmation.failure:
        return gettext(
            "{point} was not confirmed on fresh replications, as one failed: {why}.",
            point=choice.chosen, why=confirmation.failure,
        )  # fmt: skip
    message = {
        True: N_(
            "{n} fresh replications of {point} (seed {seed}), which the search has not seen, confirm the choice: "
            "{seen}."
        ),
        False: N_(
            "{n} fresh replications of {point} (seed {seed}), which the search has not seen, contradict the choice: "
            "{seen}."
        ),
        None: N_(
            "{n} fresh replications of {point} (seed {seed}), which the search has not seen, do not tell whether the "
            "choice is right: {seen}."
        ),
    }[confirmation.holds]
    if confirmation.as_seen:
        message = N_(
            "{n} fresh replications of {point} (seed {seed}), which the search has not seen, show the same and "
            "guarantee nothing, as some values are alike in all: {seen}."
        )
    seen = separated(_seen(plan, one, runs.unit(one.response), labels) for one in confirmation.seen)
    return gettext(message, n=confirmation.n, seed=confirmation.seed, point=choice.chosen, seen=seen)


def _seen(plan: Plan, one: Seen, unit: str, labels: Mapping[str, str]) -> str:
    """Return what fresh replications say of one reason for a choice."""
    known = math.isfinite(one.interval.low) or one.interval.same
    if one.reason is not Reason.RIVAL:
        value = value_text(one.interval, unit, interval_too=known)
        return gettext("{response} {value}", response=plan.report.words(one.response), value=value)
    value = value_text(one.interval, of_difference(unit), signed=True, interval_too=known)
    about = {"value": value, "label": labels.get(one.rival, one.rival), "point": one.rival}
    best = plan.study.choose and plan.study.choose.best
    seen = exactly(one.interval)
    if best and max(abs(seen.low), abs(seen.high)) <= best.zone:
        zone = difference_in_words(best.zone, unit)
        return gettext(
            "no more than {zone} from the next best, {label} ({point}), which counts as alike: {value}", zone=zone,
            **about,
        )  # fmt: skip
    return gettext("{value} against the next best, {label} ({point})", **about)
