from __future__ import annotations

import itertools
import json
import os
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from setups.killing import ended, killed_after, killed_at_steps, started

from sim.errors import StoreError
from sim.measures.dictionary import DEFINITIONS, GROUPS, RESIDENTS
from sim.store import files, manifest
from sim.store.store import Store
from sim.study.replications import set_aside_incomplete
from sim.version import VERSION

IDENTITY = {"model": "1", "run": {"seed": 0, "weeks": 52}, "pilots": ["old", "new"]}
WORK = [(pilot, replication) for replication in range(4) for pilot in ("old", "new")]


def tables(pilot: str, replication: int) -> dict[str, pl.DataFrame]:
    n = 50 + replication
    values = pl.DataFrame({"value": [replication + i / 7 for i in range(n)], "label": [pilot] * n})
    return {"measures": values, "staff": values.head(3).select(hours="value")}


def study(folder: Path, work: list[tuple[str, int]] = WORK) -> None:
    """Do what a study does with its store; the interrupted run and the uninterrupted one are the same."""
    store = Store.open(folder, IDENTITY, {"seed": 0})
    store.repair()
    for pilot, replication in work:
        if not store.finished(pilot, replication):
            store.keep(pilot, replication, tables(pilot, replication), {"weeks": replication})
    for name in ("measures", "staff"):
        store.write_table(name, store.table(name, ["old", "new"]))
    store.write_bytes("charts/waits.svg", b"<svg/>")
    store.finish({"n": len(WORK)})


def finals(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.iterdir() if path.is_file() and path.name != manifest.NAME]
    return {path.name: path.read_bytes() for path in paths}


def kept(folder: Path) -> dict[str, bytes]:
    room = folder / "replications"
    paths = [path for path in room.rglob("*") if path.is_file() and not path.name.startswith(".tmp-")]
    return {str(path.relative_to(room)): path.read_bytes() for path in paths}


def place(store: Store, replication: int = 0) -> Path:
    key = files.digest(b"old")[:32]
    return store.folder / "replications" / key[:2] / key / f"{replication:04d}.zip"


def small(store: Store, pilot: str = "old", replication: int = 0, value: float = 1.5) -> None:
    store.keep(pilot, replication, {"measures": pl.DataFrame({"value": [value]})}, {"open": 0})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "study", IDENTITY, {"versions": manifest.versions()})


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "study"
    study(folder)
    assert set(finals(folder)) == {"measures.parquet", "measures.csv", "staff.parquet", "staff.csv"}
    return folder


def test_a_table_stands_in_the_order_of_the_pilots_given_then_of_the_replications(store: Store) -> None:
    for pilot, replication in [("old", 10), ("new", 1), ("old", 2), ("new", 0)]:
        small(store, pilot, replication, value=replication / 4)
    table = store.table("measures", ["old", "new"])
    assert table.columns == ["pilot", "replication", "value"]
    assert table.rows() == [("old", 2, 0.5), ("old", 10, 2.5), ("new", 0, 0.0), ("new", 1, 0.25)]
    assert store.table("measures")["pilot"].to_list() == ["new", "new", "old", "old"]
    assert store.table("measures", ["old"], replications=10).rows() == [("old", 2, 0.5)]
    assert [list(facts.items())[:2] for facts in store.facts(["new"])] == [
        [("pilot", "new"), ("replication", 0)],
        [("pilot", "new"), ("replication", 1)],
    ]


def test_an_empty_table_and_a_missing_value_come_back_as_they_were(store: Store) -> None:
    empty = pl.DataFrame(schema={"value": pl.Float64, "n": pl.Int32})
    some = pl.DataFrame({"value": [None, float("nan")], "n": [1, 2]}, schema=empty.schema)
    store.keep("old", 0, {"measures": empty}, {})
    store.keep("old", 1, {"measures": some}, {})
    table = store.table("measures")
    assert table.schema == {"pilot": pl.String, "replication": pl.Int64, **empty.schema}
    assert table["value"].is_null().to_list() == [True, False]
    assert table["value"].is_nan().to_list() == [None, True]


def test_a_table_that_nobody_kept_is_refused(store: Store) -> None:
    small(store)
    with pytest.raises(StoreError, match=r"table must be one that a finished replication .* has, got 'visits'"):
        store.table("visits")


