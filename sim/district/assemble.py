"""Assembles the network of one replication of a design, whole or in parts, ready for an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.arrays import frozen
from sim.district import background
from sim.district.calendars import Attended, calendars
from sim.district.residents import Residents
from sim.district.rosters import rosters
from sim.district.stages import Desk
from sim.district.step_table import StepColumns
from sim.draws.clock import HOUR, WEEK
from sim.engine.network import LEADS, NONE, absolute
from sim.engine.network_building import bare_network, with_requests

if TYPE_CHECKING:
    from sim.arrays import AnyInts, Bools
    from sim.district.background import Batch
    from sim.district.demand import Demand
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation, Station
    from sim.district.rosters.careers import Careers
    from sim.district.rosters.rosters import Rosters
    from sim.district.step_table import StepLabels
    from sim.engine.network import Network


@dataclass(frozen=True)
class Case:
    """One replication of a design, or the requests of a part of its horizon, ready to run.

    Attributes
    ----------
    demand : Demand
        The residents' requests of the whole replication.
    network : Network
        What the engine runs on.
    labels : StepLabels
        What the steps are.
    ids : ndarray of int, shape (requests,)
        The number of each request among all of the replication, rising; residents' are positions in the demand.
    n_residents : int
        The residents' requests come first, in the order of the demand.
    above : ndarray of bool, shape (requests of the demand,)
        Whether today's law does not let the community decide a request alone.
    meetings, away : ndarray of int, shape (n, 3)
        Person, start and end of every meeting attended, and of all work from above away from the desk, over the whole
        horizon.
    horizon : int
        The end of the whole replication (ticks).
    """

    organisation: Organisation
    office: OfficeTime
    demand: Demand
    network: Network
    labels: StepLabels
    ids: AnyInts
    n_residents: int
    above: Bools
    meetings: AnyInts
    away: AnyInts
    horizon: int


@dataclass(frozen=True)
class Plan:
    """One replication of a design without its steps, which are written part by part.

    Attributes
    ----------
    demand : Demand
        The residents' requests.
    bare : Network
        Stations, staff and calendars, without any requests.
    meetings, away : ndarray of int, shape (n, 3)
        Person, start and end of every meeting attended, and of all work from above that is done away from the desk.
    residents : Residents
        What decides the steps of these requests.
    batches : tuple of Batch
        The work that residents do not bring.
    there : ndarray of bool, shape (people, working days)
        Which members of staff are not away, were all posts filled.
    in_post : Careers, or None
        Which posts are filled, and since when, if anybody leaves.
    """

    organisation: Organisation
    office: OfficeTime
    demand: Demand
    bare: Network
    meetings: AnyInts
    away: AnyInts
    residents: Residents
    batches: tuple[Batch, ...]
    there: Bools
    in_post: Careers | None

    @property
    def horizon(self) -> int:
        """Return the end of the replication (ticks)."""
        return self.office.weeks * WEEK

    def part(self, start: int, end: int) -> Case:
        """Return the requests that originate in [start, end): what residents want then, and the work that begins.

        Parts over a partition of the horizon are together the whole replication, request by request. For the requests
        of other parts no step is written and nothing is drawn.
        """
        demand = self.demand.part(start, end)
        firsts, batches = zip(*(batch.between(start, end) for batch in self.batches), strict=True)
        n_all = np.array([len(batch.begin) for batch in self.batches])
        number = len(self.demand) + np.cumsum(n_all) - n_all + firsts
        ids = [np.arange(a, a + len(batch.begin)) for a, batch in zip(number.tolist(), batches, strict=True)]
        sizes = [np.full(len(batch.begin), len(batch.steps)) for batch in batches]
        first = np.concatenate([[0], np.cumsum(np.concatenate([self.residents.n_steps(demand), *sizes]))])
        begin = np.concatenate([self.residents.begins(demand), *(batch.begin for batch in batches)])
        columns = StepColumns(int(first[-1]))
        self.residents.write(demand, columns)
        at = int(first[len(demand)])
        for batch in batches:
            at = _write(batch, columns, at)
        return Case(
            organisation=self.organisation,
            office=self.office,
            demand=self.demand,
            network=with_requests(
                self.bare,
                requests={"first": frozen(first), "begin": frozen(begin)},
                steps=columns.steps(),
                allow_unserved=True,  # the only server of a station may be away for a whole short horizon
            ),
            labels=columns.labels(self.residents.routes.activities),
            ids=np.concatenate([demand.ids, *ids]).astype(np.int32),
            n_residents=len(demand),
            above=self.residents.routes.above[self.residents.routes.itinerary],
            meetings=self.meetings,
            away=self.away,
            horizon=self.horizon,
        )

    def complete(self) -> Case:
        """Return all requests."""
        return self.part(0, self.horizon)


def plan(organisation: Organisation, office: OfficeTime, demand: Demand, replication: int) -> Plan:
    """Return the plan of one replication of a design."""
    roster = rosters.build_rosters(organisation, office, replication)
    attended = Attended.from_days(roster.attended)
    return Plan(
        organisation=organisation,
        office=office,
        demand=demand,
        bare=_bare_network(organisation, office, roster, attended),
        meetings=roster.meetings,
        away=roster.away,
        residents=Residents.from_demand(organisation, office, demand, attended),
        batches=tuple(background.batches(organisation, office, replication, roster.unplaced)),
        there=roster.there,
        in_post=roster.in_post,
    )


def _write(batch: Batch, columns: StepColumns, base: int) -> int:
    """Write the steps of a batch from a row on; return the row after the last."""
    size = len(batch.steps)
    end = base + size * len(batch.begin)
    for position, step in enumerate(batch.steps):
        at = slice(base + position, end, size)
        for name, value in step.items():
            leads = name in LEADS
            columns.put(name, at, absolute(np.asarray(value), np.arange(at.start, end, size)) if leads else value)
    return end


def _hall(station: Station) -> int:
    """Return the waiting room of a station, if residents wait there: that of its service point."""
    if station.level != "community" or station.desk is not Desk.FRONT:
        return NONE
    return station.point if station.point >= 0 else station.unit  # only one window is kept open at several points


def _bare_network(organisation: Organisation, office: OfficeTime, roster: Rosters, attended: Attended) -> Network:
    """Return the stations, staff and calendars of a design as a network without requests."""
    district, structure = organisation.pilot.district, organisation.pilot.structure
    walks = np.array([p.level == "community" for p in organisation.people])
    kmh = np.where(walks, district.walking_kmh, district.staff_vehicle_kmh)
    changeover = np.rint(organisation.changeover_km / kmh * HOUR).astype(np.int64)
    all_calendars = calendars(office, structure, attended)
    chairs = None if organisation.rooms is None else organisation.rooms.chairs
    return bare_network(
        stations={
            "site": [s.site for s in organisation.stations],
            "hall": [NONE if chairs is None else _hall(s) for s in organisation.stations],
        },
        halls={"room": [] if chairs is None else chairs},
        duties=roster.duties,
        servers=roster.servers | {"changeover": changeover},
        calendars={
            "first": np.cumsum([0, *(len(c.open) for c in all_calendars)]),
            "open": np.concatenate([c.open for c in all_calendars]),
            "close": np.concatenate([c.close for c in all_calendars]),
        },
    )
