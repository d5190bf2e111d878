"""What a comparison leaves: tables on disk, charts, the summary in the terminal and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from rich.console import Console

    from sim.config import Pilot
    from sim.district.organisation import Organisation
    from sim.report.tables import Table
    from sim.store.store import Store
    from sim.study.comparison.face_validity import Target
    from sim.study.replications import Speed


KEPT = ("measures", "turnaround", "workload", "backlog", "waiting", "persons", "flows", "queues")


def tell(
    console: Console,
    store: Store,
    pilots: list[Pilot],
    organisations: dict[str, Organisation],
    before: Sequence[Table],
    notes: list[str],
    speed: Speed,
) -> None:
    """Write every table and chart of a finished study and print the summary."""
    from sim.report.comparison import comparison_table, summary_table
    from sim.report.sentences import conclusion
    from sim.report.tables import escape_markdown
    from sim.study import load_tables as tables
    from sim.study.comparison import equity_tables
    from sim.study.comparison.differences import compare
    from sim.study.comparison.redraw import draw, keep_pilots

    names = [p.name for p in pilots]
    run = pilots[0].run
    found = {name: store.table(name, names, run.replications) for name in KEPT}
    comparison = compare(found["measures"], names, pilots[0].mid, run, tables.staff_overloaded(organisations))
    found |= fairness(found["measures"], pilots)
    for name, frame in (*found.items(), ("comparison", comparison)):
        store.write_table(name, frame)
    after: list[Table] = [summary_table(found["measures"], comparison, names)]
    after += [comparison_table(comparison, name, run.confidence) for name in names[1:]]
    if len(names) > 1:
        after += [pairing_table(comparison), face_table(found["measures"], pilots)]
    shares = (found["equity"], found["equity_differences"], names)
    evenly = equity_tables.whole_tables(*shares, run.confidence)
    reasons = " ".join(comparison["why"]) if len(comparison) else ""
    overloaded = {
        name: posts for name, posts in tables.overloaded(organisations).items() if f"under {name} " in reasons
    }
    told = "\n\n".join(
        [
            *capacity(found["measures"], found["backlog"], organisations),
            *gone(found["measures"], names),
            *([conclusion(comparison, overloaded, names[0])] if len(names) > 1 else []),
        ]
    )
    checks = [
        *horizon(found["waiting"], pilots),
        *growth(found["backlog"], pilots, overloaded),
        kept_cost(store.facts(names, run.replications)),
    ]
    keep_pilots(store, pilots)
    draw(store)
    store.write_text(
        "summary.md", _markdown(pilots, [*before, *after, *evenly], [*notes, *checks], escape_markdown(told))
    )
    for table in (*after, equity_tables.short_table(*shares)):
        console.print(table)
    for note in (*checks, cost(speed)):
        console.print(f"- {note}", markup=False)
    console.print()
    console.print(told, markup=False)
    store.finish(
        {
            "steps": speed.steps,
            "steps_a_second": round(speed.steps_a_second),
            "peak_memory_mb": speed.peak_memory_mb,
        }
    )
    console.print(f"\nKept in {_shown(store)}", markup=False)


def fairness(measures: pl.DataFrame, pilots: Sequence[Pilot]) -> dict[str, pl.DataFrame]:
    """Return the tables of how evenly residents fare, and of how that differs from the first pilot."""
    from sim.study.comparison import equity

    run, names = pilots[0].run, [p.name for p in pilots]
    statistics = equity.statistics(measures, names, run.withhold_share)
    return {
        "equity": equity.table(statistics, measures, run.confidence),
        "equity_differences": equity.differences(statistics, measures, names, pilots[0].mid, run),
    }


def _shown(store: Store) -> str:
    """Return the results folder as the user would name it."""
    return f"results/{store.folder.name}/ (summary.md, charts/, measures.csv, comparison.csv, manifest.json)"


def pairing_table(comparison: pl.DataFrame) -> Table:
    """Return what the common random numbers achieved."""
    from sim.report.tables import rows_table

    rows = [
        {
            "measure": row["label"],
            "pilot": row["pilot"],
            "corr.": row["correlation"],
            "variance ratio": row["variance_ratio"],
        }
        for row in comparison.iter_rows(named=True)
        if not row["why"]
    ]  # fmt: skip
    note = (
        "Variance of the paired difference over that of independent runs: below 1, common random numbers helped; above "
        "1 they did not, as the designs' queues do not rise and fall together."
    )
    return rows_table("Pairing on common random numbers", rows, notes=(note,))


NEARLY_FULL = 0.95  # load from which a level is said to be at its limit


def face_targets() -> tuple[Target, ...]:
    """Return the figures measured elsewhere that the district model is held against (`configs/face.yaml`)."""
    from omegaconf import OmegaConf

    from sim.config.compose import CONFIGS
    from sim.study.comparison import face_validity

    plain = OmegaConf.to_container(OmegaConf.load(CONFIGS / "face.yaml"))
    return face_validity.targets({"targets": plain["targets"]} if isinstance(plain, dict) else {})


def face_table(measures: pl.DataFrame, pilots: Sequence[Pilot]) -> Table:
    """Return the targets of the evidence beside the model's values; none is an input."""
    from sim.study.comparison import face_validity

    return face_validity.compared_table(
        face_validity.judged(measures, pilots, face_targets()), [p.name for p in pilots]
    )


def gone(measures: pl.DataFrame, names: list[str]) -> list[str]:
    """Return a warning for every pilot under which many leave, as results speak only of the finished."""
    told = []
    for name in names:
        share = _mean(measures, name, "left_unserved")
        if share > 0.05:
            told.append(
                f"Under {name} {share:.0%} of requests left unserved: they gave up, were sent away or got no answer, "
                "and did not come again often enough. Turnaround, limits and hand-overs speak of the others only. This "
                "hangs on assumptions about the desk: work from above goes before residents, and nobody keeps the desk "
                "free of it unless service.desk=rota."
            )
    return told


