"""The choice of the cheapest of several designs that keeps every promise, by a fully sequential procedure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from sim.statistics import skewness
from sim.statistics.best import (
    Caveat,
    check_stages,
    draw_checked,
    finite,
    kim_nelson_eta,
    longer_first,
    stage_caveat,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from sim.arrays import Floats, Ints


@dataclass(frozen=True)
class Promise:
    """A bound on the mean of a response (its unit): at most the limit, or at least.

    A mean within the tolerance (above 0) of the limit may be judged either way.
    """

    limit: float
    tolerance: float
    at_least: bool = False


class Judgement(StrEnum):
    """The judgement of a search on a design."""

    KEEPS = "keeps every promise"
    BREAKS = "breaks a promise"
    NOT_NEEDED = "dearer, not needed"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Judged:
    """What is known of one design.

    Attributes
    ----------
    judgement : Judgement
        *Undecided* if the most replications showed neither.
    broken : int or None
        The first promise that the design was found to break.
    kept : tuple of bool
        Whether each promise is known to be kept; False means that it is not known.
    inside : tuple of bool
        Whether the mean of each response is inside the tolerance, where a promise may be judged either way.
    means : tuple of float
        Of each response over the replications used; NaN if there were none.
    used, drawn : int
        Replications used, and drawn (in blocks).
    """

    judgement: Judgement
    broken: int | None
    kept: tuple[bool, ...]
    inside: tuple[bool, ...]
    means: tuple[float, ...]
    used: int
    drawn: int


@dataclass(frozen=True)
class Cheapest:
    """The cheapest design known to keep every promise, or None, and what is known of every design.

    `caveat` says why there is no guarantee; empty if there is one. A design that is cheaper than the one chosen (or any
    design, if none is) may have stayed undecided: it may keep every promise too.
    """

    best: int | None
    designs: tuple[Judged, ...]
    caveat: Caveat


def select_cheapest(
    draw: Callable[[Ints, int], Floats],
    costs: ArrayLike,
    promises: Sequence[Promise],
    *,
    confidence: float = 0.95,
    first: int = 10,
    most: int | None = None,
    block: int = 1,
    abreast: int = 1,
) -> Cheapest:
    """Return the cheapest of k designs that keeps q promises on means, by a fully sequential procedure.

    With at least the given confidence all judgements are right together: no design that misses a limit by its tolerance
    or more is judged to keep every promise, and no design that keeps every limit by the tolerance or more is judged to
    break one. So the one chosen misses no limit by its tolerance or more, and is no dearer than the cheapest design
    that keeps every limit by the tolerance or more; if none is chosen, there is no such design. The error is shared
    equally between the k q pairs of a design and a promise (beta = (1 - confidence) / (k q)), for any dependence
    between designs and between responses. Replications must be independent. The procedure is one for normal ones: for
    skewed ones the first stage is longer and the variances are taken larger, as in `select_best`.

    Designs are judged from the cheapest to the dearest, and none that is dearer than one known to keep every promise,
    so that no unnecessary design is run.

    Parameters
    ----------
    draw : callable
        Given designs and a number, returns that many further replications of each (shape (number, designs, q)). With
        several abreast, designs need not have had the same number so far: each continues from its own.
    costs : array_like, shape (k,)
        Known costs, such as heads, finite; of two equal ones the earlier counts as cheaper.
    promises : sequence of Promise
        At least one.
    confidence : float
        Least probability that all judgements are right, between 0.5 and 1.
    first : int
        Replications of the first stage of a design, at least 2; it goes on as that of `select_best`.
    most : int, optional
        Replications after which a design stays undecided; at least `first`.
    block : int
        Replications of a design drawn at once after the first stage; they are used one by one, so that the block
        changes no judgement.
    abreast : int
        Designs on trial at once, at least 1: with one, no replication is used on a dearer design; with more, a pool
        of processes has more to do. It changes no choice, only what is known besides of dearer designs.

    Raises
    ------
    ValueError
        If an argument is out of its range, or a replication that is used is not finite (it was withheld).

    References
    ----------
    Andradottir and Kim (2010), Fully sequential procedures for comparing constrained systems via simulation, Naval
    Research Logistics 57, 403-421 (procedure F_B: sum of Y - limit against max(0, (2 eta (n0 - 1) S^2 / tolerance -
    tolerance r) / 2), c = 1, with eta for beta = alpha / k where designs are dependent). Batur and Kim (2010),
    Finding feasible systems in the presence of constraints on multiple performance measures, ACM Trans. Modeling and
    Computer Simulation 20, 13 (several constraints: beta = alpha / (k q)).
    """
    cost = np.asarray(costs, dtype=np.float64)
    _check(cost, promises, confidence, abreast)
    check_stages(first, most, block)
    k, q = len(cost), len(promises)
    trials = [_Trial(promises, (1 - confidence) / (k * q), first, most) for _ in range(k)]
    order = np.argsort(cost, kind="stable")
    while True:
        running = _running(trials, order, most)[:abreast]
        if not len(running):
            return _answer(trials, order)
        fresh = running[[trials[i].used == 0 for i in running]]
        going = running[[trials[i].used > 0 for i in running]]
        left = block if most is None else min([block, *(most - trials[i].used for i in going)])
        for designs, number in ((fresh, first), (going, left)):
            if len(designs):
                values = draw_checked(draw, designs, number, q)
                for column, i in enumerate(designs):
                    trials[i].watch(values[:, column], int(i))


class _Trial:
    """A design on trial: sums of its responses beyond their limits, against the boundaries of every promise."""

    def __init__(self, promises: Sequence[Promise], error: float, first: int, most: int | None) -> None:
        self.sign = np.array([-1.0 if one.at_least else 1.0 for one in promises])
        self.limit = np.array([one.limit for one in promises])
        self.tolerance = np.array([one.tolerance for one in promises])
        self.error, self.wanted, self.most = error, first, most
        self.stage = np.empty((0, len(promises)))
        self.reach: Floats | None = None
        self.caveat = Caveat.NONE
        self.total = np.zeros(len(promises))
        self.kept = np.zeros(len(promises), dtype=bool)
        self.broken: int | None = None
        self.used = self.drawn = 0

    @property
    def decided(self) -> bool:
        """Return whether the design is known to keep every promise or to break one."""
        return self.broken is not None or bool(self.kept.all())

    def watch(self, values: Floats, design: int) -> None:
        """Use further replications (shape (number, promises)) one by one, until the design is judged.

        - The first ones are the first stage: they give the variances and are judged as one.
        - A promise is kept, for good, where its sum is at or below the lower boundary; of a constant response at its
          limit both boundaries are reached, and it is kept.
        - A promise not yet kept is broken where its sum is at or above the upper boundary.
        """
        self.drawn += len(values)
        while len(values) and not self.decided:
            number = 1 if self.reach is not None else self.wanted - len(self.stage)
            rows, values = self._finite(values[:number], design), values[number:]
            self.used += len(rows)
            if self.reach is None:
                self.stage = np.concatenate([self.stage, rows])
                self.total[:] = 0.0
                rows = self.stage  # summed as one, so that no block changes a rounding
                self.reach = self._first_stage()
            self.total += (self.sign * (rows - self.limit)).sum(axis=0)
            if self.reach is not None:
                self._judge(self.reach)

    def _first_stage(self) -> Floats | None:
        """Return how far the boundaries reach, or None while the first stage, which gives the variances, goes on."""
        n = len(self.stage)
        if n < self.wanted:
            return None
        widenings = skewness.widenings(skewness.skewness(self.stage.T), n).max(axis=-1)
        if longer := longer_first(n, float(widenings.max()), self.most):
            self.wanted = longer
            return None
        variances = self.stage.var(axis=0, ddof=1)
        self.caveat = stage_caveat(n, float(widenings.max()), no_spread=bool((variances == 0).any()))
        factor = 2 * kim_nelson_eta(2, n, self.error) * (n - 1)
        return np.asarray(factor * variances * widenings**2 / self.tolerance)

    def _judge(self, reach: Floats) -> None:
        """Judge every promise by its sum."""
        slack = np.maximum(0.0, (reach - self.tolerance * self.used) / 2)
        self.kept |= self.total <= -slack
        broken = ~self.kept & (self.total >= slack)
        if broken.any():
            self.broken = int(np.argmax(broken))

    def _finite(self, rows: Floats, design: int) -> Floats:
        """Return replications, or raise if one is not finite."""
        return finite(rows[:, None], np.array([design]), self.used)[:, 0]

    def judged(self, needed: bool) -> Judged:
        """Return what is known of the design."""
        judgement = Judgement.UNDECIDED if needed else Judgement.NOT_NEEDED
        if self.decided:
            judgement = Judgement.KEEPS if self.broken is None else Judgement.BREAKS
        mean = self.limit + self.sign * self.total / self.used if self.used else np.full(len(self.limit), np.nan)
        inside = np.abs(mean - self.limit) < self.tolerance
        kept, within = (tuple(bool(one) for one in flags) for flags in (self.kept, inside))
        return Judged(judgement, self.broken, kept, within, tuple(float(one) for one in mean), self.used, self.drawn)


def _chosen(trials: Sequence[_Trial], order: Ints) -> int | None:
    """Return the position in the order of the cheapest design known to keep every promise."""
    return next((at for at, i in enumerate(order) if trials[i].decided and trials[i].broken is None), None)


def _running(trials: Sequence[_Trial], order: Ints, most: int | None) -> Ints:
    """Return the designs still to be judged, cheapest first: those cheaper than one known to keep every promise."""
    needed = order[: _chosen(trials, order)]
    return needed[[not trials[i].decided and (most is None or trials[i].used < most) for i in needed]]


def _answer(trials: Sequence[_Trial], order: Ints) -> Cheapest:
    """Return the result of a search that has ended."""
    at = _chosen(trials, order)
    cheaper = order[:at]
    judged = tuple(trial.judged(i in cheaper) for i, trial in enumerate(trials))
    caveats = [trials[i].caveat if trials[i].decided else Caveat.MOST for i in order[: None if at is None else at + 1]]
    caveat = next(filter(None, caveats), Caveat.NONE)
    return Cheapest(None if at is None else int(order[at]), judged, caveat)


def _check(cost: Floats, promises: Sequence[Promise], confidence: float, abreast: int) -> None:
    """Raise if an argument is out of range."""
    if cost.ndim != 1 or not len(cost):
        raise ValueError(f"costs must be of at least one design, got shape {cost.shape}")
    if not np.isfinite(cost).all():
        raise ValueError(f"costs must be finite, got {cost[~np.isfinite(cost)][0]:g}")
    if not promises:
        raise ValueError("promises must be at least one, got none")
    for one in promises:
        if not np.isfinite(one.limit):
            raise ValueError(f"limit must be finite, got {one.limit:g}")
        if not 0 < one.tolerance < np.inf:
            raise ValueError(f"tolerance must be above 0, got {one.tolerance:g}")
    if not 0.5 < confidence < 1:
        raise ValueError(f"confidence must be between 0.5 and 1, got {confidence:g}")
    if abreast < 1:
        raise ValueError(f"abreast must be at least 1, got {abreast}")
