"""Runs tasks in this process, on the cores of this machine or on a cluster; the results are the same everywhere."""

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
    wanted: Callable[[Task], bool] | None = None,
    on_lost: Callable[[Task, str], bool] | None = None,
    named: Callable[[Task], str] = str,
) -> None:
    """Call a function on every task and keep each result, on the processes that the executor names.

    A result is kept as soon as it is there, so that no finished task is lost: by the worker itself on this machine, by
    this process where workers may be on other machines.

    Parameters
    ----------
    function
        Does a task and returns its result. Function, tasks and results can be pickled.
    tasks
        Handed out in this order.
    executor
        `Serial`, `Local` or `Dask`.
    on_done
        Called here with a task and what `keep` returned, in the order in which they finish.
    keep
        Called with a task and its result, to put it on disk; without it `on_done` gets the result.
    wanted
        Called here with a task when it is about to be handed to a worker; where it returns False, it is left out.
    on_lost
        Called here with a task that was given up, and why: its worker died, and again with this task alone, and a third
        time (`executor.retries` says how often on a cluster). Returns whether the work is done without it; by default,
        and where it is not, an error says so once all others have ended.
    named
        Returns the name of a task for messages.

    Raises
    ------
    ExecutorError
        If there are no workers, or they run another program; at the end, if tasks were given up; or at once, if several
        were before any was done.
    Exception
        The first one of a task, with a note that names the task, once the tasks that run have finished and been
        kept; those that wait are dropped. One of `keep` in this process or of `on_done` is raised at once.
    KeyboardInterrupt
        On Ctrl-C, once the workers of this machine have ended.
    """
    work = Work(
        function, keep or _result, wanted or (lambda _: True), on_done, on_lost or (lambda *_: False), named
    )  # fmt: skip
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


def _result(_: object, result: Result) -> Result:
    """Return the result itself."""
    return result
