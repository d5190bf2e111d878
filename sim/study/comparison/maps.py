"""The charts of a study that need its places: maps of measures, and each pilot's organisation on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from matplotlib.figure import Figure

    from sim.config import Pilot
    from sim.district.organisation import Organisation


def figures(pilots: Sequence[Pilot], measures: pl.DataFrame, footer: str) -> dict[str, Figure]:
    """Return the maps that are drawn of every study and the organisation charts, by the name of their file.

    The districts of a province have places of their own, so that there is no one map of their measures.
    """
    from sim import charts
    from sim.charts.comparison.map import SHOWN
    from sim.study import load_tables

    designs = load_tables.organisations(pilots)
    drawn = {f"organisation_{name}": charts.organisation_figure(design, footer) for name, design in designs.items()}
    if pilots[0].district.copies == 1:
        drawn |= {f"map_{measure}": _map(designs, measures, measure, footer) for measure in SHOWN}
    return drawn


def map_of(pilots: Sequence[Pilot], measures: pl.DataFrame, measure: str, footer: str) -> dict[str, Figure]:
    """Return the map of one measure, by the name of its file.

    Raises
    ------
    ConfigError
        The measure must be kept by community or grid.
    """
    from sim.study import load_tables

    return {f"map_{measure}": _map(load_tables.organisations(pilots), measures, measure, footer)}


def _map(designs: Mapping[str, Organisation], measures: pl.DataFrame, measure: str, footer: str) -> Figure:
    """Return the map of a measure."""
    from sim.charts import layer, map_figure

    drawn: Figure = map_figure(designs, layer(measures, designs, measure), footer)
    return drawn
