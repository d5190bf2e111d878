import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.report.console import terminal
from sim.report.lines import CLOSING, OPENING, cells, folded, pieces, wrapped
from sim.report.tables import Column, Table

TEXT = (
    "three_level：31项指标中21项优于four_level，1项劣于它（区对口人员忙碌率）。"
    "许多输入属于假定，见configs/evidence.yaml。"
)

LETTERS = st.sampled_from([*"网格办结等候", *OPENING, *CLOSING, *"ab_1.,%(", " "])


def test_chinese_is_broken_between_letters_and_no_line_begins_with_closing_punctuation():
    for width in range(12, 60):
        lines = wrapped(TEXT, width)
        assert "".join(lines) == TEXT
        assert all(cells(line) <= width for line in lines if cells(line) > cells("configs/evidence.yaml。"))
        assert not [line for line in lines if line[0] in CLOSING or line[-1] in OPENING]


@given(st.text(LETTERS, max_size=120), st.integers(10, 40))
def test_nothing_is_lost_in_lines_and_none_begins_with_closing_or_ends_with_opening_punctuation(text, width):
    lines = wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for before, after in zip(lines, lines[1:], strict=False):
        glued = f"{before}{after}" in text
        assert not (glued and (after[0] in CLOSING or before[-1] in OPENING))


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("four_level", ["four_level"]),
        ("网格", ["网", "格"]),
        ("（网格）。", ["（网", "格）。"]),
        ("21项", ["21项"]),
        ("共1,234.5件", ["共", "1,234.5件"]),
        ("见results/one/summary.md，旁", ["见", "results/one/summary.md，", "旁"]),
        ("格(b)", ["格", "(b)"]),
        ("……", ["……"]),
    ],
)
def test_a_number_stays_with_what_it_counts_and_a_path_stays_whole(word, parts):
    assert pieces(word) == parts


def test_lines_that_are_not_chinese_or_not_too_wide_are_left_as_they_are():
    assert folded("a  b " * 40, 20) == "a  b " * 40
    assert folded("  网格", 20) == "  网格"
    assert folded("网格网格网格", 8) == "网格网格\n网格"


def table(width=5):
    rows = tuple((f"按时办结，窗口{i}", "长" * 30, f"{i}.00 ▲") for i in range(width))
    columns = (Column("指标"), Column("说明"), Column("办结天数", "right"))
    return Table("各方案的均值，附与四级管理相比的判定" * 3, columns, rows, (TEXT,))


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_chinese_table_is_as_wide_as_its_terminal_at_most_and_its_columns_stand_straight(width):
    lines = table().to_text(width).splitlines()
    assert max(map(cells, lines)) <= width
    rows = [line for line in lines if "▲" in line]
    assert len(rows) == 5
    assert len({cells(line.rstrip()) for line in rows}) == 1
    assert not [line for line in lines if line.strip() and line.strip()[0] in CLOSING]
    assert "".join("".join(lines).split()).count("长") == 5 * 30


def test_a_chinese_heading_of_numbers_is_about_as_wide_as_its_numbers():
    lines = Table("", (Column("方案"), Column("居民自身耗时分钟", "right")), (("甲", "1.0"),)).to_text(80).splitlines()
    assert max(cells(line.rstrip()) for line in lines) <= 22
    assert re.search("居民自身 *\n.* 耗时分钟", "\n".join(lines))


def test_a_chinese_sentence_is_wrapped_on_a_terminal_too(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    terminal().print(TEXT, markup=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2
    assert max(map(cells, lines)) <= 40
    assert not [line for line in lines if line[0] in CLOSING]
