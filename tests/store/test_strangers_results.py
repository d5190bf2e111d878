"""What others put into a folder of results holds nobody up, fills no memory and removes nothing."""

import base64
import io
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from contextlib import contextmanager

import polars as pl
import pytest
from setups.claiming import hold
from setups.commands import TINY, wangge
from setups.corrupting import bomb
from setups.district import CONFIGS
from setups.killing import started, until

from sim.errors import StoreError
from sim.store import files, inventory, manifest, noted, parquet_size
from sim.store.archive import Archive, Damaged
from sim.store.packing import FACTS
from sim.store.silence import without_stderr
from sim.store.store import Store

TABLE = pl.DataFrame({"a": [1, 2, None], "b": ["x", "y", "z"], "c": [True, False, None]})
KEY = "ab" * 16


@contextmanager
def at_once():
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it hangs"))
    signal.alarm(20)
    try:
        yield
    finally:
        signal.alarm(0)


def _linked_outwards(path):
    (path.parents[2] / "outside.txt").write_text("mine\n")
    path.symlink_to(path.parents[2] / "outside.txt")


def _socket(path):
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as opened:
        patch.chdir(path.parent)  # a path of a socket is short
        opened.bind(path.name)


def _too_large(path):
    with path.open("wb") as file:
        file.truncate(files.MOST_BYTES + 1)


ADDED = {
    "a pipe": os.mkfifo, "a link to a device": lambda path: path.symlink_to("/dev/zero"), "a socket": _socket,
    "a link outwards": _linked_outwards, "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a circle": lambda path: path.symlink_to(path.name), "a folder": lambda path: path.mkdir(), "too much": _too_large,
}  # fmt: skip


def test_what_stands_in_the_place_of_a_folder_or_a_file_that_is_written_is_told_as_what_it_is(tmp_path):
    store = Store.open(tmp_path / "one", {"a": 1}, {})
    put = {"pipe": os.mkfifo, "link": lambda path: path.symlink_to("nothing"), "file": lambda path: path.touch()}
    for kind, add in put.items():
        add(store.folder / "charts")
        with pytest.raises(StoreError, match=rf"/one/charts must be a folder, got a {kind}\. Nothing was changed\.$"):
            store.write_bytes("charts/x.svg", b"x")
        (store.folder / "charts").unlink()
    (store.folder / "charts/x.svg").mkdir(parents=True)
    (store.folder / "drawn.json").mkdir()
    for name in ("charts/x.svg", "drawn.json"):
        for act in (lambda name: store.write_bytes(name, b"x"), store.discard):
            with pytest.raises(StoreError, match=rf"/one/{name} must be a regular file, got a folder\. Nothing was"):
                act(name)
    assert not list(store.folder.rglob(".tmp*"))