def test_a_table_must_leave_the_added_columns_free(store: Store) -> None:
    with pytest.raises(StoreError, match=r"columns of measures must not have the names"):
        store.keep("old", 0, {"measures": pl.DataFrame({"pilot": ["x"]})}, {})
    assert not store.finished("old", 0)


def test_what_is_kept_first_stays(store: Store) -> None:
    small(store, value=1.0)
    small(store, value=2.0)
    assert store.table("measures")["value"].to_list() == [1.0]
    assert not list(store.folder.glob(".tmp-*"))


def test_the_manifest_says_which_study_and_which_runs_and_nothing_of_the_host(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    Store.open(folder, IDENTITY, {"seed": 0, "overrides": ["run=quick"]}).finish({"replications": 4})
    Store.open(folder, IDENTITY, {"seed": 0})
    text = (folder / "manifest.json").read_text()
    content = json.loads(text)
    assert content["identity"] == IDENTITY
    canonical = json.dumps(IDENTITY, sort_keys=True, separators=(",", ":")).encode()
    assert content["sha256"] == files.digest(canonical)
    first, second = content["runs"].values()
    assert first["overrides"] == ["run=quick"]
    assert first["replications"] == 4
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", first["finished"])
    assert set(second) == {"started", "seed", "language"}
    assert str(tmp_path) not in text
    assert os.uname().nodename not in text


def test_versions_name_what_results_come_from() -> None:
    found = manifest.versions()
    assert found["polars"] == pl.__version__
    assert found["wangge"] == VERSION
    assert {"python", "numpy", "simpy"} <= set(found)


def test_the_same_study_goes_on_also_through_tuples_and_other_orders_of_keys(store: Store) -> None:
    small(store)
    same = {"pilots": ("old", "new"), "run": {"weeks": 52, "seed": 0}, "model": "1"}
    assert Store.open(store.folder, same, {}).finished("old", 0)


def test_of_two_runs_that_finish_in_one_second_the_later_is_the_last(tmp_path: Path) -> None:
    for value in range(3):
        store = Store.open(tmp_path / "mine", IDENTITY, {})
        store.write_table("x", pl.DataFrame({"x": [value]}))
        store.finish({})
    store.check_written(["x"])


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        (
            {**IDENTITY, "run": {"seed": 1, "weeks": 52}},
            r"holds another comparison: run.seed is 0 there, 1 here\. Nothing",
        ),
        ({**IDENTITY, "run": {"seed": False, "weeks": 52}}, r"run.seed is 0 there, false here\."),
        ({**IDENTITY, "run": {"seed": 0}}, r"run.weeks is 52 there, absent here\."),
        ({**IDENTITY, "pilots": ["old", "x"]}, r'pilots.1 is "new" there, "x" here\.'),
        ({**IDENTITY, **{f"k{i}": i for i in range(9)}}, r"k3 is absent there, 3 here; and 5 more\."),
        ({**IDENTITY, "model": "2" * 99}, r'model is "1" there, "2{55}\.\.\." here\.'),
    ],
)
def test_another_study_is_refused_and_nothing_changes(store: Store, identity: dict[str, object], told: str) -> None:
    small(store)
    before = (store.folder / "manifest.json").read_bytes()
    with pytest.raises(StoreError, match=told) as refused:
        Store.open(store.folder, identity, {})
    assert "Choose another name, or remove the folder" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (store.folder / "manifest.json").read_bytes() == before
    assert store.finished("old", 0)


OTHER = {**IDENTITY, "run": {"seed": 1, "weeks": 52}}


def begun(folder: Path, identity: dict[str, object], key: str = "a") -> Store:
    return Store.open(folder, identity, {"replications": 3}, keys={"old": key * 32})


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"study": {"title": "x"}, "points": list(range(99))}, "holds a comparison, not a study. Nothing was changed"),
        ({**IDENTITY, "trace": {"request": 3}}, "holds a comparison, not a journey. Nothing was changed"),
        ({"network": {}, "seed": 1}, "holds a comparison, not a run of a network. Nothing was changed"),
    ],
)
def test_where_the_kinds_differ_only_that_is_told(store: Store, asked: dict[str, object], told: str) -> None:
    with pytest.raises(StoreError) as refused:
        Store.open(store.folder, asked, {})
    assert told in str(refused.value)
    assert " there, " not in str(refused.value)


