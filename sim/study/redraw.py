"""Redraws the charts of a results folder, of a comparison or a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ConfigError
from sim.study.comparison import redraw
from sim.study.findings import charting

if TYPE_CHECKING:
    from sim.store.store import Store


def draw(store: Store, measure: str | None = None) -> list[str]:
    """Draw every chart of a comparison or study, or only the map of a measure; keep them and return their names.

    Raises
    ------
    StoreError
        The folder must hold all that its charts are drawn from, undamaged.
    ConfigError
        The measure must be kept by community or grid; studies keep none.
    """
    if "study" not in store.identity:
        return redraw.draw(store, measure)
    if measure is not None:
        raise ConfigError(f"map must be left out for a study, which keeps no measures by place, got {measure}")
    return charting.draw(store)
