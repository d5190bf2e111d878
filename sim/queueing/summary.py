"""What replications of a queueing network say: every measure with its interval, beside theory where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.queueing.textbook import textbook
from sim.report.tables import rows_table
from sim.statistics.intervals import mean_interval

if TYPE_CHECKING:
    import polars as pl

    from sim.queueing.schema import QueueNetwork
    from sim.report.tables import Table

ALWAYS_BUSY = 0.995


def summary(measures: pl.DataFrame, plan: QueueNetwork, name: str, *, seed: int, confidence: float) -> Table:
    """Return the mean of every measure with its interval, beside its theoretical value where there is one.

    Parameters
    ----------
    measures : polars.DataFrame
        As from `sim.measures.queueing`, with the column `replication`.
    plan : QueueNetwork
        The network.
    name : str
        What it is called.
    seed : int
        Of the replications.
    confidence : float
        Of the intervals, each on its own.
    """
    known = textbook(plan)
    rows = []
    single = len(plan.stations) == 1 and len(plan.classes) == 1  # then every group says the same
    for (measure, group, unit), part in measures.group_by(["measure", "group", "unit"], maintain_order=True):
        if single and str(group).startswith(("station:", "class:")):
            continue
        interval = mean_interval(part.sort("replication")["value"].to_numpy(), confidence)
        row = {"measure": measure, "group": group, "unit": unit, "mean": interval.estimate}
        row |= {"low": interval.low, "high": interval.high}
        if known is not None:
            row["theory"] = known.values.get((str(measure), str(group)))
        rows.append(row)
    notes = [f"{plan.replications} replications, seed {seed}; {confidence:.0%} intervals, each on its own."]
    if known is not None:
        notes.append(f"Theory: the steady state of {known.name} ({known.source}).")
    return rows_table(f"Queueing network {name}".rstrip(), rows, notes=notes, places=4)


def warnings_of_load(measures: pl.DataFrame) -> list[str]:
    """Return a warning for every pool that was busy all the time: its queue may have no steady state."""
    busy = measures.filter(measures["measure"] == "utilisation")
    return [
        f"{group} was busy all the time: its offered load is at least its staff, no steady state exists unless "
        "customers give up waiting, and the means depend on the length of the run."
        for (group,), part in busy.group_by(["group"], maintain_order=True)
        if part["value"].to_numpy().mean() > ALWAYS_BUSY
    ]
