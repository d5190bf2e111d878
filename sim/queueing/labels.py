"""What people call the parts of a network: beside its arrays, and never seen by an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.arrays import Ints


@dataclass(frozen=True)
class Labels:
    """Names of stations, classes and pools; the class of each request and the pool of each server.

    `unit` is the ticks in a unit of the time that results are told in, and `time_unit` its name.
    """

    station_names: tuple[str, ...]
    class_names: tuple[str, ...]
    request_class: Ints
    pool_names: tuple[str, ...]
    server_pool: Ints
    time_unit: str
    unit: int
