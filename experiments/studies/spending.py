"""Which replications a study spends: the first of every point, those that its precision takes, those of its choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from experiments.composition import Line
from experiments.studies.findings import verdict_withheld
from experiments.studies.points import Composer
from experiments.studies.runs import Runs
from experiments.studies.telling import WITHHELD, counted
from experiments.studies.views import unit_of
from sim import study as studies
from sim import truncation
from sim.comparison import judged_as, worded
from sim.design import Setting
from sim.errors import ConfigError
from sim.feasibility import Judgement, select_cheapest
from sim.feasibility import Promise as Limit
from sim.precision import Kind, Rule, run_until
from sim.precision import Target as Wanted
from sim.report import scale_of
from sim.selection import select_best
from sim.study_config import WarmUp as WarmUpWanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console

    from experiments.composition import How
    from experiments.studies.looks import Look
    from experiments.studies.plan import Plan
    from sim.archive import Archive
    from sim.arrays import Floats, Ints
    from sim.study_config import Best, Choose, Promise, Study, Target
    from sim.truncation import WarmUp

BLOCK = 5
"""Replications of a design drawn at once in a search, so that a pool of processes has work.

It changes no answer, unless a response is withheld in one that is drawn and would not have been looked at: its point
cannot be chosen then.
"""

PILOT_RUN = "pilot run of"
"""How the designs of the warm-up's pilot run are called among a study's keys: no pilot and no point is called so."""

ABREAST = 4
"""Designs on trial at once in the search for the cheapest, for the same reason."""

SHOWN_MISSED = 12

TOLERANCE_SHARE = 0.05
"""Tolerance of a promise that names none, as a share of its bound."""


@dataclass(frozen=True)
class Candidate:
    """What a search found out about one point."""

    name: str
    verdict: str
    spent: int


@dataclass(frozen=True)
class Choice:
    """What a search chose.

    Attributes
    ----------
    asked
        What was asked, in words.
    chosen
        The name of the point, or None where no point keeps every promise.
    guaranteed
        Whether the search ended with its guarantee, or with the most replications.
    confidence
        Of the guarantee.
    candidates
        Every point that can be.
    """

    asked: str
    chosen: str | None
    guaranteed: bool
    confidence: float
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Spent:
    """What was spent replications for.

    Attributes
    ----------
    reached
        How precise each response of each point became, against what was wanted; empty without targets.
    choices
        What was chosen.
    said
        What has to be said: points whose precision was not met, choices without their guarantee.
    """

    reached: pl.DataFrame
    choices: tuple[Choice, ...]
    said: tuple[str, ...]


class _WithheldError(Exception):
    """A response of some points is withheld, so that they cannot be chosen."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def spend(plan: Plan, runs: Runs, looks: Mapping[str, Look]) -> Spent:
    """Have every replication that a study asks for, and return what was found out on the way."""
    wanted = plan.study.precision
    if not wanted.until:
        runs.have(dict.fromkeys(runs.keys, wanted.replications))
    reached, said = _until_precise(plan, runs) if wanted.until else (pl.DataFrame(), [])
    return Spent(reached, tuple(choose(plan, runs, looks)), tuple(said))


def _until_precise(plan: Plan, runs: Runs) -> tuple[pl.DataFrame, list[str]]:
    """Run every point until its responses are as precise as wanted, or the budget ends; return what was reached."""
    wanted, names = plan.study.precision, [name for name in runs.keys if name not in runs.failures]
    place = {name: i for i, name in enumerate(names)}
    baselines: list[int | None] = [None] * len(names)
    for baseline, point in plan.pairs():
        if baseline.name in place and point.name in place:
            baselines[place[point.name]] = place[baseline.name]
    if not names:
        return pl.DataFrame(), []
    rule = Rule(plan.confidence, wanted.replications, wanted.most, wanted.budget)
    targets = {response: _target(one) for response, one in wanted.until.items()}

    def draw(numbers: Ints) -> list[dict[str, Floats]]:
        asked = {name: int(number) for name, number in zip(names, numbers, strict=True)}
        runs.have(asked, "replications until precise")
        # a point that failed has no values: its response is withheld
        return [
            {
                response: runs.values(name, response, n) if runs.count(name) >= n else np.full(n, np.nan)
                for response in targets
            }
            for name, n in asked.items()
        ]

    last = run_until(draw, baselines, targets, rule)
    rows = [
        {
            "point": names[one.point],
            "label": plan.point(names[one.point]).label,
            "response": one.response,
            "n": one.n,
            "mean": one.mean,
            "half_width": one.half_width,
            "target": one.target,
            "met": one.met,
            "why": str(one.why),
        }
        for one in last.reached
    ]
    missed = [row for row in rows if not row["met"]]
    judged = len({row["point"] for row in rows})
    said = [f"All {counted(judged, 'point')} are as precise as wanted."] if judged else []
    if judged < len(names):
        alone = len(names) - judged
        said.append(f"{counted(alone, 'point')} had no difference to be precise about, as the baseline or without one.")
    if missed:
        points = list(dict.fromkeys(str(row["point"]) for row in missed))
        why = "; ".join(dict.fromkeys(str(row["why"]) for row in missed))
        more = f" and {len(points) - SHOWN_MISSED} more" if len(points) > SHOWN_MISSED else ""
        first = missed[0]
        more += (
            f" ({first['point']} has {worded(str(first['response']))} to ± {first['half_width']:.3g} where "
            f"{first['target']:.3g} is wanted)"
        )
        said[:1] = [
            f"{len(points)} of {judged} points are not as precise as wanted ({why}): "
            f"{', '.join(points[:SHOWN_MISSED])}{more}; precision.csv has all."
        ]
    return pl.DataFrame(rows), said