@pytest.mark.parametrize(
    ("there", "here", "told"),
    [
        ({"late": "1f"}, {"late": "2f"}, "your measure late has changed since (its unit, its function, or what that"),
        ({"late": "1f"}, None, "another study: your measure late is there and not here. Nothing"),
        (None, {"late": "1f", "lost": "2f"}, "your measure late is here and not there; your measure lost is here and"),
        (None, None, "another study: the configs that its points are made of have changed since. Nothing was changed"),
    ],
)
def test_a_digest_that_differs_is_told_in_words(tmp_path: Path, there: object, here: object, told: str) -> None:
    def studied(points: str, measures: object) -> dict[str, object]:
        return {"study": {"title": "x"}, "study_points": points, **({"own_measures": measures} if measures else {})}

    Store.open(tmp_path / "mine", studied("ab12", there), {})
    with pytest.raises(StoreError) as refused:
        Store.open(tmp_path / "mine", studied("cd34", here), {})
    assert told in str(refused.value)
    assert not re.search("ab12|cd34|1f|2f", str(refused.value))


@pytest.mark.parametrize(
    ("key", "empty", "told"),
    [("trace", {}, "another journey"), ("causes", {}, "another explanation"), ("headlines", [], "other headlines"),
     ("cases", {}, "another validation"), ("tools", [], "another benchmark"), ("knobs", [], "another table of knobs")],
)  # fmt: skip
def test_a_folder_of_the_same_kind_is_called_by_it(tmp_path: Path, key: str, empty: object, told: str) -> None:
    Store.open(tmp_path / "mine", {key: empty, "seed": 1}, {})
    with pytest.raises(StoreError, match=rf"mine holds {told}: seed is 1 there, 2 here\. Nothing"):
        Store.open(tmp_path / "mine", {key: empty, "seed": 2}, {})


def test_what_differs_is_told_shortly(tmp_path: Path) -> None:
    Store.open(tmp_path / "mine", {"x" * 100_000: 1}, {})
    with pytest.raises(StoreError, match=r"x{57}\.\.\. is 1 there, absent here; y is absent there, 1 here\.") as told:
        Store.open(tmp_path / "mine", {"y": 1}, {})
    assert len(str(told.value)) < 500