@pytest.mark.parametrize("add", ADDED.values(), ids=ADDED)
def test_what_is_added_to_a_folder_is_neither_read_nor_in_the_way_of_a_study(tmp_path, add):
    folder = tmp_path / "results/one"
    store = Store.open(folder, {"a": 1}, {})
    store.write_table("mine", TABLE)
    for name in ("zz.parquet", "printed.json", "charts/zz.svg", "keys.json", "drawn.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        add(folder / name)
    with at_once():
        store.finish({})
        store.check_written(["mine"])
        assert [name for name in store.final_tables if name != "zz"] == ["mine"]
        with pytest.raises(StoreError, match=r"^zz.parquet in .* is damaged or was not written by wangge"):
            store.final_table("zz")
        assert files.regular(folder / "charts", ".svg") in ([], [folder / "charts/zz.svg"])
        assert Store.open(folder, {"a": 1}, {}).final_table("mine").equals(TABLE)


@pytest.mark.parametrize("add", ADDED.values(), ids=ADDED)
def test_what_is_added_to_an_archive_is_neither_read_nor_removed(tmp_path, add):
    archive = Archive.open(tmp_path / "results/.replications")
    archive.keep(KEY, 0, {"mine": TABLE}, {"n": 1})
    folder = archive.folder / KEY[:2] / KEY
    for name in ("0001.zip", "0002.failed.json", "design.json", "screened.json", "other"):
        add(folder / name)
    for name in ("cd", "zz"):
        add(archive.folder / name)
    with at_once():
        assert archive.keys() == [KEY]
        assert archive.finished(KEY, 0)
        assert archive.read(KEY, 0, "mine").equals(TABLE)
        assert archive.design(KEY) == {}
        assert archive.screening(KEY) is None
        assert archive.failure(KEY, 2) in (None, "the note about it cannot be read")
        if not archive.finished(KEY, 1):  # too much counts as finished until it is read
            assert archive.keep(KEY, 1, {"mine": TABLE}, {})
            assert archive.read(KEY, 1, "mine").equals(TABLE)
        for one in inventory.waste(archive, tmp_path / "results", unused=True, failed=True, old=True):
            archive.remove(one.paths)
    assert os.path.lexists(folder / "other")


@pytest.mark.parametrize("add", [ADDED[name] for name in ("a pipe", "a link to a device", "a link outwards")])
def test_what_takes_the_place_of_a_file_before_it_is_opened_is_not_read(tmp_path, add, monkeypatch):
    path = tmp_path / "results/one/zz.parquet"
    path.parent.mkdir(parents=True)
    add(path)
    monkeypatch.setattr(files, "is_regular", lambda _: True)
    with at_once(), pytest.raises(OSError, match=r"must be a file of at most|symbolic links"):
        files.read_bytes(path)


@pytest.mark.parametrize("keys", [*ADDED.values(), lambda path: path.write_text("{}")], ids=[*ADDED, "a file"])
def test_what_stands_in_the_place_of_keys_protects_what_they_may_name(tmp_path, keys, monkeypatch):
    results = tmp_path / "results"
    archive = Archive.open(results / ".replications")
    archive.keep(KEY, 0, {"mine": TABLE}, {"n": 1})
    os.utime(archive.folder / KEY[:2] / KEY / "0000.zip", (1, 1))
    store = Store.open(results / "one", {"a": 1}, {}, keys={"mine": KEY})
    shutil.rmtree(store.folder / "keys")
    keys(store.folder / "keys")
    if (store.folder / "keys").is_dir() and not (store.folder / "keys").is_symlink():
        (store.folder / "keys/zz.json").symlink_to("/dev/zero")
    with at_once():
        assert "not known which replications" in inventory.study(store.folder).trouble
        done = wangge(tmp_path, "clean", "unused=true", "yes=true")
        told = wangge(tmp_path, "status", "one")
    assert done.returncode == 2, done.stdout
    assert "not known which replications" in done.stderr
    assert "keeps no replications" not in told.stdout
    assert archive.finished(KEY, 0)


def test_a_study_behind_a_link_to_nothing_protects_what_it_may_need(tmp_path):
    (tmp_path / "gone").symlink_to("nowhere")
    with pytest.raises(StoreError, match=r"gone must lead to a folder, got a link to nothing, so it is not known"):
        inventory.needed(tmp_path)


def large(n=50_000):
    return files.parquet(pl.DataFrame({name: pl.repeat(0, n, eager=True) for name in "abc"}))


@pytest.mark.parametrize(
    "table", [TABLE, TABLE.head(0), pl.DataFrame({"a": [*range(100_000)]}), TABLE.lazy().collect()]
)
def test_the_size_of_a_table_is_known_before_it_is_decoded(table):
    assert parquet_size.size_of(files.parquet(table)).cells == table.height * table.width


def test_a_small_file_that_holds_a_large_table_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(pl, "read_parquet", lambda *_: pytest.fail("it was decoded"))
    assert len(large()) < 10_000
    monkeypatch.setattr(files, "MOST_CELLS", 149_999)
    with pytest.raises(OSError, match=r"must have at most 149,999 cells"):
        files.as_table(large())


def test_a_real_bomb_is_refused_as_it_is(monkeypatch):
    monkeypatch.setattr(pl, "read_parquet", lambda *_: pytest.fail("it was decoded"))
    assert len(bomb()) < 2_000_000
    with pytest.raises(OSError, match=r"must have at most 30,000,000 cells"):
        files.as_table(bomb())


def test_a_text_that_grows_when_it_is_decompressed_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(pl, "read_parquet", lambda *_: pytest.fail("it was decoded"))
    data = files.parquet(pl.DataFrame({"a": ["x" * 2_000_000]}))
    assert len(data) < 10_000
    monkeypatch.setattr(files, "MOST_DECODED_BYTES", 1_999_999)
    with pytest.raises(OSError, match=r"1,999,999 bytes"):
        files.as_table(data)


@pytest.mark.parametrize("n", [20_001, 50_000_000])
def test_a_text_that_nobody_wrote_is_refused_by_file_and_column(tmp_path, n):
    store = Store.open(tmp_path / "one", {"a": 1}, {})
    store.write_bytes("mine.parquet", files.parquet(pl.DataFrame({"a": [1], "why": ["x" * n]})))
    with at_once(), pytest.raises(StoreError) as caught:
        store.final_table("mine")
    assert str(caught.value).startswith(
        f"mine.parquet in {tmp_path / 'one'} is damaged or was not written by wangge (texts of 'why' must have at most "
        f"20,000 bytes, got {n:,})"
    )


def test_a_text_that_a_small_file_holds_once_for_many_cells_counts_as_often(tmp_path, monkeypatch):
    store = Store.open(tmp_path / "one", {"a": 1}, {})
    table = pl.DataFrame({"a": [1], "why": ["x" * 10_000]}).select(pl.all().repeat_by(100_001).explode())
    data = files.parquet(table)
    assert len(data) < 100_000
    store.write_bytes("mine.parquet", data)
    rule = r"its texts up to those of 'why' must have at most 1,000,000,000 bytes, got 1,000,010,000"
    with at_once(), pytest.raises(StoreError, match=rf"mine\.parquet in .* is damaged or .*\({rule}\)"):
        store.final_table("mine")
    archive, table = Archive.open(tmp_path / "archive"), table.head(10_001)
    with pytest.raises(StoreError, match=r"measures of replication 0 cannot be kept: its texts up to"):
        archive.keep(KEY, 0, {"measures": table}, {})
    with monkeypatch.context() as patched:
        patched.setattr(files, "check_table", lambda *_: None)
        archive.keep(KEY, 0, {"measures": table}, {})
    with at_once(), pytest.raises(Damaged):
        archive.read(KEY, 0, "measures")


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (pl.Categorical, "its texts up to those of 'why' must have at most 1,000,000,000 bytes"),  # read as texts
        (pl.Enum(["x" * 10_000]), "its texts up to those of 'why' must have at most 1,000,000,000 bytes"),
        (pl.Binary, "'why' must hold texts, numbers or logical values, got Binary"),
        (pl.Decimal(30, 2), "it must have no fields but those of a table"),
        (pl.Int128, "its columns must be plain"),
    ],
    ids=str,
)
def test_a_kind_of_column_that_nothing_writes_is_refused_before_its_texts_are_laid_out(kind, rule):
    value = 1 if kind in (pl.Decimal(30, 2), pl.Int128) else "x" * 10_000
    table = pl.DataFrame({"a": [1], "why": [value]}).with_columns(pl.col("why").cast(kind))
    data = files.parquet(table.select(pl.all().repeat_by(1_000_000).explode()))
    assert len(data) < 1_000_000
    with at_once(), pytest.raises(OSError, match=re.escape(rule)):
        files.as_table(data)


