"""Whether the compiled engine is kept from an earlier run, found out without loading Numba."""

from __future__ import annotations

import sys
from pathlib import Path

from sim.engine.kernel_folder import KERNELS, places

SOURCE = Path(__file__).with_name("compiled.py")


def are_kept() -> bool:
    """Return whether the longest kernel was compiled after its source was last changed, where it would be kept.

    What cannot be searched counts as not kept: it is only for a notice that compiling takes a while.
    """
    kept = f"compiled._advance-*.py{sys.version_info.major}{sys.version_info.minor}{getattr(sys, 'abiflags', '')}.nbi"
    try:
        changed = SOURCE.stat().st_mtime
        return any(index.stat().st_mtime >= changed for one in places() for index in one.glob(f"{KERNELS}*/*/{kept}"))
    except OSError:  # an unreadable folder
        return False
