"""The means of a design that is compared with none: what is known of them, and what they are adjusted for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from sim.config.report import ALL, Response
from sim.measures.dictionary import CONTROL, OPEN_BOUND
from sim.report.comparison import Mean
from sim.statistics.intervals import mean_interval
from sim.statistics.verdicts import Cause
from sim.study.comparison.differences import help_of, rule_of
from sim.study.controls import controls_of, where_they_pay
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.study.design import Design
    from sim.study.withholding import Rule


def means(design: Design, measures: pl.DataFrame) -> dict[tuple[str, str], Mean]:
    """Return the mean of every measure of all residents, and of those of the first screen, by measure and group."""
    named: Mapping[str, Design] = {design.name: design}
    rule, report = rule_of(named, measures), design.pilot.report
    overall = measures.filter(pl.col("group") == ALL)["measure"].unique(maintain_order=True)
    responses = [Response(str(one)) for one in overall if one not in (CONTROL, OPEN_BOUND)]
    responses += [one.response for one in report.glances]
    units = {Response(m, g): u for m, g, u in measures.select("measure", "group", "unit").unique().iter_rows()}
    known = (one for one in dict.fromkeys(responses) if one in units)
    return {(one.measure, one.group): _mean(design, rule, one, units[one]) for one in known}


def _mean(design: Design, rule: Rule, response: Response, unit: str) -> Mean:
    """Return the mean of a response, adjusted where that pays, and why nothing follows from it."""
    name, report, confidence = design.name, design.pilot.report, rule.run.confidence
    judged = judged_as(report, response)
    (values,) = rule.known(judged, name)
    controls = controls_of(rule.values, [name], response) if report.controls else None
    fits = controls is not None and len(controls.values) == len(values)
    by = where_they_pay(controls, confidence, [values]) if fits else None
    why = rule.why(judged, name)
    interval = rule.exactly(judged, mean_interval(values, confidence, by.values if by else None))
    if why is not None and why.cause is Cause.NOT_OWED:
        why = None  # it says so in place of a number
    mean = Mean(interval, unit, controls=partial(str, by) if by is not None else None)
    return mean if why is None else mean._replace(why=partial(str, why), help=partial(help_of, why))
