"""Where compiled kernels are kept, and whether they are kept there from an earlier run: a search that stops no run."""

import os
import stat
import struct
import sys

import pytest

from sim.engine import kept_kernels, kernel_folder
from sim.errors import ConfigError

KERNELS = kernel_folder.KERNELS
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
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "TMPDIR"):
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
        (None, f"engine/__pycache__/{KERNELS}/engine"),
        (None, f"home/.cache/wangge/{KERNELS}/engine"),
        (None, f"home/.cache/wangge/{KERNELS}-1/engine"),
        ("XDG_CACHE_HOME", f"chosen/wangge/{KERNELS}/engine"),
        ("NUMBA_CACHE_DIR", f"chosen/{KERNELS}/engine"),
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
    keep(source.parent / "__pycache__" / KERNELS / "engine", name, at)
    assert not kept_kernels.are_kept()


@pytest.mark.parametrize(("variable", "value"), [("HOME", "~"), ("XDG_CACHE_HOME", "/" + "x" * 300)])
def test_what_cannot_be_searched_keeps_none(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert not kept_kernels.are_kept()


@pytest.mark.parametrize("chosen", [None, "here"])
@pytest.mark.parametrize("umask", [0, 0o22, 0o77])
def test_kernels_are_kept_in_the_users_own_cache_and_never_where_one_stands(tmp_path, monkeypatch, chosen, umask):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    if chosen:
        monkeypatch.setenv("XDG_CACHE_HOME", chosen)
    before = os.umask(umask)
    try:
        folder = kernel_folder.kernel_folder()
    finally:
        os.umask(before)
    assert folder == tmp_path / "home/.cache/wangge" / KERNELS
    assert {stat.S_IMODE(one.stat().st_mode) for one in (folder, *folder.parents[:2])} == {0o700}
    assert kernel_folder.kernel_folder() == folder
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o702])
@pytest.mark.parametrize("above", [".", "..", "../.."])
def test_a_folder_in_or_above_which_others_can_write_keeps_no_kernels(tmp_path, monkeypatch, source, mode, above):
    own = tmp_path / "home/.cache/wangge"
    own.mkdir(parents=True)
    monkeypatch.setattr(kernel_folder, "_is_of_one", lambda group: False)
    (own / above).resolve().chmod(mode)
    assert kernel_folder.kernel_folder() == source.parent / "__pycache__" / KERNELS
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(own))
    with pytest.raises(
        ConfigError, match=r"^NUMBA_CACHE_DIR must be a folder that you own and that nobody else can"
    ) as it:
        kernel_folder.kernel_folder()
    assert "chmod" not in str(it.value)
    assert not list(own.iterdir())


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="users have no numbers here")
def test_where_home_and_program_are_open_a_closed_folder_among_temporary_files_keeps_kernels(
    tmp_path, monkeypatch, source
):
    for folder in (tmp_path / "home/.cache", source.parent, tmp_path / "shared"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "shared"))
    with pytest.raises(ConfigError, match="nor the folder for temporary files"):
        kernel_folder.kernel_folder()
    (tmp_path / "shared").chmod(0o1777)
    assert kernel_folder.kernel_folder() == tmp_path / "shared" / f"wangge-{os.getuid()}" / KERNELS


def test_a_folder_of_a_group_of_one_and_a_sticky_one_keep_kernels(tmp_path, monkeypatch):
    shared, own = tmp_path / "shared", tmp_path / "own"
    for folder, mode in ((shared, 0o1777), (own, 0o775)):
        folder.mkdir()
        folder.chmod(mode)
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
        monkeypatch.setattr(kernel_folder, "_is_of_one", lambda group: group == own.stat().st_gid)
        assert kernel_folder.kernel_folder() == folder / KERNELS


def test_a_folder_of_a_group_of_one_whose_list_of_access_names_another_user_keeps_no_kernels(tmp_path, monkeypatch):
    everyone = 0xFFFFFFFF
    entries = [(1, 7, everyone), (2, 7, 12_345), (4, 7, everyone), (16, 7, everyone), (32, 0, everyone)]
    listed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "own"))
    monkeypatch.setattr(kernel_folder, "_is_of_one", lambda group: True)
    (tmp_path / "own").mkdir()
    try:
        os.setxattr(tmp_path / "own", "system.posix_acl_access", listed)
    except (OSError, AttributeError):
        pytest.skip("there are no lists of access here")
    with pytest.raises(ConfigError, match="nobody else can write"):
        kernel_folder.kernel_folder()
    os.removexattr(tmp_path / "own", "system.posix_acl_access")
    assert kernel_folder.kernel_folder() == tmp_path / "own" / KERNELS


def _open_to_others(folder, monkeypatch):
    folder.chmod(0o755)


def _link(folder, monkeypatch):
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")


def _planted(folder, monkeypatch):
    plant(folder / "engine_1/compiled.nbi", monkeypatch)


def _planted_folder(folder, monkeypatch):
    plant(folder / "engine_1", monkeypatch)


def _linked(folder, monkeypatch):
    (folder / "engine_1").symlink_to(folder.parent)


def plant(path, monkeypatch):
    """Put a file where kernels are kept that belongs to somebody else, as the system would say."""
    path.parent.mkdir(exist_ok=True)
    path.touch()
    inode, say = path.stat().st_ino, kernel_folder._below

    def below(folder):
        for about in say(folder):
            values = list(about)
            values[stat.ST_UID] += about.st_ino == inode
            yield os.stat_result(values)

    monkeypatch.setattr(kernel_folder, "_below", below)


@pytest.mark.parametrize("spoil", [_open_to_others, _link, _planted, _planted_folder, _linked])
def test_where_others_could_plant_kernels_a_new_folder_is_made(tmp_path, monkeypatch, spoil):
    folder = kernel_folder.kernel_folder()
    spoil(folder, monkeypatch)
    new = kernel_folder.kernel_folder()
    assert new == folder.with_name(f"{KERNELS}-1")
    assert stat.S_IMODE(new.stat().st_mode) == 0o700
    assert not list(new.iterdir())
    assert kernel_folder.kernel_folder() == new


def test_a_folder_of_somebody_else_keeps_no_kernels(tmp_path, monkeypatch, source):
    monkeypatch.setattr(os, "getuid", lambda: source.stat().st_uid + 1)
    with pytest.raises(ConfigError, match=r"^NUMBA_CACHE_DIR must be set to a writable folder"):
        kernel_folder.kernel_folder()
