import pytest

# What folders share lies in setups/; its asserts tell values as those of tests do.
pytest.register_assert_rewrite("setups")
