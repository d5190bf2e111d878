"""Charts speak the language that is spoken, in letters that are there."""

import base64
import io
import re
import shutil

import polars as pl
import pytest
from rich.console import Console
from setups.commands import TINY
from setups.district import pilot, tiny
from setups.figures import assert_legible, words
from setups.pseudo import pseudo, uncatalogued

import sim
from sim import charts
from sim.charts import fonts, page
from sim.charts.style import styled
from sim.language import speaking
from sim.store.store import Store
from sim.study import load_tables
from sim.study.comparison import maps, redraw
from sim.study.comparison.differences import rule_of
from sim.study.design import prepared_all
from sim.study.folder.drawing import draw

PILOTS = ("four_level", "three_level")
NAMES = (*PILOTS, "configs", "evidence.yaml", "district.place_seed")
HAN = re.compile("[\u4e00-\u9fff]")
needs_font = pytest.mark.skipif(fonts.chinese() is None, reason="no font of this machine has Chinese letters")


@pytest.fixture(scope="module")
def read(spoken_of):
    """Return the designs and the tables of a small comparison."""
    store = Store.open_existing(spoken_of[0] / "results/mine")
    pilots = redraw.pilots_of(store)
    return prepared_all(pilots), redraw.tables_of(store, pilots)


def drawn(read, measure="found"):
    """Return the functions that draw every kind of chart of a comparison."""
    designs, tables = read
    rule, below = rule_of(designs, tables["measures"]), redraw.footer([d.pilot for d in designs.values()])
    made = redraw.drawings(designs, tables) | maps.drawing(designs, tables["measures"], rule, measure, below)
    return made | {"pairs": lambda: charts.pairs(tables["comparison"], below)}


def test_no_word_of_a_chart_is_uncatalogued(read):
    with speaking(pseudo()):
        said = {name: words(one()) for name, one in drawn(read).items()}
    assert len(said) > 12
    assert {name: left for name, text in said.items() if (left := uncatalogued(text, *NAMES))} == {}


@pytest.mark.parametrize("message", ["Week", "grid", "travel"])
def test_a_message_of_a_chart_that_is_not_in_the_catalogue_is_noticed(read, message):
    kind = {"Week": "backlog", "grid": "map_found", "travel": "workload"}[message]
    with speaking(pseudo(message)):
        assert uncatalogued(words(drawn(read)[kind]()), *NAMES) == [message]


@needs_font
@pytest.mark.parametrize(
    "kind",
    [
        "slide",
        "differences",
        *redraw.DRAWN,
        "pairs",
        "organisation_four_level",
        "organisation_three_level",
        "map_found",
    ],
)
def test_a_chart_in_chinese_is_legible_and_all_its_letters_are_there(read, kind):
    with speaking("zh"):
        figure = drawn(read)[kind]()
        assert_legible(figure)
        assert HAN.search(charts.render(figure, "svg").decode())  # which warns of a letter that no font has


@needs_font
def test_a_pdf_has_its_chinese_letters_within(read):
    with speaking("zh"):
        data = charts.render(drawn(read)["load"](), "pdf")
    assert b"/FontFile" in data
    assert len(data) < 1_000_000


def test_a_comparison_draws_in_its_own_language(spoken_of, tmp_path):
    shutil.copytree(spoken_of[0] / "results/.replications", tmp_path / "results/.replications")
    pilots = [pilot(name, *TINY[:-1]) for name in PILOTS]
    found = sim.compare(pilots, folder=tmp_path / "results/mine", charts=False, progress=False, lang="zh")
    if fonts.chinese() is None:
        assert "Working days from first contact" in words(found.chart("turnaround"))
        return
    assert "从首次办理到有结果的工作日" in words(found.chart("turnaround"))
    pictures = re.findall(r"base64,([\w+/=]+)", found._repr_html_())
    assert any("◀ 更差" in base64.b64decode(one).decode() for one in pictures)


@pytest.fixture
def one_chart(tmp_path):
    """Return how a folder's only chart is drawn, and where it lies."""
    store = Store.open(tmp_path / "mine", {"pilots": []}, {})
    store.write_text("table.txt", "1")
    loads = load_tables.loads(prepared_all([tiny("four_level")]))

    def again():
        said = Console(file=io.StringIO(), width=200)
        draw(store, {"load": lambda: charts.load(loads)}, ["table.txt"], console=said)
        return said.file.getvalue(), (store.folder / "charts/load.svg").read_text("utf-8")

    return again


@needs_font
def test_a_chart_is_drawn_again_in_another_language_and_only_then(one_chart):
    with speaking("zh"):
        said, chinese = one_chart()
        assert "正在绘制1张图" in said
        assert "不再绘图" in one_chart()[0]
    said, english = one_chart()
    assert said == "Drawing 1 chart ...\n"
    assert "应办工作" in chinese
    assert "work that is due" in english


def test_without_a_font_charts_are_in_english_and_one_sentence_says_so(one_chart, monkeypatch):
    monkeypatch.setattr(fonts, "chinese", lambda: None)
    with speaking("zh"):
        said, english = one_chart()
        assert said.count("图为英文：本机没有含汉字的字体") == 1
        assert "work that is due" in english
        assert "图为英文" not in one_chart()[0]
    assert "font" not in one_chart()[0]


def test_a_font_that_was_installed_later_is_found(monkeypatch):
    asked = []
    listed = iter([{fonts.LATIN}, {fonts.LATIN, "WenQuanYi Zen Hei"}])
    monkeypatch.setattr(fonts, "get_font_names", lambda: next(listed))
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: ["/fonts/DejaVuSans.ttf", "/fonts/wqy-zenhei.ttc"])
    monkeypatch.setattr(fonts.fontManager, "addfont", lambda path: asked.append(path.name))
    assert fonts.chinese.__wrapped__() == "WenQuanYi Zen Hei"
    assert asked == ["wqy-zenhei.ttc"]


def test_a_chinese_text_is_broken_between_letters_and_never_before_punctuation():
    text = "重点家庭优先，未获办理的事项（60日）共3件。"
    for width in (0.6, 0.7, 0.8, 1.0):
        lines = page.wrapped(text, width, 9)
        assert "".join(lines) == text
        assert not any(line[0] in "，。）" for line in lines)
        assert all(page.width_of(line, 9) <= width for line in lines)


def test_a_title_of_ones_own_stays_as_it_is_in_any_language():
    table = pl.DataFrame(
        [("my [b]plan[/b]", "community", 3, 10.0, 0.0, 20.0)],
        schema=["pilot", "level", "heads", "due", "duties", "present"], orient="row",
    )  # fmt: skip
    with speaking(pseudo()):
        assert "my [b]plan[/b]" in words(charts.load(table))


@styled
def with_text(text):
    """Return a figure with a text, in the fonts of all charts."""
    figure = page.Chart()
    figure.text(0.1, 0.1, text)
    return figure


def test_an_svg_names_fonts_by_its_letters_and_not_by_the_machine(monkeypatch):
    def svg(chinese):
        monkeypatch.setattr(fonts, "chinese", lambda: chinese)
        return charts.render(with_text("waits, 4 & 5"), "svg").decode()

    assert svg("Noto Sans CJK SC") == svg(None)
    assert not any(name in svg(None) for name in fonts.CHINESE)


@needs_font
def test_an_svg_in_chinese_names_the_fonts_of_other_machines_too():
    said = charts.render(with_text("网格"), "svg").decode()
    assert all(f"'{name}'" in said for name in (fonts.LATIN, *fonts.CHINESE))
