import json
import os
import pydoc
import re
import shutil
import time

import polars as pl
import pytest
from rich.console import Console
from setups.commands import refused, wangge
from setups.contents import contents

from experiments.commands import show
from sim.report.lines import WIDTH
from sim.report.screen import HEIGHT
from sim.store.store import Store

PAGES = ("work", "heads", "load", "means", "evenness", "notes")


@pytest.fixture
def one(tiny, tmp_path):
    """Return a copy of the results folder of a comparison of one pilot."""
    shutil.copytree(tiny[0] / "results/one", tmp_path / "results/one")
    return tmp_path / "results/one"


def test_a_run_ends_with_one_screen_below_what_details_show(tiny):
    shown = re.split(r"\n(?=Yuehu, four levels)", tiny[1])[-1].splitlines()
    assert len(shown) <= HEIGHT
    assert max(map(len, shown)) <= WIDTH
    assert shown[0] == "Yuehu, four levels (today) [four_level]: 2 replications of 1 week."
    assert shown[-1].startswith("More: wangge show one; results/one/summary.md and ")
    assert "Load before anything" in tiny[1]


def test_show_says_what_the_first_screen_said_and_lists_the_tables(tiny):
    before = contents(tiny[0] / "results/one")
    for named in ("one", "results/one", str(tiny[0] / "results/one")):
        done = wangge(tiny[0], "show", named)
        assert done.returncode == 0, done.stderr
        screen, _, listed = done.stdout.partition("What there is to show")
        assert screen.strip()
        assert tiny[1].endswith(f"{screen.rstrip()}\n")
        for name in PAGES:
            assert re.search(rf"^ {name} ", listed, re.MULTILINE)
        assert "Numbers, also as CSV: backlog, " in listed
    assert contents(tiny[0] / "results/one") == before


def test_what_was_said_in_english_is_shown_in_chinese_too(tiny, one, monkeypatch):
    done = wangge(one.parents[1], "show", "one", "lang=zh")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("月湖区，四级管理（现状）[four_level]：2次重复，每次1周。\n")
    assert re.search("^ load +仿真之前的负荷，千小时/年", done.stdout, re.MULTILINE)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert wangge(one.parents[1], "show", "one").stdout == done.stdout
    assert wangge(one.parents[1], "show", "one", "lang=en").stdout == wangge(tiny[0], "show", "one", "lang=en").stdout


def test_a_folder_of_an_earlier_version_is_shown_in_english_and_says_so(one):
    (one / "printed.zh.json").unlink()
    done = wangge(one.parents[1], "show", "one", "lang=zh")
    assert done.returncode == 0, done.stderr
    said, rest = done.stdout.split("\n\n", 1)
    assert said == "这些结果只存有英文；重新运行生成它们的命令，即以两种语言保存。"
    assert rest.startswith("Yuehu, four levels (today) [four_level]: 2 replications of 1 week.")


def test_what_was_edited_in_another_language_is_refused(one):
    path = one / "printed.zh.json"
    path.write_text(path.read_text("utf-8").replace("月湖区", "月湖"), encoding="utf-8")
    assert "printed.zh.json in " in refused(one.parents[1], "show", "one", "lang=zh")
    assert wangge(one.parents[1], "show", "one", "lang=en").returncode == 0


@pytest.mark.parametrize("name", PAGES)
def test_all_that_details_print_is_shown_by_name(tiny, name):
    done = wangge(tiny[0], "show", "one", name)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 100
    assert done.stdout.strip() in tiny[1]


def test_every_table_fits_eighty_columns_with_its_names_whole(tiny, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for name in (*PAGES, "measures", "flows", "turnaround"):
        shown = wangge(tiny[0], "show", "one", name).stdout.splitlines()
        assert max(map(len, shown)) <= 80, name
        assert not any(line.rstrip().endswith("four_") for line in shown)
    shown = wangge(tiny[0], "show", "one", "measures").stdout
    n = pl.read_parquet(tiny[0] / "results/one/measures.parquet").height
    assert f"{n:,} rows" in shown or f"{n} rows" in shown
    assert "All are in measures.csv." in " ".join(shown.split())


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "show must be given the name or path of one results folder, and at most the name of a table"),
        (("one", "means", "load"), "and at most the name of a table (wangge show compare means), got one means load"),
        (("name=one",), "(wangge show compare means), got name=one"),
        (("on",), "a name under results/, which has one (did you mean one?), or the path of a results folder, got on"),
        (("../../etc",), "or the path of a results folder, got ../../etc"),
        (("one", "lod"), "table must be one of work, heads, load, means, cost, evenness, notes, backlog, "),
        (("one", "../manifest"), "notes, backlog, "),
        (("one", "$(touch here)"), "got $(touch here)"),
    ],
)
def test_what_is_not_there_is_one_paragraph_that_names_what_is(one, arguments, text):
    before = contents(one)
    assert text in refused(one.parents[1], "show", *arguments)
    assert contents(one) == before
    assert not (one.parents[1] / "here").exists()


def test_a_folder_that_holds_no_study_or_did_not_finish_is_refused(one):
    (one.parent / "empty").mkdir()
    assert "empty must be the results folder of a study, but has no manifest.json" in refused(
        one.parents[1], "show", "empty"
    )
    (one / "printed.json").unlink()
    told = refused(one.parents[1], "show", "one")
    assert "must hold printed.json, which a run writes when it has finished: its run did not, or an earlier" in told


