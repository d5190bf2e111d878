"""Screening: the heads of a point and its overloaded posts, before it is run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sim import executor
from sim.errors import ConfigError
from sim.study import replications
from sim.study.design import prepared
from sim.study.own_measures import NOTHING, Packed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.config import Pilot
    from sim.store.archive import Archive
    from sim.study.backend import Backend

WORTH_A_POOL = 24
"""From this number of designs on it pays to screen them in several processes."""


@dataclass(frozen=True)
class Screened:
    """A design before it is run.

    Attributes
    ----------
    heads
        Of all levels together: the staff that the design costs.
    overloaded
        The posts that cannot keep up, with their loads.
    why
        Empty, or why the design is infeasible.
    overloaded_share
        The share of the heads of each level that cannot keep up.
    """

    heads: int
    overloaded: tuple[str, ...]
    why: str = ""
    overloaded_share: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """A design to be screened."""

    key: str
    pilot: Pilot


def screen(task: Task) -> Screened:
    """Return the screening of a design, or why it is infeasible."""
    try:
        design = prepared(task.pilot)
        return Screened(sum(design.heads.values()), design.overloaded, "", design.overloaded_share)
    except ConfigError as error:
        return Screened(0, (), str(error))


def screen_all(
    archive: Archive, pilots: Mapping[str, Pilot], keys: Mapping[str, str], backend: Backend, own: Packed = NOTHING
) -> dict[str, Screened]:
    """Return the screening of every design by name; it is kept beside the replications, in a file of its own.

    What does not fit into the memory is infeasible here and now: that is not kept, as another machine may have more.
    """
    known: dict[str, Screened] = {}
    tasks: dict[str, Task] = {}
    for name, key in keys.items():
        if key in known or key in tasks:
            continue
        held = _too_large(pilots[name], backend, own) or _kept(archive.screening(key))
        if held is not None:
            known[key] = held
        else:
            tasks[key] = Task(key, pilots[name])

    def on_done(task: Task, screened: Screened) -> None:
        known[task.key] = screened
        replications.describe(archive, task.pilot, own)
        archive.keep_screening(task.key, _plain(screened))

    on = backend.executor if len(tasks) >= WORTH_A_POOL else executor.Serial(kind="serial")
    executor.run_tasks(screen, list(tasks.values()), on, on_done=on_done, named=lambda task: task.pilot.title)
    return {name: known[key] for name, key in keys.items()}


def _too_large(pilot: Pilot, backend: Backend, own: Packed) -> Screened | None:
    """Return the screening of a design that does not fit into the memory, or None."""
    try:
        replications.check_fits(pilot, backend.engine, backend.executor, own)
    except ConfigError as error:
        return Screened(0, (), str(error))
    return None


def _kept(plain: Any) -> Screened | None:
    """Return a screening from plain data, or None if it cannot be read."""
    try:
        shares = {str(level): float(share) for level, share in plain["overloaded_share"].items()}
        return Screened(int(plain["heads"]), tuple(map(str, plain["overloaded"])), str(plain["why"]), shares)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _plain(screened: Screened) -> dict[str, Any]:
    """Return a screening as plain data."""
    return {"heads": screened.heads, "overloaded": list(screened.overloaded), "why": screened.why,
            "overloaded_share": dict(screened.overloaded_share)}  # fmt: skip
