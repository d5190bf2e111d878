"""The contents of a results folder: studies, the archive, and unused files."""

from __future__ import annotations

import shlex
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.config.reading import is_folder
from sim.errors import ConfigError, StoreError, near
from sim.language import LANGUAGES, N_
from sim.store import files, manifest
from sim.store.archive import Archive
from sim.store.layout import ARCHIVE, CORRUPT, DESIGN, EARLIER, FAILED, REPLICATIONS
from sim.store.names import RESULTS
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

RECENT_SECONDS = 3600
"""Files younger than this do not count as unused: a running command may note only later that it needs them."""


@dataclass(frozen=True)
class Study:
    """A results folder.

    Attributes
    ----------
    name
        Of the folder.
    last
        What its manifest notes of the run that was started last; empty where it notes none.
    keys
        Under which key each design is archived, by name.
    archive
        Where its replications are kept.
    trouble
        Why the rest is not known, or an empty text.
    """

    name: str
    last: Mapping[str, Any]
    keys: Mapping[str, str]
    archive: Archive
    trouble: str = ""

    @property
    def command(self) -> str:
        """Return the command as it was typed, quoted for a shell, or an empty text."""
        words, language = self.last.get("command", []), self.last.get(manifest.LANGUAGE)
        other = [f"lang={language}"] if language in LANGUAGES[1:] and words[:1] == ["wangge"] else []
        return shlex.join([*words, *other])

    @property
    def designs(self) -> list[str]:
        """Return the names of the designs that were asked for, without those of a pilot run for the warm-up."""
        noted = self.last.get(manifest.PILOT_RUNS)
        if noted is not None:
            others = {*noted}
            return [name for name in self.keys if name not in others]
        return [name for name in self.keys if not name.startswith(manifest.PILOT_RUN_OF)]

    @property
    def wanted(self) -> int | None:
        """Return how many replications of each design were asked for, if that is noted."""
        return self.last.get("replications")

    def kept(self, name: str) -> int:
        """Return how many replications of a design are kept, of those that were asked for."""
        return sum(self.wanted is None or n < self.wanted for n in self.archive.replications(self.keys[name]))


@dataclass(frozen=True)
class Waste:
    """Files of an archive that can be removed, and why."""

    why: str
    paths: tuple[Path, ...]
    n_bytes: int


def studies(results: Path) -> list[Study]:
    """Return the studies under a folder of results, by name; folders without a manifest do not count."""
    with files.as_store_error(results):
        return [study(path) for path in _folders(results) if files.is_taken(path / manifest.NAME)]


def study(folder: Path) -> Study:
    """Return what is known of the study in a results folder."""
    try:
        runs = list(manifest.read(folder)["runs"].values())
        keys = manifest.keys(folder)
    except StoreError as error:
        return Study(folder.name, {}, {}, Archive(folder / REPLICATIONS), str(error))
    last: Mapping[str, Any] = max(runs, key=lambda run: run.get("started", ""), default={})
    if keys is not None:
        return Study(folder.name, last, keys, Archive(folder.parent / ARCHIVE))
    own = Archive(folder / REPLICATIONS)
    return Study(folder.name, last, {str(d.get("name", key)): key for key, d in own.designs().items()}, own)


def needed(results: Path) -> set[str]:
    """Return the keys that any study under a folder of results refers to.

    Raises
    ------
    StoreError
        What every study refers to must be readable.
    """
    with files.as_store_error(results):
        for path in _visible(results):
            if path.is_symlink() and not path.exists():
                raise StoreError(
                    f"{path} must lead to a folder, got a link to nothing, so it is not known which replications the "
                    "study behind it needs. Remove the link, or bring back what it leads to."
                )
        return {key for folder in _folders(results) for key in (manifest.keys(folder) or {}).values()}


