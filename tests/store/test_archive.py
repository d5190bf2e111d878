from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import polars as pl
import pytest
from setups.contents import contents
from setups.killing import ended, killed_after, killed_at_steps, started

from sim.errors import StoreError
from sim.store import files
from sim.store.archive import Archive, Damaged, NotKept

OLD, NEW = "ab" * 16, "cd" * 16
WORK = [(key, replication) for replication in range(3) for key in (OLD, NEW)]


def tables(key: str, replication: int) -> dict[str, pl.DataFrame]:
    n = 50 + replication
    values = pl.DataFrame({"value": [replication + i / 7 for i in range(n)], "label": [key] * n})
    return {"measures": values, "staff": values.head(3).select(hours="value")}


def study(folder: Path, work: list[tuple[str, int]] = WORK) -> None:
    """Do what a study does with the archive; the interrupted run and the uninterrupted one are the same."""
    archive = Archive.open(folder)
    for key, replication in work:
        archive.describe(key, {"name": key[:2]})
        if not archive.finished(key, replication):
            archive.fail(key, replication, "not yet")
            archive.keep(key, replication, tables(key, replication), {"weeks": replication})


def kept(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(folder).items() if name.endswith(".zip")}


def small(archive: Archive, key: str = OLD, replication: int = 0, value: float = 1.5) -> bool:
    return archive.keep(key, replication, {"measures": pl.DataFrame({"value": [value]})}, {"open": 0})


def place(archive: Archive, replication: int = 0) -> Path:
    return archive.folder / "ab" / OLD / f"{replication:04d}.zip"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.open(tmp_path / "kept")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "kept"
    study(folder)
    assert len(kept(folder)) == len(WORK)
    return folder


def test_what_was_kept_comes_back_with_its_facts(archive: Archive) -> None:
    measures = pl.DataFrame({"value": [None, float("nan"), 1.5], "n": [1, 2, 3]}, schema_overrides={"n": pl.Int32})
    empty = pl.DataFrame(schema={"hours": pl.Float64})
    assert archive.keep(OLD, 7, {"measures": measures, "staff": empty}, {"steps": 3, "label": "三级"})
    assert archive.read(OLD, 7, "measures").equals(measures, null_equal=True)
    assert archive.read(OLD, 7, "staff").schema == empty.schema
    assert archive.facts(OLD, 7) == {"steps": 3, "label": "三级"}
    assert archive.tables(OLD, 7) == ("measures", "staff")
    tables, facts = archive.read_all(OLD, 7)
    assert list(tables) == ["measures", "staff"]
    assert facts == archive.facts(OLD, 7)
    assert archive.replications(OLD) == [7]
    assert archive.keys() == [OLD]


def test_a_replication_is_one_file_of_the_same_bytes_with_a_digest_for_every_table(tmp_path: Path) -> None:
    for name in ("one", "other"):
        small(Archive.open(tmp_path / name))
    assert contents(tmp_path / "one") == contents(tmp_path / "other")
    (file,) = contents(tmp_path / "one")
    assert Path(file) == Path("ab") / OLD / "0000.zip"
    with zipfile.ZipFile(tmp_path / "one" / file) as packed:
        assert packed.namelist() == ["facts.json", "measures.parquet"]
        assert {about.compress_type for about in packed.infolist()} == {zipfile.ZIP_STORED}
        record = json.loads(packed.read("facts.json"))
        assert record["tables"] == {"measures": files.digest(packed.read("measures.parquet"))}
    assert (record["key"], record["replication"]) == (OLD, 0)


