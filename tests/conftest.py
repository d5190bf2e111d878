import os
from functools import partial
from pathlib import Path
from unittest.mock import patch

import hydra
import pytest

# What a command prints is as wide as it is for everybody, whatever the terminal that the tests are started from.
os.environ.pop("COLUMNS", None)

# What folders share lies in setups/; its asserts tell values as those of tests do.
pytest.register_assert_rewrite("setups")

from setups.collected import NODE_IDS  # noqa: E402 - after its asserts are registered
from setups.composing import composed_once  # noqa: E402 - after its asserts are registered


@pytest.fixture(autouse=True, scope="session")
def _composed_once():
    """Let Hydra compose once what is asked for again: it would be a third of the time of all tests of commands."""
    with patch("hydra.compose", partial(composed_once, hydra.compose, {})):
        yield


LONG = Path(__file__).parent / "long.txt"


@pytest.hookimpl(tryfirst=True)  # before -k and -m leave tests out
def pytest_collection_modifyitems(config, items):
    """Mark the tests that long.txt names, which take seconds each; note all that were found."""
    config.stash[NODE_IDS] = frozenset(item.nodeid for item in items)
    named = {line for line in LONG.read_text(encoding="utf-8").splitlines() if not line.startswith("#")}
    for item in items:
        if item.nodeid in named:
            item.add_marker(pytest.mark.long)
