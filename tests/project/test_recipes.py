"""The recipes of docs/architecture.md, each step done as it is written, in a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from setups.documents import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
MEASURE, LEVER, CHART, COMMAND = (
    PAGE.partition(f"\n## Recipe: add a {what}\n")[2].partition("\n## ")[0]
    for what in ("measure", "lever", "chart", "command")
)


def blocks(recipe):
    """Return the blocks of a recipe, without the indent of the list that they stand in."""
    found = re.findall(r"^   ```\w+\n(.*?)^   ```$", recipe, re.MULTILINE | re.DOTALL)
    return [re.sub(r"^   ", "", text, flags=re.MULTILINE) for text in found]


def commands(recipe):
    """Return the commands of a recipe that are typed in an empty folder."""
    return [line.split() for line in re.findall(r"^ {7}wangge (.*)$", recipe, re.MULTILINE)]


def named_tests(recipe):
    """Return the tests that a recipe says must pass."""
    return re.findall(r"(tests/[\w/.]+)", re.search(r"`\.venv/bin/pytest (.*?)`", recipe)[1])


def ours(folder, project, *words):
    """Run Python in a folder with a copy of the project, and return what it says."""
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=1800, check=False,
        env={**os.environ, "PYTHONPATH": str(project)},
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def put(project, name, before, text, behind=""):
    """Put a text into a file: in front of the first line that begins so, behind the one that begins with `behind`."""
    lines = (project / name).read_text(encoding="utf-8").splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if line.strip().startswith(behind))
    at = next(i for i, line in enumerate(lines) if i > start and line.startswith(before))
    (project / name).write_text("".join([*lines[:at], text, *lines[at:]]), encoding="utf-8")


def exchange(project, name, old, new):
    """Put one text of a file in the place of another, which it has once."""
    text = (project / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, (name, old, text.count(old))
    (project / name).write_text(text.replace(old, new), encoding="utf-8")


def add_a_measure(project):
    define, compute, judge = blocks(MEASURE)
    put(project, "sim/measures/dictionary.py", "    ", define, "DEFINITIONS:")
    put(project, "sim/measures/residents.py", "    hand_overs = ", compute, "def _request_rows")
    put(project, "configs/report/base.yaml", "  - ", judge, "measures:")
    row = "| two trips or more | `two_trips` | share of requests at the counter that took two trips or more |\n"
    put(project, "docs/glossary.md", "| done in one visit", row)


def add_a_lever(project):
    key, value, evidence, meaning, acts, saves, pinned = blocks(LEVER)
    put(project, "sim/config/schema.py", "    meetings: ", key, "class Burden")
    put(project, "configs/burden/base.yaml", "meetings:", value)
    put(project, "configs/evidence.yaml", "- {path: burden.fixed_share", evidence)
    put(project, "configs/meaning.yaml", "burden.abolished_share", meaning)
    lines = (project / "sim/district/workload.py").read_text(encoding="utf-8").splitlines(keepends=True)
    (before,) = (line for line in lines if line.startswith("    own = "))
    exchange(project, "sim/district/workload.py", before, acts)
    put(project, "sim/district/workload.py", "}", saves, "WORK_LEVERS")
    row = "| `burden.own_abolished_share` | own work of street and district that is abolished |\n"
    put(project, "docs/designs.md", "| `", row, "## Levers")
    ours(project, project, "-m", "experiments.document")
    keys = json.loads(ours(project, project, "-c", re.search(r'-c "(.*)"', pinned, re.DOTALL)[1]))
    tests = project / "tests/study/test_replications.py"
    text = tests.read_text(encoding="utf-8")
    assert set(keys) == set(re.findall(r'^    "(\w+)": "[0-9a-f]{32}",$', text, re.MULTILINE))
    new = json.dumps(keys, indent=4).replace('"\n}', '",\n}')
    tests.write_text(re.sub(r"^KEYS = \{.*?^\}", lambda _: f"KEYS = {new}", text, flags=re.M | re.S), encoding="utf-8")


def add_a_chart(project):
    drawn, drawing, table, case = blocks(CHART)
    (project / "sim/charts/comparison/left_unserved.py").write_text(drawn, encoding="utf-8")
    export = "from sim.charts.comparison.left_unserved import left_unserved\n"
    put(project, "sim/charts/__init__.py", "from sim.charts.comparison.load", export)
    put(project, "sim/charts/__init__.py", '    "load"', '    "left_unserved",\n')
    exchange(project, "sim/study/comparison/redraw.py", 'DRAWN = ("load",', 'DRAWN = ("load", "left_unserved",')
    put(project, "sim/study/comparison/redraw.py", "    }", drawing, "each: Drawings = {")
    put(project, "tests/charts/test_comparison_charts.py", "CHARTS = {", f"\n\n{table}\n\n")
    put(project, "tests/charts/test_comparison_charts.py", "    ", case, "CHARTS = {")


def add_a_command(project):
    (written,) = blocks(COMMAND)
    (project / "experiments/commands/districts.py").write_text(written, encoding="utf-8")
    put(project, "experiments/main.py", '    "clean"', '    "districts": "list the districts that can be named",\n')


CHINESE = {
    "two trips or more": "往返两次及以上",
    "own work of street and district that is abolished": "取消的街道和区本级工作",
    "{hours} of own work abolished": "取消本级工作{hours}",
    "{share:.0f} % of requests are left unserved under {pilot}": "{pilot}下{share:.0f}%的办理未获办理",
    "Means of {n} replications.": "{n}次重复的平均值。",
    "Requests left unserved (%)": "未获办理（%）",
}
"""What a follower of the recipes puts into the catalogue."""


def translate(project):
    """Do what `make words` does, give each new message its text, and do it again."""
    catalogue = project / "sim/language/catalogues/zh/LC_MESSAGES/wangge.po"
    (project / "build").mkdir()

    def words():
        for command in ("extract", "update", "compile"):
            ours(project, project, "-m", "babel.messages.frontend", "-q", command)

    words()
    text = catalogue.read_text(encoding="utf-8")
    for message, chinese in CHINESE.items():
        new = f'msgid "{message}"\nmsgstr ""\n'
        assert text.count(new) == 1, message
        text = text.replace(new, new.replace('msgstr ""', f'msgstr "{chinese}"'))
    catalogue.write_text(text, encoding="utf-8")
    words()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a copy of the project in which four recipes were followed, one after another."""
    folder = tmp_path_factory.mktemp("project")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    for follow in (add_a_measure, add_a_lever, add_a_chart, add_a_command):
        follow(folder)
    translate(folder)
    return folder