def test_a_table_is_kept_if_it_is_read_again_and_else_refused_by_its_size(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_CELLS", 1_000)
    table = pl.DataFrame({"a": range(50), "b": ["x"] * 50})
    archive.keep(OLD, 0, {"measures": table}, {})
    assert archive.read(OLD, 0, "measures").equals(table)
    with pytest.raises(StoreError, match=r"Table measures of replication 1 cannot be kept: it must have at most 100 c"):
        archive.keep(OLD, 1, {"measures": pl.DataFrame({"a": range(101)})}, {})
    assert archive.replications(OLD) == [0]


def test_what_is_kept_first_stays(archive: Archive) -> None:
    assert small(archive, value=1.0)
    assert not small(archive, value=2.0)
    assert archive.read(OLD, 0, "measures")["value"].to_list() == [1.0]
    assert not list(archive.folder.glob(".tmp-*"))


def test_what_was_not_kept_is_told_from_what_is_damaged(archive: Archive) -> None:
    small(archive)
    with pytest.raises(NotKept, match=r"table must be one that replication 0 of design abab\w+ has, got 'visits'"):
        archive.read(OLD, 0, "visits")
    with pytest.raises(NotKept, match=r"replication 1 of design abab\w+ must be kept, got none"):
        archive.read(OLD, 1, "measures")
    assert archive.finished(OLD, 0)
    assert not issubclass(NotKept, Damaged)


def test_a_look_takes_as_long_beside_thousands_of_others(archive: Archive) -> None:
    small(archive)
    seconds = []
    for n in (0, 4_000):
        for number in range(1, n):
            room = archive.folder / f"{number % 10:02d}" / f"{number % 10:02d}{number % 100:030d}"
            room.mkdir(parents=True, exist_ok=True)
            (room / f"{number:04d}.zip").touch()
        began = time.perf_counter()
        for _ in range(300):
            assert archive.finished(OLD, 0)
            assert not archive.finished(OLD, 1)
        seconds.append(time.perf_counter() - began)
    assert seconds[1] < 5 * seconds[0] + 0.02


def spoiled(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


DAMAGES = {
    "cut short": (lambda path: os.truncate(path, 700), "cut short or is not what was written"),
    "cut at the end": (lambda path: os.truncate(path, path.stat().st_size - 1), "cut short or is not what was written"),
    "one byte of a table": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"PAR1", b"PAR3", 1)),
        "cut short or is not what was written",
    ),
    "only zeros": (lambda path: path.write_bytes(bytes(path.stat().st_size)), "cut short or is not what was written"),
    "of another": (lambda path: path.write_bytes(path.with_name("0000.zip").read_bytes()), "of another replication"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "what stands in its place is no file"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_replication_is_set_aside_named_and_kept_again(archive: Archive, damage: str) -> None:
    archive.describe(OLD, {"name": "old"})
    for replication in range(3):
        small(archive, OLD, replication)
    spoil, told = DAMAGES[damage]
    spoil(place(archive, 1))
    with pytest.raises(
        Damaged, match=rf"Replication 1 of pilot old in .* is damaged \(.*{told}\); it was set aside as "
    ):
        archive.read(OLD, 1, "measures")
    assert [archive.finished(OLD, replication) for replication in range(3)] == [True, False, True]
    assert archive.replications(OLD) == [0, 2]
    assert len(list(place(archive).parent.glob("corrupt-0001-*.zip"))) == 1
    assert archive.holdings()[0].aside == 1
    assert small(archive, OLD, 1)
    assert [archive.check(OLD, replication) for replication in range(3)] == [None] * 3


def test_no_flipped_byte_anywhere_gives_another_table(archive: Archive) -> None:
    small(archive)
    path, table = place(archive), archive.read(OLD, 0, "measures")
    data = path.read_bytes()
    refused = 0
    for at in range(0, len(data)):
        path.write_bytes(spoiled(data, at))
        try:
            assert archive.read(OLD, 0, "measures").equals(table)
            assert archive.facts(OLD, 0) == {"open": 0}
        except Damaged:
            refused += 1
    assert refused > 0.8 * len(data)


@pytest.mark.parametrize("stands", ["empty", "folder", "link"])
def test_what_is_no_replication_makes_room_for_one(archive: Archive, tmp_path: Path, stands: str) -> None:
    path = place(archive)
    path.parent.mkdir(parents=True)
    if stands == "folder":
        path.mkdir()
    elif stands == "link":
        victim = tmp_path / "victim"
        victim.write_text("mine")
        path.symlink_to(victim)
    else:
        path.touch()
    assert not archive.finished(OLD, 0)
    assert archive.replications(OLD) == []
    assert small(archive)
    assert archive.read(OLD, 0, "measures").rows() == [(1.5,)]
    assert len(list(path.parent.glob("corrupt-*"))) == 1
    assert stands != "link" or victim.read_text() == "mine"


def test_a_failure_is_noted_until_it_is_forgiven_or_a_replication_is_kept(archive: Archive) -> None:
    assert archive.failure(OLD, 3) is None
    archive.fail(OLD, 3, "no servers")
    archive.fail(OLD, 3, "ValueError: 没有 \udc80")
    archive.fail(OLD, 4, "no servers")
    assert archive.failures(OLD) == {3: "ValueError: 没有 \udc80", 4: "no servers"}
    assert not archive.finished(OLD, 3)
    assert archive.replications(OLD) == []
    assert archive.holdings()[0].failures == 2
    archive.clear_failure(OLD, 4)
    archive.clear_failure(OLD, 4)
    assert archive.failure(OLD, 4) is None
    small(archive, OLD, 3)
    assert archive.failures(OLD) == {}
    assert [path.name for path in place(archive).parent.iterdir()] == ["0003.zip"]


def test_a_broken_note_of_a_failure_is_still_one(archive: Archive) -> None:
    archive.fail(OLD, 0, "no servers")
    place(archive).with_name("0000.failed.json").write_text("{")
    assert archive.failure(OLD, 0) == "the note about it cannot be read"


def test_a_key_is_described_once_and_holdings_say_what_is_there(archive: Archive) -> None:
    archive.describe(OLD, {"name": "old", "title": "four levels", "model_version": "3"})
    archive.describe(OLD, {"name": "another"})
    small(archive, OLD, 0)
    small(archive, OLD, 12)
    small(archive, NEW, 1)
    assert archive.designs() == {OLD: {"name": "old", "title": "four levels", "model_version": "3"}, NEW: {}}
    first, second = archive.holdings()
    assert (first.key, first.name, first.replications, first.failures, first.aside) == (OLD, "old", (0, 12), 0, 0)
    assert first.n_bytes == sum(path.stat().st_size for path in place(archive).parent.iterdir())
    assert abs(first.written - time.time()) < 60
    assert (second.name, second.replications) == ("", (1,))


@pytest.mark.parametrize(
    "key", ["", "..", "../../x", "a/b", "AB" * 16, "ab", "a b c d", "/etc/passwd", "ab\0d", "网格" * 4]
)
def test_a_key_cannot_lead_elsewhere(archive: Archive, key: str) -> None:
    for ask in (archive.finished, archive.facts, archive.failure, archive.clear_failure):
        with pytest.raises(StoreError, match="key must be 4 to 64 of the letters a-z and digits, got"):
            ask(key, 0)
    with pytest.raises(StoreError, match="key must be"):
        small(archive, key)
    with pytest.raises(StoreError, match="key must be"):
        archive.describe(key, {})
    assert list(archive.folder.iterdir()) == []


def test_numbers_and_names_of_tables_are_checked(archive: Archive) -> None:
    with pytest.raises(StoreError, match="replication must be at least 0, got -1"):
        small(archive, OLD, -1)
    with pytest.raises(StoreError, match="table must be a plain name"):
        archive.keep(OLD, 0, {"../x": pl.DataFrame()}, {})
    assert list(archive.folder.iterdir()) == []


@pytest.mark.parametrize("linked", ["ab", f"ab/{OLD}"])
def test_a_link_out_of_the_archive_is_not_followed_for_writing(archive: Archive, tmp_path: Path, linked: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = archive.folder / linked
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    for ask in (small, lambda a: a.fail(OLD, 0, "x"), lambda a: a.describe(OLD, {})):
        with pytest.raises(StoreError, match="must lie inside the results folder, got a symbolic link"):
            ask(archive)
    assert list(outside.iterdir()) == []
    assert archive.keys() == []


def test_a_worker_keeps_through_a_pickled_archive(archive: Archive) -> None:
    data = pickle.dumps(archive)
    assert len(data) < 400
    small(pickle.loads(data))
    assert archive.finished(OLD, 0)


def test_leftovers_are_removed_only_when_their_process_has_ended(archive: Archive) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        with files.temporary(archive.folder) as mine:
            theirs = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{process.pid}-"))
        theirs.write_text("half")
        Archive.open(archive.folder)
        assert theirs.exists()
        process.kill()
        process.wait()
    Archive.open(archive.folder)
    assert list(archive.folder.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that refuses files even to root")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be used: .*What was finished there is kept"):
        Archive.open(Path("/proc/wangge"))
    (tmp_path / "file").write_text("mine")
    with pytest.raises(
        StoreError,
        match=r"cannot be used: a file stands where a folder must be \(.*file\)\. Nothing was",
    ):
        Archive.open(tmp_path / "file")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_archive_can_be_read_but_not_opened(archive: Archive) -> None:
    small(archive)
    archive.folder.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="Permission denied"):
            Archive.open(archive.folder)
        assert Archive(archive.folder).read(OLD, 0, "measures").height == 1
    finally:
        archive.folder.chmod(0o700)


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of a file, as a full disk does")
def test_a_disk_that_is_full_loses_nothing(archive: Archive) -> None:
    small(archive)
    code = """
import resource, signal, sys
import polars as pl
from pathlib import Path
from sim.store.archive import Archive
from sim.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
archive = Archive.open(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    archive.keep("ab" * 16, 1, {"measures": pl.DataFrame({"value": [i / 7 for i in range(5000)]})}, {})
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    Archive.open(archive.folder)
except StoreError as error:
    print(error)
"""
    run = [sys.executable, "-c", code, str(archive.folder)]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(said) == 2
    for line in said:
        assert re.search(r"cannot be used: File too large.*What was finished there is kept", line)
    assert archive.replications(OLD) == [0]
    assert archive.check(OLD, 0) is None
    assert list(contents(archive.folder)) == [f"ab/{OLD}/0000.zip"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_an_archive_killed_at_any_step_loses_nothing_and_leaves_no_half(tmp_path: Path, uninterrupted: Path) -> None:
    work = WORK[:2]
    folders = killed_at_steps(tmp_path, study, work)
    assert len(folders) > 30
    whole = kept(uninterrupted)
    for folder in folders:
        archive = Archive(folder)
        assert [archive.check(*which) for which in work if archive.finished(*which)] in ([], [None], [None, None])
        assert kept(folder).items() <= whole.items()
        for which in work:
            assert archive.failure(*which) in (None, "not yet")
        assert all(design in ({}, {"name": key[:2]}) for key, design in archive.designs().items())
        Archive.open(folder)
        assert not list(folder.rglob(".tmp-*"))
        for which in work:
            small(archive, *which)
        assert [archive.finished(*which) for which in work] == [True, True]
        assert not [name for name in contents(folder) if "corrupt" in name or "failed" in name]


def test_two_processes_on_one_archive_agree(tmp_path: Path, uninterrupted: Path) -> None:
    folder = tmp_path / "kept"
    both = [started(study, folder, work) for work in (WORK, WORK[::-1])]
    assert [ended(one) for one in both] == [0, 0]
    assert kept(folder) == kept(uninterrupted)
    assert not list(folder.rglob(".tmp-*"))


def test_a_process_killed_again_and_again_ends_with_the_same_archive(tmp_path: Path, uninterrupted: Path) -> None:
    folder = tmp_path / "kept"
    for seconds in (0.0, 0.004, 0.008, 0.02):
        killed_after(started(study, folder), seconds)
        assert kept(folder).items() <= kept(uninterrupted).items()
    study(folder)
    assert contents(folder) == contents(uninterrupted)
