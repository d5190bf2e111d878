"""Runs tasks on the cores of this machine; the results do not depend on their number."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sim.errors import ExecutorError
from sim.executor.interrupts import interrupts_held
from sim.executor.work import KEPT, Work, portable
from sim.imports import none_from_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.process import BaseProcess

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

    Raises
    ------
    ExecutorError
        If a worker ends before its task does, or goes over its limit of memory (MB; None: no limit).
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # a worker that imports the user's script
        sys.exit(NOT_GUARDED)
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    prepare = partial(_prepare_worker, memory_mb)
    waiting = iter(tasks)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=prepare) as pool:
        crew = _Crew(pool, work, others)
        try:
            for task in islice(waiting, workers):
                work.on_start(task)
                crew.start(task)
            while crew.running:
                for task, kept in crew.collect():
                    work.on_done(task, kept)
                free = 0 if crew.lost or crew.failed else workers - len(crew.running)
                for task in islice(waiting, free):
                    work.on_start(task)
                    crew.start(task)
        except KeyboardInterrupt:
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise
    crew.settle(memory_mb)


@dataclass
class _Crew(Generic[Task, Result]):
    """The live state of a pool: it is given no more tasks than it has workers, so that none waits inside."""

    pool: ProcessPoolExecutor
    work: Work[Task, Result]
    others: set[BaseProcess]
    processes: set[BaseProcess] = field(default_factory=set)
    running: dict[Future[Any], Task] = field(default_factory=dict)
    lost: list[Task] = field(default_factory=list)
    failed: list[tuple[Task, BaseException]] = field(default_factory=list)

    def start(self, task: Task) -> None:
        """Hand a task to a worker."""
        try:
            with none_from_here(), interrupts_held():
                self.running[self.pool.submit(_call, self.work.function, self.work.keep, task)] = task
        except BrokenProcessPool:
            self.lost.append(task)
        self.processes |= set(multiprocessing.active_children()) - self.others

    def collect(self) -> Iterator[tuple[Task, Any]]:
        """Wait for the next tasks to end; yield those that were kept and remember the others."""
        done, _ = wait(self.running, return_when=FIRST_COMPLETED)
        for future in [future for future in self.running if future in done]:
            task, error = self.running.pop(future), future.exception()
            if error is None:
                yield task, future.result()
            elif isinstance(error, BrokenProcessPool):
                self.lost.append(task)
            else:
                self.failed.append((task, error))

    def settle(self, memory_mb: int | None) -> None:
        """Raise the first error, if there was one; the pool has ended."""
        for task, error in self.failed[:1]:
            self.work.fail(task, error)
        if not self.lost:
            return
        if any(process.exitcode == NOT_GUARDED for process in self.processes):
            raise ExecutorError(
                'A script that uses several processes must call sim below a line `if __name__ == "__main__":` (every '
                "worker imports the script; executor=serial needs no such line), got a call that stands outside."
            )
        if any(process.exitcode == TOOK_TOO_MUCH for process in self.processes):
            raise ExecutorError(
                f"executor.memory_mb_per_worker must be enough for one task, got {memory_mb}: a worker took more "
                f"near: {self.work.names(self.lost)}. {KEPT}"
            )
        raise ExecutorError(
            "A worker process ended before its task did (it was killed, or the memory ran out) near: "
            f"{self.work.names(self.lost)}. {KEPT} Fewer workers leave more memory to each."
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
    while _resident_mb() <= memory_mb:
        time.sleep(CHECK_EVERY)
    os._exit(TOOK_TOO_MUCH)


def _resident_mb() -> float:
    """Return the resident memory of this process (MB); where the system does not report it, its peak so far."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _call(function: Callable[[Task], Result], keep: Callable[[Task, Result], Any], task: Task) -> Any:
    """Do a task in a worker and keep its result; an exception that cannot be pickled is replaced by one in words."""
    try:
        return keep(task, function(task))
    except Exception as error:
        sent = portable(error)
        if sent is error:
            raise
        raise sent from None
