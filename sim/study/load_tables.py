"""The tables that come before any simulation: kinds of work and where they go, heads, and load."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from sim.config import LEVELS
from sim.district import workload
from sim.report.tables import Column, rows_table
from sim.study import saved_hours
from sim.study.design import base_places, prepared_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config import Level, Pilot
    from sim.report.tables import Table
    from sim.study.design import Design

TWO_MONTHS = 9  # weeks: two periods of the slowest gate
UNEXPLAINED = "time that no work explains"
CONSERVED = "Work is conserved: what leaves one level goes to another, or the last column says why not. "
TODAY = "today's organisation"  # no pilot can have this name


def hours_by_level(design: Design) -> dict[str, dict[str, float]]:
    """Return thousand hours a year by kind of work and level, with the time that no work explains."""
    table = saved_hours.hours(design.works)
    for level, heads in design.heads.items():
        table[UNEXPLAINED][level] = (heads * design.present_hours - design.hours(level)) / 1e3
    return table


def work_table(designs: Mapping[str, Design]) -> Table:
    """Return where each kind of work is done today and under each design, with what is saved or added."""
    first, place_of = next(iter(designs)), base_places(designs.values())
    today = prepared_on(place_of, workload.today(designs[first].pilot))
    columns = {TODAY: hours_by_level(today)}
    columns |= {name: hours_by_level(design) for name, design in designs.items()}
    others = dict(designs)
    if columns[TODAY] == columns[first]:
        del columns[TODAY], others[first]
    places = _places(sum(sum(hours.values()) for hours in next(iter(columns.values())).values()))
    moves = {name: saved_hours.moves(today, design, place_of, places) for name, design in others.items()}
    rows = []
    for what in [k for k in dict.fromkeys(k for c in columns.values() for k in c) if k != UNEXPLAINED] + [UNEXPLAINED]:
        row: dict[str, object] = {"kind of work": what}
        for name, hours in columns.items():
            row[name] = " / ".join(_cell(hours.get(what, {}).get(level, 0.0), places) for level in LEVELS)
        if moves:
            row["where it goes"] = _goes({name: of[what].words(places) for name, of in moves.items() if what in of})
        rows.append(row)
    table = rows_table(
        "Work, thousand hours a year: community / street / district",
        rows,
        notes=(
            f"{CONSERVED if moves else ''}"
            f"{UNEXPLAINED[0].upper() + UNEXPLAINED[1:]}: hours present less hours of work that piles up; patrols and "
            "home visits are done in this time, and lapse where there is none.",
        ),
    )
    # hours by level are numbers, which never wrap
    sides = tuple(Column(c.heading, "right" if c.heading in columns else "left") for c in table.columns)
    return replace(table, columns=sides)


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
    return "; ".join(f"{', '.join(names)}: {to}" for to, names in alike.items())


def _cell(hours: float, places: int) -> str:
    """Return hours with so many decimals, a dash for none."""
    return f"{hours:.{places}f}" if abs(hours) >= 0.5 * 10.0**-places else "-"


def heads_table(designs: Mapping[str, Design]) -> Table:
    """Return the heads of each level under each pilot; a note says whether the total is the same."""
    rows: list[dict[str, object]] = [
        {"pilot": name, **{str(level): n for level, n in design.heads.items()}}
        | {"all": sum(design.heads.values()), "units": design.pilot.n_communities}
        for name, design in designs.items()
    ]
    same = len({row["all"] for row in rows}) == 1
    note = "Heads are conserved: every pilot has the same staff." if same else "Heads differ between the pilots."
    return rows_table("Heads by level", rows, notes=(note,))


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
                "pilot": name, "post": f"{level}, {heads}", "due": round(due / 1e3, 1),
                "duties": round(duties / 1e3, 1), "present": round(present / 1e3, 1),
                "load": round(due / present, 2), "with duties": round((due + duties) / present, 2),
                "expected": _expected(designs[name], level), "fullest": round(max(p.load for p in mine), 2),
                "cannot keep up": f"{sum(p.overloaded for p in mine)} of {len(mine)}",
            }
        )  # fmt: skip
    any_expected = any(row["expected"] for row in rows)
    report = next(iter(designs.values())).pilot.report
    notes = [
        "Duties are patrols and home visits, which lapse. Fullest: the largest load of a post (a bundle of lines, or a "
        "section), of its day without meetings and with the evenings in which due work is caught up. Cannot keep up: "
        "posts where it is at least 1."
    ]
    if any_expected and report.expected_loads:
        notes.append(" ".join(report.expected_loads.note.split()))
    return rows_table(
        "Load before anything is simulated, thousand hours a year",
        rows if any_expected else [{key: cell for key, cell in row.items() if key != "expected"} for row in rows],
        notes=[note for note in notes if note],
        n_keys=2,
    )


def _expected(design: Design, level: Level) -> str:
    """Return the load that was worked out by hand, where it was made for this district and pilot."""
    expected = design.pilot.report.expected_loads
    if expected is None or expected.district != design.pilot.district.name:
        return ""
    return expected.loads.get(design.name, {}).get(level, "")


def advice(pilots: Sequence[Pilot]) -> list[str]:
    """Return warnings about the horizon: warm-up and drain against the slowest gates and chains."""
    notes = []
    for pilot in pilots:
        chain, name = longest_chain(pilot)
        if pilot.run.drain_weeks * 5 < chain:
            notes.append(
                f"{pilot.name}: run.drain_weeks should be at least {-(-int(chain) // 5)} for the longest chain of lags "
                f"and gates ({name}, {chain:.0f} working days), got {pilot.run.drain_weeks}: more requests stay open."
            )
        if pilot.run.warm_up_weeks < TWO_MONTHS:
            notes.append(
                f"run.warm_up_weeks should be at least {TWO_MONTHS}, two periods of the monthly gate, "
                f"got {pilot.run.warm_up_weeks}."
            )
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
