from __future__ import annotations

import json
import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from setups.claiming import hold
from setups.district import CONFIGS, mapping, pilot, tiny
from setups.killing import ended, started, until

from sim import config
from sim.district.engines import Compiled
from sim.errors import ExecutorError, StoreError
from sim.executor import Local, Serial
from sim.store.archive import Archive
from sim.store.store import Store
from sim.study import replication, replications


def named(pilot: config.Pilot, name: str, **run: Any) -> config.Pilot:
    plain = pilot.model_dump(mode="json")
    return config.load({**plain, "name": name, "title": f"<{name}>", "run": {**plain["run"], **run}})


def task(archive: Archive, pilot: config.Pilot, number: int = 0) -> replications.Task:
    return replications.Task(archive, replications.key(pilot), pilot, number, Compiled())


def ignore(task: object, facts: object) -> None:
    pass


def test_a_simulation_does_not_depend_on_what_its_design_is_called() -> None:
    one, other = tiny(), named(tiny(), "p7")
    tables, facts = replication.simulate(one, 0)
    again, other_facts = replication.simulate(other, 0)
    assert facts["demand"] == other_facts["demand"]
    assert all(tables[name].equals(again[name], null_equal=True) for name in tables)


def test_a_key_says_what_numbers_depend_on_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    pilot = tiny()
    key = replications.key(pilot)
    assert len(key) == 32
    assert int(key, 16) >= 0
    assert replications.key(config.load(pilot.model_dump(mode="json"))) == key
    assert (
        replications.key(named(pilot, "p7", replications=99, confidence=0.9, withhold_share=0.5, overload="refuse"))
        == key
    )
    plain = pilot.model_dump(mode="json")
    assert replications.key(config.load({**plain, "mid": {**plain["mid"], "trips": 9.0}})) == key
    others = [named(pilot, pilot.name, seed=5), tiny("four_level", "grid.households=301"), tiny("three_level")]
    assert len({key, *map(replications.key, others)}) == 4
    monkeypatch.setattr(replications, "MODEL_VERSION", "another")
    assert replications.key(pilot) != key


def test_keys_of_thousands_of_points_take_seconds() -> None:
    pilot = config.load(mapping())
    began = time.perf_counter()
    for _ in range(100):
        replications.key(pilot)
    assert time.perf_counter() - began < 1


def test_what_another_process_kept_meanwhile_is_not_run_again(tmp_path: Path) -> None:
    archive, pilot = Archive.open(tmp_path), tiny()
    found = replications.perform(task(archive, pilot))
    facts = replications.keep(task(archive, pilot), found)
    again = replications.perform(task(archive, named(pilot, "p7")))
    assert facts["steps"] > 0
    assert again.facts == {**facts, "steps": 0, "elsewhere": True}
    assert all(table.equals(found.tables[name], null_equal=True) for name, table in again.tables.items())
    assert list(again.tables) == list(found.tables)


