"""Headlines speak the language that is spoken: screen, sentences, document and charts."""

import re

import pytest
from setups.commands import TINY, wangge
from setups.figures import words
from setups.pseudo import pseudo, uncatalogued

from sim.charts import fonts
from sim.config.compose import Line
from sim.language import speaking
from sim.statistics.intervals import Interval
from sim.study.folder import drawing
from sim.study.headlines import definitions, run
from sim.study.headlines.definitions import Effect

LINE = ("headlines", "only=[oversized]", "name=h", "details=true")
NAMES = ("oversized", "effects", "means", "headlines.md", "evidence.yaml", "wangge headlines", "charts", "svg", "run",
         "quick", "district.built_up_km2", "staffing.absence.share", "demand.counter_per_resident_year")  # fmt: skip
IN_CHINESE = (*NAMES, "wangge show", "results", "configs", "compare", "CSV")


def knobs():
    """Return the knobs of the line as they stand in the document, which are no words."""
    return [one for word in TINY for one in (word, *word.split("="))]


def said(folder, done):
    """Return all that was printed and written, and what is shown later."""
    assert (done.returncode, done.stderr) == (0, "")
    shown = [wangge(folder, "show", "h", *page).stdout for page in ((), ("oversized",))]
    progress = re.sub(r"\ba\d_(low|high)_\d\b", "", done.stdout)  # names of points
    return "\n".join([progress, (folder / "results/h/headlines.md").read_text("utf-8"), *shown])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder of headlines made in the pseudo-language, with what was said and drawn."""
    folder, drawn = tmp_path_factory.mktemp("headlines"), []
    with pytest.MonkeyPatch.context() as patch, speaking(pseudo()):
        patch.setattr(drawing, "keep", lambda _, __, chart: drawn.append(words(chart())))
        return folder, said(folder, wangge(folder, *LINE, *TINY)), drawn


def test_no_word_of_headlines_or_their_charts_is_uncatalogued(made):
    _, text, drawn = made
    assert text.count("\n") > 40
    assert uncatalogued(text, *NAMES, *knobs()) == []
    assert len(drawn) == 1
    assert uncatalogued(drawn[0], *NAMES, "configs") == []


def test_headlines_in_chinese_are_chinese_and_english_is_kept_beside(made):
    folder, _, _ = made
    with speaking("zh"):
        text = said(folder, wangge(folder, *LINE, *TINY))
    assert uncatalogued(text, *IN_CHINESE, *knobs()) == []
    assert text.count("社区过大，居民自身耗时更多") >= 4
    svg = (folder / "results/h/charts/oversized.svg").read_text("utf-8")
    assert ("社区过大" in svg) == (fonts.chinese() is not None)
    assert wangge(folder, "show", "h", "lang=en").stdout.startswith("1 headline of the evidence for Yuehu: ")


def test_every_shipped_headline_has_words_for_whatever_may_come_out():
    nothing = Effect("", None, None, None, None)
    for one in run.shipped().values():
        for estimate in (-9.0, 0.0, 9.0):
            wide = 1.0 if estimate else 99.0
            effect = Interval(estimate, estimate - wide, estimate + wide, 5)
            base = Effect("", None, effect, effect, effect)
            ends = [Effect(path, 1.0, effect, effect, effect) for path in one.assumptions]
            with speaking(pseudo()):
                for found in ((base, ends), (nothing, [nothing, Effect(one.assumptions[0], 1.0, None, None, None)])):
                    text = "\n".join(definitions.sentences(one, *found, {one.measure: "minutes"}, {}))
                    left = uncatalogued(text, *one.assumptions)
                    values = ("turnaround", "left", "trips", "on_time")  # of measures, which nothing was found of here
                    assert [word for word in left if not word.startswith(values)] == []


def test_every_name_of_a_shipped_headline_is_in_the_catalogue():
    with speaking("zh") as chinese:
        for one in run.shipped().values():
            names = (one.title, *one.points)
            assert [name for name in names if chinese.catalogue.gettext(name) == name and not name.isdigit()] == []
            assert run.point_of(*next(iter(one.points.items())), Line(())).why == ""
