"""Several districts as one: the tables of a province, from those of its districts.

The districts have residents, staff and luck of their own and nothing in common but the design. So a province's
measure is the mean over its districts, each of which counts once, and work that waits is a sum.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl

from sim.measures.flows import ENDS

if TYPE_CHECKING:
    from collections.abc import Sequence


def together(districts: Sequence[dict[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """Return the tables of a province from those of its districts, of which there is at least one.

    A measure that a district lacks (NaN) counts in no mean; `n` is added up. Measures of single communities and
    grids are left out: those of different districts are not the same. Of persons there are those of the first
    district: a hundred districts' would tell the same a hundred times.
    """
    tables = {name: pl.concat([district[name] for district in districts]) for name in districts[0]}
    measures = tables["measures"].filter(~pl.col("group").str.contains(r"^(community|unit|grid):"))
    return {
        "measures": measures.group_by(["measure", "group", "unit"], maintain_order=True)
        .agg(pl.col("value").fill_nan(None).mean().fill_null(float("nan")), pl.col("n").sum())
        .select(measures.columns),
        "turnaround": _by(tables["turnaround"], ["days"], pl.col("share").mean()),
        "workload": _by(tables["workload"], ["post", "kind"], pl.col("hours").mean()),
        "backlog": _by(tables["backlog"], ["week", "post"], pl.col("hours").sum()),
        "waiting": _by(tables["waiting"], ["day"], pl.col("hours").sum()),
        "persons": districts[0]["persons"],
        "flows": _flows(tables["flows"]),
        "queues": _by(tables["queues"], ["level", "desk", "weekday", "half_hour"], pl.col("number").sum()),
    }


def _flows(table: pl.DataFrame) -> pl.DataFrame:
    """Return the moves in all districts, over the requests of all."""
    ends = pl.col("n").filter(pl.col("to").is_in(ENDS)).sum().over("archetype")
    summed = _by(table, ["archetype", "origin", "to"], pl.col("n").sum())
    return summed.with_columns(per_request=(pl.col("n") / ends).cast(pl.Float32))


def _by(table: pl.DataFrame, keys: list[str], value: pl.Expr) -> pl.DataFrame:
    """Return one row a key, in the order of the first district."""
    return table.group_by(keys, maintain_order=True).agg(value)


def digest(digests: Sequence[str]) -> str:
    """Return the hash of the demand of all districts."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()
