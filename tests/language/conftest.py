import pytest
from setups.commands import TINY, wangge
from setups.pseudo import pseudo

from sim.language import speaking

PILOTS = ("four_level", "three_level")


@pytest.fixture(scope="session")
def spoken_of(tmp_path_factory):
    """Return the folder of a comparison, named mine, that was made in the pseudo-language, and all that was said."""
    folder = tmp_path_factory.mktemp("pseudo")
    with speaking(pseudo()):
        done = wangge(
            folder, "compare", f"pilots=[{','.join(PILOTS)}]", "name=mine", "charts=false", "details=true", *TINY
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder, done.stdout
