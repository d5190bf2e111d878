"""The record of every step and spell, the contract between engines and measures, and its invariants."""

from sim.visits.balance import balance
from sim.visits.invariants import INVARIANTS, check
from sim.visits.record import InvariantError, Outcome, Spells, Visits

__all__ = ["INVARIANTS", "InvariantError", "Outcome", "Spells", "Visits", "balance", "check"]
