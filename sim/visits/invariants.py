"""Every invariant that the engine contract implies of a record, in one table."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sim.visits import instants, rows
from sim.visits.facts import Facts
from sim.visits.record import InvariantError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.network import Network
    from sim.visits.record import Spells, Visits

T = TypeVar("T")

# In this order: those further down may rely on those above.
INVARIANTS: dict[str, Callable[[Facts], str | None]] = {
    "shapes": rows.shapes,
    "started steps stay": rows.started_steps_stay,
    "outcomes": rows.outcome_codes,
    "one place at a time": rows.one_place,
    "Little's law": rows.littles_law,
    "spells and visits": rows.spells_match_visits,
    "one spell at a time": rows.one_spell,
    "spells start on duty": rows.starts_on_duty,
    "off duty only past closing": rows.off_duty_only_past_closing,
    "ticks": rows.ticks_of_the_roster,
    "changeovers": rows.changeovers,
    "work": rows.work_done_is_work,
    "ends": rows.ends_in_time,
    "hand-back": rows.handed_back,
    "interruptions": rows.interruptions_have_causes,
    "routes": rows.routes,
    "leaving": rows.leaving_in_time,
    "signals": instants.signals,
    "refusals": instants.refusals,
    "no idling beside work": instants.no_idling,
    "no waiting beside a spell that yields": instants.no_waiting_that_could_interrupt,
    "no overtaking": instants.no_overtaking,
    "taking": instants.taken_in_order,
    "placing": instants.placed_with_the_right_server,
    "interrupting": instants.interrupted_the_right_spell,
}


def check(network: Network, visits: Visits, spells: Spells, horizon: int) -> None:
    """Hold a record to every invariant of the engine contract.

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
        instant that breaks it.
    """
    facts = Facts(replace(network, steps=_wide(network.steps)), _wide(visits), _wide(spells), horizon)
    for name, broken in INVARIANTS.items():
        found = broken(facts)
        if found:
            raise InvariantError(f"{name}: {found}")


def _wide(table: T) -> T:
    """Return a table with its whole numbers as int64: sums and products of narrow columns would not fit."""
    columns = {field.name: getattr(table, field.name) for field in fields(table)}  # type: ignore[arg-type]
    return type(table)(**{name: c.astype(np.int64) if c.dtype.kind == "i" else c for name, c in columns.items()})
