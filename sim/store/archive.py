"""Finished replications on disk: one file each, under the key of the design that it is one of.

Whatever stands under its own name is whole (`sim.store.packing` says what is in it): it was written beside its place,
flushed to the disk, then given its name at one stroke. Which study asked for a replication first is forgotten, so
that no other has to run it again.
"""

from __future__ import annotations

import json
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import StoreError
from sim.store import files, packing
from sim.store.manifest import KEY
from sim.store.packing import SpoiltError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    import polars as pl

ARCHIVE = ".replications"
REPLICATIONS = "replications"
DESIGN = "design.json"
ENDING = ".zip"
FAILED = ".failed.json"
ASIDE = "corrupt-"
NUMBER = re.compile(r"([0-9]{4}|[1-9][0-9]{4,})(\.zip|\.failed\.json)")
PROBE_BYTES = 4096


class Damaged(StoreError):  # noqa: N818 - what it says of a replication
    """A kept replication was not whole: it was put aside and counts as not finished."""


class NotKept(StoreError):  # noqa: N818 - what it says of a replication
    """A replication or one of its tables was never kept."""


@dataclass(frozen=True)
class Holding:
    """What is kept of one design.

    Attributes
    ----------
    key
        That of the design.
    design
        What it stands for, as it was described; empty where nobody did.
    replications
        The numbers of those that are finished, in order.
    failures
        How many are noted as failed.
    aside
        How many damaged or outdated files were put aside.
    n_bytes
        Of all its files.
    written
        When the last of them was written (seconds since 1970), 0 without any.
    """

    key: str
    design: Mapping[str, Any]
    replications: tuple[int, ...]
    failures: int
    aside: int
    n_bytes: int
    written: float

    @property
    def name(self) -> str:
        """Return what the first study called the design, or an empty text."""
        return str(self.design.get("name", ""))