def _target(one: Target) -> Wanted:
    """Return a target of a study file as the rule of stopping reads it."""
    if one.share is not None:
        return Wanted(one.share, Kind.SHARE)
    if one.half_width is not None:
        return Wanted(one.half_width)
    return Wanted(one.difference or 0, Kind.DIFFERENCE)


def warm_up(
    study: Study, line: Line, means: How, archive: Archive, console: Console, *, retry: bool
) -> tuple[WarmUp, dict[str, str]]:
    """Return what MSER-5 chooses as warm-up for all points, on a pilot run of the base under every pilot.

    The series are the hours of work that wait at each level at the end of each week. With it come the keys of the
    designs of the pilot run, by name.

    Raises
    ------
    ConfigError
        The base must be a design that can be run.
    """
    wanted = study.warm_up or WarmUpWanted()
    run = ("run.warm_up_weeks=1", f"run.measured_weeks={wanted.weeks - 1}", "run.drain_weeks=0")
    composer = Composer(study, Line((*line.overrides, *run), line.config_dir))
    points = [composer.point(i, 0, Setting({}), name) for i, name in enumerate(study.pilots)]
    pilots = {point.base: point.pilot for point in points if point.pilot is not None}
    keys = {base: studies.key(pilot) for base, pilot in pilots.items()}
    for pilot in pilots.values():
        studies.describe(archive, pilot)
    runs = Runs(archive, pilots, keys, means, study.all_groups, console, retry=retry)
    runs.have(dict.fromkeys(pilots, wanted.replications), "pilot run for the warm-up")
    for base, why in runs.failures.items():
        raise ConfigError(f"study.warm_up must have a base that can be run, got {base}, of which {why}")
    series: dict[str, Floats] = {}
    for base in pilots:
        tables = [archive.read(keys[base], r, "backlog") for r in range(runs.count(base))]
        for post in tables[0]["post"].unique(maintain_order=True):
            hours = [table.filter(pl.col("post") == post).sort("week")["hours"].to_numpy() for table in tables]
            name = f"{base}, {post}" if len(pilots) > 1 else str(post)
            series[name] = np.array(hours, dtype=np.float64).T
    return truncation.warm_up(series, wanted.least), {f"{PILOT_RUN} {base}": key for base, key in keys.items()}


def choose(plan: Plan, runs: Runs, looks: Mapping[str, Look]) -> list[Choice]:
    """Return what the study chooses, spending replications only where they are needed."""
    wanted = plan.study.choose
    if wanted is None:
        return []
    found = []
    if (best := wanted.best) is not None:
        names, out = _judged(plan, runs, looks, [best.response])
        found.append(_without_withheld(names, out, lambda left: _best(wanted, best, runs, left)))
    if wanted.cheapest:
        names, out = _judged(plan, runs, looks, list(plan.study.promises))
        found.append(_without_withheld(names, out, lambda left: _cheapest(plan, wanted, runs, looks, left)))
    return found


def _judged(
    plan: Plan, runs: Runs, looks: Mapping[str, Look], responses: Sequence[str]
) -> tuple[list[str], list[Candidate]]:
    """Return the points that may be chosen, and those of which a verdict is withheld.

    Who cannot keep up may keep a promise in a short run, and break it in a longer one.
    """
    names, out = [], []
    for name in runs.keys:
        known = name not in runs.failures
        if known and not any(verdict_withheld(plan, runs, looks, response, name, name) for response in responses):
            names.append(name)
        else:
            out.append(Candidate(name, WITHHELD, 0))
    return names, out


