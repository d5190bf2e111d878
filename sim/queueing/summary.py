"""What replications of a queueing network say: every measure with its interval, beside theory where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.language import N_, gettext, phrase
from sim.queueing.textbook import textbook
from sim.report.tables import rows_table
from sim.statistics.intervals import mean_interval

if TYPE_CHECKING:
    import polars as pl

    from sim.queueing.schema import QueueNetwork
    from sim.queueing.textbook import Textbook
    from sim.report.tables import Table

ALWAYS_BUSY = 0.995

GROUPS = {"class": N_("class:{name}"), "station": N_("station:{name}"), "pool": N_("pool:{name}")}
"""Groups of customers, stations and staff, by the word before their colon."""

NAMES = (
    N_("arrivals"), N_("throughput"), N_("waiting_time"), N_("waiting_time_served"), N_("waiting_time_p50"),
    N_("waiting_time_p90"), N_("sojourn_time"), N_("service_time"), N_("waiting_share"), N_("abandoned_share"),
    N_("refused_share"), N_("open"), N_("number_waiting"), N_("number_present"), N_("utilisation"),
    N_("changeover_share"), N_("overtime"), N_("all"), N_("share"), N_("requests"),
    N_("second"), N_("minute"), N_("hour"), N_("day"), N_("week"),
    N_("per second"), N_("per minute"), N_("per hour"), N_("per day"), N_("per week"),
)  # fmt: skip
"""Of measures, as the textbooks have them, and of units."""


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
        row: dict[str, object] = {
            gettext("measure"): phrase(str(measure)), gettext("group"): _group(str(group)),
            gettext("unit"): phrase(str(unit)), gettext("mean"): interval.estimate, gettext("low"): interval.low,
            gettext("high"): interval.high,
        }  # fmt: skip
        if known is not None:
            row[gettext("theory")] = known.values.get((str(measure), str(group)))
        rows.append(row)
    title = gettext("Queueing network {name}", name=name) if name else gettext("Queueing network")
    return rows_table(title, rows, notes=_notes(plan, known, seed, confidence), places=4)


def _notes(plan: QueueNetwork, known: Textbook | None, seed: int, confidence: float) -> list[str]:
    """Return how often a network was run, and what theory it is beside."""
    notes = [
        gettext(
            "{replications} replications, seed {seed}; {confidence:.0%} intervals, each on its own.",
            replications=plan.replications, seed=seed, confidence=confidence,
        )
    ]  # fmt: skip
    if known is not None:
        notes.append(gettext("Theory: the steady state of {name} ({source}).", name=known.name, source=known.source))
    return notes


def _group(group: str) -> str:
    """Return a group of a network in words: its name stays."""
    family, colon, name = group.partition(":")
    return gettext(GROUPS[family], name=name) if colon and family in GROUPS else phrase(group)


def warnings_of_load(measures: pl.DataFrame) -> list[str]:
    """Return a warning for every pool that was busy all the time: its queue may have no steady state."""
    busy = measures.filter(measures["measure"] == "utilisation")
    return [
        gettext(
            "{group} was busy all the time: its offered load is at least its staff, no steady state exists unless "
            "customers give up waiting, and the means depend on the length of the run.",
            group=_group(str(group)),
        )
        for (group,), part in busy.group_by(["group"], maintain_order=True)
        if part["value"].to_numpy().mean() > ALWAYS_BUSY
    ]
