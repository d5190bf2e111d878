"""When nothing follows from a value: the one rule that every table, chart, sentence and choice asks.

A value that depends on the length of the run, or that is not known in some replication, is not judged, ranked, called
best, put into a title, averaged into an effect, or chosen. Why not is data: the cause, the share behind it under each
design, and what would help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.config.report import JudgedMeasure, Response
from sim.district.office_hours import OfficeTime
from sim.language import N_, both, gettext
from sim.measures.dictionary import BY_PLACE, BY_STAFFING, DEFINITIONS, DUTIES, OPEN_BOUND, WORSENING
from sim.measures.openness import REACHED, Counted, Horizon, counted
from sim.statistics.intervals import exactly
from sim.statistics.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from sim.arrays import Floats
    from sim.config import Mid, Pilot, Run
    from sim.config.report import Report
    from sim.statistics.intervals import Difference, Known

STAFF = "staff"
"""The value of `touched` for measures of the staff itself."""


QUARTER = 0.25
"""Of the smallest difference that matters: by more than that, what is still open must not move a mean."""

OVERLOAD = (Cause.OVERLOADED_REQUESTS, Cause.OVERLOADED_STAFF)
BY_OVERLOAD = pl.col("cause").is_in([str(cause) for cause in OVERLOAD])
"""Rows of a table of differences that depend on the length of the run, as staff cannot keep up."""

MORE_STAFF = N_("more staff or less work at these posts, as what waits there grows with the run")

HELP = {
    Cause.OVERLOADED_REQUESTS: MORE_STAFF,
    Cause.OVERLOADED_STAFF: MORE_STAFF,
    Cause.UNFINISHED: N_("a longer run.drain_weeks for what is open, or a mean up to a cap, which counts who left"),
    Cause.STILL_OPEN: N_("a longer run.drain_weeks, so that less is open at the end"),
    Cause.NO_OBSERVATION: N_("a longer run.measured_weeks, or a larger group"),
    Cause.OBSERVED_ONCE: N_("more replications, a longer run.measured_weeks, or a larger group"),
    Cause.TOO_SKEWED: N_("more replications"),
    Cause.NO_SPREAD: N_("more replications"),
}
"""What would let something be said, by the cause; nothing is missing where nothing is owed."""


def under(designs: str) -> str:
    """Return where something is so, in a phrase."""
    return gettext("under {designs}", designs=designs)


@dataclass(frozen=True)
class Withheld:
    """Why nothing follows from a value: the share that is too large, by the designs under which it is.

    Of values that have no interval, `interval` is what there is of one; of those observed once, `n` is in how many
    replications they might have been.
    """

    cause: Cause
    shares: Mapping[str, float]
    interval: Difference | None = None
    n: int = 0

    def __str__(self) -> str:
        """Return the reason in words."""
        return self.words()

    def words(self, where: Callable[[str], str] = under, group: str = "") -> str:
        """Return the reason in words.

        Parameters
        ----------
        where
            Returns in a phrase that it is so under designs, which are given as a text.
        group
            Whose requests are meant, where that is not plain.
        """
        if self.interval is not None:
            return self.interval.why_none
        designs = both(self.shares)
        if self.cause is Cause.OBSERVED_ONCE:
            return gettext("observed in 1 of {n} replications", n=self.n)
        if self.cause is Cause.NO_OBSERVATION:
            return gettext("no observation {where}", where=where(designs))
        if self.cause is Cause.NOT_OWED:
            return gettext("not owed {where}", where=where(designs))
        return _SHARES[self.cause]({where(design): share for design, share in self.shares.items()}, group)

    def calling(self, names: Mapping[str, str]) -> Withheld:
        """Return the reason with other names of some of the designs."""
        return replace(self, shares={names.get(name, name): share for name, share in self.shares.items()})

    @property
    def share(self) -> float:
        """Return the largest of the shares."""
        return max(self.shares.values(), default=0.0)

    @property
    def help(self) -> str:
        """Return what would let something be said; empty where nothing is missing."""
        if self.interval is not None:
            return self.interval.help
        return gettext(HELP[self.cause]) if self.cause in HELP else ""

    @property
    def verdict(self) -> Verdict:
        """Return the word in place of a verdict."""
        return Verdict.NOT_OWED if self.cause is Cause.NOT_OWED else Verdict.WITHHELD


def _two_digits(bound: float) -> str:
    """Return a bound in two digits, those before the point in full."""
    return f"{float(f'{bound:.2g}'):,g}"


def _still_open(bounds: Mapping[str, float], _: str) -> str:
    """Return by how much what is still open can move a mean, by where it does."""
    by = both(gettext("by {bound} {where}", bound=_two_digits(one), where=where) for where, one in bounds.items())
    return gettext("what is still open can move it {by}, by more than a quarter of the MID", by=by)


def _unfinished(shares: Mapping[str, float], _: str) -> str:
    """Return which shares of requests were not finished, by where."""
    return both(
        gettext("{share:.1%} left unserved or still open {where}", share=share, where=where)
        for where, share in shares.items()
    )


def _requests(shares: Mapping[str, float], group: str) -> str:
    """Return which shares of the requests of a group, or of those that are spoken of, go to staff who fall behind."""
    each = (
        gettext("{share:.0%} of the requests of {group} {where}", share=share, group=group, where=where)
        if group
        else gettext("{share:.0%} of its requests {where}", share=share, where=where)
        for where, share in shares.items()
    )
    return gettext("{shares} go to an overloaded post", shares=both(each))


def _staff(shares: Mapping[str, float], _: str) -> str:
    """Return which shares of the staff fall behind, by where."""
    each = (gettext("{share:.0%} of its staff {where}", share=share, where=where) for where, share in shares.items())
    return gettext("{shares} belong to an overloaded post", shares=both(each))


_SHARES: dict[Cause, Callable[[Mapping[str, float], str], str]] = {
    Cause.STILL_OPEN: _still_open,
    Cause.UNFINISHED: _unfinished,
    Cause.OVERLOADED_REQUESTS: _requests,
    Cause.OVERLOADED_STAFF: _staff,
}
"""What gives the words of a cause that has shares."""


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
    counts
        The observations behind a response of a design, over its replications; None: not asked.
    mid
        Smallest differences that matter; None: what is still open is not weighed.
    horizon
        How the replications end; None: what is still open is not counted.
    one_place
        Whether all replications are on one place.
    """

    values: Callable[[str, Response], Floats]
    run: Run
    overloaded_share: Mapping[str, Mapping[str, float]]
    counts: Callable[[str, Response], Floats] | None = None
    mid: Mid | None = None
    horizon: Horizon | None = None
    one_place: bool = False

    def known(self, judged: JudgedMeasure, *designs: str) -> list[Floats]:
        """Return the values of a measure under designs, over the replications in which all of them counted something.

        What is still open is counted as far as that is bounded; without counts the values are as they are kept.
        """
        values = [self._counted(judged, one).values for one in designs]
        n = min(len(one) for one in values)
        here = np.ones(n, dtype=bool)
        for design in designs if self.counts is not None else ():
            counts = self.counts(design, judged.response)[:n]  # type: ignore[misc]
            here &= counts > 0 if len(counts) == n else True
        return [one[:n][here] if here.any() else one[:n] for one in values]

    def counted(self, judged: JudgedMeasure, design: str) -> Floats:
        """Return the values of a measure under a design, all replications in their order, what is open counted."""
        return self._counted(judged, design).values

    def open_bound(self, judged: JudgedMeasure, *designs: str) -> float:
        """Return by how much what is still open can move the mean of a measure, under the design where that is most."""
        return max((_mean(self._counted(judged, one).slack) for one in designs), default=0.0)

    def why(self, judged: JudgedMeasure, *designs: str) -> Withheld | None:
        """Return why nothing follows from a measure under one of these designs, or None.

        A design owes nothing of what is measured, too many requests of the group go to overloaded posts, too many of
        the staff are overloaded, there is no value, too few reach a quantile in too many replications, or what is still
        open can move the mean by more than a quarter of the smallest difference that matters.
        """
        designs = tuple(dict.fromkeys(designs))
        known = dict(zip(designs, self.known(judged, *designs), strict=True))
        unknown = [one for one in designs if np.isnan(known[one]).any() or self._seldom_reached(judged, one)]
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
        if unknown:
            return Withheld(Cause.NO_OBSERVATION, unfinished)
        least = self.mid.least(judged) if self.mid is not None else None
        bounds = {one: _mean(self._counted(judged, one).slack) for one in designs} if least is not None else {}
        moved = {one: bound for one, bound in bounds.items() if bound > QUARTER * (least or 0.0)}
        return Withheld(Cause.STILL_OPEN, moved) if moved else None

    def bound_to_be(self, judged: JudgedMeasure, why: Withheld | None, baseline: str, pilot: str) -> Verdict | None:
        """Return the verdict that overload of one of two designs can only make surer, or None where there is none.

        Where staff of one of the two cannot keep up, a measure that only gets worse with what piles up is still worse
        there the longer the run: a difference that these weeks show already has a sure sign, if not a size. Whoever
        gives the verdict must see to it that what is still open cannot undo the difference.
        """
        over = [one for one in (baseline, pilot) if why is not None and one in why.shares]
        if why is None or why.cause not in OVERLOAD or len(over) != 1 or judged.measure not in WORSENING:
            return None
        least = self.mid.least(judged) if self.mid is not None else None
        known = all(np.isfinite(values).all() for values in self.known(judged, baseline, pilot))
        if least is None or not known:
            return None
        return Verdict.WORSE if over == [pilot] else Verdict.BETTER

    def why_no_interval(self, judged: JudgedMeasure, d: Difference, *designs: str) -> Withheld | None:
        """Return why a difference under these designs has an estimate and no interval, or None.

        Only one of the replications counted something, or the values are too skewed or all alike. Where a single one
        was run, that is said of the run as a whole.
        """
        n = min(len(self.values(one, judged.response)) for one in designs)
        if d.n == 1 < n:
            return Withheld(Cause.OBSERVED_ONCE, {}, n=n)
        if not d.why_none:
            return None
        return Withheld(Cause.TOO_SKEWED if d.enough else Cause.NO_SPREAD, {}, d)

    def exactly(self, judged: JudgedMeasure, one: Known) -> Known:
        """Return what is known of a measure: exact where it is without simulation, and the same by that."""
        return exactly(one) if self.is_exact(judged) else one

    def is_exact(self, judged: JudgedMeasure) -> bool:
        """Return whether a measure that is the same in all replications is known to be so, without simulation."""
        return judged.measure in BY_STAFFING or (self.one_place and judged.measure in BY_PLACE)

    def _counted(self, judged: JudgedMeasure, design: str) -> Counted:
        """Return the values of a measure under a design, with what is still open counted as far as it is bounded."""
        values = self.values(design, judged.response)
        counts = self.counts
        if self.horizon is None or counts is None or judged.measure not in DEFINITIONS:
            return Counted(values, np.zeros(len(values)))

        def other(measure: str) -> Floats:
            return self.values(design, Response(measure, judged.group))

        def n(measure: str) -> Floats:
            return counts(design, Response(measure, judged.group))

        def kept(measure: str) -> Floats:
            return self.values(design, Response(OPEN_BOUND, f"{measure}|{judged.group}"))

        return counted(judged.measure, values, other, n, self.horizon, kept)

    def _seldom_reached(self, judged: JudgedMeasure, design: str) -> bool:
        """Return whether a quantile is not reached in too many replications to count them as the cap."""
        if judged.measure not in REACHED or self.horizon is None:
            return False
        values = self.values(design, judged.response)
        missing = np.isnan(values) & np.isfinite(self._counted(judged, design).values)
        return bool(missing.mean() > self.run.withhold_share)

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


def horizon_of(pilot: Pilot) -> Horizon:
    """Return how the replications of a pilot end."""
    run = pilot.run
    days = OfficeTime.from_calendar(pilot.district.calendar, run.weeks).working_days
    least_age = int(np.count_nonzero(days >= 7 * (run.warm_up_weeks + run.measured_weeks)))
    return Horizon(float(least_age), float(run.turnaround_cap_working_days))


def on_one_place(pilot: Pilot) -> bool:
    """Return whether all replications of a pilot are on one place."""
    return pilot.district.place != "drawn"


def judged_as(report: Report, response: Response) -> JudgedMeasure:
    """Return how a response is judged; one that no report judges is read as the requests of its group are."""
    return report.judged(response) or JudgedMeasure(
        measure=response.measure, group=response.group, label=report.words(response), mid=1.0
    )