@dataclass(frozen=True)
class Archive:
    """A folder of finished replications, `<first two letters of key>/<key>/<0003>.zip`; cheap to pickle.

    Attributes
    ----------
    folder
        The folder, absolute.
    """

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> Archive:
        """Return the archive of a folder, which is created; what killed processes left there is removed.

        Raises
        ------
        StoreError
            The folder must take files.
        """
        archive = cls(Path(folder).absolute())
        with files.usable(archive.folder):
            archive.folder.mkdir(parents=True, exist_ok=True)
            files.remove_leftovers(archive.folder)
            with files.temporary(archive.folder) as probe:
                files.write(probe, bytes(PROBE_BYTES))
        return archive

    def finished(self, key: str, replication: int) -> bool:
        """Return whether a replication is kept: one look at its name, however much is kept beside it."""
        with files.usable(self.folder):
            return _is_there(self._place(key, replication))

    def stamp(self, key: str, replication: int) -> tuple[int, int]:
        """Return size and time of writing of a replication's file (bytes, nanoseconds): other ones, another file.

        Raises
        ------
        StoreError
            It must be there.
        """
        with files.usable(self.folder):
            about = self._place(key, replication).stat()
        return about.st_size, about.st_mtime_ns

    def keep(self, key: str, replication: int, tables: Mapping[str, pl.DataFrame], facts: Mapping[str, Any]) -> bool:
        """Keep a finished replication, all of it or nothing; one that is kept already stays.

        A note that it failed is removed.

        Parameters
        ----------
        key
            Of the design.
        replication
            At least 0.
        tables
            By name.
        facts
            Anything else to know about it, as plain JSON.

        Returns
        -------
        bool
            Whether it was kept now.

        Raises
        ------
        StoreError
            Names must be plain, the disk must take the file.
        """
        place = self._place(key, replication)
        data = packing.packed(key, replication, tables, facts)
        # First, so that no note outlives the replication if this process is killed between the two.
        self.forgive(key, replication)
        with files.usable(self.folder):
            self._make_room(place)
            new = not _is_there(place) and self._create(place, data)
            if not new and not _is_there(place):
                self._move_aside(place)
                new = self._create(place, data)
        return new

    def read(self, key: str, replication: int, table: str) -> pl.DataFrame:
        """Return a table of a replication.

        Raises
        ------
        NotKept
            The replication and the table must be kept.
        Damaged
            Facts and table must be whole; otherwise the replication is put aside.
        """
        _, tables = self._load(key, replication, (table,))
        if table not in tables:
            raise NotKept(f"table must be one that replication {replication} of {self._named(key)} has, got {table!r}")
        return tables[table]

    def facts(self, key: str, replication: int) -> dict[str, Any]:
        """Return the facts of a replication; it raises as `read` does."""
        return dict(self._load(key, replication, ())[0]["facts"])

    def tables(self, key: str, replication: int) -> tuple[str, ...]:
        """Return the names of the tables of a replication; it raises as `read` does."""
        return tuple(self._load(key, replication, ())[0]["tables"])

    def whole(self, key: str, replication: int) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
        """Return every table and the facts of a replication; it raises as `read` does."""
        record, tables = self._load(key, replication, None)
        return tables, dict(record["facts"])

    def put_aside(self, key: str, replication: int, why: str) -> str:
        """Rename the file of a replication, so that it counts as not finished, and return a sentence about it."""
        place = self._place(key, replication)
        with files.usable(self.folder):
            name = self._move_aside(place)
        return (
            f"Replication {replication} of {self._named(key)} in {self.folder} {why}; it was put aside as {name} and "
            "counts as not finished"
        )

    def fail(self, key: str, replication: int, error: str) -> None:
        """Note that a replication failed, and why; a finished one stays finished."""
        place = self._failure_place(key, replication)
        note = {"replication": replication, "error": error, "at": _now()}
        with files.usable(self.folder):
            self._make_room(place)
            files.replace(place, files.readable(note), self.folder)

    def failure(self, key: str, replication: int) -> str | None:
        """Return why a replication failed, or nothing if it did not or is finished."""
        if self.finished(key, replication):
            return None
        with files.usable(self.folder):
            try:
                return str(json.loads(self._failure_place(key, replication).read_bytes())["error"])
            except (FileNotFoundError, NotADirectoryError):
                return None
            except (ValueError, KeyError, TypeError):
                return "the note about it cannot be read"

    def forgive(self, key: str, replication: int) -> None:
        """Forget that a replication failed, so that it is tried again."""
        with files.usable(self.folder), suppress(FileNotFoundError, NotADirectoryError):
            self._failure_place(key, replication).unlink()

    def describe(self, key: str, design: Mapping[str, Any]) -> None:
        """Keep what a key stands for, as plain JSON, for people: `name`, `title`, `model_version` and the rest.

        What is kept first stays.
        """
        place = self._room(key) / DESIGN
        if self.described(key):
            return
        with files.usable(self.folder):
            self._make_room(place)
            self._create(place, files.readable(dict(design)))

    def described(self, key: str) -> bool:
        """Return whether it is kept what a key stands for."""
        with files.usable(self.folder):
            return _is_there(self._room(key) / DESIGN)

    def design(self, key: str) -> dict[str, Any]:
        """Return what a key stands for, or an empty mapping where nobody described it."""
        with files.usable(self.folder), suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
            design = json.loads((self._room(key) / DESIGN).read_bytes())
            return dict(design) if isinstance(design, dict) else {}
        return {}

    def replications(self, key: str) -> list[int]:
        """Return the numbers of the finished replications of a design, whole or not, in order."""
        with files.usable(self.folder):
            return sorted(
                int(found[1])
                for entry in _entries(self._room(key))
                if (found := NUMBER.fullmatch(entry.name)) and found[2] == ENDING and _is_there(Path(entry))
            )

    def failures(self, key: str) -> dict[int, str]:
        """Return why replications of a design failed, by their numbers in order."""
        with files.usable(self.folder):
            names = [NUMBER.fullmatch(entry.name) for entry in _entries(self._room(key))]
        numbers = sorted(int(found[1]) for found in names if found and found[2] == FAILED)
        told = {number: self.failure(key, number) for number in numbers}
        return {number: error for number, error in told.items() if error is not None}

    def keys(self) -> list[str]:
        """Return the keys of which anything is kept, in order; links are none."""
        with files.usable(self.folder):
            return sorted(
                inner.name
                for outer in _entries(self.folder)
                if outer.is_dir(follow_symlinks=False)
                for inner in _entries(Path(outer))
                if inner.is_dir(follow_symlinks=False)
                and KEY.fullmatch(inner.name)
                and inner.name.startswith(outer.name)
            )

    def designs(self) -> dict[str, dict[str, Any]]:
        """Return what every key stands for."""
        return {key: self.design(key) for key in self.keys()}

    def holdings(self, keys: Collection[str] | None = None) -> list[Holding]:
        """Return what is kept of these designs, or of all."""
        return [self._holding(key) for key in (self.keys() if keys is None else keys)]

    def paths(self, key: str) -> list[Path]:
        """Return all files that are kept of a design: its replications, failures, what was put aside, what it is."""
        with files.usable(self.folder):
            return sorted(
                Path(entry)
                for entry in _entries(self._room(key))
                if NUMBER.fullmatch(entry.name) or entry.name == DESIGN or entry.name.startswith(ASIDE)
            )

    def leftovers(self) -> list[Path]:
        """Return what killed processes left half written."""
        with files.usable(self.folder):
            return files.leftovers(self.folder)

    def remove(self, paths: Iterable[Path]) -> None:
        """Remove files of this archive, and the folders of keys that are empty then; links are not followed.

        Raises
        ------
        StoreError
            The files must lie in the archive.
        """
        with files.usable(self.folder):
            for path in paths:
                if not path.parent.resolve().is_relative_to(self.folder.resolve()):
                    raise StoreError(f"{path} must lie inside the archive {self.folder} to be removed")
                files.remove(path)
                for folder in path.parents[:2]:
                    if folder.is_relative_to(self.folder) and folder != self.folder:
                        # It is not empty, or another process has removed it.
                        with suppress(OSError):
                            folder.rmdir()

    def check(self, key: str, replication: int) -> str | None:
        """Read all that is in a replication; return a sentence where it was damaged and is put aside."""
        try:
            self._load(key, replication, None)
        except Damaged as damage:
            return str(damage)
        return None

    def _holding(self, key: str) -> Holding:
        """Return what is kept of a design."""
        numbers: set[int] = set()
        failures: set[int] = set()
        aside, n_bytes, written = 0, 0, 0.0
        with files.usable(self.folder):
            for entry in _entries(self._room(key)):
                try:
                    about = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                n_bytes, written = n_bytes + about.st_size, max(written, about.st_mtime)
                found = NUMBER.fullmatch(entry.name)
                if found and stat.S_ISREG(about.st_mode) and about.st_size:
                    (numbers if found[2] == ENDING else failures).add(int(found[1]))
                aside += entry.name.startswith(ASIDE)
        return Holding(key, self.design(key), tuple(sorted(numbers)), len(failures - numbers), aside, n_bytes, written)

    def _room(self, key: str) -> Path:
        """Return the folder of a key."""
        if not KEY.fullmatch(key):
            raise StoreError(f"key must be 4 to 64 of the letters a-z and digits, got {key[:60]!a}")
        return self.folder / key[:2] / key

    def _place(self, key: str, replication: int) -> Path:
        """Return where a replication is kept."""
        if replication < 0:
            raise StoreError(f"replication must be at least 0, got {replication}")
        return self._room(key) / f"{replication:04d}{ENDING}"

    def _failure_place(self, key: str, replication: int) -> Path:
        """Return where it is noted that a replication failed."""
        return self._place(key, replication).with_name(f"{replication:04d}{FAILED}")

    def _named(self, key: str) -> str:
        """Return what to call a design in a message."""
        name = self.design(key).get("name")
        return f"design {key}" if not isinstance(name, str) else f"pilot {name}"

    def _make_room(self, place: Path) -> None:
        """Make the folder of a file, unless a symbolic link leads out of the archive."""
        room = place.parent
        leads = room.resolve()
        if not leads.is_relative_to(self.folder.resolve()):
            raise StoreError(
                f"{room} must lie inside the results folder, got a symbolic link to {leads}. "
                "Remove the link, or choose another name."
            )
        if not room.is_dir():
            room.mkdir(parents=True, exist_ok=True)
            for parent in room.parents[:2]:
                files.sync(parent)

    def _create(self, place: Path, data: bytes) -> bool:
        """Put a file in its place unless something stands there, and return whether it was put."""
        try:
            return files.create(place, data, self.folder)
        except FileNotFoundError:
            # Another process has just removed the folder, which was empty.
            self._make_room(place)
            return files.create(place, data, self.folder)

    def _move_aside(self, place: Path) -> str:
        """Rename what stands in the place of a replication, and return its new name."""
        aside = place.with_name(f"{ASIDE}{place.stem}-{files.token()}{ENDING}")
        # Another process may have put it aside already.
        with suppress(FileNotFoundError):
            place.rename(aside)
        return aside.name

    def _load(
        self, key: str, replication: int, wanted: Collection[str] | None
    ) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
        """Return what `facts.json` of a replication says, and those of the tables (None: all) that it has."""
        place = self._place(key, replication)
        try:
            with files.usable(self.folder):
                data = _read(place)
            if data is None:
                raise NotKept(f"replication {replication} of {self._named(key)} must be kept, got none")
            return packing.unpacked(data, key, replication, wanted)
        except SpoiltError as damage:
            raise Damaged(self.put_aside(key, replication, f"is damaged ({damage})")) from damage


def _read(place: Path) -> bytes | None:
    """Return what is in a file, or nothing if it is not there."""
    try:
        return place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        raise SpoiltError("a folder stands in its place") from None


def _is_there(place: Path) -> bool:
    """Return whether a file stands at a place and is not empty; a link is none."""
    try:
        about = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(about.st_mode) and about.st_size > 0


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what is in a folder, nothing if it is none."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        yield from entries


def _now() -> str:
    """Return the time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
