"""Verdicts on differences, judged by the smallest difference that matters (MID)."""

from __future__ import annotations

import math
from enum import StrEnum

from sim.statistics.intervals import check_confidence, half_width

MOST_REPLICATIONS = 1_000_000
"""More replications than this cannot be foreseen."""


class Verdict(StrEnum):
    """The verdict that an interval gives on a difference; the last two are given without one.

    *Not owed*: one of the two designs owes nothing of what is measured. *Not judged*: neither more nor less is good.
    """

    BETTER = "better"
    WORSE = "worse"
    NO_MATERIAL_DIFFERENCE = "no material difference"
    UNDECIDED = "undecided"
    WITHHELD = "withheld"
    NOT_OWED = "not owed"
    NOT_JUDGED = "not judged"


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


def replications_needed(
    difference: float, sd: float, mid: float, confidence: float, n: int, *, family_size: int = 1
) -> int | None:
    """Return how many replications in all would settle a verdict if estimate and standard deviation stay as they are.

    The half-width must get below the distance from the size of the estimate to the MID. It is a
    forecast, about as uncertain as the estimate.

    Parameters
    ----------
    difference, sd : float
        Estimate of a paired difference and standard deviation of its single replications.
    mid : float
        The smallest difference that matters (same unit), above 0.
    confidence : float
        Of the interval, or jointly of its family; between 0 and 1, both excluded.
    n : int
        Replications so far: the answer is at least this, and just this where the verdict is settled.
    family_size : int
        Differences that share the confidence, at least 1.

    Returns
    -------
    int or None
        At least 2. None where it cannot be foreseen: the estimate is at the MID or too close to it
        (more than a million replications), or estimate or sd is NaN (fewer than two replications).

    Raises
    ------
    ValueError
        The MID must be above 0, confidence between 0 and 1, the family size at least 1.
    """
    check_confidence(confidence)
    _check_mid(mid)
    if family_size < 1:
        raise ValueError(f"family_size must be at least 1, got {family_size}")
    if not (math.isfinite(difference) and math.isfinite(sd)):
        return None

    def settled(n: int) -> bool:
        half = half_width(sd, n, confidence, family_size)
        return verdict(difference - half, difference + half, mid, True) is not Verdict.UNDECIDED

    enough = max(n, 2)
    if settled(enough):
        return enough
    too_few = enough
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
