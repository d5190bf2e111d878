"""The version of the program, and that of its model."""

from __future__ import annotations

from importlib import metadata

MODEL_VERSION = "5"
"""Raised whenever the same config would give another answer."""


def version() -> str:
    """Return the version of the installed distribution, or that there is none."""
    try:
        return metadata.version("wangge")
    except metadata.PackageNotFoundError:
        return "not installed"
