"""What a project tells of itself agrees: versions, licence, and README and docs with the program."""

import importlib
import re
import subprocess
import sys
from collections import Counter

import pytest
import yaml
from setups.district import pilot
from setups.documents import PROJECT, ROOT

import sim
from experiments.main import COMMANDS
from sim.measures import queueing
from sim.measures.dictionary import DEFINITIONS
from sim.report.tables import MARKS
from sim.study.comparison.equity import STATISTICS
from sim.study.comparison.equity_tables import WORDS
from sim.study.knobs import rows
from sim.study.own_district.new_district import new_district
from sim.version import MODEL_VERSION, VERSION

PAGES = ("README.md", "CONTRIBUTING.md", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md")))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def prose(page):
    """Return a page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", read(page), flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    """Return the anchors of a page's headings, as code hosts make them: the second of two alike ends in -1."""
    seen = Counter()
    found = set()
    for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def commands(page):
    """Return the commands of a page's blocks that are wangge's, each as its words."""
    text = re.sub(r" \\\n\s*", " ", read(page))
    lines = re.findall(r"^(?: {4}|)(wangge [^#\n]*)", text, re.MULTILINE)
    return [line.split()[1:] for line in lines]


def test_the_rules_of_conduct_are_the_same_in_the_model_and_in_the_designs():
    rules = re.findall(
        r"^(\d+)\. \*([^*]+)\* \(([^)]+)\)", read("docs/model.md").partition("**Rules of conduct.**")[2], re.M
    )
    table = read("docs/designs.md").partition("## How offices behave")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| (.*?) \| ", table, re.MULTILINE)
    knobs = re.compile(r"`([a-z_.]+)")
    assert [(n, name, knobs.findall(their)) for n, name, their in rules] == [
        (n, name, knobs.findall(their)) for n, name, their in rows
    ]
    assert len(rows) == 10


def test_the_version_is_the_same_in_project_citation_and_changelog():
    citation = yaml.safe_load(read("CITATION.cff"))
    entries = re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)
    versions = [re.fullmatch(r"(\d+\.\d+\.\d+), (\d{4}-\d\d-\d\d) \(model (\d+)\)", entry) for entry in entries]
    assert str(citation["version"]) == VERSION == versions[0][1]
    assert versions[0][3] == MODEL_VERSION
    assert [date[2] for date in versions] == sorted((date[2] for date in versions), reverse=True)
    assert "version" in PROJECT["dynamic"]
    assert "version" not in PROJECT


def test_licence_and_authors_are_the_same_in_project_citation_and_licence():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["license"] == PROJECT["license"] == "MIT"
    (author,) = PROJECT["authors"]
    assert citation["authors"] == [author]
    assert re.search(rf"^Copyright \(c\) \d{{4}} {author['name']}$", read("LICENSE"), re.MULTILINE | re.IGNORECASE)
    assert citation["keywords"] == PROJECT["keywords"]


def test_where_the_project_is_found_is_said_or_that_it_has_no_address_yet():
    citation, none_yet = yaml.safe_load(read("CITATION.cff")), "no public address yet"
    has_one = bool(PROJECT.get("urls"))
    assert has_one == bool({"url", "repository-code"} & citation.keys())
    for name in ("pyproject.toml", "CITATION.cff", "CONTRIBUTING.md"):
        assert (none_yet in read(name)) != has_one, name


@pytest.mark.parametrize("page", PAGES)
def test_a_tool_that_make_setup_does_not_install_is_named_after_what_does(page):
    text = read(page)
    for tool in re.finditer(r"\.venv/bin/(?!wangge|python|pip|activate)\w+", text):
        assert re.search(r"make (lint|test)", text[: tool.start()]), tool[0]


