"""What a results folder holds, as tables: its studies, the designs of each, and the archive of replications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.report.tables import Column, Table

if TYPE_CHECKING:
    from sim.store.archive import Holding
    from sim.store.inventory import Study


def size(n_bytes: int) -> str:
    """Return a number of bytes for reading."""
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.1f} kB"


def when(moment: object) -> str:
    """Return a moment of a manifest (UTC) to the minute, or a dash."""
    return moment[:16].replace("T", " ") if isinstance(moment, str) and moment else "–"


def studies_table(studies: list[Study]) -> Table:
    """Return the studies, one a row."""
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


def designs_table(study: Study) -> Table:
    """Return the designs of a study, one a row."""
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
