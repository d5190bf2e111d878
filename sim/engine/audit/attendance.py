"""Time on duty between two instants, for many stretches of many servers at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.network import owners

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.arrays import AnyInts, Bools
    from sim.engine.audit.kernels import Staff
    from sim.engine.network import Network


def on_duty(staff: Staff, server: AnyInts, start: AnyInts, end: AnyInts) -> AnyInts:
    """Return the ticks of each stretch [start, end) at which its server is on duty.

    Parameters
    ----------
    staff : Staff
        The rosters, from `staff_of`.
    server, start, end : ndarray of int, shape (n,)
        The server of each stretch, and its instants; the end is not before the start.

    Returns
    -------
    ndarray of int64, shape (n,)
        Ticks.
    """
    from sim.engine.audit import kernels  # late: Numba takes a third of a second to load

    ticks = np.empty(len(server), dtype=np.int64)
    kernels.attend(staff, staff.first[:-1].copy(), fixed(server), fixed(start), fixed(end), ticks)
    return ticks


def staff_of(network: Network, counted: Bools | None = None) -> Staff:
    """Return rosters and duties as the kernels look them up.

    Parameters
    ----------
    network : Network
        With its servers and duties.
    counted : ndarray of bool, shape (intervals,), or None
        Which intervals of the rosters count as being on duty; all of them by default.
    """
    from sim.engine.audit import kernels

    servers, duties = network.servers, network.duties
    order = np.lexsort((duties.station, owners(duties.first)))
    kept = np.arange(len(servers.open)) if counted is None else np.flatnonzero(counted)
    length = (servers.close - servers.open)[kept]
    return kernels.Staff(
        first=fixed(np.searchsorted(kept, servers.first)),
        open=fixed(servers.open[kept]),
        close=fixed(servers.close[kept]),
        duty=fixed(servers.duty[kept]),
        before=fixed(np.cumsum(length, dtype=np.int64) - length),
        duty_first=fixed(duties.first),
        station=fixed(duties.station[order]),
        pace=fixed(duties.pace[order]),
    )


def fixed(column: NDArray[Any]) -> NDArray[np.int64]:
    """Return a column of whole numbers or flags as int64, in one piece and read-only: one type for every kernel."""
    whole_numbers = np.ascontiguousarray(column, dtype=np.int64).view()
    whole_numbers.flags.writeable = False
    return whole_numbers
