"""Which replications a process works on, so that processes that start together share them out.

A claim is a lock of one byte of one file of the archive, which stays empty: the system gives it up however its process
ends, so that no claim outlives its owner. It only saves work. Where a file system knows no locks, all are granted: a
replication may be simulated twice, and what is kept first stays.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.store import files

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = ".claims"
OFFSET_DIGITS = 14  # hexadecimal ones: below 2^56, so that every system can lock there


@dataclass(frozen=True)
class Claims:
    """The claims of this process on the replications of one archive; None: no file, all are granted."""

    descriptor: int | None

    def take(self, key: str, replication: int) -> bool:
        """Claim a replication; return whether no other process has."""
        return self.descriptor is None or self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB, key, replication)

    def give_back(self, key: str, replication: int) -> None:
        """Give up a claim, if there is one."""
        if self.descriptor is not None:
            self._lock(fcntl.LOCK_UN, key, replication)

    def _lock(self, how: int, key: str, replication: int) -> bool:
        """Lock or unlock the byte of a replication; return whether that is not refused for another process."""
        assert self.descriptor is not None
        offset = int(files.digest(f"{key}/{replication}".encode())[:OFFSET_DIGITS], 16)
        try:
            fcntl.lockf(self.descriptor, how, 1, offset)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            return True
        return True


@contextmanager
def claims(folder: Path) -> Iterator[Claims]:
    """Lend the claims on an archive; all are given up afterwards."""
    if sys.platform == "win32":
        yield Claims(None)
        return
    try:
        descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError:
        yield Claims(None)
        return
    try:
        yield Claims(descriptor)
    finally:
        os.close(descriptor)
