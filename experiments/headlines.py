"""`wangge headlines`: each headline of the evidence as a small study, with its chart and two sentences."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from sim import config
from sim.config import Name, Section
from sim.config.compose import CONFIGS, HOW, Line, compose, parse
from sim.errors import ConfigError, near
from sim.study.backend import how

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from sim.config import Pilot
    from sim.study.backend import How
    from sim.study.headlines import Effect, Headline

HELP = """\
wangge headlines [only=[NAME,...]] [name=FOLDER] [run.replications=N] [key=value ...]

Runs every headline of configs/headlines.yaml as a small study (five measured weeks, ten replications), whichever way
it falls: a chart and two sentences each, the second on how the result moves over the range of what is only assumed.
Kept in results/FOLDER (headlines.md, charts/), the replications in results/FOLDER-NAME; a stopped run goes on.

  only=[walk,district]     some of them
  name=mine                results/mine; by default headlines
  run.replications=40      any knob of configs/, for every point alike
  workers=1, executor=...  as for compare
"""

DEFAULTS = ("run=quick", "run.replications=10")


class Settings(Section):
    """The settings of the command itself."""

    only: Annotated[tuple[Name, ...], Field(min_length=1)] | None
    name: Annotated[str, Field(min_length=1, max_length=40)]


@dataclass(frozen=True)
class Point:
    """One design point of a study: the pilot it is run as, or why it cannot be."""

    id: str
    path: str  # of the assumption that was moved; empty at the base
    value: float | None
    label: str
    pilot: Pilot | None
    why: str


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    from sim import MODEL_VERSION
    from sim.report.console import terminal
    from sim.store.files import plain_name
    from sim.store.store import Store

    line = parse(arguments)
    where, other = line.take(*HOW)
    mine, rest = other.take("only", "name")
    settings, known, means = _settings(mine), shipped(), how(where)
    for name in settings.only or ():
        if name not in known:
            raise ConfigError(f"only must name headlines of {', '.join(known)}{near(name, known)}, got {name}")
    chosen = {name: known[name] for name in settings.only or known}
    if any(o.startswith("pilot=") for o in rest.overrides):
        raise ConfigError("pilot must be left out: every point of a headline names its own")
    plain_name("name", settings.name)
    points = {name: _points(headline, rest) for name, headline in chosen.items()}
    console = terminal()
    told = []
    identity = {"model_version": MODEL_VERSION, "headlines": list(chosen), "knobs": list(rest.overrides)}
    store = Store.open(Path("results") / settings.name, identity, {"command": ["wangge", "headlines", *line.overrides]})
    for number, (name, headline) in enumerate(chosen.items(), 1):
        console.print(f"\n{number}. {headline.title}", markup=False)
        text, images = _study(console, f"{settings.name}-{name}", headline, points[name], rest, means)
        for kind, image in images.items():
            store.write_bytes(f"charts/{name}.{kind}", image)
        told.append(f"## {number}. {headline.title}\n\n{text}\n\n![{headline.title}](charts/{name}.svg)")
        console.print(text, markup=False)
    store.write_text("headlines.md", "\n\n".join([_opening(rest), *told]) + "\n")
    store.finish({})
    console.print(f"\nKept in results/{settings.name}/ (headlines.md, charts/)", markup=False)


def shipped() -> dict[str, Headline]:
    """Return the headlines of `configs/headlines.yaml`."""
    from sim.study.headlines import Headlines

    return config.checked(Headlines, _yaml("headlines")).headlines


def _yaml(name: str) -> Any:
    """Return a shipped YAML file as plain data."""
    from omegaconf import OmegaConf

    return OmegaConf.to_container(OmegaConf.load(CONFIGS / f"{name}.yaml"))


def _settings(line: Line) -> Settings:
    """Return the settings of the command, read as Hydra reads values."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    plain: dict[str, Any] = {"only": None, "name": "headlines"}
    try:
        parsed = OverridesParser.create().parse_overrides(list(line.overrides))
        plain |= {o.key_or_group: o.value() for o in parsed}
    except HydraException as error:
        raise ConfigError(" ".join(str(error).split())) from error
    return config.checked(Settings, plain)


