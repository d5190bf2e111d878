from functools import partial
from unittest.mock import patch

import hydra
import pytest

# What folders share lies in setups/; its asserts tell values as those of tests do.
pytest.register_assert_rewrite("setups")

from setups.composing import composed_once  # noqa: E402 - after its asserts are registered


@pytest.fixture(autouse=True, scope="session")
def _composed_once():
    """Let Hydra compose once what is asked for again: it would be a third of the time of all tests of commands."""
    with patch("hydra.compose", partial(composed_once, hydra.compose, {})):
        yield
