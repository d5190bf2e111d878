import os
import signal
from collections import defaultdict
from functools import partial
from pathlib import Path
from unittest.mock import patch

import hydra
import pytest

# What a command prints is as wide as it is for everybody, whatever the terminal that the tests are started from.
os.environ.pop("COLUMNS", None)

# Nor does the language that the developer reads count, here or in programs that tests start.
os.environ["LC_ALL"] = "C.UTF-8"
for name in ("LANGUAGE", "LC_MESSAGES", "LANG"):
    os.environ.pop(name, None)

# Programs that tests start end with a closed terminal, though the tests themselves may have been started by `nohup`.
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# What folders share lies in setups/; its asserts tell values as those of tests do.
pytest.register_assert_rewrite("setups")

from setups.collected import NODE_IDS  # noqa: E402 - after its asserts are registered
from setups.composing import composed_once  # noqa: E402 - after its asserts are registered
from setups.long_tests import left_out, long_lines  # noqa: E402 - after its asserts are registered


@pytest.fixture(autouse=True, scope="session")
def _composed_once():
    """Let Hydra compose once what is asked for again: it would be a third of the time of all tests of commands."""
    with patch("hydra.compose", partial(composed_once, hydra.compose, {})):
        yield


LONG = Path(__file__).parent / "long.txt"


@pytest.hookimpl(tryfirst=True)  # before -k and -m leave tests out
def pytest_collection_modifyitems(config, items):
    """Mark the tests that long.txt leaves out of the short run; note all that were found."""
    config.stash[NODE_IDS] = frozenset(item.nodeid for item in items)
    lines = long_lines(LONG)
    cases = defaultdict(list)
    for item in items:
        if item.nodeid in lines.named:
            item.add_marker(pytest.mark.long)
        else:
            cases[item.nodeid.partition("[")[0]].append(item)
    for function, n in lines.kept.items():
        for item in left_out(cases[function], n):
            item.add_marker(pytest.mark.long)
