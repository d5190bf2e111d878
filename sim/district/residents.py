"""Writes the steps of residents' requests, from what was drawn for them and from the organisation of a design."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.config import GROUPS, LEVELS
from sim.district import workload
from sim.district.calendars import CLOSINGS, MONTHLY, OFFICE, WEEKLY
from sim.district.case_draws import draw_cases
from sim.district.demand import Channel
from sim.district.itineraries import goes_above
from sim.district.routing import itinerary
from sim.district.stages import WAITS, Desk, Kind, Lag, Presence, Stage
from sim.draws.clock import DAY, HOUR, MINUTE
from sim.draws.laws import exponential_inverse, lognormal_inverse
from sim.engine.network import LEADS, NONE, absolute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sim.arrays import AnyInts, Bools, Floats
    from sim.config import Pilot
    from sim.district.calendars import Attended
    from sim.district.demand import Demand
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation
    from sim.district.place import Place
    from sim.district.step_table import StepColumns


@dataclass(frozen=True)
class Routes:
    """The itineraries of a replication's requests, and the stages that they consist of, each once.

    Attributes
    ----------
    stages : tuple of Stage
        Those that occur, without their leads, which belong to the itinerary.
    first : ndarray of int, shape (itineraries + 1,)
        Offsets of the itineraries into the positions below.
    stage, next, leave : ndarray of int, shape (positions,)
        The stage at each position of an itinerary, and how many steps onwards it leads; -1: nowhere.
    itinerary : ndarray of int, shape (requests,)
        The itinerary of each request.
    above : ndarray of bool, shape (itineraries,)
        Whether today's law does not let the community decide it alone.
    """

    stages: tuple[Stage, ...]
    first: AnyInts
    stage: AnyInts
    next: AnyInts
    leave: AnyInts
    itinerary: AnyInts
    above: Bools

    @property
    def activities(self) -> tuple[str, ...]:
        """Return the names of all activities that occur."""
        return tuple(dict.fromkeys(stage.activity for stage in self.stages))

    def n_steps(self, ids: AnyInts) -> AnyInts:
        """Return the number of steps of each of these requests."""
        return np.diff(self.first)[self.itinerary[ids]]

    def positions(self, ids: AnyInts) -> tuple[AnyInts, AnyInts]:
        """Return the position of each step of these requests, one request after the other, and which of `ids` it is."""
        size = self.n_steps(ids)
        before = np.cumsum(size) - size
        position = np.arange(size.sum()) + np.repeat(self.first[self.itinerary[ids]] - before, size)
        return position, np.repeat(np.arange(len(ids)), size)


def build_routes(pilot: Pilot, place: Place, demand: Demand) -> Routes:
    """Return the itineraries of all requests."""
    itineraries: list[tuple[Stage, ...]] = []
    itinerary_of_request, above = [], []
    for channel in Channel:
        cases, case_of_request = draw_cases(pilot, place, demand.in_channel(channel), channel)
        itinerary_of_request.append(case_of_request + len(itineraries))
        itineraries += [itinerary(pilot, archetype, channel, draw) for archetype, draw in cases]
        above += [goes_above(archetype, draw) for archetype, draw in cases]
    positions = [stage for stages in itineraries for stage in stages]
    ids: dict[Stage, int] = {}
    stage = [ids.setdefault(s._replace(next=None, leave=None), len(ids)) for s in positions]
    return Routes(
        stages=tuple(ids),
        first=np.cumsum([0, *map(len, itineraries)]),
        stage=np.array(stage, dtype=np.int16),
        next=np.array([NONE if s.next is None else s.next for s in positions], dtype=np.int16),
        leave=np.array([NONE if s.leave is None else s.leave for s in positions], dtype=np.int16),
        itinerary=np.concatenate(itinerary_of_request),
        above=np.array(above, dtype=bool),
    )


@dataclass(frozen=True)
class Residents:
    """All that decides the steps of the residents' requests of a replication.

    Attributes
    ----------
    fixed : dict of str -> ndarray of int, shape (stages,)
        The columns that depend on the stage alone.
    walk_ticks : dict of level -> ndarray of int, shape (2, households)
        The time of each household to its office and back: on foot, and by bus where that is quicker.
    see_chance : ndarray of float, shape (grids,)
        The chance that one patrol sees a latent issue.
    visit_signals : ndarray of float, shape (grids,)
        The chance that a field check counts as a patrol.
    attended : Attended
        When each station is attended by somebody.
    """

    organisation: Organisation
    office: OfficeTime
    routes: Routes
    fixed: dict[str, AnyInts]
    walk_ticks: dict[str, AnyInts]
    see_chance: Floats
    visit_signals: Floats
    attended: Attended

    @classmethod
    def from_demand(
        cls, organisation: Organisation, office: OfficeTime, demand: Demand, attended: Attended
    ) -> Residents:
        """Return what decides the steps of these requests."""
        pilot, routes = organisation.pilot, build_routes(organisation.pilot, organisation.place, demand)
        activities = routes.activities
        rows = [_fixed(pilot, office, stage, activities.index(stage.activity)) for stage in routes.stages]
        fixed = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
        households = organisation.place.grid_households.tolist()
        return cls(
            organisation=organisation,
            office=office,
            routes=routes,
            fixed={name: np.array(values, np.min_scalar_type(-1 - max(0, *values))) for name, values in fixed.items()},
            walk_ticks=_walk_ticks(organisation),
            see_chance=np.array([workload.see_chance(pilot, float(n)) for n in households]),
            visit_signals=np.array([workload.visit_signal(pilot, float(n)) for n in households]),
            attended=attended,
        )

    def n_steps(self, requests: Demand) -> AnyInts:
        """Return the number of steps of each of these requests."""
        return self.routes.n_steps(requests.ids)

    def begins(self, requests: Demand) -> AnyInts:
        """Return when each begins: a resident who wants to come while the office is shut comes when it is next open."""
        hours, instant = self.office.hours, requests.instant
        i = np.searchsorted(hours.close, instant, side="right").clip(max=len(hours.close) - 1)
        opened, closed = hours.open[i], hours.close[i]
        moment = opened + (requests.uniforms("comes") * (closed - opened)).astype(np.int64)
        shut = (instant < opened) & (requests.channel != Channel.LATENT)
        return np.where(shut, moment, instant)

    def write(self, requests: Demand, columns: StepColumns) -> None:
        """Write the steps of these requests into the first rows."""
        base = 0
        for channel in Channel:
            if len(through := requests.in_channel(channel)):
                base = _StepWriter(self, through, columns, base).write()


def _fixed(pilot: Pilot, office: OfficeTime, stage: Stage, activity: int) -> dict[str, int]:
    """Return the columns of a step that depend on its stage alone."""
    waits, paper = stage.presence in WAITS, stage.desk is Desk.FILES
    priority = pilot.conduct.priorities.residents if waits else pilot.conduct.priorities.files
    yields_to = workload.put_down_for_residents(pilot, priority) if paper else 0
    return {
        "kind": stage.kind, "level": LEVELS.index(stage.level) if stage.desk is not Desk.NOWHERE else -1,
        "presence": stage.presence, "trip": stage.trip, "hand_over": stage.hand_over,
        "stops_clock": stage.stops_clock, "activity": activity, "priority": priority, "yields_to": yields_to,
        "past_closing": stage.desk in (Desk.FRONT, Desk.FIELD),
        "lag": round(stage.lag_days * office.day_ticks) if stage.lag is Lag.WORKING_DAYS and not stage.lag_cv else 0,
        "lag_clock": OFFICE if stage.lag is not Lag.NONE else -1,
        "gate": {"none": -1, "weekly": WEEKLY, "monthly": MONTHLY}[stage.gate],
        "shuts": CLOSINGS if waits else -1,
    }  # fmt: skip


def _walk_ticks(organisation: Organisation) -> dict[str, AnyInts]:
    """Return the time of each household to the office of each level and back (ticks, on foot and by bus).

    To the street and the district some take the bus where it is quicker.
    """
    district, place = organisation.pilot.district, organisation.place
    quick = max(district.bus_kmh, district.walking_kmh)
    walk_ticks: dict[str, AnyInts] = {}
    for level, unit, kmh in (
        ("community", place.point, district.walking_kmh),
        ("street", place.street, quick),
        ("district", np.zeros_like(place.street), quick),
    ):
        km = place.distance(unit)
        there_and_back = [np.rint(2 * km / speed * HOUR) for speed in (district.walking_kmh, kmh)]
        walk_ticks[level] = np.stack(there_and_back).astype(np.int64)
    return walk_ticks


class _StepWriter:
    """Writes the steps of the requests of one channel, stage by stage and purpose by purpose of the draws.

    `steps` holds each stage that occurs with its rows in the columns and, for each of these rows, the request.
    """

    def __init__(self, residents: Residents, requests: Demand, columns: StepColumns, base: int) -> None:
        self.residents, self.requests, self.columns, self.base = residents, requests, columns, base
        self.pilot, self.place = residents.organisation.pilot, residents.organisation.place
        routes = residents.routes
        self.position, request_of_step = routes.positions(requests.ids)
        stage = routes.stage[self.position]
        order = np.argsort(stage, kind="stable")
        ends = np.cumsum(np.bincount(stage, minlength=len(routes.stages)))[:-1]
        steps = zip(routes.stages, np.split(order + base, ends), np.split(request_of_step[order], ends), strict=True)
        self.steps = [(stage, rows, request) for stage, rows, request in steps if len(rows)]
        self.stage = stage.astype(np.intp)

    def write(self) -> int:
        """Write all columns; return the row after the last."""
        rows = slice(self.base, self.base + len(self.stage))
        for name, values in self.residents.fixed.items():
            self.columns.put(name, rows, values[self.stage])
        routes, row = self.residents.routes, np.arange(rows.start, rows.stop)
        for name in LEADS:
            self.columns.put(name, rows, absolute(getattr(routes, name)[self.position], row))
        self.columns.put("result", rows, routes.next[self.position] == NONE)
        self._stations()
        self._work()
        self._lags()
        self._patience()
        self._walks()
        self._awaits()
        self._signals()
        self._told_when_back()
        return rows.stop

    def _draws(self, purpose: Callable[[Stage], str | None]) -> Iterator[tuple[Stage, AnyInts, AnyInts, Floats]]:
        """Yield each stage that draws for a purpose, with its rows, their requests and one uniform each."""
        by_purpose = defaultdict(list)
        for stage, rows, request in self.steps:
            if (name := purpose(stage)) is not None:
                by_purpose[name].append((stage, rows, request))
        for name, steps in by_purpose.items():
            u = self.requests.uniforms(name)
            for stage, rows, request in steps:
                yield stage, rows, request, u[request]

    def _stations(self) -> None:
        """Write where each step is served: by household, line and section."""
        organisation, household = self.residents.organisation, self.requests.household
        grid, community = self.place.grid[household], self.place.community[household]
        n_lines = len(self.pilot.procedures.lines)
        line = community * n_lines + self.requests.line
        unit = {"street": self.place.street[household], "district": np.zeros_like(household)}
        for stage, rows, request in self.steps:
            if stage.desk is Desk.NOWHERE:
                continue
            if stage.presence is Presence.ON_THE_PHONE and organisation.at_phone is not None:
                self.columns.put("station", rows, organisation.at_phone[community[request]])
                continue
            if stage.level == "community" and stage.desk is Desk.FIELD:
                self.columns.put("station", rows, organisation.at_grid[Desk.FIELD][grid[request]])
                continue
            if stage.level == "community" and stage.desk is Desk.FRONT and organisation.at_point is not None:
                self.columns.put("station", rows, organisation.at_point[self.place.point[household[request]]])
                continue
            at, specialism = organisation.at[stage.level, stage.desk], organisation.specialisms[stage.level]
            if stage.level == "community":
                if stage.at_wrong_desk:
                    specialism = (specialism + 1) % (specialism.max(axis=1, keepdims=True) + 1)
                self.columns.put("station", rows, np.take_along_axis(at, specialism, axis=1).ravel()[line[request]])
            else:
                section = at[np.arange(len(at)), specialism[:, GROUPS.index(stage.section)]]
                self.columns.put("station", rows, section[unit[stage.level][request]])

    def _work(self) -> None:
        """Write the work: the same however often the resident tries."""
        for stage, rows, _, u in self._draws(
            lambda s: s.work_purpose if s.desk is not Desk.NOWHERE and not s.retry else None
        ):
            minutes = lognormal_inverse(u, stage.minutes / stage.legs, stage.cv)
            work = np.maximum(1, np.rint(minutes * MINUTE)).astype(np.int64)
            self.columns.put("work", rows, work)
            if stage.presence is Presence.AT_HOME:  # the walk from the home before is none of the resident's time
                walk_share = self.pilot.grid.visits.walk_minutes / stage.minutes
                self.columns.put("walk", rows, np.rint(work * walk_share).astype(np.int64))
        for stage, rows, _ in self.steps:
            if stage.retry:
                self.columns.put("work", rows, self.columns["work"][rows - stage.retry])

    def _lags(self) -> None:
        """Write the lags that are drawn, in office time."""
        demand, day = self.pilot.demand, self.residents.office.day_ticks
        for _, rows, _, u in self._draws(lambda s: f"{s.try_purpose}/comes" if s.lag is Lag.NEXT_DAY else None):
            self.columns.put("lag", rows, (u * day).astype(np.int64))
        for stage, rows, _, u in self._draws(
            lambda s: f"{s.try_purpose}/way" if s.lag is Lag.WORKING_DAYS and s.lag_cv else None
        ):
            days = lognormal_inverse(u, stage.lag_days, stage.lag_cv)
            self.columns.put("lag", rows, np.rint(days * day).astype(np.int64))
        for _, rows, _, u in self._draws(lambda s: f"{s.try_purpose}/papers" if s.lag is Lag.PAPERS else None):
            days = lognormal_inverse(u, demand.incomplete_days_mean, demand.incomplete_days_cv)
            self.columns.put("lag", rows, np.rint(days * day).astype(np.int64))

    def _patience(self) -> None:
        """Write how long residents wait."""
        demand = self.pilot.demand
        for stage, rows, _, u in self._draws(lambda s: f"{s.try_purpose}/patience" if s.presence in WAITS else None):
            in_person = stage.presence is Presence.IN_PERSON
            mean = demand.patience_walk_in_minutes_mean if in_person else demand.patience_phone_minutes_mean
            self.columns.put("patience", rows, np.rint(exponential_inverse(u, mean * MINUTE)).astype(np.int64))

    def _walks(self) -> None:
        """Write how long the way of each trip takes."""
        trips = [step for step in self.steps if step[0].trip]
        if not trips:
            return
        rides = (self.requests.uniforms("bus") < self.pilot.district.bus_share).astype(np.intp)
        for stage, rows, request in trips:
            walk_ticks = self.residents.walk_ticks[stage.level]
            self.columns.put("walk", rows, walk_ticks[rides[request], self.requests.household[request]])

    def _awaits(self) -> None:
        """Write the latent issues: the patrol that will see one, and when a resident reports it.

        After a report that did not get through (`attempt` 1) only a patrol is awaited.
        """
        demand, grid = self.pilot.demand, self.place.grid[self.requests.household]
        for stage, rows, request, u in self._draws(lambda s: f"seen by/{s.attempt}" if s.awaits_patrol else None):
            # the k-th patrol sees it: the geometric law by its inverse
            k = np.ceil(np.log1p(-u) / np.log1p(-self.residents.see_chance[grid[request]])).clip(min=1)
            self.columns.put("awaits", rows, grid[request])
            self.columns.put("count", rows, k.astype(np.int64))
            if stage.attempt == 0:
                after = self.requests.uniforms("reported after")[request]
                days = lognormal_inverse(after, demand.report_days_mean, demand.report_days_cv)
                reported = self.requests.uniforms("reported")[request] < demand.reported_share
                self.columns.put("patience", rows, np.where(reported, np.rint(days * DAY), -1).astype(np.int64))

    def _signals(self) -> None:
        """Write which field checks see what lies in their grid, as a patrol would: drawn before, for each check."""
        if not self.residents.visit_signals.any():
            return
        grid = self.place.grid[self.requests.household]
        for _, rows, request, u in self._draws(
            lambda s: f"{s.work_purpose}/sees" if s.kind is Kind.FIELD and s.level == "community" else None
        ):
            sees = u < self.residents.visit_signals[grid[request]]
            self.columns.put("emits", rows[sees], grid[request][sees])

    def _told_when_back(self) -> None:
        """Write that residents are told at once where nobody can serve them, and come again when somebody is back.

        Who is told leaves at once on a day on which nobody attends the station, and comes again in the time in which
        somebody does.
        """
        share, attended = self.pilot.service.told_when_back, self.residents.attended
        if share == 0 or not attended.some_absent:
            return
        hears_at_once = self.requests.uniforms("told when back") < share
        for stage, rows, request in self.steps:
            if stage.presence not in WAITS:
                continue
            of_told = rows[hears_at_once[request]]
            station = self.columns["station"][of_told]
            self.columns.put("shuts", of_told, attended.shuts[station])
            if stage.retry:
                self.columns.put("lag_clock", of_told, attended.hours[station])
