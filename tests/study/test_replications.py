from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from setups.district import CONFIGS, mapping, pilot, tiny

from sim import config
from sim.district.engines import Compiled
from sim.errors import StoreError
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
    assert again.facts == {**facts, "steps": 0}
    assert all(table.equals(found.tables[name], null_equal=True) for name, table in again.tables.items())
    assert list(again.tables) == list(found.tables)


def test_a_worker_that_cannot_see_the_archive_simulates(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert replications.perform(task(Archive(tmp_path / "file"), tiny())).facts["steps"] > 0


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


KEYS = {
    "flatten_only": "58d31a96ac2035caa82ce15da0de4b00",
    "four_level": "77a151d1c6f66322e6fb5df76cc07320",
    "four_level_better": "dbda133c794ee09085a59f69fd37f1a7",
    "four_level_contacts": "a4e0c59254672907d9ed9c027e52bd24",
    "four_level_lines": "1dc6fe1acf28de129040d28dce90e29c",
    "four_level_patrols": "cc1b9b85217fa9c76b3d759703102a35",
    "merge_only": "3fade8f9162c2112b47e8f7b3428080e",
    "sink_only": "16790b2216938d7731faffd410c396cd",
    "three_level": "b7e7e32822ef668536ffd2fe6dca7b99",
    "three_level_all_down": "26eab54b323e3e6ef68afdb7a0f7fea9",
    "three_level_better": "5827082483615d178962e40fd9ae65b3",
    "three_level_dedicated": "ebb8d7c0f5e690c615b20d281b0f03fc",
    "three_level_enforcement_below": "38fc0fbf674c11577ea17ad755c2cf72",
    "three_level_expected": "1300dd3b39502fba1bfeb383c37810bd",
    "three_level_generalist": "3512c4d10731dccd7eee1d14334d1e0f",
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
