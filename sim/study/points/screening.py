"""What is known of a point before it is run: its heads, and which posts cannot keep up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sim import executor
from sim.district import workload
from sim.errors import ConfigError
from sim.study import load_tables, replications

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.config import Pilot
    from sim.store.archive import Archive
    from sim.study.backend import How

WORTH_A_POOL = 24
"""Designs from which on it pays to start processes to look at them."""


@dataclass(frozen=True)
class Look:
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


def look(task: Task) -> Look:
    """Look at a design: lay out its organisation and hold the work that is due against the staff."""
    try:
        organisations = load_tables.organisations([task.pilot])
    except ConfigError as error:
        return Look(0, (), str(error))
    heads = sum(workload.heads(task.pilot).values())
    name = task.pilot.name
    return Look(
        heads, tuple(load_tables.overloaded(organisations)[name]), "", load_tables.staff_overloaded(organisations)[name]
    )


def look_at_all(archive: Archive, pilots: Mapping[str, Pilot], keys: Mapping[str, str], means: How) -> dict[str, Look]:
    """Return a look at every design, by name; what was seen before is kept beside the replications."""
    seen: dict[str, Look] = {}
    tasks: dict[str, Task] = {}
    for name, key in keys.items():
        held = _seen(archive.design(key).get("look"))
        if held is not None:
            seen[key] = held
        elif key not in seen:
            tasks[key] = Task(key, pilots[name])

    def on_done(task: Task, found: Look) -> None:
        seen[task.key] = found
        replications.describe(archive, task.pilot, look=_plain(found))

    on = means.executor if len(tasks) >= WORTH_A_POOL else executor.Serial(kind="serial")
    executor.run_tasks(look, list(tasks.values()), on, on_done=on_done, named=lambda task: task.pilot.title)
    return {name: seen[key] for name, key in keys.items()}


def _seen(plain: Any) -> Look | None:
    """Return a look that was kept, unless what is kept is none."""
    try:
        shares = {str(level): float(share) for level, share in plain["staff_overloaded"].items()}
        return Look(int(plain["heads"]), tuple(map(str, plain["overloaded"])), str(plain["why"]), shares)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _plain(found: Look) -> dict[str, Any]:
    """Return a look as plain data."""
    return {"heads": found.heads, "overloaded": list(found.overloaded), "why": found.why,
            "staff_overloaded": dict(found.staff_overloaded)}  # fmt: skip
