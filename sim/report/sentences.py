"""The findings of a comparison in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from sim.report.tables import SPOKEN, as_float, is_growing


def conclusion(comparison: pl.DataFrame, overloaded: Mapping[str, Sequence[str]], baseline: str) -> str:
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
    str
        One paragraph a pilot, in the order of the comparison.
    """
    judged = comparison.filter(pl.col("verdict").is_in(SPOKEN), pl.col("mid").is_not_null())
    pilots = judged["pilot"].unique(maintain_order=True).to_list()
    if not pilots:
        return f"Nothing was compared with {baseline}."
    parts = (comparison.filter(pl.col("pilot") == pilot) for pilot in pilots)
    paragraphs = (_paragraph(rows, overloaded, baseline, p) for rows, p in zip(parts, pilots, strict=True))
    return "\n\n".join(paragraphs)


def by_verdict(rows: Iterable[Mapping[str, object]]) -> dict[str, list[str]]:
    """Return the labels of the rows of a comparison by their verdicts: what its sentences and its chart count.

    What a pilot does not owe and what is never judged is not counted, whether or not it is withheld.
    """
    labels: dict[str, list[str]] = {verdict: [] for verdict in SPOKEN}
    for row in rows:
        if row["verdict"] in labels and row["mid"] is not None:
            labels[str(row["verdict"])].append(str(row["label"]))
    return labels


def of_all(labels: Mapping[str, Sequence[str]]) -> str:
    """Return of how many measures a count is, withheld ones with the others."""
    return f"of {sum(map(len, labels.values()))} measures"


def _paragraph(rows: pl.DataFrame, overloaded: Mapping[str, Sequence[str]], baseline: str, pilot: str) -> str:
    """Return the sentences on one pilot."""
    rows = rows.filter(pl.col("mid").is_not_null())
    not_owed = rows.filter(pl.col("verdict") == "not owed")["label"].to_list()
    rows = rows.filter(pl.col("verdict").is_in(SPOKEN))
    labels = by_verdict(rows.iter_rows(named=True))
    sentences = [_headline(labels, baseline, pilot)]
    same, withheld = labels["no material difference"], labels["withheld"]
    if 0 < len(same) < rows.height:
        sentences.append(f"It makes no material difference on {_counted(same)}.")
    if labels["undecided"]:
        sentences.append(_undecided_sentence(rows.filter(pl.col("verdict") == "undecided")))
    growing = [str(row["label"]) for row in rows.iter_rows(named=True) if is_growing(row)]
    if growing:
        sentences.append(f"The longer the run, the more so on {_counted(growing)}.")
    causes = _causes(overloaded, (pilot, baseline))
    if as_float(rows["n"].max()) < 2:
        nothing = f"One replication gives no interval, so nothing is concluded about {pilot} against {baseline}"
        return f"{nothing}; {causes}." if causes else f"{nothing}."
    if withheld:
        verdicts = "The verdict on 1 is" if len(withheld) == 1 else f"The verdicts on {len(withheld)} are"
        reasons = _why(rows, causes)
        if len(reasons) == 1:
            ((why, _),) = reasons.items()
            sentences.append(f"{verdicts} withheld ({'; '.join(withheld)}), because {why}.")
        else:
            listed = "; ".join(f"{_counted(which)}, because {why}" for why, which in reasons.items())
            sentences.append(f"{verdicts} withheld: {listed}.")
    if causes and not (withheld and causes in reasons):
        sentences.append(f"Note that {causes}.")
    if not_owed:
        sentences.append(f"Not compared, as one of the two owes none of it: {'; '.join(not_owed)}.")
    return " ".join(sentences)


def _why(rows: pl.DataFrame, overload: str) -> dict[str, list[str]]:
    """Return the reasons for which verdicts are withheld, each with the measures that it withholds."""
    reasons: dict[str, list[str]] = {}
    for row in rows.filter(pl.col("verdict") == "withheld").iter_rows(named=True):
        reasons.setdefault(reason(row, overload), []).append(str(row["label"]))
    return reasons


