"""The frozen arrays that an engine runs on, and the checks that make them valid."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sim.arrays import AnyInts, Bools, frozen
from sim.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike


NONE = -1
LIMIT = 2**62  # instants, amounts and work x pace stay below it, so that no sum of two leaves int64
T = TypeVar("T")
N = TypeVar("N", int, AnyInts)


@dataclass(frozen=True)
class Stations:
    """Where steps wait: the hall they wait in and the site they are served at (-1: none, anywhere)."""

    hall: AnyInts
    site: AnyInts


@dataclass(frozen=True)
class Halls:
    """Waiting rooms shared by stations: the number of waiting steps at which arrivals are refused."""

    room: AnyInts


@dataclass(frozen=True)
class Duties:
    """What a server serves while on a duty: lines `first[d]:first[d + 1]` of station, rank and pace."""

    first: AnyInts
    longest: AnyInts
    station: AnyInts
    rank: AnyInts
    pace: AnyInts


@dataclass(frozen=True)
class Servers:
    """Members of staff: roster intervals `first[s]:first[s + 1]`, each with a duty, and the changeover."""

    first: AnyInts
    changeover: AnyInts
    open: AnyInts
    close: AnyInts
    duty: AnyInts
    hand_back: AnyInts


@dataclass(frozen=True)
class Calendars:
    """Sorted, disjoint intervals `first[c]:first[c + 1]` of [open, close), in ticks."""

    first: AnyInts
    open: AnyInts
    close: AnyInts


@dataclass(frozen=True)
class Requests:
    """Requests: steps `first[r]:first[r + 1]`, and the tick at which each begins."""

    first: AnyInts
    begin: AnyInts


@dataclass(frozen=True)
class Steps:
    """The steps of all requests, request after request; one row a step.

    The columns are as narrow as `NARROW` says where all of them fit, else all are int64: an engine is
    compiled for these two kinds of networks and for no others.
    """

    station: AnyInts
    work: AnyInts
    priority: AnyInts
    yields_to: AnyInts
    past_closing: AnyInts
    lag: AnyInts
    lag_clock: AnyInts
    gate: AnyInts
    patience: AnyInts
    patience_clock: AnyInts
    shuts: AnyInts
    emits: AnyInts
    awaits: AnyInts
    count: AnyInts
    next: AnyInts
    leave: AnyInts


@dataclass(frozen=True)
class Network:
    """Everything an engine needs: integers only, arrays read-only, -1 meaning none."""

    stations: Stations
    halls: Halls
    duties: Duties
    servers: Servers
    calendars: Calendars
    requests: Requests
    steps: Steps


NARROW: dict[str, type[np.signedinteger[Any]]] = {
    "station": np.int16, "work": np.int32, "priority": np.int8, "yields_to": np.int8, "past_closing": np.int8,
    "lag": np.int64, "lag_clock": np.int8, "gate": np.int8, "patience": np.int64, "patience_clock": np.int8,
    "shuts": np.int8, "emits": np.int16, "awaits": np.int16, "count": np.int16, "next": np.int32, "leave": np.int32,
}  # fmt: skip
# Columns with one entry an owner (a duty, a server, a request) and not one a row of it.
_OF_OWNER = frozenset({"longest", "changeover", "begin"})
_ABSENT = {
    f"{table}.{column}": NONE
    for table, columns in {
        "stations": "hall site",
        "steps": "station lag_clock gate patience patience_clock shuts emits awaits next leave",
    }.items()
    for column in columns.split()
} | {"steps.count": 1, "duties.pace": 1000}


def needed_ticks(work_left: N, pace: N) -> N:
    """Return the ticks that work left takes at a pace per mille, to the nearest tick."""
    return (work_left * pace + 500) // 1000


def work_done(ticks: N, pace: N) -> N:
    """Return the work that so many ticks do at a pace per mille, rounded down.

    While fewer ticks than `needed_ticks` have passed, at least one unit of the work is left.
    """
    return ticks * 1000 // pace


def make_network(
    *,
    stations: Mapping[str, ArrayLike],
    halls: Mapping[str, ArrayLike] | None = None,
    duties: Mapping[str, ArrayLike],
    servers: Mapping[str, ArrayLike],
    calendars: Mapping[str, ArrayLike] | None = None,
    requests: Mapping[str, ArrayLike],
    steps: Mapping[str, ArrayLike],
    allow_unserved: bool = False,
) -> Network:
    """Return a checked network of read-only int64 arrays.

    Parameters
    ----------
    stations, halls, duties, servers, calendars, requests, steps : mapping of column name to array-like
        The columns of the dataclasses of this module; times in ticks. A column left out is -1 where -1
        means none, 1 for `count`, 1000 for `pace` and 0 otherwise; `first` may be left out only of an
        empty table.
    allow_unserved : bool
        Whether a step may need a station that no server's roster ever serves (it would wait for ever).

    Returns
    -------
    Network
        Copies of the arrays given; the arguments are not changed. A column that is read-only and has its
        type already is taken as it is.

    Raises
    ------
    NetworkError
        Where a field breaks a rule of the engine contract: field, rule, value and place.
    """
    place = make_place(stations=stations, halls=halls, duties=duties, servers=servers, calendars=calendars)
    return with_requests(place, requests=requests, steps=steps, allow_unserved=allow_unserved)


def make_place(
    *,
    stations: Mapping[str, ArrayLike],
    halls: Mapping[str, ArrayLike] | None = None,
    duties: Mapping[str, ArrayLike],
    servers: Mapping[str, ArrayLike],
    calendars: Mapping[str, ArrayLike] | None = None,
) -> Network:
    """Return a checked network to which nobody comes; arguments and errors are those of `make_network`."""
    network = Network(
        stations=_table(Stations, "stations", stations),
        halls=_table(Halls, "halls", halls or {}),
        duties=_table(Duties, "duties", duties),
        servers=_table(Servers, "servers", servers),
        calendars=_table(Calendars, "calendars", calendars or {}),
        requests=_table(Requests, "requests", {}),
        steps=_table(Steps, "steps", {}),
    )
    _check_places(network)
    _check_duties(network)
    _check_servers(network)
    _check_intervals("calendars", "calendar", network.calendars)
    return _stored(network)


def with_requests(
    place: Network, *, requests: Mapping[str, ArrayLike], steps: Mapping[str, ArrayLike], allow_unserved: bool = False
) -> Network:
    """Return a checked network with the stations, staff and calendars of another, which are shared.

    Arguments and errors are those of `make_network`.
    """
    network = replace(place, requests=_table(Requests, "requests", requests), steps=_table(Steps, "steps", steps))
    _check_requests(network)
    _check_steps(network)
    _check_signals(network)
    _check_routes(network)
    _check_work(network)
    _check_hand_back(network)
    if not allow_unserved:
        unserved = unserved_stations(network)
        if len(unserved):
            step = int(np.flatnonzero(network.steps.station == unserved[0])[0])
            raise NetworkError(f"steps.station must be served in some server's roster, got {unserved[0]} (step {step})")
    return _stored(network)


def unserved_stations(network: Network) -> AnyInts:
    """Return the indices of the stations that some step needs but no server's roster ever serves."""
    duties, station = network.duties, network.steps.station
    n_stations = len(network.stations.hall)
    rostered = np.zeros(len(duties.first) - 1, dtype=bool)
    rostered[network.servers.duty] = True
    served = np.zeros(n_stations, dtype=bool)
    served[duties.station[rostered[owners(duties.first)]]] = True
    needed = np.zeros(n_stations, dtype=bool)
    needed[station[station != NONE]] = True
    return np.flatnonzero(needed & ~served)


