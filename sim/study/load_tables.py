"""The tables that come before any simulation: kinds of work and where they go, heads, and load."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sim.config import LEVELS
from sim.district import organisation, overload, place, workload
from sim.report.tables import rows_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.config import Pilot
    from sim.district.organisation import Organisation
    from sim.report.tables import Table

# The arithmetic of the evidence, Part 4: load of what piles up, and with patrols and home visits.
EVIDENCE_LOAD = {
    ("four_level", "community"): "0.82 (1.35)",
    ("four_level", "street"): "0.73",
    ("four_level", "district"): "0.85",
    ("three_level", "community"): "(0.66)",
    ("three_level", "district"): "1.78",
    ("three_level_balanced", "community"): "(0.88)",
    ("three_level_balanced", "district"): "0.89",
    ("flatten_only", "community"): "0.80 (1.33)",
    ("flatten_only", "district"): "0.59",
}
TWO_MONTHS = 9  # weeks: two periods of the slowest gate
UNEXPLAINED = "time that no work explains"


def organisations(pilots: Sequence[Pilot]) -> dict[str, Organisation]:
    """Return the organisation of each pilot on its place, by name."""
    return {pilot.name: organisation.build_organisation(pilot, place.build_place(pilot)) for pilot in pilots}


def hours_by_level(organisation_: Organisation) -> dict[str, dict[str, float]]:
    """Return thousand hours a year by kind of work and level, with the time that no work explains."""
    pilot = organisation_.pilot
    table: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for work in organisation_.works:
        table[work.what][work.level] += work.hours / 1e3
    present = workload.present_hours(pilot)
    for level, heads in workload.heads(pilot).items():
        done = sum(w.hours for w in organisation_.works if w.level == level and not w.lapses) / 1e3
        table[UNEXPLAINED][level] = heads * present / 1e3 - done
    return table


def work_table(organisations_: dict[str, Organisation]) -> Table:
    """Return where each kind of work is done today and under each design, with what is saved or added."""
    first = next(iter(organisations_.values())).pilot
    before = workload.today(first)
    columns = {"today": hours_by_level(organisation.build_organisation(before, place.build_place(before)))}
    columns |= {name: hours_by_level(org) for name, org in organisations_.items()}
    if columns["today"] == columns[first.name]:
        del columns["today"]
    today = next(iter(columns.values()))
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


def heads_table(pilots: Sequence[Pilot]) -> Table:
    """Return the heads of each level under each pilot; the total is the same or the table says so."""
    rows = []
    totals = {p.name: sum(workload.heads(p).values()) for p in pilots}
    for pilot in pilots:
        heads = workload.heads(pilot)
        row: dict[str, object] = {"pilot": pilot.name, **{str(level): n for level, n in heads.items()}}
        rows.append(row | {"all": totals[pilot.name], "units": pilot.n_communities})
    same = len(set(totals.values())) == 1
    note = "Heads are conserved: every pilot has the same staff." if same else "Heads differ between the pilots."
    return rows_table("Heads by level", rows, notes=(note,))


_ARITHMETIC = (
    "A load in brackets includes duties. The evidence's arithmetic, which is Yuehu's, leaves out the street's relay "
    "work that goes up to the district (16 thousand hours) and the meetings of other staff than secretaries.",
)


def load_table(organisations_: dict[str, Organisation]) -> Table:
    """Return the load of each level under each pilot, for Yuehu next to the arithmetic of the evidence."""
    rows = []
    for name, org in organisations_.items():
        present = workload.present_hours(org.pilot)
        pools = overload.pools(org)
        for level, heads in workload.heads(org.pilot).items():
            if not heads:
                continue
            works = [w for w in org.works if w.level == level]
            due = sum(w.hours for w in works if not w.lapses)
            duties = sum(w.hours for w in works if w.lapses)
            mine = [p for p in pools if p.level == level]
            rows.append(
                {
                    "pilot": name, "post": f"{level}, {heads}", "due": round(due / 1e3, 1),
                    "duties": round(duties / 1e3, 1), "present": round(heads * present / 1e3, 1),
                    "load": round(due / heads / present, 2),
                    "with duties": round((due + duties) / heads / present, 2),
                    "evidence": EVIDENCE_LOAD.get((name, level), "") if org.pilot.district.name == "Yuehu" else "",
                    "cannot keep up": f"{sum(p.overloaded for p in mine)} of {len(mine)}",
                }
            )  # fmt: skip
    shipped = any(row["evidence"] for row in rows)
    return rows_table(
        "Load before anything is simulated, thousand hours a year",
        rows if shipped else [{key: cell for key, cell in row.items() if key != "evidence"} for row in rows],
        notes=(
            "Duties are patrols and home visits, which lapse. Cannot keep up: bundles of lines or sections whose "
            "piling work is at least the time of their staff.",
            *(_ARITHMETIC if shipped else ()),
        ),
    )


def overloaded(organisations_: dict[str, Organisation]) -> dict[str, list[str]]:
    """Return the posts that cannot keep up, by pilot, with their load."""
    return {
        name: [f"{p.name} ({p.load:.2f})" for p in overload.pools(org) if p.overloaded]
        for name, org in organisations_.items()
    }


def staff_overloaded(organisations_: dict[str, Organisation]) -> dict[str, dict[str, float]]:
    """Return the share of each level's heads that cannot keep up, by pilot."""
    shares: dict[str, dict[str, float]] = {}
    for name, org in organisations_.items():
        pools = overload.pools(org)
        shares[name] = {
            level: sum(p.heads for p in pools if p.level == level and p.overloaded)
            / max(1, sum(p.heads for p in pools if p.level == level))
            for level in LEVELS
        }
    return shares


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
