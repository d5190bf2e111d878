"""The identity of the program: all that must be the same on every worker for the same numbers."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from sim.version import MODEL_VERSION, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARIES = ("numpy", "scipy", "polars")


@cache  # the loaded program stays the same even if its files change
def program() -> dict[str, str]:
    """Return versions by name: of Wangge, its model and source, of Python and of the libraries that compute numbers.

    The source counts too: two checkouts of one version may differ.
    """
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "wangge": VERSION,
        **{name: _version(name) for name in LIBRARIES},
        "wangge's model": MODEL_VERSION,
        "wangge's source": digest.hexdigest()[:12],
    }


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Return a phrase for each version that differs."""
    return [
        f"{name} {there.get(name, 'none')} instead of {here[name]}" for name in here if there.get(name) != here[name]
    ]


def _version(name: str) -> str:
    """Return the version of an installed distribution."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
