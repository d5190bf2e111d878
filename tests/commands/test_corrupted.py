"""Whatever becomes of a file, every command that reads it says so in a paragraph or goes on to the same tables."""

import random
import shutil
import signal
from collections import Counter
from contextlib import contextmanager
from unittest.mock import patch

import pytest
import yaml
from setups.commands import TINY, wangge
from setups.contents import contents
from setups.corrupting import WAYS, WAYS_OF_FOLDERS, corrupt, kinds
from setups.district import CONFIGS
from setups.studies import BASE

OWN = ("--config-dir", "own")
RUN = ("run", "pilot=three_level", *TINY, "name=one")
NETWORK = ("run", "network=mmc", "replications=2", "workers=1", "name=net")
STUDY = ("sweep", *OWN, "study=small", "workers=1", "name=study")
CLEAN = ("clean", "unused=true", "failed=true", "old=true")
SHOW = ("--cfg", "job")

READERS = {
    "results/one": [
        ("plot", "one"), ("plot", "one", "map=trips"), ("show", "one"), ("show", "one", "queues"), ("status",),
        ("status", "one"), CLEAN, RUN,
    ],
    "results/study": [("plot", "study"), ("show", "study", "responses"), ("status", "study"), CLEAN, STUDY],
    "results/net": [("plot", "net"), ("show", "net"), ("status", "net"), NETWORK],
    "results/.replications": [("status",), ("status", "one"), CLEAN, RUN, STUDY],
    "own": [
        ("run", *OWN, "pilot=mine", *SHOW), ("sweep", *OWN, "study=small", *SHOW),
        ("validate", *OWN, "cases=[mine]", *SHOW), ("run", *OWN, "pilot=three_level", *SHOW),
    ],
}  # fmt: skip
"""By what is corrupted, the commands that read it; the last of results make them."""


MAKERS = {
    "results/one": (RUN,),
    "results/study": (STUDY,),
    "results/net": (NETWORK,),
    "results/.replications": (RUN, STUDY),
}
"""By what is corrupted, the commands that make it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a function that returns a folder with configs of the user's own and what an area of results holds."""
    folders = {}

    def of(area):
        if area not in folders:
            folders[area] = tmp_path_factory.mktemp("whole")
            write_own(folders[area])
            with not_drawn():
                for command in MAKERS.get(area, ()):
                    done = wangge(folders[area], *command)
                    assert done.returncode == 0, done.stderr
        return folders[area]

    return of


def write_own(folder):
    for group in ("pilot", "study", "validation"):
        (folder / "own" / group).mkdir(parents=True)
    mine = "# @package _global_\ndefaults:\n  - three_level\nname: mine\ntitle: mine\n"
    (folder / "own/pilot/mine.yaml").write_text(mine)
    small = {"title": "s", "pilots": ["three_level"], "design": "grid", "base": BASE, "responses": ["trips"],
             "factors": {"grid.households": [200, 300]}, "precision": {"replications": 2}}  # fmt: skip
    (folder / "own/study/small.yaml").write_text(yaml.safe_dump(small))
    case = (CONFIGS / "validation/mm1_ciw.yaml").read_text().replace("mm1_ciw.", "mine.")
    (folder / "own/validation/mine.yaml").write_text(case)
    for name in ("evidence.yaml", "face.yaml"):
        shutil.copy(CONFIGS / name, folder / "own" / name)
    (folder / "outside.txt").write_text("mine\n")


@contextmanager
def not_drawn():
    """Let no chart be painted, which would be most of the time; all else of drawing is done."""
    with patch("sim.charts.render", lambda figure, kind: kind.encode()):
        yield


@contextmanager
def within(seconds):
    """Interrupt what does not end: a hang is a failure, and ends no other test."""
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail(f"it did not end within {seconds} seconds"))
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def tables(folder):
    return {name: data for name, data in contents(folder).items() if name.endswith((".parquet", ".csv"))}


@pytest.mark.parametrize("n", [1, 30])
@pytest.mark.parametrize("area", READERS)
def test_a_corrupted_file_is_told_in_a_paragraph_or_made_again_the_same(tmp_path, made, area, n):
    whole, drawn, counts = made(area), random.Random(area), Counter()
    files = kinds(whole, area)
    cases = [(name, way) for name in files for way in (WAYS_OF_FOLDERS if (whole / name).is_dir() else WAYS)]
    for i, (name, way) in enumerate(drawn.sample(cases, n)):
        folder = tmp_path / str(i)
        shutil.copytree(whole, folder, symlinks=True)
        corrupt(folder / name, way, drawn)
        for words in READERS[area]:
            with within(120), not_drawn():
                done = wangge(folder, *words)
            what = f"{words} after {name} was {way.__name__}: {done.stderr:.500}"
            assert done.returncode in (0, 2), what
            if done.returncode == 2:
                assert done.stderr.startswith("wangge: "), what
                assert done.stderr.count("\n") == 1, what
            elif words in (RUN, NETWORK, STUDY):
                made = f"results/{words[-1].partition('=')[2]}"
                assert tables(folder / made) == tables(whole / made), what
            counts[done.returncode] += 1
        assert (folder / "outside.txt").read_text() == "mine\n"
        shutil.rmtree(folder)
    print(f"{n} corruptions in {area}: {counts[2]} commands refused in a paragraph, {counts[0]} went on")  # noqa: T201
    assert counts.total() == n * len(READERS[area])
