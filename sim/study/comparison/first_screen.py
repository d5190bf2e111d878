"""The first screen of a comparison, of one design or of many: from its table of differences and its designs."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from sim.config.compose import assumptions
from sim.language import begun, first_of, gettext, ngettext, phrase, separated
from sim.measures.dictionary import DUTIES
from sim.report import counts
from sim.report.screen import Screen, typed_as
from sim.report.sentences import by_verdict, reason, through_open_requests, trial_run
from sim.report.tables import (
    FLAG,
    MARKS,
    SPOKEN,
    Column,
    Table,
    as_float,
    decimals,
    is_growing,
    marks_shown,
    mean_text,
    scale_of,
    with_unit,
)
from sim.statistics.verdicts import Verdict
from sim.study.design import titles_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config import Pilot
    from sim.config.report import Glance, Report
    from sim.report.comparison import Mean
    from sim.study.design import Design

FEW = 3
"""Designs beside the baseline of which each has a sentence of its own."""

NAMED = 3
"""Of measures or designs that a sentence counts, it names at most so many."""

MOST_ROWS = 8
"""Measures on the first screen of a design alone."""


def screen(
    designs: Mapping[str, Design],
    means: Mapping[tuple[str, str], Mean],
    comparison: pl.DataFrame,
    warnings: Sequence[str],
    where: Sequence[str],
) -> Screen:
    """Return the first screen of designs that were compared, the baseline first, or of one alone.

    Parameters
    ----------
    designs
        By name, the baseline first.
    means
        Those of a design alone, by measure and group.
    comparison
        The table of differences, which is empty for a design alone.
    warnings
        Sentences on levels that lack staff and on measures above a bound, the most important first.
    where
        Lines on where there is more.
    """
    names, first = list(designs), next(iter(designs.values())).pilot
    titles = titles_of(design.pilot for design in designs.values())
    comparison = _titled(comparison, titles)
    called = [titles[name] for name in names]
    judged = [] if comparison.is_empty() else verdicts(comparison, called)
    if called != names:
        judged = [*map(begun, judged)]  # names stay as they are
    table = at_a_glance(comparison, called, first.report) if judged else alone(means, first)
    few = trial_run(first.run.replications)
    hangs = [
        *few,
        *cannot_keep_up(designs, titles),
        *withheld(comparison),
        *growing(comparison),
        *undecided(comparison),
    ]
    hangs.append(assumptions(first.district.name))
    typed = [typed_as(names)] if judged and called != names else []
    return Screen(compared(designs), (*warnings, *judged), table, tuple(hangs), (*where, *typed))


def _titled(comparison: pl.DataFrame, titles: Mapping[str, str]) -> pl.DataFrame:
    """Return the table of differences with what its designs are called on the screen."""
    if comparison.is_empty():
        return comparison
    return comparison.with_columns(pl.col("pilot", "baseline").replace(dict(titles)))


def compared(designs: Mapping[str, Design]) -> str:
    """Return what was compared."""
    pilot = next(iter(designs.values())).pilot
    district = phrase(pilot.district.name)
    replications, weeks = counts.replications(pilot.run.replications), counts.weeks(pilot.run.measured_weeks)
    if len(designs) == 1:
        return gettext(
            "{district}, {title} [{pilot}]: {replications} of {weeks}.",
            district=district, pilot=pilot.name, title=phrase(pilot.title), replications=replications, weeks=weeks,
        )  # fmt: skip
    return gettext(
        "{district}, {n} designs on the same residents: {replications} of {weeks} each.",
        district=district, n=len(designs), replications=replications, weeks=weeks,
    )  # fmt: skip


def verdicts(comparison: pl.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the answer in sentences: one a design where they are few, else which are better and worse on most."""
    baseline = names[0]
    if as_float(comparison["n"].max()) < 2:
        return [
            gettext("One replication gives no interval, so nothing is concluded against {baseline}.", baseline=baseline)
        ]
    labels = {name: by_verdict(comparison.filter(pl.col("pilot") == name).iter_rows(named=True)) for name in names[1:]}
    labels = {name: one for name, one in labels.items() if any(one.values())}
    if len(labels) <= FEW:
        return [_of_one(name, one, baseline) for name, one in labels.items()]
    lead = {name: len(one[Verdict.BETTER]) - len(one[Verdict.WORSE]) for name, one in labels.items()}
    order = sorted(lead, key=lead.__getitem__, reverse=True)
    better, worse = [name for name in order if lead[name] > 0], [name for name in reversed(order) if lead[name] < 0]
    lines = []
    if better:
        which = _counts(better, labels, Verdict.BETTER, Verdict.WORSE)
        lines.append(
            gettext("Better than {baseline} on more measures than worse: {designs}.", baseline=baseline, designs=which)
        )
    if worse:
        which = _counts(worse, labels, Verdict.WORSE, Verdict.BETTER)
        lines.append(gettext("Worse on more measures than better: {designs}.", designs=which))
    neither = [name for name, one in labels.items() if not one[Verdict.BETTER] and not one[Verdict.WORSE]]
    if neither:
        lines.append(gettext("Neither on any measure: {designs}.", designs=first_of(neither, NAMED)))
    return lines


