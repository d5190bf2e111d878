"""Named random streams: one independent generator for every (seed, replication, purpose, district)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def stream(seed: int, replication: int, purpose: str, district: int = 0) -> np.random.Generator:
    """Return the generator of one purpose in one replication of one district.

    Streams are independent of each other, and each depends on nothing but its arguments: a purpose
    that is added, removed or drawn from more often moves the draws of no other. So a request keeps its
    draws under every design (common random numbers).

    Parameters
    ----------
    seed : int
        At least 0; 0 is a seed like any other.
    replication : int
        At least 0.
    purpose : str
        What is drawn, in words: `"classes/customer/desk/service/0"`.
    district : int
        At least 0; which of a province's districts. District 0 draws what a district alone does.

    Returns
    -------
    numpy.random.Generator
        A new PCG64 generator at the beginning of the stream.

    Raises
    ------
    ValueError
        If the seed, the replication or the district is negative.
    """
    for name, value in (("seed", seed), ("replication", replication), ("district", district)):
        if value < 0:
            raise ValueError(f"{name} must be at least 0, got {value}")
    key = (replication, purpose_key(purpose), district) if district else (replication, purpose_key(purpose))
    sequence = np.random.SeedSequence(seed, spawn_key=key)
    return np.random.Generator(np.random.PCG64(sequence))


def purpose_key(purpose: str) -> int:
    """Return the 64-bit number of a purpose: the same on every machine and in every version of Python."""
    return int.from_bytes(blake2b(purpose.encode(), digest_size=8).digest(), "little")


def uniforms(
    seed: int, replication: int, purpose: str, n: int, *, start: int = 0, district: int = 0
) -> NDArray[np.float64]:
    """Return n uniforms in [0, 1) of a purpose, from the one numbered `start` on (shape (n,)).

    Those before it are not drawn, so that any stretch costs only its own length.

    References
    ----------
    Brown (1994), Random number generation with arbitrary strides, Trans. American Nuclear Society 71: how a
    congruential generator jumps ahead. One uniform is one draw of PCG64.
    """
    rng = stream(seed, replication, purpose, district)
    if start:
        rng.bit_generator.advance(start)  # type: ignore[attr-defined]  # a PCG64
    return rng.random(n)
