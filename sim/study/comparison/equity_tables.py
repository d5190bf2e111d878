"""How evenly residents fare, as tables to be read: a short one for the terminal, full ones for the summary."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.language import N_, gettext, run_together, separated
from sim.report.sentences import adjusted_notes
from sim.report.tables import (
    FLAG,
    MARKS,
    SPOKEN,
    Column,
    Table,
    decimals,
    marks_shown,
    number,
    percent,
    scale_of,
    with_unit,
)
from sim.statistics.intervals import longer_side
from sim.statistics.verdicts import Verdict
from sim.study.comparison.equity import PAIRS, STATISTICS, UNITLESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WORDS = {
    ("community", "worst_minus_best"): N_("worst, best community"),
    ("community", "worst_over_best"): N_("worst, best community: ratio"),
    ("community", "p90_gap"): N_("9th decile, median community"),
    ("community", "gini"): N_("communities: Gini index"),
    ("special_care", "gap"): N_("special care, others"),
    ("special_care", "gap_ratio"): N_("special care, others: ratio"),
    ("distance", "gap"): N_("far from office, near it"),
    ("distance", "gap_ratio"): N_("far from office, near it: ratio"),
    ("heads", "gap"): N_("few heads a household, many"),
    ("heads", "gap_ratio"): N_("few heads a household, many: ratio"),
}
TITLES = {
    "community": N_("How evenly today's communities fare"),
    "special_care": N_("How special-care households fare against the others"),
    "distance": N_("How households far from today's office fare against those near it"),
    "heads": N_("How communities with few heads a household fare against those with many"),
}
READING = N_("More is worse in every row: where more of a share is good, its complement is compared.")
ABOUT = {
    "community": (
        N_(
            "A third of the replications rank the communities, the others measure the gap, so that the worst community "
            "is not chosen by the numbers that say how much worse it is."
        ),
        N_("Where communities hardly differ, the gap is about 0, as often below it as above."),
    ),
    "special_care": (N_("Of requests that residents bring, not of latent issues."),),
    "distance": (
        N_("A third of the households each live far from and near their office of today."),
        N_("A design that moves offices may make others live far away."),
    ),
    "heads": (
        N_(
            "A third of the households each live in communities of today with few and many heads a household, as their "
            "staff is shared out today."
        ),
    ),
}
Rows = dict[tuple[str, str, str, str], dict[str, Any]]


def short_table(
    equity: pl.DataFrame, differences: pl.DataFrame, pilots: Sequence[str], measures: Sequence[str]
) -> Table:
    """Return the handful of rows that a reader needs first: the gaps of a few measures, pilot by pilot.

    Parameters
    ----------
    equity, differences
        As `sim.study.comparison.equity.table` and `sim.study.comparison.equity.differences` give them.
    pilots
        The columns, the baseline first.
    measures
        The measures, in their order.
    """
    known, against = _by_key(equity), _by_key(differences)
    families = (("community", "worst_minus_best"), *((family, "gap") for family in PAIRS))
    keys = [(m, f, s) for m in measures for f, s in families if any((p, m, f, s) in known for p in pilots)]
    rows: list[tuple[str, ...]] = []
    headed: set[str] = set()
    for key in keys:
        records = [known.get((p, *key)) for p in pilots]
        cells = []
        for pilot, row in zip(pilots, records, strict=True):
            mark = MARKS.get(str(against.get((pilot, *key), {}).get("verdict")), " ")
            cells.append(f"{_cell(row, half=True)} {mark}")
        measure, between = _words(key, records)
        if measure not in headed:
            rows.append((measure, *[""] * len(pilots)))
            headed.add(measure)
        rows.append((f"  {between}", *cells))
    half_widths = [gettext("±: half-width of the interval of each number by itself.")]
    if any(family == "community" for _, family, _ in keys):
        half_widths.append(gettext("summary.md names the worst and the best."))
    notes = [
        run_together([gettext("Each number is the first less the second."), gettext(READING)]),
        run_together(half_widths),
    ]
    if len(pilots) > 1:
        notes.append(
            gettext(
                "Whether the gap is narrower (better) or wider than under {baseline}: {marks}.",
                baseline=pilots[0], marks=marks_shown(SPOKEN),
            )
        )  # fmt: skip
    if any(_is_flagged(known.get((p, *key))) for key in keys for p in pilots):
        notes.append(gettext("{flag} Allows no conclusion, or has no interval: summary.md says why.", flag=FLAG))
    notes += _adjusted(record for p in pilots for key in keys if (record := known.get((p, *key))))
    columns = (Column(gettext("Measure, and between whom")), *(Column(pilot, "right") for pilot in pilots))
    return Table(gettext("How evenly residents fare"), columns, tuple(rows), tuple(notes))


def full_tables(
    equity: pl.DataFrame, differences: pl.DataFrame, pilots: Sequence[str], confidence: float
) -> list[Table]:
    """Return every statistic with its interval and the worst community, and every difference, a table a family.

    Parameters
    ----------
    equity, differences
        As `sim.study.comparison.equity.table` and `sim.study.comparison.equity.differences` give them.
    pilots
        The columns, the baseline first.
    confidence
        Of the intervals; of differences jointly over a table.
    """
    known, against = _by_key(equity), _by_key(differences)
    tables = []
    for family, statistics in STATISTICS.items():
        keys = [
            (measure, family, name) for measure in equity["measure"].unique(maintain_order=True) for name in statistics
        ]
        keys = [key for key in keys if any((p, *key) in known for p in pilots)]
        rows: list[tuple[str, ...]] = []
        reasons: list[str] = []
        seen: list[dict[str, Any]] = []
        for key in keys:
            records = [known.get((p, *key)) for p in pilots]
            seen += [row for row in records if row]
            cells = [_cell(row) + _who(row) for row in records]
            cells += [_difference(against.get((p, *key))) for p in pilots[1:]]
            rows.append((*_words(key, records), *cells))
            reasons += [row["why"] for row in records if row and row["why"]]
        measure, between = Column(gettext("Measure")), Column(gettext("Between"))
        columns = [measure, between, *(Column(pilot, "right") for pilot in pilots)]
        columns += [
            Column(gettext("{pilot} less {baseline}", pilot=pilot, baseline=pilots[0]), "right") for pilot in pilots[1:]
        ]
        notes = [
            run_together([gettext("Between: the first less the second, or over it."), gettext(READING)]),
            run_together(map(gettext, ABOUT[family])),
            *_notes(pilots, confidence, reasons),
            *_adjusted(seen),
        ]
        if rows:
            tables.append(Table(gettext(TITLES[family]), tuple(columns), tuple(rows), tuple(notes)))
    return tables


def _notes(pilots: Sequence[str], confidence: float, reasons: Sequence[str]) -> list[str]:
    """Return the notes below a full table."""
    share = percent(confidence)
    if len(pilots) < 2:
        notes = [gettext("In brackets: {confidence} intervals of each number by itself.", confidence=share)]
    else:
        notes = [
            gettext(
                "In brackets: {confidence} intervals of each number by itself, of differences jointly over this table.",
                confidence=share,
            ),
            gettext(
                "Better: more even, or the first group gains on the second, by the smallest difference that matters of "
                "the measure. Ratios and the Gini index have none, so they have an interval and no verdict."
            ),
        ]
    if reasons:
        each = separated(dict.fromkeys(reasons))
        notes.append(gettext("Withheld (–), or without a conclusion ({flag}): {reasons}.", flag=FLAG, reasons=each))
    return notes


def _adjusted(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return which measures are adjusted for draws of known mean, and for which, if any are."""
    by: dict[str, list[str]] = {}
    for row in records:
        if row["controls"]:
            by.setdefault(row["controls"], []).append(row["label"])
    return adjusted_notes(by)


