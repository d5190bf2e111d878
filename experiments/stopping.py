"""How a signal ends a command before there is anything that must be left in order.

It is loaded first, and imports nothing heavy: every moment before is one in which a signal is told in Python's own way.
"""

from __future__ import annotations

import os
import signal
import sys

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that stop a command as Ctrl-C does: a request to terminate, and, where there are any, a closed terminal."""

STOPPED = "stopped; finished work is kept, and the same command continues from there"


def end_at_once(number: int, _: object) -> None:
    """End in a sentence, without a trace: libraries that are being loaded take no exception well."""
    try:
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), f"wangge: {STOPPED}\n".encode())
    except OSError:  # nobody reads it
        pass
    os._exit(128 + number)  # nothing is begun that must be left in order
