"""The examples that one may copy run as they stand, in an empty folder, and leave what they say."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "experiments/examples"
EXAMPLES = {  # what each says, and what it leaves in results/
    "any_queue": ("waited (ticks): [0, 5, 0] worked: [5, 5, 5]", {"any_queue.csv"}),
    "first_comparison": ("All tables and charts, and summary.md: ", {"first_comparison", "first_comparison.pdf"}),
    "grid_size_figure": ("home visits done: best ", {"grid_size_figure", "grid_size_figure.pdf"}),
    "own_district": ("Heads are conserved: every pilot has the same staff.", {"own_district", "own_district.csv"}),
    "own_measure": ("half_day:morning", {"own_measure"}),
}
QUICK = "any_queue"


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
