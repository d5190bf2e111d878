"""How evenly residents fare under each design: between today's communities, households and distances.

More is always worse here: where more of a share is good, its complement is used, so that a ratio says how many times
the ill of one group the other bears (indices of a share and of its complement differ: Clarke et al. 2002).

The worst community must not be chosen by the numbers that then say how much worse it is: the greatest of 31 noisy
means is too great, and more so under a design whose replications vary more. So a third of the replications only
*rank* the communities by their means, and the others *measure*: each gives one number a statistic, the weights of the
ranks applied to its own values. Given the ranks these numbers are independent, so that t intervals of them, and of
their paired differences between designs, have their coverage, for the communities that were chosen. Where communities
hardly differ some are chosen wrongly, and the statistics err to the low side: equal communities have about 0, as often
below it as above. (Ranking each replication by all the others would use them twice, but its intervals then covered only
55 to 80 % instead of 95 % in our trials, because the numbers depend on each other.) Statistics of two groups that are
given beforehand use all replications.

On places that are drawn anew for each replication no community is the same twice, so none is ranked by what it met.
There the ranks are known before anything is drawn of the year: how far a household lives from its office, and how many
heads a household its community has.

From 20 replications that measure on, statistics and their differences are adjusted for draws of known mean where that
pays (`equity_controls`): all statistics of a measure within a family for the same draws, under all designs. Given the
ranks the replications that measure are independent, and the draws have the means that they always have, so that nothing
changes in the argument; ratios are adjusted through their pseudo-values.

All are about what a community may expect year after year, not about chance in one year. Each community counts once,
whatever its size: the number of waits that would weigh it differs between designs.

References
----------
Cox (1975), A note on data-splitting for the evaluation of significance levels, Biometrika 62, 441-444;
Clarke, Gerdtham, Johannesson, Bingefors and Smith (2002), On the measurement of relative and absolute
income-related health inequality, Social Science & Medicine 55, 1923-1928; Tukey (1958), Bias and confidence in
not-quite large samples, Annals of Mathematical Statistics 29, 614 (the jackknife, for ratios); Hyndman and Fan
(1996), Sample quantiles in statistical packages, The American Statistician 50, 361-365 (type 7).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from sim.language import N_, gettext, ngettext, phrase
from sim.language.worded import Worded
from sim.measures.dictionary import OPEN_BOUND
from sim.statistics import intervals, verdicts
from sim.statistics.verdicts import Cause
from sim.study.withholding import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sim.arrays import Bools, Floats, Ints
    from sim.config import Mid, Run
    from sim.config.report import JudgedMeasure, Response
    from sim.language.worded import Words
    from sim.measures.openness import Horizon
    from sim.study.controls import Controls
    from sim.study.withholding import Withheld

PAIRS = {
    "special_care": (N_("special_care:yes"), N_("special_care:no")),
    "distance": (N_("distance:far"), N_("distance:near")),
    "heads": (N_("heads:few"), N_("heads:many")),
}
"""Families with two groups that are given beforehand and compared: the first less the second."""

STATISTICS = {
    "community": ("worst_minus_best", "worst_over_best", "p90_gap", "gini"),
    "special_care": ("gap", "gap_ratio"),
    "distance": ("gap", "gap_ratio"),
    "heads": ("gap", "gap_ratio"),
}
"""What is compared within each family of groups (docs/glossary.md says how): a larger value is always worse."""

UNITLESS = {"worst_over_best": "ratio", "gap_ratio": "ratio", "gini": "index"}
"""Statistics that have no smallest difference that matters; all others have that of their measure."""

_WORDS = ("measure", "family", "statistic", "label", "unit")
TABLE = (
    {"pilot": pl.String}
    | dict.fromkeys((*_WORDS, "group", "other_group"), pl.String)
    | dict.fromkeys(("group_mean", "other_mean", "estimate", "low", "high"), pl.Float64)
    | {"n": pl.Int64, "why": pl.String, "cause": pl.String, "controls": pl.String}
)
DIFFERENCES = (
    dict.fromkeys((*_WORDS, "baseline", "pilot"), pl.String)
    | dict.fromkeys(("baseline_value", "pilot_value", "difference", "low", "high", "mid"), pl.Float64)
    | {"verdict": pl.String, "why": pl.String, "cause": pl.String, "n": pl.Int64, "controls": pl.String}
)

N_("community:{number}")  # the groups of today's communities

Key = tuple[str, str, str, str]  # pilot, measure, family, statistic

UNADJUSTED: Mapping[tuple[str, str], Controls] = {}
"""By measure and family: all statistics as they were simulated."""


class Reason(NamedTuple):
    """Why there is no statistic, or why nothing follows from it: the cause, and what says it in words."""

    cause: Cause
    words: Words


@dataclass(frozen=True)
class Statistic:
    """A statistic of one measure under one pilot, with one number a replication that measures.

    `values` is empty where it is withheld; `why` gives the reason, or that for which it allows no conclusion. `group`
    and `other` are the worst and best community, or the pair, and `both` their values (shape (replications, 2)); `rows`
    are the replications that measure.
    """

    values: Floats
    why: Reason | None = None
    group: str | None = None
    other: str | None = None
    both: Floats | None = None
    rows: Ints | None = None

    def means(self, controls: Controls | None = None) -> tuple[float, float]:
        """Return the means of the two groups, adjusted as the statistic is; NaN where they are not named."""
        if self.both is None:
            return math.nan, math.nan
        one, other = (adjusted_mean(column, controls) for column in self.both.T)
        return one, other


def weights(statistic: str, n: int) -> tuple[Floats, Floats | None]:
    """Return the weights of a statistic for n groups, from the best to the worst, and its divisor (None: 1)."""
    above, below = np.zeros(n), np.zeros(n)
    if statistic == "gini":
        return (2 * np.arange(1, n + 1) - n - 1) / n, np.ones(n)
    if statistic == "p90_gap":
        for p, sign in ((0.9, 1.0), (0.5, -1.0)):
            rank = int(p * (n - 1) * (1 + 1e-12))
            part = p * (n - 1) - rank
            above[rank] += sign * (1 - part)
            above[min(rank + 1, n - 1)] += sign * part
        return above, None
    above[-1], below[0] = 1.0, 1.0
    return (above, below) if UNITLESS.get(statistic) == "ratio" else (above - below, None)


def ranked(values: Floats) -> tuple[Floats, Ints]:
    """Return the rows of the replications that measure, and the groups from best to worst as the others rank them.

    Parameters
    ----------
    values : ndarray of float, shape (replications, groups)
        More is worse; at least two replications. The second of every three ranks, so that replications added later
        change nothing.
    """
    ranks = ranking(len(values))
    return values[~ranks], np.argsort(values[ranks].mean(axis=0), kind="stable")


def ranking(n: int) -> Bools:
    """Return which of n replications rank, while the others measure (shape (n,))."""
    return np.asarray(np.arange(n) % 3 == 1)


def measured(ordered: Floats, statistic: str) -> Floats:
    """Return one number a replication, of which the statistic is the mean.

    Parameters
    ----------
    ordered : ndarray of float, shape (replications, groups)
        The best group first.
    statistic : str
        One of `STATISTICS`.

    Returns
    -------
    ndarray of float, shape (replications,)
        Of a ratio of means the jackknife's pseudo-values. NaN where the divisor is 0; but the Gini index is 0 where
        all values are.
    """
    above, below = weights(statistic, ordered.shape[1])
    top = ordered @ above
    if below is None:
        return top
    bottom = ordered @ below
    n = len(top)
    if statistic == "gini" and not bottom.any():
        return np.zeros(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = top.sum() / bottom.sum()
        without = (top.sum() - top) / (bottom.sum() - bottom)
        pseudo = n * ratio - (n - 1) * without if n > 1 else np.array([ratio])
    return np.where(np.isfinite(pseudo), pseudo, np.nan)


def statistics(
    measures: pl.DataFrame,
    pilots: Sequence[str],
    run: Run,
    asked: Sequence[JudgedMeasure],
    mid: Mid | None = None,
    horizon: Horizon | None = None,
) -> dict[Key, Statistic]:
    """Return all statistics of all pilots over the replications in which all of them counted something in all groups.

    Parameters
    ----------
    measures : polars.DataFrame
        The long table over all replications: pilot, replication, measure, group, unit, value, n.
    pilots : sequence of str
        The baseline first.
    run : Run
        Of which a group with a greater share of requests that go to an overloaded post withholds statistics that weigh
        it.
    asked : sequence of JudgedMeasure
        The measures, worded so that more is worse.
    mid, horizon : optional
        Smallest differences that matter, and how the replications end, so that what is still open can be weighed.
    """
    finished = [set(measures.filter(pl.col("pilot") == p)["replication"]) for p in pilots]
    both = np.array(sorted(set.intersection(*finished)))  # they are paired
    wanted = {s.measure for s in asked} | {s.touched for s in asked if s.touched} | {"left_unserved", "still_open"}
    grouped = pl.col("group").str.starts_with("community:") | pl.col("group").is_in(
        [g for p in PAIRS.values() for g in p]
    )
    bounds = (pl.col("measure") == OPEN_BOUND) & pl.col("group").str.extract("^([^|]*)").is_in(list(wanted))
    here = pl.col("replication").is_in(both.tolist())
    kept = measures.filter((pl.col("measure").is_in(list(wanted)) & grouped) | bounds, here)
    cells: dict[tuple[str, str], dict[str, Floats]] = defaultdict(dict)
    counted: dict[tuple[str, str], dict[str, Floats]] = defaultdict(dict)
    for (pilot, measure, group), part in kept.group_by("pilot", "measure", "group", maintain_order=True):
        at = np.searchsorted(both, part["replication"].to_numpy())
        column, n = np.full(len(both), np.nan), np.zeros(len(both))
        column[at], n[at] = part["value"].fill_null(np.nan).to_numpy(), part["n"].to_numpy()
        cells[str(pilot), str(measure)][str(group)], counted[str(pilot), str(measure)][str(group)] = column, n

    def values(pilot: str, response: Response) -> Floats:
        return cells.get((pilot, response.measure), {}).get(response.group, np.full(1, np.nan))

    def counts(pilot: str, response: Response) -> Floats:
        return counted.get((pilot, response.measure), {}).get(response.group, np.zeros(0))

    rule = Rule(values, run, {}, counts, mid, horizon)
    known: dict[Key, Statistic] = {}
    for pilot in pilots:
        for s in asked:
            mine = _Cells(pilot, s, cells, counted[pilot, s.measure], rule)
            for family, names in STATISTICS.items():
                groups = PAIRS[family][::-1] if family in PAIRS else mine.communities()
                if groups and all(g in cells[pilot, s.measure] for g in groups):
                    seen = _observed([counted[p, s.measure] for p in pilots], groups)
                    known |= {(pilot, s.measure, family, name): mine.statistic(groups, name, seen) for name in names}
    return known


def _observed(counted: Sequence[Mapping[str, Floats]], groups: Sequence[str]) -> Bools:
    """Return in which replications every group was counted under every pilot that has it; all where in under half."""
    seen = np.logical_and.reduce([column[g] > 0 for column in counted for g in groups if g in column])
    return seen if 2 * np.count_nonzero(seen) >= len(seen) else np.ones_like(seen)


@dataclass(frozen=True)
class _Cells:
    """The values of one measure under one pilot, by group, with those of the measures that may withhold it."""

    pilot: str
    asked: JudgedMeasure
    all: Mapping[tuple[str, str], Mapping[str, Floats]]
    counted: Mapping[str, Floats]
    rule: Rule

    def communities(self) -> tuple[str, ...]:
        """Return the names of today's communities."""
        return tuple(sorted(g for g in self.all[self.pilot, self.asked.measure] if g.startswith("community:")))

    def statistic(self, groups: tuple[str, ...], name: str, seen: Bools) -> Statistic:
        """Return a statistic of these groups over the replications seen; of a pair, the second less the first."""
        values = np.stack([self.rule.counted(self._of(g), self.pilot) for g in groups], axis=1)[seen]
        values = 1 - values if self.asked.higher_is_better else values
        nothing = np.zeros(0)
        if why := self._unknown(groups, values, seen):
            return Statistic(nothing, why)
        rows, order = np.flatnonzero(seen), np.arange(len(groups))
        if name in STATISTICS["community"]:
            if len(values) < 2:
                cannot = partial(gettext, "one replication cannot both rank the communities and measure them")
                return Statistic(nothing, Reason(Cause.ONE_REPLICATION, cannot))
            rows = rows[~ranking(len(values))]
            values, order = ranked(values)
        ordered = values[:, order]
        numbers = measured(ordered, name)
        best, worst = groups[order[0]], groups[order[-1]]
        both = ordered[:, [-1, 0]]
        if np.isnan(numbers).any():
            no_multiple = partial(_no_multiple, best, self.pilot)
            return Statistic(nothing, Reason(Cause.NOTHING_TO_DIVIDE_BY, no_multiple), worst, best, both)
        above, below = weights(name, len(groups))
        weighed = [groups[g] for g, a, b in zip(order, above, above if below is None else below, strict=True) if a or b]
        why = self._overloaded(weighed)
        known = Statistic(numbers, why, worst, best, both, rows)
        return known if "p90" not in name else replace(known, group=None, other=None, both=None)

    def _of(self, group: str) -> JudgedMeasure:
        """Return the measure of one group."""
        return self.asked.model_copy(update={"group": group})

    def _unknown(self, groups: Sequence[str], values: Floats, seen: Bools) -> Reason | None:
        """Return why there is no statistic where a group has no value in some replication."""
        missing = {g: ~np.isfinite(column) for g, column in zip(groups, values.T, strict=True)}
        missing = {g: where for g, where in missing.items() if where.any()}
        if not missing:
            return None
        more = len(missing) - 1
        none = {g: int(np.count_nonzero(where & (self.counted[g][seen] == 0))) for g, where in missing.items()}
        first = max(none, key=lambda g: none[g])
        if none[first]:
            where = partial(_in_group, first, more, self.pilot)
            return Reason(Cause.NO_OBSERVATION, partial(_nothing, none[first], len(values), where))
        first, reason = max(self._withheld(missing), key=lambda one: one[1].share)
        return Reason(reason.cause, partial(reason.words, partial(_in_group, first, more)))

    def _overloaded(self, groups: Sequence[str]) -> Reason | None:
        """Return why nothing follows from the group of these with most requests to an overloaded post, if too many."""
        over = self._withheld(groups)
        if not over:
            return None
        group, why = max(over, key=lambda one: (one[1].share, one[0]))
        return Reason(why.cause, lambda: why.words(group=phrase(group)))

    def _withheld(self, groups: Iterable[str]) -> list[tuple[str, Withheld]]:
        """Return the groups of these from which nothing follows, with the reasons."""
        reasons = [(group, self.rule.why(self._of(group), self.pilot)) for group in groups]
        return [(group, why) for group, why in reasons if why is not None]