def test_a_worker_that_cannot_see_the_archive_simulates(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert replications.perform(task(Archive(tmp_path / "file"), tiny())).facts["steps"] > 0


def test_an_interruption_is_no_failure_of_a_replication(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise RuntimeError("a class could not be made") from error

    monkeypatch.setattr(replications, "perform", interrupted)
    with pytest.raises(RuntimeError, match="a class could not be made"):
        replications.attempt(None)  # type: ignore[arg-type]


def test_pilots_of_the_same_numbers_are_simulated_once(tmp_path: Path) -> None:
    pilots = [named(tiny(), name, replications=2) for name in ("a", "b")]
    store = Store.open(tmp_path / "study", replications.identity(pilots), {}, keys=replications.keys(pilots))
    done: list[str] = []
    replications.run(store, pilots, engine=Compiled(), on=Serial(), on_done=lambda task, facts: done.append(str(task)))
    assert done == ["replication 0 of a", "replication 1 of a"]
    measures = store.table("measures", ["a", "b"])
    first, second = (measures.filter(pilot=name).drop("pilot") for name in ("a", "b"))
    assert first.equals(second, null_equal=True)
    (design,) = store.archive.designs().values()
    assert (design["name"], design["title"], design["district"]["population"]) == ("a", "<a>", 6000)


def test_a_replication_that_vanishes_while_a_study_runs_is_told(tmp_path: Path) -> None:
    pilots = [named(tiny(), "a", replications=2)]
    store = Store.open(tmp_path / "study", replications.identity(pilots), {}, keys=replications.keys(pilots))

    def vanish(task: replications.Task, facts: object) -> None:
        if task.replication == 1:
            task.archive.set_aside(task.key, 0, "is gone")

    with pytest.raises(StoreError, match=r"must stay where they are while it runs, but replication 0 of a was removed"):
        replications.run(store, pilots, engine=Compiled(), on=Serial(), on_done=vanish)


@pytest.mark.parametrize("on", [Serial(), Local(workers=2)])
def test_a_failed_replication_is_noted_and_the_others_go_on(tmp_path: Path, on: Serial | Local) -> None:
    archive, pilot = Archive.open(tmp_path), tiny()
    bad = task(archive, pilot, 0)
    object.__setattr__(bad, "engine", "no engine")
    told: dict[int, Any] = {}
    tasks = [bad, task(archive, pilot, 1)]
    replications.run_tasks(tasks, on=on, on_done=lambda task, facts: told.update({task.replication: facts}), go_on=True)
    assert archive.replications(replications.key(pilot)) == [1]
    (error,) = archive.failures(replications.key(pilot)).values()
    assert error == told[0]["error"]
    assert "AttributeError: 'str' object" in error
    replications.run_tasks([task(archive, pilot, 0)], on=on, on_done=ignore, go_on=True)
    assert archive.failures(replications.key(pilot)) == {}


@pytest.mark.parametrize("how", ["killed", "done"])
def test_what_another_process_has_claimed_is_left_to_it_and_done_if_it_ends(tmp_path: Path, how: str) -> None:
    archive, pilot = Archive.open(tmp_path), tiny()
    tasks = [task(archive, pilot, number) for number in range(3)]
    if how == "done":
        replications.keep(tasks[1], replications.perform(tasks[1]))
    other = started(hold, archive.folder, tasks[1].key, 1)
    until((tmp_path / "held").exists)
    steps: dict[int, int] = {}

    def note(task: replications.Task, facts: Any) -> None:
        steps[task.replication] = facts["steps"]
        if task.replication == 2:
            assert 1 not in steps
            other.kill()

    speed = replications.run_tasks(tasks, on=Serial(), on_done=note)
    other.join()
    assert list(steps) == [0, 2, 1]
    assert [number for number in steps if steps[number]] == ([0, 2, 1] if how == "killed" else [0, 2])
    assert speed.steps == sum(steps.values())
    assert archive.replications(tasks[0].key) == [0, 1, 2]


def run_beside_others(folder: Path, on: Local | Serial, name: str) -> None:
    """Run a study when all are ready, and note the steps of every replication that was simulated here."""
    pilots = [named(tiny(), "a", replications=9)]
    store = Store.open(folder / "study", replications.identity(pilots), {}, keys=replications.keys(pilots))
    (folder / f"ready-{name}").touch()
    until(lambda: len(list(folder.glob("ready-*"))) == 3, 300)
    steps: dict[int, int] = {}
    replications.run(
        store, pilots, engine=Compiled(), on=on,
        on_done=lambda task, facts: steps.update({task.replication: facts["steps"]}),
    )  # fmt: skip
    assert sorted(steps) == list(range(9))
    (folder / f"steps-{name}").write_text(json.dumps([number for number in steps if steps[number]]))


@pytest.mark.parametrize("on", [Serial(), Local(workers=2)])
def test_processes_that_start_together_do_nothing_twice(tmp_path: Path, on: Serial | Local) -> None:
    each = [started(run_beside_others, tmp_path, on, name) for name in "abc"]
    assert [ended(one) for one in each] == [0, 0, 0]
    simulated = [json.loads(path.read_text()) for path in tmp_path.glob("steps-*")]
    counts = " + ".join(str(len(one)) for one in simulated)
    print(f"3 processes that started together simulated {counts} of 9 replications")  # noqa: T201 - the counts are told
    assert sorted(number for one in simulated for number in one) == list(range(9))


class Deadly:
    """An engine that kills the worker that asks for it."""

    def model_copy(self, **_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("go_on", [True, False])
def test_a_replication_whose_workers_die_is_noted_as_failed_and_the_others_are_run(tmp_path: Path, go_on: bool) -> None:
    archive, pilot = Archive.open(tmp_path), tiny()
    tasks = [task(archive, pilot, number) for number in range(3)]
    object.__setattr__(tasks[0], "engine", Deadly())
    told: dict[int, Any] = {}
    run = partial(
        replications.run_tasks, tasks, on=Local(workers=2), go_on=go_on,
        on_done=lambda task, facts: told.update({task.replication: facts.get("error")}),
    )  # fmt: skip
    why = "3 workers in turn ended before it: killed, or out of memory"
    if go_on:
        run()
        assert told.pop(0) == why
    else:
        with pytest.raises(ExecutorError, match=r"A worker must live as long as its task, .*: replication 0 of "):
            run()
    assert told == {1: None, 2: None}
    assert archive.failures(tasks[0].key) == {0: why}
    assert archive.replications(tasks[0].key) == [1, 2]


KEYS = {
    "flatten_only": "0aa852361a4c6d776272a86e927c5f34",
    "four_level": "9a6d8ea8db508b8398aee2a4b57f5514",
    "four_level_better": "1e8ffa2458f3c376fa811aaa26473daa",
    "four_level_contacts": "d779280c32ae8f5c6c51b4f8cff50577",
    "four_level_lines": "35dc4829c6883966f78dd47d6f59d738",
    "four_level_patrols": "fdcd4a315971c5896e91c1dedf82bddf",
    "merge_only": "b17a73e71e68e0784c8adac4c97fcc5d",
    "sink_only": "5499c29e92f03f6a8c97ed2fe3559edb",
    "three_level": "b53e719908bbe5a4223cc9df3311907b",
    "three_level_all_down": "3621a7a59474b3b5157845e68184fb0d",
    "three_level_better": "27bdc7d666f833b4556dabd57ff97091",
    "three_level_dedicated": "40504b8ddc73a7b92a4f51fdaa027ecb",
    "three_level_enforcement_below": "a321ff79727c9eb045a18785d6ed45f1",
    "three_level_expected": "d7de74e1e1b04c11f68e356cc88f3a4a",
    "three_level_generalist": "413db017eb7831d098555138c7b71d3e",
}
"""Of the shipped designs over a year, as they are archived in this version of the model."""


@pytest.mark.parametrize("name", sorted(KEYS))
def test_replications_of_a_shipped_design_are_found_again(name):
    assert replications.key(pilot(name, "run=year")) == KEYS[name]


def test_every_shipped_design_has_a_pinned_key():
    assert set(KEYS) == {path.stem for path in (CONFIGS / "pilot").glob("*.yaml")}


def test_how_results_are_shown_and_judged_is_no_part_of_a_key():
    one = pilot("four_level")
    other = one.model_copy(update={"report": one.report.model_copy(update={"maps": (), "expected_loads": None})})
    assert other != one
    assert replications.key(other) == replications.key(one)
    assert replications.identity([other]) == replications.identity([one])