def _of_one(name: str, labels: Mapping[str, Sequence[str]], baseline: str) -> str:
    """Return the verdicts on one design in a sentence."""
    better, worse = labels[Verdict.BETTER], labels[Verdict.WORSE]
    words = {
        "pilot": name, "baseline": baseline, "all": sum(map(len, labels.values())), "better": len(better),
        "worse": len(worse), "which": first_of(worse, NAMED),
    }  # fmt: skip
    if not better and not worse:
        most = max(SPOKEN[2:], key=lambda verdict: len(labels[verdict]))
        return _neither(most, len(labels[most]), words)
    if not worse:
        return gettext(
            "{pilot} is better than {baseline} on {better} of {all} measures and worse on none that could be judged.",
            **words,
        )
    if not better:
        return gettext(
            "{pilot} is worse than {baseline} on {worse} of {all} measures ({which}) and better on none.", **words
        )
    return gettext(
        "{pilot} is better than {baseline} on {better} of {all} measures and worse on {worse} ({which}).", **words
    )


def _neither(most: str, n: int, words: Mapping[str, object]) -> str:
    """Return that a design is shown to be neither better nor worse, with the verdict that most measures have."""
    if most == Verdict.UNDECIDED:
        return ngettext(
            "Nothing shows {pilot} to be better or worse than {baseline}: {n} of {all} measures is undecided.",
            "Nothing shows {pilot} to be better or worse than {baseline}: {n} of {all} measures are undecided.",
            n, **words,
        )  # fmt: skip
    if most == Verdict.WITHHELD:
        return ngettext(
            "Nothing shows {pilot} to be better or worse than {baseline}: {n} of {all} measures is withheld.",
            "Nothing shows {pilot} to be better or worse than {baseline}: {n} of {all} measures are withheld.",
            n, **words,
        )  # fmt: skip
    return ngettext(
        "Nothing shows {pilot} to be better or worse than {baseline}: {n} of {all} measures is without a material "
        "difference.",
        "Nothing shows {pilot} to be better or worse than {baseline}: {n} of {all} measures are without a material "
        "difference.",
        n, **words,
    )  # fmt: skip


def _counts(names: Sequence[str], labels: Mapping[str, Mapping[str, Sequence[str]]], word: str, other: str) -> str:
    """Return the first of some designs, each with its measures of a verdict and of another."""
    each = [
        gettext("{pilot} ({n} to {other})", pilot=name, n=len(labels[name][word]), other=len(labels[name][other]))
        for name in names
    ]
    return first_of(each, NAMED)


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
            rows[name].append(
                f"{mean_text(numbers[name], places, owed=owed)} {mark}" if owed else MARKS[Verdict.NOT_OWED]
            )
    against = Column(gettext("against {baseline}", baseline=baseline))
    columns = (against, *(Column(phrase(one.heading), "right") for one in shown))
    key = marks_shown(verdict for one in shown for verdict in _of(comparison, one)["verdict"])
    notes = (gettext("{marks}.", marks=key),)
    return Table(gettext("At a glance"), columns, tuple(tuple(row) for row in rows.values()), notes)


def alone(means: Mapping[tuple[str, str], Mean], pilot: Pilot) -> Table:
    """Return the measures of the first screen of one design, a row each, with the intervals of their means."""
    report, rows, withheld = pilot.report, [], False
    for one in report.glances[:MOST_ROWS]:
        mean = means.get((one.measure, one.group))
        if mean is None:
            continue
        factor, unit, _ = scale_of(mean.unit)
        half = mean.interval.half_width * factor
        places = decimals(half, abs(mean.interval.estimate) * factor)
        within = f" ± {half:,.{places}f}" if half > 0 else ""
        owed = one.measure not in DUTIES or math.isfinite(mean.interval.estimate)
        text = mean_text(mean.interval.estimate * factor, places, owed=owed)
        withheld |= mean.why is not None
        rows.append((with_unit(report.words(one.response), unit), f"{text}{within}{FLAG if mean.why else ''}"))
    notes = []
    if withheld:
        notes.append(gettext("{flag}: nothing follows from it; the table of means says why.", flag=FLAG))
    columns = (Column(gettext("measure")), Column(gettext("mean"), "right"))
    return Table(gettext("At a glance"), columns, tuple(rows), tuple(notes))


