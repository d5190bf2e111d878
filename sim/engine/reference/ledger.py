"""The rows of visits and spells while the reference engine writes them."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.network import NONE
from sim.engine.record import Outcome, Spells, Visits

if TYPE_CHECKING:
    from sim.arrays import AnyInts
    from sim.engine.network import Steps
    from sim.engine.reference.staff import Spell


class Ledger:
    """The columns of visits and spells while they grow; `left` is the work left of each step."""

    __slots__ = (
        "arrival", "end", "interruptions", "left", "outcome", "server", "spell_changeover", "spell_end",
        "spell_server", "spell_start", "spell_step", "spell_ticks", "start",
    )  # fmt: skip

    def __init__(self, work: AnyInts) -> None:
        n = len(work)
        self.left = array("q", work.astype(np.int64).tobytes())
        self.arrival, self.start, self.end, self.server = (array("q", [NONE]) * n for _ in range(4))
        self.interruptions = array("q", [0]) * n
        self.outcome = array("q", [int(Outcome.ABSENT)]) * n
        (
            self.spell_step,
            self.spell_server,
            self.spell_start,
            self.spell_end,
            self.spell_ticks,
            self.spell_changeover,
        ) = (array("q") for _ in range(6))

    def begin(self, step: int, server: int, now: int) -> int:
        """Add a spell that begins now and return its row."""
        if self.start[step] == NONE:
            self.start[step] = now
        self.server[step] = server
        self.spell_step.append(step)
        self.spell_server.append(server)
        self.spell_start.append(now)
        self.spell_end.append(NONE)
        self.spell_ticks.append(0)
        self.spell_changeover.append(0)
        return len(self.spell_step) - 1

    def stop(self, spell: Spell, ticks: int, end: int) -> None:
        """Write down the ticks of a spell that ends (`end` is -1 for one in progress at the horizon)."""
        self.spell_end[spell.row] = end
        self.spell_ticks[spell.row] = ticks
        self.spell_changeover[spell.row] = min(ticks, spell.changeover)

    def arrays(self, steps: Steps) -> tuple[Visits, Spells]:
        """Return the record as arrays, as narrow as those of the steps."""
        amount, small = steps.work.dtype, steps.station.dtype
        arrival, start, end = (np.array(column, dtype=np.int64) for column in (self.arrival, self.start, self.end))
        done = (steps.work - np.array(self.left, dtype=np.int64)).astype(amount)
        step = np.array(self.spell_step, dtype=amount)
        order = np.argsort(step, kind="stable")
        rest: dict[str, tuple[array[int], Any]] = {
            "server": (self.spell_server, small), "start": (self.spell_start, np.int64),
            "end": (self.spell_end, np.int64), "ticks": (self.spell_ticks, amount),
            "changeover": (self.spell_changeover, amount),
        }  # fmt: skip
        return (
            Visits(
                arrival, start, end, np.array(self.server, dtype=small), done,
                np.array(self.interruptions, dtype=amount), np.array(self.outcome, dtype=np.int8),
            ),
            Spells(step[order], **{name: np.array(column, dtype=kind)[order] for name, (column, kind) in rest.items()}),
        )  # fmt: skip
