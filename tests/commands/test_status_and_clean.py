from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from setups.commands import refused, wangge
from setups.contents import contents

from sim.errors import StoreError
from sim.store import files, inventory
from sim.store.archive import Archive
from sim.store.store import Store
from sim.version import MODEL_VERSION

A, B, C = "aa" * 16, "bb" * 16, "cc" * 16
TABLES = {"measures": pl.DataFrame({"value": [1.5]})}


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    facts = {"command": ["wangge", "compare", "name=[bold]mine"], "replications": 3}
    store = Store.open(folder / "mine", {"pilots": []}, facts, keys={"old": A, "new": B})
    archive = store.archive
    for key, name in ((A, "old"), (B, "new"), (C, "gone")):
        archive.describe(key, {"name": name, "title": f"[red]{name}", "model_version": MODEL_VERSION})
    for key, number in ((A, 0), (A, 1), (A, 7), (B, 0), (C, 0)):
        archive.keep(key, number, TABLES, {})
    archive.fail(B, 1, "ConfigError: [b]no[/b] servers")
    (folder / "aa").mkdir()
    age(archive)
    return folder


def age(archive: Archive) -> None:
    for path in archive.folder.glob("*/*/*"):
        os.utime(path, (time.time() - 4000,) * 2)


def test_status_shows_studies_and_the_archive(results: Path) -> None:
    own = Store.open(results / "bench-1", {"x": 1}, {"command": ["wangge", "bench"]})
    own.keep("p1", 0, TABLES, {})
    own.finish({})
    before = contents(results)
    done = wangge(results.parent, "status")
    assert done.returncode == 0, done.stderr
    said = words(done.stdout)
    assert re.search(r"mine wangge compare 'name=\[bold\]mine' \d{4}-\d\d-\d\d \d\d:\d\d unfinished 3 of 6", said)
    assert re.search(r"bench-1 wangge bench \d{4}-\d\d-\d\d \d\d:\d\d \d{4}-\d\d-\d\d \d\d:\d\d 1 ", said)
    assert re.search(
        r"designs 3 replications 5 failed 1 set aside 0 size [\d.]+ kB of that, used by no study [1-9][\d.]* kB", said
    )
    assert contents(results) == before


