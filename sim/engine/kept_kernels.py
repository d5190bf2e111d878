"""Whether the compiled engine is kept from an earlier run, found out without loading Numba."""

from __future__ import annotations

import os
from pathlib import Path

SOURCE = Path(__file__).with_name("compiled.py")


def are_kept() -> bool:
    """Return whether the longest kernel was compiled after its source was last changed, where Numba would look."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    folders = [Path(chosen)] if chosen else [SOURCE.parent / "__pycache__", Path.home() / ".cache/numba"]
    changed = SOURCE.stat().st_mtime
    return any(index.stat().st_mtime >= changed for one in folders for index in one.rglob("compiled._advance-*.nbi"))
