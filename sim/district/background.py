"""The work that residents do not bring: work from above, the offices' own work, patrols and home visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.config import GROUPS
from sim.district import workload
from sim.district.calendars import due
from sim.district.office_hours import WEEKS_A_YEAR
from sim.district.rosters.away import LEG_HOURS, share_away
from sim.district.stages import Desk, Kind
from sim.draws.arrivals import renewal_times
from sim.draws.clock import HOUR, MINUTE, WEEK, ticks
from sim.draws.laws import Exponential
from sim.draws.streams import stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.arrays import Floats, Ints
    from sim.config import Level, Pilot
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation


SITTING_HOURS = 1.0


@dataclass(frozen=True)
class Batch:
    """Requests that share a sequence of steps.

    Attributes
    ----------
    begin : ndarray of int, shape (n,)
        When each begins (ticks), rising.
    steps : list of dict
        One a step: engine or label column -> one value, or one a request; `next` and `leave` are steps onwards.
    """

    begin: Ints
    steps: list[dict[str, int | Ints]]

    def between(self, start: int, end: int) -> tuple[int, Batch]:
        """Return the requests that begin in [start, end), and how many come before them."""
        first, last = np.searchsorted(self.begin, (start, end)).tolist()

        def part(value: int | Ints) -> int | Ints:
            return value if isinstance(value, int) else value[first:last]

        steps = [{name: part(value) for name, value in step.items()} for step in self.steps]
        return first, Batch(self.begin[first:last], steps)


@dataclass(frozen=True)
class Paper:
    """A kind of paper: how many working days there are to its date, and for what share of them it gives way."""

    kind: Kind
    due_days: float
    gives_way: float


def batches(organisation: Organisation, office: OfficeTime, replication: int, unplaced: Ints) -> Iterator[Batch]:
    """Yield all work of one replication that residents do not bring.

    `unplaced` (shape (n, 3)) holds person, start and end of the work from above that was to be done away from the desk
    and found no hours: it is paper at the person's desk. What is done away is no piece.
    """
    yield from _from_above(organisation, office, replication)
    yield _unplaced(organisation, office, unplaced)
    yield from _own(organisation, office, replication)
    yield _patrols(organisation, office)
    yield _home_visits(organisation, office, replication)
    if organisation.at_assembly is not None:
        yield _self_government(organisation, office, organisation.at_assembly)


def _from_above(organisation: Organisation, office: OfficeTime, replication: int) -> Iterator[Batch]:
    """Yield the communities' work from above at their desks: long-term, periodic and ad hoc."""
    pilot = organisation.pilot
    kinds = pilot.burden.kinds
    hours = workload.task_hours(pilot, organisation.place) * (1 - share_away(pilot, office))
    for unit in range(len(hours)):
        for specialism, share in enumerate(_item_shares(organisation, unit)):
            purpose = f"work/from above/{unit}/{specialism}"
            rng = stream(pilot.run.seed, replication, purpose, organisation.place.district)
            yearly = float(hours[unit]) * share
            when: dict[str, tuple[Ints, int | Ints]] = {
                "long_term": _evenly(pilot, office, yearly * kinds.long_term.share, rng.random()),
                "periodic": _monthly(pilot, office, yearly * kinds.periodic.share),
                "ad_hoc": _at_random(pilot, office, yearly * kinds.ad_hoc.share, rng),
            }
            stations = _paper_stations(organisation, "community", unit, specialism)
            for name, (begin, work) in when.items():
                paper = Paper(Kind.TASKS, getattr(kinds, name).due_working_days, pilot.burden.first_after_share)
                yield Batch(begin, _pieces(pilot, office, stations, begin, work, paper))


