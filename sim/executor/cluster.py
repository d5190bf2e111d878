"""Runs tasks on a Dask cluster: workers, which may be anywhere, send back results, and this process keeps them."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import threading
import time
import warnings
from collections import deque
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sim.config.reading import read_bytes
from sim.errors import ConfigError, ExecutorError
from sim.executor.batch import ENOUGH_SECONDS, Reply, perform
from sim.executor.interrupts import interrupts_held
from sim.executor.processes import default_workers
from sim.executor.program import differences, program
from sim.executor.work import KEPT, KILLED, Deaths, Work
from sim.imports import none_from_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.process import BaseProcess

    from distributed import Client, Future, LocalCluster

    from sim.executor.settings import Dask

Task = TypeVar("Task")
Result = TypeVar("Result")

LARGEST_BATCH = 64
MOST_SCHEDULER_BYTES = 1_000_000  # of the file in which a scheduler left its address: some hundreds
PATIENCE_SECONDS = 2.0  # beyond the time-out, for the connection itself to give up and say why
CHECK_EVERY = 1.0  # seconds between two checks of which workers there are, while no task ends
INSTALL = "Install this version of Wangge for the Python that runs the scheduler and the workers (docs/clusters.md)."
PRIVATE = {
    "distributed.scheduler.allowed-failures": 0,  # a death is reported at once: `retries` counts them
    "distributed.scheduler.http.routes": [],
    "distributed.deploy.lost-worker-timeout": 10**9,  # one that starts again after its death is not taken for lost
    "distributed.nanny.pre-spawn-environ.PYTHONSAFEPATH": 1,  # a worker that follows a dead one starts as it did
    "distributed.worker.memory.target": False,  # a worker either has the memory or is stopped, it spills nothing
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
}


def check_installed() -> None:
    """Raise `ExecutorError` if Dask is not installed."""
    if find_spec("distributed") is None:
        raise ExecutorError(
            "executor=dask needs Dask, which is not installed here: python -m pip install 'wangge[dask]' "
            "(or, in a checkout, python -m pip install -e '.[dask]'); executor=local needs nothing more."
        )


def run_on_cluster(work: Work[Task, Result], tasks: list[Task], settings: Dask) -> None:
    """Run the tasks on the workers of a cluster until all are done or one has failed, as `run_tasks` describes.

    Raises
    ------
    ExecutorError
        If Dask is not installed, if the scheduler does not answer or has no worker within the time-out, if a worker
        runs another program, or if a task loses its worker more than `retries` times.
    """
    check_installed()
    with _quiet(), _connected(settings, len(tasks)) as client:
        here = program()
        _check_programs(client, here)
        feed = _Feed(client, work, tasks, settings, here)
        try:
            feed.run()
        except BaseException:
            feed.drop()
            raise
    feed.settle()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's messages off the user's terminal: our own say what matters."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="distributed")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _connected(settings: Dask, n_tasks: int) -> Iterator[Client]:
    """Yield a client of the cluster that the settings name, or of a private one that ends with the block."""
    import dask
    from distributed import Client

    with ExitStack() as stack:
        cluster: str | LocalCluster
        if settings.joins:
            cluster = _address(settings)
        else:
            stack.enter_context(dask.config.set(PRIVATE))
            cluster = stack.enter_context(_private(settings, n_tasks))
        try:
            client = _answered(
                lambda: Client(cluster, timeout=settings.timeout_seconds, set_as_default=False),
                settings.timeout_seconds + PATIENCE_SECONDS,
            )
        except (OSError, TimeoutError, ValueError) as error:
            key = "address" if settings.scheduler_file is None else "scheduler_file"
            raise ExecutorError(
                f"executor.{key} must be of a scheduler that answers within executor.timeout_seconds="
                f"{settings.timeout_seconds:g}, got {cluster}, which does not. {KEPT}"
            ) from error
        stack.enter_context(client)
        stack.enter_context(client.as_current())
        _wait_for_a_worker(client, settings)
        yield client


def _answered(connect: Callable[[], Client], seconds: float) -> Client:
    """Return a client, or give up: a server that is no scheduler may never answer."""
    answer: list[Client | BaseException] = []

    def attempt() -> None:
        try:
            answer.append(connect())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            answer.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answer:
        raise TimeoutError
    if isinstance(answer[0], BaseException):
        raise answer[0]
    return answer[0]


@contextmanager
def _private(settings: Dask, n_tasks: int) -> Iterator[LocalCluster]:
    """Yield a cluster on this machine, on loopback only; its workers end with this process, however it ends."""
    from distributed import LocalCluster

    with ExitStack() as stack:
        try:
            with none_from_here(), interrupts_held():
                others = set(multiprocessing.active_children())
                cluster = LocalCluster(
                    n_workers=min(settings.workers or default_workers(), n_tasks),
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    scheduler_kwargs={"dashboard": False},  # an HTTP server without it starts in any case
                    memory_limit=(settings.memory_mb_per_worker or 0) * 1_000_000,
                    silence_logs=logging.CRITICAL,
                )
                stack.enter_context(cluster)
                stack.enter_context(_ended_at_once(others))
        except (OSError, RuntimeError, TimeoutError) as error:
            reason = " ".join(str(error).split())
            raise ExecutorError(f"The Dask cluster did not start on this machine: {reason}. {KEPT}") from error
        yield cluster


@contextmanager
def _ended_at_once(others: set[BaseProcess]) -> Iterator[None]:
    """Kill all processes but the others after an error: workers asked to close would finish their task first."""
    try:
        yield
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
        raise


def _address(settings: Dask) -> str:
    """Return the scheduler's address; its file may take as long to appear as the scheduler may take to answer."""
    if settings.address is not None:
        return settings.address
    assert settings.scheduler_file is not None
    path, last = Path(settings.scheduler_file), time.monotonic() + settings.timeout_seconds
    while not os.path.exists(path):  # noqa: PTH110 - pathlib raises for a name that no system takes
        if time.monotonic() > last:
            raise ExecutorError(
                f"executor.scheduler_file must be there within executor.timeout_seconds="
                f"{settings.timeout_seconds:g}, got {path}, which is not. {KEPT}"
            )
        time.sleep(0.1)
    try:
        return str(json.loads(read_bytes(path, most=MOST_SCHEDULER_BYTES))["address"])
    except (ConfigError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ExecutorError(
            f"executor.scheduler_file must be a file that `dask scheduler --scheduler-file` wrote, got {path}"
        ) from error


def _wait_for_a_worker(client: Client, settings: Dask) -> None:
    """Wait until there is a worker, at most as long as the settings allow."""
    try:
        client.wait_for_workers(1, timeout=settings.timeout_seconds)
    except (TimeoutError, OSError) as error:
        raise ExecutorError(
            f"The cluster must have a worker within executor.timeout_seconds={settings.timeout_seconds:g}, got none. "
            f"{KEPT} Where workers wait in a queue themselves, give them more time."
        ) from error


def _check_programs(client: Client, here: Mapping[str, str]) -> None:
    """Refuse a scheduler or workers that lack the program or have another one: the tasks pass through both."""
    try:
        there = {"the scheduler": client.run_on_scheduler(program)}
    except Exception as error:
        raise _lacking(error, "the scheduler") from error
    for address, their_program in {**there, **client.run(program, on_error="return")}.items():
        if isinstance(their_program, Exception):
            raise _lacking(their_program, address) from their_program
        _refuse(differences(here, their_program), address)


def _lacking(error: BaseException, address: str) -> ExecutorError:
    """Return the error for a machine that lacks the program."""
    reason = " ".join(str(error).split())
    return ExecutorError(
        f"Every machine of the cluster must have Wangge, but {address} says: {reason}. {INSTALL} {KEPT}"
    )


def _refuse(other: list[str], address: str) -> None:
    """Refuse a worker whose program differs."""
    if other:
        raise ExecutorError(
            "Every machine of the cluster must run the program that runs here, "
            f"got {', '.join(other)} on {address}. {INSTALL} {KEPT}"
        )


@dataclass
class _Feed(Generic[Task, Result]):
    """The live state of a run on a cluster: it is given no more batches than it has threads, so that none waits.

    A worker that dies takes along what its other threads were at, and nobody knows whose fault it was. So all of it is
    tried again, task by task, each with nothing else on the cluster, before any is given up.

    Attributes
    ----------
    started
        The tasks that were handed out once.
    suspects
        Those whose worker died.
    together
        The batches that were not the only one all the time.
    """

    client: Client
    work: Work[Task, Result]
    tasks: list[Task]
    settings: Dask
    here: Mapping[str, str]
    waiting: deque[int] = field(init=False)
    running: dict[Future[Any], list[int]] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)
    suspects: set[int] = field(default_factory=set)
    together: set[Future[Any]] = field(default_factory=set)
    deaths: Deaths[Task] = field(init=False)
    n_done: int = 0
    seconds: float = 0.0
    failed: list[tuple[int, BaseException]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Put all tasks in the queue."""
        self.waiting = deque(range(len(self.tasks)))
        self.deaths = Deaths(self.work, self.tasks, self.settings.retries + 1)

    def run(self) -> None:
        """Hand out tasks and keep results until all are done, or one has failed and those that ran have ended."""
        while self.running or (self.waiting and not self.stopped):
            with self._reached():
                self._hand_out()
                done = self._done()
            for future in done:
                self._collect(future)

    def drop(self) -> None:
        """Cancel the tasks that were handed out; if the scheduler is gone, they are too."""
        with suppress(OSError, TimeoutError, RuntimeError):
            self.client.cancel(list(self.running), force=True)

    def settle(self) -> None:
        """Raise the first error, if there was one."""
        for index, error in self.failed[:1]:
            self.work.fail(self.tasks[index], error)
        self.deaths.settle(
            f"A worker must live as long as its task, but {self.deaths.tries} in turn (executor.retries="
            f"{self.settings.retries}) ended before it ({self._why()})"
        )

    def _why(self) -> str:
        """Return why workers die."""
        limit = self.settings.memory_mb_per_worker
        return f"killed, or it took more than executor.memory_mb_per_worker={limit}" if limit else KILLED

    @property
    def stopped(self) -> bool:
        """Return whether no task is handed out any more."""
        return bool(self.failed) or self.deaths.hopeless

    def _hand_out(self) -> None:
        """Give a batch to every thread of the cluster that has none; a suspect to a cluster that has none."""
        threads = sum(self.client.nthreads().values())
        if not threads:
            _wait_for_a_worker(self.client, self.settings)
        if self.stopped:
            return
        while self.waiting and self._has_room(threads):
            batch = [self.waiting.popleft() for _ in range(self._size(threads))]
            batch = [index for index in batch if index in self.started or self.work.wanted(self.tasks[index])]
            if not batch:
                continue
            self.started.update(batch)
            future = self.client.submit(
                perform, self.work.function, [self.tasks[index] for index in batch], self.here, pure=False
            )
            if self.running:
                self.together.update(self.running, (future,))
            self.running[future] = batch

    def _has_room(self, threads: int) -> bool:
        """Return whether the next batch may be handed out: a suspect is alone on the whole cluster."""
        if self.waiting[0] in self.suspects:
            return not self.running
        return len(self.running) < threads and not any(batch[0] in self.suspects for batch in self.running.values())

    def _size(self, threads: int) -> int:
        """Return how many tasks the next batch has: some seconds of work, and at most a fair share of what is left."""
        if self.waiting[0] in self.suspects:
            return 1
        alone = next((n for n, index in enumerate(self.waiting) if index in self.suspects), len(self.waiting))
        if self.settings.batch is not None:
            return min(self.settings.batch, alone)
        fit = int(ENOUGH_SECONDS * self.n_done / self.seconds) if self.seconds > 0 else 1
        return max(1, min(fit, LARGEST_BATCH, len(self.waiting) // threads, alone))

    def _done(self) -> list[Future[Any]]:
        """Return the batches that have ended; after a while without any, none."""
        from distributed import wait

        if not self.running:
            return []
        try:
            return list(wait(list(self.running), timeout=CHECK_EVERY, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            return []

    def _collect(self, future: Future[Any]) -> None:
        """Keep the results of a batch one by one; tasks that it left, or that died with its worker, wait again."""
        from distributed import KilledWorker

        batch, alone = self.running.pop(future), future not in self.together
        self.together.discard(future)
        with self._reached():
            error = future.exception()
            reply: Reply[Result] = Reply() if error else future.result()
            future.release()  # if its worker dies later, the cluster does it no second time
        if isinstance(error, KilledWorker):
            self._try_again(batch, alone=alone and len(batch) == 1)
        elif error is not None:
            self.failed.append((batch[0], error))
        else:
            self._keep(batch, reply)

    def _keep(self, batch: list[int], reply: Reply[Result]) -> None:
        """Keep the results that came back, and queue the tasks that were left."""
        _refuse(reply.other_program, "a worker that joined late")
        self.n_done += len(reply.results)
        self.deaths.done = self.n_done > 0
        self.seconds += reply.seconds
        left = batch[len(reply.results) :]
        for index, result in zip(batch, reply.results, strict=False):
            task = self.tasks[index]
            self.work.on_done(task, self.work.keep(task, result))
        if reply.error is not None:
            self.failed.append((left.pop(0), reply.error))
        self.waiting.extendleft(reversed(left))

    def _try_again(self, batch: list[int], *, alone: bool) -> None:
        """Count a death of a worker for each task of the batch; give up those that have had too many.

        The last of them was with the task alone: suspects are, and a task that may have one death only has another.
        """
        self.suspects.update(batch)
        forgiven = self.deaths.tries == 1 and not alone
        again = [index for index in batch if forgiven or self.deaths.again(index, self._why())]
        self.waiting.extendleft(reversed(again))

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Raise `ExecutorError` if the scheduler can no longer be reached."""
        from concurrent.futures import CancelledError

        try:
            yield
        except (OSError, TimeoutError, CancelledError, RuntimeError) as error:
            raise ExecutorError(f"The connection to the scheduler was lost ({type(error).__name__}). {KEPT}") from error
