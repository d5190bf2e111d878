"""The examples that one may copy run as they stand, in an empty folder, and leave what they say."""

import ast
import io
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import sim
from experiments.examples import own_district, own_measure
from sim.study.comparison.notes import borrowed_work
from sim.study.design import prepared_all

FOLDER = Path(__file__).parents[2] / "experiments/examples"
EXAMPLES = {  # what each says, and what it leaves in results/
    "any_queue": ("waited (ticks): [0, 5, 0] worked: [5, 5, 5]", {"any_queue.csv"}),
    "first_comparison": ("All tables and charts, and summary.md: ", {"first_comparison", "first_comparison.pdf"}),
    "grid_size_figure": ("home visits done: best ", {"grid_size_figure", "grid_size_figure.pdf"}),
    "own_district": ("Heads are conserved: every pilot has the same staff.", {"own_district", "own_district.csv"}),
    "own_measure": ("half_day:morning", {"own_measure"}),
}
QUICK = "any_queue"
API = FOLDER.parents[1] / "docs/api.md"


def town_of_the_page():
    """Return the knobs of the town of docs/api.md."""
    (town,) = re.findall(r"^town = (\{.*?^\})$", API.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return ast.literal_eval(re.sub(r"#.*", "", town))


TOWNS = {
    "docs/api.md": town_of_the_page,
    "own_district.py": lambda: own_district.knobs_of(pl.read_csv(io.StringIO(own_district.TABLE))),
    "own_measure.py": lambda: own_measure.TOWN,
}


def test_every_example_says_what_one_learns_and_how_to_run_it():
    scripts = {path.stem: path for path in FOLDER.glob("*.py") if path.stem != "__init__"}
    assert set(scripts) == set(EXAMPLES)
    for name, path in scripts.items():
        text = path.read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(text))
        assert "\nYou learn " in docstring
        assert docstring.endswith(f"    python experiments/examples/{name}.py")
        assert 'if __name__ == "__main__":' in text
        assert len(text.splitlines()) < 90


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == QUICK else pytest.mark.long) for name in EXAMPLES]
)
def test_an_example_runs_in_an_empty_folder(tmp_path, name):
    said, left = EXAMPLES[name]
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py")], cwd=tmp_path,
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert said in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert {path.name for path in (tmp_path / "results").iterdir()} - {".replications"} == left
    for figure in (tmp_path / "results").glob("*.pdf"):
        assert figure.read_bytes().startswith(b"%PDF")
    if name == "grid_size_figure":  # 90 mm are 255.1 points
        box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ", (tmp_path / "results/grid_size_figure.pdf").read_bytes())
        assert float(box[1]) == pytest.approx(90 / 25.4 * 72, abs=0.1)


def test_every_town_that_one_may_copy_is_tried():
    pages = [*FOLDER.glob("*.py"), *(FOLDER.parents[1] / "docs").glob("*.md")]
    towns = {path.name for path in pages if '"district.population":' in path.read_text(encoding="utf-8")}
    assert towns == {Path(name).name for name in TOWNS}


@pytest.mark.parametrize("page", TOWNS)
def test_a_town_that_one_may_copy_has_hours_of_its_own_and_can_do_its_work(page):
    knobs = TOWNS[page]()
    merged = {**knobs, "structure.communities": 2}
    designs = prepared_all([sim.pilot("four_level", knobs), sim.pilot("three_level", merged)])
    assert borrowed_work(design.pilot for design in designs.values()) == []
    for name, design in designs.items():
        assert design.overloaded == (), name
        assert all(0.4 < design.load(level) < 0.95 for level, heads in design.heads.items() if heads), name
