"""The journey of one request through a design: its steps, what took their time, and both in words."""

from sim.journeys.sentences import ending, facts, journey_table, journey_text, rows, totals_table
from sim.journeys.steps import Journey, Step, Totals, read
from sim.journeys.waits import Wait

__all__ = [
    "Journey",
    "Step",
    "Totals",
    "Wait",
    "ending",
    "facts",
    "journey_table",
    "journey_text",
    "read",
    "rows",
    "totals_table",
]
