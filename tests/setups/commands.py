"""The `wangge` command as a user types it, in a folder of the user's own."""

import subprocess
import sys

from setups import district

TINY = (*district.TINY, "run.replications=2")


def wangge(folder, *arguments, **options):
    """Return the finished process of a command given in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "experiments.main", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        **options,
    )  # fmt: skip


def refused(folder, *arguments):
    """Return what a command says that is refused: one paragraph and exit status 2."""
    done = wangge(folder, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("wangge: ")
    assert done.stderr.count("\n") == 1
    return done.stderr
