"""Loads a queueing network written as YAML, and draws the arrays of one replication of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from sim.config.checking import readable
from sim.draws.arrivals import arrival_times, day_factors, renewal_times
from sim.draws.clock import DAY, Calendar
from sim.draws.streams import stream, uniforms
from sim.engine.network import LEADS, NONE, Network, absolute
from sim.engine.network_building import make_network
from sim.errors import ConfigError
from sim.queueing.checks import check, duty_of, shifts_of
from sim.queueing.errors import explain, shown
from sim.queueing.hours import LONGEST, calendar_of, check_apart
from sim.queueing.labels import Labels
from sim.queueing.routes import Rows, step_columns, unroll, values
from sim.queueing.schema import QueueNetwork, known_keys
from sim.queueing.size import check_size, check_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.arrays import Ints
    from sim.queueing.hours import Hours
    from sim.queueing.schema import Arrivals, Pool, RequestClass, Serves

CLOCKS = ("lag_clock", "gate", "patience_clock", "shuts")
SIGNALS = ("emits", "awaits")


def load(mapping: Mapping[str, Any], root: str = "network") -> QueueNetwork:
    """Return a checked queueing network from a plain mapping.

    Parameters
    ----------
    mapping : mapping
        As YAML gives it: numbers, texts, lists and mappings only.
    root : str
        Name of the whole in messages.

    Returns
    -------
    QueueNetwork
        Frozen; all names in it are known, every station is served and every route ends.

    Raises
    ------
    ConfigError
        If there is a mistake, as one paragraph of `path must be rule, got value`.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(f"{root} must be a mapping, got {shown(mapping)}")
    return _checked(readable(mapping, root), root)


def checked_again(network: QueueNetwork, root: str = "network") -> QueueNetwork:
    """Return a network, checked as `load` does: pydantic makes copies with other values, and checks none of these."""
    return _checked(dict(network), root)


def _checked(plain: Mapping[str, Any], root: str) -> QueueNetwork:
    """Return a network of plain data, or of the parts of another one; it raises as `load` does."""
    try:
        plan = QueueNetwork.model_validate(plain)
    except ValidationError as error:
        raise ConfigError(explain(error, plain, root, known_keys())) from error
    check(plan, root)
    check_size(plan, root)
    draft = _Draft(plan, 0, 0, root)
    for name in plan.calendars:
        draft.named(name)
    _staff(draft)
    return plan


def sample(plan: QueueNetwork, seed: int, replication: int) -> tuple[Network, Labels, int]:
    """Return one replication of a queueing network: everything random in it is drawn here.

    Each request has one uniform for each of its activities and rounds, from the stream of that purpose in its
    class; so the same seed and replication give the same requests with the same work under another staffing.

    Parameters
    ----------
    plan : QueueNetwork
        Checked by `load`.
    seed, replication : int
        At least 0.

    Returns
    -------
    network : Network
        Requests in the order of their arrival, then of their class.
    labels : Labels
        The names of its parts.
    horizon : int
        In ticks.

    Raises
    ------
    ConfigError
        If requests go round forever.
    """
    draft = _Draft(plan, seed, replication, "network")
    servers, duties, server_pool = _staff(draft)
    begins = [_arrivals(draft, name, kind) for name, kind in plan.classes.items()]
    begin = np.concatenate(begins)
    request_class = np.repeat(np.arange(len(begins)), [len(times) for times in begins])
    order = np.argsort(begin, kind="stable")
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    steps, counts = _steps(draft, [len(times) for times in begins], position)
    halls = {name: i for i, name in enumerate(plan.halls)}
    rooms = [hall.room for hall in plan.halls.values()]
    hall_of = []
    for station in plan.stations.values():
        if station.room is not None:
            hall_of.append(len(rooms))
            rooms.append(station.room)
        else:
            hall_of.append(NONE if station.hall is None else halls[station.hall])
    network = make_network(
        stations={
            "hall": hall_of,
            "site": [NONE if s.site is None else plan.sites.index(s.site) for s in plan.stations.values()],
        },
        halls={"room": rooms},
        duties=duties,
        servers=servers,
        calendars=_intervals(draft.calendars),
        requests={"first": _offsets(counts), "begin": begin[order]},
        steps=steps,
        allow_unserved=True,  # a roster may begin after the horizon
    )
    labels = Labels(
        station_names=tuple(plan.stations),
        class_names=tuple(plan.classes),
        request_class=request_class[order],
        pool_names=tuple(plan.servers),
        server_pool=server_pool,
        time_unit=plan.time_unit,
        unit=plan.unit,
    )
    return network, labels, draft.end


