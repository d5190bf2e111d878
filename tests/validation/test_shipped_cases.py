from pathlib import Path

import pytest

from sim.config.compose import CONFIGS
from sim.validation import blocks, cases, outcomes

FOLDER = CONFIGS / "validation"
CASES = cases.load_folder(FOLDER)
NAMES = sorted(CASES)


def found(name, form):
    """All estimates of a case by id, and what the engines differ in."""
    case = CASES[name]
    values, apart = {}, None
    for block in blocks.blocks(Path("unused"), case, form, seed=1):
        result = blocks.perform(block)
        apart = apart or result.facts.get("engines_differ_in")
        for _, identity, value in result.tables["estimates"].iter_rows():
            values.setdefault(identity, []).append(value)
    return case, values, apart


def judge(name, form):
    case, values, apart = found(name, form)
    judged = [outcomes.judged(case, e, values[e.id], precise=form == "full") for e in case.expects]
    assert [(o.quantity, o.value, o.estimate, o.reason) for o in judged if o.verdict != outcomes.AGREES] == []
    assert apart is None


@pytest.mark.parametrize("name", NAMES)
def test_a_case_gives_what_is_known_of_it(name):
    judge(name, "quick")


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_case_gives_what_is_known_of_it_within_small_errors(name):
    judge(name, "full")
