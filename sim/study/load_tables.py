"""The tables that come before any simulation: kinds of work and where they go, heads, and load."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sim.config import LEVELS
from sim.district import workload
from sim.report.tables import rows_table
from sim.study.design import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config import Level, Pilot
    from sim.report.tables import Table
    from sim.study.design import Design

TWO_MONTHS = 9  # weeks: two periods of the slowest gate
UNEXPLAINED = "time that no work explains"


def hours_by_level(design: Design) -> dict[str, dict[str, float]]:
    """Return thousand hours a year by kind of work and level, with the time that no work explains."""
    table: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for work in design.works:
        table[work.what][work.level] += work.hours / 1e3
    for level, heads in design.heads.items():
        table[UNEXPLAINED][level] = (heads * design.present_hours - design.hours(level)) / 1e3
    return table


def work_table(designs: Mapping[str, Design]) -> Table:
    """Return where each kind of work is done today and under each design, with what is saved or added."""
    first = next(iter(designs.values())).pilot
    today = hours_by_level(prepared(workload.today(first)))
    columns = {name: hours_by_level(design) for name, design in designs.items()}
    if today != columns[first.name]:
        columns = {"of today" if "today" in designs else "today": today} | columns
    names = list(columns)
    rows = []
    for what in [k for k in dict.fromkeys(k for c in columns.values() for k in c) if k != UNEXPLAINED] + [UNEXPLAINED]:
        row: dict[str, object] = {"kind of work": what}
        goes: list[str] = []
        for name in names:
            hours = columns[name].get(what, {})
            row[name] = " / ".join(_cell(hours.get(level, 0.0)) for level in LEVELS)
            goes.append(_goes(what, today.get(what, {}), hours))
        row["where it goes"] = goes[0] if len(goes) == 1 else _told(dict(zip(names[1:], goes[1:], strict=True)))
        rows.append(row)
    return rows_table(
        "Work, thousand hours a year: community / street / district",
        rows,
        notes=(
            "Work is conserved: what is not done at one level is done at another, or the last column says why not. "
            f"{UNEXPLAINED[0].upper() + UNEXPLAINED[1:]}: hours present less hours of work that piles up; patrols and "
            "home visits lapse where there is no time for them, and are done in it.",
        ),
    )


def _told(goes: dict[str, str]) -> str:
    """Return where a kind of work goes: once where all designs agree, else by design."""
    ways = set(goes.values())
    return ways.pop() if len(ways) == 1 else "; ".join(f"{name}: {way}" for name, way in goes.items())


def _cell(hours: float) -> str:
    """Return hours with one decimal, a dash for none."""
    return f"{hours:.1f}" if abs(hours) >= 0.05 else "-"


def _goes(what: str, today: dict[str, float], now: dict[str, float]) -> str:
    """Return in a word or two where a kind of work goes, with the thousand hours that are saved or added."""
    if what == UNEXPLAINED:
        return ""
    moved = {level: now.get(level, 0.0) - today.get(level, 0.0) for level in LEVELS}
    change = sum(moved.values())
    leaves = moved["street"] < -0.3
    words = [w for w, on in (("down", moved["community"] > 0.3), ("up", moved["district"] > 0.3)) if on and leaves]
    if change < -0.3:
        why = {workload.ABOVE: "saved by merging", workload.MEETINGS: "fewer people"}.get(what, "saved with the level")
        words.append(f"{-change:.1f} {why}")
    elif change > 0.3:
        why = {workload.MEETINGS: "more people", workload.PATROLS: "more grids by rounding"}.get(what, "added")
        words.append(f"{change:.1f} {why}")
    return ", ".join(words) or "stays"


def heads_table(designs: Mapping[str, Design]) -> Table:
    """Return the heads of each level under each pilot; the total is the same or the table says so."""
    rows: list[dict[str, object]] = [
        {"pilot": name, **{str(level): n for level, n in design.heads.items()}}
        | {"all": sum(design.heads.values()), "units": design.pilot.n_communities}
        for name, design in designs.items()
    ]
    same = len({row["all"] for row in rows}) == 1
    note = "Heads are conserved: every pilot has the same staff." if same else "Heads differ between the pilots."
    return rows_table("Heads by level", rows, notes=(note,))


def load_table(designs: Mapping[str, Design]) -> Table:
    """Return the load of each level under each pilot, next to loads that were worked out by hand for this district."""
    rows = []
    for name, design in designs.items():
        for level, heads in design.heads.items():
            if not heads:
                continue
            due, duties, present = design.hours(level), design.hours(level, lapses=True), heads * design.present_hours
            mine = [p for p in design.pools if p.level == level]
            rows.append(
                {
                    "pilot": name, "post": f"{level}, {heads}", "due": round(due / 1e3, 1),
                    "duties": round(duties / 1e3, 1), "present": round(present / 1e3, 1),
                    "load": round(due / present, 2), "with duties": round((due + duties) / present, 2),
                    "expected": _expected(design, level),
                    "cannot keep up": f"{sum(p.overloaded for p in mine)} of {len(mine)}",
                }
            )  # fmt: skip
    any_expected = any(row["expected"] for row in rows)
    report = next(iter(designs.values())).pilot.report
    notes = [
        "Duties are patrols and home visits, which lapse. Cannot keep up: bundles of lines or sections whose "
        "piling work is at least the time of their staff."
    ]
    if any_expected and report.expected_loads:
        notes.append(" ".join(report.expected_loads.note.split()))
    return rows_table(
        "Load before anything is simulated, thousand hours a year",
        rows if any_expected else [{key: cell for key, cell in row.items() if key != "expected"} for row in rows],
        notes=[note for note in notes if note],
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
