"""The differences that a comparison shows, and the verdict on each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.config.report import Response
from sim.measures.dictionary import DEFINITIONS, DUTIES
from sim.statistics import intervals, verdicts
from sim.statistics.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.arrays import Floats
    from sim.config import Mid, Run
    from sim.config.report import JudgedMeasure
    from sim.statistics.intervals import Difference

STAFF = "staff"
"""The value of `touched` for measures of the staff itself."""


class Cause(StrEnum):
    """Why no verdict on a difference is given."""

    OVERLOADED_REQUESTS = "overloaded requests"
    OVERLOADED_STAFF = "overloaded staff"
    UNFINISHED = "left or still open"
    NO_OBSERVATION = "no observation"
    NOT_OWED = "not owed"


OVERLOAD = (Cause.OVERLOADED_REQUESTS, Cause.OVERLOADED_STAFF)
BY_OVERLOAD = pl.col("cause").is_in([str(cause) for cause in OVERLOAD])
"""Rows of a table of differences that staff who cannot keep up withhold."""


@dataclass(frozen=True)
class Withheld:
    """Why nothing is said of a difference: the share that is too large, by the pilots under which it is."""

    cause: Cause
    shares: Mapping[str, float]

    def __str__(self) -> str:
        """Return the reason in words."""
        if self.cause is Cause.NO_OBSERVATION:
            return f"no observation under {' and '.join(self.shares)}"
        if self.cause is Cause.NOT_OWED:
            return f"not owed under {' and '.join(self.shares)}"
        if self.cause is Cause.UNFINISHED:
            words = (f"{share:.1%} left unserved or still open under {pilot}" for pilot, share in self.shares.items())
            return " and ".join(words)
        what = "requests" if self.cause is Cause.OVERLOADED_REQUESTS else "staff"
        verb = "go to" if self.cause is Cause.OVERLOADED_REQUESTS else "belong to"
        under = " and ".join(f"{share:.0%} of its {what} under {pilot}" for pilot, share in self.shares.items())
        return f"{under} {verb} an overloaded post"

    @property
    def verdict(self) -> Verdict:
        """Return the word in place of a verdict."""
        return Verdict.NOT_OWED if self.cause is Cause.NOT_OWED else Verdict.WITHHELD


def compare(
    measures: pl.DataFrame,
    pilots: Sequence[str],
    mid: Mid,
    run: Run,
    overloaded_share: Mapping[str, Mapping[str, float]],
    judged: Sequence[JudgedMeasure],
) -> pl.DataFrame:
    """Return every shown difference of every pilot from the first one, with its verdict.

    Parameters
    ----------
    measures : polars.DataFrame
        The long table over all replications: pilot, replication, measure, group, unit, value, n.
    pilots : sequence of str
        The baseline first.
    mid, run
        Smallest differences that matter; confidence, and the share of requests to overloaded posts that withholds.
    overloaded_share : mapping of pilot -> level -> share
        The share of a level's heads that cannot keep up.
    judged : sequence of JudgedMeasure
        The measures that are shown, in their order. One without a smallest difference that matters is not judged: its
        difference has no interval.

    Returns
    -------
    polars.DataFrame
        measure, group, label, unit, baseline, pilot, baseline_mean, pilot_mean, difference, low, high, mid,
        higher_is_better, verdict, why, cause (null: none), by_baseline and by_pilot (whether the cause lies there),
        replications_needed, correlation, variance_ratio, n. Intervals are simultaneous over all rows that have one.
    """
    baseline = pilots[0]
    cell, units = values_by_pilot(measures, pilots)
    rows = [(one, p) for p in pilots[1:] for one in judged if (one.measure, one.group) in units]
    reasons = [withheld(cell, one, baseline, p, run, overloaded_share) for one, p in rows]
    pairs = [
        (np.full(2, np.nan),) * 2 if why or one.mid is None else (cell(baseline, one.response), cell(p, one.response))
        for (one, p), why in zip(rows, reasons, strict=True)
    ]
    differences = intervals.simultaneous(pairs, run.confidence)
    family = max((d.family_size for d in differences), default=1)
    table = []
    for (one, p), why, d in zip(rows, reasons, differences, strict=True):
        least, needed = mid.least(one), None
        means = [float(np.mean(cell(name, one.response))) for name in (baseline, p)]
        verdict = verdict_on(d, one, least, why)
        if least is not None and verdict is Verdict.UNDECIDED:
            needed = verdicts.replications_needed(d.estimate, d.sd, least, run.confidence, d.n, family_size=family)
        table.append(
            {
                "measure": one.measure, "group": one.group, "label": one.label, "unit": units[one.measure, one.group],
                "baseline": baseline, "pilot": p, "baseline_mean": means[0], "pilot_mean": means[1],
                "difference": means[1] - means[0] if verdict is Verdict.NOT_JUDGED else d.estimate,
                "low": d.low, "high": d.high, "mid": least,
                "higher_is_better": one.higher_is_better, "verdict": str(verdict), "why": str(why or ""),
                "cause": why and str(why.cause), "by_baseline": bool(why and baseline in why.shares),
                "by_pilot": bool(why and p in why.shares),
                "replications_needed": needed, "correlation": d.correlation,
                "variance_ratio": d.variance_ratio, "n": len(cell(p, one.response)),
            }
        )  # fmt: skip
    schema = {"replications_needed": pl.Int64, "mid": pl.Float64} | dict.fromkeys(("why", "cause"), pl.String)
    return pl.DataFrame(table, schema_overrides=schema, infer_schema_length=None)


def values_by_pilot(
    measures: pl.DataFrame, pilots: Sequence[str]
) -> tuple[Callable[[str, Response], Floats], dict[tuple[str, str], str]]:
    """Return a function that gives a pilot's values of a response, paired by replication, and the units of responses.

    The values (shape (replications,)) are those of the replications that all pilots have; a response that a pilot has
    nowhere is one NaN.
    """
    finished = [set(measures.filter(pl.col("pilot") == p)["replication"]) for p in pilots]
    both = np.array(sorted(set.intersection(*finished)))
    kept = measures.filter(pl.col("replication").is_in(both.tolist()))
    cells = {}
    for key, part in kept.group_by(["pilot", "measure", "group"], maintain_order=True):
        cells[key] = np.full(len(both), np.nan)
        cells[key][np.searchsorted(both, part["replication"].to_numpy())] = part["value"].to_numpy()
    units = {(m, g): u for m, g, u in measures.select("measure", "group", "unit").unique().iter_rows()}

    def values(pilot: str, response: Response) -> Floats:
        return cells.get((pilot, *response), np.array([np.nan]))

    return values, units


def verdict_on(d: Difference, judged: JudgedMeasure, least: float | None, why: Withheld | None) -> Verdict:
    """Return the verdict on a difference, or the word in its place; without a least one that matters, none is given."""
    if why:
        return why.verdict
    if least is None:
        return Verdict.NOT_JUDGED
    return verdicts.verdict(d.low, d.high, least, judged.higher_is_better)


def overloaded_in(comparison: pl.DataFrame) -> set[str]:
    """Return the pilots whose overload withholds a verdict of a comparison."""
    if comparison.is_empty():
        return set()
    rows = comparison.filter(BY_OVERLOAD)
    return {*rows.filter("by_baseline")["baseline"], *rows.filter("by_pilot")["pilot"]}


def withheld(
    cell: Callable[[str, Response], Floats],
    judged: JudgedMeasure,
    baseline: str,
    pilot: str,
    run: Run,
    overloaded_share: Mapping[str, Mapping[str, float]],
) -> Withheld | None:
    """Return why no verdict on a difference between two pilots is given, or None if one is.

    A pilot owes nothing of what is measured, too many requests of the group go to overloaded posts, too many of the
    staff are overloaded, or there is no value.
    """
    both = tuple(dict.fromkeys((baseline, pilot)))
    unknown = [p for p in both if np.isnan(cell(p, judged.response)).any()]
    if judged.measure in DUTIES and (owe_none := [p for p in unknown if np.isnan(cell(p, judged.response)).all()]):
        return Withheld(Cause.NOT_OWED, dict.fromkeys(owe_none, 0.0))
    if judged.touched:
        cause = Cause.OVERLOADED_STAFF if judged.touched == STAFF else Cause.OVERLOADED_REQUESTS
        shares = {p: _touched_share(cell, judged, p, overloaded_share) for p in both}
        over = {p: share for p, share in shares.items() if share > run.withhold_share}
        if over:
            return Withheld(cause, over)
    ends = [Response(measure, judged.group) for measure in ("still_open", "left_unserved")]
    unfinished = {p: sum(float(np.mean(cell(p, end))) for end in ends) for p in unknown}
    ours = judged.measure in DEFINITIONS  # of a measure of one's own, unfinished requests need not be the reason
    if ours and any(share > 0 for share in unfinished.values()):
        return Withheld(Cause.UNFINISHED, {p: share for p, share in unfinished.items() if share > 0})
    return Withheld(Cause.NO_OBSERVATION, unfinished) if unknown else None


def _touched_share(
    cell: Callable[[str, Response], Floats],
    judged: JudgedMeasure,
    pilot: str,
    overloaded_share: Mapping[str, Mapping[str, float]],
) -> float:
    """Return the share of the requests, or of the staff, behind a measure that overload reaches under a pilot."""
    if judged.touched == STAFF:
        return overloaded_share[pilot].get(judged.group.removeprefix("level:"), 0.0)
    return float(np.mean(cell(pilot, Response(str(judged.touched), judged.group))))
