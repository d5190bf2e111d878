"""Whether a study's folder is up to date; if so, its findings are only reprinted."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sim.errors import StoreError
from sim.language import spoken
from sim.store import files, manifest
from sim.study.folder.drawing import on_charts, program

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from sim.store.store import Store
    from sim.study.budget.runs import Runs
    from sim.study.folder.drawing import Wanted
    from sim.study.points.plan import Plan

NAME = "up_to_date.json"
EARLIER_NAME = "standing.json"
"""What earlier versions called it: read for the files that it lists, and removed when the folder is made again."""


def request(plan: Plan, identity: Mapping[str, Any], wanted: Wanted) -> str:
    """Return a digest of all that a study's tables and charts depend on, without the replications themselves.

    The program is part of it, because another version may make other tables.
    """
    first = plan.first
    content = {
        "identity": identity,
        "study": plan.study.model_dump(mode="json"),
        "read": [one.model_dump(mode="json") for one in (first.mid, first.run, first.report)] + [first.district.name],
        "points": [(point.label, point.why) for point in plan.points],
        "titles": dict(plan.titles),
        "versions": manifest.versions(),
        "program": list(program()),
        "charts": [wanted.charts, list(wanted.only), list(wanted.look.formats), wanted.look.size, on_charts().name],
    }
    return files.digest(json.dumps(content, sort_keys=True).encode())


def keep(
    store: Store, request: str, runs: Runs, sentences: Mapping[str, Sequence[str]], written: Collection[str]
) -> None:
    """Write down the state of the folder and its replications, and the sentences about them, by language.

    Files of an earlier run that this one did not write are removed, so that they are not taken for its own.
    """
    for name in _held(store.folder).keys() - set(written):
        store.discard(name)
    store.discard(EARLIER_NAME)
    if runs.failures:
        store.discard(NAME)  # failed replications may be retried by the next run
        return
    note = {"request": request, "files": _digests(store.folder, written), "sentences": dict(sentences)}
    try:
        note["replications"] = _stamps(runs, runs.counts())
    except StoreError:  # removed meanwhile
        return
    store.write_bytes(NAME, files.readable(note))


def kept_sentences(folder: Path, request: str, runs: Runs) -> list[str] | None:
    """Return the kept sentences of a folder that is up to date (its archive too), as they are spoken; else None."""
    try:
        note = files.read_json(folder / NAME)
        same = note["request"] == request and note["files"] == _digests(folder, note["files"])
        counts = {name: len(stamps) for name, stamps in note["replications"].items()}
        same = same and note["replications"] == _stamps(runs, counts)
        return [str(one) for one in note["sentences"][spoken().name]] if same else None
    except (OSError, StoreError, ValueError, KeyError, TypeError, AttributeError):
        return None


def changed(folder: Path) -> list[str]:
    """Return the files of the last run that have changed or are missing."""
    names = []
    for name, was in _held(folder).items():
        try:
            if _digests(folder, [name])[name] != was:
                names.append(name)
        except (OSError, ValueError):
            names.append(name)
    return names


def _held(folder: Path) -> dict[str, str]:
    """Return the files of the last run that was noted, with their digests."""
    path = next((folder / name for name in (NAME, EARLIER_NAME) if (folder / name).is_file()), folder / NAME)
    try:
        return {str(name): str(was) for name, was in files.read_json(path)["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _digests(folder: Path, names: Collection[str]) -> dict[str, str]:
    """Return the digests of files of a folder; a note that somebody edited may name others, which are not read."""
    if any(PurePath(name).is_absolute() or ".." in PurePath(name).parts for name in names):
        raise ValueError(f"files must lie in {folder}, got {', '.join(sorted(names))}")
    return {name: files.digest(files.read_bytes(folder / name)) for name in sorted(names)}


def _stamps(runs: Runs, counts: Mapping[str, int]) -> dict[str, list[list[int]]]:
    """Return size and time of writing of the file of every replication of every point."""
    return {
        name: [list(runs.archive.stamp(runs.keys[name], number)) for number in range(n)] for name, n in counts.items()
    }
