"""Where compiled kernels are kept: Numba runs what it finds there, so that only the user may write into it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from sim.errors import ConfigError

VARIABLE = "NUMBA_CACHE_DIR"
PRIVATE = 0o700
OF_OTHERS = stat.S_IWGRP | stat.S_IWOTH
BESIDE = Path(__file__).with_name("__pycache__")


def kernel_folder() -> Path:
    """Return the folder of compiled kernels, which is there and which nobody else can write.

    It is the one that the user's environment names, else the user's own cache, else one beside the program.

    Raises
    ------
    ConfigError
        There must be such a folder.
    """
    if named := os.environ.get(VARIABLE):
        folder = Path(named).absolute()
        with suppress(OSError):
            folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        if _is_safe(folder):
            return folder
        raise ConfigError(
            f"{VARIABLE} must be a folder that you own and that nobody else can write, because what is kept there is "
            f"run (chmod go-w makes it one), got {named}"
        )
    for folder in places():
        with suppress(OSError, RuntimeError):
            folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            if _is_safe(folder):
                return folder
    raise ConfigError(
        f"{VARIABLE} must be set to a writable folder (it will hold the compiled engine), because neither the "
        "installed program nor the user's home is writable, or others can write there too"
    )


def places() -> list[Path]:
    """Return the folders in which kernels may be kept, the first choice first."""
    if named := os.environ.get(VARIABLE):
        return [Path(named)]
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    with suppress(RuntimeError):  # a user without a home
        # A relative one would lie where one stands.
        return [(chosen if chosen.is_absolute() else Path.home() / ".cache") / "wangge" / "kernels", BESIDE]
    return [BESIDE]


def _is_safe(folder: Path) -> bool:
    """Return whether a folder is there, is the user's own, and can be written by the user alone."""
    try:
        about = folder.stat()
    except OSError:
        return False
    mine = not hasattr(os, "getuid") or (about.st_uid == os.getuid() and not about.st_mode & OF_OTHERS)
    return mine and stat.S_ISDIR(about.st_mode) and os.access(folder, os.W_OK | os.X_OK)
