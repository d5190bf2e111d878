"""Named designs, each run for its replications on the same draws, and kept in the archive beside a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.store.store import Store
from sim.study import replications
from sim.study.budget.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rich.console import Console

    from sim.config import Pilot
    from sim.config.report import Response
    from sim.study.backend import Backend


def run_designs(
    pilots: Mapping[str, Pilot],
    wanted: Mapping[str, int],
    responses: Iterable[Response],
    folder: Path,
    identity: Mapping[str, Any],
    backend: Backend,
    console: Console,
    *,
    facts: Mapping[str, Any],
) -> tuple[Store, Runs]:
    """Return the results folder, and the runs of designs of which the wanted replications are now kept.

    What is kept already is not run again, so that a stopped run continues; designs of equal numbers are run once.

    Parameters
    ----------
    pilots
        By the names under which their values are asked for.
    wanted
        Replications of each, by the same names.
    responses
        What will be asked for: only the groups of these are read.
    folder
        The results folder; the archive lies beside it.
    identity, facts
        As for `Store.open`.
    """
    keys = {name: replications.key(pilot) for name, pilot in pilots.items()}
    store = Store.open(folder, identity, facts, keys={key: key for key in keys.values()})
    for pilot in pilots.values():
        replications.describe(store.archive, pilot)
    groups = list(dict.fromkeys(response.group.partition(":")[0].partition("|")[0] for response in responses))
    runs = Runs(store.archive, pilots, keys, backend, groups, console)
    runs.ensure(wanted)
    return store, runs
