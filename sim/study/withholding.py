"""When nothing follows from a value: the one rule that every table, chart, sentence and choice asks.

A value that depends on the length of the run, or that is not known in some replication, is not judged, ranked, called
best, put into a title, averaged into an effect, or chosen. Why not is data: the cause, the share behind it under each
design, and what would help.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.config.report import JudgedMeasure, Response
from sim.measures.dictionary import DEFINITIONS, DUTIES
from sim.statistics.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sim.arrays import Floats
    from sim.config import Run
    from sim.config.report import Report

STAFF = "staff"
"""The value of `touched` for measures of the staff itself."""


class Cause(StrEnum):
    """Why nothing follows from a value."""

    OVERLOADED_REQUESTS = "overloaded requests"
    OVERLOADED_STAFF = "overloaded staff"
    UNFINISHED = "left or still open"
    NO_OBSERVATION = "no observation"
    NOT_OWED = "not owed"


OVERLOAD = (Cause.OVERLOADED_REQUESTS, Cause.OVERLOADED_STAFF)
BY_OVERLOAD = pl.col("cause").is_in([str(cause) for cause in OVERLOAD])
"""Rows of a table of differences that staff who cannot keep up withhold."""

HELP = {
    Cause.OVERLOADED_REQUESTS: "more staff or less work at these posts, as what waits there grows with the run",
    Cause.OVERLOADED_STAFF: "more staff or less work at these posts, as what waits there grows with the run",
    Cause.UNFINISHED: "a longer run.drain_weeks for what is open, or a mean up to a cap, which counts who left",
    Cause.NO_OBSERVATION: "a longer run.measured_weeks, or a larger group",
    Cause.NOT_OWED: "",
}
"""What would let something be said, by the cause; empty where nothing is missing."""


@dataclass(frozen=True)
class Withheld:
    """Why nothing follows from a value: the share that is too large, by the designs under which it is."""

    cause: Cause
    shares: Mapping[str, float]

    def __str__(self) -> str:
        """Return the reason in words."""
        if self.cause is Cause.NO_OBSERVATION:
            return f"no observation under {' and '.join(self.shares)}"
        if self.cause is Cause.NOT_OWED:
            return f"not owed under {' and '.join(self.shares)}"
        if self.cause is Cause.UNFINISHED:
            words = (f"{share:.1%} left unserved or still open under {design}" for design, share in self.shares.items())
            return " and ".join(words)
        what = "requests" if self.cause is Cause.OVERLOADED_REQUESTS else "staff"
        verb = "go to" if self.cause is Cause.OVERLOADED_REQUESTS else "belong to"
        under = " and ".join(f"{share:.0%} of its {what} under {design}" for design, share in self.shares.items())
        return f"{under} {verb} an overloaded post"

    @property
    def share(self) -> float:
        """Return the largest of the shares."""
        return max(self.shares.values(), default=0.0)

    @property
    def help(self) -> str:
        """Return what would let something be said; empty where nothing is missing."""
        return HELP[self.cause]

    @property
    def verdict(self) -> Verdict:
        """Return the word in place of a verdict."""
        return Verdict.NOT_OWED if self.cause is Cause.NOT_OWED else Verdict.WITHHELD


@dataclass(frozen=True)
class Rule:
    """The rule, and the data that it reads.

    Attributes
    ----------
    values
        A response of a design over its replications (shape (replications,)); NaN where it has no value.
    run
        The share of requests to overloaded posts above which nothing follows.
    overloaded_share
        By design and level, the share of the heads that cannot keep up.
    """

    values: Callable[[str, Response], Floats]
    run: Run
    overloaded_share: Mapping[str, Mapping[str, float]]

    def why(self, judged: JudgedMeasure, *designs: str) -> Withheld | None:
        """Return why nothing follows from a measure under one of these designs, or None.

        A design owes nothing of what is measured, too many requests of the group go to overloaded posts, too many of
        the staff are overloaded, or there is no value.
        """
        designs = tuple(dict.fromkeys(designs))
        unknown = [one for one in designs if np.isnan(self.values(one, judged.response)).any()]
        owe_none = [one for one in unknown if np.isnan(self.values(one, judged.response)).all()]
        if judged.measure in DUTIES and owe_none:
            return Withheld(Cause.NOT_OWED, dict.fromkeys(owe_none, 0.0))
        if judged.touched:
            cause = Cause.OVERLOADED_STAFF if judged.touched == STAFF else Cause.OVERLOADED_REQUESTS
            shares = {one: self._touched(judged, one) for one in designs}
            over = {one: share for one, share in shares.items() if share > self.run.withhold_share}
            if over:
                return Withheld(cause, over)
        ends = [Response(measure, judged.group) for measure in ("still_open", "left_unserved")]
        unfinished = {one: sum(self._where_unknown(judged, one, end) for end in ends) for one in unknown}
        ours = judged.measure in DEFINITIONS  # of a measure of one's own, unfinished requests need not be the reason
        if ours and any(share > 0 for share in unfinished.values()):
            return Withheld(Cause.UNFINISHED, {one: share for one, share in unfinished.items() if share > 0})
        return Withheld(Cause.NO_OBSERVATION, unfinished) if unknown else None

    def _where_unknown(self, judged: JudgedMeasure, design: str, end: Response) -> float:
        """Return a share over the replications in which a measure has no value; 0 where it is not kept."""
        shares = self.values(design, end)
        where = np.isnan(self.values(design, judged.response))
        share = _mean(shares[where]) if len(shares) == len(where) else _mean(shares)
        return 0.0 if np.isnan(share) else share

    def _touched(self, judged: JudgedMeasure, design: str) -> float:
        """Return the share of the requests, or of the staff, behind a measure that overload reaches under a design."""
        if judged.touched != STAFF:
            return _mean(self.values(design, Response(str(judged.touched), judged.group)))
        family, _, name = judged.group.partition(":")
        level = "community" if family == "unit" else name  # the staff of a community belong to that level
        return self.overloaded_share.get(design, {}).get(level, 0.0)


def _mean(values: Floats) -> float:
    """Return the mean of some values, NaN of none."""
    return float(np.mean(values)) if len(values) else float("nan")


def judged_as(report: Report, response: Response) -> JudgedMeasure:
    """Return how a response is judged; one that no report judges is read as the requests of its group are."""
    return report.judged(response) or JudgedMeasure(
        measure=response.measure, group=response.group, label=report.words(response), mid=1.0
    )
