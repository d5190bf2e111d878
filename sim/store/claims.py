"""Which replications a process works on, so that processes that start together share them out.

A claim is a lock of one byte of one file of the archive, which stays empty: the system gives it up however its process
ends, so that no claim outlives its owner. It only saves work. Where a file system knows no locks, all are granted: a
replication may be simulated twice, and what is kept first stays.
"""

from __future__ import annotations

import os
import struct
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
# `struct flock`, as C lays it out.
BSD = sys.platform != "linux"
FLOCK = "@qqihh" if BSD else "@hhqqi4x"
FLOCK_FIELDS = (
    ("l_start", "l_len", "l_pid", "l_type", "l_whence") if BSD else ("l_type", "l_whence", "l_start", "l_len", "l_pid")
)
OFFSET_DIGITS = 14  # hexadecimal ones: below 2^56, so that every system can lock there


@dataclass(frozen=True)
class Claims:
    """The claims of this process on the replications of one archive; None: no file, all are granted."""

    descriptor: int | None

    def take(self, key: str, replication: int) -> bool:
        """Claim a replication; return whether no other process has."""
        return self.descriptor is None or self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB, key, replication)

    def take_all(self) -> bool:
        """Claim every replication of the archive; return whether no other process has any."""
        return self.descriptor is None or self._lock_bytes(fcntl.LOCK_EX | fcntl.LOCK_NB, 0, 0)

    def is_free(self, key: str, replication: int) -> bool:
        """Return whether no other process has claimed a replication."""
        free = self.take(key, replication)
        self.give_back(key, replication)  # the system looks through all that are kept for the next one
        return free

    def give_back(self, key: str, replication: int) -> None:
        """Give up a claim, if there is one."""
        if self.descriptor is not None:
            self._lock(fcntl.LOCK_UN, key, replication)

    def holder(self, key: str, replication: int) -> int | None:
        """Return the process of this machine that has claimed a replication; None where that is not known."""
        if self.descriptor is None:
            return None
        fields = {"l_type": fcntl.F_WRLCK, "l_start": _offset(key, replication), "l_len": 1}
        lock = struct.pack(FLOCK, *(fields.get(name, 0) for name in FLOCK_FIELDS))
        try:
            told = struct.unpack(FLOCK, fcntl.fcntl(self.descriptor, fcntl.F_GETLK, lock))
        except (OSError, struct.error):
            return None
        found = dict(zip(FLOCK_FIELDS, told, strict=True))
        return found["l_pid"] if found["l_type"] != fcntl.F_UNLCK and _runs(found["l_pid"]) else None

    def _lock(self, how: int, key: str, replication: int) -> bool:
        """Lock or unlock the byte of a replication; return whether that is not refused for another process."""
        return self._lock_bytes(how, 1, _offset(key, replication))

    def _lock_bytes(self, how: int, n: int, first: int) -> bool:
        """Lock or unlock so many bytes (0: all there could be); return as `_lock` does."""
        assert self.descriptor is not None
        try:
            fcntl.lockf(self.descriptor, how, n, first)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            return True
        return True


def _offset(key: str, replication: int) -> int:
    """Return which byte is that of a replication."""
    return int(files.digest(f"{key}/{replication}".encode())[:OFFSET_DIGITS], 16)


def _runs(process: int) -> bool:
    """Return whether this machine has a process of this number: that of another machine may be told too."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return process > 0


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
