"""`wangge clean`: removes unused files from the archive of replications, after listing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ConfigError, near
from sim.language import gettext, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


KEYS = ("yes", "unused", "failed", "old")

HELP = """\
wangge clean [yes=true] [unused=true] [failed=true] [old=true]

Shows what can be removed from the archive of replications (results/.replications), and removes it with yes=true:
files that killed runs left half written, and damaged files that were set aside. Studies' folders with their tables and
charts are never changed, nor what a running command writes.

  unused=true     also replications that no study under results/ refers to any more (those of the last hour stay,
                  because a running command may need them)
  failed=true     also the notes of failed replications, so that they are retried
  old=true        also replications of other versions of the model, which this version cannot use, and those that were
                  set aside because they lack what this version measures
  yes=true        remove them; otherwise they are only shown
"""


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    chosen = _chosen(arguments)
    yes = chosen.pop("yes")
    from sim.report.console import terminal
    from sim.store import inventory
    from sim.store.archive import Archive
    from sim.store.layout import ARCHIVE
    from sim.store.names import RESULTS
    from sim.study.folder.contents import size, waste_table

    console, archive = terminal(), Archive(RESULTS.absolute() / ARCHIVE)
    archive.refuse_link()
    removable = inventory.waste(archive, RESULTS, **chosen) if archive.folder.is_dir() else []
    if chosen["unused"]:
        console.print(gettext("Files of the last hour are kept, because a command may be running."), markup=False)
    if not removable:
        console.print(gettext("There is nothing to remove: {kinds}.", kinds=_kinds(chosen)), markup=False)
        return
    console.print(waste_table(removable))
    if not yes:
        console.print(gettext("Nothing was removed. Add yes=true to remove it."), markup=False)
        return
    for one in removable:
        archive.remove(one.paths)
    removed = size(sum(one.n_bytes for one in removable))
    console.print(gettext("Removed {size}.", size=removed), markup=False)


def _chosen(arguments: Sequence[str]) -> dict[str, bool]:
    """Return what the arguments say, checked."""
    chosen = dict.fromkeys(KEYS, False)
    for argument in arguments:
        key, _, value = argument.partition("=")
        if key not in KEYS:
            raise ConfigError(f"clean must be given keys of {', '.join(KEYS)}{near(key, KEYS)}, got {argument}")
        if value not in ("true", "false"):
            raise ConfigError(f"{key} must be true or false, got {value or 'nothing'}")
        chosen[key] = value == "true"
    return chosen


def _kinds(chosen: Mapping[str, bool]) -> str:
    """Return what was looked for and not found, and by which key more would be looked for."""
    words = {
        "unused": gettext("unused replications"),
        "failed": gettext("notes of failed ones"),
        "old": gettext("replications of other models and those set aside"),
    }
    looked = listed([
        gettext("no files half written or damaged"),
        *(gettext("no {what}", what=words[key]) for key, on in chosen.items() if on),
    ])  # fmt: skip
    other = listed(gettext("{key}=true for {what}", key=key, what=words[key]) for key, on in chosen.items() if not on)
    return gettext("{looked} (add {other})", looked=looked, other=other) if other else looked


if __name__ == "__main__":
    import sys

    from experiments.main import run

    sys.exit(run("clean", sys.argv[1:]))
