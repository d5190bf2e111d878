"""Which tests were found in a run, before any was left out."""

import pytest

NODE_IDS = pytest.StashKey[frozenset[str]]()


def files_found_whole(config, files):
    """Return those of some files (paths from the root) that this run was asked for as a whole."""
    asked = [config.invocation_params.dir / word for word in config.args if "::" not in word]
    if config.getoption("lf", default=False):  # it leaves tests out while files are read
        return []
    return [file for file in files if any((config.rootpath / file).is_relative_to(one) for one in asked)]
