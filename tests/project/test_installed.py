"""What is installed is all that a command needs, wherever it is given."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from setups.commands import TINY

from sim.version import VERSION

ROOT = Path(__file__).parents[2]
PACKAGES = ("configs", "experiments", "sim")


def source(folder):
    """Return a copy of what a wheel is built from, so that building leaves nothing in the project."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE", "constraints.txt"):
        shutil.copy(ROOT / file, folder)
    return folder


def built(folder, *options):
    """Return the wheel of a source folder."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", *options, "-w", str(folder / "dist"), str(folder)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def told(folder, *command):
    """Return what a command of an installed program says; nothing of the project is on its path."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder, capture_output=True, text=True, timeout=600, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_wheel_holds_every_module_config_and_template_and_nothing_else(tmp_path):
    pytest.importorskip("setuptools", reason="a wheel is built here without fetching its builder")
    file = built(source(tmp_path), "--no-build-isolation")
    assert file.name.startswith(f"wangge-{VERSION}-")
    with zipfile.ZipFile(file) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    needed = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", ".yaml", ".md", ".typed", ".mo", ".po")
    }
    assert held == needed
    for file in (
        "configs/main.yaml",
        "configs/face.yaml",
        "configs/network/mmc.yaml",
        "experiments/examples/any_queue.py",
        "sim/study/own_district/template/README.md",
        "sim/language/catalogues/zh/LC_MESSAGES/wangge.mo",
        "sim/py.typed",
    ):
        assert file in held


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a home where nobody can write is one in /proc")
def test_a_place_where_nothing_can_be_kept_of_the_compiled_engine_is_told(tmp_path):
    folder = source(tmp_path)
    for path in [path.parent for path in folder.rglob("__init__.py")]:
        (path / "__pycache__").touch()  # a file where a folder would be: nothing can be kept there, by root neither
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA", "XDG"))}
    done = subprocess.run(
        [sys.executable, "-m", "experiments.main", "run", "network=mmc", "executor=serial"],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env=environment | {"PYTHONPATH": str(folder), "HOME": "/proc/nowhere", "TMPDIR": "/proc/nowhere"},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "NUMBA_CACHE_DIR must be set to a writable folder (it will hold the compiled engine)" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.long
def test_an_installed_program_runs_from_an_empty_folder(tmp_path):
    (tmp_path / "source").mkdir()
    wheel = built(source(tmp_path / "source"))
    venv.create(tmp_path / "venv", with_pip=True)
    scripts = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python, wangge = scripts / "python", scripts / "wangge"
    told(tmp_path, python, "-m", "pip", "install", "-q", "-c", tmp_path / "source/constraints.txt", wheel)
    shutil.rmtree(tmp_path / "source")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert str(tmp_path / "venv") in told(
        empty, python, "-c", "import configs, sim; print(configs.__path__, sim.__path__)"
    )
    assert told(empty, wangge, "--version").startswith(f"wangge {VERSION}, model ")
    told(empty, wangge, "compare", "pilots=[four_level]", "name=one", *TINY)
    assert (empty / "results/one/summary.md").is_file()
    told(empty, wangge, "run", "network=mmc", "replications=2")
    told(empty, wangge, "new", "lanterns")
    told(empty, wangge, "compare", "--config-dir", "lanterns", "pilots=[today,merged]", "name=two", "run=quick",
         "run.replications=2")  # fmt: skip
    assert sorted(p.name for p in empty.iterdir()) == ["lanterns", "results"]
