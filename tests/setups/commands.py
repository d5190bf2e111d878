"""The `wangge` command as a user types it, in a folder of the user's own."""

import io
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from setups import district
from setups.screens import checked_in_each_language

from experiments.main import main

TINY = (*district.TINY, "run.replications=2", "workers=1")


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed, under the names of a finished process."""

    returncode: int
    stdout: str
    stderr: str


def wangge(folder, *arguments):
    """Return how a command ended that is given in a folder; it runs in this process, which saves a start."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with (
        chdir(folder),
        redirect_stdout(out),
        redirect_stderr(err),
        patch("sys.argv", ["wangge", *arguments]),
        patch("sim.study.folder.printed.in_each_language", checked_in_each_language),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code
    return Done(status, out.getvalue(), err.getvalue())


def typed(folder, *arguments, **options):
    """Return the finished process of a command given in a folder, from a fresh start."""
    return subprocess.run(
        [sys.executable, "-m", "experiments.main", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False, **options,
    )  # fmt: skip


def refused(folder, *arguments, given=wangge):
    """Return what a command says that is refused: one paragraph and exit status 2."""
    done = given(folder, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("wangge: ")
    assert done.stderr.count("\n") == 1
    return done.stderr
