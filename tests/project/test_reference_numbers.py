"""Numbers that pages quote from the committed run of Yuehu: each is as the run has it."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from setups.district import pilot

from sim.report.screen import where
from sim.study.comparison import first_screen
from sim.study.design import prepared_all
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


def test_the_screen_in_the_readme_is_that_of_the_committed_run():
    quoted = re.search(r"```text\n(Yuehu, .*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    table = pl.read_csv(RUN / "comparison.csv", infer_schema_length=None)
    designs = prepared_all(map(pilot, PILOTS))
    more = where("yuehu", n_charts=len(list(RUN.glob("charts/*.svg"))))
    # no level of these designs lacks staff, and no measure is above a bound: there are no warnings
    assert quoted == str(first_screen.screen(designs, {}, table, [], more))


def test_findings_say_what_became_of_paper_and_what_is_worse(means):
    paper = [f"{100 * means('paper_on_time', 'level:community', p):.0f} %" for p in ("four_level", "three_level")]
    page = words("docs/findings.md")
    assert f"today {paper[0]} of the communities' paper is done by its date, under three levels {paper[1]}." in page
    rows = pl.read_csv(RUN / "comparison.csv").filter(pl.col("verdict") == "worse")
    assert set(rows.select("pilot", "label").rows()) == {
        (pilot, "district desks busy") for pilot in ("three_level", "three_level_better")
    }
    assert "**Worse** under the reform is one measure: the district's desks are busier." in page
