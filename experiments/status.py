"""`wangge status`: the studies under results/, and the archive of their replications."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import ConfigError, near

if TYPE_CHECKING:
    from rich.console import Console

    from sim.report.tables import Table
    from sim.store.archive import Holding
    from sim.store.inventory import Study

RESULTS = Path("results")

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

    studies = inventory.studies(RESULTS) if RESULTS.is_dir() else []
    console = terminal()
    if arguments:
        _one(console, studies, arguments[0])
    elif not studies and not archive_holdings():
        console.print("There is nothing under results/ yet: wangge compare makes the first study.", markup=False)
    else:
        _all(console, studies)


def archive_holdings() -> list[Holding]:
    """Return the holdings of every design in the archive beside the studies."""
    from sim.store.archive import Archive
    from sim.store.layout import ARCHIVE

    archive = Archive(RESULTS.absolute() / ARCHIVE)
    archive.refuse_link()
    return archive.holdings()


def size(n_bytes: int) -> str:
    """Return a number of bytes for reading."""
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.1f} kB"


def when(moment: object) -> str:
    """Return a moment of a manifest (UTC) to the minute, or a dash."""
    return moment[:16].replace("T", " ") if isinstance(moment, str) and moment else "–"


def _all(console: Console, studies: list[Study]) -> None:
    """Print all studies and the archive."""
    if studies:
        console.print(studies_table(studies))
        for study in studies:
            if study.trouble:
                console.print(f"- {study.trouble}", markup=False)
    console.print(archive_table(archive_holdings(), studies))
    console.print("wangge status NAME shows one study, wangge clean what can be removed.", markup=False)


def studies_table(studies: list[Study]) -> Table:
    """Return the studies, one a row."""
    from sim.report.tables import Column, Table

    rows = []
    for study in studies:
        kept = sum(study.kept(name) for name in study.designs)
        of = "" if study.wanted is None else f" of {study.wanted * len(study.designs)}"
        finished = when(study.last["finished"]) if study.last.get("finished") else "unfinished"
        rows.append((
            study.name, study.command or "–", when(study.last.get("started")),
            "unknown" if study.trouble else finished, f"{kept}{of}" if study.keys else "–",
        ))  # fmt: skip
    headings = ("study", "command", "started (UTC)", "finished", "replications kept")
    return Table("Studies under results/", tuple(Column(heading) for heading in headings), tuple(rows))


def archive_table(holdings: list[Holding], studies: list[Study]) -> Table:
    """Return the totals of the archive, and the size of what no study uses."""
    from sim.report.tables import Column, Table

    needed = {key for study in studies for key in study.keys.values()}
    unused = [holding for holding in holdings if holding.key not in needed]
    rows = (
        ("designs", f"{len(holdings):,}"),
        ("replications", f"{sum(len(h.replications) for h in holdings):,}"),
        ("failed", f"{sum(h.failures for h in holdings):,}"),
        ("set aside", f"{sum(h.aside for h in holdings):,}"),
        ("size", size(sum(h.n_bytes for h in holdings))),
        ("of that, used by no study", size(sum(h.n_bytes for h in unused))),
    )
    columns = (Column("results/.replications"), Column("", "right"))
    return Table("The archive of replications", columns, rows)


def _one(console: Console, studies: list[Study], name: str) -> None:
    """Print one study."""
    names = [study.name for study in studies]
    study = next((study for study in studies if study.name == name), None)
    if study is None:
        known = f"one of {', '.join(names)}" if names else "of a study, but there is none"
        raise ConfigError(f"status must be given a name under results/: {known}{near(name, names)}, got {name}")
    if study.trouble:
        from sim.errors import StoreError

        raise StoreError(study.trouble)
    ended = f"finished {when(study.last['finished'])}" if study.last.get("finished") else "not finished"
    console.print(study.command or "Its command is not noted", markup=False, soft_wrap=True)  # to be copied
    console.print(f"started {when(study.last.get('started'))}, {ended} (UTC)\n", markup=False)
    console.print(designs_table(study))
    for design, key in study.keys.items():
        for number, error in study.archive.failures(key).items():
            console.print(f"- Replication {number} of {design} failed: {error}", markup=False)


def designs_table(study: Study) -> Table:
    """Return the designs of a study, one a row."""
    from sim.report.tables import Column, Table

    rows = []
    for name, key in sorted(study.keys.items()):
        (holding,) = study.archive.holdings([key])
        of = "" if study.wanted is None else f" of {study.wanted}"
        title = str(holding.design.get("title", ""))
        rows.append((
            name, title if title != name else "", f"{study.kept(name)}{of}", str(holding.failures),
            str(holding.aside), size(holding.n_bytes), key[:8],
        ))  # fmt: skip
    columns = (
        Column("design"), Column("title"), Column("kept", "right"), Column("failed", "right"),
        Column("set aside", "right"), Column("size", "right"), Column("key"),
    )  # fmt: skip
    return Table(f"Designs of {study.name}", columns, tuple(rows), () if rows else ("It keeps no replications.",))


if __name__ == "__main__":
    import sys

    from experiments.main import run

    sys.exit(run("status", sys.argv[1:]))
