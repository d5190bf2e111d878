"""How much memory a process took, and how much there is."""

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


def memory_now_mb() -> float:
    """Return the resident memory of this process now (MB); 0 where the system does not report it."""
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return 0.0
    import resource

    return int(pages.read_text().split()[1]) * resource.getpagesize() / 1e6


def memory_of_the_machine_mb() -> float:
    """Return the memory that all processes of this machine, or of this container, may take together (MB)."""
    import os

    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    group = Path("/sys/fs/cgroup/memory.max")  # of a container; "max" where it allows all
    if group.exists() and (text := group.read_text().strip()).isdecimal():
        limits.append(int(text))
    return min(limits) / 1e6


def memory_there_is_mb() -> float:
    """Return the memory that this process may take: that of the machine, or less where it is limited (MB)."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return min([memory_of_the_machine_mb(), *([limit / 1e6] if limit > 0 else [])])
