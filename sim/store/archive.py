"""Finished replications on disk, one file each, filed under the key of its design.

A file under its own name is complete (`sim.store.packing` says what is in it): it was written beside its place,
flushed to the disk, then renamed. Which study asked for a replication first is not noted, so that all studies share it.
"""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import StoreError, shown
from sim.store import files, layout, packing
from sim.store.manifest import KEY, canonical
from sim.store.packing import SpoiltError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import polars as pl

PROBE_BYTES = 4096

MOST_ERROR = 100_000
"""Letters of why a replication failed."""

MOST_TITLE = 100_000
"""Letters of the name or the title of a design."""


class Damaged(StoreError):  # noqa: N818 - what it says of a replication
    """A kept replication was damaged: it was set aside and counts as not finished."""


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
        What it stands for, as it was described; empty where it was not.
    replications
        The numbers of those that are finished, in order.
    failures
        How many are noted as failed.
    aside
        How many files were set aside: damaged ones, and replications of an earlier program.
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
        archive.refuse_link()
        with files.as_store_error(archive.folder):
            archive.folder.mkdir(parents=True, exist_ok=True)
            files.remove_leftovers(archive.folder)
            with files.temporary(archive.folder) as probe:
                files.write(probe, bytes(PROBE_BYTES))
        return archive

    def refuse_link(self) -> None:
        """Raise if the archive is a link that leads out of the folder of results: a stranger's could lead anywhere.

        Raises
        ------
        StoreError
            The link must be removed.
        """
        if self.folder.is_symlink() and not self.folder.resolve().is_relative_to(self.folder.parent.resolve()):
            raise StoreError(
                f"{self.folder} must lie inside the folder of results, got a symbolic link to {self.folder.resolve()}. "
                "Remove the link."
            )

    def finished(self, key: str, replication: int) -> bool:
        """Return whether a replication is kept: a look at its name, however much is kept beside it."""
        with files.as_store_error(self.folder):
            return layout.is_there(self._path(key, replication))

    def stamp(self, key: str, replication: int) -> tuple[int, int]:
        """Return size and time of writing of a replication's file (bytes, nanoseconds): other ones, another file.

        Raises
        ------
        StoreError
            It must be there.
        """
        with files.as_store_error(self.folder):
            about = self._path(key, replication).stat()
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
        path = self._path(key, replication)
        data = packing.packed(key, replication, tables, facts)
        # First, so that no note outlives the replication if this process is killed between the two.
        self.clear_failure(key, replication)
        with files.as_store_error(self.folder):
            self._ensure_folder(path)
            new = not layout.is_there(path) and self._create(path, data)
            if not new and not layout.is_there(path):
                self._move_aside(path, layout.CORRUPT)
                new = self._create(path, data)
        return new

    def read(self, key: str, replication: int, table: str) -> pl.DataFrame:
        """Return a table of a replication.

        Raises
        ------
        NotKept
            The replication and the table must be kept.
        Damaged
            Facts and table must be complete; otherwise the replication is set aside.
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

    def contents(
        self, key: str, replication: int, table: str, *, leave: bool = False
    ) -> tuple[tuple[str, ...], pl.DataFrame | None]:
        """Return the names of the tables of a replication, and one of them (None: it has none), by reading it once.

        It raises as `read` does for what is damaged or lacking; with `leave`, a damaged one is left where it is.
        """
        record, tables = self._load(key, replication, (table,), leave=leave)
        return tuple(record["tables"]), tables.get(table)

    def read_all(self, key: str, replication: int) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
        """Return every table and the facts of a replication; it raises as `read` does."""
        record, tables = self._load(key, replication, None)
        return tables, dict(record["facts"])

    def set_aside(self, key: str, replication: int, why: str) -> str:
        """Rename the file of a replication, so that it counts as not finished, and return a sentence about it."""
        path = self._path(key, replication)
        with files.as_store_error(self.folder):
            name = self._move_aside(path, layout.CORRUPT)
        return f"{self._which(key, replication)} {why}; it was set aside as {name} and counts as not finished"

    def set_aside_earlier(self, key: str, replication: int) -> None:
        """Rename the file of an undamaged replication of an earlier program, so that it counts as not finished."""
        with files.as_store_error(self.folder):
            self._move_aside(self._path(key, replication), layout.EARLIER)

    def fail(self, key: str, replication: int, error: str) -> None:
        """Note that a replication failed, and why; a finished one stays finished."""
        path = layout.failure_path(self.folder, key, replication)
        note = {"replication": replication, "error": error[:MOST_ERROR], "at": _now()}
        with files.as_store_error(self.folder):
            self._ensure_folder(path)
            files.replace(path, files.readable(note), self.folder)

    def failure(self, key: str, replication: int) -> str | None:
        """Return why a replication failed, or nothing if it did not or is finished."""
        if self.finished(key, replication):
            return None
        with files.as_store_error(self.folder):
            try:
                error = files.read_json(layout.failure_path(self.folder, key, replication))["error"]
                if isinstance(error, str) and len(error) <= MOST_ERROR:
                    return error
                raise ValueError(f"a note must be a text of at most {MOST_ERROR:,} letters, got {shown(error)}")
            except (FileNotFoundError, NotADirectoryError):
                return None
            except (OSError, ValueError, KeyError, TypeError):
                return "the note about it cannot be read"

    def clear_failure(self, key: str, replication: int) -> None:
        """Remove the note that a replication failed, so that it is retried."""
        with files.as_store_error(self.folder), suppress(FileNotFoundError, NotADirectoryError):
            layout.failure_path(self.folder, key, replication).unlink()

    def describe(self, key: str, design: Mapping[str, Any]) -> None:
        """Keep what a key stands for, as plain JSON, for people: `name`, `title`, `model_version` and the rest.

        What is kept first stays.
        """
        path = self._folder(key) / layout.DESIGN
        if self.described(key):
            return
        with files.as_store_error(self.folder):
            self._ensure_folder(path)
            self._create(path, files.readable(dict(design)))

    def described(self, key: str) -> bool:
        """Return whether a key has a description."""
        with files.as_store_error(self.folder):
            return layout.is_there(self._folder(key) / layout.DESIGN)

    def design(self, key: str) -> dict[str, Any]:
        """Return what a key stands for, or an empty mapping where it has no description."""
        with suppress(OSError, ValueError):
            design = files.read_json(self._folder(key) / layout.DESIGN)
            texts = [design.get(name, "") for name in ("name", "title")] if isinstance(design, dict) else [None]
            return design if all(isinstance(one, str) and len(one) <= MOST_TITLE for one in texts) else {}
        return {}

    def keep_screening(self, key: str, screened: Mapping[str, Any]) -> None:
        """Keep what is known of a design before it is run, as plain JSON, in place of what was known before."""
        path = self._folder(key) / layout.SCREENED
        with files.as_store_error(self.folder):
            self._ensure_folder(path)
            files.replace(path, files.readable({"screened": dict(screened), "sha256": _digest(screened)}), self.folder)

    def screening(self, key: str) -> Any:
        """Return what was kept of a design before it was run, or None where nothing is as it was written."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = files.read_json(self._folder(key) / layout.SCREENED)
            return kept["screened"] if kept["sha256"] == _digest(kept["screened"]) else None
        return None

    def replications(self, key: str) -> list[int]:
        """Return the numbers of the finished replications of a design, damaged or not, in order."""
        with files.as_store_error(self.folder):
            return sorted(
                int(name[1])
                for entry in layout.entries_of(self._folder(key))
                if (name := layout.NUMBER.fullmatch(entry.name))
                and name[2] == layout.ENDING
                and layout.is_there(Path(entry))
            )

    def failures(self, key: str) -> dict[int, str]:
        """Return why replications of a design failed, by their numbers in order."""
        with files.as_store_error(self.folder):
            names = [layout.NUMBER.fullmatch(entry.name) for entry in layout.entries_of(self._folder(key))]
        numbers = sorted(int(name[1]) for name in names if name and name[2] == layout.FAILED)
        errors = {number: self.failure(key, number) for number in numbers}
        return {number: error for number, error in errors.items() if error is not None}

    def keys(self) -> list[str]:
        """Return the keys that have files, in order; links do not count."""
        with files.as_store_error(self.folder):
            return sorted(
                inner.name
                for outer in layout.entries_of(self.folder)
                if outer.is_dir(follow_symlinks=False)
                for inner in layout.entries_of(Path(outer))
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
        """Return all files of a design: replications, failures, what was set aside, its description and screening."""
        with files.as_store_error(self.folder):
            entries = layout.entries_of(self._folder(key))
            return sorted(
                Path(one)
                for one in entries
                if layout.is_own(one.name) and (one.is_file(follow_symlinks=False) or one.is_symlink())
            )

    def leftovers(self) -> list[Path]:
        """Return files that killed processes left half written."""
        with files.as_store_error(self.folder):
            return files.leftovers(self.folder)

    def remove(self, paths: Iterable[Path]) -> None:
        """Remove files of this archive, and the folders of keys that are empty then; links are not followed.

        Raises
        ------
        StoreError
            The files must lie in the archive, and have names that it gives.
        """
        self.refuse_link()
        with files.as_store_error(self.folder):
            for path in paths:
                if not path.parent.resolve().is_relative_to(self.folder.resolve()):
                    raise StoreError(f"{path} must lie inside the archive {self.folder} to be removed")
                if not (layout.is_own(path.name) or files.TEMPORARY_NAME.fullmatch(path.name)):
                    raise StoreError(f"{path} must be a file that the archive has written to be removed")
                files.remove(path)
                for folder in path.parents[:2]:
                    if folder.is_relative_to(self.folder) and folder != self.folder:
                        # It is not empty, or another process has removed it.
                        with suppress(OSError):
                            folder.rmdir()

    def check(self, key: str, replication: int) -> str | None:
        """Read all of a replication; return a sentence if it was damaged and is now set aside."""
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
        with files.as_store_error(self.folder):
            for entry in layout.entries_of(self._folder(key)):
                try:
                    about = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                n_bytes, written = n_bytes + about.st_size, max(written, about.st_mtime)
                name = layout.NUMBER.fullmatch(entry.name)
                if name and stat.S_ISREG(about.st_mode) and about.st_size:
                    (numbers if name[2] == layout.ENDING else failures).add(int(name[1]))
                aside += bool(layout.SET_ASIDE.fullmatch(entry.name))
        return Holding(key, self.design(key), tuple(sorted(numbers)), len(failures - numbers), aside, n_bytes, written)

    def _folder(self, key: str) -> Path:
        """Return the folder of a key."""
        return layout.design_folder(self.folder, key)

    def _path(self, key: str, replication: int) -> Path:
        """Return the path of a replication."""
        return layout.replication_path(self.folder, key, replication)

    def _named(self, key: str) -> str:
        """Return the name of a design in messages."""
        name = self.design(key).get("name")
        return f"design {key}" if not isinstance(name, str) else f"pilot {name}"

    def _which(self, key: str, replication: int) -> str:
        """Return which replication it is, in messages."""
        return f"Replication {replication} of {self._named(key)} in {self.folder}"

    def _ensure_folder(self, path: Path) -> None:
        """Make the folder of a file; raise if a symbolic link leads out of the archive."""
        folder = path.parent
        target = folder.resolve()
        if not target.is_relative_to(self.folder.resolve()):
            raise StoreError(
                f"{folder} must lie inside the results folder, got a symbolic link to {target}. "
                "Remove the link, or choose another name."
            )
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            for parent in folder.parents[:2]:
                files.sync(parent)

    def _create(self, path: Path, data: bytes) -> bool:
        """Create a file unless it exists; return whether it was created."""
        try:
            return files.create(path, data, self.folder)
        except FileNotFoundError:
            # Another process has just removed the folder, which was empty.
            self._ensure_folder(path)
            return files.create(path, data, self.folder)

    def _move_aside(self, path: Path, mark: str) -> str:
        """Rename the file of a replication, and return its new name, which begins with a mark."""
        aside = path.with_name(f"{mark}{path.stem}-{files.token()}{layout.ENDING}")
        # Another process may have set it aside already.
        with suppress(FileNotFoundError):
            path.rename(aside)
        return aside.name

    def _load(
        self, key: str, replication: int, wanted: Collection[str] | None, *, leave: bool = False
    ) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
        """Return what `facts.json` of a replication says, and those of the tables (None: all) that it has."""
        path = self._path(key, replication)
        try:
            with files.as_store_error(self.folder):
                data = _read(path)
            if data is None:
                raise NotKept(f"replication {replication} of {self._named(key)} must be kept, got none")
            return packing.unpacked(data, key, replication, wanted)
        except SpoiltError as damage:
            if leave:
                raise Damaged(f"{self._which(key, replication)} is damaged ({damage})") from damage
            raise Damaged(self.set_aside(key, replication, f"is damaged ({damage})")) from damage


def _digest(plain: Mapping[str, Any]) -> str:
    """Return the digest of plain data, so that damage does not pass for another number."""
    return files.digest(canonical(plain).encode())


def _read(path: Path) -> bytes | None:
    """Return the contents of a file, or None if it is not there."""
    try:
        about = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(about.st_mode):
        raise SpoiltError("what stands in its place is no file")
    return files.read_bytes(path)


def _now() -> str:
    """Return the time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