@dataclass
class _Draft:
    """A replication while it is drawn: the calendars in use so far, and its random streams."""

    plan: QueueNetwork
    seed: int
    replication: int
    root: str
    calendars: list[Calendar] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """Return the horizon in ticks."""
        return self.plan.ticks(self.plan.horizon)

    def stream(self, purpose: str) -> np.random.Generator:
        """Return the generator of a purpose."""
        return stream(self.seed, self.replication, purpose)

    def resolved(self, hours: Hours, path: str, who: str = "") -> Calendar:
        """Return the calendar that hours stand for; random hours are drawn for each server (`who`) separately."""
        if hours.calendar is not None:
            return self.calendars[self.named(hours.calendar)]
        try:
            return calendar_of(hours, self.plan.unit, self.end, lambda part: self.stream(f"{path}{who}/{part}"))
        except ValueError as error:
            raise ConfigError(f"{self.root}.{path} {error}") from error

    def named(self, name: str) -> int:
        """Return the index of a named calendar."""
        if name not in self.names:
            calendar = self.resolved(self.plan.calendars[name], f"calendars.{name}")
            self.names[name] = len(self.calendars)
            self.calendars.append(calendar)
        return self.names[name]

    def indexed(self, hours: Hours | None, path: str) -> int:
        """Return the index of the calendar of hours, -1 if there are none."""
        if hours is None:
            return NONE
        if hours.calendar is not None:
            return self.named(hours.calendar)
        self.calendars.append(self.resolved(hours, path))
        return len(self.calendars) - 1


