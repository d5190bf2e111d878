"""Whether a study's folder stands as the same command left it: then there is nothing to do but to tell it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sim import files, manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from experiments.studies.runs import Runs
    from sim.store import Store

NAME = "standing.json"


def asked(study: Mapping[str, Any], identity: Mapping[str, Any]) -> str:
    """Return a digest of all that a study's tables and charts are made of, but for the replications themselves."""
    whole = {"study": study, "identity": identity, "versions": manifest.versions()}
    return files.digest(json.dumps(whole, sort_keys=True).encode())


def keep(store: Store, request: str, runs: Runs, told: Sequence[str]) -> None:
    """Note what the folder and the replications behind it look like now, and what was told of them."""
    made = {
        path.relative_to(store.folder).as_posix(): files.digest(path.read_bytes())
        for path in sorted(store.folder.rglob("*"))
        if path.is_file() and path.name not in (NAME, manifest.NAME) and manifest.KEYS not in path.parts
    }
    note = {"request": request, "files": made, "replications": _stamps(runs, runs.counts()), "told": list(told)}
    note["failed"] = sorted(runs.failures)
    store.write_bytes(NAME, files.readable(note))


def told(folder: Path, request: str, runs: Runs) -> list[str] | None:
    """Return what was told of a folder that is as it was left, also in the archive behind it; otherwise None."""
    try:
        note = json.loads((folder / NAME).read_bytes())
        same = note["request"] == request and not (runs.retry and note["failed"])
        same = same and all(files.digest((folder / name).read_bytes()) == was for name, was in note["files"].items())
        counts = {name: len(stamps) for name, stamps in note["replications"].items()}
        same = same and note["replications"] == _stamps(runs, counts)
        return [str(one) for one in note["told"]] if same else None
    except (OSError, files.StoreError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _stamps(runs: Runs, counts: Mapping[str, int]) -> dict[str, list[list[int]]]:
    """Return size and time of the file of every replication of every point."""
    return {
        name: [list(runs.archive.stamp(runs.keys[name], number)) for number in range(n)] for name, n in counts.items()
    }
