"""Verdicts on differences, judged by the smallest difference that matters (MID), and the causes for giving none."""

from __future__ import annotations

import math
from enum import StrEnum
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from sim.language import N_
from sim.statistics.intervals import check_confidence, half_width

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.statistics.intervals import Difference

MOST_REPLICATIONS = 1_000_000
"""More replications than this cannot be foreseen."""

LIKELY, GOOD_PART, WIDEST_RANGE = 0.9, 0.6, 10
"""Of the bounds of a range of replications: how likely each is, how much of that the lower one takes into account (it
errs to the safe side else), and the widest range that says anything."""


NEARLY_NORMAL = 1.2
"""Of differences whose interval is more than this many times Student's no range is given: too few skewed ones know how
far they scatter."""


class Verdict(StrEnum):
    """The verdict that an interval gives on a difference; the last two are given without one.

    *Not owed*: one of the two designs owes nothing of what is measured. *Not judged*: neither more nor less is good.
    """

    BETTER = N_("better")
    WORSE = N_("worse")
    NO_MATERIAL_DIFFERENCE = N_("no material difference")
    UNDECIDED = N_("undecided")
    WITHHELD = N_("withheld")
    NOT_OWED = N_("not owed")
    NOT_JUDGED = N_("not judged")


NO_VERDICT = (Verdict.WITHHELD, Verdict.NOT_OWED, Verdict.NOT_JUDGED)
"""Words in place of a verdict."""


class Ranked(StrEnum):
    """Whether a design is the best or the worst of some; *no choice* may not be chosen, for whatever its mean."""

    BEST = N_("best")
    MAY_BE_BEST = N_("may be best")
    NOT_BEST = N_("not best")
    NO_CHOICE = N_("no choice")
    WORST = N_("worst")
    MAY_BE_WORST = N_("may be worst")
    NOT_WORST = N_("not worst")


class Cause(StrEnum):
    """Why nothing follows from a value."""

    OVERLOADED_REQUESTS = "overloaded requests"
    OVERLOADED_STAFF = "overloaded staff"
    UNFINISHED = "left or still open"
    STILL_OPEN = "still open"
    NO_OBSERVATION = "no observation"
    OBSERVED_ONCE = "observed once"
    NOT_OWED = "not owed"
    TOO_SKEWED = "too skewed"
    NO_SPREAD = "no spread"
    ONE_REPLICATION = "one replication"
    NOTHING_TO_DIVIDE_BY = "nothing to divide by"


def verdict(low: float, high: float, mid: float, higher_is_better: bool) -> Verdict:
    """Return the verdict on the other design, from the interval of the difference (other minus baseline).

    *Better* and *worse* need the whole interval at or beyond the MID (a test of minimal effect):
    they say that the difference is at least the smallest one that matters, not merely that it is
    not zero. *No material difference* needs the whole interval within [-MID, MID] (a test of
    equivalence). All else is *undecided*: absence of evidence is not evidence of absence. With a
    two-sided interval of confidence 1 - a, each of the three is given wrongly with probability at
    most a/2, for any true difference.

    Parameters
    ----------
    low, high : float
        The interval (unit of the measure). NaN: no interval, because the measure was withheld or
        there is only one replication.
    mid : float
        The smallest difference that matters (same unit), above 0.
    higher_is_better : bool
        Whether more of the measure is good.

    Returns
    -------
    Verdict
        *Withheld* where there is no interval. An interval that is just the point MID is *better* or
        *worse*, as the smallest difference that matters does matter.

    Raises
    ------
    ValueError
        The MID must be above 0; low must be at most high.

    References
    ----------
    Wellek (2010), Testing Statistical Hypotheses of Equivalence and Noninferiority, 2nd ed.;
    Murphy and Myors (1999), Testing the hypothesis that treatments have negligible effects, Journal
    of Applied Psychology 84, 234-248.
    """
    _check_mid(mid)
    if math.isnan(low) or math.isnan(high):
        return Verdict.WITHHELD
    if low > high:
        raise ValueError(f"low must be at most high, {high}, got {low}")
    if low >= mid:
        return Verdict.BETTER if higher_is_better else Verdict.WORSE
    if high <= -mid:
        return Verdict.WORSE if higher_is_better else Verdict.BETTER
    if -mid <= low and high <= mid:
        return Verdict.NO_MATERIAL_DIFFERENCE
    return Verdict.UNDECIDED


