"""Numbers that pages quote from the committed run of Yuehu: each is as the run has it."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from setups.district import pilot

from sim.language import run_together
from sim.report.screen import where
from sim.report.tables import escape_markdown
from sim.statistics.intervals import Interval
from sim.study.comparison import first_screen
from sim.study.design import prepared_all
from sim.study.headlines.definitions import COLUMNS, known_values, read_effects, sentences, verdict
from sim.study.headlines.run import shipped
from sim.version import MODEL_VERSION

ROOT = Path(__file__).parents[2]
RUN = ROOT / "results" / "yuehu"
PILOTS = ("four_level", "four_level_better", "three_level", "three_level_better")


@pytest.fixture(scope="module")
def means():
    """Return the mean of a measure of a group under a pilot."""
    rows = pl.read_csv(RUN / "comparison.csv").to_dicts()
    known = {(r["measure"], r["group"], r["pilot"]): r["pilot_mean"] for r in rows}
    known |= {(r["measure"], r["group"], r["baseline"]): r["baseline_mean"] for r in rows}
    return lambda measure, group, pilot: known[measure, group, pilot]


def words(path):
    return " ".join((ROOT / path).read_text(encoding="utf-8").split())


def test_the_committed_run_is_of_this_model():
    assert json.loads((RUN / "manifest.json").read_text(encoding="utf-8"))["identity"]["model_version"] == MODEL_VERSION


@pytest.mark.parametrize(("page", "command"), [("headlines", "headlines"), ("explained", "explain")])
def test_a_page_that_a_command_makes_is_of_this_model(page, command):
    assert f"Made by `wangge {command}`, model {MODEL_VERSION}: " in words(f"docs/{page}.md")


def test_the_page_of_headlines_has_the_numbers_of_the_committed_run():
    folder = ROOT / "results" / "headlines"
    effects = read_effects(pl.read_csv(folder / "effects.csv", schema_overrides=COLUMNS))
    means = pl.read_csv(folder / "means.csv")
    page = (ROOT / "docs" / "headlines.md").read_text(encoding="utf-8")
    assert list(effects) == list(shipped())
    for name, headline in shipped().items():
        mine = means.filter(pl.col("headline") == name)
        units = dict(mine.select("measure", pl.col("unit").fill_null("")).iter_rows())
        shown = {}
        for row in mine.fill_null(float("nan")).iter_rows(named=True):
            mean = Interval(row["mean"], row["low"], row["high"], 10)
            shown.setdefault(row["measure"], []).append(mean)
        base, *others = effects[name]
        said = sentences(headline, base, others, units, known_values(shown, units))
        assert escape_markdown(run_together([f"Verdict: {verdict(headline, base.effect)}.", *said])) in page


def test_the_screen_in_the_readme_is_that_of_the_committed_run():
    quoted = re.search(r"```text\n(Yuehu, .*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    table = pl.read_csv(
        RUN / "comparison.csv",
        infer_schema_length=None,
        schema_overrides=dict.fromkeys(("needed_least", "needed_most"), pl.Int64),
    )
    designs = prepared_all(map(pilot, PILOTS))
    more = where("yuehu", n_charts=len(list(RUN.glob("charts/*.svg"))))
    # no level of these designs lacks staff, and no measure is above a bound: there are no warnings
    assert quoted == str(first_screen.screen(designs, {}, table, [], more))


@pytest.mark.parametrize("page", ["README.md", "docs/findings.md"])
def test_what_pages_say_of_the_loads_of_the_district_is_what_the_designs_have(page):
    all_down, following = prepared_all([pilot("three_level_all_down"), pilot("three_level")]).values()
    text = words(page)
    assert "has about twice the work that its staff have time for" in text
    assert all(1.8 <= pool.load <= 2.2 for pool in all_down.pools if pool.level == "district")
    staffing = following.pilot.staffing
    went = round(staffing.street_sent_up_share * staffing.street_heads)
    assert f"{went} of the street's {staffing.street_heads} staff following" in text.replace("with 69", "69")
    assert re.search(r"no post (has a load|is) above 0\.90", text)
    assert max(pool.load for pool in following.pools) <= 0.9


def test_the_sentences_of_the_page_on_causes_have_the_numbers_of_its_table():
    page = (ROOT / "docs" / "explained.md").read_text(encoding="utf-8")
    head, *rows = [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in page.partition("## ")[0].splitlines()
        if line.startswith("| ") and "---" not in line
    ]
    effects = {(row[0], measure): cell for row in rows for measure, cell in zip(head, row, strict=True)}
    said = re.findall(r"^- (.*?) over 5 weeks: (.*)$", page, re.MULTILINE)
    assert len(said) == len(head) - 1
    n = 0
    for measure, text in said:
        (column,) = [name for name in head if name.startswith(f"{measure} (")]
        confirmed, _, open_ = text.partition("; not confirmed: ")
        for part, sure in ((confirmed, True), (open_, False)):
            for cause, number in re.findall(
                r"(?:raised by |lowered by |, |^)([a-z][^()]*?) \(([-+]?[\d.]+) \w+\)", part
            ):
                cell = effects[cause, column]
                assert cell.split()[0] == number
                assert ("not confirmed" not in cell) is sure
                n += 1
    assert n == (len(rows) - 1) * len(said)  # each cause once for each measure; the last row sums them up


def test_findings_say_what_became_of_paper_and_what_is_worse(means):
    paper = [f"{100 * means('paper_on_time', 'level:community', p):.0f} %" for p in ("four_level", "three_level")]
    page = words("docs/findings.md")
    assert f"today {paper[0]} of the communities' paper is done by its date, under three levels {paper[1]}." in page
    rows = pl.read_csv(RUN / "comparison.csv").filter(pl.col("verdict") == "worse")
    assert set(rows.select("pilot", "label").rows()) == {
        (pilot, "district desks busy") for pilot in ("three_level", "three_level_better")
    }
    assert "**Worse** under the reform is one measure: the district's desks are busier." in page