def test_a_folder_in_which_nothing_was_computed_is_taken_over_and_the_archive_stays(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    small(begun(folder, IDENTITY))
    other = begun(folder, OTHER, "c")
    assert (other.identity, other.keys) == (OTHER, {"old": "c" * 32})
    assert not other.finished("old", 0)
    assert begun(folder, IDENTITY).finished("old", 0)


@pytest.mark.parametrize("written", ["measures.parquet", "charts/waits.svg", "keys.txt", "replications/x.zip"])
def test_a_folder_in_which_anything_lies_is_never_taken_over(tmp_path: Path, written: str) -> None:
    folder = tmp_path / "study"
    begun(folder, IDENTITY)
    (folder / written).parent.mkdir(exist_ok=True)
    (folder / written).write_text("mine")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(StoreError, match=r"run\.seed is 0 there, 1 here\. Nothing was changed"):
        begun(folder, OTHER, "c")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_who_works_on_a_folder_that_another_took_over_writes_nothing_there(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    first = begun(folder, IDENTITY)
    second = begun(folder, OTHER, "c")
    table = pl.DataFrame({"x": [1]})
    for write in (
        lambda: first.write_table("means", table),
        lambda: first.discard("means.csv"),
        lambda: first.finish({}),
        lambda: first.add({"more": "d" * 32}),
    ):
        with pytest.raises(StoreError, match=r"must stay what it was .* but another one has begun there, so nothing"):
            write()
    second.write_table("means", table)
    second.finish({})
    assert Store.open_existing(folder).identity == OTHER
    assert second.keys == {"old": "c" * 32} == manifest.keys(folder)


AT_WORK = """
import sys, time
from pathlib import Path
from sim.store.archive import Archive
from sim.store.claims import claims
with claims(Archive(Path(sys.argv[1])).folder) as mine:
    assert mine.take("a" * 32, 2)
    print("at work", flush=True)
    time.sleep(300)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no claims")
def test_a_folder_that_another_process_works_on_is_not_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    archive = begun(folder, IDENTITY).archive.folder
    run = [sys.executable, "-c", AT_WORK, str(archive)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "at work\n"
        with pytest.raises(StoreError, match=r"run\.seed is 0 there, 1 here\. Nothing was changed"):
            begun(folder, OTHER, "c")
        process.kill()
    assert begun(folder, OTHER, "c").identity == OTHER


def test_a_folder_with_something_else_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(StoreError, match=r"is not empty but holds no results \(there is 'thesis.doc'"):
        Store.open(tmp_path, IDENTITY, {})
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"identity": {}, "sha256": "0", "format": 1, "runs": {}}'])
def test_a_damaged_manifest_is_refused(store: Store, text: str) -> None:
    (store.folder / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match=r"manifest\.json in .* is damaged, was edited by hand"):
        Store.open(store.folder, IDENTITY, {})
    with pytest.raises(StoreError, match="is damaged"):
        Store.open_existing(store.folder)


def of_designs(**seeds: int) -> dict[str, object]:
    """Return the identity of a comparison of designs of these names."""
    return {"model": "1", "pilots": [{"name": name, "run": {"seed": seed}} for name, seed in seeds.items()]}


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        (of_designs(old=1, new=3), r"comparison: run\.seed of new is 2 there, 3 here\. Nothing"),
        (of_designs(new=2, old=1), r"comparison: its designs are old, new there, new, old here \(the same in another"),
        (of_designs(old=1, better=2), r"comparison: its designs are old, new there, old, better here\. Nothing"),
        ({**of_designs(old=4), "model": "2"}, r'its designs are old, new there, old here; model is "1" there, "2" he'),
        (of_designs(**{f"d{i}": i for i in range(12)}), r"there, d0, d1, d2, d3, d4, d5, d6, d7, \.\.\. here\. Not"),
    ],
)
def test_a_folder_of_other_designs_is_told_by_their_names(
    tmp_path: Path, identity: dict[str, object], told: str
) -> None:
    Store.open(tmp_path / "study", of_designs(old=1, new=2), {})
    small(Store.open(tmp_path / "study", of_designs(old=1, new=2), {}))
    with pytest.raises(StoreError, match=told):
        Store.open(tmp_path / "study", identity, {})


def test_a_manifest_edited_by_hand_is_refused(store: Store) -> None:
    path = store.folder / "manifest.json"
    path.write_text(path.read_text().replace('"weeks": 52', '"weeks": 53'))
    with pytest.raises(StoreError, match="was edited by hand"):
        Store.open(store.folder, {**IDENTITY, "run": {"seed": 0, "weeks": 53}}, {})


def test_a_file_where_the_folder_should_be_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "study"
    path.write_text("mine")
    with pytest.raises(
        StoreError,
        match=r"study cannot be used: a file stands where a folder must be \(.*study\)\. Nothing was changed",
    ):
        Store.open(path, IDENTITY, {})
    with pytest.raises(StoreError, match=r"cannot be used: a file stands where a folder must be"):
        Store.open(path / "below", IDENTITY, {})
    assert path.read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that refuses files even to root")
def test_a_folder_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(StoreError, match=r"cannot be used: .*What was finished there is kept"):
        Store.open(Path("/proc/wangge"), IDENTITY, {})


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_can_be_read_but_not_continued(store: Store) -> None:
    small(store)
    store.folder.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="Permission denied"):
            Store.open(store.folder, IDENTITY, {})
        assert Store.open_existing(store.folder).table("measures").height == 1
    finally:
        store.folder.chmod(0o700)


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of a file, as a full disk does")
def test_a_disk_that_is_full_loses_nothing(store: Store) -> None:
    small(store)
    code = """
import resource, signal, sys
import polars as pl
from pathlib import Path
from sim.errors import StoreError
from sim.store.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
store = Store.open_existing(Path(sys.argv[1]))
try:
    store.keep("old", 1, {"measures": pl.DataFrame({"value": [i / 7 for i in range(5000)]})}, {})
except StoreError as error:
    print(error)
"""
    run = [sys.executable, "-c", code, str(store.folder)]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert re.search(r"cannot be used: File too large.*What was finished there is kept", said)
    assert store.repair() == []
    assert store.finished("old", 0)
    assert not store.finished("old", 1)
    assert not list(store.folder.glob(".tmp-*"))


BAD_NAMES = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "/etc",
    "a\\b",
    "C:x",
    "a\nb",
    "\0",
    "x\u202ey",
    ".hidden",
    "x ",
    "\udc80",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_from_a_config_cannot_lead_elsewhere(store: Store, name: str) -> None:
    table = pl.DataFrame({"value": [1]})
    told = "must be a plain name"
    with pytest.raises(StoreError, match=f"pilot {told}"):
        store.keep(name, 0, {}, {})
    with pytest.raises(StoreError, match=f"pilot {told}"):
        store.finished(name, 0)
    with pytest.raises(StoreError, match=f"table {told}"):
        store.keep("old", 0, {name: table}, {})
    with pytest.raises(StoreError, match=f"table {told}"):
        store.write_table(name, table)
    with pytest.raises(StoreError, match="file must be"):
        store.write_text(name, "")
    assert [path.name for path in store.folder.parent.rglob("*")] == ["study", "manifest.json"]


@pytest.mark.parametrize(
    "name", ["manifest.json", "Manifest.JSON", "charts", "replications", "x/y.png", "replications/x"]
)
def test_final_files_stay_clear_of_what_is_the_store_s(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match=r"file must be a name at the top or in charts/ and none of manifest\.json"):
        store.write_bytes(name, b"")


def test_a_name_may_be_chinese_but_not_endless(store: Store) -> None:
    small(store, "三级 structure=three_level,b_share=0.5")
    assert store.table("measures")["pilot"].to_list() == ["三级 structure=three_level,b_share=0.5"]
    with pytest.raises(StoreError, match=r"pilot must be at most 200 bytes long, got 300"):
        small(store, "网" * 100)


def test_replications_are_counted_from_0(store: Store) -> None:
    with pytest.raises(StoreError, match="replication must be at least 0, got -1"):
        small(store, "old", -1)


@pytest.mark.parametrize("above", [0, 1, 2])
def test_a_link_out_of_the_folder_is_not_followed_for_writing(store: Store, tmp_path: Path, above: int) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = place(store).parents[above]
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(StoreError, match="must lie inside the results folder, got a symbolic link"):
        small(store)
    assert list(outside.iterdir()) == []


def test_a_linked_file_is_replaced_and_a_linked_charts_folder_refused(store: Store, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (store.folder / "summary.md").symlink_to(victim)
    (store.folder / "charts").symlink_to(tmp_path)
    store.write_text("summary.md", "等待 (waits)\n")
    assert victim.read_text() == "mine"
    assert (store.folder / "summary.md").read_text() == "等待 (waits)\n"
    with pytest.raises(StoreError, match="symbolic link"):
        store.write_bytes("charts/victim", b"")


def test_leftovers_are_removed_only_when_their_process_has_ended(store: Store, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    with files.temporary(store.folder) as mine:
        mine.mkdir()
        dead = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-"))
        dead.mkdir()
        (dead / "facts.json").write_text("{")
        elsewhere = mine.with_name(f".tmp-00000000-{ended.pid}-{'a' * 12}")
        old = mine.with_name(f".tmp-00000000-{ended.pid}-{'b' * 12}")
        for path in (elsewhere, old):
            path.write_text("")
        os.utime(old, (time.time() - 90_000,) * 2)
        link = mine.with_name(f"{dead.name[:-12]}{'c' * 12}")
        link.symlink_to(tmp_path)
        thesis = mine.with_name(".tmp-thesis")
        thesis.mkdir()
        os.utime(thesis, (time.time() - 90_000,) * 2)
        Store.open(store.folder, IDENTITY, {})
        assert {path.name for path in store.folder.glob(".tmp-*")} == {mine.name, elsewhere.name, thesis.name}
    assert store.folder.exists()
    assert not mine.exists()


def test_damaged_replications_are_set_aside_named_and_run_again(store: Store) -> None:
    for replication in range(3):
        small(store, "old", replication)
    os.truncate(place(store, 1), 40)
    (said,) = store.repair()
    assert re.search(
        r"Replication 1 of pilot old in .* is damaged \(it was cut short.*set aside as corrupt-0001-", said
    )
    assert [store.finished("old", replication) for replication in range(3)] == [True, False, True]
    assert store.table("measures")["replication"].to_list() == [0, 2]
    small(store, "old", 1)
    assert store.repair() == []
    assert store.table("measures")["replication"].to_list() == [0, 1, 2]
    os.truncate(place(store, 1), 40)
    assert store.repair(replications=1) == []


@pytest.mark.parametrize("ask", [lambda store: store.table("measures"), lambda store: store.facts()])
def test_no_table_lacks_a_damaged_replication_in_silence(store: Store, ask: Callable[[Store], object]) -> None:
    small(store)
    place(store).write_bytes(b"PAR1")
    with pytest.raises(StoreError, match=r"Replication 0 of pilot old .* Run the same command again"):
        ask(store)
    assert not store.finished("old", 0)


def test_replications_with_fewer_tables_are_set_aside_to_be_run_again(store: Store) -> None:
    rows = [(measure, group) for measure in DEFINITIONS for group in GROUPS.get(measure, RESIDENTS)]
    measured = pl.DataFrame(rows, schema=["measure", "group"], orient="row")
    store.keep("old", 0, {"measures": measured}, {})
    keys = {"old": store.key("old")}
    assert set_aside_incomplete(store.archive, keys, 1, ["measures"]) == []
    (said,) = set_aside_incomplete(store.archive, keys, 1, ["measures", "staff", "flows"])
    assert said == ("1 kept replication lacks what this version measures (table staff, table flows): it is run again.")
    assert not store.finished("old", 0)
    (aside,) = store.archive.folder.glob("*/*/earlier-0000-*.zip")
    assert aside.stat().st_size > 0


PILOTS = {"a": "ab" * 16, "b": "cd" * 16}


def test_two_studies_of_the_same_designs_share_their_replications(tmp_path: Path) -> None:
    first = Store.open(tmp_path / "first", IDENTITY, {}, keys=PILOTS)
    small(first, "a", 0, value=1.0)
    other = Store.open(tmp_path / "other", IDENTITY, {}, keys={"mine": PILOTS["a"]})
    assert other.finished("mine", 0)
    assert other.table("measures").rows() == [("mine", 0, 1.0)]
    assert first.table("measures", ["b", "a"]).rows() == [("a", 0, 1.0)]
    assert other.facts() == [{"pilot": "mine", "replication": 0, "open": 0}]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".replications", "first", "other"]
    assert not list(first.folder.rglob("*.zip"))


def test_a_study_notes_its_keys_and_takes_more(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "study", IDENTITY, {}, keys={})
    with pytest.raises(StoreError, match=r"pilot must be a pilot of the study in .*, got 'a'"):
        store.finished("a", 0)
    more = store.add(PILOTS)
    other = Store.open_existing(store.folder).add({"a": PILOTS["a"], "c": "ef" * 16})
    assert not more.finished("a", 0)
    assert other.names == ["a", "b", "c"]
    assert Store.open(store.folder, IDENTITY, {}, keys={"a": PILOTS["a"]}).names == ["a", "b", "c"]
    with pytest.raises(
        StoreError, match=r"The name a in .* must stay that of the design abab\w+, got cdcd\w+\. Nothing"
    ):
        other.add({"a": PILOTS["b"]})
    assert Store.open_existing(store.folder).keys == {**PILOTS, "c": "ef" * 16}


def test_keys_that_cannot_be_read_are_refused_by_name(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "study", IDENTITY, {}, keys=PILOTS)
    (path,) = (store.folder / "keys").iterdir()
    path.write_text("{")
    with pytest.raises(StoreError, match=rf"keys/{path.name} in .* is damaged or was edited by hand"):
        Store.open_existing(store.folder)


def test_a_study_that_keeps_its_own_replications_takes_no_keys(store: Store) -> None:
    with pytest.raises(StoreError, match="must be of a study that was opened with keys to take more"):
        store.add(PILOTS)


def test_keys_are_not_noted_through_a_link(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "study", IDENTITY, {})
    (store.folder / "keys").symlink_to(tmp_path)
    with pytest.raises(StoreError, match="must be a folder inside the results folder, got something else or a symb"):
        Store.open(store.folder, IDENTITY, {}, keys=PILOTS)


def test_a_worker_keeps_through_a_pickled_or_an_attached_store(store: Store) -> None:
    small(pickle.loads(pickle.dumps(store)), "old", 0)
    other = Store.open_existing(store.folder)
    small(other, "old", 1)
    assert store.table("measures")["replication"].to_list() == [0, 1]
    assert other.identity == IDENTITY


def test_attaching_needs_a_study(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be used: No such file"):
        Store.open_existing(tmp_path / "nothing")


def test_the_same_table_gives_the_same_bytes(store: Store) -> None:
    def table() -> pl.DataFrame:
        n = 20_000
        texts = [f"社区 {i % 31}" for i in range(n)]
        return pl.DataFrame({"x": [i / 7 for i in range(n)], "label": texts, "n": range(n)})

    store.write_table("measures", table())
    first = finals(store.folder)
    store.write_table("measures", table())
    assert finals(store.folder) == first
    assert pl.read_parquet(store.folder / "measures.parquet").equals(table())
    assert pl.read_csv(store.folder / "measures.csv").equals(table())


def test_text_in_a_csv_is_no_formula_and_numbers_stay_numbers(store: Store) -> None:
    labels = ["=1+1", "+x", "-x", "@x", "\tx", " =x", "＝1", "a=b", "", None]
    values = [-1.5, float("nan"), None, 1e-9, 0.1, 2.0, 3.0, 4.0, 5.0, 6.0]
    table = pl.DataFrame({"label": labels, "=kind": pl.Series(labels, dtype=pl.Categorical), "value": values})
    store.write_table("measures", table)
    lines = (store.folder / "measures.csv").read_bytes().decode("utf-8-sig").split("\n")
    assert lines[0] == "label,'=kind,value"
    assert [line.split(",")[0] for line in lines[1:11]] == [
        *("'=1+1", "'+x", "'-x", "'@x", " x", "' =x", "'＝1", "a=b", '""', ""),
    ]
    assert lines[1] == "'=1+1,'=1+1,-1.5"
    assert pl.read_parquet(store.folder / "measures.parquet")["label"].to_list() == labels


def test_a_csv_is_marked_for_spreadsheets_only_where_it_is_not_ascii(store: Store) -> None:
    store.write_table("plain", pl.DataFrame({"label": ["old"]}))
    store.write_table("chinese", pl.DataFrame({"label": ["老"]}))
    assert (store.folder / "plain.csv").read_bytes() == b"label\nold\n"
    assert (store.folder / "chinese.csv").read_bytes() == b"\xef\xbb\xbflabel\n\xe8\x80\x81\n"


def test_facts_with_broken_characters_of_a_command_line_are_written(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "study", IDENTITY, {"overrides": ["name=\udc80老"]})
    (run,) = json.loads((store.folder / "manifest.json").read_bytes())["runs"].values()
    assert run["overrides"] == ["name=\udc80老"]


def test_a_study_killed_at_random_moments_goes_on_to_the_same_results(tmp_path: Path, uninterrupted: Path) -> None:
    folder = tmp_path / "study"
    moments = random.Random(0)
    whole = kept(uninterrupted)
    for _ in range(5):
        killed_after(started(study, folder), moments.uniform(0.0, 0.06))
        assert kept(folder).items() <= whole.items()
    study(folder)
    assert kept(folder) == whole
    assert finals(folder) == finals(uninterrupted)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_study_killed_at_any_step_loses_nothing_and_leaves_no_half(tmp_path: Path, uninterrupted: Path) -> None:
    work = WORK[:2]
    folders = killed_at_steps(tmp_path, study, work)
    assert len(folders) > 40
    whole = kept(uninterrupted)
    for folder in folders:
        said = [path.name for path in folder.rglob("*") if not path.name.startswith(".tmp-")]
        if "manifest.json" in said:
            assert Store.open_existing(folder).repair() == []
        assert kept(folder).items() <= whole.items()
        for name in ("measures.parquet", "staff.parquet"):
            if (folder / name).exists():
                assert pl.read_parquet(folder / name).height > 0
        store = Store.open(folder, IDENTITY, {})
        assert not list(folder.glob(".tmp-*"))
        missing = [(pilot, replication) for pilot, replication in work if not store.finished(pilot, replication)]
        for pilot, replication in missing:
            small(store, pilot, replication)
        assert [(facts["pilot"], facts["replication"]) for facts in store.facts(["old", "new"])] == work


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_study_killed_at_a_hundred_steps_goes_on_each_time_to_the_same_bytes(
    tmp_path: Path, uninterrupted: Path
) -> None:
    whole, lost = (kept(uninterrupted), finals(uninterrupted)), 0
    *killed, last = killed_at_steps(tmp_path, study)
    assert (kept(last), finals(last)) == whole
    finished = set()
    for folder in killed:
        assert kept(folder).items() <= whole[0].items()
        finished.add(len(kept(folder)))
        study(folder)
        lost += (kept(folder), finals(folder)) != whole or bool(list(folder.rglob(".tmp-*")))
    told(f"{len(killed)} kills at aimed instants, {lost} of which lost or changed something")
    assert len(killed) >= 100
    assert len(finished) > len(WORK)  # they were killed before the first replication, after the last and between all
    assert lost == 0


def fill(room: Path, whole: Path) -> None:
    """Run the study on disks of more and more room until it fits; it goes on from each once there is room again."""
    wanted = kept(whole), finals(whole)
    for limit, unit in (("size", 4096), ("nr_inodes", 1)):
        unlimited = "size=0,nr_inodes=0"
        refused = 0
        for n in itertools.count(2):
            mount("-t", "tmpfs", "-o", f"{unlimited},{limit}={n * unit}", "tmpfs", room)
            refusal = refused_here(room / "study")
            if refusal is None:
                break
            refused += 1
            assert re.search(r"cannot be used: No space left on device.*What was finished there is kept", refusal)
            assert kept(room / "study").items() <= wanted[0].items()
            assert not list(room.rglob(".tmp-*"))
            mount("-o", f"remount,{unlimited}", room)
            study(room / "study")
            assert (kept(room / "study"), finals(room / "study")) == wanted
            subprocess.run(["umount", room], check=True)
        subprocess.run(["umount", room], check=True)
        told(f"{refused} disks without {limit} enough")
        assert refused > 10


def refused_here(folder: Path) -> str | None:
    """Return why a study cannot be run in a folder, if it cannot."""
    try:
        study(folder)
    except StoreError as error:
        return str(error)
    return None


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)


def told(counts: str) -> None:
    """Print what a long test has counted."""
    print(counts)  # noqa: T201 - it is asked for


@pytest.mark.skipif(os.name != "posix", reason="locks folders")
def test_a_process_that_keeps_a_folder_to_itself_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(files, "LONGEST_WRITE", 0.05)
    suspended = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(suspended, fcntl.LOCK_EX)
    with (
        pytest.raises(StoreError, match=r"must be free to be written: another process has kept it"),
        files.alone(tmp_path),
    ):
        raise AssertionError("it was not free")
    os.close(suspended)
    with files.alone(tmp_path):
        pass


OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount"]


def test_on_a_disk_without_bytes_or_inodes_a_study_loses_nothing_and_goes_on(
    tmp_path: Path, uninterrupted: Path
) -> None:
    if shutil.which("unshare") is None or subprocess.run([*OWN_MOUNTS, "true"], check=False).returncode:
        pytest.skip("it mounts disks for itself alone, which is not allowed here")
    code = "import sys; from pathlib import Path; import test_store; test_store.fill(*map(Path, sys.argv[1:]))"
    run = subprocess.run(
        [*OWN_MOUNTS, sys.executable, "-c", code, tmp_path, uninterrupted],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    told(run.stdout)


def test_two_processes_on_one_study_agree(tmp_path: Path, uninterrupted: Path) -> None:
    folder = tmp_path / "study"
    both = [started(study, folder, work) for work in (WORK, WORK[::-1])]
    assert [ended(one) for one in both] == [0, 0]
    assert kept(folder) == kept(uninterrupted)
    assert finals(folder) == finals(uninterrupted)
    assert not list(folder.glob(".tmp-*"))


def test_of_two_studies_that_begin_in_one_folder_the_second_is_refused(tmp_path: Path) -> None:
    # Both looked and saw no manifest; the one that comes second must find the first one's.
    folder = tmp_path / "study"
    folder.mkdir()
    assert files.create(folder / "manifest.json", b"first")
    assert not files.create(folder / "manifest.json", b"second")
    assert (folder / "manifest.json").read_bytes() == b"first"
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


def test_a_stopped_process_is_told_from_an_ended_one(store: Store) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        with files.temporary(store.folder) as mine:
            theirs = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{process.pid}-"))
        theirs.mkdir()
        process.send_signal(signal.SIGSTOP)
        files.remove_leftovers(store.folder)
        assert theirs.exists()
        process.kill()
        process.wait()
    files.remove_leftovers(store.folder)
    assert not theirs.exists()
