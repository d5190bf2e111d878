"""The columns of a district's steps while they are written: the engine's, and the labels beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.arrays import frozen
from sim.district.stages import Kind
from sim.engine.network_building import NARROW

if TYPE_CHECKING:
    from sim.arrays import AnyInts

ENGINE_COLUMNS = {
    "station": -1, "work": 0, "priority": 0, "yields_to": 0, "past_closing": 0, "lag": 0, "lag_clock": -1, "gate": -1,
    "patience": -1, "patience_clock": -1, "shuts": -1, "emits": -1, "awaits": -1, "count": 1, "next": -1, "leave": -1,
}  # fmt: skip
LABEL_COLUMNS = {
    "kind": int(Kind.OUTSIDE), "level": -1, "presence": 0, "trip": 0, "hand_over": 0, "stops_clock": 0, "walk": 0,
    "result": 0, "activity": -1, "due_days": -1,
}  # fmt: skip
NARROW_LABELS: dict[str, type[np.signedinteger[Any]]] = {
    "walk": np.int32, "activity": np.int16, "due_days": np.int16,
}  # fmt: skip


@dataclass(frozen=True)
class StepLabels:
    """What each step of the district model is; engines never see it (arrays of shape (steps,)).

    Attributes
    ----------
    kind, level, presence : ndarray of int
        `Kind` of work, position of the level in `LEVELS` (-1: none) and `Presence` of the resident.
    trip, hand_over, stops_clock : ndarray of int
        1 where the stage says so, else 0.
    walk : ndarray of int
        Ticks: of a step that begins a trip, to the office and back; at a resident's home, the part of the work that is
        the staff's walk there.
    result : ndarray of int
        1 for the steps whose end is the result of the request.
    activity : ndarray of int
        Index of `activities`, -1 for none.
    due_days : ndarray of int
        Working days from the release of a piece of paper to its date, -1 for all else.
    """

    kind: AnyInts
    level: AnyInts
    presence: AnyInts
    trip: AnyInts
    hand_over: AnyInts
    stops_clock: AnyInts
    walk: AnyInts
    result: AnyInts
    activity: AnyInts
    due_days: AnyInts
    activities: tuple[str, ...]


class StepColumns:
    """The columns of steps while they are written.

    A column that meets a value beyond its narrow type becomes one of 64 bits: a lag of months is rare, and
    most replications have none.
    """

    def __init__(self, n: int) -> None:
        narrow = NARROW | {name: NARROW_LABELS.get(name, np.int8) for name in LABEL_COLUMNS}
        self.columns: dict[str, AnyInts] = {
            name: np.full(n, none, dtype=narrow[name]) for name, none in (ENGINE_COLUMNS | LABEL_COLUMNS).items()
        }

    def __getitem__(self, name: str) -> AnyInts:
        return self.columns[name]

    def put(self, name: str, rows: slice | AnyInts, values: int | AnyInts) -> None:
        """Write the values of some rows of a column."""
        column = self.columns[name]
        most = values if isinstance(values, int) else values.max(initial=0)
        if most >= 1 << (8 * column.itemsize - 1):
            column = self.columns[name] = column.astype(np.int64)
        column[rows] = values

    def steps(self) -> dict[str, AnyInts]:
        """Return the engine's columns, from now on read-only."""
        return {name: frozen(self.columns[name]) for name in ENGINE_COLUMNS}

    def labels(self, activities: tuple[str, ...]) -> StepLabels:
        """Return the labels, from now on read-only."""
        return StepLabels(**{name: frozen(self.columns[name]) for name in LABEL_COLUMNS}, activities=activities)
