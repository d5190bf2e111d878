"""What a timing depends on: the machine and the versions, without a name of host, user or folder."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from importlib import metadata
from pathlib import Path

LIBRARIES = ("numpy", "simpy", "ciw", "salabim", "greenlet", "numba", "polars", "scipy")


def facts() -> dict[str, str | int]:
    """Return the facts about this machine, its Python and the libraries, by name."""
    known: dict[str, str | int] = {
        "cpu": cpu_model(),
        "cores": os.cpu_count() or 1,
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }
    with suppress(ValueError, OSError, AttributeError):
        known["memory_gb"] = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
    for library in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            known[library] = metadata.version(library)
    return known


def cpu_model() -> str:
    """Return the model of the processor as the system reports it."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.lower().startswith(("model name", "cpu model")):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()