def test_status_of_a_study_names_its_designs_and_why_replications_failed(results: Path) -> None:
    said = words(wangge(results.parent, "status", "mine").stdout)
    assert re.search(
        r"^wangge compare 'name=\[bold\]mine' started [-\d]+ [:\d]+, not finished \(UTC\) Designs of mine ", said
    )
    assert re.search(r"old \[red\]old 2 of 3 0 0 [\d.]+ kB aaaaaaaa", said)
    assert re.search(r"new \[red\]new 1 of 3 1 0 [\d.]+ kB bbbbbbbb", said)
    assert "gone" not in said
    assert "- Replication 1 of new failed: ConfigError: [b]no[/b] servers" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("mien",), "status must be given a name under results/: one of mine (did you mean mine?), got mien"),
        (("aa",), "status must be given a name under results/: one of mine, got aa"),
        (("mine", "yours"), "status must be given the name of one study or nothing, got mine yours"),
        (("name=mine",), "status must be given the name of one study or nothing, got name=mine"),
    ],
)
def test_a_mistake_in_status_is_one_paragraph(results: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in refused(results.parent, "status", *arguments)


def test_nothing_to_show_is_said(tmp_path: Path) -> None:
    assert "There is nothing under results/ yet" in wangge(tmp_path, "status").stdout
    assert (
        "There is nothing to remove: no files half written or damaged (add unused=true for unused replications, "
        "failed=true for notes of failed ones, old=true for replications of other models and those set aside)."
        in " ".join(wangge(tmp_path, "clean", "yes=true").stdout.split())
    )
    assert "one of" not in refused(tmp_path, "status", "mine")
    assert list(tmp_path.iterdir()) == []


def test_a_study_that_cannot_be_read_is_named_and_the_others_are_shown(results: Path) -> None:
    Store.open(results / "other", {"x": 1}, {})
    (results / "other" / "manifest.json").write_text("{")
    done = wangge(results.parent, "status")
    assert "The manifest.json in" in words(done.stdout)
    assert "3 of 6" in words(done.stdout)
    assert "is damaged" in refused(results.parent, "status", "other")


@pytest.mark.parametrize("noted", [{"pilot_runs": ["pilot run of new"]}, {}], ids=["by name", "by an earlier version"])
def test_a_pilot_run_is_no_design_however_its_names_are_noted(tmp_path: Path, noted: dict[str, object]) -> None:
    facts = {"command": ["wangge", "sweep"], "replications": 3, **noted}
    Store.open(tmp_path / "results/mine", {"x": 1}, facts, keys={"new": A, "pilot run of new": B})
    assert inventory.study(tmp_path / "results/mine").designs == ["new"]
    assert "0 of 3" in words(wangge(tmp_path, "status").stdout)


WHY = (
    "half written by killed runs", "damaged, set aside", "notes of failed replications",
    "set aside, as they lack a measure", "of other versions of the model", "that no study refers to",
)  # fmt: skip


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    return ended.pid


def test_clean_shows_and_removes_only_what_it_is_told_to(results: Path) -> None:
    archive = Archive(results / ".replications")
    archive.describe("dd" * 16, {"name": "before", "model_version": "0"})
    archive.keep("dd" * 16, 0, TABLES, {})
    archive.set_aside(A, 7, "is damaged")
    archive.keep(A, 8, TABLES, {})
    archive.set_aside_earlier(A, 8)
    with files.temporary(archive.folder) as mine:
        dead = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{ended_process()}-"))
        dead.write_bytes(b"half")
        mine.write_bytes(b"being written")
        before = contents(results)
        shown = words(wangge(results.parent, "clean", "unused=true", "failed=true", "old=true").stdout)
        assert contents(results) == before
        assert [re.search(rf"{why} (\d+) [\d.]+ kB", shown)[1] for why in WHY] == ["1", "1", "1", "1", "2", "2"]
        assert "Nothing was removed. Add yes=true to remove it." in shown

        def removed(*arguments: str) -> set[str]:
            there = set(contents(results))
            done = wangge(results.parent, "clean", "yes=true", *arguments)
            assert done.returncode == 0, done.stderr
            return {name.removeprefix(".replications/") for name in there - set(contents(results))}

        (aside,) = (name.name for name in (archive.folder / "aa" / A).glob("corrupt-*"))
        assert removed() == {dead.name, f"aa/{A}/{aside}"}
        assert removed("failed=true") == {f"bb/{B}/0001.failed.json"}
        (earlier,) = (name.name for name in (archive.folder / "aa" / A).glob("earlier-*"))
        assert removed("old=true") == {
            f"aa/{A}/{earlier}",
            *(f"dd/{'dd' * 16}/{name}" for name in ("0000.zip", "design.json")),
        }
        assert removed("unused=true") == {f"cc/{C}/{name}" for name in ("0000.zip", "design.json")}
        assert removed("unused=true", "failed=true", "old=true") == set()
        assert mine.read_bytes() == b"being written"
    assert sorted(path.name for path in archive.folder.iterdir()) == ["aa", "bb"]
    assert Store.open_existing(results / "mine").table("measures").height == 3
    assert {name for name in before if not name.startswith(".rep")} <= set(contents(results))


def test_what_a_study_has_noted_is_never_unused_even_before_it_has_a_manifest_that_can_be_read(results: Path) -> None:
    (results / "mine" / "manifest.json").write_text("{")
    wangge(results.parent, "clean", "unused=true", "yes=true")
    archive = Archive(results / ".replications")
    assert archive.replications(A) == [0, 1, 7]
    assert archive.keys() == [A, B]


def test_what_was_written_in_the_last_hour_is_not_unused_yet(results: Path) -> None:
    archive = Archive(results / ".replications")
    archive.keep(C, 1, TABLES, {})
    done = wangge(results.parent, "clean", "unused=true", "yes=true")
    assert "Files of the last hour are kept" in done.stdout
    assert archive.replications(C) == [0, 1]
    age(archive)
    wangge(results.parent, "clean", "unused=true", "yes=true")
    assert archive.keys() == [A, B]


@pytest.mark.parametrize("text", ["[1]", json.dumps({"old": A[:-1] + "b", "new": B})], ids=["no keys", "another key"])
def test_nothing_is_unused_where_nobody_knows_what_a_study_refers_to(results: Path, text: str) -> None:
    (keys,) = (results / "mine" / "keys").iterdir()
    keys.write_text(text)
    before = contents(results)
    told = refused(results.parent, "clean", "unused=true", "yes=true")
    assert re.search(r"keys/\w+\.json in .*mine is damaged or was edited by hand( \(.*\))?, so it is not known", told)
    assert contents(results) == before


@pytest.mark.parametrize("command", ["status", "clean"])
def test_an_archive_that_is_a_link_to_another_place_is_refused(command: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / ".replications").symlink_to(outside)
    assert "must lie inside the folder of results, got a symbolic link" in refused(tmp_path, command)


TOKEN = "0123456789ab"


def test_clean_follows_no_link_and_leaves_what_it_does_not_know(results: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    room = outside / ("ee" * 16)
    room.mkdir(parents=True)
    for name in ("0000.zip", f"corrupt-0000-{TOKEN}.zip"):
        (room / name).write_text("mine")
    archive = Archive(results / ".replications")
    (archive.folder / "ee").symlink_to(outside)
    (archive.folder / "cc" / C / "0003.zip").symlink_to(room / "0000.zip")
    (archive.folder / "cc" / C / f"corrupt-0004-{TOKEN}.zip").symlink_to(room)
    for name in ("corrupt-mine", f"corrupt-0005-{TOKEN}.zip", "0006.zip"):
        (archive.folder / "cc" / C / name).mkdir()
        (archive.folder / "cc" / C / name / "thesis.doc").write_text("years of work")
    (archive.folder / "cc" / C / "thesis.doc").write_text("years of work")
    (archive.folder / ".tmp-thesis").mkdir()
    (archive.folder / ".tmp-thesis" / "thesis.doc").write_text("years of work")
    os.utime(archive.folder / ".tmp-thesis", (0, 0))
    os.mkfifo(archive.folder / "cc" / C / "0008.zip")
    for path in (archive.folder / "cc" / C).iterdir():
        os.utime(path, (0, 0), follow_symlinks=False)
    wangge(results.parent, "clean", "unused=true", "yes=true")
    assert sorted(contents(outside)) == [f"{room.name}/0000.zip", f"{room.name}/corrupt-0000-{TOKEN}.zip"]
    left = sorted(path.name for path in (archive.folder / "cc" / C).iterdir())
    assert (archive.folder / ".tmp-thesis" / "thesis.doc").exists()
    assert left == ["0006.zip", "0008.zip", f"corrupt-0005-{TOKEN}.zip", "corrupt-mine", "thesis.doc"]
    with pytest.raises(StoreError, match=r"must lie inside the archive .* to be removed"):
        archive.remove([room / "0000.zip"])
    with pytest.raises(StoreError, match="must lie inside the archive"):
        archive.remove([archive.folder / "ee" / room.name / "0000.zip"])
    assert (room / "0000.zip").exists()


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("unsued=true", "clean must be given keys of yes, unused, failed, old (did you mean unused?), got unsued=true"),
        ("unused", "unused must be true or false, got nothing"),
        ("yes=1", "yes must be true or false, got 1"),
    ],
)
def test_a_mistake_in_clean_is_one_paragraph(results: Path, argument: str, told: str) -> None:
    before = contents(results)
    assert told in refused(results.parent, "clean", argument)
    assert contents(results) == before


def test_a_study_goes_on_after_its_replications_were_removed(results: Path) -> None:
    store = Store.open_existing(results / "mine")
    for one in inventory.waste(store.archive, results / "nowhere", unused=True, failed=False, old=False):
        store.archive.remove(one.paths)
    assert store.archive.keys() == []
    store.keep("old", 0, TABLES, {})
    assert store.finished("old", 0)