def _nothing(n: int, of: int, where: Words) -> str:
    """Return that there was nothing to count in some replications."""
    return gettext("nothing to count in {n} of {all} replications {where}", n=n, all=of, where=where())


def _no_multiple(group: str, pilot: str) -> str:
    """Return that a group has nothing of which something could be a multiple."""
    return gettext("{group} has 0 under {pilot}, of which nothing is a multiple", group=phrase(group), pilot=pilot)


def _in_group(group: str, more: int, designs: str) -> str:
    """Return in a phrase that something is so in a group, and in more of them, under designs."""
    if not more:
        return gettext("in {group} under {designs}", group=phrase(group), designs=designs)
    return ngettext(
        "in {group} and {n} more under {designs}", "in {group} and {n} more under {designs}",
        more, group=phrase(group), designs=designs,
    )  # fmt: skip


def _no_interval(one: intervals.Interval | intervals.Difference) -> Reason | None:
    """Return why a statistic or a difference has no interval, if its values are too skewed or all alike."""
    if not one.why_none:
        return None
    cause = Cause.TOO_SKEWED if one.enough else Cause.NO_SPREAD
    return Reason(cause, partial(intervals.without_interval, one))


def adjusted_mean(values: Floats, controls: Controls | None) -> float:
    """Return a mean, adjusted; NaN of no values."""
    if not len(values):
        return math.nan
    return float(values.mean()) if controls is None else controls.mean(values)


