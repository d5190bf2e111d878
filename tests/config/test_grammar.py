import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.config import Name, Section, checked
from sim.config.compose import parsed
from sim.config.grammar import as_override, in_grammar
from sim.errors import ConfigError


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("name=网格", "网格"),
        ("name=网格 二", "网格 二"),
        ("name='网格'", "网格"),
        ("title=四级（现状）", "四级（现状）"),
        ("pilots=[现状,three_level]", ["现状", "three_level"]),
        ("pilots=['现状','改革']", ["现状", "改革"]),
        ("names={a:东山,b:1}", {"a": "东山", "b": 1}),
        ("name=é", "é"),
        ("name=plain", "plain"),
        ("n=3", 3),
    ],
)
def test_texts_beyond_ascii_need_no_quotes(typed, value):
    (one,) = parsed([typed])
    assert one.value() == value


@given(st.text(st.characters(min_codepoint=0x80, exclude_categories=["C", "Z"]), min_size=1))
def test_any_word_beyond_ascii_comes_through_as_it_is(text):
    (one,) = parsed([f"name={text}"])
    assert one.value() == text


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1))
def test_what_python_gives_comes_through_as_it_is(text):
    (one,) = parsed([f"name={as_override(text)}"])
    assert one.value() == text


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_ascii_is_left_as_it_was_typed(text):
    assert in_grammar(f"name={text}") == f"name={text}"


class Named(Section):
    name: Name


@pytest.mark.parametrize("name", ["现状", "four_level", "山2_b", "é", "Ω", "山" * 40])
def test_a_name_begins_with_a_letter_of_any_script(name):
    assert checked(Named, {"name": name}).name == name


@pytest.mark.parametrize("name", ["", "1山", "_山", "山 东", "山-东", "山/东", "山.东", "山" * 41, "二〇：", "😀"])
def test_other_names_are_refused(name):
    with pytest.raises(ConfigError, match=r"^name must be a letter and at most 39 more letters, digits or underscores"):
        checked(Named, {"name": name})
