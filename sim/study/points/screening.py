"""What is known of a point before it is run: its heads, and which posts cannot keep up."""

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
"""So many designs are screened by several processes: for fewer, starting them costs more than it gives."""

NOTE = "look"
"""Under which a screening is noted in an archive."""


@dataclass(frozen=True)
class Screened:
    """A design before it is run.

    Attributes
    ----------
    heads
        Of all levels together: what the design costs, as far as staff go.
    overloaded
        The posts that cannot keep up, with their loads.
    why
        Empty, or why there is no such design.
    staff_overloaded
        The share of the heads of each level that cannot keep up.
    """

    heads: int
    overloaded: tuple[str, ...]
    why: str = ""
    staff_overloaded: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """A design to be looked at."""

    key: str
    pilot: Pilot


def screen(task: Task) -> Screened:
    """Return what is known of a design before it is run, or why there is no such design."""
    try:
        design = prepared(task.pilot)
    except ConfigError as error:
        return Screened(0, (), str(error))
    return Screened(sum(design.heads.values()), design.overloaded, "", design.overloaded_share)


def screen_all(
    archive: Archive, pilots: Mapping[str, Pilot], keys: Mapping[str, str], backend: Backend, own: Packed = NOTHING
) -> dict[str, Screened]:
    """Return what is known of every design before it is run, by name; it is kept beside the replications."""
    seen: dict[str, Screened] = {}
    tasks: dict[str, Task] = {}
    for name, key in keys.items():
        held = _seen(archive.design(key).get(NOTE))
        if held is not None:
            seen[key] = held
        elif key not in seen:
            tasks[key] = Task(key, pilots[name])

    def on_done(task: Task, found: Screened) -> None:
        seen[task.key] = found
        replications.describe(archive, task.pilot, own, {NOTE: _plain(found)})

    on = backend.executor if len(tasks) >= WORTH_A_POOL else executor.Serial(kind="serial")
    executor.run_tasks(screen, list(tasks.values()), on, on_done=on_done, named=lambda task: task.pilot.title)
    return {name: seen[key] for name, key in keys.items()}


def _seen(plain: Any) -> Screened | None:
    """Return a look that was kept, unless what is kept is none."""
    try:
        shares = {str(level): float(share) for level, share in plain["staff_overloaded"].items()}
        return Screened(int(plain["heads"]), tuple(map(str, plain["overloaded"])), str(plain["why"]), shares)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _plain(found: Screened) -> dict[str, Any]:
    """Return a look as plain data."""
    return {"heads": found.heads, "overloaded": list(found.overloaded), "why": found.why,
            "staff_overloaded": dict(found.staff_overloaded)}  # fmt: skip
