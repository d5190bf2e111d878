"""Runs tasks on the cores of this machine; the results do not depend on their number."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sim.errors import ExecutorError
from sim.executor.interrupts import ensure_tracker, interrupts_held
from sim.executor.work import KILLED, TRIES, Deaths, Work, portable
from sim.imports import none_from_here
from sim.memory import memory_now_mb, peak_memory_mb

if TYPE_CHECKING:
    from collections.abc import Callable

Task = TypeVar("Task")
Result = TypeVar("Result")

TOOK_TOO_MUCH = 86  # the exit status of a worker that went over its limit of memory
CHECK_EVERY = 0.05  # seconds between two checks of a worker's memory
NOT_GUARDED = 87  # the exit status of a worker that was made to start workers itself


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_on_processes(work: Work[Task, Result], tasks: list[Task], workers: int, memory_mb: int | None) -> None:
    """Run the tasks on processes of this machine until all are done or one has failed, as `run_tasks` describes.

    When a worker dies, the others end too, and nobody knows whose task it was: all that were running are tried again,
    one at a time, before the rest goes on.

    Raises
    ------
    ExecutorError
        If workers end before a task does, or go over their limit of memory (MB; None: no limit), time and again.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # a worker that imports the user's script
        sys.exit(NOT_GUARDED)
    ensure_tracker()
    crew = _Crew(work, memory_mb, Deaths(work, tasks))
    while crew.suspects or crew.waiting:
        crew.serve(1 if crew.suspects else workers)
    crew.settle()


@dataclass
class _Crew(Generic[Task, Result]):
    """The live state of a run: a pool is given no more tasks than it has workers, so that none waits inside."""

    work: Work[Task, Result]
    memory_mb: int | None
    deaths: Deaths[Task]
    waiting: deque[int] = field(init=False)
    suspects: deque[int] = field(default_factory=deque)
    running: dict[Future[Any], int] = field(default_factory=dict)
    failed: list[tuple[int, BaseException]] = field(default_factory=list)
    took_too_much: bool = False

    def __post_init__(self) -> None:
        """Put all tasks in the queue."""
        self.waiting = deque(range(len(self.deaths.tasks)))

    def serve(self, workers: int) -> None:
        """Run tasks on a new pool until it is broken, or none is left: those under suspicion and no others, or any."""
        others, processes = set(multiprocessing.active_children()), set[BaseProcess]()
        left = self.suspects or self.waiting
        died: list[int] = []
        prepare = partial(_prepare_worker, self.memory_mb)
        with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), prepare) as pool:
            try:
                while (left and not died) or self.running:
                    while left and not died and len(self.running) < workers:
                        died += self.start(pool, left.popleft())
                        processes |= set(multiprocessing.active_children()) - others
                    died += self.collect(broken=bool(died))
            except KeyboardInterrupt:
                for process in set(multiprocessing.active_children()) - others:
                    process.kill()
                raise
        self.bury(died, {process.exitcode for process in processes})

    def start(self, pool: ProcessPoolExecutor, number: int) -> list[int]:
        """Hand a task to a worker, if it is still wanted; return it if its worker has died."""
        task = self.deaths.tasks[number]
        if not self.deaths.times[number] and not self.work.wanted(task):
            return []
        try:
            with none_from_here(), interrupts_held():
                self.running[pool.submit(_call, self.work.function, self.work.keep, task)] = number
        except BrokenProcessPool:
            return [number]
        return []

    def collect(self, *, broken: bool) -> list[int]:
        """Wait for the next tasks to end (all, if the pool is broken); return those whose worker has died."""
        died = []
        done, _ = wait(self.running, return_when=ALL_COMPLETED if broken else FIRST_COMPLETED)
        for future in [future for future in self.running if future in done]:
            number, error = self.running.pop(future), future.exception()
            if error is None:
                self.deaths.done = True
                self.work.on_done(self.deaths.tasks[number], future.result())
            elif isinstance(error, BrokenProcessPool):
                died.append(number)
            else:
                self.failed.append((number, error))
                self.waiting.clear()
                self.suspects.clear()
        return died

    def bury(self, died: list[int], statuses: set[int | None]) -> None:
        """Queue the tasks whose worker died to be tried again, or give them up; the pool has ended."""
        if NOT_GUARDED in statuses:
            raise ExecutorError(
                'A script that uses several processes must call sim below a line `if __name__ == "__main__":` (every '
                "worker imports the script; executor=serial needs no such line), got a call that stands outside."
            )
        why = KILLED
        if TOOK_TOO_MUCH in statuses:
            self.took_too_much = True
            why = f"it took more memory than executor.memory_mb_per_worker={self.memory_mb}"
        if self.failed:
            return
        self.suspects.extendleft(number for number in reversed(died) if self.deaths.again(number, why))
        if self.deaths.hopeless:
            self.waiting.clear()
            self.suspects.clear()

    def settle(self) -> None:
        """Raise the first error, if there was one."""
        for number, error in self.failed[:1]:
            self.work.fail(self.deaths.tasks[number], error)
        if self.took_too_much:
            self.deaths.settle(
                f"executor.memory_mb_per_worker must be enough for one task, got {self.memory_mb}: "
                f"{TRIES} workers in turn took more with"
            )
        self.deaths.settle(
            f"A worker must live as long as its task, but {TRIES} in turn ended before it, the last of them alone "
            f"({KILLED})",
            " Fewer workers leave more memory to each.",
        )


def _prepare_worker(memory_mb: int | None) -> None:
    """Leave Ctrl-C to the parent; end when the parent ends, in any way, or at the limit of memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if memory_mb is not None:
        threading.Thread(target=_end_at_limit, args=(memory_mb,), daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the parent to end, then end this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end_at_limit(memory_mb: int) -> None:
    """End this process when its resident memory is above the limit: no limit of the system counts that alone."""
    while (memory_now_mb() or peak_memory_mb()) <= memory_mb:
        time.sleep(CHECK_EVERY)
    os._exit(TOOK_TOO_MUCH)


def _call(function: Callable[[Task], Result], keep: Callable[[Task, Result], Any], task: Task) -> Any:
    """Do a task in a worker and keep its result; an exception that cannot be pickled is replaced by one in words."""
    try:
        return keep(task, function(task))
    except Exception as error:
        sent = portable(error)
        if sent is error:
            raise
        raise sent from None