def waste(archive: Archive, results: Path, *, unused: bool, failed: bool, old: bool) -> list[Waste]:
    """Return what may be removed from an archive; never what a running process writes.

    Parameters
    ----------
    archive
        The archive, which lies under `results`.
    results
        The studies' folders.
    unused
        Also what no study refers to, unless it was written in the last hour.
    failed
        Also the notes of failed replications, so that they are retried.
    old
        Also replications of other versions of the model, and those that were set aside as they lack a measure.
    """
    # A study notes its keys before it keeps replications: so what is here now and not noted afterwards is unused.
    held = {key: archive.paths(key) for key in archive.keys()}  # noqa: SIM118 - an archive is no mapping
    kinds = [
        _waste(N_("half written by killed runs"), archive.leftovers()),
        _waste(N_("damaged, set aside"), _named(held, CORRUPT)),
    ]
    if failed:
        kinds.append(_waste(N_("notes of failed replications"), _named(held, FAILED)))
    if old:
        kinds.append(_waste(N_("set aside, as they lack a measure"), _named(held, EARLIER)))
        keys = {key for key in held if archive.design(key).get("model_version", MODEL_VERSION) != MODEL_VERSION}
        kinds.append(_waste(N_("of other versions of the model"), _of(held, keys)))
    if unused:
        keys = held.keys() - needed(results)
        recent = {one.key for one in archive.holdings(keys) if one.written > time.time() - RECENT_SECONDS}
        kinds.append(_waste(N_("that no study refers to"), _of(held, keys - recent)))
    return _once(kinds)


def _once(kinds: Iterable[Waste]) -> list[Waste]:
    """Return what can be removed, each file once, under the first reason."""
    seen: set[Path] = set()
    distinct = []
    for one in kinds:
        paths = [path for path in one.paths if path not in seen]
        seen |= set(paths)
        if paths:
            distinct.append(_waste(one.why, paths))
    return distinct


def _waste(why: str, paths: Iterable[Path]) -> Waste:
    """Return files that can be removed, with their size."""
    listed, n_bytes = [], 0
    for path in paths:
        try:
            n_bytes += path.lstat().st_size
        except FileNotFoundError:
            continue
        listed.append(path)
    return Waste(why, tuple(listed), n_bytes)


def _named(held: Mapping[str, list[Path]], mark: str) -> list[Path]:
    """Return the files whose names begin or end with a mark."""
    return [path for paths in held.values() for path in paths if path.name.startswith(mark) or path.name.endswith(mark)]


def _of(held: Mapping[str, list[Path]], keys: Collection[str]) -> list[Path]:
    """Return the files of some keys, descriptions last: a stop in between leaves no replication without a name."""
    return [
        path for key in sorted(keys) for path in sorted(held[key], key=lambda path: (path.name == DESIGN, path.name))
    ]


def _folders(results: Path) -> list[Path]:
    """Return the folders of results that may hold a study."""
    return [path for path in _visible(results) if path.is_dir()]


def _visible(results: Path) -> list[Path]:
    """Return what lies in a folder of results, in order; one that is there and cannot be read raises."""
    with suppress(FileNotFoundError):
        return sorted(path for path in results.iterdir() if not path.name.startswith("."))
    return []


def results_folder(command: str, named: str) -> Path:
    """Return the results folder that a command is given by its name or path.

    Raises
    ------
    ConfigError
        It must be a folder; the message says which there are under results/.
    StoreError
        It must hold a study.
    """
    folder = next((path for path in (RESULTS / named, Path(named)) if named and is_folder(path)), None)
    if folder is None:
        there = [study.name for study in studies(RESULTS)] if RESULTS.is_dir() else []
        known = f", which has {', '.join(there)}{near(named, there)}," if there else ""
        raise ConfigError(
            f"{command} must be given a name under results/{known} or the path of a results folder, got {named}"
        )
    if not files.is_taken(folder / manifest.NAME):
        raise StoreError(
            f"{folder} must be the results folder of a study, but has no {manifest.NAME}: wangge compare, sweep "
            "and run make such folders under results/."
        )
    return folder
