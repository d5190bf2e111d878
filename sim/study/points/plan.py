"""What a study runs: its settings and points, fixed before anything is simulated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.config.swept import MOST_POINTS
from sim.errors import ConfigError, choices, near
from sim.measures.dictionary import PRICED
from sim.statistics import designs
from sim.statistics.designs import DesignError, Factor, Level, Setting, Settings
from sim.study.own_measures import shown_with
from sim.study.points import evidence_factors, factors
from sim.study.points.acting import Idle, knobs_set
from sim.study.points.composer import Composer, Point, value_at
from sim.study.replications import ANALYSIS_ONLY, PRICES, READING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sim.config import Pilot
    from sim.config.compose import Line
    from sim.config.report import Report, Response
    from sim.config.study_schema import DesignOf, Study
    from sim.study.own_measures import OwnMeasure

FIXED = ("point", "setting", "pilot", "label", "replications", "status", "heads", "cannot_keep_up", "why", "key", "n",
         "keeps_promises", "kept_as_seen", "kept_in")  # fmt: skip
"""Columns of the study's tables beside the factors."""

READ_ONLY = tuple(f"run.{key}" for key in ANALYSIS_ONLY)
"""Knobs that change no replication, only how results are read."""


@dataclass(frozen=True)
class Plan:
    """A study with all its points.

    Attributes
    ----------
    study
        As it was read.
    factors
        By name.
    settings
        The rows of all designs, each once; the number of a setting is its index here.
    points
        Each setting under each pilot: setting after setting, pilots in the order of the study.
    baseline
        The number of the setting with which the others are compared in a study of one pilot, or None.
    titles
        Of the pilots, by their names.
    notes
        Sentences on the plan.
    """

    study: Study
    factors: Mapping[str, Factor]
    settings: Settings
    points: tuple[Point, ...]
    baseline: int | None
    titles: Mapping[str, str]
    notes: tuple[str, ...]

    def at(self, setting: int) -> tuple[Point, ...]:
        """Return the points of a setting, one a pilot."""
        n = len(self.study.pilots)
        return self.points[setting * n : (setting + 1) * n]

    def without(self, why: Mapping[str, str]) -> Plan:
        """Return the plan with these points marked infeasible, for the reasons given."""
        points = (replace(p, pilot=None, why=why[p.name]) if p.name in why else p for p in self.points)
        return replace(self, points=tuple(points))

    def showing(self, measures: Sequence[OwnMeasure]) -> Plan:
        """Return the plan with designs whose comparisons show and judge measures of one's own too."""
        points = (replace(p, pilot=shown_with(p.pilot, measures)) if p.pilot else p for p in self.points)
        return replace(self, points=tuple(points)) if measures else self

    def point(self, name: str) -> Point:
        """Return a point by its name."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Point]:
        """Return the points by their names."""
        return {point.name: point for point in self.points}

    @property
    def pilots(self) -> dict[str, Pilot]:
        """Return the feasible designs by the names of their points."""
        return {point.name: point.pilot for point in self.points if point.pilot is not None}

    @property
    def first(self) -> Pilot:
        """Return the first feasible design: what holds for all of them is read from it."""
        return next(point.pilot for point in self.points if point.pilot is not None)

    @property
    def report(self) -> Report:
        """Return how results are judged and in which words."""
        return self.first.report

    @property
    def confidence(self) -> float:
        """Return the confidence of all intervals."""
        return self.first.run.confidence

    def pairs(self) -> list[tuple[Point, Point]]:
        """Return which points are compared, the baseline first: pilots with the first, settings with the baseline."""
        pairs = []
        for number in range(len(self.settings.all)):
            first, *others = self.at(number)
            if self.baseline is not None:
                if number != self.baseline:
                    pairs.append((self.at(self.baseline)[0], first))
            else:
                pairs += [(first, other) for other in others]
        return pairs


def planned(study: Study, line: Line) -> Plan:
    """Return the plan of a study.

    Parameters
    ----------
    study
        As it was read.
    line
        Knobs of all points alike, and where to find configs.

    Raises
    ------
    ConfigError
        Factors must name knobs and have levels; the baseline and at least one point must be feasible designs.
    """
    outline = _outline(study, line)
    points, idle = tuple(outline.points()), outline.knobs_set()
    if not any(point.pilot for point in points):
        raise ConfigError(none_feasible(points))
    for point in points:
        idle.see(point)
    idle.check()
    return Plan(study, outline.factors, outline.settings, points, outline.baseline, outline.titles, outline.notes)


def check(study: Study, line: Line) -> Pilot:
    """Return the first feasible design, or raise `ConfigError` where `planned` would.

    It makes no more points than it takes to know.
    """
    outline = _outline(study, line)
    rejected, idle = [], outline.knobs_set()
    first: Pilot | None = None
    for point in outline.points():
        first = first or point.pilot
        if first is None:
            rejected.append(point)
        idle.see(point)
        if first is not None and not idle.left:
            return first
    if first is None:
        raise ConfigError(none_feasible(rejected))
    idle.check()
    return first


def none_feasible(points: Sequence[Point]) -> str:
    """Return what is wrong with a study without a feasible point."""
    which = f"all {len(points)} were" if len(points) > 1 else "its only one was"
    return f"study must have at least one feasible point; {which} rejected: {points[0].why}"


class _Outline(NamedTuple):
    """A study of which no point is made yet."""

    study: Study
    composer: Composer
    factors: Mapping[str, Factor]
    settings: Settings
    baseline: int | None
    titles: Mapping[str, str]
    notes: tuple[str, ...]

    def points(self) -> Iterator[Point]:
        """Yield each setting under each pilot, checked."""
        names = self.study.pilots
        for which, setting in enumerate(self.settings.all):
            for n, name in enumerate(names):
                yield self.composer.point(which * len(names) + n, which, setting, name)

    def knobs_set(self) -> Idle:
        """Return the knobs that the study itself sets, of which none has acted yet."""
        own = {name: self.factors[name] for name in self.study.factors}
        points = (factors.labelled(label, knobs) for one in self.study.design for label, knobs in one.points.items())
        return knobs_set(self.composer, own, points)


def _outline(study: Study, line: Line) -> _Outline:
    """Return a study's factors and settings; its baseline is a feasible design."""
    _settable(study)
    composer = Composer(study, line)
    base = {name: composer.plain(name) for name in study.pilots}
    given = {name: factors.parsed(name, values, line.config_dir) for name, values in study.factors.items()}
    priced = any(response.measure in PRICED for response in study.responses)
    from_evidence, notes = (
        evidence_factors.factors(study.evidence, base, line.config_dir, priced=priced) if study.evidence else ([], [])
    )
    known = given | {factor.name: factor for factor in from_evidence}
    _apart(given, from_evidence, line, study.responses)
    if any(one.kind == "one_at_a_time" for one in study.design):
        known = {name: replace(one, base=one.base or _base(one, composer)) for name, one in known.items()}
    settings = Settings()
    for one in study.design:
        _join(settings, one, known, study.pilots)
    baseline = None
    if study.baseline is not None:
        baseline = settings.add(_baseline(study.baseline, known))
        compared_with = composer.point(baseline, baseline, settings.all[baseline], study.pilots[0])
        if compared_with.pilot is None:
            raise ConfigError(f"study.baseline must be a feasible design: {compared_with.why}")
    titles = {name: str(plain["title"]) for name, plain in base.items()}
    return _Outline(study, composer, known, settings, baseline, titles, tuple(notes))


