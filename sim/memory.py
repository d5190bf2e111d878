"""How much memory a process took."""

from __future__ import annotations

from pathlib import Path


def peak_memory_mb() -> float:
    """Return the peak resident memory of this process so far, not of the one that it was forked from (MB)."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
