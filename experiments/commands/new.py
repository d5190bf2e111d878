"""`wangge new`: a folder for a new district, ready to run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim import config
from sim.config import Name, Section
from sim.config.compose import shipped
from sim.errors import ConfigError
from sim.language import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE = Path(__file__).resolve().parents[1] / "template"
STAND_IN = "mydistrict"

# What Hydra or YAML would read as a number, a truth or nothing, in any mixture of cases.
WORDS = ("true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf")

HELP = """\
wangge new NAME

Writes the folder NAME in the current directory, for a district of your own: an invented town of 20,000 residents,
with a comment on every number (what it means, its unit, what to measure), two pilots, and a row of evidence for every
number. It is ready to run, and NAME/README.md says how. Existing files are never overwritten.

  wangge new lanterns                 writes lanterns/ (letters, digits and underscores, a letter first)
  wangge compare --config-dir lanterns pilots=[today,merged] run=quick
"""


class District(Section):
    """The command's argument."""

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
    written = gettext("Written: {folder}/ ({folder}/README.md says what is in it). It is ready to run:", folder=folder)
    print(f"{written}\n")  # noqa: T201
    print(f"  wangge compare --config-dir {name} pilots=[today,merged] run=quick name={name}")  # noqa: T201


def plain(text: str) -> str:
    """Return the name of a district, checked: it becomes a folder, a file and a name in configs.

    Raises
    ------
    ConfigError
        It must be a letter, then letters, digits and underscores; not a word of YAML, nor the name of a shipped config.
    """
    try:
        name = config.checked(District, {"name": text}).name
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
    """Return the files of a district's folder, by their path in it."""
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
    from sim.store import files as disk

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


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("new", sys.argv[1:]))