def owners(first: AnyInts) -> AnyInts:
    """Return the owner of each row, from the offsets of the owners' rows."""
    return np.repeat(np.arange(len(first) - 1), np.diff(first))


def _table(kind: type[T], table: str, given: Mapping[str, ArrayLike]) -> T:
    """Return a table of whole, read-only columns, with those left out filled in."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # T is one of the dataclasses above
    for name in given:
        if name not in names:
            raise NetworkError(f"{table} must have no columns but {', '.join(names)}, got {name}")
    columns = {name: _column(f"{table}.{name}", given[name]) for name in names if name in given}
    if "first" in names:
        columns.setdefault("first", np.zeros(1, dtype=np.int64))
    per_row = [name for name in names if name != "first" and name not in _OF_OWNER]
    n_rows = next((len(columns[name]) for name in per_row if name in columns), 0)
    n_owners = 0
    if "first" in names:
        first = columns["first"]
        if not per_row or not any(name in columns for name in per_row):
            n_rows = int(first[-1]) if len(first) else 0
        _check_offsets(f"{table}.first", first, n_rows)
        n_owners = len(first) - 1
    for name in names:
        if name == "first":
            continue
        length = n_owners if name in _OF_OWNER else n_rows
        default = _ABSENT.get(f"{table}.{name}", 0)
        column = columns.setdefault(name, np.full(length, default, dtype=NARROW.get(name, np.int64)))
        if len(column) != length:
            raise NetworkError(f"{table}.{name} must be {length} long, got {len(column)}")
    return kind(**columns)


def _stored(network: Network) -> Network:
    """Return the network with every column of its own type and read-only, as one kind of network or the other."""
    narrow = _is_narrow(network)
    tables: dict[str, Any] = {}
    for table in fields(network):
        rows = getattr(network, table.name)
        columns = {}
        for name in (field.name for field in fields(rows)):
            column = getattr(rows, name)
            wanted = np.dtype(NARROW[name] if narrow and table.name == "steps" else np.int64)
            taken = column.dtype == wanted and not column.flags.writeable and column.flags.c_contiguous
            columns[name] = column if taken else frozen(column.astype(wanted, order="C"))
        tables[table.name] = type(rows)(**columns)
    return Network(**tables)


def _is_narrow(network: Network) -> bool:
    """Return whether the steps, and whatever an engine writes about them, fit into the narrow types."""
    steps, servers = network.steps, network.servers
    most = int(steps.work.max(initial=0)) * max(1000, int(network.duties.pace.max(initial=0))) // 1000
    return (
        len(servers.changeover) <= np.iinfo(np.int16).max
        and len(steps.work) <= np.iinfo(np.int32).max
        and most + int(servers.changeover.max(initial=0)) < np.iinfo(np.int32).max
        and all(_fits(getattr(steps, name), kind) for name, kind in NARROW.items())
    )


def _fits(column: AnyInts, kind: type[np.signedinteger[Any]]) -> bool:
    """Return whether a narrow type holds every value of a column."""
    limits = np.iinfo(kind)
    return column.dtype == kind or bool(column.min(initial=0) >= limits.min and column.max(initial=0) <= limits.max)


def _column(field: str, given: ArrayLike) -> AnyInts:
    """Return one column as whole numbers, the array given itself where it is one already."""
    array = np.asarray(given)
    if array.ndim != 1:
        raise NetworkError(f"{field} must be one-dimensional, got {array.ndim} dimensions")
    if array.size and (array.dtype.kind not in "iub" or array.dtype == np.uint64):
        raise NetworkError(f"{field} must be whole numbers of at most 64 bits, got {array.dtype}")
    return array if array.dtype.kind == "i" else array.astype(np.int64)


def _require(ok: Bools, field: str, rule: str, values: AnyInts, place: str, *, first: AnyInts | None = None) -> None:
    """Raise at the first row that breaks a rule; with offsets, the place is an owner's row."""
    if ok.all():
        return
    row = int(np.argmin(ok))
    where = f"{place} {row}"
    if first is not None:
        owner = int(np.searchsorted(first, row, side="right")) - 1
        row_noun, owner_noun = place.split(" of ")
        where = f"{row_noun} {row - first[owner]} of {owner_noun} {owner}"
    raise NetworkError(f"{field} must be {rule}, got {values[row]} ({where})")


