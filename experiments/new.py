"""`wangge new`: a folder for a district of one's own, which runs as it stands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim import config
from sim.config import Name, Section
from sim.config.compose import shipped
from sim.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE = Path(__file__).resolve().parent / "template"
STAND_IN = "mydistrict"

# What Hydra or YAML would read as a number, a truth or nothing, in any mixture of cases.
WORDS = ("true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf")

HELP = """\
wangge new NAME

Writes the folder NAME in the current directory, for a district of your own: an invented town of 20,000 residents,
with a comment on every number (what it means, its unit, what to measure), two pilots, and a row of evidence for every
number. It runs as it stands, and NAME/README.md says how. Nothing that exists is overwritten.

  wangge new lanterns                 writes lanterns/ (letters, digits and underscores, a letter first)
  wangge compare --config-dir lanterns pilots=[today,merged] run=quick
"""


class District(Section):
    """What the command is told."""

    name: Name


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    if len(arguments) != 1:
        raise ConfigError(f"new must be followed by one name, got {' '.join(arguments) or 'nothing'}")
    name = plain(arguments[0])
    folder = Path(name)
    write(folder, files(name))
    print(f"Written: {folder}/ ({folder}/README.md says what is in it). It runs as it stands:\n")  # noqa: T201
    print(f"  wangge compare --config-dir {name} pilots=[today,merged] run=quick name={name}")  # noqa: T201


def plain(text: str) -> str:
    """Return the name of a district, checked: it becomes a folder, a file and a word in configs.

    Raises
    ------
    ConfigError
        A letter, then letters, digits and underscores; no word of YAML; none that a shipped config has.
    """
    try:
        name = config.checked(District, {"name": text}).name
    except ConfigError:
        told = text if text.isprintable() and len(text) <= 60 else ascii(text[:60])
        raise ConfigError(
            "name must be a letter and at most 39 more letters, digits or underscores (it is a folder here), "
            f"got {told or 'nothing'}"
        ) from None
    if name.lower() in WORDS:
        raise ConfigError(f"name must be no word that YAML has a meaning for, got {name}")
    for path in files(name):
        if shipped(path):
            raise ConfigError(f"name must be none that a shipped file has (configs/{path}), got {name}")
    return name


def files(name: str) -> Mapping[str, bytes]:
    """Return the files of a district's folder, by their path in it."""
    found = {}
    for path in sorted(TEMPLATE.rglob("*")):
        if path.suffix in (".yaml", ".md"):
            place = path.relative_to(TEMPLATE).as_posix().replace(STAND_IN, name)
            found[place] = path.read_text(encoding="utf-8").replace(STAND_IN, name).encode()
    return found


def write(folder: Path, found: Mapping[str, bytes]) -> None:
    """Put a folder with files in its place at one stroke.

    Raises
    ------
    ConfigError
        Nothing may stand there, and the place must be one to write to.
    """
    from sim.store import files as disk

    taken = ConfigError(f"the folder must not exist yet (nothing is overwritten), got {folder}")
    if os.path.lexists(folder):
        raise taken
    try:
        with disk.temporary(folder.parent) as beside:
            for path, data in found.items():
                (beside / path).parent.mkdir(parents=True, exist_ok=True)
                disk.write(beside / path, data)
            if os.path.lexists(folder):
                raise taken
            beside.rename(folder)
    except OSError as error:
        raise ConfigError(f"the folder {folder} cannot be written here: {error.strerror or error}") from error


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("new", sys.argv[1:]))
