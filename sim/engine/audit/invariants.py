"""Every invariant that the engine contract implies of a record, in one table."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sim.engine.audit import by_instant, by_row
from sim.engine.audit.derived import AuditRecord
from sim.engine.record import InvariantError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.engine.network import Network
    from sim.engine.record import Spells, Visits

T = TypeVar("T")

# In this order: those further down may rely on those above.
INVARIANTS: dict[str, Callable[[AuditRecord], str | None]] = {
    "shapes": by_row.shapes,
    "started steps stay": by_row.started_steps_stay,
    "outcomes": by_row.outcome_codes,
    "one place at a time": by_row.one_place,
    "Little's law": by_row.littles_law,
    "spells and visits": by_row.spells_match_visits,
    "one spell at a time": by_row.one_spell,
    "spells start on duty": by_row.starts_on_duty,
    "off duty only past closing": by_row.off_duty_only_past_closing,
    "ticks": by_row.ticks_of_the_roster,
    "changeovers": by_row.changeovers,
    "work": by_row.work_done_is_work,
    "ends": by_row.ends_in_time,
    "hand-back": by_row.handed_back,
    "interruptions": by_row.interruptions_have_causes,
    "routes": by_row.routes,
    "leaving": by_row.leaving_in_time,
    "signals": by_instant.signals,
    "refusals": by_instant.refusals,
    "no idling beside work": by_instant.no_idling,
    "no waiting beside a spell that yields": by_instant.no_waiting_that_could_interrupt,
    "no overtaking": by_instant.no_overtaking,
    "taking": by_instant.taken_in_order,
    "placing": by_instant.placed_with_the_right_server,
    "interrupting": by_instant.interrupted_the_right_spell,
}


def check(network: Network, visits: Visits, spells: Spells, horizon: int) -> None:
    """Check that a record has every invariant that the engine contract implies.

    Parameters
    ----------
    network : Network
        The network that was run.
    visits, spells : Visits, Spells
        The record of the run.
    horizon : int
        The horizon of the run, in ticks.

    Raises
    ------
    InvariantError
        At the first invariant that does not hold: its name, and the first step, spell, server or
        instant that violates it.
    """
    record = AuditRecord(replace(network, steps=_wide(network.steps)), _wide(visits), _wide(spells), horizon)
    for name, check_invariant in INVARIANTS.items():
        failure = check_invariant(record)
        if failure:
            raise InvariantError(f"{name}: {failure}")


def _wide(table: T) -> T:
    """Return a table with its whole numbers as int64: sums and products of narrow columns could overflow."""
    columns = {field.name: getattr(table, field.name) for field in fields(table)}  # type: ignore[arg-type]
    return type(table)(**{name: c.astype(np.int64) if c.dtype.kind == "i" else c for name, c in columns.items()})
