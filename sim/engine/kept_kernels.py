"""Whether the compiled engine is kept from an earlier run, found out without loading Numba."""

from __future__ import annotations

import os
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("compiled.py")


def are_kept() -> bool:
    """Return whether the longest kernel was compiled after its source was last changed, where Numba would look.

    What cannot be searched counts as not kept: it is only for a notice that compiling takes a while.
    """
    kept = f"compiled._advance-*.py{sys.version_info.major}{sys.version_info.minor}{getattr(sys, 'abiflags', '')}.nbi"
    try:
        changed = SOURCE.stat().st_mtime
        return any(index.stat().st_mtime >= changed for one in _folders() for index in one.rglob(kept))
    except (OSError, RuntimeError):  # an unreadable folder, or a user without a home
        return False


def _folders() -> list[Path]:
    """Return the folders in which Numba keeps what it compiled from the source."""
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return [Path(chosen)]
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [SOURCE.parent / "__pycache__", Path(caches) / "numba"]
