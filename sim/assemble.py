"""From a design, its demand and one replication to the network that an engine runs, with labels beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from sim import background, rosters, workload
from sim.background import CLOSINGS, MONTHLY, OFFICE, WEEKLY, Batch
from sim.clock import DAY, HOUR, MINUTE
from sim.config import GROUPS
from sim.demand import Channel
from sim.itineraries import MAX_INCOMPLETE, Desk, Kind, Lag, Luck, Presence, Stage, itinerary, reviewed
from sim.laws import exponential_inverse, lognormal_inverse
from sim.network import make_network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sim.config import Archetype
    from sim.demand import Demand
    from sim.network import Network
    from sim.office import OfficeTime
    from sim.organisation import Organisation

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

ENGINE_COLUMNS = {
    "station": -1, "work": 0, "priority": 0, "past_closing": 0, "lag": 0, "lag_clock": -1, "gate": -1, "patience": -1,
    "shuts": -1, "patience_clock": -1, "emits": -1, "awaits": -1, "count": 1, "next": -1, "leave": -1,
}  # fmt: skip
LABEL_COLUMNS = {
    "kind": int(Kind.OUTSIDE), "level": -1, "presence": 0, "trip": 0, "hand_over": 0, "stops_clock": 0, "walk": 0,
    "result": 0, "activity": -1,
}  # fmt: skip


@dataclass(frozen=True)
class StepLabels:
    """What each step of the district model is; engines never see it (arrays of shape (steps,)).

    `walk` is the way to the office and back in ticks, for a step that begins a trip; `result` marks the
    steps whose end is the result of the request.
    """

    kind: Ints
    level: Ints
    presence: Ints
    trip: Ints
    hand_over: Ints
    stops_clock: Ints
    walk: Ints
    result: Ints
    activity: Ints
    activities: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One replication of a design, ready to run.

    Attributes
    ----------
    network : Network
        What the engine runs on.
    labels : StepLabels
        What the steps are.
    ids : ndarray of int, shape (requests,)
        The number of each request among all of the replication, rising; residents' are positions in the demand.
    n_residents : int
        The residents' requests come first, in the order of the demand.
    meetings : ndarray of int, shape (n, 3)
        Person, start and end of every meeting attended.
    """

    organisation: Organisation
    office: OfficeTime
    demand: Demand
    network: Network
    labels: StepLabels
    ids: Ints
    n_residents: int
    meetings: Ints
    horizon: int


def case(organisation: Organisation, office: OfficeTime, demand: Demand, replication: int) -> Case:
    """Return the network of one replication of a design."""
    pilot = organisation.pilot
    roster = rosters.of(organisation, office, replication)
    writer = _Residents(organisation, office, demand)
    requests, steps, labels = lay_out(
        [*writer.batches(), *background.batches(organisation, office, replication)], len(demand)
    )
    kmh = np.array(
        [
            pilot.district.walking_kmh if p.level == "community" else pilot.district.staff_vehicle_kmh
            for p in organisation.people
        ]
    )
    calendars = (
        office.hours,
        office.closings,
        office.weekly_gate(pilot.structure),
        office.monthly_gate(pilot.structure),
    )
    network = make_network(
        stations={"site": [s.site for s in organisation.stations]},
        duties=roster.duties,
        servers=roster.servers | {"changeover": np.rint(organisation.changeover_km / kmh * HOUR).astype(np.int64)},
        calendars={
            "first": np.concatenate([[0], np.cumsum([len(c.open) for c in calendars])]),
            "open": np.concatenate([c.open for c in calendars]),
            "close": np.concatenate([c.close for c in calendars]),
        },
        requests=requests,
        steps=steps,
        allow_unserved=True,  # whoever serves a station alone may be away for a whole short horizon
    )
    return Case(
        organisation=organisation,
        office=office,
        demand=demand,
        network=network,
        labels=StepLabels(**labels, activities=tuple(writer.activities)),
        ids=np.arange(len(network.requests.begin)),
        n_residents=len(demand),
        meetings=roster.meetings,
        horizon=office.weeks * 7 * DAY,
    )


