"""Where compiled kernels are kept, and whether they are kept there from an earlier run: a search that stops no run."""

import os
import stat
import sys

import pytest

from sim.engine import kept_kernels, kernel_folder
from sim.errors import ConfigError

THIS = f"compiled._advance-1.py{sys.version_info.major}{sys.version_info.minor}{getattr(sys, 'abiflags', '')}.nbi"


@pytest.fixture(autouse=True)
def source(tmp_path, monkeypatch):
    """Return a source that is compiled nowhere, of a user whose home is empty."""
    path = tmp_path / "engine/compiled.py"
    path.parent.mkdir()
    path.touch()
    os.utime(path, (1000, 1000))
    monkeypatch.setattr(kept_kernels, "SOURCE", path)
    monkeypatch.setattr(kernel_folder, "BESIDE", path.parent / "__pycache__")
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
        (None, "home/.cache/wangge/kernels/engine"),
        ("XDG_CACHE_HOME", "chosen/wangge/kernels/engine"),
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


@pytest.mark.parametrize(("variable", "value"), [("HOME", "~"), ("XDG_CACHE_HOME", "/" + "x" * 300)])
def test_what_cannot_be_searched_keeps_none(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert not kept_kernels.are_kept()


@pytest.mark.parametrize("chosen", [None, "here"])
def test_kernels_are_kept_in_the_users_own_cache_and_never_where_one_stands(tmp_path, monkeypatch, chosen):
    monkeypatch.chdir(tmp_path)
    if chosen:
        monkeypatch.setenv("XDG_CACHE_HOME", chosen)
    folder = kernel_folder.kernel_folder()
    assert folder == tmp_path / "home/.cache/wangge/kernels"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o702])
def test_a_folder_that_others_can_write_keeps_no_kernels(tmp_path, monkeypatch, source, mode):
    own = tmp_path / "home/.cache/wangge/kernels"
    own.mkdir(parents=True)
    own.chmod(mode)
    assert kernel_folder.kernel_folder() == source.parent / "__pycache__"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(own))
    with pytest.raises(ConfigError, match=r"^NUMBA_CACHE_DIR must be a folder that you own and that nobody else can"):
        kernel_folder.kernel_folder()


def test_a_folder_of_somebody_else_keeps_no_kernels(tmp_path, monkeypatch, source):
    monkeypatch.setattr(os, "getuid", lambda: source.stat().st_uid + 1)
    with pytest.raises(ConfigError, match=r"^NUMBA_CACHE_DIR must be set to a writable folder"):
        kernel_folder.kernel_folder()
