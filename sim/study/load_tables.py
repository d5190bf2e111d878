"""The tables that come before any simulation: kinds of work and where they go, heads, and load."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from sim.config import LEVELS
from sim.config.words import words_of
from sim.district import workload
from sim.language import N_, gettext, listed, phrase, run_together, separated
from sim.report.tables import Column, Table, rows_table
from sim.study import saved_hours
from sim.study.design import base_places, prepared_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config import Level, Pilot
    from sim.study.design import Design
    from sim.study.saved_hours import Moves

TWO_MONTHS = 9  # weeks: two periods of the slowest gate
UNEXPLAINED = N_("time that no work explains")
TODAY = N_("today's organisation")  # no pilot can have this name


def hours_by_level(design: Design) -> dict[str, dict[str, float]]:
    """Return thousand hours a year by kind of work and level, with the time that no work explains."""
    table = saved_hours.hours(design.works)
    for level, heads in design.heads.items():
        table[UNEXPLAINED][level] = (heads * design.present_hours - design.hours(level)) / 1e3
    return table


@dataclass(frozen=True)
class Works:
    """Where each kind of work is done today and under each design.

    Attributes
    ----------
    hours
        Thousand hours a year, by design (today's organisation first, where no design is it), kind of work and level.
    moves
        What becomes of each kind of work, by design and kind.
    places
        Decimals with which hours are shown.
    """

    hours: Mapping[str, Mapping[str, Mapping[str, float]]]
    moves: Mapping[str, Mapping[str, Moves]]
    places: int


def works_of(designs: Mapping[str, Design]) -> Works:
    """Return where each kind of work is done today and under each design."""
    first, place_of = next(iter(designs)), base_places(designs.values())
    today = prepared_on(place_of, workload.today(designs[first].pilot))
    hours = {TODAY: hours_by_level(today)}
    hours |= {name: hours_by_level(design) for name, design in designs.items()}
    others = dict(designs)
    if hours[TODAY] == hours[first]:
        del hours[TODAY], others[first]
    places = _places(sum(sum(of.values()) for of in next(iter(hours.values())).values()))
    moves = {name: saved_hours.moves(today, design, place_of, places) for name, design in others.items()}
    return Works(hours, moves, places)


def work_table(works: Works) -> Table:
    """Return where each kind of work is done today and under each design, with what is saved or added."""
    kinds = list(dict.fromkeys(kind for of in works.hours.values() for kind in of if kind != UNEXPLAINED))
    rows = []
    for what in [*kinds, UNEXPLAINED]:
        of = [hours.get(what, {}) for hours in works.hours.values()]
        row = [phrase(what), *(" / ".join(_cell(one.get(level, 0.0), works.places) for level in LEVELS) for one in of)]
        if works.moves:
            goes = {name: moves[what].words(works.places) for name, moves in works.moves.items() if what in moves}
            row.append(_goes(goes))
        rows.append(tuple(row))
    # hours by level are numbers, which never wrap
    columns = [Column(gettext("kind of work")), *(Column(phrase(name), "right") for name in works.hours)]
    where = [Column(gettext("where it goes"))] if works.moves else []
    conserved = gettext("Work is conserved: what leaves one level goes to another, or the last column says why not.")
    unexplained = gettext(
        "Time that no work explains: hours present less hours of work that piles up; patrols and home visits are done "
        "in this time, and lapse where there is none."
    )
    return Table(
        gettext("Work, thousand hours a year: community / street / district"),
        tuple(columns + where),
        tuple(rows),
        (run_together([conserved, unexplained] if works.moves else [unexplained]),),
    )


def _places(hours: float) -> int:
    """Return the decimals that show a ten-thousandth of a district's thousand hours, from one to three."""
    return min(max(3 - math.floor(math.log10(hours)), 1), 3) if hours > 0 else 1


def _goes(goes: Mapping[str, str]) -> str:
    """Return where a kind of work goes: once where all designs agree, else by designs that agree."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name, to in goes.items():
        alike[to].append(name)
    if len(alike) < 2:
        return next(iter(alike), "")
    return separated(gettext("{designs}: {to}", designs=listed(names), to=to) for to, names in alike.items())


def _cell(hours: float, places: int) -> str:
    """Return hours with so many decimals, a dash for none."""
    return f"{hours:.{places}f}" if abs(hours) >= 0.5 * 10.0**-places else "-"


def heads_table(designs: Mapping[str, Design]) -> Table:
    """Return the heads of each level under each pilot; a note says whether the total is the same."""
    rows: list[dict[str, object]] = [
        {gettext("pilot"): name, **{words_of(level): n for level, n in design.heads.items()}}
        | {gettext("all"): sum(design.heads.values()), gettext("units"): design.pilot.n_communities}
        for name, design in designs.items()
    ]
    same = len({sum(design.heads.values()) for design in designs.values()}) == 1
    note = (
        gettext("Heads are conserved: every pilot has the same staff.")
        if same
        else gettext("Heads differ between the pilots.")
    )
    return rows_table(gettext("Heads by level"), rows, notes=(note,))


def loads(designs: Mapping[str, Design]) -> pl.DataFrame:
    """Return the load by pilot and level: heads, due, duties and present (hours a year)."""
    rows = [
        (name, level, heads, design.hours(level), design.hours(level, lapses=True), heads * design.present_hours)
        for name, design in designs.items()
        for level, heads in design.heads.items()
        if heads
    ]
    return pl.DataFrame(rows, schema=["pilot", "level", "heads", "due", "duties", "present"], orient="row")


def load_table(designs: Mapping[str, Design]) -> Table:
    """Return the load of each level under each pilot, beside loads that were worked out by hand for this district."""
    rows = []
    for name, level, heads, due, duties, present in loads(designs).iter_rows():
        mine = [p for p in designs[name].pools if p.level == level]
        rows.append(
            {
                gettext("pilot"): name,
                gettext("post"): gettext("{level}, {heads}", level=words_of(level), heads=heads),
                gettext("due"): round(due / 1e3, 1), gettext("duties"): round(duties / 1e3, 1),
                gettext("present"): round(present / 1e3, 1), gettext("load"): round(due / present, 2),
                gettext("with duties"): round((due + duties) / present, 2),
                gettext("evidence"): _evidence(designs[name], level),
                gettext("fullest"): round(max(p.load for p in mine), 2),
                gettext("cannot keep up"): gettext("{n} of {all}", n=sum(p.overloaded for p in mine), all=len(mine)),
            }
        )  # fmt: skip
    any_evidence = any(row[gettext("evidence")] for row in rows)
    report = next(iter(designs.values())).pilot.report
    notes = [
        gettext(
            "Duties are patrols and home visits, which lapse. Fullest: the largest load of a post (a specialism, or a "
            "section), of its day without meetings and with the evenings in which due work is caught up. Cannot "
            "keep up: posts where it is at least 1."
        )
    ]
    if any_evidence and report.expected_loads:
        notes.append(" ".join(phrase(report.expected_loads.note).split()))
    elif not any_evidence:
        rows = [{key: cell for key, cell in row.items() if key != gettext("evidence")} for row in rows]
    title = gettext("Load before anything is simulated, thousand hours a year")
    return rows_table(title, rows, notes=[note for note in notes if note], n_keys=2)


def _evidence(design: Design, level: Level) -> str:
    """Return the load that was worked out by hand, where it was made for this district with its heads and pilot."""
    expected = design.pilot.report.expected_loads
    if expected is None or not design.pilot.has(expected.holds_for):
        return ""
    return expected.loads.get(design.name, {}).get(level, "")


def advice(pilots: Sequence[Pilot]) -> list[str]:
    """Return warnings about the horizon: warm-up and drain against the slowest gates and chains."""
    notes = []
    for pilot in pilots:
        chain, name = longest_chain(pilot)
        if pilot.run.drain_weeks * 5 < chain:
            notes.append(
                gettext(
                    "{pilot}: run.drain_weeks should be at least {least} for the longest chain of lags and gates "
                    "({archetype}, {chain:.0f} working days), got {weeks}: more requests stay open.",
                    pilot=pilot.name, least=-(-int(chain) // 5), archetype=phrase(name), chain=chain,
                    weeks=pilot.run.drain_weeks,
                )
            )  # fmt: skip
        if pilot.run.warm_up_weeks < TWO_MONTHS:
            notes.append(
                gettext(
                    "run.warm_up_weeks should be at least {least}, two periods of the monthly gate, got {weeks}.",
                    least=TWO_MONTHS, weeks=pilot.run.warm_up_weeks,
                )
            )  # fmt: skip
    return list(dict.fromkeys(notes))


def longest_chain(pilot: Pilot) -> tuple[float, str]:
    """Return the longest chain of fixed lags and gates of any procedure (working days), and its title."""
    from sim.district.demand import Channel
    from sim.district.routing import itinerary
    from sim.district.stages import CaseDraw

    gates = {"none": 0.0, "weekly": 5.0, "monthly": 22.0}
    chains = []
    for archetype in pilot.procedures.archetypes.values():
        draw = CaseDraw((True,) * len(archetype.activities), returns=False)
        stages = itinerary(pilot, archetype, Channel.COUNTER, draw)
        chains.append((sum(s.lag_days + gates[s.gate] for s in stages), archetype.title))
    return max(chains)
