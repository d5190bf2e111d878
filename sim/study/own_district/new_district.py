"""A folder for a district of one's own, ready to run: its files, what stands in them, how it is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sim import config
from sim.config import Name, Section
from sim.config.compose import shipped
from sim.errors import ConfigError
from sim.store import files as disk

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE = Path(__file__).resolve().parent / "template"
STAND_IN = "mydistrict"

# What Hydra or YAML would read as a number, a truth or nothing, in any mixture of cases.
WORDS = ("true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf")


class Called(Section):
    """What a district is called."""

    name: Name


def new_district(name: str, where: Path = Path()) -> Path:
    """Write the folder of a new district, named after it, and return its path.

    Parameters
    ----------
    name
        Of the district: its folder, its files and its pilots' groups are called so.
    where
        The folder in which it is written.

    Raises
    ------
    ConfigError
        The name must be one that files and configs can have, and the folder must not exist yet.
    """
    folder = where / plain(name)
    write(folder, files(folder.name))
    return folder


def plain(text: str) -> str:
    """Return the name of a district, checked: it becomes a folder, a file and a name in configs.

    Raises
    ------
    ConfigError
        It must be a letter, then letters, digits and underscores; not a word of YAML, nor the name of a shipped config.
    """
    try:
        name = config.checked(Called, {"name": text}).name
    except ConfigError:
        shown = text if text.isprintable() and len(text) <= 60 else ascii(text[:60])
        raise ConfigError(
            "name must be a letter and at most 39 more letters, digits or underscores (it becomes a folder), "
            f"got {shown or 'nothing'}"
        ) from None
    if name.lower() in WORDS:
        raise ConfigError(f"name must not be a word with a meaning in YAML, got {name}")
    for path in files(name):
        if shipped(path):
            raise ConfigError(f"name must not be that of a shipped file (configs/{path}), got {name}")
    return name


def files(name: str) -> Mapping[str, bytes]:
    """Return what stands in the files of a district's folder, by their paths in it."""
    contents = {}
    for path in sorted(TEMPLATE.rglob("*")):
        if path.suffix in (".yaml", ".md"):
            target = path.relative_to(TEMPLATE).as_posix().replace(STAND_IN, name)
            contents[target] = path.read_text(encoding="utf-8").replace(STAND_IN, name).encode()
    return contents


def write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write a folder with files, all of it or nothing.

    Raises
    ------
    ConfigError
        The folder must not exist, and its parent must be writable.
    """
    taken = ConfigError(f"the folder must not exist yet (nothing is overwritten), got {folder}")
    if os.path.lexists(folder):
        raise taken
    try:
        with disk.temporary(folder.parent) as beside:
            for path, data in contents.items():
                (beside / path).parent.mkdir(parents=True, exist_ok=True)
                disk.write(beside / path, data)
            if os.path.lexists(folder):
                raise taken
            beside.rename(folder)
    except OSError as error:
        raise ConfigError(f"the folder {folder} cannot be written here: {error.strerror or error}") from error
