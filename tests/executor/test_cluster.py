from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from setups.commands import refused
from setups.district import tiny
from setups.killing import AS_A_COMMAND, done_before, gone, of_stuck_tasks, said, stuck_workers, until
from setups.tasks import also_where, die_at_three, die_beside_others, end_at_three, fail_at_three, square, where

import sim
from sim.config import Pilot
from sim.district.engines import Compiled
from sim.errors import ExecutorError
from sim.executor import Dask, Local, Serial, run_tasks
from sim.executor.batch import perform
from sim.executor.cluster import PRIVATE
from sim.executor.program import program
from sim.store import files
from sim.store.store import Store
from sim.study import replications

dask = pytest.importorskip("dask", reason="the extra dask is not installed")
distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")


def pilots() -> list[Pilot]:
    return [tiny(name, "run.replications=2") for name in ("four_level", "three_level")]


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return tables(kept(tmp_path_factory.mktemp("serial"), Serial()))


def cluster(workers: int, threads: int = 1) -> Any:
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=threads,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        silence_logs=60,
    )


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with cluster(2) as running:
        yield running.scheduler_address


def kept(
    folder: Path, executor: Serial | Local | Dask, on_done: Callable[[replications.Task, Any], None] | None = None
) -> Store:
    store = Store.open(folder / "results", replications.identity(pilots()), {}, keys=replications.keys(pilots()))
    replications.run(store, pilots(), engine=Compiled(), on=executor, on_done=on_done or ignore)
    for name in ("measures", "turnaround", "workload", "backlog", "waiting"):
        store.write_table(name, store.table(name))
    return store


def tables(store: Store) -> dict[str, bytes]:
    paths = [*store.folder.rglob("*.parquet"), *store.folder.rglob("*.csv")]
    kept = [(key, number) for key in store.archive.designs() for number in store.archive.replications(key)]
    each = {
        f"{key}/{number}/{name}": files.parquet(table)
        for key, number in kept
        for name, table in store.archive.read_all(key, number)[0].items()
    }
    return each | {path.relative_to(store.folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def ignore(task: object, kept: object) -> None:
    pass


def test_tables_are_the_same_bytes_in_one_process_in_two_and_on_a_cluster(
    tmp_path: Path, serial: dict[str, bytes], address: str
) -> None:
    assert len(serial) == len(pilots()) * 2 * 8 + 5 * 2
    for name, executor in (("local", Local(workers=2)), ("dask", Dask(address=address))):
        assert tables(kept(tmp_path / name, executor)) == serial
    # What is kept is not run again elsewhere: nobody answers at this address, and nobody is asked.
    again: list[replications.Task] = []
    kept(tmp_path / "local", Dask(address="tcp://127.0.0.1:1"), lambda task, facts: again.append(task))
    assert again == []


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_tables_are_the_same_bytes_when_a_worker_is_killed_half_way(tmp_path: Path, serial: dict[str, bytes]) -> None:
    others = set(multiprocessing.active_children())
    killed: list[int] = []

    def kill_one(task: replications.Task, facts: Any) -> None:
        if not killed:
            worker = min(set(multiprocessing.active_children()) - others, key=lambda process: process.pid or 0)
            worker.kill()
            killed.append(worker.pid or 0)

    store = kept(tmp_path, Dask(workers=2, batch=1), kill_one)
    assert tables(store) == serial
    assert gone(killed[0])


@pytest.mark.parametrize("batch", [None, 1, 7])
def test_every_task_is_done_once_whatever_the_batch(address: str, batch: int | None) -> None:
    started: list[int] = []
    done: list[tuple[int, int]] = []
    run_tasks(
        square,
        range(50),
        Dask(address=address, batch=batch),
        wanted=lambda task: not started.append(task),
        on_done=lambda task, found: done.append((task, found)),
    )
    assert started == list(range(50))
    assert sorted(done) == [(task, task * task) for task in range(50)]


def test_workers_find_and_this_process_keeps(address: str) -> None:
    done: list[tuple[int, int]] = []
    run_tasks(where, range(4), Dask(address=address), keep=also_where, on_done=lambda task, both: done.append(both))
    assert all(found != os.getpid() and kept == os.getpid() for found, kept in done)


def test_the_first_exception_names_its_task_and_what_ran_is_kept(tmp_path: Path, address: str) -> None:
    done: list[int] = []
    task = partial(fail_at_three, tmp_path)
    with pytest.raises(ZeroDivisionError, match="no servers") as raised:
        run_tasks(task, range(100), Dask(address=address, batch=5), on_done=lambda task, _: done.append(task))
    assert raised.value.__notes__ == ["in task 3"]
    assert {0, 1, 2} <= set(done)
    assert len(done) < 50


@pytest.mark.parametrize("retries", [0, 1])
def test_a_task_that_kills_its_workers_is_one_paragraph_and_the_others_are_kept(tmp_path: Path, retries: int) -> None:
    done: list[int] = []
    said = rf"{retries + 1} in turn \(executor.retries={retries}\) ended before it \(killed.*: task 3\."
    with pytest.raises(ExecutorError, match=said) as told:
        run_tasks(
            partial(end_at_three, tmp_path),
            range(4),
            Dask(workers=1, retries=retries, batch=4),
            on_done=lambda task, _: done.append(task),
            named="task {}".format,
        )
    assert "\n" not in str(told.value)
    assert "What was finished is kept" in str(told.value)
    # They were in the batch that its worker took along, and went alone after it.
    assert sorted(done) == [0, 1, 2]


@pytest.mark.parametrize("retries", [0, 2])
def test_tasks_that_only_died_with_another_of_their_worker_are_done(tmp_path: Path, retries: int) -> None:
    done: list[int] = []
    lost: list[int] = []
    with dask.config.set(PRIVATE), cluster(1, threads=4) as running:
        run_tasks(
            partial(die_beside_others, tmp_path, 4),
            range(4),
            Dask(address=running.scheduler_address, batch=1, retries=retries, timeout_seconds=60),
            on_done=lambda task, _: done.append(task),
            on_lost=lambda task, _: not lost.append(task),
        )
    assert sorted(done) == [0, 1, 2]
    assert lost == [3]
    tries = [len(list(tmp_path.glob(f"{task}-*"))) for task in range(4)]
    assert tries == [2, 2, 2, max(2, retries + 1)]


def test_a_worker_that_starts_again_after_its_death_is_not_taken_for_lost(tmp_path: Path) -> None:
    done: list[int] = []
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "10ms"}):
        run_tasks(
            partial(die_at_three, tmp_path, 2),
            range(6),
            Dask(workers=1, batch=1),
            on_done=lambda task, _: done.append(task),
        )
    assert sorted(done) == list(range(6))


