"""Whatever a comparison says is in the catalogue: in the pseudo-language no plain word is left but names."""

import shutil

import pytest
from setups.commands import TINY, wangge
from setups.district import tiny as design
from setups.pseudo import pseudo, uncatalogued

from sim.language import speaking
from sim.study.comparison.opening import opening
from sim.study.design import prepared_all

NAMES = ("four_level", "three_level", "mine", "summary.md", "evidence.yaml")
PAGES = (
    "work", "heads", "load", "means", "against_three_level", "pairing", "cost", "face", "evenness", "conclusion",
    "notes",
)  # fmt: skip
TABLES = (
    "backlog", "comparison", "equity", "equity_differences", "flows", "measures", "persons", "queues", "turnaround",
    "waiting", "workload",
)  # fmt: skip


def test_no_word_on_the_screen_or_in_a_table_is_uncatalogued(spoken_of):
    said = spoken_of[1]
    assert said.count("\n") > 200
    assert uncatalogued(said, *NAMES) == []


def test_no_word_of_the_summary_is_uncatalogued(spoken_of):
    summary = (spoken_of[0] / "results/mine/summary.md").read_text("utf-8")
    assert summary.count("\n") > 200
    assert uncatalogued(summary, *NAMES) == []


def test_what_is_shown_later_has_no_uncatalogued_word_either(spoken_of):
    with speaking(pseudo()):
        shown = [wangge(spoken_of[0], "show", "mine", *page).stdout for page in ((), *((one,) for one in PAGES))]
    assert uncatalogued("\n".join(shown), *NAMES, *PAGES, *TABLES) == []


def test_a_design_alone_has_no_uncatalogued_word_and_its_language_enters_no_number_and_no_key(spoken_of, tmp_path):
    shutil.copytree(spoken_of[0] / "results/.replications", tmp_path / "results/.replications")
    line = ("run", "pilot=four_level", "name=mine", "charts=false", "details=true", *TINY)
    mine = tmp_path / "results/mine"
    with speaking(pseudo()):
        done = wangge(tmp_path, *line)
    assert done.returncode == 0, done.stderr
    assert uncatalogued(done.stdout, *NAMES) == []
    before = {path.name: path.read_bytes() for path in (*mine.glob("*.csv"), *mine.glob("*.parquet"))}
    assert len(before) > 20
    done = wangge(tmp_path, *line, "lang=zh")
    assert done.returncode == 0, done.stderr
    assert "未作仿真：各次重复均已保存在册。" in done.stdout
    assert "月湖区，四级管理（现状）[four_level]：2次重复，每次1周。" in done.stdout
    assert {name: (mine / name).read_bytes() for name in before} == before
    assert (mine / "summary.md").read_text("utf-8").startswith("# 月湖区：四级管理（现状）\n")
    assert wangge(tmp_path, "show", "mine", "lang=en").stdout.startswith("Yuehu, four levels (today) [four_level]: 2 ")


def said(designs):
    """Return what is known of designs before a simulation, as text."""
    return "\n".join(table.to_text() for table in opening(designs).tables)


@pytest.mark.parametrize("message", ["Heads by level", "community", "work from above"])
def test_a_message_that_is_not_in_the_catalogue_is_noticed(message):
    designs = prepared_all([design("four_level"), design("three_level")])
    with speaking(pseudo()):
        assert uncatalogued(said(designs), *NAMES) == []
    with speaking(pseudo(message)):
        assert uncatalogued(said(designs), *NAMES) == sorted(message.split())