def _require_index(field: str, values: AnyInts, size: int, place: str, *, optional: bool) -> None:
    """Raise at the first value that is no index below `size` (nor -1, where optional)."""
    lowest = NONE if optional else 0
    rule = f"{'-1 or ' if optional else ''}an index below {size}"
    _require((values >= lowest) & (values < size), field, rule, values, place)


def _require_amount(field: str, values: AnyInts, place: str, lowest: int = 0) -> None:
    """Raise at the first value below the lowest allowed, or too large to add up."""
    _require(values >= lowest, field, f"at least {lowest}", values, place)
    _require(values < LIMIT, field, "below 2^62", values, place)


def _require_flag(field: str, values: AnyInts, place: str) -> None:
    """Raise at the first value that is neither 0 nor 1."""
    _require((values == 0) | (values == 1), field, "0 or 1", values, place)


def _check_offsets(field: str, first: AnyInts, n_rows: int) -> None:
    """Raise unless the offsets begin at 0, never fall and end at the number of rows."""
    if not len(first) or first[0] != 0:
        raise NetworkError(f"{field} must be offsets from 0, got {first[0] if len(first) else 'nothing'}")
    _require(np.diff(first, prepend=0) >= 0, field, "at least the offset before it", first, "offset")
    if first[-1] != n_rows:
        raise NetworkError(f"{field} must be at last the number of rows, {n_rows}, got {first[-1]}")