def _settable(study: Study) -> None:
    """Raise if a study sets or moves what is not a point's own: how results are read, its name, or Hydra itself."""
    ours = ("pilot", "pilots", "name", "title", "run.replications")
    moved = [(f"study.factors.{name}", key) for name, given in study.factors.items() for key in _named(name, given)]
    moved += [(f"study.design.points.{n}", key) for one in study.design for n, k in one.points.items() for key in k]
    for where, key in [*(("study.base", key) for key in study.base), *moved]:
        plain = key.lstrip("+")
        reading = plain.partition(".")[0] in set(READING) - {PRICES} or plain in READ_ONLY
        if plain.partition(".")[0].partition("/")[0] == "hydra" or plain in ours or (where != "study.base" and reading):
            why = "the study file sets its pilots, its replications and how they are analysed"
            raise ConfigError(f"{where} must be a knob of a design ({why}), got {key}")


def _named(name: str, given: Any) -> list[str]:
    """Return the keys that a factor of a study file names."""
    if not isinstance(given, dict):
        return [name]
    inner = [key for knobs in given.values() if isinstance(knobs, dict) for key in knobs]
    return [str(key) for key in inner or given]


def _apart(
    given: Mapping[str, Factor], from_evidence: Sequence[Factor], line: Line, responses: Sequence[Response]
) -> None:
    """Raise if a factor has the name of a column or of another factor, or moves a knob of the command line."""
    for factor in from_evidence:
        if factor.name in given:
            raise ConfigError(f"study.factors must leave out what study.evidence names, got {factor.name} in both")
    for name in given:
        taken = [*FIXED, *(f"{response}{end}" for response in responses for end in ("", "_low", "_high"))]
        if name in taken:
            raise ConfigError(
                f"study.factors must not have the name of a column of the tables ({', '.join(taken)}), got {name}"
            )
    typed = {o.partition("=")[0].lstrip("+"): o for o in line.overrides}
    for factor in given.values():
        for key in factor.keys:
            if key.lstrip("+") in typed:
                raise ConfigError(
                    f"{key} must be left out of the command line, because study.factors.{factor.name} moves it, "
                    f"got {typed[key.lstrip('+')]}"
                )


