import re
import shutil
from functools import cache

import pytest
import yaml
from setups.district import CONFIGS, PILOTS, pilot
from setups.evidence import ROWS

from experiments import document
from sim.config.meaning import meaning_of
from sim.report.tables import escape_markdown
from sim.study import model_tables

TEXT = (document.DOCS / "model.md").read_text(encoding="utf-8")

tables = cache(model_tables.tables)  # seconds

STRESS = (
    "## 1. Objectives", "### 1.1 Purpose of the model", "### 1.2 Model outputs", "### 1.3 Experimentation aims",
    "## 2. Logic", "### 2.1 Base model overview diagram", "### 2.2 Base model logic", "### 2.3 Scenario logic",
    "### 2.4 Algorithms", "### 2.5 Components", "#### 2.5.1 Entities", "#### 2.5.2 Activities", "#### 2.5.3 Resources",
    "#### 2.5.4 Queues", "#### 2.5.5 Entry/exit points", "## 3. Data", "### 3.1 Data sources", "### 3.2 Pre-processing",
    "### 3.3 Input parameters", "### 3.4 Assumptions", "## 4. Experimentation", "### 4.1 Initialisation",
    "### 4.2 Run length", "### 4.3 Estimation approach", "## 5. Implementation",
    "### 5.1 Software or programming language", "### 5.2 Random sampling", "### 5.3 Model execution",
    "### 5.4 System specification", "## 6. Code access", "### 6.1 Computer model sharing statement",
)  # fmt: skip
ODD = (
    "## 1. Purpose and patterns", "## 2. Entities, state variables, and scales",
    "## 3. Process overview and scheduling", "## 4. Design concepts", "### Basic principles", "### Emergence",
    "### Adaptation", "### Objectives", "### Learning", "### Prediction", "### Sensing", "### Interaction",
    "### Stochasticity", "### Collectives", "### Observation", "## 5. Initialization", "## 6. Input data",
    "## 7. Submodels",
)  # fmt: skip

SMALL = "before\n<!-- table: {} -->\nold\n<!-- end of table -->\nafter\n"


@pytest.mark.parametrize("page", document.PAGES)
def test_a_page_is_as_what_it_is_made_from(page, monkeypatch):
    monkeypatch.setattr(model_tables, "tables", tables)
    text = (document.DOCS / page).read_text(encoding="utf-8")
    assert model_tables.filled(text, document.PAGES[page]()) == text, "python -m experiments.document writes it again"


def test_the_document_has_the_headings_of_both_protocols_in_their_order():
    stress, odd = TEXT.split("# Part A. STRESS-DES\n")[1].split("# Part B. ODD: place, demand and staff\n")
    assert tuple(re.findall(r"^##+ .*$", stress, re.MULTILINE)) == STRESS
    assert tuple(re.findall(r"^##+ .*$", odd, re.MULTILINE)) == ODD


def test_every_parameter_is_in_the_table_of_its_group_with_its_meaning_unit_range_and_source():
    told = [line for table in tables(CONFIGS, "yuehu").values() for line in table.splitlines() if line.startswith("| ")]
    for row in ROWS:
        name = f"{row['path']} ({', '.join(row['pilots'])})" if "pilots" in row else row["path"]
        (line,) = (line for line in told if line.startswith(f"| {name} |"))
        path, meaning, unit, low, base, high, confidence, source = line.strip("| ").split(" | ")
        assert path == name
        assert len(meaning) > 5
        assert (unit, confidence, source) == (row["unit"], row["confidence"], escape_markdown(row["source"]))
        assert (low, base, high) == tuple(model_tables.shown(row[key]) for key in ("low", "base", "high"))


def test_every_meaning_is_of_some_parameter():
    meaning = yaml.safe_load((CONFIGS / "meaning.yaml").read_text(encoding="utf-8"))
    for entry in meaning:
        pattern = re.escape(entry).replace(r"\*", r"\w+")
        assert any(re.fullmatch(pattern, row["path"]) for row in ROWS), entry


