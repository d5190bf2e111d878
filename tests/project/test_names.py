"""Names of the library: words that a stranger knows, and that say what the thing is."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("sim", "experiments")
MISLEADING = {
    "told", "found", "said", "looks", "wholes", "such", "luck", "lucks", "lucky", "way", "ways", "bundle", "bundles",
    "of", "passes", "nobody", "somebody", "whoever", "whatever", "gone", "whole", "spent", "tell",
}  # fmt: skip


def public_names(tree):
    """Yield the line and the name of all that a module offers: functions, classes, parameters and fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.lineno, node.name
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                yield argument.lineno, argument.arg
        if isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    yield field.lineno, field.target.id


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_is_a_word_that_misleads(package):
    misleading = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, name in public_names(ast.parse(path.read_text()))
        if name.lower() in MISLEADING
    ]
    assert not misleading
