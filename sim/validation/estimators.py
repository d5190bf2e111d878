"""All estimators by name: what `wangge run` measures, and what only theory asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.validation import quantities, quantities_network

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

QUANTITIES: Mapping[str, Callable[..., float]] = {**quantities.QUANTITIES, **quantities_network.QUANTITIES}