def horizon(waiting: pl.DataFrame, pilots: list[Pilot]) -> list[str]:
    """Return what MSER-5 says about the warm-up of each pilot."""
    import numpy as np

    from sim.statistics.mser5 import warm_up

    notes = []
    for pilot in pilots:
        table = waiting.filter(waiting["pilot"] == pilot.name).pivot(on="day", index="replication", values="hours")
        means = table.drop("replication").to_numpy()
        days = np.array([int(c) for c in table.columns if c != "replication"])
        used = int((days < 7 * pilot.run.warm_up_weeks).sum())
        chosen = warm_up(means[:, : len(days)], 0)
        verdict = "enough" if chosen <= used else "not enough: the work that waits is still settling or growing"
        notes.append(
            f"{pilot.name}: MSER-5 on the work that waits each working day would drop {chosen} working days; "
            f"{used} were dropped, {verdict}."
        )
    return notes


def capacity(measures: pl.DataFrame, backlog: pl.DataFrame, organisations: dict[str, Organisation]) -> list[str]:
    """Return in plain words which designs do not have the staff where the work is."""
    from sim.district import workload

    told = []
    for name, organisation in organisations.items():
        pilot = organisation.pilot
        present = workload.present_hours(pilot)
        for level, heads in workload.heads(pilot).items():
            load = sum(w.hours for w in organisation.works if w.level == level and not w.lapses) / max(
                1, heads * present
            )
            if heads and load >= 1:
                slope = _slope(backlog, pilot, level)
                open_share = _mean(measures, name, "still_open")
                in_time = _mean(measures, name, "on_time")
                first = next(iter(organisations))
                before = "" if name == first else f" ({_mean(measures, first, 'on_time'):.0%} under {first})"
                told.append(
                    f"{name} cannot work as it is staffed: the {level} has {load:.2f} times the work that its "
                    f"{heads} heads have time for, the work that waits there grows by {slope:,.0f} hours "
                    f"a week, and {open_share:.0%} of all requests were still open at the end of the run; "
                    f"{in_time:.0%} kept their limit{before}, and fewer the longer it lasts. "
                    "What the other measures show holds only for requests that do not need it."
                )
            elif heads and load >= NEARLY_FULL:
                told.append(
                    f"{name} is at its limit: the {level} has work for {load:.0%} of the time of its {heads} heads."
                )
    return told


def _mean(measures: pl.DataFrame, pilot: str, measure: str) -> float:
    """Return the mean of a measure over all requests and replications."""
    import polars as pl

    cells = measures.filter(pl.col("pilot") == pilot, pl.col("measure") == measure, pl.col("group") == "all")
    return float(cells["value"].to_numpy().mean())


def _slope(backlog: pl.DataFrame, pilot: Pilot, level: str) -> float:
    """Return the growth of the work that waits at a level over all weeks after the warm-up (hours a week)."""
    import numpy as np
    import polars as pl

    weeks = backlog.filter(
        pl.col("pilot") == pilot.name, pl.col("post") == level, pl.col("week") >= pilot.run.warm_up_weeks
    )
    means = weeks.group_by("week").agg(pl.col("hours").mean()).sort("week")
    return float(np.polyfit(means["week"], means["hours"], 1)[0]) if len(means) > 1 else float("nan")


def growth(backlog: pl.DataFrame, pilots: list[Pilot], overloaded: dict[str, list[str]]) -> list[str]:
    """Return how fast the backlog of a pilot that cannot keep up grows in the measured weeks."""
    notes = []
    for pilot in pilots:
        if pilot.name in overloaded:
            slopes = {level: _slope(backlog, pilot, level) for level in pilot.structure.levels}
            told = ", ".join(f"{level} {slope:+,.0f}" for level, slope in slopes.items())
            notes.append(f"{pilot.name}: change of the work that waits after the warm-up, hours a week: {told}.")
    return notes


def kept_cost(facts: Sequence[Mapping[str, Any]]) -> str:
    """Return what all kept replications cost, whenever they were run."""
    steps, seconds = sum(f["steps"] for f in facts), sum(f["seconds"] for f in facts)
    return (
        f"{len(facts)} replications, {steps:,} steps: {steps / max(seconds, 1e-9):,.0f} steps a "
        f"second a process for whole "
        f"replications, {steps / max(sum(f['seconds_engine'] for f in facts), 1e-9):,.0f} in the engine; peak memory "
        f"{max((f['peak_memory_mb'] for f in facts), default=0):,} MB a process."
    )


def cost(speed: Speed) -> str:
    """Return what the run cost."""
    if not speed.steps:
        return "Nothing was simulated: every replication was kept already."
    return (
        f"{speed.steps:,} steps in {speed.seconds:,.0f} s: {speed.steps_a_second:,.0f} steps a second in all, "
        f"peak memory {speed.peak_memory_mb:,} MB a process. Little's law and the balance held in every replication."
    )


def _markdown(pilots: list[Pilot], tables: Sequence[Table], notes: list[str], told: str) -> str:
    """Return the whole summary as Markdown."""
    from sim.report.tables import escape_markdown
    from sim.study.comparison.redraw import footer

    title = escape_markdown(" against ".join(p.title for p in pilots[:2]))
    parts = [
        f"# {escape_markdown(pilots[0].district.name)}: {title}",
        told,
        *(t.to_markdown() for t in tables),
    ]
    parts.append("\n".join(f"- {escape_markdown(note)}" for note in notes))
    parts.append(escape_markdown(footer(pilots)))
    return "\n\n".join(part for part in parts if part) + "\n"