def _controls(made: Mapping[tuple[str, str], Controls], key: tuple[str, str], values: Floats) -> Controls | None:
    """Return the controls of a statistic that has values in all the replications that they are of."""
    found = made.get(key)
    return found if found is not None and len(found.values) == len(values) else None


def table(
    known: Mapping[Key, Statistic],
    measures: pl.DataFrame,
    confidence: float,
    asked: Sequence[JudgedMeasure],
    adjusted: Mapping[tuple[str, str], Controls] = UNADJUSTED,
) -> Worded:
    """Return every statistic of every pilot with its own t interval, adjusted as `equity_controls` says.

    Returns
    -------
    Worded
        pilot, measure, family, statistic, label, unit, group, other_group (worst and best, or the pair),
        group_mean, other_mean, estimate, low, high, n (replications that measure), why: with an estimate, why it
        allows no conclusion; without, why there is none; cause (of that, as a word of `Cause`; null: none), controls
        (what it is adjusted for, in words). Of each measure more is worse.
    """
    units, labels = _units(measures), {s.measure: s.label for s in asked}
    rows = []
    words: dict[str, list[Words]] = {"label": [], "why": [], "controls": []}
    for (pilot, measure, family, name), s in known.items():
        by = _controls(adjusted, (measure, family), s.values)
        interval = intervals.mean_interval(s.values, confidence, by.values if by else None)
        of_group, of_other = s.means(by)
        words["label"].append(partial(phrase, labels[measure]))
        why = s.why or _no_interval(interval)
        words["why"].append(why.words if why else str)
        words["controls"].append(partial(str, by or ""))
        rows.append(
            {
                "pilot": pilot, "measure": measure, "family": family, "statistic": name, "label": "",
                "unit": UNITLESS.get(name, units[measure]), "group": s.group, "other_group": s.other,
                "group_mean": of_group, "other_mean": of_other, "estimate": interval.estimate,
                "low": interval.low, "high": interval.high, "n": interval.n,
                "why": "", "cause": why and str(why.cause), "controls": "",
            }
        )  # fmt: skip
    return Worded(pl.DataFrame(rows, schema=TABLE), words)


