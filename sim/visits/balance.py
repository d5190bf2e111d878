"""The quick check after every run: nothing is lost, Little's law, and nobody does two things at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.network import owners
from sim.visits.record import InvariantError, Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.network import Network
    from sim.visits.record import Spells, Visits

    Ints = NDArray[np.int64]


def balance(network: Network, visits: Visits, spells: Spells, horizon: int) -> None:
    """Hold the record of a run to what can be checked in one pass over its arrays.

    - A step that came is served, abandoned, refused or open, and its instants say the same.
    - Whoever is served had all the work done, and nobody had more than the work.
    - Little's law, exactly: the area under the number present equals the sum of the times present.
    - A server has one spell at a time, and works off duty only past closing.

    Raises
    ------
    InvariantError
        Naming what does not balance and the first place.

    References
    ----------
    Little (1961), A proof for the queuing formula L = lambda W, Operations Research 9(3): on the step functions
    of a finite record it is an identity.
    """
    _outcomes(visits)
    _work(network, visits)
    _little(visits, horizon)
    _one_at_a_time(spells, horizon)
    _on_duty(network, spells, horizon)


def _require(name: str, holds: NDArray[np.bool_], what: str) -> None:
    """Raise for the first place at which a condition does not hold."""
    if not holds.all():
        raise InvariantError(f"{name}: {what} {int(np.argmin(holds))}")


def _outcomes(visits: Visits) -> None:
    """Hold outcomes to the instants beside them."""
    came, ended = visits.arrival >= 0, visits.end >= 0
    outcome = visits.outcome
    _require("conservation", came == (outcome != Outcome.ABSENT), "outcome and arrival disagree at step")
    gone = np.isin(outcome, (Outcome.SERVED, Outcome.ABANDONED, Outcome.REFUSED))
    _require("conservation", ended == gone, "outcome and end disagree at step")
    _require("conservation", ~ended | (visits.end >= visits.arrival), "the end comes before the arrival of step")
    never = np.isin(outcome, (Outcome.ABSENT, Outcome.ABANDONED, Outcome.REFUSED))
    _require("conservation", ~never | (visits.start < 0), "a start without service at step")


def _work(network: Network, visits: Visits) -> None:
    """Hold the work done to the work required."""
    served = visits.outcome == Outcome.SERVED
    _require("work", ~served | (visits.done == network.steps.work), "served without its work being done: step")
    _require("work", (visits.done >= 0) & (visits.done <= network.steps.work), "more done than required: step")


def _little(visits: Visits, horizon: int) -> None:
    """Hold the area under the number present to the sum of the times present."""
    came = visits.arrival >= 0
    arrivals = np.sort(visits.arrival[came])
    ends = np.sort(np.where(visits.end[came] >= 0, visits.end[came], horizon))
    instants = np.unique(np.concatenate([[0], arrivals, ends, [horizon]]))
    present = np.searchsorted(arrivals, instants, side="right") - np.searchsorted(ends, instants, side="right")
    area = int((present[:-1] * np.diff(instants)).sum())
    times = int((np.where(visits.end[came] >= 0, visits.end[came], horizon) - visits.arrival[came]).sum())
    if area != times or (present < 0).any():
        raise InvariantError(f"Little's law: the area under the number present is {area}, the times add up to {times}")


def _one_at_a_time(spells: Spells, horizon: int) -> None:
    """Hold every server to one spell at a time."""
    end = np.where(spells.end >= 0, spells.end, horizon)
    order = np.lexsort((end, spells.start, spells.server))
    server, start, stop = spells.server[order], spells.start[order], end[order]
    apart = (server[1:] != server[:-1]) | (start[1:] >= stop[:-1])
    _require("one spell at a time", apart, "two at once in the order of servers and starts after spell")


def _on_duty(network: Network, spells: Spells, horizon: int) -> None:
    """Hold ticks spent to the roster: those on duty, or all of them where a step goes on past closing."""
    servers = network.servers
    reach = max(int(servers.close.max(initial=0)), horizon) + 1
    base = owners(servers.first) * reach  # one line of time, a stretch for every server
    opens, closes = servers.open + base, servers.close + base
    before = np.concatenate([[0], np.cumsum(closes - opens)])

    def elapsed(instants: Ints) -> Ints:
        at = instants + spells.server * reach
        i = np.searchsorted(opens, at, side="right") - 1
        inside = np.clip(np.minimum(at, closes[i]) - opens[i], 0, None)
        return np.asarray(np.where(i < 0, 0, before[i] + inside))

    end = np.where(spells.end >= 0, spells.end, horizon)
    past = network.steps.past_closing[spells.step] == 1
    on_duty = elapsed(end) - elapsed(spells.start)
    expected = np.where(past, end - spells.start, on_duty)
    _require("on duty", spells.ticks == expected, "ticks and roster disagree at spell")
    _require(
        "changeover",
        (spells.changeover >= 0) & (spells.changeover <= spells.ticks),
        "more changeover than ticks: spell",
    )
