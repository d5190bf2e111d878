"""What a study runs and what comes of it: every replication that it needs, precision reached, choices made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sim.config.report import Response
from sim.language import N_, gettext, listed, ngettext, phrase, separated
from sim.statistics.precision import Kind, Rule, Why, run_until
from sim.statistics.precision import Target as Wanted
from sim.study.budget.adjusting import adjustments
from sim.study.budget.choice import Choice, choose
from sim.study.budget.confirmation import Confirmation, confirmed
from sim.study.budget.runs import Runs
from sim.study.budget.withholding import rule_of
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.arrays import Floats, Ints
    from sim.config.study_schema import Target
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened


SHOWN_MISSED = 12


@dataclass(frozen=True)
class Outcome:
    """What the replications of a study gave, beside the values of its points.

    Attributes
    ----------
    reached
        How precise each response of each point became, against what was wanted; empty without targets.
    choices
        What was chosen.
    fresh
        What fresh replications say of each choice; None where nothing was chosen.
    notes
        What says sentences on points whose precision was met or not, in the language that is spoken.
    """

    reached: pl.DataFrame
    choices: tuple[Choice, ...]
    notes: tuple[Callable[[], str], ...]
    fresh: tuple[Confirmation | None, ...] = ()


def run(plan: Plan, runs: Runs, screened: Mapping[str, Screened]) -> Outcome:
    """Run every replication that the study needs, and return its precision and choices."""
    wanted = plan.study.precision
    if not wanted.until:
        runs.ensure(dict.fromkeys(runs.keys, wanted.replications))
    reached, notes = _until_precise(plan, runs, screened) if wanted.until else (pl.DataFrame(), [])
    choices = tuple(choose(plan, runs, screened))
    return Outcome(reached, choices, tuple(notes), tuple(confirmed(plan, runs, screened, choices)))


def _until_precise(
    plan: Plan, runs: Runs, screened: Mapping[str, Screened]
) -> tuple[pl.DataFrame, list[Callable[[], str]]]:
    """Run every point until its responses are as precise as wanted, or the budget ends; return the precision."""
    wanted, names = plan.study.precision, [name for name in runs.keys if name not in runs.failures]
    index = {name: i for i, name in enumerate(names)}
    baselines: list[int | None] = [None] * len(names)
    for baseline, point in plan.pairs():
        if baseline.name in index and point.name in index:
            baselines[index[point.name]] = index[baseline.name]
    if not names:
        return pl.DataFrame(), []
    rule = Rule(plan.confidence, wanted.replications, wanted.most, wanted.budget)
    responses = {str(response): response for response in wanted.until}
    counting = rule_of(plan, runs, screened)
    judged = {text: judged_as(plan.report, response) for text, response in responses.items()}
    targets = {str(response): _target(one) for response, one in wanted.until.items()}

    def draw(numbers: Ints) -> list[dict[str, Floats]]:
        asked = {name: int(number) for name, number in zip(names, numbers, strict=True)}
        runs.ensure(asked, N_("replications until precise"))
        # a point that failed has no values: its response is withheld
        return [
            {
                text: counting.counted(one, name)[:n] if runs.count(name) >= n else np.full(n, np.nan)
                for text, one in judged.items()
            }
            for name, n in asked.items()
        ]

    def controls() -> dict[str, Floats]:
        made = adjustments(plan, runs, counting)
        return {text: made[one].controls.values for text, one in responses.items() if one in made}

    last = run_until(draw, baselines, targets, rule, controls)
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
    n_checked = len({row["point"] for row in rows})
    notes: list[Callable[[], str]] = [partial(_precise, n_checked)] if n_checked and not missed else []
    if missed:
        notes.append(partial(_missed, plan, missed, n_checked))
    if n_checked < len(names):
        notes.append(partial(_unchecked, len(names) - n_checked))
    if same := sum(row["why"] == Why.SAME for row in rows):
        notes.append(partial(_same, same))
    return pl.DataFrame(rows), notes


def _precise(n: int) -> str:
    """Return that all points are as precise as wanted."""
    return ngettext("All {n} point are as precise as wanted.", "All {n} points are as precise as wanted.", n)


def _unchecked(n: int) -> str:
    """Return how many points have no difference."""
    return ngettext(
        "{n} point had no difference whose precision could be checked: the baseline, or a point without one.",
        "{n} points had no difference whose precision could be checked: the baseline, or a point without one.",
        n,
    )


def _same(n: int) -> str:
    """Return how many targets were met without spread."""
    return ngettext(
        "{n} target met by values that are the same in every replication, which show no precision.",
        "{n} targets met by values that are the same in every replication, which show no precision.",
        n,
    )


def _missed(plan: Plan, missed: Sequence[Mapping[str, Any]], n_checked: int) -> str:
    """Return which points are not as precise as wanted, and why not; of the first by how much."""
    points = list(dict.fromkeys(str(row["point"]) for row in missed))
    names, more, first = listed(points[:SHOWN_MISSED]), len(points) - SHOWN_MISSED, missed[0]
    if more > 0:
        names = ngettext("{names} and {n} more", "{names} and {n} more", more, names=names)
    if first["why"] != Why.TOO_SKEWED:
        names = gettext(
            "{names} ({point} has {response} to ± {half:.3g} where {target:.3g} is wanted)",
            names=names, point=first["point"], response=plan.report.words(Response.parse(str(first["response"]))),
            half=first["half_width"], target=first["target"],
        )  # fmt: skip
    return gettext(
        "{n} of {all} points are not as precise as wanted ({why}): {names}; precision.csv has all.",
        n=len(points), all=n_checked, names=names,
        why=separated(dict.fromkeys(phrase(str(row["why"])) for row in missed)),
    )  # fmt: skip


def _target(one: Target) -> Wanted:
    """Return a target of a study file as the rule of stopping reads it."""
    if one.share is not None:
        return Wanted(one.share, Kind.SHARE)
    if one.half_width is not None:
        return Wanted(one.half_width)
    return Wanted(one.difference or 0, Kind.DIFFERENCE)
