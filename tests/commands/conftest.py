import pytest
from setups.commands import TINY, wangge


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Return the folder of a finished comparison of one tiny pilot, named one, and all that the command said."""
    folder = tmp_path_factory.mktemp("tiny")
    done = wangge(folder, "compare", "pilots=[four_level]", "name=one", "details=true", *TINY)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout
