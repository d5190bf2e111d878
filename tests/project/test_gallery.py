"""The gallery has a picture of every kind of chart in every language, and is what its command writes."""

import ast
import io
import re

import pytest
from PIL import Image
from setups.documents import ROOT
from setups.figures import words

from experiments import gallery
from sim.charts.page import Chart
from sim.language import LANGUAGES
from sim.study.comparison import redraw
from sim.study.findings import charting

SEVERAL = ("slide", "plane", "differences", "pairs", "organisation", "map")


def names_kept():
    """Return the names under which commands keep a chart of their own; a headline's is its own name."""
    names = set()
    for path in (ROOT / "sim").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "drawing.keep":
                name = node.args[1]
                names.add(name.value if isinstance(name, ast.Constant) else "headline")
    return names


def test_every_kind_of_chart_has_its_picture_in_every_language():
    assert set(gallery.OTHERS) == names_kept()
    assert sorted(gallery.WORDS) == sorted([*SEVERAL, *redraw.DRAWN, *charting.DRAWN, *gallery.OTHERS])
    assert set(gallery.WORDS) == {kind for kinds in gallery.SECTIONS.values() for kind in kinds}
    wanted = {gallery.file_of(kind, name) for kind in gallery.WORDS for name in LANGUAGES}
    assert {path.name for path in gallery.PICTURES.iterdir()} == wanted
    shown = re.findall(r"\]\(gallery/([^)]+)\)", gallery.PAGE.read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(wanted)


def test_the_page_is_what_the_command_writes_and_the_first_pages_name_it():
    assert gallery.PAGE.read_text(encoding="utf-8") == gallery.page()
    assert "(docs/gallery.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_two_languages_of_a_kind_are_two_pictures_of_its_size():
    for kind in gallery.WORDS:
        files = [gallery.PICTURES / gallery.file_of(kind, name) for name in LANGUAGES]
        assert len({path.read_bytes() for path in files}) == len(files), kind
        for path in files:
            with Image.open(path) as one:
                assert one.format == "WEBP"
                width, height = one.size
                assert width <= gallery.ACROSS
                assert height <= gallery.DOWN
                assert width == gallery.ACROSS or height == gallery.DOWN


def test_a_picture_is_the_chart_made_small_and_the_same_each_time():
    figure = Chart(figsize=(8, 4), facecolor="white")
    figure.text(0.1, 0.5, "waits")
    first, second = gallery.picture(figure), gallery.picture(figure)
    assert first == second
    with Image.open(io.BytesIO(first)) as one:
        assert one.size == (gallery.ACROSS, gallery.ACROSS // 2)


def test_the_gallery_tells_its_help_and_asks_for_a_font_before_it_draws(capsys, monkeypatch):
    gallery.main(["--help"])
    assert "docs/gallery.md" in capsys.readouterr().out
    monkeypatch.setattr("sim.charts.fonts.chinese", lambda: None)
    with pytest.raises(gallery.ConfigError, match="must have the letters of lang=zh"):
        gallery.main([])
    monkeypatch.undo()
    with pytest.raises(gallery.ConfigError, match=r"^kinds must be of .*\(did you mean speeds\?\), got sped"):
        gallery.main(["sped"])


def test_a_picture_of_the_committed_speeds_names_their_machine():
    (speeds,) = gallery.drawings(["speeds"]).values()
    said = words(speeds())
    assert "P1: three stations in a row (4, 8 and 2 servers)" in said
    assert "2 cores" in said
