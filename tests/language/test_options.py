"""What is chosen of a few, by a file of a group or by a word, is told in Chinese on screens and charts."""

import typing

import polars as pl
import pytest

from sim.config.compose import CONFIGS, options
from sim.config.schema import Roles, Service, Structure
from sim.config.study_schema import Kind
from sim.config.words import words_of_choice, words_of_option, words_of_setting
from sim.language import speaking
from sim.study.findings import charting
from sim.study.findings.naming import Words
from sim.study.findings.preview import words_of_kind

GROUPS = ("conduct", "demand", "levers", "mechanisms", "roles", "service", "staffing", "structure")


def test_every_file_of_a_group_has_words_and_so_has_the_group():
    with speaking("zh"):
        files = {(group, name) for group in GROUPS for name in options(group, CONFIGS)}
        assert len(files) > 20
        assert [one for one in files if words_of_option(one[1]) == one[1]] == []
        assert [group for group in GROUPS if words_of_choice(group) == group] == []


@pytest.mark.parametrize("section", [Roles, Service, Structure])
def test_every_value_of_few_has_words(section):
    kinds = [field.annotation for field in section.model_fields.values()]
    values = [one for kind in kinds if typing.get_origin(kind) is typing.Literal for one in typing.get_args(kind)]
    assert len(values) >= 4
    with speaking("zh"):
        assert [one for one in values if words_of_option(one) == one] == []


def test_a_setting_is_as_it_is_typed_in_english_and_its_options_are_words_in_chinese():
    label = "grid.households=100, roles=ab, roles.order=b_first, sent down=0.5"
    assert words_of_setting(label) == label
    with speaking("zh"):
        said = words_of_setting(label)
    assert said == "grid.households=100、分工办法=A/B岗、roles.order=先B岗、下沉比例=0.5"


def test_a_chart_names_levels_in_words():
    table = pl.DataFrame({"level": ["ab", "lines"], "series": ["200", "generalist"], "order": [0, 1]})
    with speaking("zh"):
        shown = charting._called(table, Words({}, {}, {}))
    assert shown["level"].to_list() == ["A/B岗", "各管各线"]
    assert shown["series"].to_list() == ["200", "全科"]
    assert charting._called(table, Words({}, {}, {})).equals(table)


def test_every_kind_of_design_of_a_study_has_words():
    kinds = typing.get_args(Kind)
    assert [words_of_kind(kind) for kind in kinds] == [kind.replace("_", " ") for kind in kinds]
    with speaking("zh"):
        assert [kind for kind in kinds if words_of_kind(kind) == kind.replace("_", " ")] == []
