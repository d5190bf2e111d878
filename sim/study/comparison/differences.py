"""Which differences a comparison shows, and what may be said of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.statistics import intervals, verdicts
from sim.statistics.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.arrays import Floats
    from sim.config import Mid, Run


@dataclass(frozen=True)
class Shown:
    """One row of the comparison: a measure of a group, its words, its MID and which way is good.

    `touched` names the measure that says which share of the requests behind it meets staff who cannot keep
    up (or `staff` for measures of the staff itself, or None).
    """

    measure: str
    group: str
    label: str
    mid: str
    higher_is_better: bool = False
    touched: str | None = "touched"


SHOWN = (
    Shown("turnaround_mean", "all", "turnaround, mean", "turnaround"),
    Shown("turnaround_p90", "all", "turnaround, 9 in 10 within", "turnaround"),
    Shown("turnaround_mean", "route:community", "turnaround, community matters", "turnaround"),
    Shown("turnaround_mean", "route:street", "turnaround, today's street matters", "turnaround"),
    Shown("turnaround_mean", "route:district", "turnaround, district matters", "turnaround"),
    Shown("on_time", "all", "within the limit", "on_time", higher_is_better=True),
    Shown("counter_wait_mean", "all", "wait at a counter, mean", "counter_wait", touched="touched_in_person"),
    Shown(
        "counter_wait_p90",
        "all",
        "wait at a counter, 9 in 10 within",
        "counter_wait",
        touched="touched_in_person",
    ),
    Shown("left_unserved", "all", "left unserved", "share"),
    Shown("trips", "all", "trips of a resident", "trips"),
    Shown("one_visit", "all", "done in one visit", "share", higher_is_better=True),
    Shown("resident_time", "all", "resident's own time", "resident_time"),
    Shown("hand_overs", "all", "hand-overs of a file", "hand_overs"),
    Shown("detection_lag_p50", "all", "issue noticed, half within", "detection_lag", touched=None),
    Shown("patrols_done", "all", "patrols done", "share", higher_is_better=True, touched=None),
    Shown("visits_done", "all", "home visits done", "share", higher_is_better=True, touched=None),
    Shown("utilisation", "level:community", "community staff busy", "utilisation", touched="staff"),
    Shown("utilisation", "level:district", "district desks busy", "utilisation", touched="staff"),
    Shown("overtime", "level:community", "community overtime, a head", "hours_a_week", touched="staff"),
)


OTHERS = (
    Shown("turnaround_p50", "all", "turnaround, half within", "turnaround"),
    Shown("counter_wait_p50", "all", "wait at a counter, half within", "counter_wait", touched="touched_in_person"),
    Shown("still_open", "all", "still open", "share"),
    Shown("found", "all", "issues noticed", "share", higher_is_better=True, touched=None),
)
"""Measures that a comparison does not show and a study may ask for."""


def judged_as(response: str) -> Shown | None:
    """Return how a response of a study (`measure` or `measure|group`) is judged, or None where nobody said."""
    measure, _, group = response.partition("|")
    group = group or "all"
    known = [one for one in (*SHOWN, *OTHERS) if one.measure == measure]
    exact = [one for one in known if one.group == group]
    if exact or not known:
        return next(iter(exact), None)
    return replace(known[0], group=group, label=worded(response))


def worded(response: str) -> str:
    """Return a response of a study in words."""
    measure, _, group = response.partition("|")
    labels = {(one.measure, one.group): one.label for one in (*SHOWN, *OTHERS)}
    if (measure, group or "all") in labels:
        return labels[measure, group or "all"]
    text = labels.get((measure, "all")) or measure.replace("_", " ")
    return f"{text}, {group.replace('|', ', ').replace(':', ' ').replace('_', ' ')}" if group else text


def compare(
    measures: pl.DataFrame,
    pilots: Sequence[str],
    mid: Mid,
    run: Run,
    staff_overloaded: Mapping[str, Mapping[str, float]],
    shown: Sequence[Shown] = SHOWN,
) -> pl.DataFrame:
    """Return every shown difference of every pilot from the first one, with its verdict.

    Parameters
    ----------
    measures : polars.DataFrame
        The long table over all replications: pilot, replication, measure, group, unit, value, n.
    pilots : sequence of str
        The baseline first.
    mid, run
        Smallest differences that matter; confidence and the share of touched requests that withholds.
    staff_overloaded : mapping of pilot -> level -> share
        The share of a level's heads that cannot keep up.

    Returns
    -------
    polars.DataFrame
        measure, group, label, unit, baseline, pilot, baseline_mean, pilot_mean, difference, low, high, mid,
        higher_is_better, verdict, why, replications_needed, correlation, variance_ratio, n. Intervals are
        simultaneous over all rows that have one.
    """
    baseline = pilots[0]
    finished = [set(measures.filter(pl.col("pilot") == p)["replication"]) for p in pilots]
    both = np.array(sorted(set.intersection(*finished)))  # the replications that all pilots have: they are paired
    kept = measures.filter(pl.col("replication").is_in(both.tolist()))
    cells = {}
    for key, part in kept.group_by(["pilot", "measure", "group"], maintain_order=True):
        cells[key] = np.full(len(both), np.nan)
        cells[key][np.searchsorted(both, part["replication"].to_numpy())] = part["value"].to_numpy()
    units = {(m, g): u for m, g, u in measures.select("measure", "group", "unit").unique().iter_rows()}

    def cell(pilot: str, measure: str, group: str) -> Floats:
        return cells.get((pilot, measure, group), np.array([np.nan]))

    rows = [(s, p) for p in pilots[1:] for s in shown if (s.measure, s.group) in units]
    reasons = [withheld(cell, s, baseline, p, run, staff_overloaded) for s, p in rows]
    pairs = [
        (np.full(2, np.nan),) * 2 if why else (cell(baseline, s.measure, s.group), cell(p, s.measure, s.group))
        for (s, p), why in zip(rows, reasons, strict=True)
    ]
    differences = intervals.simultaneous(pairs, run.confidence)
    family = max((d.family_size for d in differences), default=1)
    table = []
    for (s, p), why, d in zip(rows, reasons, differences, strict=True):
        least = getattr(mid, s.mid)
        verdict = verdicts.verdict(d.low, d.high, least, s.higher_is_better)
        needed = None
        if verdict is Verdict.UNDECIDED:
            needed = verdicts.replications_needed(d.estimate, d.sd, least, run.confidence, d.n, family_size=family)
        table.append(
            {
                "measure": s.measure, "group": s.group, "label": s.label, "unit": units[s.measure, s.group],
                "baseline": baseline, "pilot": p,
                "baseline_mean": float(np.mean(cell(baseline, s.measure, s.group))),
                "pilot_mean": float(np.mean(cell(p, s.measure, s.group))),
                "difference": d.estimate, "low": d.low, "high": d.high, "mid": least,
                "higher_is_better": s.higher_is_better, "verdict": str(verdict), "why": why,
                "replications_needed": needed, "correlation": d.correlation,
                "variance_ratio": d.variance_ratio, "n": len(cell(p, s.measure, s.group)),
            }
        )  # fmt: skip
    schema = {"replications_needed": pl.Int64, "why": pl.String}
    return pl.DataFrame(table, schema_overrides=schema, infer_schema_length=None)


def withheld(
    cell: Callable[[str, str, str], Floats],
    s: Shown,
    baseline: str,
    pilot: str,
    run: Run,
    staff_overloaded: Mapping[str, Mapping[str, float]],
) -> str:
    """Return why nothing is said about a difference between two pilots, or an empty text.

    Too many requests of the group meet staff who cannot keep up, or too many of the staff cannot, or there is no value.
    """
    for p in (baseline, pilot):
        if s.touched == "staff":
            share = staff_overloaded[p].get(s.group.removeprefix("level:"), 0.0)
            what = "of its staff"
        elif s.touched:
            share = float(np.mean(cell(p, s.touched, s.group)))
            what = "of its requests"
        else:
            share, what = 0.0, ""
        if share > run.withhold_share:
            return f"{share:.0%} {what} under {p} meet an overloaded post"
    for p in (baseline, pilot):
        if np.isnan(cell(p, s.measure, s.group)).any():
            opened = float(np.mean(cell(p, "still_open", s.group)))
            return f"{opened:.1%} still open under {p}" if opened > 0 else f"no observation under {p}"
    return ""
