"""The long table of measures: one row a measure and group."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl


@dataclass
class Rows:
    """Rows of the long table, added one by one.

    Columns: measure, group, unit, value (NaN: withheld or nothing to measure), n (observations).
    """

    measure: list[str] = field(default_factory=list)
    group: list[str] = field(default_factory=list)
    unit: list[str] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    n: list[int] = field(default_factory=list)

    def add(self, measure: str, group: str, unit: str, value: float, n: int) -> None:
        """Add one row."""
        self.measure.append(measure)
        self.group.append(group)
        self.unit.append(unit)
        self.value.append(float(value))
        self.n.append(n)

    def extend(self, others: Rows) -> None:
        """Add all rows of another table."""
        for values in zip(others.measure, others.group, others.unit, others.value, others.n, strict=True):
            self.add(*values)

    def frame(self) -> pl.DataFrame:
        """Return the table."""
        return pl.DataFrame(
            {"measure": self.measure, "group": self.group, "unit": self.unit, "value": self.value, "n": self.n},
            schema={
                "measure": pl.String, "group": pl.String, "unit": pl.String, "value": pl.Float64, "n": pl.Int64,
            },
        )  # fmt: skip
