"""Whatever becomes of a file, every command that reads it says so in a paragraph or goes on to the same tables."""

import random
import shutil
import signal
from collections import Counter
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

import hydra
import pytest
import yaml
from setups.commands import TINY, wangge
from setups.contents import contents
from setups.corrupting import WAYS, WAYS_OF_FOLDERS, corrupt, kinds, watched
from setups.district import CONFIGS
from setups.studies import BASE

OWN = ("--config-dir", "own")
MINE = ("run", *OWN, "pilot=mine", *TINY, "name=mine")
RUN = ("run", "pilot=three_level", *TINY, "name=one")
NETWORK = ("run", "network=mmc", "replications=2", "workers=1", "name=net")
STUDY = ("sweep", *OWN, "study=small", "workers=1", "name=study")
CLEAN = ("clean", "unused=true", "failed=true", "old=true")
SHOW = ("--cfg", "job")

READERS = {
    "results/one": [("status", "one"), ("show", "one"), ("plot", "one", "map=trips"), ("plot", "one")],
    "results/study": [("status", "study"), ("show", "study"), ("plot", "study")],
    "results/net": [("status", "net"), ("show", "net"), ("show", "net", "means"), ("plot", "net")],
    "results/.replications": [("status",), ("status", "study"), CLEAN, (*CLEAN, "yes=true")],
    "own": [("sweep", *OWN, "study=rows", *SHOW), ("validate", *OWN, "cases=[mine]", *SHOW)],
}  # fmt: skip
"""By what is corrupted, the commands that read it, the cheapest first; `show` of every table comes before them."""


MAKERS = {
    "results/one": RUN, "results/study": STUDY, "results/net": NETWORK, "results/.replications": STUDY, "own": MINE,
}  # fmt: skip
"""By what is corrupted, the command that makes it, or of configs something from them."""


IN_PLACE = {"_pipe": "pipe", "_folder": "folder", "_linked": "link", "_linked_outwards": "link"}
"""By a way, what stands in the place of a file then: it is told as such."""

CHEAP = (NETWORK, STUDY)
"""Of these: they take no longer than what only reads."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a function that returns a folder with configs of the user's own and what an area of results holds."""

    @cache
    def of(area, complete):
        folder = tmp_path_factory.mktemp("whole")
        write_own(folder)
        if area == "own":
            (folder / "own/study/small.yaml").unlink()  # there is another one
        if complete or area != "own":
            with quickly():
                done = wangge(folder, *MAKERS[area])
            assert done.returncode == 0, done.stderr
        for kept in sorted((folder / area).rglob("*.zip"))[:1]:
            kept.unlink()  # so that there is something to claim and to keep
        if area == "results/.replications":
            (folder / "results/study/up_to_date.json").unlink()  # or none would be looked at
        return folder

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
    rows = {"pilots": ["mine"], "design": "one_at_a_time", "evidence": ["grid.households"], "factors": {}}
    (folder / "own/study/rows.yaml").write_text(yaml.safe_dump({**small, **rows}))
    row = {"path": "grid.households", "unit": "households", "low": 200, "base": 250, "high": 300, "source": "ours"}
    (folder / "own/evidence.yaml").write_text(yaml.safe_dump([row]))
    face = yaml.safe_load((CONFIGS / "face.yaml").read_text(encoding="utf-8"))
    (folder / "own/face.yaml").write_text(yaml.safe_dump(face | {"targets": face["targets"][:1]}))
    (folder / "outside.txt").write_text("mine\n")


@contextmanager
def quickly():
    """Let no chart be painted and no idle knob be looked for, which would be most of the time; all else is done."""
    with (
        patch("sim.charts.render", lambda figure, kind: kind.encode()),
        patch("experiments.commands.compare.warn_of_idle"),
    ):
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


def commands(whole, area):
    """Return the commands that meet an area, the cheapest first."""
    tables = sorted(path.stem for path in (whole / area).glob("*.parquet"))
    return [*(("show", Path(area).name, name) for name in tables), *READERS[area], MAKERS[area]]


