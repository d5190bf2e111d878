"""What replaced keys and files of earlier versions (`configs/replaced.yaml`): an old config is told by name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sim.config.reading import SHIPPED, read_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

REPLACED = "replaced.yaml"


@cache
def replaced() -> Mapping[str, Mapping[str, str]]:
    """Return what replaced `keys`, by their paths, and `files`, by group and name; only a mistake needs it."""
    plain: Mapping[str, Mapping[str, str]] = read_plain(SHIPPED / REPLACED)
    return plain


def replacement(path: str) -> str | None:
    """Return what replaced a key or what lay below it, or a file of a group (group/name)."""
    known = replaced()
    if path in known["files"]:
        return known["files"][path]
    return next((new for old, new in known["keys"].items() if path == old or path.startswith(f"{old}.")), None)