def _opening(line: Line) -> str:
    """Return the first lines of the document."""
    knobs = f" with {' '.join(f'`{o}`' for o in line.overrides)}" if line.overrides else ""
    return (
        "# The headlines of the case\n\n"
        f"Made by `wangge headlines`{knobs}: each headline that the evidence expects, as a small study on the same "
        "residents, whichever way it falls. Five measured weeks and ten replications unless said otherwise; 95 % "
        "intervals, each on its own. A headline *holds* where the whole interval lies beyond its bound. Most inputs "
        "are assumptions (`configs/evidence.yaml`); the last sentence of each says how the result moves over the range "
        "of those that matter for it. Where many requests meet staff who cannot keep up, that is said: `compare` "
        "would withhold its verdict there."
    )


def _points(headline: Headline, line: Line) -> list[Point]:
    """Return all points of a study: those shown, and the two that are compared at the ends of each assumption."""
    evidence = {row["path"]: row for row in reversed(_yaml("evidence"))}
    points = [
        _point(f"p{i}", "", None, label, (*line.overrides, *knobs), line)
        for i, (label, knobs) in enumerate(headline.points.items())
    ]
    for a, path in enumerate(headline.assumptions):
        for end in ("low", "high"):
            value = evidence[path][end]
            for which, label in enumerate(headline.compared):
                knobs = (*line.overrides, f"{path}={value}", *headline.points[label])
                points.append(_point(f"a{a}_{end}_{which}", path, value, label, knobs, line))
    return points


def _point(id_: str, path: str, value: float | None, label: str, knobs: tuple[str, ...], line: Line) -> Point:
    """Return one point, checked: a design that cannot be staffed is none, and says why."""
    from sim.study import load_tables

    pilot = next(knob for knob in reversed(knobs) if knob.startswith("pilot="))
    rest = tuple(knob for knob in knobs if not knob.startswith("pilot="))
    plain = compose("main", Line((*DEFAULTS, *rest), line.config_dir), pilot)
    try:
        checked = config.load({**plain, "name": id_, "title": label})
        load_tables.organisations([checked])
    except ConfigError as error:
        if not path:
            raise
        return Point(id_, path, value, label, None, f"no such design: {error}")
    return Point(id_, path, value, label, checked, "")


def _study(
    console: Console, name: str, headline: Headline, points: list[Point], line: Line, means: How
) -> tuple[str, dict[str, bytes]]:
    """Run one headline's study; return its text in Markdown and its chart."""
    from experiments.compare import progress
    from sim import charts
    from sim.report.tables import escape_markdown
    from sim.store.store import Store
    from sim.study import replications
    from sim.study.comparison.redraw import footer
    from sim.study.headlines import sentences, verdict

    pilots = [p.pilot for p in points if p.pilot is not None]
    run = pilots[0].run
    facts = {
        "command": ["wangge", "headlines", *line.overrides], "seed": run.seed, "replications": run.replications,
    }  # fmt: skip
    store = Store.open(Path("results") / name, replications.identity(pilots), facts, keys=replications.keys(pilots))
    for note in (*store.repair(run.replications), *store.renew(("measures",), run.replications)):
        console.print(f"- {note}", markup=False)
    progress(console, store, pilots, means)
    measures = store.table("measures", [p.name for p in pilots], pilots[0].run.replications)
    confidence = pilots[0].run.confidence
    units = {m: str(measures.filter(measures["measure"] == m)["unit"][0]) for m in headline.panels}
    base, *others = _effects(headline, points, measures, confidence)
    first, second = sentences(headline, base, others, units, _known(headline, points, measures, units, confidence))
    said = verdict(headline, base.effect)
    first += _caution(headline, points, measures, pilots[0].run.withhold_share)
    store.finish({})
    figure = charts.headline(
        _shown(headline, points, measures, units, confidence), _moved(headline, [base, *others], units),
        f"{headline.title}: {said}", first, footer(pilots),
    )  # fmt: skip
    images = {kind: charts.render(figure, kind) for kind in ("png", "svg")}
    return escape_markdown(f"Verdict: {said}. {first} {second}"), images