def _by_key(table: pl.DataFrame) -> Rows:
    """Return the rows by pilot, measure, family and statistic."""
    return {(r["pilot"], r["measure"], r["family"], r["statistic"]): r for r in table.iter_rows(named=True)}


def _words(key: tuple[str, str, str], records: Sequence[Mapping[str, Any] | None]) -> tuple[str, str]:
    """Return the measure of a row with its unit, and between whom it is."""
    row = next(r for r in records if r is not None)
    unit = scale_of(row["unit"])[2] if row["unit"] not in UNITLESS.values() else ""
    return with_unit(row["label"], unit), gettext(WORDS[key[1:]])


def _is_flagged(row: Mapping[str, Any] | None) -> bool:
    """Return whether a row has an estimate that allows no conclusion, or no interval."""
    return row is not None and math.isfinite(row["estimate"]) and bool(row["why"])


def _cell(row: Mapping[str, Any] | None, *, half: bool = False) -> str:
    """Return an estimate with its interval, or half of it."""
    if row is None or not math.isfinite(row["estimate"]):
        return "–"
    factor = scale_of(row["unit"])[0]
    estimate, low, high = (factor * row[name] for name in ("estimate", "low", "high"))
    places = decimals((high - low) / 2, estimate)
    flag = FLAG * _is_flagged(row)
    if not math.isfinite(low):
        return f"{number(estimate, places)}{flag}"
    if half:
        return f"{number(estimate, places)} ± {number(longer_side(estimate, low, high), places)}{flag}"
    return f"{number(estimate, places)} [{number(low, places)}, {number(high, places)}]{flag}"


def _who(row: Mapping[str, Any] | None) -> str:
    """Return the worst and the best community, where the row names them."""
    if row is None or row["family"] != "community" or row["group"] is None or row["statistic"] == "gini":
        return ""
    worst, best = (str(row[name]).removeprefix("community:") for name in ("group", "other_group"))
    return gettext("; {worst} against {best}", worst=worst, best=best)


def _difference(row: Mapping[str, Any] | None) -> str:
    """Return a difference with its interval and verdict."""
    if row is None or not math.isfinite(row["difference"]):
        return "–"
    factor = scale_of(row["unit"])[0]
    gap, low, high = (factor * row[name] for name in ("difference", "low", "high"))
    places = decimals((high - low) / 2, max(abs(gap), factor * abs(row["pilot_value"])))
    interval = (
        f" [{number(low, places, signed=True)}, {number(high, places, signed=True)}]" if math.isfinite(low) else ""
    )
    verdict = gettext(row["verdict"]) if row["verdict"] not in (None, Verdict.WITHHELD) else ""
    return f"{number(gap, places, signed=True)}{interval} {verdict}".strip()
