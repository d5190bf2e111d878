"""By how much what is still open at the end of a replication can move a measure, from the counts that are kept.

A request that is measured and open has waited at least since the end of the measured window. A mean of turnaround
counts it as the cap, or leaves it out; a share counts it on one side; a quantile counts it as longest. Each tells by
how much it could be another number had the replication gone on; of trips, own time, hand-overs and waits each
replication keeps what its open requests may still add (`residents`). Quantiles that too few reach count as the cap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.arrays import Floats

QUANTILES = {"turnaround_p50": 0.5, "turnaround_p90": 0.9}
"""Quantiles in which who left counts as longest, as who is open does."""

OF_SERVED = frozenset({"turnaround_p50_served", "turnaround_p90_served"})
OF_ISSUES = frozenset({"detection_lag_p50", "issue_time_p50"})
SHARES = frozenset({"left_unserved", "on_time", "one_visit"})
"""Shares in which an open request may yet change sides."""

REACHED = frozenset(QUANTILES) | OF_SERVED | OF_ISSUES
"""Quantiles that are not reached where too many are open."""

KEPT = frozenset({
    "trips", "resident_time", "hand_overs", "wrong_desks", "issue_time_restricted_mean", "counter_wait_mean",
    "counter_wait_p50", "counter_wait_p90",
})  # fmt: skip
"""Measures that open requests can move by what no count bounds: each replication keeps by how much."""


@dataclass(frozen=True)
class Horizon:
    """How a replication ends.

    Attributes
    ----------
    least_age
        Working days from the end of the measured window to the end of the run: every open request is as old.
    cap
        Working days that an open request counts in a mean.
    """

    least_age: float
    cap: float

    @property
    def slack(self) -> float:
        """Return by how much an open request that counts as the cap can be too long."""
        return max(0.0, self.cap - self.least_age)


class Counted(NamedTuple):
    """Values of a measure, one a replication, and by how much what is open can move each (both shape (n,))."""

    values: Floats
    slack: Floats


def counted(
    measure: str,
    values: Floats,
    other: Callable[[str], Floats],
    n: Callable[[str], Floats],
    horizon: Horizon,
    kept: Callable[[str], Floats],
) -> Counted:
    """Return the values of a measure of a group with what is open bounded.

    Parameters
    ----------
    measure : str
        Its name.
    values : ndarray of float, shape (replications,)
        NaN where it has none.
    other : callable
        Gives another measure of the same group (shape (replications,)).
    n : callable
        Gives the number of observations behind a measure of the group (shape (replications,)).
    horizon : Horizon
        Of the runs.
    kept : callable
        Gives the bound that replications keep for a measure of the group (shape (replications,)); NaN: none is needed.

    Returns
    -------
    Counted
        A quantile that is not reached is the cap, and so is then every longer one. NaN stays where nothing was counted.
    """
    none = np.zeros(len(values))
    if measure in KEPT:
        return Counted(values, _known(kept(measure), len(values)))
    if measure in ("turnaround_restricted_mean", "turnaround_mean_served", *QUANTILES, *OF_SERVED, *SHARES):
        still_open = _known(other("still_open"), len(values))
    if measure == "turnaround_restricted_mean":
        return Counted(values, still_open * horizon.slack)
    if measure == "turnaround_mean_served":
        return _mean_served(values, still_open, other, horizon)
    if measure in SHARES:
        mine, all_ = (_known(n(name), len(values)) for name in (measure, "still_open"))
        return Counted(values, np.minimum(1.0, np.divide(still_open * all_, mine, out=none, where=mine > 0)))
    if measure not in REACHED:
        return Counted(values, none)
    missing = np.isnan(values) & (_known(n(measure), len(values)) > 0)
    never = np.zeros(len(values), dtype=bool)
    if measure in QUANTILES:  # too many have left for good, whatever becomes of those who are open
        never = missing & (_known(other("left_unserved"), len(values)) > 1 - QUANTILES[measure])
    slack = np.maximum(0.0, np.nan_to_num(values) - horizon.least_age)
    slack = np.where(still_open > 0, slack, 0.0) if measure not in OF_ISSUES else slack
    slack = np.where(never, 0.0, np.where(missing, horizon.slack, slack))
    if missing.any():
        values = np.where(missing, horizon.cap, np.minimum(values, horizon.cap))
    return Counted(values, slack)


def _mean_served(values: Floats, still_open: Floats, other: Callable[[str], Floats], horizon: Horizon) -> Counted:
    """Return the mean of those served; where it is missing, that up to the cap, which the restricted mean implies."""
    left = _known(other("left_unserved"), len(values))
    restricted = other("turnaround_restricted_mean")
    served = 1 - still_open - left
    if len(restricted) == len(values):
        implied = np.divide(
            restricted - (still_open + left) * horizon.cap, served, out=np.full(len(values), np.nan), where=served > 0
        )
        values = np.where(np.isnan(values), implied, values)
    share = np.divide(still_open, 1 - left, out=np.zeros(len(values)), where=left < 1)
    return Counted(values, share * np.maximum(0.0, horizon.cap - np.nan_to_num(values)))


def _known(values: Floats, n: int) -> Floats:
    """Return values, 0 where they are not kept."""
    return np.nan_to_num(values) if len(values) == n else np.zeros(n)
