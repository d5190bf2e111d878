"""The charts of a results folder once more, whatever it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ConfigError
from sim.study.comparison import redraw
from sim.study.findings import charting

if TYPE_CHECKING:
    from sim.store.store import Store


def draw(store: Store, measure: str | None = None) -> list[str]:
    """Draw every chart of a finished comparison or study, or only the map of a measure, and keep and name them all.

    Raises
    ------
    StoreError
        The folder must hold all that its charts are drawn from, whole.
    ConfigError
        The measure must be kept by community or grid; of a study none is.
    """
    if "study" not in store.identity:
        return redraw.draw(store, measure)
    if measure is not None:
        raise ConfigError(f"map must be left out for a study, which keeps no measures by place, got {measure}")
    return charting.draw(store)
