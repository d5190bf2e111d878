"""Several districts as one: the tables of a province, from those of its districts.

The districts have residents, staff and luck of their own and nothing in common but the design. So a province's
measure is the mean over its districts, each of which counts once, and work that waits is a sum.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence


def together(districts: Sequence[dict[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """Return the tables of a province from those of its districts, of which there is at least one.

    A measure that a district lacks (NaN) counts in no mean; `n` is added up. Measures of single communities are
    left out: the communities of different districts are not the same.
    """
    tables = {name: pl.concat([district[name] for district in districts]) for name in districts[0]}
    measures = tables["measures"].filter(~pl.col("group").str.starts_with("community:"))
    return {
        "measures": measures.group_by(["measure", "group", "unit"], maintain_order=True)
        .agg(pl.col("value").fill_nan(None).mean().fill_null(float("nan")), pl.col("n").sum())
        .select(measures.columns),
        "turnaround": _by(tables["turnaround"], ["days"], pl.col("share").mean()),
        "workload": _by(tables["workload"], ["post", "kind"], pl.col("hours").mean()),
        "backlog": _by(tables["backlog"], ["week", "post"], pl.col("hours").sum()),
        "waiting": _by(tables["waiting"], ["day"], pl.col("hours").sum()),
    }


def _by(table: pl.DataFrame, keys: list[str], value: pl.Expr) -> pl.DataFrame:
    """Return one row a key, in the order of the first district."""
    return table.group_by(keys, maintain_order=True).agg(value)


def digest(digests: Sequence[str]) -> str:
    """Return the hash of the demand of all districts."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()
