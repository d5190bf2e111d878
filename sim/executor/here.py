"""Runs tasks in this process, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.executor.work import Work

Task = TypeVar("Task")
Found = TypeVar("Found")


def run_here(work: Work[Task, Found], tasks: Iterable[Task]) -> None:
    """Run the tasks in this process; `run_tasks` says the rest."""
    for task in tasks:
        work.on_start(task)
        try:
            kept = work.keep(task, work.function(task))
        except Exception as error:  # noqa: BLE001 - it is raised again, with the name of its task
            work.fail(task, error)
        work.on_done(task, kept)
