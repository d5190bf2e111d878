"""The contribution of each cause to each response, with intervals that hold together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.statistics.intervals import simultaneous
from sim.statistics.sensitivity import shapley_by_replication

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    first, last
        The effect of each cause on its own, and where all others are at work already (shape (causes,)).
    """

    response: Response
    without: float
    with_all: float
    shares: tuple[Difference, ...]
    first: Floats
    last: Floats

    @property
    def confirmed(self) -> tuple[bool, ...]:
        """Return of each cause whether the interval of its contribution leaves out 0."""
        return tuple(one.low > 0 or one.high < 0 for one in self.shares)


def explained(
    values: Callable[[Response, frozenset[int]], Floats], responses: Sequence[Response], n: int, confidence: float
) -> list[Explained]:
    """Return what each of n causes contributes to each response.

    Parameters
    ----------
    values
        A response with a set of causes at work, a value a replication on the same luck (shape (replications,)).
    responses
        What is explained.
    n
        Number of causes.
    confidence
        Joint, of all contributions to all responses (Bonferroni).
    """
    by_response = [shapley_by_replication(lambda s, r=response: values(r, s), n) for response in responses]  # type: ignore[misc]
    pairs = [(np.zeros_like(row), row) for contributions in by_response for row in contributions]
    intervals = simultaneous(pairs, confidence)
    return [
        _explained(lambda s, r=response: float(values(r, s).mean()), response, intervals[i * n : (i + 1) * n])  # type: ignore[misc]
        for i, response in enumerate(responses)
    ]


def _explained(mean: Callable[[frozenset[int]], float], response: Response, shares: Sequence[Difference]) -> Explained:
    """Return a response with its contributions, beside the effects of single causes."""
    none, everything = frozenset[int](), frozenset(range(len(shares)))
    first = np.array([mean(frozenset({i})) - mean(none) for i in everything])
    last = np.array([mean(everything) - mean(everything - {i}) for i in everything])
    return Explained(response, mean(none), mean(everything), tuple(shares), first, last)
