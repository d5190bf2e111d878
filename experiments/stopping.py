"""How a signal ends a command before there is anything that must be left in order.

It is loaded first, and imports nothing heavy: every moment before is one in which a signal is told in Python's own way.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # as type checkers take it, without typing, which takes time
if TYPE_CHECKING:
    from types import CodeType, FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that stop a command as Ctrl-C does: a request to terminate, and, where there are any, a closed terminal."""

KEEPING = ("compare", "sweep", "run", "headlines", "explain", "knobs")
"""Commands that keep each replication as soon as it is finished."""

IMPORTING = "<frozen importlib._bootstrap>"
"""The file, as frames name it, of the functions that load modules."""


def stopped(words: list[str]) -> str:
    """Return what is said of a command, given by its words, that a signal ends."""
    kept = words[:1] and words[0] in KEEPING
    return "stopped; finished work is kept, and the same command continues from there" if kept else "stopped"


def end_at_once(number: int, _: object) -> None:
    """End in a sentence, without a trace: libraries that are being loaded take no exception well."""
    try:
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), f"wangge: {stopped(sys.argv[1:])}\n".encode())
    except OSError:  # nobody reads it
        pass
    os._exit(128 + number)  # nothing is begun that must be left in order


def is_importing(frame: FrameType | None, outermost: CodeType) -> bool:
    """Return whether a module is being loaded, by whatever a function has called in whose course a frame is."""
    while frame is not None and frame.f_code is not outermost:
        if frame.f_code.co_filename == IMPORTING:
            return True
        frame = frame.f_back
    return False