def _check_places(network: Network) -> None:
    """Check stations and halls."""
    stations, halls = network.stations, network.halls
    _require_index("stations.hall", stations.hall, len(halls.room), "station", optional=True)
    _require(stations.site >= NONE, "stations.site", "at least -1", stations.site, "station")
    _require_amount("halls.room", halls.room, "hall")


def _check_duties(network: Network) -> None:
    """Check duties and their lines: a station at most once in each."""
    duties = network.duties
    _require_flag("duties.longest", duties.longest, "duty")
    _require_index("duties.station", duties.station, len(network.stations.hall), "line", optional=False)
    _require_amount("duties.rank", duties.rank, "line")
    _require_amount("duties.pace", duties.pace, "line", lowest=1)
    order = np.lexsort((duties.station, owners(duties.first)))
    twice = np.zeros(len(order), dtype=bool)
    twice[order[1:]] = (np.diff(duties.station[order]) == 0) & (np.diff(owners(duties.first)[order]) == 0)
    _require(~twice, "duties.station", "at most once in a duty", duties.station, "line of duty", first=duties.first)


def _check_servers(network: Network) -> None:
    """Check servers and their rosters."""
    servers = network.servers
    _require_amount("servers.changeover", servers.changeover, "server")
    _check_intervals("servers", "server", servers)
    _require_index("servers.duty", servers.duty, len(network.duties.longest), "interval", optional=False)
    _require_flag("servers.hand_back", servers.hand_back, "interval")


def _check_intervals(table: str, owner: str, rows: Servers | Calendars) -> None:
    """Check that each owner's intervals are not empty, sorted and disjoint (they may touch)."""
    place = f"interval of {owner}"
    _require(rows.open >= 0, f"{table}.open", "at least 0", rows.open, place, first=rows.first)
    _require(rows.close > rows.open, f"{table}.close", "after its open", rows.close, place, first=rows.first)
    _require(rows.close < LIMIT, f"{table}.close", "below 2^62", rows.close, place, first=rows.first)
    rule = "at least the close before it (sorted, disjoint)"
    sorted_ = rows.open >= _last_close(rows)
    _require(sorted_, f"{table}.open", rule, rows.open, place, first=rows.first)


def _last_close(rows: Servers | Calendars) -> AnyInts:
    """Return the close of the interval before each of the same owner, -1 before the first."""
    before = np.full(len(rows.open), NONE, dtype=np.int64)
    before[1:] = rows.close[:-1]
    before[rows.first[:-1][np.diff(rows.first) > 0]] = NONE
    return before


def _check_requests(network: Network) -> None:
    """Check requests: each has a step, and together they have all steps."""
    requests, n_steps = network.requests, len(network.steps.station)
    _check_offsets("requests.first", requests.first, n_steps)
    counts = np.diff(requests.first)
    _require(counts > 0, "requests.first", "a request of at least one step", counts, "request")
    _require_amount("requests.begin", requests.begin, "request")


