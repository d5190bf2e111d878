"""A validation speaks the language that is spoken; sources, ids and the table of outcomes stay as they are."""

import polars as pl
import pytest
from setups.commands import wangge
from setups.figures import words
from setups.pseudo import pseudo, uncatalogued

from sim.charts import fonts
from sim.config.compose import CONFIGS
from sim.config.reading import read_yaml
from sim.language import phrase, speaking
from sim.study.folder import drawing
from sim.validation.outcomes import DIFFERS
from sim.validation.sentences import MECHANISMS, first_screen

LINE = ("validate", "cases=[mm1_ciw,N_slowA]", "name=mine", "details=true", "executor=serial")
IDS = (
    "mm1_ciw", "N_slowA", "ciw", "slowA", "mine", "outcomes", "estimates", "z_scores", "CSV", "summary.md", "results",
    "wangge show", "wangge validate", "form", "quick", "seed", "MB",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder of a validation made in the pseudo-language, what was said of it, and its chart's words."""
    folder, drawn = tmp_path_factory.mktemp("validated"), []
    with pytest.MonkeyPatch.context() as patch, speaking(pseudo()):
        patch.setattr(drawing, "keep", lambda _, __, chart: drawn.append(words(chart())))
        return folder, said(folder), drawn


def said(folder):
    """Return what a validation prints, writes and shows again."""
    done = wangge(folder, *LINE)
    assert (done.returncode, done.stderr) == (0, "")
    shown = [wangge(folder, "show", "mine", *page).stdout for page in ((), ("outcomes",))]
    return "\n".join([done.stdout, (folder / "results/mine/summary.md").read_text("utf-8"), *shown])


def left(folder, text):
    """Return the words that are of no catalogue, and neither ids nor sources."""
    rows = pl.read_csv(folder / "results/mine/outcomes.csv")
    of_sources = {word for source in rows["source"] for word in uncatalogued(source)}
    of_ids = {word for name in (*rows["quantity"], *rows["case"]) for word in uncatalogued(name)}
    return [word for word in uncatalogued(text, *IDS) if word not in of_sources | of_ids]


def test_no_word_of_a_validation_is_uncatalogued(made):
    folder, text, drawn = made
    assert text.count("\n") > 30
    assert left(folder, text) == []
    assert uncatalogued(drawn[0], *IDS, "Kolmogorov-Smirnov") == []


def test_a_validation_in_chinese_is_chinese_and_its_table_english(made):
    folder, _, _ = made
    with speaking("zh"):
        text = said(folder)
    assert left(folder, text) == []
    assert "检验（快速形式，随机种子1）：2个算例" in text
    assert "没有不符的" in text
    assert set(pl.read_csv(folder / "results/mine/outcomes.csv")["verdict"]) == {"agrees"}
    svg = (folder / "results/mine/charts/z_scores.svg").read_text("utf-8")
    assert ("与已知结果相符" in svg) == (fonts.chinese() is not None)
    assert wangge(folder, "show", "mine", "lang=en").stdout.startswith("Validation, quick form, seed 1: ")


def test_what_differs_is_told_in_english_within_a_chinese_screen(made):
    rows = pl.read_csv(made[0] / "results/mine/outcomes.csv").with_columns(verdict=pl.lit(DIFFERS))
    with speaking("zh"):
        screen = str(first_screen(rows, "quick", 1, "1 of the checks fails: x must be 1, got 2", "mine"))
    assert f"{rows.height}个数值中0个相符；1 of the checks fails: x must be 1, got 2。" in screen.replace("\n", " ")


def test_every_mechanism_of_a_shipped_case_has_words():
    shipped = {read_yaml(path)["mechanism"] for path in (CONFIGS / "validation").glob("*.yaml")}
    assert len(shipped) > 10
    assert shipped <= set(MECHANISMS)
    with speaking("zh"):
        assert [name for name in MECHANISMS if phrase(name) == name] == []
