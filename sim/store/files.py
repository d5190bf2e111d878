"""Files written atomically: their bytes, and how they are put in place."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import platform
import re
import shutil
import stat
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.config.reading import kind_of
from sim.errors import UNREADABLE, StoreError, shown
from sim.memory import memory_there_is_mb
from sim.store.parquet_size import by_its_own_types, size_of
from sim.store.silence import without_stderr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPORARY = ".tmp-"
TEMPORARY_NAME = re.compile(rf"{re.escape(TEMPORARY)}[0-9a-f]{{8}}-[0-9]+-[0-9a-f]{{12}}")
"""Of a machine, a process, and a token: whoever begins a name so by chance has not written it so."""

DAY_SECONDS = 86_400
LONGEST_WRITE = 20
"""Seconds after which a process that keeps a folder to itself is taken for suspended."""

MOST_BYTES = 1_000_000_000
"""Of a file in a folder of results: many times the largest that a study of 100,000 points writes."""

MOST_JSON_BYTES = 50_000_000
"""Of a file of JSON, which takes some twenty times as much when it is read: twice the keys of 100,000 designs."""

MOST_FOOTER_BYTES = 1_000_000
"""Of what ends a Parquet file: many times that of a table of ours."""

MOST_CELLS = 30_000_000
"""Of a table: a thousand replications of four designs have a thousand rows each, of seven columns."""

MOST_DECODED_BYTES = 1_000_000_000
"""Of a table whose pages are decompressed: ten for each of its cells."""

MOST_TEXTS_BYTES = MOST_DECODED_BYTES
"""Of all texts of a table, each counted as often as it stands there: a file may hold it once for a million cells."""

MOST_TEXT_BYTES = 20_000
"""Of a cell or a heading of a table: several times the longest that is written, and shown in a moment."""

A_TENTH = 10
"""What a table of one replication may have of what a table may have: there are many replications in one."""

CELL_BYTES = 16
"""What a cell of a table takes in the memory, but for its text."""

PLAIN = {
    pl.String, pl.Boolean, pl.Null, pl.Float32, pl.Float64,
    pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64,
}  # fmt: skip
"""What columns hold. A Categorical is laid out at every step, and nothing writes one, or a time."""

NO_TABLE = (OSError, MemoryError, pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What reading a table raises that is not what was written."""


class NotRegularError(OSError):
    """Something else than a file stands where one is read."""


# A spreadsheet runs a cell that begins like this, also in full-width letters.
FORMULA = r"^(\s*[=+\-@＝＋－＠])"


@contextmanager
def as_store_error(folder: Path) -> Iterator[None]:
    """Turn an error of the file system in a results folder into a `StoreError` of one paragraph."""
    try:
        yield
    except NotRegularError as error:
        raise StoreError(f"{error.filename} {error.strerror}. Nothing was changed.") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise StoreError(
            f"The results folder {folder} cannot be used: a file stands where a folder must be "
            f"({error.filename or folder}). Nothing was changed. Choose another name."
        ) from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise StoreError(
            f"The results folder {folder} cannot be used: {error.strerror or error}{where}. What was finished "
            "there is kept. Free some space, make the folder writable, or choose another name; then run the same "
            "command again."
        ) from error


def named_after(word: str, identity: object) -> str:
    """Return the name of a folder that was given none: a word, and a digest of what its results depend on (as JSON)."""
    return f"{word}-{digest(json.dumps(identity, sort_keys=True).encode())[:8]}"


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


def read_parquet(path: Path) -> pl.DataFrame:
    """Return a table from a file that somebody may have edited.

    Raises
    ------
    OSError
        It must be a regular file, no link, and hold a table that is not larger than one of ours can be.
    polars.exceptions.PolarsError
        It must be Parquet.
    """
    return as_table(read_bytes(path))


def as_table(data: bytes, share: int = 1) -> pl.DataFrame:
    """Return a table from the bytes of a Parquet file; it raises as `read_parquet` does.

    It may have as much as a table of ours can have, divided by `share`.
    """
    # What says where the columns are takes longer to read the longer it is: two million bytes, for ever.
    if data[-4:] != b"PAR1" or int.from_bytes(data[-8:-4], "little") > MOST_FOOTER_BYTES:
        raise OSError(errno.EINVAL, "it is no table that was written here")
    data = by_its_own_types(data)  # what is measured is what is decoded, to the byte
    try:
        size = size_of(data)
    except ValueError as error:
        raise OSError(errno.EINVAL, f"it is no table that was written here: {error}") from error
    if size.cells > MOST_CELLS // share or size.decoded > MOST_DECODED_BYTES // share:
        most = f"{MOST_CELLS // share:,} cells and {MOST_DECODED_BYTES // share:,} bytes"
        raise OSError(errno.EFBIG, f"it must have at most {most}")
    with without_stderr():
        table = pl.read_parquet(io.BytesIO(data))
    table = table.with_columns(pl.col(table.columns[i]).cast(pl.Null) for i in size.empty)
    check_table(table, share)
    return table


