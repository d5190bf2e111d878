"""From the timings of all rounds to speeds and ratios, and to tables to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from sim.bench.tools import BASELINES, TOOLS
from sim.bench.words import phase_of, title_of
from sim.language import gettext, phrase
from sim.report.tables import Column, Table, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PHASES = {
    "end_to_end": ("wall", "cpu"),
    "replication": ("replication_wall", None),
    "kernel": ("kernel_wall", "kernel_cpu"),
}
"""What is timed, and the columns of its wall and CPU seconds."""


def speeds(timings: pl.DataFrame) -> pl.DataFrame:
    """Return medians, speeds and paired ratios, one row a workload, tool and phase.

    Parameters
    ----------
    timings : polars.DataFrame
        One row a workload (`pilot`), round (`replication`) and tool.

    Returns
    -------
    polars.DataFrame
        `rounds`, medians of `wall` and `cpu` (s), `steps`, `events`, `steps_a_second` and `events_a_second`
        (from the median wall time), `bytes_a_step`, `peak_memory_mb` (the largest), and for each baseline b
        `times_b`, `times_b_low`, `times_b_high`, `pairs_b`: the baseline's CPU seconds over the tool's in the same
        round, median and range; null where a round has no such pair.
    """
    rows = []
    for (workload,), part in timings.group_by(["pilot"], maintain_order=True):
        for phase, (wall, cpu) in PHASES.items():
            kept = part.filter(pl.col(wall).is_not_null())
            for tool in [name for name in TOOLS if name in kept["tool"]]:
                mine = kept.filter(pl.col("tool") == tool)
                row = {"workload": workload, "tool": tool, "phase": phase, **_medians(mine, wall, cpu)}
                for baseline in BASELINES:
                    row |= _ratio(kept, tool, baseline, cpu or wall)
                rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _medians(mine: pl.DataFrame, wall: str, cpu: str | None) -> dict[str, float | int | None]:
    """Return medians and speeds over one tool's rounds of one phase."""
    seconds = float(mine[wall].median() or 0.0)  # type: ignore[arg-type]  # the column holds floats
    steps, events = int(mine["steps"][0]), int(mine["events"][0])
    busy = None if cpu is None else float(mine[cpu].median() or 0.0)  # type: ignore[arg-type]  # as above
    return {
        "rounds": len(mine),
        "wall": seconds,
        "cpu": busy,
        "steps": steps,
        "events": events,
        "steps_a_second": steps / seconds,
        "events_a_second": events / seconds,
        "bytes_a_step": mine["bytes_a_step"][0],
        "peak_memory_mb": float(mine["peak_memory_mb"].max() or 0.0),  # type: ignore[arg-type]  # as above
    }


def _ratio(kept: pl.DataFrame, tool: str, baseline: str, clock: str) -> dict[str, float | int | None]:
    """Return the baseline's seconds over the tool's, paired by round: median, lowest, highest and number."""
    base = kept.filter(pl.col("tool") == baseline).select("replication", base=pl.col(clock))
    pairs = kept.filter(pl.col("tool") == tool).join(base, on="replication")
    ratios = (pairs["base"] / pairs[clock]).sort()
    of_ratios = {"": ratios.median(), "_low": ratios.min(), "_high": ratios.max()}
    named: dict[str, float | int | None] = {f"times_{baseline}{key}": value for key, value in of_ratios.items()}  # type: ignore[misc]  # floats or None
    return named | {f"pairs_{baseline}": len(ratios)}


