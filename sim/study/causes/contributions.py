"""The contribution of each cause to each response, with intervals that hold together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.statistics.intervals import simultaneous
from sim.statistics.sensitivity import shapley_by_replication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.arrays import Floats
    from sim.config.report import Response
    from sim.statistics.intervals import Difference


@dataclass(frozen=True)
class Explained:
    """A response and what each cause contributes to it.

    Attributes
    ----------
    response
        Its measure and group.
    without, with_all
        Its mean where no cause is at work, and where all are (unit of the response); NaN where withheld.
    shares
        The contribution of each cause, in order; they sum to `with_all - without`. NaN where a set has no value.
    longer
        The contributions over a longer run, by its replications (shape (causes, replications)); no columns where none
        was asked for.
    open_bound
        By how much what is still open at the end can move a contribution.
    first, last
        The effect of each cause on its own, and where all others are at work already (shape (causes,)).
    """

    response: Response
    without: float
    with_all: float
    shares: tuple[Difference, ...]
    longer: Floats
    open_bound: float
    first: Floats
    last: Floats

    @property
    def confirmed(self) -> tuple[bool, ...]:
        """Return of each cause whether it is confirmed.

        Its interval leaves out 0 by more than what is still open can move it, and every longer replication has it on
        that side.
        """
        least = self.open_bound
        return tuple(
            bool((one.low > least and (longer > 0).all()) or (one.high < -least and (longer < 0).all()))
            for one, longer in zip(self.shares, self.longer, strict=True)
        )


Values = Callable[["Response", frozenset[int]], "Floats"]
"""A response with a set of causes at work, a value a replication on the same draws (shape (replications,))."""


def explained(
    values: Values,
    responses: Sequence[Response],
    n: int,
    confidence: float,
    longer: Values | None = None,
    slack: Callable[[Response], float] = lambda _: 0.0,
) -> list[Explained]:
    """Return what each of n causes contributes to each response.

    Parameters
    ----------
    values
        What is explained.
    responses
        Of which measures and groups.
    n
        Number of causes.
    confidence
        Joint, of all contributions to all responses (Bonferroni).
    longer
        The same over a longer run; None: not asked for.
    slack
        By how much what is still open can move the mean of a response in any set of causes. A contribution is a mean of
        differences of two sets, so that it moves by at most twice that.
    """
    by_response = [_by_replication(values, response, n) for response in responses]
    pairs = [(np.zeros_like(row), row) for contributions in by_response for row in contributions]
    intervals = simultaneous(pairs, confidence)
    return [
        _explained(
            values, response, intervals[i * n : (i + 1) * n],
            np.empty((n, 0)) if longer is None else _by_replication(longer, response, n), 2 * slack(response),
        )
        for i, response in enumerate(responses)
    ]  # fmt: skip


def _by_replication(values: Values, response: Response, n: int) -> Floats:
    """Return the contributions to a response (shape (n, replications))."""
    return shapley_by_replication(lambda at_work: values(response, at_work), n)


def _explained(
    values: Values, response: Response, shares: Sequence[Difference], longer: Floats, open_bound: float
) -> Explained:
    """Return a response with its contributions, beside the effects of single causes."""

    def mean(at_work: frozenset[int]) -> float:
        return float(values(response, at_work).mean())

    none, everything = frozenset[int](), frozenset(range(len(shares)))
    first = np.array([mean(frozenset({i})) - mean(none) for i in everything])
    last = np.array([mean(everything) - mean(everything - {i}) for i in everything])
    return Explained(response, mean(none), mean(everything), tuple(shares), longer, open_bound, first, last)
