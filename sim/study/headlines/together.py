"""Several headlines: each run as its small study, then told together in one document and on one screen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from sim.config.compose import assumptions
from sim.errors import ConfigError
from sim.language import ENGLISH, gettext, listed, ngettext, phrase, run_together, speaking
from sim.report import counts
from sim.report.console import quiet
from sim.report.pages import Page, Printed
from sim.report.screen import Screen, where
from sim.report.tables import Column, Table, escape_markdown, percent
from sim.store.store import Store
from sim.study.folder import drawing
from sim.study.folder.printed import keep
from sim.study.headlines.definitions import effects_table
from sim.study.headlines.run import points_of, study
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from sim.config import Pilot
    from sim.config.compose import Line
    from sim.study.backend import Backend
    from sim.study.headlines.definitions import Headline
    from sim.study.headlines.readings import Point
    from sim.study.headlines.run import Outcome


@dataclass(frozen=True)
class Outcomes:
    """What came out of headlines.

    Attributes
    ----------
    each
        The outcome of each, by its name.
    printed
        The first screen, and a page of two sentences for each.
    store
        The folder with the document, `headlines.md`, the charts, and the tables `effects` and `means`.
    """

    each: Mapping[str, Outcome]
    printed: Printed
    store: Store


def check_line(line: Line) -> None:
    """Raise `ConfigError` where the knobs of all points alike name a pilot: every point has its own."""
    if any(o.startswith("pilot=") for o in line.overrides):
        raise ConfigError("pilot must be left out: every point of a headline has its own")


def run_all(
    headlines: Mapping[str, Headline],
    line: Line,
    folder: Path,
    backend: Backend,
    *,
    console: Console | None = None,
    command: Sequence[str] = (),
) -> Outcomes:
    """Run what is missing of headlines, and keep their document and charts in a folder.

    Parameters
    ----------
    headlines
        By name, in the order of the document.
    line
        Knobs of all points alike.
    folder
        The results folder; the study of each lies beside it, with the headline's name after a dash. A stopped run
        continues.
    backend
        The engine and the executor.
    console
        Where progress is printed; without one nothing is printed.
    command
        As it is noted in the manifest.

    Raises
    ------
    ConfigError
        The knobs must be known and name no pilot.
    StoreError
        The folders must be empty or hold these very headlines, and be writable.
    """
    check_line(line)
    console = console or quiet()
    points = {name: points_of(headline, line) for name, headline in headlines.items()}
    identity = {"model_version": MODEL_VERSION, "headlines": list(headlines), "knobs": list(line.overrides)}
    store = Store.open(folder, identity, {"command": list(command)})
    each = {}
    for number, (name, headline) in enumerate(headlines.items(), 1):
        console.print(gettext("{number}. {title}", number=number, title=phrase(headline.title)), markup=False)
        beside = folder.with_name(f"{folder.name}-{name}")
        each[name] = study(console, beside, headline, points[name], backend, command)
        drawing.announce(console)
        drawing.keep(store, name, each[name].chart)
    pilot = _pilot(points)
    titles = {name: headline.title for name, headline in headlines.items()}
    with speaking(ENGLISH):
        store.write_table("effects", effects_table({name: one.effects for name, one in each.items()}, headlines))
    means = [one.means.select(pl.lit(name).alias("headline"), pl.all()) for name, one in each.items()]
    store.write_table("means", pl.concat(means))
    store.write_text("headlines.md", _document(titles, each, line, pilot.run.confidence))
    printed = keep(store, partial(_printed, folder.name, titles, each, pilot))
    store.finish({})
    return Outcomes(each, printed, store)


def _pilot(points: Mapping[str, Sequence[Point]]) -> Pilot:
    """Return the first feasible pilot of the points: all have the same district and run, but for its length."""
    return next(point.design.pilot for some in points.values() for point in some if point.design is not None)


def _printed(name: str, titles: Mapping[str, str], each: Mapping[str, Outcome], pilot: Pilot) -> Printed:
    """Return what the headlines have to say: the verdict on each, and a page of two sentences for each."""
    run = pilot.run
    what = ngettext(
        "{n:,} headline of the evidence for {district}: {replications} of {weeks} at each point.",
        "{n:,} headlines of the evidence for {district}: {replications} of {weeks} at each point.",
        len(each), district=phrase(pilot.district.name), replications=counts.replications(run.replications),
        weeks=counts.weeks(run.measured_weeks),
    )  # fmt: skip
    held = [one.verdict for one in each.values()]
    of_each = listed(
        gettext("{verdict} {n}", verdict=gettext(verdict), n=held.count(verdict)) for verdict in dict.fromkeys(held)
    )
    spoken = {key: phrase(title) for key, title in titles.items()}
    rows = tuple((spoken[key], gettext(one.verdict)) for key, one in each.items())
    table = Table(gettext("At a glance"), (Column(gettext("headline")), Column(gettext("verdict"))), rows)
    hangs = (
        gettext(
            "A headline holds where the whole interval lies beyond its bound; wangge show says of each how far it "
            "moves with what is assumed."
        ),
        assumptions(pilot.district.name),
    )
    pages = tuple(Page(key, spoken[key], paragraphs=(spoken[key], one.text)) for key, one in each.items())
    answer = gettext("By verdict: {counts}.", counts=of_each)
    screen = Screen(what, (answer,), table, hangs, where(name, "headlines.md", len(each)))
    return Printed(screen, pages)


def _document(titles: Mapping[str, str], each: Mapping[str, Outcome], line: Line, confidence: float) -> str:
    """Return the document: its first lines, then verdict, sentences and chart of each headline."""
    sections = [
        f"## {number}. {phrase(titles[name])}\n\n{escape_markdown(one.text)}\n\n"
        f"![{phrase(titles[name])}](charts/{name}.svg)"
        for number, (name, one) in enumerate(each.items(), 1)
    ]
    return "\n\n".join([_opening(line, confidence), *sections]) + "\n"


def _opening(line: Line, confidence: float) -> str:
    """Return the first lines of the document."""
    command = "`wangge headlines`"
    if line.overrides:
        knobs = " ".join(f"`{one}`" for one in line.overrides)
        command = gettext("{command} with {knobs}", command=command, knobs=knobs)
    sentences = (
        gettext(
            "Made by {command}, model {version}: each headline that the evidence expects, as a small study on the same "
            "residents, however it comes out.",
            command=command,
            version=MODEL_VERSION,
        ),
        gettext(
            "A measured year and ten replications unless said otherwise; {confidence} intervals, each on its own.",
            confidence=percent(confidence),
        ),
        gettext("A headline *holds* where the whole interval lies beyond its bound."),
        gettext(
            "Most inputs are assumptions (`configs/evidence.yaml`); the last sentence of each says how the result "
            "moves over the range of those that matter for it."
        ),
        gettext("What `compare` would withhold is withheld here."),
        gettext(
            "From 20 replications on, means and effects are adjusted for draws of known mean where that pays; the "
            "chart says for which."
        ),
    )
    heading = gettext("The headlines of the case")
    return f"# {heading}\n\n{run_together(sentences)}"