def _offsets(counts: list[int] | Ints) -> Ints:
    """Return the offsets of owners, from their numbers of rows."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _intervals(calendars: list[Calendar]) -> dict[str, Any]:
    """Return calendars as the columns of a table."""
    nothing = np.zeros(0, dtype=np.int64)
    return {
        "first": _offsets([len(calendar.open) for calendar in calendars]),
        "open": np.concatenate([nothing, *(calendar.open for calendar in calendars)]),
        "close": np.concatenate([nothing, *(calendar.close for calendar in calendars)]),
    }


class _Duties:
    """The duties in use so far; equal ones share an index."""

    def __init__(self, plan: QueueNetwork) -> None:
        self.plan = plan
        self.rows: dict[tuple[tuple[tuple[int, int, int], ...], bool], int] = {}

    def index(self, serves: Serves, longest: bool) -> int:
        """Return the index of the duty that serves this."""
        duty, stations = duty_of(self.plan, serves, longest=longest), list(self.plan.stations)
        row = tuple((stations.index(name), line.rank, round(line.pace * 1000)) for name, line in duty.lines.items())
        return self.rows.setdefault((row, duty.longest), len(self.rows))

    def columns(self) -> dict[str, Any]:
        """Return the duties as the columns of their table."""
        lines = np.array([line for row, _ in self.rows for line in row], dtype=np.int64).reshape(-1, 3)
        return {
            "first": _offsets([len(row) for row, _ in self.rows]),
            "longest": np.array([int(longest) for _, longest in self.rows], dtype=np.int64),
            "station": lines[:, 0],
            "rank": lines[:, 1],
            "pace": lines[:, 2],
        }


def _staff(draft: _Draft) -> tuple[dict[str, Any], dict[str, Any], Ints]:
    """Return the columns of servers and duties, and the pool of each server."""
    plan, duties = draft.plan, _Duties(draft.plan)
    rosters: list[Ints] = []
    changeover: list[int] = []
    for name, pool in plan.servers.items():
        path, unlike = f"servers.{name}", _have_hours_of_their_own(plan, pool)
        mine = [_roster(draft, duties, path, i, pool) for i in range(pool.number if unlike else min(1, pool.number))]
        rosters += mine if unlike else mine * pool.number
        changeover += [plan.ticks(pool.changeover)] * pool.number
    table = np.concatenate([np.zeros((0, 4), dtype=np.int64), *rosters])
    servers = {
        "first": _offsets([len(roster) for roster in rosters]),
        "changeover": np.array(changeover, dtype=np.int64),
        "open": table[:, 0],
        "close": table[:, 1],
        "duty": table[:, 2],
        "hand_back": table[:, 3],
    }
    numbers = [pool.number for pool in plan.servers.values()]
    return servers, duties.columns(), np.repeat(np.arange(len(numbers)), numbers)


def _have_hours_of_their_own(plan: QueueNetwork, pool: Pool) -> bool:
    """Return whether the hours of a pool are drawn for each server."""
    given = [pool.hours] if pool.roster is None else [shift.hours for shift in shifts_of(plan, pool) or ()]
    return any(hours is not None and hours.alternating is not None for hours in given)


def _roster(draft: _Draft, duties: _Duties, path: str, i: int, pool: Pool) -> Ints:
    """Return the intervals of a server: open, close, duty, hand_back (shape (n, 4))."""
    shifts = shifts_of(draft.plan, pool)
    parts = []
    if shifts is None and pool.serves is not None:
        duty = duties.index(pool.serves, pool.longest)
        hours = Calendar.from_intervals([(0, draft.end)])
        if pool.hours is not None:
            hours = draft.resolved(pool.hours, f"{path}.hours", f"/{i}")
        parts.append(_rows(hours, duty, pool.hand_back))
    for k, shift in enumerate(shifts or ()):
        hours = draft.resolved(shift.hours, f"{path}.roster.{k}.hours", f"/{i}")
        serves = shift.duty or pool.serves
        if serves is not None:
            parts.append(_rows(hours, duties.index(serves, pool.longest), shift.hand_back))
    table = np.concatenate([np.zeros((0, 4), dtype=np.int64), *parts])
    table = table[np.argsort(table[:, 0], kind="stable")]
    try:
        check_apart(table[:, 0], table[:, 1], draft.plan.unit)
    except ValueError as error:
        raise ConfigError(f"{draft.root}.{path}.roster {error}") from error
    return table


def _rows(hours: Calendar, duty: int, hand_back: bool) -> Ints:
    """Return the intervals of hours with their duty (shape (n, 4))."""
    same = np.ones_like(hours.open)
    return np.stack([hours.open, hours.close, duty * same, int(hand_back) * same], axis=1)


def _arrivals(draft: _Draft, name: str, kind: RequestClass) -> Ints:
    """Return when the requests of a class begin, in ticks, sorted."""
    plan, arrivals, end = draft.plan, kind.arrivals, draft.end
    purpose = f"classes/{name}/arrivals"
    if arrivals.times is not None:
        times = np.array([plan.ticks(at) for at in arrivals.times], dtype=np.int64)
    else:
        opening = None
        if arrivals.hours is not None:
            opening = draft.resolved(arrivals.hours, f"classes.{name}.arrivals.hours").clipped(0, end)
        if arrivals.renewal is not None:
            open_ticks = end if opening is None else opening.total
            times = renewal_times(draft.stream(purpose), arrivals.renewal, plan.unit, open_ticks)
            times = times if opening is None else opening.at(times)
        else:
            times = _poisson(draft, arrivals, purpose, opening)
    times = times[times < end]
    if arrivals.batch is not None:
        sizes = values(
            arrivals.batch,
            np.arange(len(times)),
            lambda: uniforms(draft.seed, draft.replication, f"{purpose}/batch", len(times)),
        )
        check_steps(f"{draft.root}.classes.{name}.arrivals.batch", float(np.rint(sizes).sum()) * len(kind.route))
        times = np.repeat(times, np.rint(sizes).astype(np.int64))
    return times[: arrivals.number]


def _poisson(draft: _Draft, arrivals: Arrivals, purpose: str, opening: Calendar | None) -> Ints:
    """Return the arrivals of a Poisson process of constant or periodic rate, in its hours."""
    end, unit = draft.end, draft.plan.unit
    profile = arrivals.profile or ((draft.plan.horizon, arrivals.rate or 0.0),)
    if arrivals.sinusoid is not None:
        profile = arrivals.sinusoid.profile
    pieces = np.array(profile)
    bounds = np.cumsum(pieces[:, 0]) * unit
    repeats = int(np.ceil(end / bounds[-1]))
    starts = (bounds[-1] * np.arange(repeats)[:, None] + np.concatenate([[0], bounds[:-1]])).ravel()
    change = np.rint(starts).astype(np.int64)
    marks = [change, np.array([0, end]), np.arange(0, end, DAY)]
    if opening is not None:
        marks += [opening.open, opening.close]
    edges = np.unique(np.concatenate(marks))
    edges = edges[edges <= end]
    rate = np.tile(pieces[:, 1], repeats)[np.searchsorted(change, edges[:-1], side="right") - 1]
    if opening is not None:
        rate = rate * opening.contains(edges[:-1])
    factors = None
    if arrivals.day_factor_cv:
        n_days = -(-end // DAY)
        factors = day_factors(draft.stream(f"{purpose}/days"), n_days, arrivals.day_factor_cv)
    return arrival_times(draft.stream(purpose), edges, rate * np.diff(edges) / unit, factors)


def _steps(draft: _Draft, numbers: list[int], position: Ints) -> tuple[dict[str, Ints], Ints]:
    """Return the columns of all steps, request by request, and the number of steps of each request."""
    plan = draft.plan
    signals: dict[str, int] = {}
    owners, tables, first_request, first_row = [], [], 0, 0
    for (name, kind), n in zip(plan.classes.items(), numbers, strict=True):

        def draw(purpose: str, n: int, name: str = name) -> NDArray[np.float64]:
            return uniforms(draft.seed, draft.replication, f"classes/{name}/{purpose}", n)

        rows = unroll(plan, kind, f"{draft.root}.classes.{name}", n, draw)
        table = _columns(draft, name, rows, signals)
        for lead in LEADS:
            table[lead] = absolute(table[lead], first_row)
        tables.append(table)
        owners.append(position[first_request + rows.request])
        first_request += n
        first_row += len(rows.request)
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    row = np.empty_like(order)
    row[order] = np.arange(len(order))
    steps = {column: np.concatenate([table[column] for table in tables])[order] for column in tables[0]}
    for lead in LEADS:
        to = steps[lead]
        steps[lead] = np.where(to == NONE, NONE, row[to] if len(row) else to)
    return steps, np.bincount(owner, minlength=len(position))


def _columns(draft: _Draft, name: str, rows: Rows, signals: dict[str, int]) -> dict[str, Ints]:
    """Return the columns of the steps of a class; `next` and `leave` are rows of the class."""
    plan, stations, kind = draft.plan, list(draft.plan.stations), draft.plan.classes[name]
    same: dict[str, list[int]] = {}
    for i, step in enumerate(kind.route):
        path = f"classes.{name}.route.{i}"
        numbers = step_columns(kind, step)
        numbers["station"] = NONE if step.station is None else stations.index(step.station)
        for clock in CLOCKS:
            numbers[clock] = draft.indexed(getattr(step, clock), f"{path}.{clock}")
        for signal in SIGNALS:
            known = getattr(step, signal)
            numbers[signal] = NONE if known is None else signals.setdefault(known, len(signals))
        for column, number in numbers.items():
            same.setdefault(column, []).append(number)
    columns = {column: np.array(numbers, dtype=np.int64)[rows.step] for column, numbers in same.items()}
    for amount, column, absent in (("service", "work", 0), ("lag", "lag", 0), ("patience", "patience", NONE)):
        given = rows.amounts[amount]
        ticks = np.where(np.isnan(given), absent, np.rint(np.nan_to_num(given) * plan.unit))
        longest = int(np.argmax(ticks)) if len(ticks) else 0
        if len(ticks) and ticks[longest] >= LONGEST:
            raise ConfigError(
                f"{draft.root}.classes.{name}.route.{rows.step[longest]}.{amount} must give times below "
                f"{plan.shown(LONGEST)}, got {given[longest]:g}"
            )
        columns[column] = ticks.astype(np.int64)
    columns["count"] = np.maximum(np.rint(np.nan_to_num(rows.amounts["count"], nan=1.0)), 1).astype(np.int64)
    return columns | {"next": rows.next, "leave": rows.leave}
