"""How often what is printed of a law fails: intervals, runs until precise, and searches; this file prints the table.

`.venv/bin/python tests/setups/coverage.py` prints the table of docs/proof.md, which a test holds to it.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

sys.path.insert(0, str(Path(__file__).parents[1]))

from setups.laws_of_luck import LAWS, SPREAD

from sim.statistics import skewness
from sim.statistics.precision import Rule, Target, run_until

PRINTED, NUMBERS, AIMS = 2000, (6, 10, 24, 40), (0.5, 0.3)


def ends(samples, confidence=0.95):
    """Return the ends of families of intervals (shape (trials, members, n)); NaN: none is printed."""
    n, members = samples.shape[-1], samples.shape[-2]
    mean, sd = samples.mean(axis=-1), samples.std(axis=-1, ddof=1)
    skews = skewness.skewness(samples)
    factors = skewness.widenings(skews, n)
    factors[skewness.too_wide(skews, n) | (sd == 0)] = np.nan
    half = -stdtrit(n - 1, (1 - confidence) / 2 / members) * sd / n**0.5
    return mean - half * factors[..., 0], mean + half * factors[..., 1]


def failures(law, n, members, trials):
    """Return in how many of some trials intervals are printed, and in how many of these one of them fails."""
    samples = LAWS[law](np.random.default_rng([n, members]), (trials, members, n))
    low, high = ends(samples)
    return int(np.isfinite(low).any(axis=-1).sum()), int(((low > 1) | (high < 1)).any(axis=-1).sum())


def stopped(law, aim, trials):
    """Run until the half-width of a mean is met; return how often it was, and how often it then fails."""
    rng, met, failed = np.random.default_rng(5), 0, 0
    for _ in range(trials):
        x = LAWS[law](rng, 3000)
        targets = {"x": Target(aim * SPREAD[law])}
        (row,) = run_until(
            lambda numbers, x=x: [{"x": x[: numbers[0]]}], [None], targets, Rule(first=10, most=3000)
        ).reached  # fmt: skip
        if row.met and row.half_width > 0:
            met += 1
            failed += abs(row.mean - 1) > row.half_width
    return met, failed


def table():
    """Return the table, in Markdown: what fails of what is printed singly, with 95 %, in per cent (printed of all)."""
    heads = [f"{n} replications" for n in NUMBERS]
    lines = ["| law | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for law in LAWS:
        cells = []
        for n in NUMBERS:
            printed, failed = failures(law, n, 1, 5 * PRINTED)
            cells.append(f"{100 * failed / printed:.1f} ({100 * printed / 5 / PRINTED:.0f})" if printed else "–")
        lines.append(f"| {law} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201
