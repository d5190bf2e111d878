"""The small study behind a headline: its points, what they measure, and how the effect moves with assumptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from sim import config
from sim.config.compose import CONFIGS, Line, compose
from sim.config.composition import Composition
from sim.config.meaning import words_of_knobs
from sim.config.reading import read_plain
from sim.errors import ConfigError, near
from sim.language import ENGLISH, N_, gettext, phrase, run_together, speaking
from sim.report.tables import with_unit
from sim.study import replications
from sim.study.comparison.comparison import opened, run_missing
from sim.study.comparison.differences import rule_of
from sim.study.comparison.redraw import footer
from sim.study.design import prepared
from sim.study.headlines.definitions import Headline, Headlines, Kind, known_values, sentences
from sim.study.headlines.readings import Point, Readings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure
    from rich.console import Console

    from sim.config import Pilot
    from sim.study.backend import Backend
    from sim.study.headlines.definitions import Effect

EFFECTS: Mapping[Kind, str] = {
    "difference": N_("{measure}, {second} minus {first}"),
    "ratio": N_("{measure}, {second} over {first}"),
    "value": N_("{measure}, {second}"),
}
"""What the effect of a headline is, by its kind."""

DEFAULTS = ("run=year", "run.replications=10")
"""What every point of a headline has, unless it says otherwise."""


@dataclass(frozen=True)
class Outcome:
    """What came out of a headline.

    Attributes
    ----------
    verdict
        In a word or three of English.
    make_sentences
        Gives the two sentences.
    chart
        Draws its chart, in the language that is spoken then.
    effects
        What it rests on: at the base, and at the ends of the assumptions.
    means
        Of the measures that are shown, at the points that are shown.
    """

    verdict: str
    make_sentences: Callable[[], tuple[str, str]]
    chart: Callable[[], Figure]
    effects: tuple[Effect, ...]
    means: pl.DataFrame

    @property
    def sentences(self) -> tuple[str, str]:
        """Return the result, and how it moves over its assumptions."""
        return self.make_sentences()

    @property
    def text(self) -> str:
        """Return the verdict and the sentences."""
        return run_together([gettext("Verdict: {verdict}.", verdict=gettext(self.verdict)), *self.sentences])


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
        return Point(id_, path, value, label, None, str(error))
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
    designs = {point.id: point.design for point in points if point.design is not None}
    pilots = [design.pilot for design in designs.values()]
    run = pilots[0].run
    store, _ = opened(console, folder, pilots, command, (replications.MEASURES,))
    run_missing(console, store, designs, backend)
    measures = store.table("measures", list(designs), run.replications)
    units = {m: str(measures.filter(measures["measure"] == m)["unit"][0]) for m in headline.panels}
    readings = Readings(headline, points, rule_of(designs, measures))
    store.finish({})
    with speaking(ENGLISH):
        effects, means = tuple(readings.effects()), _shown(readings, units)
    sentences_of, chart = partial(_sentences, readings, units), partial(_chart, readings, units, pilots)
    return Outcome(readings.verdict, sentences_of, chart, effects, means)


def _sentences(readings: Readings, units: Mapping[str, str]) -> tuple[str, str]:
    """Return the two sentences of a headline."""
    base, *others = readings.effects()
    return sentences(readings.headline, base, others, units, _known(readings, units))


def _chart(readings: Readings, units: Mapping[str, str], pilots: Sequence[Pilot]) -> Figure:
    """Return the chart of a headline."""
    from sim import charts

    headline = readings.headline
    knobs = words_of_knobs(headline.assumptions, pilots[0])
    moved = _moved(readings, units, knobs)
    said = phrase(headline.title), gettext(readings.verdict)
    title = gettext("{headline}: {verdict}", headline=said[0], verdict=said[1])
    by = readings.adjusted
    adjusted = gettext("Adjusted for draws of known mean: {each}.", each=by) if by else ""
    first, _ = _sentences(readings, units)
    return charts.headline(_shown(readings, units), moved, title, first, run_together([footer(pilots), adjusted]))


def _known(readings: Readings, units: Mapping[str, str]) -> dict[str, str]:
    """Return values that a headline's words may name: every panel's measure at every point that is shown."""
    return known_values({measure: readings.means(measure) for measure in readings.headline.panels}, units)


def _shown(readings: Readings, units: Mapping[str, str]) -> pl.DataFrame:
    """Return the measures at every point that is shown."""
    rows = []
    for measure in readings.headline.panels:
        unit = units[measure]
        label = with_unit(readings.words(measure), "" if unit == "share" else phrase(unit))
        for point, mean in zip(readings.shown, readings.means(measure), strict=True):
            rows.append((phrase(point.label), measure, label, unit, mean.estimate, mean.low, mean.high))
    return pl.DataFrame(rows, schema=["point", "measure", "label", "unit", "mean", "low", "high"], orient="row")


def _moved(readings: Readings, units: Mapping[str, str], knobs: Mapping[str, str]) -> pl.DataFrame:
    """Return the effect at the base and at the ends of the assumptions, which are named by the words of knobs."""
    headline = readings.headline
    unit = "" if headline.kind == "ratio" else units[headline.measure]
    nan = float("nan")
    named = dict(zip(("first", "second"), map(phrase, headline.compared), strict=True))
    what = gettext(EFFECTS[headline.kind], measure=readings.words(headline.measure), **named)
    words = with_unit(what, "" if unit in ("", "share") else phrase(unit))
    rows = []
    for one in readings.effects():
        label = _end(knobs.get(one.path, one.path), one.value)
        cells = (one.effect.estimate, one.effect.low, one.effect.high) if one.effect else (nan, nan, nan)
        rows.append((label, unit, *cells, headline.holds.bound, words))
    columns = ["label", "unit", "mean", "low", "high", "bound", "words"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def _end(knob: str, value: float | None) -> str:
    """Return the end of an assumption as a row is called; without a value, the base."""
    return gettext("base") if value is None else gettext("{knob}: {value:,g}", knob=knob, value=value)
