"""Attribution of an effect to its causes: Shapley values, Sobol indices and Shapley effects."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sim.arrays import Floats


def shapley_values(value: Callable[[frozenset[int]], float], n: int) -> Floats:
    """Return the contribution of each of n causes to the effect of all (shape (n,), unit of the effect).

    A cause's contribution is its effect when it is added to the others that are there, averaged over all orders in
    which the causes can be added; the contributions sum to `value(all) - value(none)` exactly.

    Parameters
    ----------
    value : callable
        What is measured with a set of causes at work; called once for each of the 2^n sets.
    n : int
        Number of causes, at least 1.

    References
    ----------
    Shapley (1953), A value for n-person games, Contributions to the Theory of Games 2, 307-317.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    known = {frozenset(s): value(frozenset(s)) for size in range(n + 1) for s in combinations(range(n), size)}
    contributions = np.zeros(n)
    for i in range(n):
        for there, before in known.items():
            if i not in there:
                weight = factorial(len(there)) * factorial(n - len(there) - 1) / factorial(n)
                contributions[i] += weight * (known[there | {i}] - before)
    return contributions


def shapley_by_replication(values: Callable[[frozenset[int]], Floats], n: int) -> Floats:
    """Return the contribution of each of n causes in every replication (shape (n, replications), unit of the effect).

    Means over the replications are the Shapley values of the mean effect, as these are linear in it; what they scatter
    by over replications on the same draws says how sure they are.

    Parameters
    ----------
    values : callable
        What is measured with a set of causes at work, a value a replication (shape (replications,)); one that is NaN
        in any set makes all contributions of its replication NaN.
    n : int
        Number of causes, at least 1.
    """
    known = {frozenset(s): values(frozenset(s)) for size in range(n + 1) for s in combinations(range(n), size)}

    def contributions(replication: int) -> Floats:
        return shapley_values(lambda at_work: float(known[at_work][replication]), n)

    return np.column_stack([contributions(r) for r in range(len(known[frozenset()]))])


def interaction(value: Callable[[frozenset[int]], float], one: int, other: int) -> float:
    """Return the effect of two causes together less the sum of their single effects, without any third cause."""
    both, none = value(frozenset({one, other})), value(frozenset())
    return both - value(frozenset({one})) - value(frozenset({other})) + none


def shapley_effects(components: Mapping[tuple[int, ...], float], n: int) -> Floats:
    """Return the share of the variance attributed to each of n independent inputs (shape (n,), sums to 1).

    A component of the variance that several inputs make together is shared equally among them.

    Parameters
    ----------
    components : mapping of tuple of int to float
        The variance that each set of inputs adds to those of its subsets (functional ANOVA).
    n : int
        Number of inputs.

    References
    ----------
    Owen (2014), Sobol' indices and Shapley value, SIAM/ASA J. Uncertainty Quantification 2, 245-251.
    """
    shares = np.zeros(n)
    for inputs, variance in components.items():
        for i in inputs:
            shares[i] += variance / len(inputs)
    return shares / sum(components.values())


def sobol_indices(components: Mapping[tuple[int, ...], float], n: int) -> tuple[Floats, Floats]:
    """Return the first-order and the total Sobol indices of n independent inputs (shape (n,) each).

    Parameters
    ----------
    components, n
        As for `shapley_effects`.

    References
    ----------
    Sobol (2001), Global sensitivity indices for nonlinear mathematical models, Mathematics and Computers in
    Simulation 55, 271-280.
    """
    whole = sum(components.values())
    first, total = np.zeros(n), np.zeros(n)
    for inputs, variance in components.items():
        if len(inputs) == 1:
            first[inputs[0]] += variance
        for i in inputs:
            total[i] += variance
    return first / whole, total / whole
