"""The record of every step and spell, the contract between engines and measures, and its invariants."""

from sim.visits.balance import balance
from sim.visits.record import InvariantError, Outcome, Spells, Visits

__all__ = ["InvariantError", "Outcome", "Spells", "Visits", "balance"]
