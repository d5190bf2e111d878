"""The quick audit, made after every run: what goes in must come out, in whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sim.engine.audit.attendance import fixed, staff_of
from sim.engine.audit.by_row import first_failure
from sim.engine.network import NONE
from sim.engine.record import InvariantError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sim.arrays import AnyInts
    from sim.engine.audit.kernels import Findings, Steps, Stretches
    from sim.engine.network import Network
    from sim.engine.record import Spells, Visits

T = TypeVar("T", "Steps", "Stretches")

BLOCK = 1 << 15  # steps whose columns stay in the cache while they are read as int64


def balance(network: Network, visits: Visits, spells: Spells, horizon: int) -> None:
    """Check conservation, Little's law, work and rosters of a record; quick enough to do after every run.

    Parameters
    ----------
    network : Network
        The network that was run.
    visits, spells : Visits, Spells
        The record of the run.
    horizon : int
        The horizon of the run, in ticks.

    Raises
    ------
    InvariantError
        At the first check that fails: its name, and the first station, step, spell or server that fails it.
    """
    unreadable = _unreadable(network, spells)
    if unreadable:
        raise InvariantError(f"rosters: {unreadable}")
    for failure in _failures(spells, _read(network, visits, spells, horizon)):
        raise InvariantError(failure)


def _unreadable(network: Network, spells: Spells) -> str | None:
    """Return the first spell that is out of the order of steps or of no server: the kernels could not read it."""
    no_step = (spells.step < 0) | (spells.step >= len(network.steps.work))
    no_step[1:] |= spells.step[1:] < spells.step[:-1]
    no_server = (spells.server < 0) | (spells.server >= len(network.servers.changeover))
    failure = first_failure(no_step, "spell", "is of no step, or out of the order of steps")
    return failure or first_failure(no_server, "server", "starts a spell off duty", spells.server)


def _read(network: Network, visits: Visits, spells: Spells, horizon: int) -> Findings:
    """Return the findings of one pass over all steps and their spells."""
    from sim.engine.audit import kernels  # late: Numba takes a third of a second to load

    servers, n_steps = network.servers, len(network.steps.work)
    findings = kernels.Findings(
        failures=np.full(kernels.N_CHECKS, NONE),
        counts=np.zeros((4, len(network.stations.hall) + 1), dtype=np.int64),
        sums=np.zeros(2, dtype=np.int64),
        latest=servers.first[:-1].astype(np.int64),
        interval=np.full(len(spells.step), NONE),
        n_spells=np.zeros(len(servers.open), dtype=np.int64),
    )
    staff = staff_of(network)
    steps = {name: getattr(network.steps, name) for name in ("station", "work", "past_closing")} | vars(visits)
    begins = np.arange(0, n_steps, BLOCK)
    cuts = np.searchsorted(spells.step, np.append(begins, n_steps).astype(spells.step.dtype)).tolist()
    for step, a, b in zip(begins.tolist(), cuts[:-1], cuts[1:], strict=True):
        some = _columns(kernels.Steps, steps, step, step + BLOCK)
        kernels.check_steps(staff, findings, some, step, _columns(kernels.Stretches, vars(spells), a, b), a, horizon)
    if findings.failures[kernels.OFF_DUTY] == NONE:
        when = np.empty((len(spells.step), 2), dtype=np.int64)
        kernels.find_overlaps(staff, findings, fixed(spells.start), fixed(spells.end), horizon, when)
    return findings


def _columns(kind: type[T], columns: Mapping[str, AnyInts], a: int = 0, b: int | None = None) -> T:
    """Return rows [a, b) of the columns of a tuple of the kernels."""
    return kind(*(fixed(columns[name][a:b]) for name in kind._fields))


def _failures(spells: Spells, findings: Findings) -> Iterator[str]:
    """Yield a sentence for each check that fails.

    Little's law says that the integral of the number of steps at stations, here summed step by step from
    arrival to end, is waiting plus service, to the tick.
    """
    off_duty, twice, ticks, starts, done, service = findings.failures.tolist()
    if off_duty != NONE:
        yield f"rosters: server {spells.server[off_duty]} starts a spell off duty"
    if twice != NONE:
        yield f"rosters: server {twice} has two spells at once"
    if ticks != NONE:
        yield f"rosters: spell {ticks} has other ticks than its roster"
    arrived, ended, still_open, gone = findings.counts
    lost = first_failure((arrived != gone + still_open) | (gone != ended), "station", "lost or gained steps")
    if lost:
        yield f"conservation: {lost}"
    if starts != NONE:
        yield f"conservation: step {starts} has more or fewer spells than starts, interruptions and service"
    integral, total = findings.sums.tolist()
    if integral != total:
        yield f"Little's law: steps are present for {integral} ticks by their number, for {total} by their times"
    if done != NONE:
        yield f"work: step {done} has done more or less than its work and spells"
    if service != NONE:
        yield f"work: step {spells.step[service]} was served in other ticks than its work takes"
