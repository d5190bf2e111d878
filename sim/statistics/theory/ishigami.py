"""The test function of Ishigami and Homma, whose components of variance are known."""

from __future__ import annotations

import math


def ishigami_components(a: float, b: float) -> dict[tuple[int, ...], float]:
    """Return the components of the variance of sin(x1) + a sin(x2)^2 + b x3^4 sin(x1), inputs uniform on (-pi, pi).

    Keys are the inputs, from 0, that make a component together; those left out are 0.

    References
    ----------
    Ishigami and Homma (1990), Proc. First International Symposium on Uncertainty Modeling and Analysis, 398-403.
    """
    alone = 0.5 * (1 + b * math.pi**4 / 5) ** 2
    return {(0,): alone, (1,): a**2 / 8, (0, 2): 8 * b**2 * math.pi**8 / 225}
