from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from setups.killing import AS_A_COMMAND, done_before, gone, of_stuck_tasks, said, stuck_workers, until
from setups.tasks import (
    also_where,
    die,
    die_at_three,
    end_at_three,
    fail_at_three,
    fail_awkwardly,
    fill,
    interrupted,
    mean,
    no_memory,
    where,
)

from sim.errors import ConfigError, ExecutorError
from sim.executor import Dask, Local, Serial, chosen, default_workers, run_tasks


def note(put: Callable[[int], object], task: int, result: int) -> None:
    put(result)


def note_task(done: list[int], task: int, result: int) -> None:
    done.append(task)


def ignore(task: int, result: int) -> None:
    pass


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_do_not_depend_on_the_number_of_workers(workers: int) -> None:
    tasks = [(pilot, replication) for pilot in ("old", "three_level") for replication in range(5)]
    started: list[tuple[str, int]] = []
    results: dict[tuple[str, int], float] = {}
    run_tasks(
        mean,
        tasks,
        Local(workers=workers),
        wanted=lambda task: not started.append(task),
        on_done=results.__setitem__,
    )
    assert started == tasks
    assert results == {task: mean(task) for task in tasks}


def test_one_worker_or_one_task_needs_no_other_process() -> None:
    found: list[int] = []
    run_tasks(where, [1, 2], Local(workers=1), on_done=partial(note, found.append))
    run_tasks(where, [1], Local(workers=8), on_done=partial(note, found.append))
    assert found == [os.getpid()] * 3


def test_several_workers_are_other_processes() -> None:
    found: set[int] = set()
    run_tasks(where, range(6), Local(workers=2), on_done=partial(note, found.add))
    assert os.getpid() not in found
    assert 1 <= len(found) <= 2


def test_no_task_is_no_work() -> None:
    done: list[int] = []
    run_tasks(where, [], Local(workers=4), on_done=partial(note, done.append))
    assert done == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"kind": "local", "workers": 0}, "executor.workers must be at least 1, got 0"),
        ({"kind": "local", "memory_mb_per_worker": 0}, "executor.memory_mb_per_worker must be at least 1, got 0"),
        ({"kind": "serial", "workers": 2}, "executor.workers is not a known key"),
        ({"kind": "dusk"}, r"executor.kind must be one of serial, local, dask \(did you mean dask\?\), got dusk"),
        ({"kind": "dask", "retries": -1}, "executor.retries must be at least 0, got -1"),
        ({"kind": "dask", "batch": 0}, "executor.batch must be at least 1, got 0"),
        ({"kind": "dask", "timeout_seconds": 0}, "executor.timeout_seconds must be at least 0.01, got 0"),
        (
            {"kind": "dask", "address": "tcp://a:1", "scheduler_file": "s.json"},
            "executor.address must be null where scheduler_file is given, got both",
        ),
        (
            {"kind": "dask", "address": "tcp://a:1", "workers": 4},
            r"executor.workers must be null where a cluster is joined \(.*\), got 4",
        ),
    ],
)
def test_settings_are_checked(settings: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        chosen(settings)


@pytest.mark.parametrize(
    "address", ["10.0.0.5:8786", "http://a:1", "tcp://a", "tcp://a:0", "tcp://a:99999", "tcp://a b:1"]
)
def test_an_address_has_its_form(address: str) -> None:
    with pytest.raises(ConfigError, match=r"executor.address must be tcp://HOST:PORT or tls://HOST:PORT, got"):
        chosen({"kind": "dask", "address": address})


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "tls://scheduler.wangge.svc:8786", "tcp://[::1]:8786"])
def test_addresses_of_schedulers_are_taken(address: str) -> None:
    settings = chosen({"kind": "dask", "address": address})
    assert isinstance(settings, Dask)
    assert settings.joins


def test_what_is_found_is_kept_by_the_worker_itself() -> None:
    done: list[tuple[int, int]] = []
    run_tasks(where, [1, 2, 3], Local(workers=2), keep=also_where, on_done=partial(note, done.append))
    assert all(found == kept != os.getpid() for found, kept in done)
    run_tasks(where, [1, 2, 3], Serial(), keep=also_where, on_done=partial(note, done.append))
    assert done[3:] == [(os.getpid(), os.getpid())] * 3


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory of a process where Linux shows it")
def test_a_worker_above_its_limit_of_memory_is_one_paragraph(tmp_path: Path) -> None:
    done: list[int] = []
    with pytest.raises(ExecutorError, match=r"executor.memory_mb_per_worker must be enough for one task, got 400"):
        run_tasks(
            partial(fill, tmp_path),
            [0, 900],
            Local(workers=2, memory_mb_per_worker=400),
            on_done=partial(note, done.append),
        )
    assert done == [0]


def test_a_task_without_memory_is_one_paragraph() -> None:
    for executor in (Serial(), Local(workers=2)):
        with pytest.raises(ExecutorError, match=r"The memory must be enough for every task, and ran out in: \d"):
            run_tasks(no_memory, [1, 2], executor, on_done=ignore)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_exception_names_its_task_and_drops_what_waits(tmp_path: Path, workers: int) -> None:
    done: list[int] = []
    with pytest.raises(ZeroDivisionError, match="no servers") as raised:
        run_tasks(
            partial(fail_at_three, tmp_path),
            range(100),
            Local(workers=workers),
            on_done=partial(note, done.append),
            named="replication {}".format,
        )
    assert raised.value.__notes__ == ["in task replication 3"]
    assert sorted(done) == sorted(int(path.name) for path in tmp_path.iterdir())
    assert {0, 1, 2} <= set(done)
    assert len(done) == 3 if workers == 1 else len(done) < 50


