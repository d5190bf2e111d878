"""The work that every executor is given: the functions that do a task, keep its result and report it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from sim.errors import ExecutorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Task = TypeVar("Task")
Result = TypeVar("Result")

KEPT = "What was finished before is kept: the same command goes on from there."


@dataclass(frozen=True)
class Work(Generic[Task, Result]):
    """The functions of `run_tasks`."""

    function: Callable[[Task], Result]
    keep: Callable[[Task, Result], Any]
    on_start: Callable[[Task], None]
    on_done: Callable[[Task, Any], None]
    named: Callable[[Task], str]

    def names(self, tasks: Iterable[Task]) -> str:
        """Return the names of the first few tasks."""
        names = [self.named(task) for task in tasks]
        return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

    def fail(self, task: Task, error: BaseException) -> NoReturn:
        """Raise the exception of a task, with the task's name; if memory ran out, in words for the user."""
        if isinstance(error, MemoryError):
            raise ExecutorError(
                f"The memory must be enough for every task, and ran out in: {self.named(task)}. {KEPT} "
                "Fewer workers leave more memory to each."
            ) from error
        error.add_note(f"in task {self.named(task)}")
        raise error


def portable(error: Exception) -> Exception:
    """Return an exception that can be sent to another process: itself, or one that describes it in words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - any error of an exception's own pickling
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def run_here(work: Work[Task, Result], tasks: Iterable[Task]) -> None:
    """Run tasks in this process, one after another, as `run_tasks` describes."""
    for task in tasks:
        work.on_start(task)
        try:
            kept = work.keep(task, work.function(task))
        except Exception as error:  # noqa: BLE001 - it is raised again, with the name of its task
            work.fail(task, error)
        work.on_done(task, kept)
