"""The gallery has a picture of every kind of chart in every language, and is what its command writes."""

import io
import re

import pytest
from PIL import Image
from setups.documents import ROOT

from experiments import gallery
from sim.charts.page import Chart
from sim.language import LANGUAGES
from sim.study.comparison import redraw
from sim.study.findings import charting


def test_every_kind_of_chart_has_its_picture_in_every_language():
    several = ("slide", "differences", "pairs")
    assert sorted(gallery.WORDS) == sorted([*several, *redraw.DRAWN, "organisation", "map", *charting.DRAWN])
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