def test_a_scheduler_that_does_not_answer_is_one_paragraph(tmp_path: Path) -> None:
    with pytest.raises(ExecutorError, match=r"timeout_seconds=0.5, got tcp://127.0.0.1:1, which does not"):
        run_tasks(square, [1], Dask(address="tcp://127.0.0.1:1", timeout_seconds=0.5), on_done=ignore)


def test_a_scheduler_file_is_read_and_its_mistakes_are_told(tmp_path: Path, address: str) -> None:
    path = tmp_path / "scheduler.json"
    with pytest.raises(ExecutorError, match=r"scheduler_file must be there within executor.timeout_seconds=0.2, got"):
        run_tasks(square, [1], Dask(scheduler_file=str(path), timeout_seconds=0.2), on_done=ignore)
    os.mkfifo(tmp_path / "pipe")
    path.write_text("{}")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    for wrong in (path, tmp_path / "pipe", tmp_path / "deep.json", "/dev/zero", tmp_path):
        with pytest.raises(ExecutorError, match=r"must be a file that `dask scheduler --scheduler-file` wrote, got"):
            run_tasks(square, [1], Dask(scheduler_file=str(wrong)), on_done=ignore)
    path.write_text(json.dumps({"address": address}))
    done: list[int] = []
    run_tasks(square, [3], Dask(scheduler_file=str(path)), on_done=lambda task, found: done.append(found))
    assert done == [9]


@contextmanager
def worker_of(folder: Path) -> Iterator[str]:
    """Yield the address of a scheduler whose one worker imports what is in a folder first."""
    with cluster(0) as running:
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", running.scheduler_address, "--nthreads=1",
             "--host=127.0.0.1", "--no-dashboard", "--no-nanny"],
            env={**os.environ, "PYTHONPATH": str(folder)}, cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield running.scheduler_address
        finally:
            process.kill()
            process.wait()


def test_a_worker_with_another_program_or_none_is_refused(tmp_path: Path) -> None:
    shutil.copytree(Path(sim.__file__).parent, tmp_path / "other" / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "other" / "sim" / "clock.py").open("a") as file:
        file.write("DAY_OFF = 1\n")
    (tmp_path / "none" / "sim").mkdir(parents=True)
    (tmp_path / "none" / "sim" / "__init__.py").write_text("raise ModuleNotFoundError('No module named sim')")
    for folder, told in (
        ("other", r"must run the program that runs here, got wangge's source \w+ instead of \w+ on tcp://"),
        ("none", r"Every machine of the cluster must have Wangge, but tcp://.* says: .*No module named sim"),
    ):
        with worker_of(tmp_path / folder) as address, pytest.raises(ExecutorError, match=told):
            run_tasks(square, [1], Dask(address=address), on_done=ignore)


def test_a_worker_does_nothing_for_another_program() -> None:
    reply = perform(square, [1, 2], {**program(), "numpy": "1.0"})
    assert reply.results == []
    assert [text.split(" ")[-3:] for text in reply.other_program] == [["instead", "of", "1.0"]]


def test_a_batch_ends_with_the_task_that_fails(tmp_path: Path) -> None:
    reply = perform(partial(fail_at_three, tmp_path), [1, 3, 5], program())
    assert reply.results == [1]
    assert isinstance(reply.error, ZeroDivisionError)


def test_a_batch_that_takes_long_is_sent_back_as_far_as_it_came() -> None:
    assert perform(square, [2, 3, 4], program(), enough_seconds=0).results == [4]
    assert perform(square, [2, 3, 4], program()).results == [4, 9, 16]


def test_without_dask_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    told = refused(tmp_path, "compare", "executor=dask")
    assert told.startswith("wangge: executor=dask needs Dask, which is not installed here: python -m pip install")
    assert not (tmp_path / "results").exists()


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_workers_of_a_private_cluster_end_with_their_parent(tmp_path: Path, sent: signal.Signals) -> None:
    process = of_stuck_tasks(tmp_path, "Dask(workers=2, batch=1)", first=AS_A_COMMAND)
    pids = stuck_workers(tmp_path, 2)
    if sent != signal.SIGKILL:
        os.killpg(process.pid, sent)
        assert said(process) == (130, "interrupted", "")
    else:
        process.kill()
        said(process)
    until(lambda: all(gone(pid) for pid in pids))
    assert done_before(tmp_path) == {0, 1, 2, 3}