def test_a_meaning_names_the_archetype_and_the_activity():
    procedures = {"archetypes": {"T3": {"title": "insurance"}}}
    meaning = {"a.*.b.*.minutes": "{0}: touch time of {1}", "a.lag": "a lag"}
    assert meaning_of("a.T3.b.street_review.minutes", meaning, procedures) == "insurance: touch time of street review"
    with pytest.raises(ValueError, match=re.escape("meaning.yaml must have one entry for a.lags, got 0")):
        meaning_of("a.lags", meaning, procedures)
    with pytest.raises(ValueError, match=re.escape("meaning.yaml must have one entry for a.lag, got 2")):
        meaning_of("a.lag", meaning | {"a.*": "anything"}, procedures)


def test_shipped_designs_have_their_heads_and_activities_their_times():
    shown = tables(CONFIGS, "yuehu")
    for name in PILOTS:
        assert f"| {name} | {pilot(name).title} |" in shown["pilots"]
    assert "118 / 120 / 60" in shown["pilots"]
    n = sum(len(a.activities) for a in pilot().procedures.archetypes.values())
    assert len(shown["activities"].splitlines()) == 2 + n


def test_values_are_shown_as_a_reader_writes_them():
    assert model_tables.shown(None) == "–"
    assert model_tables.shown(130000) == "130,000"
    assert model_tables.shown(2011) == "2011"
    assert model_tables.shown(True) == "yes"
    assert model_tables.shown([{"open": "08:30", "close": "12:00"}, 5]) == "open 08:30, close 12:00 5"


def test_a_document_without_a_place_an_end_or_a_known_name_is_refused():
    known = {"one": "| 1 |"}
    whole = model_tables.filled(SMALL.format("one"), known)
    assert whole == "before\n<!-- table: one -->\n\n| 1 |\n\n<!-- end of table -->\nafter\n"
    assert model_tables.filled(whole, known) == whole
    with pytest.raises(ValueError, match="the document must have a place for table one, got none"):
        model_tables.filled("nothing\n", known)
    with pytest.raises(ValueError, match="a table of the document must be one of one, got two"):
        model_tables.filled(SMALL.format("one") + SMALL.format("two"), known)
    with pytest.raises(ValueError, match="table one must have an end, got none"):
        model_tables.filled("<!-- table: one -->\nold\n", known)


def test_findings_quote_a_study_that_was_run_and_no_other(tmp_path):
    for name, text in {
        "yuehu": "".join(f"**{title}**\n\n| {name} |\n\n" for name, title in document.QUOTED.items()),
        "grid_size": "# Grids\n\nHow large?\n\n- 1 of 2.\n\n| table |\n\n![a](charts/a.svg)\n\n![b](charts/b.svg)\n",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.md").write_text(text, encoding="utf-8")
    assert document.findings(tmp_path) == {
        "means": "| means |", "effects": "| effects |",
        "studies": "### Grids\n\n`grid_size`: How large?\n\n- 1 of 2.\n\n![a](../results/grid_size/charts/a.svg)",
    }  # fmt: skip
    (tmp_path / "grid_size" / "summary.md").unlink()
    assert document.findings(tmp_path)["studies"] == "None has been run on this model yet."


def test_the_command_writes_the_document_again_and_says_when_it_differs(monkeypatch, tmp_path, capsys):
    copy = tmp_path / "model.md"
    copy.write_text(TEXT.replace("| 130,000 |", "| 130,001 |"), encoding="utf-8")
    shutil.copy(document.DOCS / "findings.md", tmp_path)
    monkeypatch.setattr(document, "DOCS", tmp_path)
    monkeypatch.setattr(model_tables, "tables", tables)
    with pytest.raises(SystemExit) as ended:
        document.main(["--check"])
    assert ended.value.code == 1
    assert "What they are made from differs from docs/model.md: python" in capsys.readouterr().err
    document.main([])
    assert copy.read_text(encoding="utf-8") == TEXT
    document.main(["--check"])
    document.main(["--help"])
    assert "--check" in capsys.readouterr().out
