"""The words of a benchmark, apart from what the timed processes load, whose start is part of what is timed."""

from __future__ import annotations

from sim.bench.tools import TOOLS
from sim.language import N_, gettext, pgettext, phrase

WORKLOADS = {
    "p1": N_("P1: three stations in a row (4, 8 and 2 servers)"),
    "p2": N_("P2: 24 staff, each with a queue of a specialism and 18 with one of a grid"),
}
"""The queueing workloads in full."""

SCALE = "scale"
"""The workload of all scale cases."""

PHASES = {"end_to_end": N_("end to end"), "replication": N_("replication"), "kernel": N_("kernel")}
"""What is timed."""

TOOL_TITLES = (N_("wangge, reference"), N_("wangge, compiled"))
"""The titles of tools that are more than a name."""

FIGURES = (
    N_("wait at station 1"), N_("wait at station 2"), N_("wait at station 3"), N_("sojourn"), N_("wait of A"),
    N_("wait of B"),
)  # fmt: skip
"""The means by which tools are compared, as `sim.bench.workloads.EXPECTED` has them."""


def title_of(tool: str) -> str:
    """Return the title of a tool."""
    return phrase(TOOLS[tool].title)


def name_of(tool: str) -> str:
    """Return the key of a tool in words: names stay as they are."""
    ours = {"reference": pgettext("engine", "reference"), "compiled": pgettext("engine", "compiled")}
    return ours.get(tool, tool)


def phase_of(phase: str) -> str:
    """Return the name of what is timed."""
    return gettext(PHASES[phase])


def label_of(workload: str) -> str:
    """Return the name of a workload in a few words."""
    return phrase(workload.replace("_", " ")).capitalize()