def test_what_the_recipes_make_passes_lint(project):
    ours(project, project, "-m", "ruff", "check", ".")
    ours(project, project, "-m", "ruff", "format", "--check", ".")
    ours(project, project, "-m", "mypy")
    ours(project, project, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")


def test_what_the_recipes_make_passes_the_tests_that_they_name_and_those_that_hold_the_house(project):
    named = [*named_tests(MEASURE), "tests/project/test_rooms.py", "tests/project/test_names.py"]
    named += ["tests/study/test_incomplete_replications.py"]
    named += ["tests/config/test_evidence.py", "tests/config/test_acting.py", "tests/charts/test_comparison_charts.py"]
    ours(project, project, "-m", "pytest", "-q", "-p", "no:xdist", "-m", "not long", *named)
    pinned = "tests/study/test_replications.py", "-k", "keys"
    ours(project, project, "-m", "pytest", "-q", "-p", "no:xdist", *pinned)


def test_the_commands_of_the_recipes_show_what_was_made(project, tmp_path):
    said = {}
    for recipe in (MEASURE, LEVER, CHART, COMMAND):
        assert commands(recipe)
        for words in commands(recipe):
            short = ["run.replications=2", "executor=serial"] if "run=quick" in words else []
            said[" ".join(words)] = ours(tmp_path, project, "-m", "experiments.main", *words, *short)
    assert re.search(r"^ *two_trips .*%|two trips or more", said["show trips means"], re.MULTILINE)
    assert (tmp_path / "results/chart/charts/left_unserved.svg").is_file()
    assert re.search(r"street: justice and petitions .* 2\.3 of own work", said["show own work"])
    assert re.search(r"street: relay between district and communities .* stays *$", said["show own work"], re.MULTILINE)
    assert "other parts of the design" not in said["show own work"]
    assert said["districts"].split() == ["yuehu"]
    assert "wangge districts" in said["districts --help"]
