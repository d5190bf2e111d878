"""The sizes of the rooms, so that whoever looks for a line finds it."""

import ast
import re
from pathlib import Path

import pytest

from sim.config.compose import CONFIGS
from sim.config.reading import read_yaml

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


def test_there_is_room_for_more_commands():
    assert len(list((ROOT / "experiments/commands").glob("[!_]*.py"))) <= MOST_MODULES - 3


@pytest.mark.parametrize("package", ["sim", "experiments"])
def test_no_file_but_the_kernel_has_more_than_five_hundred_lines(package):
    lines = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8").count("\n") for path in modules(package)}
    assert {name: n for name, n in lines.items() if n > MOST_LINES and name != KERNEL} == {}
    assert package != "sim" or lines[KERNEL] > MOST_LINES  # else it needs no exception any more


def texts(tree):
    """Yield the line and the text of every string, docstrings too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def named(text, names):
    """Return the names that a text says as whole words."""
    return sorted(names & set(re.findall(r"\w+", text)))


def test_the_library_names_no_pilot_and_no_district_that_ships():
    pilots, districts = ([*(CONFIGS / group).glob("*.yaml")] for group in ("pilot", "district"))
    names = {file.stem for file in (*pilots, *districts)} | {read_yaml(file)["name"] for file in districts}
    assert {"three_level", "yuehu", "Yuehu"} <= names
    said = [
        f"{path.relative_to(ROOT)}:{line} {' '.join(of)}"
        for path in modules("sim")
        for line, text in texts(ast.parse(path.read_text("utf-8")))
        if (of := named(text, names))
    ]
    assert said == []


def test_a_name_is_seen_in_a_sentence_and_in_a_docstring():
    tree = ast.parse('"""Of three_level."""\nsaid = f"choose three_level, not {1} sink_only_2"\n')
    seen = [of for _, text in texts(tree) if (of := named(text, {"three_level", "sink_only"}))]
    assert seen == [["three_level"], ["three_level"]]
