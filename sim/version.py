"""The version of the program, and that of its model."""

from __future__ import annotations

VERSION = "0.3.0"
"""Of the program; pyproject.toml takes it from here, so that it is true of an editable installation too."""

MODEL_VERSION = "5"
"""Raised whenever the same config would give another answer; another number in configs/ is another config."""
