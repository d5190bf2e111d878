"""Names of the library: words that a stranger knows, and that say what the thing is."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("sim", "experiments")

MISLEADING = {
    "told", "tell", "telling", "found", "said", "looks", "wholes", "such", "luck", "lucks", "lucky", "ways", "bundle",
    "bundles", "passes", "nobody", "somebody", "whoever", "whatever", "gone", "standing", "stands",
}  # fmt: skip
"""Words of no public name."""

MISLEADING_ALONE = {"of", "way", "whole", "spent"}
"""Words that are a whole name of nothing: beside others they say something (`pilots_of`, `ticks_spent`)."""

UNWANTED = re.compile(r"\b(luck\w*|bundles?)\b", re.IGNORECASE)
"""Words of names that no help, message or page has either: chance draws, and the lines of one post are a specialism."""

KEPT = {
    "TELL": "the activity of that name: its word is in the keys of random draws",
    "told_when_back": "a key of configs, and of the archive",
}


def words(name):
    """Return the words of a name, split at underscores and capitals."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def misleads(name):
    return bool(words(name) & MISLEADING) or name.lower() in MISLEADING_ALONE


def assigned(statement):
    """Yield what a statement gives a value to, and all that this is made of."""
    left = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    yield from (node for target in left if target for node in ast.walk(target))


def attributes(function):
    """Yield the attributes of `self` that a function gives a value to."""
    for statement in ast.walk(function):
        for node in assigned(statement) if isinstance(statement, ast.Assign | ast.AnnAssign) else ():
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                yield node.lineno, node.attr


def parameters(function):
    """Yield the parameters of a function."""
    given = function.args
    for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
        if one:
            yield one.lineno, one.arg


def offered(body):
    """Yield the line and name of all in the body of a module or class: values, functions, classes and theirs."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
            if node.name.startswith("_") and not node.name.startswith("__"):
                continue
            if isinstance(node, ast.ClassDef):
                yield from offered(node.body)
            else:
                yield from parameters(node)
                yield from attributes(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from ((name.lineno, name.id) for name in assigned(node) if isinstance(name, ast.Name))
        else:
            inner = (getattr(node, name, []) for name in ("body", "orelse", "handlers", "finalbody"))
            yield from offered([one for part in inner for one in part])


def misleading(text):
    """Return the line and name of every public name of a module that misleads."""
    return [
        (line, name)
        for line, name in offered(ast.parse(text).body)
        if not name.startswith("_") and misleads(name) and name not in KEPT
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_has_a_word_that_misleads(package):
    names = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, name in misleading(path.read_text(encoding="utf-8"))
    ]
    modules = {part for path in (ROOT / package).rglob("*.py") for part in path.relative_to(ROOT).with_suffix("").parts}
    assert not names + [name for name in modules if misleads(name)]


@pytest.mark.parametrize("name", KEPT)
def test_a_name_that_is_kept_for_a_reason_is_there(name):
    assert any(name in path.read_text(encoding="utf-8") for path in (ROOT / "sim").rglob("*.py"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("found_rows = 1", ["found_rows"]),
        ("def f(told, *luck, such=1, **said): ...", ["told", "luck", "such", "said"]),
        ("async def told_all(): ...", ["told_all"]),
        ("class Run:\n    luck = 1", ["luck"]),
        ("class Run:\n    gone: int", ["gone"]),
        ("class Run:\n    def f(self, found):\n        self.n_told = found", ["found", "n_told"]),
        ("class Standing: ...", ["Standing"]),
        ("class ItStandsHere: ...", ["ItStandsHere"]),
        ("if True:\n    def tell_it(): ...", ["tell_it"]),
        ("of = whole = way = spent = 1", ["of", "whole", "way", "spent"]),
        ("TOLD = 1", ["TOLD"]),
        ("pilots_of = ticks_spent = WholeNumber = gives_way = foundation = 1", []),
        ("_found = 1\ndef _f(told): ...\nclass _Told:\n    luck = 1", []),
        ("def f():\n    found = 1\n    return found", []),
    ],
)
def test_a_word_that_misleads_is_noticed_in_names_of_every_kind(text, names):
    assert sorted(name for _, name in misleading(text)) == sorted(names)


@pytest.mark.parametrize("folder", ["sim", "experiments", "configs", "docs"])
def test_no_word_that_names_avoid_stands_in_help_in_messages_or_on_a_page(folder):
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md", ".yaml")]
    assert len(files) > 10
    assert [path for path in files if UNWANTED.search(path.read_text(encoding="utf-8"))] == []
