"""The quick check of a record after every run: what goes in comes out, in whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.network import NONE, needed_ticks
from sim.visits.facts import Facts
from sim.visits.record import InvariantError, Outcome
from sim.visits.rows import first

if TYPE_CHECKING:
    from sim.network import Network
    from sim.visits.record import Spells, Visits


def balance(network: Network, visits: Visits, spells: Spells, horizon: int) -> None:
    """Hold a record to conservation, Little's law, work and rosters; quick enough after every run.

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
        Where the books do not balance: what, and the first station, step, spell or server.
    """
    facts = Facts(network, visits, spells, horizon)
    for name, broken in _BOOKS.items():
        found = broken(facts)
        if found:
            raise InvariantError(f"{name}: {found}")


def _conservation(facts: Facts) -> str | None:
    """Hold arrivals at each station to what became of them, and spells to starts and interruptions."""
    visits, station, spells = facts.visits, facts.network.steps.station, facts.spells
    n = len(facts.network.stations.hall) + 1  # the last is for steps without a station
    where = np.where(station == NONE, n - 1, station)
    arrived = np.bincount(where[visits.arrival != NONE], minlength=n)
    ended = np.bincount(where[visits.end != NONE], minlength=n)
    still = np.bincount(where[visits.outcome == Outcome.OPEN], minlength=n)
    left = visits.outcome >= Outcome.SERVED
    out = np.bincount(where[left], minlength=n)
    found = first((arrived != out + still) | (out != ended), "station", "lost or gained steps")
    if found:
        return found
    n_spells = np.bincount(spells.step, minlength=len(station))
    stopped = np.bincount(spells.step[spells.end != NONE], minlength=len(station))
    served = (visits.outcome == Outcome.SERVED) & (station != NONE)
    bad = (stopped != visits.interruptions + served) | ((n_spells > 0) != (visits.start != NONE))
    return first(bad, "step", "has more or fewer spells than starts, interruptions and service")


def _littles_law(facts: Facts) -> str | None:
    """Hold the integral of the number of steps at stations to waiting plus service, to the tick."""
    visits, spells = facts.visits, facts.spells
    here = facts.network.steps.station != NONE
    here &= visits.arrival != NONE
    starts, ends = np.sort(visits.arrival[here]), np.sort(facts.visit_end[here])
    # One side from the step function of the number present, the other from times of steps and spells.
    when = np.concatenate([starts, ends])
    order = np.argsort(when, kind="stable")
    number = np.cumsum(np.where(order < len(starts), 1, -1))
    integral = int(np.dot(number[:-1], np.diff(when[order]))) if len(when) else 0
    waits = facts.waits
    total = int((waits.end - waits.start).sum()) + int((facts.spell_end - spells.start).sum())
    if integral != total:
        return f"steps are present for {integral} ticks by their number, for {total} by their times"
    return None


def _work(facts: Facts) -> str | None:
    """Hold `done` to the spells, and to the work of every served step."""
    visits, spells, work = facts.visits, facts.spells, facts.network.steps.work
    last = ~facts.interrupted & (spells.end != NONE)
    done = np.where(last, facts.left, np.minimum(facts.worked, facts.left))
    total = np.zeros(len(work), dtype=np.int64)
    begins = np.flatnonzero(np.diff(facts.first_spell))
    if len(done):
        total[begins] = np.add.reduceat(done, facts.first_spell[begins])
    bad = (total != visits.done) | ((visits.outcome == Outcome.SERVED) & (visits.done != work))
    found = first(bad, "step", "has done more or less than its work and spells")
    short = last & (spells.ticks - spells.changeover != needed_ticks(facts.left, facts.pace))
    return found or first(short, "step", "was served in other ticks than its work takes", spells.step)


def _rosters(facts: Facts) -> str | None:
    """Hold ticks to the time on duty, and each server to one spell at a time."""
    order, spells = facts.by_server, facts.spells
    server, start, end = spells.server[order], spells.start[order], facts.spell_end[order]
    twice = (server[1:] == server[:-1]) & (start[1:] < end[:-1])
    found = first(facts.line == NONE, "server", "starts a spell off duty", spells.server)
    found = found or first(twice, "server", "has two spells at once", server[1:])
    return found or first(spells.ticks != facts.elapsed, "spell", "has other ticks than its roster")


_BOOKS = {
    "rosters": _rosters,
    "conservation": _conservation,
    "Little's law": _littles_law,
    "work": _work,
}
