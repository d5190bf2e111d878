"""The list of long tests: what it names must exist, or a renamed test would come back into the short run unseen."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_long_test_is_one_that_exists():
    for line in (TESTS / "long.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        file, _, name = line.partition("::")
        function = re.match(r"\w+", name)[0]
        assert f"def {function}(" in (TESTS.parent / file).read_text(encoding="utf-8"), line
