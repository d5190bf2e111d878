"""The choice of the engine that runs a network. It changes no result."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any, Literal

from sim.config import Section, checked_kind
from sim.config.bounds import Megabytes, Weeks
from sim.district import blocks
from sim.district.blocks import Record, clocks, since
from sim.draws.clock import WEEK
from sim.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sim.district.assemble import Plan
    from sim.engine.network import Network
    from sim.engine.record import Spells, Visits


class Compiled(Section):
    """The compiled engine, block by block."""

    kind: Literal["compiled"] = "compiled"
    block_weeks: Weeks = 40
    memory_mb: Megabytes | None = None


class Reference(Section):
    """The reference engine, the whole horizon at once."""

    kind: Literal["reference"] = "reference"


Settings = Compiled | Reference
KINDS: dict[str, type[Compiled | Reference]] = {"compiled": Compiled, "reference": Reference}


def chosen(mapping: Mapping[str, Any]) -> Settings:
    """Return the checked settings of an engine.

    Raises
    ------
    ConfigError
        If the kind or a key is unknown, or a number is out of its range.
    """
    if mapping.get("kind") == "compiled" and os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        raise ConfigError("NUMBA_DISABLE_JIT must be unset for engine=compiled (engine=reference runs without), got 1")
    settings: Settings = checked_kind(KINDS, mapping, "engine")
    return settings


def run(network: Network, horizon: int, engine: Settings) -> tuple[Visits, Spells]:
    """Return the record of a network; both engines give the same."""
    if isinstance(engine, Reference):
        from sim.engine.reference import engine as reference

        return reference.run(network, horizon)
    from sim.engine import compiled

    return compiled.run(network, horizon)


def records(plan: Plan, engine: Settings) -> Iterator[Record]:
    """Yield every request of a replication with its whole record, in parts that fit into memory.

    Raises
    ------
    ConfigError
        If the steps of a block do not fit into `engine.memory_mb`.
    """
    if isinstance(engine, Reference):
        case = plan.complete()
        began = clocks()
        visits, spells = run(case.network, plan.horizon, engine)
        seconds = since(began)
        gc.collect()  # requests that still wait at the horizon are held by reference cycles: memory would grow
        yield Record(case, visits, spells, seconds)
    else:
        yield from blocks.records(plan, edges(plan.horizon, engine.block_weeks), engine.memory_mb)


def in_one_block(engine: Settings, weeks: int) -> Settings:
    """Return the settings of an engine that runs a horizon of `weeks` weeks in one piece."""
    return engine if isinstance(engine, Reference) else engine.model_copy(update={"block_weeks": weeks})


def edges(horizon: int, block_weeks: int) -> list[int]:
    """Return the edges of blocks of about equal length, of at most `block_weeks` weeks, from 0 on (ticks)."""
    weeks = -(-horizon // WEEK)
    n = -(-weeks // block_weeks)
    return [min(horizon, weeks * i // n * WEEK) for i in range(n + 1)]
