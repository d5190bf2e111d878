import threading

import pytest
from setups.commands import refused, wangge
from setups.documents import ROOT
from setups.pseudo import marked, pseudo, uncatalogued

from sim.errors import ConfigError
from sim.language import (
    LANGUAGES,
    both,
    chosen,
    enumerated,
    first_of,
    gettext,
    listed,
    ngettext,
    pgettext,
    phrase,
    run_together,
    separated,
    speaking,
    spoken,
)
from sim.language.languages import of_locale


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh-Hans"}, "zh"),
        ({"LANG": "zh.GBK"}, "zh"),
        ({"LANG": "ZH_TW"}, "zh"),
        ({"LANG": "zhx_CN"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_CN", "LANG": "en_US"}, "zh"),
        ({"LC_ALL": "en_US", "LC_MESSAGES": "zh_CN", "LANG": "zh_CN"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
    ],
)
def test_the_locale_says_which_language_is_spoken(environment, name):
    assert of_locale(environment) == name


def test_a_language_that_is_asked_for_comes_before_the_locale(monkeypatch, tmp_path):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert spoken().name == "zh"
    with speaking("en"):
        assert spoken().name == "en"
        with speaking(None):
            assert spoken().name == "en"
    assert spoken().name == "zh"


@pytest.mark.parametrize("command", ["compare", "show", "status", "clean", "plot", "staff", "new"])
@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["lang=fr"], "lang must be one of en, zh, got fr"),
        (["lang=zhh"], "lang must be one of en, zh (did you mean zh?), got zhh"),
        (["lang=de"], "lang must be one of en, zh, got de"),
        (["lang="], "lang must be one of en, zh, got nothing"),
        (["lang=zh", "lang=en"], "lang must be given at most once, got zh and en"),
    ],
)
def test_a_language_that_is_not_there_is_refused_in_one_paragraph(tmp_path, command, words, rule):
    assert refused(tmp_path, command, *words) == f"wangge: {rule}\n"


def test_a_language_may_stand_anywhere_on_the_line(tmp_path):
    for words in (["lang=zh", "--cfg", "job"], ["--cfg", "job", "lang=zh"]):
        assert wangge(tmp_path, "compare", *words).returncode == 0


def test_errors_and_help_stay_english(tmp_path):
    assert "must be one of" in refused(tmp_path, "compare", "lang=zh", "pilots=[nowhere]")
    assert wangge(tmp_path, "compare", "lang=zh", "--help").stdout.startswith("wangge compare [pilots=")


def test_each_thread_speaks_its_own_language():
    heard = {}

    def speak(name):
        with speaking(name):
            barrier.wait()
            heard[name] = (spoken().name, gettext("better"))

    barrier = threading.Barrier(len(LANGUAGES))
    threads = [threading.Thread(target=speak, args=(name,)) for name in LANGUAGES]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert heard == {"en": ("en", "better"), "zh": ("zh", "更好")}
    assert spoken().name == "en"


def test_a_language_ends_with_its_block_though_something_fails_there():
    with pytest.raises(ZeroDivisionError), speaking("zh"):
        1 / 0  # noqa: B018
    assert spoken().name == "en"


@pytest.mark.parametrize("wrong", [3, None, "fr", "", ["zh"]])
def test_a_language_from_python_is_a_name(wrong):
    with pytest.raises(ConfigError, match=r"^lang must be one of en, zh"):
        chosen(wrong)


def test_names_in_braces_are_filled_in_and_braces_alone_are_text():
    with speaking("zh"):
        assert gettext("{n} under {pilot}", n=2, pilot="{a}") == "{a}下2个"
    assert gettext("{no} such message") == "{no} such message"
    assert ngettext("{n:,} week", "{n:,} weeks", 1) == "1 week"
    assert ngettext("{n:,} week", "{n:,} weeks", 1000) == "1,000 weeks"


def test_a_text_of_configs_is_shown_as_it_is_where_the_catalogue_lacks_it():
    with speaking("zh"):
        assert phrase("Yuehu") == "月湖区"
        assert phrase("我的方案") == "我的方案"
        assert phrase("my own {title} with $signs, 3 of them") == "my own {title} with $signs, 3 of them"
        assert phrase("") == ""


def test_a_number_that_an_interpolation_put_into_a_text_comes_through():
    with speaking("zh"):
        assert phrase("turnaround, mean up to 60 days") == "办结时间均值（每件至多计60日）"
        assert phrase("turnaround, 9 in 10 within") == "办结时间，九成不超过"


def test_words_are_separated_as_the_language_does():
    three = ["a", "b", "c"]
    shown = {}
    for name in LANGUAGES:
        with speaking(name):
            shown[name] = (listed(three), separated(three), both(three), enumerated(three), first_of(three, 2))
    assert shown["en"] == ("a, b, c", "a; b; c", "a and b and c", "a, b and c", "a; b and 1 more")
    assert shown["zh"] == ("a、b、c", "a；b；c", "a和b和c", "a、b和c", "a；b等，另有1项")
    assert (enumerated(["a"]), enumerated([]), first_of(["a"], 2)) == ("a", "", "a")


def test_sentences_are_run_together_with_a_blank_but_after_full_width_punctuation():
    assert run_together(["One.", "", "Two."]) == "One. Two."
    assert run_together(["一。", "二。", "Three."]) == "一。二。Three."
    assert run_together([]) == ""


def test_the_pseudo_language_marks_messages_and_leaves_names_and_other_texts():
    assert marked("{n:,} of $pilot: a note") == "{n:,} 𝗈𝖿 $pilot: 𝖺 𝗇𝗈𝗍𝖾"
    with speaking(pseudo()):
        assert uncatalogued(gettext("{n} under {pilot}", n=2, pilot="four_level"), "four_level") == []
        assert uncatalogued(gettext("{n} under {pilot}", n=2, pilot="no name"), "four_level") == ["name", "no"]
        assert uncatalogued(phrase("a title of one's own")) == ["of", "one's", "own", "title"]
    with speaking(pseudo("{n} under {pilot}")):
        assert uncatalogued(gettext("{n} under {pilot}", n=2, pilot="four_level"), "four_level") == ["under"]


def test_the_same_english_words_may_mean_something_else_in_another_context():
    with speaking("zh"):
        assert (pgettext("direction", "up"), gettext("up")) == ("上升", "上收")
        assert pgettext("no such context", "up") == "up"
    with speaking(pseudo()):
        assert uncatalogued(pgettext("direction", "up")) == []
        assert uncatalogued(pgettext("no such context", "up")) == ["up"]


def test_what_a_target_of_make_commits_is_made_in_english_whatever_the_locale():
    lines = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if "/wangge " in line]
    for command in ("headlines", "knobs", "explain", "bench"):
        (line,) = (line for line in lines if f"/wangge {command}" in line)
        assert "lang=en" in line
