"""Whether a study's folder is up to date; if so, its findings are only said again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import StoreError
from sim.store import files, manifest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sim.store.store import Store
    from sim.study.budget.runs import Runs
    from sim.study.points.plan import Plan

NAME = "standing.json"
LIBRARY = Path(__file__).resolve().parents[1]


def request(plan: Plan, identity: Mapping[str, Any]) -> str:
    """Return a digest of all that a study's tables and charts are made of, but for the replications themselves.

    The program is part of it, as another one may make other tables.
    """
    first = plan.first
    whole = {
        "identity": identity,
        "study": plan.study.model_dump(mode="json"),
        "read": [one.model_dump(mode="json") for one in (first.mid, first.run, first.report)] + [first.district.name],
        "points": [(point.label, point.why) for point in plan.points],
        "titles": dict(plan.titles),
        "versions": manifest.versions(),
        "program": [files.digest(path.read_bytes()) for path in sorted(LIBRARY.rglob("*.py"))],
    }
    return files.digest(json.dumps(whole, sort_keys=True).encode())


def keep(store: Store, request: str, runs: Runs, sentences: Sequence[str], written: Collection[str]) -> None:
    """Note what the folder and the replications behind it look like now, and what was said of them.

    Files of an earlier run that this one did not write are removed: nobody should quote them as its own.
    """
    for name in _held(store.folder).keys() - set(written):
        store.discard(name)
    if runs.failures:
        store.discard(NAME)  # what failed may be tried again, by whoever runs it next
        return
    note = {"request": request, "files": _digests(store.folder, written), "told": list(sentences)}
    try:
        note["replications"] = _stamps(runs, runs.counts())
    except StoreError:  # removed meanwhile
        return
    store.write_bytes(NAME, files.readable(note))


def kept_sentences(folder: Path, request: str, runs: Runs) -> list[str] | None:
    """Return the sentences on a folder that is up to date, also in the archive behind it; otherwise None."""
    try:
        note = json.loads((folder / NAME).read_bytes())
        same = note["request"] == request and note["files"] == _digests(folder, note["files"])
        counts = {name: len(stamps) for name, stamps in note["replications"].items()}
        same = same and note["replications"] == _stamps(runs, counts)
        return [str(one) for one in note["told"]] if same else None
    except (OSError, StoreError, ValueError, KeyError, TypeError, AttributeError):
        return None


def changed(folder: Path) -> list[str]:
    """Return the files of the last run that are not as it left them, or not there."""
    found = []
    for name, was in _held(folder).items():
        try:
            if _digests(folder, [name])[name] != was:
                found.append(name)
        except OSError:
            found.append(name)
    return found


def _held(folder: Path) -> dict[str, str]:
    """Return the files of the last run that was noted, with their digests."""
    try:
        return {str(name): str(was) for name, was in json.loads((folder / NAME).read_bytes())["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _digests(folder: Path, names: Collection[str]) -> dict[str, str]:
    """Return the digests of files."""
    return {name: files.digest((folder / name).read_bytes()) for name in sorted(names)}


def _stamps(runs: Runs, counts: Mapping[str, int]) -> dict[str, list[list[int]]]:
    """Return size and time of the file of every replication of every point."""
    return {
        name: [list(runs.archive.stamp(runs.keys[name], number)) for number in range(n)] for name, n in counts.items()
    }
