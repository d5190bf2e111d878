"""Nothing on stderr while a library decodes what a stranger may have written."""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STDERR = 2

_ONE_AT_A_TIME = Lock()
"""Two threads that both put it aside would put back the wrong one."""


@contextmanager
def without_stderr() -> Iterator[None]:
    """Let nothing be written to stderr: threads of polars tell there where in its source they gave up a spoilt table.

    What is raised is raised all the same. Rust has no switch for what its threads say of a panic. A process that
    another thread starts meanwhile has no stderr; none of ours is started by a thread other than the one that reads
    tables.
    """
    with _ONE_AT_A_TIME:
        try:
            kept = os.dup(STDERR)
        except OSError:  # it is closed: there is nothing to keep silent
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, STDERR)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)