def _check_steps(network: Network) -> None:
    """Check the columns of the steps one by one."""
    steps, n_calendars = network.steps, len(network.calendars.first) - 1
    _require_index("steps.station", steps.station, len(network.stations.hall), "step", optional=True)
    for name in ("work", "priority", "lag"):
        _require_amount(f"steps.{name}", getattr(steps, name), "step")
    _require_amount("steps.patience", steps.patience, "step", lowest=NONE)
    _require_flag("steps.past_closing", steps.past_closing, "step")
    yields = (steps.yields_to >= 0) & (steps.yields_to <= steps.priority)
    _require(yields, "steps.yields_to", "from 0 to the step's own priority", steps.yields_to, "step")
    for name in ("lag_clock", "gate", "patience_clock", "shuts"):
        _require_index(f"steps.{name}", getattr(steps, name), n_calendars, "step", optional=True)
    stays = (steps.station != NONE) | (steps.work == 0)
    _require(stays, "steps.work", "0 without a station (a delay is a lag)", steps.work, "step")


def _check_signals(network: Network) -> None:
    """Check that awaiting steps have no station, emit nothing and await at least one emission."""
    steps = network.steps
    _require_amount("steps.emits", steps.emits, "step", lowest=NONE)
    _require_amount("steps.awaits", steps.awaits, "step", lowest=NONE)
    plain = steps.awaits == NONE
    _require(plain | (steps.station == NONE), "steps.station", "-1 where it awaits", steps.station, "step")
    _require(plain | (steps.emits == NONE), "steps.emits", "-1 where it awaits", steps.emits, "step")
    counts = (steps.count >= 1) & (steps.count < LIMIT)
    _require(plain | counts, "steps.count", "from 1 to 2^62 where it awaits", steps.count, "step")


def _check_routes(network: Network) -> None:
    """Check that next and leave name later steps of the same request, or none."""
    kind = network.steps.next.dtype  # as wide as the steps' numbers are
    last = np.repeat(network.requests.first[1:].astype(kind), np.diff(network.requests.first))
    here = np.arange(len(last), dtype=kind)
    for name in ("next", "leave"):
        to = getattr(network.steps, name)
        ok = (to == NONE) | ((to > here) & (to < last))
        _require(ok, f"steps.{name}", "-1 or a later step of the same request", to, "step")


def _check_work(network: Network) -> None:
    """Check that no step's work, at the slowest pace that serves it, leaves the integers."""
    duties, steps = network.duties, network.steps
    most = int(steps.work.max(initial=0)) * int(duties.pace.max(initial=1))
    if most < LIMIT:
        return
    slowest = np.ones(len(network.stations.hall) + 1, dtype=np.int64)  # the last is for station -1
    np.maximum.at(slowest, duties.station, duties.pace)
    ok = steps.work <= (LIMIT - 1) // slowest[steps.station]
    _require(ok, "steps.work", "below 2^62 when multiplied by the largest pace", steps.work, "step")


def _check_hand_back(network: Network) -> None:
    """Refuse hand-back intervals in which a spell can begin with a changeover that never ends.

    After a gap the server is at site 0. In an interval no longer than its changeover, a step at another
    site is handed back before any of its work is done, and so every time: it can bounce for ever.
    Touching intervals are safe (the site is kept), and so are steps that go on past closing.
    """
    servers, duties, steps = network.servers, network.duties, network.steps
    handed = np.zeros(len(network.stations.hall) + 1, dtype=bool)
    handed[steps.station[steps.past_closing == 0]] = True
    far = handed[duties.station] & (network.stations.site[duties.station] > 0)
    leads_away = np.zeros(len(duties.longest), dtype=bool)
    leads_away[owners(duties.first)[far]] = True
    length = servers.close - servers.open
    short = length <= servers.changeover[owners(servers.first)]
    after_gap = servers.open != _last_close(servers)
    trap = (servers.hand_back == 1) & short & after_gap & leads_away[servers.duty]
    rule = "longer than the changeover where it follows a gap, hands back and its duty has another site"
    _require(~trap, "servers' interval", rule, length, "interval of server", first=servers.first)
