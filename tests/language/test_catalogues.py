import ast
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sim.config import GROUPS, LEVELS
from sim.config.compose import CONFIGS
from sim.config.reading import read_yaml
from sim.language import LANGUAGES, speaking
from sim.language.languages import CATALOGUES, DOMAIN
from sim.measures.dictionary import DEFINITIONS

babel = pytest.importorskip("babel.messages", reason="catalogues are extracted and compiled by Babel")

ROOT = Path(__file__).parents[2]
OTHERS = LANGUAGES[1:]
NAMES = re.compile(r"\{(\w*)(?::[^}]*)?\}|\$([A-Za-z_]+)")
"""Names in braces, and those of a config's template."""

AGAIN = "Run `make words`, and give every new message its text in each sim/language/catalogues/*/LC_MESSAGES/*.po."


def read(path):
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        return read_po(file)


def of(language):
    return read(CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po")


def ids(catalogue):
    """Return the messages of a catalogue with their contexts, a tuple for one with a plural."""
    return {(one.context, one.id if isinstance(one.id, str) else tuple(one.id)) for one in catalogue if one.id}


def both(value):
    """Return the texts of a message, or of its translation."""
    return [value] if isinstance(value, str) else list(value)


def names(text):
    """Return the names that are filled into a text."""
    return {one or other for one, other in NAMES.findall(text)}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    """Return what Babel finds in the code and the configs."""
    file = tmp_path_factory.mktemp("words") / "wangge.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-o", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return read(file)


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_message_of_code_and_configs_and_no_other(extracted, language):
    wanted, there = ids(extracted), ids(of(language))
    assert len(wanted) > 700
    assert sorted(map(str, wanted - there)) == [], AGAIN
    assert sorted(map(str, there - wanted)) == [], AGAIN


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_has_a_text_with_the_same_names_to_fill_in(language):
    for message in of(language):
        if message.id:
            assert all(both(message.string)), message.id
            assert not message.fuzzy, message.id
            wanted = set.union(*map(names, both(message.id)))
            assert {tuple(sorted(names(one))) for one in both(message.string)} == {tuple(sorted(wanted))}, message.id


def test_a_name_that_is_not_filled_in_is_noticed():
    assert names("{n:,} of {all} measures ($pilot): {{}}") == {"n", "all", "pilot", ""}


@pytest.mark.parametrize("language", OTHERS)
def test_what_programs_read_is_compiled_from_what_people_write(language):
    from babel.messages.mofile import write_mo

    compiled = io.BytesIO()
    write_mo(compiled, of(language))
    path = CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    assert compiled.getvalue() == path.read_bytes(), AGAIN


def test_chinese_has_full_width_punctuation_beside_its_letters():
    han = r"[\u4e00-\u9fff]"
    for message in of("zh"):
        for text in both(message.string) if message.id else ():
            assert not re.search(rf"{han}[,;:!]|{han}\.(?!\d)|[,;!]{han}", text), text
            assert not re.search(rf"{han} +{han}", text) or len(text) <= 12, text  # headings say where they may break


TEXTS = {"gettext": 1, "ngettext": 2, "pgettext": 2}
"""How many texts the functions take that say a message; the first of the last one is a context."""


def calls(path):
    """Yield the calls of a file that say a message: name, its texts, and the names of what is filled in."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TEXTS:
            yield node, node.args[: TEXTS[node.func.id]], {one.arg for one in node.keywords}


CODE = [path for package in ("sim", "experiments") for path in sorted((ROOT / package).rglob("*.py"))]


def test_no_message_is_put_together_and_each_is_given_the_names_that_it_has():
    wrong, n = [], 0
    for path in CODE:
        for call, texts, given in calls(path):
            n += 1
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            if any(isinstance(one, ast.JoinedStr | ast.BinOp) for one in texts):
                wrong.append(f"{where} is put together")
            plain = [one.value for one in texts if isinstance(one, ast.Constant)]
            wanted = set().union(*map(names, plain)) - ({"n"} if call.func.id == "ngettext" else set())
            if len(plain) == len(texts) and None not in given and given != wanted:
                wrong.append(f"{where} has {sorted(wanted)} and is given {sorted(given)}")
    assert n > 200
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_every_measure_unit_level_and_section_has_words(language):
    labels = {one["measure"] for one in read_yaml(CONFIGS / "report/base.yaml")["measures"] if "group" not in one}
    shown = {name.replace("_", " ") for name in DEFINITIONS if name not in labels}
    shown |= {unit for unit, _ in DEFINITIONS.values() if unit != "share"}
    shown |= {name.replace("_", " ") for name in (*LEVELS, *GROUPS)}
    with speaking(language) as one:
        assert sorted(text for text in shown if one.catalogue.gettext(text) == text) == []
