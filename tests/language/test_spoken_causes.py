"""What is said of causes is said in the language that is spoken; their tables of numbers stay English."""

import polars as pl
import yaml
from setups.commands import wangge
from setups.figures import words
from setups.pseudo import pseudo, uncatalogued
from setups.studies import DRAINED

from sim.charts import fonts
from sim.config.compose import Line
from sim.language import phrase, speaking
from sim.study.causes import definition
from sim.study.folder import drawing

SMALL = {
    "title": "What makes the waits, losses and late files of today's offices", "pilot": "four_level",
    "base": {"run": "quick"}, "replications": 2, "longer": {"times": 2, "replications": 2},
    "responses": ["counter_wait_mean", "left_unserved|channel:counter"],
    "causes": {
        "demand": {"label": "the other half of the requests", "without": {"demand.counter_per_resident_year": 0.2}},
    },
}  # fmt: skip
NAMES = (
    "CSV", "four_level", "small", "demand", "none", "explained", "mixtures", "longer", "results", "explain-small",
    "explained.md", "charts", "svg", "contributions", "contributions.csv", "mixtures.csv", "first", "last",
    "wangge explain", "wangge show", "configs", "evidence.yaml", "demand.counter_per_resident_year",
)  # fmt: skip


def test_no_word_of_an_explanation_is_uncatalogued_and_in_chinese_it_is_chinese(tmp_path, monkeypatch):
    (tmp_path / "mine/explain").mkdir(parents=True)
    (tmp_path / "mine/explain/small.yaml").write_text(yaml.safe_dump(SMALL, sort_keys=False))
    line = ("explain", "causes=small", "--config-dir", "mine", "executor=serial", *DRAINED)
    results, drawn = tmp_path / "results/explain-small", []

    def said():
        done = wangge(tmp_path, *line)
        assert (done.returncode, done.stderr) == (0, "")
        shown = [wangge(tmp_path, "show", "explain-small", *page).stdout for page in ((), ("contributions",))]
        return "\n".join([done.stdout, (results / "explained.md").read_text("utf-8"), *shown])

    with monkeypatch.context() as patch, speaking(pseudo()):
        patch.setattr(drawing, "keep", lambda _, __, chart: drawn.append(words(chart())))
        assert uncatalogued(said(), *NAMES) == []
    assert uncatalogued(drawn[0], *NAMES) == []
    with speaking("zh"):
        text = said()
    assert uncatalogued(text, *NAMES) == []
    assert text.count("另一半诉求") >= 4
    svg = (results / "charts/explained.svg").read_text("utf-8")
    assert ("另一半诉求" in svg) == (fonts.chinese() is not None)
    assert ("重复2次" if fonts.chinese() else "2 replications") in svg  # as many as were run
    table = pl.read_csv(results / "contributions.csv")
    assert set(table["label"]) == {"the other half of the requests"}
    assert set(table["response"]) == {"wait at a counter, mean", "left unserved, counter"}
    assert wangge(tmp_path, "show", "explain-small", "lang=en").stdout.startswith("What makes the waits")


def test_every_label_that_ships_has_words():
    shipped = definition.load("four_level", Line(()))
    with speaking(pseudo()):
        text = " ".join(map(phrase, (shipped.title, *(one.label for one in shipped.causes.values()))))
    assert uncatalogued(text) == []