NO_INTERVAL = (Cause.TOO_SKEWED, Cause.NO_SPREAD)
"""Causes that leave an estimate, as it is, without an interval."""


def is_undecided(d: Difference, mid: float) -> bool:
    """Return whether the interval of a difference leaves the verdict open, whichever direction is good."""
    return verdict(d.low, d.high, mid, True) is Verdict.UNDECIDED


class Needed(NamedTuple):
    """How many replications in all would settle a verdict: at least, and at the most where that can be said (None)."""

    least: int
    most: int | None


def replications_needed(d: Difference, mid: float, confidence: float) -> Needed | None:
    """Return how many replications in all would settle the verdict on a difference.

    The half-width must get below the distance from the difference to the MID, and neither is known well: an undecided
    difference is one whose interval holds the MID. `least` is the number with a difference as far from the MID as nine
    in ten intervals would have it, in good part; `most` is that with one as near, and a standard deviation as large. It
    is given where it is at most `WIDEST_RANGE` times the least, and the differences are nearly normal; else the
    difference is too close to the MID, or the replications too few, to say. Tests measure how often a verdict is
    settled outside.

    Parameters
    ----------
    d : Difference
        With its interval, or withheld.
    mid : float
        The smallest difference that matters (same unit), above 0.
    confidence : float
        Of the interval, or jointly of its family; between 0 and 1, both excluded.

    Returns
    -------
    Needed or None
        None where nothing can be said: there is no interval, more than a million would be needed, or all that is known
        is that one more might do.

    Raises
    ------
    ValueError
        The MID must be above 0, confidence between 0 and 1.
    """
    from scipy.special import chdtri, stdtrit

    check_confidence(confidence)
    _check_mid(mid)
    if not math.isfinite(d.low) or d.n < 2:
        return None
    if not is_undecided(d, mid):
        return Needed(d.n, d.n)
    widening = d.half_width / half_width(d.sd, d.n, confidence, d.family_size)
    distance = abs(abs(d.estimate) - mid)
    unsure = -float(stdtrit(d.freedom, 1 - LIKELY)) * d.sd / math.sqrt(d.n) * widening
    largest_sd = d.sd * math.sqrt(d.freedom / float(chdtri(d.freedom, LIKELY)))
    quantile = NormalDist().inv_cdf(LIKELY)  # of the estimate to come

    def settling(sd: float, factor: float, margin: float, distance: float) -> int | None:
        return _first(
            lambda n: half_width(factor * sd, n, confidence, d.family_size) + margin * sd / math.sqrt(n) <= distance,
            d.n + 1,  # those that there are have not settled it
        )

    least = settling(d.sd, 1.0, -GOOD_PART * quantile, distance + GOOD_PART * unsure)
    most = settling(largest_sd, widening, quantile, distance - unsure)
    if least is None:
        return None
    if most is None or most > WIDEST_RANGE * least or widening > NEARLY_NORMAL:
        return Needed(least, None) if least > d.n + 1 else None
    return Needed(least, most)


def _first(settled: Callable[[int], bool], n: int) -> int | None:
    """Return the first number from n on at which something that stays true is true; None if it is past all hope."""
    too_few, enough = n, 2 * n
    if settled(n):
        return n
    while not settled(enough):
        too_few, enough = enough, 2 * enough
        if too_few >= MOST_REPLICATIONS:
            return None
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if settled(middle) else (middle, enough)
    return enough if enough <= MOST_REPLICATIONS else None


def _check_mid(mid: float) -> None:
    """Raise unless the smallest difference that matters is above 0 and finite."""
    if not 0 < mid < math.inf:
        raise ValueError(f"mid must be above 0, got {mid}")
