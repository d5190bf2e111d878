"""The list of long tests: what it names must exist, or a renamed test would come back into the short run unseen."""

import re
from pathlib import Path

from setups.collected import NODE_IDS, files_found_whole

TESTS = Path(__file__).parents[1]


def named():
    """Return the node ids of the list."""
    lines = (TESTS / "long.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_every_long_test_is_one_that_exists():
    for line in named():
        file, _, name = line.partition("::")
        function = re.match(r"\w+", name)[0]
        assert f"def {function}(" in (TESTS.parent / file).read_text(encoding="utf-8"), line


def test_every_long_test_has_parameters_that_exist(pytestconfig):
    """Of the files that this run read whole: in a run of all tests, of all."""
    whole = set(files_found_whole(pytestconfig, {line.partition("::")[0] for line in named()}))
    judged = [line for line in named() if line.partition("::")[0] in whole]
    assert [line for line in judged if line not in pytestconfig.stash[NODE_IDS]] == []