def lay_out(batches: list[Batch], n_residents: int) -> tuple[dict[str, Ints], dict[str, Ints], dict[str, Ints]]:
    """Return the columns of requests, steps and labels: residents in their order, the rest behind them."""
    sizes = np.zeros(n_residents, dtype=np.int64)
    behind = []
    ids: list[Ints] = []
    n = n_residents
    for batch in batches:
        if batch.request is None:
            ids.append(np.arange(n, n + len(batch.begin)))
            n += len(batch.begin)
            behind.append(np.full(len(batch.begin), len(batch.steps), dtype=np.int64))
        else:
            ids.append(batch.request)
            sizes[batch.request] = len(batch.steps)
    first = np.concatenate([[0], np.cumsum(np.concatenate([sizes, *behind]))])
    begin = np.zeros(n, dtype=np.int64)
    total = int(first[-1])
    columns = {name: np.full(total, value, dtype=np.int64) for name, value in ENGINE_COLUMNS.items()}
    narrow: dict[str, type[np.signedinteger]] = {"walk": np.int64, "activity": np.int16}
    for label, none in LABEL_COLUMNS.items():
        columns[label] = np.full(total, none, dtype=narrow.get(label, np.int8))
    for batch, request in zip(batches, ids, strict=True):
        begin[request] = batch.begin
        base = first[request]
        for position, step in enumerate(batch.steps):
            rows = base + position
            for name, value in step.items():
                if name in ("next", "leave"):
                    to = cast("int", value)
                    columns[name][rows] = base + to if to >= 0 else -1
                else:
                    columns[name][rows] = value
    steps = {name: columns[name] for name in ENGINE_COLUMNS}
    labels = {name: columns[name] for name in LABEL_COLUMNS}
    return {"first": first, "begin": begin}, steps, labels


