"""Checks that a network keeps the engine contract: no engine runs on one that does not."""

from __future__ import annotations

import numpy as np

from sim.arrays import AnyInts, Bools
from sim.engine.network import LEADS, LIMIT, LIMIT_BITS, NONE, Calendars, Network, Servers, owners
from sim.errors import NetworkError

FEW_SIGNALS = 2**16
"""Signals have numbers below this, or below the number of steps: an engine keeps a count of each."""


def _require(
    ok: Bools, field: str, rule: str, values: AnyInts, noun: str, *, first: AnyInts | None = None, owned_by: str = ""
) -> None:
    """Raise at the first row that breaks a rule, named by its number or, with offsets, by its number in its owner."""
    if ok.all():
        return
    row = int(np.argmin(ok))
    where = f"{noun} {row}"
    if first is not None:
        owner = int(np.searchsorted(first, row, side="right")) - 1
        where = f"{noun} {row - first[owner]} of {owned_by} {owner}"
    raise NetworkError(f"{field} must be {rule}, got {values[row]} ({where})")


def _require_index(field: str, values: AnyInts, size: int, noun: str, *, optional: bool) -> None:
    """Raise at the first value that is no index below `size` (nor -1, where optional)."""
    lowest = NONE if optional else 0
    rule = f"{'-1 or ' if optional else ''}an index below {size}"
    _require((values >= lowest) & (values < size), field, rule, values, noun)


def _require_amount(field: str, values: AnyInts, noun: str, lowest: int = 0, bits: int = LIMIT_BITS) -> None:
    """Raise at the first value below the lowest allowed, or too large to add up."""
    _require(values >= lowest, field, f"at least {lowest}", values, noun)
    _require(values < 2**bits, field, f"below 2^{bits}", values, noun)


def _require_flag(field: str, values: AnyInts, noun: str) -> None:
    """Raise at the first value that is neither 0 nor 1."""
    _require((values == 0) | (values == 1), field, "0 or 1", values, noun)


def check_offsets(field: str, first: AnyInts, n_rows: int) -> None:
    """Raise unless the offsets begin at 0, never fall and end at the number of rows."""
    if not len(first) or first[0] != 0:
        raise NetworkError(f"{field} must be offsets from 0, got {first[0] if len(first) else 'nothing'}")
    # Compared and not subtracted: in a narrow type a difference may wrap.
    rises = np.append(True, first[1:] >= first[:-1])
    _require(rises, field, "at least the offset before it", first, "offset")
    if first[-1] != n_rows:
        raise NetworkError(f"{field} must end at the number of rows, {n_rows}, got {first[-1]}")


def check_stations(network: Network) -> None:
    """Check stations and halls."""
    stations, halls = network.stations, network.halls
    _require_index("stations.hall", stations.hall, len(halls.room), "station", optional=True)
    _require(stations.site >= NONE, "stations.site", "at least -1", stations.site, "station")
    _require_amount("halls.room", halls.room, "hall")


def check_duties(network: Network) -> None:
    """Check duties and their lines: a station at most once in each."""
    duties = network.duties
    _require_flag("duties.longest", duties.longest, "duty")
    _require_index("duties.station", duties.station, len(network.stations.hall), "line", optional=False)
    _require_amount("duties.rank", duties.rank, "line")
    _require_amount("duties.pace", duties.pace, "line", lowest=1)
    order = np.lexsort((duties.station, owners(duties.first)))
    twice = np.zeros(len(order), dtype=bool)
    twice[order[1:]] = (np.diff(duties.station[order]) == 0) & (np.diff(owners(duties.first)[order]) == 0)
    rule = "at most once in a duty"
    _require(~twice, "duties.station", rule, duties.station, "line", first=duties.first, owned_by="duty")


def check_servers(network: Network) -> None:
    """Check servers and their rosters."""
    servers = network.servers
    # With any work, whose ticks are below 2^53, a spell stays below 2^62 ticks.
    _require_amount("servers.changeover", servers.changeover, "server", bits=LIMIT_BITS - 1)
    check_intervals("servers", "server", servers)
    _require_index("servers.duty", servers.duty, len(network.duties.longest), "interval", optional=False)
    _require_flag("servers.hand_back", servers.hand_back, "interval")