def _best(wanted: Choose, best: Best, runs: Runs, names: Sequence[str]) -> Choice:
    """Return the best point by a response."""
    smaller = smaller_is_better(best)
    word = "least" if smaller else "greatest"
    factor, _, unit = scale_of(unit_of(runs, best.response))
    asked = f"the {word} {worded(best.response)}, or one within {factor * best.zone:g} {unit}".rstrip()
    if len(names) < 2:
        only = tuple(Candidate(name, "the only one", runs.count(name)) for name in names)
        return Choice(asked, names[0] if names else None, True, wanted.confidence, only)
    selected = select_best(
        _drawing(runs, names, (best.response,)), len(names), zone=best.zone, confidence=wanted.confidence,
        first=wanted.first, most=wanted.most, block=BLOCK, smaller_is_better=smaller,
    )  # fmt: skip
    by = {one.design: f"beaten by {names[one.by]} after {one.after}" for one in selected.dropped}
    candidates = [
        Candidate(name, "chosen" if i == selected.best else by.get(i, "not told apart"), int(selected.spent[i]))
        for i, name in enumerate(names)
    ]
    return Choice(asked, names[selected.best], selected.guaranteed, wanted.confidence, tuple(candidates))


def _cheapest(plan: Plan, wanted: Choose, runs: Runs, looks: Mapping[str, Look], names: Sequence[str]) -> Choice:
    """Return the point with the fewest heads that keeps every promise."""
    promises = plan.study.promises
    within = " and ".join(
        f"{worded(response)}: {scale_of(unit_of(runs, response))[0] * tolerance(one):g} "
        f"{scale_of(unit_of(runs, response))[2]} around its bound"
        for response, one in promises.items()
    )
    asked = f"the fewest heads that keep every promise ({within} may be judged either way)"
    if not names:
        return Choice(asked, None, True, wanted.confidence, ())
    limits = [Limit(one.bound, tolerance(one), one.at_most is None) for response, one in promises.items()]
    draw = _drawing(runs, names, tuple(promises))
    told = select_cheapest(
        (lambda designs, number: draw(designs, number).reshape(number, len(designs), len(limits))),
        [looks[name].heads for name in names], limits, confidence=wanted.confidence,
        first=wanted.first, most=wanted.most, block=BLOCK, abreast=ABREAST,
    )  # fmt: skip
    candidates = []
    for name, one in zip(names, told.designs, strict=True):
        broken = list(promises)[one.broken] if one.broken is not None else ""
        verdict = f"breaks {broken}" if one.judgement is Judgement.BREAKS else str(one.judgement)
        candidates.append(Candidate(name, verdict, one.spent))
    return Choice(
        asked, None if told.best is None else names[told.best], told.guaranteed, wanted.confidence, tuple(candidates)
    )


def smaller_is_better(best: Best) -> bool:
    """Return which way a response is better: as the study says, or as the measure is judged everywhere.

    Raises
    ------
    ConfigError
        One of the two must say so.
    """
    if best.smaller_is_better is not None:
        return best.smaller_is_better
    judged = judged_as(best.response)
    if judged is None:
        raise ConfigError(
            "study.choose.best.smaller_is_better must be true or false, as nothing says which of "
            f"{best.response} is better, got nothing"
        )
    return not judged.higher_is_better


def tolerance(promise: Promise) -> float:
    """Return within what of its bound a promise may be judged either way."""
    return promise.tolerance or TOLERANCE_SHARE * abs(promise.bound) or TOLERANCE_SHARE


def _drawing(runs: Runs, names: Sequence[str], responses: Sequence[str]) -> Callable[[Ints, int], Floats]:
    """Return a function that gives the next replications of designs: kept ones are read, the others are run."""
    taken = dict.fromkeys(names, 0)

    def draw(designs: Ints, number: int) -> Floats:
        mine = [names[i] for i in designs]
        runs.have({name: taken[name] + number for name in mine}, "choice")
        columns, withheld = [], []
        for name in mine:
            start, taken[name] = taken[name], taken[name] + number
            known = name not in runs.failures
            values = [runs.values(name, response, taken[name])[start:] for response in responses] if known else []
            if not known or not np.isfinite(values).all():
                withheld.append(name)
            columns.append(np.array(values).T)
        if withheld:
            raise _WithheldError(withheld)
        whole = np.stack(columns, axis=1)  # number, designs, responses
        return whole if len(responses) > 1 else whole[:, :, 0]

    return draw


def _without_withheld(
    names: Sequence[str], out: Sequence[Candidate], search: Callable[[Sequence[str]], Choice]
) -> Choice:
    """Return what a search finds among the points of which every response has a value.

    What was drawn before is read again, so that beginning anew costs nothing.
    """
    left, out = list(names), list(out)
    while True:
        try:
            found = search(left)
        except _WithheldError as withheld:
            left = [name for name in left if name not in withheld.names]
            out += [Candidate(name, WITHHELD, 0) for name in withheld.names]
        else:
            return replace(found, candidates=(*found.candidates, *out))
