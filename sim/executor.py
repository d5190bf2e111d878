"""Runs tasks on the cores of this machine; what they give does not depend on how many there are."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Task = TypeVar("Task")
Result = TypeVar("Result")


class ExecutorError(Exception):
    """Tasks could not be run to the end; the message is one paragraph for the user."""


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_tasks(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    workers: int,
    on_done: Callable[[Task, Result], None],
    on_start: Callable[[Task], None] | None = None,
    named: Callable[[Task], str] = str,
) -> None:
    """Call a function on every task, on as many processes as there are workers.

    A worker should put what it finds on disk itself, as soon as it has it: then nothing finished is lost,
    whatever happens. With one worker or one task all runs in this process.

    Parameters
    ----------
    function
        What to do; it, the tasks and the results can be pickled, and it needs nothing but its task.
    tasks
        Handed out in this order.
    workers
        Number of processes, at least 1.
    on_done
        Called here with a task and its result, in the order in which they finish.
    on_start
        Called here with a task when it is handed to a worker.
    named
        What to call a task in a message.

    Raises
    ------
    ValueError
        `workers` must be at least 1.
    ExecutorError
        A worker process ended before its task did.
    Exception
        The first one of a task, with a note that names the task: tasks that run are let finish and handed
        on, those that wait are dropped. One of `on_done` itself is raised at once.
    KeyboardInterrupt
        After Ctrl-C, when the workers have ended.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    waiting = list(tasks)
    begin = on_start or _ignore
    if min(workers, len(waiting)) <= 1:
        for task in waiting:
            begin(task)
            try:
                result = function(task)
            except Exception as error:
                error.add_note(f"in task {named(task)}")
                raise
            on_done(task, result)
    else:
        workers = min(workers, len(waiting))
        _run_on_pool(function, waiting, workers, begin, on_done).settle(named)


@dataclass
class _Crew(Generic[Task, Result]):
    """The live state of a pool: it is handed no more tasks than it has workers, so that none waits inside."""

    pool: ProcessPoolExecutor
    function: Callable[[Task], Result]
    running: dict[Future[Result], Task] = field(default_factory=dict)
    lost: list[Task] = field(default_factory=list)
    failed: list[tuple[Task, BaseException]] = field(default_factory=list)

    def start(self, task: Task) -> None:
        """Hand a task to a worker."""
        try:
            with _interrupts_held():
                self.running[self.pool.submit(_call, self.function, task)] = task
        except BrokenProcessPool:
            self.lost.append(task)

    def collect(self) -> Iterator[tuple[Task, Result]]:
        """Wait for the next tasks to end; yield those that have a result and note the others."""
        done, _ = wait(self.running, return_when=FIRST_COMPLETED)
        for future in [future for future in self.running if future in done]:
            task, error = self.running.pop(future), future.exception()
            if error is None:
                yield task, future.result()
            elif isinstance(error, BrokenProcessPool):
                self.lost.append(task)
            else:
                self.failed.append((task, error))

    def settle(self, named: Callable[[Task], str]) -> None:
        """Raise what went wrong, if anything did."""
        for task, error in self.failed[:1]:
            error.add_note(f"in task {named(task)}")
            raise error
        if self.lost:
            raise ExecutorError(
                "A worker process ended before its task did (it was killed, or the memory ran out) near: "
                f"{', '.join(named(task) for task in self.lost)}. What was finished before is kept: the same "
                "command goes on from there. Fewer workers leave more memory to each."
            )


def _run_on_pool(
    function: Callable[[Task], Result],
    tasks: list[Task],
    workers: int,
    begin: Callable[[Task], None],
    on_done: Callable[[Task, Result], None],
) -> _Crew[Task, Result]:
    """Run the tasks on a pool until all are done or one has failed, and return how it went."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    waiting = iter(tasks)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker) as pool:
        crew = _Crew(pool, function)
        try:
            for task in islice(waiting, workers):
                begin(task)
                crew.start(task)
            while crew.running:
                for task, result in crew.collect():
                    on_done(task, result)
                free = 0 if crew.lost or crew.failed else workers - len(crew.running)
                for task in islice(waiting, free):
                    begin(task)
                    crew.start(task)
        except KeyboardInterrupt:
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise
    return crew


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back: a worker that starts meanwhile is not hit by it before it can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_worker() -> None:
    """Leave Ctrl-C to the parent, and end when the parent does, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the parent to end, then end this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _call(function: Callable[[Task], Result], task: Task) -> Result:
    """Call the function in a worker; an exception that cannot travel is told in words."""
    try:
        return function(task)
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # noqa: BLE001 - whatever an exception's own pickling raises
            raise RuntimeError(f"{type(error).__name__}: {error}") from None
        raise


def _ignore(task: object) -> None:
    """Do nothing."""