def test_the_command_says_its_version_and_the_model_s(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "experiments.main", "--version"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    cited = yaml.safe_load(read("CITATION.cff"))["version"]
    assert (done.returncode, done.stdout) == (0, f"wangge {cited}, model {MODEL_VERSION}\n")
    assert sim.__version__ == cited


def test_readme_is_short_has_one_chart_and_lists_its_own_sections():
    text = read("README.md")
    assert len(text.splitlines()) <= 150
    assert len(re.findall(r"!\[", text)) == 1
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    contents = text[text.index("**Contents:**") : text.index("## ")]
    assert re.findall(r"\[(.*?)\]\(#.*?\)", contents) == sections


def test_readme_says_which_line_names_the_staffing_that_its_command_writes(tmp_path):
    text = " ".join(read("README.md").split())
    written = re.search(r"wangge staff --config-dir lanterns \S+ \S+ name=(\w+)", text)[1]
    file, line = re.search(r"is used once `lanterns/(pilot/\w+\.yaml)` names it \(`(.*?)`\)", text).groups()
    key, _, named = line.partition(": ")
    assert named == written
    new_district("lanterns", tmp_path)
    assert f"- {key}: lanterns_merged " in (tmp_path / "lanterns" / file).read_text(encoding="utf-8")


def test_how_long_make_test_takes_is_said_alike():
    told = re.findall(r"about (\w+) minutes on two cores", read("Makefile"))
    assert told == ["five", "five"]
    assert "`make test` runs all checks and tests but the longest, in about five minutes" in " ".join(
        read("README.md").split()
    )


def test_the_index_of_docs_names_every_page():
    named = set(re.findall(r"\((\w+\.md)\)", read("docs/README.md")))
    assert named | {"README.md"} == {path.name for path in ROOT.glob("docs/*.md")}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings_that_exist(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.resolve().relative_to(ROOT).as_posix()), target


RECIPES = {"sim/charts/comparison/left_unserved.py", "experiments/commands/districts.py"}  # what their readers write


@pytest.mark.parametrize("page", PAGES)
def test_paths_of_the_project_that_a_page_names_exist(page):
    for path in re.findall(r"`((?:sim|experiments|configs|docs|tests)/[\w./]*)`", read(page)):
        assert path in RECIPES or (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES)
def test_targets_of_make_that_a_page_names_exist(page):
    known = re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE)
    for target in re.findall(r"(?:`|^ {4})make ([a-z-]+)", read(page), re.MULTILINE):
        assert target in known, target