FORGED = {
    "rows of a group": (lambda f: f[4][0].__setitem__(3, 10**12), "as many values as there are rows"),
    "columns in one place": (lambda f: f[4][0][1].__setitem__(1, f[4][0][1][0]), "lie one upon another"),
    "rows in all": (lambda f: f.__setitem__(3, 7), "as many rows as it has"),
}


def test_a_footer_that_says_more_rows_than_the_pages_have_is_refused(monkeypatch):
    data = files.parquet(TABLE)
    honest = parquet_size._Reader.fields
    for change, rule in FORGED.values():

        def forged(reader, shapes, change=change):
            found = honest(reader, shapes)
            if shapes is parquet_size.FOOTER:
                change(found)
            return found

        monkeypatch.setattr(parquet_size._Reader, "fields", forged)
        with pytest.raises(OSError, match=rule):
            files.as_table(data)


@pytest.mark.parametrize(
    ("data", "shapes", "rule"),
    [
        ([0x15, 0x80, 0x80, 0x80, 0x80, 0x10, 0], {1: parquet_size.INT32}, "at most 32 bits"),
        ([0x14, 0x80, 0x80, 0x04, 0], {1: parquet_size.INT16}, "at most 16 bits"),
        ([0x15, 0x02, 0x05, 0x02, 0x02, 0], {1: parquet_size.INT32}, "in their order"),
        ([0x19, 0xF5, 0xFF, 0x7F], {1: [parquet_size.INT32]}, "a list must lie in the file"),
        ([0x19, 0x18, 0x02, 0x15, 0x02, 0], {1: [parquet_size.INT32]}, "of the types that Parquet has"),
        ([0x18, 0x02, 0x15, 0x02, 0], {1: parquet_size.INT64}, "of the types that Parquet has"),
        ([0x25, 0x02, 0], {1: parquet_size.INT32}, "no fields but those of a table"),
    ],
)
def test_what_another_reader_might_read_otherwise_is_refused(data, shapes, rule):
    with pytest.raises(ValueError, match=rule):
        parquet_size._Reader(bytes(data), 0, len(data)).fields(shapes)