def check_table(table: pl.DataFrame, share: int = 1) -> None:
    """Raise `OSError` where a table would not be read again: what it may have is divided by `share`."""
    if (cells := table.height * table.width) > MOST_CELLS // share:
        raise OSError(errno.EFBIG, f"it must have at most {MOST_CELLS // share:,} cells, got {cells:,}")
    texts = 0
    for name, kind in table.schema.items():
        if kind not in PLAIN:
            raise OSError(errno.EINVAL, f"{shown(name)} must hold texts, numbers or logical values, got {kind}")
        lengths = _lengths(table[name])
        longest = max(len(name.encode()), int(lengths.max() or 0))  # type: ignore[arg-type]
        if longest > MOST_TEXT_BYTES:
            rule = f"texts of {shown(name)} must have at most {MOST_TEXT_BYTES:,} bytes, got {longest:,}"
            raise OSError(errno.EFBIG, rule)
        texts += int(lengths.sum())
        if texts > MOST_TEXTS_BYTES // share:
            most = f"{MOST_TEXTS_BYTES // share:,} bytes"
            rule = f"its texts up to those of {shown(name)} must have at most {most}, got {texts:,}"
            raise OSError(errno.EFBIG, rule)


def _lengths(column: pl.Series) -> pl.Series:
    """Return the lengths of the texts of a column (bytes), none for other columns."""
    return column.str.len_bytes().cast(pl.Int64) if column.dtype == pl.String else pl.Series(dtype=pl.Int64)


@dataclass
class Held:
    """How much memory the tables take that are held together (bytes); whoever holds one more adds it first."""

    taken: int = 0

    def add(self, table: pl.DataFrame, which: str) -> pl.DataFrame:
        """Return a table, counted.

        Raises
        ------
        StoreError
            All together must take at most half of the memory that there is.
        """
        texts = sum(int(_lengths(table[name]).sum()) for name in table.columns)
        self.taken += CELL_BYTES * table.height * table.width + texts
        there_is = memory_there_is_mb() * 1e6
        if self.taken > there_is / 2:
            raise StoreError(
                f"Tables of replications must together take at most half of the memory ({there_is / 2e9:,.1f} GB), got "
                f"{self.taken / 1e9:,.1f} GB up to {which}. Nothing was changed."
            )
        return table


def read_json(path: Path) -> Any:
    """Return what is in a JSON file that somebody may have edited.

    Raises
    ------
    OSError
        It must be a regular file, no link, and not too large.
    ValueError
        It must be JSON, and not nested without end.
    """
    return as_json(read_bytes(path, MOST_JSON_BYTES), path.name)


def as_json(data: bytes, name: str) -> Any:
    """Return what is in some bytes of JSON; it raises as `read_json` does."""
    if len(data) > MOST_JSON_BYTES:
        raise ValueError(f"{name} must be of at most {MOST_JSON_BYTES:,} bytes")
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError(f"{name} is nested too deep") from None


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """Return what is in a file that somebody may have edited, of at most so many bytes (None: `MOST_BYTES`).

    Raises
    ------
    OSError
        It must be a regular file, no link, and not too large: a pipe would hold up whoever reads it.
    """
    most = MOST_BYTES if most is None else most
    rule = f"it must be a file of at most {most:,} bytes"
    check_regular(path)  # opening a device may do something
    # What has been put in its place since is neither followed nor waited for.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > most:
            raise OSError(errno.EINVAL, rule, str(path))
        data = file.read(about.st_size + 1)
    if len(data) > about.st_size:
        raise OSError(errno.EBUSY, "it must not grow while it is read", str(path))
    return data


def is_regular(path: Path) -> bool:
    """Return whether a path is a file, no link; it raises where that cannot be known, as where nothing is there."""
    return stat.S_ISREG(path.lstat().st_mode)


def check_regular(path: Path) -> None:
    """Raise `NotRegularError` where something else stands in the place of a file, and `OSError` where nothing does."""
    if not is_regular(path):
        rule = f"must be a regular file, got a {kind_of(path.lstat().st_mode)}"
        raise NotRegularError(errno.EINVAL, rule, str(path))


