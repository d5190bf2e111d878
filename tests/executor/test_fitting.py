"""No more workers are started than fit into the memory together."""

import pytest

from sim.executor import Dask, Local, Serial
from sim.executor.fitting import fitting

GB = 1e9


@pytest.fixture(autouse=True)
def _a_machine(monkeypatch):
    monkeypatch.setattr("sim.executor.fitting.memory_of_the_machine_mb", lambda: 8_000.0)
    monkeypatch.setattr("sim.executor.fitting.default_workers", lambda: 16)


@pytest.mark.parametrize(
    ("asked", "each", "fit"),
    [
        (Local(), 0.5 * GB, None), (Local(), 1 * GB, 8), (Local(workers=16), 3 * GB, 2), (Local(workers=2), 3 * GB, 2),
        (Local(workers=3), 30 * GB, 1), (Dask(), 1 * GB, 8), (Dask(address="tcp://h:1"), 30 * GB, None),
        (Serial(), 30 * GB, None), (Local(memory_mb_per_worker=400), 30 * GB, None),
        (Local(memory_mb_per_worker=4000), 30 * GB, 2),
    ],
)  # fmt: skip
def test_workers_are_as_many_as_fit_and_fewer_are_told_in_a_sentence(asked, each, fit):
    told = []
    on = fitting(asked, 100, each, told.append)
    assert getattr(on, "workers", None) == (getattr(asked, "workers", None) if fit is None else fit)
    assert bool(told) == (fit is not None and fit < (asked.workers or 16))


def test_the_sentence_has_the_numbers():
    told = []
    fitting(Local(workers=6), 4, 3 * GB, told.append)
    assert told == [
        "4 workers would take about 12.0 GB, and this machine has 8.0 GB: 2 at once (executor.memory_mb_per_worker "
        "bounds what each may take)."
    ]


def test_fewer_tasks_than_workers_need_no_more_than_a_worker_each():
    assert fitting(Local(workers=16), 2, 3 * GB, pytest.fail).workers == 16
