"""What Hydra says of the defaults of files, as sentences that name the file and the value."""

from __future__ import annotations

import re

IN_FILE = re.compile(r"In '?([^':]+)'?: (.*)")
"""How Hydra begins to say what is wrong with a file."""

ONCE = "defaults must choose each group once (again by override, in another place by group@place), got"

TWICE = re.compile(r"(\S+) appears more than once in the final defaults list|Multiple values for (\S+)\. ")
"""How it says that a group is chosen twice."""


def defaults_message(message: str) -> str | None:
    """Return what Hydra says of defaults as a sentence; None where it speaks of something else."""
    if twice := TWICE.match(message):
        return f"{ONCE} {twice[1] or twice[2]} twice"
    if not (placed := IN_FILE.match(message)):
        return None
    file, rest = f"{placed[1]}.yaml", placed[2]
    if lacking := re.match(r"Could not override '([^']*)'", rest):
        return f"{file}: defaults must override only what the design has, got override {lacking[1]}"
    if early := re.match(r"Override '([^']*)' is defined before '([^']*)'", rest):
        return f"{file}: defaults must have overrides after all else, got override {early[1]} before {early[2]}"
    return f"{file} must be such that a config can be composed: {rest}"
