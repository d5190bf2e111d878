"""Processes that are killed at any moment, and what tells how they ended.

What a test lets a process do is a function of its own module, in a fresh interpreter: nothing survives it but files.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

SPAWN = multiprocessing.get_context("spawn")

# What asks something of the file system, as Python's audit events name it.
STEPS = {"open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.listdir", "os.scandir"}


def started(act: Callable[..., object], *arguments: Any) -> SpawnProcess:
    """Return a process that has just begun to do something."""
    ready = SPAWN.Event()
    process = SPAWN.Process(target=_said_when_ready, args=(ready, act, arguments))
    process.start()
    assert ready.wait(60), "it did not begin within a minute"
    return process


def _said_when_ready(ready: Any, act: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    ready.set()
    act(*arguments)


def ended(process: SpawnProcess, seconds: float = 300) -> int:
    """Return the exit status of a process once it has ended by itself."""
    process.join(seconds)
    assert process.exitcode is not None, f"it did not end within {seconds} seconds"
    return process.exitcode


def killed_when(process: SpawnProcess, happened: Callable[[], bool]) -> bool:
    """Kill a process as soon as something has happened; return whether it was still at work."""
    while process.is_alive() and not happened():
        time.sleep(0.002)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def killed_with(process: SpawnProcess, folder: Path, pattern: str, number: int = 1) -> bool:
    """Kill a process as soon as so many files of a pattern are there; return whether it was still at work."""
    return killed_when(process, lambda: len(list(folder.glob(pattern))) >= number)


def killed_after(process: SpawnProcess, seconds: float) -> bool:
    """Kill a process after so many seconds; return whether it was still at work."""
    last = time.monotonic() + seconds
    return killed_when(process, lambda: time.monotonic() >= last)


def killed_at_steps(
    folder: Path, act: Callable[..., object], *arguments: Any, steps: Iterable[int] | None = None
) -> list[Path]:
    """Return the folders in which act(folder, *arguments) was killed just before one of its steps, a folder a step.

    A step is a request to the file system that names the folder. Without `steps` all are tried in turn. The first that
    is never reached is the last to be tried: in its folder nobody was killed.
    """
    process = SPAWN.Process(target=_kill_at_steps, args=(folder, act, arguments, steps))
    process.start()
    assert ended(process, 1200) == 0
    return sorted(folder.iterdir())


def _kill_at_steps(
    folder: Path, act: Callable[..., object], arguments: tuple[Any, ...], steps: Iterable[int] | None
) -> None:
    """Fork a child a step: a fresh interpreter has no threads yet that a child would lack."""
    for step in steps or itertools.count(1):
        if not _killed(folder / f"{step:05d}", step, act, arguments):
            return


def _killed(folder: Path, step: int, act: Callable[..., object], arguments: tuple[Any, ...]) -> bool:
    child = os.fork()
    if child == 0:
        sys.addaudithook(_killer(str(folder), step))
        act(folder, *arguments)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), f"it ended with status {status} before step {step}"
    return status == signal.SIGKILL


def _killer(folder: str, left: int) -> Callable[[str, tuple[Any, ...]], None]:
    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in STEPS and folder in _named(arguments[0]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return count


def _named(path: object) -> str:
    return os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""


# Quick tasks are done, then every worker sits in a task that would last an hour.
STUCK = """
import os, sys, time
from pathlib import Path
from sim.executor import Dask, Local, run_tasks

def work(task):
    if task >= 4:
        Path(sys.argv[1], f"worker-{os.getpid()}").touch()
        time.sleep(3600)
    return task

if __name__ == "__main__":
    def on_done(task, result):
        Path(sys.argv[1], f"done-{task}").touch()
    try:
        run_tasks(work, range(50), EXECUTOR, on_done=on_done)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.exit(130)
"""


# Signals that end a run do so as they do in a command.
AS_A_COMMAND = """
if __name__ == "__main__":
    from experiments.main import ended_as_interrupted
    ended = ended_as_interrupted()
    ended.__enter__()
"""


def of_stuck_tasks(folder: Path, executor: str, first: str = "") -> subprocess.Popen[str]:
    """Return a process that runs tasks on an executor until its workers are stuck; `first` is done by each process."""
    program = folder / "program.py"
    program.write_text(first + STUCK.replace("EXECUTOR", executor))
    # Its own group: as in a terminal, Ctrl-C then reaches the parent and the workers alike.
    return subprocess.Popen(
        [sys.executable, program, folder],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def stuck_workers(folder: Path, n: int) -> list[int]:
    """Return the process ids of all workers once each is stuck."""
    until(lambda: len(list(folder.glob("worker-*"))) == n)
    time.sleep(0.2)  # the file is there before its task sleeps
    return [int(path.name.removeprefix("worker-")) for path in folder.glob("worker-*")]


def said(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return the exit status of a process that is about to end, and what it printed."""
    out, err = process.communicate(timeout=20)
    return process.returncode, out.strip(), err


def done_before(folder: Path) -> set[int]:
    """Return the tasks that were done before the workers were stuck."""
    return {int(path.name.removeprefix("done-")) for path in folder.glob("done-*")}


def until(happened: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something has happened."""
    last = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < last, f"it did not happen within {seconds} seconds"
        time.sleep(0.005)


def gone(pid: int) -> bool:
    """Return whether a process has ended; one whose parent was killed may stay a zombie until somebody collects it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"
