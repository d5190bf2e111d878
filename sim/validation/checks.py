"""Cases that are a function of Python and not a network: what is known of an analysis.

A check is given the form (quick or full) and a seed, and returns its outcomes; it runs as one task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.validation.analyses import exact_checks, slippage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sim.validation.cases import Form
    from sim.validation.outcomes import Outcome


@dataclass(frozen=True)
class Check:
    """What is known of an analysis: the function that makes the outcomes of a form and a seed."""

    mechanism: str
    outcomes: Callable[[Form, int], Sequence[Outcome]]


CHECKS: dict[str, Check] = {
    case: Check("output", outcomes) for case, outcomes in (exact_checks() | {"kn_slippage_k5": slippage}).items()
}
