"""The notes of a comparison beside its tables: capacity, warm-up, growing backlogs and cost."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sim.config.compose import shipped_districts
from sim.config.report import Response
from sim.language import gettext, listed, phrase, run_together
from sim.report import counts
from sim.report.tables import number
from sim.statistics.mser5 import latest, warm_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sim.config import Level, Pilot
    from sim.study.design import Design
    from sim.study.replications import Speed

WEEK = 7
"""Days of one."""

NEARLY_FULL = 0.95
"""Load from which a level counts as at its limit."""

NAMED = 6
"""How many overloaded posts a note names."""

OF_ANOTHER = 1.5
"""By which factor residents must be more or fewer before a shipped district's hours of work are taken for no choice."""


def borrowed_work(pilots: Iterable[Pilot]) -> list[str]:
    """Return a sentence where a district has the hours of a shipped one, and by far more or fewer residents."""
    sentences = []
    for district in (pilot.district for pilot in pilots):
        work = district.work.model_dump(mode="json")
        for shipped in shipped_districts():
            ratio = district.population / shipped["population"]
            if max(ratio, 1 / ratio) < OF_ANOTHER:
                continue
            if same := [f"district.work.{part}" for part, hours in work.items() if hours == shipped["work"][part]]:
                sentences.append(
                    gettext(
                        "{parts} must be set for {residents:,} residents: these hours are those of {shipped}, which "
                        "has {others:,}, and they do not follow the population.",
                        parts=listed(same), residents=district.population, shipped=phrase(shipped["name"]),
                        others=shipped["population"],
                    )
                )  # fmt: skip
    return list(dict.fromkeys(sentences))


def who_cannot_keep_up(designs: Iterable[Design]) -> list[str]:
    """Return a sentence a design on the posts that cannot keep up."""
    return [
        run_together([
            gettext(
                "{pilot}: {posts} cannot keep up with their work (duties that lapse left out): {which}.",
                pilot=design.name, posts=counts.posts(len(design.overloaded)), which=_some(design.overloaded),
            ),
            _what_piles_up(design),
        ])
        for design in designs
        if design.overloaded
    ]  # fmt: skip


def _some(posts: Sequence[str]) -> str:
    """Return the first of some posts, with a sign where there are more."""
    return listed([*posts[:NAMED], *(["..."] if len(posts) > NAMED else [])])


def _what_piles_up(design: Design) -> str:
    """Return whose work piles up at the posts that cannot keep up, by arithmetic."""
    n = sum(pool.holds_up_residents for pool in design.pools)
    if n == 0:
        return gettext("Paper piles up there; residents' requests go before it, and do not.")
    if n == len(design.overloaded):
        return gettext("Residents' requests pile up there.")
    return gettext("At {n} of them residents' requests pile up, at the others paper alone does.", n=n)


def notices(measures: pl.DataFrame, pilots: Iterable[Pilot], called: Mapping[str, str]) -> list[str]:
    """Return the notices of the pilots' configs whose mean is above its bound; `called` has what a pilot is called."""
    sentences = []
    for pilot in pilots:
        for notice in pilot.report.notices:
            share = _mean(measures, pilot.name, notice.response)
            if share > notice.above:
                followed = bool(notice.unless) and pilot.has(notice.unless)
                words = [notice.says] if followed else [notice.says, notice.advice]
                filled_in = {"pilot": called[pilot.name], "share": f"{share:.0%}", "knob": notice.knob}
                said = Template(run_together(map(phrase, words))).substitute(filled_in)
                sentences.append(" ".join(said.split()))
    return sentences


def horizon(waiting: pl.DataFrame, pilots: Iterable[Pilot]) -> list[str]:
    """Return a sentence a pilot on its warm-up, by MSER-5."""
    sentences = []
    for pilot in pilots:
        table = waiting.filter(waiting["pilot"] == pilot.name).pivot(on="day", index="replication", values="hours")
        means = table.drop("replication").to_numpy()
        days = np.array([int(c) for c in table.columns if c != "replication"])
        begin = WEEK * pilot.run.warm_up_weeks
        used = int((days < begin).sum())
        chosen = warm_up(means, 0)
        words = {"pilot": pilot.name, "wanted": chosen, "used": used}
        if chosen <= used:
            told = gettext(
                "{pilot}: MSER-5 on the backlog of each working day would drop {wanted} working days; {used} were "
                "dropped, enough.",
                **words,
            )
        elif chosen < latest(len(days)):
            told = gettext(
                "{pilot}: MSER-5 on the backlog of each working day would drop {wanted} working days; {used} were "
                "dropped, not enough.",
                **words,
            )
        else:
            middle = WEEK * (pilot.run.warm_up_weeks + pilot.run.measured_weeks / 2)
            end = WEEK * (pilot.run.warm_up_weeks + pilot.run.measured_weeks)
            told = gettext(
                "{pilot}: no warm-up of up to half of the run makes the work that waits steady (MSER-5): it is "
                "{first} hours in the first half of the weeks that are measured and {last} in the second, so that what "
                "is said of it depends on how long the run is.",
                pilot=pilot.name,
                first=number(means[:, (days >= begin) & (days < middle)].mean(), 0),
                last=number(means[:, (days >= middle) & (days < end)].mean(), 0),
            )
        sentences.append(told)
    return sentences


