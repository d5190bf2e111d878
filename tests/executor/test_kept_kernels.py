"""Whether the compiled engine is kept from an earlier run is found out by a search that never stops a run."""

import os
import sys

import pytest

from sim.engine import kept_kernels

THIS = f"compiled._advance-1.py{sys.version_info.major}{sys.version_info.minor}{getattr(sys, 'abiflags', '')}.nbi"


@pytest.fixture(autouse=True)
def source(tmp_path, monkeypatch):
    """Return a source that is compiled nowhere, of a user whose home is empty."""
    path = tmp_path / "engine/compiled.py"
    path.parent.mkdir()
    path.touch()
    os.utime(path, (1000, 1000))
    monkeypatch.setattr(kept_kernels, "SOURCE", path)
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return path


def keep(folder, name=THIS, at=2000):
    folder.mkdir(parents=True)
    (folder / name).touch()
    os.utime(folder / name, (at, at))


@pytest.mark.parametrize(
    ("variable", "folder"),
    [
        (None, "engine/__pycache__"),
        (None, "home/.cache/numba/engine"),
        ("XDG_CACHE_HOME", "chosen/numba/engine"),
        ("NUMBA_CACHE_DIR", "chosen/engine"),
    ],
)
def test_a_kernel_is_found_where_it_is_kept(tmp_path, monkeypatch, variable, folder):
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "chosen"))
    assert not kept_kernels.are_kept()
    keep(tmp_path / folder)
    assert kept_kernels.are_kept()


@pytest.mark.parametrize(("name", "at"), [(THIS, 999), ("compiled._advance-1.py27.nbi", 2000)])
def test_a_kernel_of_an_older_source_or_another_python_is_none(source, name, at):
    keep(source.parent / "__pycache__", name, at)
    assert not kept_kernels.are_kept()


@pytest.mark.parametrize(("variable", "value"), [("HOME", "~"), ("XDG_CACHE_HOME", "x" * 300)])
def test_what_cannot_be_searched_keeps_none(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert not kept_kernels.are_kept()
