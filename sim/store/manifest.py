"""The manifest of a results folder: which study the folder holds, and the runs that worked on it.

Beside it, `keys/` says under which keys the replications of the study's designs are archived: files are only ever
added, so that two processes never lose each other's notes.
"""

from __future__ import annotations

import json
import os
import platform
import re
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.errors import StoreError
from sim.store import files, noted
from sim.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FORMAT = 1
NAME = "manifest.json"
DISTRIBUTIONS = (
    "simpy",
    "numpy",
    "scipy",
    "polars",
    "numba",
    "hydra-core",
    "pydantic",
    "matplotlib",
)
KEYS = "keys"
LANGUAGE = "language"
"""Among the facts of a run: in which its texts are."""

PILOT_RUNS = "pilot_runs"
"""Among the facts of a run: the names of the designs of a pilot run for the warm-up."""
PILOT_RUN_OF = "pilot run of "
"""How the names of these designs begin: a manifest of an earlier version does not list them."""
KEY = re.compile("[0-9a-z]{4,64}")
SHOWN_DIFFERENCES = 4
SHOWN_LETTERS = 60


class Kind(NamedTuple):
    """What a folder holds, in words: as one, and as another of its kind."""

    one: str
    another: str


STUDY = Kind("a study", "another study")
KINDS = {
    "trace": Kind("a journey", "another journey"),
    "pilots": Kind("a comparison", "another comparison"),
    "study": STUDY,
    "causes": Kind("an explanation", "another explanation"),
    "headlines": Kind("headlines", "other headlines"),
    "network": Kind("a run of a network", "another run of a network"),
    "cases": Kind("a validation", "another validation"),
    "tools": Kind("a benchmark", "another benchmark"),
    "knobs": Kind("a table of knobs", "another table of knobs"),
}
"""What a folder holds, by the first of these that its identity names."""

MOST_NAMED = 8
"""Of the designs of a folder, in a message."""

DESIGNS = "pilots"

OWN_MEASURES = "own_measures"
"""In an identity: the digests of measures of one's own, by their names."""
STUDY_POINTS = "study_points"
"""In an identity: the digest of all that the points of a study depend on."""
IN_WORDS = (OWN_MEASURES, STUDY_POINTS)
"""Digests, of which a message says in words how they differ."""


def versions() -> dict[str, str]:
    """Return the versions of Python, of the program and of the installed packages that results come from."""
    known = {"python": platform.python_version(), "wangge": VERSION}
    for distribution in DISTRIBUTIONS:
        with suppress(metadata.PackageNotFoundError):
            known[distribution] = metadata.version(distribution)
    return known


def plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping as JSON has it: tuples are lists, keys are text; no NaN."""
    return dict(json.loads(canonical(value)))


def begin(folder: Path, identity: dict[str, Any]) -> None:
    """Write the manifest of a new study unless there is one; of two processes the first wins.

    Raises
    ------
    StoreError
        The folder must have nothing else in it.
    """
    names = {path.name for path in folder.iterdir() if not path.name.startswith(files.TEMPORARY)}
    if NAME in names:
        return
    if names:
        raise StoreError(
            f"The results folder {folder} is not empty but holds no results (there is {min(names)!r} and no "
            f"{NAME}), so nothing was written. Choose another name, or remove the folder."
        )
    content = {"format": FORMAT, "identity": identity, "sha256": digest(identity), "runs": {}}
    files.create(folder / NAME, files.readable(content))
    files.sync(folder.parent)


def digest(identity: Mapping[str, Any]) -> str:
    """Return the digest of an identity."""
    return files.digest(canonical(identity).encode())


def is_begun_only(folder: Path) -> bool:
    """Return whether a folder has a manifest and keys, and nothing that was computed.

    Of one without keys that is not known: a process may be about to keep replications in it.
    """
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    return names == {NAME, KEYS}


def give_up(folder: Path) -> None:
    """Remove the manifest and the keys of a folder; what is archived under these keys stays."""
    files.remove(folder / KEYS)  # first: keys without a manifest would be taken for another study's
    (folder / NAME).unlink()


def read(folder: Path) -> dict[str, Any]:
    """Return the manifest: `identity`, its `sha256`, and `runs` by their names.

    Raises
    ------
    StoreError
        The manifest must be there, readable, and agree with itself.
    """
    with files.as_store_error(folder):
        (folder / NAME).lstat()
    why = ""
    try:
        content = files.read_json(folder / NAME)
        noted.check_identity(content["identity"])
        intact = content["sha256"] == digest(content["identity"]) and content["format"] == FORMAT
        for name, run in content["runs"].items():
            noted.check_run(run, f"runs.{name[:SHOWN_LETTERS]}")
    except files.NotRegularError as error:
        raise StoreError(f"{error.filename} {error.strerror}, so it is not known what the folder holds.") from error
    except noted.Wrong as error:
        intact, why = False, f" ({error})"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        intact = False
    if not intact:
        raise StoreError(
            f"The {NAME} in {folder} is damaged, was edited by hand, or comes from another version of "
            f"wangge{why}, so it is not known what the folder holds. Choose another name, or remove the folder."
        )
    return dict(content)


def compare(folder: Path, identity: dict[str, Any]) -> None:
    """Refuse to continue anything else.

    Raises
    ------
    StoreError
        The identity must be the one in the folder; of two of a kind, the first values that differ are named.
    """
    there = read(folder)["identity"]
    differences = _differences(there, identity)
    if not differences:
        return
    kind, wanted = kind_of(there), kind_of(identity)
    if kind != wanted:
        what = f"{kind.one}, not {wanted.one}"
    else:
        more = len(differences) - SHOWN_DIFFERENCES
        differences[SHOWN_DIFFERENCES:] = [f"and {more} more"] if more > 0 else []
        what = f"{kind.another}: {'; '.join(differences)}"
    raise StoreError(
        f"The results folder {folder} holds {what}. Nothing was changed. Choose another name, or remove the folder if "
        "its results are no longer wanted."
    )


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Return in words how two identities differ, designs and measures of one's own first; nothing if they are the same.

    Where other designs are there, or in another order, one is not held against the other knob by knob.
    """
    designs = [_designs(one) for one in (there, here)]
    others = _other_designs(*designs)
    if others:
        there, here = ({key: one[key] for key in one if key != DESIGNS} for one in (there, here))
    measures = [dict(one.get(OWN_MEASURES, {})) for one in (there, here)]
    held, asked = (_leaves({key: one[key] for key in one if key not in IN_WORDS}) for one in (there, here))
    differences = [others, *(_of_measure(name, *measures) for name in {**measures[0], **measures[1]})]
    differences += [
        f"{_cut(_of_design(key, designs[0]))} is {_shown(held, key)} there, {_shown(asked, key)} here"
        for key in {**held, **asked}
        if held.get(key) != asked.get(key)
    ]
    differences = [one for one in differences if one]
    if not differences and there.get(STUDY_POINTS) != here.get(STUDY_POINTS):
        return ["the configs that its points are made of have changed since"]
    return differences


def _designs(identity: Mapping[str, Any]) -> list[str]:
    """Return the names of the designs of an identity, each short; none where they are not written out."""
    designs = identity.get(DESIGNS)
    written = [one for one in designs if isinstance(one, Mapping)] if isinstance(designs, list) else []
    return [str(one.get("name"))[:SHOWN_LETTERS] for one in written]


def _other_designs(there: Sequence[str], here: Sequence[str]) -> str:
    """Return in words which designs are there and which here; empty where they are the same in the same order."""
    if there == here or not there or not here:
        return ""
    held, asked = (", ".join(names[:MOST_NAMED]) + (", ..." if names[MOST_NAMED:] else "") for names in (there, here))
    order = " (the same in another order)" if sorted(there) == sorted(here) else ""
    return f"its designs are {held} there, {asked} here{order}"


def _of_design(path: str, designs: Sequence[str]) -> str:
    """Return a path in an identity as it is told: one in a design by the design's name."""
    _, number, *rest = path.split(".", 2) if path.startswith(f"{DESIGNS}.") else ("", "")
    return f"{rest[0]} of {designs[int(number)]}" if rest and designs else path


