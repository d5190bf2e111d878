"""The work that every executor is given: the functions that do a task, keep its result and report it."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from sim.errors import ExecutorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Task = TypeVar("Task")
Result = TypeVar("Result")

KEPT = "What was finished is kept: the same command continues from there."
TRIES = 3
"""A task whose workers died this often is given up."""

KILLED = "killed, or out of memory"


@dataclass(frozen=True)
class Work(Generic[Task, Result]):
    """The functions of `run_tasks`."""

    function: Callable[[Task], Result]
    keep: Callable[[Task, Result], Any]
    wanted: Callable[[Task], bool]
    on_done: Callable[[Task, Any], None]
    on_lost: Callable[[Task, str], bool]
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


@dataclass
class Deaths(Generic[Task]):
    """The live count of the workers that died with each task, by its number, and what follows from it.

    Attributes
    ----------
    work
        What the tasks are of.
    tasks
        All of them.
    tries
        The most deaths with one task.
    done
        Whether any task was ever done here.
    lost
        The numbers of the tasks that were given up.
    unforgiven
        Those of them without which the work is not done.
    """

    work: Work[Task, Any]
    tasks: Sequence[Task]
    tries: int = TRIES
    done: bool = False
    lost: list[int] = field(default_factory=list)
    unforgiven: list[int] = field(default_factory=list)
    times: Counter[int] = field(default_factory=Counter)

    def again(self, number: int, why: str) -> bool:
        """Count a death, and return whether its task is to be tried again; if not, it is given up, and why is told."""
        self.times[number] += 1
        if self.times[number] < self.tries:
            return True
        self.lost.append(number)
        if not self.work.on_lost(self.tasks[number], f"{self.times[number]} workers in turn ended before it: {why}"):
            self.unforgiven.append(number)
        return False

    @property
    def hopeless(self) -> bool:
        """Return whether it is not the tasks: several were given up, and none was ever done."""
        return not self.done and len(self.lost) >= TRIES

    def settle(self, rule: str, advice: str = "") -> None:
        """Raise `ExecutorError` if the work lacks a task or is hopeless: the rule, and the tasks that broke it."""
        if named := self.lost if self.hopeless else self.unforgiven:
            raise ExecutorError(f"{rule}: {self.work.names(self.tasks[n] for n in named)}. {KEPT}{advice}")


def portable(error: Exception) -> Exception:
    """Return an exception that can be sent to another process: itself, or one that describes it in words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - any error of an exception's own pickling
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def run_here(work: Work[Task, Result], tasks: Iterable[Task]) -> None:
    """Run tasks in this process, one after another, as `run_tasks` describes."""
    for task in filter(work.wanted, tasks):
        try:
            kept = work.keep(task, work.function(task))
        except Exception as error:  # noqa: BLE001 - it is raised again, with the name of its task
            work.fail(task, error)
        work.on_done(task, kept)
