"""Which overrides make a design another one than its pilot, and what such a design is called.

A pilot's name stands for the files that it names, for what it sets itself, and for who has which function. Where one of
these is another, the name must say so; any other knob is turned under the pilot's own name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sim.config.checking import NAME
from sim.config.compose import CONFIGS, Line, compose, parsed
from sim.config.reading import read_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GROUP = re.compile(r"(?:override +)?/?(\w+)")
"""A group in the list of defaults of a pilot's file."""

ORGANISATION = "structure"
"""The group that says which levels there are and who has which function: its choices are never mere knobs."""


NO_DESIGN = ("run", "mid", "report", "scale")
"""Groups that say how long and how a design is run and read."""


def called_by_what_differs(plain: Mapping[str, Any], pilot: str, line: Line) -> dict[str, Any]:
    """Return the composed config of a pilot under a name and a title that say what makes it another design.

    Parameters
    ----------
    plain
        The config, composed with the line.
    pilot
        The name of the pilot's file.
    line
        What was typed.
    """
    differing = overrides_that_differ(plain, pilot, line)
    if not differing:
        return dict(plain)
    titled = any(override.lstrip("+").startswith("title=") for override in line.overrides)
    title = plain["title"] if titled else f"{pilot}: {' '.join(differing)}"
    return {**plain, "name": _name(pilot, differing), "title": title}


def overrides_that_differ(plain: Mapping[str, Any], pilot: str, line: Line) -> list[str]:
    """Return the overrides that make a composed design another one than the pilot of this name."""
    files, knobs = _said(pilot, line.config_dir)
    differing: list[str] = []
    candidates = []
    for text, one in zip(line.overrides, parsed(line.overrides), strict=True):
        path, value = one.key_or_group, None if one.is_delete() else one.value()
        shown = f"{path}={value}" if isinstance(value, str) else text.lstrip("+")
        if path in files:
            differing += [shown] if value != files[path] else []
        elif path.partition(".")[0] not in NO_DESIGN and (
            any(_within(path, knob) for knob in knobs)
            or (path.startswith(f"{ORGANISATION}.") and not isinstance(value, int | float))
        ):
            candidates.append((path, shown))
    own = compose("main", Line((), line.config_dir), f"pilot={pilot}") if candidates else {}
    return [*differing, *(shown for path, shown in candidates if _at(own, path) != _at(plain, path))]


def _within(path: str, key: str) -> bool:
    """Return whether one of two paths leads to the other, or into it."""
    return f"{path}.".startswith(f"{key}.") or key.startswith(f"{path}.")


def _said(pilot: str, config_dir: Path | None) -> tuple[dict[str, str], set[str]]:
    """Return what the file of a pilot says, and those that it stands on: files by their groups, and knobs set there."""
    files: dict[str, str] = {}
    knobs: set[str] = set()
    shipped = CONFIGS / "pilot" / f"{pilot}.yaml"
    mine = config_dir if config_dir is not None and not shipped.is_file() else None
    content = dict(read_plain((mine or CONFIGS) / "pilot" / f"{pilot}.yaml", within=mine) or {})
    for one in content.pop("defaults", None) or ():
        if isinstance(one, str) and one != "_self_":  # the pilot that it stands on
            below = _said(one.removeprefix("/").removeprefix("pilot/"), config_dir)
            files |= below[0]
            knobs |= below[1]
        elif isinstance(one, dict):
            files |= {match[1]: str(file) for key, file in one.items() if (match := GROUP.fullmatch(str(key)))}
    knobs |= {f"{group}.{key}" for group, values in content.items() if isinstance(values, dict) for key in values}
    return {group: file for group, file in files.items() if group not in NO_DESIGN}, knobs


def _at(plain: Any, path: str) -> Any:
    """Return the value at a path, or None where there is none."""
    for key in path.split("."):
        plain = plain.get(key) if isinstance(plain, dict) else None
    return plain


def _name(pilot: str, differing: Sequence[str]) -> str:
    """Return the name of a design: with all that differs, or as much of it as a name can hold."""
    last = [re.sub(r"^[^=]*\.", "", override) for override in differing]
    words = (differing, last, [one.partition("=")[0] for one in last], [f"with_{len(differing)}_more"])
    names = (re.sub(r"\W+", "_", f"{pilot}_{'_'.join(some)}").strip("_") for some in words)
    return next((name for name in names if re.fullmatch(NAME, name)), f"{pilot[:30]}_otherwise")
