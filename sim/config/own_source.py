"""How Hydra reads a folder of the user's own: every file through our reader, and only those that it is asked for."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from omegaconf import OmegaConf
from yaml import YAMLError

from sim.config.reading import check_references, no_yaml, read_text
from sim.errors import ConfigError, shown

OUTSIDE = re.compile(r"\.\.|//|\\|\$|[\x00-\x1f]")
"""What is in no name of a file of configs, and could lead out of them."""

MOST_INCLUDED = 200
"""Files that one file may include, each as often as it is included: many times what a pilot does."""


class OwnFolder(ConfigSource):
    """A folder of configs that may be a stranger's."""

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(provider, path)
        self.folder = Path(self.path)
        self.references = 0
        self.included: dict[str, list[str]] = {}

    @staticmethod
    def scheme() -> str:
        """Return what begins the address of such a folder."""
        return "own"

    def load_config(self, config_path: str) -> ConfigResult:
        """Return a config of the folder, checked before it is made.

        Raises
        ------
        ConfigError
            As `sim.config.reading` does; what it includes must be named plainly and must not multiply.
        """
        name = self._normalize_file_name(config_path)
        if not self.is_config(config_path):
            raise ConfigLoadError(f"Config not found : {name}")
        text = read_text(self.folder / name, name, within=self.folder)
        self.references = check_references(text, name, self.references)
        try:
            made = OmegaConf.load(io.StringIO(text))
        except (YAMLError, OSError, ValueError) as error:
            raise no_yaml(name, error) from error
        self._check_included(name, OmegaConf.to_container(made, resolve=False))
        header = self._get_header_dict(text[:512])
        return ConfigResult(provider=self.provider, path=f"own://{self.folder}", config=made, header=header)

    def _check_included(self, name: str, plain: Any) -> None:
        """Raise if the defaults of a file lead out of the folders of configs, or multiply."""
        if isinstance(plain, dict) and "hydra" in plain:
            raise ConfigError(
                f"{name}: hydra must be left out, as it changes nothing here, got {shown(plain['hydra'])}"
            )
        entries = plain.get("defaults", []) if isinstance(plain, dict) else []
        _check_defaults(name, entries)
        files = []
        for entry in entries:
            pairs = entry.items() if isinstance(entry, dict) else [("", entry)]
            for group, chosen in pairs:
                for one in chosen if isinstance(chosen, list) else [chosen]:
                    if OUTSIDE.search(f"{group} {one}") or "hydra" in re.split(r"\W", f"{group}/{one}"):
                        raise ConfigError(f"{name}: defaults must name files of configs, got {one}")
                    if not str(group).startswith("override "):
                        files.append(_path(name, str(group), str(one)))
        self.included[name] = files
        known: dict[str, int] = {}
        if max(self._weight(one, known) for one in self.included) > MOST_INCLUDED:
            raise ConfigError(f"{name}: defaults must include at most {MOST_INCLUDED} files, got more")

    def _weight(self, name: str, known: dict[str, int]) -> int:
        """Return how many files a file stands for, itself and what it includes; a circle is told by Hydra."""
        if name not in known:
            known[name] = 1
            known[name] += sum(self._weight(one, known) for one in self.included.get(name, ()))
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


def _check_defaults(name: str, entries: Any) -> None:
    """Raise unless the defaults of a file are what Hydra takes: names, and groups with the names of theirs."""
    wrong = [one for one in entries if not _is_default(one)] if isinstance(entries, list) else [entries]
    if wrong:
        raise ConfigError(
            f"{name}: defaults must be a list of names of files (- mine) and of groups with one of theirs "
            f"(- override /grid: base), got {'null' if wrong[0] is None else shown(wrong[0])}"
        )


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
    inside = name.rpartition("/")[0]
    path = f"{place}/{chosen.partition('@')[0]}" if place else chosen.partition("@")[0]
    full = path.lstrip("/") if path.startswith("/") else f"{inside}/{path}".lstrip("/")
    return full if full.endswith(".yaml") else f"{full}.yaml"


def register() -> None:
    """Let Hydra know of such folders."""
    Plugins.instance().register(OwnFolder)
