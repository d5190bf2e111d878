"""How large a queueing network is, from its plan: what does not fit into the memory is refused before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.draws.clock import DAY
from sim.errors import ConfigError
from sim.memory import memory_there_is_mb
from sim.queueing.checks import exits, shifts_of, step_names
from sim.queueing.schema import END, MOST_ROUNDS, SWING_STEPS, InTurn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sim.arrays import Floats, Ints
    from sim.draws.laws import AnyLaw
    from sim.queueing.hours import Hours
    from sim.queueing.schema import Arrivals, Fork, QueueNetwork, RequestClass

STEP_BYTES = 700
"""Of all tables of a replication, for each step: measured, and rounded up."""

INTERVAL_BYTES = 150
"""Of hours while they are laid out, for each interval."""

NEGLIGIBLE = 1e-9
"""The share of requests in a further round that counts for nothing."""


class Part(NamedTuple):
    """What a replication is made of: the path that makes it many, what it is, its number and the memory of each."""

    path: str
    what: str
    number: float
    each: int


def needed_bytes(plan: QueueNetwork) -> float:
    """Return what a replication of a network takes, of its whole horizon: a rough number."""
    return sum(part.number * part.each for part in _parts(plan))


def check_size(plan: QueueNetwork, root: str) -> None:
    """Raise if a replication of a network cannot fit into the memory of this machine.

    Its whole horizon counts: both engines run a network in one piece, and `engine.block_weeks` is of districts. A case
    of validation has blocks of whole replications, one in memory at a time.

    Raises
    ------
    ConfigError
        By the path of what takes most of it.
    """
    needed = needed_bytes(plan)
    if needed > memory_there_is_mb() * 1e6:
        most = max(_parts(plan), key=lambda part: part.number * part.each)
        raise too_large(f"{root}.{most.path}", most.what, most.number, needed)


def check_steps(path: str, number: float) -> None:
    """Raise if so many steps, which were drawn, do not fit into the memory; `path` says where they come from."""
    if number * STEP_BYTES > memory_there_is_mb() * 1e6:
        raise too_large(path, "steps", number, number * STEP_BYTES)


def too_large(path: str, what: str, number: float, needed: float) -> ConfigError:
    """Return the error for a network that does not fit into the memory (`needed` in bytes)."""
    return ConfigError(
        f"{path} must be such that a replication fits into the memory ({memory_there_is_mb() / 1e3:,.0f} GB), got "
        f"{number:,.0f} {what} and {needed / 1e9:,.0f} GB"
    )


def _parts(plan: QueueNetwork) -> Iterator[Part]:
    """Yield what a replication is made of: rough numbers."""
    for name, hours in plan.calendars.items():
        yield Part(f"calendars.{name}", "intervals", _intervals(plan, hours), INTERVAL_BYTES)
    for name, pool in plan.servers.items():
        given = [pool.hours] if pool.roster is None else [shift.hours for shift in shifts_of(plan, pool) or ()]
        each = sum(_intervals(plan, hours) for hours in given)
        yield Part(f"servers.{name}", "intervals of rosters", pool.number * (1 + each), INTERVAL_BYTES)
    for name, kind in plan.classes.items():
        path, number, each = f"classes.{name}.arrivals", _arrivals(plan, kind.arrivals), _steps(plan, kind)
        often = path if each <= len(kind.route) else f"classes.{name}.route"
        yield Part(often, "steps", number * each, STEP_BYTES)
        yield Part(path, "changes of the rate", _changes(plan, kind.arrivals), INTERVAL_BYTES)
        for i, step in enumerate(kind.route):
            for column in ("lag_clock", "gate", "patience_clock", "shuts"):
                each = _intervals(plan, getattr(step, column))
                yield Part(f"classes.{name}.route.{i}.{column}", "intervals", each, INTERVAL_BYTES)


def _steps(plan: QueueNetwork, kind: RequestClass) -> float:
    """Return how many steps a request of a class has in the mean, with those of its further rounds.

    Steps in turn count as if they were by lot, and both ways of a request that may leave count.
    """
    names = [*step_names(kind.route), END]
    index = {name: i for i, name in enumerate(names)}
    to = [[_shares(fork, index) for fork in exits(plan, kind.route, i)] for i in range(len(kind.route))]
    here, number = np.zeros(len(names)), 0.0
    here[0] = 1.0
    for _ in range(kind.rounds or MOST_ROUNDS):
        again = np.zeros(len(names))
        for i, ways in enumerate(to):
            for targets, shares in ways if here[i] > 0 else ():
                on = targets > i
                here[targets[on]] = np.minimum(1.0, here[targets[on]] + here[i] * shares[on])
                again[targets[~on]] = np.minimum(1.0, again[targets[~on]] + here[i] * shares[~on])
        number += float(here[:-1].sum())
        here = again
        if here.sum() < NEGLIGIBLE:
            break
    return number


def _shares(fork: Fork, index: Mapping[str, int]) -> tuple[Ints, Floats]:
    """Return the steps that a fork leads to, and the share of each."""
    targets = np.array([index[name] for name in fork.targets], dtype=np.int64)
    return targets, np.array([1 / len(targets) if fork.in_turn else fork.shares[name] for name in fork.targets])


def _intervals(plan: QueueNetwork, hours: Hours | None) -> float:
    """Return how many intervals hours have up to the horizon."""
    if hours is None:
        return 0.0
    if hours.calendar is not None:
        return _intervals(plan, plan.calendars[hours.calendar])
    if hours.alternating is not None:
        return plan.horizon / (hours.alternating.open.mean + hours.alternating.shut.mean)
    if hours.weekly is not None:
        return plan.ticks(plan.horizon) / DAY * sum(map(len, hours.weekly.values()))
    n = len(hours.intervals or ()) + len(hours.instants or ())
    return n * (1 if hours.every is None else 1 + plan.horizon / hours.every)


def _arrivals(plan: QueueNetwork, arrivals: Arrivals) -> float:
    """Return how many requests of a class are expected."""
    if arrivals.times is not None:
        number = float(len(arrivals.times))
    elif arrivals.renewal is not None:
        number = plan.horizon / arrivals.renewal.mean
    elif arrivals.sinusoid is not None:
        number = plan.horizon * arrivals.sinusoid.mean
    elif arrivals.profile is not None:
        lengths, rates = np.array(arrivals.profile).T
        number = plan.horizon * float(lengths @ rates / lengths.sum())
    else:
        number = plan.horizon * (arrivals.rate or 0.0)
    return number * (1.0 if arrivals.batch is None else _mean(arrivals.batch))


def _changes(plan: QueueNetwork, arrivals: Arrivals) -> float:
    """Return how often the rate of arrivals changes up to the horizon: also at each midnight."""
    if arrivals.times is not None or arrivals.renewal is not None:
        return 0.0
    steps, period = 1, plan.horizon
    if arrivals.profile is not None:
        steps, period = len(arrivals.profile), sum(length for length, _ in arrivals.profile)
    elif arrivals.sinusoid is not None:
        steps, period = SWING_STEPS, arrivals.sinusoid.period
    return plan.horizon / period * steps + plan.ticks(plan.horizon) / DAY + _intervals(plan, arrivals.hours)


def _mean(amount: AnyLaw | InTurn) -> float:
    """Return the mean of an amount."""
    return float(np.mean(amount.values)) if isinstance(amount, InTurn) else amount.mean
