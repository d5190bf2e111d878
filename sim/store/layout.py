"""Where the files of the archive lie, and what their names say."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import StoreError
from sim.store.manifest import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVE = ".replications"
REPLICATIONS = "replications"
DESIGN = "design.json"
SCREENED = "screened.json"
ENDING = ".zip"
FAILED = ".failed.json"
CORRUPT = "corrupt-"
"""Begins the names of damaged files."""

EARLIER = "earlier-"
"""Begins the names of undamaged replications that lack what this program measures: an earlier one kept them."""

SET_ASIDE = re.compile(rf"(?:{CORRUPT}|{EARLIER})[0-9]{{4,}}-[0-9a-f]{{12}}\.zip")
NUMBER = re.compile(r"([0-9]{4}|[1-9][0-9]{4,})(\.zip|\.failed\.json)")


def design_folder(archive: Path, key: str) -> Path:
    """Return the folder of a design.

    Raises
    ------
    StoreError
        The key must be one.
    """
    if not KEY.fullmatch(key):
        raise StoreError(f"key must be 4 to 64 of the letters a-z and digits, got {key[:60]!a}")
    return archive / key[:2] / key


def replication_path(archive: Path, key: str, replication: int) -> Path:
    """Return the path of a replication.

    Raises
    ------
    StoreError
        The key must be one, the replication at least 0.
    """
    if replication < 0:
        raise StoreError(f"replication must be at least 0, got {replication}")
    return design_folder(archive, key) / f"{replication:04d}{ENDING}"


def failure_path(archive: Path, key: str, replication: int) -> Path:
    """Return the path of the note that a replication failed."""
    return replication_path(archive, key, replication).with_name(f"{replication:04d}{FAILED}")


def is_own(name: str) -> bool:
    """Return whether this is a name that an archive gives to a file of a design."""
    return bool(NUMBER.fullmatch(name)) or name in (DESIGN, SCREENED) or bool(SET_ASIDE.fullmatch(name))


def is_there(path: Path) -> bool:
    """Return whether a path is a file, not a link, and not empty."""
    try:
        about = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(about.st_mode) and about.st_size > 0


def entries_of(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of a folder; nothing where there is no folder."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        yield from entries
