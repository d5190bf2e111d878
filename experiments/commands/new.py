"""`wangge new`: a folder for a new district, ready to run."""

from __future__ import annotations

import sys

from sim.errors import ConfigError
from sim.language import gettext
from sim.study.own_district.new_district import new_district

HELP = """\
wangge new NAME

Writes the folder NAME in the current directory, for a district of your own: an invented town of 20,000 residents,
with a comment on every number (what it means, its unit, what to measure), two pilots, and a row of evidence for every
number. It is ready to run, and NAME/README.md says how. Existing files are never overwritten.

  wangge new lanterns                 writes lanterns/ (letters, digits and underscores, a letter first)
  wangge compare --config-dir lanterns pilots=[today,merged] run=quick
"""


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    if len(arguments) != 1:
        raise ConfigError(f"new must be followed by one name, got {' '.join(arguments) or 'nothing'}")
    folder = new_district(arguments[0])
    written = gettext("Written: {folder}/ ({folder}/README.md says what is in it). It is ready to run:", folder=folder)
    print(f"{written}\n")  # noqa: T201
    print(f"  wangge compare --config-dir {folder} pilots=[today,merged] run=quick name={folder}")  # noqa: T201


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("new", sys.argv[1:]))
