"""The names of the parts of a network: they lie beside its arrays, and no engine sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.arrays import Ints


@dataclass(frozen=True)
class Labels:
    """Names of stations, classes and pools; the class of each request and the pool of each server.

    `unit` is the number of ticks in the time unit of the results, and `time_unit` its name.
    """

    station_names: tuple[str, ...]
    class_names: tuple[str, ...]
    request_class: Ints
    pool_names: tuple[str, ...]
    server_pool: Ints
    time_unit: str
    unit: int
