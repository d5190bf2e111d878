"""Words that are data have one home, and what is compared with them takes them from there."""

import ast
from pathlib import Path

import pytest

from sim.statistics.verdicts import Cause, Ranked, Verdict

ROOT = Path(__file__).parents[2]
WORDS = {str(word) for kind in (Verdict, Cause, Ranked) for word in kind}


def compared(tree):
    """Yield what expressions are compared with or looked up by."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from ast.walk(node)
        elif isinstance(node, ast.Subscript):
            yield node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "is_in":
            yield from (one for argument in node.args for one in ast.walk(argument))


def bare(text):
    """Return the verdicts and causes that stand in a program as mere strings."""
    nodes = compared(ast.parse(text))
    return sorted({node.value for node in nodes if isinstance(node, ast.Constant) and node.value in WORDS})


@pytest.mark.parametrize("package", ["sim", "experiments"])
def test_verdicts_and_causes_are_compared_as_what_they_are(package):
    files = [path for path in (ROOT / package).rglob("*.py") if "examples" not in path.parts]
    assert len(files) > 10
    assert {str(path): words for path in files if (words := bare(path.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("row['verdict'] == 'withheld'", ["withheld"]),
        ("row['verdict'] in ('better', 'worse')", ["better", "worse"]),
        ("row['cause'] != 'too skewed'", ["too skewed"]),
        ("labels['undecided']", ["undecided"]),
        ("table.filter(column.is_in(['not owed']))", ["not owed"]),
        ("axes.text('withheld')\nrow['verdict'] == Verdict.WITHHELD", []),
    ],
)
def test_a_bare_word_is_noticed_wherever_something_hangs_on_it(text, words):
    assert bare(text) == words