def _unplaced(organisation: Organisation, office: OfficeTime, unplaced: Ints) -> Batch:
    """Return the pieces of work from above that could not be done away from the desk, from when it would have been."""
    pilot = organisation.pilot
    of = [organisation.people[person] for person in unplaced[:, 0].tolist()]
    stations = np.array([_paper_stations(organisation, "community", p.unit, p.specialism) for p in of], dtype=np.int64)
    piece, leg = ticks(pilot.burden.piece_minutes, MINUTE), ticks(LEG_HOURS, HOUR)
    sizes = np.array([piece] * (leg // piece) + [leg % piece] * (leg % piece > 0), dtype=np.int64)
    begin = _release(pilot, office, np.repeat(unplaced[:, 1], len(sizes)))
    work = np.tile(sizes, len(unplaced))
    order = np.argsort(begin, kind="stable")
    at = np.repeat(stations.reshape(-1, 2), len(sizes), axis=0)[order]
    paper = Paper(Kind.TASKS, pilot.burden.kinds.long_term.due_working_days, pilot.burden.first_after_share)
    return Batch(begin[order], _pieces(pilot, office, (at[:, 0], at[:, 1]), begin[order], work[order], paper))


def _own(organisation: Organisation, office: OfficeTime, replication: int) -> Iterator[Batch]:
    """Yield the own work of the street and the district, at the level that does it under the design."""
    pilot = organisation.pilot
    for kind_of_work, level, section, hours in workload.own_hours(pilot):
        n_units = organisation.n_units(level)
        for unit in range(n_units):
            for specialism, share in _section_shares(organisation, level, unit, section):
                purpose = f"work/{kind_of_work}/{level}/{unit}/{specialism}"
                phase = stream(pilot.run.seed, replication, purpose, organisation.place.district).random()
                begin, work = _evenly(pilot, office, hours * share, phase)
                stations = _paper_stations(organisation, level, unit, specialism)
                paper = Paper(Kind.OWN, pilot.burden.own_due_working_days, pilot.burden.own_first_after_share)
                yield Batch(begin, _pieces(pilot, office, stations, begin, work, paper))


def _item_shares(organisation: Organisation, unit: int) -> list[float]:
    """Return each specialism's share of a community's work from above, by the items of its lines."""
    plan = organisation.specialisms["community"][unit]
    items = np.bincount(plan, list(organisation.pilot.procedures.lines.values()))
    return list((items / items.sum()).tolist())


def _section_shares(organisation: Organisation, level: Level, unit: int, section: str) -> list[tuple[int, float]]:
    """Return (specialism, share of the level's hours) at one unit for a section's own work."""
    if level == "community":
        size = float(organisation.place.community_households[unit] / organisation.place.n_households)
        return [(b, size * share) for b, share in enumerate(_item_shares(organisation, unit))]
    specialism = int(organisation.specialisms[level][unit, GROUPS.index(section)])
    return [(specialism, 1 / organisation.n_units(level))]


def _paper_stations(organisation: Organisation, level: Level, unit: int, specialism: int) -> tuple[int, int]:
    """Return the stations of a specialism's work before and after it is due."""
    not_yet, due = (int(organisation.at[level, desk][unit, specialism]) for desk in (Desk.TASKS, Desk.DUE))
    return not_yet, due


def _pieces(
    pilot: Pilot,
    office: OfficeTime,
    stations: tuple[int | Ints, int | Ints],
    begin: Ints,
    work: int | Ints,
    paper: Paper,
) -> list[dict[str, int | Ints]]:
    """Return the steps of pieces of work: what falls due or has been begun goes before what is not due.

    A piece gives way until the end of a working day: its share of the days to its date, rounded. Its first step is
    short, as a step that has been started never falls due; what is left goes on as if it were due. Paper that is put
    down for a resident who is there is put down at closing and for a meeting too, and taken up again.
    """
    conduct, priorities = pilot.conduct, pilot.conduct.priorities
    piece: dict[str, int | Ints] = {
        "past_closing": int(not conduct.put_down), "kind": int(paper.kind), "due_days": round(paper.due_days)
    }  # fmt: skip
    days = round(paper.due_days * paper.gives_way)
    is_due = piece | {
        "work": work, "station": stations[1], "priority": priorities.due,
        "yields_to": workload.put_down_for_residents(pilot, priorities.due),
    }  # fmt: skip
    if days == 0:
        return [is_due]
    most = ticks(conduct.step_minutes, MINUTE)
    first = min(work, most) if isinstance(work, int) else np.minimum(work, most)
    not_yet = piece | {
        "work": first, "station": stations[0], "priority": priorities.not_yet_due,
        "yields_to": workload.put_down_for_residents(pilot, priorities.not_yet_due),
        "shuts": due(office, begin, days), "leave": 1,
    }  # fmt: skip
    rest = work - first
    if not np.any(rest):
        return [not_yet, is_due]
    return [not_yet | {"next": 2}, is_due, is_due | {"work": rest}]


def _release(pilot: Pilot, office: OfficeTime, at: Ints) -> Ints:
    """Return when pieces are released: at once, or all of a week on its first morning."""
    if pilot.burden.release == "evenly" or not len(at):
        return at
    first = office.hours.after(at // WEEK * WEEK)
    return np.minimum(first, at)


def _evenly(pilot: Pilot, office: OfficeTime, yearly_hours: float, phase: float) -> tuple[Ints, int]:
    """Return (begin, work) of pieces evenly spaced over office time."""
    gap = _gap(pilot, office, yearly_hours)
    positions = ((np.arange(int(np.ceil(office.hours.total / gap))) + phase) * gap).astype(np.int64)
    positions = positions[positions < office.hours.total]
    return _release(pilot, office, office.hours.after(0, positions)), ticks(pilot.burden.piece_minutes, MINUTE)


def _gap(pilot: Pilot, office: OfficeTime, yearly_hours: float) -> float:
    """Return the mean office time between pieces (ticks; without work, infinite)."""
    piece = ticks(pilot.burden.piece_minutes, MINUTE)
    open_a_year = office.day_ticks * workload.working_days_a_year(pilot)
    return piece * open_a_year / (yearly_hours * HOUR) if yearly_hours > 0 else np.inf


def _monthly(pilot: Pilot, office: OfficeTime, yearly_hours: float) -> tuple[Ints, Ints]:
    """Return (begin, work) of a month's pieces, released on the first morning of each month."""
    piece = ticks(pilot.burden.piece_minutes, MINUTE)
    month = round(yearly_hours * HOUR / 12)
    sizes = np.array([piece] * (month // piece) + [month % piece] * (month % piece > 0), dtype=np.int64)
    starts = office.day_opens()[office.month_starts()]
    return np.repeat(starts, len(sizes)), np.tile(sizes, len(starts))


def _at_random(pilot: Pilot, office: OfficeTime, yearly_hours: float, rng: np.random.Generator) -> tuple[Ints, int]:
    """Return (begin, work) of pieces that arrive at random (Poisson) over office time."""
    gap = _gap(pilot, office, yearly_hours)
    positions = np.zeros(0, dtype=np.int64)
    if np.isfinite(gap):  # by gaps, so that a longer horizon begins as a shorter one
        law = Exponential.model_construct(mean=gap)  # in ticks: what bounds a mean of configs is of their units
        positions = renewal_times(rng, law, 1, office.hours.total)
    return _release(pilot, office, office.hours.after(0, positions)), ticks(pilot.burden.piece_minutes, MINUTE)


def _patrols(organisation: Organisation, office: OfficeTime) -> Batch:
    """Return the daily patrol of every grid, in legs; one that is not begun on its day lapses."""
    pilot, place = organisation.pilot, organisation.place
    n_grids, days = len(place.grid_community), len(office.working_days)
    share = pilot.grid.patrol_duty_share
    on = np.floor((np.arange(days) + 1) * share) - np.floor(np.arange(days) * share) > 0
    opens, closes = office.day_opens()[on], office.day_closes()[on]
    grid = np.tile(np.arange(n_grids, dtype=np.min_scalar_type(-n_grids)), len(opens))
    minutes = pilot.grid.patrol_hours * 60
    legs = max(1, round(minutes / pilot.grid.leg_minutes))
    leg: dict[str, int | Ints] = {
        "station": organisation.at_grid[Desk.PATROL][grid], "work": ticks(minutes / legs, MINUTE),
        "priority": pilot.conduct.priorities.duties, "past_closing": 1, "kind": int(Kind.PATROL),
    }  # fmt: skip
    steps = [leg | {"next": 1} for _ in range(legs - 1)] + [leg | {"emits": grid}]
    steps[0] |= {"patience": np.repeat(closes - opens, n_grids)}
    return Batch(np.repeat(opens, n_grids), steps)


def _home_visits(organisation: Organisation, office: OfficeTime, replication: int) -> Batch:
    """Return the home visits planned week by week; one that is not begun in its week lapses.

    Some see what lies in their grid, as a patrol would: drawn before, for each visit that is due.
    """
    pilot, place = organisation.pilot, organisation.place
    visits = pilot.grid.visits
    special = np.bincount(place.grid, place.special)
    per_year = (place.grid_households - special) * visits.ordinary_per_year + special * visits.special_per_year
    per_week = per_year * visits.duty_share / WEEKS_A_YEAR
    opens, window, grid = _weekly(office, per_week)
    signal = np.array([workload.visit_signal(pilot, float(size)) for size in place.grid_households.tolist()])
    rng = stream(pilot.run.seed, replication, "visits/see", place.district)
    sees = rng.random(len(grid)) < signal[grid]
    step: dict[str, int | Ints] = {
        "station": organisation.at_grid[Desk.HOME][grid], "work": ticks(visits.minutes + visits.walk_minutes, MINUTE),
        "priority": pilot.conduct.priorities.duties, "past_closing": 1, "kind": int(Kind.HOME),
        "patience": window, "emits": np.where(sees, grid, -1),
    }  # fmt: skip
    return Batch(opens, [step])


def _self_government(organisation: Organisation, office: OfficeTime, assemblies: Ints) -> Batch:
    """Return the sittings with residents, an hour each, planned week by week; what is not begun in its week lapses.

    All else goes before them. A community has its share of the hours by its households.
    """
    pilot, sizes = organisation.pilot, organisation.place.community_households
    hours = workload.self_government_hours(pilot) * sizes / sizes.sum()
    opens, window, unit = _weekly(office, hours / SITTING_HOURS / WEEKS_A_YEAR)
    priorities = pilot.conduct.priorities.model_dump().values()
    step: dict[str, int | Ints] = {
        "station": assemblies[unit], "work": ticks(SITTING_HOURS, HOUR), "priority": max(priorities) + 1,
        "past_closing": 1, "kind": int(Kind.SELF_GOVERNMENT), "patience": window,
    }  # fmt: skip
    return Batch(opens, [step])


def _weekly(office: OfficeTime, per_week: Floats) -> tuple[Ints, Ints, Ints]:
    """Return what is planned week by week: when its week opens, how long that lasts, and where (shapes (n,)).

    `per_week` (shape (places,)) holds how many there are a week at each place; fractions add up over weeks.
    """
    week_of_day = office.working_days // 7
    weeks, first = np.unique(week_of_day, return_index=True)
    last = np.append(first[1:], len(week_of_day)) - 1
    phase = np.arange(len(per_week)) / len(per_week)
    plan = np.floor((weeks[:, None] + 1) * per_week + phase) - np.floor(weeks[:, None] * per_week + phase)
    row, place = np.nonzero(plan)
    n = plan[row, place].astype(np.int64)
    row, place = np.repeat(row, n), np.repeat(place, n)
    opens, closes = office.day_opens()[first], office.day_closes()[last]
    return opens[row], (closes - opens)[row], place