def _known(
    headline: Headline, points: list[Point], measures: pl.DataFrame, units: dict[str, str], confidence: float
) -> dict[str, str]:
    """Return values that a headline's words may name: every panel's measure at every point that is shown."""
    from sim.statistics.intervals import mean_interval
    from sim.study.headlines import told

    def value(point: Point, measure: str) -> str:
        return told(mean_interval(_values(point, measure, measures), confidence), units[measure], interval_too=False)

    shown = [p for p in points if not p.path]
    return {f"{m}_{i}": value(p, m) for m in headline.panels for i, p in enumerate(shown, 1)}


def _caution(headline: Headline, points: list[Point], measures: pl.DataFrame, withhold_share: float) -> str:
    """Return what must be said where many requests meet staff who cannot keep up, or an empty text."""
    shown = {p.label: p for p in points if not p.path}
    touched = max(float(_values(shown[label], "touched", measures).mean()) for label in headline.compared)
    if touched <= withhold_share or headline.measure in ("walk", "managers_share"):
        return ""
    return (
        f" Up to {touched:.0%} of requests meet staff who cannot keep up, so that how far it goes depends on the "
        "length of the run."
    )


def _values(point: Point, measure: str, measures: pl.DataFrame) -> Any:
    """Return a measure over the replications of a point (shape (replications,))."""
    import polars as pl

    mine = (pl.col("pilot") == point.id) & (pl.col("measure") == measure) & (pl.col("group") == "all")
    return measures.filter(mine).sort("replication")["value"].to_numpy()


def _effects(headline: Headline, points: list[Point], measures: pl.DataFrame, confidence: float) -> list[Effect]:
    """Return the effect at the base and at both ends of each assumption."""
    from sim.statistics.intervals import mean_interval
    from sim.study.headlines import Effect, effect

    base = {p.label: p for p in points if not p.path}
    pairs = [tuple(base[label] for label in headline.compared)]
    ends = [p for p in points if p.path]
    pairs += list(zip(ends[::2], ends[1::2], strict=True))
    found = []
    for a, b in pairs:
        if why := a.why or b.why:
            found.append(Effect(a.path, a.value, None, None, None, why))
            continue
        first, second = (_values(p, headline.measure, measures) for p in (a, b))
        both = (mean_interval(first, confidence), mean_interval(second, confidence))
        found.append(Effect(a.path, a.value, *both, effect(headline, first, second, confidence)))
    return found


def _shown(
    headline: Headline, points: list[Point], measures: pl.DataFrame, units: dict[str, str], confidence: float
) -> pl.DataFrame:
    """Return the measures at every point that is shown."""
    import polars as pl

    from sim.statistics.intervals import mean_interval

    rows = []
    for measure in headline.panels:
        for point in (p for p in points if not p.path):
            found = mean_interval(_values(point, measure, measures), confidence)
            unit = units[measure]
            label = measure.replace("_", " ") + ("" if unit == "share" else f" ({unit})")
            rows.append((point.label, measure, label, unit, found.estimate, found.low, found.high))
    return pl.DataFrame(rows, schema=["point", "measure", "label", "unit", "mean", "low", "high"], orient="row")


def _moved(headline: Headline, effects: list[Effect], units: dict[str, str]) -> pl.DataFrame:
    """Return the effect at the base and at the ends of the assumptions."""
    import polars as pl

    unit = "" if headline.kind == "ratio" else units[headline.measure]
    nan = float("nan")
    first, second = headline.compared
    words = headline.measure.replace("_", " ") + {
        "difference": f", {second} minus {first}", "ratio": f", {second} over {first}", "value": f", {second}",
    }[headline.kind] + (f" ({unit})" if unit not in ("", "share") else "")  # fmt: skip
    rows = []
    for one in effects:
        label = f"{one.path.partition('.')[2].replace('_', ' ')} = {one.value:g}" if one.value is not None else "base"
        cells = (one.effect.estimate, one.effect.low, one.effect.high) if one.effect else (nan, nan, nan)
        rows.append((label, unit, *cells, headline.holds.bound, words))
    columns = ["label", "unit", "mean", "low", "high", "bound", "words"]
    return pl.DataFrame(rows, schema=columns, orient="row")


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("headlines", sys.argv[1:]))
