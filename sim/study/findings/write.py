"""Writes the tables, charts and summary.md of a study."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.config.compose import assumptions
from sim.language import (
    ENGLISH,
    N_,
    both,
    gettext,
    listed,
    ngettext,
    phrase,
    run_together,
    separated,
    speaking,
    spoken,
)  # fmt: skip
from sim.language.worded import Worded
from sim.report import counts
from sim.report.console import at_work
from sim.report.pages import Page, Printed, page
from sim.report.screen import Screen, where
from sim.report.sentences import trial_run, withheld_notes
from sim.report.tables import FLAG, Table
from sim.statistics.intervals import longer_side
from sim.statistics.reasons import OfError
from sim.store import files
from sim.store.store import printed_in
from sim.study import scope
from sim.study.budget.adjusting import adjustments
from sim.study.budget.promises import promised
from sim.study.budget.withholding import rule_of
from sim.study.design import called
from sim.study.findings import charting, choosing, sentences
from sim.study.findings import tables as findings
from sim.study.findings.glance import Glance, glance
from sim.study.findings.naming import Words, words_of
from sim.study.folder.drawing import NOTE
from sim.study.folder.printed import in_each_language
from sim.study.folder.printed import keep as keep_printed
from sim.study.withholding import BY_OVERLOAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sim.config.report import Response
    from sim.statistics.warm_up import WarmUp
    from sim.store.store import Store
    from sim.study.budget.adjusting import Adjusted
    from sim.study.budget.outcome import Outcome
    from sim.study.budget.runs import Runs
    from sim.study.folder.drawing import Wanted
    from sim.study.points.plan import Plan
    from sim.study.points.screening import Screened

CONTROLS = "controls"
"""The table of what responses are adjusted for."""

AFTER_A_SEARCH = N_(
    "A search chose by the values how many replications each point has, so that these intervals hold less often than "
    "they say, and the mean of what was chosen is likely to be too good."
)
"""A mark on means after a search that ran some points longer than others."""

AFTER_A_CHOICE = N_("The mean of what a search chose is likely to be too good.")
"""A mark on means after a search that gave all points the same number of replications."""

SHOWN = 40
"""Points that a terminal and summary.md are shown; all are in summary.csv."""


@dataclass(frozen=True)
class Written:
    """What has been written of a study.

    Attributes
    ----------
    sentences
        The findings of the study, in every language by its name.
    files
        The names of the files.
    """

    sentences: Mapping[str, tuple[str, ...]]
    files: tuple[str, ...]


def write(
    store: Store,
    plan: Plan,
    runs: Runs,
    screened: Mapping[str, Screened],
    outcome: Outcome,
    warm_up: WarmUp | None,
    wanted: Wanted,
) -> Written:
    """Write every table, the wanted charts and every text of a study."""
    with at_work(runs.console, gettext("Judging the points ...")):
        with speaking(ENGLISH):
            tables, remarks = tables_of(store.folder.name, plan, runs, screened, outcome, warm_up)
        for name, table in tables.items():
            store.write_table(name, table.in_english())
    notes = notes_of(plan, tables, warm_up) | {"texts": in_each_language(partial(texts_of, plan, runs, tables))}
    store.write_bytes(charting.NOTES, files.readable(notes))
    drawn = charting.draw(store, wanted, runs.console)
    units = {response: runs.unit(response) for response in plan.study.asked}

    def sentences_now() -> tuple[str, ...]:
        labels = {point.name: point.spoken() for point in plan.points}
        fresh = partial(choosing.fresh, plan, runs, labels)
        return (
            # what was asked for comes first, and is never cut off a screen
            *choosing.choices(plan, units, outcome.choices, labels, [*map(fresh, outcome.choices, outcome.fresh)]),
            *sentences.sentences(plan, tables_now(), units, words_of(plan)),
            *(say() for say in remarks),
            *_left_out(plan, runs, screened),
        )

    def tables_now() -> dict[str, pl.DataFrame]:
        return {name: table.spoken() for name, table in tables.items()}

    def shown_now() -> Table:
        asked = {response: units[response] for response in plan.study.responses}
        known = tables_now()
        searched = after_a_search(plan, known["design"])
        return responses(asked, known["summary"], words_of(plan), searched=searched, controls=known.get(CONTROLS))

    every = in_each_language(sentences_now)
    store.write_text(
        "summary.md", _markdown(plan, shown_now(), every[spoken().name], _footer(plan, runs, tables), drawn)
    )
    keep_printed(
        store,
        lambda: printed(
            store.folder.name,
            plan,
            screened,
            shown_now(),
            every[spoken().name],
            len(drawn),
            glance(plan, tables_now(), units, words_of(plan), shown_now(), [one.chosen for one in outcome.choices]),
        ),
    )
    names = [f"{name}.{kind}" for name in tables for kind in ("parquet", "csv")]
    names += [f"charts/{name}.{kind}" for name in drawn for kind in wanted.look.formats]
    return Written(every, (*names, charting.NOTES, NOTE, *map(printed_in, every), "summary.md"))


def printed(
    name: str, plan: Plan, screened: Mapping[str, Screened], shown: Table, all_sentences: Sequence[str], n_charts: int,
    glanced: Glance,
) -> Printed:  # fmt: skip
    """Return what a study has to say in a folder of this name: its findings, a small table, and the pages behind it."""
    from sim.study.findings.preview import points_table

    study, run = plan.study, plan.first.run
    n_points = counts.points(len(plan.points))
    what = gettext(
        "{study}: {points} under {pilots}, each over {weeks} on the same residents.",
        study=phrase(study.title), points=n_points, pilots=listed(called(plan.titles).values()),
        weeks=counts.weeks(run.measured_weeks),
    )  # fmt: skip
    screen = Screen(
        what,
        tuple(all_sentences),
        glanced.table,
        (assumptions(plan.first.district.name),),
        where(name, n_charts=n_charts),
        sample=glanced.sample,
        caption=glanced.caption,
    )
    findings_page = Page(
        "findings", gettext("what was found, in sentences"), paragraphs=tuple(f"- {one}" for one in all_sentences)
    )
    return Printed(screen, (page("points", points_table(plan, screened)), page("responses", shown), findings_page))


def tables_of(
    name: str,
    plan: Plan,
    runs: Runs,
    screened: Mapping[str, Screened],
    outcome: Outcome,
    warm_up: WarmUp | None,
) -> tuple[dict[str, Worded], list[Callable[[], str]]]:
    """Return every table of a study, and what says sentences on them."""
    run, mid = plan.first.run, plan.first.mid
    rule, known = rule_of(plan, runs, screened), promised(plan, runs, screened)
    adjusted = adjustments(plan, runs, rule)
    tables = {
        "design": Worded(findings.design_table(plan, runs, screened), {}),
        "measures": Worded(findings.measures_table(runs, name), {}),
        "summary": findings.summary_table(plan, runs, rule, known, run.confidence, adjusted),
    }
    compared = findings.effects_table(plan, runs, rule, mid, run, adjusted)
    if len(compared.table):
        tables["effects"] = compared
    if adjusted:
        tables[CONTROLS] = controls_table(adjusted)
    if len(outcome.reached):
        tables["precision"] = Worded(outcome.reached, {})
    if outcome.choices:
        tables["choice"] = _choice_table(plan, outcome)
    if any(outcome.fresh):
        tables["fresh"] = Worded(findings.fresh_table(outcome), {})
    made = findings.findings(plan, runs, rule, known, screened, outcome, adjusted)
    tables |= made.tables
    if warm_up is not None:
        chosen = warm_up.chosen.select(
            "series", chosen=pl.when(pl.col("judged") | ~(pl.col("growth_low") > 0)).then("weeks")
        )
        weeks = warm_up.table.join(chosen, on="series", how="left", maintain_order="left")
        tables["warm_up"] = Worded(weeks, {"series": [partial(warm_up.words, one) for one in weeks["series"]]})
        made.remarks.append(partial(_chosen_warm_up, warm_up))
    return tables, made.remarks


def _choice_table(plan: Plan, outcome: Outcome) -> Worded:
    """Return one row a candidate of every search: whether it was chosen, and how it fared."""
    rows, labels = [], []
    for choice in outcome.choices:
        for one in choice.candidates:
            rows.append(
                {"asked": choice.asked(), "point": one.name, "label": "", "verdict": one.verdict,
                 "replications": one.used, "chosen": one.name == choice.chosen}
            )  # fmt: skip
            labels.append(plan.point(one.name).spoken)
    return Worded(pl.DataFrame(rows), {"label": labels})


def _chosen_warm_up(warm_up: WarmUp) -> str:
    """Return which warm-up was chosen, and what is doubtful about it."""
    chosen = gettext("MSER-5 on a pilot run of the base chose {n} weeks of warm-up.", n=warm_up.weeks)
    return run_together([chosen, *(say() for say in warm_up.unsure)])


def notes_of(plan: Plan, tables: Mapping[str, Worded], warm_up: WarmUp | None) -> dict[str, Any]:
    """Return what the charts need beside tables and texts, so that they can be drawn from the folder alone."""
    run, first = plan.first.run, plan.first
    judged = {response: plan.report.judged(response) for response in plan.study.responses}
    return {
        "tables": [name for name in charting.DRAWN if name in tables],
        "designs": [{"kind": block.kind, "factors": list(block.factors)} for block in plan.settings.blocks],
        "promises": {str(response): one.model_dump(mode="json") for response, one in plan.study.promises.items()},
        "mids": {str(r): first.mid.least(one) for r, one in judged.items() if one and one.mid is not None},
        "more_is_better": {str(r): one.higher_is_better for r, one in judged.items() if one and one.mid is not None},
        "confidence": run.confidence,
        "warm_up_weeks": warm_up.weeks if warm_up else None,
    }


def texts_of(plan: Plan, runs: Runs, tables: Mapping[str, Worded]) -> dict[str, Any]:
    """Return the texts of the charts in the language that is spoken.

    `cells` has the labels and reasons of tables that are others than on disk: by table, column and number of row.
    """
    cells = {name: tables[name].spoken_cells() for name in (*charting.DRAWN, *charting.SHOWN) if name in tables}
    return {
        "title": phrase(plan.study.title),
        **words_of(plan).plain(),
        "interval": gettext("{confidence:.0%} intervals, each on its own", confidence=plan.first.run.confidence),
        "footer": _footer(plan, runs, tables),
        "cells": {name: one for name, one in cells.items() if one},
    }


def _footer(plan: Plan, runs: Runs, tables: Mapping[str, Worded]) -> str:
    """Return the line under every chart: where the numbers come from, and how they are to be read."""
    run, first = plan.first.run, plan.first
    each = [runs.count(name) for name in runs.complete or runs.keys]
    words = {
        "district": phrase(first.district.name),
        "replications": counts.replications(max(each)),
        "least": min(each),
        "places": scope.places(first),
        "seed": run.seed,
        "weeks": counts.weeks(run.measured_weeks),
        "warm_up": run.warm_up_weeks,
    }
    message = (
        N_(
            "{district}; {replications} a point on the same residents, {places}, seed {seed}, {weeks} measured after "
            "{warm_up} of warm-up."
        )
        if len(set(each)) == 1
        else N_(
            "{district}; {least} to {replications} a point on the same residents, {places}, seed {seed}, {weeks} "
            "measured after {warm_up} of warm-up."
        )
    )
    return run_together([gettext(message, **words), assumptions(first.district.name), *_cautions(plan, tables)])


def _cautions(plan: Plan, tables: Mapping[str, Worded]) -> Iterator[str]:
    """Yield with what care to read the values: after a search, where they are adjusted, and without some verdicts."""
    if searched := after_a_search(plan, tables["design"].table):
        yield searched
    if CONTROLS in tables:
        yield gettext("Means are adjusted for draws of known mean (controls.csv).")
    kept_back = tables["effects"].table.filter(BY_OVERLOAD)["point"].n_unique() if "effects" in tables else 0
    if not kept_back:
        return
    yield ngettext(
        "At {n} point or their baseline too many requests of a measure go to staff who cannot keep up: effects.csv "
        "gives no verdict on it there, and its size depends on the length of the run.",
        "At {n} points or their baseline too many requests of a measure go to staff who cannot keep up: effects.csv "
        "gives no verdict on it there, and its size depends on the length of the run.",
        kept_back,
    )


def after_a_search(plan: Plan, design: pl.DataFrame) -> str:
    """Return how to read the means of points after a search; empty where none is made.

    `design` is the table of the points, with how many replications of each there are.
    """
    if plan.study.choose is None:
        return ""
    numbers = design.filter(pl.col("status") == "run")["replications"]
    return gettext(AFTER_A_SEARCH if numbers.n_unique() > 1 else AFTER_A_CHOICE)


def responses(
    units: Mapping[Response, str],
    summary: pl.DataFrame,
    words: Words,
    *,
    searched: str = "",
    controls: pl.DataFrame | None = None,
) -> Table:
    """Return every response, of which these are the units, at every point, with its half-width.

    `searched`: how to read means after a search, as `after_a_search` says it. `controls`: what means are adjusted for,
    as `controls_table` gives it.
    """
    from sim.report.tables import Column, Table, decimals, number, scale_of, with_unit

    columns, cells = [Column(gettext("Point")), Column(gettext("What it is"))], []
    flagged = False
    scales = {response: scale_of(unit) for response, unit in units.items()}
    columns += [Column(with_unit(words.response(response), scale[1]), "right") for response, scale in scales.items()]
    for row in summary.head(SHOWN).iter_rows(named=True):
        row_cells = []
        for response, (factor, *_) in scales.items():
            mean, low, high = (factor * row[f"{response}{end}"] for end in ("", "_low", "_high"))
            half = longer_side(mean, low, high)
            places = decimals(half, abs(mean))
            within = f" ± {number(half, places)}" if math.isfinite(half) else ""
            is_flagged = math.isfinite(mean) and bool(row[f"{response}_why"])
            flagged |= is_flagged
            row_cells.append(f"{number(mean, places)}{within}{FLAG * is_flagged}" if math.isfinite(mean) else "–")
        cells.append((row["point"], row["label"], *row_cells))
    notes = [
        gettext(
            "±: half-width of the interval of each mean by itself, of its longer side; none where the values are too "
            "skewed for their number or the same in all replications (summary.csv says what would help). –: withheld, "
            "not owed, failed, or infeasible."
        )
    ]
    if len(summary):
        notes += trial_run(min(map(int, summary["n"].drop_nulls()), default=0))
    if searched:
        notes.append(searched)
    notes += adjusted_notes(controls, words)
    if flagged:
        notes.append(gettext("{flag}: nothing follows from it, as it depends on the length of the run.", flag=FLAG))
    notes += withheld_notes(
        (
            gettext("{response} at {point}", response=words.response(response), point=row["point"]),
            row[f"{response}_why"],
            row[f"{response}_help"],
        )
        for response in units
        for row in summary.iter_rows(named=True)
        if row[f"{response}_help"]
    )
    if len(summary) > SHOWN:
        first = gettext("The first {n} of {all} points; all are in summary.csv.", n=SHOWN, all=len(summary))
        notes.insert(0, first)
    return Table(gettext("Responses"), tuple(columns), tuple(cells), tuple(notes))


def controls_table(adjusted: Mapping[Response, Adjusted]) -> Worded:
    """Return what the means and differences of each response are adjusted for, and what that gains."""
    rows = [(str(response), "", one.n, one.means, one.differences) for response, one in adjusted.items()]
    columns = {"response": pl.String, "controls": pl.String, "n": pl.Int64}
    table = pl.DataFrame(rows, columns | dict.fromkeys(("means", "differences"), pl.Float64), orient="row")
    return Worded(table, {"controls": [partial(str, one.controls) for one in adjusted.values()]})


def adjusted_notes(controls: pl.DataFrame | None, words: Words) -> list[str]:
    """Return what means and differences are adjusted for, and how long their intervals are then; none where none is."""
    if controls is None:
        return []
    parts = []
    for row in controls.iter_rows(named=True):
        lengths = both(
            gettext(_LENGTHS[kind], length=row[kind]) for kind in ("means", "differences") if math.isfinite(row[kind])
        )
        parts.append(
            gettext(
                "{response} for {controls}: {lengths}",
                response=words.response(row["response"]), controls=row["controls"], lengths=lengths,
            )
        )  # fmt: skip
    return [
        gettext(
            "Adjusted for draws of known mean, in all tables and charts alike, with how many times as long intervals "
            "are then: {each}. report.controls=false leaves all as it was simulated.",
            each=separated(parts),
        )
    ]


_LENGTHS = {"means": N_("{length:.2f} (means)"), "differences": N_("{length:.2f} (differences)")}


def _left_out(plan: Plan, runs: Runs, screened: Mapping[str, Screened]) -> list[str]:
    """Return sentences on points that were not run, or whose numbers must be read with care."""
    notes, of = [], counts.points(len(plan.points))
    infeasible = [point for point in plan.points if point.pilot is None]
    if infeasible:
        first = infeasible[0]
        notes.append(
            gettext(
                "Infeasible, and left out: {n} of {points} (design.csv says why), as {label}: {why}.",
                n=len(infeasible), points=of, label=first.spoken(), why=OfError(first.why).words(),
            )
        )  # fmt: skip
    if runs.failures:
        first = next(point for point in plan.points if point.name in runs.failures)
        notes.append(
            gettext(
                "Failed, and left out: {n} of {points}, as {label} ({point}): {why}. The others are complete; "
                "retry=true tries again.",
                n=len(runs.failures), points=of, label=first.spoken(), point=first.name,
                why=OfError(runs.failures[first.name]).words(),
            )
        )  # fmt: skip
    overloaded = [name for name, design in screened.items() if design.overloaded and name in runs.keys]
    if overloaded:
        notes.append(
            gettext(
                "At {n} of {points} some posts cannot keep up with their work, and what goes last there piles up: "
                "nothing is said of residents' requests where too many go to posts at which they do, and not paper "
                "alone.",
                n=len(overloaded), points=of,
            )
        )  # fmt: skip
    return notes


def cost(runs: Runs) -> str:
    """Return the cost of the run in a sentence."""
    if runs.simulated:
        return gettext(
            "Simulated now: {replications}, {steps:,} steps in {seconds:,.0f} s; Little's law and the balance held in "
            "every one.",
            replications=counts.replications(runs.simulated), steps=runs.steps, seconds=runs.seconds,
        )  # fmt: skip
    if runs.failures:
        return gettext(
            "Nothing was simulated: finished replications were read, and failed ones are not retried (retry=true)."
        )
    return gettext("Nothing was simulated: every replication was kept already.")


def _markdown(plan: Plan, table: Table, all_sentences: Sequence[str], footer: str, drawn: Sequence[str]) -> str:
    """Return the summary as Markdown."""
    from sim.report.tables import escape_markdown

    study = plan.study
    parts = [
        f"# {escape_markdown(phrase(study.title))}",
        escape_markdown(phrase(study.question)),
        "\n".join(f"- {escape_markdown(sentence)}" for sentence in all_sentences),
        table.to_markdown(),
        "\n\n".join(f"![{escape_markdown(name)}](charts/{name}.svg)" for name in drawn),
        escape_markdown(footer),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
