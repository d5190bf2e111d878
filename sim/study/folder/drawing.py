"""Draws the charts of a results folder that are wanted, but those that are drawn already of the very tables there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, StoreError, near
from sim.report.tables import counted
from sim.store import files, manifest
from sim.study.folder.look import USUAL, Look

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from matplotlib.figure import Figure
    from rich.console import Console

    from sim.store.store import Store

Drawings = dict[str, Callable[[], "Figure"]]
"""Charts by name, each drawn when it is called: loading Matplotlib takes time."""

NOTE = "drawn.json"
"""From what each chart of a folder was drawn, and the digests of its files."""

LIBRARY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Wanted:
    """Which charts are wanted.

    Attributes
    ----------
    charts
        Whether any is.
    only
        The names of those that are, or the first words of their names (`map`, `curve`); without them all.
    again
        Whether those are drawn again that are drawn already of the same tables.
    look
        The formats of their files and their size; those of another look than the usual are not noted, so that they are
        drawn again by whatever wants the usual ones.
    """

    charts: bool = True
    only: tuple[str, ...] = ()
    again: bool = False
    look: Look = USUAL

    def check(self, known: Collection[str]) -> None:
        """Raise `ConfigError` where a name is of no chart, or charts are named of which none is wanted."""
        if self.only and not self.charts:
            raise ConfigError(f"only must be left out where charts=false, got {', '.join(self.only)}")
        for name in self.only:
            if not any(_names(name, one) for one in known):
                raise ConfigError(f"only must name charts of {', '.join(known)}{near(name, known)}, got {name}")

    def among(self, names: Iterable[str]) -> list[str]:
        """Return which of these charts are wanted."""
        return [
            name for name in names if self.charts and (not self.only or any(_names(one, name) for one in self.only))
        ]


def _names(word: str, chart: str) -> bool:
    """Return whether a word names a chart, in full or by its first words."""
    return chart == word or chart.startswith(f"{word}_")


ALL = Wanted()


def draw(
    store: Store, drawings: Drawings, sources: Sequence[str], wanted: Wanted = ALL, console: Console | None = None
) -> list[str]:
    """Draw the wanted charts of a folder and keep them as files, all or none; remove what is of other tables.

    Parameters
    ----------
    store
        The folder.
    drawings
        All charts that there are.
    sources
        The files at the top of the folder from which they are drawn.
    wanted
        Which are wanted.
    console
        Where it says what it does.

    Returns
    -------
    list of str
        The charts in the folder that are of its tables.
    """
    source, note = _source(store, sources), _noted(store)
    kept = note["charts"] if note["from"] == source else {}
    kept = {name: its for name, its in kept.items() if _intact(store, name, its)}
    names = wanted.among(drawings)
    due = [name for name in names if wanted.again or name not in kept]
    if console is not None:
        console.print(_said(wanted, len(names), len(due)), markup=False)
    made = _rendered({name: drawings[name] for name in due}, wanted.look)
    for name, data in made.items():
        store.write_bytes(name, data)
    digests = {name: {kind: files.digest(made[_file(name, kind)]) for kind in wanted.look.formats} for name in due}
    there = kept | digests
    for name in note["charts"].keys() - there.keys():
        for kind in USUAL.formats:
            store.discard(_file(name, kind))
    noted = {name: its for name, its in there.items() if wanted.look == USUAL or name not in digests}
    store.write_bytes(NOTE, files.readable({"from": source, "charts": dict(sorted(noted.items()))}))
    return [*(name for name in drawings if name in there), *sorted(there.keys() - drawings.keys())]


def _said(wanted: Wanted, n_wanted: int, n_due: int) -> str:
    """Return what is drawn and what is not, in a sentence."""
    if not wanted.charts:
        return "No chart is drawn (charts=false)."
    if not n_due:
        return f"No chart is drawn again: {counted(n_wanted, 'chart')} of these very tables are there."
    rest = f"; {n_wanted - n_due} of these very tables are there" if n_due < n_wanted else ""
    return f"Drawing {counted(n_due, 'chart')} ...{rest}"


def _rendered(drawings: Mapping[str, Callable[[], Figure]], look: Look) -> dict[str, bytes]:
    """Return the files of charts by their names."""
    return {_file(name, kind): data for name, make in drawings.items() for kind, data in look.files(make()).items()}


def _file(name: str, kind: str) -> str:
    """Return the name of a file of a chart."""
    return f"charts/{name}.{kind}"


def _source(store: Store, sources: Sequence[str]) -> str:
    """Return a digest of all that charts are drawn from, the program that draws them among it."""
    read = {name: files.digest(files.read_bytes(store.folder / name)) for name in sources}
    return files.digest(
        manifest.canonical({"read": read, "versions": manifest.versions(), "program": program()}).encode()
    )


@cache
def program() -> tuple[str, ...]:
    """Return the digests of the program's files: another version may draw and write other things."""
    return tuple(files.digest(path.read_bytes()) for path in sorted(LIBRARY.rglob("*.py")))


def _noted(store: Store) -> dict[str, Any]:
    """Return what is noted of the charts of a folder: nothing where the note is missing or not ours."""
    try:
        note = files.read_json(store.folder / NOTE)
        charts = {files.plain_name("chart", str(name)): dict(its) for name, its in note["charts"].items()}
        return {"from": str(note["from"]), "charts": charts}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StoreError):
        return {"from": "", "charts": {}}


def _intact(store: Store, name: str, digests: Mapping[str, str]) -> bool:
    """Return whether the files of a chart are as they were drawn."""
    try:
        return all(
            files.digest(files.read_bytes(store.folder / _file(name, kind))) == digests[kind] for kind in USUAL.formats
        )
    except OSError:
        return False
