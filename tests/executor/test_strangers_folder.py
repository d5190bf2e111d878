"""What lies in a stranger's folder is not run, whatever it is called, when a command is given there."""

import subprocess
import sys

import pytest
from setups.commands import TINY
from setups.traps import START, poison, trap

from sim.engine import compiled
from sim.engine.audit import kernels as audits

KERNELS = [one for module in (compiled, audits) for one in vars(module).values() if hasattr(one, "_cache")]


@pytest.fixture
def stranger(tmp_path):
    """Return a folder full of traps, and the file in which they leave their marks."""
    folder, mark = tmp_path / "stranger", tmp_path / "mark"
    folder.mkdir()
    trap(folder, mark)
    poison(folder / "kernels", mark, KERNELS)
    (tmp_path / "start.py").write_text(START)
    return folder, mark


def done(folder, *words):
    """Return what a command says that is given in a folder, as an installed program is."""
    process = subprocess.run(
        [sys.executable, str(folder.parent / "start.py"), *words],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def compare(folder, executor):
    """Run one pilot in a folder, on two workers of an executor."""
    done(folder, "compare", "pilots=[four_level]", f"executor={executor}", "executor.workers=2", "name=x", *TINY)


def test_every_file_of_the_poisoned_cache_would_run_code_if_it_were_read(stranger, tmp_path):
    files = list(stranger[0].rglob("*.nbi"))
    assert len(files) == len(KERNELS) > 10
    load = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"
    subprocess.run([sys.executable, "-c", load, str(files[0])], cwd=tmp_path, check=True, capture_output=True)
    assert stranger[1].is_file()


def test_a_poisoned_cache_and_modules_of_a_strangers_folder_are_not_run(stranger):
    folder, mark = stranger
    assert "results/x/summary.md" in done(folder, "run", "network=mmc", "replications=2", "workers=2", "name=x")
    assert not mark.exists(), mark.read_text()


def test_nothing_of_a_strangers_folder_is_run_by_the_workers_of_a_private_cluster(stranger):
    folder, mark = stranger
    compare(folder, "dask")
    assert not mark.exists(), mark.read_text()


def test_nothing_of_a_strangers_folder_is_run_by_a_comparison_its_workers_and_its_charts(stranger):
    folder, mark = stranger
    compare(folder, "local")
    chart = (folder / "results/x/charts/backlog.svg").read_bytes()
    done(folder, "plot", "x")
    assert not mark.exists(), mark.read_text()
    (folder / "matplotlibrc").unlink()
    done(folder, "plot", "x")
    assert (folder / "results/x/charts/backlog.svg").read_bytes() == chart
