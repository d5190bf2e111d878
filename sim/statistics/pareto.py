"""The Pareto front of cost and measure: designs that no other beats, and whether that is beyond the noise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.statistics.controls import among_first
from sim.statistics.intervals import Interval, mean_interval, simultaneous

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from sim.arrays import Floats


def pareto(
    labels: Sequence[str],
    costs: ArrayLike,
    values: Sequence[ArrayLike],
    keeps: Sequence[bool | None] | None = None,
    confidence: float = 0.95,
    *,
    may_be: Sequence[bool] | None = None,
    smaller_is_better: bool = True,
    controls: Floats | None = None,
) -> pl.DataFrame:
    """Return which points are on the front of cost and mean: those that no other beats.

    A point beats another if it is at most as dear and its mean at most as bad, and one of the two is less. Means decide
    the flag `front`, as a chart shows means; `surely` says whether the flag is beyond the noise. A point that
    breaks a promise, or of which that is not known, is no choice unless `may_be` says so: it is never on the front and
    beats no other.

    Parameters
    ----------
    labels : sequence of str
        Of the k points.
    costs : array_like, shape (k,)
        Exact; NaN: not known, and the point is withheld.
    values : sequence of array_like, shape (n,) each
        Of the measure, one value a replication; the first of each are the same replications. NaN or nothing: withheld.
    keeps : sequence of bool or None, optional
        Whether each point keeps every promise; None: not known. Left out where nothing is promised.
    confidence : float
        Of each mean's interval, and jointly of all paired differences that `surely` rests on.
    may_be : sequence of bool, optional
        Which points are a choice; left out, those that keep every promise.
    smaller_is_better : bool
        Whether small values are good.
    controls : ndarray of float, shape (replications, q), optional
        Draws of known mean that all means and differences are adjusted for.

    Returns
    -------
    polars.DataFrame
        label, cost, mean, low, high, front, keeps, surely, n. `surely` of a point on the front: every other that is at
        most as dear is worse by its paired interval; of a point off it: some other beats it by its paired interval;
        null where the point is withheld or no choice.

    Raises
    ------
    ValueError
        There must be a cost, values and, if given, `keeps` for each label.
    """
    cost = np.asarray(costs, dtype=np.float64)
    kept = [None] * len(labels) if keeps is None else list(keeps)
    if not len(labels) == len(cost) == len(values) == len(kept):
        raise ValueError(
            f"costs, values and keeps must be of each of {len(labels)} labels, "
            f"got {len(cost)}, {len(values)} and {len(kept)}"
        )
    x = [np.asarray(v, dtype=np.float64) for v in values]
    shown = [
        mean_interval(v, confidence, among_first(controls, len(v)))
        if len(v)
        else Interval(math.nan, math.nan, math.nan, 0)
        for v in x
    ]
    sign = 1.0 if smaller_is_better else -1.0
    bad = np.array([sign * i.estimate for i in shown])
    allowed = [bool(k or keeps is None) for k in kept] if may_be is None else may_be
    choices = [i for i, may in enumerate(allowed) if may and math.isfinite(cost[i]) and math.isfinite(bad[i])]
    rivals = {i: [j for j in choices if j != i and cost[j] <= cost[i]] for i in choices}
    front = {
        i for i in choices if not any(bad[j] <= bad[i] and (cost[j] < cost[i] or bad[j] < bad[i]) for j in rivals[i])
    }
    surely = _surely(x, cost, rivals, front, sign, confidence, controls)
    return pl.DataFrame(
        {
            "label": list(labels), "cost": cost,
            "mean": [i.estimate for i in shown], "low": [i.low for i in shown], "high": [i.high for i in shown],
            "front": [i in front for i in range(len(labels))], "keeps": kept,
            "surely": [surely.get(i) for i in range(len(labels))], "n": [i.n for i in shown],
        },
        schema_overrides={"label": pl.String, "keeps": pl.Boolean, "surely": pl.Boolean, "n": pl.Int64},
    )  # fmt: skip


def _surely(
    x: list[Floats],
    cost: Floats,
    rivals: dict[int, list[int]],
    front: set[int],
    sign: float,
    confidence: float,
    controls: Floats | None,
) -> dict[int, bool]:
    """Return whether each point is on the front, or off it, beyond the noise."""
    pairs = [(i, j) for i, others in rivals.items() for j in others]
    samples = []
    for i, j in pairs:
        n = min(len(x[i]), len(x[j]))
        samples.append((sign * x[i][:n], sign * x[j][:n]))
    each = [among_first(controls, len(one)) for one, _ in samples]
    worse = dict(zip(pairs, simultaneous(samples, confidence, each), strict=True))  # by how much j is worse than i
    surely = {}
    for i, others in rivals.items():
        if i in front:
            surely[i] = all(worse[i, j].low >= 0 for j in others)
        else:
            surely[i] = any(worse[i, j].high < 0 or (worse[i, j].high <= 0 and cost[j] < cost[i]) for j in others)
    return surely