@pytest.mark.parametrize("data", [b"[]", b"{", b'{"screen": 3}', b"[" * 100_000, b'{"screen": {"what": 1}}'])
def test_what_was_edited_is_refused_whether_or_not_the_manifest_was_too(one, data):
    (one / "printed.json").write_bytes(data)
    told = refused(one.parents[1], "show", "one")
    assert "printed.json in " in told
    assert "must be what the last run that finished wrote there" in told
    manifest = json.loads((one / "manifest.json").read_text())
    for run in manifest["runs"].values():
        del run["printed.json"]
    (one / "manifest.json").write_text(json.dumps(manifest))
    assert "must be what a run wrote there, but it is damaged or was edited" in refused(one.parents[1], "show", "one")


def rewrite(one, change):
    """Change what was printed, and its digest in the manifest too."""
    plain = json.loads((one / "printed.json").read_text())
    change(plain)
    (one / "printed.json").write_text(json.dumps(plain))
    manifest = json.loads((one / "manifest.json").read_text())
    for run in manifest["runs"].values():
        run.pop("printed.json", None)
    (one / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (
            lambda plain: plain["screen"].update(what="x " * 2_000_000),
            "screen.what must have at most 20,000 letters, got",
        ),
        (
            lambda plain: plain["pages"][1].update(title="x" * 20_001),
            "pages.1.title must have at most 20,000 letters, go",
        ),
        (lambda plain: plain["screen"].update(answer=["a"] * 200_000), "it must have at most 100,000 texts, got"),
        (lambda plain: plain["screen"].update(answer=["a" * 20_000] * 300), "it is damaged or was edited"),
    ],
)
def test_what_was_printed_is_of_a_length_that_is_folded_at_once(one, change, rule):
    rewrite(one, change)
    began = time.process_time()
    assert f"must be what a run wrote there, but {rule}" in refused(one.parents[1], "show", "one")
    assert time.process_time() - began < 5


def test_what_is_as_long_as_it_may_be_is_shown_in_a_moment(one):
    rewrite(one, lambda plain: plain["screen"].update(what="x " * 10_000, answer=["ab"] * 30_000, hangs=["c"] * 30_000))
    began = time.process_time()
    assert wangge(one.parents[1], "show", "one").returncode == 0
    assert time.process_time() - began < 5


def test_long_cells_and_wide_tables_are_shown_in_part(one):
    wide = pl.DataFrame({f"c{i}": ["y" * 5000] * 100 for i in range(100)})
    Store.open_existing(one).write_table("wide", wide)
    began = time.process_time()
    done = wangge(one.parents[1], "show", "one", "wide")
    assert time.process_time() - began < 10
    assert done.returncode == 0, done.stderr
    assert "100 rows; the first 3 are shown. All are in wide.csv." in " ".join(done.stdout.split())
    assert "y..." in done.stdout
    Store.open_existing(one).write_table("long", pl.DataFrame({"n": range(300)}))
    shown = wangge(one.parents[1], "show", "one", "long").stdout
    assert "300 rows; the first 200 are shown" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("name", "words"), [("manifest", ()), ("printed", ()), ("measures", ("measures",)), ("manifest", ("means",))]
)
def test_a_pipe_in_the_place_of_a_file_is_told_as_one(one, name, words):
    (path,) = one.glob(f"{name}.[jp]*")
    path.unlink()
    os.mkfifo(path)
    assert f"{path.name} must be a regular file, got a pipe" in refused(one.parents[1], "show", "one", *words)
    if name != "manifest":
        manifest = re.sub(r'"(printed.json|measures)": "\w{64}",?', "", (one / "manifest.json").read_text())
        (one / "manifest.json").write_text(manifest)
        assert f"{path.name} must be a regular file, got a pipe" in refused(one.parents[1], "show", "one", *words)


def test_a_table_of_numbers_that_was_edited_is_refused(one):
    table = pl.read_parquet(one / "queues.parquet")
    table.with_columns(pl.col("number") * 2).write_parquet(one / "queues.parquet")
    assert "queues.parquet in " in refused(one.parents[1], "show", "one", "queues")
    assert wangge(one.parents[1], "show", "one", "means").returncode == 0


def test_nothing_in_a_folder_moves_the_cursor_or_changes_colours(one):
    plain = json.loads((one / "printed.json").read_text())
    evil = "\x1b[2J\x9b31m\u202e[red]x[/red]"
    plain["screen"]["what"] = plain["pages"][0]["title"] = evil
    plain["pages"][0]["tables"][0]["title"] = plain["pages"][0]["tables"][0]["rows"][0][0] = evil
    plain["pages"][-1]["paragraphs"] = [evil]
    (one / "printed.json").write_text(json.dumps(plain))
    Store.open_existing(one).write_table("evil", pl.DataFrame({evil: [evil]}))
    manifest = json.loads((one / "manifest.json").read_text())
    for run in manifest["runs"].values():
        del run["printed.json"]
    (one / "manifest.json").write_text(json.dumps(manifest))
    for arguments in ((), ("work",), ("notes",), ("evil",)):
        done = wangge(one.parents[1], "show", "one", *arguments)
        assert done.returncode == 0, done.stderr
        assert "[red]x[/red]" in done.stdout
        assert not set(done.stdout) & set("\x1b\x9b\u202e")


def test_a_terminal_is_shown_a_table_page_by_page(one, monkeypatch):
    paged = []
    monkeypatch.setattr(pydoc, "pager", paged.append)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sim.report.console.terminal", lambda: Console(force_terminal=True, width=80, highlight=False))
    monkeypatch.chdir(one.parents[1])
    show.main(["one", "load"])
    (text,) = paged
    assert "Load before anything is simulated" in text
    assert "\x1b" not in text
