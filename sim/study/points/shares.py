"""Shares that sum to 1: when the evidence moves one, the others are rescaled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SHARE_GROUPS = (
    ("staffing.street_sent_down_share", "staffing.street_sent_up_share"),
    tuple(f"burden.kinds.{kind}.share" for kind in ("long_term", "periodic", "ad_hoc")),
)
"""Knobs that sum to 1 (the first of these only where no street is left)."""


def is_share(key: str) -> bool:
    """Return whether a knob is one of a group of shares that sum to 1."""
    return any(key in group for group in SHARE_GROUPS)


def rescaled(before: Mapping[str, float], moved: Mapping[str, float], fixed: Collection[str] = ()) -> dict[str, float]:
    """Return a group of shares after some were moved: the others keep their proportions in what is left.

    Parameters
    ----------
    before : mapping of knob -> share
        All shares of the group; they sum to 1.
    moved : mapping of knob -> share
        Those that are wanted. Where they exceed 1, or there is no other, all are scaled to sum to 1.
    fixed : collection of str
        Moved ones that are not scaled: the user gave their values.

    Returns
    -------
    dict of knob -> share
        They sum to 1 where the fixed ones allow it.
    """
    if all(before[key] == share for key, share in moved.items()):
        return dict(before)  # to the last digit: the base of a study is the pilot itself
    others = {key: share for key, share in before.items() if key not in moved}
    left = 1 - sum(moved.values())
    if others and left >= 0:
        held = sum(others.values())
        parts = {key: share / held if held > 0 else 1 / len(others) for key, share in others.items()}
        return dict(moved) | {key: left * part for key, part in parts.items()}
    given = {key: share for key, share in moved.items() if key in fixed}
    free = {key: share for key, share in moved.items() if key not in fixed}
    total, left_over = sum(free.values()), max(1 - sum(given.values()), 0.0)
    # each is divided before it is scaled: the inverse of the least numbers there are is infinite
    parts = {key: share / total * left_over if total > 0 else share for key, share in free.items()}
    return given | parts | dict.fromkeys(others, 0.0)


def sums_to_one(shares: Collection[Any]) -> bool:
    """Return whether these are shares that sum to 1."""
    return all(isinstance(share, int | float) for share in shares) and math.isclose(sum(shares), 1)
