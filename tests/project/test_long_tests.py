"""The list of long tests: what it names must exist, or a renamed test would come back into the short run unseen."""

import re
from pathlib import Path

import pytest
from setups.collected import NODE_IDS, files_found_whole
from setups.long_tests import left_out, long_lines

TESTS = Path(__file__).parents[1]
LINES = long_lines(TESTS / "long.txt")


def test_every_long_test_is_one_that_exists():
    for line in (*LINES.named, *LINES.kept):
        file, _, name = line.partition("::")
        function = re.match(r"\w+", name)[0]
        assert f"def {function}(" in (TESTS.parent / file).read_text(encoding="utf-8"), line


def test_every_long_test_has_parameters_that_exist(pytestconfig):
    """Of the files that this run read whole: in a run of all tests, of all."""
    whole = set(files_found_whole(pytestconfig, {line.partition("::")[0] for line in LINES.named}))
    judged = [line for line in LINES.named if line.partition("::")[0] in whole]
    assert [line for line in judged if line not in pytestconfig.stash[NODE_IDS]] == []


@pytest.mark.parametrize(("n", "kept"), [(1, "a"), (2, "ae"), (3, "ace"), (5, "abcde"), (9, "abcde")])
def test_the_cases_that_are_kept_are_spread_over_all(n, kept):
    assert set("abcde") - set(left_out("abcde", n)) == set(kept)


def test_a_single_case_that_is_asked_for_is_kept():
    assert left_out(["only"], 2) == []