def _of_measure(name: str, there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Return in words how a measure of one's own differs; empty where it is the same."""
    if name not in here:
        return f"your measure {name} is there and not here"
    if name not in there:
        return f"your measure {name} is here and not there"
    changed = f"your measure {name} has changed since (its unit, its function, or what that calls or reads)"
    return changed if there[name] != here[name] else ""


def kind_of(identity: Mapping[str, Any]) -> Kind:
    """Return what an identity is of, in words."""
    return next((words for key, words in KINDS.items() if key in identity), STUDY)


def note(folder: Path, run: str, facts: Mapping[str, Any]) -> None:
    """Add facts about a run to the manifest.

    Raises
    ------
    StoreError
        They must be such that the manifest can be read again.
    """
    content = read(folder)
    content["runs"][run] = {**content["runs"].get(run, {}), **facts}
    try:
        noted.check_run(content["runs"][run], f"runs.{run}")
    except noted.Wrong as error:
        raise StoreError(f"What is noted in the {NAME} in {folder} must be as it is read: {error}") from error
    with files.as_store_error(folder):
        files.replace(folder / NAME, files.readable(content), folder)


def note_keys(folder: Path, added: Mapping[str, str]) -> None:
    """Note under which keys the replications of designs are archived, by the names that the study has for them.

    Raises
    ------
    StoreError
        A name must keep its key.
    """
    held = keys(folder) or {}
    new = {name: key for name, key in added.items() if held.get(name) != key}
    for name in new.keys() & held.keys():
        raise StoreError(
            f"The name {name} in {folder} must stay that of the design {held[name]}, got {new[name]}. Nothing was "
            "changed. Choose another name, or remove the folder if its results are no longer wanted."
        )
    data = files.readable(new)
    with files.as_store_error(folder):
        notes = folder / KEYS
        notes.mkdir(exist_ok=True)
        if new:
            files.create(notes / f"{_named(data)}.json", data, folder)
        files.sync(folder)


def keys(folder: Path) -> dict[str, str] | None:
    """Return the keys of a study's designs by their names; None where it archives no designs.

    Raises
    ------
    StoreError
        The notes must be readable: otherwise it is not known which replications the study needs.
    """
    known: dict[str, str] = {}
    with files.as_store_error(folder):
        notes = folder / KEYS
        if not os.path.lexists(notes):
            return None
        if not stat.S_ISDIR(notes.lstat().st_mode):
            raise StoreError(
                f"{notes} must be a folder inside the results folder, got something else or a symbolic link, so it is "
                "not known which replications the study needs. Remove it, and run the command of the study again."
            )
        for path in sorted(path for path in notes.iterdir() if path.match("[!.]*.json")):
            try:
                named = files.read_json(path)
                noted.check_keys(named)
                if path.stem != _named(files.read_bytes(path)) or not all(map(KEY.fullmatch, named.values())):
                    raise ValueError(f"keys must be as they were written, got {path.name}")
                known |= named
                if len(known) > noted.MOST_DESIGNS:
                    raise noted.Wrong(f"a study must have at most {noted.MOST_DESIGNS:,} designs, got more")
            except (OSError, ValueError, TypeError) as error:
                kind = error.strerror if isinstance(error, files.NotRegularError) else ""
                why = f" ({error})" if isinstance(error, noted.Wrong) else ""
                raise StoreError(
                    f"{KEYS}/{path.name} in {folder} {kind or 'is damaged or was edited by hand'}{why}, so it is not "
                    "known which "
                    "replications the study needs. Remove it, and run the command of the study again."
                ) from None
    return known


def _named(data: bytes) -> str:
    """Return the name of a file of keys, which tells whether it was edited: another key is that of other work."""
    return files.digest(data)[:16]


def canonical(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _leaves(value: Any, path: str = "") -> dict[str, str]:
    """Return the value at the end of every path through nested mappings and lists, as canonical JSON."""
    return dict(_each_leaf(value, path))


def _each_leaf(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the path to every value that has none inside, and the value as canonical JSON."""
    if not (isinstance(value, dict | list) and value):
        yield path, canonical(value)
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _each_leaf(inner, f"{path}.{key}" if path else str(key))


def _shown(values: dict[str, str], key: str) -> str:
    """Return a value of an identity, cut short, or that there is none."""
    return _cut(values.get(key, "absent"))


def _cut(text: str) -> str:
    """Return a text cut short, within its quotes."""
    if len(text) <= SHOWN_LETTERS:
        return text
    end = '..."' if text.endswith('"') else "..."
    return f"{text[: SHOWN_LETTERS - len(end)]}{end}"
