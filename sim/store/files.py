"""Files that are whole or not there: what they hold as bytes, and how they come to their names."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import time
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import polars as pl

from sim.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPORARY = ".tmp-"
DAY_SECONDS = 86_400
NAME_BYTES = 200

# A spreadsheet runs a cell that begins so, also in full-width letters.
FORMULA = r"^(\s*[=+\-@＝＋－＠]|[\t\r\n])"


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses in a results folder into a paragraph."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise StoreError(
            f"The results folder {folder} cannot be used: {error.strerror or error}{where}. What was "
            "finished in it before is kept. Make room or give the right to write there, or choose another "
            "name; then give the same command again."
        ) from error


def plain_name(field: str, name: str) -> str:
    """Return a name that may come from anybody's config, checked to be that of a file in its own folder.

    Raises
    ------
    StoreError
        No separators, control or invisible characters, nor a dot or space at either end.
    """
    told = ascii(name) if len(name) <= 60 else f"{name[:60]!a}..."
    if not name or not name.isprintable() or set(name) & set('/\\:*?"<>|') or name.strip(". ") != name:
        raise StoreError(
            f'{field} must be a plain name (not empty, none of / \\ : * ? " < > |, no invisible characters, '
            f"no dot or space at either end), got {told}"
        )
    if len(name.encode()) > NAME_BYTES:
        raise StoreError(f"{field} must be at most {NAME_BYTES} bytes long, got {len(name.encode())}: {told}")
    return name


def readable(value: object) -> bytes:
    """Return JSON for reading, in UTF-8; what a command line had of invalid characters stays escaped."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode(errors="backslashreplace")


def digest(data: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def parquet(table: pl.DataFrame) -> bytes:
    """Return a table as Parquet; the same table always gives the same bytes."""
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


def csv(table: pl.DataFrame) -> bytes:
    """Return a table as CSV; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    texts = [
        pl.col(name).cast(pl.String).str.replace(FORMULA, "'${0}")
        for name, kind in table.schema.items()
        if kind in (pl.String, pl.Categorical, pl.Enum)
    ]
    headings = pl.Series(table.columns, dtype=pl.String).str.replace(FORMULA, "'${0}")
    shown = table.with_columns(texts).rename(dict(zip(table.columns, headings, strict=True)))
    text = shown.write_csv(line_terminator="\n")
    # Without the mark, a spreadsheet takes Chinese for another encoding; plain ASCII needs none.
    return text.encode("ascii" if text.isascii() else "utf-8-sig")


def write(path: Path, data: bytes) -> None:
    """Write a new file and flush it to the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Flush the names in a folder to the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """Lend a new name in a folder, for a file or a folder; what still stands there afterwards is removed.

    The name says which process of which machine it belongs to (the machine as a checksum).
    """
    path = folder / f"{TEMPORARY}{_machine()}-{os.getpid()}-{token()}"
    try:
        yield path
    finally:
        remove(path)


def replace(path: Path, data: bytes, room: Path) -> None:
    """Put a file in its place at one stroke, instead of what stood there; it is written first in `room`."""
    with temporary(room) as beside:
        write(beside, data)
        beside.replace(path)
    sync(path.parent)


def create(path: Path, data: bytes, room: Path | None = None) -> bool:
    """Put a file in its place at one stroke unless something stands there, and return whether it was put.

    It is written first in `room`, by default beside its place.
    """
    with temporary(room or path.parent) as beside:
        write(beside, data)
        try:
            # A link, unlike a rename, never takes the place of what is there.
            os.link(beside, path)
        except FileExistsError:
            return False
        except OSError:
            # Not every file system has links.
            if os.path.lexists(path):
                return False
            beside.replace(path)
    sync(path.parent)
    return True


def leftovers(folder: Path) -> list[Path]:
    """Return what processes left in a folder that were killed while they wrote."""
    return sorted(path for path in folder.glob(f"{TEMPORARY}*") if _abandoned(path))


def remove_leftovers(folder: Path) -> None:
    """Remove what processes left in a folder that were killed while they wrote."""
    for path in leftovers(folder):
        remove(path)


def token() -> str:
    """Return a few letters that nobody else has."""
    return uuid.uuid4().hex[:12]


def remove(path: Path) -> None:
    """Remove a file or a folder if it is there; a link is removed, not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _machine() -> str:
    """Return a checksum of this machine's name: process numbers mean nothing on another one."""
    return digest(platform.node().encode())[:8]


def _abandoned(path: Path) -> bool:
    """Return whether a temporary name belongs to a process that has ended, or is older than a day."""
    machine, _, rest = path.name.removeprefix(TEMPORARY).partition("-")
    process = rest.partition("-")[0]
    try:
        age = time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return False
    # On Windows, signal 0 is no question but a Ctrl-C.
    if age > DAY_SECONDS or machine != _machine() or not process.isdecimal() or os.name != "posix":
        return age > DAY_SECONDS
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
