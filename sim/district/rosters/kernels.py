"""The compiled part of the rosters. The kernel checks no index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.engine.compiling import kernel

if TYPE_CHECKING:
    from sim.arrays import Bools, Ints


@kernel
def place_legs(member: Ints, slot: Ints, free: Bools, in_office: Ints, furthest: int) -> None:
    """Move each leg to the nearest slot in which its member is free and a colleague is in the office, or to -1.

    Of two slots as near the later is taken. `free` (members, slots) and `in_office` (slots) lose what is taken.
    """
    for leg in range(len(slot)):
        wanted, mine = slot[leg], member[leg]
        slot[leg] = -1
        for nth in range(2 * furthest + 1):
            distance = (nth + 1) // 2
            at = wanted + distance if nth % 2 else wanted - distance
            if 0 <= at < len(in_office) and free[mine, at] and in_office[at] > 1:
                free[mine, at] = False
                in_office[at] -= 1
                slot[leg] = at
                break
