"""The charts of a comparison that need its places: maps of measures, and each design's organisation on a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sim.config.report import Response
from sim.language import gettext, run_together
from sim.study.withholding import judged_as

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from sim.study.design import Design
    from sim.study.withholding import Rule


def drawings(
    designs: Mapping[str, Design], measures: pl.DataFrame, rule: Rule, footer: str
) -> dict[str, Callable[[], Figure]]:
    """Return the maps that are drawn of every comparison and the organisation charts, by name, to be drawn when called.

    Where each replication has a place of its own, or each district of a province, there is no one map of the measures.
    """
    made: dict[str, Callable[[], Figure]] = {
        f"organisation_{name}": _organisation(design, footer) for name, design in designs.items()
    }
    for measure in _mapped(designs):
        made |= drawing(designs, measures, rule, measure, footer)
    return made


def names_of(designs: Mapping[str, Design]) -> list[str]:
    """Return the names of these charts."""
    return [*(f"organisation_{name}" for name in designs), *(f"map_{measure}" for measure in _mapped(designs))]


def _mapped(designs: Mapping[str, Design]) -> tuple[str, ...]:
    """Return the measures of which maps are drawn."""
    first = next(iter(designs.values())).pilot
    return first.report.maps if first.district.copies == 1 and first.district.place == "fixed" else ()


def drawing(
    designs: Mapping[str, Design], measures: pl.DataFrame, rule: Rule, measure: str, footer: str
) -> dict[str, Callable[[], Figure]]:
    """Return the map of one measure by its name; drawing it raises `ConfigError` unless it is kept by place."""

    def draw() -> Figure:
        from sim.charts import layer, map_figure

        organisations = {name: design.organisation for name, design in designs.items()}
        report = next(iter(designs.values())).pilot.report

        def why(name: str, group: str) -> str:
            return str(rule.why(judged_as(report, Response(measure, group)), name) or "")

        return map_figure(organisations, layer(measures, organisations, measure, why), footer)

    return {f"map_{measure}": draw}


def _organisation(design: Design, footer: str) -> Callable[[], Figure]:
    """Return a function that draws the organisation of a design."""

    def draw() -> Figure:
        from sim.charts import organisation_figure

        base = gettext("The base place (district.place_seed).") if design.pilot.district.place == "drawn" else ""
        return organisation_figure(design.organisation, run_together([base, footer]))

    return draw
