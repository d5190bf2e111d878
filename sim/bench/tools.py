"""The tools that are compared: what they are called, what they need, and how a workload is had from them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.bench.workloads import Inputs, Program

SIMPY, REFERENCE, COMPILED = "simpy", "reference", "compiled"
BASELINES = (SIMPY, REFERENCE)
ENGINES = (REFERENCE, COMPILED)


@dataclass(frozen=True)
class Tool:
    """A tool: how people call it, the modules it needs, and whether its first run compiles."""

    title: str
    needs: tuple[str, ...]
    compiles: bool = False


TOOLS = {
    "simpy": Tool("SimPy", ("simpy",)),
    "ciw": Tool("Ciw", ("ciw",)),
    "salabim": Tool("salabim", ("salabim", "greenlet")),
    "reference": Tool("wangge, reference", ("simpy", "sim.engine.reference.engine")),
    "compiled": Tool("wangge, compiled", ("numba", "sim.engine.compiled"), compiles=True),
}


def missing(name: str) -> list[str]:
    """Return the modules that a tool needs and this environment lacks."""
    return [module for module in TOOLS[name].needs if find_spec(module) is None]


def chosen(names: Iterable[str], lacking: dict[str, list[str]]) -> list[str]:
    """Return those of the named tools that lack nothing, in the order of `TOOLS`.

    Parameters
    ----------
    names : iterable of str
        What the user asked for.
    lacking : dict of str -> list of str
        The missing modules of every tool.

    Raises
    ------
    ConfigError
        For an unknown name, or if none of the tools is installed.
    """
    from sim.errors import ConfigError, near  # late: it would slow the start of every tool that is timed

    asked = list(names)
    for name in asked:
        if name not in TOOLS:
            raise ConfigError(f"tools must be of {', '.join(TOOLS)}{near(name, TOOLS)}, got {name}")
    found = [name for name in TOOLS if name in asked and not lacking[name]]
    if not found:
        absent = "; ".join(f"{name} lacks {', '.join(lacking[name])}" for name in asked) or "no tool is named"
        raise ConfigError(f"tools must have at least one that is installed ({absent}): pip install .[bench]")
    return found


def program(tool: str, inputs: Inputs) -> Program:
    """Return a workload in a tool, ready to run."""
    if tool in ENGINES:
        from sim.bench import with_engine

        return with_engine.program(inputs, with_engine.engine(tool))
    made: Program = importlib.import_module(f"sim.bench.with_{tool}").program(inputs)
    return made
