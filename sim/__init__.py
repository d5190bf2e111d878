"""Wangge: how residents' requests are served by a city's neighbourhood administration.

This is the public door: what stands in `__all__` is documented in docs/api.md and kept stable. Everything is imported
when it is first used, so that a program starts quickly.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__: str

if TYPE_CHECKING:
    from sim.config import Pilot
    from sim.district.blocks import Record
    from sim.door import compare, journey, measure, network, pilot, preview, run, simulate, sweep
    from sim.engine.network import Network
    from sim.engine.network_building import make_network
    from sim.engine.record import Spells, Visits
    from sim.errors import ConfigError, ExecutorError, FrozenError, NetworkError, StoreError, WanggeError
    from sim.journeys.follow import Journeys
    from sim.queueing.schema import QueueNetwork
    from sim.study.comparison.comparison import Comparison
    from sim.study.network_run import NetworkRun
    from sim.study.own_measures import OwnMeasure
    from sim.study.sweep import Preview, Sweep

_HOMES = {
    "Comparison": "sim.study.comparison.comparison",
    "ConfigError": "sim.errors",
    "ExecutorError": "sim.errors",
    "FrozenError": "sim.errors",
    "Journeys": "sim.journeys.follow",
    "Network": "sim.engine.network",
    "NetworkError": "sim.errors",
    "NetworkRun": "sim.study.network_run",
    "OwnMeasure": "sim.study.own_measures",
    "Pilot": "sim.config",
    "Preview": "sim.study.sweep",
    "QueueNetwork": "sim.queueing.schema",
    "Record": "sim.district.blocks",
    "Spells": "sim.engine.record",
    "StoreError": "sim.errors",
    "Sweep": "sim.study.sweep",
    "Visits": "sim.engine.record",
    "WanggeError": "sim.errors",
    "compare": "sim.door",
    "journey": "sim.door",
    "make_network": "sim.engine.network_building",
    "measure": "sim.door",
    "network": "sim.door",
    "pilot": "sim.door",
    "preview": "sim.door",
    "run": "sim.door",
    "simulate": "sim.door",
    "sweep": "sim.door",
}

__all__ = [
    "Comparison",
    "ConfigError",
    "ExecutorError",
    "FrozenError",
    "Journeys",
    "Network",
    "NetworkError",
    "NetworkRun",
    "OwnMeasure",
    "Pilot",
    "Preview",
    "QueueNetwork",
    "Record",
    "Spells",
    "StoreError",
    "Sweep",
    "Visits",
    "WanggeError",
    "__version__",
    "compare",
    "journey",
    "make_network",
    "measure",
    "network",
    "pilot",
    "preview",
    "run",
    "simulate",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """Return a public name from its home, imported now."""
    if name == "__version__":
        from sim.version import VERSION

        return VERSION
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