def speed_table(frame: pl.DataFrame, title: str, notes: Sequence[str]) -> Table:
    """Return the speeds of one workload as a table: one row a tool and phase."""
    headings = (
        gettext("tool"),
        gettext("phase"),
        gettext("seconds"),
        gettext("steps a second"),
        gettext("× SimPy"),
        gettext("× reference"),
        gettext("bytes a step"),
        gettext("peak MB"),
    )
    columns = tuple(Column(h, "left" if i < 2 else "right") for i, h in enumerate(headings))
    rows = []
    for row in frame.to_dicts():
        end_to_end = row["phase"] == "end_to_end"
        rows.append(
            (
                title_of(row["tool"]),
                phase_of(row["phase"]),
                number(row["wall"], 3 if row["wall"] < 10 else 1),
                number(row["steps_a_second"], 0),
                *(_ratio_text(row, baseline) for baseline in BASELINES),
                number(row["bytes_a_step"] if end_to_end else None, 0),
                number(row["peak_memory_mb"] if end_to_end else None, 0),
            )
        )
    return Table(title, columns, tuple(rows), tuple(notes))


def scale_table(frame: pl.DataFrame, titles: Mapping[str, str]) -> Table:
    """Return time and memory of the scale cases as a table: one row a case, beside the first one."""
    rows = frame.filter((pl.col("phase") == "end_to_end") & pl.col("workload").is_in(list(titles))).to_dicts()
    first = rows[0]
    headings = (
        gettext("case"),
        gettext("million steps"),
        gettext("seconds"),
        gettext("peak MB"),
        gettext("× steps"),
        gettext("× seconds"),
        gettext("× peak memory"),
    )
    cells = tuple(
        (
            titles[row["workload"]],
            number(row["steps"] / 1e6, 2),
            number(row["wall"], 1),
            number(row["peak_memory_mb"], 0),
            *(number(row[key] / first[key], 1) for key in ("steps", "wall", "peak_memory_mb")),
        )
        for row in rows
    )
    note = gettext(
        "One replication each, on one core, in a fresh process: start-up, sampling, engine, checks and measures. "
        "Multiples are of {case}.",
        case=titles[first["workload"]].lower(),
    )
    return Table(
        gettext("Scale"), tuple(Column(h, "right" if i else "left") for i, h in enumerate(headings)), cells, (note,)
    )


def _ratio_text(row: Mapping[str, Any], baseline: str) -> str:
    """Return a ratio with its range, in three digits."""
    values = [row[f"times_{baseline}{end}"] for end in ("", "_low", "_high")]
    if row["tool"] == baseline or values[0] is None:
        return "–"
    middle, low, high = (_digits(value) for value in values)
    return middle if row[f"pairs_{baseline}"] == 1 else f"{middle} [{low}–{high}]"


def _digits(value: float | None) -> str:
    """Return a ratio in about three digits."""
    size = abs(value or 0.0)
    return number(value, 0 if size >= 100 else 1 if size >= 10 else 2)


def means_table(figures: pl.DataFrame, title: str) -> Table:
    """Return the means of every tool beside each other and beside what is expected."""
    names = figures["name"].unique(maintain_order=True).to_list()
    minutes = (gettext("{measure}, min", measure=phrase(name)) for name in names)
    headings = (gettext("tool"), *minutes, gettext("waits that differ"))
    columns = tuple(Column(h, "left" if i == 0 else "right") for i, h in enumerate(headings))
    rows = []
    for (tool,), part in figures.group_by(["tool"], maintain_order=True):
        cells = [f"{row['mean']:.4f} ± {row['standard_error']:.4f}" for row in part.to_dicts()]
        differing = gettext("{part:,} of {whole:,}", part=part["differing"][0], whole=part["waits"][0])
        rows.append((title_of(str(tool)), *cells, differing))
    expected = figures.group_by("name", maintain_order=True).first()["expected"].to_list()
    rows.append((gettext("expected"), *(f"{value:g}" for value in expected), ""))
    first = title_of(str(figures["tool"][0]))
    largest = max(abs(r["mean"] - r["expected"]) / r["standard_error"] for r in figures.to_dicts())
    notes = (
        gettext(
            "Mean ± standard error (means of 20 batches). Waits are compared, request by request, with those of "
            "{tool}; tools may take events of one millisecond in different orders.",
            tool=first,
        ),
        gettext("The mean farthest from its expected value is {largest:.1f} standard errors away.", largest=largest),
    )
    return Table(title, columns, tuple(rows), notes)
