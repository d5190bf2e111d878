"""Numbers of a config by the paths that rows of evidence call them by, and the shipped rows."""

import yaml

from sim.config.compose import CONFIGS

ROWS = yaml.load((CONFIGS / "evidence.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)

CONFIDENCES = {"seed", "published", "measured", "unverified", "assumption"}
KEYS = {"path", "unit", "low", "base", "high", "confidence", "source"}
OPTIONAL = {"pilots", "in", "other", "moves", "why"}


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_named(value):
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "name" in v for v in value)


def children(value):
    """Return what lies directly inside a value, members of a list by their names."""
    if is_named(value):
        return {item["name"]: {k: v for k, v in item.items() if k != "name"} for item in value}
    return value if isinstance(value, dict) else {}


def leaves(value, path=""):
    """Return every value that has nothing inside, by its path."""
    inside = children(value)
    if not inside:
        return {path: value}
    found = {}
    for key, part in inside.items():
        found |= leaves(part, f"{path}.{key}" if path else key)
    return found


def at(whole, path):
    """Return the value at a path."""
    for key in path.split("."):
        whole = children(whole)[key]
    return whole
