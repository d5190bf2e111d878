"""What turning a knob moved: paired differences that hold together, and whether the row says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.language import gettext, listed, separated
from sim.measures.dictionary import BY_PLACE, BY_STAFFING
from sim.statistics.intervals import exactly, simultaneous
from sim.statistics.reasons import in_words
from sim.study.knobs.rows import DIRECTIONS, direction_words, end_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.arrays import Floats
    from sim.config.report import Response
    from sim.statistics.intervals import Difference
    from sim.statistics.reasons import Reason
    from sim.study.knobs.trials import Trial

BASE = "base"
LOW_ENDS = ("low", "half")


@dataclass(frozen=True)
class Change:
    """What the ends of a knob do to a measure.

    Attributes
    ----------
    response
        The measure and its group.
    base
        Its mean over the replications at the base.
    ends
        The paired difference of each end from the base; its interval holds together with all others of the knob.
    """

    response: Response
    base: float
    ends: Mapping[str, Difference]

    @property
    def moved(self) -> bool:
        """Return whether the interval of some end leaves out 0."""
        return any(_moved(one) for one in self.ends.values())

    @property
    def direction(self) -> str:
        """Return whether the measure goes up or down when the knob goes from low to high; empty: not moved."""
        slope = sum(-one.estimate if end in LOW_ENDS else one.estimate for end, one in self.ends.items() if _moved(one))
        return DIRECTIONS[slope < 0] if self.moved else ""

    @property
    def strength(self) -> float:
        """Return the greatest difference in half-widths of its interval, infinite where that has no length."""
        ratios = [
            abs(one.estimate) / one.half_width if one.half_width else math.inf
            for one in self.ends.values()
            if _moved(one)
        ]
        return max(ratios, default=0.0)


@dataclass(frozen=True)
class Outcome:
    """A knob that was turned, or why it was not.

    Attributes
    ----------
    trial
        The row and its designs.
    changes
        Of every measure that could be compared; the strongest first.
    why
        Why nothing was compared; None where something was.
    """

    trial: Trial
    changes: tuple[Change, ...]
    why: Reason | None = None

    @property
    def moved(self) -> tuple[Change, ...]:
        """Return the changes whose interval leaves out 0."""
        return tuple(one for one in self.changes if one.moved)

    @property
    def failure(self) -> str:
        """Return what is wrong with what the row says, in the language that is spoken; empty: nothing."""
        return _failure(self.trial, self.changes, self.why)


@dataclass(frozen=True)
class DidNotRun:
    """Why nothing was compared: a design failed."""

    end: str
    why: str

    def words(self) -> str:
        """Return which design it is, and what its run left as it is."""
        return gettext("{level}: {reason}", level=end_words(self.end), reason=self.why)


def outcome(
    trial: Trial,
    responses: Sequence[Response],
    values: Callable[[str, Response], Floats],
    confidence: float,
    why: Reason | None,
) -> Outcome:
    """Return what turning a knob moved.

    Parameters
    ----------
    trial
        The row and its designs.
    responses
        What is compared where the row names no measure; where it does, those alone are.
    values
        The values of a response over the replications of `base` or of an end (shape (replications,)).
    confidence
        Joint, of all these measures and ends of this knob (Bonferroni).
    why
        Why designs that should have run did not; None where all did.
    """
    why = why or (None if trial.ends else trial.why)
    return Outcome(trial, () if why else _changes(trial, responses, values, confidence), why)


def _changes(
    trial: Trial, responses: Sequence[Response], values: Callable[[str, Response], Floats], confidence: float
) -> tuple[Change, ...]:
    """Return the change of every measure that has values at the base and at some end, the strongest first.

    What a row says beforehand is tried alone: an interval that held together with eighty others would be too wide for
    a knob of one kind of request. The others still show how skewed such differences are.
    """
    asked = list(trial.row.moves or responses)
    family = [(response, end) for response in dict.fromkeys((*asked, *responses)) for end in trial.ends]
    pairs = [(values(BASE, response), values(end, response)) for response, end in family]
    differences = dict(zip(family, simultaneous(pairs, confidence, claimed=len(asked) * len(trial.ends)), strict=False))
    changes = []
    for response in asked:
        ends = {end: differences[response, end] for end in trial.ends}
        if response.measure in BY_STAFFING | BY_PLACE:
            ends = {end: exactly(one) for end, one in ends.items()}
        known = {end: one for end, one in ends.items() if math.isfinite(one.low)}
        if known:
            changes.append(Change(response, float(values(BASE, response).mean()), known))
    return tuple(sorted(changes, key=lambda change: -change.strength))


def _moved(difference: Difference) -> bool:
    """Return whether an interval leaves out 0."""
    return difference.low > 0 or difference.high < 0


def _failure(trial: Trial, changes: Sequence[Change], why: Reason | None) -> str:
    """Return what is wrong with what a row says, or an empty text."""
    row = trial.row
    if not trial.applies:
        return ""
    if row.moves is None:
        return "" if row.why else gettext("its row says neither what it moves nor why not")
    if why:
        told = gettext("its row says what it moves, but it was not tried: {why}", why=in_words(why))
        return told if row.moves else ""
    by_response = {one.response: one for one in changes}
    if not row.moves:
        moved = [_going(one.response, one.direction) for one in changes[:3] if one.moved]
        return gettext("its row says none, but it moves {measures}", measures=listed(moved)) if moved else ""
    wrong = []
    for response, direction in row.moves.items():
        found = by_response[response].direction if response in by_response else ""
        said = _going(response, direction)
        if found and found != direction:
            wrong.append(gettext("{said}, but it goes {found}", said=said, found=direction_words(found)))
        elif not found:
            wrong.append(gettext("{said}, but it does not move", said=said))
    return gettext("its row says {measures}", measures=separated(wrong)) if wrong else ""


def _going(response: Response, direction: str) -> str:
    """Return a measure with its direction."""
    return gettext("{measure} {direction}", measure=response, direction=direction_words(direction))
