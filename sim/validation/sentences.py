"""Outcomes as a table, as notes and, where something differs, as a paragraph."""

from __future__ import annotations

from math import isfinite, isnan
from typing import TYPE_CHECKING

from sim.report.screen import Screen, where
from sim.report.tables import Column, Table, counted, rows_table
from sim.validation.outcomes import AGREES, DIFFERS, NOT_COVERED, VAGUE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from sim.validation.outcomes import Chance

DIGITS = 5


def outcome_table(outcomes: pl.DataFrame, title: str, remarks: Sequence[str]) -> Table:
    """Return every value beside its estimate, with its verdict; sources and reasons are numbered below."""
    sources: dict[str, int] = {}
    rows = []
    for row in outcomes.to_dicts():
        source = row["reason"] if row["verdict"] == NOT_COVERED else row["source"]
        rows.append(
            {
                "case": row["case"],
                "mechanism": row["mechanism"],
                "quantity": row["quantity"],
                "value": _short(row["value"]),
                "estimate": _short(row["estimate"]),
                "95 % interval": f"±{(row['high'] - row['low']) / 2:.2g}" if isfinite(row["low"]) else "-",
                "z": f"{row['z']:+.2f}" if not isnan(row["z"]) else "-",
                "verdict": row["verdict"],
                "source": f"[{sources.setdefault(source, len(sources) + 1)}]",
            }
        )
    return rows_table(title, rows, notes=[*remarks, *(f"[{i}] {source}" for source, i in sources.items())])


def _short(value: float) -> str:
    """Return a number in five digits."""
    return f"{value:.{DIGITS}g}" if isfinite(value) else "-"


def notes(outcomes: pl.DataFrame, spread: Chance | None, seed: int) -> list[str]:
    """Return the counts of verdicts, and whether the z-scores are spread as chance spreads them."""
    counts = {verdict: int((outcomes["verdict"] == verdict).sum()) for verdict in (AGREES, DIFFERS, VAGUE, NOT_COVERED)}
    lines = [f"{', '.join(f'{verdict} {n}' for verdict, n in counts.items() if n)}; seed {seed}."]
    lines.append(
        "z: estimate less value in standard errors. Random values agree within 4 (in the quick form within what "
        "Student's law of its few replications passes as rarely: 5.5 with 16); traces must be the same."
    )
    if spread is not None:
        words = "as chance gives" if spread.p_value >= 0.01 else "not as chance gives"
        lines.append(
            f"The z-scores of {spread.n} cases (one a case: values of one case share their draws) are spread {words}: "
            f"mean {spread.mean:+.2f}, standard deviation {spread.spread:.2f}, Kolmogorov-Smirnov distance "
            f"{spread.distance:.3f} from the normal law, p = {spread.p_value:.2f}."
        )
    return lines


def first_screen(outcomes: pl.DataFrame, form: str, seed: int, failures: str, name: str) -> Screen:
    """Return the first screen of a validation: how many values agree, by what they are values of."""
    kinds = [kind for kind in (AGREES, DIFFERS, VAGUE, NOT_COVERED) if (outcomes["verdict"] == kind).any()]
    rows = []
    for (mechanism,), part in outcomes.group_by(["mechanism"], maintain_order=True):
        counts = [str(int((part["verdict"] == kind).sum())) for kind in kinds]
        rows.append((str(mechanism) or "not covered, with the reason", *counts))
    columns = (Column("mechanism"), *(Column(kind, "right") for kind in kinds))
    n, n_cases = outcomes.height, outcomes["case"].n_unique()
    agree = int((outcomes["verdict"] == AGREES).sum())
    answer = f"{agree} of {n} values agree; {'nothing differs.' if not failures else failures + '.'}"
    remarks = notes(outcomes, None, seed)[1:]
    what = f"Validation, {form} form, seed {seed}: {counted(n, 'value')} of {counted(n_cases, 'case')}."
    table = Table("At a glance", columns, tuple(rows))
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