def meetings(whole, area, given, scratch):
    """Return by its name which commands, of some, read, list or write each file or folder of an area."""
    met_by = {name: [] for name in kinds(whole, area)}
    compose = getattr(hydra.compose, "args", [hydra.compose])[0]  # what keeps compositions for tests reads all files
    for words in given:
        folder = scratch / "met"
        shutil.copytree(whole, folder, symlinks=True)
        with watched() as met, quickly(), patch("hydra.compose", compose):
            done = wangge(folder, *words)
        assert done.returncode in (0, 2), done.stderr
        for name, readers in met_by.items():
            if any(path.is_relative_to(folder / name) for path in met):
                readers.append(words)
        shutil.rmtree(folder)
    return met_by


def paired(names, ways):
    """Return pairs of a name and a way in which all of both are met."""
    n = max(len(names), len(ways)) if names else 0
    return {(names[i % len(names)], ways[i % len(ways)]) for i in range(n)}


def covering(whole, area, met_by, drawn):
    """Yield what to corrupt, in which way, and the commands that are given then.

    Each file or folder is corrupted in every way there is, and the cheapest command is given that meets it; what only a
    dear one meets is corrupted in fewer ways. All commands that meet it are given once for every file and every way, a
    dear one for a third of them.
    """
    folders = [name for name in met_by if (whole / name).is_dir()]
    names = [name for name in met_by if name not in folders]
    fully = paired(names, drawn.sample(WAYS, len(WAYS))) | paired(folders, WAYS_OF_FOLDERS)
    dear = {MAKERS[area]} - {*CHEAP}
    for name, readers in met_by.items():
        cheap = [words for words in readers if words not in dear]
        for way in WAYS_OF_FOLDERS if name in folders else WAYS:
            if (name, way) in fully:
                yield name, way, cheap if cheap and drawn.random() > 1 / 3 else readers
            elif cheap:
                yield name, way, cheap[:1]


@pytest.mark.parametrize("some", [True, False], ids=["some", "all"])
@pytest.mark.parametrize("area", READERS)
def test_a_corrupted_file_is_told_in_a_paragraph_or_made_again_the_same(tmp_path, made, area, some):
    whole, drawn, counts = made(area, complete=not some), random.Random(area), Counter()
    given = READERS[area][:1] if some and area == "own" else commands(whole, area)
    met_by = meetings(whole, area, given, tmp_path)
    cases = list(covering(whole, area, {name: readers for name, readers in met_by.items() if readers}, drawn))
    if some:
        cases = drawn.sample(cases, 3)
    else:
        assert {way for _, way, _ in cases} == {*WAYS}
        assert {name for name, _, _ in cases} == {*met_by}
    for i, (name, way, readers) in enumerate(cases):
        folder = tmp_path / str(i)
        shutil.copytree(whole, folder, symlinks=True)
        corrupt(folder / name, way, drawn)
        for words in readers:
            with within(120), quickly():
                done = wangge(folder, *words)
            what = f"{words} after {name} was {way.__name__}: {done.stderr:.500}"
            assert done.returncode in (0, 2), what
            if done.returncode == 2:
                assert done.stderr.startswith("wangge: "), what
                assert done.stderr.count("\n") == 1, what
                assert ".tmp" not in done.stderr, what
                kind = IN_PLACE.get(way.__name__)
                if kind and words[0] in ("show", "plot") and name.suffix in (".parquet", ".json"):
                    assert f"must be a regular file, got a {kind}" in done.stderr, what
            elif words == MAKERS[area]:
                again = f"results/{words[-1].partition('=')[2]}"
                assert tables(folder / again) == tables(whole / again), what
            counts[done.returncode] += 1
        assert (folder / "outside.txt").read_text() == "mine\n"
        shutil.rmtree(folder)
    n = len(cases)
    print(f"{n} corruptions in {area}: {counts[2]} commands refused in a paragraph, {counts[0]} went on")  # noqa: T201
    assert counts.total() >= n
    assert counts[2] or some  # of three, none need be of those that are refused
