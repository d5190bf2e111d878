import time
from dataclasses import replace

import pytest
from rich.cells import cell_len

from sim.report.lines import WIDTH, cells, wrapped
from sim.report.screen import HEIGHT, Screen, compact, lines
from sim.report.tables import Column, Table

LONG = " ".join(["word"] * 80)


def table(n_rows, n_columns=8, name="three_level_enforcement_below"):
    columns = (Column("against today"), *(Column(f"days at counter {i}", "right") for i in range(n_columns)))
    rows = tuple((f"{name}_{i}", *(f"{i}.{j:02} ▲" for j in range(n_columns))) for i in range(n_rows))
    return Table("t", columns, rows, ("▲ better, ▼ worse.",))


@pytest.mark.parametrize("n_sentences", [1, 4])
@pytest.mark.parametrize("n_rows", [0, 15, 30])
@pytest.mark.parametrize(
    "long", ["a sentence", LONG, "网格" * 90, "x" * 300], ids=["short", "long", "Chinese", "a word"]
)
def test_a_screen_is_never_larger_than_a_terminal_and_says_something_of_each_part(long, n_rows, n_sentences):
    sentences = (long,) * n_sentences
    shown = lines(Screen(f"What: {long}", sentences, table(n_rows), sentences, (f"Where: {long}", "more")))
    assert 3 <= len(shown) <= HEIGHT
    assert max(map(cell_len, shown)) <= WIDTH
    assert shown[0].startswith("What:")
    assert any(line.startswith("Where:") for line in shown[-7:])
    assert any("▲ better" in line for line in shown)
    if n_rows == 30:
        assert any(line.startswith("and ") and line.endswith(" more") for line in shown)


def test_parts_stand_apart_where_there_is_room():
    shown = lines(Screen("what", ("answer one.", "answer two."), None, ("It hangs on it.",), ("where",)))
    assert shown == ["what", "", "answer one. answer two.", "", "It hangs on it.", "", "where"]


def test_the_last_sentences_go_first_where_there_is_no_room():
    sentences = tuple(f"{i} {'word ' * 30}" for i in range(9))
    shown = " ".join(lines(Screen("what", sentences, table(6), ("hangs one.", "hangs two."), ("where",))))
    assert "0 word" in shown
    assert "8 word" not in shown
    assert "hangs one." in shown
    assert "hangs two." not in shown


def test_rows_that_are_only_a_sample_go_before_sentences_and_say_how_many_there_are():
    sentences = tuple(f"{i} {'word ' * 30}" for i in range(6))
    notes = tuple(f"The first {n} of 21." for n in range(1, 7))
    plain = Screen("what", sentences, table(6, 2), ("It hangs.",), ("where",))
    assert "5 word" not in " ".join(lines(plain))
    shown = " ".join(lines(replace(plain, sample=notes)))
    assert "5 word" in shown
    assert "The first 4 of 21." in shown
    assert "enforcement_below_3" in shown
    assert "enforcement_below_4" not in shown


def test_a_long_text_is_cut_between_words_and_where_there_is_more_is_whole():
    where = "More: wangge show a_name_of_some_length; results/a_name_of_some_length/summary.md and 19 charts beside it."
    shown = lines(Screen("what", ("lengthy " * 200,), table(8), ("hangs",), (where,)))
    (cut,) = (line for line in shown if line.endswith(" ..."))
    assert cut.removesuffix(" ...").split()[-1] == "lengthy"
    assert " ".join(shown[-2:]) == where


def test_a_row_keeps_its_name_whole_and_its_numbers_on_one_line():
    shown = compact(table(3))
    for i in range(3):
        (row,) = (line for line in shown if line.startswith(f"three_level_enforcement_below_{i}"))
        assert f"{i}.00 ▲ {i}.01 ▲" in " ".join(row.split())
    assert max(map(len, shown)) <= WIDTH
    whole = compact(table(3, name="x" * 60))
    assert sum("x" * 60 in line for line in whole) == 3


def test_a_chinese_heading_is_not_broken_letter_by_letter_over_narrow_numbers():
    headings = ("窗口等候时间，九成不超过（分钟）", "四级管理（现状）", "窗口 办结 天数")
    columns = (Column("内容"), *(Column(heading, "right") for heading in headings))
    shown = compact(Table("", columns, (("甲" * 20, "1.0", "2.0", "3.0"),)))
    head = shown[: next(i for i, line in enumerate(shown) if line.startswith("─"))]
    assert len(head) <= 4
    assert all(
        any(whole in line for line in head)
        for whole in ("四级管理", "（现状）", "窗口等候", "时间，", "九成不超过", "（分钟）", "办结")
    )
    assert max(map(cells, shown)) <= WIDTH


def test_text_is_wrapped_at_spaces_and_shows_no_control_characters():
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("a\x1b[2Jb\nc") == ["a [2Jb c"]
    assert wrapped("") == []


def test_a_screen_is_folded_in_a_moment_however_much_there_is():
    column = Column("a")
    rows = tuple((str(i),) for i in range(100_000))
    long = Screen("x " * 500_000, ("y " * 500_000,) * 3, Table("t", (column,), rows), ("z",) * 100_000, ("w" * 10**6,))
    began = time.process_time()
    shown = lines(long)
    assert time.process_time() - began < 5
    assert 0 < len(shown) <= HEIGHT
    assert max(map(len, shown)) <= WIDTH
    assert shown[0].startswith("x x x")
