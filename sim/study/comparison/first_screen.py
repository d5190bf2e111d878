"""The first screen of a comparison, of one design or of many: from its table of differences and its designs."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from sim.config.compose import assumptions
from sim.measures.dictionary import DUTIES
from sim.report.screen import Screen
from sim.report.sentences import by_verdict, of_all, reason
from sim.report.tables import (
    MARKS,
    SPOKEN,
    Column,
    Table,
    as_float,
    counted,
    decimals,
    is_growing,
    marks_shown,
    mean_text,
    scale_of,
    with_unit,
)
from sim.statistics.intervals import mean_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config import Pilot
    from sim.config.report import Glance, Report
    from sim.study.design import Design

FEW = 3
"""Designs beside the baseline of which each has a sentence of its own."""

NAMED = 3
"""Of measures or designs that a sentence counts, it names at most so many."""

MOST_ROWS = 8
"""Measures on the first screen of a design alone."""


def screen(
    designs: Mapping[str, Design],
    measures: pl.DataFrame,
    comparison: pl.DataFrame,
    warnings: Sequence[str],
    where: Sequence[str],
) -> Screen:
    """Return the first screen of designs that were compared, the baseline first, or of one alone.

    Parameters
    ----------
    designs
        By name, the baseline first.
    measures, comparison
        The long table of measures, and the table of differences, which is empty for a design alone.
    warnings
        Sentences on levels that lack staff and on measures above a bound, the most important first.
    where
        Lines on where there is more.
    """
    names, first = list(designs), next(iter(designs.values())).pilot
    judged = [] if comparison.is_empty() else verdicts(comparison, names)
    table = at_a_glance(comparison, names, first.report) if judged else alone(measures, first, names[0])
    hangs = [*cannot_keep_up(designs), *withheld(comparison), *growing(comparison), *undecided(comparison)]
    hangs.append(assumptions(first.district.name))
    return Screen(compared(designs), (*warnings, *judged), table, tuple(hangs), tuple(where))


def compared(designs: Mapping[str, Design]) -> str:
    """Return what was compared."""
    pilot = next(iter(designs.values())).pilot
    run = pilot.run
    weeks = counted(run.measured_weeks, "week")
    times = f"{counted(run.replications, 'replication')} of {weeks}"
    if len(designs) == 1:
        return f"{pilot.district.name}, {pilot.name} ({pilot.title}): {times}."
    return f"{pilot.district.name}, {len(designs)} designs on the same residents: {times} each."


def verdicts(comparison: pl.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the answer in sentences: one a design where they are few, else which are better and worse on most."""
    baseline = names[0]
    if as_float(comparison["n"].max()) < 2:
        return [f"One replication gives no interval, so nothing is concluded against {baseline}."]
    labels = {name: by_verdict(comparison.filter(pl.col("pilot") == name).iter_rows(named=True)) for name in names[1:]}
    labels = {name: one for name, one in labels.items() if any(one.values())}
    if len(labels) <= FEW:
        return [_of_one(name, one, baseline) for name, one in labels.items()]
    lead = {name: len(one["better"]) - len(one["worse"]) for name, one in labels.items()}
    order = sorted(lead, key=lead.__getitem__, reverse=True)
    better, worse = [name for name in order if lead[name] > 0], [name for name in reversed(order) if lead[name] < 0]
    lines = []
    if better:
        lines.append(
            f"Better than {baseline} on more measures than worse: {_counts(better, labels, 'better', 'worse')}."
        )
    if worse:
        counts = _counts(worse, labels, "worse", "better")
        lines.append(f"Worse on more measures than better: {counts}.")
    neither = [name for name, one in labels.items() if not one["better"] and not one["worse"]]
    if neither:
        lines.append(f"Neither on any measure: {_some(neither)}.")
    return lines


def _of_one(name: str, labels: Mapping[str, Sequence[str]], baseline: str) -> str:
    """Return the verdicts on one design in a sentence."""
    better, worse, of = labels["better"], labels["worse"], of_all(labels)
    if not better and not worse:
        most = max(SPOKEN[2:], key=lambda verdict: len(labels[verdict]))
        n = len(labels[most])
        return f"Nothing shows {name} to be better or worse than {baseline}: {n} {of} {_is(n)} {_as_clause(most)}."
    if not worse:
        return f"{name} is better than {baseline} on {len(better)} {of} and worse on none that could be judged."
    if not better:
        return f"{name} is worse than {baseline} on {len(worse)} {of} ({_some(worse)}) and better on none."
    return f"{name} is better than {baseline} on {len(better)} {of} and worse on {len(worse)} ({_some(worse)})."


def _as_clause(verdict: str) -> str:
    """Return a verdict as the end of a sentence on measures."""
    return "without a material difference" if verdict == SPOKEN[2] else verdict


def _counts(names: Sequence[str], labels: Mapping[str, Mapping[str, Sequence[str]]], word: str, other: str) -> str:
    """Return the first of some designs, each with its measures of a verdict and of another."""
    return _some([f"{name} ({len(labels[name][word])} to {len(labels[name][other])})" for name in names])


def _some(words: Sequence[str]) -> str:
    """Return the first of some words, and how many more there are."""
    more = len(words) - NAMED
    return "; ".join(words) if more <= 0 else f"{'; '.join(words[:NAMED])} and {more} more"


