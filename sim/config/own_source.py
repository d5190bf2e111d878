"""How Hydra reads a folder of the user's own: every file through our reader, and only those that it is asked for."""

from __future__ import annotations

import io
import re
from functools import cache, reduce
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import OmegaConf
from yaml import YAMLError

from sim.config.defaults import ONCE
from sim.config.reading import (
    MOST_BYTES,
    MOST_COMPOSED,
    SHIPPED,
    Size,
    as_plain,
    check_references,
    check_yaml,
    no_yaml,
    read_text,
)
from sim.errors import ConfigError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTSIDE = re.compile(r"\.\.|//|\\|\$|[\x00-\x1f]")
"""What is in no name of a file of configs, and could lead out of them."""

MOST_INCLUDED = 200
"""Files that one may include or choose for others, each as often as it does: many times what a pilot does."""


class _File(NamedTuple):
    """What counts of a file: its size, and what it includes."""

    size: Size
    included: tuple[str, ...]


class _Weight(NamedTuple):
    """What a file stands for when it is composed: files, values and letters, each as often as it is included."""

    files: int
    values: int
    letters: int

    def plus(self, other: _Weight) -> _Weight:
        """Return the sum of both."""
        return _Weight(self.files + other.files, self.values + other.values, self.letters + other.letters)