class _Residents:
    """Lays residents' requests out: those that share an itinerary, at once."""

    def __init__(self, organisation: Organisation, office: OfficeTime, demand: Demand) -> None:
        self.organisation, self.office, self.demand = organisation, office, demand
        self.pilot, self.place = organisation.pilot, organisation.place
        self.activities: dict[str, int] = {}
        self._uniforms: dict[str, Floats] = {}
        self._walks = _walking_ticks(organisation, self.uniform("bus"), demand)

    def uniform(self, purpose: str) -> Floats:
        """Return one uniform per request for a purpose."""
        if purpose not in self._uniforms:
            self._uniforms[purpose] = self.demand.uniforms(purpose)
        return self._uniforms[purpose]

    def batches(self) -> Iterator[Batch]:
        """Yield the requests by archetype, channel and luck."""
        begin = self._begins()
        for index, archetype in enumerate(self.pilot.procedures.archetypes.values()):
            for channel in Channel:
                rows = np.flatnonzero((self.demand.archetype == index) & (self.demand.channel == channel))
                for luck, same in self._lucks(archetype, channel, rows):
                    stages = itinerary(self.pilot, archetype, channel, luck)
                    steps = [self._step(stage, same) for stage in stages]
                    yield Batch(begin[same], steps, same)

    def _begins(self) -> Ints:
        """Return when each request begins: who wants to come while the office is shut comes when it is next open."""
        hours, instant = self.office.hours, self.demand.instant
        i = np.searchsorted(hours.close, instant, side="right").clip(max=len(hours.close) - 1)
        opened, closed = hours.open[i], hours.close[i]
        moment = opened + (self.uniform("comes") * (closed - opened)).astype(np.int64)
        shut = (instant < opened) & (self.demand.channel != Channel.LATENT)
        return np.where(shut, moment, instant)

    def _lucks(self, archetype: Archetype, channel: Channel, rows: Ints) -> Iterator[tuple[Luck, Ints]]:
        """Yield every luck that occurs among these requests, and who has it."""
        if not len(rows):
            return
        demand = self.pilot.demand
        flags: dict[str, Ints] = {}

        def draw(name: str, share: float) -> Ints:
            return (self.uniform(name)[rows] < share).astype(np.int64)

        for a in archetype.activities:
            flags[f"active/{a.name}"] = draw(f"active/{a.name}", a.share)
        flags["misrouted"] = draw("misrouted", demand.misrouted_share)
        flags["returns"] = draw("returns", demand.return_share)
        latent = channel is Channel.LATENT
        flags["settled"] = draw("settled", demand.settled_on_the_spot_share) if latent else np.zeros_like(rows)
        share = demand.incomplete_share if archetype.papers and channel is Channel.COUNTER else 0.0
        passes = np.zeros_like(rows)
        for k in range(MAX_INCOMPLETE):
            missing = draw(f"incomplete/{k}", share) * (passes == k)
            flags[f"where/{k}"] = missing * (1 + draw(f"incomplete/{k}/at desk", demand.incomplete_at_desk_share))
            passes = passes + missing
        for a in archetype.activities:
            for k in range(MAX_INCOMPLETE + 1 if a.review else 0):
                again = draw(f"rework/{a.name}/{k}", demand.rework_share)
                flags[f"rework/{a.name}/{k}"] = again * (passes >= k) * flags[f"active/{a.name}"]
        table = np.stack(list(flags.values()), axis=1)
        rare, inverse = np.unique(table, axis=0, return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        ends = np.cumsum(np.bincount(inverse, minlength=len(rare)))
        for values, same in zip(rare.tolist(), np.split(rows[order], ends[:-1]), strict=True):
            yield _luck(archetype, dict(zip(flags, values, strict=True))), same

    def _step(self, stage: Stage, rows: Ints) -> dict[str, int | Ints]:
        """Return the columns of one stage for the requests that go through it."""
        pilot = self.pilot
        name = f"{stage.activity}/{stage.attempt}"
        step: dict[str, int | Ints] = {
            "kind": int(stage.kind), "level": _level_code(stage), "presence": int(stage.presence),
            "trip": int(stage.trip), "hand_over": int(stage.hand_over), "stops_clock": int(stage.stops_clock),
            "next": -1 if stage.next is None else stage.next, "leave": -1 if stage.leave is None else stage.leave,
            "result": int(stage.next is None),
            "activity": self.activities.setdefault(stage.activity, len(self.activities)),
            "priority": pilot.burden.priorities.residents,
        }  # fmt: skip
        if stage.signal:
            return step | self._awaiting(rows, stage.attempt)
        if stage.desk is not Desk.NOWHERE:
            step["station"] = self._station(stage, rows)
            minutes = lognormal_inverse(self.uniform(name)[rows], stage.minutes / stage.parts, stage.cv)
            step["work"] = np.maximum(1, np.rint(minutes * MINUTE)).astype(np.int64)
            step["past_closing"] = int(stage.desk in (Desk.FRONT, Desk.FIELD))
        if stage.lag is not Lag.NONE:
            step |= {"lag": self._lag(stage, f"{name}/{stage.again}", rows), "lag_clock": OFFICE}
        if stage.gate != "none":
            step["gate"] = {"weekly": WEEKLY, "monthly": MONTHLY}[stage.gate]
        if stage.presence is not Presence.ABSENT:
            here = stage.presence is Presence.IN_PERSON
            mean = pilot.demand.patience_walk_in_minutes_mean if here else pilot.demand.patience_phone_minutes_mean
            patience = exponential_inverse(self.uniform(f"{name}/{stage.again}/patience")[rows], mean * MINUTE)
            step |= {"patience": np.rint(patience).astype(np.int64), "shuts": CLOSINGS}
        if stage.trip:
            step["walk"] = self._walks[stage.level][rows]
        return step

    def _awaiting(self, rows: Ints, attempt: int) -> dict[str, int | Ints]:
        """Return the columns of a latent issue: the patrol that will see it, and when a resident reports it.

        After a report that did not get through (`attempt` 1) only a patrol is awaited.
        """
        demand, grid = self.pilot.demand, self.place.grid[self.demand.household[rows]]
        sizes = self.place.grid_households[grid]
        p = np.array([workload.see_chance(self.pilot, float(n)) for n in range(1, int(sizes.max()) + 1)])[sizes - 1]
        # the k-th patrol sees it: the geometric law by its inverse
        k = np.ceil(np.log1p(-self.uniform(f"seen by/{attempt}")[rows]) / np.log1p(-p)).clip(min=1)
        days = lognormal_inverse(self.uniform("reported after")[rows], demand.report_days_mean, demand.report_days_cv)
        reported = (self.uniform("reported")[rows] < demand.reported_share) & (attempt == 0)
        patience = np.where(reported, np.rint(days * DAY), -1).astype(np.int64)
        return {"awaits": grid, "count": k.astype(np.int64), "patience": patience}

    def _station(self, stage: Stage, rows: Ints) -> Ints:
        """Return the station of a stage for each request."""
        household = self.demand.household[rows]
        if stage.level == "community" and stage.desk is Desk.FIELD:
            return self.organisation.at_grid[Desk.FIELD][self.place.grid[household]]
        unit = _unit(self.organisation, stage.level, household)
        plan = self.organisation.bundles[stage.level]
        if stage.level == "community":
            bundle = plan[unit, self.demand.line[rows]]
            if stage.wrong:
                bundle = (bundle + 1) % (plan.max(axis=1) + 1)[unit]
        else:
            bundle = plan[unit, GROUPS.index(stage.section)]
        return self.organisation.at[stage.level, stage.desk][unit, bundle]

    def _lag(self, stage: Stage, name: str, rows: Ints) -> int | Ints:
        """Return a lag in ticks of office time."""
        day = self.office.day_ticks
        if stage.lag is Lag.WORKING_DAYS:
            return round(stage.lag_days * day)
        if stage.lag is Lag.NEXT_DAY:
            return (self.uniform(f"{name}/comes")[rows] * day).astype(np.int64)
        demand = self.pilot.demand
        u = self.uniform(f"{name}/papers")[rows]
        days = lognormal_inverse(u, demand.incomplete_days_mean, demand.incomplete_days_cv)
        return np.rint(days * day).astype(np.int64)


def _luck(archetype: Archetype, flags: dict[str, int]) -> Luck:
    """Return the luck that a row of flags stands for."""
    active = tuple(bool(flags[f"active/{a.name}"]) for a in archetype.activities)
    at_review = "review" if reviewed(archetype, active) else "desk"
    where = [flags[f"where/{k}"] for k in range(MAX_INCOMPLETE)]
    return Luck(
        active=active,
        misrouted=bool(flags["misrouted"]),
        incomplete=tuple("desk" if w == 2 else at_review for w in where if w),
        rework=frozenset(
            (a.name, k)
            for a in archetype.activities
            if a.review
            for k in range(MAX_INCOMPLETE + 1)
            if flags[f"rework/{a.name}/{k}"]
        ),
        returns=bool(flags["returns"]),
        settled=bool(flags["settled"]),
    )


def _level_code(stage: Stage) -> int:
    """Return the level of a served stage as a number, -1 for a stage outside the offices."""
    return ("community", "street", "district").index(stage.level) if stage.desk is not Desk.NOWHERE else -1


def _unit(organisation: Organisation, level: str, household: Ints) -> Ints:
    """Return the unit of a level that each household belongs to."""
    if level == "community":
        return organisation.place.community[household]
    return organisation.place.street[household] if level == "street" else np.zeros_like(household)


def _walking_ticks(organisation: Organisation, bus: Floats, demand: Demand) -> dict[str, Ints]:
    """Return the way of each request's resident to the office of each level and back (ticks).

    To the street and the district some take the bus where it is quicker.
    """
    district, place = organisation.pilot.district, organisation.place
    rides = bus < district.bus_share
    ways: dict[str, Ints] = {}
    for level, unit in (
        ("community", place.community),
        ("street", place.street),
        ("district", np.zeros_like(place.street)),
    ):
        km = place.distance(unit)[demand.household]
        quick = max(district.bus_kmh, district.walking_kmh)
        kmh = np.where(rides, quick, district.walking_kmh) if level != "community" else district.walking_kmh
        ways[level] = np.rint(2 * km / kmh * HOUR).astype(np.int64)
    return ways
