"""Results on disk: one folder a study, written here and nowhere else.

A folder holds `manifest.json` (which study this is), `replications/<pilot>/<0003>/` (one Parquet file a
table, and `facts.json`), and the final tables, charts and texts. Whatever stands under its own name is whole:
it was written beside its place, flushed to the disk, then renamed.
"""

from __future__ import annotations

import io
import json
import os
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sim import files, manifest
from sim.files import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FACTS = "facts.json"
REPLICATIONS = "replications"
NUMBER = "[0-9]{4}|[1-9][0-9]{4,}"
SUBFOLDERS = ("charts",)
RESERVED = (manifest.NAME, REPLICATIONS, *SUBFOLDERS)
KEYS = ["pilot", "replication"]


class _DamagedError(Exception):
    """A kept replication is not whole; the message says why."""


@dataclass(frozen=True)
class Store:
    """The results folder of one study; cheap to pickle, so that workers keep their own replications.

    Attributes
    ----------
    folder
        The folder, absolute.
    run
        The name under which this opening is noted in the manifest.
    """

    folder: Path
    run: str

    @classmethod
    def open(cls, folder: Path, identity: Mapping[str, Any], facts: Mapping[str, Any]) -> Store:
        """Return the store of a study: its folder is created, or continued when it holds the same study.

        Parameters
        ----------
        folder
            The results folder.
        identity
            All that matters for the answer: the resolved config and the model's version, as plain JSON.
        facts
            What does not matter (versions, seed, overrides), as plain JSON; it should name neither
            hosts nor absolute paths. The time of starting is added.

        Raises
        ------
        StoreError
            The folder must be empty or hold this very study, and must be writable.
        """
        store = cls(Path(folder).absolute(), files.token())
        plain = manifest.plain(identity)
        noted = manifest.plain(facts)
        with files.usable(store.folder):
            store.folder.mkdir(parents=True, exist_ok=True)
            manifest.begin(store.folder, plain)
            manifest.compare(store.folder, plain)
            files.remove_leftovers(store.folder)
        manifest.note(store.folder, store.run, {"started": _now(), **noted})
        return store

    @classmethod
    def attach(cls, folder: Path) -> Store:
        """Return the store of a folder that holds a study already, without writing anything.

        Raises
        ------
        StoreError
            The folder must have a readable manifest.
        """
        store = cls(Path(folder).absolute(), files.token())
        manifest.read(store.folder)
        return store

    @property
    def identity(self) -> dict[str, Any]:
        """Return the identity of the study in this folder."""
        return dict(manifest.read(self.folder)["identity"])

    def finished(self, pilot: str, replication: int) -> bool:
        """Return whether this replication is kept (a quick look; `repair` reads all that is in it)."""
        return (self._place(pilot, replication) / FACTS).is_file()

    def keep(self, pilot: str, replication: int, tables: Mapping[str, pl.DataFrame], facts: Mapping[str, Any]) -> None:
        """Keep a finished replication, all of it or nothing; one that is kept already stays.

        Parameters
        ----------
        pilot, replication
            Which replication it is; the number is at least 0.
        tables
            By name; columns `pilot` and `replication` are added when they are read.
        facts
            Anything else to know about it, as plain JSON.

        Raises
        ------
        StoreError
            Names must be plain, tables must not have the added columns, the disk must take the files.
        """
        place = self._place(pilot, replication)
        contents = {}
        for name, table in tables.items():
            if set(KEYS) & set(table.columns):
                raise StoreError(f"columns of {name} must not have the names {KEYS}, got {table.columns}")
            contents[_parquet_name(name)] = files.parquet(table)
        digests = {file: files.digest(data) for file, data in contents.items()}
        record = {"pilot": pilot, "replication": replication, "tables": digests, "facts": dict(facts)}
        contents[FACTS] = files.readable(record)
        with files.usable(self.folder), files.temporary(self.folder) as beside:
            self._refuse_outside(place)
            beside.mkdir()
            for file, data in contents.items():
                files.write(beside / file, data)
            files.sync(beside)
            place.parent.mkdir(parents=True, exist_ok=True)
            self._settle(beside, place)
            for parent in place.parents[:3]:
                files.sync(parent)

    def repair(self) -> list[str]:
        """Read every kept replication and put aside those that are not whole: they count as not finished.

        Returns
        -------
        list of str
            A sentence for each replication that was put aside.
        """
        said = []
        with files.usable(self.folder):
            for pilot, replication in self._kept(None, None):
                try:
                    record = self._record(pilot, replication)
                    for file in record["tables"]:
                        self._checked_bytes(record, file)
                except _DamagedError as damage:
                    said.append(self._put_aside(self._place(pilot, replication), str(damage)))
        return said

    def table(self, name: str, pilots: Sequence[str] | None = None, replications: int | None = None) -> pl.DataFrame:
        """Return a table over the finished replications, with columns `pilot` and `replication` first.

        Parameters
        ----------
        name
            As given to `keep`; a replication that was kept without it adds no rows.
        pilots
            Which pilots, in this order; without it all, by name.
        replications
            Only those with a number below this; without it all.

        Raises
        ------
        StoreError
            Some replication must have this table. One that is not whole is put aside and named.
        """
        file = _parquet_name(name)
        parts = []
        for pilot, replication in self._kept(pilots, replications):
            with self._whole(pilot, replication):
                record = self._record(pilot, replication)
                if file not in record["tables"]:
                    continue
                data = self._checked_bytes(record, file)
            keys = pl.lit(pilot).alias("pilot"), pl.lit(replication, pl.Int64).alias("replication")
            parts.append(pl.read_parquet(io.BytesIO(data)).with_columns(keys).select(*KEYS, pl.exclude(KEYS)))
        if not parts:
            raise StoreError(f"table must be one that a finished replication in {self.folder} has, got {name!r}")
        return pl.concat(parts, how="vertical_relaxed")

    def facts(self, pilots: Sequence[str] | None = None, replications: int | None = None) -> list[dict[str, Any]]:
        """Return the facts of the finished replications, in the order of `table`; which ones comes first."""
        found = []
        for pilot, replication in self._kept(pilots, replications):
            with self._whole(pilot, replication):
                record = self._record(pilot, replication)
            which = {"pilot": pilot, "replication": replication}
            found.append(which | record["facts"] | which)
        return found

    def lacking(self, tables: Sequence[str]) -> list[str]:
        """Return those of these tables that some kept replication has not: an earlier program kept it."""
        names = set()
        for pilot, replication in self._kept(None, None):
            with self._whole(pilot, replication):
                held = self._record(pilot, replication)["tables"]
            names |= {name for name in tables if _parquet_name(name) not in held}
        return [name for name in tables if name in names]

    def write_table(self, name: str, table: pl.DataFrame) -> None:
        """Write a final table as Parquet and as CSV; the same table always gives the same bytes.

        In the CSV, text that a spreadsheet would run as a formula gets an apostrophe in front.
        """
        self.write_bytes(_parquet_name(name), files.parquet(table))
        self.write_bytes(f"{name}.csv", files.csv(table))

    def write_text(self, name: str, text: str) -> None:
        """Write a final text in UTF-8, such as `summary.md`."""
        self.write_bytes(name, text.encode())

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a final file at the top of the folder or in `charts/`, whole or not at all.

        Raises
        ------
        StoreError
            The name must be plain and no name of the store's own; the disk must take the file.
        """
        *subfolder, last = name.split("/")
        files.plain_name("file", last)
        if tuple(subfolder) not in [(), *((name,) for name in SUBFOLDERS)] or (
            not subfolder and last.casefold() in RESERVED
        ):
            raise StoreError(
                f"file must be a name at the top or in {'/, '.join(SUBFOLDERS)}/ "
                f"and none of {', '.join(RESERVED)}, got {name!r}"
            )
        place = self.folder.joinpath(*subfolder, last)
        with files.usable(self.folder):
            self._refuse_outside(place)
            place.parent.mkdir(exist_ok=True)
            files.replace(place, data, self.folder)

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Note in the manifest when this run finished, and further facts about it (plain JSON)."""
        manifest.note(self.folder, self.run, {**manifest.plain(facts), "finished": _now()})

    def _place(self, pilot: str, replication: int) -> Path:
        """Return where a replication is kept."""
        if replication < 0:
            raise StoreError(f"replication must be at least 0, got {replication}")
        return self.folder / REPLICATIONS / files.plain_name("pilot", pilot) / f"{replication:04d}"

    def _refuse_outside(self, place: Path) -> None:
        """Refuse to write where a symbolic link leads out of the folder."""
        leads = place.parent.resolve()
        if not leads.is_relative_to(self.folder.resolve()):
            raise StoreError(
                f"{place.parent} must lie inside the results folder, got a symbolic link to {leads}. "
                "Remove the link, or choose another name."
            )

    def _settle(self, beside: Path, place: Path) -> None:
        """Rename a whole replication into its place, unless a finished one stands there."""
        try:
            beside.rename(place)
        except OSError:
            if (place / FACTS).is_file():
                return
            if not os.path.lexists(place):
                raise
            self._put_aside(place, f"{FACTS} is missing")
            beside.rename(place)

    def _put_aside(self, place: Path, why: str) -> str:
        """Rename a damaged replication and return a sentence about it."""
        self._refuse_outside(place)
        aside = place.with_name(f"corrupt-{place.name}-{files.token()}")
        # Another process may have put it aside already.
        with suppress(FileNotFoundError):
            place.rename(aside)
        return (
            f"Replication {int(place.name)} of pilot {place.parent.name} in {self.folder} is damaged "
            f"({why}); it was put aside as {aside.name} and counts as not finished"
        )

    def _kept(self, pilots: Sequence[str] | None, replications: int | None) -> list[tuple[str, int]]:
        """Return the replications that are kept, whole or not, in order."""
        room = self.folder / REPLICATIONS
        found = []
        with files.usable(self.folder):
            if pilots is None:
                pilots = sorted(path.name for path in room.glob("[!.]*") if path.is_dir())
            for pilot in pilots:
                paths = (room / files.plain_name("pilot", pilot)).glob("[0-9]*")
                numbers = sorted(int(path.name) for path in paths if re.fullmatch(NUMBER, path.name))
                found += [(pilot, number) for number in numbers]
        return [(pilot, number) for pilot, number in found if replications is None or number < replications]

    @contextmanager
    def _whole(self, pilot: str, replication: int) -> Iterator[None]:
        """Put a replication aside that turns out damaged, and stop: no table may lack rows in silence."""
        with files.usable(self.folder):
            try:
                yield
            except _DamagedError as damage:
                said = self._put_aside(self._place(pilot, replication), str(damage))
                raise StoreError(f"{said}. Give the same command again.") from damage

    def _record(self, pilot: str, replication: int) -> dict[str, Any]:
        """Return what `facts.json` of a replication says."""
        try:
            record = json.loads((self._place(pilot, replication) / FACTS).read_bytes())
            # Where a file system ignores case, two pilots may share a folder.
            whole = record["pilot"] == pilot and record["replication"] == replication
            whole = whole and isinstance(record["facts"], dict) and isinstance(record["tables"], dict)
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise _DamagedError(f"{FACTS} is missing, unreadable or of another replication")
        return dict(record)

    def _checked_bytes(self, record: dict[str, Any], file: str) -> bytes:
        """Return a file of a replication, which must be what was kept."""
        try:
            data = (self._place(record["pilot"], record["replication"]) / file).read_bytes()
        except FileNotFoundError:
            raise _DamagedError(f"{file} is missing") from None
        if files.digest(data) != record["tables"][file]:
            raise _DamagedError(f"{file} is not what was written")
        return data


def _parquet_name(table: str) -> str:
    """Return the name of a table's file."""
    return f"{files.plain_name('table', table)}.parquet"


def _now() -> str:
    """Return the time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
