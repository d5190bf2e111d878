"""Studies speak the language that is spoken, and their charts so whatever a study spoke when it was run."""

import math
import re

import polars as pl
import pytest
import yaml
from setups.commands import wangge
from setups.figures import assert_legible, words
from setups.pseudo import pseudo, uncatalogued
from setups.studies import BASE, study

from sim import charts
from sim.charts import fonts
from sim.config.compose import Line
from sim.district.engines import Compiled
from sim.executor import Serial
from sim.language import speaking
from sim.store.store import Store
from sim.study.backend import Backend
from sim.study.findings import charting
from sim.study.folder.drawing import Wanted
from sim.study.sweep import sweep

PATHS = (
    "grid.households", "burden.away_share", "grid.visits.minutes", "district.place_seed", "configs", "evidence.yaml",
    "controls.csv", "effects.csv",
)  # fmt: skip
"""What is no word: keys and files."""
ASKED = {
    "title": "Households per grid and role scheme",
    "pilots": ["four_level"],
    "base": BASE,
    "factors": {"grid.households": [200, 300], "burden.away_share": [0.3, 0.6], "grid.visits.minutes": [20, 30]},
    "design": [{"kind": "grid"}, {"kind": "one_at_a_time"}, {"kind": "indices", "n": 2}],
    "responses": ["counter_wait_mean", "utilisation|level:community"],
    "promises": {"counter_wait_mean": {"at_most": 5}},
    "precision": {"replications": 2},
    "warm_up": {"replications": 2, "weeks": 20},
}
KINDS = (*charting.DRAWN[:6], "panels", "warm_up")
needs_font = pytest.mark.skipif(fonts.chinese() is None, reason="no font of this machine has Chinese letters")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return the folder of a study with charts of every kind but a front, kept in the pseudo-language too."""
    folder = tmp_path_factory.mktemp("study") / "results/mine"
    with speaking(pseudo()):
        sweep(study(**ASKED), Line((), None), folder, Backend(Compiled(), Serial()), wanted=Wanted(charts=False))
    return Store.open_existing(folder)


def test_no_word_of_a_chart_is_uncatalogued(store):
    with speaking(pseudo()):
        drawings = charting.drawings(store)
        said = {name: words(one()) for name, one in drawings.items()}
    assert all(any(name.startswith(kind) for name in said) for kind in KINDS), list(said)
    assert {name: left for name, text in said.items() if (left := uncatalogued(text, *PATHS))} == {}


@needs_font
@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_in_chinese_is_legible_and_names_its_study(store, kind):
    with speaking("zh"):
        drawings = charting.drawings(store)
        figure = next(one for name, one in drawings.items() if name.startswith(kind))()
        assert_legible(figure)
        assert re.search("每个网格的户数与分工办法[：。]", words(figure))
        assert "2 replications" not in charts.render(figure, "svg").decode()


@pytest.mark.parametrize("kind", ["main_effects", "curve", "heat", "panels"])
def test_intervals_are_spoken_of_where_some_are_drawn(store, kind, monkeypatch):
    def said():
        return words(next(draw for name, draw in charting.drawings(store).items() if name.startswith(kind))())

    whole = charting.table_of

    def alike(*which):
        table = whole(*which)
        ends = [name for name in ("low", "high") if name in table.columns]
        return table.with_columns(pl.lit(math.nan).alias(name) for name in ends)

    with speaking("en"):
        assert "95% interval" in said()
        assert "without intervals" not in said()
        monkeypatch.setattr(charting, "table_of", alike)
        assert "95% interval" not in said()
        assert "without intervals" in said()
        assert "with its interval" not in said()


@pytest.mark.parametrize(("language", "said"), [("en", "households of a grid=200, "), ("zh", "每个网格的户数=200")])
def test_points_are_labelled_with_the_words_of_knobs_that_are_short(store, language, said):
    with speaking(language):
        rankings = [draw for name, draw in charting.drawings(store).items() if name.startswith("ranking")]
        text = words(rankings[0]())
    assert said in text.replace("\n", " ")
    assert "grid.households=" not in text


def test_a_study_that_spoke_english_is_drawn_in_chinese(store):
    with speaking("en"):
        said = words(next(iter(charting.drawings(store).values()))())
        assert re.search("Households per grid and role scheme[:.] ", said)
    done = wangge(store.folder.parents[1], "plot", "mine", "lang=zh")
    assert done.returncode == 0, done.stderr
    svg = next((store.folder / "charts").glob("heat_*.svg")).read_text("utf-8")
    assert re.search("均值和|Mean and|各格均值|Mean of each cell", svg)
    assert ("各格均值" in svg) == (fonts.chinese() is not None)


def test_no_word_that_a_study_says_is_uncatalogued(store):
    """The screen, the tables, the summary, and what is foreseen."""
    keys = (*PATHS, "grid", "one at a time", "indices", "drawn.json", "summary.csv", "summary.md", "mine", "four_level")
    folder = store.folder.parents[1]
    (folder / "mine/study").mkdir(parents=True)
    (folder / "mine/study/mine.yaml").write_text(yaml.safe_dump(ASKED, sort_keys=False), encoding="utf-8")
    line = ("sweep", "study=mine", "--config-dir", "mine", "executor=serial", "charts=false")
    with speaking(pseudo()):
        foreseen = wangge(folder, *line, "--dry-run")
        done = wangge(folder, *line, "details=true")
    assert (foreseen.returncode, done.returncode) == (0, 0), foreseen.stderr + done.stderr
    assert uncatalogued(foreseen.stdout, *keys) == []
    assert uncatalogued(done.stdout, *keys) == []
    assert uncatalogued((store.folder / "summary.md").read_text("utf-8"), *keys) == []


def test_a_finished_study_is_said_again_in_any_language(store):
    folder = store.folder.parents[1]
    line = ("sweep", "study=mine", "--config-dir", "mine", "executor=serial", "charts=false")
    before = {path.name: path.read_bytes() for path in store.folder.glob("*.csv")}
    chinese, english = (wangge(folder, *line, f"lang={name}") for name in ("zh", "en"))
    assert "每个网格的户数与分工办法：四级管理（现状），共14个点" in chinese.stdout, chinese.stdout + chinese.stderr
    assert "Households per grid and role scheme: 14 points under four levels (today)" in english.stdout
    assert {path.name: path.read_bytes() for path in store.folder.glob("*.csv")} == before
