"""The tables of a comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from sim.language import gettext, listed, ngettext, separated
from sim.report.sentences import adjusted_notes, trial_run, withheld_notes
from sim.report.tables import (
    FLAG,
    MARKS,
    Column,
    Table,
    as_float,
    at_most,
    decimals,
    difference,
    is_growing,
    marks_shown,
    mean_text,
    number,
    percent,
    scale_of,
    with_its_unit,
    with_unit,
)
from sim.statistics.intervals import Interval, mean_interval
from sim.statistics.verdicts import Verdict

if TYPE_CHECKING:
    from sim.language.worded import Words

NOTHING = Interval(math.nan, math.nan, math.nan, 0)


class Mean(NamedTuple):
    """The mean of a design alone: its interval and unit.

    `why` says why nothing follows from it, and `help` what would help; None where something does. `controls` says what
    it is adjusted for; None for nothing.
    """

    interval: Interval
    unit: str
    why: Words | None = None
    help: Words | None = None
    controls: Words | None = None


def summary_table(
    measures: pl.DataFrame,
    comparison: pl.DataFrame,
    pilots: Sequence[str],
    confidence: float = 0.95,
    duties: Collection[str] = (),
    words: Callable[[str], str] = lambda measure: measure.replace("_", " "),
    alone: Mapping[tuple[str, str], Mean] = MappingProxyType({}),
) -> Table:
    """Return the means of every pilot side by side, marked with the verdicts against the baseline.

    Parameters
    ----------
    measures
        pilot, replication, measure, group, unit, value (NaN or null where withheld).
    comparison
        Its rows (measure, group, label, unit) are the rows of the table. If it is empty, the rows are
        the measures of group "all" of one design, each mean with the half-width of its own t interval.
    pilots
        The columns, in this order.
    confidence
        Of those intervals.
    duties
        Measures that a pilot is not held to where they have no value: it owes none of what they measure.
    words
        Returns the words of a measure of group "all", where the comparison is empty and says none.
    alone
        The means of the one design by measure and group, where the comparison is empty; those that are not there are
        as they were simulated.
    """
    if comparison.is_empty():
        return _alone(measures, pilots[0], confidence, duties, words, alone)
    shown_rows = list(comparison.select("measure", "group", "label", "unit").unique(maintain_order=True).iter_rows())
    means = _means(_of_rows(measures, shown_rows), confidence)
    verdicts = {(r["measure"], r["group"], r["pilot"]): r["verdict"] for r in comparison.to_dicts()}
    for r in comparison.to_dicts():  # one replication without a value does not take the mean of a comparison away
        for pilot, column in ((str(r["baseline"]), "baseline_mean"), (str(r["pilot"]), "pilot_mean")):
            which = str(r["measure"]), str(r["group"]), pilot
            if r.get("controls"):  # means that are adjusted, so that they differ as the table of differences says
                means[which] = _moved(means.get(which, NOTHING), as_float(r[column]))
            elif math.isnan(means.get(which, NOTHING).estimate):
                means[which] = replace(NOTHING, estimate=as_float(r[column]))
    rows = []
    for measure, group, label, unit in shown_rows:
        factor, unit_word, _ = scale_of(unit)
        known = [means.get((measure, group, pilot), NOTHING) for pilot in pilots]
        places = _places(known, factor)
        cells = []
        for pilot, one in zip(pilots, known, strict=True):
            mark = MARKS.get(verdicts.get((measure, group, pilot), ""), " ")
            owed = measure not in duties or math.isfinite(one.estimate)
            cells.append(f"{mean_text(one.estimate * factor, places, owed=owed)} {mark}")
        rows.append((with_unit(label, unit_word), *cells))
    columns = (Column(gettext("Measure")), *(Column(pilot, "right") for pilot in pilots))
    baseline = str(comparison["baseline"][0])
    records = comparison.to_dicts()
    marks = gettext("Against {baseline}: {marks}.", baseline=baseline, marks=marks_shown(comparison["verdict"]))
    title = gettext("Means by pilot, with verdicts against {baseline}", baseline=baseline)
    return Table(title, columns, tuple(rows), (marks, *_adjusted_note(records), *_withheld(records)))


def _alone(
    measures: pl.DataFrame,
    pilot: str,
    confidence: float,
    duties: Collection[str],
    words: Callable[[str], str],
    alone: Mapping[tuple[str, str], Mean],
) -> Table:
    """Return the means of one design, each with the half-width of its own interval."""
    overall = measures.filter(pl.col("group") == "all")
    means = _means(overall, confidence)
    rows, withheld, adjusted, flagged = [], list[tuple[str, str, str]](), dict[str, list[str]](), False
    for measure, unit in overall.select("measure", "unit").unique(maintain_order=True).iter_rows():
        factor, unit_word, _ = scale_of(unit)
        one = alone.get((measure, "all")) or Mean(means.get((measure, "all", pilot), NOTHING), unit)
        label, places = words(measure), _places([one.interval], factor)
        owed = measure not in duties or math.isfinite(one.interval.estimate)
        withheld.append((label, text_of(one.why) or one.interval.why_none, text_of(one.help) or one.interval.help))
        if one.controls:
            adjusted.setdefault(one.controls(), []).append(label)
        half, flag = number(one.interval.half_width * factor, places), FLAG if one.why else ""
        flagged |= owed and one.why is not None
        value = mean_text(one.interval.estimate * factor, places, owed=owed)
        rows.append((with_unit(label, unit_word), f"{value} ± {half}{flag}" if owed else f"{value}  "))
    notes = [
        gettext(
            "±: half-width of the {confidence} interval of each mean by itself, of its longer side.",
            confidence=percent(confidence),
        )
    ]
    if flagged:
        notes.append(gettext("{flag}: nothing follows from it.", flag=FLAG))
    notes += [*withheld_notes(withheld), *adjusted_notes(adjusted)]
    columns = (Column(gettext("Measure")), Column(pilot, "right"))
    return Table(gettext("Means over the replications"), columns, tuple(rows), tuple(notes))


def text_of(words: Words | None) -> str:
    """Return words in the language that is spoken; empty for none."""
    return words() if words else ""


def _places(known: Sequence[Interval], factor: float) -> int:
    """Return how many decimals the means of a row are given."""
    widths = [one.half_width * factor for one in known if one.half_width > 0]
    sizes = [abs(one.estimate) * factor for one in known if math.isfinite(one.estimate)]
    return decimals(max(widths, default=math.nan), max(sizes, default=math.nan))


def comparison_tables(comparison: pl.DataFrame, pilots: Sequence[str], confidence: float = 0.95) -> list[Table]:
    """Return the table of each pilot as `comparison_table` does, with the footnotes of all of them under the last."""
    tables = [replace(comparison_table(comparison, pilot, confidence), notes=()) for pilot in pilots]
    notes = _notes(comparison.to_dicts(), _claims(comparison), confidence) if tables else ()
    return [*tables[:-1], *(replace(last, notes=notes) for last in tables[-1:])]


def comparison_table(comparison: pl.DataFrame, pilot: str, confidence: float = 0.95) -> Table:
    """Return one pilot against the baseline: means, the difference with its interval, the verdict.

    Parameters
    ----------
    comparison
        The complete comparison, because its intervals hold jointly over all its rows.
    pilot
        The pilot to show; the baseline is the one that the comparison names.
    confidence
        Of the intervals, jointly.

    Raises
    ------
    ValueError
        If the comparison has no row of this pilot.
    """
    records = comparison.filter(pl.col("pilot") == pilot).to_dicts()
    if not records:
        raise ValueError(f"pilot must be a pilot of the comparison, got {pilot}")
    baseline = str(records[0]["baseline"])
    rows = []
    for record in records:
        words = difference(record)
        verdict = gettext(words.verdict)
        if record["needed_least"]:
            verdict = gettext("{verdict}, needs {replications}", verdict=verdict, replications=needed_text(record))
        gap = f"{words.difference} {words.interval}".strip()
        rows.append((with_unit(words.label, words.unit), words.baseline, words.pilot, gap, verdict))
    columns = (
        Column(gettext("Measure")),
        Column(baseline, "right"),
        Column(pilot, "right"),
        Column(gettext("Difference [{confidence} interval]", confidence=percent(confidence)), "right"),
        Column(gettext("Verdict")),
    )
    title = gettext("{pilot} against {baseline}", pilot=pilot, baseline=baseline)
    return Table(title, columns, tuple(rows), _notes(records, _claims(comparison), confidence))


def needed_text(row: Mapping[str, object]) -> str:
    """Return how many replications would settle a verdict: a range, or the least."""
    least, most = row["needed_least"], row["needed_most"]
    if most:
        return gettext("{least} to {most}", least=least, most=most)
    return gettext("{least} or more", least=least)


def _claims(comparison: pl.DataFrame) -> int:
    """Return how many differences have an interval that claims something: those whose values vary, and not too much."""
    return comparison.filter(pl.col("high") > pl.col("low")).height


def _notes(records: Sequence[Mapping[str, object]], n_claims: int, confidence: float) -> tuple[str, ...]:
    """Return the footnotes of a comparison of which this many intervals claim something."""
    replications = sorted({int(as_float(r["n"])) for r in records})
    notes = [_jointly(n_claims, replications, confidence), *trial_run(replications[0])]
    still = list(dict.fromkeys(str(r["label"]) for r in records if r["high"] is not None and r["high"] == r["low"]))
    if still:
        notes.append(
            gettext(
                "Known without simulation, so that the difference is exact and has no interval ({measures}).",
                measures=separated(still),
            )
        )
    alike: dict[str, list[str]] = {}
    for record in (r for r in records if r["mid"] is not None):
        factor, _, word = scale_of(str(record["unit"]))
        mid = with_its_unit(f"{as_float(record['mid']) * factor:g}", word)
        alike.setdefault(mid, []).append(str(record["label"]))
    mids = listed(
        gettext("{what} ({why})", what=mid, why=separated(dict.fromkeys(labels))) for mid, labels in alike.items()
    )
    notes.append(gettext("The smallest difference that matters (MID): {differences}.", differences=mids))
    if any(r["needed_least"] for r in records):
        notes.append(
            gettext(
                "Needs: how many replications in all would settle the verdict. Or more: how many would do cannot be "
                "said."
            )
        )
    if any(r["unit"] == "share" for r in records):
        notes.append(gettext("Shares are in per cent, their differences in percentage points."))
    if replications[-1] > 1:
        notes += _withheld(records)
    growing = list(dict.fromkeys(str(r["label"]) for r in records if is_growing(r)))
    if growing:
        notes.append(
            gettext(
                "Staff of one of the two cannot keep up there, so that the difference grows with the run: the verdict "
                "is sure, its size is that of these weeks ({measures}).",
                measures=separated(growing),
            )
        )
    notes += _adjusted_note(records)
    notes += _open_note(records)
    given = {r["verdict"] for r in records}
    if Verdict.NOT_OWED in given:
        notes.append(
            gettext("Not owed: one of the two owes none of what is measured, so that there is nothing to compare.")
        )
    if Verdict.NOT_JUDGED in given:
        notes.append(
            gettext("Not judged, and without an interval: more or less of it is neither better nor worse by itself.")
        )
    return tuple(notes)


def _jointly(n_claims: int, replications: Sequence[int], confidence: float) -> str:
    """Return over how many replications, of the fewest to the most of a row, how many intervals hold jointly."""
    least, most = replications[0], replications[-1]
    if most < 2:
        return gettext("One replication gives no interval, so all verdicts are withheld.")
    n = str(least) if least == most else gettext("{least} to {most}", least=least, most=most)
    return ngettext(
        "{n:,} interval of differences that hold jointly with {confidence} confidence; {replications} replications, "
        "the same requests under every pilot.",
        "{n:,} intervals of differences that hold jointly with {confidence} confidence; {replications} replications, "
        "the same requests under every pilot.",
        n_claims, confidence=percent(confidence), replications=n,
    )  # fmt: skip


def _moved(mean: Interval, estimate: float) -> Interval:
    """Return a mean with its interval, moved to another estimate."""
    by = estimate - mean.estimate
    return replace(mean, estimate=estimate, low=mean.low + by, high=mean.high + by)


def _adjusted_note(records: Sequence[Mapping[str, object]]) -> list[str]:
    """Return how many differences are adjusted for draws of known mean, if any are."""
    n = sum(bool(r.get("controls")) for r in records)
    if not n:
        return []
    return [
        ngettext(
            "{n:,} difference and the mean of both designs is adjusted for draws of known mean: the table of pairing "
            "says for which.",
            "{n:,} differences and the means of both designs are adjusted for draws of known mean: the table of "
            "pairing says for which.",
            n,
        )
    ]


def _open_note(records: Sequence[Mapping[str, object]]) -> list[str]:
    """Return by how much what is still open at the end can move the means that are given, where it can at all."""
    bounded = [r for r in records if r["verdict"] != Verdict.WITHHELD and as_float(r.get("open_bound")) > 0]
    most: dict[str, tuple[float, str]] = {}
    for r in bounded:
        factor, _, word = scale_of(str(r["unit"]))
        label, bound = str(r["label"]), as_float(r["open_bound"]) * factor
        most[label] = max(most.get(label, (0.0, word)), (bound, word))
    moved = separated(
        gettext("{measure} by at most {bound}", measure=label, bound=with_its_unit(at_most(bound), word))
        for label, (bound, word) in most.items()
    )
    return [gettext("What is still open at the end can move the means of {measures}.", measures=moved)] if moved else []


def _withheld(records: Iterable[Mapping[str, object]]) -> list[str]:
    """Return why verdicts of a comparison are withheld, and what would help."""
    withheld = (r for r in records if r["verdict"] == Verdict.WITHHELD)
    return withheld_notes((str(r["label"]), str(r["why"]), str(r["help"])) for r in withheld)


def _of_rows(measures: pl.DataFrame, rows: Sequence[tuple[str, str, str, str]]) -> pl.DataFrame:
    """Return the values of the measures and groups of some rows."""
    which = pl.DataFrame([row[:2] for row in rows], schema=dict.fromkeys(("measure", "group"), pl.String), orient="row")
    return measures.join(which, on=["measure", "group"], how="semi")


def _means(measures: pl.DataFrame, confidence: float) -> dict[tuple[str, str, str], Interval]:
    """Return the means over replications by measure, group and pilot; NaN if any value is NaN."""
    means = {}
    for (measure, group, pilot), part in measures.group_by("measure", "group", "pilot"):
        interval = mean_interval(part["value"].fill_null(math.nan).to_numpy(), confidence)
        means[str(measure), str(group), str(pilot)] = interval
    return means
