"""What a results folder holds, as tables: its studies, the designs of each, and the archive of replications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.language import gettext, phrase
from sim.report.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.store.archive import Holding
    from sim.store.inventory import Study, Waste


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
        wanted = None if study.wanted is None else study.wanted * len(study.designs)
        finished = when(study.last["finished"]) if study.last.get("finished") else gettext("unfinished")
        rows.append((
            study.name, study.command or "–", when(study.last.get("started")),
            gettext("unknown") if study.trouble else finished, _of(kept, wanted) if study.keys else "–",
        ))  # fmt: skip
    headings = (
        gettext("study"), gettext("command"), gettext("started (UTC)"), gettext("finished"),
        gettext("replications kept"),
    )  # fmt: skip
    return Table(gettext("Studies under results/"), tuple(map(Column, headings)), tuple(rows))


def _of(kept: int, wanted: int | None) -> str:
    """Return how many replications are kept, and of how many."""
    return str(kept) if wanted is None else gettext("{n} of {all}", n=kept, all=wanted)


def archive_table(holdings: list[Holding], studies: list[Study]) -> Table:
    """Return the totals of the archive, and the size of what no study uses."""
    needed = {key for study in studies for key in study.keys.values()}
    unused = [holding for holding in holdings if holding.key not in needed]
    rows = (
        (gettext("designs"), f"{len(holdings):,}"),
        (gettext("replications"), f"{sum(len(h.replications) for h in holdings):,}"),
        (gettext("failed"), f"{sum(h.failures for h in holdings):,}"),
        (gettext("set aside"), f"{sum(h.aside for h in holdings):,}"),
        (gettext("size"), size(sum(h.n_bytes for h in holdings))),
        (gettext("of that, used by no study"), size(sum(h.n_bytes for h in unused))),
    )
    columns = (Column("results/.replications"), Column("", "right"))
    return Table(gettext("The archive of replications"), columns, rows)


def designs_table(study: Study) -> Table:
    """Return the designs of a study, one a row."""
    rows = []
    for name, key in sorted(study.keys.items()):
        (holding,) = study.archive.holdings([key])
        title = str(holding.design.get("title", ""))
        rows.append((
            name, phrase(title) if title != name else "", _of(study.kept(name), study.wanted), str(holding.failures),
            str(holding.aside), size(holding.n_bytes), key[:8],
        ))  # fmt: skip
    columns = (
        Column(gettext("design")), Column(gettext("title")), Column(gettext("kept"), "right"),
        Column(gettext("failed"), "right"), Column(gettext("set aside"), "right"), Column(gettext("size"), "right"),
        Column(gettext("key")),
    )  # fmt: skip
    notes = () if rows else (gettext("It keeps no replications."),)
    return Table(gettext("Designs of {study}", study=study.name), columns, tuple(rows), notes)


def waste_table(removable: Sequence[Waste]) -> Table:
    """Return what can be removed from the archive, one reason a row."""
    columns = (
        Column("results/.replications"), Column(gettext("files"), "right"), Column(gettext("size"), "right"),
    )  # fmt: skip
    rows = tuple((gettext(one.why), f"{len(one.paths):,}", size(one.n_bytes)) for one in removable)
    return Table(gettext("Can be removed"), columns, rows)
