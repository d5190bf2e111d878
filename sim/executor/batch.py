"""Runs on a worker of a cluster: does a few tasks and sends back their results."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from sim.executor.program import differences, program
from sim.executor.work import portable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Task = TypeVar("Task")
Result = TypeVar("Result")

ENOUGH_SECONDS = 2.0


@dataclass
class Reply(Generic[Result]):
    """What a worker sends back: the results of the first tasks of a batch, in their order.

    Attributes
    ----------
    results
        One for each task that was done.
    seconds
        The time that they took.
    error
        The exception of the next task, if it failed.
    other_program
        How the worker's program differs, in words; then no task was done.
    """

    results: list[Result] = field(default_factory=list)
    seconds: float = 0.0
    error: Exception | None = None
    other_program: list[str] = field(default_factory=list)


def perform(
    function: Callable[[Task], Result],
    tasks: list[Task],
    here: Mapping[str, str],
    enough_seconds: float = ENOUGH_SECONDS,
) -> Reply[Result]:
    """Return the results of the tasks, at least of the first.

    - A worker with another program does no task: it may have joined after all the others were checked.
    - Once enough seconds have passed the rest is left, so that results are kept soon.
    """
    reply: Reply[Result] = Reply(other_program=differences(here, program()))
    if reply.other_program:
        return reply
    began = time.perf_counter()
    for task in tasks:
        try:
            reply.results.append(function(task))
        except Exception as error:  # noqa: BLE001 - it is raised where the tasks come from
            reply.error = portable(error)
            break
        reply.seconds = time.perf_counter() - began
        if reply.seconds >= enough_seconds:
            break
    return reply
