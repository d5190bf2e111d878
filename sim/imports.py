"""What must not be loaded from where one stands: settings of libraries, and modules of processes that start."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = {"numba": ".numba_config.yaml", "matplotlib": "matplotlibrc"}
"""Libraries that take settings from the folder in which one stands, and the name of the file."""

HOME = Path(__file__).resolve().parent


def without_settings(library: str) -> None:
    """Import a library without the settings that lie where one stands, if there are any: they may be a stranger's.

    Numba's could name a folder whose files are run, Matplotlib's a program. What a caller has imported stays as it is.
    """
    if library in sys.modules or not os.path.lexists(SETTINGS[library]):
        return
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(HOME)
        importlib.import_module(library)
    finally:
        os.fchdir(here)
        os.close(here)


@contextmanager
def none_from_here() -> Iterator[None]:
    """Let processes that start in this block look for modules where this one does, and not where one stands first."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before
