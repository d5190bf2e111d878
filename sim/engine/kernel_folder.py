"""Where compiled kernels are kept: Numba runs what it finds there, so that only the user may reach it."""

from __future__ import annotations

import os
import stat
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "NUMBA_CACHE_DIR"
KERNELS = f"kernels-{zlib.crc32(os.fsencode(Path(__file__).parent)):08x}"
"""Of this installation, so that no other one's files have to be looked at."""

PRIVATE = 0o700
OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO
MOST_SPOILT = 10
"""Folders that were reached by others are left alone, and this many are tried."""

ROOT = 0
NO_USER = 65534
"""Who owns root's folders as seen from a container or over NFS."""

BESIDE = Path(__file__).with_name("__pycache__")


def kernel_folder() -> Path:
    """Return the folder of compiled kernels, which is there and which nobody else can reach.

    It lies in the folder that the user's environment names, else in the user's own cache, else beside the program, else
    in the folder for temporary files.

    Raises
    ------
    ConfigError
        There must be such a folder.
    """
    for place in places():
        with suppress(OSError, RuntimeError):
            _make(place)
            if found := _own_folder(place.resolve()):
                return found
    if named := os.environ.get(VARIABLE):
        raise ConfigError(
            f"{VARIABLE} must be a folder that you own and that nobody else can write, nor the folders above it, "
            f"because what is kept there is run (others may have put something there: name a new one), got {named}"
        )
    raise ConfigError(
        f"{VARIABLE} must be set to a writable folder (it will hold the compiled engine), because neither the "
        "user's home, the installed program nor the folder for temporary files is writable, or others can write above"
    )


def places() -> list[Path]:
    """Return the folders in which a folder of kernels may be, the first choice first."""
    if named := os.environ.get(VARIABLE):
        return [Path(named).absolute()]
    # A relative one would lie where one stands.
    cache, shared = (Path(os.environ.get(name, "")) for name in ("XDG_CACHE_HOME", "TMPDIR"))
    shared = shared if shared.is_absolute() else Path("/tmp")
    last = [BESIDE, shared / f"wangge-{os.getuid()}"] if hasattr(os, "getuid") else [BESIDE]
    with suppress(RuntimeError):  # a user without a home
        return [(cache if cache.is_absolute() else Path.home() / ".cache") / "wangge", *last]
    return last


def _make(place: Path) -> None:
    """Make a folder and those above it that lack, whatever the umask, for the user alone."""
    for folder in (*reversed(place.parents), place):
        with suppress(FileExistsError):
            folder.mkdir(mode=PRIVATE)


def _own_folder(place: Path) -> Path | None:
    """Return a folder of kernels in a place, made where there is none; None where others could put another there.

    Numba gives its files the modes of the umask: what keeps others from them is the folder alone. One that was open to
    others, or holds anything of theirs, is passed over for good: closing it now would trust what they left.
    """
    if not all(_is_safe(folder) for folder in (place, *place.parents)):
        return None
    for n in range(MOST_SPOILT):
        folder = place / (f"{KERNELS}-{n}" if n else KERNELS)
        with suppress(FileExistsError):
            folder.mkdir(mode=PRIVATE)
        if _is_private(folder):
            return folder
    return None


def _is_safe(folder: Path) -> bool:
    """Return whether nobody but the user and root can replace what the user has in a folder."""
    if not hasattr(os, "getuid"):
        return True
    about = folder.stat()
    mode = about.st_mode
    writes = mode & stat.S_IWOTH or (mode & stat.S_IWGRP and (_has_list(folder) or not _is_of_one(about.st_gid)))
    # In a sticky one (/tmp) each can replace only their own.
    return about.st_uid in (os.getuid(), ROOT, NO_USER) and not (writes and not mode & stat.S_ISVTX)


def _has_list(folder: Path) -> bool:
    """Return whether a folder has a list of access (POSIX ACL): what looks like its group's rights are others' too."""
    with suppress(OSError, AttributeError):  # none, or a system without
        return bool(os.getxattr(folder, "system.posix_acl_access"))
    return False


def _is_of_one(group: int) -> bool:
    """Return whether a group is the user's own, with nobody else in it, as many systems make one for every user."""
    import grp
    import pwd

    with suppress(KeyError):
        user, known = pwd.getpwuid(os.getuid()), grp.getgrgid(group)
        return known.gr_name == user.pw_name and group == user.pw_gid and set(known.gr_mem) <= {user.pw_name}
    return False


def _is_private(folder: Path) -> bool:
    """Return whether a folder is the user's, closed to all others, and holds nothing that is another's, nor a link."""
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or not os.access(folder, os.W_OK | os.X_OK):
        return False
    if not hasattr(os, "getuid"):
        return True
    me = os.getuid()
    if about.st_uid != me or about.st_mode & OF_OTHERS:
        return False
    return all(inner.st_uid in (me, ROOT) and not stat.S_ISLNK(inner.st_mode) for inner in _below(folder))


def _below(folder: Path | str) -> Iterator[os.stat_result]:
    """Yield what the system says of everything below a folder; links are not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                yield entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # a draft that another process of the user has just renamed
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _below(entry.path)