class OwnFolder(ConfigSource):
    """A folder of configs that may be a stranger's."""

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(provider, path)
        self.folder = Path(self.path)
        self.references = 0
        self.own: dict[str, _File] = {}

    @staticmethod
    def scheme() -> str:
        """Return what begins the address of such a folder."""
        return "own"

    def load_config(self, config_path: str) -> ConfigResult:
        """Return a config of the folder, checked before it is made.

        Raises
        ------
        ConfigError
            As `sim.config.reading` does; what it includes must be named plainly, and not be too much.
        """
        name = self._normalize_file_name(config_path)
        if not self.is_config(config_path):
            raise ConfigLoadError(f"Config not found : {name}")
        text = read_text(self.folder / name, name, within=self.folder, most=MOST_COMPOSED)
        self.references = check_references(text, name, self.references)
        plain = as_plain(text, name)
        included = _included(name, plain)
        self._check_chosen(name, (plain or {}).get("defaults", []))
        self._check_included(name, check_yaml(text, name), included)
        try:
            made = OmegaConf.load(io.StringIO(text))
        except (YAMLError, OSError, ValueError) as error:
            raise no_yaml(name, error) from error
        header = self._get_header_dict(text[:512])
        return ConfigResult(provider=self.provider, path=f"own://{self.folder}", config=made, header=header)

    def _check_chosen(self, name: str, entries: Sequence[Any]) -> None:
        """Raise where Hydra would name no file: a group is chosen twice, or by override a file that is not there."""
        anew = [*_groups()] if name.startswith("pilot/") else []
        for group, chosen in (pair for one in entries if isinstance(one, dict) for pair in one.items()):
            *words, place = group.split()
            if "override" not in words:
                if place in anew:
                    raise ConfigError(f"{name}: {ONCE} {place.strip('/')} twice")
                anew.append(place)
            names = chosen if isinstance(chosen, list) else [] if chosen is None else [chosen]
            for one in names if "override" in words else ():
                path = _path(name, group, str(one))
                known = self.is_group(path.rpartition("/")[0]) or (SHIPPED / path).parent.is_dir()
                if known and not (self.is_config(path) or (SHIPPED / path).is_file()):
                    ours, missing = name.removesuffix(".yaml"), path.removesuffix(".yaml")
                    raise ConfigLoadError(f"In '{ours}': Could not find '{missing}'")  # as Hydra would say it

    def _check_included(self, name: str, size: Size, included: tuple[str, ...]) -> None:
        """Raise if what the files read so far include is more than a person would write.

        Hydra reads a file once and composes it as often as it is included: this is known before it begins.
        """
        self.own[_same(name)] = _File(size, included)
        known: dict[str, _Weight] = {}
        weights = [self._weight(one, known) for one in self.own]
        chosen = {*self.own}.difference(*(file.included for file in self.own.values()))  # by overrides, or the first
        together = reduce(_Weight.plus, (known[one] for one in chosen), _Weight(0, 0, 0))
        most = _Weight(*map(max, zip(together, *weights, strict=True)))  # in a circle nothing is chosen
        if most.files > MOST_INCLUDED:
            raise ConfigError(f"{name}: defaults must include at most {MOST_INCLUDED} files, got more")
        if most.values > MOST_COMPOSED or most.letters > MOST_BYTES:
            raise ConfigError(
                f"{name}: defaults must include at most {MOST_COMPOSED:,} values and {MOST_BYTES:,} letters, those of "
                "a file as often as it is included, got more"
            )

    def _weight(self, name: str, known: dict[str, _Weight]) -> _Weight:
        """Return what a file stands for, itself and what it includes; a circle is told by Hydra."""
        if name not in known:
            file = self.own.get(name) or _shipped(name)
            total = known[name] = _Weight(1, file.size.values, file.size.letters)
            for one in file.included:
                total = total.plus(self._weight(one, known))
            known[name] = total
        return known[name]

    def available(self) -> bool:
        """Return whether the folder is there."""
        return self.folder.is_dir()

    def is_group(self, config_path: str) -> bool:
        """Return whether a path is a folder in this one."""
        return not OUTSIDE.search(config_path) and (self.folder / config_path).is_dir()

    def is_config(self, config_path: str) -> bool:
        """Return whether a path is that of a file in this folder, whatever stands there."""
        file = self.folder / self._normalize_file_name(config_path)
        there = file.is_symlink() or (file.exists() and not file.is_dir())
        return not OUTSIDE.search(config_path) and there

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Return the names in a folder of this one."""
        names: list[str] = []
        for path in (self.folder / config_path).iterdir():
            self._list_add_result(names, f"{config_path}/{path.name}", path.name, results_filter)
        return sorted(set(names))


def _included(name: str, plain: Any) -> tuple[str, ...]:
    """Return the files that a file includes or chooses for others, each as often as it does.

    Raises
    ------
    ConfigError
        Its defaults must be as Hydra takes them, and stay in the folders of configs.
    """
    if plain is None:
        return ()
    if not isinstance(plain, dict):
        raise ConfigError(f"{name} must be a mapping of keys to values, got {shown(plain)}")
    if "hydra" in plain:
        raise ConfigError(f"{name}: hydra must be left out, as it changes nothing here, got {shown(plain['hydra'])}")
    entries = plain.get("defaults", [])
    _check_defaults(name, entries)
    files = []
    for entry in entries:
        ((group, chosen),) = entry.items() if isinstance(entry, dict) else [("", entry)]
        for one in chosen if isinstance(chosen, list) else [chosen]:
            if OUTSIDE.search(f"{group} {one}") or "hydra" in re.split(r"\W", f"{group}/{one}"):
                raise ConfigError(f"{name}: defaults must name files of configs, got {one}")
            files.append(_path(name, str(group), str(one)))
    return tuple(files)


def _check_defaults(name: str, entries: Any) -> None:
    """Raise unless the defaults of a file are what Hydra takes: names, and groups with the names of theirs."""
    wrong = [one for one in entries if not _is_default(one)] if isinstance(entries, list) else [entries]
    if wrong:
        raise ConfigError(
            f"{name}: defaults must be a list of names of files (- mine) and of groups with one of theirs "
            f"(- override /grid: base), got {'null' if wrong[0] is None else shown(wrong[0])}"
        )
    if entries.count("_self_") > 1:
        raise ConfigError(f"{name}: defaults must have _self_ at most once, got {entries.count('_self_')}")


def _is_default(entry: Any) -> bool:
    """Return whether this is a line of a list of defaults."""
    if not isinstance(entry, dict):
        return isinstance(entry, str) and bool(entry.strip())
    if len(entry) != 1:
        return False
    ((group, chosen),) = entry.items()
    names = chosen if isinstance(chosen, list) else [] if chosen is None else [chosen]
    *words, last = str(group).split(" ")
    return (
        isinstance(group, str)
        and bool(last.strip("/@:"))
        and {*words} <= {"override", "optional"}
        and all(isinstance(one, str) and one.strip() for one in names)
    )


def _path(name: str, group: str, chosen: str) -> str:
    """Return the path of a file that another one includes."""
    place = (group.split() or [""])[-1].partition("@")[0]
    path = f"{place}/{chosen.partition('@')[0]}" if place else chosen.partition("@")[0]
    full = path if path.startswith("/") else f"{name.rpartition('/')[0]}/{path}"
    return _same(full if full.endswith(".yaml") else f"{full}.yaml")


def _same(name: str) -> str:
    """Return the one name of a file, however its path is written."""
    return PurePosixPath(name.lstrip("/")).as_posix()


@cache
def _shipped(name: str) -> _File:
    """Return a shipped file; one that is not there, or not yet read, has nothing in it."""
    if not (SHIPPED / name).is_file():
        return _File(Size(0, 0), ())
    text = read_text(SHIPPED / name, name)
    return _File(check_yaml(text, name), _included(name, as_plain(text, name)))


@cache
def _groups() -> frozenset[str]:
    """Return the groups that every design has, as files below a folder name them."""
    entries = as_plain(read_text(SHIPPED / "main.yaml"), "main.yaml")["defaults"]
    return frozenset(f"/{group}" for one in entries if isinstance(one, dict) for group in one)


def register() -> None:
    """Let Hydra know of such folders."""
    Plugins.instance().register(OwnFolder)