def block_below(heading, page):
    """Return the first block of YAML below a heading."""
    return re.search(r"```yaml\n(.*?)```", read(page).partition(f"\n{heading}\n")[2], re.DOTALL)[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder with what the pages have their readers make: a town, a pilot and a study of one's own."""
    folder = tmp_path_factory.mktemp("home")
    new_district("lanterns", folder)
    for name, page, heading in (
        ("pilot/my_design.yaml", "docs/designs.md", "## A pilot of your own"),
        ("study/mine.yaml", "docs/studies.md", "## Write one"),
    ):
        (folder / "mine" / name).parent.mkdir(parents=True)
        (folder / "mine" / name).write_text(block_below(heading, page), encoding="utf-8")
    return folder


# Recipes speak of commands that are still to be written.
@pytest.mark.parametrize("page", [page for page in PAGES if page != "docs/architecture.md"])
def test_commands_of_a_page_are_accepted_as_they_are_typed(page, home, monkeypatch, capsys):
    monkeypatch.chdir(home)
    for command, *words in commands(page):
        assert command in COMMANDS or command in ("--help", "--version"), command
        if command in ("compare", "run", "sweep", "trace", "bench", "validate"):
            line = [word.replace("LOGIN_NODE:PORT", "node:8786") for word in words if word != "--dry-run"]
            if command == "compare" and not any(word.startswith("pilots=") for word in line):
                line.append("pilots=[four_level]")  # three designs are composed no better than one
            importlib.import_module(f"experiments.commands.{command}").main(
                line if "--cfg" in line else [*line, "--cfg", "job"]
            )
            assert capsys.readouterr().out, words


# --cfg job reads and checks what is typed, and runs nothing
CHECKED = ("compare", "run", "sweep", "trace", "bench", "validate", "knobs", "headlines", "explain")
NEEDED = {"sweep": ["study=grid_size"]}
APART = {
    "network": {"pilot", "roles", "only", "charts"},
    "only": {"charts"},
    "request": {"archetype", "channel"},
    "workers": {"executor"},
}
"""Keys that are of no use beside others."""

SETTING = r"[a-z][\w.]*=(?:\[[^\]\s]*\]|[^\s,|\[\]]+)"


def settings_of_help(text):
    """Return the settings that the help of a command lists, as lines that may be typed: as few as hold all of them."""
    lines = []
    for listed in re.findall(rf"^  ({SETTING}(?:[ ,|]+{SETTING})*)", text, re.MULTILINE):
        for word in re.findall(SETTING, listed):
            if "..." not in word:
                line = next((one for one in lines if not any(clash(word, other) for other in one)), None)
                if line is None:
                    lines.append(line := [])
                line.append(word.replace("HOST:PORT", "node:8786"))
    return lines


def clash(one, other):
    """Return whether two settings cannot be typed together."""
    first, second = (word.partition("=")[0] for word in (one, other))
    heads = [name.partition(".")[0] for name in (first, second)]
    return first == second or heads[1] in APART.get(heads[0], ()) or heads[0] in APART.get(heads[1], ())


@pytest.mark.parametrize("command", CHECKED)
def test_settings_that_the_help_of_a_command_lists_are_accepted_as_they_are_typed(command, home, monkeypatch, capsys):
    monkeypatch.chdir(home)
    main = importlib.import_module(f"experiments.commands.{command}").main
    main(["--help"])
    lines = settings_of_help(capsys.readouterr().out)
    assert lines
    for line in lines:
        needed = [word for word in NEEDED.get(command, []) if not any(clash(word, other) for other in line)]
        main([*needed, *line, "--cfg", "job"])
        assert capsys.readouterr().out, line


@pytest.mark.parametrize("page", PAGES)
def test_a_knob_that_a_page_turns_has_a_row_that_says_what_it_moves(page):
    known = {row.path: row for row in rows.read(None)}
    for command, *words in commands(page):
        for path in re.findall(r"only=\[([\w.,]+)\]", " ".join(words)) if command == "knobs" else ():
            for one in path.split(","):
                assert known[one].moves is not None or known[one].why, one


@pytest.mark.parametrize("page", PAGES)
def test_cases_that_a_page_names_exist(page):
    for named in re.findall(r"\bcases=\[([\w,]+)\]", read(page)):
        for case in named.split(","):
            assert (ROOT / f"configs/validation/{case}.yaml").exists(), case


def test_the_page_of_networks_shows_what_the_queue_that_it_runs_gives():
    table = sim.measure(sim.network("mmc"), progress=False).table
    wanted = ("measure", "mean", "low", "high", "theory")
    at = [next(i for i, one in enumerate(table.columns) if one.heading.startswith(word)) for word in wanted]
    known = {row[at[0]]: [float(row[i]) for i in at[1:]] for row in table.rows if "–" not in [row[i] for i in at]}
    shown = re.findall(r"^    (\w+) +([\d.]+) +([\d.]+) to ([\d.]+) +([\d.]+)$", read("docs/networks.md"), re.MULTILINE)
    assert len(shown) == 4
    for measure, *numbers in shown:
        assert known[measure] == pytest.approx([float(one) for one in numbers], abs=0.00051), measure


def rows_of_the_glossary():
    """Return the cells of each row."""
    lines = [line for line in read("docs/glossary.md").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if not line.startswith("| term")]


def test_the_glossary_says_every_term_once_in_a_line():
    terms = [cells[0] for cells in rows_of_the_glossary()]
    assert len(set(terms)) == len(terms) > 200
    assert max(map(len, read("docs/glossary.md").splitlines())) <= 250


def test_the_glossary_has_every_measure_statistic_and_verdict_that_the_screen_shows():
    text = read("docs/glossary.md")
    terms = {part.strip() for cells in rows_of_the_glossary() for part in cells[0].split(";")}
    assert {one.label for one in pilot("four_level").report.measures} <= terms
    assert set(WORDS.values()) <= terms
    names = set(re.findall(r"`(\w+)`", text))
    assert {*DEFINITIONS, *(one for family in STATISTICS.values() for one in family)} <= names
    assert set(re.findall(r"^([a-z_]+)(?:_p50, p90)?  ", queueing.__doc__, re.MULTILINE)) - {"measure"} <= names
    for verdict, mark in MARKS.items():
        assert re.search(rf"\b{verdict} {re.escape(mark)}", text), verdict
