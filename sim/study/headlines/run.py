"""The small study behind a headline: its points, what they measure, and how the effect moves with assumptions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from sim import config
from sim.config.compose import CONFIGS, Line, compose
from sim.config.composition import Composition
from sim.config.meaning import words_of_knobs
from sim.config.reading import read_plain
from sim.errors import ConfigError, near
from sim.study import replications
from sim.study.comparison.comparison import opened, run_missing
from sim.study.comparison.differences import rule_of
from sim.study.comparison.redraw import footer
from sim.study.design import prepared
from sim.study.folder.look import USUAL
from sim.study.headlines.definitions import Effect, Headline, Headlines, sentences, value_text, verdict
from sim.study.headlines.readings import Point, Readings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from sim.study.backend import Backend

DEFAULTS = ("run=year", "run.replications=10")
"""What every point of a headline has, unless it says otherwise."""


@dataclass(frozen=True)
class Outcome:
    """What came out of a headline: the verdict in a word or three, two sentences, and its chart by the kind of file."""

    verdict: str
    sentences: tuple[str, str]
    images: Mapping[str, bytes]

    @property
    def text(self) -> str:
        """Return the verdict and the sentences."""
        return f"Verdict: {self.verdict}. {' '.join(self.sentences)}"


def shipped(only: Sequence[str] | None = None) -> dict[str, Headline]:
    """Return the headlines of `configs/headlines.yaml`, or only those of some names.

    Raises
    ------
    ConfigError
        `only` must name headlines that there are.
    """
    known = config.checked(Headlines, read_plain(CONFIGS / "headlines.yaml")).headlines
    for name in only or ():
        if name not in known:
            raise ConfigError(f"only must name headlines of {', '.join(known)}{near(name, known)}, got {name}")
    return {name: known[name] for name in only or known}


def points_of(headline: Headline, line: Line) -> list[Point]:
    """Return all points of a study: those shown, and the two that are compared at the ends of each assumption."""
    evidence = {row["path"]: row for row in reversed(read_plain(CONFIGS / "evidence.yaml"))}
    points = [point_of(label, knobs, line, f"p{i}") for i, (label, knobs) in enumerate(headline.points.items())]
    for a, path in enumerate(headline.assumptions):
        for end in ("low", "high"):
            value = evidence[path][end]
            for which, label in enumerate(headline.compared):
                knobs = (*line.overrides, f"{path}={value}", *headline.points[label])
                points.append(_point(f"a{a}_{end}_{which}", path, value, label, knobs, line))
    return points


def point_of(label: str, knobs: Sequence[str], line: Line, id_: str = "p0") -> Point:
    """Return a point that is shown, checked."""
    return _point(id_, "", None, label, (*line.overrides, *knobs), line)


def _point(id_: str, path: str, value: float | None, label: str, knobs: tuple[str, ...], line: Line) -> Point:
    """Return one point, checked; an infeasible design says why."""
    pilot = next(knob for knob in reversed(knobs) if knob.startswith("pilot="))
    rest = tuple(knob for knob in knobs if not knob.startswith("pilot="))
    line = replace(line, overrides=(*DEFAULTS, *rest))
    plain = compose("main", line, pilot)
    try:
        design = prepared(config.load({**plain, "name": id_, "title": label}, Composition(line, (pilot,)).file_of))
    except ConfigError as error:
        if not path:
            raise
        return Point(id_, path, value, label, None, f"infeasible: {error}")
    return Point(id_, path, value, label, design, "")


def study(
    console: Console,
    folder: Path,
    headline: Headline,
    points: Sequence[Point],
    backend: Backend,
    command: Sequence[str],
) -> Outcome:
    """Run one headline's study in a folder of its own, and return what came out."""
    from sim import charts

    designs = {point.id: point.design for point in points if point.design is not None}
    pilots = [design.pilot for design in designs.values()]
    run = pilots[0].run
    store, _ = opened(console, folder, pilots, command, (replications.MEASURES,))
    run_missing(console, store, designs, backend)
    measures = store.table("measures", list(designs), run.replications)
    units = {m: str(measures.filter(measures["measure"] == m)["unit"][0]) for m in headline.panels}
    readings = Readings(headline, points, rule_of(designs, measures))
    base, *others = readings.effects()
    first, second = sentences(headline, base, others, units, _known(readings, units))
    decided = verdict(headline, base.effect)
    store.finish({})
    console.print("Drawing its chart ...")
    moved = _moved(headline, [base, *others], units, words_of_knobs(headline.assumptions, pilots[0]))
    below = f"{footer(pilots)} Adjusted for draws of known mean: {by}." if (by := readings.adjusted) else footer(pilots)
    figure = charts.headline(_shown(readings, units), moved, f"{headline.title}: {decided}", first, below)
    return Outcome(decided, (first, second), USUAL.files(figure))


def _known(readings: Readings, units: Mapping[str, str]) -> dict[str, str]:
    """Return values that a headline's words may name: every panel's measure at every point that is shown."""
    return {
        f"{measure}_{i}": value_text(mean, units[measure], interval_too=False)
        if math.isfinite(mean.estimate)
        else "– (withheld)"
        for measure in readings.headline.panels
        for i, mean in enumerate(readings.means(measure), 1)
    }


def _shown(readings: Readings, units: Mapping[str, str]) -> pl.DataFrame:
    """Return the measures at every point that is shown."""
    rows = []
    for measure in readings.headline.panels:
        unit = units[measure]
        label = readings.headline.words(measure) + ("" if unit == "share" else f" ({unit})")
        for point, mean in zip(readings.shown, readings.means(measure), strict=True):
            rows.append((point.label, measure, label, unit, mean.estimate, mean.low, mean.high))
    return pl.DataFrame(rows, schema=["point", "measure", "label", "unit", "mean", "low", "high"], orient="row")


def _moved(
    headline: Headline, effects: Sequence[Effect], units: Mapping[str, str], knobs: Mapping[str, str]
) -> pl.DataFrame:  # fmt: skip
    """Return the effect at the base and at the ends of the assumptions, which are named by the words of knobs."""
    unit = "" if headline.kind == "ratio" else units[headline.measure]
    nan = float("nan")
    first, second = headline.compared
    words = headline.words(headline.measure) + {
        "difference": f", {second} minus {first}", "ratio": f", {second} over {first}", "value": f", {second}",
    }[headline.kind] + (f" ({unit})" if unit not in ("", "share") else "")  # fmt: skip
    rows = []
    for one in effects:
        label = f"{knobs.get(one.path, one.path)}: {one.value:g}" if one.value is not None else "base"
        cells = (one.effect.estimate, one.effect.low, one.effect.high) if one.effect else (nan, nan, nan)
        rows.append((label, unit, *cells, headline.holds.bound, words))
    columns = ["label", "unit", "mean", "low", "high", "bound", "words"]
    return pl.DataFrame(rows, schema=columns, orient="row")
