import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.config import Name, Section, checked
from sim.config.compose import compose, parse, parsed
from sim.config.grammar import as_override, in_grammar
from sim.config.reading import read_yaml
from sim.errors import ConfigError


@pytest.mark.parametrize("text", ["range({},é)", "é{}", "{}'é", "é'{}", 'é"{}'])
@pytest.mark.parametrize("letter", ["a", "\\'", '\\"', "\\"])
def test_a_long_text_is_read_once(text, letter):
    began = time.process_time()
    in_grammar("key=" + text.format(200_000 * letter))
    assert time.process_time() - began < 5  # that which read it again at every letter took hours


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


@pytest.mark.parametrize("value", ["1_0", "+1_0", "1_0.5", "1e1_0", "[3,1_0]", "{a:1_0}", "1_0,20", "range(1_0,20)"])
def test_a_number_with_underscores_is_refused_where_it_is_typed(value):
    got = re.search(r"\+?1[_e][\d_.]+", value)[0]
    with pytest.raises(
        ConfigError, match=rf"^n must be a number in plain decimals, or a text .*, got {re.escape(got)}$"
    ):
        parsed([f"n={value}"])
    with pytest.raises(ConfigError, match=r"^run\.replications must be a number in plain decimals"):
        compose("main", parse([f"run.replications={value}"]))


@pytest.mark.parametrize("value", ["1_000", "1e3", "a_1", "_1", "5_", "a 1_0", "-1.5e-3"])
def test_other_numbers_and_texts_with_underscores_are_read(value):
    quoted = value == "1_000"
    (one,) = parsed([f"n='{value}'" if quoted else f"n={value}"])
    assert one.value() == (float(value) if value in ("1e3", "-1.5e-3") else value)


@pytest.mark.parametrize("value", ["1_0", "190:20:30", "1:30.5", "0x10", "010", "0b11", "1_0.5", "!!int 1_0"])
def test_a_number_that_is_not_in_decimals_is_refused_in_a_file(tmp_path, value):
    file = tmp_path / "mine.yaml"
    file.write_text(f"a:\n  - n: {value}\n")
    got = re.escape(value.removeprefix("!!int "))
    with pytest.raises(ConfigError, match=rf"^mine\.yaml, line 2: a\.0\.n must be a number in plain .*, got {got}$"):
        read_yaml(file)


@pytest.mark.parametrize("value", ["0", "-3", "+2", "0.5", ".5", "1.", "1e3", "1.5E-3", "-0.0", ".inf", "-.INF"])
def test_a_number_in_decimals_is_read_from_a_file(tmp_path, value):
    file = tmp_path / "mine.yaml"
    file.write_text(f"n: {value}\nt: '1_0'\n")
    assert read_yaml(file) == {"n": float(value.lower().replace(".inf", "inf")), "t": "1_0"}
