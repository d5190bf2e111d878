"""Face validity as tables to be read: of a comparison, and of the district model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from sim.language import gettext, run_together
from sim.report.tables import Column, Table, number
from sim.study.comparison.face_validity import Fit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def compared_table(values: pl.DataFrame, names: Sequence[str]) -> Table:
    """Return the targets with the values of all pilots of a comparison, judged under the pilot each belongs to."""
    rows = []
    for (label,), part in values.group_by(["label"], maintain_order=True):
        first = part.row(0, named=True)
        cells = {row["pilot"]: _value(row) for row in part.iter_rows(named=True)}
        rows.append((str(label), first["unit"], first["seen"], first["range"], *(cells.get(n, "–") for n in names)))
    outside = values.filter(pl.col("verdict") == Fit.OUTSIDE)
    n_judged = len(values.filter(pl.col("verdict") != Fit.NOT_JUDGED))
    note = gettext(
        "Measured elsewhere, never used as an input; nothing is tuned to meet it. A figure is judged under the pilot "
        "whose state of things it was measured in: {n} of {all} within their range.",
        n=n_judged - len(outside), all=n_judged,
    )  # fmt: skip
    words = (Column(gettext("face validity")), Column(gettext("unit")), Column(gettext("seen elsewhere")))
    numbers = (Column(gettext("range"), "right"), *(Column(name, "right") for name in names))
    return Table(gettext("Face validity"), (*words, *numbers), tuple(rows), (note, *_reasons(values)))


def table(values: pl.DataFrame) -> Table:
    """Return the targets beside the model's values, each with its verdict, and why it is outside."""
    rows = tuple(
        (
            row["label"], row["unit"], row["pilot"], row["seen"], row["range"], number(row["value"], 2),
            number(row["half_width"], 3), gettext(row["verdict"]) + "?" * _unsure(row),
        )
        for row in values.iter_rows(named=True)
    )  # fmt: skip
    verdicts = values["verdict"].to_list()
    n_unsure = sum(map(_unsure, values.iter_rows(named=True)))
    n = {"within": verdicts.count(Fit.WITHIN), "outside": verdicts.count(Fit.OUTSIDE), "unsure": n_unsure}
    counted = (
        gettext(
            "{within} within, {outside} outside their range, {unsure} of them not surely: the interval crosses a bound "
            "(marked ?).",
            **n,
        )
        if n_unsure
        else gettext("{within} within, {outside} outside their range.", **n)
    )
    about = gettext(
        "Measured elsewhere, judged by practitioners or computed from geometry (configs/face.yaml says which, with "
        "sources); not one of them is an input. ±: half-width of the interval over replications; a dash: by arithmetic "
        "alone, or no range is known."
    )
    words = (gettext("target"), gettext("unit"), gettext("pilot"), gettext("seen elsewhere"), gettext("range"))
    numbers = (Column(gettext("model"), "right"), Column("±", "right"))
    columns = (*map(Column, words), *numbers, Column(gettext("verdict")))
    title = gettext("Face validity of the district model")
    return Table(title, columns, rows, (run_together([counted, about]), *_reasons(values)))


def _unsure(row: Mapping[str, Any]) -> bool:
    """Return whether the interval of a judged value crosses a bound of its range."""
    bounds = [bound for bound in (row["low"], row["high"]) if bound is not None]
    return row["verdict"] != Fit.NOT_JUDGED and any(abs(row["value"] - b) < row["half_width"] for b in bounds)


def _reasons(values: pl.DataFrame) -> list[str]:
    """Return why targets are outside their range or not judged, a sentence each."""
    explained = values.filter((pl.col("verdict") == Fit.OUTSIDE) | pl.col("overloaded"))
    return [
        gettext("{target}: {why}.", target=row["label"].capitalize(), why=row["why"])
        for row in explained.iter_rows(named=True)
        if row["why"]
    ]


def _value(row: Mapping[str, Any]) -> str:
    """Return a value as text, with its verdict where it is judged."""
    text = number(row["value"], 2)
    return text if row["verdict"] == Fit.NOT_JUDGED else f"{text} {gettext(row['verdict'])}"