def check_intervals(table: str, owner: str, rows: Servers | Calendars) -> None:
    """Check that each owner's intervals are not empty, sorted and disjoint (they may touch)."""

    def require(ok: Bools, column: str, rule: str) -> None:
        values = getattr(rows, column)
        _require(ok, f"{table}.{column}", rule, values, "interval", first=rows.first, owned_by=owner)

    require(rows.open >= 0, "open", "at least 0")
    require(rows.close > rows.open, "close", "after its open")
    require(rows.close < LIMIT, "close", "below 2^62")
    require(rows.open >= _last_close(rows), "open", "at least the close before it (sorted, disjoint)")


def _last_close(rows: Servers | Calendars) -> AnyInts:
    """Return the close of the interval before each of the same owner, -1 before the first."""
    before = np.full(len(rows.open), NONE, dtype=np.int64)
    before[1:] = rows.close[:-1]
    before[rows.first[:-1][np.diff(rows.first) > 0]] = NONE
    return before


def check_requests(network: Network) -> None:
    """Check requests: each has a step, and together they have all steps."""
    requests, n_steps = network.requests, len(network.steps.station)
    check_offsets("requests.first", requests.first, n_steps)
    counts = np.diff(requests.first)
    _require(counts > 0, "requests.first", "a request of at least one step", counts, "request")
    _require_amount("requests.begin", requests.begin, "request")


def check_steps(network: Network) -> None:
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


def check_signals(network: Network) -> None:
    """Check that awaiting steps have no station, emit nothing and await at least one emission."""
    steps = network.steps
    n_signals = max(len(steps.emits), FEW_SIGNALS)
    _require_index("steps.emits", steps.emits, n_signals, "step", optional=True)
    _require_index("steps.awaits", steps.awaits, n_signals, "step", optional=True)
    plain = steps.awaits == NONE
    _require(plain | (steps.station == NONE), "steps.station", "-1 where it awaits", steps.station, "step")
    _require(plain | (steps.emits == NONE), "steps.emits", "-1 where it awaits", steps.emits, "step")
    counts = (steps.count >= 1) & (steps.count < LIMIT)
    _require(plain | counts, "steps.count", "from 1 to 2^62 where it awaits", steps.count, "step")


def check_routes(network: Network) -> None:
    """Check that next and leave name later steps of the same request, or none."""
    n_steps = int(network.requests.first[-1])
    kind = np.int32 if n_steps <= np.iinfo(np.int32).max else np.int64  # whatever type the columns were given in
    last = np.repeat(network.requests.first[1:].astype(kind), np.diff(network.requests.first))
    here = np.arange(len(last), dtype=kind)
    for name in LEADS:
        to = getattr(network.steps, name)
        ok = (to == NONE) | ((to > here) & (to < last))
        _require(ok, f"steps.{name}", "-1 or a later step of the same request", to, "step")


def check_work(network: Network) -> None:
    """Check that no step's work, at the slowest pace that serves it, overflows int64."""
    duties, steps = network.duties, network.steps
    most = int(steps.work.max(initial=0)) * int(duties.pace.max(initial=1))
    if most < LIMIT:
        return
    slowest = np.ones(len(network.stations.hall) + 1, dtype=np.int64)  # the last is for station -1
    np.maximum.at(slowest, duties.station, duties.pace)
    ok = steps.work <= (LIMIT - 1) // slowest[steps.station]
    _require(ok, "steps.work", "below 2^62 when multiplied by the largest pace", steps.work, "step")


def check_hand_back(network: Network) -> None:
    """Refuse hand-back intervals in which a spell can begin with a changeover that never ends.

    After a gap the server is at site 0. In an interval no longer than its changeover, a step at another
    site is handed back before any of its work is done, and so every time: it can bounce forever.
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
    _require(~trap, "servers' interval", rule, length, "interval", first=servers.first, owned_by="server")
