"""Runs tasks in this process, on the cores of this machine or on a cluster; what they give is the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sim.executor.processes import default_workers, run_on_processes
from sim.executor.settings import Dask, Local, Serial, Settings, chosen
from sim.executor.work import Work, run_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Dask", "Local", "Serial", "Settings", "chosen", "default_workers", "run_tasks"]

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_tasks(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    executor: Settings,
    *,
    on_done: Callable[[Task, Any], None],
    keep: Callable[[Task, Result], Any] | None = None,
    on_start: Callable[[Task], None] | None = None,
    named: Callable[[Task], str] = str,
) -> None:
    """Call a function on every task and keep its results, where and on as many processes as the executor says.

    A result is kept as soon as it is there, so that nothing finished is lost, whatever happens: by the worker itself on
    this machine, by this process where the workers may be on others.

    Parameters
    ----------
    function
        What to do; it, the tasks and what it returns can be pickled, and it needs nothing but its task.
    tasks
        Handed out in this order.
    executor
        `Serial`, `Local` or `Dask`.
    on_done
        Called here with a task and what `keep` returned, in the order in which they finish.
    keep
        Called with a task and its result, to put it on disk; without it `on_done` gets the result.
    on_start
        Called here with a task when it is handed to a worker.
    named
        The name of a task in messages.

    Raises
    ------
    ExecutorError
        The workers must be there, run the same program, live as long as their tasks and have the memory for them.
    Exception
        The first one of a task, with a note that names the task: tasks that run are let finish and handed
        on, those that wait are dropped. One of `keep` in this process or of `on_done` is raised at once.
    KeyboardInterrupt
        After Ctrl-C, when the workers of this machine have ended.
    """
    work = Work(function, keep or _as_result, on_start or _ignore, on_done, named)
    waiting = list(tasks)
    if not waiting:
        return
    if isinstance(executor, Dask):
        from sim.executor.cluster import run_on_cluster

        run_on_cluster(work, waiting, executor)
    elif isinstance(executor, Serial):
        run_here(work, waiting)
    else:
        workers = min(executor.workers or default_workers(), len(waiting))
        if workers == 1 and executor.memory_mb_per_worker is None:
            run_here(work, waiting)
        else:
            run_on_processes(work, waiting, workers, executor.memory_mb_per_worker)


def _as_result(_: object, result: Result) -> Result:
    """Return a result as it is."""
    return result


def _ignore(task: object) -> None:
    """Do nothing."""