def make_folder(path: Path) -> None:
    """Make a folder unless it is there; it raises `NotRegularError` where something else stands in its place."""
    try:
        path.mkdir(exist_ok=True)
    except FileExistsError:
        rule = f"must be a folder, got a {kind_of(path.lstat().st_mode)}"
        raise NotRegularError(errno.ENOTDIR, rule, str(path)) from None


def is_taken(path: Path) -> bool:
    """Return whether a file is there, or anything in its place."""
    with suppress(OSError, ValueError):
        return os.path.lexists(path)
    return False


def regular(folder: Path, ending: str) -> list[Path]:
    """Return the regular files of a folder whose names have an ending, in order; none where there is no folder."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        names = [one.name for one in entries if one.name.endswith(ending) and one.is_file(follow_symlinks=False)]
        return [folder / name for name in sorted(names)]
    return []


def csv(table: pl.DataFrame) -> bytes:
    """Return a table as CSV; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    texts = [
        pl.col(name).cast(pl.String).str.replace_all(UNREADABLE.pattern, " ").str.replace(FORMULA, "'${0}")
        for name, kind in table.schema.items()
        if kind in (pl.String, pl.Categorical, pl.Enum)
    ]
    headings = (
        pl.Series(table.columns, dtype=pl.String).str.replace_all(UNREADABLE.pattern, " ").str.replace(FORMULA, "'${0}")
    )
    shown = table.with_columns(texts).rename(dict(zip(table.columns, headings, strict=True)))
    text = shown.write_csv(line_terminator="\n")
    # Without the byte order mark, a spreadsheet misreads Chinese; plain ASCII needs none.
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
    """Lend a new name in a folder, for a file or a folder; it is removed afterwards if it is still there.

    The name says which process of which machine it belongs to (the machine as a checksum).
    """
    path = folder / f"{TEMPORARY}{_machine()}-{os.getpid()}-{token()}"
    try:
        yield path
    finally:
        remove(path)


def replace(path: Path, data: bytes, beside: Path) -> None:
    """Write a file atomically, replacing one that exists; it is written first in the folder `beside`."""
    with temporary(beside) as draft:
        write(draft, data)
        try:
            draft.replace(path)
        except IsADirectoryError:
            check_regular(path)
            raise
    sync(path.parent)


def discard(path: Path) -> None:
    """Remove a file, if it is there; it raises `NotRegularError` where a folder stands in its place."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        if path.is_dir():
            check_regular(path)
        raise


def create(path: Path, data: bytes, beside: Path | None = None) -> bool:
    """Create a file atomically unless it exists; return whether it was created.

    It is written first in the folder `beside`, by default its own.
    """
    with temporary(beside or path.parent) as draft:
        write(draft, data)
        try:
            # A link, unlike a rename, never takes the place of what is there.
            os.link(draft, path)
        except FileExistsError:
            return False
        except OSError:
            # Not every file system has links.
            if os.path.lexists(path):
                return False
            draft.replace(path)
    sync(path.parent)
    return True


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep out other processes that want to be alone in a folder too, where the system knows locks.

    Raises
    ------
    StoreError
        No other process may keep the folder for longer than a write takes: one that was suspended would for ever.
    """
    descriptor = None
    with suppress(ImportError, OSError):  # Windows, or a folder that cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        _lock(descriptor, folder.name)
    try:
        yield
    finally:
        if descriptor is not None:
            with suppress(ImportError, OSError):
                import fcntl

                fcntl.flock(descriptor, fcntl.LOCK_UN)  # now, also where a child process has the folder open since
            os.close(descriptor)


def _lock(descriptor: int, name: str) -> None:
    """Lock an open folder, once no other process has it."""
    import fcntl

    until = time.monotonic() + LONGEST_WRITE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                raise StoreError(
                    f"{name} must be free to be written: another process has kept it for {LONGEST_WRITE} seconds and "
                    "may be suspended (fg resumes it), so resume or end it and try again"
                ) from None
            time.sleep(0.01)
        else:
            return


def leftovers(folder: Path) -> list[Path]:
    """Return the files in a folder that killed processes left half written."""
    found = (path for path in folder.glob(f"{TEMPORARY}*") if TEMPORARY_NAME.fullmatch(path.name))
    return sorted(path for path in found if _abandoned(path))


def remove_leftovers(folder: Path) -> None:
    """Remove the files in a folder that killed processes left half written."""
    for path in leftovers(folder):
        remove(path)


def token() -> str:
    """Return a short unique suffix."""
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
