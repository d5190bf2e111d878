"""Named random streams: one independent generator for every (seed, replication, purpose, district)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN = 0x9E3779B97F4A7C15
SCRAMBLER = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
"""Odd numbers and shifts of SplitMix64."""


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


def uniforms(seed: int, replication: int, purpose: str, n: int) -> NDArray[np.float64]:
    """Return the first n uniforms in [0, 1) of a purpose (shape (n,))."""
    return stream(seed, replication, purpose).random(n)


def keyed_uniforms(
    seed: int, replication: int, purpose: str, keys: NDArray[np.int64], district: int = 0
) -> NDArray[np.float64]:
    """Return one uniform in [0, 1) of a purpose for each key (shape of `keys`).

    A key has the same uniform in whichever company and order it is asked for, so that what it stands for may come or
    stay away and moves no other's draws.

    References
    ----------
    Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, Proc. SC11: a counter that is
    scrambled with a key. Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, Proc. OOPSLA:
    the scrambler, here used twice, each time with a key of the stream's own.
    """
    first, second = stream(seed, replication, purpose, district).integers(2**64, size=2, dtype=np.uint64)
    x = keys.astype(np.uint64)
    x *= np.uint64(GOLDEN)
    x += first
    _scramble(x)
    x ^= second
    _scramble(x)
    return np.asarray((x >> np.uint64(11)) * 2.0**-53)


def _scramble(x: NDArray[np.uint64]) -> None:
    """Scramble 64-bit numbers in place, each number into one of its own."""
    for shift, factor in SCRAMBLER:
        x ^= x >> np.uint64(shift)
        x *= np.uint64(factor)
    x ^= x >> np.uint64(31)
