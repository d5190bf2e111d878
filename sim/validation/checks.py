"""Cases that are a function of Python and not a network: what is known of an analysis.

A check is given the form (quick or full) and a seed, and returns its outcomes; it runs as one task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sim.validation.cases import Form
    from sim.validation.outcomes import Outcome


@dataclass(frozen=True)
class Check:
    """What is known of an analysis: the ids of its values, and the function that makes their outcomes."""

    mechanism: str
    ids: tuple[str, ...]
    outcomes: Callable[[Form, int], Sequence[Outcome]]


CHECKS: dict[str, Check] = {}
