"""`wangge status`: the studies under results/, and the archive of their replications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ConfigError, choices, near
from sim.language import gettext

if TYPE_CHECKING:
    from rich.console import Console

    from sim.store.archive import Holding
    from sim.store.inventory import Study


HELP = """\
wangge status [NAME]

Shows what is under results/: every study with its command and progress, and the archive of finished replications
(results/.replications), which all studies share. Nothing is written.

  NAME     one study: its designs, how many replications of each are kept, and which failed and why
"""


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    if len(arguments) > 1 or any(word.startswith("-") or "=" in word for word in arguments):
        raise ConfigError(f"status must be given the name of one study or nothing, got {' '.join(arguments)}")
    from sim.report.console import terminal
    from sim.store import inventory
    from sim.store.names import RESULTS

    studies = inventory.studies(RESULTS) if RESULTS.is_dir() else []
    console = terminal()
    if arguments:
        _one(console, studies, arguments[0])
    elif not studies and not archive_holdings():
        nothing = gettext("There is nothing under results/ yet: wangge compare makes the first study.")
        console.print(nothing, markup=False)
    else:
        _all(console, studies)


def archive_holdings() -> list[Holding]:
    """Return the holdings of every design in the archive beside the studies."""
    from sim.store.archive import Archive
    from sim.store.layout import ARCHIVE
    from sim.store.names import RESULTS

    archive = Archive(RESULTS.absolute() / ARCHIVE)
    archive.refuse_link()
    return archive.holdings()


def _all(console: Console, studies: list[Study]) -> None:
    """Print all studies and the archive."""
    from sim.study.folder import contents

    if studies:
        console.print(contents.studies_table(studies))
        for study in studies:
            if study.trouble:
                console.print(f"- {study.trouble}", markup=False)
    console.print(contents.archive_table(archive_holdings(), studies))
    more = gettext("wangge status NAME shows one study, wangge clean what can be removed.")
    console.print(more, markup=False)


def _one(console: Console, studies: list[Study], name: str) -> None:
    """Print one study."""
    from sim.study.folder import contents

    names = [study.name for study in studies]
    study = next((study for study in studies if study.name == name), None)
    if study is None:
        known = f"one of {choices(names, name)}" if names else "of a study, but there is none"
        raise ConfigError(f"status must be given a name under results/: {known}{near(name, names)}, got {name}")
    if study.trouble:
        from sim.errors import StoreError

        raise StoreError(study.trouble)
    started, finished = contents.when(study.last.get("started")), study.last.get("finished")
    when = (
        gettext("started {started}, finished {finished} (UTC)", started=started, finished=contents.when(finished))
        if finished
        else gettext("started {started}, not finished (UTC)", started=started)
    )
    command = study.command or gettext("Its command is not noted")
    console.print(command, markup=False, soft_wrap=True)  # to be copied
    console.print(f"{when}\n", markup=False)
    console.print(contents.designs_table(study))
    for design, key in study.keys.items():
        for number, error in study.archive.failures(key).items():
            failed = gettext("Replication {n} of {design} failed: {error}", n=number, design=design, error=error)
            console.print(f"- {failed}", markup=False)


if __name__ == "__main__":
    import sys

    from experiments.main import run

    sys.exit(run("status", sys.argv[1:]))
