"""Laws of one replication, from normal to far out, by which procedures are held to what they promise."""

from functools import cache

import numpy as np

CUSTOMERS, LOAD = 200, 0.8


def lognormal(cv):
    """Return draws of mean 1 of a lognormal law of this coefficient of variation."""
    variance = np.log(1 + cv**2)
    return lambda rng, shape: rng.lognormal(-variance / 2, np.sqrt(variance), shape)


@cache
def mean_waits():
    """Return mean waits of the first customers of many queues with one server that begin empty."""
    rng, n = np.random.default_rng(2026), 200_000
    wait, total = np.zeros(n), np.zeros(n)
    for _ in range(CUSTOMERS):
        total += wait
        wait = np.maximum(0, wait + rng.exponential(LOAD, n) - rng.exponential(1, n))
    return total / total.mean()


LAWS = {
    "normal": lambda rng, shape: rng.normal(1, 1, shape),
    "lognormal 0.5": lognormal(0.5),
    "lognormal 1": lognormal(1),
    "lognormal 2": lognormal(2),
    "exponential": lambda rng, shape: rng.exponential(1, shape),
    "gamma 0.5": lambda rng, shape: rng.gamma(0.5, 2, shape),
    "two points": lambda rng, shape: np.where(rng.random(shape) < 0.02, 50.0, 0.0),
    "M/M/1 waits": lambda rng, shape: rng.choice(mean_waits(), shape),
}
"""Each of mean 1."""

SPREAD = {
    "normal": 1.0, "lognormal 0.5": 0.5, "lognormal 1": 1.0, "lognormal 2": 2.0, "exponential": 1.0,
    "gamma 0.5": 2**0.5, "two points": 7.0, "M/M/1 waits": 0.62,
}  # fmt: skip
"""Standard deviation of each."""
