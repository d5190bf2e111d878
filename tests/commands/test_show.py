import json
import pydoc
import re
import shutil

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
    shown = re.split(r"\n(?=Yuehu, four_level)", tiny[1])[-1].splitlines()
    assert len(shown) <= HEIGHT
    assert max(map(len, shown)) <= WIDTH
    assert shown[0] == "Yuehu, four_level (four levels (today)): 2 replications of 1 week."
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
    assert done.stdout.startswith("月湖区，four_level（四级管理（现状））：2次重复，每次1周。\n")
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
    assert rest.startswith("Yuehu, four_level (four levels (today)): 2 replications of 1 week.")


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
        (("on",), "a name under results/, which has one (did you mean one?) or the path of a results folder, got on"),
        (("../../etc",), "or the path of a results folder, got ../../etc"),
        (("one", "lod"), "table must be one of work, heads, load, means, evenness, notes, backlog, "),
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
    assert "must be what a run wrote there, and is damaged or was edited" in refused(one.parents[1], "show", "one")


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
