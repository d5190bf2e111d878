"""The draws of known mean that the tables of a study are adjusted for: of each response the same at all points.

Then means and differences add up, in whatever table they stand. Draws that are each point's own (the absence of its
staff) are averaged over the points of a pilot: an average of deviations of mean 0 is one.

Searches for the best and the cheapest are not adjusted, though they might be, by slopes of the first stage. Adjusted
ones were right in 96 to 100 % where they gave a guarantee (250 searches each among 2 or 5 designs, rivals worse by
just the zone, controls that explain up to seven tenths of the variance, linearly or not) and took 3 to 30 % fewer
replications of normal values. But of exponential ones fewer had a guarantee (86 % instead of all, for a zone of 0.4
standard deviations), and what a search compares is explained hardly at all by what all designs share: for four designs
of the shipped district the intervals of differences would be 0.96 to 1.11 times as long on all measures but one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.config.report import Response
from sim.measures.dictionary import CONTROL
from sim.statistics.controls import FEWEST, among_first, lengths, paying
from sim.statistics.intervals import mean_interval
from sim.study.controls import controls_among
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sim.arrays import Floats
    from sim.statistics.intervals import Interval
    from sim.study.budget.runs import Runs
    from sim.study.controls import Controls
    from sim.study.points.plan import Plan
    from sim.study.withholding import Rule


@dataclass(frozen=True)
class Adjusted:
    """What a response is adjusted for, at all points alike.

    Attributes
    ----------
    controls
        Which draws.
    n
        Replications that all points have: on these it was seen that they pay.
    means, differences
        How many times as long the intervals of the points' means, and of the differences from their baselines, are
        with them, on average; NaN where there are none.
    """

    controls: Controls
    n: int
    means: float
    differences: float

    def fitting(self, values: Floats, n: int) -> Floats | None:
        """Return the controls of some values of a point that has n replications: None where some were left out."""
        return among_first(self.controls.values, n) if len(values) == n else None


UNADJUSTED: Mapping[Response, Adjusted] = {}
"""Every response as it was simulated."""


def adjustments(plan: Plan, runs: Runs, rule: Rule) -> dict[Response, Adjusted]:
    """Return what the responses of a study are adjusted for, where that pays; the others are as they were simulated.

    All points must have enough replications. That it pays is judged on the points' means and on the differences from
    their baselines together, each kind counting alike.
    """
    names = runs.complete
    n = min(map(runs.count, names), default=0)
    if not plan.report.controls or n < FEWEST:
        return {}
    by_pilot = [[name for name in names if plan.point(name).base == pilot] for pilot in plan.study.pilots]
    there = set(names)
    pairs = [(a.name, b.name) for a, b in plan.pairs() if {a.name, b.name} <= there]
    made = {}
    for response in plan.study.asked:
        controls = controls_among(lambda name: _of_pilots(runs, by_pilot, name), response, n)
        if controls is None:
            continue
        judged = judged_as(plan.report, response)
        values = {name: rule.counted(judged, name)[:n] for name in names}
        kinds = list(values.values()), [values[b] - values[a] for a, b in pairs]
        at_first = controls.values[:n]
        q = paying(at_first, plan.confidence, *kinds)
        if used := controls.first(q):
            longer = [lengths(samples, at_first[:, :q], plan.confidence) for samples in kinds]
            made[response] = Adjusted(used, n, *(float(one.mean()) if len(one) else math.nan for one in longer))
    return made


def _of_pilots(runs: Runs, by_pilot: Sequence[Sequence[str]], name: str) -> Iterator[Floats]:
    """Yield the draws of a name over the replications, a pilot each: the mean over its points that have most."""
    most = max(map(runs.count, (name for points in by_pilot for name in points)))
    for points in by_pilot:
        longest = [point for point in points if runs.count(point) == most]
        if longest:
            yield np.mean([runs.values(point, Response(CONTROL, name)) for point in longest], axis=0)


def matrix(made: Mapping[Response, Adjusted], response: Response) -> Floats | None:
    """Return the controls of a response over all replications (shape (replications, q)), or None."""
    return made[response].controls.values if response in made else None


def mean_of(
    plan: Plan,
    runs: Runs,
    rule: Rule,
    adjusted: Mapping[Response, Adjusted],
    name: str,
    response: Response,
    confidence: float,
) -> Interval:
    """Return the mean of a response of a point, adjusted as all means of the study are."""
    judged = judged_as(plan.report, response)
    values = rule.known(judged, name)[0]
    by = adjusted.get(response)
    known = mean_interval(values, confidence, by.fitting(values, runs.count(name)) if by else None)
    return rule.exactly(judged, known)
