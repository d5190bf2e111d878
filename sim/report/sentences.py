"""The findings of a comparison in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from sim.language import both, enumerated, gettext, listed, ngettext, run_together, separated
from sim.report import counts
from sim.report.tables import SPOKEN, as_float, is_growing
from sim.statistics.skewness import FEWEST
from sim.statistics.verdicts import Cause, Verdict


def conclusions(comparison: pl.DataFrame, overloaded: Mapping[str, Sequence[str]], baseline: str) -> tuple[str, ...]:
    """Return the verdicts in plain sentences: only verdicts are concluded.

    Parameters
    ----------
    comparison
        One row a measure, group and pilot: all that the comparison shows, and all that are owed and judged are counted.
    overloaded
        By pilot (the baseline too), the station groups that cannot keep up.
    baseline
        The pilot that all are compared with.

    Returns
    -------
    tuple of str
        One paragraph a pilot, in the order of the comparison.
    """
    judged = comparison.filter(pl.col("verdict").is_in(SPOKEN), pl.col("mid").is_not_null())
    pilots = judged["pilot"].unique(maintain_order=True).to_list()
    if not pilots:
        return (gettext("Nothing was compared with {baseline}.", baseline=baseline),)
    parts = (comparison.filter(pl.col("pilot") == pilot) for pilot in pilots)
    return tuple(_paragraph(rows, overloaded, baseline, p) for rows, p in zip(parts, pilots, strict=True))


def by_verdict(rows: Iterable[Mapping[str, object]]) -> dict[str, list[str]]:
    """Return the labels of the rows of a comparison by their verdicts: what its sentences and its chart count.

    What a pilot does not owe and what is never judged is not counted, whether or not it is withheld.
    """
    labels: dict[str, list[str]] = {verdict: [] for verdict in SPOKEN}
    for row in rows:
        if row["verdict"] in labels and row["mid"] is not None:
            labels[str(row["verdict"])].append(str(row["label"]))
    return labels


def _paragraph(rows: pl.DataFrame, overloaded: Mapping[str, Sequence[str]], baseline: str, pilot: str) -> str:
    """Return the sentences on one pilot."""
    rows = rows.filter(pl.col("mid").is_not_null())
    not_owed = rows.filter(pl.col("verdict") == Verdict.NOT_OWED)["label"].to_list()
    rows = rows.filter(pl.col("verdict").is_in(SPOKEN))
    labels = by_verdict(rows.iter_rows(named=True))
    causes = _causes(overloaded, (pilot, baseline))
    if as_float(rows["n"].max()) < 2:
        return _nothing_concluded(baseline, pilot, causes)
    sentences = [_headline(labels, baseline, pilot)]
    same = labels[Verdict.NO_MATERIAL_DIFFERENCE]
    if 0 < len(same) < rows.height:
        sentences.append(gettext("It makes no material difference on {measures}.", measures=_counted(same)))
    if labels[Verdict.UNDECIDED]:
        sentences.append(_undecided(rows.filter(pl.col("verdict") == Verdict.UNDECIDED)))
    growing = [str(row["label"]) for row in rows.iter_rows(named=True) if is_growing(row)]
    if growing:
        sentences.append(gettext("The longer the run, the more so on {measures}.", measures=_counted(growing)))
    reasons = _why(rows, causes)
    if reasons:
        sentences.append(_withheld_sentence(labels[Verdict.WITHHELD], reasons))
    if causes and causes not in reasons:
        sentences.append(gettext("Note that {causes}.", causes=causes))
    if not_owed:
        which = separated(not_owed)
        sentences.append(gettext("Not compared, as one of the two owes none of it: {which}.", which=which))
    return run_together(sentences)


def _nothing_concluded(baseline: str, pilot: str, causes: str) -> str:
    """Return what is said of a pilot after a single replication."""
    if not causes:
        return gettext(
            "One replication gives no interval, so nothing is concluded about {pilot} against {baseline}.",
            pilot=pilot, baseline=baseline,
        )  # fmt: skip
    return gettext(
        "One replication gives no interval, so nothing is concluded about {pilot} against {baseline}; {causes}.",
        pilot=pilot, baseline=baseline, causes=causes,
    )  # fmt: skip


def _withheld_sentence(labels: Sequence[str], reasons: Mapping[str, Sequence[str]]) -> str:
    """Return a sentence on the verdicts that are withheld, and why."""
    if len(reasons) == 1:
        return ngettext(
            "The verdict on {n} is withheld ({which}), because {why}.",
            "The verdicts on {n} are withheld ({which}), because {why}.",
            len(labels), which=separated(labels), why=next(iter(reasons)),
        )  # fmt: skip
    each = (gettext("{measures}, because {why}", measures=_counted(which), why=why) for why, which in reasons.items())
    return ngettext(
        "The verdict on {n} is withheld: {reasons}.", "The verdicts on {n} are withheld: {reasons}.",
        len(labels), reasons=separated(each),
    )  # fmt: skip


def _why(rows: pl.DataFrame, overload: str) -> dict[str, list[str]]:
    """Return the reasons for which verdicts are withheld, each with the measures that it withholds."""
    reasons: dict[str, list[str]] = {}
    for row in rows.filter(pl.col("verdict") == Verdict.WITHHELD).iter_rows(named=True):
        reasons.setdefault(reason(row, overload), []).append(str(row["label"]))
    return reasons


def reason(row: Mapping[str, object], overload: str = "") -> str:
    """Return why the verdict of a row is withheld, as a clause; by overload as it says, where that is known."""
    words: dict[str, str] = {
        Cause.UNFINISHED: gettext("too many requests left unserved or were still open at the end"),
        Cause.STILL_OPEN: gettext("what is still open may move the mean by too much"),
        Cause.NO_OBSERVATION: gettext("there was nothing to observe in some replication"),
        Cause.OBSERVED_ONCE: gettext("there was something to observe in one replication only"),
        Cause.TOO_SKEWED: gettext(
            "the differences of the replications are too skewed for {replications}",
            replications=counts.replications(int(as_float(row["n"]))),
        ),
        Cause.NO_SPREAD: gettext("the difference is the same in every replication, which does not show how it varies"),
    }
    overload = overload or gettext("too many requests go to overloaded posts, or too many of the staff are overloaded")
    return words.get(str(row["cause"]), overload)


def _headline(labels: Mapping[str, list[str]], baseline: str, pilot: str) -> str:
    """Return the first sentence: better, worse, both or neither."""
    better, worse, same = labels[Verdict.BETTER], labels[Verdict.WORSE], labels[Verdict.NO_MATERIAL_DIFFERENCE]
    n_rows = sum(map(len, labels.values()))
    words = {"pilot": pilot, "baseline": baseline, "n": n_rows}
    all_judged = len(better) + len(worse) + len(same) == n_rows
    if better and worse:
        return gettext(
            "{pilot} is a mixed result: better than {baseline} on {better}, but worse on {worse}.",
            **words, better=_counted(better, n_rows), worse=_counted(worse),
        )  # fmt: skip
    if better:
        return _only_better(better, words, all_judged=all_judged)
    if worse:
        return _only_worse(worse, words, all_judged=all_judged)
    if len(same) == n_rows:
        return gettext("{pilot} makes no difference that matters against {baseline}, on any of {n} measures.", **words)
    if len(labels[Verdict.UNDECIDED]) == n_rows:
        return gettext(
            "This study cannot distinguish {pilot} from {baseline}: none of {n} measures is decided.", **words
        )
    return gettext("No measure shows {pilot} to be better or worse than {baseline}.", **words)


def _only_better(better: Sequence[str], words: Mapping[str, object], *, all_judged: bool) -> str:
    """Return the first sentence on a pilot that is better on some measures and worse on none."""
    if len(better) == words["n"]:
        which = separated(better)
        return gettext("{pilot} is better than {baseline} on every measure ({which}).", **words, which=which)
    on = _counted(better, words["n"])
    if all_judged:
        return gettext("{pilot} is better than {baseline} on {measures} and worse on none.", **words, measures=on)
    return gettext(
        "{pilot} is better than {baseline} on {measures} and worse on none of those that could be judged.",
        **words, measures=on,
    )  # fmt: skip


def _only_worse(worse: Sequence[str], words: Mapping[str, object], *, all_judged: bool) -> str:
    """Return the first sentence on a pilot that is worse on some measures and better on none."""
    if len(worse) == words["n"]:
        which = separated(worse)
        return gettext("{pilot} is worse than {baseline} on every measure ({which}).", **words, which=which)
    on = _counted(worse, words["n"])
    if all_judged:
        return gettext("{pilot} is worse than {baseline} on {measures} and better on none.", **words, measures=on)
    return gettext(
        "{pilot} is worse than {baseline} on {measures} and better on none of those that could be judged.",
        **words, measures=on,
    )  # fmt: skip


def trial_run(n: int) -> list[str]:
    """Return what is to be minded where there are so few replications (docs/proof.md); nothing where there are enough.

    One gives no interval, of which something else is said.
    """
    if not 1 < n < FEWEST:
        return []
    return [
        gettext(
            "{n} replications are a trial run: intervals, and verdicts by them, fail more often than they say where "
            "values are skewed; {least} are the fewest that count.",
            n=n, least=FEWEST,
        )
    ]  # fmt: skip


def _undecided(undecided: pl.DataFrame) -> str:
    """Return sentences on what is undecided: through requests that are still open, or by so few replications."""
    is_open = through_open_requests()
    open_ones, few = undecided.filter(is_open), undecided.filter(~is_open)
    said = []
    if not few.is_empty():
        said.append(_undecided_by_few(few))
    if not open_ones.is_empty():
        said.append(
            ngettext(
                "{n} is undecided through requests that are still open at the end ({which}): more weeks of drain "
                "would help, more replications would not.",
                "{n} are undecided through requests that are still open at the end ({which}): more weeks of drain "
                "would help, more replications would not.",
                open_ones.height, which=separated(open_ones["label"].to_list()),
            )
        )  # fmt: skip
    return run_together(said)


def through_open_requests() -> pl.Expr:
    """Return whether chance alone would settle a row that is undecided, and what is still open does not."""
    beyond = (pl.col("low") >= pl.col("mid")) | (pl.col("high") <= -pl.col("mid"))
    within = (pl.col("low") >= -pl.col("mid")) & (pl.col("high") <= pl.col("mid"))
    return ((pl.col("open_bound") > 0) & (beyond | within)).fill_null(value=False)


def _undecided_by_few(undecided: pl.DataFrame) -> str:
    """Return a sentence on what is undecided, and on how many replications would settle it."""
    n = undecided.height
    few, which = int(as_float(undecided["n"].max())), separated(undecided["label"].to_list())
    least = undecided["needed_least"].drop_nulls()
    if least.is_empty():
        return ngettext(
            "{n} is undecided ({which}): {few} replications are too few, and how many would do cannot be said.",
            "{n} are undecided ({which}): {few} replications are too few, and how many would do cannot be said.",
            n, which=which, few=few,
        )  # fmt: skip
    known = undecided["needed_most"].drop_nulls()
    words = {"which": which, "few": few, "least": int(as_float(least.max()))}
    if len(known) == n:
        return ngettext(
            "{n} is undecided ({which}): {few} replications are too few; it takes at least {least} to settle it, and "
            "at the most about {most}.",
            "{n} are undecided ({which}): {few} replications are too few; it takes at least {least} to settle them "
            "all, and at the most about {most}.",
            n, **words, most=int(as_float(known.max())),
        )  # fmt: skip
    return ngettext(
        "{n} is undecided ({which}): {few} replications are too few; it takes at least {least} to settle it, and how "
        "many would do cannot be said.",
        "{n} are undecided ({which}): {few} replications are too few; it takes at least {least} to settle them all, "
        "and how many would do cannot be said.",
        n, **words,
    )  # fmt: skip


def _causes(overloaded: Mapping[str, Sequence[str]], pilots: Iterable[str]) -> str:
    """Return in words which posts are overloaded under these pilots; empty if none is."""
    posts_of = {name: list(overloaded.get(name, ())) for name in pilots}
    return both(
        ngettext(
            "{posts} is overloaded under {pilot}", "{posts} are overloaded under {pilot}",
            len(posts), posts=enumerated(posts), pilot=name,
        )
        for name, posts in posts_of.items()
        if posts
    )  # fmt: skip


def _counted(labels: Sequence[str], n_all: object = None) -> str:
    """Return how many labels there are, of how many measures where that is said, and which."""
    n, which = len(labels), separated(labels)
    if n_all is None:
        return gettext("{n} ({which})", n=n, which=which)
    return gettext("{n} of {all} measures ({which})", n=n, all=n_all, which=which)


MOST_REASONS = 6
"""Reasons that a note gives one by one; all are in the table's file."""


def withheld_notes(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return what is withheld and why, to be shown under the table that lacks it: a note for each help.

    Parameters
    ----------
    rows
        What is withheld, why, and what would help: nothing where it is not owed; without a reason nothing is withheld.
    """
    by_help: dict[str, dict[str, dict[str, None]]] = {}
    for what, why, help_ in rows:
        if why:
            by_help.setdefault(help_, {}).setdefault(why, {})[what] = None
    return [
        gettext("Withheld: {reasons}. What would help: {help}.", reasons=_reasons(reasons), help=help_)
        if help_
        else gettext("Without a value: {reasons}.", reasons=_reasons(reasons))
        for help_, reasons in by_help.items()
    ]


def adjusted_notes(adjusted: Mapping[str, Iterable[str]]) -> list[str]:
    """Return what is adjusted for draws of known mean, by these draws in words; nothing where nothing is."""
    each = separated(
        gettext("{what} for {controls}", what=listed(dict.fromkeys(what)), controls=controls)
        for controls, what in adjusted.items()
    )
    return [gettext("Adjusted for draws of known mean: {each}.", each=each)] if each else []


def _reasons(reasons: Mapping[str, Iterable[str]]) -> str:
    """Return the first reasons, each after what it withholds."""
    each = separated(
        gettext("{what} ({why})", what=listed(whats), why=why) for why, whats in list(reasons.items())[:MOST_REASONS]
    )
    more = len(reasons) - MOST_REASONS
    if more <= 0:
        return each
    return ngettext("{reasons}; and for {n} more reason", "{reasons}; and for {n} more reasons", more, reasons=each)
