"""Names of files and folders of results, as a user may give them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from sim.errors import RuleError, StoreError

RESULTS = Path("results")
"""Where commands keep their folders, below the current one."""

NAME_BYTES = 200


def plain_name(field: str, name: str) -> str:
    """Return a name from a config, checked to be a plain name of a file.

    Raises
    ------
    StoreError
        No separators, control or invisible characters, nor a dot or space at either end.
    """
    if fault := _fault(name):
        raise StoreError(f"{field} {fault}")
    return name


def _fault(name: str) -> RuleError | None:
    """Return the rule that a name breaks; None for a plain one."""
    shown = ascii(name) if len(name) <= 60 else f"{name[:60]!a}..."
    if not name or not name.isprintable() or set(name) & set('/\\:*?"<>|') or name.strip(". ") != name:
        return RuleError(
            'be a plain name (not empty, none of / \\ : * ? " < > |, no invisible characters, '
            "no dot or space at either end)",
            shown,
        )
    if len(name.encode()) > NAME_BYTES:
        return RuleError(f"be at most {NAME_BYTES} bytes long", f"{len(name.encode())}: {shown}")
    return None


def _plain(name: str) -> str:
    """Return the name of a folder, checked as a config is: before anything is prepared."""
    if fault := _fault(name):
        raise fault
    return name


FolderName = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_plain)]
