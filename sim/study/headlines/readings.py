"""What a headline reads from the replications of points: means and effects, adjusted alike, or why there are none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.language import gettext, phrase, separated
from sim.statistics.intervals import Interval, mean_interval
from sim.study.controls import controls_of, where_they_pay
from sim.study.headlines.definitions import Effect, by_replication, verdict
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.arrays import Floats
    from sim.config.report import JudgedMeasure
    from sim.study.controls import Controls
    from sim.study.design import Design
    from sim.study.headlines.definitions import Headline
    from sim.study.withholding import Rule

NOTHING = Interval(math.nan, math.nan, math.nan, 0)
"""A mean from which nothing follows."""


@dataclass(frozen=True)
class Point:
    """One point of a headline's study: its design, or the error of an infeasible one."""

    id: str
    path: str  # of the assumption that was moved; empty at the base
    value: float | None
    label: str
    design: Design | None
    error: str

    @property
    def why(self) -> str:
        """Return why it has no design, or an empty text."""
        return gettext("infeasible: {why}", why=self.error) if self.error else ""


@dataclass(frozen=True)
class Readings:
    """The points of a headline, their replications, and the rule that says what follows from them."""

    headline: Headline
    points: Sequence[Point]
    rule: Rule

    @property
    def shown(self) -> list[Point]:
        """Return the points that are shown: those at the base."""
        return [point for point in self.points if not point.path]

    @property
    def pair(self) -> list[Point]:
        """Return the two points that are compared, at the base."""
        by_label = {point.label: point for point in self.shown}
        return [by_label[label] for label in self.headline.compared]

    def words(self, measure: str) -> str:
        """Return a measure of a panel in words, as a comparison has them, with its group."""
        return self._first.pilot.report.words(self.headline.response(measure))

    def means(self, measure: str) -> list[Interval]:
        """Return the mean of a panel's measure at every point that is shown; NaN where nothing follows from it."""
        judged = self._judged(measure)
        values, controls = self._read(measure, self.shown, self.pair if measure == self.headline.measure else ())
        return [
            NOTHING if self.rule.why(judged, point.id) else self._mean(judged, one, controls)
            for point, one in zip(self.shown, values, strict=True)
        ]

    def effects(self) -> list[Effect]:
        """Return the effect at the base and at both ends of each assumption, or why there is none."""
        ends = [point for point in self.points if point.path]
        pairs = [list(pair) for pair in zip(ends[::2], ends[1::2], strict=True)]
        return [self._effect(self.shown, self.pair), *(self._effect(pair, pair) for pair in pairs)]

    @property
    def verdict(self) -> str:
        """Return the verdict at the base, in English."""
        return verdict(self.headline, self._effect(self.shown, self.pair).effect)

    @property
    def adjusted(self) -> str:
        """Return in words what the measures of the panels are adjusted for at the base; empty for nothing."""
        parts = []
        for measure in self.headline.panels:
            _, controls = self._read(measure, self.shown, self.pair if measure == self.headline.measure else ())
            words = self.words(measure)
            parts += [gettext("{what} for {controls}", what=words, controls=controls)] if controls else []
        return separated(parts)

    def _effect(self, among: Sequence[Point], pair: Sequence[Point]) -> Effect:
        """Return the effect of a pair, adjusted as all these points are; none where nothing follows from its values."""
        first = pair[0]
        if why := next((point.why for point in pair if point.why), "") or self._withheld(pair):
            return Effect(first.path, first.value, None, None, None, why)
        values, controls = self._read(self.headline.measure, among, pair)
        by_id = {point.id: one for point, one in zip(among, values, strict=True)}
        both = [by_id[point.id] for point in pair]
        judged = self._judged(self.headline.measure)
        one, other, effect = (self._mean(judged, x, controls) for x in (*both, by_replication(self.headline, *both)))
        return Effect(first.path, first.value, one, other, effect)

    def _read(
        self, measure: str, points: Sequence[Point], pair: Sequence[Point]
    ) -> tuple[list[Floats], Controls | None]:
        """Return a measure at some points by replication, and what its means and the pair's effect are adjusted for."""
        judged, names = self._judged(measure), [point.id for point in points]
        values = self.rule.known(judged, *names)
        by_id = dict(zip(names, values, strict=True))
        effects = [by_replication(self.headline, *(by_id[point.id] for point in pair))] if pair else []
        if not self._first.pilot.report.controls:
            return values, None
        controls = controls_of(self.rule.values, names, judged.response)
        fits = controls is not None and all(len(one) == len(controls.values) for one in values)
        return values, where_they_pay(controls, self.rule.run.confidence, values, effects) if fits else None

    def _mean(self, judged: JudgedMeasure, values: Floats, controls: Controls | None) -> Interval:
        """Return a mean of a measure with its interval, adjusted."""
        known = mean_interval(values, self.rule.run.confidence, controls.values if controls else None)
        return self.rule.exactly(judged, known)

    @property
    def _first(self) -> Design:
        """Return the first design, which says how results are judged."""
        return next(point.design for point in self.points if point.design is not None)

    def _judged(self, measure: str) -> JudgedMeasure:
        """Return how a measure is judged; what decides the headline may be arithmetic, which knows no overload."""
        judged = judged_as(self._first.pilot.report, self.headline.response(measure))
        arithmetic = self.headline.arithmetic and measure == self.headline.measure
        return judged.model_copy(update={"touched": None}) if arithmetic else judged

    def _withheld(self, points: Sequence[Point]) -> str:
        """Return why nothing follows from the measure that decides at some points, or an empty text."""
        why = self.rule.why(self._judged(self.headline.measure), *(point.id for point in points))
        if why is None:
            return ""
        named = why.calling({point.id: phrase(point.label) for point in points})
        return gettext("withheld: {why}; what would help: {help}", why=named, help=why.help)
