"""Named random streams: one independent generator for every (seed, replication, purpose)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def stream(seed: int, replication: int, purpose: str) -> np.random.Generator:
    """Return the generator of one purpose in one replication.

    Streams are independent of each other, and each depends on nothing but its three arguments: a purpose
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

    Returns
    -------
    numpy.random.Generator
        A new PCG64 generator at the beginning of the stream.

    Raises
    ------
    ValueError
        If the seed or the replication is negative.
    """
    for name, value in (("seed", seed), ("replication", replication)):
        if value < 0:
            raise ValueError(f"{name} must be at least 0, got {value}")
    sequence = np.random.SeedSequence(seed, spawn_key=(replication, purpose_key(purpose)))
    return np.random.Generator(np.random.PCG64(sequence))


def purpose_key(purpose: str) -> int:
    """Return the 64-bit number of a purpose: the same on every machine and in every version of Python."""
    return int.from_bytes(blake2b(purpose.encode(), digest_size=8).digest(), "little")


def uniforms(seed: int, replication: int, purpose: str, n: int) -> NDArray[np.float64]:
    """Return the first n uniforms in [0, 1) of a purpose; a longer call begins with a shorter one's."""
    return stream(seed, replication, purpose).random(n)
