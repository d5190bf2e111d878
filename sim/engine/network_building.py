"""Makes a network from columns: checked, of narrow types where the values fit, and read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from sim.arrays import AnyInts, frozen
from sim.engine.network import NONE, Calendars, Duties, Halls, Network, Requests, Servers, Stations, Steps, owners
from sim.engine.network_checks import (
    check_duties,
    check_hand_back,
    check_intervals,
    check_offsets,
    check_requests,
    check_routes,
    check_servers,
    check_signals,
    check_stations,
    check_steps,
    check_work,
)
from sim.errors import NetworkError

T = TypeVar("T")

NARROW: dict[str, type[np.signedinteger[Any]]] = {
    "station": np.int16, "work": np.int32, "priority": np.int8, "yields_to": np.int8, "past_closing": np.int8,
    "lag": np.int64, "lag_clock": np.int16, "gate": np.int8, "patience": np.int64, "patience_clock": np.int8,
    "shuts": np.int16, "emits": np.int16, "awaits": np.int16, "count": np.int16, "next": np.int32, "leave": np.int32,
}  # fmt: skip
"""The type of each column of steps in a network whose values all fit."""

# Columns with one entry for each owner (a duty, a server, a request), not for each of its rows.
_OF_OWNER = frozenset({"longest", "changeover", "begin"})

_ABSENT = {
    f"{table}.{column}": NONE
    for table, columns in {
        "stations": "hall site",
        "steps": "station lag_clock gate patience patience_clock shuts emits awaits next leave",
    }.items()
    for column in columns.split()
} | {"steps.count": 1, "duties.pace": 1000}
"""What a column that is left out is filled with, where that is not 0."""


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
        The columns of the dataclasses of `sim.engine.network`; times in ticks. A column left out is -1 where -1
        means none, 1 for `count`, 1000 for `pace` and 0 otherwise; `first` may be left out only of an
        empty table.
    allow_unserved : bool
        Whether a step may need a station that no server's roster ever serves (it would wait forever).

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
    if not isinstance(allow_unserved, bool):
        raise NetworkError(f"allow_unserved must be true or false, got {allow_unserved!r:.60}")
    bare = bare_network(stations=stations, halls=halls, duties=duties, servers=servers, calendars=calendars)
    return with_requests(bare, requests=requests, steps=steps, allow_unserved=allow_unserved)


def checked_again(network: Network) -> Network:
    """Return a network, checked as `make_network` does: one can be copied with other tables, which nobody checked.

    Nothing is copied here. Whether all steps are served was decided when it was made.
    """
    tables = {field.name: getattr(network, field.name) for field in fields(network)}
    columns: dict[str, Any] = {name: vars(one) if is_dataclass(one) else one for name, one in tables.items()}
    return make_network(**columns, allow_unserved=True)


def bare_network(
    *,
    stations: Mapping[str, ArrayLike],
    halls: Mapping[str, ArrayLike] | None = None,
    duties: Mapping[str, ArrayLike],
    servers: Mapping[str, ArrayLike],
    calendars: Mapping[str, ArrayLike] | None = None,
) -> Network:
    """Return a checked network without requests; arguments and errors are those of `make_network`."""
    network = Network(
        stations=_table(Stations, "stations", stations),
        halls=_table(Halls, "halls", {} if halls is None else halls),
        duties=_table(Duties, "duties", duties),
        servers=_table(Servers, "servers", servers),
        calendars=_table(Calendars, "calendars", {} if calendars is None else calendars),
        requests=_table(Requests, "requests", {}),
        steps=_table(Steps, "steps", {}),
    )
    check_stations(network)
    check_duties(network)
    check_servers(network)
    check_intervals("calendars", "calendar", network.calendars)
    return _stored(network)


def with_requests(
    bare: Network, *, requests: Mapping[str, ArrayLike], steps: Mapping[str, ArrayLike], allow_unserved: bool = False
) -> Network:
    """Return a checked network of these requests; it shares the stations, staff and calendars of a bare one.

    Arguments and errors are those of `make_network`.
    """
    network = replace(bare, requests=_table(Requests, "requests", requests), steps=_table(Steps, "steps", steps))
    check_requests(network)
    check_steps(network)
    check_signals(network)
    check_routes(network)
    check_work(network)
    check_hand_back(network)
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


def _table(kind: type[T], table: str, given: Mapping[str, ArrayLike]) -> T:
    """Return a table of whole, read-only columns, with those left out filled in."""
    if not isinstance(given, Mapping):
        raise NetworkError(f"{table} must be a mapping of columns to whole numbers, got {given!r:.60}")
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
        if not per_row:  # the rows are another table's, which is as long as it is
            n_rows = int(first[-1]) if len(first) else 0
        check_offsets(f"{table}.first", first, n_rows)
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
    """Return whether the steps, and all that an engine writes about them, fit into the narrow types."""
    steps, servers = network.steps, network.servers
    most = int(steps.work.max(initial=0)) * max(1000, int(network.duties.pace.max(initial=0))) // 1000
    return (
        len(servers.changeover) <= np.iinfo(np.int16).max
        # Of a step that awaits a signal, an engine writes the number of an emission: those so far and `count`.
        and len(steps.work) <= np.iinfo(np.int32).max - np.iinfo(np.int16).max
        and most + int(servers.changeover.max(initial=0)) < np.iinfo(np.int32).max
        and all(_fits(getattr(steps, name), kind) for name, kind in NARROW.items())
    )


def _fits(column: AnyInts, kind: type[np.signedinteger[Any]]) -> bool:
    """Return whether a narrow type holds every value of a column."""
    limits = np.iinfo(kind)
    return column.dtype == kind or bool(column.min(initial=0) >= limits.min and column.max(initial=0) <= limits.max)


def _column(field: str, given: ArrayLike) -> AnyInts:
    """Return one column as whole numbers, the array given itself where it is one already."""
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, OverflowError) as error:
        raise NetworkError(f"{field} must be a list of whole numbers, got {given!r:.60}") from error
    if array.ndim != 1:
        raise NetworkError(f"{field} must be one-dimensional, got {array.ndim} dimensions")
    if array.size and (array.dtype.kind not in "iub" or array.dtype == np.uint64):
        raise NetworkError(f"{field} must be whole numbers of at most 64 bits, got {array.dtype}")
    return array if array.dtype.kind == "i" else array.astype(np.int64)