def _base(factor: Factor, composer: Composer) -> str | None:
    """Return the label of the level that every pilot of the study has, or the number that all have instead."""
    pilots = composer.study.pilots
    for level in factor.levels:
        if all(composer.mapping(pilot, level.knobs) == composer.plain(pilot) for pilot in pilots):
            return level.label
    keys = factor.keys if len(factor.keys) == 1 else ()
    held = [value_at(composer.plain(pilot), key) for pilot in pilots for key in keys]
    plain = keys and all(factors.number(value) is not None and value == held[0] for value in held)
    return factors.shown(held[0]) if plain else None


def _join(settings: Settings, one: DesignOf, known: Mapping[str, Factor], pilots: Sequence[str]) -> None:
    """Add the rows of a design."""
    if one.kind == "points":
        levels = [factors.labelled(label, knobs) for label, knobs in one.points.items()]
        factors.each_once("study.design.points", levels)
        settings.join("points", [], [Setting({"": level}) for level in levels])
        return
    mine = factors.chosen(one.factors, known)
    if not mine:
        raise ConfigError(f"study.factors must name at least one factor for a {one.kind} design, got none")
    _each_key_once(mine, pilots)
    n_points = (len(settings.all) + designs.size(one.kind, mine, one.n)) * len(pilots)
    if n_points > MOST_POINTS:
        raise ConfigError(f"study must have at most {MOST_POINTS:,} points, got {n_points:,}")
    try:
        rows = _rows(one, mine)
    except DesignError as error:
        raise ConfigError(f"study.{error}") from error
    settings.join(one.kind, mine, rows, one.n)


def _each_key_once(mine: Sequence[Factor], pilots: Sequence[str]) -> None:
    """Raise if two factors of a design move the same knob of the same pilot: the last one would win in silence."""
    first: dict[tuple[str, str], str] = {}
    for factor in mine:
        for key, only in sorted(factor.moves, key=repr):
            for pilot in only or pilots:
                other = first.setdefault((key, pilot), factor.name)
                if other != factor.name:
                    raise ConfigError(
                        f"study.factors must move each key once in a design, got {key} in {other} and {factor.name}"
                    )


def _rows(one: DesignOf, mine: Sequence[Factor]) -> list[Setting]:
    """Return the settings of a design over factors, in its order."""
    if one.kind == "grid":
        return designs.grid(mine)
    if one.kind == "zip":
        return designs.zipped(mine)
    if one.kind == "one_at_a_time":
        return designs.one_at_a_time(mine)
    n = one.n or 0
    if one.kind == "lhs":
        return designs.sampled(mine, designs.latin_hypercube(len(mine), n, one.seed))
    if one.kind == "sobol":
        return designs.sampled(mine, designs.sobol_sequence(len(mine), n, one.seed))
    from sim.statistics.sobol import sobol_settings

    return designs.sampled(mine, sobol_settings(n, len(mine), one.seed))


def _baseline(given: Mapping[str, Any], known: Mapping[str, Factor]) -> Setting:
    """Return the setting with which the others are compared: a level of some or all factors, or another value."""
    levels = {}
    for name, value in given.items():
        if name not in known:
            raise ConfigError(f"study.baseline must name factors of the study{near(name, known)}, got {name}")
        label = factors.shown(value)
        of = {level.label: level for level in known[name].levels}
        knobs = known[name].knobs
        if label not in of and (isinstance(value, str) or len({knob.key for knob in knobs}) > 1):
            rule = f"one of {choices(of, label)}" if of else "left out, because the factor has no single value"
            raise ConfigError(f"study.baseline.{name} must be {rule}{near(label, of)}, got {label}")
        levels[name] = of.get(label) or Level(label, factors.number(value), (replace(knobs[0], value=value),))
    return Setting({name: levels[name] for name in known if name in levels})