def _of(table: pl.DataFrame, one: Glance) -> pl.DataFrame:
    """Return the rows of a measure of a group."""
    return table.filter(pl.col("measure") == one.measure, pl.col("group") == one.group)


def cannot_keep_up(designs: Mapping[str, Design], titles: Mapping[str, str]) -> list[str]:
    """Return under which designs posts cannot keep up with their work, by arithmetic, in one sentence."""
    posts = {titles[name]: len(design.overloaded) for name, design in designs.items() if design.overloaded}
    if not posts:
        return []
    order = sorted(posts, key=posts.__getitem__, reverse=True)
    if len(posts) > FEW:
        return [
            gettext(
                "Posts cannot keep up under {n} designs, most of all {pilot} ({posts}).",
                n=len(posts), pilot=order[0], posts=posts[order[0]],
            )
        ]  # fmt: skip
    each = [gettext("{n} under {pilot}", n=posts[name], pilot=name) for name in order]
    return [gettext("Posts that cannot keep up with their work: {posts}.", posts=first_of(each, NAMED))]


def withheld(comparison: pl.DataFrame) -> list[str]:
    """Return how many verdicts are withheld, and what for."""
    rows = _with_verdict(comparison, Verdict.WITHHELD)
    if rows.is_empty():
        return []
    reasons = Counter(reason(row) for row in rows.iter_rows(named=True))
    mark, n = MARKS[Verdict.WITHHELD], rows.height
    if len(reasons) == 1:
        return [
            ngettext(
                "{n:,} verdict is withheld ({mark}), because {why}.",
                "{n:,} verdicts are withheld ({mark}), because {why}.",
                n, mark=mark, why=next(iter(reasons)),
            )
        ]  # fmt: skip
    each = separated(gettext("{n} because {why}", n=n, why=why) for why, n in reasons.most_common(2))
    return [
        ngettext(
            "{n:,} verdict is withheld ({mark}), {reasons}.", "{n:,} verdicts are withheld ({mark}), {reasons}.",
            n, mark=mark, reasons=each,
        )
    ]  # fmt: skip


def _with_verdict(comparison: pl.DataFrame, verdict: Verdict) -> pl.DataFrame:
    """Return the judged differences with a verdict: none of a design alone."""
    if comparison.is_empty():
        return comparison
    return comparison.filter(pl.col("verdict") == verdict, pl.col("mid").is_not_null())


def growing(comparison: pl.DataFrame) -> list[str]:
    """Return how many differences have a sure sign and grow with the run."""
    n = sum(map(is_growing, comparison.iter_rows(named=True)))
    if not n:
        return []
    return [
        ngettext(
            "{n:,} difference grows with the run, as posts fall behind: its size is that of these weeks.",
            "{n:,} differences grow with the run, as posts fall behind: their sizes are those of these weeks.",
            n,
        )
    ]


def undecided(comparison: pl.DataFrame) -> list[str]:
    """Return how many verdicts are undecided, and how many replications would settle them at least."""
    rows = _with_verdict(comparison, Verdict.UNDECIDED)
    if rows.is_empty():
        return []
    if n_open := rows.filter(through_open_requests()).height:
        return [
            ngettext(
                "{n:,} verdict is undecided ({mark}), {open} through requests that are still open at the end.",
                "{n:,} verdicts are undecided ({mark}), {open} through requests that are still open at the end.",
                rows.height, mark=MARKS[Verdict.UNDECIDED], open=n_open,
            )
        ]  # fmt: skip
    # that one more might do says nothing
    least = rows.filter(pl.col("needed_least") > pl.col("n") + 1)["needed_least"]
    n, mark = rows.height, MARKS[Verdict.UNDECIDED]
    if least.is_empty():
        return [
            ngettext("{n:,} verdict is undecided ({mark}).", "{n:,} verdicts are undecided ({mark}).", n, mark=mark)
        ]
    return [
        ngettext(
            "{n:,} verdict is undecided ({mark}): to settle all takes at least {least} replications.",
            "{n:,} verdicts are undecided ({mark}): to settle all takes at least {least} replications.",
            n, mark=mark, least=int(as_float(least.max())),
        )
    ]  # fmt: skip
