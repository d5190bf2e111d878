"""The notes of a comparison beside its tables: capacity, warm-up, growing backlogs and cost."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sim.config.report import Response
from sim.report.tables import counted
from sim.statistics.mser5 import warm_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sim.config import Pilot
    from sim.config.report import Notice
    from sim.study.design import Design
    from sim.study.replications import Speed

NEARLY_FULL = 0.95
"""Load from which a level counts as at its limit."""

NAMED = 6
"""How many overloaded posts a note names."""


def who_cannot_keep_up(designs: Iterable[Design]) -> list[str]:
    """Return a sentence a design on the posts that cannot keep up."""
    return [
        f"{design.name}: {counted(len(design.overloaded), 'post')} cannot keep up with their work (duties that lapse "
        f"left out): {', '.join(design.overloaded[:NAMED])}{', ...' if len(design.overloaded) > NAMED else ''}. "
        f"{_what_piles_up(design)}"
        for design in designs
        if design.overloaded
    ]


def _what_piles_up(design: Design) -> str:
    """Return whose work piles up at the posts that cannot keep up, by arithmetic."""
    n = sum(pool.holds_up_residents for pool in design.pools)
    if n == 0:
        return "Paper piles up there; residents' requests go before it, and do not."
    if n == len(design.overloaded):
        return "Residents' requests pile up there."
    return f"At {n} of them residents' requests pile up, at the others paper alone does."


def notices(measures: pl.DataFrame, pilots: Iterable[Pilot]) -> list[str]:
    """Return the notices of the pilots' configs whose mean is above its bound."""
    sentences = []
    for pilot in pilots:
        for notice in pilot.report.notices:
            share = _mean(measures, pilot.name, notice.response)
            if share > notice.above:
                words = notice.says if _is_followed(notice, pilot) else f"{notice.says} {notice.advice}"
                filled = Template(words).substitute(pilot=pilot.name, share=f"{share:.0%}")
                sentences.append(" ".join(filled.split()))
    return sentences


def _is_followed(notice: Notice, pilot: Pilot) -> bool:
    """Return whether a pilot already has the knobs that a notice advises."""
    plain = pilot.model_dump(mode="json")

    def value(path: str) -> Any:
        node: Any = plain
        for part in path.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        return node

    return bool(notice.unless) and all(value(path) == wanted for path, wanted in notice.unless.items())


def horizon(waiting: pl.DataFrame, pilots: Iterable[Pilot]) -> list[str]:
    """Return a sentence a pilot on its warm-up, by MSER-5."""
    sentences = []
    for pilot in pilots:
        table = waiting.filter(waiting["pilot"] == pilot.name).pivot(on="day", index="replication", values="hours")
        means = table.drop("replication").to_numpy()
        days = np.array([int(c) for c in table.columns if c != "replication"])
        used = int((days < 7 * pilot.run.warm_up_weeks).sum())
        chosen = warm_up(means[:, : len(days)], 0)
        verdict = "enough" if chosen <= used else "not enough: the backlog is still settling or growing"
        sentences.append(
            f"{pilot.name}: MSER-5 on the backlog of each working day would drop {chosen} working days; "
            f"{used} were dropped, {verdict}."
        )
    return sentences


def capacity(measures: pl.DataFrame, backlog: pl.DataFrame, designs: Mapping[str, Design]) -> list[str]:
    """Return a sentence on each level that does not have the staff for its work, or is near it."""
    sentences = []
    first = next(iter(designs))
    for name, design in designs.items():
        for level, heads in design.heads.items():
            load = design.load(level)
            if load >= 1:
                on_time = Response("on_time")
                before = "" if name == first else f" ({_mean(measures, first, on_time):.0%} under {first})"
                kept = f"{_mean(measures, name, on_time):.0%} kept their limit{before}"
                if any(pool.level == level and pool.holds_up_residents for pool in design.pools):
                    open_share = _mean(measures, name, Response("still_open"))
                    so = (
                        f"{open_share:.0%} of all requests were still open at the end "
                        f"of the run; {kept}, and fewer the longer it lasts. The other measures hold only for requests "
                        "that do not need that level."
                    )
                else:
                    on_date = _mean(measures, name, Response("paper_on_time", f"level:{level}"))
                    so = (
                        f"as residents' files go before paper, {kept}; of its paper {on_date:.0%} was done by its "
                        "date, and less the longer it lasts."
                    )
                sentences.append(
                    f"{name} does not have the staff it needs: the {level} has {load:.2f} times the work that its "
                    f"{heads} heads have time for. Its backlog grows by "
                    f"{weekly_growth(backlog, design.pilot, level):,.0f} hours a week; {so}"
                )
            elif load >= NEARLY_FULL:
                sentences.append(
                    f"{name} is at its limit: the {level} has work for {load:.0%} of the time of its {heads} heads."
                )
    return sentences


def growth(backlog: pl.DataFrame, pilots: Iterable[Pilot]) -> list[str]:
    """Return a sentence a pilot on the growth of its backlog after the warm-up."""
    sentences = []
    for pilot in pilots:
        slopes = [f"{level} {weekly_growth(backlog, pilot, level):+,.0f}" for level in pilot.structure.levels]
        sentences.append(f"{pilot.name}: change of the backlog after the warm-up, hours a week: {', '.join(slopes)}.")
    return sentences


def weekly_growth(backlog: pl.DataFrame, pilot: Pilot, level: str) -> float:
    """Return the growth of the backlog of a level over all weeks after the warm-up (hours a week)."""
    weeks = backlog.filter(
        pl.col("pilot") == pilot.name, pl.col("post") == level, pl.col("week") >= pilot.run.warm_up_weeks
    )
    means = weeks.group_by("week").agg(pl.col("hours").mean()).sort("week")
    return float(np.polyfit(means["week"], means["hours"], 1)[0]) if len(means) > 1 else float("nan")


def _mean(measures: pl.DataFrame, pilot: str, response: Response) -> float:
    """Return the mean of a response over all replications."""
    cells = measures.filter(
        pl.col("pilot") == pilot, pl.col("measure") == response.measure, pl.col("group") == response.group
    )
    return float(cells["value"].to_numpy().mean())


def kept_cost(facts: Sequence[Mapping[str, Any]]) -> str:
    """Return a sentence on the cost of kept replications when they were run; equal designs share theirs."""
    steps, seconds = sum(f["steps"] for f in facts), sum(f["seconds"] for f in facts)
    return (
        f"{counted(len(facts), 'replication')}, when they were run: {steps:,} steps, "
        f"{steps / max(seconds, 1e-9):,.0f} steps a second a process for complete "
        f"replications, {steps / max(sum(f['seconds_engine'] for f in facts), 1e-9):,.0f} in the engine; peak memory "
        f"{max((f['peak_memory_mb'] for f in facts), default=0):,} MB a process."
    )


def cost(speed: Speed) -> str:
    """Return a sentence on the cost of the run."""
    if not speed.steps:
        return "Nothing was simulated: every replication was kept already."
    return (
        f"{speed.steps:,} steps in {speed.seconds:,.0f} s: {speed.steps_a_second:,.0f} steps a second in all, "
        f"peak memory {speed.peak_memory_mb:,} MB a process. Little's law and the balance held in every replication."
    )