def _is(n: int) -> str:
    """Return the verb after a count."""
    return "is" if n == 1 else "are"


def at_a_glance(comparison: pl.DataFrame, names: Sequence[str], report: Report) -> Table:
    """Return the measures of the first screen, a row a design, with the verdicts against the first one."""
    baseline, rows = names[0], {name: [name] for name in names}
    shown = [one for one in report.glances if _of(comparison, one).height]
    for one in shown:
        part = _of(comparison, one)
        factor = scale_of(str(part["unit"][0]))[0]
        means = dict(part.select("pilot", "pilot_mean").iter_rows())
        means[baseline] = next((m for m in part["baseline_mean"] if m is not None and math.isfinite(m)), math.nan)
        marks = dict(part.select("pilot", "verdict").iter_rows())
        numbers = {name: as_float(means.get(name)) * factor for name in names}
        sizes = [abs(x) for x in numbers.values() if math.isfinite(x)]
        places = decimals(math.nan, max(sizes, default=math.nan))
        for name in names:
            owed = one.measure not in DUTIES or math.isfinite(numbers[name])
            mark = MARKS.get(str(marks.get(name)), " ")
            rows[name].append(f"{mean_text(numbers[name], places, owed=owed)} {mark}" if owed else MARKS["not owed"])
    columns = (Column(f"against {baseline}"), *(Column(one.heading, "right") for one in shown))
    key = marks_shown(verdict for one in shown for verdict in _of(comparison, one)["verdict"])
    return Table("At a glance", columns, tuple(tuple(row) for row in rows.values()), (f"{key}.",))


def alone(measures: pl.DataFrame, pilot: Pilot, name: str) -> Table:
    """Return the measures of the first screen of one design, a row each, with the intervals of their means."""
    report, rows = pilot.report, []
    for one in report.glances[:MOST_ROWS]:
        part = _of(measures, one).filter(pl.col("pilot") == name)
        if part.is_empty():
            continue
        factor, unit, _ = scale_of(str(part["unit"][0]))
        mean = mean_interval(part["value"].fill_null(math.nan).to_numpy(), pilot.run.confidence)
        half = mean.half_width * factor
        places = decimals(half, abs(mean.estimate) * factor)
        within = f" ± {half:,.{places}f}" if half > 0 else ""
        label = with_unit(report.words(one.response), unit)
        rows.append((label, f"{mean_text(mean.estimate * factor, places, owed=True)}{within}"))
    return Table("At a glance", (Column("measure"), Column("mean", "right")), tuple(rows))


def _of(table: pl.DataFrame, one: Glance) -> pl.DataFrame:
    """Return the rows of a measure of a group."""
    return table.filter(pl.col("measure") == one.measure, pl.col("group") == one.group)


def cannot_keep_up(designs: Mapping[str, Design]) -> list[str]:
    """Return under which designs posts cannot keep up with their work, by arithmetic, in one sentence."""
    posts = {name: len(design.overloaded) for name, design in designs.items() if design.overloaded}
    if not posts:
        return []
    order = sorted(posts, key=posts.__getitem__, reverse=True)
    if len(posts) > FEW:
        return [f"Posts cannot keep up under {len(posts)} designs, most of all {order[0]} ({posts[order[0]]})."]
    return [f"Posts that cannot keep up with their work: {_some([f'{posts[name]} under {name}' for name in order])}."]


def withheld(comparison: pl.DataFrame) -> list[str]:
    """Return how many verdicts are withheld, and what for."""
    rows = _with_verdict(comparison, "withheld")
    if rows.is_empty():
        return []
    reasons = Counter(reason(row) for row in rows.iter_rows(named=True))
    listed = "; ".join(
        f"{n} because {why}" if len(reasons) > 1 else f"because {why}" for why, n in reasons.most_common(2)
    )
    return [f"{counted(rows.height, 'verdict')} {_is(rows.height)} withheld ({MARKS['withheld']}), {listed}."]


def _with_verdict(comparison: pl.DataFrame, verdict: str) -> pl.DataFrame:
    """Return the judged differences with a verdict: none of a design alone."""
    if comparison.is_empty():
        return comparison
    return comparison.filter(pl.col("verdict") == verdict, pl.col("mid").is_not_null())


def growing(comparison: pl.DataFrame) -> list[str]:
    """Return how many differences have a sure sign and grow with the run."""
    n = sum(map(is_growing, comparison.iter_rows(named=True)))
    if not n:
        return []
    verb, its = ("grows", "its size is that") if n == 1 else ("grow", "their sizes are those")
    return [f"{counted(n, 'difference')} {verb} with the run, as posts fall behind: {its} of these weeks."]


def undecided(comparison: pl.DataFrame) -> list[str]:
    """Return how many verdicts are undecided, and how many replications would settle them at least."""
    rows = _with_verdict(comparison, "undecided")
    if rows.is_empty():
        return []
    least = rows["needed_least"].drop_nulls()
    settle = "" if least.is_empty() else f": to settle all takes at least {int(as_float(least.max()))} replications"
    return [f"{counted(rows.height, 'verdict')} {_is(rows.height)} undecided ({MARKS['undecided']}){settle}."]
