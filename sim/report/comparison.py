"""The tables of a comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from sim.report.sentences import withheld_notes
from sim.report.tables import (
    MARKS,
    Column,
    Table,
    as_float,
    at_most,
    counted,
    decimals,
    difference,
    is_growing,
    marks_shown,
    mean_text,
    number,
    scale_of,
    with_unit,
)
from sim.statistics.intervals import Interval, mean_interval

NOTHING = Interval(math.nan, math.nan, math.nan, 0)


def summary_table(
    measures: pl.DataFrame,
    comparison: pl.DataFrame,
    pilots: Sequence[str],
    confidence: float = 0.95,
    duties: Collection[str] = (),
    words: Callable[[str], str] = lambda measure: measure.replace("_", " "),
) -> Table:
    """Return the means of every pilot side by side, marked with the verdicts against the baseline.

    Parameters
    ----------
    measures
        pilot, replication, measure, group, unit, value (NaN or null where withheld).
    comparison
        Its rows (measure, group, label, unit) are the rows of the table. If it is empty, the rows are
        the measures of group "all", each mean with the half-width of its own t interval.
    pilots
        The columns, in this order.
    confidence
        Of those intervals.
    duties
        Measures that a pilot is not held to where they have no value: it owes none of what they measure.
    words
        Returns the words of a measure of group "all", where the comparison is empty and says none.
    """
    means = _means(measures, confidence)
    alone = comparison.is_empty()
    verdicts = {(r["measure"], r["group"], r["pilot"]): r["verdict"] for r in comparison.to_dicts()}
    for r in comparison.to_dicts():  # one replication without a value does not take the mean of a comparison away
        for pilot, column in ((str(r["baseline"]), "baseline_mean"), (str(r["pilot"]), "pilot_mean")):
            which = str(r["measure"]), str(r["group"]), pilot
            if r.get("controls"):  # means that are adjusted, so that they differ as the table of differences says
                means[which] = _moved(means.get(which, NOTHING), as_float(r[column]))
            elif math.isnan(means.get(which, NOTHING).estimate):
                means[which] = replace(NOTHING, estimate=as_float(r[column]))
    rows, skewed = [], list[tuple[str, str, str]]()
    for measure, group, label, unit in _measure_rows(measures, comparison, words):
        factor, unit_word, _ = scale_of(unit)
        known = [means.get((measure, group, pilot), NOTHING) for pilot in pilots]
        widths = [one.half_width * factor for one in known if one.half_width > 0]
        sizes = [abs(one.estimate) * factor for one in known if math.isfinite(one.estimate)]
        skewed += [(label, one.too_skewed, one.more) for one in known if alone and one.enough]
        places = decimals(max(widths, default=math.nan), max(sizes, default=math.nan))
        cells = []
        for pilot, one in zip(pilots, known, strict=True):
            tail = MARKS.get(verdicts.get((measure, group, pilot), ""), " ")
            owed = measure not in duties or math.isfinite(one.estimate)
            if alone and owed:
                tail = f"± {number(one.half_width * factor, places)}"
            cells.append(f"{mean_text(one.estimate * factor, places, owed=owed)} {tail}")
        rows.append((with_unit(label, unit_word), *cells))
    columns = (Column("Measure"), *(Column(pilot, "right") for pilot in pilots))
    if alone:
        note = f"±: half-width of the {_percent(confidence)} interval of each mean by itself, of its longer side."
        return Table("Means over the replications", columns, tuple(rows), (note, *withheld_notes(skewed)))
    baseline = str(comparison["baseline"][0])
    records = comparison.to_dicts()
    shown = (
        f"Against {baseline}: {marks_shown(comparison['verdict'])}.", *_adjusted_note(records), *_withheld(records)
    )  # fmt: skip
    return Table(f"Means by pilot, with verdicts against {baseline}", columns, tuple(rows), shown)


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
        more = f", needs {needed_text(record)}" if record["needed_least"] else ""
        gap = f"{words.difference} {words.interval}".strip()
        rows.append((with_unit(words.label, words.unit), words.baseline, words.pilot, gap, words.verdict + more))
    columns = (
        Column("Measure"),
        Column(baseline, "right"),
        Column(pilot, "right"),
        Column(f"Difference [{_percent(confidence)} interval]", "right"),
        Column("Verdict"),
    )
    return Table(f"{pilot} against {baseline}", columns, tuple(rows), _notes(records, _claims(comparison), confidence))


def _percent(share: float) -> str:
    """Return a share in per cent, without needless decimals."""
    return f"{100 * share:g} %"


def needed_text(row: Mapping[str, object]) -> str:
    """Return how many replications would settle a verdict: a range, or the least."""
    least, most = row["needed_least"], row["needed_most"]
    return f"{least} to {most}" if most else f"{least} or more"


def _claims(comparison: pl.DataFrame) -> int:
    """Return how many differences have an interval that claims something: those whose values vary, and not too much."""
    return comparison.filter(pl.col("high") > pl.col("low")).height


def _notes(records: Sequence[Mapping[str, object]], n_claims: int, confidence: float) -> tuple[str, ...]:
    """Return the footnotes of a comparison of which this many intervals claim something."""
    counts = sorted({int(as_float(r["n"])) for r in records})
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    notes = [
        f"{counted(n_claims, 'interval')} of differences that hold jointly with {_percent(confidence)} confidence; "
        f"{n} replications, the same requests under every pilot."
    ]
    if counts[-1] < 2:
        notes = ["One replication gives no interval, so all verdicts are withheld."]
    still = list(dict.fromkeys(str(r["label"]) for r in records if r["high"] is not None and r["high"] == r["low"]))
    if still:
        notes.append(
            "The same difference in every replication, which shows no spread: the verdict is of these replications "
            f"and has no confidence ({'; '.join(still)})."
        )
    alike: dict[str, list[str]] = {}
    for record in (r for r in records if r["mid"] is not None):
        factor, _, word = scale_of(str(record["unit"]))
        mid = f"{as_float(record['mid']) * factor:g} {word}".strip()
        alike.setdefault(mid, []).append(str(record["label"]))
    mids = ", ".join(f"{mid} ({'; '.join(dict.fromkeys(labels))})" for mid, labels in alike.items())
    notes.append(f"The smallest difference that matters (MID): {mids}.")
    if any(r["needed_least"] for r in records):
        notes.append(
            "Needs: how many replications in all would settle the verdict. Or more: the difference is too close to the "
            "smallest that matters to say."
        )
    if any(r["unit"] == "share" for r in records):
        notes.append("Shares are in per cent, their differences in percentage points.")
    if counts[-1] > 1:
        notes += _withheld(records)
    growing = list(dict.fromkeys(str(r["label"]) for r in records if is_growing(r)))
    if growing:
        notes.append(
            "Staff of one of the two cannot keep up there, so that the difference grows with the run: the verdict is "
            f"sure, its size is that of these weeks ({'; '.join(growing)})."
        )
    notes += _adjusted_note(records)
    notes += _open_note(records)
    words = {
        "not owed": "Not owed: one of the two owes none of what is measured, so that there is nothing to compare.",
        "not judged": "Not judged, and without an interval: more or less of it is neither better nor worse by itself.",
    }
    notes += [note for verdict, note in words.items() if any(r["verdict"] == verdict for r in records)]
    return tuple(notes)


def _moved(mean: Interval, estimate: float) -> Interval:
    """Return a mean with its interval, moved to another estimate."""
    by = estimate - mean.estimate
    return replace(mean, estimate=estimate, low=mean.low + by, high=mean.high + by)


def _adjusted_note(records: Sequence[Mapping[str, object]]) -> list[str]:
    """Return how many differences are adjusted for draws of known mean, if any are."""
    n = sum(bool(r.get("controls")) for r in records)
    if not n:
        return []
    verb, means = ("is", "mean") if n == 1 else ("are", "means")
    return [
        f"{counted(n, 'difference')} and the {means} of both designs {verb} adjusted for draws of known mean: the "
        "table of pairing says for which."
    ]


def _open_note(records: Sequence[Mapping[str, object]]) -> list[str]:
    """Return by how much what is still open at the end can move the means that are given, where it can at all."""
    bounded = [r for r in records if r["verdict"] != "withheld" and as_float(r.get("open_bound")) > 0]
    most: dict[str, tuple[float, str]] = {}
    for r in bounded:
        factor, _, word = scale_of(str(r["unit"]))
        label, bound = str(r["label"]), as_float(r["open_bound"]) * factor
        most[label] = max(most.get(label, (0.0, word)), (bound, word))
    moved = "; ".join(f"{label} by at most {at_most(bound)} {word}".rstrip() for label, (bound, word) in most.items())
    return [f"What is still open at the end can move the means of {moved}."] if moved else []


def _withheld(records: Iterable[Mapping[str, object]]) -> list[str]:
    """Return why verdicts of a comparison are withheld, and what would help."""
    withheld = (r for r in records if r["verdict"] == "withheld")
    return withheld_notes((str(r["label"]), str(r["why"]), str(r["help"])) for r in withheld)


def _means(measures: pl.DataFrame, confidence: float) -> dict[tuple[str, str, str], Interval]:
    """Return the means over replications by measure, group and pilot; NaN if any value is NaN."""
    means = {}
    for (measure, group, pilot), part in measures.group_by("measure", "group", "pilot"):
        interval = mean_interval(part["value"].fill_null(math.nan).to_numpy(), confidence)
        means[str(measure), str(group), str(pilot)] = interval
    return means


def _measure_rows(
    measures: pl.DataFrame, comparison: pl.DataFrame, words: Callable[[str], str]
) -> list[tuple[str, str, str, str]]:
    """Return measure, group, label and unit of the rows of a summary, in order."""
    if comparison.is_empty():
        overall = measures.filter(pl.col("group") == "all").select("measure", "unit").unique(maintain_order=True)
        return [(measure, "all", words(measure), unit) for measure, unit in overall.iter_rows()]
    names = ("measure", "group", "label", "unit")
    return list(comparison.select(names).unique(maintain_order=True).iter_rows())
