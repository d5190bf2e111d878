"""The sizes of the rooms, so that whoever looks for a line finds it."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_MODULES = 20
MOST_LINES = 500
KERNEL = "sim/engine/compiled.py"  # one self-contained file: Numba's cache does not notice an edit in another one


def modules(package):
    """Return all modules of a package."""
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", ["sim", "experiments"])
def test_no_folder_has_more_than_twenty_modules(package):
    folders = [path.parent.relative_to(ROOT).as_posix() for path in modules(package) if path.stem != "__init__"]
    assert len(folders) > 10
    assert {folder: n for folder in folders if (n := folders.count(folder)) > MOST_MODULES} == {}


@pytest.mark.parametrize("package", ["sim", "experiments"])
def test_no_file_but_the_kernel_has_more_than_five_hundred_lines(package):
    lines = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8").count("\n") for path in modules(package)}
    assert {name: n for name, n in lines.items() if n > MOST_LINES and name != KERNEL} == {}
    assert package != "sim" or lines[KERNEL] > MOST_LINES  # else it needs no exception any more
