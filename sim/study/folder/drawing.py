"""Draws the charts of a results folder that are wanted, but those that are drawn already of the very tables there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, StoreError, choices, near, one_of
from sim.language import ENGLISH, N_, Language, gettext, speaking, spoken
from sim.language import chosen as of_name
from sim.report import counts
from sim.report.console import at_work, quiet
from sim.report.formats import FORMATS
from sim.store import files, manifest
from sim.store.names import plain_name
from sim.study.folder.look import USUAL, Look

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from matplotlib.figure import Figure
    from rich.console import Console

    from sim.store.store import Store

Drawings = dict[str, Callable[[], "Figure"]]
"""Charts by name, each drawn when it is called: loading Matplotlib takes time."""

NOTE = "drawn.json"
"""From what each chart of a folder was drawn, and the digests of its files."""

NO_FONT = N_(
    "The charts are in English: this machine has no font with Chinese letters (Noto Sans CJK is one; in Debian and "
    "Ubuntu: apt install fonts-noto-cjk)."
)

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
        The formats of their files and their size; files of a size of their own are not noted, so that they are drawn
        again by whatever wants the usual one.
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
                raise ConfigError(f"only must name charts of {choices(known, name)}{near(name, known)}, got {name}")

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
    look, names = wanted.look, wanted.among(drawings)
    kept = {name: _intact(store, name, its) for name, its in note["charts"].items()} if note["from"] == source else {}
    again = wanted.again or bool(look.size)
    due = [name for name in names if again or not set(look.formats) <= kept.get(name, {}).keys()]
    console = console or quiet()
    with at_work(console, _said(wanted, len(names), len(due))):
        if due and on_charts() is not spoken():
            console.print(gettext(NO_FONT), markup=False)
        with speaking_on_charts():
            made = {name: look.files(drawings[name]()) for name in due}  # all of them, before any is written
    for name, data in made.items():
        for kind, content in data.items():
            store.write_bytes(_file(name, kind), content)
    fresh = {name: {kind: files.digest(content) for kind, content in data.items()} for name, data in made.items()}
    sized = [digest for kinds in fresh.values() for digest in kinds.values()] if look.size else []
    there = {name: kept.get(name, {}) | fresh.get(name, {}) for name in sorted({*kept, *fresh})}
    for name, kinds in note["charts"].items():
        for kind in kinds.keys() - there.get(name, {}).keys():
            store.discard(_file(name, kind))
    there = {name: kinds for name, kinds in there.items() if kinds}
    usual = {name: {kind: it for kind, it in kinds.items() if it not in sized} for name, kinds in there.items()}
    store.write_bytes(NOTE, files.readable({"from": source, "charts": usual}))
    return [*(name for name in drawings if name in there), *sorted(there.keys() - drawings.keys())]


def on_charts() -> Language:
    """Return the language of charts: the one that is spoken, or English where this machine has no font for it."""
    if spoken().name == ENGLISH:
        return spoken()
    from sim.charts.fonts import can_show

    return spoken() if can_show(spoken()) else of_name(ENGLISH)


@contextmanager
def speaking_on_charts(language: Language | None = None) -> Iterator[None]:
    """Speak in this block the language of charts, where a language is spoken."""
    with speaking(language), speaking(on_charts()):
        yield


def chosen(charts_to_draw: Drawings, name: str) -> Figure:
    """Return a chart by its name.

    Raises
    ------
    ConfigError
        There must be a chart of this name.
    """
    return charts_to_draw[one_of("chart", name, charts_to_draw)]()


def keep(store: Store, name: str, drawn: Callable[[], Figure], look: Look = USUAL) -> None:
    """Draw one chart in the language of charts and keep it in a folder, as `charts/NAME` in each format."""
    with speaking_on_charts():
        content_of = look.files(drawn())
    for kind, content in content_of.items():
        store.write_bytes(_file(name, kind), content)


def announce(console: Console) -> None:
    """Say that one chart is drawn, and where it speaks another language why."""
    console.print(gettext("Drawing its chart ..."), markup=False)
    if on_charts() is not spoken():
        console.print(gettext(NO_FONT), markup=False)


def _said(wanted: Wanted, n_wanted: int, n_due: int) -> str:
    """Return what is drawn and what is not, in a sentence."""
    if not wanted.charts:
        return gettext("No chart is drawn (charts=false).")
    if not n_due:
        return gettext(
            "No chart is drawn again: {charts} of these very tables are there.", charts=counts.charts(n_wanted)
        )
    if n_due == n_wanted:
        return gettext("Drawing {charts} ...", charts=counts.charts(n_due))
    return gettext(
        "Drawing {charts} ...; {n} of these very tables are there", charts=counts.charts(n_due), n=n_wanted - n_due
    )


def _file(name: str, kind: str) -> str:
    """Return the name of a file of a chart."""
    return f"charts/{name}.{kind}"


def _source(store: Store, sources: Sequence[str]) -> str:
    """Return a digest of all that charts are drawn from, the program that draws them among it."""
    read = {name: files.digest(files.read_bytes(store.folder / name)) for name in sources}
    return files.digest(
        manifest.canonical(
            {"read": read, "versions": manifest.versions(), "program": program(), "language": on_charts().name}
        ).encode()
    )


@cache
def program() -> tuple[str, ...]:
    """Return the digests of the program's files: another version may draw and write other things."""
    return tuple(files.digest(path.read_bytes()) for path in sorted(LIBRARY.rglob("*.py")))


def _noted(store: Store) -> dict[str, Any]:
    """Return what is noted of the charts of a folder: nothing where the note is missing or not ours."""
    try:
        note = files.read_json(store.folder / NOTE)
        charts = {
            plain_name("chart", str(name)): {kind: its[kind] for kind in FORMATS if kind in its}
            for name, its in note["charts"].items()
        }
        return {"from": str(note["from"]), "charts": charts}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StoreError):
        return {"from": "", "charts": {}}


def _intact(store: Store, name: str, digests: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of those files of a chart that are as they were drawn, by format."""
    intact = {}
    for kind, digest in digests.items():
        with suppress(OSError):
            if files.digest(files.read_bytes(store.folder / _file(name, kind))) == digest:
                intact[kind] = digest
    return intact