def test_rows_hidden_in_a_field_of_a_wrong_type_are_refused_before_a_table_of_them_is_laid_out(monkeypatch):
    monkeypatch.setattr(pl, "read_parquet", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(OSError, match="of the types that Parquet has"):
        files.as_table(base64.b64decode(HIDDEN))


def test_a_table_that_polars_gives_up_leaves_nothing_on_stderr(capfd):
    data = base64.b64decode(GIVEN_UP)
    with pytest.raises(pl.exceptions.PanicException):
        files.as_table(data)
    assert capfd.readouterr().err == ""
    with pytest.raises(pl.exceptions.PanicException):
        pl.read_parquet(io.BytesIO(data))
    assert "panicked" in capfd.readouterr().err


def test_what_is_written_while_stderr_is_silent_is_lost_and_nothing_after_it(capfd):
    with without_stderr():
        os.write(2, b"lost")
    os.write(2, b"kept")
    assert capfd.readouterr().err == "kept"


def test_a_closed_stderr_is_left_closed():
    program = (
        "import os; from sim.store.silence import without_stderr; os.close(2)\n"
        "with without_stderr(): pass\n"
        "try: os.fstat(2)\n"
        "except OSError: print('closed')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "closed\n"


def test_types_that_the_writer_noted_beside_those_of_the_format_are_not_read(monkeypatch):
    data = files.parquet(TABLE)
    at = data.index(b"ARROW:schema") + 16
    forged = data[:at] + b"A" * 100 + data[at + 100 :]
    with pytest.raises(pl.exceptions.PolarsError):
        pl.read_parquet(io.BytesIO(forged))
    assert files.as_table(forged).equals(TABLE)


def test_what_is_measured_is_what_is_decoded_to_the_byte(monkeypatch):
    measured, decoded = [], []
    honest, reading = parquet_size.size_of, pl.read_parquet
    monkeypatch.setattr(files, "size_of", lambda data: measured.append(bytes(data)) or honest(data))
    monkeypatch.setattr(pl, "read_parquet", lambda source: decoded.append(source.getvalue()) or reading(source))
    assert files.as_table(files.parquet(TABLE)).equals(TABLE)
    assert measured == decoded
    assert parquet_size.TYPES_OF_ARROW not in decoded[0]


def with_heads(monkeypatch, change):
    """Have the heads of pages read as they are after a change."""
    honest = parquet_size._Reader.fields

    def forged(reader, shapes):
        found = honest(reader, shapes)
        if shapes is parquet_size.PAGE:
            change(found)
        return found

    monkeypatch.setattr(parquet_size._Reader, "fields", forged)


@pytest.mark.parametrize(
    ("entries", "decoded", "rule"),
    [(900_000_000, None, "must have the bytes of its entries"), (101, 10_000, "no more entries than its column")],
)
def test_a_dictionary_that_says_more_entries_than_it_can_have_is_refused(monkeypatch, entries, decoded, rule):
    data = files.parquet(pl.DataFrame({"a": ["x", "y"] * 50}))
    assert parquet_size.size_of(data).cells == 100
    seen = []

    def change(page):
        if 7 in page:
            seen.append(page[7][1])
            page[7][1], page[2] = entries, decoded or page[2]

    with_heads(monkeypatch, change)
    with pytest.raises(OSError, match=rule):
        files.as_table(data)
    assert seen == [2]


def test_more_columns_than_a_table_of_ours_has_are_refused(monkeypatch):
    most = pl.DataFrame({f"c{i}": [0] for i in range(parquet_size.MOST_COLUMNS)})
    assert files.as_table(files.parquet(most)).width == 2_000
    with pytest.raises(OSError, match="at most 2,000 columns"):
        files.as_table(files.parquet(most.with_columns(one_more=0)))


def test_a_compression_that_nothing_here_uses_is_refused(monkeypatch):
    packed = io.BytesIO()
    TABLE.write_parquet(packed, compression="gzip")
    monkeypatch.setattr(pl, "read_parquet", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(OSError, match="compressed as they are written here"):
        files.as_table(packed.getvalue())


def test_a_table_without_columns_has_as_many_cells_as_rows(monkeypatch):
    data, honest = files.parquet(TABLE), parquet_size._Reader.fields

    def forged(reader, shapes):
        found = honest(reader, shapes)
        if shapes is parquet_size.FOOTER:
            found[2], found[3], found[4] = found[2][:1], 10**12, [{1: [], 3: 10**12}]
        return found

    monkeypatch.setattr(parquet_size._Reader, "fields", forged)
    with pytest.raises(OSError, match="at most 30,000,000 cells"):
        files.as_table(data)


@pytest.mark.parametrize("kind", sorted(files.PLAIN, key=str), ids=str)
def test_every_kind_of_column_that_is_kept_is_read_again(kind):
    table = pl.DataFrame({"a": [None, None]}, schema={"a": kind})
    assert files.as_table(files.parquet(table)).equals(table)


HIDDEN = (
    "UEFSMRUAFRQVFCwVBhUAFQYVBgAABgAAAICg2eYdABUCGSxIBHJvb3QVAgAVBCUCGAFhABYGGRwZHCYIHBUEGTUABhAZGAFhFQAW"
    "BhY2FjYmCBgKBgx4BgqAoNnmHQAAFsgBFgYoCgYEeAYGgKDZ5h0AAFQAAABQQVIx"
)
"""A file that a reader that believes the type of field 10 of a column takes for three rows, and another for 4e9."""

GIVEN_UP = (
    "UEFSMRUAFTAVMCwVgIXUGxUAFQYVBgAAAQAAAAAAAAACAAAAAAAAAAMAAAAAAAAAFQQZLEgEcm9vdBUCABUEJQAYAWEAFoCF1BsZ"
    "HBkcJggcFQQZNQAGEBkYAWEVABaAhdQbFlgWWCYIAAAWYBaAhdQbACgBeABHAAAAUEFSMQ=="
)
"""A file that says 29 million rows and has three."""

# A hundred texts of 10,000 letters, encoded by what each shares with the one before, and by their lengths.
ENCODED = {
    "DELTA_BYTE_ARRAY": (
        "UEFSMRUAFY6hARWQASwVyAEVDhUGFQYcAAAAKLUv/WBHJ/UBANQCAwAAAMgBAYABBGQAAA4AAAAQJwCAAQRkoJwBn5wBDg4ODgAA"
        "xAlxQpwQJwJ4BAAMB+fluYnukArV6ARMFQQZLDUAGAZzY2hlbWEVAgAVDCUCGAFhJQBMHAAAABbIARkcGRwmABwVDBklBg4ZGAFh"
        "FQwWyAEWvKEBFr4BJghJHBUAFQ4VAgA8FqCcARkGGSYAyAEAAAAWvKEBFsgBJggWvgEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJz"
        "aW9uIDI2LjAuMRkcHAAAAI4AAABQQVIx"
    ),
    "DELTA_LENGTH_BYTE_ARRAY": (
        "UEFSMRUAFaaJehWGASwVyAEVDBUGFQYcAAAAKLUv/YBIU0IPANQAAIADAAAAyAEBgAEEZKCcAQB4AgDp/yAFFtQBAgAQeAIAEHgC"
        "ABB4AgAQeAIAEHgCABB4mxIKeBUEGSw1ABgGc2NoZW1hFQIAFQwlAhgBYSUATBwAAAAWyAEZHBkcJgAcFQwZJQYMGRgBYRUMFsgB"
        "FtSJeha0ASYISRwVABUMFQIAPBaAiXoZBhkmAMgBAAAAFtSJehbIASYIFrQBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAy"
        "Ni4wLjEZHBwAAACOAAAAUEFSMQ=="
    ),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_texts_that_grow_when_they_are_read_are_refused_from_the_heads_of_the_pages(monkeypatch, encoding):
    data = base64.b64decode(ENCODED[encoding])
    assert pl.read_parquet(io.BytesIO(data)).equals(pl.DataFrame({"a": ["x" * 10_000] * 100}))
    monkeypatch.setattr(pl, "read_parquet", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(OSError, match="its columns must be encoded as they are written here"):
        files.as_table(data)


def test_tables_that_are_held_together_take_at_most_half_of_the_memory(monkeypatch):
    monkeypatch.setattr(files, "memory_there_is_mb", lambda: 0.01)
    held, table = files.Held(), pl.DataFrame({"a": [1] * 50, "why": ["x" * 20] * 50})
    assert held.add(table, "one") is table
    assert held.taken == 2_600
    with pytest.raises(StoreError, match=r"at most half of the memory \(0.0 GB\), got 0.0 GB up to two. Nothing was"):
        held.add(table, "two")


def test_a_heading_that_nobody_wrote_is_refused_and_what_is_as_long_as_allowed_is_read(tmp_path):
    with pytest.raises(OSError, match=r"texts of 'xxx.* must have at most 20,000 bytes, got 20,001"):
        files.as_table(files.parquet(pl.DataFrame({"x" * 20_001: [1]})))
    table = pl.DataFrame({"a": ["x" * 20_000], "b": [None]}, schema={"a": pl.String, "b": pl.String})
    assert files.as_table(files.parquet(table)).equals(table)


@pytest.mark.parametrize("name", ["manifest.json", "mine.parquet", "keys/zz.json"])
@pytest.mark.parametrize(
    ("kind", "word"),
    [("a pipe", "pipe"), ("a socket", "socket"), ("a folder", "folder"), ("a link to nothing", "link")],
)
def test_what_stands_in_the_place_of_a_file_is_told_as_what_it_is(tmp_path, name, kind, word):
    folder = tmp_path / "results/one"
    store = Store.open(folder, {"a": 1}, {}, keys={"b": KEY})
    store.write_table("mine", TABLE)
    store.finish({})
    (folder / name).unlink(missing_ok=True)
    ADDED[kind](folder / name)
    with at_once(), pytest.raises(StoreError, match=rf"{name.split('/')[-1]} .*must be a regular file, got a {word}"):
        Store.open_existing(folder).final_table("mine")
    if name == "mine.parquet":
        with pytest.raises(StoreError, match=rf"mine.parquet must be a regular file, got a {word}"):
            store.check_written(["mine"])
    else:
        (told,) = [one.trouble for one in inventory.studies(tmp_path / "results")]
        assert f"must be a regular file, got a {word}" in told


def test_nested_columns_which_no_table_of_ours_has_are_refused():
    with pytest.raises(OSError, match=r"no fields but those of a table"):
        files.as_table(files.parquet(pl.DataFrame({"a": [[1, 2], [3]]})))


@pytest.mark.parametrize("of", range(4))
def test_whatever_the_bytes_are_their_size_is_known_or_refused(of):
    drawn, refused = random.Random(of), 0
    for _ in range(500):
        data = bytearray(files.parquet(TABLE))
        for _ in range(drawn.randint(1, 8)):
            data[drawn.randrange(len(data) - 4)] = drawn.randrange(256)
        with at_once():
            try:
                parquet_size.size_of(bytes(data))
            except ValueError:
                refused += 1
    assert 0 < refused < 500


@pytest.mark.parametrize("data", [b"PAR1", b"", b"PAR1" * 2, bytes(8) + b"PAR1", b"\xff" * 8 + b"PAR1"])
def test_what_only_ends_as_a_table_is_none(data):
    with pytest.raises(ValueError, match=r"must"):
        parquet_size.size_of(data)


def test_json_is_bounded_more_tightly_than_other_files(tmp_path, monkeypatch):
    assert files.MOST_JSON_BYTES * 20 <= files.MOST_BYTES
    monkeypatch.setattr(files, "MOST_JSON_BYTES", 10)
    (tmp_path / "long.json").write_text("[1,2,3,4,5]")
    with pytest.raises(OSError, match=r"it must be a file of at most 10 bytes"):
        files.read_json(tmp_path / "long.json")


def test_a_replication_whose_facts_are_too_long_or_whose_parts_overlap_is_damaged(tmp_path, monkeypatch):
    archive = Archive.open(tmp_path)
    for number in (0, 1):
        archive.keep(KEY, number, {"mine": TABLE}, {"n": 1})
    path = tmp_path / KEY[:2] / KEY / "0001.zip"
    buffer = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(buffer, "a") as opened:
        opened.filelist.extend([opened.getinfo(FACTS)] * 100)
        opened.comment = b"x"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(Damaged, match=r"its parts lie one upon another"):
        archive.facts(KEY, 1)
    monkeypatch.setattr(files, "MOST_JSON_BYTES", 10)
    with pytest.raises(Damaged, match=r"it was cut short or is not what was written"):
        archive.facts(KEY, 0)


def forged(folder, facts, *, identity=None, keys=None):
    """Write a folder as somebody could by hand, with digests that are right."""
    identity = {"pilots": ["x"]} if identity is None else identity
    content = {"format": 1, "identity": identity, "sha256": manifest.digest(identity), "runs": {"r": facts}}
    (folder / "keys").mkdir(parents=True)
    (folder / "manifest.json").write_bytes(files.readable(content))
    data = files.readable({"x": KEY} if keys is None else keys)
    (folder / f"keys/{files.digest(data)[:16]}.json").write_bytes(data)
    return folder


FACTS_OF_OTHERS = [
    ("replications", 10**15, "must be a whole number from 1 to 100,000, got 1000000000000000"),
    ("replications", 10**4299, "must be a whole number from 1 to 100,000, got 10"),
    ("replications", True, "must be a whole number from 1 to 100,000, got True"),
    ("replications", -1, "must be a whole number"), ("replications", 2.0, "must be a whole number"),
    ("replications", "3", "must be a whole number"), ("seed", -1, "must be a whole number"),
    ("started", 5, "must be a text of at most 40 letters, got 5"), ("finished", [1], "must be a text"),
    ("finished", "x" * 41, "must be a text"), ("language", {}, "must be a text"),
    ("command", "wangge", "must be a list of texts"), ("command", ["a", {"b": 1}], "must be a list of texts"),
    ("command", ["x" * 1_000_001], "must be a list of texts"), ("pilot_runs", {"a": 1}, "must be a list of at most"),
    ("pilot_runs", ["x" * 1001], "must be a list of at most"), ("tables", ["measures"], "must be digests by the names"),
    ("tables", {"measures": 3}, "must be digests by the names"), ("printed.json", 3, "must be a digest or null"),
    ("steps", "many", "must be a number of at least 0"), ("simulated", 10**30, "must be a number of at least 0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fact", "rule"), FACTS_OF_OTHERS)
def test_every_fact_of_a_manifest_has_a_rule_that_is_told_with_its_field(tmp_path, name, fact, rule):
    forged(tmp_path / "results/mine", {"started": "2026-01-01T00:00:00", name: fact})
    forged(tmp_path / "results/other", {"started": "2026-01-01T00:00:00", "command": ["wangge"]})
    with at_once():
        told = wangge(tmp_path, "status", "mine").stderr
        assert "The manifest.json in results/mine is damaged, was edited by hand, or comes from another" in told
        assert f"(runs.r.{name} {rule}" in told
        done = wangge(tmp_path, "status")
        assert done.returncode == 0
        assert "other" in done.stdout
        done = wangge(tmp_path, "run", "pilot=three_level", *TINY, "name=mine")
    assert done.returncode == 2
    assert f"(runs.r.{name} {rule}" in done.stderr


def test_what_a_run_notes_can_be_read_again(tmp_path):
    store = Store.open(tmp_path / "a", {"study": {}}, {"command": ["wangge"]})
    with pytest.raises(
        StoreError, match=r"must be as it is read: runs\.\w+\.steps must be a number of at least 0, got -1"
    ):
        store.finish({"steps": -1})
    Store.open_existing(tmp_path / "a")


IDENTITIES_OF_OTHERS = [
    *(("own_measures", value, "must be digests by the names of measures") for value in (5, [1], "x", None, {"a": 1})),
    *(("study_points", value, "must be a text of at most 64 letters") for value in (5, None, [], "x" * 65)),
    *(("pilots", value, "must be a list") for value in (5, None, {}, "x")),
    *((name, value, "must be a list of texts") for name in ("knobs", "headlines", "tools") for value in (1, [2], None)),
    *((name, [1], "must be a mapping") for name in ("study", "trace", "causes", "network", "cases", "machine")),
    ("model_version", 5, "must be a text of at most 40 letters"), ("form", {}, "must be a text of at most 40 letters"),
    ("seed", 1.5, "must be a whole number"), ("requests", "many", "must be a whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "rule"), IDENTITIES_OF_OTHERS)
def test_all_that_a_study_depends_on_has_a_rule_that_is_told_with_its_field(tmp_path, name, value, rule):
    folder = forged(tmp_path / "mine", {"started": "2026-01-01T00:00:00"}, identity={"pilots": ["x"], name: value})
    with pytest.raises(StoreError, match=rf"\(identity\.{name} {rule}.*, got ") as told:
        Store.open(folder, {"pilots": ["y"]}, {})
    assert len(str(told.value)) < 500


def test_whatever_a_study_notes_can_be_read_again():
    for path in sorted((CONFIGS.parent / "results").glob("*/manifest.json")):
        noted.check_identity(files.read_json(path)["identity"])
    study = {"study": {"title": "x"}, "knobs": ["run=quick"], "study_points": "0" * 64, "own_measures": {"late": "1f"}}
    noted.check_identity({"model_version": "5", "seed": 0, "network": {"classes": {}}, **study})


@pytest.mark.parametrize("identity", [{"a": [0] * 2_000_001}, "deep"], ids=["long", "deep"])
def test_what_a_study_depends_on_is_bounded(tmp_path, identity):
    if identity == "deep":
        identity = {}
        for _ in range(60):
            identity = {"a": identity}
    with pytest.raises(StoreError, match=r"\(identity must have at most 2,000,000 values and 50 levels, got more\)"):
        manifest.read(forged(tmp_path / "a", {}, identity=identity))


def test_keys_are_texts_by_names_of_bounded_length(tmp_path, monkeypatch):
    for i, keys in enumerate([[1], {"x": 3}, {"n" * 1001: KEY}]):
        with pytest.raises(StoreError, match=r"is damaged or was edited by hand \(.* must be a "):
            manifest.keys(forged(tmp_path / str(i), {}, keys=keys))
    monkeypatch.setattr(noted, "MOST_DESIGNS", 2)
    with pytest.raises(StoreError, match=r"\(a study must have at most 2 designs, got more\)"):
        manifest.keys(forged(tmp_path / "many", {}, keys=dict.fromkeys("abc", KEY)))


def test_a_begun_folder_of_very_many_replications_is_taken_over_at_once(tmp_path):
    facts = {"started": "2026-01-01T00:00:00", "replications": 100_000}
    keys = {f"x{i}": f"{i:032d}" for i in range(100_000)}
    forged(tmp_path / "mine", facts, keys=keys)
    with at_once():
        assert Store.open(tmp_path / "mine", {"pilots": ["y"]}, {}, keys={"y": KEY}).identity == {"pilots": ["y"]}


def test_a_begun_folder_of_very_many_replications_stays_while_somebody_is_at_work_beside_it(tmp_path):
    forged(tmp_path / "mine", {"replications": 100_000}, keys={f"x{i}": f"{i:032d}" for i in range(100)})
    archive = Archive.open(tmp_path / ".replications").folder
    other = started(hold, archive, KEY, 0)
    until((archive / "held").exists)
    with at_once():
        with pytest.raises(StoreError, match="holds another comparison"):
            Store.open(tmp_path / "mine", {"pilots": ["y"]}, {}, keys={"y": KEY})
        forged(tmp_path / "few", {"replications": 3})
        with pytest.raises(StoreError, match="holds another comparison"):  # of this very one
            Store.open(tmp_path / "few", {"pilots": ["y"]}, {}, keys={"y": KEY})
        forged(tmp_path / "free", {"replications": 3}, keys={"x": "cd" * 16})
        Store.open(tmp_path / "free", {"pilots": ["y"]}, {}, keys={"y": KEY})
    other.kill()
    other.join()


def test_descriptions_and_notes_that_are_no_texts_are_none(tmp_path):
    archive = Archive.open(tmp_path)
    archive.describe(KEY, {"name": "x", "title": "t"})
    archive.fail(KEY, 3, "it broke")
    assert archive.design(KEY)["title"] == "t"
    assert archive.failures(KEY) == {3: "it broke"}
    (description,) = tmp_path.rglob("design.json")
    (note,) = tmp_path.rglob("*.failed.json")
    for wrong in (3, ["a"], "x" * 100_001, 10**4000):
        description.write_bytes(files.readable({"name": "x", "title": wrong}))
        note.write_bytes(files.readable({"error": wrong}))
        assert archive.design(KEY) == {}
        assert archive.failures(KEY) == {3: "the note about it cannot be read"}
