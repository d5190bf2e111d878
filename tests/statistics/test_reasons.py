"""Reasons are carried as data and said where they are shown, in whichever language is spoken there."""

import polars as pl
import pytest

from sim.language import speaking
from sim.language.worded import Worded, stacked, with_cells
from sim.statistics.reasons import NOT_RUN, WITHHELD, ByLevel, Named, OfError, Several, Text, in_words

OWN = Text("not so: because of b; and c")


def test_reasons_that_say_the_same_are_said_once_and_a_text_of_an_error_stays_whole():
    reason = Several((Named("p.a=1", NOT_RUN), Named("p.a=2", OWN), Named("p.a=1", NOT_RUN)))
    assert in_words(reason) == "p.a=1: not run; p.a=2: not so: because of b; and c"
    with speaking("zh"):
        assert in_words(reason) == "p.a=1：未运行；p.a=2：not so: because of b; and c"
    assert in_words(None) == ""


def test_levels_are_named_only_where_their_reasons_differ():
    assert ByLevel((Named("1", NOT_RUN), Named("3", NOT_RUN))).words() == "not run"
    assert ByLevel((Named("1", NOT_RUN), Named("3", WITHHELD))).words() == "1: not run; 3: withheld"


def test_a_table_on_disk_is_read_in_a_language_by_the_words_of_its_rows():
    part = Worded(pl.DataFrame({"n": [1, 2], "why": ["", ""]}), {"why": [NOT_RUN.words, OWN.words]})
    both = stacked([part.after(design=0), part.after(design=1)])
    with speaking("zh"):
        cells = both.spoken_cells()
        here = both.spoken()
    assert cells == {"why": {"0": "未运行", "2": "未运行"}}
    assert both.spoken_cells() == {}
    assert with_cells(both.in_english(), cells).equals(here)
    assert here.columns == ["design", "n", "why"]
    with pytest.raises(IndexError):
        with_cells(both.in_english(), {"why": {"9": "x"}})


def test_the_message_of_an_error_is_said_in_english_and_elsewhere_where_it_stands():
    reason = OfError("roles.managers_per_grid must leave a head, got 0.44")
    assert reason.words() == "roles.managers_per_grid must leave a head, got 0.44"
    with speaking("zh"):
        assert reason.words() == "不可行或失败，原因见design.csv（英文）"