def reason(row: Mapping[str, object], overload: str = "") -> str:
    """Return why the verdict of a row is withheld, as a clause; by overload as it says, where that is known."""
    words = {
        "left or still open": "too many requests left unserved or were still open at the end",
        "still open": "what is still open may move the mean by too much",
        "no observation": "there was nothing to observe in some replication",
        "observed once": "there was something to observe in one replication only",
        "too skewed": f"the differences of the replications are {row['why']}",
    }
    overload = overload or "too many requests go to overloaded posts, or too many of the staff are overloaded"
    return words.get(str(row["cause"]), overload)


def _headline(labels: Mapping[str, list[str]], baseline: str, pilot: str) -> str:
    """Return the first sentence: better, worse, both or neither."""
    better, worse, same = labels["better"], labels["worse"], labels["no material difference"]
    n_rows = sum(map(len, labels.values()))
    judged = len(better) + len(worse) + len(same)
    none = "none" if judged == n_rows else "none of those that could be judged"
    if better and worse:
        return (
            f"{pilot} is a mixed result: better than {baseline} on {_counted(better, of_all(labels))}, "
            f"but worse on {_counted(worse)}."
        )
    for labels_one, word, other in ((better, "better", "worse"), (worse, "worse", "better")):
        if len(labels_one) == n_rows:
            return f"{pilot} is {word} than {baseline} on every measure ({'; '.join(labels_one)})."
        if labels_one:
            return f"{pilot} is {word} than {baseline} on {_counted(labels_one, of_all(labels))} and {other} on {none}."
    if len(same) == n_rows:
        return f"{pilot} makes no difference that matters against {baseline}, on any of {n_rows} measures."
    if len(labels["undecided"]) == n_rows:
        return f"This study cannot distinguish {pilot} from {baseline}: none of {n_rows} measures is decided."
    return f"No measure shows {pilot} to be better or worse than {baseline}."


def _undecided_sentence(undecided: pl.DataFrame) -> str:
    """Return a sentence on what is undecided, and on how many replications would settle it."""
    few = f"{int(as_float(undecided['n'].max()))} replications are"
    verb = "is" if undecided.height == 1 else "are"
    labels = "; ".join(undecided["label"].to_list())
    least = undecided["needed_least"].drop_nulls()
    if least.is_empty():
        return f"{undecided.height} {verb} undecided ({labels}): {few} too few, and how many would do cannot be said."
    which = "it" if undecided.height == 1 else "them all"
    takes = f"it takes at least {int(as_float(least.max()))} to settle {which}"
    known = undecided["needed_most"].drop_nulls()
    if len(known) == undecided.height:
        takes += f", and at the most about {int(as_float(known.max()))}"
    elif undecided.height == 1:
        takes += ": it is too close to the smallest difference that matters to say more"
    else:
        close = undecided.height - len(known)
        are = "is" if close == 1 else "are"
        takes += f": {close} {are} too close to the smallest difference that matters to say more"
    return f"{undecided.height} {verb} undecided ({labels}): {few} too few; {takes}."


def _causes(overloaded: Mapping[str, Sequence[str]], pilots: Iterable[str]) -> str:
    """Return in words which posts are overloaded under these pilots; empty if none is."""
    causes = []
    for name in pilots:
        posts = list(overloaded.get(name, ()))
        if posts:
            listed = ", ".join(posts[:-1]) + " and " + posts[-1] if len(posts) > 1 else posts[0]
            causes.append(f"{listed} {'is' if len(posts) == 1 else 'are'} overloaded under {name}")
    return " and ".join(causes)


def _counted(labels: Sequence[str], of: str = "") -> str:
    """Return how many labels there are, and which."""
    return f"{' '.join(filter(None, [str(len(labels)), of]))} ({'; '.join(labels)})"


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
        f"Withheld: {_reasons(reasons)}. What would help: {help_}."
        if help_
        else f"Without a value: {_reasons(reasons)}."
        for help_, reasons in by_help.items()
    ]


def _reasons(reasons: Mapping[str, Iterable[str]]) -> str:
    """Return the first reasons, each after what it withholds."""
    words = [f"{', '.join(whats)} ({why})" for why, whats in list(reasons.items())[:MOST_REASONS]]
    more = f"; and for {len(reasons) - MOST_REASONS} more reasons" if len(reasons) > MOST_REASONS else ""
    return "; ".join(words) + more