def capacity(
    measures: pl.DataFrame, backlog: pl.DataFrame, designs: Mapping[str, Design], called: Mapping[str, str]
) -> list[str]:
    """Return a sentence on each level that does not have the staff for its work, or is near it.

    `called` has what a design is called, by its name.
    """
    sentences = []
    first = next(iter(designs))
    for name, design in designs.items():
        for level, heads in design.heads.items():
            load = design.load(level)
            words = {"pilot": called[name], "level": phrase(level), "load": load, "heads": heads}
            if load >= 1:
                lacks = gettext(
                    "{pilot} does not have the staff it needs: the {level} has {load:.2f} times the work that its "
                    "{heads} heads have time for.",
                    **words,
                )
                growing = weekly_growth(backlog, design.pilot, level)
                sentences.append(
                    run_together([lacks, *_what_follows(measures, design, level, (first, called[first]), growing)])
                )
            elif load >= NEARLY_FULL:
                sentences.append(
                    gettext(
                        "{pilot} is at its limit: the {level} has work for {load:.0%} of the time of its {heads} "
                        "heads.",
                        **words,
                    )
                )
    return sentences


def _what_follows(
    measures: pl.DataFrame, design: Design, level: Level, baseline: tuple[str, str], growing: float
) -> list[str]:
    """Return what follows from a level that does not have the staff for its work, whose backlog grows by so much.

    The baseline is its name, and what it is called.
    """
    first, its_title = baseline
    on_time = Response("on_time")
    kept = gettext("{share:.0%} kept their limit", share=_mean(measures, design.name, on_time))
    if design.name != first:
        before = _mean(measures, first, on_time)
        kept = gettext("{kept} ({share:.0%} under {baseline})", kept=kept, share=before, baseline=its_title)
    if any(pool.level == level and pool.holds_up_residents for pool in design.pools):
        still_open = _mean(measures, design.name, Response("still_open"))
        return [
            gettext(
                "Its backlog grows by {growing:,.0f} hours a week; {still_open:.0%} of all requests were still open at "
                "the end of the run; {kept}, and fewer the longer it lasts.",
                growing=growing, still_open=still_open, kept=kept,
            ),
            gettext("The other measures hold only for requests that do not need that level."),
        ]  # fmt: skip
    on_date = _mean(measures, design.name, Response("paper_on_time", f"level:{level}"))
    if round(on_date, 2) == 0:
        return [
            gettext(
                "Its backlog grows by {growing:,.0f} hours a week; as residents' files go before paper, {kept}; next "
                "to none of its paper was done by its date.",
                growing=growing, kept=kept,
            )
        ]  # fmt: skip
    return [
        gettext(
            "Its backlog grows by {growing:,.0f} hours a week; as residents' files go before paper, {kept}; of its "
            "paper {on_date:.0%} was done by its date, and less the longer it lasts.",
            growing=growing, kept=kept, on_date=on_date,
        )
    ]  # fmt: skip


def growth(backlog: pl.DataFrame, pilots: Iterable[Pilot]) -> list[str]:
    """Return a sentence a pilot on the growth of its backlog after the warm-up."""
    sentences = []
    for pilot in pilots:
        slopes = [f"{phrase(level)} {weekly_growth(backlog, pilot, level):+,.0f}" for level in pilot.structure.levels]
        sentences.append(
            gettext(
                "{pilot}: change of the backlog after the warm-up, hours a week: {levels}.",
                pilot=pilot.name, levels=listed(slopes),
            )
        )  # fmt: skip
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
    in_engine = sum(f["seconds_engine"] for f in facts)
    return gettext(
        "{replications}, when they were run: {steps:,} steps, {a_second:,.0f} steps a second a process for complete "
        "replications, {in_engine:,.0f} in the engine; peak memory {memory:,} MB a process.",
        replications=counts.replications(len(facts)), steps=steps, a_second=steps / max(seconds, 1e-9),
        in_engine=steps / max(in_engine, 1e-9), memory=max((f["peak_memory_mb"] for f in facts), default=0),
    )  # fmt: skip


def cost(speed: Speed) -> str:
    """Return a sentence on the cost of the run."""
    if not speed.steps:
        return gettext("Nothing was simulated: every replication was kept already.")
    return run_together([
        gettext(
            "{steps:,} steps in {seconds:,.0f} s: {a_second:,.0f} steps a second in all, peak memory {memory:,} MB a "
            "process.",
            steps=speed.steps, seconds=speed.seconds, a_second=speed.steps_a_second, memory=speed.peak_memory_mb,
        ),
        gettext("Little's law and the balance held in every replication."),
    ])  # fmt: skip
