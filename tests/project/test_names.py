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


KEPT = {"TELL"}  # the activity of that name: its word is in the keys of random draws


def constants(tree):
    """Yield the line and the name of every public name that a module gives a value to."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = [name for target in targets if target for name in ast.walk(target) if isinstance(name, ast.Name)]
        yield from ((name.lineno, name.id) for name in names if not name.id.startswith("_"))


def public_names(tree):
    """Yield the line and the name of all that a module offers: constants, functions, classes, parameters, fields."""
    yield from constants(tree)
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
        for line, name in [(0, path.stem), *public_names(ast.parse(path.read_text()))]
        if name.lower() in MISLEADING and name not in KEPT
    ]
    assert not misleading