def differences(
    known: Mapping[Key, Statistic],
    measures: pl.DataFrame,
    pilots: Sequence[str],
    mid: Mid,
    run: Run,
    asked: Sequence[JudgedMeasure],
    adjusted: Mapping[tuple[str, str], Controls] = UNADJUSTED,
) -> Worded:
    """Return how every statistic differs from that of the first pilot, replication by replication, adjusted alike.

    Returns
    -------
    Worded
        measure, family, statistic, label, unit, baseline, pilot, baseline_value, pilot_value, difference, low, high,
        mid (null: none), verdict (*better*: more even, or the first of a pair gains; null without a MID), why, cause,
        n, controls. Intervals are simultaneous over the rows of a family of groups.
    """
    units, baseline, rows = _units(measures), pilots[0], []
    words: dict[str, list[Words]] = {"label": [], "why": [], "controls": []}
    for family, names in STATISTICS.items():
        keys = [
            (p, s, name) for p in pilots[1:] for s in asked for name in names
            if all((q, s.measure, family, name) in known for q in (baseline, p))
        ]  # fmt: skip
        both = [(known[baseline, s.measure, family, n], known[p, s.measure, family, n]) for p, s, n in keys]
        pairs = [(np.full(1, np.nan),) * 2 if a.why or b.why else (a.values, b.values) for a, b in both]
        each = [_controls(adjusted, (s.measure, family), x) for (_, s, _), (x, _) in zip(keys, pairs, strict=True)]
        found = intervals.simultaneous(pairs, run.confidence, [by.values if by else None for by in each])
        for (p, s, name), (a, b), by, d in zip(keys, both, each, found, strict=True):
            least = None if name in UNITLESS else mid.least(s)
            verdict = None if least is None else str(verdicts.verdict(d.low, d.high, least, higher_is_better=False))
            words["label"].append(partial(phrase, s.label))
            why = a.why or b.why or _no_interval(d)
            words["why"].append(why.words if why else str)
            words["controls"].append(partial(str, by or ""))
            rows.append(
                {
                    "measure": s.measure, "family": family, "statistic": name, "label": "",
                    "unit": UNITLESS.get(name, units[s.measure]), "baseline": baseline, "pilot": p,
                    "baseline_value": adjusted_mean(a.values, by), "pilot_value": adjusted_mean(b.values, by),
                    "difference": d.estimate,
                    "low": d.low, "high": d.high, "mid": least, "verdict": verdict,
                    "why": "", "cause": why and str(why.cause), "n": len(a.values), "controls": "",
                }
            )  # fmt: skip
    return Worded(pl.DataFrame(rows, schema=DIFFERENCES), words)


def _units(measures: pl.DataFrame) -> dict[str, str]:
    return dict(measures.select("measure", "unit").unique().iter_rows())
