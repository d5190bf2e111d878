"""Results on disk: one folder a study, written here and in the archive and nowhere else.

A folder holds `manifest.json` (which study this is), the final tables, charts and texts. Replications of pilots lie in
the archive beside all studies, under the keys that `keys/` notes; those of other studies in an archive of the folder's
own, `replications/`. A file under its own name is complete: it was written beside its place, flushed to the disk,
then renamed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.errors import StoreError
from sim.language import ENGLISH, LANGUAGES, spoken
from sim.store import files, manifest
from sim.store.archive import Archive, Damaged, NotKept
from sim.store.claims import claims
from sim.store.layout import ARCHIVE, REPLICATIONS
from sim.store.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


KEY_LETTERS = 32
MOST_ASKED = 100_000
"""Replications of which it is asked whether somebody works on them: with more, a folder is taken to be at work."""

SUBFOLDERS = ("charts",)
RESERVED = (manifest.NAME, manifest.KEYS, REPLICATIONS, *SUBFOLDERS)
KEYS = ["pilot", "replication"]
TABLE = ".parquet"

TABLES = "tables"
"""Among the facts of a run that finished: the digests of its tables."""

PRINTED = "printed.json"
"""What the command of a folder printed, and could have: its first screen, and the pages behind it, in English."""

AGAIN = "Run the command that made it again: it continues from what is kept."


@dataclass(frozen=True)
class Store:
    """The results folder of one study.

    Attributes
    ----------
    folder
        The folder, absolute.
    run
        The name under which this opening is noted in the manifest.
    identity_digest
        Of what the folder held as it was opened: it may be given to another study as long as nothing was computed.
    archive
        Where its replications are kept.
    keys
        Under which key each of its designs is archived, by name; None for an archive of the folder's own, where the
        names say it.
    """

    folder: Path
    run: str
    identity_digest: str
    archive: Archive
    keys: Mapping[str, str] | None = None

    @classmethod
    def open(
        cls,
        folder: Path,
        identity: Mapping[str, Any],
        facts: Mapping[str, Any],
        *,
        keys: Mapping[str, str] | None = None,
    ) -> Store:
        """Return the store of a study: its folder is created, or continued when it holds the same study.

        A folder in which another study was only begun, and nobody is at work on it, is taken over: it holds nothing
        that was computed, and what lies in the archive beside it stays there.

        Parameters
        ----------
        folder
            The results folder.
        identity
            All that matters for the answer: the resolved config and the model's version, as plain JSON.
        facts
            What does not matter (versions, seed, the command as it was typed), as plain JSON; nothing else in it
            should name hosts or absolute paths. The time of starting is added.
        keys
            Of the designs whose replications lie in the archive beside the folder, by name (`study.keys`).

        Raises
        ------
        StoreError
            The folder must be empty or hold this very study, and it and the archive must be writable.
        """
        path = Path(folder).absolute()
        plain = manifest.plain(identity)
        noted = manifest.plain(facts)
        with files.as_store_error(path):
            path.mkdir(parents=True, exist_ok=True)
            files.remove_leftovers(path)
        with files.as_store_error(path), files.alone(path):
            if manifest.is_begun_only(path) and not cls._of(path)._stays(plain):
                manifest.give_up(path)
            manifest.begin(path, plain)
            manifest.compare(path, plain)
            if keys is not None:
                # Before anything is kept under them, so that it does not count as unused.
                manifest.note_keys(path, keys)
            store = cls._of(path)
            manifest.note(path, store.run, {"started": _now(), manifest.LANGUAGE: spoken().name, **noted})
        if keys is not None or store.archive.folder.is_dir():
            Archive.open(store.archive.folder)
        return store

    @classmethod
    def open_existing(cls, folder: Path) -> Store:
        """Return the store of a folder that holds a study, without writing anything.

        Raises
        ------
        StoreError
            The folder must have a readable manifest.
        """
        return cls._of(Path(folder).absolute())

    @classmethod
    def _of(cls, path: Path) -> Store:
        """Return the store of a folder that exists, with the keys of its replications."""
        held, keys = manifest.read(path), manifest.keys(path)
        archive = Archive(path / REPLICATIONS if keys is None else path.parent / ARCHIVE)
        return cls(path, files.token(), held["sha256"], archive, keys)

    def _stays(self, identity: Mapping[str, Any]) -> bool:
        """Return whether a folder with nothing computed must stay as it is: it is of this study, or at work now."""
        if manifest.digest(identity) == self.identity_digest:
            return True
        keys = {*(self.keys or {}).values()}
        n = max((run.get("replications", 0) for run in manifest.read(self.folder)["runs"].values()), default=0)
        with claims(self.archive.folder) as free:
            if free.take_all():
                return False
            return len(keys) * n > MOST_ASKED or not all(free.is_free(key, i) for key in keys for i in range(n))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Let nobody else take the folder over for a moment.

        Raises
        ------
        StoreError
            It must still hold what it held when it was opened.
        """
        with files.as_store_error(self.folder), files.alone(self.folder):
            if manifest.read(self.folder)["sha256"] != self.identity_digest:
                raise StoreError(
                    f"The results folder {self.folder} must stay what it was while a command works on it, but another "
                    "one has begun there, so nothing was written. What was simulated is kept: run the same command "
                    "with another name."
                )
            yield

    @property
    def identity(self) -> dict[str, Any]:
        """Return the identity of the study in this folder."""
        return dict(manifest.read(self.folder)["identity"])

    @property
    def names(self) -> list[str]:
        """Return the names of the designs of which replications may be kept, in alphabetical order."""
        if self.keys is not None:
            return sorted(self.keys)
        return sorted(str(design["name"]) for design in self.archive.designs().values() if "name" in design)

    def key(self, pilot: str) -> str:
        """Return the key under which the replications of a design are archived.

        Raises
        ------
        StoreError
            The name must be plain, and one of the study's.
        """
        plain_name("pilot", pilot)
        if self.keys is None:
            return files.digest(pilot.encode())[:KEY_LETTERS]
        if pilot not in self.keys:
            raise StoreError(f"pilot must be a pilot of the study in {self.folder}, got {pilot!r}")
        return self.keys[pilot]

    def add(self, keys: Mapping[str, str]) -> Store:
        """Return the store with further designs, whose keys are noted in the folder.

        Raises
        ------
        StoreError
            A name must keep its key; a study whose replications lie in its own folder takes none.
        """
        if self.keys is None:
            raise StoreError(f"{self.folder} must be of a study that was opened with keys to take more")
        with self._writing():
            manifest.note_keys(self.folder, keys)
        return replace(self, keys={**self.keys, **keys})

    def finished(self, pilot: str, replication: int) -> bool:
        """Return whether this replication is kept (a quick look; `repair` reads all of it)."""
        return self.archive.finished(self.key(pilot), replication)

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
        key = self.key(pilot)
        for name, table in tables.items():
            plain_name("table", name)
            if set(KEYS) & set(table.columns):
                raise StoreError(f"columns of {name} must not have the names {KEYS}, got {table.columns}")
        if self.keys is None:
            self._refuse_outside(self.archive.folder / key)
            self.archive.describe(key, {"name": pilot})
        self.archive.keep(key, replication, tables, facts)

    def repair(self, replications: int | None = None) -> list[str]:
        """Read every kept replication and set aside those that are damaged: they count as not finished.

        Parameters
        ----------
        replications
            Only those with a number below this; without it all.

        Returns
        -------
        list of str
            A sentence for each replication that was set aside.
        """
        checked = [self.archive.check(self.key(pilot), number) for pilot, number in self._kept(None, replications)]
        return [damage for damage in checked if damage is not None]

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
            Some replication must have this table. One that is damaged is set aside and named.
        """
        plain_name("table", name)
        parts, held = [], files.Held()
        for pilot, replication in self._kept(pilots, replications):
            try:
                part = self.archive.read(self.key(pilot), replication, name)
            except NotKept:
                continue
            except Damaged as damage:
                raise _again(damage) from damage
            held.add(part, f"{name} of replication {replication} of {pilot}")
            which = pl.lit(pilot).alias("pilot"), pl.lit(replication, pl.Int64).alias("replication")
            parts.append(part.with_columns(which).select(*KEYS, pl.exclude(KEYS)))
        if not parts:
            raise StoreError(f"table must be one that a finished replication in {self.folder} has, got {name!r}")
        return pl.concat(parts, how="vertical_relaxed")

    def facts(self, pilots: Sequence[str] | None = None, replications: int | None = None) -> list[dict[str, Any]]:
        """Return the facts of the finished replications, in the order of `table`; which ones comes first."""
        all_facts = []
        for pilot, replication in self._kept(pilots, replications):
            try:
                facts = self.archive.facts(self.key(pilot), replication)
            except Damaged as damage:
                raise _again(damage) from damage
            which = {"pilot": pilot, "replication": replication}
            all_facts.append(which | facts | which)
        return all_facts

    def write_table(self, name: str, table: pl.DataFrame) -> None:
        """Write a final table as Parquet and as CSV; the same table always gives the same bytes.

        In the CSV, text that a spreadsheet would run as a formula gets an apostrophe in front.
        """
        self.write_bytes(f"{plain_name('table', name)}.parquet", files.parquet(table))
        self.write_bytes(f"{name}.csv", files.csv(table))

    def final_table(self, name: str) -> pl.DataFrame:
        """Return a final table of the folder.

        Raises
        ------
        StoreError
            It must be there and readable.
        """
        path = self._final(f"{plain_name('table', name)}.parquet")
        try:
            return files.read_parquet(path)
        except files.NO_TABLE as error:
            why = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
            raise StoreError(
                f"{path.name} in {self.folder} is damaged or was not written by wangge{why}. Nothing was changed. "
                f"{AGAIN}"
            ) from None

    @property
    def final_tables(self) -> list[str]:
        """Return the names of the final tables that lie in the folder."""
        return [path.stem for path in files.regular(self.folder, TABLE) if path.stem.isprintable()]

    def write_text(self, name: str, text: str) -> None:
        """Write a final text in UTF-8, such as `summary.md`."""
        self.write_bytes(name, text.encode())

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a final file at the top of the folder or in `charts/`, atomically.

        Raises
        ------
        StoreError
            The name must be plain and not one of the store's own; the disk must take the file.
        """
        path = self._final(name)
        with self._writing():
            self._refuse_outside(path)
            files.make_folder(path.parent)
            files.replace(path, data, self.folder)

    def discard(self, name: str) -> None:
        """Remove a final file that is no longer written, if it is there.

        Raises
        ------
        StoreError
            As for `write_bytes`.
        """
        path = self._final(name)
        with self._writing():
            self._refuse_outside(path)
            files.discard(path)

    def _final(self, name: str) -> Path:
        """Return the path of a final file, whose name is checked."""
        *subfolder, last = name.split("/")
        plain_name("file", last)
        if tuple(subfolder) not in [(), *((name,) for name in SUBFOLDERS)] or (
            not subfolder and last.casefold() in RESERVED
        ):
            raise StoreError(
                f"file must be a name at the top or in {'/, '.join(SUBFOLDERS)}/ "
                f"and none of {', '.join(RESERVED)}, got {name!r}"
            )
        return self.folder.joinpath(*subfolder, last)

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Note in the manifest when this run finished, the digests of its tables, and further facts (plain JSON)."""
        digests = {path.name: _digest_of(path) for path in files.regular(self.folder, TABLE)}
        tables = {name.removesuffix(TABLE): digest for name, digest in digests.items() if digest}
        printed = {name: _digest_of(self.folder / name) for name in map(printed_in, LANGUAGES)}
        noted = {TABLES: tables, **printed}
        with self._writing():
            manifest.note(self.folder, self.run, {**manifest.plain(facts), **noted, "finished": _now()})

    def check_written(self, names: Sequence[str]) -> None:
        """Raise if final files are not those that the last run wrote which finished; an earlier version noted none.

        Parameters
        ----------
        names
            Of tables, without the end of a file's name; or of what was printed in a language.

        Raises
        ------
        StoreError
            They must be as they were written.
        """
        runs = [run for run in manifest.read(self.folder)["runs"].values() if run.get("finished")]
        last: Mapping[str, Any] = max(runs, key=lambda run: run["finished"], default={})
        known = {f"{name}.parquet": was for name, was in last.get(TABLES, {}).items()}
        printed = list(map(printed_in, LANGUAGES))
        known |= {name: last[name] for name in printed if last.get(name)}
        wanted = [name if name in printed else f"{name}.parquet" for name in names]
        with files.as_store_error(self.folder):
            other = [
                name
                for name in wanted
                if name in known and files.digest(files.read_bytes(self._final(name))) != known[name]
            ]
        if other:
            raise StoreError(
                f"{', '.join(other)} in {self.folder} must be what the last run that finished wrote there, but is "
                f"damaged, was edited, or is of a run that did not finish. Nothing was changed. {AGAIN}"
            )

    def _refuse_outside(self, path: Path) -> None:
        """Refuse to write where a symbolic link leads out of the folder."""
        target = path.parent.resolve()
        if not target.is_relative_to(self.folder.resolve()):
            raise StoreError(
                f"{path.parent} must lie inside the results folder, got a symbolic link to {target}. "
                "Remove the link, or choose another name."
            )

    def _kept(self, pilots: Sequence[str] | None, replications: int | None) -> list[tuple[str, int]]:
        """Return the replications that are kept, damaged or not, in order."""
        return [
            (pilot, number)
            for pilot in (self.names if pilots is None else pilots)
            for number in self.archive.replications(self.key(pilot))
            if replications is None or number < replications
        ]


def printed_in(language: str) -> str:
    """Return the name of the file of what a command printed in a language."""
    return PRINTED if language == ENGLISH else f"printed.{language}.json"


def _digest_of(path: Path) -> str | None:
    """Return the digest of a file, or None where nothing is that could have been written here."""
    try:
        return files.digest(files.read_bytes(path))
    except OSError:
        return None


def _again(damage: Damaged) -> StoreError:
    """Return the error where a table or facts would lack a replication: nothing may lack rows in silence."""
    return StoreError(f"{damage}. Run the same command again.")


def _now() -> str:
    """Return the time, in UTC, to the microsecond: of two runs that finish in one second one is the last."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
