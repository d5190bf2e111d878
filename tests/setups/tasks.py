"""Tasks for executors; they lie apart so that a worker has little to import before its first one."""

import os
import signal
import time
from contextlib import suppress


def square(task):
    return task * task


def mean(task):
    """Return the mean of some draws: the earlier a task, the longer it takes, so that they end in another order."""
    import numpy as np

    pilot, replication = task
    generator = np.random.default_rng([len(pilot), replication])
    return float(np.sort(generator.random(200_000 // (replication + 1))).mean())


def where(task):
    return os.getpid()


def also_where(task, found):
    return found, os.getpid()


def interrupted(task):
    os.kill(os.getpid(), signal.SIGINT)
    return task


def fail_at_three(folder, task):
    if task == 3:
        raise ZeroDivisionError("no servers")
    if task > 3:
        # Work, long beside the raising of an exception.
        time.sleep(0.02)
    (folder / str(task)).touch()
    return task


class AwkwardError(Exception):
    def __init__(self, field, rule):
        super().__init__(f"{field} must be {rule}")


def fail_awkwardly(task):
    raise AwkwardError(f"heads of {task}", "at least 0")


def end_at_three(folder, task):
    if task == 3:
        # Another worker, where there is one, has something to show before this one dies.
        while not (folder / "0").exists():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / str(task)).touch()
    return task


def die(folder, task):
    (folder / f"{task}-{os.getpid()}").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_three(folder, times, task):
    """Note when a task began and was done; the worker of task 3 dies so many times before."""
    began = time.monotonic()
    if task == 3:
        tries = len(list(folder.glob("3-*")))
        (folder / f"3-{tries}").write_text(str(began))
        if tries < times:
            # Another worker is at work by then.
            time.sleep(0.03)
            os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    (folder / f"done-{task}").write_text(f"{began} {time.monotonic()}")
    return task


def die_beside_others(folder, n, task):
    """Note each try of a task; that of task 3 ends its worker, once all n tasks are at work there or it is alone.

    Another task waits for that, and is done where task 3 is not at work beside it.
    """
    (folder / f"{task}-{os.getpid()}").touch()
    with suppress(TimeoutError):
        await_files(folder, f"*-{os.getpid()}" if task == 3 else f"3-{os.getpid()}", n if task == 3 else 1)
        if task != 3:
            time.sleep(30)
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def await_files(folder, pattern, n):
    """Wait until so many files of a pattern are there, for two seconds."""
    last = time.monotonic() + 2
    while len(list(folder.glob(pattern))) < n:
        if time.monotonic() > last:
            raise TimeoutError
        time.sleep(0.005)


def fill(folder, megabytes):
    import numpy as np

    while megabytes and not (folder / "0").exists():
        time.sleep(0.001)
    taken = np.ones(megabytes * 125_000)
    if megabytes:
        # The watch looks now and then.
        time.sleep(30)
    (folder / "0").touch()
    return len(taken)


def no_memory(task):
    import numpy as np

    np.empty(1 << 60, dtype=np.int8)
