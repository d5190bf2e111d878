"""A journey as tables, some to be read and one to be computed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sim.district.demand import Channel
from sim.district.stages import KIND_NAMES
from sim.draws.clock import MINUTE
from sim.journeys import words
from sim.language import ENGLISH, N_, gettext, listed, ngettext, phrase, separated, speaking
from sim.report.lines import literal, rich_text
from sim.report.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.table import Table as RichTable

    from sim.district.stages import Stage
    from sim.journeys.steps import Journey, Step

NOT_YET = N_("not yet")

TOTALS = (
    ("turnaround", N_("turnaround (working days)"), 2),
    ("waiting", N_("waiting in queues (working days of office time)"), 2),
    ("on_the_way", N_("under way: files, batches, notices, papers, the resident (working days)"), 2),
    ("work", N_("work of staff (minutes)"), 0),
    ("hand_overs", N_("hand-overs"), 0),
    ("trips", N_("trips of the resident"), 0),
    ("own_time", N_("the resident's own time: ways, waiting, being served (minutes)"), 0),
)
"""The totals of a journey: name, what it is, and how many digits it is shown with."""

MARKS: Mapping[str, Callable[[Stage], bool]] = {
    N_("a trip"): lambda stage: stage.trip,
    N_("a hand-over"): lambda stage: stage.hand_over,
}
"""What is marked at a step."""

CHANNELS = {
    Channel.COUNTER: N_("at a counter"), Channel.PHONE: N_("by phone"), Channel.LATENT: N_("a latent issue"),
}  # fmt: skip

ROW = {
    "pilot": pl.String, "request": pl.Int64, "step": pl.Int64, "what": pl.String, "activity": pl.String,
    "kind": pl.String, "place": pl.String, "by": pl.String, "came": pl.String, "started": pl.String,
    "ended": pl.String, "outcome": pl.String, "why": pl.String, "before_days": pl.Float64, "gate_days": pl.Float64,
    "wait_minutes": pl.Float64, "wait_office_minutes": pl.Float64, "work_minutes": pl.Float64,
    "interruptions": pl.Int64, "staff": pl.Int64, "taken_first": pl.Int64, "trip": pl.Boolean,
    "hand_over": pl.Boolean,
}  # fmt: skip


def rows(journeys: Sequence[Journey]) -> pl.DataFrame:
    """Return one row a step of each journey, in English.

    `came`, `started` and `ended` are dates with clock times, null where they did not happen; `before_days` are working
    days between the step before and this one, and `gate_days` the part of them that was spent waiting for a batch;
    `staff` is the number of those who serve the queue.
    """
    with speaking(ENGLISH):
        table_rows = [_row(journey, step) for journey in journeys for step in journey.steps]
    return pl.DataFrame(table_rows, schema=ROW)


def _row(journey: Journey, step: Step) -> dict[str, object]:
    """Return the row of a step."""

    def when(tick: int) -> str | None:
        return f"{words.instant(journey, tick):%Y-%m-%dT%H:%M:%S}" if tick >= 0 else None

    wait = step.wait
    return {
        "pilot": journey.organisation.pilot.name,
        "request": journey.request,
        "step": step.number,
        "what": words.what(journey, step),
        "activity": step.stage.activity,
        "kind": KIND_NAMES[step.stage.kind],
        "place": words.place(journey, step.station),
        "by": words.people(journey, step),
        "came": when(step.arrival),
        "started": when(step.start),
        "ended": when(step.end),
        "outcome": step.outcome.name.lower(),
        "why": "; ".join(words.why(journey, step)),
        "before_days": step.lag_ticks / journey.day_ticks,
        "gate_days": step.gate_ticks / journey.day_ticks,
        "wait_minutes": wait.ticks / MINUTE if wait else None,
        "wait_office_minutes": wait.office / MINUTE if wait else None,
        "work_minutes": step.work / MINUTE,
        "interruptions": step.interruptions,
        "staff": wait.persons if wait else None,
        "taken_first": wait.ahead if wait else None,
        "trip": step.stage.trip,
        "hand_over": step.stage.hand_over,
    }


def journey_text(journey: Journey) -> RichTable:
    """Return a journey for a Rich console: by each step, when it came, what, where and why it took its time."""
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable(
        title=rich_text(literal(heading(journey)), style="bold"), title_justify="left", box=None, pad_edge=False,
        show_header=False, caption=rich_text(ending(journey), style="bold"), caption_justify="left",
        padding=(0, 2, 0, 0),
    )  # fmt: skip
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for number, came, what, where, reasons, done in cells(journey):
        first = Text(literal(what), style="bold")
        first.append(literal(f"  {where}"), style="not bold")
        grid.add_row(number, came, first)
        same_day = done[:-5] == came[:-5]
        when = done[-5:] if same_day else done
        over = done not in (came, gettext(NOT_YET))
        told = gettext("{reasons}; done {time}", reasons=reasons, time=when) if over else reasons
        grid.add_row("", "", rich_text(literal(told), style="dim"))
    return grid


def heading(journey: Journey) -> str:
    """Return the design and the request."""
    title = phrase(journey.organisation.pilot.title)
    return gettext("{title}: {request}", title=title, request=words_of(journey))


def journey_table(journey: Journey) -> Table:
    """Return a journey step by step."""
    headings = (
        gettext("step"), gettext("came"), gettext("what"), gettext("where, by whom"), gettext("what took the time"),
        gettext("done"),
    )  # fmt: skip
    return Table(heading(journey), tuple(map(Column, headings)), tuple(cells(journey)), (ending(journey),))


def cells(journey: Journey) -> list[tuple[str, ...]]:
    """Return number, arrival, what, place and persons, reasons and end of every step, in words."""
    cells_of_steps: list[tuple[str, ...]] = []
    for step in journey.steps:
        what = words.what(journey, step)
        if marks := [gettext(mark) for mark, on in MARKS.items() if on(step.stage)]:
            what = gettext("{what} [{marks}]", what=what, marks=listed(marks))
        done = words.moment(journey, step.end) if step.end >= 0 else gettext(NOT_YET)
        outside = words.lane(step) == "outside" and not step.stage.hand_over
        came = words.moment(journey, step.since if outside else step.arrival)  # the lag is what takes the time
        reasons = separated(words.why(journey, step))
        who = _who(journey, step)
        cells_of_steps.append((str(step.number), came, what, who, reasons or gettext("at once"), done))
    return cells_of_steps


def _who(journey: Journey, step: Step) -> str:
    """Return where a step happened, and who worked on it."""
    place, people = words.place(journey, step.station), words.people(journey, step)
    return gettext("{place}, by {people}", place=place, people=people) if place and people else place or people


def words_of(journey: Journey) -> str:
    """Return which request it is."""
    title = phrase(journey.organisation.pilot.procedures.archetypes[journey.archetype].title)
    return gettext(
        "request {request}, {archetype} {title}, {channel}",
        request=journey.request, archetype=journey.archetype, title=title, channel=gettext(CHANNELS[journey.channel]),
    )  # fmt: skip


def ending(journey: Journey) -> str:
    """Return how the journey ended, in a sentence."""
    totals = journey.totals
    return gettext(
        "{outcome}; {trips} and {minutes:.0f} minutes of the resident's own, {hand_overs}.",
        outcome=_outcome(journey), trips=trips(totals.trips), minutes=totals.own_time / MINUTE,
        hand_overs=hand_overs(totals.hand_overs),
    )  # fmt: skip


def trips(n: int) -> str:
    """Return a number of trips."""
    return ngettext("{n} trip", "{n} trips", n)


def hand_overs(n: int) -> str:
    """Return a number of hand-overs."""
    return ngettext("{n} hand-over", "{n} hand-overs", n)


def _outcome(journey: Journey) -> str:
    """Return what became of a request."""
    totals = journey.totals
    days = words.office_time(journey, totals.so_far or 0)
    if totals.turnaround is not None:
        when = words.moment(journey, totals.result)
        return gettext("Done {moment}, {days} after the first contact", moment=when, days=days)
    if totals.left:
        return gettext("Left unserved: the resident gave up and did not come again")
    if totals.so_far is None:
        return gettext("Still open: nobody knew of it when the simulated time ended")
    return _pending(journey, gettext("Still open after {days}, when the simulated time ended", days=days))


def _pending(journey: Journey, still_open: str) -> str:
    """Return that a request is still open, with what was on its way at the horizon."""
    stage = journey.pending
    if stage is None:
        return still_open
    if stage.stops_clock:
        return gettext("{open}, while the resident was finding papers", open=still_open)
    if stage.trip:
        return gettext("{open}, before the resident came again", open=still_open)
    if stage.hand_over:
        return gettext("{open}, while the file was on its way", open=still_open)
    return gettext("{open}, before the next step", open=still_open)


def facts(journey: Journey) -> dict[str, float]:
    """Return the totals in the units of the measures, waiting from the first contact on; NaN without a result."""
    totals, nan = journey.totals, float("nan")
    known = [step for step in journey.steps if 0 <= totals.contact <= step.arrival]
    return {
        "turnaround": nan if totals.turnaround is None else totals.turnaround / journey.day_ticks,
        "trips": totals.trips,
        "own_time": totals.own_time / MINUTE,
        "hand_overs": totals.hand_overs,
        "steps": len(journey.steps),
        "work": sum(step.work for step in journey.steps) / MINUTE,
        "waiting": sum(step.wait.office for step in known if step.wait) / journey.day_ticks,
        "on_the_way": sum(step.lag_ticks for step in known if step.since >= totals.contact) / journey.day_ticks,
    }


def totals_table(journeys: Sequence[Journey]) -> Table:
    """Return the totals of the journeys side by side."""
    totals = [facts(journey) for journey in journeys]

    def cell(journey: Journey, facts_of: dict[str, float], name: str, digits: int) -> str:
        if name == "turnaround" and journey.totals.turnaround is None:
            return gettext("left unserved") if journey.totals.left else gettext("still open")
        return f"{facts_of[name]:,.{digits}f}"

    body = tuple(
        (
            gettext(label),
            *(cell(journey, facts_of, name, digits) for journey, facts_of in zip(journeys, totals, strict=True)),
        )
        for name, label, digits in TOTALS
    )
    columns = (Column(""), *(Column(phrase(journey.organisation.pilot.title)) for journey in journeys))
    return Table(gettext("In all: {request}", request=words_of(journeys[0])), columns, body)
