"""Outcomes as a table, as notes and, where something differs, as a paragraph."""

from __future__ import annotations

from math import isfinite, isnan
from typing import TYPE_CHECKING

from sim.language import N_, gettext, listed, ngettext, phrase
from sim.report.screen import Screen, where
from sim.report.tables import Column, Table, percent, rows_table
from sim.validation.outcomes import AGREES, DIFFERS, NOT_COVERED, VAGUE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from sim.validation.cases import Form
    from sim.validation.outcomes import Chance

DIGITS = 5

FORMS: Mapping[Form, str] = {"quick": N_("quick"), "full": N_("full")}

MECHANISMS = (
    N_("absence"), N_("batch"), N_("calendar"), N_("capacity"), N_("forkjoin"), N_("network"), N_("output"),
    N_("patience"), N_("peer"), N_("preempt"), N_("priority"), N_("rework"), N_("single"), N_("skills"),
    N_("timevarying"), N_("trace"), N_("transient"),
)  # fmt: skip
"""What the shipped cases are about, as their files say it."""


def outcome_table(outcomes: pl.DataFrame, title: str, remarks: Sequence[str]) -> Table:
    """Return every value beside its estimate, with its verdict; sources and reasons are numbered below."""
    sources: dict[str, int] = {}
    rows = []
    for row in outcomes.to_dicts():
        source = row["reason"] if row["verdict"] == NOT_COVERED else row["source"]
        rows.append(
            {
                gettext("case"): row["case"],
                gettext("mechanism"): phrase(row["mechanism"]),
                gettext("quantity"): row["quantity"],
                gettext("value"): _short(row["value"]),
                gettext("estimate"): _short(row["estimate"]),
                gettext("{confidence} interval", confidence=percent(0.95)): f"±{(row['high'] - row['low']) / 2:.2g}"
                if isfinite(row["low"])
                else "-",
                "z": f"{row['z']:+.2f}" if not isnan(row["z"]) else "-",
                gettext("verdict"): gettext(row["verdict"]),
                gettext("source"): f"[{sources.setdefault(source, len(sources) + 1)}]",
            }
        )
    return rows_table(title, rows, notes=[*remarks, *(f"[{i}] {source}" for source, i in sources.items())])


def _short(value: float) -> str:
    """Return a number in five digits."""
    return f"{value:.{DIGITS}g}" if isfinite(value) else "-"


def notes(outcomes: pl.DataFrame, spread: Chance | None, seed: int) -> list[str]:
    """Return the counts of verdicts, and whether the z-scores are spread as chance spreads them."""
    counts = {verdict: int((outcomes["verdict"] == verdict).sum()) for verdict in (AGREES, DIFFERS, VAGUE, NOT_COVERED)}
    each = listed(gettext("{verdict} {n}", verdict=gettext(verdict), n=n) for verdict, n in counts.items() if n)
    lines = [gettext("{counts}; seed {seed}.", counts=each, seed=seed)]
    lines.append(
        gettext(
            "z: estimate less value in standard errors. Random values agree within 4 (in the quick form within what "
            "Student's law of its few replications passes as rarely: 5.5 with 16); traces must be the same."
        )
    )
    if spread is not None:
        by_chance, not_by_chance = gettext("as chance gives"), gettext("not as chance gives")
        lines.append(
            gettext(
                "The z-scores of {n} cases (one a case: values of one case share their draws) are spread {how}: mean "
                "{mean:+.2f}, standard deviation {spread:.2f}, Kolmogorov-Smirnov distance {distance:.3f} from the "
                "normal law, p = {p_value:.2f}.",
                n=spread.n,
                how=by_chance if spread.p_value >= 0.01 else not_by_chance,
                mean=spread.mean,
                spread=spread.spread,
                distance=spread.distance,
                p_value=spread.p_value,
            )
        )
    return lines


def first_screen(outcomes: pl.DataFrame, form: Form, seed: int, failures: str, name: str) -> Screen:
    """Return the first screen of a validation: how many values agree, by what they are values of."""
    kinds = [kind for kind in (AGREES, DIFFERS, VAGUE, NOT_COVERED) if (outcomes["verdict"] == kind).any()]
    rows = []
    # where something does not agree comes first: a screen leaves the last rows out
    parts = outcomes.group_by(["mechanism"], maintain_order=True)
    for (mechanism,), part in sorted(parts, key=lambda one: bool((one[1]["verdict"] == AGREES).all())):
        counts = [str(int((part["verdict"] == kind).sum())) for kind in kinds]
        rows.append((phrase(str(mechanism)) or gettext("not covered, with the reason"), *counts))
    columns = (Column(gettext("mechanism")), *(Column(gettext(kind), "right") for kind in kinds))
    n, n_cases = outcomes.height, outcomes["case"].n_unique()
    agree = int((outcomes["verdict"] == AGREES).sum())
    if failures:
        answer = gettext("{agree} of {n} values agree; {failures}.", agree=agree, n=n, failures=failures)
    else:
        answer = gettext("{agree} of {n} values agree; nothing differs.", agree=agree, n=n)
    remarks = notes(outcomes, None, seed)[1:]
    what = gettext(
        "Validation, {form} form, seed {seed}: {values} of {cases}.",
        form=gettext(FORMS[form]), seed=seed, values=ngettext("{n:,} value", "{n:,} values", n),
        cases=ngettext("{n:,} case", "{n:,} cases", n_cases),
    )  # fmt: skip
    table = Table(gettext("At a glance"), columns, tuple(rows))
    return Screen(what, (answer,), table, tuple(remarks), where(name, n_charts=int(outcomes["z"].is_finite().any())))


def failed(outcomes: pl.DataFrame, faults: Mapping[str, str]) -> str:
    """Return in a paragraph what does not agree, or nothing.

    Parameters
    ----------
    outcomes : polars.DataFrame
        Every value beside its estimate.
    faults : mapping
        Cases whose record breaks the contract or is not the same under both engines, and where.
    """
    sentences = [
        "{case}.{quantity} must be {value}, got {estimate} ({reason})".format(
            **{**row, "value": _short(row["value"]), "estimate": _short(row["estimate"])}
        )
        for row in outcomes.filter(outcomes["verdict"].is_in([DIFFERS, VAGUE])).to_dicts()
    ]
    sentences += [f"{case} must have one record that keeps the contract, got {fault}" for case, fault in faults.items()]
    if not sentences:
        return ""
    more = f"; and {len(sentences) - 5} more" if len(sentences) > 5 else ""
    return f"{len(sentences)} of the checks fail: {'; '.join(sentences[:5])}{more}"