def test_an_exception_that_cannot_travel_is_told_in_words() -> None:
    with pytest.raises(RuntimeError, match=r"AwkwardError: heads of [12] must be at least 0"):
        run_tasks(fail_awkwardly, [1, 2], Local(workers=2), on_done=ignore)


def test_an_exception_where_results_arrive_is_raised() -> None:
    def refuse(task: int, result: int) -> None:
        raise OSError(f"disk full at {task}")

    with pytest.raises(OSError, match=r"disk full at [0-3]"):
        run_tasks(where, range(4), Local(workers=2), on_done=refuse)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_is_not_wanted_is_left_out(workers: int) -> None:
    done: list[int] = []
    run_tasks(
        where, range(6), Local(workers=workers), wanted=lambda task: task % 3 == 1, on_done=partial(note_task, done)
    )
    assert sorted(done) == [1, 4]


@pytest.mark.parametrize("times", [1, 2])
def test_a_task_whose_worker_dies_is_tried_again_alone(tmp_path: Path, times: int) -> None:
    done: list[int] = []
    run_tasks(partial(die_at_three, tmp_path, times), range(8), Local(workers=2), on_done=partial(note_task, done))
    assert sorted(done) == list(range(8))
    spans = [tuple(map(float, path.read_text().split())) for path in tmp_path.glob("done-*")]
    tries = [float(path.read_text()) for path in sorted(tmp_path.glob("3-*"))]
    assert len(tries) == times + 1
    # Whatever else was done was over by then, or began when it was done.
    (end,) = (span[1] for span in spans if span[0] == tries[-1])
    assert all(span[1] <= again or span[0] >= end or span[0] == tries[-1] for span in spans for again in tries[1:])


@pytest.mark.parametrize("enough", [True, False])
def test_a_task_whose_workers_die_is_given_up_the_third_time_and_the_rest_goes_on(tmp_path: Path, enough: bool) -> None:
    done: list[int] = []
    lost: list[tuple[int, str]] = []
    task = partial(die_at_three, tmp_path, 99)
    work = partial(run_tasks, task, range(8), Local(workers=2), on_done=partial(note_task, done))
    if enough:
        work(on_lost=lambda task, why: not lost.append((task, why)))
        assert lost == [(3, "3 workers in turn ended before it: killed, or out of memory")]
    else:
        with pytest.raises(ExecutorError, match=r"3 in turn ended before it, the last of them alone .*: 3\. What was"):
            work()
    assert sorted(done) == [0, 1, 2, 4, 5, 6, 7]
    assert len(list(tmp_path.glob("3-*"))) == 3


def test_where_every_worker_dies_three_tasks_are_enough_to_know(tmp_path: Path) -> None:
    with pytest.raises(ExecutorError, match=r"A worker must live as long as its task, .*: 0, 1, 2\. What was finished"):
        run_tasks(partial(die, tmp_path), range(100), Local(workers=2), on_lost=lambda *_: True, on_done=ignore)
    assert len(list(tmp_path.iterdir())) <= 12


def test_a_killed_worker_is_one_clear_paragraph_and_finished_work_is_kept(tmp_path: Path) -> None:
    done: list[int] = []
    with pytest.raises(ExecutorError, match=r"A worker must live as long as its task, .*\): task 3\.") as told:
        run_tasks(
            partial(end_at_three, tmp_path),
            range(3, -1, -1),
            Local(workers=2),
            on_done=partial(note, done.append),
            named="task {}".format,
        )
    assert "What was finished is kept: the same command continues from there." in str(told.value)
    assert "\n" not in str(told.value)
    assert sorted(done) == [0, 1, 2]


def test_the_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= default_workers() <= (os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        one = str(min(os.sched_getaffinity(0)))
        code = f"import os, sim.executor as e; os.sched_setaffinity(0, {{{one}}}); print(e.default_workers())"
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert run.stdout == "1\n"


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_workers_leave_ctrl_c_to_their_parent() -> None:
    done: list[int] = []
    run_tasks(interrupted, range(4), Local(workers=2), on_done=partial(note, done.append))
    assert sorted(done) == [0, 1, 2, 3]


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize(
    ("workers", "sent"), [(1, signal.SIGINT), (2, signal.SIGINT), (2, signal.SIGTERM), (2, signal.SIGHUP)]
)
def test_what_ends_a_run_ends_the_workers_promptly_and_keeps_what_is_done(
    tmp_path: Path, workers: int, sent: signal.Signals
) -> None:
    process = of_stuck_tasks(tmp_path, f"Local(workers={workers})", first=AS_A_COMMAND)
    pids = stuck_workers(tmp_path, workers)
    os.killpg(process.pid, sent)
    assert said(process) == (130, "interrupted", "")
    assert done_before(tmp_path) == {0, 1, 2, 3}
    assert all(gone(pid) for pid in pids)


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_ends_a_run_while_workers_start_is_as_quiet(tmp_path: Path, sent: signal.Signals) -> None:
    process = of_stuck_tasks(tmp_path, "Local(workers=2)", first=f"print(flush=True)\n{AS_A_COMMAND}")
    assert process.stdout is not None
    # The second line comes from a worker, which prints it before it is prepared.
    for _ in range(2):
        assert process.stdout.readline() == "\n"
    os.killpg(process.pid, sent)
    assert said(process) == (130, "interrupted", "")


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    process = of_stuck_tasks(tmp_path, "Local(workers=2)")
    pids = stuck_workers(tmp_path, 2)
    process.kill()
    said(process)
    until(lambda: all(gone(pid) for pid in pids))
    assert len(pids) == 2
