"""Which request is followed, through which designs: its journeys, and what they leave in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sim.config.compose import assumptions
from sim.district import engines
from sim.district.demand import Channel
from sim.engine.audit.quick import balance
from sim.errors import RESULTS_STAY, ConfigError, choices, near, sealed
from sim.journeys.sentences import ending, journey_table, rows, totals_table, words_of
from sim.journeys.steps import Journey, read
from sim.language import ENGLISH, N_, begun, gettext, phrase, speaking
from sim.measures.requests import requests
from sim.measures.residents import measured_rows
from sim.measures.tally import window
from sim.report.notebook import as_html
from sim.report.pages import Page, Printed, page
from sim.report.screen import Screen, typed_as, where
from sim.report.tables import escape_markdown
from sim.study import replications
from sim.study.design import Design, check_paired, titles_of
from sim.study.folder import drawing
from sim.study.replication import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl
    from matplotlib.figure import Figure

    from sim.arrays import Bools, Ints
    from sim.config import Pilot
    from sim.district.assemble import Plan
    from sim.district.blocks import Record
    from sim.language import Language
    from sim.measures.requests import Requests
    from sim.report.tables import Table
    from sim.store.store import Store

SLOWEST = "slowest"


@dataclass(frozen=True)
class Selection:
    """Which request is followed.

    Attributes
    ----------
    request
        Its number in the demand, or `slowest`: of those that are measured and finished under the first design, which
        is also meant where nothing is given.
    archetype, channel
        Without a number: only of this archetype and this channel; without `slowest`, the first such that is measured.
    """

    request: int | str | None = None
    archetype: str | None = None
    channel: str | None = None

    def check(self, pilot: Pilot) -> None:
        """Raise `ConfigError` where no request can be meant."""
        request, known = self.request, pilot.procedures.archetypes
        if isinstance(request, str) and request != SLOWEST:
            raise ConfigError(f"request must be a number or slowest, got {request}")
        if self.archetype is not None and self.archetype not in known:
            hint = near(self.archetype, known)
            raise ConfigError(f"archetype must be one of {choices(known, self.archetype)}{hint}, got {self.archetype}")
        channels = [channel.name.lower() for channel in Channel]
        if self.channel is not None and self.channel not in channels:
            raise ConfigError(f"channel must be one of {', '.join(channels)}, got {self.channel}")
        if isinstance(request, int) and (self.archetype or self.channel):
            raise ConfigError(
                f"archetype and channel must be left out where request is a number, got request={request}"
            )


@sealed(RESULTS_STAY)
@dataclass(frozen=True, repr=False)
class Journeys:
    """The journey of one request under one design or two; it prints as tables.

    Attributes
    ----------
    each
        By design.
    replication
        The replication that the request is of.
    remark_makers
        What gives each of the remarks.
    language
        In which they speak; without one, that which is spoken.
    """

    each: tuple[Journey, ...]
    replication: int
    remark_makers: tuple[Callable[[], str], ...] = ()
    language: Language | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return notes on how the request was chosen."""
        with speaking(self.language):
            return tuple(one() for one in self.remark_makers)

    @property
    def identity(self) -> dict[str, object]:
        """Return what makes a folder theirs: the designs, and which request of which replication is followed."""
        pilots = [one.organisation.pilot for one in self.each]
        followed = {"request": self.each[0].request, "replication": self.replication}
        return {**replications.identity(pilots), "trace": followed}

    @property
    def rows(self) -> pl.DataFrame:
        """Return one row a step and design."""
        return rows(self.each)

    def chart(self) -> Figure:
        """Return the journeys as a chart."""
        from sim.journeys.chart import journey_figure

        with drawing.speaking_on_charts(self.language):
            return journey_figure(self.each, self._footer())

    def _footer(self) -> str:
        """Return the line under the chart."""
        pilot = self.each[0].organisation.pilot
        return gettext(
            "{district}; replication {n}, seed {seed}. One request is an example. {assumptions}",
            district=phrase(pilot.district.name), n=self.replication, seed=pilot.run.seed,
            assumptions=assumptions(pilot.district.name),
        )  # fmt: skip

    @property
    def notes(self) -> list[str]:
        """Return what must be known to read them."""
        with speaking(self.language):
            return self._notes()

    def _notes(self) -> list[str]:
        """Return these notes in the language that is spoken."""
        pilot = self.each[0].organisation.pilot
        monday = pilot.district.calendar.first_monday
        own = gettext(
            "The communities are those of this replication; replications have places of their own (district.place)."
        )
        same = gettext(
            "The communities are those of this replication; replications have the same place (district.place)."
        )
        return [
            gettext(
                "Replication {n}, seed {seed}, {weeks} weeks. Dates are counted on from Monday {date}; the simulated "
                "year of 52 weeks repeats.",
                n=self.replication, seed=pilot.run.seed, weeks=pilot.run.weeks, date=monday.isoformat(),
            ),
            gettext(
                "Activities have the procedure's own names, whichever level performs them. Waiting, and what staff did "
                "meanwhile, is told in office time."
            ),
            own if pilot.district.place == "drawn" else same,
            gettext("One request is an example and proves nothing about a design: wangge compare does."),
        ]  # fmt: skip

    @property
    def tables(self) -> list[Table]:
        """Return a table a journey, and one of their totals."""
        with speaking(self.language):
            return [*map(journey_table, self.each), totals_table(self.each)]

    def printed(self, name: str) -> Printed:
        """Return what is to be said of them in a folder of this name."""
        pilots = [one.organisation.pilot for one in self.each]
        *tables, totals = self.tables
        titles = titles_of(pilots)
        answer = [
            begun(gettext("{pilot}: {ending}", pilot=titles[pilot.name], ending=ending(one)))
            for pilot, one in zip(pilots, self.each, strict=True)
        ]
        what = begun(words_of(self.each[0]))
        screen = Screen(
            gettext("{what}.", what=what),
            (*self.remarks, *answer),
            totals,
            (self.notes[-1], self.notes[2], assumptions(pilots[0].district.name)),
            (*where(name, "journey.md", 1), typed_as(titles)),
        )
        steps = [page(pilot.name, table) for pilot, table in zip(pilots, tables, strict=True)]
        notes = Page("notes", gettext("how to read it"), paragraphs=tuple(f"- {note}" for note in self.notes))
        return Printed(screen, (*steps, page("totals", totals), notes))

    def __str__(self) -> str:
        """Return the tables as plain text."""
        return "\n\n".join([*(f"- {remark}" for remark in self.remarks), *(table.to_text() for table in self.tables)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the tables and the chart, for a notebook."""
        from sim.charts import render

        return as_html(self.tables, self.remarks, [render(self.chart(), "svg")])


def follow(
    pilots: Sequence[Pilot], selection: Selection, replication: int, engine: engines.Settings
) -> tuple[list[Journey], list[Callable[[], str]]]:
    """Return the journey of the chosen request under each pilot, and what says each remark on the choice.

    Raises
    ------
    ConfigError
        The pilots must be run alike. The request must exist, and where it is to be looked for, one such must be
        measured.
    """
    check_paired(pilots)
    selection.check(pilots[0])
    journeys: list[Journey] = []
    remarks: list[Callable[[], str]] = []
    request = selection.request if isinstance(selection.request, int) else None
    for pilot in pilots:
        plan = prepare(pilot, replication)
        n = len(plan.demand)
        if request is not None and not 0 <= request < n:
            raise ConfigError(
                f"request must be from 0 to {n - 1:,}, the requests of replication {replication} over "
                f"{pilot.run.weeks} weeks, got {request}"
            )
        record = complete_record(plan, engine)
        overloaded = Design(pilot, plan.organisation).overloaded_stations
        if request is None:
            request, remark = _selected(selection, pilot, record, overloaded)
            remarks.append(remark)
        journeys.append(read(plan, record.case, record.visits, record.spells, request, overloaded))
    if pilots[0].district.copies > 1:
        first = N_("Of {n} districts the first is followed.")
        remarks.append(partial(gettext, first, n=pilots[0].district.copies))
    return journeys, remarks


def complete_record(plan: Plan, engine: engines.Settings) -> Record:
    """Return the record of all requests of a replication, in one piece, held to the books."""
    (record,) = engines.records(plan, engines.in_one_block(engine, plan.office.weeks))
    balance(record.case.network, record.visits, record.spells, plan.horizon)
    return record


def _selected(selection: Selection, pilot: Pilot, record: Record, overloaded: Bools) -> tuple[int, Callable[[], str]]:
    """Return the request that a selection describes, and what says which one it is."""
    mine = requests(record.case, record.visits, overloaded)
    rows = measured_rows(mine, *window(pilot))
    demand = record.case.demand
    if selection.archetype is not None:
        names = list(pilot.procedures.archetypes)
        rows = rows[demand.archetype[mine.ids[rows]] == names.index(selection.archetype)]
    if selection.channel is not None:
        rows = rows[demand.channel[mine.ids[rows]] == Channel[selection.channel.upper()]]
    first = bool(selection.request is None and (selection.archetype or selection.channel))
    if not first:
        rows = rows[mine.result[rows] >= 0]
    if not len(rows):
        with speaking(ENGLISH):
            what = f"{_described(selection)}{'' if first else ' that is finished'}"
        raise ConfigError(f"request must be given: no {what} is measured under {pilot.name}")
    row = rows[0] if first else rows[np.argmax(_turnaround(record, mine, rows))]
    request = int(mine.ids[row])
    return request, partial(_remark, selection, pilot, request, first=first)


def _described(selection: Selection) -> str:
    """Return what kind of request a selection describes."""
    archetype, channel = selection.archetype, phrase(selection.channel or "")
    if archetype and channel:
        return gettext("request of archetype {archetype} through channel {channel}",
                       archetype=archetype, channel=channel)  # fmt: skip
    if archetype:
        return gettext("request of archetype {archetype}", archetype=archetype)
    return gettext("request through channel {channel}", channel=channel) if channel else gettext("request")


def _remark(selection: Selection, design: Pilot, request: int, *, first: bool) -> str:
    """Return which request was chosen."""
    what, pilot = _described(selection), phrase(design.title)
    if first:
        return gettext("The first measured {what} under {pilot} is request {request}.",
                       what=what, pilot=pilot, request=request)  # fmt: skip
    return gettext("The slowest measured {what} that is finished under {pilot} is request {request}.",
                   what=what, pilot=pilot, request=request)  # fmt: skip


def _turnaround(record: Record, mine: Requests, rows: Ints) -> Ints:
    """Return the office ticks from the first contact to the result."""
    return record.case.office.hours.between(mine.contact[rows], mine.result[rows])


def keep(store: Store, journeys: Journeys) -> None:
    """Write journeys as a text, a table and a chart."""
    heading = gettext("The journey of request {request}", request=journeys.each[0].request)
    text = [
        f"# {heading}",
        *(table.to_markdown() for table in journeys.tables),
        *map(escape_markdown, journeys.notes),
        "![](charts/journey.svg)",
    ]
    store.write_text("journey.md", "\n\n".join(text) + "\n")
    store.write_table("journey", journeys.rows)
    drawing.keep(store, "journey", journeys.chart)
