"""Networks and validations that start together share out their replications, as studies do."""

from __future__ import annotations

import io
import os
import signal
import threading
from pathlib import Path

import pytest
from rich.console import Console
from setups.claiming import hold
from setups.killing import ended, started, until
from setups.shipped_networks import plan_of

from sim.district.engines import Compiled
from sim.executor import Serial
from sim.report.console import Progress
from sim.store.archive import Archive
from sim.store.store import Store
from sim.study import network_run, sharing
from sim.study.backend import Backend
from sim.validation import validation

BACKEND = Backend(Compiled(), Serial(kind="serial"))


def opened(folder: Path) -> Store:
    return Store.open(folder / "study", {"network": {"name": "mm1"}}, {})


def run_network(folder: Path, name: str) -> None:
    """Run a network and note how many steps were simulated here."""
    plan = plan_of("mm1").model_copy(update={"replications": 6})
    found = network_run.run(plan, "mm1", BACKEND, store=opened(folder))
    assert len(found.measures["replication"].unique()) == 6
    (folder / f"steps-{name}").write_text(str(found.speed.steps))


def validate(folder: Path, name: str) -> None:
    """Validate one case and note how many steps were simulated here."""
    what = validation.chosen(["dm4", "mm1_pharmacy"])
    found = validation.validate(what, folder / "study", BACKEND.executor, with_face=False)
    assert found.failures == ""
    (folder / f"steps-{name}").write_text(str(found.speed.steps))


@pytest.mark.parametrize("act", [run_network, validate])
def test_two_processes_that_start_together_simulate_no_more_than_one_alone(tmp_path, act):
    (tmp_path / "alone").mkdir()
    (tmp_path / "both").mkdir()
    act(tmp_path / "alone", "one")
    both = [started(act, tmp_path / "both", name) for name in ("one", "other")]
    assert [ended(process) for process in both] == [0, 0]
    steps = [sum(int(path.read_text()) for path in (tmp_path / folder).glob("steps-*")) for folder in ("alone", "both")]
    assert steps[0] == steps[1] > 0


def test_what_another_process_has_claimed_is_left_to_it_until_it_ends(tmp_path):
    store = opened(tmp_path)
    archive = Archive.open(store.archive.folder)
    other = started(hold, archive.folder, store.key("mm1"), 2)
    until((archive.folder / "held").exists)
    here = threading.Thread(target=run_network, args=(tmp_path, "here"))
    here.start()
    until(lambda: all(store.finished("mm1", number) for number in (0, 1, 3, 4, 5)))
    assert not store.finished("mm1", 2)
    other.kill()
    here.join(60)
    assert store.finished("mm1", 2)


def test_who_is_waited_for_is_told_while_a_rival_is_suspended_and_the_work_goes_on_after_it(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "PATIENCE_SECONDS", 0.3)
    store, told = opened(tmp_path), []
    archive = Archive.open(store.archive.folder)
    other = started(hold, archive.folder, store.key("mm1"), 2)
    until((archive.folder / "held").exists)
    os.kill(other.pid, signal.SIGSTOP)
    monkeypatch.setattr(Progress, "announce", lambda _, sentence: told.append(sentence))
    here = threading.Thread(target=run_network, args=(tmp_path, "here"))
    here.start()
    until(lambda: bool(told))
    assert not store.finished("mm1", 2)
    assert told[0].startswith(f"Waiting for process {other.pid} on this machine, which works on ")
    assert f"(kill -CONT {other.pid}) or end it (kill {other.pid})" in told[0]
    assert "Ctrl-C" in told[0]
    other.kill()
    here.join(60)
    assert store.finished("mm1", 2)
    assert len(told) == 1


def test_the_screen_tells_ones_own_replications_from_those_of_another_process():
    page = io.StringIO()
    with Progress.start(Console(file=page), "replications", 2) as bar:
        bar.advance("replication 0 of mm1")
        bar.advance("replication 1 of mm1", elsewhere=True)
    assert page.getvalue().splitlines()[-2:] == [
        "  1 of 2: kept replication 0 of mm1",
        "  2 of 2: kept by another process: replication 1 of mm1",
    ]


def test_what_another_process_has_kept_is_known_as_such(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(Progress, "advance", lambda _, what, *, elsewhere=False: said.append((what, elsewhere)))
    store, plan = opened(tmp_path), plan_of("mm1")
    network_run.run(plan.model_copy(update={"replications": 1}), "mm1", BACKEND, store=store)
    # looked at before it was kept, as by a process that starts at the same time
    monkeypatch.setattr(Store, "finished", lambda *_: False)
    found = network_run.run(plan.model_copy(update={"replications": 2}), "mm1", BACKEND, store=store)
    assert said == [(f"replication {r} of mm1", elsewhere) for r, elsewhere in ((0, False), (0, True), (1, False))]
    assert found.speed.steps > 0
