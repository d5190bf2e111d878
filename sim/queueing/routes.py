"""Unrolls routes: draws, before the engine runs, the steps that each request goes through.

Steps of the engine lead forwards only. A route that leads back is unrolled in *rounds*: a request that goes to a step
at or above the one it is at begins the next round. In a round it is at each step at most once, so a step is identified
by its round, and its draws belong to (request, step, round), independently of what happened before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sim.draws.laws import Deterministic
from sim.errors import ConfigError
from sim.queueing.checks import exits, step_names
from sim.queueing.schema import END, MOST_ROUNDS, Fork, InTurn
from sim.queueing.size import check_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sim.arrays import Floats, Ints
    from sim.draws.laws import AnyLaw
    from sim.queueing.schema import QueueNetwork, RequestClass, Step

    Draw = Callable[[str, int], Floats]

NONE = -1

AMOUNTS = ("service", "lag", "patience", "count")


@dataclass(frozen=True)
class Rows:
    """The steps of the requests of a class, by round and then by step of the route.

    `amounts` holds, for each of `AMOUNTS`, one number a row in the plan's time unit (NaN: none); `next`
    and `leave` are rows, -1 where the request ends.
    """

    request: Ints
    step: Ints
    amounts: dict[str, Floats]
    next: Ints
    leave: Ints


def unroll(plan: QueueNetwork, kind: RequestClass, path: str, n: int, draw: Draw) -> Rows:
    """Return the rows of n requests of a class.

    Parameters
    ----------
    plan : QueueNetwork
        The checked plan that the class is part of.
    kind : RequestClass
        The class.
    path : str
        Its path, for messages.
    n : int
        Number of requests.
    draw : callable
        Given a purpose and a number n, returns n uniforms; entry i belongs to request i.

    Returns
    -------
    Rows
        At least one row a request, if there are any.

    Raises
    ------
    ConfigError
        If a request goes round more than `MOST_ROUNDS` times and the class does not bound its rounds.
    """
    names = step_names(kind.route)
    here = [np.ones(n, dtype=bool) if i == 0 else np.zeros(n, dtype=bool) for i in range(len(names))]
    forks = [exits(plan, kind.route, i) for i in range(len(names))]
    nodes: list[_Node] = []
    rounds = n_rows = 0
    while any(mask.any() for mask in here):
        if rounds == MOST_ROUNDS and kind.rounds is None:
            raise ConfigError(f"{path}.rounds must be given where requests go round {MOST_ROUNDS} times, got nothing")
        last = kind.rounds is not None and rounds + 1 == kind.rounds
        again = [np.zeros(n, dtype=bool) for _ in names]
        for i in range(len(names)):
            who = np.flatnonzero(here[i])
            if len(who):
                n_rows += len(who)
                check_steps(f"{path}.route", n_rows)
                nodes.append(_node(kind, forks[i], (i, rounds), who, draw))
                _mark(nodes[-1], here, again, last)
        here = again
        rounds += 1
    return _joined(nodes)


@dataclass(frozen=True)
class _Node:
    """The requests at one step in one round; where each goes, as a step of the route (-1: it ends)."""

    step: int
    round: int
    who: Ints
    amounts: dict[str, Floats]
    next: Ints
    leave: Ints


def _node(kind: RequestClass, forks: list[Fork], at: tuple[int, int], who: Ints, draw: Draw) -> _Node:
    """Draw all that is random for the requests at a step in a round."""
    i, round_ = at
    names, step = step_names(kind.route), kind.route[i]

    def uniform(purpose: str) -> Floats:
        return draw(f"{names[i]}/{purpose}/{round_}", int(who[-1]) + 1)[who]

    amounts = {name: _amounts(getattr(step, name), who, partial(uniform, name)) for name in AMOUNTS}
    to_next = _choices(forks[0], names, who, partial(uniform, "next"))
    to_leave = np.full(len(who), NONE)
    if len(forks) > 1:
        to_leave = _choices(forks[1], names, who, partial(uniform, "leave"))
    return _Node(i, round_, who, amounts, to_next, to_leave)


def values(amount: AnyLaw | InTurn, who: Ints, uniform: Callable[[], Floats]) -> Floats:
    """Return the amounts of some requests, by law or in turn; uniforms are drawn only if needed."""
    if isinstance(amount, InTurn):
        return np.asarray(amount.values)[who % len(amount.values)]
    if isinstance(amount, Deterministic):
        return np.full(len(who), amount.value)
    return amount.inverse(uniform())


def _amounts(amount: AnyLaw | InTurn | None, who: Ints, uniform: Callable[[], Floats]) -> Floats:
    """Return the amounts, NaN where there are none."""
    return np.full(len(who), np.nan) if amount is None else values(amount, who, uniform)


def _choices(fork: Fork, names: list[str], who: Ints, uniform: Callable[[], Floats]) -> Ints:
    """Return the step that each request goes to, -1 where it ends."""
    index = {name: i for i, name in enumerate(names)} | {END: NONE}
    targets = np.array([index[name] for name in fork.targets], dtype=np.int64)
    if fork.in_turn:
        return targets[who % len(targets)]
    if len(targets) == 1:
        return np.full(len(who), targets[0])
    shares = np.cumsum([fork.shares[name] for name in fork.targets])
    return targets[np.searchsorted(shares[:-1], uniform(), side="right")]


def _mark(node: _Node, here: list[NDArray[np.bool_]], again: list[NDArray[np.bool_]], last: bool) -> None:
    """Mark the steps that requests of a node may go to, in this round or the next; end those that may not go on."""
    for to in (node.next, node.leave):
        if last:
            to[to <= node.step] = NONE
        for target in np.unique(to[to != NONE]):
            masks = here if target > node.step else again
            masks[target][node.who[to == target]] = True


def _joined(nodes: list[_Node]) -> Rows:
    """Return all nodes as rows, with `next` and `leave` as row numbers."""
    first = np.cumsum([0, *(len(node.who) for node in nodes)])
    at = {(node.round, node.step): k for k, node in enumerate(nodes)}

    def rows(node: _Node, to: Ints) -> Ints:
        rows_after = np.full(len(to), NONE)
        for target in np.unique(to[to != NONE]):
            k = at[node.round + (target <= node.step), int(target)]
            going = to == target
            rows_after[going] = first[k] + np.searchsorted(nodes[k].who, node.who[going])
        return rows_after

    return Rows(
        request=_concatenated([node.who for node in nodes]),
        step=np.repeat(np.array([node.step for node in nodes], dtype=np.int64), np.diff(first)),
        amounts={name: np.concatenate([np.zeros(0), *(node.amounts[name] for node in nodes)]) for name in AMOUNTS},
        next=_concatenated([rows(node, node.next) for node in nodes]),
        leave=_concatenated([rows(node, node.leave) for node in nodes]),
    )


def _concatenated(parts: list[Ints]) -> Ints:
    """Return integer arrays joined into one, empty if there are none."""
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def step_columns(kind: RequestClass, step: Step) -> dict[str, int]:
    """Return the numbers of a step that are the same for every request of its class."""
    return {
        "priority": kind.priority if step.priority is None else step.priority,
        "yields_to": kind.yields_to if step.yields_to is None else step.yields_to,
        "past_closing": int(step.past_closing),
    }
